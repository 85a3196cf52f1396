"""What the tests of the house look at."""

import re
import subprocess

from process import BUILD, ROOT

FLOORS = ("core", "codec", "io", "daemon")      # from below; the command line is on the daemon's


def folder_floor(folder):
    return FLOORS.index("daemon" if folder == "cli" else folder)


def sources(*patterns):
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


def relative(path):
    return path.relative_to(ROOT)


def table_entries(name, macro):
    """The arguments of each line MACRO(…) of a table."""
    (path,) = sources(f"include/venturi/{name}.def", f"src/*/{name}.def")
    text = path.read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return [re.findall(r'"[^"]*"|[^,\s][^,]*', found) for found in re.findall(rf"^{macro}\((.*)\)$", text, flags=re.M)]


def symbols(path, *flags):
    out = subprocess.run(["nm", *flags, str(path)], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1] for line in out.splitlines() if line.strip() and not line.endswith(":")}


def objects(folder):
    found = sorted((BUILD / "src" / folder).glob("*.o"))
    wanted = {path.stem for path in ROOT.glob(f"src/{folder}/*.c")}
    return [path for path in found if path.stem in wanted]
