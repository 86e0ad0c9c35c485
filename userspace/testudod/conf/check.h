/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From statements to struct conf: which words a block knows, and the reading of
 * their values. Only the files of conf/ see it.
 */
#ifndef TESTUDOD_CONF_CHECK_H
#define TESTUDOD_CONF_CHECK_H

#include "near.h"
#include "conf/tree.h"

struct rule;

/* behind the line to write instead of something insecure */
#define OR_ACCEPT ", or accept the risk with 'testudo { insecure ok; }' in this block or --allow-insecure"

/**
 * struct cursor - a statement on the way of being read
 * @l: load
 * @s: statement
 * @w: next word, NULL behind the last
 * @last: word before it
 * @rule: which of the block's statements it is; NULL of "include" when files are read
 */
struct cursor {
	struct conf_load *l;
	const struct stmt *s;
	const struct word *w;
	const struct word *last;
	const struct rule *rule;
};

/**
 * struct choice - a word and its value; those of a table end in NULL
 * @word: word
 * @value: value
 */
struct choice {
	const char *word;
	int value;
};

/** enum rule_class - what becomes of a statement */
enum rule_class {
	RULE_USE,    /* read */
	RULE_BLOCK,  /* read, with a block */
	RULE_EITHER, /* read, with or without a block */
	RULE_IGNORE, /* accepted; a note says that it does nothing */
	RULE_REFUSE, /* refused with its reason */
};

/**
 * struct rule - one statement that a block may have; those of a table end in NULL
 * @name: its first word
 * @class: what becomes of it
 * @fn: reads what comes behind the first word; false if it was told as wrong
 * @many: it may be said again in the same block, and adds to what was said
 * @offset: for @fn: the member of the target that it sets
 * @choices: for @fn: words that it takes
 * @why: of ignored and refused ones, the reason
 * @instead: of refused ones, what to do instead; NULL: nothing
 */
struct rule {
	const char *name;
	enum rule_class class;
	bool (*fn)(struct cursor *c, void *target);
	bool many;
	size_t offset;
	const struct choice *choices;
	const char *why;
	const char *instead;
};

/**
 * struct context - a kind of block
 * @name: for messages: "remote"
 * @rules: what it may hold
 */
struct context {
	const char *name;
	const struct rule *rules;
};

extern const struct context in_top;
extern const struct context in_privsep;
extern const struct context in_listen;
extern const struct context in_timer;
extern const struct context in_remote;
extern const struct context in_remote_own;
extern const struct context in_proposal;
extern const struct context in_sainfo;
extern const struct context in_sainfo_own;

/* words of a remote, which print.c writes as they are read */
extern const struct choice choice_force[];
extern const struct choice choice_generate[];
extern const struct choice choice_check[];

/* ---- check.c ---- */
/* all statements of a block */
void check_block(struct conf_load *l, const struct context *in, struct stmt *first, void *target);
/* cut a statement in two where its semicolon is missing */
void check_split(struct conf_load *l, const struct context *in, struct stmts *list,
		 struct stmt *s);

/* ---- value.c: each tells what is wrong, and then gives false or NULL ---- */
bool word_is(const struct word *w, const char *text);
bool word_is_number(const struct word *w);
const char *did_you_mean(struct conf_load *l, const struct near *near);
/* the next word is that one: step over it */
bool cur_skip(struct cursor *c, const char *text);
const struct word *cur_word(struct cursor *c, const char *what);
const char *cur_string(struct cursor *c, const char *what);
bool cur_number(struct cursor *c, const char *what, uint64_t min, uint64_t max, uint64_t *v);
bool cur_uint(struct cursor *c, const char *what, unsigned int min, unsigned int max,
	      unsigned int *v);
bool cur_choice(struct cursor *c, const char *what, const struct choice *table, int *v);
/* the word of a value, NULL if it has none */
const char *choice_word(const struct choice *table, int value);
bool cur_switch(struct cursor *c, bool *v);
bool cur_time(struct cursor *c, uint32_t *seconds);
/* behind "lifetime": "time" or "byte", and how much of it; the other one keeps its value */
bool cur_lifetime(struct cursor *c, uint32_t *seconds, uint64_t *kb);
/* "[500]" or nothing; @port keeps its value then */
bool cur_port(struct cursor *c, uint16_t *port);
/* the same, where no number can follow that is none */
bool cur_ike_port(struct cursor *c, uint16_t *port);
/* an address alone, and one with a port or without */
bool cur_host(struct cursor *c, struct sockaddr_storage *sa);
bool cur_addr(struct cursor *c, struct sockaddr_storage *sa);
/* nothing may follow */
bool cur_end(struct cursor *c);
void set_text(char **where, const char *text);
/* name joined to a folder of racoon's "path" */
char *path_join(const char *dir, const char *name);

/* ---- value_alg.c ---- */
/* the next word as an algorithm; @insecure: what is broken is allowed in this block */
const struct alg *cur_alg(struct cursor *c, enum alg_kind kind, bool insecure, bool ipsec);
bool cur_encr(struct cursor *c, bool insecure, bool ipsec, struct alg_key *key);
bool cur_auth(struct cursor *c, enum ike_auth *auth);
const char *auth_name(enum ike_auth auth);

/* ---- value_id.c ---- */
bool cur_id(struct cursor *c, struct conf_id *id);
/* address, subnet or name of a sainfo */
bool cur_selector(struct cursor *c, struct ts *ts, struct id *name);

/* ---- remote ---- */

/**
 * struct draft - a proposal of the block at hand, with the places of its words
 * @next: the next one
 * @p: proposal, in the remote
 * @encr: word that named the cipher, or NULL
 * @hash: the hash
 * @dh: the group
 * @auth: the authentication method
 */
struct draft {
	struct draft *next;
	struct conf_proposal *p;
	const struct word *encr;
	const struct word *hash;
	const struct word *dh;
	const struct word *auth;
};

/**
 * struct remote_load - a remote block on the way of being read
 * @l: load
 * @r: result
 * @s: statement
 * @own_ids: it has a peers_identifier of its own
 * @own_proposals: it has a proposal of its own
 * @cert_said: it has a certificate_type, right or wrong
 * @version_wrong: it says a version of IKE that there is not
 * @dpd_off: "dpd off"
 * @dh: group of all proposals that name none, or NULL
 * @aggressive: word that allowed that mode, or NULL
 * @verify_cert: word that turned it on or off, or NULL
 * @start: word that wants it to begin at once, or NULL
 * @drafts: proposals of this block, the last one first
 */
struct remote_load {
	struct conf_load *l;
	struct conf_remote *r;
	const struct stmt *s;
	bool own_ids;
	bool own_proposals;
	bool cert_said;
	bool version_wrong;
	bool dpd_off;
	const struct alg *dh;
	const struct word *aggressive;
	const struct word *verify_cert;
	const struct word *start;
	struct draft *drafts;
};

/* check_remote.c */
bool check_remote(struct cursor *c, void *target);
/* an address or a host's name with or without a port, into the remote */
bool remote_peer(struct cursor *c, struct conf_remote *r);
/* check_proposal.c */
bool remote_proposal(struct cursor *c, void *target);
/* of an IKE SA: kilobytes are told to be of no use */
bool remote_lifetime(struct cursor *c, uint32_t *seconds);
void check_proposals(struct remote_load *rl);
bool remote_uses(const struct conf_remote *r, enum ike_auth auth);

/* ---- check_sainfo.c ---- */
bool check_sainfo(struct cursor *c, void *target);

/* does a block say "testudo { insecure ok; }", or the command line for it? */
bool check_insecure(const struct conf_load *l, const struct stmt *block);
/* the statement that says so */
bool check_consent(struct cursor *c, void *target);

#endif /* TESTUDOD_CONF_CHECK_H */
