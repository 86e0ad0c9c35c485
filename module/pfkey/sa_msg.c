// SPDX-License-Identifier: GPL-2.0
/*
 * A message becomes a security association, ready for the SAD, and an SA
 * becomes a message. Never touches the SAD.
 *
 * What the SAD can not do is refused with EPROTONOSUPPORT, after everything
 * that is wrong in any case: BEET mode. Accepting it would promise protection
 * that no packet gets.
 */
#include <linux/err.h>
#include <linux/in.h>
#include <linux/ipsec.h>
#include <linux/kernel.h>
#include <linux/pfkey_ext.h>
#include <linux/pfkeyv2.h>
#include <linux/string.h>
#include <linux/testudo_pfkey.h>
#include <linux/udp.h>

#include "alg/alg_table.h"
#include "base/net.h"
#include "base/sysctl.h"
#include "pfkey/build.h"
#include "pfkey/parse.h"
#include "pfkey/sa_msg.h"
#include "sa/sa.h"
#include "sa/sad.h"

/* IANA's ipsec-nat-t */
#define SA_MSG_NATT_PORT	4500

/**
 * pfkey_proto_of_satype() - IP protocol of a kind of SA
 * @satype: SADB_SATYPE_*
 *
 * Return: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP; 0 for all others.
 */
u8 pfkey_proto_of_satype(u8 satype)
{
	switch (satype) {
	case SADB_SATYPE_AH:
		return IPPROTO_AH;
	case SADB_SATYPE_ESP:
		return IPPROTO_ESP;
	case SADB_X_SATYPE_IPCOMP:
		return IPPROTO_COMP;
	default:
		return 0;
	}
}

/**
 * pfkey_satype_of_proto() - kind of SA of an IP protocol
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 *
 * Return: the satype of which pfkey_proto_of_satype() makes it.
 */
u8 pfkey_satype_of_proto(u8 proto)
{
	switch (proto) {
	case IPPROTO_AH:
		return SADB_SATYPE_AH;
	case IPPROTO_COMP:
		return SADB_X_SATYPE_IPCOMP;
	default:
		return SADB_SATYPE_ESP;
	}
}

/**
 * pfkey_satype_of_sa() - kind of an SA
 * @sa: SA
 *
 * Return: as pfkey_satype_of_proto().
 */
u8 pfkey_satype_of_sa(const struct ipsec_sa *sa)
{
	return pfkey_satype_of_proto(sa->proto);
}

/**
 * pfkey_want_from_msg() - end points, protocol, mode and reqid of a message
 * @want: filled in
 * @msg: message with both addresses
 *
 * Without SADB_X_EXT_SA2 the SA is a transport mode one without reqid.
 *
 * Return: 0; -EINVAL for a satype that is no IPsec protocol, or a mode that
 * does not exist.
 */
int pfkey_want_from_msg(struct ipsec_sa_want *want, const struct pfkey_msg *msg)
{
	memset(want, 0, sizeof(*want));
	want->proto = pfkey_proto_of_satype(msg->base->sadb_msg_satype);
	if (!want->proto)
		return -EINVAL;
	want->saddr = msg->src.addr;
	want->daddr = msg->dst.addr;
	want->family = msg->dst.family;
	want->mode = IPSEC_MODE_TRANSPORT;
	if (msg->sa2) {
		if (msg->sa2->sadb_x_sa2_mode > IPSEC_MODE_BEET)
			return -EINVAL;
		want->mode = msg->sa2->sadb_x_sa2_mode;
		want->reqid = msg->sa2->sadb_x_sa2_reqid;
	}
	return 0;
}

/* Is there what this protocol needs, and are the numbers in range? */
static int sa_check_form(const struct pfkey_msg *msg, u8 proto)
{
	const struct sadb_sa *sa = msg->sa;

	/* SPI 0 never goes over the wire (RFC 4303 2.1) */
	if (!sa->sadb_sa_spi)
		return -EINVAL;
	if (!msg->hard != !msg->soft)
		return -EINVAL;
	if (proto == IPPROTO_ESP && !msg->enc.bytes)
		return -EINVAL;
	if (proto == IPPROTO_AH && !msg->auth.bytes)
		return -EINVAL;
	if (sa->sadb_sa_auth > SADB_AALG_MAX || sa->sadb_sa_encrypt > SADB_EALG_MAX)
		return -EINVAL;
	if (proto == IPPROTO_COMP && sa->sadb_sa_encrypt > SADB_X_CALG_MAX)
		return -EINVAL;
	if (msg->auth.bytes && !msg->auth.bits && sa->sadb_sa_auth != SADB_X_AALG_NULL)
		return -EINVAL;
	if (msg->enc.bytes && !msg->enc.bits && sa->sadb_sa_encrypt != SADB_EALG_NULL)
		return -EINVAL;
	return 0;
}

/* The window that an SA of ours gets; see sa_window(). */
static u32 sa_window_given(const struct pfkey_msg *msg)
{
	if (msg->x_sa && msg->x_sa->sadb_x_testudo_sa_window)
		return msg->x_sa->sadb_x_testudo_sa_window;
	return msg->sa->sadb_sa_replay;
}

/* Our own extension is strict: what is unknown in it today may mean much later. */
static int sa_check_x_sa(const struct pfkey_msg *msg, const struct ipsec_sa_want *want)
{
	const struct sadb_x_testudo_sa *x = msg->x_sa;
	u32 known = SADB_X_TESTUDO_SA_ESN;
	bool esn;

	if (!x)
		return 0;
	/* it is about sequence numbers, and IPComp has none */
	if (want->proto == IPPROTO_COMP)
		return -EINVAL;
	if (want->proto == IPPROTO_AH)
		known |= SADB_X_TESTUDO_SA_ALIGN8;
	/* about a header that transport mode does not make, and to be set or not */
	if (want->mode != IPSEC_MODE_TRANSPORT &&
	    !(msg->sa->sadb_sa_flags & SADB_SAFLAGS_NOPMTUDISC))
		known |= SADB_X_TESTUDO_SA_DFSET;
	esn = x->sadb_x_testudo_sa_flags & SADB_X_TESTUDO_SA_ESN;
	if (x->sadb_x_testudo_sa_flags & ~known)
		return -EINVAL;
	if (x->sadb_x_testudo_sa_reserved)
		return -EINVAL;
	if (x->sadb_x_testudo_sa_window > SADB_X_TESTUDO_WINDOW_MAX)
		return -EINVAL;
	/* RFC 4303 3.4.3: who does not watch the window can not follow the upper half */
	if (esn && !sa_window_given(msg))
		return -EINVAL;
	if (!esn && (x->sadb_x_testudo_sa_oseq > U32_MAX || x->sadb_x_testudo_sa_iseq > U32_MAX))
		return -EINVAL;
	return 0;
}

/* Labels need an LSM that knows our SAs; there is none. */
static int sa_check_options(const struct pfkey_msg *msg, u8 proto)
{
	if (msg->present & PFKEY_BIT(SADB_X_EXT_SEC_CTX))
		return -EINVAL;
	if (!msg->natt_type)
		return 0;
	if (proto != IPPROTO_ESP)
		return -EINVAL;
	if (msg->natt_oa.family && msg->natt_oa.family != msg->src.family)
		return -EINVAL;
	return msg->natt_type->sadb_x_nat_t_type_type == UDP_ENCAP_ESPINUDP ? 0 : -EINVAL;
}

/**
 * struct sa_foreign_cipher - a cipher that Linux has a number for and we have not
 * @id: SADB_EALG_*
 * @min: least key length in bits
 * @max: greatest key length in bits
 */
struct sa_foreign_cipher {
	u8 id;
	u16 min;
	u16 max;
};

/* A key of impossible length is wrong even for what we do not have. */
static const struct sa_foreign_cipher sa_foreign_ciphers[] = {
	{ SADB_EALG_DESCBC, 64, 64 },
	{ SADB_X_EALG_CASTCBC, 40, 128 },
	{ SADB_X_EALG_BLOWFISHCBC, 40, 448 },
	{ SADB_X_EALG_SERPENTCBC, 128, 256 },
	{ SADB_X_EALG_TWOFISHCBC, 128, 256 },
};

static int sa_refuse_cipher(u8 id, unsigned int bits)
{
	const struct sa_foreign_cipher *c;

	for (c = sa_foreign_ciphers; c < sa_foreign_ciphers + ARRAY_SIZE(sa_foreign_ciphers); c++)
		if (c->id == id && (bits < c->min || bits > c->max))
			return -EINVAL;
	return -ENOSYS;
}

static int sa_check_auth(const struct pfkey_msg *msg)
{
	const struct ipsec_alg *alg = ipsec_alg_auth(msg->sa->sadb_sa_auth);

	if (!alg)
		return -ENOSYS;
	/* the row of "none" takes 0 bits: a key for no algorithm is a mistake */
	return ipsec_alg_key_ok(alg, msg->auth.bits) ? 0 : -EINVAL;
}

static int sa_check_esp(const struct pfkey_msg *msg)
{
	u8 id = msg->sa->sadb_sa_encrypt;
	const struct ipsec_alg *alg;

	if (id == SADB_EALG_NONE)
		return -EINVAL;
	alg = ipsec_alg_enc(id);
	if (!alg)
		return sa_refuse_cipher(id, msg->enc.bits);
	if (!ipsec_alg_key_ok(alg, msg->enc.bits))
		return -EINVAL;
	/* an AEAD is its own integrity; some clients name NULL beside it */
	if (alg->kind == IPSEC_ALG_AEAD && msg->sa->sadb_sa_auth != SADB_AALG_NONE &&
	    msg->sa->sadb_sa_auth != SADB_X_AALG_NULL)
		return -EINVAL;
	return 0;
}

static int sa_check_comp(const struct pfkey_msg *msg)
{
	/* compressed with a key, or authentic, is something else */
	if (msg->auth.bytes || msg->enc.bytes || msg->sa->sadb_sa_auth != SADB_AALG_NONE)
		return -EINVAL;
	/* the CPI has 16 bits */
	if (ntohl(msg->sa->sadb_sa_spi) > U16_MAX)
		return -EINVAL;
	switch (msg->sa->sadb_sa_encrypt) {
	case SADB_X_CALG_NONE:
		return -EINVAL;
	case SADB_X_CALG_DEFLATE:
		return 0;
	default:
		return -ENOSYS;
	}
}

/* Algorithms and keys. */
static int sa_check_algs(const struct pfkey_msg *msg, u8 proto)
{
	int err;

	switch (proto) {
	case IPPROTO_COMP:
		return sa_check_comp(msg);
	case IPPROTO_AH:
		/* as KAME; and one that authenticates nothing is no AH */
		if (msg->sa->sadb_sa_encrypt != SADB_EALG_NONE || msg->enc.bytes)
			return -EINVAL;
		if (msg->sa->sadb_sa_auth == SADB_AALG_NONE ||
		    msg->sa->sadb_sa_auth == SADB_X_AALG_NULL)
			return -EINVAL;
		return sa_check_auth(msg);
	default:
		err = sa_check_auth(msg);
		if (err)
			return err;
		return sa_check_esp(msg);
	}
}

static int sa_check(const struct pfkey_msg *msg, const struct ipsec_sa_want *want)
{
	int err;

	err = sa_check_form(msg, want->proto);
	if (err)
		return err;
	err = sa_check_x_sa(msg, want);
	if (err)
		return err;
	err = sa_check_options(msg, want->proto);
	if (err)
		return err;
	err = sa_check_algs(msg, want->proto);
	if (err)
		return err;
	/* see the head of this file */
	if (want->mode == IPSEC_MODE_BEET)
		return -EPROTONOSUPPORT;
	return 0;
}

/* Lengths were held against the algorithm table, whose greatest fits. */
static void sa_set_key(struct ipsec_sa_key *key, u8 alg, const struct pfkey_key *given)
{
	key->alg = alg;
	key->bits = given->bits;
	if (given->bytes)
		memcpy(key->bytes, given->bytes, (given->bits + 7u) / 8);
}

static void sa_set_limits(struct ipsec_limits *limits, const struct sadb_lifetime *life)
{
	if (!life)
		return;
	limits->packets = life->sadb_lifetime_allocations;
	limits->bytes = life->sadb_lifetime_bytes;
	limits->addtime = life->sadb_lifetime_addtime;
	limits->usetime = life->sadb_lifetime_usetime;
}

/*
 * sadb_sa_replay counts packets on Linux, bytes at KAME, and racoon says 4 for
 * 32 packets: so a window is never smaller than the sysctl. The byte can not
 * say more than 255; our own extension can, and is taken at its word. IPComp
 * has no sequence numbers to watch.
 */
static u32 sa_window(struct ipsec_net *ipn, const struct pfkey_msg *msg)
{
	u32 given = sa_window_given(msg);

	if (msg->base->sadb_msg_satype == SADB_X_SATYPE_IPCOMP)
		return 0;
	if (msg->x_sa && msg->x_sa->sadb_x_testudo_sa_window)
		return given;
	return given ? max_t(u32, given, ipsec_sysctl_replay_window_min(ipn)) : 0;
}

static int sa_set_sequence(struct ipsec_net *ipn, struct ipsec_sa *sa,
			   const struct pfkey_msg *msg)
{
	const struct sadb_x_testudo_sa *x = msg->x_sa;

	if (x) {
		sa->x_flags = x->sadb_x_testudo_sa_flags;
		atomic64_set(&sa->oseq, x->sadb_x_testudo_sa_oseq);
	}
	return ipsec_replay_init(&sa->replay, sa_window(ipn, msg),
				 sa->x_flags & SADB_X_TESTUDO_SA_ESN,
				 x ? x->sadb_x_testudo_sa_iseq : 0);
}

/* 4500 for one that is not named. */
static __be16 sa_natt_port(const struct sadb_x_nat_t_port *port)
{
	__be16 given = port ? port->sadb_x_nat_t_port_port : 0;

	return given ? given : htons(SA_MSG_NATT_PORT);
}

static void sa_set_natt(struct ipsec_sa *sa, const struct pfkey_msg *msg)
{
	if (!msg->natt_type)
		return;
	ipsec_natt_init(sa, (struct ipsec_natt_ports){
		.src = sa_natt_port(msg->natt_sport),
		.dst = sa_natt_port(msg->natt_dport),
	});
	sa->natt.oa_family = msg->natt_oa.family;
	sa->natt.oa = msg->natt_oa.addr;
}

static int sa_fill(struct ipsec_net *ipn, struct ipsec_sa *sa, const struct pfkey_msg *msg,
		   const struct ipsec_sa_want *want)
{
	const struct ipsec_alg *enc = ipsec_alg_enc(msg->sa->sadb_sa_encrypt);
	u8 auth = msg->sa->sadb_sa_auth;

	sa->spi = msg->sa->sadb_sa_spi;
	ipsec_sa_set_want(sa, want);
	sa_set_natt(sa, msg);
	sa->seq = msg->base->sadb_msg_seq;
	sa->pid = msg->base->sadb_msg_pid;
	sa->flags = msg->sa->sadb_sa_flags;
	sa->replay_given = msg->sa->sadb_sa_replay;
	if (enc && enc->kind == IPSEC_ALG_AEAD)
		auth = SADB_AALG_NONE;
	sa_set_key(&sa->auth, auth, &msg->auth);
	sa_set_key(&sa->enc, msg->sa->sadb_sa_encrypt, &msg->enc);
	sa_set_limits(&sa->life.hard, msg->hard);
	sa_set_limits(&sa->life.soft, msg->soft);
	return sa_set_sequence(ipn, sa, msg);
}

/**
 * pfkey_sa_from_msg() - make the SA that SADB_ADD or SADB_UPDATE describes
 * @ipn: namespace
 * @msg: message
 *
 * Context: Process, may sleep (loads crypto drivers): better without locks.
 * Return: a MATURE SA outside the SAD, one reference of it the caller's; or an
 * error: -EINVAL for what is wrong or contradicts itself, -ENOSYS for an
 * algorithm that is not here, -EPROTONOSUPPORT for what this module has not
 * got, -ENOMEM.
 */
struct ipsec_sa *pfkey_sa_from_msg(struct ipsec_net *ipn, const struct pfkey_msg *msg)
{
	struct ipsec_sa_want want;
	struct ipsec_sa *sa;
	int err;

	err = pfkey_want_from_msg(&want, msg);
	if (err)
		return ERR_PTR(err);
	err = sa_check(msg, &want);
	if (err)
		return ERR_PTR(err);

	sa = ipsec_sa_alloc(ipn, GFP_KERNEL);
	if (!sa)
		return ERR_PTR(-ENOMEM);
	err = sa_fill(ipn, sa, msg, &want);
	if (err)
		goto err_put;
	err = ipsec_sa_make_mature(sa, NULL);
	if (err)
		goto err_put;
	return sa;

err_put:
	ipsec_sa_put(sa);
	return ERR_PTR(err);
}

static void sa_put_base(struct pfkey_writer *w, const struct ipsec_sa *sa)
{
	struct sadb_sa *ext = pfkey_put(w, SADB_EXT_SA, sizeof(*ext));

	if (!ext)
		return;
	ext->sadb_sa_spi = sa->spi;
	ext->sadb_sa_replay = sa->replay_given;
	ext->sadb_sa_state = ipsec_sa_shown_state(sa);
	ext->sadb_sa_auth = sa->auth.alg;
	ext->sadb_sa_encrypt = sa->enc.alg;
	ext->sadb_sa_flags = sa->flags;
}

static void sa_put_limits(struct pfkey_writer *w, u16 type, const struct ipsec_limits *limits)
{
	struct sadb_lifetime life = {
		.sadb_lifetime_allocations = min_t(u64, limits->packets, U32_MAX),
		.sadb_lifetime_bytes = limits->bytes,
		.sadb_lifetime_addtime = limits->addtime,
		.sadb_lifetime_usetime = limits->usetime,
	};

	pfkey_put_lifetime(w, type, &life);
}

/* Times are those of the wall clock, first use told from the one that runs on. */
static void sa_put_current(struct pfkey_writer *w, const struct ipsec_sa *sa)
{
	u64 used = atomic64_read(&sa->life.used);
	struct sadb_lifetime life = {
		.sadb_lifetime_allocations = min_t(u64, atomic64_read(&sa->life.packets), U32_MAX),
		.sadb_lifetime_bytes = atomic64_read(&sa->life.bytes),
		.sadb_lifetime_addtime = sa->life.wall_added,
		.sadb_lifetime_usetime = used ? sa->life.wall_added + used - sa->life.added : 0,
	};

	pfkey_put_lifetime(w, SADB_EXT_LIFETIME_CURRENT, &life);
}

/* Protocol 0 and port 0: clients compare whole sockaddrs. */
static void sa_put_addr(struct pfkey_writer *w, u16 type, const union ipsec_addr *a, u16 family)
{
	struct pfkey_addr addr = {
		.addr = *a,
		.family = family,
		.prefixlen = ipsec_addr_bits(family),
	};

	pfkey_put_address(w, type, &addr);
}

static void sa_put_keys(struct pfkey_writer *w, const struct ipsec_sa *sa)
{
	if (sa->auth.bits)
		pfkey_put_key(w, SADB_EXT_KEY_AUTH, sa->auth.bytes, sa->auth.bits);
	if (sa->enc.bits)
		pfkey_put_key(w, SADB_EXT_KEY_ENCRYPT, sa->enc.bytes, sa->enc.bits);
}

static void sa_put_sa2(struct pfkey_writer *w, const struct ipsec_sa *sa)
{
	struct sadb_x_sa2 *ext = pfkey_put(w, SADB_X_EXT_SA2, sizeof(*ext));

	if (!ext)
		return;
	ext->sadb_x_sa2_mode = sa->mode;
	ext->sadb_x_sa2_reqid = sa->reqid;
}

static void sa_put_natt_port(struct pfkey_writer *w, u16 type, __be16 port)
{
	struct sadb_x_nat_t_port *ext = pfkey_put(w, type, sizeof(*ext));

	if (ext)
		ext->sadb_x_nat_t_port_port = port;
}

static void sa_put_natt(struct pfkey_writer *w, const struct ipsec_sa *sa)
{
	struct ipsec_natt_ports ports = ipsec_natt_ports(sa);
	struct sadb_x_nat_t_type *ext = pfkey_put(w, SADB_X_EXT_NAT_T_TYPE, sizeof(*ext));

	if (ext)
		ext->sadb_x_nat_t_type_type = sa->encap;
	sa_put_natt_port(w, SADB_X_EXT_NAT_T_SPORT, ports.src);
	sa_put_natt_port(w, SADB_X_EXT_NAT_T_DPORT, ports.dst);
	if (sa->natt.oa_family)
		sa_put_addr(w, SADB_X_EXT_NAT_T_OA, &sa->natt.oa, sa->natt.oa_family);
}

static void sa_put_x_sa(struct pfkey_writer *w, const struct ipsec_sa *sa)
{
	struct sadb_x_testudo_sa *ext = pfkey_put(w, SADB_X_EXT_TESTUDO_SA, sizeof(*ext));

	if (!ext)
		return;
	ext->sadb_x_testudo_sa_flags = sa->x_flags;
	ext->sadb_x_testudo_sa_window = sa->replay.window;
	ext->sadb_x_testudo_sa_oseq = atomic64_read(&sa->oseq);
	ext->sadb_x_testudo_sa_iseq = atomic64_read(&sa->replay.top);
}

/**
 * pfkey_put_sa() - append the description of an SA
 * @w: message
 * @sa: SA; under ipn->config_mutex, or referenced
 * @parts: enum pfkey_sa_parts, what to add to the rest
 *
 * No PROXY address: Linux always added one of 0.0.0.0/0, which says nothing.
 */
void pfkey_put_sa(struct pfkey_writer *w, const struct ipsec_sa *sa, unsigned int parts)
{
	sa_put_base(w, sa);
	if (parts & PFKEY_SA_HARD)
		sa_put_limits(w, SADB_EXT_LIFETIME_HARD, &sa->life.hard);
	if (parts & PFKEY_SA_SOFT)
		sa_put_limits(w, SADB_EXT_LIFETIME_SOFT, &sa->life.soft);
	sa_put_current(w, sa);
	sa_put_addr(w, SADB_EXT_ADDRESS_SRC, &sa->saddr, sa->family);
	sa_put_addr(w, SADB_EXT_ADDRESS_DST, &sa->daddr, sa->family);
	if (parts & PFKEY_SA_KEYS)
		sa_put_keys(w, sa);
	sa_put_sa2(w, sa);
	if (sa->encap)
		sa_put_natt(w, sa);
	if (parts & PFKEY_SA_X_SA)
		sa_put_x_sa(w, sa);
}

/**
 * pfkey_put_ends() - append the two addresses of an SA
 * @w: message
 * @sa: SA
 */
void pfkey_put_ends(struct pfkey_writer *w, const struct ipsec_sa *sa)
{
	sa_put_addr(w, SADB_EXT_ADDRESS_SRC, &sa->saddr, sa->family);
	sa_put_addr(w, SADB_EXT_ADDRESS_DST, &sa->daddr, sa->family);
}

/**
 * pfkey_put_spi() - append the answer to SADB_GETSPI
 * @w: message
 * @sa: larval SA
 *
 * The form of RFC 2367 3.1.1, without the rest that af_key sends: libreswan
 * complains of each extension beyond these three.
 */
void pfkey_put_spi(struct pfkey_writer *w, const struct ipsec_sa *sa)
{
	sa_put_base(w, sa);
	pfkey_put_ends(w, sa);
}

/**
 * pfkey_put_mapping() - append the news that a NAT has moved a peer
 * @w: message
 * @sa: SA in UDP, of IPSEC_EVENT_SA_MOVED
 *
 * af_key's form: the source is where packets came from, the destination where
 * they come from now.
 */
void pfkey_put_mapping(struct pfkey_writer *w, const struct ipsec_sa *sa)
{
	struct sadb_sa *ext = pfkey_put(w, SADB_EXT_SA, sizeof(*ext));

	if (ext)
		ext->sadb_sa_spi = sa->spi;
	sa_put_addr(w, SADB_EXT_ADDRESS_SRC, &sa->natt.left.addr, sa->family);
	sa_put_natt_port(w, SADB_X_EXT_NAT_T_SPORT, sa->natt.left.port);
	sa_put_addr(w, SADB_EXT_ADDRESS_DST, &sa->natt.seen.addr, sa->family);
	sa_put_natt_port(w, SADB_X_EXT_NAT_T_DPORT, sa->natt.seen.port);
}
