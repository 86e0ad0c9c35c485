# SPDX-License-Identifier: GPL-2.0
"""IP, ICMP, UDP, TCP, ARP and ND bytes, built and read without the kernel's help.

Owns header layouts and checksums; knows nothing of ESP and opens no socket.
Addresses are strings at the surface and bytes inside.
"""
import random
import socket
import struct
from dataclasses import dataclass

ICMP, TCP, UDP, IPIP, IPV6, FRAG, ESP, ICMP6, DSTOPT, HBH = 1, 6, 17, 4, 41, 44, 50, 58, 60, 0
ETH_IP, ETH_ARP, ETH_IP6 = 0x0800, 0x0806, 0x86DD
ND_NS, ND_NA = 135, 136


def is6(addr):
    """True for an IPv6 address in text."""
    return ":" in addr


def pton(addr):
    """Address text to bytes."""
    return socket.inet_pton(socket.AF_INET6 if is6(addr) else socket.AF_INET, addr)


def ntop(raw):
    """Address bytes to text."""
    return socket.inet_ntop(socket.AF_INET6 if len(raw) == 16 else socket.AF_INET, raw)


def csum(data):
    """Internet checksum (RFC 1071)."""
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo(src, dst, proto, length):
    """Pseudo header of @length bytes of upper layer."""
    s, d = pton(src), pton(dst)
    if len(s) == 16:
        return s + d + struct.pack("!IHBB", length, 0, 0, proto)
    return s + d + struct.pack("!BBH", 0, proto, length)


def ip4(src, dst, proto, payload, ttl=64, tos=0, ident=None, df=0, mf=0, off=0, options=b""):
    """IPv4 packet; @off in bytes, @options padded to 4."""
    if ident is None:
        ident = random.randrange(1, 65536)
    options = options.ljust(-(-len(options) // 4) * 4, b"\0")
    frag = df << 14 | mf << 13 | off >> 3
    head = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, tos, 20 + len(options) + len(payload),
                       ident, frag, ttl, proto, 0) + pton(src) + pton(dst) + options
    return head[:10] + struct.pack("!H", csum(head)) + head[12:] + payload


def ip6(src, dst, nh, payload, hlim=64, tclass=0, flow=0):
    """IPv6 packet."""
    return struct.pack("!IHBB", 6 << 28 | tclass << 20 | flow, len(payload), nh, hlim) + \
        pton(src) + pton(dst) + payload


def ip(src, dst, proto, payload, ttl=64, tos=0, **v4):
    """IP packet of the family of @src."""
    if is6(src):
        return ip6(src, dst, proto, payload, hlim=ttl, tclass=tos)
    return ip4(src, dst, proto, payload, ttl=ttl, tos=tos, **v4)


def piece(src, dst, proto, part, off, more, ident, **kw):
    """One fragment: @part of a payload, from byte @off on; @more: it is not the last."""
    if is6(src):
        return ip6(src, dst, FRAG, struct.pack("!BBHI", proto, 0, off | more, ident) + part, **kw)
    return ip4(src, dst, proto, part, ident=ident, off=off, mf=more, **kw)


def frag(src, dst, proto, payload, size, ident=None, **kw):
    """Fragments of at most @size payload bytes each (a multiple of 8)."""
    if ident is None:
        ident = random.getrandbits(32) if is6(src) else random.randrange(1, 65536)
    return [piece(src, dst, proto, payload[off:off + size], off, int(off + size < len(payload)), ident, **kw)
            for off in range(0, len(payload), size)]


def udp(src, dst, sport, dport, data):
    """UDP datagram with checksum."""
    head = struct.pack("!HHHH", sport, dport, 8 + len(data), 0)
    c = csum(pseudo(src, dst, UDP, len(head) + len(data)) + head + data) or 0xFFFF
    return struct.pack("!HHHH", sport, dport, 8 + len(data), c) + data


def tcp(src, dst, sport, dport, seq, ack, flags, data=b"", window=65535, options=b""):
    """TCP segment; @options padded to 4."""
    options = options.ljust(-(-len(options) // 4) * 4, b"\0")
    head = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 0x50 + (len(options) << 2), flags, window, 0, 0) + options
    c = csum(pseudo(src, dst, TCP, len(head) + len(data)) + head + data)
    return head[:16] + struct.pack("!H", c) + head[18:] + data


def l4_ok(src, dst, proto, data):
    """True when the checksum of an ICMP, UDP or TCP payload holds."""
    if proto == ICMP:
        return csum(data) == 0
    return csum(pseudo(src, dst, proto, len(data)) + data) == 0


def icmp(kind, code, rest, data, src=None, dst=None):
    """ICMP (or ICMPv6 when @src is v6) message with 4 bytes of @rest."""
    head = struct.pack("!BBHI", kind, code, 0, rest)
    if src and is6(src):
        c = csum(pseudo(src, dst, ICMP6, 8 + len(data)) + head + data)
    else:
        c = csum(head + data)
    return struct.pack("!BBHI", kind, code, c, rest) + data


def echo(src, dst, ident, seq, data=b"", reply=False):
    """(protocol, bytes) of an echo request or reply."""
    rest = ident << 16 | seq & 0xFFFF
    if is6(src):
        return ICMP6, icmp(129 if reply else 128, 0, rest, data, src, dst)
    return ICMP, icmp(0 if reply else 8, 0, rest, data)


@dataclass
class Ip:
    """A parsed IP header; @payload is what follows it (extension headers included)."""

    ver: int
    src: str
    dst: str
    proto: int
    ttl: int
    tos: int
    payload: bytes
    raw: bytes
    ident: int = 0
    df: int = 0
    mf: int = 0
    off: int = 0
    flow: int = 0


def parse(raw):
    """Read an IP packet, cutting link padding; None when it is not one."""
    if len(raw) >= 20 and raw[0] >> 4 == 4:
        ihl, total = (raw[0] & 15) * 4, struct.unpack_from("!H", raw, 2)[0]
        ident, fl = struct.unpack_from("!HH", raw, 4)
        if ihl < 20 or total > len(raw) or csum(raw[:ihl]):
            return None
        return Ip(4, ntop(raw[12:16]), ntop(raw[16:20]), raw[9], raw[8], raw[1], raw[ihl:total],
                  raw[:total], ident, fl >> 14 & 1, fl >> 13 & 1, (fl & 0x1FFF) * 8)
    if len(raw) >= 40 and raw[0] >> 4 == 6:
        first, length, nh, hlim = struct.unpack_from("!IHBB", raw)
        if 40 + length > len(raw):
            return None
        pkt = Ip(6, ntop(raw[8:24]), ntop(raw[24:40]), nh, hlim, first >> 20 & 0xFF,
                 raw[40:40 + length], raw[:40 + length], flow=first & 0xFFFFF)
        if nh == FRAG and length >= 8:
            pkt.proto, _, fo, pkt.ident = struct.unpack_from("!BBHI", pkt.payload)
            pkt.off, pkt.mf, pkt.payload = fo & 0xFFF8, fo & 1, pkt.payload[8:]
        return pkt
    return None


class Reassembler:
    """Puts fragments back together; feed() returns a whole Ip or None."""

    def __init__(self):
        self.parts = {}

    def feed(self, pkt):
        """Take one packet; unfragmented ones come straight back."""
        if not pkt.mf and not pkt.off:
            return pkt
        have = self.parts.setdefault((pkt.src, pkt.dst, pkt.ident), {})
        have[pkt.off] = pkt
        last = [p for p in have.values() if not p.mf]
        if not last or 0 not in have:
            return None
        data = b""
        while len(data) in have:
            part = have[len(data)]
            data += part.payload
            if not part.mf:
                whole = have[0]
                whole.payload, whole.mf = data, 0
                del self.parts[(pkt.src, pkt.dst, pkt.ident)]
                return whole
        return None


def arp_reply(request, mac):
    """Answer to an ARP request (bytes after the Ethernet header)."""
    return struct.pack("!HHBBH", 1, ETH_IP, 6, 4, 2) + mac + request[24:28] + request[8:18]


def nd_advert(ns, mac):
    """ICMPv6 packet that answers the neighbour solicitation @ns (an Ip)."""
    target = ns.payload[8:24]
    src, dst = ntop(target), ns.src
    body = target + b"\x02\x01" + mac
    return ip6(src, dst, ICMP6, icmp(ND_NA, 0, 0x60000000, body, src, dst), hlim=255)
