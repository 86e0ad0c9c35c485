// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv2's failures in sentences: what the peer's notifications mean, with what
 * we offered beside its word.
 */
#include <stdio.h>
#include <string.h>

#include "ikev2/v2.h"

const char *v2_who(const struct ike_sa *sa, char buf[V2_WHO])
{
	char id[ID_TEXT], host[ADDR_TEXT];
	const char *name = id_text(&sa->peer_id, id, sizeof(id));
	const char *space = strchr(name, ' ');

	addr_host(&sa->path.remote, host);
	/* a name needs no word about its kind */
	if (space && (sa->peer_id.type == ID_FQDN || sa->peer_id.type == ID_USER_FQDN))
		name = space + 1;
	if (!sa->peer_id.type || sa->peer_id.type == ID_IPV4 || sa->peer_id.type == ID_IPV6)
		snprintf(buf, V2_WHO, "%s", host);
	else
		snprintf(buf, V2_WHO, "%s (%s)", name, host);
	return buf;
}

static const char *tell_kind(unsigned int type)
{
	switch (type) {
	case ALG_ENCR:
		return "encryption";
	case ALG_PRF:
		return "prf";
	case ALG_INTEG:
		return "integrity";
	case ALG_DH:
		return "group";
	case ALG_ESN:
		return "sequence numbers";
	default:
		return "transform";
	}
}

/* All that is offered of one kind, each once. */
static void tell_transforms(const struct v2_sa *offer, unsigned int type, char *buf, size_t size)
{
	char name[64];
	unsigned int i, k;
	size_t n = 0;

	buf[0] = 0;
	for (i = 0; i < offer->ntrans; i++) {
		const struct v2_trans *t = &offer->trans[i];
		const struct alg *alg;

		for (k = 0; k < i; k++) {
			if (offer->trans[k].type == t->type && offer->trans[k].id == t->id &&
			    offer->trans[k].keylen == t->keylen)
				break;
		}
		if (t->type != type || k < i || n >= size)
			continue;
		alg = alg_by_v2(type, t->id);
		if (alg)
			alg_text(alg, t->keylen, name, sizeof(name));
		else
			snprintf(name, sizeof(name), "%u", t->id);
		n += snprintf(buf + n, size - n, "%s%s", n ? ", " : "", name);
	}
}

void v2_tell_offer(struct report *r, const struct v2_sa *offer, const char *theirs)
{
	char mine[REPORT_CELL];
	unsigned int type;

	for (type = ALG_ENCR; type <= ALG_ESN; type++) {
		tell_transforms(offer, type, mine, sizeof(mine));
		if (mine[0])
			report_row(r, true, tell_kind(type), mine, theirs);
	}
}

static void tell_no_proposal(struct ike_sa *sa, const char *stage, const char *who)
{
	struct report *r = &sa->peer->report;
	struct v2_sa offer;

	report_set(r, REPORT_NO_PROPOSAL, stage,
		   "%s takes none of the proposals that we offer (NO_PROPOSAL_CHOSEN)", who);
	prop_v2_ike_offer(sa->peer->conf, chunk(NULL, 0), &offer);
	v2_tell_offer(r, &offer, "not told");
	report_fix(r, "compare the proposal blocks of both ends; the log of %s tells what it wants", who);
}

void v2_tell_error(struct ike_sa *sa, uint16_t error, const char *stage, bool authentic)
{
	struct report *r = &sa->peer->report;
	char who[V2_WHO];

	v2_who(sa, who);
	switch (error) {
	case V2_N_NO_PROPOSAL_CHOSEN:
		tell_no_proposal(sa, stage, who);
		break;
	case V2_N_INVALID_KE_PAYLOAD:
		report_set(r, REPORT_NO_PROPOSAL, stage,
			   "%s wants a Diffie-Hellman group that we do not offer (INVALID_KE_PAYLOAD)", who);
		break;
	case V2_N_AUTHENTICATION_FAILED:
		report_set(r, REPORT_AUTH, stage,
			   "%s refused our authentication: its pre-shared key for us differs, or it does not accept our identity or certificate (AUTHENTICATION_FAILED)",
			   who);
		report_fix(r, "its log has the reason; compare psk.txt and my_identifier here with peers_identifier there");
		break;
	case V2_N_INVALID_MAJOR_VERSION:
		report_set(r, REPORT_REFUSED, stage, "%s does not speak IKEv2", who);
		report_fix(r, "testudo { ike_version 1; }");
		break;
	case V2_N_INVALID_SYNTAX:
		report_set(r, REPORT_SYNTAX, stage, "%s can not read what we send (INVALID_SYNTAX)", who);
		break;
	default:
		report_set(r, REPORT_REFUSED, stage, "%s refused: %s", who, wire_v2_notify_name(error));
		break;
	}
	r->authentic = authentic;
}

void v2_tell_syntax(struct ike_sa *sa, const char *stage, const char *what)
{
	char who[V2_WHO];

	report_set(&sa->peer->report, REPORT_SYNTAX, stage, "%s sent %s", v2_who(sa, who), what);
	sa->ike->counts.bad++;
}

void v2_tell_child(struct ike_sa *sa)
{
	struct ike_peer *peer = sa->peer;
	const struct report *r = &peer->report;
	const struct ike_event ev = {
		.kind = EVENT_PHASE2_FAILED,
		.peer = peer->conf->name,
		.remote = sa->path.remote,
		.text = r->stage,
		.reason = r->sentence,
	};

	peer_tell(peer, NULL);
	peer->ike->ops->event(peer->ike->ops_arg, &ev);
}

uint16_t v2_first_error(const struct wire_msg *msg)
{
	struct v2_notify n;
	unsigned int i;

	for (i = 0; i < msg->n; i++) {
		if (msg->pl[i].type == P2_NOTIFY && v2_get_notify(msg->pl[i].body, &n) && n.type &&
		    n.type <= V2_N_ERROR_MAX)
			return n.type;
	}
	return 0;
}
