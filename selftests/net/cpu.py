#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Do all CPUs share one SA in order, and may they go and come under traffic?

# kernels: all
# timeout: 900
# brief: window_32|offline_plain

Two hosts talk through two gateways (wire/gates.py); as in change.py, whose flows
these are, no packet may be lost uncounted.
"""
import contextlib
import importlib
import os
import select
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import change
import gates
import lab
from ktap import Skip, Suite, check, equal

crypto = importlib.import_module("async")               # its name is a word of the language

suite = Suite(__doc__)
NIGHTLY = bool(os.environ.get("TESTUDO_NIGHTLY"))
CPUS = sorted(os.sched_getaffinity(0))
ROUNDS = 400 if NIGHTLY else 60
SENDERS = 4
TURNS = 10 if NIGHTLY else 2


class Sender:
    """A process of H1 and of one CPU, that sends as many datagrams as it is told, and ends when told nothing more."""

    def __init__(self, net, to, number):
        self.said, tell = os.pipe()
        sock = net.socket("H1")
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
                for done in range(done, done + int.from_bytes(word, "big")):
                    sock.sendto(struct.pack("!II", number, done), to)
                done += 1
        finally:
            os._exit(0)

    def send(self, count):
        """Tell it to."""
        os.write(self.tell, count.to_bytes(4, "big"))



def one_sa(net, burst, rounds, window):
    """Every CPU sends by the same SA: each number is taken once, and its receiver finds none out of its window.

    Bursts come to no more packets than the window holds, and the next begins when
    all have arrived: a CPU that is taken away while it sends one (this may be an
    emulator) can not be overtaken by more. So it is by numbers that are taken and
    not sent at once, as those that a CPU would keep in stock.
    """
    pair = net.key(window=window)
    sink = net.socket("H2", bind=gates.HOSTS[1])
    sink.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)                    # SO_RCVBUFFORCE
    before, got, due = {node: net.stat(node) for node in net.dut}, set(), 0
    senders = []
    for number in range(SENDERS):
        senders.append(Sender(net, sink.getsockname(), number))
    for _ in range(rounds):
        for one in senders:
            one.send(burst)
        due += SENDERS * burst
        while len(got) < due and select.select([sink], [], [], lab.TIMEOUT)[0]:
            got.add(sink.recv(100))
        if len(got) < due:
            break
    for one in senders:
        os.close(one.tell)
    for one in senders:                                 # each has the pipes of those before it
        os.waitpid(one.pid, 0)
    equal([net.drops(*row) for row in before.items()], [{}, {}], "drops of the sender and of the receiver")
    equal(len(got), due, "different datagrams that came")
    equal(net.stat("G1")["out_packets"] - before["G1"]["out_packets"], due, "packets protected")
    for node, own in (("G1", 2), ("G2", 3)):
        answer = net.key_sockets[node].get(pair[0].spi, *gates.ENDS, own=True).testudo()
        equal(answer[own], due, f"the last sequence number in {node}")


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
def pcrypt(net):
    """The best authenc is asynchronous, and asks several CPUs."""
    if lab.sh("modprobe", "-a", "crypto_user", crypto.WRAP, fails=True)[0]:
        raise Skip(f"no crypto_user or no {crypto.WRAP} for this kernel")
    user, name = crypto.CryptoUser(), crypto.NAMES[0]
    user.ask(user.NEWALG, name=name)
    inner = crypto.drivers(name)[-1]
    if crypto.WRAP == "cryptd":
        inner = name.replace("sha256", "sha256-generic").replace("aes", "aes-generic")
    driver = f"{crypto.WRAP}({inner})"
    err = user.ask(user.NEWALG, driver=driver, priority=100000)
    check(not err, f"{driver}: {os.strerror(err)}")
    try:
        yield
    finally:
        net.reset()
        lab.wait_until(lambda: not user.ask(user.DELALG, driver=driver), f"{driver} has a user for ever")
        user.sock.close()


def offline_pcrypt(net):
    """The same, with packets of an SA in other CPUs' crypto threads."""
    with pcrypt(net):
        before = net.stat("G1")["async"]
        offline(net, "aes128", "sha256")
        check(net.stat("G1")["async"] > before, "no packet was in asynchronous crypto")


suite.add("CPU_one_sa_flood", one_sa, 4096 // SENDERS, 10 if NIGHTLY else 1, 4096)
for size in (64, 32):
    suite.add(f"CPU_one_sa_window_{size}", one_sa, size // SENDERS, ROUNDS, size)
suite.add("K10_cpu_offline_plain", offline, "gcm16_128", "none")
if NIGHTLY:
    suite.add("K10_cpu_offline_pcrypt", offline_pcrypt)

if __name__ == "__main__":
    suite.run(gates.Gates)
