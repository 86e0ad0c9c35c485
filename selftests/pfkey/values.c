// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of a good shape whose values are out of bounds, unknown, or contradict
 * each other: keys, algorithms, lifetimes, protocols, options.
 *
 * # kernels: all
 */
#include <errno.h>
#include <string.h>

#include "harness.h"
#include "msg.h"
#include "rows.h"

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

TEST(n24_ipcomp)
{
	int fd = k_open();
	struct msg m, a;

	EQ(add_satype(fd, SADB_X_SATYPE_IPCOMP, 0, 5, false), EINVAL);
	EQ(add_satype(fd, SADB_X_SATYPE_IPCOMP, 0, 1, false), ENOSYS);
	EQ(add_satype(fd, SADB_X_SATYPE_IPCOMP, 0, SADB_X_CALG_LZS, false), ENOSYS);
	EQ(add_satype(fd, SADB_X_SATYPE_IPCOMP, 0, 0, false), EINVAL);
	/* it has no keys, and no sequence numbers */
	EQ(add_satype(fd, SADB_X_SATYPE_IPCOMP, SADB_AALG_SHA1HMAC, SADB_X_CALG_DEFLATE, true),
	   EINVAL);
	EQ(add_satype(fd, SADB_X_SATYPE_IPCOMP, 0, SADB_X_CALG_DEFLATE, true), EINVAL);
	m_begin(&m, SADB_ADD, SADB_X_SATYPE_IPCOMP);
	m_sa(&m, 0x1000, 0, SADB_X_CALG_DEFLATE);
	/* longer than any SA could keep */
	m_key(&m, SADB_EXT_KEY_ENCRYPT, 4096);
	m_ends(&m, SRC, DST);
	EQ(k_do(fd, &m), EINVAL);
	m_begin(&m, SADB_ADD, SADB_X_SATYPE_IPCOMP);
	m_sa(&m, 0x1000, 0, SADB_X_CALG_DEFLATE);
	m_ends(&m, SRC, DST);
	m_ext(&m, SADB_X_EXT_TESTUDO_SA, sizeof(struct sadb_x_testudo_sa));
	EQ(k_do(fd, &m), EINVAL);
	/* nor more than 16 bits of SPI */
	m_begin(&m, SADB_ADD, SADB_X_SATYPE_IPCOMP);
	m_sa(&m, 0x10000, 0, SADB_X_CALG_DEFLATE);
	m_ends(&m, SRC, DST);
	EQ(k_do(fd, &m), EINVAL);
	nothing_changed(fd);

	EQ(add_satype(fd, SADB_X_SATYPE_IPCOMP, 0, SADB_X_CALG_DEFLATE, false), 0);
	EQ(add_satype(fd, SADB_X_SATYPE_IPCOMP, 0, SADB_X_CALG_DEFLATE, false), EEXIST);
	m_begin(&m, SADB_GET, SADB_X_SATYPE_IPCOMP);
	m_sa(&m, 0x1000, 0, 0);
	m_ends(&m, SRC, DST);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(((struct sadb_sa *)m_find(&a, SADB_EXT_SA))->sadb_sa_encrypt, SADB_X_CALG_DEFLATE);
	EQ(k_count_sa(fd, SADB_X_SATYPE_IPCOMP), 1);
	EQ(k_count_sa(fd, SADB_SATYPE_ESP), 0);
}

TEST(n26_ah)
{
	const unsigned int sha1 = SADB_AALG_SHA1HMAC;
	int fd = k_open();
	struct msg m;

	EQ(add_satype(fd, SADB_SATYPE_AH, 0, 0, false), EINVAL);
	EQ(add_satype(fd, SADB_SATYPE_AH, 0, 0, true), EINVAL);
	EQ(add_satype(fd, SADB_SATYPE_AH, sha1, 0, false), EINVAL);
	/* AH encrypts nothing, and one that authenticates nothing is none */
	EQ(add_satype(fd, SADB_SATYPE_AH, sha1, SADB_X_EALG_AESCBC, true), EINVAL);
	EQ(add_satype(fd, SADB_SATYPE_AH, SADB_X_AALG_NULL, 0, false), EINVAL);
	m_begin(&m, SADB_ADD, SADB_SATYPE_AH);
	m_sa(&m, 0x1000, sha1, 0);
	m_key(&m, SADB_EXT_KEY_AUTH, 160);
	/* longer than any SA could keep */
	m_key(&m, SADB_EXT_KEY_ENCRYPT, 4096);
	m_ends(&m, SRC, DST);
	EQ(k_do(fd, &m), EINVAL);
	m_begin(&m, SADB_ADD, SADB_SATYPE_AH);
	m_sa(&m, 0x1000, SADB_X_AALG_NULL, 0);
	m_key(&m, SADB_EXT_KEY_AUTH, 0);
	m_ends(&m, SRC, DST);
	EQ(k_do(fd, &m), EINVAL);
	nothing_changed(fd);
	EQ(add_satype(fd, SADB_SATYPE_AH, sha1, 0, true), 0);
	EQ(add_satype(fd, SADB_SATYPE_AH, sha1, 0, true), EEXIST);
	/* the same SPI and destination, and another protocol */
	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, SADB_SATYPE_AH), 1);
	EQ(k_count_sa(fd, 0), 2);
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

static void natt_1(struct msg *m)
{
	natt(m, 1);
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

static void natt_oa(struct msg *m)
{
	natt(m, 2);
	m_addr(m, SADB_X_EXT_NAT_T_OA, "192.168.7.7", 16, 0, 0);
}

static void natt_oa_of_another_family(struct msg *m)
{
	natt(m, 2);
	m_addr(m, SADB_X_EXT_NAT_T_OA, "fd77::7", 128, 0, 0);
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

static void align8_of_esp(struct msg *m)
{
	m_x_sa(m, SADB_X_TESTUDO_SA_ALIGN8, 64);
}

static void dfset(struct msg *m)
{
	m_x_sa(m, SADB_X_TESTUDO_SA_DFSET, 64);
}

static void dfset_of_any(struct msg *m)
{
	mode_any(m);
	dfset(m);
}

static void dfset_of_transport(struct msg *m)
{
	sa2_mode(m, IPSEC_MODE_TRANSPORT);
	dfset(m);
}

static void dfset_and_not(struct msg *m)
{
	dfset(m);
	((struct sadb_sa *)m_find(m, SADB_EXT_SA))->sadb_sa_flags = SADB_SAFLAGS_NOPMTUDISC;
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
		{ "N16 NAT_T_TYPE 1", natt_1, EINVAL },
		{ "N16 NAT_T_TYPE 2", natt_2, 0 },
		{ "N16 an original address, prefixlen as racoon has it", natt_oa, 0 },
		{ "N16 an original address of another family", natt_oa_of_another_family, EINVAL },
		{ "a label that nobody would enforce", label, EINVAL },
		{ "ESN without a window", esn_no_window, EINVAL },
		{ "ESN with a window", esn_window, 0 },
		{ "ESN with sadb_sa_replay", esn_old_window, 0 },
		{ "window 4096", window_4096, 0 },
		{ "window 4097", window_4097, EINVAL },
		{ "a flag of tomorrow", unknown_x_flag, EINVAL },
		{ "the alignment of AH for ESP", align8_of_esp, EINVAL },
		{ "DF set", dfset, 0 },
		{ "DF set, of any mode", dfset_of_any, 0 },
		{ "DF set, in transport mode", dfset_of_transport, EINVAL },
		{ "DF set and not set", dfset_and_not, EINVAL },
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
