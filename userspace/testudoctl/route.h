/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's word on a route, by rtnetlink; nothing is sent.
 */
#ifndef TESTUDOCTL_ROUTE_H
#define TESTUDOCTL_ROUTE_H

#include <stdbool.h>
#include <sys/socket.h>

/**
 * struct route_info - how packets would go
 * @mtu: bytes, of the path if it is known, else of the device
 * @learnt: the MTU is that of the path, or was set for the route
 * @local: the destination is this host
 * @dev: device
 */
struct route_info {
	unsigned int mtu;
	bool learnt;
	bool local;
	char dev[16];
};

/* 0 or a negative errno: -ENETUNREACH ... */
int route_find(const struct sockaddr_storage *dst, struct route_info *info);

#endif /* TESTUDOCTL_ROUTE_H */
