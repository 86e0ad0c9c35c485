#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes crypt_vectors.h: what RFC 2409, 7296, 5282, 5903, 7748 and 4231 demand,
computed without testudod and, but for ciphers, without OpenSSL.

Primes come from the formula of RFC 3526, curves from their published numbers,
ladders and point additions are written out below.

    ./crypt_vectors.py >crypt_vectors.h && clang-format -i crypt_vectors.h
"""
import hashlib
import hmac
import subprocess

import mpmath
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305

try:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES, Camellia
except ImportError:
    TripleDES, Camellia = algorithms.TripleDES, algorithms.Camellia


def seq(label, n):
    """n bytes that anybody can make again"""
    out, i = b"", 0
    while len(out) < n:
        out += hashlib.sha256(f"{label}/{i}".encode()).digest()
        i += 1
    return out[:n]


def number(label, n):
    return int.from_bytes(seq(label, n), "big")


# ---- MODP ----

# RFC 2412 appendix E and RFC 3526: p = 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) pi) + k)
MODP = {"modp768": (768, 149686), "modp1024": (1024, 129093), "modp1536": (1536, 741804),
        "modp2048": (2048, 124476), "modp3072": (3072, 1690314), "modp4096": (4096, 240904),
        "modp6144": (6144, 929484), "modp8192": (8192, 4743158)}


def modp(name):
    bits, k = MODP[name]
    mpmath.mp.prec = bits + 64
    return 2 ** bits - 2 ** (bits - 64) - 1 + 2 ** 64 * (
        int(mpmath.floor(mpmath.ldexp(mpmath.pi, bits - 130))) + k), bits // 8


def sha(data):
    return hashlib.sha256(data).hexdigest()


def dh_modp(name, zero=False):
    """zero: with a secret that begins with a byte of 0, which must not be lost"""
    p, n = modp(name)
    x, y, i = number(name + "/x", 32), number(name + "/y", 32), 0
    while zero and pow(2, x * y, p) >> 8 * (n - 1):
        y, i = number(f"{name}/y{i}", 32), i + 1
    put = lambda v: v.to_bytes(n, "big")
    return (name, x.to_bytes(32, "big").hex(), y.to_bytes(32, "big").hex(),
            sha(put(pow(2, x, p))), sha(put(pow(2, y, p))), sha(put(pow(2, x * y, p))))


# ---- short Weierstrass curves ----

CURVES = {"ecp256": "prime256v1", "ecp384": "secp384r1", "ecp521": "secp521r1",
          "brainpool256": "brainpoolP256r1", "brainpool384": "brainpoolP384r1",
          "brainpool512": "brainpoolP512r1"}


def curve(name):
    """p, a, b and the generator, as openssl prints them"""
    text = subprocess.run(["openssl", "ecparam", "-name", CURVES[name], "-param_enc", "explicit",
                           "-text", "-noout"], capture_output=True, text=True, check=True).stdout
    fields, key = {}, None
    for line in text.splitlines():
        if not line.startswith(" "):
            key = line.split(":")[0].split()[0]
            fields[key] = ""
        elif key:
            fields[key] += line.strip().replace(":", "")
    g = fields["Generator"]
    half = (len(g) - 2) // 2
    return (int(fields["Prime"], 16), int(fields["A"], 16), int(g[2:2 + half], 16),
            int(g[2 + half:], 16), half // 2)


def add(p, a, s, t):
    if s is None or t is None:
        return s or t
    if s[0] == t[0]:
        if (s[1] + t[1]) % p == 0:
            return None
        m = (3 * s[0] * s[0] + a) * pow(2 * s[1], -1, p) % p
    else:
        m = (t[1] - s[1]) * pow(t[0] - s[0], -1, p) % p
    x = (m * m - s[0] - t[0]) % p
    return x, (m * (s[0] - x) - s[1]) % p


def times(p, a, k, point):
    out = None
    while k:
        if k & 1:
            out = add(p, a, out, point)
        point = add(p, a, point, point)
        k >>= 1
    return out


# RFC 5903 8.1: the one vector of it that is short enough to be looked up by eye
RFC5903 = (0xC88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433,
           0xC6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53,
           "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de")


def dh_ec(name, zero=False):
    p, a, gx, gy, n = curve(name)
    x, y, i = number(name + "/x", n - 1), number(name + "/y", n - 1), 0
    while zero and times(p, a, x, times(p, a, y, (gx, gy)))[0] >> 8 * (n - 1):
        y, i = number(f"{name}/y{i}", n - 1), i + 1
    if name == "ecp256" and not zero:
        x, y = RFC5903[:2]
    put = lambda v: v.to_bytes(n, "big")
    both = lambda q: put(q[0]) + put(q[1])
    gi, gr = times(p, a, x, (gx, gy)), times(p, a, y, (gx, gy))
    shared = put(times(p, a, y, gi)[0])
    if name == "ecp256" and not zero:
        assert shared.hex() == RFC5903[2]
    return name, put(x).hex(), put(y).hex(), sha(both(gi)), sha(both(gr)), sha(shared)


# ---- RFC 7748 ----

def ladder(k, u, p, bits, a24):
    x1, x2, z2, x3, z3, swap = u, 1, 0, u, 1, 0
    for t in reversed(range(bits)):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b = x2 + z2, x2 - z2
        aa, bb = a * a % p, b * b % p
        e = aa - bb
        da, cb = (x3 - z3) * a % p, (x3 + z3) * b % p
        x3, z3 = (da + cb) ** 2 % p, x1 * (da - cb) ** 2 % p
        x2, z2 = aa * bb % p, e * (aa + a24 * e) % p
    if swap:
        x2, z2 = x3, z3
    return x2 * pow(z2, p - 2, p) % p


def x25519(k, u):
    k = bytearray(k)
    k[0] &= 248
    k[31] = k[31] & 127 | 64
    u = int.from_bytes(u, "little") & (1 << 255) - 1
    return ladder(int.from_bytes(k, "little"), u, 2 ** 255 - 19, 255, 121665).to_bytes(32, "little")


def x448(k, u):
    k = bytearray(k)
    k[0] &= 252
    k[55] |= 128
    p = 2 ** 448 - 2 ** 224 - 1
    return ladder(int.from_bytes(k, "little"), int.from_bytes(u, "little"), p, 448,
                  39081).to_bytes(56, "little")


# RFC 7748 5.2, after one iteration
assert x25519(bytes([9] + [0] * 31), bytes([9] + [0] * 31)).hex() == \
    "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
assert x448(bytes([5] + [0] * 55), bytes([5] + [0] * 55)).hex() == \
    "3f482c8a9f19b01e6c46ee9711d9dc14fd4bf67af30765c2ae2b846a4d23a8cd" \
    "0db897086239492caf350b51f833868b9bc2b3bca9cf4113"


def dh_x(name):
    f, n, base = (x25519, 32, 9) if name == "x25519" else (x448, 56, 5)
    x, y, g = seq(name + "/x", n), seq(name + "/y", n), bytes([base] + [0] * (n - 1))
    return name, x.hex(), y.hex(), sha(f(x, g)), sha(f(y, g)), sha(f(x, f(y, g)))


# ---- PRFs and key schedules ----

HASHES = {"md5": "md5", "sha1": "sha1", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512"}


def prf(h, key, *parts):
    return hmac.new(key, b"".join(parts), h).digest()


def prf_plus(h, key, seed, n):
    out, t, i = b"", b"", 1
    while len(out) < n:
        t = prf(h, key, t, seed, bytes([i]))
        out += t
        i += 1
    return out[:n]


# RFC 4231 4.2 to 4.7 (and RFC 2202 with the older hashes): key, data
RFC4231 = ((b"\x0b" * 20, b"Hi There"), (b"Jefe", b"what do ya want for nothing?"),
           (b"\xaa" * 20, b"\xdd" * 50),
           (b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First"))
assert prf("sha256", *RFC4231[0]).hex() == \
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
assert prf("sha256", *RFC4231[1]).hex() == \
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"

NI, NR, SHARED = seq("ni", 32), seq("nr", 20), seq("shared", 256)
CKY_I, CKY_R = bytes(range(0x11, 0x19)), bytes(range(0xa1, 0xa9))
SAI, ID, GX, GY, PSK = seq("sai", 52), seq("id", 12), seq("gx", 128), seq("gy", 128), b"secret"


def v1(h, keylen):
    """RFC 2409 5 and appendix B"""
    psk = prf(h, PSK, NI, NR)
    sig = prf(h, NI + NR, SHARED)
    d = prf(h, sig, SHARED, CKY_I, CKY_R, b"\0")
    a = prf(h, sig, d, SHARED, CKY_I, CKY_R, b"\1")
    e = prf(h, sig, a, SHARED, CKY_I, CKY_R, b"\2")
    key = e[:keylen]
    if keylen > len(e):
        k, key = prf(h, e, b"\0"), b""
        while len(key) < keylen:
            key += k
            k = prf(h, e, k)
        key = key[:keylen]
    hash_i = prf(h, sig, GX, GY, CKY_I, CKY_R, SAI, ID)
    spi = bytes.fromhex("c0ffee01")

    def keymat(pfs):
        seed, out, k = pfs + b"\3" + spi + NI + NR, b"", b""
        while len(out) < 100:
            k = prf(h, d, k, seed)
            out += k
        return out[:100]
    iv1 = hashlib.new(h, GX + GY).digest()[:16]
    iv2 = hashlib.new(h, seq("last", 16) + bytes.fromhex("01020304")).digest()[:16]
    return [h, keylen * 8] + [v.hex() for v in (psk, sig, d, a, e, key, hash_i, keymat(b""),
                                              keymat(SHARED), iv1, iv2)]


def v2(h, ebytes, abytes):
    """RFC 7296 2.14, 2.17, 2.18"""
    seed = prf(h, NI + NR, SHARED)
    n = hashlib.new(h).digest_size
    all_ = prf_plus(h, seed, NI + NR + CKY_I + CKY_R, 3 * n + 2 * ebytes + 2 * abytes)
    out, at = [], 0
    for size in (n, abytes, abytes, ebytes, ebytes, n, n):
        out.append(all_[at:at + size].hex())
        at += size
    d = bytes.fromhex(out[0])
    rekey = prf(h, d, SHARED, NI, NR)
    return [seed.hex()] + out + [rekey.hex(), prf_plus(h, d, NI + NR, 200).hex(),
                               prf_plus(h, d, SHARED + NI + NR, 200).hex()]


# ---- SK payloads ----

AAD, CLEAR = seq("aad", 32), seq("clear", 45)


def sk_aead(name, bits):
    salt = {"c": 3}.get(name[4], 4) if name.startswith("aes") else 4
    tag = int(name.rsplit("_", 1)[1]) if name.startswith("aes") else 16
    key, nonce, iv = seq(name, bits // 8), seq(name + "/salt", salt), seq(name + "/iv", 8)
    text = CLEAR + b"\0"
    if name.startswith("aes_gcm"):
        sealed = AESGCM(key).encrypt(nonce + iv, text, AAD)
    elif name.startswith("aes_ccm"):
        sealed = AESCCM(key, tag_length=tag).encrypt(nonce + iv, text, AAD)
    else:
        sealed = ChaCha20Poly1305(key).encrypt(nonce + iv, text, AAD)
    sealed = sealed[:len(text) + tag]
    return name, bits, "", (key + nonce).hex(), "", (iv + sealed).hex()


ICV = {"md5": 12, "sha1": 12, "sha256": 16, "sha384": 24, "sha512": 32}


def sk_cbc(name, bits, h):
    alg = {"aes": algorithms.AES, "camellia": Camellia, "3des": TripleDES}[name]
    block = 8 if name == "3des" else 16
    key, iv = seq(name, bits // 8), seq(name + "/iv", block)
    ak = seq(h + "/ak", hashlib.new(h).digest_size)
    # padding of more than the least, and not zeroes: a peer may do so
    pad = block - (len(CLEAR) + 1) % block + block
    text = CLEAR + b"\xaa" * pad + bytes([pad])
    enc = Cipher(alg(key), modes.CBC(iv)).encryptor()
    body = iv + enc.update(text) + enc.finalize()
    body += hmac.new(ak, AAD + body, h).digest()[:ICV[h]]
    return name, bits if name != "3des" else 0, h, key.hex(), ak.hex(), body.hex()


def rfc7634():
    """appendix B's message, whose numbers are the RFC's"""
    key, nonce = bytes(range(0x80, 0xa0)), bytes.fromhex("a0a1a2a3")
    iv = bytes(range(0x10, 0x18))
    aad = bytes.fromhex("c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029")
    clear = bytes.fromhex("0000000c00004001" "0000000a")
    sealed = ChaCha20Poly1305(key).encrypt(nonce + iv, clear + b"\0", aad)
    return key + nonce, aad, clear, iv + sealed


def c(value):
    return f'"{value}"' if isinstance(value, str) else str(value)


def table(struct, name, rows):
    print(f"static const struct {struct} {name}[] = {{")
    for row in rows:
        print("\t{ " + ",\n\t  ".join(c(v) for v in row) + " },")
    print("};\n")


def main():
    print("/* SPDX-License-Identifier: GPL-2.0 */\n/* Made by crypt_vectors.py; do not edit. */")
    print("#ifndef TESTUDOD_TEST_CRYPT_VECTORS_H\n#define TESTUDOD_TEST_CRYPT_VECTORS_H\n")
    for name, value in (("NI", NI), ("NR", NR), ("SHARED", SHARED), ("CKY_I", CKY_I),
                        ("CKY_R", CKY_R), ("SAI", SAI), ("ID", ID), ("GX", GX), ("GY", GY),
                        ("PSK", PSK), ("LAST", seq("last", 16)), ("AAD", AAD), ("CLEAR", CLEAR)):
        print(f'#define VEC_{name} "{value.hex()}"')
    print()
    table("vec_dh", "vec_dh", [dh_modp(n) for n in MODP] + [dh_ec(n) for n in CURVES] +
          [dh_modp("modp1024", True), dh_modp("modp2048", True), dh_ec("ecp256", True)] +
          [dh_x(n) for n in ("x25519", "x448")])
    table("vec_prf", "vec_prf", [(h, k.hex(), d.hex(), prf(h, k, d).hex()) for h in HASHES
                                 for k, d in RFC4231])
    table("vec_v1", "vec_v1", [v1(h, n) for h in HASHES for n in (16, 24, 32)])
    combos = (("aes", 256, "sha256"), ("aes", 128, "sha1"), ("3des", 0, "md5"),
              ("camellia", 192, "sha384"), ("aes", 192, "sha512"), ("aes_gcm_16", 256, "sha384"),
              ("aes_ccm_8", 128, "sha256"), ("chacha20poly1305", 0, "sha512"))
    rows = []
    for encr, bits, h in combos:
        aead = encr in ("aes_gcm_16", "aes_ccm_8", "chacha20poly1305")
        n = (bits or {"3des": 192, "chacha20poly1305": 256}[encr]) // 8
        n += {"aes_gcm_16": 4, "aes_ccm_8": 3, "chacha20poly1305": 4}.get(encr, 0)
        rows.append([encr, bits, h, int(aead)] + v2(h, n, 0 if aead else hashlib.new(h).digest_size))
    table("vec_v2", "vec_v2", rows)
    sk = [sk_aead(f"aes_{m}_{t}", b) for m in ("gcm", "ccm") for t in (16, 12, 8)
          for b in (128, 192, 256)]
    sk.append(("chacha20poly1305", 0) + sk_aead("chacha20poly1305", 256)[2:])
    sk += [sk_cbc("aes", b, h) for b, h in ((128, "sha1"), (192, "sha384"), (256, "sha256"))]
    sk += [sk_cbc("aes", 256, "sha512"), sk_cbc("camellia", 256, "sha256"),
           sk_cbc("3des", 192, "md5")]
    table("vec_sk", "vec_sk", sk)
    for name, value in zip(("KEY", "AAD", "CLEAR", "BODY"), rfc7634()):
        print(f'#define VEC_7634_{name} "{value.hex()}"')
    print("\n#endif /* TESTUDOD_TEST_CRYPT_VECTORS_H */")


if __name__ == "__main__":
    main()
