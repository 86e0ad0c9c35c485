// SPDX-License-Identifier: GPL-2.0
/*
 * main - loads and unloads the module: the rooms in layer order, and one
 * ladder back. Knows nothing of packets and messages.
 */
#include <linux/module.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <net/net_namespace.h>

#include "base/mib.h"
#include "base/net.h"
#include "base/sysctl.h"
#include "sa/acquire.h"
#include "sa/sa.h"
#include "sa/sad.h"
#include "sp/flow_cache.h"
#include "sp/spd.h"
#include "xform/ah.h"
#include "xform/esp.h"
#include "xform/ipcomp.h"
#include "path/path.h"
#include "pfkey/family.h"
#ifdef TESTUDO_SELFTEST
#include "test/test.h"
#endif

/*
 * Layer order: a room may use those above it from its init and net_init on.
 * They leave in reverse order, so that the control plane is gone before the
 * tables, and the packet hooks before what they look things up in.
 */
static const struct ipsec_room rooms[] = {
	{ .name = "mib", .net_init = ipsec_mib_net_init,
	  .net_exit = ipsec_mib_net_exit },
	{ .name = "sysctl", .net_init = ipsec_sysctl_net_init,
	  .net_exit = ipsec_sysctl_net_exit },
	{ .name = "sa", .init = ipsec_sa_init, .exit = ipsec_sa_exit },
	{ .name = "sad", .net_init = ipsec_sad_net_init,
	  .net_exit = ipsec_sad_net_exit },
	{ .name = "acquire", .net_init = ipsec_acquire_net_init,
	  .net_exit = ipsec_acquire_net_exit },
	{ .name = "sp", .init = ipsec_sp_init, .exit = ipsec_sp_exit },
	{ .name = "spd", .net_init = ipsec_spd_net_init,
	  .net_exit = ipsec_spd_net_exit },
	{ .name = "flow_cache", .net_init = ipsec_flow_cache_net_init,
	  .net_exit = ipsec_flow_cache_net_exit },
	{ .name = "esp", .init = ipsec_esp_init, .exit = ipsec_esp_exit },
	{ .name = "ah", .init = ipsec_ah_init, .exit = ipsec_ah_exit },
	{ .name = "ipcomp", .init = ipsec_ipcomp_init,
	  .exit = ipsec_ipcomp_exit },
	{ .name = "path", .init = ipsec_path_init, .exit = ipsec_path_exit,
	  .start = ipsec_path_start, .stop = ipsec_path_stop,
	  .net_init = ipsec_path_net_init,
	  .net_pre_exit = ipsec_path_net_pre_exit,
	  .net_exit = ipsec_path_net_exit },
	{ .name = "pfkey", .init = ipsec_pfkey_init, .exit = ipsec_pfkey_exit,
	  .net_init = ipsec_pfkey_net_init,
	  .net_exit = ipsec_pfkey_net_exit },
};

static int __init testudo_init(void)
{
#ifdef TESTUDO_SELFTEST
	if (!ipsec_selftest())
		return -ENOTRECOVERABLE;
#endif
	return ipsec_net_register(rooms, ARRAY_SIZE(rooms));
}

static void __exit testudo_exit(void)
{
	ipsec_net_unregister();
}

module_init(testudo_init);
module_exit(testudo_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Testudo: IPsec (SAD, SPD, ESP, AH) with PF_KEY v2, beside the stock xfrm stack");
MODULE_ALIAS_NETPROTO(PF_KEY);
