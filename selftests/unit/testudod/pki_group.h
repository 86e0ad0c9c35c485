/* SPDX-License-Identifier: GPL-2.0 */
/* One CA and its certificates for all cases of a program, as keys are dear. */
#ifndef TESTUDOD_PKI_GROUP_H
#define TESTUDOD_PKI_GROUP_H

#include "world.h"

static struct pki *pki;

static int pki_setup(void **state)
{
	(void)state;
	pki = pki_new("rsa");
	return 0;
}

static int pki_teardown(void **state)
{
	(void)state;
	pki_free(pki);
	return 0;
}

#endif
