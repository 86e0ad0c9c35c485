/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages over SOCK_SEQPACKET: a text of any length in numbered parts with a
 * small header each, put together again, and a bounded queue for a receiver
 * that does not keep up. It knows nothing of what the texts say.
 *
 *   | magic "TCTL" | id | kind | flags | part | text ...
 *     4              4    1      1       2
 */
#ifndef TESTUDOD_CTL_FRAME_H
#define TESTUDOD_CTL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/list.h"
#include "ctl/proto.h"

#define FRAME_MAGIC    0x5443544cu /* "TCTL" */
#define FRAME_HEAD     12
#define FRAME_PART     (32 << 10)		      /* bytes of text in a part */
#define FRAME_DATAGRAM (FRAME_HEAD + CTL_REQUEST_MAX) /* no datagram is larger */
#define FRAME_TEXT_MAX (64 << 20)		      /* bytes of a whole text */

/** enum frame_kind - what a datagram carries */
enum frame_kind {
	FRAME_REQUEST = 1, /* ctl to net: a packed request */
	FRAME_ANSWER,	   /* JSON */
	FRAME_EVENT,	   /* JSON, to every subscriber */
};

#define FRAME_LAST 1 /* flag: no part follows */

/**
 * struct frame - one datagram, read
 * @id: whose answer; chosen by who asked
 * @kind: what it carries
 * @last: no part follows
 * @part: its number, from 0
 * @text: the bytes, borrowed
 */
struct frame {
	uint32_t id;
	enum frame_kind kind;
	bool last;
	uint16_t part;
	struct chunk text;
};

bool frame_read(struct chunk datagram, struct frame *f);

/**
 * struct frame_join - a text whose parts are coming
 * @next: number of the part that must come next
 * @text: what came
 */
struct frame_join {
	uint16_t next;
	struct writer text;
};

/* 1: the text is whole; 0: more has to come; -1: it can not be one text */
int frame_join(struct frame_join *j, const struct frame *f);
void frame_join_free(struct frame_join *j);

/**
 * struct frame_item - a datagram that waits
 * @link: in struct frame_queue
 * @bytes: the datagram
 */
struct frame_item {
	TAILQ_ENTRY(frame_item) link;
	struct blob bytes;
};

TAILQ_HEAD(frame_items, frame_item);

/**
 * struct frame_queue - datagrams that wait for a socket
 * @items: in order
 * @bytes: of all of them
 * @limit: most bytes; what would make it longer is not taken
 */
struct frame_queue {
	struct frame_items items;
	size_t bytes;
	size_t limit;
};

void frame_queue_init(struct frame_queue *q, size_t limit);
void frame_queue_free(struct frame_queue *q);
/* one datagram; false, and nothing is taken, when the queue is full */
bool frame_queue_part(struct frame_queue *q, const struct frame *f);
/* the text in as many parts as it takes; all of them or, when the queue is full, none: false */
bool frame_queue_text(struct frame_queue *q, enum frame_kind kind, uint32_t id, struct chunk text);
/* send what the socket takes: 0 all, 1 some is left, else a negative errno */
int frame_queue_send(struct frame_queue *q, int fd);

#endif /* TESTUDOD_CTL_FRAME_H */
