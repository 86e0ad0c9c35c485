/* SPDX-License-Identifier: GPL-2.0 */
#include "shim.h"

struct net;
extern struct net init_net;
