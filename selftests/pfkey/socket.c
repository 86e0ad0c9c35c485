// SPDX-License-Identifier: GPL-2.0
/*
 * The socket itself: who may open it, what it can not do, what send() refuses
 * and what it answers, recv() and its flags.
 *
 * # kernels: all
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "msg.h"

/* errno of socket(), 0 when it works */
static int try_socket(int type, int protocol)
{
	int fd = socket(PF_KEY, type, protocol);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int raw_send(int fd, const void *buf, size_t len, int flags)
{
	return send(fd, buf, len, flags) < 0 ? errno : 0;
}

/* The socket still works. */
static void still_good(int fd)
{
	struct msg m;

	m_begin(&m, SADB_REGISTER, 0);
	EQ(k_do(fd, &m), 0);
	k_quiet(fd, 0);
}

TEST(n01_shorter_than_a_header)
{
	static const size_t sizes[] = { 0, 4, 15 };
	int fd = k_open();
	struct msg m;
	size_t i;

	m_begin(&m, SADB_DUMP, 0);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		EQ(raw_send(fd, m.b, sizes[i], 0), EMSGSIZE);
	still_good(fd);
}

TEST(n02_header_length_is_not_the_length)
{
	static const unsigned int words[] = { 0, 1, 3, 0xffff };
	int fd = k_open();
	struct msg m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		m_begin(&m, SADB_DUMP, 0);
		m.base.sadb_msg_len = words[i];
		EQ(k_send(fd, &m), EMSGSIZE);
	}
	still_good(fd);
}

TEST(n03_other_version)
{
	static const unsigned int versions[] = { 0, 1, 3 };
	int fd = k_open();
	struct msg m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		m_begin(&m, SADB_DUMP, 0);
		m.base.sadb_msg_version = versions[i];
		EQ(k_send(fd, &m), EINVAL);
	}
	still_good(fd);
}

TEST(n04_reserved_field)
{
	int fd = k_open();
	struct msg m;

	m_begin(&m, SADB_DUMP, 0);
	m.base.sadb_msg_reserved = 1;
	EQ(k_send(fd, &m), EINVAL);
	still_good(fd);
}

TEST(n05_no_such_type)
{
	static const unsigned int types[] = { 0, 25, 255 };
	int fd = k_open();
	struct msg m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		m_begin(&m, types[i], 0);
		EQ(k_send(fd, &m), EINVAL);
	}
	still_good(fd);
}

TEST(n06_stray_bytes)
{
	unsigned int stray;
	int fd = k_open();
	struct msg m;

	for (stray = 1; stray < 8; stray++) {
		m_begin(&m, SADB_DUMP, 0);
		m.len += stray;
		EQ(k_do(fd, &m), EINVAL);
	}
	still_good(fd);
}

TEST(n07_longer_than_the_send_buffer)
{
	socklen_t optlen = sizeof(int);
	int fd = k_open(), size = 4608;
	struct msg m;

	OK(!setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
	OK(!getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &optlen));
	OK(size < MSG_ROOM);

	/* a good message of the greatest length: an extension that nobody knows */
	m_begin(&m, SADB_DUMP, 0);
	m_ext(&m, 27, (size - 32) / 8 * 8 - m.len);
	EQ(k_do(fd, &m), ENOENT);
	m_begin(&m, SADB_DUMP, 0);
	m_ext(&m, 27, (size - 32) / 8 * 8 + 8 - m.len);
	EQ(k_send(fd, &m), EMSGSIZE);
	still_good(fd);
}

TEST(n08_out_of_band)
{
	int fd = k_open();
	struct msg m;

	m_begin(&m, SADB_DUMP, 0);
	EQ(raw_send(fd, m.b, m.len, MSG_OOB), EOPNOTSUPP);
	still_good(fd);
}

TEST(n09_types_that_only_the_kernel_sends)
{
	static const unsigned int types[] = {
		SADB_EXPIRE, SADB_X_PCHANGE, SADB_X_SPDACQUIRE, SADB_X_SPDEXPIRE,
		SADB_X_NAT_T_NEW_MAPPING,
	};
	int fd = k_open();
	struct msg m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		m_begin(&m, types[i], SADB_SATYPE_ESP);
		EQ(k_do(fd, &m), EOPNOTSUPP);
	}
	still_good(fd);
}

TEST(acquire_downward_is_silent)
{
	int fd = k_open();
	struct msg m;

	m_begin(&m, SADB_ACQUIRE, SADB_SATYPE_ESP);
	m.base.sadb_msg_errno = ENOENT;
	EQ(k_send(fd, &m), 0);
	k_quiet(fd, 100);
	m_begin(&m, SADB_ACQUIRE, SADB_SATYPE_ESP);
	m_ends(&m, "10.0.0.1", "10.0.0.2");
	EQ(k_do(fd, &m), EOPNOTSUPP);
	still_good(fd);
}

TEST(n53_what_the_socket_can_not_do)
{
	struct sockaddr sa = { .sa_family = PF_KEY };
	socklen_t len = sizeof(sa);
	int fd = k_open(), n;
	struct msg m;

	EQ(bind(fd, &sa, sizeof(sa)) ? errno : 0, EOPNOTSUPP);
	EQ(connect(fd, &sa, sizeof(sa)) ? errno : 0, EOPNOTSUPP);
	EQ(listen(fd, 1) ? errno : 0, EOPNOTSUPP);
	EQ(accept(fd, NULL, NULL) < 0 ? errno : 0, EOPNOTSUPP);
	EQ(shutdown(fd, SHUT_RDWR) ? errno : 0, EOPNOTSUPP);
	EQ(getsockname(fd, &sa, &len) ? errno : 0, EOPNOTSUPP);
	/* sock_no_ioctl() answers EOPNOTSUPP, which ioctl(2) turns into ENOTTY or not */
	OK(ioctl(fd, FIONREAD, &n) < 0);

	m_begin(&m, SADB_REGISTER, 0);
	EQ(k_send(fd, &m), 0);
	EQ(recv(fd, m.b, sizeof(m.b), MSG_WAITALL) < 0 ? errno : 0, EINVAL);
	EQ(recv(fd, m.b, sizeof(m.b), MSG_OOB) < 0 ? errno : 0, EINVAL);
	OK(recv(fd, m.b, sizeof(m.b), 0) > 0);
	still_good(fd);
}

TEST(recv_truncates_and_peeks)
{
	struct msghdr hdr = { 0 };
	uint8_t small[16];
	struct iovec iov = { small, sizeof(small) };
	int fd = k_open();
	struct msg m;
	ssize_t n;

	m_begin(&m, SADB_REGISTER, 0);
	EQ(k_send(fd, &m), 0);
	EQ(recv(fd, small, sizeof(small), MSG_PEEK), 16);
	n = recv(fd, small, sizeof(small), MSG_PEEK | MSG_TRUNC);
	OK(n > 16);
	/* libipsec reads the rest by the length in the header */
	EQ(((struct sadb_msg *)small)->sadb_msg_len * 8, n);
	hdr.msg_iov = &iov;
	hdr.msg_iovlen = 1;
	EQ(recvmsg(fd, &hdr, 0), 16);
	OK(hdr.msg_flags & MSG_TRUNC);
	EQ(recv(fd, small, sizeof(small), MSG_DONTWAIT) < 0 ? errno : 0, EAGAIN);
	still_good(fd);
}

TEST(n54_which_sockets_there_are)
{
	EQ(try_socket(SOCK_RAW, PF_KEY_V2), 0);
	EQ(try_socket(SOCK_DGRAM, PF_KEY_V2), ESOCKTNOSUPPORT);
	EQ(try_socket(SOCK_STREAM, PF_KEY_V2), ESOCKTNOSUPPORT);
	EQ(try_socket(SOCK_RAW, 0), EPROTONOSUPPORT);
	EQ(try_socket(SOCK_RAW, 1), EPROTONOSUPPORT);
}

/* Runs a function in a child without privileges; its return value is ours. */
static int as_nobody(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(255);
		_exit(fn());
	}
	OK(pid > 0 && waitpid(pid, &status, 0) == pid);
	OK(WIFEXITED(status) && WEXITSTATUS(status) != 255);
	return WEXITSTATUS(status);
}

static int open_plain(void)
{
	return try_socket(SOCK_RAW, PF_KEY_V2);
}

static int open_in_own_userns(void)
{
	return unshare(CLONE_NEWUSER) ? 254 : try_socket(SOCK_RAW, PF_KEY_V2);
}

static int open_in_own_netns(void)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) ? 254 : try_socket(SOCK_RAW, PF_KEY_V2);
}

TEST(n54_capability)
{
	EQ(as_nobody(open_plain), EPERM);
}

TEST(root_of_a_user_namespace_owns_only_its_network)
{
	int rc = as_nobody(open_in_own_userns);

	if (rc == 254)
		test_skip("no user namespaces for users");
	EQ(rc, EPERM);
	EQ(as_nobody(open_in_own_netns), 0);
}

/* Lines of /proc/net/pfkey below the head. */
static int proc_lines(void)
{
	FILE *f = fopen("/proc/thread-self/net/pfkey", "r");
	char line[256];
	int n = 0;

	OK(f);
	OK(fgets(line, sizeof(line), f));
	EQ(strcmp(line, "sk       RefCnt Rmem   Wmem   User   Inode\n"), 0);
	while (fgets(line, sizeof(line), f))
		n++;
	fclose(f);
	return n;
}

TEST(proc_net_pfkey_lists_the_sockets)
{
	struct stat st;
	char inode[32], line[256];
	bool found = false;
	int fd, other;
	FILE *f;

	EQ(proc_lines(), 0);
	fd = k_open();
	other = k_open();
	EQ(proc_lines(), 2);
	close(other);
	EQ(proc_lines(), 1);
	OK(!fstat(fd, &st));
	snprintf(inode, sizeof(inode), " %lu", (unsigned long)st.st_ino);
	f = fopen("/proc/thread-self/net/pfkey", "r");
	OK(f);
	while (fgets(line, sizeof(line), f))
		found |= strstr(line, inode) != NULL;
	OK(found);
	fclose(f);
}

TEST(namespaces_do_not_see_each_other)
{
	int a = k_open(), b;
	struct msg m;

	m_add(&m, SADB_ADD, 0x1000, "10.0.0.1", "10.0.0.2");
	EQ(k_do(a, &m), 0);
	OK(!unshare(CLONE_NEWNET));
	b = k_open();
	EQ(k_count_sa(b, 0), 0);
	m_add(&m, SADB_ADD, 0x1000, "10.0.0.1", "10.0.0.2");
	EQ(k_do(b, &m), 0);
	k_quiet(a, 0);
	m_begin(&m, SADB_FLUSH, 0);
	EQ(k_do(b, &m), 0);
	k_quiet(a, 0);
	/* the first namespace lives by its socket alone */
	EQ(k_count_sa(a, 0), 1);
	EQ(proc_lines(), 1);
}

TEST(namespace_ends_with_its_last_socket)
{
	struct msg m;
	int i, fd;

	for (i = 0; i < 20; i++) {
		OK(!unshare(CLONE_NEWNET));
		fd = k_open();
		m_add(&m, SADB_ADD, 0x1000 + i, "10.0.0.1", "10.0.0.2");
		EQ(k_do(fd, &m), 0);
		m_spd(&m, SADB_X_SPDADD, IPSEC_DIR_OUTBOUND, "10.0.0.1", "10.0.0.2", 32);
		m_req(&m, IPPROTO_ESP, IPSEC_MODE_TRANSPORT, IPSEC_LEVEL_REQUIRE, 0, NULL, NULL);
		EQ(k_do(fd, &m), 0);
		m_begin(&m, SADB_DUMP, 0);
		EQ(k_send(fd, &m), 0);
		/* every other one is left open for exit() to close */
		if (i & 1)
			close(fd);
	}
}

TEST(requests_without_readers_end)
{
	int fd = k_open(), err = 0, i;
	struct msg m;

	/* nothing is lost of what was taken, and not everything is taken */
	for (i = 0; !err && i < 100000; i++) {
		m_begin(&m, SADB_REGISTER, 0);
		err = k_send(fd, &m);
	}
	EQ(err, ENOBUFS);
	EQ(k_drain(fd), i - 1);
	still_good(fd);
}

int main(void)
{
	return test_main();
}
