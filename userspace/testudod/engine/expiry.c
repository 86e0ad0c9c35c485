// SPDX-License-Identifier: GPL-2.0
/*
 * A look at our own certificates once a day: what is about to expire is told
 * before tunnels fail for it.
 */
#include <stdio.h>
#include <string.h>

#include "engine/sa.h"

#define EXPIRY_DAY  86400000 /* ms */
#define EXPIRY_SOON 30	     /* days left: from here on it is told each day */
#define EXPIRY_WARN 7
#define EXPIRY_LAST 1

static void expiry_tell(const char *remote, const char *file, int days)
{
	if (days < 0)
		log_error("%s: our certificate %s has expired: peers refuse it", remote, file);
	else if (days <= EXPIRY_LAST)
		log_error("%s: our certificate %s expires in %d day%s", remote, file, days,
			  days == 1 ? "" : "s");
	else if (days <= EXPIRY_WARN)
		log_warn("%s: our certificate %s expires in %d days", remote, file, days);
	else if (days <= EXPIRY_SOON)
		log_notice("%s: our certificate %s expires in %d days", remote, file, days);
}

/* Several blocks with the same file are told of once. */
static bool expiry_told(const struct conf *conf, const struct conf_remote *r)
{
	const struct conf_remote *before;

	TAILQ_FOREACH(before, &conf->remotes, link) {
		if (before == r)
			return false;
		if (before->cert && strcmp(before->cert, r->cert) == 0)
			return true;
	}
	return false;
}

void ike_look_at_certs(void *arg)
{
	struct ike *ike = arg;
	const struct conf_remote *r;
	struct cert *cert;
	char why[256];

	TAILQ_FOREACH(r, &ike->conf->remotes, link) {
		if (!r->cert || expiry_told(ike->conf, r))
			continue;
		cert = cert_load(ike->src, r->cert, why, sizeof(why));
		/* one that can not be read is told of by whoever needs it */
		if (cert)
			expiry_tell(r->name, r->cert, cert_days_left(cert));
		cert_free(cert);
	}
	timer_set(&ike->daily, EXPIRY_DAY);
}
