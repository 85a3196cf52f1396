"""Incidents, the deployments that they make failed, recovery and rework."""

from collections import defaultdict

from config import lower
from scopes import UNMAPPED_LEAF, Timeline


class Incident:
    def __init__(self, config, tree, facts, services, now):
        self.facts = sorted(facts, key=lambda fact: fact.order())
        self.service, self.environment, self.severity, self.cause = (
            self.last(name) for name in ("service", "environment", "severity", "cause"))
        found = [fact for fact in self.facts if fact.kind != "incident.resolved"]
        self.detection = found[0].time if found else None
        self.detection = min((fact.time for fact in found), default=None)
        self.resolution = self.find_resolution()
        ranks = config.severities
        severity = lower(self.severity) if self.severity is not None else None
        self.below = bool(config.min_severity) and severity in ranks and (
            ranks.index(severity) > ranks.index(config.min_severity))
        timeline = Timeline(tree, self.facts)
        placed = timeline.steps[-1][1]
        if placed is None and self.service in services and self.detection is not None:
            placed = services[self.service].leaf(self.detection)
        self.leaf = placed or timeline.item_leaf(now)

    def last(self, name):
        return next((fact.get(name) for fact in reversed(self.facts) if fact.get(name) is not None), None)

    def find_resolution(self):
        for kind in ("incident.detected", "incident.reported"):
            told = [i for i, fact in enumerate(self.facts) if fact.kind == kind]
            if told:
                return next((f.time for f in self.facts[told[-1]:] if f.kind == "incident.resolved"), None)
        return None


def attribute(config, incident, services):
    """The deployment that an incident makes failed, or None."""
    if incident.cause is not None:
        return by_cause(incident, services)
    service = services.get(incident.service)
    if service is None:
        return None
    known = [d for d in service.deployments if d.time <= incident.detection
             and incident.environment in (None, d.environment)]
    if not known or incident.detection - known[-1].time > config.attribution_max_gap:
        return None
    return known[-1]


def by_cause(incident, services):
    chosen = services.values() if incident.service is None else filter(None, [services.get(incident.service)])
    matching = []
    for service in chosen:
        for deployment in service.deployments:
            fact = deployment.fact
            if (incident.cause in (fact.get("deployment_id"), fact.get("version"), fact.get("revision"),
                                   fact.get("artifact"))
                    and incident.environment in (None, deployment.environment)
                    and (incident.service is not None or deployment.leaf[0] == incident.leaf[0])):
                matching.append(deployment)
    matching.sort(key=lambda d: (d.time, d.fact.order()))
    before = [d for d in matching if d.time <= incident.detection]
    return before[-1] if before else matching[0] if matching else None


def judge(config, incidents, services):
    """Sets failed, recovered (an instant or None) and rework of every deployment; -> unattributed incidents."""
    blamed = defaultdict(list)
    unattributed = []
    for incident in incidents:
        if incident.detection is None or incident.below:
            continue
        if incident.service is None and incident.cause is None:
            unattributed.append(incident)
            continue
        deployment = attribute(config, incident, services)
        if deployment is not None:
            blamed[id(deployment)].append(incident)
    for service in services.values():
        undone = {}
        for fact, deployment in service.rollbacks:
            if deployment is not None:
                undone.setdefault(id(deployment), fact.time)
        for deployments in service.environments.values():
            before = None
            for deployment in deployments:
                mine = blamed[id(deployment)]
                deployment.failed = bool(mine) or id(deployment) in undone
                deployment.recovered = None
                if mine:
                    ends = [incident.resolution for incident in mine]
                    deployment.recovered = None if None in ends else max(ends)
                elif deployment.failed:
                    deployment.recovered = undone[id(deployment)]
                deployment.rework = is_unplanned(config, deployment.fact) or (
                    before is not None and before.failed
                    and (before.recovered is None or before.recovered > deployment.time))
                before = deployment
    return unattributed


def is_unplanned(config, fact):
    if fact.get("unplanned"):
        return True
    if any(glob.match(label) for glob in config.unplanned_labels for label in fact.get("labels") or ()):
        return True
    return fact.get("branch") is not None and any(glob.match(fact.get("branch")) for glob in config.unplanned_branches)
