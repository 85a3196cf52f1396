#!/usr/bin/env python3
"""Does the program agree with the oracle on logs that nobody has seen before?

    crosscheck.py [--venturi build/venturi] [--seeds 1-20] [--events 2000] [--orders] [-- options of compare.py]

For each seed: generate a configuration and a log, fold it with both, compare every field; with and without record
timestamps. --orders: also the lines shuffled, and told twice, where all but the counts of the traffic must stay.
What differs is kept, and its place is printed. Exit status: 0 all agree, 1 not, 2 where nothing could be compared.
"""

import argparse
import pathlib
import random
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ORACLE, COMPARE, GENERATE = HERE / "oracle.py", HERE / "compare.py", HERE.parent / "sim" / "generate.py"


def run(command, out=None):
    command = [str(part) for part in command]
    if out is None:
        subprocess.run(command, check=True)
    else:
        with open(out, "wb") as file:
            subprocess.run(command, stdout=file, check=True)


def variants(log, orders, seed):
    """(name, file) of the log, and of the same set told in other ways."""
    yield "as told", log
    if not orders:
        return
    lines = log.read_bytes().split(b"\n")[:-1]
    dice = random.Random(seed)
    for name, told in (("shuffled", dice.sample(lines, len(lines))), ("backwards", lines[::-1]),
                       ("twice", lines + dice.sample(lines, len(lines)))):
        path = log.with_name(f"{log.stem}-{name}{log.suffix}")
        path.write_bytes(b"\n".join(told) + b"\n")
        yield name, path


def check(args, seed, records, folder, options):
    """-> whether all that was compared agrees."""
    conf, log = folder / f"{seed}.conf", folder / f"{seed}.{'tsv' if records else 'jsonl'}"
    flag = ["--records"] if records else []
    run([sys.executable, GENERATE, "--seed", seed, "--events", args.events, "--days", args.days, "--config-out", conf,
         "--out", log, *flag])
    want, got = log.with_suffix(".want.json"), log.with_suffix(".got.json")
    run([sys.executable, ORACLE, "-c", conf, *flag, log], want)
    agree = True
    for name, path in variants(log, args.orders, seed):
        run([args.venturi, "replay", "-c", conf, "--format", "json", *flag, path], got)
        traffic = [] if name == "as told" else ["--no-rejected"]
        result = subprocess.run([sys.executable, str(COMPARE), str(got), str(want), *traffic, *options],
                                stdout=subprocess.PIPE, text=True)
        lines = result.stdout.rstrip().split("\n")
        print(f"seed {seed} {'records' if records else 'events'}, {name}: {lines[-1]}", flush=True)
        if result.returncode:
            agree = False
            print("\n".join("    " + line for line in lines[:-1]))
    return agree


def main(argv):
    argv, options = (argv[:argv.index("--")], argv[argv.index("--") + 1:]) if "--" in argv else (argv, [])
    parser = argparse.ArgumentParser(description="Compare the program with the oracle on generated logs.")
    parser.add_argument("--venturi", default="build/venturi", help="the program under test")
    parser.add_argument("--seeds", default="1-5", metavar="A-B")
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--orders", action="store_true", help="also shuffled, backwards and told twice")
    args = parser.parse_args(argv)
    first, _, last = args.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="crosscheck-"))
    results = []
    for seed in seeds:
        for records in (False, True):
            try:
                results.append(check(args, seed, records, folder, options))
            except (OSError, subprocess.CalledProcessError) as why:
                print(f"seed {seed}: {why}", file=sys.stderr)
                results.append(False)
    print(f"{sum(results)} of {len(results)} agree; files in {folder}")
    return 2 if not results else 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
