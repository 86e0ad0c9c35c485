// SPDX-License-Identifier: GPL-2.0
/*
 * What the files come to for one peer, with the places that it comes from. It
 * prints, and decides nothing that find.c does not.
 */
#include "conf/explain.h"
#include "conf/find.h"

static void explain_where(FILE *out, const struct conf_where *at)
{
	fprintf(out, "%s:%d", at->file, at->line);
}

static const struct conf_remote *explain_remote(const struct conf *conf, const char *peer,
						FILE *out)
{
	const char *how;
	const struct conf_remote *r = conf_remote_by_text(conf, peer, &how);

	if (!r) {
		fprintf(out, "# no remote is for %s, and there is no 'remote anonymous'\n", peer);
		return NULL;
	}
	fprintf(out, "# %s is found %s at ", peer, how);
	explain_where(out, &r->where);
	fputc('\n', out);
	return r;
}

int conf_explain(const struct conf *conf, const char *peer, FILE *out)
{
	const struct conf_remote *r = explain_remote(conf, peer, out);
	const struct conf_sainfo *s;
	unsigned int n = 0;

	if (!r)
		return 1;
	conf_print_remote(out, r);
	TAILQ_FOREACH(s, &conf->sainfos, link) {
		if (!sainfo_suits(s, NULL, r))
			continue;
		if (!n++)
			fputs("\n# the first of these that has the policy's selectors:\n", out);
		fputs("# ", out);
		explain_where(out, &s->where);
		fputc('\n', out);
		conf_print_sainfo(out, s);
	}
	if (!n)
		fputs("\n# no sainfo goes with it: no IPsec SA can be negotiated\n", out);
	return 0;
}
