#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Do 64-bit sequence numbers cross 2^32, and is the unsent half inferred as RFC 4303 A2 says?

# kernels: all
# timeout: 900
# brief: gcm16_128|rx_wrap_aes
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import lab
import pfkey
from ktap import Suite, check, equal

suite = Suite(__doc__)
W = 64
ALGS = (("gcm16_128", "none"), ("aes128", "sha256"), ("null", "sha1"), ("chacha", "none"), ("ccm16_128", "none"),
        ("gmac128", "none"))


def plain(tw, enc, auth):
    """ESN from the start: both directions, ordinary numbers."""
    flow = tw.flow(enc, auth, esn=True)
    for n in range(1, 4):
        equal(flow.echo(os.urandom(n * 9))[1].seq, n, "sequence number")


def keyed(tw, enc, auth, oseq=0, iseq=0, ways=("out", "in")):
    """A Flow whose SAs start at chosen numbers."""
    tw.need_testudo()
    flow, key = tw.flow(enc, auth, esn=True, install=False, ways=ways), tw.pfkey()
    key.add(flow.tx, flow.w_out, flow.a_out, window=32, own={"flags": pfkey.ESN, "window": W, "iseq": iseq})
    key.add(flow.rx, flow.a_out, flow.w_out, window=32, own={"flags": pfkey.ESN, "window": W, "oseq": oseq})
    key.close()
    return flow


def tx_wrap(tw, enc, auth):
    """Ours crosses 2^32: the upper half goes into the ICV and nowhere else."""
    flow = keyed(tw, enc, auth, oseq=0xFFFFFFFD, ways=("out",))
    for n in range(4):
        tw.sinks[0].sendto(b"esn", (flow.w_in, 9))
        pkt = tw.wire.recv(flow.is_reply)
        check(pkt is not None, f"packet {n} did not come")
        seq = 0xFFFFFFFE + n
        equal(flow.rx.open(pkt.payload, seq >> 32).seq, seq, "sequence number")


def rx_wrap(tw, enc, auth):
    """The peer crosses 2^32, also out of order."""
    flow = keyed(tw, enc, auth, iseq=0xFFFFFFF0, ways=("in",))
    order = [0xFFFFFFFE, 0x100000001, 0xFFFFFFFF, 0x100000000, 0x100000002]
    data = lab.unique(len(order))
    tw.delivered([flow.udp(d, seq=s) for d, s in zip(data, order)], data, "across 2^32")
    with tw.drops(in_replay=len(order)):
        tw.delivered([flow.udp(d, seq=s) for d, s in zip(data, order)], [], "again")


def table(tw, top, low, high, ok, enc, auth):
    """One row: the top of the window is @top, then a packet (@high, @low)."""
    flow = keyed(tw, enc, auth, iseq=top - 40, ways=("in",))
    data = lab.unique(2)
    tw.delivered([flow.udp(data[0], seq=top)], data[:1], "top of the window")
    tw.delivered([flow.udp(data[1], seq=high << 32 | low)], data[1:] if ok else [],
                 f"Th={top >> 32} Tl={top & 0xFFFFFFFF} packet {high}:{low:#x}")


def refused(tw):
    """ESN without a window is refused (RFC 4303 3.4.3)."""
    tw.need_testudo()
    flow = tw.flow("gcm16_128", esn=True, install=False, ways=())
    status, text = tw.dut.setkey(tw.dut.sa_line(flow.tx, flow.w_out, flow.a_out, "transport", window=0), fails=True)
    check(status != 0, f"setkey took ESN without a window: {text}")
    key = tw.pfkey()
    try:
        key.add(flow.tx, flow.w_out, flow.a_out, own={"flags": pfkey.ESN})
        seen = "no error"
    except pfkey.Error as err:
        seen = err.strerror
    finally:
        key.close()
    equal(seen, "Invalid argument", "ADD with ESN and window 0")


def rows():
    """RFC 4303 A2.1: case A, Tl >= W - 1, and case B, the window spans two subspaces."""
    th, tl = 5, 1000
    for letter, (low, offset) in zip("abcdefghi", [(l, o) for l in (tl - W - 10, tl - 10, tl + 10)
                                                   for o in (-1, 0, 1)]):
        ok = offset == (1 if low < tl - W + 1 else 0)
        yield f"J10_esn_case_A_{letter}", th << 32 | tl, low, th + offset, ok
    tl = 20
    for letter, (low, offset) in zip("abcdefghi", [(l, o) for l in (0xFFFFFFFF - 10, tl - 10, tl + 10)
                                                   for o in (-1, 0, 1)]):
        ok = offset == (-1 if low > 1 << 31 else 0)
        yield f"J11_esn_case_B_{letter}", th << 32 | tl, low, th + offset, ok


for enc, auth in ALGS:
    suite.add(f"J09_esn_{enc}", plain, enc, auth)
    suite.add(f"J09_esn_tx_wrap_{enc}", tx_wrap, enc, auth)
for enc, auth in ALGS[:3]:
    suite.add(f"J09_esn_rx_wrap_{enc}", rx_wrap, enc, auth)
for number, (name, *row) in enumerate(rows()):
    suite.add(name, table, *row, *ALGS[number % 3])
suite.add("J13_esn_without_replay", refused)

if __name__ == "__main__":
    suite.run(lab.Lab)
