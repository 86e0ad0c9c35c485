// SPDX-License-Identifier: GPL-2.0
/*
 * Messages that are malformed, or whose values contradict each other: each one
 * gets its errno, and changes nothing. Each row damages a good SADB_ADD.
 *
 * # kernels: all
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "harness.h"
#include "msg.h"

#define SRC	"10.0.0.1"
#define DST	"10.0.0.2"
#define SRC6	"2001:db8::1"
#define DST6	"2001:db8::2"

/**
 * struct row - one way to spoil a message
 * @why: what is wrong
 * @spoil: makes it so
 * @err: errno of the answer
 */
struct row {
	const char *why;
	void (*spoil)(struct msg *m);
	int err;
};

/* What came of a refused message: nothing. */
static void nothing_changed(int fd)
{
	struct msg m;

	EQ(k_count_sa(fd, 0), 0);
	EQ(k_count_sp(fd), 0);
	m_add(&m, SADB_ADD, 0x7777, SRC, DST);
	EQ(k_do(fd, &m), 0);
	m_begin(&m, SADB_FLUSH, 0);
	EQ(k_do(fd, &m), 0);
	k_quiet(fd, 0);
}

static void run_rows(const struct row *rows, size_t n)
{
	int fd = k_open();
	struct msg m;
	size_t i;

	for (i = 0; i < n; i++) {
		test_in_row(rows[i].why);
		m_add(&m, SADB_ADD, 0x1000, SRC, DST);
		rows[i].spoil(&m);
		EQ(k_do(fd, &m), rows[i].err);
		if (rows[i].err) {
			nothing_changed(fd);
			continue;
		}
		EQ(k_count_sa(fd, 0), 1);
		m_begin(&m, SADB_FLUSH, 0);
		EQ(k_do(fd, &m), 0);
	}
}

#define RUN(table)	run_rows(table, ARRAY_SIZE(table))

/* Sets the length in words that an extension claims. */
static void set_words(struct msg *m, unsigned int type, unsigned int words)
{
	struct sadb_ext *ext = m_find(m, type);

	OK(ext);
	ext->sadb_ext_len = words;
}

/* Begins anew without one extension, so that another can take its place. */
static void without(struct msg *m, unsigned int type)
{
	static struct msg old;
	struct sadb_ext *ext;
	size_t off, bytes;

	memcpy(&old, m, sizeof(old));
	m->len = sizeof(m->base);
	for (off = sizeof(m->base); off < old.len; off += bytes) {
		ext = (struct sadb_ext *)(old.b + off);
		bytes = ext->sadb_ext_len * 8;
		if (ext->sadb_ext_type == type)
			continue;
		memcpy(m->b + m->len, ext, bytes);
		m->last = m->len;
		m->len += bytes;
	}
	memset(m->b + m->len, 0, sizeof(m->b) - m->len);
	m_end(m);
}

/* --- N10 to N15: extensions ------------------------------------------------- */

static void ext_len_0(struct msg *m)
{
	set_words(m, SADB_EXT_SA, 0);
}

static void last_len_0(struct msg *m)
{
	set_words(m, SADB_EXT_ADDRESS_DST, 0);
}

static void past_the_end(struct msg *m)
{
	m_ext(m, SADB_X_EXT_KMPRIVATE, 8);
	set_words(m, SADB_X_EXT_KMPRIVATE, 2);
}

static void far_past_the_end(struct msg *m)
{
	m_ext(m, SADB_X_EXT_KMPRIVATE, 8);
	set_words(m, SADB_X_EXT_KMPRIVATE, 0xffff);
}

static void type_0(struct msg *m)
{
	m_ext(m, 0, 8);
}

static void sa_twice(struct msg *m)
{
	m_sa(m, 0x1000, SADB_AALG_SHA1HMAC, SADB_X_EALG_AESCBC);
}

static void src_twice(struct msg *m)
{
	m_addr(m, SADB_EXT_ADDRESS_SRC, SRC, 32, 255, 0);
}

static void ours_twice(struct msg *m)
{
	m_x_sa(m, 0, 0);
	m_x_sa(m, 0, 0);
}

static void short_sa(struct msg *m)
{
	without(m, SADB_EXT_SA);
	m_ext(m, SADB_EXT_SA, 8);
}

static void short_lifetime(struct msg *m)
{
	m_life(m, SADB_EXT_LIFETIME_SOFT, 0);
	m_ext(m, SADB_EXT_LIFETIME_HARD, 24);
}

static void short_sa2(struct msg *m)
{
	without(m, SADB_X_EXT_SA2);
	m_ext(m, SADB_X_EXT_SA2, 8);
}

static void long_sa2(struct msg *m)
{
	without(m, SADB_X_EXT_SA2);
	m_ext(m, SADB_X_EXT_SA2, 24);
}

static void unknown_27(struct msg *m)
{
	m_ext(m, 27, 8);
}

static void unknown_7fff(struct msg *m)
{
	m_ext(m, 0x7fff, 64);
}

static void unknown_ffff(struct msg *m)
{
	m_ext(m, 0xffff, 8);
	m_ext(m, 0xffff, 16);
}

TEST(n10_to_n15_extensions)
{
	static const struct row rows[] = {
		{ "N10 length 0", ext_len_0, EINVAL },
		{ "N10 length 0 of the last one", last_len_0, EINVAL },
		{ "N11 one word past the end", past_the_end, EINVAL },
		{ "N11 65535 words", far_past_the_end, EINVAL },
		{ "N12 type 0", type_0, EINVAL },
		{ "N13 two SA", sa_twice, EINVAL },
		{ "N13 two SRC", src_twice, EINVAL },
		{ "N13 two of ours", ours_twice, EINVAL },
		{ "N14 SA of 8 bytes", short_sa, EINVAL },
		{ "N14 lifetime of 24 bytes", short_lifetime, EINVAL },
		{ "N14 SA2 of 8 bytes", short_sa2, EINVAL },
		{ "longer than needed", long_sa2, 0 },
		{ "N15 type 27", unknown_27, 0 },
		{ "N15 type 0x7fff", unknown_7fff, 0 },
		{ "N15 type 0xffff, twice", unknown_ffff, 0 },
	};

	RUN(rows);
}

/* --- N16 to N20: addresses --------------------------------------------------- */

static void src_of(struct msg *m, unsigned int family, size_t bytes, unsigned int prefix)
{
	struct sadb_address *addr;

	without(m, SADB_EXT_ADDRESS_SRC);
	addr = m_ext(m, SADB_EXT_ADDRESS_SRC, bytes);
	addr->sadb_address_prefixlen = prefix;
	if (bytes > 8)
		*(uint16_t *)(addr + 1) = family;
}

static void v4_5_words(struct msg *m)
{
	src_of(m, AF_INET, 40, 32);
}

/* The same of IPv6, with a destination that it goes together with. */
static void src6_of(struct msg *m, size_t bytes, unsigned int prefix)
{
	src_of(m, AF_INET6, bytes, prefix);
	without(m, SADB_EXT_ADDRESS_DST);
	m_addr(m, SADB_EXT_ADDRESS_DST, DST6, 128, 255, 0);
}

static void v6_3_words(struct msg *m)
{
	src6_of(m, 24, 128);
}

static void v6_4_words(struct msg *m)
{
	src6_of(m, 32, 128);
}

static void v6_5_words(struct msg *m)
{
	src6_of(m, 40, 128);
}

static void v6_6_words(struct msg *m)
{
	src6_of(m, 48, 128);
}

static void no_family(struct msg *m)
{
	src_of(m, 0, 8, 32);
}

static void v4_33(struct msg *m)
{
	src_of(m, AF_INET, 24, 33);
}

static void v6_129(struct msg *m)
{
	src6_of(m, 40, 129);
}

static void family_0(struct msg *m)
{
	src_of(m, 0, 24, 32);
}

static void family_unix(struct msg *m)
{
	src_of(m, AF_UNIX, 24, 32);
}

static void family_packet(struct msg *m)
{
	src_of(m, AF_PACKET, 24, 32);
}

static void two_families(struct msg *m)
{
	without(m, SADB_EXT_ADDRESS_SRC);
	m_addr(m, SADB_EXT_ADDRESS_SRC, SRC6, 128, 255, 0);
}

static void strongswan_addresses(struct msg *m)
{
	without(m, SADB_EXT_ADDRESS_SRC);
	without(m, SADB_EXT_ADDRESS_DST);
	m_addr(m, SADB_EXT_ADDRESS_SRC, SRC, 0, 0, 500);
	m_addr(m, SADB_EXT_ADDRESS_DST, DST, 0, 0, 4500);
}

TEST(n16_to_n20_addresses)
{
	static const struct row rows[] = {
		{ "N16 IPv4 in 5 words", v4_5_words, EINVAL },
		{ "N16 IPv6 in 3 words", v6_3_words, EINVAL },
		{ "N16 IPv6 in 4 words", v6_4_words, EINVAL },
		{ "N16 IPv6 in 6 words", v6_6_words, EINVAL },
		{ "IPv6 in 5 words", v6_5_words, 0 },
		{ "N17 family out of bounds", no_family, EINVAL },
		{ "N18 IPv4/33", v4_33, EINVAL },
		{ "N18 IPv6/129", v6_129, EINVAL },
		{ "N19 family 0", family_0, EINVAL },
		{ "N19 AF_UNIX", family_unix, EINVAL },
		{ "N19 AF_PACKET", family_packet, EINVAL },
		{ "N20 SRC v6, DST v4", two_families, EINVAL },
		{ "protocol 0, prefix 0 and ports do not count", strongswan_addresses, 0 },
	};

	RUN(rows);
}

TEST(n20_two_families_elsewhere)
{
	static const unsigned int types[] = { SADB_GETSPI, SADB_DELETE, SADB_GET };
	int fd = k_open();
	struct msg m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		m_begin(&m, types[i], SADB_SATYPE_ESP);
		m_sa(&m, 0x1000, 0, 0);
		m_ends(&m, SRC, DST6);
		EQ(k_do(fd, &m), EINVAL);
	}
	m_spd(&m, SADB_X_SPDADD, IPSEC_DIR_OUTBOUND, SRC, DST6, 32);
	m_req(&m, IPPROTO_ESP, IPSEC_MODE_TRANSPORT, IPSEC_LEVEL_REQUIRE, 0, NULL, NULL);
	EQ(k_do(fd, &m), EINVAL);
	nothing_changed(fd);
}

/* --- N21 to N26: keys, algorithms, lifetimes ---------------------------------- */

static void key_bits(struct msg *m, unsigned int type, unsigned int room, unsigned int bits)
{
	struct sadb_key *key;

	without(m, type);
	key = m_key(m, type, room);
	key->sadb_key_bits = bits;
}

/* What the algorithm wants, and twelve bytes of it beyond the extension. */
static void auth_160_in_2(struct msg *m)
{
	key_bits(m, SADB_EXT_KEY_AUTH, 64, 160);
}

static void enc_128_in_2(struct msg *m)
{
	key_bits(m, SADB_EXT_KEY_ENCRYPT, 64, 128);
}

static void auth_65535(struct msg *m)
{
	key_bits(m, SADB_EXT_KEY_AUTH, 64, 65535);
}

static void auth_65(struct msg *m)
{
	key_bits(m, SADB_EXT_KEY_AUTH, 64, 65);
}

static void enc_65535(struct msg *m)
{
	key_bits(m, SADB_EXT_KEY_ENCRYPT, 64, 65535);
}

static void enc_0(struct msg *m)
{
	key_bits(m, SADB_EXT_KEY_ENCRYPT, 0, 0);
}

static void auth_0(struct msg *m)
{
	key_bits(m, SADB_EXT_KEY_AUTH, 0, 0);
}

/* Another cipher with a key of @bits. */
static void cipher(struct msg *m, unsigned int enc, unsigned int bits)
{
	struct sadb_sa *sa = m_find(m, SADB_EXT_SA);

	sa->sadb_sa_encrypt = enc;
	without(m, SADB_EXT_KEY_ENCRYPT);
	m_key(m, SADB_EXT_KEY_ENCRYPT, bits);
}

static void null_0(struct msg *m)
{
	cipher(m, SADB_EALG_NULL, 0);
}

static void null_8(struct msg *m)
{
	cipher(m, SADB_EALG_NULL, 8);
}

static void aes_104(struct msg *m)
{
	cipher(m, SADB_X_EALG_AESCBC, 104);
}

static void des_128(struct msg *m)
{
	cipher(m, SADB_EALG_DESCBC, 128);
}

static void gcm_128(struct msg *m)
{
	cipher(m, SADB_X_EALG_AES_GCM_ICV16, 128);
	without(m, SADB_EXT_KEY_AUTH);
	((struct sadb_sa *)m_find(m, SADB_EXT_SA))->sadb_sa_auth = 0;
}

static void enc_99(struct msg *m)
{
	cipher(m, 99, 128);
}

static void enc_254(struct msg *m)
{
	cipher(m, 254, 128);
}

static void enc_none(struct msg *m)
{
	cipher(m, 0, 128);
}

static void auth_id(struct msg *m, unsigned int id)
{
	((struct sadb_sa *)m_find(m, SADB_EXT_SA))->sadb_sa_auth = id;
}

static void auth_252(struct msg *m)
{
	auth_id(m, 252);
}

static void auth_99(struct msg *m)
{
	auth_id(m, 99);
}

static void auth_none_with_key(struct msg *m)
{
	auth_id(m, 0);
}

static void no_key_for_auth(struct msg *m)
{
	without(m, SADB_EXT_KEY_AUTH);
}

static void gcm_with_auth(struct msg *m)
{
	cipher(m, SADB_X_EALG_AES_GCM_ICV16, 160);
}

static void no_key_encrypt(struct msg *m)
{
	without(m, SADB_EXT_KEY_ENCRYPT);
}

static void hard_only(struct msg *m)
{
	m_life(m, SADB_EXT_LIFETIME_HARD, 100);
}

static void soft_only(struct msg *m)
{
	m_life(m, SADB_EXT_LIFETIME_SOFT, 100);
}

static void soft_and_hard(struct msg *m)
{
	m_life(m, SADB_EXT_LIFETIME_SOFT, 80);
	m_life(m, SADB_EXT_LIFETIME_HARD, 100);
}

/* Allowed, as in the stock stack: the SA just ends without having been DYING. */
static void hard_before_soft(struct msg *m)
{
	m_life(m, SADB_EXT_LIFETIME_SOFT, 3600);
	m_life(m, SADB_EXT_LIFETIME_HARD, 1800);
}

static void lifetimes_of(struct msg *m, uint64_t v)
{
	static const unsigned int types[] = { SADB_EXT_LIFETIME_SOFT, SADB_EXT_LIFETIME_HARD };
	struct sadb_lifetime *life;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		life = m_life(m, types[i], v);
		life->sadb_lifetime_usetime = v;
		life->sadb_lifetime_bytes = v;
		life->sadb_lifetime_allocations = 0xffffffff;
	}
}

/* Added to the time of today these are negative, or small again. */
static void lifetimes_2_63(struct msg *m)
{
	lifetimes_of(m, 1ULL << 63);
}

static void lifetimes_2_63_less_1(struct msg *m)
{
	lifetimes_of(m, (1ULL << 63) - 1);
}

static void lifetimes_2_64_less_1(struct msg *m)
{
	lifetimes_of(m, ~0ULL);
}

TEST(n21_to_n26_keys_and_lifetimes)
{
	static const struct row rows[] = {
		{ "N21 SHA1's 160 bits in 2 words", auth_160_in_2, EINVAL },
		{ "N21 AES's 128 bits in 2 words", enc_128_in_2, EINVAL },
		{ "N21 65535 bits in 2 words", auth_65535, EINVAL },
		{ "N21 65 bits in 2 words", auth_65, EINVAL },
		{ "N21 65535 bits of KEY_ENCRYPT", enc_65535, EINVAL },
		{ "N22 AES with 0 bits", enc_0, EINVAL },
		{ "N22 SHA1 with 0 bits", auth_0, EINVAL },
		{ "N22 NULL with 0 bits", null_0, 0 },
		{ "NULL with 8 bits", null_8, EINVAL },
		{ "N23 AES-CBC with 104 bits", aes_104, EINVAL },
		{ "N23 DES with 128 bits", des_128, EINVAL },
		{ "N23 GCM without salt", gcm_128, EINVAL },
		{ "N24 encrypt 99", enc_99, ENOSYS },
		{ "N24 encrypt 254", enc_254, EINVAL },
		{ "N24 auth 252", auth_252, EINVAL },
		{ "auth 99", auth_99, ENOSYS },
		{ "N25 HARD only", hard_only, EINVAL },
		{ "N25 SOFT only", soft_only, EINVAL },
		{ "SOFT before HARD", soft_and_hard, 0 },
		{ "HARD before SOFT", hard_before_soft, 0 },
		{ "lifetimes of 2^63", lifetimes_2_63, 0 },
		{ "lifetimes of 2^63 - 1", lifetimes_2_63_less_1, 0 },
		{ "lifetimes of 2^64 - 1", lifetimes_2_64_less_1, 0 },
		{ "N26 ESP without KEY_ENCRYPT", no_key_encrypt, EINVAL },
		{ "N26 encrypt 0 with a key", enc_none, EINVAL },
		{ "auth 0 with a key", auth_none_with_key, EINVAL },
		{ "auth without a key", no_key_for_auth, EINVAL },
		{ "an AEAD and HMAC beside it", gcm_with_auth, EINVAL },
	};

	RUN(rows);
}

/* --- N24, N26, N27: other protocols ------------------------------------------- */

/* errno of an ADD of another satype; with @key there is one for HMAC-SHA1 */
static int add_satype(int fd, unsigned int satype, unsigned int auth, unsigned int enc, bool key)
{
	struct msg m;

	m_begin(&m, SADB_ADD, satype);
	m_sa(&m, 0x1000, auth, enc);
	if (key)
		m_key(&m, SADB_EXT_KEY_AUTH, 160);
	m_ends(&m, SRC, DST);
	return k_do(fd, &m);
}

TEST(n27_satypes)
{
	static const unsigned int satypes[] = { 0, 1, 4, 5, 6, 7, 8, 10, 255 };
	int fd = k_open();
	struct msg m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(satypes); i++) {
		m_add(&m, SADB_ADD, 0x1000, SRC, DST);
		m.base.sadb_msg_satype = satypes[i];
		EQ(k_do(fd, &m), EINVAL);
	}
	nothing_changed(fd);
}

TEST(n24_n26_protocols_that_are_not_there_yet)
{
	const unsigned int sha1 = SADB_AALG_SHA1HMAC;
	int fd = k_open();

	EQ(add_satype(fd, SADB_X_SATYPE_IPCOMP, 0, 5, false), EINVAL);
	EQ(add_satype(fd, SADB_X_SATYPE_IPCOMP, 0, 1, false), ENOSYS);
	EQ(add_satype(fd, SADB_X_SATYPE_IPCOMP, 0, SADB_X_CALG_LZS, false), ENOSYS);
	EQ(add_satype(fd, SADB_X_SATYPE_IPCOMP, 0, 0, false), EINVAL);
	EQ(add_satype(fd, SADB_SATYPE_AH, 0, 0, false), EINVAL);
	EQ(add_satype(fd, SADB_SATYPE_AH, 0, 0, true), EINVAL);
	EQ(add_satype(fd, SADB_SATYPE_AH, sha1, 0, false), EINVAL);
	/* nothing wrong with these, but nothing behind them either */
	EQ(add_satype(fd, SADB_SATYPE_AH, sha1, 0, true), EPROTONOSUPPORT);
	EQ(add_satype(fd, SADB_X_SATYPE_IPCOMP, 0, SADB_X_CALG_DEFLATE, false), EPROTONOSUPPORT);
	nothing_changed(fd);
}

/* --- N31, N32, N48 and our own extension --------------------------------------- */

static void sa2_mode(struct msg *m, unsigned int mode)
{
	((struct sadb_x_sa2 *)m_find(m, SADB_X_EXT_SA2))->sadb_x_sa2_mode = mode;
}

static void mode_4(struct msg *m)
{
	sa2_mode(m, 4);
}

static void mode_255(struct msg *m)
{
	sa2_mode(m, 255);
}

static void mode_any(struct msg *m)
{
	sa2_mode(m, IPSEC_MODE_ANY);
}

static void mode_beet(struct msg *m)
{
	sa2_mode(m, IPSEC_MODE_BEET);
}

static void natt(struct msg *m, unsigned int type)
{
	struct sadb_x_nat_t_type *ext = m_ext(m, SADB_X_EXT_NAT_T_TYPE, sizeof(*ext));

	ext->sadb_x_nat_t_type_type = type;
}

static void natt_0(struct msg *m)
{
	natt(m, 0);
}

static void natt_3(struct msg *m)
{
	natt(m, 3);
}

static void natt_9(struct msg *m)
{
	natt(m, 9);
}

static void natt_2(struct msg *m)
{
	natt(m, 2);
}

static void label(struct msg *m)
{
	struct sadb_x_sec_ctx *ctx = m_ext(m, SADB_X_EXT_SEC_CTX, 16);

	ctx->sadb_x_ctx_len = 8;
}

static void spi_0(struct msg *m)
{
	((struct sadb_sa *)m_find(m, SADB_EXT_SA))->sadb_sa_spi = 0;
}

static void esn_no_window(struct msg *m)
{
	m_x_sa(m, SADB_X_TESTUDO_SA_ESN, 0);
}

static void esn_window(struct msg *m)
{
	m_x_sa(m, SADB_X_TESTUDO_SA_ESN, 64);
}

static void esn_old_window(struct msg *m)
{
	m_x_sa(m, SADB_X_TESTUDO_SA_ESN, 0);
	((struct sadb_sa *)m_find(m, SADB_EXT_SA))->sadb_sa_replay = 32;
}

static void window_4096(struct msg *m)
{
	m_x_sa(m, 0, 4096);
}

static void window_4097(struct msg *m)
{
	m_x_sa(m, 0, 4097);
}

static void unknown_x_flag(struct msg *m)
{
	m_x_sa(m, 0x80000000, 64);
}

static void oseq_beyond_32_bits(struct msg *m)
{
	m_x_sa(m, 0, 64)->sadb_x_testudo_sa_oseq = 1ULL << 32;
}

static void esn_oseq(struct msg *m)
{
	m_x_sa(m, SADB_X_TESTUDO_SA_ESN, 64)->sadb_x_testudo_sa_oseq = 1ULL << 32;
}

static void x_reserved(struct msg *m)
{
	m_x_sa(m, 0, 64)->sadb_x_testudo_sa_reserved = 1;
}

TEST(n31_n32_options)
{
	static const struct row rows[] = {
		{ "SPI 0", spi_0, EINVAL },
		{ "N31 mode 4", mode_4, EINVAL },
		{ "N31 mode 255", mode_255, EINVAL },
		{ "mode any", mode_any, 0 },
		{ "BEET is not there", mode_beet, EPROTONOSUPPORT },
		{ "N32 NAT_T_TYPE 0", natt_0, EINVAL },
		{ "N32 NAT_T_TYPE 3", natt_3, EINVAL },
		{ "N32 NAT_T_TYPE 9", natt_9, EINVAL },
		{ "UDP encapsulation is not there yet", natt_2, EPROTONOSUPPORT },
		{ "a label that nobody would enforce", label, EINVAL },
		{ "ESN without a window", esn_no_window, EINVAL },
		{ "ESN with a window", esn_window, 0 },
		{ "ESN with sadb_sa_replay", esn_old_window, 0 },
		{ "window 4096", window_4096, 0 },
		{ "window 4097", window_4097, EINVAL },
		{ "a flag of tomorrow", unknown_x_flag, EINVAL },
		{ "a reserved field in use", x_reserved, EINVAL },
		{ "33-bit sequence number without ESN", oseq_beyond_32_bits, EINVAL },
		{ "33-bit sequence number with ESN", esn_oseq, 0 },
	};

	RUN(rows);
}

/*
 * In what makes an SA or a policy the best of labels is refused, so its form
 * shows only where it is carried along unread.
 */
TEST(n48_labels)
{
	static const struct {
		const char *why;
		unsigned int bytes;
		unsigned int ctx_len;
		int err;
	} rows[] = {
		{ "exact", 16, 8, 0 },
		{ "exact, with padding", 16, 5, 0 },
		{ "empty", 8, 0, 0 },
		{ "one page", 8 + 4096, 4096, 0 },
		{ "0xffff", 16, 0xffff, EINVAL },
		{ "longer than its room", 16, 9, EINVAL },
		{ "shorter than its room", 24, 8, EINVAL },
		{ "exact, and longer than a page", 8 + 4104, 4097, EINVAL },
	};
	static const unsigned int types[] = { SADB_GET, SADB_DUMP, SADB_X_SPDDUMP };
	struct sadb_x_sec_ctx *ctx;
	int fd = k_open();
	struct msg m;
	size_t i, j;

	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	m_spd(&m, SADB_X_SPDADD, IPSEC_DIR_OUTBOUND, SRC, DST, 32);
	m_req(&m, IPPROTO_ESP, IPSEC_MODE_TRANSPORT, IPSEC_LEVEL_REQUIRE, 0, NULL, NULL);
	EQ(k_do(fd, &m), 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		for (j = 0; j < ARRAY_SIZE(types); j++) {
			test_in_row(rows[i].why);
			m_said(&m, SADB_GET, SADB_SATYPE_ESP, 0x1000, SRC, DST);
			m.base.sadb_msg_type = types[j];
			ctx = m_ext(&m, SADB_X_EXT_SEC_CTX, rows[i].bytes);
			ctx->sadb_x_ctx_len = rows[i].ctx_len;
			EQ(k_do(fd, &m), rows[i].err);
			k_quiet(fd, 0);
		}
}

/* --- group N of the scenarios: what else must be there, or may ----------------- */

TEST(sa_messages_need_all_of_sa_src_and_dst)
{
	static const unsigned int types[] = { SADB_ADD, SADB_UPDATE };
	static const unsigned int needs[] = {
		SADB_EXT_SA, SADB_EXT_ADDRESS_SRC, SADB_EXT_ADDRESS_DST,
	};
	int fd = k_open();
	struct msg m;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		for (j = 0; j < ARRAY_SIZE(needs); j++) {
			/* something that UPDATE would find, were it not for the message */
			m_getspi(&m, SRC, DST, 0x1000, 0x1000);
			EQ(k_do(fd, &m), 0);
			m_add(&m, types[i], types[i] == SADB_ADD ? 0x1001 : 0x1000, SRC, DST);
			without(&m, needs[j]);
			EQ(k_do(fd, &m), EINVAL);
			EQ(k_count_sa(fd, 0), 1);
			m_begin(&m, SADB_FLUSH, 0);
			EQ(k_do(fd, &m), 0);
		}
}

/* Numbers of IPComp's algorithms are other ciphers to ESP, or none: 1, 2, 4. */
TEST(esp_with_a_number_of_ipcomp)
{
	static const struct {
		const char *why;
		unsigned int id;
		unsigned int bits;
	} rows[] = {
		{ "OUI", SADB_X_CALG_OUI, 128 },
		{ "DEFLATE is DES-CBC, which is not here", SADB_X_CALG_DEFLATE, 64 },
		{ "LZJH", 4, 128 },
	};
	int fd = k_open();
	struct msg m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		test_in_row(rows[i].why);
		m_add(&m, SADB_ADD, 0x1000, SRC, DST);
		cipher(&m, rows[i].id, rows[i].bits);
		EQ(k_do(fd, &m), ENOSYS);
		nothing_changed(fd);
	}
}

/* Accepted and ignored: contract, section 2. */
TEST(extensions_that_say_nothing_to_us)
{
	int fd = k_open();
	struct msg m;

	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	m_ext(&m, SADB_EXT_IDENTITY_SRC, 32);
	m_ext(&m, SADB_EXT_IDENTITY_DST, 16);
	m_ext(&m, SADB_EXT_SENSITIVITY, 16);
	m_addr(&m, SADB_EXT_ADDRESS_PROXY, SRC6, 128, 0, 0);
	/* racoon's prefix length of an original address is the length of a sockaddr */
	m_addr(&m, SADB_X_EXT_NAT_T_OA, SRC, 16, 0, 0);
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, 0), 1);
	m_begin(&m, SADB_FLUSH, 0);
	EQ(k_do(fd, &m), 0);

	/* ignored is not unread: their lengths count */
	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	m_ext(&m, SADB_EXT_IDENTITY_SRC, 8);
	EQ(k_do(fd, &m), EINVAL);
	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	m_ext(&m, SADB_EXT_SENSITIVITY, 8);
	EQ(k_do(fd, &m), EINVAL);
	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	m_ext(&m, SADB_EXT_ADDRESS_PROXY, 24);
	EQ(k_do(fd, &m), EINVAL);
	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	m_addr(&m, SADB_X_EXT_NAT_T_OA, SRC, 33, 0, 0);
	EQ(k_do(fd, &m), EINVAL);
	nothing_changed(fd);
}

/* ADD of 2^63 or more seconds is an SA without end, not one that ended long ago. */
TEST(lifetimes_do_not_overflow)
{
	static const uint64_t values[] = { 1ULL << 62, (1ULL << 63) - 1, 1ULL << 63, ~0ULL };
	struct sadb_lifetime *life;
	int fd = k_open(), events = k_open();
	struct msg m, a;
	size_t i;

	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	EQ(k_do(events, &m), 0);
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		m_add(&m, SADB_ADD, 0x1000 + i, SRC, DST);
		lifetimes_of(&m, values[i]);
		EQ(k_do(fd, &m), 0);
		m_said(&m, SADB_GET, SADB_SATYPE_ESP, 0x1000 + i, SRC, DST);
		EQ(k_ask(fd, &m, &a), 0);
		EQ(((struct sadb_sa *)m_find(&a, SADB_EXT_SA))->sadb_sa_state,
		   SADB_SASTATE_MATURE);
		life = m_find(&a, SADB_EXT_LIFETIME_HARD);
		EQ(life->sadb_lifetime_addtime, values[i]);
		EQ(life->sadb_lifetime_usetime, values[i]);
		EQ(life->sadb_lifetime_bytes, values[i]);
		EQ(life->sadb_lifetime_allocations, 0xffffffff);
	}
	while (k_recv(events, &a, 300))
		EQ(a.base.sadb_msg_type, SADB_ADD);
	EQ(k_count_sa(fd, 0), ARRAY_SIZE(values));
}

TEST(n32_natt_on_ah)
{
	int fd = k_open();
	struct msg m;

	m_begin(&m, SADB_ADD, SADB_SATYPE_AH);
	m_sa(&m, 0x1000, SADB_AALG_SHA1HMAC, 0);
	m_key(&m, SADB_EXT_KEY_AUTH, 160);
	m_ends(&m, SRC, DST);
	natt(&m, 2);
	EQ(k_do(fd, &m), EINVAL);
	nothing_changed(fd);
}

int main(void)
{
	return test_main();
}
