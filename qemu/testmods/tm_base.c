// SPDX-License-Identifier: GPL-2.0
// Exports a symbol that tm_user needs; its init takes ms milliseconds and returns -err.
#include <linux/delay.h>
#include <linux/module.h>

static int ms;
static int err;

module_param(ms, int, 0444);
module_param(err, int, 0444);

int tm_base_value(void);

int tm_base_value(void)
{
	return 42;
}
EXPORT_SYMBOL_GPL(tm_base_value);

static int __init tm_init(void)
{
	pr_info("tm_base: init, then %d after %d ms\n", -err, ms);
	if (ms > 0)
		msleep(ms);
	return -err;
}

static void __exit tm_exit(void)
{
}

module_init(tm_init);
module_exit(tm_exit);
MODULE_DESCRIPTION("test: exports a symbol");
MODULE_LICENSE("GPL");
