#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Are the packets printed in the RFCs delivered, once, and nothing when a bit is wrong?

# kernels: all
# timeout: 900

Only this file has fixed keys. A raw ICMP socket in A takes what was delivered
and is compared with the RFC's plaintext.
"""
import os
import select
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import esp
import lab
import packet
import vectors
from ktap import Suite, check, equal

suite = Suite(__doc__)


class Sink:
    """What A's ICMP got, whole IP packets, up to a fence."""

    def __init__(self, tw):
        self.tw = tw
        with tw.a:
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)

    def take(self, pkt):
        """What arrives of @pkt; the fence behind it is a clear echo of an address without policy."""
        mark, out = os.urandom(16), []
        proto, body = packet.echo(lab.FENCE[4], lab.OUTER[4][0], 1, 1, mark)
        with lab.in_order():
            self.tw.wire.send(pkt)
            self.tw.wire.send(packet.ip(lab.FENCE[4], lab.OUTER[4][0], proto, body))
        while True:
            check(select.select([self.sock], [], [], lab.TIMEOUT)[0], "the fence did not arrive")
            raw = self.sock.recv(70000)
            if mark in raw:
                return out
            out.append(packet.parse(raw) or raw)


def host(tw, addr):
    """Give A one more address."""
    tw.a.ip("addr", "replace", f"{addr}/32", "dev", "lo")


def key_for(tw, sa, pkt, nh, inner):
    """SA and, for a tunnel, the policy that expects what is inside."""
    mode = "tunnel" if nh == packet.IPIP else "transport"
    lines = [tw.dut.sa_line(sa, pkt.src, pkt.dst, mode, window=32)]
    if inner:
        lines.append(tw.dut.sp_line(inner.src, inner.dst, "in", mode, (pkt.src, pkt.dst)))
    tw.dut.apply(lines)


def whole(tw, sa, raw, nh):
    """The packet is delivered, a second copy is not, one with a flipped bit is not."""
    pkt = packet.parse(raw)
    body = sa.open(pkt.payload).payload
    inner = packet.parse(body) if nh == packet.IPIP else None
    for addr in {pkt.dst, inner.dst if inner else pkt.dst}:
        host(tw, addr)
    sink = Sink(tw)
    key_for(tw, sa, pkt, nh, inner)
    if sa.icv:
        with tw.drops(in_auth=1):
            equal(sink.take(raw[:-20] + bytes([raw[-20] ^ 4]) + raw[-19:]), [], "delivered with a flipped bit")
    got = sink.take(raw)
    equal(len(got), 1, "deliveries")
    want = inner.raw if inner else body
    equal((got[0].raw if inner else got[0].payload).hex(), want.hex(), "what was delivered")
    with tw.drops(in_replay=1):
        equal(sink.take(raw), [], "delivered twice")


def gcm(tw, sa, seq, iv, plain, sealed):
    """The plaintext arrives in transport mode, whatever ICMP would say to it."""
    tw.need_testudo()
    src, dst = lab.OUTER[4][1], lab.OUTER[4][0]
    sink, key = Sink(tw), tw.pfkey()
    key.add(sa, src, dst, window=32, own={"flags": 1 if sa.esn else 0, "window": 64, "iseq": seq - 1})
    key.close()
    head = sa.seal(b"", 0, seq=seq, iv=iv, plain=plain)
    equal(head[16:], sealed, "ciphertext")
    got = sink.take(packet.ip(src, dst, packet.ESP, head))
    equal(len(got), 1, "deliveries")
    equal(got[0].payload.hex(), plain[:len(plain) - 2 - plain[-2]].hex(), "what was delivered")


for name, sa, raw, nh in vectors.whole_packets():
    suite.add(f"A14_{name}", whole, sa, raw, nh)
for row in vectors.gcm():
    suite.add(f"A14_{row[0]}", gcm, *row[1:])

if __name__ == "__main__":
    suite.run(lab.Lab)
