"""Services: their deployments, redeploys, failed attempts and releases."""

from scopes import UNMAPPED_LEAF, Timeline


def version_of(fact):
    """What tells versions apart: version, else revision, else artifact; None where it names none."""
    for name in ("version", "revision", "artifact"):
        if fact.get(name) is not None:
            return fact.get(name)
    return None


class Deployment:
    """A successful one to production, of another version than the one that ran."""

    def __init__(self, fact, leaf, before):
        self.fact, self.time, self.leaf = fact, fact.time, leaf
        self.service, self.environment = fact.name, fact.get("environment")
        self.version = version_of(fact)
        self.before = before                            # the version that ran until then


class Release:
    def __init__(self, time, leaf, service):
        self.time, self.leaf, self.service = time, leaf, service


def identity_of(fact):
    """Of a deployment within its service and environment."""
    if fact.get("deployment_id") is not None:
        return "id", fact.get("deployment_id")
    name = fact.get("version") if fact.get("version") is not None else fact.get("revision")
    return "version", name, fact.time


class Service:
    """One service, known by its name in the whole portfolio, with all facts about it in order."""

    def __init__(self, config, tree, name, facts):
        self.config, self.name = config, name
        self.facts = sorted(facts, key=lambda fact: fact.order())
        self.timeline = Timeline(tree, self.facts)
        self.deployments, self.redeploys, self.failed, self.elsewhere = [], [], [], []      # in order of time
        self.rollbacks, self.releases = [], []          # rollbacks: (fact, the deployment undone or None)
        self.environments = {}                          # name -> its deployments
        self.fold()
        self.find_releases()

    def leaf(self, time):
        return self.timeline.sticky_leaf(time)

    def fold(self):
        running, seen = {}, set()
        for fact in self.facts:
            if not fact.kind.startswith("deploy."):
                continue
            environment = fact.get("environment")
            leaf = self.leaf(fact.time)
            if not self.config.is_production(environment):
                self.elsewhere.append((fact.time, leaf))
            elif fact.kind == "deploy.failed":
                self.failed.append((fact.time, leaf))
            elif fact.kind == "deploy.rolledback":
                there = self.environments.get(environment)
                self.rollbacks.append((fact, there[-1] if there else None))
                if version_of(fact) is not None:
                    running[environment] = version_of(fact)
                elif there:
                    running[environment] = there[-1].before
            elif (environment, identity_of(fact)) not in seen:
                seen.add((environment, identity_of(fact)))
                version = version_of(fact)
                if version is not None and running.get(environment) == version:
                    self.redeploys.append((fact.time, leaf))
                else:
                    deployment = Deployment(fact, leaf, running.get(environment))
                    self.deployments.append(deployment)
                    self.environments.setdefault(environment, []).append(deployment)
                    running[environment] = version

    def find_releases(self):
        deployed, published = set(), set()
        done = {id(deployment.fact) for deployment in self.deployments}
        for fact in self.facts:
            leaf = self.leaf(fact.time)
            mode = self.mode(leaf)
            if id(fact) in done:
                version = version_of(fact)
                if (version is None or version not in deployed) and mode == "deployment":
                    self.releases.append(Release(fact.time, leaf, self.name))
                deployed.add(version)
            elif fact.kind == "release.published":
                if fact.get("version") not in published and mode == "published":
                    self.releases.append(Release(fact.time, leaf, self.name))
                published.add(fact.get("version"))

    def mode(self, leaf):
        product = self.config.products.get(leaf[0])
        return product.release if product else "deployment"


def product_releases(config, tree, facts):
    """Published releases that name a product and no service: once per version of the product."""
    releases, published = [], set()
    for fact in sorted(facts, key=lambda fact: fact.order()):
        leaf = Timeline(tree, [fact]).item_leaf(fact.time) or UNMAPPED_LEAF
        product = config.products.get(leaf[0])
        if product and product.release == "published" and fact.get("version") not in published:
            releases.append(Release(fact.time, leaf, None))
        published.add(fact.get("version"))
    return releases


def intervals_of(releases):
    """(time, leaf, milliseconds since the release before) between consecutive releases of one service."""
    return [(after.time, after.leaf, after.time - before.time) for before, after in zip(releases, releases[1:])]
