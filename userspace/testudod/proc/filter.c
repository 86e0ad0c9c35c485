// SPDX-License-Identifier: GPL-2.0
/*
 * The system calls that each role needs, and no other. Lists of names: those that
 * all need, and those of a role. Names of files are refused with an error and not with
 * death, since a library may look for one and live without it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <seccomp.h>

#include "base/log.h"
#include "proc/sandbox.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_FILTER false
#else
#define WITH_FILTER true
#endif

/* memory, time, signals, the event loop, descriptors that are there already */
static const int common[] = {
	SCMP_SYS(brk),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(close),
	SCMP_SYS(dup),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(eventfd2),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(futex),
	SCMP_SYS(getegid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getpid),
	SCMP_SYS(getrandom),
	SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getuid),
	SCMP_SYS(lseek),
	SCMP_SYS(madvise),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(nanosleep),
	SCMP_SYS(pipe2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(pread64),
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rseq),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(sysinfo), /* qsort() asks how much memory there is */
	SCMP_SYS(time),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(uname),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getsockname),
};

static const int net[] = {
	SCMP_SYS(bind),
	SCMP_SYS(connect),
	SCMP_SYS(getpeername),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(setsockopt),
	SCMP_SYS(shutdown),
};

static const int ctl[] = {
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(getpeername),
	SCMP_SYS(setsockopt),
	SCMP_SYS(shutdown),
};

static const int keys[] = { SCMP_SYS(mlock), SCMP_SYS(munlock), SCMP_SYS(mlock2) };

/* would be harmless if there were files */
static const int files[] = {
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(openat2),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(statx),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getcwd),
};

static int allow(scmp_filter_ctx f, const int *list, size_t n, uint32_t action)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < n; i++)
		err = seccomp_rule_add(f, action, list[i], 0);
	return err;
}

#define ALLOW(f, list, action) allow(f, list, sizeof(list) / sizeof((list)[0]), action)

/* memory that can be executed is not to be had any more, so code can not be brought in */
static int allow_memory(scmp_filter_ctx f)
{
	int err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				   SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	if (!err)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return err;
}

/* how much is there to read; is that a terminal, which printf() asks; interfaces by name */
static int allow_ioctl(scmp_filter_ctx f)
{
	static const unsigned long which[] = { FIONREAD, TCGETS, FIONBIO, SIOCGIFINDEX,
					       SIOCGIFNAME };
	size_t i;
	int err = 0;

	for (i = 0; !err && i < sizeof(which) / sizeof(which[0]); i++)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				       SCMP_A1(SCMP_CMP_EQ, which[i]));
	return err;
}

/* fstat() of glibc is newfstatat(fd, "", ..., AT_EMPTY_PATH) */
static int allow_fstat(scmp_filter_ctx f)
{
	int err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
				   SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));

	if (!err)
		err = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(newfstatat), 1,
				       SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, 0));
	return err;
}

/* abort(): a failed check of the C library has to end as one; nobody else gets a signal */
static int allow_abort(scmp_filter_ctx f)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
}

/*
 * Sockets that a role may make. All: one for the number of an interface, when a new
 * configuration has "fe80::1%eth0" in it; keys and ctl can neither bind nor connect it
 * (syslog(), which tries that when it lost its own, is refused and not punished). Net:
 * UDP, and rtnetlink, to ask which source address leads to a peer.
 */
static int allow_sockets(scmp_filter_ctx f, enum proc_role role)
{
	static const int udp[] = { AF_INET, AF_INET6 };
	size_t i;
	int err;

	if (role == PROC_NET)
		err = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
				       SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	else
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				       SCMP_A0(SCMP_CMP_EQ, AF_UNIX),
				       SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM));
	if (!err && role != PROC_NET)
		err = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(connect), 0);
	for (i = 0; !err && i < 2; i++)
		err = seccomp_rule_add(f, role == PROC_NET ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES),
				       SCMP_SYS(socket), 2,
				       SCMP_A0(SCMP_CMP_EQ, (unsigned int)udp[i]),
				       SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM));
	if (!err && role == PROC_NET)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				       SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
				       SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE));
	return err;
}

static int build(scmp_filter_ctx f, enum proc_role role)
{
	int err = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (!err)
		err = ALLOW(f, common, SCMP_ACT_ALLOW);
	if (!err)
		err = allow_abort(f);
	if (!err)
		err = ALLOW(f, files, SCMP_ACT_ERRNO(EACCES));
	if (!err)
		err = allow_memory(f);
	if (!err)
		err = allow_ioctl(f);
	if (!err)
		err = allow_fstat(f);
	if (!err)
		err = allow_sockets(f, role);
	if (err)
		return err;
	switch (role) {
	case PROC_NET:
		return ALLOW(f, net, SCMP_ACT_ALLOW);
	case PROC_CTL:
		return ALLOW(f, ctl, SCMP_ACT_ALLOW);
	case PROC_KEYS:
		return ALLOW(f, keys, SCMP_ACT_ALLOW);
	default:
		return -EINVAL;
	}
}

int sandbox_filter(enum proc_role role)
{
	scmp_filter_ctx f;
	int err;

	if (!WITH_FILTER)
		return 0;
	f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!f)
		return -ENOMEM;
	err = build(f, role);
	if (err) {
		seccomp_release(f);
		return err;
	}
	err = seccomp_load(f);
	seccomp_release(f);
	/* a kernel without seccomp still has the rest of the walls */
	if (err == -EINVAL || err == -ENOSYS) {
		log_warn("no filter of system calls for the %s process: the kernel has none",
			 proc_role_name(role));
		return 0;
	}
	return err;
}
