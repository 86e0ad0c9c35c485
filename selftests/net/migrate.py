#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""When SAs move to other end points, is no number sent or accepted twice, and no packet lost or sent in clear?

# kernels: all
# timeout: 300
# brief: 4_aead|window|traffic

SADB_X_MIGRATE against a wire peer, which keeps the numbers. TW of scenarios: A with
the stack under test, W raw (drawn in wire/lab.py); A gets a second address.
"""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import esp
import lab
import packet
import pfkey
from ktap import Suite, check, equal

suite = Suite(__doc__)
NEW = {4: "10.0.0.9", 6: "fd00::9"}
ROOM = 50                                               # fewer than the packets that may wait in a move


class Moving:
    """A tunnel between A and W, and what moves A's end of it."""

    def __init__(self, tw, v=4, outer=4, **kw):
        tw.need_testudo()
        self.tw, self.outer = tw, outer
        self.flow = tw.flow(mode="tunnel", v=v, outer=outer, **kw)
        self.nets = lab.NETS[v]
        self.old = self.flow.a_out

    def move(self, to):
        """Both policies, and the SAs of each, to A's address @to."""
        w, (a_net, w_net) = self.flow.w_out, self.nets
        key = self.tw.pfkey()
        for way, src, dst, old, new in (("out", a_net, w_net, (self.old, w), (to, w)),
                                        ("in", w_net, a_net, (w, self.old), (w, to))):
            told = key.migrate(src, dst, way, [("tunnel", 0, old, new)])
            equal((told.pid, told.seq), (0, 0), "who is said to tell")
        key.close()
        self.old = self.flow.a_out = to

    def sent(self, data):
        """What A sends now: (source of the outer header, sequence number)."""
        self.tw.wire.drain()
        self.tw.sinks[self.flow.v == 6].sendto(data, (self.flow.w_in, 9))
        return self.next_sent(data)

    def next_sent(self, data):
        """The next packet of A's, opened."""
        pkt = self.tw.wire.recv(self.flow.is_reply)
        check(pkt is not None, "nothing came")
        out, inner = self.flow.open(pkt)
        check(inner.payload.endswith(data), "another datagram")
        return pkt.src, out.seq


def address(tw, v):
    """A second address for A's end."""
    tw.a.ip("addr", "replace", f"{NEW[v]}/{24 if v == 4 else 64}", "dev", "a0", *(["nodad"] if v == 6 else []))
    if v == 6:
        tw.own(NEW[v])


def numbers(tw, v, outer, enc, esn):
    """Out: numbers go on from the new address. In: packets to the new one pass, to the old one no more."""
    address(tw, outer)
    m = Moving(tw, v, outer, enc=enc, esn=esn)
    for number in range(1, 6):
        equal(m.sent(b"before"), (m.old, number), "before the move")
    data = lab.unique(4)
    seen = [m.flow.udp(d) for d in data[:2]]
    tw.delivered(seen, data[:2], "before the move")
    m.move(NEW[outer])
    equal(m.sent(b"after"), (NEW[outer], 6), "after the move")
    tw.delivered([m.flow.udp(d) for d in data[2:]], data[2:], "after the move")
    late = m.flow.udp(b"late")
    old = packet.ip(m.flow.w_out, lab.OUTER[outer][0], packet.ESP, packet.parse(late).payload)
    with tw.drops(in_no_sa=1):
        tw.delivered([old], [], "to the old address")
    tw.delivered([late], [b"late"], "the same to the new one")


def window(tw):
    """What was accepted before the move is a replay after it, wherever it goes; gaps in the window stay open."""
    address(tw, 4)
    m = Moving(tw, window=128)
    data = lab.unique(20)
    pkts = [m.flow.udp(d, seq=100 + n) for n, d in enumerate(data)]
    tw.delivered(pkts[::2], data[::2], "every second one")
    m.move(NEW[4])
    again = [packet.ip(m.flow.w_out, NEW[4], packet.ESP, packet.parse(p).payload) for p in pkts]
    with tw.drops(in_replay=10):
        tw.delivered(again, data[1::2], "all of them, to the new address")


def traffic(tw):
    """A sender beside the moves: each of its packets leaves once, in order, none in clear, nobody is asked for an SA."""
    address(tw, 4)
    m, before = Moving(tw), tw.stat()
    key, stop, count, listed, refused = tw.pfkey(), threading.Event(), [0], set(), []
    most = [ROOM]
    key.request(pfkey.REGISTER, pfkey.SATYPE_ESP)

    def waiting():
        now = tw.stat()
        return now["held"] - before["held"] != now["released"] - before["released"]

    def send():
        while not stop.is_set():
            if count[0] == most[0]:
                stop.wait(0.001)
                continue
            try:
                tw.sinks[0].sendto(b"n%06d" % count[0], (m.flow.w_in, 9))
            except OSError as err:
                refused.append(str(err))
                break
            count[0] += 1
            stop.wait(0.0002)

    def watch():
        other = tw.pfkey()
        while not stop.is_set():
            listed.add(len(other.dump()))
        other.close()

    threads = [threading.Thread(target=send), threading.Thread(target=watch)]
    for thread in threads:
        thread.start()
    try:
        lab.wait_until(lambda: count[0] > 20, "the sender does not send")
        for turn in range(20):
            # a CPU that stands still makes a move long, and what is sent meanwhile waits
            lab.wait_until(lambda: not waiting(), "packets wait for ever")
            most[0] = count[0] + ROOM
            m.move((NEW[4], lab.OUTER[4][0])[turn % 2])
            at = count[0]
            most[0] = at + ROOM
            lab.wait_until(lambda: count[0] > at + 10 or refused, "the sender is stuck")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    equal(refused, [], "what the sender was told")
    equal(listed, {2}, "SAs that dumps showed meanwhile")
    got, sources = [], set()
    while len(got) < count[0]:
        pkt = tw.wire.recv(lambda p: p.proto in (packet.ESP, packet.UDP))
        check(pkt is not None, f"{len(got)} of {count[0]} packets came")
        check(pkt.proto == packet.ESP, "clear text left")
        out, inner = m.flow.open(pkt)
        got.append((out.seq, inner.payload[8:]))
        sources.add(pkt.src)
    equal(sorted(got), [(n + 1, b"n%06d" % n) for n in range(count[0])], "numbers and datagrams")
    equal(sources, {NEW[4], lab.OUTER[4][0]}, "sources")
    check(key.wait(pfkey.ACQUIRE, 0) is None, "an SA was asked for")
    key.close()


def lifetime(tw):
    """A life goes on: what was counted stays counted, and the soft limit comes once."""
    address(tw, 4)
    m = Moving(tw)
    key = tw.pfkey()
    sa = esp.Sa(pfkey.random_spi(), "gcm16_128")
    key.request(pfkey.REGISTER, pfkey.SATYPE_ESP)
    key.add(sa, m.old, m.flow.w_out, mode="tunnel", hard={"packets": 8}, soft={"packets": 4})
    # a dying one would give way to it
    key.delete(m.flow.rx.spi, m.old, m.flow.w_out)
    m.flow.rx = sa
    for _ in range(3):
        m.sent(b"x")
    m.move(NEW[4])
    equal(key.get(sa.spi, NEW[4], m.flow.w_out).life()[0], 3, "packets counted")
    m.sent(b"x")
    m.sent(b"x")
    soft = key.wait(pfkey.EXPIRE, match=lambda msg: msg.spi == sa.spi)
    check(soft is not None and pfkey.EXT_SOFT in soft.ext, "no soft EXPIRE")
    equal(key.get(sa.spi, NEW[4], m.flow.w_out).state, "dying", "state")
    m.move(lab.OUTER[4][0])
    equal(key.get(sa.spi, lab.OUTER[4][0], m.flow.w_out).state, "dying", "state after another move")
    check(key.wait(pfkey.EXPIRE, 0.2) is None, "another EXPIRE")
    key.close()


for v, outer, enc, esn, name in ((4, 4, "gcm16_128", False, "4_aead"), (6, 6, "aes128", False, "6_cbc"),
                                 (4, 6, "gcm16_128", True, "4in6_esn"), (6, 4, "chacha", False, "6in4_chacha")):
    suite.add(f"N49_migrate_{name}", numbers, v, outer, enc, esn)
suite.add("N49_migrate_window", window)
suite.add("N49_migrate_traffic", traffic)
suite.add("N49_migrate_lifetime", lifetime)

if __name__ == "__main__":
    suite.run(lab.Lab)
