#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Does a stack that is fed mutated ESP, AH, IPComp and UDP-ESP packets stay well, leak nothing, deliver nothing forged?

# kernels: 6.12 debug
# timeout: 1200

Usage: fuzz_wire.py [COUNT]; seeded by TEST_SEED, so that a failure can be had again.
Without COUNT as many as are worth the time: most where the kernel checks its memory.
"""
import contextlib
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import ah
import ahflow
import ipcomp
import ipcompflow
import lab
import nattflow
import packet
from ktap import Fail, Suite, equal

DEFAULT = 100000 if os.environ.get("TESTUDO_KERNEL") == "debug" else 20000
COUNT = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else DEFAULT
suite = Suite(__doc__)
SHAPES = (("gcm16_128", "none", 4, "transport", 4), ("aes128", "sha256", 4, "tunnel", 4),
          ("chacha", "none", 6, "transport", 6), ("null", "sha1", 6, "tunnel", 6))
EDGES = (0, 1, 2, 3, 4, 7, 8, 15, 16, 20, 31, 32, 39, 40, 63, 127, 128, 255)


def mutate(raw, others):
    """One random change, or a few, that no honest sender makes."""
    data = bytearray(raw)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        if not data:
            break
        kind, at = random.randrange(9), random.randrange(len(data))
        if kind <= 1:
            data[at] ^= 1 << random.randrange(8)
        elif kind == 2:
            data[at] = random.choice(EDGES)
        elif kind == 3:
            del data[at:]
        elif kind == 4:
            data[at:at] = os.urandom(random.choice((1, 4, 16, 300)))
        elif kind == 5:
            del data[at:at + random.choice((1, 2, 8, 20))]
        elif kind == 6:
            other = random.choice(others)
            data[at:] = other[random.randrange(len(other)):]
        elif kind == 7:
            data[at:at + 4] = random.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\1"))
        else:
            data += os.urandom(random.choice((1, 3, 32)))
    return bytes(data[:1400])


def rebuilt(pkt, body, proto=packet.ESP):
    """The mutated packet under a header that IP accepts, sometimes with a lie in it."""
    kw = {"ttl": random.choice((64, 1, 255)), "tos": random.randrange(256)}
    if random.random() < 0.1 and pkt.ver == 4:
        kw.update(mf=random.randrange(2), off=random.choice((0, 8, 1480)))
    if random.random() < 0.05 and pkt.ver == 4:
        kw["options"] = os.urandom(random.choice((4, 8, 40)))
    return packet.ip(pkt.src, pkt.dst, proto, body, **kw)


def inside_out(flow):
    """A genuine ICV around a mutated inner packet or trailer: the code behind the crypto sees it."""
    plain = flow.tx.trailer(flow.inner(17, flow.datagram(os.urandom(40))) if flow.mode == "tunnel"
                            else flow.datagram(os.urandom(40)), random.choice((4, 41, 17, 6, 50, 51, 59, 0, 43, 44, 60)))
    plain = mutate(plain, [plain])
    plain = plain.ljust(-(-max(len(plain), 2) // flow.tx.alg.align) * flow.tx.alg.align, b"\1")
    return flow.outer(flow.tx.seal(b"", 0, plain=plain[:1360]))


@contextlib.contextmanager
def no_errors(tw):
    """A says nothing of what has come so far while the context lasts.

    It would of fragments that wait in vain, half a minute later, in packets of the SA whose answer is looked for.
    """
    knobs = ("net/ipv4/icmp_ratelimit", "net/ipv6/icmp/ratelimit")
    for knob in knobs:
        tw.a.sysctl(knob, 3600000)
    try:
        tw.arrivals()
        tw.reset_sockets()
        yield
    finally:
        for knob in knobs:
            tw.a.sysctl(knob, 1000)


def fuzz(tw):
    """Three quarters of COUNT, then each SA still works; replies are not looked at, the kernel log is."""
    flows = [tw.flow(e, a, v=v, mode=m, outer=o) for e, a, v, m, o in SHAPES]
    seeds = [f.udp(os.urandom(random.choice((1, 60, 700)))) for f in flows for _ in range(20)]
    for done in range(COUNT - COUNT // 4):
        roll = random.random()
        if roll < 0.25:
            pkt = inside_out(random.choice(flows))
        else:
            raw = packet.parse(random.choice(seeds))
            body = mutate(raw.payload, seeds)
            pkt = rebuilt(raw, body) if roll < 0.9 else mutate(raw.raw, seeds)
            if not pkt:
                continue
        tw.wire.send(pkt)
        if done % 2000 == 1999:
            tw.reset_sockets()
    with no_errors(tw):
        for shape, flow in zip(SHAPES, flows):
            flow.tx.seq += 100000
            try:
                flow.echo(b"still alive")
            except Fail as err:
                raise Fail(f"{shape}: {err}; counters {tw.stat()}") from None


def fuzz_forged(tw):
    """A quarter of COUNT: without the keys no byte is ever delivered."""
    flow = tw.flow("gcm16_128", ways=("in",))
    seeds = [flow.udp(os.urandom(60)) for _ in range(20)]
    good = {packet.parse(s).payload for s in seeds}
    for _ in range(COUNT // 4):
        raw = packet.parse(random.choice(seeds))
        body = mutate(raw.payload, seeds)
        if body not in good:
            tw.wire.send(packet.ip(raw.src, raw.dst, packet.ESP, body))
    equal(tw.arrivals(), [], "delivered")


def ah_lie(flow):
    """A genuine ICV around what no honest sender protects: the code behind the check sees it."""
    clear = flow.clear(packet.UDP, flow.datagram(os.urandom(40)))
    length, nh_at = ah.front(clear)
    body = mutate(clear[length:], [clear])[:1200]
    nh = random.choice((clear[nh_at], 0, 4, 41, 43, 44, 50, 51, 59, 60))
    return flow.tx.protect(ah.rebuilt(clear[:length], nh_at, nh, body), at=(length, nh_at))


def fuzz_ah(tw):
    """A quarter of COUNT, AH: headers, lengths and options that lie, then both SAs still work."""
    flows = [ahflow.Flow(tw, "sha256"), ahflow.Flow(tw, "sha1", 6, "tunnel")]
    seeds = [f.udp(os.urandom(random.choice((1, 60, 700)))) for f in flows for _ in range(20)]
    for done in range(COUNT // 4):
        roll, raw = random.random(), packet.parse(random.choice(seeds))
        if roll < 0.3:
            pkt = ah_lie(random.choice(flows))
        elif roll < 0.9:
            pkt = rebuilt(raw, mutate(raw.payload, seeds), ah.AH)
        else:
            pkt = mutate(raw.raw, seeds)
        if pkt:
            tw.wire.send(pkt)
        if done % 2000 == 1999:
            tw.reset_sockets()
    with no_errors(tw):
        for flow in flows:
            flow.tx.seq += 100000
            flow.echo(b"still alive")


def natt_lie(flow):
    """A genuine ICV around headers that lie to who mends checksums; or a UDP header that lies."""
    body = mutate(flow.datagram(os.urandom(40)), [os.urandom(64)])[:1200]
    sealed = flow.tx.seal(body, random.choice((1, 4, 6, 6, 17, 17, 17, 41, 50, 58, 59)))
    pkt = flow.outer(sealed, port=random.choice((None, None, random.randrange(65536))))
    if random.random() < 0.3:
        raw = packet.parse(pkt)
        udp = bytearray(raw.payload)
        udp[4:8] = random.choice((b"\0\0\0\0", udp[4:6] + b"\0\0", b"\0\x09\0\0", b"\xff\xff\0\0"))
        pkt = rebuilt(raw, bytes(udp), packet.UDP)
    return pkt


def fuzz_natt(tw):
    """An eighth of COUNT, ESP in UDP: lies inside and outside of it, then both SAs still work."""
    flows = [nattflow.Flow(tw), nattflow.Flow(tw, v=6, oa="fd77::7")]
    daemons = [nattflow.daemon(tw, v) for v in (4, 6)]
    seeds = [f.tx.seal(f.datagram(os.urandom(random.choice((1, 60, 700)))), packet.UDP) for f in flows for _ in range(20)]
    for done in range(COUNT // 8):
        flow = random.choice(flows)
        if random.random() < 0.5:
            tw.wire.send(natt_lie(flow))
        else:
            tw.wire.send(flow.outer(mutate(random.choice(seeds), seeds)))
        if done % 2000 == 1999:
            tw.reset_sockets()
    tw.reset_sockets()
    for flow in flows:
        flow.tx.seq += 100000
        tw.wire.send(flow.wrap(*packet.echo(flow.w_in, flow.a_in, 1, 1, b"still alive")))
        equal(flow.answer(tw)[0], (4500, 4500), "ports of the answer")
    for sock in daemons:
        sock.close()


def comp_lie(flow):
    """A good stream of a bad packet, a bad stream of a good one, or both behind a header that lies."""
    raw = flow.datagram(ipcompflow.text(random.choice((10, 200, 900))))
    length, nh_at = ah.front(raw)
    if random.random() < 0.4:
        body = mutate(raw[length:], [raw])
        raw = ah.rebuilt(raw[:length], nh_at, random.choice((0, 4, 17, 41, 43, 44, 50, 51, 59, 60, 108)), body)
    stream = ipcomp.deflate(raw[length:], random.choice((0, 1, 6, 9)))
    if random.random() < 0.6:
        stream = mutate(stream, [stream, os.urandom(64)])
    pkt = flow.tx.protect(raw, stream=stream, flags=random.choice((0, 255)), at=(length, nh_at))
    return flow.tx.protect(pkt) if random.random() < 0.1 else pkt


def fuzz_comp(tw):
    """An eighth of COUNT, IPComp: streams, headers and lengths that lie, also inside of ESP; both SAs still work."""
    flows = [ipcompflow.Flow(tw, v, mode, around=around)
             for v, mode, around in ((4, "transport", None), (6, "tunnel", "esp"))]
    for done in range(COUNT // 8):
        flow = random.choice(flows)
        pkt = comp_lie(flow)[:1400] if random.random() < 0.9 else flow.datagram(os.urandom(20))
        tw.wire.send(flow.shell(pkt) if random.random() < 0.9 else pkt)
        if done % 2000 == 1999:
            tw.reset_sockets()
    with no_errors(tw):
        for flow in flows:
            flow.echo(ipcompflow.text(500), True)


suite.add("M14_fuzz_wire_forged", fuzz_forged)
suite.add("M14_fuzz_wire_comp", fuzz_comp)
suite.add("M14_fuzz_wire_natt", fuzz_natt)
suite.add("M14_fuzz_wire_ah", fuzz_ah)
suite.add(f"M14_fuzz_wire_{COUNT}", fuzz)

if __name__ == "__main__":
    suite.run(lab.Lab)
