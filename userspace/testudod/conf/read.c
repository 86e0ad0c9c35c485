// SPDX-License-Identifier: GPL-2.0
/*
 * Texts into one list of statements: the file itself and, at their places, those
 * that it includes. Names are racoon's: relative to "path include", wherever in
 * the file that stands.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"

#define READ_DEPTH 10	/* files that include each other, as in racoon */
#define READ_FILES 1000 /* texts of one configuration */

static struct stmts read_file(struct conf_load *l, const char *name, const struct conf_file *from,
			      const struct conf_where *at, const char *dir);

static void stmts_join(struct stmts *list, struct stmts more)
{
	if (list->last)
		list->last->next = more.first;
	else
		list->first = more.first;
	if (more.last)
		list->last = more.last;
}

static struct conf_file *read_new(struct conf_load *l, const char *name,
				  const struct conf_file *from)
{
	const struct conf_file *last = TAILQ_LAST(&l->files, conf_files);
	struct conf_file *f = arena_alloc(&l->arena, sizeof(*f));

	f->name = arena_text(&l->arena, name, strlen(name));
	f->from = from;
	f->index = last ? last->index + 1 : 0;
	TAILQ_INSERT_TAIL(&l->files, f, link);
	return f;
}

/* may a file include that one? */
static bool read_allowed(struct conf_load *l, const char *name, const struct conf_file *from,
			 const struct conf_where *at)
{
	const struct conf_file *last = TAILQ_LAST(&l->files, conf_files);
	const struct conf_file *f;
	unsigned int depth = 0;

	for (f = from; f; f = f->from) {
		if (!strcmp(f->name, name)) {
			say_error(l, at, "take this line away", "'%s' includes itself%s", name,
				  f == from ? "" : " by way of others");
			return false;
		}
		depth++;
	}
	if (depth > READ_DEPTH)
		say_error(l, at, NULL, "files include each other more than %d deep", READ_DEPTH);
	else if (last->index + 1 >= READ_FILES)
		say_error(l, at, NULL, "this makes more than %d files", READ_FILES);
	else
		return true;
	return false;
}

/* "path include" that goes for the include at @s: the one before it, else the one behind */
static const char *read_dir(const struct stmt *first, const struct stmt *s, const char *dir)
{
	const struct stmt *p;
	const char *found = NULL;
	bool behind = false;

	for (p = first; p; p = p->next) {
		const struct word *w = p->words.first;

		behind |= p == s;
		if (behind && found)
			break;
		if (word_is(w, "path") && w->next && word_is(w->next, "include") &&
		    w->next->next && w->next->next->kind == WORD_STRING)
			found = w->next->next->text;
	}
	return found ? found : dir;
}

/* without "path include": beside the file that includes */
static char *read_path(const struct conf_file *from, const char *dir, const char *name)
{
	const char *slash = strrchr(from->name, '/');
	char *folder, *path;

	if (dir || !slash || *name == '/')
		return path_join(dir, name);
	folder = xstrndup(from->name, slash == from->name ? 1 : (size_t)(slash - from->name));
	path = path_join(folder, name);
	free(folder);
	return path;
}

/* all files of a folder whose names fit */
static struct stmts read_matching(struct conf_load *l, const char *path,
				  const struct conf_file *from, const struct conf_where *at,
				  const char *dir)
{
	struct stmts out = { 0 };
	const char *slash = strrchr(path, '/');
	const char *pattern = slash ? slash + 1 : path;
	char *folder = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup("./");
	const struct source_file *list;
	char *names, *name, *rest;
	unsigned int n = 0;

	if (strpbrk(folder, "*?[")) {
		say_error(l, at, NULL, "a pattern may stand in the last part of '%s' only", path);
		free(folder);
		return out;
	}
	list = source_list(l->src, folder);
	names = xstrdup((const char *)list->data.p);
	for (name = strtok_r(names, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
		char *full;

		if (fnmatch(pattern, name, FNM_PERIOD))
			continue;
		full = xasprintf("%s%s", slash ? folder : "", name);
		if (read_allowed(l, full, from, at))
			stmts_join(&out, read_file(l, full, from, at, dir));
		free(full);
		n++;
	}
	if (list->error && list->error != ENOENT)
		say_error(l, at, NULL, "cannot read the folder '%s': %s", folder,
			  strerror(list->error));
	else if (!n)
		say_note(l, at, NULL, "no file is called '%s': nothing is included", path);
	free(names);
	free(folder);
	return out;
}

/* what is included becomes the statement's block */
static void read_include(struct conf_load *l, struct stmt *s, const struct conf_file *from,
			 const char *dir)
{
	struct cursor c = { .l = l, .s = s, .w = s->words.first->next, .last = s->words.first };
	const struct word *w = c.w;
	const char *name = cur_string(&c, "the name of a file");
	char *path;

	if (!name || !cur_end(&c))
		return;
	path = read_path(from, dir, name);
	if (strpbrk(name, "*?["))
		s->block = read_matching(l, path, from, &w->at, dir).first;
	else if (read_allowed(l, path, from, &w->at))
		s->block = read_file(l, path, from, &w->at, dir).first;
	free(path);
}

static struct stmts read_file(struct conf_load *l, const char *name, const struct conf_file *from,
			      const struct conf_where *at, const char *dir)
{
	const struct source_file *src = source_open(l->src, name);
	struct conf_file *f = read_new(l, name, from);
	const struct conf_where top = { f->name, 1, 1 };
	struct stmts stmts = { 0 };
	struct stmt *s;

	if (src->error) {
		say_error(l, at ? at : &top, NULL, "cannot read '%s': %s", name,
			  strerror(src->error));
		return stmts;
	}
	f->data = blob_chunk(&src->data);
	gram_parse(l, f, &stmts);
	for (s = stmts.first; s && !say_enough(l); s = s->next)
		check_split(l, &in_top, &stmts, s);
	for (s = stmts.first; s && !say_enough(l); s = s->next)
		if (word_is(s->words.first, "include") && !s->has_block)
			read_include(l, s, f, read_dir(stmts.first, s, dir));
	return stmts;
}

/**
 * read_texts() - read a configuration and what it includes
 * @l: load; errors are told there
 * @name: its file
 *
 * Return: its statements; those of an included file are the block of "include".
 */
struct stmt *read_texts(struct conf_load *l, const char *name)
{
	return read_file(l, name, NULL, NULL, NULL).first;
}
