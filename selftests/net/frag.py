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
# What H sends W in three fragments: their payload, DF. As a whole the small ones fit a tunnel.
SHAPES = ((800, 0), (800, 1), (400, 1), (1480, 0))
NAMED = 5000                            # the port in policies
# Policies about it, for the datagrams to a port, and are those protected?
RULES = {"protected": (f"{{}} {{}}[{NAMED}] udp -P out ipsec {{}};", NAMED, True),
         "other_port": (f"{{}} {{}}[{NAMED}] udp -P out ipsec {{}};", NAMED + 1, False),
         "exempt_port": (f"{{}} {{}}[{NAMED}] udp -P out none; spdadd {{}} {{}} any -P out ipsec {{}};", NAMED, False)}


def split(flow, pkt, size):
    """Fragments of a whole outer packet (bytes)."""
    whole = packet.parse(pkt)
    return packet.frag(whole.src, whole.dst, packet.ESP, whole.payload, size, ident=next(idents))


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
    ident = next(idents)

    def part(off, end, mf):
        return packet.ip4(whole.src, whole.dst, packet.ESP, whole.payload[off:end], ident=ident, off=off, mf=mf)
    tw.delivered([part(0, 800, 1), part(400, 1216, 0)], [], "overlap")
    for what, body, off in (("beyond 64 kB", whole.payload[:64], 65528), ("empty fragment", b"", 64)):
        tw.delivered([packet.ip4(whole.src, whole.dst, packet.ESP, body, ident=next(idents), off=off, mf=0)], [], what)
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


def ip_stat(tw, v, *names):
    """Counters of A's IP layer, of one moment."""
    with tw.a, open("/proc/thread-self/net/snmp" + "6" * (v == 6), encoding="ascii") as f:
        rows = [line.split() for line in f]
    stat = dict(rows) if v == 6 else dict(zip(*(r for r in rows if r[0] == "Ip:")))
    return [int(stat["Ip6" * (v == 6) + name]) for name in names]


def refusals(tw, v):
    """Packets that A's IP layer has refused to put together, without those that waited for a fragment in vain.

    Fragments of earlier cases come to the end of their time at any moment: what is read twice is none in between.
    """
    seen = None
    while seen != (now := ip_stat(tw, v, "ReasmFails", "ReasmTimeout")):
        seen = now
    return seen[0] - seen[1]


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
        size = (len(body) // 2 + 7) // 8 * 8
        clear = packet.frag(flow.w_in, flow.a_in, packet.UDP, body, size, ident=next(idents))
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
            parts = packet.frag(flow.w_in, flow.a_in, packet.UDP, body, 1000, ident=next(idents))
            tw.delivered(parts[::order], [], "clear in fragments")
    data = lab.unique(1)
    tw.delivered([flow.udp(data[0])], data, "protected")


def from_host(dport, size, df):
    """A datagram of H for W: its bytes, and three fragments of it."""
    there = lab.HOST[4], lab.INNER[4][1]
    body = packet.udp(*there, 7777, dport, os.urandom(3 * size - 40))
    return body, packet.frag(*there, packet.UDP, body, size, ident=next(idents), df=df)


def at_wire(tw, flow, protected):
    """What W gets next of a datagram, whole, and the pieces that it came in; with @protected, inside of ESP."""
    whole, pieces, got = packet.Reassembler(), [], None
    while got is None:
        pkt = tw.wire.recv(lambda p: p.proto in (packet.UDP, packet.ESP))
        check(pkt is not None, f"not all came: pieces at {[p.off for p in pieces]}")
        check(len(pkt.raw) <= 1500, f"{len(pkt.raw)} bytes on a link of 1500")
        equal((pkt.proto, protected and pkt.mf | pkt.off), (packet.ESP if protected else packet.UDP, 0), "what came")
        if protected:
            pkt = flow.open(pkt)[1]
        pieces.append(pkt)
        got = whole.feed(pkt)
    return got.payload, pieces


def forwarded(tw, rule, tracked):
    """Fragments of H under a policy that names ports: all leave, protected or clear, no larger than they came."""
    tw.need_testudo()
    flow = tw.flow("gcm16_128", mode="tunnel", ways=())
    text, dport, protected = RULES[rule]
    policy = *lab.NETS[4], f"esp/tunnel/{flow.a_out}-{flow.w_out}/require"
    tw.dut.setkey("spdadd " + text.format(*policy[:2] * text.count("spdadd"), *policy))
    with conntrack(tw, tracked), tw.drops():
        for (size, df), order in itertools.product(SHAPES, itertools.permutations(range(3))):
            body, parts = from_host(dport, size, df)
            for n in order:
                tw.inside.send(parts[n])
            got, pieces = at_wire(tw, flow, protected)
            what = f"fragments of {size}, DF {df}, in order {order}"
            equal(got, body, what)
            # the kernel's own fragmenter loses DF of what conntrack has put together
            equal({p.df for p in pieces}, {0 if tracked else df}, f"DF of {what}")
            check(len(pieces) > 1, f"{what}: came as one")
            check(max(len(p.raw) for p in pieces) <= 20 + size, f"{what}: came as {[len(p.raw) for p in pieces]}")


def forwarded_v6(tw):
    """Fragments of H that conntrack makes a packet which the tunnel would take: none leaves larger than 1280."""
    flow = tw.flow("gcm16_128", v=6, mode="tunnel", ways=("out",))
    there = lab.HOST[6], lab.INNER[6][1]
    with conntrack(tw, True), tw.drops():
        for turn in (1, -1):
            body = packet.udp(*there, 7777, NAMED, os.urandom(1300))
            for part in packet.frag(*there, packet.UDP, body, 800, ident=next(idents))[::turn]:
                tw.inside.send(part)
            got, pieces = at_wire(tw, flow, True)
            equal(got, body, f"turn {turn}")
            check(max(len(p.raw) for p in pieces) <= 1280, f"turn {turn}: came as {[len(p.raw) for p in pieces]}")


def forwarded_vrf(tw):
    """The same in a VRF, which shows packets to PRE_ROUTING once more."""
    tw.need_testudo()
    own = lab.Lab(behind=True)
    try:
        status, text = own.a.run("ip", "link", "add", "red", "type", "vrf", "table", "10", fails=True)
        if status:
            raise Skip(f"no VRF: {text.strip()}")
        own.a.batch("link set red up\nlink set a0 master red\nlink set a1 master red\n"
                    f"route add {lab.NETS[4][1]} via {lab.OUTER[4][1]} vrf red\n"
                    f"neigh replace {lab.OUTER[4][1]} lladdr 02:00:00:00:00:02 dev a0 nud permanent\n"
                    f"neigh replace {lab.HOST[4]} lladdr 02:00:00:00:00:04 dev a1 nud permanent\n")
        for rule in RULES:
            forwarded(own, rule, False)
            own.reset()
    finally:
        own.close()


def forwarded_too_big(tw, tracked):
    """Fragments of H with DF that the tunnel does not take: H is told what fits, and that then does."""
    tw.need_testudo()
    flow = tw.flow("gcm16_128", mode="tunnel", ways=())
    tw.dut.setkey(f"spdadd {lab.NETS[4][0]} {lab.NETS[4][1]}[{NAMED}] udp -P out "
                  f"ipsec esp/tunnel/{flow.a_out}-{flow.w_out}/require;")
    with conntrack(tw, tracked):
        with tw.drops(out_too_big=1):
            for part in from_host(NAMED, 1480, 1)[1]:
                tw.inside.send(part)
            error = tw.inside.recv(lambda p: p.proto == packet.ICMP)
            check(error is not None, "H is told nothing")
            equal(error.payload[:2], b"\3\4", "type and code of the error")
        fits = int.from_bytes(error.payload[6:8], "big")
        body, parts = from_host(NAMED, (fits - 20) // 8 * 8, 1)
        with tw.drops():
            for part in parts:
                tw.inside.send(part)
            equal(at_wire(tw, flow, True)[0], body, f"fragments of {fits}")


def nothing_before_fence(tw):
    """A datagram of H to another port is the next that W gets."""
    body, _ = from_host(NAMED + 1, 40, 0)
    tw.inside.send(packet.ip(lab.HOST[4], lab.INNER[4][1], packet.UDP, body))
    equal(at_wire(tw, None, False)[0], body, "what left first")


def forwarded_discard(tw, tracked):
    """Fragments of H to a port that a policy discards: none leaves, and they count as one packet."""
    tw.need_testudo()
    tw.dut.setkey(f"spdadd {lab.NETS[4][0]} {lab.NETS[4][1]}[{NAMED}] udp -P out discard;")
    with conntrack(tw, tracked):
        for order in itertools.permutations(range(3)):
            with tw.drops(out_discard=1):
                parts = from_host(NAMED, 800, 0)[1]
                for n in order:
                    tw.inside.send(parts[n])
                nothing_before_fence(tw)


def forwarded_in(tw, tracked):
    """Fragments of W for H: those to a port that a policy lets in come whole, of others none."""
    tw.need_testudo()
    tw.dut.setkey(f"spdadd {lab.NETS[4][1]} {lab.NETS[4][0]}[{NAMED}] udp -P in none;"
                  f"spdadd {lab.NETS[4][1]} {lab.NETS[4][0]} any -P in discard;")
    back = lab.INNER[4][1], lab.HOST[4]
    with conntrack(tw, tracked):
        for order in itertools.permutations(range(3)):
            with tw.drops(in_discard=1):
                for dport in (NAMED + 1, NAMED):
                    body = packet.udp(*back, 7777, dport, os.urandom(2360))
                    parts = packet.frag(*back, packet.UDP, body, 800, ident=next(idents))
                    for n in order:
                        tw.wire.send(parts[n])
                whole, got = packet.Reassembler(), None
                while got is None:
                    pkt = tw.inside.recv(lambda p: p.proto == packet.UDP)
                    check(pkt is not None, f"in order {order}: not all came")
                    got = whole.feed(pkt)
                equal(got.payload, body, f"in order {order}")


def forwarded_missing(tw):
    """A fragment of H is missing: nothing leaves, A counts it as reassembly that timed out, H is told nothing.

    In a laboratory of its own, where nothing else can time out.
    """
    tw.need_testudo()
    own = lab.Lab(behind=True)
    try:
        own.dut.setkey(f"spdadd {lab.NETS[4][0]} {lab.NETS[4][1]}[{NAMED}] udp -P out discard;")
        own.a.sysctl("net/ipv4/ipfrag_time", 1)
        with own.drops():
            parts = from_host(NAMED, 800, 0)[1]
            own.inside.send(parts[0])
            own.inside.send(parts[2])
            nothing_before_fence(own)
            # more than one, if it takes a second from one fragment to the next
            lab.wait_until(lambda: ip_stat(own, 4, "ReasmTimeout") > [0], "nothing has timed out")
        own.inside.send(packet.ip(lab.HOST[4], lab.INNER[4][0], *packet.echo(lab.HOST[4], lab.INNER[4][0], 7, 1)))
        heard = own.inside.recv(lambda p: p.proto == packet.ICMP)
        check(heard and heard.payload[0] == 0, f"H hears {heard and heard.payload[:2].hex()}, no echo reply")
    finally:
        own.close()


def forwarded_alone(tw):
    """Where no policy names a port, fragments are forwarded one by one as they come."""
    tw.need_testudo()
    named = f"{lab.NETS[4][0]} {lab.NETS[4][1]}[{NAMED}] udp -P out"
    for turn, text in enumerate(("spdadd 10.9.0.0/16 10.9.0.0/16 any -P out discard;"
                                 f"spdadd fd09::/64 fd09::/64[{NAMED}] udp -P out discard;",
                                 f"spdadd {named} discard; spdupdate {named} none; spddelete {named};")):
        tw.dut.setkey(text)
        parts = from_host(NAMED, 800, 0)[1]
        with tw.drops():
            for n in (2, 0):
                tw.inside.send(parts[n])
                pkt = tw.wire.recv(lambda p: p.proto == packet.UDP)
                check(pkt is not None, f"turn {turn}: fragment {n} did not come")
                equal((pkt.off, pkt.raw[20:]), (800 * n, parts[n][20:]), f"turn {turn}: fragment {n}")


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
for rule in RULES:
    suite.add(f"F09_forwarded_{rule}", forwarded, rule, False)
    suite.add(f"F09_forwarded_{rule}_tracked", forwarded, rule, True)
for suffix, tracked in (("", False), ("_tracked", True)):
    suite.add(f"F09_forwarded_too_big{suffix}", forwarded_too_big, tracked)
    suite.add(f"F09_forwarded_discard{suffix}", forwarded_discard, tracked)
    suite.add(f"F09_forwarded_in{suffix}", forwarded_in, tracked)
suite.add("F09_forwarded_tracked_v6", forwarded_v6)
suite.add("F09_forwarded_vrf", forwarded_vrf)
suite.add("F09_forwarded_fragment_missing", forwarded_missing)
suite.add("F09_forwarded_one_by_one", forwarded_alone)
for kind, v in (("esp", 4), ("esp", 6), ("ah", 4), ("ah", 6), ("espinudp", 4)):
    suite.add(f"F08_fragments_in_orders_{kind}_v{v}", orders, kind, v)
# last: of fragments that wait in vain A tells W half a minute later, which policies of other cases would protect
for v in (4, 6):
    suite.add(f"F09_clear_and_protected_v{v}", mixed, v, False)
    suite.add(f"F09_clear_and_protected_tracked_v{v}", mixed, v, True)

if __name__ == "__main__":
    suite.run(lambda: lab.Lab(behind=True))
