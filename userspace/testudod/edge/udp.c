// SPDX-License-Identifier: GPL-2.0
/* Datagrams of IKE, in and out: where from, where to, and the marker of NAT-T. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "edge/udp.h"

#define UDP_BATCH     32    /* datagrams of one socket before others have their turn */
#define UDP_BUF	      65536 /* no datagram is longer */
#define UDP_MARKER    4	    /* zero bytes where ESP has its SPI (RFC 3948 2.2) */
#define UDP_KEEPALIVE 0xff

/**
 * union udp_control - room for the one control message that we ask for, aligned
 * @align: gives the alignment
 * @v4: IP_PKTINFO
 * @v6: IPV6_PKTINFO
 */
union udp_control {
	struct cmsghdr align;
	char v4[CMSG_SPACE(sizeof(struct in_pktinfo))];
	char v6[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

void udp_init(struct udp *u, const struct udp_socket *socks, unsigned int n)
{
	*u = (struct udp){ .n = n < UDP_ROOM ? n : UDP_ROOM };
	memcpy(u->socks, socks, u->n * sizeof(*socks));
	u->buf = xcalloc(1, UDP_BUF);
}

void udp_free(struct udp *u)
{
	udp_close_all(u->socks, u->n);
	free(u->buf);
	*u = (struct udp){ 0 };
}

int udp_add(struct udp *u, const struct udp_socket *s)
{
	unsigned int i;

	for (i = 0; i < u->n && u->socks[i].fd >= 0; i++)
		;
	if (i == UDP_ROOM)
		return -ENOSPC;
	u->socks[i] = *s;
	if (i == u->n)
		u->n++;
	return i;
}

void udp_close(struct udp *u, unsigned int i)
{
	udp_close_all(&u->socks[i], 1);
}

/* ---- receiving ---- */

/*
 * Our own address is the one that the datagram was sent to. A datagram to a
 * group or to all is none for us: the address to answer from, ipi_spec_dst,
 * differs from ipi_addr then.
 */
static bool udp_local_v4(const struct cmsghdr *cm, struct sockaddr_storage *local)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)local;
	struct in_pktinfo info;

	if (cm->cmsg_len < CMSG_LEN(sizeof(info)))
		return false;
	memcpy(&info, CMSG_DATA(cm), sizeof(info));
	if (info.ipi_spec_dst.s_addr != info.ipi_addr.s_addr)
		return false;
	sin->sin_family = AF_INET;
	sin->sin_addr = info.ipi_addr;
	return true;
}

static bool udp_local_v6(const struct cmsghdr *cm, struct sockaddr_storage *local)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)local;
	struct in6_pktinfo info;

	if (cm->cmsg_len < CMSG_LEN(sizeof(info)))
		return false;
	memcpy(&info, CMSG_DATA(cm), sizeof(info));
	if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr))
		return false;
	sin6->sin6_family = AF_INET6;
	sin6->sin6_addr = info.ipi6_addr;
	if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
		sin6->sin6_scope_id = info.ipi6_ifindex;
	return true;
}

static bool udp_local(struct msghdr *mh, struct sockaddr_storage *local)
{
	struct cmsghdr *cm;

	*local = (struct sockaddr_storage){ 0 };
	for (cm = CMSG_FIRSTHDR(mh); cm; cm = CMSG_NXTHDR(mh, cm)) {
		if (cm->cmsg_level == IPPROTO_IP && cm->cmsg_type == IP_PKTINFO)
			return udp_local_v4(cm, local);
		if (cm->cmsg_level == IPPROTO_IPV6 && cm->cmsg_type == IPV6_PKTINFO)
			return udp_local_v6(cm, local);
	}
	return false;
}

/*
 * Takes the marker off. What is left is no message if it is empty, a keepalive
 * (the kernel eats those on sockets with UDP_ENCAP, others get them too), or
 * ESP that the kernel did not take.
 */
static bool udp_strip(const struct udp_socket *s, struct chunk *msg)
{
	static const uint8_t marker[UDP_MARKER];

	if (msg->n == 1 && msg->p[0] == UDP_KEEPALIVE)
		return false;
	if (!s->natt)
		return msg->n > 0;
	if (msg->n <= UDP_MARKER || memcmp(msg->p, marker, UDP_MARKER))
		return false;
	*msg = chunk(msg->p + UDP_MARKER, msg->n - UDP_MARKER);
	return true;
}

/* One datagram: 1 and a message, 0 for one that is none, or a negative errno. */
static int udp_recv(struct udp *u, const struct udp_socket *s, struct ike_path *path,
		    struct chunk *msg)
{
	struct iovec iov = { .iov_base = u->buf, .iov_len = UDP_BUF };
	union udp_control control;
	struct msghdr mh = {
		.msg_name = &path->remote,
		.msg_namelen = sizeof(path->remote),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	*path = (struct ike_path){ .natt = s->natt };
	n = recvmsg(s->fd, &mh, MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	if (mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return 0;
	/* nobody could be answered at port 0 */
	if (path->remote.ss_family != s->addr.ss_family || !addr_port(&path->remote))
		return 0;
	if (!udp_local(&mh, &path->local) || path->local.ss_family != s->addr.ss_family)
		return 0;
	addr_set_port(&path->local, addr_port(&s->addr));
	*msg = chunk(u->buf, n);
	return udp_strip(s, msg);
}

void udp_input(struct udp *u, unsigned int i,
	       void (*fn)(void *arg, const struct ike_path *path, struct chunk msg), void *arg)
{
	const struct udp_socket *s = &u->socks[i];
	struct ike_path path;
	struct chunk msg;
	unsigned int n;
	int got;

	for (n = 0; n < UDP_BATCH; n++) {
		got = udp_recv(u, s, &path, &msg);
		if (got > 0)
			fn(arg, &path, msg);
		/* an ICMP error of the past is read once and is gone */
		else if (got == -EAGAIN)
			break;
	}
}

/* ---- sending ---- */

/*
 * How well a socket serves a path, 0: not at all. The port that the peer knows
 * us by counts most; if no socket has it, the peer will answer to the one it
 * sees. Then one that is bound to the address goes before a wildcard one.
 */
static unsigned int udp_fit(const struct udp_socket *s, const struct ike_path *path)
{
	unsigned int fit = 1;

	if (s->fd < 0 || s->natt != path->natt || s->addr.ss_family != path->remote.ss_family)
		return 0;
	if (path->local.ss_family && !addr_is_any(&path->local)) {
		if (addr_same_host(&s->addr, &path->local))
			fit += 1;
		else if (!addr_is_any(&s->addr))
			return 0;
	}
	if (addr_port(&path->local) == addr_port(&s->addr))
		fit += 2;
	return fit;
}

static const struct udp_socket *udp_choose(const struct udp *u, const struct ike_path *path)
{
	const struct udp_socket *best = NULL;
	unsigned int fit, most = 0;
	unsigned int i;

	for (i = 0; i < u->n; i++) {
		fit = udp_fit(&u->socks[i], path);
		if (fit > most) {
			most = fit;
			best = &u->socks[i];
		}
	}
	return best;
}

/* The source: as a control message, since a wildcard socket has none. */
static size_t udp_source(const struct sockaddr_storage *local, struct msghdr *mh)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)local;
	const struct sockaddr_in *sin = (const struct sockaddr_in *)local;
	struct cmsghdr *cm = CMSG_FIRSTHDR(mh);
	struct in6_pktinfo info6 = { 0 };
	struct in_pktinfo info = { 0 };

	if (local->ss_family == AF_INET) {
		info.ipi_spec_dst = sin->sin_addr;
		cm->cmsg_level = IPPROTO_IP;
		cm->cmsg_type = IP_PKTINFO;
		cm->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(cm), &info, sizeof(info));
		return CMSG_SPACE(sizeof(info));
	}
	info6.ipi6_addr = sin6->sin6_addr;
	info6.ipi6_ifindex = sin6->sin6_scope_id;
	cm->cmsg_level = IPPROTO_IPV6;
	cm->cmsg_type = IPV6_PKTINFO;
	cm->cmsg_len = CMSG_LEN(sizeof(info6));
	memcpy(CMSG_DATA(cm), &info6, sizeof(info6));
	return CMSG_SPACE(sizeof(info6));
}

static int udp_sendv(struct udp *u, const struct ike_path *path, struct iovec *iov, size_t iovlen)
{
	const struct udp_socket *s = udp_choose(u, path);
	union udp_control control = { 0 };
	struct msghdr mh = {
		.msg_name = (void *)&path->remote,
		.msg_namelen = addr_len(&path->remote),
		.msg_iov = iov,
		.msg_iovlen = iovlen,
	};
	ssize_t n;

	if (!s)
		return -EADDRNOTAVAIL;
	if (path->local.ss_family == path->remote.ss_family && !addr_is_any(&path->local)) {
		mh.msg_control = &control;
		mh.msg_controllen = sizeof(control);
		mh.msg_controllen = udp_source(&path->local, &mh);
	}
	do {
		n = sendmsg(s->fd, &mh, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int udp_send(struct udp *u, const struct ike_path *path, struct chunk msg)
{
	static uint8_t marker[UDP_MARKER];
	struct iovec iov[2] = {
		{ .iov_base = marker, .iov_len = UDP_MARKER },
		{ .iov_base = (void *)msg.p, .iov_len = msg.n },
	};

	return path->natt ? udp_sendv(u, path, iov, 2) : udp_sendv(u, path, iov + 1, 1);
}

int udp_keepalive(struct udp *u, const struct ike_path *path)
{
	uint8_t byte = UDP_KEEPALIVE;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };

	return udp_sendv(u, path, &iov, 1);
}
