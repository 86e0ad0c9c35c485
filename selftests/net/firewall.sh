#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does what NAT and nftables' flow tables do to a packet open a way around the
# policies, outward or inward? Is it lost by rp_filter, or answered by a redirect?
#
# kernels: all
# timeout: 900
# brief: NAT_dnat|NAT_snat_tunnel_v4|NAT_snat_no_sa|FLOW_protected
#
#   H1 ---- G1 ==== captured ==== G2 ---- H2        addresses: lib.sh, T4

. "$(dirname "$0")/../lib.sh"

BURST=20
declare -A HOST1=([4]=10.0.1.2 [6]=fd00:1::2) HOST2=([4]=10.0.2.2 [6]=fd00:2::2)

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

# nets_keyed [4|6] - a tunnel between the hosts' networks
nets_keyed()
{
	if [ "${1:-4}" = 4 ]; then
		sa_pair G1 G2 20.0.0.1 20.0.0.2 tunnel gcm16_128
		sp_pair G1 G2 10.0.1.0/24 10.0.2.0/24 tunnel 20.0.0.1 20.0.0.2
	else
		sa_pair G1 G2 fc00::1 fc00::2 tunnel gcm16_128
		sp_pair G1 G2 fd00:1::/64 fd00:2::/64 tunnel fc00::1 fc00::2
	fi
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

# masquerade_on - by G1; it counts the connections that are new in FORWARD, and H1's packets in POST_ROUTING in
# front of source NAT and behind it
masquerade_on()
{
	n G1 nft -f - <<-END || { skip "no NAT in this kernel"; return 1; }
		table inet t {
			counter new { }
			counter syn { }
			counter front { }
			counter behind { }
			chain forward {
				type filter hook forward priority 0
				iifname in0 ct state new counter name new
				iifname in0 tcp flags & (syn | ack) == syn counter name syn
			}
			chain early {
				type filter hook postrouting priority 50
				iifname in0 oifname out0 counter name front
			}
			chain late {
				type filter hook postrouting priority 300
				iifname in0 oifname out0 counter name behind
			}
			chain post {
				type nat hook postrouting priority srcnat
				oifname out0 ${1:-masquerade}
			}
		}
	END
}

# counted NAME - packets that one of them has seen since the last time
counted()
{
	n G1 nft reset counter inet t "$1" | awk '$1 == "packets" { print $2 }'
}

# one_by_one ADDRESS - three pings of H1 as one connection, which is no new one when the first is answered
one_by_one()
{
	local i id

	id=$(rnd_port)
	for i in 1 2 3; do
		pings H1 1 -e "$id" -p "$MARK_HEX" "$1"
	done
}

# The policy names the address that G1's NAT gives H1, and what was clear before is protected with it.
t_snat_transport()
{
	mark_new
	masquerade_on || return
	cap_start WIRE left
	ping_ok H1 20.0.0.2 56 1
	cap_stop
	assert_clear
	hosts_keyed
	counted new >/dev/null
	drops_mark G1
	cap_start WIRE left
	one_by_one 20.0.0.2
	equal "$(counted new)" 1 "new connections in three packets of one"
	ping_ok G1 20.0.0.2
	transfer TCP H1 G2 20.0.0.2 100000
	cap_stop
	assert_enc
	drop_delta G1
	nft_reset
}

# snat_keyed 4|6 - a tunnel from G1's own address to H2's net
snat_keyed()
{
	local a=20.0.0.1 b=20.0.0.2

	[ "$1" = 4 ] || a=fc00::1 b=fc00::2
	sa_pair G1 G2 "$a" "$b" tunnel gcm16_128
	snat_policies "$1"
	commit
}

snat_policies()
{
	if [ "$1" = 4 ]; then
		sp_pair G1 G2 20.0.0.1/32 10.0.2.0/24 tunnel 20.0.0.1 20.0.0.2
	else
		sp_pair G1 G2 fc00::1/128 fd00:2::/64 tunnel fc00::1 fc00::2
	fi
}

# Every rule sees every packet once, and conntrack the connection from its first packet on.
t_snat_tunnel()
{
	local dst=10.0.2.2 src=10.0.1.1 new syn

	[ "$1" = 4 ] || dst=fd00:2::2 src=fd00:1::1
	mark_new
	masquerade_on || return
	snat_keyed "$1"
	drops_mark G1
	drops_mark G2
	cap_start WIRE left
	one_by_one "$dst"
	equal "$(counted new) $(counted front) $(counted behind)" "1 3 3" \
		"new connections, packets in front of NAT, packets behind it"
	counted syn >/dev/null
	transfer TCP H1 H2 "$dst" 100000
	# it may have to be said twice
	new=$(counted new) syn=$(counted syn)
	[ "$new" -ge 1 ] && [ "$new" -le "$syn" ] || fail "$new packets of a new connection of TCP, which has $syn SYNs"
	burst_ok "$1" "$(rnd_port)" "$(rnd_port)"
	# a sender of G1's own
	pings G1 2 -p "$MARK_HEX" -I "$src" "$dst"
	cap_stop
	assert_enc
	drop_delta G1
	drop_delta G2
	nft_reset
}

# registered - a keying daemon that never answers, in G1
registered()
{
	bg G1 /usr/bin/python3 -c '
import socket, struct, sys
s = socket.socket(15, socket.SOCK_RAW, 2)
s.send(struct.pack("=BBBBHHII", 2, 7, 0, 3, 2, 0, 1, 1))
print("there", len(s.recv(4096)), flush=True)
while True:
    s.recv(4096)
' >"$WORKDIR/daemon"
	wait_for grep -q there "$WORKDIR/daemon" || fail "no PF_KEY socket"
}

held_now()
{
	[ "$(stat G1 held)" -gt "$1" ]
}

# The first packet waits for its SA behind NAT, and goes on from there.
t_snat_no_sa()
{
	local before pid daemon mine

	mark_new
	masquerade_on || return
	snat_policies 4
	commit
	swallowed G1 H1 10.0.2.2 out_no_sa=2

	registered
	daemon=$BG_PID
	before=$(stat G1 held)
	drops_mark G1
	counted new >/dev/null
	counted behind >/dev/null
	cap_start WIRE left
	bg H1 ping -n -c 1 -W "$TEST_TIMEOUT" -p "$MARK_HEX" 10.0.2.2 >"$WORKDIR/ping"
	pid=$BG_PID
	wait_for held_now "$before" || fail "no packet waits"
	equal "$(counted behind)" 0 "packets of H1 behind NAT without an SA"
	# the packet that waited comes back once only: the one on the way out is the last to be there
	sa_pair G1 G2 20.0.0.1 20.0.0.2 tunnel gcm16_128
	mine=$(tac <<<"${CONF[G1]}")
	unset "CONF[G1]"
	commit
	CONF[G1]=$mine
	commit
	wait "$pid" || fail "the packet that waited has no answer: $(tail -n 2 "$WORKDIR/ping")"
	one_by_one 10.0.2.2
	cap_stop
	assert_enc
	equal "$(counted new) $(counted behind)" "2 4" "new connections, packets behind NAT"
	drop_delta G1
	kill "$daemon"
	nft_reset
}

# mtu_said 4|6 SIZE ADDRESS - what H1 is told of a packet without fragments that starts a connection
mtu_said()
{
	local out

	# the error ends it
	out=$(n H1 ping "-$1" -n -M "do" -c 1 -W "$TEST_TIMEOUT" -s "$2" "$3" 2>&1)
	grep -oE '^From [0-9a-f.:]+[^0-9a-f.:]|mtu ?= ?[0-9]+' <<<"$out" | tr -d ' \n' | head -c 60
}

# Who is told of the MTU is the sender, not the address that it was given.
t_snat_too_big()
{
	masquerade_on || return
	snat_keyed 4
	snat_keyed 6
	drops_mark G1
	[[ $(mtu_said 4 1472 10.0.2.2) == From10.0.1.1*mtu=1446* ]] || fail "IPv4: $(mtu_said 4 1472 10.0.2.2)"
	[[ $(mtu_said 6 1452 fd00:2::2) == Fromfd00:1::1*mtu=1426* ]] || fail "IPv6: $(mtu_said 6 1452 fd00:2::2)"
	ping_ok H1 10.0.2.2 1418
	ping_ok H1 fd00:2::2 1378
	drop_delta G1 out_too_big=2
	n H1 ip route flush cache
	n H1 ip -6 route flush cache
	nft_reset
}

# Of multicast the kernel makes copies for this host that look like those for the wire.
t_snat_multicast()
{
	mark_new
	masquerade_on "ip daddr 224.0.1.9 snat ip to 20.0.0.9" || return
	sa_pair G1 G2 20.0.0.1 20.0.0.2 tunnel gcm16_128
	sp G1 20.0.0.9/32 224.0.1.9/32 out tunnel 20.0.0.1 20.0.0.2
	commit
	drops_mark G1
	cap_start WIRE left
	n G1 python3 - "$MARK" <<-'END' || fail "the sender is not told"
		import socket, sys
		group, own = socket.inet_aton("224.0.1.9"), socket.inet_aton("20.0.0.1")
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + own)
		s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
		try:
		    s.sendto(sys.argv[1].encode(), ("224.0.1.9", 9))
		except PermissionError:
		    sys.exit(0)
		sys.exit(1)
	END
	cap_stop
	assert_nothing
	drop_delta G1 out_nat=2
	nft_reset
}

# conntrack's helpers come behind NAT, too: this one writes the translated address into what H1 says of itself.
t_snat_helper()
{
	local port pid said

	port=$(rnd_port)
	mark_new
	masquerade_on || return
	modprobe -q nf_nat_ftp
	n G1 nft -f - <<-END || { skip "no conntrack helper for FTP"; return; }
		table inet t {
			ct helper ftp {
				type "ftp" protocol tcp
				l3proto ip
			}
			chain pre {
				type filter hook prerouting priority 0
				meta nfproto ipv4 meta l4proto tcp ct helper set "ftp"
			}
		}
	END
	snat_keyed 4
	drops_mark G1
	cap_start WIRE left
	bg H2 socat "TCP4-LISTEN:$port,reuseaddr" PIPE
	pid=$BG_PID
	wait_for listening H2 -t "$port" || fail "no listener"
	said=$(n H1 timeout "$TEST_TIMEOUT" /usr/bin/python3 -c '
import socket, sys
s = socket.create_connection(("10.0.2.2", int(sys.argv[1])))
for line in b"USER x\r\n", b"PORT 10,0,1,2,9,9\r\n":
    s.sendall(line)
    print(s.makefile("rb").readline().decode().strip())
' "$port" | tail -n 1)
	kill "$pid" 2>/dev/null
	cap_stop
	[[ $said == "PORT 20,0,0,1,"* ]] || fail "behind NAT H1 says '$said'"
	assert_enc
	drop_delta G1
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
		s = socket.socket(socket.AF_INET6 if ":" in src else socket.AF_INET, socket.SOCK_DGRAM)
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

# burst_ok 4|6 SPORT DPORT - from H1 to H2, and all of them arrive
burst_ok()
{
	local pid

	: >"$WORKDIR/udp"
	bg H2 socat -u "UDP$1-RECV:$3" "OPEN:$WORKDIR/udp,append"
	pid=$BG_PID
	wait_for listening H2 -u "$3" || fail "no listener"
	burst H1 "${HOST1[$1]}" "$2" H2 "${HOST2[$1]}" "$3"
	wait_for burst_there || fail "$(wc -c <"$WORKDIR/udp") of $((BURST * ${#MARK})) bytes arrived"
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}

# t_flowtable 4|6 - forged clear text for the same connection is refused, too
t_flowtable()
{
	local v=$1 sport dport

	sport=$(rnd_port) dport=$(rnd_port)
	mark_new
	flowtable_on || return
	nets_keyed "$v"
	drops_mark G1
	cap_start WIRE left
	burst_ok "$v" "$sport" "$dport"
	transfer TCP H1 H2 "${HOST2[$v]}" 100000
	transfer TCP H2 H1 "${HOST1[$v]}" 100000
	cap_stop
	assert_enc
	drop_delta G1

	# what TCP may still have to say is not to be counted with it
	n G2 nft "table inet quiet { chain f { type filter hook forward priority 0; meta l4proto tcp drop; }; }"
	flush G2
	burst H2 "${HOST2[$v]}" "$dport" H1 "${HOST1[$v]}" "$sport"
	drop_delta G1 "in_clear=$BURST"
	n G2 nft delete table inet quiet
	nft_reset
}

# t_flowtable_late 4|6 - a connection that is in the flow table when the policy comes
t_flowtable_late()
{
	local v=$1 sport dport

	sport=$(rnd_port) dport=$(rnd_port)
	mark_new
	flowtable_on || return
	burst_ok "$v" "$sport" "$dport"
	[ "$(seen)" -lt "$BURST" ] || fail "the flow table took nothing: FORWARD saw $(seen) of $BURST"
	nets_keyed "$v"
	cap_start WIRE left
	burst_ok "$v" "$sport" "$dport"
	cap_stop
	assert_enc
	nft_reset
}

# filtered - packets that G2's rp_filter has dropped
filtered()
{
	n G2 awk '$1 == "TcpExt:" && !n { split($0, name); n = 1; next }
		$1 == "TcpExt:" { for (i = 2; i <= NF; i++) if (name[i] == "IPReversePathFilter") print $i }' /proc/net/netstat
}

filters()
{
	[ "$(filtered)" -gt "$1" ]
}

# What comes out of a tunnel on out0 is from where the routes lead to another device.
t_rpf()
{
	local before

	mark_new
	n G2 ip link add side type dummy || { skip "no dummy devices in this kernel"; return; }
	n G2 ip link set side up
	n G2 ip route replace 10.0.1.0/24 dev side
	n G2 ip route add 10.0.9.0/24 dev side
	n G1 ip addr add 10.0.9.1/32 dev lo
	n G2 sysctl -qw net.ipv4.conf.all.rp_filter=1
	nets_keyed
	drops_mark G2
	before=$(filtered)
	cap_start WIRE left
	ping_ok H1 10.0.2.2
	transfer TCP H1 H2 10.0.2.2 20000
	cap_stop
	assert_enc
	equal "$(filtered)" "$before" "packets that rp_filter dropped"
	drop_delta G2
	# clear text from the wrong side
	! n G1 ping -n -c 1 -W 1 -I 10.0.9.1 10.0.2.2 >/dev/null || fail "a forged source was answered"
	wait_for filters "$before" || fail "rp_filter let a forged source pass"
	n G2 sysctl -qw net.ipv4.conf.all.rp_filter=0
	n G2 ip route del 10.0.9.0/24 dev side
	n G2 ip route replace 10.0.1.0/24 via 20.0.0.1
	n G2 ip link del side
	n G1 ip addr del 10.0.9.1/32 dev lo
}

# Out of the tunnel, and by the same device to a neighbour of its sender, who is not to go there by itself.
t_redirect()
{
	mark_new
	n G2 ip neigh replace 20.0.0.7 lladdr 02:00:00:00:00:07 dev out0
	n G2 ip -6 neigh replace fc00::7 lladdr 02:00:00:00:00:07 dev out0
	sa_pair G1 G2 20.0.0.1 20.0.0.2 tunnel gcm16_128
	sp_pair G1 G2 20.0.0.1/32 20.0.0.7/32 tunnel 20.0.0.1 20.0.0.2
	sp_pair G1 G2 fc00::1/128 fc00::7/128 tunnel 20.0.0.1 20.0.0.2
	commit
	drops_mark G2
	cap_start WIRE left
	ping_dead G1 20.0.0.7
	ping_dead G1 fc00::7
	wait_for cap_has 4 "$ESP" || fail "no ESP on the link"
	cap_stop
	equal "$(in_cap 'icmp[icmptype] == icmp-redirect or (icmp6 and ip6[40] == 137)')" 0 "redirects on the link"
	drop_delta G2 out_quote=+
	n G2 ip neigh del 20.0.0.7 dev out0
	n G2 ip -6 neigh del fc00::7 dev out0
}

need_testudo
setup_t4
add_case NAT_dnat_reply_is_protected t_dnat_reply
add_case NAT_snat_transport t_snat_transport
add_case NAT_snat_tunnel_v4 t_snat_tunnel 4
add_case NAT_snat_tunnel_v6 t_snat_tunnel 6
add_case NAT_snat_no_sa t_snat_no_sa
add_case NAT_snat_too_big t_snat_too_big
add_case NAT_snat_multicast_never_in_clear t_snat_multicast
add_case NAT_snat_helper t_snat_helper
add_case FLOW_protected_is_not_offloaded t_flowtable 4
add_case FLOW_protected_is_not_offloaded_v6 t_flowtable 6
add_case FLOW_policy_comes_later t_flowtable_late 4
add_night FLOW_policy_comes_later_v6 t_flowtable_late 6
add_case RPF_strict t_rpf
add_case RED_no_redirect t_redirect
run_cases "${1:-}"
