#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Do namespaces keep to themselves, and can one end with everything in it?
#
# kernels: all
# timeout: 900
# brief: K05|K04
#
#   A ==== B        C ==== D        the same addresses twice: lib.sh, T2

. "$(dirname "$0")/../lib.sh"

SLABS=testudo_sa

keyed()
{
	sa_pair "$1" "$2" 10.0.0.1 10.0.0.2 transport "$3" "$4"
	sp_pair "$1" "$2" 10.0.0.1 10.0.0.2 transport 10.0.0.1 10.0.0.2
}

t_isolation()
{
	local one two

	mark_new
	keyed A B gcm16_128
	commit
	# the same SPIs, other keys, in the other pair
	one=$SPI12 two=$SPI21
	for node in C D; do
		sa "$node" 10.0.0.1 10.0.0.2 "$one" transport aes128 "$(printf '%032x' 7)" sha1 "$(printf '%040x' 7)"
		sa "$node" 10.0.0.2 10.0.0.1 "$two" transport aes128 "$(printf '%032x' 8)" sha1 "$(printf '%040x' 8)"
	done
	sp_pair C D 10.0.0.1 10.0.0.2 transport 10.0.0.1 10.0.0.2
	commit
	ping_ok A 10.0.0.2
	ping_ok C 10.0.0.2
	n A setkey -D | grep -q 'aes-gcm' || fail "A does not see its own SA"
	! n A setkey -D | grep -q 'aes-cbc' || fail "A sees C's SA"
	equal "$(n C setkey -D | grep -c 'spi=')" 2 "SAs in C"
	n A setkey -F
	equal "$(n C setkey -D | grep -c 'spi=')" 2 "SAs in C after a flush in A"
	ping_ok C 10.0.0.2
}

t_events()
{
	bg C setkey -x >"$WORKDIR/events" 2>&1
	wait_for grep -q X_PROMISC "$WORKDIR/events" || fail "no listener in C"
	keyed A B gcm16_128
	commit
	sa C 10.0.0.1 10.0.0.2 7777 transport gcm16_128 "$(printf '%040x' 9)"
	commit
	wait_for grep -q 'spi=7777 ' "$WORKDIR/events" || fail "C does not hear of its own SA"
	! grep -q "spi=$((SPI12)) " "$WORKDIR/events" || fail "C hears of A's SA"
}

# A namespace with SAs, policies, traffic under way, deleted.
t_delete_busy()
{
	local i before conf=

	settled
	before=$BEFORE
	node X Y
	link X eth0 Y eth0
	addr X eth0 10.0.0.1/24
	addr Y eth0 10.0.0.2/24
	mark_new
	keyed X Y gcm16_128
	commit
	for ((i = 0; i < 1000; i++)); do
		conf+="add 10.9.0.1 10.9.$((i / 250)).$((i % 250 + 1)) esp $((0x5000 + i)) -E aes-gcm-16 0x$(printf '%040x' "$i");"
	done
	n X setkey -f - <<<"$conf" || fail "adding 1000 SAs"
	equal "$(n X setkey -D | grep -c 'spi=')" 1002 "SAs in X"
	# some of those before may have gone in the meantime
	[ "$(slab)" -ge 1000 ] || fail "the slab shows $(slab) SAs, $before before"
	bg X ping -n -q -i 0.02 10.0.0.2 >/dev/null 2>&1
	i=$!
	ping_ok X 10.0.0.2
	kill "$i"
	wait "$i" 2>/dev/null
	del_node X
	del_node Y
	wait_for slab_at_most "$before" || fail "testudo_sa: $(slab) objects, $before before"
	[ "$(dmesg | grep -c 'unregister_netdevice: waiting')" -eq 0 ] || fail "a device is still held"
}

t_flush_memory()
{
	local i round before conf=

	settled
	before=$BEFORE
	for ((i = 0; i < 500; i++)); do
		conf+="add 10.9.0.1 10.9.$((i / 250)).$((i % 250 + 1)) esp $((0x5000 + i)) -E aes-cbc 0x$(printf '%032x' "$i") -A hmac-sha1 0x$(printf '%040x' "$i");"
	done
	for round in 1 2 3; do
		n A setkey -f - <<<"$conf" || fail "round $round: adding"
		n A setkey -F
	done
	wait_for slab_at_most "$before" || fail "testudo_sa: $(slab) objects, $before before"
}

t_link_flap()
{
	local i

	mark_new
	keyed A B gcm16_128
	commit
	cap_start WIRE left
	for i in 1 2 3; do
		ping_ok A 10.0.0.2
		ip -n "${RUN}A" link set eth0 down
		ip -n "${RUN}A" link set eth0 up
		ip -n "${RUN}A" addr del 10.0.0.1/24 dev eth0
		ip -n "${RUN}A" addr add 10.0.0.1/24 dev eth0
		# the bridge hears of the link when it comes to that
		ping_some A 10.0.0.2 56
	done
	ping_ok A 10.0.0.2
	cap_stop
	assert_enc
}

t_veth_move()
{
	mark_new
	keyed A B gcm16_128
	commit
	ping_ok A 10.0.0.2
	node Z
	ip -n "${RUN}A" link set eth0 netns "${RUN}Z"
	ip -n "${RUN}Z" link set eth0 up
	addr Z eth0 10.0.0.1/24 fd00::1/64
	cap_start WIRE left
	ping_dead Z 10.0.0.2
	cap_stop
	[ "$(in_cap "$ESP and src 10.0.0.1")" -eq 0 ] || fail "Z has no policy, and sent ESP"
	ip -n "${RUN}Z" link set eth0 netns "${RUN}A"
	ip -n "${RUN}A" link set eth0 up
	addr A eth0 10.0.0.1/24 fd00::1/64
	del_node Z
	ping_some A 10.0.0.2 56
	ping_ok A 10.0.0.2
}

need_testudo
setup_t2
node C D
link C eth0 D eth0
addr C eth0 10.0.0.1/24
addr D eth0 10.0.0.2/24
add_case "K04 netns_isolation" t_isolation
add_case "K04 events stay in their namespace" t_events
add_case "K05 netns_delete_busy" t_delete_busy
[ -z "${TESTUDO_NIGHTLY:-}" ] || for ((round = 2; round <= 20; round++)); do
	add_case "K05 netns_delete_busy again, $round" t_delete_busy
done
add_case "L05 flush_memory" t_flush_memory
add_case "K09 iface_down_up" t_link_flap
add_case "K06 netns_veth_move" t_veth_move
run_cases "$@"
