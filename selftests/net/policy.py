#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Which packets does the SPD protect, pass or stop, on the way out, in and through?

# kernels: all
# timeout: 900
# brief: requires_ipsec_v4|E12_|D07_|E13_

Sockets in A send; the raw peer says what left: protected by which SA, clear, or
nothing up to a fence. W and H send; A's sinks and H say what was let in. A is a
gateway (wire/lab.py). Policies are written in setkey's language, as users do.
"""
import errno
import ipaddress
import os
import random
import re
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import esp
import lab
import packet
import pfkey
from ktap import Suite, check, equal

suite = Suite(__doc__)
A4, W4 = lab.OUTER[4]
A6, W6 = lab.OUTER[6]
TR = "ipsec esp/transport//require"
SPDEXPIRE = 21
FAR = {4: "10.0.2.5", 6: "fd00:2::5"}         # a host behind W


class Probe:
    """Sends from A and tells what W saw of it."""

    def __init__(self, tw, flows):
        tw.need_testudo()
        self.tw, self.flows = tw, {f.rx.spi: f for f in flows}

    def _spot(self, pkt, marks):
        """(index of the mark in the packet, how it travelled)."""
        data, how = pkt.payload, "clear"
        if pkt.proto == packet.ESP:
            flow = self.flows.get(struct.unpack_from("!I", pkt.payload)[0])
            check(flow is not None, "ESP under an SPI that no SA of the test has")
            data, how = flow.rx.open(pkt.payload).payload, flow
        for i, mark in enumerate(marks):
            if mark in data:
                return i, how
        return None, how

    def many(self, sends, fence_by=None):
        """@sends: list of (function that sends, mark). Result per row: Flow, "clear", "blocked" or errno name.

        @fence_by: sends a payload to BEYOND behind them; A itself does if it is not given.
        """
        tw, marks = self.tw, [m for _, m in sends]
        tw.wire.drain()
        out, fence = ["blocked"] * len(sends), os.urandom(12)
        with lab.in_order():
            for i, (go, _) in enumerate(sends):
                try:
                    go()
                except OSError as err:
                    out[i] = errno.errorcode[err.errno]
            (fence_by or (lambda data: tw.sinks[0].sendto(data, (lab.BEYOND, 9))))(fence)
        while True:
            pkt = tw.wire.recv()
            check(pkt is not None, "the fence did not come out")
            if fence in pkt.payload:
                return out
            i, how = self._spot(pkt, marks)
            if i is not None:
                out[i] = how

    def from_h(self, dst):
        """One datagram that H sends."""
        mark, inside = os.urandom(12), self.tw.inside

        def datagram(to, data):
            src = lab.HOST[6 if ":" in to else 4]
            inside.send(packet.ip(src, to, packet.UDP, packet.udp(src, to, 7, 9, data)))
        return self.many([(lambda: datagram(dst, mark), mark)], lambda fence: datagram(lab.BEYOND, fence))[0]

    def udp(self, dst, dport=9, sport=None):
        """One datagram from A."""
        return self.many([self.send_udp(dst, dport, sport)])[0]

    def send_udp(self, dst, dport=9, sport=None):
        """A row for many()."""
        mark = os.urandom(12)

        def go():
            if sport is None:
                self.tw.sinks[1 if ":" in dst else 0].sendto(mark, (dst, dport))
                return
            with self.tw.a:
                sock = socket.socket(socket.AF_INET6 if ":" in dst else socket.AF_INET, socket.SOCK_DGRAM)
            with sock:
                sock.bind(("", sport))
                sock.sendto(mark, (dst, dport))
        return go, mark

    def raw(self, dst, proto, body):
        """One raw packet of protocol @proto; its mark is the body's end."""
        def go():
            with self.tw.a:
                sock = socket.socket(socket.AF_INET6 if ":" in dst else socket.AF_INET, socket.SOCK_RAW, proto)
            with sock:
                sock.sendto(body, (dst, 0))
        return self.many([(go, body[-12:])])[0]

    def syn(self, dst, dport):
        """A TCP connection attempt."""
        sport = random.randrange(20000, 60000)

        def go():
            with self.tw.a:
                sock = socket.socket(socket.AF_INET6 if ":" in dst else socket.AF_INET, socket.SOCK_STREAM)
            with sock:
                sock.setblocking(False)
                sock.bind(("", sport))
                err = sock.connect_ex((dst, dport))
                if err not in (0, errno.EINPROGRESS):
                    raise OSError(err, "connect")
        return self.many([(go, struct.pack("!HH", sport, dport))])[0]

    def icmp(self, dst, kind, code=0):
        """An ICMP or ICMPv6 message of any type."""
        v6 = ":" in dst
        return self.raw(dst, packet.ICMP6 if v6 else packet.ICMP,
                        packet.icmp(kind, code, 7, os.urandom(16), A6 if v6 else None, dst))


def start(tw, flows, text):
    """Key the flows' SAs without policy, then feed setkey the policies."""
    probe = Probe(tw, flows)
    tw.dut.setkey(text)
    return probe


def sas(tw, v=4, mode="transport", **kw):
    """A keyed Flow without policies."""
    tw.need_testudo()
    return tw.flow("gcm16_128", v=v, mode=mode, ways=(), **kw)


def stopped(result, what):
    """Neither clear nor protected: an error or nothing."""
    check(result == "blocked" or result in errno.errorcode.values(), f"{what}: {result}")


def bypass(tw):
    """E01: one host is exempt from a protected net."""
    flow = sas(tw, mode="tunnel")
    p = start(tw, [flow], f"""spdadd 0.0.0.0/0 10.0.2.0/24 any -P out ipsec esp/tunnel/{A4}-{W4}/require;
        spdadd 0.0.0.0/0 10.0.2.77/32 any -P out prio high none;""")
    equal(p.udp("10.0.2.77"), "clear", "exempt host")
    equal([p.udp(f"10.0.2.{n}") for n in (76, 78)], [flow, flow], "its neighbours")


def discard(tw, v):
    """E02: out, in and forward; the local sender is told."""
    p = Probe(tw, [])
    (near, far), (inside, beyond), host = lab.OUTER[v], lab.NETS[v], lab.HOST[v]
    tw.dut.setkey(f"""spdadd {near} {far} any -P out discard; spdadd {far} {near} any -P in discard;
        spdadd {beyond} {inside} any -P fwd discard; spdadd {inside} {beyond} any -P out discard;""")
    with tw.drops(out_discard=1):
        check(p.udp(far) in ("EPERM", "EACCES"), "no error for the sender")
    data = packet.udp(far, near, 1, tw.port, b"in")
    with tw.drops(in_discard=1):
        tw.delivered([packet.ip(far, near, packet.UDP, data)], [], "in discard")
    body = packet.udp(FAR[v], host, 1, 2, b"forward")
    with tw.drops(in_discard=1):
        tw.wire.send(packet.ip(FAR[v], host, packet.UDP, body))
        tw.arrivals()
    check(tw.inside.recv(lambda p: b"forward" in p.payload, timeout=0) is None, "fwd discard let it through")
    with tw.drops(out_discard=1):
        check(not leaves(tw, packet.ip(host, FAR[v], packet.UDP, packet.udp(host, FAR[v], 1, 2, b"forward"))),
              "out discard let it through")


def leaves(tw, pkt):
    """H sends @pkt: what W sees of it, as a list, up to a fence that takes the same way."""
    mark, seen = os.urandom(12), []
    tw.wire.drain()
    with lab.in_order():
        tw.inside.send(pkt)
        tw.inside.send(packet.ip(lab.HOST[4], lab.BEYOND, packet.UDP, packet.udp(lab.HOST[4], lab.BEYOND, 1, 9, mark)))
    while True:
        got = tw.wire.recv()
        check(got is not None, "the fence was not forwarded")
        if mark in got.payload:
            return seen
        seen.append(got)


def priority(tw, order):
    """E03: the highest setkey priority wins whatever the order of insertion."""
    flow = sas(tw)
    lines = {100: f"spdadd {A4} 10.0.0.0/24 any -P out prio 100 none;",
             10: f"spdadd {A4} {W4} udp -P out prio 10 {TR};",
             -5: f"spdadd {A4} {W4} any -P out prio -5 discard;"}
    p = start(tw, [flow], "".join(lines[n] for n in order))
    equal(p.udp(W4), "clear", "prio 100")
    tw.dut.setkey(f"spddelete {A4} 10.0.0.0/24 any -P out;")
    equal(p.udp(W4), flow, "prio 10")
    tw.dut.setkey(f"spddelete {A4} {W4} udp -P out;")
    stopped(p.udp(W4), "prio -5")


def keywords(tw):
    """E04: low, def, high and offsets."""
    flow = sas(tw)
    p = start(tw, [flow], f"spdadd {A4} {W4} any -P out prio low discard;")
    stopped(p.udp(W4), "low")
    tw.dut.setkey(f"spdadd {A4} 10.0.0.0/25 any -P out prio def {TR};")
    equal(p.udp(W4), flow, "def above low")
    tw.dut.setkey(f"spdadd {A4} 10.0.0.0/26 any -P out prio def + 10 none;")
    equal(p.udp(W4), "clear", "def + 10 above def")
    tw.dut.setkey(f"spdadd {A4} 10.0.0.0/27 any -P out prio high - 1 {TR};")
    equal(p.udp(W4), flow, "high - 1 above def + 10")
    tw.dut.setkey(f"spdadd {A4} 10.0.0.0/28 any -P out prio high discard;")
    stopped(p.udp(W4), "high above high - 1")


def first_wins(tw):
    """E05: equal priorities, the first added rules until it is deleted."""
    flow = sas(tw)
    p = start(tw, [flow], f"spdadd {A4} 10.0.0.0/24 any -P out {TR}; spdadd {A4} {W4} any -P out none;")
    equal(p.udp(W4), flow, "first added")
    tw.dut.setkey(f"spddelete {A4} 10.0.0.0/24 any -P out; spdadd {A4} 10.0.0.0/24 any -P out {TR};")
    equal(p.udp(W4), "clear", "now the other one is first")


def against_model(tw, v, rounds, count):
    """E06, E07: random overlapping prefixes, ports, priorities; each datagram as a linear search says."""
    net = ipaddress.ip_network("10.0.2.0/24" if v == 4 else "fd00:2::/64")
    hosts = [str(net.network_address + random.randrange(2, 250)) for _ in range(12)]
    for turn in range(rounds):
        tw.reset()
        flow, table, lines = sas(tw, v=v), [], []
        flow_t = "ipsec esp/tunnel/{}-{}/require".format(*lab.OUTER[v])
        for number in range(count):
            host = ipaddress.ip_address(random.choice(hosts))
            plen = random.randrange(net.prefixlen, net.max_prefixlen + 1)
            dst = ipaddress.ip_network((host, plen), strict=False)
            port = random.choice((None, None, 7001, 7002))
            prio = random.choice((-50, 0, 0, 0, 7, 30))
            what = random.choice(("none", "discard", flow_t))
            if any((dst, port) == row[2:4] for row in table):
                continue
            table.append((-prio, number, dst, port, what))
            upper = "udp" if port else "any"
            end = f"{dst}" + (f"[{port}]" if port else "")
            src = "0.0.0.0/0" if v == 4 else "::/0"
            lines.append(f"spdadd {src} {end} {upper} -P out prio {prio} {what};\n")
        tw.dut.flush()
        tun = tw.flow("gcm16_128", v=v, mode="tunnel", ways=())
        probe = start(tw, [tun, flow], "".join(lines))
        checks = [(h, p) for h in hosts for p in (7001, 7002, 9)]
        want = []
        for host, port in checks:
            fits = [row for row in sorted(table, key=lambda r: r[:2])
                    if ipaddress.ip_address(host) in row[2] and row[3] in (None, port)]
            want.append(fits[0][4] if fits else "none")
        got = probe.many([probe.send_udp(h, p) for h, p in checks])
        for (host, port), w, g in zip(checks, want, got):
            seen = "none" if g == "clear" else flow_t if g is tun else "discard"
            check(seen == w, f"round {turn}: {host} port {port}: expected {w}, saw {g}; policies:\n" + "".join(lines))


def directions(tw):
    """E08: one selector in three directions; deleting one leaves the others."""
    tw.need_testudo()
    tw.dut.setkey("".join(f"spdadd 10.5.0.0/16 10.6.0.0/16 any -P {d} none;" for d in ("in", "out", "fwd")), )
    def shown():
        return sorted(re.findall(r"^\s+(in|out|fwd)\b", tw.a.run("setkey", "-k", "-DP"), re.M))
    equal(shown(), ["fwd", "in", "out"], "policies")
    tw.a.run("setkey", "-k", "-c", text="spddelete 10.5.0.0/16 10.6.0.0/16 any -P in;")
    equal(shown(), ["fwd", "out"], "after deleting in")


def inbound(tw, v):
    """E09: clear is dropped under require and let in under use; only the right kind of SA counts."""
    flow = sas(tw, v=v)
    near, far = lab.OUTER[v]
    tw.dut.setkey(f"spdadd {far} {near} any -P in {TR};")
    clear = lambda d: packet.ip(far, near, packet.UDP, flow.datagram(d))
    data = lab.unique(2)
    tw.delivered([flow.udp(data[0])], data[:1], "protected")
    with tw.drops(in_clear=1):
        tw.delivered([clear(b"clear")], [], "clear under require")
    tw.dut.setkey(f"spdflush; spdadd {far} {near} any -P in ipsec esp/transport//use;")
    tw.delivered([clear(data[0]), flow.udp(data[1])], data, "under use")
    tw.dut.setkey(f"spdflush; spdadd {far} {near} any -P in ipsec esp/tunnel/{far}-{near}/require;")
    with tw.drops(in_mismatch=1):
        tw.delivered([flow.udp(b"mode")], [], "transport SA where the policy wants a tunnel")
    tw.dut.setkey(f"spdflush; spdadd {far} {near} any -P in ipsec esp/transport//unique:9;")
    with tw.drops(in_mismatch=1):
        tw.delivered([flow.udp(b"reqid")], [], "SA of another reqid")


def endpoints(tw, v, outer):
    """E09: a tunnel between other end points than the policy's."""
    flow = sas(tw, v=v, outer=outer, mode="tunnel")
    inside, beyond = lab.NETS[v]
    other = "10.0.0.66" if outer == 4 else "fd00::66"
    tw.dut.setkey(f"spdadd {beyond} {inside} any -P in ipsec esp/tunnel/{other}-{flow.a_out}/require;")
    with tw.drops(in_endpoint=1):
        tw.delivered([flow.udp(b"end")], [], "wrong end point")
    tw.dut.setkey(f"spdflush; spdadd {beyond} {inside} any -P in ipsec esp/tunnel/{flow.w_out}-{flow.a_out}/require;")
    data = lab.unique(1)
    tw.delivered([flow.udp(data[0])], data, "right end point")


def no_in_policy(tw):
    """A03: only out policies: protected transport packets are accepted, clear ones too."""
    flow = sas(tw)
    tw.dut.setkey(f"spdadd {A4} {W4} any -P out {TR};")
    flow.echo(b"no in policy")
    data = lab.unique(1)
    tw.delivered([packet.ip(W4, A4, packet.UDP, flow.datagram(data[0]))], data, "clear")


def use_out(tw):
    """E11: without an SA `use` sends clear, with one protected."""
    p = Probe(tw, [])
    tw.dut.setkey(f"spdadd {A4} {W4} any -P out ipsec esp/transport//use;")
    equal(p.udp(W4), "clear", "no SA")
    flow = sas(tw)
    p.flows[flow.rx.spi] = flow
    equal(p.udp(W4), flow, "with an SA")


def require_out(tw, v):
    """E12, A20: without an SA nothing leaves; with one at once; after its deletion nothing again."""
    src, dst = lab.OUTER[v]
    p = Probe(tw, [])
    tw.dut.setkey(f"spdadd {src} {dst} any -P out {TR};")
    with tw.drops(out_no_sa=3):
        for _ in range(3):
            stopped(p.udp(dst), "no SA")
    flow = sas(tw, v=v)
    p.flows[flow.rx.spi] = flow
    equal(p.udp(dst), flow, "with an SA")
    tw.dut.setkey(f"delete {src} {dst} esp {flow.rx.spi:#x};")
    with tw.drops(out_no_sa=1):
        stopped(p.udp(dst), "SA deleted")


def unique(tw):
    """E13: one SA for each flow by reqid, and no falling back to the other."""
    seven, eight = sas(tw, reqid=7), sas(tw, reqid=8)
    p = start(tw, [seven, eight], f"""spdadd {A4} {W4}[80] tcp -P out ipsec esp/transport//unique:7;
        spdadd {A4} {W4}[443] tcp -P out ipsec esp/transport//unique:8;""")
    equal([p.syn(W4, 80), p.syn(W4, 443)], [seven, eight], "SA by port")
    tw.dut.setkey(f"delete {A4} {W4} esp {eight.rx.spi:#x};")
    stopped(p.syn(W4, 443), "its SA is deleted")
    equal(p.syn(W4, 80), seven, "the other one")


def unique_auto(tw):
    """E14: `unique` without a number gets one, and it is shown."""
    tw.need_testudo()
    tw.dut.setkey(f"spdadd {A4} {W4} any -P out ipsec esp/transport//unique;")
    shown = tw.a.run("setkey", "-DP")
    check(re.search(r"unique[#:](\d+)", shown), f"no number in:\n{shown}")


def ports(tw):
    """E15: ports of UDP and TCP, and the mirrored direction."""
    flow = sas(tw)
    p = start(tw, [flow], f"""spdadd {A4} {W4}[80] udp -P out {TR}; spdadd {A4}[1000] {W4} udp -P out {TR};
        spdadd {A4} {W4}[80] tcp -P out {TR}; spdadd {W4}[80] {A4} udp -P in {TR};""")
    got = [p.udp(W4, 80), p.udp(W4, 81), p.udp(W4, 81, 1000), p.syn(W4, 80), p.syn(W4, 81)]
    equal(got, [flow, "clear", flow, flow, "clear"], "udp 80, udp 81, udp from 1000, tcp 80, tcp 81")
    tw.dut.setkey(f"spdadd {A4} {W4}[80] sctp -P out {TR}; spdadd {A4} {W4}[80] dccp -P out {TR};")
    got = [p.raw(W4, proto, struct.pack("!HHII", 5, port, 0, 0) + os.urandom(20))
           for proto in (132, 33) for port in (80, 81)]
    equal(got, [flow, "clear", flow, "clear"], "sctp 80 and 81, dccp 80 and 81")
    def reply(sport, data):
        return packet.ip(W4, A4, packet.UDP, packet.udp(W4, A4, sport, tw.port, data))
    data = lab.unique(1)
    with tw.drops(in_clear=1):
        tw.delivered([reply(80, b"clear"), reply(81, data[0])], data, "replies in clear from 80 and 81")


def protocols(tw, v):
    """E16: only the protocol that is named."""
    dst, src = lab.OUTER[v][1], lab.OUTER[v][0]
    body = os.urandom(40)
    ping = "icmp6" if v == 6 else "icmp"
    rows = {"udp": (17, lambda: p.udp(dst)), "tcp": (6, lambda: p.syn(dst, 5)),
            "gre": (47, lambda: p.raw(dst, 47, b"\0\0\x08\0" + body)), "89": (89, lambda: p.raw(dst, 89, body)),
            "sctp": (132, lambda: p.raw(dst, 132, struct.pack("!HHII", 5, 6, 0, 0) + body)),
            "253": (253, lambda: p.raw(dst, 253, body)),
            "ip4": (4, lambda: p.raw(dst, 4, packet.ip4("10.7.7.7", "10.8.8.8", 253, body))),
            ping: (58 if v == 6 else 1, lambda: p.icmp(dst, 128 if v == 6 else 8))}
    for upper, (number, _) in rows.items():
        tw.reset()
        flow = sas(tw, v=v)
        p = start(tw, [flow], f"spdadd {src} {dst} {upper} -P out {TR};")
        for name, (proto, result) in rows.items():
            equal(result(), flow if proto == number else "clear", f"policy for {upper}, packet of {name}")


def icmp_types(tw):
    """E17: by ICMP type and code, v4 and v6."""
    flow, six = sas(tw), sas(tw, v=6)
    p = start(tw, [flow, six], f"""spdadd {A4} {W4} icmp 8,0 -P out {TR}; spdadd {A6} {W6} icmp6 128,0 -P out {TR};""")
    got = [p.icmp(W4, 8), p.icmp(W4, 13), p.icmp(W6, 128), p.icmp(W6, 129)]
    equal(got, [flow, "clear", six, "clear"], "echo request, timestamp, echo request 6, echo reply 6")


def icmp_zero(tw):
    """D8: type 0 is no type: `icmp 0,0` is every ICMP message, not the echo reply."""
    flow = sas(tw)
    p = start(tw, [flow], f"spdadd {A4} {W4} icmp 0,0 -P out {TR};")
    equal([p.icmp(W4, 0), p.icmp(W4, 8), p.icmp(W4, 13), p.udp(W4)], [flow, flow, flow, "clear"],
          "echo reply, echo request, timestamp, UDP")


def gre_key(tw):
    """E18: by GRE key; with a checksum it stands elsewhere, without one there is none."""
    flow = sas(tw)
    p = start(tw, [flow], f"spdadd {A4} {W4} gre 1234 -P out {TR};")

    def gre(flags, *words):
        return p.raw(W4, 47, struct.pack(f"!HH{len(words)}I", flags, 0x800, *words) + os.urandom(24))
    got = [gre(0x2000, 1234), gre(0x2000, 5678), gre(0xA000, 0, 1234), gre(0xA000, 1234, 5678), gre(0, 1234)]
    equal(got, [flow, "clear", flow, "clear", "clear"], "key 1234, 5678, checksum and 1234, checksum and 5678, none")


def by_port_forwarded(tw):
    """E19: of what H sends through A, one TCP port is protected on the next leg; the rest stays clear."""
    flow = sas(tw, mode="tunnel")
    (inside, beyond), host, far = lab.NETS[4], lab.HOST[4], FAR[4]
    tw.dut.setkey(f"spdadd {inside} {beyond}[1234] tcp -P out ipsec esp/tunnel/{A4}-{W4}/require;")
    rows = [(packet.TCP, packet.tcp(host, far, 5, 1234, 1, 0, 2), packet.ESP),
            (packet.TCP, packet.tcp(host, far, 1234, 5, 1, 0, 2), packet.TCP),
            (packet.UDP, packet.udp(host, far, 5, 1234, b"x"), packet.UDP),
            (*packet.echo(host, far, 1, 2, b"x"), packet.ICMP)]
    for proto, body, want in rows:
        seen = leaves(tw, packet.ip(host, far, proto, body))
        equal([x.proto for x in seen], [want], f"protocol {proto} of {body[:4].hex()} on the wire")
        if want == packet.ESP:
            equal(flow.open(seen[0])[1].payload, body, "inside")


def middle(tw):
    """E25: the middle one of three layers is optional: without its SA the others are there, with it all."""
    (near, far), third = lab.INNER[4], "10.0.0.3"
    inner, outer = sas(tw, mode="tunnel"), sas(tw, mode="tunnel", install=False)
    extra = sas(tw, install=False)
    tw.dut.apply([tw.dut.sa_line(outer.rx, A4, third, "tunnel"), tw.dut.sa_line(outer.tx, third, A4, "tunnel")])
    rule = "ipsec esp/tunnel/{}-{}/require esp/transport//use esp/tunnel/{}-{}/require;"
    tw.dut.setkey(f"spdadd {near} {far} any -P out {rule.format(A4, W4, A4, third)}"
                  f"spdadd {far} {near} any -P in {rule.format(W4, A4, third, A4)}")
    flows = {f.rx.spi: (name, f) for name, f in (("inner", inner), ("outer", outer), ("extra", extra))}

    def layers():
        tw.wire.drain()
        tw.sinks[0].sendto(b"layers", (far, 9))
        pkt, names = tw.wire.recv(lambda p: p.proto == packet.ESP), []
        check(pkt is not None, "nothing protected was sent")
        proto, data = pkt.proto, pkt.payload
        while proto == packet.ESP:
            name, flow = flows[struct.unpack_from("!I", data)[0]]
            names.append(name)
            out = flow.rx.open(data)
            proto, data = out.nh, out.payload
            if proto == packet.IPIP:
                pkt = packet.parse(data)
                proto, data = pkt.proto, pkt.payload
        return names

    def arriving(datum, way):
        body = packet.ip(far, near, packet.UDP, packet.udp(far, near, 1, tw.port, datum))
        nh, body = packet.ESP, inner.tx.seal(body, packet.IPIP)
        if "extra" in way:
            body = extra.tx.seal(body, nh)
        body = packet.ip(W4, A4, packet.ESP, body)
        return packet.ip(third, A4, packet.ESP, outer.tx.seal(body, packet.IPIP)) if "outer" in way else body
    equal(layers(), ["outer", "inner"], "layers without the middle SA")
    tw.dut.apply([tw.dut.sa_line(extra.rx, A4, W4, "transport"), tw.dut.sa_line(extra.tx, W4, A4, "transport")])
    equal(layers(), ["outer", "extra", "inner"], "layers with it")
    data = lab.unique(2)
    tw.delivered([arriving(data[0], ("outer",)), arriving(data[1], ("outer", "extra"))], data, "in, without and with it")
    with tw.drops(in_endpoint=2):
        tw.delivered([arriving(b"no outer", ()), arriving(b"no outer", ("extra",))], [], "in, without the outer one")


def services(tw):
    """E27: everything is protected but the keying daemon's ports, which talk in both directions."""
    flow = sas(tw)
    exempt = "".join(f"spdadd 0.0.0.0/0[{port}] 0.0.0.0/0[{port}] udp -P {way} prio high none;"
                     for port in (500, 4500) for way in ("in", "out"))
    p = start(tw, [flow], exempt + f"spdadd {A4} {W4} any -P out {TR}; spdadd {W4} {A4} any -P in {TR};")
    got = [p.udp(W4, 500, 500), p.udp(W4, 4500, 4500), p.udp(W4, 500, 501), p.udp(W4, 501, 500), p.udp(W4)]
    equal(got, ["clear", "clear", flow, flow, flow], "500 to 500, 4500 to 4500, 501 to 500, 500 to 501, another")
    with tw.a:
        daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with daemon, tw.drops(in_clear=1):
        daemon.bind(("", 500))
        tw.wire.send(packet.ip(W4, A4, packet.UDP, packet.udp(W4, A4, 501, 500, b"not exempt")))
        tw.wire.send(packet.ip(W4, A4, packet.UDP, packet.udp(W4, A4, 500, 500, b"ike")))
        daemon.settimeout(lab.TIMEOUT)
        equal(daemon.recv(100), b"ike", "datagram for the daemon")


def many_flows(tw):
    """E24: of 500 connected sockets none uses an old decision after a change of policy."""
    flow = sas(tw)
    p = Probe(tw, [flow])
    with tw.a:
        socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(500)]
    for n, sock in enumerate(socks):
        sock.connect((W4, 1000 + n))

    def results():
        marks = [os.urandom(12) for _ in socks]
        return set(p.many([(lambda s=s, m=m: s.send(m), m) for s, m in zip(socks, marks)]))
    try:
        for turn in range(2):
            equal(results(), {"clear"}, f"turn {turn}, no policy")
            tw.dut.setkey(f"spdadd {A4} {W4} any -P out {TR};")
            equal(results(), {flow}, f"turn {turn}, ipsec")
            tw.dut.setkey(f"spdadd {A4} {W4} udp -P out prio high discard;")
            got = results()
            check(got <= {"EPERM", "EACCES", "blocked"}, f"turn {turn}, discard: {got}")
            tw.dut.setkey("spdflush;")
    finally:
        for sock in socks:
            sock.close()


def limited(tw, **hard):
    """Add an out policy with a hard lifetime by PF_KEY; (socket, id)."""
    key = tw.pfkey()
    key.request(pfkey.REGISTER, pfkey.SATYPE_ESP)           # who registered hears of the end
    req = struct.pack("=HHBBHII", 16, 50, pfkey.MODE["transport"], pfkey.LEVEL["require"], 0, 0, 0)
    body = struct.pack("=HBBII", 2, pfkey.DIR["out"], 0, 0, 0) + req
    msg = key.request(pfkey.SPDADD, pfkey.SATYPE_ANY, pfkey.ext(pfkey.EXT_POLICY, body),
                      pfkey.ext_addr(pfkey.EXT_SRC, A4), pfkey.ext_addr(pfkey.EXT_DST, W4),
                      pfkey.ext_life(pfkey.EXT_HARD, **hard))
    return key, struct.unpack_from("=I", msg.ext[pfkey.EXT_POLICY], 4)[0]


def policy_life(tw, kind):
    """SPDGET says when a policy was used last; after @kind it is gone, and what it protected goes in clear."""
    flow = sas(tw)
    p = Probe(tw, [flow])
    key, ident = limited(tw, **{kind: 10})                  # the first packet has that time

    def used():
        msg = key.request(pfkey.SPDGET, pfkey.SATYPE_ANY,
                          pfkey.ext(pfkey.EXT_POLICY, struct.pack("=HBBII", 0, 0, 0, ident, 0)))
        return msg.life()[3]
    equal(used(), 0, "time of use before the first packet")
    equal(p.udp(W4), flow, "under the policy")
    check(abs(used() - time.time()) < 30, f"time of use {used()} at {time.time()}")
    msg = key.wait(SPDEXPIRE, 10 + lab.TIMEOUT)
    check(msg is not None, "no SPDEXPIRE")
    equal(struct.unpack_from("=I", msg.ext[pfkey.EXT_POLICY], 4)[0], ident, "policy of SPDEXPIRE")
    equal(p.udp(W4), "clear", "when the policy has expired")
    key.close()


def discovery(tw):
    """E17: neighbour discovery keeps working under a policy for everything when it is exempt."""
    flow = sas(tw, v=6)
    nd = "".join(f"spdadd ::/0 ::/0 icmp6 {t},0 -P {d} prio high none;" for t in (135, 136) for d in ("in", "out"))
    p = start(tw, [flow], nd + f"""spdadd ::/0 ::/0 any -P out {TR}; spdadd ::/0 ::/0 any -P in {TR};""")
    tw.a.ip("neigh", "del", W6, "dev", "a0")
    try:
        p.many([p.send_udp(W6)])
        pkt = tw.wire.recv(flow.is_reply)
        if pkt is None:
            p.many([p.send_udp(W6)])
            pkt = tw.wire.recv(flow.is_reply)
        check(pkt is not None, "no protected packet: discovery is blocked")
    finally:
        tw.a.ip("neigh", "replace", W6, "lladdr", "02:00:00:00:00:02", "dev", "a0", "nud", "permanent")


def update(tw):
    """E22: spdupdate creates and replaces; a second spdadd is refused."""
    flow = sas(tw)
    p = start(tw, [flow], f"spdupdate {A4} {W4} any -P out {TR};")
    equal(p.udp(W4), flow, "created by spdupdate")
    status, text = tw.dut.setkey(f"spdadd {A4} {W4} any -P out none;", fails=True)
    check(status != 0 and "exists" in text.lower(), f"spdadd of the same selector: {status} {text}")
    tw.dut.setkey(f"spdupdate {A4} {W4} any -P out none;")
    equal(p.udp(W4), "clear", "replaced by spdupdate")


def exact_delete(tw):
    """E23: another prefix, port or protocol deletes nothing."""
    flow = sas(tw)
    p = start(tw, [flow], f"spdadd {A4} 10.0.0.0/24[80] udp -P out {TR};")
    for other in (f"{A4} 10.0.0.0/25[80] udp", f"{A4} 10.0.0.0/24[81] udp", f"{A4} 10.0.0.0/24[80] tcp",
                  f"{A4} 10.0.0.0/24 udp", f"10.0.0.0/24 10.0.0.0/24[80] udp"):
        status, text = tw.dut.setkey(f"spddelete {other} -P out;", fails=True)
        check(status != 0, f"spddelete {other}: {text}")
    equal(p.udp(W4, 80), flow, "still there")


def generation(tw):
    """E24: a connected socket never uses an old decision."""
    flow = sas(tw)
    p = Probe(tw, [flow])
    with tw.a:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect((W4, 9))

    def send():
        mark = os.urandom(12)
        return p.many([(lambda: sock.send(mark), mark)])[0]
    for turn in range(12):
        tw.dut.setkey(f"spdflush; spdadd {A4} {W4} any -P out {TR};")
        equal(send(), flow, f"turn {turn}: ipsec")
        tw.dut.setkey(f"spdupdate {A4} {W4} any -P out discard;")
        stopped(send(), f"turn {turn}: discard")
        tw.dut.setkey(f"spddelete {A4} {W4} any -P out;")
        equal(send(), "clear", f"turn {turn}: no policy")
    sock.close()


def next_packet(tw, v, mode):
    """E24: each change of policies and SAs counts for the next packet, of A in transport mode, of H through a tunnel."""
    flow = sas(tw, v, mode)
    p, ends, dst = Probe(tw, [flow]), (flow.a_out, flow.w_out), FAR[v] if mode == "tunnel" else lab.OUTER[v][1]
    src, to = lab.NETS[v] if mode == "tunnel" else lab.OUTER[v]
    rule = tw.dut.sp_line(src, to, "out", mode, ends, upper="udp")
    names = f"{src} {to} udp -P out"

    def expect(want, what):
        got = p.from_h(dst) if mode == "tunnel" else p.udp(dst)
        if want is None:
            stopped(got, what)
        else:
            equal(got, want, what)
    for turn in range(4):
        for text, want in ((rule, flow), (f"delete {ends[0]} {ends[1]} esp {flow.rx.spi:#x};", None),
                           (tw.dut.sa_line(flow.rx, *ends, mode, 64), flow),
                           (rule.replace("spdadd", "spdupdate").partition(" ipsec")[0] + " discard;", None),
                           (rule.replace("spdadd", "spdupdate"), flow),
                           (f"spddelete {names};", "clear")):
            tw.dut.setkey(text)
            expect(want, f"turn {turn}, after {text.strip()[:60]}")


def shunt(tw):
    """E26: everything into the tunnel but the LAN."""
    flow = sas(tw, mode="tunnel")
    p = start(tw, [flow], f"""spdadd 0.0.0.0/0 10.0.0.0/24 any -P out prio high none;
        spdadd 10.0.0.0/24 0.0.0.0/0 any -P in prio high none;
        spdadd 10.0.1.0/24 0.0.0.0/0 any -P out ipsec esp/tunnel/{A4}-{W4}/require;
        spdadd 0.0.0.0/0 10.0.1.0/24 any -P in ipsec esp/tunnel/{W4}-{A4}/require;""")
    equal(p.udp(W4), "clear", "LAN")
    tw.a.ip("route", "add", "default", "via", W4, "src", lab.INNER[4][0])
    try:
        equal(p.udp("192.0.2.1"), flow, "the world")
    finally:
        tw.a.ip("route", "del", "default")


def through(tw, v, flow):
    """What is forwarded from the far net to H: the protected packet alone, and the clear one is counted."""
    def pkt(data):
        return packet.udp(FAR[v], lab.HOST[v], 1, 2, data)
    with tw.drops(in_clear=1):
        tw.wire.send(packet.ip(FAR[v], lab.HOST[v], packet.UDP, pkt(b"forward clear")))
        tw.arrivals()
    tw.wire.send(flow.wrap(packet.UDP, pkt(b"forward protected"), inner={"src": FAR[v], "dst": lab.HOST[v]}))
    seen = tw.inside.recv(lambda p: b"forward" in p.payload)
    check(seen is not None, "the protected packet was not forwarded")
    check(b"protected" in seen.payload, "the clear packet was forwarded")


def forward_only(tw, v):
    """E28: a fwd policy filters what is forwarded and leaves local delivery alone."""
    flow = sas(tw, v=v, mode="tunnel")
    inside, beyond = lab.NETS[v]
    tw.a.run("setkey", "-k", "-c", text=f"spdadd {beyond} {inside} any -P fwd "
             f"ipsec esp/tunnel/{flow.w_out}-{flow.a_out}/require;")
    data, own = lab.unique(1), lab.INNER[v][0]
    tw.delivered([packet.ip(FAR[v], own, packet.UDP, packet.udp(FAR[v], own, 1, tw.port, data[0]))], data,
                 "local delivery in clear")
    through(tw, v, flow)


def fwd_from_in(tw, v):
    """D7: with no fwd policy at all the in policies rule what is forwarded."""
    flow = sas(tw, v=v, mode="tunnel")
    inside, beyond = lab.NETS[v]
    tw.a.run("setkey", "-k", "-c", text=f"spdadd {beyond} {inside} any -P in "
             f"ipsec esp/tunnel/{flow.w_out}-{flow.a_out}/require;")
    through(tw, v, flow)


def mapped(tw):
    """E29: an IPv6 socket to a mapped address follows IPv4 policies."""
    flow = sas(tw)
    p = start(tw, [flow], f"spdadd {A4} {W4} any -P out {TR};")
    with tw.a:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    mark = os.urandom(12)
    equal(p.many([(lambda: sock.sendto(mark, (f"::ffff:{W4}", 9)), mark)])[0], flow, "mapped")
    sock.close()


def no_recursion(tw):
    """A10: selectors that cover the tunnel's own end points: ESP is not protected again."""
    flow = sas(tw, mode="tunnel")
    p = start(tw, [flow], f"spdadd 0.0.0.0/0 10.0.0.0/30 any -P out ipsec esp/tunnel/{A4}-{W4}/require;")
    equal(p.udp(W4), flow, "to the end point itself")


suite.add("E01_policy_none_bypass", bypass)
for order in ((100, 10, -5), (100, -5, 10), (10, 100, -5), (10, -5, 100), (-5, 100, 10), (-5, 10, 100)):
    suite.add("E03_policy_priority_{}_{}_{}".format(*order), priority, order)
suite.add("E04_policy_prio_keywords", keywords)
suite.add("E05_policy_equal_prio_order", first_wins)
suite.add("E06_policy_overlap_model_v4", against_model, 4, 4, 24)
suite.add("E07_policy_overlap_model_v6", against_model, 6, 4, 24)
suite.add("E08_policy_direction_independent", directions)
for v, outer in ((4, 4), (6, 6), (4, 6), (6, 4)):
    suite.add(f"E09_policy_in_endpoints_{v}in{outer}", endpoints, v, outer)
suite.add("A03_esp_out_policy_only", no_in_policy)
suite.add("A10_esp_endpoints_inside_selectors", no_recursion)
suite.add("E11_policy_level_use_out", use_out)
for v in (4, 6):
    suite.add(f"E02_policy_discard_v{v}", discard, v)
    suite.add(f"E09_policy_in_requires_ipsec_v{v}", inbound, v)
    suite.add(f"E28_policy_fwd_only_v{v}", forward_only, v)
    suite.add(f"D07_policy_fwd_falls_back_to_in_v{v}", fwd_from_in, v)
    suite.add(f"E12_policy_level_require_out_v{v}", require_out, v)
    suite.add(f"E16_policy_proto_selector_v{v}", protocols, v)
suite.add("E13_policy_unique", unique)
suite.add("E14_policy_unique_auto", unique_auto)
suite.add("E15_policy_port_selectors", ports)
suite.add("E17_policy_icmp_type_code", icmp_types)
suite.add("E17_policy_icmp_type_0", icmp_zero)
suite.add("E17_policy_neighbour_discovery", discovery)
suite.add("E18_policy_gre_key", gre_key)
suite.add("E19_policy_port_forwarded", by_port_forwarded)
suite.add("E22_policy_spdupdate", update)
suite.add("E23_policy_exact_delete", exact_delete)
suite.add("E24_policy_generation", generation)
suite.add("E24_policy_generation_many_flows", many_flows)
for v in (4, 6):
    for mode in ("transport", "tunnel"):
        suite.add(f"E24_next_packet_{mode}_v{v}", next_packet, v, mode)
suite.add("E25_policy_middle_of_bundle", middle)
suite.add("E26_policy_asymmetric_cover", shunt)
suite.add("E27_policy_host_services", services)
for kind in ("addtime", "usetime"):
    suite.add(f"I01_policy_life_{kind}", policy_life, kind)
suite.add("E29_policy_v4mapped", mapped)

if __name__ == "__main__":
    suite.run(lambda: lab.Lab(behind=True))
