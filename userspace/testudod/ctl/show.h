/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine's objects as JSON: the pieces that answers are made of. No key is
 * in any of them.
 */
#ifndef TESTUDOD_CTL_SHOW_H
#define TESTUDOD_CTL_SHOW_H

#include <jansson.h>

#include "ctl/tunnel.h"

/* null where there was no failure */
json_t *show_report(const struct report *r);
json_t *show_ike(const struct ike_sa *sa);
json_t *show_cert(const struct cert *cert);
/* @verbose: also sizes and SPIs of every protocol */
json_t *show_tunnel(const struct ike *ike, const struct tunnel *t, bool verbose);
json_t *show_peer(struct ike_peer *peer);
/* "up", "negotiating", "down", "idle" */
const char *show_peer_state(const struct ike_peer *peer);
/* our certificate and the peer's, as long as they are known: days left; false: unknown */
bool show_days_left(struct ike_peer *peer, bool ours, int *days);

#endif /* TESTUDOD_CTL_SHOW_H */
