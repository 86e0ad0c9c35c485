// SPDX-License-Identifier: GPL-2.0
/*
 * Quick mode's proposals: the offer, the choice, its answer, and the check of
 * an answer. Proposals with one number belong together: a bundle.
 */
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <string.h>

#include "engine/prop_int.h"
#include "engine/prop_v1_match.h"

/*
 * racoon's default calls every part of a bundle a tunnel if one of them is;
 * complex_bundle names each part's own mode.
 */
static uint16_t encap(const struct child_choice *want, unsigned int i, bool complex_bundle)
{
	bool tunnel = want->p[i].mode == IPSEC_MODE_TUNNEL;
	unsigned int k;

	for (k = 0; !complex_bundle && k < want->n; k++)
		tunnel |= want->p[k].mode == IPSEC_MODE_TUNNEL;
	if (!want->udp || want->p[i].proto != IPPROTO_ESP)
		return tunnel ? V1_ENCAP_TUNNEL : V1_ENCAP_TRANSPORT;
	if (want->udp_draft)
		return tunnel ? V1_ENCAP_UDP_TUNNEL_DRAFT : V1_ENCAP_UDP_TRANSPORT_DRAFT;
	return tunnel ? V1_ENCAP_UDP_TUNNEL : V1_ENCAP_UDP_TRANSPORT;
}

/* our SPI as the wire has it: of IPComp the CPI's two bytes */
static struct chunk spi_bytes(const struct child_proto *p, uint8_t spi[4])
{
	if (p->proto == IPPROTO_COMP) {
		spi[0] = p->spi_in >> 8;
		spi[1] = p->spi_in;
		return chunk(spi, 2);
	}
	spi[0] = p->spi_in >> 24;
	spi[1] = p->spi_in >> 16;
	spi[2] = p->spi_in >> 8;
	spi[3] = p->spi_in;
	return chunk(spi, 4);
}

/**
 * struct offer - transforms of one proposal while they are written
 * @sa: where to
 * @prop: the proposal
 * @most: transforms that it may have
 * @like: what all its transforms have alike
 */
struct offer {
	struct v1_sa *sa;
	struct wire_prop *prop;
	unsigned int most;
	struct v1_trans like;
};

static void offer_put(struct offer *o, uint8_t id, uint16_t keylen, uint16_t integ)
{
	struct v1_trans *t = &o->sa->trans[o->sa->ntrans];

	if (o->prop->n == o->most)
		return;
	*t = o->like;
	t->number = ++o->prop->n;
	t->id = id;
	t->keylen = keylen;
	t->integ = integ;
	o->sa->ntrans++;
}

static void offer_esp(struct offer *o, const struct prop_lists *lists)
{
	unsigned int e, i;

	for (e = 0; e < lists->nencr; e++) {
		const struct alg_key *k = &lists->encr[e];

		if (!k->alg->v1_ipsec)
			continue;
		if (prop_is_aead(k->alg))
			offer_put(o, k->alg->v1_ipsec, k->bits, 0);
		for (i = 0; !prop_is_aead(k->alg) && i < lists->ninteg; i++) {
			const struct alg *integ = lists->integ[i];

			/* the upper half of extended numbers is in the ICV alone (RFC 4303 2.2.1) */
			if (prop_is_none(integ) && o->like.esn)
				continue;
			if (prop_pair_ok(k->alg, integ) && (integ->v1_ipsec || prop_is_none(integ)))
				offer_put(o, k->alg->v1_ipsec, k->bits, integ->v1_ipsec);
		}
	}
}

static void offer_ah(struct offer *o, const struct prop_lists *lists)
{
	unsigned int i;

	for (i = 0; i < lists->ninteg; i++)
		if (lists->integ[i]->v1_ah)
			offer_put(o, lists->integ[i]->v1_ah, 0, lists->integ[i]->v1_ipsec);
}

static void offer_proto(struct offer *o, const struct prop_lists *lists, uint8_t proto)
{
	if (proto == IPPROTO_ESP)
		offer_esp(o, lists);
	else if (proto == IPPROTO_AH)
		offer_ah(o, lists);
	else
		offer_put(o, alg_by_name(ALG_COMP, "deflate")->v1_ipsec, 0, 0);
}

/**
 * prop_v1_child_offer() - what to send in quick mode
 * @sainfo: block
 * @want: protocols, modes, SPIs, PFS, lifetimes
 * @complex_bundle: racoon's switch of that name
 * @spis: where the SPIs' bytes live while @sa is used
 * @sa: filled in; without proposals if IKEv1 can say none for some protocol
 */
void prop_v1_child_offer(const struct conf_sainfo *sainfo, const struct child_choice *want,
			 bool complex_bundle, uint8_t spis[CHILD_PROTOS][4], struct v1_sa *sa)
{
	struct prop_lists lists;
	unsigned int i;

	memset(sa, 0, sizeof(*sa));
	prop_lists(sainfo, &lists);
	for (i = 0; i < want->n; i++) {
		struct offer o = { .sa = sa, .prop = &sa->prop[i] };

		o.most = V1_TRANSFORMS / want->n;
		o.prop->number = 1;
		o.prop->proto = v1_proto_of(want->p[i].proto);
		o.prop->spi = spi_bytes(&want->p[i], spis[i]);
		o.prop->first = sa->ntrans;
		o.like.encap = encap(want, i, complex_bundle);
		o.like.group = want->pfs ? want->pfs->v1_phase1 : 0;
		o.like.seconds = want->life;
		o.like.kilobytes = want->kilobytes < UINT32_MAX ? want->kilobytes : UINT32_MAX;
		/* a peer of racoon's time may refuse a whole proposal for an attribute it does not know */
		if (want->esn && sainfo->esn_said && want->p[i].proto != IPPROTO_COMP) {
			o.like.esn = 1;
			offer_proto(&o, &lists, want->p[i].proto);
			o.like.esn = 0;
		}
		offer_proto(&o, &lists, want->p[i].proto);
		if (!o.prop->n) {
			sa->nprop = 0;
			return;
		}
		sa->nprop++;
	}
}

static void take(const struct v1_match *m, struct child_choice *want)
{
	unsigned int i;

	for (i = 0; i < want->n; i++) {
		want->p[i].encr = m->part[i].encr;
		want->p[i].integ = m->part[i].integ;
		want->p[i].spi_out = m->part[i].spi;
		want->life = prop_min(want->life, m->part[i].t->seconds);
		want->kilobytes = prop_min(want->kilobytes, m->part[i].t->kilobytes);
	}
	want->pfs = m->pfs;
	want->esn = m->esn;
}

/**
 * prop_v1_child_choose() - the first of ours that is among theirs
 * @sainfo: block
 * @remote: block with proposal_check; NULL: obey
 * @theirs: what the peer offers
 * @want: what the policy asks for; completed on success, untouched else
 * @why: on failure: what differs
 *
 * Return: false if there is none.
 */
bool prop_v1_child_choose(const struct conf_sainfo *sainfo, const struct conf_remote *remote,
			  const struct v1_sa *theirs, struct child_choice *want,
			  struct report *why)
{
	struct v1_rules rules = { .want = want, .insecure = sainfo->insecure };
	struct v1_match m;

	rules.check = remote ? remote->check : CONF_CHECK_OBEY;
	/* without pfs_group racoon takes whatever the peer wants */
	rules.any_pfs = !want->pfs || rules.check == CONF_CHECK_OBEY;
	prop_lists(sainfo, &rules.lists);
	if (!v1_match(&rules, theirs, &m)) {
		rules.longer = rules.check != CONF_CHECK_EXACT;
		if (!rules.longer || !v1_match(&rules, theirs, &m)) {
			v1_match_report(&rules, theirs, "offers", why);
			return false;
		}
	}
	take(&m, want);
	return true;
}

/**
 * prop_v1_child_answer() - the answer to what was chosen
 * @choice: prop_v1_child_choose()'s, with our SPIs
 * @theirs: what the peer offers
 * @spis: where the SPIs' bytes live while @answer is used
 * @answer: their transforms as they came, with our SPIs; without proposals if
 *	@choice is not among @theirs
 */
void prop_v1_child_answer(const struct child_choice *choice, const struct v1_sa *theirs,
			  uint8_t spis[CHILD_PROTOS][4], struct v1_sa *answer)
{
	struct v1_rules rules = { .want = choice, .check = CONF_CHECK_OBEY, .chosen = true, .insecure = true };
	struct v1_match m;
	unsigned int i;

	memset(answer, 0, sizeof(*answer));
	if (!v1_match(&rules, theirs, &m))
		return;
	for (i = 0; i < choice->n; i++) {
		struct wire_prop *p = &answer->prop[i];

		p->number = m.part[i].prop->number;
		p->proto = m.part[i].prop->proto;
		p->spi = spi_bytes(&choice->p[i], spis[i]);
		p->first = i;
		p->n = 1;
		answer->trans[i] = *m.part[i].t;
	}
	answer->nprop = choice->n;
	answer->ntrans = choice->n;
}

/**
 * prop_v1_child_accept() - is the answer one of what we offered?
 * @sainfo: block
 * @remote: block; an answer that changes lifetimes is taken, the shorter rules
 * @answer: the peer's answer
 * @want: what was offered; completed on success, untouched else
 * @why: on failure: what differs
 *
 * Return: false if it is not, or is more than one transform a protocol.
 */
bool prop_v1_child_accept(const struct conf_sainfo *sainfo, const struct conf_remote *remote,
			  const struct v1_sa *answer, struct child_choice *want,
			  struct report *why)
{
	struct v1_rules rules = { .want = want, .check = CONF_CHECK_OBEY, .insecure = true };
	struct v1_match m;

	(void)remote;
	if (answer->nprop != want->n || answer->ntrans != want->n) {
		report_set(why, REPORT_SYNTAX, "phase 2",
			   "the peer answers with %u proposals and %u transforms instead of %u each",
			   answer->nprop, answer->ntrans, want->n);
		return false;
	}
	prop_lists(sainfo, &rules.lists);
	if (!v1_match(&rules, answer, &m)) {
		v1_match_report(&rules, answer, "answers", why);
		return false;
	}
	take(&m, want);
	return true;
}

/* innermost first, which is how a policy has them */
static int depth(uint8_t proto)
{
	return proto == IPPROTO_COMP ? 0 : proto == IPPROTO_ESP ? 1
								: 2;
}

/**
 * prop_v1_child_shape() - the bundle of a peer's first proposal
 * @theirs: what the peer offers
 * @want: protocols and modes alone, and whether ESP is in UDP
 *
 * Return: false if it has a protocol or mode that is unknown, or one twice.
 */
bool prop_v1_child_shape(const struct v1_sa *theirs, struct child_choice *want)
{
	unsigned int i, k;

	memset(want, 0, sizeof(*want));
	for (i = 0; i < theirs->nprop && theirs->prop[i].number == theirs->prop[0].number; i++) {
		const struct wire_prop *prop = &theirs->prop[i];
		struct child_proto p = { .proto = v1_ipproto(prop->proto) };
		bool udp;

		if (!p.proto || !prop->n || want->n == CHILD_PROTOS ||
		    !v1_match_mode(theirs->trans[prop->first].encap, &p.mode, &udp))
			return false;
		want->udp |= udp;
		for (k = 0; k < want->n; k++)
			if (want->p[k].proto == p.proto)
				return false;
		for (k = want->n++; k && depth(want->p[k - 1].proto) > depth(p.proto); k--)
			want->p[k] = want->p[k - 1];
		want->p[k] = p;
	}
	return want->n;
}
