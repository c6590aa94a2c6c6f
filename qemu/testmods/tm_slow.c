// SPDX-License-Identifier: GPL-2.0
// Its init takes ms milliseconds; it can be killed meanwhile if gentle is set. Built as tm_slow1 to tm_slow20.
#include <linux/delay.h>
#include <linux/module.h>

static int ms = 500;
static bool gentle;

module_param(ms, int, 0444);
module_param(gentle, bool, 0444);

static int __init tm_init(void)
{
	pr_info(KBUILD_MODNAME ": begin, %d ms\n", ms);
	if (gentle && msleep_interruptible(ms))
		return -EINTR;
	if (!gentle)
		msleep(ms);
	pr_info(KBUILD_MODNAME ": end\n");
	return 0;
}

static void __exit tm_exit(void)
{
}

module_init(tm_init);
module_exit(tm_exit);
MODULE_DESCRIPTION("test: a slow init");
MODULE_LICENSE("GPL");
