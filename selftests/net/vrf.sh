#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does a VRF see its packets protected on the way out and checked on the way in,
# although it shows each of them twice, first on its port and then on itself?
#
# kernels: all
# timeout: 900
# brief: K01_vrf_tunnel_v6
#
#   H ---- in0 [A: VRF red] eth0 ==== eth0 [B]     10.0.1.2 fd00:1::2 / 10.0.1.1 fd00:1::1
#          in1 [A: VRF blue] ---- eth0 [C]         A, B and C as lib.sh's T2; C has B's addresses

. "$(dirname "$0")/../lib.sh"

declare -A A=([4]=10.0.0.1 [6]=fd00::1) B=([4]=10.0.0.2 [6]=fd00::2)
declare -A H=([4]=10.0.1.2 [6]=fd00:1::2) NET=([4]=10.0.1.0/24 [6]=fd00:1::/64)

# vrf NAME TABLE PORT... - of node A
vrf()
{
	local name=$1 table=$2 port

	shift 2
	ip -n "${RUN}A" link add "$name" type vrf table "$table" || skip_all "no VRF"
	ip -n "${RUN}A" link set "$name" up
	for port in "$@"; do
		ip -n "${RUN}A" link set "$port" master "$name"
	done
}

setup_vrf()
{
	node A B C H
	wire A eth0 B eth0
	link A in0 H eth0
	link A in1 C eth0
	vrf red 10 eth0 in0
	vrf blue 20 in1
	addr A eth0 10.0.0.1/24 fd00::1/64
	addr A in0 10.0.1.1/24 fd00:1::1/64
	addr A in1 10.0.0.1/24 fd00::1/64
	addr B eth0 10.0.0.2/24 fd00::2/64
	addr C eth0 10.0.0.2/24 fd00::2/64
	addr H eth0 10.0.1.2/24 fd00:1::2/64
	route B 10.0.1.0/24 10.0.0.1 fd00:1::/64 fd00::1
	route H default 10.0.1.1 default fd00:1::1
	forward A
	# what A and C say to find each other is between the ends of a policy for A and B, and fails like all of it
	ip -n "${RUN}C" neigh replace fd00::1 lladdr "$(n A ip -br link show in1 | awk '{ print $3 }')" dev eth0 nud permanent
	ip -n "${RUN}A" neigh replace fd00::2 lladdr "$(n C ip -br link show eth0 | awk '{ print $3 }')" dev in1 nud permanent
}

# red_ping ADDRESS [SIZE] - from a socket bound to the VRF
red_ping()
{
	# shellcheck disable=SC2090 # hex digits, no quotes
	pings A 2 -I red -s "${2:-56}" ${MARK_HEX:+-p "$MARK_HEX"} "$1"
}

# both_ways V - A in its VRF and B reach each other, in one piece and in fragments
both_ways()
{
	ping_ok B "${A[$1]}" 56 2
	ping_ok B "${A[$1]}" 3000 2
	red_ping "${B[$1]}"
	red_ping "${B[$1]}" 3000
}

# t_protected MODE V - `require` both ways; A's policies are exact, so in_clear would stop each packet
t_protected()
{
	mark_new
	sa_pair A B "${A[$2]}" "${B[$2]}" "$1" gcm16_128
	sp_pair A B "${A[$2]}" "${B[$2]}" "$1" "${A[$2]}" "${B[$2]}"
	commit
	drops_mark A
	cap_start WIRE left
	both_ways "$2"
	cap_stop
	assert_enc
	drop_delta A
}

# t_clear V - B sends in clear what A wants protected
t_clear()
{
	mark_new
	sa_pair A B "${A[$1]}" "${B[$1]}" transport gcm16_128
	sp A "${B[$1]}" "${A[$1]}" in transport "${B[$1]}" "${A[$1]}"
	commit
	drops_mark A
	ping_dead B "${A[$1]}"
	drop_delta A in_clear=+
}

# t_tunnel_unasked V - no policy: a tunnel's payload must not pass as if it had come in clear
t_tunnel_unasked()
{
	mark_new
	sa_pair A B "${A[$1]}" "${B[$1]}" tunnel gcm16_128
	sp B "${B[$1]}" "${A[$1]}" out tunnel "${B[$1]}" "${A[$1]}"
	commit
	drops_mark A
	ping_dead B "${A[$1]}"
	drop_delta A in_no_policy=+
}

# t_forward V - a tunnel's payload for a host in the VRF
t_forward()
{
	mark_new
	sa_pair A B "${A[$1]}" "${B[$1]}" tunnel gcm16_128
	sp_pair A B "${NET[$1]}" "${B[$1]}" tunnel "${A[$1]}" "${B[$1]}"
	commit
	drops_mark A
	cap_start WIRE left
	ping_ok B "${H[$1]}" 56 2
	ping_ok H "${B[$1]}" 56 2
	cap_stop
	assert_enc
	drop_delta A
}

# t_qdisc MODE V - with a queue of its own the VRF sends each packet through its device
t_qdisc()
{
	n A tc qdisc replace dev red root netem delay 1ms || { skip "no netem"; return; }
	t_protected "$1" "$2"
	n A tc qdisc del dev red root
}

# t_overlap V - SAs and policies know no VRF: red's policy holds in blue, too, and fails closed there
t_overlap()
{
	mark_new
	sa_pair A B "${A[$1]}" "${B[$1]}" transport gcm16_128
	sp_pair A B "${A[$1]}" "${B[$1]}" transport "${A[$1]}" "${B[$1]}"
	commit
	ping_ok B "${A[$1]}" 56 2
	drops_mark A
	ping_dead C "${A[$1]}"
	drop_delta A in_clear=+
	cap_start C eth0
	! n A ping -n -I blue -c 2 -i 0.05 -W 1 -p "$MARK_HEX" "${B[$1]}" >/dev/null 2>&1 ||
		fail "C answers through a policy that it has no key for"
	wait_for cap_has 1 "$ESP" || fail "nothing protected came to C"
	cap_stop
	! grep -qa "$MARK" "$CAP" || fail "the marker came to C in clear"
}

need_testudo
setup_vrf
for v in 4 6; do
	for mode in transport tunnel; do
		add_case "K01_vrf_${mode}_v$v" t_protected "$mode" "$v"
		add_case "K02_vrf_qdisc_${mode}_v$v" t_qdisc "$mode" "$v"
	done
	add_case "K01_vrf_clear_is_dropped_v$v" t_clear "$v"
	add_case "K01_vrf_tunnel_without_policy_v$v" t_tunnel_unasked "$v"
	add_case "K01_vrf_forwarded_v$v" t_forward "$v"
	add_case "K03_vrf_overlapping_addresses_v$v" t_overlap "$v"
done
run_cases "$@"
