#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Is every malformed, forged or misdirected ESP packet dropped, counted once, and answered by nothing?

# kernels: all
# timeout: 900
"""
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import esp
import lab
import packet
from ktap import Suite, check, equal

suite = Suite(__doc__)
ALGS = (("gcm16_128", "none"), ("aes128", "sha256"), ("null", "sha1"))


def silent(tw, pkts, what, **drops):
    """None of @pkts is delivered, each is counted, and A sends nothing back."""
    tw.wire.drain()
    with tw.drops(**drops):
        tw.delivered(pkts, [], what)
    back = tw.wire.recv(timeout=0)
    check(back is None, f"{what}: A answered with {back}")


def alive(tw, flow):
    """The SA still works."""
    data = lab.unique(1)
    tw.delivered([flow.udp(data[0])], data, "good packet afterwards")


def runt(tw, enc, auth):
    """Every length too short for header, IV, trailer and ICV."""
    flow = tw.flow(enc, auth, ways=("in",))
    whole = flow.tx.seal(b"", 17, seq=5)
    floor = 8 + flow.tx.alg.iv + flow.tx.icv + 2
    cut = [whole[:n] for n in range(8, floor)]
    silent(tw, [flow.outer(c) for c in cut], "8 bytes to one short", in_hdr=len(cut))
    tw.wire.drain()
    tw.delivered([flow.outer(whole[:n]) for n in range(8)], [], "shorter than an ESP header")
    flow.tx.seq = 10
    alive(tw, flow)


def not_block(tw, enc, auth):
    """Ciphertext that is no multiple of the block, with a right ICV."""
    flow, pkts = tw.flow(enc, auth, ways=("in",)), []
    for extra in (1, 2, 3):
        plain = flow.tx.trailer(os.urandom(64), 17) + bytes(extra)
        if flow.tx.alg.kind == "aead":
            body = flow.tx.seal(b"", 17, plain=plain)
        else:
            flow.tx.seq += 1
            head = struct.pack("!II", flow.tx.spi, flow.tx.seq) + os.urandom(flow.tx.alg.iv) + plain
            body = head + esp.MAC[auth](flow.tx.akey, head)
        pkts.append(flow.outer(body))
    silent(tw, pkts, "odd lengths", in_hdr=3)
    alive(tw, flow)


def bad_pad(tw, enc, auth):
    """Padding that is not 1, 2, 3..., and pad lengths beyond the packet."""
    flow = tw.flow(enc, auth, ways=("in",))
    block = flow.tx.alg.align
    body = flow.datagram(os.urandom(22 if block < 16 else 16))
    size = -(len(body) + 2) % block or block
    lies = [flow.tx.seal(body, 17, pad=bytes(range(2, size + 2))),
            flow.tx.seal(body, 17, pad=bytes(size)),
            flow.tx.seal(body, 17, padlen=len(body) + size + 1),
            flow.tx.seal(body, 17, padlen=255)]
    silent(tw, [flow.outer(x) for x in lies], "lying padding", in_padding=len(lies))
    data = lab.unique(1)
    tw.delivered([flow.wrap(packet.UDP, flow.datagram(data[0]), blocks=255 // block - 1)], data,
                 "as much padding as there may be")


def wrong_spi(tw):
    """Reserved and unknown SPIs, the right one for another address or protocol."""
    flow = tw.flow("gcm16_128", ways=("in",))
    good = flow.udp(b"x")
    spi = good.index(struct.pack("!I", flow.tx.spi))
    ours = list(range(0, 256, 51)) + [flow.tx.spi + 77, 0xFFFFFFFF]
    pkts = [good[:spi] + struct.pack("!I", n) + good[spi + 4:] for n in ours]
    pkts.append(packet.ip(flow.w_out, lab.INNER[4][0], packet.ESP, good[20:]))
    silent(tw, pkts, "wrong SPI or address", in_no_sa=len(pkts))
    alive(tw, flow)


def wrong_key(tw):
    """The peer has another authentication key, then another encryption key."""
    flow = tw.flow("aes128", "sha256", ways=("in",))
    evil = esp.Sa(flow.tx.spi, "aes128", "sha256", ekey=flow.tx.ekey)
    pkts = [flow.outer(evil.seal(flow.datagram(os.urandom(8)), 17)) for _ in range(5)]
    silent(tw, pkts, "other authentication key", in_auth=5)
    evil = esp.Sa(flow.tx.spi, "aes128", "sha256", akey=flow.tx.akey)
    pkts = [flow.outer(evil.seal(flow.datagram(os.urandom(8)), 17)) for _ in range(20)]
    tw.delivered(pkts, [], "other encryption key")
    flow.tx.seq = 100
    alive(tw, flow)


def flips(tw, enc, auth):
    """Every bit of a 100-byte ESP packet flipped."""
    flow = tw.flow(enc, auth, ways=("in",), window=32)
    size = next(n for n in range(60, 0, -1) if flow.tx.esp_len(8 + n) <= 100)
    body = flow.tx.seal(flow.datagram(os.urandom(size)), 17, seq=1 << 20)
    pkts = []
    for bit in range(len(body) * 8):
        raw = bytearray(body)
        raw[bit // 8] ^= 1 << bit % 8
        pkts.append(flow.outer(bytes(raw)))
    tw.wire.drain()
    before = tw.stat()
    tw.delivered(pkts, [], "flipped bits")
    moved = {k: v - before[k] for k, v in tw.stat().items() if v != before[k] and k not in lab.EVENTS}
    equal(sum(moved.values()), len(pkts), f"drops in {moved}")
    check(tw.wire.recv(timeout=0) is None, "A answered")
    tw.delivered([flow.outer(body)], [flow.tx.open(body).payload[8:]], "the packet as it was")


def ext_chain(tw):
    """IPv6 extension headers before ESP: usual, many, and impossible ones."""
    flow = tw.flow("gcm16_128", v=6, ways=("in",))
    def dstopt(nh, count):
        return (bytes([packet.DSTOPT, 0]) + b"\1\4\0\0\0\0") * (count - 1) + bytes([nh, 0]) + b"\1\4\0\0\0\0"
    def chain(first, headers, data):
        return packet.ip6(flow.w_out, flow.a_out, first, headers + flow.tx.seal(flow.datagram(data), 17))
    def fraghdr(nh):
        return struct.pack("!BBHI", nh, 0, 0, random.getrandbits(32))
    data = lab.unique(4)
    tw.delivered([chain(packet.DSTOPT, dstopt(packet.ESP, 1), data[0]),
                  chain(packet.HBH, dstopt(packet.ESP, 1), data[1]),
                  chain(packet.FRAG, fraghdr(packet.ESP), data[2]),
                  chain(packet.DSTOPT, dstopt(packet.ESP, 5), data[3])], data, "options, hop by hop, atomic fragment")
    for pkt in (chain(packet.DSTOPT, dstopt(packet.ESP, 100), b"many"),
                chain(packet.DSTOPT, dstopt(packet.HBH, 1) + dstopt(packet.ESP, 1), b"hbh not first"),
                chain(packet.FRAG, fraghdr(packet.FRAG) + fraghdr(packet.ESP), b"two fragment headers"),
                chain(packet.DSTOPT, bytes([packet.ESP, 255]) + b"\1\4\0\0\0\0", b"beyond the packet"),
                packet.ip6(flow.w_out, flow.a_out, packet.ESP, b"")):
        tw.wire.send(pkt)
    tw.arrivals()
    alive(tw, flow)


def spoofed(tw, v, outer):
    """Inside a tunnel: a source outside the selectors, garbage for a header, another family."""
    flow = tw.flow("gcm16_128", v=v, outer=outer, mode="tunnel", ways=("in",))
    stranger = "10.9.9.9" if v == 4 else "fd00:9::9"
    data = packet.udp(stranger, flow.a_in, 7777, tw.port, b"spoof")
    tw.wire.drain()
    with tw.drops(in_no_policy=1):
        tw.delivered([flow.wrap(packet.UDP, data, inner={"src": stranger})], [], "inner source outside the policy")
    nh = packet.IPIP if v == 4 else packet.IPV6
    good = flow.inner(packet.UDP, flow.datagram(b"x"))
    bad = [b"", good[:10], bytes([0x51 if v == 4 else 0x71]) + good[1:], good[:-4]]
    with tw.drops(in_inner=len(bad)):
        tw.delivered([flow.outer(flow.tx.seal(b, nh)) for b in bad], [], "malformed inner header")
    with tw.drops(in_mode=2):
        tw.delivered([flow.outer(flow.tx.seal(good[20 if v == 4 else 40:], packet.UDP)),
                      flow.outer(flow.tx.seal(b"12345678", 253))], [], "no IP inside a tunnel")
    data = lab.unique(1)
    tw.delivered([flow.udp(data[0])], data, "good packet afterwards")


def clear_spoof(tw):
    """Clear text that pretends to have come through the tunnel or from the peer."""
    flow = tw.flow("gcm16_128", mode="tunnel", ways=("in",))
    silent(tw, [flow.inner(packet.UDP, flow.datagram(b"clear"))], "clear inner packet", in_clear=1)
    tw.reset()
    flow = tw.flow("gcm16_128", ways=("in",))
    silent(tw, [packet.ip(flow.w_out, flow.a_out, packet.UDP, flow.datagram(b"clear"))], "clear", in_clear=1)


def outer_source(tw):
    """An outer source other than the SA's: no crash, no delivery to a policy that names the peer, one count or none."""
    flow = tw.flow("gcm16_128", ways=("in",))
    odd = flow.udp(b"odd source", outer={"src": "10.0.0.99"})
    tw.wire.send(odd)
    got = tw.arrivals()
    check(got in ([], [b"odd source"]), f"delivered {got}")
    alive(tw, flow)


def cast(tw):
    """ESP to broadcast, multicast, and a link-local address."""
    flow = tw.flow("gcm16_128", ways=("in",))
    for dst in ("10.0.0.255", "255.255.255.255", "224.0.0.1"):
        tw.wire.send(packet.ip(flow.w_out, dst, packet.ESP, flow.tx.seal(flow.datagram(b"cast"), 17)), b"\xff" * 6)
    equal(tw.arrivals(), [], "delivered from broadcast and multicast")
    alive(tw, flow)


def bad_mode(tw):
    """Tunnel payload on a transport SA."""
    flow = tw.flow("gcm16_128", ways=("in",))
    inner = packet.ip("10.0.2.2", lab.INNER[4][0], packet.UDP,
                      packet.udp("10.0.2.2", lab.INNER[4][0], 7777, tw.port, b"smuggled"))
    tw.delivered([flow.outer(flow.tx.seal(inner, packet.IPIP))], [], "a tunnel inside a transport SA")
    alive(tw, flow)


for enc, auth in ALGS:
    suite.add(f"M01_esp_runt_{enc}", runt, enc, auth)
    suite.add(f"M04_esp_bad_padding_{enc}", bad_pad, enc, auth)
    suite.add(f"M07_esp_bitflip_sweep_{enc}", flips, enc, auth)
for enc, auth in (("aes128", "sha256"), ("3des", "sha1"), ("gcm16_128", "none")):
    suite.add(f"M03_esp_not_block_multiple_{enc}", not_block, enc, auth)
suite.add("M06_esp_spi_reserved", wrong_spi)
suite.add("A16_esp_wrong_key", wrong_key)
suite.add("M11_v6_ext_chain_abuse", ext_chain)
for v, outer in ((4, 4), (6, 6), (4, 6), (6, 4)):
    suite.add(f"M13_spoofed_inner_{v}in{outer}", spoofed, v, outer)
suite.add("M13_clear_pretends", clear_spoof)
suite.add("M13_outer_source_differs", outer_source)
suite.add("M13_tunnel_in_transport_sa", bad_mode)
suite.add("M15_broadcast_multicast", cast)

if __name__ == "__main__":
    suite.run(lab.Lab)
