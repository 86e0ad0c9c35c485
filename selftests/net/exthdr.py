#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Are IPv6 extension headers placed around ESP in transport mode as RFC 4303 3.1.1 says?

# kernels: all
# brief: all_|frag_

Hop-by-hop options, a routing header, destination options in front of it and the
fragment header are for the way, and stay in front of ESP; other destination
options are for the peer, and go inside. AH's are ah.py's business.
"""
import contextlib
import os
import random
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import lab
import packet
from ktap import Suite, check, equal

suite = Suite(__doc__)
HOP, ROUTE, FRAG, DEST = packet.HBH, 43, packet.FRAG, packet.DSTOPT
NEXT = {HOP, ROUTE, FRAG, DEST}
# what setsockopt() calls them, and the bytes behind next header and length: an option that nobody knows and that is
# to be skipped; a segment routing header by way of W, since the kernel sends no other
OPTION = b"\x1e\x04\x01\x02\x03\x04"
SEGMENTS = bytes([4, 1, 1, 0, 0, 0]) + packet.pton(lab.FENCE[6]) + packet.pton(lab.OUTER[6][1])
SEND = {"hop": (54, OPTION), "before": (55, OPTION), "route": (57, SEGMENTS), "dest": (59, OPTION)}
# a routing header of type 0 that is used up: one address, none left
USED_UP = bytes(6) + packet.pton(lab.FENCE[6])


def header(body, following):
    """An extension header."""
    return bytes([following, (len(body) + 2) // 8 - 1]) + body


def chain(headers, last):
    """[(kind, body)] in front of @last, as (first next header, bytes)."""
    kinds = [kind for kind, _ in headers] + [last]
    return kinds[0], b"".join(header(body, kinds[at + 1]) for at, (_, body) in enumerate(headers))


def walk(kind, data):
    """The kinds of header from @kind on, what follows them, the bytes of that, and offset and M of a fragment."""
    kinds, piece = [], 0
    while kind in NEXT:
        kinds.append(kind)
        size = 8 if kind == FRAG else 8 + data[1] * 8
        if kind == FRAG:
            piece = struct.unpack_from("!H", data, 2)[0]
        kind, data = data[0], data[size:]
    return kinds, kind, data, piece


@contextlib.contextmanager
def options(sock, names):
    """A's socket with such headers."""
    for name in names:
        number, body = SEND[name]
        sock.setsockopt(socket.IPPROTO_IPV6, number, header(body, 0))
    try:
        yield
    finally:
        for name in reversed(names):
            sock.setsockopt(socket.IPPROTO_IPV6, SEND[name][0], b"")


def from_a(tw, flow):
    """The next packet of A, in fragments or not: headers of each piece in front of ESP, and what it is opened."""
    fronts, body = [], b""
    while True:
        pkt = tw.wire.recv(lambda p: p.ver == 6 and p.src == flow.a_out)
        check(pkt is not None, "nothing came")
        front, kind, data, piece = walk(pkt.raw[6], pkt.raw[40:])
        equal((kind, piece & 0xFFF8), (packet.ESP, len(body)), "what follows the headers outside, and its offset")
        fronts.append(front)
        body += data
        if not piece & 1:
            return fronts, flow.rx.open(body)


def outward(tw, names, front, inside, size=40):
    """A socket of A with such headers: those of @front stay outside, in this order, @inside is protected."""
    flow, data = tw.flow("aes128", "sha256", v=6, ways=("out",)), os.urandom(size)
    last = lab.FENCE[6] if "route" in names else flow.w_in
    with options(tw.sinks[1], names), tw.drops():
        tw.sinks[1].sendto(data, (last, 9))
        fronts, out = from_a(tw, flow)
    equal(fronts, [front] * len(fronts), "headers outside")
    equal(len(fronts) > 1, FRAG in front, "it came in fragments")
    kinds, kind, body, _ = walk(out.nh, out.payload)
    equal((kinds, kind), (inside, packet.UDP), "headers inside")
    check(body[8:] == data, "another datagram")
    check(packet.l4_ok(flow.a_out, last, packet.UDP, body), "the checksum of the datagram")


def inward(tw, front, inside):
    """Such a packet for A arrives."""
    flow, data = tw.flow("aes128", "sha256", v=6), os.urandom(40)
    proto, head = chain(inside, packet.UDP)
    body = flow.tx.seal(head + flow.datagram(data), proto)
    proto, head = chain(front, packet.ESP)
    with tw.drops():
        tw.delivered([packet.ip6(flow.w_out, flow.a_out, proto, head + body)], [data], "a packet with such headers")


def pieces(flow, front, behind, data):
    """Two fragments of a packet with @front in front of the fragment header, and @behind between that and ESP."""
    kind, head = chain(behind, packet.ESP)
    body = head + flow.tx.seal(flow.datagram(data), packet.UDP)
    proto, head = chain(front, FRAG)
    ident = random.getrandbits(32)
    return [packet.ip6(flow.w_out, flow.a_out, proto, head + struct.pack("!BBHI", kind, 0, at | (at == 0), ident) + part)
            for at, part in ((0, body[:64]), (64, body[64:]))]


def inward_pieces(tw):
    """In fragments, too. Options behind the fragment header hide from a later one what it is: it counts as clear."""
    flow = tw.flow("aes128", "sha256", v=6)
    data, hidden = os.urandom(40), os.urandom(40)
    front = [(HOP, OPTION), (DEST, OPTION), (ROUTE, USED_UP)]
    with tw.drops():
        tw.delivered(pieces(flow, front, [], data), [data], "fragments")
    with tw.drops(in_clear=1):
        tw.delivered(pieces(flow, front[:1], front[1:2], hidden), [], "fragments with options behind their header")


for name, names, front, inside in (("hop", ["hop"], [HOP], []), ("dest", ["dest"], [], [DEST]),
                                   ("route", ["route"], [ROUTE], []),
                                   ("before_route", ["before", "route"], [DEST, ROUTE], []),
                                   ("all", ["hop", "before", "route", "dest"], [HOP, DEST, ROUTE], [DEST])):
    suite.add(f"F23_{name}_out", outward, names, front, inside)
suite.add("F23_frag_out", outward, ["hop", "dest"], [HOP, FRAG], [DEST], 3000)
hop, dest, route = (HOP, OPTION), (DEST, OPTION), (ROUTE, USED_UP)
for name, front, inside in (("hop", [hop], []), ("dest", [], [dest]), ("route", [route], []),
                            ("before_route", [dest, route], []), ("dest_in_front", [dest], []),
                            ("all", [hop, dest, route], [dest])):
    suite.add(f"F23_{name}_in", inward, front, inside)
suite.add("F23_frag_in", inward_pieces)

if __name__ == "__main__":
    suite.run(lab.Lab)
