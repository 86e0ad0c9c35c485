// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses, traffic selectors and their text. Selectors are compared as
 * ranges; nothing here asks the network or a name server.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "pfkey.h"

#define PORT_MAX 65535

static struct sockaddr_in *in4(struct sockaddr_storage *sa)
{
	return (struct sockaddr_in *)sa;
}

static struct sockaddr_in6 *in6(struct sockaddr_storage *sa)
{
	return (struct sockaddr_in6 *)sa;
}

static const struct sockaddr_in *cin4(const struct sockaddr_storage *sa)
{
	return (const struct sockaddr_in *)sa;
}

static const struct sockaddr_in6 *cin6(const struct sockaddr_storage *sa)
{
	return (const struct sockaddr_in6 *)sa;
}

static size_t family_bytes(sa_family_t family)
{
	if (family == AF_INET)
		return 4;
	return family == AF_INET6 ? 16 : 0;
}

/* a decimal number up to @max, all of @text */
static bool parse_number(const char *text, unsigned long max, unsigned long *v)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*v = strtoul(text, &end, 10);
	return !*end && !errno && *v <= max;
}

/* the zone of a link-local address: an interface's name or its number */
static bool parse_scope(const char *text, uint32_t *scope)
{
	unsigned long v;

	*scope = if_nametoindex(text);
	if (*scope)
		return true;
	if (!parse_number(text, UINT32_MAX, &v) || !v)
		return false;
	*scope = v;
	return true;
}

static bool parse_host(struct sockaddr_storage *sa, char *text)
{
	char *zone = strchr(text, '%');

	if (inet_pton(AF_INET, text, &in4(sa)->sin_addr) == 1) {
		sa->ss_family = AF_INET;
		return true;
	}
	if (zone)
		*zone++ = '\0';
	if (inet_pton(AF_INET6, text, &in6(sa)->sin6_addr) != 1)
		return false;
	sa->ss_family = AF_INET6;
	return !zone || parse_scope(zone, &in6(sa)->sin6_scope_id);
}

/* a numeric address, with or without "%zone" and "[port]"; @sa is none if it is not one */
bool addr_parse(struct sockaddr_storage *sa, const char *text)
{
	struct sockaddr_storage out = { 0 };
	unsigned long port = 0;
	char buf[ADDR_TEXT];
	size_t n = strlen(text);
	char *bracket;

	*sa = out;
	if (n >= sizeof(buf))
		return false;
	memcpy(buf, text, n + 1);
	bracket = strchr(buf, '[');
	if (bracket) {
		if (buf[n - 1] != ']')
			return false;
		buf[n - 1] = '\0';
		*bracket++ = '\0';
		if (!parse_number(bracket, PORT_MAX, &port))
			return false;
	}
	if (!parse_host(&out, buf))
		return false;
	addr_set_port(&out, port);
	*sa = out;
	return true;
}

/* 4 bytes are IPv4, 16 are IPv6; nothing else is an address */
bool addr_from_bytes(struct sockaddr_storage *sa, struct chunk bytes)
{
	*sa = (struct sockaddr_storage){ 0 };
	if (bytes.n == 4) {
		sa->ss_family = AF_INET;
		memcpy(&in4(sa)->sin_addr, bytes.p, 4);
		return true;
	}
	if (bytes.n == 16) {
		sa->ss_family = AF_INET6;
		memcpy(&in6(sa)->sin6_addr, bytes.p, 16);
		return true;
	}
	return false;
}

/* the address alone, inside of @sa; empty of none */
struct chunk addr_bytes(const struct sockaddr_storage *sa)
{
	if (sa->ss_family == AF_INET)
		return chunk(&cin4(sa)->sin_addr, 4);
	if (sa->ss_family == AF_INET6)
		return chunk(&cin6(sa)->sin6_addr, 16);
	return chunk(NULL, 0);
}

/* the port does not matter; a zone only where both have one; none equals none */
bool addr_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	uint32_t zone_a, zone_b;

	if (a->ss_family != b->ss_family || !chunk_equal(addr_bytes(a), addr_bytes(b)))
		return false;
	if (a->ss_family != AF_INET6)
		return true;
	zone_a = cin6(a)->sin6_scope_id;
	zone_b = cin6(b)->sin6_scope_id;
	return !zone_a || !zone_b || zone_a == zone_b;
}

bool addr_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	return addr_same_host(a, b) && addr_port(a) == addr_port(b);
}

/* 0.0.0.0 or ::; none is not any */
bool addr_is_any(const struct sockaddr_storage *sa)
{
	static const uint8_t zero[16];
	struct chunk c = addr_bytes(sa);

	return c.n && !memcmp(c.p, zero, c.n);
}

uint16_t addr_port(const struct sockaddr_storage *sa)
{
	return pfkey_addr_port(sa);
}

void addr_set_port(struct sockaddr_storage *sa, uint16_t port)
{
	pfkey_addr_set_port(sa, port);
}

/* for bind() and sendto(); 0 of none */
socklen_t addr_len(const struct sockaddr_storage *sa)
{
	return pfkey_addr_len(sa->ss_family);
}

unsigned int addr_bits(const struct sockaddr_storage *sa)
{
	return pfkey_addr_bits(sa->ss_family);
}

/* a zone is shown by number: its name would take a system call in a sandbox */
const char *addr_host(const struct sockaddr_storage *sa, char buf[ADDR_TEXT])
{
	struct chunk c = addr_bytes(sa);
	size_t n;

	if (!c.n || !inet_ntop(sa->ss_family, c.p, buf, ADDR_TEXT)) {
		snprintf(buf, ADDR_TEXT, "none");
		return buf;
	}
	if (sa->ss_family == AF_INET6 && cin6(sa)->sin6_scope_id) {
		n = strlen(buf);
		snprintf(buf + n, ADDR_TEXT - n, "%%%u", cin6(sa)->sin6_scope_id);
	}
	return buf;
}

const char *addr_text(const struct sockaddr_storage *sa, char buf[ADDR_TEXT])
{
	size_t n;

	addr_host(sa, buf);
	if (addr_bytes(sa).n) {
		n = strlen(buf);
		snprintf(buf + n, ADDR_TEXT - n, "[%u]", addr_port(sa));
	}
	return buf;
}

static bool ports_any(const struct ts *ts)
{
	return ts->port_lo == 0 && ts->port_hi == PORT_MAX;
}

static bool ports_opaque(const struct ts *ts)
{
	return ts->port_lo == PORT_MAX && ts->port_hi == 0;
}

/* @port 0 is any; bits beyond the prefix and a prefix too long are cut */
void ts_from_prefix(struct ts *ts, const struct sockaddr_storage *sa, unsigned int bits,
		    unsigned int proto, unsigned int port)
{
	struct chunk c = addr_bytes(sa);
	unsigned int keep;
	uint8_t mask;
	size_t i;

	*ts = (struct ts){
		.family = c.n ? sa->ss_family : 0,
		.proto = proto,
		.port_lo = port,
		.port_hi = port ? port : PORT_MAX,
	};
	for (i = 0; i < c.n; i++) {
		keep = bits > 8 * i ? bits - 8 * i : 0;
		mask = keep >= 8 ? 0xff : 0xff00 >> keep;
		ts->lo[i] = c.p[i] & mask;
		ts->hi[i] = c.p[i] | (uint8_t)~mask;
	}
}

/* the address with every protocol and port */
void ts_host(struct ts *ts, const struct sockaddr_storage *sa)
{
	ts_from_prefix(ts, sa, addr_bits(sa), 0, 0);
}

/* false, and @sa and @bits untouched, if the range is not that of a prefix */
bool ts_prefix(const struct ts *ts, struct sockaddr_storage *sa, unsigned int *bits)
{
	unsigned int all = 8 * family_bytes(ts->family);
	struct sockaddr_storage net;
	unsigned int same = 0;
	struct ts whole;

	while (same < all && !((ts->lo[same / 8] ^ ts->hi[same / 8]) & 0x80 >> same % 8))
		same++;
	if (!addr_from_bytes(&net, chunk(ts->lo, all / 8)))
		return false;
	ts_from_prefix(&whole, &net, same, 0, 0);
	if (memcmp(whole.lo, ts->lo, all / 8) || memcmp(whole.hi, ts->hi, all / 8))
		return false;
	*sa = net;
	*bits = same;
	return true;
}

bool ts_equal(const struct ts *a, const struct ts *b)
{
	size_t n = family_bytes(a->family);

	return a->family == b->family && a->proto == b->proto && a->port_lo == b->port_lo &&
	       a->port_hi == b->port_hi && !memcmp(a->lo, b->lo, n) && !memcmp(a->hi, b->hi, n);
}

/* an empty selector (its end before its start) is in none */
bool ts_contains(const struct ts *outer, const struct ts *inner)
{
	struct ts both;

	return ts_intersect(outer, inner, &both) && ts_equal(&both, inner);
}

/*
 * OPAQUE is a packet without ports: a part of any port, but of no other range
 * (RFC 4301 4.4.1.1).
 */
static bool ports_intersect(const struct ts *a, const struct ts *b, struct ts *out)
{
	if (ports_opaque(a) || ports_opaque(b)) {
		if (!(ports_opaque(a) || ports_any(a)) || !(ports_opaque(b) || ports_any(b)))
			return false;
		out->port_lo = PORT_MAX;
		out->port_hi = 0;
		return true;
	}
	out->port_lo = a->port_lo > b->port_lo ? a->port_lo : b->port_lo;
	out->port_hi = a->port_hi < b->port_hi ? a->port_hi : b->port_hi;
	return out->port_lo <= out->port_hi;
}

/* false if nothing is in both; @out may be one of them */
bool ts_intersect(const struct ts *a, const struct ts *b, struct ts *out)
{
	size_t n = family_bytes(a->family);
	struct ts both = { .family = a->family };

	if (!n || a->family != b->family)
		return false;
	if (a->proto && b->proto && a->proto != b->proto)
		return false;
	both.proto = a->proto ? a->proto : b->proto;
	if (!ports_intersect(a, b, &both))
		return false;
	memcpy(both.lo, memcmp(a->lo, b->lo, n) > 0 ? a->lo : b->lo, n);
	memcpy(both.hi, memcmp(a->hi, b->hi, n) < 0 ? a->hi : b->hi, n);
	if (memcmp(both.lo, both.hi, n) > 0)
		return false;
	*out = both;
	return true;
}

/* that address and no other; protocol and ports do not matter */
bool ts_is_host(const struct ts *ts, const struct sockaddr_storage *sa)
{
	struct chunk c = addr_bytes(sa);

	return c.n && ts->family == sa->ss_family && !memcmp(ts->lo, c.p, c.n) &&
	       !memcmp(ts->hi, c.p, c.n);
}

/*
 * Port 0 alone (as in ICMP: echo reply) and OPAQUE count as ranges: the number
 * 0 would make any of them.
 */
int ts_port(const struct ts *ts)
{
	if (ports_any(ts))
		return 0;
	return ts->port_lo == ts->port_hi && ts->port_lo ? ts->port_lo : -1;
}

static const char *proto_text(unsigned int proto, char *buf, size_t size)
{
	static const char *const names[256] = {
		[0] = "any",
		[IPPROTO_ICMP] = "icmp",
		[IPPROTO_IGMP] = "igmp",
		[IPPROTO_IPIP] = "ip4",
		[IPPROTO_TCP] = "tcp",
		[IPPROTO_UDP] = "udp",
		[IPPROTO_IPV6] = "ip6",
		[IPPROTO_GRE] = "gre",
		[IPPROTO_ESP] = "esp",
		[IPPROTO_AH] = "ah",
		[IPPROTO_ICMPV6] = "icmp6",
		[IPPROTO_SCTP] = "sctp",
	};

	if (proto < 256 && names[proto])
		return names[proto];
	snprintf(buf, size, "%u", proto);
	return buf;
}

static void port_text(const struct ts *ts, unsigned int port, char *buf, size_t size)
{
	if (ts->proto == IPPROTO_ICMP || ts->proto == IPPROTO_ICMPV6)
		snprintf(buf, size, "%u,%u", port >> 8, port & 0xff);
	else
		snprintf(buf, size, "%u", port);
}

static void ports_text(const struct ts *ts, char *buf, size_t size)
{
	char lo[16], hi[16];

	if (ports_any(ts)) {
		snprintf(buf, size, "any");
		return;
	}
	if (ports_opaque(ts)) {
		snprintf(buf, size, "opaque");
		return;
	}
	port_text(ts, ts->port_lo, lo, sizeof(lo));
	port_text(ts, ts->port_hi, hi, sizeof(hi));
	if (ts->port_lo == ts->port_hi)
		snprintf(buf, size, "%s", lo);
	else
		snprintf(buf, size, "%s-%s", lo, hi);
}

const char *ts_text(const struct ts *ts, char buf[TS_TEXT])
{
	char lo[INET6_ADDRSTRLEN] = "none";
	char hi[INET6_ADDRSTRLEN] = "none";
	struct sockaddr_storage net;
	unsigned int bits;
	char ports[40];
	char proto[8];
	const char *p;

	inet_ntop(ts->family, ts->lo, lo, sizeof(lo));
	inet_ntop(ts->family, ts->hi, hi, sizeof(hi));
	ports_text(ts, ports, sizeof(ports));
	p = proto_text(ts->proto, proto, sizeof(proto));
	if (ts_prefix(ts, &net, &bits))
		snprintf(buf, TS_TEXT, "%s/%u[%s] %s", lo, bits, ports, p);
	else
		snprintf(buf, TS_TEXT, "%s-%s[%s] %s", lo, hi, ports, p);
	return buf;
}
