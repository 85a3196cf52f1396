"""The configuration: a small parser of the format of venturid.conf, and what a fold needs of it."""

import datetime
import re
import zoneinfo
from fractions import Fraction

CLASSES = ("new", "active", "wait", "done", "canceled")
TYPES = ("feature", "defect", "risk", "debt", "other")
RULES = ("repositories", "services", "projects", "sources", "labels")     # in the order in which they are tried

TOKEN = re.compile(r"""
    (?P<skip>\s+|\#[^\n]*|//[^\n]*|/\*.*?\*/)
  | "(?P<double>(?:[^"\\]|\\.)*)"
  | '(?P<single>[^']*)'
  | (?P<mark>\+=|[={},()])
  | (?P<bare>(?:[^\s"'={}(),#/]|/(?![/*]))+)""", re.VERBOSE | re.DOTALL)

LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def lower(text):
    """Any case: the letters A to Z, and no others."""
    return text.translate(LOWER)


class Glob:
    """`*` any run of characters, `/` too; `?` one character; any case."""

    def __init__(self, pattern):
        self.pattern = pattern
        parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in lower(pattern))
        self.regex = re.compile("".join(parts), re.DOTALL)
        self.literals = sum(c not in "*?" for c in pattern)
        self.exact = self.literals == len(pattern)

    def match(self, text):
        return self.regex.fullmatch(lower(text)) is not None


def tokens(text):
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise ValueError(f"line {text.count(chr(10), 0, at) + 1}: not understood")
        at = match.end()
        if match["double"] is not None:
            yield "text", re.sub(r"\\(.)", r"\1", match["double"], flags=re.DOTALL)
        elif match["single"] is not None:
            yield "text", match["single"]
        elif match["bare"] is not None:
            yield "text", match["bare"]
        elif match["mark"] is not None:
            yield "mark", match["mark"]


def parse(text):
    """-> [(name, title or None, value)], where value is a text, a list of texts, or such a list of entries."""
    stream = list(tokens(text))
    at = 0

    def take():
        nonlocal at
        at += 1
        return stream[at - 1]

    def block(closing):
        entries = []
        while at < len(stream):
            what, name = take()
            if (what, name) == ("mark", "}") and closing:
                return entries
            if what != "text":
                raise ValueError(f"a name was expected, not {name}")
            what, mark = take()
            title = None
            if what == "text":
                title = mark
                what, mark = take()
            if mark == "{":
                entries.append((name, title, block(True)))
            elif mark in ("=", "+="):
                entries.append((name, None, value()))
            else:
                raise ValueError(f"{name}: = or {{ was expected")
        if closing:
            raise ValueError("a section is not closed")
        return entries

    def value():
        what, text = take()
        if what == "text":
            return text
        if text != "{":
            raise ValueError("a value was expected")
        items = []
        while True:
            what, text = take()
            if what == "text":
                items.append(text)
            elif text == "}":
                return items
    return block(False)


UNITS = {"ms": 1, "s": 1000, "m": 60000, "h": 3600000, "d": 86400000, "w": 604800000}


def duration(text):
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)", text)
    if not match and text == "0":
        return 0
    return int(Fraction(match[1]) * UNITS[match[2]])


def size(text):
    match = re.fullmatch(r"(\d+)(B|KB|MB|GB)?", text)
    return int(match[1]) * 1024 ** ("B", "KB", "MB", "GB").index(match[2] or "B")


def date(text):
    return datetime.date.fromisoformat(text).toordinal()


class Product:
    def __init__(self, name, entries):
        values = dict((key, value) for key, _, value in entries)
        self.name, self.stream = name, values.get("stream") or None
        self.workflow_name = values.get("workflow", "default")
        self.workflow = None
        self.mode = values.get("mode", "product")
        self.rules = {kind: as_list(values.get(kind, [])) for kind in RULES}
        self.release = values.get("release", "deployment")
        self.change_start = values.get("change_start", "commit")
        self.sle = self.sle_share = None
        if values.get("sle"):
            share, days = re.fullmatch(r"\s*([\d.]+)\s*%\s*within\s*(\S+)\s*", values["sle"]).groups()
            self.sle_share, self.sle = Fraction(share) / 100, duration(days)
        services = self.rules["services"]
        self.one_service = services[0] if len(services) == 1 and not re.search("[*?]", services[0]) else None


class Team:
    def __init__(self, name, entries):
        values = dict((key, value) for key, _, value in entries)
        self.name, self.product = name, values["product"]
        self.rules = {kind: as_list(values.get(kind, [])) for kind in RULES}


def as_list(value):
    return value if isinstance(value, list) else [value]


class Workflow:
    def __init__(self, classes):
        self.classes = {lower(state): name for name in CLASSES for state in classes.get(name, ())}

    def of(self, state):
        """The class of a state, or None where it is unknown."""
        return self.classes.get(lower(state))


DEFAULT_WORKFLOW = {
    "new": ["Open", "To Do", "Backlog"], "active": ["In Progress", "Doing"],
    "wait": ["Ready", "In Review", "Waiting"], "done": ["Done", "Closed", "Resolved"],
    "canceled": ["Canceled", "Won't Do"],
}
DEFAULT_TYPES = {
    "feature": ["feature", "enhancement", "story", "user story", "improvement", "new feature"],
    "defect": ["defect", "bug", "incident"], "risk": ["risk", "security", "compliance", "vulnerability"],
    "debt": ["debt", "tech debt", "technical debt", "refactoring"],
}


class Config:
    def __init__(self, text=""):
        entries = parse(text)
        plain = {name: value for name, title, value in entries if title is None and isinstance(value, (str, list))}
        named = lambda kind: [(title, value) for name, title, value in entries if name == kind]
        get = plain.get
        self.zone_name = get("timezone", "UTC")
        self.zone = zoneinfo.ZoneInfo(self.zone_name)
        self.portfolio = get("portfolio", "portfolio")
        self.max_future_skew = duration(get("max_future_skew", "10m"))
        self.max_lateness = duration(get("max_lateness", "120d"))
        self.settle = duration(get("settle", "90d"))
        self.stale_after = duration(get("stale_after", "400d"))
        self.max_event_size = size(get("max_event_size", "1MB"))
        self.attribution_max_gap = duration(get("attribution_max_gap", "24h"))
        self.canceled_resolutions = frozenset(map(lower, as_list(get(
            "canceled_resolutions", ["canceled", "wontfix", "duplicate", "abandoned"]))))
        self.severities = [lower(s) for s in as_list(get("severities", ["critical", "high", "medium", "low"]))]
        self.min_severity = lower(get("min_severity", ""))
        self.unplanned_labels = [Glob(g) for g in as_list(get("unplanned_labels", ["unplanned", "hotfix"]))]
        self.unplanned_branches = [Glob(g) for g in as_list(get("unplanned_branches", ["hotfix/*"]))]
        self.ignore_sources = [Glob(g) for g in as_list(get("ignore_sources", []))]
        environments = dict(pair for _, value in named("environments") for pair in ((k, v) for k, _, v in value))
        self.production = [Glob(g) for g in as_list(
            environments.get("production", ["prod", "prod-*", "production", "live"]))]
        types = dict(DEFAULT_TYPES)
        for _, value in named("types"):
            types.update((key, as_list(names)) for key, _, names in value)
        self.types = {lower(name): kind for kind in types for name in types[kind]}
        workflows = {"default": dict(DEFAULT_WORKFLOW)}
        for title, value in named("workflow"):
            classes = workflows.setdefault(title, {})
            classes.update((key, as_list(states)) for key, _, states in value)
        self.workflows = {title: Workflow(classes) for title, classes in workflows.items()}
        self.products = {title: Product(title, value) for title, value in named("product")}
        for product in self.products.values():
            product.workflow = self.workflows[product.workflow_name]
        self.teams = {title: Team(title, value) for title, value in named("team")}
        self.baselines = {}
        for title, value in named("baseline"):
            dates = {key: text for key, _, text in value}
            self.baselines[title] = date(dates["from"]), date(dates["to"])

    def workflow_of(self, product):
        """The workflow of a product by name; `unmapped` has the default one."""
        found = self.products.get(product)
        return found.workflow if found else self.workflows["default"]

    def ignored(self, source):
        return any(glob.match(source) for glob in self.ignore_sources)

    def is_production(self, environment):
        return environment is not None and any(glob.match(environment) for glob in self.production)

    def type_of(self, name):
        return self.types.get(lower(name), "other") if name is not None else "other"

    def resolution_cancels(self, resolution):
        return resolution is not None and lower(resolution) in self.canceled_resolutions
