#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Are pages and packets that somebody else holds as well left as they were?

What is sent from a file's pages, from a program's buffer or by a ring is
encrypted and decrypted on its way, and packet sockets read the same packets at
the same time. What arrives has to be right, and nothing else may change.

# kernels: all
# timeout: 900
# brief: sendfile_transport_v6|forwarded|multicast

        in0    eth0       eth0
    H ------ A ============= B     A and B protect
    10.0.3.2 10.0.0.1 10.0.0.2     inside: 10.0.1.1, 10.0.2.1
             fd00::1   fd00::2
"""
import ctypes
import mmap
import os
import random
import select
import socket
import struct
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import esp
import lab
import packet
import pfkey
from ktap import Fail, Skip, Suite, check, equal

ADDR = {4: ("10.0.0.1", "10.0.0.2"), 6: ("fd00::1", "fd00::2")}
INSIDE = ("10.0.1.1", "10.0.2.1")
BEHIND, GROUP = "10.0.3.2", "239.1.1.1"
MAC = {"A": "02:00:00:00:00:0a", "B": "02:00:00:00:00:0b"}
SOL_PACKET, PACKET_TX_RING, SO_RCVBUFFORCE, SO_ZEROCOPY = 263, 13, 33, 60
MSG_ZEROCOPY, MSG_ERRQUEUE = 0x4000000, 0x2000
_libc = ctypes.CDLL(None, use_errno=True)


class Source:
    """Bytes in a file of tmpfs and in a buffer of this process, and whether they still are what they were."""

    def __init__(self, size):
        self.data = os.urandom(size)
        self.fd, name = tempfile.mkstemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        os.unlink(name)
        os.pwrite(self.fd, self.data, 0)
        self.buf = mmap.mmap(-1, size)
        self.buf[:] = self.data

    def check(self, what):
        """Fail if either has changed."""
        check(os.pread(self.fd, len(self.data), 0) == self.data, f"{what}: the file has changed")
        check(self.buf[:] == self.data, f"{what}: the buffer has changed")

    def close(self):
        """Forget both."""
        os.close(self.fd)
        self.buf.close()


def kernel_waits(sock):
    """Have the kernel wait for room in @sock's buffer: with a timeout of Python's, calls that are not Python's do not."""
    sock.setblocking(True)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", int(lab.TIMEOUT), 0))


def by_sendfile(sock, src, size):
    """From the file's own pages."""
    kernel_waits(sock)
    done = 0
    while done < size:
        done += os.sendfile(sock.fileno(), src.fd, done, size - done)


def by_zerocopy(sock, src, size):
    """From the buffer's own pages, which the kernel has to hand back."""
    sock.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
    done = calls = 0
    with memoryview(src.buf) as view:
        while done < size:
            done += sock.send(view[done:size], MSG_ZEROCOPY)
            calls += 1
    errors = select.poll()
    errors.register(sock, 0)
    while calls:
        check(errors.poll(lab.TIMEOUT * 1000), "the buffer was never handed back")
        first, last = struct.unpack_from("=II", sock.recvmsg(0, 512, MSG_ERRQUEUE)[1][0][2], 8)
        calls -= last - first + 1


def by_vmsplice(sock, src, size):
    """From the buffer's own pages, by a pipe."""
    kernel_waits(sock)
    out, into = os.pipe()
    at = ctypes.addressof(ctypes.c_char.from_buffer(src.buf))
    done = 0
    while done < size:
        part = min(size - done, 65536)
        iov = (ctypes.c_size_t * 2)(at + done, part)
        got = _libc.vmsplice(into, iov, 1, 0)
        check(got > 0, "vmsplice: " + os.strerror(ctypes.get_errno()))
        done += got
        while got:
            got -= os.splice(out, sock.fileno(), got)
    os.close(out)
    os.close(into)


WAYS = {"sendfile": by_sendfile, "zerocopy": by_zerocopy, "vmsplice": by_vmsplice}


class Tap:
    """A packet socket, which holds clones of what passes by a device."""

    def __init__(self, ns, dev):
        with ns:
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
            self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
            self.sock.bind((dev, 3))
        self.whole = packet.Reassembler()

    def take(self):
        """The whole IP packets seen until now: (sent from here, packet)."""
        out = []
        while select.select([self.sock], [], [], 0)[0]:
            raw, where = self.sock.recvfrom(70000)
            pkt = packet.parse(raw)
            pkt = self.whole.feed(pkt) if pkt else None
            if pkt:
                out.append((where[2] == socket.PACKET_OUTGOING, pkt))
        return out


class Net:
    """H, A and B, and a tap at each end of the protected link and one before it."""

    def __init__(self):
        if os.geteuid():
            raise Skip("needs root")
        tag = f"s{os.getpid():x}"
        self.ns = {n: lab.Ns(tag + n) for n in "HAB"}
        for ns in self.ns.values():
            ns.sysctl("net/ipv6/conf/default/accept_dad", 0)
            ns.sysctl("net/ipv4/conf/all/rp_filter", 0)
        self._link("A", "eth0", "B", "eth0")
        self._link("H", "eth0", "A", "in0")
        self._addresses()
        stack = lab.Xfrm if lab.STACK == "xfrm" else lab.Testudo
        self.stacks = [stack(self.ns[n]) for n in "AB"]
        self.taps = {"A": Tap(self.ns["A"], "eth0"), "B": Tap(self.ns["B"], "eth0"), "in": Tap(self.ns["A"], "in0")}
        self.sas = {}

    def _link(self, one, dev, other, peer):
        macs = [f"address {MAC[n]}" if peer == "eth0" else "" for n in (one, other)]
        self.ns[one].batch(f"link add {dev} {macs[0]} type veth peer name {peer} {macs[1]} netns {self.ns[other].name}\n"
                           f"link set {dev} up\n")
        self.ns[other].batch(f"link set {peer} up\n")
        lab.wait_up(self.ns[one], dev)

    def _addresses(self):
        for i, (n, far) in enumerate((("A", "B"), ("B", "A"))):
            lines = [f"addr add {ADDR[4][i]}/24 dev eth0\naddr add {ADDR[6][i]}/64 dev eth0 nodad\n"
                     f"addr add {INSIDE[i]}/32 dev eth0\nroute add {INSIDE[1 - i]} via {ADDR[4][1 - i]} src {INSIDE[i]}\n"]
            lines += [f"neigh add {ADDR[v][1 - i]} lladdr {MAC[far]} dev eth0 nud permanent\n" for v in (4, 6)]
            self.ns[n].batch("".join(lines))
        self.ns["A"].sysctl("net/ipv4/ip_forward", 1)
        self.ns["A"].batch("addr add 10.0.3.1/24 dev in0\n")
        self.ns["H"].batch(f"addr add {BEHIND}/24 dev eth0\nroute add default via 10.0.3.1\n")
        self.ns["B"].batch(f"route add 10.0.3.0/24 via {ADDR[4][0]}\n")

    def reset(self):
        """No SA, no policy, nothing in the taps."""
        for stack in self.stacks:
            stack.flush()
        for tap in self.taps.values():
            tap.take()
        self.sas = {}

    def close(self):
        """Remove everything made."""
        for tap in self.taps.values():
            tap.sock.close()
        for ns in self.ns.values():
            ns.close()

    def key(self, v, mode, ends, enc="gcm16_128", policy=True):
        """SAs between A and B in both, and policies for what is between @ends."""
        a, b = ADDR[v]
        one = esp.Sa(pfkey.random_spi(), enc)
        two = esp.Sa(one.spi + 1, enc)
        for stack, ways in zip(self.stacks, (("out", "in"), ("in", "out"))):
            lines = [stack.sa_line(one, a, b, mode, 64), stack.sa_line(two, b, a, mode, 64)]
            if policy:
                lines += [stack.sp_line(*ends, ways[0], mode, (a, b)),
                          stack.sp_line(*reversed(ends), ways[1], mode, (b, a))]
            stack.apply(lines)
        self.sas = {sa.spi: sa for sa in (one, two)}
        return one

    def socket(self, node, v, kind, bind=None):
        """An internet socket there."""
        with self.ns[node]:
            sock = socket.socket(socket.AF_INET6 if v == 6 else socket.AF_INET, kind)
        if bind:
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
            sock.bind((bind, 0))
        sock.settimeout(lab.TIMEOUT)
        return sock

    def check_taps(self):
        """Both ends of the link saw the same ESP packets, and each opens; those under way arrive first. Their number."""
        seen = {at: [] for at in "AB"}

        def settled():
            for at in "AB":
                seen[at] += self._taken(at)
            return seen["A"] and sorted(seen["A"]) == sorted(seen["B"])

        lab.wait_until(settled, "the two ends of the link have not seen the same ESP packets")
        return len(seen["A"])

    def _taken(self, at):
        """The ESP packets in a tap, each opened."""
        seen = []
        for out, pkt in self.taps[at].take():
            # what was opened may come in once more, as it was inside; a link's own housekeeping is the kernel's (MLD, IGMP)
            check(not out or pkt.proto in (packet.ESP, packet.ICMP6, socket.IPPROTO_IGMP) or pkt.src == "::" or pkt.src.startswith("fe80:"),
                  f"{at} sent protocol {pkt.proto} in clear")
            if pkt.proto != packet.ESP:
                continue
            sa = self.sas.get(struct.unpack_from("!I", pkt.payload)[0])
            check(sa is not None, f"a packet at {at} has the SPI of no SA")
            try:
                sa.open(pkt.payload)
            except esp.BadPacket as err:
                raise Fail(f"a packet that a packet socket at {at} holds was changed: {err}") from None
            seen.append(pkt.payload)
        return seen


def receive_all(listener, got):
    """Everything of one TCP connection."""
    conn, _ = listener.accept()
    conn.settimeout(lab.TIMEOUT)
    with conn:
        while data := conn.recv(1 << 20):
            got.append(data)


def tcp(net, how, nodes, addr, size):
    """One TCP connection, sent @how."""
    v = 6 if ":" in addr else 4
    src, got = Source(size), []
    with net.socket(nodes[1], v, socket.SOCK_STREAM, addr) as listener, \
         net.socket(nodes[0], v, socket.SOCK_STREAM) as sock:
        listener.listen()
        reader = threading.Thread(target=receive_all, args=(listener, got))
        reader.start()
        sock.connect(listener.getsockname()[:2])
        WAYS[how](sock, src, size)
        sock.shutdown(socket.SHUT_WR)
        reader.join()
    check(b"".join(got) == src.data, f"TCP by {how}: {sum(map(len, got))} of {size} bytes, or others")
    src.check(f"TCP by {how}")
    src.close()


def udp(net, how, nodes, addr, size):
    """One datagram, sent @how; the first of its size may be lost to an MTU that is learnt by it."""
    v = 6 if ":" in addr else 4
    src = Source(size)
    with net.socket(nodes[1], v, socket.SOCK_DGRAM, addr) as sink, net.socket(nodes[0], v, socket.SOCK_DGRAM) as sock:
        sock.connect(sink.getsockname()[:2])
        sink.settimeout(lab.TIMEOUT / 4)
        for _ in range(5):
            try:
                WAYS[how](sock, src, size)
                got = sink.recv(70000)
                break
            except (TimeoutError, OSError):
                got = b""
    check(got == src.data, f"UDP of {size} by {how}: {len(got)} bytes, or others")
    src.check(f"UDP of {size} by {how}")
    src.close()


def by_pages(v, how):
    """Whether this kernel makes a datagram of each page."""
    old = tuple(int(n) for n in os.uname().release.split(".")[:2]) < (6, 5)
    return old and v == 6 and how == "sendfile"


def local(net, v, mode, how):
    """A's own sockets: datagrams below and above 16 kB, which take different roads, and a stream of super-packets."""
    ends = ADDR[v] if mode == "transport" else INSIDE
    net.key(v, mode, ends)
    for size in (1000,) if by_pages(v, how) else (1000, 9000, 40000):
        udp(net, how, "AB", ends[1], size)
    tcp(net, how, "AB", ends[1], 100000)
    net.check_taps()


def forwarded(net):
    """Through A as a gateway: it gets what another host sent from a file's pages, and a packet socket has it in clear."""
    net.key(4, "tunnel", ("10.0.3.0/24", INSIDE[1]))
    net.ns["B"].batch(f"route replace 10.0.3.0/24 via {ADDR[4][0]} src {INSIDE[1]}\n")
    src = Source(1200)
    with net.socket("B", 4, socket.SOCK_DGRAM, INSIDE[1]) as sink, net.socket("H", 4, socket.SOCK_DGRAM) as sock:
        sock.connect(sink.getsockname())
        for _ in range(20):
            by_sendfile(sock, src, 1200)
        for n in range(20):
            check(sink.recv(2000) == src.data, f"datagram {n} is another")
    src.check("UDP by sendfile")
    clear = [p for _, p in net.taps["in"].take() if p.proto == packet.UDP]
    equal(sum(p.payload[8:] == src.data for p in clear), 20, "datagrams unharmed in the packet socket before the gateway")
    src.close()
    tcp(net, "sendfile", "HB", INSIDE[1], 60000)
    net.check_taps()


class Ring:
    """A packet socket that sends frames from memory that it shares with the kernel."""

    FRAME, COUNT = 4096, 16

    def __init__(self, ns, dev):
        with ns:
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.setsockopt(SOL_PACKET, PACKET_TX_RING,
                             struct.pack("=IIII", self.FRAME * self.COUNT, 1, self.FRAME, self.COUNT))
        self.map = mmap.mmap(self.sock.fileno(), self.FRAME * self.COUNT)
        self.sock.bind((dev, 0))
        self.sent = []

    def send(self, frame):
        """The next frame of the ring; after the last there is none."""
        at = len(self.sent) * self.FRAME
        self.map[at + 32:at + 32 + len(frame)] = frame
        struct.pack_into("=QII", self.map, at, 1, len(frame), len(frame))
        self.sent.append(frame)
        self.sock.send(b"")

    def check(self):
        """Fail if a frame was written to."""
        for n, frame in enumerate(self.sent):
            at = n * self.FRAME + 32
            check(self.map[at:at + len(frame)] == frame, f"frame {n} of the sender's ring has changed")

    def close(self):
        """Close the socket."""
        self.map.close()
        self.sock.close()


def ring(net, enc):
    """B gets ESP whose pages are a sender's: also what it refuses, it must not decrypt there."""
    tx = net.key(4, "transport", ADDR[4], enc, policy=False)
    evil = esp.Sa(tx.spi, enc)
    ether = bytes.fromhex((MAC["B"] + MAC["A"]).replace(":", "")) + b"\x08\x00"
    sender = Ring(net.ns["A"], "eth0")
    with net.socket("B", 4, socket.SOCK_DGRAM, ADDR[4][1]) as sink:
        for n in range(Ring.COUNT // 2):
            data = os.urandom(1000 + n)
            body = packet.udp(*ADDR[4], 9, sink.getsockname()[1], data)
            sender.send(ether + packet.ip(*ADDR[4], packet.ESP, evil.seal(body, 17, seq=1000 + n)))
            sender.send(ether + packet.ip(*ADDR[4], packet.ESP, tx.seal(body, 17)))
            check(sink.recv(2000) == data, f"datagram {n} is another")
    sender.check()
    sender.close()


def joined(net, node, port):
    """A socket there that takes what is for the group."""
    sink = net.socket(node, 4, socket.SOCK_DGRAM)
    here = ADDR[4]["AB".index(node)]
    sink.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton(here))
    sink.bind((GROUP, port))
    return sink


def opened(ns):
    """Packets that came in protected there."""
    with ns, open(lab.STAT["testudo"], encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("in_packets "))


def multicast(net, stacks=None):
    """One datagram for a group is delivered on the link and here, or not here: two owners of the same bytes.

    @stacks: of A and of B, if they are not both the one under test. The stock stack's copies are its own.
    """
    sa, stacks = esp.Sa(pfkey.random_spi(), "gcm16_128"), stacks or net.stacks
    for stack, way in zip(stacks, ("out", "in")):
        stack.apply([stack.sa_line(sa, ADDR[4][0], GROUP, "transport"),
                     stack.sp_line("10.0.0.0/24", GROUP, way, "transport", (ADDR[4][0], GROUP), upper="udp")])
    net.sas = {sa.spi: sa}
    port = random.randrange(20000, 60000)
    src, ours = Source(1200), isinstance(stacks[0], lab.Testudo)
    before = ours and opened(net.ns["A"])
    with joined(net, "A", port) as here, joined(net, "B", port) as there, \
         net.socket("A", 4, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(ADDR[4][0]))
        sock.connect((GROUP, port))
        for loop in (1, 0, 1):
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, loop)
            for n in range(5):
                by_sendfile(sock, src, 1200)
                check(there.recv(2000) == src.data, f"datagram {n} at B is another")
                # with what is sent next, one that came here all the same would be one too many
                check(not loop or not ours or here.recv(2000) == src.data, f"datagram {n} at A is another")
        check(not ours or not select.select([here], [], [], 0)[0], "A gets more than what was to come here")
    src.check("multicast by sendfile")
    src.close()
    equal(net.check_taps(), 15, "packets on the link")
    # the copy that stays here is one of the protected packet
    check(not ours or opened(net.ns["A"]) == before + 10, "A's copies were not all opened by its SA")


def mixed(net, *kinds):
    """The same between this project's stack and the stock one."""
    stacks = [kind(net.ns[node]) for kind, node in zip(kinds, "AB")]
    try:
        multicast(net, stacks)
    finally:
        for stack in stacks:
            stack.flush()


suite = Suite(__doc__)
for method in WAYS:
    suite.add(f"A_shared_{method}_transport_v4", local, 4, "transport", method)
    suite.add(f"A_shared_{method}_tunnel_v4", local, 4, "tunnel", method)
suite.add("A_shared_sendfile_transport_v6", local, 6, "transport", "sendfile")
suite.add("A_shared_forwarded", forwarded)
suite.add("A_shared_received_gcm", ring, "gcm16_128")
suite.add("A_shared_received_chacha", ring, "chacha")
suite.add("A22_shared_multicast", multicast)
if lab.STACK == "testudo":
    suite.add("A22_multicast_to_xfrm", mixed, lab.Testudo, lab.Xfrm)
    suite.add("A22_multicast_from_xfrm", mixed, lab.Xfrm, lab.Testudo)

if __name__ == "__main__":
    suite.run(Net)
