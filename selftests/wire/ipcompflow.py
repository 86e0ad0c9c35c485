# SPDX-License-Identifier: GPL-2.0
"""A keyed pair of IPComp SAs between A and W of the laboratory, and what may be around it.

Owns what lab.Flow owns for ESP: the SAs, how A is keyed for them, and the
packets between the two; ipcomp.py compresses and decompresses.
"""
import os
import random

import ah
import esp
import ipcomp
import lab
import packet
import pfkey
from ktap import check, equal

TEXT = b"All work and no play makes Jack a dull boy. "


def text(size):
    """So many bytes that compress well, and are not the same twice."""
    return (os.urandom(8).hex().encode() + TEXT * (size // len(TEXT) + 1))[:size]


class Flow:
    """A keyed pair of IPComp SAs between A and W, with another pair around it when @around ("esp", "ah")."""

    def __init__(self, tw, v=4, mode="transport", outer=None, around=None, ways=("out", "in"), level="require",
                 sa_mode=None):
        self.tw, self.mode, self.v = tw, mode, v
        self.a_out, self.w_out = lab.OUTER[outer or v]
        self.a_in, self.w_in = lab.INNER[v] if mode == "tunnel" else lab.OUTER[v]
        cpi = random.randrange(256, 61000)
        self.tx, self.rx = ipcomp.Sa(cpi), ipcomp.Sa(cpi + 1)
        self.around, dut = self._around(around), tw.dut
        lines = []
        for comp, out, ends in ((self.tx, self.around and self.around[0], (self.w_out, self.a_out)),
                                (self.rx, self.around and self.around[1], (self.a_out, self.w_out))):
            lines.append(dut.sa_line(comp, *ends, sa_mode or mode, reqid=7))
            if out:
                lines.append(dut.sa_line(out, *ends, sa_mode or "transport", reqid=7))
        dut.apply(lines + self._policies(ways, level, around))

    @staticmethod
    def _around(kind):
        spi = pfkey.random_spi()
        if kind == "ah":
            return ah.Sa(spi, "sha256"), ah.Sa(spi + 1, "sha256")
        return (esp.Sa(spi, "gcm16_128"), esp.Sa(spi + 1, "gcm16_128")) if kind else None

    def _policies(self, ways, level, around):
        a, w = (self.a_in, self.w_in) if self.mode != "tunnel" else lab.NETS[self.v]
        out = []
        for way, src, dst, ends in (("out", a, w, (self.a_out, self.w_out)), ("in", w, a, (self.w_out, self.a_out))):
            if way not in ways:
                continue
            if not around:
                out.append(self.tw.dut.sp_line(src, dst, way, self.mode, ends, level, proto="ipcomp"))
                continue
            via = "-".join(ends) if self.mode == "tunnel" else ""
            out.append(f"spdadd {src} {dst} any -P {way} ipsec ipcomp/{self.mode}/{via}/{level} "
                       f"{around}/transport//require;\n")
        return out

    def clear(self, proto, payload):
        """The packet from W to A that is to be compressed; in tunnel mode around an inner one."""
        if self.mode == "tunnel":
            payload = packet.ip(self.w_in, self.a_in, proto, payload)
            proto = packet.IPV6 if self.v == 6 else packet.IPIP
        return packet.ip(self.w_out, self.a_out, proto, payload)

    def datagram(self, data):
        """A clear packet with a datagram for A's sink."""
        return self.clear(packet.UDP, packet.udp(self.w_in, self.a_in, 7777, self.tw.port, data))

    def shell(self, raw):
        """What is around IPComp, put on."""
        if not self.around:
            return raw
        if isinstance(self.around[0], ah.Sa):
            return self.around[0].protect(raw)
        length, nh_at = ah.front(raw)
        return ah.rebuilt(raw[:length], nh_at, packet.ESP, self.around[0].seal(raw[length:], raw[nh_at]))

    def unshell(self, raw):
        """And taken off."""
        if not self.around:
            return raw
        if isinstance(self.around[1], ah.Sa):
            return self.around[1].open(raw).clear
        length, nh_at = ah.front(raw)
        out = self.around[1].open(raw[length:])
        return ah.rebuilt(raw[:length], nh_at, out.nh, out.payload)

    def next_out(self):
        """A's next packet that is not housekeeping, whole, without the shell."""
        whole = packet.Reassembler()
        while True:
            pkt = self.tw.wire.recv()
            check(pkt is not None, "nothing came")
            pkt = whole.feed(pkt)
            if pkt:
                return self.unshell(pkt.raw)

    def send(self, data):
        """A datagram of A; (the clear packet, the same opened, None when it came as it was)."""
        self.tw.wire.drain()
        self.tw.sinks[self.v == 6].sendto(data, (self.w_in, 9))
        raw = self.next_out()
        length, nh_at = ah.front(raw)
        opened = self.rx.open(raw) if raw[nh_at] == ipcomp.COMP else None
        clear = opened.clear if opened else raw
        inner = packet.parse(clear[length:] if self.mode == "tunnel" else clear)
        equal((inner.proto, inner.src, inner.dst), (packet.UDP, self.a_in, self.w_in), "what is inside")
        check(inner.payload[8:] == data, "another datagram")
        return clear, opened

    def echo(self, data, packed):
        """An echo through both SAs; @packed: the way there and back is compressed, or neither is."""
        ident, seq = random.randrange(1, 65536), random.randrange(65536)
        proto, body = packet.echo(self.w_in, self.a_in, ident, seq, data)
        raw = self.clear(proto, body)
        request = self.shell(self.tx.protect(raw) if packed else raw)
        self.tw.wire.drain()
        self.tw.wire.send(request)
        back = self.next_out()
        length, nh_at = ah.front(back)
        equal(back[nh_at] == ipcomp.COMP, packed, "the answer is compressed")
        clear = self.rx.open(back).clear if packed else back
        if packed:
            check(len(back) < len(clear), "it has not become shorter")
        inner = packet.parse(clear[length:] if self.mode == "tunnel" else clear)
        check(inner is not None, "what is inside is no IP packet")
        equal((inner.src, inner.dst), (self.a_in, self.w_in), "addresses")
        check((inner.proto, inner.payload) == packet.echo(self.a_in, self.w_in, ident, seq, data, reply=True),
              "the answer is not the echo reply")
