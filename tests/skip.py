"""Skip: what a test raises that cannot run here."""


class Skip(Exception):
    """Its text completes "skipped, because …"."""
