/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parser makes of a text: statements of words, with their places, and
 * the state of one conf_load(). Only the files of conf/ see it; it is gone when
 * the configuration is made.
 */
#ifndef TESTUDOD_CONF_TREE_H
#define TESTUDOD_CONF_TREE_H

#include "conf/conf.h"

/** enum word_kind - how a word was written */
enum word_kind {
	WORD_PLAIN,  /* letters, digits and what else holds together */
	WORD_STRING, /* between quotes, which are not in @text */
	WORD_MARK,   /* one of , ( ) [ ] / */
};

/**
 * struct word - one word of a statement
 * @next: the next one, NULL behind the last
 * @text: as written; of a secret only asterisks, so that no message can have it
 * @secret: of a secret, what was written; else NULL
 * @kind: how it was written
 * @at: where
 * @end: behind it
 */
struct word {
	struct word *next;
	const char *text;
	const char *secret;
	enum word_kind kind;
	struct conf_where at;
	struct conf_where end;
};

/**
 * struct words - a list of them
 * @first: first
 * @last: last
 */
struct words {
	struct word *first;
	struct word *last;
};

/**
 * struct stmt - a statement
 * @next: the next one of its block
 * @words: its words, never none
 * @block: first statement between its braces
 * @has_block: it has braces
 * @open: the closing one is missing
 */
struct stmt {
	struct stmt *next;
	struct words words;
	struct stmt *block;
	bool has_block;
	bool open;
};

/**
 * struct stmts - a list of them
 * @first: first
 * @last: last
 */
struct stmts {
	struct stmt *first;
	struct stmt *last;
};

/**
 * struct conf_file - a text
 * @link: in struct conf_load, in the order of opening
 * @name: what struct conf_where points to
 * @data: its bytes, of the source
 * @from: the text that includes it, NULL for the first one
 * @index: which one it is
 */
struct conf_file {
	TAILQ_ENTRY(conf_file)
	link;
	const char *name;
	struct chunk data;
	const struct conf_file *from;
	unsigned int index;
};

/**
 * struct conf_msg - a message that waits for those of earlier places
 * @link: in struct conf_load, sorted
 * @severity: severity
 * @at: place
 * @index: number of its file
 * @what: what is wrong
 * @hint: what to do, or NULL
 */
struct conf_msg {
	TAILQ_ENTRY(conf_msg)
	link;
	enum conf_severity severity;
	struct conf_where at;
	unsigned int index;
	const char *what;
	const char *hint;
};

struct arena;

/**
 * struct conf_load - one conf_load() at work
 * @src: where texts come from
 * @conf: result
 * @arena: memory of words, statements and messages
 * @files: texts read
 * @msgs: messages so far
 * @errors: errors among them
 * @noticed: the notice about IKE versions was given
 * @unclosed: some block has no end
 * @unopened: some '}' closes none
 * @psk_said: there is a "path pre_shared_key", or what was meant for one
 */
struct conf_load {
	struct source *src;
	struct conf *conf;
	struct arena *arena;
	TAILQ_HEAD(conf_files, conf_file)
	files;
	TAILQ_HEAD(conf_msgs, conf_msg)
	msgs;
	unsigned int errors;
	bool noticed;
	bool unclosed;
	bool unopened;
	bool psk_said;
};

/* ---- arena.c ---- */
void *arena_alloc(struct arena **arena, size_t size);
char *arena_text(struct arena **arena, const char *text, size_t len);
const char *arena_printf(struct arena **arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void arena_free(struct arena **arena);

/* ---- say.c ---- */
#define SAY_ERRORS 100
/* @hint may be NULL; it is not copied */
void say(struct conf_load *l, enum conf_severity severity, const struct conf_where *at,
	 const char *hint, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* there were so many errors that nobody wants more */
bool say_enough(const struct conf_load *l);
void say_all(struct conf_load *l, const struct conf_say *to);

#define say_error(l, at, hint, ...) say(l, CONF_ERROR, at, hint, __VA_ARGS__)
#define say_warn(l, at, hint, ...)  say(l, CONF_WARNING, at, hint, __VA_ARGS__)
#define say_note(l, at, hint, ...)  say(l, CONF_NOTE, at, hint, __VA_ARGS__)

/* ---- hide.c ---- */
void hide_secrets(struct conf_load *l, struct word *w);
char *hide_line(const struct conf *conf, struct chunk text, const struct conf_where *at);

/* ---- gram.y ---- */
void gram_parse(struct conf_load *l, const struct conf_file *file, struct stmts *out);

/* ---- read.c ---- */
struct stmt *read_texts(struct conf_load *l, const char *name);

/* ---- model.c ---- */
struct conf *conf_new(void);
struct conf_remote *conf_remote_new(void);
/* all but name and address, which are the copy's own */
struct conf_remote *conf_remote_copy(const struct conf_remote *from);
void conf_remote_free(struct conf_remote *r);
struct conf_sainfo *conf_sainfo_new(void);
/* places no longer point to what conf_load() frees */
void conf_own_names(struct conf_load *l);

#endif /* TESTUDOD_CONF_TREE_H */
