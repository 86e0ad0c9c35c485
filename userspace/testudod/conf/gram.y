/* SPDX-License-Identifier: GPL-2.0 */
/*
 * racoon.conf as statements of words and blocks, and nothing else: what a word
 * means where, check.c knows. The scanner hands over balanced braces, and what
 * lacks a semicolon is a statement all the same, so a slip hides no other one.
 */
%code requires {
#include "conf/tree.h"
}
%code provides {
/**
 * struct scan - the scanner's state
 * @l: load, for messages
 * @file: text
 * @line: line that the scanner is in
 * @column: column in it
 * @depth: blocks that are open
 */
struct scan {
	struct conf_load *l;
	const struct conf_file *file;
	int line;
	int column;
	unsigned int depth;
};

int yylex(YYSTYPE *lval, YYLTYPE *lloc, void *scanner);
}
%code {
#include <string.h>

#include "gram.h"
#include "conf.lex.h"

/* A rule begins where its first part does; an empty one where the last token ended. */
#define YYLLOC_DEFAULT(cur, rhs, n) ((cur) = YYRHSLOC(rhs, (n) ? 1 : 0))

static void yyerror(struct conf_where *at, void *scanner, struct conf_load *l, struct stmts *out,
		    const char *why);

static struct stmt *gram_stmt(struct conf_load *l, struct words words)
{
	struct stmt *s = arena_alloc(&l->arena, sizeof(*s));

	hide_secrets(l, words.first);
	s->words = words;
	return s;
}

static struct stmt *gram_block(struct conf_load *l, struct words words, struct stmts block,
			       bool open)
{
	struct stmt *s = gram_stmt(l, words);

	s->block = block.first;
	s->has_block = true;
	s->open = open;
	l->unclosed |= open;
	return s;
}

static void gram_append(struct stmts *list, struct stmt *s)
{
	if (!s)
		return;
	if (list->last)
		list->last->next = s;
	else
		list->first = s;
	list->last = s;
}

/* the last statement of a block or of the text has no semicolon */
static struct stmts gram_unended(struct conf_load *l, struct stmts list, struct words words)
{
	struct stmt *s = gram_stmt(l, words);

	say_error(l, &words.last->end, NULL, "expected ';' after '%s'", words.last->text);
	gram_append(&list, s);
	return list;
}

/* braces that nothing stands in front of: what is in them is not looked at */
static void gram_nameless(struct conf_load *l, const struct conf_where *at)
{
	say_error(l, at, "a block begins with its name: remote, sainfo, listen, timer, ...",
		  "there is no name in front of this '{'");
}
}

%define api.pure full
%define api.location.type {struct conf_where}
%define parse.error verbose
%expect 0
%locations
%param { void *scanner }
%parse-param { struct conf_load *l } { struct stmts *out }
%initial-action { memset(&@$, 0, sizeof(@$)); }

%union {
	struct word *word;
	struct words words;
	struct stmt *stmt;
	struct stmts stmts;
	bool open;
}

%token YYEOF 0		"the end of the file"
%token <word> WORD	"a word"
%token OPEN		"'{'"
%token CLOSE		"'}'"
%token MISSING		"a missing '}'"
%token END		"';'"

%type <words> words
%type <stmt> statement
%type <stmts> statements block
%type <open> close

%%

text:
	block					{ *out = $1; }
	;

block:
	statements
	| statements words			{ $$ = gram_unended(l, $1, $2); }
	;

statements:
	%empty					{ memset(&$$, 0, sizeof($$)); }
	| statements statement			{ $$ = $1; gram_append(&$$, $2); }
	;

statement:
	END					{ $$ = NULL; }
	| words END				{ $$ = gram_stmt(l, $1); }
	| words OPEN block close		{ $$ = gram_block(l, $1, $3, $4); }
	| OPEN block close			{ $$ = NULL; gram_nameless(l, &@1); }
	| error END				{ $$ = NULL; }
	| error OPEN block close		{ $$ = NULL; }
	;

close:
	CLOSE					{ $$ = false; }
	| MISSING				{ $$ = true; }
	;

words:
	WORD					{ $$.first = $1; $$.last = $1; }
	| words WORD {
		$$ = $1;
		$$.last->next = $2;
		$$.last = $2;
	}
	;

%%

/* Reached only by an exhausted stack: whatever the scanner hands over, there is a rule for. */
static void yyerror(struct conf_where *at, void *scanner, struct conf_load *l, struct stmts *out,
		    const char *why)
{
	(void)scanner;
	(void)out;
	say_error(l, at, NULL, "%s", why);
}

/**
 * gram_parse() - read a text
 * @l: load; errors are told there
 * @file: text
 * @out: its statements, in the load's memory
 */
void gram_parse(struct conf_load *l, const struct conf_file *file, struct stmts *out)
{
	struct scan scan = { .l = l, .file = file, .line = 1, .column = 1 };
	const struct conf_where top = { file->name, 1, 1 };
	struct chunk text = file->data;
	YY_BUFFER_STATE buffer;
	yyscan_t scanner;

	memset(out, 0, sizeof(*out));
	if (yylex_init_extra(&scan, &scanner))
		return;
	if (text.n >= 3 && !memcmp(text.p, "\xef\xbb\xbf", 3)) {
		say_error(l, &top, "save it as plain UTF-8", "the file begins with a byte order mark");
		text = chunk(text.p + 3, text.n - 3);
		scan.column += 3;
	}
	buffer = yy_scan_bytes((const char *)text.p, (int)text.n, scanner);
	yyparse(scanner, l, out);
	yy_delete_buffer(buffer, scanner);
	yylex_destroy(scanner);
}
