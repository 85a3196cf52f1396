"""`venturi replay` against worked examples; any order and any repetition of the lines gives the same numbers."""

import gzip
import json
import random
import tempfile
from pathlib import Path

from fields import differences, exactly, fields_of, must_agree
from process import ROOT
from venturid import replay

GOLDEN = ROOT / "tests" / "data" / "golden"
SEED = 20260302


def cases(kind):
    found = sorted(path.parent for path in (GOLDEN / kind).glob("*/venturid.conf"))
    assert found, f"no cases in {GOLDEN / kind}"
    return found


def at(case):
    return (case / "at.txt").read_text().strip()


def expected(path):
    with gzip.open(path, "rt") if path.suffix == ".gz" else open(path, encoding="utf-8") as file:
        return json.load(file)


def test_hand():
    """Each hand-worked case gives the numbers that its arithmetic gives"""
    compared, faults, without = 0, [], []
    for case in cases("hand"):
        want = fields_of(expected(case / "expected.json"))
        if set(want) == {("", "", "now_ms")}:
            without.append(case.name)
        got = fields_of(replay(case / "venturid.conf", case / "events.jsonl", at=at(case)))
        count, told = differences(got, want, subset=True)
        compared += count
        faults += [f"{case.name}: {line}" for line in told]
    assert not faults, f"{len(faults)} of {compared} fields differ\n" + "\n".join(faults[:40])
    return f"{compared} fields of {len(cases('hand'))} cases" + (f" ({len(without)} are about later metrics)" if without else "")


def test_logs():
    """Each generated log gives the expected value of every field"""
    compared = 0
    for case in cases("logs"):
        want = fields_of(expected(case / "expected.json.gz"))
        compared += must_agree(fields_of(replay(case / "venturid.conf", case / "events.jsonl", at=at(case))), want, case.name)
    return f"{compared} fields"


def test_records():
    """With the records' own timestamps, the future and the too late are left out"""
    compared = 0
    for case in cases("logs"):
        want = fields_of(expected(case / "expected-records.json.gz"))
        assert want["", "rejected", "future_count"] and want["", "rejected", "too_late_count"]
        got = fields_of(replay(case / "venturid.conf", case / "records.tsv", at=at(case), records=True))
        compared += must_agree(got, want, case.name)
    return f"{compared} fields"


def changed_log(case, change):
    lines = (case / "events.jsonl").read_bytes().splitlines()
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(b"".join(line + b"\n" for line in change(lines)))
        file.flush()
        return fields_of(replay(case / "venturid.conf", file.name, at=at(case)), rejected=False)


def survive(change, what):
    """Every case, exactly as it was but for the counts of the traffic."""
    compared = 0
    for case in cases("hand") + cases("logs"):
        before = fields_of(replay(case / "venturid.conf", case / "events.jsonl", at=at(case)), rejected=False)
        compared += must_agree(changed_log(case, change), before, f"{case.name}, {what}", same=exactly)
    return f"{compared} fields, seed {SEED}"


def test_any_order():
    """Lines in any order give the same numbers, to the last digit"""
    dice = random.Random(SEED)
    return survive(lambda lines: dice.sample(lines, len(lines)), "permuted")


def test_told_twice():
    """Lines told twice give the same numbers, to the last digit"""
    dice = random.Random(SEED + 1)
    return survive(lambda lines: dice.sample(lines * 2, len(lines) * 2), "told twice")
