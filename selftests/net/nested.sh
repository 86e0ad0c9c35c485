#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Do SAs inside SAs work: a relay between two tunnels, transport ESP inside a
# tunnel, two SAs by one policy, and does a loop of tunnels end?
#
# kernels: all
# timeout: 900
# brief: bundle|in_tunnel
#
#   H1 ---- G1 ==== R ==== G2 ---- H2          addresses: lib.sh, T5

. "$(dirname "$0")/../lib.sh"

# t_relay - R opens what G1 sent and protects it again for G2
t_relay()
{
	mark_new
	sa_pair G1 R 20.0.0.1 20.0.0.2 tunnel gcm16_128
	sp_pair G1 R 10.0.1.0/24 10.0.2.0/24 tunnel 20.0.0.1 20.0.0.2
	sa_pair R G2 30.0.0.1 30.0.0.2 tunnel aes128 sha256
	sp_pair R G2 10.0.1.0/24 10.0.2.0/24 tunnel 30.0.0.1 30.0.0.2
	commit
	n R ip route replace 10.0.2.0/24 via 30.0.0.2
	n R ip route replace 10.0.1.0/24 via 20.0.0.1
	cap_start R left "$(by_us R left)"
	ping_ok H1 10.0.2.2 500
	cap_stop
	assert_enc
	cap_start R right "$(by_us R right)"
	ping_ok H1 10.0.2.2 500
	transfer TCP H1 H2 10.0.2.2 300000
	cap_stop
	assert_enc
}

# t_inside - H1 and H2 protect end to end, the gateways tunnel that
t_inside()
{
	mark_new
	sa_pair H1 H2 10.0.1.2 10.0.2.2 transport aes128 sha1
	sp_pair H1 H2 10.0.1.2 10.0.2.2 transport 10.0.1.2 10.0.2.2
	sa_pair G1 G2 20.0.0.1 30.0.0.2 tunnel gcm16_128
	sp_pair G1 G2 10.0.1.0/24 10.0.2.0/24 tunnel 20.0.0.1 30.0.0.2
	commit
	cap_start G1 in0
	ping_ok H1 10.0.2.2 700
	cap_stop
	assert_enc
	cap_start R left
	ping_ok H1 10.0.2.2 700
	cap_stop
	assert_enc
	equal "$(in_cap "$ESP and src host 20.0.0.1")" "$(in_cap "$ESP and src net 20.0.0.0/24")" "outer packets of G1"
}

# both NODE NEAR FAR END1 END2 - a policy of two SAs each way
both()
{
	local rule="ipsec esp/tunnel/%s-%s/require esp/transport//unique:5;\n"

	# shellcheck disable=SC2059
	CONF[$1]+=$(printf "spdadd $2 $3 any -P out $rule spdadd $3 $2 any -P in $rule" "$4" "$5" "$5" "$4")
}

# t_bundle - one policy asks for two SAs: transport inside, tunnel outside
t_bundle()
{
	local node

	[ "$STACK" = testudo ] || { skip "setkey only"; return; }
	mark_new
	sa_pair G1 G2 20.0.0.1 30.0.0.2 tunnel gcm16_128
	REQID=5 sa_pair G1 G2 20.0.0.1 30.0.0.2 transport aes128 sha256
	both G1 10.0.1.0/24 10.0.2.0/24 20.0.0.1 30.0.0.2
	both G2 10.0.2.0/24 10.0.1.0/24 30.0.0.2 20.0.0.1
	commit
	cap_start R left
	ping_ok H1 10.0.2.2 300
	transfer TCP H1 H2 10.0.2.2 100000
	cap_stop
	assert_enc
	equal "$(in_cap "$ESP and src host 20.0.0.1 and ip[20:4] == $(printf '%d' "$SPI12")" | awk '{ print ($1 > 3) }')" 1 \
		"the transport SA is the outermost"
}

# t_loop - the way to the tunnel's end leads through the tunnel: a packet goes into it once
t_loop()
{
	local before

	sa_pair G1 G2 20.0.0.1 30.0.0.2 tunnel gcm16_128
	sp G1 0.0.0.0/0 30.0.0.0/24 out tunnel 20.0.0.1 30.0.0.2
	sp G1 0.0.0.0/0 10.0.2.0/24 out tunnel 20.0.0.1 30.0.0.2
	commit
	drops_mark G1
	drops_mark G2
	before=$(stat G1 out_packets)
	timeout 20 nsenter --net="/run/netns/${RUN}G1" ping -c 3 -i 0.1 -W 1 10.0.2.2 >/dev/null 2>&1
	[ $? -le 1 ] || fail "ping hung"
	# which has no policy for them
	drop_delta G2 in_no_policy=3
	equal $(($(stat G1 out_packets) - before)) 3 "protected packets of three pings"
	drop_delta G1
	flush_all
	ping_ok G1 20.0.0.2
}

need_module
setup_t5
add_case F17_forward_relay t_relay
add_case F18_nested_transport_in_tunnel t_inside
add_case A18_bundle_of_two t_bundle
add_case F19_tunnel_recursion_guard t_loop
run_cases "$@"
