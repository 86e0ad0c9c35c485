#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The program setkey from outside, without a kernel (-n): exit status, how -f
# and -c cut their input, input of odd shape and of great size. Output is KTAP.
#
# timeout: 600
#
#   setkey_cli.sh [PATH-OF-SETKEY]

setkey=${1:-}
if [[ -z $setkey ]]; then
	top=$(cd "$(dirname "$0")/../.." && pwd)
	make -s --no-print-directory -C "$top/userspace" O="$top/build" all || exit 1
	setkey=$top/build/bin/setkey
fi
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
count=0
failed=0

# result NAME: the status of the command before it decides
result() {
	local ok=$?

	count=$((count + 1))
	if [[ $ok -eq 0 ]]; then
		echo "ok $count cli: $1"
	else
		echo "not ok $count cli: $1"
		failed=$((failed + 1))
		sed 's/^/# /' "$dir/out" "$dir/err" | head -20
	fi
}

# run STATUS ARG...: setkey with standard input, its output kept
run() {
	local want=$1 got

	shift
	"$setkey" "$@" >"$dir/out" 2>"$dir/err"
	got=$?
	[[ $got -eq $want ]] && return
	echo "status $got, wanted $want" >>"$dir/err"
	return 1
}

# sent: number of messages that -n -v showed
sent() {
	grep -c '^sadb_msg{' "$dir/out"
}

echo "KTAP version 1"

run 1 </dev/null && grep -q '^usage: setkey' "$dir/err"
result "no option: usage, status 1"
run 1 -Z </dev/null && grep -q '^usage: setkey' "$dir/err"
result "an unknown option: usage, status 1"
run 0 -h && grep -q '^usage: setkey' "$dir/out"
result "-h: usage on standard output, status 0"
run 0 -V && grep -q '^setkey (testudo)' "$dir/out"
result "-V: version, status 0"
run 1 -n -f "$dir/absent" && grep -q 'No such file' "$dir/err"
result "a file that is not there: status 1"
run 1 -n -f "$dir" && grep -q 'Is a directory' "$dir/err"
result "a directory: status 1"
run 1 "$dir/absent" && grep -q 'No such file' "$dir/err"
result "a stored message that is not there: status 1"
printf '\002\022\000\000\002\000\000\000\000\000\000\000\000\000\000' >"$dir/cut"
run 1 "$dir/cut" && grep -q 'no PF_KEY message at byte 0' "$dir/err"
result "a stored message that is cut: status 1"

run 0 -n -f /dev/null && [[ ! -s $dir/out && ! -s $dir/err ]]
result "an empty file: silence, status 0"
echo 'flush; spdflush;' >"$dir/good"
run 0 -n -f "$dir/good" && [[ ! -s $dir/out && ! -s $dir/err ]]
result "-n: silence and status 0 for a good file"
run 0 -n -v -f "$dir/good" && [[ $(sent) -eq 2 ]]
result "-n -v: shows what it would send"
run 0 -n -v -f - <"$dir/good" && [[ $(sent) -eq 2 ]]
result "-f -: standard input"
printf 'flush;\nadd nonsense;\nflush;\n' >"$dir/bad"
run 1 -n -v -f "$dir/bad" && [[ $(sent) -eq 1 ]] && grep -q "bad:2:13: error: unexpected ';'" "$dir/err"
result "-f: what stands before a syntax error is done, status 1"
run 1 -n -v -c <"$dir/bad" && [[ $(sent) -eq 2 ]] && grep -q '<stdin>:2:13: error' "$dir/err"
result "-c: goes on behind a syntax error, status 1"
printf 'flush;\nflush foo; spdflush;\nadd 10.0.0.1 10.0.0.2 esp 1 -E aes-cbc 0x00; flush esp;' >"$dir/bad"
run 1 -n -v -c <"$dir/bad" && [[ $(sent) -eq 3 ]] && grep -q '2:7: error' "$dir/err" &&
	grep -q '3:40: error' "$dir/err"
result "-c: leaves out what is wrong, however its input was cut"
{ printf 'add nonsense;'; sleep 0.2; printf 'flush;'; sleep 0.2; printf 'spdflush'; } |
	run 1 -n -v -c && [[ $(sent) -eq 1 ]] && grep -q 'the text ends here' "$dir/err"
result "-c: an early mistake stops nothing, and a late one is told too"
printf 'flush; quit; nonsense' | run 0 -n -v -c && [[ $(sent) -eq 1 ]]
result "-c: quit ends the input"
printf 'flush; add' | run 1 -n -v -c && [[ $(sent) -eq 1 ]] && grep -q '<stdin>:1:' "$dir/err"
result "-c: a command without its end: status 1"
printf 'flush; # the end; really\n\n  # "' | run 0 -n -v -c && [[ $(sent) -eq 1 ]]
result "-c: comments behind the last command"

echo 'add 10.0.0.1 10.0.0.2 esp 0x1001 -E null;' >"$dir/four"
echo 'add fd00::1 fd00::2 esp 0x1001 -E null;' >"$dir/six"
run 0 -n -4 -f "$dir/six" && run 0 -n -6 -f "$dir/four"
result "-4 and -6 are about names, not about numeric addresses"
echo 'add localhost 127.0.0.1 esp 0x1001 -E null;' >"$dir/name"
run 1 -n -N -f "$dir/name" && grep -q "1:5: error: 'localhost': not a numeric address" "$dir/err" &&
	run 0 -n -N -4 -f "$dir/six"
result "-N forbids names"

# run_full STATUS ARG...: as run, with a standard output that takes nothing
run_full() {
	local want=$1 got

	shift
	"$setkey" "$@" >/dev/full 2>"$dir/err"
	got=$?
	[[ $got -eq $want ]] && grep -q 'standard output: ' "$dir/err"
}

run_full 1 -n -v -f "$dir/good" && run_full 1 -n -v -c <"$dir/good" && run_full 1 -V
result "a full disk: said, status 1"
"$setkey" -n -v -f "$dir/good" >&- 2>"$dir/err"
[[ $? -eq 1 ]] && grep -q 'standard output: Bad file descriptor' "$dir/err"
result "a closed standard output: said, status 1"
"$setkey" -n -f "$dir/good" >&- 2>"$dir/err"
[[ $? -eq 0 && ! -s $dir/err ]]
result "a closed standard output that nothing is written to: status 0"
run 1 -n -c <"$dir" && grep -q '<stdin>: Is a directory' "$dir/err"
result "-c from a directory: said, status 1"
run 1 -n -c <&- && grep -q '<stdin>: Bad file descriptor' "$dir/err"
result "-c from a closed standard input: said, status 1"

# a coprocess must see its command run before it sends the next
coproc "$setkey" -n -v -c 2>"$dir/err"
coproc_pid=$COPROC_PID
echo 'flush;' >&"${COPROC[1]}"
read -r -t 60 line <&"${COPROC[0]}" && [[ $line == sadb_msg* ]]
result "-c: a command runs as soon as its semicolon is read"
# "unique#5" is a level, and no comment hides its semicolon, however it is cut
line='spdadd 10.0.0.1 10.0.0.2 any -P out ipsec esp/transport//unique#5;'
{ echo "$line" | head -c 64; sleep 0.2; echo '5;'; } >&"${COPROC[1]}"
while read -r -t 60 line <&"${COPROC[0]}" && [[ $line != *'level=3 reqid=5'* ]]; do :; done
[[ $line == *'level=3 reqid=5'* ]]
result "-c: unique#N ends at its own semicolon"
eval "exec ${COPROC[1]}>&-"
wait "$coproc_pid"
printf 'flush esp # unique#5;\n; flush; # xunique#5; dump\n;' >"$dir/hash"
run 0 -n -v -c <"$dir/hash" && [[ $(sent) -eq 2 ]]
result "-c: comments that mention unique#N"

printf 'flu' >"$dir/split"
{ cat "$dir/split"; sleep 0.2; printf 'sh; spdflush;\nad'; sleep 0.2; printf 'd nonsense;'; } |
	run 1 -n -v -c && [[ $(sent) -eq 2 ]] && grep -q '<stdin>:2:13: error' "$dir/err"
result "-c: commands that arrive in pieces keep their line numbers"

printf 'flush;\0;flush;' | run 1 -n -v -f - && [[ $(sent) -eq 1 ]] &&
	grep -q '1:7: error: unexpected byte 0x00' "$dir/err"
result "a NUL byte is an error at its place"
printf '# caf\303\251\r\nflush;\r\n' | run 0 -n -f -
result "CRLF, and any byte in a comment"
{ printf 'flush;'; head -c 3000000 /dev/zero | tr '\0' ' '; printf 'flush;'; } |
	run 0 -n -v -f - && [[ $(sent) -eq 2 ]]
result "a line of 3 MB"
{ printf 'add 10.0.0.1 10.0.0.2 esp 1 -E aes-cbc 0x'; head -c 2000000 /dev/zero | tr '\0' 0; echo ';'; } |
	run 1 -n -f - && grep -q '1:40: error: the key has 8000000 bits' "$dir/err" &&
	[[ $(wc -c <"$dir/err") -lt 1000 ]]
result "a key of a million bytes, complained about in short"

# lines FIRST LAST: so many good commands
lines() {
	seq -f 'add 10.0.0.1 10.0.0.2 esp %.0f -E aes-cbc "0123456789abcdef" -A hmac-sha1 "01234567890123456789";' \
		"$1" "$2"
}

# within KIB STATUS ARG...: as run, with no more memory than this
within() {
	local kib=$1

	shift
	(ulimit -v "$kib" && run "$@")
}

lines 256 1000255 >"$dir/large"
# -f reads the whole file, here 100 MB, into a buffer that grows by doubling
within 393216 0 -n -f "$dir/large"
result "1,000,000 commands by -f, in 384 MB"
within 65536 0 -n -c <"$dir/large"
result "1,000,000 commands by -c, in 64 MB"
echo 'add 10.0.0.1 10.0.0.2 esp 1 -E aes-cbc "short";' >>"$dir/large"
run 1 -n -f "$dir/large" && grep -q 'large:1000001:40: error' "$dir/err"
result "an error on line 1,000,001"
rm "$dir/large"
yes 'add nonsense;' | head -100000 | run 1 -n -f - && [[ $(wc -l <"$dir/err") -lt 100 ]]
result "100,000 errors are not all printed"

echo "1..$count"
echo "# $((count - failed)) passed, $failed failed"
exit $((failed > 0))
