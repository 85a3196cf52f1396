"""What the system tests play on: one Kafka for the run, generated logs with their expected numbers, and Redis read back."""

import atexit
import contextlib
import functools
import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from fields import exactly, fields_of, must_agree
from kafka import Kafka
from process import ROOT, wait_for
from redis import ReplyError
from venturid import FEED, create_topic, produce, replay

# Under sanitizers: fewer events, fewer kills.
SCALE = float(os.environ.get("SCALE", "1"))
WINDOWS = ("7d", "30d", "90d", "week", "month", "quarter", "last_week", "last_month", "last_quarter")
OF_THE_HASH = {"as_of_ms", "watermark_ms", "published_ms", "cut", "complete_ratio"}

_names = itertools.count(1)


@functools.lru_cache(maxsize=1)
def kafka():
    """The broker of this run; it goes when the run ends."""
    broker = Kafka()
    atexit.register(broker.close)
    return broker


def new_topic(partitions=1):
    name = f"events-{next(_names)}"
    create_topic(kafka().address, name, partitions)
    return name


class Log:
    """A generated log: lines of `timestamp TAB event`, the configuration it is of, and the numbers it gives."""

    def __init__(self, seed, events):
        self.folder = tempfile.TemporaryDirectory(prefix="venturi-log-")
        folder = Path(self.folder.name)
        self.config, self.path, self.want = folder / "log.conf", folder / "log.tsv", folder / "want.json"
        subprocess.run([sys.executable, ROOT / "tests/sim/generate.py", "--seed", str(seed), "--events", str(events),
                        "--records", "--config-out", self.config, "--out", self.path], check=True)
        # It is slow: let it compute while the daemon works.
        with open(self.want, "wb") as out:
            self.oracle = subprocess.Popen([sys.executable, ROOT / "tests/oracle/oracle.py", "-c", self.config, "--records", self.path],
                                           stdout=out)
        self.lines = self.path.read_text().splitlines()

    @property
    def model(self):
        return self.config.read_text()

    def produce(self, topic, lines=None, *arguments):
        produce(kafka().address, topic, self.lines if lines is None else lines, "--records", *arguments)

    @contextlib.contextmanager
    def streaming(self, topic, seconds, partitions):
        """Produces the log evenly over about so many seconds, while the block runs; at its end all of it is in Kafka."""
        argv = [FEED, "produce", "-b", kafka().address, "-t", topic, "--records", "--partitions", str(partitions),
                "--rate", str(len(self.lines) / seconds), self.path]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as producer:
            try:
                yield
                sent, _ = producer.communicate(timeout=300)
                assert producer.returncode == 0 and int(sent) == len(self.lines)
            finally:
                producer.kill()

    @functools.cached_property
    def replayed(self):
        return replay(self.config, self.path, records=True)

    @functools.cached_property
    def reckoned(self):
        assert self.oracle.wait() == 0, "the oracle failed"
        return json.loads(self.want.read_text())


@functools.lru_cache(maxsize=2)
def log(seed, events):
    return Log(seed, events)


# ---- Redis, read back

def number(text):
    return None if text == "nan" else float(text)


def published(redis, prefix="venturi:"):
    """What is in Redis, in the form of replay's JSON; and the hashes' own fields, {key: {…}}."""
    client = redis.client()
    result, own = {"scopes": {}, "stages": {}, "cfd": {}}, {}
    for scope in sorted(client("SMEMBERS", prefix + "scopes")):
        result["scopes"][scope] = windows = {}
        for window in ("now", *WINDOWS):
            key = f"{prefix}flow:{scope}:{window}"
            fields = client.hgetall(key)
            own[key] = {name: fields.pop(name) for name in OF_THE_HASH & fields.keys()}
            windows[window] = {name: number(text) for name, text in fields.items()}
        result["stages"][scope] = {window: stages_of(client.stream(f"{prefix}stages:{scope}:{window}")) for window in WINDOWS}
        result["cfd"][scope] = client.stream(f"{prefix}cfd:{scope}")
    client.close()
    return result, own


def stages_of(entries):
    rows = {}
    for _entry, row in entries:
        state = row.pop("state").removeprefix("id:")
        rows[state] = {name: number(text) for name, text in row.items()}
    return rows


def with_days(cfd, want):
    """The entries of a stream by the days that they are wanted for: one a day, in order."""
    dated = {}
    for scope, entries in cfd.items():
        days = sorted(want.get(scope, {}))
        assert len(entries) == len(days), f"cfd of {scope} has {len(entries)} entries, not {len(days)}"
        dated[scope] = {day: {name: number(text) for name, text in row.items()} for day, (_entry, row) in zip(days, entries)}
    return dated


def must_show(redis, log_, seconds=60, prefix="venturi:"):
    """Waits until Redis shows what replay and the oracle make of the log; returns how many fields were compared, twice."""
    def as_wanted():
        nonlocal last
        try:
            result, own = published(redis, prefix)
        except ReplyError as why:       # a key of another type, that is not replaced yet
            last = why
            return None
        ages = {fields.get("as_of_ms") for fields in own.values()}
        if ages != {str(log_.replayed["now_ms"])}:
            last = AssertionError(f"as_of_ms is {sorted(map(str, ages))[:5]}, not {log_.replayed['now_ms']}")
            return None
        try:
            result["cfd"] = with_days(result["cfd"], log_.replayed["cfd"])
            result["now_ms"] = log_.replayed["now_ms"]
            got = fields_of(result, rejected=False)
            by_replay = must_agree(got, fields_of(log_.replayed, rejected=False), "Redis and replay", same=exactly)
            by_oracle = must_agree(got, fields_of(log_.reckoned, rejected=False), "Redis and the oracle")
            return by_replay, by_oracle
        except AssertionError as why:
            last = why
            return None
    last = None
    try:
        return wait_for(as_wanted, "Redis to show the numbers of the log", seconds, interval=1)
    except AssertionError as why:
        raise AssertionError(f"{why}\n{last}") from None
