#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Is a keying daemon asked once for an SA that packets miss, and do the packets wait for it?

# kernels: all
# timeout: 900
# brief: message_4|answer|looked_at|refused|expired|bound

This process is the daemon: it registers by PF_KEY in A, and W is the wire. TW
of scenarios (drawn in wire/lab.py).
"""
import contextlib
import dataclasses
import errno
import itertools
import os
import signal
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import lab
import packet
import pfkey
from ktap import Suite, check, equal

suite = Suite(__doc__)
KNOB = "net/testudo/"
EXT_PROPOSAL = 13
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
SILENCE = 0.3                   # seconds in which a message would have come


class Daemon:
    """A keying daemon's socket, and A's policies that have no SA yet."""

    def __init__(self, tw, register=(pfkey.SATYPE_ESP,)):
        tw.need_testudo()
        self.tw, self.key, self.before = tw, tw.pfkey(), tw.stat()
        for satype in register:
            self.key.request(pfkey.REGISTER, satype)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.key.close()
        for knob, value in (("larval_seconds", 0), ("hold_packets", 64)):
            self.tw.a.sysctl(KNOB + knob, value)
        self.tw.dut.flush()
        lab.wait_until(lambda: self.waiting() <= 0, "packets wait without a policy")

    def waiting(self):
        """Packets held since the start that have not come to an end."""
        now = {k: v - self.before.get(k, 0) for k, v in self.tw.stat().items()}
        return now["held"] - now["released"] - now["out_waited"] - now["out_stale"]

    def asked(self):
        """The next ACQUIRE."""
        msg = self.key.wait(pfkey.ACQUIRE, lab.TIMEOUT)
        check(msg is not None, "no ACQUIRE")
        return msg

    def not_asked(self):
        """No ACQUIRE comes."""
        check(self.key.wait(pfkey.ACQUIRE, SILENCE) is None, "asked again")

    def larvals(self):
        """SAs that are larval."""
        return [m for m in self.key.dump() if m.state == "larval"]

    def asks_again(self, flow, before):
        """When the larval SA of the question @before is gone, the next packet puts another one."""
        lab.wait_until(lambda: not self.larvals(), "the larval SA stays")
        send(self.tw, flow, 1)
        check(self.asked().seq != before.seq, "the same question again")

    def refuse(self, msg, why=errno.ENOENT):
        """The negative answer, as racoon gives it: a base header with an errno."""
        self.key.sock.send(struct.pack("=BBBBHHII", 2, pfkey.ACQUIRE, why, msg.satype, 2, 0, msg.seq, self.key.pid))

    def answer(self, msg, flow):
        """What racoon does: GETSPI and UPDATE inbound, ADD outbound, with the question's number."""
        self.key.seq = msg.seq - 1
        own = self.key.request(pfkey.GETSPI, pfkey.SATYPE_ESP, pfkey.ext_addr(pfkey.EXT_SRC, flow.w_out),
                               pfkey.ext_addr(pfkey.EXT_DST, flow.a_out),
                               pfkey.ext(pfkey.EXT_SA2, struct.pack("=BBHII", pfkey.MODE[flow.mode], 0, 0, 0, 0)))
        flow.tx.spi = own.spi
        self.key.seq = msg.seq - 1
        self.key.add(flow.tx, flow.w_out, flow.a_out, flow.mode, kind=pfkey.UPDATE, window=32)
        self.key.seq = msg.seq - 1
        self.key.add(flow.rx, flow.a_out, flow.w_out, flow.mode, window=32)


def send(tw, flow, number, first=0):
    """@number numbered datagrams from A to W."""
    for n in range(first, first + number):
        tw.sinks[flow.v == 6].sendto(struct.pack("!I", n) + b"waits", (flow.w_in, 9))


def numbers(tw, flow, number):
    """The numbers of the next @number datagrams on the wire, which are protected, as A has sealed them.

    What two CPUs put on a link arrives in any order; in which A sent it is in the sequence numbers.
    """
    got = []
    for _ in range(number):
        pkt = tw.wire.recv(lambda p: p.proto in (packet.ESP, packet.UDP))
        check(pkt is not None, f"{len(got)} of {number} packets came")
        check(flow.is_reply(pkt), f"protocol {pkt.proto} on the wire")
        out, inner = flow.open(pkt)
        body = inner.payload if inner else out.payload
        got.append((out.seq, struct.unpack_from("!I", body, 8)[0]))
    return [n for _, n in sorted(got)]


def message(tw, v, mode, outer):
    """I01: what an ACQUIRE says, to the byte."""
    with Daemon(tw) as d:
        flow = tw.flow("aes128", "sha256", v=v, mode=mode, outer=outer, install=False)
        send(tw, flow, 1)
        msg = d.asked()
        equal((msg.satype, msg.pid, msg.errno), (pfkey.SATYPE_ESP, 0, 0), "satype, pid, errno")
        check(msg.seq >= 0x80000000, f"number {msg.seq:#x} may be a daemon's own")
        equal(sorted(msg.ext), sorted((pfkey.EXT_SRC, pfkey.EXT_DST, pfkey.EXT_POLICY, EXT_PROPOSAL)), "extensions")
        full = 128 if (outer or v) == 6 else 32
        for kind, addr in ((pfkey.EXT_SRC, flow.a_out), (pfkey.EXT_DST, flow.w_out)):
            equal(msg.ext[kind][:4], struct.pack("=BBH", 0, full, 0), "protocol and prefix")
            equal(msg.ext[kind][4:].ljust(32, b"\0"), pfkey.sockaddr(addr).ljust(32, b"\0"), "address")
        policy = next(m for m in d.key.dump(pfkey.SPDDUMP) if m.ext[pfkey.EXT_POLICY][2] == pfkey.DIR["out"])
        ident = policy.ext[pfkey.EXT_POLICY][4:12]
        equal(msg.ext[pfkey.EXT_POLICY], struct.pack("=HBB", 2, pfkey.DIR["out"], 0) + ident, "policy")
        equal(msg.ext[EXT_PROPOSAL], struct.pack("=B3x", 32), "proposal")
        equal([(m.seq, m.spi) for m in d.larvals()][0][1], 0, "SPI of the larval SA")


def answer(tw, v, mode):
    """I13, racoon's way: ten packets wait, come out in order, and the larval SA is gone."""
    with Daemon(tw) as d:
        flow = tw.flow("gcm16_128", v=v, mode=mode, install=False)
        before = tw.stat()
        with tw.drops():
            send(tw, flow, 10)
            msg = d.asked()
            d.not_asked()
            equal(len(d.larvals()), 1, "larval SAs")
            d.answer(msg, flow)
            equal(numbers(tw, flow, 10), list(range(10)), "order")
        equal(tw.stat()["held"] - before["held"], 10, "packets held")
        equal(tw.stat()["released"] - before["released"], 10, "packets released")
        equal(len(d.larvals()), 0, "larval SAs left")
        send(tw, flow, 1, 10)
        equal(numbers(tw, flow, 1), [10], "the next one")


ORDER = 1.0                     # seconds for which a packet waits for those in front of it, its SA being there


def stream(tw):
    """I13: packets that come while others are let go do not overtake them, if that takes no longer than they wait."""
    for _ in range(3):
        if streamed(tw) < ORDER:
            return
        tw.reset()
    print("# letting packets go took too long each time: their order was not looked at", flush=True)


def streamed(tw):
    """Packets come while others are let go: all pass, in order if that was in time. The seconds that it took."""
    with Daemon(tw) as d:
        tw.a.sysctl(KNOB + "hold_packets", 1024)
        flow = tw.flow("gcm16_128", install=False)
        send(tw, flow, 40)
        msg = d.asked()
        pid = os.fork()
        if not pid:
            try:
                send(tw, flow, 300, 40)
            finally:
                os._exit(0)
        began = time.monotonic()
        d.answer(msg, flow)
        lab.wait_until(lambda: d.waiting() <= 0, "packets wait for an SA that is there")
        took = time.monotonic() - began
        os.waitpid(pid, 0)
        got = numbers(tw, flow, 340)
        equal([n for n in got if n < 40], list(range(40)), "those that waited")
        equal(sorted(got), list(range(340)), "numbers")
        if took < ORDER:
            equal(got, sorted(got), "order")
        return took


@contextlib.contextmanager
def other_sas(tw, sa):
    """Context: SAs that no packet waits for come and go, each time a reason to look at those that do."""
    pid = os.fork()
    if not pid:
        try:
            key = tw.pfkey()
            for spi in range(0x10000, 0x7fffffff):
                key.add(dataclasses.replace(sa, spi=spi), "192.0.2.77", "192.0.2.78")
                key.delete(spi, "192.0.2.77", "192.0.2.78")
        finally:
            os._exit(1)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def looked_at(tw):
    """I13: the SA comes while the packets are being looked at: they keep their order."""
    with Daemon(tw) as d:
        tw.a.sysctl(KNOB + "hold_packets", 1024)
        d.key.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        # what waits counts as its socket's
        tw.sinks[0].setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 2 << 20)
        flow = tw.flow("gcm16_128", install=False)
        for turn in range(10):
            send(tw, flow, 250)
            msg = d.asked()
            with other_sas(tw, flow.rx):
                d.answer(msg, flow)
                equal(numbers(tw, flow, 250), list(range(250)), f"order in turn {turn}")
            d.key.delete(flow.rx.spi, flow.a_out, flow.w_out)
            d.key.delete(flow.tx.spi, flow.w_out, flow.a_out)


def flood(tw):
    """Who sends faster than packets are let go is not kept behind them: all come, and the queue ends."""
    with Daemon(tw) as d:
        tw.a.sysctl(KNOB + "hold_packets", 4)
        flow = tw.flow("gcm16_128", install=False)
        send(tw, flow, 3)
        msg = d.asked()
        with tw.drops():
            pids = []
            d.answer(msg, flow)
            for turn in range(2):
                pids.append(os.fork())
                if not pids[-1]:
                    try:
                        send(tw, flow, 400, 3 + 400 * turn)
                    finally:
                        os._exit(0)
            for pid in pids:
                os.waitpid(pid, 0)
            equal(sorted(numbers(tw, flow, 803)), list(range(803)), "numbers")
        lab.wait_until(lambda: d.waiting() <= 0, "packets wait for an SA that is there")


FAR = "10.0.2.9"                # sends to BEYOND, by way of A: W is behind itself


def forward(tw, d):
    """A packet from W that A is to forward and protect waits; its ACQUIRE."""
    tw.a.sysctl("net/ipv4/ip_forward", 1)
    d.key.spd_add(FAR, lab.BEYOND, "out", "tunnel", lab.OUTER[4])
    tw.wire.send(packet.ip(FAR, lab.BEYOND, packet.UDP, packet.udp(FAR, lab.BEYOND, 5, 9, b"forwarded")))
    return d.asked()


def forwarded(tw):
    """I13: a forwarded packet waits as well."""
    with Daemon(tw) as d:
        try:
            msg = forward(tw, d)
            flow = tw.flow("gcm16_128", mode="tunnel", install=False, ways=())
            d.answer(msg, flow)
            pkt = tw.wire.recv(flow.is_reply)
            check(pkt is not None, "the packet did not go on")
            inner = packet.parse(flow.rx.open(pkt.payload).payload)
            equal((inner.src, inner.ttl, inner.payload[8:]), (FAR, 63, b"forwarded"), "packet inside")
        finally:
            tw.a.sysctl("net/ipv4/ip_forward", 0)


def nobody(tw, register):
    """I10: without a registered socket there is no larval SA, and the sender gets an error."""
    with Daemon(tw, register) as d:
        flow = tw.flow("aes128", "sha256", install=False)
        with tw.drops(out_no_sa=1):
            lab.refused(tw.sinks[0], b"nobody", flow.w_in, "EHOSTUNREACH")
        equal(len(d.larvals()), 0, "larval SAs")


def refused(tw):
    """I12: the negative answer ends the wait, and the question is not put again in the larval SA's life."""
    with Daemon(tw) as d:
        tw.a.sysctl(KNOB + "larval_seconds", 600)               # no clock ends it
        flow = tw.flow("aes128", "sha256", install=False)
        with tw.drops(out_waited=3):
            send(tw, flow, 3)
            msg = d.asked()
            d.refuse(msg)
        with tw.drops(out_no_sa=1):
            lab.refused(tw.sinks[0], b"refused", flow.w_in, "EHOSTUNREACH")
        d.not_asked()
        tw.dut.setkey("flush;")
        d.asks_again(flow, msg)


def other_numbers(tw):
    """A refusal of a number that was never asked, or without an errno, changes nothing and has no answer."""
    with Daemon(tw) as d:
        flow = tw.flow("gcm16_128", install=False)
        send(tw, flow, 1)
        msg = d.asked()
        d.refuse(msg, 0)
        msg.seq += 1
        d.refuse(msg)
        msg.seq -= 1
        check(d.key.recv(SILENCE) is None, "a message came")
        d.answer(msg, flow)
        equal(numbers(tw, flow, 1), [0], "the packet")


def expired(tw):
    """I11: nobody answers: the larval SA goes, what waited is dropped, the next packet asks again."""
    with Daemon(tw) as d:
        tw.a.sysctl(KNOB + "larval_seconds", 1)
        flow = tw.flow("aes128", "sha256", install=False)
        with tw.drops(out_waited=2):
            send(tw, flow, 2)
            first = d.asked()
        d.asks_again(flow, first)


def bound(tw):
    """No more packets wait than the sysctl says, and with 0 none does."""
    with Daemon(tw) as d:
        tw.a.sysctl(KNOB + "hold_packets", 5)
        flow = tw.flow("gcm16_128", install=False)
        with tw.drops(out_acquire=7):
            send(tw, flow, 12)
            msg = d.asked()
        d.answer(msg, flow)
        equal(numbers(tw, flow, 5), list(range(5)), "the first ones")
        tw.reset()
        tw.a.sysctl(KNOB + "hold_packets", 0)
        flow = tw.flow("gcm16_128", install=False)
        with tw.drops(out_acquire=3):
            send(tw, flow, 3)
        d.asked()


def deaf(tw):
    """N57: a socket that never reads does not keep another one from hearing; when none can, nothing stays."""
    with Daemon(tw) as d:
        full = tw.pfkey(rcvbuf=1)
        full.request(pfkey.REGISTER, pfkey.SATYPE_ESP)
        for n in range(50):
            d.key.request(pfkey.REGISTER, 0)
            d.key.request(pfkey.PROMISC, n % 2)
        d.key.request(pfkey.PROMISC, 0)
        flow = tw.flow("aes128", "sha256", install=False)
        send(tw, flow, 1)
        d.asked()
        tw.reset()
        full.close()


def no_ear(tw):
    """The only registered socket is full: no larval SA stays, and the next packet asks again."""
    with Daemon(tw, ()) as d:
        full = tw.pfkey(rcvbuf=1)
        full.request(pfkey.REGISTER, pfkey.SATYPE_ESP)
        for n in range(65):
            d.key.request(pfkey.PROMISC, (n + 1) % 2)
        d.key.request(pfkey.PROMISC, 0)
        flow = tw.flow("aes128", "sha256", install=False)
        lost = full.drops()
        send(tw, flow, 1)
        lab.wait_until(lambda: full.drops() > lost, "nothing was asked")
        lab.wait_until(lambda: not d.larvals(), "a question that nobody heard stays")
        while full.recv(0):
            pass
        send(tw, flow, 1)
        check(full.wait(pfkey.ACQUIRE, lab.TIMEOUT) is not None, "not asked again")
        full.close()


def storm(tw, count):
    """L07: many destinations under one policy: the larval SAs are bounded, the newest are there."""
    with Daemon(tw, (pfkey.SATYPE_ESP, pfkey.SATYPE_AH)) as d:
        tw.dut.setkey(f"spdadd {lab.OUTER[4][0]} 172.16.0.0/12 any -P out ipsec esp/transport//require;")
        tw.a.ip("route", "replace", "172.16.0.0/12", "via", lab.OUTER[4][1])
        with tw.a:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        heard, end = set(), time.monotonic() + lab.TIMEOUT
        # more than asked for where the one who asks got no CPU meanwhile
        for n in itertools.count():
            if n >= count and (len(heard) > 100 or time.monotonic() > end):
                break
            try:
                sock.sendto(b"storm", (f"172.16.{n >> 8 & 255}.{n & 255}", 9))
            except OSError as err:
                equal(err.errno, errno.EHOSTUNREACH, "errno")
            while msg := d.key.recv(0):
                if msg.type == pfkey.ACQUIRE:
                    heard.add(msg.addr(pfkey.EXT_DST))
        # a dump shows as many as were there while it went on
        lab.wait_until(lambda: len(d.larvals()) <= 1024, "more than 1024 larval SAs")
        check(d.larvals(), "no larval SA")
        check(len(heard) > 100, f"{len(heard)} destinations were asked for")
        check(0 < d.waiting() <= 64, f"{d.waiting()} packets are held")
        sock.close()
        tw.dut.setkey("spdflush;")
        # questions that were queued are still asked
        lab.wait_until(lambda: not (tw.dut.setkey("flush;") or d.larvals()), "larval SAs stay after a flush")


def bundle(tw):
    """Both SAs of a bundle are asked for at once."""
    with Daemon(tw, (pfkey.SATYPE_ESP, pfkey.SATYPE_AH)) as d:
        a, w = lab.OUTER[4]
        tw.dut.setkey(f"spdadd {a} {w} any -P out ipsec esp/transport//require ah/transport//require;")
        tw.sinks[0].sendto(b"both", (w, 9))
        got = sorted(d.asked().satype for _ in range(2))
        equal(got, [pfkey.SATYPE_AH, pfkey.SATYPE_ESP], "satypes")


def optional(tw):
    """Level use: the packet goes in clear at once, and the daemon is asked."""
    with Daemon(tw) as d:
        flow = tw.flow("aes128", "sha256", install=False, ways=("out",), level="use")
        send(tw, flow, 1)
        pkt = tw.wire.recv(lambda p: p.proto == packet.UDP)
        check(pkt is not None, "the packet did not go")
        d.asked()


def by_want(tw):
    """strongSwan's way: an ADD with a number of its own ends the question by its ends."""
    with Daemon(tw) as d:
        flow = tw.flow("gcm16_128", install=False)
        send(tw, flow, 1)
        d.asked()
        d.key.seq = 7
        d.key.add(flow.rx, flow.a_out, flow.w_out, window=32)
        equal(numbers(tw, flow, 1), [0], "the packet")
        equal(len(d.larvals()), 0, "larval SAs left")


def policy_goes(tw):
    """The policy is deleted while packets wait: they do not leave in clear."""
    with Daemon(tw) as d:
        flow = tw.flow("gcm16_128", install=False)
        with tw.drops(out_stale=2):
            send(tw, flow, 2)
            d.asked()
            tw.dut.setkey("spdflush;")
        check(tw.wire.recv(lambda p: p.proto == packet.UDP, 0) is None, "clear text left")


def device_goes(_):
    """The device of packets that wait goes: it does not wait for them."""
    other = lab.Lab()
    try:
        with Daemon(other) as d:
            flow = other.flow("gcm16_128", install=False)
            send(other, flow, 3)
            d.asked()
            with other.drops(out_waited=3):
                other.a.ip("link", "delete", "a0")
    finally:
        other.close()


def namespace_goes(_):
    """The namespace ends while a packet waits. A forwarded one: a local one's socket would keep it."""
    other = lab.Lab()
    try:
        d = Daemon(other)
        forward(other, d)
        lab.wait_until(lambda: d.waiting() == 1, "not one packet waits")
        d.key.close()
        other.end_a()
    finally:
        other.close()


for name, v, mode, outer in (("4", 4, "transport", None), ("6", 6, "transport", None),
                             ("tunnel_4in6", 4, "tunnel", 6), ("tunnel_6in4", 6, "tunnel", 4)):
    suite.add(f"I01_acquire_message_{name}", message, v, mode, outer)
for v, mode in ((4, "transport"), (6, "tunnel")):
    suite.add(f"I13_acquire_answer_{mode}_{v}", answer, v, mode)
suite.add("I13_acquire_stream", stream)
suite.add("I13_acquire_looked_at", looked_at)
suite.add("I13_acquire_flood", flood)
suite.add("I13_acquire_forwarded", forwarded)
suite.add("I13_acquire_by_ends", by_want)
suite.add("I10_acquire_no_socket_registered", nobody, ())
suite.add("I10_acquire_lists_only", nobody, (0,))
suite.add("I12_acquire_refused", refused)
suite.add("N50_acquire_other_numbers", other_numbers)
suite.add("I11_acquire_expired", expired)
suite.add("I13_acquire_bound", bound)
suite.add("N57_acquire_deaf_socket", deaf)
suite.add("N57_acquire_no_ear", no_ear)
suite.add("L07_acquire_storm", storm, int(os.environ.get("STORM", "3000")))
suite.add("B10_acquire_bundle", bundle)
suite.add("I01_acquire_optional", optional)
suite.add("I13_acquire_policy_goes", policy_goes)
suite.add("K05_acquire_device_goes", device_goes)
suite.add("K05_acquire_namespace_goes", namespace_goes)

if __name__ == "__main__":
    suite.run(lab.Lab)
