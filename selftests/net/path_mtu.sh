#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does every mode carry bulk TCP without a fragment and without a stall, also when a
# router on the way has a smaller link, and are hosts told exactly what fits?
#
# kernels: all
# timeout: 2400
# brief: ptb_4in4|link_mtu_6in4|bulk_tunnel_6in6|bulk_transport_v4
#
#   H1 ---- G1 ==== R ==== G2 ---- H2          addresses: lib.sh, T5
#                      ^ narrow N

. "$(dirname "$0")/../lib.sh"

MEGA=1000000 MANY=$((50 * MEGA))
[ "${TESTUDO_KERNEL:-}" != debug ] || MANY=$((5 * MEGA))
BYTES=${TESTUDO_NIGHTLY:+$MANY}
BYTES=${BYTES:-$MEGA}
declare -A END1=([4]=20.0.0.1 [6]=fc00:1::1) END2=([4]=30.0.0.2 [6]=fc00:2::2)
declare -A NET1=([4]=10.0.1.0/24 [6]=fd00:1::/64) NET2=([4]=10.0.2.0/24 [6]=fd00:2::/64)
declare -A HOST1=([4]=10.0.1.2 [6]=fd00:1::2) HOST2=([4]=10.0.2.2 [6]=fd00:2::2)
declare -A INSIDE1=([4]=10.0.1.1 [6]=fd00:1::1)

# narrow N - MTU of the link between R and G2
narrow()
{
	ip -n "${RUN}R" link set right mtu "$1"
	ip -n "${RUN}G2" link set out0 mtu "$1"
}

# forget NODE... - what was learnt of the path
forget()
{
	local node

	for node in "$@"; do
		ip -n "$RUN$node" route flush cache
		ip -n "$RUN$node" -6 route flush cache
	done
}

# afresh - as at the start of a case
afresh()
{
	narrow 1500
	forget H1 G1 G2 H2
}

# tunnel INNER OUTER ENC [AUTH] - key the gateways
tunnel()
{
	sa_pair G1 G2 "${END1[$2]}" "${END2[$2]}" tunnel "$3" "${4:-none}"
	sp_pair G1 G2 "${NET1[$1]}" "${NET2[$1]}" tunnel "${END1[$2]}" "${END2[$2]}"
	commit
}

# with VARIABLE=VALUE COMMAND... - what sa and sp want to know besides
with()
{
	local "$1"

	"${@:2}"
}

# ends V ENC [AUTH] - the gateways themselves, transport mode. Neighbours of IPv6 are looked for first, since a policy
# for all would protect that, too
ends()
{
	sa_pair G1 G2 "${END1[$1]}" "${END2[$1]}" transport "$2" "${3:-none}"
	UPPER=tcp sp_pair G1 G2 "${END1[$1]}" "${END2[$1]}" transport "${END1[$1]}" "${END2[$1]}"
	commit
}

# bundle V OUTER-PROTOCOL ENC [AUTH] - two SAs by one policy: a tunnel inside, transport mode outside
bundle()
{
	REQID=6 sa_pair G1 G2 "${END1[$1]}" "${END2[$1]}" tunnel gcm16_128
	REQID=5 sa_pair G1 G2 "${END1[$1]}" "${END2[$1]}" transport "${@:3}"
	two G1 "${NET1[$1]}" "${NET2[$1]}" "${END1[$1]}" "${END2[$1]}" "$2"
	two G2 "${NET2[$1]}" "${NET1[$1]}" "${END2[$1]}" "${END1[$1]}" "$2"
	commit
}

# two NODE NEAR FAR END1 END2 OUTER-PROTOCOL - policies of a bundle each way
two()
{
	CONF[$1]+="spdadd $2 $3 any -P out ipsec esp/tunnel/$4-$5/unique:6 $6/transport//unique:5;"$'\n'
	CONF[$1]+="spdadd $3 $2 any -P in ipsec esp/tunnel/$5-$4/unique:6 $6/transport//unique:5;"$'\n'
}

# ---------------------------------------------------------------- bulk

# t_bulk hosts|ends V LINK BYTES KEYING... - over links of 1500, and by the same connection with LINK behind R: no
# fragment anywhere, no stall
t_bulk()
{
	local who=$1 v=$2 link=$3 bytes=$4

	afresh
	"${@:5}"
	case $who in
	hosts) bulk H1 H2 "${HOST2[$v]}" "$bytes" narrow "$link" ;;
	ends) bulk G1 G2 "${END2[$v]}" "$bytes" narrow "$link" ;;
	esac
	none_cut G1 R G2
}

# t_narrow V BYTES KEYING... - BYTES by links of 1500, and BYTES by a connection that begins when the path is narrow
t_narrow()
{
	local link

	afresh
	"${@:3}"
	for link in 1500 1300; do
		narrow $link
		bulk H1 H2 "${HOST2[$1]}" "$2"
	done
	none_cut G1 R G2
}

# second_way V POLICY - G1 reaches G2 by two links to R, chosen by the ends (POLICY 0) or by the ports, too (1)
second_way()
{
	local far=30.0.0.0/24 near=20.0.0.1 via=(20.0.0.2 20.0.5.2)

	[ "$1" = 4 ] || far=fc00:2::/64 near=fc00:1::1 via=(fc00:1::2 fc00:5::2)
	link G1 out1 R left1
	addr G1 out1 20.0.5.1/24 fc00:5::1/64
	addr R left1 20.0.5.2/24 fc00:5::2/64
	n G1 sysctl -qw net.ipv4.fib_multipath_hash_policy="$2" net.ipv6.fib_multipath_hash_policy="$2"
	ip -n "${RUN}G1" "-$1" route add "$far" src "$near" nexthop via "${via[0]}" nexthop via "${via[1]}" \
		2>"$WORKDIR/said" || skip "no routes with several nexthops: $(<"$WORKDIR/said")"
}

# first_way_only V - as before
first_way_only()
{
	local far=30.0.0.0/24

	[ "$1" = 4 ] || far=fc00:2::/64
	ip -n "${RUN}G1" "-$1" route del "$far" 2>/dev/null
	ip -n "${RUN}G1" link del out1
	n G1 sysctl -qw net.ipv4.fib_multipath_hash_policy=0 net.ipv6.fib_multipath_hash_policy=0
}

# behind add|del V DEV - what R gets by DEV has a path of 1300, and the rest has not
behind()
{
	local far=30.0.0.0/24

	[ "$2" = 4 ] || far=fc00:2::/64
	ip -n "${RUN}R" "-$2" rule "$1" iif "$3" lookup 200
	ip -n "${RUN}R" "-$2" route "$1" "$far" dev right mtu lock 1300 table 200
}

# too_big V - errors about size that G1 has got
too_big()
{
	if [ "$1" = 4 ]; then
		n G1 awk '/^IcmpMsg:/ { for (i = 1; i <= NF; i++) { if (!names) name[i] = $i
			else if (name[i] == "InType3") n = $i } names = 1 } END { print n + 0 }' /proc/net/snmp
	else
		n G1 awk '$1 == "Icmp6InPktTooBigs" { print $2 }' /proc/net/snmp6
	fi
}

# streams WHO V - TCP by connections that may take different links, until one has met the narrow path; ends one if
# none can
streams()
{
	local before i most=1
	local -a traffic=(H1 H2 "${HOST2[$2]}")

	[ "$1" = hosts ] || traffic=(G1 G2 "${END2[$2]}") most=16
	before=$(too_big "$2")
	for ((i = 0; i < most; i++)); do
		bulk "${traffic[@]}" 200000
		[ "$(too_big "$2")" = "$before" ] || break
	done
	[ $i != $most ]
}

# t_ways hosts|ends V POLICY KEYING... - two nexthops, with a narrow path behind one and then behind the other. Who
# takes it learns that
t_ways()
{
	local who=$1 v=$2 dev met=''

	afresh
	second_way "$v" "$3"
	for dev in left left1; do
		[ -z "$SKIP" ] || break
		flush_all
		forget H1 G1 G2 H2
		"${@:4}"
		behind add "$v" $dev
		streams "$who" "$v" && met+=$dev
		behind del "$v" $dev
	done
	first_way_only "$v"
	none_cut G1 R G2
	case $who:$met in
	hosts:left | hosts:left1 | ends:leftleft1) ;;
	*) fail "the narrow path was met behind '$met'" ;;
	esac
}

# t_no_icmp - R's errors are lost on the way: SAs whose packets may be fragmented carry TCP all the same
t_no_icmp()
{
	afresh
	EXTRA="-f nopmtudisc" tunnel 4 4 gcm16_128
	narrow 1300
	n R nft "table ip lost { chain out { type filter hook output priority 0; icmp type destination-unreachable drop; }; }"
	bulk H1 H2 10.0.2.2 $MEGA
	none_cut G1 R
	n R nft delete table ip lost
}

# clear_way add|del - R knows the nets behind the gateways, or not: then what leaves in clear goes nowhere
clear_way()
{
	local v

	for v in 4 6; do
		ip -n "${RUN}R" route "$1" "${NET1[$v]}" via "${END1[$v]}"
		ip -n "${RUN}R" route "$1" "${NET2[$v]}" via "${END2[$v]}"
	done
}

# from_now_on KEYING... - in the middle of a connection
from_now_on()
{
	"$@"
	clear_way del
}

# cards CUT AGGREGATE - "on" or "off": do those between hosts and gateways compute checksums and cut; do they aggregate
cards()
{
	local one

	for one in H1:eth0 G1:in0 G2:in0 H2:eth0; do
		n "${one%:*}" ethtool -K "${one#*:}" tx "$1" tso "$1" gso "$1" gro "$2" >/dev/null 2>&1
	done
}

# t_later hosts|ends V on|off deaf|told MSS KEYING... - the connection is older than the tunnel, and its segments fill
# the link: without cards that help each comes alone. In deaf hosts no ICMP error is heard; told ones come down to MSS
t_later()
{
	local who=$1 v=$2 ear=$4 mss=$5 node
	local -a traffic=(H1 H2 "${HOST2[$v]}") deaf=()

	[ "$who" = hosts ] || traffic=(G1 G2 "${END2[$v]}")
	[ "$ear" = told ] || deaf=(H1 H2 G1 G2)
	afresh
	clear_way add
	cards "$3" "$3"
	for node in "${deaf[@]}"; do
		n "$node" nft "$DEAF"
	done
	bulk "${traffic[@]}" $MEGA from_now_on "${@:6}"
	for node in "${deaf[@]}"; do
		n "$node" nft delete table inet deaf
	done
	cards on off
	none_cut G1 R G2
	[ "$ear" = deaf ] || equal "$(grep -o 'mss=[^ ]*' <<<"$BULK")" "mss=$mss,$mss" "segment sizes at the end"
}
DEAF="table inet deaf { chain in { type filter hook input priority 0;
	icmp type destination-unreachable drop; icmpv6 type packet-too-big drop; }; }"

# ---------------------------------------------------------------- what hosts are told

# asked V SIZE - one ping of H1 with DF, as a packet of SIZE bytes; its words are in SAID. An error ends it: only what
# is lost takes PATIENCE. H1 never says again what it has been told when nobody waited any more
asked()
{
	local head=28

	[ "$1" = 4 ] || head=48
	SAID=$(n H1 ping -n -M "do" -c 1 -W "${PATIENCE:-4}" -s $(($2 - head)) "${HOST2[$1]}" 2>&1)
}

# answered V SIZE - it came back; told V SIZE MTU - it was G1 that said what would fit
answered()
{
	asked "$@"
	[[ $SAID == *"1 received"* ]]
}

told()
{
	local words="Frag needed and DF set (mtu = $3)"

	[ "$1" = 4 ] || words="Packet too big: mtu=$3"
	asked "$1" "$2"
	[[ $SAID == *"From ${INSIDE1[$1]} icmp_seq=1 $words"* ]]
}

# exactly V OLD NEW - H1 is told NEW of what had OLD bytes, which it then believes: NEW passes, one byte more does not
exactly()
{
	wait_for told "$1" "$2" "$3" || fail "a packet of $2 bytes was not answered by ${INSIDE1[$1]} with $3: $SAID"
	wait_for answered "$1" "$3" || fail "$3 bytes do not pass: $SAID"
	! answered "$1" $(($3 + 1)) || fail "$(($3 + 1)) bytes pass"
	[[ $SAID =~ "message too long, mtu"[=:]" "?$3 ]] || fail "H1 does not know that $3 bytes fit: $SAID"
}

# t_ptb V BEFORE LINK AFTER KEYING... - R's link shrinks: an error about an outer packet, and hosts hear of the inner
t_ptb()
{
	afresh
	"${@:5}"
	wait_for answered "$1" "$2" || fail "$2 bytes do not pass: $SAID"
	narrow "$3"
	drops_mark G1
	exactly "$1" "$2" "$4"
	drop_delta G1 out_too_big=1
}

# t_ages V BEFORE LINK AFTER KEYING... - a path that has grown again is used again when what was learnt is old
t_ages()
{
	local node

	for node in H1 G1; do
		n "$node" sysctl -qw net.ipv4.route.mtu_expires=2 net.ipv6.route.mtu_expires=2
	done
	afresh
	"${@:5}"
	narrow "$3"
	# what one packet has taught is to be there for the next
	PATIENCE=0.5 wait_for told "$1" "$2" "$4" || fail "a packet of $2 bytes was not answered with $4: $SAID"
	narrow 1500
	wait_for answered "$1" "$2" || fail "$2 bytes never pass again: $SAID"
	for node in H1 G1; do
		n "$node" sysctl -qw net.ipv4.route.mtu_expires=600 net.ipv6.route.mtu_expires=600
	done
}

# t_link V BEFORE AFTER KEYING... - the gateway's own link has 1400; what fits follows with the next packet. What is
# larger than that link is answered by IP forwarding itself, before anything else sees it
t_link()
{
	local mtu

	afresh
	"${@:4}"
	wait_for answered "$1" "$2" || fail "$2 bytes do not pass: $SAID"
	for mtu in 1400 1500; do
		ip -n "${RUN}G1" link set out0 mtu $mtu
		ip -n "${RUN}R" link set left mtu $mtu
		forget H1
		[ $mtu = 1500 ] || exactly "$1" $mtu "$3"
	done
	answered "$1" "$2" || fail "$2 bytes do not pass any more: $SAID"
	told "$1" 1500 "$2" || fail "a packet of 1500 bytes was not answered with $2: $SAID"
}

need_testudo
setup_t5
port_holder G1
port_holder G2
watch_cut G1 out0
watch_cut R left right
watch_cut G2 out0
wait_for n G1 ping -n -c 1 -W 1 fc00:2::2 || fail "no way through R"
udp="ENCAP=4500 4500"
add_case F03_outer_ptb_4in4 t_ptb 4 1446 1300 1246 tunnel 4 4 gcm16_128
add_case F03_outer_ptb_6in6 t_ptb 6 1426 1400 1326 tunnel 6 6 gcm16_128
add_night F03_outer_ptb_4in6 t_ptb 4 1426 1300 1226 tunnel 4 6 gcm16_128
add_case F03_outer_ptb_6in4 t_ptb 6 1446 1400 1346 tunnel 6 4 gcm16_128
add_night F03_outer_ptb_ah t_ptb 4 1452 1300 1252 with PROTO=ah tunnel 4 4 - sha256
add_case F05_natt_4 t_ptb 4 1438 1300 1238 with "$udp" tunnel 4 4 gcm16_128
add_night F05_natt_6 t_ptb 6 1418 1400 1318 with "$udp" tunnel 6 6 gcm16_128
add_case F03_ages_4in4 t_ages 4 1446 1300 1246 tunnel 4 4 gcm16_128
add_case F03_ages_6in6 t_ages 6 1426 1400 1326 tunnel 6 6 gcm16_128
add_case F06_link_mtu_4in4 t_link 4 1446 1346 tunnel 4 4 gcm16_128
add_case F06_link_mtu_6in4 t_link 6 1446 1346 tunnel 6 4 gcm16_128
add_night F06_link_mtu_4in6 t_link 4 1426 1326 tunnel 4 6 gcm16_128

# ADD NAME hosts|ends V KEYING...
while read -r add name who v keying; do
	# shellcheck disable=SC2086 # a list of words
	"$add" "F22_bulk_$name" t_bulk "$who" "$v" 1300 "$BYTES" $keying
done <<-END
	add_case tunnel_4in4 hosts 4 tunnel 4 4 gcm16_128
	add_case tunnel_6in6 hosts 6 tunnel 6 6 gcm16_128
	add_case tunnel_4in6 hosts 4 tunnel 4 6 gcm16_128
	add_case tunnel_6in4 hosts 6 tunnel 6 4 gcm16_128
	add_case transport_v4 ends 4 ends 4 gcm16_128
	add_night transport_v6 ends 6 ends 6 gcm16_128
	add_night ah_transport_v4 ends 4 with PROTO=ah ends 4 - sha1
	add_case ah_transport_v6 ends 6 with PROTO=ah ends 6 - sha1
	add_case ah_tunnel hosts 4 with PROTO=ah tunnel 4 4 - sha256
	add_case bundle_esp_v4 hosts 4 bundle 4 esp aes128 sha256
	add_night bundle_esp_v6 hosts 6 bundle 6 esp aes128 sha256
	add_night bundle_ah_v4 hosts 4 bundle 4 ah - sha1
	add_case bundle_ah_v6 hosts 6 bundle 6 ah - sha1
	add_case ipcomp_transport ends 6 with PROTO=ipcomp ends 6 comp
	add_case esn hosts 4 with ESN=1 tunnel 4 4 gcm16_128
	add_night chacha hosts 6 tunnel 6 6 chacha
	add_night aes_sha512 hosts 4 tunnel 4 4 aes256 sha512
END
add_night F22_bulk_natt_v4 t_bulk hosts 4 1300 "$BYTES" with "$udp" tunnel 4 4 gcm16_128
add_case F22_bulk_natt_v6 t_bulk hosts 6 1300 "$BYTES" with "$udp" tunnel 6 6 gcm16_128
add_case F22_bulk_ipcomp_tunnel t_bulk hosts 4 1300 "$BYTES" with PROTO=ipcomp tunnel 4 4 comp
add_case F22_bulk_50MB t_narrow 4 $MANY tunnel 4 4 gcm16_128
add_case F22_bulk_narrow_6in4 t_narrow 6 $MEGA tunnel 6 4 gcm16_128
for v in 4 6; do
	add_night "F22_later_local_v$v" t_later ends "$v" on deaf 0 ends "$v" gcm16_128
	add_night "F22_later_super_v$v" t_later hosts "$v" on deaf 0 tunnel "$v" "$v" gcm16_128
done
add_case F22_later_alone_v4 t_later hosts 4 off deaf 0 tunnel 4 4 gcm16_128
add_night F22_later_alone_v6 t_later hosts 6 off deaf 0 tunnel 6 6 gcm16_128
add_night F22_later_told_v4 t_later hosts 4 on told 1394 tunnel 4 4 gcm16_128
add_case F22_later_told_v6 t_later hosts 6 on told 1354 tunnel 6 6 gcm16_128
add_case F22_bulk_icmp_lost t_no_icmp
add_case F22_ways_tunnel_4in4 t_ways hosts 4 0 tunnel 4 4 gcm16_128
add_case F22_ways_tunnel_6in6 t_ways hosts 6 1 tunnel 6 6 gcm16_128
add_night F22_ways_tunnel_6in4 t_ways hosts 6 1 tunnel 6 4 gcm16_128
# from 6.16 on IPv4 prefers the nexthop whose link has the source address, so that there is one way alone
dpkg --compare-versions "$(uname -r)" ge 6.16 || add_case F22_ways_transport_v4 t_ways ends 4 1 ends 4 gcm16_128
add_night F22_ways_transport_v6 t_ways ends 6 1 ends 6 gcm16_128
run_cases "$@"
