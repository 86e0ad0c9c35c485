# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# lib.sh - what the scripts around libFuzzer share: KTAP, corpora, runs. They have a
# folder $tmp. Skips the script that sources it where clang is not there.

command -v clang >/dev/null || { echo "1..0 # SKIP clang is not installed"; exit 4; }

: "${tmp:?who sources it makes it}"
count=0 failed=0

# report NAME LOG: the status of the command before it decides, so nothing in its arguments may be
# a command; the log of a failure is shown
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

# failed_by N: so many more have failed with it
failed_by()
{
	count=$((count + $1)) failed=$((failed + $1))
}

none_failed()
{
	[ $failed -eq 0 ]
}

# unpack FILE DIR: a corpus, of which each line in hex becomes a file in DIR
unpack()
{
	local line n=0

	mkdir -p "$2"
	while read -r line; do
		[[ $line != \#* ]] || continue
		n=$((n + 1))
		printf '%b' "$(sed 's/../\\x&/g' <<<"$line")" >"$2/$n"
	done <"$1"
}

# fuzz PROGRAM NAME SECONDS OPTION...: from NAME.corpus in $tmp; what it says is in NAME.log. What is new
# is worth a line in the corpus only when it failed: then it is there in base64 (base64 -d <<<... >x, and
# PROGRAM x does it again).
fuzz()
{
	local prog=$1 name=$2 time=$3 input

	shift 3
	mkdir -p "$tmp/$name.corpus" "$tmp/$name.new"
	"$prog" -max_total_time="$time" -print_funcs=0 -artifact_prefix="$tmp/$name.failed-" "$@" \
		"$tmp/$name.new" "$tmp/$name.corpus" >"$tmp/$name.log" 2>&1 && return
	for input in "$tmp/$name.failed-"*; do
		echo "the input: $(base64 -w 0 "$input")"
	done >>"$tmp/$name.log"
	return 1
}
