# SPDX-License-Identifier: GPL-2.0
"""Traffic in UDP between the wire peer and the stack under test: keys, policies, headers.

Owns how a pair of SAs in UDP is keyed and what surrounds ESP then; the packets of
ESP itself are esp.py's.
"""
import socket
import struct

import algs
import lab
import packet
from ktap import check, equal

UDP_ENCAP, UDP_GRO = 100, 104


def words(sa):
    """The keys of a setkey line."""
    return " ".join(algs.setkey_words(sa))


class Flow(lab.Flow):
    """A pair of SAs in UDP between A and W; @port is the one that W's NAT gives it."""

    def __init__(self, tw, mode="transport", v=4, outer=None, port=4500, oa=None, enc="gcm16_128", ways=("out", "in"),
                 reqid=0, upper="any", own=4500, inside=None):
        super().__init__(tw, enc, "none" if algs.TABLE[enc].kind == "aead" else "sha256", v, outer or v, mode, False)
        self.port, self.own = port, own
        level = f"unique:{reqid}" if reqid else "require"
        a, w = (self.a_in, self.w_in) if mode != "tunnel" else lab.NETS[v]
        if inside:
            w = self.w_in = inside
        lines = [f"add {self.w_out}[{port}] {self.a_out}[{own}] esp-udp {oa or ''} {self.tx.spi:#x} "
                 f"-m {mode} -u {reqid} -r 64 {words(self.tx)};\n",
                 f"add {self.a_out}[{own}] {self.w_out}[{port}] esp-udp {self.rx.spi:#x} "
                 f"-m {mode} -u {reqid} {words(self.rx)};\n"]
        if "out" in ways:
            lines.append(tw.dut.sp_line(a, w, "out", mode, (self.a_out, self.w_out), level, upper))
        if "in" in ways:
            lines.append(tw.dut.sp_line(w, a, "in", mode, (self.w_out, self.a_out), level, upper))
        tw.dut.setkey("".join(lines))
        tw.a.run("ethtool", "-K", "a0", "tx", "off")    # checksums are whole on the wire

    def outer(self, body, port=None, **kw):
        src, dst = kw.pop("src", self.w_out), kw.pop("dst", self.a_out)
        return packet.ip(src, dst, packet.UDP, packet.udp(src, dst, port or self.port, self.own, body), **kw)

    def is_reply(self, pkt):
        return (pkt.proto == packet.UDP and len(pkt.payload) > 16 and
                pkt.payload[8:12] == struct.pack("!I", self.rx.spi))

    def answer(self, tw):
        """The next packet that A sends through the SA: (ports, Ip, Opened)."""
        pkt = tw.wire.recv(self.is_reply)
        check(pkt is not None, "nothing came in UDP")
        sport, dport, length, total = struct.unpack_from("!HHHH", pkt.payload)
        equal(length, len(pkt.payload), "UDP length")
        if pkt.ver == 4:
            equal(total, 0, "UDP checksum over IPv4")
        else:
            check(total and packet.l4_ok(pkt.src, pkt.dst, packet.UDP, pkt.payload), "UDP checksum over IPv6")
        return (sport, dport), pkt, self.rx.open(pkt.payload[8:])


def daemon(tw, v, port=4500, gro=False, dual=False):
    """A socket with UDP_ENCAP on A's port; @dual: one of IPv6 that takes both."""
    with tw.a:
        sock = socket.socket(socket.AF_INET6 if v == 6 else socket.AF_INET, socket.SOCK_DGRAM)
    if v == 6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not dual)
    if gro:
        sock.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
    sock.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, 2)
    sock.bind(("", port))
    sock.settimeout(lab.TIMEOUT)
    return sock
