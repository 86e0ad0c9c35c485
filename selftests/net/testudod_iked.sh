#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does testudod come to terms with OpenIKED, both over this project's stack?
#
# kernels: 6.12
# timeout: 900
#
#   A (testudod)  10.0.0.1 ---- B (iked, PF_KEY)  10.0.0.2
#     inside 10.0.1.1              inside 10.0.2.1
#
# iked speaks IKEv2 alone, and gives PF_KEY no SHA-2 on Linux.

TEST_TIMEOUT=${TEST_TIMEOUT:-90}
A_AUTH=hmac_sha1
. "$(dirname "$0")/../lib.sh"
. "$LIB/charon.sh"
. "$LIB/testudod.sh"

NOISE="($NOISE or udp port 500 or udp port 4500)"
PEER_LOG="$WORKDIR/iked.log"

# peer_conf 2 psk MODE - iked.conf of B; ACTIVE is for it to begin
peer_conf()
{
	local own=10.0.2.1 other=10.0.1.1

	[ "$3" = tunnel ] || own=10.0.0.2 other=10.0.0.1
	cat >"$WORKDIR/iked.conf" <<-END
		ikev2 "t" ${ACTIVE:-passive} $3 esp from $own to $other local 10.0.0.2 peer 10.0.0.1 \\
			ikesa enc aes-256 prf hmac-sha2-256 auth hmac-sha2-256 group modp2048 \\
			childsa enc aes-256 auth hmac-sha1 group modp2048 srcid b.test dstid a.test lifetime ${LIFE:-3600} psk "secret"
	END
	chmod 600 "$WORKDIR/iked.conf"
}

peer_start()
{
	: >"$PEER_LOG"
	start_iked B
}

peer_stop()
{
	[ -z "${IKED:-}" ] || stop_iked
}

# peer_begin - it began when it was started, and tries again until A is there
peer_begin()
{
	:
}

# t_iked MODE - it begins
t_iked()
{
	ACTIVE=active t_pair 2 psk "$1" B
}

# t_rekey - iked's lifetimes of seconds end under traffic; of 40 it has 2 to 6 left for that. It sends DELETE, installs
# the new SAs, and removes the old ones, without waiting for an answer: what A sends before it has read that, or faster
# than iked installs, is lost, and B counts it. A ping a fifth of a second: that is not to last for seconds
t_rekey()
{
	local first unread lost

	a_conf 2 psk
	LIFE=40 peer_conf 2 psk tunnel
	begin tunnel || return
	ping_some A 10.0.2.1 56
	wait_for pairs 2 || logs "no pair of SAs"
	first=$(sad_of A)
	unread=$(stat B in_no_sa)
	drops_mark A
	steady A 10.0.2.1
	wait_for others "$first" || logs "no rekeying"
	first=$(sad_of A)
	wait_for others "$first" || logs "no second rekeying"
	sads_equal
	lost=$(($(stat B in_no_sa) - unread))
	steady_end "$lost" || logs "under rekeying, and B had no SA for $lost"
	[ "$lost" -le 50 ] || logs "B had no SA for $lost"
	drop_delta A
	stop_testudod
}

# others SAS - none of these is there any more, and a pair is
others()
{
	local now

	now=$(sad_of A)
	[ -n "$now" ] && ! grep -qFx "$1" <<<"$now"
}

need_testudo
lay_peers >/dev/null 2>&1 || skip_all "no OpenIKED: selftests/vm/peers gets it"
setup_t2_inside

add_case P16_iked_tunnel_A t_pair 2 psk tunnel A
add_case P16_iked_tunnel_B t_iked tunnel
add_case P16_iked_transport_A t_pair 2 psk transport A
add_case P16_iked_rekeys t_rekey
run_cases "$@"
