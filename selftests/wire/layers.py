# SPDX-License-Identifier: GPL-2.0
"""Several SAs on one packet: how long it gets, and how they come off again.

Owns what stands around ESP, AH and IPComp when one policy asks for many: outer
headers, UDP, and what stays in front in transport mode. Lengths are counted the
way a packet grows, and the largest that fits is searched for, so that nothing
here knows how to count backwards. Opens no socket.
"""
from dataclasses import dataclass

import ah
import esp
import ipcomp
import packet

HEAD = {4: 20, 6: 40}
UDP_HEAD = 8


@dataclass
class Layer:
    """One SA of a bundle; @v is the family of its two ends, @udp says that it goes in UDP."""

    sa: object
    mode: str
    v: int
    udp: bool = False

    def length(self, size, front):
        """(bytes of the packet with this layer on, bytes in front of its header) of one of @size bytes.

        @front: bytes of header that transport mode leaves outside.
        """
        if self.mode == "tunnel":
            front, size = HEAD[self.v], HEAD[self.v] + size
        body = size - front
        if isinstance(self.sa, esp.Sa):
            body = self.sa.esp_len(body)
        elif isinstance(self.sa, ah.Sa):
            body += self.sa.size(self.v)
        # IPComp goes without its header before it makes a packet longer
        return front + UDP_HEAD * self.udp + body, front

    def take_off(self, raw):
        """The IP packet without this layer. Raises BadPacket."""
        length, nh_at = ah.front(raw)
        if isinstance(self.sa, esp.Sa):
            out = self.sa.open(raw[length + UDP_HEAD * self.udp:])
            raw = ah.rebuilt(raw[:length], nh_at, out.nh, out.payload)
        elif isinstance(self.sa, ah.Sa) or raw[nh_at] == ipcomp.COMP:
            raw = self.sa.open(raw).clear
        if self.mode != "tunnel":
            return raw
        if raw[nh_at] not in (packet.IPIP, packet.IPV6):
            raise esp.BadPacket(f"next header {raw[nh_at]} inside a tunnel")
        return raw[length:]


def length(bundle, size, front):
    """Bytes on the wire of a clear packet of @size bytes, of which @front may stay outside; innermost SA first."""
    for layer in bundle:
        size, front = layer.length(size, front)
    return size


def largest(bundle, link, front):
    """The longest clear packet that fits a link of @link bytes."""
    return next(size for size in range(link, 0, -1) if length(bundle, size, front) <= link)


def take_off(bundle, raw):
    """The clear packet again."""
    for layer in reversed(bundle):
        raw = layer.take_off(raw)
    return raw
