// SPDX-License-Identifier: GPL-2.0
/*
 * Configurations as wholes: files that include others, the samples, what is found
 * in them, and whether what is printed is what was read.
 */
#include <errno.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/explain.h"
#include "near.h"
#include "conf_text.h"

#define SAMPLES "../../../userspace/testudod/samples" /* from the folder of this file */

#define P "proposal { encryption_algorithm aes 256; hash_algorithm sha256; dh_group 14; authentication_method pre_shared_key; }"
#define ALGS "encryption_algorithm aes 256; authentication_algorithm hmac_sha256;"

/* ---- include ---- */

/**
 * struct text - one of several files
 * @name: its name
 * @data: content
 */
struct text {
	const char *name;
	const char *data;
};

static void load_texts(struct conf_text *t, const struct text *texts)
{
	conf_text_init(t);
	for (; texts->name; texts++)
		source_add(&t->src, texts->name, chunk_str(texts->data), 0);
	conf_text_load_file(t, "racoon.conf", false);
}

static void test_include(void **state)
{
	static const struct {
		struct text texts[6];
		const char *said;
		const char *psk;
		const char *why;
	} rows[] = {
		{ { { "racoon.conf", "include \"a\";" }, { "a", "path pre_shared_key \"/p\";" } },
		  "", "/p", "beside the file that includes" },
		{ { { "racoon.conf", "path include \"/e\"; include \"a\";" },
		    { "/e/a", "path pre_shared_key \"/p\"; include \"b\";" }, { "/e/b", "" } },
		  "", "/p", "relative to the path, also from there" },
		{ { { "racoon.conf", "include \"a\";\npath include \"/e\";" },
		    { "/e/a", "path pre_shared_key \"/p\";" } },
		  "", "/p", "the path may stand behind" },
		{ { { "racoon.conf", "path include \"/e\"; include \"a\"; path include \"/f\"; include \"b\";" },
		    { "/e/a", "" }, { "/f/b", "path pre_shared_key \"/p\";" } },
		  "", "/p", "two of them: each goes for what follows, as in racoon" },
		{ { { "racoon.conf", "include \"d/a\";" }, { "d/a", "include \"b\";" },
		    { "d/b", "path pre_shared_key \"/p\";" } },
		  "", "/p", "beside the file that includes, not the first one" },
		{ { { "racoon.conf", "log info;\ninclude \"a\";" }, { "a", "log x;" } },
		  "a:1:5: error: 'x' is no log level; expected error, warning, notify, info, debug or debug2\n",
		  NULL, "the place is in that file" },
		{ { { "racoon.conf", "log x;\n include \"none\";" } },
		  "1:5: error: 'x' is no log level; expected error, warning, notify, info, debug or debug2\n"
		  "2:10: error: cannot read 'none': No such file or directory\n",
		  NULL, "a file that is not there" },
		{ { { "racoon.conf", "include \"racoon.conf\";" } },
		  "1:9: error: 'racoon.conf' includes itself | take this line away\n", NULL, "a loop of one" },
		{ { { "racoon.conf", "include \"a\";" }, { "a", "include \"b\";" }, { "b", "include \"a\";" } },
		  "b:1:9: error: 'a' includes itself by way of others | take this line away\n", NULL,
		  "a loop of two" },
		{ { { "racoon.conf", "include \"d/*.conf\";" }, { "d/", "1.conf\n2.cnf\n3.conf\n" },
		    { "d/1.conf", "path pre_shared_key \"/1\";" }, { "d/2.cnf", "path pre_shared_key \"/2\";" },
		    { "d/3.conf", "path pre_shared_key \"/3\";" } },
		  "d/3.conf:1:6: warning: 'path pre_shared_key' is said again: this one counts, and not \"/1\" | take one of them away\n",
		  "/3", "all that fit, in order" },
		{ { { "racoon.conf", "path pre_shared_key \"/p\"; include \"d/*.x\";" }, { "d/", "1.conf\n" } },
		  "1:35: note: no file is called 'd/*.x': nothing is included\n", "/p", "none fits" },
		{ { { "racoon.conf", "include \"d*/x\";" } },
		  "1:9: error: a pattern may stand in the last part of 'd*/x' only\n", NULL, "folders by pattern" },
		{ { { "racoon.conf", "remote 10.0.0.1 { include \"a\"; " P " }" } },
		  "1:19: error: 'include' does not belong in remote but in the file\n", NULL,
		  "not in a block" },
		{ { { "racoon.conf", "path pre_shared_key \"/p\"; include \"/none/*.conf\";" } },
		  "1:35: note: no file is called '/none/*.conf': nothing is included\n", "/p",
		  "a folder that is not there has no such file, either" },
		{ { { "racoon.conf", "include \"a\"\nlog info;" }, { "a", "" } },
		  "1:12: error: expected ';' after 'a'\n", NULL, "without its semicolon" },
	};
	struct conf_text t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		load_texts(&t, rows[i].texts);
		if (strcmp(t.said, rows[i].said))
			fail_msg("%s:\nexpected\n%sgot\n%s", rows[i].why, rows[i].said, t.said);
		if (!t.conf != !rows[i].psk || (t.conf && strcmp(t.conf->path_psk, rows[i].psk)))
			fail_msg("%s: not read", rows[i].why);
		conf_text_free(&t);
	}
}

/* ten deep is allowed, as in racoon, eleven is not */
static void test_include_depth(void **state)
{
	char name[16], text[32];
	struct conf_text t;
	int deep, i;

	(void)state;
	for (deep = 10; deep <= 11; deep++) {
		conf_text_init(&t);
		for (i = 0; i <= deep; i++) {
			snprintf(name, sizeof(name), i ? "%d" : "racoon.conf", i);
			snprintf(text, sizeof(text), i < deep ? "include \"%d\";" : "log info;", i + 1);
			source_add(&t.src, name, chunk_str(text), 0);
		}
		conf_text_load_file(&t, "racoon.conf", false);
		assert_string_equal(t.said, deep == 10 ? "" :
					    "10:1:9: error: files include each other more than 10 deep\n");
		conf_text_free(&t);
	}
}

static void test_source(void **state)
{
	char dir[] = "/tmp/test_conf.XXXXXX";
	const struct source_file *f;
	struct source disk, copy;
	struct blob packed;
	char *name, *link;
	size_t i;
	FILE *out;

	(void)state;
	assert_non_null(mkdtemp(dir));
	name = xasprintf("%s/b", dir);
	link = xasprintf("%s/a", dir);
	out = fopen(name, "w");
	fputs("text", out);
	fclose(out);
	assert_int_equal(symlink("b", link), 0);
	source_init(&disk);
	disk.from_disk = true;
	f = source_open(&disk, name);
	assert_int_equal(f->error, 0);
	assert_int_equal(f->data.n, 4);
	assert_string_equal(f->data.p, "text");
	assert_ptr_equal(source_open(&disk, name), f);
	assert_int_equal(source_open(&disk, "/nonexistent/x")->error, ENOENT);
	assert_int_equal(source_open(&disk, dir)->error, EISDIR);
	f = source_list(&disk, dir);
	assert_string_equal(f->data.p, "a\nb\n");
	packed = source_pack(&disk);

	/* a process without files sees the same, and knows what was not there */
	source_init(&copy);
	assert_true(source_unpack(&copy, blob_chunk(&packed)));
	assert_string_equal(source_open(&copy, name)->data.p, "text");
	assert_int_equal(source_open(&copy, "/nonexistent/x")->error, ENOENT);
	assert_int_equal(source_open(&copy, "/etc/passwd")->error, ENOENT);
	assert_string_equal(source_list(&copy, dir)->data.p, "a\nb\n");
	source_free(&copy);

	for (i = 0; i < packed.n; i++) {
		source_init(&copy);
		assert_false(source_unpack(&copy, chunk(packed.p, i)));
		source_free(&copy);
	}
	unlink(name);
	unlink(link);
	rmdir(dir);
	free(name);
	free(link);
	blob_free(&packed);
	source_free(&disk);
}

/* ---- samples ---- */

static char *sample_path(const char *name)
{
	const char *slash = strrchr(__FILE__, '/');

	return xasprintf("%.*s" SAMPLES "/%s", slash ? (int)(slash + 1 - __FILE__) : 0, __FILE__, name);
}

static struct conf *load_sample(struct conf_text *t, const char *name, bool insecure)
{
	char *path = sample_path(name);

	conf_text_init(t);
	t->src.from_disk = true;
	conf_text_load_file(t, path, insecure);
	free(path);
	return t->conf;
}

/* what is printed is read back as the same */
static void check_round(const struct conf *conf, const char *name)
{
	char *text = conf_text_print(conf);
	const struct conf_remote *r;
	const struct conf_sainfo *s;
	struct conf_text t;
	char *again;

	conf_text_init(&t);
	conf_text_load(&t, text, false);
	if (!t.conf)
		fail_msg("%s: what was printed is refused:\n%s%s", name, t.said, text);
	again = conf_text_print(t.conf);
	assert_string_equal(text, again);
	r = TAILQ_FIRST(&t.conf->remotes);
	assert_true(!r || conf_remote_equal(r, TAILQ_FIRST(&conf->remotes)));
	s = TAILQ_FIRST(&t.conf->sainfos);
	assert_true(!s || conf_sainfo_equal(s, TAILQ_FIRST(&conf->sainfos)));
	free(again);
	free(text);
	conf_text_free(&t);
}

static void test_samples(void **state)
{
	const struct source_file *list;
	struct conf_text dir, t;
	char *folder, *names, *name, *rest;
	unsigned int n = 0;

	(void)state;
	conf_text_init(&dir);
	dir.src.from_disk = true;
	folder = sample_path("");
	list = source_list(&dir.src, folder);
	free(folder);
	assert_int_equal(list->error, 0);
	names = strdup((const char *)list->data.p);
	for (name = strtok_r(names, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
		bool seed = !strncmp(name, "seed-", 5);

		if (!fnmatch("*.conf", name, 0)) {
			/* the documents of the beginning want an opt-in, and no other sample does */
			if (!load_sample(&t, name, seed))
				fail_msg("%s is refused:\n%s", name, t.said);
			check_round(t.conf, name);
			conf_text_free(&t);
			if (seed) {
				assert_null(load_sample(&t, name, false));
				conf_text_free(&t);
			}
			n++;
		}
	}
	assert_true(n >= 10);
	free(names);
	conf_text_free(&dir);
}

static void test_seeds(void **state)
{
	const struct conf_remote *r;
	const struct conf_sainfo *s;
	struct conf_text t;

	(void)state;
	load_sample(&t, "seed-laptop.conf", true);
	r = TAILQ_FIRST(&t.conf->remotes);
	assert_true(r->anonymous);
	assert_memory_equal(r->exchanges, "\x02\x04\x00", 3); /* main, then aggressive */
	s = TAILQ_FIRST(&t.conf->sainfos);
	assert_string_equal(s->pfs->name, "modp768");
	assert_int_equal(s->lifetime, 30 * 60);
	conf_text_free(&t);

	load_sample(&t, "seed-laptop.conf", false);
	assert_non_null(strstr(t.said, "error: '1' (modp768) is insecure and refused"));
	assert_non_null(strstr(t.said, "write 'pfs_group modp2048;'"));
	conf_text_free(&t);

	load_sample(&t, "seed-wireless.conf", true);
	r = TAILQ_FIRST(&t.conf->remotes);
	assert_memory_equal(r->exchanges, "\x04\x02\x00", 3);
	assert_string_equal(r->cert, "/etc/racoon/certs/nagasaki.cert");
	assert_string_equal(r->key, "/etc/racoon/certs/nagasaki.key");
	assert_int_equal(r->my_id.type, ID_DN);
	assert_int_equal(r->my_id.id.type, 0); /* the certificate's subject */
	assert_int_equal(r->lifetime, 3600);
	assert_int_equal(TAILQ_FIRST(&r->proposals)->auth, IKE_AUTH_RSASIG);
	assert_string_equal(TAILQ_FIRST(&r->proposals)->dh->name, "modp1024");
	s = TAILQ_FIRST(&t.conf->sainfos);
	assert_true(s->deflate);
	assert_int_equal(s->encr[0].bits, 256);
	assert_non_null(strstr(t.said, "warning: 'backupsa' is ignored"));
	assert_null(strstr(t.said, "error"));
	conf_text_free(&t);
}

/* ---- search ---- */

static void test_find_remote(void **state)
{
	static const struct {
		const char *addr;
		const char *name;
		const char *why;
	} rows[] = {
		{ "10.0.0.1[500]", "10.0.0.1", "no port said: any" },
		{ "10.0.0.1[4500]", "10.0.0.1[4500]", "the port that was said goes first" },
		{ "10.0.0.1[1027]", "10.0.0.1", "behind a NAT: any before another one" },
		{ "10.0.0.2[500]", "b", "by remote_address" },
		{ "10.0.0.2[4500]", "b", "a peer that floated is the same" },
		{ "fd00::1[500]", "fd00::1", "IPv6" },
		{ "10.0.0.9[500]", "anonymous", "everybody else; not the named one without address" },
	};
	struct sockaddr_storage sa;
	struct conf_text t;
	size_t i;

	(void)state;
	conf_text_init(&t);
	conf_text_load(&t, "remote \"template\" {" P "} remote anonymous {" P "} remote 10.0.0.1 {" P "}"
			   "remote 10.0.0.1 [4500] {" P "} remote \"b\" { remote_address 10.0.0.2 [500]; " P "}"
			   "remote fd00::1 {" P "} remote gw.test {" P "}", false);
	assert_non_null(t.conf);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(addr_parse(&sa, rows[i].addr));
		if (strcmp(conf_remote_by_addr(t.conf, &sa)->name, rows[i].name))
			fail_msg("%s: %s", rows[i].why, conf_remote_by_addr(t.conf, &sa)->name);
		assert_string_equal(conf_remote_by_name(t.conf, rows[i].name)->name, rows[i].name);
	}
	assert_string_equal(conf_remote_by_name(t.conf, "gw.test")->host, "gw.test");
	assert_int_equal(conf_remote_by_name(t.conf, "gw.test")->addr.ss_family, 0);
	assert_null(conf_remote_by_name(t.conf, "none"));
	conf_text_free(&t);
}

static void ts_of(struct ts *ts, const char *addr, unsigned int bits, unsigned int proto)
{
	struct sockaddr_storage sa;

	assert_true(addr_parse(&sa, addr));
	ts_from_prefix(ts, &sa, bits, proto, 0);
}

static void test_find_sainfo(void **state)
{
	static const struct {
		const char *local;
		unsigned int bits;
		unsigned int proto;
		const char *remote;
		const char *peer;	/* fqdn */
		const char *block;
		int line;		/* of the sainfo; 0: none */
		const char *why;
	} rows[] = {
		{ "10.0.1.0", 24, 0, "10.0.2.0", NULL, "a", 2, "both by value" },
		{ "10.0.1.0", 25, 0, "10.0.2.0", NULL, "a", 3, "a smaller network is another one" },
		{ "10.0.1.0", 24, 6, "10.0.2.0", NULL, "a", 3, "and so is one protocol of it" },
		{ "10.0.3.0", 24, 0, "10.0.2.0", NULL, "a", 4, "one side anonymous" },
		{ "10.0.9.0", 24, 0, "10.0.2.0", "x.test", "a", 5, "from whom, although anonymous" },
		{ "10.0.1.0", 24, 0, "10.0.2.0", "x.test", "a", 5, "from goes before selectors" },
		{ "10.0.1.0", 24, 0, "10.0.2.0", "z.test", "n", 6, "remoteid goes before them too" },
		{ "10.0.4.0", 24, 0, "10.0.7.7", NULL, "a", 3, "clientaddr of somebody else" },
		{ "10.0.4.0", 24, 0, "192.0.2.1", NULL, "a", 7, "clientaddr: the peer itself" },
	};
	const struct conf_remote *block;
	const struct conf_sainfo *s;
	struct sockaddr_storage sa;
	struct ts local, remote;
	struct conf_text t;
	struct id peer;
	size_t i;

	(void)state;
	conf_text_init(&t);
	conf_text_load(&t, "remote \"a\" { remote_address 192.0.2.1; peers_identifier fqdn \"y.test\"; " P "} remote \"n\" { remote_address 192.0.2.2; ph1id 9; " P "}\n"
			   "sainfo subnet 10.0.1.0/24 any subnet 10.0.2.0/24 any {" ALGS "}\n"
			   "sainfo anonymous {" ALGS "}\n"
			   "sainfo subnet 10.0.3.0/24 any anonymous {" ALGS "}\n"
			   "sainfo anonymous from fqdn \"X.test\" {" ALGS "}\n"
			   "sainfo anonymous { remoteid 9; " ALGS "}\n"
			   "sainfo subnet 10.0.4.0/24 any clientaddr {" ALGS "}\n", false);
	assert_non_null(t.conf);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ts_of(&local, rows[i].local, rows[i].bits, rows[i].proto);
		ts_of(&remote, rows[i].remote, strcmp(rows[i].remote, "10.0.2.0") ? 32 : 24,
		      rows[i].proto);
		peer = (struct id){ 0 };
		if (rows[i].peer)
			id_set(&peer, ID_FQDN, chunk_str(rows[i].peer));
		block = conf_remote_by_name(t.conf, rows[i].block);
		s = conf_sainfo_find(t.conf, &local, &remote, rows[i].peer ? &peer : NULL, block,
				     block && block->addr.ss_family ? &block->addr : NULL);
		if ((s ? s->where.line : 0) != rows[i].line)
			fail_msg("%s: line %d", rows[i].why, s ? s->where.line : 0);
		id_free(&peer);
	}
	/* an anonymous peer's address is known to the engine only */
	ts_of(&local, "10.0.4.0", 24, 0);
	ts_of(&remote, "198.51.100.9", 32, 0);
	id_set(&peer, ID_FQDN, chunk_str("z.test"));
	s = conf_sainfo_find(t.conf, &local, &remote, &peer, NULL, NULL);
	assert_int_equal(s->where.line, 3);
	assert_true(addr_parse(&sa, "198.51.100.9[4500]"));
	s = conf_sainfo_find(t.conf, &local, &remote, &peer, NULL, &sa);
	assert_int_equal(s->where.line, 7);
	id_free(&peer);
	conf_text_free(&t);
}

static void test_equal(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
		const char *why;
	} rows[] = {
		{ "remote 10.0.0.1 { passive on; " P "}", "\n# moved\nremote 10.0.0.1 {\n" P " passive on; }", true, "another place and order" },
		{ "remote 10.0.0.1 { " P "}", "remote 10.0.0.1 { dpd_delay 30; " P "}", true, "a default that is said" },
		{ "remote 10.0.0.1 { " P "}", "remote 10.0.0.1 { dpd_delay 31; " P "}", false, "a value" },
		{ "remote 10.0.0.1 { " P "}", "remote 10.0.0.1 { " P P "}", false, "a proposal more" },
		{ "remote 10.0.0.1 { " P "}", "remote 10.0.0.1 [500] { " P "}", false, "a port" },
		{ "remote 10.0.0.1 { " P "}", "remote \"10.0.0.1\" { remote_address 10.0.0.1; " P "}", true, "another way to say it" },
		{ "remote 10.0.0.1 { peers_identifier fqdn \"a\"; " P "}", "remote 10.0.0.1 { peers_identifier fqdn \"b\"; " P "}", false, "an identity" },
	};
	struct conf_text a, b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		conf_text_init(&a);
		conf_text_init(&b);
		conf_text_load(&a, rows[i].a, false);
		conf_text_load(&b, rows[i].b, false);
		if (conf_remote_equal(TAILQ_FIRST(&a.conf->remotes), TAILQ_FIRST(&b.conf->remotes)) !=
		    rows[i].same)
			fail_msg("%s", rows[i].why);
		conf_text_free(&a);
		conf_text_free(&b);
	}
}

/* ---- output ---- */

static void test_explain(void **state)
{
	static const struct {
		const char *peer;
		int rc;
		const char *has, *has_not;
		const char *why;
	} rows[] = {
		{ "10.0.0.1", 0, "# 10.0.0.1 is found by its address at racoon.conf:1", "sainfo anonymous from", "address" },
		{ "a", 0, "sainfo anonymous from fqdn \"a.test\"", "remoteid", "its sainfos: identity" },
		{ "10.9.9.9", 0, "# 10.9.9.9 is found among all others at racoon.conf:4", NULL, "anonymous" },
		{ "anonymous", 0, "remote anonymous {", NULL, "by that name" },
		{ "10.0.0.1", 0, "remoteid 5;", NULL, "its sainfos: remoteid" },
		{ "a", 0, "dpd_delay 9;", NULL, "inherited" },
		{ "nobody.test", 1, "# no remote is for nobody.test", NULL, "nobody" },
	};
	struct conf_text t;
	size_t i, size;
	char *text;
	FILE *out;

	(void)state;
	conf_text_init(&t);
	conf_text_load(&t, "remote 10.0.0.1 { ph1id 5; dpd_delay 9; peers_identifier fqdn \"b.test\"; " P "}\n"
			   "remote \"p\" inherit 10.0.0.1 { remote_address 10.0.0.8; ph1id 6; }\n"
			   "remote \"a\" inherit \"p\" { remote_address 10.0.0.2; peers_identifier fqdn \"a.test\"; }\n"
			   "remote anonymous { " P "}\n"
			   "sainfo anonymous { remoteid 5; " ALGS "}\n"
			   "sainfo anonymous from fqdn \"a.test\" { " ALGS "}\nsainfo anonymous { " ALGS "}\n", false);
	assert_non_null(t.conf);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		out = open_memstream(&text, &size);
		assert_int_equal(conf_explain(t.conf, rows[i].peer, out), rows[i].rc);
		fclose(out);
		if (!strstr(text, rows[i].has) || (rows[i].has_not && strstr(text, rows[i].has_not)))
			fail_msg("%s:\n%s", rows[i].why, text);
		free(text);
	}
	conf_text_free(&t);
}

static void test_say_file(void **state)
{
	static const char text[] = "log info;\n\tpath certificate x\xc3\xa4 y\x1b[1m;\nlog \"\n";
	const char *const want = "f:2:2: error: a b\n\tpath certificate x\xc3\xa4 y?[1m;\n\t^~~~\n  hint: c\n";
	const struct conf_where at = { "f", 2, 2 };
	char *line, *out_text;
	size_t size;
	FILE *out = open_memstream(&out_text, &size);

	(void)state;
	line = xstrndup(text + 10, strcspn(text + 10, "\n"));
	conf_say_file(out, CONF_ERROR, &at, line, "a b", "c");
	fclose(out);
	/* the caret is under the word, and nothing reaches the terminal that it would obey */
	assert_string_equal(out_text, want);
	free(line);
	free(out_text);
}

static void test_near(void **state)
{
	static const struct {
		const char *word, *candidate;
		bool near;
		const char *why;
	} rows[] = {
		{ "dh_grup", "dh_group", true, "a letter left out" },
		{ "ohc", "oh", true, "a letter too many" },
		{ "retrasmit", "retransmit", true, "in the middle" },
		{ "lifteime", "lifetime", true, "two of them swapped" },
		{ "remote", "listen", false, "another word" },
		{ "", "on", false, "nothing" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "on", false, "too long for any" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct near near = { .word = rows[i].word, .len = strlen(rows[i].word) };

		near_try(&near, rows[i].candidate);
		if (!near.best != !rows[i].near)
			fail_msg("%s", rows[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_include_depth),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_find_remote),
		cmocka_unit_test(test_find_sainfo),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_say_file),
		cmocka_unit_test(test_near),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
