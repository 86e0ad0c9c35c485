/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tokens into a list of struct cmd, and nothing else: no action evaluates a
 * word, resolves a name or sends a message. After an error the parser goes on
 * behind the next semicolon, so one run finds all of them.
 */
%code requires {
#include "cmd.h"
}
%code provides {
int yylex(YYSTYPE *lval, YYLTYPE *lloc, void *scanner);
const char *scan_near_verb(const char *word, size_t len);
}
%code {
#include <stdio.h>
#include <string.h>
#include "scan.h"

/* A place that spans its parts; a part that was not written is empty and does not count. */
#define YYLLOC_DEFAULT(cur, rhs, n) do {					\
		if (n) {							\
			(cur).off = YYRHSLOC(rhs, 1).off;			\
			(cur).len = YYRHSLOC(rhs, n).off + YYRHSLOC(rhs, n).len	\
				    - (cur).off;				\
		} else {							\
			(cur).off = YYRHSLOC(rhs, 0).off + YYRHSLOC(rhs, 0).len;	\
			(cur).len = 0;						\
		}								\
	} while (0)

static const struct span none;

static void yyerror(struct span *at, void *scanner, struct source *src, struct cmd_list *list,
		    const char *why);

static struct cmd *gram_cmd(struct source *src, int kind, struct span verb)
{
	struct cmd *cmd = source_alloc(src, sizeof(*cmd));

	cmd->kind = kind;
	cmd->verb = verb;
	return cmd;
}

static struct opt *gram_opt(struct source *src, int kind, struct span name, struct span a,
			    struct span b, struct span c)
{
	struct opt *opt = source_alloc(src, sizeof(*opt));

	opt->kind = kind;
	opt->name = name;
	opt->arg[0] = a;
	opt->arg[1] = b;
	opt->arg[2] = c;
	return opt;
}

static void gram_append(struct cmd_list *list, struct cmd *cmd, struct span at)
{
	cmd->at = at;
	*list->tail = cmd;
	list->tail = &cmd->next;
	list->count++;
}
}

%define api.pure full
%define api.location.type {struct span}
%define parse.error custom
%define parse.lac full
%locations
%initial-action { @$.off = 0; @$.len = 0; }
%param { void *scanner }
%parse-param { struct source *src } { struct cmd_list *list }

%union {
	struct span span;
	struct { struct span at; int kind; } verb;
	struct end end;
	struct { struct span proto, detail; } proto;
	struct cmd *cmd;
	struct { struct opt *first, **tail; } opts;
	struct opt *opt;
	struct policy *policy;
	struct { struct span base, offset; char sign; } prio;
	struct { struct request *first, **tail; } requests;
	struct request *request;
}

%token YYEOF 0		"the end of the text"
%token <verb> SA_VERB	"a command"
%token <verb> SA_ALL_VERB PROTO_VERB SP_VERB SP_ID_VERB PLAIN_VERB
%token <verb> OPTION	"an option"
%token <verb> KEY_OPTION FLAG_OPTION CTX_OPTION
%token <span> WORD	"a word"
%token <span> NUMBER	"a number"
%token <span> HEX	"a hexadecimal number"
%token <span> PAIR	"type,code"
%token <span> STRING	"a quoted string"
%token <span> RESOLVE	"-4, -6 or -n"
%token TAGGED		"tagged"
%token POLICY_OPTION	"-P"
%token PRIO		"prio"
%token <span> PROTO	"esp, ah, ipcomp"
%token ';'		"';'"
%token BAD_VERB BAD_OPTION BAD_BYTE UNTERMINATED

%type <cmd> body
%type <span> resolve port prefix spi value key upper level_opt sub
%type <end> address range
%type <proto> sa_proto upper_spec
%type <opts> options
%type <opt> option context
%type <policy> policy
%type <prio> priority
%type <span> action
%type <requests> requests
%type <request> request
%type <request> ends_opt
%type <end> endpoint

%%

text:
	%empty
	| text command
	;

command:
	body ';' {
		gram_append(list, $1, @$);
		/* what follows is not even looked at */
		if ($1->kind == CMD_EXIT)
			YYACCEPT;
	}
	| ';'
	| error ';'				{ yyerrok; }
	;

body:
	SA_VERB resolve address address sa_proto spi options {
		$$ = gram_cmd(src, $1.kind, @1);
		$$->resolve = $2;
		$$->src = $3;
		$$->dst = $4;
		$$->proto = $5.proto;
		$$->detail = $5.detail;
		$$->spi = $6;
		$$->opts = $7.first;
	}
	| SA_ALL_VERB resolve address address sa_proto {
		$$ = gram_cmd(src, $1.kind, @1);
		$$->resolve = $2;
		$$->src = $3;
		$$->dst = $4;
		$$->proto = $5.proto;
		$$->detail = $5.detail;
	}
	| PROTO_VERB				{ $$ = gram_cmd(src, $1.kind, @1); }
	| PROTO_VERB WORD {
		$$ = gram_cmd(src, $1.kind, @1);
		$$->proto = $2;
	}
	| SP_VERB resolve range range upper_spec context policy {
		$$ = gram_cmd(src, $1.kind, @1);
		$$->resolve = $2;
		$$->src = $3;
		$$->dst = $4;
		$$->proto = $5.proto;
		$$->detail = $5.detail;
		$$->opts = $6;
		$$->policy = $7;
	}
	| SP_VERB TAGGED STRING policy {
		$$ = gram_cmd(src, $1.kind, @1);
		$$->tag = @3;
		$$->policy = $4;
	}
	| SP_ID_VERB NUMBER {
		$$ = gram_cmd(src, $1.kind, @1);
		$$->spi = $2;
	}
	| PLAIN_VERB				{ $$ = gram_cmd(src, $1.kind, @1); }
	;

resolve:
	%empty					{ $$ = none; }
	| resolve RESOLVE {
		$$ = $1.len ? $1 : $2;
		$$.len = $2.off + $2.len - $$.off;
	}
	;

address:
	WORD port				{ $$ = (struct end){ .host = $1, .port = $2 }; }
	;

range:
	WORD prefix port {
		$$ = (struct end){ .host = $1, .prefix = $2, .port = $3 };
	}
	;

prefix:
	%empty					{ $$ = none; }
	| '/' NUMBER				{ $$ = $2; }
	;

port:
	%empty					{ $$ = none; }
	| '[' WORD ']'				{ $$ = $2; }
	| '[' NUMBER ']'			{ $$ = $2; }
	;

sa_proto:
	WORD					{ $$.proto = $1; $$.detail = none; }
	| WORD WORD				{ $$.proto = $1; $$.detail = $2; }
	;

spi:
	NUMBER
	| HEX
	;

options:
	%empty					{ $$.first = NULL; $$.tail = NULL; }
	| options option {
		$$ = $1;
		if ($$.tail)
			*$$.tail = $2;
		else
			$$.first = $2;
		$$.tail = &$2->next;
	}
	;

option:
	OPTION value				{ $$ = gram_opt(src, $1.kind, @1, $2, none, none); }
	| KEY_OPTION WORD key			{ $$ = gram_opt(src, $1.kind, @1, $2, $3, none); }
	| FLAG_OPTION				{ $$ = gram_opt(src, $1.kind, @1, none, none, none); }
	| CTX_OPTION NUMBER NUMBER STRING	{ $$ = gram_opt(src, $1.kind, @1, $2, $3, $4); }
	;

value:
	WORD
	| NUMBER
	;

key:
	%empty					{ $$ = none; }
	| STRING
	| HEX
	;

upper_spec:
	upper					{ $$.proto = $1; $$.detail = none; }
	| upper sub				{ $$.proto = $1; $$.detail = $2; }
	;

upper:
	WORD
	| NUMBER
	;

sub:
	PAIR
	| NUMBER
	| WORD
	;

context:
	%empty					{ $$ = NULL; }
	| CTX_OPTION NUMBER NUMBER STRING	{ $$ = gram_opt(src, $1.kind, @1, $2, $3, $4); }
	;

policy:
	POLICY_OPTION WORD priority action requests {
		$$ = source_alloc(src, sizeof(*$$));
		$$->dir = $2;
		$$->prio = $3.base;
		$$->offset = $3.offset;
		$$->sign = $3.sign;
		$$->action = $4;
		$$->requests = $5.first;
	}
	| POLICY_OPTION WORD {
		$$ = source_alloc(src, sizeof(*$$));
		$$->dir = $2;
	}
	;

priority:
	%empty					{ memset(&$$, 0, sizeof($$)); }
	| PRIO WORD				{ memset(&$$, 0, sizeof($$)); $$.base = $2; }
	| PRIO NUMBER				{ memset(&$$, 0, sizeof($$)); $$.base = $2; }
	| PRIO '-' NUMBER {
		memset(&$$, 0, sizeof($$));
		$$.base = $3;
		$$.sign = '-';
	}
	| PRIO WORD '+' NUMBER			{ $$.base = $2; $$.offset = $4; $$.sign = '+'; }
	| PRIO WORD '-' NUMBER			{ $$.base = $2; $$.offset = $4; $$.sign = '-'; }
	;

action:
	WORD
	;

requests:
	%empty					{ $$.first = NULL; $$.tail = NULL; }
	| requests request {
		$$ = $1;
		if ($$.tail)
			*$$.tail = $2;
		else
			$$.first = $2;
		$$.tail = &$2->next;
	}
	;

request:
	PROTO '/' WORD {
		$$ = source_alloc(src, sizeof(*$$));
		$$->at = @$;
		$$->proto = $1;
		$$->mode = $3;
	}
	| PROTO '/' WORD '/' ends_opt level_opt {
		$$ = $5;
		$$->at = @$;
		$$->proto = $1;
		$$->mode = $3;
		$$->level = $6;
	}
	;

ends_opt:
	%empty					{ $$ = source_alloc(src, sizeof(*$$)); }
	| endpoint '-' endpoint {
		$$ = source_alloc(src, sizeof(*$$));
		$$->src = $1;
		$$->dst = $3;
	}
	;

endpoint:
	WORD					{ $$ = (struct end){ .host = $1 }; }
	| WORD '[' NUMBER ']'			{ $$ = (struct end){ .host = $1, .port = $3 }; }
	| WORD '[' WORD ']'			{ $$ = (struct end){ .host = $1, .port = $3 }; }
	;

level_opt:
	%empty					{ $$ = none; }
	| '/'					{ $$ = none; }
	| '/' WORD				{ $$ = $2; }
	;

%%

/* Verbs and options come in several tokens; one word for all of a kind is enough. */
static const char *gram_token_name(yysymbol_kind_t kind)
{
	switch (kind) {
	case YYSYMBOL_SA_VERB:
	case YYSYMBOL_SA_ALL_VERB:
	case YYSYMBOL_PROTO_VERB:
	case YYSYMBOL_SP_VERB:
	case YYSYMBOL_SP_ID_VERB:
	case YYSYMBOL_PLAIN_VERB:
		return "a command";
	case YYSYMBOL_OPTION:
	case YYSYMBOL_KEY_OPTION:
	case YYSYMBOL_FLAG_OPTION:
		return "an option";
	case YYSYMBOL_CTX_OPTION:
		return "-ctx";
	default:
		return yysymbol_name(kind);
	}
}

/* "a word, a number or ';'", each once */
static void gram_expected(const yypcontext_t *ctx, char *buf, size_t size)
{
	yysymbol_kind_t kinds[YYNTOKENS];
	const char *names[YYNTOKENS];
	int n = yypcontext_expected_tokens(ctx, kinds, YYNTOKENS);
	int i, j, count = 0;
	size_t len = 0;

	for (i = 0; i < n; i++) {
		names[count] = gram_token_name(kinds[i]);
		for (j = 0; j < count && strcmp(names[j], names[count]); j++)
			;
		count += j == count;
	}
	*buf = '\0';
	for (i = 0; i < count && len < size; i++)
		len += snprintf(buf + len, size - len, "%s%s",
				i == 0 ? "" : i == count - 1 ? " or " : ", ", names[i]);
}

/* The last byte of the text that is not blank. */
static struct span gram_last(const struct source *src)
{
	struct span at = { .off = src->len, .len = 1 };

	while (at.off && strchr(" \t\r\n", src->text[--at.off]))
		;
	return at;
}

static void gram_no_command(struct source *src, struct span at)
{
	const char *near = scan_near_verb(src->text + at.off, at.len);

	if (near)
		source_error(src, at, "'%.*s' is no command; expected %s?", SPAN_ARG(src, at), near);
	else
		source_error(src, at, "'%.*s' is no command; expected add, update, get, getspi, delete, deleteall, flush, dump or exit, or spd with add, update, delete, get, flush or dump",
			     at.len > 60 ? 60 : (int)at.len, src->text + at.off);
}

static int yyreport_syntax_error(const yypcontext_t *ctx, void *scanner, struct source *src,
				 struct cmd_list *list)
{
	yysymbol_kind_t got = yypcontext_token(ctx);
	struct span at = *yypcontext_location(ctx);
	char expected[512];

	(void)scanner;
	(void)list;
	gram_expected(ctx, expected, sizeof(expected));
	if (got == YYSYMBOL_YYEOF)
		source_error(src, gram_last(src), "the text ends here; expected %s", expected);
	else if (got == YYSYMBOL_UNTERMINATED)
		source_error(src, at, "the string has no closing quote on its line");
	else if (got == YYSYMBOL_BAD_VERB)
		gram_no_command(src, at);
	else if (got == YYSYMBOL_BAD_OPTION)
		source_error(src, at, "unknown option '%.*s'; expected %s", SPAN_ARG(src, at),
			     expected);
	else if (got == YYSYMBOL_BAD_BYTE && (unsigned char)src->text[at.off] - 0x20u >= 0x5f)
		source_error(src, at, "unexpected byte 0x%02x; expected %s",
			     (unsigned char)src->text[at.off], expected);
	else
		source_error(src, at, "unexpected '%.*s'; expected %s",
			     at.len > 60 ? 60 : (int)at.len, src->text + at.off, expected);
	return 0;
}

/* Reached for an exhausted parser stack only: syntax errors are reported above. */
static void yyerror(struct span *at, void *scanner, struct source *src, struct cmd_list *list,
		    const char *why)
{
	(void)scanner;
	(void)list;
	source_error(src, *at, "%s", why);
}

/**
 * cmd_parse() - read a text into a list
 * @src: text; its errors are counted there
 * @list: result; the commands live as long as @src
 *
 * A command with a syntax error is not in the list, the ones around it are.
 */
void cmd_parse(struct source *src, struct cmd_list *list)
{
	yyscan_t scanner;

	list->first = NULL;
	list->tail = &list->first;
	list->count = 0;
	if (yylex_init_extra(src, &scanner)) {
		source_error(src, none, "out of memory");
		return;
	}
	yyparse(scanner, src, list);
	yylex_destroy(scanner);
}
