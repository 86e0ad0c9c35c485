// SPDX-License-Identifier: GPL-2.0
/*
 * Commands and the bytes they become. The bytes are written by hand from the
 * layouts of RFC 2367 section 2 and <linux/pfkeyv2.h>, for a little-endian
 * host; none was taken from a run.
 */
#include <string.h>

#include "unit.h"

#define HDR(type, satype, words) \
	"02" type "00" satype " " words "00 0000 00000000 00000000 "
#define SRC4(proto, prefix, port, addr) \
	"0300 0500 " proto " " prefix " 0000 0200 " port " " addr " 0000000000000000 "
#define DST4(proto, prefix, port, addr) \
	"0300 0600 " proto " " prefix " 0000 0200 " port " " addr " 0000000000000000 "
#define SA2(mode, reqid)	"0200 1300 " mode " 00 0000 00000000 " reqid " "
#define KEY16			"000102030405060708090a0b0c0d0e0f"

/**
 * struct good_row - a text and the whole of what it sends
 * @text: commands
 * @hex: messages
 * @why: what the row is about
 * @kernel_mode: run with -k
 */
struct good_row {
	const char *text;
	const char *hex;
	const char *why;
	bool kernel_mode;
};

static const struct good_row good_rows[] = {
	{ .text = "flush; flush esp; dump ah; spdflush; spddump;",
	  .hex = HDR("09", "00", "02") HDR("09", "03", "02")
		 /* dump asks for ESN and wide windows with a zeroed extension of ours */
		 HDR("0a", "02", "06") "0400 0154" "00000000 00000000 00000000"
		 "0000000000000000 0000000000000000"
		 HDR("13", "00", "02") HDR("12", "00", "02"),
	  .why = "messages without arguments" },
	{ .text = "add 10.0.0.1 10.0.0.2 esp 0x1000 -m tunnel -u 7 -r 32 -E aes-cbc 0x" KEY16
		  " -A hmac-sha1 \"01234567890123456789\";",
	  .hex = HDR("03", "03", "13")
		 "0300 0900 8000 0000" KEY16
		 "0400 0800 a000 0000 3031323334353637383930313233343536373839 00000000"
		 "0200 0100 00001000 20 01 03 0c 40000000"
		 SA2("02", "07000000")
		 SRC4("ff", "20", "0000", "0a000001") DST4("ff", "20", "0000", "0a000002"),
	  .why = "ESP over IPv4, hex and text key" },
	{ .text = "add fd00::1 fd00::2 esp 256 -f esn -r 1024 -seq 5 -E aes-gcm-16 0x" KEY16
		  "a0a1a2a3;",
	  .hex = HDR("03", "03", "18")
		 "0400 0900 a000 0000" KEY16 "a0a1a2a3 00000000"
		 "0200 0100 00000100 ff 01 00 14 40000000"
		 SA2("00", "00000000")
		 "0500 0500 ff 80 0000 0a00 0000 00000000 fd000000000000000000000000000001"
		 "00000000 00000000"
		 "0500 0600 ff 80 0000 0a00 0000 00000000 fd000000000000000000000000000002"
		 "00000000 00000000"
		 "0400 0154 01000000 00040000 00000000 0500000000000000 0500000000000000",
	  .why = "AEAD over IPv6 with ESN and a window of 1024" },
	{ .text = "add 10.0.0.1[4500] 10.0.0.2[30000] esp-udp 10.9.9.9 4096 -E null;",
	  .hex = HDR("03", "03", "13")
		 "0100 0900 0000 0000"
		 "0200 0100 00001000 00 01 00 0b 40000000"
		 SA2("00", "00000000")
		 "0100 1400 02 000000"
		 "0300 1700 ff 20 0000 0200 0000 0a090909 0000000000000000"
		 SRC4("ff", "20", "1194", "0a000001") DST4("ff", "20", "7530", "0a000002")
		 "0100 1500 1194 0000" "0100 1600 7530 0000",
	  .why = "UDP encapsulation with both ports and the original address" },
	{ .text = "add 10.0.0.1 10.0.0.2 ipcomp 0x3456 -C deflate -R;",
	  .hex = HDR("03", "09", "0c")
		 "0200 0100 00003456 00 01 00 02 c0000000"
		 SA2("00", "00000000")
		 SRC4("ff", "20", "0000", "0a000001") DST4("ff", "20", "0000", "0a000002"),
	  .why = "IPComp with a raw CPI" },
	{ .text = "add 10.0.0.1 10.0.0.2 ah 1 -lh 100 -ls 80 -bh 4000000000 -bs 5 -ph 9 -ps 8 "
		  "-f nocyclic-seq -A null;",
	  .hex = HDR("03", "02", "14")
		 "0400 0300 09000000 00286bee00000000 6400000000000000 0000000000000000"
		 "0400 0400 08000000 0500000000000000 5000000000000000 0000000000000000"
		 "0200 0100 00000001 00 01 fb 00 00000000"
		 SA2("00", "00000000")
		 SRC4("ff", "20", "0000", "0a000001") DST4("ff", "20", "0000", "0a000002"),
	  .why = "all six limits" },
	{ .text = "getspi 10.0.0.1 10.0.0.2 esp 0x5555 -u 3 -m transport;"
		  "getspi 10.0.0.1 10.0.0.2 esp 0;",
	  .hex = HDR("01", "03", "0e")
		 "0200 1000 55550000 55550000 00000000"
		 "0200 0100 00005555 00 00 00 00 40000000"
		 SA2("01", "03000000")
		 SRC4("ff", "20", "0000", "0a000001") DST4("ff", "20", "0000", "0a000002")
		 HDR("01", "03", "0c")
		 "0200 0100 00000000 00 00 00 00 40000000"
		 SA2("00", "00000000")
		 SRC4("ff", "20", "0000", "0a000001") DST4("ff", "20", "0000", "0a000002"),
	  .why = "one SPI or any" },
	{ .text = "get 10.0.0.1 10.0.0.2 esp 16;",
	  .hex = HDR("05", "03", "10")
		 "0200 0100 00000010 00 00 00 00 40000000"
		 SA2("00", "00000000")
		 SRC4("ff", "20", "0000", "0a000001") DST4("ff", "20", "0000", "0a000002")
		 "0400 0154" "00000000 00000000 00000000" "0000000000000000 0000000000000000",
	  .why = "get asks for ESN and the window with a zeroed extension of ours" },
	{ .text = "get 10.0.0.1 10.0.0.2 esp 16 -f esn -r 300;",
	  .hex = HDR("05", "03", "10")
		 "0200 0100 00000010 ff 00 00 00 40000000"
		 SA2("00", "00000000")
		 SRC4("ff", "20", "0000", "0a000001") DST4("ff", "20", "0000", "0a000002")
		 "0400 0154" "00000000 00000000 00000000" "0000000000000000 0000000000000000",
	  .why = "get keeps it zeroed whatever options it is given" },
	{ .text = "delete 10.0.0.1 10.0.0.2 ah 16;",
	  .hex = HDR("04", "02", "0c")
		 "0200 0100 00000010 00 00 00 00 40000000"
		 SA2("00", "00000000")
		 SRC4("ff", "20", "0000", "0a000001") DST4("ff", "20", "0000", "0a000002"),
	  .why = "delete" },
	{ .text = "spdadd 10.0.0.0/24[any] 10.0.1.0/24[80] tcp -P out prio def + 10 ipsec\n"
		  "esp/tunnel/1.1.1.1-2.2.2.2/require ah/transport//unique:7;",
	  .hex = HDR("0e", "00", "12")
		 "0a00 1200 0200 02 00 00000000 f6ffff7f"
		 "3000 3200 02 02 0000 00000000 00000000"
		 "0200 0000 01010101 0000000000000000 0200 0000 02020202 0000000000000000"
		 "1000 3300 01 03 0000 07000000 00000000"
		 SRC4("06", "18", "0000", "0a000000") DST4("06", "18", "0050", "0a000100"),
	  .why = "policy with two requests, ports and a priority" },
	{ .text = "spdadd 10.0.1.0/24 10.0.0.0/24 any -P in ipsec "
		  "esp/transport//unique:7 ah/transport//unique:8;",
	  .hex = HDR("0e", "00", "0e")
		 "0600 1200 0200 01 00 00000000 00000080"
		 "1000 3200 01 03 0000 07000000 00000000"
		 "1000 3300 01 03 0000 08000000 00000000"
		 SRC4("ff", "18", "0000", "0a000100") DST4("ff", "18", "0000", "0a000000")
		 HDR("0e", "00", "0e")
		 "0600 1200 0200 03 00 00000000 00000080"
		 "1000 3200 01 02 0000 00000000 00000000"
		 "1000 3300 01 02 0000 00000000 00000000"
		 SRC4("ff", "18", "0000", "0a000100") DST4("ff", "18", "0000", "0a000000"),
	  .why = "an in policy is repeated as fwd, unique lowered in every request" },
	{ .text = "spdadd 10.0.1.0/3 10.0.0.0/24 any -P in none;",
	  .hex = HDR("0e", "00", "0a")
		 "0200 1200 0100 01 00 00000000 00000080"
		 SRC4("ff", "03", "0000", "0a000100") DST4("ff", "18", "0000", "0a000000"),
	  .why = "-k makes no fwd", .kernel_mode = true },
	{ .text = "spddelete 10.0.0.0/24 10.0.1.0/24 any -P out;",
	  .hex = HDR("0f", "00", "0a")
		 "0200 1200 0000 02 00 00000000 00000000"
		 SRC4("ff", "18", "0000", "0a000000") DST4("ff", "18", "0000", "0a000100"),
	  .why = "deleting needs a direction only" },
	{ .text = "spdget 57;",
	  .hex = HDR("10", "00", "04") "0200 1200 0000 00 00 39000000 00000000",
	  .why = "a policy by its number" },
	{ .text = "spdadd gw gw any -P out none;", .hex = "", .why = "-N looks no name up" },
	{ .text = "flush; exit; this is not even read", .hex = HDR("09", "00", "02"),
	  .why = "exit ends the text" },
	{ .text = "flush\r\n;\r\n# flush; \"\r\n;;flush;#", .hex = HDR("09", "00", "02")
		  HDR("09", "00", "02"), .why = "CRLF, comments, empty commands" },
};

/**
 * struct good_field - a text and a few bytes of one extension
 * @text: one command
 * @type: extension of its first message
 * @off: byte in that extension
 * @hex: bytes there
 */
struct good_field {
	const char *text;
	unsigned int type;
	size_t off;
	const char *hex;
};

#define POLICY(spec)	"spdadd 10.0.0.1 10.0.0.2 any -P out " spec ";", SADB_X_EXT_POLICY
#define UPPER(spec)	"spdadd 10.0.0.1 10.0.0.2 " spec " -P out none;"
#define ADD(opts)	"add 10.0.0.1 10.0.0.2 esp 1 -E null " opts ";"

static const struct good_field good_fields[] = {
	{ POLICY("none"), 12, "00000080" },
	{ POLICY("prio 0 none"), 12, "00000080" },
	{ POLICY("prio 10 none"), 12, "f6ffff7f" },
	{ POLICY("priority -5 none"), 12, "05000080" },
	{ POLICY("prio 2147483648 none"), 12, "00000000" },
	{ POLICY("prio -2147483647 none"), 12, "ffffffff" },
	{ POLICY("prio high none"), 12, "00000040" },
	{ POLICY("prio high - 1 none"), 12, "01000040" },
	{ POLICY("prio low none"), 12, "000000c0" },
	{ POLICY("prio low + 1073741824 none"), 12, "00000080" },
	{ POLICY("prio def - 1073741823 none"), 12, "ffffffbf" },
	{ POLICY("discard"), 4, "0000 02" },
	{ POLICY("none"), 4, "0100 02" },
	{ POLICY("entrust"), 4, "0300 02" },
	{ POLICY("bypass"), 4, "0400 02" },
	{ POLICY("ipsec esp/transport"), 20, "01 00" },
	{ POLICY("ipsec esp/transport/"), 20, "01 00" },
	{ POLICY("ipsec esp/transport//default"), 20, "01 00" },
	{ POLICY("ipsec esp/transport//use"), 20, "01 01" },
	{ POLICY("ipsec esp/transport//unique"), 20, "01 03 0000 00000000" },
	{ POLICY("ipsec esp/transport//unique#20000"), 20, "01 03 0000 204e0000" },
	{ POLICY("ipsec esp/transport/me-any/use"), 16, "1000 3200 01 01" },
	{ POLICY("ipsec ipcomp/transport//use esp/transport/ ah/transport"), 16,
	  "1000 6c00 01 01 0000 00000000 00000000 1000 3200 01 00 0000 00000000 00000000"
	  "1000 3300 01 00" },
	{ POLICY("ipsec esp/tunnel/1.1.1.1[4500]-2.2.2.2[9]/require"), 32,
	  "0200 1194 01010101 0000000000000000 0200 0009 02020202" },
	{ POLICY("ipsec esp/tunnel/fd00::1-fd00::2/require"), 16, "4800 3200 02 02 0000" },
	{ UPPER("any"), SADB_EXT_ADDRESS_SRC, 4, "ff" },
	{ UPPER("udp"), SADB_EXT_ADDRESS_SRC, 4, "11" },
	{ UPPER("ip4"), SADB_EXT_ADDRESS_SRC, 4, "04" },
	{ UPPER("icmp6"), SADB_EXT_ADDRESS_SRC, 4, "3a" },
	{ UPPER("89"), SADB_EXT_ADDRESS_DST, 4, "59" },
	{ UPPER("icmp6 135,1"), SADB_EXT_ADDRESS_SRC, 8, "0200 0087" },
	{ UPPER("icmp6 135,1"), SADB_EXT_ADDRESS_DST, 8, "0200 0001" },
	{ UPPER("icmp 8"), SADB_EXT_ADDRESS_SRC, 8, "0200 0008" },
	{ UPPER("gre 70000"), SADB_EXT_ADDRESS_SRC, 8, "0200 0001" },
	{ UPPER("gre 70000"), SADB_EXT_ADDRESS_DST, 8, "0200 1170" },
	{ UPPER("gre 1.2.3.4"), SADB_EXT_ADDRESS_SRC, 8, "0200 0102" },
	{ UPPER("gre 1.2.3.4"), SADB_EXT_ADDRESS_DST, 8, "0200 0304" },
	{ "spdadd ::/0 ::/0[any] any -P out none;", SADB_EXT_ADDRESS_DST, 0,
	  "0500 0600 ff 00 0000 0a00 0000" },
	{ "spdadd 10.0.0.1 10.0.0.2 any -Pout none;", SADB_X_EXT_POLICY, 4, "0100 02" },
	{ "spdadd 10.0.0.1 10.0.0.2 any -Pfwd prio high discard;", SADB_X_EXT_POLICY, 4, "0000 03" },
	{ "spdadd -4n 10.0.0.1 -P 10.0.0.2;", 0, 0, NULL },
	{ ADD("-f zero-pad"), SADB_EXT_SA, 12, "40020000" },
	{ ADD("-f random-pad -f seq-pad"), SADB_EXT_SA, 12, "40000000" },
	{ ADD("-f noecn -f decap-dscp -f nopmtudisc"), SADB_EXT_SA, 12, "400000e0" },
	{ ADD("-r 255"), SADB_EXT_SA, 8, "ff" },
	{ ADD("-r 256"), SADB_X_EXT_TESTUDO_SA, 4, "00000000 00010000" },
	{ ADD("-f esn -r 16"), SADB_EXT_SA, 8, "10" },
	{ ADD("-f esn -r 16"), SADB_X_EXT_TESTUDO_SA, 4, "01000000 00000000" },
	{ "add 10.0.0.1 10.0.0.2 ah 1 -f align8 -A hmac-md5 0x" KEY16 ";", SADB_X_EXT_TESTUDO_SA, 4,
	  "02000000 00000000" },
	{ ADD("-m tunnel -f dfset"), SADB_X_EXT_TESTUDO_SA, 4, "04000000 00000000" },
	{ ADD("-seq 5 -r 255"), SADB_X_EXT_TESTUDO_SA, 4, "00000000 00000000 00000000 05" },
	{ ADD("-m any"), SADB_X_EXT_SA2, 4, "00" },
	{ ADD("-mtunnel"), SADB_X_EXT_SA2, 4, "02" },
	{ ADD("-u7 -mtransport"), SADB_X_EXT_SA2, 4, "01 00 0000 00000000 07000000" },
	{ ADD("-fzero-pad -r32"), SADB_EXT_SA, 8, "20 01 00 0b 40020000" },
	{ ADD("-lh100 -ls80"), SADB_EXT_LIFETIME_SOFT, 16, "50" },
	{ "add 10.0.0.1 10.0.0.2 esp 1 -Enull -Ahmac-md5\"0123456789abcdef\";", SADB_EXT_SA, 8,
	  "00 01 02 0b" },
	{ "add 10.0.0.1 10.0.0.2 ipcomp 300 -Cdeflate -R;", SADB_EXT_SA, 8, "00 01 00 02 c0" },
	{ ADD("-m transport -m tunnel"), SADB_X_EXT_SA2, 4, "02" },
	{ ADD("-u 4294967295"), SADB_X_EXT_SA2, 12, "ffffffff" },
	{ ADD("-ctx 1 2 \"abc\""), SADB_X_EXT_SEC_CTX, 0, "0200 1800 02 01 0400 61626300 00000000" },
	{ "add 10.0.0.1 10.0.0.2 esp 1 -u 2 -E null -m tunnel -A null;", SADB_EXT_SA, 8,
	  "00 01 fb 0b" },
	{ "add 10.0.0.1 10.0.0.2 esp 1 -E aes-gcm 0x" KEY16 "00000000 -A null;", SADB_EXT_SA, 8,
	  "00 01 00 14" },
	{ "add 10.0.0.1 10.0.0.2 esp-udp 1 -E null;", SADB_X_EXT_NAT_T_SPORT, 4, "1194 0000" },
	{ "spdadd 10.0.0.1[domain] 10.0.0.2 udp -P out none;", SADB_EXT_ADDRESS_SRC, 8,
	  "0200 0035" },
};

static void good_whole(const struct good_row *row)
{
	struct setkey sk = { .kernel_mode = row->kernel_mode };
	const struct unit_run *run = unit_text(row->text, &sk);
	unsigned char want[2048];
	size_t len = unit_unhex(row->hex, want, sizeof(want));
	bool ok = run->len == len && !memcmp(run->bytes, want, len);

	if (!unit_ok(ok && (!len == !!run->errors), "bytes: %s", row->why))
		unit_note("%s\nwanted %s\ngot\n%s%s", row->text, row->hex, run->out, run->err);
}

static void good_part(const struct good_field *f)
{
	struct setkey sk = { 0 };
	const struct unit_run *run = unit_text(f->text, &sk);
	unsigned char want[128];
	const unsigned char *ext;
	size_t len;

	if (!f->hex) {
		unit_ok(run->errors == 1, "refused: %s", f->text);
		return;
	}
	ext = unit_ext(run, f->type);
	len = unit_unhex(f->hex, want, sizeof(want));
	if (!unit_ok(ext && !memcmp(ext + f->off, want, len), "field: %s", f->text))
		unit_note("wanted %s at byte %zu of extension %u\n%s%s", f->hex, f->off, f->type,
			  run->out, run->err);
}

/**
 * test_good() - commands that are right
 */
void test_good(void)
{
	size_t i;

	for (i = 0; i < sizeof(good_rows) / sizeof(good_rows[0]); i++)
		good_whole(&good_rows[i]);
	for (i = 0; i < sizeof(good_fields) / sizeof(good_fields[0]); i++)
		good_part(&good_fields[i]);
}
