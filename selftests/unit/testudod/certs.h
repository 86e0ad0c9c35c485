/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Certificates, keys and CRLs for tests, made by the openssl command in a folder
 * of their own: nothing of ours has a hand in them.
 */
#ifndef TESTUDOD_TEST_CERTS_H
#define TESTUDOD_TEST_CERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "auth/secrets.h"
#include "conf/source.h"

/*
 * ca/: what a peer trusts. work/: everything else.
 * sign NAME CA EXTENSIONS [openssl ca's options]: work/NAME.pem from work/NAME.csr
 */
static const char certs_script[] =
	"set -e; cd \"$1\"; mkdir ca work db; exec >log 2>&1; set -x\n"
	"echo 01 >db/serial; echo 01 >db/crlnumber; : >db/index\n"
	"cat >conf <<E\n"
	"[req]\nprompt=no\ndistinguished_name=dn\nstring_mask=utf8only\n[dn]\nCN=unused\n"
	"[ca]\ndefault_ca=d\n[d]\ndatabase=db/index\nserial=db/serial\ncrlnumber=db/crlnumber\n"
	"new_certs_dir=db\ndefault_md=sha256\ndefault_days=900\ndefault_crl_days=30\nunique_subject=no\n"
	"policy=p\ncopy_extensions=copy\n[p]\ncountryName=optional\norganizationName=optional\n"
	"commonName=supplied\nemailAddress=optional\n"
	"[root]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
	"subjectKeyIdentifier=hash\n"
	"[inter]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n"
	"[leaf]\nbasicConstraints=CA:FALSE\n[nosign]\nkeyUsage=keyEncipherment\n"
	"[san]\nsubjectAltName=DNS:a.test,email:u@a.test,IP:10.0.0.1,IP:2001:db8::1\n"
	"[narrow]\nbasicConstraints=critical,CA:TRUE\nnameConstraints=critical,permitted;DNS:good.test\n"
	"E\n"
	"ec() { openssl ecparam -name ${2:-prime256v1} -genkey -noout -out work/$1.key; }\n"
	"csr() { openssl req -config conf -new -key work/${3:-$1}.key -subj \"$2\" -out work/$1.csr; }\n"
	"root() { openssl req -config conf -x509 -new -key work/$1.key -subj \"$2\" -days 3000 "
	"-extensions root -out work/$1.pem; }\n"
	"sign() { n=$1 c=$2 e=$3; shift 3; openssl ca -config conf -batch -notext -cert work/$c.pem "
	"-keyfile work/$c.key -in work/$n.csr -out work/$n.pem -extensions $e \"$@\"; }\n"
	"for k in ca ca2 caold inter narrow leaf; do ec $k; done\n"
	"root ca '/C=DE/O=Test/CN=Root CA'; root ca2 '/O=Others/CN=Other CA'\n"
	"root caold '/C=DE/O=Test/CN=Root CA'; cp work/ca.pem ca/root.pem\n"
	"openssl genrsa -out work/rsaca.key 2048; root rsaca '/CN=RSA CA'\n"
	"csr inter '/O=Test/CN=Inter CA'; sign inter ca inter\n"
	"csr narrow '/O=Test/CN=Narrow CA'; sign narrow ca narrow\n"
	"leaf() { n=$1 s=$2; shift 2; csr $n \"$s\" leaf; cp work/leaf.key work/$n.key; sign $n \"$@\"; }\n"
	"leaf plain '/C=DE/O=Test/CN=plain' ca leaf; leaf named '/O=Test/CN=named' ca san\n"
	"leaf sub '/O=Test/CN=sub' inter leaf; leaf other '/O=Others/CN=o' ca2 leaf\n"
	"leaf old '/O=Test/CN=old' ca leaf -startdate 20200101000000Z -enddate 20200201000000Z\n"
	"leaf new '/O=Test/CN=new' ca leaf -startdate 20900101000000Z -enddate 20910101000000Z\n"
	"leaf gone '/O=Test/CN=gone' ca leaf; leaf nosign '/O=Test/CN=nosign' ca nosign\n"
	"leaf renewed '/O=Test/CN=renewed' caold leaf; leaf bad '/O=Test/CN=bad' narrow san\n"
	"leaf bynoca '/O=Test/CN=bynoca' plain leaf; leaf sha1 '/O=Test/CN=sha1' ca leaf -md sha1\n"
	"leaf md5 '/O=Test/CN=md5' rsaca leaf -md md5\n"
	"csr self '/CN=self' leaf; openssl x509 -req -in work/self.csr -signkey work/leaf.key "
	"-days 100 -out work/self.pem\n"
	"openssl ca -config conf -cert work/ca.pem -keyfile work/ca.key -gencrl -out work/empty.crl\n"
	"openssl ca -config conf -cert work/ca.pem -keyfile work/ca.key -revoke work/gone.pem\n"
	"openssl ca -config conf -cert work/ca.pem -keyfile work/ca.key -gencrl -out work/ca.crl\n"
	"openssl ca -config conf -cert work/ca.pem -keyfile work/ca.key -gencrl -out work/stale.crl "
	"-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z\n"
	"for b in 512 1024 2048; do openssl genrsa -out work/rsa$b.key $b; csr rsa$b /CN=rsa$b; "
	"sign rsa$b ca leaf; done\n"
	"openssl genrsa -3 -out work/three.key 2048; csr three /CN=three; sign three ca leaf\n"
	"openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out work/pss.key\n"
	"ec p256; ec p384 secp384r1; ec p521 secp521r1; ec k1 secp256k1\n"
	"openssl ecparam -name prime256v1 -param_enc explicit -genkey -noout -out work/spelt.key\n"
	"openssl genpkey -algorithm ED25519 -out work/ed25519.key\n"
	"openssl genpkey -algorithm ED448 -out work/ed448.key\n"
	"for k in pss p256 p384 p521 k1 ed25519 ed448; do csr $k /CN=$k; sign $k ca leaf; done\n"
	/* openssl ca does not take a curve that is spelt out: the certificate signs itself */
	"openssl req -config conf -x509 -new -key work/spelt.key -subj /CN=spelt -out work/spelt.pem\n"
	"for k in rsa2048 three pss p256 p384 p521 ed25519 ed448 rsa512; do "
	"openssl pkey -in work/$k.key -pubout -out work/$k.pub; done\n"
	"openssl x509 -in work/plain.pem -outform DER -out work/plain.der\n"
	"openssl x509 -in work/plain.pem -text -out work/text.pem\n"
	"cat work/plain.key work/plain.pem >work/both.pem\n"
	"openssl pkey -in work/leaf.key -aes128 -passout pass:x -out work/locked.key\n";

static char *certs_dir;

/* for cmocka: a new folder, with nothing in it */
static inline int certs_make_dir(void **state)
{
	(void)state;
	certs_dir = xstrdup("/tmp/testudod-certs.XXXXXX");
	return mkdtemp(certs_dir) ? 0 : -1;
}

/* the same with all of them; -1: no openssl command, or it failed */
static inline int certs_make(void **state)
{
	char *cmd;
	int rc;

	if (certs_make_dir(state))
		return -1;
	setenv("CERTS_SCRIPT", certs_script, 1);
	cmd = xasprintf("sh -c \"$CERTS_SCRIPT\" sh %s", certs_dir);
	rc = system(cmd);
	free(cmd);
	if (rc)
		fprintf(stderr, "# openssl failed: see %s/log\n", certs_dir);
	return rc ? -1 : 0;
}

static inline int certs_remove(void **state)
{
	char *cmd = xasprintf("rm -rf %s", certs_dir);

	(void)state;
	(void)!system(cmd);
	free(cmd);
	free(certs_dir);
	return 0;
}

static inline struct blob certs_file(const char *name)
{
	char *path = xasprintf("%s/%s", certs_dir, name);
	FILE *f = fopen(path, "r");
	struct writer w = { 0 };
	int c;

	while (f && (c = getc(f)) != EOF)
		put_u8(&w, (uint8_t)c);
	if (f)
		fclose(f);
	free(path);
	return writer_blob(&w);
}

static inline void certs_write(const char *name, struct chunk data)
{
	char *path = xasprintf("%s/%s", certs_dir, name);
	FILE *f = fopen(path, "w");

	if (f) {
		fwrite(data.p, 1, data.n, f);
		fclose(f);
	}
	free(path);
}

/* a shell command in the folder; true if it succeeded */
static inline bool certs_run(const char *command)
{
	char *cmd = xasprintf("cd %s && { %s; } >>log 2>&1", certs_dir, command);
	int rc = system(cmd);

	free(cmd);
	return !rc;
}

static inline struct cert *certs_load(const char *name)
{
	char *path = xasprintf("%s/%s", certs_dir, name);
	struct source src;
	char why[256] = "";
	struct cert *cert;

	source_init(&src);
	src.from_disk = true;
	cert = cert_load(&src, path, why, sizeof(why));
	if (!cert)
		fprintf(stderr, "# %s\n", why);
	source_free(&src);
	free(path);
	return cert;
}

/* libcrypto's own view of work/NAME.key */
static inline EVP_PKEY *certs_key(const char *name)
{
	char *path = xasprintf("%s/work/%s.key", certs_dir, name);
	FILE *f = fopen(path, "r");
	EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;

	if (f)
		fclose(f);
	free(path);
	return key;
}

#endif /* TESTUDOD_TEST_CERTS_H */
