# SPDX-License-Identifier: GPL-2.0
"""Two gateways under test with a host behind each, where every packet can be accounted for.

    H1 -------- G1 ====out0==== G2 -------- H2
      eth0   in0   ====out1====   in0   eth0
    10.0.1.2     20.0.0.1  20.0.0.2     10.0.2.2       tunnel from 20.0.0.1 to 20.0.0.2
       10.0.1.1  20.0.1.1  20.0.1.2  10.0.2.1          20.0.9.9 is G2's too, always by out1

Owns namespaces, links, keys, taps and sums; decides nothing about what is right.
Nothing is on a link but what a test sends: neighbours are permanent, and IPv6,
which is off until a case says use(6), has its addresses on lo and no multicast:
the ends of each link answer to fe80::1 and fe80::2 without having them.
"""
import collections
import ctypes
import errno
import os
import random
import re
import select
import socket
import struct
import time

import esp
import lab
import pfkey
from ktap import Skip, check

Family = collections.namedtuple("Family", "v ends hosts nets")
FAMILIES = {4: Family(4, ("20.0.0.1", "20.0.0.2"), ("10.0.1.2", "10.0.2.2"), ("10.0.1.0/24", "10.0.2.0/24")),
            6: Family(6, ("2001:db8::1", "2001:db8::2"), ("fd00:1::2", "fd00:2::2"), ("fd00:1::/64", "fd00:2::/64"))}
_, ENDS, HOSTS, NETS = FAMILIES[4]
ASIDE = "20.0.9.9"
LINKS = {
    "in1": (("H1", "eth0", HOSTS[0]), ("G1", "in0", "10.0.1.1")),
    "out0": (("G1", "out0", ENDS[0]), ("G2", "out0", ENDS[1])),
    "out1": (("G1", "out1", "20.0.1.1"), ("G2", "out1", "20.0.1.2")),
    "in2": (("G2", "in0", "10.0.2.1"), ("H2", "eth0", HOSTS[1])),
}
ROUTES = {"H1": "route replace default via 10.0.1.1\n", "H2": "route replace default via 10.0.2.1\n",
          "G1": f"route replace {NETS[1]} via 20.0.1.2\nroute replace {ASIDE} via 20.0.1.2\n",
          "G2": f"route replace {NETS[0]} via 20.0.1.1\n"}
ADDRS6 = dict(zip(("H1", "G1", "G2", "H2"), (FAMILIES[6].hosts[0], *FAMILIES[6].ends, FAMILIES[6].hosts[1])))
ROUTES6 = {"H1": (("::/0", "eth0", 2),), "H2": (("::/0", "eth0", 1),),
           "G1": ((FAMILIES[6].nets[0], "in0", 1), (FAMILIES[6].nets[1], "out1", 2), (FAMILIES[6].ends[1], "out0", 2)),
           "G2": ((FAMILIES[6].nets[1], "in0", 2), (FAMILIES[6].nets[0], "out1", 1), (FAMILIES[6].ends[0], "out0", 1))}
BACKLOG = "/proc/sys/net/core/netdev_max_backlog"
WINDOW = 4096                                           # a CPU that does not run for a while loses no packet by it
OUTGOING = 4                                            # PACKET_OUTGOING
MARK_TOS = 0xB8                                         # copied to the outer header: a packet to look for


def bpf(*steps):
    """A classic filter: (load, offset, value, wanted) each; what differs from what is wanted is not taken."""
    code, size = b"", 2 * len(steps) + 2
    for number, (load, offset, value, wanted) in enumerate(steps):
        reject = size - 2 * number - 3
        code += struct.pack("=HBBI", load, 0, 0, offset & 0xFFFFFFFF)
        code += struct.pack("=HBBI", 0x15, *((0, reject) if wanted else (reject, 0)), value)
    return code + struct.pack("=HBBI", 6, 0, 0, 0xFFFF) + struct.pack("=HBBI", 6, 0, 0, 0)


LEAVING = [(0x20, -0x1000 + 4, OUTGOING, True), (0x28, 12, 0x0800, True)]
MARKED = bpf(*LEAVING, (0x30, 15, MARK_TOS, True))
CLEAR = bpf(*LEAVING, (0x30, 15, MARK_TOS, False), (0x30, 23, socket.IPPROTO_ESP, False))
LEFT = bpf(*LEAVING)


class Tap:
    """The frames that leave by a device and that a filter takes."""

    def __init__(self, ns, dev, program):
        with ns:
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)           # SO_RCVBUFFORCE
        code = ctypes.create_string_buffer(program)
        self.sock.setsockopt(socket.SOL_SOCKET, 26,                     # SO_ATTACH_FILTER
                             struct.pack("HP", len(program) // 8, ctypes.addressof(code)))
        self.sock.bind((dev, 3))

    def recv(self, timeout=0):
        """The next frame, or None. That the device was down meanwhile is no matter."""
        while select.select([self.sock], [], [], timeout)[0]:
            try:
                return self.sock.recv(70000)
            except OSError as err:
                check(err.errno == errno.ENETDOWN, f"tap: {err}")
        return None

    def drain(self):
        """Forget what was seen; the number of frames."""
        count = 0
        while self.recv():
            count += 1
        return count

    def close(self):
        """Close the socket."""
        self.sock.close()


class Gates:
    """The four nodes."""

    def __init__(self):
        if os.geteuid():
            raise Skip("needs root")
        self.seed = int(os.environ.get("TEST_SEED", random.randrange(1 << 32)))
        random.seed(self.seed)
        print(f"# TEST_SEED={self.seed}", flush=True)
        self.ns, self.open = {}, []
        self.family, self.has6, self.flapping = FAMILIES[4], False, None
        for node in ("H1", "G1", "G2", "H2"):
            self.ns[node] = ns = lab.Ns(f"g{os.getpid():x}{node}")
            for knob, value in (("net/ipv6/conf/all/disable_ipv6", 1), ("net/ipv6/conf/default/disable_ipv6", 1),
                                ("net/ipv6/conf/default/addr_gen_mode", 1),
                                ("net/ipv4/conf/all/rp_filter", 0), ("net/ipv4/conf/default/rp_filter", 0),
                                ("net/ipv4/conf/all/send_redirects", 0), ("net/ipv4/conf/default/send_redirects", 0),
                                ("net/ipv4/ip_forward", int(node[0] == "G"))):
                ns.sysctl(knob, value)
        self.dut = {g: lab.Testudo(self.ns[g]) for g in ("G1", "G2")}
        for name in LINKS:
            self.link(name)
        self.ns["G2"].ip("addr", "add", ASIDE, "dev", "lo")
        self.routes()
        self.offload("off")
        with open(BACKLOG, encoding="ascii") as f:
            self.backlog = int(f.read())
        self.key_sockets = {}
        for node, ns in self.ns.items():
            if node[0] == "G":
                with ns:
                    self.key_sockets[node] = pfkey.PfKey()

    # -- links -----------------------------------------------------------
    def link(self, name):
        """Make one, with its addresses."""
        (node, dev, _), (far, far_dev, _) = LINKS[name]
        self.ns[node].batch(f"link add {dev} address {self._mac(name, 0)} type veth peer name {far_dev} "
                            f"address {self._mac(name, 1)} netns {self.ns[far].name}\n")
        for end in (0, 1):
            node, dev, addr = LINKS[name][end]
            self.ns[node].batch(f"link set {dev} multicast off\naddr add {addr}/24 dev {dev}\n")
            self.up(name, end)
        for node, dev, _ in LINKS[name]:
            lab.wait_up(self.ns[node], dev)

    @staticmethod
    def _mac(name, end):
        return f"02:00:00:00:{list(LINKS).index(name):02x}:{end:02x}"

    def up(self, name, end):
        """Set an end up; its neighbour does not survive that it was down, nor do routes of IPv6."""
        node, dev, _ = LINKS[name][end]
        lines = [f"link set {dev} up\n"]
        if name != self.flapping:
            far = [LINKS[name][1 - end][2]] + [f"fe80::{2 - end}"] * self.has6
            lines += [f"neigh replace {a} lladdr {self._mac(name, 1 - end)} dev {dev} nud permanent\n" for a in far]
        if self.has6:
            lines += self._routes6(node, dev)
        self.ns[node].batch("".join(lines))

    @staticmethod
    def _routes6(node, dev=None):
        return [f"route replace {dst} via fe80::{end} dev {by}\n"
                for dst, by, end in ROUTES6[node] if dev in (None, by)]

    def mtu(self, name, size):
        """Of a link, at both ends."""
        for node, dev, _ in LINKS[name]:
            self.ns[node].ip("link", "set", dev, "mtu", str(size))

    def routes(self):
        """All routes as at the start."""
        for node, lines in ROUTES.items():
            self.ns[node].batch(lines + "".join(self._routes6(node) if self.has6 else ()))

    def use(self, v):
        """Keys, sockets and policies are of IPv@v until reset()."""
        self.family = FAMILIES[v]
        if v == 4 or self.has6:
            return
        self.has6 = True
        for node, ns in self.ns.items():
            ns.sysctl("net/ipv6/conf/all/forwarding", int(node[0] == "G"))
            ns.sysctl("net/ipv6/conf/all/disable_ipv6", 0)
            ns.ip("addr", "add", f"{ADDRS6[node]}/128", "dev", "lo", "nodad")
        for name in LINKS:
            for end in (0, 1):
                self.up(name, end)

    def flap(self, name):
        """From here to reset() link @name may go down and up. It needs no neighbours: both ends have one address."""
        self.flapping = name
        for node, dev, _ in LINKS[name]:
            self.ns[node].batch(f"link set {dev} arp off\nlink set {dev} address {self._mac(name, 0)}\n")
            self.ns[node].run("tc", "qdisc", "add", "dev", dev, "clsact")
            self.ns[node].run("tc", "filter", "add", "dev", dev, "egress", "matchall", "action", "pass")

    def _given(self, node, dev):
        """Packets given to a device of the link that flaps, whatever became of them."""
        said = self.ns[node].run("tc", "-s", "filter", "show", "dev", dev, "egress")
        return int(re.search(r"Sent \d+ bytes (\d+) pkt", said)[1])

    def _steady(self):
        name, self.flapping = self.flapping, None
        for end, (node, dev, _) in enumerate(LINKS[name] if name else ()):
            self.ns[node].run("tc", "qdisc", "del", "dev", dev, "clsact")
            self.ns[node].batch(f"link set {dev} arp on\nlink set {dev} address {self._mac(name, end)}\n")
            self.up(name, end)

    def offload(self, word):
        """Segmentation of the hosts' TCP by their links, and GRO at the gateways: "on" or "off"."""
        for node, dev in (("H1", "eth0"), ("H2", "eth0")):
            self.ns[node].run("ethtool", "-K", dev, "tso", word, "gso", word)
        for node, dev in (("G1", "in0"), ("G1", "out0"), ("G2", "in0"), ("G2", "out0")):
            self.ns[node].run("ethtool", "-K", dev, "gro", word, "tso", "on")

    # -- keys ------------------------------------------------------------
    def sas(self, enc="gcm16_128", auth="none"):
        """A new pair of SAs, G1 to G2 and back."""
        spi = pfkey.random_spi()
        return esp.Sa(spi, enc, auth), esp.Sa(spi + 1, enc, auth)

    def sa_lines(self, pair, mode, window=WINDOW):
        """setkey's lines for a pair; the same for both gateways."""
        ends = self.family.ends
        return [lab.Testudo.sa_line(sa, *way, mode, window) for sa, way in zip(pair, (ends, ends[::-1]))]

    def sp_line(self, node, way, mode="tunnel", verb="spdadd", upper="any"):
        """setkey's line for a policy of @node, "out" or "in"."""
        ends = self.family.ends
        nets = self.family.nets if mode == "tunnel" else ends
        if (node == "G1") != (way == "out"):
            nets, ends = nets[::-1], ends[::-1]
        if verb == "spddelete":
            return f"spddelete {nets[0]} {nets[1]} {upper} -P {way};\n"
        return lab.Testudo.sp_line(*nets, way, mode, ends, upper=upper).replace("spdadd", verb)

    def key(self, mode="tunnel", enc="gcm16_128", auth="none", window=WINDOW, upper="any"):
        """Key both gateways; the pair of SAs."""
        pair = self.sas(enc, auth)
        for node, dut in self.dut.items():
            dut.apply(self.sa_lines(pair, mode, window) +
                      [self.sp_line(node, way, mode, upper=upper) for way in ("out", "in")])
        return pair

    def add_sa(self, node, pair, which, mode="tunnel", **kw):
        """Add SA @which of @pair to @node: 0 from G1 to G2, 1 back."""
        ends = self.family.ends[::(1, -1)[which]]
        self.key_sockets[node].add(pair[which], *ends, mode=mode, own={"window": WINDOW}, **kw)

    def del_sa(self, node, pair, which):
        """Delete it."""
        ends = self.family.ends[::(1, -1)[which]]
        self.key_sockets[node].delete(pair[which].spi, *ends)

    # -- sums ------------------------------------------------------------
    def stat(self, node):
        """All of testudo's counters."""
        with self.ns[node], open(lab.STAT["testudo"], encoding="ascii") as f:
            return {k: int(v) for k, v in (line.split()[:2] for line in f)}

    def drops(self, node, since=None):
        """Drop counters that are not 0, or that moved since an answer of stat()."""
        since = since or {}
        return {k: v - since.get(k, 0) for k, v in self.stat(node).items()
                if k not in lab.EVENTS and v != since.get(k, 0)}

    def devices(self, node):
        """{device: (packets in, refused on the way in, packets out, refused on the way out)}"""
        with self.ns[node], open("/proc/thread-self/net/dev", encoding="ascii") as f:
            rows = [line.replace(":", " ").split() for line in list(f)[2:]]
        return {r[0]: tuple(int(r[n]) for n in (2, 4, 10, 12)) for r in rows if r[0] != "lo"}

    def snmp(self, node):
        """Counters of the IP layer of both families: "IpOutRequests", "Icmp6OutMsgs" and so on."""
        with self.ns[node]:
            with open("/proc/thread-self/net/snmp", encoding="ascii") as f:
                rows = [line.split() for line in f]
            with open("/proc/thread-self/net/snmp6", encoding="ascii") as f:
                out = {k: int(v) for k, v in map(str.split, f)}
        for names, values in zip(rows[::2], rows[1::2]):
            out.update({names[0][:-1] + k: int(v) for k, v in zip(names[1:], values[1:])})
        return out

    def surplus(self, node):
        """Packets that a node has got or made itself, less those that left, were taken, or were dropped and counted.

        It stays what it is, whatever passes. Only what the node's sockets send has to be added, and what
        they receive to be taken away. A link's far end counts what the near one's queue has refused as well.
        """
        return sum(self.parts(node).values())

    def parts(self, node):
        """What surplus() is the sum of, by name.

        What a device that is down refuses is counted by itself alone, or (6.1) by nobody: of a link that flaps the
        difference is taken between what it was given and what left. Its far end must refuse nothing itself (no RPS).
        """
        devices, ip = self.devices(node), self.snmp(node)
        drops = self.drops(node) if node in self.dut else {}
        refused = -drops.get("in_queue", 0)
        for name, ends in LINKS.items():
            for (near, dev, _), (far, far_dev, _) in (ends, ends[::-1]):
                if near == node and dev in devices and name != self.flapping:
                    refused += devices[dev][1] - self.devices(far)[far_dev][3]
        out = {f"{dev}.{what}": sign * d[column] for dev, d in devices.items()
               for what, sign, column in (("in", 1, 0), ("out", -1, 2), ("out_refused", -1, 3))}
        for near, dev, _ in LINKS[self.flapping] if self.flapping else ():
            if near == node:
                out[f"{dev}.out_refused"] = devices[dev][2] - self._given(node, dev)
        return {**out, "in_refused": -refused, **{why: -n for why, n in drops.items()},
                "icmp_made": ip["IcmpOutMsgs"] + ip["Icmp6OutMsgs"],
                "icmp_taken": -ip["IcmpInMsgs"] - ip["Icmp6InMsgs"],
                "udp_refused": -ip["UdpInErrors"] - ip["Udp6InErrors"],
                "no_route": -ip["IpOutNoRoutes"] - ip["Ip6OutNoRoutes"]}

    def at_rest(self):
        """No packet is in asynchronous crypto."""
        return all(stat["async"] == stat["async_done"] for stat in map(self.stat, self.dut))

    def settled(self, what, want, why):
        """Wait until what() is @want and all is at rest; say @why if that does not come."""
        end = time.monotonic() + lab.TIMEOUT
        while not (self.at_rest() and (got := what()) == want):
            check(time.monotonic() < end, f"{why}: expected {want}, saw {what()}; drops in G1 {self.drops('G1')}, "
                                          f"in G2 {self.drops('G2')}")
            time.sleep(0.05)

    @staticmethod
    def quiesce():
        """What was on its way when this is called is through: closing a packet socket waits for all of softirq."""
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
            sock.bind(("lo", 3))

    @staticmethod
    def limit(packets):
        """Set netdev_max_backlog, of the whole machine."""
        with open(BACKLOG, "w", encoding="ascii") as f:
            f.write(str(packets))

    def rps(self, node, dev, mask):
        """CPUs that share what comes in there: a mask in hexadecimal."""
        self.ns[node].run("unshare", "-m", "sh", "-c", "mount -t sysfs sysfs /sys && "
                          f"echo {mask} >/sys/class/net/{dev}/queues/rx-0/rps_cpus")

    # -- sockets ---------------------------------------------------------
    def socket(self, node, kind=socket.SOCK_DGRAM, bind=None, proto=0):
        """A socket there; closed by reset()."""
        with self.ns[node]:
            sock = socket.socket(socket.AF_INET6 if self.family.v == 6 else socket.AF_INET, kind, proto)
            if bind is not None:
                sock.bind((bind, 0))
        self.open.append(sock)
        return sock

    def tap(self, node, dev, program):
        """A Tap there; closed by reset()."""
        self.open.append(tap := Tap(self.ns[node], dev, program))
        return tap

    # -- between cases ---------------------------------------------------
    def reset(self):
        """No SA, no policy, no socket."""
        for thing in self.open:
            thing.close()
        self.open = []
        self.limit(self.backlog)
        for dut in self.dut.values():
            dut.flush()
        self.family = FAMILIES[4]
        self._steady()

    def close(self):
        """Remove everything made."""
        self.reset()
        for sock in self.key_sockets.values():
            sock.close()
        for ns in self.ns.values():
            ns.close()


def slabs():
    """Objects in use of each slab of the module's, without what CPUs keep at hand."""
    with open("/proc/slabinfo", encoding="ascii") as f:
        names = [line.split()[0] for line in f if line.startswith("testudo_")]
    for name in names:
        try:
            with open(f"/sys/kernel/slab/{name}/shrink", "w", encoding="ascii") as f:
                f.write("1")
        except OSError:
            pass                            # then it is the slab's total that has to come down
    with open("/proc/slabinfo", encoding="ascii") as f:
        return {row[0]: int(row[1]) for row in map(str.split, f) if row[0].startswith("testudo_")}


class Level:
    """Context: the module's slabs return to where they were, when reset() has removed what the case made."""

    def __init__(self, gates):
        self.gates, self.before = gates, None

    def __enter__(self):
        end = time.monotonic() + lab.TIMEOUT
        while True:
            now = slabs()
            if now == self.before:
                return self
            self.before = now
            check(time.monotonic() < end, f"slabs never come to rest: {now}")
            time.sleep(0.3)

    def __exit__(self, kind, *exc):
        if kind:
            return
        self.gates.reset()
        end = time.monotonic() + lab.TIMEOUT
        while above := {k: (self.before.get(k, 0), v) for k, v in slabs().items() if v > self.before.get(k, 0)}:
            check(time.monotonic() < end, f"objects before and after: {above}")
            time.sleep(0.1)
