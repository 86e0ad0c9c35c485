// SPDX-License-Identifier: GPL-2.0
/*
 * Identifiers and their names: algorithms with their key sizes, messages,
 * extensions, protocols. One table for each number space; never decides
 * whether a kernel has the thing.
 */
#include <netdb.h>
#include <string.h>

#include "pfkey.h"

#define AUTH(n, i, min, max, st, f)	{ n, PFKEY_ALG_AUTH, i, min, max, st, f }
#define ENC(n, i, min, max, st, f)	{ n, PFKEY_ALG_ENC, i, min, max, st, f }
#define COMP(n, i, f)			{ n, PFKEY_ALG_COMP, i, 0, 0, 0, f }

/*
 * Key sizes are those of the algorithm, salt included (RFC 3686 nonce 32 bits,
 * RFC 4106/4543/7634 salt 32, RFC 4309 salt 24). The first row of an id gives
 * the name that is printed.
 */
static const struct pfkey_alg names_algs[] = {
	AUTH("none",		SADB_AALG_NONE,			  0,   0,  0, PFKEY_ALG_GONE),
	AUTH("hmac-md5",	SADB_AALG_MD5HMAC,		128, 128,  0, 0),
	AUTH("hmac-sha1",	SADB_AALG_SHA1HMAC,		160, 160,  0, 0),
	AUTH("hmac-sha256",	SADB_X_AALG_SHA2_256HMAC,	256, 256,  0, 0),
	AUTH("hmac-sha2-256",	SADB_X_AALG_SHA2_256HMAC,	256, 256,  0, PFKEY_ALG_ALIAS),
	AUTH("hmac-sha384",	SADB_X_AALG_SHA2_384HMAC,	384, 384,  0, 0),
	AUTH("hmac-sha2-384",	SADB_X_AALG_SHA2_384HMAC,	384, 384,  0, PFKEY_ALG_ALIAS),
	AUTH("hmac-sha512",	SADB_X_AALG_SHA2_512HMAC,	512, 512,  0, 0),
	AUTH("hmac-sha2-512",	SADB_X_AALG_SHA2_512HMAC,	512, 512,  0, PFKEY_ALG_ALIAS),
	AUTH("hmac-ripemd160",	SADB_X_AALG_RIPEMD160HMAC,	160, 160,  0, 0),
	AUTH("aes-xcbc-mac",	SADB_X_AALG_AES_XCBC_MAC,	128, 128,  0, 0),
	AUTH("hmac-sm3",	SADB_X_AALG_SM3_256HMAC,	256, 256,  0, 0),
	AUTH("aes-cmac",	SADB_X_AALG_TESTUDO_AES_CMAC,	128, 128,  0, 0),
	AUTH("null",		SADB_X_AALG_NULL,		  0,   0,  0, 0),
	AUTH("keyed-md5",	249,				128, 128,  0, PFKEY_ALG_GONE),
	AUTH("keyed-sha1",	250,				160, 160,  0, PFKEY_ALG_GONE),
	AUTH("tcp-md5",		252,				  8, 640,  8, PFKEY_ALG_GONE),

	ENC("none",		SADB_EALG_NONE,			  0,   0,  0, PFKEY_ALG_GONE),
	ENC("des-cbc",		SADB_EALG_DESCBC,		 64,  64,  0, 0),
	ENC("3des-cbc",		SADB_EALG_3DESCBC,		192, 192,  0, 0),
	ENC("cast128-cbc",	SADB_X_EALG_CASTCBC,		 40, 128,  8, 0),
	ENC("blowfish-cbc",	SADB_X_EALG_BLOWFISHCBC,	 40, 448,  8, 0),
	ENC("null",		SADB_EALG_NULL,			  0,   0,  0, 0),
	ENC("aes-cbc",		SADB_X_EALG_AESCBC,		128, 256, 64, 0),
	ENC("rijndael-cbc",	SADB_X_EALG_AESCBC,		128, 256, 64, PFKEY_ALG_ALIAS),
	ENC("aes-ctr",		SADB_X_EALG_AESCTR,		160, 288, 64, 0),
	ENC("aes-ccm-8",	SADB_X_EALG_AES_CCM_ICV8,	152, 280, 64, PFKEY_ALG_AEAD),
	ENC("aes-ccm-12",	SADB_X_EALG_AES_CCM_ICV12,	152, 280, 64, PFKEY_ALG_AEAD),
	ENC("aes-ccm-16",	SADB_X_EALG_AES_CCM_ICV16,	152, 280, 64, PFKEY_ALG_AEAD),
	ENC("aes-ccm",		SADB_X_EALG_AES_CCM_ICV16,	152, 280, 64,
	    PFKEY_ALG_AEAD | PFKEY_ALG_ALIAS),
	ENC("aes-gcm-8",	SADB_X_EALG_AES_GCM_ICV8,	160, 288, 64, PFKEY_ALG_AEAD),
	ENC("aes-gcm-12",	SADB_X_EALG_AES_GCM_ICV12,	160, 288, 64, PFKEY_ALG_AEAD),
	ENC("aes-gcm-16",	SADB_X_EALG_AES_GCM_ICV16,	160, 288, 64, PFKEY_ALG_AEAD),
	ENC("aes-gcm",		SADB_X_EALG_AES_GCM_ICV16,	160, 288, 64,
	    PFKEY_ALG_AEAD | PFKEY_ALG_ALIAS),
	ENC("camellia-cbc",	SADB_X_EALG_CAMELLIACBC,	128, 256, 64, 0),
	ENC("aes-gmac",		SADB_X_EALG_NULL_AES_GMAC,	160, 288, 64, PFKEY_ALG_AEAD),
	ENC("sm4-cbc",		SADB_X_EALG_SM4CBC,		128, 128,  0, 0),
	ENC("chacha20-poly1305", SADB_X_EALG_TESTUDO_CHACHA20POLY1305, 288, 288, 0, PFKEY_ALG_AEAD),
	ENC("serpent-cbc",	SADB_X_EALG_SERPENTCBC,		128, 256, 64, 0),
	ENC("twofish-cbc",	SADB_X_EALG_TWOFISHCBC,		128, 256, 64, 0),
	ENC("des-deriv",	SADB_EALG_DESCBC,		 64,  64,  0,
	    PFKEY_ALG_ALIAS | PFKEY_ALG_GONE),
	ENC("des-32iv",		SADB_EALG_DESCBC,		 64,  64,  0,
	    PFKEY_ALG_ALIAS | PFKEY_ALG_GONE),
	ENC("3des-deriv",	SADB_EALG_3DESCBC,		192, 192,  0,
	    PFKEY_ALG_ALIAS | PFKEY_ALG_GONE),
	ENC("simple",		SADB_EALG_NULL,			  0,   0,  0, PFKEY_ALG_ALIAS),

	COMP("none",	SADB_X_CALG_NONE,	PFKEY_ALG_GONE),
	COMP("oui",	SADB_X_CALG_OUI,	0),
	COMP("deflate",	SADB_X_CALG_DEFLATE,	0),
	COMP("lzs",	SADB_X_CALG_LZS,	0),
	COMP("lzjh",	SADB_X_CALG_LZJH,	0),
};

#define NAMES_ALGS	(sizeof(names_algs) / sizeof(names_algs[0]))

/**
 * pfkey_alg_by_name() - find an algorithm by one of its names
 * @kind: number space
 * @name: not terminated
 * @len: bytes of @name
 *
 * Return: row, NULL for an unknown name.
 */
const struct pfkey_alg *pfkey_alg_by_name(enum pfkey_alg_kind kind, const char *name, size_t len)
{
	const struct pfkey_alg *alg;

	for (alg = names_algs; alg < names_algs + NAMES_ALGS; alg++)
		if (alg->kind == kind && strlen(alg->name) == len && !memcmp(alg->name, name, len))
			return alg;
	return NULL;
}

/**
 * pfkey_alg_by_id() - find an algorithm by its number
 * @kind: number space
 * @id: PF_KEY identifier
 *
 * Return: the row with the name to print, NULL for an unknown number.
 */
const struct pfkey_alg *pfkey_alg_by_id(enum pfkey_alg_kind kind, unsigned int id)
{
	const struct pfkey_alg *alg;

	for (alg = names_algs; alg < names_algs + NAMES_ALGS; alg++)
		if (alg->kind == kind && alg->id == id && !(alg->flags & PFKEY_ALG_ALIAS))
			return alg;
	return NULL;
}

/**
 * pfkey_alg_row() - walk the table of algorithms
 * @i: 0, 1, 2, ...
 *
 * Return: row, NULL past the end.
 */
const struct pfkey_alg *pfkey_alg_row(size_t i)
{
	return i < NAMES_ALGS ? &names_algs[i] : NULL;
}

/**
 * pfkey_alg_takes() - is this a key length of the algorithm?
 * @alg: row
 * @bits: key with salt
 *
 * Return: true if so.
 */
bool pfkey_alg_takes(const struct pfkey_alg *alg, size_t bits)
{
	if (bits < alg->minbits || bits > alg->maxbits)
		return false;
	return bits == alg->minbits || (alg->step && (bits - alg->minbits) % alg->step == 0);
}

static const char * const names_msgs[SADB_MAX + 1] = {
#define ROW(id, name, rneed, rmay, aneed, amay) [id] = (name),
	PFKEY_MSG_TABLE(ROW)
#undef ROW
};

/**
 * pfkey_msg_name() - name of a message type
 * @type: sadb_msg_type
 *
 * Return: the constant's name without SADB_, "unknown" for none.
 */
const char *pfkey_msg_name(unsigned int type)
{
	return type <= SADB_MAX && names_msgs[type] ? names_msgs[type] : "unknown";
}

static const char * const names_exts[PFKEY_SLOTS] = {
#define ROW(id, name, type, min, rule) [PFKEY_SLOT(id)] = (name),
	PFKEY_EXT_TABLE(ROW)
#undef ROW
};

/**
 * pfkey_ext_name() - name of an extension type
 * @type: sadb_ext_type
 *
 * Return: the constant's name without SADB_EXT_, "unknown" for none.
 */
const char *pfkey_ext_name(unsigned int type)
{
	unsigned int slot = PFKEY_SLOT(type);

	return slot ? names_exts[slot] : "unknown";
}

/**
 * pfkey_satype_name() - name of an SA type
 * @satype: SADB_SATYPE_*
 *
 * Return: as in setkey's output, NULL for a number to be printed as it is.
 */
const char *pfkey_satype_name(unsigned int satype)
{
	static const char * const names[] = {
		"unspec", "unknown", "ah", "esp", "unknown", "rsvp", "ospfv2", "ripv2", "mip",
		"ipcomp", "policy", "tcp",
	};

	return satype < sizeof(names) / sizeof(names[0]) ? names[satype] : NULL;
}

/* The transformations of IPsec, in the three ways that they are called. */
static const struct {
	uint8_t proto;
	uint8_t satype;
	const char *name;
} names_transforms[] = {
	{ IPPROTO_ESP, SADB_SATYPE_ESP, "esp" },
	{ IPPROTO_AH, SADB_SATYPE_AH, "ah" },
	{ IPPROTO_COMP, SADB_X_SATYPE_IPCOMP, "ipcomp" },
};

#define NAMES_TRANSFORMS	(sizeof(names_transforms) / sizeof(names_transforms[0]))

/**
 * pfkey_transform_name() - name of a transformation's protocol
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 *
 * Return: setkey's own word, not that of /etc/protocols; "?" for others.
 */
const char *pfkey_transform_name(unsigned int proto)
{
	size_t i;

	for (i = 0; i < NAMES_TRANSFORMS; i++)
		if (names_transforms[i].proto == proto)
			return names_transforms[i].name;
	return "?";
}

/**
 * pfkey_transform_satype() - SA type of a transformation's protocol
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 *
 * Return: SADB_SATYPE_*, SADB_SATYPE_UNSPEC for others.
 */
unsigned int pfkey_transform_satype(unsigned int proto)
{
	size_t i;

	for (i = 0; i < NAMES_TRANSFORMS; i++)
		if (names_transforms[i].proto == proto)
			return names_transforms[i].satype;
	return SADB_SATYPE_UNSPEC;
}

/**
 * pfkey_satype_transform() - the other way round
 * @satype: SADB_SATYPE_*
 *
 * Return: IPPROTO_*, 0 for an SA type that is no transformation.
 */
unsigned int pfkey_satype_transform(unsigned int satype)
{
	size_t i;

	for (i = 0; i < NAMES_TRANSFORMS; i++)
		if (names_transforms[i].satype == satype)
			return names_transforms[i].proto;
	return 0;
}

/**
 * pfkey_mode_name() - name of an encapsulation mode
 * @mode: IPSEC_MODE_*
 *
 * Return: name or NULL.
 */
const char *pfkey_mode_name(unsigned int mode)
{
	static const char * const names[] = { "any", "transport", "tunnel", "beet" };

	return mode < sizeof(names) / sizeof(names[0]) ? names[mode] : NULL;
}

/**
 * pfkey_state_name() - name of an SA's state
 * @state: SADB_SASTATE_*
 *
 * Return: name or NULL.
 */
const char *pfkey_state_name(unsigned int state)
{
	static const char * const names[] = { "larval", "mature", "dying", "dead" };

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : NULL;
}

/**
 * pfkey_level_name() - name of how much a request insists on its SA
 * @level: IPSEC_LEVEL_*
 *
 * Return: name, "?" for others.
 */
const char *pfkey_level_name(unsigned int level)
{
	static const char * const names[] = { "default", "use", "require", "unique" };

	return level < sizeof(names) / sizeof(names[0]) ? names[level] : "?";
}

/**
 * pfkey_policy_name() - name of what a policy does
 * @type: IPSEC_POLICY_*
 *
 * Return: name, "?" for others.
 */
const char *pfkey_policy_name(unsigned int type)
{
	static const char * const names[] = { "discard", "none", "ipsec", "entrust", "bypass" };

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : "?";
}

/**
 * pfkey_dir_name() - name of a policy's direction
 * @dir: IPSEC_DIR_*
 *
 * Return: name, "?" for others.
 */
const char *pfkey_dir_name(unsigned int dir)
{
	static const char * const names[] = {
		"any", "in", "out", "fwd", "in(socket)", "out(socket)",
	};

	return dir < sizeof(names) / sizeof(names[0]) ? names[dir] : "?";
}

/**
 * struct names_proto - an upper protocol that is known without /etc/protocols
 * @proto: IPPROTO_*
 * @name: Debian's name for it
 * @alias: setkey's own word, or NULL
 */
struct names_proto {
	uint8_t proto;
	const char *name;
	const char *alias;
};

/* A rescue system or a container may lack /etc/protocols; policies must still load. */
static const struct names_proto names_protos[] = {
	{ 1, "icmp", NULL },	  { 2, "igmp", NULL },	{ 4, "ipencap", "ip4" },
	{ 6, "tcp", NULL },	  { 17, "udp", NULL },	{ 33, "dccp", NULL },
	{ 41, "ipv6", "ip6" },	  { 47, "gre", NULL },	{ 50, "esp", NULL },
	{ 51, "ah", NULL },	  { 58, "ipv6-icmp", "icmp6" },
	{ 89, "ospf", NULL },	  { 103, "pim", NULL }, { 108, "ipcomp", NULL },
	{ 112, "vrrp", NULL },	  { 115, "l2tp", NULL }, { 132, "sctp", NULL },
	{ 135, "mobility-header", "mh" },		{ 136, "udplite", NULL },
};

#define NAMES_PROTOS	(sizeof(names_protos) / sizeof(names_protos[0]))

static bool names_is(const char *name, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(name, word, len);
}

static int names_ask_proto(const char *word)
{
	struct protoent *ent = getprotobyname(word);

	return ent ? ent->p_proto : -1;
}

/**
 * pfkey_proto_by_name() - number of an upper protocol
 * @name: a word of setkey(8) or of /etc/protocols, not terminated
 * @len: bytes of @name
 *
 * Return: protocol, IPSEC_ULPROTO_ANY for "any", -1 for an unknown name. Linux
 * has protocols above 255, which no IP header can name.
 */
int pfkey_proto_by_name(const char *name, size_t len)
{
	static struct pfkey_words words;
	const struct names_proto *p;

	if (names_is(name, len, "any"))
		return IPSEC_ULPROTO_ANY;
	for (p = names_protos; p < names_protos + NAMES_PROTOS; p++)
		if (names_is(name, len, p->name) || (p->alias && names_is(name, len, p->alias)))
			return p->proto;
	return pfkey_word_number(&words, name, len, names_ask_proto);
}

/**
 * pfkey_proto_name() - name of an upper protocol
 * @proto: protocol number, at most 255
 *
 * /etc/protocols has the first word, and each of its lines is looked for only
 * once: a dump prints one for every policy.
 *
 * Return: name, NULL for a number to be printed as it is.
 */
const char *pfkey_proto_name(unsigned int proto)
{
	static char cache[256][16];
	static bool asked[256];
	struct protoent *ent;
	size_t i;

	if (proto > 255)
		return NULL;
	if (asked[proto])
		return cache[proto][0] ? cache[proto] : NULL;
	asked[proto] = true;
	ent = getprotobynumber(proto);
	if (ent) {
		snprintf(cache[proto], sizeof(cache[proto]), "%s", ent->p_name);
		return cache[proto];
	}
	for (i = 0; i < NAMES_PROTOS; i++)
		if (names_protos[i].proto == proto)
			snprintf(cache[proto], sizeof(cache[proto]), "%s", names_protos[i].name);
	return cache[proto][0] ? cache[proto] : NULL;
}
