#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# libFuzzer against the PF_KEY parser and the message builders of the module, half
# a minute each (FUZZ_SECONDS for both), under ASan and UBSan. Starts from the
# corpus in fuzz/*.hex, which must pass whole. On another core at the same time
# against setkey's grammar and the messages that it reads. Output is KTAP.
#
# timeout: 600

dir=$(cd "$(dirname "$0")" && pwd -P)
top=$dir/../..
seconds=$((${FUZZ_SECONDS:-60} / 2))
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
count=0 failed=0

command -v clang >/dev/null || { echo "1..0 # SKIP clang is not installed"; exit 4; }

# report NAME LOG: the status of the command before it decides; the log of a failure is shown
report()
{
	local ok=$?

	count=$((count + 1))
	if [ $ok -eq 0 ]; then
		echo "ok $count $1"
		return
	fi
	failed=$((failed + 1))
	grep -v '^#[0-9]' "$2" | tail -n 40 | sed 's/^/# /'
	echo "not ok $count $1"
	return 1
}

build()
{
	clang -std=gnu11 -g -O1 -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -fno-strict-aliasing \
		-DTESTUDO_SELFTEST -I"$dir/shim" -I"$top/module" -I"$top/uapi" \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o "$tmp/$1" "$dir/fuzz/fuzz_$1.c" \
		"$top"/module/pfkey/{parse,build,ext_table}.c "$top/module/base/addr.c"
}

# unpack TARGET: its corpus, a file for each line
unpack()
{
	local line n=0

	mkdir -p "$tmp/$1.corpus" "$tmp/$1.new"
	while read -r line; do
		[[ $line != \#* ]] || continue
		n=$((n + 1))
		printf '%b' "$(sed 's/../\\x&/g' <<<"$line")" >"$tmp/$1.corpus/$n"
	done <"$dir/fuzz/$1.hex"
}

# with_setkeys TARGET: one of setkey's fuzzers beside what runs in front; its log is $tmp/TARGET.log
with_setkeys()
{
	mkdir -p "$tmp/$1.new"
	(cd "$tmp" && "./userspace/unit/fuzz_$1" -max_total_time="$seconds" -max_len=2048 -timeout=5 "$1.new") \
		>"$tmp/$1.log" 2>&1 &
}

echo "KTAP version 1"
echo "1..9"
make -s -C "$top/userspace" O="$tmp" fuzz >"$tmp/log" 2>&1
report "setkey's fuzzers build" "$tmp/log" || exit 1
declare -A beside=([parse]=grammar [build]=message)
for target in parse build; do
	build $target >"$tmp/log" 2>&1
	report "fuzz_$target builds" "$tmp/log" || { count=$((count + 3)) failed=$((failed + 3)); continue; }
	unpack $target
	"$tmp/$target" -runs=0 "$tmp/$target.corpus" >"$tmp/log" 2>&1
	report "fuzz_$target takes its corpus" "$tmp/log"
	with_setkeys "${beside[$target]}"
	# what was found new is worth a line in the corpus only when it failed: then it is in the log, in base64
	(cd "$tmp" && "./$target" -max_total_time="$seconds" -max_len=1024 -timeout=5 "$target.new" "$target.corpus") >"$tmp/log" 2>&1
	report "fuzz_$target finds nothing in $seconds s" "$tmp/log"
	echo "# $(tail -n 1 "$tmp/log")"
	wait $!
	report "setkey's fuzz_${beside[$target]} finds nothing in $seconds s" "$tmp/${beside[$target]}.log"
done
[ $failed -eq 0 ]
