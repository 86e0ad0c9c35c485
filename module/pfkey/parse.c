// SPDX-License-Identifier: GPL-2.0
/*
 * The border: bytes of a PF_KEY message become a struct pfkey_msg. Every
 * length is checked here and nowhere else. Never allocates, never changes
 * anything, and does not know what a command does with the values.
 */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ipsec.h>
#include <linux/string.h>

#include "pfkey/ext_table.h"
#include "pfkey/parse.h"

/**
 * pfkey_parse_base() - check a base header
 * @buf: what send() was given; anything
 * @len: its length
 *
 * These faults are the return value of send(), since there is no header that
 * an answer could be made from.
 *
 * Return: 0; -EMSGSIZE when the length is impossible or not the one that the
 * header names (up to 7 stray bytes pass and die in pfkey_parse()); -EINVAL
 * for another version, a reserved field in use or an unknown type.
 */
int pfkey_parse_base(const void *buf, size_t len)
{
	const struct sadb_msg *base = buf;

	if (len < sizeof(*base))
		return -EMSGSIZE;
	if (base->sadb_msg_version != PF_KEY_V2 || base->sadb_msg_reserved)
		return -EINVAL;
	if (base->sadb_msg_type <= SADB_RESERVED || base->sadb_msg_type > SADB_MAX)
		return -EINVAL;
	if (base->sadb_msg_len != len / 8 || base->sadb_msg_len < sizeof(*base) / 8)
		return -EMSGSIZE;
	return 0;
}

/* The length was checked against the family by pfkey_ext_check(). */
static int parse_addr(struct pfkey_addr *out, const void *ext, size_t bytes)
{
	const struct sadb_address *addr = ext;

	out->proto = addr->sadb_address_proto;
	out->prefixlen = addr->sadb_address_prefixlen;
	return ipsec_addr_from_sockaddr(&out->addr, &out->family, &out->port,
					(const struct sockaddr *)(addr + 1),
					bytes - sizeof(*addr));
}

static void parse_key(struct pfkey_key *out, const void *ext)
{
	const struct sadb_key *key = ext;

	out->bits = key->sadb_key_bits;
	out->bytes = (const u8 *)(key + 1);
}

/* One extension of a known type, its length checked: to its place in @msg. */
static int parse_take(struct pfkey_msg *msg, const void *ext, unsigned int type, size_t bytes)
{
	switch (type) {
	case SADB_EXT_SA:
		msg->sa = ext;
		return 0;
	case SADB_EXT_LIFETIME_HARD:
		msg->hard = ext;
		return 0;
	case SADB_EXT_LIFETIME_SOFT:
		msg->soft = ext;
		return 0;
	case SADB_EXT_ADDRESS_SRC:
		return parse_addr(&msg->src, ext, bytes);
	case SADB_EXT_ADDRESS_DST:
		return parse_addr(&msg->dst, ext, bytes);
	case SADB_EXT_KEY_AUTH:
		parse_key(&msg->auth, ext);
		return 0;
	case SADB_EXT_KEY_ENCRYPT:
		parse_key(&msg->enc, ext);
		return 0;
	case SADB_EXT_SPIRANGE:
		msg->spirange = ext;
		return 0;
	case SADB_X_EXT_POLICY:
		msg->policy = ext;
		return 0;
	case SADB_X_EXT_SA2:
		msg->sa2 = ext;
		return 0;
	case SADB_X_EXT_NAT_T_TYPE:
		msg->natt_type = ext;
		return 0;
	case SADB_X_EXT_NAT_T_SPORT:
		msg->natt_sport = ext;
		return 0;
	case SADB_X_EXT_NAT_T_DPORT:
		msg->natt_dport = ext;
		return 0;
	case SADB_X_EXT_NAT_T_OA:
		return parse_addr(&msg->natt_oa, ext, bytes);
	case SADB_X_EXT_KMADDRESS:
		msg->kmaddress = ext;
		return 0;
	case SADB_X_EXT_FILTER:
		msg->filter = ext;
		return 0;
	case SADB_X_EXT_TESTUDO_SA:
		msg->x_sa = ext;
		return 0;
	default:
		/* identities, proposals, ...: well-formed, and nobody reads them */
		return 0;
	}
}

static int parse_ext(struct pfkey_msg *msg, const struct sadb_ext *ext, size_t bytes)
{
	unsigned int type = ext->sadb_ext_type;
	unsigned int slot = PFKEY_SLOT(type);
	u32 bit = (u32)1 << slot;
	int err;

	if (type == SADB_EXT_RESERVED)
		return -EINVAL;
	/* RFC 2367 2.3: a type that we do not know is skipped */
	if (!slot)
		return 0;
	if (msg->present & bit)
		return -EINVAL;
	err = pfkey_ext_check(slot, ext, bytes);
	if (err)
		return err;
	msg->present |= bit;
	return parse_take(msg, ext, type, bytes);
}

/* What the type of the message demands: see the table in <linux/pfkey_ext.h>. */
static int parse_check_needs(const struct pfkey_msg *msg)
{
	u32 need = pfkey_msg_rows[msg->base->sadb_msg_type].need;

	if (need & ~msg->present)
		return -EINVAL;
	if ((need & PFKEY_SET_ADDRS) == PFKEY_SET_ADDRS && msg->src.family != msg->dst.family)
		return -EINVAL;
	return 0;
}

/**
 * pfkey_parse() - check a message and find what it carries
 * @msg: filled in; points into @buf
 * @buf: message that passed pfkey_parse_base(), aligned to 8
 * @len: its length
 *
 * Return: 0; -EINVAL for a malformed message, or one that lacks what its type
 * needs, or whose addresses differ in family.
 */
int pfkey_parse(struct pfkey_msg *msg, const void *buf, size_t len)
{
	size_t off = sizeof(struct sadb_msg);
	const struct sadb_ext *ext;
	size_t bytes;
	int err;

	memset(msg, 0, sizeof(*msg));
	msg->base = buf;
	msg->len = len;
	while (off < len) {
		if (len - off < sizeof(*ext))
			return -EINVAL;
		ext = (const struct sadb_ext *)((const u8 *)buf + off);
		bytes = ext->sadb_ext_len * (size_t)8;
		if (!bytes || bytes > len - off)
			return -EINVAL;
		err = parse_ext(msg, ext, bytes);
		if (err)
			return err;
		off += bytes;
	}
	return parse_check_needs(msg);
}

/* Two packed socket addresses of one family; @p may be misaligned. */
static int parse_ends(struct ipsec_move_ends *ends, const u8 *p, size_t len)
{
	struct sockaddr_in6 sa;
	__be16 port;
	size_t salen;
	u16 family;
	int err;

	if (len < sizeof(family))
		return -EINVAL;
	memcpy(&ends->family, p, sizeof(ends->family));
	salen = ends->family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(sa);
	if (len < 2 * salen)
		return -EINVAL;

	memcpy(&sa, p, salen);
	err = ipsec_addr_from_sockaddr(&ends->saddr, &family, &port,
				       (const struct sockaddr *)&sa, salen);
	if (err)
		return -EINVAL;
	memcpy(&sa, p + salen, salen);
	err = ipsec_addr_from_sockaddr(&ends->daddr, &family, &port,
				       (const struct sockaddr *)&sa, salen);
	if (err || family != ends->family)
		return -EINVAL;
	return 0;
}

/*
 * The fields that say what is wanted. The protocol is a whole u16: af_key cuts
 * it to a byte and so takes 0x1032 for ESP.
 */
static int parse_request(struct pfkey_ipsecreq *req, const struct sadb_x_ipsecrequest *xr,
			 unsigned int dir)
{
	switch (xr->sadb_x_ipsecrequest_proto) {
	case IPPROTO_AH:
	case IPPROTO_ESP:
	case IPPROTO_COMP:
		break;
	default:
		return -EINVAL;
	}
	if (xr->sadb_x_ipsecrequest_mode < IPSEC_MODE_TRANSPORT ||
	    xr->sadb_x_ipsecrequest_mode > IPSEC_MODE_BEET)
		return -EINVAL;
	if (xr->sadb_x_ipsecrequest_level > IPSEC_LEVEL_UNIQUE)
		return -EINVAL;
	/* an optional tunnel on the way out would let clear text out */
	if (xr->sadb_x_ipsecrequest_level == IPSEC_LEVEL_USE && dir == IPSEC_DIR_OUTBOUND &&
	    xr->sadb_x_ipsecrequest_mode != IPSEC_MODE_TRANSPORT)
		return -EINVAL;
	req->proto = xr->sadb_x_ipsecrequest_proto;
	req->mode = xr->sadb_x_ipsecrequest_mode;
	req->level = xr->sadb_x_ipsecrequest_level;
	req->reqid = xr->sadb_x_ipsecrequest_reqid;
	return 0;
}

/**
 * pfkey_parse_requests() - the SAs that a policy extension asks for
 * @reqs: filled in
 * @policy: extension of a message that passed pfkey_parse()
 *
 * Request lengths are in bytes and need not be a multiple of anything; fewer
 * than 16 bytes behind the last one are ignored. Addresses are read in tunnel
 * mode and skipped in the others.
 *
 * Return: 0; -EINVAL for a malformed request; -ELOOP for more than
 * PFKEY_REQUESTS_MAX of them.
 */
int pfkey_parse_requests(struct pfkey_requests *reqs, const struct sadb_x_policy *policy)
{
	const u8 *p = (const u8 *)(policy + 1);
	size_t left = policy->sadb_x_policy_len * (size_t)8 - sizeof(*policy);
	struct sadb_x_ipsecrequest xr;
	struct pfkey_ipsecreq *req;
	struct ipsec_move_ends ends;
	int err;

	memset(reqs, 0, sizeof(*reqs));
	while (left >= sizeof(xr)) {
		memcpy(&xr, p, sizeof(xr));
		if (xr.sadb_x_ipsecrequest_len < sizeof(xr) || xr.sadb_x_ipsecrequest_len > left)
			return -EINVAL;
		if (reqs->n == PFKEY_REQUESTS_MAX)
			return -ELOOP;
		req = &reqs->req[reqs->n++];
		err = parse_request(req, &xr, policy->sadb_x_policy_dir);
		if (err)
			return err;
		if (req->mode == IPSEC_MODE_TUNNEL) {
			err = parse_ends(&ends, p + sizeof(xr),
					 xr.sadb_x_ipsecrequest_len - sizeof(xr));
			if (err)
				return err;
			req->saddr = ends.saddr;
			req->daddr = ends.daddr;
			req->family = ends.family;
		}
		p += xr.sadb_x_ipsecrequest_len;
		left -= xr.sadb_x_ipsecrequest_len;
	}
	return 0;
}

/**
 * struct parse_moving - one request of a MIGRATE: half of a move
 * @req: what it is about
 * @ends: its addresses, in every mode
 */
struct parse_moving {
	struct pfkey_ipsecreq req;
	struct ipsec_move_ends ends;
};

/* Gives the bytes that the request takes, or a negative errno. */
static int parse_moving(struct parse_moving *m, const u8 *p, size_t left, unsigned int dir)
{
	struct sadb_x_ipsecrequest xr;
	int err;

	if (left < sizeof(xr))
		return -EINVAL;
	memcpy(&xr, p, sizeof(xr));
	if (xr.sadb_x_ipsecrequest_len < sizeof(xr) || xr.sadb_x_ipsecrequest_len > left)
		return -EINVAL;
	err = parse_request(&m->req, &xr, dir);
	if (!err)
		err = parse_ends(&m->ends, p + sizeof(xr),
				 xr.sadb_x_ipsecrequest_len - sizeof(xr));
	return err ? err : xr.sadb_x_ipsecrequest_len;
}

/* The old request and the new one are about the same SA, and the new one leads somewhere. */
static int parse_move(struct ipsec_move *move, const struct parse_moving *from,
		      const struct parse_moving *to)
{
	if (from->req.proto != to->req.proto || from->req.mode != to->req.mode ||
	    from->req.reqid != to->req.reqid)
		return -EINVAL;
	if (ipsec_addr_is_any(&to->ends.saddr) || ipsec_addr_is_any(&to->ends.daddr))
		return -EINVAL;
	move->proto = from->req.proto;
	move->mode = from->req.mode;
	move->reqid = from->req.reqid;
	move->from = from->ends;
	move->to = to->ends;
	return 0;
}

/* What moves twice has no place to go. */
static bool parse_moves_twice(const struct pfkey_moves *moves)
{
	const struct ipsec_move *last = &moves->move[moves->n - 1];
	const struct ipsec_move *m;

	for (m = moves->move; m < last; m++)
		if (m->proto == last->proto && m->mode == last->mode && m->reqid == last->reqid &&
		    ipsec_move_ends_equal(&m->from, &last->from))
			return true;
	return false;
}

/**
 * pfkey_parse_moves() - the pairs of requests of SADB_X_MIGRATE
 * @moves: filled in
 * @msg: message with a policy
 *
 * Return: 0; -EINVAL for a malformed request or KMADDRESS, two requests that are
 * no pair, none at all, two about the same SAs, or more than PFKEY_REQUESTS_MAX
 * pairs.
 */
int pfkey_parse_moves(struct pfkey_moves *moves, const struct pfkey_msg *msg)
{
	const struct sadb_x_kmaddress *kma = msg->kmaddress;
	size_t left = msg->policy->sadb_x_policy_len * (size_t)8 - sizeof(*msg->policy);
	const u8 *p = (const u8 *)(msg->policy + 1);
	unsigned int dir = msg->policy->sadb_x_policy_dir;
	struct parse_moving half[2];
	unsigned int i;
	int len;

	memset(moves, 0, sizeof(*moves));
	for (i = 0; left >= sizeof(struct sadb_x_ipsecrequest); i++) {
		if (moves->n == PFKEY_REQUESTS_MAX)
			return -EINVAL;
		len = parse_moving(&half[i & 1], p, left, dir);
		if (len < 0)
			return len;
		p += len;
		left -= len;
		if (i & 1 && (parse_move(&moves->move[moves->n++], &half[0], &half[1]) ||
			      parse_moves_twice(moves)))
			return -EINVAL;
	}
	if (i & 1 || !i)
		return -EINVAL;
	if (!kma)
		return 0;
	return parse_ends(&moves->km, (const u8 *)(kma + 1),
			  kma->sadb_x_kmaddress_len * (size_t)8 - sizeof(*kma));
}

/**
 * pfkey_hide_keys() - overwrite the keys of a message by zeroes
 * @buf: message that passed pfkey_parse(), or one that we built
 * @len: its length
 *
 * Lengths and key sizes stay, so that a promiscuous reader still sees what
 * was said, but for the secret.
 */
void pfkey_hide_keys(void *buf, size_t len)
{
	size_t off = sizeof(struct sadb_msg);
	struct sadb_ext *ext;
	size_t bytes;

	while (off + sizeof(*ext) <= len) {
		ext = (struct sadb_ext *)((u8 *)buf + off);
		bytes = ext->sadb_ext_len * (size_t)8;
		if (!bytes || bytes > len - off)
			return;
		if (ext->sadb_ext_type == SADB_EXT_KEY_AUTH ||
		    ext->sadb_ext_type == SADB_EXT_KEY_ENCRYPT)
			memset((u8 *)ext + sizeof(struct sadb_key), 0,
			       bytes - sizeof(struct sadb_key));
		off += bytes;
	}
}
