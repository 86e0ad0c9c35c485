#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does a gateway that forwards only what a policy protects keep to it to the
# last packet, while its namespace is deleted under load?
#
# kernels: 6.12 debug
# timeout: 600
#
#   A ---- G ---- B        A floods B with datagrams; G has policies and no SA,
#                          so nothing may come through; G is deleted, again and
#                          again, under the flood.
#
# A namespace that dies loses its state first and its devices last, and what its
# neighbours send arrives for so long.

. "$(dirname "$0")/../lib.sh"

ROUNDS=${ROUNDS:-10}

# gateway - a new G with both links
gateway()
{
	ip netns add "${RUN}G" || return 1
	NODES+=(G)
	ip -n "${RUN}G" -batch - <<-END || return 1
		link set lo up
		link add name a0 type veth peer name g0 netns ${RUN}A
		link add name b0 type veth peer name g0 netns ${RUN}B
		addr add 10.0.1.1/24 dev a0
		addr add 10.0.2.1/24 dev b0
		addr add fd00:1::1/64 dev a0 nodad
		addr add fd00:2::1/64 dev b0 nodad
		link set a0 up
		link set b0 up
	END
	ip -n "${RUN}A" -batch - <<-END || return 1
		addr add 10.0.1.2/24 dev g0
		addr add fd00:1::2/64 dev g0 nodad
		link set g0 up
		route add default via 10.0.1.1
		route add default via fd00:1::1
	END
	ip -n "${RUN}B" -batch - <<-END || return 1
		addr add 10.0.2.2/24 dev g0
		addr add fd00:2::2/64 dev g0 nodad
		link set g0 up
	END
	forward G
}

# policies - what comes from A's net to B's leaves G protected, or not at all
policies()
{
	n G setkey -f - <<-END
		spdadd 10.0.1.0/24 10.0.2.0/24 any -P out ipsec esp/tunnel/10.0.2.1-10.0.2.2/require;
		spdadd fd00:1::/64 fd00:2::/64 any -P out ipsec esp/tunnel/fd00:2::1-fd00:2::2/require;
	END
}

# receiver - in B, for all rounds: a byte into $WORKDIR/got for each datagram, its first one: it says whose it was, for
# many wait here when their flood has ended
receiver()
{
	: >"$WORKDIR/got"
	bg B python3 -uc 'import os, socket, sys
sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
sock.bind(("::", int(sys.argv[1])))
out = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND)
while True:
    data = sock.recv(2048)
    if sys.argv[3].encode() in data:
        os.write(out, data[:1])' "$PORT" "$WORKDIR/got" "$MARK"
	wait_for listening B -u "$PORT"
}

# flood LETTER - from A, both families in turn, until there is no way any more. Writes to $WORKDIR/sent when under way
flood()
{
	bg A python3 -uc 'import errno, socket, sys, time
text = (sys.argv[3] + sys.argv[2] * 8).encode()
ways = [(socket.socket(f, socket.SOCK_DGRAM), (a, int(sys.argv[1])))
        for f, a in ((socket.AF_INET, "10.0.2.2"), (socket.AF_INET6, "fd00:2::2"))]
count, end = 0, time.monotonic() + 60
while time.monotonic() < end:
    for sock, to in ways:
        try:
            sock.sendto(text, to)
        except OSError as e:
            if e.errno == errno.ENETUNREACH:
                sys.exit(0)
    count += 1
    if count == 200:
        print("under way", flush=True)' "$PORT" "$MARK" "$1" >"$WORKDIR/sent"
	FLOOD=$BG_PID
	wait_for grep -q under "$WORKDIR/sent"
}

# got LETTER - datagrams of that flood at B
got()
{
	tr -cd "$1" <"$WORKDIR/got" | wc -c
}

drops()
{
	[ "$(stat G out_no_sa)" -gt 0 ]
}

# t_control - without policies the flood is at B: the test can see what leaks
t_control()
{
	gateway || { fail "cannot build G"; return; }
	flood c || fail "the flood does not start"
	wait_for test -s "$WORKDIR/got" || fail "the flood is not at B"
	del_node G
	wait "$FLOOD"
}

t_delete()
{
	local round

	for ((round = 1; round <= ROUNDS; round++)); do
		gateway && policies || { fail "round $round: cannot build G"; return; }
		flood d || fail "round $round: the flood does not start"
		wait_for drops || fail "round $round: G does not drop, so nothing is tested"
		del_node G
		wait "$FLOOD"
		equal "$(got d)" 0 "round $round: datagrams in clear at B"
		[ ${#WHY[@]} -eq 0 ] || return
	done
}

need_testudo
node A B
PORT=$(rnd_port)
mark_new
receiver || skip_all "no receiver"
add_case "nothing protects: the flood arrives" t_control
add_case "K05 netns_delete_while_forwarding" t_delete
run_cases "$@"
