/* SPDX-License-Identifier: GPL-2.0 */
/* A network namespace of our own for tests that need addresses and ports. */
#ifndef TESTUDOD_TEST_NETNS_H
#define TESTUDOD_TEST_NETNS_H

#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* the loopback device is up in it; false: this host does not let us */
static inline bool netns_enter(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	bool up;
	int fd;

	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return false;
	ifr.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
	up = !ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
	return up;
}

#endif /* TESTUDOD_TEST_NETNS_H */
