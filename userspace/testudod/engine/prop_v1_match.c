// SPDX-License-Identifier: GPL-2.0
/*
 * A peer's quick mode proposals against what we want: which bundle of theirs
 * has, by meaning, what stands first with us. It changes nothing.
 */
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "engine/prop_v1_match.h"

#define STAGE "phase 2"

/**
 * v1_match_mode() - take an encapsulation mode apart
 * @encap: V1_ENCAP_*, of the RFC or of the drafts
 * @mode: set to IPSEC_MODE_*
 * @udp: set to whether it is in UDP
 *
 * Return: false for a number that is unknown.
 */
bool v1_match_mode(uint16_t encap, uint8_t *mode, bool *udp)
{
	switch (encap) {
	case V1_ENCAP_TUNNEL:
	case V1_ENCAP_UDP_TUNNEL:
	case V1_ENCAP_UDP_TUNNEL_DRAFT:
		*mode = IPSEC_MODE_TUNNEL;
		break;
	case V1_ENCAP_TRANSPORT:
	case V1_ENCAP_UDP_TRANSPORT:
	case V1_ENCAP_UDP_TRANSPORT_DRAFT:
		*mode = IPSEC_MODE_TRANSPORT;
		break;
	default:
		return false;
	}
	*udp = encap != V1_ENCAP_TUNNEL && encap != V1_ENCAP_TRANSPORT;
	return true;
}

static bool any_tunnel(const struct child_choice *want)
{
	unsigned int i;

	for (i = 0; i < want->n; i++)
		if (want->p[i].mode == IPSEC_MODE_TUNNEL)
			return true;
	return false;
}

/* Nothing said leaves the mode to us (RFC 2407 4.5); of a bundle see complex_bundle. */
static bool mode_ok(const struct child_choice *want, unsigned int i, uint16_t encap)
{
	uint8_t mode;
	bool udp;

	if (!encap)
		return true;
	if (!v1_match_mode(encap, &mode, &udp))
		return false;
	if (want->p[i].proto == IPPROTO_ESP && udp != want->udp)
		return false;
	return mode == want->p[i].mode ||
	       (want->n > 1 && mode == IPSEC_MODE_TUNNEL && any_tunnel(want));
}

static bool pfs_ok(const struct v1_rules *rules, uint16_t group)
{
	const struct alg *alg = alg_by_v1_phase1(ALG_DH, group);

	if (group && (!alg || alg->flags & ALG_GONE))
		return false;
	if (alg == rules->want->pfs)
		return true;
	if (!rules->any_pfs || rules->chosen)
		return false;
	return !alg || rules->insecure || !(alg->flags & ALG_BROKEN);
}

static bool encr_rank(const struct v1_rules *rules, const struct alg_key *theirs, unsigned int *rank)
{
	unsigned int i;

	for (i = 0; i < rules->lists.nencr; i++) {
		const struct alg_key *k = &rules->lists.encr[i];

		if (k->alg == theirs->alg &&
		    (rules->longer ? k->bits <= theirs->bits : k->bits == theirs->bits)) {
			*rank = i;
			return true;
		}
	}
	return false;
}

static bool integ_rank(const struct v1_rules *rules, const struct alg *theirs, unsigned int *rank)
{
	unsigned int i;

	*rank = 0;
	if (!theirs)
		return true;
	for (i = 0; i < rules->lists.ninteg; i++)
		if (rules->lists.integ[i] == theirs) {
			*rank = i;
			return true;
		}
	return false;
}

/* their transform as algorithms; false if it is none that makes sense */
static bool read_esp(const struct v1_trans *t, struct alg_key *encr, const struct alg **integ)
{
	encr->alg = alg_by_v1_ipsec(ALG_ENCR, t->id);
	if (!encr->alg || !alg_has_keylen(encr->alg, t->keylen))
		return false;
	encr->bits = prop_bits(encr->alg, t->keylen);
	*integ = t->integ ? alg_by_v1_ipsec(ALG_INTEG, t->integ) : NULL;
	if (t->integ && !*integ)
		return false;
	if (!*integ && !prop_is_aead(encr->alg))
		*integ = prop_none();
	return prop_pair_ok(encr->alg, *integ);
}

static bool read_trans(uint8_t proto, const struct v1_trans *t, struct alg_key *encr,
		       const struct alg **integ)
{
	*encr = (struct alg_key){ 0 };
	*integ = NULL;
	if (t->unknown)
		return false;
	if (proto == IPPROTO_ESP)
		return read_esp(t, encr, integ);
	if (proto == IPPROTO_COMP)
		return alg_by_v1_ipsec(ALG_COMP, t->id) == alg_by_name(ALG_COMP, "deflate");
	*integ = alg_by_v1_ah(t->id);
	return *integ && (*integ)->v1_ipsec == t->integ;
}

/* algorithms of @t for part @i; @part has them on success */
static bool algs_fit(const struct v1_rules *rules, unsigned int i, const struct v1_trans *t,
		     struct v1_part *part)
{
	const struct child_proto *p = &rules->want->p[i];
	unsigned int e = 0, a = 0;

	if (!read_trans(p->proto, t, &part->encr, &part->integ) ||
	    (t->esn && part->integ && prop_is_none(part->integ)))
		return false;
	if (rules->chosen)
		return part->encr.alg == p->encr.alg && part->encr.bits == p->encr.bits &&
		       part->integ == p->integ;
	if ((part->encr.alg && !encr_rank(rules, &part->encr, &e)) ||
	    !integ_rank(rules, part->integ, &a))
		return false;
	part->rank = 2 * (e * CONF_ALGS + a) + !t->esn;
	return true;
}

static bool trans_fits(const struct v1_rules *rules, unsigned int i, const struct v1_trans *t,
		       struct v1_part *part)
{
	const struct child_choice *want = rules->want;

	if (t->esn > want->esn || (rules->chosen && want->p[i].proto != IPPROTO_COMP &&
				   t->esn != want->esn))
		return false;
	if (!mode_ok(want, i, t->encap) || !pfs_ok(rules, t->group) ||
	    !prop_life_ok(rules->check, want->life, t->seconds))
		return false;
	if (rules->check == CONF_CHECK_EXACT && want->kilobytes != t->kilobytes)
		return false;
	return algs_fit(rules, i, t, part);
}

/* All parts have the same PFS group, and all that have numbers the same ESN. */
static bool together(const struct v1_rules *rules, const struct v1_match *m, unsigned int i,
		     const struct v1_trans *t)
{
	unsigned int k;

	for (k = 0; k < i; k++) {
		if (m->part[k].t->group != t->group)
			return false;
		if (rules->want->p[k].proto != IPPROTO_COMP &&
		    rules->want->p[i].proto != IPPROTO_COMP && m->part[k].t->esn != t->esn)
			return false;
	}
	return true;
}

static bool read_spi(const struct wire_prop *prop, uint32_t *spi)
{
	bool cpi = prop->proto == V1_PROTO_IPCOMP;
	size_t i;

	*spi = 0;
	if (prop->spi.n != 4 && !(cpi && prop->spi.n == 2))
		return false;
	for (i = 0; i < prop->spi.n; i++)
		*spi = *spi << 8 | prop->spi.p[i];
	return *spi && (!cpi || *spi <= UINT16_MAX);
}

/* the best of the transforms of one proposal for part @i */
static bool match_part(const struct v1_rules *rules, const struct v1_sa *theirs,
		       const struct wire_prop *prop, unsigned int i, struct v1_match *m)
{
	struct v1_part part = { .prop = prop };
	bool found = false;
	unsigned int k;

	if (!read_spi(prop, &part.spi) ||
	    (rules->chosen && part.spi != rules->want->p[i].spi_out))
		return false;
	for (k = 0; k < prop->n; k++) {
		part.t = &theirs->trans[prop->first + k];
		if (!trans_fits(rules, i, part.t, &part) || !together(rules, m, i, part.t))
			continue;
		if (found && m->part[i].rank <= part.rank)
			continue;
		m->part[i] = part;
		found = true;
	}
	return found;
}

/* the proposal of protocol @proto with number @number, if there is exactly one */
static const struct wire_prop *member(const struct v1_sa *theirs, uint8_t number, uint8_t proto)
{
	const struct wire_prop *found = NULL;
	unsigned int i;

	for (i = 0; i < theirs->nprop; i++) {
		if (theirs->prop[i].number != number ||
		    v1_ipproto(theirs->prop[i].proto) != proto)
			continue;
		if (found)
			return NULL;
		found = &theirs->prop[i];
	}
	return found;
}

static unsigned int members(const struct v1_sa *theirs, uint8_t number)
{
	unsigned int i, n = 0;

	for (i = 0; i < theirs->nprop; i++)
		n += theirs->prop[i].number == number;
	return n;
}

static bool match_bundle(const struct v1_rules *rules, const struct v1_sa *theirs, uint8_t number,
			 struct v1_match *m)
{
	const struct child_choice *want = rules->want;
	unsigned int i;

	memset(m, 0, sizeof(*m));
	if (members(theirs, number) != want->n)
		return false;
	for (i = 0; i < want->n; i++) {
		const struct wire_prop *prop = member(theirs, number, want->p[i].proto);

		if (!prop || !match_part(rules, theirs, prop, i, m))
			return false;
		if (want->p[i].proto != IPPROTO_COMP)
			m->esn = m->part[i].t->esn;
	}
	m->pfs = want->n ? alg_by_v1_phase1(ALG_DH, m->part[0].t->group) : NULL;
	return want->n;
}

/**
 * v1_match() - the bundle of theirs that stands first with us
 * @rules: what is taken
 * @theirs: the peer's SA payload
 * @m: filled in
 *
 * Return: false if none fits.
 */
bool v1_match(const struct v1_rules *rules, const struct v1_sa *theirs, struct v1_match *m)
{
	bool found = false;
	struct v1_match one;
	unsigned int i, k;

	for (i = 0; i < theirs->nprop; i++) {
		if (!match_bundle(rules, theirs, theirs->prop[i].number, &one))
			continue;
		for (k = 0; found && k < rules->want->n; k++)
			if (one.part[k].rank != m->part[k].rank)
				break;
		if (found && (k == rules->want->n || one.part[k].rank > m->part[k].rank))
			continue;
		*m = one;
		found = true;
	}
	return found;
}

/* ---- what differs ---- */

static const char *bundle_text(bool comp, bool esp, bool ah, char buf[DIFF_TEXT])
{
	snprintf(buf, DIFF_TEXT, "%s%s%s%s%s", esp ? "esp" : "", esp && ah ? "+" : "",
		 ah ? "ah" : "", comp && (esp || ah) ? "+" : "", comp ? "ipcomp" : "");
	return buf;
}

static void diff_protocols(const struct v1_rules *rules, const struct v1_sa *theirs,
			   struct diff_attr *a)
{
	bool has[256] = { false };
	char buf[DIFF_TEXT];
	unsigned int i, k;

	for (i = 0; i < rules->want->n; i++)
		has[rules->want->p[i].proto] = true;
	diff_value(&a->mine, bundle_text(has[IPPROTO_COMP], has[IPPROTO_ESP], has[IPPROTO_AH], buf),
		   "");
	for (i = 0; i < theirs->nprop; i++) {
		memset(has, 0, sizeof(has));
		for (k = 0; k < theirs->nprop; k++)
			if (theirs->prop[k].number == theirs->prop[i].number)
				has[v1_ipproto(theirs->prop[k].proto)] = true;
		diff_value(&a->theirs,
			   bundle_text(has[IPPROTO_COMP], has[IPPROTO_ESP], has[IPPROTO_AH], buf),
			   "");
	}
}

static const char *mode_text(uint8_t mode, bool udp, char buf[DIFF_TEXT])
{
	snprintf(buf, DIFF_TEXT, "%s%s", mode == IPSEC_MODE_TUNNEL ? "tunnel" : "transport",
		 udp ? " in UDP" : "");
	return buf;
}

static void diff_group(const struct v1_rules *rules, uint16_t group, struct diff_attr *a)
{
	const struct alg *alg = alg_by_v1_phase1(ALG_DH, group);
	char buf[DIFF_TEXT] = "none";

	if (group)
		diff_alg_text(alg, 0, group, buf);
	diff_value(&a->theirs, buf, group && diff_is_safe(alg) ? buf : "");
	if (pfs_ok(rules, group))
		diff_value(&a->mine, buf, "");
}

/* racoon.conf's words for a transform that could be recommended as a whole */
static void diff_whole(const struct alg *encr, const struct alg *integ, uint16_t bits,
		       struct diff *d)
{
	char e[DIFF_TEXT];

	if (d->whole[0] || !diff_is_safe(encr) || !alg_has_keylen(encr, bits) ||
	    (integ ? !diff_is_safe(integ) : !prop_is_aead(encr)))
		return;
	snprintf(d->whole, sizeof(d->whole), "encryption_algorithm %s;%s%s%s",
		 diff_alg_text(encr, bits, 0, e), integ ? " authentication_algorithm " : "",
		 integ ? integ->name : "", integ ? ";" : "");
}

static void diff_trans(const struct v1_rules *rules, bool esp, const struct v1_trans *t,
		       struct diff *d, struct diff_attr *a[4])
{
	const struct alg *encr = esp ? alg_by_v1_ipsec(ALG_ENCR, t->id) : NULL;
	const struct alg *integ = esp ? alg_by_v1_ipsec(ALG_INTEG, t->integ) : alg_by_v1_ah(t->id);
	char buf[DIFF_TEXT];
	uint8_t mode;
	bool udp;

	if (esp)
		diff_alg(&a[0]->theirs, encr, t->keylen, t->id, 0);
	if (esp && !t->integ && !(encr && prop_is_aead(encr)))
		integ = prop_none();
	if (integ || t->integ)
		diff_alg(&a[1]->theirs, integ, 0, t->integ, 0);
	if (v1_match_mode(t->encap, &mode, &udp))
		diff_value(&a[2]->theirs, mode_text(mode, udp, buf), "");
	diff_group(rules, t->group, a[3]);
	if (esp)
		diff_whole(encr, integ, t->keylen, d);
}

static void diff_theirs(const struct v1_rules *rules, const struct v1_sa *theirs, unsigned int part,
			struct diff *d, struct diff_attr *a[4])
{
	uint8_t proto = rules->want->p[part].proto;
	unsigned int i, k;

	for (i = 0; i < theirs->nprop; i++) {
		const struct wire_prop *prop = &theirs->prop[i];

		if (v1_ipproto(prop->proto) != proto)
			continue;
		for (k = 0; k < prop->n; k++)
			diff_trans(rules, proto == IPPROTO_ESP, &theirs->trans[prop->first + k], d,
				   a);
	}
}

static void diff_mine(const struct v1_rules *rules, unsigned int part, struct diff_attr *a[4])
{
	const struct child_choice *want = rules->want;
	const struct child_proto *p = &want->p[part];
	bool needs_integ = p->proto == IPPROTO_AH;
	char buf[DIFF_TEXT];
	unsigned int i;

	for (i = 0; p->proto == IPPROTO_ESP && i < rules->lists.nencr; i++) {
		const struct alg_key *k = &rules->lists.encr[i];

		if (!k->alg->v1_ipsec)
			continue;
		diff_alg(&a[0]->mine, k->alg, k->bits, 0, 0);
		needs_integ |= !prop_is_aead(k->alg);
	}
	for (i = 0; needs_integ && i < rules->lists.ninteg; i++)
		diff_alg(&a[1]->mine, rules->lists.integ[i], 0, 0, 0);
	diff_value(&a[2]->mine, mode_text(p->mode, want->udp && p->proto == IPPROTO_ESP, buf), "");
	if (want->n > 1 && any_tunnel(want))
		diff_value(&a[2]->mine, mode_text(IPSEC_MODE_TUNNEL, want->udp && p->proto == IPPROTO_ESP, buf), "");
	diff_value(&a[3]->mine, want->pfs ? want->pfs->name : "none", "");
}

static bool life_alone(const struct v1_rules *rules, const struct v1_sa *theirs, const char *verb,
		       struct report *why)
{
	struct v1_rules lax = *rules;
	const struct v1_trans *t;
	struct v1_match m;

	lax.check = CONF_CHECK_OBEY;
	if (!strcmp(verb, "answers") || !v1_match(&lax, theirs, &m))
		return false;
	t = m.part[0].t;
	if (prop_life_ok(rules->check, rules->want->life, t->seconds))
		prop_life_report(STAGE, rules->check, "KB", rules->want->kilobytes, t->kilobytes,
				 why);
	else
		prop_life_report(STAGE, rules->check, "s", rules->want->life, t->seconds, why);
	return true;
}

/**
 * v1_match_report() - say why nothing fits
 * @rules: what is taken
 * @theirs: the peer's SA payload
 * @verb: "offers" or "answers"
 * @why: filled in
 */
void v1_match_report(const struct v1_rules *rules, const struct v1_sa *theirs, const char *verb,
		     struct report *why)
{
	struct diff d = { 0 };
	struct diff_attr *a[4];
	unsigned int part = 0, i;

	if (life_alone(rules, theirs, verb, why))
		return;
	for (i = 0; i < rules->want->n; i++)
		if (rules->want->p[i].proto == IPPROTO_ESP)
			part = i;
	diff_protocols(rules, theirs, diff_attr(&d, "protocol", NULL));
	a[0] = diff_attr(&d, "encryption", "encryption_algorithm");
	a[1] = diff_attr(&d, "integrity", "authentication_algorithm");
	a[2] = diff_attr(&d, "mode", NULL);
	a[3] = diff_attr(&d, "PFS group", "pfs_group");
	if (rules->want->n) {
		diff_mine(rules, part, a);
		diff_theirs(rules, theirs, part, &d, a);
	}
	diff_report(&d, STAGE, verb, why);
}
