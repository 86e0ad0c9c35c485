/* SPDX-License-Identifier: GPL-2.0 */
/* racoon's files of plain RSA keys: ": PUB 0s..." and ": RSA { ... }". */
#ifndef TESTUDOD_AUTH_PLAIN_RSA_H
#define TESTUDOD_AUTH_PLAIN_RSA_H

#include <openssl/evp.h>

#include "base/bytes.h"

/* the first private key of @text, or NULL with @why */
EVP_PKEY *plain_rsa_private(struct chunk text, char *why, size_t why_size);
/* the lines with public keys alone */
struct blob plain_rsa_public_part(struct chunk text);

#endif /* TESTUDOD_AUTH_PLAIN_RSA_H */
