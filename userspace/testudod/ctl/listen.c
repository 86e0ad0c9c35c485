// SPDX-License-Identifier: GPL-2.0
/*
 * The control socket in the file system. What is left of a daemon that died is
 * replaced; a socket that somebody listens on, and what is no socket, stays.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/conf.h"
#include "ctl/listen.h"
#include "ctl/proto.h"

#define LISTEN_MODE    0660
#define LISTEN_BACKLOG 16

static int listen_fail(const char *path, const char *what, int err)
{
	log_error("control socket %s: %s: %s", path, what, strerror(err));
	return -err;
}

/* The folder of the default path; those of others are theirs to make. */
static void listen_folder(const char *path)
{
	char dir[sizeof(CTL_SOCKET_PATH)];

	if (strcmp(path, CTL_SOCKET_PATH))
		return;
	strcpy(dir, path);
	*strrchr(dir, '/') = '\0';
	if (mkdir(dir, 0755) && errno != EEXIST)
		log_warn("%s: %s", dir, strerror(errno));
}

/* 0 if somebody listens there, else an errno: ECONNREFUSED if nobody does. */
static int listen_knock(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return errno;
	err = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) ? errno : 0;
	close(fd);
	return err;
}

/* Does nobody listen there any more? Then it goes. */
static int listen_clear(const struct sockaddr_un *sun)
{
	const char *path = sun->sun_path;
	struct stat st;
	int err;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	err = listen_knock(sun);
	/* root without CAP_DAC_OVERRIDE may not even knock at what is its owner's */
	if (err == EACCES && !lchown(path, geteuid(), getegid())) {
		err = listen_knock(sun);
		if (err != ECONNREFUSED && lchown(path, st.st_uid, st.st_gid))
			log_warn("control socket %s: its owner: %s", path, strerror(errno));
	}
	/* a full backlog is somebody, too; a socket of another type is not ours */
	if (err != ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(path) ? -errno : 0;
}

static bool listen_own(const char *path, const struct conf *conf)
{
	mode_t mode = conf->admin_mode ? conf->admin_mode : LISTEN_MODE;

	return !chown(path, conf->admin_uid, conf->admin_gid) && !chmod(path, mode);
}

/* The listening socket, or a negative errno after it was logged. */
static int listen_at(const char *path, const struct conf *conf)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd, err;

	if (strlen(path) >= sizeof(sun.sun_path))
		return listen_fail(path, "its name", ENAMETOOLONG);
	strcpy(sun.sun_path, path);
	listen_folder(path);
	err = listen_clear(&sun);
	if (err)
		return listen_fail(path, "something is there", -err);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return listen_fail(path, "socket", errno);
	/* nobody gets in before owner and mode are right */
	mask = umask(0777);
	err = bind(fd, (const struct sockaddr *)&sun, sizeof(sun)) ? errno : 0;
	umask(mask);
	if (err) {
		close(fd);
		return listen_fail(path, "bind", err);
	}
	if (!listen_own(path, conf) || listen(fd, LISTEN_BACKLOG)) {
		err = errno;
		unlink(path);
		close(fd);
		return listen_fail(path, "owner, mode or listen", err);
	}
	return fd;
}

/**
 * ctl_listen_path() - where the control socket is to be
 * @conf: configuration
 *
 * Return: path, NULL if there is to be none.
 */
const char *ctl_listen_path(const struct conf *conf)
{
	if (conf->adminsock_off)
		return NULL;
	return conf->adminsock ? conf->adminsock : CTL_SOCKET_PATH;
}

/**
 * ctl_listen() - the control socket that the configuration wants
 * @conf: configuration
 *
 * Return: listening socket, or a negative errno after it was logged; -ENOENT
 * if there is to be none.
 */
int ctl_listen(const struct conf *conf)
{
	const char *path = ctl_listen_path(conf);

	return path ? listen_at(path, conf) : -ENOENT;
}

/**
 * ctl_listen_own() - whose the control socket is, once more
 * @conf: configuration, which wants one
 */
void ctl_listen_own(const struct conf *conf)
{
	const char *path = ctl_listen_path(conf);

	if (!listen_own(path, conf))
		log_warn("control socket %s: owner or mode: %s", path, strerror(errno));
}
