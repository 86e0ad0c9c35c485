# SPDX-License-Identifier: GPL-2.0
"""KTAP output and the running of cases, for the tests written in Python.

Owns what a result line looks like, the kernel log gate and the choice of cases
by command line. Knows nothing of packets.
"""
import os
import re
import sys
import traceback

SKIP_EXIT = 4
KERNEL_COMPLAINTS = re.compile(
    r"BUG:|WARNING:|KASAN|UBSAN|KCSAN|possible circular|inconsistent lock|refcount_t|suspicious RCU|"
    r"rcu_.*stall|unregister_netdevice: waiting|general protection|Oops|kernel panic|scheduling while atomic")


class Fail(Exception):
    """The case failed; the text is the reason."""


class Skip(Exception):
    """The case can not be run here; the text is the reason."""


def check(ok, why):
    """Fail the case with @why unless @ok."""
    if not ok:
        raise Fail(why)


def equal(got, want, what):
    """Fail unless @got is @want."""
    if got != want:
        raise Fail(f"{what}: expected {want!r}, saw {got!r}")


class KernelLog:
    """What the kernel said since this was made."""

    def __init__(self):
        try:
            self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
            os.lseek(self.fd, 0, os.SEEK_END)
        except OSError:
            self.fd = None

    def complaints(self):
        """Lines since the last call that no healthy kernel prints."""
        out = []
        while self.fd is not None:
            try:
                line = os.read(self.fd, 8192).decode(errors="replace")
            except BlockingIOError:
                break
            except BrokenPipeError:
                continue
            text = line.split(";", 1)[-1].split("\n")[0]
            if KERNEL_COMPLAINTS.search(text):
                out.append(text)
        return out


class Suite:
    """A list of cases that share one laboratory."""

    def __init__(self, doc):
        self.doc = doc.strip().split("\n")[0]
        self.cases = []

    def case(self, name, *args):
        """Decorator: run the function as case @name; the same function may serve several names."""
        def take(func):
            self.cases.append((name, func, args))
            return func
        return take

    def add(self, name, func, *args):
        """Add one case."""
        self.cases.append((name, func, args))

    def run(self, make):
        """Run the cases that match the command line's pattern; exits.

        @make: returns the laboratory, with reset() and close().
        """
        pattern = re.compile(sys.argv[1] if len(sys.argv) > 1 else "")
        chosen = [c for c in self.cases if pattern.search(c[0])]
        print(f"KTAP version 1\n1..{len(chosen)}\n# {self.doc}", flush=True)
        log = KernelLog()
        try:
            lab = make()
        except Skip as err:
            print(f"# SKIP all: {err}")
            sys.exit(SKIP_EXIT)
        bad = skipped = 0
        try:
            for number, (name, func, args) in enumerate(chosen, 1):
                verdict = self._one(lab, log, func, args)
                bad += verdict.startswith("FAIL")
                skipped += verdict.startswith("SKIP")
                self._print(number, name, verdict)
        finally:
            lab.close()
        print(f"# pass:{len(chosen) - bad - skipped} fail:{bad} skip:{skipped}")
        sys.exit(1 if bad else SKIP_EXIT if chosen and skipped == len(chosen) else 0)

    @staticmethod
    def _one(lab, log, func, args):
        verdict = ""
        try:
            lab.reset()
            func(lab, *args)
        except Skip as err:
            verdict = f"SKIP {err}"
        except Fail as err:
            verdict = f"FAIL {err}"
        except Exception as err:            # a test that breaks is a failed one, and the next shall run
            where = traceback.extract_tb(err.__traceback__)
            here = [f"{os.path.basename(f.filename)}:{f.lineno}" for f in where][-3:]
            verdict = f"FAIL {type(err).__name__}: {err} at {' < '.join(reversed(here))}"
        said = log.complaints()
        if said:
            verdict = f"FAIL kernel log: {said[0]} {verdict}"
        return verdict

    @staticmethod
    def _print(number, name, verdict):
        if verdict.startswith("FAIL"):
            print(f"not ok {number} - {name}")
            print("# " + verdict[5:].replace("\n", "\n# "), flush=True)
        elif verdict:
            print(f"ok {number} - {name} # {verdict}", flush=True)
        else:
            print(f"ok {number} - {name}", flush=True)
