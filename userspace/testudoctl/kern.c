// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's SPD and SAD, read over PF_KEY, and what the algorithms cost. It
 * decides nothing.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "kern.h"

/**
 * struct kern_size - bytes that an algorithm costs
 * @id: SADB_*
 * @iv: bytes of IV
 * @icv: bytes of ICV
 * @block: bytes of a block
 */
struct kern_size {
	uint8_t id;
	uint8_t iv;
	uint8_t icv;
	uint8_t block;
};

/* as the module has them (alg_table.c) */
static const struct kern_size kern_ciphers[] = {
	{ SADB_EALG_NULL, 0, 0, 4 },
	{ SADB_EALG_3DESCBC, 8, 0, 8 },
	{ SADB_X_EALG_AESCBC, 16, 0, 16 },
	{ SADB_X_EALG_CAMELLIACBC, 16, 0, 16 },
	{ SADB_X_EALG_AESCTR, 8, 0, 4 },
	{ SADB_X_EALG_AES_CCM_ICV8, 8, 8, 4 },
	{ SADB_X_EALG_AES_CCM_ICV12, 8, 12, 4 },
	{ SADB_X_EALG_AES_CCM_ICV16, 8, 16, 4 },
	{ SADB_X_EALG_AES_GCM_ICV8, 8, 8, 4 },
	{ SADB_X_EALG_AES_GCM_ICV12, 8, 12, 4 },
	{ SADB_X_EALG_AES_GCM_ICV16, 8, 16, 4 },
	{ SADB_X_EALG_NULL_AES_GMAC, 8, 16, 4 },
	{ SADB_X_EALG_TESTUDO_CHACHA20POLY1305, 8, 16, 4 },
};

static const struct kern_size kern_auths[] = {
	{ SADB_AALG_NONE, 0, 0, 1 },
	{ SADB_AALG_MD5HMAC, 0, 12, 1 },
	{ SADB_AALG_SHA1HMAC, 0, 12, 1 },
	{ SADB_X_AALG_SHA2_256HMAC, 0, 16, 1 },
	{ SADB_X_AALG_SHA2_384HMAC, 0, 24, 1 },
	{ SADB_X_AALG_SHA2_512HMAC, 0, 32, 1 },
	{ SADB_X_AALG_AES_XCBC_MAC, 0, 12, 1 },
	{ SADB_X_AALG_TESTUDO_AES_CMAC, 0, 12, 1 },
	{ SADB_X_AALG_NULL, 0, 0, 1 },
};

static const struct kern_size *kern_size(const struct kern_size *rows, size_t n, unsigned int id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (rows[i].id == id)
			return &rows[i];
	return NULL;
}

#define KERN_SIZE(rows, id) kern_size(rows, sizeof(rows) / sizeof((rows)[0]), id)

/**
 * kern_layer() - what an SA costs
 * @sa: SA
 * @tunnel: it is used in tunnel mode
 * @layer: result
 *
 * Return: false for an algorithm that is unknown here.
 */
bool kern_layer(const struct kern_entry *sa, bool tunnel, struct size_layer *layer)
{
	const struct kern_size *cipher = NULL, *auth = KERN_SIZE(kern_auths, sa->auth);

	*layer = (struct size_layer){
		.proto = sa->proto,
		.tunnel = tunnel,
		.v6 = sa->dst.ss_family == AF_INET6,
		.udp = sa->udp,
		.block = 4,
		.align8 = sa->align8,
	};
	if (sa->proto == IPPROTO_COMP)
		return true;
	if (!auth)
		return false;
	layer->icv = auth->icv;
	if (sa->proto != IPPROTO_ESP)
		return true;
	cipher = KERN_SIZE(kern_ciphers, sa->encr);
	if (!cipher)
		return false;
	layer->iv = cipher->iv;
	layer->icv += cipher->icv;
	layer->block = cipher->block;
	return true;
}

static int kern_ask(struct pfkey_sock *sock, unsigned int type, unsigned int satype,
		    void (*fn)(void *arg, const struct pfkey_msg *msg), void *arg)
{
	struct pfkey_fault fault;
	struct pfkey_buf buf;
	struct pfkey_msg msg;
	int err;

	pfkey_begin(&buf, type, satype, 1, sock->pid);
	/* windows, ESN and alignment, where the module is ours */
	if (type == SADB_DUMP)
		pfkey_put(&buf, SADB_X_EXT_TESTUDO_SA, sizeof(struct sadb_x_testudo_sa));
	err = pfkey_end(&buf);
	if (!err)
		err = pfkey_send(sock, &buf);
	while (!err) {
		err = pfkey_await(sock, type, &msg);
		/* an empty database is an error without entries */
		if (!err && msg.base->sadb_msg_errno)
			return msg.base->sadb_msg_errno == ENOENT ? 0 : -msg.base->sadb_msg_errno;
		if (err || pfkey_check_answer(&msg, &fault))
			return err ? err : -EBADMSG;
		fn(arg, &msg);
		if (!msg.base->sadb_msg_seq)
			return 0;
	}
	return err;
}

/**
 * kern_dump() - read a database
 * @type: SADB_DUMP or SADB_X_SPDDUMP
 * @satype: which SAs
 * @fn: called for each entry
 * @arg: handed to it
 *
 * Return: 0 or a negative errno: -EPERM, -EAFNOSUPPORT ...
 */
int kern_dump(unsigned int type, unsigned int satype,
	      void (*fn)(void *arg, const struct pfkey_msg *msg), void *arg)
{
	struct pfkey_sock sock;
	int err;

	err = pfkey_sock_open(&sock);
	if (err)
		return err;
	err = kern_ask(&sock, type, satype, fn, arg);
	/* the dump has brought keys along */
	explicit_bzero(sock.buf, PFKEY_MSG_MAX);
	pfkey_sock_close(&sock);
	return err;
}

static void kern_add_policy(void *arg, const struct pfkey_msg *msg)
{
	const struct sadb_address *src = pfkey_ext(msg, SADB_EXT_ADDRESS_SRC);
	const struct sadb_address *dst = pfkey_ext(msg, SADB_EXT_ADDRESS_DST);
	const struct sadb_x_policy *pol = pfkey_ext(msg, SADB_X_EXT_POLICY);
	struct kern_tables *t = arg;
	struct kern_policy *p;
	size_t off = 0;

	if ((t->npolicies & (t->npolicies - 1)) == 0)
		t->policy = xrealloc(t->policy, (t->npolicies * 2 + 1) * sizeof(*t->policy));
	p = &t->policy[t->npolicies++];
	memset(p, 0, sizeof(*p));
	p->id = pol->sadb_x_policy_id;
	p->dir = pol->sadb_x_policy_dir;
	p->type = pol->sadb_x_policy_type;
	p->priority = pol->sadb_x_policy_priority;
	p->proto = src->sadb_address_proto == IPSEC_PROTO_ANY ? 0 : src->sadb_address_proto;
	p->src_bits = src->sadb_address_prefixlen;
	p->dst_bits = dst->sadb_address_prefixlen;
	pfkey_get_address(msg, SADB_EXT_ADDRESS_SRC, &p->src);
	pfkey_get_address(msg, SADB_EXT_ADDRESS_DST, &p->dst);
	while (p->n < SIZE_LAYERS && pfkey_next_request(pol, &off, &p->req[p->n]))
		p->n++;
}

static void kern_add_sa(void *arg, const struct pfkey_msg *msg)
{
	const struct sadb_lifetime *cur = pfkey_ext(msg, SADB_EXT_LIFETIME_CURRENT);
	const struct sadb_x_nat_t_type *natt = pfkey_ext(msg, SADB_X_EXT_NAT_T_TYPE);
	const struct sadb_x_testudo_sa *ours = pfkey_ext(msg, SADB_X_EXT_TESTUDO_SA);
	const struct sadb_x_sa2 *sa2 = pfkey_ext(msg, SADB_X_EXT_SA2);
	const struct sadb_sa *sa = pfkey_ext(msg, SADB_EXT_SA);
	struct kern_tables *t = arg;
	struct kern_entry *e;

	if ((t->nsas & (t->nsas - 1)) == 0)
		t->sa = xrealloc(t->sa, (t->nsas * 2 + 1) * sizeof(*t->sa));
	e = &t->sa[t->nsas++];
	memset(e, 0, sizeof(*e));
	e->proto = pfkey_satype_transform(msg->base->sadb_msg_satype);
	e->state = sa->sadb_sa_state;
	e->spi = ntohl(sa->sadb_sa_spi);
	e->auth = sa->sadb_sa_auth;
	e->encr = sa->sadb_sa_encrypt;
	e->mode = sa2 ? sa2->sadb_x_sa2_mode : IPSEC_MODE_ANY;
	e->reqid = sa2 ? sa2->sadb_x_sa2_reqid : 0;
	e->udp = natt && natt->sadb_x_nat_t_type_type;
	e->align8 = ours && (ours->sadb_x_testudo_sa_flags & SADB_X_TESTUDO_SA_ALIGN8);
	pfkey_get_address(msg, SADB_EXT_ADDRESS_SRC, &e->src);
	pfkey_get_address(msg, SADB_EXT_ADDRESS_DST, &e->dst);
	if (!cur)
		return;
	e->added = cur->sadb_lifetime_addtime;
	e->used = cur->sadb_lifetime_usetime;
	e->bytes = cur->sadb_lifetime_bytes;
	e->packets = cur->sadb_lifetime_allocations;
}

/**
 * kern_load() - read both databases
 * @t: result, for kern_free()
 *
 * Return: 0 or a negative errno.
 */
int kern_load(struct kern_tables *t)
{
	int err;

	*t = (struct kern_tables){ 0 };
	err = kern_dump(SADB_X_SPDDUMP, SADB_SATYPE_UNSPEC, kern_add_policy, t);
	return err ? err : kern_dump(SADB_DUMP, SADB_SATYPE_UNSPEC, kern_add_sa, t);
}

/**
 * kern_free() - forget them
 * @t: tables
 */
void kern_free(struct kern_tables *t)
{
	free(t->policy);
	free(t->sa);
	*t = (struct kern_tables){ 0 };
}
