#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Does what a rule sends another way by its mark go protected by just that way?

# kernels: all
# timeout: 300
# brief: tunnel_4in4

A has two links to W, and a rule by which packets with MARK take the second; see wire/ways.py.
"""
import contextlib
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import lab
import packet
import ways
from ktap import Suite, check

suite = Suite(__doc__)
MARK, TABLE = 7, 100
SO_MARK = 36


class Marked(ways.Ways):
    """With routes for those with MARK."""

    def __init__(self):
        super().__init__(behind=True)
        self.need_testudo()
        for v in (4, 6):
            w_out, net = lab.OUTER[v][1], lab.NETS[v][1]
            self.a.batch(f"neigh replace {w_out} lladdr {ways.SECOND.hex(':')} dev a2 nud permanent\n"
                         f"route add {w_out} dev a2 table {TABLE} src {lab.OUTER[v][0]}\n"
                         f"route add {net} via {ways.GATEWAY[v]} dev a2 onlink table {TABLE} src {lab.INNER[v][0]}\n")
            self.a.ip(f"-{v}", "rule", "add", "fwmark", str(MARK), "lookup", str(TABLE))

    def takes(self, flow, second, data, what):
        """The next packet is protected, has @data in it and comes by the way that is said; none by the other."""
        way, other = (self.second, self.wire) if second else (self.wire, self.second)
        pkt = way.recv()
        check(pkt is not None, f"{what}: nothing came by the {'second' if second else 'first'} link")
        check(flow.is_reply(pkt), f"{what}: in clear: {pkt}")
        out, inner = flow.open(pkt)
        check((inner.payload if inner else out.payload).endswith(data), f"{what}: another packet")
        check(other.recv(timeout=0) is None, f"{what}: something came by the other link, too")


@contextlib.contextmanager
def rules(tw, text):
    """Rules of nftables in A while the context lasts."""
    tw.a.run("nft", "-f", "-", text=f"table inet marks {{\n{text}\n}}\n")
    try:
        yield
    finally:
        tw.a.run("nft", "delete", "table", "inet", "marks")


def sender(tw, flow, connected):
    """A socket of A, and how it sends."""
    with tw.a:
        sock = socket.socket(socket.AF_INET if flow.v == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind((flow.a_in, 0))
    if connected:
        sock.connect((flow.w_in, 99))
        return sock, sock.send
    return sock, lambda data: sock.sendto(data, (flow.w_in, 99))


def by_socket(tw, v, mode, outer):
    """The mark of a socket, which changes in the middle of its flow."""
    flow = tw.flow("gcm16_128", v=v, mode=mode, outer=outer)
    for connected in (False, True):
        sock, send = sender(tw, flow, connected)
        with sock, tw.drops():
            for turn in range(6):
                sock.setsockopt(socket.SOL_SOCKET, SO_MARK, MARK * (turn & 1))
                data = os.urandom(24)
                send(data)
                tw.takes(flow, turn & 1, data, f"packet {turn} of a socket, connected: {connected}")


def by_rule(tw, v, mode, outer):
    """A rule at LOCAL_OUT marks the clear packet, or only the protected one."""
    flow = tw.flow("gcm16_128", v=v, mode=mode, outer=outer)
    sock, send = sender(tw, flow, False)
    with sock, tw.drops():
        for what in ("udp dport 99", "meta l4proto esp"):
            with rules(tw, f"chain out {{ type route hook output priority mangle; {what} meta mark set {MARK}; }}"):
                for turn in range(2):
                    data = os.urandom(24)
                    send(data)
                    tw.takes(flow, True, data, f"marked by {what}, packet {turn}")
            data = os.urandom(24)
            send(data)
            tw.takes(flow, False, data, f"no more marked by {what}")


def forwarded(tw, v, outer):
    """A rule marks some of what H sends."""
    flow = tw.flow("gcm16_128", v=v, mode="tunnel", outer=outer)
    host, far = lab.HOST[v], lab.INNER[v][1]
    with rules(tw, "chain pre { type filter hook prerouting priority mangle;"
                   f' iifname "a1" udp dport 98 meta mark set {MARK}; }}'), tw.drops():
        for turn in range(6):
            data = os.urandom(24)
            tw.inside.send(packet.ip(host, far, packet.UDP, packet.udp(host, far, 1, 98 + (turn & 1), data)))
            tw.takes(flow, not turn & 1, data, f"packet {turn}")


SHAPES = ((6, "transport", 6), (4, "tunnel", 4), (6, "tunnel", 6))
if os.environ.get("TESTUDO_NIGHTLY"):
    SHAPES += ((4, "transport", 4), (4, "tunnel", 6), (6, "tunnel", 4))
for v, mode, outer in SHAPES:
    name = f"tunnel_{v}in{outer}" if mode == "tunnel" else f"transport_v{v}"
    suite.add(f"MARK_socket_{name}", by_socket, v, mode, outer)
    suite.add(f"MARK_rule_{name}", by_rule, v, mode, outer)
    if mode == "tunnel":
        suite.add(f"MARK_forwarded_{name}", forwarded, v, outer)

if __name__ == "__main__":
    suite.run(Marked)
