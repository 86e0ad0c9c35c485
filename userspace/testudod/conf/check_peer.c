// SPDX-License-Identifier: GPL-2.0
/*
 * The statements of a remote block, one function each. Those that set a member
 * to a word out of a few share one.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "wire/v1.h"

static void *member(const struct cursor *c, void *target)
{
	struct remote_load *rl = target;

	return (char *)rl->r + c->rule->offset;
}

static bool peer_switch(struct cursor *c, void *target)
{
	return cur_switch(c, member(c, target));
}

static bool peer_choice(struct cursor *c, void *target)
{
	int v;

	if (!cur_choice(c, "value", c->rule->choices, &v))
		return false;
	*(int *)member(c, target) = v;
	return true;
}

static bool peer_seconds(struct cursor *c, void *target)
{
	if (!cur_uint(c, "a number of seconds", 0, 86400, member(c, target)))
		return false;
	if (!c->w)
		return true;
	say_error(c->l, &c->w->at, "it is in seconds, and has no unit",
		  "expected ';' after '%s', not '%s'", c->last->text, c->w->text);
	return false;
}

static bool peer_address(struct cursor *c, void *target)
{
	struct remote_load *rl = target;

	if (!remote_peer(c, rl->r))
		return false;
	rl->r->anonymous = false;
	return true;
}

static bool peer_exchange(struct cursor *c, void *target)
{
	static const struct choice modes[] = {
		{ "main", V1_MAIN },
		{ "aggressive", V1_AGGRESSIVE },
		{ NULL, 0 },
	};
	struct remote_load *rl = target;
	uint8_t *e = rl->r->exchanges;
	size_t n = 0;
	int mode;

	memset(e, 0, sizeof(rl->r->exchanges));
	rl->aggressive = NULL;
	do {
		const struct word *w = c->w;

		if (word_is(w, "base")) {
			say_error(c->l, &w->at, NULL,
				  "'base' is not supported: this mode is in no RFC; instead: main");
			return false;
		}
		if (!cur_choice(c, "exchange mode", modes, &mode))
			return false;
		if (mode == V1_AGGRESSIVE)
			rl->aggressive = w;
		if (n < CONF_EXCHANGES && (!n || e[0] != mode))
			e[n++] = (uint8_t)mode;
		/* racoon skips commas here */
		while (cur_skip(c, ","))
			;
	} while (c->w);
	return true;
}

static bool peer_my_id(struct cursor *c, void *target)
{
	struct remote_load *rl = target;

	id_free(&rl->r->my_id.id);
	rl->r->my_id = (struct conf_id){ 0 };
	if (!cur_id(c, &rl->r->my_id))
		return false;
	if (!rl->r->my_id.pattern)
		return true;
	say_error(c->l, &rl->r->my_id.where, NULL, "our own identity can not have a '*'");
	return false;
}

static bool peer_peers_id(struct cursor *c, void *target)
{
	struct remote_load *rl = target;
	struct conf_id *id;
	bool ok;

	/*
	 * Its own ones replace those that it inherits. (racoon put them into one
	 * list, so that even the parent took the child's.)
	 */
	while (!rl->own_ids && (id = TAILQ_FIRST(&rl->r->peers_ids))) {
		TAILQ_REMOVE(&rl->r->peers_ids, id, link);
		id_free(&id->id);
		free(id);
	}
	rl->own_ids = true;
	id = xcalloc(1, sizeof(*id));
	ok = cur_id(c, id);
	TAILQ_INSERT_TAIL(&rl->r->peers_ids, id, link);
	return ok;
}

/* one of the two kinds: the block's own replaces what it inherits */
static void peer_plain_key(struct conf_remote *r, const char *name)
{
	set_text(&r->plain_rsa, name);
	free(r->cert);
	free(r->key);
	r->cert = NULL;
	r->key = NULL;
	r->send_cert = false;
	r->send_cr = false;
	r->verify_cert = false;
}

static void peer_x509(struct conf_remote *r, const char *cert, const char *key)
{
	if (r->plain_rsa) {
		free(r->plain_rsa);
		r->plain_rsa = NULL;
		r->send_cert = true;
		r->send_cr = true;
		r->verify_cert = true;
	}
	set_text(&r->cert, cert);
	set_text(&r->key, key);
}

static bool peer_certificate(struct cursor *c, void *target)
{
	enum {
		X509,
		PLAIN,
	};
	static const struct choice kinds[] = {
		{ "x509", X509 },
		{ "plain_rsa", PLAIN },
		{ NULL, 0 },
	};
	struct remote_load *rl = target;
	struct conf_remote *r = rl->r;
	const char *cert, *key;
	int kind;

	rl->cert_said = true;
	if (!cur_choice(c, "type of certificate", kinds, &kind))
		return false;
	if (word_is(c->w, "in_keychain")) {
		say_error(c->l, &c->w->at, NULL,
			  "'in_keychain' is not supported: the keychain is of Mac OS X; instead: x509 \"CERTIFICATE\" \"KEY\"");
		return false;
	}
	cert = cur_string(c, kind == X509 ? "the certificate's file" : "the key's file");
	if (!cert)
		return false;
	if (kind == PLAIN) {
		peer_plain_key(r, cert);
		r->at[CONF_AT_PLAIN_RSA] = c->last->at;
		return true;
	}
	r->at[CONF_AT_CERT] = c->last->at;
	key = cur_string(c, "its key's file");
	if (!key)
		return false;
	r->at[CONF_AT_KEY] = c->last->at;
	peer_x509(r, cert, key);
	return true;
}

static bool peer_peers_cert(struct cursor *c, void *target)
{
	struct conf_remote *r = ((struct remote_load *)target)->r;
	const struct word *w = c->w;
	bool plain = cur_skip(c, "plain_rsa");
	bool old = w && w->kind == WORD_STRING;
	const char *text;

	if (word_is(w, "dnssec")) {
		say_error(c->l, &w->at, NULL,
			  "'dnssec' is not supported: CERT records are out of use; instead: x509 \"CERTIFICATE\"");
		return false;
	}
	if (!plain && !old && !cur_skip(c, "x509")) {
		say_error(c->l, w ? &w->at : &c->last->end, NULL,
			  "expected x509 \"CERTIFICATE\" or plain_rsa \"KEYS\" after 'peers_certfile'");
		return false;
	}
	text = cur_string(c, "a file");
	if (!text)
		return false;
	if (old)
		say_note(c->l, &w->at, "write 'peers_certfile x509 \"...\";'",
			 "racoon wants the type of certificate to be said");
	set_text(plain ? &r->peers_rsa : &r->peers_cert, text);
	r->at[plain ? CONF_AT_PEERS_RSA : CONF_AT_PEERS_CERT] = c->last->at;
	return true;
}

static bool peer_ca(struct cursor *c, void *target)
{
	static const struct choice kinds[] = { { "x509", 0 }, { NULL, 0 } };
	struct conf_remote *r = ((struct remote_load *)target)->r;
	const char *text;
	int kind;

	if (!cur_choice(c, "type of CA", kinds, &kind))
		return false;
	text = cur_string(c, "the CA's file");
	if (!text)
		return false;
	set_text(&r->ca, text);
	r->at[CONF_AT_CA] = c->last->at;
	return true;
}

static bool peer_verify_cert(struct cursor *c, void *target)
{
	struct remote_load *rl = target;

	rl->verify_cert = c->w;
	return cur_switch(c, &rl->r->verify_cert);
}

static bool peer_lifetime(struct cursor *c, void *target)
{
	return remote_lifetime(c, &((struct remote_load *)target)->r->lifetime);
}

static bool peer_check(struct cursor *c, void *target)
{
	const struct word *w = c->w;

	if (!peer_choice(c, target))
		return false;
	if (((struct remote_load *)target)->r->check == CONF_CHECK_OBEY)
		say_warn(c->l, &w->at, "write 'proposal_check claim;'",
			 "'obey' is insecure: the peer may choose shorter keys and no PFS");
	return true;
}

static bool peer_nonce(struct cursor *c, void *target)
{
	return cur_uint(c, "a number of bytes", 8, 256, member(c, target));
}

static bool peer_dpd(struct cursor *c, void *target)
{
	struct remote_load *rl = target;
	bool on;

	if (!cur_switch(c, &on))
		return false;
	rl->dpd_off = !on;
	return true;
}

static bool peer_maxfail(struct cursor *c, void *target)
{
	return cur_uint(c, "a number", 1, 100, member(c, target));
}

/* what it is for, the module does without being told */
static bool peer_esp_frag(struct cursor *c, void *target)
{
	const struct conf_where at = c->last->at;
	unsigned int bytes;

	(void)target;
	if (!cur_uint(c, "a number of bytes", 0, 65535, &bytes))
		return false;
	say_note(c->l, &at, "for smaller pieces, 'ip route' with 'mtu' for the way to the peer",
		 "'esp_frag' is without effect: packets are cut in front of the tunnel in any case, to what the path takes");
	return true;
}

/* off is what we do anyway */
static bool peer_proxy(struct cursor *c, void *target)
{
	const struct conf_where at = c->last->at;
	bool on;

	(void)target;
	if (!cur_switch(c, &on))
		return false;
	if (on)
		say_note(c->l, &at, NULL,
			 "'%s' is without effect: SAs end where the policy says, not where phase 2 does",
			 c->rule->name);
	return true;
}

/*
 * Of Mac OS X: "use" is followed by the secret itself, "key" by the identifier of
 * its line in psk.txt.
 */
static bool peer_secret(struct cursor *c, void *target)
{
	enum {
		USE,
		KEY,
	};
	static const struct choice kinds[] = {
		{ "use", USE },
		{ "key", KEY },
		{ NULL, 0 },
	};
	struct conf_remote *r = ((struct remote_load *)target)->r;
	const struct conf_where at = c->last->at;
	const struct word *w = c->w;
	const char *text;
	int kind;

	if (word_is(w, "keychain") || word_is(w, "keychain_by_id")) {
		say_error(c->l, &w->at, NULL,
			  "'%s' is not supported: the keychain is of Mac OS X; instead: a line in psk.txt", w->text);
		return false;
	}
	if (!cur_choice(c, "kind of secret", kinds, &kind))
		return false;
	text = cur_string(c, kind == USE ? "the secret" : "an identifier of psk.txt");
	if (!text)
		return false;
	free(r->secret);
	r->secret = NULL;
	free(r->secret_key);
	r->secret_key = NULL;
	set_text(kind == USE ? &r->secret : &r->secret_key, c->last->secret ? c->last->secret : text);
	if (kind == USE)
		say_warn(c->l, &at, "write a line \"PEER SECRET\" in psk.txt, and take this one away",
			 "a secret that stands in the configuration is insecure: it goes wherever the file goes");
	return true;
}

static bool peer_script(struct cursor *c, void *target)
{
	enum {
		UP,
		DOWN,
		DEAD,
	};
	static const struct choice events[] = {
		{ "phase1_up", UP },
		{ "phase1_down", DOWN },
		{ "phase1_dead", DEAD },
		{ NULL, 0 },
	};
	struct conf_remote *r = ((struct remote_load *)target)->r;
	char **const where[] = { &r->script_up, &r->script_down, &r->script_dead };
	const struct conf_where at = c->w ? c->w->at : c->last->end;
	const char *text;
	int event;

	if (c->w && c->w->kind == WORD_PLAIN && !strncmp(c->w->text, "phase1_", 7)) {
		say_error(c->l, &at, "as in 'script \"/etc/racoon/up.sh\" phase1_up;'",
			  "the script stands in front of the event");
		return false;
	}
	text = cur_string(c, "a script");
	if (!text || !cur_choice(c, "event", events, &event))
		return false;
	set_text(where[event], text);
	r->at[CONF_AT_SCRIPT_UP + event] = at;
	return true;
}

static bool peer_ph1id(struct cursor *c, void *target)
{
	return cur_uint(c, "a number", 1, UINT32_MAX, member(c, target));
}

static bool peer_dh_group(struct cursor *c, void *target)
{
	struct remote_load *rl = target;

	rl->dh = cur_alg(c, ALG_DH, rl->r->insecure, false);
	return rl->dh;
}

static bool peer_situation(struct cursor *c, void *target)
{
	const struct conf_where at = c->last->at;
	const struct word *w = cur_word(c, "identity_only");

	(void)target;
	if (!w)
		return false;
	if (word_is(w, "identity_only")) {
		say_note(c->l, &at, NULL, "'situation' is ignored: there is only this one");
		return true;
	}
	say_error(c->l, &w->at, NULL,
		  "situation '%s' is not supported: labels of RFC 2407 4.6.1 are out of use; instead: identity_only",
		  w->text);
	return false;
}

/* off changes nothing, on would be something that is not there */
static bool peer_off_only(struct cursor *c, void *target)
{
	const struct word *w = c->w;
	bool on;

	(void)target;
	if (!cur_switch(c, &on))
		return false;
	if (!on)
		return true;
	say_error(c->l, &w->at, NULL, "'%s on' is not supported: %s", c->rule->name, c->rule->why);
	return false;
}

static bool peer_own(struct cursor *c, void *target)
{
	bool ok = cur_end(c);

	check_block(c->l, &in_remote_own, c->s->block, target);
	return ok;
}

const struct choice choice_force[] = {
	{ "on", CONF_ON },
	{ "off", CONF_OFF },
	{ "force", CONF_FORCE },
	{ NULL, 0 },
};

const struct choice choice_generate[] = {
	{ "on", CONF_ON },
	{ "off", CONF_OFF },
	{ "require", CONF_REQUIRE },
	{ "unique", CONF_UNIQUE },
	{ NULL, 0 },
};

const struct choice choice_check[] = {
	{ "obey", CONF_CHECK_OBEY },
	{ "strict", CONF_CHECK_STRICT },
	{ "claim", CONF_CHECK_CLAIM },
	{ "exact", CONF_CHECK_EXACT },
	{ NULL, 0 },
};

#define AT(member) .offset = offsetof(struct conf_remote, member)
#define WHY_APPLE  "it is of Mac OS X"

static const struct rule remote_rules[] = {
	{ "testudo", RULE_BLOCK, .fn = peer_own },
	{ "proposal", RULE_BLOCK, .fn = remote_proposal },
	{ "remote_address", RULE_USE, .fn = peer_address },
	{ "exchange_mode", RULE_USE, .fn = peer_exchange },
	{ "my_identifier", RULE_USE, .fn = peer_my_id },
	{ "peers_identifier", RULE_USE, .fn = peer_peers_id, .many = true },
	{ "verify_identifier", RULE_USE, .fn = peer_switch, AT(verify_identifier) },
	{ "certificate_type", RULE_USE, .fn = peer_certificate },
	{ "ca_type", RULE_USE, .fn = peer_ca },
	{ "peers_certfile", RULE_USE, .fn = peer_peers_cert },
	{ "verify_cert", RULE_USE, .fn = peer_verify_cert },
	{ "send_cert", RULE_USE, .fn = peer_switch, AT(send_cert) },
	{ "send_cr", RULE_USE, .fn = peer_switch, AT(send_cr) },
	{ "match_empty_cr", RULE_USE, .fn = peer_switch, AT(match_empty_cr) },
	{ "lifetime", RULE_USE, .fn = peer_lifetime, .many = true },
	{ "proposal_check", RULE_USE, .fn = peer_check, AT(check), .choices = choice_check },
	{ "initial_contact", RULE_USE, .fn = peer_switch, AT(initial_contact) },
	{ "passive", RULE_USE, .fn = peer_switch, AT(passive) },
	{ "nonce_size", RULE_USE, .fn = peer_nonce, AT(nonce_size) },
	{ "nat_traversal", RULE_USE, .fn = peer_choice, AT(natt), .choices = choice_force },
	{ "dpd", RULE_USE, .fn = peer_dpd },
	{ "dpd_delay", RULE_USE, .fn = peer_seconds, AT(dpd_delay) },
	{ "dpd_retry", RULE_USE, .fn = peer_seconds, AT(dpd_retry) },
	{ "dpd_maxfail", RULE_USE, .fn = peer_maxfail, AT(dpd_maxfail) },
	{ "rekey", RULE_USE, .fn = peer_choice, AT(rekey), .choices = choice_force },
	{ "generate_policy", RULE_USE, .fn = peer_choice, AT(generate_policy), .choices = choice_generate },
	{ "support_proxy", RULE_USE, .fn = peer_proxy },
	{ "support_mip6", RULE_USE, .fn = peer_proxy },
	{ "ike_frag", RULE_USE, .fn = peer_choice, AT(ike_frag), .choices = choice_force },
	{ "esp_frag", RULE_USE, .fn = peer_esp_frag },
	{ "script", RULE_USE, .fn = peer_script, .many = true },
	{ "ph1id", RULE_USE, .fn = peer_ph1id, AT(ph1id) },
	{ "dh_group", RULE_USE, .fn = peer_dh_group },
	{ "situation", RULE_USE, .fn = peer_situation },
	{ "doi", RULE_IGNORE, .why = "there is only ipsec_doi" },
	{ "keepalive", RULE_IGNORE, .why = "it never did anything" },
	{ "weak_phase1_check", RULE_USE, .fn = peer_off_only,
	  .why = "everybody could end the SAs by a forged message; instead: dpd_delay" },
	{ "mode_cfg", RULE_USE, .fn = peer_off_only,
	  .why = "asking for an address is not there yet; instead: an address of its own" },
	{ "xauth_login", RULE_REFUSE, .why = "XAUTH is not there yet", .instead = "certificates" },
	{ "shared_secret", RULE_USE, .fn = peer_secret },
	{ "certificate_verification", RULE_REFUSE, .why = WHY_APPLE, .instead = "verify_cert" },
	{ "open_dir_auth_group", RULE_REFUSE, .why = WHY_APPLE, .instead = "peers_identifier" },
	{ "nat_traversal_multi_user", RULE_REFUSE, .why = WHY_APPLE,
	  .instead = "generate_policy unique" },
	{ "nat_traversal_keepalive", RULE_REFUSE, .why = WHY_APPLE,
	  .instead = "'natt_keepalive' in timer" },
	{ "dpd_algorithm", RULE_REFUSE, .why = WHY_APPLE, .instead = "'dpd_delay' alone" },
	{ "disconnect_on_idle", RULE_REFUSE, .why = WHY_APPLE,
	  .instead = "'lifetime' and 'rekey off'" },
	{ "identifier", RULE_REFUSE, .why = "this is KAME's dialect of before 2001",
	  .instead = "'my_identifier'" },
	{ .name = NULL },
};

#undef AT

const struct context in_remote = { "remote", remote_rules };

/* ---- what racoon does not have ---- */

static bool own_version(struct cursor *c, void *target)
{
	static const struct choice versions[] = { { "1", 1 }, { "2", 2 }, { NULL, 0 } };
	struct remote_load *rl = target;
	uint8_t *v = rl->r->versions;
	int first, second = 0;

	rl->version_wrong = true;
	if (!cur_choice(c, "version of IKE", versions, &first))
		return false;
	if (cur_skip(c, ",") && !cur_choice(c, "version of IKE", versions, &second))
		return false;
	rl->version_wrong = false;
	v[0] = (uint8_t)first;
	v[1] = second == first ? 0 : (uint8_t)second;
	return true;
}

static bool own_start(struct cursor *c, void *target)
{
	static const struct choice starts[] = {
		{ "on_traffic", 0 },
		{ "immediate", 1 },
		{ NULL, 0 },
	};
	struct remote_load *rl = target;
	int v;

	rl->start = c->w;
	if (!cur_choice(c, "start", starts, &v))
		return false;
	rl->r->start = v;
	return true;
}

static bool own_mobike(struct cursor *c, void *target)
{
	const struct word *w = c->w;
	struct conf_remote *r = ((struct remote_load *)target)->r;

	if (!cur_switch(c, &r->mobike))
		return false;
	if (r->mobike)
		say_note(c->l, &w->at, NULL, "MOBIKE is not there yet; the wish is kept");
	return true;
}

static const struct rule own_rules[] = {
	{ "ike_version", RULE_USE, .fn = own_version },
	{ "start", RULE_USE, .fn = own_start },
	{ "mobike", RULE_USE, .fn = own_mobike },
	{ "insecure", RULE_USE, .fn = check_consent },
	{ .name = NULL },
};

const struct context in_remote_own = { "the testudo block of a remote", own_rules };
