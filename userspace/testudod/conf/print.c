// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks as racoon.conf would say them, every default included, in an order that
 * does not depend on the file's: what is read back is the same block. Two blocks
 * are equal when they print the same.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "wire/v1.h"

#define PRINT_ID 4096 /* a distinguished name of certificates' size */

static const char *on_off(bool on)
{
	return on ? "on" : "off";
}

static void print_encr(FILE *out, const struct alg_key *key)
{
	fputs(key->alg->name, out);
	if (key->bits)
		fprintf(out, " %u", key->bits);
}

/* a value that is the very string of the file, so that it has to be one again; a keyid's file may hold anything */
static bool is_string(const struct id *id)
{
	return (id->type == ID_FQDN || id->type == ID_USER_FQDN || id->type == ID_KEY_ID) && id->data.n &&
	       !memchr(id->data.p, '"', id->data.n) && !memchr(id->data.p, '\n', id->data.n) &&
	       !memchr(id->data.p, 0, id->data.n);
}

/* "fqdn "a.test"", "keyid tag "a"", or the type alone where the value follows from elsewhere */
static void print_id(FILE *out, uint8_t type, const struct id *id)
{
	char text[PRINT_ID];
	const char *value;

	if (!id->type) {
		fputs(id_type_name(type), out);
		return;
	}
	if (is_string(id)) {
		fprintf(out, "%s%s \"%.*s\"", id_type_name(id->type), id->type == ID_KEY_ID ? " tag" : "",
			(int)id->data.n, (const char *)id->data.p);
		return;
	}
	id_text(id, text, sizeof(text));
	value = strchr(text, ' ');
	fprintf(out, "%s%s \"%s\"", id_type_name(id->type), id->type == ID_KEY_ID ? " tag" : "",
		value ? value + 1 : "");
}

static void print_text(FILE *out, const char *statement, const char *value, const char *end)
{
	if (value)
		fprintf(out, "\t%s \"%s\"%s;\n", statement, value, end);
}

static void print_peer(FILE *out, const struct conf_remote *r)
{
	uint16_t port = addr_port(&r->addr);
	char buf[ADDR_TEXT];

	fputs(r->host ? r->host : addr_host(&r->addr, buf), out);
	if (port)
		fprintf(out, " [%u]", port);
}

/* is the block called by its address or host? */
static bool named_by_peer(const struct conf_remote *r)
{
	char buf[ADDR_TEXT];

	if (r->host)
		return !strcmp(r->name, r->host);
	return r->addr.ss_family && (!strcmp(r->name, addr_host(&r->addr, buf)) ||
				     !strcmp(r->name, addr_text(&r->addr, buf)));
}

static void print_head(FILE *out, const struct conf_remote *r)
{
	fputs("remote ", out);
	if (r->anonymous && !strcmp(r->name, "anonymous"))
		fputs("anonymous", out);
	else if (named_by_peer(r))
		print_peer(out, r);
	else
		fprintf(out, "\"%s\"", r->name);
	fputs(" {\n", out);
	if (named_by_peer(r) || (!r->addr.ss_family && !r->host))
		return;
	fputs("\tremote_address ", out);
	print_peer(out, r);
	fputs(";\n", out);
}

static void print_ids(FILE *out, const struct conf_remote *r)
{
	const struct conf_id *id;

	fputs("\tmy_identifier ", out);
	print_id(out, r->my_id.type, &r->my_id.id);
	fputs(";\n", out);
	TAILQ_FOREACH(id, &r->peers_ids, link) {
		fputs("\tpeers_identifier ", out);
		print_id(out, id->type, &id->id);
		fputs(";\n", out);
	}
	fprintf(out, "\tverify_identifier %s;\n", on_off(r->verify_identifier));
	if (r->secret)
		fputs("\tshared_secret use \"********\"; # not shown\n", out);
	print_text(out, "shared_secret key", r->secret_key, "");
}

/* plain_rsa first: it turns off what is said behind it */
static void print_certs(FILE *out, const struct conf_remote *r)
{
	print_text(out, "certificate_type plain_rsa", r->plain_rsa, "");
	if (r->cert)
		fprintf(out, "\tcertificate_type x509 \"%s\" \"%s\";\n", r->cert, r->key);
	print_text(out, "ca_type x509", r->ca, "");
	print_text(out, "peers_certfile x509", r->peers_cert, "");
	print_text(out, "peers_certfile plain_rsa", r->peers_rsa, "");
	fprintf(out, "\tverify_cert %s;\n\tsend_cert %s;\n\tsend_cr %s;\n\tmatch_empty_cr %s;\n",
		on_off(r->verify_cert), on_off(r->send_cert), on_off(r->send_cr),
		on_off(r->match_empty_cr));
}

static void print_behaviour(FILE *out, const struct conf_remote *r)
{
	fprintf(out, "\tlifetime time %u sec;\n\tproposal_check %s;\n\tinitial_contact %s;\n",
		r->lifetime, choice_word(choice_check, r->check), on_off(r->initial_contact));
	fprintf(out, "\tpassive %s;\n\tnonce_size %u;\n\tnat_traversal %s;\n", on_off(r->passive),
		r->nonce_size, choice_word(choice_force, r->natt));
	fprintf(out, "\tdpd_delay %u;\n\tdpd_retry %u;\n\tdpd_maxfail %u;\n", r->dpd_delay,
		r->dpd_retry, r->dpd_maxfail);
	fprintf(out, "\trekey %s;\n\tgenerate_policy %s;\n\tike_frag %s;\n",
		choice_word(choice_force, r->rekey),
		choice_word(choice_generate, r->generate_policy),
		choice_word(choice_force, r->ike_frag));
	if (r->ph1id)
		fprintf(out, "\tph1id %u;\n", r->ph1id);
	print_text(out, "script", r->script_up, " phase1_up");
	print_text(out, "script", r->script_down, " phase1_down");
	print_text(out, "script", r->script_dead, " phase1_dead");
}

static void print_proposal(FILE *out, const struct conf_proposal *p)
{
	fputs("\tproposal {\n", out);
	if (p->encr.alg) {
		fputs("\t\tencryption_algorithm ", out);
		print_encr(out, &p->encr);
		fputs(";\n", out);
	}
	if (p->hash)
		fprintf(out, "\t\thash_algorithm %s;\n", p->hash->name);
	if (p->dh)
		fprintf(out, "\t\tdh_group %s;\n", p->dh->name);
	fprintf(out, "\t\tauthentication_method %s;\n", auth_name(p->auth));
	if (p->life)
		fprintf(out, "\t\tlifetime time %u sec;\n", p->life);
	fputs("\t}\n", out);
}

void conf_print_remote(FILE *out, const struct conf_remote *r)
{
	const struct conf_proposal *p;
	size_t i;

	print_head(out, r);
	fputs("\ttestudo {\n\t\tike_version ", out);
	for (i = 0; r->versions[i]; i++)
		fprintf(out, "%s%u", i ? "," : "", r->versions[i]);
	fprintf(out, ";\n\t\tstart %s;\n", r->start ? "immediate" : "on_traffic");
	if (r->mobike)
		fputs("\t\tmobike on;\n", out);
	if (r->insecure)
		fputs("\t\tinsecure ok;\n", out);
	fputs("\t}\n\texchange_mode ", out);
	for (i = 0; r->exchanges[i]; i++)
		fprintf(out, "%s%s", i ? "," : "",
			r->exchanges[i] == V1_MAIN ? "main" : "aggressive");
	fputs(";\n", out);
	print_ids(out, r);
	print_certs(out, r);
	print_behaviour(out, r);
	TAILQ_FOREACH(p, &r->proposals, link)
		print_proposal(out, p);
	fputs("}\n", out);
}

/* ---- sainfo ---- */

static void print_selector(FILE *out, const struct ts *ts, const struct id *name)
{
	struct sockaddr_storage sa, last;
	char buf[ADDR_TEXT];
	unsigned int bits;
	int port = ts_port(ts);
	size_t n = ts->family == AF_INET6 ? 16 : 4;

	if (name->type) {
		print_id(out, name->type, name);
		return;
	}
	if (ts_prefix(ts, &sa, &bits)) {
		fprintf(out, "subnet %s/%u", addr_host(&sa, buf), bits);
	} else {
		addr_from_bytes(&sa, chunk(ts->lo, n));
		addr_from_bytes(&last, chunk(ts->hi, n));
		fprintf(out, "address %s-", addr_host(&sa, buf));
		fputs(addr_host(&last, buf), out);
	}
	if (port > 0)
		fprintf(out, " [%d]", port);
	else
		fputs(" [any]", out);
	if (ts->proto)
		fprintf(out, " %u", ts->proto);
	else
		fputs(" any", out);
}

static void print_sainfo_head(FILE *out, const struct conf_sainfo *s)
{
	fputs("sainfo ", out);
	if (s->any_local)
		fputs("anonymous", out);
	else
		print_selector(out, &s->local, &s->local_id);
	if (s->remote_client) {
		fputs(" clientaddr", out);
	} else if (!s->any_remote) {
		putc(' ', out);
		print_selector(out, &s->remote, &s->remote_id);
	} else if (!s->any_local) {
		fputs(" anonymous", out);
	}
	if (s->from.type) {
		fputs(" from ", out);
		print_id(out, s->from.type, &s->from);
	}
	fputs(" {\n", out);
}

void conf_print_sainfo(FILE *out, const struct conf_sainfo *s)
{
	unsigned int i;

	print_sainfo_head(out, s);
	fputs("\ttestudo {\n", out);
	/* said or not is a difference to IKEv1 */
	if (s->esn_said)
		fprintf(out, "\t\tesn %s;\n", on_off(s->esn));
	else
		fputs("\t\t# esn: IKEv2 offers it, IKEv1 does not\n", out);
	fputs(s->insecure ? "\t\tinsecure ok;\n\t}\n" : "\t}\n", out);
	if (s->pfs)
		fprintf(out, "\tpfs_group %s;\n", s->pfs->name);
	if (s->remoteid)
		fprintf(out, "\tremoteid %u;\n", s->remoteid);
	fprintf(out, "\tlifetime time %u sec;\n", s->lifetime);
	if (s->lifebytes)
		fprintf(out, "\tlifetime byte %llu KB;\n", (unsigned long long)s->lifebytes);
	if (!s->nencr)
		fputs("\t# encryption_algorithm, authentication_algorithm: the default set\n", out);
	for (i = 0; i < s->nencr; i++) {
		fputs(i ? ", " : "\tencryption_algorithm ", out);
		print_encr(out, &s->encr[i]);
	}
	if (s->nencr)
		fputs(";\n", out);
	for (i = 0; i < s->ninteg; i++)
		fprintf(out, "%s%s", i ? ", " : "\tauthentication_algorithm ", s->integ[i]->name);
	if (s->ninteg)
		fputs(";\n", out);
	if (s->deflate)
		fputs("\tcompression_algorithm deflate;\n", out);
	fputs("}\n", out);
}

/* ---- comparison ---- */

static char *print_text_of(void (*print)(FILE *out, const void *block), const void *block)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	print(out, block);
	if (fclose(out))
		abort();
	return text;
}

static bool print_same(void (*print)(FILE *out, const void *block), const void *a, const void *b)
{
	char *text_a = print_text_of(print, a);
	char *text_b = print_text_of(print, b);
	bool same = !strcmp(text_a, text_b);

	free(text_a);
	free(text_b);
	return same;
}

static void print_remote(FILE *out, const void *block)
{
	const struct conf_remote *r = block;
	char buf[ADDR_TEXT];

	conf_print_remote(out, r);
	/* the address behind a host's name counts, and prints nowhere else */
	fputs(addr_text(&r->addr, buf), out);
}

static void print_sainfo(FILE *out, const void *block)
{
	conf_print_sainfo(out, block);
}

bool conf_remote_equal(const struct conf_remote *a, const struct conf_remote *b)
{
	return print_same(print_remote, a, b);
}

bool conf_sainfo_equal(const struct conf_sainfo *a, const struct conf_sainfo *b)
{
	return print_same(print_sainfo, a, b);
}
