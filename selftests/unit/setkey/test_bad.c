// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that are wrong: where the complaint points, what it says, and that
 * everything before the first wrong command, and nothing after it, is sent.
 */
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define A	"add 10.0.0.1 10.0.0.2 "
#define SP	"spdadd 10.0.0.1 10.0.0.2 any "

/**
 * struct bad_row - a text and the first complaint about it
 * @text: commands
 * @at: line:column
 * @says: part of the message
 */
struct bad_row {
	const char *text;
	const char *at;
	const char *says;
};

static const struct bad_row bad_rows[] = {
	/* syntax */
	{ "frobnicate;", "1:1", "'frobnicate' is no command; expected add, update, get" },
	{ "spadd 1;", "1:1", "'spadd' is no command; expected spdadd?" },
	{ "dleete 1;", "1:1", "'dleete' is no command; expected delete?" },
	{ "sdpflush;", "1:1", "'sdpflush' is no command; expected spdflush?" },
	{ "flush", "1:5", "the text ends here; expected" },
	{ "flush;\n\n  add", "3:5", "the text ends here" },
	{ "flush; ]", "1:8", "unexpected ']'" },
	{ "flush;\n\x01;", "2:1", "unexpected byte 0x01" },
	{ A "0x1000 -E null;", "1:23", "unexpected '0x1000'" },
	{ A "esp 1 -E null\n" A "esp 2 -E null;", "2:1", "unexpected 'add'; expected" },
	{ A "esp 1 -q;", "1:29", "unknown option '-q'" },
	{ A "esp 1 -nodes;", "1:29", "unknown option '-nodes'" },
	{ A "esp 1 -Eaes-xyz 0x00;", "1:31", "'aes-xyz' is no encryption" },
	{ A "esp 1 -mboth -E null;", "1:31", "expected transport, tunnel or any" },
	{ A "ah 1 -A hmac-md5 \"0123456789abcdef;", "1:40", "no closing quote" },
	{ A "ah 1 -A hmac-md5 \"0123456789\nabcdef\";", "1:40", "no closing quote" },
	{ "spdadd 10.0.0.1 10.0.0.2 -P out none;", "1:26", "unexpected '-P'" },
	{ SP "-P out ipsec tcp/transport//use;", "1:43", "expected esp, ah, ipcomp" },
	{ SP "-P out ipsec esp;", "1:46", "expected '/'" },
	{ SP "-P out prio ipsec esp/transport;", "1:48", "unexpected 'esp'" },
	{ "spdadd 10.0.0.1/x 10.0.0.2 any -P out none;", "1:17", "expected a number" },
	{ "spdget out;", "1:8", "expected a number" },
	{ "\tadd 10.0.0.1[80 10.0.0.2 esp 1 -E null;", "1:18", "expected ']'" },
	/* words */
	{ A "espp 1 -E null;", "1:23", "'espp' is no protocol; expected esp" },
	{ A "esp-old 1 -E null;", "1:23", "never in Linux" },
	{ A "tcp 0x1000 -A tcp-md5 \"x\";", "1:23", "TCP_MD5SIG" },
	{ "flush foo;", "1:7", "'foo' is no protocol" },
	{ "add 10.0.0.256 10.0.0.2 esp 1 -E null;", "1:5", "not a numeric address" },
	{ "add 10.0.0.1 fd00::2 esp 1 -E null;", "1:14", "same family as '10.0.0.1'" },
	{ "add -6 10.0.0.1 fd00::2 esp 1 -E null;", "1:8", "other family" },
	{ "add 10.0.0.1[65536] 10.0.0.2 esp 1 -E null;", "1:14", "a port is too large" },
	{ "add 10.0.0.1[nosuchservice] 10.0.0.2 esp 1 -E null;", "1:14", "no known service" },
	{ A "esp 4294967296 -E null;", "1:27", "an SPI is too large" },
	{ A "esp 0 -E null;", "1:27", "0 is no SPI" },
	{ "get 10.0.0.1 10.0.0.2 ah 0x0;", "1:26", "0 is no SPI" },
	{ "delete 10.0.0.1 10.0.0.2 esp 0;", "1:30", "0 is no SPI" },
	{ "update 10.0.0.1 10.0.0.2 ipcomp 0 -C deflate;", "1:33", "0 is no SPI" },
	{ A "esp 0x100000000 -E null;", "1:27", "an SPI is too large" },
	{ A "ipcomp 65536 -C deflate;", "1:30", "a CPI has 16 bits" },
	{ A "ipcomp 300 -C deflate -r 64 -f esn;", "1:23", "'ipcomp' has no sequence numbers" },
	{ A "ipcomp 300 -C deflate -r 1024;", "1:23", "'ipcomp' has no sequence numbers" },
	{ A "esp 10.0.0.3 1 -E null;", "1:27", "only esp-udp" },
	{ A "esp 1 -m both -E null;", "1:32", "expected transport, tunnel or any" },
	{ A "esp 1 -f sparkling -E null;", "1:32", "expected esn" },
	{ A "esp 1 -r 4097 -E null;", "1:32", "at most 4096" },
	{ A "esp 1 -u 4294967296 -E null;", "1:32", "a reqid is too large" },
	{ A "esp 1 -lh 99999999999999999999 -E null;", "1:33", "too large" },
	{ A "esp 1 -lh soon -E null;", "1:33", "expected a number" },
	{ A "esp 1 -f esn -E null;", "1:29", "needs a replay window" },
	{ A "esp 1 -f noecn -r 0 -f esn -f noecn -E null;", "1:43", "needs a replay window" },
	{ A "esp 1 -f align8 -E null;", "1:29", "about the header of AH" },
	{ A "esp 1 -m transport -f dfset -E null;", "1:42", "outer header of a tunnel" },
	{ A "esp 1 -f nopmtudisc -f dfset -E null;", "1:43", "contrary of -f nopmtudisc" },
	{ A "ipcomp 300 -C deflate -f dfset;", "1:23", "no -f dfset" },
	{ A "esp 1 -r 32 -seq 4294967296 -E null;", "1:35", "needs -f esn" },
	{ A "esp 1 -ctx 256 1 \"x\" -E null;", "1:34", "at most 255" },
	/* algorithms and keys */
	{ A "esp 1 -E aes-xyz 0x00;", "1:32", "no encryption algorithm; expected aes-gcm-16" },
	{ A "esp 1 -E aes-cbx 0x00;", "1:32", "expected aes-cbc?" },
	{ A "esp 1 -E chacha20poly1305 0x00;", "1:32", "expected chacha20-poly1305?" },
	{ A "esp 1 -E rot13 0x00;", "1:32", "expected aes-gcm-16, chacha20" },
	{ A "esp 1 -E null -A md6 0x00;", "1:40", "no authentication algorithm; expected hmac-sha256, hmac" },
	{ A "esp 1 -E null -A hmac-md6 0x00;", "1:40", "expected hmac-md5?" },
	{ A "esp 1 -E null -A hmac-sha-256 0x00;", "1:40", "expected hmac-sha256?" },
	{ A "esp 1 -E des-deriv 0x0011223344556677;", "1:32", "no Linux kernel has" },
	{ A "esp 1 -E aes-cbc;", "1:32", "needs a key; expected \"text\" or 0x and digits, 128, 192 or 256 bits" },
	{ A "esp 1 -E aes-cbc 0x00112;", "1:40", "odd number of hexadecimal digits (5)" },
	{ A "esp 1 -E aes-cbc 0x0011;", "1:40", "has 16 bits; expected 128, 192 or 256 for aes-cbc" },
	{ A "esp 1 -E aes-cbc \"\";", "1:40", "has 0 bits" },
	{ A "esp 1 -E null \"x\";", "1:37", "has 8 bits; expected 0 for null" },
	{ A "ah 1 -A hmac-sha256 \"short\";", "1:43", "has 40 bits; expected 256" },
	{ A "esp 1 -E aes-gcm-16 0x0001020304050607;", "1:43", "expected 160, 224 or 288" },
	{ A "esp 1 -E aes-gcm-16 \"01234567890123456789\" -A hmac-sha1 \"01234567890123456789\";",
	  "1:66", "'aes-gcm-16' authenticates by itself" },
	{ A "esp 1 -A hmac-sha1 \"01234567890123456789\";", "1:23", "'esp' needs -E" },
	{ A "esp 1 -C deflate -E null;", "1:29", "'esp' does not take '-C'" },
	{ A "ah 1 -E null;", "1:28", "'ah' does not take '-E'" },
	{ A "ipcomp 1;", "1:23", "'ipcomp' needs -C" },
	{ A "ipcomp 1 -C zip;", "1:35", "expected deflate" },
	{ A "esp 1 -R -E null;", "1:29", "does not take '-R'" },
	{ A "esp 1 -E null -E null;", "1:37", "given twice" },
	{ "delete 10.0.0.1 10.0.0.2 esp 1 -E null;", "1:32", "'delete' does not take '-E'" },
	{ "getspi 10.0.0.1 10.0.0.2 esp 1 -seq 1;", "1:32", "'getspi' does not take '-seq'" },
	/* policies */
	{ "spdadd 10.0.0.0/33 10.0.0.2 any -P out none;", "1:17", "at most 32" },
	{ "spdadd fd00::/129 fd00::1 any -P out none;", "1:15", "at most 128" },
	{ "spdadd 10.0.0.1 10.0.0.2 256 -P out none;", "1:26", "a protocol is too large" },
	{ "spdadd 10.0.0.1 10.0.0.2 nosuchproto -P out none;", "1:26", "no upper protocol" },
	{ "spdadd 10.0.0.1 10.0.0.2 mptcp -P out none;", "1:26", "'mptcp' is protocol 262" },
	{ "spdadd 10.0.0.1 10.0.0.2 tcp 1,2 -P out none;", "1:30", "only icmp" },
	{ "spdadd 10.0.0.1 10.0.0.2 icmp 256,0 -P out none;", "1:31", "a type is too large" },
	{ "spdadd 10.0.0.1 10.0.0.2 icmp 8,256 -P out none;", "1:33", "a code is too large" },
	{ "spdadd 10.0.0.1 10.0.0.2 gre 1.2.3.400 -P out none;", "1:30", "expected a number" },
	{ SP "-P sideways none;", "1:33", "expected in, out or fwd" },
	{ SP "-Psideways none;", "1:32", "expected in, out or fwd" },
	{ SP "-P out;", "1:33", "needs an action" },
	{ SP "-P out maybe;", "1:37", "expected discard, none, ipsec" },
	{ SP "-P out ipsec;", "1:37", "'ipsec' needs a request" },
	{ SP "-P out none esp/transport;", "1:42", "takes no requests" },
	{ SP "-P out ipsec esp/beet//use;", "1:47", "expected transport or tunnel" },
	{ SP "-P out ipsec esp/transport//maybe;", "1:58", "expected default, use, require" },
	{ SP "-P out ipsec esp/transport//unique:x;", "1:65", "expected a number" },
	{ SP "-P out ipsec esp/tunnel//require;", "1:43", "a tunnel needs its end points" },
	{ SP "-P out ipsec esp/tunnel/1.1.1.1-fd00::1/use;", "1:62", "same family as '1.1.1.1'" },
	{ SP "-P out ipsec esp/tunnel/gw.example-1.1.1.1/use;", "1:54", "not a numeric address" },
	{ SP "-P out ipsec esp/transport/any-me/use;", "1:57", "any-me to in" },
	{ SP "-P out prio middling none;", "1:42", "expected low, def, high or a number" },
	{ SP "-P out prio def + 1073741825 none;", "1:48", "at most 1073741824" },
	{ SP "-P out ipsec ah/transport ah/transport ah/transport ah/transport ah/transport "
	  "ah/transport ah/transport;", "1:121", "at most 6" },
	{ "spdadd tagged \"x\" -P out none;", "1:15", "do not exist on Linux" },
};

static void bad_one(const struct bad_row *row)
{
	struct setkey sk = { 0 };
	const struct unit_run *run = unit_text(row->text, &sk);
	char want[64];
	bool ok;

	snprintf(want, sizeof(want), "setkey: t:%s: error: ", row->at);
	ok = run->errors && !strncmp(run->err, want, strlen(want)) && strstr(run->err, row->says);
	if (!unit_ok(ok, "refused at %s: %s", row->at, row->says))
		unit_note("%s\n%s", row->text, run->err);
}

/* The caret stands below the word, also behind tabs and far to the right. */
static void bad_caret(void)
{
	struct setkey sk = { 0 };
	const struct unit_run *run = unit_text("\tflush foo;", &sk);
	char far[400];

	unit_ok(strstr(run->err, "    \tflush foo;\n    \t      ^~~\n"), "caret behind a tab");
	run = unit_text("add 1.1.1.1 1.1.1.2 esp 1 -E null -f esn;", &sk);
	unit_ok(strstr(run->err, "\n                                      ^~~~~~\n"),
		"the caret of an option covers its argument");
	memset(far, ' ', sizeof(far));
	strcpy(far + 300, "flush foo; dump;");
	run = unit_text(far, &sk);
	unit_ok(strstr(run->err, "t:1:307: error") && strstr(run->err, "\n    ") &&
		strlen(run->err) < 400, "a long line is cut around the caret");
}

/**
 * struct bad_many - a command with several mistakes
 * @text: command
 * @at: columns of all complaints, in the order of the text or not
 */
struct bad_many {
	const char *text;
	const char *at[6];
};

static const struct bad_many bad_manies[] = {
	{ A "esp 4294967296 -r 5000 -E aes-cbc 0x00;", { "27", "41", "57" } },
	{ A "espp 4294967296 -E aes-cbc 0x00;", { "23", "28" } },
	{ "add 10.0.0.256 10.0.0.257 esp 1 -E aes-xyz 0x00 -A md6;", { "5", "16", "36", "52" } },
	{ A "esp 1 -f sparkling -u 4294967296 -A hmac-md5 \"x\";", { "32", "45", "23" } },
	{ "spdadd 10.0.0.0/33 10.0.0.0/34 any -P out none;", { "17", "29" } },
	{ "spdadd 10.0.0.256/8 10.0.0.0/34[99999] 256 -P out none;", { "8", "30", "33", "40" } },
	{ SP "-P sideways prio 2147483649 maybe;", { "33", "47", "58" } },
	{ SP "-P sideways ipsec esp/beet//use ah/transport//maybe;", { "33", "52", "76" } },
};

static void bad_all(const struct bad_many *row)
{
	struct setkey sk = { 0 };
	const struct unit_run *run = unit_text(row->text, &sk);
	bool ok = !run->len;
	char place[32];
	size_t n;

	for (n = 0; n < 6 && row->at[n]; n++) {
		snprintf(place, sizeof(place), "t:1:%s: error", row->at[n]);
		ok &= !!strstr(run->err, place);
	}
	if (!unit_ok(ok && run->errors == n, "%zu mistakes in one command", n))
		unit_note("%s\n%s", row->text, run->err);
}

/* 8 bytes of type, satype and length tell the messages apart. */
static void bad_order(void)
{
	struct setkey sk = { 0 };
	const struct unit_run *run;

	run = unit_text("flush; spdflush; add bad; flush; flush;", &sk);
	unit_ok(run->errors == 1 && run->len == 32, "a syntax error: two sent, the rest not");
	run = unit_text("flush; spdflush; flush; add 1.1.1.1 1.1.1.2 esp 1 -E aes-cbc 0x00; flush;",
			&sk);
	unit_ok(run->errors == 1 && run->len == 48, "a wrong key: three sent, the rest not");
	run = unit_text("flush; flush bar;\nadd x;\nflush baz; spdflush 1;\n", &sk);
	unit_ok(run->errors == 4 && run->len == 16, "all errors of a text are reported");
}

/* -c takes each command by itself. */
static void bad_stream(void)
{
	struct setkey sk = { .stream = true };
	const struct unit_run *run;

	run = unit_text("flush; spdflush; add bad; flush foo; flush;", &sk);
	unit_ok(run->errors == 2 && run->len == 48, "-c: what is right is sent");
	run = unit_text("flush foo; exit; flush;", &sk);
	unit_ok(run->errors == 1 && !run->len && sk.quit, "-c: exit behind a mistake is obeyed");
}

/* A stream of garbage ends in a count, not in a flood. */
static void bad_flood(void)
{
	struct setkey sk = { 0 };
	const struct unit_run *run;
	char *text = calloc(1000, 8);
	size_t i, shown = 0;
	const char *p;

	for (i = 0; i < 1000; i++)
		strcat(text, "x;\n");
	run = unit_text(text, &sk);
	for (p = run->err; (p = strstr(p, "error: ")); p++)
		shown++;
	unit_ok(run->errors == 1000 && shown == SOURCE_ERRORS, "1000 errors, %u shown",
		SOURCE_ERRORS);
	free(text);
}

/* What the kernel says that it lacks is refused before anything is sent. */
static void bad_offer(void)
{
	static struct setkey sk = { .offer.known = true };
	const struct unit_run *run;

	sk.offer.enc[SADB_X_EALG_AESCBC] = (struct sadb_alg){ SADB_X_EALG_AESCBC, 8, 128, 128, 0 };
	run = unit_text(A "esp 1 -E 3des-cbc \"012345678901234567890123\";", &sk);
	unit_ok(run->errors && strstr(run->err, "t:1:32: error: this kernel does not offer '3des-cbc'"),
		"an algorithm that the kernel lacks");
	run = unit_text(A "esp 1 -E aes-cbc \"0123456789012345678901234567890123456789\";", &sk);
	unit_ok(run->errors == 1, "a key that no kernel takes");
	run = unit_text(A "esp 1 -E aes-cbc \"01234567890123456789012345678901\";", &sk);
	unit_ok(run->errors && strstr(run->err, "this kernel takes 128 to 128 for aes-cbc"),
		"a key length that this kernel lacks");
	run = unit_text(A "esp 1 -E aes-cbc \"0123456789012345\";", &sk);
	unit_ok(!run->errors && run->len, "what the kernel offers is sent");
}

/**
 * test_bad() - commands that are wrong
 */
void test_bad(void)
{
	size_t i;

	for (i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++)
		bad_one(&bad_rows[i]);
	for (i = 0; i < sizeof(bad_manies) / sizeof(bad_manies[0]); i++)
		bad_all(&bad_manies[i]);
	bad_caret();
	bad_order();
	bad_stream();
	bad_flood();
	bad_offer();
}
