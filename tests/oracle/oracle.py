#!/usr/bin/env python3
"""An independent batch program: events in, the numbers of the contract out. Naive, exact, slow.

    oracle.py [-c CONF] [--at TIME] [--records] [FILE…]

It prints the same JSON as `venturi replay --format json`, and was written from the definitions alone.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict

import delivery
import events
import items
import report
from config import Config
from scopes import Tree
from windows import WINDOWS, Calendar, Span, span_of


class Log:
    """The set of accepted facts, and what was told of the traffic."""

    def __init__(self, config):
        self.config = config
        self.standing = {}                              # identity -> the fact that stands
        self.rejected = Counter()

    def read(self, file, records):
        for line in file:
            line = line.rstrip(b"\n")
            timestamp = None
            if records:
                stamp, _, line = line.partition(b"\t")
                timestamp = int(stamp)
            self.take(line, timestamp)

    def take(self, record, timestamp):
        config = self.config
        try:
            facts = events.facts_of(record, config.max_event_size)
            if timestamp is not None:
                if facts[0].time > timestamp + config.max_future_skew:
                    raise events.Rejected("future")
                if config.max_lateness and facts[0].time < timestamp - config.max_lateness:
                    raise events.Rejected("too_late")
        except events.Rejected as why:
            self.rejected[str(why)] += 1
            return
        known = differs = 0
        for fact in facts:
            identity = fact.identity()
            stands = self.standing.get(identity)
            if stands is None:
                self.standing[identity] = fact
                continue
            known += 1
            if stands.content() != fact.content():
                differs += 1
                if (fact.time, repr(fact.content())) < (stands.time, repr(stands.content())):
                    self.standing[identity] = fact
        if differs:
            self.rejected["conflict"] += 1
        elif known == len(facts):
            self.rejected["duplicate"] += 1

    def counted(self):
        return [fact for fact in self.standing.values() if not self.config.ignored(fact.source)]


def fold(config, log, at):
    facts = log.counted()
    now = at if at is not None else max((fact.time for fact in facts), default=0)
    tree = Tree(config)
    calendar = Calendar(config.zone)
    today = calendar.day_of(now)
    subjects = defaultdict(list)
    for fact in facts:
        if fact.time <= now:
            subjects[fact.subject()].append(fact)

    bags = {scope: report.Bag() for scope in tree.by_id}
    for scope, bag in bags.items():
        bag.has_sle = False
    for product in config.products.values():
        if product.sle is not None:
            teams = [None] + [team.name for team in config.teams.values() if team.product == product.name]
            for team in teams:
                for scope in tree.scopes_of((product.name, team)):
                    bags[scope].has_sle = True
    of_family = lambda family: [(subject, told) for subject, told in subjects.items() if subject[0] == family]
    all_items = [life for _, told in of_family("item") for life in items.items_of(config, tree, told, now)]
    for item in all_items:
        report.add_item(bags, item)
    services = {subject[2]: delivery.Service(config, tree, subject[2], told) for subject, told in of_family("service")}
    for service in services.values():
        report.add_service(bags, tree, service, delivery.intervals_of(service.releases))
    for _, told in of_family("release"):
        released = delivery.product_releases(config, tree, told)
        report.add_releases(bags, tree, released, delivery.intervals_of(released))

    result = {"now_ms": now, "scopes": {}, "rejected": dict(sorted(log.rejected.items())), "stages": {}, "cfd": {},
              "compare": {}, "dependencies": []}
    spans = {window: Span(calendar, *span_of(window, today), now, today) for window in WINDOWS}
    for scope, bag in sorted(bags.items()):
        windows = result["scopes"][scope] = {}
        wip = [item for item in bag.lists["items"] if item.in_wip]
        for window, span in spans.items():
            out = windows[window] = {}
            report.items_over(bag, span, out)
            report.releases_over(bag, span, calendar, out)
            report.flow_over(bag, window, span, now, out)
            result["stages"].setdefault(scope, {})[window] = report.stages_of(bag, span, wip)
        out = windows["now"] = {}
        report.items_now(bag, now, out)
        windows["outlook"] = {}
        result["cfd"][scope] = report.cfd_of(bag, calendar, today, now)
    return result


def main(argv=None):
    parser = argparse.ArgumentParser(description="Recompute every number of Venturi from a log, naively.")
    parser.add_argument("-c", "--config", metavar="FILE", help="the configuration (venturid.conf)")
    parser.add_argument("--at", metavar="TIME", help="now: RFC 3339 or milliseconds; else the greatest event time")
    parser.add_argument("--records", action="store_true", help="lines are `timestamp in ms TAB event`")
    parser.add_argument("files", nargs="*", metavar="FILE", help="events, one JSON a line; - is standard input")
    args = parser.parse_args(argv)
    text = open(args.config, encoding="utf-8").read() if args.config else ""
    log = Log(Config(text))
    for name in args.files or ["-"]:
        if name == "-":
            log.read(sys.stdin.buffer, args.records)
        else:
            with open(name, "rb") as file:
                log.read(file, args.records)
    at = args.at.strip() if args.at else None
    if at:
        at = int(at) if at.lstrip("-").isdigit() else events.time_of(at)
    json.dump(fold(log.config, log, at), sys.stdout, indent=1, sort_keys=True, allow_nan=False)
    print()


if __name__ == "__main__":
    main()
