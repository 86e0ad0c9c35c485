# SPDX-License-Identifier: GPL-2.0
"""The laboratory with two links between A and W, so that a route has a choice.

    W w0 ---- a0 A      as in lab.py
      w2 ---- a2

Owns the second link and its raw peer; which packets take it is up to the routes
of a test. No packet has to: without them all is as in lab.py.
"""
import select
import time

import lab
from ktap import Fail, Skip

SECOND, OURS = bytes([2, 0, 0, 0, 0, 6]), bytes([2, 0, 0, 0, 0, 5])
GATEWAY = {4: lab.OUTER[4][1], 6: "fe80::2"}            # W on either link
BEYOND = {4: "10.9.0.0/24", 6: "fd00:9::/64"}           # behind W, by whichever


class Either:
    """Both raw peers as one: sends by the first link, receives by both."""

    def __init__(self, first, second):
        self.peers = {"first": first, "second": second}
        self.send = first.send
        self.last = None                                # by which the packet of recv() came

    def recv(self, match=lambda p: True, timeout=None):
        """The next IP packet that matches, as Peer.recv()."""
        end = time.monotonic() + (lab.TIMEOUT if timeout is None else timeout)
        while True:
            for self.last, peer in self.peers.items():
                pkt = peer.recv(match, 0)
                if pkt:
                    return pkt
            left = end - time.monotonic()
            if left <= 0:
                return None
            select.select([peer.sock for peer in self.peers.values()], [], [], left)

    def drain(self):
        """Forget what has arrived."""
        for peer in self.peers.values():
            peer.drain()


class Ways(lab.Lab):
    """A and W, with a second link, and W's gateway address known on both."""

    def __init__(self, **kw):
        super().__init__(**kw)
        self.routes = []
        self.w.batch(f"link add w2 address {SECOND.hex(':')} type veth "
                     f"peer name a2 address {OURS.hex(':')} netns {self.a.name}\nlink set w2 up\n")
        self.second = lab.Peer(self.w, "w2", SECOND, OURS, [])
        self.open.insert(0, self.second)
        self.a.batch("link set a2 up\n" + "".join(
            f"neigh replace {GATEWAY[v]} lladdr {mac} dev {dev} nud permanent\n"
            for v in (4, 6) for dev, mac in (("a0", "02:00:00:00:00:02"), ("a2", SECOND.hex(":")))))
        lab.wait_up(self.w, "w2")

    def reset_sockets(self):
        super().reset_sockets()
        self.second.drain()

    def both(self):
        """From here on self.wire is both links."""
        self.wire = Either(self.wire, self.second)

    @staticmethod
    def beyond(v, number):
        """A host behind W that a test gives a route to."""
        return f"10.9.0.{number}" if v == 4 else f"fd00:9::{number:x}"

    def spread(self, policy):
        """What is behind W has two nexthops, chosen by the ends (@policy 0) or by the ports, too (1)."""
        for v in (4, 6):
            self.a.sysctl(f"net/ipv{v}/fib_multipath_hash_policy", policy)
        self.routes = [(f"-{v}", "route", "replace", BEYOND[v], "src", lab.OUTER[v][0],
                        *(word for dev in ("a0", "a2") for word in
                          ("nexthop", "via", GATEWAY[v], "dev", dev, "onlink"))) for v in (4, 6)]
        try:
            self.lay()
        except Fail as err:
            if "Multipath support not enabled" in str(err):
                raise Skip("no routes with several nexthops") from err
            raise

    def marked(self, mark):
        """What is behind W is reached by the first link, and with @mark by the second."""
        self.routes = [(f"-{v}", "route", "replace", BEYOND[v], "via", GATEWAY[v], "dev", dev, "onlink",
                        "table", table, "src", lab.OUTER[v][0])
                       for v in (4, 6) for dev, table in (("a0", "main"), ("a2", "100"))]
        self.lay()
        for v in (4, 6):
            self.a.ip(f"-{v}", "rule", "add", "fwmark", str(mark), "lookup", "100")

    def lay(self):
        """The routes to what is behind W, anew: flushing leaves what a second nexthop of IPv6 has learnt."""
        for words in self.routes:
            self.a.ip(*words)
