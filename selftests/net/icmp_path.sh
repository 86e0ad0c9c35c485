#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Do ICMP errors from behind a tunnel, and from its gateways, reach the host that
# needs them, through the tunnel alone? Is there anything that traceroute lacks?
#
# kernels: all
# timeout: 900
# brief: v4
#
#   A ---- R1 ---- S1 ==== R2 ==== S2 ---- R3 ---- B        addresses: lib.sh, T7
#
# The policies are for A's net and B's, so that nobody on the way is in them. R2
# lets nothing but ESP pass.

. "$(dirname "$0")/../lib.sh"

# net V NUMBER, at V NUMBER HOST - a net, and an address in it
net()
{
	[ "$1" = 6 ] && echo "fc00:$2::/64" || echo "10.1.$2.0/24"
}

at()
{
	[ "$1" = 6 ] && echo "fc00:$2::$3" || echo "10.1.$2.$3"
}

# only_esp - from here on R2 drops all else, and counts it
only_esp()
{
	n R2 nft -f - <<-END || fail "nft does not take the rule"
		table inet t {
			counter other { }
			chain f {
				type filter hook forward priority 0
				meta l4proto != esp counter name other drop
			}
		}
	END
	esp_before=$(out_packets)
}

# out_packets - what S1 and S2 have sent, those of them that count
out_packets()
{
	echo $(($(stat S1 out_packets) + $(stat S2 out_packets)))
}

# was_only_esp - that was so, and there was some
was_only_esp()
{
	local other

	other=$(n R2 nft list counter inet t other | awk '$1 == "packets" { print $2 }')
	equal "$other" 0 "packets in clear at R2"
	[ "$(out_packets)" -gt "$esp_before" ] || fail "nothing was protected"
	n R2 nft flush ruleset
}

# keyed V - the tunnel between S1 and S2; UPPER and NET2 from the environment
keyed()
{
	local v=$1 s1 s2

	s1=$(at "$v" 3 1) s2=$(at "$v" 4 2)
	sa_pair S1 S2 "$s1" "$s2" tunnel gcm16_128
	sp_pair S1 S2 "$(net "$v" 1)" "${NET2:-$(net "$v" 6)}" tunnel "$s1" "$s2"
	commit
	only_esp
}

# said NODE ADDRESS FROM TEXT [PING-OPTION...] - a ping gets an error from there that says so; SAID is what it gets
said()
{
	local node=$1 dst=$2 from=$3 text=$4

	shift 4
	SAID=$(n "$node" ping -n -c 1 -W "$TEST_TIMEOUT" "$@" "$dst" 2>&1 | sed -n 2,3p)
	[[ $SAID =~ From\ ${from}" ".*$text ]]
}

# says NODE ADDRESS FROM TEXT - the first one does
says()
{
	said "$@" || fail "$1 ping $2: expected '$4' from $3, saw: $SAID"
}

# forget - what routes have learnt
forget()
{
	local name

	for name in A B S1 S2; do
		n "$name" ip route flush cache
		n "$name" ip -6 route flush cache
	done
}

# unreachable NODE ADDRESS GATEWAY FROM - GATEWAY has no way to ADDRESS, and tells NODE so
unreachable()
{
	n "$3" ip route add unreachable "$2"
	# the kernel has one of these a second for a host, whatever icmp_ratelimit says (ip_error())
	wait_for said "$1" "$2" "$4" nreachable -W 1 || says "$1" "$2" "$4" nreachable
	n "$3" ip route del unreachable "$2"
}

# in_name_of V GATEWAY NET OTHER-NET - whom it says to be: the stock stack's IPv4 who was asked for, as of 6.12,
# and itself, as of 7.3
in_name_of()
{
	local host=2

	[ "$2" = S2 ] || host=1
	if [ "$1 $(stack_of "$2")" = "4 xfrm" ] && dpkg --compare-versions "$(uname -r)" lt 7; then
		at "$1" "$4" $host
	else
		at "$1" "$3" $host
	fi
}

# both_sides V - what gateways and routers say to A and to B
both_sides()
{
	local v=$1

	ping_ok A "$(at "$v" 6 2)" 56 1
	says A "$(at "$v" 6 2)" "$(in_name_of "$v" S2 4 6)" exceeded -t 3
	says B "$(at "$v" 1 1)" "$(in_name_of "$v" S1 3 1)" exceeded -t 3
	unreachable A "$(at "$v" 6 77)" R3 "$(at "$v" 5 2)"
	unreachable B "$(at "$v" 1 77)" R1 "$(at "$v" 2 1)"
}

t_unreachable()
{
	local v=$1

	keyed "$v"
	both_sides "$v"
	unreachable A "$(at "$v" 6 77)" S2 "$(at "$v" 4 2)"
	unreachable B "$(at "$v" 1 77)" S1 "$(at "$v" 3 1)"
	# nobody has this address
	says A "$(at "$v" 6 203)" "$(at "$v" 5 2)" nreachable
	was_only_esp
}

# t_no_way V - a router between the gateways has no way on: who is behind them hears of that, too
t_no_way()
{
	local v=$1 far

	keyed "$v"
	far=$(at "$v" 4 2)
	ping_ok A "$(at "$v" 6 2)" 56 1
	n R2 ip route add unreachable "$far"
	# the first one goes for R2's word to S1, which its sender does not see
	wait_for said A "$(at "$v" 6 2)" "$(at "$v" 2 2)" nreachable -W 1 ||
		fail "A ping $(at "$v" 6 2): expected an error from $(at "$v" 2 2), saw: $SAID"
	n R2 ip route del unreachable "$far"
	ping_some A "$(at "$v" 6 2)" 56
	was_only_esp
}

mtu()
{
	ip -n "$RUN$1" link set "$2" mtu "$3"
}

# said_afresh WHAT-SAID-WANTS... - the same by a node that may have been told already, when nobody waited any more
said_afresh()
{
	n "$1" ip route flush cache
	n "$1" ip -6 route flush cache
	said "$@"
}

# too_big V FROM MTU - a packet of 1400 bytes from A to B is told of; the first ones may teach somebody else
too_big()
{
	local size=$((1400 - 28))

	[ "$1" = 4 ] || size=$((1400 - 48))
	wait_for said_afresh A "$(at "$1" 6 2)" "$2" "mtu ?= ?$3" -M "do" -s "$size" -W 2 ||
		fail "A ping $(at "$1" 6 2) of 1400 bytes: expected an MTU of $3 from $2, saw: $SAID"
	forget
}

# t_too_big V INNER - a narrow link behind the tunnel, at its end, and in it, where INNER is left
t_too_big()
{
	local v=$1

	keyed "$v"
	mtu R3 right 1300
	too_big "$v" "$(at "$v" 5 2)" 1300
	mtu R3 right 1500
	mtu S2 right 1300
	too_big "$v" "$(at "$v" 4 2)" 1300
	mtu S2 right 1500
	mtu R2 right 1400
	too_big "$v" "$(at "$v" 2 2)" "$2"
	mtu R2 right 1500
	was_only_esp
}

# hops NODE MODE ADDRESS [PORT]
hops()
{
	n "$1" python3 "$LIB/wire/hops.py" "$2" "$3" "$TEST_TIMEOUT" "${@:4}"
}

t_traceroute()
{
	local v=$1 mode there back

	keyed "$v"
	# R2 has no part in it
	there="$(at "$v" 1 2) $(at "$v" 2 2) $(at "$v" 4 2) $(at "$v" 5 2) $(at "$v" 6 2)"
	back="$(at "$v" 6 1) $(at "$v" 5 1) $(at "$v" 3 1) $(at "$v" 2 1) $(at "$v" 1 1)"
	for mode in udp icmp tcp; do
		equal "$(hops A $mode "$(at "$v" 6 2)")" "$there" "the way from A to B by $mode"
		equal "$(hops B $mode "$(at "$v" 1 1)")" "$back" "the way from B to A by $mode"
	done
	was_only_esp
}

# t_port V - policies for one port of UDP: what is said of its packets is protected as well
t_port()
{
	local v=$1 there

	NET2="$(net "$v" 6)[53]" UPPER=udp keyed "$v"
	there="$(at "$v" 1 2) $(at "$v" 2 2) $(at "$v" 4 2) $(at "$v" 5 2) $(at "$v" 6 2)"
	equal "$(hops A udp "$(at "$v" 6 2)" 53)" "$there" "the way to port 53 of B"
	was_only_esp
}

t_reject()
{
	local v=$1

	keyed "$v"
	n S2 nft -f - <<-END || fail "nft does not take the rule"
		table inet t {
			chain f {
				type filter hook forward priority 0
				meta l4proto { icmp, icmpv6 } reject with icmpx admin-prohibited
			}
		}
	END
	says A "$(at "$v" 6 2)" "$(at "$v" 4 2)" '(filtered|prohibited)'
	n S2 nft flush ruleset
	was_only_esp
}

# t_stock V NODE - one end is the stock stack, told to do as RFC 4301 says about ICMP
t_stock()
{
	local v=$1 XFRM_FLAGS=icmp XFRM_SP_FLAGS=icmp

	dpkg --compare-versions "$(uname -r)" ge 6.8 ||
		{ skip "this kernel's stock stack does not forward such errors"; return; }
	STACK_OF[$2]=xfrm
	keyed "$v"
	both_sides "$v"
	was_only_esp
	flush "$2"
	unset "STACK_OF[$2]"
}

# t_plain_stock V - S1 is the stock stack, which takes errors from addresses in its policies only: S2 has one of these
t_plain_stock()
{
	local v=$1

	STACK_OF[S1]=xfrm
	keyed "$v"
	addr S2 lo "$(at "$v" 6 99)/$([ "$v" = 4 ] && echo 32 || echo 128)"
	unreachable A "$(at "$v" 6 77)" S2 "$(at "$v" 6 99)"
	ip -n "${RUN}S2" addr flush dev lo scope global
	was_only_esp
	flush S1
	unset "STACK_OF[S1]"
}

need_testudo
setup_t7
for v in 4 6; do
	add_case "F15_path_unreachable_v$v" t_unreachable $v
	add_case "F15_path_no_way_outside_v$v" t_no_way $v
	add_case "F15_path_too_big_v$v" t_too_big $v "$([ $v = 4 ] && echo 1346 || echo 1326)"
	add_case "F15_path_reject_v$v" t_reject $v
	add_case "F15_path_port_v$v" t_port $v
	add_case "F15_path_stock_S1_v$v" t_stock $v S1
	add_case "F15_path_stock_S2_v$v" t_stock $v S2
	add_case "F15_path_plain_stock_v$v" t_plain_stock $v
	add_case "F16_traceroute_v$v" t_traceroute $v
done
run_cases "$@"
