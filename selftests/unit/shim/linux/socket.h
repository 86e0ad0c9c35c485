/* SPDX-License-Identifier: GPL-2.0 */
/* struct sockaddr and AF_*, which the kernel keeps in one file */
#include <sys/socket.h>
#include_next <linux/socket.h>
#include "shim.h"
