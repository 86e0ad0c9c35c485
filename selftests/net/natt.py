#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Does ESP in UDP cross NATs as RFC 3948 says, in both modes, and only ESP?

# kernels: all
# timeout: 600
# brief: echo_|dual_|checksum_|moves_|marker|gso|two_clients_transport

The wire peer is host and NAT in one: it writes both headers. TW of scenarios (drawn
in wire/lab.py). The socket on A's port is a keying daemon's in all but name.
"""
import contextlib
import os
import random
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import ipcomp
import lab
import nattflow
import packet
import pfkey
from ktap import Suite, check, equal

suite = Suite(__doc__)
NATT_SPORT, NATT_DPORT = 21, 22
NEW_MAPPING = 23
UDP_SEGMENT = 103
PUBLIC = {4: "203.0.113.9", 6: "fd99::9"}               # where it believes A to be, when A is behind one, too
PRIVATE = {4: "192.168.7.7", 6: "fd77::7"}              # the client's own address, behind its NAT


def case(run):
    """The case on Testudo alone, with its sockets closed at the end."""
    def wrapped(tw, *args):
        tw.need_testudo()
        socks = []
        try:
            run(tw, lambda *a, **kw: socks.append(nattflow.daemon(tw, *a, **kw)) or socks[-1], *args)
        finally:
            for sock in socks:
                sock.close()
    wrapped.__doc__ = run.__doc__
    return wrapped


@case
def echo(tw, open_port, mode, v, outer, enc):
    """D01, D02, D03, D04: an echo each way, at several sizes, from and to the ports of the SAs."""
    ports = [port for port in random.sample(range(1024, 65536), 3) if port != tw.port][:2]
    open_port(outer, ports[0])
    flow = nattflow.Flow(tw, mode, v, outer, port=ports[1], own=ports[0], enc=enc)
    with tw.drops():
        for size in (0, 13, 1300):
            ident, seq, data = random.randrange(1, 65536), random.randrange(65536), os.urandom(size)
            tw.wire.send(flow.wrap(*packet.echo(flow.w_in, flow.a_in, ident, seq, data)))
            got, pkt, out = flow.answer(tw)
            equal(got, tuple(ports), "ports")
            equal((pkt.src, pkt.dst), (flow.a_out, flow.w_out), "addresses")
            inner = packet.parse(out.payload) if mode == "tunnel" else None
            proto, want = packet.echo(flow.a_in, flow.w_in, ident, seq, data, reply=True)
            equal((inner.proto, inner.payload) if inner else (out.nh, out.payload), (proto, want), "echo reply")


@case
def fragments(tw, open_port, v):
    """D10: a peer whose packets in UDP are cut on their way."""
    open_port(v)
    flow, data = nattflow.Flow(tw, v=v), [os.urandom(3000)]
    pkt = packet.parse(flow.udp(data[0]))
    with tw.drops():
        tw.delivered(packet.frag(pkt.src, pkt.dst, packet.UDP, pkt.payload, 1200), data, "of three fragments")


@case
def plain(tw, open_port, v):
    """Plain ESP for an SA in UDP is refused."""
    open_port(v)
    flow = nattflow.Flow(tw, v=v)
    with tw.drops(in_encap=1):
        inside = flow.tx.seal(flow.datagram(b"plain"), packet.UDP)
        tw.delivered([packet.ip(flow.w_out, flow.a_out, packet.ESP, inside)], [], "plain ESP")
    tw.delivered([flow.udp(b"in UDP")], [b"in UDP"], "ESP in UDP")


@case
def checksum(tw, open_port, v, oa):
    """D07: the client summed up its own address, the packet comes from its NAT's."""
    open_port(v)
    flow, data = nattflow.Flow(tw, v=v, oa=PRIVATE[v] if oa else None), lab.unique(2)
    behind = [packet.udp(PRIVATE[v], flow.a_in, 7777, tw.port, d) for d in data]
    with tw.drops():
        tw.delivered([flow.outer(flow.tx.seal(behind[0], packet.UDP))], data[:1], "a sum of another address")
        # what does not pass through the receiver's check shows the sum itself
        with tw.a:
            raw = socket.socket(socket.AF_INET6 if v == 6 else socket.AF_INET, socket.SOCK_RAW, packet.UDP)
        raw.settimeout(lab.TIMEOUT)
        tw.wire.send(flow.outer(flow.tx.seal(behind[1], packet.UDP)))
        seen = b""
        while data[1] not in seen:
            seen = raw.recv(2000)
        raw.close()
        check(packet.l4_ok(flow.w_in, flow.a_in, packet.UDP, seen[0 if v == 6 else 20:]), "the sum was not mended")


@case
def double_nat(tw, open_port, v, mode):
    """D14: both are behind a NAT: nothing that the client summed up is what arrives; inside of a tunnel nothing is lost."""
    open_port(v)
    flow, data = nattflow.Flow(tw, mode, v), lab.unique(1)
    if mode == "tunnel":
        pkt = flow.udp(data[0])
    else:
        pkt = flow.outer(flow.tx.seal(packet.udp(PRIVATE[v], PUBLIC[v], 7777, tw.port, data[0]), packet.UDP))
    with tw.drops():
        tw.delivered([pkt], data, "sums of two other addresses")
    tw.sinks[v == 6].sendto(b"back", (flow.w_in, 9))
    equal(flow.answer(tw)[0], (4500, 4500), "ports of the answer")


@case
def reflected(tw, open_port, v):
    """D11: A's own packet sent back to it: its SPI is none of those that A receives by."""
    open_port(v)
    flow = nattflow.Flow(tw, v=v)
    tw.sinks[v == 6].sendto(b"out", (flow.w_in, 9))
    own = flow.answer(tw)[1]
    with tw.drops(in_no_sa=1):
        tw.delivered([flow.outer(own.payload[8:])], [], "a reflected packet")
    with tw.drops(in_auth=1):
        tw.delivered([flow.outer(struct.pack("!I", flow.tx.spi) + own.payload[12:])], [], "with the SPI of the other")


@case
def compressed(tw, open_port, v):
    """C11: a tunnel of IPComp inside of ESP in UDP, as strongSwan keys it; compressed, and left as it was."""
    open_port(v)
    flow, (a, w), (a_in, w_in) = nattflow.Flow(tw, v=v, ways=()), lab.NETS[v], lab.INNER[v]
    tx, rx = ipcomp.Sa(0x1234), ipcomp.Sa(0x1235)
    reqs = "ipcomp/tunnel/{0}-{1}/{2} esp/transport//require"
    tw.dut.apply([tw.dut.sa_line(tx, flow.w_out, flow.a_out, "tunnel"),
                  tw.dut.sa_line(rx, flow.a_out, flow.w_out, "tunnel"),
                  f"spdadd {a} {w} any -P out ipsec {reqs.format(flow.a_out, flow.w_out, 'require')};\n",
                  f"spdadd {w} {a} any -P in ipsec {reqs.format(flow.w_out, flow.a_out, 'use')};\n"])
    nh, data = packet.IPV6 if v == 6 else packet.IPIP, [b"long " * 60, b"short"]
    inner = [packet.ip(w_in, a_in, packet.UDP, packet.udp(w_in, a_in, 7777, tw.port, d)) for d in data]
    head = struct.pack("!BBH", nh, 0, tx.spi)
    with tw.drops():
        tw.delivered([flow.outer(flow.tx.seal(head + ipcomp.deflate(inner[0]), ipcomp.COMP)),
                      flow.outer(flow.tx.seal(inner[1], nh))], data, "in a tunnel of IPComp")
        for size, want in ((300, ipcomp.COMP), (5, nh)):
            tw.sinks[v == 6].sendto(b"x" * size, (w_in, 9))
            out = flow.answer(tw)[2]
            equal(out.nh, want, "what is inside of ESP")
            back = ipcomp.inflate(out.payload[4:]) if want == ipcomp.COMP else out.payload
            check(back.endswith(b"x" * size), "another datagram")


@case
def dual_stack(tw, open_port, mode):
    """A daemon with one IPv6 socket for both families: ESP of either one comes in by it."""
    open_port(6, dual=True)
    for v in (4, 6):
        flow, data = nattflow.Flow(tw, mode, v), lab.unique(1)
        with tw.drops():
            tw.delivered([flow.udp(data[0])], data, f"IPv{v}")
        tw.sinks[v == 6].sendto(b"back", (flow.w_in, 9))
        equal(flow.answer(tw)[0], (4500, 4500), "ports of the answer")


@case
def checksum_wrong(tw, open_port, v):
    """With the original address the client's sum is still checked."""
    open_port(v)
    flow, data = nattflow.Flow(tw, v=v, oa=PRIVATE[v]), lab.unique(2)
    good = packet.udp(PRIVATE[v], flow.a_in, 7777, tw.port, data[0])
    bad = bytearray(packet.udp(PRIVATE[v], flow.a_in, 7777, tw.port, data[1]))
    bad[-1] ^= 1
    tw.delivered([flow.outer(flow.tx.seal(bytes(b), packet.UDP)) for b in (bad, good)], data[:1], "a wrong sum")


@case
def checksum_none(tw, open_port):
    """A datagram without a checksum has none afterwards; one whose sum comes to 0 says ffff."""
    open_port(4)
    flow, data = nattflow.Flow(tw), lab.unique(1)
    none = bytearray(packet.udp(PRIVATE[4], flow.a_in, 7777, tw.port, data[0]))
    none[6:8] = b"\0\0"
    # two bytes that make the sum come to 0
    base = packet.pseudo(flow.w_in, flow.a_in, packet.UDP, 10) + struct.pack("!HHHHH", 7777, tw.port, 10, 0, 0)
    zero = struct.pack("!H", packet.csum(base))
    other = packet.udp(PRIVATE[4], flow.a_in, 7777, tw.port, zero)
    tw.delivered([flow.outer(flow.tx.seal(bytes(b), packet.UDP)) for b in (none, other)], [data[0], zero], "both")


@case
def tcp_in(tw, open_port, v):
    """D07: TCP from behind a NAT: its SYN, with a sum of the client's address, is answered."""
    open_port(v)
    flow = nattflow.Flow(tw, v=v)
    with tw.a:
        listener = socket.socket(socket.AF_INET6 if v == 6 else socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((flow.a_in, 0))
    listener.listen()
    syn = packet.tcp(PRIVATE[v], flow.a_in, 5555, listener.getsockname()[1], 1, 0, 2)
    tw.wire.send(flow.outer(flow.tx.seal(syn, packet.TCP)))
    out = flow.answer(tw)[2]
    listener.close()
    equal((out.nh, out.payload[13] & 0x12), (packet.TCP, 0x12), "protocol and flags of the answer")


@case
def marker(tw, open_port, v):
    """D08: IKE goes to the daemon, a keepalive and what is too short for ESP to nobody, ESP to its SA."""
    sock = open_port(v)
    flow = nattflow.Flow(tw, v=v)
    # clear text to that port is none of A's policy's business only when it is ESP
    ike = b"\0\0\0\0" + b"ike" * 10
    with tw.drops(in_clear=1):
        tw.wire.send(flow.outer(ike))
    option = (socket.IPPROTO_IPV6, 34) if v == 6 else (socket.IPPROTO_IP, 16)
    sock.setsockopt(*option, struct.pack("=HHHBBII", 2, pfkey.EXT_POLICY, 4, 1, 0, 0, 0))
    with tw.drops(in_no_sa=1):
        tw.wire.send(flow.outer(b"\xff"))
        tw.wire.send(flow.outer(struct.pack("!II", flow.tx.spi ^ 0x10000, 1) + bytes(32)))
        tw.wire.send(flow.outer(ike))
        equal(sock.recv(100), ike, "what the daemon got")
    tw.delivered([flow.udp(b"esp")], [b"esp"], "ESP")
    sock.setblocking(False)
    try:
        check(False, f"the daemon got more: {sock.recv(100)}")
    except BlockingIOError:
        pass


def moved(key, flow, before, after):
    """The next event, events being in order, says that packets come from @after and not from @before any more."""
    msg = key.wait(NEW_MAPPING, lab.TIMEOUT)
    check(msg is not None, "no event")
    equal((msg.type, msg.satype, msg.pid, msg.errno), (NEW_MAPPING, pfkey.SATYPE_ESP, 0, 0), "header")
    equal(msg.spi, flow.tx.spi, "SPI")
    port = [struct.unpack_from("!H", msg.ext[kind])[0] for kind in (NATT_SPORT, NATT_DPORT)]
    equal((msg.addr(pfkey.EXT_SRC), port[0]), before, "where it was")
    equal((msg.addr(pfkey.EXT_DST), port[1]), after, "where it is")


@case
def moves_port(tw, open_port, v, mode):
    """D09: a NAT gives the peer another port: told once, by authentic packets only; UPDATE leads traffic there."""
    open_port(v)
    flow, data = nattflow.Flow(tw, mode, v), lab.unique(6)
    key = tw.pfkey()
    key.request(pfkey.REGISTER, pfkey.SATYPE_ESP)
    before, after = (flow.w_out, 4500), (flow.w_out, 31000)
    forged = bytearray(flow.tx.seal(flow.datagram(data[0]), packet.UDP))
    forged[-1] ^= 1
    with tw.drops(in_auth=1):
        tw.delivered([flow.outer(bytes(forged), 31000)], [], "a forged packet")
    late = flow.udp(data[1])
    tw.delivered([flow.udp(d, outer={"port": 31000}) for d in data[2:4]], data[2:4], "from the new port")
    moved(key, flow, before, after)
    tw.delivered([late], data[1:2], "a late packet from the old port")
    tw.dut.setkey(
        f"update {flow.w_out}[31000] {flow.a_out}[4500] esp-udp {flow.tx.spi:#x} -m {mode} {nattflow.words(flow.tx)};\n"
        f"update {flow.a_out}[4500] {flow.w_out}[31000] esp-udp {flow.rx.spi:#x} -m {mode} {nattflow.words(flow.rx)};\n")
    tw.wire.send(flow.wrap(*packet.echo(flow.w_in, flow.a_in, 1, 1, b"moved"), outer={"port": 31000}))
    equal(flow.answer(tw)[0], (4500, 31000), "ports after the update")
    tw.delivered([flow.udp(data[4])], data[4:5], "back at the old port")
    moved(key, flow, after, before)
    key.close()


@case
def moves_address(tw, open_port, v, mode):
    """A NAT gives the peer another address: a tunnel goes on, transport mode waits for new SAs; both are told."""
    open_port(v)
    flow, data = nattflow.Flow(tw, mode, v), lab.unique(1)
    key = tw.pfkey()
    key.request(pfkey.REGISTER, pfkey.SATYPE_ESP)
    pkt = flow.udp(data[0], outer={"src": lab.FENCE[v], "port": 999})
    if mode == "tunnel":
        tw.delivered([pkt], data, "from elsewhere")
    else:
        with tw.drops(in_endpoint=1):
            tw.delivered([pkt], [], "from elsewhere")
    moved(key, flow, (flow.w_out, 4500), (lab.FENCE[v], 999))
    key.close()


@case
def two_clients(tw, open_port):
    """D06: transport mode with two clients behind one NAT, told apart by reqid, each answered at its own port."""
    open_port(4)
    flows = [nattflow.Flow(tw, port=port, reqid=reqid, upper=upper)
             for port, reqid, upper in ((4500, 1, "udp"), (1024, 2, "icmp"))]
    data = lab.unique(3)
    with tw.drops():
        tw.delivered([flows[0].udp(data[0])], data[:1], "from the first")
        tw.sinks[0].sendto(b"first", (flows[0].w_in, 9))
        equal(flows[0].answer(tw)[0], (4500, 4500), "ports of the first")
        tw.wire.send(flows[1].wrap(*packet.echo(flows[1].w_in, flows[1].a_in, 2, 2, b"second")))
        equal(flows[1].answer(tw)[0], (4500, 1024), "ports of the second")
    with tw.drops(in_mismatch=1):
        tw.delivered([flows[1].udp(data[1])], [], "the second in the first's name")
    tw.dut.setkey(f"delete {flows[1].a_out} {flows[1].w_out} esp {flows[1].rx.spi:#x};\n"
                  f"delete {flows[1].w_out} {flows[1].a_out} esp {flows[1].tx.spi:#x};\n")
    tw.delivered([flows[0].udp(data[2])], data[2:], "from the first, without the second")


@case
def two_clients_tunnel(tw, open_port):
    """D05: tunnels of two clients behind one NAT."""
    open_port(4)
    flows = [nattflow.Flow(tw, "tunnel", port=port, reqid=reqid, inside=inside)
             for port, reqid, inside in ((4500, 1, "10.0.2.2"), (1024, 2, "10.0.2.3"))]
    data = lab.unique(2)
    for flow, datum in zip(flows, data):
        with tw.drops():
            tw.delivered([flow.udp(datum)], [datum], "from a client")
            tw.sinks[0].sendto(datum, (flow.w_in, 9))
            equal(flow.answer(tw)[0], (4500, flow.port), "ports")
    with tw.drops(in_mismatch=1):
        tw.delivered([flows[1].udp(data[1], inner={"src": flows[0].w_in})], [], "the second with the first's address")


@contextlib.contextmanager
def host_w(tw, v):
    """A UDP socket of W's own kernel, which has the wire peer's address for that time."""
    addr = f"{lab.OUTER[v][1]}/{64 if v == 6 else 24}"
    if v == 6:
        tw.w.sysctl("net/ipv6/conf/w0/disable_ipv6", 0)
    tw.w.ip("addr", "add", addr, "dev", "w0", *["nodad"] * (v == 6))
    with tw.w:
        sock = socket.socket(socket.AF_INET6 if v == 6 else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("", 4500))
    try:
        yield sock
    finally:
        sock.close()
        tw.w.ip("addr", "del", addr, "dev", "w0")
        if v == 6:
            tw.w.sysctl("net/ipv6/conf/w0/disable_ipv6", 1)


@case
def gso(tw, open_port, v, gro):
    """Datagrams that come as one: for a socket with UDP GRO the stack does not take them apart."""
    open_port(v, gro=gro)
    flow, data = nattflow.Flow(tw, v=v, ways=("in",)), lab.unique(5)
    bodies = [flow.tx.seal(flow.datagram(d), packet.UDP) for d in data]
    with host_w(tw, v) as sock, tw.drops():
        sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, len(bodies[0]))
        sock.sendto(b"".join(bodies), (flow.a_out, 4500))
        tw.delivered([], data, "five in one")


@case
def gro(tw, open_port, v):
    """A device that aggregates, and a socket that wants it so: kernels look into ESP then, and must leave ours alone."""
    tw.a.run("modprobe", "-a", "esp4_offload", "esp6_offload", fails=True)
    tw.a.run("ethtool", "-K", "a0", "gro", "on")
    try:
        open_port(v, gro=True)
        flow, data = nattflow.Flow(tw, v=v, ways=("in",)), lab.unique(50)
        with tw.drops():
            tw.delivered([flow.udp(d) for d in data], data, "of fifty")
    finally:
        tw.a.run("ethtool", "-K", "a0", "gro", "off")


def mtu(tw):
    """What fits the path counts the UDP header: the largest datagram that passes whole fills the link."""
    tw.need_testudo()
    for v in (4, 6):
        tw.reset()
        flow = nattflow.Flow(tw, "tunnel", v, ways=("out",))
        sock = tw.sinks[v == 6]
        head = 40 if v == 6 else 20
        room = flow.rx.inner_mtu(1500 - 8, head) - head - 8
        option = (socket.IPPROTO_IPV6, 23) if v == 6 else (socket.IPPROTO_IP, 10)
        sock.setsockopt(*option, 2)                     # IP_MTU_DISCOVER, _DO
        try:
            sock.sendto(bytes(room), (flow.w_in, 9))
            pkt = flow.answer(tw)[1]
            check(1500 - 16 < len(pkt.raw) <= 1500, f"{len(pkt.raw)} bytes on the wire")
            with tw.drops(out_too_big=1):
                lab.refused(sock, bytes(room + 1), flow.w_in, "EMSGSIZE")
        finally:
            sock.setsockopt(*option, 1)


for v in (4, 6):
    for mode in ("transport", "tunnel"):
        suite.add(f"D01_echo_{mode}_{v}", echo, mode, v, v, "gcm16_128")
        suite.add(f"D09_moves_port_{mode}_{v}", moves_port, v, mode)
        suite.add(f"D09_moves_address_{mode}_{v}", moves_address, v, mode)
    suite.add(f"D02_echo_tunnel_{v}in{10 - v}", echo, "tunnel", v, 10 - v, "aes128")
    suite.add(f"D07_checksum_anew_{v}", checksum, v, False)
    suite.add(f"D07_checksum_original_{v}", checksum, v, True)
    suite.add(f"D07_checksum_wrong_{v}", checksum_wrong, v)
    suite.add(f"D07_tcp_{v}", tcp_in, v)
    for mode in ("transport", "tunnel"):
        suite.add(f"D14_double_nat_{mode}_{v}", double_nat, v, mode)
    suite.add(f"D08_marker_{v}", marker, v)
    suite.add(f"D10_fragments_{v}", fragments, v)
    suite.add(f"C11_ipcomp_natt_{v}", compressed, v)
    suite.add(f"D11_reflected_{v}", reflected, v)
    suite.add(f"D08_plain_refused_{v}", plain, v)
    suite.add(f"UDP_gso_socket_with_gro_{v}", gso, v, True)
    suite.add(f"UDP_gso_socket_without_{v}", gso, v, False)
    suite.add(f"UDP_gro_{v}", gro, v)
suite.add("D07_checksum_none", checksum_none)
for mode in ("transport", "tunnel"):
    suite.add(f"D01_dual_stack_{mode}", dual_stack, mode)
suite.add("D05_two_clients_tunnel", two_clients_tunnel)
suite.add("D06_two_clients_transport", two_clients)
suite.add("MTU_counts_udp", mtu)

if __name__ == "__main__":
    suite.run(lab.Lab)
