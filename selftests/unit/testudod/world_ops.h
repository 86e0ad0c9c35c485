/* SPDX-License-Identifier: GPL-2.0 */
/* Between world.c and world_ops.c only. */
#ifndef TESTUDO_TEST_WORLD_OPS_H
#define TESTUDO_TEST_WORLD_OPS_H

#include "world.h"

extern const struct ike_ops world_ops;
void world_send(struct world_side *side, const struct ike_path *path, struct chunk msg);

#endif /* TESTUDO_TEST_WORLD_OPS_H */
