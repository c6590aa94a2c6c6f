// SPDX-License-Identifier: GPL-2.0
// Its init writes to nowhere: an oops, after ms milliseconds.
#include <linux/delay.h>
#include <linux/module.h>

static int ms;

module_param(ms, int, 0444);

static int __init tm_init(void)
{
	pr_info("tm_oops: init\n");
	if (ms > 0)
		msleep(ms);
	*(volatile int *)8 = 1;
	return 0;
}

static void __exit tm_exit(void)
{
}

module_init(tm_init);
module_exit(tm_exit);
MODULE_DESCRIPTION("test: an init that oopses");
MODULE_LICENSE("GPL");
