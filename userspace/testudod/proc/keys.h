/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Secrets behind a wall: the process that has them, and the other side of it,
 * which the network process links. A question has lengths, a remote's name and bytes
 * to be signed in it; an answer what was made with a secret, never the secret.
 */
#ifndef TESTUDOD_PROC_KEYS_H
#define TESTUDOD_PROC_KEYS_H

#include "auth/secrets.h"
#include "engine/ops.h"
#include "proc/child.h"

struct keys_client;

/* the process; returns when the monitor says so, or is gone */
void keys_main(struct child *c);

/* takes @fd; -1: there is no keys process (yet) */
struct keys_client *keys_client_new(int fd);
/* the keys process was started again */
void keys_client_replace(struct keys_client *k, int fd);
void keys_client_free(struct keys_client *k);
/* as struct ike_ops has them; @arg is the keys_client. They wait for the answer */
bool keys_client_psk(void *arg, const struct psk_who *who, enum psk_use use, const struct alg *prf,
		     struct chunk data, uint8_t *out, struct secrets_answer *answer);
bool keys_client_sign(void *arg, const struct conf_remote *remote, enum sig_scheme scheme,
		      struct chunk tbs, struct blob *sig, struct secrets_answer *answer);

/* ---- between keys.c and keys_client.c ---- */

/**
 * struct keys_psk - a question for what psk_make() makes
 * @use: enum psk_use
 * @prf: number of the PRF in IKEv2's table
 * @id: identity, type 0: none
 * @addr: peer's address, 0, 4 or 16 bytes
 * @data: data
 */
struct keys_psk {
	uint8_t use;
	uint16_t prf;
	struct id id;
	struct chunk addr;
	struct chunk data;
};

void keys_put_psk(struct writer *w, const struct keys_psk *q);
/* the members of @q point into @body */
bool keys_get_psk(struct chunk body, struct keys_psk *q);

/**
 * struct keys_sign - a question for a signature
 * @scheme: enum sig_scheme
 * @remote: name of the remote block
 * @file: name of the key's file, which tells configurations apart
 * @tbs: bytes to be signed
 */
struct keys_sign {
	uint8_t scheme;
	struct chunk remote;
	struct chunk file;
	struct chunk tbs;
};

void keys_put_sign(struct writer *w, const struct keys_sign *q);
bool keys_get_sign(struct chunk body, struct keys_sign *q);
void keys_put_answer(struct writer *w, const struct secrets_answer *answer, struct chunk result);
bool keys_get_answer(struct chunk body, struct secrets_answer *answer, struct chunk *result);

#endif /* TESTUDOD_PROC_KEYS_H */
