/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SAs that get other end points, all at once or none.
 */
#ifndef _TESTUDO_SA_MOVE_H
#define _TESTUDO_SA_MOVE_H

#include <linux/list.h>

struct ipsec_move;
struct ipsec_net;

/**
 * struct ipsec_moving - a move under way; the fields are sa/move.c's
 * @ipn: namespace
 * @pairs: SAs and those that take their places
 */
struct ipsec_moving {
	struct ipsec_net *ipn;
	struct list_head pairs;
};

/* All under ipn->config_mutex, which is held from begin to commit or cancel. */
void ipsec_sad_move_begin(struct ipsec_net *ipn, struct ipsec_moving *moving);
int ipsec_sad_move_add(struct ipsec_moving *moving,
		       const struct ipsec_move *move);
void ipsec_sad_move_commit(struct ipsec_moving *moving);
void ipsec_sad_move_cancel(struct ipsec_moving *moving);

#endif
