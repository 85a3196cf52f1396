"""Thousands of generated logs: what must not matter does not, and the oracle agrees."""

import concurrent.futures
import json
import os
import random
import sys
import tempfile
from pathlib import Path

from fields import differences, exactly, fields_of
from process import ROOT
from scene import SCALE
from venturid import replay

sys.path[:0] = [str(ROOT / "tests" / "sim"), str(ROOT / "tests" / "oracle")]
import generate  # noqa: E402
import oracle  # noqa: E402

LOGS = max(20, int(300 * SCALE))
AGAINST_ORACLE = max(10, int(100 * SCALE))
UNRELATED = """
product "unrelated" {
    stream   = "elsewhere"
    projects = {"QQX"}
    services = {"qqx"}
}
"""


def make(folder, seed, events, *options):
    """(configuration, log) of a seed."""
    config, path = Path(folder) / "log.conf", Path(folder) / "log.jsonl"
    generate.main(["--seed", str(seed), "--events", str(events), "--config-out", str(config), "--out", str(path), *options])
    return config, path


def result_of(config, path, lines=None, **options):
    if lines is not None:
        path = Path(path).with_suffix(".changed")
        path.write_bytes(b"".join(line + b"\n" for line in lines))
    return fields_of(replay(config, path, **options), rejected=False)


def over(check, seeds):
    """Runs the check for each seed, on all cores; returns the sum of compared fields, or fails with what differed."""
    compared, faults = 0, []
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        for seed, (count, told) in zip(seeds, pool.map(check, seeds, chunksize=4)):
            compared += count
            faults += [f"seed {seed}: {line}" for line in told[:5]]
    assert compared and not faults, f"{len(faults)} differences\n" + "\n".join(faults[:20])
    return compared


def traffic(seed):
    """Lines in another order, some told again, cannot matter."""
    with tempfile.TemporaryDirectory() as folder:
        config, path = make(folder, seed, 120)
        dice, lines = random.Random(seed), path.read_bytes().splitlines()
        told = lines + dice.choices(lines, k=len(lines) // 3)
        dice.shuffle(told)
        return differences(result_of(config, path, told), result_of(config, path), same=exactly)


def test_traffic():
    """Any order, and any line told again: the same numbers, to the last digit"""
    return f"{LOGS} logs, {over(traffic, range(1, LOGS + 1))} fields"


def unrelated_events(dice, lines):
    """Work of a product that no other has to do with, among the other lines, and not after the last of them."""
    times = [event["time"] for line in lines if (event := as_native(line)) and isinstance(event.get("time"), int)]
    told = list(lines)
    for number in range(20):
        event = {"venturi": 1, "id": f"qqx-{number}", "source": "tracker.qqx", "kind": "item.state", "time": dice.choice(times),
                 "item": f"QQX-{number % 7}", "to": dice.choice(("Doing", "Waiting", "Done"))}
        if number % 4 == 0:
            event |= {"kind": "deploy.done", "service": "qqx", "environment": "prod", "version": str(number)}
        told.insert(dice.randrange(len(told) + 1), json.dumps(event).encode())
    return told


def as_native(line):
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and event.get("venturi") == 1 else None


def stranger(seed):
    """A product that has nothing to do with the others changes nothing of theirs."""
    with tempfile.TemporaryDirectory() as folder:
        config, path = make(folder, seed, 120)
        dice, lines = random.Random(seed), path.read_bytes().splitlines()
        before = result_of(config, path)
        now = str(before["", "", "now_ms"])
        config.write_text(config.read_text() + UNRELATED)
        after = result_of(config, path, unrelated_events(dice, lines), at=now)
        # The portfolio and the roll-ups have it in them.
        above = {"acme", "acme/_product", "acme/_project"}
        before = {field: value for field, value in before.items() if field[0] not in above}
        return differences(after, before, subset=True, same=exactly)


def test_stranger():
    """An added unrelated product changes no number of the others"""
    logs = LOGS // 4
    return f"{logs} logs, {over(stranger, range(1, logs + 1))} fields"


def reckoned(seed):
    """The same log, by the oracle."""
    with tempfile.TemporaryDirectory() as folder:
        config, path = make(folder, seed, 300, "--records")
        log = oracle.Log(oracle.Config(config.read_text()))
        with open(path, "rb") as file:
            log.read(file, True)
        want = fields_of(oracle.fold(log.config, log, None))
        return differences(fields_of(replay(config, path, records=True)), want)


def test_oracle():
    """The oracle, which was written from the definitions alone, agrees"""
    return f"{AGAINST_ORACLE} logs, {over(reckoned, range(10001, 10001 + AGAINST_ORACLE))} fields"
