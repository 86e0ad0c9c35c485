# SPDX-License-Identifier: GPL-2.0
"""Published ESP packets and MACs, the only fixed keys in the tests.

Owns the numbers of RFC 3566, 3602, 4493, 7634 and draft-mcgrew-gcm-test-01, and
the sizes that peers' test suites assert. Judges nothing.
"""
import esp
import packet

XCBC = [(0, "75f0251d528ac01c4573dfd584d79f29"), (3, "5b376580ae2f19afe7219ceef172756f"),
        (16, "d2a246fa349b68a79998a4394ff7a263"), (20, "47f51b4564966215b8985c63055ed308")]

CMAC_TEXT = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                          "30c81c46a35ce411")
CMAC = [(0, "bb1d6929e95937287fa37d129b756746"), (16, "070a16b46b4d4144f79bdd9dd04a287c"),
        (40, "dfa66747de9ae63030ca32611497c827")]

# ESP length around a 148-byte inner packet: (cipher, hash, bytes).
LENGTHS = [("aes128", "xcbc", 180 + 16), ("aes192", "sha384", 208), ("aes256", "sha512", 216),
           ("gcm16_128", "none", 184), ("chacha", "none", 184), ("3des", "sha1", 180),
           ("ctr128", "sha256", 184), ("null", "sha256", 176)]

# Inner MTU: (cipher, hash, link, outer header, bytes).
MTUS = [("gcm16_128", "none", 1500, 20, 1446), ("gcm16_128", "none", 1500, 40, 1426),
        ("aes128", "sha1", 1500, 20, 1438), ("aes128", "sha256", 1500, 40, 1406),
        ("aes128", "sha384", 1500, 20, 1422), ("aes128", "sha512", 1280, 40, 1182),
        ("3des", "sha1", 1500, 40, 1430), ("null", "sha256", 1300, 20, 1254)]

RFC7634 = bytes.fromhex(
    "4500008c234500004032de5bcb007199cb0071050102030400000005101112131415161724039428b97f417e3c13753a"
    "4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2fac"
    "c638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e076aaa8266b7fb0f7b11b369907e1ad43")

RFC3602_5 = bytes.fromhex(
    "4500007c08f200004032f9a5c0a87b03c0a87b64" "0000432100000001" "e96e8c08ab465763fd098d45dd3ff893"
    "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856a4699e523a55db080b59ec3a8e4b7e52"
    "775b07d1db34ed9c538ab50c551b874aa269add047ad2d5913ac19b7cfbad4a6")

RFC3602_7 = bytes.fromhex(
    "4500008c090500004032f91ec0a87b03c0a87bc8" "0000876500000002" "f4e765244f6407adf13dc1380f673f37"
    "773b5241a4c449225e4f3ce5ed611b0c237ca96cf74a93013c1b0ea1a0cf70f8e4ecaec78ac53aad7a0f022b859243c6"
    "47752e94a859352b8a4d4d2decd136e5c177f132ad3fbfb2201ac9904c74ee0a109e0ca1e4dfe9d5a100b842f1c22f0d")


def whole_packets():
    """(name, SA, IPv4 packet, next header) of each complete packet in an RFC."""
    chacha = bytes(range(0x80, 0xA0)) + bytes.fromhex("a0a1a2a3")
    return [
        ("rfc7634_a", esp.Sa(0x01020304, "chacha", ekey=chacha), RFC7634, packet.IPIP),
        ("rfc3602_5", esp.Sa(0x4321, "aes128", ekey=bytes.fromhex("90d382b410eeba7ad938c46cec1a82bf")),
         RFC3602_5, packet.ICMP),
        ("rfc3602_7", esp.Sa(0x8765, "aes128", ekey=bytes.fromhex("0123456789abcdef0123456789abcdef")),
         RFC3602_7, packet.IPIP),
    ]


# name, key, salt, IV, SPI and sequence number as on the AAD, plaintext, ciphertext and ICV
_GCM = [
    ("gcm_128_esn", "4c80cdefbb5d10da906ac73c3613a634", "2e443b68", "4956ed7e3b244cfe",
     "000043218765432100000000",
     "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f7564700373"
     "69700963796265726369747902646b000021000101020201",
     "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1f4a13c5d"
     "15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732459018148f6cbe722fd04796562dfdb4"),
    ("gcm_128", "feffe9928665731c6d6a8f9467308308", "cafebabe", "facedbaddecaf888",
     "0000a5f80000000a",
     "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d0010000010000000000000373697009637962"
     "65726369747902646b00000100010001",
     "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c3de81827c10e9a4f51330d0eec416642"
     "cfbb85a5b47e48a4ec3b9ba95d918bd183b70d3aa8bc6ee4c309e9d85a41ad4a"),
    ("gcm_256", "abbccddef00112233445566778899aababbccddef00112233445566778899aab", "11223344",
     "0102030405060708", "4a2cbfe300000002",
     "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b401010402"
     "01020201",
     "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99d"
     "ef842d8eb335f4eecfdbf831824b4c4915956c96"),
    ("gcm_192", "feffe9928665731c6d6a8f9467308308feffe9928665731c", "cafebabe", "facedbaddecaf888",
     "0000a5f80000000a",
     "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001",
     "a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc7795457b9652037f53"
     "18027b5b4cd7a636"),
    ("gcm_256_esn", "6c6567616c697a656d6172696a75616e61616e64646f69746265666f72656961", "7475726e",
     "333021696765746d", "796b6963ffffffffffffffff",
     "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f7071727374"
     "01020201",
     "f97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39b49c3a864cd3d78ca4ae68a32b42458fb57dbe82"
     "1dcc63b9d0937ba2945f669368661a329fb4c053"),
]


def gcm():
    """(name, SA, 64-bit sequence number, IV, plaintext with trailer, ciphertext with ICV)."""
    for name, key, salt, iv, aad, plain, sealed in _GCM:
        raw = bytes.fromhex(aad)
        sa = esp.Sa(int.from_bytes(raw[:4], "big"), f"gcm16_{len(key) * 4}", esn=len(raw) == 12,
                    ekey=bytes.fromhex(key + salt))
        yield (name, sa, int.from_bytes(raw[4:], "big"), bytes.fromhex(iv), bytes.fromhex(plain),
               bytes.fromhex(sealed))
