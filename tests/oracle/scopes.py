"""The tree of scopes, and which leaf of it a subject lies in."""

from config import RULES, Glob

UNMAPPED = "unmapped"
ATTRIBUTES = ("product", "repository", "service", "project", "labels", "item", "type", "value_points", "objective")
UNMAPPED_LEAF = (UNMAPPED, None)


class Patterns:
    """All patterns of one kind: the most specific one that matches wins."""

    def __init__(self):
        self.globs = []
        self.cache = {}

    def add(self, pattern, target):
        glob = Glob(pattern)
        self.globs.append(((not glob.exact, -glob.literals, len(self.globs)), glob, target))

    def best(self, text):
        """-> (how specific, target) or None."""
        if text not in self.cache:
            found = [(rank, target) for rank, glob, target in self.globs if glob.match(text)]
            self.cache[text] = min(found, key=lambda match: match[0], default=None)
        return self.cache[text]


class Rules:
    """The placing rules of some targets (products, or the teams of one product)."""

    def __init__(self, targets):
        self.patterns = {kind: Patterns() for kind in RULES}
        for name, rules in targets:
            for kind in RULES:
                for pattern in rules[kind]:
                    self.patterns[kind].add(pattern, name)

    def place(self, attributes):
        for kind, texts in zip(RULES, rule_texts(attributes)):
            found = [match for match in map(self.patterns[kind].best, texts) if match]
            if found:
                return min(found, key=lambda match: match[0])[1]
        return None


def rule_texts(attributes):
    """What each kind of rule looks at: repository, service, project or key's prefix, subject source, labels."""
    project, item = attributes.get("project"), attributes.get("item")
    if project is None and item is not None and "-" in item:
        project = item.partition("-")[0]
    single = lambda value: () if value is None else (value,)
    return (single(attributes.get("repository")), single(attributes.get("service")), single(project),
            single(attributes.get("subject_source")), attributes.get("labels") or ())


class Tree:
    def __init__(self, config):
        self.config = config
        self.products = Rules((product.name, product.rules) for product in config.products.values())
        self.teams = {name: Rules((team.name, team.rules) for team in config.teams.values() if team.product == name)
                      for name in config.products}
        self.by_id = {}                                 # scope id -> its level
        top = config.portfolio
        self.by_id[top] = "portfolio"
        streams = {product.stream for product in config.products.values() if product.stream}
        for parent in [top] + [f"{top}/{stream}" for stream in streams]:
            if parent != top:
                self.by_id[parent] = "stream"
            for mode in ("product", "project"):
                self.by_id[f"{parent}/_{mode}"] = "mode"
        for name in config.products:
            self.by_id[self.product_id(name)] = "product"
        self.by_id[self.product_id(UNMAPPED)] = "product"
        for team in config.teams.values():
            self.by_id[f"{self.product_id(team.product)}/{team.name}"] = "team"
        self.cache = {}

    def product_id(self, name):
        product = self.config.products.get(name)
        middle = f"{product.stream}/" if product and product.stream else ""
        return f"{self.config.portfolio}/{middle}{name}"

    def scopes_of(self, leaf):
        """Every scope that a sample of this leaf counts in."""
        if leaf not in self.cache:
            name, team = leaf
            top = self.config.portfolio
            product = self.config.products.get(name)
            scopes = [top]
            if product and product.stream:
                scopes.append(f"{top}/{product.stream}")
            if product:
                scopes += [f"{scope}/_{product.mode}" for scope in scopes]
            scopes.append(self.product_id(name))
            if team:
                scopes.append(f"{self.product_id(name)}/{team}")
            self.cache[leaf] = scopes
        return self.cache[leaf]

    def place(self, attributes):
        """-> leaf (product, team or None) of what is in force, or None where nothing places it."""
        product = attributes.get("product")
        if product is not None:
            if product not in self.config.products:
                return UNMAPPED_LEAF
        else:
            product = self.products.place(attributes)
            if product is None:
                return None
        return product, self.teams[product].place(attributes)


def carry(attributes, fact):
    """Adds to what is in force what a fact carries."""
    for name in ATTRIBUTES:
        value = fact.fields.get(name)
        if value is not None:
            attributes[name] = value
    attributes["subject_source"] = fact.subject_source
    return attributes


class Timeline:
    """Where one subject lies over time: at each of its instants, what its attributes in force then say."""

    def __init__(self, tree, facts, attributes=None):
        """`facts` in order; `attributes` are in force before them."""
        self.steps = []                                 # (time, leaf or None), after all facts of that time
        attributes = dict(attributes or {})
        for fact in facts:
            carry(attributes, fact)
            if self.steps and self.steps[-1][0] == fact.time:
                self.steps.pop()
            self.steps.append((fact.time, tree.place(attributes)))
        self.attributes = attributes

    def item_leaf(self, time):
        """In force at the time, else the earliest later placement, else unmapped."""
        leaf = None
        for at, placed in self.steps:
            if at <= time:
                leaf = placed
            elif leaf is None and placed is not None:
                return placed
        return leaf or UNMAPPED_LEAF

    def sticky_leaf(self, time):
        """As of a service: it stays where it was; before anything placed it, it is where it was first placed."""
        leaf = None
        for at, placed in self.steps:
            if placed is not None and (at <= time or leaf is None):
                leaf = placed
        return leaf or UNMAPPED_LEAF
