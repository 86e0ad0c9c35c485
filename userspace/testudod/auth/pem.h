/* SPDX-License-Identifier: GPL-2.0 */
/* Files of certificates: PEM with any text between, or DER. */
#ifndef TESTUDOD_AUTH_PEM_H
#define TESTUDOD_AUTH_PEM_H

#include <stdbool.h>

#include <openssl/x509.h>

#include "base/bytes.h"

/*
 * Calls @fn with each block of @file and its PEM name; a file that is one DER
 * certificate or CRL is handed out under the name it would have.
 */
void pem_each(struct chunk file, void (*fn)(void *arg, const char *kind, struct chunk der),
	      void *arg);
bool pem_is_cert(const char *kind);
bool pem_is_crl(const char *kind);
X509 *x509_from_der(struct chunk der);
X509_CRL *crl_from_der(struct chunk der);
/*
 * The blocks of @file that anybody may see: certificates, CRLs, public keys
 * (plain_rsa's too). The processes that face the network get files in no other
 * form, so a private key that lies in the same file stays out of them.
 */
struct blob pem_public_part(struct chunk file);

#endif /* TESTUDOD_AUTH_PEM_H */
