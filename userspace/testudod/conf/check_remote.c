// SPDX-License-Identifier: GPL-2.0
/*
 * remote blocks as a whole: whom they are for, what they inherit, and whether
 * their statements go together. The statements themselves are check_peer.c's.
 */
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "wire/v1.h"

/* letters, digits, dots and dashes, and a letter among them */
static bool is_host(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789.-";

	return strlen(text) < 256 && strpbrk(text, letters) && !text[strspn(text, all)] &&
	       *text != '.' && *text != '-';
}

/* asked once, when the file is loaded; only the monitor may ask */
static void remote_resolve(struct cursor *c, const struct word *w, struct conf_remote *r)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *list;
	int error;

	if (!c->l->src->from_disk)
		return;
	error = getaddrinfo(r->host, NULL, &hints, &list);
	if (error) {
		say_warn(c->l, &w->at, "a name that is no host's stands in quotes",
			 "'%s' has no address now: %s", r->host, gai_strerror(error));
		return;
	}
	if (list->ai_addrlen <= sizeof(r->addr))
		memcpy(&r->addr, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
}

static bool remote_host(struct cursor *c, const struct word *w, struct conf_remote *r)
{
	struct near near = { .word = w->text, .len = strlen(w->text) };

	near_try(&near, "anonymous");
	if (near.best || w->kind != WORD_PLAIN || !is_host(w->text)) {
		say_error(c->l, &w->at, did_you_mean(c->l, &near),
			  "'%s' is no address, and no name of a host", w->text);
		return false;
	}
	set_text(&r->host, w->text);
	r->addr = (struct sockaddr_storage){ 0 };
	remote_resolve(c, w, r);
	return true;
}

/**
 * remote_peer() - read a peer's address or host name, and its port
 * @c: cursor
 * @r: gets them; the port stays 0, which is any, where none is said
 *
 * Return: false if it was told as wrong.
 */
bool remote_peer(struct cursor *c, struct conf_remote *r)
{
	const struct word *w = cur_word(c, "an address");
	struct sockaddr_storage sa;
	uint16_t port = 0;

	if (!w)
		return false;
	if (w->kind == WORD_PLAIN && !strchr(w->text, '[') && addr_parse(&sa, w->text)) {
		free(r->host);
		r->host = NULL;
		r->addr = sa;
	} else if (!remote_host(c, w, r)) {
		return false;
	}
	if (c->w && c->w->kind == WORD_MARK && *c->w->text == '/') {
		say_error(c->l, &c->w->at, "write 'remote anonymous' for all without a block of their own",
			  "a peer is one host, not a network");
		return false;
	}
	if (!cur_ike_port(c, &port))
		return false;
	addr_set_port(&r->addr, port);
	return true;
}

/* what stands behind "remote" or "inherit", into a remote that has nothing else */
static bool remote_head(struct cursor *c, struct conf_remote *r)
{
	char buf[ADDR_TEXT];
	uint16_t port = 0;

	if (c->w && c->w->kind == WORD_STRING) {
		r->name = xstrdup(c->w->text);
		return cur_string(c, "a name");
	}
	if (cur_skip(c, "anonymous")) {
		r->anonymous = true;
		r->name = xstrdup("anonymous");
		return cur_port(c, &port);
	}
	if (!remote_peer(c, r))
		return false;
	if (r->host)
		r->name = xstrdup(r->host);
	else if (addr_port(&r->addr))
		r->name = xstrdup(addr_text(&r->addr, buf));
	else
		r->name = xstrdup(addr_host(&r->addr, buf));
	return true;
}

/* the block with that head; the port that racoon adds to an address may be left out */
static struct conf_remote *remote_find(const struct conf *conf, const struct conf_remote *head)
{
	struct sockaddr_storage a = head->addr, b;
	struct conf_remote *r;

	TAILQ_FOREACH(r, &conf->remotes, link) {
		if (!strcmp(r->name, head->name))
			return r;
		b = r->addr;
		if (!addr_port(&a) == !addr_port(&b))
			continue;
		if (addr_port(&a) + addr_port(&b) == 500 && addr_same_host(&a, &b))
			return r;
	}
	return NULL;
}

/* the block whose statements go for this one too; false if it was told as wrong */
static bool remote_parent(struct cursor *c, const struct conf_remote **parent)
{
	struct conf_remote *head = conf_remote_new();
	const struct word *w = c->w;
	struct near near;
	struct conf_remote *r;
	bool ok = remote_head(c, head);

	if (ok) {
		*parent = remote_find(c->l->conf, head);
		near = (struct near){ .word = head->name, .len = strlen(head->name) };
		TAILQ_FOREACH(r, &c->l->conf->remotes, link)
			near_try(&near, r->name);
		if (!*parent)
			say_error(c->l, &w->at, did_you_mean(c->l, &near),
				  "there is no remote '%s' in front of this one", head->name);
		ok = *parent;
	}
	conf_remote_free(head);
	return ok;
}

/* the head's name and address and the parent's rest; the parent's address where the head has only a name */
static struct conf_remote *remote_new(struct conf_remote *head, const struct conf_remote *parent)
{
	struct conf_remote *r;

	if (!parent)
		return head;
	r = conf_remote_copy(parent);
	r->name = head->name;
	r->anonymous = head->anonymous;
	if (head->anonymous || head->addr.ss_family || head->host) {
		r->host = head->host;
		r->addr = head->addr;
	} else if (!parent->anonymous) {
		r->host = parent->host ? xstrdup(parent->host) : NULL;
		r->addr = parent->addr;
	}
	head->name = NULL;
	head->host = NULL;
	conf_remote_free(head);
	return r;
}

/* ---- does it go together? ---- */

static void check_address(struct remote_load *rl)
{
	const struct conf_remote *other;
	struct conf_remote *r = rl->r;
	struct sockaddr_storage sa;

	if (r->anonymous)
		return;
	if (!r->addr.ss_family && !r->host) {
		r->anonymous = true;
		say_warn(rl->l, &r->where,
			 addr_parse(&sa, r->name) ? "without its quotes it is an address" : "add 'remote_address ADDRESS;'",
			 "remote '%s' has no address: as in racoon, it stands for every peer without a block of its own",
			 r->name);
		return;
	}
	TAILQ_FOREACH(other, &rl->l->conf->remotes, link)
		if (r->addr.ss_family && addr_same(&other->addr, &r->addr) &&
		    strcmp(other->name, r->name))
			say_warn(rl->l, &r->where, NULL,
				 "remote '%s' has the address of '%s', which is found first",
				 r->name, other->name);
}

/* sent in the clear, the hash of the key can be searched by who listens */
static void check_aggressive(struct remote_load *rl)
{
	const struct conf_where *at = rl->aggressive ? &rl->aggressive->at : &rl->r->where;
	const struct conf_remote *r = rl->r;
	const struct conf_proposal *p, *first = TAILQ_FIRST(&r->proposals);

	if (!strchr((const char *)r->versions, 1) || !strchr((const char *)r->exchanges, V1_AGGRESSIVE))
		return;
	TAILQ_FOREACH(p, &r->proposals, link)
		if (p->dh && first->dh && p->dh != first->dh)
			say_error(rl->l, &p->where,
				  "its first message has a public value, which can be of one group only",
				  "aggressive mode takes one group; here are '%s' and '%s'",
				  first->dh->name, p->dh->name);
	if (!remote_uses(r, IKE_AUTH_PSK))
		return;
	if (r->insecure)
		say_warn(rl->l, at, NULL,
			 "aggressive mode with a pre-shared key is insecure: who listens can search for the key");
	else
		say_error(rl->l, at,
			  "write 'exchange_mode main;'" OR_ACCEPT,
			  "aggressive mode with a pre-shared key is insecure and refused: who listens can search for the key");
}

static bool remote_signs(const struct conf_remote *r)
{
	return remote_uses(r, IKE_AUTH_RSASIG) || remote_uses(r, IKE_AUTH_ECDSASIG) ||
	       remote_uses(r, IKE_AUTH_SIG);
}

/* who is let in where no identity is asked for */
static const char *whoever(const struct conf_remote *r)
{
	if (remote_signs(r) && r->peers_rsa)
		return "every key of peers_certfile";
	if (remote_signs(r))
		return "every certificate of the CA";
	return r->secret || r->secret_key ? "everybody with the secret" : "every key of psk.txt";
}

static void check_identities(struct remote_load *rl)
{
	const struct conf_remote *r = rl->r;

	/* one certificate that is known is one peer; only its identity is not looked at */
	if (!r->verify_identifier && !r->peers_cert && (r->anonymous || remote_signs(r)))
		say_warn(rl->l, &r->where,
			 "add 'peers_identifier TYPE \"VALUE\"; verify_identifier on;'",
			 "the identity of the peer is not checked: %s will do", whoever(r));
	if (r->verify_identifier && TAILQ_EMPTY(&r->peers_ids))
		say_warn(rl->l, &r->where, "add 'peers_identifier TYPE \"VALUE\";'",
			 "'verify_identifier on' checks nothing without a peers_identifier");
	if (rl->cert_said && !r->cert && !r->plain_rsa)
		return;
	if (remote_signs(r) && !r->cert && !r->plain_rsa)
		say_error(rl->l, &r->where, "add 'certificate_type x509 \"CERTIFICATE\" \"KEY\";'",
			  "authentication by signature needs a certificate, and none is named");
	else if (r->my_id.type == ID_DN && !r->my_id.id.type && !r->cert)
		say_error(rl->l, &r->my_id.where, "give a name, as in 'asn1dn \"C=DE, O=Example, CN=me\"'",
			  "a bare 'asn1dn' is the subject of the certificate, and none is named");
}

/* plain keys and pre-shared ones have nothing that could be verified */
static void check_verify_cert(struct remote_load *rl)
{
	const struct conf_where *at = rl->verify_cert ? &rl->verify_cert->at : &rl->r->where;
	const struct conf_remote *r = rl->r;

	if (r->verify_cert || !r->cert || !remote_signs(r))
		return;
	if (r->insecure)
		say_warn(rl->l, at, NULL,
			 "'verify_cert off' is insecure: any certificate of the CA will do");
	else
		say_error(rl->l, at, "write 'verify_cert on;'" OR_ACCEPT,
			  "'verify_cert off' is insecure and refused: any certificate of the CA will do");
}

static void check_start(struct remote_load *rl)
{
	const struct conf_where *at = rl->start ? &rl->start->at : &rl->r->where;

	if (!rl->r->start)
		return;
	if (rl->r->anonymous)
		say_error(rl->l, at, NULL, "'start immediate' needs a peer with an address");
	else if (rl->r->passive)
		say_error(rl->l, at, NULL, "'start immediate' contradicts 'passive on'");
}

/* IKEv1 unless it says otherwise; one notice for all of the file is enough */
static void check_versions(struct remote_load *rl)
{
	struct conf_remote *r = rl->r;

	if (r->versions[0])
		return;
	r->versions[0] = 1;
	if (rl->l->noticed)
		return;
	rl->l->noticed = true;
	say_note(rl->l, &r->where, "IKEv2: add 'testudo { ike_version 2; }' to the block",
		 "a remote that names no IKE version speaks IKEv1, as in racoon");
}

static void remote_finish(struct remote_load *rl)
{
	struct conf_remote *r = rl->r;

	if (rl->dpd_off)
		r->dpd_delay = 0;
	check_address(rl);
	/* which proposals go with a version that there is not? */
	if (!rl->version_wrong) {
		check_versions(rl);
		check_proposals(rl);
	}
	check_aggressive(rl);
	check_identities(rl);
	check_verify_cert(rl);
	check_start(rl);
}

/**
 * check_remote() - read a remote block
 * @c: cursor behind "remote"
 * @target: configuration
 *
 * Return: false if its head was told as wrong; the block was read all the same.
 */
bool check_remote(struct cursor *c, void *target)
{
	struct conf *conf = target;
	struct remote_load rl = { .l = c->l, .s = c->s };
	struct conf_remote *head = conf_remote_new();
	const struct conf_where *at = c->w ? &c->w->at : &c->last->end;
	const struct conf_remote *parent = NULL, *twin;
	bool ok = remote_head(c, head);
	bool inherits = ok && cur_skip(c, "inherit");

	if (inherits)
		ok = remote_parent(c, &parent);
	ok = ok && cur_end(c);
	if (!head->name)
		head->name = xstrdup("?");
	twin = ok ? remote_find(conf, head) : NULL;
	if (twin)
		say_error(c->l, at, NULL, "there is a remote '%s' at %s:%d already", twin->name,
			  twin->where.file, twin->where.line);
	rl.r = remote_new(head, parent);
	rl.r->where = c->s->words.first->at;
	rl.r->insecure |= check_insecure(c->l, c->s->block);
	check_block(c->l, &in_remote, c->s->block, &rl);
	if (ok)
		remote_finish(&rl);
	TAILQ_INSERT_TAIL(&conf->remotes, rl.r, link);
	return ok;
}
