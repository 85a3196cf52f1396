"""`venturi` on the command line: what it refuses and how it ends, and what replay makes of odd input."""

import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path

from process import ROOT
from venturid import VENTURI, VENTURID

CASE = ROOT / "tests" / "data" / "golden" / "hand" / "bare-change-ids"
LOGS = ROOT / "tests" / "data" / "golden" / "logs"
COMMANDS = ("replay", "check-events", "scopes", "show")


def venturi(*arguments, given=b"", program=VENTURI, **more):
    return subprocess.run([program, *arguments], **{"input": given, "capture_output": True, "timeout": 120} | more)


def replay(*arguments, **more):
    """Of no configuration but the defaults."""
    return venturi("replay", "-c", os.devnull, *arguments, **more)


def event(number=1, **changes):
    return json.dumps({"venturi": 1, "id": f"e{number}", "source": "t", "kind": "item.state", "time": "2026-03-02T09:30:00Z",
                       "item": "A-1", "to": "Doing"} | changes).encode()


def rejected(*arguments, given):
    result = replay("--format", "json", *arguments, given=given)
    assert result.returncode == 0, result
    return json.loads(result.stdout)["rejected"]


def test_usage():
    """Wrong arguments exit 64 and say on the standard error how it is meant, with the command's name"""
    wrong = [(), ("bogus",), ("--bogus",), ("show",), ("show", "a", "7d", "more"), ("show", "a", "8d"), ("scopes", "more")]
    wrong += [(command, *rest) for command in COMMANDS for rest in (("--bogus",), ("-c",), ("--format",), ("--format", "xml"))]
    wrong += [("replay", "--at", at) for at in ("", " 5", "+5", "-5", "5x", "tomorrow", "2026-03-02", "9" * 30)]
    for arguments in wrong:
        result = venturi(*arguments)
        assert result.returncode == 64 and not result.stdout and b"venturi" in result.stderr.splitlines()[0], result


def test_help():
    """--help goes to the standard output and exits 0, also before anything else is looked at"""
    for arguments in ([("--help",), ("-h",), ("help",), ("--version",)]
                      + [(command, flag) for command in COMMANDS for flag in ("--help", "-h")]
                      + [("replay", "-c", "/nonexistent", "--help")]):
        result = venturi(*arguments)
        assert result.returncode == 0 and result.stdout and not result.stderr, result
    assert venturi("--help", program=VENTURID).stdout


def test_unreadable():
    """A file that is not there exits 66, a folder 74, a bad configuration 78: each is named"""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
        conf.write("clok = 3\n")
        conf.flush()
        for arguments, status, named in (
                (("-c", "/nonexistent/a.conf"), 66, "/nonexistent/a.conf"), (("-c", ROOT), 66, ROOT),
                (("-c", conf.name), 78, f"{conf.name}:1: clok"),
                (("-c", os.devnull, "/nonexistent/a.jsonl"), 66, "/nonexistent/a.jsonl"), (("-c", os.devnull, ROOT), 74, ROOT)):
            result = venturi("replay", *arguments)
            assert result.returncode == status and not result.stdout, result
            assert str(named) in result.stderr.decode() and len(result.stderr.splitlines()) == 1, result
        for path in (conf.name, "/nonexistent/a.conf", ROOT):
            assert venturi("-t", "-c", path, program=VENTURID).returncode == 78


def test_nothing():
    """No event at all gives every scope, with nothing in it"""
    for given in (b"", b"\n", b" \r\n\n\t\n"):
        result = replay("--format", "json", given=given)
        told = json.loads(result.stdout)
        assert result.returncode == 0 and not result.stderr, result
        assert told["now_ms"] == 0 and told["rejected"] == {}
        assert {"portfolio", "portfolio/unmapped"} <= set(told["scopes"]), list(told["scopes"])
        assert all(panes["now"]["wip_items"] == 0 for panes in told["scopes"].values())
    assert replay().returncode == 0


def test_odd_lines():
    """Lines that are too long, no text or cut off are counted, and the others with them read"""
    long = event(2, note="x" * (3 << 20))
    given = b"\n".join([event(1), long, b"\0" * 100, b"\xff\xfe", b"{" * 5000, b"[" * 200000, event(1), event(3, to="Done")[:-1]])
    assert rejected(given=given) == {"malformed": 5, "too_large": 1, "duplicate": 1}


def test_carriage_returns():
    """A log with the line ends of DOS is read like any other"""
    assert rejected(given=event(1) + b"\r\n\r\n" + event(2, to="Done") + b"\r\n") == {}


def test_record_lines():
    """With --records a line without a timestamp is malformed, however odd"""
    odd = [b"", b"x", b"\t", b"1x\t", b"9" * 40 + b"\t"]
    given = b"\n".join(stamp + event(number) for number, stamp in enumerate(odd))
    assert rejected("--records", given=given) == {"malformed": len(odd)}
    sure = b"1772443800000\t" + event(1)
    assert rejected("--records", given=sure) == {}
    assert rejected("--records", given=b"1772443199999\t" + event(1)) == {"future": 1}
    assert rejected("--records", given=b"9223372036854775807\t" + event(1)) == {"too_late": 1}


def test_many_files():
    """Several files, and - among them, are one log"""
    lines = (CASE / "events.jsonl").read_bytes().splitlines(keepends=True)
    whole = venturi("replay", "-c", CASE / "venturid.conf", "--format", "json", CASE / "events.jsonl")
    with tempfile.NamedTemporaryFile() as first:
        first.write(lines[0])
        first.flush()
        parts = venturi("replay", "-c", CASE / "venturid.conf", "--format", "json", first.name, "-", given=b"".join(lines[1:]))
    assert whole.returncode == 0 and parts.stdout == whole.stdout


def test_order():
    """A log backwards with each line twice prints the same bytes but for what was rejected"""
    case = sorted(LOGS.iterdir())[0]
    at = (case / "at.txt").read_text().split()
    lines = (case / "events.jsonl").read_bytes().splitlines(keepends=True)

    def told(given):
        result = venturi("replay", "-c", case / "venturid.conf", *(["--at", *at] if at else []), "--format", "json", given=given)
        assert result.returncode == 0, result.stderr
        before, after = result.stdout.split(b'"rejected":{')
        return before, after.split(b"}", 1)[1], after

    straight = told(b"".join(lines))
    back = told(b"".join(line + line for line in reversed(lines)))
    assert straight[:2] == back[:2] and straight[2] != back[2]
    return f"{len(lines)} lines of {case.name}"


def test_full_disk():
    """An answer that cannot be written whole exits 74, also that to --help"""
    full = Path("/dev/full")
    for arguments in (("replay", "-c", os.devnull), ("replay", "-c", os.devnull, "--format", "json"), ("check-events",), ("--help",),
                      ("show", "--help")):
        with full.open("wb") as out:
            result = venturi(*arguments, given=event(1), capture_output=False, stdout=out, stderr=subprocess.PIPE)
        assert result.returncode == 74 and b"standard output" in result.stderr, result


def test_broken_pipe():
    """A reader that goes away ends it quietly"""
    child = subprocess.Popen([VENTURI, "replay", "-c", os.devnull, "--format", "json"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, restore_signals=True)
    child.stdout.close()
    child.stdin.close()
    said = child.stderr.read()
    assert child.wait(30) == -signal.SIGPIPE and not said, (child.returncode, said)
    child.stderr.close()
