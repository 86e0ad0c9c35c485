#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Is each sequence number delivered at most once, and none that is too old?

# kernels: all
# timeout: 900

The wire peer chooses the numbers; what A delivers is taken from a UDP socket.
"""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import esp
import lab
import packet
import pfkey
from ktap import Fail, Suite, check, equal

suite = Suite(__doc__)


def send(tw, flow, seqs, fresh, what):
    """Send @seqs; exactly those in @fresh are delivered, and in_replay counts the others."""
    data = lab.unique(len(seqs))
    pkts = [flow.udp(d, seq=s) for d, s in zip(data, seqs)]
    want, left = [], list(fresh)
    for d, s in zip(data, seqs):
        if s in left:
            left.remove(s)
            want.append(d)
    lost = len(seqs) - len(want)
    with tw.drops(**({"in_replay": lost} if lost else {})):
        tw.delivered(pkts, want, what)


def basic(tw, window):
    """Each number once; each repeated is dropped."""
    flow = tw.flow("gcm16_128", window=window, ways=("in",))
    first = list(range(1, 35))
    send(tw, flow, first, first, "first time")
    send(tw, flow, first, [], "second time")


def reorder(tw, window):
    """Any order inside the window; just outside the left edge is too old."""
    flow = tw.flow("aes128", "sha1", window=window, ways=("in",))
    top = 1000
    send(tw, flow, [top], [top], "top")
    inside = list(range(top - window + 1, top))
    random.shuffle(inside)
    send(tw, flow, inside, inside, "inside, shuffled")
    send(tw, flow, inside, [], "inside, again")
    send(tw, flow, [top - window, top - window - 1, 1], [], "left of the window")
    send(tw, flow, [top + 3, top + 1, top + 2, top + 1], [top + 3, top + 1, top + 2], "right of it")


def jumps(tw):
    """Jumps of less than, exactly and more than the window leave no stale bit behind."""
    flow, window = tw.flow("null", "sha256", window=64, ways=("in",)), 64
    seq, seen = 1, {1}
    send(tw, flow, [seq], [seq], "first")
    for jump in (1, 31, 32, 33, 63, 64, 65, 127, 128, 129, 5000):
        new = seq + jump
        send(tw, flow, [new], [new], f"jump of {jump}")
        edge = max(new - window + 1, 1)
        tried = [edge, new - 1, seq]
        fresh = [s for s in dict.fromkeys(tried) if s not in seen and edge <= s < new]
        send(tw, flow, tried, fresh, f"after a jump of {jump}")
        seen.update(fresh, (new,))
        seq = new


def forged(tw):
    """A forged number far ahead does not move the window."""
    flow = tw.flow("aes128", "sha256", window=64, ways=("in",))
    send(tw, flow, [10], [10], "first")
    evil = esp.Sa(flow.tx.spi, "aes128", "sha256")
    with tw.drops(in_auth=2):
        tw.delivered([flow.outer(evil.seal(flow.datagram(b"evil"), packet.UDP, seq=s)) for s in (274, 0xFFFFFFF0)],
                     [], "forged")
    send(tw, flow, [5, 11], [5, 11], "genuine ones after it")


def zero(tw):
    """Sequence number 0 is never sent by an honest peer; ours starts at 1."""
    flow = tw.flow("gcm16_128", window=32)
    send(tw, flow, [0], [], "seq 0")
    equal(flow.echo(b"x")[1].seq, 1, "first number sent")


def off(tw):
    """Without a window duplicates pass."""
    tw.need_testudo()
    flow = tw.flow("gcm16_128", window=0, ways=("in",))
    data = lab.unique(1)
    tw.delivered([flow.udp(data[0], seq=7)] * 3, data * 3, "duplicates")


def big(tw, window):
    """Both edges of a wide window."""
    flow = tw.flow("gcm16_128", window=window, ways=("in",))
    top = 3 * window + 17
    send(tw, flow, [top], [top], "top")
    edge = [top - window + 1, top - 1, top - window // 2]
    send(tw, flow, edge, edge, "edges")
    send(tw, flow, edge + [top - window], [], "edges again, and one beyond")


def model(tw):
    """Random numbers against a set that remembers everything."""
    window = random.choice((32, 64, 128))
    flow = tw.flow("null", "sha1", window=window, ways=("in",))
    seen, top, seqs, fresh = set(), 0, [], []
    for _ in range(600):
        seq = max(1, top + random.choice((1, 1, 1, 2, 5, -1, -2, -window + 1, -window, -window - 1,
                                          random.randrange(-window - 5, window + 5))))
        seqs.append(seq)
        if seq not in seen and seq > top - window:
            fresh.append(seq)
            seen.add(seq)
        top = max(top, seq) if seq in seen else top
    data = lab.unique(len(seqs))
    want, once = [], set()
    for d, s in zip(data, seqs):
        if s in fresh and s not in once:
            once.add(s)
            want.append(d)
    tw.delivered([flow.udp(d, seq=s) for d, s in zip(data, seqs)], want, f"window {window}")


def wrap(tw):
    """The last 32-bit numbers are used, then nothing more is sent."""
    tw.need_testudo()
    flow = tw.flow("gcm16_128", install=False, ways=("out",))
    key = tw.pfkey()
    key.add(flow.rx, flow.a_out, flow.w_out, window=32, own={"oseq": 0xFFFFFFFD})
    with tw.drops(out_seq=2):
        for _ in range(4):
            try:
                tw.sinks[0].sendto(b"wrap", (flow.w_in, 9))
            except OSError:
                pass                                    # the socket may be told
        seen = []
        while len(seen) < 2:
            pkt = tw.wire.recv()
            check(pkt is not None, f"only {seen} came")
            seen.append(flow.open(pkt)[0].seq)
        equal(sorted(seen), [0xFFFFFFFE, 0xFFFFFFFF], "last numbers")
    more = tw.wire.recv(timeout=0.2)
    check(more is None, "a packet after the last number")
    key.close()


def soft(tw):
    """J08: with 2^28 numbers left the SA is dying, the listener is told once, and traffic goes on."""
    tw.need_testudo()
    flow = tw.flow("gcm16_128", install=False, ways=("out",))
    key, ear = tw.pfkey(), tw.pfkey()
    ear.request(pfkey.REGISTER, pfkey.SATYPE_ESP)
    key.add(flow.rx, flow.a_out, flow.w_out, window=32, own={"oseq": 0xEFFFFFFD})

    def state():
        return key.get(flow.rx.spi, flow.a_out, flow.w_out).state
    for seq, want in ((0xEFFFFFFE, "mature"), (0xEFFFFFFF, "mature"), (0xF0000000, "dying"), (0xF0000001, "dying")):
        tw.sinks[0].sendto(b"soft", (flow.w_in, 9))
        pkt = tw.wire.recv(flow.is_reply)
        check(pkt is not None, f"number {seq:#x} was not sent")
        equal((flow.open(pkt)[0].seq, state()), (seq, want), "number sent, and state afterwards")
    msg = ear.wait(pfkey.EXPIRE, lab.TIMEOUT, lambda m: m.spi == flow.rx.spi)
    check(msg is not None and pfkey.EXT_SOFT in msg.ext and pfkey.EXT_HARD not in msg.ext, "no soft EXPIRE")
    check(ear.wait(pfkey.EXPIRE, 0.3, lambda m: m.spi == flow.rx.spi) is None, "a second EXPIRE")
    key.close()
    ear.close()


def shown(tw):
    """GET shows window and both counters to who asks for them."""
    tw.need_testudo()
    flow = tw.flow("gcm16_128", window=256)
    for n in range(5):
        flow.echo(bytes([n]))
    key = tw.pfkey()
    rx = key.get(flow.tx.spi, flow.w_out, flow.a_out, own=True).testudo()
    tx = key.get(flow.rx.spi, flow.a_out, flow.w_out, own=True).testudo()
    key.close()
    equal((rx[1], rx[3]), (256, 5), "window and highest received")
    equal(tx[2], 5, "last sent")


for n in (32, 64):
    suite.add(f"J01_replay_basic_{n}", basic, n)
    suite.add(f"J02_replay_reorder_{n}", reorder, n)
suite.add("J02_replay_jumps", jumps)
suite.add("J02_replay_against_model", model)
suite.add("J04_replay_bad_icv_no_advance", forged)
suite.add("J05_replay_seq_zero", zero)
suite.add("J06_replay_off", off)
for n in (128, 1024, 4096):
    suite.add(f"J07_replay_window_{n}", big, n)
suite.add("J08_seq_wrap_no_esn", wrap)
suite.add("J08_seq_soft_limit", soft)
suite.add("J14_replay_state_in_get", shown)

if __name__ == "__main__":
    suite.run(lab.Lab)
