/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages between our own processes: type, number, bytes and at most one
 * descriptor, over a SOCK_SEQPACKET pair. Both sides check what they get; a
 * message that is not in order ends the connection, and so the process.
 */
#ifndef TESTUDOD_PROC_IMSG_H
#define TESTUDOD_PROC_IMSG_H

#include <stdbool.h>

#include "base/bytes.h"

struct event;
struct event_base;

#define IMSG_MAX (128 << 10) /* bytes of a body; more goes as a sealed memfd */

/** enum imsg_type - what a message says; who sends it to whom, and its body */
enum imsg_type {
	/* monitor to a child */
	IMSG_SOURCE = 1, /* memfd: packed configuration */
	IMSG_PEER,	 /* role; socket to that process */
	IMSG_SOCKET,	 /* tag, address; socket */
	IMSG_RUN,	 /* all of the above were sent */
	IMSG_STOP,	 /* end in order */
	IMSG_LEAVE,	 /* the same, and SAs stay in the kernel */
	IMSG_USR1,
	IMSG_RELOADED, /* 1 or 0, text */
	IMSG_PSK_FILE, /* error, text; psk.txt */
	/* a child to the monitor */
	IMSG_READY,  /* it has locked itself in */
	IMSG_RELOAD, /* 1: only check the files, 0: take them */
	IMSG_SCRIPT, /* script, remote's name, environment */
	IMSG_PSK_OPEN,
	/* net to keys, and back */
	IMSG_PSK,
	IMSG_SIGN,
	IMSG_ANSWER,
	IMSG_TYPES,
};

/**
 * struct imsg - a message that came
 * @type: IMSG_*
 * @id: number; an answer has that of its question
 * @body: bytes
 * @fd: descriptor, -1 if there is none; whoever wants it sets this to -1
 */
struct imsg {
	uint32_t type;
	uint32_t id;
	struct blob body;
	int fd;
};

int imsg_pair(int fd[2]);
/* 0 or a negative errno; waits five seconds for room (the other side may just have been started); @fd stays the caller's, -1: none */
int imsg_send(int sock, uint32_t type, uint32_t id, struct chunk body, int fd);
/* 1: there is one; 0: the other side is gone; -EAGAIN: none within @ms; else a negative errno */
int imsg_recv(int sock, struct imsg *m, int ms);
/* wipes the body, closes @fd */
void imsg_free(struct imsg *m);

/**
 * struct imsg_call - a question and its answer
 * @type: question
 * @id: its number
 * @body: question
 * @answer: type of the answer; others go to @other, those with another number are dropped
 * @ms: how long to wait
 * @other: NULL: they are dropped
 * @arg: handed to @other
 */
struct imsg_call {
	uint32_t type;
	uint32_t id;
	struct chunk body;
	uint32_t answer;
	int ms;
	void (*other)(void *arg, struct imsg *m);
	void *arg;
};

/* as imsg_recv(); -ETIMEDOUT if there was no answer in time */
int imsg_call(int sock, const struct imsg_call *call, struct imsg *reply);

/**
 * struct imsg_channel - a socket in the event loop
 * @fd: socket
 * @ev: its event
 * @fn: a message; freed afterwards
 * @gone: the other side is gone or talks nonsense (@error: negative errno or 0); the channel
 *	is closed by then
 * @arg: handed to both
 */
struct imsg_channel {
	int fd;
	struct event *ev;
	void (*fn)(void *arg, struct imsg *m);
	void (*gone)(void *arg, int error);
	void *arg;
};

/* takes @fd; -1 leaves a closed channel. False: libevent refused */
bool imsg_channel_open(struct imsg_channel *ch, struct event_base *base, int fd);
void imsg_channel_close(struct imsg_channel *ch);

#endif /* TESTUDOD_PROC_IMSG_H */
