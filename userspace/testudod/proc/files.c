// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration's files, and who gets which: all get the same text of the
 * configuration, net the public part of certificates, keys the private keys. A
 * private key is read right before it goes to the keys process and kept nowhere.
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

static void say_why(const struct said *said, const char *file, int at, int column, const char *what)
{
	char line[512];
	size_t used = said->size ? strlen(said->why) : 0;
	int n;

	n = snprintf(line, sizeof(line), "%s%s:%d:%d: %s", used ? "\n" : "", file, at, column, what);
	/* a line that is cut would not be one */
	if (n > 0 && (size_t)n < sizeof(line) && used + (size_t)n < said->size)
		memcpy(said->why + used, line, (size_t)n + 1);
}

static void say(void *arg, enum conf_severity severity, const struct conf_where *where,
		const char *line, const char *what, const char *hint)
{
	struct said *said = arg;
	const char *file = where && where->file ? where->file : "?";
	int at = where ? where->line : 0;
	int column = where ? where->column : 0;
	enum log_level level = severity == CONF_ERROR ? LOG_LEVEL_ERROR : severity == CONF_WARNING ? LOG_LEVEL_WARNING
												   : LOG_LEVEL_NOTICE;

	(void)line;
	log_line(level, "%s:%d:%d: %s%s%s", file, at, column, what, hint ? "; " : "", hint ? hint : "");
	if (severity == CONF_ERROR && said->size)
		say_why(said, file, at, column, what);
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

	TAILQ_FOREACH(f, &from->files, link)
		source_add(out, f->name,
			   is_secret(conf, f->name) ? chunk(NULL, 0) : blob_chunk(&f->data), f->error);
}

/* @disk is the caller's to free, whatever comes of it */
static struct conf *read_files(const struct monitor *m, struct source *disk, char *why,
			       size_t why_size)
{
	struct said said = { .why = why, .size = why_size };
	const struct conf_say sink = { .fn = say, .arg = &said };

	if (why_size)
		why[0] = '\0';
	source_init(disk);
	disk->from_disk = true;
	return conf_load(disk, m->opt->conf, m->opt->insecure, &sink);
}

bool files_check(struct monitor *m, char *why, size_t why_size)
{
	struct source disk;
	struct conf *conf = read_files(m, &disk, why, why_size);
	bool ok = conf;

	conf_free(conf);
	source_free(&disk);
	return ok;
}

bool files_load(struct monitor *m, char *why, size_t why_size)
{
	struct source disk;
	struct conf *conf = read_files(m, &disk, why, why_size);

	if (conf) {
		conf_free(m->conf);
		m->conf = conf;
		source_free(&m->files);
		source_init(&m->files);
		copy_files(&m->files, &disk, conf);
	}
	source_free(&disk);
	return conf != NULL;
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
		add_secrets(&out, m->conf);
	}
	packed = source_pack(&out);
	source_free(&out);
	fd = memfd_from(blob_chunk(&packed));
	blob_wipe(&packed);
	return fd;
}
