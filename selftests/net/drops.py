#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Does each dropped packet move exactly one counter by one, and a delivered one none?

# kernels: all
# timeout: 900
# brief: _v4|flow|forgotten

Each reason has a case here, or stands in one of the two tables below.
"""
import os
import random
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import esp
import lab
import packet
import pfkey
from ktap import Suite, check, equal

suite = Suite(__doc__)
HERE = os.path.dirname(os.path.abspath(__file__))
A4, W4 = lab.OUTER[4]
A6, W6 = lab.OUTER[6]
NOWHERE = {4: "10.9.9.9", 6: "fd00:9::9"}
TR = "ipsec esp/transport//require"
HBH_LEN = 1392                          # with 40 of IPv6 more than a fragment for the tunnel holds

# The file that counts these, since it has what causes them.
ELSEWHERE = {
    "in_stream": "ipcomp.py", "in_queue": "flood.py",
    "out_nat": "firewall.sh", "out_quote": "icmp.py",
    "out_acquire": "acquire.py", "out_waited": "acquire.py",
    "out_crypto": "async.py", "out_stale": "async.py", "in_crypto": "async.py",
    "out_seq": "replay.py",
    "in_mode": "malformed.py", "in_inner": "malformed.py", "in_no_policy": "malformed.py",
    "in_mismatch": "policy.py", "in_endpoint": "policy.py",
}
# Neither a packet nor an administrator can cause these at will.
NOT_COVERED = {
    "out_gso": "only a super-packet that the stack itself has made wrong",
    "out_nomem": "only an allocation that fails",
    "in_nomem": "the same",
}
COVERED = {"in_replay", "in_auth", "in_hdr", "in_no_sa", "in_padding", "in_dummy", "in_clear", "in_discard",
           "out_discard", "out_no_sa"}


def kinds(tw, flow):
    """(counter or None, function that makes one packet) for every drop that a packet alone can cause."""
    tx = flow.tx
    evil = esp.Sa(tx.spi, "aes128", "sha256")
    used = tx.seal(flow.datagram(b"first"), 17)
    tw.delivered([flow.outer(used)], [b"first"], "the first packet")

    def raw(body):
        return lambda: flow.outer(body())
    return [
        (None, lambda: flow.udp(os.urandom(8))),
        ("in_replay", raw(lambda: used)),
        ("in_replay", raw(lambda: tx.seal(b"", 17, seq=0))),
        ("in_auth", raw(lambda: evil.seal(b"x" * 20, 17, seq=tx.seq + 1))),
        ("in_hdr", raw(lambda: tx.seal(b"", 17, seq=tx.seq + 1)[:20])),
        ("in_no_sa", raw(lambda: esp.Sa(0xABCD0000 + random.randrange(9999), "aes128", "sha256").seal(b"", 17))),
        ("in_padding", raw(lambda: tx.seal(b"", 17, padlen=200))),
        ("in_dummy", raw(lambda: tx.seal(os.urandom(50), 59))),
        ("in_clear", lambda: packet.ip(flow.w_out, flow.a_out, 17, flow.datagram(b"clear"))),
        ("in_discard", lambda: packet.ip("10.0.0.77", flow.a_out, 17, packet.udp("10.0.0.77", flow.a_out, 1, tw.port, b"d"))),
    ]


def mixture(tw, count):
    """A random sequence of all kinds; every sum is exact."""
    tw.need_testudo()
    flow = tw.flow("aes128", "sha256", ways=("in",), window=128)
    tw.dut.setkey(f"spdadd 10.0.0.77 {flow.a_out} any -P in discard;")
    table = kinds(tw, flow)
    want, good = {}, 0
    with (drops := tw.drops()):
        # one that is passed by more than the window is a replay
        with lab.in_order():
            for _ in range(count):
                name, make = random.choice(table)
                tw.wire.send(make())
                good += name is None
                if name:
                    want[name] = want.get(name, 0) + 1
        drops.want = want
        delivered = tw.arrivals(good)
        check(len(delivered) == good, f"{len(delivered)} of {good} good packets delivered")


def out_kinds(tw):
    """On the way out: discard and a missing SA, one count a packet."""
    tw.need_testudo()
    tw.dut.setkey("spdadd 10.0.0.1 10.0.0.88 any -P out discard;"
                  "spdadd 10.0.0.1 10.0.0.89 any -P out ipsec esp/transport//require;")
    with tw.drops(out_discard=9, out_no_sa=6):
        for n in range(15):
            try:
                tw.sinks[0].sendto(b"x", ("10.0.0.88" if n < 9 else "10.0.0.89", 9))
            except OSError:
                pass                        # the socket may be told


suite.add("D_drops_each_counts_once", mixture, 400)
suite.add("D_drops_out_count_once", out_kinds)


def reason(name, *variants):
    """Decorator: the function is a case of drop reason @name, once for each of @variants."""
    def take(func):
        COVERED.add(name)
        for args in variants or ((),):
            args = args if isinstance(args, tuple) else (args,)
            suite.add("_".join(["D_drops", func.__name__, *(f"v{a}" for a in args)]), func, *args)
        return func
    return take


def sock_in_a(tw, v, kind=socket.SOCK_DGRAM, proto=0):
    """A socket in A."""
    with tw.a:
        return socket.socket(socket.AF_INET if v == 4 else socket.AF_INET6, kind, proto)


def refuse_raw(tw, pkt, want, **drops):
    """A socket in A sends the whole packet @pkt, and is told @want."""
    v = pkt[0] >> 4
    with tw.drops(**drops), sock_in_a(tw, v, socket.SOCK_RAW, 255) as sock:
        lab.refused(sock, pkt, lab.OUTER[v][1], want)


# -- on the way out ------------------------------------------------------

@reason("out_too_big", 4, 6)
def out_too_big(tw, v):
    """A datagram that fits the link, not the tunnel, and must not be fragmented."""
    flow = tw.flow("gcm16_128", v=v, ways=("out",))
    with sock_in_a(tw, v) as sock, tw.drops(out_too_big=1):
        if v == 4:
            sock.setsockopt(socket.IPPROTO_IP, 10, 2)           # IP_MTU_DISCOVER, IP_PMTUDISC_DO
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, 23, 2)
        lab.refused(sock, bytes(1500 - (28 if v == 4 else 48)), flow.w_in, "EMSGSIZE")


@reason("out_too_big")
def out_fragmenter_fails(tw):
    """Hop-by-hop options that leave no room in a fragment: the IP layer's fragmenter gives up."""
    flow = tw.flow("gcm16_128", v=6, mode="tunnel", ways=("out",))
    pads, left = b"", HBH_LEN - 2
    while left:
        size = min(left, 257)
        pads += bytes([1, size - 2]) + bytes(size - 2)
        left -= size
    with sock_in_a(tw, 6) as sock, tw.drops(out_too_big=1):
        sock.setsockopt(socket.IPPROTO_IPV6, 54, bytes([0, HBH_LEN // 8 - 1]) + pads)       # IPV6_HOPOPTS
        lab.refused(sock, bytes(100), flow.w_in, "EMSGSIZE")


@reason("out_hdr")
def out_hdr(tw):
    """Extension headers that go on behind the packet: no flow can be read, or no place for ESP be found."""
    tw.flow("gcm16_128", v=6, ways=("out",))
    refuse_raw(tw, packet.ip6(A6, W6, packet.DSTOPT, bytes([packet.DSTOPT, 200]) + bytes(6)), "EPERM", out_hdr=1)
    refuse_raw(tw, packet.ip6(A6, W6, packet.DSTOPT, bytes([packet.UDP, 200]) + bytes(6)), "EPERM", out_hdr=1)


def late_fragment(v, src, dst):
    """A fragment that is not the first."""
    if v == 4:
        return packet.ip4(src, dst, packet.UDP, bytes(16), off=64)
    head = struct.pack("!BBHI", packet.UDP, 0, 64, random.getrandbits(32))
    return packet.ip6(src, dst, packet.FRAG, head + bytes(16))


@reason("out_fragment", 4, 6)
def out_fragment(tw, v):
    """A fragment under a policy that names ports, and one under a transport policy for everything."""
    src, dst = lab.OUTER[v]
    tw.dut.setkey(f"spdadd {src} {dst}[80] udp -P out {TR};")
    refuse_raw(tw, late_fragment(v, src, dst), "EPERM", out_fragment=1)
    tw.reset()
    tw.flow("gcm16_128", v=v, ways=("out",))
    refuse_raw(tw, late_fragment(v, src, dst), "EPERM", out_fragment=1)


@reason("out_no_route", 4, 6)
def out_no_route(tw, v):
    """The route to the tunnel's other end is deleted between two packets."""
    end, via = NOWHERE[v], lab.OUTER[v]
    flow = tw.flow("gcm16_128", v=v, mode="tunnel", ways=())
    tw.dut.apply([tw.dut.sa_line(flow.rx, via[0], end, "tunnel"),
                  tw.dut.sp_line(*lab.NETS[v], "out", "tunnel", (via[0], end))])
    tw.a.ip("route", "replace", end, "via", via[1])
    sock = tw.sinks[0 if v == 4 else 1]
    try:
        with tw.drops():
            sock.sendto(b"x", (flow.w_in, 9))
            check(tw.wire.recv(lambda p: p.dst == end and p.proto == packet.ESP), "nothing left by the route")
    finally:
        tw.a.ip("route", "del", end)
    with tw.drops(out_no_route=1):
        lab.refused(sock, b"x", flow.w_in, "EHOSTUNREACH")


@reason("out_loop", 4)
def out_loop(tw, v):
    """A policy that wants the same tunnel twice."""
    flow = tw.flow("gcm16_128", v=v, mode="tunnel", ways=())
    rule = f"esp/tunnel/{A4}-{W4}/require"
    tw.dut.setkey(f"spdadd {lab.NETS[v][0]} {lab.NETS[v][1]} any -P out ipsec {rule} {rule};")
    with tw.drops(out_loop=1):
        lab.refused(tw.sinks[0], b"x", flow.w_in, "EPERM")


@reason("out_expired")
def out_expired(tw):
    """The second of two SAs reaches its limit, when the packet already has the first one's header."""
    flow, key = tw.flow("gcm16_128", mode="tunnel", ways=()), tw.pfkey()
    over = esp.Sa(flow.rx.spi + 100, "gcm16_128", "none")
    key.add(over, A4, W4, reqid=5, hard={"packets": 2})
    key.close()
    tw.dut.setkey(f"spdadd {lab.NETS[4][0]} {lab.NETS[4][1]} any -P out "
                  f"ipsec esp/tunnel/{A4}-{W4}/require esp/transport//unique:5;")
    with tw.drops(out_expired=1):
        for _ in range(2):
            tw.sinks[0].sendto(b"x", (flow.w_in, 9))
        lab.refused(tw.sinks[0], b"x", flow.w_in, "EHOSTUNREACH")


# -- on the way in -------------------------------------------------------

@reason("in_state", 4, 6)
def in_state(tw, v):
    """An SPI that was asked for, and has no keys yet."""
    dst, src = lab.OUTER[v]
    key, low = tw.pfkey(), pfkey.random_spi()
    spi = key.request(pfkey.GETSPI, pfkey.SATYPE_ESP,
                      pfkey.ext_addr(pfkey.EXT_SRC, src), pfkey.ext_addr(pfkey.EXT_DST, dst),
                      pfkey.ext(pfkey.EXT_SPIRANGE, struct.pack("=III", low, low + 1000, 0))).spi
    sa = esp.Sa(spi, "gcm16_128", "none")
    with tw.drops(in_state=2):
        tw.delivered([packet.ip(src, dst, packet.ESP, sa.seal(bytes(20), packet.UDP)) for _ in range(2)], [], "larval")
    key.close()


@reason("in_expired", 4, 6)
def in_expired(tw, v):
    """The third packet of an SA for two."""
    flow, key, data = tw.flow("gcm16_128", v=v, install=False, ways=("in",)), tw.pfkey(), lab.unique(3)
    key.add(flow.tx, flow.w_out, flow.a_out, window=32, hard={"packets": 2})
    with tw.drops(in_expired=1):
        tw.delivered([flow.udp(d) for d in data], data[:2], "two of three")
    key.close()


@reason("in_encap", 4, 6)
def in_encap(tw, v):
    """ESP in UDP that names an SA without NAT traversal."""
    flow = tw.flow("gcm16_128", v=v, ways=())
    with sock_in_a(tw, v) as sock, tw.drops(in_encap=1):
        sock.setsockopt(socket.IPPROTO_UDP, 100, 2)             # UDP_ENCAP, UDP_ENCAP_ESPINUDP
        sock.bind(("", 4500))
        inside = flow.tx.seal(flow.datagram(b"encap"), packet.UDP)
        body = packet.udp(flow.w_out, flow.a_out, 4500, 4500, inside)
        tw.delivered([packet.ip(flow.w_out, flow.a_out, packet.UDP, body)], [], "ESP in UDP")


@reason("in_ecn", 4, 6)
def in_ecn(tw, v):
    """Congestion Experienced outside, not ECN-capable inside."""
    flow = tw.flow("gcm16_128", v=v, mode="tunnel", ways=("in",))
    with tw.drops(in_ecn=1):
        tw.delivered([flow.udp(b"ecn", outer={"tos": 3}, inner={"tos": 0})], [], "outer CE, inner Not-ECT")


@reason("in_nested", 4, 6)
def in_nested(tw, v):
    """Six SAs on one packet are taken, a seventh is too many."""
    flow, data = tw.flow("gcm16_128", v=v, ways=("in",)), lab.unique(2)

    def layers(count, what):
        body, proto = flow.datagram(what), packet.UDP
        for _ in range(count):
            body, proto = flow.tx.seal(body, proto), packet.ESP
        return flow.outer(body)
    with tw.drops(in_nested=1):
        tw.delivered([layers(6, data[0]), layers(7, data[1])], data[:1], "six and seven layers")


@reason("in_flow")
def in_flow(tw):
    """Clear IPv6 whose extension headers go on behind the packet, where a policy is to be chosen."""
    tw.dut.setkey(f"spdadd {W6} {A6} udp -P in {TR};")
    with tw.drops(in_flow=1):
        tw.delivered([packet.ip6(W6, A6, packet.DSTOPT, bytes([packet.DSTOPT, 200]) + bytes(6))], [], "no upper layer")


@reason("in_fragment", 4, 6)
def in_fragment(tw, v):
    """A late fragment under a policy that names ports: to be forwarded, and for IPv6 also to be delivered.

    IPv4's are put together before, here as well as by conntrack, unless rules keep them from it.
    """
    far, near = NOWHERE[v], lab.HOST[v]
    tw.dut.setkey(f"spdadd {far} {near}[80] udp -P fwd {TR}; spdadd {W6} {A6}[80] udp -P in {TR};")
    if v == 4:
        tw.a.run("nft", """table ip drops {
            chain first { type filter hook prerouting priority -450; notrack; }
            chain then { type filter hook prerouting priority 0; ct state new accept; }
        }""")
    try:
        with tw.drops(in_fragment=1):
            tw.delivered([late_fragment(v, far, near)], [], "to be forwarded")
    finally:
        if v == 4:
            tw.a.run("nft", "delete table ip drops")
    check(tw.inside.recv(lambda p: p.src == far, timeout=0) is None, "it was forwarded")
    if v == 6:
        with tw.drops(in_fragment=1):
            tw.delivered([late_fragment(v, W6, A6)], [], "to be delivered")


@reason("in_no_route", 4, 6)
def in_no_route(tw, v):
    """NAT sends what came out of ESP where no route leads."""
    flow = tw.flow("gcm16_128", v=v, ways=("in",))
    family, to = ("ip", "127.0.0.1") if v == 4 else ("ip6", NOWHERE[6])
    tw.a.run("nft", "-f", "-", text=f"""table {family} drops {{
        chain pre {{
            type nat hook prerouting priority dstnat
            udp dport {tw.port} {family} saddr {flow.w_out} dnat to {to}
        }}
    }}""")
    try:
        with tw.drops(in_no_route=1):
            tw.delivered([flow.udp(b"nat")], [], "to nowhere")
    finally:
        tw.a.run("nft", "delete", "table", family, "drops")


def none_forgotten(tw):
    """Each reason that the module has is in one of the tables, and the file named there speaks of it."""
    tw.need_testudo()
    known = [COVERED, set(ELSEWHERE), set(NOT_COVERED)]
    equal(sorted(set(tw.stat()) - lab.EVENTS), sorted(x for k in known for x in k), "reasons")
    for name, file in ELSEWHERE.items():
        with open(os.path.join(HERE, file), encoding="utf-8") as f:
            check(f"{name}=" in f.read() or file == "async.py", f"{file} does not count {name}")


suite.add("D_drops_none_forgotten", none_forgotten)

if __name__ == "__main__":
    suite.run(lambda: lab.Lab(behind=True))
