// SPDX-License-Identifier: GPL-2.0
/*
 * The bytes of our own messages. Memory is zero before, every extension is
 * rounded up to whole words, and the header's length is written once, at the
 * end: so padding is zero and the length is the one that is queued. Never
 * knows who gets the message, or what an SA is.
 */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/string.h>

#include "pfkey/build.h"
#include "pfkey/parse.h"

#define BUILD_WORDS(bytes)	(((bytes) + 7) & ~(size_t)7)

/**
 * pfkey_begin() - start a message
 * @w: cursor
 * @data: zeroed memory, aligned to 8
 * @size: its length, a multiple of 8, at least a base header
 * @head: base header to copy; its length is set by pfkey_end()
 */
void pfkey_begin(struct pfkey_writer *w, void *data, size_t size, const struct sadb_msg *head)
{
	memset(w, 0, sizeof(*w));
	w->data = data;
	w->size = size;
	w->len = sizeof(*head);
	memcpy(w->data, head, sizeof(*head));
}

/**
 * pfkey_end() - finish a message
 * @w: cursor
 *
 * Return: length in bytes, or -EMSGSIZE if something did not fit.
 */
int pfkey_end(struct pfkey_writer *w)
{
	struct sadb_msg *base = (struct sadb_msg *)w->data;

	if (w->full)
		return -EMSGSIZE;
	base->sadb_msg_len = w->len / 8;
	return w->len;
}

static void *build_room(struct pfkey_writer *w, size_t bytes)
{
	void *p = w->data + w->len;

	if (w->full || bytes > w->size - w->len) {
		w->full = true;
		return NULL;
	}
	w->len += bytes;
	return p;
}

/**
 * pfkey_put() - append an extension
 * @w: cursor
 * @type: SADB_EXT_*
 * @bytes: its length, header included; rounded up to whole words
 *
 * Return: the extension, zero but for length and type; NULL if it did not fit,
 * which the caller may treat as success (pfkey_end() reports it).
 */
void *pfkey_put(struct pfkey_writer *w, u16 type, size_t bytes)
{
	size_t at = w->len;
	struct sadb_ext *ext;

	bytes = BUILD_WORDS(bytes);
	ext = build_room(w, bytes);
	if (!ext)
		return NULL;
	w->ext = at;
	ext->sadb_ext_len = bytes / 8;
	ext->sadb_ext_type = type;
	return ext;
}

/**
 * pfkey_put_more() - lengthen the last extension
 * @w: cursor
 * @bytes: by how much; rounded up to whole words
 *
 * Return: the new part, zero; NULL if it did not fit.
 */
void *pfkey_put_more(struct pfkey_writer *w, size_t bytes)
{
	struct sadb_ext *ext = (struct sadb_ext *)(w->data + w->ext);
	void *p;

	bytes = BUILD_WORDS(bytes);
	p = build_room(w, bytes);
	if (p)
		ext->sadb_ext_len += bytes / 8;
	return p;
}

static size_t build_salen(u16 family)
{
	return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

/**
 * pfkey_put_address() - append an address
 * @w: cursor
 * @type: SADB_EXT_ADDRESS_*
 * @addr: address, port, protocol and prefix length
 */
void pfkey_put_address(struct pfkey_writer *w, u16 type, const struct pfkey_addr *addr)
{
	struct sadb_address *ext;

	ext = pfkey_put(w, type, sizeof(*ext) + build_salen(addr->family));
	if (!ext)
		return;
	ext->sadb_address_proto = addr->proto;
	ext->sadb_address_prefixlen = addr->prefixlen;
	ipsec_addr_to_sockaddr(ext + 1, &addr->addr, addr->family, addr->port);
}

/**
 * pfkey_put_key() - append a key
 * @w: cursor
 * @type: SADB_EXT_KEY_AUTH or SADB_EXT_KEY_ENCRYPT
 * @key: the key
 * @bits: its length
 */
void pfkey_put_key(struct pfkey_writer *w, u16 type, const u8 *key, u16 bits)
{
	size_t bytes = (bits + 7u) / 8;
	struct sadb_key *ext;

	ext = pfkey_put(w, type, sizeof(*ext) + bytes);
	if (!ext)
		return;
	ext->sadb_key_bits = bits;
	memcpy(ext + 1, key, bytes);
}

/**
 * pfkey_put_lifetime() - append a lifetime
 * @w: cursor
 * @type: SADB_EXT_LIFETIME_*
 * @life: its values; length and type are not read
 */
void pfkey_put_lifetime(struct pfkey_writer *w, u16 type, const struct sadb_lifetime *life)
{
	struct sadb_lifetime *ext;

	ext = pfkey_put(w, type, sizeof(*ext));
	if (!ext)
		return;
	ext->sadb_lifetime_allocations = life->sadb_lifetime_allocations;
	ext->sadb_lifetime_bytes = life->sadb_lifetime_bytes;
	ext->sadb_lifetime_addtime = life->sadb_lifetime_addtime;
	ext->sadb_lifetime_usetime = life->sadb_lifetime_usetime;
}

/**
 * pfkey_put_policy() - append a policy, to be followed by its requests
 * @w: cursor
 * @policy: type, direction, id and priority; length and extension type are
 *	not read
 */
void pfkey_put_policy(struct pfkey_writer *w, const struct sadb_x_policy *policy)
{
	struct sadb_x_policy *ext;

	ext = pfkey_put(w, SADB_X_EXT_POLICY, sizeof(*ext));
	if (!ext)
		return;
	ext->sadb_x_policy_type = policy->sadb_x_policy_type;
	ext->sadb_x_policy_dir = policy->sadb_x_policy_dir;
	ext->sadb_x_policy_id = policy->sadb_x_policy_id;
	ext->sadb_x_policy_priority = policy->sadb_x_policy_priority;
}

/**
 * pfkey_put_request() - append a request to the policy just put
 * @w: cursor
 * @req: protocol, mode, level and reqid; its length is not read
 * @family: AF_INET or AF_INET6 of the tunnel, 0 for a request without addresses
 * @saddr: outer source
 * @daddr: outer destination
 *
 * The addresses are packed without padding: clients demand that the length is
 * exactly that of the request and its two addresses.
 */
void pfkey_put_request(struct pfkey_writer *w, const struct sadb_x_ipsecrequest *req, u16 family,
		       const union ipsec_addr *saddr, const union ipsec_addr *daddr)
{
	size_t salen = family ? build_salen(family) : 0;
	struct sadb_x_ipsecrequest *xr;
	u8 *p;

	xr = pfkey_put_more(w, sizeof(*xr) + 2 * salen);
	if (!xr)
		return;
	xr->sadb_x_ipsecrequest_len = sizeof(*xr) + 2 * salen;
	xr->sadb_x_ipsecrequest_proto = req->sadb_x_ipsecrequest_proto;
	xr->sadb_x_ipsecrequest_mode = req->sadb_x_ipsecrequest_mode;
	xr->sadb_x_ipsecrequest_level = req->sadb_x_ipsecrequest_level;
	xr->sadb_x_ipsecrequest_reqid = req->sadb_x_ipsecrequest_reqid;
	if (!family)
		return;
	p = (u8 *)(xr + 1);
	p += ipsec_addr_to_sockaddr(p, saddr, family, 0);
	ipsec_addr_to_sockaddr(p, daddr, family, 0);
}

/**
 * pfkey_put_kmaddress() - append the addresses of the keying daemons
 * @w: cursor
 * @km: local and remote one
 */
void pfkey_put_kmaddress(struct pfkey_writer *w, const struct ipsec_move_ends *km)
{
	struct sadb_x_kmaddress *ext;
	u8 *p;

	ext = pfkey_put(w, SADB_X_EXT_KMADDRESS, sizeof(*ext) + 2 * build_salen(km->family));
	if (!ext)
		return;
	p = (u8 *)(ext + 1);
	p += ipsec_addr_to_sockaddr(p, &km->saddr, km->family, 0);
	ipsec_addr_to_sockaddr(p, &km->daddr, km->family, 0);
}
