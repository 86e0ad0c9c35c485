#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Do datagrams of all sizes come whole, alone and in batches, and do rare protocols find their policy?

# kernels: all
# timeout: 600
# brief: G0[36].*4in4

Scenarios G03, G04, G06. W is a raw peer, so nothing is said by a second stack; see wire/lab.py.
"""
import mmap
import os
import random
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import lab
import packet
from ktap import Skip, Suite, check, equal

suite = Suite(__doc__)
UDP_SEGMENT, UDP_GRO = 103, 104
SO_ZEROCOPY, MSG_ZEROCOPY, MSG_ERRQUEUE = 60, 0x4000000, 0x2000
DCCP, UDPLITE, UNKNOWN = 33, 136, 253
LARGEST = {4: 65507, 6: 65487}          # what a socket of the family takes
NIGHTLY = bool(os.environ.get("TESTUDO_NIGHTLY"))
ROUNDS = 40 if NIGHTLY else 6


def family(v):
    """Of sockets."""
    return socket.AF_INET if v == 4 else socket.AF_INET6


class Reader:
    """What A sends through @flow, put together again outside and inside of it."""

    def __init__(self, tw, flow):
        self.tw, self.flow = tw, flow
        self.outside, self.inside = packet.Reassembler(), packet.Reassembler()

    def next(self, what):
        """(protocol, payload) of the next datagram."""
        while True:
            pkt = self.tw.wire.recv()
            check(pkt is not None, f"{what}: does not come out whole")
            check(len(pkt.raw) <= 1500, f"{what}: {len(pkt.raw)} bytes on a link of 1500")
            check(pkt.proto in (packet.ESP, packet.FRAG), f"{what}: in clear, protocol {pkt.proto}")
            pkt = self.outside.feed(pkt)
            if pkt is None:
                continue
            check(self.flow.is_reply(pkt), f"{what}: not of the SA")
            out, inner = self.flow.open(pkt)
            if inner is None:
                return out.nh, out.payload
            inner = self.inside.feed(inner)
            if inner is not None:
                return inner.proto, inner.payload


def largest(v, mode):
    """In transport mode the headers of ESP have to fit into the packet, too."""
    return LARGEST[v] - (64 if mode == "transport" else 0)


def sizes(v, mode):
    """Lengths from nothing to all, at the borders and at random."""
    top = largest(v, mode)
    picked = sorted(random.sample(range(2, top), ROUNDS))
    return [0, 1, 1400, 1472, top - 1, top] + picked


def out_sizes(tw, v, mode, outer):
    """A sends; everything comes out of the SA whole."""
    flow = tw.flow("gcm16_128", v=v, mode=mode, outer=outer)
    reader = Reader(tw, flow)
    sock = tw.sinks[v == 6]
    with tw.drops():
        for size in sizes(v, mode):
            data = random.randbytes(size)
            sock.sendto(data, (flow.w_in, 9))
            proto, got = reader.next(f"{size} bytes")
            equal((proto, len(got)), (packet.UDP, size + 8), "protocol and length")
            check(got[8:] == data, f"{size} bytes: others came")


def in_sizes(tw, v, mode, outer):
    """W sends, in fragments inside of a tunnel, or of what is protected; all of it is delivered."""
    flow = tw.flow("gcm16_128", v=v, mode=mode, outer=outer)
    for size in sizes(v, mode):
        data = random.randbytes(size)
        body = flow.datagram(data)
        if mode == "tunnel":
            pkts = packet.frag(flow.w_in, flow.a_in, packet.UDP, body, 1208)
            pkts = [flow.outer(flow.tx.seal(p, packet.IPIP if v == 4 else packet.IPV6)) for p in pkts]
        else:
            pkts = packet.frag(flow.w_out, flow.a_out, packet.ESP, flow.tx.seal(body, packet.UDP), 1208)
        tw.delivered(pkts, [data], f"{size} bytes")


def inner_mtu(flow):
    """The largest clear packet that fits the link when it is protected by @flow."""
    outside = 40 if packet.is6(flow.a_out) else 20
    return flow.rx.inner_mtu(1500, outside) + (0 if flow.mode == "tunnel" else outside)


def batch(tw, flow, sock, size, count):
    """One call that sends @count datagrams of @size, the last a byte shorter."""
    data = os.urandom(size * count - 1)
    sock.sendmsg([data], [(socket.SOL_UDP, UDP_SEGMENT, struct.pack("=H", size))], 0, (flow.w_in, 9))
    reader = Reader(tw, flow)
    for at in range(0, len(data), size):
        proto, got = reader.next(f"datagram at {at} of {count} x {size}")
        check((proto, got[8:]) == (packet.UDP, data[at:at + size]), f"datagram at {at} of {count} x {size}: "
              f"{len(got) - 8} bytes")


def segments(tw, v, mode, outer):
    """UDP_SEGMENT from a socket that lets nothing be fragmented: what fits comes whole, and EMSGSIZE says what not."""
    flow = tw.flow("gcm16_128", v=v, mode=mode, outer=outer)
    with tw.a:
        sock = socket.socket(family(v), socket.SOCK_DGRAM)
    with sock:
        sock.bind((flow.a_in, 0))
        if v == 4:
            sock.setsockopt(socket.IPPROTO_IP, 10, 2)           # IP_MTU_DISCOVER, IP_PMTUDISC_DO
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, 23, 2)
        fits = (1446 if outer == 4 else 1426) - (28 if v == 4 else 48) if mode == "tunnel" else 1438 if v == 4 else 1418
        for size, count in ((1, 7), (100, 30), (fits, 40)):
            batch(tw, flow, sock, size, count)
        with tw.drops(out_too_big=1):
            try:
                sock.sendmsg([bytes(4 * (fits + 1))], [(socket.SOL_UDP, UDP_SEGMENT, struct.pack("=H", fits + 1))], 0,
                             (flow.w_in, 9))
                check(False, f"segments of {fits + 1} bytes are taken")
            except OSError as err:
                equal(err.strerror, os.strerror(90), "what the sender is told")
        batch(tw, flow, sock, fits, 3)


def large_segments(tw, v, mode, outer):
    """UDP_SEGMENT of what fits the link but not the SA, from a socket that leaves fragments to the kernel.

    The boundaries stay: each datagram is cut by itself.
    """
    flow = tw.flow("gcm16_128", v=v, mode=mode, outer=outer)
    most = 1500 - (28 if v == 4 else 48)
    with tw.a:
        sock = socket.socket(family(v), socket.SOCK_DGRAM)
    with sock:
        sock.bind((flow.a_in, 0))
        if v == 4:
            sock.setsockopt(socket.IPPROTO_IP, 10, 0)           # IP_MTU_DISCOVER, IP_PMTUDISC_DONT
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, 23, 0)
        with tw.drops():
            for size, count in ((most, 5), (inner_mtu(flow) - (28 if v == 4 else 48) + 1, 40), (most, 2)):
                batch(tw, flow, sock, size, count)


SUPER = struct.Struct("=BBHHHH")        # struct virtio_net_hdr


def super_packet(tw, v, size, count, df):
    """H hands A a super-packet of @count datagrams of @size, the last a byte shorter, as a card's GRO does; its data."""
    src, dst, data = lab.HOST[v], lab.INNER[v][1], os.urandom(size * count - 1)
    whole = packet.udp(src, dst, 7, 9, data)
    part = ~packet.csum(packet.pseudo(src, dst, packet.UDP, len(whole))) & 0xFFFF
    whole = whole[:6] + struct.pack("!H", part) + whole[8:]
    head = 14 + (20 if v == 4 else 40)
    ether = tw.inside.far + tw.inside.mac + struct.pack("!H", packet.ETH_IP if v == 4 else packet.ETH_IP6)
    with tw.h:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with sock:
        sock.setsockopt(263, 15, 1)                             # SOL_PACKET, PACKET_VNET_HDR
        sock.bind(("h0", 0))
        try:
            # NEEDS_CSUM, GSO_UDP_L4
            sock.send(SUPER.pack(1, 5, head + 8, size, head, 6) + ether +
                      packet.ip(src, dst, packet.UDP, whole, **({"df": df} if v == 4 else {})))
        except OSError as err:
            raise Skip(f"packet sockets do not take super-packets of UDP: {err}") from err
    return data


def forwarded(tw, v, _mode, outer):
    """Super-packets of UDP that A forwards: each datagram comes out of the tunnel, cut if it may be; or H is told."""
    flow = tw.flow("gcm16_128", v=v, mode="tunnel", outer=outer)
    head, most = 28 if v == 4 else 48, inner_mtu(flow)
    for size, df in ((most - head, 1), (most - head, 0), (100, 1), (most - head + 1, 0), (1500 - head, 0)):
        if v == 6 and size > most - head:
            continue
        with tw.drops():
            data, reader = super_packet(tw, v, size, 12, df), Reader(tw, flow)
            for at in range(0, len(data), size):
                got = reader.next(f"datagram at {at} of 12 x {size}, DF {df}")[1]
                check(got[8:] == data[at:at + size], f"datagram at {at} of 12 x {size}, DF {df}: {len(got) - 8} bytes")
                check(packet.l4_ok(lab.HOST[v], flow.w_in, packet.UDP, got), f"checksum of 12 x {size}")
    with tw.drops(out_too_big=1):
        super_packet(tw, v, most - head + 1, 12, 1)
        told = tw.inside.recv()
        check(told is not None, "H is told nothing")
        equal((told.proto, *struct.unpack_from("!BBHI", told.payload)[::3]),
              (packet.ICMP, 3, most) if v == 4 else (packet.ICMP6, 2, most), "what H is told")
    equal(tw.wire.recv(timeout=0), None, "one packet more on the wire")


def given_back(sock):
    """The kernel says that it is done with the buffer of a send."""
    try:
        sock.recvmsg(1, 200, MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    return True


def zerocopy(tw, v, mode, outer):
    """MSG_ZEROCOPY: what is encrypted is not the sender's own memory."""
    flow = tw.flow("gcm16_128", v=v, mode=mode, outer=outer)
    reader = Reader(tw, flow)
    with tw.a:
        sock = socket.socket(family(v), socket.SOCK_DGRAM)
    with sock, mmap.mmap(-1, 1 << 16) as memory, memoryview(memory) as view:
        sock.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
        sock.bind((flow.a_in, 0))
        size = 1200
        for count in (1, 40):
            data = os.urandom(size * count)
            view[:len(data)] = data
            with view[:len(data)] as part:
                sock.sendmsg([part], [(socket.SOL_UDP, UDP_SEGMENT, struct.pack("=H", size))], MSG_ZEROCOPY,
                             (flow.w_in, 9))
            for at in range(0, len(data), size):
                got = reader.next(f"datagram at {at}")[1]
                check(got[8:] == data[at:at + size], f"datagram at {at} of {count}: other bytes")
            lab.wait_until(lambda: given_back(sock), "the kernel keeps the buffer")
            check(view[:len(data)] == data, "the sender's memory has changed")


def gro(tw, v, mode, outer):
    """A socket with UDP_GRO gets each datagram, or several at once and the size to cut them by."""
    flow = tw.flow("gcm16_128", v=v, mode=mode, outer=outer, ways=("in",))
    with tw.a:
        sock = socket.socket(family(v), socket.SOCK_DGRAM)
    with sock:
        sock.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
        sock.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)
        sock.bind((flow.a_in, 0))
        sock.settimeout(lab.TIMEOUT)
        port = sock.getsockname()[1]
        for name in ("rx-gro-list", "rx-udp-gro-forwarding", "off"):
            for other in ("rx-gro-list", "rx-udp-gro-forwarding"):
                tw.a.run("ethtool", "-K", "a0", "gro", "on", other, "on" if other == name else "off")
            sent = [os.urandom(size) for size in (300,) * 20 + (299, 300, 1, 1300, 1300, 7)]
            with lab.in_order():
                for data in sent:
                    tw.wire.send(flow.wrap(packet.UDP, packet.udp(flow.w_in, flow.a_in, 7, port, data)))
            got = []
            while len(got) < len(sent):
                data, notes, _, _ = sock.recvmsg(65536, 64)
                size = next((struct.unpack("=i", n[2][:4])[0] for n in notes if n[1] == UDP_GRO), len(data))
                got += [data[at:at + size] for at in range(0, len(data), size)]
            check(got == sent, f"{name}: {[len(g) for g in got]} instead of {[len(s) for s in sent]}")
        tw.a.run("ethtool", "-K", "a0", "gro", "off")


def raw(tw, v, proto, src):
    """A raw socket of A."""
    with tw.a:
        sock = socket.socket(family(v), socket.SOCK_RAW, proto)
    sock.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)
    sock.settimeout(lab.TIMEOUT)
    sock.bind((src, 0))
    return sock


def protocols(tw, v, mode, outer):
    """DCCP, UDP-Lite and a number that nobody has: each goes by the policy that names it, and only by that."""
    flow = tw.flow("gcm16_128", v=v, mode=mode, outer=outer, ways=())
    ends = (flow.a_out, flow.w_out)
    # the first 4 bytes of DCCP and UDP-Lite are ports
    rest = bytes(4) + os.urandom(40)
    body, back = struct.pack("!HH", 1000, 2000) + rest, struct.pack("!HH", 2000, 1000) + rest
    for proto, ports in ((DCCP, True), (UDPLITE, True), (UNKNOWN, False)):
        for ours, theirs in ((("", ""), ("[1000]", "[2000]")) if ports else (("", ""),)):
            tw.dut.setkey("spdflush;\n" +
                          tw.dut.sp_line(flow.a_in + ours, flow.w_in + theirs, "out", mode, ends, upper=proto) +
                          tw.dut.sp_line(flow.w_in + theirs, flow.a_in + ours, "in", mode, ends[::-1], upper=proto))
            with raw(tw, v, proto, flow.a_in) as sock, raw(tw, v, proto - 1, flow.a_in) as another:
                with tw.drops():
                    sock.sendto(body, (flow.w_in, 0))
                    equal(Reader(tw, flow).next(f"protocol {proto}"), (proto, body), f"protocol {proto}")
                    another.sendto(body, (flow.w_in, 0))
                    pkt = tw.wire.recv()
                    check(pkt is not None and pkt.proto == proto - 1, f"protocol {proto - 1} goes by the policy: {pkt}")
                    tw.wire.send(flow.wrap(proto, back))
                    check(sock.recv(1000).endswith(back), f"protocol {proto}: another payload")
                with tw.drops(in_clear=1):
                    tw.wire.send(packet.ip(flow.w_in, flow.a_in, proto, back))
            if ours:
                with raw(tw, v, proto, flow.a_in) as sock, tw.drops():
                    other = struct.pack("!H", 1001) + body[2:]
                    sock.sendto(other, (flow.w_in, 0))
                    pkt = tw.wire.recv()
                    check(pkt is not None and pkt.proto == proto, f"protocol {proto}, another port: {pkt}")


def multicast(tw):
    """A datagram to a group, which a policy protects with an SA of its own: it leaves so, and what comes is heard."""
    group = "ff15::7"
    flow = tw.flow("gcm16_128", v=6, ways=(), install=False)
    flow.w_out = flow.w_in = group
    tw.dut.apply([tw.dut.sa_line(flow.rx, flow.a_out, group, "transport"),
                  tw.dut.sa_line(flow.tx, lab.OUTER[6][1], group, "transport"),
                  tw.dut.sp_line(flow.a_out, group, "out", "transport", (flow.a_out, group)),
                  tw.dut.sp_line(lab.OUTER[6][1], group, "in", "transport", (lab.OUTER[6][1], group))])
    with tw.a:
        index = socket.if_nametoindex("a0")
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    with sock, tw.drops():
        sock.settimeout(lab.TIMEOUT)
        sock.bind(("::", 0))
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, packet.pton(group) + struct.pack("=I", index))
        data = os.urandom(30)
        sock.sendto(data, (group, 9))
        check(Reader(tw, flow).next("to the group")[1].endswith(data), "another payload to the group")
        src, port = lab.OUTER[6][1], sock.getsockname()[1]
        body = packet.udp(src, group, 9, port, data)
        tw.wire.send(packet.ip(src, group, packet.ESP, flow.tx.seal(body, packet.UDP)),
                     b"\x33\x33" + packet.pton(group)[-4:])
        equal(sock.recv(100), data, "from the group")


SHAPES = ((6, "transport", 6), (4, "tunnel", 4))
if NIGHTLY:
    SHAPES += ((4, "transport", 4), (6, "tunnel", 6), (4, "tunnel", 6), (6, "tunnel", 4))
for v, mode, outer in SHAPES:
    name = f"tunnel_{v}in{outer}" if mode == "tunnel" else f"transport_v{v}"
    for what, test in (("G03_segments", segments), ("G03_gro", gro), ("G03_zerocopy", zerocopy),
                       ("G03_large_segments", large_segments), ("G04_sizes_out", out_sizes),
                       ("G04_sizes_in", in_sizes), ("G06_protocols", protocols)):
        suite.add(f"{what}_{name}", test, v, mode, outer)
    if mode == "tunnel":
        suite.add(f"G03_forwarded_{name}", forwarded, v, mode, outer)
suite.add("G08_multicast_v6", multicast)


def laboratory():
    """Of this project's stack."""
    tw = lab.Lab(behind=True)
    tw.need_testudo()
    return tw


if __name__ == "__main__":
    suite.run(laboratory)
