#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Do ICMP errors about protected packets reach who must know, and lower what their SA sends, in bounds, for a while?

# kernels: all
# timeout: 600
# brief: learn_esp_tunnel|unreachable_esp_tunnel_4in4|unreachable_esp_transport_v6|ipcomp_bare_4|all_in_policy|bounds_4|marked|nexthops_by_port

TW of scenarios (drawn in wire/lab.py). A router on the way, played by W, answers
packets that A really sent.
"""
import contextlib
import errno
import functools
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
import ways
from ktap import Fail, Skip, Suite, check, equal

suite = Suite(__doc__)
DISCOVER = {4: (socket.IPPROTO_IP, 10), 6: (socket.IPPROTO_IPV6, 23)}
DONT, DO = 0, 2
SO_MARK, MARK = 36, 7
LINK = 1500
NIGHTLY = bool(os.environ.get("TESTUDO_NIGHTLY"))
EVERYTHING = {4: "0.0.0.0/0", 6: "::/0"}
RECVERR = {4: (socket.IPPROTO_IP, 11), 6: (socket.IPPROTO_IPV6, 25)}
# types and codes of errors that say that a packet did not arrive, and of others
KINDS = {4: ((3, 0), (3, 1), (3, 2), (3, 3), (3, 13), (11, 0)), 6: ((1, 0), (1, 1), (1, 3), (1, 4), (3, 0), (4, 1))}
OTHER_KINDS = {4: ((3, 5), (11, 1), (12, 0)), 6: ((3, 1), (4, 0))}
SPI_AT = {packet.ESP: 0, ah.AH: 4, ipcomp.COMP: 2, packet.UDP: 8}


def new_esp():
    """An ESP SA with an SPI of its own."""
    return esp.Sa(pfkey.random_spi(), "gcm16_128", "none")


def new_ah():
    """An AH SA."""
    return ah.Sa(pfkey.random_spi(), "sha256")


def new_comp():
    """An IPComp SA."""
    return ipcomp.Sa(random.randrange(256, 61000))


class Way:
    """An SA by which A sends to W, the policy for it, and a socket that sends datagrams through it.

    @v, @outer: families of the clear and of the protected packet. @bind: sets the socket up. @more: setkey's words.
    @far: another end than W itself.
    """

    def __init__(self, tw, sa, mode="tunnel", v=4, outer=None, udp=False, bind=None, more="", far=None):
        self.tw, self.sa, self.v, self.outer = tw, sa, v, outer or v
        self.layer = layers.Layer(sa, mode, self.outer, udp)
        self.near, self.far = lab.OUTER[self.outer][0], far or lab.OUTER[self.outer][1]
        self.src, self.dst = lab.INNER[v] if mode == "tunnel" else (self.near, self.far)
        nets, ports, proto = lab.NETS[v] if mode == "tunnel" else (self.src, self.dst), "", sa.proto
        if udp:
            ports, proto = "[4500]", "esp-udp"
        via = f"{self.near}-{self.far}" if mode == "tunnel" else ""
        tw.dut.setkey(f"add {self.near}{ports} {self.far}{ports} {proto} {sa.spi:#x} -m {mode} "
                      f"{' '.join(algs.setkey_words(sa))};\n"
                      f"spdadd {nets[0]} {nets[1]} udp -P out ipsec {sa.proto}/{mode}/{via}/require;\n" + more)
        self.open = []
        self.sock = self.another(bind)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for sock in self.open:
            sock.close()
        forget(self.tw)

    def another(self, bind=None):
        """A socket whose datagrams the policy protects."""
        with self.tw.a:
            sock = socket.socket(socket.AF_INET6 if self.v == 6 else socket.AF_INET, socket.SOCK_DGRAM)
        self.open.append(sock)
        if bind:
            bind(sock)
        sock.bind((self.src, 0))
        return sock

    def largest(self, link=LINK):
        """The largest clear packet that fits."""
        return layers.largest([self.layer], link, layers.HEAD[self.v])

    def put(self, size, discover=DO, data=None):
        """A clear packet of @size bytes; False when it is too big, which a VRF does not tell its sender."""
        self.sock.setsockopt(*DISCOVER[self.v], discover)
        data = data or os.urandom(size - layers.HEAD[self.v] - layers.UDP_HEAD)
        before = self.tw.stat()["out_too_big"]
        try:
            self.sock.sendto(data, (self.dst, 9))
        except OSError as err:
            equal(errno.errorcode[err.errno], "EMSGSIZE", "what the sender is told")
            return False
        return self.tw.stat()["out_too_big"] == before

    def seen(self):
        """The next packet that W gets."""
        pkt = self.tw.wire.recv(lambda p: p.src == self.near and p.dst == self.far)
        check(pkt is not None, f"no packet came from {self.near}, where IPv{self.v} was sent in {self.layer.mode} mode")
        return pkt

    def passes(self, size, data=None):
        """The packet that W gets of a clear one of @size bytes; None when that is too big."""
        return self.seen() if self.put(size, data=data) else None

    def told(self, pkt, mtu, quote=None, spoil=False, kind=None):
        """A router says that @pkt does not fit @mtu, and quotes so many bytes behind its IP header.

        @spoil: the checksum is wrong. @kind: another type and code.
        """
        six, router = self.outer == 6, lab.FENCE[self.outer]
        raw = pkt if isinstance(pkt, bytes) else pkt.raw
        if quote is not None:
            raw = raw[:layers.HEAD[self.outer] + quote]
        body = packet.icmp(*(kind or ((2, 0) if six else (3, 4))), mtu, raw[:1200 if six else 548], router, self.near)
        if spoil:
            body = body[:2] + bytes([body[2] ^ 0xFF]) + body[3:]
        with lab.in_order():
            self.tw.wire.send(packet.ip(router, self.near, packet.ICMP6 if six else packet.ICMP, body))

    def lowered(self, pkt, mtu, what, **kw):
        """The error is believed, to the byte."""
        most = self.largest(mtu)
        self.told(pkt, mtu, **kw)
        lab.wait_until(lambda: not self.passes(most + 1), f"{what}: {most + 1} bytes still pass at {mtu}")
        self.fits(most, mtu, what)

    def fits(self, most, mtu, what):
        """@most bytes pass, whole and in no more than @mtu."""
        pkt = self.passes(most)
        check(pkt is not None, f"{what}: {most} bytes do not pass at {mtu}")
        check(len(pkt.raw) <= mtu and not pkt.mf and not pkt.off,
              f"{what}: {len(pkt.raw)} bytes on a path of {mtu}, or a fragment")

    def unmoved(self, what):
        """What came before this was not believed."""
        equal(self.tw.arrivals(), [], "datagrams")
        check(self.passes(self.largest()), f"{what} was believed")


def forget(tw):
    """What routes have learnt."""
    for v in "46":
        tw.a.ip(f"-{v}", "route", "flush", "cache")
    if isinstance(tw, ways.Ways):
        tw.lay()


def changed(pkt, at, byte):
    """The bytes of @pkt with one behind its IP header changed."""
    at += layers.HEAD[pkt.ver]
    return pkt.raw[:at] + bytes([pkt.raw[at] ^ byte]) + pkt.raw[at + 1:]


def readdressed(pkt, there):
    """The bytes of @pkt to another host, or from one."""
    new = packet.pton(lab.FENCE[pkt.ver])
    at = (12 if pkt.ver == 4 else 8) + len(new) * there
    return pkt.raw[:at] + new + pkt.raw[at + len(new):]


def mtu_of(*families):
    """An MTU that IPv6 inside can have, too."""
    return 1400 if 6 in families else 1300


def learn(tw, make, mode, v, outer, udp=False):
    """F03, F05: the SA learns, and goes by it when the routes have forgotten; another SA begins afresh."""
    tw.need_testudo()
    mtu = mtu_of(v, outer)
    with Way(tw, make(), mode, v, outer, udp) as way:
        pkt = way.passes(way.largest())
        equal(len(pkt.raw) > mtu, True, "a packet larger than the path")
        way.lowered(pkt, mtu, "the error", quote=12 if udp else 8)
        forget(tw)
        check(not way.passes(way.largest(mtu) + 1), "the SA has forgotten what it learnt")
    tw.reset()
    with Way(tw, make(), mode, v, outer, udp) as way:
        check(way.passes(way.largest()), "a new SA has what another one learnt")


def forged(tw, make, mode, v, outer):
    """Another SPI or end, or too little of the packet: not believed. Nor is a wrong checksum."""
    tw.need_testudo()
    mtu = mtu_of(v, outer)
    with Way(tw, make(), mode, v, outer) as way:
        pkt = way.passes(way.largest())
        at, raw = SPI_AT[pkt.proto], pkt.raw
        wrong = [("another SPI", changed(pkt, at, 1), {}), ("another SPI yet", changed(pkt, at + 1, 0x80), {}),
                 ("another sender", readdressed(pkt, False), {}), ("another receiver", readdressed(pkt, True), {}),
                 ("a cut SPI", raw, {"quote": 7}), ("no SPI", raw, {"quote": 0}),
                 ("a wrong checksum", raw, {"spoil": True})]
        for what, quoted, how in wrong:
            way.told(quoted, mtu, **how)
            way.unmoved(f"an error about {what}")
        way.lowered(pkt, mtu, "the right error")


def bare(tw, v, outer):
    """F03: what an IPComp tunnel has left as it was names no SA; an error about it needs both ends."""
    tw.need_testudo()
    mtu = mtu_of(v, outer)
    with Way(tw, new_comp(), "tunnel", v, outer) as way:
        pkt = way.passes(way.largest())
        equal(pkt.proto, packet.IPIP if v == 4 else packet.IPV6, "the packet's protocol")
        way.told(readdressed(pkt, True), mtu)
        way.unmoved("an error about another tunnel")
        way.lowered(pkt, mtu, "the error", quote=8)
        forget(tw)
        check(not way.passes(way.largest(mtu) + 1), "the SA has forgotten what it learnt")


def compressed(tw, v):
    """F03: a packet with an IPComp header names its SA."""
    tw.need_testudo()
    with Way(tw, new_comp(), "tunnel", v) as way:
        pkt = way.passes(0, data=os.urandom(1320) + b"a" * 90)
        equal(pkt.proto, ipcomp.COMP, "the packet's protocol")
        way.lowered(pkt, mtu_of(v), "the error", quote=8)


def all_in(tw, v, action, why):
    """A policy for everything that comes in lets errors about our packets pass, and nothing else.

    Of UDP, whose errors the kernel takes by the ports alone where there is no policy, that is another SPI, too.
    """
    tw.need_testudo()
    mtu = mtu_of(v)
    rule = f"spdadd {EVERYTHING[v]} {EVERYTHING[v]} any -P in {action};\n"
    for udp in (False, True):
        tw.reset()
        with Way(tw, new_esp(), "tunnel", v, udp=udp, more=rule) as way:
            pkt = way.passes(way.largest())
            at = SPI_AT[pkt.proto]
            forgeries = [changed(pkt, at, 1), pkt.raw[:layers.HEAD[v] + at], readdressed(pkt, True)]
            if udp:
                ike = layers.HEAD[v] + at
                forgeries += [changed(pkt, 0, 1), changed(pkt, 2, 1), pkt.raw[:ike] + bytes(4) + pkt.raw[ike + 4:]]
            with tw.drops(**{why: len(forgeries) + 2}):
                for quoted in forgeries:
                    way.told(quoted, mtu)
                way.told(pkt, 0, kind=OTHER_KINDS[v][0])
                tw.wire.send(packet.ip(way.far, way.near, packet.UDP,
                                       packet.udp(way.far, way.near, 7777, tw.port, b"clear")))
            check(way.passes(way.largest()), "an error that was dropped is believed")
            with tw.drops(out_too_big=1):
                way.sock.setsockopt(*RECVERR[v], 1)
                way.told(pkt, 0, kind=KINDS[v][0])
                lab.wait_until(lambda: way.passes(200) and heard(way), "the sender does not hear that nothing arrives")
                way.sock.setsockopt(*RECVERR[v], 0)
                way.told(pkt, mtu)
                lab.wait_until(lambda: not way.passes(way.largest()), "the error is not believed")
            way.fits(way.largest(mtu), mtu, "then")


def heard(way):
    """What the error queue of @way's socket says next: (errno, type, code); None for nothing."""
    try:
        _, words, _, _ = way.sock.recvmsg(4096, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    number, _, kind, code = struct.unpack_from("=IBBB", words[0][2])
    return errno.errorcode[number], kind, code


def unreachable(tw, make, mode, v, outer, udp=False):
    """F15: the next sender hears once that a packet did not arrive, if it was ours; his own goes all the same."""
    tw.need_testudo()
    said = {4: ("EHOSTUNREACH", 3, 1), 6: ("EHOSTUNREACH", 1, 3)}[v]
    with Way(tw, make(), mode, v, outer, udp) as way:
        way.sock.setsockopt(*RECVERR[v], 1)
        pkt = way.passes(200)
        at, kinds = SPI_AT[pkt.proto], KINDS[outer]
        wrong = [(changed(pkt, at, 1), kinds[0], {}), (readdressed(pkt, False), kinds[0], {}),
                 (readdressed(pkt, True), kinds[0], {}), (pkt, kinds[0], {"quote": at + 3}),
                 (pkt, kinds[0], {"spoil": True}), *((pkt, kind, {}) for kind in OTHER_KINDS[outer])]
        for number, (quoted, kind, how) in enumerate(wrong):
            way.told(quoted, 0, kind=kind, **how)
            equal(tw.arrivals(), [], "datagrams")
            check(way.passes(200), "a packet is missing")
            equal(heard(way), None, f"what the sender hears of wrong error {number}")
        for kind in kinds:
            way.told(pkt, 0, kind=kind, quote=12 if udp else 8)
            equal(tw.arrivals(), [], "datagrams")
            check(way.passes(200), f"after {kind} no packet is sent")
            equal(heard(way), said, f"what the sender hears after {kind}")
            check(way.passes(200), "a packet is missing")
            equal(heard(way), None, f"what he hears once more after {kind}")


def bounds(tw, v, cases):
    """F04: told so much about a packet of so many bytes, the path takes this; None for as much as before."""
    tw.need_testudo()
    with Way(tw, new_esp(), "tunnel", 4, v) as way:
        big, small = way.passes(way.largest()), way.passes(200)
        size = len(big.raw)
        for told in (size, size + 1, 0xFFFF):
            way.told(big, told)
        way.told(small, 1300)
        way.unmoved("an MTU that the packet did not exceed")
    for told, mtu in cases:
        tw.reset()
        with Way(tw, new_esp(), "tunnel", 4, v) as way:
            way.told(way.passes(way.largest()), told)
            if mtu is None:
                way.unmoved(f"an MTU of {told}")
                continue
            most = way.largest(mtu)
            lab.wait_until(lambda: not way.passes(most + 1), f"told {told}: {most + 1} bytes pass")
            way.fits(most, mtu, f"told {told}")


def no_pmtu_disc(tw):
    """The kernel's knob counts for SAs: 1 takes the least, 2 nothing, 3 what is about a sender's own choice, as an SPI."""
    tw.need_testudo()
    try:
        for value, mtu in ((1, 552), (2, None), (3, 1300)):
            tw.reset()
            tw.a.sysctl("net/ipv4/ip_no_pmtu_disc", value)
            with Way(tw, new_esp()) as way:
                way.told(way.passes(way.largest()), 1300)
                if mtu is None:
                    way.unmoved(f"an error with ip_no_pmtu_disc = {value}")
                    continue
                most = way.largest(mtu)
                lab.wait_until(lambda: not way.passes(most + 1), f"ip_no_pmtu_disc = {value}: {most + 1} bytes pass")
                way.fits(most, mtu, f"ip_no_pmtu_disc = {value}")
    finally:
        tw.a.sysctl("net/ipv4/ip_no_pmtu_disc", 0)


def storm(tw, v, least):
    """F04: however many errors with whatever in them, the path is never taken for less than @least; and it ages."""
    tw.need_testudo()
    age = f"net/ipv{v}/route/mtu_expires"
    tw.a.sysctl(age, 4)
    try:
        with Way(tw, new_esp(), "tunnel", 4, v) as way:
            pkts = [way.passes(size) for size in (60, 300, 700, 1280, way.largest())]
            for _ in range(10000 if NIGHTLY else 300):
                way.told(random.choice(pkts), random.choice((random.randrange(2000), random.getrandbits(16))))
            equal(tw.arrivals(), [], "datagrams")
            way.fits(way.largest(least), LINK, "after all of them")

            def believed():
                way.told(pkts[-1], least)               # each time: what was told 4 seconds ago is too old
                return not way.passes(way.largest())
            lab.wait_until(believed, "the last error is not believed")
            lab.wait_until(lambda: way.passes(way.largest()), "the path never grows again")
    finally:
        tw.a.sysctl(age, 600)


def ruled(tw):
    """A rule that drops the errors is obeyed, and so is a route whose MTU is locked."""
    tw.need_testudo()
    with Way(tw, new_esp()) as way:
        pkt = way.passes(way.largest())
        tw.a.run("nft", "-f", "-", text="table ip t { chain i { type filter hook input priority 0\n"
                                        "icmp type destination-unreachable drop\n}\n}\n")
        try:
            way.told(pkt, 1300)
            way.unmoved("an error that a rule drops")
        finally:
            tw.a.run("nft", "delete", "table", "ip", "t")
        tw.a.ip("route", "add", way.far, "dev", "a0", "mtu", "lock", "1500")
        try:
            way.told(pkt, 1300)
            way.unmoved("an error about a route with a locked MTU")
        finally:
            tw.a.ip("route", "del", way.far, "dev", "a0")
        way.lowered(pkt, 1300, "without either")


def in_vrf(tw):
    """All of A in a VRF, whose change of hands takes addresses, routes and neighbours away."""
    lines = ["link add red type vrf table 10\n", "link set red up\n"]
    for dev in ("a0", "a1"):
        tw.a.sysctl(f"net/ipv6/conf/{dev}/keep_addr_on_down", 1)
        lines.append(f"link set {dev} master red\n")
    try:
        tw.a.batch("".join(lines))
    except Fail as err:
        raise Skip(f"no VRF: {err}") from err
    lines = []
    for v in (4, 6):
        lines += [f"route replace {lab.NETS[v][1]} via {lab.OUTER[v][1]} dev a0 table 10\n",
                  *(f"neigh replace {a} lladdr 02:00:00:00:00:02 dev a0 nud permanent\n"
                    for a in (lab.OUTER[v][1], lab.FENCE[v]))]
    tw.a.batch("".join(lines))
    tw.own(lab.OUTER[6][0], lab.INNER[6][0], table="10")
    return lambda sock: sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"red")


def by_mark(tw):
    """W is reached by a table for marked packets alone."""
    lines = []
    for v in (4, 6):
        near = f"{lab.OUTER[v][0].rpartition('1')[0]}{'0/24' if v == 4 else '/64'}"
        lines += [f"-{v} rule add fwmark {MARK} table 100\n",
                  f"-{v} route add {lab.OUTER[v][1]} dev a0 table 100\n",
                  f"-{v} route add {lab.NETS[v][1]} via {lab.OUTER[v][1]} dev a0 table 100\n",
                  f"-{v} route del {lab.NETS[v][1]}\n", f"-{v} route del {near} dev a0\n"]
    for line in lines:
        tw.a.ip(*line.split())
    return lambda sock: sock.setsockopt(socket.SOL_SOCKET, SO_MARK, MARK)


def elsewhere(tw, where, shapes):
    """F03: routes are found by more than a destination; the SA learns, and what may be cut is cut to fit.

    @shapes: modes and families; one family each, as a route learns, too.
    """
    tw.need_testudo()
    with contextlib.closing(lab.Lab()) as other:
        bind = where(other)
        for mode, v in shapes:
            other.reset()
            what, mtu = f"{mode} of IPv{v}", mtu_of(v)
            with Way(other, new_esp(), mode, v, bind=bind) as way:
                pkt = way.passes(way.largest())
                way.lowered(pkt, mtu, what)
                check(way.put(way.largest()) is False, f"{what}: a packet with DF passes")
                way.put(way.largest(), DONT)
                parts = [way.seen(), way.seen()]
                sizes = [len(part.raw) for part in parts]
                check(max(sizes) <= mtu, f"{what}: packets of {sizes} bytes on a path of {mtu}")
                if mode == "transport":
                    equal([part.mf for part in parts], [1, 0], f"{what}: fragments")


def takes(way, sock, size, what):
    """The next packet, of a socket: by which link it left, "first" or "second", and the packet."""
    way.sock = sock
    pkt = way.passes(size)
    check(pkt is not None, f"{what}: {size} bytes do not pass")
    return way.tw.wire.last, pkt


def pair(way, choose):
    """Two sockets whose packets leave by different links: {link: socket}, and a packet of the second.

    @choose: sets one up, its number given.
    """
    socks = {}
    for number in range(64):
        sock = way.another(functools.partial(choose, number))
        link, pkt = takes(way, sock, way.largest(), f"socket {number}")
        socks[link] = sock
        if link == "second":
            big = pkt
        if len(socks) == 2:
            return socks, big
    raise Fail(f"64 sockets, and all packets by the {link} link")


def one_for_both(way, socks, big, mtu):
    """What an error about a packet by the second link says holds for all of the SA's, and becomes old."""
    age = f"net/ipv{way.outer}/route/mtu_expires"
    most = way.largest(mtu)
    way.sock = socks["second"]
    way.lowered(big, mtu, "the second link")
    for what in ("as the routes know it", "as the SA alone knows it"):
        for link, way.sock in socks.items():
            check(not way.put(most + 1), f"{what}: {most + 1} bytes pass by the {link} link")
            way.fits(most, mtu, f"{what}, {link} link")
            equal(way.tw.wire.last, link, f"{what}: the link")
        forget(way.tw)
    way.tw.a.sysctl(age, 1)
    way.told(big, mtu)
    for link, way.sock in socks.items():
        lab.wait_until(lambda: way.passes(way.largest()),
                       f"IPv{way.v} {way.layer.mode}: the path by the {link} link never grows again")
        equal(way.tw.wire.last, link, "the link then")
    way.tw.a.sysctl(age, 600)


def by_flow(tw, setup, choose, shapes):
    """F03: packets of one SA leave by two links, one with a narrow path: by their ports, or by their mark.

    @choose: sets up one of the sockets.
    """
    tw.need_testudo()
    with contextlib.closing(ways.Ways()) as other:
        setup(other)
        other.both()
        for mode, v in shapes:
            other.reset()
            with Way(other, new_esp(), mode, v, far=other.beyond(v, 1)) as way:
                one_for_both(way, *pair(way, choose), mtu_of(v))


def by_end(tw, shapes):
    """F03: one of two links has a narrow path; an SA takes that by its ends, another one the other."""
    tw.need_testudo()
    with contextlib.closing(ways.Ways()) as other:
        other.spread(0)
        other.both()
        for mode, v in shapes:
            links, mtu = set(), mtu_of(v)
            for number in range(1, 65):
                other.reset()
                with Way(other, new_esp(), mode, v, far=other.beyond(v, number)) as way:
                    link, pkt = takes(way, way.sock, way.largest(), f"{mode} of IPv{v}, end {number}")
                    if link in links:
                        continue
                    links.add(link)
                    way.lowered(pkt, mtu, f"{mode} of IPv{v}, {link} link")
                    forget(other)
                    check(not way.put(way.largest(mtu) + 1), f"{mode} of IPv{v}, {link} link: forgotten")
                    way.fits(way.largest(mtu), mtu, f"{mode} of IPv{v}, {link} link")
                    equal(other.wire.last, link, "the link then")
                if len(links) == 2:
                    break
            equal(len(links), 2, f"{mode} of IPv{v}: links that 64 ends are reached by")


def set_mark(number, sock):
    """Each second socket has one."""
    sock.setsockopt(socket.SOL_SOCKET, SO_MARK, MARK * (number & 1))


def redirect(v, router, near, gateway, far, raw):
    """A router's message that @far is reached by @gateway, about a packet (bytes)."""
    if v == 4:
        return packet.ip(router, near, packet.ICMP,
                         packet.icmp(5, 1, int.from_bytes(packet.pton(gateway), "big"), raw[:28]))
    raw = raw[:200 // 8 * 8]
    option = bytes([4, 1 + len(raw) // 8]) + bytes(6) + raw
    body = packet.icmp(137, 0, 0, packet.pton(gateway) + packet.pton(far) + option, router, near)
    return packet.ip(router, near, packet.ICMP6, body, ttl=255)


def redirected(tw, v):
    """F15: a router's redirect about our packet is believed, and one about another SPI is not."""
    tw.need_testudo()
    near, far = lab.OUTER[v][0], {4: lab.BEYOND, 6: "fd00:77::1"}[v]
    router, gateway = {4: (lab.OUTER[4][1], lab.FENCE[4]), 6: ("fe80::2", "fe80::9")}[v]
    if v == 6:
        tw.a.batch(f"route replace {far} via {router} dev a0\n" +
                   "".join(f"neigh replace {a} lladdr 02:00:00:00:00:02 dev a0 nud permanent\n" for a in (router, gateway)))
    sa = new_esp()
    tw.dut.setkey(f"add {near} {far} esp {sa.spi:#x} -m tunnel {' '.join(algs.setkey_words(sa))};\n"
                  f"spdadd {' '.join(lab.INNER[v])} udp -P out ipsec esp/tunnel/{near}-{far}/require;\n")
    with tw.a:
        sock = socket.socket(socket.AF_INET6 if v == 6 else socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.bind((lab.INNER[v][0], 0))

        def sent():
            """A protected packet, and by whom A would send the next."""
            sock.sendto(b"data", (lab.INNER[v][1], 9))
            pkt = tw.wire.recv(lambda p: p.dst == far)
            check(pkt is not None, "nothing came")
            return pkt, f"via {gateway} " in tw.a.ip("route", "get", far)
        pkt = sent()[0]
        for raw in (changed(pkt, 0, 1), readdressed(pkt, False)):
            tw.wire.send(redirect(v, router, near, gateway, far, raw))
            equal(tw.arrivals(), [], "datagrams")
            check(not sent()[1], "a redirect about a packet that is not ours is believed")
        tw.wire.send(redirect(v, router, near, gateway, far, pkt.raw))
        lab.wait_until(lambda: sent()[1], "a redirect about our packet is not believed")
    forget(tw)


SHAPES = (("tunnel", 4, 4), ("tunnel", 6, 6), ("tunnel", 4, 6), ("tunnel", 6, 4), ("transport", 4, 4),
          ("transport", 6, 6))
for mode, v, outer in SHAPES:
    tail = f"{mode}_{v}in{outer}" if mode == "tunnel" else f"{mode}_v{v}"
    if NIGHTLY or v == outer:
        suite.add(f"F03_learn_esp_{tail}", learn, new_esp, mode, v, outer)
        suite.add(f"F03_learn_ah_{tail}", learn, new_ah, mode, v, outer)
    if NIGHTLY or mode == "tunnel" and v == outer:
        suite.add(f"F15_unreachable_udp_{tail}", unreachable, new_esp, mode, v, outer, True)
        suite.add(f"F05_learn_udp_{tail}", learn, new_esp, mode, v, outer, True)
        suite.add(f"F04_forged_esp_{tail}", forged, new_esp, mode, v, outer)
        suite.add(f"F04_forged_ah_{tail}", forged, new_ah, mode, v, outer)
    suite.add(f"F15_unreachable_esp_{tail}", unreachable, new_esp, mode, v, outer)
    if mode == "tunnel":
        suite.add(f"F15_unreachable_ah_{tail}", unreachable, new_ah, mode, v, outer)
        suite.add(f"F03_ipcomp_bare_{v}in{outer}", bare, v, outer)
for v in (4, 6):
    suite.add(f"F03_ipcomp_compressed_v{v}", compressed, v)
    suite.add(f"F03_all_in_policy_v{v}", all_in, v, "ipsec esp/transport//require", "in_clear")
    suite.add(f"F03_discard_in_policy_v{v}", all_in, v, "discard", "in_discard")
    suite.add(f"F15_redirect_v{v}", redirected, v)
suite.add("F04_bounds_4", bounds, 4, ((0, 1492), (68, 552), (551, 552), (552, 552), (553, 553), (1453, 1453)))
suite.add("F04_bounds_6", bounds, 6, ((0, None), (68, None), (1279, None), (1280, 1280), (0xFFFFFFFF, None)))
suite.add("F04_no_pmtu_disc", no_pmtu_disc)
suite.add("F04_storm_4", storm, 4, 552)
suite.add("F04_storm_6", storm, 6, 1280)
suite.add("F04_rule_and_lock", ruled)
for number, shapes in enumerate(((("tunnel", 4), ("transport", 6)), (("tunnel", 6), ("transport", 4)))):
    if NIGHTLY or not number:
        suite.add(f"F03_vrf_{number}", elsewhere, in_vrf, shapes)
    suite.add(f"F03_marked_{number}", elsewhere, by_mark, shapes)
    if NIGHTLY or not number:
        suite.add(f"F03_two_tables_{number}", by_flow, lambda tw: tw.marked(MARK), set_mark, shapes)
        suite.add(f"F03_nexthops_by_end_{number}", by_end, shapes)
suite.add("F03_nexthops_by_port", by_flow, lambda tw: tw.spread(1), lambda *_: None,
          (("transport", 4), ("transport", 6)))

if __name__ == "__main__":
    suite.run(lab.Lab)
