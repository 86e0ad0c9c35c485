// SPDX-License-Identifier: GPL-2.0
/*
 * The control room without a daemon: requests, frames, the server between real
 * sockets, answers made of an engine that is put together by hand, and what
 * testudoctl makes of them. Tables say why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "ctl/frame.h"
#include "ctl/proto.h"
#include "ctl/size.h"

#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

/**
 * struct bad_row - a request that must be refused
 * @why: what is wrong
 * @text: bytes
 * @says: a part of the error's sentence
 */
struct bad_row {
	const char *why;
	const char *text;
	const char *says;
};

static const struct bad_row bad_rows[] = {
	{ "nothing", "", "not JSON" },
	{ "no JSON", "status", "not JSON" },
	{ "cut off", "{\"verb\":\"stat", "not JSON" },
	{ "bytes behind the object", "{\"verb\":\"status\"} x", "not JSON" },
	{ "an array", "[\"status\"]", "object" },
	{ "a bare word", "\"status\"", "not JSON" },
	{ "no verb", "{}", "needs a \"verb\"" },
	{ "verb is a number", "{\"verb\":1}", "needs a \"verb\"" },
	{ "unknown verb", "{\"verb\":\"logout-user\"}", "unknown verb" },
	{ "no verb's name", "{\"verb\":\"\"}", "unknown verb" },
	{ "another schema", "{\"verb\":\"status\",\"schema_version\":2}", "must be 1" },
	{ "schema is text", "{\"verb\":\"status\",\"schema_version\":\"1\"}", "must be 1" },
	{ "a member twice", "{\"verb\":\"status\",\"verb\":\"status\"}", "not JSON" },
	{ "unknown member", "{\"verb\":\"status\",\"color\":1}", "takes no \"color\"" },
	{ "a member of another verb", "{\"verb\":\"metrics\",\"name\":\"a\"}", "takes no \"name\"" },
	{ "dry_run of another verb", "{\"verb\":\"flush-sa\",\"what\":\"esp\",\"dry_run\":true}",
	  "takes no" },
	{ "name is a number", "{\"verb\":\"why\",\"name\":7}", "must be a string" },
	{ "name is an object", "{\"verb\":\"why\",\"name\":{}}", "must be a string" },
	{ "name is empty", "{\"verb\":\"why\",\"name\":\"\"}", "1 to" },
	{ "name moves the cursor", "{\"verb\":\"why\",\"name\":\"a\\u001b[2J\"}", "printable" },
	{ "name has a line end", "{\"verb\":\"why\",\"name\":\"a\\nb\"}", "printable" },
	{ "name has a NUL", "{\"verb\":\"why\",\"name\":\"a\\u0000b\"}", "not JSON" },
	{ "why needs a name", "{\"verb\":\"why\"}", "needs \"name\"" },
	{ "show-sa needs what", "{\"verb\":\"show-sa\"}", "needs \"what\"" },
	{ "what is none", "{\"verb\":\"show-sa\",\"what\":\"tls\"}", "is one of" },
	{ "delete-sa of nothing", "{\"verb\":\"delete-sa\",\"what\":\"esp\"}", "name of a remote, or" },
	{ "establish-sa of nothing", "{\"verb\":\"establish-sa\"}", "name of a remote, or" },
	{ "no address", "{\"verb\":\"get-cert\",\"dst\":\"gw.example\"}", "no IP address" },
	{ "address with a port in it", "{\"verb\":\"get-cert\",\"dst\":\"10.0.0.1[500]\"}",
	  "no IP address" },
	{ "zone by name: the process that reads it may not ask the kernel",
	  "{\"verb\":\"get-cert\",\"dst\":\"fe80::1%lo\"}", "no IP address" },
	{ "zone of IPv4", "{\"verb\":\"get-cert\",\"dst\":\"10.0.0.1%1\"}", "no IP address" },
	{ "zone with rubbish", "{\"verb\":\"get-cert\",\"dst\":\"fe80::1%1x\"}", "no IP address" },
	{ "zone of 2^64", "{\"verb\":\"get-cert\",\"dst\":\"fe80::1%18446744073709551617\"}",
	  "no IP address" },
	{ "port too large", "{\"verb\":\"get-cert\",\"dst\":\"10.0.0.1\",\"dst_port\":65536}",
	  "0 to 65535" },
	{ "port below 0", "{\"verb\":\"get-cert\",\"dst\":\"10.0.0.1\",\"dst_port\":-1}", "0 to 65535" },
	{ "port with a fraction", "{\"verb\":\"get-cert\",\"dst\":\"10.0.0.1\",\"dst_port\":1.5}",
	  "0 to 65535" },
	{ "port of 2^70",
	  "{\"verb\":\"get-cert\",\"dst\":\"10.0.0.1\",\"dst_port\":1180591620717411303424}",
	  "not JSON" },
	{ "port without an address", "{\"verb\":\"get-cert\",\"dst\":\"10.0.0.1\",\"src_port\":5}",
	  "need \"src\"" },
	{ "prefix longer than IPv4",
	  "{\"verb\":\"delete-sa\",\"what\":\"esp\",\"dst\":\"10.0.0.0\",\"dst_prefix\":33}",
	  "longer than the address" },
	{ "two families",
	  "{\"verb\":\"delete-sa\",\"what\":\"esp\",\"src\":\"::1\",\"dst\":\"10.0.0.1\"}",
	  "different address families" },
	{ "verbose is a number", "{\"verb\":\"status\",\"verbose\":1}", "true or false" },
	{ "nested objects", "{\"verb\":{\"a\":{\"b\":{\"c\":{}}}}}", "nested" },
	{ "not UTF-8", "{\"verb\":\"why\",\"name\":\"\xff\xfe\"}", "not JSON" },
	{ "overlong UTF-8", "{\"verb\":\"why\",\"name\":\"\xc0\x80\"}", "not JSON" },
	{ "half a surrogate", "{\"verb\":\"why\",\"name\":\"\\ud800\"}", "not JSON" },
};

static void test_bad(void **state)
{
	struct ctl_request req;
	struct ctl_error err;
	size_t i;

	(void)state;
	for (i = 0; i < N(bad_rows); i++) {
		if (ctl_request_parse(chunk_str(bad_rows[i].text), &req, &err))
			fail_msg("%s: was taken", bad_rows[i].why);
		if (!strstr(err.what, bad_rows[i].says))
			fail_msg("%s: says \"%s\"", bad_rows[i].why, err.what);
	}
}

/* Class 14 of daemon.md: what is too large is refused before anything looks at it. */
static void test_oversized(void **state)
{
	size_t n = CTL_REQUEST_MAX + 1;
	char *text = malloc(n);
	struct ctl_request req;
	struct ctl_error err;

	(void)state;
	memset(text, ' ', n);
	memcpy(text, "{\"verb\":\"status\"}", 17);
	assert_false(ctl_request_parse(chunk(text, n), &req, &err));
	assert_non_null(strstr(err.what, "at most"));
	assert_true(ctl_request_parse(chunk(text, n - 1), &req, &err));
	memset(text, '[', n);
	assert_false(ctl_request_parse(chunk(text, n - 1), &req, &err));
	assert_non_null(strstr(err.what, "nested"));
	/* brackets in a string are letters */
	assert_true(ctl_request_parse(
		chunk_str("{\"verb\":\"status\",\"name\":\"[[[[[[\\\"[[[[\"}"), &req, &err));
	free(text);
}

/**
 * struct good_row - a request that must be understood
 * @why: what is special
 * @text: bytes
 * @verb: which
 * @right: what it takes
 * @json: the same as testudoctl would say it
 */
struct good_row {
	const char *why;
	const char *text;
	enum ctl_verb verb;
	enum ctl_right right;
	const char *json;
};

#define V "\"schema_version\":1,\"verb\":"

static const struct good_row good_rows[] = {
	{ "least", "{\"verb\":\"status\"}", CTL_STATUS, CTL_RIGHT_READ, "{" V "\"status\"}" },
	{ "with everything", "{\"schema_version\":1,\"verb\":\"status\",\"verbose\":true,\"name\":\"gw\"}",
	  CTL_STATUS, CTL_RIGHT_READ, "{" V "\"status\",\"name\":\"gw\",\"verbose\":true}" },
	{ "false is not said", "{\"verb\":\"reload-config\",\"dry_run\":false}", CTL_RELOAD, CTL_RIGHT_ALL,
	  "{" V "\"reload-config\"}" },
	{ "dry run", "{\"verb\":\"reload-config\",\"dry_run\":true}", CTL_RELOAD, CTL_RIGHT_ALL,
	  "{" V "\"reload-config\",\"dry_run\":true}" },
	{ "all has a word, too", "{\"verb\":\"show-sa\",\"what\":\"all\"}", CTL_SHOW_SA, CTL_RIGHT_READ,
	  "{" V "\"show-sa\",\"what\":\"all\"}" },
	{ "a selector",
	  "{\"verb\":\"delete-sa\",\"what\":\"esp\",\"src\":\"10.0.1.0\",\"src_prefix\":24,\"dst\":\"10.0.2.0\","
	  "\"dst_prefix\":0,\"dst_port\":22,\"proto\":6}",
	  CTL_DELETE_SA, CTL_RIGHT_ALL,
	  "{" V "\"delete-sa\",\"what\":\"esp\",\"src\":\"10.0.1.0\",\"src_prefix\":24,\"dst\":\"10.0.2.0\","
	  "\"dst_prefix\":0,\"dst_port\":22,\"proto\":6}" },
	{ "link-local", "{\"verb\":\"establish-sa\",\"what\":\"isakmp\",\"dst\":\"fe80::1%7\"}",
	  CTL_ESTABLISH_SA, CTL_RIGHT_ALL,
	  "{" V "\"establish-sa\",\"what\":\"isakmp\",\"dst\":\"fe80::1%7\"}" },
	{ "a name in UTF-8", "{\"verb\":\"why\",\"name\":\"B\\u00fcro\"}", CTL_WHY, CTL_RIGHT_READ,
	  "{" V "\"why\",\"name\":\"B\xc3\xbcro\"}" },
	{ "events", "{\"verb\":\"show-event\"}", CTL_SUBSCRIBE, CTL_RIGHT_READ, "{" V "\"show-event\"}" },
	{ "flush", "{\"verb\":\"flush-sa\",\"what\":\"ipsec\"}", CTL_FLUSH_SA, CTL_RIGHT_ALL,
	  "{" V "\"flush-sa\",\"what\":\"ipsec\"}" },
};

static void check_good(const struct good_row *row)
{
	struct ctl_request req, again;
	struct writer w = { 0 };
	struct ctl_error err;
	struct reader r;
	char *text;
	size_t n;

	if (!ctl_request_parse(chunk_str(row->text), &req, &err))
		fail_msg("%s: %s", row->why, err.what);
	assert_int_equal(req.verb, row->verb);
	assert_int_equal(ctl_verb_right(req.verb), row->right);
	text = ctl_request_json(&req);
	assert_string_equal(text, row->json);
	free(text);
	ctl_request_pack(&req, &w);
	r = reader(writer_chunk(&w));
	assert_true(ctl_request_unpack(&r, &again));
	assert_memory_equal(&req, &again, sizeof(req));
	/* the border between our processes: a record has one length */
	for (n = 0; n < w.n; n++) {
		r = reader(chunk(w.p, n));
		assert_false(ctl_request_unpack(&r, &again));
	}
	put_u8(&w, 0);
	r = reader(writer_chunk(&w));
	assert_false(ctl_request_unpack(&r, &again));
	writer_free(&w);
}

static void test_good(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N(good_rows); i++)
		check_good(&good_rows[i]);
}

/* A record that ctl has not made: every byte may be anything. */
static void test_record(void **state)
{
	static const struct ctl_request req = { .verb = CTL_STATUS, .name = "gw" };
	struct ctl_request out;
	struct writer w = { 0 };
	struct reader r;
	unsigned int v;
	uint8_t was;
	size_t i;

	(void)state;
	ctl_request_pack(&req, &w);
	for (i = 0; i < w.n; i++) {
		was = w.p[i];
		for (v = 0; v < 256; v++) {
			w.p[i] = v;
			r = reader(writer_chunk(&w));
			if (!ctl_request_unpack(&r, &out))
				continue;
			assert_true(out.verb > CTL_NONE && out.verb < CTL_VERBS);
			assert_true(out.what < CTL_WHATS);
			assert_true(memchr(out.name, 0, sizeof(out.name)));
			assert_true(out.src_bits <= 128 && out.dst_bits <= 128);
		}
		w.p[i] = was;
	}
	writer_free(&w);
}

static struct blob some_text(size_t n)
{
	struct blob b = { .p = malloc(n + 1), .n = n };
	size_t i;

	for (i = 0; i < n; i++)
		b.p[i] = (i * 7 + i / FRAME_PART) % 251;
	return b;
}

static void check_split(size_t n)
{
	struct blob text = some_text(n);
	struct frame_join join = { 0 };
	struct frame_queue q;
	struct frame_item *item;
	size_t parts = 0;
	struct frame f;
	int whole = 0;

	frame_queue_init(&q, 16 << 20);
	assert_true(frame_queue_text(&q, FRAME_ANSWER, 77, blob_chunk(&text)));
	TAILQ_FOREACH(item, &q.items, link) {
		assert_int_equal(whole, 0);
		assert_true(item->bytes.n <= FRAME_HEAD + FRAME_PART);
		assert_true(frame_read(blob_chunk(&item->bytes), &f));
		assert_int_equal(f.id, 77);
		assert_int_equal(f.part, parts++);
		whole = frame_join(&join, &f);
	}
	assert_int_equal(whole, 1);
	assert_int_equal(parts, n ? (n + FRAME_PART - 1) / FRAME_PART : 1);
	assert_true(chunk_equal(writer_chunk(&join.text), blob_chunk(&text)));
	frame_join_free(&join);
	frame_queue_free(&q);
	free(text.p);
}

static void test_split(void **state)
{
	static const size_t sizes[] = { 0, 1, FRAME_PART - 1, FRAME_PART, FRAME_PART + 1, 3 << 20 };
	size_t i;

	(void)state;
	for (i = 0; i < N(sizes); i++)
		check_split(sizes[i]);
}

/* Parts that are none of one text, and datagrams that are none of ours. */
static void test_frames_bad(void **state)
{
	static const struct {
		const char *why;
		uint8_t bytes[FRAME_HEAD];
		size_t n;
	} rows[] = {
		{ "empty", { 0 }, 0 },
		{ "a byte short", { 'T', 'C', 'T', 'L', 0, 0, 0, 1, 2, 1, 0 }, 11 },
		{ "another magic", { 'T', 'C', 'T', 'M', 0, 0, 0, 1, 2, 1, 0, 0 }, 12 },
		{ "kind 0", { 'T', 'C', 'T', 'L', 0, 0, 0, 1, 0, 1, 0, 0 }, 12 },
		{ "kind 4", { 'T', 'C', 'T', 'L', 0, 0, 0, 1, 4, 1, 0, 0 }, 12 },
		{ "unknown flag", { 'T', 'C', 'T', 'L', 0, 0, 0, 1, 2, 3, 0, 0 }, 12 },
	};
	struct frame f = { .kind = FRAME_ANSWER, .part = 1 };
	struct frame_join join = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < N(rows); i++)
		if (frame_read(chunk(rows[i].bytes, rows[i].n), &f))
			fail_msg("%s: was taken", rows[i].why);
	f = (struct frame){ .kind = FRAME_ANSWER, .part = 1 };
	assert_int_equal(frame_join(&join, &f), -1);
	f.part = 0;
	assert_int_equal(frame_join(&join, &f), 0);
	assert_int_equal(frame_join(&join, &f), -1);
	f.part = 2;
	assert_int_equal(frame_join(&join, &f), -1);
	f.part = 1;
	f.last = true;
	assert_int_equal(frame_join(&join, &f), 1);
	frame_join_free(&join);
}

/* A text goes into the queue as a whole or not at all. */
static void test_queue_limit(void **state)
{
	struct blob text = some_text(3 * FRAME_PART);
	struct frame_queue q;

	(void)state;
	frame_queue_init(&q, 3 * (FRAME_PART + FRAME_HEAD));
	assert_true(frame_queue_text(&q, FRAME_ANSWER, 1, blob_chunk(&text)));
	assert_false(frame_queue_text(&q, FRAME_EVENT, 0, chunk_str("x")));
	assert_int_equal(q.bytes, q.limit);
	frame_queue_free(&q);
	assert_int_equal(q.bytes, 0);
	q.limit--;
	assert_false(frame_queue_text(&q, FRAME_ANSWER, 1, blob_chunk(&text)));
	assert_true(TAILQ_EMPTY(&q.items));
	free(text.p);
}

/* ---- sizes ---- */

static unsigned int up(unsigned int v, unsigned int to)
{
	return (v + to - 1) / to * to;
}

/* The other way round: how long a packet becomes (RFC 4303 2, 4302 2). */
static unsigned int protected_len(const struct size_layer *l, unsigned int n, unsigned int len, bool v6)
{
	unsigned int front = v6 ? 40 : 20, i, payload;

	for (i = 0; i < n; i++) {
		if (l[i].tunnel) {
			payload = len;
			front = l[i].v6 ? 40 : 20;
		} else {
			payload = len - front;
		}
		if (l[i].proto == IPPROTO_ESP)
			payload = 8 + l[i].iv + up(payload + 2, l[i].block) + l[i].icv;
		else if (l[i].proto == IPPROTO_AH)
			payload += up(12 + l[i].icv, l[i].v6 || l[i].align8 ? 8 : 4);
		len = front + payload + (l[i].udp ? 8 : 0);
	}
	return len;
}

static const struct {
	const char *why;
	unsigned int n;
	struct size_layer layer[3];
	bool v6;
	unsigned int mtu;
	unsigned int want; /* 0: only compared with the way out */
} size_rows[] = {
	{ "AES-CBC, SHA-1, tunnel: what every guide says", 1, { { IPPROTO_ESP, true, false, false, 16, 12, 16, false } }, false, 1500, 1438 },
	{ "AES-GCM-16, tunnel", 1, { { IPPROTO_ESP, true, false, false, 8, 16, 4, false } }, false, 1500, 1446 },
	{ "in UDP", 1, { { IPPROTO_ESP, true, false, true, 8, 16, 4, false } }, false, 1500, 1438 },
	{ "IPv6 outside", 1, { { IPPROTO_ESP, true, true, false, 8, 16, 4, false } }, false, 1500, 0 },
	{ "transport", 1, { { IPPROTO_ESP, false, false, false, 16, 16, 16, false } }, false, 1500, 0 },
	{ "transport of IPv6", 1, { { IPPROTO_ESP, false, true, false, 8, 16, 4, false } }, true, 1280, 0 },
	{ "AH, transport", 1, { { IPPROTO_AH, false, false, false, 0, 12, 0, false } }, false, 1500, 1476 },
	{ "AH, units of 8", 1, { { IPPROTO_AH, false, false, false, 0, 16, 0, true } }, false, 1500, 0 },
	{ "AH over ESP", 2, { { IPPROTO_ESP, true, false, false, 16, 12, 16, false }, { IPPROTO_AH, false, false, false, 0, 12, 0, false } }, false, 1500, 0 },
	{ "tunnel in tunnel", 2, { { IPPROTO_ESP, true, false, false, 16, 16, 16, false }, { IPPROTO_ESP, true, true, true, 8, 16, 4, false } }, true, 1400, 0 },
	{ "IPComp costs nothing at worst", 2, { { IPPROTO_COMP, true, false, false, 0, 0, 0, false }, { IPPROTO_ESP, false, false, false, 8, 16, 4, false } }, false, 1500, 0 },
	{ "no room", 1, { { IPPROTO_ESP, true, false, false, 16, 16, 16, false } }, false, 60, 0 },
};

static void test_sizes(void **state)
{
	unsigned int got, best, len, mtu;
	size_t i;

	(void)state;
	for (i = 0; i < N(size_rows); i++) {
		const bool v6 = size_rows[i].v6;

		for (mtu = size_rows[i].mtu; mtu > size_rows[i].mtu - 40; mtu--) {
			got = size_inner(size_rows[i].layer, size_rows[i].n, mtu, v6);
			best = 0;
			for (len = v6 ? 41 : 21; len <= mtu; len++)
				if (protected_len(size_rows[i].layer, size_rows[i].n, len, v6) <= mtu)
					best = len;
			if (got != best && best)
				fail_msg("%s: %u of %u, not %u", size_rows[i].why, got, mtu, best);
			if (best)
				assert_true(protected_len(size_rows[i].layer, size_rows[i].n, got, v6) -
						    got <=
					    size_overhead(size_rows[i].layer, size_rows[i].n));
		}
		if (size_rows[i].want)
			assert_int_equal(size_inner(size_rows[i].layer, size_rows[i].n,
						    size_rows[i].mtu, v6),
					 size_rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_oversized),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_frames_bad),
		cmocka_unit_test(test_queue_limit),
		cmocka_unit_test(test_sizes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
