#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Does the tracepoint say of each dropped packet its addresses, its SPI and the reason, and nothing else?

# kernels: 6.12 debug
# timeout: 900
"""
import os
import re
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import esp
import lab
import packet
from ktap import Skip, Suite, check, equal

suite = Suite(__doc__)
TRACEFS = "/sys/kernel/tracing"
STRANGER = {4: "10.9.9.9", 6: "fd00:9::9"}
ALG = "gcm16_128"
EVENT = re.compile(r"testudo_drop: netns=(\d+) .*?ipv(\d) src=(\S+) dst=(\S+) len=\d+ spi=0x([0-9a-f]{8}) reason=(\S+)")


def plain(addr):
    """An address of the trace as the test writes it: IPv4 is shown as ::ffff:a.b.c.d."""
    raw = packet.pton(addr)
    return packet.ntop(raw[12:] if raw[:12] == bytes(10) + b"\xff\xff" else raw)


class Trace:
    """A tracefs instance of our own that records one kind of event: drops, if not told otherwise."""

    def __init__(self, event="testudo/testudo_drop"):
        if not os.path.isdir(f"{TRACEFS}/instances"):
            lab.sh("mount", "-t", "tracefs", "tracefs", TRACEFS, fails=True)
        if not os.path.isdir(f"{TRACEFS}/instances"):
            raise Skip("no tracefs")
        self.dir = f"{TRACEFS}/instances/testudo{os.getpid()}"
        # an instance begins with the options of the whole; names of tasks need tracepoints of the scheduler, and
        # whenever a CPU that QEMU emulates meets code that is being patched, it may fail
        for word, do in (("0", os.mkdir), ("1", os.stat)):
            with open(f"{TRACEFS}/options/record-cmd", "w", encoding="ascii") as f:
                f.write(word)
            do(self.dir)
        self.switch = f"events/{event}/enable"
        self.write(self.switch, "1")

    def write(self, name, text):
        """Write a file of the instance."""
        with open(f"{self.dir}/{name}", "w", encoding="ascii") as f:
            f.write(text)

    def clear(self):
        """Forget what was recorded."""
        self.write("trace", "")

    def found(self, pattern):
        """Groups of @pattern in each line that has it."""
        with open(f"{self.dir}/trace", encoding="ascii") as f:
            return [m.groups() for m in map(pattern.search, f) if m]

    def events(self, netns):
        """(reason, source, destination, SPI) of each drop in the namespace @netns, the version checked."""
        out = []
        for number, version, src, dst, spi, why in self.found(EVENT):
            if int(number) == netns:
                row = (why, plain(src), plain(dst), int(spi, 16))
                equal(int(version), 6 if packet.is6(row[1]) else 4, f"version of {row}")
                out.append(row)
        return out

    def close(self):
        """Remove the instance."""
        self.write(self.switch, "0")
        os.rmdir(self.dir)


class TraceLab(lab.Lab):
    """The laboratory with a trace of A's drops."""

    def __init__(self):
        super().__init__(behind=True)
        self.need_testudo()
        self.trace = Trace()
        self.netns = os.fstat(self.a.fd).st_ino

    def close(self):
        """Remove everything made."""
        self.trace.close()
        super().close()

    def traced(self, *want):
        """Context: the trace and the counters show the drops @want, each (reason, source, destination, SPI)."""
        return Traced(self, list(want))


class Traced:
    """See TraceLab.traced()."""

    def __init__(self, tw, want):
        self.tw, self.want = tw, want
        names = [row[0] for row in want]
        self.drops = tw.drops(**{n: names.count(n) for n in names})

    def __enter__(self):
        self.tw.trace.clear()
        self.drops.__enter__()
        return self

    def __exit__(self, kind, *exc):
        self.drops.__exit__(kind, *exc)
        if kind:
            return
        # the event follows its counter
        end = time.monotonic() + lab.TIMEOUT
        while len(got := self.tw.trace.events(self.tw.netns)) < len(self.want) and time.monotonic() < end:
            time.sleep(0.01)
        equal(sorted(got), sorted(self.want), "events")


def send(sock, data, dst):
    """The socket may be told of the drop."""
    try:
        sock.sendto(data, (dst, 9))
    except OSError:
        pass


def udp_in(tw, v, dst, data=b"clear"):
    """Clear UDP from a stranger behind W."""
    return packet.ip(STRANGER[v], dst, packet.UDP, packet.udp(STRANGER[v], dst, 7777, tw.port, data))


def nothing(tw, v):
    """Packets that are not dropped leave no event."""
    flow, data = tw.flow(ALG, v=v, mode="tunnel"), lab.unique(5)
    with tw.traced():
        tw.delivered([flow.udp(d) for d in data], data, "good packets")
        flow.echo(b"both ways")


def inbound(tw, v, mode):
    """The addresses are those of the header in front, the SPI that of the packet's SA or of the packet."""
    flow = tw.flow(ALG, v=v, mode=mode, ways=("in",))
    evil, lost = esp.Sa(flow.tx.spi, ALG, "none"), esp.Sa(flow.tx.spi + 77, ALG, "none")
    used, ends = flow.udp(b"used"), (flow.w_out, flow.a_out)
    tw.delivered([used], [b"used"], "the first packet")
    with tw.traced(("in_replay", *ends, flow.tx.spi), ("in_auth", *ends, flow.tx.spi), ("in_hdr", *ends, flow.tx.spi),
                   ("in_no_sa", *ends, lost.spi), ("in_dummy", *ends, flow.tx.spi)):
        tw.delivered([used, flow.outer(evil.seal(b"x" * 20, 17, seq=9)), flow.outer(flow.tx.seal(b"", 17)[:20]),
                      flow.outer(lost.seal(b"", 17)), flow.outer(flow.tx.seal(bytes(9), 59))], [], "dropped")


def checked(tw, v, way):
    """The inbound check sees what was inside, and names the SA by which it came; 0 for clear text."""
    near = lab.HOST[v] if way == "fwd" else lab.INNER[v][0]
    flow = tw.flow(ALG, v=v, mode="tunnel", ways=())
    tw.dut.setkey(f"spdadd {STRANGER[v]} {near} udp -P {way} discard;"
                  f"spdadd {flow.w_in} {near} udp -P {way} ipsec esp/tunnel/{flow.w_out}-{flow.a_out}/unique:9;")
    data = packet.udp(flow.w_in, near, 7777, tw.port, b"x")
    other = packet.echo(flow.w_in, near, 1, 1)
    with tw.traced(("in_discard", STRANGER[v], near, 0), ("in_clear", flow.w_in, near, 0),
                   ("in_mismatch", flow.w_in, near, flow.tx.spi), ("in_no_policy", flow.w_in, near, flow.tx.spi)):
        tw.delivered([udp_in(tw, v, near), packet.ip(flow.w_in, near, packet.UDP, data),
                      flow.wrap(packet.UDP, data, inner={"dst": near}), flow.wrap(*other, inner={"dst": near})],
                     [], "dropped")


def layers(tw, v):
    """Of two SAs the inner one is named, which is the last that was taken off."""
    outside, inside = tw.flow(ALG, v=v, ways=()), tw.flow(ALG, v=v, mode="tunnel", ways=())
    tw.dut.setkey(f"spdadd {inside.w_in} {inside.a_in} udp -P in discard;")
    inner = inside.inner(packet.UDP, inside.datagram(b"x"))
    body = inside.tx.seal(inner, packet.IPV6 if v == 6 else packet.IPIP)
    with tw.traced(("in_discard", inside.w_in, inside.a_in, inside.tx.spi)):
        tw.delivered([outside.outer(outside.tx.seal(body, packet.ESP))], [], "dropped")


def outbound(tw, v):
    """A local packet without an SA, by a discard policy, and too big: no SA yet, so no SPI."""
    src, dst = lab.OUTER[v]
    flow, sock = tw.flow(ALG, v=v, mode="tunnel", ways=("out",)), tw.sinks[0 if v == 4 else 1]
    other = lab.FENCE[v]
    tw.dut.setkey(f"spdadd {src} {dst} any -P out discard;"
                  f"spdadd {src} {other} any -P out ipsec esp/transport//require;")
    with tw.a:
        big = socket.socket(sock.family, socket.SOCK_DGRAM)
    level, option = (socket.IPPROTO_IP, 10) if v == 4 else (socket.IPPROTO_IPV6, 23)
    with big, tw.traced(("out_discard", src, dst, 0), ("out_no_sa", src, other, 0),
                        ("out_too_big", flow.a_in, flow.w_in, 0)):
        big.setsockopt(level, option, 2)                        # IP_MTU_DISCOVER, IPV6_MTU_DISCOVER
        send(sock, b"x", dst)
        send(sock, b"x", other)
        send(big, bytes(1450), flow.w_in)


def outbound_sa(tw):
    """A packet that has met its SA names it, and shows the header in front."""
    flow, key = tw.flow(ALG, mode="tunnel", ways=()), tw.pfkey()
    over = esp.Sa(flow.rx.spi + 100, ALG, "none")
    ends = flow.a_out, flow.w_out
    key.add(over, *ends, reqid=5, hard={"packets": 1})
    key.close()
    tw.dut.setkey(f"spdadd {lab.NETS[4][0]} {lab.NETS[4][1]} any -P out "
                  f"ipsec esp/tunnel/{ends[0]}-{ends[1]}/require esp/transport//unique:5;")
    with tw.traced(("out_expired", *ends, over.spi)):
        send(tw.sinks[0], b"x", flow.w_in)
        send(tw.sinks[0], b"x", flow.w_in)


def forwarded(tw, v):
    """A packet of H on its way out, by a discard policy."""
    near, far = lab.HOST[v], lab.INNER[v][1]
    tw.dut.setkey(f"spdadd {near} {far} any -P out discard;")
    with tw.traced(("out_discard", near, far, 0)):
        tw.inside.send(packet.ip(near, far, packet.UDP, packet.udp(near, far, 1, 2, b"x")))


for v in (4, 6):
    suite.add(f"D_trace_no_event_without_drop_v{v}", nothing, v)
    for mode in ("transport", "tunnel"):
        suite.add(f"D_trace_in_{mode}_v{v}", inbound, v, mode)
    for way in ("in", "fwd"):
        suite.add(f"D_trace_check_{way}_v{v}", checked, v, way)
    suite.add(f"D_trace_two_sas_v{v}", layers, v)
    suite.add(f"D_trace_out_v{v}", outbound, v)
    suite.add(f"D_trace_out_forwarded_v{v}", forwarded, v)
suite.add("D_trace_out_after_sa", outbound_sa)

if __name__ == "__main__":
    suite.run(TraceLab)
