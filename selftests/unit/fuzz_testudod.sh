#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# libFuzzer against what testudod reads from others, under ASan and UBSan, for
# FUZZ_SECONDS in all on two cores. Each target starts from its corpus beside it,
# which must pass whole. Output is KTAP. FUZZ_SEED=0 takes another way each time;
# without it the way is the same, since a change is to be judged by what it changed.
#
#	conf	racoon.conf
#	auth	psk.txt, names, identities, questions to the keys process
#	cert	certificates, CRLs, chains, signature schemes, bare keys
#	wire	messages, payload chains and fragments of both IKE versions, the reading alone
#	ctl	the control protocol
#	chain	payload chains of a peer with the keys, fragments, up to what two engines make of them
#	two	two engines: whatever happens, under loss, repetition and disorder
#
# timeout: 900

dir=$(cd "$(dirname "$0")" && pwd -P)
top=$dir/../..
seconds=${FUZZ_SECONDS:-60}
corpora=$dir/testudod
progs=$top/build/userspace/unit/testudod
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
. "$dir/fuzz/lib.sh"

# fewer frames of each allocation, and less of what was freed, for the sake of speed
export ASAN_OPTIONS=malloc_context_size=8:quarantine_size_mb=32

# Each core has its own; what two engines do takes longer than reading.
cores=("conf auth cert wire ctl" "chain two")
read -ra targets <<<"${cores[*]}"

# words FILE...: a dictionary of the words that they look for
words()
{
	grep -ohE '"[a-z][a-z0-9_-]+"' "$@" | sort -u
}

# options TARGET: into $options; time limits are for a machine that has other things to do
options()
{
	options=(-timeout=60 -max_len=1024)
	case $1 in
	conf)
		words "$top"/userspace/testudod/conf/*.c >"$tmp/conf.dict"
		options=(-timeout=60 -max_len=4096 -dict="$tmp/conf.dict") ;;
	ctl)
		words "$top"/userspace/testudod/ctl/proto.c >"$tmp/ctl.dict"
		options+=(-dict="$tmp/ctl.dict") ;;
	cert|wire) options=(-timeout=60 -max_len=4096) ;;
	# as many runs as there can be: each is hundreds of times as long as one of the others'
	chain|two) options+=(-entropic=0 -len_control=0) ;;
	esac
}

# corpus TARGET
corpus()
{
	if [ "$1" = conf ]; then
		mkdir -p "$tmp/conf.corpus"
		cp "$top"/userspace/testudod/samples/*.conf "$corpora"/corpus_conf/*.conf "$tmp/conf.corpus"
	else
		unpack "$corpora/corpus_$1.hex" "$tmp/$1.corpus"
	fi
}

# on_core SECONDS TARGET...: one after the other; what became of each is in TARGET.rc
on_core()
{
	local target time=$1
	local -a options

	shift
	for target in "$@"; do
		options "$target"
		fuzz "$progs/fuzz_$target" "$target" "$time" -seed="${FUZZ_SEED:-1}" "${options[@]}"
		echo $? >"$tmp/$target.rc"
	done
}

# share CORE: of the time, for each of its targets
share()
{
	local n

	n=$(wc -w <<<"${cores[$1]}")
	echo $((seconds > n ? seconds / n : 1))
}

echo "KTAP version 1"
echo "1..$((1 + 2 * ${#targets[@]}))"
make -s --no-print-directory -j2 -C "$top/userspace" O="$top/build" fuzz-testudod >"$tmp/log" 2>&1
report "testudod's fuzzers build" "$tmp/log" || exit 1
echo "# $SECONDS s"
for target in "${targets[@]}"; do
	corpus "$target"
	(cd "$tmp" && "$progs/fuzz_$target" -runs=0 "$target.corpus") >"$tmp/log" 2>&1
	report "fuzz_$target takes its corpus" "$tmp/log"
done
for core in "${!cores[@]}"; do
	# shellcheck disable=SC2086 # a list of words
	on_core "$(share "$core")" ${cores[core]} &
done
wait
for core in "${!cores[@]}"; do
	time=$(share "$core")
	for target in ${cores[core]}; do
		(exit "$(cat "$tmp/$target.rc")")
		report "fuzz_$target finds nothing in $time s" "$tmp/$target.log"
		echo "# $(tail -n 1 "$tmp/$target.log")"
	done
done
none_failed
