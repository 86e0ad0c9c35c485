// SPDX-License-Identifier: GPL-2.0
/*
 * The files of a configuration: read once from disk, or found among those that
 * came from another process. It knows no syntax, and hands the same bytes to
 * whoever asks again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/source.h"

/* A configuration or a certificate that is larger is none. */
#define SOURCE_FILE_MAX	 (1u << 20)
#define SOURCE_FILES_MAX 4096
#define SOURCE_MAGIC	 0x74736632 /* "tsf2" */

void source_init(struct source *s)
{
	TAILQ_INIT(&s->files);
	s->from_disk = false;
}

static void source_drop(struct source *s, struct source_file *f)
{
	TAILQ_REMOVE(&s->files, f, link);
	/* a key may have been among them */
	blob_wipe(&f->data);
	free(f->name);
	free(f);
}

void source_free(struct source *s)
{
	struct source_file *f;

	while ((f = TAILQ_FIRST(&s->files)))
		source_drop(s, f);
}

static struct source_file *source_find(const struct source *s, const char *name)
{
	struct source_file *f;

	TAILQ_FOREACH(f, &s->files, link)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

static struct source_file *source_new(struct source *s, const char *name, struct chunk data,
				      int error)
{
	struct source_file *f = xcalloc(1, sizeof(*f));

	f->name = xstrdup(name);
	f->error = error;
	f->data.p = xcalloc(data.n + 1, 1);
	f->data.n = data.n;
	if (data.n)
		memcpy(f->data.p, data.p, data.n);
	TAILQ_INSERT_TAIL(&s->files, f, link);
	return f;
}

/* all bytes up to the end; not every file has a size that can be asked for */
static int source_read_fd(int fd, struct writer *w)
{
	uint8_t buf[4096];
	ssize_t n;

	do {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0)
			put_bytes(w, chunk(buf, n));
		if (w->n > SOURCE_FILE_MAX)
			return EFBIG;
	} while (n);
	return 0;
}

static int source_read(const char *name, struct writer *w)
{
	struct stat st;
	int error;
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return errno;
	if (fstat(fd, &st))
		error = errno;
	else if (S_ISDIR(st.st_mode))
		error = EISDIR;
	else
		error = source_read_fd(fd, w);
	close(fd);
	return error;
}

bool source_has(const struct source *s, const char *name)
{
	return source_find(s, name) != NULL;
}

const struct source_file *source_open(struct source *s, const char *name)
{
	struct writer w = { .secret = true };
	struct source_file *f = source_find(s, name);
	int error = ENOENT;

	if (f)
		return f;
	if (s->from_disk)
		error = source_read(name, &w);
	f = source_new(s, name, error ? chunk(NULL, 0) : writer_chunk(&w), error);
	writer_free(&w);
	return f;
}

static int source_by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* a regular file, or a link to one, whose name can stand in a list */
static bool source_is_file(DIR *d, const struct dirent *e)
{
	struct stat st;

	return e->d_name[0] != '.' && !strchr(e->d_name, '\n') &&
	       !fstatat(dirfd(d), e->d_name, &st, 0) && S_ISREG(st.st_mode);
}

static int source_read_dir(const char *dir, struct writer *w)
{
	char **names = NULL;
	struct dirent *e;
	size_t i, n = 0;
	DIR *d = opendir(dir);

	if (!d)
		return errno;
	while (n < SOURCE_FILES_MAX && (e = readdir(d))) {
		if (!source_is_file(d, e))
			continue;
		names = xrealloc(names, (n + 1) * sizeof(*names));
		names[n++] = xstrdup(e->d_name);
	}
	closedir(d);
	if (n)
		qsort(names, n, sizeof(*names), source_by_name);
	for (i = 0; i < n; i++) {
		put_bytes(w, chunk_str(names[i]));
		put_u8(w, '\n');
		free(names[i]);
	}
	free(names);
	return 0;
}

const struct source_file *source_list(struct source *s, const char *dir)
{
	size_t n = strlen(dir);
	char *name = xasprintf("%s%s", n ? dir : ".", n && dir[n - 1] == '/' ? "" : "/");
	struct source_file *f = source_find(s, name);
	struct writer w = { 0 };
	int error = ENOENT;

	if (!f) {
		if (s->from_disk)
			error = source_read_dir(name, &w);
		f = source_new(s, name, writer_chunk(&w), error);
		writer_free(&w);
	}
	free(name);
	return f;
}

void source_add(struct source *s, const char *name, struct chunk data, int error)
{
	struct source_file *f = source_find(s, name);

	if (f)
		source_drop(s, f);
	source_new(s, name, data, error);
}

/*
 * Packed: a magic number, the number of files, and of each: error, length of
 * the name, length of the data, name, data; all numbers 32 bits, big-endian.
 */
struct blob source_pack(const struct source *s)
{
	struct writer w = { .secret = true };
	const struct source_file *f;
	uint32_t n = 0;

	put_be32(&w, SOURCE_MAGIC);
	put_be32(&w, 0);
	TAILQ_FOREACH(f, &s->files, link) {
		put_be32(&w, f->error);
		put_be32(&w, strlen(f->name));
		put_be32(&w, f->data.n);
		put_bytes(&w, chunk_str(f->name));
		put_bytes(&w, blob_chunk(&f->data));
		n++;
	}
	patch_be32(&w, 4, n);
	return writer_blob(&w);
}

static bool source_unpack_file(struct source *s, struct reader *r)
{
	uint32_t error = get_be32(r);
	uint32_t name_len = get_be32(r);
	uint32_t len = get_be32(r);
	struct chunk name = get_bytes(r, name_len);
	struct chunk data = get_bytes(r, len);
	char *text;

	if (r->failed || !name.n || memchr(name.p, 0, name.n) || error > INT32_MAX)
		return false;
	text = xstrndup((const char *)name.p, name.n);
	source_add(s, text, data, error);
	free(text);
	return true;
}

bool source_unpack(struct source *s, struct chunk packed)
{
	struct reader r = reader(packed);
	uint32_t i, n;

	if (get_be32(&r) != SOURCE_MAGIC)
		return false;
	n = get_be32(&r);
	for (i = 0; i < n; i++)
		if (!source_unpack_file(s, &r))
			return false;
	return !r.failed && !r.n;
}
