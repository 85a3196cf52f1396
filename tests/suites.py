#!/usr/bin/env python3
"""Builds the variants and runs every suite: `suites.py [--quick] [--only WORD] [--list]`.

The last line is `N passed, N failed`: the total over all suites. A build is a test of its own: it passes without a warning.
"""

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORES = str(os.cpu_count() or 2)

SANITIZE = "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined"
VARIANTS = {
    "build": {},
    "build/gcc": {"CC": "gcc", "WERROR": "-Werror"},
    "build/clang": {"CC": "clang", "WERROR": "-Werror"},
    "build/asan": {"CC": "gcc", "WERROR": "-Werror", "CFLAGS": SANITIZE},
}
SANITIZED = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "LSAN_OPTIONS": f"suppressions={ROOT}/tests/leaks.txt:print_suppressions=0",
    "PATIENCE": "4",
    "SCALE": "0.2",     # a fifth of the events and of the kills
    "VENTURI_TEST_LOGS": "200",
}
VALGRIND = ("valgrind", "-q", f"--suppressions={ROOT}/tests/valgrind.supp", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible")


class Totals:
    def __init__(self):
        self.passed = self.failed = 0
        self.built = set()

    def build(self, folder):
        """A variant is built when first needed, and counts as one test."""
        if folder not in self.built:
            self.built.add(folder)
            clean = build(folder)
            self.add(clean, not clean)

    def add(self, passed, failed):
        self.passed += passed
        self.failed += failed


def say(verdict, what, begin, note="", end=None):
    print(f"  {verdict:8} {what}{f': {note}' if note else ''} ({(end or time.monotonic()) - begin:.1f} s)", flush=True)


def indented(text, lines=60):
    kept = text.splitlines()[-lines:]
    print("".join(f"      {line}\n" for line in kept), end="", flush=True)


def run(argv, environment=None, seconds=900):
    """(exit status, what it printed)"""
    try:
        done = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=seconds, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as late:
        return -1, (late.stdout or b"").decode(errors="replace") + f"\nnot done within {seconds} s"
    return done.returncode, done.stdout.decode(errors="replace")


# ---- the kinds of suites

def build(folder):
    begin = time.monotonic()
    settings = [f"{name}={value}" for name, value in VARIANTS[folder].items()]
    status, told = run(["make", "-s", f"-j{CORES}", f"BUILD={folder}", *settings, "all", "objects", "tools", "unit-programs"])
    clean = status == 0 and "warning:" not in told
    say("ok" if clean else "FAILED", f"{folder} builds without a warning", begin)
    if not clean:
        indented(told)
    return clean


def cmocka_counts(told, status):
    """(passed, failed) of one program. One that died, or ran nothing, has failed."""
    passed = sum(int(n) for n in re.findall(r"\[  PASSED  \] (\d+) test", told))
    failed = sum(int(n) for n in re.findall(r"\[  FAILED  \] (\d+) test", told))
    if (status != 0 or "test(s) run" not in told) and not failed:
        failed = 1
    return passed, failed


# These begin, so that none is left alone at the end.
SLOW = ("test_kafka", "test_keeper", "test_properties", "test_publisher")


def unit(folder, environment=None, wrapper=()):
    """The unit programs, as many at a time as there are cores."""
    def one(name):
        begin = time.monotonic()
        status, told = run([*wrapper, str(ROOT / folder / "tests/unit" / name)], environment)
        return name, cmocka_counts(told, status), told, begin, time.monotonic()

    def suite(totals):
        totals.build(folder)
        wanted = sorted((path.stem for path in (ROOT / "tests/unit").glob("test_*.c")), key=lambda name: (name not in SLOW, name))
        built = [name for name in wanted if (ROOT / folder / "tests/unit" / name).exists()]
        with concurrent.futures.ThreadPoolExecutor(int(CORES)) as pool:
            for name, (passed, failed), told, begin, end in pool.map(one, built):
                totals.add(passed, failed)
                say("FAILED" if failed else "ok", name, begin, f"{passed} tests" + (f", {failed} failed" if failed else ""), end)
                if failed:
                    indented("\n".join(line for line in told.splitlines() if not re.match(r"\[ (RUN|      OK) ", line)))
        if built != wanted:
            totals.add(0, 1)
            print(f"  FAILED   not built: {', '.join(sorted({*wanted} - {*built}))}", flush=True)
    return suite


def python(folder, *places, environment=None):
    """The runner prints its own lines; only its totals are read back."""
    def suite(totals):
        totals.build(folder)
        with tempfile.NamedTemporaryFile(suffix=".json") as report:
            argv = [sys.executable, "tests/run.py", "--json", report.name, *places]
            done = subprocess.run(argv, cwd=ROOT, check=False, stdin=subprocess.DEVNULL,
                                  env={**os.environ, **(environment or {}), "BUILD": folder})
            try:
                counts = json.loads(Path(report.name).read_text())
            except ValueError:
                counts = {"passed": 0, "failed": 1}
            if done.returncode and not counts["failed"]:
                counts["failed"] = 1
            totals.add(counts["passed"], counts["failed"])
    return suite


GOLDEN = "tests/system/test_golden.py"
COMMANDS = ("tests/system/test_replay.py", "tests/system/test_check_events.py", "tests/system/test_show.py")
OFFLINE = (GOLDEN, "tests/system/test_properties.py", *COMMANDS)       # neither Kafka nor a daemon


def system_tests():
    found = (str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests/system").glob("test_*.py")))
    return [path for path in found if path not in OFFLINE]


QUICK = {
    "the house": python("build", "tests/house"),
    "unit tests": unit("build", {"VENTURI_TEST_LOGS": "200"}),
    "the command line": python("build", GOLDEN, *COMMANDS),
}

FULL = {
    "the house": python("build", "tests/house"),
    "unit tests, gcc": unit("build/gcc"),
    "unit tests, clang": unit("build/clang", {"VENTURI_TEST_LOGS": "200"}),
    "unit tests under ASan and UBSan": unit("build/asan", SANITIZED),
    "unit tests under valgrind": unit("build/gcc", {"PATIENCE": "10", "VENTURI_TEST_LOGS": "10"}, VALGRIND),
    "the oracle": python("build", "tests/oracle"),
    "the command line": python("build", *OFFLINE),
    "the system": python("build", *system_tests()),
    "the command line under ASan and UBSan": python("build/asan", *OFFLINE, environment=SANITIZED),
    "the system under ASan and UBSan": python("build/asan", *system_tests(), environment=SANITIZED),
}


def main(argv=None):
    parser = argparse.ArgumentParser(description="Run all suites.")
    parser.add_argument("--quick", action="store_true", help="the part that takes about a minute")
    parser.add_argument("--only", metavar="WORD", help="only suites whose name holds it")
    parser.add_argument("--list", action="store_true", help="name the suites")
    args = parser.parse_args(argv)
    suites = QUICK if args.quick else FULL
    chosen = {name: suite for name, suite in suites.items() if not args.only or args.only in name}
    if args.list:
        print("\n".join(chosen))
        return 0
    totals, begin = Totals(), time.monotonic()
    for name, suite in chosen.items():
        print(f"== {name}", flush=True)
        suite(totals)
    print(f"== {(time.monotonic() - begin) / 60:.1f} minutes", flush=True)
    print(f"{totals.passed} passed, {totals.failed} failed", flush=True)
    return 1 if totals.failed or not totals.passed else 0


if __name__ == "__main__":
    sys.exit(main())
