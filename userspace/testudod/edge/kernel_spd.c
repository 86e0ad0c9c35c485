// SPDX-License-Identifier: GPL-2.0
/*
 * Policies: from messages and into them, which of them are known, and reading
 * the SPD anew.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "edge/kernel_room.h"

/* Low bits of an id: the direction, or that it belongs to a socket (3 and above). */
#define SPD_ID_DIR    7
#define SPD_ID_SOCKET 3

static bool proto_is_icmp(unsigned int proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

/* ---- from a message ---- */

/*
 * The kernel has an ICMP type in the place of the source port and the code in
 * that of the destination's, 0 being any; selectors have both in both (RFC
 * 7296 3.13.1).
 */
static void spd_icmp_ports(struct ts *ts, unsigned int type, unsigned int code)
{
	if (!type)
		return;
	ts->port_lo = (type & 0xff) << 8 | (code & 0xff);
	ts->port_hi = code ? ts->port_lo : ts->port_lo | 0xff;
}

static bool spd_selectors(const struct pfkey_msg *msg, struct policy *p)
{
	const struct sadb_address *src = pfkey_ext(msg, SADB_EXT_ADDRESS_SRC);
	const struct sadb_address *dst = pfkey_ext(msg, SADB_EXT_ADDRESS_DST);
	struct sockaddr_storage a, b;
	unsigned int proto;
	bool icmp;

	if (!pfkey_get_address(msg, SADB_EXT_ADDRESS_SRC, &a) ||
	    !pfkey_get_address(msg, SADB_EXT_ADDRESS_DST, &b) || a.ss_family != b.ss_family)
		return false;
	/* the kernel takes it from there, too */
	proto = dst->sadb_address_proto == IPSEC_PROTO_ANY ? 0 : dst->sadb_address_proto;
	icmp = proto_is_icmp(proto);
	ts_from_prefix(&p->src, &a, src->sadb_address_prefixlen, proto, icmp ? 0 : addr_port(&a));
	ts_from_prefix(&p->dst, &b, dst->sadb_address_prefixlen, proto, icmp ? 0 : addr_port(&b));
	if (icmp) {
		spd_icmp_ports(&p->src, addr_port(&a), addr_port(&b));
		spd_icmp_ports(&p->dst, addr_port(&a), addr_port(&b));
	}
	return true;
}

static bool spd_request(const struct pfkey_request *req, struct policy_request *out)
{
	bool tunnel = req->mode == IPSEC_MODE_TUNNEL;

	if (!pfkey_transform_satype(req->proto))
		return false;
	if (tunnel && !req->ends)
		return false;
	*out = (struct policy_request){
		.proto = req->proto,
		.mode = req->mode,
		.level = req->level,
		.reqid = req->reqid,
	};
	if (tunnel) {
		out->src = req->src;
		out->dst = req->dst;
	}
	return true;
}

static bool spd_requests(const struct sadb_x_policy *pol, struct policy *p)
{
	struct pfkey_request req;
	size_t off = 0;

	while (pfkey_next_request(pol, &off, &req)) {
		if (p->n == POLICY_REQUESTS) {
			log_warn("policy %u asks for more than %d transformations: not ours", p->id,
				 POLICY_REQUESTS);
			return false;
		}
		if (!spd_request(&req, &p->req[p->n]))
			return false;
		p->n++;
	}
	return true;
}

bool kernel_policy_from(const struct pfkey_msg *msg, struct policy *p)
{
	const struct sadb_x_policy *pol = pfkey_ext(msg, SADB_X_EXT_POLICY);

	*p = (struct policy){ 0 };
	if (!pol->sadb_x_policy_id || (pol->sadb_x_policy_id & SPD_ID_DIR) >= SPD_ID_SOCKET)
		return false;
	if (pol->sadb_x_policy_dir < IPSEC_DIR_INBOUND || pol->sadb_x_policy_dir > IPSEC_DIR_FWD)
		return false;
	if (pol->sadb_x_policy_type > IPSEC_POLICY_IPSEC)
		return false;
	p->id = pol->sadb_x_policy_id;
	p->dir = pol->sadb_x_policy_dir;
	p->type = pol->sadb_x_policy_type;
	p->priority = pol->sadb_x_policy_priority;
	return spd_selectors(msg, p) && spd_requests(pol, p);
}

/* ---- into a message ---- */

/*
 * Source and destination port as the kernel has them; false for a selector
 * that it can not express: a range of ports, or a type of ICMP that means any.
 */
static bool spd_ports(const struct policy *p, uint16_t *src, uint16_t *dst)
{
	int a = ts_port(&p->src), b = ts_port(&p->dst);
	unsigned int lo = p->src.port_lo, hi = p->src.port_hi;

	if (!proto_is_icmp(p->src.proto)) {
		*src = a;
		*dst = b;
		return a >= 0 && b >= 0;
	}
	*src = *dst = 0;
	if (!a && !b)
		return true;
	if (lo != p->dst.port_lo || hi != p->dst.port_hi || lo > hi || !(lo >> 8))
		return false;
	*src = lo >> 8;
	*dst = lo & 0xff;
	/* one type with every code, or with one that is not 0 */
	return *dst ? hi == lo : hi == (lo | 0xff);
}

static int spd_put_selectors(struct pfkey_buf *b, const struct policy *p)
{
	unsigned int proto = p->src.proto ? p->src.proto : IPSEC_PROTO_ANY;
	unsigned int src_bits, dst_bits;
	struct sockaddr_storage src, dst;
	uint16_t sport, dport;

	if (p->src.family != p->dst.family || p->src.proto != p->dst.proto)
		return -EINVAL;
	if (!ts_prefix(&p->src, &src, &src_bits) || !ts_prefix(&p->dst, &dst, &dst_bits) ||
	    !spd_ports(p, &sport, &dport))
		return -EINVAL;
	addr_set_port(&src, sport);
	addr_set_port(&dst, dport);
	pfkey_put_address(b, SADB_EXT_ADDRESS_SRC, &src, proto, src_bits);
	pfkey_put_address(b, SADB_EXT_ADDRESS_DST, &dst, proto, dst_bits);
	return 0;
}

static int spd_put_request(struct pfkey_buf *b, const struct policy_request *req)
{
	struct pfkey_request out = {
		.proto = req->proto,
		.mode = req->mode,
		.level = req->level,
		.reqid = req->reqid,
		.ends = req->mode == IPSEC_MODE_TUNNEL,
	};

	if (out.ends) {
		if (!addr_bits(&req->src) || req->src.ss_family != req->dst.ss_family)
			return -EINVAL;
		addr_from_bytes(&out.src, addr_bytes(&req->src));
		addr_from_bytes(&out.dst, addr_bytes(&req->dst));
	}
	pfkey_put_request(b, &out);
	return 0;
}

static int spd_put_policy(struct pfkey_buf *b, const struct policy *p)
{
	unsigned int i;
	int err;

	err = spd_put_selectors(b, p);
	if (err)
		return err;
	pfkey_put_policy(b, p->type, p->dir, 0, p->priority);
	for (i = 0; i < p->n && !err; i++)
		err = spd_put_request(b, &p->req[i]);
	return err;
}

/* ---- which are known ---- */

/* Where @id is, or would be. */
static size_t spd_place(const struct kernel *k, uint32_t id)
{
	size_t lo = 0, hi = k->nknown, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (k->known[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct kernel_known *spd_know(struct kernel *k, uint32_t id)
{
	size_t at = spd_place(k, id);

	if (at < k->nknown && k->known[at].id == id)
		return k->known + at;
	/* room for twice as many, whenever their number is a power of two */
	if (!(k->nknown & (k->nknown - 1)))
		k->known = xrealloc(k->known, (k->nknown ? 2 * k->nknown : 1) * sizeof(*k->known));
	memmove(k->known + at + 1, k->known + at, (k->nknown - at) * sizeof(*k->known));
	k->known[at] = (struct kernel_known){ .id = id };
	k->nknown++;
	return k->known + at;
}

static void spd_forget(struct kernel *k, uint32_t id)
{
	size_t at = spd_place(k, id);

	if (at == k->nknown || k->known[at].id != id)
		return;
	k->nknown--;
	memmove(k->known + at, k->known + at + 1, (k->nknown - at) * sizeof(*k->known));
}

void kernel_policy_seen(struct kernel *k, struct policy *p)
{
	struct kernel_known *known = spd_know(k, p->id);

	known->told = true;
	p->generated = known->made;
	k->events->policy_put(k->arg, p);
}

void kernel_policy_gone(struct kernel *k, uint32_t id)
{
	spd_forget(k, id);
	k->events->policy_remove(k->arg, id);
}

/* One that we have made, and that is told of later, came after the flush. */
void kernel_policy_all_gone(struct kernel *k)
{
	size_t i, n = 0;

	for (i = 0; i < k->nknown; i++)
		if (!k->known[i].told)
			k->known[n++] = k->known[i];
	k->nknown = n;
	k->events->policy_flush(k->arg);
}

/* ---- requests ---- */

/* The kernel chooses the reqid of a unique request that has none. */
static void spd_learn(struct policy *p, const struct pfkey_msg *msg)
{
	const struct sadb_x_policy *pol = pfkey_ext(msg, SADB_X_EXT_POLICY);
	struct pfkey_request req;
	unsigned int i;
	size_t off = 0;

	p->id = pol->sadb_x_policy_id;
	for (i = 0; i < p->n && pfkey_next_request(pol, &off, &req); i++)
		if (p->req[i].level == IPSEC_LEVEL_UNIQUE)
			p->req[i].reqid = req.reqid;
}

int kernel_policy_add(struct kernel *k, struct policy *p)
{
	struct pfkey_msg msg;
	struct pfkey_buf b;
	int err;

	pfkey_begin(&b, SADB_X_SPDADD, SADB_SATYPE_UNSPEC, kernel_next_seq(k), k->pid);
	err = spd_put_policy(&b, p);
	if (!err)
		err = kernel_ask(k, &b, &msg);
	if (err)
		return err;
	spd_learn(p, &msg);
	spd_know(k, p->id)->made = true;
	kernel_forget(k);
	return 0;
}

int kernel_policy_delete(struct kernel *k, const struct policy *p)
{
	struct pfkey_msg msg;
	struct pfkey_buf b;
	int err;

	pfkey_begin(&b, SADB_X_SPDDELETE2, SADB_SATYPE_UNSPEC, kernel_next_seq(k), k->pid);
	pfkey_put_policy(&b, p->type, p->dir, p->id, 0);
	err = kernel_ask(k, &b, &msg);
	kernel_forget(k);
	return err;
}

/**
 * struct spd_dump - policies of a dump, until they are told
 * @p: policies
 * @n: members of @p
 * @room: room in @p
 */
struct spd_dump {
	struct policy *p;
	size_t n;
	size_t room;
};

static void spd_dumped(void *arg, const struct pfkey_msg *msg)
{
	struct spd_dump *dump = arg;

	if (dump->n == dump->room) {
		dump->room = dump->room ? 2 * dump->room : 16;
		dump->p = xrealloc(dump->p, dump->room * sizeof(*dump->p));
	}
	if (kernel_policy_from(msg, &dump->p[dump->n]))
		dump->n++;
}

static int spd_by_id(const void *a, const void *b)
{
	const struct policy *p = a, *q = b;

	return p->id < q->id ? -1 : p->id > q->id;
}

/*
 * Both by id: what is known and was not dumped is gone. It is told when the
 * walk is over, since who is told may add policies.
 */
static void spd_tell_gone(struct kernel *k, const struct spd_dump *dump)
{
	uint32_t *gone = xcalloc(k->nknown + 1, sizeof(*gone));
	size_t i, j = 0, n = 0;

	for (i = 0; i < k->nknown; i++) {
		while (j < dump->n && dump->p[j].id < k->known[i].id)
			j++;
		if (j == dump->n || dump->p[j].id != k->known[i].id)
			gone[n++] = k->known[i].id;
	}
	for (i = 0; i < n; i++)
		kernel_policy_gone(k, gone[i]);
	free(gone);
}

int kernel_policy_read(struct kernel *k)
{
	struct spd_dump dump = { 0 };
	size_t i;
	int err;

	err = kernel_ask_dump(k, SADB_X_SPDDUMP, spd_dumped, &dump);
	if (!err) {
		/* told by id, so that this is their order of age */
		if (dump.n)
			qsort(dump.p, dump.n, sizeof(*dump.p), spd_by_id);
		spd_tell_gone(k, &dump);
		for (i = 0; i < dump.n; i++)
			kernel_policy_seen(k, &dump.p[i]);
	}
	free(dump.p);
	return err;
}
