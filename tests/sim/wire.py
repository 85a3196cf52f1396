"""From a native fact to the bytes that some collector would send: all wire forms, and all ways to be broken."""

import datetime
import json
import re

EPOCH = datetime.datetime(1970, 1, 1)
ZONES = ("Z", "Z", "Z", "+05:30", "-08:00", "+01:00", "-00:00", "z")
VERSIONS = ({"version": "0.3.0"}, {"version": "0.4.1"}, {"specversion": "0.5.1"}, {"specversion": "0.6.0-draft"})

CDEVENT = {"item.created": "ticket.created", "item.typed": "ticket.updated", "item.moved": "ticket.updated",
           "item.closed": "ticket.closed", "change.opened": "change.created", "change.reviewed": "change.reviewed",
           "change.merged": "change.merged", "change.abandoned": "change.abandoned",
           "artifact.published": "artifact.published", "deploy.done": "service.deployed",
           "deploy.rolledback": "service.rolledback", "incident.detected": "incident.detected",
           "incident.reported": "incident.reported", "incident.resolved": "incident.resolved"}
SUBJECT = {"item": "item", "change": "change", "artifact": "artifact", "deploy": "service", "release": "service",
           "incident": "incident", "outcome": "key_result", "dependency": "dependency", "risk": "risk"}
CONTENT = {"item": {"type": "ticketType", "labels": "labels", "priority": "priority", "creator": "creator",
                    "project": "group", "resolution": "resolution"},
           "change": {"repository": "repository.id"}, "artifact": {"change": "change.id"},
           "deploy": {"environment": "environment.id", "artifact": "artifactId"},
           "incident": {"environment": "environment.id", "service": "service.id", "ticket": "ticketURI"}}
LINKS = {"chainId": "4c8cb7dd-3448-41de-8768-eec704e2829b",
         "links": [{"linkType": "END", "from": {"contextId": "5328c37f-bb7e-4bb7-84ea-9f5f85e4a7ce"}}]}


def stamp(dice, ms):
    """RFC 3339 in some zone, with some number of digits."""
    zone = dice.pick(ZONES)
    shift = 0
    if len(zone) > 1:
        shift = int(zone[1:3]) * 60 + int(zone[4:])
        shift = -shift if zone[0] == "-" else shift
    local = EPOCH + datetime.timedelta(milliseconds=ms, minutes=shift)
    fraction = f".{ms % 1000:03d}" + dice.pick(("", "", f"{dice.below(1000):03d}", "9999999"))
    if ms % 1000 == 0 and dice.chance(0.5):
        fraction = ""
    return local.strftime("%Y-%m-%dT%H:%M:%S") + fraction + zone


def time_of(dice, ms):
    return ms if dice.chance(0.25) else stamp(dice, ms)


def native(dice, fact):
    told = {"venturi": 1, "id": fact["id"], "source": fact["source"], "kind": fact["kind"],
            "time": time_of(dice, fact["time"])}
    for name, value in fact.items():
        if name in ("created_at", "first_commit_time"):
            told[name] = time_of(dice, value)
        elif name not in told and name != "sequence":
            told[name] = value
    if dice.chance(0.06):
        told["subject_source"] = fact["source"]
    if dice.chance(0.05):
        told["comment"] = "an unknown field, «ignored» ✓"
    if dice.chance(0.03):
        told[dice.pick(("branch", "cause", "ticket"))] = dice.pick((None, ""))
    return told


def cdevent(dice, fact):
    """None where CDEvents have no such event."""
    kind = fact["kind"]
    family = kind.partition(".")[0]
    fields = {name: value for name, value in fact.items() if name not in ("id", "source", "kind", "time", "sequence")}
    for name in ("created_at", "first_commit_time"):
        if name in fields:
            fields[name] = stamp(dice, fields[name])
    if kind == "item.state" and "from" not in fields and dice.chance(0.5):
        event, fields["status"] = "ticket.updated", fields.pop("to")
    elif kind in CDEVENT:
        event = CDEVENT[kind]
        if event == "service.deployed" and dice.chance(0.4):
            event = "service.upgraded"
        if event == "artifact.published" and dice.chance(0.5):
            event = "artifact.packaged"
    elif kind == "item.state":
        event = "venturi-item.transitioned"
    else:
        event = "venturi-" + kind
    if kind == "release.published" and "service" not in fields:
        return None                                     # its subject would be a service
    name = fields.pop(SUBJECT.get(family, ""), "x")
    ours = event.startswith("venturi-")
    content = {}
    for native_name, path in ({} if ours else CONTENT.get(family, {})).items():
        if native_name in fields and dice.chance(0.9):
            if path.endswith(".id"):
                content[path[:-3]] = {"id": fields.pop(native_name), "source": "somewhere.example"}
            else:
                content[path] = fields.pop(native_name)
    if event.startswith("ticket."):
        content["uri"] = "https://tracker.example/x"
        fields.pop("provider", None)
    context = {"id": fact["id"], "source": fact["source"], "timestamp": stamp(dice, fact["time"]),
               "type": f"dev.cdevents{'x' if ours else ''}.{event}.0.{dice.between(1, 3)}.0", **dice.pick(VERSIONS)}
    if dice.chance(0.3):
        context.update(LINKS)
    subject = {"id": name, "content": content}
    if dice.chance(0.5):
        subject["source"] = fact["source"]
    if dice.chance(0.6):
        subject["type"] = event.partition(".")[0]
    told = {"context": context, "subject": subject}
    if not ours and dice.chance(0.02):
        fields["unplanned"] = "yes"                     # of a wrong type in a foreign event: absent
    if fields or dice.chance(0.2):
        told["customData"] = fields
    return told


def enveloped(dice, fact, data):
    event_type = data["context"]["type"] if "context" in data else "venturi.fact"
    told = {"specversion": "1.0", "id": fact["id"], "source": fact["source"], "type": event_type,
            "datacontenttype": "application/json", "time": stamp(dice, fact["time"])}
    if "sequence" in fact:
        told["sequence"] = fact["sequence"]
    told["data"] = data
    if dice.chance(0.5):
        told["subject"] = "x"
    return told


def encode(dice, fact):
    """-> one line, without its end."""
    told = cdevent(dice, fact) if dice.chance(0.45) else None
    if told is None:
        told = native(dice, fact)
    if "sequence" in fact or dice.chance(0.12):
        told = enveloped(dice, fact, told)
    return dump(dice, told)


def dump(dice, told):
    compact = dice.chance(0.5)
    text = json.dumps(told, ensure_ascii=dice.chance(0.5), separators=(",", ":") if compact else (", ", ": "))
    return re.sub(r'"@@([^"@]*)@@"', r"\1", text)       # numbers that json would write in another way


# ---- broken lines

def broken(dice, time):
    """One line that yields no fact: any reason, in turn of the dice."""
    good = {"venturi": 1, "id": "bad-1", "source": "jira.example", "kind": "item.state", "time": time,
            "item": "CLM-1", "to": "Done"}
    without = lambda name: {key: value for key, value in good.items() if key != name}
    event = lambda type_name, **more: {
        "context": {"specversion": "0.5.1", "id": "bad-2", "source": "ci.example", "type": type_name,
                    "timestamp": "2025-01-01T00:00:00Z", **more}, "subject": {"id": "run-1", "content": {}}}
    cost = lambda **more: {**without("to"), "kind": "cost.recorded", "amount": 1, "currency": "EUR",
                           "period": "2025-01", **more}
    what = dice.pick((
        "{", "ä not json", '{"venturi":1', "[]", "null", "17", '"text"', "{}", '{"a":NaN}', '{"hello":"world"}',
        json.dumps(good)[:-1], json.dumps(good)[:-1] + ',"id":"twice"}', json.dumps(good) + " x",
        json.dumps({**good, "deep": 1})[:-2] + '{"a":1,"a":2}}', '{"venturi":1,"id":"\\ud800"}',
        {**good, "venturi": 2}, {**good, "venturi": True}, without("id"), {**good, "id": 7}, {**good, "source": ""},
        without("source"), without("kind"), {**good, "kind": "item.exploded"}, {**good, "kind": "Item.State"},
        without("time"), {**good, "time": None}, {**good, "time": "yesterday"}, {**good, "time": "2025-02-30T00:00:00Z"},
        {**good, "time": "2025-01-01T00:00:00"}, {**good, "time": -5}, {**good, "time": 253402300800000},
        {**good, "time": "2025-01-01T24:00:00Z"}, {**good, "time": "1969-12-31T23:59:59Z"},
        without("item"), {**good, "item": ""}, {**good, "item": None}, {**good, "item": 12}, without("to"),
        {**good, "to": 5}, {**good, "labels": "x"}, {**good, "labels": [1]}, {**good, "unplanned": "yes"},
        {**good, "value_points": 1000000000001}, {**good, "value_points": "3"}, {**good, "created_at": "soon"},
        {**good, "kind": "item.typed"}, {**good, "kind": "item.moved"}, {**good, "comment": "x" * 70000},
        cost(amount=-1e13), cost(period="2025-13"), cost(period="2020-01-01/2025-01-05"), cost(currency=None),
        cost(period="2025-02-30"), cost(period="2025-03-02/2025-03-01"), cost(period="2025-Q5"), cost(amount="1"),
        {**without("item"), "kind": "risk.assessed", "risk": "r", "probability": "@@1.0000006@@", "impact": 1},
        {**without("item"), "kind": "funding.allocated", "amount": 1, "currency": "EUR", "quarter": "2025-01"},
        {**without("item"), "kind": "funding.allocated", "amount": 1, "quarter": "2025-Q1"},
        event("dev.cdevents.pipelinerun.finished.0.2.0"), event("dev.cdevents.testsuiterun.started.0.2.0"),
        event("dev.cdevents.service.removed.0.2.0"), event("dev.cdeventsx.harbor-project.created.0.1.0"),
        event("dev.cdevents.foo.bar.0.1.0"), event("dev.cdeventsx.venturi-item.vanished.0.1.0"),
        event("com.example.thing"), event("dev.cdevents.pipelinerun.finished.0.2.0", id=""),
        event("dev.cdevents.pipelinerun.finished.0.2.0", specversion="9.0.0"),
        event("dev.cdevents.ticket.created.0.2.0", timestamp="soon"),
        {**event("dev.cdevents.ticket.created.0.2.0"), "subject": {"content": {}}}, {"context": [], "subject": {}},
        {"specversion": "1.0", "id": "x", "source": "y", "type": "com.example.push", "data": {"a": 1}},
        {"specversion": "1.0", "id": "x", "source": "y", "type": "com.example.push", "data": "text"},
        {"specversion": "1.0", "id": "x", "source": "y", "type": "dev.cdevents.build.started.0.2.0"}))
    return what if isinstance(what, str) else dump(dice, what)
