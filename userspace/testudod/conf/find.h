/* SPDX-License-Identifier: GPL-2.0 */
/* Which sainfo goes before which; shared by what sorts and what explains them. */
#ifndef TESTUDOD_CONF_FIND_H
#define TESTUDOD_CONF_FIND_H

#include "conf/conf.h"

/* racoon's measure of how specific a sainfo is: more goes first */
unsigned int sainfo_rank(const struct conf_sainfo *s);
/* may it be used with that block, whatever the selectors are? @peer may be NULL */
bool sainfo_suits(const struct conf_sainfo *s, const struct id *peer,
		  const struct conf_remote *block);

#endif /* TESTUDOD_CONF_FIND_H */
