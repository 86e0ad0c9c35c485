#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# libFuzzer against the PF_KEY parser and the message builders of the module, half
# a minute each (FUZZ_SECONDS for both), under ASan and UBSan. Starts from the
# corpus in fuzz/*.hex, which must pass whole. On another core at the same time
# against setkey's grammar and the messages that it reads. FUZZ_SEED as in
# fuzz_testudod.sh. Output is KTAP.
#
# timeout: 600

dir=$(cd "$(dirname "$0")" && pwd -P)
top=$dir/../..
seconds=$((${FUZZ_SECONDS:-60} / 2))
# by the wall clock: long enough for a machine that has other things to do
options=(-seed="${FUZZ_SEED:-1}" -timeout=60)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
. "$dir/fuzz/lib.sh"

build()
{
	clang -std=gnu11 -g -O1 -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -fno-strict-aliasing \
		-DTESTUDO_SELFTEST -I"$dir/shim" -I"$top/module" -I"$top/uapi" \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o "$tmp/$1" "$dir/fuzz/fuzz_$1.c" \
		"$top"/module/pfkey/{parse,build,ext_table}.c "$top/module/base/addr.c"
}

echo "KTAP version 1"
echo "1..9"
make -s -C "$top/userspace" O="$tmp" fuzz >"$tmp/log" 2>&1
report "setkey's fuzzers build" "$tmp/log" || exit 1
declare -A beside=([parse]=grammar [build]=message)
for target in parse build; do
	build $target >"$tmp/log" 2>&1
	report "fuzz_$target builds" "$tmp/log" || { failed_by 3; continue; }
	unpack "$dir/fuzz/$target.hex" "$tmp/$target.corpus"
	"$tmp/$target" -runs=0 "$tmp/$target.corpus" >"$tmp/log" 2>&1
	report "fuzz_$target takes its corpus" "$tmp/log"
	other=${beside[$target]}
	fuzz "$tmp/userspace/unit/fuzz_$other" "$other" "$seconds" -max_len=2048 "${options[@]}" &
	fuzz "$tmp/$target" "$target" "$seconds" -max_len=1024 "${options[@]}"
	report "fuzz_$target finds nothing in $seconds s" "$tmp/$target.log"
	echo "# $(tail -n 1 "$tmp/$target.log")"
	wait $!
	report "setkey's fuzz_$other finds nothing in $seconds s" "$tmp/$other.log"
done
none_failed
