// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv1 against what is wrong: configurations that do not fit (one sentence at
 * both ends), forged, malformed and replayed messages, and the classes of old
 * holes that daemon.md section 6 lists (their number is in each row).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "v1_case.h"
#include "v1_raw.h"

#define ESP    IPPROTO_ESP
#define MINUTE 60000

static struct pki *pki, *other_pki;

/* ---- configurations that do not fit ---- */

/**
 * struct misfit - a failure and what both ends say of it
 * @why: what it is about
 * @c: configuration
 * @wrong_ca: B knows another CA
 * @cause: what B's report has
 * @a: words of A's sentence
 * @b: words of B's sentence
 */
struct misfit {
	const char *why;
	struct v1_case c;
	bool wrong_ca;
	enum report_cause cause;
	const char *a;
	const char *b;
};

#define GROUP15	 "encryption_algorithm aes 256; hash_algorithm sha256; dh_group 15;"
#define NO_PFS	 "encryption_algorithm aes; authentication_algorithm hmac_sha256;"
#define WITH_PFS "pfs_group 14; " NO_PFS
#define OTHER	 "encryption_algorithm aes; authentication_algorithm hmac_sha512;"

static const struct misfit misfits[] = {
	{ "the keys differ, main mode", { .psk_b = "another one" }, false, REPORT_PSK_DIFFERS, "the pre-shared keys differ", "the pre-shared keys differ" },
	{ "the keys differ, aggressive mode", { .mode = "aggressive", .psk_b = "another one" }, false, REPORT_REFUSED, "the pre-shared keys differ", "the pre-shared keys differ" },
	{ "B has no key for A", { .psk_b = "" }, false, REPORT_NO_PSK, "no pre-shared key", "10.0.0.1" },
	{ "9: no key in aggressive mode", { .mode = "aggressive", .psk_b = "" }, false, REPORT_NO_PSK, "no pre-shared key", "10.0.0.1" },
	{ "no common group", { .proposal_b = GROUP15 }, false, REPORT_NO_PROPOSAL, "NO-PROPOSAL-CHOSEN", "" },
	{ "7: nothing acceptable in aggressive mode", { .mode = "aggressive", .proposal_b = GROUP15 }, false, REPORT_NO_PROPOSAL, "NO-PROPOSAL-CHOSEN", "" },
	{ "B does not do aggressive mode", { .mode = "aggressive", .mode_b = "main" }, false, REPORT_REFUSED, "INVALID-EXCHANGE-TYPE", "aggressive mode" },
	{ "B does not know A's CA: the seed's complaint", { .rsa = true }, true, REPORT_CERT, "CN=a.test", "CN=a.test" },
	{ "A is not whom B expects", { .remote_b = "peers_identifier address 10.9.9.9; verify_identifier on;" }, false, REPORT_ID, "refuses us", "peers_identifier" },
	{ "the same with certificates",
	  { .rsa = true, .remote_b = "peers_identifier asn1dn \"CN=x.test\"; verify_identifier on;" },
	  false,
	  REPORT_ID,
	  "refuses us",
	  "peers_identifier" },
	{ "B wants PFS, A has none", { .sainfo = NO_PFS, .sainfo_b = WITH_PFS }, false, REPORT_NO_PROPOSAL, "NO-PROPOSAL-CHOSEN", "" },
	{ "no common algorithm in phase 2", { .sainfo_b = OTHER }, false, REPORT_NO_PROPOSAL, "NO-PROPOSAL-CHOSEN", "" },
};

static void test_misfits(void **state)
{
	const struct report *a, *b;
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(misfits) / sizeof(misfits[0]); i++) {
		const struct misfit *m = &misfits[i];
		struct v1_case c = m->c;

		c.pki = pki;
		c.ca_b = m->wrong_ca ? other_pki->ca : NULL;
		w = v1_world(&c);
		v1_tunnel(w, ESP, 0);
		world_acquire(w, 0, 0);
		world_run(w, 2 * MINUTE);
		a = world_report(w, 0);
		b = world_report(w, 1);
		if (!strstr(a->sentence, m->a) || !strstr(b->sentence, m->b) || b->cause != m->cause)
			fail_msg("%s: A: %s; B (%s): %s", m->why, a->sentence, report_cause_name(b->cause),
				 b->sentence);
		assert_true(b->sentence[0]);
		assert_int_equal(v1_installed(w, 0) + v1_installed(w, 1), 0);
		assert_int_equal(w->side[1].ike->half_open, 0);
		/* what is wrong in a file is not asked for again and again */
		assert_true(w->side[0].sent < 40);
		world_free(w);
	}
}

/* No policy at B: both say which selectors. */
static void test_no_policy(void **state)
{
	static const struct v1_case c;
	struct world *w = v1_world(&c);

	(void)state;
	world_policy(w, 0, "10.0.1.0/24", "10.0.2.0/24", ESP, IPSEC_MODE_TUNNEL);
	world_policy(w, 1, "10.0.3.0/24", "10.0.1.0/24", ESP, IPSEC_MODE_TUNNEL);
	world_acquire(w, 0, 0);
	world_run(w, 2 * MINUTE);
	assert_non_null(strstr(world_report(w, 0)->sentence, "10.0.2.0/24"));
	assert_non_null(strstr(world_report(w, 1)->sentence, "10.0.2.0/24"));
	assert_true(world_report(w, 0)->authentic);
	assert_int_equal(world_ikes_up(w, 0), 1);
	world_free(w);
}

/* 9: the private key is gone when the signature is due. */
static void test_no_private_key(void **state)
{
	const struct v1_case c = { .rsa = true, .pki = pki };
	unsigned int side;
	struct world *w;

	(void)state;
	for (side = 0; side < 2; side++) {
		w = v1_world(&c);
		w->side[side].sign_fails = true;
		v1_tunnel(w, ESP, 0);
		world_acquire(w, 0, 0);
		world_run(w, 2 * MINUTE);
		assert_int_equal(world_report(w, side)->cause, REPORT_CERT);
		assert_int_equal(world_ikes_up(w, 0) + world_ikes_up(w, 1), 0);
		assert_int_equal(v1_installed(w, 0) + v1_installed(w, 1), 0);
		world_free(w);
	}
}

/* ---- messages changed on their way, in the clear part ---- */

/**
 * struct change - a message of phase 1 that is not as it should be
 * @why: what it is about
 * @number: datagram
 * @payload: type of the payload that is changed, 0: the header
 * @off: byte in it, from its generic header on; or in the message
 * @n: bytes written
 * @value: each of them
 * @aggressive: exchange
 * @survives: the negotiation comes through all the same, with a retransmission
 */
struct change {
	const char *why;
	unsigned int number;
	uint8_t payload;
	size_t off;
	size_t n;
	uint8_t value;
	bool aggressive;
	bool survives;
};

static const struct change changes[] = {
	{ "1: MM1's first payload has length 0", 1, P1_SA, 2, 2, 0, false, true },
	{ "1: length 1", 1, P1_SA, 3, 1, 1, false, true },
	{ "1: length 3", 1, P1_SA, 3, 1, 3, false, true },
	{ "1: beyond the message", 1, P1_SA, 2, 1, 0xff, false, true },
	{ "1: an attribute beyond its transform", 1, P1_SA, 30, 1, 0xff, false, true },
	{ "2: the next payload is IKEv2's", 1, P1_SA, 0, 1, P2_NONCE, false, true },
	{ "2: MM3: the payload after KE is another KE", 3, P1_KE, 0, 1, P1_KE, false, true },
	{ "2: MM3: a nonce too much", 3, P1_NONCE, 0, 1, P1_NONCE, false, true },
	{ "2: MM3 has no KE but a SIG", 3, 0, 16, 1, P1_SIG, false, true },
	{ "2: MM2 says that it is no SA", 2, 0, 16, 1, P1_KE, false, true },
	{ "3: MM3's public value is 0", 3, P1_KE, 4, 256, 0, false, false },
	{ "3: MM3's public value is beyond p", 3, P1_KE, 4, 256, 0xff, false, false },
	{ "3: MM4's public value is 0", 4, P1_KE, 4, 256, 0, false, false },
	{ "3: AM1's public value is 0: nothing is kept, and the next one is good", 1, P1_KE, 4, 256, 0, true, true },
	{ "3: AM2's public value is beyond p", 2, P1_KE, 4, 256, 0xff, true, false },
	{ "AM2's HASH is wrong", 2, P1_HASH, 10, 1, 0x5a, true, false },
	{ "AM1's identity is another one: HASH covers it", 1, P1_ID, 11, 1, 77, true, false },
	{ "MM5 loses its encryption flag", 5, 0, 19, 1, 0, false, true },
	{ "MM3 gains one", 3, 0, 19, 1, WIRE_V1_ENCRYPT, false, true },
	{ "MM3 gains a message id", 3, 0, 23, 1, 9, false, true },
	{ "MM1 is a transaction", 1, 0, 18, 1, V1_TRANSACTION, false, true },
	{ "MM3 is base mode", 3, 0, 18, 1, V1_BASE, false, true },
	{ "the commit bit is no reason to stop", 1, 0, 19, 1, WIRE_V1_COMMIT, false, true },
};

static size_t find_payload(struct chunk data, uint8_t type)
{
	struct wire_msg msg = { 0 };
	struct wire_fault fault;
	unsigned int i;

	if (!type)
		return 0;
	assert_true(wire_read_hdr(data, &msg.hdr, &fault));
	assert_true(wire_read_chain(chunk(data.p + 28, data.n - 28), msg.hdr.next, &msg, &fault));
	for (i = 0; i < msg.n; i++) {
		if (msg.pl[i].type == type)
			return msg.pl[i].all.p - data.p;
	}
	fail_msg("no payload %u", type);
	return 0;
}

static void change_it(struct world *w, struct world_dg *dg, void *arg)
{
	const struct change *ch = arg;
	uint8_t *at;

	(void)w;
	if (dg->number != ch->number)
		return;
	at = dg->data.p + find_payload(blob_chunk(&dg->data), ch->payload) + ch->off;
	/* one of 256 random bytes has that value already, and would stay as it was */
	memset(at, ch->n == 1 && *at == ch->value ? ~ch->value : ch->value, ch->n);
}

static void test_changes(void **state)
{
	struct world *w;
	char why[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const struct change *ch = &changes[i];
		const struct v1_case c = { .mode = ch->aggressive ? "aggressive" : NULL,
					   .remote = "ike_frag off;" };
		bool up;

		w = v1_world(&c);
		v1_tunnel(w, ESP, 0);
		w->hook = change_it;
		w->hook_arg = (void *)ch;
		world_acquire(w, 0, 0);
		world_run(w, 25000);
		up = world_pairs(w, why, sizeof(why)) == 1;
		if (up != ch->survives)
			fail_msg("%s: %s; A: %s; B: %s", ch->why, up ? "it came up" : "it did not come up",
				 world_report(w, 0)->sentence, world_report(w, 1)->sentence);
		world_free(w);
	}
}

/* 11: a signature that somebody touched. */
static void test_changed_signature(void **state)
{
	static const struct change ch = { .number = 2, .payload = P1_SIG, .off = 40, .n = 1, .value = 0x5a };
	const struct v1_case c = { .rsa = true, .pki = pki, .mode = "aggressive", .remote = "ike_frag off;" };
	struct world *w = v1_world(&c);

	(void)state;
	v1_tunnel(w, ESP, 0);
	w->hook = change_it;
	w->hook_arg = (void *)&ch;
	world_acquire(w, 0, 0);
	world_run(w, 10000);
	assert_int_equal(world_report(w, 0)->cause, REPORT_AUTH);
	assert_int_equal(v1_installed(w, 0) + v1_installed(w, 1), 0);
	world_free(w);
}

/* ---- strangers ---- */

static struct world *fresh(void)
{
	static const struct v1_case c;
	struct world *w = v1_world(&c);

	v1_tunnel(w, ESP, 0);
	return w;
}

static struct world *ready(void)
{
	struct world *w = fresh();
	char why[256];

	world_acquire(w, 0, 0);
	world_run(w, 5000);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	return w;
}

static void first_message(struct world *w, struct world_dg *dg, void *arg)
{
	(void)w;
	if (dg->number == 1)
		blob_set(arg, blob_chunk(&dg->data));
	dg->drop = true;
}

/* 7, 15: one answer for a first message, none on our own account, few half-open ones. */
static void test_flood(void **state)
{
	struct world *w = fresh();
	struct ike_path path = raw1_path(w, 0);
	struct blob mm1 = { 0 };
	unsigned int i;

	(void)state;
	w->hook = first_message;
	w->hook_arg = &mm1;
	world_acquire(w, 0, 0);
	assert_true(mm1.n);
	/* A's own copy was lost; now a flood comes from its address */
	for (i = 0; i < 200; i++) {
		mm1.p[7] = i;
		mm1.p[6] = 1;
		world_inject(w, 0, &path, blob_chunk(&mm1));
		world_settle(w, 10);
	}
	assert_true(w->side[1].ike->half_open <= 32);
	assert_true(w->side[1].sent <= 32);
	/* the same one again: once a second at most */
	for (i = 0; i < 100; i++)
		world_inject(w, 0, &path, blob_chunk(&mm1));
	world_run(w, 2 * MINUTE);
	assert_true(w->side[1].sent <= 34);
	assert_int_equal(w->side[1].ike->half_open, 0);
	blob_free(&mm1);
	world_free(w);
}

/* An Informational without protection, in the name of @sa. */
static void inject_clear(struct world *w, const struct ike_sa *sa,
			 void (*put)(struct wire_out *o, const struct ike_sa *sa))
{
	struct wire_out o;

	raw1_begin(&o, sa, V1_INFO, 77);
	put(&o, sa);
	raw1_send(w, 0, &o);
}

static void put_no_proposal(struct wire_out *o, const struct ike_sa *sa)
{
	(void)sa;
	raw1_notify(o, V1_N_NO_PROPOSAL_CHOSEN);
}

static void put_auth_failed(struct wire_out *o, const struct ike_sa *sa)
{
	(void)sa;
	raw1_notify(o, V1_N_AUTHENTICATION_FAILED);
}

static void put_initial(struct wire_out *o, const struct ike_sa *sa)
{
	(void)sa;
	raw1_notify(o, V1_N_INITIAL_CONTACT);
}

static void put_nothing(struct wire_out *o, const struct ike_sa *sa)
{
	(void)o;
	(void)sa;
}

/* 5, 16: nothing that is not protected has an effect. */
static void test_unprotected(void **state)
{
	void (*const puts[])(struct wire_out * o, const struct ike_sa *sa) = {
		raw1_delete_isakmp,
		put_no_proposal,
		put_auth_failed,
		put_initial,
		put_nothing,
	};
	struct world *w = ready();
	char why[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(puts) / sizeof(puts[0]); i++)
		inject_clear(w, world_ike(w, 1), puts[i]);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	assert_int_equal(world_ikes_up(w, 1), 1);
	world_free(w);
}

/* ---- insiders: messages with the right keys and a wrong content ---- */

/* Send @o as A, sealed, with a right HASH or a wrong one. */
static void send_sealed(struct world *w, struct ike_sa *sa, struct wire_out *o, uint32_t msgid,
			bool spoil)
{
	assert_true(v1_hash_end(sa, o, msgid, chunk(NULL, 0)));
	if (spoil)
		o->w.p[WIRE_HDR_LEN + 6] ^= 1;
	raw1_seal(w, 0, sa, o, msgid);
}

/* 5: a HASH that is wrong, a DELETE twice in a message, DELETE with more behind it. */
static void test_informationals(void **state)
{
	struct world *w = ready();
	struct ike_sa *a = world_ike(w, 0);
	uint32_t spi = world_child(w, 0)->choice.p[0].spi_in;
	struct wire_out o;
	char why[256];

	(void)state;
	v1_hash_begin(a, &o, V1_INFO, 1001);
	raw1_delete_twice(&o, spi);
	send_sealed(w, a, &o, 1001, true);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	/* for whom there is no SA */
	v1_hash_begin(a, &o, V1_INFO, 1002);
	raw1_delete_twice(&o, spi + 1);
	send_sealed(w, a, &o, 1002, false);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	v1_hash_begin(a, &o, V1_INFO, 1003);
	raw1_delete_twice(&o, spi);
	raw1_delete_twice(&o, spi);
	raw1_delete_isakmp(&o, a);
	raw1_delete_isakmp(&o, a);
	raw1_notify(&o, V1_N_R_U_THERE);
	raw1_notify(&o, V1_N_INITIAL_CONTACT);
	send_sealed(w, a, &o, 1003, false);
	assert_int_equal(v1_installed(w, 1), 0);
	assert_int_equal(world_ikes(w, 1), 0);
	world_free(w);
}

static void keep_informational(struct world *w, struct world_dg *dg, void *arg)
{
	struct blob *kept = arg;

	(void)w;
	if (!dg->from && !kept->n && dg->data.p[18] == V1_INFO)
		blob_set(kept, blob_chunk(&dg->data));
}

/* A recorded R-U-THERE is answered once. */
static void test_replay(void **state)
{
	struct world *w = ready();
	struct ike_path path = raw1_path(w, 0);
	struct blob kept = { 0 };
	unsigned int sent, i;

	(void)state;
	w->hook = keep_informational;
	w->hook_arg = &kept;
	v1_probe(world_ike(w, 0));
	world_settle(w, 100);
	assert_true(kept.n);
	sent = w->side[1].sent;
	for (i = 0; i < 50; i++) {
		world_inject(w, 0, &path, blob_chunk(&kept));
		world_settle(w, 100);
	}
	assert_int_equal(w->side[1].sent, sent);
	blob_free(&kept);
	world_free(w);
}

/* 6: quick modes of a peer with the keys, whose content is wrong. */
static void test_quick_insider(void **state)
{
	static const uint8_t fqdn[] = { ID_FQDN, 0, 0, 0, 'x', '.', 'y' };
	static const uint8_t dn[] = { ID_DN, 0, 0, 0, 0x30, 0x80 };
	static const uint8_t short_subnet[] = { ID_IPV4_SUBNET, 0, 0, 0, 10, 0, 1, 0, 255 };
	static const uint8_t holes[] = { ID_IPV4_SUBNET, 0, 0, 0, 10, 0, 1, 0, 255, 0, 255, 0 };
	static const uint8_t backwards[] = { ID_IPV4_RANGE, 0, 0, 0, 10, 0, 1, 9, 10, 0, 1, 1 };
	static const uint8_t good[] = { ID_IPV4_SUBNET, 0, 0, 0, 10, 0, 1, 0, 255, 255, 255, 0 };
	static const uint8_t empty[] = { 0 };
	static const struct {
		const char *why;
		const uint8_t *ci, *cr;
		size_t nci, ncr;
		unsigned int nonce;
		bool no_transforms;
	} rows[] = {
		{ "IDcr is a name", good, fqdn, sizeof(good), sizeof(fqdn), 16, false },
		{ "IDci is a DN", dn, good, sizeof(dn), sizeof(good), 16, false },
		{ "a subnet of 5 bytes", short_subnet, good, sizeof(short_subnet), sizeof(good), 16, false },
		{ "a mask with holes", holes, good, sizeof(holes), sizeof(good), 16, false },
		{ "a range backwards", backwards, good, sizeof(backwards), sizeof(good), 16, false },
		{ "an ID of one byte", empty, good, 1, sizeof(good), 16, false },
		{ "no IDs, but B has tunnels only", NULL, NULL, 0, 0, 16, false },
		{ "one ID", good, NULL, sizeof(good), 0, 16, false },
		{ "no nonce to speak of", good, good, sizeof(good), sizeof(good), 4, false },
		{ "a nonce of 300 bytes", good, good, sizeof(good), sizeof(good), 300, false },
		{ "a proposal without transforms", good, good, sizeof(good), sizeof(good), 16, true },
	};
	uint8_t nonce[512] = { 1 }, spis[CHILD_PROTOS][4];
	struct world *w = ready();
	struct ike_sa *a = world_ike(w, 0);
	struct child_sa *child = world_child(w, 0);
	unsigned int installed = w->side[1].installed;
	struct wire_out o;
	struct v1_sa sa;
	char why[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct writer body = { 0 };

		memset(&sa, 0, sizeof(sa));
		prop_v1_child_offer(child->sainfo, &child->choice, false, spis, &sa);
		if (rows[i].no_transforms)
			sa.prop[0].n = 0;
		v1_put_sa(&body, &sa);
		v1_hash_begin(a, &o, V1_QUICK, 2000 + i);
		wire_put(&o, P1_SA, writer_chunk(&body));
		writer_free(&body);
		wire_put(&o, P1_NONCE, chunk(nonce, rows[i].nonce));
		if (rows[i].ci)
			wire_put(&o, P1_ID, chunk(rows[i].ci, rows[i].nci));
		if (rows[i].cr)
			wire_put(&o, P1_ID, chunk(rows[i].cr, rows[i].ncr));
		send_sealed(w, a, &o, 2000 + i, false);
		world_run(w, 1000);
		if (w->side[1].installed != installed)
			fail_msg("%s: it was accepted", rows[i].why);
	}
	world_run(w, 2 * MINUTE);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	world_free(w);
}

/* ---- 4: fragments ---- */

static void send_piece(struct world *w, const struct ike_sa *sa, uint16_t id, uint8_t number, uint8_t flags,
		       size_t n)
{
	static const uint8_t noise[600] = { 0 };
	struct wire_out o;

	raw1_begin(&o, sa, V1_MAIN, 0);
	wire_open(&o, P1_FRAG);
	put_be16(&o.w, id);
	put_u8(&o.w, number);
	put_u8(&o.w, flags);
	put_bytes(&o.w, chunk(noise, n));
	wire_close(&o);
	raw1_send(w, 0, &o);
}

static void test_fragments(void **state)
{
	struct world *w = ready();
	struct ike_sa *b = world_ike(w, 1);
	unsigned int i;
	char why[256];

	(void)state;
	send_piece(w, b, 1, 0, 0, 100);
	send_piece(w, b, 1, 200, 0, 100);
	send_piece(w, b, 1, 5, 1, 100);
	send_piece(w, b, 1, 3, 1, 100); /* a second end */
	send_piece(w, b, 1, 9, 0, 100); /* beyond the end */
	send_piece(w, b, 1, 1, 0, 0);	/* empty */
	for (i = 1; i <= 255; i++)
		send_piece(w, b, 2, i, i == 255, 1);
	for (i = 0; i < 2000; i++)
		send_piece(w, b, i, 1, 0, 500); /* sets without end */
	assert_true(b->v1->frag.have <= 1 && b->v1->frag.bytes <= 500);
	for (i = 1; i <= 3; i++)
		send_piece(w, b, 7, i, i == 3, 100); /* whole, and no message */
	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	assert_int_equal(world_ikes_up(w, 1), 1);
	world_free(w);
}

static int setup(void **state)
{
	(void)state;
	pki = pki_new("rsa");
	other_pki = pki_new("rsa");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pki_free(pki);
	pki_free(other_pki);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_misfits),
		cmocka_unit_test(test_no_policy),
		cmocka_unit_test(test_no_private_key),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_changed_signature),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_unprotected),
		cmocka_unit_test(test_informationals),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_quick_insider),
		cmocka_unit_test(test_fragments),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
