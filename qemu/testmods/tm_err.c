// SPDX-License-Identifier: GPL-2.0
// Its init sleeps ms milliseconds and then returns -err.
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/module.h>

static int err = ENODEV;
static int ms;

module_param(err, int, 0444);
module_param(ms, int, 0444);

static int __init tm_init(void)
{
	pr_info("tm_err: init, then %d after %d ms\n", -err, ms);
	if (ms > 0)
		msleep(ms);
	return -err;
}

static void __exit tm_exit(void)
{
}

module_init(tm_init);
module_exit(tm_exit);
MODULE_DESCRIPTION("test: an init that fails");
MODULE_LICENSE("GPL");
