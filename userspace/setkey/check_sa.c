// SPDX-License-Identifier: GPL-2.0
/*
 * Evaluating an SA command: names into numbers, keys into bytes, options
 * against the protocol, key lengths against the algorithm and against what the
 * kernel offers. Reports every fault at its place; never sends anything.
 */
#include <string.h>

#include "near.h"
#include "setkey.h"

/* Options that make sense where no key is given. */
#define CHECK_KEY_OPTS \
	(1u << OPT_ENC | 1u << OPT_AUTH | 1u << OPT_COMP | 1u << OPT_RAWCPI | 1u << OPT_SEQ)

/**
 * struct check_flag - a word after -f
 * @word: word
 * @set: bits of sadb_sa_flags to set
 * @clear: bits to clear
 * @x_set: bits of sadb_x_testudo_sa_flags to set
 */
struct check_flag {
	const char *word;
	uint32_t set;
	uint32_t clear;
	uint32_t x_set;
};

static const struct check_flag check_flags[] = {
	{ "cyclic-seq",		PFKEY_SAFLAG_CYCSEQ,	 0, 0 },
	{ "nocyclic-seq",	0,			 PFKEY_SAFLAG_CYCSEQ, 0 },
	{ "random-pad",		PFKEY_SAFLAG_PRAND,	 PFKEY_SAFLAG_PZERO, 0 },
	{ "zero-pad",		PFKEY_SAFLAG_PZERO,	 PFKEY_SAFLAG_PRAND, 0 },
	{ "seq-pad",		0,			 PFKEY_SAFLAG_PRAND | PFKEY_SAFLAG_PZERO, 0 },
	{ "nopmtudisc",		SADB_SAFLAGS_NOPMTUDISC, 0, 0 },
	{ "decap-dscp",		SADB_SAFLAGS_DECAP_DSCP, 0, 0 },
	{ "noecn",		SADB_SAFLAGS_NOECN,	 0, 0 },
	{ "esn",		0,			 0, SADB_X_TESTUDO_SA_ESN },
	{ "align8",		0,			 0, SADB_X_TESTUDO_SA_ALIGN8 },
	{ "dfset",		0,			 0, SADB_X_TESTUDO_SA_DFSET },
};

static bool check_flag(struct source *src, struct span s, struct sa_spec *spec)
{
	size_t i;

	for (i = 0; i < sizeof(check_flags) / sizeof(check_flags[0]); i++) {
		if (!source_is(src, s, check_flags[i].word))
			continue;
		spec->flags &= ~check_flags[i].clear;
		spec->flags |= check_flags[i].set;
		spec->x_flags |= check_flags[i].x_set;
		return true;
	}
	source_error(src, s, "'%.*s' is no flag; expected esn, align8, nocyclic-seq, cyclic-seq, seq-pad, random-pad, zero-pad, nopmtudisc, dfset, decap-dscp or noecn",
		     SPAN_ARG(src, s));
	return false;
}

static bool check_mode(struct source *src, struct span s, uint8_t *mode)
{
	static const char * const modes[] = { "any", "transport", "tunnel" };
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (!source_is(src, s, modes[i]))
			continue;
		*mode = i;
		return true;
	}
	source_error(src, s, "'%.*s' is no mode; expected transport, tunnel or any",
		     SPAN_ARG(src, s));
	return false;
}

static unsigned int check_hex_digit(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* A key as text in quotes, or as 0x and an even number of digits. */
static bool check_key_bytes(struct source *src, struct span s, struct key *key)
{
	const char *p = src->text + s.off;
	size_t i;

	if (p[0] != '"' && s.len % 2) {
		source_error(src, s, "the key has an odd number of hexadecimal digits (%u); expected two for each byte",
			     s.len - 2);
		return false;
	}
	key->len = p[0] == '"' ? s.len - 2 : s.len / 2 - 1;
	if (key->len > sizeof(key->bytes)) {
		source_error(src, s, "the key has %zu bits; expected at most %zu", key->len * 8,
			     sizeof(key->bytes) * 8);
		return false;
	}
	if (p[0] == '"') {
		memcpy(key->bytes, p + 1, key->len);
		return true;
	}
	for (i = 0, p += 2; i < key->len; i++, p += 2)
		key->bytes[i] = check_hex_digit(p[0]) << 4 | check_hex_digit(p[1]);
	return true;
}

/* "128, 192 or 256", "40 to 448" or "192": what lengths an algorithm takes */
static const char *check_key_lengths(const struct pfkey_alg *alg, char *buf, size_t size)
{
	unsigned int bits, last;
	size_t len;

	last = alg->step ? (alg->maxbits - alg->minbits) / alg->step : 0;
	if (last > 3) {
		snprintf(buf, size, "%u to %u", alg->minbits, alg->maxbits);
		return buf;
	}
	len = snprintf(buf, size, "%u", alg->minbits);
	for (bits = alg->minbits; bits < alg->maxbits && len < size;) {
		bits += alg->step;
		len += snprintf(buf + len, size - len, "%s%u", bits < alg->maxbits ? ", " : " or ",
				bits);
	}
	return buf;
}

/* Does the kernel have this algorithm, and with this key length? */
static bool check_offer(const struct setkey *sk, struct source *src, const struct opt *opt,
			const struct pfkey_alg *alg, size_t bits)
{
	const struct sadb_alg *table = sk->offer.enc, *have;

	if (alg->kind == PFKEY_ALG_AUTH)
		table = sk->offer.auth;
	have = &table[alg->id];
	if (!sk->offer.known)
		return true;
	if (!have->sadb_alg_id) {
		source_error(src, opt->arg[0], "this kernel does not offer '%s'", alg->name);
		return false;
	}
	if (bits >= have->sadb_alg_minbits && bits <= have->sadb_alg_maxbits)
		return true;
	source_error(src, opt->arg[1].len ? opt->arg[1] : opt->arg[0],
		     "the key has %zu bits; this kernel takes %u to %u for %s", bits,
		     have->sadb_alg_minbits, have->sadb_alg_maxbits, alg->name);
	return false;
}

/* The nearest name that this kernel may have, else some of them. */
static void check_no_alg(struct source *src, struct span s, enum pfkey_alg_kind kind)
{
	struct near near = { .word = src->text + s.off, .len = s.len };
	const char *some = "aes-gcm-16, chacha20-poly1305, aes-cbc, null";
	const char *what = "encryption";
	const struct pfkey_alg *alg;
	size_t i;

	if (kind == PFKEY_ALG_AUTH) {
		some = "hmac-sha256, hmac-sha1, aes-cmac";
		what = "authentication";
	}
	for (i = 0; (alg = pfkey_alg_row(i)); i++)
		if (alg->kind == kind && !(alg->flags & PFKEY_ALG_GONE))
			near_try(&near, alg->name);
	if (near.best)
		source_error(src, s, "'%.*s' is no %s algorithm; expected %s?", SPAN_ARG(src, s),
			     what, near.best);
	else
		source_error(src, s, "'%.*s' is no %s algorithm; expected %s or another one of setkey(8)",
			     SPAN_ARG(src, s), what, some);
}

/* -E or -A with its key. */
static const struct pfkey_alg *check_alg(const struct setkey *sk, struct source *src,
					 const struct opt *opt, enum pfkey_alg_kind kind,
					 struct key *key)
{
	const struct pfkey_alg *alg;
	char lengths[64];

	alg = pfkey_alg_by_name(kind, src->text + opt->arg[0].off, opt->arg[0].len);
	if (!alg) {
		check_no_alg(src, opt->arg[0], kind);
		return NULL;
	}
	if (alg->flags & PFKEY_ALG_GONE) {
		source_error(src, opt->arg[0], "no Linux kernel has '%s'", alg->name);
		return NULL;
	}
	key->len = 0;
	if (!opt->arg[1].len && alg->minbits) {
		source_error(src, opt->arg[0], "'%s' needs a key; expected \"text\" or 0x and digits, %s bits",
			     alg->name, check_key_lengths(alg, lengths, sizeof(lengths)));
		return NULL;
	}
	if (opt->arg[1].len && !check_key_bytes(src, opt->arg[1], key))
		return NULL;
	if (!pfkey_alg_takes(alg, key->len * 8)) {
		source_error(src, opt->arg[1], "the key has %zu bits; expected %s for %s",
			     key->len * 8, check_key_lengths(alg, lengths, sizeof(lengths)),
			     alg->name);
		return NULL;
	}
	return check_offer(sk, src, opt, alg, key->len * 8) ? alg : NULL;
}

static bool check_comp(struct source *src, const struct opt *opt, struct sa_spec *spec)
{
	const struct pfkey_alg *alg = pfkey_alg_by_name(PFKEY_ALG_COMP, src->text + opt->arg[0].off,
							opt->arg[0].len);

	if (!alg || alg->flags & PFKEY_ALG_GONE) {
		source_error(src, opt->arg[0], "'%.*s' is no compression algorithm; expected deflate, lzs, lzjh or oui",
			     SPAN_ARG(src, opt->arg[0]));
		return false;
	}
	spec->enc = alg->id;
	return true;
}

/* Options that are a number; the others are none of its business. */
static bool check_number_opt(struct source *src, const struct opt *opt, struct sa_spec *spec)
{
	struct {
		enum opt_kind kind;
		const char *what;
		uint64_t max;
		uint32_t *small;
		uint64_t *large;
	} rows[] = {
		{ OPT_WINDOW, "a replay window", SADB_X_TESTUDO_WINDOW_MAX, &spec->window, NULL },
		{ OPT_REQID, "a reqid", UINT32_MAX, &spec->reqid, NULL },
		{ OPT_TIME_HARD, "a lifetime", INT64_MAX, NULL, &spec->hard.addtime },
		{ OPT_TIME_SOFT, "a lifetime", INT64_MAX, NULL, &spec->soft.addtime },
		{ OPT_BYTES_HARD, "a byte limit", UINT64_MAX, NULL, &spec->hard.bytes },
		{ OPT_BYTES_SOFT, "a byte limit", UINT64_MAX, NULL, &spec->soft.bytes },
		{ OPT_PACKETS_HARD, "a packet limit", UINT32_MAX, &spec->hard.packets, NULL },
		{ OPT_PACKETS_SOFT, "a packet limit", UINT32_MAX, &spec->soft.packets, NULL },
		{ OPT_SEQ, "a sequence number", UINT64_MAX, NULL, &spec->seq },
	};
	uint64_t val;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].kind != opt->kind)
			continue;
		if (!check_number(src, opt->arg[0], rows[i].max, rows[i].what, &val))
			return false;
		if (rows[i].small)
			*rows[i].small = val;
		else
			*rows[i].large = val;
	}
	return true;
}

/**
 * struct check_keys - the options that choose algorithms
 * @enc: -E or NULL
 * @auth: -A or NULL
 * @comp: -C or NULL
 * @raw: -R or NULL
 */
struct check_keys {
	const struct opt *enc;
	const struct opt *auth;
	const struct opt *comp;
	const struct opt *raw;
};

static bool check_once(struct source *src, const struct opt *opt, const struct opt **slot)
{
	if (*slot) {
		source_error(src, opt->name, "'%.*s' is given twice", SPAN_ARG(src, opt->name));
		return false;
	}
	*slot = opt;
	return true;
}

static bool check_opt(struct source *src, const struct cmd *cmd, const struct opt *opt,
		      struct sa_spec *spec, struct check_keys *keys)
{
	if (cmd->kind != CMD_ADD && cmd->kind != CMD_UPDATE && CHECK_KEY_OPTS & 1u << opt->kind) {
		source_error(src, opt->name, "'%.*s' does not take '%.*s'",
			     SPAN_ARG(src, cmd->verb), SPAN_ARG(src, opt->name));
		return false;
	}
	switch (opt->kind) {
	case OPT_MODE:
		return check_mode(src, opt->arg[0], &spec->mode);
	case OPT_FLAG:
		return check_flag(src, opt->arg[0], spec);
	case OPT_CTX:
		return check_label(src, opt, &spec->label);
	case OPT_ENC:
		return check_once(src, opt, &keys->enc);
	case OPT_AUTH:
		return check_once(src, opt, &keys->auth);
	case OPT_COMP:
		return check_once(src, opt, &keys->comp);
	case OPT_RAWCPI:
		keys->raw = opt;
		return true;
	default:
		spec->ours |= opt->kind == OPT_SEQ;
		return check_number_opt(src, opt, spec);
	}
}

/* ESP: a cipher always, a hash unless the cipher is an AEAD. */
static bool check_esp(const struct setkey *sk, struct source *src, const struct check_keys *keys,
		      struct sa_spec *spec)
{
	const struct pfkey_alg *enc, *auth = NULL;

	enc = check_alg(sk, src, keys->enc, PFKEY_ALG_ENC, &spec->enc_key);
	if (keys->auth)
		auth = check_alg(sk, src, keys->auth, PFKEY_ALG_AUTH, &spec->auth_key);
	if (!enc || (keys->auth && !auth))
		return false;
	spec->enc = enc->id;
	spec->has_enc_key = true;
	if (enc->flags & PFKEY_ALG_AEAD && auth && auth->id != SADB_X_AALG_NULL) {
		source_error(src, keys->auth->name, "'%s' authenticates by itself; expected no -A",
			     enc->name);
		return false;
	}
	if (auth && !(enc->flags & PFKEY_ALG_AEAD)) {
		spec->auth = auth->id;
		spec->has_auth_key = auth->id != SADB_X_AALG_NULL;
	}
	return true;
}

static bool check_ah(const struct setkey *sk, struct source *src, const struct check_keys *keys,
		     struct sa_spec *spec)
{
	const struct pfkey_alg *auth = check_alg(sk, src, keys->auth, PFKEY_ALG_AUTH,
						 &spec->auth_key);

	if (!auth)
		return false;
	spec->auth = auth->id;
	spec->has_auth_key = auth->id != SADB_X_AALG_NULL;
	return true;
}

/* Complain about an option that a protocol needs or does not know. */
static bool check_wants(struct source *src, const struct cmd *cmd, const struct opt *opt,
			const char *needs)
{
	if (needs && !opt) {
		source_error(src, cmd->proto, "'%.*s' needs %s", SPAN_ARG(src, cmd->proto), needs);
		return false;
	}
	if (!needs && opt) {
		source_error(src, opt->name, "'%.*s' does not take '%.*s'",
			     SPAN_ARG(src, cmd->proto), SPAN_ARG(src, opt->name));
		return false;
	}
	return true;
}

static bool check_keys(const struct setkey *sk, struct source *src, const struct cmd *cmd,
		       const struct check_keys *keys, struct sa_spec *spec)
{
	bool comp = spec->satype == SADB_X_SATYPE_IPCOMP;
	bool esp = spec->satype == SADB_SATYPE_ESP;
	bool ok;

	ok = check_wants(src, cmd, keys->enc,
			 esp ? "-E algorithm key (-E null to authenticate only)" : NULL);
	ok &= check_wants(src, cmd, keys->comp, comp ? "-C algorithm" : NULL);
	if (!esp)
		ok &= check_wants(src, cmd, keys->auth, comp ? NULL : "-A algorithm key");
	if (keys->raw && !comp)
		ok &= check_wants(src, cmd, keys->raw, NULL);
	if (!ok)
		return false;
	if (comp) {
		spec->flags |= keys->raw ? PFKEY_SAFLAG_RAWCPI : 0;
		return check_comp(src, keys->comp, spec);
	}
	return esp ? check_esp(sk, src, keys, spec) : check_ah(sk, src, keys, spec);
}

/* The last option of a kind, with its argument; with a @word the last that says it. */
static struct span check_opt_at(const struct source *src, const struct cmd *cmd,
				enum opt_kind kind, const char *word)
{
	struct span at = cmd->verb;
	const struct opt *opt;

	for (opt = cmd->opts; opt; opt = opt->next) {
		if (opt->kind != kind || (word && !source_is(src, opt->arg[0], word)))
			continue;
		at = opt->name;
		at.len = opt->arg[0].off + opt->arg[0].len - at.off;
	}
	return at;
}

/* What only our own extension can carry, and what it demands. */
static bool check_ours(struct source *src, const struct cmd *cmd, struct sa_spec *spec)
{
	struct span at;

	spec->ours |= spec->x_flags || spec->window > UINT8_MAX;
	if (spec->ours && spec->satype == SADB_X_SATYPE_IPCOMP) {
		source_error(src, cmd->proto,
			     "'ipcomp' has no sequence numbers; expected no -f esn, no -seq, "
			     "no -f align8, no -f dfset and no -r above 255");
		return false;
	}
	if ((spec->x_flags & SADB_X_TESTUDO_SA_ALIGN8) && spec->satype != SADB_SATYPE_AH) {
		at = check_opt_at(src, cmd, OPT_FLAG, "align8");
		source_error(src, at, "-f align8 is about the header of AH, and this is another protocol");
		return false;
	}
	if ((spec->x_flags & SADB_X_TESTUDO_SA_DFSET) && spec->mode == IPSEC_MODE_TRANSPORT) {
		at = check_opt_at(src, cmd, OPT_FLAG, "dfset");
		source_error(src, at, "-f dfset is about the outer header of a tunnel, and this is transport mode");
		return false;
	}
	if ((spec->x_flags & SADB_X_TESTUDO_SA_DFSET) && spec->flags & SADB_SAFLAGS_NOPMTUDISC) {
		at = check_opt_at(src, cmd, OPT_FLAG, "dfset");
		source_error(src, at, "-f dfset is the contrary of -f nopmtudisc; expected one of them");
		return false;
	}
	if ((spec->x_flags & SADB_X_TESTUDO_SA_ESN) && !spec->window) {
		at = check_opt_at(src, cmd, OPT_FLAG, "esn");
		source_error(src, at, "-f esn needs a replay window (RFC 4303, 3.4.3); expected -r as well");
		return false;
	}
	if (spec->seq > UINT32_MAX && !(spec->x_flags & SADB_X_TESTUDO_SA_ESN)) {
		at = check_opt_at(src, cmd, OPT_SEQ, NULL);
		source_error(src, at, "-seq above 4294967295 needs -f esn");
		return false;
	}
	return true;
}

/* 0 is no SPI, so no SA has it; to getspi it says that any will do. */
static bool check_spi(struct source *src, const struct cmd *cmd, uint8_t satype, uint32_t *spi)
{
	uint64_t val;

	if (!check_number(src, cmd->spi, UINT32_MAX, "an SPI", &val))
		return false;
	*spi = val;
	if (val > UINT16_MAX && satype == SADB_X_SATYPE_IPCOMP) {
		source_error(src, cmd->spi,
			     "a CPI has 16 bits (RFC 3173, 3.3); expected 1 to 65535");
		return false;
	}
	if (val || cmd->kind == CMD_GETSPI)
		return true;
	source_error(src, cmd->spi, "0 is no SPI (RFC 4303, 2.1); expected 1 to 4294967295");
	return false;
}

/* What stands between the protocol and the SPI. */
static bool check_detail(const struct setkey *sk, struct source *src, const struct cmd *cmd,
			 struct sa_spec *spec)
{
	if (!cmd->detail.len)
		return true;
	if (spec->natt)
		return check_resolve(sk, src, cmd->resolve, cmd->detail, &spec->oa);
	source_error(src, cmd->detail, "only esp-udp takes an original address; expected an SPI");
	return false;
}

/**
 * check_sa() - evaluate add, update, getspi, get, delete or deleteall
 * @sk: run
 * @src: text; faults are reported and counted there
 * @cmd: command
 * @spec: result, must stay where it is
 *
 * Return: false if something was wrong.
 */
bool check_sa(const struct setkey *sk, struct source *src, const struct cmd *cmd,
	      struct sa_spec *spec)
{
	struct check_keys keys = { 0 };
	bool proto_ok, opts_ok = true, ok;
	const struct opt *opt;

	memset(spec, 0, sizeof(*spec));
	spec->flags = PFKEY_SAFLAG_CYCSEQ;
	ok = check_ends(sk, src, cmd, &spec->src, &spec->dst);
	ok &= check_port(src, cmd->src.port, &spec->src_port);
	ok &= check_port(src, cmd->dst.port, &spec->dst_port);
	proto_ok = check_satype(src, cmd->proto, &spec->satype, &spec->natt);
	if (proto_ok)
		ok &= check_detail(sk, src, cmd, spec);
	if (cmd->kind == CMD_DELETEALL)
		return ok && proto_ok;
	ok &= check_spi(src, cmd, spec->satype, &spec->spi);
	for (opt = cmd->opts; opt; opt = opt->next)
		opts_ok &= check_opt(src, cmd, opt, spec, &keys);
	ok &= proto_ok && opts_ok;
	if (cmd->kind != CMD_ADD && cmd->kind != CMD_UPDATE)
		return ok;
	/* each judges what the words before it came to */
	if (proto_ok)
		ok &= check_keys(sk, src, cmd, &keys, spec);
	if (opts_ok)
		ok &= check_ours(src, cmd, spec);
	return ok;
}
