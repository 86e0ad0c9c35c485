#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Which SA does a packet use, when several fit, when one is replaced, when one goes?

# kernels: all
# timeout: 900
# brief: A15|A17|A19
"""
import os
import re
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import esp
import lab
import packet
import pfkey
from ktap import Suite, check, equal

suite = Suite(__doc__)


def sent_by(tw, flows):
    """The Flow whose SA protects A's next datagram."""
    tw.wire.drain()
    tw.sinks[0].sendto(b"which", (flows[0].w_in, 9))
    pkt = tw.wire.recv()
    check(pkt is not None, "nothing was sent")
    for flow in flows:
        if flow.is_reply(pkt):
            flow.open(pkt)
            return flow
    check(False, f"protocol {pkt.proto} was sent, by none of the SAs")
    return None


def any_mode(tw):
    """A15: an SA of mode any serves a transport and a tunnel policy."""
    tw.need_testudo()
    flow = tw.flow("gcm16_128", install=False, ways=())
    tw.dut.apply([tw.dut.sa_line(flow.tx, flow.w_out, flow.a_out, "any", 32),
                  tw.dut.sa_line(flow.rx, flow.a_out, flow.w_out, "any", 32)])
    tw.dut.setkey(f"""spdadd {flow.a_out} {flow.w_out} any -P out ipsec esp/transport//require;
        spdadd 10.0.1.0/24 10.0.2.0/24 any -P out ipsec esp/tunnel/{flow.a_out}-{flow.w_out}/require;
        spdadd 10.0.2.0/24 10.0.1.0/24 any -P in ipsec esp/tunnel/{flow.w_out}-{flow.a_out}/require;""")
    flow.echo(b"transport")
    inner = packet.ip("10.0.2.2", "10.0.1.1", *packet.echo("10.0.2.2", "10.0.1.1", 1, 2, b"tunnel"))
    tw.wire.send(flow.outer(flow.tx.seal(inner, packet.IPIP)))
    pkt = tw.wire.recv(flow.is_reply)
    check(pkt is not None, "no answer to a tunnelled echo")
    out = flow.rx.open(pkt.payload)
    equal((out.nh, out.payload[-6:]), (packet.IPIP, b"tunnel"), "answer through the tunnel")


def scoped(tw):
    """A17: one SPI to two addresses of A, each with its own keys."""
    one, two = tw.flow("gcm16_128", ways=()), tw.flow("aes128", "sha256", install=False, ways=())
    two.tx.spi, two.a_out = one.tx.spi, lab.INNER[4][0]
    two.a_in = two.a_out
    tw.dut.apply([tw.dut.sa_line(two.tx, two.w_out, two.a_out, "transport", 32)])
    data = lab.unique(2)
    tw.delivered([one.udp(data[0]), two.udp(data[1])], data, "same SPI, two destinations")
    with tw.drops(in_auth=1):
        crossed = packet.ip(one.w_out, two.a_out, packet.ESP, two.tx.seal(b"", 17)[:8] + os.urandom(64))
        tw.delivered([crossed], [], "garbage under the second")


def peers(tw):
    """A18: a wildcard policy, an SA for each peer."""
    tw.need_testudo()
    near, other = tw.flow("gcm16_128", ways=()), tw.flow("gcm16_128", install=False, ways=())
    other.w_out = other.w_in = "10.0.0.3"
    tw.dut.apply([tw.dut.sa_line(other.rx, other.a_out, other.w_out, "transport", 32)])
    tw.dut.setkey("spdadd 10.0.0.1 10.0.0.0/24 any -P out ipsec esp/transport//require;")
    def ids():
        return re.findall(r"spid=(\d+)", tw.a.run("setkey", "-DP"))
    before = ids()
    equal(sent_by(tw, [near, other]), near, "SA to the first peer")
    equal(sent_by(tw, [other, near]), other, "SA to the second peer")
    equal(ids(), before, "policy ids")


def newest(tw):
    """A19: the newest mature SA; when it goes, the next at once."""
    flows = [tw.flow("gcm16_128", ways=("out",) if n == 0 else ()) for n in range(3)]
    for left in (3, 2, 1):
        equal(flows.index(sent_by(tw, flows)), left - 1, f"of {left} SAs, number")
        gone = flows[left - 1]
        if lab.STACK == "xfrm":
            tw.a.ip("xfrm", "state", "delete", "src", gone.a_out, "dst", gone.w_out, "proto", "esp",
                    "spi", hex(gone.rx.spi))
        else:
            tw.dut.setkey(f"delete {gone.a_out} {gone.w_out} esp {gone.rx.spi:#x};")
    tw.wire.drain()
    try:
        tw.sinks[0].sendto(b"none left", (flows[0].w_in, 9))
    except OSError:
        pass
    check(tw.wire.recv(timeout=0.3) is None, "something was sent without any SA")


class Traffic(threading.Thread):
    """Numbered datagrams from A to @dst until stop() says how many there were."""

    def __init__(self, tw, dst):
        super().__init__(daemon=True)
        with tw.a:
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.dst, self.sent, self.error, self.end = dst, 0, None, threading.Event()

    def run(self):
        try:
            while not self.end.wait(0.01):
                self.sock.sendto(struct.pack("!I", self.sent), (self.dst, 9))
                self.sent += 1
        except OSError as err:
            self.error = err

    def more(self, count):
        """Until so many more are sent; the first of them may have met what was there a moment ago."""
        at = self.sent
        lab.wait_until(lambda: self.sent >= at + count or self.error, "the sender does not send")

    def stop(self):
        """End it."""
        self.end.set()
        self.join()
        self.sock.close()
        check(self.error is None, f"the sender of datagram {self.sent} was told: {self.error}")
        return self.sent


def rekey(tw):
    """I14: make before break, 50 times under traffic: nothing lost, the old inbound SPI works until deleted."""
    tw.need_testudo()
    flows, traffic = [tw.flow("gcm16_128")], Traffic(tw, lab.OUTER[4][1])
    tw.wire.drain()
    traffic.start()
    traffic.more(1)
    for turn in range(50):
        old, new = flows[-1], tw.flow("gcm16_128", ways=())
        flows.append(new)
        traffic.more(2)
        data = lab.unique(3)
        with tw.drops(in_no_sa=1):
            tw.delivered([old.udp(data[0]), new.udp(data[1]), old.udp(data[2])], data, f"turn {turn}: old and new")
            tw.dut.setkey(f"delete {old.a_out} {old.w_out} esp {old.rx.spi:#x};"
                          f"delete {old.w_out} {old.a_out} esp {old.tx.spi:#x};")
            tw.delivered([old.udp(b"late")], [], f"turn {turn}: the old SPI after deletion")
    sent = traffic.stop()
    got, used, by_spi = set(), set(), {struct.pack("!I", f.rx.spi): f for f in flows}
    while len(got) < sent:
        pkt = tw.wire.recv(lambda p: p.proto == packet.ESP)
        check(pkt is not None, f"{sent - len(got)} of {sent} datagrams are lost")
        flow = by_spi[pkt.payload[:4]]
        used.add(flow.rx.spi)
        got.add(flow.open(pkt)[0].payload[8:])
    equal(len(used), len(flows), "SAs that sent something")


def update(tw):
    """A21: `update` of a mature SA changes lifetimes and keeps keys and numbers."""
    tw.need_testudo()
    flow = tw.flow("gcm16_128")
    flow.echo(b"before")
    for sa, src, dst in ((flow.tx, flow.w_out, flow.a_out), (flow.rx, flow.a_out, flow.w_out)):
        line = tw.dut.sa_line(sa, src, dst, "transport", 64).replace("add", "update", 1)
        tw.dut.setkey(line.replace(" -E", " -lh 5000 -ls 4000 -E"))
    equal(flow.echo(b"after")[1].seq, 2, "sequence number after update")
    check("5000" in tw.a.run("setkey", "-D"), "the new lifetime is not shown")


def multicast(tw, v):
    """A22: a group's SA: A sends with it to the group, and takes from any sender, replay off."""
    tw.need_testudo()
    group, mac = ("239.1.1.1", b"\1\0\x5e\1\1\1") if v == 4 else ("ff15::1:2", b"\x33\x33\0\1\0\2")
    anyone = "0.0.0.0" if v == 4 else "::"
    flow = tw.flow("gcm16_128", v=v, install=False, ways=())
    flow.w_in = group
    tw.dut.setkey(tw.dut.sa_line(flow.rx, flow.a_out, group, "transport") +
                  tw.dut.sa_line(flow.tx, anyone, group, "transport") +
                  f"spdadd {flow.a_out} {group} udp -P out ipsec esp/transport//require;"
                  f"spdadd {anyone}/0 {group} udp -P in ipsec esp/transport//require;")
    sock = tw.sinks[v == 6]
    index = struct.pack("@I", socket_index(tw, "a0"))
    if v == 4:
        there = (socket.IPPROTO_IP, packet.pton(group) + packet.pton(flow.a_out), socket.IP_ADD_MEMBERSHIP,
                 socket.IP_DROP_MEMBERSHIP)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, packet.pton(flow.a_out))
    else:
        there = (socket.IPPROTO_IPV6, packet.pton(group) + index, socket.IPV6_JOIN_GROUP, socket.IPV6_LEAVE_GROUP)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    level, mreq, join, leave = there
    sock.sendto(b"to the group", (group, 9))
    pkt = tw.wire.recv(flow.is_reply)
    check(pkt is not None, "nothing protected was sent to the group")
    equal((pkt.dst, flow.open(pkt)[0].payload[8:]), (group, b"to the group"), "destination and datagram")
    sock.setsockopt(level, join, mreq)
    try:
        data = lab.unique(2)
        pkts = []
        for src, datum in zip((flow.w_out, lab.FENCE[v]), data):
            body = packet.udp(src, group, 7777, tw.port, datum)
            pkts.append(packet.ip(src, group, packet.ESP, flow.tx.seal(body, packet.UDP, seq=1)))
        for pkt in pkts:
            tw.wire.send(pkt, mac)
        equal(sorted(tw.arrivals(2)), sorted(data), "datagrams of two senders, both with number 1")
        body = packet.udp(flow.w_out, group, 7777, tw.port, b"clear")
        with tw.drops(in_clear=1):
            tw.wire.send(packet.ip(flow.w_out, group, packet.UDP, body), mac)
            equal(tw.arrivals(), [], "clear to the group")
    finally:
        sock.setsockopt(level, leave, mreq)


def socket_index(tw, dev):
    """Number of a device in A."""
    with tw.a:
        return socket.if_nametoindex(dev)


def loopback(tw, addr):
    """A23: what A sends to itself: IPv4 passes as lo's disable_xfrm says, which is on; else the policy rules."""
    tw.need_testudo()
    sock = tw.sinks[":" in addr]
    tw.dut.setkey(f"spdadd {addr} {addr} udp -P out ipsec esp/transport//require;"
                  f"spdadd {addr} {addr} udp -P in ipsec esp/transport//require;")
    if ":" in addr:
        loopback_protected(tw, sock, addr)
        return
    data = lab.unique(1)
    with tw.drops():
        sock.sendto(data[0], (addr, tw.port))
        equal(tw.arrivals(1), data, "datagram to itself, in clear")
    tw.a.run("sysctl", "-qw", "net.ipv4.conf.lo.disable_xfrm=0", "net.ipv4.conf.lo.disable_policy=0")
    try:
        loopback_protected(tw, sock, addr)
    finally:
        tw.a.run("sysctl", "-qw", "net.ipv4.conf.lo.disable_xfrm=1", "net.ipv4.conf.lo.disable_policy=1")


def loopback_protected(tw, sock, addr):
    """Under the policies for @addr: refused without an SA, protected and opened again with one."""
    sa = esp.Sa(pfkey.random_spi(), "gcm16_128")
    with tw.drops(out_no_sa=1):
        lab.refused(sock, b"no SA", addr, "EHOSTUNREACH")
    tw.dut.apply([tw.dut.sa_line(sa, addr, addr, "transport", 32)])
    before, data = tw.stat(), lab.unique(3)
    for datum in data:
        sock.sendto(datum, (addr, tw.port))
    equal(sorted(tw.arrivals(3)), sorted(data), "datagrams to itself")
    after = tw.stat()
    equal([after[k] - before[k] for k in ("out_packets", "in_packets")], [3, 3], "packets protected and opened")


suite.add("A15_esp_any_mode_sa", any_mode)
suite.add("A17_esp_spi_scoped_by_dst", scoped)
suite.add("A18_esp_multi_sa_one_policy", peers)
suite.add("A19_esp_sa_preference", newest)
suite.add("A21_esp_update_sa", update)
for v in (4, 6):
    suite.add(f"A22_esp_multicast_sa_v{v}", multicast, v)
for addr in (lab.OUTER[4][0], lab.OUTER[6][0], "127.0.0.1", "::1"):
    suite.add(f"A23_esp_loopback_{addr}", loopback, addr)
suite.add("I14_rekey_make_before_break", rekey)

if __name__ == "__main__":
    suite.run(lab.Lab)
