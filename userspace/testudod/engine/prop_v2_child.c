// SPDX-License-Identifier: GPL-2.0
/*
 * A child SA's proposals in IKEv2: ESP or AH. The group is not matched like
 * the other types, since the KE payload has a say in it.
 */
#include <netinet/in.h>
#include <string.h>

#include "engine/prop_v2_match.h"
#include "pfkey.h"

#define SPI_BYTES 4

/* IPComp goes by notifications: the proposal is about ESP or AH */
static const struct child_proto *main_part(const struct child_choice *want)
{
	unsigned int i;

	for (i = 0; i < want->n; i++)
		if (want->p[i].proto != IPPROTO_COMP)
			return &want->p[i];
	return NULL;
}

static const char *stage_of(bool first)
{
	return first ? "IKE_AUTH" : "CREATE_CHILD_SA";
}

static void put_spi(uint8_t spi[4], uint32_t v)
{
	spi[0] = v >> 24;
	spi[1] = v >> 16;
	spi[2] = v >> 8;
	spi[3] = v;
}

/* no secrecy and no integrity at once is never offered, nor is none for AH */
static bool integ_ok(const struct prop_lists *lists, const struct alg *integ, bool ah)
{
	unsigned int i;

	if (!prop_is_none(integ))
		return integ->v2;
	for (i = 0; !ah && i < lists->nencr; i++)
		if (!lists->encr[i].alg->keylen)
			return false;
	return !ah;
}

static void put_integ(struct v2_sa *sa, const struct prop_lists *lists, bool ah)
{
	unsigned int i, only_none = lists->ninteg == 1 && prop_is_none(lists->integ[0]);

	for (i = 0; i < lists->ninteg; i++) {
		if (!integ_ok(lists, lists->integ[i], ah))
			continue;
		if (!prop_is_none(lists->integ[i]))
			v2_build_alg(sa, lists->integ[i], 0);
		else if (!only_none)
			v2_build_none(sa, ALG_INTEG);
	}
}

/* without integrity there are no extended sequence numbers: their upper half is in the ICV alone (RFC 4303 2.2.1) */
static bool may_lack_integ(const struct prop_lists *lists)
{
	unsigned int i;

	for (i = 0; i < lists->ninteg; i++)
		if (prop_is_none(lists->integ[i]) && integ_ok(lists, lists->integ[i], false))
			return true;
	return false;
}

static void put_rest(struct v2_sa *sa, bool esn, const struct alg *pfs)
{
	if (pfs)
		v2_build_alg(sa, pfs, 0);
	if (esn)
		v2_build_alg(sa, alg_by_v2(ALG_ESN, 1), 0);
	v2_build_alg(sa, alg_by_v2(ALG_ESN, 0), 0);
}

/* can these ciphers be without any integrity algorithm, or have one of the list? */
static bool can_integ(const struct prop_lists *lists, bool ah)
{
	unsigned int i;

	for (i = 0; i < lists->ninteg; i++)
		if (integ_ok(lists, lists->integ[i], ah))
			return true;
	return false;
}

static void put_esp(struct v2_sa *sa, const struct prop_lists *lists,
		    const struct child_choice *want, const struct alg *pfs, struct chunk spi,
		    bool aead)
{
	unsigned int i, n = 0;

	for (i = 0; i < lists->nencr; i++)
		n += prop_is_aead(lists->encr[i].alg) == aead && lists->encr[i].alg->v2;
	if (!n || (!aead && !can_integ(lists, false)))
		return;
	if (!v2_build(sa, V2_PROTO_ESP, spi, n + CONF_ALGS + 3))
		return;
	for (i = 0; i < lists->nencr; i++)
		if (prop_is_aead(lists->encr[i].alg) == aead && lists->encr[i].alg->v2)
			v2_build_alg(sa, lists->encr[i].alg, lists->encr[i].bits);
	if (!aead)
		put_integ(sa, lists, false);
	put_rest(sa, want->esn && (aead || !may_lack_integ(lists)), pfs);
}

static void put_ah(struct v2_sa *sa, const struct prop_lists *lists,
		   const struct child_choice *want, const struct alg *pfs, struct chunk spi)
{
	if (!can_integ(lists, true) || !v2_build(sa, V2_PROTO_AH, spi, CONF_ALGS + 3))
		return;
	put_integ(sa, lists, true);
	put_rest(sa, want->esn, pfs);
}

static void offer(const struct conf_sainfo *sainfo, const struct child_choice *want,
		  const struct alg *pfs, struct chunk spi, struct v2_sa *sa)
{
	const struct child_proto *p = main_part(want);
	struct prop_lists lists;
	bool aead;

	memset(sa, 0, sizeof(*sa));
	if (!p)
		return;
	prop_lists(sainfo, &lists);
	if (p->proto == IPPROTO_AH) {
		put_ah(sa, &lists, want, pfs, spi);
		return;
	}
	/* the kind that stands first goes first */
	aead = prop_is_aead(lists.encr[0].alg);
	put_esp(sa, &lists, want, pfs, spi, aead);
	put_esp(sa, &lists, want, pfs, spi, !aead);
}

/**
 * prop_v2_child_offer() - what to send in IKE_AUTH or CREATE_CHILD_SA
 * @sainfo: block
 * @want: protocol, SPI, PFS, ESN
 * @first: in IKE_AUTH, where no group goes along
 * @spi: where the SPI's bytes live while @sa is used
 * @sa: filled in
 */
void prop_v2_child_offer(const struct conf_sainfo *sainfo, const struct child_choice *want,
			 bool first, uint8_t spi[4], struct v2_sa *sa)
{
	const struct child_proto *p = main_part(want);

	put_spi(spi, p ? p->spi_in : 0);
	offer(sainfo, want, first ? NULL : want->pfs, chunk(spi, SPI_BYTES), sa);
}

static bool read_spi(const struct wire_prop *prop, uint32_t *spi)
{
	struct reader r = reader(prop->spi);

	*spi = get_be32(&r);
	return !r.failed && !r.n && *spi;
}

/**
 * struct group_choice - what came out of looking at the groups of a proposal
 * @ok: there is a choice
 * @alg: group, NULL: none
 * @said: it is to be echoed, also "none"
 */
struct group_choice {
	bool ok;
	const struct alg *alg;
	bool said;
};

/* without pfs_group any group is taken, as racoon does, but no broken one */
static bool group_ok(const struct conf_sainfo *sainfo, const struct child_choice *want,
		     const struct v2_trans *t)
{
	const struct alg *alg = alg_by_v2(ALG_DH, t->id);

	if (t->unknown || !alg || alg->flags & ALG_GONE)
		return false;
	if (want->pfs)
		return alg == want->pfs;
	return sainfo->insecure || !(alg->flags & ALG_BROKEN);
}

/* the peer's KE payload's group before others; then none; then what it could have sent */
static struct group_choice choose_group(const struct conf_sainfo *sainfo,
					const struct child_choice *want, const struct v2_sa *theirs,
					const struct wire_prop *prop, uint16_t group)
{
	struct group_choice c = { 0 }, none = { 0 };
	unsigned int i;
	bool any = false;

	for (i = prop->first; i < prop->first + prop->n; i++) {
		const struct v2_trans *t = &theirs->trans[i];

		if (t->type != ALG_DH)
			continue;
		any = true;
		if (!t->id)
			none = (struct group_choice){ .ok = !want->pfs, .said = true };
		else if (group_ok(sainfo, want, t) && (!c.ok || t->id == group))
			c = (struct group_choice){ true, alg_by_v2(ALG_DH, t->id), true };
	}
	if (c.ok && c.alg->v2 == group)
		return c;
	if (none.ok)
		return none;
	if (!any)
		c.ok = !want->pfs;
	return c;
}

/* no group has a word for it, and without pfs_group others are ours as well */
static void diff_group(const struct conf_sainfo *sainfo, const struct child_choice *want,
		       const struct v2_sa *theirs, struct diff_attr *a)
{
	unsigned int i;

	if (!a->mine.n)
		diff_value(&a->mine, "none", "");
	if (!a->theirs.n)
		diff_value(&a->theirs, "none", "");
	for (i = 0; i < theirs->ntrans; i++)
		if (theirs->trans[i].type == ALG_DH && group_ok(sainfo, want, &theirs->trans[i]))
			diff_value(&a->mine, alg_by_v2(ALG_DH, theirs->trans[i].id)->name, "");
}

static const char *proto_text(uint8_t proto)
{
	if (proto == V2_PROTO_ESP)
		return "esp";
	return proto == V2_PROTO_AH ? "ah" : "none of IPsec's";
}

static void report_none(const struct conf_sainfo *sainfo, const struct child_choice *want,
			bool first, const struct v2_sa *theirs, const char *verb,
			struct report *why)
{
	static const struct {
		enum alg_kind type;
		const char *what;
		const char *keyword;
	} rows[] = {
		{ ALG_ENCR, "encryption", "encryption_algorithm" },
		{ ALG_INTEG, "integrity", "authentication_algorithm" },
		{ ALG_DH, "PFS group", "pfs_group" },
		{ ALG_ESN, "extended sequence numbers", NULL },
	};
	const struct child_proto *p = main_part(want);
	struct diff d = { 0 };
	struct diff_attr *a;
	struct v2_sa ours;
	unsigned int i;

	offer(sainfo, want, first ? NULL : want->pfs, chunk(NULL, 0), &ours);
	a = diff_attr(&d, "protocol", NULL);
	diff_value(&a->mine, p ? pfkey_transform_name(p->proto) : "unknown", "");
	for (i = 0; i < theirs->nprop; i++)
		diff_value(&a->theirs, proto_text(theirs->prop[i].proto), "");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].type == ALG_DH && first)
			continue;
		a = diff_attr(&d, rows[i].what, rows[i].keyword);
		v2_diff(&ours, rows[i].type, 0, &a->mine);
		v2_diff(theirs, rows[i].type, 0, &a->theirs);
		if (rows[i].type == ALG_DH)
			diff_group(sainfo, want, theirs, a);
	}
	diff_report(&d, stage_of(first), verb, why);
}

static void fill(const struct v2_pick *pick, uint32_t spi, const struct alg *pfs,
		 struct child_choice *want)
{
	struct child_proto *p = &want->p[main_part(want) - want->p];
	const struct alg *esn = v2_picked(pick, ALG_ESN);

	p->encr = v2_picked_encr(pick);
	p->integ = v2_picked(pick, ALG_INTEG);
	if (p->encr.alg && !p->integ && !prop_is_aead(p->encr.alg))
		p->integ = prop_none();
	p->spi_out = spi;
	want->pfs = pfs;
	want->esn = esn && esn->v2;
}

/*
 * The proposal that fits, by our order of proposals and then by theirs. One
 * whose group the KE payload has, or that needs none, goes before the others:
 * it spares a round trip.
 */
static bool choose(const struct conf_sainfo *sainfo, const struct v2_sa *ours,
		   const struct v2_sa *theirs, const struct child_choice *want, bool first,
		   uint16_t group, struct v2_pick *pick, struct group_choice *dh)
{
	unsigned int n = ours->nprop * theirs->nprop, i;

	for (i = 0; i < 2 * n; i++) {
		const struct wire_prop *mine = &ours->prop[i % n / theirs->nprop];
		const struct wire_prop *prop = &theirs->prop[i % theirs->nprop];
		uint32_t spi;

		*dh = (struct group_choice){ .ok = true };
		if (!first)
			*dh = choose_group(sainfo, want, theirs, prop, group);
		if (!dh->ok || (i < n && dh->alg && dh->alg->v2 != group))
			continue;
		if (read_spi(prop, &spi) && v2_match_pair(ours, mine, theirs, prop, ALG_DH, pick))
			return true;
	}
	return false;
}

/**
 * prop_v2_child_choose() - the first of ours that is among theirs
 * @sainfo: block
 * @theirs: what the peer offers
 * @first: in IKE_AUTH, where groups are of no effect and left out
 * @group: of the peer's KE payload, 0 if there is none
 * @wanted: set to the group that the KE payload should have had, else to NULL
 * @want: what the policy asks for; completed on success, untouched else
 * @answer: the choice
 * @spi: where our SPI's bytes live; from @want's spi_in, and the caller's to
 *	change if that comes later
 * @why: on failure: what differs
 *
 * Return: false if there is none, or if the KE payload has the wrong group.
 */
bool prop_v2_child_choose(const struct conf_sainfo *sainfo, const struct v2_sa *theirs, bool first,
			  uint16_t group, const struct alg **wanted, struct child_choice *want,
			  struct v2_sa *answer, uint8_t spi[4], struct report *why)
{
	const struct child_proto *p = main_part(want);
	struct group_choice dh;
	struct v2_pick pick;
	struct v2_sa ours;
	uint32_t theirs_spi;

	*wanted = NULL;
	offer(sainfo, want, NULL, chunk(NULL, 0), &ours);
	if (!choose(sainfo, &ours, theirs, want, first, group, &pick, &dh)) {
		report_none(sainfo, want, first, theirs, "offers", why);
		return false;
	}
	if (dh.alg && dh.alg->v2 != group) {
		*wanted = dh.alg;
		return false;
	}
	pick.has[ALG_DH] = dh.said;
	pick.t[ALG_DH] = (struct v2_trans){ .type = ALG_DH, .id = dh.alg ? dh.alg->v2 : 0 };
	read_spi(pick.theirs, &theirs_spi);
	put_spi(spi, p->spi_in);
	fill(&pick, theirs_spi, dh.alg, want);
	prop_v2_put_answer(&pick, chunk(spi, SPI_BYTES), answer);
	return true;
}

/**
 * prop_v2_child_accept() - is the answer one of what we offered?
 * @sainfo: block
 * @answer: the peer's answer
 * @first: in IKE_AUTH
 * @want: what was offered; completed on success, untouched else
 * @why: on failure: what differs
 *
 * Return: false if it is not.
 */
bool prop_v2_child_accept(const struct conf_sainfo *sainfo, const struct v2_sa *answer, bool first,
			  struct child_choice *want, struct report *why)
{
	struct v2_pick pick;
	struct v2_sa ours;
	uint32_t spi;

	if (!v2_is_answer(answer, stage_of(first), why))
		return false;
	offer(sainfo, want, first ? NULL : want->pfs, chunk(NULL, 0), &ours);
	if (!read_spi(&answer->prop[0], &spi) || !v2_match(&ours, answer, 0, &pick)) {
		report_none(sainfo, want, first, answer, "answers", why);
		return false;
	}
	fill(&pick, spi, first ? NULL : v2_picked(&pick, ALG_DH), want);
	return true;
}
