#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Is each packet of a flood delivered or counted as dropped, whatever goes on meanwhile?

# kernels: all
# timeout: 900
# brief: queue_full|forward_gcm

Two hosts flood each other through two gateways (wire/gates.py), or the gateways
do. What the sockets send, what they get, and what devices and counters say must
add up at every node to the last packet.
"""
import contextlib
import json
import os
import re
import select
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import gates
import lab
import packet
import pfkey
from change import Stream
from ktap import Skip, Suite, check, equal
from trace import Trace

suite = Suite(__doc__)
NIGHTLY = bool(os.environ.get("TESTUDO_NIGHTLY"))
COUNT = 10000 if NIGHTLY else 800                       # of each sender
CPUS = sorted(os.sched_getaffinity(0))
PEERS = {"forward": (("H1", "H2"), "hosts"), "local": (("G1", "G2"), "ends")}
SHARED = [(node, dev) for node in ("G1", "G2") for dev in ("in0", "out0", "out1")]
SEGMENT, SEGMENTS = 1000, 40
KFREE = re.compile(r"kfree_skb: ")


class Discards(Trace):
    """How many packets the kernel has given to routes that are dead, which throw them away and count none.

    A route is when its device has gone down, for those who had it before. Of the whole machine.
    """
    def __init__(self):
        super().__init__("skb/kfree_skb")
        with open("/proc/kallsyms", encoding="ascii") as f:
            text = {row[2]: int(row[0], 16) for row in map(str.split, f) if row[1] in "tT"}
        begin = text["dst_discard_out"]
        end = min(at for at in text.values() if at > begin)
        self.write("events/skb/kfree_skb/filter", f"location >= {begin} && location < {end}")
        self.clear()

    def __call__(self):
        return len(self.found(KFREE))


class Flood:
    """Two senders each way, and slow readers with little room. lost() packets, or fewer, need no counter."""

    def __init__(self, net, where, lost=lambda: 0):
        self.net, self.got, self.readers, self.lost = net, {}, {}, lost
        nodes, addrs = PEERS[where][0], getattr(net.family, PEERS[where][1])
        for target, addr in zip(nodes, addrs):
            sock = net.socket(target, bind=addr)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 20000)
            self.readers[sock] = target
            self.got[target] = []
        self.before = {node: net.surplus(node) for node in net.ns}
        self.sent = {node: 0 for node in net.ns}
        self.pids, self.ends, self.stop = {}, os.pipe(), os.pipe()
        for number, (source, sock) in enumerate(list(zip(nodes[::-1], self.readers)) * 2):
            self.pids[self._sender(source, sock.getsockname(), number)] = source
        os.close(self.ends[1])

    def _sender(self, node, to, number):
        """A process of its own CPU that sends COUNT datagrams, and more until told to stop; then it tells how many."""
        sock = self.net.socket(node)
        pid = os.fork()
        if pid:
            return pid
        status, done = 1, 0
        try:
            os.sched_setaffinity(0, {CPUS[number % len(CPUS)]})
            os.close(self.stop[1])
            while done < COUNT or not select.select([self.stop[0]], [], [], 0)[0]:
                try:
                    sock.sendto(struct.pack("!II", number, done).ljust(100), to)
                except OSError:
                    pass                            # it was dropped where its sender can be told
                done += 1
            os.write(self.ends[1], struct.pack("!II", os.getpid(), done))
            status = 0
        finally:
            os._exit(status)

    def _read(self, timeout):
        """One datagram of each reader that has any; whether there was one."""
        ready = select.select(list(self.readers), [], [], timeout)[0]
        for sock in ready:
            self.got[self.readers[sock]].append(sock.recv(1000)[:8])
        return bool(ready)

    def run(self, meanwhile=None, turns=0):
        """Read, slowly, until all senders are done; meanwhile() is called again and again, or just @turns times."""
        done = 0
        if not turns:
            os.close(self.stop[1])
        while True:
            if select.select([self.ends[0]], [], [], 0.002)[0]:
                report = os.read(self.ends[0], 8)
                if not report:
                    break
                pid, count = struct.unpack("!II", report)
                self.sent[self.pids[pid]] += count
                continue
            self._read(0)
            if meanwhile and (not turns or done < turns):
                meanwhile()
                done += 1
                if done == turns:
                    os.close(self.stop[1])
        os.close(self.ends[0])
        os.close(self.stop[0])
        for pid in self.pids:
            equal(os.waitpid(pid, 0)[1], 0, "exit status of a sender")

    def missing(self):
        """{node: packets that nobody can tell of} when that is not 0"""
        while self._read(0):
            pass
        left = {node: self.net.surplus(node) - self.before[node] + self.sent[node] - len(self.got.get(node, ()))
                for node in self.net.ns}
        left = {node: n for node, n in left.items() if n}
        return {} if all(n > 0 for n in left.values()) and sum(left.values()) <= self.lost() else left

    def even(self):
        """All of them can be told of, and none came twice."""
        self.net.settled(self.missing, {}, "packets lost and not counted")
        for node, got in self.got.items():
            equal(len(set(got)), len(got), f"different datagrams that {node} got")
        sent = sum(self.sent.values())
        print(f"# {sent} sent, {sum(map(len, self.got.values()))} read, others refused by queues and sockets: "
              f"{ {n: self.net.parts(n)['in_refused'] for n in self.net.ns} }, by dead routes {self.lost()}", flush=True)


def changing_sa(net, pair, mode):
    """A function that deletes or adds one of the two SAs of a gateway, in turn."""
    state = {"n": 0}

    def change():
        turn, add = divmod(state["n"], 2)
        state["n"] += 1
        node, which = ("G1", "G2")[turn % 2], turn // 2 % 2
        if add:
            net.add_sa(node, pair, which, mode)
        else:
            net.del_sa(node, pair, which)
    return change


def changing_policy(net, _pair, mode):
    """A function that deletes or adds a gateway's policy, in turn."""
    state = {"n": 0}
    ends = net.family.ends
    nets, plens = zip(*(n.split("/") for n in net.family.nets)) if mode == "tunnel" else (ends, (None, None))
    plen = plens[0] and int(plens[0])

    def change():
        turn, add = divmod(state["n"], 2)
        state["n"] += 1
        node, out = ("G1", "G2")[turn % 2], not turn // 2 % 2
        way = 1 if (node == "G1") == out else -1
        net.key_sockets[node].spd_add(*nets[::way], "out" if out else "fwd" if mode == "tunnel" else "in", mode,
                                      ends[::way], proto=packet.UDP, splen=plen, dplen=plen,
                                      kind=pfkey.SPDADD if add else pfkey.SPDDELETE)
    return change


def link_flap(net, _pair, _mode):
    """A function that takes away or gives back an end of the link that protected packets go by, in turn.

    Each waits until a packet has met what the last one did. What has no route by then
    is counted where it looked for it, and what had one by the device that is down.
    """
    state = {"n": 0, "before": 0}
    net.flap("out0")

    def met():
        if not state["n"] % 2:
            return sum(net.devices(node)["out0"][0] for node in net.dut)
        return sum(net.stat(node)["out_no_route"] + sum(net.snmp(node)[k] for k in ("IpOutNoRoutes", "Ip6OutNoRoutes"))
                   for node in net.dut)

    def change():
        turn, up = divmod(state["n"], 2)
        if state["n"]:
            lab.wait_until(lambda: met() > state["before"], f"no packet meets {'no ' * up}link")
        if up:
            net.up("out0", turn % 2)
        else:
            node, dev, _ = gates.LINKS["out0"][turn % 2]
            net.ns[node].ip("link", "set", dev, "down")
        state["n"] += 1
        state["before"] = met()
    return change


def flood(net, where, enc, auth="none", change=None, shared=False, v=4, turns=0):
    """Sums are even; with @shared, other CPUs receive than those that send, by queues that are soon full.

    @change: makes a function that changes something; called @turns times when that is not 0.
    """
    mode = "tunnel" if where == "forward" else "transport"
    net.use(v)
    pair = net.key(mode, enc, auth, upper="udp")
    if shared:
        net.limit(0)
        for node, dev in SHARED:
            net.rps(node, dev, f"{(1 << len(CPUS)) - 1:x}")
    meanwhile = change(net, pair, mode) if change else None
    before = {node: net.stat(node) for node in net.dut}
    with contextlib.closing(Discards()) if turns else contextlib.nullcontext(lambda: 0) as lost:
        if meanwhile:
            meanwhile()                                 # so that some packets meet it, however fast they are
        run = Flood(net, where, lost)
        run.run(meanwhile, max(turns - 1, 0))
        run.even()
    if shared:
        for node, dev in SHARED:
            net.rps(node, dev, "0")
    moved = [net.drops(*row) for row in before.items()]
    print(f"# drops {moved}", flush=True)
    check(change or not any(moved), f"nothing was changed, and these drops counted: {moved}")
    check(any(moved) or not change or turns, "no packet met a change")


def queue_full(net):
    """Segments of one super-packet, opened in one go: those that the queue behind the tunnel refuses are counted."""
    net.key("tunnel")
    src, dst = gates.HOSTS
    net.offload("on")
    for node in net.dut:
        net.ns[node].run("ethtool", "-K", "out0", "tso", "off")         # or veth has no NAPI, and so no bursts
    # by out0 both ways; and what comes out goes to nobody, who does not answer
    net.ns["G1"].batch(f"route replace {gates.NETS[1]} via {gates.ENDS[1]}\n")
    net.ns["G2"].batch("neigh replace 10.0.2.9 lladdr 02:00:00:00:03:09 dev in0 nud permanent\n")
    net.limit(10)
    end = net.tap("G2", "in0", gates.LEFT)
    with net.ns["H1"]:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.setsockopt(263, 15, 1)                         # SOL_PACKET, PACKET_VNET_HDR
    sock.bind(("eth0", 0))
    before = {node: net.stat(node) for node in net.dut}
    body = packet.tcp(src, "10.0.2.9", 7, 9, 1, 1, 0x10, bytes(SEGMENT * SEGMENTS))
    part = ~packet.csum(packet.pseudo(src, "10.0.2.9", packet.TCP, len(body))) & 0xFFFF
    frame = (bytes.fromhex("020000000001 020000000000 0800") +
             packet.ip4(src, "10.0.2.9", packet.TCP, body[:16] + struct.pack("!H", part) + body[18:]))
    with sock:
        # NEEDS_CSUM, GSO_TCPV4
        sock.send(struct.pack("=BBHHHH", 1, 1, 54, SEGMENT, 34, 16) + frame)

    def passed():
        """Segments that G2 has opened, less those that it counts as refused, less those that went on."""
        moved = {k: v - before["G2"].get(k, 0) for k, v in net.stat("G2").items()}
        while (got := end.recv()) is not None:
            passed.bytes += len(got) - 54
        return (moved["in_packets"],
                moved["in_packets"] - moved.get("in_queue", 0) - passed.bytes // SEGMENT)
    passed.bytes = 0
    try:
        net.settled(passed, (SEGMENTS, 0), "segments opened, and those of them that nobody can tell of")
    finally:
        net.routes()
        net.offload("off")
    moved = net.drops("G2", before["G2"])
    check(moved.get("in_queue", 0) > 0, f"in_queue=0, and {passed.bytes // SEGMENT} segments passed")
    equal(list(moved), ["in_queue"], "drops of G2")
    equal(net.drops("G1", before["G1"]), {}, "drops of G1")


def netem(net, options):
    """A link that mixes packets, and loses or doubles some: what came twice is in_replay, nothing else is dropped."""
    net.key("tunnel", upper="udp")
    net.ns["G1"].batch(f"route replace {gates.NETS[1]} via {gates.ENDS[1]}\n")
    code, said = net.ns["G1"].run("tc", "qdisc", "add", "dev", "out0", "root", "netem", *options.split(), fails=True)
    if code:
        raise Skip(f"no netem: {said.strip()}")
    before = {node: (net.stat(node), net.devices(node)) for node in net.dut}
    first = net.devices("H1")["eth0"][3]
    run = Flood(net, "forward")

    def lost():
        text = net.ns["G1"].run("tc", "-s", "qdisc", "show", "dev", "out0")
        return (int(re.search(r"dropped (\d+)", text)[1]), int(re.search(r"backlog \S+ (\d+)p", text)[1]))

    def sums():
        """Of G1: sent less protected, and waiting; of G2: twice and not in_replay, and not passed on; of H2: lost."""
        stat = {node: net.stat(node) for node in net.dut}
        protected = stat["G1"]["out_packets"] - before["G1"][0]["out_packets"]
        came = net.devices("G2")["out0"][0] - before["G2"][1]["out0"][0]
        twice = came - (protected - lost()[0])
        return (run.sent["H1"] - protected - net.devices("H1")["eth0"][3] + first, lost()[1],
                stat["G2"]["in_replay"] - before["G2"][0]["in_replay"] - twice,
                net.surplus("G2") - run.before["G2"], run.missing().get("H2", 0))
    try:
        run.run()
        net.settled(sums, (0, 0, 0, 0, 0), "not protected, waiting, twice and not in_replay, lost in G2, in H2")
        moved = net.drops("G2", before["G2"][0])
    finally:
        net.ns["G1"].run("tc", "qdisc", "del", "dev", "out0", "root")
        net.routes()
    check(set(moved) <= {"in_replay"}, f"drops of G2: {moved}")
    check(moved or "duplicate" not in options, "nothing came twice")
    for node, got in run.got.items():
        equal(len(set(got)), len(got), f"different datagrams that {node} got")


class Qdisc:
    """Context: a queue of its own for what a gateway sends by out0."""

    def __init__(self, net, node, *words):
        self.ns, self.words = net.ns[node], words

    def __enter__(self):
        code, said = self.ns.run("tc", "qdisc", "add", "dev", "out0", "root", *self.words, fails=True)
        if code:
            raise Skip(f"no {self.words[0]}: {said.strip()}")
        return self

    def __exit__(self, *exc):
        self.ns.run("tc", "qdisc", "del", "dev", "out0", "root")

    def seen(self):
        """Packets that it has dropped, bytes that wait in it."""
        text = self.ns.run("tc", "-j", "-s", "qdisc", "show", "dev", "out0")
        row = next(row for row in json.loads(text) if row["kind"] == self.words[0])
        return row["drops"], row["backlog"]


def tcp_by_queue(net, *words):
    """TCP goes on by a link that loses, mixes and doubles packets, or takes only so many, and its bytes are the same."""
    net.key("tunnel")
    net.offload("on")
    before = {node: net.stat(node) for node in net.dut}
    with Qdisc(net, "G1", *words) as there, Qdisc(net, "G2", *words) as back:
        stream = Stream(net)
        lab.wait_until(lambda: stream.moves() or all(q.seen()[0] for q in (there, back)), "the queues drop nothing")
        stream.moves()
        stream.end()
    for node, stat in before.items():
        # what came twice
        check(set(net.drops(node, stat)) <= {"in_replay"}, f"drops of {node}: {net.drops(node, stat)}")


def deepest(net, rate):
    """The most bytes that wait in a queue of that rate while G1's own TCP sends as much as it can."""
    with Qdisc(net, "G1", "tbf", "rate", rate, "burst", "20kb", "limit", "20mb") as queue:
        listener = net.socket("G2", socket.SOCK_STREAM, bind=gates.ENDS[1])
        listener.listen()
        near = net.socket("G1", socket.SOCK_STREAM)
        near.connect(listener.getsockname())
        far, data, most = listener.accept()[0], os.urandom(3000000), 0
        writer = threading.Thread(target=near.sendall, args=(data,), daemon=True)
        writer.start()
        got = []
        reader = threading.Thread(target=lambda: got.append(hear(far, len(data))), daemon=True)
        reader.start()
        while reader.is_alive():
            most = max(most, queue.seen()[1])
        writer.join()
        check(got == [data], "other bytes")
        far.close()
    return most


def hear(sock, count):
    """So many bytes."""
    sock.settimeout(lab.TIMEOUT)
    parts = b""
    while len(parts) < count and (part := sock.recv(1 << 20)):
        parts += part
    return parts


def backpressure(net):
    """A socket knows of its protected packets that wait for the link, and does not put more and more of them there."""
    net.offload("on")
    # the fastest that this machine's TCP can fill
    for rate in ("8mbit", "1mbit", "250kbit"):
        clear = deepest(net, rate)
        if clear:
            break
    net.key("transport", upper="tcp")
    before = net.stat("G1")["out_packets"]
    deep = deepest(net, rate)
    print(f"# {clear} bytes waited in clear, {deep} protected", flush=True)
    check(net.stat("G1")["out_packets"] > before, "it was not protected")
    check(clear > 0, "nothing ever waited, so nothing is tested")
    check(deep < 2 * clear + 100000, f"{deep} bytes waited, in clear {clear}")


suite.add("D_flood_queue_full", queue_full)
suite.add("D_flood_forward_gcm", flood, "forward", "gcm16_128")
suite.add("D_flood_local_cbc", flood, "local", "aes128", "sha256")
suite.add("D_flood_forward_many_cpus", flood, "forward", "gcm16_128", "none", None, True)
suite.add("D_flood_forward_sa", flood, "forward", "gcm16_128", "none", changing_sa)
suite.add("D_flood_local_sa", flood, "local", "aes128", "sha256", changing_sa)
suite.add("D_flood_forward_policy", flood, "forward", "gcm16_128", "none", changing_policy)
suite.add("D_flood_local_policy", flood, "local", "gcm16_128", "none", changing_policy)
suite.add("D_flood_forward_v6", flood, "forward", "gcm16_128", "none", changing_sa, False, 6)
suite.add("D_flood_local_v6", flood, "local", "aes128", "sha256", changing_sa, False, 6)
if NIGHTLY:
    suite.add("D_flood_forward_v6_policy", flood, "forward", "gcm16_128", "none", changing_policy, False, 6)
    suite.add("D_flood_forward_v6_many_cpus", flood, "forward", "gcm16_128", "none", None, True, 6)
for place, version in (("forward", 4), ("local", 6)) + (("forward", 6), ("local", 4)) * NIGHTLY:
    suite.add(f"D_flood_link_flap_{place}_v{version}", flood, place, "gcm16_128", "none", link_flap, False, version,
              40 if NIGHTLY else 8)
# not both: of one that was doubled netem may lose either
suite.add("G14_loss_and_reorder", netem, "loss 5% delay 2ms reorder 25% limit 100000")
suite.add("G14_tcp_lossy", tcp_by_queue, "netem", "loss", "5%", "duplicate", "5%", "delay", "2ms", "reorder", "5%")
if NIGHTLY:
    suite.add("G14_tcp_narrow", tcp_by_queue, "tbf", "rate", "4mbit", "burst", "10kb", "limit", "20kb")
suite.add("G14_backpressure", backpressure)
suite.add("G14_duplicate_and_reorder", netem, "duplicate 10% delay 2ms reorder 25% limit 100000")

if __name__ == "__main__":
    suite.run(gates.Gates)
