# SPDX-License-Identifier: GPL-2.0
"""The laboratory: namespaces around a stack under test, with raw wire peers beside it.

           W (raw)                 A (under test)               H (raw, only if asked)
        +-----------+  wire     +-------------------+  inside  +-----------+
        | 10.0.0.2  |w0-----a0  | 10.0.0.1          |a1-----h0 | 10.0.1.2  |
        | fd00::2   |           | fd00::1           |          | fd00:1::2 |
        +-----------+           | 10.0.1.1 fd00:1::1|          +-----------+
     behind W: 10.0.2.0/24      +-------------------+
               fd00:2::/64        without H the inside addresses are on a dummy

Owns namespaces, links, the raw peers, and how a stack is keyed; decides nothing
about what is right. STACK=xfrm in the environment puts the stock stack in A, to
see that a test itself is right.
"""
import contextlib
import ctypes
import errno
import itertools
import os
import random
import select
import socket
import struct
import subprocess
import time

import algs
import esp
import packet
import pfkey
from ktap import Fail, Skip, check, equal

STACK = os.environ.get("STACK", "testudo")
TIMEOUT = float(os.environ.get("TEST_TIMEOUT", "80" if os.environ.get("TESTUDO_KERNEL") == "debug" else "20"))
STAT = {"testudo": "/proc/thread-self/net/testudo_stat", "xfrm": "/proc/thread-self/net/xfrm_stat"}
OUTER = {4: ("10.0.0.1", "10.0.0.2"), 6: ("fd00::1", "fd00::2")}
INNER = {4: ("10.0.1.1", "10.0.2.2"), 6: ("fd00:1::1", "fd00:2::2")}
NETS = {4: ("10.0.1.0/24", "10.0.2.0/24"), 6: ("fd00:1::/64", "fd00:2::/64")}
HOST = {4: "10.0.1.2", 6: "fd00:1::2"}
FENCE = {4: "10.0.0.3", 6: "fd00::3"}
BEYOND = "172.31.0.1"                   # reached through W, inside no policy but one for everything
_libc = ctypes.CDLL(None, use_errno=True)
_SOL_PACKET, _IGNORE_OUTGOING = 263, 23
_QUIET_ICMP6 = set(range(130, 137)) | {143}
# Lines of the counter file that count what went well; every other one is a drop reason.
EVENTS = {"out_packets", "in_packets", "uncompressed", "async", "async_done", "held", "released", "flow_miss"}


def sh(*cmd, text=None, fails=False):
    """Run a command; its output, or Fail with it. With @fails, the exit status is returned too."""
    out = subprocess.run(cmd, input=text, capture_output=True, text=True, check=False)
    if fails:
        return out.returncode, out.stdout + out.stderr
    check(out.returncode == 0, f"{' '.join(cmd)}: {(out.stderr or out.stdout).strip()}")
    return out.stdout


class Ns:
    """A network namespace that this process can step into."""

    def __init__(self, name):
        self.name = name
        sh("ip", "netns", "add", name)
        self.fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.ip("link", "set", "lo", "up")

    def __enter__(self):
        self._set(self.fd)
        return self

    def __exit__(self, *exc):
        self._set(self.home)

    @staticmethod
    def _set(fd):
        if _libc.setns(fd, 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")

    def ip(self, *words):
        """ip(8) in here."""
        return sh("ip", "-n", self.name, *words)

    def batch(self, text):
        """Several ip(8) lines at once."""
        return sh("ip", "-n", self.name, "-batch", "-", text=text)

    def run(self, *cmd, **kw):
        """Any command in here."""
        return sh("nsenter", f"--net=/run/netns/{self.name}", *cmd, **kw)

    def sysctl(self, path, value):
        """Write /proc/sys/@path in here."""
        with self, open(f"/proc/sys/{path}", "w", encoding="ascii") as f:
            f.write(str(value))

    def close(self):
        """Delete the namespace."""
        os.close(self.fd)
        os.close(self.home)
        sh("ip", "netns", "del", self.name, fails=True)


class Peer:
    """A raw end of a link: sends and receives whole IP packets, answers ARP and ND.

    @addrs are the addresses it answers for.
    """

    def __init__(self, ns, dev, mac, far, addrs):
        with ns:
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self.sock.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
            self.sock.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)       # SO_RCVBUFFORCE
            self.sock.bind((dev, 3))
        self.mac, self.far, self.addrs = mac, far, [packet.pton(a) for a in addrs]

    def send(self, pkt, dst=None):
        """Send an IP packet (bytes); @dst is another MAC address."""
        kind = packet.ETH_IP6 if pkt[0] >> 4 == 6 else packet.ETH_IP
        self.sock.send((dst or self.far) + self.mac + struct.pack("!H", kind) + pkt)

    def recv(self, match=lambda p: True, timeout=None):
        """The next IP packet that matches, parsed; None when time is up.

        Neighbour discovery and multicast housekeeping are answered or skipped.
        """
        end = time.monotonic() + (TIMEOUT if timeout is None else timeout)
        while True:
            left = max(end - time.monotonic(), 0)
            if not select.select([self.sock], [], [], left)[0]:
                return None
            frame = self.sock.recv(70000)
            kind = struct.unpack_from("!H", frame, 12)[0]
            if kind == packet.ETH_ARP:
                self._arp(frame)
            elif kind in (packet.ETH_IP, packet.ETH_IP6):
                pkt = packet.parse(frame[14:])
                if pkt and not self._housekeeping(pkt) and match(pkt):
                    return pkt

    def _arp(self, frame):
        arp = frame[14:42]
        if struct.unpack_from("!H", arp, 6)[0] == 1 and arp[24:28] in self.addrs:
            self.sock.send(frame[6:12] + self.mac + b"\x08\x06" + packet.arp_reply(arp, self.mac))

    def _housekeeping(self, pkt):
        if pkt.ver != 6:
            return False
        if pkt.proto == packet.HBH and packet.pton(pkt.dst)[0] == 0xFF:
            return True                                                 # MLD
        if pkt.proto != packet.ICMP6 or pkt.payload[0] not in _QUIET_ICMP6:
            return False
        if pkt.payload[0] == packet.ND_NS and pkt.payload[8:24] in self.addrs and pkt.src != "::":
            self.send(packet.nd_advert(pkt, self.mac))
        return True

    def drain(self):
        """Forget what has arrived."""
        while self.recv(timeout=0):
            pass

    def close(self):
        """Close the socket."""
        self.sock.close()


class Testudo:
    """The stack under test, keyed by setkey."""

    def __init__(self, ns):
        self.ns = ns
        with ns:
            if not os.path.exists(STAT["testudo"]):
                raise Skip("testudo.ko is not loaded")

    def setkey(self, text, fails=False):
        """Feed @text to setkey."""
        return self.ns.run("setkey", "-c", text=text, fails=fails)

    @staticmethod
    def sa_line(sa, src, dst, mode, window=0, reqid=0):
        """The setkey line that installs @sa."""
        opts = f"-m {mode} -u {reqid} -r {window}" + (" -f esn" if sa.esn else "")
        if sa.proto == "ah" and sa.align8:
            opts += " -f align8"
        words = algs.setkey_words(sa)
        return f"add {src} {dst} {sa.proto} {sa.spi:#x} {opts} {' '.join(words)};\n"

    @staticmethod
    def sp_line(src, dst, way, mode, ends, level="require", upper="any", proto="esp"):
        """The setkey line that installs a policy."""
        via = "-".join(ends) if mode == "tunnel" else ""
        return f"spdadd {src} {dst} {upper} -P {way} ipsec {proto}/{mode}/{via}/{level};\n"

    def apply(self, lines):
        """Install the lines."""
        self.setkey("".join(lines))

    def flush(self):
        """Remove everything."""
        self.setkey("flush; spdflush;\n")


class Xfrm:
    """The stock stack, keyed by ip(8); speaks the same methods."""

    def __init__(self, ns):
        self.ns = ns

    @staticmethod
    def sa_line(sa, src, dst, mode, window=0, reqid=0):
        """The ip line that installs @sa."""
        words = algs.xfrm_words(sa)
        words = " ".join(f'"{w}"' if not w or "(" in w else w for w in words)
        flags = " ".join(["esn"] * sa.esn + ["af-unspec"] * (mode == "tunnel") +
                         ["align4"] * (sa.proto == "ah" and not sa.align8))
        proto = "comp" if sa.proto == "ipcomp" else sa.proto
        return (f"xfrm state add src {src} dst {dst} proto {proto} spi {sa.spi:#x} mode {mode} reqid {reqid} "
                f"replay-window {window or 32} {'flag ' + flags if flags else ''} {words}\n")

    @staticmethod
    def sp_line(src, dst, way, mode, ends, level="require", upper="any", proto="esp"):
        """The ip line that installs a policy; `in` brings its `fwd` as setkey does."""
        proto = "comp" if proto == "ipcomp" else proto

        def one(way):
            return (f"xfrm policy add src {src} dst {dst} {'' if upper == 'any' else 'proto ' + upper} dir {way} "
                    f"tmpl src {ends[0]} dst {ends[1]} proto {proto} mode {mode} "
                    f"level {'use' if level == 'use' else 'required'}\n")
        return one(way) + (one("fwd") if way == "in" else "")

    def apply(self, lines):
        """Install the lines."""
        self.ns.batch("".join(lines))

    def flush(self):
        """Remove everything."""
        self.ns.batch("xfrm state flush\nxfrm policy flush\n")


class Flow:
    """A keyed pair of SAs between A and W, with the addresses inside and outside.

    tx is what W seals with (inbound for A), rx what A sends with.
    """

    def __init__(self, lab, enc, auth, inner, outer, mode, esn):
        self.lab, self.mode, self.v = lab, mode, inner
        self.a_out, self.w_out = OUTER[outer]
        self.a_in, self.w_in = INNER[inner] if mode == "tunnel" else OUTER[outer]
        spi = pfkey.random_spi()
        self.tx, self.rx = esp.Sa(spi, enc, auth, esn=esn), esp.Sa(spi + 1, enc, auth, esn=esn)

    def inner(self, proto, payload, **kw):
        """Inner IP packet from W's side to A's; src, dst and header fields may be replaced."""
        src, dst = kw.pop("src", self.w_in), kw.pop("dst", self.a_in)
        return packet.ip(src, dst, proto, payload, **kw)

    def wrap(self, proto, payload, outer=None, inner=None, **seal):
        """A whole protected packet, W to A.

        @proto, @payload: upper layer. @outer, @inner: header fields of the two.
        @seal: what esp.Sa.seal() takes.
        """
        if self.mode == "tunnel":
            inner_pkt = self.inner(proto, payload, **(inner or {}))
            proto, payload = (packet.IPV6 if inner_pkt[0] >> 4 == 6 else packet.IPIP), inner_pkt
        return self.outer(self.tx.seal(payload, proto, **seal), **(outer or {}))

    def outer(self, body, **kw):
        """Outer header, W to A, around the bytes of an ESP packet."""
        src, dst = kw.pop("src", self.w_out), kw.pop("dst", self.a_out)
        return packet.ip(src, dst, packet.ESP, body, **kw)

    def udp(self, data, **kw):
        """A protected datagram for A's sink."""
        return self.wrap(packet.UDP, self.datagram(data), **kw)

    def datagram(self, data):
        """The datagram inside, unprotected."""
        return packet.udp(self.w_in, self.a_in, 7777, self.lab.port, data)

    def is_reply(self, pkt):
        """True for an ESP packet of A's SA."""
        return pkt.proto == packet.ESP and pkt.payload[:4] == struct.pack("!I", self.rx.spi)

    def open(self, pkt):
        """Open A's packet: (Opened, inner Ip). In transport mode the inner one is the packet itself."""
        out = self.rx.open(pkt.payload)
        if self.mode != "tunnel":
            return out, None
        want = packet.IPV6 if self.v == 6 else packet.IPIP
        check(out.nh == want, f"next header {out.nh} inside a tunnel of IPv{self.v}")
        inner = packet.parse(out.payload)
        check(inner is not None, "the inner packet is no IP packet")
        check(len(inner.raw) == len(out.payload), "bytes behind the inner packet")
        return out, inner

    def echo(self, data=b"", timeout=None, **kw):
        """Protected echo request to A; (outer Ip, Opened, inner Ip, echo data) of its protected answer."""
        ident, seq = random.randrange(1, 65536), random.randrange(65536)
        request = self.wrap(*packet.echo(self.w_in, self.a_in, ident, seq, data), **kw)
        self.lab.wire.drain()
        self.lab.wire.send(request)
        whole = packet.Reassembler()
        while True:
            pkt = self.lab.wire.recv(lambda p: p.proto == packet.ESP, timeout)
            check(pkt is not None, "no protected answer to a protected echo request")
            pkt = whole.feed(pkt)
            if pkt and self.is_reply(pkt):
                break
        out, inner = self.open(pkt)
        body = inner.payload if inner else out.payload
        proto, want = packet.echo(self.a_in, self.w_in, ident, seq, data, reply=True)
        check((inner.proto if inner else out.nh) == proto and body == want, "the answer is not the echo reply")
        return pkt, out, inner, body


class Lab:
    """A beside W, and H when @behind. A process may have several.

    @source: the route to what is behind W names A's inside address, so that all that A itself sends there
    comes from inside the selectors.
    """

    _numbers = itertools.count()

    def __init__(self, behind=False, mtu=1500, source=True):
        if os.geteuid():
            raise Skip("needs root")
        self.seed = int(os.environ.get("TEST_SEED", random.randrange(1 << 32)))
        random.seed(self.seed)
        print(f"# stack {STACK}, TEST_SEED={self.seed}", flush=True)
        self.open, self.held = [], 0
        tag = f"w{os.getpid():x}.{next(self._numbers)}"
        self.a, self.w = self._ns(tag + "A"), self._ns(tag + "W")
        self.h = self._ns(tag + "H") if behind else None
        self.wire = self._link(self.w, "w0", "a0", 1, mtu, [OUTER[4][1], OUTER[6][1], FENCE[4], FENCE[6]])
        self._addresses("a0", [f"{OUTER[4][0]}/24", f"{OUTER[6][0]}/64"])
        if behind:
            self.inside = self._link(self.h, "h0", "a1", 3, mtu, [HOST[4], HOST[6]])
            self.a.sysctl("net/ipv4/ip_forward", 1)
            self.a.sysctl("net/ipv6/conf/all/forwarding", 1)
        else:
            self.a.batch("link add a1 type dummy\nlink set a1 up\n")
        self._addresses("a1", [f"{INNER[4][0]}/24", f"{INNER[6][0]}/64"])
        self._routes(behind, source)
        wait_up(self.w, "w0")
        if behind:
            wait_up(self.h, "h0")
        self.own(OUTER[6][0], INNER[6][0])
        self.dut = Xfrm(self.a) if STACK == "xfrm" else Testudo(self.a)
        self._sinks()

    def _ns(self, name):
        ns = Ns(name)
        self.open.append(ns)
        return ns

    def _link(self, ns, dev, a_dev, number, mtu, addrs):
        far, mac = bytes([2, 0, 0, 0, 0, number]), bytes([2, 0, 0, 0, 0, number + 1])
        ns.sysctl("net/ipv6/conf/default/disable_ipv6", 1)
        ns.sysctl("net/ipv6/conf/all/disable_ipv6", 1)
        ns.batch(f"link add {dev} mtu {mtu} address {mac.hex(':')} type veth "
                 f"peer name {a_dev} mtu {mtu} address {far.hex(':')} netns {self.a.name}\n"
                 f"link set {dev} up\n")
        peer = Peer(ns, dev, mac, far, addrs)
        self.open.insert(0, peer)
        return peer

    def _addresses(self, dev, addrs):
        for knob in ("accept_dad", "router_solicitations", "accept_ra"):
            self.a.sysctl(f"net/ipv6/conf/{dev}/{knob}", 0)
        self.a.batch("".join(f"addr add {a} dev {dev} {'nodad' if ':' in a else ''}\n" for a in addrs) +
                     f"link set {dev} up\n")

    def _routes(self, behind, source):
        lines = [f"route add {NETS[v][1]} via {OUTER[v][1]} {'src ' + INNER[v][0] if source else ''}\n" for v in (4, 6)]
        lines += [f"neigh add {a} lladdr 02:00:00:00:00:02 dev a0 nud permanent\n"
                  for v in (4, 6) for a in (OUTER[v][1], FENCE[v])]
        lines.append(f"route add {BEYOND} via {OUTER[4][1]}\n")
        if behind:
            lines += [f"neigh add {HOST[v]} lladdr 02:00:00:00:00:04 dev a1 nud permanent\n" for v in (4, 6)]
        self.a.batch("".join(lines))

    def own(self, *addrs, table="local"):
        """Until A takes these addresses of IPv6 for its own, which work of the kernel's sees to, DAD or not."""
        def is_own():
            routes = self.a.ip("-6", "route", "show", "table", table)
            return all(f"local {addr} dev" in routes for addr in addrs)
        wait_until(is_own, f"{addrs} do not become A's own")

    def _sinks(self):
        """UDP sockets in A that take what was delivered, on a random port of both families."""
        with self.a:
            self.sinks = [socket.socket(f, socket.SOCK_DGRAM) for f in (socket.AF_INET, socket.AF_INET6)]
        self.sinks[1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.port = random.randrange(20000, 60000)
        for sock, any_addr in zip(self.sinks, ("0.0.0.0", "::")):
            sock.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
            sock.bind((any_addr, self.port))
            self.open.insert(0, sock)

    # -- between cases ---------------------------------------------------
    def reset(self):
        """No SA, no policy, nothing waiting in any socket."""
        self.dut.flush()
        self._let_go()
        self.reset_sockets()

    def _let_go(self):
        """What waited for an SA is dropped, as no policy asks for one: and counted before the next case, not in it."""
        held = self.stat().get("held", 0)
        if held != self.held:
            # a device goes when the stack has looked at all that waits
            self.a.batch("link add gone type dummy\nlink del gone\n")
        self.held = held

    def reset_sockets(self):
        """Nothing waiting in any socket."""
        self.wire.drain()
        if self.h:
            self.inside.drain()
        for sock in self.sinks:
            while select.select([sock], [], [], 0)[0]:
                sock.recv(70000)

    def close(self):
        """Remove everything made."""
        for thing in self.open:
            thing.close()

    def end_a(self):
        """A ends, and W stays: the end of A's namespace takes the veth between the two with it."""
        for thing in self.sinks + [self.a]:
            self.open.remove(thing)
            thing.close()
        wait_until(lambda: "w0" not in self.w.ip("link"), "the namespace does not end")

    # -- keying ----------------------------------------------------------
    def flow(self, enc="aes128", auth="sha256", v=4, mode="transport", outer=None, esn=False, window=64,
             reqid=0, ways=("out", "in"), level="require", install=True):
        """Key A for traffic with W and return the Flow.

        @ways: directions that get a policy. @install: False leaves the SAs to the caller.
        """
        flow = Flow(self, enc, "none" if algs.TABLE[enc].kind == "aead" else auth, v, outer or v, mode, esn)
        a, w = (f"{flow.a_in}", f"{flow.w_in}") if mode != "tunnel" else NETS[v]
        lines = []
        if install:
            lines = [self.dut.sa_line(flow.tx, flow.w_out, flow.a_out, mode, window, reqid),
                     self.dut.sa_line(flow.rx, flow.a_out, flow.w_out, mode, window, reqid)]
        if "out" in ways:
            lines.append(self.dut.sp_line(a, w, "out", mode, (flow.a_out, flow.w_out), level))
        if "in" in ways:
            lines.append(self.dut.sp_line(w, a, "in", mode, (flow.w_out, flow.a_out), level))
        self.dut.apply(lines)
        return flow

    def pfkey(self, **kw):
        """A PF_KEY socket in A."""
        with self.a:
            return pfkey.PfKey(**kw)

    def need_testudo(self):
        """Skip on the stock stack."""
        if STACK != "testudo":
            raise Skip("only this project's stack has it")

    # -- what arrived ----------------------------------------------------
    def arrivals(self, expect=0, timeout=None):
        """Datagrams that A's sinks got up to a fence sent now in clear from an unprotected address.

        @expect: wait for that many at least, in case crypto completes later than the fence.
        """
        mark = os.urandom(12)
        with in_order():
            for v in (4, 6):
                fence = packet.udp(FENCE[v], OUTER[v][0], 7777, self.port, mark)
                self.wire.send(packet.ip(FENCE[v], OUTER[v][0], packet.UDP, fence))
        got, fences = [], 0
        end = time.monotonic() + (TIMEOUT if timeout is None else timeout)
        while fences < 2 or len(got) < expect:
            ready = select.select(self.sinks, [], [], max(end - time.monotonic(), 0))[0]
            if not ready:
                check(fences == 2, "the fence did not arrive")
                break
            for sock in ready:
                data = sock.recv(70000)
                fences += data == mark
                if data != mark:
                    got.append(data)
        self.settle()
        grace = 0.03 if STACK == "xfrm" else 0          # it does not say what waits for its crypto
        while True:
            ready = select.select(self.sinks, [], [], grace)[0]
            if not ready:
                return got
            got += [s.recv(70000) for s in ready]

    def settle(self):
        """Wait until no packet is in asynchronous crypto, which may finish behind a fence."""
        end = time.monotonic() + TIMEOUT
        while (stat := self.stat()).get("async", 0) != stat.get("async_done", 0):
            check(time.monotonic() < end, f"{stat['async'] - stat['async_done']} packets stay in asynchronous crypto")
            time.sleep(0.002)

    def delivered(self, pkts, want, what, peer=None):
        """Send @pkts; fail unless exactly the datagrams @want come out, in any order."""
        with in_order():
            for pkt in pkts:
                (peer or self.wire).send(pkt)
        got = self.arrivals(len(want))
        if sorted(got) != sorted(want):
            missing = [w.hex() for w in want if w not in got]
            extra = [g.hex() for g in got if g not in want]
            twice = len(got) - len(set(got))
            raise Fail(f"{what}: {len(got)} delivered, {len(want)} expected; missing {missing[:4]}, "
                       f"extra {extra[:4]}, twice {twice}")

    # -- counters --------------------------------------------------------
    def stat(self):
        """All counters of A's stack."""
        with self.a:
            try:
                with open(STAT[STACK], encoding="ascii") as f:
                    return {k: int(v) for k, v in (line.split()[:2] for line in f if len(line.split()) > 1)}
            except FileNotFoundError:
                return {}

    def drops(self, **want):
        """Context: the drop counters move by exactly @want and no other one moves.

        On the stock stack, whose names differ, the sum of all is compared.
        """
        return _Drops(self, want)


class _Drops:
    def __init__(self, lab, want):
        self.lab, self.want, self.before = lab, want, None

    def __enter__(self):
        self.before = self.lab.stat()
        return self

    def moved(self):
        """Counters that moved since the start."""
        return {k: v - self.before.get(k, 0) for k, v in self.lab.stat().items()
                if v != self.before.get(k, 0) and k not in EVENTS}

    def __exit__(self, kind, *exc):
        if kind:
            return
        end = time.monotonic() + TIMEOUT
        while sum(self.moved().values()) < sum(self.want.values()) and time.monotonic() < end:
            time.sleep(0.01)
        self.lab.settle()
        moved = self.moved()
        if STACK == "xfrm":
            if self.before:
                check(sum(moved.values()) == sum(self.want.values()), f"counters: expected {self.want}, saw {moved}")
        else:
            check(moved == self.want, f"counters: expected {self.want}, saw {moved}")


@contextlib.contextmanager
def on_cpu(cpu):
    """This thread runs on one CPU, and so does all that its packets do before they are given to another."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def in_order():
    """Context: what this thread sends arrives as it was sent, also behind what it sent in such contexts before.

    A link has a queue for each CPU, which may stand still, and a thread is moved to another CPU at any time.
    """
    return on_cpu(min(os.sched_getaffinity(0)))


def wait_until(what, why):
    """Poll until what() holds; fail with @why when it does not in time."""
    end = time.monotonic() + TIMEOUT
    while not what():
        check(time.monotonic() < end, why)
        time.sleep(0.01)


def wait_up(ns, dev):
    """What a veth is given passes: that its other end is up gives it a queue, which is the work of a kernel thread.

    LOWER_UP is said before that, and what it is given meanwhile goes nowhere.
    """
    wait_until(lambda: "state UP" in ns.ip("link", "show", dev), f"{dev} does not come up")


def refused(sock, data, dst, want):
    """The sender of @data is told the error of the name @want."""
    try:
        sock.sendto(data, (dst, 0 if sock.type == socket.SOCK_RAW else 9))
    except OSError as err:
        equal(errno.errorcode[err.errno], want, "what the sender is told")
        return
    raise Fail(f"the sender is told nothing, not {want}")


def unique(count):
    """@count different short payloads."""
    base = os.urandom(6)
    return [base + struct.pack("!H", i) for i in range(count)]
