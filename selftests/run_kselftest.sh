#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run_kselftest.sh - run tests one after the other and keep what they said.
#
# usage: run_kselftest.sh [-v] [-d QUEUE] TEST...
#        run_kselftest.sh -q KERNEL TEST
#
# Every test gets a line when it ends, and leaves NAME.out, what it printed, and
# NAME.result, what became of it, in $TESTUDO_RESULTS.  -v shows the output as
# well.  With -d several machines share a list: who makes TEST's folder in QUEUE
# runs it.  -q asks whether TEST is for KERNEL.  Tests make their own namespaces,
# so run this where it does no harm: selftests/vm/run selftests/run_kselftest.sh ...
set -u
tree=$(cd "$(dirname "$0")/.." && pwd -P)
cd "$tree" || exit 125
timeout=120
. selftests/settings
results=${TESTUDO_RESULTS:-$tree/build/results}
kernel=${TESTUDO_KERNEL:-6.12}
read -r _ _ _ _ group _ </proc/$$/stat

# head_of TEST - the file that has the test's head comment
head_of()
{
	case $1 in
	build/*)
		local src=${1#build/}

		ls "$src.c" "$src.sh" 2>/dev/null | head -n1 ;;
	*) echo "$1" ;;
	esac
}

# header TEST NAME DEFAULT
header()
{
	local v src

	src=$(head_of "$1")
	v=$([ -z "$src" ] || sed -n "1,40s,^[#/ *]*$2: *\([0-9A-Za-z_.| ]*\).*,\1,p" "$src" | head -n1)
	echo "${v:-$3}"
}

is_for()
{
	case " $(header "$2" kernels "6.12 debug") " in
	*" all "*|*" $1 "*) return 0 ;;
	esac
	return 1
}

# complaints TEST - what the kernel said against itself while TEST ran
complaints()
{
	dmesg 2>/dev/null | awk -v m="testudo-test: $1" 'index($0, m) { text = ""; next }
		{ text = text $0 "\n" } END { printf "%s", text }' |
		grep -E -m3 -f selftests/vm/trouble
}

# processes - their ids, without the kernel's, those that are ending, and ours: timeout
# gives a test a process group of its own
processes()
{
	ps -e -o pid= -o ppid= -o pgid= -o stat= | awk -v us="$group" '
		$1 != 2 && $2 != 2 && $3 != us && $4 !~ /^[ZX]/ { print $1 }'
}

# strangers BEFORE - those that were not there; a killed one has a moment to end
strangers()
{
	local new end=$((SECONDS + 5))

	while new=$(processes | grep -vxF -f "$1"); do
		[ $SECONDS -lt $end ] || break
		read -rt 0.2 <> <(:)
	done
	echo "$new"
}

# leftovers BEFORE - what a test must not leave, gone now: processes (an open PF_KEY
# socket holds the module), and namespaces with their state. Only in a machine of its
# own; on a host they may be anybody's.
leftovers()
{
	local pid

	[ -n "${TESTUDO_VM:-}" ] || return 0
	for pid in $(strangers "$1"); do
		echo -n "process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline") "
		kill -9 "$pid"
	done
	ip netns list 2>/dev/null | cut -d' ' -f1 | tr '\n' ' '
	ip -all netns delete 2>/dev/null
}

# verdict OUT EXIT - "passed failed skipped" of a test's KTAP
verdict()
{
	awk -v rc="$2" '
	/^1\.\.[0-9]+/ { plan = substr($1, 4) + 0; planned = 1 }
	/^ok .*# *SKIP/ { skip++; n++; next }
	/^not ok / { fail++; n++; next }
	/^ok / { pass++; n++ }
	END {
		if (rc == 4 && !n)
			skip = 1
		else if (rc != 0 && rc != 4 && !fail)
			fail = 1
		else if (planned && n < plan)
			fail++
		else if (!n && !planned)
			pass = 1
		print pass + 0, fail + 0, skip + 0
	}' "$1"
}

# lost - a machine that was booted with the module is without it
lost()
{
	[ -n "${TESTUDO_MODULE:-}" ] && [ ! -d /sys/module/testudo ]
}

# reload - load it again; without the module tests skip, which would hide them
reload()
{
	# shellcheck disable=SC2086 # parameters are words
	insmod "$TESTUDO_MODULE" ${TESTUDO_PARAMS:-} 2>&1
}

# conclude OUT NAME SECONDS PASSED FAILED SKIPPED WHY - the .result, and a line
conclude()
{
	local out=$1 name=$2 time=$3 pass=$4 fail=$5 skip=$6 why=$7

	printf '%s\t%s\t%s\t%s\t%s\n' "$pass" "$fail" "$skip" "$time" "$why" >"$out.tmp"
	mv "$out.tmp" "$out.result"
	printf '%s [%s] %s: %s passed, %s failed%s (%s s)%s\n' \
		"$([ "$fail" -eq 0 ] && echo ok || echo 'not ok')" "$kernel" "$name" "$pass" "$fail" \
		"$([ "$skip" -eq 0 ] || echo ", $skip skipped")" "$time" "${why:+ $why}"
	[ "$fail" -eq 0 ]
}

run_test()
{
	local test=$1 name out rc why='' limit t0=$SECONDS pass fail skip bad left cases said

	name=${test#build/}
	name=${name#selftests/}
	out=$results/${name//\//-}
	if lost && ! said=$(reload); then
		: >"$out.out"
		conclude "$out" "$name" 0 0 1 0 "not run: testudo is not loaded, and ${said:-insmod failed}"
		return
	fi
	limit=$(header "$test" timeout "$timeout")
	[ "$kernel" != debug ] || limit=$((limit * 4))
	cases=()
	case $kernel in
	6.1|7.3) mapfile -t cases < <(header "$test" brief "" | grep .) ;;
	esac
	echo "testudo-test: $name" >/dev/kmsg 2>/dev/null
	[ -z "${TESTUDO_VM:-}" ] || processes >"$out.before"
	if [ -n "$verbose" ]; then
		timeout -k 10 "$limit" "./$test" "${cases[@]}" 2>&1 </dev/null | tee "$out.out"
		rc=${PIPESTATUS[0]}
	else
		timeout -k 10 "$limit" "./$test" "${cases[@]}" >"$out.out" 2>&1 </dev/null
		rc=$?
	fi
	left=$(leftovers "$out.before")
	rm -f "$out.before"
	bad=$(complaints "$name")
	read -r pass fail skip <<<"$(verdict "$out.out" "$rc")"
	case $rc in
	0|1|4) ;;
	124|137) why="no end within $limit s" ;;
	*) why="exit status $rc" ;;
	esac
	[ -z "$bad" ] || { why="the kernel complains: ${bad%%$'\n'*}"; fail=$((fail + 1)); }
	[ -z "$left" ] || why="$why (left behind: $left)"
	! lost || { why="$why (left the machine without testudo)"; fail=$((fail + 1)); }
	conclude "$out" "$name" $((SECONDS - t0)) "$pass" "$fail" "$skip" "$why"
}

verbose='' queue=''
while [ $# -gt 0 ]; do
	case $1 in
	-q) is_for "$2" "$3"; exit ;;
	-v) verbose=1 ;;
	-d) queue=$2; shift ;;
	-*) sed -n '4,8s/^# //p' "$0" >&2; exit 125 ;;
	*) break ;;
	esac
	shift
done
mkdir -p "$results" || exit 125
status=0
for test in "$@"; do
	if [ -n "$queue" ]; then
		mkdir "$queue/${test//\//-}" 2>/dev/null || continue
		echo "${TESTUDO_MACHINE:-}" >"$queue/${test//\//-}/machine"
	fi
	run_test "$test" || status=1
done
exit $status
