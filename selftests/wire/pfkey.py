# SPDX-License-Identifier: GPL-2.0
"""PF_KEY v2 client with its own packing, for tests that setkey cannot say.

Owns the bytes of PF_KEY messages as RFC 2367, <linux/pfkeyv2.h> and
<linux/testudo_pfkey.h> lay them out; shares no code with the C library. It
decides nothing about what a test expects.
"""
import os
import random
import select
import socket
import struct
import time

import algs
import packet

PF_KEY = 15
(GETSPI, UPDATE, ADD, DELETE, GET, ACQUIRE, REGISTER, EXPIRE, FLUSH, DUMP, PROMISC) = range(1, 12)
SPDUPDATE, SPDADD, SPDDELETE, SPDGET, SPDDUMP, SPDFLUSH, SPDDELETE2, MIGRATE = 13, 14, 15, 16, 18, 19, 22, 24
(EXT_SA, EXT_CURRENT, EXT_HARD, EXT_SOFT, EXT_SRC, EXT_DST, EXT_PROXY, EXT_KEY_AUTH,
 EXT_KEY_ENCRYPT) = range(1, 10)
EXT_SPIRANGE, EXT_POLICY, EXT_SA2, EXT_TESTUDO = 16, 18, 19, 0x5401
SATYPE_ANY, SATYPE_AH, SATYPE_ESP, SATYPE_IPCOMP = 0, 2, 3, 9
SATYPE = {"esp": SATYPE_ESP, "ah": SATYPE_AH}
MODE = {"any": 0, "transport": 1, "tunnel": 2}
DIR = {"in": 1, "out": 2, "fwd": 3}
LEVEL = {"default": 0, "use": 1, "require": 2, "unique": 3}
STATE = ["larval", "mature", "dying", "dead"]
ESN = 1
SO_MEMINFO = 55
_spis = set()

# Numbers of <linux/pfkeyv2.h>; those without one are the project's own.
EALG = {"null": 11, "3des": 3, "aes": 12, "ctr": 13, "ccm8_": 14, "ccm12_": 15, "ccm16_": 16,
        "gcm8_": 18, "gcm12_": 19, "gcm16_": 20, "camellia": 22, "gmac": 23, "chacha": 225}
AALG = {"none": 0, "md5": 2, "sha1": 3, "sha256": 5, "sha384": 6, "sha512": 7, "xcbc": 9, "cmac": 226}


def ealg(name):
    """Encryption number of a name in algs.tbl."""
    return EALG.get(name) or EALG[name[:-3]]


def _words(body):
    return body.ljust(-(-len(body) // 8) * 8, b"\0")


def ext(kind, body):
    """One extension: header, @body, padding to 8."""
    body = _words(struct.pack("=HH", 0, kind) + body)
    return struct.pack("=H", len(body) // 8) + body[2:]


def sockaddr(addr, port=0):
    """struct sockaddr_in or sockaddr_in6."""
    raw = packet.pton(addr)
    if len(raw) == 4:
        return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + raw + bytes(8)
    return struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", port, 0) + raw + bytes(4)


def ext_addr(kind, addr, plen=None, proto=255, port=0):
    """ADDRESS extension."""
    if plen is None:
        plen = 128 if packet.is6(addr) else 32
    return ext(kind, struct.pack("=BBH", proto, plen, 0) + sockaddr(addr, port))


def ext_life(kind, packets=0, octets=0, addtime=0, usetime=0):
    """LIFETIME extension; 0 means no limit."""
    return ext(kind, struct.pack("=IQQQ", packets, octets, addtime, usetime))


def ext_key(kind, key):
    """KEY extension."""
    return ext(kind, struct.pack("=HH", len(key) * 8, 0) + key)


def ext_testudo(flags=0, window=0, oseq=0, iseq=0):
    """The project's own extension: ESN, wide windows, sequence numbers."""
    return ext(EXT_TESTUDO, struct.pack("=IIIQQ", flags, window, 0, oseq, iseq))


class Error(OSError):
    """The kernel answered with an errno."""


class Message:
    """A received message, extensions by number."""

    def __init__(self, raw):
        (self.version, self.type, self.errno, self.satype, self.len, _, self.seq,
         self.pid) = struct.unpack_from("=BBBBHHII", raw)
        self.raw, self.ext, at = raw, {}, 16
        while at + 4 <= len(raw):
            length, kind = struct.unpack_from("=HH", raw, at)
            if not length:
                break
            self.ext[kind] = raw[at + 4:at + length * 8]
            at += length * 8

    @property
    def spi(self):
        """SPI of the SA extension, host order."""
        return struct.unpack_from("!I", self.ext[EXT_SA])[0]

    @property
    def state(self):
        """Name of the SA's state."""
        return STATE[self.ext[EXT_SA][5]]

    def life(self, kind=EXT_CURRENT):
        """(packets, bytes, addtime, usetime)."""
        return struct.unpack_from("=IQQQ", self.ext[kind])

    def addr(self, kind=EXT_SRC):
        """Address text."""
        body = self.ext[kind][4:]
        family = struct.unpack_from("=H", body)[0]
        return packet.ntop(body[4:8] if family == socket.AF_INET else body[8:24])

    def testudo(self):
        """(flags, window, oseq, iseq) of the own extension."""
        flags, window, _, oseq, iseq = struct.unpack_from("=IIIQQ", self.ext[EXT_TESTUDO])
        return flags, window, oseq, iseq


class PfKey:
    """A PF_KEY socket; make it while inside the namespace it shall belong to."""

    def __init__(self, rcvbuf=None):
        self.sock = socket.socket(PF_KEY, socket.SOCK_RAW, 2)
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.pid, self.seq = os.getpid(), 0

    def close(self):
        """Close the socket."""
        self.sock.close()

    def send(self, kind, satype, *exts):
        """Send one message, return its seq."""
        self.seq += 1
        body = b"".join(exts)
        self.sock.send(struct.pack("=BBBBHHII", 2, kind, 0, satype, 2 + len(body) // 8, 0,
                                   self.seq, self.pid) + body)
        return self.seq

    def recv(self, timeout=20):
        """Next message or None."""
        if not select.select([self.sock], [], [], timeout)[0]:
            return None
        return Message(self.sock.recv(65536))

    def drops(self):
        """Messages that this socket had no room for."""
        return struct.unpack("=9I", self.sock.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36))[8]

    def request(self, kind, satype, *exts):
        """Send and return the answer; raises Error."""
        seq = self.send(kind, satype, *exts)
        while True:
            msg = self.recv()
            if msg is None:
                raise TimeoutError(f"no answer to PF_KEY message {kind}")
            if (msg.type, msg.seq, msg.pid) == (kind, seq, self.pid):
                if msg.errno:
                    raise Error(msg.errno, os.strerror(msg.errno))
                return msg

    def dump(self, kind=DUMP, satype=SATYPE_ANY, pause=None):
        """All messages of a dump; pause() is called before each is read."""
        self.send(kind, satype)
        out = []
        while True:
            if pause:
                pause()
            msg = self.recv()
            if msg is None:
                raise TimeoutError("dump stopped")
            if msg.type != kind or msg.pid != self.pid:
                continue
            if msg.errno:
                return out
            out.append(msg)
            if msg.seq == 0:
                return out

    def wait(self, kind, timeout=20, match=lambda m: True):
        """The next message of @kind that matches, or None when time is up."""
        end = time.monotonic() + timeout
        # what waits is read also when this process stood still until then
        while msg := self.recv(max(end - time.monotonic(), 0)):
            if msg.type == kind and match(msg):
                return msg
        return None

    # -- SAs -------------------------------------------------------------
    def add(self, sa, src, dst, mode="transport", kind=ADD, reqid=0, window=0, hard=None, soft=None,
            own=None, flags=0):
        """Install the esp.Sa or ah.Sa @sa for @src to @dst.

        @hard, @soft: keyword dictionaries of ext_life(); @own: of ext_testudo().
        """
        exts = [ext(EXT_SA, struct.pack("!I", sa.spi) + struct.pack(
                    "=BBBBI", min(window, 255), 1, AALG[sa.auth], ealg(sa.enc) if sa.enc else 0, flags)),
                ext(EXT_SA2, struct.pack("=BBHII", MODE[mode], 0, 0, 0, reqid)),
                ext_addr(EXT_SRC, src), ext_addr(EXT_DST, dst)]
        if sa.enc:
            exts.append(ext_key(EXT_KEY_ENCRYPT, sa.ekey))
        if sa.auth != "none":
            exts.append(ext_key(EXT_KEY_AUTH, sa.akey))
        if hard is not None or soft is not None:
            exts += [ext_life(EXT_HARD, **(hard or {})), ext_life(EXT_SOFT, **(soft or {}))]
        if own is not None:
            exts.append(ext_testudo(**own))
        return self.request(kind, SATYPE[sa.proto], *exts)

    def _name(self, spi, src, dst):
        return (ext(EXT_SA, struct.pack("!I", spi) + struct.pack("=BBBBI", 0, 0, 0, 0, 0)),
                ext_addr(EXT_SRC, src), ext_addr(EXT_DST, dst))

    def get(self, spi, src, dst, own=False):
        """GET an ESP SA, with the own extension when @own."""
        extra = (ext_testudo(),) if own else ()
        return self.request(GET, SATYPE_ESP, *self._name(spi, src, dst), *extra)

    def delete(self, spi, src, dst):
        """DELETE an ESP SA."""
        return self.request(DELETE, SATYPE_ESP, *self._name(spi, src, dst))

    # -- policies --------------------------------------------------------
    def spd_add(self, src, dst, way, mode="transport", ends=None, proto=255, splen=None, dplen=None,
                level="require", reqid=0, kind=SPDADD):
        """Add an ESP policy; @ends is (outer source, outer destination) in tunnel mode."""
        tail = b""
        if mode == "tunnel":
            tail = sockaddr(ends[0]) + sockaddr(ends[1])
        req = struct.pack("=HHBBHII", 16 + len(tail), 50, MODE[mode], LEVEL[level], 0, reqid, 0) + tail
        body = struct.pack("=HBBII", 2, DIR[way], 0, 0, 0) + req
        return self.request(kind, SATYPE_ANY, ext(EXT_POLICY, body),
                            ext_addr(EXT_SRC, src, splen, proto), ext_addr(EXT_DST, dst, dplen, proto))


    def migrate(self, src, dst, way, moves):
        """Move a policy between two networks, and its SAs; @moves: (mode, reqid, old ends, new ends). What all are told."""
        body = struct.pack("=HBBII", 2, DIR[way], 0, 0, 0)
        for mode, reqid, *pair in moves:
            for ends in pair:
                tail = sockaddr(ends[0]) + sockaddr(ends[1])
                body += struct.pack("=HHBBHII", 16 + len(tail), 50, MODE[mode], LEVEL["require"], 0, reqid, 0) + tail
        (src, splen), (dst, dplen) = (net.split("/") for net in (src, dst))
        self.send(MIGRATE, SATYPE_ANY, ext(EXT_POLICY, body), ext_addr(EXT_SRC, src, int(splen)),
                  ext_addr(EXT_DST, dst, int(dplen)))
        msg = self.recv()
        if msg is None or msg.errno:
            raise Error(msg.errno if msg else 0, "MIGRATE")
        return msg


def random_spi():
    """An SPI outside the reserved range, below what daemons draw from. It and the next one are given once."""
    while (spi := 0x1000 + 2 * random.randrange(1 << 23)) in _spis:
        pass
    _spis.add(spi)
    return spi


def alg_names():
    """Every (cipher, hash) of the table once: AEADs alone, ciphers with each hash in turn."""
    pairs = [(a, "none") for a in algs.AEADS]
    hashes = [h for h in algs.HASHES if h != "none"]
    pairs += [(c, hashes[i % len(hashes)]) for i, c in enumerate(algs.CIPHERS)]
    pairs += [("aes128", h) for h in hashes]
    return list(dict.fromkeys(pairs))
