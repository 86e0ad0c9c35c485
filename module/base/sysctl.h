/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Knobs of a namespace, /proc/sys/net/testudo/, behind getters.
 */
#ifndef _TESTUDO_BASE_SYSCTL_H
#define _TESTUDO_BASE_SYSCTL_H

#include <linux/types.h>

struct ipsec_net;

unsigned int ipsec_sysctl_replay_window_min(const struct ipsec_net *ipn);
unsigned int ipsec_sysctl_larval_seconds(const struct ipsec_net *ipn);
unsigned int ipsec_sysctl_hold_packets(const struct ipsec_net *ipn);
bool ipsec_sysctl_mss_clamp(const struct ipsec_net *ipn);
int ipsec_sysctl_net_init(struct ipsec_net *ipn);
void ipsec_sysctl_net_exit(struct ipsec_net *ipn);

#endif
