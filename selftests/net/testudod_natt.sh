#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does testudod find a NAT between itself and strongSwan, at its own side and at
# the peer's, and does ESP in UDP then work over this project's stack?
#
# kernels: 6.12
# timeout: 600
#
#   A (testudod, Testudo) 10.0.1.2 ---- 10.0.1.1 N 10.0.2.1 ==== 10.0.2.2 B (charon, stock xfrm)
#     inside 10.8.1.1                                              inside 10.8.2.1
#
# N translates A, whom B sees as 10.0.2.1, or B, whom A sees as 10.0.1.1; and ports, too.

TEST_TIMEOUT=${TEST_TIMEOUT:-90}
A_OWN=10.0.1.2 A_PEER=10.0.2.2 A_SEEN=10.0.2.1 A_INSIDE=10.8.1.1 B_INSIDE=10.8.2.1 B_PEER=%any
. "$(dirname "$0")/../lib.sh"
. "$LIB/charon.sh"
. "$LIB/testudod.sh"
. "$LIB/charon_peer.sh"

# nat DEVICE - N translates what leaves by it; ports are never those of before
nat()
{
	n N nft -f - <<-END
		flush ruleset
		table ip nat {
			chain post {
				type nat hook postrouting priority srcnat;
				oifname $1 meta l4proto udp masquerade to :20000-40000 random
				oifname $1 masquerade
			}
		}
	END
}

# on_link - nothing but ESP in UDP
on_link()
{
	local other

	[ "$(in_cap "udp port 4500 and udp[8:4] != 0")" -gt 0 ] || fail "no ESP in UDP on the link"
	other="not udp port 4500 and not $NOISE"
	[ "$(in_cap "$other")" -eq 0 ] || fail "on the link: $(tcpdump -nn -r "$CAP" "$other" 2>/dev/null | head -n 2)"
	! grep -qa "$MARK" "$CAP" || fail "the marker is on the link in clear"
}

# t_behind VERSION MODE - A is behind the NAT, and begins
t_behind()
{
	nat out0
	t_pair "$1" psk "$2" A
	grep -q 'NAT detected: ME' "$WORKDIR/testudod.log" || fail "the log does not say that we are behind a NAT"
}

# t_hub VERSION - B is behind it, and A makes policies of what B asks for
t_hub()
{
	local id='my_identifier fqdn "a.test"; peers_identifier fqdn "b.test"; verify_identifier on;'

	[ "$1" = 2 ] || id=
	nat in0
	cat >"$WORKDIR/racoon.conf" <<-END
		path pre_shared_key "$WORKDIR/psk.txt";
		listen { adminsock "$CTL"; }
		remote anonymous {
		 exchange_mode main;
		 $id
		 passive on;
		 generate_policy on;
		 nat_traversal on;
		 proposal { encryption_algorithm aes 256; hash_algorithm sha256; authentication_method pre_shared_key; dh_group 14; }
		 proposal_check claim;
		 testudo { ike_version $1; }
		}
		sainfo anonymous {
		 pfs_group 14;
		 lifetime time 1 hour;
		 encryption_algorithm aes 256;
		 authentication_algorithm hmac_sha256;
		 compression_algorithm deflate;
		}
	END
	printf '10.0.1.1 secret\nb.test secret\n' >"$WORKDIR/psk.txt"
	chmod 600 "$WORKDIR/psk.txt"
	B_PEER=10.0.1.2 peer_conf "$1" psk tunnel
	begin none || return
	peer_begin
	comes_up tunnel
	stop_testudod
	[ -z "$(n A setkey -DP | grep esp/tunnel)" ] || fail "policies are left when testudod has ended"
}

need_testudo
lay_peers >/dev/null 2>&1 || skip_all "no strongSwan: selftests/vm/peers gets it"
node A N B
link A eth0 N in0
wire N out0 B eth0
addr A eth0 10.0.1.2/24
addr N in0 10.0.1.1/24
addr N out0 10.0.2.1/24
addr B eth0 10.0.2.2/24
addr A lo $A_INSIDE/32
addr B lo $B_INSIDE/32
route A default 10.0.1.1
route B default 10.0.2.1
ip -n "${RUN}A" route add $B_INSIDE via 10.0.1.1 src $A_INSIDE
ip -n "${RUN}B" route add $A_INSIDE via 10.0.2.1 src $B_INSIDE
forward N
nat out0 || skip_all "no NAT in this kernel"
charon_conf aes sha1 sha2 hmac kdf gmp openssl random nonce kernel-netlink socket-default stroke

add_case D20_v1_tunnel_behind t_behind 1 tunnel
add_case D20_v2_transport_behind t_behind 2 transport
add_case D21_v1_hub t_hub 1
add_case D21_v2_hub t_hub 2
run_cases "$@"
