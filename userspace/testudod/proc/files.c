// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration's files, and who gets which: all get the same text of the
 * configuration, net the public part of certificates, keys the private keys, and
 * the secrets that stand in that text, where all others have asterisks. A private
 * key is read right before it goes to the keys process and kept nowhere.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/cert.h"
#include "base/log.h"
#include "proc/facts.h"
#include "proc/memfd.h"
#include "proc/monitor_impl.h"
#include "proc/safefile.h"

#define KEY_FILE_MAX (1 << 20)

/**
 * struct said - what the parser has said
 * @why: errors, one a line, for whoever asked for a reload; as many as there is room for
 * @size: its size
 */
struct said {
	char *why;
	size_t size;
};

void files_why(char *why, size_t size, const char *line)
{
	size_t used = size ? strlen(why) : 0;

	/* a line that is cut would not be one */
	if (size && used + strlen(line) + 2 <= size)
		sprintf(why + used, "%s%s", used ? "\n" : "", line);
}

static void say(void *arg, enum conf_severity severity, const struct conf_where *where,
		const char *line, const char *what, const char *hint)
{
	struct said *said = arg;
	const char *file = where && where->file ? where->file : "?";
	int at = where ? where->line : 0;
	int column = where ? where->column : 0;
	char text[512];
	enum log_level level = severity == CONF_ERROR ? LOG_LEVEL_ERROR : severity == CONF_WARNING ? LOG_LEVEL_WARNING
												   : LOG_LEVEL_NOTICE;

	(void)line;
	log_line(level, "%s:%d:%d: %s%s%s", file, at, column, what, hint ? "; " : "", hint ? hint : "");
	if (severity == CONF_ERROR) {
		snprintf(text, sizeof(text), "%s:%d:%d: %s", file, at, column, what);
		files_why(said->why, said->size, text);
	}
}

static bool is_secret(const struct conf *conf, const char *name)
{
	const struct conf_remote *r;

	if (conf->path_psk && !strcmp(conf->path_psk, name))
		return true;
	TAILQ_FOREACH(r, &conf->remotes, link)
		if ((r->key && !strcmp(r->key, name)) || (r->plain_rsa && !strcmp(r->plain_rsa, name)))
			return true;
	return false;
}

/* what the parser has read, as everybody may have it: of a secret file only that it is there */
static void copy_files(struct source *out, const struct source *from, const struct conf *conf)
{
	const struct source_file *f;

	TAILQ_FOREACH(f, &from->files, link) {
		struct blob text = { 0 };

		if (!is_secret(conf, f->name))
			text = conf_masked(conf, f->name, blob_chunk(&f->data));
		source_add(out, f->name, blob_chunk(&text), f->error);
		blob_free(&text);
	}
}

/* a text with a secret in it must be as safe as psk.txt */
static bool texts_safe(const struct files_new *new, const struct said *said)
{
	const struct source_file *f;
	char why[256];
	bool ok = true;
	int fd;

	TAILQ_FOREACH(f, &new->disk.files, link) {
		if (!conf_has_secret(new->conf, f->name))
			continue;
		fd = safe_open(f->name, SAFE_SECRET, why, sizeof(why));
		if (fd >= 0) {
			close(fd);
			continue;
		}
		log_error("there is a shared_secret in %s", why);
		files_why(said->why, said->size, why);
		ok = false;
	}
	return ok;
}

bool files_read(const struct monitor *m, struct files_new *new, char *why, size_t why_size)
{
	struct said said = { .why = why, .size = why_size };
	const struct conf_say sink = { .fn = say, .arg = &said };

	source_init(&new->disk);
	new->disk.from_disk = true;
	new->conf = conf_load(&new->disk, m->opt->conf, m->opt->insecure, &sink);
	if (!new->conf)
		return false;
	return texts_safe(new, &said);
}

void files_take(struct monitor *m, struct files_new *new)
{
	conf_free(m->was);
	m->was = m->conf;
	m->conf = new->conf;
	new->conf = NULL;
	source_free(&m->files);
	source_init(&m->files);
	copy_files(&m->files, &new->disk, m->conf);
	files_drop(new);
}

void files_drop(struct files_new *new)
{
	conf_free(new->conf);
	source_free(&new->disk);
}

/* a private key, if its file is one that only we could have written */
static void add_secret(struct source *out, const char *name)
{
	char why[256];
	int fd = safe_open(name, SAFE_SECRET, why, sizeof(why));
	struct blob key = { 0 };
	int err = fd;

	if (fd >= 0) {
		err = fd_read(fd, KEY_FILE_MAX, &key);
		close(fd);
	} else {
		log_error("private key %s", why);
	}
	source_add(out, name, blob_chunk(&key), -err);
	blob_wipe(&key);
}

static void add_secrets(struct source *out, const struct conf *conf)
{
	const struct conf_remote *r;

	TAILQ_FOREACH(r, &conf->remotes, link) {
		if (r->key)
			add_secret(out, r->key);
		if (r->plain_rsa)
			add_secret(out, r->plain_rsa);
	}
}

int files_for(const struct monitor *m, enum proc_role role)
{
	struct source out;
	struct source disk;
	struct blob packed;
	int fd;

	source_init(&out);
	copy_files(&out, &m->files, m->conf);
	facts_add(&out, m->conf);
	if (role == PROC_NET) {
		source_init(&disk);
		disk.from_disk = true;
		cert_collect(&out, &disk, m->conf);
		source_free(&disk);
	} else if (role == PROC_KEYS) {
		facts_add_secrets(&out, m->conf);
		add_secrets(&out, m->conf);
	}
	packed = source_pack(&out);
	source_free(&out);
	fd = memfd_from(blob_chunk(&packed));
	blob_wipe(&packed);
	return fd;
}
