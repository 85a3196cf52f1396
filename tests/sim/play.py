#!/usr/bin/env python3
"""`make demo`: half a year of four value streams in a minute, then live, in a table that refreshes in place.

Everything is its own and goes when it ends: a mock Kafka cluster, a redis-server on a unix socket in a temporary
folder, a venturid between the two. After the half year an event a second or so goes on as if it happened now.
Without a terminal it runs for 75 seconds and prints the final table.
"""

import argparse
import datetime
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]

import demo  # noqa: E402
import wire  # noqa: E402
from dice import Dice  # noqa: E402
from redis import Redis  # noqa: E402
from venturid import FEED, Daemon  # noqa: E402

DAY = demo.DAY
HISTORY, AHEAD = 182 * DAY, 20 * DAY    # told before now, and kept ready for the live part
TOPIC, PARTITIONS = "delivery-events", 4
MOMENTS = ("time", "created_at", "first_commit_time")
LIVE_PAUSE = 1.2                        # seconds between live events
DRAW_PAUSE = 0.5

# heading, window, metric, how it is written
COLUMNS = (
    ("WIP", "now", "wip_items", "{:.0f}"),
    ("blocked", "now", "wip_blocked_items", "{:.0f}"),
    ("age p85", "now", "age_p85_seconds", "days"),
    ("done 30d", "30d", "throughput_items", "{:.0f}"),
    ("cycle p50", "30d", "cycle_time_p50_seconds", "days"),
    ("cycle p85", "30d", "cycle_time_p85_seconds", "days"),
    ("flow eff.", "30d", "flow_efficiency_ratio", "percent"),
    ("SLE met", "30d", "sle_met_ratio", "percent"),
    ("releases/mo", "30d", "releases_per_month", "{:.1f}"),
)


class Player:
    """Writes the facts to Kafka when they are due: history at speed, then one by one with the time of now."""

    def __init__(self, out, seconds, seed):
        self.out, self.seconds = out, seconds
        self.dice = Dice(seed)
        self.begin = time.monotonic()
        self.now_ms = int(time.time() * 1000)
        facts = demo.tell(self.dice, self.now_ms - HISTORY, self.now_ms + AHEAD, 12500)
        self.history = [fact for fact in facts if fact["time"] <= self.now_ms]
        self.live = [fact for fact in facts if fact["time"] > self.now_ms]
        self.sent = self.sent_live = 0

    def write(self, fact):
        self.out.write(f"{fact['time']}\t{wire.encode(self.dice, fact)}\n")

    def step(self):
        elapsed = time.monotonic() - self.begin
        due = self.now_ms - HISTORY + int(HISTORY * min(1, elapsed / self.seconds))
        while self.sent < len(self.history) and self.history[self.sent]["time"] <= due:
            self.write(self.history[self.sent])
            self.sent += 1
        while self.sent_live < min(len(self.live), (elapsed - self.seconds) / LIVE_PAUSE):
            self.write(self.moved_to_now(self.live[self.sent_live]))
            self.sent_live += 1
        self.out.flush()

    @staticmethod
    def moved_to_now(fact):
        shift = int(time.time() * 1000) - fact["time"]
        return {name: value + shift if name in MOMENTS else value for name, value in fact.items()}

    @property
    def is_live(self):
        return self.sent == len(self.history)


def cell(text, form):
    if text in (None, "nan"):
        return "–"
    value = float(text)
    if form == "days":
        return f"{value / 86400:.1f} d" if value >= 8640 else f"{value / 3600:.1f} h"
    return f"{100 * value:.0f} %" if form == "percent" else form.format(value)


def rows_of(client):
    """[(indented name, its cells)]: the portfolio, its streams, their products."""
    for scope in sorted(client("SMEMBERS", "venturi:scopes")):
        depth, name = scope.count("/"), scope.rpartition("/")[2]
        if depth > 2 or name.startswith("_") or name == "unmapped":
            continue
        replies = client.pipeline([["HGET", f"venturi:flow:{scope}:{window}", metric] for _, window, metric, _ in COLUMNS])
        yield "  " * depth + name, [cell(text, form) for text, (_, _, _, form) in zip(replies, COLUMNS)]


def table(client, player):
    as_of = client("HGET", "venturi:flow:acme:now", "as_of_ms")
    day = datetime.datetime.fromtimestamp(int(as_of) / 1000).strftime("%a %Y-%m-%d %H:%M") if as_of else "…"
    state = f"live, {player.sent_live} events" if player.is_live else "playing half a year in a minute"
    lines = [f"{day}   {player.sent} events of history sent; {state}", ""]
    widths = [max(len(head), 8) for head, *_ in COLUMNS]
    lines.append(f"{'':22}" + "".join(f"  {head:>{width}}" for (head, *_), width in zip(COLUMNS, widths)))
    for name, cells in rows_of(client):
        lines.append(f"{name:22}" + "".join(f"  {text:>{width}}" for text, width in zip(cells, widths)))
    return lines


class Screen:
    """Writes over what it wrote before; the last picture stays."""

    def __init__(self, in_place):
        self.in_place, self.height = in_place, 0

    def draw(self, lines):
        if self.in_place:
            home = f"\x1b[{self.height}F" if self.height else ""
            sys.stdout.write("\x1b[?25l" + home + "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J")
        else:
            sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        self.height = len(lines)

    def close(self):
        if self.in_place:
            sys.stdout.write("\x1b[?25h")
            sys.stdout.flush()


class Stage:
    """The servers and the daemon. close() leaves nothing behind, however far open() came."""

    def __init__(self):
        self.mock = self.redis = self.daemon = self.feeder = None

    def open(self):
        # Sessions of their own: Ctrl-C is ours to handle.
        self.mock = self.child([FEED, "mock", "--topic", f"{TOPIC}:{PARTITIONS}"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        address = self.mock.stdout.readline().decode().strip()
        self.redis = Redis(appendonly="no")
        # now = the greatest event time, so that the half year passes before one's eyes.
        model = demo.CONFIG.replace('"wall"', '"event"')
        self.daemon = Daemon(address, self.redis.url, [TOPIC], model, instance="demo").start()
        self.feeder = self.child([FEED, "produce", "-b", address, "-t", TOPIC, "--partitions", PARTITIONS, "--records"],
                                 stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        return self.feeder.stdin

    @staticmethod
    def child(argv, **options):
        return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *map(str, argv)], start_new_session=True, **options)

    def close(self):
        for child in (self.feeder, self.mock):
            if child:
                child.kill()
                child.wait()
        if self.daemon:
            self.daemon.kill()
            shutil.rmtree(self.daemon.directory, ignore_errors=True)
        if self.redis:
            self.redis.close()


def play(stage, screen, args):
    player = Player(stage.open(), args.history_seconds, args.seed)
    client = stage.redis.client()
    end = None if args.seconds is None else time.monotonic() + args.seconds
    while end is None or time.monotonic() < end:
        next_draw = time.monotonic() + DRAW_PAUSE
        while time.monotonic() < next_draw:
            player.step()
            time.sleep(0.05)
        stage.daemon.must_live()
        if screen.in_place:
            screen.draw(table(client, player))
    if not screen.in_place:
        screen.draw(table(client, player))


def main(argv=None):
    parser = argparse.ArgumentParser(description="Half a year of four value streams in a minute, then live.")
    parser.add_argument("--seconds", type=float, help="how long (default: until Ctrl-C; without a terminal 75)")
    parser.add_argument("--history-seconds", type=float, default=60, help="how long the half year takes (60)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    in_place = sys.stdout.isatty()
    if args.seconds is None and not in_place:
        args.seconds = args.history_seconds + 15
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, signal.default_int_handler)
    print("A mock Kafka, a redis-server and a venturid of our own." + (" Ctrl-C ends it." if args.seconds is None else ""), flush=True)
    stage, screen = Stage(), Screen(in_place)
    try:
        play(stage, screen, args)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)    # nothing interrupts the cleaning up
        screen.close()
        stage.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
