#!/usr/bin/env python3
"""Compares two results of replay, field by field.

    compare.py GOT.json WANT.json [--only REGEX] [--not REGEX] [--scope REGEX] [--subset] [--common] [--no-rejected]
               [--shown N]

A field is (scope, window or table row, metric). What the definitions promise is what is asked for: quantiles (and the
greatest cycle time, which is read from the same sketch) to 1 % and 1 ms, their changes against a baseline to what two
such errors make; counts, days, signals and all else that is an integer exactly; the rest to one in a million (and
seconds to the half millisecond that publishing three decimals costs). null equals null alone. A field on one side
only is a difference, unless --subset, which lets GOT have what WANT has not, or --common, which looks at nothing but
metrics that both know somewhere. A reason of rejection that is not named is 0.
Exit status: 0 all equal, 1 not, 2 nothing compared.
"""

import argparse
import json
import re
import sys

INTEGERS = re.compile(r"(_items|_days|_count|_n|_ms|_signal|^flow_stable|^new|^active|^wait|^done|^canceled)$")
QUANTILES = re.compile(r"_p\d\d_|^cycle_time_max_")
ABSENT = object()


def flatten(result):
    """-> {(scope, place, metric): value}"""
    flat = {("", "", "now_ms"): result.get("now_ms", ABSENT)}
    for reason, count in result.get("rejected", {}).items():
        flat["", "rejected", reason + "_count"] = count
    for scope, windows in result.get("scopes", {}).items():
        for window, metrics in windows.items():
            for metric, value in metrics.items():
                flat[scope, window, metric] = value
    for scope, windows in result.get("stages", {}).items():
        for window, states in windows.items():
            for state, row in states.items():
                for metric, value in row.items():
                    flat[scope, f"stages {window} {state}", metric] = value
    for scope, days in result.get("cfd", {}).items():
        for day, row in days.items():
            for cls, value in row.items():
                flat[scope, f"cfd {day}", cls] = value
    for scope, baselines in result.get("compare", {}).items():
        for baseline, windows in baselines.items():
            for window, row in windows.items():
                for metric, value in row.items():
                    flat[scope, f"compare {baseline} {window}", metric] = value
    for row in result.get("dependencies", []):
        for metric in row.keys() - {"consumer", "provider"}:
            flat[row["consumer"], f"dependencies {row['provider']}", metric] = row[metric]
    return {field: None if value == "nan" or value != value else value for field, value in flat.items()}


def allowed(metric, want):
    if INTEGERS.search(metric):
        return 0
    if QUANTILES.search(metric):
        return 0.0205 * (1 + abs(want)) if metric.endswith("_change_ratio") else 0.01 * abs(want) + 0.001
    return 1e-6 * abs(want) + (0.00051 if metric.endswith("_seconds") else 1e-9)


def agree(metric, got, want):
    if got is None or want is None:
        return got is want
    if isinstance(got, bool) or not isinstance(got, (int, float)) or not isinstance(want, (int, float)):
        return False
    return abs(got - want) <= allowed(metric, want) * (1 + 1e-9)


def main(argv=None):
    parser = argparse.ArgumentParser(description="Compare two results of replay, field by field.")
    parser.add_argument("got")
    parser.add_argument("want")
    parser.add_argument("--only", metavar="REGEX", help="only metrics whose name matches")
    parser.add_argument("--not", dest="but", metavar="REGEX", help="no metrics whose name matches")
    parser.add_argument("--scope", metavar="REGEX", help="only scopes whose id matches")
    parser.add_argument("--subset", action="store_true", help="a field that WANT lacks is no difference")
    parser.add_argument("--common", action="store_true", help="only metrics that are somewhere in both")
    parser.add_argument("--no-rejected", action="store_true", help="leave out what counts the traffic, not the set")
    parser.add_argument("--shown", type=int, default=20, help="how many differences to print")
    args = parser.parse_args(argv)
    try:
        with open(args.got, encoding="utf-8") as got, open(args.want, encoding="utf-8") as want:
            got, want = flatten(json.load(got)), flatten(json.load(want))
    except (OSError, ValueError, AttributeError, TypeError) as why:
        print(f"compare: {why}", file=sys.stderr)
        return 2
    named = lambda flat: {(place.split(" ")[0] if " " in place else "", metric) for _, place, metric in flat}
    common = named(got) & named(want)
    compared, different = 0, []
    for field in sorted({*got, *want}):
        scope, place, metric = field
        if (args.only and not re.search(args.only, metric) or args.but and re.search(args.but, metric)
                or args.scope and not re.search(args.scope, scope)
                or args.common and (place.split(" ")[0] if " " in place else "", metric) not in common
                and place != "rejected" or place == "rejected" and args.no_rejected or args.subset and field not in want):
            continue
        nothing = 0 if place == "rejected" else ABSENT
        a, b = got.get(field, nothing), want.get(field, nothing)
        compared += a is not ABSENT and b is not ABSENT
        if a is ABSENT or b is ABSENT or not agree(metric, a, b):
            different.append((field, a, b))
    show = lambda value: "(absent)" if value is ABSENT else value
    for (scope, place, metric), a, b in different[:args.shown]:
        print(f"{scope or '-'} {place or '-'} {metric}: got {show(a)}, want {show(b)}")
    if len(different) > args.shown:
        print(f"... and {len(different) - args.shown} more")
    print(f"{compared} fields compared, {len(different)} different")
    return 1 if different else 0 if compared else 2


if __name__ == "__main__":
    sys.exit(main())
