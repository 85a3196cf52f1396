#!/usr/bin/env python3
"""A log of delivery events, the same for a seed on any Python from 3.11 on.

    generate.py --seed N --events N [--days 180] [--end TIME] [--config-out FILE] [--records]
                [--broken SHARE] [--late SHARE] [--duplicates SHARE] [--out FILE]
    generate.py --demo …

It writes one event a line, in the order of arrival; with --records, `timestamp in ms TAB event`, and then also some
that are future or too late by their timestamps. --config-out writes the configuration that the log is of. --demo tells
of a plausible organisation instead: four value streams, healthy numbers, and one that slips.
"""

import argparse
import datetime
import sys

import demo
import wire
from dice import Dice
from organisation import Organisation
from stories import DAY, HOUR, MINUTE, STORIES, Log, at_the_edges

END = "2026-03-18T12:34:56.789Z"
DAYS = {"d": DAY, "h": HOUR, "m": MINUTE}


def parse_time(text):
    if text.isdigit():
        return int(text)
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("a time needs a zone")
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(milliseconds=1)


def tell(dice, organisation, begin, end, count):
    log = Log(dice, organisation, begin, end)
    while len(log.facts) < count:
        dice.weighted(STORIES)(log)
    del log.facts[count:]
    at_the_edges(log)
    facts = log.facts
    for i, fact in enumerate(facts):
        fact["id"] = f"{dice.hex(8)}-{i}"
        if dice.chance(0.004) and fact["time"] < end - DAY:
            fact["source"], fact["subject_source"] = "mad-bot", fact["source"]
    return facts


def arrivals(dice, organisation, facts, args):
    """-> [(arrival, line)]: most arrive within the hour, some late, some twice, some as two that differ."""
    lateness = int(organisation.max_lateness[:-1]) * DAYS[organisation.max_lateness[-1]]
    arrived = []

    def arrive(fact, line=None):
        delay = dice.below(lateness - HOUR) if dice.chance(args.late) else dice.spread(20 * MINUTE)
        arrived.append((fact["time"] + min(delay, lateness - 1), line or wire.encode(dice, fact)))

    for fact in facts:
        arrive(fact)
        if dice.chance(args.duplicates):
            if dice.chance(0.75):
                arrive(fact, arrived[-1][1])
            else:                                       # one identity, another content: the earlier stands
                arrive({**fact, "time": fact["time"] - dice.between(1, 5 * HOUR)})
    for _ in range(int(len(facts) * args.broken)):
        time = dice.pick(facts)["time"] if facts else 0
        arrived.append((time, wire.broken(dice, time)))
    if args.records:
        skew, told = 10 * MINUTE, {"source": "clock.example", "kind": "item.state", "item": "CLM-1", "to": "Done"}
        for i in range(max(4, len(facts) // 200)):      # just within, just beyond, far beyond
            stamp = dice.pick(facts)["time"]
            time = stamp + dice.pick((skew, skew + 1, 400 * DAY, -lateness, -lateness - 1, -400 * DAY))
            if time > args.end:
                time = stamp + (skew + 1 if stamp + skew < args.end else 400 * DAY)
            arrived.append((stamp, wire.encode(dice, {**told, "id": f"clock-{i}", "time": time})))
    arrived.sort(key=lambda pair: pair[0])              # stable, hence deterministic
    return arrived


def main(argv=None):
    parser = argparse.ArgumentParser(description="Generate a log of delivery events.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=int, metavar="N", help="facts to tell (1000; --demo: about 12500)")
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--end", type=parse_time, default=parse_time(END), metavar="TIME")
    parser.add_argument("--config-out", metavar="FILE")
    parser.add_argument("--out", metavar="FILE", help="instead of standard output")
    parser.add_argument("--records", action="store_true", help="lines are `timestamp TAB event`")
    parser.add_argument("--broken", type=float, default=0.02, metavar="SHARE")
    parser.add_argument("--late", type=float, default=0.05, metavar="SHARE")
    parser.add_argument("--duplicates", type=float, default=0.04, metavar="SHARE")
    parser.add_argument("--demo", action="store_true", help="a plausible organisation of four value streams")
    args = parser.parse_args(argv)
    args.events = args.events or (12500 if args.demo else 1000)
    dice = Dice(args.seed)
    begin = args.end - args.days * DAY
    if args.demo:
        config, facts = demo.CONFIG, demo.tell(dice, begin, args.end, args.events)
        lines = [(fact["time"], wire.encode(dice, fact)) for fact in facts]
    else:
        day = lambda n: (datetime.date(1970, 1, 1) + datetime.timedelta(days=begin // DAY + n)).isoformat()
        organisation = Organisation(dice, day)
        config = organisation.text()
        lines = arrivals(dice, organisation, tell(dice, organisation, begin, args.end, args.events), args)
    if args.config_out:
        with open(args.config_out, "w", encoding="utf-8") as file:
            file.write(config)
    with open(args.out, "w", encoding="utf-8", newline="\n") if args.out else sys.stdout as file:
        if not args.out:
            file.reconfigure(encoding="utf-8", newline="\n")
        for stamp, line in lines:
            file.write(f"{stamp}\t{line}\n" if args.records else line + "\n")


if __name__ == "__main__":
    main()
