/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of a child's proposals share: what an end wants, from a policy in a line of text. */
#ifndef TESTUDOD_TEST_PROP_CHILD_HELP_H
#define TESTUDOD_TEST_PROP_CHILD_HELP_H

#include <linux/ipsec.h>
#include <netinet/in.h>

#include "prop_help.h"

#define SPI_I 0xc0000001
#define SPI_R 0xd0000002

/* "esp" "ah" "ipcomp" in the order of the policy, a t in front of a tunnel: "t esp, ah" */
static inline void policy_parse(struct policy *p, const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *one;

	memset(p, 0, sizeof(*p));
	while ((one = strsep(&rest, ","))) {
		struct policy_request *req = &p->req[p->n++];

		one += strspn(one, " ");
		req->mode = *one == 't' ? IPSEC_MODE_TUNNEL : IPSEC_MODE_TRANSPORT;
		one += *one == 't' ? 2 : 0;
		req->reqid = p->n;
		req->proto = !strcmp(one, "esp") ? IPPROTO_ESP : !strcmp(one, "ah") ? IPPROTO_AH
										    : IPPROTO_COMP;
	}
	free(copy);
}

static inline void want_of(struct child_choice *want, const char *policy, const struct conf_sainfo *s,
			   uint32_t spi)
{
	struct policy p;
	unsigned int i;

	policy_parse(&p, policy);
	prop_child_want(&p, s, want);
	for (i = 0; i < want->n; i++)
		want->p[i].spi_in = want->p[i].proto == IPPROTO_COMP ? (spi & 0xff) + 0x100 : spi + 16 * i;
}

#endif /* TESTUDOD_TEST_PROP_CHILD_HELP_H */
