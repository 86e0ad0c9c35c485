#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# selftest.sh - does selftests/vm/run tell a good run from a bad one?
#
# usage: selftests/vm/selftest.sh [-k KERNEL]
#
# On the host: it boots machines, without the module, so that it needs no build.
# Every verdict of a test in a machine rests on these.
. "$(dirname "$0")/common.sh"

run=("$TREE/selftests/vm/run" "$@" --no-module)
tmp=$(mktemp -d) || exit 125
trap 'rm -rf "$tmp"' EXIT
n=0 failed=0

# verdict NAME STATUS TEXT FILE - that status, and that text in that file
verdict()
{
	n=$((n + 1))
	if [ "$rc" -eq "$2" ] && grep -q -- "$3" "$4"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "# status $rc, expected $2, with '$3'; it said:"
		tail -n 15 "$tmp/out" "$tmp/err" | sed 's/^/# /'
		failed=1
	fi
}

# machine ARG... - what it prints, and its status in rc
machine()
{
	local try

	for try in 1 2 3; do
		"${run[@]}" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
		rc=$?
		is_emulators "$tmp/err" || return
		say "machine $try: the emulator failed, not the kernel"
	done
}

echo "KTAP version 1"
echo "1..4"
export TESTUDO_RESULTS=$tmp/results
# shellcheck disable=SC2016 # for the shell in there
machine -t 600 -- sh -c 'echo "it says $((6 * 7))"; echo kept >"$TESTUDO_RESULTS/file"; exit 7'
verdict "the command's exit status and output come out" 7 'it says 42' "$tmp/out"
verdict "what it leaves in the folder of results comes back" 7 kept "$tmp/results/file"
machine -t 600 -- sh -c 'echo "WARNING: said on purpose" >/dev/kmsg'
verdict "a complaint of the kernel is 125, though the command is content" 125 'said on purpose' "$tmp/err"
# No boot is that fast, nor need it be: the limit holds for all of it.
machine -t 15 -- sleep 600
verdict "what does not end is 124" 124 'no end within 15 s' "$tmp/err"
exit $failed
