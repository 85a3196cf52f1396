"""`venturi check-events`: what each line became, or why not."""

import gzip
import json
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from process import ROOT
from venturid import VENTURI

GOLDEN = ROOT / "tests" / "data" / "golden"
GOOD = ('{"venturi":1,"id":"e1","source":"tracker","kind":"item.state","time":"2026-03-02T09:30:00Z","item":"CLM-17",'
        '"to":"In Progress","value_points":2.5,"labels":["a","b"]}')
UPDATED = ('{"context":{"version":"0.4.1","id":"b","source":"t","timestamp":"2026-03-02T00:00:00Z",'
           '"type":"dev.cdevents.ticket.updated.0.2.0"},"subject":{"id":"X \\"1\\"","source":"s","content":{}},'
           '"customData":{"status":"Doing","product":"p\\n"}}')


def check(*arguments, given=b""):
    return subprocess.run([VENTURI, "check-events", *arguments], input=given, capture_output=True, timeout=60)


def lines_of(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_json():
    """The JSON form tells facts by native names, times in ms, numbers as numbers"""
    result = check("--format", "json", given=f"{GOOD}\n\n{UPDATED}\n{{\n".encode())
    assert result.returncode == 1, result
    good, updated, broken = lines_of(result)
    assert good == {"line": 1, "facts": [{
        "kind": "item.state", "time": 1772443800000, "source": "tracker", "id": "e1", "subject_source": "tracker",
        "item": "CLM-17", "to": "In Progress", "value_points": 2.5, "labels": ["a", "b"]}]}, good
    assert updated["line"] == 3 and [fact["kind"] for fact in updated["facts"]] == ["item.state", "item.typed", "item.moved"]
    assert all(fact["item"] == 'X "1"' and fact["product"] == "p\n" for fact in updated["facts"]), updated
    assert broken["line"] == 4 and broken["rejected"] == "malformed" and broken["why"], broken


def test_numbers():
    """Numbers, flags, lists, periods and sequences come out as they went in"""
    facts = [
        {"kind": "cost.recorded", "amount": -0.000001, "currency": "EUR", "period": "2026-Q1"},
        {"kind": "risk.assessed", "risk": "r", "probability": 0.123457, "impact": 1000000000000},
        {"kind": "deploy.done", "service": "api", "changes": [], "unplanned": False, "labels": ["ü\u0001"]},
        {"kind": "change.merged", "change": "1", "first_commit_time": 5, "sequence": "42"},
        {"kind": "release.published", "product": "p", "version": "1"},
    ]
    given = ""
    for fact in facts:
        data = {"venturi": 1, "id": "i", "source": "s", "time": 7} | fact
        sequence = data.pop("sequence", None)
        given += json.dumps({"specversion": "1.0", "sequence": sequence, "data": data}) + "\n"
    result = check("--format=json", "-", given=given.encode())
    assert result.returncode == 0, result
    expected = [{"id": "i", "source": "s", "subject_source": "s", "time": 7} | fact for fact in facts]
    assert [line["facts"] for line in lines_of(result)] == [[fact] for fact in expected]


def test_text():
    """The text form names file and line, for each fact and each rejection"""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        path.write_text(f"{GOOD}\nnonsense\n")
        result = check(path)
    first, second = result.stdout.decode().splitlines()
    assert result.returncode == 1
    assert first.startswith(f"{path}:1: item.state item=CLM-17 time=2026-03-02T09:30:00.000Z "), first
    assert 'to="In Progress"' in first and 'labels=["a","b"]' in first and "value_points=2.5" in first, first
    assert second.startswith(f"{path}:2: rejected malformed: "), second


def test_long_lines():
    """A line of any length is judged, and the next one is read"""
    most = 1 << 20
    sizes = [most, most + 1, most + 2, most + (1 << 16), 3 * most + 7]
    given = b""
    for size in sizes:
        head, tail = GOOD[:-1] + ',"x":"', '"}'
        given += (head + "x" * (size - len(head) - len(tail)) + tail).encode() + b"\n" + GOOD.encode() + b"\n"
    result = check("--format", "json", given=given + b"y" * (2 * most))
    reasons = [line.get("rejected") for line in lines_of(result)]
    assert reasons == [None, None] + ["too_large", None] * 4 + ["too_large"], reasons


def test_size():
    """The configuration says how long an event may be"""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
        conf.write('max_event_size = "100B"\n')
        conf.flush()
        short = check("-c", conf.name, "--format", "json", given=GOOD.encode())
        assert [line["rejected"] for line in lines_of(short)] == ["too_large"], short
        conf.write("max_event_size = soon\n")
        conf.flush()
        assert check("-c", conf.name).returncode == 78


def test_last_line():
    """A last line without its newline counts, and no line at all is no error"""
    result = check("--format", "json", given=GOOD.encode())
    assert result.returncode == 0 and len(lines_of(result)) == 1
    result = check(given=b"")
    assert (result.returncode, result.stdout) == (0, b"")


def test_errors():
    """Wrong arguments exit 64, a file that is not there 66, each with a message"""
    for arguments, status in ((["--format", "xml"], 64), (["--nonsense"], 64), (["/nonexistent/events"], 66), ([ROOT], 74)):
        result = check(*arguments)
        assert result.returncode == status and result.stderr, result
    result = check("--help")
    assert result.returncode == 0 and b"check-events" in result.stdout


def test_golden():
    """Of each golden log as many lines are rejected, by reason, as the contract says"""
    told = 0
    for case in sorted((GOLDEN / "logs").glob("*/events.jsonl")):
        with gzip.open(case.parent / "expected.json.gz", "rt") as file:
            expected = Counter(json.load(file)["rejected"])
        for reason in ("duplicate", "conflict", "too_large"):
            del expected[reason]
        got = Counter(line["rejected"] for line in lines_of(check("--format", "json", case)) if "rejected" in line)
        assert got == expected, f"{case}: {got} instead of {expected}"
        told += sum(got.values())
    assert told
    return f"{told} rejections"
