/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of a namespace: one for each drop reason, and a few of what went
 * well. Shown in /proc/net/testudo_stat as lines of "name value".
 */
#ifndef _TESTUDO_BASE_MIB_H
#define _TESTUDO_BASE_MIB_H

#include <linux/types.h>

#include "base/drop.h"

/* X(enum suffix, name, what is counted) */
#define IPSEC_MIB_EVENTS(X) \
	X(OUT_PACKETS,  "out_packets",  "packets protected and sent, after segmentation") \
	X(IN_PACKETS,   "in_packets",   "packets whose last IPsec header was taken off") \
	X(UNCOMPRESSED, "uncompressed", "times that IPComp left a payload as it was, without a header: too short, or no shorter when compressed") \
	X(ASYNC,        "async",        "packets that waited for an asynchronous crypto driver") \
	X(ASYNC_DONE,   "async_done",   "those of them that have come back: the namespace does not end before all have") \
	X(HELD,         "held",         "packets that were held for an SA") \
	X(RELEASED,     "released",     "those of them that went on; the others are out_waited or another drop") \
	X(FLOW_MISS,    "flow_miss",    "policy lookups that the flow cache could not answer")

/*
 * enum ipsec_mib - index of a counter
 * @IPSEC_MIB_MAX: number of counters
 *
 * Values 1 to IPSEC_DROP_MAX - 1 are the drop reasons themselves.
 */
enum ipsec_mib {
	IPSEC_MIB_FIRST = IPSEC_DROP_MAX - 1,
#define X(sym, name, text) IPSEC_MIB_##sym,
	IPSEC_MIB_EVENTS(X)
#undef X
	IPSEC_MIB_MAX
};

/**
 * struct ipsec_mibs - the counters of one CPU
 * @v: value by enum ipsec_mib; wraps at the word size
 */
struct ipsec_mibs {
	unsigned long v[IPSEC_MIB_MAX];
};

struct net;

void ipsec_mib_inc(struct ipsec_net *ipn, unsigned int which);
unsigned long ipsec_mib_read(struct ipsec_net *ipn, unsigned int which);
int ipsec_mib_net_init(struct ipsec_net *ipn);
void ipsec_mib_net_exit(struct ipsec_net *ipn);

#endif
