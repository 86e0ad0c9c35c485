#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Do packets larger than the link, and protected ones that arrive in fragments, come through whole?

# kernels: all
# timeout: 900
# brief: F09|M12
"""
import contextlib
import itertools
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import ahflow
import lab
import nattflow
import packet
from ktap import Skip, Suite, check, equal

suite = Suite(__doc__)
# First byte of a fragment, the one behind its last, whether it is the last. A, B and C are the packet; w says
# something else than B with the same checksum, the others overlap or end elsewhere.
PIECES = {"A": (0, 400, 0), "B": (400, 800, 0), "C": (800, None, 1), "w": (400, 800, 0), "x": (200, 600, 0),
          "y": (0, 408, 0), "z": (792, None, 1), "e": (800, 1000, 1)}
# Orders of arrival: is the datagram delivered, what IPsec drops, what the IP layer refuses to put together. Since
# Linux 5.1 both families ignore, without a look at its bytes, what lies inside of what has come already, and throw
# everything away for any other overlap (RFC 5722, 4).
ORDERS = {"reordered": (("CBA", "CAB", "BCA"), 1, {}, 0),
          "twice": (("AABC", "ABBC", "CCBA", "CBBA", "ABCB", "ABwC"), 1, {}, 0),
          "forged": (("AwBC", "wABC", "CwBA"), 0, {"in_auth": 1}, 0),
          "overlap": (("AxBC", "xABC", "CxBA", "BxAC", "AyBC", "yABC", "ABzC", "zBAC", "CeAB", "eCAB"), 0, {}, 1)}
idents = itertools.count(1)             # what is left of one packet is not to meet another


def split(flow, pkt, size):
    """Fragments of a whole outer packet (bytes)."""
    whole = packet.parse(pkt)
    return packet.frag(whole.src, whole.dst, packet.ESP, whole.payload, size)


def in_fragments(tw, enc, auth, v, mode, outer):
    """ESP in fragments of many sizes and orders is put together before it is opened."""
    flow = tw.flow(enc, auth, v=v, mode=mode, outer=outer, ways=("in",))
    for length, size in ((100, 64), (3000, 1400), (9000, 1024), (60000, 1448)):
        data = os.urandom(length)
        parts = split(flow, flow.udp(data), size // 8 * 8)
        if length == 9000:
            random.shuffle(parts)
        tw.delivered(parts, [data], f"{length} bytes in fragments of {size}")


def out_large(tw, enc, auth, v, mode, outer):
    """A large datagram leaves as ESP packets and fragments that fit the link and make the datagram again."""
    flow = tw.flow(enc, auth, v=v, mode=mode, outer=outer)
    for length in (1473, 5000, 65000 if v == 4 and mode == "transport" else 60000):
        data = os.urandom(length)
        tw.wire.drain()
        sock = tw.sinks[0 if v == 4 else 1]
        sock.sendto(data, (flow.w_in, 9))
        outside, inside, got = packet.Reassembler(), packet.Reassembler(), None
        while got is None:
            pkt = tw.wire.recv(lambda p: p.proto == packet.ESP)
            check(pkt is not None, f"{length} bytes did not come out whole")
            check(len(pkt.raw) <= 1500, f"{len(pkt.raw)} bytes on a link of 1500")
            # in front of a tunnel, behind transport mode
            check(mode == "transport" or not pkt.mf and not pkt.off, "an outer fragment of a tunnel")
            pkt = outside.feed(pkt)
            if pkt is None:
                continue
            out, inner = flow.open(pkt)
            if inner is None:
                got = out.payload
            else:
                inner = inside.feed(inner)
                got = inner.payload if inner else None
        equal(got[8:], data, f"datagram of {length} bytes")


def one_missing(tw):
    """A fragment short: nothing is delivered, the next packet is."""
    flow = tw.flow("gcm16_128", ways=("in",))
    parts = split(flow, flow.udp(os.urandom(3000)), 1000)
    tw.delivered(parts[:1] + parts[2:], [], "a fragment is missing")
    data = lab.unique(1)
    tw.delivered([flow.udp(data[0])], data, "next packet")


def overlap(tw):
    """Overlapping and lying fragments of ESP never deliver anything."""
    flow = tw.flow("gcm16_128", ways=("in",))
    whole = packet.parse(flow.udp(os.urandom(1200)))
    ident = random.randrange(1, 65536)

    def part(off, end, mf):
        return packet.ip4(whole.src, whole.dst, packet.ESP, whole.payload[off:end], ident=ident, off=off, mf=mf)
    tw.delivered([part(0, 800, 1), part(400, 1216, 0)], [], "overlap")
    tw.delivered([packet.ip4(whole.src, whole.dst, packet.ESP, whole.payload[:64], off=65528, mf=0)], [],
                 "beyond 64 kB")
    tw.delivered([packet.ip4(whole.src, whole.dst, packet.ESP, b"", off=64, mf=0)], [], "empty fragment")
    data = lab.unique(1)
    tw.delivered([flow.udp(data[0])], data, "next packet")


@contextlib.contextmanager
def protection(tw, kind, v):
    """Keys in A for AH, ESP or ESP in UDP; the context is what makes a parsed packet of data and an IPv4 id."""
    if kind == "ah":
        flow = ahflow.Flow(tw, v=v, ways=("in",))
        yield lambda data, ident: packet.parse(flow.udp(data, ident=ident))
        return
    if kind == "esp":
        flow, port = tw.flow("gcm16_128", v=v, ways=("in",)), contextlib.nullcontext()
    else:
        tw.need_testudo()
        flow, port = nattflow.Flow(tw, v=v, ways=("in",)), nattflow.daemon(tw, v)
    with port:
        yield lambda data, ident: packet.parse(flow.udp(data, outer={"ident": ident}))


def refusals(tw, v):
    """Packets that A's IP layer has refused to put together, without those that waited for a fragment in vain."""
    with tw.a, open("/proc/thread-self/net/snmp" + "6" * (v == 6), encoding="ascii") as f:
        rows = [line.split() for line in f]
    stat = dict(rows) if v == 6 else dict(zip(*(r for r in rows if r[0] == "Ip:")))
    fails, late = (int(stat["Ip6" * (v == 6) + name]) for name in ("ReasmFails", "ReasmTimeout"))
    return fails - late


def piece(pkt, name, ident):
    """A fragment of @pkt, by its name in PIECES."""
    off, end, last = PIECES[name]
    part = pkt.payload[off:end]
    if name == "w":
        part = part[2:] + part[:2]
    return packet.piece(pkt.src, pkt.dst, pkt.proto, part, off, 1 - last, ident)


def orders(tw, kind, v):
    """Fragments of protected packets in all ORDERS, and many of them, some twice, in one of the seed."""
    with protection(tw, kind, v) as seal:
        for row, (arrivals, whole, dropped, refused) in ORDERS.items():
            for order in arrivals:
                data, ident, before = os.urandom(1200), next(idents), refusals(tw, v)
                pkt = seal(data, ident)
                with tw.drops(**dropped):
                    tw.delivered([piece(pkt, name, ident) for name in order], [data] * whole, f"{row}, {order}")
                equal(refusals(tw, v) - before, refused, f"{row}, {order}: packets refused as fragments")
        data, ident = os.urandom(1200), next(idents)
        pkt = seal(data, ident)
        parts = packet.frag(pkt.src, pkt.dst, pkt.proto, pkt.payload, 64, ident=ident)
        parts += random.sample(parts, 4)
        random.shuffle(parts)
        with tw.drops():
            tw.delivered(parts, [data], f"shuffled, offsets {[packet.parse(p).off for p in parts]}")


def mixed(tw, v, tracked):
    """Inner fragments, some through the SA, some in clear: never a datagram, whoever comes first.

    @tracked: connection tracking puts fragments together before the SPD is asked.
    """
    flow = tw.flow("gcm16_128", v=v, mode="tunnel", ways=("in",))
    nh = packet.IPIP if v == 4 else packet.IPV6

    def parts(data):
        body = flow.datagram(data)
        clear = packet.frag(flow.w_in, flow.a_in, packet.UDP, body, (len(body) // 2 + 7) // 8 * 8)
        return clear, [flow.outer(flow.tx.seal(part, nh)) for part in clear]
    # a clear fragment waits for its like unseen where reassembly comes first
    refused = {"in_clear": 4} if v == 6 and not tracked else {}
    with conntrack(tw, tracked):
        with tw.drops(**refused):
            for turn in range(4):
                clear, sealed = parts(os.urandom(400))
                pkts = [(clear if n == turn & 1 else sealed)[n] for n in (0, 1)]
                tw.delivered(pkts[::-1] if turn & 2 else pkts, [], f"fragment {turn & 1} in clear, order {turn >> 1}")
        for order in (1, -1):
            data = os.urandom(400)
            tw.delivered(parts(data)[1][::order], [data], "both protected")
        clear, _ = parts(os.urandom(400))
        with tw.drops(in_clear=2 if v == 6 and not tracked else 1):
            tw.delivered(clear, [], "both in clear")


@contextlib.contextmanager
def conntrack(tw, on):
    """Connection tracking in A while the context lasts."""
    if not on:
        yield
        return
    table = "table inet track { chain pre { type filter hook prerouting priority 0; ct state new accept; }; }"
    status, text = tw.a.run("nft", table, fails=True)
    if status:
        raise Skip(f"no connection tracking: {text.strip()}")
    try:
        yield
    finally:
        tw.a.run("nft", "delete table inet track")


def under_port_policy(tw, v):
    """M12: clear fragments under a policy that names ports: no crash, the second fragment decides nothing in clear."""
    tw.need_testudo()
    flow = tw.flow("gcm16_128", v=v, ways=())
    tw.dut.setkey(f"spdadd {flow.w_in} {flow.a_in}[{tw.port}] udp -P in ipsec esp/transport//require;")
    # IPv6 is judged fragment by fragment, IPv4 when it is whole
    refused = {"in_clear": 1, "in_fragment": 1} if v == 6 else {"in_clear": 1}
    body = packet.udp(flow.w_in, flow.a_in, 9, tw.port, os.urandom(1500))
    for order in (1, -1):
        with tw.drops(**refused):
            tw.delivered(packet.frag(flow.w_in, flow.a_in, packet.UDP, body, 1000)[::order], [], "clear in fragments")
    data = lab.unique(1)
    tw.delivered([flow.udp(data[0])], data, "protected")


for enc, auth in (("gcm16_128", "none"), ("aes128", "sha256")):
    for v, mode, outer in ((4, "transport", 4), (6, "transport", 6), (4, "tunnel", 4), (6, "tunnel", 6),
                           (4, "tunnel", 6), (6, "tunnel", 4)):
        name = f"{enc}_{mode}_{v}in{outer}" if mode == "tunnel" else f"{enc}_{mode}_v{v}"
        suite.add(f"F08_esp_in_fragments_{name}", in_fragments, enc, auth, v, mode, outer)
        suite.add(f"F07_larger_than_link_{name}", out_large, enc, auth, v, mode, outer)
suite.add("F08_fragment_missing", one_missing)
suite.add("F08_fragments_overlap", overlap)
for v in (4, 6):
    suite.add(f"M12_fragments_under_port_policy_v{v}", under_port_policy, v)
    suite.add(f"F09_clear_and_protected_v{v}", mixed, v, False)
    suite.add(f"F09_clear_and_protected_tracked_v{v}", mixed, v, True)
for kind, v in (("esp", 4), ("esp", 6), ("ah", 4), ("ah", 6), ("espinudp", 4)):
    suite.add(f"F08_fragments_in_orders_{kind}_v{v}", orders, kind, v)

if __name__ == "__main__":
    suite.run(lab.Lab)
