// SPDX-License-Identifier: GPL-2.0
/*
 * selector - which traffic a policy or SA is about. Pure: the unit tests
 * compile it for user space too.
 */
#include "base/selector.h"

/**
 * ipsec_selector_has_ports() - does it name a port, ICMP type or code
 * @sel: selector
 *
 * Return: true if so; then it does not match opaque flows.
 */
bool ipsec_selector_has_ports(const struct ipsec_selector *sel)
{
	return sel->sport || sel->dport;
}

static bool selector_match_upper(const struct ipsec_selector *sel,
				 const struct ipsec_flow *fl)
{
	if (sel->proto && ((fl->flags & IPSEC_FLOW_NO_PROTO) ||
			   sel->proto != fl->proto))
		return false;
	if (!ipsec_selector_has_ports(sel))
		return true;
	if (fl->flags & IPSEC_FLOW_OPAQUE)
		return false;
	return (!sel->sport || sel->sport == fl->sport) &&
	       (!sel->dport || sel->dport == fl->dport);
}

/**
 * ipsec_selector_match() - is a flow among the traffic of a selector
 * @sel: selector
 * @fl: flow
 *
 * Context: any; cheap.
 * Return: true if so.
 */
bool ipsec_selector_match(const struct ipsec_selector *sel,
			  const struct ipsec_flow *fl)
{
	return sel->family == fl->family && selector_match_upper(sel, fl) &&
	       ipsec_addr_prefix_match(&fl->saddr, &sel->saddr, sel->splen) &&
	       ipsec_addr_prefix_match(&fl->daddr, &sel->daddr, sel->dplen);
}

/**
 * ipsec_selector_equal() - are two selectors the same as given
 * @a: selector
 * @b: selector
 *
 * Bits beyond the prefixes count: PF_KEY knows a policy by the addresses with
 * which it was made.
 *
 * Return: true if so.
 */
bool ipsec_selector_equal(const struct ipsec_selector *a,
			  const struct ipsec_selector *b)
{
	return a->family == b->family && a->proto == b->proto &&
	       a->splen == b->splen && a->dplen == b->dplen &&
	       a->sport == b->sport && a->dport == b->dport &&
	       ipsec_addr_equal(&a->saddr, &b->saddr) &&
	       ipsec_addr_equal(&a->daddr, &b->daddr);
}

/* Two values of which 0 means any. */
static bool selector_ports_meet(__be16 a, __be16 b)
{
	return !a || !b || a == b;
}

static bool selector_prefixes_meet(const union ipsec_addr *a, unsigned int alen,
				   const union ipsec_addr *b, unsigned int blen)
{
	return ipsec_addr_prefix_match(a, b, alen < blen ? alen : blen);
}

/**
 * ipsec_selector_overlap() - is there a flow that both match
 * @a: selector
 * @b: selector
 *
 * Return: true if so.
 */
bool ipsec_selector_overlap(const struct ipsec_selector *a,
			    const struct ipsec_selector *b)
{
	return a->family == b->family &&
	       (!a->proto || !b->proto || a->proto == b->proto) &&
	       selector_ports_meet(a->sport, b->sport) &&
	       selector_ports_meet(a->dport, b->dport) &&
	       selector_prefixes_meet(&a->saddr, a->splen, &b->saddr, b->splen) &&
	       selector_prefixes_meet(&a->daddr, a->dplen, &b->daddr, b->dplen);
}
