#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does OpenIKED, unmodified, key this project's stack through PF_KEY, against strongSwan on the stock
# stack?
#
# kernels: 6.12
# timeout: 1800
#
#   A (iked, PF_KEY)  10.0.0.1 ---- B (charon, stock xfrm)  10.0.0.2
#     inside 10.0.1.1                 inside 10.0.2.1
#
# What iked 7.2 asks of a PF_KEY on Linux: FLUSH, REGISTER for ESP and AH, with answers at once; GETSPI from
# 0x100 to 0xffffffff; UPDATE of the larval SA inbound, ADD outbound, addresses with prefix length 0, SA2 with
# the mode, both lifetimes; SPDUPDATE with SA2 in it, in and out, level require; soft EXPIRE, upon which it
# rekeys and DELETEs; IP_IPSEC_POLICY (bypass, extension type 12) and UDP_ENCAP on its sockets, or it ends.

# three exchanges and their arithmetic, and a first REGISTER that looks for a driver of every algorithm
TEST_TIMEOUT=${TEST_TIMEOUT:-120}
. "$(dirname "$0")/../lib.sh"
. "$LIB/charon.sh"

STACK_OF[B]=xfrm
NOISE="($NOISE or udp port 500)"

# iked_conf SECONDS - B may send as much as it likes: A's lifetime is what ends SAs
iked_conf()
{
	cat >"$WORKDIR/iked.conf" <<-END
		ikev2 "t" active esp from 10.0.1.1 to 10.0.2.1 local 10.0.0.1 peer 10.0.0.2 \\
			ikesa enc aes-256 prf hmac-sha2-256 auth hmac-sha2-256 group modp2048 \\
			childsa enc aes-256 auth hmac-sha1 srcid a.test dstid b.test lifetime $1 psk "secret"
	END
	chmod 600 "$WORKDIR/iked.conf"
}

write_files()
{
	iked_conf 3600
	cat >"$WORKDIR/ipsec.conf" <<-END
		conn t
		 keyexchange=ikev2
		 left=10.0.0.2
		 leftid=b.test
		 leftsubnet=10.0.2.1/32
		 right=10.0.0.1
		 rightid=a.test
		 rightsubnet=10.0.1.1/32
		 authby=secret
		 auto=add
		 rekey=no
		 ike=aes256-sha256-modp2048!
		 esp=aes256-sha1!
	END
	echo 'a.test b.test : PSK "secret"' >"$WORKDIR/ipsec.secrets"
	charon_conf aes sha1 sha2 hmac kdf gmp random nonce kernel-netlink socket-default stroke
}

# mature - both SAs are there, and the policies that come after them
mature()
{
	[ "$(n A setkey -D | grep -c state=mature)" -ge 2 ] && [ "$(n A setkey -DP | grep -c esp/tunnel)" -ge 2 ]
}

logs()
{
	fail "$1; iked: $(tail -n 3 "$WORKDIR/iked.log"); charon: $(tail -n 3 "$WORKDIR/charon.log")"
}

t_up()
{
	local policies

	start_iked A
	wait_for established 1 || { logs "no child SA"; return; }
	wait_for mature || { logs "no SAs or policies in A"; return; }
	policies=$(n A setkey -DP)
	[[ $policies == *"out ipsec"*"esp/tunnel/10.0.0.1-10.0.0.2/require"* ]] || fail "no out policy"
	[[ $policies == *"in ipsec"*"esp/tunnel/10.0.0.2-10.0.0.1/require"* ]] || fail "no in policy"
	mark_new
	cap_start WIRE left
	drops_mark A
	ping_ok A 10.0.2.1 56 3
	ping_ok B 10.0.1.1 1000 3
	transfer TCP A B 10.0.2.1 100000
	drop_delta A
	cap_stop
	assert_enc
}

# t_restart - iked ends and comes back: it flushes, and keys anew
t_restart()
{
	local before

	before=$(charon_pairs)
	stop_iked
	start_iked A
	wait_for established $((before + 1)) || { logs "no child SA after the restart"; return; }
	wait_for mature || { logs "no SAs in A"; return; }
	ping_some A 10.0.2.1 56
	ping_ok B 10.0.1.1 56 3
}

# no_sas - the SAD of A is empty
no_sas()
{
	[ "$(n A setkey -D | grep -c spi=)" -eq 0 ]
}

# t_delete - the peer deletes the child SA, and iked takes both of its SAs away. The next packet is an ACQUIRE,
# upon which iked makes another pair, and does not get out in clear
t_delete()
{
	local before

	before=$(charon_pairs)
	stroke down 't{*}' || fail "stroke: $(tail -n 1 "$WORKDIR/stroke.log")"
	wait_for no_sas || { fail "SAs are left: $(n A setkey -D | grep -c spi=)"; return; }
	mark_new
	cap_start WIRE left
	ping_some A 10.0.2.1 56
	cap_stop
	assert_enc
	wait_for established $((before + 1)) || { logs "no child SA again"; return; }
	wait_for mature || { logs "no SAs in A"; return; }
	ping_ok B 10.0.1.1 56 3
}

# t_peer_restart - charon ends, which deletes the IKE SA and all below it, and comes back
t_peer_restart()
{
	local before

	before=$(charon_pairs)
	stop_charon
	wait_for no_sas || { fail "SAs are left: $(n A setkey -D | grep -c spi=)"; return; }
	start_charon B || { logs "charon does not come back"; return; }
	stroke up t
	wait_for established $((before + 1)) || { logs "no child SA after the restart"; return; }
	wait_for mature || { logs "no SAs in A"; return; }
	ping_some A 10.0.2.1 56
	ping_ok B 10.0.1.1 56 3
}

# spis - of the SAs of A
spis()
{
	n A setkey -D | grep -o 'spi=[0-9]*'
}

# others SPIS - A has a pair, and none of these
others()
{
	local now

	now=$(spis)
	[ "$(wc -l <<<"$now")" -eq 2 ] && ! grep -qFx "$1" <<<"$now"
}

# one_pair - B has let go of what was replaced
one_pair()
{
	[ "$(ip -n "${RUN}B" xfrm state | grep -c 'proto esp spi')" -eq 2 ]
}

# unread - packets that came with an SA that was not there any more, or yet, at either end
unread()
{
	echo $(($(stat A in_no_sa) + $(n B awk '$1 ~ /^XfrmIn/ { n += $2 } END { print n + 0 }' /proc/net/xfrm_stat)))
}

# t_rekey - two lifetimes end under traffic, short ones of an iked that was started anew: of 40 it has 2 to 6 seconds left
# to rekey. It sends DELETE, installs the new SAs and removes the old ones without waiting for an answer. What is lost is
# what one end had sent with an SA that the other one had not; that is counted, and does not last for seconds
t_rekey()
{
	local before lost which

	stop_iked
	iked_conf 40
	before=$(charon_pairs)
	start_iked A
	wait_for established $((before + 1)) || { logs "no child SA after the restart"; return; }
	wait_for mature || { logs "no SAs or policies in A"; return; }
	ping_some A 10.0.2.1 56
	lost=$(unread)
	drops_mark A
	steady A 10.0.2.1
	for which in first second; do
		before=$(spis)
		wait_for others "$before" || logs "no $which rekeying; A has $(spis | wc -l) SAs"
	done
	wait_for one_pair || logs "B has $(ip -n "${RUN}B" xfrm state | grep -c 'proto esp spi') SAs"
	lost=$(($(unread) - lost))
	steady_end "$lost" || logs "under rekeying, and nobody had an SA for $lost"
	[ "$lost" -le 50 ] || logs "nobody had an SA for $lost"
	drops_are A '' || drops_are A in_no_sa=+ || fail "counters of A: $MOVED"
}

# The cases build on each other: what one has made must not be flushed behind it.
flush_all()
{
	CONF=()
}

need_testudo
lay_peers >/dev/null 2>&1 || skip_all "no openiked and strongSwan: selftests/vm/peers gets them"
setup_t2_inside
write_files
start_charon B || skip_all "charon does not start: $(tail -n 1 "$WORKDIR/starter.log")"
add_case P02_iked_up t_up
add_case P09_iked_restart t_restart
add_case P08_iked_deleted_by_peer t_delete
add_case P09_iked_peer_restart t_peer_restart
add_case P06_iked_rekey t_rekey
run_cases "$@"
