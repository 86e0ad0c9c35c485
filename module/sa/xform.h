/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a transform (ESP, AH, IPComp) is to the rest: a table of functions that
 * know an SA and a packet, and nothing of policies and routes.
 */
#ifndef _TESTUDO_SA_XFORM_H
#define _TESTUDO_SA_XFORM_H

#include <linux/types.h>

struct ipsec_sa;
struct sk_buff;

/**
 * struct ipsec_xform - one IPsec protocol
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @init: check keys and algorithms of a new SA, make its transform
 *	(sa->xform_priv), and if it is to take another one's place, @like, as that
 *	is: the same IVs never come twice, the ICV keeps its length. May sleep; negative errno: -EINVAL for a key of the
 *	wrong length, -ENOSYS for an algorithm this kernel has not got
 * @destroy: undo @init; may sleep; called from a work item after the last user
 * @may_wait: may a packet that is given to it here and now have to wait; BH
 *	off until it is given
 * @headroom: bytes that it adds in front (header and IV)
 * @tailroom: most bytes that it adds behind
 * @max_payload: most bytes behind the point of insertion that fit in @room
 *	with header, IV, padding, trailer and ICV
 * @output: apply it to a packet. On entry skb->data is the network header,
 *	transport_header the point of insertion, and ipsec_skb_cb(skb) holds sa,
 *	family, nexthdr, nh_off, may_wait and resume. Takes the sequence number itself.
 *	On return 0 the protocol header stands at transport_header, the byte at
 *	nh_off names @proto, and IP lengths are still the caller's to set. IPComp
 *	may leave the packet without a header; then that byte names nexthdr.
 *	Returns IPSEC_NEXT, IPSEC_STOLEN (resume() is called later, or has been)
 *	or a drop reason; never frees the packet. Checksums are complete, the
 *	packet is not GSO. BH off, inside rcu_read_lock()
 * @input: take it off a packet. On entry skb->data is at the protocol header
 *	(transport_header), the IP header before it at network_header, linear.
 *	ipsec_skb_cb(skb) holds sa, may_wait, resume and seq, which the caller has checked
 *	against the replay window. On return 0 skb->data is behind the protocol
 *	header and IV, trailer and ICV are gone, cb->nexthdr is what was inside.
 *	IP header untouched, transport_header still at the protocol header that
 *	was taken off; ip_summed is CHECKSUM_NONE. TFC padding is left to who
 *	reads the inner header. Returns and context as @output
 */
struct ipsec_xform {
	u8 proto;
	int (*init)(struct ipsec_sa *sa, const struct ipsec_sa *like);
	void (*destroy)(struct ipsec_sa *sa);
	bool (*may_wait)(const struct ipsec_sa *sa);
	unsigned int (*headroom)(const struct ipsec_sa *sa);
	unsigned int (*tailroom)(const struct ipsec_sa *sa);
	unsigned int (*max_payload)(const struct ipsec_sa *sa, unsigned int room);
	int (*output)(struct ipsec_sa *sa, struct sk_buff *skb);
	int (*input)(struct ipsec_sa *sa, struct sk_buff *skb);
};

int ipsec_xform_register(const struct ipsec_xform *xf);
void ipsec_xform_unregister(const struct ipsec_xform *xf);
const struct ipsec_xform *ipsec_xform_find(u8 proto);

#endif
