// SPDX-License-Identifier: GPL-2.0
/*
 * The keys process: private keys in memory, psk.txt through a descriptor that
 * the monitor opens for each use. It has no network, no files, and understands of
 * what a peer sent its length only (but for a DN, if psk.txt has one as identifier).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/crypto.h>

#include "base/log.h"
#include "base/timer.h"
#include "crypto/crypt.h"
#include "proc/keys.h"
#include "proc/memfd.h"

#define PSK_FILE_MAX   (1 << 20)
#define MONITOR_MS     5000 /* less than others wait for us */
#define LOG_PER_MINUTE 6 /* lines that a peer can cause */

/**
 * struct key - one private key
 * @link: in struct keys
 * @file: its file
 * @key: NULL: there is none
 * @error: why not
 * @why: the same in words
 */
struct key {
	TAILQ_ENTRY(key)
	link;
	char *file;
	struct privkey *key;
	enum secrets_error error;
	char why[SECRETS_SENTENCE];
};

TAILQ_HEAD(key_list, key);

/**
 * struct keys - the process
 * @c: how the monitor sees it
 * @base: loop
 * @net: the network process
 * @nets: how many there have been: one that is started again numbers its questions from 1
 * @list: private keys
 * @id: number of the last question to the monitor
 */
struct keys {
	struct child *c;
	struct event_base *base;
	struct imsg_channel net;
	unsigned int nets;
	struct key_list list;
	uint32_t id;
};

static void say(struct secrets_answer *a, enum secrets_error error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct secrets_answer *a, enum secrets_error error, const char *fmt, ...)
{
	va_list ap;

	a->error = error;
	va_start(ap, fmt);
	vsnprintf(a->sentence, sizeof(a->sentence), fmt, ap);
	va_end(ap);
}

/* ---- private keys ---- */

static void free_keys(struct key_list *list)
{
	struct key *k, *next;

	TAILQ_FOREACH_SAFE(k, list, link, next) {
		TAILQ_REMOVE(list, k, link);
		privkey_free(k->key);
		free(k->file);
		free(k);
	}
}

static struct key *find_key(struct key_list *list, const char *file)
{
	struct key *k;

	TAILQ_FOREACH(k, list, link)
		if (!strcmp(k->file, file))
			return k;
	return NULL;
}

static void load_key(struct key_list *list, struct source *src, const char *name, bool plain)
{
	const struct source_file *f = source_open(src, name);
	char why[160] = "";
	struct key *k;

	if (find_key(list, name))
		return;
	k = xcalloc(1, sizeof(*k));
	k->file = xstrdup(name);
	TAILQ_INSERT_TAIL(list, k, link);
	if (f->error) {
		/* the monitor has told which of owner and mode it is */
		k->error = f->error == EPERM ? SECRETS_UNSAFE_FILE : SECRETS_NO_FILE;
		snprintf(k->why, sizeof(k->why), "private key %s: %s", name,
			 f->error == EPERM ? "its owner or mode is wrong (0600 and root are right)" : strerror(f->error));
		return;
	}
	k->key = plain ? privkey_from_plain_rsa(blob_chunk(&f->data), why, sizeof(why)) : privkey_parse(blob_chunk(&f->data), why, sizeof(why));
	if (k->key)
		return;
	k->error = SECRETS_BAD_KEY;
	snprintf(k->why, sizeof(k->why), "private key %s: %s", name, why);
	log_error("%s", k->why);
}

static void load_keys(struct keys *keys)
{
	const struct conf_remote *r;

	free_keys(&keys->list);
	TAILQ_FOREACH(r, &keys->c->conf->remotes, link) {
		if (r->key)
			load_key(&keys->list, keys->c->src, r->key, false);
		if (r->plain_rsa)
			load_key(&keys->list, keys->c->src, r->plain_rsa, true);
	}
	/* from here on they are in libcrypto's memory only */
	child_source_free(keys->c->src);
	keys->c->src = NULL;
}

static char *text_of(struct chunk c)
{
	return xstrndup((const char *)c.p, c.n);
}

/* a remote has its own keys only, whatever file is asked for */
static struct key *key_of(struct keys *keys, const struct keys_sign *q, struct secrets_answer *a)
{
	char *name = text_of(q->remote);
	char *file = text_of(q->file);
	const struct conf_remote *r = conf_remote_by_name(keys->c->conf, name);
	struct key *k = NULL;

	if (r && ((r->key && !strcmp(r->key, file)) || (r->plain_rsa && !strcmp(r->plain_rsa, file))))
		k = find_key(&keys->list, file);
	if (!k)
		say(a, SECRETS_NO_FILE, "remote %.64s has no private key of that name", name);
	else if (!k->key)
		say(a, k->error, "%s", k->why);
	free(name);
	free(file);
	return k && k->key ? k : NULL;
}

static void on_sign(struct keys *keys, const struct imsg *m, struct secrets_answer *a,
		    struct blob *result)
{
	struct keys_sign q;
	struct key *k;

	if (!keys_get_sign(blob_chunk(&m->body), &q)) {
		say(a, SECRETS_CRYPTO, "the question to the keys process is malformed");
		return;
	}
	k = key_of(keys, &q, a);
	if (k && !privkey_sign(k->key, q.scheme, q.tbs, result))
		say(a, SECRETS_BAD_KEY, "private key %s: it can not make a signature of the kind %s",
		    k->file, sig_name(q.scheme));
}

/* ---- pre-shared keys ---- */

/* how sentences name it; the monitor may have had it open under a configuration that has been replaced since */
static const char *psk_path(const struct keys *keys)
{
	return keys->c->conf->path_psk ? keys->c->conf->path_psk : "the file of pre-shared keys";
}

/* psk.txt as it is now. What else the monitor says is heard as well: the configuration may be a new one then */
static bool fetch_psk_file(struct keys *keys, struct blob *text, struct secrets_answer *a)
{
	const struct imsg_call call = {
		.type = IMSG_PSK_OPEN,
		.id = ++keys->id,
		.answer = IMSG_PSK_FILE,
		.ms = MONITOR_MS,
		.other = child_message,
		.arg = keys->c,
	};
	struct imsg reply;
	struct chunk none;
	bool ok = false;

	if (!keys->c->conf->path_psk) {
		say(a, SECRETS_NO_PSK, "there is no \"path pre_shared_key\"");
		return false;
	}
	if (keys->c->monitor.fd < 0 || imsg_call(keys->c->monitor.fd, &call, &reply) <= 0) {
		say(a, SECRETS_NO_FILE, "the monitor did not open the file of pre-shared keys");
		return false;
	}
	if (!keys_get_answer(blob_chunk(&reply.body), a, &none))
		say(a, SECRETS_NO_FILE, "the monitor's answer about the file of pre-shared keys is malformed");
	else if (a->error == SECRETS_OK) {
		ok = !fd_read(reply.fd, PSK_FILE_MAX, text);
		if (!ok)
			say(a, SECRETS_NO_FILE, "%s: it can not be read, or is larger than 1 MB",
			    psk_path(keys));
	}
	imsg_free(&reply);
	return ok;
}

/* the block for the peer at that address; NULL where it is not known */
static const struct conf_remote *psk_remote(const struct keys *keys, const struct keys_psk *q)
{
	struct sockaddr_storage addr;

	if (!q->addr.n || !addr_from_bytes(&addr, q->addr))
		return NULL;
	return conf_remote_by_addr(keys->c->conf, &addr);
}

/* "shared_secret key": the line of that identifier, not the peer's */
static bool find_named(struct keys *keys, struct chunk text, const char *name, struct blob *key,
		       struct secrets_answer *a)
{
	struct id id = { 0 };
	const struct psk_who who = { .id = &id };
	unsigned int line;
	bool found;

	id_set(&id, ID_KEY_ID, chunk_str(name));
	found = psk_find(text, &who, key, &line);
	id_free(&id);
	if (!found)
		say(a, SECRETS_NO_PSK, "couldn't find the pskey for shared_secret key \"%.64s\": %s has no line for it",
		    name, psk_path(keys));
	return found;
}

static bool find_psk(struct keys *keys, struct chunk text, const struct keys_psk *q,
		     struct blob *key, struct secrets_answer *a)
{
	static struct log_limit limit;
	struct sockaddr_storage addr = { 0 };
	const struct psk_who by_id = { .id = &q->id };
	const struct psk_who by_addr = { .addr = &addr };
	char id[CERT_SENTENCE / 4];
	char host[ADDR_TEXT];
	unsigned int line = 0;
	bool found = false;

	id_text(&q->id, id, sizeof(id));
	snprintf(host, sizeof(host), "an unknown address");
	if (q->addr.n && addr_from_bytes(&addr, q->addr))
		addr_host(&addr, host);
	if (q->id.type)
		found = psk_find(text, &by_id, key, &line);
	if (!found && !line && q->addr.n) {
		if (q->id.type && log_limit_ok(&limit, LOG_PER_MINUTE, timer_now()))
			log_notice("couldn't find the proper pskey for %s, try to get one by the peer's address %s",
				   id, host);
		found = psk_find(text, &by_addr, key, &line);
	}
	if (found) {
		log_debug("%s: line %u is for %s", psk_path(keys), line,
			  q->id.type ? id : host);
		return true;
	}
	if (line)
		say(a, SECRETS_NO_PSK, "couldn't find the pskey for %s: %s:%u has no hexadecimal key after 0x",
		    host, psk_path(keys), line);
	else
		say(a, SECRETS_NO_PSK, "couldn't find the pskey for %s: %s has no line for %s%s%s", host,
		    psk_path(keys), q->id.type ? id : "", q->id.type ? " and none for " : "",
		    host);
	return false;
}

/* the peer's key: what its block says, else psk.txt */
static bool get_psk(struct keys *keys, const struct keys_psk *q, struct blob *key,
		    struct secrets_answer *a)
{
	const struct conf_remote *r = psk_remote(keys, q);
	struct blob text = { 0 };
	bool ok;

	if (!(r && r->secret)) {
		if (!fetch_psk_file(keys, &text, a))
			return false;
		r = psk_remote(keys, q);
	}
	ok = r && r->secret;
	if (ok)
		blob_set(key, chunk_str(r->secret));
	else if (r && r->secret_key)
		ok = find_named(keys, blob_chunk(&text), r->secret_key, key, a);
	else
		ok = find_psk(keys, blob_chunk(&text), q, key, a);
	blob_wipe(&text);
	return ok;
}

static void on_psk(struct keys *keys, const struct imsg *m, struct secrets_answer *a,
		   struct blob *result)
{
	uint8_t out[CRYPT_HASH_MAX];
	struct blob key = { 0 };
	const struct alg *prf = NULL;
	struct keys_psk q;

	if (keys_get_psk(blob_chunk(&m->body), &q))
		prf = alg_by_v2(ALG_PRF, q.prf);
	if (!prf || prf->out > sizeof(out)) {
		say(a, SECRETS_CRYPTO, "the question to the keys process is malformed");
		return;
	}
	if (get_psk(keys, &q, &key, a)) {
		if (psk_make(q.use, prf, blob_chunk(&key), q.data, out))
			blob_set(result, chunk(out, prf->out));
		else
			say(a, SECRETS_CRYPTO, "libcrypto has no %s for the pre-shared key", prf->name);
	}
	blob_wipe(&key);
	OPENSSL_cleanse(out, sizeof(out));
}

/* ---- the loop ---- */

/*
 * What the monitor said before net asked comes first: net may ask for what the new configuration
 * has, and the loop tells of both sockets in any order.
 */
static void hear_monitor(struct keys *keys)
{
	struct imsg m;

	while (keys->c->monitor.fd >= 0 && imsg_recv(keys->c->monitor.fd, &m, 0) == 1) {
		child_message(keys->c, &m);
		imsg_free(&m);
	}
}

static void on_question(void *arg, struct imsg *m)
{
	struct keys *keys = arg;
	const unsigned int asker = keys->nets;
	struct secrets_answer answer = { .error = SECRETS_OK };
	struct writer w = { .secret = true };
	struct blob result = { 0 };
	int err;

	hear_monitor(keys);
	switch (m->type) {
	case IMSG_PSK:
		on_psk(keys, m, &answer, &result);
		break;
	case IMSG_SIGN:
		on_sign(keys, m, &answer, &result);
		break;
	default:
		say(&answer, SECRETS_CRYPTO, "the keys process knows no such question");
	}
	keys_put_answer(&w, &answer, blob_chunk(&result));
	/* the channel may have got a new socket by now, and who is there has not asked */
	err = keys->net.fd < 0 || keys->nets != asker ? -EPIPE : imsg_send(keys->net.fd, IMSG_ANSWER, m->id, writer_chunk(&w), -1);
	if (err)
		log_debug("no answer to the net process: %s", strerror(-err));
	OPENSSL_cleanse(w.p, w.n);
	writer_free(&w);
	blob_wipe(&result);
}

/* the monitor starts it again and sends a new socket */
static void on_net_gone(void *arg, int error)
{
	(void)arg;
	if (error)
		log_warn("the connection to the net process broke: %s", strerror(-error));
}

static void on_source(void *arg, struct source *src)
{
	struct keys *keys = arg;

	if (child_take_source(keys->c, src))
		load_keys(keys);
}

static void on_peer(void *arg, enum proc_role role, int fd)
{
	struct keys *keys = arg;

	if (role != PROC_NET) {
		close(fd);
		return;
	}
	imsg_channel_close(&keys->net);
	keys->nets++;
	if (!imsg_channel_open(&keys->net, keys->base, fd))
		event_base_loopbreak(keys->base);
}

/* in order or not: nothing is left behind */
static void on_end(void *arg)
{
	struct keys *keys = arg;

	event_base_loopbreak(keys->base);
}

/* best effort: swap is as readable as a core file */
static void lock_memory(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &all) || mlockall(MCL_CURRENT | MCL_FUTURE))
		log_debug("memory of the keys process is not locked: %s", strerror(errno));
}

void keys_main(struct child *c)
{
	static const struct child_ops ops = {
		.source = on_source,
		.peer = on_peer,
		.stop = on_end,
		.gone = on_end,
	};
	struct keys keys = { .c = c, .net = { .fd = -1, .fn = on_question, .gone = on_net_gone } };

	TAILQ_INIT(&keys.list);
	keys.net.arg = &keys;
	lock_memory();
	keys.base = event_base_new();
	if (!keys.base || !child_lock(c))
		return;
	load_keys(&keys);
	if (child_listen(c, keys.base, &ops, &keys) &&
	    imsg_channel_open(&keys.net, keys.base, c->peer[PROC_NET])) {
		c->peer[PROC_NET] = -1;
		event_base_dispatch(keys.base);
	}
	imsg_channel_close(&keys.net);
	free_keys(&keys.list);
}
