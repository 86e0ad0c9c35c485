#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Does each dropped packet move exactly one counter by one, and a delivered one none?

# kernels: 6.12 debug
# timeout: 900
"""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import esp
import lab
import packet
from ktap import Suite, check

suite = Suite(__doc__)


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

if __name__ == "__main__":
    suite.run(lab.Lab)
