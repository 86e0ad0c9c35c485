// SPDX-License-Identifier: GPL-2.0
/*
 * Opening IKE's sockets, with the options that need privileges. Without a
 * listen statement there is one socket a family and port, bound to no address,
 * so that addresses may come and go.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ipsec.h>
#include <linux/pfkeyv2.h>
#include <linux/udp.h>

#include "base/log.h"
#include "edge/udp.h"

static int open_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

/*
 * IKE must pass in clear whatever the policies say: they would wait for the SA
 * that it is to make.
 */
static int open_bypass_way(int fd, sa_family_t family, unsigned int dir)
{
	struct sadb_x_policy policy = {
		.sadb_x_policy_len = sizeof(policy) / 8,
		.sadb_x_policy_exttype = SADB_X_EXT_POLICY,
		.sadb_x_policy_type = IPSEC_POLICY_BYPASS,
		.sadb_x_policy_dir = dir,
	};
	bool v6 = family == AF_INET6;

	if (setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_IPSEC_POLICY : IP_IPSEC_POLICY,
		       &policy, sizeof(policy)))
		return -errno;
	return 0;
}

static int open_bypass(int fd, sa_family_t family)
{
	int err = open_bypass_way(fd, family, IPSEC_DIR_INBOUND);

	return err ? err : open_bypass_way(fd, family, IPSEC_DIR_OUTBOUND);
}

/* Messages larger than the path's MTU are fragmented, not refused. */
static int open_family_options(int fd, sa_family_t family)
{
	int err;

	if (family == AF_INET) {
		err = open_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
		return err ? err : open_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	}
	err = open_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!err)
		err = open_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	return err ? err : open_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
}

static int open_options(int fd, const struct udp_socket *s, bool freebind)
{
	char text[ADDR_TEXT];
	int err;

	err = open_family_options(fd, s->addr.ss_family);
	if (err)
		return err;
	if (freebind) {
		err = open_option(fd, IPPROTO_IP, IP_FREEBIND, 1);
		if (err)
			return err;
	}
	err = open_bypass(fd, s->addr.ss_family);
	if (err)
		log_warn("%s: IKE will be subject to the IPsec policies: IP_IPSEC_POLICY: %s",
			 addr_text(&s->addr, text), strerror(-err));
	if (!s->natt)
		return 0;
	err = open_option(fd, IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP);
	if (err)
		log_warn("%s: no NAT traversal: UDP_ENCAP: %s", addr_text(&s->addr, text),
			 strerror(-err));
	return 0;
}

/*
 * Bound last, so no datagram comes before the options are set. SO_REUSEADDR is for
 * open_share() alone: while it is on, a second daemon could take half of our datagrams.
 */
static int open_one(struct udp_socket *s, bool freebind)
{
	int err;
	int fd;

	fd = socket(s->addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
	if (fd < 0)
		return -errno;
	err = open_options(fd, s, freebind);
	if (!err)
		err = open_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!err && bind(fd, (const struct sockaddr *)&s->addr, addr_len(&s->addr)))
		err = -errno;
	if (!err)
		err = open_option(fd, SOL_SOCKET, SO_REUSEADDR, 0);
	if (err) {
		close(fd);
		return err;
	}
	s->fd = fd;
	return 0;
}

/* The two lines that racoon's users look for. */
static void open_told(const struct udp_socket *s)
{
	char text[ADDR_TEXT];

	addr_text(&s->addr, text);
	log_info("%s used as isakmp port (fd=%d)", text, s->fd);
	if (s->natt)
		log_info("%s used for NAT-T", text);
}

static void open_failed(const struct udp_socket *s, int err)
{
	const char *hint = "";
	char text[ADDR_TEXT];

	if (err == -EADDRINUSE)
		hint = ": is another IKE daemon running?";
	else if (err == -EADDRNOTAVAIL)
		hint = ": without strict_address it may come later";
	else if (err == -EACCES)
		hint = ": ports below 1024 are root's";
	log_error("failed to bind to address %s (%s)%s", addr_text(&s->addr, text), strerror(-err),
		  hint);
}

/* ---- which ---- */

static int plan_add(struct udp_plan *plan, const struct sockaddr_storage *addr, uint16_t port,
		    bool natt)
{
	struct udp_socket s = { .fd = -1, .natt = natt, .addr = *addr };
	unsigned int i;

	addr_set_port(&s.addr, port);
	/* said twice */
	for (i = 0; i < plan->n; i++)
		if (addr_same(&plan->socks[i].addr, &s.addr))
			return 0;
	if (plan->n == UDP_SOCKETS) {
		log_error("more than %u addresses to listen on", UDP_SOCKETS);
		return -ENOSPC;
	}
	plan->socks[plan->n++] = s;
	return 0;
}

/* The port that the file says; else the command line's in the place of the default. */
static int plan_listens(struct udp_plan *plan, const struct conf *conf,
			const struct udp_options *opt)
{
	const struct conf_listen *l;
	uint16_t port;
	int err;

	TAILQ_FOREACH(l, &conf->listens, link) {
		if (l->addr.ss_family == AF_INET ? opt->no_v4 : opt->no_v6)
			continue;
		port = addr_port(&l->addr);
		if (!l->natt && (!port || port == UDP_PORT))
			port = opt->port;
		else if (l->natt && (!port || port == UDP_NATT_PORT))
			port = opt->natt_port;
		err = plan_add(plan, &l->addr, port, l->natt);
		if (err)
			return err;
	}
	return 0;
}

static int plan_wildcards(struct udp_plan *plan, const struct udp_options *opt)
{
	static const sa_family_t families[] = { AF_INET, AF_INET6 };
	struct sockaddr_storage any;
	unsigned int i;
	int err;

	for (i = 0; i < 2; i++) {
		if (families[i] == AF_INET ? opt->no_v4 : opt->no_v6)
			continue;
		any = (struct sockaddr_storage){ .ss_family = families[i] };
		err = plan_add(plan, &any, opt->port, false);
		if (!err)
			err = plan_add(plan, &any, opt->natt_port, true);
		if (err)
			return err;
	}
	return 0;
}

int udp_plan(const struct conf *conf, const struct udp_options *opt, struct udp_plan *plan)
{
	plan->n = 0;
	return TAILQ_EMPTY(&conf->listens) ? plan_wildcards(plan, opt) : plan_listens(plan, conf, opt);
}

static bool udp_among(const struct udp_socket *socks, unsigned int n, const struct udp_socket *s)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (socks[i].natt == s->natt && addr_same(&socks[i].addr, &s->addr))
			return true;
	return false;
}

bool udp_planned(const struct udp_plan *plan, const struct udp_socket *s)
{
	return udp_among(plan->socks, plan->n, s);
}

/* ---- those that are lacking ---- */

/* 1, 0 if this kernel can not have it, which is no fault, or a negative errno after it was logged */
static int open_planned(struct udp_socket *s, bool freebind)
{
	int err = open_one(s, freebind);

	if (err == -EAFNOSUPPORT && addr_is_any(&s->addr))
		return 0;
	if (err) {
		open_failed(s, err);
		return err;
	}
	open_told(s);
	return 1;
}

/*
 * While the wildcard address has a port, no other address can have it, and the other way round;
 * but for sockets which both say that they share. Nobody else's does.
 */
static void open_share(const struct udp_plan *plan, const struct udp_socket *socks, unsigned int n,
		       int share)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!udp_planned(plan, &socks[i]))
			open_option(socks[i].fd, SOL_SOCKET, SO_REUSEADDR, share);
}

static int open_lacking(const struct udp_plan *plan, struct udp_socket *socks, unsigned int n,
			bool freebind)
{
	unsigned int i, now = n;
	int got = 0;

	for (i = 0; got >= 0 && i < plan->n; i++) {
		if (udp_among(socks, n, &plan->socks[i]))
			continue;
		socks[now] = plan->socks[i];
		got = open_planned(&socks[now], freebind);
		if (got > 0)
			now++;
	}
	if (got >= 0)
		return now;
	udp_close_all(socks + n, now - n);
	return got;
}

int udp_open_missing(const struct conf *conf, const struct udp_options *opt,
		     struct udp_socket *socks, unsigned int n)
{
	struct udp_plan plan;
	int got;

	got = udp_plan(conf, opt, &plan);
	if (got)
		return got;
	open_share(&plan, socks, n, 1);
	got = open_lacking(&plan, socks, n, !conf->strict_address);
	open_share(&plan, socks, n, 0);
	if (got)
		return got;
	log_error("no address could be bound");
	return -EADDRNOTAVAIL;
}

void udp_close_all(struct udp_socket *socks, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (socks[i].fd >= 0)
			close(socks[i].fd);
		socks[i].fd = -1;
	}
}
