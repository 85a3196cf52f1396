"""The oracle agrees with the worked examples, the generator repeats itself, and the comparer can say no."""

import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "data" / "golden"
GENERATE = HERE.parent / "sim" / "generate.py"
sys.path[:0] = [str(HERE)]

import compare  # noqa: E402


def run(*argv, hash_seed="0"):
    done = subprocess.run([sys.executable, *map(str, argv)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          env={**os.environ, "PYTHONHASHSEED": hash_seed})
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def oracle(case, log, *more):
    at = (case / "at.txt").read_text().strip() if (case / "at.txt").exists() else ""
    out = run(HERE / "oracle.py", "-c", case / "venturid.conf", *(["--at", at] if at else []), *more, log)
    return compare.flatten(json.loads(out))


def expected(path):
    with gzip.open(path, "rt") if path.suffix == ".gz" else open(path, encoding="utf-8") as file:
        return compare.flatten(json.load(file))


def must_agree(got, want, what, subset=False):
    compared = 0
    for field in want if subset else {*got, *want}:
        nothing = 0 if field[1] == "rejected" else compare.ABSENT
        a, b = got.get(field, nothing), want.get(field, nothing)
        assert a is not compare.ABSENT and b is not compare.ABSENT and compare.agree(field[2], a, b), (
            f"{what}: {field}: got {a}, want {b}")
        compared += 1
    assert compared, f"{what}: nothing compared"
    return compared


def cases(kind):
    found = sorted(path.parent for path in (GOLDEN / kind).glob("*/venturid.conf"))
    assert found, f"no cases in {GOLDEN / kind}"
    return found


def generate(folder, seed, events, *more, hash_seed="0"):
    run(GENERATE, "--seed", seed, "--events", events, "--config-out", folder / "venturid.conf", "--out", folder / "log",
        *more, hash_seed=hash_seed)
    return (folder / "venturid.conf").read_bytes(), (folder / "log").read_bytes()


def test_hand():
    """The oracle gives what each hand-worked case expects, in all parts of the contract"""
    return f"{sum(must_agree(oracle(c, c / 'events.jsonl'), expected(c / 'expected.json'), c.name, True) for c in cases('hand'))} fields"


def test_logs():
    """The oracle gives every field of every expected log, with and without the records' own timestamps"""
    compared = 0
    for case in cases("logs"):
        compared += must_agree(oracle(case, case / "events.jsonl"), expected(case / "expected.json.gz"), case.name)
        compared += must_agree(oracle(case, case / "records.tsv", "--records"),
                               expected(case / "expected-records.json.gz"), case.name)
    return f"{compared} fields"


def test_order():
    """The oracle's numbers depend neither on the order of the lines nor on how often they are told"""
    compared = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed in (31, 32):
            _, log = generate(folder, seed, 1200)
            want = oracle(folder, folder / "log")
            lines = log.splitlines(keepends=True)
            told = random.Random(seed).sample(lines * 2, 2 * len(lines))
            (folder / "log").write_bytes(b"".join(told))
            got = oracle(folder, folder / "log")
            traffic = lambda fields: {field: value for field, value in fields.items() if field[1] != "rejected"}
            compared += must_agree(traffic(got), traffic(want), f"seed {seed}")
    return f"{compared} fields"


def test_seeds():
    """The generator says the same for one seed, whatever the hash seed, and something else for another"""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = generate(folder, 5, 500, "--records", hash_seed="1")
        assert first == generate(folder, 5, 500, "--records", hash_seed="2")
        assert first != generate(folder, 6, 500, "--records")
        demo = generate(folder, 5, 1000, "--demo", hash_seed="1")
        assert demo == generate(folder, 5, 1000, "--demo", hash_seed="2")


def test_comparer():
    """The comparer tells equal, different, and nothing compared apart"""
    def status(got, want, *more):
        with tempfile.TemporaryDirectory() as name:
            paths = [Path(name) / "got", Path(name) / "want"]
            for path, text in zip(paths, (got, want)):
                path.write_text(text)
            return subprocess.run([sys.executable, str(HERE / "compare.py"), *map(str, paths), *more], check=False,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode

    def result(value, metric="lead_time_p50_seconds"):
        return json.dumps({"now_ms": 1, "scopes": {"acme": {"7d": {metric: value}}}})

    assert status(result(100.9), result(100)) == 0 and status(result(101.1), result(100)) == 1
    assert status(result(3, "reopens_count"), result(3, "reopens_count")) == 0
    assert status(result(4, "reopens_count"), result(3, "reopens_count")) == 1
    assert status(result(None), result(None)) == 0 and status(result(0), result(None)) == 1
    assert status(result("nan"), result(None)) == 0
    assert status('{"now_ms": 1}', result(1)) == 1 and status(result(1), '{"now_ms": 1}', "--subset") == 0
    assert status(result(1), result(1), "--only", "no such metric") == 2 and status("", result(1)) == 2
