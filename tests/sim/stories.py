"""What happens in an organisation, told as native facts: every kind of fact, and every nasty turn that we know of.

A story is a function that appends told facts, dictionaries in the native form without `venturi`, `id` and `source`,
to `log.facts`. Times are integer milliseconds. What no definition decides (two contents of one identity at one
instant, say) is not told.
"""

import datetime
import zoneinfo

from organisation import TYPES

MINUTE, HOUR, DAY = 60000, 3600000, 86400000
SPICE = 0.12                    # how often something unusual happens


class Log:
    def __init__(self, dice, organisation, begin, end):
        self.dice, self.org, self.begin, self.end = dice, organisation, begin, end
        self.facts = []
        self.zone = zoneinfo.ZoneInfo(organisation.zone)
        self.keys = {}
        self.deployments = []   # (time, fields) of those told so far, for incidents to blame
        self.changes = {}       # product name -> [(time of merge, fields)]
        self.versions = {}      # (service, environment) -> [versions deployed]
        self.risks = self.results = 0
        self.items = []
        self.revision = None
        # In some organisations things change for good some weeks before the end: more comes in, all gets slower.
        self.shift = end - dice.pick((0, 0, 45, 60)) * DAY
        self.slower, self.crowd = dice.pick((1, 0.3, 4)), dice.pick((0, 0.4))
        self.currencies = dice.pick(((("EUR", 8), ("eur", 2)), (("EUR", 8), ("eur", 2), ("USD", 2), ("chf", 1))))

    def tell(self, source, kind, time, **fields):
        """None and the empty text are left out, as nobody would say them."""
        if self.begin <= time <= self.end:
            fact = {"source": source, "kind": kind, "time": time}
            fact.update((name.rstrip("_"), value) for name, value in fields.items() if value is not None)
            self.facts.append(fact)
            return fact
        return None

    def number(self, kind):
        self.keys[kind] = self.keys.get(kind, 0) + 1
        return self.keys[kind]

    def snap(self, time):
        """Now and then the first instant of a local day, or the last before it."""
        if self.dice.chance(0.97):
            return time
        local = datetime.datetime.fromtimestamp(time // 1000, self.zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return int(midnight.timestamp()) * 1000 - self.dice.pick((0, 0, 1))

    def moment(self):
        """Some instant of the log; a few of them share their millisecond with others."""
        begin = self.shift if self.shift < self.end and self.dice.chance(self.crowd) else self.begin
        time = begin + self.dice.below(self.end - begin)
        if self.dice.chance(0.05):
            time -= time % DAY
        return self.snap(time)


def labels_of(dice, product):
    labels = list(product.labels) if dice.chance(0.8) else []
    for _, label in product.teams:
        if dice.chance(0.4):
            labels.append(label.replace("*", dice.pick(("", "-x"))).replace("team", dice.pick(("team", "TEAM"))))
    if dice.chance(0.2):
        labels.append("x:other")
    return labels or None


def any_case(dice, text):
    return dice.weighted(((text, 8), (text.upper(), 1), (text.lower(), 1)))


# ---- work items

def item(log):
    dice = log.dice
    product = dice.pick(log.org.products)
    source = product.tracker
    number = log.number(product.prefix)
    bare = product.tracker != "jira.example"
    key = str(number) if bare else f"{product.prefix}-{number}"
    if dice.chance(0.04):
        key, source = f"ZZZ-{number}", "legacy.example"         # nobody's
    states = product.states
    now = log.moment()
    log.items.append((now, key, source, product))
    tell = lambda kind, time, **fields: log.tell(source, kind, time, item=key, **fields)
    if dice.chance(0.88):
        tell("item.created", now, type=dice.pick(TYPES) if dice.chance(0.9) else None, labels=labels_of(dice, product),
             priority=dice.pick(("low", "high", None)), creator=dice.pick(("ana", "bo", "chi", None)),
             product=product.name if dice.chance(0.15) or bare and dice.chance(0.3) else None,
             project=product.projects[0].lower() if product.projects and dice.chance(0.1) else None,
             objective=dice.pick((None, "OKR-1", "OKR-2")), value_points=points(dice),
             created_at=now - dice.spread(3 * DAY) + dice.pick((0, 0, 0, 30 * DAY)) if dice.chance(0.1) else None)
    now += dice.about(6 * HOUR, 4)
    if dice.chance(0.06):                                       # thrown away before anyone began
        if dice.chance(0.5):
            tell("item.state", now, to=dice.pick(states["new"]))
        tell("item.closed", now + dice.below(DAY), resolution="wontfix")
        return
    last = now = live(log, tell, states, now, product)
    if dice.chance(0.04):                                       # elsewhere, where states mean something else
        tell("item.state", now + HOUR, to=dice.pick(("Delivered", "Build", "In Progress", "Closed", "Rejected")))
        tell("item.moved", now + HOUR, product=dice.pick(log.org.names))
    while dice.chance(0.06):                                    # back after a while: reopened, or another life
        now += dice.pick((HOUR, 3 * DAY, 13 * DAY, 12 * DAY, 35 * DAY, 91 * DAY)) + dice.below(DAY)
        if dice.chance(0.2):
            now = last + log.org.settle_ms + dice.pick((0, 1))  # within settle, and just beyond
        if dice.chance(0.4):                                    # a label, a type, the same state told again
            dice.pick((
                lambda: tell("item.typed", now, type=dice.pick(TYPES), labels=labels_of(dice, product)),
                lambda: tell("item.state", now, to=any_case(dice, dice.pick(states["done"]))),
                lambda: tell("item.blocked", now, blocker_id="late"),
                lambda: tell("item.moved", now, product=dice.pick(log.org.names))))()
            now += dice.below(2 * DAY)
        last = now = live(log, tell, states, now, product)
    if key.startswith("ZZZ") and dice.chance(0.5):              # somebody's after all
        tell("item.moved", now + dice.below(9 * DAY), product=dice.pick(log.org.names))


def points(dice):
    if dice.chance(0.6):
        return None
    return dice.pick((1, 2, 3, 5, 8, 0.5, 0, "@@1.50@@", "@@2.4999994999@@", "@@5e-7@@", "@@1E1@@", -2, 13))


def live(log, tell, states, now, product):
    """One way through the states, with whatever comes between; -> when it ended."""
    dice = log.dice
    before = None
    open_states = states["active"] + states["wait"]
    path = []
    if dice.chance(0.35):
        path.append(dice.pick(states["new"]))
    if dice.chance(0.93):
        path += [dice.pick(open_states) for _ in range(dice.pick((1, 2, 2, 3, 4, 6)))]
    if dice.chance(SPICE):
        path.insert(dice.below(len(path) + 1), dice.pick(("Limbo", "QA Hold", "ÉTAT")))
    if dice.chance(SPICE / 3):
        path.append(dice.pick(states["new"]))
    if dice.chance(SPICE):
        before = dice.pick(open_states + states["new"] + states["done"])        # the log begins in the middle
    truthful = dice.chance(0.2)
    blockers = []
    for state in path:
        tell("item.state", now, to=any_case(dice, state), from_=before if before and (truthful or not blockers) else None,
             product=product.name if dice.chance(0.01) else None, created_at=now - 9 * DAY if dice.chance(0.01) else None)
        before = state if truthful else None
        if dice.chance(0.08):
            tell("item.state", now + dice.below(HOUR), to=state)                # told again
        if dice.chance(SPICE):
            blockers.append(block(log, tell, now))
        while blockers and dice.chance(0.6):
            tell("item.unblocked", now + dice.below(DAY), blocker_id=dice.pick((blockers.pop(), None)))
        if dice.chance(SPICE / 2):
            tell("item.typed", now + dice.below(HOUR), type=dice.pick(TYPES), value_points=points(dice),
                 labels=labels_of(dice, product), objective=dice.pick((None, "OKR-3")))
        if dice.chance(SPICE / 3):
            tell("item.moved", now + dice.pick((0, dice.below(HOUR))), product=dice.pick(log.org.names + ["ghost"]))
        now = log.snap(now)
        now += 0 if dice.chance(0.03) else int(dice.about(20 * HOUR, 3) * (log.slower if now > log.shift else 1))
    if dice.chance(0.05):
        return chain(log, tell, states, now)
    if dice.chance(0.12):
        return now                                                              # left open
    now = log.snap(now)
    if dice.chance(0.03):                                                       # in force at the very finish
        tell("item.typed", now, type=dice.pick(TYPES), value_points=points(dice), objective="OKR-9")
    return close(dice, tell, states, now)


def block(log, tell, now):
    dice = log.dice
    blocker = dice.pick(("vendor", "legal", "ops", None))
    provider = dice.pick((None, None, dice.pick(log.org.names), dice.pick(log.org.scopes), "nobody"))
    tell("item.blocked", now + dice.below(HOUR), blocker_id=blocker, provider=provider,
         reason=dice.pick((None, "waits")))
    if dice.chance(0.2):
        tell("item.blocked", now + HOUR + dice.below(HOUR), blocker_id=blocker)
    return blocker


def chain(log, tell, states, now):
    """Moves of one instant: chained by from and to, or numbered, or neither (by source and id)."""
    dice = log.dice
    path = [dice.pick(states["new"]), *(dice.pick(states["active"] + states["wait"]) for _ in range(dice.below(4))),
            dice.pick(states["done"] + states["active"])]
    how = dice.below(3)
    order = list(range(1, len(path)))
    dice.shuffle(order)
    for i in order:
        fact = tell("item.state", now, to=path[i], from_=any_case(dice, path[i - 1]) if how == 0 else None)
        if fact and how == 1:
            fact["sequence"] = dice.pick((8 + i, str(8 + i), f"00{8 + i}", f"s{i}"))
    return now


def close(dice, tell, states, now):
    canceled = dice.chance(0.12)
    state = dice.pick(states["canceled" if canceled else "done"])
    resolution = dice.pick(("wontfix", "Duplicate", "withdrawn")) if canceled else dice.pick(("completed", None, "Fixed"))
    how = dice.below(10)
    if how < 5:
        tell("item.state", now, to=any_case(dice, state))
    elif how < 8:
        tell("item.closed", now, resolution=resolution)
    else:
        tell("item.state", now, to=state)
        tell("item.closed", now + dice.pick((0, 1, HOUR)), resolution=resolution)
    if dice.chance(0.04):
        tell("item.state", now + dice.below(DAY), to=dice.pick(states["done"]))
    if dice.chance(0.03):
        tell("item.moved", now + dice.below(DAY), product="archive")
    return now


# ---- changes, artifacts, deployments, releases

def service_of(log, product):
    dice = log.dice
    if dice.chance(0.02):
        return "mystery", None
    return dice.pick(product.service_names), product


def delivery(log):
    """A few changes, perhaps an artifact, and a deployment to some environments, with what may go wrong."""
    dice = log.dice
    product = dice.pick(log.org.products)
    repository = dice.pick(product.repository_names)
    now = log.moment()
    merged = [change for change in (one_change(log, product, repository, now) for _ in range(dice.below(4))) if change]
    now += dice.about(3 * HOUR, 4)
    service, _ = service_of(log, product)
    number = log.number(("version", service))
    known = {}
    if dice.chance(0.6):
        known["version"] = f"1.{number}"
    if dice.chance(0.5):
        known["revision"] = merged[-1]["revision"] if merged and dice.chance(0.7) else dice.hex(20)
    if dice.chance(0.6):
        known["artifact"] = f"pkg:oci/{service}@sha256%3A{dice.hex(12)}"
        for change in merged:
            if dice.chance(0.6):
                log.tell("ci.example", "artifact.published", now, artifact=known["artifact"],
                         change=change["change"] if dice.chance(0.5) else None, revision=change["revision"],
                         repository=repository if dice.chance(0.7) else None,
                         product=product.name if dice.chance(0.2) else None)
    if product.release == "published" and dice.chance(0.7) or dice.chance(0.05):
        publish(log, product, service, now, known.get("version") or f"1.{number}")
    for environment in ("staging",) if product.quiet else environments(dice):
        now = deploy(log, product, service, environment, now + dice.about(HOUR, 4), known, merged, repository)


def one_change(log, product, repository, now):
    dice = log.dice
    number = log.number(("change", product.name if dice.chance(0.7) else repository))
    name = str(number) if dice.chance(0.6) else f"{repository.split('/')[1]}#{number}"
    source = f"git.example/{repository}"
    carried = {"change": name, "repository": repository if dice.chance(0.85) else None,
               "product": product.name if dice.chance(0.2) else None}
    opened = now - dice.about(20 * HOUR, 3)
    committed = opened - dice.about(8 * HOUR, 4)
    if dice.chance(0.8):
        log.tell(source, "change.opened", opened, first_commit_time=committed if dice.chance(0.2) else None, **carried)
    if dice.chance(0.5):
        log.tell(source, "change.reviewed", opened + dice.about(HOUR, 3), **carried)
    if dice.chance(0.08):
        log.tell(source, "change.abandoned", now, **carried)
        return None
    revision = log.revision if log.revision and dice.chance(0.06) else dice.hex(20)     # picked, or its own
    log.revision = revision
    merged = now - dice.below(HOUR)
    log.tell(source, "change.merged", merged, revision=revision,
             first_commit_time=committed + dice.pick((0, 0, 0, 3 * DAY)) if dice.chance(0.7) else None, **carried)
    if dice.chance(0.02):
        log.tell(source, "change.merged", merged + DAY, revision=revision, **carried)
    return {"change": name, "revision": revision}


def environments(dice):
    return dice.weighted(((("prod",), 6), (("prod-eu", "prod-us"), 2), (("staging", "prod"), 3), (("Production",), 2),
                          (("test",), 1), ((None,), 1), (("PROD-US", "live"), 1)))


def deploy(log, product, service, environment, now, known, merged, repository):
    dice = log.dice
    there = log.versions.setdefault((service, environment), [])
    fields = dict(known, service=service, environment=environment)
    if not fields.keys() & {"version", "revision", "artifact"} and dice.chance(0.7):
        fields["version"] = f"0.{log.number(('version', service))}"
    if dice.chance(0.5):
        fields["deployment_id"] = f"{service}-{log.number(('deployment', service))}"
    if dice.chance(0.5):
        fields["repository"] = repository if dice.chance(0.9) else dice.pick(("old/thing", "acme/fraud", "old/thing"))
    if merged and dice.chance(0.3):
        fields["changes"] = [change["change"] for change in merged if dice.chance(0.7)]
    elif dice.chance(0.05):                                     # whoever that is
        fields["changes"] = [str(dice.between(1, 12))]
    if product.named and dice.chance(0.3):
        fields["product"] = dice.weighted(((product.name, 20), (dice.pick(log.org.names), 1), ("ghost", 0.3)))
    if dice.chance(0.1):
        fields["labels"] = [dice.pick(("HotFix", "unplanned-x", "planned"))] + list(product.labels)
    if dice.chance(0.1):
        fields["unplanned"] = dice.chance(0.5)
    if dice.chance(0.1):
        fields["branch"] = dice.pick(("main", "hotfix/7", "emergency-a", "release"))
    tell = lambda kind, time, **more: log.tell("cd.example", kind, time, **{**fields, **more})
    if dice.chance(0.06):
        tell("deploy.failed", now, deployment_id=dice.pick((None, fields.get("deployment_id"))))
        now += dice.about(HOUR)
    if there and dice.chance(0.08):                             # an older one again, or the one that runs
        old = dice.pick(there[-3:])
        for name in ("version", "revision", "artifact"):
            fields.pop(name, None)
        fields.update(old)
    if tell("deploy.done", now):
        there.append({name: fields[name] for name in ("version", "revision", "artifact") if name in fields})
        log.deployments.append((now, dict(fields), product))
    if dice.chance(0.06):
        tell("deploy.done", now + dice.about(2 * HOUR, 4), version="9.9" if dice.chance(0.2) else fields.get("version"))
    if dice.chance(0.05):
        tell("deploy.done", now + dice.about(5 * HOUR, 4), deployment_id=None)           # the same version again
    if dice.chance(0.1):
        back = {} if len(there) < 2 or dice.chance(0.6) else there[-2]
        if dice.chance(0.3):                                    # by one of its names only
            back = dict([dice.pick(sorted(back.items()))]) if back else {}
        for _ in range(dice.pick((1, 1, 2))):
            now += dice.about(2 * HOUR, 3)
            log.tell("cd.example", "deploy.rolledback", now, service=service, environment=environment, **back)
        if there and dice.chance(0.5):                          # is it what runs now, or not?
            log.tell("cd.example", "deploy.done", now + dice.about(HOUR), service=service, environment=environment,
                     **there[-min(dice.pick((1, 2, 2, 2, 3)), len(there))])
    while dice.chance(0.13):
        incident(log, product, now + dice.pick((0, dice.about(4 * HOUR, 5))), fields)
    return now


def train(log):
    """One environment for itself: deployments, rollbacks and redeploys close behind one another."""
    dice = log.dice
    product = dice.pick(log.org.products)
    service, environment = dice.pick(product.service_names), f"prod-{log.number('train')}"
    now, known = log.moment(), []
    for _ in range(dice.between(4, 12)):
        now += dice.weighted(((dice.about(6 * HOUR, 3), 9), (0, 1)))
        kind = "deploy.done"
        what = dice.weighted((("new", 5), ("again", 1), ("before", 3), ("back", 4), ("back to", 2), ("failed", 1)))
        if what == "new" or len(known) < 2:
            number = len(known) + 1
            names = {"version": f"{environment}.{number}", "revision": dice.hex(20), "artifact": f"pkg:oci/x@{environment}.{number}"}
            told = {name: value for name, value in names.items() if dice.chance(0.5)} or dict(version=names["version"])
            known.append(told)
        elif what == "again":
            told = known[-1]
        elif what == "back":
            kind, told = "deploy.rolledback", {}
        else:
            told = known[-dice.pick((2, 2, 2, min(3, len(known))))]
            if what != "before":
                kind = "deploy.rolledback" if what == "back to" else "deploy.failed"
                told = dict([dice.pick(sorted(told.items()))])
        log.tell("cd.example", kind, now, service=service, environment=environment, **told)


def publish(log, product, service, now, version):
    dice = log.dice
    alone = dice.chance(0.15)
    for _ in range(dice.pick((1, 1, 1, 2))):
        log.tell("ci.example", "release.published", now, version=version, service=None if alone else service,
                 product=product.name if alone or dice.chance(0.3) else None)
        now += dice.about(HOUR)


def incident(log, product, now, fields):
    dice = log.dice
    name = f"inc-{log.number('incident')}"
    said = {"incident": name}
    if dice.chance(0.8):
        said["service"] = fields["service"]
    if dice.chance(0.7):
        said["environment"] = fields["environment"]
    if dice.chance(0.25):
        said["product"] = dice.pick(log.org.names)
    severity = dice.pick((None, "critical", "High", "medium", "low", "sev0"))
    cause = None
    if dice.chance(0.4):
        cause = dice.pick([fields[key] for key in ("deployment_id", "version", "revision", "artifact") if key in fields]
                          or ["nothing"])
        if dice.chance(0.1):
            cause = "no-such-thing"
    first = now
    if dice.chance(0.3):
        log.tell("pager.example", "incident.reported", now + dice.pick((-1, 1)) * dice.below(HOUR), severity=severity,
                 cause=cause if dice.chance(0.3) else None, ticket=dice.pick((None, "CLM-1")), **said)
    if dice.chance(0.85):
        log.tell("pager.example", "incident.detected", first, severity=severity, cause=cause, **said)
    while dice.chance(0.85):
        now += dice.about(3 * HOUR, 4)
        if dice.chance(0.05):                                   # it turns out to be something else
            said["product"] = dice.pick(log.org.names)
        log.tell("pager.example", "incident.resolved", now, **said)
        if dice.chance(0.85):
            break
        now += dice.about(3 * HOUR, 4)
        log.tell("pager.example", "incident.detected", now, severity=dice.pick((None, "low", "critical")),
                 cause=dice.pick((None, None, fields.get("version"))), **said)


# ---- money, outcomes, dependencies, risks

def money(log):
    import datetime
    dice = log.dice
    product = dice.pick(log.org.products)
    now = log.moment()
    day = datetime.date(1970, 1, 1) + datetime.timedelta(days=now // DAY - dice.pick((0, 0, 30, 90)))
    last = day + datetime.timedelta(days=dice.pick((0, 1, 6, 13, 27, 60, 400)))
    quarter = f"{day.year}-Q{(day.month + 2) // 3}"
    placed = dice.weighted((({"product": product.name}, 8), ({"product": "ghost"}, 1), ({}, 0.5),
                            ({"project": product.prefix.lower()}, 1), ({"service": product.service_names[0]}, 1),
                            ({"repository": product.repository_names[0]}, 1),
                            ({"product": product.name, "labels": [label for _, label in product.teams]}, 1)))
    currency = dice.weighted(log.currencies)
    if dice.chance(0.75):
        amount = dice.pick((dice.between(1, 90000), dice.between(1, 99) / 8, "@@10.000003@@", "@@-10.000003@@", -250,
                            "@@1e-06@@", "@@0.0000005@@", 0))
        period = dice.pick((day.isoformat(), f"{day}/{last}", day.isoformat()[:7], quarter))
        log.tell("office.example", "cost.recorded", now, amount=amount, currency=currency, period=period, **placed)
    else:
        log.tell("office.example", "funding.allocated", now, amount=dice.between(1, 400) * 1000, quarter=quarter,
                 currency=currency, **placed)


def outcome(log):
    dice = log.dice
    product = dice.pick(log.org.products)
    name = f"kr-{log.number('result')}"
    baseline, target = dice.pick((0, 10, -5.5)), dice.pick((100, 50, 10))
    for i in range(dice.between(1, 8)):
        log.tell("office.example", "outcome.measured", log.moment(), key_result=name, value=dice.between(-50, 1200) / 8,
                 baseline=baseline if i == 0 or dice.chance(0.4) else None,
                 target=target if dice.chance(0.6) else None, objective=dice.pick(("OKR-1", "OKR-2", None)),
                 product=product.name if dice.chance(0.9) else dice.pick(log.org.names + ["ghost"]))


def dependency(log):
    dice = log.dice
    if not log.items:
        return
    began, key, source, product = dice.pick(log.items)
    name, now = f"dep-{log.number('dependency')}", began + dice.about(DAY, 3)
    raised = {"dependency": name, "item": key, "provider": dice.pick(log.org.names + log.org.scopes + ["nobody"]),
              "product": dice.pick(log.org.names) if dice.chance(0.1) else None}
    if dice.chance(0.1):
        source = "office.example"                               # whose item of that name is another
    if dice.chance(0.05):
        log.tell(source, "dependency.resolved", now - dice.below(DAY), dependency=name)
    log.tell(source, "dependency.raised", now, **raised)
    if dice.chance(0.2):
        raised["provider"] = dice.pick(log.org.names)
        log.tell(source, "dependency.raised", now + dice.below(DAY), **raised)
    while dice.chance(0.7):
        now += dice.about(2 * DAY, 3)
        log.tell(source, "dependency.resolved", now, dependency=name)


def risk(log):
    dice = log.dice
    product = dice.pick(log.org.products)
    name, now = f"risk-{log.number('risk')}", log.moment()
    for _ in range(dice.between(1, 4)):
        log.tell("office.example", "risk.assessed", now, risk=name, impact=dice.between(1, 90) * 1000,
                 probability=dice.pick((0.5, 1, 0, "@@0.1234565@@", 0.05)),
                 product=product.name if dice.chance(0.85) else None)
        now += dice.about(10 * DAY, 3)
        if dice.chance(0.3):
            log.tell("office.example", "risk.closed", now, risk=name)
            now += dice.about(5 * DAY, 3)


def at_the_edges(log):
    """What was heard of stale_after ago exactly, or a millisecond before; and what counts in nothing is the latest."""
    if log.facts:
        now = max(fact["time"] for fact in log.facts)
        for i, before in enumerate((0, 1, -1)):
            time = now - log.org.stale_ms - before
            log.tell("jira.example", "item.state", time, item=f"EDGE-{i}", to="Doing", product=log.dice.pick(log.org.names))
            log.tell("jira.example", "item.blocked", time, item=f"EDGE-{i}", provider=log.dice.pick(log.org.names))
        if log.org.ignored:
            log.tell("mad-bot", "item.created", log.end, item="EDGE-0", subject_source="jira.example", type="bug")


STORIES = ((item, 10), (delivery, 6), (train, 0.5), (money, 2), (outcome, 0.4), (dependency, 1), (risk, 0.6))
