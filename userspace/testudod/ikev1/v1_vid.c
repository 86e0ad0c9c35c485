// SPDX-License-Identifier: GPL-2.0
/*
 * Vendor ids: what we can do, said to the peer, and what the peer can, noted.
 * A responder says only what the peer has announced, so nobody is told of
 * things he does not know.
 */
#include "ikev1/v1_room.h"

static bool v1_said(const struct ike_sa *sa, enum v1_vid vid)
{
	return sa->v1->vids & 1u << vid;
}

/**
 * v1_take_vids() - note what the peer announces
 * @sa: whose
 * @msg: message with vendor ids
 */
void v1_take_vids(struct ike_sa *sa, const struct wire_msg *msg)
{
	char hex[48];
	enum v1_vid vid;
	unsigned int i;

	for (i = 0; i < msg->n; i++) {
		if (msg->pl[i].type != P1_VID)
			continue;
		vid = v1_vid_by_bytes(msg->pl[i].body);
		if (vid == V1_VID_UNKNOWN) {
			log_debug("received unknown Vendor ID %s",
				  log_hex_public(msg->pl[i].body, hex, sizeof(hex)));
			continue;
		}
		if (v1_said(sa, vid))
			continue;
		sa->v1->vids |= 1u << vid;
		if (!sa->quiet)
			log_info("received Vendor ID: %s", v1_vid_name(vid));
	}
	sa->peer_frag = v1_said(sa, V1_VID_FRAG) && sa->peer->conf->ike_frag != CONF_OFF;
}

static void v1_put_vid(struct wire_out *o, enum v1_vid vid)
{
	wire_put(o, P1_VID, v1_vid_bytes(vid));
}

/**
 * v1_put_vids() - say what we can do
 * @sa: whom to; a responder has noted the peer's vendor ids by then
 * @o: first or second message of phase 1
 */
void v1_put_vids(struct ike_sa *sa, struct wire_out *o)
{
	static const enum v1_vid natt[] = { V1_VID_NATT_RFC, V1_VID_NATT_03, V1_VID_NATT_02N,
					    V1_VID_NATT_02 };
	const struct conf_remote *conf = sa->peer->conf;
	unsigned int i;

	for (i = 0; conf->natt != CONF_OFF && i < sizeof(natt) / sizeof(natt[0]); i++) {
		if (sa->initiator || sa->v1->natt == natt[i])
			v1_put_vid(o, natt[i]);
	}
	if (sa->initiator || v1_said(sa, V1_VID_DPD))
		v1_put_vid(o, V1_VID_DPD);
	if (conf->ike_frag != CONF_OFF && (sa->initiator || v1_said(sa, V1_VID_FRAG)))
		v1_put_vid(o, V1_VID_FRAG);
	if (sa->initiator || v1_said(sa, V1_VID_TESTUDO))
		v1_put_vid(o, V1_VID_TESTUDO);
}
