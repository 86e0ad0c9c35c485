#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# testudod and testudoctl under ASan and UBSan: builds and runs the programs in
# the folder beside, one a room, and makes one KTAP report of what they say.
# Samples of racoon.conf that the project ships are checked by the daemon itself.
#
# timeout: 1500

top=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0 bad=0
export TESTUDO_TOP=$top
# of the random weather of test_v2_faults: all sixty take a minute
export SEEDS=${SEEDS:-10}

# tell OK NAME [LOG]
tell()
{
	n=$((n + 1))
	if [ "$1" = not ]; then
		bad=$((bad + 1))
		sed 's/^/# /' "${3:-/dev/null}" | tail -n 40
		echo "not ok $n - $2"
	else
		echo "ok $n - $2"
	fi
}

echo "KTAP version 1"
make -s --no-print-directory -j2 -C "$top/userspace" O="$top/build" all unit-testudod >"$tmp/build" 2>&1 ||
	{ tell not "builds" "$tmp/build"; echo "1..$n"; exit 1; }

cd "$top" || exit 1
# Two at a time, the long ones first; what they said is told afterwards, in order.
progs=()
for prog in build/userspace/unit/testudod/test_*; do
	[[ $prog == *.* ]] || progs+=("$prog")
done
# shellcheck disable=SC2016 # the inner shell's
{ printf '%s\n' build/userspace/unit/testudod/test_{v2_faults,v2_attack,v1_life}; printf '%s\n' "${progs[@]}"; } |
	awk '!seen[$0]++' | xargs -P 2 -I PROG sh -c 'PROG >"$1/$(basename PROG)" 2>&1; echo $? >"$1/$(basename PROG).rc"' sh "$tmp"
for prog in "${progs[@]}"; do
	name=${prog##*/}
	while read -r verdict _ rest; do
		tell "$verdict" "${name#test_}: $rest" "$tmp/$name"
	done < <(sed -n 's/^not ok \([0-9]*\) - /not \1 /p; s/^ok \([0-9]*\) - /ok \1 /p' "$tmp/$name")
	# a sanitizer's complaint ends the program before it can say "not ok"
	[ "$(cat "$tmp/$name.rc")" = 0 ] || grep -q '^not ok' "$tmp/$name" || tell not "${name#test_}: ends with an error" "$tmp/$name"
done

for conf in userspace/testudod/samples/*.conf; do
	insecure=
	[[ $conf != */seed-* ]] || insecure=--allow-insecure
	# shellcheck disable=SC2086 # an option or nothing
	if build/bin/testudod $insecure --explain 192.0.2.1 -f "$conf" >"$tmp/out" 2>&1 || ! grep -q 'error:' "$tmp/out"; then
		tell ok "samples: ${conf##*/} is read"
	else
		tell not "samples: ${conf##*/} is read" "$tmp/out"
	fi
done
echo "1..$n"
[ $bad -eq 0 ]
