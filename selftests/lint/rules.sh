#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# rules.sh - the tests that selftests/pfkey/rules.tbl names exist.
. "$(dirname "$0")/common.sh"

bad=0
names=$(grep -rhoE '^TEST\([a-z0-9_]+' selftests/pfkey/*.c | cut -c6-
	grep -rhoE '(suite\.add\(f?"|add_case "?)[A-Za-z0-9_]+' selftests/net | sed 's/.*[" ]//')
while IFS='|' read -r rule tests; do
	[[ -n $rule && $rule != \#* ]] || continue
	[ -n "$tests" ] || { echo "rules.tbl: no test: $rule"; bad=1; }
	for t in $tests; do
		grep -q "^$t" <<<"$names" || { echo "rules.tbl: there is no test $t: $rule"; bad=1; }
	done
done <selftests/pfkey/rules.tbl
exit $bad
