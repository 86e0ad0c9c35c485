# SPDX-License-Identifier: GPL-2.0
"""A keyed pair of AH SAs between A and W of the laboratory.

Owns what lab.Flow owns for ESP: the two SAs, how A is keyed for them, and the
packets between the two; ah.py puts the header on and takes it off.
"""
import random
import struct

import ah
import lab
import packet
import pfkey
from ktap import check, equal


class Flow:
    """A keyed pair of AH SAs between A and W; tx is what W protects with. As lab.Flow."""

    def __init__(self, tw, auth="sha256", v=4, mode="transport", outer=None, esn=False, window=64, align8=False,
                 ways=("out", "in"), keyed=True):
        self.tw, self.mode, self.v, self.outer_v = tw, mode, v, outer or v
        self.a_out, self.w_out = lab.OUTER[self.outer_v]
        self.a_in, self.w_in = lab.INNER[v] if mode == "tunnel" else lab.OUTER[v]
        spi = pfkey.random_spi()
        self.tx = ah.Sa(spi, auth, esn=esn, align8=align8)
        self.rx = ah.Sa(spi + 1, auth, esn=esn, align8=align8)
        a, w = (self.a_in, self.w_in) if mode != "tunnel" else lab.NETS[v]
        dut, lines = tw.dut, []
        if keyed:
            lines = [dut.sa_line(self.tx, self.w_out, self.a_out, mode, window),
                     dut.sa_line(self.rx, self.a_out, self.w_out, mode, window)]
        if "out" in ways:
            lines.append(dut.sp_line(a, w, "out", mode, (self.a_out, self.w_out), proto="ah"))
        if "in" in ways:
            lines.append(dut.sp_line(w, a, "in", mode, (self.w_out, self.a_out), proto="ah"))
        dut.apply(lines)

    def clear(self, proto, payload, **kw):
        """The packet from W to A that AH is put into; in tunnel mode around an inner one."""
        if self.mode == "tunnel":
            payload = packet.ip(self.w_in, self.a_in, proto, payload)
            proto = packet.IPV6 if self.v == 6 else packet.IPIP
        return packet.ip(self.w_out, self.a_out, proto, payload, **kw)

    def datagram(self, data):
        """A datagram for A's sink, unprotected, upper layer only."""
        return packet.udp(self.w_in, self.a_in, 7777, self.tw.port, data)

    def udp(self, data, seq=None, **kw):
        """A protected datagram for A's sink."""
        return self.tx.protect(self.clear(packet.UDP, self.datagram(data), **kw), seq=seq)

    def is_reply(self, pkt):
        """True for a packet with A's SPI where AH has it."""
        length, nh_at = ah.front(pkt.raw)
        return pkt.raw[nh_at] == ah.AH and pkt.raw[length + 4:length + 8] == struct.pack("!I", self.rx.spi)

    def reply(self):
        """The next protected packet of A, opened."""
        pkt = self.tw.wire.recv(self.is_reply)
        check(pkt is not None, "no packet with AH came")
        return self.rx.open(pkt.raw)

    def echo(self, data):
        """Protected echo request to A; its protected answer, opened."""
        ident, seq = random.randrange(1, 65536), random.randrange(65536)
        proto, body = packet.echo(self.w_in, self.a_in, ident, seq, data)
        request = self.tx.protect(self.clear(proto, body))
        self.tw.wire.drain()
        self.tw.wire.send(request)
        out = self.reply()
        inner = packet.parse(out.payload if self.mode == "tunnel" else out.clear)
        want = packet.echo(self.a_in, self.w_in, ident, seq, data, reply=True)
        check(inner is not None, "what is inside is no IP packet")
        equal((inner.src, inner.dst), (self.a_in, self.w_in), "addresses")
        check((inner.proto, inner.payload) == want, "the answer is not the echo reply")
        return out
