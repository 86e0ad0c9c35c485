// SPDX-License-Identifier: GPL-2.0
/*
 * Quick mode's messages (RFC 2409 5.5): putting them together, and reading
 * selectors, public values and lifetimes out of them; KEYMAT. What is to be
 * done with them is decided in v1_quick.c.
 *
 *	QM1* HASH(1), SA, Ni, [KE], [IDci, IDcr], [NAT-OA x2]
 *	QM2* HASH(2), SA, Nr, [KE], [IDci, IDcr], [NAT-OA x2], [N]
 *	QM3* HASH(3)
 */
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ikev1/v1_room.h"

#define V1_LIFE_TYPE   1 /* attributes of RESPONDER-LIFETIME, phase 2 (RFC 2407 4.5) */
#define V1_LIFE	       2
#define V1_LIFE_TYPE_1 11 /* and phase 1 */
#define V1_LIFE_1      12
#define V1_TV	       0x8000

static bool v1_transport(const struct child_sa *child)
{
	unsigned int i;

	for (i = 0; i < child->choice.n; i++) {
		if (child->choice.p[i].mode == IPSEC_MODE_TRANSPORT)
			return true;
	}
	return false;
}

/* ---- selectors ---- */

static void v1_id_body(const struct ts *ts, struct blob *body)
{
	struct writer w = { 0 };
	struct id id = { 0 };
	int port = ts_port(ts);

	id_from_ts(&id, ts);
	put_u8(&w, id.type);
	put_u8(&w, ts->proto);
	put_be16(&w, port > 0 ? port : 0);
	put_bytes(&w, blob_chunk(&id.data));
	id_free(&id);
	blob_free(body);
	*body = writer_blob(&w);
}

/*
 * RFC 3947 5.2 and practice: in transport mode an end behind a NAT is named by
 * the address that it has itself, or by the one that we see. Policies know the
 * latter of the peer, and the former of us.
 */
static void v1_unnat(const struct ts *ts, const struct sockaddr_storage *said,
		     const struct sockaddr_storage *ours, struct ts *out)
{
	struct ts host;

	*out = *ts;
	if (!said->ss_family || !ts_is_host(ts, said) || addr_same_host(said, ours))
		return;
	ts_host(&host, ours);
	memcpy(out->lo, host.lo, sizeof(out->lo));
	memcpy(out->hi, host.hi, sizeof(out->hi));
	out->family = host.family;
}

static bool v1_get_selector(struct chunk body, struct ts *ts)
{
	struct wire_id id;

	return wire_get_id(body, &id) && id_to_ts(id.type, id.data, id.proto, id.port, ts);
}

/**
 * v1_quick_ids() - the selectors of QM1, from our side
 * @x: exchange; their bodies are kept for the answer
 * @msg: QM1
 * @local: ours
 * @remote: the peer's
 * @why: what is wrong
 *
 * Without ID payloads it is about the two hosts.
 *
 * Return: false if they are no addresses, subnets or ranges.
 */
bool v1_quick_ids(struct v1_exchange *x, const struct wire_msg *msg, struct ts *local,
		  struct ts *remote, const char **why)
{
	const struct wire_pl *id[2] = { NULL, NULL };
	struct sockaddr_storage oa[2];
	struct ike_sa *sa = x->sa;
	struct ts ci, cr;
	unsigned int i, n = 0;

	for (i = 0; i < msg->n; i++) {
		if (msg->pl[i].type == P1_ID && n < 2)
			id[n++] = &msg->pl[i];
	}
	ts_host(local, &sa->path.local);
	ts_host(remote, &sa->path.remote);
	if (!n)
		return true;
	if (n != 2 || !v1_get_selector(id[0]->body, &ci) || !v1_get_selector(id[1]->body, &cr)) {
		*why = n != 2 ? "one selector instead of two" : "a selector that is no address, subnet or range";
		return false;
	}
	if (ci.proto != cr.proto || ci.family != cr.family) {
		*why = "the two selectors are of different protocols or address families";
		return false;
	}
	blob_set(&x->idci, id[0]->body);
	blob_set(&x->idcr, id[1]->body);
	*local = cr;
	*remote = ci;
	if (sa->nat_peer && v1_get_natoas(msg, oa))
		v1_unnat(&ci, &oa[0], &sa->path.remote, remote);
	if (sa->nat_us && v1_get_natoas(msg, oa))
		v1_unnat(&cr, &oa[1], &sa->path.local, local);
	return true;
}

/*
 * Initiator: does QM2 speak of the selectors of QM1? By value, so that a subnet
 * of one address is the address; left out means that they are the hosts.
 */
bool v1_quick_same_ids(const struct v1_exchange *x, const struct wire_msg *msg)
{
	const struct blob *sent[2] = { &x->idci, &x->idcr };
	const struct ike_sa *sa = x->sa;
	struct ts mine, theirs;
	unsigned int i, n = 0;

	for (i = 0; i < msg->n; i++) {
		if (msg->pl[i].type != P1_ID)
			continue;
		if (n == 2 || !v1_get_selector(blob_chunk(sent[n]), &mine) ||
		    !v1_get_selector(msg->pl[i].body, &theirs))
			return false;
		/* behind a NAT the peer may name the ends as it sees them */
		if (!ts_equal(&mine, &theirs) && !(natt_in_use(sa) && mine.proto == theirs.proto))
			return false;
		n++;
	}
	if (n == 2)
		return true;
	return !n && v1_get_selector(blob_chunk(&x->idci), &mine) &&
	       ts_is_host(&mine, &sa->path.local) &&
	       v1_get_selector(blob_chunk(&x->idcr), &mine) && ts_is_host(&mine, &sa->path.remote);
}

/* ---- lifetimes ---- */

static uint64_t v1_attr_value(struct reader *r, uint16_t type)
{
	struct chunk value;
	uint64_t v = 0;
	size_t i;

	if (type & V1_TV)
		return get_be16(r);
	value = get_bytes(r, get_be16(r));
	/* what 64 bits do not hold is as malformed here as in a proposal */
	r->failed |= value.n > sizeof(v);
	for (i = 0; i < value.n && !r->failed; i++)
		v = v << 8 | value.p[i];
	return v;
}

/**
 * v1_get_lifetime() - attributes of RESPONDER-LIFETIME (RFC 2407 4.6.3.1)
 * @data: notification data
 * @kilobytes: limit in kilobytes, 0: none
 *
 * Return: seconds, 0: none, or malformed.
 */
uint32_t v1_get_lifetime(struct chunk data, uint32_t *kilobytes)
{
	struct reader r = reader(data);
	uint64_t v, kind = 0, seconds = 0, kb = 0;
	uint16_t type;

	*kilobytes = 0;
	while (r.n && !r.failed) {
		type = get_be16(&r);
		v = v1_attr_value(&r, type);
		type &= ~V1_TV;
		if (type == V1_LIFE_TYPE || type == V1_LIFE_TYPE_1)
			kind = v;
		else if ((type == V1_LIFE || type == V1_LIFE_1) && kind == 1)
			seconds = v;
		else if ((type == V1_LIFE || type == V1_LIFE_1) && kind == 2)
			kb = v;
	}
	if (r.failed)
		return 0;
	*kilobytes = kb > UINT32_MAX ? UINT32_MAX : kb;
	return seconds > UINT32_MAX ? UINT32_MAX : seconds;
}

static void v1_put_lifetime(const struct child_sa *child, struct wire_out *o)
{
	const struct child_proto *p = &child->choice.p[0];
	const uint8_t spi[4] = { p->spi_in >> 24, p->spi_in >> 16, p->spi_in >> 8, p->spi_in };
	struct writer data = { 0 };
	struct v1_notify n = {
		.proto = v1_proto_of(p->proto),
		.type = V1_N_RESPONDER_LIFETIME,
		.spi = chunk(spi, sizeof(spi)),
	};

	put_be16(&data, V1_TV | V1_LIFE_TYPE);
	put_be16(&data, 1);
	put_be16(&data, V1_LIFE);
	put_be16(&data, 4);
	put_be32(&data, child->choice.life);
	n.data = writer_chunk(&data);
	v1_put_notify(o, &n);
	writer_free(&data);
}

/* ---- messages ---- */

/* HASH, SA, nonce, KE and IDs: what QM1 and QM2 have in common. */
static void v1_quick_begin(struct v1_exchange *x, struct wire_out *o, struct v1_sa *offer)
{
	v1_natt_encap_out(x->sa, offer);
	v1_hash_begin(x->sa, o, V1_QUICK, x->msgid);
	v1_put_sa_payload(o, offer);
	wire_put(o, P1_NONCE, blob_chunk(x->initiator ? &x->ni : &x->nr));
	if (x->dh)
		wire_put(o, P1_KE, blob_chunk(&x->dh->public));
	if (x->idci.n) {
		wire_put(o, P1_ID, blob_chunk(&x->idci));
		wire_put(o, P1_ID, blob_chunk(&x->idcr));
	}
}

static bool v1_quick_end(struct v1_exchange *x, struct wire_out *o, struct chunk ni)
{
	struct blob dg;

	if (!v1_hash_end(x->sa, o, x->msgid, ni)) {
		writer_free(&o->w);
		return false;
	}
	if (!v1_seal(x->sa, o, x->iv, &dg))
		return false;
	v1_load(x->sa, &x->flight, &dg);
	return true;
}

bool v1_qm1_send(struct v1_exchange *x, struct child_sa *child)
{
	uint8_t spis[CHILD_PROTOS][4];
	struct ike_sa *sa = x->sa;
	struct v1_sa offer = { 0 };
	struct wire_out o;

	prop_v1_child_offer(child->sainfo, &child->choice, sa->ike->conf->complex_bundle, spis, &offer);
	v1_id_body(&child->local, &x->idci);
	v1_id_body(&child->remote, &x->idcr);
	v1_quick_begin(x, &o, &offer);
	if (natt_in_use(sa) && v1_transport(child))
		v1_put_natoas(x, &o);
	if (!v1_quick_end(x, &o, chunk(NULL, 0)))
		return false;
	flight_launch(&x->flight);
	return true;
}

/* @offered_life: of the peer's proposal; a shorter one of ours is told with "claim" */
bool v1_qm2_send(struct v1_exchange *x, struct child_sa *child, const struct v1_sa *theirs,
		 uint32_t offered_life)
{
	uint8_t spis[CHILD_PROTOS][4];
	struct ike_sa *sa = x->sa;
	struct v1_sa answer = { 0 };
	struct wire_out o;

	prop_v1_child_answer(&child->choice, theirs, spis, &answer);
	v1_quick_begin(x, &o, &answer);
	if (natt_in_use(sa) && v1_transport(child))
		v1_put_natoas(x, &o);
	if (sa->peer->conf->check == CONF_CHECK_CLAIM && child->choice.life < offered_life)
		v1_put_lifetime(child, &o);
	if (!v1_quick_end(x, &o, blob_chunk(&x->ni)))
		return false;
	/* the peer has proven itself in phase 1: QM2 may be sent again until QM3 is there */
	flight_launch(&x->flight);
	return true;
}

bool v1_qm3_send(struct v1_exchange *x)
{
	uint8_t out[CRYPT_HASH_MAX];
	struct ike_sa *sa = x->sa;
	struct wire_out o;
	struct blob dg;

	if (!v1_hash3(sa, x, out))
		return false;
	v1_begin(sa, &o, V1_QUICK, x->msgid);
	wire_put(&o, P1_HASH, chunk(out, sa->suite.prf->out));
	if (!v1_seal(sa, &o, x->iv, &dg))
		return false;
	v1_load(sa, &x->flight, &dg);
	flight_send(&x->flight);
	return true;
}

/* ---- keys ---- */

/* The peer's public value must be there exactly when PFS was agreed upon. */
bool v1_quick_ke(struct v1_exchange *x, struct child_sa *child, const struct wire_msg *msg)
{
	const struct wire_pl *ke = wire_find(msg, P1_KE);
	struct report *r = &child->peer->report;
	const char *why = "unknown";

	if (!child->choice.pfs && !ke)
		return true;
	if (!child->choice.pfs || !ke) {
		report_set(r, REPORT_NO_PROPOSAL, "phase 2", "PFS: %s",
			   ke ? "the peer sent a public value, but no group was agreed upon" : "the peer sent no public value");
		report_row(r, true, "pfs_group", child->choice.pfs ? child->choice.pfs->name : "none",
			   ke ? "unknown" : "none");
		return false;
	}
	if (!x->dh)
		x->dh = crypt_dh_new(child->choice.pfs);
	if (!x->dh || x->dh->group != child->choice.pfs) {
		report_set(r, REPORT_CRYPTO, "phase 2", "no key pair of the group %s", child->choice.pfs->name);
		return false;
	}
	if (crypt_dh_shared(x->dh, ke->body, &x->shared, &why))
		return true;
	report_set(r, REPORT_SYNTAX, "phase 2", "the peer's public value is not one of the group %s: %s",
		   child->choice.pfs->name, why);
	return false;
}

/* KEYMAT of each SA of the bundle, kept until all are installed. */
bool v1_quick_keymat(struct v1_exchange *x, const struct child_sa *child,
		     struct child_keys keys[CHILD_PROTOS])
{
	struct chunk d = blob_chunk(&x->sa->v1->keys.d), shared = blob_chunk(&x->shared);
	struct chunk ni = blob_chunk(&x->ni), nr = blob_chunk(&x->nr);
	unsigned int i;

	for (i = 0; i < child->choice.n; i++) {
		const struct child_proto *p = &child->choice.p[i];
		size_t len = prop_encr_bytes(p) + prop_integ_bytes(p);

		if (!len)
			continue;
		if (!crypt_v1_keymat(&x->sa->suite, d, shared, v1_proto_of(p->proto), p->spi_in, ni, nr,
				     &x->keys[i][0], len) ||
		    !crypt_v1_keymat(&x->sa->suite, d, shared, v1_proto_of(p->proto), p->spi_out, ni, nr,
				     &x->keys[i][1], len)) {
			report_set(&child->peer->report, REPORT_CRYPTO, "phase 2",
				   "libcrypto did not make the keys");
			return false;
		}
	}
	v1_quick_keys(x, keys);
	return true;
}

void v1_quick_keys(const struct v1_exchange *x, struct child_keys keys[CHILD_PROTOS])
{
	unsigned int i;

	for (i = 0; i < CHILD_PROTOS; i++) {
		keys[i].in = blob_chunk(&x->keys[i][0]);
		keys[i].out = blob_chunk(&x->keys[i][1]);
	}
}
