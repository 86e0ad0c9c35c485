#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The wire peer for scripts: opens captured ESP with given keys, without any kernel's help.

    wirepeer.py pcap FILE --sa SPI:CIPHER:KEY[:HASH:KEY][:esn] ... [--mark TEXT] [--only]

Owns the command line and the reading of capture files; esp.py opens, packet.py
parses. Cipher and hash names are those of algs.tbl, keys are hex. Prints one
line for each SA; the exit status is 1 when a packet does not open, a sequence
number comes twice, the mark is missing inside or visible outside, or (--only)
anything but ESP and neighbour discovery is in the file.
"""
import argparse
import struct
import sys

import esp
import packet


def frames(path):
    """Ethernet frames of a pcap file."""
    with open(path, "rb") as f:
        magic = f.read(24)[:4]
        order = "<" if magic in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
        while len(head := f.read(16)) == 16:
            yield f.read(struct.unpack(order + "IIII", head)[2])


def parse_sa(text):
    """SPI:CIPHER:KEY[:HASH:KEY][:esn] to an esp.Sa."""
    words = text.split(":")
    extended = words[-1] == "esn"
    spi, enc, ekey, auth, akey = (words[:-1] if extended else words)[:5] + ["none", ""][len(words) - extended - 3 :]
    return esp.Sa(int(spi, 0), enc, auth, ekey=bytes.fromhex(ekey), akey=bytes.fromhex(akey), esn=extended)


class Reader:
    """Takes frames, keeps what it found out about each SA."""

    def __init__(self, sas, mark):
        self.sas = {sa.spi: sa for sa in sas}
        self.seqs = {sa.spi: [] for sa in sas}
        self.mark = mark.encode() if mark else None
        self.seen_inside, self.clear, self.faults = False, 0, []
        self.whole = packet.Reassembler()

    def frame(self, raw):
        """One frame."""
        if self.mark and self.mark in raw:
            self.faults.append("the mark is visible on the wire")
        kind = struct.unpack_from("!H", raw, 12)[0]
        pkt = packet.parse(raw[14:]) if kind in (packet.ETH_IP, packet.ETH_IP6) else None
        if pkt is None or pkt.proto in (packet.ICMP6, packet.HBH) and pkt.ver == 6:
            return
        pkt = self.whole.feed(pkt)
        if pkt is None:
            return
        if pkt.proto != packet.ESP:
            self.clear += 1
            return
        self._open(pkt)

    def _open(self, pkt):
        spi, seq = struct.unpack_from("!II", pkt.payload)
        sa = self.sas.get(spi)
        if sa is None:
            self.faults.append(f"SPI {spi:#x} is of no SA")
            return
        try:
            out = sa.open(pkt.payload)
        except esp.BadPacket as err:
            self.faults.append(f"SPI {spi:#x} seq {seq}: {err}")
            return
        self.seen_inside |= bool(self.mark) and self.mark in out.payload
        self.seqs[spi].append(seq)

    def report(self, only):
        """Print what was found; the list of faults."""
        for spi, seqs in self.seqs.items():
            if len(set(seqs)) != len(seqs):
                self.faults.append(f"SPI {spi:#x}: a sequence number came twice")
            span = f", sequence {min(seqs)} to {max(seqs)}" if seqs else ""
            print(f"SPI {spi:#010x} {self.sas[spi].enc}: {len(seqs)} packets opened{span}")
        if self.mark and not self.seen_inside:
            self.faults.append("the mark is in no packet")
        if only and self.clear:
            self.faults.append(f"{self.clear} packets are not ESP")
        return self.faults


def main():
    """Command line."""
    top = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    sub = top.add_subparsers(dest="command", required=True)
    pcap = sub.add_parser("pcap", help="open the ESP packets of a capture file")
    pcap.add_argument("file")
    pcap.add_argument("--sa", action="append", type=parse_sa, required=True, metavar="SPI:CIPHER:KEY[:HASH:KEY][:esn]")
    pcap.add_argument("--mark", help="text that must be inside and never outside")
    pcap.add_argument("--only", action="store_true", help="nothing but ESP may be in the file")
    args = top.parse_args()
    reader = Reader(args.sa, args.mark)
    for raw in frames(args.file):
        reader.frame(raw)
    faults = reader.report(args.only)
    for fault in faults[:5]:
        print(fault, file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
