#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does what NAT and nftables' flow tables do to a packet open a way around the
# policies, outward or inward?
#
# kernels: all
# timeout: 900
# brief: NAT_dnat|FLOW_protected
#
#   H1 ---- G1 ==== captured ==== G2 ---- H2        addresses: lib.sh, T4

. "$(dirname "$0")/../lib.sh"

BURST=20

nft_reset()
{
	n G1 nft flush ruleset
}

# hosts_keyed - transport mode between the gateways' own addresses
hosts_keyed()
{
	sa_pair G1 G2 20.0.0.1 20.0.0.2 transport gcm16_128
	sp_pair G1 G2 20.0.0.1 20.0.0.2 transport
	commit
}

nets_keyed()
{
	sa_pair G1 G2 20.0.0.1 20.0.0.2 tunnel gcm16_128
	sp_pair G1 G2 10.0.1.0/24 10.0.2.0/24 tunnel 20.0.0.1 20.0.0.2
	commit
}

# The answers come from H1's address, and get G1's behind the place where they are caught.
t_dnat_reply()
{
	local outside inside pid

	outside=$(rnd_port) inside=$(rnd_port)
	mark_new
	n G1 nft -f - <<-END || { skip "no NAT in this kernel"; return; }
		table ip t {
			chain pre {
				type nat hook prerouting priority dstnat
				tcp dport $outside dnat to 10.0.1.2:$inside
			}
		}
	END
	hosts_keyed
	drops_mark G1
	cap_start WIRE left
	bg H1 socat "TCP4-LISTEN:$inside,reuseaddr" PIPE
	pid=$BG_PID
	wait_for listening H1 -t "$inside" || fail "no listener"
	yes "$MARK" | head -c 50000 >"$WORKDIR/sent"
	n G2 timeout "$((TEST_TIMEOUT * 2))" socat -t "$TEST_TIMEOUT" - \
		"TCP4:20.0.0.1:$outside,connect-timeout=$TEST_TIMEOUT" <"$WORKDIR/sent" >"$WORKDIR/got"
	kill "$pid" 2>/dev/null
	cap_stop
	cmp -s "$WORKDIR/sent" "$WORKDIR/got" || fail "the echo has $(wc -c <"$WORKDIR/got") of 50000 bytes"
	assert_enc
	drop_delta G1
	nft_reset
}

# The policy names the address that G1's NAT gives H1.
t_snat()
{
	mark_new
	n G1 nft -f - <<-END || { skip "no NAT in this kernel"; return; }
		table ip t {
			chain post {
				type nat hook postrouting priority srcnat
				oifname out0 masquerade
			}
		}
	END
	cap_start WIRE left
	ping_ok H1 20.0.0.2 56 1
	cap_stop
	assert_clear
	hosts_keyed
	drops_mark G1
	cap_start WIRE left
	ping_dead H1 20.0.0.2
	ping_ok G1 20.0.0.2
	cap_stop
	assert_enc
	drop_delta G1 out_nat=2
	nft_reset
}

# flowtable_on - every TCP and UDP connection through G1 is to be offloaded
flowtable_on()
{
	modprobe -q nft_flow_offload || { skip "no flow tables in this kernel"; return 1; }
	n G1 nft -f - <<-END || fail "nft does not take the flow table"
		table inet t {
			counter seen { }
			flowtable f {
				hook ingress priority 0
				devices = { in0, out0 }
			}
			chain forward {
				type filter hook forward priority 0
				meta l4proto { tcp, udp } counter name seen flow add @f
			}
		}
	END
}

# seen - packets that came by in FORWARD
seen()
{
	n G1 nft list counter inet t seen | awk '$1 == "packets" { print $2 }'
}

# burst FROM ADDRESS PORT TO ADDRESS PORT - datagrams with the marker
burst()
{
	n "$1" python3 - "$2" "$3" "$5" "$6" "$MARK" "$BURST" <<-'END'
		import socket, sys, time
		src, sport, dst, dport, mark, count = sys.argv[1:]
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind((src, int(sport)))
		for i in range(int(count)):
		    s.sendto(mark.encode(), (dst, int(dport)))
		    time.sleep(0.005)
	END
}

burst_there()
{
	[ "$(wc -c <"$WORKDIR/udp")" -ge $((BURST * ${#MARK})) ]
}

# burst_ok SPORT DPORT - from H1 to H2, and all of them arrive
burst_ok()
{
	local pid

	: >"$WORKDIR/udp"
	bg H2 socat -u "UDP4-RECV:$2" "OPEN:$WORKDIR/udp,append"
	pid=$BG_PID
	wait_for listening H2 -u "$2" || fail "no listener"
	burst H1 10.0.1.2 "$1" H2 10.0.2.2 "$2"
	wait_for burst_there || fail "$(wc -c <"$WORKDIR/udp") of $((BURST * ${#MARK})) bytes arrived"
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}

# Forged clear text for the same connection is refused, too.
t_flowtable()
{
	local sport dport

	sport=$(rnd_port) dport=$(rnd_port)
	mark_new
	flowtable_on || return
	nets_keyed
	drops_mark G1
	cap_start WIRE left
	burst_ok "$sport" "$dport"
	transfer TCP H1 H2 10.0.2.2 100000
	transfer TCP H2 H1 10.0.1.2 100000
	cap_stop
	assert_enc
	drop_delta G1

	flush G2
	burst H2 10.0.2.2 "$dport" H1 10.0.1.2 "$sport"
	drop_delta G1 "in_clear=$BURST"
	nft_reset
}

# A connection that is in the flow table when the policy comes.
t_flowtable_late()
{
	local sport dport

	sport=$(rnd_port) dport=$(rnd_port)
	mark_new
	flowtable_on || return
	burst_ok "$sport" "$dport"
	[ "$(seen)" -lt "$BURST" ] || fail "the flow table took nothing: FORWARD saw $(seen) of $BURST"
	nets_keyed
	cap_start WIRE left
	burst_ok "$sport" "$dport"
	cap_stop
	assert_enc
	nft_reset
}

need_testudo
setup_t4
add_case NAT_dnat_reply_is_protected t_dnat_reply
add_case NAT_snat_never_in_clear t_snat
add_case FLOW_protected_is_not_offloaded t_flowtable
add_case FLOW_policy_comes_later t_flowtable_late
run_cases "${1:-}"
