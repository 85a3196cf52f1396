#!/usr/bin/env python3
"""The samples behind the oracle's numbers of one scope, to see where another program parts from them.

    explain.py -c CONF [--at TIME] [--records] SCOPE WINDOW FILE…      samples of a window (or `now`)
    explain.py -c CONF [--at TIME] [--records] ITEM - FILE…            all lives of the items of that name
"""

import argparse
import datetime

import oracle
from windows import WINDOWS, span_of


def when(ms):
    if ms is None:
        return "-"
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=ms)).isoformat(timespec="milliseconds") + "Z"


def show_life(item):
    print(f"{item.key[2]} of {item.key[1]}, {'first' if item.first else 'later'} life, in {'/'.join(filter(None, item.leaf))}")
    print(f"    created {when(item.created_at)}  started {'unknown' if item.start_unknown else when(item.started_at)}"
          f"  finished {when(item.finished_at)}  canceled {when(item.canceled_at)}  stale {when(item.stale_at)}")
    print(f"    type {item.type}  points {item.points}  aligned {item.aligned}  class {item.cls}  reopens {len(item.reopens)}"
          f"  blocked now {item.is_blocked}")
    if hasattr(item, "cycle"):
        print(f"    cycle {item.cycle} = active {item.active_time} + wait {item.wait_time} + blocked {item.blocked_time} ms")
    for move in item.moves:
        print(f"    {when(move.time)} {move.before or 'nothing'} -> {move.after} ({move.state})")
    for block in item.blocks:
        print(f"    {when(block.start)} blocked by {block.blocker or 'nobody'} until {when(block.end)}"
              f"{' on ' + block.provider if block.provider else ''}")


def show_value(value):
    names = ("service", "environment", "version", "failed", "recovered", "rework")
    told = [f"{name}={getattr(value, name)}" for name in names if hasattr(value, name)]
    if hasattr(value, "fact"):
        told.append(f"id={value.fact.id}")
    return " ".join(told) or value


def show_scope(world, scope, window):
    bag = world.bags[scope]
    if window not in WINDOWS:
        for item in bag.lists["items"]:
            if item.in_wip or item.in_backlog:
                show_life(item)
        return
    span = world.span(*span_of(window, world.today))
    print(f"{window}: {when(span.begin)} to {when(span.end - 1)}")
    for name in sorted(name for name in bag.lists if name not in ("items", "facts")):
        samples = [sample for sample in bag.lists[name] if isinstance(sample, tuple) and span.holds(sample[0])]
        if samples:
            print(f"{name}: {len(samples)}")
        for time, value in sorted(samples, key=lambda sample: sample[0]):
            if hasattr(value, "moves"):
                print(f"  {when(time)} {value.key[2]} of {value.key[1]}")
            else:
                print(f"  {when(time)} {show_value(value)}")


def main():
    parser = argparse.ArgumentParser(description="Show the samples behind the oracle's numbers.")
    parser.add_argument("-c", "--config")
    parser.add_argument("--at")
    parser.add_argument("--records", action="store_true")
    parser.add_argument("what", help="a scope's id, or an item's name")
    parser.add_argument("window", help="7d … last_quarter, or now; - for an item")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    log = oracle.Log(oracle.Config(open(args.config, encoding="utf-8").read() if args.config else ""))
    for name in args.files:
        with open(name, "rb") as file:
            log.read(file, args.records)
    facts = log.counted()
    at = args.at.strip() if args.at else ""
    now = (int(at) if at.isdigit() else oracle.events.time_of(at)) if at else max(fact.time for fact in facts)
    world = oracle.World(log.config, facts, now)
    if args.what in world.bags:
        show_scope(world, args.what, args.window)
    else:
        for (_, name), lives in sorted(world.items.items()):
            if name == args.what:
                for item in lives:
                    show_life(item)


if __name__ == "__main__":
    main()
