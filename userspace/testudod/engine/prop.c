// SPDX-License-Identifier: GPL-2.0
/*
 * What a configuration and a policy ask for, before any peer has a say: the
 * lists behind a sainfo, a child's wish, and the printed form of both.
 */
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "engine/prop_int.h"

/* Without a word in the file: RFC 8247 2.1 and RFC 8221 5, the strong and fast ones first. */
static const struct {
	const char *name;
	uint16_t bits;
} default_encr[] = {
	{ "aes_gcm_16", 256 },
	{ "chacha20poly1305", 0 },
	{ "aes_gcm_16", 128 },
	{ "aes", 256 },
	{ "aes", 128 },
};

static const char *const default_integ[] = { "hmac_sha256", "hmac_sha384", "hmac_sha512" };

/**
 * prop_default_encr() - the ciphers for a file that names none
 * @i: 0, 1, 2, ...
 * @k: filled in
 *
 * Return: false past the end.
 */
bool prop_default_encr(size_t i, struct alg_key *k)
{
	if (i >= sizeof(default_encr) / sizeof(default_encr[0]))
		return false;
	k->alg = alg_by_name(ALG_ENCR, default_encr[i].name);
	k->bits = default_encr[i].bits;
	return true;
}

/**
 * prop_bits() - a key length as struct alg_key has it
 * @alg: cipher
 * @bits: length that was said, 0: none
 *
 * Return: 0 where the length is fixed, else @bits or the default.
 */
uint16_t prop_bits(const struct alg *alg, unsigned int bits)
{
	if (!alg->keylens[0])
		return 0;
	return bits ? bits : alg->keylen;
}

/** prop_is_aead() - does the cipher authenticate too? */
bool prop_is_aead(const struct alg *alg)
{
	return alg->flags & ALG_AEAD;
}

/** prop_is_none() - is it racoon's word for no authentication? */
bool prop_is_none(const struct alg *integ)
{
	return !integ->icv;
}

/** prop_none() - the row of racoon's word for no authentication */
const struct alg *prop_none(void)
{
	return alg_by_name(ALG_INTEG, "non_auth");
}

/**
 * prop_pair_ok() - may a cipher and an integrity algorithm be one SA?
 * @encr: cipher
 * @integ: integrity algorithm, NULL: none is needed
 *
 * Return: false for an AEAD that gets one, for a cipher that gets none, and
 * for neither secrecy nor integrity.
 */
bool prop_pair_ok(const struct alg *encr, const struct alg *integ)
{
	if (prop_is_aead(encr))
		return !integ;
	return integ && !(prop_is_none(integ) && !encr->keylen);
}

static void lists_encr(struct prop_lists *lists, const struct alg *alg, uint16_t bits)
{
	unsigned int i;

	for (i = 0; i < lists->nencr; i++)
		if (lists->encr[i].alg == alg && lists->encr[i].bits == bits)
			return;
	if (lists->nencr < PROP_ENCRS)
		lists->encr[lists->nencr++] = (struct alg_key){ alg, bits };
}

/**
 * prop_lists() - the algorithms that a sainfo stands for
 * @sainfo: block
 * @lists: filled in
 */
void prop_lists(const struct conf_sainfo *sainfo, struct prop_lists *lists)
{
	unsigned int i, len;
	struct alg_key k;

	lists->nencr = 0;
	lists->ninteg = 0;
	for (i = 0; i < sainfo->nencr; i++) {
		const struct alg_key *e = &sainfo->encr[i];

		if (e->bits || !e->alg->keylens[0])
			lists_encr(lists, e->alg, prop_bits(e->alg, e->bits));
		for (len = 0; !e->bits && e->alg->keylens[len]; len++)
			lists_encr(lists, e->alg, e->alg->keylens[len]);
	}
	for (i = 0; !sainfo->nencr && prop_default_encr(i, &k); i++)
		lists_encr(lists, k.alg, k.bits);
	for (i = 0; i < sainfo->ninteg; i++)
		lists->integ[lists->ninteg++] = sainfo->integ[i];
	for (i = 0; !sainfo->ninteg && i < sizeof(default_integ) / sizeof(default_integ[0]); i++)
		lists->integ[lists->ninteg++] = alg_by_name(ALG_INTEG, default_integ[i]);
}

/**
 * prop_min() - the smaller of two limits
 * @a: one, 0: none
 * @b: the other, 0: none
 *
 * Return: limit, 0: none.
 */
uint64_t prop_min(uint64_t a, uint64_t b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

/**
 * prop_life_ok() - does proposal_check let us take the peer's lifetime?
 * @check: racoon's word: strict takes no longer one than ours, exact none but
 *	ours
 * @mine: ours, 0: no limit
 * @theirs: the peer's, 0: it says none
 *
 * The shorter one rules in any case, so a longer one costs nothing: that it is
 * refused is what racoon's users asked for by the word, or by saying nothing.
 *
 * Return: true if so.
 */
bool prop_life_ok(enum conf_check check, uint64_t mine, uint64_t theirs)
{
	if (check == CONF_CHECK_EXACT)
		return mine == theirs;
	if (check == CONF_CHECK_STRICT)
		return !mine || theirs <= mine;
	return true;
}

/**
 * prop_life_report() - a proposal fits but for its lifetime
 * @stage: where in the negotiation
 * @check: proposal_check in force
 * @unit: "s" or "KB"
 * @mine: ours
 * @theirs: the peer's
 * @why: filled in
 */
void prop_life_report(const char *stage, enum conf_check check, const char *unit, uint64_t mine,
		      uint64_t theirs, struct report *why)
{
	bool exact = check == CONF_CHECK_EXACT;
	char m[DIFF_TEXT], t[DIFF_TEXT];

	snprintf(m, sizeof(m), "%llu %s", (unsigned long long)mine, unit);
	snprintf(t, sizeof(t), "%llu %s", (unsigned long long)theirs, unit);
	report_set(why, REPORT_NO_PROPOSAL, stage,
		   "no proposal fits: lifetime: we have %s, the peer wants %s, and proposal_check %s takes %s",
		   m, t, exact ? "exact" : "strict", exact ? "no other" : "no longer one");
	report_row(why, true, "lifetime", m, t);
	report_fix(why, "proposal_check claim;");
}

/**
 * prop_auth_name() - name of an IKEv1 authentication method
 * @auth: attribute value
 * @buf: room for one that has no name
 *
 * Return: as racoon.conf spells it.
 */
const char *prop_auth_name(unsigned int auth, char buf[DIFF_TEXT])
{
	static const struct {
		uint16_t value;
		const char *name;
	} names[] = {
		{ IKE_AUTH_PSK, "pre_shared_key" },
		{ 2, "dsssig" },
		{ IKE_AUTH_RSASIG, "rsasig" },
		{ 4, "rsaenc" },
		{ 5, "rsarev" },
		{ 9, "ecdsa_256" },
		{ 10, "ecdsa_384" },
		{ 11, "ecdsa_521" },
		{ 64221, "hybrid_rsa_client" },
		{ 64222, "hybrid_rsa_server" },
		{ 65001, "xauth_psk_client" },
		{ 65002, "xauth_psk_server" },
		{ 65005, "xauth_rsa_client" },
		{ 65006, "xauth_rsa_server" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].value == auth)
			return names[i].name;
	snprintf(buf, DIFF_TEXT, "number %u", auth);
	return buf;
}

/**
 * prop_block() - a phase 1 proposal as the file would say it
 * @encr: cipher
 * @hash: hash
 * @auth: authentication method, 0: leave it out
 * @dh: group
 * @buf: where to
 * @size: bytes of it
 */
void prop_block(const struct alg_key *encr, const struct alg *hash, unsigned int auth,
		const struct alg *dh, char *buf, size_t size)
{
	char e[DIFF_TEXT], a[DIFF_TEXT];

	diff_alg_text(encr->alg, encr->bits, 0, e);
	snprintf(buf, size,
		 "proposal { encryption_algorithm %s; hash_algorithm %s; %s%s%sdh_group %s; }", e,
		 hash->name, auth ? "authentication_method " : "",
		 auth ? prop_auth_name(auth, a) : "", auth ? "; " : "", dh->name);
}

/* ---- children ---- */

/**
 * prop_child_want() - what a policy asks for
 * @policy: outbound policy
 * @sainfo: block that rules it
 * @want: filled in, without SPIs and algorithms
 */
void prop_child_want(const struct policy *policy, const struct conf_sainfo *sainfo,
		     struct child_choice *want)
{
	unsigned int i;

	memset(want, 0, sizeof(*want));
	want->n = policy->n < CHILD_PROTOS ? policy->n : CHILD_PROTOS;
	for (i = 0; i < want->n; i++) {
		const struct policy_request *req = &policy->req[i];
		struct child_proto *p = &want->p[i];

		p->proto = req->proto;
		p->mode = req->mode;
		p->reqid = req->reqid;
		p->src = req->src;
		p->dst = req->dst;
	}
	want->pfs = sainfo->pfs;
	want->esn = sainfo->esn;
	want->life = sainfo->lifetime;
	want->kilobytes = sainfo->lifebytes;
}

/**
 * prop_encr_bytes() - key bytes that the cipher of one SA takes
 * @p: protocol with its choice
 *
 * Return: bytes, salt included.
 */
size_t prop_encr_bytes(const struct child_proto *p)
{
	const struct alg *alg = p->encr.alg;

	if (!alg)
		return 0;
	return (p->encr.bits ? p->encr.bits : alg->keylen) / 8 + alg->salt;
}

/**
 * prop_integ_bytes() - key bytes that the integrity algorithm of one SA takes
 * @p: protocol with its choice
 *
 * Return: bytes.
 */
size_t prop_integ_bytes(const struct child_proto *p)
{
	return p->integ ? p->integ->keylen / 8 : 0;
}

/* ---- printed ---- */

static void print_v1_trans(FILE *out, const struct v1_trans *t)
{
	const struct alg *encr = alg_by_v1_phase1(ALG_ENCR, t->encr);
	const struct alg *hash = alg_by_v1_phase1(ALG_HASH, t->hash);
	const struct alg *dh = alg_by_v1_phase1(ALG_DH, t->group);
	char e[DIFF_TEXT], h[DIFF_TEXT], d[DIFF_TEXT], a[DIFF_TEXT];

	fprintf(out, "IKEv1 transform %u: %s, %s, %s, %s, %u s\n", t->number,
		diff_alg_text(encr, t->keylen, t->encr, e), diff_alg_text(hash, 0, t->hash, h),
		prop_auth_name(t->auth, a), diff_alg_text(dh, 0, t->group, d), t->seconds);
}

static void print_v2_prop(FILE *out, const struct v2_sa *sa, const struct wire_prop *p)
{
	static const char *const names[] = { "", "encryption", "prf", "integrity", "group", "esn" };
	unsigned int i;

	for (i = p->first; i < p->first + p->n; i++) {
		const struct v2_trans *t = &sa->trans[i];
		char text[DIFF_TEXT];

		fprintf(out, "IKEv2 proposal %u: %s %s\n", p->number, names[t->type],
			diff_alg_text(alg_by_v2(t->type, t->id), t->keylen, t->id, text));
	}
}

/**
 * prop_print_ike() - what a remote would be offered, one line a transform
 * @out: where to
 * @remote: block
 */
void prop_print_ike(FILE *out, const struct conf_remote *remote)
{
	struct v1_sa v1;
	struct v2_sa v2;
	unsigned int i, k;

	for (k = 0; k < sizeof(remote->versions) && remote->versions[k]; k++) {
		if (remote->versions[k] == 1) {
			prop_v1_ike_offer(remote, remote->exchanges[0], &v1);
			for (i = 0; i < v1.ntrans; i++)
				print_v1_trans(out, &v1.trans[i]);
		} else {
			prop_v2_ike_offer(remote, chunk(NULL, 0), &v2);
			for (i = 0; i < v2.nprop; i++)
				print_v2_prop(out, &v2, &v2.prop[i]);
		}
	}
}

/* extended sequence numbers are offered to whom? */
static const char *print_esn(const struct conf_sainfo *sainfo, const struct conf_remote *remote,
			     const struct alg *integ)
{
	bool v1 = strchr((const char *)remote->versions, 1);
	bool v2 = strchr((const char *)remote->versions, 2);

	if (!sainfo->esn || (integ && prop_is_none(integ)) || (!v2 && !sainfo->esn_said))
		return "";
	return v1 && !sainfo->esn_said ? ", esn (IKEv2 only)" : ", esn";
}

static void print_pair(FILE *out, const struct alg_key *encr, const struct alg *integ,
		       const struct conf_sainfo *sainfo, const struct conf_remote *remote)
{
	bool v1 = encr->alg->v1_ipsec && (!integ || integ->v1_ipsec || prop_is_none(integ));
	bool v1_asked = strchr((const char *)remote->versions, 1);
	char e[DIFF_TEXT];

	if (!v1 && !strchr((const char *)remote->versions, 2))
		return;
	fprintf(out, "ESP: %s%s%s, %s%s, %u s", diff_alg_text(encr->alg, encr->bits, 0, e),
		integ ? ", " : "", integ ? integ->name : "", sainfo->pfs ? "group " : "no group",
		sainfo->pfs ? sainfo->pfs->name : "", sainfo->lifetime);
	if (sainfo->lifebytes)
		fprintf(out, ", %llu KB", (unsigned long long)sainfo->lifebytes);
	fprintf(out, "%s%s\n", print_esn(sainfo, remote, integ), v1 || !v1_asked ? "" : " (IKEv2 only)");
}

/**
 * prop_print_child() - what a sainfo would offer for ESP, one line a transform
 * @out: where to
 * @sainfo: block
 * @remote: for whom, which is which versions of IKE
 */
void prop_print_child(FILE *out, const struct conf_sainfo *sainfo,
		      const struct conf_remote *remote)
{
	struct prop_lists lists;
	unsigned int e, i;

	prop_lists(sainfo, &lists);
	for (e = 0; e < lists.nencr; e++) {
		if (prop_is_aead(lists.encr[e].alg)) {
			print_pair(out, &lists.encr[e], NULL, sainfo, remote);
			continue;
		}
		for (i = 0; i < lists.ninteg; i++)
			if (prop_pair_ok(lists.encr[e].alg, lists.integ[i]))
				print_pair(out, &lists.encr[e], lists.integ[i], sainfo, remote);
	}
}
