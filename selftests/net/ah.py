#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Does AH cover exactly what RFC 4302 says, both ways, and let nothing else pass?

# kernels: all
# timeout: 900
# brief: sha256_v|tunnel_4in6|options_all|headers_6|bundle|B13

The wire peer builds and takes apart every packet itself, IPv4 options and IPv6
extension headers included. TW of scenarios: A with the stack under test, W raw
(drawn in wire/lab.py).
"""
import contextlib
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import ah
import ahflow
import algs
import esp
import lab
import packet
import pfkey
from ktap import Suite, check, equal

suite = Suite(__doc__)
HASHES = [h for h in algs.HASHES if h != "none"]
SIZES = (0, 13, 1300)


def sweep(flow):
    """Echo at several sizes; sequence numbers from 1."""
    for number, size in enumerate(SIZES, 1):
        equal(flow.echo(os.urandom(size)).seq, number, "sequence number")


def hashes(tw, auth, v):
    """B02, B08: ICV, length field and alignment of one algorithm."""
    sweep(ahflow.Flow(tw, auth, v))


def tunnel(tw, auth, v, outer):
    """B03: a tunnel; the ICV covers the outer header and all that is inside."""
    sweep(ahflow.Flow(tw, auth, v, "tunnel", outer))


def align8(tw):
    """D6: an SA that sends IPv4 in units of 8 bytes takes both, and so does every other one."""
    tw.need_testudo()
    flow = ahflow.Flow(tw, align8=True)
    equal(flow.rx.size(4), 32, "bytes of AH")
    sweep(flow)
    for have in (True, False):
        tw.reset()
        flow, data = ahflow.Flow(tw, align8=have, ways=("in",)), lab.unique(2)
        pkts = [flow.udp(data[0])]
        flow.tx.align8 = not have
        pkts.append(flow.udp(data[1]))
        tw.delivered(pkts, data, "either alignment")


def padding(tw):
    """The padding behind the ICV may be anything, and is covered."""
    flow, data = ahflow.Flow(tw, v=6, ways=("in",)), lab.unique(1)
    raw = flow.tx.protect(flow.clear(packet.UDP, flow.datagram(data[0])), pad=b"\xa5\x5a\0\1", seq=5)
    with tw.drops(in_auth=1):
        at = 40 + 12 + 16
        tw.delivered([raw[:at] + b"\xa4" + raw[at + 1:]], [], "other padding")
    tw.delivered([raw], data, "padding that is not zero")


def flip(raw, at):
    """One bit of byte @at, and IPv4's checksum made right."""
    out = bytearray(raw)
    out[at] ^= 1
    if out[0] >> 4 == 4:
        length = (out[0] & 15) * 4
        struct.pack_into("!H", out, 10, 0)
        struct.pack_into("!H", out, 10, packet.csum(bytes(out[:length])))
    return bytes(out)


OPTIONS = {
    "alert": b"\x94\x04\x00\x00",
    "record": b"\x07\x0b\x04" + bytes(8),
    "record_full": b"\x07\x07\x08\x0a\x00\x00\x09",
    "time": b"\x44\x0c\x05\x00" + bytes(8),
    "security": b"\x82\x0b" + bytes(range(9)),
    "loose_end": b"\x83\x07\x08\x0a\x00\x00\x09",
    "strict_end": b"\x89\x07\x08\x0a\x00\x00\x09",
    "unknown": b"\x5e\x06\x01\x02\x03\x04",
    "all": b"\x94\x04\x00\x00" + b"\x01" + b"\x07\x07\x04\0\0\0\0" + b"\x44\x08\x05\x00\0\0\0\0" + b"\x01",
}


def options_in(tw, name):
    """B06: a packet with options is taken, and a bit of an option counts exactly if it is immutable."""
    flow, data = ahflow.Flow(tw, ways=("in",)), lab.unique(2)
    opts = OPTIONS[name]
    for dev in ("all", "a0"):
        tw.a.sysctl(f"net/ipv4/conf/{dev}/accept_source_route", 1)
    tw.delivered([flow.udp(data[0], options=opts)], data[:1], f"option {name}")
    raw, at = flow.udp(data[1], options=opts), 20 + len(opts) - 1
    if opts[0] in ah.KEPT and name != "all":
        with tw.drops(in_auth=1):
            tw.delivered([flip(raw, at)], [], "an immutable option changed")
        tw.delivered([raw], data[1:], "and as it was")
    elif name in ("record", "time", "unknown"):
        tw.delivered([flip(raw, at)], data[1:], "a mutable option changed")


@contextlib.contextmanager
def socket_option(sock, level, option, value):
    """A socket option while the context lasts."""
    sock.setsockopt(level, option, value)
    try:
        yield
    finally:
        sock.setsockopt(level, option, b"")


IP_OPTIONS, IPV6_HOPOPTS, IPV6_RTHDR, IPV6_DSTOPTS = 4, 54, 57, 59


def options_out(tw, name):
    """B06: what A sends with options."""
    flow = ahflow.Flow(tw, ways=("out",))
    opts = OPTIONS[name].ljust(-(-len(OPTIONS[name]) // 4) * 4, b"\0")
    with socket_option(tw.sinks[0], socket.IPPROTO_IP, IP_OPTIONS, opts):
        tw.sinks[0].sendto(b"options", (flow.w_in, 9))
        out = flow.reply()
    equal(out.clear[20], opts[0], "first option")
    check(out.payload.endswith(b"options"), "another datagram")


def route_out(tw):
    """B06: a loose source route: the ICV has the last address, the header the first."""
    flow = ahflow.Flow(tw, ways=("out",))
    opts = b"\x83\x07\x04" + packet.pton(flow.w_in) + b"\0"
    with socket_option(tw.sinks[0], socket.IPPROTO_IP, IP_OPTIONS, opts):
        tw.sinks[0].sendto(b"route", (lab.FENCE[4], 9))
        out = flow.reply()
    equal(packet.ntop(out.clear[16:20]), flow.w_in, "first hop")
    check(packet.pton(lab.FENCE[4]) in out.clear[20:28], "the option has not the destination")


# next header, length and contents of 8 bytes each: what may change, and what may not
MUTABLE = b"\x3e\x04\x01\x02\x03\x04"
FIXED = b"\x1e\x04\x01\x02\x03\x04"


def chain(kinds, proto):
    """Extension headers of @kinds in front of @proto, as (first next header, bytes)."""
    out = b""
    names = [k for k, _ in kinds] + [proto]
    for at, (_, body) in enumerate(kinds):
        out += bytes([names[at + 1], len(body) // 8]) + body
    return names[0], out


def headers_in(tw, kind, body, offset, counts):
    """B07: an IPv6 packet with an extension header in front of AH; a bit of it at @offset counts or not."""
    flow, data = ahflow.Flow(tw, v=6, ways=("in",)), lab.unique(2)
    got = []
    for d in data:
        first, front = chain([(kind, body)], packet.UDP)
        raw = packet.ip6(flow.w_out, flow.a_out, first, front + flow.datagram(d))
        got.append(flow.tx.protect(raw, at=(40 + len(front), 40)))
    tw.delivered(got[:1], data[:1], "as it should be")
    changed = flip(got[1], 40 + offset)
    if counts:
        with tw.drops(in_auth=1):
            tw.delivered([changed], [], "a bit that is covered")
        tw.delivered(got[1:], data[1:], "and as it was")
    else:
        tw.delivered([changed], data[1:], "a bit that may change")


def headers_out(tw, option, body, name):
    """B07: what A sends with an extension header: outside or inside of AH, covered as it will arrive."""
    flow = ahflow.Flow(tw, v=6, ways=("out",))
    with socket_option(tw.sinks[1], socket.IPPROTO_IPV6, option, body):
        tw.sinks[1].sendto(b"headers", (lab.FENCE[6] if name == "route" else flow.w_in, 9))
        out = flow.reply()
    check(out.payload.endswith(b"headers"), "another datagram")
    inside = out.nh == packet.DSTOPT
    equal(inside, name == "destination", "destination options are protected, others stay outside")


def fragments(tw, v):
    """B09: AH first, then fragments; and the other way round on receipt."""
    flow = ahflow.Flow(tw, v=v)
    data = os.urandom(3000)
    tw.sinks[v == 6].sendto(data, (flow.w_in, 9))
    whole = packet.Reassembler()
    while True:
        pkt = tw.wire.recv(lambda p: p.proto == ah.AH)
        check(pkt is not None, "no fragments with AH came")
        pkt = whole.feed(pkt)
        if pkt:
            break
    kw = {"ident": pkt.ident} if v == 4 else {}
    out = flow.rx.open(packet.ip(pkt.src, pkt.dst, ah.AH, pkt.payload, **kw))
    check(out.payload.endswith(data), "another datagram")
    raw = flow.udp(data, **({"ident": 4711} if v == 4 else {}))
    parts = packet.frag(flow.w_out, flow.a_out, ah.AH, raw[20 if v == 4 else 40:], 1000, ident=4711)
    tw.delivered(parts[::-1], [data], "fragments of a protected packet")


def bundle_lines(tw, order, inner, outer, flow):
    """SAs of both protocols and policies that ask for both, innermost first."""
    reqs = " ".join(f"{p}/transport//require" for p in order)
    a, w = flow.a_out, flow.w_out
    lines = []
    for to_a, from_a in (inner, outer):
        lines += [tw.dut.sa_line(to_a, w, a, "transport"), tw.dut.sa_line(from_a, a, w, "transport")]
    return lines + [f"spdadd {a} {w} any -P out ipsec {reqs};\n", f"spdadd {w} {a} any -P in ipsec {reqs};\n"]


def with_esp(sa, raw):
    """The clear packet @raw with ESP in transport mode."""
    length, nh_at = ah.front(raw)
    return ah.rebuilt(raw[:length], nh_at, packet.ESP, sa.seal(raw[length:], raw[nh_at]))


def without_esp(sa, raw):
    """Undo with_esp()."""
    length, nh_at = ah.front(raw)
    out = sa.open(raw[length:])
    return ah.rebuilt(raw[:length], nh_at, out.nh, out.payload)


def bundle(tw, v, order):
    """B10: ESP and AH in either order; both are required of what comes in."""
    tw.need_testudo()
    flow = ahflow.Flow(tw, v=v, keyed=False, ways=())
    auth = (flow.tx, flow.rx)
    enc = tuple(esp.Sa(pfkey.random_spi() + n, "aes128", "sha1") for n in (0, 1))
    inner, outer = (enc, auth) if order[0] == "esp" else (auth, enc)
    tw.dut.apply(bundle_lines(tw, order, inner, outer, flow))

    def put(sa, raw):
        return sa.protect(raw) if isinstance(sa, ah.Sa) else with_esp(sa, raw)

    def take(sa, raw):
        return sa.open(raw).clear if isinstance(sa, ah.Sa) else without_esp(sa, raw)

    data = lab.unique(3)
    clear = [flow.clear(packet.UDP, flow.datagram(d)) for d in data]
    tw.delivered([put(outer[0], put(inner[0], clear[0]))], data[:1], "both")
    with tw.drops(in_mismatch=2):
        tw.delivered([put(inner[0], clear[1]), put(outer[0], clear[2])], [], "one of the two")
    tw.sinks[v == 6].sendto(b"bundle", (flow.w_in, 9))
    pkt = tw.wire.recv(lambda p: p.proto in (ah.AH, packet.ESP))
    check(pkt is not None, "nothing came")
    equal(pkt.proto, packet.ESP if order[1] == "esp" else ah.AH, "protocol outside")
    check(take(inner[1], take(outer[1], pkt.raw)).endswith(b"bundle"), "another datagram")


def over_tunnel(tw, v, outer):
    """B11: AH in transport mode outside of an ESP tunnel."""
    tw.need_testudo()
    flow = ahflow.Flow(tw, v=outer, keyed=False, ways=())
    enc = tuple(esp.Sa(pfkey.random_spi() + n, "gcm16_128") for n in (0, 1))
    (a, w), nets = lab.OUTER[outer], lab.NETS[v]
    reqs = "esp/tunnel/{}-{}/require ah/transport//require"
    tw.dut.apply([tw.dut.sa_line(enc[0], w, a, "tunnel"), tw.dut.sa_line(enc[1], a, w, "tunnel"),
                  tw.dut.sa_line(flow.tx, w, a, "transport"), tw.dut.sa_line(flow.rx, a, w, "transport"),
                  f"spdadd {nets[0]} {nets[1]} any -P out ipsec {reqs.format(a, w)};\n",
                  f"spdadd {nets[1]} {nets[0]} any -P in ipsec {reqs.format(w, a)};\n"])
    a_in, w_in = lab.INNER[v]
    nh = packet.IPV6 if v == 6 else packet.IPIP

    def tunnelled(data):
        inner = packet.ip(w_in, a_in, packet.UDP, packet.udp(w_in, a_in, 7777, tw.port, data))
        return packet.ip(w, a, packet.ESP, enc[0].seal(inner, nh))

    data = lab.unique(2)
    tw.delivered([flow.tx.protect(tunnelled(data[0]))], data[:1], "both")
    with tw.drops(in_mismatch=1):
        tw.delivered([tunnelled(data[1])], [], "the tunnel alone")
    tw.sinks[v == 6].sendto(b"tunnel", (w_in, 9))
    out = flow.reply()
    equal(out.nh, packet.ESP, "inside of AH")
    check(enc[1].open(out.payload).payload.endswith(b"tunnel"), "another datagram")


def runts(tw, v):
    """B13, M08: cut short, and lengths that lie: none is delivered, each is counted once."""
    flow = ahflow.Flow(tw, v=v, ways=("in",))
    clear = flow.clear(packet.UDP, flow.datagram(b"x" * 8))
    length, size = 20 if v == 4 else 40, flow.tx.size(v)
    whole = flow.tx.protect(clear, seq=5)
    cut = [ah.rebuilt(whole[:length], 9 if v == 4 else 6, ah.AH, whole[length:length + n]) for n in range(12, size)]
    lies = [flow.tx.protect(clear, seq=6, plen=n) for n in (0, 1, size // 4 - 3, size // 4 - 1, size // 4, 64, 255)
            if n * 4 + 8 not in (28, 32)]
    with tw.drops(in_hdr=len(cut) + len(lies)):
        tw.delivered(cut + lies, [], "short, or a length that lies")
    flow.tx.seq, data = 10, lab.unique(1)
    tw.delivered([flow.udp(data[0])], data, "good packet afterwards")


def flips(tw, v):
    """M07: every bit of AH and what is behind it, and of the addresses in front."""
    flow = ahflow.Flow(tw, v=v, ways=("in",))
    raw = flow.udp(os.urandom(24), seq=1 << 20)
    length = 20 if v == 4 else 40
    bad = []
    for bit in range(length * 8, len(raw) * 8):
        out = bytearray(raw)
        out[bit // 8] ^= 1 << bit % 8
        bad.append(bytes(out))
    tw.delivered(bad, [], "a flipped bit")
    flow.tx.seq, data = 1 << 21, lab.unique(1)
    tw.delivered([flow.udp(data[0])], data, "good packet afterwards")


def replay(tw):
    """J01: each number once."""
    flow, data = ahflow.Flow(tw, ways=("in",), window=32), lab.unique(40)
    pkts = [flow.udp(d) for d in data]
    tw.delivered(pkts, data, "in order")
    with tw.drops(in_replay=len(pkts)):
        tw.delivered(pkts, [], "again")


def esn(tw, v):
    """B14: the upper half of the number is covered and not sent, also across 2^32."""
    tw.need_testudo()
    flow, key = ahflow.Flow(tw, v=v, esn=True, keyed=False), tw.pfkey()
    own = {"flags": pfkey.ESN, "window": 64}
    key.add(flow.tx, flow.w_out, flow.a_out, own=dict(own, iseq=0xFFFFFFF0))
    key.add(flow.rx, flow.a_out, flow.w_out, own=dict(own, oseq=0xFFFFFFFD))
    key.close()
    order = [0xFFFFFFFE, 0x100000001, 0xFFFFFFFF, 0x100000000]
    data = lab.unique(len(order))
    tw.delivered([flow.udp(d, seq=s) for d, s in zip(data, order)], data, "across 2^32")
    for n in range(4):
        tw.sinks[v == 6].sendto(b"esn", (flow.w_in, 9))
        pkt = tw.wire.recv(flow.is_reply)
        check(pkt is not None, f"packet {n} did not come")
        seq = 0xFFFFFFFE + n
        equal(flow.rx.open(pkt.raw, seq >> 32).seq, seq, "sequence number")


def through_nat(tw, v):
    """B12: what a NAT has changed is no peer's: another source is refused, and where any will do the ICV is wrong."""
    tw.need_testudo()
    other = lab.FENCE[v]
    flow = ahflow.Flow(tw, v=v, ways=("in",))

    def translated():
        raw = flow.udp(b"x" * 8)
        length, nh_at = ah.front(raw)
        head = packet.ip(other, flow.a_out, ah.AH, b"")[:length]
        return ah.rebuilt(head, nh_at, ah.AH, raw[length:])

    with tw.drops(in_endpoint=1):
        tw.delivered([translated()], [], "another source")
    tw.reset()
    flow = ahflow.Flow(tw, v=v, ways=(), keyed=False)
    tw.dut.apply([tw.dut.sa_line(flow.tx, "::" if v == 6 else "0.0.0.0", flow.a_out, "transport")])
    with tw.drops(in_auth=1):
        tw.delivered([translated()], [], "a source that was not covered")
    data = lab.unique(1)
    tw.delivered([flow.udp(data[0])], data, "as it was sent")


def demands(tw):
    """A policy for AH takes neither clear text nor ESP."""
    flow, data = ahflow.Flow(tw, ways=("in",)), lab.unique(2)
    clear = [flow.clear(packet.UDP, flow.datagram(d)) for d in data]
    other = esp.Sa(pfkey.random_spi(), "null", "sha1")
    tw.dut.apply([tw.dut.sa_line(other, flow.w_out, flow.a_out, "transport")])
    with tw.drops(in_clear=1):
        tw.delivered(clear[:1], [], "clear text")
    with tw.drops(in_mismatch=1):
        tw.delivered([with_esp(other, clear[1])], [], "ESP where AH is required")


for auth in HASHES:
    for v in (4, 6):
        suite.add(f"B02_ah_{auth}_v{v}", hashes, auth, v)
for v, outer in ((4, 4), (6, 6), (4, 6), (6, 4)):
    suite.add(f"B03_ah_tunnel_{v}in{outer}", tunnel, "sha1", v, outer)
suite.add("B08_ah_align8", align8)
suite.add("B08_ah_padding", padding)
for name in OPTIONS:
    suite.add(f"B06_ah_options_{name}_in", options_in, name)
for name in ("alert", "record", "time", "all"):
    suite.add(f"B06_ah_options_{name}_out", options_out, name)
suite.add("B06_ah_options_route_out", route_out)
ROUTE0 = bytes([0, 0]) + bytes(4) + packet.pton("fd00::77")
for name, kind, body, offset, counts in (
        ("hop_fixed", packet.HBH, FIXED, 4, True), ("hop_mutable", packet.HBH, MUTABLE, 4, False),
        ("hop_mutable_padded", packet.HBH, b"\x3e\x02\x01\x02\x01\x00", 5, False),
        ("dest_fixed", packet.DSTOPT, FIXED, 5, True), ("dest_mutable", packet.DSTOPT, MUTABLE, 7, False),
        ("routing", ah.ROUTING, ROUTE0, 23, True)):
    suite.add(f"B07_ah_headers_6_{name}_in", headers_in, kind, body, offset, counts)
SEGMENTS = bytes([0, 4, 4, 1, 1, 0, 0, 0]) + packet.pton(lab.FENCE[6]) + packet.pton(lab.OUTER[6][1])
for name, option, body in (("hop", IPV6_HOPOPTS, b"\0\0" + MUTABLE), ("destination", IPV6_DSTOPTS, b"\0\0" + FIXED),
                           ("route", IPV6_RTHDR, SEGMENTS)):
    suite.add(f"B07_ah_headers_6_{name}_out", headers_out, option, body, name)
for v in (4, 6):
    suite.add(f"B09_ah_fragments_v{v}", fragments, v)
    for order in (("esp", "ah"), ("ah", "esp")):
        suite.add(f"B10_ah_bundle_{'_'.join(order)}_v{v}", bundle, v, order)
    suite.add(f"B13_ah_bad_length_v{v}", runts, v)
    suite.add(f"B14_ah_esn_v{v}", esn, v)
    suite.add(f"M07_ah_bitflip_v{v}", flips, v)
    suite.add(f"B12_ah_through_nat_v{v}", through_nat, v)
for v, outer in ((4, 4), (6, 6), (4, 6)):
    suite.add(f"B11_ah_over_esp_tunnel_{v}in{outer}", over_tunnel, v, outer)
suite.add("J01_ah_replay", replay)
suite.add("B10_ah_demanded", demands)

if __name__ == "__main__":
    suite.run(lab.Lab)
