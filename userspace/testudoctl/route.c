// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's word on a route, by rtnetlink: where a packet would leave, and
 * how large it may be there. It sends nothing but the question.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "route.h"

/**
 * struct route_answer - what came back
 * @type: RTN_*
 * @oif: device's number
 * @mtu: of the route, 0: none
 * @link_mtu: of the device
 */
struct route_answer {
	uint8_t type;
	uint32_t oif;
	uint32_t mtu;
	uint32_t link_mtu;
};

static void route_metrics(const struct nlattr *nest, struct route_answer *a)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) if (mnl_attr_get_type(attr) == RTAX_MTU &&
						 mnl_attr_get_payload_len(attr) >= sizeof(uint32_t))
		a->mtu = mnl_attr_get_u32(attr);
}

static int route_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct route_answer *a = arg;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE)
		return MNL_CB_OK;
	a->type = rtm->rtm_type;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm))
	{
		if (mnl_attr_get_type(attr) == RTA_OIF &&
		    mnl_attr_get_payload_len(attr) >= sizeof(uint32_t))
			a->oif = mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == RTA_METRICS)
			route_metrics(attr, a);
	}
	return MNL_CB_OK;
}

static int link_cb(const struct nlmsghdr *nlh, void *arg)
{
	struct route_answer *a = arg;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg)) if (mnl_attr_get_type(attr) == IFLA_MTU &&
								   mnl_attr_get_payload_len(attr) >= sizeof(uint32_t))
		a->link_mtu = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

/* One question, one answer. 0 or a negative errno. */
static int route_ask(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
		     struct route_answer *a)
{
	char buf[16384];
	ssize_t n;

	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq++;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (n < 0)
		return -errno;
	return mnl_cb_run(buf, n, nlh->nlmsg_seq, mnl_socket_get_portid(nl), cb, a) < 0 ? -errno : 0;
}

static int route_ask_route(struct mnl_socket *nl, const struct sockaddr_storage *dst,
			   struct route_answer *a)
{
	char buf[1024];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct chunk bytes = addr_bytes(dst);
	struct rtmsg *rtm;

	nlh->nlmsg_type = RTM_GETROUTE;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = dst->ss_family;
	rtm->rtm_dst_len = addr_bits(dst);
	mnl_attr_put(nlh, RTA_DST, bytes.n, bytes.p);
	return route_ask(nl, nlh, route_cb, a);
}

static int route_ask_link(struct mnl_socket *nl, struct route_answer *a)
{
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;

	nlh->nlmsg_type = RTM_GETLINK;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = a->oif;
	return route_ask(nl, nlh, link_cb, a);
}

/**
 * route_find() - how packets would go
 * @dst: where to
 * @info: result
 *
 * Return: 0 or a negative errno.
 */
int route_find(const struct sockaddr_storage *dst, struct route_info *info)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);
	struct route_answer a = { 0 };
	int err;

	memset(info, 0, sizeof(*info));
	if (!nl)
		return -errno;
	err = mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
	if (!err)
		err = route_ask_route(nl, dst, &a);
	if (!err && a.oif)
		err = route_ask_link(nl, &a);
	mnl_socket_close(nl);
	if (err)
		return err;
	/* IPv6 tells of routes that lead nowhere, too */
	if (a.type >= RTN_BLACKHOLE && a.type <= RTN_THROW)
		return -ENETUNREACH;
	info->local = a.type == RTN_LOCAL;
	info->learnt = a.mtu && a.mtu != a.link_mtu;
	info->mtu = a.mtu ? a.mtu : a.link_mtu;
	if (!a.oif || !if_indextoname(a.oif, info->dev))
		strcpy(info->dev, "?");
	return 0;
}
