# SPDX-License-Identifier: GPL-2.0
"""AH (RFC 4302) put around whole IP packets and taken off again by hand, for both ends of a test.

Owns the header, and what its ICV sees of the headers in front; opens no socket.
It shares nothing with the module under test, so that the two can only agree by
both following the RFCs.
"""
import hmac
import struct
from dataclasses import dataclass

import algs
import packet
from esp import MAC, BadPacket

AH, ROUTING = 51, 43
# RFC 4302 A1: IPv4 options that stay; all others are zeroed as a whole
KEPT = {130, 133, 134, 148, 149}
LSRR, SSRR = 131, 137


def _options4(head):
    """Option bytes and destination as the ICV sees them."""
    opts, dst, at = bytearray(head[20:]), head[16:20], 0
    while at < len(opts) and opts[at] != 0:
        if opts[at] == 1:
            at += 1
            continue
        kind, size = opts[at], opts[at + 1]
        if kind in (LSRR, SSRR) and opts[at + 2] <= size - 3:
            dst = bytes(opts[at + size - 4:at + size])
        if kind not in KEPT:
            opts[at:at + size] = bytes(size)
        at += size
    return bytes(opts), dst


def _masked4(head):
    opts, dst = _options4(head)
    return head[0:1] + b"\0" + head[2:6] + b"\0\0" + b"\0" + head[9:10] + b"\0\0" + head[12:16] + dst + opts


def _tlvs6(ext):
    out, at = bytearray(ext), 2
    while at < len(out):
        if out[at] == 0:
            at += 1
            continue
        if out[at] & 0x20:
            out[at + 2:at + 2 + out[at + 1]] = bytes(out[at + 1])
        at += 2 + out[at + 1]
    return bytes(out)


def _route6(ext, dst):
    """A routing header and the destination as they will arrive."""
    kind, left = ext[2], ext[3]
    addrs = [ext[i:i + 16] for i in range(8, len(ext) - 15, 16)]
    if not left:
        return ext, dst
    if kind == 4:
        return ext[:3] + b"\0" + ext[4:], addrs[0]
    for at in range(len(addrs) - left, len(addrs)):     # what each router on the way does
        addrs[at], dst = dst, addrs[at]
    return ext[:3] + b"\0" + ext[4:8] + b"".join(addrs), dst


def _masked6(head):
    dst, out, nh, at = head[24:40], b"", head[6], 40
    while at < len(head):
        ext = head[at:at + 8 * (head[at + 1] + 1)]
        if nh == ROUTING:
            ext, dst = _route6(ext, dst)
        else:
            ext = _tlvs6(ext)
        out, nh, at = out + ext, ext[0], at + len(ext)
    return b"\x60\0\0\0" + head[4:7] + b"\0" + head[8:24] + dst + out


def masked(head):
    """The headers in front of AH as its ICV sees them; they name it already."""
    return _masked6(head) if head[0] >> 4 == 6 else _masked4(head)


def front(raw):
    """(length of the headers that stay in front of AH, offset of the byte that names what follows)."""
    if raw[0] >> 4 == 4:
        return (raw[0] & 15) * 4, 9
    at, nh_at = 40, 6
    while raw[nh_at] in (packet.HBH, ROUTING) or \
            raw[nh_at] == packet.DSTOPT and raw[at] in (AH, ROUTING):
        at, nh_at = at + 8 * (raw[at + 1] + 1), at
    return at, nh_at


def rebuilt(head, nh_at, nh, payload):
    """The same headers around another payload."""
    head = bytearray(head)
    head[nh_at] = nh
    if head[0] >> 4 == 4:
        struct.pack_into("!H", head, 2, len(head) + len(payload))
        struct.pack_into("!H", head, 10, 0)
        struct.pack_into("!H", head, 10, packet.csum(bytes(head)))
    else:
        struct.pack_into("!H", head, 4, len(head) - 40 + len(payload))
    return bytes(head) + payload


@dataclass
class Opened:
    """A packet that passed: its number, the clear packet again, and what was in it."""

    seq: int
    nh: int
    clear: bytes
    payload: bytes


@dataclass
class Sa:
    """One direction of one SA as the wire sees it; see esp.Sa."""

    spi: int
    auth: str
    esn: bool = False
    akey: bytes = None
    seq: int = 0
    align8: bool = False                                # IPv4 as stock Linux has it
    proto = "ah"
    enc = None

    def __post_init__(self):
        if self.akey is None:
            self.akey = algs.new_key(self.auth)
        self.icv = algs.TABLE[self.auth].icv

    def size(self, ver):
        """Bytes of the header."""
        unit = 8 if ver == 6 or self.align8 else 4
        return -(-(12 + self.icv) // unit) * unit

    def _icv(self, head, fixed, pad, payload, seq):
        high = struct.pack("!I", seq >> 32) if self.esn else b""
        return MAC[self.auth](self.akey, masked(head) + fixed + bytes(self.icv) + pad + payload + high)

    def protect(self, raw, seq=None, plen=None, at=None, pad=None, reserved=0):
        """The IP packet @raw with AH in it.

        @seq: this number instead of the next one. @plen: a length that lies.
        @at: (length, offset) as front() gives them. @pad: padding other than zeroes.
        """
        if seq is None:
            self.seq += 1
            seq = self.seq
        size = self.size(raw[0] >> 4)
        length, nh_at = at or front(raw)
        pad = bytes(size - 12 - self.icv) if pad is None else pad
        fixed = struct.pack("!BBHII", raw[nh_at], size // 4 - 2 if plen is None else plen, reserved,
                            self.spi, seq & 0xFFFFFFFF)
        payload = raw[length:]
        head = rebuilt(raw[:length], nh_at, AH, bytes(size) + payload)[:length]
        icv = self._icv(head, fixed, pad, payload, seq)
        return head + fixed + icv + pad + payload

    def open(self, raw, high=0):
        """Check one packet and take AH off. Raises BadPacket."""
        length, nh_at = front(raw)
        if raw[nh_at] != AH:
            raise BadPacket(f"protocol {raw[nh_at]}, not AH")
        size = self.size(raw[0] >> 4)
        if len(raw) < length + size:
            raise BadPacket(f"{len(raw)} bytes are too few")
        nh, plen, reserved, spi, low = struct.unpack_from("!BBHII", raw, length)
        if (plen, reserved, spi) != (size // 4 - 2, 0, self.spi):
            raise BadPacket(f"length {plen}, reserved {reserved}, SPI {spi:#x}; expected "
                            f"{size // 4 - 2}, 0, {self.spi:#x}")
        icv, pad = raw[length + 12:length + 12 + self.icv], raw[length + 12 + self.icv:length + size]
        payload, seq = raw[length + size:], high << 32 | low
        want = self._icv(raw[:length], raw[length:length + 12], pad, payload, seq)
        if not hmac.compare_digest(want, icv):
            raise BadPacket("ICV")
        return Opened(seq, nh, rebuilt(raw[:length], nh_at, nh, payload), payload)
