#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does the module come and go hundreds of times under traffic, keyed anew each
# time, and never let clear text out between the first and the last packet that
# a policy protected?
#
# kernels: 6.12 debug
# timeout: 900
#
#   A ==== WIRE ==== B        C ==== D        addresses: lib.sh, T2
#     IPv4, IPv6, TCP           the same ones

. "$(dirname "$0")/../lib.sh"

# The debug kernel is ten times as slow, and finds in a few rounds what it finds at all.
ROUNDS=${RELOADS:-200}
[ "${TESTUDO_KERNEL:-}" != debug ] || ROUNDS=${RELOADS:-20}
WARM=$((ROUNDS / 8 + 1))
KO=$WORKDIR/testudo.ko

# memory - what a module could lose by the round: objects of the common caches, kilobytes of pages
memory()
{
	local cache

	for cache in /sys/kernel/slab/kmalloc-*/shrink; do
		echo 1 >"$cache"
	done 2>/dev/null
	awk '/^(kmalloc-[0-9]|ip6?_dst_cache)/ { print $1, $2 }
		/^(Percpu|VmallocUsed):/ { print $1, $2 / 4 }' /proc/slabinfo /proc/meminfo
}

# grown - lines of memory that have grown by one a round since the file "before"
grown()
{
	memory | awk -v by=$((ROUNDS - WARM)) 'NR == FNR { old[$1] = $2; next }
		$2 >= old[$1] + by { print $1 ": " old[$1] " before, " $2 " now" }' "$WORKDIR/before" -
}

kept()
{
	[ -z "$(grown)" ]
}

# conf NODE ROUND - its keys of the round; the SPI says the round
conf()
{
	local a b spi=$((0x10000 + $2 * 16)) dir1=out dir2=in keys="-E aes-gcm-16 0x$KEY"

	# what is watched must keep its order, so no transform that may be asynchronous
	[[ $1 == [CD] ]] || keys="-E null -A hmac-sha1 0x$KEY"
	[[ $1 == [AC] ]] || dir1=in dir2=out
	for a in 10.0.0.1 fd00::1; do
		b=${a%1}2
		echo "add $a $b esp $spi $keys; add $b $a esp $((spi + 1)) $keys;
			spdadd $a $b any -P $dir1 ipsec esp/transport//require; spdadd $b $a any -P $dir2 ipsec esp/transport//require;"
	done
	[[ $1 == [AB] ]] || return 0
	echo "spdadd 10.9.0.0/16 10.8.0.0/16 tcp -P $dir1 discard;"
}

# keyed ROUND - four namespaces, as if four programs did it
keyed()
{
	local node pids=()

	for node in A B C D; do
		conf "$node" "$1" >"$WORKDIR/conf.$node"
		n "$node" setkey -f "$WORKDIR/conf.$node" >"$WORKDIR/said.$node" 2>&1 &
		pids+=($!)
	done
	for node in "${pids[@]}"; do
		wait "$node" || fail "round $1: keying: $(cat "$WORKDIR"/said.?)"
	done
}

# flood NODE ADDRESS - from one CPU, as all that A sends, so that the wire has it in the order it was made in
flood()
{
	bg "$1" taskset -c 0 ping -n -q -i 0.01 -s 100 "$2" >/dev/null 2>&1
	FLOODS+=("$BG_PID")
}

stream_bytes()
{
	n B ss -Htin state established "sport = :$PORT" | sed -n 's/.*bytes_received:\([0-9]*\).*/\1/p'
}

stream_start()
{
	PORT=$(rnd_port)
	bg B taskset -c 0 socat -u "TCP4-LISTEN:$PORT" "OPEN:/dev/null"
	wait_for listening B -t "$PORT" || fail "no listener"
	bg A taskset -c 0 python3 -c 'import socket, sys, time
s = socket.create_connection(("10.0.0.2", int(sys.argv[1])))
while True:
    s.sendall(bytes(4000))
    time.sleep(0.02)' "$PORT"
	STREAM=$BG_PID
	wait_for stream_bytes || fail "no connection"
}

stream_flows()
{
	[ "$(stream_bytes)" -gt "$STREAM_AT" ]
}

# unload ROUND - what a packet or a message still holds is given back within a grace period
unload()
{
	wait_for rmmod testudo || fail "round $1: rmmod: $(rmmod testudo 2>&1)"
}

# protected COUNT - A has sent so many packets under its policies
protected()
{
	[ "$(stat A out_packets)" -ge "$1" ]
}

t_reload()
{
	local i

	FLOODS=()
	flood A 10.0.0.2
	flood A fd00::2
	flood C 10.0.0.2
	flood C fd00::2
	stream_start
	cap_start WIRE left
	for ((i = 1; i <= ROUNDS && ${#WHY[@]} == 0; i++)); do
		keyed "$i"
		wait_for protected $((i % 5)) || fail "round $i: no packet is protected"
		unload "$i"
		expect insmod "$KO"
		[ "$i" != "$WARM" ] || memory >"$WORKDIR/before"
	done
	wait_for kept || fail "memory is lost: $(grown)"
	keyed "$i"
	ping_ok A 10.0.0.2
	ping_ok A fd00::2
	ping_ok C 10.0.0.2
	STREAM_AT=$(stream_bytes)
	wait_for stream_flows || fail "the TCP connection has not survived"
	kill "${FLOODS[@]}" "$STREAM"
	wait "${FLOODS[@]}" "$STREAM" 2>/dev/null
	cap_stop
	check_order
}

# Between the first and the last packet that A protected by the SA of a round, none left in clear.
check_order()
{
	local out v4 v6 clear

	tcpdump -nn -r "$CAP" 'src 10.0.0.1 or src fd00::1' 2>/dev/null >"$WORKDIR/order"
	out=$(awk '
		/ESP\(spi=/ {
			family = /IP6/ ? 6 : 4
			match($0, /spi=0x[0-9a-f]*/)
			spi = substr($0, RSTART, RLENGTH)
			if (spi == last[family] && clear[family] != "") {
				print "in clear under " spi ": " clear[family]
				exit
			}
			if (spi != last[family])
				rounds[family]++
			last[family] = spi
			clear[family] = ""
			next
		}
		/neighbor|listener|router/ { next }
		{ family = /IP6/ ? 6 : 4; clear[family] = $0; seen++ }
		END { print "rounds " rounds[4] + 0 " " rounds[6] + 0 " " (seen > 0) }' "$WORKDIR/order")
	[[ $out == rounds* ]] || { fail "$out"; return; }
	read -r _ v4 v6 clear <<<"$out"
	[ "$v4" -ge $((ROUNDS / 4)) ] && [ "$v6" -ge $((ROUNDS / 8)) ] || fail "ESP in $v4 rounds of IPv4 and $v6 of IPv6 only"
	[ "$clear" = 1 ] || fail "nothing was ever sent between two rounds: the flood is too slow to show a leak"
}

need_testudo
command -v taskset >/dev/null || skip_all "no taskset"
cp "$LIB/../build/$(uname -r)/testudo.ko" "$KO" 2>/dev/null || skip_all "no testudo.ko in build"
KEY=$(rnd_hex 20)
setup_t2
node C D
link C eth0 D eth0
addr C eth0 10.0.0.1/24 fd00::1/64
addr D eth0 10.0.0.2/24 fd00::2/64
# Host policies of IPv6 cover neighbour discovery: settle it once.
for side in "A fd00::2 B" "B fd00::1 A" "C fd00::2 D" "D fd00::1 C"; do
	read -r node far other <<<"$side"
	mac=$(n "$other" ip -br link show eth0 | awk '{ print $3 }')
	ip -n "$RUN$node" neigh replace "$far" lladdr "$mac" dev eth0 nud permanent
done
add_case "K08 module_reload $ROUNDS times under traffic" t_reload
run_cases "$@"
