// SPDX-License-Identifier: GPL-2.0
/*
 * Messages as text, compared with what ipsec-tools' setkey prints for them:
 * the expected text was written from its documented and observed form. And the
 * way back: the policy that is printed, read as a command, is that policy.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define NOW	1700000100	/* Nov 14 22:15:00 2023 UTC */

static void text_compare(const char *got, const char *want, const char *name)
{
	if (!unit_ok(!strcmp(got, want), "text: %s", name))
		unit_note("wanted\n%s\ngot\n%s", want, got);
}

static struct sockaddr_storage text_addr(const char *host, unsigned int port)
{
	struct sockaddr_storage sa = { .ss_family = strchr(host, ':') ? AF_INET6 : AF_INET };

	if (sa.ss_family == AF_INET)
		inet_pton(AF_INET, host, &((struct sockaddr_in *)&sa)->sin_addr);
	else
		inet_pton(AF_INET6, host, &((struct sockaddr_in6 *)&sa)->sin6_addr);
	pfkey_addr_set_port(&sa, port);
	return sa;
}

static void text_put_addr(struct pfkey_buf *b, unsigned int type, const char *host,
			  unsigned int port, unsigned int proto, unsigned int prefix)
{
	struct sockaddr_storage sa = text_addr(host, port);

	pfkey_put_address(b, type, &sa, proto, prefix);
}

static void text_put_sa(struct pfkey_buf *b, uint32_t spi, unsigned int replay, unsigned int state,
			unsigned int auth, unsigned int enc)
{
	struct sadb_sa *sa = pfkey_put(b, SADB_EXT_SA, sizeof(*sa));

	sa->sadb_sa_spi = htonl(spi);
	sa->sadb_sa_replay = replay;
	sa->sadb_sa_state = state;
	sa->sadb_sa_auth = auth;
	sa->sadb_sa_encrypt = enc;
}

/* Print what was built with one of the printers, into a string to be freed. */
static char *text_print(struct pfkey_buf *b, unsigned int flags, char how)
{
	struct pfkey_fault fault;
	struct pfkey_msg msg;
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	pfkey_end(b);
	if (pfkey_parse(b->data, b->len, &msg, &fault))
		return strdup(fault.why);
	out = open_memstream(&text, &len);
	if (how == 'D')
		pfkey_text_sa(out, &msg, flags, NOW);
	else if (how == 'l')
		pfkey_text_sa_line(out, &msg, NOW);
	else if (how == 'P')
		pfkey_text_sp(out, &msg, flags);
	else
		pfkey_text_msg(out, &msg);
	fclose(out);
	return text;
}

static void text_check(struct pfkey_buf *b, unsigned int flags, char how, const char *want,
		       const char *name)
{
	char *got = text_print(b, flags, how);

	text_compare(got, want, name);
	free(got);
}

static void text_esp_msg(struct pfkey_buf *b)
{
	static const struct pfkey_limits cur = { 3, 252, 1700000000, 1700000040 };
	static const struct pfkey_limits hard = { 0, 5000000000, 100, 0 };
	static const struct pfkey_limits soft = { 0, 4000, 80, 0 };

	pfkey_begin(b, SADB_DUMP, SADB_SATYPE_ESP, 1, 4321);
	text_put_sa(b, 4096, 32, SADB_SASTATE_MATURE, SADB_AALG_SHA1HMAC, SADB_X_EALG_AESCBC);
	pfkey_put_limits(b, SADB_EXT_LIFETIME_HARD, &hard);
	pfkey_put_limits(b, SADB_EXT_LIFETIME_SOFT, &soft);
	pfkey_put_limits(b, SADB_EXT_LIFETIME_CURRENT, &cur);
	text_put_addr(b, SADB_EXT_ADDRESS_SRC, "10.0.0.1", 0, 0, 32);
	text_put_addr(b, SADB_EXT_ADDRESS_DST, "10.0.0.2", 0, 0, 32);
	pfkey_put_key(b, SADB_EXT_KEY_AUTH, "01234567890123456789", 20);
	pfkey_put_key(b, SADB_EXT_KEY_ENCRYPT, "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17", 16);
	pfkey_put_sa2(b, IPSEC_MODE_TUNNEL, 7);
}

static const char text_esp[] =
	"10.0.0.1 10.0.0.2 \n"
	"\tesp mode=tunnel spi=4096(0x00001000) reqid=7(0x00000007)\n"
	"\tE: aes-cbc  00010203 04050607 08090a0b 0c0d0e0f\n"
	"\tA: hmac-sha1  30313233 34353637 38393031 32333435 36373839\n"
	"\tseq=0x00000000 replay=32 flags=0x00000000 state=mature \n"
	"\tcreated: Nov 14 22:13:20 2023\tcurrent: Nov 14 22:15:00 2023\n"
	"\tdiff: 100(s)\thard: 100(s)\tsoft: 80(s)\n"
	"\tlast: Nov 14 22:14:00 2023\thard: 0(s)\tsoft: 0(s)\n"
	"\tcurrent: 252(bytes)\thard: 5000000000(bytes)\tsoft: 4000(bytes)\n"
	"\tallocated: 3\thard: 0\tsoft: 0\n"
	"\tsadb_seq=1 pid=4321 refcnt=0\n";

static void text_sas(void)
{
	static const struct pfkey_limits unused = { 0, 0, 1699228799, 0 };	/* Nov  5 */
	struct sadb_x_testudo_sa *ours;
	struct pfkey_buf b;

	text_esp_msg(&b);
	text_check(&b, 0, 'D', text_esp, "an ESP SA");
	text_check(&b, 0, 'l', "1500 esp M 00001000 100/100 10.0.0.1 -> 10.0.0.2\n",
		   "an SA in one line");

	pfkey_begin(&b, SADB_GET, SADB_SATYPE_ESP, 0, 1);
	text_put_sa(&b, 0xdeadbeef, 0, SADB_SASTATE_LARVAL, 0, SADB_X_EALG_TESTUDO_CHACHA20POLY1305);
	pfkey_put_key(&b, SADB_EXT_KEY_ENCRYPT, "0123456789012345678901234567890123456", 36);
	pfkey_put_limits(&b, SADB_EXT_LIFETIME_CURRENT, &unused);
	text_put_addr(&b, SADB_EXT_ADDRESS_SRC, "fd00::1", 0, 0, 128);
	text_put_addr(&b, SADB_EXT_ADDRESS_DST, "fd00::2", 0, 0, 128);
	pfkey_put_sa2(&b, IPSEC_MODE_ANY, 0);
	ours = pfkey_put(&b, SADB_X_EXT_TESTUDO_SA, sizeof(*ours));
	ours->sadb_x_testudo_sa_flags = SADB_X_TESTUDO_SA_ESN | SADB_X_TESTUDO_SA_DFSET;
	ours->sadb_x_testudo_sa_window = 1024;
	ours->sadb_x_testudo_sa_oseq = 1ull << 33;
	text_check(&b, PFKEY_TEXT_PORTS, 'D',
		   "fd00::1[0] fd00::2[0] \n"
		   "\tesp mode=any spi=3735928559(0xdeadbeef) reqid=0(0x00000000)\n"
		   "\tE: chacha20-poly1305  30313233 34353637 38393031 32333435 36373839 30313233 34353637 38393031\n"
		   " 32333435\n"
		   "\tseq=0x00000000 replay=0 flags=0x00000000 state=larval \n"
		   "\tesn=yes window=1024 oseq=8589934592 iseq=0 df=set\n"
		   "\tcreated: Nov  5 23:59:59 2023\tcurrent: Nov 14 22:15:00 2023\n"
		   "\tdiff: 771301(s)\thard: 0(s)\tsoft: 0(s)\n"
		   "\tlast:                     \thard: 0(s)\tsoft: 0(s)\n"
		   "\tcurrent: 0(bytes)\thard: 0(bytes)\tsoft: 0(bytes)\n"
		   "\tallocated: 0\thard: 0\tsoft: 0\n"
		   "\tsadb_seq=0 pid=1 refcnt=0\n", "an AEAD with ESN, ports shown, unused");
}

static void text_odd_sas(void)
{
	struct pfkey_buf b;

	pfkey_begin(&b, SADB_DUMP, SADB_SATYPE_ESP, 0, 1);
	text_put_sa(&b, 256, 0, SADB_SASTATE_DEAD, SADB_AALG_MD5HMAC, SADB_EALG_NULL);
	text_put_addr(&b, SADB_EXT_ADDRESS_SRC, "10.0.0.1", 0, 0, 32);
	text_put_addr(&b, SADB_EXT_ADDRESS_DST, "10.0.0.2", 0, 0, 32);
	pfkey_put_key(&b, SADB_EXT_KEY_AUTH, "0123456789abcdef", 16);
	pfkey_put_sa2(&b, IPSEC_MODE_TRANSPORT, 0);
	pfkey_put_natt_type(&b, 2);
	pfkey_put_natt_port(&b, SADB_X_EXT_NAT_T_SPORT, 4500);
	pfkey_put_natt_port(&b, SADB_X_EXT_NAT_T_DPORT, 30000);
	text_put_addr(&b, SADB_X_EXT_NAT_T_OA, "10.9.9.9", 0, 0, 32);
	pfkey_put_sec_ctx(&b, 1, 2, "label", 5);
	text_check(&b, 0, 'D',
		   "10.0.0.1[4500] 10.0.0.2[30000] \n"
		   "\tesp-udp mode=transport spi=256(0x00000100) reqid=0(0x00000000)\n"
		   "\tNAT OA=10.9.9.9\n"
		   "\tA: hmac-md5  30313233 34353637 38396162 63646566\n"
		   "\tseq=0x00000000 replay=0 flags=0x00000000 state=dead \n"
		   "\tsecurity context doi: 1\n\tsecurity context algorithm: 2\n"
		   "\tsecurity context length: 6\n\tsecurity context: label\n"
		   "\tsadb_seq=0 pid=1 refcnt=0\n", "ESP in UDP with a label");

	pfkey_begin(&b, SADB_DUMP, SADB_X_SATYPE_IPCOMP, 0, 1);
	text_put_sa(&b, 2, 0, SADB_SASTATE_DYING, 0, SADB_X_CALG_DEFLATE);
	text_put_addr(&b, SADB_EXT_ADDRESS_SRC, "10.0.0.1", 0, 0, 32);
	text_put_addr(&b, SADB_EXT_ADDRESS_DST, "10.0.0.2", 0, 0, 32);
	pfkey_put_sa2(&b, IPSEC_MODE_TRANSPORT, 0);
	text_check(&b, 0, 'D',
		   "10.0.0.1 10.0.0.2 \n"
		   "\tipcomp mode=transport spi=2(0x00000002) reqid=0(0x00000000)\n"
		   "\tC: deflate \tseq=0x00000000 replay=0 flags=0x00000000 state=dying \n"
		   "\tsadb_seq=0 pid=1 refcnt=0\n", "IPComp, whose algorithm has no line of its own");

	pfkey_begin(&b, SADB_DUMP, SADB_SATYPE_ESP, 0, 1);
	text_put_sa(&b, 2, 0, 0, 0, 0);
	text_check(&b, 0, 'D', "no ADDRESS_SRC extension.\n", "an SA without addresses");
}

static void text_policies(void)
{
	static const struct pfkey_limits cur = { 0, 0, 1700000000, 0 };
	static const struct pfkey_limits none = { 0 };
	struct pfkey_request req = { IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_REQUIRE, 0, true,
				     text_addr("1.1.1.1", 0), text_addr("2.2.2.2", 4500) };
	struct pfkey_request ah = { .proto = IPPROTO_AH, .mode = IPSEC_MODE_TRANSPORT,
				    .level = IPSEC_LEVEL_UNIQUE, .reqid = 16384 };
	struct pfkey_buf b;

	pfkey_begin(&b, SADB_X_SPDDUMP, 0, 0, 123);
	text_put_addr(&b, SADB_EXT_ADDRESS_SRC, "10.0.0.0", 0, 255, 24);
	text_put_addr(&b, SADB_EXT_ADDRESS_DST, "10.0.1.1", 80, 255, 32);
	pfkey_put_limits(&b, SADB_EXT_LIFETIME_HARD, &none);
	pfkey_put_limits(&b, SADB_EXT_LIFETIME_CURRENT, &cur);
	pfkey_put_policy(&b, IPSEC_POLICY_IPSEC, IPSEC_DIR_OUTBOUND, 9, 0x80000000);
	pfkey_put_request(&b, &req);
	pfkey_put_request(&b, &ah);
	text_check(&b, 0, 'P',
		   "10.0.0.0/24[any] 10.0.1.1[80] 255\n"
		   "\tout prio def ipsec\n"
		   "\tesp/tunnel/1.1.1.1-2.2.2.2/require\n"
		   "\tah/transport//unique#16384\n"
		   "\tcreated: Nov 14 22:13:20 2023  lastused:                     \n"
		   "\tlifetime: 0(s) validtime: 0(s)\n"
		   "\tspid=9 seq=0 pid=123\n"
		   "\trefcnt=0\n", "a policy with two requests");
	pfkey_begin(&b, SADB_X_SPDDUMP, 0, 0, 123);
	text_put_addr(&b, SADB_EXT_ADDRESS_SRC, "::", 135, 58, 0);
	text_put_addr(&b, SADB_EXT_ADDRESS_DST, "::", 0, 58, 0);
	pfkey_put_policy(&b, IPSEC_POLICY_NONE, IPSEC_DIR_INBOUND, 8, 0x40000001);
	text_check(&b, 0, 'P',
		   "::/0 ::/0 ipv6-icmp 135,0\n\tin prio high - 1 none\n"
		   "\tspid=8 seq=0 pid=123\n\trefcnt=0\n", "an ICMPv6 policy");
	pfkey_begin(&b, SADB_X_SPDDUMP, 0, 5, 0);
	pfkey_put_policy(&b, IPSEC_POLICY_BYPASS, 4, 11, 0);
	text_check(&b, PFKEY_TEXT_PORTS, 'P',
		   "(per-socket policy) \n\tin(socket) bypass\n\tspid=11 seq=5 pid=0\n\trefcnt=0\n",
		   "a policy of a socket");
}

static void text_fields(void)
{
	struct pfkey_buf b;

	pfkey_begin(&b, SADB_GETSPI, SADB_SATYPE_ESP, 5, 77);
	pfkey_put_spirange(&b, 256, 511);
	text_put_addr(&b, SADB_EXT_ADDRESS_SRC, "10.0.0.1", 500, 255, 32);
	pfkey_put_sa2(&b, 2, 3);
	text_check(&b, 0, 'x',
		   "sadb_msg{ version=2 type=1 errno=0 satype=3\n"
		   "  len=9 reserved=0 seq=5 pid=77\n"
		   "sadb_ext{ len=2 type=16 }\n"
		   "sadb_spirange{ min=0x00000100 max=0x000001ff }\n"
		   "sadb_ext{ len=3 type=5 }\n"
		   "sadb_address{ proto=255 prefixlen=32 reserved=0x0000 }\n"
		   "sockaddr{ len=16 family=2 port=500\n"
		   " 0a000001  }\n"
		   "sadb_ext{ len=2 type=19 }\n"
		   "sadb_x_sa2{ mode=2 reqid=3\n"
		   "  reserved1=0 reserved2=0 sequence=0 }\n", "fields of a message");
}

/* Texts whose policy must survive being sent, printed, read and sent again. */
static const char * const text_round[] = {
	"out prio def ipsec\n\tesp/tunnel/1.1.1.1-2.2.2.2/require",
	"out prio def + 10 ipsec\n\tesp/transport//unique:7\n\tah/transport//use",
	"out prio high - 1 discard",
	"fwd prio low + 1000 ipsec\n\tipcomp/tunnel/fd00::1-fd00::2/use\n\tesp/transport//default",
	"in prio low - 5 none",
	"out prio def ipsec\n\tah/transport//unique#20000",
};

static void text_rounds(void)
{
	struct setkey sk = { .kernel_mode = true };
	const struct unit_run *run;
	struct pfkey_fault fault;
	struct pfkey_msg msg;
	char text[256], *got;
	size_t i, len;
	FILE *out;

	for (i = 0; i < sizeof(text_round) / sizeof(text_round[0]); i++) {
		snprintf(text, sizeof(text), "spdadd 10.0.0.1 10.0.0.2 any -P %s;", text_round[i]);
		run = unit_text(text, &sk);
		got = NULL;
		out = open_memstream(&got, &len);
		if (!pfkey_parse(run->bytes, run->len, &msg, &fault))
			pfkey_text_sp(out, &msg, 0);
		fclose(out);
		snprintf(text, sizeof(text), "10.0.0.1[any] 10.0.0.2[any] 255\n\t%s\n"
			 "\tspid=0 seq=0 pid=0\n\trefcnt=0\n", text_round[i]);
		text_compare(got, text, "a policy and back");
		free(got);
	}
}

/**
 * test_text() - messages as text
 */
void test_text(void)
{
	text_sas();
	text_odd_sas();
	text_policies();
	text_fields();
	text_rounds();
}
