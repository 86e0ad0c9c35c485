// SPDX-License-Identifier: GPL-2.0
/*
 * Names and URLs in certificates that somebody made to do harm, and the same bad one again
 * and again (class 12 of old holes, shared/daemon.md section 6). Keys, signatures and chains
 * are in test_cert_attack.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cert_make.h"
#include "v2_help.h"
#include "wire_hex.h"
#include "world.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- subjectAltName ---- */

static const struct san_row {
	const char *why;
	const char *san; /* hex */
	uint8_t type;
	const char *id; /* hex */
	bool has;
} sans[] = {
	{ "dNSName", "3008 8206 612e74657374", ID_FQDN, "612e74657374", true },
	{ "an e-mail address", "3008 8106 612e74657374", ID_FQDN, "612e74657374", false },
	{ "an URI", "3008 8606 612e74657374", ID_FQDN, "612e74657374", false },
	{ "a registered name", "3008 8806 612e74657374", ID_FQDN, "612e74657374", false },
	{ "an X.400 address (libcrypto 2023-0286)", "300a a308 0c06612e74657374", ID_FQDN, "612e74657374", false },
	{ "an EDI party", "300c a50a a108 0c06612e74657374", ID_FQDN, "612e74657374", false },
	{ "an otherName", "3014 a012 06082b06010505070805 a0 06 0c04 74657374", ID_FQDN, "74657374", false },
	{ "a zero byte in it", "300e 820c 612e74657374 00 2e6576696c", ID_FQDN, "612e74657374", false },
	{ "a zero byte in the identity", "3008 8206 612e74657374", ID_FQDN, "612e74657374002e6576696c", false },
	{ "an empty dNSName", "3002 8200", ID_FQDN, "", false },
	{ "an empty e-mail address", "3002 8100", ID_USER_FQDN, "", false },
	{ "an address of no bytes", "3002 8700", ID_IPV4, "0a000001", false },
	{ "of three", "3005 8703 0a0000", ID_IPV4, "0a000001", false },
	{ "of five", "3007 8705 0a00000100", ID_IPV4, "0a000001", false },
	{ "with a mask, as name constraints have it", "300a 8708 0a000001ffffffff", ID_IPV4, "0a000001", false },
	{ "of seventeen", "3013 8711 20010db800000000000000000000000100", ID_IPV6, "20010db8000000000000000000000001", false },
	{ "an address for an identity of no bytes", "3006 8704 0a000001", ID_IPV4, "", false },
	{ "nothing", "3000", ID_FQDN, "612e74657374", false },
	{ "not even a list", "0500", ID_FQDN, "612e74657374", false },
	{ "no bytes", "", ID_FQDN, "612e74657374", false },
	{ "a choice that there is none of", "3002 8900", ID_FQDN, "612e74657374", false },
	{ "a length beyond its end", "3008 82ff 612e74657374", ID_FQDN, "612e74657374", false },
	{ "a GeneralName, whole", "3008 8206 612e74657374", ID_GN, "8206612e74657374", true },
	{ "a part of one", "3008 8206 612e74657374", ID_GN, "820661", false },
	{ "more than one", "3008 8206 612e74657374", ID_GN, "8206612e7465737400", false },
	{ "an empty GeneralName", "3008 8206 612e74657374", ID_GN, "", false },
	{ "a key id", "3008 8206 612e74657374", ID_KEY_ID, "612e74657374", false },
	{ "a range of addresses", "300a 8708 0a000001 0a0000ff", 7, "0a0000010a0000ff", false },
	{ "an identity of no type", "3008 8206 612e74657374", 0, "612e74657374", false },
	{ "an empty subject in it", "3004 a402 3000", ID_DN, "3000", true },
	{ "a subject that is none", "3004 a402 0500", ID_DN, "0500", false },
};

static struct cert *with_san(struct chunk der)
{
	X509 *x = make_bare("leaf", "Evil CA", make_leaf_key);

	make_extension(x, NID_subject_alt_name, der);
	make_sign(x, make_ca_key);
	return make_read(x);
}

static void odd_names(void **state)
{
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(sans); i++) {
		struct blob san = hex(sans[i].san);
		struct cert *cert = with_san(blob_chunk(&san));
		struct id id = { .type = sans[i].type, .data = hex(sans[i].id) };
		struct cert_verdict v = { .cause = CERT_MALFORMED };

		assert_non_null(cert);
		if (cert_has_id(cert, &id) != sans[i].has)
			fail_msg("%s: %s", sans[i].why, sans[i].has ? "is not there" : "is taken for it");
		cert_verify(make_store, cert, NULL, 0, &id, &v);
		if ((v.cause == CERT_OK) != sans[i].has)
			fail_msg("%s: %s", sans[i].why, v.sentence);
		assert_true(strlen(cert_ids_text(cert, text, sizeof(text))) < sizeof(text));
		id_free(&id);
		cert_free(cert);
		blob_free(&san);
	}
}

/* Boxes in boxes, and a choice that leads back to itself (2017-9023): refused in no time. */
static void deep_names(void **state)
{
	static const uint8_t tags[] = { 0xa0, 0xa4, 0xa3, 0x30 };
	clock_t begun = clock();
	const struct id id = { .type = ID_FQDN, .data = { (uint8_t *)"a.test", 6 } };
	unsigned int depth;
	struct cert *cert;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(tags); i++) {
		uint8_t der[8000];
		size_t at = sizeof(der), n = 0;

		for (depth = 0; depth < 1900; depth++) {
			at -= 4;
			der[at] = depth == 1899 ? 0x30 : tags[i];
			der[at + 1] = 0x82;
			set_be(der + at + 2, n, 2);
			n = sizeof(der) - at;
		}
		cert = with_san(chunk(der + at, n));
		assert_non_null(cert);
		assert_false(cert_has_id(cert, &id));
		make_verdict(cert, NULL, 0);
		cert_free(cert);
	}
	/* also on a machine that stands still meanwhile */
	assert_in_range(clock() - begun, 0, 10 * CLOCKS_PER_SEC);
}

/* ---- URLs (2022-40617) ---- */

static int listener(uint16_t *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_false(bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
	assert_false(listen(fd, 5));
	assert_false(getsockname(fd, (struct sockaddr *)&sin, &len));
	*port = ntohs(sin.sin_port);
	return fd;
}

static void nobody_is_called(void **state)
{
	struct pollfd p = { .events = POLLIN };
	char crl[128], aia[256];
	struct cert *cert;
	uint16_t port;
	X509 *x;
	int i;

	(void)state;
	p.fd = listener(&port);
	snprintf(crl, sizeof(crl), "URI:http://127.0.0.1:%u/crl", port);
	snprintf(aia, sizeof(aia), "OCSP;URI:http://127.0.0.1:%u/ocsp,caIssuers;URI:http://127.0.0.1:%u/ca", port, port);
	for (i = 0; i < 2; i++) {
		x = make_bare("leaf", i ? "Unknown CA" : "Evil CA", make_leaf_key);
		make_extend(x, NID_crl_distribution_points, crl);
		make_extend(x, NID_info_access, aia);
		make_sign(x, make_ca_key);
		cert = make_read(x);
		assert_int_equal(make_verdict(cert, NULL, 0), i ? CERT_NO_ISSUER : CERT_OK);
		cert_free(cert);
		assert_int_equal(poll(&p, 1, 50), 0);
	}
	close(p.fd);
}

/* ---- the same bad one again (racoon verified at each retransmission), and many of them ---- */

/* Was it verified? A make_store that is not there is opened for that. */
static bool verified(struct ike_peer *peer, const struct cert *cert, struct cert *const *chain, size_t n,
		     const struct id *id, enum cert_cause want)
{
	struct cert_verdict v = { .cause = CERT_OTHER };

	cert_store_free(peer->store);
	peer->store = NULL;
	peer_verify(peer, cert, chain, n, id, &v);
	if (v.cause != want)
		fail_msg("cause %u: %s", v.cause, v.sentence);
	return peer->store;
}

static struct cert *pem_cert(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	return make_read(x);
}

static void bad_ones_are_remembered(void **state)
{
	struct pki *pki = pki_new("ecdsa256"), *other = pki_new("ecdsa256");
	struct world *w = v2_cert_world(pki, pki, pki, "");
	struct cert *bad = pem_cert(other->cert[0]), *bad2 = pem_cert(other->cert[1]), *good = pem_cert(pki->cert[0]);
	struct blob long_name = { 0 }, der = make_der(bad);
	struct id id = { .type = ID_FQDN, .data = { (uint8_t *)"a.test", 6 } };
	struct id wrong = { .type = ID_KEY_ID, .data = id.data };
	struct writer name = { 0 };
	struct ike_peer *peer;
	int i;

	(void)state;
	peer = peer_get(w->side[1].ike, &w->side[0].seen);
	assert_true(verified(peer, bad, NULL, 0, &id, CERT_BAD_SIGNATURE));
	for (i = 0; i < 3; i++)
		assert_false(verified(peer, bad, NULL, 0, &id, CERT_BAD_SIGNATURE));
	/* one is remembered, and no other is taken for it */
	assert_true(verified(peer, bad2, NULL, 0, &id, CERT_BAD_SIGNATURE));
	assert_true(verified(peer, bad, NULL, 0, &id, CERT_BAD_SIGNATURE));
	assert_true(verified(peer, good, NULL, 0, &id, CERT_OK));
	assert_true(verified(peer, good, NULL, 0, &id, CERT_OK));
	/* somebody else came with the good one, and an identity that looks like the right one */
	assert_true(verified(peer, good, NULL, 0, &wrong, CERT_WRONG_ID));
	assert_true(verified(peer, good, NULL, 0, &id, CERT_OK));
	put_bytes(&name, blob_chunk(&id.data));
	put_bytes(&name, blob_chunk(&der));
	long_name = writer_blob(&name);
	wrong = (struct id){ .type = ID_FQDN, .data = long_name };
	assert_true(verified(peer, good, NULL, 0, &wrong, CERT_WRONG_ID));
	assert_true(verified(peer, good, &bad, 1, &id, CERT_OK));
	blob_free(&long_name);
	blob_free(&der);
	cert_free(bad);
	cert_free(bad2);
	cert_free(good);
	world_free(w);
	pki_free(pki);
	pki_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_names),
		cmocka_unit_test(deep_names),
		cmocka_unit_test(nobody_is_called),
		cmocka_unit_test(bad_ones_are_remembered),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, make_setup, make_teardown);
}
