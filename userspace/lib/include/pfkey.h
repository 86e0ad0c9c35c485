/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libpfkey: building, reading, exchanging and printing PF_KEY v2 messages. It
 * knows the wire format of RFC 2367 with Linux's additions and ours; it knows
 * no command language, opens no file and keeps no state beyond a socket.
 */
#ifndef TESTUDO_PFKEY_H
#define TESTUDO_PFKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <linux/pfkeyv2.h>
#include <linux/ipsec.h>
#include <linux/pfkey_ext.h>
#include <linux/testudo_pfkey.h>

/* sadb_msg_len counts 8-byte words in 16 bits: no message is longer. */
#define PFKEY_MSG_MAX		(65535 * 8)
/* No message that we send is longer; a security context takes most of it. */
#define PFKEY_SEND_MAX		8192
/* sadb_sa_flags of KAME, which setkey sends and every kernel may ignore. */
#define PFKEY_SAFLAG_CYCSEQ	0x00000040
#define PFKEY_SAFLAG_RAWCPI	0x00000080
#define PFKEY_SAFLAG_PRAND	0x00000100
#define PFKEY_SAFLAG_PZERO	0x00000200

/* ---- words.c: words and numbers, remembered ---- */

#define PFKEY_WORD_MAX		64	/* bytes of a word with its end */
#define PFKEY_WORDS_HASH	64

/**
 * struct pfkey_words - answers so far, to one kind of question
 * @bucket: chains by hash
 */
struct pfkey_words {
	struct pfkey_word *bucket[PFKEY_WORDS_HASH];
};

int pfkey_word_number(struct pfkey_words *words, const char *s, size_t len,
		      int (*ask)(const char *word));

/* ---- names.c: identifiers and their names ---- */

/** enum pfkey_alg_kind - the three number spaces of algorithms */
enum pfkey_alg_kind {
	PFKEY_ALG_AUTH,
	PFKEY_ALG_ENC,
	PFKEY_ALG_COMP,
};

/* struct pfkey_alg @flags */
#define PFKEY_ALG_AEAD	1	/* authenticates too: takes no -A */
#define PFKEY_ALG_ALIAS	2	/* a second name of its id: read, never printed */
#define PFKEY_ALG_GONE	4	/* ipsec-tools reads it, no Linux kernel ever had it */

/**
 * struct pfkey_alg - one name of one algorithm
 * @name: as setkey(8) spells it
 * @kind: number space of @id
 * @id: PF_KEY identifier
 * @minbits: shortest key, salt or nonce included
 * @maxbits: longest key
 * @step: key lengths lie this many bits apart, counted from @minbits; 0 if
 *	there is one length only
 * @flags: PFKEY_ALG_*
 */
struct pfkey_alg {
	const char *name;
	enum pfkey_alg_kind kind;
	uint8_t id;
	uint16_t minbits;
	uint16_t maxbits;
	uint16_t step;
	uint8_t flags;
};

const struct pfkey_alg *pfkey_alg_by_name(enum pfkey_alg_kind kind, const char *name, size_t len);
const struct pfkey_alg *pfkey_alg_by_id(enum pfkey_alg_kind kind, unsigned int id);
const struct pfkey_alg *pfkey_alg_row(size_t i);
bool pfkey_alg_takes(const struct pfkey_alg *alg, size_t bits);
const char *pfkey_msg_name(unsigned int type);
const char *pfkey_ext_name(unsigned int type);
const char *pfkey_satype_name(unsigned int satype);
const char *pfkey_transform_name(unsigned int proto);
unsigned int pfkey_transform_satype(unsigned int proto);
unsigned int pfkey_satype_transform(unsigned int satype);
const char *pfkey_mode_name(unsigned int mode);
const char *pfkey_state_name(unsigned int state);
const char *pfkey_level_name(unsigned int level);
const char *pfkey_policy_name(unsigned int type);
const char *pfkey_dir_name(unsigned int dir);
int pfkey_proto_by_name(const char *name, size_t len);
const char *pfkey_proto_name(unsigned int proto);

/* ---- addr.c: socket addresses ---- */

#define PFKEY_ADDR_TEXT	80	/* fits any address with scope and port */

size_t pfkey_addr_len(unsigned int family);
unsigned int pfkey_addr_bits(unsigned int family);
uint16_t pfkey_addr_port(const struct sockaddr_storage *sa);
void pfkey_addr_set_port(struct sockaddr_storage *sa, uint16_t port);
bool pfkey_addr_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b);
const char *pfkey_addr_text(const struct sockaddr_storage *sa, char *buf, size_t size);

/* ---- build.c: values into a message ---- */

/**
 * struct pfkey_buf - a message under construction
 * @data: the bytes; a multiple of 8 of them is in use
 * @len: bytes in use
 * @full: something did not fit; from then on nothing is appended
 */
struct pfkey_buf {
	_Alignas(8) unsigned char data[PFKEY_SEND_MAX];
	size_t len;
	bool full;
};

/**
 * struct pfkey_request - one transformation that a policy asks for
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @mode: IPSEC_MODE_*
 * @level: IPSEC_LEVEL_*
 * @reqid: with IPSEC_LEVEL_UNIQUE the SA's reqid, 0 lets the kernel choose
 * @ends: @src and @dst are given
 * @src: outer source
 * @dst: outer destination
 */
struct pfkey_request {
	uint16_t proto;
	uint8_t mode;
	uint8_t level;
	uint32_t reqid;
	bool ends;
	struct sockaddr_storage src;
	struct sockaddr_storage dst;
};

/**
 * struct pfkey_limits - one lifetime extension
 * @packets: sadb_lifetime_allocations; 0 is no limit, here and below
 * @bytes: bytes
 * @addtime: seconds since creation
 * @usetime: seconds since first use
 */
struct pfkey_limits {
	uint32_t packets;
	uint64_t bytes;
	uint64_t addtime;
	uint64_t usetime;
};

void pfkey_begin(struct pfkey_buf *b, unsigned int type, unsigned int satype, uint32_t seq,
		 uint32_t pid);
int pfkey_end(struct pfkey_buf *b);
void *pfkey_put(struct pfkey_buf *b, unsigned int type, size_t size);
void pfkey_put_address(struct pfkey_buf *b, unsigned int type, const struct sockaddr_storage *sa,
		       unsigned int proto, unsigned int prefixlen);
void pfkey_put_key(struct pfkey_buf *b, unsigned int type, const void *key, size_t bytes);
void pfkey_put_limits(struct pfkey_buf *b, unsigned int type, const struct pfkey_limits *lim);
void pfkey_put_sa2(struct pfkey_buf *b, unsigned int mode, uint32_t reqid);
void pfkey_put_spirange(struct pfkey_buf *b, uint32_t min, uint32_t max);
void pfkey_put_natt_type(struct pfkey_buf *b, unsigned int type);
void pfkey_put_natt_port(struct pfkey_buf *b, unsigned int type, uint16_t port);
void pfkey_put_sec_ctx(struct pfkey_buf *b, unsigned int doi, unsigned int alg, const char *text,
		       size_t len);
void pfkey_put_policy(struct pfkey_buf *b, unsigned int type, unsigned int dir, uint32_t id,
		      uint32_t priority);
void pfkey_put_request(struct pfkey_buf *b, const struct pfkey_request *req);

/* ---- parse.c: bytes into checked pointers ---- */

/**
 * struct pfkey_msg - a message whose lengths have all been checked
 * @base: the header
 * @ext: by PFKEY_SLOT(); NULL where absent; slot 0 stays NULL
 */
struct pfkey_msg {
	const struct sadb_msg *base;
	const void *ext[PFKEY_SLOTS];
};

/* The extension of type @type, or NULL. */
#define pfkey_ext(msg, type)	((msg)->ext[PFKEY_SLOT(type)])

/**
 * struct pfkey_fault - why a message was refused
 * @why: in a few words
 * @type: extension type, 0 for the header
 * @off: byte offset of the extension
 */
struct pfkey_fault {
	const char *why;
	unsigned int type;
	size_t off;
};

int pfkey_parse(const void *buf, size_t len, struct pfkey_msg *msg, struct pfkey_fault *fault);
int pfkey_check_answer(const struct pfkey_msg *msg, struct pfkey_fault *fault);
bool pfkey_get_address(const struct pfkey_msg *msg, unsigned int type, struct sockaddr_storage *sa);
bool pfkey_next_request(const struct sadb_x_policy *pol, size_t *off, struct pfkey_request *req);

/* ---- sock.c: the socket ---- */

/**
 * struct pfkey_sock - one PF_KEY socket with its receive buffer
 * @fd: descriptor, -1 when closed
 * @pid: what our requests carry and the answers to them echo
 * @stale: the queue may hold a second answer to an earlier request
 * @buf: PFKEY_MSG_MAX bytes; a received message lives here until the next
 */
struct pfkey_sock {
	int fd;
	uint32_t pid;
	bool stale;
	void *buf;
};

int pfkey_sock_open(struct pfkey_sock *s);
void pfkey_sock_close(struct pfkey_sock *s);
int pfkey_sock_timeout(struct pfkey_sock *s, unsigned int seconds);
int pfkey_send(struct pfkey_sock *s, const struct pfkey_buf *b);
int pfkey_recv_raw(struct pfkey_sock *s, size_t *len);
int pfkey_recv(struct pfkey_sock *s, struct pfkey_msg *msg);
int pfkey_await(struct pfkey_sock *s, unsigned int type, struct pfkey_msg *msg);

/* ---- text.c, text_msg.c: messages as text ---- */

/* text of an SA or a policy: @flags */
#define PFKEY_TEXT_PORTS	1	/* ports of SA and tunnel addresses */
#define PFKEY_TEXT_NO_KEYS	2	/* of a key its length only */

void pfkey_hexdump(FILE *out, const void *data, size_t len);
void pfkey_text_sa(FILE *out, const struct pfkey_msg *msg, unsigned int flags, int64_t now);
void pfkey_text_sa_line(FILE *out, const struct pfkey_msg *msg, int64_t now);
void pfkey_text_sp(FILE *out, const struct pfkey_msg *msg, unsigned int flags);
void pfkey_text_msg(FILE *out, const struct pfkey_msg *msg);

#endif /* TESTUDO_PFKEY_H */
