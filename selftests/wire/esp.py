# SPDX-License-Identifier: GPL-2.0
"""ESP (RFC 4303) built and taken apart by hand, for both ends of a test.

Owns the transforms and the ESP packet; knows no addresses, no headers and no
sockets. It shares nothing with the module under test, so that the two can only
agree by both following the RFCs.
"""
import hashlib
import hmac
import os
import struct
import warnings
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.cmac import CMAC

import algs

warnings.filterwarnings("ignore", module="cryptography")

NH_NONE = 59
BLOCK = {"3des": algorithms.TripleDES, "aes": algorithms.AES, "camellia": algorithms.Camellia}


class BadPacket(Exception):
    """The packet is not a valid one of this SA; the text says why."""


def _family(name):
    return name.rstrip("0123456789") if name != "3des" else name


def _hmac(digest, size):
    return lambda key, data: hmac.new(key, data, digest).digest()[:size]


def _ecb(key, block):
    enc = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return enc.update(block) + enc.finalize()


def _xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def xcbc96(key, data):
    """AES-XCBC-MAC-96 of RFC 3566."""
    k1, k2, k3 = (_ecb(key, bytes([n]) * 16) for n in (1, 2, 3))
    full = max((len(data) + 15) // 16, 1)
    mac = bytes(16)
    for i in range(full - 1):
        mac = _ecb(k1, _xor(mac, data[16 * i:16 * i + 16]))
    last = data[16 * (full - 1):]
    if len(last) == 16:
        last = _xor(last, k2)
    else:
        last = _xor((last + b"\x80").ljust(16, b"\0"), k3)
    return _ecb(k1, _xor(mac, last))[:12]


def cmac96(key, data):
    """AES-CMAC-96 of RFC 4494."""
    mac = CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()[:12]


MAC = {
    "none": lambda key, data: b"",
    "md5": _hmac(hashlib.md5, 12),
    "sha1": _hmac(hashlib.sha1, 12),
    "sha256": _hmac(hashlib.sha256, 16),
    "sha384": _hmac(hashlib.sha384, 24),
    "sha512": _hmac(hashlib.sha512, 32),
    "xcbc": xcbc96,
    "cmac": cmac96,
}


def _cipher(name, key, iv):
    kind = _family(name)
    if kind == "null":
        return None
    if kind == "ctr":                                   # RFC 3686: nonce, IV, block counter from 1
        return Cipher(algorithms.AES(key[:-4]), modes.CTR(key[-4:] + iv + b"\0\0\0\1"))
    return Cipher(BLOCK[kind](key), modes.CBC(iv))


def encrypt(name, key, iv, data):
    """Encrypt @data, whose length the caller has aligned."""
    cipher = _cipher(name, key, iv)
    if cipher is None:
        return data
    enc = cipher.encryptor()
    return enc.update(data) + enc.finalize()


def decrypt(name, key, iv, data):
    """Undo encrypt(); a length that is no multiple of the block raises ValueError."""
    cipher = _cipher(name, key, iv)
    if cipher is None:
        return data
    dec = cipher.decryptor()
    return dec.update(data) + dec.finalize()


def _gcm_short(key, nonce, data, aad, size, tag=None):
    """AES-GCM with an ICV of @size bytes; opens when @tag is given, else seals."""
    aes = algorithms.AES(key)
    if tag is None:
        ctx = Cipher(aes, modes.GCM(nonce)).encryptor()
    else:
        ctx = Cipher(aes, modes.GCM(nonce, tag, min_tag_length=size)).decryptor()
    ctx.authenticate_additional_data(aad)
    out = ctx.update(data) + ctx.finalize()
    return out if tag is not None else out + ctx.tag[:size]


def aead_seal(name, key, iv, data, aad):
    """Ciphertext followed by the ICV (RFC 4106, 4309, 4543, 7634)."""
    alg = algs.TABLE[name]
    raw, nonce = key[:-alg.salt], key[-alg.salt:] + iv
    if name.startswith("gcm"):
        return _gcm_short(raw, nonce, data, aad, alg.icv)
    if name.startswith("ccm"):
        return AESCCM(raw, tag_length=alg.icv).encrypt(nonce, data, aad)
    if name.startswith("gmac"):
        return data + AESGCM(raw).encrypt(nonce, b"", aad + iv + data)
    return ChaCha20Poly1305(raw).encrypt(nonce, data, aad)


def aead_open(name, key, iv, sealed, aad):
    """Undo aead_seal(); raises InvalidTag."""
    alg = algs.TABLE[name]
    raw, nonce = key[:-alg.salt], key[-alg.salt:] + iv
    data, tag = sealed[:-alg.icv], sealed[-alg.icv:]
    if name.startswith("gcm"):
        return _gcm_short(raw, nonce, data, aad, alg.icv, tag)
    if name.startswith("ccm"):
        return AESCCM(raw, tag_length=alg.icv).decrypt(nonce, sealed, aad)
    if name.startswith("gmac"):
        AESGCM(raw).decrypt(nonce, tag, aad + iv + data)
        return data
    return ChaCha20Poly1305(raw).decrypt(nonce, sealed, aad)


@dataclass
class Opened:
    """A packet that passed: what was inside and how it was padded."""

    seq: int
    iv: bytes
    payload: bytes
    pad: bytes
    nh: int

    @property
    def minimal(self):
        """True when no more padding was used than the alignment asks for."""
        return len(self.pad) < self._align

    _align: int = 4


@dataclass
class Sa:
    """One direction of one SA as the wire sees it.

    @seq counts what seal() sent, the full 64 bits when @esn. Everything else is
    constant after creation.
    """

    spi: int
    enc: str
    auth: str = "none"
    esn: bool = False
    ekey: bytes = None
    akey: bytes = None
    seq: int = 0
    info: dict = field(default_factory=dict)            # what the caller wants to remember
    proto = "esp"

    def __post_init__(self):
        if self.ekey is None:
            self.ekey = algs.new_key(self.enc)
        if self.akey is None:
            self.akey = algs.new_key(self.auth)
        self.alg = algs.TABLE[self.enc]
        self.icv = self.alg.icv or algs.TABLE[self.auth].icv

    # -- sizes -----------------------------------------------------------
    def esp_len(self, inner):
        """Length of the ESP packet around @inner bytes, with minimal padding."""
        body = -(-(inner + 2) // self.alg.align) * self.alg.align
        return 8 + self.alg.iv + body + self.icv

    def inner_mtu(self, mtu, outer):
        """Largest inner packet for a link of @mtu bytes and @outer bytes of outer header."""
        room = mtu - outer - 8 - self.alg.iv - self.icv
        return room // self.alg.align * self.alg.align - 2

    # -- packets ---------------------------------------------------------
    def _aad(self, seq):
        if self.esn:
            return struct.pack("!IQ", self.spi, seq)
        return struct.pack("!II", self.spi, seq & 0xFFFFFFFF)

    def _mac(self, head, seq):
        high = struct.pack("!I", seq >> 32) if self.esn else b""
        return MAC[self.auth](self.akey, head + high)

    def trailer(self, payload, nh, blocks=0, pad=None, padlen=None):
        """Payload, padding 1, 2, 3..., pad length and next header.

        @blocks adds that many alignment units; @pad and @padlen replace what a
        good sender would write, for packets that lie.
        """
        if pad is None:
            size = -(len(payload) + 2) % self.alg.align + blocks * self.alg.align
            pad = bytes((i + 1) & 0xFF for i in range(size))
        if padlen is None:
            padlen = len(pad)
        return payload + pad + bytes([padlen & 0xFF, nh])

    def seal(self, payload, nh, seq=None, iv=None, plain=None, **padding):
        """One ESP packet.

        @seq: this number instead of the next one (the counter does not move).
        @plain: the bytes to encrypt, trailer included, instead of @payload.
        """
        if seq is None:
            self.seq += 1
            seq = self.seq
        if iv is None:
            iv = os.urandom(self.alg.iv)
        if plain is None:
            plain = self.trailer(payload, nh, **padding)
        head = struct.pack("!II", self.spi, seq & 0xFFFFFFFF) + iv
        if self.alg.kind == "aead":
            return head + aead_seal(self.enc, self.ekey, iv, plain, self._aad(seq))
        head += encrypt(self.enc, self.ekey, iv, plain)
        return head + self._mac(head, seq)

    def open(self, packet, high=0):
        """Check and decrypt one ESP packet.

        @high: upper 32 bits of the sequence number, as the receiver infers them.
        Raises BadPacket.
        """
        floor = 8 + self.alg.iv + self.icv + 2
        if len(packet) < floor:
            raise BadPacket(f"{len(packet)} bytes, {floor} is the least")
        spi, low = struct.unpack_from("!II", packet)
        if spi != self.spi:
            raise BadPacket(f"SPI {spi:#x}, not {self.spi:#x}")
        seq = high << 32 | low
        iv, body = packet[8:8 + self.alg.iv], packet[8 + self.alg.iv:]
        plain = self._unprotect(packet, iv, body, seq)
        padlen, nh = plain[-2], plain[-1]
        if padlen + 2 > len(plain):
            raise BadPacket(f"pad length {padlen} in {len(plain)} bytes")
        end = len(plain) - 2 - padlen
        pad = plain[end:-2]
        if pad != bytes((i + 1) & 0xFF for i in range(padlen)):
            raise BadPacket(f"padding {pad.hex()}")
        return Opened(seq, iv, plain[:end], pad, nh, self.alg.align)

    def _unprotect(self, packet, iv, body, seq):
        if self.alg.kind == "aead":
            try:
                return aead_open(self.enc, self.ekey, iv, body, self._aad(seq))
            except InvalidTag:
                raise BadPacket("ICV") from None
        end = len(packet) - self.icv
        if not hmac.compare_digest(self._mac(packet[:end], seq), packet[end:]):
            raise BadPacket("ICV")
        body = packet[8 + self.alg.iv:end]
        if len(body) % self.alg.align:
            raise BadPacket(f"{len(body)} bytes of ciphertext, block {self.alg.align}")
        return decrypt(self.enc, self.ekey, iv, body)
