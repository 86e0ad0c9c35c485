#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Is the inner MTU exact: does the largest packet that may be sent fill the link, and is one byte more refused?

# kernels: all
# timeout: 600
# brief: table_gcm|table_aes128_sha1|esp_gcm16_128|ah_sha256|bundle_ah_outside|floor|no_df

TW of scenarios with H (drawn in wire/lab.py). What fits comes from wire/layers.py,
which grows packets as the RFCs say until one is too long, and from a table of
lengths that other implementations assert.
"""
import errno
import itertools
import os
import random
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import ah
import algs
import esp
import ipcomp
import lab
import layers
import packet
import pfkey
from ktap import Suite, check, equal

suite = Suite(__doc__)
LINK = 1500
SHAPES = (("transport", 4, 4), ("transport", 6, 6),
          ("tunnel", 4, 4), ("tunnel", 6, 6), ("tunnel", 4, 6), ("tunnel", 6, 4))
INSIDE = {4: "10.0.1.1", 6: "fd00:1::1"}                # A's address towards H
RECVERR = {4: (socket.IPPROTO_IP, 11), 6: (socket.IPPROTO_IPV6, 25)}
DISCOVER = {4: (socket.IPPROTO_IP, 10), 6: (socket.IPPROTO_IPV6, 23)}
DO = 2
CPIS = itertools.count(random.randrange(256, 50000))
NIGHTLY = bool(os.environ.get("TESTUDO_NIGHTLY"))
WHOLE = ("gcm16_128", "aes128_sha256")                  # in every shape, and forwarded, each day

# Inner MTU of a tunnel over links of 1500 (outer IPv4, outer IPv6, UDP over IPv4), 1300 (IPv4) and 1280 (IPv6):
# strongSwan's, Linux's pmtu.sh and xfrm_state.sh assert some of these.
TABLE = (
    ("gcm16_128", "none", 1446, 1426, 1438, 1246, 1206),
    ("chacha", "none", 1446, 1426, 1438, 1246, 1206),
    ("aes128", "sha1", 1438, 1422, 1422, 1230, 1198),
    ("aes128", "sha256", 1438, 1406, 1422, 1230, 1198),
    ("aes128", "sha384", 1422, 1406, 1422, 1230, 1182),
    ("aes128", "sha512", 1422, 1390, 1406, 1214, 1182),
    ("3des", "sha1", 1446, 1430, 1438, 1246, 1206),
    ("ctr128", "sha256", 1446, 1426, 1438, 1246, 1206),
    ("null", "sha256", 1454, 1434, 1446, 1254, 1214),
)


class Way:
    """A bundle of SAs by which datagrams to one port of W leave A; @parts as layers.Layer wants them, innermost first.

    @front: bytes of header in front of UDP, @outside: those of them that transport mode leaves outside.
    """

    def __init__(self, v, *parts):
        self.v, self.bundle = v, [layers.Layer(*part) for part in parts]
        tunnel = self.bundle[0].mode == "tunnel"
        self.src, self.dst = lab.INNER[v] if tunnel else lab.OUTER[v]
        self.nets = lab.NETS[v] if tunnel else lab.OUTER[v]
        self.port = None
        self.front = self.outside = layers.HEAD[v]

    def largest(self, link=LINK):
        """The largest packet that fits."""
        return layers.largest(self.bundle, link, self.outside)

    def lines(self, port, reqid):
        """What keys it, in setkey's words; sets the port."""
        self.port = port
        src, dst, out, rules = self.src, self.dst, [], []
        for number, layer in enumerate(self.bundle, reqid):
            if layer.mode == "tunnel":
                src, dst = lab.OUTER[layer.v]
            ports, proto = ("", layer.sa.proto) if not layer.udp else ("[4500]", "esp-udp")
            flags = "-r 64 -f esn" if layer.sa.esn else ""
            if layer.sa.proto == "ah" and layer.sa.align8:
                flags += " -f align8"
            out.append(f"add {src}{ports} {dst}{ports} {proto} {layer.sa.spi:#x} -m {layer.mode} -u {number} {flags} "
                       f"{' '.join(algs.setkey_words(layer.sa))};\n")
            via = f"{src}-{dst}" if layer.mode == "tunnel" else ""
            rules.append(f"{layer.sa.proto}/{layer.mode}/{via}/unique:{number}")
        a, w = self.nets
        return "".join(out) + f"spdadd {a} {w}[{port}] udp -P out ipsec {' '.join(rules)};\n"


def key(tw, ways):
    """Key A for all of them at once."""
    port = random.randrange(1024, 60000)
    tw.dut.setkey("".join(way.lines(port + n, 1 + 4 * n) for n, way in enumerate(ways)))


def new_esp(enc, auth="none", esn=False):
    """An ESP SA with an SPI of its own."""
    return esp.Sa(pfkey.random_spi(), enc, "none" if algs.TABLE[enc].kind == "aead" else auth, esn=esn)


def new_ah(auth="sha256", esn=False, align8=False):
    """An AH SA with an SPI of its own."""
    return ah.Sa(pfkey.random_spi(), auth, esn=esn, align8=align8)


def new_comp():
    """An IPComp SA with a CPI of its own."""
    return ipcomp.Sa(next(CPIS))


class Sender:
    """A socket of A that sets DF and hears its errors."""

    def __init__(self, tw, v):
        with tw.a:
            self.sock = socket.socket(socket.AF_INET6 if v == 6 else socket.AF_INET, socket.SOCK_DGRAM)
        self.v = v
        self.sock.setsockopt(*RECVERR[v], 1)
        self.sock.setsockopt(*DISCOVER[v], DO)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.sock.close()

    def refused(self, data, way, want, what):
        """The datagram is refused, and the error queue names the MTU @want."""
        try:
            self.sock.sendto(data, (way.dst, way.port))
        except OSError as err:
            equal(errno.errorcode[err.errno], "EMSGSIZE", f"{what}: one byte more")
        else:
            check(False, f"{what}: one byte more is taken")
        try:
            notes = self.sock.recvmsg(1, 512, socket.MSG_ERRQUEUE)[1]
        except BlockingIOError:
            notes = []
        told = [struct.unpack_from("=I", note, 8)[0] for level, kind, note in notes if (level, kind) == RECVERR[self.v]]
        equal(told, [want], f"{what}: the MTU in the error queue")


def name_of(way):
    """A way in words, for what went wrong."""
    return f"IPv{way.v} in " + ", ".join(
        f"{one.sa.proto} {one.sa.enc if one.sa.proto == 'esp' else ''} {one.mode} v{one.v}"
        f"{' UDP' if one.udp else ''}{' ESN' if one.sa.esn else ''}" for one in way.bundle)


def arrived(tw, way, data, link=LINK):
    """The next packet on the wire is the only one for @data: one that is whole, fits the link and opens to it."""
    what = name_of(way)
    pkt = tw.wire.recv()
    check(pkt is not None, f"{what}: nothing came")
    check(not pkt.mf and not pkt.off, f"{what}: an outer fragment")
    check(len(pkt.raw) <= link, f"{what}: {len(pkt.raw)} bytes on a link of {link}")
    clear = packet.parse(layers.take_off(way.bundle, pkt.raw))
    check(clear is not None and clear.raw.endswith(data), f"{what}: another datagram inside")
    equal((clear.src, clear.dst, len(clear.raw)), (way.src, way.dst, way.front + layers.UDP_HEAD + len(data)),
          f"{what}: ends and length of the packet inside")
    return pkt


def local(tw, sender, way, most, link=LINK):
    """@most bytes fill the link, one more is refused by its own size; the number of packets that the stack dropped."""
    data = os.urandom(most - way.front - layers.UDP_HEAD)
    sender.sock.sendto(data, (way.dst, way.port))
    arrived(tw, way, data, link)
    sender.refused(data + b"x", way, most, name_of(way))
    # what exceeds the link itself does not get as far as a policy
    return most < link


def forwarded(tw, way, most):
    """The same from H, with DF: the one too large is answered by ICMP with the size that fits, from inside."""
    what, v = f"forwarded {name_of(way)}", way.v
    way.src = lab.HOST[v]
    data = os.urandom(most - way.front - layers.UDP_HEAD)
    for body in (data, data + b"x"):
        pkt = packet.udp(way.src, way.dst, 7777, way.port, body)
        tw.inside.send(packet.ip(way.src, way.dst, packet.UDP, pkt, **{"df": 1} if v == 4 else {}))
    arrived(tw, way, data)
    back = tw.inside.recv()
    check(back is not None, f"{what}: no answer to one byte more")
    kind, code, _, rest = struct.unpack_from("!BBHI", back.payload)
    equal((back.src, back.proto, kind, code, rest),
          (INSIDE[v], packet.ICMP if v == 4 else packet.ICMP6, *((3, 4) if v == 4 else (2, 0)), most),
          f"{what}: source, protocol, type, code and MTU of the answer")
    check(packet.l4_ok(back.src, back.dst, back.proto, back.payload), f"{what}: the checksum of the answer")
    equal(tw.inside.recv(timeout=0), None, f"{what}: a second answer")
    return 1


def exact(tw, ways, whole=True):
    """All of that on every way, by the formula, and nothing else leaves; what H sends only when @whole."""
    tw.need_testudo()
    key(tw, ways)
    with Sender(tw, 4) as four, Sender(tw, 6) as six, (drops := tw.drops()):
        count = sum(local(tw, six if way.v == 6 else four, way, way.largest()) for way in ways)
        if whole:
            count += sum(forwarded(tw, way, way.largest()) for way in ways if way.bundle[0].mode == "tunnel")
        drops.want = {"out_too_big": count} if count else {}
    equal(tw.wire.recv(timeout=0), None, "one packet more on the wire")


def algorithm(tw, name, enc, auth, turn):
    """One algorithm of ESP in every mode and family, plain and in UDP, with long and short numbers.

    Algorithms of the same sizes have the same lengths: in the daytime most take three shapes in turn.
    """
    whole = NIGHTLY or name in WHOLE
    shapes = [(*shape, udp, esn) for n, shape in enumerate(SHAPES) for udp in (False, True)
              for esn in ((False, True) if whole else (bool(n & 1) != udp,))]
    exact(tw, [Way(v, (new_esp(enc, auth, esn), mode, outer, udp))
               for mode, v, outer, udp, esn in (shapes if whole else shapes[turn % 4::4])], whole)


def ah_hash(tw, auth):
    """One hash of AH in every mode and family, with long and short numbers."""
    exact(tw, [Way(v, (new_ah(auth, esn), mode, outer)) for mode, v, outer in SHAPES for esn in (False, True)] +
          [Way(4, (new_ah(auth, align8=True), mode, 4)) for mode in ("transport", "tunnel")],
          NIGHTLY or auth == "sha256")


def compressed(tw):
    """IPComp in every mode and family: what does not compress goes as it is, so nothing is taken off the link."""
    exact(tw, [Way(v, (new_comp(), mode, outer)) for mode, v, outer in SHAPES])


def table(tw, enc, auth, *want):
    """The lengths that others assert, of a tunnel of IPv4."""
    tw.need_testudo()
    shapes = ((LINK, 4, False), (LINK, 6, False), (LINK, 4, True), (1300, 4, False), (1280, 6, False))
    ways = [Way(4, (new_esp(enc, auth), "tunnel", outer, udp)) for _, outer, udp in shapes]
    key(tw, ways)
    try:
        with Sender(tw, 4) as sender, tw.drops(out_too_big=len(ways)):
            for way, most, (link, *_) in zip(ways, want, shapes):
                tw.a.ip("link", "set", "a0", "mtu", str(link))
                equal(layers.largest(way.bundle, link, way.front), most, f"{name_of(way)}: the wire peer's own length")
                local(tw, sender, way, most, link)
    finally:
        tw.a.ip("link", "set", "a0", "mtu", str(LINK))


def bundles(tw, first, second):
    """Two SAs by one policy, @first inside, in every family."""
    ways = []
    for v in (4, 6):
        ways.append(Way(v, (first(), "transport", v), (second(), "transport", v)))
        for outer in (4, 6):
            ways += [Way(v, (first(), "tunnel", outer), (second(), "transport", outer)),
                     Way(v, (first(), "transport", v), (second(), "tunnel", outer)),
                     Way(v, (first(), "tunnel", outer), (second(), "tunnel", 10 - outer))]
    exact(tw, ways)


def bundle_udp(tw):
    """IPComp and ESP inside of ESP in UDP, as strongSwan and nested clients key it."""
    exact(tw, [Way(v, (first(), mode, v), (new_esp("aes128", "sha256"), "transport", v, True))
               for v in (4, 6) for mode in ("transport", "tunnel")
               for first in (new_comp, lambda: new_esp("gcm16_128"))])


def options(tw, v, make, level, kind, data, outside):
    """IP options and extension headers: those that transport mode leaves outside are not counted as payload."""
    tw.need_testudo()
    ways = [Way(v, (make(), mode, v)) for mode in ("transport", "tunnel")]
    key(tw, ways)
    with Sender(tw, v) as sender, tw.drops(out_too_big=len(ways)):
        sender.sock.setsockopt(level, kind, data)
        for way in ways:
            way.front += len(data)
            way.outside += len(data) * outside
            local(tw, sender, way, way.largest())


def floor6(tw):
    """IPv6 in IPv4 with less than 1280 inside: senders are told 1280, and 1280 bytes leave as two outer fragments."""
    tw.need_testudo()
    way = Way(6, (new_esp("gcm16_128"), "tunnel", 4))
    key(tw, [way])
    tw.a.ip("link", "set", "a0", "mtu", "1300")
    try:
        equal(way.largest(1300), 1246, "what would fit")
        with Sender(tw, 6) as sender, tw.drops(out_too_big=1):
            for size in (1246, 1247, 1280):
                data, whole = os.urandom(size - way.front - layers.UDP_HEAD), packet.Reassembler()
                sender.sock.sendto(data, (way.dst, way.port))
                pkts = [tw.wire.recv() for _ in range(1 + (size > 1246))]
                check(all(p and len(p.raw) <= 1300 for p in pkts), f"{size} bytes: packets of {pkts} on a link of 1300")
                # a reassembled packet keeps its first header
                pkt = [whole.feed(p) for p in pkts][-1]
                check(pkt is not None, f"{size} bytes: the fragments make no packet")
                raw = packet.ip4(pkt.src, pkt.dst, packet.ESP, pkt.payload)
                check(layers.take_off(way.bundle, raw).endswith(data), f"{size} bytes: another datagram inside")
            sender.refused(data + b"x", way, 1280, "1280 bytes")
    finally:
        tw.a.ip("link", "set", "a0", "mtu", str(LINK))


def no_df(tw, mode):
    """H's packet without DF: fragments inside a tunnel, each of which fits, or outer ones after transport mode."""
    tw.need_testudo()
    way = Way(4, (new_esp("aes128", "sha256"), mode, 4))
    if mode == "transport":
        way.src, way.dst = lab.HOST[4], lab.OUTER[4][1]
        way.nets = way.src, way.dst
    key(tw, [way])
    way.src, data = lab.HOST[4], os.urandom(1472)
    outside, inside, clear, count = packet.Reassembler(), packet.Reassembler(), None, 0
    with tw.drops():
        tw.inside.send(packet.ip(way.src, way.dst, packet.UDP, packet.udp(way.src, way.dst, 7777, way.port, data)))
        while clear is None:
            pkt = tw.wire.recv()
            check(pkt is not None, f"{count} packets came, and make no datagram")
            count += 1
            check(len(pkt.raw) <= LINK, f"{len(pkt.raw)} bytes on a link of {LINK}")
            check(mode == "transport" or not pkt.mf and not pkt.off, "an outer fragment of a tunnel")
            pkt = outside.feed(pkt)
            if pkt:
                raw = packet.ip4(pkt.src, pkt.dst, packet.ESP, pkt.payload)
                clear = inside.feed(packet.parse(layers.take_off(way.bundle, raw)))
    equal(count, 2, "packets on the wire")
    check(clear.payload.endswith(data) and len(clear.payload) == 1480, "another datagram")
    equal(tw.inside.recv(timeout=0), None, "an answer to a packet without DF")


for row in TABLE:
    suite.add(f"F01_table_{row[0]}_{row[1]}", table, *row)
for number, (enc, auth) in enumerate(pfkey.alg_names()):
    alg = enc if auth == "none" else f"{enc}_{auth}"
    suite.add(f"F01_esp_{alg}", algorithm, alg, enc, auth, number)
for auth in algs.HASHES:
    if auth != "none":
        suite.add(f"F01_ah_{auth}", ah_hash, auth)
suite.add("F01_ipcomp", compressed)
for name, first, second in (("ah_outside", lambda: new_esp("aes128", "sha256"), new_ah),
                            ("ah_inside", new_ah, lambda: new_esp("gcm16_128")),
                            ("esp_twice", lambda: new_esp("3des", "sha1"), lambda: new_esp("aes256", "sha512")),
                            ("ipcomp_inside", new_comp, lambda: new_esp("chacha"))):
    suite.add(f"F01_bundle_{name}", bundles, first, second)
suite.add("F01_bundle_in_udp", bundle_udp)
for name, make in (("esp", lambda: new_esp("aes128", "sha256")), ("ah", new_ah)):
    suite.add(f"F01_options_v4_{name}", options, 4, make, socket.IPPROTO_IP, 4, b"\1" * 8, True)
    # a header with one option of padding
    suite.add(f"F01_hop_options_v6_{name}", options, 6, make, socket.IPPROTO_IPV6, 54, b"\0\0\1\4\0\0\0\0", True)
    suite.add(f"F01_dst_options_v6_{name}", options, 6, make, socket.IPPROTO_IPV6, 59, b"\0\0\1\4\0\0\0\0", False)
suite.add("F01_floor_of_ipv6", floor6)
for mode in ("transport", "tunnel"):
    suite.add(f"F02_no_df_v4_{mode}", no_df, mode)

if __name__ == "__main__":
    suite.run(lambda: lab.Lab(behind=True))
