#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does testudod, over this project's stack, come to terms with strongSwan on the
# stock stack: both IKE versions, keys and certificates, tunnel and transport
# mode, whoever begins; under NAT, rekeying, a peer that dies?
#
# kernels: 6.12
# timeout: 1500
#
#   A (testudod, Testudo)  10.0.0.1 ---- B (charon, stock xfrm)  10.0.0.2
#     inside 10.0.1.1                      inside 10.0.2.1
#
# After each negotiation traffic crosses both ways, and the SADs of both ends
# hold the same SPIs and keys.

TEST_TIMEOUT=${TEST_TIMEOUT:-90}
. "$(dirname "$0")/../lib.sh"
. "$LIB/charon.sh"
. "$LIB/testudod.sh"
. "$LIB/charon_peer.sh"

NOISE="($NOISE or udp port 500 or udp port 4500)"

# t_rekey VERSION - lifetimes of seconds end under traffic: new SAs are made before the old ones go. Of 40 at least 4
# are left by then, in which both daemons do their arithmetic
t_rekey()
{
	local before n

	A_LIFE='40 sec' a_conf "$1" psk
	peer_conf "$1" psk tunnel
	begin tunnel || return
	ping_some A 10.0.2.1 56
	before=$(charon_pairs)
	drops_mark A
	steady A 10.0.2.1
	for n in 1 2; do
		wait_for established $((before + n)) || logs "no $n rekeyings"
	done
	wait_for pairs 2 || fail "SAs pile up: $(n A setkey -D | grep -c state=mature)"
	steady_end || logs "under rekeying"
	drop_delta A
	stop_testudod
}

# t_dead - the peer goes away without a word: DPD notices, and its SAs go
t_dead()
{
	a_conf "$1" psk 'dpd_delay 2; dpd_retry 1; dpd_maxfail 2;'
	peer_conf "$1" psk tunnel
	begin tunnel || return
	ping_some A 10.0.2.1 56
	wait_for pairs 2 || logs "no pair of SAs"
	ip -n "${RUN}B" link set eth0 down
	wait_for pairs 0 || logs "the SAs of a dead peer stay"
	n A testudoctl -s "$CTL" why 10.0.0.2 >"$WORKDIR/why" 2>&1
	grep -qi 'no longer answers\|dead\|does not answer' "$WORKDIR/why" || fail "why says: $(head -n 3 "$WORKDIR/why")"
	ip -n "${RUN}B" link set eth0 up
	wait_for ip -n "${RUN}B" route replace 10.0.1.1 via 10.0.0.1 src 10.0.2.1
	stop_testudod
}

# asked - A tries, and says what is wrong
asked()
{
	n A ping -n -c 1 -W 1 10.0.2.1
	grep -q 'ERROR' "$WORKDIR/testudod.log"
}

# t_why - proposals that do not meet, and keys that differ, are told in a sentence
t_why()
{
	a_conf 2 psk
	sed -i 's/dh_group 14/dh_group 16/' "$WORKDIR/racoon.conf"
	peer_conf 2 psk tunnel
	begin tunnel || return
	wait_for asked || logs "no error"
	n A testudoctl -s "$CTL" why 10.0.0.2 >"$WORKDIR/why" 2>&1
	grep -qi 'proposal' "$WORKDIR/why" || fail "why says: $(head -n 5 "$WORKDIR/why")"
	stop_testudod
	a_conf 2 psk
	sed -i 's/ secret/ another/' "$WORKDIR/psk.txt"
	begin tunnel || return
	stroke up t
	wait_for grep -q 'ERROR' "$WORKDIR/testudod.log" || logs "no error"
	grep 'ERROR' "$WORKDIR/testudod.log" | grep -qi 'pre-shared key' || fail "it says: $(grep ERROR "$WORKDIR/testudod.log" | head -n 2)"
	! grep -q 'another' "$WORKDIR/testudod.log" || fail "the log has the key"
	stop_testudod
}

need_testudo
lay_peers >/dev/null 2>&1 || skip_all "no strongSwan: selftests/vm/peers gets it"
setup_t2_inside
charon_conf aes sha1 sha2 md5 hmac kdf gmp openssl curve25519 gcm pem pkcs1 pkcs8 x509 pubkey constraints random nonce \
	kernel-netlink socket-default stroke

add_case P10_v1_psk_tunnel_A t_pair 1 psk tunnel A
add_case P10_v2_psk_transport_B t_pair 2 psk transport B
add_case P11_v1_rsa_A t_pair 1 rsa tunnel A
add_case P11_v2_ecdsa_B t_pair 2 ecdsa tunnel B
add_case P13_v1_rekey t_rekey 1
add_case P13_v2_rekey t_rekey 2
add_case P14_v2_dead_peer t_dead 2
# the rest of the matrix: make check-nightly
if [ -n "${TESTUDO_NIGHTLY:-}" ]; then
	for ver in 1 2; do
		for mode in tunnel transport; do
			for who in A B; do
				add_case "P10_v${ver}_psk_${mode}_$who" t_pair $ver psk $mode $who
			done
		done
		add_case "P11_v${ver}_rsa_A" t_pair $ver rsa tunnel A
		add_case "P11_v${ver}_rsa_B" t_pair $ver rsa tunnel B
	done
	add_case P14_v1_dead_peer t_dead 1
	add_case P11_v2_ecdsa_A t_pair 2 ecdsa tunnel A
	add_case P15_why t_why
fi
run_cases "$@"
