// SPDX-License-Identifier: GPL-2.0
// A dash in its file's name, none in its own.
#include <linux/module.h>

static int value;

module_param(value, int, 0444);

static int __init tm_init(void)
{
	pr_info(KBUILD_MODNAME ": value [%d]\n", value);
	return 0;
}

static void __exit tm_exit(void)
{
}

module_init(tm_init);
module_exit(tm_exit);
MODULE_DESCRIPTION("test: a dash in the name");
MODULE_LICENSE("GPL");
