// SPDX-License-Identifier: GPL-2.0
/*
 * Our addresses from rtnetlink. The sockets are opened at the start; from then
 * on it takes sendto, recvmsg, poll, clock_gettime and no other system call,
 * so a process without any right of its own can do it. A route is looked up by
 * netlink, not by connect() of a socket: under stock IPsec that would want the
 * SA that the answer is to help making.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include "base/log.h"
#include "edge/addrs.h"

#define ADDRS_SETTLE_MS 2000 /* an interface that flaps is one change */
#define ADDRS_BATCH	64
#define ADDRS_ANSWER_MS 3000
#define ADDRS_MAX	65536
#define ADDRS_BUF	32768 /* as much as the kernel puts into one datagram */
#define ADDRS_TRIES	3     /* a dump that a change interrupted is begun again */

/* netlink's attributes of one message, by type */
#define ADDRS_ATTRS 32

/**
 * struct addrs_attrs - attributes of a message
 * @a: by type; NULL where absent
 */
struct addrs_attrs {
	const struct nlattr *a[ADDRS_ATTRS];
};

static int addrs_attr(const struct nlattr *attr, void *data)
{
	struct addrs_attrs *attrs = data;
	unsigned int type = mnl_attr_get_type(attr);

	if (type < ADDRS_ATTRS)
		attrs->a[type] = attr;
	return MNL_CB_OK;
}

/* The address in an attribute; false if it has not the length of the family. */
static bool addrs_value(const struct nlattr *attr, sa_family_t family, uint32_t scope,
			struct sockaddr_storage *sa)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)sa;

	if (!attr || !addr_from_bytes(sa, chunk(mnl_attr_get_payload(attr),
						mnl_attr_get_payload_len(attr))))
		return false;
	if (sa->ss_family != family)
		return false;
	if (family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr))
		sin6->sin6_scope_id = scope;
	return true;
}

/* ---- questions ---- */

static int addrs_wait(struct mnl_socket *nl, uint64_t deadline)
{
	struct pollfd pfd = { .fd = mnl_socket_get_fd(nl), .events = POLLIN };
	uint64_t now = timer_now();

	if (now >= deadline)
		return -ETIMEDOUT;
	if (poll(&pfd, 1, deadline - now) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

/*
 * A dump that was given up goes on with each datagram that is read, and as long
 * as it does, there is no other: the kernel says EBUSY.
 */
static void addrs_rest(struct addrs *a)
{
	_Alignas(8) char buf[ADDRS_BUF];

	while (mnl_socket_recvfrom(a->ask, buf, sizeof(buf)) >= 0 || errno == EINTR ||
	       errno == ENOBUFS)
		;
}

/*
 * Sends a question and hands all of its answer to @fn. What is left of an
 * earlier question that was given up has another number and is passed over.
 */
static int addrs_ask(struct addrs *a, struct nlmsghdr *nlh, mnl_cb_t fn, void *arg)
{
	uint64_t deadline = timer_now() + ADDRS_ANSWER_MS;
	unsigned int port = mnl_socket_get_portid(a->ask);
	_Alignas(8) char buf[ADDRS_BUF];
	ssize_t n;
	int ret;

	nlh->nlmsg_seq = ++a->seq;
	if (mnl_socket_sendto(a->ask, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		n = mnl_socket_recvfrom(a->ask, buf, sizeof(buf));
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n < 0) {
			ret = addrs_wait(a->ask, deadline);
			if (ret)
				return ret;
			continue;
		}
		if (n < (ssize_t)sizeof(*nlh) || ((struct nlmsghdr *)buf)->nlmsg_seq != a->seq)
			continue;
		ret = mnl_cb_run(buf, n, a->seq, port, fn, arg);
		if (ret == MNL_CB_ERROR)
			return -errno;
		if (ret == MNL_CB_STOP)
			return 0;
	}
}

/**
 * struct addrs_found - addresses of a dump
 * @list: addresses
 * @n: members of @list
 * @room: room in @list
 */
struct addrs_found {
	struct sockaddr_storage *list;
	size_t n;
	size_t room;
};

/* IPv4's local address is not its address on a link between two points. */
static int addrs_one(const struct nlmsghdr *nlh, void *data)
{
	struct addrs_attrs attrs = { { NULL } };
	struct addrs_found *found = data;
	const struct ifaddrmsg *ifa;
	struct sockaddr_storage sa;
	uint32_t flags;

	if (nlh->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa))
		return MNL_CB_OK;
	ifa = mnl_nlmsg_get_payload(nlh);
	mnl_attr_parse(nlh, sizeof(*ifa), addrs_attr, &attrs);
	flags = ifa->ifa_flags;
	if (attrs.a[IFA_FLAGS] && mnl_attr_get_payload_len(attrs.a[IFA_FLAGS]) == sizeof(flags))
		flags = mnl_attr_get_u32(attrs.a[IFA_FLAGS]);
	/* not ours yet, or never: somebody else has it */
	if (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED) && !(flags & IFA_F_OPTIMISTIC))
		return MNL_CB_OK;
	if (!addrs_value(attrs.a[IFA_LOCAL] ? attrs.a[IFA_LOCAL] : attrs.a[IFA_ADDRESS],
			 ifa->ifa_family, ifa->ifa_index, &sa))
		return MNL_CB_OK;
	if (found->n == ADDRS_MAX)
		return MNL_CB_OK;
	if (found->n == found->room) {
		found->room = found->room ? 2 * found->room : 16;
		found->list = xrealloc(found->list, found->room * sizeof(*found->list));
	}
	found->list[found->n++] = sa;
	return MNL_CB_OK;
}

static int addrs_by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sockaddr_storage));
}

static int addrs_dump(struct addrs *a, struct addrs_found *found)
{
	_Alignas(8) char buf[NLMSG_SPACE(sizeof(struct ifaddrmsg))] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa;

	nlh->nlmsg_type = RTM_GETADDR;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_UNSPEC;
	found->n = 0;
	return addrs_ask(a, nlh, addrs_one, found);
}

/* Reads the addresses: 1 if they are others than before, 0, or a negative errno. */
static int addrs_read(struct addrs *a)
{
	struct addrs_found found = { 0 };
	unsigned int tries = 0;
	bool differ;
	int err;

	do {
		addrs_rest(a);
		err = addrs_dump(a, &found);
	} while (err == -EINTR && ++tries < ADDRS_TRIES);
	if (err) {
		free(found.list);
		return err;
	}
	if (found.n)
		qsort(found.list, found.n, sizeof(*found.list), addrs_by_bytes);
	differ = found.n != a->n ||
		 (found.n && memcmp(found.list, a->list, found.n * sizeof(*found.list)));
	free(a->list);
	a->list = found.list;
	a->n = found.n;
	return differ;
}

/* The source of a route; family 0: it has none. */
static int addrs_route(const struct nlmsghdr *nlh, void *data)
{
	struct addrs_attrs attrs = { { NULL } };
	struct sockaddr_storage *local = data;
	const struct rtmsg *rtm;
	uint32_t oif = 0;

	if (nlh->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(nlh) < sizeof(*rtm))
		return MNL_CB_OK;
	rtm = mnl_nlmsg_get_payload(nlh);
	mnl_attr_parse(nlh, sizeof(*rtm), addrs_attr, &attrs);
	if (attrs.a[RTA_OIF] && mnl_attr_get_payload_len(attrs.a[RTA_OIF]) == sizeof(oif))
		oif = mnl_attr_get_u32(attrs.a[RTA_OIF]);
	/* IPv6 tells of routes that lead nowhere, too */
	if ((rtm->rtm_type != RTN_UNICAST && rtm->rtm_type != RTN_LOCAL) ||
	    !addrs_value(attrs.a[RTA_PREFSRC], rtm->rtm_family, oif, local))
		*local = (struct sockaddr_storage){ 0 };
	/* one route is all of the answer */
	return MNL_CB_STOP;
}

int addrs_source(struct addrs *a, const struct sockaddr_storage *remote,
		 struct sockaddr_storage *local)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)remote;
	struct chunk bytes = addr_bytes(remote);
	struct sockaddr_storage source = { 0 };
	_Alignas(8) char buf[128] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm;
	int err;

	if (!bytes.n)
		return -EAFNOSUPPORT;
	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = remote->ss_family;
	rtm->rtm_dst_len = addr_bits(remote);
	mnl_attr_put(nlh, RTA_DST, bytes.n, bytes.p);
	if (remote->ss_family == AF_INET6 && sin6->sin6_scope_id)
		mnl_attr_put_u32(nlh, RTA_OIF, sin6->sin6_scope_id);
	err = addrs_ask(a, nlh, addrs_route, &source);
	if (err)
		return err;
	if (!source.ss_family)
		return -ENETUNREACH;
	*local = source;
	return 0;
}

/* ---- news ---- */

static void addrs_settled(void *arg)
{
	struct addrs *a = arg;
	bool differ;
	int ret;

	ret = addrs_read(a);
	if (ret < 0) {
		log_warn("our addresses can not be read: %s", strerror(-ret));
		/* try again */
		timer_set(&a->settle, ADDRS_SETTLE_MS);
		return;
	}
	differ = ret || a->differ;
	a->stale = a->differ = false;
	if (differ)
		a->changed(a->arg);
}

/*
 * What the news say does not matter: a while after the first, all is read. So
 * lost news (ENOBUFS) are as good as any, and news without end put off nothing.
 */
void addrs_input(struct addrs *a)
{
	_Alignas(8) char buf[ADDRS_BUF];
	unsigned int i;
	bool any = false;
	ssize_t n;

	for (i = 0; i < ADDRS_BATCH; i++) {
		n = mnl_socket_recvfrom(a->news, buf, sizeof(buf));
		if (n < 0 && errno == EAGAIN)
			break;
		any = true;
	}
	a->stale |= any;
	if (any && !timer_pending(&a->settle))
		timer_set(&a->settle, ADDRS_SETTLE_MS);
}

static bool addrs_listed(const struct addrs *a, const struct sockaddr_storage *addr)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (addr_same_host(&a->list[i], addr))
			return true;
	return false;
}

/*
 * What leaves from an address that is new can ask for an SA before the change has settled, and what
 * is refused then is not asked for again for a while.
 */
bool addrs_is_local(struct addrs *a, const struct sockaddr_storage *addr)
{
	int ret;

	if (addrs_listed(a, addr))
		return true;
	addrs_input(a);
	ret = a->stale ? addrs_read(a) : 0;
	if (ret < 0)
		return false;
	a->stale = false;
	a->differ |= ret;
	return addrs_listed(a, addr);
}

static int addrs_open(struct mnl_socket **nl, unsigned int groups)
{
	int err;

	*nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!*nl)
		return -errno;
	if (mnl_socket_bind(*nl, groups, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		mnl_socket_close(*nl);
		*nl = NULL;
		return err;
	}
	return 0;
}

int addrs_init(struct addrs *a, void (*changed)(void *arg), void *arg)
{
	int err;

	*a = (struct addrs){ .changed = changed, .arg = arg };
	timer_init(&a->settle, addrs_settled, a);
	err = addrs_open(&a->ask, 0);
	if (!err)
		err = addrs_open(&a->news, RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
	/* after the news are on, so that no change falls between */
	if (!err)
		err = addrs_read(a);
	if (err < 0) {
		addrs_free(a);
		return err;
	}
	return 0;
}

void addrs_free(struct addrs *a)
{
	timer_free(&a->settle);
	if (a->ask)
		mnl_socket_close(a->ask);
	if (a->news)
		mnl_socket_close(a->news);
	free(a->list);
	*a = (struct addrs){ 0 };
}

int addrs_fd(const struct addrs *a)
{
	return mnl_socket_get_fd(a->news);
}
