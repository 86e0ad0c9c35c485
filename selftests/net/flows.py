#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Do many TCP connections over many SAs, on all CPUs at a time, come through without loss?

# kernels: 6.12 debug
# timeout: 600

Scenario G12. A and B are two ends of this project's stack on one link; each pair of
their addresses has SAs of its own. What arrives is spread over the CPUs by flow (RPS).
"""
import contextlib
import itertools
import os
import selectors
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import lab
from ktap import Skip, Suite, check, equal

suite = Suite(__doc__)
PAIRS, FLOWS = (64, 500) if os.environ.get("TESTUDO_NIGHTLY") else (16, 120)
BYTES = 20000
# A CPU of an emulated machine may stand still while the other one receives hundreds of packets that left later.
WINDOW = 1024
QUEUE = "/sys/class/net/e0/queues/rx-0"
SOCK_FLOWS = "/proc/sys/net/core/rps_sock_flow_entries"


def address(v, end, number):
    """Of an end, A being 1."""
    return f"10.7.{end}.{number}" if v == 4 else f"fd07::{end}:{number}"


class Ends:
    """A, B, the link between, and their addresses."""

    def __init__(self):
        if os.geteuid() or not os.path.exists("/proc/net/testudo_stat"):
            raise Skip("needs root and testudo.ko")
        tag = f"f{os.getpid():x}"
        self.nodes = [lab.Ns(tag + "A"), lab.Ns(tag + "B")]
        self.nodes[0].batch(f"link add e0 type veth peer name e0 netns {self.nodes[1].name}\n")
        cpus = f"{(1 << os.cpu_count()) - 1:x}"
        with open(SOCK_FLOWS, "w", encoding="ascii") as f:
            f.write("4096")
        for end, node in enumerate(self.nodes, 1):
            node.batch("".join(f"addr add {address(4, end, i)}/16 dev e0\n"
                               f"addr add {address(6, end, i)}/64 dev e0 nodad\n"
                               for i in range(1, PAIRS + 1)) + "link set e0 up\n")
            # each has a /sys of its own
            lab.sh("ip", "netns", "exec", node.name, "sh", "-c",
                   f"echo {cpus} >{QUEUE}/rps_cpus; echo 4096 >{QUEUE}/rps_flow_cnt")
        for node in self.nodes:
            lab.wait_up(node, "e0")

    def reset(self):
        """No SA, no policy."""
        for node in self.nodes:
            node.run("setkey", "-c", text="flush; spdflush;\n")

    def close(self):
        """Remove everything."""
        for node in self.nodes:
            node.close()
        with open(SOCK_FLOWS, "w", encoding="ascii") as f:
            f.write("0")

    def key(self, v):
        """An SA each way for each pair of addresses."""
        lines = []
        for number, (one, two) in itertools.product(range(1, PAIRS + 1), ((1, 2), (2, 1))):
            src, dst = address(v, one, number), address(v, two, number)
            lines.append(f"add {src} {dst} esp {0x1000 + 2 * number + one} -m transport -r {WINDOW} "
                         f"-E aes-gcm-16 0x{os.urandom(20).hex()};\n")
        for end, node in enumerate(self.nodes, 1):
            policies = []
            for number in range(1, PAIRS + 1):
                near, far = address(v, end, number), address(v, 3 - end, number)
                policies.append(f"spdadd {near} {far} tcp -P out ipsec esp/transport//require;\n"
                                f"spdadd {far} {near} tcp -P in ipsec esp/transport//require;\n")
            node.run("setkey", "-c", text="".join(lines + policies))

    def stat(self):
        """The counters of each end."""
        found = []
        for node in self.nodes:
            with node, open(lab.STAT["testudo"], encoding="ascii") as f:
                found.append({k: int(n) for k, n in (line.split()[:2] for line in f if len(line.split()) > 1)})
        return found


def steered():
    """Packets that went to another CPU than the one they arrived on."""
    with open("/proc/net/softnet_stat", encoding="ascii") as f:
        return sum(int(line.split()[9], 16) for line in f)


class Echo:
    """All connections, each of which sends BYTES of its own, hears them again and compares."""

    def __init__(self, ends, v):
        self.poll, self.todo, self.sent, self.got = selectors.DefaultSelector(), FLOWS, {}, {}
        self.open = contextlib.ExitStack()
        kind = socket.AF_INET if v == 4 else socket.AF_INET6
        with ends.nodes[1]:
            hears = [self._socket(kind) for _ in range(PAIRS)]
        for number, sock in enumerate(hears, 1):
            sock.bind((address(v, 2, number), 7))
            sock.listen(FLOWS)
            self.poll.register(sock, selectors.EVENT_READ, self._accept)
        with ends.nodes[0]:
            asks = [self._socket(kind) for _ in range(FLOWS)]
        for number, sock in enumerate(asks):
            sock.bind((address(v, 1, number % PAIRS + 1), 0))
            sock.connect_ex((address(v, 2, number % PAIRS + 1), 7))
            self.sent[sock], self.got[sock] = [os.urandom(BYTES), 0], b""
            self.poll.register(sock, selectors.EVENT_WRITE, self._write)

    def _socket(self, kind):
        sock = self.open.enter_context(socket.socket(kind, socket.SOCK_STREAM))
        sock.setblocking(False)
        return sock

    def _accept(self, sock):
        new = self.open.enter_context(sock.accept()[0])
        new.setblocking(False)
        self.poll.register(new, selectors.EVENT_READ, self._answer)

    @staticmethod
    def _answer(sock):
        # 20 kB fit into the buffers of both ends
        data = sock.recv(65536)
        equal(sock.send(data), len(data), "bytes of an answer that are taken")

    def _write(self, sock):
        data, at = self.sent[sock]
        self.sent[sock][1] = at = at + sock.send(data[at:])
        if at == len(data):
            self.poll.modify(sock, selectors.EVENT_READ, self._read)

    def _read(self, sock):
        self.got[sock] += sock.recv(65536)
        if len(self.got[sock]) >= BYTES:
            check(self.got[sock] == self.sent[sock][0], "another byte")
            self.poll.unregister(sock)
            self.todo -= 1

    def run(self):
        """Until all have heard everything."""
        end = time.monotonic() + 4 * lab.TIMEOUT
        with self.open, self.poll:
            while self.todo:
                check(time.monotonic() < end, f"{self.todo} of {FLOWS} connections are not through")
                for key, _ in self.poll.select(1):
                    key.data(key.fileobj)


def many(ends, v):
    """No packet is lost, or comes behind the window of its SA."""
    ends.key(v)
    before, other = ends.stat(), steered()
    Echo(ends, v).run()

    def moved():
        return [{k: n - old.get(k, 0) for k, n in new.items() if n != old.get(k, 0)}
                for new, old in zip(ends.stat(), before)]

    def all_there():
        one, two = moved()
        return (one.get("out_packets") == two.get("in_packets") and
                two.get("out_packets") == one.get("in_packets"))
    lab.wait_until(all_there, f"sent is not what was received: {moved()}")
    lost = [{k: n for k, n in end.items() if k not in lab.EVENTS} for end in moved()]
    equal(lost, [{}, {}], "drops at A and B")
    check(moved()[0]["out_packets"] >= 3 * FLOWS, "it was not protected")
    check(os.cpu_count() == 1 or steered() > other, "nothing went to another CPU")


for v in (4, 6):
    suite.add(f"G12_many_flows_v{v}", many, v)

if __name__ == "__main__":
    suite.run(Ends)
