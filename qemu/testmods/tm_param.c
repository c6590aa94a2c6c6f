// SPDX-License-Identifier: GPL-2.0
// Says each of its parameters, of five kinds; /sys/module/tm_param/parameters has them, too.
#include <linux/module.h>

static int number = 1;
static char *text = "none";
static bool flag;
static int list[4];
static int count;
static char fixed[16] = "";

module_param(number, int, 0444);
module_param(text, charp, 0444);
module_param(flag, bool, 0444);
module_param_array(list, int, &count, 0444);
module_param_string(fixed, fixed, sizeof(fixed), 0444);

static int __init tm_init(void)
{
	int i;

	pr_info("tm_param: number [%d]\n", number);
	pr_info("tm_param: text [%s]\n", text);
	pr_info("tm_param: flag [%d]\n", flag);
	for (i = 0; i < count; i++)
		pr_info("tm_param: list %d [%d]\n", i, list[i]);
	pr_info("tm_param: fixed [%s]\n", fixed);
	return 0;
}

static void __exit tm_exit(void)
{
}

module_init(tm_init);
module_exit(tm_exit);
MODULE_DESCRIPTION("test: parameters");
MODULE_LICENSE("GPL");
