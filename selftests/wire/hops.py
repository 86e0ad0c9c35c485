#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""traceroute, as far as a test needs it: hops.py udp|tcp|icmp ADDRESS SECONDS [PORT]

Prints who answers to a hop limit of 1, 2, ... until ADDRESS itself does; "*" for
nobody in time. Each mode as usual: a closed port of UDP or TCP, or an echo.
"""
import errno
import os
import select
import socket
import struct
import sys
import time

import packet

MOST = 10


class Probe:
    """One packet with a hop limit, and who answers to it."""

    def __init__(self, mode, dst, ttl, port=None):
        self.mode, self.dst, self.ttl, self.v6 = mode, dst, ttl, packet.is6(dst)
        self.family = socket.AF_INET6 if self.v6 else socket.AF_INET
        self.port, self.mark = port or 33434 + ttl, struct.pack("!HH", os.getpid() & 0xFFFF, ttl)
        self.raw = socket.socket(self.family, socket.SOCK_RAW, packet.ICMP6 if self.v6 else packet.ICMP)
        self.sock = self.send()

    def send(self):
        """Out with it; the socket that it came from."""
        kind = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}.get(self.mode)
        sock = socket.socket(self.family, kind) if kind else self.raw
        sock.setblocking(False)
        if self.v6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, self.ttl)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, self.ttl)
        if self.mode == "icmp":
            head = struct.pack("!BBH", 128 if self.v6 else 8, 0, 0)
            total = 0 if self.v6 else packet.csum(head + self.mark)     # the kernel's part for IPv6
            sock.sendto(head[:2] + struct.pack("!H", total) + self.mark, (self.dst, 0))
        else:
            sock.connect_ex((self.dst, self.port))
        if self.mode == "udp":
            sock.send(b"hops")
        return sock

    def is_mine(self, quote):
        """Is this quoted packet the probe?"""
        head = 40 if self.v6 else 20
        if len(quote) < head + 8 or quote[24 if self.v6 else 16:head] != packet.pton(self.dst):
            return False
        if self.mode == "icmp":
            return quote[head + 4:head + 8] == self.mark
        return struct.unpack_from("!H", quote, head + 2)[0] == self.port

    def heard(self):
        """What the raw socket has: the address of who speaks of the probe, or None."""
        data, (src, *_) = self.raw.recvfrom(4096)
        data = data if self.v6 else data[20:]
        if data[0] == (129 if self.v6 else 0):
            return src if self.mode == "icmp" and data[4:8] == self.mark else None
        return src if data[0] in ((1, 3) if self.v6 else (3, 11)) and self.is_mine(data[8:]) else None

    def answer(self, seconds):
        """The address of who answers; None when time is up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ends = [self.sock] if self.mode == "tcp" else []
            ready = select.select([self.raw], ends, [], end - time.monotonic())
            src = self.heard() if ready[0] else None
            if src:
                return src
            if ready[1] and self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED:
                return self.dst
        return None


def main():
    """Print the way."""
    mode, dst, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    port, way = int(sys.argv[4]) if len(sys.argv) > 4 else None, []
    for ttl in range(1, MOST):
        way.append(Probe(mode, dst, ttl, port).answer(seconds) or "*")
        if way[-1] == dst:
            break
    print(*way)


main()
