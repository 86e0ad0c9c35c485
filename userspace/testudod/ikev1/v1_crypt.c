// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv1's protection of messages: CBC with its chain of IVs (RFC 2409 appendix
 * B), and HASH(1) to HASH(3) that quick mode and Informationals begin with. It
 * decides nothing: whoever calls keeps the IVs.
 */
#include <string.h>

#include <openssl/crypto.h>

#include "ikev1/v1_room.h"

#define V1_AT_FLAGS 19 /* offset of the flags in the header */

/* The IV of phase 1, until its messages have moved it on. */
bool v1_first_iv(struct ike_sa *sa)
{
	struct v1_state *v1 = sa->v1;

	return crypt_v1_iv(&sa->suite, blob_chunk(&v1->gxi), blob_chunk(&v1->gxr), v1->iv);
}

/* The first IV of a later exchange. */
bool v1_exchange_iv(struct ike_sa *sa, uint32_t msgid, uint8_t iv[V1_IV_MAX])
{
	const uint8_t id[4] = { msgid >> 24, msgid >> 16, msgid >> 8, msgid };

	return crypt_v1_iv(&sa->suite, chunk(sa->v1->iv, sa->suite.encr.alg->block),
			   chunk(id, sizeof(id)), iv);
}

/**
 * v1_seal() - pad, finish and encrypt a message
 * @sa: whose keys
 * @o: message, empty afterwards
 * @iv: of this message; afterwards that of the next one
 * @dg: the datagram
 *
 * Return: false if libcrypto could not.
 */
bool v1_seal(struct ike_sa *sa, struct wire_out *o, uint8_t iv[V1_IV_MAX], struct blob *dg)
{
	size_t block = sa->suite.encr.alg->block, over = (o->w.n - WIRE_HDR_LEN) % block;
	size_t n;

	if (over)
		put_zero(&o->w, block - over);
	wire_end(o);
	o->w.p[V1_AT_FLAGS] |= WIRE_V1_ENCRYPT;
	n = o->w.n - WIRE_HDR_LEN;
	if (!crypt_cbc(&sa->suite.encr, blob_chunk(&sa->v1->keys.key), iv, o->w.p + WIRE_HDR_LEN, n,
		       true)) {
		writer_free(&o->w);
		return false;
	}
	memcpy(iv, o->w.p + o->w.n - block, block);
	*dg = writer_blob(&o->w);
	return true;
}

/**
 * v1_open() - decrypt a message
 * @sa: whose keys
 * @data: message with its header
 * @iv: of this message
 * @next_iv: its last block, to be kept once the message has proven itself
 * @clear: what was inside
 *
 * Return: false if it is no whole number of blocks.
 */
bool v1_open(struct ike_sa *sa, struct chunk data, const uint8_t iv[V1_IV_MAX],
	     uint8_t next_iv[V1_IV_MAX], struct blob *clear)
{
	size_t block = sa->suite.encr.alg->block;

	if (data.n <= WIRE_HDR_LEN || (data.n - WIRE_HDR_LEN) % block || !sa->v1->keys.key.n)
		return false;
	memcpy(next_iv, data.p + data.n - block, block);
	blob_set(clear, chunk(data.p + WIRE_HDR_LEN, data.n - WIRE_HDR_LEN));
	return crypt_cbc(&sa->suite.encr, blob_chunk(&sa->v1->keys.key), iv, clear->p, clear->n,
			 false);
}

/* ---- HASH(1) to HASH(3) ---- */

/* The message is begun with a HASH of zeroes, which v1_hash_end() fills in. */
void v1_hash_begin(struct ike_sa *sa, struct wire_out *o, uint8_t exchange, uint32_t msgid)
{
	v1_begin(sa, o, exchange, msgid);
	wire_open(o, P1_HASH);
	put_zero(&o->w, sa->suite.prf->out);
	wire_close(o);
}

/* prf(SKEYID_a, M-ID | [Ni_b |] everything after the HASH): HASH(1), and with @ni HASH(2) */
static bool v1_hash(struct ike_sa *sa, uint32_t msgid, struct chunk ni, struct chunk rest,
		    uint8_t out[CRYPT_HASH_MAX])
{
	const uint8_t id[4] = { msgid >> 24, msgid >> 16, msgid >> 8, msgid };
	const struct chunk parts[] = { chunk(id, sizeof(id)), ni, rest };

	return crypt_prf(sa->suite.prf, blob_chunk(&sa->v1->keys.a), parts, 3, out);
}

bool v1_hash_end(struct ike_sa *sa, struct wire_out *o, uint32_t msgid, struct chunk ni)
{
	size_t len = sa->suite.prf->out, at = WIRE_HDR_LEN + 4, rest = at + len;
	uint8_t out[CRYPT_HASH_MAX];

	if (!v1_hash(sa, msgid, ni, chunk(o->w.p + rest, o->w.n - rest), out))
		return false;
	memcpy(o->w.p + at, out, len);
	return true;
}

/* Has the peer made this message? The HASH goes first and covers all payloads after it. */
bool v1_hash_ok(struct ike_sa *sa, const struct wire_msg *msg, uint32_t msgid, struct chunk ni)
{
	const struct wire_pl *last;
	uint8_t out[CRYPT_HASH_MAX];
	struct chunk rest;

	if (msg->n < 2 || msg->pl[0].type != P1_HASH || !sa->v1->keys.a.n)
		return false;
	last = &msg->pl[msg->n - 1];
	rest = chunk(msg->pl[1].all.p, last->all.p + last->all.n - msg->pl[1].all.p);
	return v1_hash(sa, msgid, ni, rest, out) &&
	       chunk_equal_secret(msg->pl[0].body, chunk(out, sa->suite.prf->out));
}

/* HASH(3) = prf(SKEYID_a, 0 | M-ID | Ni_b | Nr_b) */
bool v1_hash3(struct ike_sa *sa, const struct v1_exchange *x, uint8_t out[CRYPT_HASH_MAX])
{
	const uint8_t id[5] = { 0, x->msgid >> 24, x->msgid >> 16, x->msgid >> 8, x->msgid };
	const struct chunk parts[] = { chunk(id, sizeof(id)), blob_chunk(&x->ni), blob_chunk(&x->nr) };

	return crypt_prf(sa->suite.prf, blob_chunk(&sa->v1->keys.a), parts, 3, out);
}
