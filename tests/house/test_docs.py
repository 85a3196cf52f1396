"""The pages under docs/ name everything that there is."""

import re
import subprocess
import tempfile
from pathlib import Path

from process import BUILD, ROOT
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


def test_options():
    """docs/config.md names every option, by its section and key"""
    text = page("config.md")
    options = [(entry[0], entry[1].strip('"')) for entry in table_entries("options", "OPTION")]
    missing = [f"{section}.{key}" for section, key in options if f"`{key}`" not in text or (section != "top" and section not in text)]
    assert options, "the table is empty"
    assert not missing, f"docs/config.md does not name: {', '.join(missing)}"
    return f"{len(options)} options"


def test_sample():
    """conf/venturid.conf is what the option table gives, to the byte"""
    packages = "yyjson rdkafka hiredis libevent libevent_openssl openssl libsystemd".split()
    libs = subprocess.run(["pkg-config", "--libs", *packages], capture_output=True, text=True, check=True).stdout.split()
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder) / "sample.c", Path(folder) / "sample"
        source.write_text('#include "daemon/config.h"\nint main(void) { config_print_sample(); return 0; }\n')
        subprocess.run(["cc", "-std=c11", "-I", ROOT / "include", "-I", ROOT / "src", "-o", program, source,
                        BUILD / "libventurid.a", BUILD / "libventuri.a", *libs, "-lm"], check=True)
        printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    sample = (ROOT / "conf/venturid.conf").read_text()
    for number, (got, want) in enumerate(zip(sample.splitlines(), printed.splitlines()), 1):
        assert got == want, f"conf/venturid.conf:{number} is {got!r}, the table gives {want!r}"
    assert sample == printed, "conf/venturid.conf is not as long as what the table gives"
