"""From the bytes of a record to the facts that it becomes, or the reason why it becomes none.

Written from docs of the wire forms alone. The first failing check names the reason, in the order: too_large,
malformed (JSON, form, id, source, version), unknown_type or unused, no_time, no_subject, malformed (the rest).
Numbers are kept exactly: integers of a millionth; times are integer milliseconds since the epoch, UTC.
"""

import datetime
import json
import re
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

# The order of this tuple is the kind rank.
KINDS = (
    "item.created", "item.state", "item.typed", "item.moved", "item.blocked", "item.unblocked", "item.closed",
    "change.opened", "change.reviewed", "change.merged", "change.abandoned", "artifact.published",
    "deploy.done", "deploy.failed", "deploy.rolledback", "release.published",
    "incident.detected", "incident.reported", "incident.resolved",
    "outcome.measured", "cost.recorded", "funding.allocated", "dependency.raised", "dependency.resolved",
    "risk.assessed", "risk.closed",
)
RANK = {kind: rank for rank, kind in enumerate(KINDS)}

# kind family -> the field that names the subject
SUBJECT = {"item": "item", "change": "change", "artifact": "artifact", "deploy": "service", "release": "service",
           "incident": "incident", "outcome": "key_result", "cost": None, "funding": None,
           "dependency": "dependency", "risk": "risk"}
REQUIRED = {
    "item.state": ("to",), "item.typed": ("type",), "item.moved": ("product",), "release.published": ("version",),
    "outcome.measured": ("value",), "cost.recorded": ("amount", "currency", "period"),
    "funding.allocated": ("amount", "currency", "quarter"), "dependency.raised": ("item", "provider"),
    "risk.assessed": ("probability", "impact"),
}
TEXTS = frozenset(
    "item change artifact service product incident key_result dependency risk to from type priority creator project "
    "objective blocker_id reason provider resolution repository revision environment version deployment_id branch "
    "severity cause ticket currency period quarter subject_source".split())
NUMBERS = frozenset("value_points value baseline target amount probability impact".split())
TIMES = frozenset(("created_at", "first_commit_time"))
LISTS = frozenset(("labels", "changes"))
KNOWN = TEXTS | NUMBERS | TIMES | LISTS | {"unplanned"}
# What a kind carries, by its family; of the rest of the known fields only the type is judged.
EVERY = "product repository service project labels item subject_source".split()
CARRIED = {family: frozenset(EVERY + own.split()) for family, own in {
    "item": "to from type priority creator objective value_points created_at blocker_id reason provider resolution",
    "change": "change revision first_commit_time", "artifact": "artifact change revision",
    "deploy": "environment version revision artifact deployment_id changes branch unplanned",
    "release": "version revision", "incident": "incident environment severity cause ticket artifact",
    "outcome": "key_result value baseline target", "cost": "amount currency period",
    "funding": "amount currency quarter", "dependency": "dependency provider", "risk": "risk probability impact",
}.items()}

# CDEvents: (subject, predicate) -> kind. What is not here and not below is of an unknown type.
CDEVENTS = {
    ("ticket", "created"): "item.created", ("ticket", "updated"): "item.typed", ("ticket", "closed"): "item.closed",
    ("change", "created"): "change.opened", ("change", "reviewed"): "change.reviewed",
    ("change", "merged"): "change.merged", ("change", "abandoned"): "change.abandoned",
    ("artifact", "packaged"): "artifact.published", ("artifact", "published"): "artifact.published",
    ("service", "deployed"): "deploy.done", ("service", "upgraded"): "deploy.done",
    ("service", "rolledback"): "deploy.rolledback",
    ("incident", "detected"): "incident.detected", ("incident", "reported"): "incident.reported",
    ("incident", "resolved"): "incident.resolved",
}
CDEVENTSX = {
    ("item", "transitioned"): "item.state", ("item", "blocked"): "item.blocked",
    ("item", "unblocked"): "item.unblocked", ("deploy", "failed"): "deploy.failed",
    ("release", "published"): "release.published", ("outcome", "measured"): "outcome.measured",
    ("cost", "recorded"): "cost.recorded", ("funding", "allocated"): "funding.allocated",
    ("dependency", "raised"): "dependency.raised", ("dependency", "resolved"): "dependency.resolved",
    ("risk", "assessed"): "risk.assessed", ("risk", "closed"): "risk.closed",
}
UNUSED_SUBJECTS = re.compile(r"pipelinerun|taskrun|build|test.*|repository|branch|environment")
UNUSED = {("service", "removed"), ("service", "published"), ("change", "updated"), ("artifact", "signed"),
          ("artifact", "downloaded"), ("artifact", "deleted")}
# family -> ((path in subject.content), native name)
CONTENT = {
    "item": ((("ticketType",), "type"), (("labels",), "labels"), (("priority",), "priority"),
             (("creator",), "creator"), (("group",), "project"), (("resolution",), "resolution")),
    "change": ((("repository", "id"), "repository"),),
    "artifact": ((("change", "id"), "change"),),
    "deploy": ((("environment", "id"), "environment"), (("artifactId",), "artifact")),
    "incident": ((("environment", "id"), "environment"), (("artifactId",), "artifact"),
                 (("service", "id"), "service"), (("ticketURI",), "ticket")),
}

MILLION = 10 ** 6
LARGEST = 10 ** 12 * MILLION
LAST_TIME = 253402300799999             # the last millisecond of the year 9999
DAYS_OF_A_PERIOD = 1830
RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))",
                     re.ASCII)
EPOCH = datetime.date(1970, 1, 1).toordinal()
EXACTLY = Context(prec=60)


class Rejected(Exception):
    """The record yields no fact; the argument is the reason."""


class Fact:
    """One normalised delivery event. `name` is the subject's, `fields` hold the native fields that it carries."""
    __slots__ = ("kind", "rank", "time", "source", "id", "sequence", "subject_source", "name", "fields")

    def __init__(self, kind, time, source, id, sequence, subject_source, name, fields):
        self.kind, self.rank, self.time, self.source, self.id = kind, RANK[kind], time, source, id
        self.sequence, self.subject_source, self.name, self.fields = sequence, subject_source, name, fields

    def get(self, field):
        return self.fields.get(field)

    @property
    def family(self):
        return self.kind.partition(".")[0]

    def subject(self):
        """What the fact is about: a service is known by its name alone, all else by source and name."""
        family = self.family
        if family == "deploy" or family == "release":
            return ("service", "", self.name) if self.name is not None else ("release", "", self.fields["product"])
        return family, self.subject_source, self.name or ""

    def identity(self):
        return self.subject(), self.source, self.id, self.kind

    def content(self):
        return self.time, self.sequence, self.subject_source, self.fields

    def order(self):
        return (self.time, self.rank, sequence_key(self.sequence), self.source.encode(), self.id.encode())


def sequence_key(sequence):
    """One with before without; decimal ones first, by value (any number of digits); then the others as bytes."""
    if sequence is None:
        return 2, 0, b""
    if re.fullmatch("[0-9]+", sequence):
        digits = sequence.lstrip("0")
        return 0, len(digits), digits.encode()
    return 1, 0, sequence.encode()


# ---- JSON, strictly

class Number(str):
    """A number with a fraction or an exponent, as it was written."""


def unique(pairs):
    obj = dict(pairs)
    if len(obj) != len(pairs):
        raise ValueError("a key twice")
    return obj


def refuse(_):
    raise ValueError("no number of JSON")


DECODER = json.JSONDecoder(object_pairs_hook=unique, parse_float=Number, parse_constant=refuse)
BLANK = " \t\r\n"


def parse_json(record):
    """The value in a record; ValueError where it is no JSON, or says a key twice in any object."""
    if record[:1] == b"\0" and len(record) >= 5:        # Confluent framing: magic byte and schema id
        record = record[5:]
    text = record.decode("utf-8")
    try:
        value = DECODER.decode(text.strip(BLANK))
    except RecursionError as why:
        raise ValueError("too deep") from why
    if "\\u" in text:                                   # half a surrogate pair is no text
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


# ---- single values: None is absent, ValueError is of the wrong type

def text_of(value):
    if value is None or value == "" and type(value) is str:
        return None
    if type(value) is not str:
        raise ValueError("no text")
    return value


def number_of(value, probability=False):
    """-> millionths, rounded half away from zero."""
    if value is None or value == "" and type(value) is str:
        return None
    if type(value) is int:
        millionths = value * MILLION
    elif type(value) is Number:
        try:
            exact = Decimal(value)
            if exact and exact.adjusted() > 20:
                raise ValueError("too great")
            if exact and exact.adjusted() < -20:
                exact = Decimal(0)
            millionths = int(exact.scaleb(6, EXACTLY_OF(exact)).to_integral_value(ROUND_HALF_UP, EXACTLY_OF(exact)))
        except InvalidOperation as why:
            raise ValueError("no number") from why
    else:
        raise ValueError("no number")
    if abs(millionths) > LARGEST or probability and not 0 <= millionths <= MILLION:
        raise ValueError("out of range")
    return millionths


def EXACTLY_OF(value):
    """A context that keeps every digit of a value."""
    digits = len(value.as_tuple().digits)
    return EXACTLY if digits <= 40 else Context(prec=digits + 20)


def time_of(value):
    """RFC 3339 with a zone, or integer milliseconds -> milliseconds."""
    if value is None or value == "" and type(value) is str:
        return None
    if type(value) is int:
        ms = value
    elif type(value) is str:
        match = RFC3339.fullmatch(value)
        if not match:
            raise ValueError("no time")
        year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
        days = datetime.date(year, month, day).toordinal() - EPOCH      # ValueError for 30 February
        if hour > 23 or minute > 59 or second > 60:
            raise ValueError("no time of day")
        fraction = int((match.group(7) or "0")[:3].ljust(3, "0")) if second < 60 else 0
        ms = ((days * 24 + hour) * 60 + minute) * 60000 + second * 1000 + fraction
        if match.group(8):
            if int(match.group(9)) > 23 or int(match.group(10)) > 59:
                raise ValueError("no zone")
            shift = (int(match.group(9)) * 60 + int(match.group(10))) * 60000
            ms += shift if match.group(8) == "-" else -shift
    else:
        raise ValueError("no time")
    if not 0 <= ms <= LAST_TIME:
        raise ValueError("not from 1970 to 9999")
    return ms


def list_of(value):
    if value is None or value == "" and type(value) is str:
        return None
    if type(value) is not list:
        raise ValueError("no list")
    return tuple(text for text in map(text_of, value) if text is not None)


def flag_of(value):
    if value is None or value == "" and type(value) is str:
        return None
    if type(value) is not bool:
        raise ValueError("neither true nor false")
    return value


def field_of(name, value):
    if name in TEXTS:
        return text_of(value)
    if name in NUMBERS:
        return number_of(value, name == "probability")
    if name in TIMES:
        return time_of(value)
    if name in LISTS:
        return list_of(value)
    return flag_of(value)


# ---- periods of money

def date_of(text):
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise ValueError("no date")
    return datetime.date.fromisoformat(text).toordinal()


def period_of(text):
    """-> (first day, last day), as proleptic ordinals."""
    if "/" in text:
        first, last = (date_of(part) for part in text.split("/", 1))
    elif re.fullmatch(r"\d{4}-Q[1-4]", text, re.ASCII):
        first, last = quarter_of(text)
    elif re.fullmatch(r"\d{4}-\d\d", text, re.ASCII):
        first, last = months_of(int(text[:4]), int(text[5:]), 1)
    else:
        first = last = date_of(text)
    if not first <= last < first + DAYS_OF_A_PERIOD or first < EPOCH:
        raise ValueError("no period")
    return first, last


def quarter_of(text):
    if not re.fullmatch(r"\d{4}-Q[1-4]", text, re.ASCII):
        raise ValueError("no quarter")
    return months_of(int(text[:4]), 3 * int(text[6]) - 2, 3)


def months_of(year, month, months):
    first = datetime.date(year, month, 1).toordinal()
    after = month + months
    end = datetime.date(year + (after > 12), after - 12 * (after > 12), 1) if (year, after) < (9999, 13) else None
    return first, (end.toordinal() if end else datetime.date(9999, 12, 31).toordinal() + 1) - 1


# ---- forms

def present(value):
    return value is not None and value != ""


def head_text(obj, name):
    """A text that must be there."""
    try:
        text = text_of(obj.get(name))
    except ValueError:
        text = None
    if text is None:
        raise Rejected("malformed")
    return text


def head_time(value):
    try:
        ms = time_of(value)
    except ValueError:
        ms = None
    if ms is None:
        raise Rejected("no_time")
    return ms


def facts_of(record, max_size=None):
    """The facts of a record (bytes), or Rejected."""
    if max_size is not None and len(record) > max_size:
        raise Rejected("too_large")
    try:
        obj = parse_json(record)
    except (ValueError, UnicodeError) as why:
        raise Rejected("malformed") from why
    if type(obj) is not dict:
        raise Rejected("malformed")
    version = obj.get("specversion")
    if type(version) is str and version.startswith("1."):
        return from_cloudevent(obj)
    return from_plain(obj, None, "malformed")


def from_cloudevent(obj):
    data = obj.get("data")
    if not present(data):
        raise Rejected("malformed")
    if type(data) is not dict:
        raise Rejected("unknown_type")
    sequence = obj.get("sequence")
    if type(sequence) is int:
        sequence = str(sequence)
    elif not (sequence is None or type(sequence) is str and type(sequence) is not Number):
        raise Rejected("malformed")
    return from_plain(data, sequence or None, "unknown_type")


def from_plain(obj, sequence, otherwise):
    if "context" in obj and "subject" in obj:
        return from_cdevent(obj, sequence)
    if present(obj.get("venturi")):
        return from_native(obj, sequence)
    raise Rejected(otherwise)


def from_native(obj, sequence):
    if type(obj["venturi"]) is not int or obj["venturi"] != 1:
        raise Rejected("malformed")
    id, source, kind = (head_text(obj, name) for name in ("id", "source", "kind"))
    if kind not in RANK:
        raise Rejected("unknown_type")
    time = head_time(obj.get("time"))
    named = SUBJECT[kind.partition(".")[0]]
    if named and not present(obj.get(named)) and not (kind == "release.published" and present(obj.get("product"))):
        raise Rejected("no_subject")
    fields = {}
    for name, value in obj.items():
        if name in KNOWN:
            try:
                value = field_of(name, value)
            except (ValueError, OverflowError) as why:
                raise Rejected("malformed") from why
            if value is not None:
                fields[name] = value
    return [finish(kind, time, source, id, sequence, source, fields.get(named), fields)]


def from_cdevent(obj, sequence):
    context, subject = obj["context"], obj["subject"]
    if type(context) is not dict or type(subject) is not dict:
        raise Rejected("malformed")
    id, source, kind = (head_text(context, name) for name in ("id", "source", "type"))
    version = context.get("version") if present(context.get("version")) else context.get("specversion")
    if type(version) is not str or not re.match(r"0\.[3456](\.|$)", version):
        raise Rejected("malformed")
    kind, ours = kind_of_cdevent(kind)
    time = head_time(context.get("timestamp"))
    custom = obj.get("customData")
    custom = custom if type(custom) is dict else {}
    name = subject.get("id") if present(subject.get("id")) else None
    if SUBJECT[kind.partition(".")[0]]:
        if name is None and not (kind == "release.published" and present(custom.get("product"))):
            raise Rejected("no_subject")
        if type(name) not in (str, type(None)):
            raise Rejected("malformed")
    fields = cdevent_fields(kind, subject, custom, ours)
    try:
        subject_source = text_of(subject.get("source"))
    except ValueError as why:
        raise Rejected("malformed") from why
    if subject_source:
        fields["subject_source"] = subject_source
    named = SUBJECT[kind.partition(".")[0]]
    if named and name is not None:
        fields[named] = name
    if not named:
        name = None
    facts = []
    status = custom.get("status")
    if kind == "item.typed":                            # ticket.updated: up to three facts
        if type(status) is str and status:
            facts.append(("item.state", {**fields, "to": status}))
        facts.append((kind, fields))
        if "product" in fields:
            facts.append(("item.moved", fields))
        return [make(k, time, source, id, sequence, source, name, f) for k, f in facts]
    return [finish(kind, time, source, id, sequence, source, name, fields)]


def kind_of_cdevent(type_name):
    """-> (kind, whether the type is one of Venturi's own), or Rejected."""
    parts = type_name.split(".")
    if len(parts) >= 4 and parts[0] == "dev" and parts[1] == "cdevents":
        pair = parts[2], parts[3]
        if pair in CDEVENTS:
            return CDEVENTS[pair], False
        if pair in UNUSED or UNUSED_SUBJECTS.fullmatch(parts[2]):
            raise Rejected("unused")
    elif len(parts) >= 4 and parts[0] == "dev" and parts[1] == "cdeventsx":
        tool, dash, subject = parts[2].partition("-")
        if tool != "venturi" and dash:
            raise Rejected("unused")
        if (subject, parts[3]) in CDEVENTSX:
            return CDEVENTSX[subject, parts[3]], True
    raise Rejected("unknown_type")


def cdevent_fields(kind, subject, custom, ours):
    """The content by its paths, completed by customData under the native names."""
    fields = {}
    content = subject.get("content")
    for path, name in CONTENT.get(kind.partition(".")[0], ()):
        value = content
        for step in path:
            value = value.get(step) if type(value) is dict else None
        keep(fields, name, value, False)
    artifact = fields.get("artifact") if kind in ("incident.detected", "incident.reported") else None
    for name, value in custom.items():
        if name in KNOWN and name not in fields:
            keep(fields, name, value, ours)
    if artifact and "cause" not in fields:
        fields["cause"] = artifact
    return fields


def keep(fields, name, value, ours):
    """A field of a wrong type is malformed in our own events, absent in those of others."""
    try:
        value = field_of(name, value)
    except (ValueError, OverflowError) as why:
        if ours:
            raise Rejected("malformed") from why
        return
    if value is not None:
        fields[name] = value


def finish(kind, time, source, id, sequence, subject_source, name, fields):
    if any(name not in fields for name in REQUIRED.get(kind, ())):
        raise Rejected("malformed")
    try:
        if kind == "cost.recorded":
            period_of(fields["period"])
        elif kind == "funding.allocated":
            quarter_of(fields["quarter"])
    except ValueError as why:
        raise Rejected("malformed") from why
    return make(kind, time, source, id, sequence, subject_source, name, fields)


def make(kind, time, source, id, sequence, subject_source, name, fields):
    subject_source = fields.get("subject_source", subject_source)
    carried = CARRIED[kind.partition(".")[0]]
    fields = {field: value for field, value in fields.items() if field in carried and field != "subject_source"}
    return Fact(kind, time, source, id, sequence, subject_source, name, fields)
