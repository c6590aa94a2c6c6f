// SPDX-License-Identifier: GPL-2.0
// Soft dependencies: tm-dash before it, tm_param after it.
#include <linux/module.h>

static int __init tm_init(void)
{
	pr_info("tm_soft: init\n");
	return 0;
}

static void __exit tm_exit(void)
{
}

module_init(tm_init);
module_exit(tm_exit);
MODULE_SOFTDEP("pre: tm_dash post: tm_param");
MODULE_DESCRIPTION("test: soft dependencies");
MODULE_LICENSE("GPL");
