#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Do the roads go on where they were when a crypto driver answers later?

# kernels: all
# timeout: 900
# brief: esn|bundle|delete_in|module_unload|no_user

pcrypt around authenc hands each packet to another thread, so that every packet
of an SA with AES-CBC and HMAC-SHA-256 leaves its road and comes back. (lockdep
complains of padata, which is pcrypt's, so under it cryptd does the same.) The peer
on the wire (wire/lab.py) holds each byte against its own. In a flood every
packet must be accounted for, whatever was deleted meanwhile, and at the end the
algorithm must have no user: no SA was left behind.
"""
import errno
import os
import re
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import esp
import frag
import lab
import packet
from ktap import Fail, Skip, Suite, check, equal

suite = Suite(__doc__)
NAMES = ("authenc(hmac(sha256),cbc(aes))", "authencesn(hmac(sha256),cbc(aes))")
ENC, AUTH = "aes128", "sha256"
FLOOD = 600                             # below netdev_max_backlog: W loses none
KO = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"../../build/{os.uname().release}/testudo.ko")
WRAP = "cryptd" if os.environ.get("TESTUDO_KERNEL") == "debug" else "pcrypt"
MASK = "/sys/kernel/pcrypt/{}/parallel_cpumask"


class CryptoUser:
    """NETLINK_CRYPTO: makes and removes instances of algorithms."""

    NEWALG, DELALG = 0x10, 0x11

    def __init__(self):
        try:
            self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 21)
        except OSError:
            raise Skip("no NETLINK_CRYPTO in this kernel") from None

    def ask(self, kind, name="", driver="", priority=0):
        """One request for an AEAD; 0 or the errno of the answer."""
        body = struct.pack("=64s64s64sIIII", name.encode(), driver.encode(), b"", 3, 15, 0, 0)
        if priority:
            body += struct.pack("=HHI", 8, 1, priority)
        self.sock.send(struct.pack("=IHHII", 16 + len(body), kind, 5, 1, 0) + body)
        return -struct.unpack_from("=i", self.sock.recv(65536), 16)[0]


def drivers(name):
    """Drivers of the algorithm @name, best last."""
    with open("/proc/crypto", encoding="ascii") as f:
        found = re.findall(r"^name +: (.*)\ndriver +: (.*)\nmodule .*\npriority +: (.*)$", f.read(), re.M)
    return [d for n, d, _ in sorted(found, key=lambda row: int(row[2])) if n == name]


class AsyncLab(lab.Lab):
    """The laboratory on a kernel whose best authenc is asynchronous."""

    def __init__(self):
        if lab.sh("modprobe", "-a", "crypto_user", WRAP, fails=True)[0]:
            raise Skip(f"no crypto_user or no {WRAP} for this kernel")
        self.crypto = CryptoUser()
        super().__init__()
        self.need_testudo()
        for name in NAMES:
            self.crypto.ask(CryptoUser.NEWALG, name=name)       # or it is there
            best = [d for d in drivers(name) if not d.startswith(WRAP + "(")]
            check(best, f"no {name}")
            # cryptd takes none that may be asynchronous already
            inner = best[-1] if WRAP == "pcrypt" else name.replace("sha256", "sha256-generic").replace("aes", "aes-generic")
            err = self.crypto.ask(CryptoUser.NEWALG, driver=f"{WRAP}({inner})", priority=100000)
            # a run that was killed may have left it
            check(err in (0, errno.EEXIST) and drivers(name)[-1] == f"{WRAP}({inner})",
                  f"{WRAP}({inner}): {os.strerror(err)}")

    def remove(self):
        """Remove the instances; the names of those that are still in use."""
        return [d for name in NAMES for d in drivers(name)
                if d.startswith(WRAP + "(") and self.crypto.ask(CryptoUser.DELALG, driver=d)]

    def close(self):
        """Remove everything made; the instances when the namespace has ended and no SA of it holds them."""
        super().close()
        lab.wait_until(lambda: not self.remove(), f"{WRAP} has a user for ever")
        self.crypto.sock.close()


class Away:
    """Context: packets went into the crypto API and all came back."""

    def __init__(self, tw, least=1):
        self.tw, self.least, self.before = tw, least, tw.stat()

    def __enter__(self):
        return self

    def __exit__(self, kind, *exc):
        if kind:
            return
        self.tw.settle()
        went = self.tw.stat()["async"] - self.before["async"]
        check(went >= self.least, f"{went} packets went into the crypto API, {self.least} at least were to")


def exact(flow, got):
    """The packet is the one that the RFC's construction gives."""
    pkt, out = got[:2]
    again = flow.rx.seal(out.payload, out.nh, seq=out.seq, iv=out.iv)
    equal(pkt.payload.hex(), again.hex(), "ESP packet")


def both_ways(tw, v, mode, outer, esn):
    """Echo at several sizes, each byte compared; sequence numbers without a hole."""
    flow = tw.flow(ENC, AUTH, v=v, mode=mode, outer=outer, esn=esn)
    with Away(tw, 8):
        for number, size in enumerate((0, 13, 700, 1300), 1):
            got = flow.echo(os.urandom(size))
            exact(flow, got)
            equal(got[1].seq, number, "sequence number")


def fragments(tw, v, mode):
    """ESP that comes in fragments, and datagrams that leave as ESP in fragments or as fragments in ESP."""
    with Away(tw, 6):
        frag.in_fragments(tw, ENC, AUTH, v, mode, v)
        tw.reset()
        frag.out_large(tw, ENC, AUTH, v, mode, v)


def segments(tw):
    """A datagram that is cut into five on its way out."""
    flow = tw.flow(ENC, AUTH, v=4, mode="tunnel", ways=("out",))
    data = [os.urandom(500) for _ in range(5)]
    with tw.a:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock, Away(tw, 5):
        sock.setsockopt(socket.IPPROTO_UDP, 103, 500)           # UDP_SEGMENT
        sock.sendto(b"".join(data), (flow.w_in, 9))
        for want in data:
            pkt = tw.wire.recv(flow.is_reply)
            check(pkt is not None, "a segment is missing")
            equal(flow.open(pkt)[1].payload[8:], want, "segment")


def bundle(tw):
    """Two SAs on each packet, so that it goes away twice."""
    inside = tw.flow(ENC, AUTH, v=4, mode="tunnel", ways=())
    spi = inside.tx.spi + 100
    tx, rx = esp.Sa(spi, ENC, AUTH), esp.Sa(spi + 1, ENC, AUTH)
    ends = inside.a_out, inside.w_out
    rule = "ipsec esp/tunnel/{}-{}/require esp/transport//unique:5;"
    tw.dut.apply([tw.dut.sa_line(tx, *ends[::-1], "transport", 64, 5), tw.dut.sa_line(rx, *ends, "transport", 64, 5),
                  f"spdadd {lab.NETS[4][0]} {lab.NETS[4][1]} any -P out {rule.format(*ends)}",
                  f"spdadd {lab.NETS[4][1]} {lab.NETS[4][0]} any -P in {rule.format(*ends[::-1])}"])
    proto, echo = packet.echo(inside.w_in, inside.a_in, 77, 1, os.urandom(600))
    with Away(tw, 4):
        body = inside.tx.seal(inside.inner(proto, echo), packet.IPIP)
        tw.wire.send(inside.outer(tx.seal(body, packet.ESP)))
        pkt = tw.wire.recv(lambda p: p.proto == packet.ESP)
        check(pkt is not None, "no answer")
        out = rx.open(pkt.payload)
        equal(pkt.payload.hex(), rx.seal(out.payload, out.nh, seq=out.seq, iv=out.iv).hex(), "outer ESP packet")
        equal(out.nh, packet.ESP, "what is inside the outer SA")
        mid = inside.rx.open(out.payload)
        exact(inside, (packet.Ip(4, "", "", 50, 0, 0, out.payload, b""), mid))
        inner = packet.parse(mid.payload)
        equal((inner.src, inner.dst, inner.payload[8:]), (inside.a_in, inside.w_in, echo[8:]), "echo reply")


def refused(tw):
    """A wrong ICV, and one number twice, the second perhaps while the first is away: each counted once."""
    flow = tw.flow(ENC, AUTH, ways=("in",))
    evil = esp.Sa(flow.tx.spi, ENC, AUTH)
    twice = flow.udp(b"twice")
    with Away(tw, 2), tw.drops(in_auth=1, in_replay=1):
        tw.delivered([flow.outer(evil.seal(b"x" * 20, 17, seq=5)), twice, twice], [b"twice"], "forged and repeated")


def broken_driver(tw):
    """A driver that refuses: out_crypto and in_crypto, and all is well when it has recovered."""
    flow = tw.flow(ENC, AUTH)
    with Mask("pencrypt"), tw.drops(out_crypto=2):
        for _ in range(2):
            try:
                tw.sinks[0].sendto(b"x", (flow.w_in, 9))
            except OSError:
                pass                        # the socket may be told
    with Mask("pdecrypt"), tw.drops(in_crypto=2):
        tw.delivered([flow.udp(b"x"), flow.udp(b"y")], [], "no driver")
    with Away(tw, 2):
        exact(flow, flow.echo(b"again"))


class Mask:
    """Context: a direction of pcrypt without CPUs, which refuses every request."""

    def __init__(self, which):
        if WRAP != "pcrypt":
            raise Skip(f"{WRAP} refuses nothing")
        self.path = MASK.format(which)

    def __enter__(self):
        with open(self.path, "r+", encoding="ascii") as f:
            self.old = f.read().strip()
            f.write("0")

    def __exit__(self, *exc):
        with open(self.path, "w", encoding="ascii") as f:
            f.write(self.old)


class Flood(threading.Thread):
    """Calls @send(i) for i in range(@count); errors are counted and no end."""

    def __init__(self, send, count=FLOOD):
        super().__init__(daemon=True)
        self.send, self.count, self.sent, self.errors, self.halt = send, count, 0, 0, False
        self.start()

    def run(self):
        """The flood."""
        for i in range(self.count):
            if self.halt:
                break
            try:
                self.send(i)
            except OSError:
                self.errors += 1
            self.sent += 1

    def wait(self, count):
        """Until @count were sent."""
        end = time.monotonic() + lab.TIMEOUT
        while self.sent < count and time.monotonic() < end:
            time.sleep(0.001)
        check(self.sent >= count, f"only {self.sent} packets sent")

    def end(self):
        """Wait for the last one."""
        self.join(lab.TIMEOUT)
        check(not self.is_alive(), "the flood does not end")


def moved(tw, before):
    """(what passed, drops by name) since @before."""
    now = tw.stat()
    diff = {k: now[k] - before[k] for k in now if now[k] != before[k]}
    return diff, {k: v for k, v in diff.items() if k not in lab.EVENTS}


def dropped(tw, before):
    """How many were dropped since @before."""
    return sum(moved(tw, before)[1].values())


def passed(tw, before):
    """How many packets A has sent protected since @before."""
    return moved(tw, before)[0].get("out_packets", 0)


def delete_in(tw):
    """The inbound SA dies with packets in crypto: those are dropped, and every packet is accounted for."""
    key = tw.pfkey()
    for _ in range(20):
        tw.reset()
        flow = tw.flow(ENC, AUTH, ways=("in",), window=4096)
        pkts = [flow.udp(struct.pack("!I", i)) for i in range(FLOOD)]
        before = tw.stat()
        flood = Flood(lambda i, p=pkts: tw.wire.send(p[i]))
        flood.wait(FLOOD // 4)
        key.delete(flow.tx.spi, flow.w_out, flow.a_out)
        flood.end()
        got = []
        lab.wait_until(lambda: got.extend(tw.arrivals()) or len(got) + dropped(tw, before) >= FLOOD,
                       "packets neither delivered nor dropped")
        drops = moved(tw, before)[1]
        check(not set(drops) - {"in_no_sa", "in_state"}, f"drops {drops}")
        equal(len(got) + sum(drops.values()), FLOOD, f"packets delivered ({len(got)}) and dropped ({drops})")
        if drops.get("in_state"):
            break
    key.close()
    check(drops.get("in_state"), "in 20 rounds no packet was in crypto while its SA was deleted")


def delete_out(tw):
    """The outbound SA dies with packets in crypto: those still leave, later ones are refused."""
    key = tw.pfkey()
    flow = tw.flow(ENC, AUTH, ways=("out",))
    before = tw.stat()

    def send(i):
        # who deletes may get no CPU for as long as any number of packets takes
        if i > FLOOD:
            time.sleep(0.01)
        tw.sinks[0].sendto(struct.pack("!I", i), (flow.w_in, 9))
    flood = Flood(send, 1 << 30)
    try:
        flood.wait(FLOOD // 4)
        key.delete(flow.rx.spi, flow.a_out, flow.w_out)
        lab.wait_until(lambda: flood.errors, "no packet was refused after the deletion")
    finally:
        stop([flood])
    key.close()
    lab.wait_until(lambda: passed(tw, before) + dropped(tw, before) >= flood.sent, "packets neither sent nor dropped")
    diff, drops = moved(tw, before)
    check(not set(drops) - {"out_no_sa", "out_stale"}, f"drops {drops}")
    equal(sum(drops.values()), flood.errors, "errors told, and counted")
    equal(diff.get("out_packets", 0) + flood.errors, flood.sent, "packets sent and refused")
    seen = set()
    while len(seen) < diff["out_packets"]:
        pkt = tw.wire.recv(flow.is_reply)
        check(pkt is not None, f"{len(seen)} of {diff['out_packets']} packets came out")
        seen.add(flow.rx.open(pkt.payload).seq)


def stale_bundle(tw):
    """The policy of a bundle goes while packets are between its two SAs: none leaves with one SA only."""
    inside = tw.flow(ENC, AUTH, v=4, mode="tunnel", ways=())
    rx = esp.Sa(inside.rx.spi + 100, ENC, AUTH)
    ends = inside.a_out, inside.w_out
    for _ in range(20):
        tw.dut.apply(["spdflush;", tw.dut.sa_line(rx, *ends, "transport", 64, 5),
                      f"spdadd {lab.NETS[4][0]} {lab.NETS[4][1]} any -P out "
                      f"ipsec esp/tunnel/{ends[0]}-{ends[1]}/require esp/transport//unique:5;"])
        tw.wire.drain()
        before, key = tw.stat(), tw.pfkey()
        flood = Flood(lambda i: tw.sinks[0].sendto(struct.pack("!I", i), (inside.w_in, 9)))
        flood.wait(FLOOD // 4)
        key.delete(rx.spi, *ends)
        flood.end()
        key.close()
        # between its two SAs a packet is not in crypto
        lab.wait_until(lambda: passed(tw, before) + dropped(tw, before) >= FLOOD, "packets neither sent nor dropped")
        diff, drops = moved(tw, before)
        check(not set(drops) - {"out_no_sa", "out_stale"}, f"drops {drops}")
        equal(diff.get("out_packets", 0) + sum(drops.values()), FLOOD, f"packets sent and dropped: {diff}")
        for _ in range(diff.get("out_packets", 0)):
            pkt = tw.wire.recv(lambda p: p.proto == packet.ESP)
            check(pkt is not None, "a packet is missing")
            equal(rx.open(pkt.payload).nh, packet.ESP, "what is inside the outer SA")
        if drops.get("out_stale"):
            return
    raise Fail("in 20 rounds no packet was between two SAs while one was deleted")


def two_floods(tw, flow):
    """Packets in and out without end, of which some have come back from crypto."""
    pkts = [flow.udp(struct.pack("!I", i)) for i in range(200)]
    before = tw.stat()
    floods = [Flood(lambda i: tw.wire.send(pkts[i % 200]), 1 << 30),
              Flood(lambda i: tw.sinks[0].sendto(b"out", (flow.w_in, 9)), 1 << 30)]
    lab.wait_until(lambda: all(tw.stat()[k] - before[k] > 100 for k in ("in_packets", "out_packets", "async_done")),
               "the floods do not pass")
    return floods


def stop(floods):
    """End them."""
    for flood in floods:
        flood.halt = True
    for flood in floods:
        flood.end()


def namespace(tw):
    """A namespace ends under a flood: it waits for its packets, and the veth of its peer goes with it."""
    other = lab.Lab()
    flow = other.flow(ENC, AUTH, window=0)
    floods = two_floods(other, flow)
    other.end_a()
    stop(floods)
    other.close()


def unload(tw):
    """The module goes under a flood, and comes again."""
    if not os.path.exists(KO):
        raise Skip(f"no {KO}")
    flow = tw.flow(ENC, AUTH, window=0)
    floods = two_floods(tw, flow)
    try:
        # a socket gives its module back a grace period after setkey closed it, and a flood makes that long
        lab.wait_until(lambda: not lab.sh("rmmod", "testudo", fails=True)[0], "the module has a user for ever")
    finally:
        stop(floods)
    lab.sh("insmod", KO)
    tw.reset()
    exact(flow := tw.flow(ENC, AUTH), flow.echo(b"again"))


def no_user_left(tw):
    """No SA of all the cases above holds the algorithm."""
    lab.wait_until(lambda: not tw.remove(), "an algorithm is still in use")


for v, mode, outer in ((4, "transport", 4), (6, "transport", 6), (4, "tunnel", 4), (6, "tunnel", 6),
                       (4, "tunnel", 6), (6, "tunnel", 4)):
    name = f"{mode}_{v}in{outer}" if mode == "tunnel" else f"{mode}_v{v}"
    suite.add(f"D_async_byte_exact_{name}", both_ways, v, mode, outer, False)
suite.add("D_async_byte_exact_esn", both_ways, 4, "tunnel", 4, True)
suite.add("D_async_fragments_transport_v4", fragments, 4, "transport")
suite.add("D_async_fragments_tunnel_v6", fragments, 6, "tunnel")
suite.add("D_async_segments", segments)
suite.add("D_async_bundle", bundle)
suite.add("D_async_refused", refused)
suite.add("D_async_broken_driver", broken_driver)
suite.add("D_async_delete_in_flood", delete_in)
suite.add("D_async_delete_out_flood", delete_out)
suite.add("D_async_stale_bundle", stale_bundle)
suite.add("D_async_namespace_ends", namespace)
suite.add("D_async_module_unload", unload)
suite.add("D_async_no_user_left", no_user_left)

if __name__ == "__main__":
    suite.run(AsyncLab)
