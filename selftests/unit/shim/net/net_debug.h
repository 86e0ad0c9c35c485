/* SPDX-License-Identifier: GPL-2.0 */
#include "one_cpu.h"

#define DEBUG_NET_WARN_ON_ONCE(cond)	shim_assert(!(cond))
