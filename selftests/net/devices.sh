#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Do packets of tunnel devices that are as large as the device takes get through
# transport mode, and does the route to the other end keep its MTU? Does the same
# hold for what is stacked on the link itself?
#
# kernels: all
# timeout: 900
# brief: vxlan_v4
#
#   H1 ---- G1 == device in ESP == G2 ---- H2        addresses: lib.sh, T4

. "$(dirname "$0")/../lib.sh"

BYTES=200000
declare -A END1=([4]=20.0.0.1 [6]=fc00::1) END2=([4]=20.0.0.2 [6]=fc00::2)
declare -A NET1=([4]=10.0.1.0/24 [6]=fd00:1::/64) NET2=([4]=10.0.2.0/24 [6]=fd00:2::/64)
declare -A TUN1=([4]=10.9.0.1 [6]=fd09::1) TUN2=([4]=10.9.0.2 [6]=fd09::2)
declare -A HOST1=([4]=10.0.1.2 [6]=fd00:1::2) HOST2=([4]=10.0.2.2 [6]=fd00:2::2)

# device NODE LOCAL REMOTE KIND [OPTION...] - tun9, one end
device()
{
	local node=$RUN$1 local=$2 remote=$3 kind=$4

	shift 4
	case $kind in
	l2tp_*)
		ip -n "$node" l2tp add tunnel tunnel_id 9 peer_tunnel_id 9 encap "${kind#*_}" \
			local "$local" remote "$remote" "$@" &&
			ip -n "$node" l2tp add session name tun9 tunnel_id 9 session_id 9 peer_session_id 9
		;;
	*)
		ip -n "$node" link add tun9 type "$kind" local "$local" remote "$remote" "$@"
		;;
	esac
}

# behind INNER - the hosts' networks are reached by tun9
behind()
{
	local prefix=30 node

	[ "$1" = 4 ] || prefix=64
	addr G1 tun9 "${TUN1[$1]}/$prefix"
	addr G2 tun9 "${TUN2[$1]}/$prefix"
	ip -n "${RUN}G1" link set tun9 up
	ip -n "${RUN}G2" link set tun9 up
	# the hosts may remember the MTU of the device before
	for node in H1 H2; do
		ip -n "$RUN$node" route flush cache
		ip -n "$RUN$node" -6 route flush cache
	done
	ip -n "${RUN}G1" route replace "${NET2[$1]}" via "${TUN2[$1]}" dev tun9
	ip -n "${RUN}G2" route replace "${NET1[$1]}" via "${TUN1[$1]}" dev tun9
}

# device_gone KIND INNER
device_gone()
{
	local node via1=20.0.0.1 via2=20.0.0.2

	[ "$2" = 4 ] || via1=fc00::1 via2=fc00::2
	for node in G1 G2; do
		case $1 in
		l2tp_*) ip -n "$RUN$node" l2tp del tunnel tunnel_id 9 ;;
		*) ip -n "$RUN$node" link del tun9 ;;
		esac
	done 2>/dev/null
	ip -n "${RUN}G1" route replace "${NET2[$2]}" via $via2
	ip -n "${RUN}G2" route replace "${NET1[$2]}" via $via1
}

# mtu_of NODE DEV
mtu_of()
{
	ip -n "$RUN$1" -o link show "$2" | sed 's/.* mtu \([0-9]*\) .*/\1/'
}

# ping_df NODE ADDRESS SIZE - no loss, and it may not be fragmented
ping_df()
{
	pings "$1" 4 -M "do" -s "$3" "$2"
}

# sums NODE - packets of any protocol that it received with a wrong checksum
sums()
{
	n "$1" nstat -asz | awk '$1 ~ /InCsumErrors$/ { sum += $2 } END { print sum + 0 }'
}

# t_device INNER OUTER UPPER KIND [OPTION...] - all that UPPER stands for between the gateways is protected
t_device()
{
	local v=$1 outer=$2 upper=$3 head=28 size esp sums way

	shift 3
	[ "$v" = 4 ] || head=48
	# its neighbours are not to be found by what has to be protected
	ping_ok G1 "${END2[$outer]}" 56 1
	if ! device G1 "${END1[$outer]}" "${END2[$outer]}" "$@" 2>"$WORKDIR/device"; then
		skip "no $1 in this kernel: $(cat "$WORKDIR/device")"
		return
	fi
	expect device G2 "${END2[$outer]}" "${END1[$outer]}" "$@"
	behind "$v"
	sa_pair G1 G2 "${END1[$outer]}" "${END2[$outer]}" transport gcm16_128
	UPPER=$upper sp_pair G1 G2 "${END1[$outer]}" "${END2[$outer]}" transport "${END1[$outer]}" "${END2[$outer]}"
	commit
	wait_for n G1 ping -n -c 1 -W 1 "${TUN2[$v]}" || fail "no way through the device"
	size=$(($(mtu_of G1 tun9) - head))
	drops_mark G1
	drops_mark G2
	esp=$(stat G1 out_packets)
	sums=$(sums G1),$(sums G2)
	ping_df H1 "${HOST2[$v]}" "$size"
	ping_df G1 "${TUN2[$v]}" "$size"
	bulk H1 H2 "${HOST2[$v]}" $BYTES
	bulk G1 G2 "${TUN2[$v]}" $BYTES
	equal "$(sums G1),$(sums G2)" "$sums" "wrong checksums at G1 and G2"
	drop_delta G1
	drop_delta G2
	[ "$(stat G1 out_packets)" -gt $((esp + 2 * BYTES / 1500)) ] || fail "it was not protected"
	way=$(ip -n "${RUN}G1" route get "${END2[$outer]}")
	[[ $way != *" mtu "* ]] || fail "the route's MTU came down: $way"
	device_gone "$1" "$v"
}

# t_stacked KIND [OPTION...] - a device on the link itself, of which the gateways' addresses are
t_stacked()
{
	local node esp

	for node in G1 G2; do
		if ! ip -n "$RUN$node" link add link out0 name top type "$@" 2>"$WORKDIR/device"; then
			skip "no $1 in this kernel: $(cat "$WORKDIR/device")"
			return
		fi
		ip -n "$RUN$node" link set top up
	done
	addr G1 top 20.9.0.1/24
	addr G2 top 20.9.0.2/24
	sa_pair G1 G2 20.9.0.1 20.9.0.2 transport gcm16_128
	sp_pair G1 G2 20.9.0.1 20.9.0.2 transport 20.9.0.1 20.9.0.2
	commit
	wait_for n G1 ping -n -c 1 -W 1 20.9.0.2 || fail "no way by the device"
	drops_mark G1
	drops_mark G2
	esp=$(stat G1 out_packets)
	# 1500 less 8 bytes of ESP, 8 of IV, 16 of ICV and 2 of trailer
	ping_df G1 20.9.0.2 $((1466 - 28))
	refuse n G1 ping -n -c 1 -W 1 -M "do" -s $((1466 - 27)) 20.9.0.2
	bulk G1 G2 20.9.0.2 $BYTES
	drop_delta G1 out_too_big=1
	drop_delta G2
	[ "$(stat G1 out_packets)" -gt $((esp + BYTES / 1500)) ] || fail "it was not protected"
	flush_all
	for node in G1 G2; do
		ip -n "$RUN$node" link del top
	done
}

need_testudo
setup_t4
ports="udp_sport 1701 udp_dport 1701"
# ADD NAME INNER OUTER UPPER KIND [OPTION...]
while read -r add name words; do
	# shellcheck disable=SC2086 # a list of words
	"$add" "DEV_$name" t_device $words
done <<-END
	add_case gre_full_size 4 4 any gre
	add_case ipip_full_size 4 4 any ipip
	add_case vxlan_v4 4 4 udp vxlan id 9 dev out0 dstport 4789 udpcsum
	add_night vxlan_v4_no_checksum 4 4 udp vxlan id 9 dev out0 dstport 4789 noudpcsum
	add_night vxlan_v6 6 6 udp vxlan id 9 dev out0 dstport 4789
	add_night vxlan_v6_no_checksum 4 6 udp vxlan id 9 dev out0 dstport 4789 udp6zerocsumtx udp6zerocsumrx
	add_case l2tp_udp 4 4 udp l2tp_udp $ports
	add_night l2tp_ip 4 4 115 l2tp_ip
	add_night l2tp_ip_v6 6 6 115 l2tp_ip
	add_night gre_checksum 4 4 47 gre csum
	add_night gretap 4 4 47 gretap
	add_night ip6gretap 4 6 47 ip6gretap
	add_night ip6gre 6 6 47 ip6gre
	add_night sit 6 4 41 sit
	add_night ip6tnl 4 6 4 ip6tnl mode ipip6
	add_night ip6ip6 6 6 41 ip6tnl mode ip6ip6
END
add_case LINK_vlan t_stacked vlan id 9
add_night LINK_ipvlan_l2 t_stacked ipvlan mode l2
add_night LINK_ipvlan_l3s t_stacked ipvlan mode l3s
add_night LINK_ipvlan_l3 t_stacked ipvlan mode l3
add_night LINK_macvlan t_stacked macvlan mode bridge
run_cases "${1:-}"
