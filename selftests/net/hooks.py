#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""At which hooks do nftables, connection tracking and NAT see clear packets, and at which ESP?

# kernels: all
# timeout: 600
# brief: HOOKS_(transport_v4|tunnel_6in6)|CT_local_tunnel

A is the gateway between H (inside, raw) and W (outside, raw); see wire/lab.py. The tables here
are the drawing of Documentation/datapath.rst.
"""
import contextlib
import ctypes
import itertools
import json
import os
import select
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import lab
import nattflow
import packet
from ktap import Fail, Skip, Suite, check, equal

suite = Suite(__doc__)
PRIORITIES = (-500, 200)                                # in front of all that others have there, and behind source NAT
IP_HOOKS = ("prerouting", "input", "forward", "output", "postrouting")
KINDS = {"outer": ("meta l4proto { esp, ah, comp }", "udp dport 4500"),
         "request": ("icmp type echo-request", "icmpv6 type echo-request"),
         "reply": ("icmp type echo-reply", "icmpv6 type echo-reply")}
FAMILIES = ((4, 4), (6, 6), (4, 6), (6, 4))
NIGHTLY = bool(os.environ.get("TESTUDO_NIGHTLY"))
_libc = ctypes.CDLL(None, use_errno=True)


def far(v):
    """The host behind W."""
    return lab.INNER[v][1]


def at_wire(tw, flow, what):
    """The next packet at W has to be protected: (what is opened, the inner Ip or None)."""
    pkt = tw.wire.recv()
    check(pkt is not None, f"{what}: nothing came to W")
    check(flow.is_reply(pkt), f"{what}: in clear from {pkt.src} to {pkt.dst}, protocol {pkt.proto}")
    return flow.open(pkt)


def at_host(tw, what):
    """The next packet at H."""
    pkt = tw.inside.recv()
    check(pkt is not None, f"{what}: nothing came to H")
    return pkt


def load(tw, text):
    """These and no other rules of nftables in A."""
    status, said = tw.a.run("nft", "-f", "-", text="flush ruleset\n" + text, fails=True)
    if status:
        said = said.strip().splitlines()[0]
        raise (Skip if "Could not process" in said else Fail)(f"nft: {said}")


@contextlib.contextmanager
def rules(tw, text):
    """The same while the context lasts."""
    tw.counting = False
    load(tw, text)
    try:
        yield
    finally:
        load(tw, "")


def counters(tw):
    """{name: packets} of all of A's counters that have seen something."""
    found = json.loads(tw.a.run("nft", "-j", "list", "counters"))["nftables"]
    return {c["counter"]["name"]: c["counter"]["packets"] for c in found
            if "counter" in c and c["counter"]["packets"]}


# -- who sees what at which hook ------------------------------------------

def chain(name, head, tags):
    """A chain that counts each kind of packet, and the counters."""
    tests = [f"{test} counter name {name}_{kind};" for kind, both in KINDS.items() for test in both]
    return "".join(f"counter {name}_{tag} {{ }}\n" for tag in tags) + f"chain {name} {{ {head}; {' '.join(tests)} }}\n"


def count_all(tw):
    """Count at every hook and priority, and where a0 receives and sends, till other rules come."""
    if tw.counting:
        tw.a.run("nft", "reset", "counters")
        return
    ip_chains = "".join(chain(f"{hook}_{i}", f"type filter hook {hook} priority {priority}", KINDS)
                        for hook in IP_HOOKS for i, priority in enumerate(PRIORITIES))
    dev_chains = "".join(chain(f"{hook}_0", f'type filter hook {hook} device "a0" priority 0', KINDS)
                         for hook in ("ingress", "egress"))
    load(tw, f"table inet seen {{ {ip_chains} }}\ntable netdev seen {{ {dev_chains} }}\n")
    tw.counting = True


def sees(tw, want, what):
    """Each hook saw, at both priorities, just what @want says ("HOOK KIND KIND, HOOK KIND"), once."""
    expected = {}
    for row in want.split(","):
        hook, *kinds = row.split()
        places = range(1 if hook in ("ingress", "egress") else len(PRIORITIES))
        expected |= {f"{hook}_{i}_{kind}": 1 for i in places for kind in kinds}
    got = counters(tw)
    wrong = [f"{name} {got.get(name, 0)} instead of {expected.get(name, 0)}"
             for name in sorted(got.keys() | expected.keys()) if got.get(name, 0) != expected.get(name, 0)]
    check(not wrong, f"{what}: {', '.join(wrong)}")
    tw.a.run("nft", "reset", "counters")


def local(tw, flow, again):
    """A protected request to A, and its protected answer. @again: where the device shows it when it is open."""
    count_all(tw)
    if isinstance(flow, nattflow.Flow):
        echo_udp(tw, flow)
    else:
        flow.echo(b"x" * 40)
    sees(tw, f"ingress outer {again}, prerouting outer request, input outer request,"
             "output reply outer, postrouting reply outer, egress outer", "A answers")


def echo_udp(tw, flow):
    """As Flow.echo(), in UDP."""
    tw.wire.send(flow.wrap(*packet.echo(flow.w_in, flow.a_in, 7, 1, b"x" * 40)))
    flow.answer(tw)


def through(tw, flow, v):
    """A request of H by the tunnel, and the answer of the host behind W."""
    count_all(tw)
    tw.inside.send(packet.ip(lab.HOST[v], far(v), *packet.echo(lab.HOST[v], far(v), 7, 1)))
    at_wire(tw, flow, "H's request")
    sees(tw, "prerouting request, forward request, postrouting request outer, output outer, egress outer",
         "H's request")
    answer = packet.echo(far(v), lab.HOST[v], 7, 1, reply=True)
    tw.wire.send(flow.wrap(*answer, inner={"dst": lab.HOST[v]}))
    equal(at_host(tw, "the answer").src, far(v), "source of the answer")
    sees(tw, "ingress outer reply, prerouting outer reply, input outer, forward reply, postrouting reply",
         "the answer to H")


def hooks_transport(tw, v):
    """Transport mode."""
    local(tw, tw.flow("gcm16_128", v=v), "")


def hooks_tunnel(tw, v, outer):
    """A tunnel, for A and for H."""
    flow = tw.flow("gcm16_128", v=v, outer=outer, mode="tunnel")
    local(tw, flow, "request")
    through(tw, flow, v)


def hooks_udp(tw, mode):
    """The same in UDP: outside is UDP then."""
    sock = nattflow.daemon(tw, 4)
    try:
        local(tw, nattflow.Flow(tw, mode=mode), "request" if mode == "tunnel" else "")
    finally:
        sock.close()


def hooks_refused(tw, v):
    """What the SPD refuses, and what can not be opened or protected, goes no further than this."""
    flow = tw.flow("gcm16_128", v=v, mode="tunnel")
    count_all(tw)
    for dst in (lab.INNER[v][0], lab.HOST[v]):
        with tw.drops(in_clear=1):
            tw.wire.send(packet.ip(far(v), dst, *packet.echo(far(v), dst, 7, 1)))
        sees(tw, "ingress request, prerouting request", f"in clear to {dst}")
    with tw.drops(in_auth=1):
        pkt = bytearray(flow.wrap(*packet.echo(far(v), lab.HOST[v], 7, 1)))
        pkt[-1] ^= 1
        tw.wire.send(bytes(pkt))
    sees(tw, "ingress outer, prerouting outer, input outer", "forged")
    tw.dut.setkey("flush;")
    with tw.drops(out_no_sa=1):
        tw.inside.send(packet.ip(lab.HOST[v], far(v), *packet.echo(lab.HOST[v], far(v), 7, 1)))
    sees(tw, "prerouting request, forward request", "without an SA")


def came_protected(tw, v):
    """What a rule marks as ESP has that mark when it is open, and no other packet has; `meta ipsec` says nothing."""
    flow = tw.flow("gcm16_128", v=v, mode="tunnel", ways=("out",))
    there = (far(v), lab.HOST[v])
    tw.dut.setkey(f"spdadd {there[0]} {there[1]} any -P in ipsec esp/tunnel/{flow.w_out}-{flow.a_out}/use;")
    with rules(tw, """table inet t {
            counter marked { }
            counter other { }
            counter secpath { }
            chain pre { type filter hook prerouting priority mangle; meta l4proto esp meta mark set 9; }
            chain forward { type filter hook forward priority 0; meta mark 9 counter name marked;
                meta mark != 9 counter name other; meta ipsec exists counter name secpath; }
            }"""), tw.drops():
        for proto, body in ((packet.UDP, packet.udp(*there, 99, 1234, b"data")),
                            (packet.TCP, packet.tcp(*there, 99, 1234, 1, 1, 16, b"data"))):
            tw.wire.send(flow.wrap(proto, body, inner={"dst": lab.HOST[v]}))
            equal(at_host(tw, "out of the tunnel").payload, body, "what came to H")
            only(tw, "marked", "counters of what came protected")
        tw.wire.send(packet.ip(*there, packet.UDP, packet.udp(*there, 99, 1234, b"clear")))
        check(at_host(tw, "in clear").payload.endswith(b"clear"), "another packet came to H")
        only(tw, "other", "counters of what came in clear")


# -- connection tracking --------------------------------------------------

STRICT = """table inet strict {
    counter established { }
    counter related { }
    counter unasked { }
    chain judge {
        meta l4proto esp accept
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
        ct state established counter name established accept
        ct state related counter name related accept
        counter name unasked
        drop
    }
    chain input { type filter hook input priority 0; jump judge; }
    chain forward { type filter hook forward priority 0; iifname "a1" accept; jump judge; }
}
"""


def unreachable(v, src, dst, quote):
    """(protocol, bytes) of a port unreachable."""
    if v == 4:
        return packet.ICMP, packet.icmp(3, 3, 0, quote)
    return packet.ICMP6, packet.icmp(1, 4, 0, quote, src, dst)


def only(tw, name, what):
    """Since the last look one packet came by the counter @name, and none by others."""
    equal(counters(tw), {name: 1}, what)
    tw.a.run("nft", "reset", "counters")


def ct_local(tw, v, mode):
    """A answers to what it asked for, hears of errors about it, and to nothing else."""
    flow = tw.flow("gcm16_128", v=v, mode=mode)
    with tw.a:
        sock = socket.socket(socket.AF_INET if v == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    with sock, rules(tw, STRICT):
        sock.settimeout(lab.TIMEOUT)
        sock.bind((flow.a_in, 0))
        sock.connect((flow.w_in, 99))
        sock.send(b"question")
        out, inner = at_wire(tw, flow, "the question")
        asked = packet.ip(flow.a_in, flow.w_in, packet.UDP, inner.payload if inner else out.payload)
        port = sock.getsockname()[1]
        tw.wire.send(flow.wrap(packet.UDP, packet.udp(flow.w_in, flow.a_in, 99, port, b"answer")))
        equal(sock.recv(100), b"answer", "the answer")
        only(tw, "established", "counters of the answer")
        tw.wire.send(flow.wrap(packet.UDP, packet.udp(flow.w_in, flow.a_in, 98, port, b"other")))
        lab.wait_until(lambda: counters(tw), "what nobody asked for is not seen")
        only(tw, "unasked", "counters of what nobody asked for")
        tw.wire.send(flow.wrap(*unreachable(v, flow.w_in, flow.a_in, asked)))
        try:
            raise Fail(f"no error, but {sock.recv(100)}")
        except ConnectionRefusedError:
            pass
        only(tw, "related", "counters of the error")


def ct_forward(tw, v, outer):
    """H behind A, the same."""
    flow = tw.flow("gcm16_128", v=v, outer=outer, mode="tunnel")
    there, back = (lab.HOST[v], far(v)), (far(v), lab.HOST[v])
    asked = packet.ip(*there, packet.UDP, packet.udp(*there, 1234, 99, b"question"))

    def answer(proto, payload):
        tw.wire.send(flow.wrap(proto, payload, inner={"dst": lab.HOST[v]}))
    with rules(tw, STRICT):
        tw.inside.send(asked)
        at_wire(tw, flow, "the question")
        answer(packet.UDP, packet.udp(*back, 99, 1234, b"answer"))
        check(at_host(tw, "the answer").payload.endswith(b"answer"), "another packet came to H")
        only(tw, "established", "counters of the answer")
        answer(packet.UDP, packet.udp(*back, 98, 1234, b"other"))
        lab.wait_until(lambda: counters(tw), "what nobody asked for is not seen")
        only(tw, "unasked", "counters of what nobody asked for")
        answer(*unreachable(v, *back, asked))
        equal(at_host(tw, "the error").proto, packet.ICMP if v == 4 else packet.ICMP6, "protocol of the error")
        only(tw, "related", "counters of the error")


# -- NAT ------------------------------------------------------------------

def family(v):
    """nftables' word."""
    return "ip" if v == 4 else "ip6"


def host_port(addr, port):
    """As nftables writes it."""
    return f"[{addr}]:{port}" if packet.is6(addr) else f"{addr}:{port}"


def dnat(tw, v, mode):
    """What came protected for A goes on to H, which no policy knows; the answers go back as A's, protected."""
    flow = tw.flow("gcm16_128", v=v, mode=mode, ways=())
    ends = (flow.a_out, flow.w_out)
    tw.dut.apply([tw.dut.sp_line(flow.a_in, flow.w_in, "out", mode, ends),
                  tw.dut.sp_line(flow.w_in, flow.a_in, "in", mode, ends[::-1])])
    back = (lab.HOST[v], flow.w_in)
    with rules(tw, f"""table {family(v)} t {{ chain pre {{ type nat hook prerouting priority dstnat;
                       udp dport 77 dnat to {host_port(lab.HOST[v], 88)}; }}; }}"""), tw.drops():
        for turn in (b"first", b"second"):
            tw.wire.send(flow.wrap(packet.UDP, packet.udp(flow.w_in, flow.a_in, 99, 77, turn)))
            got = at_host(tw, "translated")
            equal((got.src, got.dst, got.payload[2:4]), (flow.w_in, lab.HOST[v], struct.pack("!H", 88)),
                  "what came to H")
            check(packet.l4_ok(got.src, got.dst, packet.UDP, got.payload), "checksum at H")
            tw.inside.send(packet.ip(*back, packet.UDP, packet.udp(*back, 88, 99, turn)))
            out, inner = at_wire(tw, flow, "the answer")
            equal((inner.payload if inner else out.payload)[:4], struct.pack("!HH", 77, 99), "ports of the answer")
            if inner:
                equal((inner.src, inner.dst), (flow.a_in, flow.w_in), "addresses of the answer")
    with rules(tw, f"""table {family(v)} t {{ chain pre {{ type nat hook prerouting priority dstnat;
                       udp dport 78 dnat to {host_port(lab.HOST[v], 88)}; }}; }}"""), tw.drops(in_clear=1):
        tw.wire.send(packet.ip(flow.w_in, flow.a_in, packet.UDP, packet.udp(flow.w_in, flow.a_in, 99, 78, b"clear")))


MASQUERADE = 'table {} t {{ chain post {{ type nat hook postrouting priority srcnat; oifname "a0" masquerade; }}; }}'


def masquerade(tw, v, outer):
    """A masquerading rule does not touch what a tunnel takes."""
    flow = tw.flow("gcm16_128", v=v, outer=outer, mode="tunnel")
    there, back = (lab.HOST[v], far(v)), (far(v), lab.HOST[v])
    with rules(tw, MASQUERADE.format(family(v))), tw.drops():
        for turn in (b"first", b"second"):
            tw.inside.send(packet.ip(*there, packet.UDP, packet.udp(*there, 1234, 99, turn)))
            inner = at_wire(tw, flow, "from H")[1]
            equal((inner.src, inner.payload[:4]), (lab.HOST[v], struct.pack("!HH", 1234, 99)), "source in the tunnel")
            tw.wire.send(flow.wrap(packet.UDP, packet.udp(*back, 99, 1234, turn), inner={"dst": lab.HOST[v]}))
            equal(at_host(tw, "the answer").payload[:4], struct.pack("!HH", 99, 1234), "ports of the answer")


def masquerade_local(tw, v, mode, outer):
    """Nor what A itself sends, by whose link that rule is."""
    flow = tw.flow("gcm16_128", v=v, outer=outer, mode=mode)
    with tw.a:
        sock = socket.socket(socket.AF_INET if v == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    with sock, rules(tw, MASQUERADE.format(family(v))), tw.drops():
        sock.settimeout(lab.TIMEOUT)
        sock.bind((flow.a_in, 0))
        port = sock.getsockname()[1]
        for turn in (b"first", b"second"):
            sock.sendto(turn, (flow.w_in, 99))
            out, inner = at_wire(tw, flow, "from A")
            equal((inner.payload if inner else out.payload)[:4], struct.pack("!HH", port, 99), "ports")
            if inner:
                equal(inner.src, flow.a_in, "source in the tunnel")
            tw.wire.send(flow.wrap(packet.UDP, packet.udp(flow.w_in, flow.a_in, 99, port, turn)))
            equal(sock.recv(100), turn, "the answer")


def device_translated(tw):
    """What a tunnel device sends with DF, and NAT gives a policy's address, is cut from the first packet on.

    The device would take an error for one about the outer packet, and its sender one for its own.
    """
    flow = tw.flow("gcm16_128", mode="transport", ways=("out",))
    source, dst = lab.INNER[4][0], "10.7.0.2"
    tw.a.batch(f"link add t0 type ipip local {source} remote {flow.w_out}\nlink set t0 up\n"
               f"addr add 10.7.0.1/24 dev t0\n")
    with tw.a:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        with sock, rules(tw, f"""table ip t {{ chain post {{ type nat hook postrouting priority srcnat;
                             ip saddr {source} snat to {flow.a_out}; }}; }}"""), tw.drops():
            sock.setsockopt(socket.IPPROTO_IP, 10, 2)                   # IP_MTU_DISCOVER: always DF
            for turn in range(2):
                data, whole, pkt = os.urandom(1480 - 28), packet.Reassembler(), None
                sock.sendto(data, (dst, 99))
                while pkt is None:
                    part = tw.wire.recv()
                    check(part is not None, f"datagram {turn} did not come whole")
                    pkt = whole.feed(part)
                check(flow.is_reply(pkt), f"datagram {turn}: in clear from {pkt.src}, protocol {pkt.proto}")
                out = flow.open(pkt)[0]
                equal((out.nh, len(out.payload)), (packet.IPIP, 1480), "what was protected")
                check(out.payload.endswith(data), f"datagram {turn} is another")
    finally:
        tw.a.ip("link", "del", "t0")


# -- without connection tracking --------------------------------------------

def untracked(tw, v, mode, what):
    """Rules leave clear packets, ESP or both out of connection tracking: protected as ever, and each is what they say.

    A rule that masquerades is there as well, and has no say in what is not tracked.
    """
    inner, outer = "udp dport { 99, 1234 }", "meta l4proto esp"
    out = {"inner": (inner,), "outer": (outer,), "both": (inner, outer)}[what]
    flow = tw.flow("gcm16_128", v=v, mode=mode)
    here = lab.HOST[v] if mode == "tunnel" else flow.a_in
    there, back = (here, flow.w_in), (flow.w_in, here)
    notrack = " ".join(f"{rule} notrack;" for rule in out)
    names = [f"{kind}_{state}" for kind in ("inner", "outer") for state in ("untracked", "tracked")]
    looks = " ".join(f"{rule} ct state {'' if state == 'untracked' else '!= '}untracked counter name {kind}_{state};"
                     for kind, rule in (("inner", inner), ("outer", outer)) for state in ("untracked", "tracked"))
    table = "".join(f"counter {name} {{ }}\n" for name in names) + "".join(
        f"chain raw_{hook} {{ type filter hook {hook} priority raw; {notrack} }}\n" for hook in ("prerouting", "output")
    ) + "".join(f"chain {hook} {{ type filter hook {hook} priority 0; {looks} }}\n" for hook in IP_HOOKS[1:])
    with tw.a:
        sock = socket.socket(socket.AF_INET if v == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    with sock, rules(tw, f"table inet t {{ {table} }}\n" + MASQUERADE.format(family(v))), tw.drops():
        sock.settimeout(lab.TIMEOUT)
        sock.bind((flow.a_in, 1234))
        for turn in (b"first", b"second"):
            if mode == "tunnel":
                tw.inside.send(packet.ip(*there, packet.UDP, packet.udp(*there, 1234, 99, turn)))
            else:
                sock.sendto(turn, (flow.w_in, 99))
            opened, clear = at_wire(tw, flow, f"the {turn.decode()} question")
            equal((clear.payload if clear else opened.payload)[:4], struct.pack("!HH", 1234, 99), "ports")
            if clear:
                equal(clear.src, here, "source in the tunnel")
            tw.wire.send(flow.wrap(packet.UDP, packet.udp(*back, 99, 1234, turn), inner={"dst": here}))
            got = at_host(tw, "the answer").payload if mode == "tunnel" else sock.recv(100)
            check(got.endswith(turn), "another answer")
        # a question at output or forward and in postrouting, an answer at input or at forward and in postrouting;
        # ESP at output and in postrouting, and at input
        clear = 2 * (4 if mode == "tunnel" else 3)
        want = {f"inner_{'untracked' if inner in out else 'tracked'}": clear,
                f"outer_{'untracked' if outer in out else 'tracked'}": 6}
        equal(counters(tw), want, "what rules see at input, forward, output and postrouting")


def masq_before(tw, v):
    """A connection that was masqueraded before the policy came keeps its address, protected; new ones are not."""
    there = (lab.HOST[v], far(v))
    before = lab.OUTER[v][0]

    def send(port, what):
        tw.inside.send(packet.ip(*there, packet.UDP, packet.udp(*there, port, 99, what)))
    with rules(tw, MASQUERADE.format(family(v))):
        send(5234, b"before")
        pkt = tw.wire.recv()
        check(pkt is not None and pkt.src == before, f"not masqueraded: {pkt}")
        flow = tw.flow("gcm16_128", v=v, mode="tunnel")
        for port, source in ((5234, before), (5235, lab.HOST[v]), (5234, before)):
            send(port, b"after")
            inner = at_wire(tw, flow, f"after, port {port}")[1]
            equal(inner.src, source, f"source in the tunnel, port {port}")


# -- other things on the links --------------------------------------------

def bpf(command, form, *values):
    """bpf(2)."""
    attr = struct.pack(form, *values).ljust(128, b"\0")
    fd = _libc.syscall(321, command, attr, len(attr))
    if fd < 0:
        raise Skip(f"bpf: {os.strerror(ctypes.get_errno())}")
    return fd


def xdp_pass(devices):
    """File descriptors that keep a generic XDP program on @devices of this namespace, which lets all pass."""
    code = ctypes.create_string_buffer(struct.pack("=BBhi", 0xB7, 0, 0, 2) + struct.pack("=BBhi", 0x95, 0, 0, 0))
    words = ctypes.create_string_buffer(b"GPL")
    prog = bpf(5, "=IIQQ", 6, 2, ctypes.addressof(code), ctypes.addressof(words))
    return [prog] + [bpf(28, "=IIII", prog, socket.if_nametoindex(dev), 37, 2) for dev in devices]


def neighbours(tw, mode):
    """Generic XDP, which makes packets anew, and tc's rules on both links."""
    flow = tw.flow("gcm16_128", mode=mode)
    with tw.a:
        keep = xdp_pass(("a0", "a1"))
    for dev, way in itertools.product(("a0", "a1"), ("ingress", "egress")):
        if way == "ingress":
            tw.a.run("tc", "qdisc", "add", "dev", dev, "clsact")
        tw.a.run("tc", "filter", "add", "dev", dev, way, "matchall", "action", "ok")
    try:
        with tw.drops():
            for size in (0, 1, 1000, 1300):
                flow.echo(os.urandom(size))
            if mode == "tunnel":
                for size in (0, 1000):
                    tw.inside.send(packet.ip(lab.HOST[4], far(4), packet.UDP,
                                             packet.udp(lab.HOST[4], far(4), 1, 99, bytes(size))))
                    inner = at_wire(tw, flow, f"{size} bytes of H")[1]
                    equal(len(inner.payload), size + 8, "length in the tunnel")
                    tw.wire.send(flow.wrap(packet.UDP, packet.udp(far(4), lab.HOST[4], 99, 1, bytes(size)),
                                           inner={"dst": lab.HOST[4]}))
                    equal(len(at_host(tw, f"{size} bytes to H").payload), size + 8, "length at H")
    finally:
        for fd in keep[::-1]:
            os.close(fd)
        for dev in ("a0", "a1"):
            tw.a.run("tc", "qdisc", "del", "dev", dev, "clsact")


for v in (4, 6):
    suite.add(f"HOOKS_transport_v{v}", hooks_transport, v)
    suite.add(f"HOOKS_refused_v{v}", hooks_refused, v)
    suite.add(f"HOOKS_mark_stays_v{v}", came_protected, v)
for v, outer in FAMILIES:
    suite.add(f"HOOKS_tunnel_{v}in{outer}", hooks_tunnel, v, outer)
for mode in ("transport", "tunnel"):
    suite.add(f"HOOKS_udp_{mode}", hooks_udp, mode)
for mode, v in (("transport", 4), ("tunnel", 6)) + (("transport", 6), ("tunnel", 4)) * NIGHTLY:
    suite.add(f"CT_local_{mode}_v{v}", ct_local, v, mode)
for v in (4, 6):
    suite.add(f"CT_forward_v{v}", ct_forward, v, v)
    suite.add(f"MASQ_before_policy_v{v}", masq_before, v)
for mode, v in (("transport", 6), ("tunnel", 4)) + (("transport", 4), ("tunnel", 6)) * NIGHTLY:
    suite.add(f"DNAT_{mode}_v{v}", dnat, v, mode)
for v, outer in ((6, 6), (4, 6)) + ((4, 4), (6, 4)) * NIGHTLY:
    suite.add(f"MASQ_not_in_a_tunnel_{v}in{outer}", masquerade, v, outer)
for v, mode, outer in ((6, "tunnel", 6), (6, "transport", 6), (4, "tunnel", 6)) + ((6, "tunnel", 4),) * NIGHTLY:
    suite.add(f"MASQ_not_local_{mode}_v{v}_by_v{outer}", masquerade_local, v, mode, outer)
suite.add("SNAT_of_a_device", device_translated)
for v, mode, what in itertools.product((4, 6), ("tunnel", "transport"), ("inner", "outer", "both")):
    if NIGHTLY or what == "both" or (v, mode, what) in ((4, "tunnel", "inner"), (6, "transport", "outer")):
        suite.add(f"CT_notrack_{what}_{mode}_v{v}", untracked, v, mode, what)
for mode in ("tunnel",) + ("transport",) * NIGHTLY:
    suite.add(f"K11_xdp_and_tc_{mode}", neighbours, mode)


def laboratory():
    """Of this project's stack."""
    tw = lab.Lab(behind=True)
    tw.need_testudo()
    tw.counting = False
    return tw


if __name__ == "__main__":
    suite.run(laboratory)
