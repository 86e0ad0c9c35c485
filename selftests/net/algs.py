#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Does every algorithm produce and accept exactly the bytes that its RFC says?

# kernels: all
# timeout: 900
# brief: A04_esp_gcm|A04_esp_chacha_v4|aes128_sha256_v4|gmac128_v6|A11_byte_exact_aes128|length_oracle_gcm

An echo request goes in protected, the answer must come out protected; the wire
peer builds both packets itself and compares every byte. TW of scenarios: A with
the stack under test, W raw (drawn in wire/lab.py).
"""
import contextlib
import os
import random
import select
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import algs
import lab
import packet
import pfkey
from ktap import Suite, check, equal

suite = Suite(__doc__)
SIZES = (0, 13, 1300)


def exact(flow, got):
    """The packet equals the one the RFC's construction gives, to the last byte of the ICV."""
    pkt, out, inner, body = got
    again = flow.rx.seal(out.payload, out.nh, seq=out.seq, iv=out.iv)
    equal(pkt.payload.hex(), again.hex(), "ESP packet")
    inside = len(inner.raw) if inner else len(body)
    equal(len(pkt.payload), flow.rx.esp_len(inside), "ESP length")
    equal((pkt.src, pkt.dst), (flow.a_out, flow.w_out), "outer addresses")


def sweep(flow, sizes):
    """Echo at each size; sequence numbers run from 1 without a hole."""
    ivs = []
    for number, size in enumerate(sizes, 1):
        got = flow.echo(os.urandom(size))
        exact(flow, got)
        equal(got[1].seq, number, "sequence number")
        ivs.append(got[1].iv)
    if flow.rx.alg.iv:
        equal(len(set(ivs)), len(ivs), "different IVs")


def transport(tw, enc, auth, v):
    """One algorithm in transport mode."""
    sweep(tw.flow(enc, auth, v=v), SIZES)


def tunnel(tw, enc, auth, v, outer):
    """One algorithm in tunnel mode."""
    sweep(tw.flow(enc, auth, v=v, mode="tunnel", outer=outer), SIZES)


def cross(tw, enc):
    """One cipher with every hash, over IPv4 and IPv6 in turn."""
    v = random.choice((4, 6))
    for auth in algs.HASHES:
        if auth == "none" and enc == "null":
            continue
        v = 10 - v
        tw.reset()
        sweep(tw.flow(enc, auth, v=v), (57,))


def oracle(tw, enc, auth):
    """Length formula at every size of two blocks, and at the last that fits a link of 1500."""
    flow = tw.flow(enc, auth)
    last = flow.rx.inner_mtu(1500, 20) - 8
    sweep(flow, list(range(0, 34)) + random.sample(range(40, last), 4) + [last - 1, last])


def iv_unique(tw, enc, count):
    """No IV comes twice on an SA, nor on another SA that has the same key."""
    seen = set()
    for turn in range(2):
        tw.reset()
        flow = tw.flow(enc, "sha256", install=False)
        if turn:
            flow.rx.ekey, flow.tx.ekey = ekey
        ekey = flow.rx.ekey, flow.tx.ekey
        tw.dut.apply([tw.dut.sa_line(flow.rx, flow.a_out, flow.w_out, "transport")])
        for done in range(0, count, 50):
            for _ in range(50):
                tw.sinks[0].sendto(b"iv", (flow.w_in, 9))
            for _ in range(50):
                pkt = tw.wire.recv(flow.is_reply)
                check(pkt is not None, f"packet {done} did not come")
                seen.add(flow.rx.open(pkt.payload).iv)
    equal(len(seen), 2 * -(-count // 50) * 50, "different IVs")


class Numbers:
    """What W sees of one SA, read from the frames: opening each packet would take longer than sending them."""

    def __init__(self, tw, flow):
        self.sock, self.flow, self.seqs, self.ivs = tw.wire.sock, flow, set(), set()
        self.spi, self.count = struct.pack("!I", flow.rx.spi), 0

    def read(self, total):
        """Take packets until there are @total of them."""
        while self.count < total:
            check(select.select([self.sock], [], [], lab.TIMEOUT)[0], f"{self.count} of {total} packets came")
            frame = self.sock.recv(2000)
            if frame[12:14] != b"\x08\0" or frame[23] != packet.ESP or frame[34:38] != self.spi:
                continue
            self.count += 1
            self.seqs.add(int.from_bytes(frame[38:42], "big"))
            self.ivs.add(frame[42:42 + self.flow.rx.alg.iv])
            if self.count % 500 == 1:
                self.flow.rx.open(packet.parse(frame[14:]).payload)


def sender(tw, flow, start, count):
    """A process that sends @count datagrams from A as soon as @start is closed; its id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        with tw.a:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect((flow.w_in, 9))
        os.close(start[1])
        os.read(start[0], 1)
        for _ in range(count):
            sock.send(b"concurrent")
    finally:
        os._exit(0)


def concurrent(tw, enc, auth, count):
    """Four senders at once on one SA: numbers 1 to n, each once, and no IV twice."""
    flow = tw.flow(enc, auth, ways=("out",))
    start = os.pipe()
    pids = [sender(tw, flow, start, count) for _ in range(4)]
    for end in start:
        os.close(end)
    wire = Numbers(tw, flow)
    try:
        wire.read(4 * count)
    finally:
        for pid in pids:
            os.waitpid(pid, 0)
    check(wire.seqs == set(range(1, 4 * count + 1)), f"{4 * count - len(wire.seqs)} sequence numbers came twice")
    equal(len(wire.ivs), 4 * count, "different IVs")


@contextlib.contextmanager
def parameter(name, value):
    """A parameter of the module while the context lasts."""
    path = f"/sys/module/testudo/parameters/{name}"
    with open(path, encoding="ascii") as f:
        old = f.read()
    def put(text):
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
    put(value)
    try:
        yield
    finally:
        put(old)


def sha256_96(tw):
    """D4: SAs made while sha256_96 is set have an ICV of 96 bits, and keep it; others have 128."""
    tw.need_testudo()
    flow = tw.flow("aes128", "sha256")
    with parameter("sha256_96", "Y"):
        exact(flow, flow.echo(b"made before"))
        tw.reset()
        flow = tw.flow("aes128", "sha256")
    for sa in (flow.tx, flow.rx):
        sa.icv, sa._mac = 12, lambda head, seq, full=sa._mac: full(head, seq)[:12]
    exact(flow, flow.echo(os.urandom(100)))
    del flow.tx._mac
    with tw.drops(in_hdr=1):
        # four bytes more are no whole block
        tw.delivered([flow.udp(os.urandom(8))], [], "an ICV of 128 bits where 96 are agreed")


for enc, auth in pfkey.alg_names():
    name = enc if auth == "none" else f"{enc}_{auth}"
    suite.add(f"A04_esp_{name}_v4", transport, enc, auth, 4)
for enc, auth in [("gcm16_256", "none"), ("chacha", "none"), ("aes256", "sha512"), ("ctr128", "sha1"), ("gmac128", "none")]:
    suite.add(f"A04_esp_{enc}_v6", transport, enc, auth, 6)
for v, outer in ((4, 4), (6, 6), (4, 6), (6, 4)):
    for enc, auth in (("null", "sha256"), ("aes128", "sha256"), ("gcm16_128", "none"), ("chacha", "none")):
        suite.add(f"A11_byte_exact_{enc}_tunnel_{v}in{outer}", tunnel, enc, auth, v, outer)
for v in (4, 6):
    suite.add(f"A11_byte_exact_null_transport_v{v}", transport, "null", "sha1", v)
for enc in algs.CIPHERS:
    suite.add(f"A06_cross_{enc}_all_hashes", cross, enc)
for enc, auth in (("aes128", "sha384"), ("3des", "sha1"), ("gcm16_128", "none"), ("null", "sha256")):
    suite.add(f"A12_length_oracle_{enc}", oracle, enc, auth)
for enc in ("aes128", "gcm16_128", "ctr128"):
    suite.add(f"A13_iv_unique_{enc}", iv_unique, enc, int(os.environ.get("IV_COUNT", "200")))

# 20,000 packets of one SA with a counter for IV
suite.add("A13_esp_concurrent_gcm16_128", concurrent, "gcm16_128", "none", int(os.environ.get("IV_COUNT", "5000")))
suite.add("A13_esp_concurrent_aes128", concurrent, "aes128", "sha256", int(os.environ.get("IV_COUNT", "1000")))
suite.add("D04_sha256_96", sha256_96)

if __name__ == "__main__":
    suite.run(lab.Lab)
