#!/usr/bin/env python3
"""Runs the tests written in Python: `run.py [--only WORD] [--json FILE] FOLDER|FILE…`.

A test is a function test_…() in a file test_*.py; the first line of its docstring is its sentence. One that cannot
run here raises Skip(reason); under CI (CI=true) that is a failure, since there everything is at hand.
"""

import argparse
import importlib.util
import json
import os
import sys
import time
import traceback
from pathlib import Path

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS), str(TESTS / "system")]

from skip import Skip  # noqa: E402


def files_of(places):
    for place in map(Path, places):
        yield from sorted(place.glob("test_*.py")) if place.is_dir() else [place]


def tests_of(path):
    """[(sentence, function)], in the order of the file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    found = [f for name, f in vars(module).items() if name.startswith("test_") and callable(f) and f.__module__ == path.stem]
    return [((f.__doc__ or f.__name__).strip().splitlines()[0].rstrip("."), f) for f in found]


def explain(why):
    """What a failed assertion says, or the error, and the way there in our own files."""
    text = str(why) if isinstance(why, AssertionError) and str(why) else f"{type(why).__name__}: {why}"
    ours = [frame for frame in traceback.extract_tb(why.__traceback__) if frame.filename.startswith(str(TESTS))]
    return text + "".join(f"\nat {frame.filename}:{frame.lineno}  {frame.line}" for frame in ours[1:])


def run_one(sentence, test):
    """'passed', 'failed' or 'skipped'; tells it."""
    begin = time.monotonic()
    try:
        note = test()
    except Skip as why:
        if os.environ.get("CI") != "true":
            print(f"  skipped  {sentence}, because {why}", flush=True)
            return "skipped"
        print(f"  FAILED   {sentence}: CI skips nothing, but {why}", flush=True)
        return "failed"
    except KeyboardInterrupt:
        raise
    except BaseException as why:        # SystemExit of a helper is a failure too
        print(f"  FAILED   {sentence}", flush=True)
        print("".join(f"      {line}\n" for line in explain(why).splitlines()), end="", flush=True)
        return "failed"
    print(f"  ok       {sentence}{f': {note}' if note else ''} ({time.monotonic() - begin:.1f} s)", flush=True)
    return "passed"


def main(argv=None):
    parser = argparse.ArgumentParser(description="Run the tests written in Python.")
    parser.add_argument("places", nargs="+", metavar="FOLDER|FILE")
    parser.add_argument("--only", metavar="WORD", help="only tests whose name or sentence holds it")
    parser.add_argument("--json", metavar="FILE", help="write the totals there")
    args = parser.parse_args(argv)
    totals = {"passed": 0, "failed": 0, "skipped": 0}
    for path in files_of(args.places):
        print(path, flush=True)
        try:
            tests = tests_of(path)
        except Exception:
            tests = [("can be loaded", lambda trace=traceback.format_exc(): (_ for _ in ()).throw(AssertionError(trace)))]
        for sentence, test in tests:
            if not args.only or args.only in sentence or args.only in test.__name__:
                totals[run_one(sentence, test)] += 1
    print(f"{totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped", flush=True)
    if args.json:
        Path(args.json).write_text(json.dumps(totals))
    return 1 if totals["failed"] or not sum(totals.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
