"""Outcomes, costs and funding, dependencies, risks."""

from fractions import Fraction

from config import lower
from events import period_of, quarter_of
from scopes import UNMAPPED, UNMAPPED_LEAF, Timeline, carry

MILLION = 10 ** 6


def in_order(facts):
    return sorted(facts, key=lambda fact: fact.order())


class KeyResult:
    """Progress of the latest fact; None where baseline or target are not known, or equal."""

    def __init__(self, tree, facts, now):
        facts = in_order(facts)
        self.leaf = Timeline(tree, facts).item_leaf(now)
        last = lambda name: next((f.get(name) for f in reversed(facts) if f.get(name) is not None), None)
        value, baseline, target = last("value"), last("baseline"), last("target")
        self.progress = None
        if baseline is not None and target is not None and baseline != target:
            self.progress = Fraction(value - baseline, target - baseline)


class Cost:
    """One cost, spread evenly over its days in integers: the remainder goes to the first days."""

    def __init__(self, tree, fact):
        self.leaf = tree.place(carry({}, fact)) or UNMAPPED_LEAF
        self.time, self.currency = fact.time, lower(fact.get("currency"))
        self.first, self.last = period_of(fact.get("period"))
        amount, days = fact.get("amount"), self.last - self.first + 1
        self.sign = -1 if amount < 0 else 1
        self.each, self.more = divmod(abs(amount), days)

    def within(self, first, last):
        """The part that falls on days of a span, or None where none does."""
        first, last = max(first, self.first), min(last, self.last)
        if first > last:
            return None
        extra = max(0, min(last, self.first + self.more - 1) - first + 1)
        return self.sign * (self.each * (last - first + 1) + extra)


class Funding:
    def __init__(self, tree, fact):
        self.leaf = tree.place(carry({}, fact)) or UNMAPPED_LEAF
        self.amount, self.quarter = fact.get("amount"), quarter_of(fact.get("quarter"))
        self.currency = lower(fact.get("currency"))


class Dependency:
    """Between a consumer's leaf and a provider's scope; `resolved` is None while it is open."""

    def __init__(self, leaf, provider, raised, resolved):
        self.leaf, self.provider, self.raised, self.resolved = leaf, provider, raised, resolved


def provider_scope(tree, name):
    """A product by its name, or any scope by its id, else unmapped."""
    if name in tree.config.products:
        return tree.product_id(name)
    return name if name in tree.by_id else tree.product_id(UNMAPPED)


def dependency_of(tree, facts, items, now):
    """`items`: (source, name) -> lives."""
    facts = in_order(facts)
    raised = next((fact for fact in facts if fact.kind == "dependency.raised"), None)
    timeline = Timeline(tree, facts)
    leaf = timeline.steps[-1][1]
    if leaf is None:
        item = timeline.attributes.get("item")
        lives = items.get((facts[-1].subject_source, item))
        leaf = lives[-1].leaf if lives else timeline.item_leaf(now)
    if raised is None:
        return None, leaf
    after = facts[facts.index(raised):]
    resolved = next((fact.time for fact in after if fact.kind == "dependency.resolved"), None)
    return Dependency(leaf, provider_scope(tree, raised.get("provider")), raised.time, resolved), leaf


class Risk:
    def __init__(self, tree, facts, now):
        facts = in_order(facts)
        self.leaf = Timeline(tree, facts).item_leaf(now)
        assessed = [fact for fact in facts if fact.kind == "risk.assessed"]
        self.open = bool(assessed) and facts[-1].kind == "risk.assessed"
        if assessed:
            self.since = assessed[0].time
            self.exposure = assessed[-1].get("probability") * assessed[-1].get("impact")


def above(tree, scope):
    """A scope and those above it: by its path, and the roll-ups of its product's mode."""
    parts = scope.split("/")
    scopes = ["/".join(parts[:i]) for i in range(1, len(parts) + 1)]
    for product in tree.config.products.values():
        if tree.product_id(product.name) in scopes:
            scopes += [s for s in tree.scopes_of((product.name, None)) if s not in scopes]
    return scopes
