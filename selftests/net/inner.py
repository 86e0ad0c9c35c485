#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Is what comes out of a tunnel a packet like any other: whole for policies that name ports, and itself in size?

# kernels: all
# timeout: 300

A is the gateway between H (inside, raw) and W (outside, raw); see wire/lab.py.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import lab
import packet
from ktap import Skip, Suite, check, equal

suite = Suite(__doc__)
PORT = 4522


def far(v):
    """An address behind W."""
    return lab.INNER[v][1]


def tunnel(tw, v, port, **kw):
    """Key A for H's net and the one behind W; what comes in is protected by a policy that names @port."""
    flow = tw.flow("gcm16_128", v=v, mode="tunnel", ways=("out",), **kw)
    tw.dut.setkey(f"spdadd {lab.NETS[v][1]} {lab.NETS[v][0]}[{port}] udp -P in "
                  f"ipsec esp/tunnel/{flow.w_out}-{flow.a_out}/require;")
    return flow


def sealed(flow, inner):
    """An ESP packet, W to A, around a whole inner one."""
    return flow.outer(flow.tx.seal(inner, packet.IPIP if inner[0] >> 4 == 4 else packet.IPV6))


def fragments(v, size):
    """A datagram from behind W to H, in fragments of @size: (body, packets)."""
    body = packet.udp(far(v), lab.HOST[v], 4321, PORT, os.urandom(2900))
    return body, packet.frag(far(v), lab.HOST[v], packet.UDP, body, size)


def at_inside(tw):
    """What H gets of UDP: (datagram, sizes of its fragments)."""
    whole, sizes = packet.Reassembler(), []
    while True:
        pkt = tw.inside.recv(lambda p: p.proto in (packet.UDP, packet.FRAG))
        check(pkt is not None, f"{len(sizes)} fragments at H do not make the datagram")
        sizes.append(len(pkt.raw))
        got = whole.feed(pkt)
        if got:
            return got.payload, sizes


def forwarded_fragments(tw):
    """Fragments for H under a policy that names H's port: all of them come, as small as they were."""
    tw.need_testudo()
    flow = tunnel(tw, 4, PORT)
    for order in (1, -1):
        body, parts = fragments(4, 1000)
        with tw.drops():
            for part in parts[::order]:
                tw.wire.send(sealed(flow, part))
            got, sizes = at_inside(tw)
        equal(got, body, "datagram at H")
        check(max(sizes) <= 1020, f"fragments of {sizes} bytes at H, of 1020 at most when they were sent")


def forwarded_mixture(tw):
    """The same with one fragment in clear, which waits for others in clear: nothing comes to H."""
    tw.need_testudo()
    flow = tunnel(tw, 4, PORT)
    _, parts = fragments(4, 1000)
    with tw.drops():
        tw.wire.send(sealed(flow, parts[0]))
        tw.wire.send(parts[1])
        tw.wire.send(sealed(flow, parts[2]))
        tw.arrivals()
    check(tw.inside.recv(lambda p: p.proto == packet.UDP, timeout=0) is None, "a part of the mixture came to H")
    body, parts = fragments(4, 1000)
    for part in parts:
        tw.wire.send(sealed(flow, part))
    equal(at_inside(tw)[0], body, "the next datagram at H")


def too_big(tw, v):
    """ESP came in fragments; the packet inside must not be cut, and its sender hears so."""
    flow = tw.flow("gcm16_128", v=v, mode="tunnel")
    tw.a.run("nft", "-f", "-", text="table inet t { chain c { type filter hook prerouting priority 0; "
                                    "ct state new accept; }\n}\n")
    tw.a.ip("link", "set", "a1", "mtu", "1300")
    try:
        body = packet.udp(far(v), lab.HOST[v], 4321, PORT, os.urandom(1360 - 8))
        whole = {"df": 1} if v == 4 else {}
        whole = packet.parse(sealed(flow, packet.ip(far(v), lab.HOST[v], packet.UDP, body, **whole)))
        for part in packet.frag(whole.src, whole.dst, packet.ESP, whole.payload, 800):
            tw.wire.send(part)
        pkt = tw.wire.recv(flow.is_reply)
        check(pkt is not None, "no answer to a packet that is too big")
        inner = flow.open(pkt)[1]
        want = (packet.ICMP, 3, 4) if v == 4 else (packet.ICMP6, 2, 0)
        equal((inner.proto, inner.payload[0], inner.payload[1]), want, "protocol, type and code of the answer")
        check(tw.inside.recv(lambda p: p.proto in (packet.UDP, packet.FRAG), timeout=0) is None,
              "H got it in fragments")
    finally:
        tw.a.ip("link", "set", "a1", "mtu", "1500")
        tw.a.run("nft", "delete", "table", "inet", "t")


def disguised(tw, depth):
    """ESP in UDP in ESP, many times: a packet must not have the kernel's stack for its depth."""
    tw.need_testudo()
    flow = tw.flow("gcm16_128", mode="tunnel", ways=())
    tw.dut.setkey(f"spdadd {flow.w_out} {flow.a_out} udp -P in ipsec esp/tunnel/{flow.w_out}-{flow.a_out}/require;")
    lab.sh("modprobe", "-q", "fou", fails=True)
    if tw.a.run("ip", "fou", "add", "port", str(PORT), "ipproto", "50", fails=True)[0]:
        raise Skip("no FOU")

    def datagram(port, data):
        return packet.ip(flow.w_out, flow.a_out, packet.UDP, packet.udp(flow.w_out, flow.a_out, 7777, port, data))
    try:
        data = os.urandom(8)
        inner = datagram(tw.port, data)
        for _ in range(depth):
            inner = datagram(PORT, flow.tx.seal(inner, packet.IPIP))
        tw.delivered([sealed(flow, inner)], [data], f"{depth} layers of ESP in UDP")
    finally:
        tw.a.run("ip", "fou", "del", "port", str(PORT))


suite.add("F09_forwarded_fragments_under_port_policy", forwarded_fragments)
suite.add("F09_forwarded_fragments_partly_clear", forwarded_mixture)
for v in (4, 6):
    suite.add(f"F06_inner_too_big_of_fragmented_esp_v{v}", too_big, v)
suite.add("C09_nested_in_udp_16_deep", disguised, 16)

if __name__ == "__main__":
    suite.run(lambda: lab.Lab(behind=True))
