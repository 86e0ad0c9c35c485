/* SPDX-License-Identifier: GPL-2.0 */
#include "shim.h"

#define IP_OFFSET	0x1fff
