// SPDX-License-Identifier: GPL-2.0
/*
 * Statements outside of remote and sainfo: paths, log, addresses to listen on,
 * timers, users; and the file as a whole, once all of it was read.
 */
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "conf/find.h"

/* included statements are the block of their "include" */
static bool top_include(struct cursor *c, void *target)
{
	check_block(c->l, &in_top, c->s->block, target);
	c->w = NULL;
	return true;
}

static bool top_path(struct cursor *c, void *target)
{
	enum {
		INCLUDE,
		PSK,
		CERT,
		SCRIPT,
		PID,
	};
	static const struct choice kinds[] = {
		{ "include", INCLUDE },
		{ "pre_shared_key", PSK },
		{ "certificate", CERT },
		{ "script", SCRIPT },
		{ "pidfile", PID },
		{ NULL, 0 },
	};
	struct conf *conf = target;
	char **const where[] = {
		[PSK] = &conf->path_psk,
		[CERT] = &conf->path_cert,
		[SCRIPT] = &conf->path_script,
		[PID] = &conf->path_pid,
	};
	const struct word *w = c->w;
	const char *text;
	int kind;

	c->l->psk_said |= w && !strncmp(w->text, "pre", 3);
	if (cur_skip(c, "backupsa")) {
		say_warn(c->l, &w->at, "take the line away",
			 "'backupsa' is ignored: it would write the keys of all SAs to a disk");
		return cur_string(c, "a name");
	}
	if (!cur_choice(c, "path", kinds, &kind))
		return false;
	text = cur_string(c, "a name");
	if (text && kind != INCLUDE && *where[kind] && **where[kind] && strcmp(*where[kind], text))
		say_warn(c->l, &w->at, "take one of them away", "'path %s' is said again: this one counts, and not \"%s\"",
			 w->text, *where[kind]);
	if (text && kind != INCLUDE)
		set_text(where[kind], text);
	if (text && kind == PSK)
		conf->at_psk = c->last->at;
	return text;
}

static bool top_log(struct cursor *c, void *target)
{
	static const struct choice levels[] = {
		{ "error", LOG_LEVEL_ERROR },
		{ "warning", LOG_LEVEL_WARNING },
		{ "notify", LOG_LEVEL_NOTICE },
		{ "info", LOG_LEVEL_INFO },
		{ "debug", LOG_LEVEL_DEBUG },
		{ "debug2", LOG_LEVEL_DEBUG2 },
		{ NULL, 0 },
	};
	struct conf *conf = target;
	int level;

	if (!cur_choice(c, "log level", levels, &level))
		return false;
	conf->log_level = (enum log_level)level;
	conf->log_said = true;
	return true;
}

static bool top_pfkey_buffer(struct cursor *c, void *target)
{
	struct conf *conf = target;

	return cur_uint(c, "a number of kilobytes", 0, 1u << 20, &conf->pfkey_buffer);
}

static bool top_complex_bundle(struct cursor *c, void *target)
{
	struct conf *conf = target;

	return cur_switch(c, &conf->complex_bundle);
}

static bool top_block(struct cursor *c, const struct context *in, void *target)
{
	bool ok = cur_end(c);

	check_block(c->l, in, c->s->block, target);
	return ok;
}

static bool top_listen(struct cursor *c, void *target)
{
	return top_block(c, &in_listen, target);
}

static bool top_timer(struct cursor *c, void *target)
{
	return top_block(c, &in_timer, target);
}

static bool top_privsep(struct cursor *c, void *target)
{
	return top_block(c, &in_privsep, target);
}

#define WHY_2000    "this is KAME's dialect of before 2001"
#define WHY_KERB    "Kerberos authentication is of Windows 2000"
#define WHY_MODECFG "handing out addresses is not there yet"
#define WHY_XAUTH   "XAUTH is not there yet"

static const struct rule top_rules[] = {
	{ "include", RULE_USE, .fn = top_include, .many = true },
	{ "path", RULE_USE, .fn = top_path, .many = true },
	{ "log", RULE_USE, .fn = top_log },
	{ "listen", RULE_BLOCK, .fn = top_listen },
	{ "timer", RULE_BLOCK, .fn = top_timer },
	{ "privsep", RULE_BLOCK, .fn = top_privsep },
	{ "pfkey_buffer", RULE_USE, .fn = top_pfkey_buffer },
	{ "complex_bundle", RULE_USE, .fn = top_complex_bundle },
	{ "remote", RULE_EITHER, .fn = check_remote },
	{ "sainfo", RULE_BLOCK, .fn = check_sainfo },
	{ "padding", RULE_IGNORE, .why = "we pad as little as we can and take what peers send" },
	{ "mode_cfg", RULE_REFUSE, .why = WHY_MODECFG,
	  .instead = "give the clients addresses of their own and 'generate_policy'" },
	{ "radiuscfg", RULE_REFUSE, .why = WHY_XAUTH,
	  .instead = "certificates, a remote with 'rsasig'" },
	{ "ldapcfg", RULE_REFUSE, .why = WHY_XAUTH,
	  .instead = "certificates, a remote with 'rsasig'" },
	{ "ldap_cfg", RULE_REFUSE, .why = WHY_XAUTH,
	  .instead = "certificates, a remote with 'rsasig'" },
	{ "gss_id_enc", RULE_REFUSE, .why = WHY_KERB, .instead = "rsasig" },
	{ "identifier", RULE_REFUSE, .why = WHY_2000, .instead = "'my_identifier' in remote" },
	{ "policy", RULE_REFUSE, .why = WHY_2000, .instead = "a remote and a sainfo" },
	{ "algorithm_strength", RULE_REFUSE, .why = WHY_2000,
	  .instead = "algorithms by their names" },
	{ "static_sa", RULE_REFUSE, .why = WHY_2000,
	  .instead = "'add' and 'spdadd' in a file for setkey" },
	{ .name = NULL },
};

const struct context in_top = { "the file", top_rules };

/* ---- listen ---- */

static bool listen_on(struct cursor *c, struct conf *conf, uint16_t port)
{
	const struct conf_where at = c->last->at;
	struct conf_listen *listen;
	struct sockaddr_storage sa;

	if (!cur_addr(c, &sa))
		return false;
	if (!addr_port(&sa))
		addr_set_port(&sa, port);
	listen = xcalloc(1, sizeof(*listen));
	listen->where = at;
	listen->addr = sa;
	listen->natt = port == 4500;
	TAILQ_INSERT_TAIL(&conf->listens, listen, link);
	return true;
}

static bool listen_isakmp(struct cursor *c, void *target)
{
	return listen_on(c, target, 500);
}

static bool listen_natt(struct cursor *c, void *target)
{
	return listen_on(c, target, 4500);
}

static bool listen_strict(struct cursor *c, void *target)
{
	struct conf *conf = target;

	(void)c;
	conf->strict_address = true;
	return true;
}

/* a number as it is; a name only where the system's files can be asked */
static bool listen_owner(struct cursor *c, const char *what, bool group, uint32_t *id)
{
	const struct word *w = c->w;
	const char *name = cur_string(c, what);
	const struct passwd *pw = NULL;
	const struct group *gr = NULL;
	char *end;

	if (!name)
		return false;
	*id = (uint32_t)strtoul(name, &end, 10);
	if (!*end || !c->l->src->from_disk)
		return true;
	if (group)
		gr = getgrnam(name);
	else
		pw = getpwnam(name);
	if (gr || pw) {
		*id = gr ? gr->gr_gid : pw->pw_uid;
		return true;
	}
	say_warn(c->l, &w->at, NULL, "there is no %s '%s' here; it will be root's",
		 group ? "group" : "user", name);
	return true;
}

/* racoon writes the mode as 0660 or 660; both are octal */
static bool listen_mode(struct cursor *c, mode_t *mode)
{
	const struct word *w = cur_word(c, "a mode such as 0660");
	unsigned long v;
	char *end;

	if (!w)
		return false;
	v = strtoul(w->text, &end, 8);
	if (w->kind == WORD_PLAIN && !*end && v <= 0777) {
		*mode = (mode_t)v;
		return true;
	}
	say_error(c->l, &w->at, NULL, "'%s' is no mode; expected three octal digits", w->text);
	return false;
}

static bool listen_adminsock(struct cursor *c, void *target)
{
	struct conf *conf = target;
	const char *text;

	if (cur_skip(c, "disabled")) {
		conf->adminsock_off = true;
		return true;
	}
	text = cur_string(c, "the name of the socket");
	if (!text)
		return false;
	conf->adminsock_off = false;
	set_text(&conf->adminsock, text);
	if (!c->w)
		return true;
	return listen_owner(c, "its owner", false, &conf->admin_uid) &&
	       listen_owner(c, "its group", true, &conf->admin_gid) &&
	       listen_mode(c, &conf->admin_mode);
}

static const struct rule listen_rules[] = {
	{ "isakmp", RULE_USE, .fn = listen_isakmp, .many = true },
	{ "isakmp_natt", RULE_USE, .fn = listen_natt, .many = true },
	{ "strict_address", RULE_USE, .fn = listen_strict },
	{ "adminsock", RULE_USE, .fn = listen_adminsock },
	{ "admin", RULE_REFUSE, .why = "everybody on the host could command the daemon over TCP",
	  .instead = "'adminsock \"PATH\" \"OWNER\" \"GROUP\" 0660;'" },
	{ .name = NULL },
};

const struct context in_listen = { "listen", listen_rules };

/* ---- timer ---- */

static bool timer_counter(struct cursor *c, void *target)
{
	struct conf *conf = target;

	return cur_uint(c, "a number", 1, 100, &conf->retry_counter);
}

static bool timer_time(struct cursor *c, void *target)
{
	return cur_time(c, (uint32_t *)((char *)target + c->rule->offset));
}

static bool timer_persend(struct cursor *c, void *target)
{
	const struct conf_where at = c->last->at;
	unsigned int n;

	(void)target;
	if (!cur_uint(c, "a number", 1, 100, &n))
		return false;
	if (n > 1)
		say_note(c->l, &at, NULL, "'persend' is ignored: each message is sent once at a time");
	return true;
}

static const struct rule timer_rules[] = {
	{ "counter", RULE_USE, .fn = timer_counter },
	{ "interval", RULE_USE, .fn = timer_time, .offset = offsetof(struct conf, retry_interval) },
	{ "persend", RULE_USE, .fn = timer_persend },
	{ "phase1", RULE_USE, .fn = timer_time, .offset = offsetof(struct conf, phase1_time) },
	{ "phase2", RULE_USE, .fn = timer_time, .offset = offsetof(struct conf, phase2_time) },
	{ "natt_keepalive", RULE_USE, .fn = timer_time, .offset = offsetof(struct conf, natt_keepalive) },
	{ "auto_exit_delay", RULE_IGNORE, .why = "the daemon ends when it is told to (this is of Mac OS X)" },
	{ .name = NULL },
};

const struct context in_timer = { "timer", timer_rules };

/* ---- privsep ---- */

/* who it is, each process finds out; here only whether it can */
static void privsep_look(struct cursor *c, const struct word *w)
{
	bool group = word_is(c->s->words.first, "group");

	if (!c->l->src->from_disk || (group ? !!getgrnam(w->text) : !!getpwnam(w->text)))
		return;
	say_warn(c->l, &w->at, "add it, or take this line away", "there is no %s '%s' here: testudod will not start",
		 group ? "group" : "user", w->text);
}

/* a name in quotes or a number */
static bool privsep_name(struct cursor *c, void *target)
{
	const struct word *w = c->w;
	const char *text;
	uint64_t id;

	if (word_is_number(w)) {
		if (!cur_number(c, "a number", 0, UINT32_MAX - 1, &id))
			return false;
		text = arena_printf(&c->l->arena, "%llu", (unsigned long long)id);
	} else {
		text = cur_string(c, "a name");
		if (text)
			privsep_look(c, w);
	}
	if (!text)
		return false;
	set_text((char **)((char *)target + c->rule->offset), text);
	return true;
}

static const struct rule privsep_rules[] = {
	{ "user", RULE_USE, .fn = privsep_name, .offset = offsetof(struct conf, user) },
	{ "group", RULE_USE, .fn = privsep_name, .offset = offsetof(struct conf, group) },
	{ "chroot", RULE_IGNORE, .why = "the processes that need no files can not open any" },
	{ .name = NULL },
};

const struct context in_privsep = { "privsep", privsep_rules };

/* ---- the whole ---- */

static void resolve(char **name, const char *dir)
{
	char *joined;

	if (!*name)
		return;
	joined = path_join(dir, *name);
	free(*name);
	*name = joined;
}

/* names relative to a "path", which may stand behind their use */
static void resolve_names(const struct conf *conf)
{
	struct conf_remote *r;

	TAILQ_FOREACH(r, &conf->remotes, link) {
		resolve(&r->cert, conf->path_cert);
		resolve(&r->key, conf->path_cert);
		resolve(&r->ca, conf->path_cert);
		resolve(&r->peers_cert, conf->path_cert);
		resolve(&r->plain_rsa, conf->path_cert);
		resolve(&r->peers_rsa, conf->path_cert);
		resolve(&r->script_up, conf->path_script);
		resolve(&r->script_down, conf->path_script);
		resolve(&r->script_dead, conf->path_script);
	}
}

/* a sainfo for a remote that is not there */
static void check_remoteids(struct conf_load *l)
{
	const struct conf_sainfo *s;
	const struct conf_remote *r;

	TAILQ_FOREACH(s, &l->conf->sainfos, link) {
		if (!s->remoteid)
			continue;
		TAILQ_FOREACH(r, &l->conf->remotes, link)
			if (r->ph1id == s->remoteid)
				break;
		if (!r)
			say_warn(l, &s->where, NULL,
				 "no remote has 'ph1id %u': this sainfo is never used",
				 s->remoteid);
	}
}

/* who is let in by generate_policy, and may have any traffic it likes */
static void check_generate(struct conf_load *l)
{
	const struct conf_sainfo *s;
	const struct conf_remote *r;

	TAILQ_FOREACH(r, &l->conf->remotes, link) {
		if (!r->anonymous || r->generate_policy == CONF_OFF)
			continue;
		TAILQ_FOREACH(s, &l->conf->sainfos, link)
			if (sainfo_suits(s, NULL, r) && s->any_remote)
				break;
		if (s)
			say_warn(l, &r->where,
				 "limit it by 'sainfo ... clientaddr' instead of the anonymous sainfo",
				 "generate_policy for everybody is insecure: with the sainfo at %s:%d peers choose what traffic of yours they get",
				 s->where.file, s->where.line);
	}
}

/* can IKEv1 offer anything of it? a cipher with its own authentication needs no other */
static bool sainfo_has_v1(const struct conf_sainfo *s)
{
	bool integ = false;
	unsigned int i;

	for (i = 0; i < s->ninteg; i++)
		integ |= s->integ[i]->v1_ipsec || !strcmp(s->integ[i]->name, "non_auth");
	for (i = 0; i < s->nencr; i++)
		if (s->encr[i].alg->v1_ipsec && (integ || s->encr[i].alg->flags & ALG_AEAD))
			return true;
	return !s->nencr;
}

/* what only IKEv2 has, for a remote that speaks the other */
static void check_v1_sainfos(struct conf_load *l)
{
	const struct conf_sainfo *s;
	const struct conf_remote *r;

	TAILQ_FOREACH(s, &l->conf->sainfos, link) {
		TAILQ_FOREACH(r, &l->conf->remotes, link)
			if (strchr((const char *)r->versions, 1) && sainfo_suits(s, NULL, r))
				break;
		if (!r)
			continue;
		if (s->pfs && !s->pfs->v1_phase1)
			say_warn(l, &s->where, "write 'pfs_group ecp256;'",
				 "IKEv1 does not have the group '%s', and remote '%s' may speak it",
				 s->pfs->name, r->name);
		if (!sainfo_has_v1(s))
			say_warn(l, &s->where, "add 'aes 256' and 'hmac_sha256'",
				 "IKEv1 has none of these algorithms, and remote '%s' may speak it", r->name);
	}
}

/* secrets wanted, and no place where they could be */
static void check_psk_path(struct conf_load *l)
{
	const struct conf_remote *r;

	if (l->psk_said)
		return;
	TAILQ_FOREACH(r, &l->conf->remotes, link) {
		if (r->secret || !remote_uses(r, IKE_AUTH_PSK))
			continue;
		say_warn(l, &r->where, "add 'path pre_shared_key \"/etc/racoon/psk.txt\";'",
			 "remote '%s' wants a pre-shared key, and no 'path pre_shared_key' names a file of them",
			 r->name);
		return;
	}
}

/* without both nothing can be negotiated; who has made errors has more to write */
static void check_empty(struct conf_load *l)
{
	const struct conf_where top = { TAILQ_FIRST(&l->files)->name, 1, 1 };

	if (l->errors)
		return;
	if (TAILQ_EMPTY(&l->conf->remotes))
		say_warn(l, &top, "add 'remote ADDRESS { ... }'",
			 "there is no remote: nothing can be negotiated");
	else if (TAILQ_EMPTY(&l->conf->sainfos))
		say_warn(l, &top, "add 'sainfo anonymous { }'",
			 "there is no sainfo: no IPsec SA can be negotiated");
}

struct conf *conf_load_all(struct source *src, const char *name, bool insecure,
			   const struct conf_say *to, unsigned int *errors)
{
	struct conf_load l = { .src = src, .conf = conf_new() };

	TAILQ_INIT(&l.files);
	TAILQ_INIT(&l.msgs);
	l.conf->insecure = insecure;
	check_block(&l, &in_top, read_texts(&l, name), l.conf);
	check_remoteids(&l);
	check_generate(&l);
	check_v1_sainfos(&l);
	check_psk_path(&l);
	check_empty(&l);
	resolve_names(l.conf);
	conf_own_names(&l);
	say_all(&l, to);
	arena_free(&l.arena);
	*errors = l.errors;
	return l.conf;
}

struct conf *conf_load(struct source *src, const char *name, bool insecure,
		       const struct conf_say *to)
{
	unsigned int errors;
	struct conf *conf = conf_load_all(src, name, insecure, to, &errors);

	if (!errors)
		return conf;
	conf_free(conf);
	return NULL;
}
