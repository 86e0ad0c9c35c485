// SPDX-License-Identifier: GPL-2.0
/*
 * The message parser against well-formed and lying lengths: bytes written by
 * hand, and what pfkey_parse() must say about them.
 */
#include <string.h>

#include "unit.h"

/* A header of @words, of an ADD. */
#define H(words)	"02 03 00 03 " words "00 0000 00000000 00000000 "
#define SA		"0200 0100 00001000 00 00 00 00 00000000 "

/**
 * struct parse_row - a message
 * @hex: bytes
 * @why: part of what the fault must say, NULL if there must be none
 * @type: extension that must be found, or is at fault; 0 for none
 */
struct parse_row {
	const char *hex;
	const char *why;
	unsigned int type;
};

static const struct parse_row parse_rows[] = {
	{ H("02"), NULL, 0 },
	{ H("04") SA, NULL, SADB_EXT_SA },
	{ "", "shorter than a header", 0 },
	{ "02 03 00 03 0100 0000 00000000", "shorter than a header", 0 },
	{ "01 03 00 03 0200 0000 00000000 00000000", "not PF_KEY version 2", 0 },
	{ H("03"), "does not tell the length", 0 },
	{ H("02") "00000000", "does not tell the length", 0 },
	{ H("03") "0000 0100 00000000", "extension of length 0", SADB_EXT_SA },
	{ H("03") "0200 0100 00000000", "runs past the message", SADB_EXT_SA },
	{ H("03") "ffff 0100 00000000", "runs past the message", SADB_EXT_SA },
	{ H("03") "0100 0100 00000000", "too short", SADB_EXT_SA },
	{ H("03") "0100 0000 00000000", "type 0", 0 },
	{ H("06") SA SA, "twice", SADB_EXT_SA },
	/* RFC 2367 2.3: what we do not know is skipped, wherever it stands */
	{ H("06") "0200 1b00 00000000 0000000000000000" SA, NULL, SADB_EXT_SA },
	{ H("05") SA "0100 ffff 00000000", NULL, SADB_EXT_SA },
	{ H("08") "0300 ff7f 00000000 0000000000000000 0000000000000000"
	  "0300 ff7f 00000000 0000000000000000 0000000000000000", NULL, 0 },
	/* longer than its struct is fine, shorter is not */
	{ H("05") "0300 0100 00001000 00000000 00000000 0000000000000000", NULL, SADB_EXT_SA },
	{ H("05") "0300 0300 00000000 0000000000000000 0000000000000000", "too short",
	  SADB_EXT_LIFETIME_HARD },
	/* addresses: exactly 3 words or 5 */
	{ H("05") "0300 0500 00 20 0000 0200 0000 0a000001 0000000000000000", NULL,
	  SADB_EXT_ADDRESS_SRC },
	{ H("05") "0300 0500 00 21 0000 0200 0000 0a000001 0000000000000000", "prefix",
	  SADB_EXT_ADDRESS_SRC },
	{ H("05") "0300 0500 00 20 0000 0a00 0000 00000000 0000000000000000", "length of its address",
	  SADB_EXT_ADDRESS_SRC },
	{ H("05") "0300 0500 00 20 0000 0100 0000 00000000 0000000000000000", "neither IPv4 nor",
	  SADB_EXT_ADDRESS_SRC },
	{ H("06") "0400 0500 00 20 0000 0200 0000 0a000001 0000000000000000 0000000000000000",
	  "length of its address", SADB_EXT_ADDRESS_SRC },
	{ H("03") "0100 0500 00 20 0000", "too short for a socket address", SADB_EXT_ADDRESS_SRC },
	{ H("07") "0500 0600 00 81 0000 0a00 0000 00000000 fd000000000000000000000000000001"
	  "00000000 00000000", "prefix", SADB_EXT_ADDRESS_DST },
	/* keys: the bits must be there */
	{ H("03") "0100 0900 0000 0000", NULL, SADB_EXT_KEY_ENCRYPT },
	{ H("04") "0200 0900 4000 0000 0011223344556677", NULL, SADB_EXT_KEY_ENCRYPT },
	{ H("04") "0200 0900 4100 0000 0011223344556677", "key longer", SADB_EXT_KEY_ENCRYPT },
	{ H("04") "0200 0900 ffff 0000 0011223344556677", "key longer", SADB_EXT_KEY_ENCRYPT },
	/* labels: exactly their length */
	{ H("04") "0200 1800 01 01 0400 61626300 00000000", NULL, SADB_X_EXT_SEC_CTX },
	{ H("04") "0200 1800 01 01 0900 61626300 00000000", "length of its label",
	  SADB_X_EXT_SEC_CTX },
	{ H("04") "0200 1800 01 01 ffff 61626300 00000000", "length of its label",
	  SADB_X_EXT_SEC_CTX },
	/* policies: requests in bytes */
	{ H("04") "0200 1200 0200 02 00 00000000 00000000", NULL, SADB_X_EXT_POLICY },
	{ H("06") "0400 1200 0200 02 00 00000000 00000000 1000 3200 01 02 0000 00000000 00000000",
	  NULL, SADB_X_EXT_POLICY },
	{ H("06") "0400 1200 0200 02 00 00000000 00000000 0000 3200 01 02 0000 00000000 00000000",
	  "shorter than its header", SADB_X_EXT_POLICY },
	{ H("06") "0400 1200 0200 02 00 00000000 00000000 1100 3200 01 02 0000 00000000 00000000",
	  "past its policy", SADB_X_EXT_POLICY },
	{ H("06") "0400 1200 0100 02 00 00000000 00000000 ffff 3200 01 02 0000 00000000 00000000",
	  NULL, SADB_X_EXT_POLICY },
	{ H("03") "0100 1200 0200 02 00", "too short", SADB_X_EXT_POLICY },
	/* ours */
	{ H("06") "0400 0154 01000000 00040000 00000000 0000000000000000 0000000000000000", NULL,
	  SADB_X_EXT_TESTUDO_SA },
	{ H("04") "0200 0154 01000000 00040000 00000000", "too short", SADB_X_EXT_TESTUDO_SA },
};

static void parse_one(const struct parse_row *row, size_t i)
{
	_Alignas(8) unsigned char bytes[128];
	size_t len = unit_unhex(row->hex, bytes, sizeof(bytes));
	struct pfkey_fault fault;
	struct pfkey_msg msg;
	int err = pfkey_parse(bytes, len, &msg, &fault);
	bool ok;

	if (row->why)
		ok = err && strstr(fault.why, row->why) && fault.type == row->type;
	else
		ok = !err && (!row->type || pfkey_ext(&msg, row->type));
	if (!unit_ok(ok, "message %zu: %s", i, row->why ? row->why : "accepted"))
		unit_note("%s\n%s at extension %u", row->hex, fault.why ? fault.why : "no fault",
			  fault.type);
}

/* Every message cut at every word, with its header telling the truth about it. */
static void parse_cut(void)
{
	struct setkey sk = { 0 };
	const struct unit_run *run;
	struct pfkey_fault fault;
	struct pfkey_msg msg;
	size_t len, whole, good = 0;
	struct sadb_msg *base;

	run = unit_text("spdadd 10.0.0.1 10.0.0.2 any -ctx 1 1 \"abc\" -P out ipsec "
			"esp/tunnel/1.1.1.1-2.2.2.2/require;", &sk);
	base = (struct sadb_msg *)run->bytes;
	whole = run->len;
	for (len = sizeof(*base); len <= whole; len += 8) {
		base->sadb_msg_len = len / 8;
		good += !pfkey_parse(run->bytes, len, &msg, &fault);
	}
	/* whole extensions only: none, +policy, +src, +dst, +label */
	unit_ok(good == 5, "a message cut at every word: %zu good ones", good);
}

static void parse_requests(void)
{
	struct setkey sk = { 0 };
	const struct unit_run *run;
	struct pfkey_request req;
	size_t off = 0, n = 0;
	const void *pol;

	run = unit_text("spdadd 10.0.0.1 10.0.0.2 any -P out ipsec esp/tunnel/fd00::1-fd00::2/use "
			"ah/transport//unique:9;", &sk);
	pol = unit_ext(run, SADB_X_EXT_POLICY);
	while (pol && pfkey_next_request(pol, &off, &req))
		n++;
	unit_ok(n == 2 && req.proto == 51 && req.level == IPSEC_LEVEL_UNIQUE && req.reqid == 9 &&
		!req.ends, "the requests of a policy are walked to the last");
}

static void parse_answer(void)
{
	_Alignas(8) unsigned char bytes[64];
	struct pfkey_fault fault;
	struct pfkey_msg msg;
	size_t len;

	len = unit_unhex(H("04") SA, bytes, sizeof(bytes));
	pfkey_parse(bytes, len, &msg, &fault);
	unit_ok(pfkey_check_answer(&msg, &fault) && fault.type == SADB_EXT_ADDRESS_SRC,
		"an answer without addresses");
	len = unit_unhex("02 03 11 03 0200 0000 00000000 00000000", bytes, sizeof(bytes));
	pfkey_parse(bytes, len, &msg, &fault);
	unit_ok(!pfkey_check_answer(&msg, &fault), "an error answer is a header alone");
	len = unit_unhex("02 19 00 03 0200 0000 00000000 00000000", bytes, sizeof(bytes));
	pfkey_parse(bytes, len, &msg, &fault);
	unit_ok(pfkey_check_answer(&msg, &fault), "an answer of an unknown type");
}

/* A message that does not fit says so once, at its end. */
static void parse_overflow(void)
{
	static struct pfkey_buf b;
	unsigned int i;

	pfkey_begin(&b, SADB_ADD, SADB_SATYPE_ESP, 0, 0);
	for (i = 0; i < PFKEY_SEND_MAX / 16; i++)
		pfkey_put_sa2(&b, 0, 0);
	unit_ok(b.full && b.len == PFKEY_SEND_MAX && pfkey_end(&b) < 0, "a full buffer stays full");
}

/**
 * test_parse() - lengths inside messages
 */
void test_parse(void)
{
	size_t i;

	for (i = 0; i < sizeof(parse_rows) / sizeof(parse_rows[0]); i++)
		parse_one(&parse_rows[i], i);
	parse_cut();
	parse_requests();
	parse_answer();
	parse_overflow();
}
