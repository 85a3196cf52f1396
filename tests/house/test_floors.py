"""The floors of docs/architecture.md, proved from the objects and from the includes."""

import re
import subprocess
import tempfile
from pathlib import Path

from process import ROOT
from sources import FLOORS, folder_floor, objects, relative, sources, symbols

# All that core and codec may ask of the world: memory, bytes, numbers, and text into a buffer.
ALLOWED = re.compile(r"""^(
    malloc|calloc|realloc|reallocarray|free
    |mem\w+|str(len|nlen|cmp|ncmp|chr|rchr|cpy|ncpy|dup|ndup|spn|cspn|str|casecmp|ncasecmp|to(l|ul|ll|ull|d)|pbrk)|__isoc\d+_strto\w+
    |v?snprintf|qsort|qsort_r|bsearch|abs|labs|llabs
    |floor|ceil|round|llround|lround|rint|nearbyint|trunc|fabs|sqrt|pow|exp|exp2|log|log2|log10|ldexp|frexp|fmod|modf|fmin|fmax|nan|lgamma_r|erfc?
    |__(mem\w+|str\w+|v?snprintf)_chk|__ctype_\w+|tolower|toupper|isalnum|isdigit|isspace
    |__assert_fail|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__(u?div|u?mod|mul|float|fix|pop|clz|ctz)\w*[sdt]i\w*
)$""", re.X)
JSON = re.compile(r"^yyjson_")

PURE_HEADERS = re.compile(r"^(assert|errno|float|inttypes|limits|math|stdarg|stdbool|stddef|stdint|stdio|stdlib|string|strings|sysexits|stdalign|ctype)\.h$|^xxhash\.h$")
NEIGHBOURS = re.compile(r"^(librdkafka/|hiredis|event2/http|event2/keyvalq)")


def forbidden(object_path, own, codec):
    return {symbol for symbol in symbols(object_path, "-u")
            if symbol not in own and not ALLOWED.match(symbol) and not (codec and JSON.match(symbol))}


def check_folder(folder, below):
    paths = objects(folder)
    assert paths, f"no objects of src/{folder}: make them first"
    own = set()
    for path in paths + [path for name in below for path in objects(name)]:
        own |= symbols(path, "--defined-only")
    faults = [f"{path.name} needs {symbol}" for path in paths for symbol in sorted(forbidden(path, own, folder == "codec"))]
    assert not faults, "\n".join(faults)
    return f"{len(paths)} objects"


def test_core():
    """The core asks nothing of the world but memory and arithmetic"""
    return check_folder("core", ())


def test_codec():
    """The codec asks nothing of the world but memory, arithmetic and a JSON parser"""
    return check_folder("codec", ("core",))


def test_can_fail():
    """An object that looks at the clock would be caught"""
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "peek.c", Path(folder) / "peek.o"
        source.write_text("#include <time.h>\n#include <stdio.h>\nvoid peek(void) { printf(\"%ld\", (long)time(NULL)); }\n")
        subprocess.run(["cc", "-c", "-o", made, source], check=True)
        caught = forbidden(made, set(), False)
    assert caught >= {"time", "printf"}, caught


def includes(path):
    """[(header, whether it is one of ours)]"""
    found = re.findall(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', path.read_text(), flags=re.M)
    return [(name, quote == '"') for quote, name in found]


def fault_of(path, header, ours):
    folder = path.parent.name if path.is_relative_to(ROOT / "src") else "core"
    if ours:
        above = header.split("/")[0] if "/" in header else folder
        if above == "venturi":
            if folder == "io" and re.search(r"venturi/(metric|fold|rule)", header):
                return "io names no metrics and no rules"
            return None
        if above not in FLOORS and above != "cli":
            return "no such floor"
        return "from a floor above" if folder_floor(above) > folder_floor(folder) else None
    if folder in ("core", "codec"):
        if not (PURE_HEADERS.match(header) or (folder == "codec" and header == "yyjson.h")):
            return "nothing of the world in here"
    elif folder in ("daemon", "cli") and NEIGHBOURS.match(header):
        return "only io names its neighbours"
    return None


def test_includes():
    """A file includes only from its own floor and from below"""
    files = sources("src/*/*.[ch]", "include/venturi/*.h")
    faults = [f"{relative(path)} includes {header}: {fault}" for path in files for header, ours in includes(path)
              if (fault := fault_of(path, header, ours))]
    assert not faults, "\n".join(faults)
    return f"{len(files)} files"
