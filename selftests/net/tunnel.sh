#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Do two networks reach each other through gateways that tunnel between them,
# in all four pairs of families, with only ESP between the gateways?
#
# kernels: all
# timeout: 900
# brief: A08_|A09
#
#   H1 ---- G1 ==== ESP ==== G2 ---- H2        addresses: lib.sh, T4

. "$(dirname "$0")/../lib.sh"

declare -A NET1=([4]=10.0.1.0/24 [6]=fd00:1::/64) NET2=([4]=10.0.2.0/24 [6]=fd00:2::/64)
declare -A END1=([4]=20.0.0.1 [6]=fc00::1) END2=([4]=20.0.0.2 [6]=fc00::2) HOST2=([4]=10.0.2.2 [6]=fd00:2::2)
declare -A GW1=([4]=10.0.1.1 [6]=fd00:1::1)

# keyed INNER OUTER ENC AUTH
keyed()
{
	sa_pair G1 G2 "${END1[$2]}" "${END2[$2]}" tunnel "$3" "$4"
	sp_pair G1 G2 "${NET1[$1]}" "${NET2[$1]}" tunnel "${END1[$2]}" "${END2[$2]}"
	commit
}

t_tunnel()
{
	local inner=$1 outer=$2 ttl

	mark_new
	keyed "$inner" "$outer" "$3" "$4"
	cap_start WIRE left
	ping_ok H1 "${HOST2[$inner]}" 56
	ping_ok H1 "${HOST2[$inner]}" 1300
	ping_some H1 "${HOST2[$inner]}" 5000
	transfer TCP H1 H2 "${HOST2[$inner]}" 200000
	cap_stop
	assert_enc
	equal "$(in_cap "host ${END1[$outer]} and host ${END2[$outer]} and not $NOISE")" "$(in_cap "$ESP")" \
		"packets between the gateways, all of them ESP"
	ttl=$(n H1 ping -n -c 1 -W 10 "${HOST2[$inner]}" | grep -oE 'ttl=[0-9]+')
	equal "$ttl" ttl=62 "TTL of the answer at H1"
}

t_source()
{
	mark_new
	keyed 4 4 gcm16_128 none
	cap_start H2 eth0
	ping_ok H1 10.0.2.2
	cap_stop
	[ "$(in_cap 'icmp[0] == 8 and src host 10.0.1.2 and ip[8] == 62')" -ge 3 ] ||
		fail "H2 does not see H1's address with a TTL of 64 - 2"
	assert_clear
}

# t_host_to_net - G1 itself talks to the far net from its outside address
t_host_to_net()
{
	mark_new
	sa_pair G1 G2 20.0.0.1 20.0.0.2 tunnel aes128 sha256
	sp_pair G1 G2 20.0.0.1/32 10.0.2.0/24 tunnel 20.0.0.1 20.0.0.2
	commit
	cap_start WIRE left
	ping_ok G1 10.0.2.2
	cap_stop
	assert_enc
}

# t_everything - selectors that cover the gateways' own addresses
t_everything()
{
	mark_new
	sa_pair G1 G2 20.0.0.1 20.0.0.2 tunnel gcm16_128
	sp G1 10.0.1.0/24 0.0.0.0/0 out tunnel 20.0.0.1 20.0.0.2
	sp G1 0.0.0.0/0 10.0.1.0/24 in tunnel 20.0.0.2 20.0.0.1
	sp G2 0.0.0.0/0 10.0.1.0/24 out tunnel 20.0.0.2 20.0.0.1
	sp G2 10.0.1.0/24 0.0.0.0/0 in tunnel 20.0.0.1 20.0.0.2
	commit
	cap_start WIRE left
	ping_ok H1 10.0.2.2
	ping_ok H1 20.0.0.2
	cap_stop
	assert_enc
}

# t_both_ways - the far side starts
t_both_ways()
{
	mark_new
	keyed 4 4 aes256 sha512
	cap_start WIRE left
	ping_ok H2 10.0.1.2
	transfer TCP H2 H1 10.0.1.2 200000
	cap_stop
	assert_enc
}

# t_udp_range - many sizes, and fragments by the sender
t_udp_range()
{
	local size

	keyed 4 4 gcm16_128 none
	for size in 0 1 7 100 1399 1400 1401 1418 1419 1446 1472 1473 3000 20000 65000; do
		ping_some H1 10.0.2.2 "$size"
	done
	flush_all
	keyed 6 6 aes128 sha256
	for size in 0 1 100 1350 1380 1432 1452 3000 20000 60000; do
		ping_some H1 fd00:2::2 "$size"
	done
}

need_module
setup_t4
for pair in "4 4" "6 6" "4 6" "6 4"; do
	read -r inner outer <<<"$pair"
	add_case "A07_esp_tunnel_${inner}in${outer}_cbc" t_tunnel "$inner" "$outer" aes128 sha256
	add_case "A08_esp_tunnel_${inner}in${outer}_gcm" t_tunnel "$inner" "$outer" gcm16_128 none
done
add_case A07_inner_source_and_ttl t_source
add_case A09_esp_tunnel_host_to_net t_host_to_net
add_case A10_esp_endpoints_inside_selectors t_everything
add_case A07_esp_tunnel_from_far_side t_both_ways
add_case G07_icmp_sweep_through_tunnel t_udp_range
run_cases "$@"
