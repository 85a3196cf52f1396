#!/usr/bin/env python3
"""What each line of a file becomes, in the same JSON as `venturi check-events --format json`, without the why.

    facts.py FILE…                  print it
    facts.py --check GOT FILE       compare with what the program printed for the same file; 0, 1, or 2 for nothing
"""

import json
import sys

import events


def lines_of(path):
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip(b"\n")
            if line.strip(b" \t\r"):
                yield number, line


def told(number, line):
    try:
        facts = events.facts_of(line, 1024 * 1024)
    except events.Rejected as why:
        return {"line": number, "rejected": str(why)}
    return {"line": number, "facts": [shown(fact) for fact in facts]}


def shown(fact):
    head = {"kind": fact.kind, "time": fact.time, "source": fact.source, "id": fact.id,
            "subject_source": fact.subject_source}
    if fact.sequence is not None:
        head["sequence"] = fact.sequence
    for name, value in fact.fields.items():
        head[name] = value / events.MILLION if name in events.NUMBERS else list(value) if type(value) is tuple else value
    return head


def same(got, want):
    if isinstance(want, dict):
        return isinstance(got, dict) and got.keys() == want.keys() and all(same(got[key], want[key]) for key in want)
    if isinstance(want, float):
        return isinstance(got, (int, float)) and abs(got - want) <= 1e-12 * abs(want)
    return got == want


def check(got_path, path):
    with open(got_path, encoding="utf-8") as file:
        got = {row["line"]: row for row in map(json.loads, file)}
    compared = different = 0
    for number, line in lines_of(path):
        want, row = told(number, line), got.get(number, {})
        row.pop("why", None)
        compared += 1
        if not (row.keys() == want.keys() and row.get("rejected") == want.get("rejected")
                and len(row.get("facts", ())) == len(want.get("facts", ()))
                and all(map(same, row.get("facts", ()), want.get("facts", ())))):
            different += 1
            if different <= 10:
                print(f"{line[:300].decode(errors='replace')}\n    got  {row}\n    want {want}")
    print(f"{compared} lines compared, {different} different")
    return 1 if different else 0 if compared else 2


def main(argv):
    if argv[:1] == ["--check"]:
        return check(argv[1], argv[2])
    for path in argv:
        for number, line in lines_of(path):
            print(json.dumps(told(number, line), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
