#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Is every malformed, forged or misdirected ESP packet dropped, counted once, and answered by nothing?

# kernels: all
# timeout: 900
# brief: _gcm16_128|4in4|M16
"""
import errno
import os
import random
import socket
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
    data = lab.unique(1)
    tw.delivered([chain(packet.DSTOPT, dstopt(packet.ESP, 100), data[0])], data, "100 options headers")
    # IPv6 itself refuses the first three, before ESP is seen
    for what, pkt, drops in (
            ("hop-by-hop not first", chain(packet.DSTOPT, dstopt(packet.HBH, 1) + dstopt(packet.ESP, 1), b"hbh"), {}),
            ("two fragment headers", chain(packet.FRAG, fraghdr(packet.FRAG) + fraghdr(packet.ESP), b"frag"), {}),
            ("beyond the packet", chain(packet.DSTOPT, bytes([packet.ESP, 255]) + b"\1\4\0\0\0\0", b"x"), {}),
            ("no ESP header", packet.ip6(flow.w_out, flow.a_out, packet.ESP, b""), {"in_hdr": 1})):
        with tw.drops(**drops):
            tw.delivered([pkt], [], what)
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


def clear_spoof(tw, v):
    """Clear text that pretends to have come through the tunnel or from the peer."""
    flow = tw.flow("gcm16_128", v=v, mode="tunnel", ways=("in",))
    silent(tw, [flow.inner(packet.UDP, flow.datagram(b"clear"))], "clear inner packet", in_clear=1)
    tw.reset()
    flow = tw.flow("gcm16_128", v=v, ways=("in",))
    silent(tw, [packet.ip(flow.w_out, flow.a_out, packet.UDP, flow.datagram(b"clear"))], "clear", in_clear=1)


def outer_source(tw, v, mode):
    """An outer source other than the SA's is not its peer, whatever the policy; the window does not move."""
    flow = tw.flow("gcm16_128", v=v, mode=mode, ways=("in",) if mode == "tunnel" else ())
    other = "10.0.0.99" if v == 4 else "fd00::99"
    silent(tw, [flow.udp(b"odd source", outer={"src": other})], "another source", in_endpoint=1)
    flow.tx.seq -= 1
    alive(tw, flow)


def cast(tw):
    """ESP to broadcast, multicast, and a link-local address."""
    flow = tw.flow("gcm16_128", ways=("in",))
    with tw.drops(in_no_sa=3):
        for dst in ("10.0.0.255", "255.255.255.255", "224.0.0.1"):
            tw.wire.send(packet.ip(flow.w_out, dst, packet.ESP, flow.tx.seal(flow.datagram(b"cast"), 17)), b"\xff" * 6)
        equal(tw.arrivals(), [], "delivered from broadcast and multicast")
    alive(tw, flow)


def cast6(tw):
    """M15: ESP to an IPv6 multicast group that has no SA; a pair of SAs between link-local addresses."""
    flow = tw.flow("gcm16_128", v=6, ways=("in",))
    group = packet.ip(flow.w_out, "ff02::1", packet.ESP, flow.tx.seal(flow.datagram(b"cast"), 17))
    tw.wire.drain()
    with tw.drops(in_no_sa=1):
        tw.wire.send(group, b"\x33\x33\0\0\0\1")
        equal(tw.arrivals(), [], "delivered from multicast")
    check(tw.wire.recv(timeout=0) is None, "A answered")
    alive(tw, flow)
    tw.need_testudo()
    near, far = "fe80::a", "fe80::b"
    tw.a.ip("addr", "add", f"{near}/64", "dev", "a0", "nodad")
    tw.own(near)
    try:
        local = tw.flow("gcm16_128", v=6, install=False, ways=())
        local.a_out, local.w_out, local.a_in, local.w_in = near, far, near, far
        tw.dut.setkey(tw.dut.sa_line(local.tx, far, near, "transport", 64) +
                      f"spdadd {far} {near} any -P in ipsec esp/transport//require;")
        alive(tw, local)
        clear = packet.ip(far, near, packet.UDP, local.datagram(b"clear"))
        silent(tw, [clear], "clear from a link-local address", in_clear=1)
    finally:
        tw.a.ip("addr", "del", f"{near}/64", "dev", "a0")


def bad_mode(tw, v):
    """Tunnel payload on a transport SA: a tunnel that no policy asked for, with a policy for the SA or without."""
    nh, own = (packet.IPIP if v == 4 else packet.IPV6), lab.INNER[v]
    inner = packet.ip(own[1], own[0], packet.UDP, packet.udp(own[1], own[0], 7777, tw.port, b"smuggled"))
    for ways in (("in",), ()):
        tw.reset()
        flow = tw.flow("gcm16_128", v=v, ways=ways)
        # IPIP is an upper protocol like others, and A has no tunnel device for it
        tw.delivered([flow.outer(flow.tx.seal(inner, nh))], [], "a tunnel inside a transport SA")
        alive(tw, flow)


def too_big(tw, flow, mtu, quote):
    """An ICMP error from a router, that A's packet (given as bytes) is larger than @mtu."""
    router = "10.0.0.3" if flow.v == 4 else "fd00::3"
    if flow.v == 4:
        return packet.ip(router, flow.a_out, packet.ICMP, packet.icmp(3, 4, mtu, quote))
    return packet.ip(router, flow.a_out, packet.ICMP6, packet.icmp(2, 0, mtu, quote, router, flow.a_out))


def icmp_errors(tw, v):
    """M16: an error that quotes our ESP lowers the MTU; one that quotes another packet does nothing."""
    flow = tw.flow("gcm16_128", v=v, mode="tunnel")
    family, kind = (socket.AF_INET, 10) if v == 4 else (socket.AF_INET6, 23)
    with tw.a:
        sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.bind((flow.a_in, 0))
        sock.setsockopt(socket.IPPROTO_IP if v == 4 else socket.IPPROTO_IPV6, kind, 2)     # MTU_DISCOVER: DO
        sock.connect((flow.w_in, 9))
        head = 28 if v == 4 else 48
        # what is left inside must not be less than IPv6's 1280, which fits anyhow
        mtu = 1300 if v == 4 else 1400

        def fits(size):
            try:
                sock.send(bytes(size - head))
            except OSError as err:
                equal(err.errno, errno.EMSGSIZE, "errno")
                return False
            return tw.wire.recv(flow.is_reply) is not None
        check(fits(1400), "1400 bytes do not fit a link of 1500")
        esp_bytes = flow.rx.seal(bytes(1400), 17)

        def quoted(length, spi=flow.rx.spi, src=flow.a_out, dst=flow.w_out):
            body = struct.pack("!I", spi) + esp_bytes[4:]
            whole = packet.ip(src, dst, packet.ESP, body)
            return too_big(tw, flow, mtu, whole[:(20 if v == 4 else 40) + length])
        stranger = lab.FENCE[v]
        tw.delivered([quoted(8, spi=flow.rx.spi + 9), quoted(8, dst=stranger), quoted(8, src=stranger), quoted(7),
                      quoted(0)], [], "forged errors")
        check(fits(1400), "a forged error lowered the MTU")
        tw.delivered([quoted(8)], [], "the error")
        most = flow.rx.inner_mtu(mtu, 20 if v == 4 else 40)
        check(not fits(1400), "the error did not lower the MTU")
        check(not fits(most + 1), f"{most + 1} bytes fit an MTU of {mtu}")
        check(fits(most), f"{most} bytes do not fit an MTU of {mtu}")
        flow.echo(b"alive")
    finally:
        sock.close()
        tw.a.ip(f"-{v}", "route", "flush", "cache")


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
for v in (4, 6):
    suite.add(f"M13_clear_pretends_v{v}", clear_spoof, v)
    for mode in ("transport", "tunnel"):
        suite.add(f"M13_outer_source_differs_{mode}_v{v}", outer_source, v, mode)
    suite.add(f"M13_tunnel_in_transport_sa_v{v}", bad_mode, v)
    suite.add(f"M16_icmp_errors_v{v}", icmp_errors, v)
suite.add("M15_broadcast_multicast", cast)
suite.add("M15_multicast_link_local_v6", cast6)

if __name__ == "__main__":
    suite.run(lab.Lab)
