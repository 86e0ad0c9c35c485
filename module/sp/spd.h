/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The SPD of a namespace: add, update, delete, walk and look up.
 */
#ifndef _TESTUDO_SP_SPD_H
#define _TESTUDO_SP_SPD_H

#include "sp/sp.h"

/* Place of a resumable walk; known to spd.c only. */
struct ipsec_spd_walk;

int ipsec_spd_net_init(struct ipsec_net *ipn);
void ipsec_spd_net_exit(struct ipsec_net *ipn);

/* packets: under rcu_read_lock(), BH off */
struct ipsec_sp *ipsec_spd_lookup_rcu(struct ipsec_net *ipn,
				      enum ipsec_sp_dir dir,
				      const struct ipsec_flow *fl);
bool ipsec_spd_opaque_risk_rcu(struct ipsec_net *ipn, enum ipsec_sp_dir dir,
			       const struct ipsec_flow *fl,
			       const struct ipsec_sp *match);
bool ipsec_spd_empty(const struct ipsec_net *ipn, enum ipsec_sp_dir dir);
bool ipsec_spd_names_ports4(const struct ipsec_net *ipn);

/* control: under ipn->config_mutex, process context */
int ipsec_spd_insert(struct ipsec_net *ipn, struct ipsec_sp *sp);
int ipsec_spd_update(struct ipsec_net *ipn, struct ipsec_sp *sp);
struct ipsec_sp *ipsec_spd_find(struct ipsec_net *ipn, enum ipsec_sp_dir dir,
				const struct ipsec_selector *sel);
struct ipsec_sp *ipsec_spd_find_id(struct ipsec_net *ipn, u32 id);
void ipsec_spd_kill(struct ipsec_net *ipn, struct ipsec_sp *sp);
unsigned int ipsec_spd_flush(struct ipsec_net *ipn);
u32 ipsec_spd_new_reqid(struct ipsec_net *ipn);
unsigned int ipsec_spd_count(struct ipsec_net *ipn);

/* resumable walk, in order of id, which is SPDDUMP's: any process context */
struct ipsec_spd_walk *ipsec_spd_walk_start(struct ipsec_net *ipn);
struct ipsec_sp *ipsec_spd_walk_next(struct ipsec_spd_walk *w);
void ipsec_spd_walk_end(struct ipsec_spd_walk *w);

#endif
