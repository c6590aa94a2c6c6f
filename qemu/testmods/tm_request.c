// SPDX-License-Identifier: GPL-2.0
// Its init asks the kernel for a module: by default for itself, by its own alias.
#include <linux/kmod.h>
#include <linux/module.h>

static char *name = "tm-request-alias";

module_param(name, charp, 0444);

static int __init tm_init(void)
{
	int answer;

	pr_info("tm_request: asks for %s\n", name);
	answer = request_module("%s", name);
	pr_info("tm_request: %s gave %d\n", name, answer);
	return 0;
}

static void __exit tm_exit(void)
{
}

module_init(tm_init);
module_exit(tm_exit);
MODULE_ALIAS("tm-request-alias");
MODULE_DESCRIPTION("test: an init that asks for a module");
MODULE_LICENSE("GPL");
