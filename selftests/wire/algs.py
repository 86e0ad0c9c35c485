# SPDX-License-Identifier: GPL-2.0
"""Algorithm table of the packet tests: sizes, keys, and how each tool spells them.

Owns the reading of algs.tbl and the wording of an algorithm for setkey and for
`ip xfrm`. Never encrypts anything: esp.py does.
"""
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Alg:
    """One row of algs.tbl; sizes in bytes, key including salt."""

    kind: str
    name: str
    key: int
    salt: int
    iv: int
    icv: int
    blk: int
    setkey: str
    xfrm: str
    tshark: str

    @property
    def align(self):
        """What payload, padding and the two trailer bytes add up to a multiple of."""
        return max(self.blk, 4)


def _load():
    table = {}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "algs.tbl")
    with open(path, encoding="ascii") as f:
        for line in f:
            col = line.split()
            if not col or col[0].startswith("#"):
                continue
            sizes = [int(x) for x in col[2:7]]
            table[col[1]] = Alg(col[0], col[1], *sizes, col[7], col[8], col[9].replace("_", " "))
    return table


TABLE = _load()
CIPHERS = [a.name for a in TABLE.values() if a.kind == "cipher"]
AEADS = [a.name for a in TABLE.values() if a.kind == "aead"]
HASHES = [a.name for a in TABLE.values() if a.kind == "hash"]


def new_key(name):
    """A fresh random key; parity of 3DES keys is set, and its three parts differ."""
    key = os.urandom(TABLE[name].key)
    if name == "3des":
        key = bytes((b & 0xFE) | (1 ^ bin(b >> 1).count("1") & 1) for b in key)
    return key


def setkey_words(sa):
    """The -E/-A/-C part of a setkey line."""
    if sa.proto == "ipcomp":
        return ["-C", "deflate", "-R"]
    words = []
    if sa.enc:
        words = ["-E", TABLE[sa.enc].setkey] + (["0x" + sa.ekey.hex()] if sa.ekey else [])
    if sa.auth != "none":
        words += ["-A", TABLE[sa.auth].setkey, "0x" + sa.akey.hex()]
    return words


def xfrm_words(sa):
    """The algorithm part of an `ip xfrm state add` line."""
    if sa.proto == "ipcomp":
        return ["comp", "deflate"]
    words = []
    if sa.enc:
        alg = TABLE[sa.enc]
        if alg.kind == "aead":
            return ["aead", alg.xfrm, "0x" + sa.ekey.hex(), str(alg.icv * 8)]
        words = ["enc", alg.xfrm, "0x" + sa.ekey.hex() if sa.ekey else ""]
    if sa.auth != "none":
        words += ["auth-trunc", TABLE[sa.auth].xfrm, "0x" + sa.akey.hex(), str(TABLE[sa.auth].icv * 8)]
    return words
