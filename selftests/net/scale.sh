#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Do a hundred thousand SAs and as many policies go in, come out complete, cost
# the packets nothing, vanish under traffic, and give their memory back?
#
# kernels: 6.12
# timeout: 1200
#
#   A ==== WIRE ==== B        addresses: lib.sh, T2

. "$(dirname "$0")/../lib.sh"

MANY=${SCALE_MANY:-100000}
SOME=${SCALE_SOME:-10000}
SLABS='testudo_s[ap]'

# sas COUNT - as setkey wants them
sas()
{
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++)
		printf "add 10.1.%d.%d 10.2.0.1 esp %d -E null -A null;\n", i / 250 % 250, i % 250, 1048576 + i }'
}

# policies COUNT - of many shapes, none for what is sent here
policies()
{
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++)
		printf "spdadd 10.%d.%d.%d/%d 10.200.%d.0/24[%d] %s -P out discard;\n", 16 + i / 62500, i / 250 % 250,
			i % 250, 32 - i % 3, i % 100, i % 5, i % 2 ? "udp" : "tcp" }'
}

# timed WHAT COMMAND... - say how long it took
timed()
{
	local what=$1 from=${EPOCHREALTIME/./}

	shift
	"$@" || fail "$what: status $?"
	echo "# $what: $(((${EPOCHREALTIME/./} - from) / 1000)) ms"
}


t_sas()
{
	local i

	sas "$MANY" >"$WORKDIR/sas"
	settled
	timed "$MANY SAs" n A setkey -f "$WORKDIR/sas"
	for i in 1 2; do
		n A setkey -D | grep -c 'spi=' >"$WORKDIR/count.$i" &
		PIDS+=($!)
	done
	timed "two dumps at once" wait "${PIDS[@]: -2}"
	equal "$(<"$WORKDIR/count.1") $(<"$WORKDIR/count.2")" "$MANY $MANY" "SAs in two dumps at once"
	timed "flush" n A setkey -F
	equal "$(n A setkey -D)" "No SAD entries." "SAs after the flush"
	wait_for slab_at_most "$BEFORE" || fail "$(slab) objects after the flush, $BEFORE before"
}

# latency - median nanoseconds of a send that has to be looked up: each goes to a port of its own
latency()
{
	n A python3 -c '
import random, socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
took = []
for port in random.sample(range(1024, 65536), 2000):
    at = time.perf_counter_ns()
    s.sendto(b"x", ("10.0.0.2", port))
    took.append(time.perf_counter_ns() - at)
print(sorted(took)[1000])'
}

t_policies()
{
	local none full misses i

	policies "$MANY" >"$WORKDIR/policies"
	n A setkey -f - <<<"spdadd 10.77.0.0/16 10.78.0.0/16 any -P out discard;"
	ping_ok A 10.0.0.2
	none=$(latency)
	timed "$MANY policies" n A setkey -f "$WORKDIR/policies"
	misses=$(stat A flow_miss)
	# the machine may have had other work
	for i in 1 2 3; do
		full=$(latency)
		[ "$full" -gt $((none * 4)) ] || break
	done
	echo "# a first packet: $none ns beside one policy, $full ns beside $MANY"
	[ $(($(stat A flow_miss) - misses)) -ge 2000 ] || fail "no lookups: flow_miss moved by $(($(stat A flow_miss) - misses))"
	[ "$full" -le $((none * 4)) ] || fail "a first packet takes $full ns beside $MANY policies, $none ns beside one"
	equal "$(n A setkey -DP | grep -c 'out prio')" $((MANY + 1)) "policies in a dump"
	timed "flush" n A setkey -FP
	equal "$(n A setkey -DP)" "No SPD entries." "policies after the flush"
	ping_ok A 10.0.0.2
}

# The policy stays, so what is sent without an SA is dropped; what a reader sees is whole entries.
t_flush_busy()
{
	local i flood

	sas "$SOME" >"$WORKDIR/sas"
	mark_new
	sa_pair A B 10.0.0.1 10.0.0.2 transport gcm16_128
	echo "${CONF[A]}" >"$WORKDIR/again"
	sp_pair A B 10.0.0.1 10.0.0.2 transport 10.0.0.1 10.0.0.2
	commit
	cap_start WIRE left
	bg A ping -n -q -i 0.002 -s 100 -p "$MARK_HEX" 10.0.0.2 >/dev/null 2>&1
	flood=$BG_PID
	for i in 1 2 3; do
		FLOW=$(($(stat A out_packets) + 20))
		expect n A setkey -f "$WORKDIR/sas"
		wait_for flows || fail "round $i: nothing is protected"
		bg A setkey -D >"$WORKDIR/dump" 2>"$WORKDIR/said"
		wait_for test -s "$WORKDIR/dump"
		n A setkey -F || fail "round $i: flush"
		wait "$BG_PID" || fail "round $i: the dump that met a flush: $(<"$WORKDIR/said")"
		equal "$(n A setkey -D)" "No SAD entries." "round $i: SAs after the flush"
		equal "$(grep -c 'mode=' "$WORKDIR/dump")" "$(grep -c 'sadb_seq=' "$WORKDIR/dump")" "round $i: whole entries"
		expect n A setkey -f "$WORKDIR/again"
	done
	kill "$flood"
	wait "$flood" 2>/dev/null
	# A began to count anew each time, which B takes for a replay: new keys
	sa_pair A B 10.0.0.1 10.0.0.2 transport gcm16_128
	commit
	ping_ok A 10.0.0.2
	cap_stop
	assert_enc
}

flows()
{
	[ "$(stat A out_packets)" -ge "$FLOW" ]
}

t_memory()
{
	local i

	{ sas "$SOME"; policies "$SOME"; } >"$WORKDIR/both"
	settled
	for i in 1 2 3 4 5; do
		expect n A setkey -f "$WORKDIR/both"
		[ "$(slab)" -ge $((2 * SOME)) ] || fail "round $i: $(slab) objects, $BEFORE before $((2 * SOME)) entries"
		expect n A setkey -f - <<<"flush; spdflush;"
		wait_for slab_at_most "$BEFORE" || { fail "round $i: $(slab) objects after the flush, $BEFORE before"; break; }
	done
}

need_testudo
setup_t2
add_case L01_sad_100k_dump t_sas
add_case L02_spd_100k t_policies
add_case L04_flush_under_traffic_and_dump t_flush_busy
add_case L05_flush_memory t_memory
run_cases "$@"
