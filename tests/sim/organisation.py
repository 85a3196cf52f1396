"""A random organisation: what venturid.conf says of it, and what the stories need to know."""

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/St_Johns",
         "Australia/Lord_Howe", "America/Santiago", "Asia/Beirut", "Africa/Casablanca", "Pacific/Chatham")

# stream, product, prefix
CATALOGUE = (
    ("claims", "claims-intake", "CLM"), ("claims", "fraud", "FRD"), ("policy", "billing", "BIL"),
    ("policy", "portal", "POR"), ("policy", "ledger", "LED"), ("insight", "reports", "REP"),
    ("insight", "search", "SRC"), ("", "archive", "ARC"),
)

DEFAULT = {
    "new": ["Open", "To Do", "Backlog"], "active": ["In Progress", "Doing"],
    "wait": ["Ready", "In Review", "Waiting", "In Prüfung"], "done": ["Done", "Closed", "Resolved"],
    "canceled": ["Canceled", "Won't Do"],
}
KANBAN = {
    "new": ["Intake", "Options"], "active": ["Analyse", "Build", "Verify", "Doing"],
    "wait": ["Ready for Build", "Waiting for Vendor", "In Review"], "done": ["Delivered", "Accepted", "Done"],
    "canceled": ["Rejected"],
}
TYPES = ("feature", "story", "Enhancement", "bug", "Defect", "security", "Compliance", "tech debt", "REFACTORING",
         "question", "spike")


def milliseconds(duration):
    return int(duration[:-1]) * {"m": 60000, "h": 3600000, "d": 86400000}[duration[-1]]


class Product:
    def __init__(self, stream, name, prefix):
        self.stream, self.name, self.prefix = stream, name, prefix
        self.workflow = "default"
        self.states = DEFAULT
        self.mode = self.release = self.change_start = self.sle = None
        self.repositories, self.services, self.projects, self.sources, self.labels = [], [], [], [], []
        self.tracker = "jira.example"
        self.named = self.quiet = False
        self.teams = []
        self.repository_names, self.service_names = [], []


class Organisation:
    """Drawn from dice; `text()` is its venturid.conf."""

    def __init__(self, dice, first_day):
        self.zone = dice.pick(ZONES)
        self.portfolio = "acme"
        self.settle = dice.pick(("90d", "90d", "30d", "12d", "36h"))
        self.stale_after = dice.pick(("400d", "60d", "60d", "25d"))
        self.max_lateness = dice.pick(("30d", "120d", "30d"))
        self.max_gap = dice.pick(("24h", "12h", "90m"))
        self.ignored = dice.pick(([], ["mad-*", "nobody.example"], ["mad-?ot"]))
        self.min_severity = dice.pick(("", "medium", "high", "critical"))
        self.products = []
        for stream, name, prefix in CATALOGUE[:dice.between(5, len(CATALOGUE))]:
            self.products.append(self.draw_product(dice, Product(stream, name, prefix)))
        if dice.chance(0.5):                            # a more specific pattern of another product
            self.products[-1].repositories.append("acme/claims-old*")
        self.names = [product.name for product in self.products]
        self.settle_ms, self.stale_ms = milliseconds(self.settle), milliseconds(self.stale_after)
        self.scopes = [self.portfolio, *(f"{self.portfolio}/{p.stream}/{p.name}" if p.stream
                                         else f"{self.portfolio}/{p.name}" for p in self.products)]
        self.first_day = first_day
        self.baselines = [("before", 0, 60)]
        if dice.chance(0.5):
            self.baselines.append(("lately", 100, dice.pick((179, 180, 200))))

    @staticmethod
    def draw_product(dice, product):
        name, prefix = product.name, product.prefix
        if dice.chance(0.4):
            product.workflow, product.states = "kanban", KANBAN
        product.mode = dice.pick(("product", "project", None))
        product.release = dice.pick(("deployment", "deployment", "published"))
        product.change_start = dice.pick(("commit", "open", "merge"))
        product.sle = dice.pick((None, "85% within 8d", "80% within 36h", "99.5% within 2w", "50% within 90m"))
        stem = name.split("-")[0]
        product.repositories = dice.pick(([f"acme/{stem}-*"], [f"acme/{stem}*"], [f"ACME/{name}", f"acme/{stem}-co?e"]))
        product.services = dice.pick(([name], [f"{stem}-api", f"{stem}-web"], [f"{stem}-*"]))
        product.repository_names = {f"acme/{stem}-*": [f"acme/{stem}-core", f"acme/{stem}-web"],
                                    f"acme/{stem}*": [f"acme/{stem}"]}.get(
                                        product.repositories[0], [f"acme/{name}", f"acme/{stem}-core"])
        product.service_names = {name: [name], f"{stem}-api": [f"{stem}-api", f"{stem}-web"]}.get(
            product.services[0], [f"{stem}-api", f"{stem}-batch"])
        if dice.chance(0.25):                           # its services are placed by what their facts carry
            product.services = []
        product.named = dice.chance(0.5)                # its deployments may say whose they are
        product.quiet = dice.chance(0.1)                # never comes as far as production
        if dice.chance(0.75):
            product.projects = [prefix]
        else:
            product.sources, product.labels = [f"git.example/acme/{name}"], [f"product:{name}"]
            product.tracker = product.sources[0]
        for team in range(dice.pick((0, 0, 1, 2))):
            product.teams.append((f"{stem}-team{team}", f"team:{stem}{team}" + dice.pick(("", "*"))))
        return product

    def text(self):
        quoted = lambda values: "{" + ", ".join(f'"{value}"' for value in values) + "}"
        lines = [f'timezone             = "{self.zone}"', f'portfolio            = "{self.portfolio}"',
                 'clock                = "event"', 'max_future_skew      = "10m"',
                 f'max_lateness         = "{self.max_lateness}"', f'settle               = "{self.settle}"',
                 f'stale_after          = "{self.stale_after}"', 'max_event_size       = "64KB"',
                 f'attribution_max_gap  = "{self.max_gap}"', f'ignore_sources       = {quoted(self.ignored)}',
                 'severities           = {"critical", "high", "medium", "low"}',
                 f'min_severity         = "{self.min_severity}"', 'unplanned_labels     = {"hotfix", "unplanned*"}',
                 'unplanned_branches   = {"hotfix/*", "emergency-?"}',
                 'canceled_resolutions = {"canceled", "wontfix", "duplicate", "abandoned", "withdrawn"}', ""]
        for name, states in (("default", DEFAULT), ("kanban", KANBAN)):
            lines += [f'workflow "{name}" {{']
            lines += [f"    {cls:8} = {quoted(states[cls])}" for cls in states] + ["}", ""]
        for product in self.products:
            lines += [f'product "{product.name}" {{']
            if product.stream:
                lines += [f'    stream       = "{product.stream}"']
            lines += [f'    workflow     = "{product.workflow}"']
            for key in ("mode", "sle", "release", "change_start"):
                if getattr(product, key):
                    lines += [f'    {key:12} = "{getattr(product, key)}"']
            for key in ("repositories", "services", "projects", "sources", "labels"):
                if getattr(product, key):
                    lines += [f"    {key:12} = {quoted(getattr(product, key))}"]
            lines += ["}", ""]
            for team, label in product.teams:
                lines += [f'team "{team}" {{', f'    product = "{product.name}"', f'    labels  = {{"{label}"}}', "}", ""]
        for name, first, last in self.baselines:
            lines += [f'baseline "{name}" {{', f'    from = "{self.first_day(first)}"', f'    to   = "{self.first_day(last)}"', "}"]
        return "\n".join(lines) + "\n"
