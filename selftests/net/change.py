#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Does a change in the middle of TCP and UDP flows take effect with the very next packet, and lose nothing else?

# kernels: all
# timeout: 900
# brief: policy_updated|veth|links_differ

Two hosts talk through two gateways (wire/gates.py). TCP goes both ways by one
connection all the time, and its bytes are compared by hash at the end. After
each change, which is done when PF_KEY or netlink has answered, one datagram is
sent, and it is looked how that leaves the gateway. Then: no clear packet on a
link where there was a policy, every packet delivered or counted, and the module's
slabs where they were.
"""
import hashlib
import os
import select
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import gates
import lab
import pfkey
from ktap import Fail, Suite, check, equal

suite = Suite(__doc__)
NIGHTLY = bool(os.environ.get("TESTUDO_NIGHTLY"))
ROUNDS = 20 if NIGHTLY else 2
REKEYS = 200 if NIGHTLY else 50
END1, END2 = gates.ENDS
NET2 = gates.NETS[1]


class Stream:
    """TCP between two nodes, both ways by one connection, until it is told to end."""

    def __init__(self, net, nodes=("H1", "H2"), ends=gates.HOSTS):
        listener = net.socket(nodes[1], socket.SOCK_STREAM, bind=ends[1])
        listener.listen()
        near = net.socket(nodes[0], socket.SOCK_STREAM, bind=ends[0])
        near.settimeout(2 * lab.TIMEOUT)
        near.connect(listener.getsockname())
        far = listener.accept()[0]
        far.settimeout(2 * lab.TIMEOUT)
        self.stop, self.failed, self.sums = False, [], {}
        self.count = {"there": 0, "back": 0}
        self.threads = [threading.Thread(target=self._guard, args=row, daemon=True) for row in (
            (self._send, "there", near), (self._receive, "there", far),
            (self._send, "back", far), (self._receive, "back", near))]
        for thread in self.threads:
            thread.start()

    def _guard(self, what, way, sock):
        try:
            self.sums[what.__name__, way] = what(way, sock)
        except OSError as err:
            self.failed.append(f"{way}: {err}")

    def _send(self, _way, sock):
        block, at, digest = os.urandom(1 << 18), 0, hashlib.sha256()
        while not self.stop:
            part = block[at:at + 16000]
            at = (at + 7001) % (len(block) - 16000)
            sock.sendall(part)
            digest.update(part)
            time.sleep(0.01)
        sock.shutdown(socket.SHUT_WR)
        return digest.hexdigest()

    def _receive(self, way, sock):
        digest = hashlib.sha256()
        while part := sock.recv(1 << 16):
            digest.update(part)
            self.count[way] += len(part)
        return digest.hexdigest()

    def moves(self):
        """Wait until more bytes came, both ways."""
        before = dict(self.count)
        lab.wait_until(lambda: self.failed or all(self.count[w] > before[w] + 50000 for w in before),
                       f"TCP stands still at {before}")
        check(not self.failed, f"TCP: {self.failed}")

    def end(self):
        """No more is sent; what came is what was sent."""
        self.stop = True
        for thread in self.threads:
            thread.join(3 * lab.TIMEOUT)
            check(not thread.is_alive(), f"TCP does not end: {self.count}")
        check(not self.failed, f"TCP: {self.failed}")
        for way in self.count:
            equal(self.sums["_receive", way], self.sums["_send", way], f"hash of what came, {way}")


class Traffic:
    """What flows while things change: TCP, and a numbered datagram from H1 to H2 at a time."""

    def __init__(self, net, gso="off"):
        self.net = net
        net.offload(gso)
        self.udp = net.socket("H1")
        self.udp.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, gates.MARK_TOS)
        self.sink, self.aside = net.socket("H2", bind=gates.HOSTS[1]), net.socket("G2", bind=gates.ASIDE)
        self.aside.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)           # SO_RCVBUFFORCE: nobody reads the fences
        self.taps, self.clear = {}, {}
        for dev in ("out1", "out0"):
            self.watch(dev)
        self.number, self.due, self.got = 0, set(), set()
        self.before = {node: net.surplus(node) for node in net.dut}
        self.stream = Stream(net)
        # what one CPU sends stays in order, so that a packet sent behind another can stand for its end
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    def watch(self, dev):
        """Look at what leaves the gateways by @dev."""
        self.taps[dev] = self.net.tap("G1", dev, gates.MARKED)
        for node in self.net.dut:
            self.clear[node, dev] = self.net.tap(node, dev, gates.CLEAR)

    def unwatch(self, dev):
        """Before @dev goes."""
        self.none_clear()
        del self.taps[dev]
        for node in self.net.dut:
            del self.clear[node, dev]

    def _left(self, want):
        """[(device, frame)] of the datagram just sent, by a fence on a way of its own that nothing changes."""
        fence, seen = os.urandom(16), []
        self.udp.sendto(fence, self.aside.getsockname())
        while True:
            frame = self.taps["out1"].recv(lab.TIMEOUT)
            check(frame, "the fence did not come")
            if fence in frame:
                break
            seen.append(("out1", frame))
        lab.wait_until(self.net.at_rest, "packets stay in asynchronous crypto")
        end = time.monotonic() + (lab.TIMEOUT if want else 0)
        while True:
            for dev, tap in self.taps.items():
                while frame := tap.recv():
                    seen.append((dev, frame))
            if seen or time.monotonic() > end:
                return seen

    def tick(self, want, arrives=True, drop=None, dev=None, spi=None):
        """The next datagram leaves G1 as @want, "esp", "clear" or None for not at all, and arrives, or not.

        @drop: (gateway, counter) that has counted it. @dev, @spi: by which, with which.
        """
        before = self.net.stat(drop[0])[drop[1]] if drop else 0
        self.number += 1
        self.udp.sendto(struct.pack("!I", self.number).ljust(64), self.sink.getsockname())
        seen = self._left(want)
        how = ["esp" if frame[23] == socket.IPPROTO_ESP else "clear" for _, frame in seen]
        equal(how, [want] if want else [], f"how datagram {self.number} left G1; drops {self.net.drops('G1')}")
        if dev:
            equal(seen[0][0], dev, "the device by which it left")
        if spi:
            equal(int.from_bytes(seen[0][1][34:38], "big"), spi, "its SPI")
        if drop:
            lab.wait_until(lambda: self.net.stat(drop[0])[drop[1]] > before, f"{drop[0]} does not count {drop[1]}")
        if want and arrives:
            self.due.add(self.number)
            lab.wait_until(lambda: self.number in self.arrived(),
                           f"datagram {self.number} left as {want}, and does not arrive: {self.net.drops('G2')}")

    def arrived(self):
        """Numbers of all that came to H2."""
        while select.select([self.sink], [], [], 0)[0]:
            number = struct.unpack("!I", self.sink.recv(100)[:4])[0]
            check(number not in self.got, f"datagram {number} came twice")
            self.got.add(number)
        return self.got

    def moves(self):
        """TCP goes on, both ways."""
        self.stream.moves()

    def protected(self):
        """From here on nothing may be clear: what was on its way before is through."""
        self.net.quiesce()
        for tap in self.clear.values():
            tap.drain()
        self.moves()
        self.none_clear()

    def none_clear(self):
        """Nothing that should not left a gateway in clear."""
        for (node, dev), tap in self.clear.items():
            frame = tap.recv()
            check(frame is None, f"{node} sent in clear by {dev}: {(frame or b'')[14:54].hex()}")

    def end(self, even):
        """All that was to arrive did; @even: each gateway's sum is even."""
        self.moves()
        self.stream.end()
        self.none_clear()
        equal(sorted(self.arrived()), sorted(self.due), "datagrams that arrived")
        if even:
            parts = {node: self.net.parts(node) for node in self.net.dut}
            # the fences were for G2 itself
            self.net.settled(lambda: {n: self.net.surplus(n) - self.before[n] for n in self.before},
                             {"G1": 0, "G2": self.number},
                             f"packets in, less those out and those counted as dropped, {parts}")


def changing(net, body, gso="off", even=True, **keys):
    """@body changes things; around it all is keyed, in flow, and summed up."""
    cpus = os.sched_getaffinity(0)
    try:
        with gates.Level(net):
            pair = net.key(**keys)
            traffic = Traffic(net, gso)
            traffic.tick("esp")
            body(net, traffic, pair)
            traffic.end(even)
    finally:
        os.sched_setaffinity(0, cpus)
        if "out0" not in net.devices("G1"):
            net.link("out0")
        for end in (0, 1):
            net.up("out0", end)
            leads(net, end, None)
            net.mtu("out1", 1500)
        net.routes()


# -- policies ------------------------------------------------------------

def policy_deleted(net, flow, _pair):
    """Deleted: clear, and only then. Added again: protected, and nothing in clear from then on."""
    def policy(node, way, verb="spdadd"):
        net.dut[node].setkey(net.sp_line(node, way, verb=verb))
    for _ in range(ROUNDS):
        policy("G1", "out", "spddelete")
        flow.tick("clear", arrives=False, drop=("G2", "in_clear"))
        policy("G2", "in", "spddelete")
        flow.tick("clear")
        policy("G2", "out", "spddelete")
        policy("G1", "in", "spddelete")
        flow.moves()
        policy("G1", "out")
        flow.tick("esp", arrives=False, drop=("G2", "in_no_policy"))
        policy("G2", "in")
        flow.tick("esp")
        policy("G2", "out")
        policy("G1", "in")
        flow.protected()


def policy_updated(net, flow, _pair):
    """To discard, to none, and back."""
    change = f"spdupdate {gates.NETS[0]} {NET2} any -P out "
    for _ in range(ROUNDS):
        net.dut["G1"].setkey(change + "discard;")
        flow.tick(None, drop=("G1", "out_discard"))
        flow.none_clear()
        net.dut["G1"].setkey(change + "none;")
        flow.tick("clear", arrives=False, drop=("G2", "in_clear"))
        net.dut["G1"].setkey(net.sp_line("G1", "out", verb="spdupdate"))
        flow.tick("esp")
        flow.protected()


def policy_in_front(net, flow, _pair):
    """A policy of a better priority that discards one of the flows comes and goes; the other does not notice."""
    better = f"{gates.NETS[0]} {NET2} udp -P out"
    for _ in range(ROUNDS):
        net.dut["G1"].setkey(f"spdadd {better} prio 100 discard;")
        flow.tick(None, drop=("G1", "out_discard"))
        flow.moves()
        net.dut["G1"].setkey(f"spddelete {better};")
        flow.tick("esp")
        flow.moves()


# -- SAs -----------------------------------------------------------------

def sa_deleted(net, flow, pair):
    """The sender's, then the receiver's: dropped and counted, until there is one again."""
    for _ in range(ROUNDS):
        net.del_sa("G1", pair, 0)
        flow.tick(None, drop=("G1", "out_no_sa"))
        net.del_sa("G2", pair, 0)
        pair = (net.sas()[0], pair[1])
        net.add_sa("G2", pair, 0)
        net.add_sa("G1", pair, 0)
        flow.tick("esp", spi=pair[0].spi)
        flow.moves()
        net.del_sa("G2", pair, 0)
        flow.tick("esp", arrives=False, drop=("G2", "in_no_sa"))
        net.add_sa("G2", pair, 0)
        flow.tick("esp", spi=pair[0].spi)
        flow.moves()


def sa_updated(net, flow, pair):
    """An SA in use gets a limit that it has passed already, and one that it has not."""
    for _ in range(ROUNDS):
        net.add_sa("G1", pair, 0, kind=pfkey.UPDATE, hard={"packets": 1 << 30})
        flow.tick("esp", spi=pair[0].spi)
        net.add_sa("G1", pair, 0, kind=pfkey.UPDATE, hard={"packets": 1})
        flow.tick(None)
        pair = (net.sas()[0], pair[1])
        net.add_sa("G2", pair, 0)
        net.add_sa("G1", pair, 0)
        flow.tick("esp", spi=pair[0].spi)
        flow.moves()


def rekeyed(net, flow, pair):
    """Again and again: the next packet takes the new SA, and not one is lost or dropped on the way.

    An old SA stays for a round more, out before in, as it does with any keying daemon.
    """
    before = {node: net.stat(node) for node in net.dut}
    old = None
    for _ in range(REKEYS):
        new = net.sas()
        for node, which in (("G2", 0), ("G1", 1), ("G1", 0), ("G2", 1)):
            net.add_sa(node, new, which)
        flow.tick("esp", spi=new[0].spi)
        for nodes in (("G1", "G2"), ("G2", "G1")) if old else ():
            net.quiesce()
            net.del_sa(nodes[0], old, 0)
            net.del_sa(nodes[1], old, 1)
        old, pair = pair, new
    flow.moves()
    for node, stat in before.items():
        equal(net.drops(node, stat), {}, f"drops of {node}")


# -- routes, addresses, links --------------------------------------------

def leads(net, end, *devs):
    """Gateway @end (0, 1) reaches the other one by these devices; None: by out0, as at the start.

    By the first alone, where the kernel has no routes by several.
    """
    ns, far = net.ns[("G1", "G2")[end]], f"{gates.ENDS[1 - end]}/32"
    if None in devs:
        ns.ip("route", "flush", far)
        return
    hops = [{"out0": "dev out0", "out1": f"via {gates.LINKS['out1'][1 - end][2]} dev out1"}[dev] for dev in devs]
    try:
        ns.batch(f"route replace {far} {' '.join(f'nexthop {hop}' for hop in hops) if hops[1:] else hops[0]}\n")
    except Fail as err:
        check("Multipath support not enabled" in str(err), str(err))
        leads(net, end, devs[0])


def routes_change(net, flow, _pair):
    """The way to the other end, and the one that the clear packet would have taken."""
    g1 = net.ns["G1"]
    for _ in range(ROUNDS):
        g1.batch(f"route replace {END2}/32 via 20.0.1.2 dev out1\n")
        flow.tick("esp", dev="out1")
        g1.batch(f"route replace blackhole {END2}/32\n")
        flow.tick(None, drop=("G1", "out_no_route"))
        g1.batch(f"route replace unreachable {END2}/32\n")
        flow.tick(None, drop=("G1", "out_no_route"))
        g1.batch(f"route del unreachable {END2}/32\n")
        leads(net, 0, "out1", "out0")
        flow.tick("esp")
        leads(net, 0, None)
        flow.tick("esp", dev="out0")
        g1.batch(f"route replace blackhole {NET2}\n")
        flow.tick(None)
        g1.batch(f"route del blackhole {NET2}\nroute replace {NET2} via {END2}\n")
        flow.tick("esp", dev="out0")
        net.routes()
        flow.tick("esp", dev="out0")
        flow.moves()


def gateways_change(net, flow, _pair):
    """By one link, by the other, by both, by what is left of them; each way for itself."""
    for _ in range(ROUNDS):
        for end in (0, 1):
            for devs in (("out1",), ("out0", "out1"), ("out1",), ("out0",), ("out1", "out0"), (None,)):
                leads(net, end, *devs)
                here = () if end else devs
                flow.tick("esp", dev=None if here[1:] else [*here, None][0] or "out0")
            flow.moves()


def links_differ(net, flow, _pair):
    """The other link has a smaller MTU, or a larger one, and changes it: TCP has no fragments, and is not cut off."""
    def fragments():
        return [net.snmp(node)[name] for node in net.dut for name in ("IpFragCreates", "IpReasmReqds")]
    before = fragments()
    for mtu in (1300, 9000) * ROUNDS:
        net.mtu("out1", mtu)
        for end in (0, 1):
            leads(net, end, "out1")
        flow.tick("esp", dev="out1")
        flow.moves()
        net.mtu("out1", 1400)
        flow.tick("esp", dev="out1")
        flow.moves()
        for end in (0, 1):
            leads(net, end, None)
        flow.tick("esp", dev="out0")
        flow.moves()
    equal(fragments(), before, "fragments made and received by the gateways")


def nexthop_dies(net, flow, _pair):
    """A route by two links loses one, which comes back."""
    leads(net, 1, "out1")
    for _ in range(ROUNDS):
        leads(net, 0, "out1", "out0")
        flow.tick("esp")
        net.ns["G1"].ip("link", "set", "out0", "down")
        flow.tick("esp", dev="out1")
        flow.moves()
        net.up("out0", 0)
        lab.wait_up(net.ns["G1"], "out0")
        leads(net, 0, "out1", "out0")
        flow.tick("esp")
        flow.moves()


def own_traffic(net):
    """TCP of the gateways themselves in transport mode, which goes by the route of the clear packet."""
    with gates.Level(net):
        net.key(mode="transport")
        taps = {(node, dev): net.tap(node, dev, gates.CLEAR) for node in net.dut for dev in ("out0", "out1")}
        stream = Stream(net, tuple(net.dut), gates.ENDS)
        sent = {dev: net.tap("G1", dev, gates.LEFT) for dev in ("out0", "out1")}
        try:
            for mtu in (1300, 9000) * ROUNDS:
                net.mtu("out1", mtu)
                for dev in ("out1", None):
                    for end in (0, 1):
                        leads(net, end, dev)
                    net.quiesce()
                    for tap in sent.values():
                        tap.drain()
                    stream.moves()
                    equal([name for name, tap in sent.items() if tap.recv()], [dev or "out0"], "links of G1 in use")
            stream.end()
        finally:
            for end in (0, 1):
                leads(net, end, None)
            net.mtu("out1", 1500)
        for (node, dev), tap in taps.items():
            frame = tap.recv()
            check(frame is None, f"{node} sent in clear by {dev}: {(frame or b'')[14:54].hex()}")


def address_gone(net, flow, _pair):
    """The tunnel's own end is no address of this host, and is again."""
    for _ in range(ROUNDS):
        net.ns["G1"].ip("addr", "del", f"{END1}/24", "dev", "out0")
        flow.tick(None, drop=("G1", "out_no_route"))
        net.ns["G1"].ip("addr", "add", f"{END1}/24", "dev", "out0")
        flow.tick("esp", dev="out0")
        flow.moves()


def link_flaps(net, flow, _pair):
    """The link under the tunnel goes down and up, at either end."""
    for number in range(2 * ROUNDS):
        end = number % 2
        net.ns[("G1", "G2")[end]].ip("link", "set", "out0", "down")
        if not end:
            flow.tick(None, drop=("G1", "out_no_route"))
        net.up("out0", end)
        lab.wait_up(net.ns["G1"], "out0")
        flow.tick("esp", dev="out0")
        flow.moves()


def veth_deleted(net, flow, _pair):
    """The link under the tunnel is deleted, which waits for all that holds it, and made anew."""
    for _ in range(ROUNDS):
        flow.unwatch("out0")
        net.ns["G1"].ip("link", "del", "out0")
        flow.tick(None, drop=("G1", "out_no_route"))
        net.link("out0")
        flow.watch("out0")
        flow.tick("esp", dev="out0")
        flow.moves()


for name, body in (("policy_deleted", policy_deleted), ("policy_updated", policy_updated),
                   ("policy_in_front", policy_in_front), ("sa_deleted", sa_deleted), ("sa_updated", sa_updated),
                   ("rekeyed", rekeyed)):
    suite.add(f"C_{name}", changing, body)
# with segmentation each gateway makes several packets of one, so that sums say nothing
suite.add("C_sa_deleted_gso", changing, sa_deleted, "on", False)
if NIGHTLY:
    suite.add("C_policy_deleted_gso", changing, policy_deleted, "on", False)
    suite.add("C_rekeyed_gso", changing, rekeyed, "on", False)
# and devices that go take their counters with them
for name, body in (("routes", routes_change), ("address", address_gone), ("link_flaps", link_flaps),
                   ("veth", veth_deleted)):
    suite.add(f"C_{name}", changing, body, "off", False)
suite.add("C_gateways", changing, gateways_change)
suite.add("C_own_routes", own_traffic)
for name, body in (("links_differ", links_differ), ("nexthop_dies", nexthop_dies)):
    # where what fits gets smaller, one segment of a host leaves as two
    suite.add(f"C_{name}", changing, body, "off", False)

if __name__ == "__main__":
    suite.run(gates.Gates)
