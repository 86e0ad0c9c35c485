#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Do streams of TCP between two network namespaces arrive whole, and without a stall?

usage: bulk.py FROM TO ADDRESS BYTES [HOLD]

FROM and TO are namespaces, ADDRESS is TO's. BYTES go there and as many back, by one
connection. With HOLD, a name of files, it then makes HOLD.up, waits for HOLD.go,
and does the same again. Prints one line; fails when a byte is another, or when
none comes for $TEST_TIMEOUT seconds. Knows nothing of what is between the two.

What counts as standing still is that no byte comes to either end: who has filled
its buffer waits for an answer until the other one has emptied that.
"""
import ctypes
import mmap
import os
import socket
import struct
import sys
import time

TIMEOUT = float(os.environ.get("TEST_TIMEOUT", "30"))
CLONE_NEWNET = 0x40000000
SND_MSS, TOTAL_RETRANS, INFO = 16, 100, 104             # offsets in struct tcp_info
_libc = ctypes.CDLL(None, use_errno=True)


def enter(name):
    """Go there for good."""
    fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
    if _libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), f"namespace {name}")
    os.close(fd)


def new_socket(address):
    """A TCP socket of the address's family, where this process is now."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    sock.settimeout(TIMEOUT)
    return sock


class Progress:
    """When something came to one of the two processes at last."""

    def __init__(self):
        self.shared = mmap.mmap(-1, 8)
        self.step()

    def since(self):
        """Seconds since then."""
        return time.monotonic() - struct.unpack_from("=d", self.shared)[0]

    def step(self):
        """Something has come: seconds since the last time."""
        since = self.since()
        struct.pack_into("=d", self.shared, 0, time.monotonic())
        return since


class End:
    """One end of the connection, and what it saw; @block is what both repeat."""

    def __init__(self, sock, block, count, progress):
        self.sock, self.block, self.count, self.progress = sock, block, count, progress
        self.gap = 0

    def send(self):
        """As many bytes as were agreed, when the other end is ready."""
        self.sock.recv(1)
        sent = 0
        while sent < self.count:
            at = sent % len(self.block)
            sent += self.sock.send(self.block[at:at + self.count - sent])

    def receive(self):
        """The same from the other end; keeps the longest time without a byte."""
        have = 0
        self.sock.send(b"!")
        while have < self.count:
            try:
                got = self.sock.recv(min(1 << 18, self.count - have))
            except TimeoutError:
                if self.progress.since() < TIMEOUT:
                    continue
                got = b""
            if not got:
                sys.exit(f"stands still after {have} of {self.count} bytes")
            self.gap = max(self.gap, self.progress.step())
            at = have % len(self.block)
            want = self.block[at:at + len(got)]
            want += self.block[:len(got) - len(want)]
            if got != want:
                sys.exit(f"another byte at {have} to {have + len(got)}")
            have += len(got)

    def report(self):
        """(longest gap in ms, segment size, segments sent again)"""
        info = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, INFO)
        return (int(self.gap * 1000), *(struct.unpack_from("=I", info, at)[0] for at in (SND_MSS, TOTAL_RETRANS)))


def pause(hold, progress):
    """Say that we are here, and wait; that is no time of the connection's."""
    with open(f"{hold}.up", "w", encoding="ascii"):
        pass
    while not os.path.exists(f"{hold}.go"):
        time.sleep(0.02)
        progress.step()


def child(listener, make, rounds, out):
    """The end that answers."""
    end = make(listener.accept()[0])
    end.sock.settimeout(TIMEOUT)
    for _ in range(rounds):
        end.receive()
        end.send()
    # its own limit is what ends the other one
    end.sock.settimeout(None)
    end.sock.recv(1)
    os.write(out, struct.pack("=III", *end.report()))


def parent(end, rounds, hold):
    """The end that begins; what it saw."""
    end.progress.step()
    for number in range(rounds):
        if number:
            pause(hold, end.progress)
        end.send()
        end.receive()
    seen = end.report()
    end.sock.shutdown(socket.SHUT_WR)
    return seen


def main(source, target, address, count, hold=None):
    """Both ends, one in a child."""
    # what does not compress, and what does
    block = os.urandom(1 << 18) + os.urandom(1 << 17).hex().encode()
    count, rounds, progress = int(count), 2 if hold else 1, Progress()
    enter(target)
    listener = new_socket(address)
    listener.bind((address, 0))
    listener.listen()
    ours, theirs = os.pipe()
    pid = os.fork()
    if not pid:
        child(listener, lambda sock: End(sock, block, count, progress), rounds, theirs)
        return
    os.close(theirs)
    enter(source)
    sock = new_socket(address)
    failed = None
    try:
        sock.connect(listener.getsockname())
        there = parent(End(sock, block, count, progress), rounds, hold)
    except (OSError, SystemExit) as err:
        failed = str(err)
        sock.close()
    back = os.read(ours, 100)
    if os.waitpid(pid, 0)[1] or failed:
        sys.exit(f"{source} to {target}: {failed or 'the other end failed'}")
    for what, *seen in zip(("gap", "mss", "again"), there, struct.unpack("=III", back)):
        print(f"{what}={max(seen)}" if what == "gap" else f"{what}={seen[0]},{seen[1]}", end=" ")
    print(f"bytes={count}")


if __name__ == "__main__":
    main(*sys.argv[1:])
