// SPDX-License-Identifier: GPL-2.0
/*
 * What both sides of a child SA's negotiation compute alike: key material and
 * its parts, the bundle, IPComp's notification, and the hosts of selectors.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "ikev2/v2.h"

#define KEYS_DEFLATE 2 /* IPComp transform (RFC 7296 3.10.1) */

uint8_t v2_proto_number(uint8_t ipproto)
{
	return ipproto == IPPROTO_AH ? V2_PROTO_AH : V2_PROTO_ESP;
}

uint8_t v2_proto_ip(uint8_t proto)
{
	return proto == V2_PROTO_AH ? IPPROTO_AH : proto == V2_PROTO_ESP ? IPPROTO_ESP
									 : 0;
}

struct child_proto *v2_child_proto(struct child_sa *child)
{
	struct child_proto *found = NULL;
	unsigned int i;

	for (i = 0; i < child->choice.n; i++) {
		if (child->choice.p[i].proto == IPPROTO_COMP)
			continue;
		if (found)
			return NULL;
		found = &child->choice.p[i];
	}
	return found;
}

struct child_proto *v2_child_ipcomp(struct child_sa *child)
{
	unsigned int i;

	for (i = 0; i < child->choice.n; i++) {
		if (child->choice.p[i].proto == IPPROTO_COMP)
			return &child->choice.p[i];
	}
	return NULL;
}

/* The peer does without compression; a CPI that the kernel gave goes back. */
void v2_child_drop_ipcomp(struct ike_sa *sa, struct child_sa *child)
{
	struct child_proto *p = v2_child_ipcomp(child);
	struct kern_name name = { .proto = IPPROTO_COMP };
	unsigned int at;

	if (!p)
		return;
	if (p->spi_in) {
		name.spi = p->spi_in;
		name.src = p->dst;
		name.dst = p->src;
		sa->ike->ops->sa_delete(sa->ike->ops_arg, &name);
	}
	at = p - child->choice.p;
	child->choice.n--;
	memmove(p, p + 1, (child->choice.n - at) * sizeof(*p));
}

void v2_put_ipcomp(struct wire_out *o, uint32_t cpi)
{
	uint8_t data[3] = { cpi >> 8, cpi & 0xff, KEYS_DEFLATE };

	v2_put_status(o, V2_N_IPCOMP_SUPPORTED, chunk(data, sizeof(data)));
}

/* DEFLATE is the only one that the kernel has. */
bool v2_get_ipcomp(const struct wire_msg *msg, uint32_t *cpi)
{
	struct v2_notify n;
	unsigned int i;

	for (i = 0; i < msg->n; i++) {
		if (msg->pl[i].type != P2_NOTIFY || !v2_get_notify(msg->pl[i].body, &n) ||
		    n.type != V2_N_IPCOMP_SUPPORTED || n.data.n != 3 || n.data.p[2] != KEYS_DEFLATE)
			continue;
		*cpi = n.data.p[0] << 8 | n.data.p[1];
		return *cpi >= 64;
	}
	return false;
}

/* RFC 7296 2.17: what the initiator sends with goes first, cipher before integrity. */
bool v2_child_keymat(struct ike_sa *sa, struct child_sa *child, struct chunk shared,
		     struct chunk ni, struct chunk nr, struct blob *keymat)
{
	const struct child_proto *p = v2_child_proto(child);
	size_t n = 2 * (prop_encr_bytes(p) + prop_integ_bytes(p));

	if (n && crypt_v2_keymat(sa->suite.prf, blob_chunk(&sa->v2->keys.d), shared, ni, nr, keymat, n))
		return true;
	report_set(&sa->peer->report, REPORT_CRYPTO, "CREATE_CHILD_SA",
		   "libcrypto made no keys for the child SA");
	return false;
}

void v2_child_split(const struct child_sa *child, const struct blob *keymat, bool we_initiated,
		    struct child_keys keys[CHILD_PROTOS])
{
	size_t half = keymat->n / 2;
	unsigned int i;

	memset(keys, 0, CHILD_PROTOS * sizeof(*keys));
	for (i = 0; i < child->choice.n; i++) {
		if (child->choice.p[i].proto == IPPROTO_COMP)
			continue;
		keys[i].out = chunk(keymat->p + (we_initiated ? 0 : half), half);
		keys[i].in = chunk(keymat->p + (we_initiated ? half : 0), half);
	}
}

void v2_ts_set_host(struct ts *ts, const struct sockaddr_storage *host)
{
	struct chunk addr = addr_bytes(host);

	ts->family = host->ss_family;
	memcpy(ts->lo, addr.p, addr.n);
	memcpy(ts->hi, addr.p, addr.n);
}

bool v2_ts_one_host(const struct ts *ts, struct sockaddr_storage *host)
{
	size_t n = ts->family == AF_INET6 ? 16 : 4;

	return memcmp(ts->lo, ts->hi, n) == 0 && addr_from_bytes(host, chunk(ts->lo, n));
}
