// SPDX-License-Identifier: GPL-2.0
/*
 * What the net process answers, of two engines that have really negotiated
 * (world.h): up, down and why; metrics by a checker that knows the format; and
 * no answer with a secret in it. The side-by-side layout of "why" is golden text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/answer.h"
#include "testudoctl.h"
#include "world.h"

#define SECRET "correct horse battery"

static const char remote_a[] =
	"path pre_shared_key \"psk.txt\";\n"
	"remote 10.0.0.2 { exchange_mode main; dpd_delay 0;\n"
	"  proposal { encryption_algorithm aes 256; hash_algorithm sha256;\n"
	"    authentication_method pre_shared_key; dh_group 14; } }\n"
	"remote anonymous { exchange_mode main; proposal { encryption_algorithm aes;\n"
	"  hash_algorithm sha256; authentication_method pre_shared_key; dh_group 14; } }\n"
	"sainfo anonymous { pfs_group 14; encryption_algorithm aes 256;\n"
	"  authentication_algorithm hmac_sha256; }\n";

static const char remote_b[] =
	"path pre_shared_key \"psk.txt\";\n"
	"remote 10.0.0.1 { exchange_mode main; dpd_delay 0;\n"
	"  proposal { encryption_algorithm aes 256; hash_algorithm sha256;\n"
	"    authentication_method pre_shared_key; dh_group 14; } }\n"
	"sainfo anonymous { pfs_group 14; encryption_algorithm aes 256;\n"
	"  authentication_algorithm hmac_sha256; }\n";

/* the same, but what phase 1 proposes */
static const char remote_b_sha1[] =
	"path pre_shared_key \"psk.txt\";\n"
	"remote 10.0.0.1 { exchange_mode main; dpd_delay 0;\n"
	"  proposal { encryption_algorithm aes 128; hash_algorithm sha512;\n"
	"    authentication_method pre_shared_key; dh_group 14; } }\n"
	"sainfo anonymous { pfs_group 14; encryption_algorithm aes 256;\n"
	"  authentication_algorithm hmac_sha256; }\n";

static struct world *make_world(const char *b)
{
	struct world *w = world_new(remote_a, "10.0.0.2 " SECRET "\n", b, "10.0.0.1 " SECRET "\n");

	world_policy(w, 0, "10.0.1.0/24", "10.0.2.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_policy(w, 1, "10.0.2.0/24", "10.0.1.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	return w;
}

static struct world *up_world(void)
{
	struct world *w = make_world(remote_b);
	char why[256];

	world_acquire(w, 0, 0);
	world_run(w, 5000);
	if (world_pairs(w, why, sizeof(why)) != 1)
		fail_msg("the tunnel is not up: %s", why);
	return w;
}

/* Asks side 0, or the other; whatever it says holds no secret. */
static json_t *ask_side(struct world *w, unsigned int side, const struct ctl_request *req)
{
	char *text = answer_request(w->side[side].ike, req);
	unsigned int i, j;
	json_error_t err;
	json_t *json;
	char hex[33];

	assert_null(strstr(text, "horse"));
	for (i = 0; i < WORLD_SAS; i++) {
		const struct blob *key = &w->side[side].sas[i].encr_key;

		if (!w->side[side].sas[i].used || key->n < 16)
			continue;
		for (j = 0; j < 16; j++)
			sprintf(hex + 2 * j, "%02x", key->p[j]);
		assert_null(strcasestr(text, hex));
	}
	json = json_loads(text, JSON_REJECT_DUPLICATES, &err);
	free(text);
	if (!json)
		fail_msg("not JSON: %s", err.text);
	assert_int_equal(json_integer_value(json_object_get(json, "schema_version")), 1);
	return json;
}

static json_t *ask(struct world *w, const struct ctl_request *req)
{
	return ask_side(w, 0, req);
}

static json_t *ask_verb(struct world *w, enum ctl_verb verb, const char *name)
{
	struct ctl_request req = { .verb = verb };

	snprintf(req.name, sizeof(req.name), "%s", name);
	return ask(w, &req);
}

static bool is_ok(const json_t *json)
{
	return json_is_true(json_object_get(json, "ok"));
}

static const json_t *row(const json_t *json, const char *key, size_t i)
{
	return json_array_get(json_object_get(json, key), i);
}

static void test_status_idle(void **state)
{
	struct world *w = make_world(remote_b);
	json_t *json = ask_verb(w, CTL_STATUS, "");

	(void)state;
	assert_true(is_ok(json));
	/* configured, not asked for yet: there all the same */
	assert_int_equal(json_array_size(json_object_get(json, "tunnels")), 1);
	assert_string_equal(out_str(row(json, "tunnels", 0), "state"), "idle");
	assert_string_equal(out_str(row(json, "tunnels", 0), "peer"), "10.0.0.2");
	assert_string_equal(out_str(row(json, "tunnels", 0), "reason"), "no packet has asked for it yet");
	assert_int_equal(json_array_size(json_object_get(json, "peers")), 2);
	assert_string_equal(out_str(row(json, "peers", 1), "name"), "anonymous");
	json_decref(json);
	world_free(w);
}

static void test_status_up(void **state)
{
	struct ctl_request req = { .verb = CTL_STATUS, .verbose = true };
	struct world *w = up_world();
	const json_t *t, *ike;
	unsigned int i;
	json_t *json;

	(void)state;
	/* out grows, in stays 0: pain 10 */
	for (i = 0; i < WORLD_SAS; i++)
		if (w->side[0].sas[i].used && !w->side[0].sas[i].sa.inbound)
			w->side[0].sas[i].usage = (struct kern_usage){ 1400, 14, 1 };
	json = ask(w, &req);
	assert_int_equal(json_array_size(json_object_get(json, "tunnels")), 1);
	t = row(json, "tunnels", 0);
	assert_string_equal(out_str(t, "state"), "up");
	assert_string_equal(out_str(t, "local_ts"), "10.0.1.0/24[any] any");
	assert_int_equal(out_int(t, "ike_version", 0), 1);
	assert_int_equal(out_int(t, "packets_out", -1), 14);
	assert_int_equal(out_int(t, "bytes_in", -1), 0);
	assert_non_null(strstr(out_str(t, "warning"), "none comes in"));
	/* 20 outer, 8 ESP, 16 IV, 15 + 2 padding and trailer, 16 ICV */
	assert_int_equal(out_int(t, "overhead", 0), 77);
	assert_string_equal(out_str(row(t, "layers", 0), "protocol"), "esp");
	assert_string_equal(out_str(row(t, "sas", 0), "mode"), "tunnel");
	ike = row(row(json, "peers", 0), "ike", 0);
	assert_string_equal(out_str(ike, "state"), "up");
	assert_string_equal(out_str(ike, "authentication"), "pre_shared_key");
	assert_int_equal(strlen(out_str(ike, "spi_i")), 16);
	assert_true(json_is_null(json_object_get(row(json, "peers", 0), "failure")));
	json_decref(json);
	world_free(w);
}

static char *why_text(const json_t *json)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	status_why(out, json);
	fclose(out);
	return text;
}

/* Both ends: the responder knows all, the initiator what it was told. */
static void test_why_proposal(void **state)
{
	struct world *w = make_world(remote_b_sha1);
	struct ctl_request req = { .verb = CTL_WHY, .name = "10.0.0.1" };
	json_t *json;
	char *text;

	(void)state;
	world_acquire(w, 0, 0);
	/* a minute of tries, and their jitter */
	world_run(w, 90000);
	json = ask_side(w, 1, &req);
	assert_true(is_ok(json));
	assert_string_equal(out_str(json_object_get(row(json, "peers", 0), "failure"), "cause"),
			    report_cause_name(REPORT_NO_PROPOSAL));
	text = why_text(json);
	assert_non_null(strstr(text, "mine"));
	assert_non_null(strstr(text, "<-- differs"));
	free(text);
	json_decref(json);
	json = ask_verb(w, CTL_WHY, "10.0.0.2");
	assert_true(is_ok(json));
	/* it tries again by then, and the last failure is kept */
	assert_true(json_is_object(json_object_get(row(json, "peers", 0), "failure")));
	assert_string_equal(out_str(row(json, "tunnels", 0), "state"), "down");
	assert_true(*out_str(row(json, "tunnels", 0), "reason"));
	json_decref(json);
	world_free(w);
}

static void test_why_layout(void **state)
{
	static const char want[] =
		"gw-b (10.0.0.2[500]): down\n"
		"  phase 1 failed 3 times, last at 2001-09-09 01:46:40: no proposal\n"
		"  none of our proposals suits 10.0.0.2\n"
		"  (what the peer said was not protected: anybody may have said it)\n"
		"                mine           theirs\n"
		"    encryption  aes256         3des           <-- differs\n"
		"    hash        sha256         sha256\n"
		"    dh_group    modp2048 (14)  modp1024 (2)?  <-- differs\n"
		"    lifetime    28800 s        -\n"
		"  to fix it: encryption_algorithm 3des;\n"
		"  tunnel 10.0.1.0/24 - 10.0.2.0/24: down\n";
	json_t *json = json_pack(
		"{s:[{s:s,s:s,s:s,s:{s:s,s:s,s:i,s:i,s:b,s:s,s:s,s:["
		"{s:s,s:s,s:s,s:b},{s:s,s:s,s:s,s:b},{s:s,s:s,s:s,s:b},{s:s,s:s,s:s,s:b}]}}],"
		"s:[{s:s,s:s,s:s,s:s,s:s,s:s,s:s}]}",
		"peers", "name", "gw-b", "remote", "10.0.0.2[500]", "state", "down", "failure", "cause",
		"no proposal", "stage", "phase 1", "when", 1000000000, "count", 3, "authentic", 0,
		"sentence", "none of our proposals suits 10.0.0.2", "fix", "encryption_algorithm 3des;",
		"rows", "what", "encryption", "mine", "aes256", "theirs", "3des", "differs", 1, "what",
		"hash", "mine", "sha256", "theirs", "sha256", "differs", 0, "what", "dh_group", "mine",
		"modp2048 (14)", "theirs", "modp1024 (2)\x1b", "differs", 1, "what", "lifetime", "mine",
		"28800 s", "theirs", "", "differs", 0, "tunnels", "peer", "gw-b", "peer_remote",
		"10.0.0.2[500]", "state", "down", "local_ts", "10.0.1.0/24[any] any", "remote_ts",
		"10.0.2.0/24[any] any", "cause", "no proposal", "reason",
		"none of our proposals suits 10.0.0.2");
	char *text;

	(void)state;
	assert_non_null(json);
	text = why_text(json);
	assert_string_equal(text, want);
	free(text);
	json_decref(json);
}

static void test_why_unknown(void **state)
{
	struct world *w = make_world(remote_b);
	json_t *json = ask_verb(w, CTL_WHY, "10.9.9.9");

	(void)state;
	assert_false(is_ok(json));
	assert_non_null(strstr(out_str(json_object_get(json, "error"), "hint"), "10.0.0.2"));
	json_decref(json);
	world_free(w);
}

/* Somebody whom no block is for; there is no anonymous one at side 1. */
static void test_why_stranger(void **state)
{
	struct world *w = make_world(remote_b);
	struct ctl_request req = { .verb = CTL_WHY, .name = "10.0.0.77" };
	json_t *json;

	(void)state;
	addr_parse(&w->side[1].ike->stranger, "10.0.0.77[500]");
	report_set(&w->side[1].ike->reports, REPORT_NO_CONFIG, "phase 1", "no remote for 10.0.0.77");
	json = ask_side(w, 1, &req);
	assert_true(is_ok(json));
	assert_string_equal(out_str(json_object_get(json_object_get(json, "stranger"), "failure"),
				    "sentence"),
			    "no remote for 10.0.0.77");
	json_decref(json);
	world_free(w);
}

static void test_show_sa(void **state)
{
	static const struct {
		enum ctl_what what;
		bool isakmp;
		int tunnels; /* -1: no such member */
	} rows[] = {
		{ CTL_ISAKMP, true, -1 },
		{ CTL_ESP, false, 1 },
		{ CTL_AH, false, 0 },
		{ CTL_IPSEC, false, 1 },
		{ CTL_ALL, true, 1 },
	};
	struct ctl_request req = { .verb = CTL_SHOW_SA };
	struct world *w = up_world();
	const json_t *tunnels;
	char *text = NULL;
	size_t len, i;
	json_t *json;
	FILE *out;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		req.what = rows[i].what;
		json = ask(w, &req);
		assert_int_equal(json_array_size(json_object_get(json, "isakmp")), rows[i].isakmp);
		tunnels = json_object_get(json, "tunnels");
		assert_int_equal(tunnels ? (int)json_array_size(tunnels) : -1, rows[i].tunnels);
		json_decref(json);
	}
	/* the head line is racoonctl's, which scripts look for */
	req.what = CTL_ISAKMP;
	json = ask(w, &req);
	out = open_memstream(&text, &len);
	sa_print_isakmp(out, json, false);
	fclose(out);
	assert_memory_equal(text, "Destination            Cookies                           Created\n", 65);
	assert_non_null(strstr(text, "\n10.0.0.2.500           "));
	free(text);
	json_decref(json);
	world_free(w);
}

static void test_schedule(void **state)
{
	struct world *w = up_world();
	json_t *json = ask_verb(w, CTL_SCHEDULE, "");

	(void)state;
	assert_true(json_array_size(json_object_get(json, "schedule")) > 0);
	json_decref(json);
	world_free(w);
}

static void test_delete(void **state)
{
	struct ctl_request req = { .verb = CTL_DELETE_SA, .what = CTL_ESP };
	struct world *w = up_world();
	json_t *json;

	(void)state;
	addr_parse(&req.src, "10.0.1.0");
	addr_parse(&req.dst, "10.0.9.0");
	req.src_bits = req.dst_bits = 24;
	json = ask(w, &req);
	assert_false(is_ok(json));
	json_decref(json);
	addr_parse(&req.dst, "10.0.2.0");
	json = ask(w, &req);
	assert_true(is_ok(json));
	assert_int_equal(out_int(json, "count", 0), 1);
	json_decref(json);
	world_run(w, 2000);
	assert_null(world_child(w, 0));
	assert_null(world_child(w, 1));
	assert_int_equal(world_ikes_up(w, 0), 1);
	world_free(w);
}

/* An IKE SA is between two addresses, and only these name it. */
static void test_delete_isakmp(void **state)
{
	static const struct {
		const char *src;
		const char *dst;
		bool goes;
		const char *why;
	} rows[] = {
		{ "10.0.0.9", "10.0.0.2", false, "from an address that it does not leave from" },
		{ "10.0.0.1", "10.0.0.9", false, "to somebody else" },
		{ "10.0.0.2", "10.0.0.1", false, "the other way round" },
		{ "10.0.0.1", "10.0.0.2", true, "between its ends" },
		{ NULL, "10.0.0.2", true, "vpn-disconnect" },
	};
	struct ctl_request req;
	unsigned int i, left;
	struct world *w;
	json_t *json;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w = up_world();
		req = (struct ctl_request){ .verb = CTL_DELETE_SA, .what = CTL_ISAKMP };
		if (rows[i].src)
			addr_parse(&req.src, rows[i].src);
		addr_parse(&req.dst, rows[i].dst);
		json = ask(w, &req);
		left = world_ikes_up(w, 0) + (world_child(w, 0) != NULL);
		if (is_ok(json) != rows[i].goes || left != (rows[i].goes ? 0 : 2))
			fail_msg("%s: %s", rows[i].why, is_ok(json) ? "deleted" : "refused");
		json_decref(json);
		world_free(w);
	}
}

static void test_flush_and_establish(void **state)
{
	struct ctl_request req = { .verb = CTL_FLUSH_SA, .what = CTL_ISAKMP };
	struct world *w = up_world();
	json_t *json;

	(void)state;
	json = ask(w, &req);
	assert_true(is_ok(json));
	json_decref(json);
	world_run(w, 2000);
	assert_int_equal(world_ikes_up(w, 0), 0);
	assert_int_equal(world_ikes_up(w, 1), 0);
	req = (struct ctl_request){ .verb = CTL_ESTABLISH_SA, .name = "nobody" };
	json = ask(w, &req);
	assert_false(is_ok(json));
	assert_non_null(strstr(out_str(json_object_get(json, "error"), "what"), "nobody"));
	json_decref(json);
	/* from an address that must be ours, and then is the one that policies begin at */
	req = (struct ctl_request){ .verb = CTL_ESTABLISH_SA, .what = CTL_ISAKMP };
	addr_parse(&req.src, "10.0.0.9");
	addr_parse(&req.dst, "10.0.0.2");
	json = ask(w, &req);
	assert_false(is_ok(json));
	assert_non_null(strstr(out_str(json_object_get(json, "error"), "what"), "10.0.0.9 is no address"));
	json_decref(json);
	/* by the selector of a policy, as racoonctl does */
	req = (struct ctl_request){ .verb = CTL_ESTABLISH_SA, .what = CTL_ESP };
	addr_parse(&req.src, "10.0.1.0");
	addr_parse(&req.dst, "10.0.2.0");
	req.src_bits = req.dst_bits = 24;
	json = ask(w, &req);
	assert_true(is_ok(json));
	json_decref(json);
	world_run(w, 5000);
	assert_non_null(world_child(w, 0));
	world_free(w);
}

/* ---- metrics ---- */

/**
 * struct family - the metric family that is being read
 * @name: its name
 * @counter: its type
 */
struct family {
	char name[128];
	bool counter;
};

/* One label set "{a="b",...}"; behind it, or NULL if it is none. */
static const char *skip_labels(const char *p)
{
	if (*p != '{')
		return p;
	do {
		p++;
		p += strspn(p, "abcdefghijklmnopqrstuvwxyz_");
		if (strncmp(p, "=\"", 2))
			return NULL;
		for (p += 2; *p != '"'; p++) {
			if (!*p || *p == '\n' || (*p == '\\' && !strchr("\\n\"", *++p)))
				return NULL;
		}
		p++;
	} while (*p == ',');
	return *p == '}' ? p + 1 : NULL;
}

static void check_sample(const char *line, const struct family *f)
{
	size_t n = strlen(f->name);
	const char *p = line;
	char *end;

	if (strncmp(p, f->name, n))
		fail_msg("outside of its family %s: %s", f->name, line);
	p += n;
	if (f->counter) {
		if (strncmp(p, "_total", 6))
			fail_msg("a counter without _total: %s", line);
		p += 6;
	}
	p = skip_labels(p);
	if (!p || *p++ != ' ')
		fail_msg("labels: %s", line);
	strtod(p, &end);
	if (end == p || *end)
		fail_msg("value: %s", line);
}

/* OpenMetrics 1.0: families in one piece, TYPE before HELP, no line twice, EOF at the end. */
static void check_metrics(char *text)
{
	char *line, *rest = text, *seen[512];
	char families[64][128], type[16], name[128];
	struct family f = { "", false };
	size_t n = 0, nf = 0, i;

	while ((line = strsep(&rest, "\n"))) {
		if (!strcmp(line, "# EOF")) {
			assert_string_equal(rest, "");
			return;
		}
		if (sscanf(line, "# TYPE %127s %15s", name, type) == 2) {
			for (i = 0; i < nf; i++)
				if (!strcmp(families[i], name))
					fail_msg("family %s comes twice", name);
			assert_true(nf < 64);
			strcpy(families[nf++], name);
			strcpy(f.name, name);
			f.counter = !strcmp(type, "counter");
			assert_true(f.counter || !strcmp(type, "gauge"));
		} else if (sscanf(line, "# HELP %127s", name) == 1) {
			assert_string_equal(name, f.name);
		} else {
			check_sample(line, &f);
			for (i = 0; i < n; i++)
				if (!strncmp(seen[i], line, strrchr(line, ' ') - line + 1))
					fail_msg("twice: %s", line);
			assert_true(n < 512);
			seen[n++] = line;
		}
	}
	fail_msg("no # EOF");
}

static char *metrics_text(struct world *w, const char *stat)
{
	json_t *json = ask_verb(w, CTL_METRICS, "");
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs(out_str(json, "metrics"), out);
	metrics_kernel(out, stat);
	fclose(out);
	json_decref(json);
	return text;
}

static void test_metrics(void **state)
{
	static const char stat[] = "out_no_sa 3\nin_auth 4\nout_packets 5\nheld 6\n";
	char path[] = "/tmp/test_ctl.XXXXXX";
	struct world *w = up_world();
	int fd = mkstemp(path);
	char *text;

	(void)state;
	assert_int_equal(write(fd, stat, sizeof(stat) - 1), sizeof(stat) - 1);
	close(fd);
	text = metrics_text(w, path);
	assert_non_null(strstr(text, "testudo_ike_established_total{version=\"1\"} 1\n"));
	assert_non_null(strstr(text, "testudo_kernel_drops_total{reason=\"in_auth\"} 4\n"));
	assert_non_null(strstr(text, "testudo_kernel_events_total{event=\"out_packets\"} 5\n"));
	assert_non_null(strstr(text, "testudo_tunnels{state=\"up\"} 1\n"));
	assert_non_null(strstr(text, "testudo_tunnel_up{peer=\"10.0.0.2\",remote=\"10.0.0.2\","
				     "local_ts=\"10.0.1.0/24[any] any\","
				     "remote_ts=\"10.0.2.0/24[any] any\"} 1\n"));
	check_metrics(text);
	free(text);
	unlink(path);
	/* not readable: no reason to fail */
	text = metrics_text(w, path);
	assert_null(strstr(text, "kernel_drops"));
	check_metrics(text);
	free(text);
	world_free(w);
}

/* Names may hold anything; two child SAs for one thing must not give one line twice. */
static void test_metrics_twins(void **state)
{
	struct world *w = up_world();
	struct child_sa *child = world_child(w, 0), *twin;
	struct conf_remote *conf = (struct conf_remote *)child->peer->conf;
	char *name = conf->name;
	char *text;

	(void)state;
	twin = child_new(child->peer);
	twin->state = CHILD_UP;
	twin->policy = child->policy;
	twin->local = child->local;
	twin->remote = child->remote;
	twin->choice = child->choice;
	conf->name = "a\"b\\c\nd";
	text = metrics_text(w, "/nonexistent");
	assert_non_null(strstr(text, "peer=\"a\\\"b\\\\c\\nd\""));
	assert_non_null(strstr(text, "testudo_tunnels{state=\"up\"} 1\n"));
	check_metrics(text);
	conf->name = name;
	free(text);
	child_free(twin);
	world_free(w);
}

static void test_event(void **state)
{
	struct ike_event ev = {
		.kind = EVENT_PHASE1_FAILED,
		.peer = "gw\xff",
		.text = "10.0.0.1[500]<=>10.0.0.2[500]",
		.reason = "no\nproposal",
	};
	char *json, *text = NULL;
	json_t *parsed;
	size_t len;
	FILE *out;

	(void)state;
	json = event_json(&ev);
	/* one event, one line; bytes that are no UTF-8 do not break it */
	assert_null(strchr(json, '\n'));
	parsed = json_loads(json, 0, NULL);
	assert_non_null(parsed);
	assert_string_equal(out_str(parsed, "peer"), "gw?");
	json_object_set_new(parsed, "time", json_integer(1000000000));
	out = open_memstream(&text, &len);
	status_event(out, parsed);
	fclose(out);
	assert_string_equal(text, "2001-09-09 01:46:40 phase1-failed gw? "
				  "10.0.0.1[500]<=>10.0.0.2[500]: no?proposal\n");
	free(text);
	free(json);
	json_decref(parsed);
}

/* certificates: shown, counted down, and handed out as PEM */
static void test_cert(void **state)
{
	static const char conf[] =
		"path certificate \"certs\";\n"
		"remote 10.0.0.%u { exchange_mode main; certificate_type x509 \"me.pem\" \"me.key\";\n"
		"  ca_type x509 \"ca.pem\"; my_identifier fqdn \"%c.test\"; verify_identifier off;\n"
		"  proposal { encryption_algorithm aes 256; hash_algorithm sha256;\n"
		"    authentication_method rsasig; dh_group 14; } }\n"
		"sainfo anonymous { encryption_algorithm aes 256; authentication_algorithm hmac_sha256; }\n";
	struct ctl_request req = { .verb = CTL_GET_CERT };
	struct world_setup setup[2] = { 0 };
	struct pki *pki = pki_new("rsa");
	char text[2][1024], why[256];
	struct world *w;
	unsigned int i;
	json_t *json;

	(void)state;
	for (i = 0; i < 2; i++) {
		snprintf(text[i], sizeof(text[i]), conf, 2 - i, 'a' + i);
		setup[i].conf = text[i];
		setup[i].key = pki->key[i];
		setup[i].file[0].name = "certs/me.pem";
		setup[i].file[0].text = pki->cert[i];
		setup[i].file[1].name = "certs/ca.pem";
		setup[i].file[1].text = pki->ca;
	}
	w = world_setup(&setup[0], &setup[1]);
	world_policy(w, 0, "10.0.1.0/24", "10.0.2.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_policy(w, 1, "10.0.2.0/24", "10.0.1.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_acquire(w, 0, 0);
	world_run(w, 8000);
	if (world_pairs(w, why, sizeof(why)) != 1)
		fail_msg("not up: %s; %s", why, world_report(w, 0)->sentence);
	addr_parse(&req.dst, "10.0.0.2");
	req.dst_bits = 32;
	json = ask(w, &req);
	assert_true(is_ok(json));
	assert_string_equal(out_str(json, "pem"), pki->cert[1]);
	assert_non_null(strstr(out_str(json_object_get(json, "certificate"), "subject"), "b.test"));
	json_decref(json);
	addr_parse(&req.dst, "10.0.0.3");
	json = ask(w, &req);
	assert_false(is_ok(json));
	json_decref(json);
	{
		char *m = metrics_text(w, "/nonexistent");

		assert_non_null(strstr(m, "testudo_certificate_days_left{peer=\"10.0.0.2\","));
		assert_non_null(strstr(m, "whose=\"ours\"} "));
		assert_non_null(strstr(m, "whose=\"peer\"} "));
		check_metrics(m);
		free(m);
	}
	world_free(w);
	pki_free(pki);
}

/* What is not for the engine, and what no table knows, has an answer as well. */
static void test_not_for_the_engine(void **state)
{
	struct world *w = make_world(remote_b);
	struct ctl_request req = { .verb = CTL_RELOAD };
	json_t *json = ask(w, &req);

	(void)state;
	assert_false(is_ok(json));
	json_decref(json);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_idle),
		cmocka_unit_test(test_status_up),
		cmocka_unit_test(test_why_proposal),
		cmocka_unit_test(test_why_layout),
		cmocka_unit_test(test_why_unknown),
		cmocka_unit_test(test_why_stranger),
		cmocka_unit_test(test_show_sa),
		cmocka_unit_test(test_schedule),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_delete_isakmp),
		cmocka_unit_test(test_flush_and_establish),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_metrics_twins),
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_cert),
		cmocka_unit_test(test_not_for_the_engine),
	};

	setenv("TZ", "UTC", 1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
