/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations with secrets: pre-shared keys and private keys. Only the keys
 * process links what is behind these; the engine calls them through struct
 * ike_ops, whose implementation asks that process. No secret is ever handed
 * out, only what was made with it.
 */
#ifndef TESTUDOD_AUTH_SECRETS_H
#define TESTUDOD_AUTH_SECRETS_H

#include "auth/cert.h"
#include "wire/id.h"
#include "base/addr.h"
#include "base/bytes.h"
#include "crypto/alg.h"

/** enum secrets_error - what went wrong */
enum secrets_error {
	SECRETS_OK,
	SECRETS_NO_PSK,	     /* psk.txt has no line for that peer */
	SECRETS_NO_FILE,     /* psk.txt or the key's file can not be read */
	SECRETS_UNSAFE_FILE, /* its owner or mode is wrong */
	SECRETS_BAD_KEY,     /* not a private key, or of the wrong type */
	SECRETS_CRYPTO,	     /* libcrypto failed */
	SECRETS_GONE,	     /* no answer from the keys process */
};

#define SECRETS_SENTENCE 256

/**
 * struct secrets_answer - the outcome
 * @error: cause
 * @sentence: one line for the log; names file and line, never the secret
 */
struct secrets_answer {
	enum secrets_error error;
	char sentence[SECRETS_SENTENCE];
};

/**
 * struct psk_who - whose key
 * @id: peer's identity, NULL when it is not known (IKEv1 main mode)
 * @addr: peer's address
 */
struct psk_who {
	const struct id *id;
	const struct sockaddr_storage *addr;
};

/** enum psk_use - what is made with the key */
enum psk_use {
	PSK_PRF,  /* prf(PSK, data): IKEv1's SKEYID of Ni | Nr */
	PSK_AUTH, /* prf(prf(PSK, "Key Pad for IKEv2"), data), RFC 7296 2.15 */
};

/* ---- psk.c: pure; psk.txt's lines ---- */

/* find the first line for @who in @text; false if there is none; @line: its number */
bool psk_find(struct chunk text, const struct psk_who *who, struct blob *key, unsigned int *line);
/* complaints about lines: blanks at the end, odd hex, no secret ("testudod -t") */
void psk_check(struct chunk text, void (*fn)(void *arg, unsigned int line, const char *what),
	       void *arg);
bool psk_make(enum psk_use use, const struct alg *prf, struct chunk key, struct chunk data,
	      uint8_t *out);

/* ---- privkey.c: private keys ---- */

struct privkey;

struct privkey *privkey_parse(struct chunk pem, char *why, size_t why_size);
struct privkey *privkey_from_plain_rsa(struct chunk text, char *why, size_t why_size);
bool privkey_matches(const struct privkey *key, const struct cert *cert);
bool privkey_sign(const struct privkey *key, enum sig_scheme scheme, struct chunk tbs,
		  struct blob *sig);
void privkey_free(struct privkey *key);

#endif /* TESTUDOD_AUTH_SECRETS_H */
