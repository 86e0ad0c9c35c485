// SPDX-License-Identifier: GPL-2.0
/*
 * Owner and mode of files that hold secrets or are run as root.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/safefile.h"

static int check(const struct stat *st, const char *name, enum safe_kind kind, char *why,
		 size_t why_size)
{
	mode_t bad = kind == SAFE_SECRET ? S_IRWXG | S_IRWXO : S_IWGRP | S_IWOTH;

	if (!S_ISREG(st->st_mode)) {
		snprintf(why, why_size, "%s: not a regular file", name);
		return -EINVAL;
	}
	if (st->st_uid && st->st_uid != geteuid()) {
		snprintf(why, why_size, "%s: it belongs to user %u; \"chown root %s\"", name,
			 (unsigned int)st->st_uid, name);
		return -EPERM;
	}
	if (st->st_mode & bad) {
		snprintf(why, why_size, "%s: mode %04o lets others %s it; \"chmod %s %s\"", name,
			 (unsigned int)(st->st_mode & 07777),
			 kind == SAFE_SECRET ? "at" : "change", kind == SAFE_SECRET ? "0600" : "go-w",
			 name);
		return -EPERM;
	}
	return 0;
}

int safe_open(const char *name, enum safe_kind kind, char *why, size_t why_size)
{
	/* O_NONBLOCK: a FIFO must not hold us up before we see that it is one */
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int err;

	if (fd < 0 || fstat(fd, &st)) {
		err = -errno;
		snprintf(why, why_size, "%s: %s", name, strerror(-err));
	} else {
		err = check(&st, name, kind, why, why_size);
	}
	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	return err;
}
