#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Is what does not pay left as it is, is every DEFLATE stream understood, and does no stream cost much?

# kernels: all
# timeout: 400
# brief: echo|threshold|plain|any_mode_esp|bundle|stream|C09|max

IPComp (RFC 3173) against a wire peer with Python's zlib. TW of scenarios: A with
the stack under test, W raw (drawn in wire/lab.py).
"""
import os
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import ah
import esp
import ipcomp
import lab
import packet
from ipcompflow import Flow, text
from ktap import Suite, check, equal

suite = Suite(__doc__)


def echo(tw, v, mode, outer):
    """C01, C02, C05: compressed both ways, with the SPI as CPI; noise and short ones as they are."""
    flow = Flow(tw, v, mode, outer)
    for size in (120, 1000, 1300):
        flow.echo(text(size), True)
    for data in (b"", text(30), os.urandom(900)):
        flow.echo(data, False)


def threshold(tw, mode):
    """C03: 89 bytes of payload go as they are, 90 are compressed; and that is counted."""
    flow = Flow(tw, mode=mode, ways=("out",))
    around = 8 + (20 if mode == "tunnel" else 0)
    before = tw.stat()
    check(not flow.send(b"a" * (89 - around))[1], "89 bytes are compressed")
    check(flow.send(b"a" * (90 - around))[1], "90 bytes are not compressed")
    check(not flow.send(os.urandom(500))[1], "noise is compressed")
    if lab.STACK == "testudo":
        equal(tw.stat()["uncompressed"] - before["uncompressed"], 2, "uncompressed")


def demanded(tw, mode):
    """C04, D12: what its sender did not compress passes under a policy that requires IPComp, in a tunnel if one
    is named; outside of it not."""
    tw.need_testudo()
    flow, data = Flow(tw, mode=mode, ways=("in",)), lab.unique(3)
    tw.delivered([flow.datagram(data[0])], data[:1], "uncompressed")
    if mode == "tunnel":
        inner = packet.ip(flow.w_in, flow.a_in, packet.UDP,
                          packet.udp(flow.w_in, flow.a_in, 7777, tw.port, data[1]))
        with tw.drops(in_clear=1):
            tw.delivered([inner], [], "without the tunnel")
        other = packet.ip(lab.FENCE[4], flow.a_out, packet.IPIP, inner)
        tw.delivered([other], [], "from another end")
        equal(tw.stat()["in_packets"] > 0, True, "the tunnel was used")


def plain_firewall(tw):
    """A rule about IP in IP sees a tunnel's uncompressed packets, as one about IPComp sees the others."""
    tw.need_testudo()
    flow, data = Flow(tw, mode="tunnel", ways=("in",)), lab.unique(2)
    pkts = [flow.datagram(d) for d in data]
    tw.a.run("nft", "-f", "-", text="table ip t {\n chain c {\n  type filter hook input priority 0;\n"
             "  ip protocol 4 drop;\n }\n}\n")
    try:
        tw.wire.send(pkts[0])
        equal(tw.arrivals(), [], "what the rule forbids")
    finally:
        tw.a.run("nft", "flush", "ruleset")
    tw.delivered([pkts[1]], data[1:2], "without the rule")


def bundle(tw, v, mode, around):
    """C06, C07: IPComp inside of ESP and AH: both are demanded, but that IPComp may have left it as it was."""
    tw.need_testudo()
    flow, data = Flow(tw, v, mode, around=around), lab.unique(3)
    flow.echo(text(1000), True)
    flow.echo(os.urandom(600), False)
    flow.echo(b"short", False)
    tw.delivered([flow.shell(flow.datagram(data[0]))], data[:1], f"uncompressed in {around}")
    long = data[1] + text(300)
    with tw.drops(in_mismatch=1):
        tw.delivered([flow.tx.protect(flow.datagram(long))], [], f"compressed without {around}")
    with tw.drops(**{"in_mismatch" if mode == "tunnel" else "in_clear": 1}):
        tw.delivered([flow.datagram(data[2])], [], f"neither compressed nor {around}")


def any_mode(tw, v, around):
    """SAs without a mode, which is setkey's default, in a bundle: uncompressed packets are no tunnel of ESP's."""
    tw.need_testudo()
    flow = Flow(tw, v, "tunnel", around=around, sa_mode="any")
    flow.echo(text(900), True)
    flow.echo(b"short", False)
    flow.echo(os.urandom(700), False)


def other_reqid(tw):
    """Uncompressed packets name no SA, so the policy for one reqid takes them when another's SA is newer."""
    tw.need_testudo()
    flow, data = Flow(tw, mode="tunnel", ways=()), lab.unique(1)
    w, a = lab.NETS[4][1], lab.NETS[4][0]
    tw.dut.setkey(f"spdadd {w} {a} any -P in ipsec ipcomp/tunnel/{flow.w_out}-{flow.a_out}/unique:8;\n")
    tw.delivered([flow.datagram(data[0])], data, "another reqid")


def device_between(tw):
    """IP in IP of a tunnel device between the ends of an IPComp SA is not taken for IPComp's: it leaves protected."""
    tw.need_testudo()
    flow = Flow(tw, around="esp", sa_mode="any")
    tw.a.ip("link", "add", "t0", "type", "ipip", "local", flow.a_out, "remote", flow.w_out)
    try:
        tw.a.batch("addr add 10.9.9.1/24 dev t0\nlink set t0 up\n")
        tw.wire.drain()
        tw.sinks[0].sendto(os.urandom(20), ("10.9.9.2", 9))
        pkt = tw.wire.recv(lambda p: p.ver == 4)
        check(pkt is not None, "nothing came")
        equal(pkt.proto, packet.ESP, "protocol on the wire")
    finally:
        tw.a.ip("link", "del", "t0")


def member_goes(tw, which):
    """I18: when one SA of a bundle has gone, the rest of it sends nothing, and what comes without it is refused."""
    tw.need_testudo()
    flow = Flow(tw, mode="tunnel", around="esp")
    flow.echo(text(300), True)
    proto, spi = ("esp", flow.around[1].spi) if which == "esp" else ("ipcomp", flow.rx.spi)
    tw.dut.setkey(f"delete {flow.a_out} {flow.w_out} {proto} {spi:#x};\n")
    tw.wire.drain()
    with tw.drops(out_no_sa=1):
        lab.refused(tw.sinks[0], text(300), flow.w_in, "EHOSTUNREACH")
    check(tw.wire.recv(timeout=0.2) is None, "something left")


def streams(tw, v):
    """C08: whatever a DEFLATE encoder may make: stored, fixed and dynamic blocks, many of them, a far window."""
    flow = Flow(tw, v, ways=("in",))
    blocks = zlib.compressobj(6, zlib.DEFLATED, -15)
    noise = os.urandom(400)

    def many(body):
        parts = [blocks.compress(body[i:i + 100]) + blocks.flush(zlib.Z_FULL_FLUSH if i % 200 else zlib.Z_SYNC_FLUSH)
                 for i in range(0, len(body), 100)]
        return b"".join(parts) + blocks.flush()

    made = {"stored": lambda b: ipcomp.deflate(b, 0), "fast": lambda b: ipcomp.deflate(b, 1),
            "best": lambda b: ipcomp.deflate(b, 9),
            "fixed": lambda b: ipcomp.deflate(b, 6, zlib.Z_FIXED),
            "huffman": lambda b: ipcomp.deflate(b, 6, zlib.Z_HUFFMAN_ONLY),
            "runs": lambda b: ipcomp.deflate(b, 6, zlib.Z_RLE), "small window": lambda b: ipcomp.deflate(b, window=9),
            "many blocks": many, "padding behind": lambda b: ipcomp.deflate(b) + bytes(17)}
    for name, make in made.items():
        data = text(700)
        raw = flow.datagram(data)
        tw.delivered([flow.tx.protect(raw, stream=make(raw[ah.front(raw)[0]:]))], [data], name)
    # the second copy of the noise is found 30,000 bytes back
    data = noise + bytes(30000) + noise
    raw = flow.datagram(data)
    stream = ipcomp.deflate(raw[ah.front(raw)[0]:], 9)
    check(len(stream) < 800, "this stream does not look back that far")
    tw.delivered([flow.tx.protect(raw, stream=stream)], [data], "a far window")


def largest(tw, v):
    """The largest packet that IP can say comes out whole; it goes in and out in many pieces."""
    flow = Flow(tw, v)
    most = 65535 - (20 if v == 4 else 0) - 8
    data = (os.urandom(64) + bytes(1000)) * 70
    data = data[:most]
    for body in (data, os.urandom(1200) * 50):
        raw = flow.datagram(body)
        stream = ipcomp.deflate(raw[ah.front(raw)[0]:])
        pkt = flow.tx.protect(raw, stream=stream)
        length, nh_at = ah.front(pkt)
        pieces = [pkt] if len(pkt) <= 1500 else packet.frag(flow.w_out, flow.a_out, ipcomp.COMP, pkt[length:], 1400)
        tw.delivered(pieces, [body], "a large datagram")
    clear, opened = flow.send(data[:65400])
    check(opened and len(clear) > 65400, "a large datagram of A is not compressed")


def nested(flow, raw, depth):
    """The packet compressed so many times."""
    for _ in range(depth):
        raw = flow.tx.protect(raw)
    return raw


def no_stream():
    """Four random bytes in which there is no whole stream; of 600 such one holds a short one by chance."""
    while True:
        data, z = os.urandom(3) + b"\xff", zlib.decompressobj(-15)
        try:
            z.decompress(data)
        except zlib.error:
            return data
        if not z.eof:
            return data


def broken(tw, v):
    """C09, M09: cut short, no stream at all, too long when decompressed, compressed too often: dropped, each counted
    once; the flags are ignored."""
    tw.need_testudo()
    flow = Flow(tw, v, ways=("in",))
    raw = flow.datagram(text(600))
    length, nh_at = ah.front(raw)
    whole = flow.tx.protect(raw)
    stream = whole[length + 4:]
    cut = [flow.tx.protect(raw, stream=stream[:n]) for n in (0, 1, 2, len(stream) // 2, len(stream) - 1)]
    bad = [flow.tx.protect(raw, stream=s) for s in (b"\x07", b"\xff" * 40, b"\x01\x05\x00\x05\x00abcde", no_stream())]
    with tw.drops(in_stream=len(cut) + len(bad)):
        tw.delivered(cut + bad, [], "a broken stream")
    with tw.drops(in_hdr=3):
        tw.delivered([ah.rebuilt(raw[:length], nh_at, ipcomp.COMP, whole[length:length + n]) for n in (1, 2, 3)], [],
                     "a short header")
    over = 65536 - (20 if v == 4 else 0)
    bombs = [flow.tx.protect(raw, stream=ipcomp.deflate(bytes(n), 9)) for n in (over, 1 << 20)]
    with tw.drops(in_stream=len(bombs)):
        tw.delivered(bombs, [], "longer than a packet can be")
    with tw.drops(in_nested=2):
        tw.delivered([nested(flow, raw, depth) for depth in (2, 7)], [], "compressed more than once")
    data = lab.unique(2)
    pkts = [flow.datagram(d) for d in data]
    tw.delivered([flow.tx.protect(pkts[0], flags=0xff), flow.tx.protect(pkts[1])], data, "flags, and a good one")


def empty(tw):
    """A stream that holds nothing is a packet without payload."""
    flow = Flow(tw, ways=())
    before = tw.stat()
    raw = packet.ip(flow.w_out, flow.a_out, 253, b"")
    tw.wire.send(flow.tx.protect(raw, stream=ipcomp.deflate(b"")))
    if lab.STACK == "testudo":
        lab.wait_until(lambda: tw.stat()["in_packets"] > before.get("in_packets", 0), "it was not opened")


def bitflips(tw):
    """M07: any bit of a stream flipped: no fault of the kernel's, whatever comes out (nothing protects it)."""
    flow = Flow(tw, around="ah", ways=("in",)) if lab.STACK == "testudo" else Flow(tw, ways=("in",))
    raw = flow.tx.protect(flow.datagram(text(200)))
    length = ah.front(raw)[0]
    pkts = []
    for bit in range((length + 4) * 8, len(raw) * 8):
        out = bytearray(raw)
        out[bit // 8] ^= 1 << bit % 8
        pkts.append(flow.shell(bytes(out)))
    for pkt in pkts:
        tw.wire.send(pkt)
    tw.arrivals()
    data = lab.unique(1)
    tw.delivered([flow.shell(flow.tx.protect(flow.datagram(data[0])))], data, "a good one afterwards")


def well_known(tw, mode):
    """C12: CPI 2, with which KAME says DEFLATE and names no SA: the newest SA between the two ends is meant."""
    tw.need_testudo()
    flow, data = Flow(tw, mode=mode, ways=("in",)), text(400)
    tw.delivered([flow.tx.protect(flow.datagram(data), cpi=2)], [data], "CPI 2")
    with tw.drops(in_no_sa=2):
        raw = flow.datagram(text(400))
        tw.wire.send(flow.tx.protect(raw, cpi=0x100 if flow.tx.spi != 0x100 else 0x101))
        tw.wire.send(ah.rebuilt(packet.ip(lab.FENCE[4], flow.a_out, packet.UDP, b"")[:20], 9, ipcomp.COMP,
                                flow.tx.protect(raw, cpi=2)[20:]))
        tw.delivered([], [], "another CPI, another end")


def shared_cpi(tw):
    """C12: the same CPI to two peers is two SAs; ESP and AH with that number are others again."""
    key = tw.pfkey()
    try:
        ends = [("10.0.0.2", "10.0.0.1"), ("10.0.0.1", "10.0.0.2"), ("10.0.0.1", "10.0.0.3")]
        tw.dut.apply([tw.dut.sa_line(ipcomp.Sa(2), *e, "transport") for e in ends])
        tw.dut.apply([tw.dut.sa_line(esp.Sa(2, "gcm16_128"), *ends[0], "transport"),
                      tw.dut.sa_line(ah.Sa(2, "sha1"), *ends[0], "transport")])
        equal(len(key.dump()), 5, "SAs")
    finally:
        key.close()


for v, mode, outer in ((4, "transport", None), (6, "transport", None), (4, "tunnel", 4), (6, "tunnel", 6),
                       (4, "tunnel", 6), (6, "tunnel", 4)):
    suite.add(f"C05_echo_{mode}_{v}{f'in{outer}' if outer else ''}", echo, v, mode, outer)
for mode in ("transport", "tunnel"):
    suite.add(f"C03_threshold_{mode}", threshold, mode)
    suite.add(f"C04_plain_{mode}", demanded, mode)
    suite.add(f"C12_well_known_cpi_{mode}", well_known, mode)
suite.add("C04_plain_and_firewall", plain_firewall)
for which in ("esp", "ipcomp"):
    suite.add(f"I18_bundle_without_{which}", member_goes, which)
suite.add("C12_shared_cpi", shared_cpi)
suite.add("C04_plain_other_reqid", other_reqid)
suite.add("C04_plain_device_between", device_between)
for v in (4, 6):
    for around in ("esp", "ah"):
        suite.add(f"C06_any_mode_{around}_v{v}", any_mode, v, around)
for v in (4, 6):
    for mode in ("transport", "tunnel"):
        for around in ("esp", "ah"):
            suite.add(f"C06_bundle_{mode}_{around}_v{v}", bundle, v, mode, around)
    suite.add(f"C08_stream_v{v}", streams, v)
    suite.add(f"C10_max_v{v}", largest, v)
    suite.add(f"C09_broken_v{v}", broken, v)
suite.add("C09_empty", empty)
suite.add("M07_bitflips", bitflips)

if __name__ == "__main__":
    suite.run(lab.Lab)
