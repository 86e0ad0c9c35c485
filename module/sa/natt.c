// SPDX-License-Identifier: GPL-2.0
/*
 * natt - the NAT traversal of an SA: its ports, and the news that a NAT has
 * given its peer others. Never follows the peer there by itself: that is for
 * the keying daemon, which knows the other SAs of that peer (RFC 3947 6).
 *
 *   packet: claims MOVING, writes seen and left, sets MOVED, notices
 *   sweep:  clears MOVED, tells, releases MOVING
 */
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/udp.h>

#include "base/net.h"
#include "sa/natt.h"
#include "sa/sa.h"
#include "sa/sad_priv.h"

/**
 * ipsec_natt_init() - a new SA goes in UDP
 * @sa: an SA in no table, with its addresses
 * @ports: its ports
 */
void ipsec_natt_init(struct ipsec_sa *sa, struct ipsec_natt_ports ports)
{
	sa->encap = UDP_ENCAP_ESPINUDP;
	sa->natt.ports = ports;
	sa->natt.seen.addr = sa->saddr;
	sa->natt.seen.port = ports.src;
}

/**
 * ipsec_natt_ports() - the ports of an SA
 * @sa: an SA in UDP
 *
 * Context: any.
 * Return: both, of one moment.
 */
struct ipsec_natt_ports ipsec_natt_ports(const struct ipsec_sa *sa)
{
	return READ_ONCE(sa->natt.ports);
}

/**
 * ipsec_natt_set_ports() - an SA in use gets other ports
 * @sa: an SA in UDP
 * @ports: its new ports
 *
 * Who has just heard that the peer moved says so here, and is not told again.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void ipsec_natt_set_ports(struct ipsec_sa *sa, struct ipsec_natt_ports ports)
{
	lockdep_assert_held(&sa->net->config_mutex);
	WRITE_ONCE(sa->natt.ports, ports);
	/* news on its way is newer than what this caller knew */
	if (test_and_set_bit_lock(IPSEC_SA_MOVING, &sa->marks))
		return;
	sa->natt.seen.port = ports.src;
	clear_bit_unlock(IPSEC_SA_MOVING, &sa->marks);
}

static bool natt_is_known(const struct ipsec_sa *sa,
			  const struct ipsec_natt_peer *from)
{
	/* a torn read of what changes just now costs a telling more */
	return data_race(sa->natt.seen.port == from->port &&
			 ipsec_addr_equal(&sa->natt.seen.addr, &from->addr));
}

/**
 * ipsec_natt_came_from() - an authentic packet came from there
 * @sa: an SA in UDP, under RCU
 * @seq: the packet's sequence number, accepted by the replay window
 * @from: its source
 *
 * An old packet that was under way longer says nothing about now. Told once,
 * and again when the peer moves again.
 *
 * Context: any.
 */
void ipsec_natt_came_from(struct ipsec_sa *sa, u64 seq,
			  const struct ipsec_natt_peer *from)
{
	if (likely(natt_is_known(sa, from)))
		return;
	if (!ipsec_replay_newest(&sa->replay, seq))
		return;
	/* while one piece of news is told the next has to wait for a packet */
	if (test_and_set_bit_lock(IPSEC_SA_MOVING, &sa->marks))
		return;
	sa->natt.left = sa->natt.seen;
	sa->natt.seen = *from;
	/* not before the two */
	smp_mb__before_atomic();
	set_bit(IPSEC_SA_MOVED, &sa->marks);
	ipsec_sad_notice(sa);
}

/**
 * ipsec_natt_take_move() - is there news of the peer's place
 * @sa: an SA
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: true once for each piece of news; ipsec_natt_move_told() follows, and
 * until then sa->natt.seen and .left stay.
 */
bool ipsec_natt_take_move(struct ipsec_sa *sa)
{
	lockdep_assert_held(&sa->net->config_mutex);
	return test_bit(IPSEC_SA_MOVED, &sa->marks) &&
	       test_and_clear_bit(IPSEC_SA_MOVED, &sa->marks);
}

/**
 * ipsec_natt_move_told() - the peer may move again
 * @sa: an SA of which ipsec_natt_take_move() was true
 */
void ipsec_natt_move_told(struct ipsec_sa *sa)
{
	clear_bit_unlock(IPSEC_SA_MOVING, &sa->marks);
}
