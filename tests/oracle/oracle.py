#!/usr/bin/env python3
"""An independent batch program: events in, the numbers of the contract out. Naive, exact, slow.

    oracle.py [-c CONF] [--at TIME] [--records] [FILE…]

It prints the same JSON as `venturi replay --format json`, and was written from the definitions alone.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict

import changes
import delivery
import events
import incidents
import items
import report
import value
from config import Config
from scopes import Timeline, Tree
from windows import WINDOWS, Calendar, Span, previous_of, quarter_start, span_of


class Log:
    """The set of accepted facts, and what was told of the traffic."""

    def __init__(self, config):
        self.config = config
        self.standing = {}                              # identity -> the fact that stands
        self.rejected = Counter()

    def read(self, file, records):
        for line in file:
            line = line.rstrip(b"\n")
            if not line.strip(b" \t\r"):
                continue                                # a blank line is no event
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


class World:
    """Everything that is known at now, spread over the scopes."""

    def __init__(self, config, facts, now):
        self.config, self.now = config, now
        self.tree = Tree(config)
        self.calendar = Calendar(config.zone)
        self.today = self.calendar.day_of(now)
        self.families = defaultdict(lambda: defaultdict(list))      # family -> subject -> facts
        for fact in facts:
            if fact.time <= now:
                self.families[fact.subject()[0]][fact.subject()].append(fact)
        self.bags = {scope: report.Bag() for scope in self.tree.by_id}
        self.promises()
        self.dependencies = []
        self.take_items()
        self.take_services()
        self.take_changes()
        self.take_incidents()
        self.take_dependencies()
        self.take_value()

    def bags_of(self, leaf):
        return [self.bags[scope] for scope in self.tree.scopes_of(leaf)]

    def heard(self, leaf, facts):
        """Facts about a subject that lies there now."""
        for bag in self.bags_of(leaf):
            bag.lists["facts"].append(max(fact.time for fact in facts))

    def promises(self):
        """Which scopes have a service level expectation in them."""
        for bag in self.bags.values():
            bag.has_sle = False
        for product in self.config.products.values():
            if product.sle is not None:
                teams = [team.name for team in self.config.teams.values() if team.product == product.name]
                for team in [None] + teams:
                    for bag in self.bags_of((product.name, team)):
                        bag.has_sle = True

    def take_items(self):
        self.items = {}
        for (_, source, name), facts in self.families["item"].items():
            lives = self.items[source, name] = items.items_of(self.config, self.tree, facts, self.now)
            for item in lives:
                report.add_item(self.bags, item)
                self.heard(item.leaf, item.facts)
                for block in item.blocks:
                    if block.provider is not None:
                        self.dependencies.append(value.Dependency(
                            item.leaf, value.provider_scope(self.tree, block.provider), block.start, block.end))

    def take_services(self):
        tree = self.tree
        self.services = {subject[2]: delivery.Service(self.config, tree, subject[2], facts)
                         for subject, facts in self.families["service"].items()}
        for service in self.services.values():
            report.add_service(self.bags, tree, service, delivery.intervals_of(service.releases))
            self.heard(service.leaf(self.now), service.facts)
        for facts in self.families["release"].values():
            released = delivery.product_releases(self.config, tree, facts)
            report.add_releases(self.bags, tree, released, delivery.intervals_of(released))
            self.heard(Timeline(tree, sorted(facts, key=lambda fact: fact.order())).item_leaf(self.now), facts)

    def take_changes(self):
        known = [changes.Change(self.config, self.tree, facts, self.now) for facts in self.families["change"].values()]
        merged = [change for change in known if change.merged is not None]
        artifacts = list(self.families["artifact"].values())
        names = changes.Names(self.config, self.tree, merged, artifacts, self.now)
        changes.link(self.config, merged, list(self.services.values()), names)
        for change in merged:
            report.add_change(self.bags, self.tree, change)
        for change in known:
            self.heard(change.leaf, change.facts)
        for facts in artifacts:
            self.heard(Timeline(self.tree, sorted(facts, key=lambda fact: fact.order())).item_leaf(self.now), facts)

    def take_incidents(self):
        known = [incidents.Incident(self.config, self.tree, facts, self.services, self.now)
                 for facts in self.families["incident"].values()]
        unattributed = incidents.judge(self.config, known, self.services)
        for incident in known:
            self.heard(incident.leaf, incident.facts)
            for bag in self.bags_of(incident.leaf):
                if incident.below and incident.detection is not None:
                    bag.add("below_severity", incident.detection)
        for incident in unattributed:
            for bag in self.bags_of(incident.leaf):
                bag.add("unattributed", incident.detection)
        for service in self.services.values():
            report.add_recoveries(self.bags, self.tree, service.deployments)

    def take_dependencies(self):
        for facts in self.families["dependency"].values():
            dependency, leaf = value.dependency_of(self.tree, facts, self.items, self.now)
            self.heard(leaf, facts)
            if dependency is not None:
                self.dependencies.append(dependency)
        for dependency in self.dependencies:
            for bag in self.bags_of(dependency.leaf):
                if dependency.resolved is None:
                    bag.lists["open_dependencies"].append(dependency)
                else:
                    bag.add("waits", dependency.resolved, dependency.resolved - dependency.raised)
            if dependency.resolved is None:
                for scope in value.above(self.tree, dependency.provider):
                    self.bags[scope].lists["blocking"].append(dependency)

    def take_value(self):
        for name, family, make in (("key_results", "outcome", lambda facts: value.KeyResult(self.tree, facts, self.now)),
                                   ("risks", "risk", lambda facts: value.Risk(self.tree, facts, self.now))):
            for facts in self.families[family].values():
                subject = make(facts)
                self.heard(subject.leaf, facts)
                for bag in self.bags_of(subject.leaf):
                    bag.lists[name].append(subject)
        for name, family, make in (("costs", "cost", value.Cost), ("fundings", "funding", value.Funding)):
            for facts in self.families[family].values():
                for fact in facts:
                    entry = make(self.tree, fact)
                    self.heard(entry.leaf, [fact])
                    for bag in self.bags_of(entry.leaf):
                        bag.lists[name].append(entry)

    def span(self, first, last):
        return Span(self.calendar, first, last, self.now, self.today)

    def publish(self):
        spans = {window: self.span(*span_of(window, self.today)) for window in WINDOWS}
        result = {"now_ms": self.now, "scopes": {}, "stages": {}, "cfd": {}, "compare": {}}
        for scope, bag in sorted(self.bags.items()):
            windows = result["scopes"][scope] = {}
            wip = [item for item in bag.lists["items"] if item.in_wip]
            for window, span in spans.items():
                out = windows[window] = {}
                report.items_over(bag, span, out)
                report.releases_over(bag, span, self.calendar, out)
                report.changes_over(bag, span, out)
                report.flow_over(bag, window, span, self.now, out)
                report.costs_over(bag, span, out)
                result["stages"].setdefault(scope, {})[window] = report.stages_of(bag, span, wip)
            out = windows["now"] = {}
            report.items_now(bag, self.now, out)
            report.changes_now(bag, self.now, out)
            report.funding_now(bag, (quarter_start(self.today), quarter_start(self.today, -1) - 1), self.today, out)
            report.value_now(bag, self.now, out)
            report.outlook(bag, self.calendar, self.today, len(wip), windows.setdefault("outlook", {}))
            result["cfd"][scope] = report.cfd_of(bag, self.calendar, self.today, self.now)
            result["compare"][scope] = self.comparisons(bag, spans)
        result["dependencies"] = report.dependency_table(self.tree, self.dependencies, spans["90d"])
        return result

    def comparisons(self, bag, spans):
        now = {window: report.figures(bag, span) for window, span in spans.items()}
        baselines = {}
        for name, days in self.config.baselines.items():
            then = report.figures(bag, self.span(*days))
            baselines[name] = {window: report.compared(now[window], then) for window in WINDOWS}
        baselines["previous"] = {window: report.compared(now[window], report.figures(
            bag, self.span(*previous_of(window, self.today)))) for window in WINDOWS}
        return baselines


def fold(config, log, at):
    facts = log.counted()
    now = at if at is not None else max((fact.time for fact in facts), default=0)
    return {**World(config, facts, now).publish(), "rejected": dict(sorted(log.rejected.items()))}


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
