// SPDX-License-Identifier: GPL-2.0
/*
 * Any message field by field, as `setkey -x' and `-v' show the traffic of the
 * socket: in the form of ipsec-tools, with extensions that it could not print
 * added in the same manner. Never prints a pointer out of a message unchecked:
 * it works on parsed messages only.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "pfkey.h"

static void msg_sockaddr(FILE *out, const void *data)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;
	uint16_t family;

	memcpy(&family, data, sizeof(family));
	fprintf(out, "sockaddr{ len=%zu family=%u", pfkey_addr_len(family), family);
	if (family == AF_INET) {
		memcpy(&sin, data, sizeof(sin));
		fprintf(out, " port=%u\n", ntohs(sin.sin_port));
		pfkey_hexdump(out, &sin.sin_addr, sizeof(sin.sin_addr));
	} else if (family == AF_INET6) {
		memcpy(&sin6, data, sizeof(sin6));
		fprintf(out, " port=%u\n", ntohs(sin6.sin6_port));
		fprintf(out, "  flowinfo=0x%08x, scope_id=0x%08x\n", sin6.sin6_flowinfo,
			sin6.sin6_scope_id);
		pfkey_hexdump(out, &sin6.sin6_addr, sizeof(sin6.sin6_addr));
	}
	fputs("  }\n", out);
}

static void msg_sa(FILE *out, const void *ext)
{
	const struct sadb_sa *sa = ext;

	fprintf(out, "sadb_sa{ spi=%u replay=%u state=%u\n", ntohl(sa->sadb_sa_spi),
		sa->sadb_sa_replay, sa->sadb_sa_state);
	fprintf(out, "  auth=%u encrypt=%u flags=0x%08x }\n", sa->sadb_sa_auth,
		sa->sadb_sa_encrypt, sa->sadb_sa_flags);
}

static void msg_lifetime(FILE *out, const void *ext)
{
	const struct sadb_lifetime *lt = ext;

	fprintf(out, "sadb_lifetime{ alloc=%u, bytes=%" PRIu64 "\n", lt->sadb_lifetime_allocations,
		(uint64_t)lt->sadb_lifetime_bytes);
	fprintf(out, "  addtime=%" PRIu64 ", usetime=%" PRIu64 " }\n",
		(uint64_t)lt->sadb_lifetime_addtime, (uint64_t)lt->sadb_lifetime_usetime);
}

static void msg_address(FILE *out, const void *ext)
{
	const struct sadb_address *addr = ext;

	fprintf(out, "sadb_address{ proto=%u prefixlen=%u reserved=0x%04x }\n",
		addr->sadb_address_proto, addr->sadb_address_prefixlen,
		ntohs(addr->sadb_address_reserved));
	msg_sockaddr(out, addr + 1);
}

static void msg_key(FILE *out, const void *ext)
{
	const struct sadb_key *key = ext;

	fprintf(out, "sadb_key{ bits=%u reserved=%u\n  key=", key->sadb_key_bits,
		key->sadb_key_reserved);
	pfkey_hexdump(out, key + 1, key->sadb_key_bits / 8);
	fputs(" }\n", out);
}

static void msg_identity(FILE *out, const void *ext)
{
	const struct sadb_ident *id = ext;
	const char *p = (const char *)(id + 1);
	const char *end = (const char *)ext + id->sadb_ident_len * 8u;

	fprintf(out, "sadb_ident_%s{ type=%u id=%" PRIu64,
		id->sadb_ident_exttype == SADB_EXT_IDENTITY_SRC ? "src" : "dst",
		id->sadb_ident_type, (uint64_t)id->sadb_ident_id);
	if (p < end) {
		fputs("\n  str=\"", out);
		for (; p < end && *p; p++)
			fprintf(out, isprint((unsigned char)*p) ? "%c" : "\\%03o",
				(unsigned char)*p);
		putc('"', out);
	}
	fputs(" }\n", out);
}

static void msg_comb(FILE *out, const struct sadb_comb *c)
{
	fprintf(out, "sadb_comb{ auth=%u encrypt=%u flags=0x%04x reserved=0x%08x\n",
		c->sadb_comb_auth, c->sadb_comb_encrypt, c->sadb_comb_flags,
		c->sadb_comb_reserved);
	fprintf(out, "  auth_minbits=%u auth_maxbits=%u encrypt_minbits=%u encrypt_maxbits=%u\n",
		c->sadb_comb_auth_minbits, c->sadb_comb_auth_maxbits,
		c->sadb_comb_encrypt_minbits, c->sadb_comb_encrypt_maxbits);
	fprintf(out, "  soft_alloc=%u hard_alloc=%u", c->sadb_comb_soft_allocations,
		c->sadb_comb_hard_allocations);
	fprintf(out, " soft_bytes=%" PRIu64 " hard_bytes=%" PRIu64 "\n",
		(uint64_t)c->sadb_comb_soft_bytes, (uint64_t)c->sadb_comb_hard_bytes);
	fprintf(out, "  soft_addtime=%" PRIu64 " hard_addtime=%" PRIu64,
		(uint64_t)c->sadb_comb_soft_addtime, (uint64_t)c->sadb_comb_hard_addtime);
	fprintf(out, " soft_usetime=%" PRIu64 " hard_usetime=%" PRIu64 " }\n",
		(uint64_t)c->sadb_comb_soft_usetime, (uint64_t)c->sadb_comb_hard_usetime);
}

static void msg_proposal(FILE *out, const void *ext)
{
	const struct sadb_prop *prop = ext;
	const struct sadb_comb *comb = (const struct sadb_comb *)(prop + 1);
	size_t n = (prop->sadb_prop_len * 8u - sizeof(*prop)) / sizeof(*comb);

	fprintf(out, "sadb_prop{ replay=%u\n", prop->sadb_prop_replay);
	while (n--)
		msg_comb(out, comb++);
	fputs("}\n", out);
}

static void msg_supported(FILE *out, const void *ext)
{
	const struct sadb_supported *sup = ext;
	const struct sadb_alg *alg = (const struct sadb_alg *)(sup + 1);
	size_t n = (sup->sadb_supported_len * 8u - sizeof(*sup)) / sizeof(*alg);

	fputs("sadb_sup{\n", out);
	for (; n--; alg++)
		fprintf(out, "  { id=%u ivlen=%u min=%u max=%u }\n", alg->sadb_alg_id,
			alg->sadb_alg_ivlen, alg->sadb_alg_minbits, alg->sadb_alg_maxbits);
	fputs("}\n", out);
}

static void msg_spirange(FILE *out, const void *ext)
{
	const struct sadb_spirange *range = ext;

	fprintf(out, "sadb_spirange{ min=0x%08x max=0x%08x }\n", range->sadb_spirange_min,
		range->sadb_spirange_max);
}

static void msg_policy(FILE *out, const void *ext)
{
	const struct sadb_x_policy *pol = ext;
	struct pfkey_request req;
	size_t off = 0, from = sizeof(*pol);

	fprintf(out, "sadb_x_policy{ type=%u dir=%u id=%x priority=%u }\n",
		pol->sadb_x_policy_type, pol->sadb_x_policy_dir, pol->sadb_x_policy_id,
		pol->sadb_x_policy_priority);
	while (pfkey_next_request(pol, &off, &req)) {
		fprintf(out, " { len=%zu proto=%u mode=%u level=%u reqid=%u\n", off - from,
			req.proto, req.mode, req.level, req.reqid);
		if (req.ends) {
			msg_sockaddr(out, &req.src);
			msg_sockaddr(out, &req.dst);
		}
		fputs(" }\n", out);
		from = off;
	}
}

static void msg_sa2(FILE *out, const void *ext)
{
	const struct sadb_x_sa2 *sa2 = ext;

	fprintf(out, "sadb_x_sa2{ mode=%u reqid=%u\n", sa2->sadb_x_sa2_mode,
		sa2->sadb_x_sa2_reqid);
	fprintf(out, "  reserved1=%u reserved2=%u sequence=%u }\n", sa2->sadb_x_sa2_reserved1,
		sa2->sadb_x_sa2_reserved2, sa2->sadb_x_sa2_sequence);
}

static void msg_natt_type(FILE *out, const void *ext)
{
	const struct sadb_x_nat_t_type *natt = ext;

	fprintf(out, "sadb_x_nat_t_type{ type=%u }\n", natt->sadb_x_nat_t_type_type);
}

static void msg_natt_port(FILE *out, const void *ext)
{
	const struct sadb_x_nat_t_port *natt = ext;

	fprintf(out, "sadb_x_nat_t_port{ port=%u }\n", ntohs(natt->sadb_x_nat_t_port_port));
}

static void msg_sec_ctx(FILE *out, const void *ext)
{
	const struct sadb_x_sec_ctx *ctx = ext;

	fprintf(out, "sadb_x_sec_ctx{ alg=%u doi=%u len=%u\n  ctx=\"%.*s\" }\n",
		ctx->sadb_x_ctx_alg, ctx->sadb_x_ctx_doi, ctx->sadb_x_ctx_len,
		(int)ctx->sadb_x_ctx_len, (const char *)(ctx + 1));
}

/* Two packed addresses of one family, which nothing has checked yet. */
static void msg_kmaddress(FILE *out, const void *ext)
{
	const struct sadb_x_kmaddress *kma = ext;
	size_t have = kma->sadb_x_kmaddress_len * 8u - sizeof(*kma);
	const unsigned char *at = (const unsigned char *)(kma + 1);
	uint16_t first = 0, second = 0;
	size_t salen;

	fprintf(out, "sadb_x_kmaddress{ reserved=0x%08x }\n", kma->sadb_x_kmaddress_reserved);
	if (have >= sizeof(first))
		memcpy(&first, at, sizeof(first));
	salen = pfkey_addr_len(first);
	if (!salen || have < 2 * salen)
		return;
	memcpy(&second, at + salen, sizeof(second));
	msg_sockaddr(out, at);
	if (second == first)
		msg_sockaddr(out, at + salen);
}

static void msg_filter(FILE *out, const void *ext)
{
	const struct sadb_x_filter *f = ext;

	fprintf(out, "sadb_x_filter{ family=%u splen=%u dplen=%u\n  src=", f->sadb_x_filter_family,
		f->sadb_x_filter_splen, f->sadb_x_filter_dplen);
	pfkey_hexdump(out, f->sadb_x_filter_saddr, sizeof(f->sadb_x_filter_saddr));
	fputs("\n  dst=", out);
	pfkey_hexdump(out, f->sadb_x_filter_daddr, sizeof(f->sadb_x_filter_daddr));
	fputs(" }\n", out);
}

static void msg_testudo_sa(FILE *out, const void *ext)
{
	const struct sadb_x_testudo_sa *ours = ext;

	fprintf(out, "sadb_x_testudo_sa{ flags=0x%08x window=%u\n", ours->sadb_x_testudo_sa_flags,
		ours->sadb_x_testudo_sa_window);
	fprintf(out, "  oseq=%" PRIu64 " iseq=%" PRIu64 " }\n",
		(uint64_t)ours->sadb_x_testudo_sa_oseq, (uint64_t)ours->sadb_x_testudo_sa_iseq);
}

/* By slot; an extension without a printer is shown by its header alone. */
static void (* const msg_printers[PFKEY_SLOTS])(FILE *out, const void *ext) = {
	[SADB_EXT_SA]			= msg_sa,
	[SADB_EXT_LIFETIME_CURRENT]	= msg_lifetime,
	[SADB_EXT_LIFETIME_HARD]	= msg_lifetime,
	[SADB_EXT_LIFETIME_SOFT]	= msg_lifetime,
	[SADB_EXT_ADDRESS_SRC]		= msg_address,
	[SADB_EXT_ADDRESS_DST]		= msg_address,
	[SADB_EXT_ADDRESS_PROXY]	= msg_address,
	[SADB_EXT_KEY_AUTH]		= msg_key,
	[SADB_EXT_KEY_ENCRYPT]		= msg_key,
	[SADB_EXT_IDENTITY_SRC]		= msg_identity,
	[SADB_EXT_IDENTITY_DST]		= msg_identity,
	[SADB_EXT_PROPOSAL]		= msg_proposal,
	[SADB_EXT_SUPPORTED_AUTH]	= msg_supported,
	[SADB_EXT_SUPPORTED_ENCRYPT]	= msg_supported,
	[SADB_EXT_SPIRANGE]		= msg_spirange,
	[SADB_X_EXT_POLICY]		= msg_policy,
	[SADB_X_EXT_SA2]		= msg_sa2,
	[SADB_X_EXT_NAT_T_TYPE]		= msg_natt_type,
	[SADB_X_EXT_NAT_T_SPORT]	= msg_natt_port,
	[SADB_X_EXT_NAT_T_DPORT]	= msg_natt_port,
	[SADB_X_EXT_NAT_T_OA]		= msg_address,
	[SADB_X_EXT_SEC_CTX]		= msg_sec_ctx,
	[SADB_X_EXT_KMADDRESS]		= msg_kmaddress,
	[SADB_X_EXT_FILTER]		= msg_filter,
	[PFKEY_SLOT_TESTUDO_SA]		= msg_testudo_sa,
};

/**
 * pfkey_text_msg() - print a message field by field
 * @out: where to
 * @msg: parsed message
 *
 * Extensions come in the order of the message.
 */
void pfkey_text_msg(FILE *out, const struct pfkey_msg *msg)
{
	const struct sadb_msg *base = msg->base;
	const unsigned char *at = (const unsigned char *)(base + 1);
	const unsigned char *end = (const unsigned char *)base + base->sadb_msg_len * 8u;
	const struct sadb_ext *ext;
	unsigned int slot;

	fprintf(out, "sadb_msg{ version=%u type=%u errno=%u satype=%u\n", base->sadb_msg_version,
		base->sadb_msg_type, base->sadb_msg_errno, base->sadb_msg_satype);
	fprintf(out, "  len=%u reserved=%u seq=%u pid=%u\n", base->sadb_msg_len,
		base->sadb_msg_reserved, base->sadb_msg_seq, base->sadb_msg_pid);
	for (; at < end; at += ext->sadb_ext_len * 8u) {
		ext = (const struct sadb_ext *)at;
		fprintf(out, "sadb_ext{ len=%u type=%u }\n", ext->sadb_ext_len,
			ext->sadb_ext_type);
		slot = PFKEY_SLOT(ext->sadb_ext_type);
		if (msg_printers[slot])
			msg_printers[slot](out, ext);
	}
}
