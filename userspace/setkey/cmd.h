/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parser hands on: a list of commands that still points into the
 * source text. Nothing here is evaluated: a word is where it stands, so every
 * later complaint can show it.
 */
#ifndef SETKEY_CMD_H
#define SETKEY_CMD_H

#include <stdint.h>

#include "source.h"

/** enum cmd_kind - the verbs */
enum cmd_kind {
	CMD_ADD,
	CMD_UPDATE,
	CMD_GETSPI,
	CMD_GET,
	CMD_DELETE,
	CMD_DELETEALL,
	CMD_FLUSH,
	CMD_DUMP,
	CMD_SPDADD,
	CMD_SPDUPDATE,
	CMD_SPDDELETE,
	CMD_SPDGET,
	CMD_SPDFLUSH,
	CMD_SPDDUMP,
	CMD_EXIT,
};

/** enum opt_kind - options of the SA commands */
enum opt_kind {
	OPT_MODE,
	OPT_WINDOW,
	OPT_REQID,
	OPT_FLAG,
	OPT_TIME_HARD,
	OPT_TIME_SOFT,
	OPT_BYTES_HARD,
	OPT_BYTES_SOFT,
	OPT_PACKETS_HARD,
	OPT_PACKETS_SOFT,
	OPT_SEQ,
	OPT_CTX,
	OPT_ENC,
	OPT_AUTH,
	OPT_COMP,
	OPT_RAWCPI,
};

/**
 * struct end - an address as written
 * @host: address or name; in a policy request also "me" or "any"
 * @prefix: digits after the slash, empty without
 * @port: between the brackets, empty without
 */
struct end {
	struct span host;
	struct span prefix;
	struct span port;
};

/**
 * struct opt - one option as written
 * @next: next of the command
 * @kind: which
 * @name: the option itself
 * @arg: its arguments; absent ones are empty
 */
struct opt {
	struct opt *next;
	enum opt_kind kind;
	struct span name;
	struct span arg[3];
};

/**
 * struct request - proto/mode/src-dst/level as written
 * @next: next of the policy
 * @at: all of it
 * @proto: word
 * @mode: word
 * @src: empty host without addresses
 * @dst: likewise
 * @level: empty without
 */
struct request {
	struct request *next;
	struct span at;
	struct span proto;
	struct span mode;
	struct end src;
	struct end dst;
	struct span level;
};

/**
 * struct policy - what follows -P, as written
 * @dir: word
 * @prio: what follows "prio", base or number; empty without
 * @offset: number after the sign, empty without
 * @sign: '+' or '-' before @offset, or '-' before a number in @prio; else 0
 * @action: word; empty where only the direction was given
 * @requests: list
 */
struct policy {
	struct span dir;
	struct span prio;
	struct span offset;
	char sign;
	struct span action;
	struct request *requests;
};

/**
 * struct cmd - one command as written
 * @next: next of the file
 * @kind: verb
 * @at: from the verb to the semicolon
 * @verb: the verb
 * @resolve: -4, -6 and -n, from the first to the last; empty without
 * @src: source, or source range
 * @dst: destination, or destination range
 * @proto: protocol of an SA, upper protocol of a policy
 * @detail: ICMP type and code, GRE key, or the original address of esp-udp
 * @spi: SPI, or the number of a policy
 * @tag: name of a PF tag, empty without
 * @opts: options, in order
 * @policy: what follows -P
 */
struct cmd {
	struct cmd *next;
	enum cmd_kind kind;
	struct span at;
	struct span verb;
	struct span resolve;
	struct end src;
	struct end dst;
	struct span proto;
	struct span detail;
	struct span spi;
	struct span tag;
	struct opt *opts;
	struct policy *policy;
};

/**
 * struct cmd_list - the commands of a text, in order
 * @first: head
 * @tail: where the next is hung
 * @count: how many
 */
struct cmd_list {
	struct cmd *first;
	struct cmd **tail;
	unsigned long count;
};

void cmd_parse(struct source *src, struct cmd_list *list);

#endif /* SETKEY_CMD_H */
