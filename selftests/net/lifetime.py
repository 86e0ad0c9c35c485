#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Do SAs warn at the soft limit, die at the hard one, and tell who listens, once each?

# kernels: all
# timeout: 900
# brief: I01_life_time|I03
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import lab
import packet
import pfkey
from ktap import Suite, check, equal

suite = Suite(__doc__)


class Watch:
    """A registered PF_KEY socket and a keyed Flow whose SAs have limits."""

    def __init__(self, tw, tx=None, rx=None, **kw):
        tw.need_testudo()
        self.tw = tw
        self.flow = tw.flow("gcm16_128", install=False, **kw)
        self.key, self.ear = tw.pfkey(), tw.pfkey()
        self.ear.request(pfkey.REGISTER, pfkey.SATYPE_ESP)
        flow = self.flow
        # they are no older than this, however late this process hears that they are there
        self.born = time.monotonic()
        self.key.add(flow.tx, flow.w_out, flow.a_out, window=32, **(tx or {}))
        self.key.add(flow.rx, flow.a_out, flow.w_out, window=32, **(rx or {}))

    def expire(self, sa, kind, timeout=None):
        """The EXPIRE of @sa; checks that it is of @kind (soft or hard) and of nothing else."""
        msg = self.ear.wait(pfkey.EXPIRE, timeout or lab.TIMEOUT * 2, lambda m: m.spi == sa.spi)
        check(msg is not None, f"no {kind} EXPIRE")
        has = [k for k, e in (("soft", pfkey.EXT_SOFT), ("hard", pfkey.EXT_HARD)) if e in msg.ext]
        equal(has, [kind], "kind of EXPIRE")
        equal((msg.pid, msg.satype), (0, pfkey.SATYPE_ESP), "pid and satype of EXPIRE")
        check(pfkey.EXT_KEY_ENCRYPT not in msg.ext, "EXPIRE shows keys")
        return msg

    def quiet(self, sa):
        """No further EXPIRE waits."""
        check(self.ear.wait(pfkey.EXPIRE, 0.3, lambda m: m.spi == sa.spi) is None, "another EXPIRE")

    def gone(self, sa, src, dst):
        """True when GET does not find it."""
        try:
            self.key.get(sa.spi, src, dst)
        except pfkey.Error:
            return True
        return False

    def send(self, count, size=8):
        """A sends datagrams; how many came out protected."""
        self.tw.wire.drain()
        mark, seen = os.urandom(12), 0
        with lab.in_order():
            for _ in range(count):
                try:
                    self.tw.sinks[0].sendto(bytes(size), (self.flow.w_in, 9))
                except OSError:
                    pass
            self.tw.sinks[0].sendto(mark, (lab.BEYOND, 9))
        while True:
            pkt = self.tw.wire.recv()
            check(pkt is not None, "the fence did not come out")
            if mark in pkt.payload:
                return seen
            check(pkt.proto == packet.ESP, "clear text left")
            self.flow.open(pkt)
            seen += 1

    def close(self):
        """Close both sockets."""
        self.key.close()
        self.ear.close()


def by_time(tw):
    """I01: soft after 2 s, hard after 4 s, then gone and blocked.

    Time counts in whole seconds, so a limit may come up to one second early.
    """
    w = Watch(tw, rx={"hard": {"addtime": 4}, "soft": {"addtime": 2}}, ways=("out",))
    sa, src, dst = w.flow.rx, w.flow.a_out, w.flow.w_out
    w.expire(sa, "soft")
    check(time.monotonic() - w.born > 0.9, "soft came too early")
    w.expire(sa, "hard")
    check(time.monotonic() - w.born > 2.9, "hard came too early")
    check(w.gone(sa, src, dst), "the SA is still there")
    equal(w.send(2), 0, "packets sent after death")
    w.quiet(sa)
    w.close()


def dying(tw):
    """I01: after the soft limit the SA is dying and works; its hard one is far away."""
    w = Watch(tw, rx={"hard": {"addtime": 3600}, "soft": {"addtime": 1}}, ways=("out",))
    w.expire(w.flow.rx, "soft")
    equal(w.key.get(w.flow.rx.spi, w.flow.a_out, w.flow.w_out).state, "dying", "state after the soft limit")
    equal(w.send(2), 2, "packets sent while dying")
    w.close()


def by_bytes_out(tw):
    """I02: soft and hard by bytes, outbound."""
    w = Watch(tw, rx={"hard": {"octets": 20000}, "soft": {"octets": 10000}}, ways=("out",))
    sent = 0
    while sent < 60:
        done = w.send(1, 1000)
        sent += done
        if not done:
            break
    w.expire(w.flow.rx, "soft")
    w.expire(w.flow.rx, "hard")
    check(17 <= sent <= 20, f"{sent} packets of 1000 bytes passed under a limit of 20000")
    check(w.gone(w.flow.rx, w.flow.a_out, w.flow.w_out), "the SA is still there")
    w.close()


def by_bytes_in(tw):
    """I02: the same inbound."""
    w = Watch(tw, tx={"hard": {"octets": 20000}, "soft": {"octets": 10000}}, ways=("in",))
    data = [os.urandom(1000) for _ in range(40)]
    for d in data:
        tw.wire.send(w.flow.udp(d))
    got = tw.arrivals(17)
    w.expire(w.flow.tx, "soft")
    w.expire(w.flow.tx, "hard")
    check(17 <= len(got) <= 20, f"{len(got)} packets of 1000 bytes passed under a limit of 20000")
    w.close()


def by_packets(tw, soft, hard):
    """I03: exact to one packet, both directions."""
    limits = {"hard": {"packets": hard}, "soft": {"packets": soft}}
    w = Watch(tw, rx=limits, tx=limits)
    equal(w.send(hard + 5), hard, "packets sent")
    w.expire(w.flow.rx, "soft")
    w.expire(w.flow.rx, "hard")
    data = lab.unique(hard + 5)
    for d in data:
        tw.wire.send(w.flow.udp(d))
    equal(len(tw.arrivals(hard)), hard, "packets received")
    w.expire(w.flow.tx, "soft")
    w.expire(w.flow.tx, "hard")
    w.quiet(w.flow.tx)
    w.close()


def by_use(tw):
    """I04: the clock of usetime starts with the first packet."""
    # the other SA is as old, and tells when the limit would have passed
    w = Watch(tw, rx={"hard": {"usetime": 2}, "soft": {"usetime": 1}},
              tx={"hard": {"addtime": 3}, "soft": {"addtime": 2}}, ways=("out",))
    w.expire(w.flow.tx, "soft")
    w.expire(w.flow.tx, "hard")
    check(not w.gone(w.flow.rx, w.flow.a_out, w.flow.w_out), "expired before its first packet")
    equal(w.send(1), 1, "first packet")
    w.expire(w.flow.rx, "soft")
    w.expire(w.flow.rx, "hard")
    w.close()


def accounting(tw):
    """I05: GET shows exactly the packets, and bytes and times that make sense."""
    w = Watch(tw)
    start = int(time.time())
    equal(w.send(7, 100), 7, "packets sent")
    for d in (data := lab.unique(5)):
        tw.wire.send(w.flow.udp(d))
    equal(len(tw.arrivals(5)), len(data), "packets received")
    for sa, src, dst, count, size in ((w.flow.rx, w.flow.a_out, w.flow.w_out, 7, 100),
                                      (w.flow.tx, w.flow.w_out, w.flow.a_out, 5, 8)):
        packets, octets, added, used = w.key.get(sa.spi, src, dst).life()
        equal(packets, count, "packets counted")
        check(count * size <= octets <= count * (size + 100), f"{octets} bytes for {count} packets of {size}")
        check(abs(added - start) <= 30 and added <= used <= int(time.time()) + 1, f"times {added} {used} at {start}")
    w.close()


def unused(tw):
    """I06: an unused SA expires too, and the soft EXPIRE is not repeated."""
    w = Watch(tw, tx={"hard": {"addtime": 4}, "soft": {"addtime": 1}})
    w.expire(w.flow.tx, "soft")
    w.expire(w.flow.tx, "hard")             # a second soft one would fail here
    check(w.gone(w.flow.tx, w.flow.w_out, w.flow.a_out), "the SA is still there")
    w.quiet(w.flow.tx)
    w.close()


def clock(tw):
    """I07: setting the clock a day on and back neither kills nor saves."""
    w = Watch(tw, rx={"hard": {"addtime": 3600}, "soft": {"addtime": 1800}},
              tx={"hard": {"addtime": 5}, "soft": {"addtime": 1}})
    real = time.time()
    mono = time.monotonic()
    try:
        time.clock_settime(time.CLOCK_REALTIME, real + 86400)
        w.expire(w.flow.tx, "soft")
        check(not w.gone(w.flow.rx, w.flow.a_out, w.flow.w_out), "died when the clock went on")
        time.clock_settime(time.CLOCK_REALTIME, real - 86400)
        w.expire(w.flow.tx, "hard")
        equal(w.send(1), 1, "packets sent")
    finally:
        time.clock_settime(time.CLOCK_REALTIME, real + time.monotonic() - mono)
    w.quiet(w.flow.rx)
    w.close()


def by_setkey(tw):
    """I01: -lh, -ls, -bh and -bs of setkey reach the kernel; -lh alone is refused."""
    tw.need_testudo()
    flow = tw.flow("gcm16_128", install=False)
    line = tw.dut.sa_line(flow.rx, flow.a_out, flow.w_out, "transport", 32)
    tw.dut.setkey(line.replace(" -E", " -lh 3000 -ls 2000 -bh 70000 -bs 60000 -E"))
    key = tw.pfkey()
    msg = key.get(flow.rx.spi, flow.a_out, flow.w_out)
    key.close()
    equal(msg.life(pfkey.EXT_HARD)[1:3], (70000, 3000), "hard limits")
    equal(msg.life(pfkey.EXT_SOFT)[1:3], (60000, 2000), "soft limits")
    flow.tx.spi += 5
    line = tw.dut.sa_line(flow.tx, flow.w_out, flow.a_out, "transport", 32)
    status, text = tw.dut.setkey(line.replace(" -E", " -lh 3000 -E"), fails=True)
    check(status != 0, f"-lh without -ls was taken: {text}")


suite.add("I01_life_time_hard", by_time)
suite.add("I01_life_dying_works", dying)
suite.add("I01_life_by_setkey", by_setkey)
suite.add("I02_life_bytes_out", by_bytes_out)
suite.add("I02_life_bytes_in", by_bytes_in)
suite.add("I03_life_allocations_5_10", by_packets, 5, 10)
suite.add("I03_life_allocations_1_2", by_packets, 1, 2)
suite.add("I04_life_usetime", by_use)
suite.add("I05_life_current_accounting", accounting)
suite.add("I06_expire_unused", unused)
suite.add("I07_expire_kernel_clock", clock)

if __name__ == "__main__":
    suite.run(lab.Lab)
