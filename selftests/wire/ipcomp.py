# SPDX-License-Identifier: GPL-2.0
"""IPComp (RFC 3173) with DEFLATE put into whole IP packets and taken out again by hand.

Owns the header and the raw stream behind it, which Python's zlib makes and
reads; opens no socket. Shares nothing with the module under test.
"""
import struct
import zlib
from dataclasses import dataclass

import packet
from ah import front, rebuilt
from esp import BadPacket

COMP = 108


def deflate(data, level=6, strategy=zlib.Z_DEFAULT_STRATEGY, window=15):
    """A raw stream, without a header of zlib's or gzip's."""
    z = zlib.compressobj(level, zlib.DEFLATED, -window, 9, strategy)
    return z.compress(data) + z.flush()


def inflate(stream):
    """What a raw stream holds. Raises BadPacket unless it is whole, and nothing is behind it."""
    z = zlib.decompressobj(-15)
    try:
        data = z.decompress(stream)
    except zlib.error as err:
        raise BadPacket(str(err)) from err
    if not z.eof or z.unused_data:
        raise BadPacket("the stream has no end, or something is behind it")
    return data


@dataclass
class Opened:
    """A packet that was opened: the clear packet again, and what was in it."""

    nh: int
    clear: bytes
    payload: bytes
    packed: int                                         # bytes of the stream


@dataclass
class Sa:
    """One direction of one SA as the wire sees it."""

    spi: int
    proto = "ipcomp"
    esn = False

    def protect(self, raw, stream=None, cpi=None, flags=0, at=None):
        """The IP packet @raw compressed; @stream, @cpi and @flags replace what would be there.

        @at: (length, offset) as front() gives them.
        """
        length, nh_at = at or front(raw)
        if stream is None:
            stream = deflate(raw[length:])
        head = struct.pack("!BBH", raw[nh_at], flags, self.spi if cpi is None else cpi)
        return rebuilt(raw[:length], nh_at, COMP, head + stream)

    def open(self, raw):
        """Take IPComp out of one packet. Raises BadPacket."""
        length, nh_at = front(raw)
        if raw[nh_at] != COMP:
            raise BadPacket(f"protocol {raw[nh_at]}, not IPComp")
        nh, flags, cpi = struct.unpack_from("!BBH", raw, length)
        if (flags, cpi) != (0, self.spi):
            raise BadPacket(f"flags {flags}, CPI {cpi:#x}; expected 0, {self.spi:#x}")
        payload = inflate(raw[length + 4:])
        return Opened(nh, rebuilt(raw[:length], nh_at, nh, payload), payload, len(raw) - length - 4)
