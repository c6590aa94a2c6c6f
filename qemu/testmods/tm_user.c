// SPDX-License-Identifier: GPL-2.0
// Needs the symbol that tm_base exports.
#include <linux/module.h>

int tm_base_value(void);

static int __init tm_init(void)
{
	pr_info("tm_user: %d\n", tm_base_value());
	return 0;
}

static void __exit tm_exit(void)
{
}

module_init(tm_init);
module_exit(tm_exit);
MODULE_DESCRIPTION("test: imports a symbol");
MODULE_LICENSE("GPL");
