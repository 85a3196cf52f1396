"""A plausible organisation: four value streams over half a year, with a working week, and one stream that slips.

`payments` is healthy until seven weeks before the end; then its work waits for a vendor, its releases grow rare and
fail more often. The others keep their rhythm. Numbers are those of ordinary teams: cycle times of a few days, several
deployments a week and service, one change in twelve that fails, recovered within hours.
"""

import datetime

MINUTE, HOUR, DAY = 60000, 3600000, 86400000
SLIPS, SLIPS_FOR = "payments", 49 * DAY

# stream, product, prefix, services, mode, items a week
PRODUCTS = (
    ("claims", "claims-intake", "CLM", ("claims-api", "claims-web"), "product", 7),
    ("claims", "fraud", "FRD", ("fraud-scorer",), "product", 5),
    ("policy", "billing", "BIL", ("billing",), "project", 6),
    ("policy", "quotes", "QUO", ("quotes-api", "quotes-web"), "product", 8),
    ("payments", "payouts", "PAY", ("payouts",), "product", 6),
    ("payments", "ledger", "LED", ("ledger",), "project", 4),
    ("customer", "portal", "POR", ("portal-web", "portal-bff"), "product", 9),
    ("customer", "notifications", "NOT", ("notifier",), "product", 4),
)
TEAMS = (("falcon", "claims-intake"), ("heron", "claims-intake"), ("kestrel", "portal"), ("osprey", "portal"))


def config():
    lines = ['timezone     = "Europe/Berlin"', 'portfolio    = "acme"', 'clock        = "wall"', 'min_severity = "medium"',
             ""]
    for stream, name, prefix, services, mode, _ in PRODUCTS:
        listed = ", ".join(f'"{service}"' for service in services)
        lines += [f'product "{name}" {{', f'    stream       = "{stream}"', f'    mode         = "{mode}"',
                  f'    repositories = {{"acme/{name}"}}', f"    services     = {{{listed}}}",
                  f'    projects     = {{"{prefix}"}}', '    sle          = "85% within 8d"',
                  '    release      = "deployment"', '    change_start = "commit"', "}", ""]
    for team, product in TEAMS:
        lines += [f'team "{team}" {{', f'    product = "{product}"', f'    labels  = {{"team:{team}"}}', "}", ""]
    return "\n".join(lines)


CONFIG = config()


class Demo:
    def __init__(self, dice, begin, end, scale):
        self.dice, self.begin, self.end, self.scale = dice, begin, end, scale
        self.facts = []
        self.numbers = {}
        self.versions = {}

    def tell(self, source, kind, time, **fields):
        if self.begin <= time <= self.end:
            fact = {"id": f"{kind}-{len(self.facts)}", "source": source, "kind": kind, "time": time}
            fact.update((name, value) for name, value in fields.items() if value is not None)
            self.facts.append(fact)

    def number(self, kind):
        self.numbers[kind] = self.numbers.get(kind, 0) + 1
        return self.numbers[kind]

    def working(self, time):
        """The next instant of a working day, 8 to 18 o'clock."""
        day, hour = divmod(time, DAY)
        if not 8 * HOUR <= hour < 18 * HOUR:
            day += hour >= 18 * HOUR
            time = day * DAY + 8 * HOUR + self.dice.below(10 * HOUR)
        while (time // DAY + 3) % 7 > 4:                # 1970-01-01 was a Thursday
            time += DAY
        return time

    def slips(self, stream, time):
        return stream == SLIPS and time > self.end - SLIPS_FOR


def tell(dice, begin, end, events):
    demo = Demo(dice, begin, end, events / 12500)
    for product in PRODUCTS:
        week = begin - 21 * DAY
        while week < end:
            rhythm(demo, product, week)
            week += 7 * DAY
    for product in PRODUCTS:
        office(demo, product)
    return sorted(demo.facts, key=lambda fact: (fact["time"], fact["id"]))


def rhythm(demo, product, week):
    """One week of one product."""
    dice = demo.dice
    stream, name, prefix, services, _, weekly = product
    for _ in range(share(dice, weekly * demo.scale)):
        item(demo, product, demo.working(week + dice.below(5 * DAY)))
    slow = demo.slips(stream, week)
    for service in services:
        for _ in range(share(dice, (1.2 if slow else 3.5) * demo.scale)):
            deployment(demo, product, service, demo.working(week + dice.below(5 * DAY)))


def share(dice, mean):
    """A whole number about a mean."""
    return int(mean * (0.6 + 0.8 * dice.draw()) + dice.draw())


def item(demo, product, now):
    dice = demo.dice
    stream, name, prefix, _, _, _ = product
    key = f"{prefix}-{demo.number(prefix)}"
    slow = demo.slips(stream, now)
    teams = [f"team:{team}" for team, owner in TEAMS if owner == name]
    objective = dice.pick((None, f"OKR-{prefix}", f"OKR-{prefix}"))
    say = lambda kind, time, **fields: demo.tell("jira.example", kind, time, item=key, **fields)
    say("item.created", now, type=dice.weighted((("story", 10), ("bug", 4), ("security", 1), ("tech debt", 2))),
        labels=[dice.pick(teams)] if teams else None, priority=dice.pick(("high", "medium", "low")), objective=objective,
        value_points=dice.pick((1, 2, 3, 5, 8)))
    if dice.chance(0.06):
        return say("item.closed", demo.working(now + dice.about(9 * DAY)), resolution="wontfix")
    now = demo.working(now + dice.about(4 * DAY))
    pace = 2 if slow else 1
    for state, days in (("Ready", 0.4), ("In Progress", 1.6), ("In Review", 0.5)):
        say("item.state", now, to=state)
        if state == "In Progress" and dice.chance(0.45 if slow else 0.12):
            start = demo.working(now + dice.about(5 * HOUR))
            blocker = "vendor" if slow else dice.pick(("vendor", "legal", "environment"))
            provider = "ledger" if name != "ledger" and dice.chance(0.3) else None
            say("item.blocked", start, blocker_id=blocker, provider=provider, reason="waits")
            now = demo.working(start + dice.about(int((5 if slow else 1) * DAY)))
            say("item.unblocked", now, blocker_id=blocker)
        now = demo.working(now + dice.about(int(days * pace * DAY)))
        if state == "In Review" and dice.chance(0.15):
            say("item.state", now, to="In Progress")
            now = demo.working(now + dice.about(8 * HOUR))
    if dice.chance(0.03):
        return say("item.state", now, to="Canceled")
    if dice.chance(0.5):
        say("item.state", now, to="Done")
    else:
        say("item.closed", now, resolution="completed")
    if dice.chance(0.04):
        say("item.state", now + dice.about(DAY), to="In Progress")
        say("item.state", demo.working(now + dice.about(3 * DAY)), to="Done")


def deployment(demo, product, service, now):
    """A few changes, then their deployment, first to staging; now and then it fails."""
    dice = demo.dice
    stream, name, _, _, _, _ = product
    repository = f"acme/{name}"
    slow = demo.slips(stream, now)
    revision = None
    for _ in range(dice.pick((1, 1, 2, 3))):
        change = f"{name}#{demo.number(repository)}"
        merged = now - dice.about(3 * HOUR)
        opened = merged - dice.about(20 * HOUR)
        revision = dice.hex(12)
        say = lambda kind, time, **fields: demo.tell(f"git.example/{repository}", kind, time, change=change,
                                                     repository=repository, **fields)
        say("change.opened", opened)
        say("change.reviewed", opened + dice.below(merged - opened))
        say("change.merged", merged, revision=revision, first_commit_time=max(0, opened - dice.about(6 * HOUR)))
    version = f"1.{demo.number(service)}.0"
    cd = lambda kind, time, **fields: demo.tell("cd.example", kind, time, service=service, repository=repository, **fields)
    cd("deploy.done", now, environment="staging", version=version, revision=revision)
    now += dice.about(HOUR)
    if dice.chance(0.04):
        cd("deploy.failed", now, environment="production", version=version)
        now += dice.about(30 * MINUTE)
    cd("deploy.done", now, environment="production", version=version, revision=revision,
       unplanned=True if dice.chance(0.05) else None)
    if dice.chance(0.25 if slow else 0.08):
        failure(demo, service, version, now, slow)


def failure(demo, service, version, now, slow):
    dice = demo.dice
    if dice.chance(0.3):
        return demo.tell("cd.example", "deploy.rolledback", now + dice.about(40 * MINUTE), service=service,
                         environment="production")
    name = f"INC-{demo.number('incident')}"
    say = lambda kind, time, **fields: demo.tell("pager.example", kind, time, incident=name, service=service,
                                                 environment="production", **fields)
    found = now + dice.about(45 * MINUTE)
    say("incident.detected", found, severity=dice.weighted((("critical", 1), ("high", 3), ("medium", 4), ("low", 2))),
        cause=version if dice.chance(0.5) else None)
    say("incident.resolved", found + dice.about((8 if slow else 3) * HOUR))


def office(demo, product):
    """Money, goals and risks."""
    dice = demo.dice
    stream, name, prefix, _, _, weekly = product
    say = lambda kind, time, **fields: demo.tell("office.example", kind, time, product=name, **fields)
    day = datetime.date(1970, 1, 1) + datetime.timedelta(days=demo.begin // DAY)
    last = datetime.date(1970, 1, 1) + datetime.timedelta(days=demo.end // DAY)
    value, monthly = 10.0, weekly * 11000
    while day <= last:
        now = (day.toordinal() - 719163) * DAY + 9 * HOUR
        if day.day == 1:
            say("cost.recorded", now, amount=int(monthly * (0.95 + 0.1 * dice.draw())), currency="EUR",
                period=day.isoformat()[:7])
            if day.month % 3 == 1:
                say("funding.allocated", now, amount=3 * monthly, currency="EUR", quarter=f"{day.year}-Q{day.month // 3 + 1}")
        if day.weekday() == 0:
            value += 1.5 * dice.draw() * (0.2 if demo.slips(stream, now) else 1)
            say("outcome.measured", now, key_result=f"{name}-satisfaction", value=int(value * 100) / 100, baseline=10,
                target=40, objective=f"OKR-{prefix}")
        day += datetime.timedelta(days=1)
    for i in range(2):
        now = demo.working(demo.begin + dice.below(demo.end - demo.begin))
        say("risk.assessed", now, risk=f"{name}-risk{i}", probability=dice.pick((0.1, 0.3, 0.5)),
            impact=dice.between(5, 60) * 10000)
        if dice.chance(0.5):
            say("risk.closed", now + dice.about(30 * DAY), risk=f"{name}-risk{i}")
