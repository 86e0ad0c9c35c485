// SPDX-License-Identifier: GPL-2.0
/*
 * An SA and a policy as text, byte for byte in the form of ipsec-tools' setkey
 * that scripts have learned to read, odd blanks included. Never adds a word to
 * it, save one line for what that form has no place for (ESN, wide windows).
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "pfkey.h"

/* KAME's priorities: a lower number wins, and text counts from these three. */
#define TEXT_PRIO_HIGH	0x40000000u
#define TEXT_PRIO_DEF	0x80000000u
#define TEXT_PRIO_LOW	0xc0000000u

/**
 * pfkey_hexdump() - bytes in groups of four, 32 to a line
 * @out: where to
 * @data: bytes
 * @len: how many
 */
void pfkey_hexdump(FILE *out, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t i;

	for (i = 0; i < len; i++) {
		if (i && i % 32 == 0)
			putc('\n', out);
		if (i % 4 == 0)
			putc(' ', out);
		fprintf(out, "%02x", p[i]);
	}
}

/* A name and a blank, or the number and a blank. */
static void text_name(FILE *out, const char *name, unsigned int num)
{
	if (name)
		fprintf(out, "%s ", name);
	else
		fprintf(out, "%u ", num);
}

static void text_alg(FILE *out, enum pfkey_alg_kind kind, unsigned int id)
{
	const struct pfkey_alg *alg = pfkey_alg_by_id(kind, id);

	text_name(out, alg ? alg->name : NULL, id);
}

/* "Nov 21 23:20:05 2025", or 20 blanks for never. */
static void text_time(FILE *out, uint64_t when)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = when;
	struct tm tm;

	if (!when)
		fprintf(out, "%20s", "");
	else if (when > INT64_MAX || !localtime_r(&t, &tm) || tm.tm_year > 8099)
		fputs("????????????????????", out);
	else
		fprintf(out, "%.3s %2d %02d:%02d:%02d %04d", months + 3 * tm.tm_mon, tm.tm_mday,
			tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_year + 1900);
}

/* Address and blank of an SA; a NAT-T port follows the address in its own brackets. */
static void text_sa_end(FILE *out, const struct pfkey_msg *msg, unsigned int type,
			const struct sadb_x_nat_t_port *natt, unsigned int flags)
{
	char buf[PFKEY_ADDR_TEXT];
	struct sockaddr_storage sa;

	pfkey_get_address(msg, type, &sa);
	fputs(pfkey_addr_text(&sa, buf, sizeof(buf)), out);
	if (flags & PFKEY_TEXT_PORTS)
		fprintf(out, "[%u]", pfkey_addr_port(&sa));
	if (natt)
		fprintf(out, "[%u]", ntohs(natt->sadb_x_nat_t_port_port));
	putc(' ', out);
}

/* The two lines that name the SA. */
static void text_sa_head(FILE *out, const struct pfkey_msg *msg, unsigned int flags)
{
	const struct sadb_x_nat_t_type *natt = pfkey_ext(msg, SADB_X_EXT_NAT_T_TYPE);
	const struct sadb_x_sa2 *sa2 = pfkey_ext(msg, SADB_X_EXT_SA2);
	const struct sadb_sa *sa = pfkey_ext(msg, SADB_EXT_SA);
	bool encap = natt && natt->sadb_x_nat_t_type_type;
	unsigned int satype = msg->base->sadb_msg_satype;
	char buf[PFKEY_ADDR_TEXT];
	struct sockaddr_storage oa;
	uint32_t spi = ntohl(sa->sadb_sa_spi);

	text_sa_end(out, msg, SADB_EXT_ADDRESS_SRC,
		    encap ? pfkey_ext(msg, SADB_X_EXT_NAT_T_SPORT) : NULL, flags);
	text_sa_end(out, msg, SADB_EXT_ADDRESS_DST,
		    encap ? pfkey_ext(msg, SADB_X_EXT_NAT_T_DPORT) : NULL, flags);
	fputs("\n\t", out);
	if (encap && satype == SADB_SATYPE_ESP)
		fputs("esp-udp ", out);
	else if (encap)
		fputs("natt+", out);
	if (!encap || satype != SADB_SATYPE_ESP)
		text_name(out, pfkey_satype_name(satype), satype);
	fputs("mode=", out);
	text_name(out, pfkey_mode_name(sa2->sadb_x_sa2_mode), sa2->sadb_x_sa2_mode);
	fprintf(out, "spi=%u(0x%08x) reqid=%u(0x%08x)\n", spi, spi, sa2->sadb_x_sa2_reqid,
		sa2->sadb_x_sa2_reqid);
	if (encap && pfkey_get_address(msg, SADB_X_EXT_NAT_T_OA, &oa))
		fprintf(out, "\tNAT OA=%s\n", pfkey_addr_text(&oa, buf, sizeof(buf)));
}

static void text_key(FILE *out, char tag, enum pfkey_alg_kind kind, unsigned int id,
		     const struct sadb_key *key, unsigned int flags)
{
	if (!key)
		return;
	fprintf(out, "\t%c: ", tag);
	text_alg(out, kind, id);
	if (!(flags & PFKEY_TEXT_NO_KEYS))
		pfkey_hexdump(out, key + 1, key->sadb_key_bits / 8);
	else if (key->sadb_key_bits)
		fprintf(out, "(key of %u bits)", key->sadb_key_bits);
	putc('\n', out);
}

/* Algorithms, keys, window and state; the line of IPComp's algorithm has no end. */
static void text_sa_body(FILE *out, const struct pfkey_msg *msg, unsigned int flags)
{
	const struct sadb_x_testudo_sa *ours = pfkey_ext(msg, SADB_X_EXT_TESTUDO_SA);
	const struct sadb_x_sa2 *sa2 = pfkey_ext(msg, SADB_X_EXT_SA2);
	const struct sadb_sa *sa = pfkey_ext(msg, SADB_EXT_SA);

	if (msg->base->sadb_msg_satype == SADB_X_SATYPE_IPCOMP) {
		fputs("\tC: ", out);
		text_alg(out, PFKEY_ALG_COMP, sa->sadb_sa_encrypt);
	} else if (msg->base->sadb_msg_satype == SADB_SATYPE_ESP) {
		text_key(out, 'E', PFKEY_ALG_ENC, sa->sadb_sa_encrypt,
			 pfkey_ext(msg, SADB_EXT_KEY_ENCRYPT), flags);
	}
	text_key(out, 'A', PFKEY_ALG_AUTH, sa->sadb_sa_auth, pfkey_ext(msg, SADB_EXT_KEY_AUTH),
		 flags);
	fprintf(out, "\tseq=0x%08x replay=%u flags=0x%08x state=", sa2->sadb_x_sa2_sequence,
		sa->sadb_sa_replay, sa->sadb_sa_flags);
	text_name(out, pfkey_state_name(sa->sadb_sa_state), sa->sadb_sa_state);
	putc('\n', out);
	if (ours && (ours->sadb_x_testudo_sa_flags || ours->sadb_x_testudo_sa_window > 255))
		fprintf(out, "\tesn=%s window=%u oseq=%" PRIu64 " iseq=%" PRIu64 "%s%s\n",
			ours->sadb_x_testudo_sa_flags & SADB_X_TESTUDO_SA_ESN ? "yes" : "no",
			ours->sadb_x_testudo_sa_window, (uint64_t)ours->sadb_x_testudo_sa_oseq,
			(uint64_t)ours->sadb_x_testudo_sa_iseq,
			ours->sadb_x_testudo_sa_flags & SADB_X_TESTUDO_SA_ALIGN8 ? " align=8" : "",
			ours->sadb_x_testudo_sa_flags & SADB_X_TESTUDO_SA_DFSET ? " df=set" : "");
}

/* The limits of an extension that may be absent: absent is unlimited. */
static struct pfkey_limits text_limits(const struct pfkey_msg *msg, unsigned int type)
{
	const struct sadb_lifetime *lt = pfkey_ext(msg, type);

	if (!lt)
		return (struct pfkey_limits){ 0 };
	return (struct pfkey_limits){
		.packets = lt->sadb_lifetime_allocations,
		.bytes = lt->sadb_lifetime_bytes,
		.addtime = lt->sadb_lifetime_addtime,
		.usetime = lt->sadb_lifetime_usetime,
	};
}

static void text_sa_life(FILE *out, const struct pfkey_msg *msg, int64_t now)
{
	struct pfkey_limits cur = text_limits(msg, SADB_EXT_LIFETIME_CURRENT);
	struct pfkey_limits hard = text_limits(msg, SADB_EXT_LIFETIME_HARD);
	struct pfkey_limits soft = text_limits(msg, SADB_EXT_LIFETIME_SOFT);

	if (!pfkey_ext(msg, SADB_EXT_LIFETIME_CURRENT))
		return;
	fputs("\tcreated: ", out);
	text_time(out, cur.addtime);
	fputs("\tcurrent: ", out);
	text_time(out, now);
	fprintf(out, "\n\tdiff: %" PRIu64 "(s)", cur.addtime ? (uint64_t)now - cur.addtime : 0);
	fprintf(out, "\thard: %" PRIu64 "(s)\tsoft: %" PRIu64 "(s)\n\tlast: ", hard.addtime,
		soft.addtime);
	text_time(out, cur.usetime);
	fprintf(out, "\thard: %" PRIu64 "(s)\tsoft: %" PRIu64 "(s)\n", hard.usetime, soft.usetime);
	fprintf(out, "\tcurrent: %" PRIu64 "(bytes)", cur.bytes);
	fprintf(out, "\thard: %" PRIu64 "(bytes)", hard.bytes);
	fprintf(out, "\tsoft: %" PRIu64 "(bytes)\n", soft.bytes);
	fprintf(out, "\tallocated: %u\thard: %u\tsoft: %u\n", cur.packets, hard.packets,
		soft.packets);
}

static void text_sec_ctx(FILE *out, const struct pfkey_msg *msg)
{
	const struct sadb_x_sec_ctx *ctx = pfkey_ext(msg, SADB_X_EXT_SEC_CTX);

	if (!ctx)
		return;
	fprintf(out, "\tsecurity context doi: %u\n", ctx->sadb_x_ctx_doi);
	fprintf(out, "\tsecurity context algorithm: %u\n", ctx->sadb_x_ctx_alg);
	fprintf(out, "\tsecurity context length: %u\n", ctx->sadb_x_ctx_len);
	fprintf(out, "\tsecurity context: %.*s\n", (int)ctx->sadb_x_ctx_len,
		(const char *)(ctx + 1));
}

/**
 * pfkey_text_sa() - print an SA as `setkey -D' does
 * @out: where to
 * @msg: SADB_DUMP or SADB_GET answer
 * @flags: PFKEY_TEXT_*
 * @now: seconds since the epoch, for "current" and "diff"
 */
void pfkey_text_sa(FILE *out, const struct pfkey_msg *msg, unsigned int flags, int64_t now)
{
	static const unsigned int needed[] = { SADB_EXT_ADDRESS_SRC, SADB_EXT_ADDRESS_DST,
					       SADB_EXT_SA, SADB_X_EXT_SA2 };
	size_t i;

	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (pfkey_ext(msg, needed[i]))
			continue;
		fprintf(out, "no %s extension.\n", pfkey_ext_name(needed[i]));
		return;
	}
	text_sa_head(out, msg, flags);
	text_sa_body(out, msg, flags);
	text_sa_life(out, msg, now);
	text_sec_ctx(out, msg);
	fprintf(out, "\tsadb_seq=%u pid=%u refcnt=%u\n", msg->base->sadb_msg_seq,
		msg->base->sadb_msg_pid, msg->base->sadb_msg_reserved);
}

/* Three columns of seconds at most; what does not fit is "big". */
static void text_short_seconds(FILE *out, const char *fmt, uint64_t secs)
{
	char num[8] = "big";

	if (secs < 1000)
		snprintf(num, sizeof(num), "%u", (unsigned int)secs);
	fprintf(out, fmt, num);
}

/**
 * pfkey_text_sa_line() - print an SA in one line as `setkey -D -l' does
 * @out: where to
 * @msg: SADB_DUMP answer
 * @now: seconds since the epoch
 */
void pfkey_text_sa_line(FILE *out, const struct pfkey_msg *msg, int64_t now)
{
	static const char states[] = "LMDd";
	const struct sadb_sa *sa = pfkey_ext(msg, SADB_EXT_SA);
	struct pfkey_limits cur = text_limits(msg, SADB_EXT_LIFETIME_CURRENT);
	struct pfkey_limits hard = text_limits(msg, SADB_EXT_LIFETIME_HARD);
	const char *name = pfkey_satype_name(msg->base->sadb_msg_satype);
	char src[PFKEY_ADDR_TEXT], dst[PFKEY_ADDR_TEXT];
	struct sockaddr_storage a, b;

	fprintf(out, "%02u%02u %-3s ", (unsigned int)(now % 3600 / 60), (unsigned int)(now % 60),
		name ? name : "?");
	if (sa)
		fprintf(out, "%c %08x", sa->sadb_sa_state < 4 ? states[sa->sadb_sa_state] : '?',
			ntohl(sa->sadb_sa_spi));
	else
		fprintf(out, "? %-8s", "?");
	text_short_seconds(out, " %3s/", cur.addtime ? (uint64_t)now - cur.addtime : 0);
	text_short_seconds(out, "%-3s ", hard.addtime);
	pfkey_get_address(msg, SADB_EXT_ADDRESS_SRC, &a);
	pfkey_get_address(msg, SADB_EXT_ADDRESS_DST, &b);
	fprintf(out, "%s -> %s\n", pfkey_addr_text(&a, src, sizeof(src)),
		pfkey_addr_text(&b, dst, sizeof(dst)));
}

/* Do the ports of a selector say something else in this protocol? */
static bool text_portless(unsigned int proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6 || proto == IPPROTO_MH ||
	       proto == IPPROTO_GRE;
}

/* "10.0.0.0/24[any] " */
static void text_sp_range(FILE *out, const struct pfkey_msg *msg, unsigned int type)
{
	const struct sadb_address *addr = pfkey_ext(msg, type);
	char buf[PFKEY_ADDR_TEXT];
	struct sockaddr_storage sa;

	pfkey_get_address(msg, type, &sa);
	fputs(pfkey_addr_text(&sa, buf, sizeof(buf)), out);
	if (addr->sadb_address_prefixlen != pfkey_addr_bits(sa.ss_family))
		fprintf(out, "/%u", addr->sadb_address_prefixlen);
	if (text_portless(addr->sadb_address_proto))
		putc(' ', out);
	else if (pfkey_addr_port(&sa))
		fprintf(out, "[%u] ", pfkey_addr_port(&sa));
	else
		fputs("[any] ", out);
}

static void text_sp_upper(FILE *out, const struct pfkey_msg *msg)
{
	const struct sadb_address *addr = pfkey_ext(msg, SADB_EXT_ADDRESS_SRC);
	unsigned int proto = addr->sadb_address_proto;
	const char *name = pfkey_proto_name(proto);
	struct sockaddr_storage src, dst;
	uint16_t p1, p2;

	if (name)
		fputs(name, out);
	else
		fprintf(out, "%u", proto);
	pfkey_get_address(msg, SADB_EXT_ADDRESS_SRC, &src);
	pfkey_get_address(msg, SADB_EXT_ADDRESS_DST, &dst);
	p1 = pfkey_addr_port(&src);
	p2 = pfkey_addr_port(&dst);
	if ((!p1 && !p2) || !text_portless(proto))
		return;
	if (proto == IPPROTO_GRE)
		fprintf(out, " %u", (unsigned int)p1 << 16 | p2);
	else
		fprintf(out, " %u,%u", p1, p2);
}

/* " prio def + 10": counted from the nearest of the three bases, none when 0 */
static void text_priority(FILE *out, uint32_t prio)
{
	const char *base = "low";
	uint32_t from = TEXT_PRIO_LOW;

	if (!prio)
		return;
	if (prio < TEXT_PRIO_DEF / 4 * 3) {
		base = "high";
		from = TEXT_PRIO_HIGH;
	} else if (prio < TEXT_PRIO_DEF / 4 * 5) {
		base = "def";
		from = TEXT_PRIO_DEF;
	}
	fprintf(out, " prio %s", base);
	if (prio < from)
		fprintf(out, " + %u", from - prio);
	else if (prio > from)
		fprintf(out, " - %u", prio - from);
}

static void text_request_end(FILE *out, const struct sockaddr_storage *sa, unsigned int flags)
{
	char buf[PFKEY_ADDR_TEXT];

	fputs(pfkey_addr_text(sa, buf, sizeof(buf)), out);
	if (flags & PFKEY_TEXT_PORTS)
		fprintf(out, "[%u]", pfkey_addr_port(sa));
}

/* "\n\tesp/tunnel/1.1.1.1-2.2.2.2/unique:7"; a reqid that the kernel chose shows as #N */
static void text_request(FILE *out, const struct pfkey_request *req, unsigned int flags)
{
	const char *mode = pfkey_mode_name(req->mode);

	fprintf(out, "\n\t%s/%s/", pfkey_transform_name(req->proto), mode ? mode : "?");
	if (req->ends) {
		text_request_end(out, &req->src, flags);
		putc('-', out);
		text_request_end(out, &req->dst, flags);
	}
	fprintf(out, "/%s", pfkey_level_name(req->level));
	if (req->reqid)
		fprintf(out, "%c%u", req->reqid > IPSEC_MANUAL_REQID_MAX ? '#' : ':', req->reqid);
}

static void text_policy(FILE *out, const struct sadb_x_policy *pol, unsigned int flags)
{
	struct pfkey_request req;
	size_t off = 0;

	fprintf(out, "\n\t%s", pfkey_dir_name(pol->sadb_x_policy_dir));
	text_priority(out, pol->sadb_x_policy_priority);
	fprintf(out, " %s", pfkey_policy_name(pol->sadb_x_policy_type));
	while (pfkey_next_request(pol, &off, &req))
		text_request(out, &req, flags);
	putc('\n', out);
}

/**
 * pfkey_text_sp() - print a policy as `setkey -DP' does
 * @out: where to
 * @msg: SADB_X_SPDDUMP or SADB_X_SPDGET answer
 * @flags: PFKEY_TEXT_*
 */
void pfkey_text_sp(FILE *out, const struct pfkey_msg *msg, unsigned int flags)
{
	const struct sadb_x_policy *pol = pfkey_ext(msg, SADB_X_EXT_POLICY);
	struct pfkey_limits cur = text_limits(msg, SADB_EXT_LIFETIME_CURRENT);
	struct pfkey_limits hard = text_limits(msg, SADB_EXT_LIFETIME_HARD);

	if (!pol) {
		fputs("no X_POLICY extension.\n", out);
		return;
	}
	if (pol->sadb_x_policy_id % 8 >= 3) {
		fputs("(per-socket policy) ", out);
	} else if (pfkey_ext(msg, SADB_EXT_ADDRESS_SRC) && pfkey_ext(msg, SADB_EXT_ADDRESS_DST)) {
		text_sp_range(out, msg, SADB_EXT_ADDRESS_SRC);
		text_sp_range(out, msg, SADB_EXT_ADDRESS_DST);
		text_sp_upper(out, msg);
	} else {
		fputs("(no selector, probably per-socket policy) ", out);
	}
	text_policy(out, pol, flags);
	if (pfkey_ext(msg, SADB_EXT_LIFETIME_CURRENT)) {
		fputs("\tcreated: ", out);
		text_time(out, cur.addtime);
		fputs("  lastused: ", out);
		text_time(out, cur.usetime);
		putc('\n', out);
	}
	if (pfkey_ext(msg, SADB_EXT_LIFETIME_HARD))
		fprintf(out, "\tlifetime: %" PRIu64 "(s) validtime: %" PRIu64 "(s)\n", hard.addtime,
			hard.usetime);
	text_sec_ctx(out, msg);
	fprintf(out, "\tspid=%u seq=%u pid=%u\n\trefcnt=%u\n", pol->sadb_x_policy_id,
		msg->base->sadb_msg_seq, msg->base->sadb_msg_pid, msg->base->sadb_msg_reserved);
}
