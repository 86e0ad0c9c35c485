#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Does TCP learn from the MSS of SYNs, both those sent and those received, what fits when it is protected?

# kernels: all
# timeout: 300
# brief: in_4in4|cut_|transport_v6|urgent_v4

TW of scenarios with H (drawn in wire/lab.py).
"""
import contextlib
import os
import random
import select
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import lab
import layers
import packet
import pfkey
from ktap import Suite, check, equal

suite = Suite(__doc__)
SYN, ACK, URG = 2, 16, 32
LINK = 1500
MSS, NOP, AO = 2, 1, 29
KNOB = "net/testudo/mss_clamp"


def mss(size):
    """The option that offers it."""
    return struct.pack("!BBH", MSS, 4, size)


# Options of a SYN, by the size that it offers.
OPTIONS = (
    ("alone", lambda size: mss(size)),
    ("at an odd place", lambda size: bytes([NOP]) + mss(size) + bytes([3, 3, 7])),
    ("behind all others", lambda size: bytes([3, 3, 7, 4, 2, 8, 10]) + bytes(8) + mss(size)),
)


class Pair:
    """A keyed flow between A and W; @near is whose TCP is looked at: "A", or "H" behind it."""

    def __init__(self, tw, mode, v, outer, near="A"):
        self.tw, self.v, self.near = tw, v, near
        self.flow = tw.flow("aes128", "sha256", v=v, mode=mode, outer=outer)
        self.mine, self.theirs = lab.HOST[v] if near == "H" else self.flow.a_in, self.flow.w_in
        head, outside = layers.HEAD[v], layers.HEAD[outer]
        room = self.flow.rx.inner_mtu(LINK, outside)
        self.most = room - 20 - (head if mode == "tunnel" else 0)
        self.port = random.randrange(1024, 60000)

    def segment(self, out, flags, options, seq=1, ack=0, data=b""):
        """A segment from here to W, or with not @out the other way."""
        ends = (self.mine, self.theirs) if out else (self.theirs, self.mine)
        return packet.tcp(*ends, self.port, self.port, seq, ack, flags, data, options=options)

    def from_w(self, segment):
        """W sends it, protected."""
        self.tw.wire.send(self.flow.wrap(packet.TCP, segment, inner={"dst": self.mine}))

    def from_h(self, segment):
        """H sends it."""
        df = {"df": 1} if self.v == 4 else {}
        self.tw.inside.send(packet.ip(self.mine, self.theirs, packet.TCP, segment, **df))

    def at_w(self):
        """The next segment that W gets, opened."""
        pkt = self.tw.wire.recv(lambda p: p.proto == packet.ESP)
        check(pkt is not None, "no protected segment came")
        check(not pkt.mf and not pkt.off, "an outer fragment")
        out, inner = self.flow.open(pkt)
        segment = inner.payload if inner else out.payload
        self.sum_ok(self.mine, self.theirs, segment)
        return segment

    def at_h(self):
        """The next segment that H gets."""
        pkt = self.tw.inside.recv(lambda p: p.proto == packet.TCP)
        check(pkt is not None, "no segment came to H")
        self.sum_ok(self.theirs, self.mine, pkt.payload)
        return pkt.payload

    @staticmethod
    def sum_ok(src, dst, segment):
        """Its checksum is right."""
        check(packet.l4_ok(src, dst, packet.TCP, segment), "the checksum of the segment")


def options_of(segment):
    """The bytes behind the fixed header."""
    return segment[20:(segment[12] >> 4) * 4]


def offer(segment):
    """The MSS that a SYN of a kernel offers."""
    options, at = options_of(segment), 0
    while at < len(options) and options[at]:
        if options[at] == MSS:
            return struct.unpack_from("!H", options, at + 2)[0]
        at += 1 if options[at] == NOP else options[at + 1]
    return None


def through(pair, out, sent, want, flags=SYN):
    """A SYN from H, or to it, with the options @sent arrives with @want and is otherwise what it was."""
    segment = pair.segment(out, flags, sent)
    if out:
        pair.from_h(segment)
        got = pair.at_w()
    else:
        pair.from_w(segment)
        got = pair.at_h()
    equal(options_of(got).hex(), want.ljust(-(-len(want) // 4) * 4, b"\0").hex(), "options")
    equal((got[:16], got[18:20]), (segment[:16], segment[18:20]), "the rest of the header")


def forwarded(tw, v, outer, out):
    """H's SYNs and those for H: a larger offer becomes what fits, wherever it stands; a smaller one stays."""
    tw.need_testudo()
    pair = Pair(tw, "tunnel", v, outer, "H")
    with tw.drops():
        for flags in (SYN, SYN | ACK):
            for _, make in OPTIONS:
                through(pair, out, make(LINK - 40), make(pair.most), flags)
                through(pair, out, make(65535), make(pair.most), flags)
            for size in (pair.most, pair.most - 1, 536, 1, 0):
                through(pair, out, mss(size), mss(size), flags)


def untouched(tw, v, out):
    """What is no offer, or none that may be changed, stays as it is."""
    tw.need_testudo()
    pair = Pair(tw, "tunnel", v, v, "H")
    large = mss(LINK - 40)
    with tw.drops():
        for sent, flags in ((b"", SYN), (bytes([3, 3, 7]), SYN), (large, ACK),
                            (bytes([MSS, 3, 5, 0xB4]), SYN), (bytes([0]) + large, SYN),
                            (bytes([3, 9]) + large, SYN), (bytes([MSS]), SYN),
                            # what TCP-AO has signed (RFC 5925)
                            (large + bytes([AO, 16]) + os.urandom(14), SYN)):
            through(pair, out, sent, sent, flags)


def switched_off(tw, v):
    """The knob: no SYN is changed any more, in either direction."""
    tw.need_testudo()
    pair = Pair(tw, "tunnel", v, v, "H")
    for value, want in ((0, LINK - 40), (1, pair.most)):
        tw.a.sysctl(KNOB, value)
        for out in (True, False):
            through(pair, out, mss(LINK - 40), mss(want))
    for value in (b"2", b"-1"):
        with tw.a:
            fd = os.open(f"/proc/sys/{KNOB}", os.O_WRONLY)
        try:
            os.write(fd, value)
        except OSError:
            continue
        finally:
            os.close(fd)
        check(False, f"the knob takes {value.decode()}")


@contextlib.contextmanager
def tcp_of_a(tw, pair):
    """A TCP socket of A that waits for nothing."""
    with tw.a:
        sock = socket.socket(socket.AF_INET6 if pair.v == 6 else socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    # closed at once, and never heard of again; accepted ones inherit it
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("=ii", 1, 0))
    sock.bind((pair.mine, pair.port))
    try:
        yield sock
    finally:
        sock.close()


def established(pair):
    """Until A's ACK comes: its SYN has come again when W was slow, and the ACK is behind that."""
    while pair.at_w()[13] & SYN:
        pass


def local(tw, mode, v, outer):
    """A's own TCP: what it offers, and what it makes of W's offer, as client and as server."""
    tw.need_testudo()
    pair = Pair(tw, mode, v, outer)
    with tcp_of_a(tw, pair) as sock:
        sock.connect_ex((pair.theirs, pair.port))
        syn = pair.at_w()
        equal(offer(syn), pair.most, "MSS of A's SYN")
        number = struct.unpack_from("!I", syn, 4)[0]
        pair.from_w(pair.segment(False, SYN | ACK, mss(LINK - 40), ack=number + 1))
        established(pair)
        equal(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG), pair.most, "MSS of A's connection to W")
    tw.reset()
    pair = Pair(tw, mode, v, outer)
    with tcp_of_a(tw, pair) as sock:
        sock.listen()
        pair.from_w(pair.segment(False, SYN, mss(LINK - 40)))
        answer = pair.at_w()
        equal((answer[13] & (SYN | ACK), offer(answer)), (SYN | ACK, pair.most), "flags and MSS of A's answer")
        number = struct.unpack_from("!I", answer, 4)[0]
        pair.from_w(pair.segment(False, ACK, b"", seq=2, ack=number + 1))
        check(select.select([sock], [], [], lab.TIMEOUT)[0], "A does not accept the connection")
        with sock.accept()[0] as peer:
            equal(peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG), pair.most, "MSS of W's connection to A")


def one_way(tw, v):
    """Only what W sends is protected: what A sends in clear may fill the link."""
    tw.need_testudo()
    pair = Pair(tw, "tunnel", v, v, "H")
    tw.dut.setkey(f"spddelete {lab.NETS[v][0]} {lab.NETS[v][1]} any -P out;")
    pair.from_w(pair.segment(False, SYN, mss(LINK - 40)))
    equal(offer(pair.at_h()), LINK - 40, "MSS of W's SYN")


def no_sa(tw, v):
    """The SA for the way back is not there: the SYN passes as it is, and nobody is asked for one on its behalf."""
    tw.need_testudo()
    pair = Pair(tw, "tunnel", v, v, "H")
    key = tw.pfkey()
    try:
        key.request(pfkey.REGISTER, pfkey.SATYPE_ESP)
        tw.dut.setkey(f"delete {pair.flow.a_out} {pair.flow.w_out} esp {pair.flow.rx.spi:#x};")
        with tw.drops():
            pair.from_w(pair.segment(False, SYN, mss(LINK - 40)))
            equal(offer(pair.at_h()), LINK - 40, "MSS of W's SYN")
            equal(key.wait(pfkey.ACQUIRE, 0.5), None, "SADB_ACQUIRE for a SYN that came in")
        # one would not be repeated
        pair.from_h(pair.segment(True, SYN | ACK, b""))
        check(key.wait(pfkey.ACQUIRE, lab.TIMEOUT), "no SADB_ACQUIRE for its answer")
    finally:
        key.close()


def told(pair):
    """The MTU in the ICMP error that H gets."""
    kind = {4: (packet.ICMP, 3, 4), 6: (packet.ICMP6, 2, 0)}[pair.v]
    pkt = pair.tw.inside.recv()
    check(pkt is not None, "H is told nothing")
    equal((pkt.proto, pkt.payload[0], pkt.payload[1]), kind, "what H is told")
    return struct.unpack_from("!I", pkt.payload, 4)[0]


def cut(tw, v, outer):
    """One segment of H that is too big, with DF, is cut as a super-packet would be, and H is told what would fit."""
    tw.need_testudo()
    pair = Pair(tw, "tunnel", v, outer, "H")
    options, data, fin_psh = bytes([1, 1, 8, 10]) + os.urandom(8), os.urandom(LINK - layers.HEAD[v] - 32), 9
    with tw.drops():
        pair.from_h(pair.segment(True, ACK | fin_psh, options, 0xFFFFFF00, 7, data))
        got, seq, end = b"", 0xFFFFFF00, False
        while not end:
            segment = pair.at_w()
            equal(struct.unpack_from("!II", segment, 4), (seq, 7), "numbers of a piece")
            equal(options_of(segment), options, "options of a piece")
            got, seq = got + segment[32:], seq + len(segment) - 32 & 0xFFFFFFFF
            end = bool(segment[13] & fin_psh)
            check(end or len(segment) == pair.most + 20, f"a piece of {len(segment)} bytes, {pair.most + 20} fit")
        equal(segment[13], ACK | fin_psh, "flags of the last piece")
        check(got == data, "other bytes")
    equal(told(pair), pair.most + layers.HEAD[v] + 20, "the MTU that H is told")
    equal(tw.wire.recv(timeout=0), None, "one packet more on the wire")


def whole(tw, v):
    """What must not be cut, or is damaged, is refused as before: nothing leaves, H is told."""
    tw.need_testudo()
    pair = Pair(tw, "tunnel", v, v, "H")
    for what, flags, options, damage in (("SYN", SYN, b"", 0), ("urgent", ACK | URG, b"", 0),
                                         ("TCP-MD5", ACK, bytes([19, 18]) + os.urandom(16), 0),
                                         ("TCP-AO", ACK, bytes([AO, 16]) + os.urandom(14), 0),
                                         ("a wrong sum", ACK, b"", 1)):
        size = LINK - layers.HEAD[v] - 20 - -(-len(options) // 4) * 4
        segment = bytearray(pair.segment(True, flags, options, data=os.urandom(size)))
        segment[-1] ^= damage
        with tw.drops(out_too_big=1):
            pair.from_h(bytes(segment))
            equal(told(pair), pair.most + layers.HEAD[v] + 20, f"{what}: the MTU that H is told")
        equal(tw.wire.recv(timeout=0), None, f"{what}: a packet on the wire")


def urgent(tw, v):
    """A segment of A with urgent data that no longer fits is not cut: the pointer would be wrong in the second half."""
    pair = Pair(tw, "tunnel", v, v)
    data, size = os.urandom(1340), LINK - 100
    with tcp_of_a(tw, pair) as sock:
        sock.connect_ex((pair.theirs, pair.port))
        number = struct.unpack_from("!I", pair.at_w(), 4)[0]
        pair.from_w(pair.segment(False, SYN | ACK, mss(LINK - 40), ack=number + 1))
        established(pair)
        tw.a.ip("link", "set", "a0", "mtu", str(size))
        try:
            sock.send(data, socket.MSG_OOB)
            whole, got = packet.Reassembler(), None
            while got is None:
                pkt = tw.wire.recv(pair.flow.is_reply)
                check(pkt is not None, "it is not sent")
                check(len(pkt.raw) <= size, f"{len(pkt.raw)} bytes on a link of {size}")
                got = whole.feed(pair.flow.open(pkt)[1])
        finally:
            tw.a.ip("link", "set", "a0", "mtu", str(LINK))
    pair.sum_ok(pair.mine, pair.theirs, got.payload)
    equal((got.payload[13] & URG, struct.unpack_from("!H", got.payload, 18)[0]), (URG, len(data)), "URG and its pointer")
    check(got.payload[20:] == data, "the urgent data is not whole")


def small_floor(tw):
    """IPv6 in IPv4 with 1246 bytes inside: a segment of 1280, which IPv6 may have, makes no outer fragment."""
    tw.need_testudo()
    tw.a.ip("link", "set", "a0", "mtu", "1300")
    try:
        pair = Pair(tw, "tunnel", 6, 4, "H")
        data, got = os.urandom(1280 - 60), b""
        with tw.drops():
            pair.from_h(pair.segment(True, ACK, b"", data=data))
            while len(got) < len(data):
                got += pair.at_w()[20:]
        check(got == data, "other bytes")
        equal(tw.inside.recv(timeout=0), None, "an answer to what need not be smaller")
    finally:
        tw.a.ip("link", "set", "a0", "mtu", str(LINK))


for v, outer in ((4, 4), (6, 6), (4, 6), (6, 4)):
    suite.add(f"F22_segment_cut_{v}in{outer}", cut, v, outer)
    suite.add(f"F22_mss_out_{v}in{outer}", forwarded, v, outer, True)
    suite.add(f"F22_mss_in_{v}in{outer}", forwarded, v, outer, False)
    suite.add(f"F22_mss_local_tunnel_{v}in{outer}", local, "tunnel", v, outer)
for v in (4, 6):
    suite.add(f"F22_mss_local_transport_v{v}", local, "transport", v, v)
    suite.add(f"F22_mss_untouched_out_v{v}", untouched, v, True)
    suite.add(f"F22_mss_untouched_in_v{v}", untouched, v, False)
    suite.add(f"F22_mss_off_v{v}", switched_off, v)
    suite.add(f"F22_mss_one_way_v{v}", one_way, v)
    suite.add(f"F22_mss_no_sa_v{v}", no_sa, v)
    suite.add(f"F22_segment_whole_v{v}", whole, v)
    suite.add(f"F22_segment_urgent_v{v}", urgent, v)
suite.add("F22_segment_floor_of_ipv6", small_floor)

if __name__ == "__main__":
    suite.run(lambda: lab.Lab(behind=True))
