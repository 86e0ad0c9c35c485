// SPDX-License-Identifier: GPL-2.0
/*
 * A request as the record of fixed layout that the ctl process hands to the
 * net process, and back. Everything is checked again: ctl talks to strangers.
 */
#include <netinet/in.h>
#include <string.h>

#include "base/addr.h"
#include "ctl/proto.h"

/* record: verb, what, proto, flags, two addresses of 24 bytes, the name */
#define RECORD_DRY     0x01
#define RECORD_VERBOSE 0x02

static void record_put_addr(struct writer *w, const struct sockaddr_storage *sa, unsigned int bits)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)sa;
	struct chunk bytes = addr_bytes(sa);

	put_u8(w, bytes.n);
	put_u8(w, bits);
	put_be16(w, addr_port(sa));
	put_be32(w, sa->ss_family == AF_INET6 ? sin6->sin6_scope_id : 0);
	put_bytes(w, bytes);
	put_zero(w, 16 - bytes.n);
}

/**
 * ctl_request_pack() - a request as ctl hands it to net
 * @req: request
 * @w: where to; the record has always the same length
 */
void ctl_request_pack(const struct ctl_request *req, struct writer *w)
{
	size_t n = strnlen(req->name, CTL_NAME_MAX - 1);

	put_u8(w, req->verb);
	put_u8(w, req->what);
	put_u8(w, req->proto);
	put_u8(w, (req->dry_run ? RECORD_DRY : 0) | (req->verbose ? RECORD_VERBOSE : 0));
	record_put_addr(w, &req->src, req->src_bits);
	record_put_addr(w, &req->dst, req->dst_bits);
	put_bytes(w, chunk(req->name, n));
	put_zero(w, CTL_NAME_MAX - n);
}

static bool record_get_addr(struct reader *r, struct sockaddr_storage *sa, uint8_t *bits)
{
	unsigned int n = get_u8(r);
	uint16_t port;
	uint32_t scope;
	struct chunk bytes;

	*bits = get_u8(r);
	port = get_be16(r);
	scope = get_be32(r);
	bytes = get_bytes(r, 16);
	if (r->failed || (n != 0 && n != 4 && n != 16))
		return false;
	if (!n)
		return !*bits && !port && !scope;
	if (!addr_from_bytes(sa, chunk(bytes.p, n)) || *bits > addr_bits(sa))
		return false;
	addr_set_port(sa, port);
	if (sa->ss_family == AF_INET6)
		((struct sockaddr_in6 *)sa)->sin6_scope_id = scope;
	return true;
}

/**
 * ctl_request_unpack() - the way back; ctl is trusted with nothing
 * @r: a record and nothing behind it
 * @req: result
 *
 * Return: false if it is none.
 */
bool ctl_request_unpack(struct reader *r, struct ctl_request *req)
{
	unsigned int flags;
	struct chunk name;

	memset(req, 0, sizeof(*req));
	req->verb = get_u8(r);
	req->what = get_u8(r);
	req->proto = get_u8(r);
	flags = get_u8(r);
	if (!record_get_addr(r, &req->src, &req->src_bits) ||
	    !record_get_addr(r, &req->dst, &req->dst_bits))
		return false;
	name = get_bytes(r, CTL_NAME_MAX);
	if (r->failed || r->n || (flags & ~(RECORD_DRY | RECORD_VERBOSE)) || name.p[CTL_NAME_MAX - 1] || req->what >= CTL_WHATS ||
	    req->verb <= CTL_NONE || req->verb >= CTL_VERBS)
		return false;
	memcpy(req->name, name.p, CTL_NAME_MAX);
	req->dry_run = flags & RECORD_DRY;
	req->verbose = flags & RECORD_VERBOSE;
	return ctl_printable(req->name);
}
