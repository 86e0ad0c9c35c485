#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Checks a recorded IKEv1 main mode with a pre-shared key and its quick mode by
RFC 2409's formulas: every HASH, and the keys that came into the kernel. It
shares no line with the daemon: pow() for Diffie-Hellman, hashlib and hmac for
the PRF, python-cryptography for AES.

usage: v1_oracle.py FILE   (written by test_v1.c)
"""
import hashlib
import hmac
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

# RFC 3526, group 14
P = int("""
FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74
020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437
4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED
EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05
98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB
9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B
E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718
3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF
""".replace("\n", ""), 16)
SA, KE, ID, HASH, NONCE = 1, 4, 5, 8, 10
BLOCK = 16


def prf(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def payloads(first, data):
    """[(type, body, whole)] of a chain; padding stays behind"""
    out = []
    while first:
        length = int.from_bytes(data[2:4], "big")
        assert 4 <= length <= len(data), "chain of payloads is broken"
        out.append((first, data[4:length], data[:length]))
        first, data = data[0], data[length:]
    return out


def body(msg, kind, n=0):
    return [b for t, b, _ in msg if t == kind][n]


def decrypt(key, iv, data):
    c = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    return c.update(data) + c.finalize()


def read(path):
    msgs, values, keys = [], {}, []
    for line in open(path):
        name, value = line.split()
        if name in ("A", "B"):
            msgs.append((name, bytes.fromhex(value)))
        elif name in ("spi-in", "spi-out"):
            keys.append([name, bytes.fromhex(value)])
        elif name in ("encr", "integ"):
            keys[-1].append(bytes.fromhex(value))
        elif name in ("x1", "x2"):
            values[name] = int(value, 16)
        else:
            values[name] = bytes.fromhex(value)
    return msgs, values, keys


def shared(x, theirs):
    return pow(int.from_bytes(theirs, "big"), x, P).to_bytes(256, "big")


def main():
    msgs, values, kernel = read(sys.argv[1])
    assert [m[0] for m in msgs] == list("ABABABABA"), "not six messages and three"
    raw = [m[1] for m in msgs]
    mm = [payloads(m[16], m[28:]) for m in raw[:4]]
    cky_i, cky_r = raw[3][:8], raw[3][8:16]
    gxi, ni = body(mm[2], KE), body(mm[2], NONCE)
    gxr, nr = body(mm[3], KE), body(mm[3], NONCE)
    assert shared(values["x1"], gxr) and pow(2, values["x1"], P) == int.from_bytes(gxi, "big")
    gxy = shared(values["x1"], gxr)

    skeyid = prf(values["psk"], ni + nr)
    d = prf(skeyid, gxy + cky_i + cky_r + b"\0")
    a = prf(skeyid, d + gxy + cky_i + cky_r + b"\1")
    e = prf(skeyid, a + gxy + cky_i + cky_r + b"\2")
    iv = hashlib.sha256(gxi + gxr).digest()[:BLOCK]

    sai = body(mm[0], SA)
    for n, first in ((4, True), (5, False)):
        m = raw[n]
        assert m[19] & 1, "MM5 and MM6 are encrypted"
        p = payloads(m[16], decrypt(e, iv, m[28:]))
        iv = m[-BLOCK:]
        pub = gxi + gxr + cky_i + cky_r if first else gxr + gxi + cky_r + cky_i
        want = prf(skeyid, pub + sai + body(p, ID))
        assert body(p, HASH) == want, "HASH_I" if first else "HASH_R"

    mid = raw[6][20:24]
    iv = hashlib.sha256(iv + mid).digest()[:BLOCK]
    qm = []
    for m in raw[6:9]:
        assert m[20:24] == mid and m[18] == 32
        qm.append(payloads(m[16], decrypt(e, iv, m[28:])))
        iv = m[-BLOCK:]
    qni, qnr = body(qm[0], NONCE), body(qm[1], NONCE)

    def rest(p):
        return b"".join(w for _, _, w in p[1:])
    assert body(qm[0], HASH) == prf(a, mid + rest(qm[0])), "HASH(1)"
    assert body(qm[1], HASH) == prf(a, mid + qni + rest(qm[1])), "HASH(2)"
    assert body(qm[2], HASH) == prf(a, b"\0" + mid + qni + qnr), "HASH(3)"

    pfs = shared(values["x2"], body(qm[1], KE)) if "x2" in values else b""
    assert len(kernel) == 2
    for _, spi, encr, integ in kernel:
        keymat, block = b"", b""
        while len(keymat) < 64:
            block = prf(d, block + pfs + b"\3" + spi + qni + qnr)
            keymat += block
        assert len(encr) == 32 and len(integ) == 32
        assert encr == keymat[:32] and integ == keymat[32:64], "KEYMAT"
    # our SPI is the one that we proposed: its bytes are in the proposal
    spis = {k[0]: k[1] for k in kernel}
    assert spis["spi-out"] in body(qm[0], SA) and spis["spi-in"] in body(qm[1], SA)


main()
