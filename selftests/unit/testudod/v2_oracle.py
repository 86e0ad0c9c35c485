#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
#
# v2_oracle.py FILE - read a recorded IKEv2 run as RFC 7296 says, from the
# initiator's private Diffie-Hellman value on, with nothing of the daemon's:
# keys, decryption, both AUTH payloads, key material of both child SAs.
# Exit 77: python3-cryptography is missing.
import hashlib
import hmac
import struct
import sys

try:
    from cryptography.hazmat.primitives.asymmetric import ec, x25519
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    sys.exit(77)

SA, KE, IDI, IDR, AUTH, NONCE, SK = 33, 34, 35, 36, 39, 40, 46
PRF = {5: "sha256", 6: "sha384", 7: "sha512"}
INTEG = {12: ("sha256", 32, 16), 13: ("sha384", 48, 24), 14: ("sha512", 64, 32)}


def payloads(first, data):
    out = []
    while first:
        nxt, _, length = struct.unpack(">BBH", data[:4])
        out.append((first, data[4:length]))
        if first == SK:
            out[-1] = (first, data[4:length], nxt)
            break
        first, data = nxt, data[length:]
    return out


def get(pls, kind):
    return next(p[1] for p in pls if p[0] == kind)


def chosen(body):
    """transforms of an answer's one proposal, and its SPI"""
    spi = body[8:8 + body[6]]
    out, at = {}, body[8 + body[6]:]
    while at:
        length, kind, ident = struct.unpack(">xxHBxH", at[:8])
        bits = struct.unpack(">HH", at[8:12])[1] if length >= 12 else 0
        out[kind] = (ident, bits)
        at = at[length:]
    return out, spi


class Run:
    def __init__(self, suite):
        self.hash = PRF[suite[2][0]]
        self.encr, self.bits = suite[1]
        self.integ = INTEG.get(suite.get(3, (0,))[0])

    def prf(self, key, data):
        return hmac.new(key, data, self.hash).digest()

    def prfplus(self, key, seed, n):
        out, last, i = b"", b"", 1
        while len(out) < n:
            last = self.prf(key, last + seed + bytes([i]))
            out, i = out + last, i + 1
        return out[:n]

    def keys(self, shared, ni, nr, spi_i, spi_r):
        hl = hashlib.new(self.hash).digest_size
        ek = self.bits // 8 + (4 if self.encr == 20 else 0)
        ak = self.integ[1] if self.integ else 0
        seed = self.prf(ni + nr, shared)
        raw = self.prfplus(seed, ni + nr + spi_i + spi_r, 3 * hl + 2 * ek + 2 * ak)
        for name, n in (("d", hl), ("ai", ak), ("ar", ak), ("ei", ek), ("er", ek), ("pi", hl), ("pr", hl)):
            setattr(self, name, raw[:n])
            raw = raw[n:]

    def open(self, msg):
        """payloads inside of a message that has an SK payload only"""
        _, body, first = payloads(msg[16], msg[28:])[0]
        initiator = msg[19] & 8
        ek = self.ei if initiator else self.er
        if self.encr == 20:
            aad, iv = msg[:32], body[:8]
            clear = AESGCM(ek[:-4]).decrypt(ek[-4:] + iv, body[8:], aad)
        else:
            name, _, icv = self.integ
            want = hmac.new(self.ai if initiator else self.ar, msg[:-icv], name).digest()[:icv]
            assert want == msg[-icv:], "ICV"
            dec = Cipher(algorithms.AES(ek), modes.CBC(body[:16])).decryptor()
            clear = dec.update(body[16:-icv]) + dec.finalize()
        return payloads(first, clear[:len(clear) - 1 - clear[-1]])

    def auth(self, first_message, nonce, key, ident, psk):
        octets = first_message + nonce + self.prf(key, ident)
        return self.prf(self.prf(psk, b"Key Pad for IKEv2"), octets)


def shared_secret(kind, private, public):
    if kind == "x25519":
        key = x25519.X25519PrivateKey.from_private_bytes(private)
        return key.exchange(x25519.X25519PublicKey.from_public_bytes(public))
    curve = ec.SECP256R1()
    key = ec.derive_private_key(int.from_bytes(private, "big"), curve)
    return key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + public))


def child_keys(run, suite, ni, nr):
    """what the initiator of the exchange sends with, then the responder"""
    encr, bits = suite[1]
    ek = bits // 8 + (4 if encr == 20 else 0)
    ak = INTEG[suite[3][0]][1] if 3 in suite else 0
    raw = run.prfplus(run.d, ni + nr, 2 * (ek + ak))
    return [(raw[i:i + ek], raw[i + ek:i + ek + ak]) for i in (0, ek + ak)]


def main():
    rows = [line.split() for line in open(sys.argv[1])]
    one = {r[0]: r[1:] for r in rows if r[0] in ("dh", "psk")}
    msgs = [bytes.fromhex(r[1]) for r in rows if r[0] == "msg"]
    kernel = {int(r[1], 16): (bytes.fromhex(r[2]), bytes.fromhex(r[3]) if len(r) > 3 else b"")
              for r in rows if r[0] == "sa"}
    psk = bytes.fromhex(one["psk"][0])

    init_i, init_r = msgs[0], msgs[1]
    pi, pr = (payloads(m[16], m[28:]) for m in (init_i, init_r))
    suite, _ = chosen(get(pr, SA))
    ni, nr = get(pi, NONCE), get(pr, NONCE)
    run = Run(suite)
    run.keys(shared_secret(one["dh"][0], bytes.fromhex(one["dh"][1]), get(pr, KE)[4:]), ni, nr,
             init_r[:8], init_r[8:16])

    ask, answer = run.open(msgs[2]), run.open(msgs[3])
    assert get(ask, AUTH)[4:] == run.auth(init_i, nr, run.pi, get(ask, IDI), psk), "AUTH of the initiator"
    assert get(answer, AUTH)[4:] == run.auth(init_r, ni, run.pr, get(answer, IDR), psk), "AUTH of the responder"

    want = {}
    for ask, answer, ni, nr in ((ask, answer, ni, nr), (run.open(msgs[4]), run.open(msgs[5]), None, None)):
        if ni is None:
            ni, nr = get(ask, NONCE), get(answer, NONCE)
        child, spi_r = chosen(get(answer, SA))
        spi_i = chosen(get(ask, SA))[1]
        out, back = child_keys(run, child, ni, nr)
        want[int.from_bytes(spi_r, "big")] = out
        want[int.from_bytes(spi_i, "big")] = back
    assert kernel == want, "keys of the child SAs"
    print("ok: %d messages, %d SAs" % (len(msgs), len(want)))


main()
