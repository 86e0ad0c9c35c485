#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Do bulk TCP, UDP bursts and awkward buffers arrive whole, with segmentation
# offload on and off, and does no frame exceed the link?
#
# kernels: all
# timeout: 900
# brief: 4in4_offload_on|udp_gso_v4|headroom|transport_v6_offload_on|big_tcp
#
#   H1 ---- G1 ==== ESP ==== G2 ---- H2        addresses: lib.sh, T4

. "$(dirname "$0")/../lib.sh"

BYTES=${BULK_BYTES:-1000000}

# offload on|off - on every link end, unless it is so already; on includes GRO at the receivers
offload()
{
	local node dev

	[ "${OFFLOAD:-}" != "$1" ] || return 0
	OFFLOAD=$1
	for node in H1:eth0 G1:in0 G1:out0 G2:in0 G2:out0 H2:eth0; do
		dev=${node#*:}
		n "${node%:*}" ethtool -K "$dev" tso "$1" gso "$1" gro "$1" tx "$1" >/dev/null 2>&1
	done
	return 0
}

# keyed INNER OUTER ENC AUTH
keyed()
{
	local net1=10.0.1.0/24 net2=10.0.2.0/24 a=20.0.0.1 b=20.0.0.2

	[ "$1" = 4 ] || { net1=fd00:1::/64; net2=fd00:2::/64; }
	[ "$2" = 4 ] || { a=fc00::1; b=fc00::2; }
	sa_pair G1 G2 "$a" "$b" tunnel "$3" "$4"
	sp_pair G1 G2 "$net1" "$net2" tunnel "$a" "$b"
	commit
}

# oversized - frames on the captured link that are larger than it, or fragments
oversized()
{
	equal "$(in_cap 'greater 1515')" 0 "frames larger than the link"
	equal "$(in_cap 'ip[6:2] & 0x3fff != 0 or ip6 proto 44')" 0 "fragments on the link"
}

t_tunnel_bulk()
{
	local dst=10.0.2.2 back=10.0.1.2

	offload "$5"
	[ "$1" = 4 ] || { dst=fd00:2::2; back=fd00:1::2; }
	keyed "$1" "$2" "$3" "$4"
	cap_start WIRE left
	transfer TCP H1 H2 "$dst" "$BYTES"
	transfer TCP H2 H1 "$back" "$BYTES"
	cap_stop
	oversized
}

# t_local_bulk FAMILY ENC AUTH OFFLOAD - the gateways themselves, transport mode: super-packets meet the stack as sent
t_local_bulk()
{
	local a=20.0.0.1 b=20.0.0.2

	offload "$4"
	if [ "$1" = 6 ]; then
		a=fc00::1 b=fc00::2
		n G1 ping -c 1 -W 5 "$b" >/dev/null
	fi
	sa_pair G1 G2 "$a" "$b" transport "$2" "$3"
	UPPER=tcp sp_pair G1 G2 "$a" "$b" transport "$a" "$b"
	commit
	cap_start WIRE left
	transfer TCP G1 G2 "$b" "$BYTES"
	transfer TCP G2 G1 "$a" "$BYTES"
	cap_stop
	oversized
}

# t_udp_gso FAMILY - one send of many datagrams: each boundary is kept
t_udp_gso()
{
	offload on
	keyed "$1" "$1" gcm16_128 none
	expect /usr/bin/python3 - "$RUN" "$1" <<'PY'
import ctypes, os, socket, struct, sys, time
run, v = sys.argv[1], int(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
def inside(node, make):
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{run}{node}", os.O_RDONLY)
    libc.setns(there, 0x40000000)
    try:
        return make()
    finally:
        libc.setns(home, 0x40000000)
family = socket.AF_INET if v == 4 else socket.AF_INET6
dst = "10.0.2.2" if v == 4 else "fd00:2::2"
rx = inside("H2", lambda: socket.socket(family, socket.SOCK_DGRAM))
tx = inside("H1", lambda: socket.socket(family, socket.SOCK_DGRAM))
rx.bind((dst, 0))
rx.settimeout(30)
for size, count in ((100, 3), (1200, 40), (1, 20), (1300, 13)):
    data = os.urandom(size * count - (size > 1))
    tx.sendmsg([data], [(socket.SOL_UDP, 103, struct.pack("=H", size))], 0, (dst, rx.getsockname()[1]))
    for at in range(0, len(data), size):
        got = rx.recv(65536)
        assert got == data[at:at + size], f"datagram at {at} of {size} x {count}: {len(got)} bytes"
# MSG_MORE makes buffers of odd pieces, down to one byte. The first that exceeds the
# tunnel may be lost to Packet Too Big, from which the sender learns. It is sent
# again, so copies of the one before may still come; they are of another size.
rx.settimeout(1)
for pieces in ((1, 1, 1), (1000, 1, 7, 300), (1, 1400), (9, 5000, 3)):
    parts = [os.urandom(n) for n in pieces]
    want, got, end = b"".join(parts), b"", time.monotonic() + 30
    while got != want and time.monotonic() < end:
        for part in parts[:-1]:
            tx.sendto(part, socket.MSG_MORE, (dst, rx.getsockname()[1]))
        tx.sendto(parts[-1], (dst, rx.getsockname()[1]))
        try:
            got = rx.recv(65536)
            while got != want and len(got) != len(want):
                got = rx.recv(65536)
        except TimeoutError:
            pass
    assert got == want, f"pieces {pieces}: the last datagram has {len(got)} bytes"
PY
}

# t_headroom - the route to the peer leads through a device that leaves no room, and one more header
t_headroom()
{
	offload on
	ip -n "${RUN}G1" tunnel add t0 mode ipip local 20.0.0.1 remote 20.0.0.2 2>/dev/null || { skip "no ipip device"; return; }
	ip -n "${RUN}G2" tunnel add t0 mode ipip local 20.0.0.2 remote 20.0.0.1
	ip -n "${RUN}G1" link set t0 up
	ip -n "${RUN}G2" link set t0 up
	addr G1 t0 30.0.0.1/24
	addr G2 t0 30.0.0.2/24
	mark_new
	sa_pair G1 G2 30.0.0.1 30.0.0.2 tunnel aes128 sha256
	sp_pair G1 G2 10.0.1.0/24 10.0.2.0/24 tunnel 30.0.0.1 30.0.0.2
	commit
	n G1 ip route replace 10.0.2.0/24 via 30.0.0.2
	n G2 ip route replace 10.0.1.0/24 via 30.0.0.1
	# what G1 sends, in whatever form: the device has no addresses that could tell
	cap_start G1 t0 'not src host 30.0.0.2 and not src net 10.0.2.0/24'
	ping_ok H1 10.0.2.2 100
	ping_some H1 10.0.2.2 5000
	transfer TCP H1 H2 10.0.2.2 200000
	cap_stop
	assert_enc
	n G1 ip route replace 10.0.2.0/24 via 20.0.0.2
	n G2 ip route replace 10.0.1.0/24 via 20.0.0.1
	ip -n "${RUN}G1" link del t0
	ip -n "${RUN}G2" link del t0
}

# t_no_black_hole - hosts with 1500-byte links and a tunnel between: TCP finds its way, also with DF set
t_no_black_hole()
{
	offload on
	keyed 4 4 aes256 sha512
	drops_mark G1
	transfer TCP H1 H2 10.0.2.2 300000
	flush_all
	keyed 6 6 aes256 sha512
	transfer TCP H1 H2 fd00:2::2 300000
}

# t_signed - TCP-MD5, whose segments must not be cut; the tunnel comes when the MSS is settled
t_signed()
{
	local pid

	offload on
	rm -f "$WORKDIR/up" "$WORKDIR/keyed"
	/usr/bin/python3 - "$RUN" "$WORKDIR" >"$WORKDIR/signed" 2>&1 <<'PY' &
import os, socket, struct, sys, threading, time
import ctypes
run, work = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
def tcp(node, peer):
    there = os.open(f"/run/netns/{run}{node}", os.O_RDONLY)
    libc.setns(there, 0x40000000)
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    where = struct.pack("=HH4s120x", socket.AF_INET, 0, socket.inet_aton(peer))
    try:
        s.setsockopt(socket.IPPROTO_TCP, 14, where + struct.pack("=BBHi80s", 0, 0, 6, 0, b"secret"))
    except OSError as err:
        sys.exit(f"skip: TCP-MD5: {err}")
    return s
listener = tcp("H2", "10.0.1.2")
listener.bind(("10.0.2.2", 0))
listener.listen()
tx = tcp("H1", "10.0.2.2")
tx.settimeout(90)
tx.connect(listener.getsockname())
rx = listener.accept()[0]
rx.settimeout(90)
open(work + "/up", "w").close()
while not os.path.exists(work + "/keyed"):
    time.sleep(0.05)
data = os.urandom(100000)
threading.Thread(target=tx.sendall, args=(data,), daemon=True).start()
got = b""
while len(got) < len(data):
    got += rx.recv(65536)
assert got == data, "other bytes"
print("through")
PY
	pid=$!
	PIDS+=("$pid")
	wait_for test -e "$WORKDIR/up" -o ! -e "/proc/$pid"
	if [ ! -e "$WORKDIR/up" ]; then
		case $(cat "$WORKDIR/signed") in
		"skip: "*) skip "$(cut -c 7- "$WORKDIR/signed")" ;;
		*) fail "no connection: $(tail -n 1 "$WORKDIR/signed")" ;;
		esac
		kill "$pid" 2>/dev/null
		return
	fi
	keyed 4 4 gcm16_128 none
	touch "$WORKDIR/keyed"
	wait "$pid" || fail "$(tail -n 1 "$WORKDIR/signed")"
}

# t_sctp_fragments - a socket here that is deaf to its MTU, and a checksum that is no Internet sum
t_sctp_fragments()
{
	modprobe sctp 2>/dev/null
	[ -e /proc/net/protocols ] && grep -q ^SCTP /proc/net/protocols || { skip "no SCTP"; return; }
	offload on
	sa_pair G1 G2 20.0.0.1 20.0.0.2 tunnel gcm16_128
	sp_pair G1 G2 20.0.0.1 10.0.2.2 tunnel 20.0.0.1 20.0.0.2
	commit
	drops_mark G1
	transfer SCTP G1 H2 10.0.2.2 100000
	drop_delta G1
}

# t_sctp_messages INNER OUTER - large ones by a tunnel
t_sctp_messages()
{
	local dst=10.0.2.2

	modprobe sctp 2>/dev/null
	[ -e /proc/net/sctp ] || { skip "no SCTP in this kernel"; return; }
	offload on
	[ "$1" = 4 ] || dst=fd00:2::2
	keyed "$1" "$2" gcm16_128 none
	transfer SCTP H1 H2 "$dst" 1000
	transfer SCTP H1 H2 "$dst" 65535
}

# marks - from here on none_cut and drop_delta look
marks()
{
	local node

	for node in G1 G2; do
		drops_mark $node
		cut_mark $node
	done
}

# t_switch hosts|ends V FEATURE on|off - one thing is otherwise at one end, which sends first and receives then
t_switch()
{
	local who=$1 v=$2 a=20.0.0.1 b=20.0.0.2 dst=10.0.2.2 node

	[ "$v" = 4 ] || a=fc00::1 b=fc00::2 dst=fd00:2::2
	offload on
	if [ "$who" = hosts ]; then
		keyed "$v" "$v" gcm16_128 none
	else
		dst=$b
		ping_ok G1 "$b" 56 1
		sa_pair G1 G2 "$a" "$b" transport gcm16_128
		UPPER=tcp sp_pair G1 G2 "$a" "$b" transport "$a" "$b"
		commit
	fi
	marks
	for node in H1:eth0 G1:in0 G1:out0; do
		n "${node%:*}" ethtool -K "${node#*:}" "$3" "$4" >/dev/null || fail "no $3 at $node"
	done
	if [ "$who" = hosts ]; then
		bulk H1 H2 "$dst" $((BYTES / 2))
	else
		bulk G1 G2 "$dst" $((BYTES / 2))
	fi
	drop_delta G1
	drop_delta G2
	none_cut G1 G2
	# what depends on it went with it
	for node in H1:eth0 G1:in0 G1:out0; do
		n "${node%:*}" ethtool -K "${node#*:}" rx on tx on sg on tso on gso on gro on rx-gro-list off >/dev/null
	done
}

# t_big_tcp - super-packets of more than 64 kB, which have a header of their own on old kernels
t_big_tcp()
{
	local node big

	offload on
	for node in H1:eth0 G1:in0 G1:out0; do
		ip -n "$RUN${node%:*}" link set "${node#*:}" gso_max_size 185000 gro_max_size 185000 2>/dev/null ||
			{ skip "no BIG TCP in this kernel"; return; }
	done
	# however slow the machine is, TCP fills them at once
	for node in H1 G1 H2 G2; do
		n "$node" sysctl -qw net.ipv4.tcp_tso_rtt_log=30 net.ipv4.tcp_rmem="4096 2000000 6000000" \
			net.ipv4.tcp_wmem="4096 2000000 6000000"
	done
	ip -n "${RUN}H1" route replace fd00:2::2 via fd00:1::1 initcwnd 300
	ip -n "${RUN}G1" route replace fc00::2 dev out0 initcwnd 300
	for node in H1 G1; do
		n "$node" nft "table inet big { counter seen { }; chain out { type filter hook output priority 0;
			meta l4proto tcp meta length > 66000 counter name seen; }; }"
	done
	marks
	keyed 6 6 gcm16_128 none
	bulk H1 H2 fd00:2::2 $((BYTES * 2))
	flush_all
	ping_ok G1 fc00::2 56 1
	sa_pair G1 G2 fc00::1 fc00::2 transport gcm16_128
	UPPER=tcp sp_pair G1 G2 fc00::1 fc00::2 transport fc00::1 fc00::2
	commit
	bulk G1 G2 fc00::2 $((BYTES * 2))
	drop_delta G1
	drop_delta G2
	none_cut G1 G2
	for node in H1 G1; do
		big=$(n "$node" nft list counter inet big seen | awk '$1 == "packets" { print $2 }')
		[ "$big" -gt 0 ] || fail "$node has sent no super-packet of more than 64 kB"
		n "$node" nft delete table inet big
	done
	ip -n "${RUN}H1" route del fd00:2::2
	ip -n "${RUN}G1" route del fc00::2
	for node in H1:eth0 G1:in0 G1:out0; do
		ip -n "$RUN${node%:*}" link set "${node#*:}" gso_max_size 65536 gro_max_size 65536
	done
}

need_module
setup_t4
watch_cut G1 out0
watch_cut G2 out0
for pair in "4 4" "6 6" "4 6" "6 4"; do
	read -r inner outer <<<"$pair"
	add_case "G02_tcp_bulk_tunnel_${inner}in${outer}_offload_on" t_tunnel_bulk "$inner" "$outer" gcm16_128 none on
done
for family in 4 6; do
	add_case "G02_tcp_bulk_transport_v${family}_offload_on" t_local_bulk $family gcm16_128 none on
	add_case "G03_udp_gso_v${family}" t_udp_gso $family
done
add_case G10_headroom_starved_device t_headroom
add_case F22_tcp_no_black_hole t_no_black_hole
add_case G20_tcp_md5_segments t_signed
add_case G21_sctp_fragments t_sctp_fragments
for family in 4 6; do
	add_case "G02_tcp_bulk_tunnel_${family}in${family}_offload_off" t_tunnel_bulk $family $family aes128 sha256 off
	add_case "G02_tcp_bulk_transport_v${family}_offload_off" t_local_bulk $family chacha none off
done
add_night G21_sctp_messages_4in6 t_sctp_messages 4 6
add_night G21_sctp_messages_6in4 t_sctp_messages 6 4
for what in gso tx; do
	add_case "G02_switch_${what}_off_tunnel_4in4" t_switch hosts 4 $what off
done
for what in tso gro rx sg; do
	add_night "G02_switch_${what}_off_tunnel_4in4" t_switch hosts 4 $what off
done
for what in tso gso gro tx rx sg; do
	add_night "G02_switch_${what}_off_tunnel_6in6" t_switch hosts 6 $what off
	add_night "G02_switch_${what}_off_transport_v4" t_switch ends 4 $what off
	add_night "G02_switch_${what}_off_transport_v6" t_switch ends 6 $what off
done
add_night G02_switch_gro_list_tunnel_4in4 t_switch hosts 4 rx-gro-list on
add_night G02_switch_gro_list_transport_v6 t_switch ends 6 rx-gro-list on
add_case G02_big_tcp_v6 t_big_tcp
run_cases "$@"
