// SPDX-License-Identifier: GPL-2.0
/*
 * daemon/sockets.c: what the monitor opens for its processes at their start and
 * at a reload, on the loopback device and in a folder of ours.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/daemon.h"
#include "netns.h"

static struct daemon d;
static struct conf conf;
static struct conf_listen listens[2];
static char dir[] = "/tmp/test_sockets.XXXXXX";

static int make(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int unmake(void **state)
{
	(void)state;
	return rmdir(dir);
}

static int setup(void **state)
{
	(void)state;
	d = (struct daemon){ .udp = { .port = 25700, .natt_port = 24700, .no_v6 = true } };
	conf = (struct conf){ .admin_uid = getuid(), .admin_gid = getgid(), .admin_mode = 0600 };
	TAILQ_INIT(&conf.listens);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	daemon_keep_sockets(&d, NULL);
	udp_close_all(d.open.udp, d.open.nudp);
	return 0;
}

static void listen_on(unsigned int i, const char *text)
{
	assert_true(addr_parse(&listens[i].addr, text));
	TAILQ_INSERT_TAIL(&conf.listens, &listens[i], link);
}

/* what a process gets, as the monitor asks for it: how many, all closed again */
static int fresh(enum proc_role role)
{
	struct child_socket socks[CHILD_SOCKETS];
	int n = daemon_new_sockets(&d, role, &conf, socks, CHILD_SOCKETS);
	int i;

	for (i = 0; i < n; i++)
		close(socks[i].fd);
	return n;
}

static void test_udp(void **state)
{
	struct child_socket socks[CHILD_SOCKETS];
	char text[ADDR_TEXT];
	int n;

	(void)state;
	n = daemon_new_sockets(&d, PROC_NET, &conf, socks, CHILD_SOCKETS);
	assert_int_equal(n, 2);
	assert_int_equal(socks[0].tag, DAEMON_SOCK_IKE);
	assert_string_equal(addr_text(&socks[0].addr, text), "0.0.0.0[25700]");
	assert_int_equal(socks[1].tag, DAEMON_SOCK_NATT);
	while (n--)
		close(socks[n].fd);
	/* the same once more is nothing new */
	assert_int_equal(fresh(PROC_NET), 0);
	listen_on(0, "127.0.0.3[500]");
	assert_int_equal(fresh(PROC_NET), 1);
	assert_int_equal(d.open.nudp, 3);
	daemon_keep_sockets(&d, &conf);
	assert_int_equal(d.open.nudp, 1);
	/* one that is not taken leaves nothing behind */
	conf.strict_address = true;
	listen_on(1, "192.0.2.77[500]");
	assert_int_equal(fresh(PROC_NET), -EADDRNOTAVAIL);
	TAILQ_REMOVE(&conf.listens, &listens[1], link);
	daemon_keep_sockets(&d, &conf);
	assert_int_equal(d.open.nudp, 1);
	assert_int_equal(fresh(PROC_NET), 0);
}

/* without a place for its descriptor a socket is no socket */
static void test_room(void **state)
{
	struct child_socket socks[1];

	(void)state;
	assert_int_equal(daemon_new_sockets(&d, PROC_NET, &conf, socks, 1), -ENOSPC);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? 0 : st.st_mode & 07777;
}

static uid_t owner_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? (uid_t)-1 : st.st_uid;
}

static void test_admin(void **state)
{
	char one[64], two[64], none[64];
	struct child_socket sock;

	(void)state;
	snprintf(one, sizeof(one), "%s/one", dir);
	snprintf(two, sizeof(two), "%s/two", dir);
	snprintf(none, sizeof(none), "%s/no/where", dir);
	conf.adminsock = one;
	assert_int_equal(daemon_open_sockets(&d, PROC_CTL, &conf, &sock, 1), 1);
	assert_int_equal(sock.tag, DAEMON_SOCK_CONTROL);
	close(sock.fd);
	/* another start of the process takes its place */
	assert_int_equal(daemon_open_sockets(&d, PROC_CTL, &conf, &sock, 1), 1);
	close(sock.fd);
	/* other rights, in the same place */
	conf.admin_mode = 0660;
	assert_int_equal(fresh(PROC_CTL), 0);
	assert_int_equal(mode_of(one), 0600);
	daemon_keep_sockets(&d, &conf);
	assert_int_equal(mode_of(one), 0660);
	/* another place that is not taken after all; one that can not be; and one that is */
	conf.adminsock = two;
	assert_int_equal(fresh(PROC_CTL), 1);
	assert_int_equal(mode_of(two), 0660);
	conf.adminsock = one;
	daemon_keep_sockets(&d, &conf);
	assert_int_equal(mode_of(two), 0);
	assert_int_equal(mode_of(one), 0660);
	conf.adminsock = none;
	assert_int_equal(fresh(PROC_CTL), -ENOENT);
	conf.adminsock = two;
	assert_int_equal(fresh(PROC_CTL), 1);
	daemon_keep_sockets(&d, &conf);
	assert_int_equal(mode_of(one), 0);
	assert_int_equal(mode_of(two), 0660);
	/* none, and one again */
	conf.adminsock_off = true;
	assert_int_equal(fresh(PROC_CTL), 0);
	daemon_keep_sockets(&d, &conf);
	assert_int_equal(mode_of(two), 0);
	conf.adminsock_off = false;
	assert_int_equal(fresh(PROC_CTL), 1);
}

/* what a daemon that was killed has left belongs to the owner of the socket, whom root must not bypass */
static void test_left_behind(void **state)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2], less[2];
	struct child_socket sock;
	char path[64];
	int fd;

	(void)state;
	if (getuid())
		skip();
	snprintf(path, sizeof(path), "%s/left", dir);
	conf.adminsock = path;
	conf.admin_uid = 12345;
	assert_int_equal(syscall(SYS_capget, &head, caps), 0);
	memcpy(less, caps, sizeof(less));
	less[0].effective &= ~(1u << CAP_DAC_OVERRIDE);
	assert_int_equal(daemon_open_sockets(&d, PROC_CTL, &conf, &sock, 1), 1);
	fd = sock.fd;
	assert_int_equal(syscall(SYS_capset, &head, less), 0);
	/* as long as somebody listens there it is his */
	assert_int_equal(daemon_open_sockets(&d, PROC_CTL, &conf, &sock, 1), -EADDRINUSE);
	assert_int_equal(owner_of(path), 12345);
	close(fd);
	assert_int_equal(daemon_open_sockets(&d, PROC_CTL, &conf, &sock, 1), 1);
	assert_int_equal(owner_of(path), 12345);
	assert_int_equal(syscall(SYS_capset, &head, caps), 0);
	close(sock.fd);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_udp),
		T(test_room),
		T(test_admin),
		T(test_left_behind),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	/* without one, the host's loopback device and our high ports do */
	netns_enter();
	return cmocka_run_group_tests(tests, make, unmake);
}
