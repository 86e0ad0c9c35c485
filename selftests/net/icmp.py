#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Do ICMP errors go, and come, by the policy of the packet that they quote, and never in clear?

# kernels: all
# timeout: 900
# brief: 4in4|6in4|transport|cache|refuses|redirect_into

RFC 4301 section 6. A is the gateway between H (inside, raw) and W (outside, raw); see wire/lab.py.
Its own errors come from its outside address, which is in no policy's selectors.
"""
import contextlib
import os
import random
import select
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import esp
import lab
import packet
import pfkey
from ktap import Suite, check, equal

suite = Suite(__doc__)
FAMILIES = ((4, 4), (6, 6), (4, 6), (6, 4))
STRANGER = {4: "10.9.9.9", 6: "fd00:9::9"}              # a router, in no policy
NOBODY = {4: "10.0.1.99", 6: "fd00:1::99"}              # on H's link, and not there
SECOND = {4: "10.0.1.3", 6: "fd00:1::3"}                # another address of A, if it is asked for
ONLINK = {4: "10.0.0.4", 6: "fd00::4"}                  # an address inside a tunnel that A believes to be a neighbour
FAR = {4: lab.BEYOND, 6: "fd00:77::1"}                  # reached through W in clear
# Type and code of every error that quotes a packet; redirects are apart.
ERRORS = {4: ((3, 0), (3, 1), (3, 4), (3, 13), (4, 0), (11, 0), (11, 1), (12, 0)),
          6: ((1, 0), (1, 4), (2, 0), (3, 0), (3, 1), (4, 0), (4, 1), (100, 0))}
EXCEEDED = {4: 11, 6: 3}
NO_PORT = {4: (3, 3), 6: (1, 4)}


def host(v):
    """H."""
    return lab.HOST[v]


def far(v):
    """The host behind W."""
    return lab.INNER[v][1]


def tunnel(tw, v, outer=None, **kw):
    """Key A for the net inside and the one behind W."""
    return tw.flow("gcm16_128", v=v, outer=outer or v, mode="tunnel", **kw)


def upper_tunnel(tw, v, out, back):
    """Key A with policies for some of the traffic only: @out and @back are "SRC DST UPPER" each."""
    flow = tunnel(tw, v, ways=())
    for line, way, ends in ((out, "out", (flow.a_out, flow.w_out)), (back, "in", (flow.w_out, flow.a_out))):
        tw.dut.setkey(f"spdadd {line} -P {way} ipsec esp/tunnel/{'-'.join(ends)}/require;")
    return flow


def datagram(src, dst, sport=1234, dport=4321, data=None, **kw):
    """A UDP packet."""
    data = os.urandom(24) if data is None else data
    return packet.ip(src, dst, packet.UDP, packet.udp(src, dst, sport, dport, data), **kw)


def error(src, dst, quote, kind=None, code=0, rest=0, **kw):
    """An ICMP error, as a whole packet."""
    v = 6 if packet.is6(src) else 4
    kind = EXCEEDED[v] if kind is None else kind
    if v == 4:
        return packet.ip(src, dst, packet.ICMP, packet.icmp(kind, code, rest, quote), **kw)
    return packet.ip(src, dst, packet.ICMP6, packet.icmp(kind, code, rest, quote, src, dst), **kw)


def into_tunnel(flow, pkt, **kw):
    """The whole packet @pkt inside the tunnel, W to A."""
    return flow.outer(flow.tx.seal(pkt, packet.IPV6 if pkt[0] >> 4 == 6 else packet.IPIP, **kw))


def at_wire(tw, flow, what):
    """The next packet at W, whatever it is, has to be protected: what is in it."""
    pkt = tw.wire.recv()
    check(pkt is not None, f"{what}: nothing came")
    check(flow.is_reply(pkt), f"{what}: in clear from {pkt.src} to {pkt.dst}, protocol {pkt.proto}, "
          f"{pkt.payload[:60].hex()}")
    out, inner = flow.open(pkt)
    return inner or out


def clear_wire(tw, v, what):
    """Nothing has come to W: a packet that A sends in clear now is the first."""
    mark = os.urandom(12)
    tw.sinks[0 if v == 4 else 1].sendto(mark, (lab.FENCE[v], 9))
    pkt = tw.wire.recv()
    check(pkt is not None, "the fence did not come")
    check(pkt.dst == lab.FENCE[v] and mark in pkt.payload, f"{what}: {pkt} came to W")


def quotes(err, quote, what, src=None):
    """@err, an Ip, is an ICMP error that quotes @quote, for the sender of that."""
    orig = packet.parse(quote)
    equal(err.dst, orig.src, f"{what}: destination")
    if src:
        equal(err.src, src, f"{what}: source")
    check(packet.l4_ok(err.src, err.dst, err.proto, err.payload), f"{what}: checksum")
    # what a router changes on the way: TTL, checksum, hop limit
    changed = (8, 10, 11) if orig.ver == 4 else (7,)
    got = bytes(0 if i in changed else c for i, c in enumerate(err.payload[8:]))
    want = bytes(0 if i in changed else c for i, c in enumerate(quote))
    check(want.startswith(got) and len(got) >= min(len(want), 40), f"{what}: another quote: {got[:60].hex()}")


# -- on the way out ------------------------------------------------------

def own(tw, v, outer):
    """What came out of the tunnel goes no further: A's own error goes back into it, from an address that fits."""
    flow = tunnel(tw, v, outer)
    for what, kind, pkt in (
            ("TTL 1", EXCEEDED[v], datagram(far(v), host(v), ttl=1)),
            ("no such host", 3 if v == 4 else 1, datagram(far(v), NOBODY[v])),
            ("no such port", 3 if v == 4 else 1, datagram(far(v), lab.INNER[v][0], dport=9))):
        tw.wire.send(into_tunnel(flow, pkt))
        err = at_wire(tw, flow, what)
        equal(err.payload[0], kind, f"{what}: type")
        quotes(err, pkt, what, lab.INNER[v][0])
    clear_wire(tw, v, "behind three errors")


def own_too_big(tw, v):
    """What came out of the tunnel does not fit the link behind A."""
    flow = tunnel(tw, v)
    tw.a.ip("link", "set", "a1", "mtu", "1280")
    try:
        pkt = datagram(far(v), host(v), data=bytes(1340), **({"df": 1} if v == 4 else {}))
        tw.wire.send(into_tunnel(flow, pkt))
        err = at_wire(tw, flow, "too big")
        equal(err.payload[:2], b"\3\4" if v == 4 else b"\2\0", "type and code")
        equal(struct.unpack_from("!I", err.payload, 4)[0], 1280, "MTU")
        quotes(err, pkt, "too big", lab.INNER[v][0])
    finally:
        tw.a.ip("link", "set", "a1", "mtu", "1500")


def relayed_too_big(tw, v):
    """What came out of one tunnel does not fit another: the error goes back into the first."""
    flow = tunnel(tw, v, ways=())
    beyond, other = FAR[v], lab.FENCE[v]
    back, on = f"esp/tunnel/{flow.w_out}-{flow.a_out}/require", f"esp/tunnel/{flow.a_out}-{other}/require"
    second = esp.Sa(flow.rx.spi + 100, "gcm16_128", "none")
    tw.dut.setkey(tw.dut.sa_line(second, flow.a_out, other, "tunnel") +
                  f"spdadd {far(v)} {beyond} any -P fwd ipsec {back}; spdadd {far(v)} {beyond} any -P out ipsec {on};"
                  f"spdadd {beyond} {far(v)} any -P out ipsec esp/tunnel/{flow.a_out}-{flow.w_out}/require;")
    if v == 6:
        tw.a.ip("route", "replace", beyond, "via", flow.w_out)
    tw.a.ip("route", "replace", other, "dev", "a0", "mtu", "lock", "1400")
    try:
        pkt = datagram(far(v), beyond, data=bytes(1360), **({"df": 1} if v == 4 else {}))
        with tw.drops(out_too_big=1):
            tw.wire.send(into_tunnel(flow, pkt))
            err = at_wire(tw, flow, "too big for the second tunnel")
        equal(err.payload[:2], b"\3\4" if v == 4 else b"\2\0", "type and code")
        equal(struct.unpack_from("!I", err.payload, 4)[0], second.inner_mtu(1400, 20 if v == 4 else 40), "MTU")
        quotes(err, pkt, "too big for the second tunnel")
        clear_wire(tw, v, "behind it")
    finally:
        tw.a.ip("route", "del", other, "dev", "a0")


def own_parameter(tw, v):
    """What came out of the tunnel has a header that A can not make out."""
    flow = tunnel(tw, v)
    if v == 4:
        # a record route option whose pointer is in front of its data
        pkt = packet.ip4(far(v), host(v), packet.UDP, os.urandom(24), options=bytes([7, 7, 1, 0, 0, 0, 0]))
        kind = 12
    else:
        # an option that every router must know, or answer
        pkt = packet.ip6(far(v), host(v), packet.HBH, bytes([packet.UDP, 0, 0x9e, 4]) + bytes(4) + os.urandom(24))
        kind = 4
    tw.wire.send(into_tunnel(flow, pkt))
    err = at_wire(tw, flow, "parameter problem")
    equal(err.payload[0], kind, "type")
    quotes(err, pkt, "parameter problem", lab.INNER[v][0])


def own_reject(tw, v):
    """A rule of nftables answers what came out of the tunnel."""
    flow = tunnel(tw, v)
    tw.a.run("nft", "-f", "-", text="""table inet t { chain f {
        type filter hook forward priority 0
        udp dport 4321 reject with icmpx admin-prohibited
    }
    }""")
    try:
        pkt = datagram(far(v), host(v))
        tw.wire.send(into_tunnel(flow, pkt))
        quotes(at_wire(tw, flow, "reject"), pkt, "reject", lab.INNER[v][0])
    finally:
        tw.a.run("nft", "delete", "table", "inet", "t")


def router(tw, v, outer):
    """A router behind A answers what came out of the tunnel: every kind of error."""
    flow = tunnel(tw, v, outer)
    pkt = datagram(far(v), host(v), data=os.urandom(200))
    for kind, code in ERRORS[v]:
        what = f"type {kind} code {code}"
        tw.inside.send(error(STRANGER[v], far(v), pkt, kind, code, 0x01020304))
        err = at_wire(tw, flow, what)
        quotes(err, pkt, what, STRANGER[v])
        equal(err.payload[:2], bytes([kind, code]), what)
    # no error, so nothing is quoted
    tw.inside.send(error(STRANGER[v], far(v), pkt, 0 if v == 4 else 129))
    clear = tw.wire.recv()
    check(clear is not None and not flow.is_reply(clear), "an echo reply that holds a packet was taken for an error")


def redirected(tw, v):
    """What came out of the tunnel leaves by the device that it came by, so A redirects its sender: dropped."""
    tw.need_testudo()
    flow = tunnel(tw, v, ways=())
    near, via, there = ONLINK[v], (flow.w_out, flow.a_out), FAR[v]
    tw.dut.setkey(f"spdadd {near} {there} any -P fwd ipsec esp/tunnel/{via[0]}-{via[1]}/require;"
                  f"spdadd {there} {near} any -P out ipsec esp/tunnel/{via[1]}-{via[0]}/require;")
    tw.a.ip("neigh", "replace", near, "lladdr", "02:00:00:00:00:02", "dev", "a0", "nud", "permanent")
    if v == 6:
        # only a gateway of the link is told of
        tw.a.ip("neigh", "replace", "fe80::9", "lladdr", "02:00:00:00:00:02", "dev", "a0", "nud", "permanent")
        tw.a.ip("route", "replace", there, "via", "fe80::9", "dev", "a0")
    pkt = datagram(near, there)
    with tw.drops(out_quote=1):
        tw.wire.send(into_tunnel(flow, pkt))
        seen = tw.wire.recv()
        check(seen is not None and seen.dst == there, f"not what came out of the tunnel: {seen}")
        clear_wire(tw, v, "behind it")


def redirected_into(tw, v):
    """What A takes into a tunnel leaves by the link that it came by: its sender is not told to go there in clear.

    Nor when a policy for the redirect itself would protect that. Each time another sender, as the kernel
    tells the same one less and less often.
    """
    tw.need_testudo()
    flow = tunnel(tw, v, ways=())
    there, ends = FAR[v], f"{flow.a_out}-{flow.w_out}"
    hosts = [ONLINK[v] + str(number) for number in range(4)]
    for host in hosts:
        tw.a.ip("neigh", "replace", host, "lladdr", "02:00:00:00:00:02", "dev", "a0", "nud", "permanent")
    if v == 6:
        tw.a.ip("neigh", "replace", "fe80::9", "lladdr", "02:00:00:00:00:02", "dev", "a0", "nud", "permanent")
        tw.a.ip("route", "replace", there, "via", "fe80::9", "dev", "a0")
    kind = (packet.ICMP, 5) if v == 4 else (packet.ICMP6, 137)
    # in clear that is what it should be told
    tw.wire.send(datagram(hosts[0], there))
    told = tw.wire.recv()
    check(told is not None and (told.proto, told.payload[0]) == kind, f"no redirect about clear packets, but {told}")
    tw.wire.drain()
    into = f"out ipsec esp/tunnel/{ends}/require"
    own = f"spdadd {'0.0.0.0/0 %s icmp' if v == 4 else '::/0 %s icmp6'} -P {into};" % hosts[3]
    for near, rule, more, quote in ((hosts[1], into, "", {"out_quote": 1}),
                                    (hosts[2], "out discard", "", {"out_quote": 1, "out_discard": 1}),
                                    (hosts[3], into, own, {"out_quote": 1})):
        tw.dut.setkey(f"spdflush; spdadd {near} {there} any -P {rule}; {more}")
        pkt = datagram(near, there)
        with tw.drops(**quote):
            tw.wire.send(pkt)
            if "ipsec" in rule:
                inner = at_wire(tw, flow, "what is redirected")
                equal(inner.payload, packet.parse(pkt).payload, "what went into the tunnel")
        clear_wire(tw, v, f"with {rule} {more}")


def redirected_nat(tw, v):
    """The same when source NAT gives what A takes into a tunnel the address that the policy names.

    The redirect comes before NAT, and quotes the packet as its sender has sent it. NAT drops IPv4's.
    """
    tw.need_testudo()
    flow = tunnel(tw, v, ways=())
    there, near, family = FAR[v], ONLINK[v] + "5", "ip" if v == 4 else "ip6"
    tw.a.ip("neigh", "replace", near, "lladdr", "02:00:00:00:00:02", "dev", "a0", "nud", "permanent")
    if v == 6:
        tw.a.ip("neigh", "replace", "fe80::9", "lladdr", "02:00:00:00:00:02", "dev", "a0", "nud", "permanent")
        tw.a.ip("route", "replace", there, "via", "fe80::9", "dev", "a0")
    tw.dut.setkey(f"spdadd {flow.a_out} {there} any -P out ipsec esp/tunnel/{flow.a_out}-{flow.w_out}/require;")
    tw.a.run("nft", "-f", "-", text=f"""table {family} t {{ chain post {{
        type nat hook postrouting priority srcnat
        {family} saddr {near} snat to {flow.a_out}
    }}
    }}""")
    try:
        # of one sender's packets the kernel redirects the first, and few of those behind it
        first = tw.drops(**({} if v == 4 else {"out_quote": 1}))
        for what, count in (("the first packet", first), ("the next", contextlib.nullcontext())):
            pkt = datagram(near, there)
            with count:
                tw.wire.send(pkt)
                inner = at_wire(tw, flow, what)
                equal((inner.src, inner.payload[8:]), (flow.a_out, packet.parse(pkt).payload[8:]), what)
            clear_wire(tw, v, f"behind {what}")
    finally:
        tw.a.run("nft", "delete", "table", family, "t")


def transport(tw, v):
    """Transport mode for one port: the error about that port is protected, too, though no policy names ICMP."""
    flow = tw.flow("gcm16_128", v=v, ways=())
    rule = "ipsec esp/transport//require"
    tw.dut.setkey(f"spdadd {flow.w_out} {flow.a_out}[9] udp -P in {rule};"
                  f"spdadd {flow.a_out}[9] {flow.w_out} udp -P out {rule};")
    pkt = datagram(flow.w_out, flow.a_out, dport=9)
    tw.wire.send(flow.outer(flow.tx.seal(pkt[20 if v == 4 else 40:], packet.UDP)))
    err = at_wire(tw, flow, "no such port")
    equal((err.nh, err.payload[0]), (packet.ICMP, 3) if v == 4 else (packet.ICMP6, 1), "protocol and type")
    check(pkt[20 if v == 4 else 40:] in err.payload, "another quote")
    # another port, and no policy for it
    tw.wire.send(datagram(flow.w_out, flow.a_out, dport=10))
    clear = tw.wire.recv()
    check(clear is not None and not flow.is_reply(clear), "the error about a clear packet is not clear")


def transport_other(tw, v):
    """Transport mode joins the packet's own ends: an error from elsewhere has no way, and stays here."""
    tw.need_testudo()
    flow = tw.flow("gcm16_128", v=v, ways=())
    tw.dut.setkey(f"spdadd {flow.a_out} {flow.w_out} udp -P out ipsec esp/transport//require;")
    # the answers' way is known, and cached
    for _ in range(3):
        tw.sinks[0 if v == 4 else 1].sendto(b"answer", (flow.w_out, 1234))
        equal(at_wire(tw, flow, "an answer").nh, packet.UDP, "protocol")
        with tw.drops(out_quote=1):
            tw.inside.send(error(STRANGER[v], flow.w_out, datagram(flow.w_out, flow.a_out, 1234, tw.port)))
            wait_dropped(tw)
        clear_wire(tw, v, "an error from elsewhere")


def wait_dropped(tw):
    """Until what H sent before has been through A."""
    mark = os.urandom(12)
    tw.inside.send(datagram(lab.HOST[4], lab.INNER[4][0], dport=tw.port, data=mark))
    check(select.select(tw.sinks, [], [], lab.TIMEOUT)[0], "what H sent did not arrive")
    equal(tw.sinks[0].recv(100), mark, "what H sent")


def dropped(tw, pkt, what, **drops):
    """H's packet is dropped, and counted as said."""
    with tw.drops(**drops):
        tw.inside.send(pkt)
        wait_dropped(tw)
    clear_wire(tw, 4, what)


def upper(tw, v):
    """Policies that name ports, and ICMP types: the quote's, turned round, is what counts."""
    icmp = "icmp" if v == 4 else "icmp6"
    request, reply = ((8, 0) if v == 4 else (128, 129))
    for what, out, back, pkt in (
            ("ports", f"{host(v)}[53] {far(v)} udp", f"{far(v)} {host(v)}[53] udp",
             datagram(far(v), host(v), dport=53)),
            ("both ports", f"{host(v)}[53] {far(v)}[99] udp", f"{far(v)}[99] {host(v)}[53] udp",
             datagram(far(v), host(v), 99, 53)),
            ("an echo reply", f"{host(v)} {far(v)} {icmp} {request},0", f"{far(v)} {host(v)} {icmp} {reply},0",
             packet.ip(far(v), host(v), *packet.echo(far(v), host(v), 1, 2, os.urandom(20), reply=True))),
            ("an echo request", f"{host(v)} {far(v)} {icmp} {reply},0", f"{far(v)} {host(v)} {icmp} {request},0",
             packet.ip(far(v), host(v), *packet.echo(far(v), host(v), 1, 2, os.urandom(20))))):
        if what == "an echo request" and v == 4:
            continue                            # type 0 stands for any
        tw.reset()
        flow = upper_tunnel(tw, v, out, back)
        tw.inside.send(error(STRANGER[v], far(v), pkt))
        quotes(at_wire(tw, flow, what), pkt, what)
    tw.reset()
    flow = upper_tunnel(tw, v, f"{host(v)}[53] {far(v)} udp", f"{far(v)} {host(v)}[53] udp")
    tw.inside.send(error(STRANGER[v], far(v), datagram(far(v), host(v), 53, 54)))
    clear = tw.wire.recv()
    check(clear is not None and not flow.is_reply(clear), "the error about a port that no policy names")


def cut_short(tw, v):
    """A quote without its ports, or of a later fragment: what can not be told from a protected one stays here."""
    tw.need_testudo()
    tunnel(tw, v, ways=())
    flow = upper_tunnel(tw, v, f"{host(v)}[53] {far(v)} udp", f"{far(v)} {host(v)}[53] udp")
    pkt = datagram(far(v), host(v), dport=53)
    hlen = 20 if v == 4 else 40
    for length in (hlen, hlen + 1, hlen + 3):
        dropped(tw, error(STRANGER[v], far(v), pkt[:length]), f"{length} bytes quoted", out_quote=1)
    late = packet.frag(far(v), host(v), packet.UDP, bytes(48), 16)[1]
    dropped(tw, error(STRANGER[v], far(v), late), "a later fragment", out_quote=1)
    if v == 6:
        chain = packet.ip6(far(v), host(v), packet.DSTOPT, bytes([packet.UDP, 5]) + bytes(46) + pkt[40:])
        for length in (41, 42, 60, 88, 91):
            dropped(tw, error(STRANGER[v], far(v), chain[:length]), f"{length} bytes with options quoted", out_quote=1)
        tw.inside.send(error(STRANGER[v], far(v), chain))
        check(chain in at_wire(tw, flow, "options").payload, "another quote")
    # of no packet at all: nothing of one is told
    tw.inside.send(error(STRANGER[v], far(v), pkt[:hlen - 1]))
    clear = tw.wire.recv()
    check(clear is not None and not flow.is_reply(clear), "less than a header quoted")
    # a policy for all ports has room for it
    tw.reset()
    flow = tunnel(tw, v)
    tw.inside.send(error(STRANGER[v], far(v), pkt[:hlen + 1]))
    equal(at_wire(tw, flow, "cut short, any port").payload[8:], pkt[:hlen + 1], "quote")
    tw.inside.send(error(STRANGER[v], far(v), late))
    equal(at_wire(tw, flow, "a later fragment, any port").payload[8:], late, "quote")


def stray(tw, v):
    """An error for another host than the sender of what it quotes goes nowhere; one about an error is protected."""
    tw.need_testudo()
    flow = tunnel(tw, v)
    dropped(tw, error(STRANGER[v], FAR[v], datagram(far(v), host(v))), "for another host", out_quote=1)
    inner = error(far(v), host(v), datagram(host(v), far(v)))
    tw.inside.send(error(STRANGER[v], far(v), inner))
    quotes(at_wire(tw, flow, "an error about an error"), inner, "an error about an error")


def order(tw, v):
    """An SPD entry for the error itself counts where it stands before the one for what it quotes."""
    tw.need_testudo()
    icmp = "icmp" if v == 4 else "icmp6"
    pkt = datagram(far(v), host(v))
    for prio, rule, want in ((10, "none", "clear"), (-10, "none", "protected"), (10, "discard", "out_discard"),
                             (-10, "discard", "out_discard")):
        tw.reset()
        flow = tunnel(tw, v)
        tw.dut.setkey(f"spdadd {STRANGER[v]} {far(v)} {icmp} -P out prio {prio} {rule};")
        err = error(STRANGER[v], far(v), pkt)
        if want.startswith("out_"):
            dropped(tw, err, f"{rule} at {prio}", **{want: 1})
            continue
        tw.inside.send(err)
        seen = tw.wire.recv()
        check(seen is not None, f"{rule} at {prio}: nothing came")
        equal("protected" if flow.is_reply(seen) else "clear", want, f"{rule} at {prio}")
    tw.reset()
    tw.dut.setkey(f"spdadd {lab.NETS[v][0]} {lab.NETS[v][1]} any -P out discard;")
    dropped(tw, error(STRANGER[v], far(v), pkt), "answers are discarded", out_discard=1)


def no_sa(tw, v):
    """No SA, and none is asked for because of an error (RFC 4301 6.2); the answers themselves do ask."""
    tw.need_testudo()
    tunnel(tw, v, install=False)
    key = tw.pfkey()
    try:
        key.request(pfkey.REGISTER, pfkey.SATYPE_ESP)
        dropped(tw, error(STRANGER[v], far(v), datagram(far(v), host(v))), "without an SA", out_no_sa=1)
        tw.inside.send(datagram(host(v), far(v)))
        first = key.wait(pfkey.ACQUIRE, lab.TIMEOUT)
        check(first is not None, "an answer does not ask for its SA")
        check(key.wait(pfkey.ACQUIRE, 0.2) is None, "the error has asked as well")
    finally:
        key.close()
        tw.dut.flush()


def fragments(tw):
    """A router's error in fragments, only the first of which tells what it is; those of a clear ping stay clear."""
    flow = tunnel(tw, 4)
    pkt = datagram(far(4), host(4), data=os.urandom(200))
    body = error(STRANGER[4], far(4), pkt)[20:]
    for turn in (1, -1):
        for part in packet.frag(STRANGER[4], far(4), packet.ICMP, body, 64)[::turn]:
            tw.inside.send(part)
        whole, got = packet.Reassembler(), None
        while got is None:
            got = whole.feed(at_wire(tw, flow, "an error in fragments"))
        quotes(got, pkt, "an error in fragments", STRANGER[4])
        parts = packet.frag(host(4), FAR[4], *packet.echo(host(4), FAR[4], 1, 2, os.urandom(200)), 64)
        with lab.in_order():
            for part in parts[::turn]:
                tw.inside.send(part)
        for part in parts:
            seen = tw.wire.recv()
            check(seen is not None and seen.proto == packet.ICMP, f"a ping in fragments: {seen}")
            equal((seen.off, seen.payload), (packet.parse(part).off, part[20:]), "fragment of a ping")


def source(tw, v):
    """What address A's error gets: one of A's in the selectors of what it quotes, if there is one."""
    tw.need_testudo()
    outer, inner = lab.OUTER[v][0], lab.INNER[v][0]
    pkt = datagram(far(v), host(v), dport=53, ttl=1)
    pair = f"{host(v)}/{31 if v == 4 else 127}"                 # H's and one more, which is not A's on H's link

    def seen(out, want, what):
        tw.reset()
        flow = upper_tunnel(tw, v, out, f"{far(v)} {host(v)} any")
        tw.wire.send(into_tunnel(flow, pkt))
        quotes(at_wire(tw, flow, what), pkt, what, want)
    seen(f"{lab.NETS[v][0]}[53] {far(v)} udp", inner, "for a port")
    seen(f"{'0.0.0.0' if v == 4 else '::'}/0[53] {far(v)} udp", outer, "for a port of everybody")
    seen(f"{pair} {far(v)} any", outer, "for none of A's")
    tw.a.ip("addr", "add", SECOND[v], "dev", "lo")
    try:
        if v == 6:
            tw.own(SECOND[v])
        seen(f"{pair} {far(v)} any", SECOND[v], "for an address of another device")
    finally:
        tw.a.ip("addr", "del", SECOND[v], "dev", "lo")


def sa_ends(tw, v):
    """The SA reaches its limit with an error: it goes on with the next SA, like an answer would."""
    tw.need_testudo()
    flow, key = tunnel(tw, v), tw.pfkey()
    young = esp.Sa(flow.rx.spi + 100, "gcm16_128", "none")
    key.add(young, flow.a_out, flow.w_out, mode="tunnel", hard={"packets": 2})
    key.close()
    for _ in range(2):
        tw.inside.send(datagram(host(v), far(v)))
        pkt = tw.wire.recv()
        check(pkt and pkt.payload[:4] == struct.pack("!I", young.spi), f"not by the newest SA: {pkt}")
    pkt = datagram(far(v), host(v))
    with tw.drops():
        tw.inside.send(error(STRANGER[v], far(v), pkt))
        quotes(at_wire(tw, flow, "by the next SA"), pkt, "by the next SA")


def cache(tw, v, outer):
    """Errors and the answers whose way they take, in turns: what is cached is right for both, and ends in time."""
    flow = tunnel(tw, v, outer)
    pkt = datagram(far(v), host(v), 99, 53)

    def answer():
        data = os.urandom(16)
        tw.inside.send(datagram(host(v), far(v), 53, 99, data))
        check(data in at_wire(tw, flow, "an answer").payload, "another answer")

    def complain(src):
        tw.inside.send(error(src, far(v), pkt))
        quotes(at_wire(tw, flow, f"an error from {src}"), pkt, "error", src)
    for order_ in ("eaea", "aeea", "eeaa"):
        for step in order_:
            if step == "a":
                answer()
            else:
                complain(STRANGER[v])
                complain(host(v))
        tw.dut.flush()
        flow = tunnel(tw, v, outer)
    tw.dut.flush()
    tw.inside.send(error(STRANGER[v], far(v), pkt))
    clear = tw.wire.recv()
    check(clear is not None and not flow.is_reply(clear), "the policy has gone, its way has not")


def nat(tw, v):
    """Destination NAT behind the tunnel: errors about what it made of a packet bear, and quote, what the peer knows."""
    tw.need_testudo()
    family, inner = ("ip", lab.INNER[v][0]) if v == 4 else ("ip6", lab.INNER[v][0])
    to = f"{host(v)}:8080" if v == 4 else f"[{host(v)}]:8080"
    flow = upper_tunnel(tw, v, f"{inner}[80] {far(v)} udp", f"{far(v)} {inner}[80] udp")
    tw.a.run("nft", "-f", "-", text=f"""table {family} t {{ chain pre {{
        type nat hook prerouting priority dstnat
        udp dport 80 dnat to {to}
    }}
    }}""")
    try:
        pkt = datagram(far(v), inner, 1234, 80)
        tw.wire.send(into_tunnel(flow, pkt))
        seen = tw.inside.recv(lambda p: p.proto == packet.UDP)
        check(seen is not None and seen.dst == host(v), f"the packet behind NAT: {seen}")
        tw.inside.send(error(host(v), far(v), seen.raw, *NO_PORT[v]))
        quotes(at_wire(tw, flow, "an error about it"), pkt, "an error about it")
        # an answer, and from outside an error about that
        tw.inside.send(datagram(host(v), far(v), 8080, 1234))
        answer = at_wire(tw, flow, "an answer").raw
        with tw.drops():
            tw.wire.send(into_tunnel(flow, error(STRANGER[v], inner, answer)))
            err = tw.inside.recv(lambda p: p.proto in (packet.ICMP, packet.ICMP6))
            check(err is not None, "the error about the answer does not arrive")
        equal((err.src, err.dst, packet.parse(err.payload[8:]).src), (STRANGER[v], host(v), host(v)), "addresses")
        # a policy may name its type and code, which are no ports
        kind = "icmp 3,3" if v == 4 else "icmp6 1,4"
        tw.dut.setkey(f"spdadd {STRANGER[v]} {inner} {kind} -P in discard;")
        with tw.drops(in_discard=1):
            tw.wire.send(into_tunnel(flow, error(STRANGER[v], inner, answer, *NO_PORT[v])))
            equal(tw.arrivals(), [], "datagrams")
        with tw.drops(in_no_policy=1):
            other = datagram(inner, far(v), 81, 1234)
            tw.wire.send(into_tunnel(flow, error(STRANGER[v], inner, other)))
            equal(tw.arrivals(), [], "datagrams")
    finally:
        tw.a.run("nft", "delete", "table", family, "t")


# -- on the way in -------------------------------------------------------

def accepts(tw, v, outer):
    """Out of the tunnel, from an address that no policy knows: what fits it turned round passes, to H and to A."""
    flow = tunnel(tw, v, outer)
    pkt = datagram(host(v), far(v))
    with tw.drops():
        for kind, code in ERRORS[v]:
            what = f"type {kind} code {code}"
            tw.wire.send(into_tunnel(flow, error(STRANGER[v], host(v), pkt, kind, code)))
            err = tw.inside.recv()
            check(err is not None, f"{what}: nothing came")
            quotes(err, pkt, what, STRANGER[v])
        sock = connected(tw, v)
        try:
            sock.send(b"hello")
            sent = at_wire(tw, flow, "a datagram of A").raw
            tw.wire.send(into_tunnel(flow, error(STRANGER[v], lab.INNER[v][0], sent, *NO_PORT[v])))
            refused(sock)
        finally:
            sock.close()


def connected(tw, v):
    """A UDP socket of A, for the far host."""
    with tw.a:
        sock = socket.socket(socket.AF_INET if v == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind((lab.INNER[v][0], 0))
    sock.connect((far(v), 9))
    sock.settimeout(lab.TIMEOUT)
    return sock


def refused(sock):
    """It is told of an unreachable port."""
    try:
        sock.recv(1)
    except ConnectionRefusedError:
        return
    except TimeoutError:
        pass
    check(False, "the socket is not told")


def refuses(tw, v):
    """The quote of a packet that would not have gone by this tunnel, none at all, or no error: as before."""
    tw.need_testudo()
    flow = upper_tunnel(tw, v, f"{lab.NETS[v][0]} {lab.NETS[v][1]} udp", f"{lab.NETS[v][1]} {lab.NETS[v][0]} udp")
    good = datagram(host(v), far(v))
    hlen = 20 if v == 4 else 40
    lies = (("another destination", error(STRANGER[v], host(v), datagram(host(v), STRANGER[v]))),
            ("another source", error(STRANGER[v], host(v), datagram(STRANGER[v], far(v)))),
            ("not turned round", error(STRANGER[v], far(v), datagram(far(v), host(v)))),
            ("another protocol", error(STRANGER[v], host(v), packet.ip(host(v), far(v), packet.TCP, bytes(20)))),
            ("for another host", error(STRANGER[v], lab.INNER[v][0], good)),
            ("less than a header", error(STRANGER[v], host(v), good[:hlen - 1])),
            ("nothing", error(STRANGER[v], host(v), b"")),
            ("another version", error(STRANGER[v], host(v), bytes([good[0] ^ 0x20]) + good[1:])),
            ("an echo reply", error(STRANGER[v], host(v), good, 0 if v == 4 else 129)),
            ("no ICMP", datagram(STRANGER[v], host(v), data=good)))
    for what, lie in lies:
        with tw.drops(in_no_policy=1):
            tw.wire.send(into_tunnel(flow, lie))
            equal(tw.arrivals(), [], "datagrams")
        check(tw.inside.recv(timeout=0) is None, f"{what}: it came to H")
    # a policy that wants another tunnel for what is quoted
    tw.reset()
    flow = tunnel(tw, v, ways=())
    tw.dut.setkey(f"spdadd {lab.NETS[v][1]} {lab.NETS[v][0]} any -P in "
                  f"ipsec esp/tunnel/{lab.FENCE[v]}-{flow.a_out}/require;")
    with tw.drops(in_no_policy=1):
        tw.wire.send(into_tunnel(flow, error(STRANGER[v], host(v), good)))
        equal(tw.arrivals(), [], "datagrams")
    # one that wants none
    tw.dut.flush()
    flow = tunnel(tw, v, ways=())
    tw.dut.setkey(f"spdadd {lab.NETS[v][1]} {lab.NETS[v][0]} any -P in none;")
    with tw.drops(in_no_policy=1):
        tw.wire.send(into_tunnel(flow, error(STRANGER[v], host(v), good)))
        equal(tw.arrivals(), [], "datagrams")
    tw.dut.flush()
    flow = tunnel(tw, v)
    tw.dut.setkey(f"spdadd {STRANGER[v]} {host(v)} any -P in discard;")
    with tw.drops(in_discard=1):
        tw.wire.send(into_tunnel(flow, error(STRANGER[v], host(v), good)))
        equal(tw.arrivals(), [], "datagrams")


def other_policy(tw, v):
    """A policy for the error's own addresses asks for another tunnel, but it came by the one of what it quotes."""
    tw.need_testudo()
    flow = tunnel(tw, v)
    tw.dut.setkey(f"spdadd {STRANGER[v]} {lab.NETS[v][0]} any -P in "
                  f"ipsec esp/tunnel/{lab.FENCE[v]}-{flow.a_out}/require;")
    pkt = datagram(host(v), far(v))
    with tw.drops():
        tw.wire.send(into_tunnel(flow, error(STRANGER[v], host(v), pkt)))
        err = tw.inside.recv()
        check(err is not None, "it does not come to H")
        quotes(err, pkt, "at H", STRANGER[v])
    with tw.drops(in_endpoint=1):
        tw.wire.send(into_tunnel(flow, error(STRANGER[v], host(v), datagram(host(v), STRANGER[v]))))
        equal(tw.arrivals(), [], "datagrams")


def clear_passes(tw, v):
    """In clear from an address that no policy knows: passes, whatever it quotes (RFC 4301 6.1.1, local choice)."""
    tunnel(tw, v)
    pkt = datagram(host(v), far(v))
    with tw.drops():
        tw.wire.send(error(STRANGER[v], host(v), pkt))
        err = tw.inside.recv()
        check(err is not None, "it does not come to H")
        quotes(err, pkt, "at H", STRANGER[v])


for v, outer in FAMILIES:
    suite.add(f"F15_own_error_{v}in{outer}", own, v, outer)
    suite.add(f"F15_router_error_{v}in{outer}", router, v, outer)
    suite.add(f"F15_cache_{v}in{outer}", cache, v, outer)
    suite.add(f"F15_in_accepts_quote_{v}in{outer}", accepts, v, outer)
suite.add("F15_error_in_fragments", fragments)
for v in (4, 6):
    suite.add(f"F15_own_too_big_v{v}", own_too_big, v)
    suite.add(f"F15_relayed_too_big_v{v}", relayed_too_big, v)
    suite.add(f"F15_own_parameter_problem_v{v}", own_parameter, v)
    suite.add(f"F15_own_reject_v{v}", own_reject, v)
    suite.add(f"F15_own_redirect_v{v}", redirected, v)
    suite.add(f"F15_redirect_into_tunnel_v{v}", redirected_into, v)
    suite.add(f"F15_redirect_into_tunnel_nat_v{v}", redirected_nat, v)
    suite.add(f"F15_transport_port_v{v}", transport, v)
    suite.add(f"F15_transport_other_source_v{v}", transport_other, v)
    suite.add(f"F15_upper_selectors_v{v}", upper, v)
    suite.add(f"F15_quote_cut_short_v{v}", cut_short, v)
    suite.add(f"F15_stray_v{v}", stray, v)
    suite.add(f"F15_spd_order_v{v}", order, v)
    suite.add(f"F15_no_sa_v{v}", no_sa, v)
    suite.add(f"F15_nat_v{v}", nat, v)
    suite.add(f"F15_source_v{v}", source, v)
    suite.add(f"F15_sa_ends_v{v}", sa_ends, v)
    suite.add(f"F15_in_refuses_other_quote_v{v}", refuses, v)
    suite.add(f"F15_in_other_policy_v{v}", other_policy, v)
    suite.add(f"F15_clear_quote_passes_v{v}", clear_passes, v)


def laboratory():
    """With no limit on how many errors A sends."""
    tw = lab.Lab(behind=True, source=False)
    tw.a.sysctl("net/ipv4/icmp_ratelimit", 0)
    tw.a.sysctl("net/ipv6/icmp/ratelimit", 0)
    return tw


if __name__ == "__main__":
    suite.run(laboratory)
