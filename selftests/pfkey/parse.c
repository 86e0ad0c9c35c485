// SPDX-License-Identifier: GPL-2.0
/*
 * Messages that are malformed: extensions and addresses of a wrong length, too
 * many, too few, or of a kind that does not belong there.
 *
 * # kernels: all
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "harness.h"
#include "msg.h"
#include "rows.h"

#define SRC6	"2001:db8::1"
#define DST6	"2001:db8::2"

/* Sets the length in words that an extension claims. */
static void set_words(struct msg *m, unsigned int type, unsigned int words)
{
	struct sadb_ext *ext = m_find(m, type);

	OK(ext);
	ext->sadb_ext_len = words;
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

int main(void)
{
	return test_main();
}
