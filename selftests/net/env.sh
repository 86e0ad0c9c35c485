#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does protected traffic bear what happens around it: CPUs that go and come,
# programs on the link (XDP, tc), links and addresses that vanish for a moment?
#
# kernels: 6.12 debug
# timeout: 600
#
#   A ==== WIRE ==== B        addresses: lib.sh, T2

. "$(dirname "$0")/../lib.sh"

keyed()
{
	mark_new
	sa_pair A B 10.0.0.1 10.0.0.2 transport gcm16_128
	sp_pair A B 10.0.0.1 10.0.0.2 transport 10.0.0.1 10.0.0.2
	sa_pair A B fd00::1 fd00::2 transport aes128 sha256
	sp_pair A B fd00::1 fd00::2 transport fd00::1 fd00::2
	commit
}

stream_bytes()
{
	n B ss -Htin state established "sport = :$PORT" | sed -n 's/.*bytes_received:\([0-9]*\).*/\1/p'
}

# traffic_start - two floods and a TCP connection, which live until traffic_stop
traffic_start()
{
	PORT=$(rnd_port)
	bg A ping -n -q -i 0.005 -s 300 -p "$MARK_HEX" 10.0.0.2 >/dev/null 2>&1
	TRAFFIC=("$BG_PID")
	bg A ping -n -q -i 0.005 -s 300 -p "$MARK_HEX" fd00::2 >/dev/null 2>&1
	TRAFFIC+=("$BG_PID")
	bg B socat -u "TCP4-LISTEN:$PORT" OPEN:/dev/null
	TRAFFIC+=("$BG_PID")
	wait_for listening B -t "$PORT" || fail "no listener"
	bg A python3 -c 'import socket, sys, time
s = socket.create_connection(("10.0.0.2", int(sys.argv[1])))
while True:
    s.sendall(sys.argv[2].encode() * 3000)
    time.sleep(0.01)' "$PORT" "$MARK"
	TRAFFIC+=("$BG_PID")
	wait_for flows || fail "no traffic to begin with"
}

traffic_stop()
{
	kill "${TRAFFIC[@]}" 2>/dev/null
	wait "${TRAFFIC[@]}" 2>/dev/null
}

# flows - the connection moves on and is protected; from now, when mark_flow was called
flows()
{
	local bytes

	bytes=$(stream_bytes)
	[ "${bytes:-0}" -gt $((FLOW_AT + 50000)) ] && [ "$(stat A out_packets)" -gt $((FLOW_OUT + 50)) ]
}

mark_flow()
{
	FLOW_AT=$(stream_bytes)
	FLOW_AT=${FLOW_AT:-0}
	FLOW_OUT=$(stat A out_packets)
}

# still WHAT - traffic goes on after it
still()
{
	mark_flow
	wait_for flows || fail "traffic stands still after: $1"
}

# everything - both families still answer, and nothing was ever seen in clear
everything()
{
	ping_ok A 10.0.0.2 1000
	wait_for n A ping -c 1 -W 1 fd00::2 || fail "no answer by IPv6 any more"
	ping_ok A fd00::2 1000
	traffic_stop
	cap_stop
	assert_enc
}

begin()
{
	FLOW_AT=0 FLOW_OUT=$(stat A out_packets)
	keyed
	cap_start WIRE left
	traffic_start
}

# What a CPU had at hand must be found again by the others: per-CPU caches, counters, work.
t_cpus()
{
	local i cpu=/sys/devices/system/cpu/cpu1/online

	[ -w "$cpu" ] || { skip "no second CPU that can be switched off"; return; }
	begin
	drops_mark A
	drops_mark B
	for i in 1 2 3 4 5; do
		echo 0 >"$cpu" || fail "round $i: the CPU does not go"
		still "CPU 1 off, round $i"
		[ "$i" != 3 ] || { keyed_again; still "new keys with CPU 1 off"; }
		echo 1 >"$cpu" || fail "round $i: the CPU does not come"
		still "CPU 1 on, round $i"
	done
	drop_delta A
	drop_delta B
	everything
}

# keyed_again - one CPU changes the tables that both have cached
keyed_again()
{
	sa_pair A B 10.0.0.1 10.0.0.2 transport chacha
	commit
}

# A program of two instructions, "let pass", attached to the generic hook as long as the process lives.
XDP='
import ctypes, os, platform, socket, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
def bpf(cmd, attr):
    buf = ctypes.create_string_buffer(attr.ljust(128, b"\0"), 128)
    fd = libc.syscall(SYS_BPF, cmd, buf, 128)
    if fd < 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    return fd
code = ctypes.create_string_buffer(bytes.fromhex("b700000002000000" "9500000000000000"))
gpl = ctypes.create_string_buffer(b"GPL")
prog = bpf(5, struct.pack("=IIQQ", 6, 2, ctypes.addressof(code), ctypes.addressof(gpl)))
link = bpf(28, struct.pack("=IIII", prog, socket.if_nametoindex(sys.argv[1]), 37, 2))
print("attached", flush=True)
time.sleep(1e6)
'

t_xdp()
{
	local node pids=()

	begin
	for node in A B; do
		bg "$node" python3 -c "$XDP" eth0 >"$WORKDIR/xdp.$node" 2>&1
		pids+=("$BG_PID")
		if ! wait_for grep -q . "$WORKDIR/xdp.$node" || ! grep -q attached "$WORKDIR/xdp.$node"; then
			traffic_stop
			skip "no XDP: $(cat "$WORKDIR/xdp.$node")"
			return
		fi
		ip -n "$RUN$node" link show eth0 | grep -q xdpgeneric || fail "no program at $node"
	done
	still "XDP programs at both ends"
	ping_some A 10.0.0.2 5000
	kill "${pids[@]}"
	wait "${pids[@]}" 2>/dev/null
	still "XDP programs gone"
	everything
}

t_tc()
{
	local node way

	begin
	for node in A B; do
		n "$node" tc qdisc add dev eth0 clsact 2>/dev/null || { traffic_stop; skip "no clsact"; return; }
		for way in ingress egress; do
			n "$node" tc filter add dev eth0 "$way" matchall action pass 2>/dev/null ||
				{ traffic_stop; skip "no matchall"; return; }
		done
	done
	still "tc programs at both ends"
	ping_some A 10.0.0.2 5000
	n A tc -s filter show dev eth0 egress | grep -qE 'Sent [1-9]' || fail "no packet went by the filter"
	n A tc qdisc del dev eth0 clsact
	n B tc qdisc del dev eth0 clsact
	still "tc programs gone"
	everything
}

t_link_and_address()
{
	local i

	begin
	for i in 1 2 3; do
		ip -n "${RUN}A" link set eth0 down
		ip -n "${RUN}A" link set eth0 up
		still "the link was down, round $i"
		ip -n "${RUN}A" addr del 10.0.0.1/24 dev eth0
		ip -n "${RUN}A" addr add 10.0.0.1/24 dev eth0
		still "the address was gone, round $i"
		# IPv6 loses its address with the link
		addr A eth0 fd00::1/64 2>/dev/null
		neighbours
	done
	everything
}

# neighbours - host policies of IPv6 cover neighbour discovery: settle it by hand
neighbours()
{
	local side node far other mac

	for side in "A fd00::2 B" "B fd00::1 A"; do
		read -r node far other <<<"$side"
		mac=$(n "$other" ip -br link show eth0 | awk '{ print $3 }')
		ip -n "$RUN$node" neigh replace "$far" lladdr "$mac" dev eth0 nud permanent
	done
}

need_testudo
setup_t2
neighbours
add_case K10_cpu_off_and_on t_cpus
add_case K11_xdp_generic t_xdp
add_case K11_tc_clsact t_tc
add_case K09_link_and_address_during_traffic t_link_and_address
run_cases "$@"
