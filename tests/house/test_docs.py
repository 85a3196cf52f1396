"""The pages under docs/ name everything that there is."""

import re

from process import ROOT
from sources import table_entries


def page(name):
    path = ROOT / "docs" / name
    assert path.exists(), f"there is no docs/{name}"
    return path.read_text()


def must_name(name, words):
    text = page(name)
    missing = [word for word in words if f"`{word}`" not in text]
    assert words, "the table is empty"
    assert not missing, f"docs/{name} does not name: {', '.join(missing)}"
    return f"{len(words)} names"


def test_metrics():
    """docs/metrics.md names every metric"""
    return must_name("metrics.md", [entry[1].strip('"') for entry in table_entries("metrics", "METRIC")])


def test_kinds():
    """docs/events.md names every kind of event"""
    return must_name("events.md", [entry[1].strip('"') for entry in table_entries("kinds", "KIND")])


def test_fields():
    """docs/events.md names every field of an event"""
    return must_name("events.md", [entry[1].strip('"') for entry in table_entries("fields", "FIELD")])


def test_reasons():
    """docs/events.md names every reason for a rejection"""
    header = (ROOT / "include/venturi/reject.h").read_text()
    reasons = [name.lower() for name in re.findall(r"\bREJECT_([A-Z_]+)\b", header)]
    return must_name("events.md", sorted(set(reasons) - {"none", "count"}))
