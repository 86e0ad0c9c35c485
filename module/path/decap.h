/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What becomes of a packet when its IPsec header is off: the rebuilding of its
 * headers, and the way back into the IP layer.
 */
#ifndef _TESTUDO_PATH_DECAP_H
#define _TESTUDO_PATH_DECAP_H

struct ipsec_net;
struct ipsec_sa;
struct sk_buff;

int ipsec_decap_init(void);
void ipsec_decap_exit(void);

int ipsec_decap_transport(struct sk_buff *skb);
int ipsec_decap_tunnel(const struct ipsec_sa *sa, struct sk_buff *skb);

int ipsec_decap_deliver_transport(struct ipsec_net *ipn, struct sk_buff *skb);
int ipsec_decap_deliver_tunnel(struct ipsec_net *ipn, struct sk_buff *skb);

#endif
