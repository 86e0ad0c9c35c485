#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Are TTL, DSCP, ECN, DF, id, flow label and fragments carried through a gateway's tunnel as RFC 4301 and 6040 say?

# kernels: all
# timeout: 900
# brief: _4in6|59_v6|csum|df_set|relay_ttl_v6

A is the gateway between H (inside, raw) and W (outside, raw); see wire/lab.py.
"""
import os
import random
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import lab
import packet
from ktap import Suite, check, equal

suite = Suite(__doc__)
FAMILIES = ((4, 4), (6, 6), (4, 6), (6, 4))
NOT_ECT, ECT1, ECT0, CE = range(4)


def far(v):
    """An address behind W."""
    return lab.INNER[v][1]


def tunnel(tw, v, outer=None, **kw):
    """Key A for H's net and the one behind W."""
    return tw.flow("gcm16_128", v=v, outer=outer or v, mode="tunnel", **kw)


def send_in(tw, v, data, **kw):
    """H sends a datagram to the far net."""
    body = packet.udp(lab.HOST[v], far(v), 1234, 4321, data)
    tw.inside.send(packet.ip(lab.HOST[v], far(v), packet.UDP, body, **kw))


def at_wire(tw, flow):
    """The next protected packet at W: (outer, inner)."""
    pkt = tw.wire.recv(flow.is_reply)
    check(pkt is not None, "nothing came out of the tunnel's near end")
    return pkt, flow.open(pkt)[1]


def from_wire(tw, flow, v, data, outer=None, inner=None, **seal):
    """W sends a protected datagram for H."""
    fields = {"dst": lab.HOST[v], **(inner or {})}
    body = packet.udp(far(v), lab.HOST[v], 4321, 1234, data)
    tw.wire.send(flow.wrap(packet.UDP, body, outer=outer, inner=fields, **seal))


def at_inside(tw, data, timeout=None):
    """The packet with @data at H, or None."""
    return tw.inside.recv(lambda p: data in p.payload, timeout)


def encap(tw, v, outer_v):
    """All ECN values with DSCP 0, 46 and 63: copied to the outer header."""
    flow = tunnel(tw, v, outer_v)
    for dscp in (0, 46, 63):
        for ecn in range(4):
            tos = dscp << 2 | ecn
            data = os.urandom(8)
            send_in(tw, v, data, tos=tos)
            outer, inner = at_wire(tw, flow)
            equal((outer.tos, inner.tos), (tos, tos), f"outer and inner of DSCP {dscp} ECN {ecn}")
            check(data in inner.payload, "another packet")


def decap(tw, v, outer_v):
    """RFC 6040 figure 4; the DSCP inside stays."""
    flow = tunnel(tw, v, outer_v)
    for inner_ecn in (NOT_ECT, ECT0, ECT1, CE):
        for outer_ecn in (NOT_ECT, ECT0, ECT1, CE):
            want = inner_ecn
            if outer_ecn == CE:
                want = CE if inner_ecn else None
            elif (inner_ecn, outer_ecn) == (ECT0, ECT1):
                want = ECT1
            data, tos = os.urandom(8), 46 << 2 | inner_ecn
            fence = os.urandom(8)
            with lab.in_order():
                from_wire(tw, flow, v, data, outer={"tos": 7 << 2 | outer_ecn}, inner={"tos": tos})
                from_wire(tw, flow, v, fence)
            seen = tw.inside.recv(lambda p: data in p.payload or fence in p.payload)
            check(seen is not None, "nothing came through")
            seen = seen.tos if data in seen.payload else None
            equal(seen, None if want is None else 46 << 2 | want,
                  f"TOS at H for inner ECN {inner_ecn} and outer {outer_ecn}")
            if want is not None:
                at_inside(tw, fence)


def ttl(tw, v, outer_v):
    """Forwarded: one less inside. Outer: A's own. Arriving with 1: an error to H, no packet."""
    flow = tunnel(tw, v, outer_v)
    data = os.urandom(8)
    send_in(tw, v, data, ttl=33)
    outer, inner = at_wire(tw, flow)
    equal((outer.ttl, inner.ttl), (64, 32), "TTL outside and inside")
    send_in(tw, v, os.urandom(8), ttl=1)
    error = tw.inside.recv(lambda p: p.proto in (packet.ICMP, packet.ICMP6))
    check(error is not None, "no Time Exceeded for H")
    equal(error.payload[0], 11 if v == 4 else 3, "ICMP type")
    check(tw.wire.recv(timeout=0) is None, "a packet with TTL 1 went into the tunnel")
    from_wire(tw, flow, v, data, outer={"ttl": 7}, inner={"ttl": 20})
    seen = at_inside(tw, data)
    check(seen is not None, "nothing came to H")
    equal(seen.ttl, 19, "TTL at H")


def outer_ttl(tw, v, outer_v):
    """Outside it is that of the route to the other end, or what this host gives its packets."""
    flow = tunnel(tw, v, outer_v)
    near, to = lab.OUTER[outer_v][0], lab.OUTER[outer_v][1]
    knob = "net/ipv4/ip_default_ttl" if outer_v == 4 else "net/ipv6/conf/a0/hop_limit"

    def check_ttl(want):
        send_in(tw, v, os.urandom(8), ttl=33)
        outer, inner = at_wire(tw, flow)
        equal((outer.ttl, inner.ttl), (want, 32), "TTL outside and inside")
    tw.a.sysctl(knob, 99)
    try:
        check_ttl(99)
        tw.a.ip("route", "add", to, "dev", "a0", "src", near, "hoplimit", "42")
        try:
            check_ttl(42)
        finally:
            tw.a.ip("route", "del", to, "dev", "a0", "src", near)
        check_ttl(99)
    finally:
        tw.a.sysctl(knob, 64)


def transport_fields(tw, v):
    """There is one IP header, and it is the packet's: nothing of it changes but length and protocol."""
    flow = tw.flow("gcm16_128", v=v, install=False, ways=())
    flow.a_out = flow.a_in = lab.HOST[v]
    tw.dut.apply([tw.dut.sa_line(flow.rx, flow.a_out, flow.w_out, "transport"),
                  tw.dut.sp_line(flow.a_out, flow.w_out, "out", "transport", (flow.a_out, flow.w_out))])
    for tos, fields in ((46 << 2 | ECT1, {"df": 0, "ident": 0x1234}), (CE, {"df": 1, "ident": 0x4321}), (63 << 2, {})):
        body = packet.udp(flow.a_in, flow.w_in, 1234, 4321, os.urandom(8))
        tw.inside.send(packet.ip(flow.a_in, flow.w_in, packet.UDP, body, ttl=33, tos=tos, **(fields if v == 4 else {})))
        pkt = tw.wire.recv(flow.is_reply)
        check(pkt is not None, "nothing came")
        equal((pkt.ttl, pkt.tos), (32, tos), "TTL and TOS of ESP")
        equal(flow.open(pkt)[0].payload, body, "what is protected")
        if v == 4 and fields:
            equal((pkt.df, pkt.ident, pkt.mf, pkt.off), (fields["df"], fields["ident"], 0, 0), "DF, id, MF, offset")


def transport_fields_in(tw, v):
    """What comes in is given on with the fields that it came with; CE stays what it is."""
    flow = tw.flow("gcm16_128", v=v)
    level, wanted, names = (socket.IPPROTO_IP, (12, 13), (2, 1)) if v == 4 else (socket.IPPROTO_IPV6, (51, 66), (52, 67))
    sock = tw.sinks[v == 6]
    for option in wanted:                       # RECVTTL and RECVTOS, or RECVHOPLIMIT and RECVTCLASS
        sock.setsockopt(level, option, 1)
    sock.settimeout(lab.TIMEOUT)
    try:
        for tos in (46 << 2 | ECT1, 63 << 2 | CE, CE, 0):
            data = os.urandom(8)
            tw.wire.send(flow.udp(data, outer={"ttl": 7, "tos": tos}))
            got, notes, _, _ = sock.recvmsg(100, 200)
            notes = {kind: int.from_bytes(value[:4], sys.byteorder) for where, kind, value in notes if where == level}
            equal(got, data, "datagram")
            equal([notes.get(name) for name in names], [7, tos], "TTL and TOS")
    finally:
        sock.settimeout(None)
        for option in wanted:
            sock.setsockopt(level, option, 0)


def local_ttl(tw, v):
    """Locally sent: the inner TTL is the socket's."""
    flow = tunnel(tw, v)
    with tw.a:
        own = socket.socket(socket.AF_INET if v == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    own.bind((lab.INNER[v][0], 0))
    if v == 4:
        own.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 77)
    else:
        own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 77)
    own.sendto(b"local", (far(v), 9))
    own.close()
    equal(at_wire(tw, flow)[1].ttl, 77, "inner TTL")


def next_header_59(tw, v):
    """Through the tunnel whole; as the payload of a transport SA it is a dummy and dies."""
    flow = tunnel(tw, v)
    bare = packet.ip(lab.HOST[v], far(v), 59, b"")
    tw.inside.send(bare)
    pkt = tw.wire.recv(flow.is_reply)
    check(pkt is not None, "protocol 59 did not enter the tunnel")
    inner = flow.open(pkt)[1]
    equal((inner.proto, inner.payload), (59, b""), "inner packet")
    tw.wire.send(flow.wrap(59, b"", inner={"dst": lab.HOST[v]}))
    check(tw.inside.recv(lambda p: p.proto == 59) is not None, "protocol 59 did not come out")
    with tw.drops(in_dummy=3):
        for size in (0, 1, 900):
            tw.wire.send(flow.outer(flow.tx.seal(os.urandom(size), 59)))
        tw.arrivals()
    tw.reset()
    flow = tw.flow("aes128", "sha256", v=v)
    with tw.drops(in_dummy=2):
        for size in (0, 77):
            tw.wire.send(flow.outer(flow.tx.seal(os.urandom(size), 59)))
        tw.arrivals()
    flow.echo(b"alive")


def tfc(tw, v, outer_v):
    """Bytes behind the inner packet are cut off."""
    flow = tunnel(tw, v, outer_v)
    for extra in (1, 3, 100, 700):
        data = os.urandom(16)
        inner = packet.ip(far(v), lab.HOST[v], packet.UDP,
                          packet.udp(far(v), lab.HOST[v], 4321, 1234, data))
        nh = packet.IPIP if v == 4 else packet.IPV6
        tw.wire.send(flow.outer(flow.tx.seal(inner + os.urandom(extra), nh)))
        seen = at_inside(tw, data)
        check(seen is not None, f"{extra} bytes of TFC padding: not delivered")
        equal(len(seen.raw), len(inner), f"length at H with {extra} bytes of TFC padding")


def inner_fragments(tw, v):
    """Fragments that H made travel one by one, unchanged."""
    flow = tunnel(tw, v)
    body = packet.udp(lab.HOST[v], far(v), 1234, 4321, os.urandom(2900))
    parts = packet.frag(lab.HOST[v], far(v), packet.UDP, body, 1200)
    whole, got = packet.Reassembler(), None
    for part in parts:
        tw.inside.send(part)
    for _ in parts:
        inner = at_wire(tw, flow)[1]
        equal(inner.ident, packet.parse(parts[0]).ident, "fragment id")
        got = whole.feed(inner)
    check(got is not None and got.payload == body, "the fragments do not make the datagram")
    body = packet.udp(far(v), lab.HOST[v], 4321, 1234, os.urandom(2900))
    parts = packet.frag(far(v), lab.HOST[v], packet.UDP, body, 1200)
    for part in parts:
        nh = packet.IPIP if v == 4 else packet.IPV6
        tw.wire.send(flow.outer(flow.tx.seal(part, nh)))
    whole, got = packet.Reassembler(), None
    for _ in parts:
        pkt = tw.inside.recv(lambda p: p.proto == packet.UDP)
        check(pkt is not None, "fragments are missing at H")
        equal((pkt.ident, len(pkt.payload)), (packet.parse(parts[0]).ident, 1200 if pkt.mf else len(body) % 1200),
              "fragment id and length at H")
        got = whole.feed(pkt)
    check(got is not None and got.payload == body, "the fragments do not make the datagram at H")


def df_outside(tw, flow, want):
    """What DF is outside of packets without it, and with it; inside it stays."""
    for df in (0, 1):
        send_in(tw, 4, os.urandom(8), df=df)
        outer, inner = at_wire(tw, flow)
        equal((outer.df, inner.df), (want[df], df), f"DF outside and inside for {df}")


def df_copy(tw):
    """The DF bit of IPv4 in IPv4 is copied."""
    flow = tunnel(tw, 4)
    df_outside(tw, flow, (0, 1))


def flagged(tw, v, outer_v, flag):
    """A tunnel whose SAs were given a flag of setkey's."""
    tw.need_testudo()
    flow = tunnel(tw, v, outer_v, install=False)
    ends = ((flow.tx, flow.w_out, flow.a_out), (flow.rx, flow.a_out, flow.w_out))
    lines = [tw.dut.sa_line(sa, src, dst, "tunnel", 64) for sa, src, dst in ends]
    tw.dut.setkey("".join(line.replace(" -E", f" -f {flag} -E") for line in lines))
    return flow


def nopmtudisc(tw):
    """-f nopmtudisc: DF outside is never set, whatever is inside."""
    flow = flagged(tw, 4, 4, "nopmtudisc")
    df_outside(tw, flow, (0, 0))
    for flag, df in (("nopmtudisc", 0), ("cyclic-seq", 1)):
        tw.reset()
        flow = flagged(tw, 6, 4, flag)
        send_in(tw, 6, os.urandom(1300))
        equal(at_wire(tw, flow)[0].df, df, f"DF outside 1348 bytes of IPv6, -f {flag}")


def dfset(tw):
    """-f dfset: DF outside is set, whatever is inside; but not on IPv6 that nobody could be asked to make smaller."""
    flow = flagged(tw, 4, 4, "dfset")
    df_outside(tw, flow, (1, 1))
    # without DF inside it is cut first, so that it fits all the same
    parts, whole = 0, packet.Reassembler()
    data = os.urandom(flow.rx.inner_mtu(1500, 20) - 27)
    send_in(tw, 4, data)
    while True:
        outer, inner = at_wire(tw, flow)
        parts += 1
        equal((outer.df, outer.mf, outer.off), (1, 0, 0), "DF, MF and offset outside a fragment")
        got = whole.feed(inner)
        if got:
            break
    check(parts == 2 and got.payload[8:] == data, f"{parts} fragments, or another datagram")
    tw.reset()
    flow = flagged(tw, 6, 4, "dfset")
    for size, df in ((1280, 0), (1281, 1)):
        send_in(tw, 6, os.urandom(size - 48))
        equal(at_wire(tw, flow)[0].df, df, f"DF outside {size} bytes of IPv6")


def ids(tw):
    """Without DF no two packets between the same ends have the same id, whatever SA they go by; with DF it is 0."""
    flows = (tunnel(tw, 4, reqid=1, level="unique:1"), tunnel(tw, 6, 4, reqid=2, level="unique:2"))
    seen = set()
    for number in range(1000):
        flow = flows[number & 1]
        send_in(tw, flow.v, b"", **({"df": 0, "ident": 1} if flow.v == 4 else {}))
        outer = at_wire(tw, flow)[0]
        equal(outer.df, 0, "DF outside")
        check(outer.ident not in seen, f"packet {number} has the id {outer.ident} of another one")
        seen.add(outer.ident)
    send_in(tw, 4, b"", df=1)
    outer = at_wire(tw, flows[0])[0]
    equal((outer.df, outer.ident), (1, 0), "DF and id outside")


def flow_label(tw, v):
    """The label inside stays and is not shown outside; one that comes outside is not looked at."""
    flow = tunnel(tw, v, 6)
    for label in (0x12345, 0xFFFFF):
        body = packet.udp(lab.HOST[v], far(v), 1234, 4321, os.urandom(8))
        if v == 6:
            tw.inside.send(packet.ip6(lab.HOST[6], far(6), packet.UDP, body, flow=label))
        else:
            tw.inside.send(packet.ip(lab.HOST[4], far(4), packet.UDP, body))
        outer, inner = at_wire(tw, flow)
        equal((outer.flow, inner.flow), (0, label if v == 6 else 0), "flow labels outside and inside")
        data = os.urandom(8)
        inner = packet.ip(far(v), lab.HOST[v], packet.UDP, packet.udp(far(v), lab.HOST[v], 4321, 1234, data))
        if v == 6:
            inner = packet.ip6(far(6), lab.HOST[6], packet.UDP, inner[40:], flow=label)
        sealed = flow.tx.seal(inner, packet.IPV6 if v == 6 else packet.IPIP)
        tw.wire.send(packet.ip6(flow.w_out, flow.a_out, packet.ESP, sealed, flow=label ^ 0xFFFFF))
        seen = at_inside(tw, data)
        check(seen is not None, "nothing came to H")
        equal(seen.flow, label if v == 6 else 0, "flow label at H")


def transport_label(tw):
    """In transport mode the label is the socket's, the same for all of its packets."""
    flow = tw.flow("gcm16_128", v=6)
    tw.a.sysctl("net/ipv6/auto_flowlabels", 1)
    labels = set()
    for _ in range(2):
        tw.sinks[1].sendto(b"label", (flow.w_in, 9))
        pkt = tw.wire.recv(flow.is_reply)
        check(pkt is not None, "nothing came")
        labels.add(pkt.flow)
    check(len(labels) == 1 and 0 not in labels, f"labels of one socket: {labels}")


ELSEWHERE = {4: lab.BEYOND, 6: "fd00:9::1"}


def relay(tw, v):
    """Out of one tunnel into another: one hop for the packet inside, and a new TTL outside."""
    tw.need_testudo()
    if v == 6:
        tw.a.ip("route", "replace", "fd00:9::/64", "via", lab.OUTER[6][1])
    first = tunnel(tw, v, reqid=1, ways=())
    second = tunnel(tw, v, reqid=2, ways=())
    ends = (first.w_out, first.a_out)
    lines = [f"spdadd {lab.NETS[v][1]} {ELSEWHERE[v]} any -P {way} ipsec esp/tunnel/{a}-{b}/unique:{reqid};\n"
             for way, a, b, reqid in (("in", *ends, 1), ("out", *ends[::-1], 2))]
    tw.dut.setkey("".join(lines))
    body = packet.udp(far(v), ELSEWHERE[v], 4321, 1234, os.urandom(8))
    tw.wire.send(first.wrap(packet.UDP, body, outer={"ttl": 7}, inner={"dst": ELSEWHERE[v], "ttl": 20}))
    outer, inner = at_wire(tw, second)
    equal((outer.ttl, inner.ttl), (64, 19), "TTL outside and inside")
    equal(inner.payload, body, "datagram")


def decap_dscp(tw, v, outer_v):
    """-f decap-dscp: H gets the outer DSCP; ECN is combined as ever."""
    flow = flagged(tw, v, outer_v, "decap-dscp")
    for outer_ecn, ecn in ((ECT0, ECT0), (CE, CE)):
        data = os.urandom(8)
        from_wire(tw, flow, v, data, outer={"tos": 7 << 2 | outer_ecn}, inner={"tos": 46 << 2 | ECT0})
        seen = at_inside(tw, data)
        check(seen is not None, "nothing came to H")
        equal(seen.tos, 7 << 2 | ecn, f"TOS at H for outer ECN {outer_ecn}")
        if v == 4:
            equal(packet.csum(seen.raw[:20]), 0, "checksum of the IPv4 header")


def noecn(tw, v, outer_v):
    """-f noecn: ECN inside stays, whatever the outer header says; on the way out the outer one has none."""
    flow = flagged(tw, v, outer_v, "noecn")
    for ecn in range(4):
        data, tos = os.urandom(8), 46 << 2 | ecn
        from_wire(tw, flow, v, data, outer={"tos": 7 << 2 | CE}, inner={"tos": tos})
        seen = at_inside(tw, data)
        check(seen is not None, f"inner ECN {ecn}, outer CE: nothing came to H")
        equal(seen.tos, tos, f"TOS at H for inner ECN {ecn}")
        send_in(tw, v, data, tos=tos)
        outer, inner = at_wire(tw, flow)
        equal((outer.tos, inner.tos), (46 << 2, tos), f"TOS outside and inside for ECN {ecn}")


def csum(tw, v):
    """Checksums left to the device are completed before encryption (transmit offload is on)."""
    flow = tunnel(tw, v)
    family = socket.AF_INET if v == 4 else socket.AF_INET6
    with tw.a:
        udp, tcp = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_STREAM)
    for sock in (udp, tcp):
        sock.bind((lab.INNER[v][0], 0))
    for size in (0, 1, 31, 1000):
        udp.sendto(os.urandom(size), (far(v), 9))
        inner = at_wire(tw, flow)[1]
        check(packet.l4_ok(inner.src, inner.dst, inner.proto, inner.payload), f"UDP checksum, {size} bytes")
    tcp.setblocking(False)
    tcp.connect_ex((far(v), 9))
    inner = at_wire(tw, flow)[1]
    equal(inner.proto, packet.TCP, "inner protocol")
    check(packet.l4_ok(inner.src, inner.dst, inner.proto, inner.payload), "TCP checksum")
    udp.close()
    tcp.close()


for v, outer in FAMILIES:
    suite.add(f"F12_dscp_ecn_encap_{v}in{outer}", encap, v, outer)
    suite.add(f"F13_dscp_ecn_decap_{v}in{outer}", decap, v, outer)
    suite.add(f"F14_ttl_rules_{v}in{outer}", ttl, v, outer)
    suite.add(f"F25_tfc_padding_{v}in{outer}", tfc, v, outer)
    suite.add(f"F14_ttl_outside_{v}in{outer}", outer_ttl, v, outer)
for v in (4, 6):
    suite.add(f"F12_transport_fields_out_v{v}", transport_fields, v)
    suite.add(f"F12_transport_fields_in_v{v}", transport_fields_in, v)
    suite.add(f"F14_ttl_local_v{v}", local_ttl, v)
    suite.add(f"F24_no_next_header_59_v{v}", next_header_59, v)
    suite.add(f"F09_inner_fragments_v{v}", inner_fragments, v)
    suite.add(f"G11_csum_offload_v{v}", csum, v)
suite.add("F11_df_copied", df_copy)
suite.add("F11_flag_nopmtudisc", nopmtudisc)
suite.add("F11_df_set", dfset)
suite.add("F11_ids", ids)
for v in (4, 6):
    suite.add(f"F12_flow_label_{v}in6", flow_label, v)
    suite.add(f"F17_relay_ttl_v{v}", relay, v)
suite.add("F12_flow_label_transport", transport_label)
for v, outer in ((4, 6), (6, 4)):
    suite.add(f"F12_flag_decap_dscp_{v}in{outer}", decap_dscp, v, outer)
    suite.add(f"F13_flag_noecn_{v}in{outer}", noecn, v, outer)

if __name__ == "__main__":
    suite.run(lambda: lab.Lab(behind=True))
