"""Headers are complete, and the sources keep to the house style where a machine can tell."""

import re
import subprocess

from process import ROOT
from sources import relative, sources

WIDEST = 100


def compiles(header):
    """A file that includes it alone, and twice."""
    name = header.relative_to(ROOT / ("include" if header.is_relative_to(ROOT / "include") else "src"))
    flags = subprocess.run(["pkg-config", "--cflags", "yyjson", "rdkafka", "hiredis", "libevent"],
                           capture_output=True, text=True, check=True).stdout.split()
    text = f'#include "{name}"\n#include "{name}"\n'
    made = subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-Iinclude", "-Isrc",
                           *flags, "-x", "c", "-"], input=text, capture_output=True, text=True, cwd=ROOT, check=False)
    return made.stderr if made.returncode else None


def test_headers_alone():
    """Every header compiles alone, and twice"""
    headers = sources("include/venturi/*.h", "src/*/*.h")
    faults = [f"{relative(header)}: {why}" for header in headers if (why := compiles(header))]
    assert not faults, "\n".join(faults)
    return f"{len(headers)} headers"


def test_layout():
    """No line is wider than 100 columns, none ends in blanks, none is indented by spaces"""
    faults = []
    for path in sources("src/*/*.[ch]", "include/venturi/*.[hd]*", "tests/unit/*.[ch]", "tests/tools/*.c"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if path.suffix != ".def" and len(line.expandtabs(8)) > WIDEST:
                faults.append(f"{relative(path)}:{number}: {len(line.expandtabs(8))} columns")
            if line != line.rstrip():
                faults.append(f"{relative(path)}:{number}: ends in blanks")
            if re.match(r" {8}", line):
                faults.append(f"{relative(path)}:{number}: indented by spaces")
    assert not faults, "\n".join(faults)


def test_structs():
    """A struct is called a struct: none hides behind a typedef"""
    faults = [f"{relative(path)}: {found}" for path in sources("src/*/*.[ch]", "include/venturi/*.h")
              for found in re.findall(r"^typedef\s+(?:struct|enum|union)\b.*", path.read_text(), flags=re.M)]
    assert not faults, "\n".join(faults)
