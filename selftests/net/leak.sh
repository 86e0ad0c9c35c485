#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does clear text ever leave under a policy that says require: before there is
# an SA, while SAs and policies come and go, with a masquerading rule?
#
# kernels: all
# timeout: 900
# brief: E12|F21
#
#   H1 ---- G1 ==== captured ==== G2 ---- H2        addresses: lib.sh, T4

. "$(dirname "$0")/../lib.sh"

policies()
{
	sp_pair G1 G2 10.0.1.0/24 10.0.2.0/24 tunnel 20.0.0.1 20.0.0.2
}

keyed()
{
	sa_pair G1 G2 20.0.0.1 20.0.0.2 tunnel gcm16_128
	policies
	commit
}

# stream - numbered datagrams with the marker, from H1 to H2, until killed
stream()
{
	bg H1 ping -n -q -i 0.02 -s 100 -p "$MARK_HEX" 10.0.2.2 >/dev/null 2>&1
	STREAM=$!
}

stream_end()
{
	kill "$STREAM" 2>/dev/null
	wait "$STREAM" 2>/dev/null
}

# esp_more COUNT - that many more packets than now have left G1 protected
esp_more()
{
	ESP_WANT=$(($(stat G1 out_packets) + $1))
	wait_for esp_reached || fail "the stream has stopped: no $1 more ESP packets"
}

esp_reached()
{
	[ "$(stat G1 out_packets)" -ge "$ESP_WANT" ]
}

no_clear()
{
	local clear

	clear=$(in_cap 'icmp and net 10.0.0.0/8')
	[ "$clear" -eq 0 ] || fail "$clear packets in clear on the link"
	! grep -qa "$MARK" "$CAP" || fail "the marker is on the link in clear"
}

t_before_sa()
{
	local out

	mark_new
	policies
	commit
	swallowed G1 H1 10.0.2.2 out_no_sa=2
	out=$(echo x | n G1 socat -u - UDP4:10.0.2.2:9,bind=10.0.1.1 2>&1)
	[[ $out == *"No route to host"* ]] || fail "a local sender is not told: ${out:-nothing}"
}

t_sa_churn()
{
	local i

	mark_new
	keyed
	cap_start WIRE left
	stream
	for i in 1 2 3 4 5 6; do
		esp_more 5
		n G1 setkey -c <<<"delete 20.0.0.1 20.0.0.2 esp $SPI12;"
		n G1 ping -n -c 1 -W 1 10.0.2.2 -I 10.0.1.1 >/dev/null 2>&1 && fail "round $i: a packet got through without an SA"
		n G1 setkey -c <<<"add 20.0.0.1 20.0.0.2 esp $SPI12 -m tunnel -u 0 -E aes-gcm-16 0x$EK12;"
	done
	esp_more 5
	stream_end
	cap_stop
	no_clear
}

t_flush_churn()
{
	local i

	mark_new
	keyed
	cap_start WIRE left
	stream
	for i in 1 2 3 4; do
		esp_more 5
		n G1 setkey -c <<<"flush;"
		n G1 setkey -f - <<-END
			add 20.0.0.1 20.0.0.2 esp $SPI12 -m tunnel -E aes-gcm-16 0x$EK12;
			add 20.0.0.2 20.0.0.1 esp $SPI21 -m tunnel -E aes-gcm-16 0x$EK21;
		END
	done
	esp_more 5
	stream_end
	cap_stop
	no_clear
}

# The policy is replaced by an equal one of another priority, and back: one of
# the two is in force at every moment.
t_policy_churn()
{
	local prio

	mark_new
	keyed
	cap_start WIRE left
	stream
	for prio in 10 -10 20 -20 30 0; do
		esp_more 5
		n G1 setkey -c <<<"spdupdate 10.0.1.0/24 10.0.2.0/24 any -P out prio $prio ipsec esp/tunnel/20.0.0.1-20.0.0.2/require;" ||
			fail "spdupdate refused"
	done
	esp_more 5
	stream_end
	cap_stop
	no_clear
}

t_masquerade()
{
	mark_new
	keyed
	n G1 nft -f - <<-END || { skip "no nftables"; return; }
		table ip nat {
			chain post {
				type nat hook postrouting priority srcnat;
				oifname "out0" masquerade
			}
		}
	END
	cap_start WIRE left
	ping_ok H1 10.0.2.2
	transfer TCP H1 H2 10.0.2.2 100000
	cap_stop
	n G1 nft delete table ip nat
	assert_enc
}

# t_clear_refused NET1 NET2 END1 END2 HOST1 - what is protected on the way out is not taken in clear on the way in
t_clear_refused()
{
	mark_new
	sa_pair G1 G2 "$3" "$4" tunnel gcm16_128
	sp G1 "$1" "$2" out tunnel "$3" "$4"
	sp G1 "$2" "$1" in tunnel "$4" "$3"
	commit
	drops_mark G1
	n H2 ping -n -c 2 -i 0.05 -W 1 "$5" >/dev/null 2>&1 && fail "a clear packet was let in"
	drop_delta G1 in_clear=2
}

need_testudo
setup_t4
add_case "E12 policy_level_require_out" t_before_sa
add_case "E12 no clear text while SAs are deleted and added" t_sa_churn
add_case "L04 no clear text while the SAD is flushed" t_flush_churn
add_case "E24 no clear text while the policy is replaced" t_policy_churn
add_case "F21 no clear text behind a masquerading rule" t_masquerade
add_case "E09 clear text is not let in, v4" t_clear_refused 10.0.1.0/24 10.0.2.0/24 20.0.0.1 20.0.0.2 10.0.1.2
add_case "E09 clear text is not let in, v6" t_clear_refused fd00:1::/64 fd00:2::/64 fc00::1 fc00::2 fd00:1::2
run_cases "$@"
