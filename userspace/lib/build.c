// SPDX-License-Identifier: GPL-2.0
/*
 * Values into PF_KEY messages: a cursor that zeroes what it appends, so no
 * byte of ours ever leaves by padding. Never judges a value.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "pfkey.h"

/* Extensions are counted in words of 8 bytes. */
static size_t build_align(size_t bytes)
{
	return (bytes + 7) & ~(size_t)7;
}

/* @size more zeroed bytes, or NULL, and NULL ever after, when they do not fit. */
static void *build_room(struct pfkey_buf *b, size_t size)
{
	void *room = b->data + b->len;

	if (b->full || size > sizeof(b->data) - b->len) {
		b->full = true;
		return NULL;
	}
	memset(room, 0, size);
	b->len += size;
	return room;
}

/**
 * pfkey_begin() - start a message
 * @b: where
 * @type: SADB_*
 * @satype: SADB_SATYPE_*
 * @seq: 0, or the number the answer shall echo
 * @pid: the number by which the sender knows its answer
 *
 * A request of setkey has seq 0: a non-zero one makes GETSPI and ADD look for
 * a larval SA with that number.
 */
void pfkey_begin(struct pfkey_buf *b, unsigned int type, unsigned int satype, uint32_t seq,
		 uint32_t pid)
{
	struct sadb_msg *msg;

	b->len = 0;
	b->full = false;
	msg = build_room(b, sizeof(*msg));
	msg->sadb_msg_version = PF_KEY_V2;
	msg->sadb_msg_type = type;
	msg->sadb_msg_satype = satype;
	msg->sadb_msg_seq = seq;
	msg->sadb_msg_pid = pid;
}

/**
 * pfkey_end() - finish a message: enter the total length
 * @b: message
 *
 * Return: 0, or -EMSGSIZE if some extension did not fit.
 */
int pfkey_end(struct pfkey_buf *b)
{
	struct sadb_msg *msg = (struct sadb_msg *)b->data;

	if (b->full)
		return -EMSGSIZE;
	msg->sadb_msg_len = b->len / 8;
	return 0;
}

/**
 * pfkey_put() - append a zeroed extension with its header filled in
 * @b: message
 * @type: SADB_EXT_* or SADB_X_EXT_*
 * @size: bytes, rounded up to a multiple of 8 here
 *
 * Return: the extension, for the caller to fill; NULL when it did not fit,
 * which pfkey_end() reports.
 */
void *pfkey_put(struct pfkey_buf *b, unsigned int type, size_t size)
{
	struct sadb_ext *ext = build_room(b, build_align(size));

	if (!ext)
		return NULL;
	ext->sadb_ext_len = build_align(size) / 8;
	ext->sadb_ext_type = type;
	return ext;
}

/**
 * pfkey_put_address() - append an address
 * @b: message
 * @type: SADB_EXT_ADDRESS_* or SADB_X_EXT_NAT_T_OA
 * @sa: address with port
 * @proto: upper protocol of a selector, IPSEC_PROTO_ANY for an SA
 * @prefixlen: bits
 */
void pfkey_put_address(struct pfkey_buf *b, unsigned int type, const struct sockaddr_storage *sa,
		       unsigned int proto, unsigned int prefixlen)
{
	size_t salen = pfkey_addr_len(sa->ss_family);
	struct sadb_address *addr = pfkey_put(b, type, sizeof(*addr) + salen);

	if (!addr)
		return;
	addr->sadb_address_proto = proto;
	addr->sadb_address_prefixlen = prefixlen;
	memcpy(addr + 1, sa, salen);
}

/**
 * pfkey_put_key() - append a key
 * @b: message
 * @type: SADB_EXT_KEY_AUTH or SADB_EXT_KEY_ENCRYPT
 * @key: key with salt or nonce
 * @bytes: its length; 0 is how the NULL cipher is asked for
 */
void pfkey_put_key(struct pfkey_buf *b, unsigned int type, const void *key, size_t bytes)
{
	struct sadb_key *k = pfkey_put(b, type, sizeof(*k) + bytes);

	if (!k)
		return;
	k->sadb_key_bits = bytes * 8;
	if (bytes)
		memcpy(k + 1, key, bytes);
}

/**
 * pfkey_put_limits() - append a lifetime
 * @b: message
 * @type: SADB_EXT_LIFETIME_*
 * @lim: limits
 */
void pfkey_put_limits(struct pfkey_buf *b, unsigned int type, const struct pfkey_limits *lim)
{
	struct sadb_lifetime *lt = pfkey_put(b, type, sizeof(*lt));

	if (!lt)
		return;
	lt->sadb_lifetime_allocations = lim->packets;
	lt->sadb_lifetime_bytes = lim->bytes;
	lt->sadb_lifetime_addtime = lim->addtime;
	lt->sadb_lifetime_usetime = lim->usetime;
}

/**
 * pfkey_put_sa2() - append mode and reqid of an SA
 * @b: message
 * @mode: IPSEC_MODE_*
 * @reqid: what ties the SA to a `unique' policy, 0 for none
 */
void pfkey_put_sa2(struct pfkey_buf *b, unsigned int mode, uint32_t reqid)
{
	struct sadb_x_sa2 *sa2 = pfkey_put(b, SADB_X_EXT_SA2, sizeof(*sa2));

	if (!sa2)
		return;
	sa2->sadb_x_sa2_mode = mode;
	sa2->sadb_x_sa2_reqid = reqid;
}

/**
 * pfkey_put_spirange() - append the range a GETSPI may choose from
 * @b: message
 * @min: lowest SPI, host order
 * @max: highest SPI, host order
 */
void pfkey_put_spirange(struct pfkey_buf *b, uint32_t min, uint32_t max)
{
	struct sadb_spirange *range = pfkey_put(b, SADB_EXT_SPIRANGE, sizeof(*range));

	if (!range)
		return;
	range->sadb_spirange_min = min;
	range->sadb_spirange_max = max;
}

/**
 * pfkey_put_natt_type() - append the kind of UDP encapsulation
 * @b: message
 * @type: UDP_ENCAP_ESPINUDP
 */
void pfkey_put_natt_type(struct pfkey_buf *b, unsigned int type)
{
	struct sadb_x_nat_t_type *natt = pfkey_put(b, SADB_X_EXT_NAT_T_TYPE, sizeof(*natt));

	if (natt)
		natt->sadb_x_nat_t_type_type = type;
}

/**
 * pfkey_put_natt_port() - append a port of UDP encapsulation
 * @b: message
 * @type: SADB_X_EXT_NAT_T_SPORT or SADB_X_EXT_NAT_T_DPORT
 * @port: host order
 */
void pfkey_put_natt_port(struct pfkey_buf *b, unsigned int type, uint16_t port)
{
	struct sadb_x_nat_t_port *natt = pfkey_put(b, type, sizeof(*natt));

	if (natt)
		natt->sadb_x_nat_t_port_port = htons(port);
}

/**
 * pfkey_put_sec_ctx() - append an access control label
 * @b: message
 * @doi: domain of interpretation
 * @alg: which LSM reads it
 * @text: the label
 * @len: its bytes; on the wire a NUL follows and is counted
 */
void pfkey_put_sec_ctx(struct pfkey_buf *b, unsigned int doi, unsigned int alg, const char *text,
		       size_t len)
{
	struct sadb_x_sec_ctx *ctx = pfkey_put(b, SADB_X_EXT_SEC_CTX, sizeof(*ctx) + len + 1);

	if (!ctx)
		return;
	ctx->sadb_x_ctx_alg = alg;
	ctx->sadb_x_ctx_doi = doi;
	ctx->sadb_x_ctx_len = len + 1;
	memcpy(ctx + 1, text, len);
}

/**
 * pfkey_put_policy() - append a policy without requests
 * @b: message
 * @type: IPSEC_POLICY_*
 * @dir: IPSEC_DIR_*
 * @id: 0, or the kernel's number of the policy
 * @priority: lower wins
 *
 * pfkey_put_request() adds to it as long as it is the last extension.
 */
void pfkey_put_policy(struct pfkey_buf *b, unsigned int type, unsigned int dir, uint32_t id,
		      uint32_t priority)
{
	struct sadb_x_policy *pol = pfkey_put(b, SADB_X_EXT_POLICY, sizeof(*pol));

	if (!pol)
		return;
	pol->sadb_x_policy_type = type;
	pol->sadb_x_policy_dir = dir;
	pol->sadb_x_policy_id = id;
	pol->sadb_x_policy_priority = priority;
}

/* The policy that a request shall be added to: the last extension of the message. */
static struct sadb_x_policy *build_last_policy(struct pfkey_buf *b)
{
	size_t off = sizeof(struct sadb_msg);
	struct sadb_ext *ext = NULL;

	while (off < b->len) {
		ext = (struct sadb_ext *)(b->data + off);
		off += ext->sadb_ext_len * 8;
	}
	return (struct sadb_x_policy *)ext;
}

/**
 * pfkey_put_request() - append a request to the policy just put
 * @b: message whose last extension is a policy
 * @req: request
 *
 * Its length is a multiple of 8 by itself: 16 bytes, and two sockaddrs of one
 * family, which is 32 or 56 more.
 */
void pfkey_put_request(struct pfkey_buf *b, const struct pfkey_request *req)
{
	size_t salen = req->ends ? pfkey_addr_len(req->src.ss_family) : 0;
	size_t size = sizeof(struct sadb_x_ipsecrequest) + 2 * salen;
	struct sadb_x_policy *pol = build_last_policy(b);
	struct sadb_x_ipsecrequest *xr = build_room(b, size);

	if (!xr || !pol)
		return;
	xr->sadb_x_ipsecrequest_len = size;
	xr->sadb_x_ipsecrequest_proto = req->proto;
	xr->sadb_x_ipsecrequest_mode = req->mode;
	xr->sadb_x_ipsecrequest_level = req->level;
	xr->sadb_x_ipsecrequest_reqid = req->reqid;
	memcpy(xr + 1, &req->src, salen);
	memcpy((unsigned char *)(xr + 1) + salen, &req->dst, salen);
	pol->sadb_x_policy_len += size / 8;
}
