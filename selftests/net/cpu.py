#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Do all CPUs share one SA in order, both ways, and may they go and come under traffic?

# kernels: all
# timeout: 900
# brief: window_32|offline_plain|rps_udp|arrive_twice|spread_gcm

Two hosts talk through two gateways (wire/gates.py); as in change.py, whose flows
these are, no packet may be lost uncounted.
"""
import collections
import contextlib
import importlib
import hashlib
import json
import os
import re
import select
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import change
import gates
import lab
import packet
import trace
from ktap import Skip, Suite, check, equal

crypto = importlib.import_module("async")               # its name is a word of the language

suite = Suite(__doc__)
NIGHTLY = bool(os.environ.get("TESTUDO_NIGHTLY"))
CPUS = sorted(os.sched_getaffinity(0))
ROUNDS = 400 if NIGHTLY else 60
SENDERS = 4
FLOWS = 24
ARRIVALS = 2000                                         # below the window: no stall makes a packet old
BURST, BURSTS = 32, 8
INCOMING_CPU = 49                                       # SO_INCOMING_CPU
WORKER = re.compile(r"\[(\d+)\].* workqueue_execute_start: .*function padata_parallel_worker\b")
MASK = crypto.MASK.format("pdecrypt")
TURNS = 10 if NIGHTLY else 2


class Sender:
    """A process of H1 and of one CPU, that sends as often as it is told, and ends when told nothing more.

    @segments: datagrams of 8 bytes that it sends at once.
    """

    def __init__(self, net, to, number, segments):
        self.said, tell = os.pipe()
        sock = net.socket("H1")
        if segments > 1:
            sock.setsockopt(socket.IPPROTO_UDP, 103, 8)                 # UDP_SEGMENT
        self.pid = os.fork()
        if self.pid:
            os.close(self.said)
            self.tell = tell
            return
        try:
            os.close(tell)
            os.sched_setaffinity(0, {CPUS[number % len(CPUS)]})
            done = 0
            while word := os.read(self.said, 4):
                for _ in range(int.from_bytes(word, "big")):
                    sock.sendto(b"".join(struct.pack("!II", number, done + at) for at in range(segments)), to)
                    done += segments
        finally:
            os._exit(0)

    def send(self, count):
        """Tell it to."""
        os.write(self.tell, count.to_bytes(4, "big"))



def packets_of(net, node, dev):
    """What a device has sent, each super-packet as one."""
    return json.loads(net.ns[node].ip("-j", "-s", "link", "show", dev))[0]["stats64"]["tx"]["packets"]


def one_sa(net, burst, rounds, window, segments=1):
    """Every CPU sends by the same SA: each number is taken once, and its receiver finds none out of its window.

    Bursts come to no more packets than the window holds, and the next begins when
    all have arrived: a CPU that is taken away while it sends one (this may be an
    emulator) can not be overtaken by more. So it is by numbers that are taken and
    not sent at once, as those that a CPU would keep in stock.

    @segments: datagrams in a super-packet, which takes as many numbers.
    """
    pair = net.key(window=window)
    if segments > 1:
        net.offload("on")
    sink = net.socket("H2", bind=gates.HOSTS[1])
    sink.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)                    # SO_RCVBUFFORCE
    # what CPUs have not come to yet fills no queue
    net.limit(max(net.backlog, 4 * SENDERS * burst * segments))
    before, got, due = {node: net.stat(node) for node in net.dut}, set(), 0
    senders, frames = [], packets_of(net, "H1", "eth0")
    for number in range(SENDERS):
        senders.append(Sender(net, sink.getsockname(), number, segments))
    for _ in range(rounds):
        for one in senders:
            one.send(burst)
        due += SENDERS * burst * segments
        while len(got) < due and select.select([sink], [], [], lab.TIMEOUT)[0]:
            got.add(sink.recv(100))
        if len(got) < due:
            break
    for one in senders:
        os.close(one.tell)
    for one in senders:                                 # each has the pipes of those before it
        os.waitpid(one.pid, 0)
    if segments > 1:
        net.offload("off")
    equal([net.drops(*row) for row in before.items()], [{}, {}], "drops of the sender and of the receiver")
    equal(len(got), due, "different datagrams that came")
    if segments > 1:
        check(packets_of(net, "H1", "eth0") - frames < due / 2, "they were no super-packets any more when they left H1")
    equal(net.stat("G1")["out_packets"] - before["G1"]["out_packets"], due, "packets protected")
    for node, own in (("G1", 2), ("G2", 3)):
        answer = net.key_sockets[node].get(pair[0].spi, *gates.ENDS, own=True).testudo()
        equal(answer[own], due, f"the last sequence number in {node}")


class Datagrams:
    """FLOWS flows of H1's socket to connected ones of H2, which know on which CPU a packet came."""

    def __init__(self, net):
        self.near = net.socket("H1", bind=gates.HOSTS[0])
        self.far, self.number = [], 0
        for _ in range(FLOWS):
            self.far.append(sock := net.socket("H2", bind=gates.HOSTS[1]))
            sock.connect(self.near.getsockname())

    def pass_some(self):
        """Ten of each flow, in turn: all come, and each flow is in order."""
        due = range(self.number, self.number + 10)
        for self.number in due:
            for sock in self.far:
                self.near.sendto(struct.pack("!I", self.number), sock.getsockname())
        self.number += 1
        for sock in self.far:
            got = []
            while len(got) < len(due) and select.select([sock], [], [], lab.TIMEOUT)[0]:
                got += struct.unpack("!I", sock.recv(100))
            equal(got, list(due), "datagrams of a flow, as they came")


class Streams:
    """As many of TCP, which pass the NAPI behind decryption."""

    def __init__(self, net):
        listener = net.socket("H2", socket.SOCK_STREAM, bind=gates.HOSTS[1])
        listener.listen(FLOWS)
        self.near, self.far = [], []
        for _ in range(FLOWS):
            self.near.append(sock := net.socket("H1", socket.SOCK_STREAM))
            sock.settimeout(2 * lab.TIMEOUT)
            sock.connect(listener.getsockname())
            self.far.append(sock := listener.accept()[0])
            net.open.append(sock)
            sock.settimeout(2 * lab.TIMEOUT)

    def pass_some(self):
        """20 kB of each, compared by hash."""
        data = os.urandom(20000)
        for sock in self.near:
            sock.sendall(data)
        for sock in self.far:
            got = bytearray()
            while len(got) < len(data) and (part := sock.recv(len(data) - len(got))):
                got += part
            equal(hashlib.sha256(got).hexdigest(), hashlib.sha256(data).hexdigest(), "hash of what came")


def apart(net, kind):
    """What one SA carried and one CPU decrypted: rps_cpus of the device by which it came spreads the flows inside.

    Without that, all goes on where it was decrypted, which is where it arrived.
    """
    if len(CPUS) < 2:
        raise Skip("one CPU")
    net.key("tunnel")
    net.offload("on" if kind is Streams else "off")
    before = {node: net.stat(node) for node in net.dut}
    try:
        with lab.on_cpu(CPUS[0]):
            flows = kind(net)
            flows.pass_some()
            if kind is Datagrams:                       # answers of TCP come back by timers, too
                equal({s.getsockopt(socket.SOL_SOCKET, INCOMING_CPU) for s in flows.far}, {CPUS[0]},
                      "CPUs by which flows came without rps_cpus")
            net.rps("G2", "out0", f"{sum(1 << cpu for cpu in CPUS):x}")
            flows.pass_some()
            equal({s.getsockopt(socket.SOL_SOCKET, INCOMING_CPU) for s in flows.far}, set(CPUS),
                  "CPUs by which flows came with rps_cpus")
    finally:
        net.rps("G2", "out0", "0")
        net.offload("off")
    equal([net.drops(*row) for row in before.items()], [{}, {}], "drops of the sender and of the receiver")


def sealed(sas, mode, ports, due):
    """Frames from G1 with datagrams for H2, or for G2 in transport mode: numbered @due, to @ports and by @sas in turn."""
    frames, addrs = [], gates.HOSTS if mode == "tunnel" else gates.ENDS
    for number in due:
        body, proto = packet.udp(*addrs, 7, ports[number % len(ports)], struct.pack("!I", number)), packet.UDP
        if mode == "tunnel":
            body, proto = packet.ip4(*addrs, proto, body), packet.IPIP
        body = packet.ip4(*gates.ENDS, packet.ESP, sas[number % len(sas)].seal(body, proto))
        frames.append(bytes.fromhex("020000000101 020000000100 0800") + body)
    return frames


def link(net):
    """A socket that puts frames on the link between the gateways."""
    with net.ns["G1"]:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.bind(("out0", 0))
    net.open.append(sock)
    return sock


def by_spi(net):
    """RPS of the device gives SAs each to a CPU, by their SPI; what is in transport mode stays there."""
    if len(CPUS) < 2:
        raise Skip("one CPU")
    net.key("transport")
    sas, sinks, line = [], [], link(net)
    for _ in range(FLOWS):
        pair = net.sas()
        net.add_sa("G2", pair, 0, "transport")
        sas.append(pair[0])
        sinks.append(sock := net.socket("G2", bind=gates.ENDS[1]))
        sock.connect((gates.ENDS[0], 7))
    before, done = net.stat("G2"), 0
    net.rps("G2", "out0", f"{sum(1 << cpu for cpu in CPUS):x}")
    try:
        for some, want in ((sas[:1], 1), (sas, len(CPUS))):
            due = range(done, done + FLOWS)
            done += FLOWS
            frames = sealed(some, "transport", [sock.getsockname()[1] for sock in sinks], due)
            with lab.on_cpu(CPUS[0]):
                for frame in frames:
                    line.send(frame)
            equal(sorted(numbers(sinks, FLOWS)), list(due), "datagrams that came")
            cpus = {s.getsockopt(socket.SOL_SOCKET, INCOMING_CPU) for s in sinks}
            equal(len(cpus), want, f"CPUs ({cpus}) that received by {len(some)} SAs")
    finally:
        net.rps("G2", "out0", "0")
    equal(net.drops("G2", before), {}, "drops of the receiver")


def sender(net, cpu, frames, start):
    """A process of one CPU that puts @frames on the link between the gateways, when nothing can be read from @start."""
    line = link(net)
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.sched_setaffinity(0, {cpu})
        os.close(start[1])
        os.read(start[0], 1)
        for frame in frames:
            line.send(frame)
        status = 0
    finally:
        os._exit(status)


def numbers(socks, count):
    """The numbers of what comes to @socks, as they come, until there are @count."""
    got = []
    while len(got) < count:
        ready = select.select(socks, [], [], lab.TIMEOUT)[0]
        if not ready:
            break
        for sock in ready:
            got += struct.unpack("!I", sock.recv(100))
    return got


def arrive(net, twice):
    """Packets of one SA arrive on all CPUs at once, each CPU having its own, or all having all: each passes once."""
    if len(CPUS) < 2:
        raise Skip("one CPU")
    pair, sinks = net.key("tunnel"), []
    net.limit(2 * ARRIVALS)
    for _ in CPUS:
        sinks.append(sock := net.socket("H2", bind=gates.HOSTS[1]))
        sock.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)                # SO_RCVBUFFORCE
        sock.connect((gates.HOSTS[0], 7))
    frames = sealed(pair[:1], "tunnel", [sock.getsockname()[1] for sock in sinks], range(ARRIVALS))
    before, start = net.stat("G2"), os.pipe()
    pids = [sender(net, cpu, frames if twice else frames[n::len(CPUS)], start) for n, cpu in enumerate(CPUS)]
    for end in start[::-1]:
        os.close(end)
    for pid in pids:
        equal(os.waitpid(pid, 0)[1], 0, "exit status of a sender")
    equal(sorted(numbers(sinks, ARRIVALS)), list(range(ARRIVALS)), "datagrams that came")
    again = ARRIVALS * (len(CPUS) - 1) if twice else 0
    net.settled(lambda: net.drops("G2", before), {"in_replay": again} if again else {}, "drops of the receiver")
    check(not select.select(sinks, [], [], 0)[0], "more came than were sent")
    equal(net.stat("G2")["async"], before["async"], "packets in asynchronous crypto, without pcrypt")
    if not twice:
        equal([s.getsockopt(socket.SOL_SOCKET, INCOMING_CPU) for s in sinks], CPUS, "CPU by which each one's came")


def switch(cpu, word):
    """Take a CPU away ("0"), or give it back ("1")."""
    with open(f"/sys/devices/system/cpu/cpu{cpu}/online", "w", encoding="ascii") as f:
        f.write(word)


def offline(net, enc, auth):
    """Each CPU but the first goes and comes; the next packet is protected, TCP goes on, and sums are even."""
    cpus = [cpu for cpu in CPUS[1:] if os.path.exists(f"/sys/devices/system/cpu/cpu{cpu}/online")]
    if not cpus:
        raise Skip("no CPU that can be taken away")

    def body(net, flow, _pair):
        for dev in ("in0", "out0", "out1"):
            net.rps("G2", dev, f"{sum(1 << cpu for cpu in CPUS):x}")
        try:
            for _ in range(TURNS):
                for word in "01":
                    for cpu in cpus:
                        switch(cpu, word)
                    flow.tick("esp")
                    flow.moves()
        finally:
            for cpu in cpus:
                switch(cpu, "1")
            for dev in ("in0", "out0", "out1"):
                net.rps("G2", dev, "0")
    change.changing(net, body, enc=enc, auth=auth)


@contextlib.contextmanager
def pcrypt(net, name=crypto.NAMES[0]):
    """The best implementation of @name is asynchronous, and asks several CPUs.

    It is made as Documentation/many-cpus.rst tells an administrator to; cryptd,
    which asks none, is all that the debug kernel can have.
    """
    if crypto.WRAP == "pcrypt":
        if lab.sh("modprobe", "pcrypt", fails=True)[0]:
            raise Skip("no pcrypt for this kernel")
        # this module is never there for long: its "Resource temporarily unavailable" is no failure
        lab.sh("modprobe", "tcrypt", f"alg=pcrypt({name})", "type=3", fails=True)
        remove = lambda: not lab.sh("rmmod", "pcrypt", fails=True)[0]
    else:
        user = crypto.CryptoUser()
        user.ask(user.NEWALG, name=name)                # or it is there
        driver = f"cryptd({name.replace('sha256', 'sha256-generic').replace('aes', 'aes-generic')})"
        err = user.ask(user.NEWALG, driver=driver, priority=100000)
        check(not err, f"{driver}: {os.strerror(err)}")
        remove = lambda: not user.ask(user.DELALG, driver=driver)
    try:
        check(crypto.drivers(name)[-1].startswith(crypto.WRAP + "("), f"{name} is {crypto.drivers(name)}")
        yield
    finally:
        net.reset()
        lab.wait_until(remove, f"{crypto.WRAP} has a user for ever")


@contextlib.contextmanager
def workers():
    """Where pcrypt's workers run: a function that says how many packets each CPU has had since it was last asked."""
    record = trace.Trace("workqueue/workqueue_execute_start")

    def count():
        found = collections.Counter(int(cpu) for cpu, in record.found(WORKER))
        record.clear()
        return found
    try:
        yield count
    finally:
        record.close()


def mask(cpus=None):
    """The CPUs whose workers decrypt, as a mask in hexadecimal; set to @cpus first."""
    with open(MASK, "r+", encoding="ascii") as f:
        if cpus:
            f.write(f"{sum(1 << cpu for cpu in cpus):x}" if isinstance(cpus, list) else cpus)
        f.seek(0)
        return f.read().strip()


def spread(net, name, enc, auth):
    """pcrypt gives packets of one SA that one CPU receives to those of its mask, and keeps their order.

    It has as many workers as there are CPUs; what comes when all are at work is decrypted by who receives it. Where
    the mask leaves the scheduler a choice, a worker may stay on one CPU for ever: so each CPU is asked for alone, and
    then all together. A window of 64 is enough, and what one flow sends comes as it was sent.
    """
    if len(CPUS) < 2 or crypto.WRAP != "pcrypt":
        raise Skip("one CPU" if len(CPUS) < 2 else f"{crypto.WRAP} spreads nothing")
    with pcrypt(net, name), workers() as count:
        pair = net.key("tunnel", enc, auth, window=64)
        sink = net.socket("H2", bind=gates.HOSTS[1])
        before, sent, line, old = net.stat("G2"), 0, link(net), mask()

        def burst():
            """How many of it workers decrypted, by CPU."""
            nonlocal sent
            due = range(sent, sent + BURST)
            sent += BURST
            frames = sealed(pair[:1], "tunnel", [sink.getsockname()[1]], due)
            with lab.on_cpu(CPUS[0]):
                for frame in frames:
                    line.send(frame)
            equal(numbers([sink], BURST), list(due), "datagrams, as they came")
            return count()
        try:
            for may in [*([cpu] for cpu in CPUS), CPUS]:
                mask(may)
                by = sum((burst() for _ in range(BURSTS)), collections.Counter())
                check(by and set(by) <= set(may), f"workers on {dict(by)}, of the mask {mask()}")
                print(f"# {name}: workers have decrypted {dict(by)} of {BURSTS * BURST}, mask {mask()}", flush=True)
        finally:
            mask(old)
        equal(net.drops("G2", before), {}, "drops of the receiver")
        equal(net.stat("G2")["async"] - before["async"], sent, "packets that were in asynchronous crypto")


def offline_pcrypt(net):
    """The same, with packets of an SA in other CPUs' crypto threads."""
    with pcrypt(net):
        before = net.stat("G1")["async"]
        offline(net, "aes128", "sha256")
        check(net.stat("G1")["async"] > before, "no packet was in asynchronous crypto")


suite.add("CPU_one_sa_flood", one_sa, 4096 // SENDERS, 10 if NIGHTLY else 1, 4096)
for size in (64, 32):
    suite.add(f"CPU_one_sa_window_{size}", one_sa, size // SENDERS, ROUNDS, size)
suite.add("CPU_one_sa_super", one_sa, 4096 // SENDERS // 32, 4, 4096, 32)
suite.add("CPU_rps_by_spi", by_spi)
suite.add("CPU_rps_udp", apart, Datagrams)
suite.add("CPU_rps_tcp", apart, Streams)
suite.add("CPU_arrive_each_its_own", arrive, False)
suite.add("CPU_arrive_twice", arrive, True)
suite.add("CPU_pcrypt_spread_gcm", spread, "rfc4106(gcm(aes))", "gcm16_128", "none")
suite.add("CPU_pcrypt_spread_cbc", spread, crypto.NAMES[0], "aes128", "sha256")
suite.add("K10_cpu_offline_plain", offline, "gcm16_128", "none")
if NIGHTLY:
    suite.add("K10_cpu_offline_pcrypt", offline_pcrypt)

if __name__ == "__main__":
    suite.run(gates.Gates)
