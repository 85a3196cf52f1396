#!/usr/bin/env python3
"""`make bench`: CPU an event of venturid with its output to Redis, as a ratio to a bare consumer of the same run.

    run.py [--events 2000000] [--rounds 3] [--json FILE]

A real Kafka holds CDEvents of 739 bytes. `feed discard`, librdkafka and nothing else, reads them all and throws them
away; then venturid, with an empty Redis, folds them all. Medians of the rounds; nothing is asserted.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

from kafka import Kafka  # noqa: E402
from process import wait_for  # noqa: E402
from redis import Redis  # noqa: E402
from venturid import FEED, Daemon, create_topic, feed  # noqa: E402

SIZE = 739
PARTITIONS = 4
TOPIC = "bench"
PRODUCTS = 12
SPAN_MS = 80 * 86400_000
STATES = ("In Progress", "In Review", "In Progress")
MODEL = 'portfolio = "acme"\n' + "".join(
    f'product "product-{i}" {{ stream = "stream-{i % 4}"  projects = {{"P{i}"}}  services = {{"service-{i}"}} }}\n' for i in range(PRODUCTS))

EVENT = ('{"context":{"version":"0.4.1","id":"%s","source":"tracker.example/acme","type":"%s","timestamp":"%s"},'
         '"subject":{"id":"%s","source":"tracker.example/acme","type":"%s","content":{%s}},"customData":{%s"note":"%s"}}')


def moment(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"


def event(number, kind, ms, subject, about, content="", custom=""):
    bare = EVENT % (f"event-{number:09d}", kind, moment(ms), subject, about, content, custom, "")
    return f"{bare[:-3]}{'x' * (SIZE - len(bare))}{bare[-3:]}"


def events(count, end_ms):
    """Lines of `timestamp TAB event`: items from creation to close, and a deployment for every third of them."""
    begin, sent = end_ms - SPAN_MS, itertools.count()
    items = count // 5
    for item in range(items + 1):
        product, start = item % PRODUCTS, begin + SPAN_MS * item // (items + 1) * 9 // 10
        key = f"P{product}-{item}"
        story = [("dev.cdevents.ticket.created.0.1.0", key, "ticket", '"ticketType":"story"', "")]
        story += [("dev.cdeventsx.venturi-item.transitioned.0.1.0", key, "venturi-item", "", f'"to":"{state}",') for state in STATES]
        if item % 3:
            story.append(("dev.cdevents.ticket.closed.0.1.0", key, "ticket", '"resolution":"completed"', ""))
        else:
            story.append(("dev.cdevents.service.deployed.0.1.0", f"service-{product}", "service", '"environment":{"id":"production"}',
                          f'"version":"{item}",'))
        for step, (kind, subject, about, content, custom) in enumerate(story):
            number = next(sent)
            if number == count:
                return
            ms = start + step * (3600_000 + item % 7200_000)
            yield f"{ms}\t{event(number, kind, ms, subject, about, content, custom)}\n"


def fill(address, count):
    create_topic(address, TOPIC, PARTITIONS)
    argv = [FEED, "produce", "-b", address, "-t", TOPIC, "--partitions", str(PARTITIONS), "--records"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as producer:
        for line in events(count, int(time.time() * 1000)):
            producer.stdin.write(line)
        producer.stdin.close()
        assert int(producer.stdout.read()) == count
    size = len(next(events(1, int(time.time() * 1000))).partition("\t")[2]) - 1
    assert size == SIZE, size


def bare(address, count):
    """(CPU seconds, wall seconds) of a consumer that throws away."""
    told = dict(pair.split("=") for pair in feed("discard", address, "-t", TOPIC).split())
    assert int(told["messages"]) == count, told
    return float(told["cpu_seconds"]), float(told["wall_seconds"])


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def folded(address, count):
    """(CPU seconds, wall seconds, peak MB) of venturid, until it has folded all and stored that it has."""
    with Redis() as redis, Daemon(address, redis.url, [TOPIC], MODEL, instance="bench") as daemon:
        begin = time.monotonic()
        daemon.start(wait=False)
        client = redis.client()

        def done():
            daemon.must_live()
            beats = client.hgetall("venturi:daemon:bench")
            return int(float(beats.get("accepted", 0))) >= count and int(float(beats.get("lag_messages", 1))) == 0
        wait_for(done, "venturid to catch up", 600, interval=0.1)
        result = cpu_seconds(daemon.child.pid), time.monotonic() - begin, resident_mb(daemon.child.pid)
        daemon.stop()
        return result


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args(argv)
    broker = Kafka()
    try:
        print(f"{args.events:,} CDEvents of {SIZE} bytes, {PARTITIONS} partitions, a real Kafka; medians of {args.rounds}", flush=True)
        fill(broker.address, args.events)
        rounds = [(bare(broker.address, args.events), folded(broker.address, args.events)) for _ in range(args.rounds)]
    finally:
        broker.close()
    median = lambda which, part: statistics.median(entry[which][part] for entry in rounds)
    rows = {
        "bare consumer": {"cpu_us_per_event": median(0, 0) / args.events * 1e6, "events_per_second": args.events / median(0, 1)},
        "venturid": {"cpu_us_per_event": median(1, 0) / args.events * 1e6, "events_per_second": args.events / median(1, 1),
                     "peak_mb": median(1, 2)},
    }
    base = rows["bare consumer"]["cpu_us_per_event"]
    print(f"{'':16}{'CPU us/event':>14}{'ratio':>8}{'events/s':>12}{'peak MB':>9}")
    for name, row in rows.items():
        row["ratio"] = row["cpu_us_per_event"] / base
        peak = f"{row['peak_mb']:9.0f}" if "peak_mb" in row else ""
        print(f"{name:16}{row['cpu_us_per_event']:14.2f}{row['ratio']:8.2f}{row['events_per_second']:12,.0f}{peak}")
    if args.json:
        Path(args.json).write_text(json.dumps({"events": args.events, "size": SIZE, "rounds": args.rounds, "rows": rows}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
