#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# testudod and testudoctl under ASan and UBSan: builds and runs the programs in
# the folder beside, one a room, and makes one KTAP report of what they say.
# Samples of racoon.conf that the project ships, and those in its documents, are
# checked by the daemon itself.
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
{ printf '%s\n' build/userspace/unit/testudod/test_{v2_faults,payloads,v2_attack,v1_life}; printf '%s\n' "${progs[@]}"; } |
	awk '!seen[$0]++' | xargs -P 2 -I PROG sh -c 'PROG >"$1/$(basename PROG)" 2>&1; echo $? >"$1/$(basename PROG).rc"' sh "$tmp"
for prog in "${progs[@]}"; do
	name=${prog##*/}
	while read -r verdict _ rest; do
		tell "$verdict" "${name#test_}: $rest" "$tmp/$name"
	done < <(sed -n 's/^not ok \([0-9]*\) - /not \1 /p; s/^ok \([0-9]*\) - /ok \1 /p' "$tmp/$name")
	# a sanitizer's complaint ends the program before it can say "not ok"
	[ "$(cat "$tmp/$name.rc")" = 0 ] || grep -q '^not ok' "$tmp/$name" || tell not "${name#test_}: ends with an error" "$tmp/$name"
done

# The configurations that the documents print: each begins with a "path", and ends
# with the literal block.
awk -v dir="$tmp" '
	function begin() { if (!on) out = dir "/doc-" ++n "-" file ".conf"; on = 1 }
	FNR == 1 { on = 0; file = FILENAME; sub(/.*\//, "", file); rst = file ~ /rst$/ }
	rst && /^    path / { begin() }
	!rst && /^path / { begin() }
	rst ? /^[^ ]/ : /^\.Ed/ { on = 0 }
	on { print > out }' Documentation/{five-minutes,from-racoon}.rst Documentation/man/testudod.conf.5
docs=("$tmp"/doc-*.conf)
verdict=ok
[ ${#docs[@]} -ge 5 ] || verdict=not
tell $verdict "documents: their configurations are found"

for conf in userspace/testudod/samples/*.conf "${docs[@]}"; do
	insecure=
	[[ $conf != */seed-* ]] || insecure=--allow-insecure
	# shellcheck disable=SC2086 # an option or nothing
	if build/bin/testudod $insecure --explain 192.0.2.1 -f "$conf" >"$tmp/out" 2>&1 || ! grep -q 'error:' "$tmp/out"; then
		tell ok "samples: ${conf##*/} is read"
	else
		tell not "samples: ${conf##*/} is read" "$tmp/out"
	fi
done
# who can not write its log says so where it still can
if build/bin/testudod -F -l "$tmp/no/file" >"$tmp/out" 2>&1 ||
	[ "$(cat "$tmp/out")" != "testudod: $tmp/no/file: No such file or directory" ]; then
	tell not "cli: -l with a file that can not be" "$tmp/out"
else
	tell ok "cli: -l with a file that can not be"
fi
# in front of whoever starts it, before it goes into the background
printf 'log bug;\n' >"$tmp/bad.conf"
verdict=ok
! build/bin/testudod -f "$tmp/bad.conf" >"$tmp/out" 2>&1 || verdict=not
grep -q "bad.conf:1:5: error: 'bug' is no log level" "$tmp/out" || verdict=not
tell $verdict "cli: a bad file is told without -F, too" "$tmp/out"
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
for tool in testudod testudoctl; do
	verdict=ok
	build/bin/$tool -V >"$tmp/out" 2>&1 && grep -qF " $version" "$tmp/out" || verdict=not
	tell $verdict "cli: the version of $tool is that of the project" "$tmp/out"
done
verdict=ok
build/bin/testudoctl establish-sa >"$tmp/out" 2>&1 || grep -q 'which SA' "$tmp/out" || verdict=not
tell $verdict "cli: establish-sa without words says what is missing" "$tmp/out"
echo "1..$n"
[ $bad -eq 0 ]
