#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Does a socket with a bypass policy talk in clear under policies that require IPsec, and no other socket?

# kernels: all
# timeout: 300

A's policies protect everything between A and W, and there is no SA: what passes
passes by a socket's own policy. TW of scenarios (drawn in wire/lab.py).
"""
import errno
import os
import select
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import lab
import packet
import pfkey
from ktap import Suite, check, equal

suite = Suite(__doc__)
OPTION = {socket.AF_INET: (socket.IPPROTO_IP, 16), socket.AF_INET6: (socket.IPPROTO_IPV6, 34)}
DISCARD, NONE, IPSEC, ENTRUST, BYPASS = range(5)
IN, OUT = 1, 2


def policy(kind=BYPASS, way=OUT, words=2, exttype=pfkey.EXT_POLICY):
    """A struct sadb_x_policy."""
    return struct.pack("=HHHBBII", words, exttype, kind, way, 0, 0, 0)


def give(sock, ways=(IN, OUT), kind=BYPASS):
    """The policy to the socket."""
    for way in ways:
        sock.setsockopt(*OPTION[sock.family], policy(kind, way))


def protect(tw, v):
    """Everything between A and W is to be protected."""
    a, w = lab.OUTER[v]
    tw.dut.setkey(f"""spdadd {a} {w} any -P out ipsec esp/transport//require;
        spdadd {w} {a} any -P in ipsec esp/transport//require;""")


def make(tw, family, kind=socket.SOCK_DGRAM, proto=0):
    """A socket in A."""
    with tw.a:
        return socket.socket(family, kind, proto)


def shape(v, mapped):
    """(family of the socket, address that it sends to)."""
    if mapped:
        return socket.AF_INET6, "::ffff:" + lab.OUTER[4][1]
    return (socket.AF_INET6, lab.OUTER[6][1]) if v == 6 else (socket.AF_INET, lab.OUTER[4][1])


def udp(tw, v, mapped):
    """E, H: a datagram each way; without the policy, and after it was taken away, neither."""
    tw.need_testudo()
    protect(tw, v)
    family, to = shape(v, mapped)
    sock = make(tw, family)
    try:
        sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", 0))
        port = sock.getsockname()[1]
        lab.refused(sock, b"required", to, "EHOSTUNREACH")
        (a, w), data = lab.OUTER[v], lab.unique(3)
        raw = [packet.ip(w, a, packet.UDP, packet.udp(w, a, 7777, port, d)) for d in data]
        with tw.drops(in_clear=1):
            tw.delivered(raw[:1], [], "clear text")
        give(sock)
        with tw.drops():
            sock.sendto(b"bypass", (to, 9))
            pkt = tw.wire.recv(lambda p: p.proto == packet.UDP)
            check(pkt is not None and pkt.payload.endswith(b"bypass"), "no clear datagram on the wire")
            tw.wire.send(raw[1])
            check(select.select([sock], [], [], lab.TIMEOUT)[0], "clear text was not delivered")
            equal(sock.recv(100), data[1], "what was delivered")
        sock.setsockopt(*OPTION[family], None, 0)
        lab.refused(sock, b"required", to, "EHOSTUNREACH")
        with tw.drops(in_clear=1):
            tw.delivered(raw[2:], [], "clear text afterwards")
    finally:
        sock.close()


def masqueraded(tw):
    """Source NAT gives a bypassed connection an address that a policy protects: it passes all the same."""
    tw.need_testudo()
    (a, w), other = lab.OUTER[4], lab.INNER[4][0]
    tw.dut.setkey(f"spdadd {a} {w} any -P out ipsec esp/transport//require;")
    tw.a.run("nft", "-f", "-", text=f"""table ip sockpolicy {{
        chain post {{
            type nat hook postrouting priority srcnat
            ip saddr {other} snat to {a}
        }}
    }}""")
    sock = make(tw, socket.AF_INET)
    try:
        sock.bind((other, 0))
        give(sock, (OUT,))
        with tw.drops():
            sock.sendto(b"nat", (w, 9))
            pkt = tw.wire.recv(lambda p: p.proto == packet.UDP)
        check(pkt is not None and pkt.src == a, "nothing came from the address that NAT gives")
    finally:
        sock.close()
        tw.a.run("nft", "delete", "table", "ip", "sockpolicy")


def fragments(tw):
    """A datagram in fragments, each of which LOCAL_IN sees: what the socket takes goes to it whole, nothing else."""
    tw.need_testudo()
    protect(tw, 6)
    (a, w), sock = lab.OUTER[6], make(tw, socket.AF_INET6)
    try:
        sock.bind(("::", 0))
        sock.settimeout(lab.TIMEOUT)
        port, data = sock.getsockname()[1], [os.urandom(3000) for _ in range(3)]
        def cut(datum, to):
            return packet.frag(w, a, packet.UDP, packet.udp(w, a, 7777, to, datum), 1200)
        with tw.drops(in_clear=3):
            tw.delivered(cut(data[0], port), [], "before the policy")
        give(sock)
        with tw.drops(in_clear=3):
            # a fragment that comes before the first is nobody's yet
            with lab.in_order():
                for pkt in cut(data[1], port):
                    tw.wire.send(pkt)
            equal(sock.recv(4000), data[1], "datagram")
            # for another socket, and of the bypassed one the rest without its first
            tw.delivered(cut(data[2], tw.port), [], "another socket")
        with tw.drops(in_clear=2):
            tw.delivered(cut(data[2], port)[1:], [], "no first fragment")
    finally:
        sock.close()


def one_way(tw, way):
    """A policy is for one direction."""
    tw.need_testudo()
    protect(tw, 4)
    sock, (a, w) = make(tw, socket.AF_INET), lab.OUTER[4]
    try:
        sock.bind(("0.0.0.0", 0))
        give(sock, (way,))
        raw = packet.ip(w, a, packet.UDP, packet.udp(w, a, 7777, sock.getsockname()[1], b"in"))
        if way == IN:
            lab.refused(sock, b"required", w, "EHOSTUNREACH")
            tw.wire.send(raw)
            check(select.select([sock], [], [], lab.TIMEOUT)[0], "clear text was not delivered")
        else:
            sock.sendto(b"out", (w, 9))
            check(tw.wire.recv(lambda p: p.proto == packet.UDP) is not None, "nothing was sent")
            with tw.drops(in_clear=1):
                tw.wire.send(raw)
    finally:
        sock.close()


def segment(tw, seq, ack, flags, ports, v, data=b""):
    """A TCP segment from W."""
    a, w = lab.OUTER[v]
    tw.wire.send(packet.ip(w, a, packet.TCP, packet.tcp(w, a, ports[0], ports[1], seq, ack, flags, data)))


def tcp(tw, v, mapped):
    """A listening socket hands its policy on: handshake, data and end are in clear."""
    tw.need_testudo()
    protect(tw, v)
    family, _ = shape(v, mapped)
    sock, child = make(tw, family, socket.SOCK_STREAM), None
    try:
        sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", 0))
        ports = (40000, sock.getsockname()[1])
        give(sock)
        sock.listen()
        syn, ack_flag = 2, 16

        def answer(match):
            pkt = tw.wire.recv(lambda p: p.proto == packet.TCP and match(p.payload))
            check(pkt is not None, "no clear segment of A's")
            return struct.unpack_from("!I", pkt.payload, 4)[0], pkt.payload

        segment(tw, 1000, 0, syn, ports, v)
        theirs, _ = answer(lambda t: t[13] & 18 == 18)
        segment(tw, 1001, theirs + 1, ack_flag, ports, v)
        segment(tw, 1001, theirs + 1, ack_flag | 8, ports, v, b"question")
        check(select.select([sock], [], [], lab.TIMEOUT)[0], "no connection")
        child, _ = sock.accept()
        check(select.select([child], [], [], lab.TIMEOUT)[0], "no data")
        equal(child.recv(100), b"question", "data")
        child.send(b"answer")
        answer(lambda t: t.endswith(b"answer"))
        with tw.drops(in_clear=1):
            segment(tw, 1, 1, syn, (40001, 9), v)
    finally:
        if child:
            child.close()
        sock.close()


def raw(tw, v):
    """A raw socket: an echo request out, and the reply in."""
    tw.need_testudo()
    protect(tw, v)
    a, w = lab.OUTER[v]
    proto, body = packet.echo(a, w, 77, 1, b"raw")
    sock = make(tw, socket.AF_INET6 if v == 6 else socket.AF_INET, socket.SOCK_RAW, proto)
    try:
        lab.refused(sock, body, w, "EHOSTUNREACH")
        give(sock)
        sock.sendto(body, (w, 0))
        pkt = tw.wire.recv(lambda p: p.proto == proto and p.payload[4:6] == struct.pack("!H", 77))
        check(pkt is not None, "no clear echo request on the wire")
        back = packet.ip(w, a, *packet.echo(w, a, 77, 1, b"raw", reply=True))
        with tw.drops():
            tw.wire.send(back)
            check(select.select([sock], [], [], lab.TIMEOUT)[0], "the reply was not delivered")
    finally:
        sock.close()
    with tw.drops(in_clear=1):
        tw.wire.send(back)


def discard(tw):
    """Type discard: the socket sends nothing, by IPv4 of an IPv6 socket neither."""
    tw.need_testudo()
    protect(tw, 6)
    for v, mapped in ((4, False), (6, False), (4, True)):
        family, to = shape(v, mapped)
        sock = make(tw, family)
        give(sock, (OUT,), DISCARD)
        try:
            lab.refused(sock, b"never", to, "EPERM")
        finally:
            sock.close()


def fails(sock, value, want, option=None):
    """setsockopt() with @value fails as wanted."""
    try:
        sock.setsockopt(*(option or OPTION[sock.family]), value)
    except OSError as err:
        check(err.errno in want, f"{errno.errorcode[err.errno]}, expected one of {want}")
    else:
        check(False, f"{value.hex()} was taken")


def errors(tw, family):
    """N51, N52: what is no policy, and what is one."""
    tw.need_testudo()
    sock = make(tw, family)
    # the netlink key manager may have the last word
    bad = (errno.EINVAL, errno.EOPNOTSUPP)
    try:
        for value in (policy()[:8], policy(words=3), policy(words=1), policy(words=0), policy(way=0), policy(way=3),
                      policy(kind=5), policy(kind=0xFFFF)):
            fails(sock, value, bad)
        fails(sock, policy(kind=IPSEC), (errno.EOPNOTSUPP,))
        fails(sock, b"", (errno.EMSGSIZE,))
        fails(sock, policy() + bytes(4096), (errno.EMSGSIZE,))
        for kind in (DISCARD, NONE, ENTRUST, BYPASS):
            give(sock, kind=kind)
        sock.setsockopt(*OPTION[family], policy(exttype=12))
        sock.setsockopt(*OPTION[family], policy() + bytes(16))
        if family == socket.AF_INET6:
            fails(sock, policy(), bad, OPTION[socket.AF_INET])
        sock.setsockopt(*OPTION[family], None, 0)
        nobody_may(sock)
    finally:
        sock.close()


def nobody_may(sock):
    """Without CAP_NET_ADMIN: EPERM."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            os.setuid(65534)
            sock.setsockopt(*OPTION[sock.family], policy())
        except OSError as err:
            code = 0 if err.errno == errno.EPERM else 2
        finally:
            os._exit(code)
    equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, "exit status of one without CAP_NET_ADMIN")


for name, v, mapped in (("4", 4, False), ("6", 6, False), ("mapped", 4, True)):
    suite.add(f"H01_bypass_udp_{name}", udp, v, mapped)
    suite.add(f"H02_bypass_tcp_{name}", tcp, v, mapped)
for v in (4, 6):
    suite.add(f"H03_bypass_raw_{v}", raw, v)
suite.add("H01_bypass_fragments_6", fragments)
suite.add("H01_bypass_in_only", one_way, IN)
suite.add("H01_bypass_out_only", one_way, OUT)
suite.add("H04_bypass_masqueraded", masqueraded)
suite.add("H05_discard", discard)
for name, family in (("4", socket.AF_INET), ("6", socket.AF_INET6)):
    suite.add(f"N51_errors_{name}", errors, family)

if __name__ == "__main__":
    suite.run(lab.Lab)
