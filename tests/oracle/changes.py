"""Changes, and which deployment carries each of them."""

from collections import defaultdict

from config import Glob
from scopes import Timeline


class Change:
    def __init__(self, config, tree, facts, now):
        self.facts = sorted(facts, key=lambda fact: fact.order())
        self.id = self.facts[0].name
        timeline = Timeline(tree, self.facts)
        self.leaf = timeline.item_leaf(now)
        self.product = config.products.get(self.leaf[0])
        self.repository = timeline.attributes.get("repository")
        self.revisions = {fact.get("revision") for fact in self.facts} - {None}
        first = lambda kind: next((fact.time for fact in self.facts if fact.kind == kind), None)
        self.merged, self.opened = first("change.merged"), first("change.opened")
        self.committed = min((fact.get("first_commit_time") for fact in self.facts
                              if fact.get("first_commit_time") is not None), default=None)
        self.deployment = None          # the one that carries it
        self.excluded = None            # "before_first_deployment" or "no_link"

    def start(self):
        """-> (which of the three, its instant)."""
        wanted = self.product.change_start if self.product else "commit"
        known = {"commit": self.committed, "open": self.opened, "merge": self.merged}
        order = ("commit", "open", "merge")
        return next((name, known[name]) for name in order[order.index(wanted):] if known[name] is not None)


class Names:
    """What the names in deployments and artifacts stand for, among merged changes."""

    def __init__(self, config, tree, changes, artifacts, now):
        self.by_id, self.by_revision = defaultdict(list), defaultdict(list)
        for change in changes:
            self.by_id[change.id].append(change)
            for revision in change.revisions:
                self.by_revision[revision].append(change)
        self.in_artifact = defaultdict(list)            # artifact -> changes that it was published with
        for facts in artifacts:
            product = Timeline(tree, sorted(facts, key=lambda fact: fact.order())).item_leaf(now)[0]
            for fact in facts:
                named = list(self.by_revision.get(fact.get("revision"), ()))
                if fact.get("change") is not None:
                    named += self.resolve(fact.get("change"), fact.get("repository"), product)
                self.in_artifact[fact.name] += named

    def resolve(self, id, repository, product):
        """The change that a bare id names, as a list of one or none."""
        found = self.by_id.get(id, [])
        if repository is not None:
            found = [change for change in found if change.repository == repository]
        elif len(found) > 1:
            found = [change for change in found if change.leaf[0] == product]
        return found if len(found) == 1 else []

    def of(self, deployment):
        fact = deployment.fact
        named = list(self.by_revision.get(fact.get("revision"), ()))
        for id in fact.get("changes") or ():
            named += self.resolve(id, fact.get("repository"), deployment.leaf[0])
        return named + self.in_artifact.get(fact.get("artifact"), [])


def link(config, changes, services, names):
    """Finds the deployment that carries each merged change, by name or else by time."""
    every = sorted((d for service in services for d in service.deployments), key=lambda d: (d.time, d.fact.order()))
    for deployment in every:
        fact = deployment.fact
        known = names.by_revision.get(fact.get("revision"), ())
        deployment.covers = max((change.merged for change in known), default=deployment.time)
        for change in names.of(deployment):
            if change.deployment is None:
                change.deployment = deployment
    repositories = defaultdict(set)                     # repository -> services that name it
    for deployment in every:
        repositories[deployment.fact.get("repository")].add(deployment.service)
    by_name = {service.name: service for service in services}
    for change in changes:
        if change.deployment is None:
            link_by_time(change, repositories, by_name)


def link_by_time(change, repositories, by_name):
    one = Glob(change.product.one_service) if change.product and change.product.one_service else None
    candidates, belongs = [], one is not None
    for service in by_name.values():
        own = one is not None and one.match(service.name)
        told = [d for d in service.deployments if belongs_to(d, change, own)]
        if told:
            belongs = True
            candidates.append((service.deployments, told))
    if not belongs:
        change.excluded = "no_link"
        return
    carriers, waiting = [], not candidates
    for known, told in candidates:
        covering = next((d for d in told if d.covers >= change.merged), None)
        if covering is None:
            waiting = True
        elif covering is not known[0]:
            carriers.append(covering)
    if carriers:
        change.deployment = min(carriers, key=lambda d: (d.time, d.fact.order()))
    elif not waiting:
        change.excluded = "before_first_deployment"


def belongs_to(deployment, change, of_the_one_service):
    named = deployment.fact.get("repository")
    if named is not None and change.repository is not None:
        return named == change.repository
    return of_the_one_service
