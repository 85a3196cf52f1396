"""Work items: from the facts about one item to its lives, and from a life to what it contributes."""

from config import lower
from scopes import Timeline, carry

CLOSED = ("done", "canceled")
STARTED = ("active", "wait")


class Move:
    __slots__ = ("fact", "time", "before", "after", "state")

    def __init__(self, fact, before, after, state):
        self.fact, self.time, self.before, self.after, self.state = fact, fact.time, before, after, state


def walk(config, facts, timeline):
    """-> (moves, times of facts with an unknown state). A class before the first move is that of its `from`."""
    moves, unknown, canceled_by_close = [], [], None
    for fact in facts:
        if fact.kind == "item.state":
            workflow = config.workflow_of(timeline.item_leaf(fact.time)[0])
            state, after = lower(fact.fields["to"]), workflow.of(fact.fields["to"])
            before = moves[-1].after if moves else workflow.of(fact.fields["from"]) if fact.get("from") else None
            if after is None:
                unknown.append(fact.time)
                after = before or "new"
            if not moves or (state, after) != (moves[-1].state, before):
                moves.append(Move(fact, before, after, state))
        elif fact.kind == "item.closed":
            after = "canceled" if config.resolution_cancels(fact.get("resolution")) else "done"
            before = moves[-1].after if moves else None
            if after == "canceled":
                canceled_by_close = fact.time
            elif canceled_by_close == fact.time:    # a canceling close at this instant: no `done` revives it
                continue
            if after != before:
                moves.append(Move(fact, before, after, after))
    return moves, unknown


def lives_of(config, tree, facts):
    """Cuts the facts of an item, in order, into lives: -> [(facts, attributes in force before)]."""
    lives, start, attributes = [], 0, {}
    for i, fact in enumerate(facts):
        if fact.kind == "item.state" and begins_life(config, tree, facts, start, i, attributes):
            lives.append((facts[start:i], dict(attributes)))
            for before in facts[start:i]:
                carry(attributes, before)
            start = i
    lives.append((facts[start:], dict(attributes)))
    return lives


def begins_life(config, tree, facts, start, i, attributes):
    """Whether fact i moves a closed item on, more than settle after its last move, by the facts up to then alone."""
    fact = facts[i]
    if fact.time - facts[start].time <= config.settle:
        return False
    known = i + 1
    while known < len(facts) and facts[known].time == fact.time:
        known += 1
    timeline = Timeline(tree, facts[start:known], attributes)
    moves, _ = walk(config, facts[start:i], timeline)
    if not moves or moves[-1].after not in CLOSED or fact.time - moves[-1].time <= config.settle:
        return False
    to = config.workflow_of(timeline.item_leaf(fact.time)[0]).of(fact.fields["to"])
    return to is not None and to not in CLOSED


class Block:
    """One interval of one blocker; `end` is None while it is open."""

    def __init__(self, start, blocker, provider):
        self.start, self.blocker, self.provider, self.end = start, blocker, provider, None


class Item:
    """One life of a work item."""

    def __init__(self, config, tree, facts, attributes, first, now):
        self.config, self.facts, self.now = config, facts, now
        self.key = facts[0].subject()
        self.timeline = Timeline(tree, facts, attributes)
        self.before = attributes
        self.first = first
        self.moves, self.unknown_states = walk(config, facts, self.timeline)
        self.find_ends()
        self.leaf = self.timeline.item_leaf(now if self.closed_at is None else self.closed_at)
        self.product = config.products.get(self.leaf[0])
        self.scopes = tree.scopes_of(self.leaf)
        self.find_blocks()
        until = self.finished_at if self.finished_at is not None else now
        self.type = config.type_of(self.in_force("type", until))
        self.points = self.in_force("value_points", until)
        self.aligned = self.in_force("objective", until) is not None
        if self.finished_at is not None and self.started_at is not None:
            self.split_cycle()

    def in_force(self, name, time):
        value = self.before.get(name)
        for fact in self.facts:
            if fact.time <= time and fact.get(name) is not None:
                value = fact.get(name)
        return value

    def find_ends(self):
        moves = self.moves
        self.cls = moves[-1].after if moves else None
        self.state = moves[-1].state if moves else None
        self.start_unknown = bool(moves) and moves[0].before in STARTED
        self.started_at = None if self.start_unknown else next((m.time for m in moves if m.after in STARTED), None)
        self.wip_from = moves[0].time if self.start_unknown else self.started_at
        self.has_started = self.start_unknown or self.started_at is not None
        entries = [m for m in moves if m.after == self.cls != m.before]
        self.finished_at = entries[-1].time if self.cls == "done" and entries else None
        self.canceled_at = entries[-1].time if self.cls == "canceled" and entries else None
        self.close = self.closed_at = None
        if self.cls in CLOSED:                          # one closed before the log began: at its last move
            self.close = entries[-1] if entries else moves[-1]
            self.closed_at = self.close.time
        self.reopens = [m.time for m in moves[0 if self.first else 1:]
                        if m.before in CLOSED and m.after not in CLOSED]
        last = self.facts[-1].time
        self.last_fact = last
        self.stale_at = None
        if self.closed_at is None and self.now - last > self.config.stale_after:
            self.stale_at = last + self.config.stale_after
        self.end = self.closed_at if self.closed_at is not None else self.stale_at
        self.in_wip = self.has_started and self.end is None
        self.in_backlog = not self.has_started and self.end is None

    def find_created(self, all_facts):
        """A first life's creation is looked for in all facts of the item; a later one's is its first move."""
        if not self.first:
            self.created_at = self.moves[0].time
            return
        carried = [fact.get("created_at") for fact in all_facts if fact.get("created_at") is not None]
        told = [fact.time for fact in all_facts if fact.kind == "item.created"]
        self.created_at = min(carried or told, default=None)
        if self.created_at is not None and self.created_at > self.now:
            self.created_at = None                      # one that lies after now is no creation yet

    def find_blocks(self):
        """Blocks of this life in order of their start; whatever is open at the end as stale ends there."""
        self.blocks, still_open = [], {}

        def end(blockers, time):
            for blocker in list(blockers):
                still_open.pop(blocker).end = time

        for fact in self.facts:
            if self.close and fact is self.close.fact:
                end(still_open, fact.time)
                break                                   # what is told after the close blocks nothing
            blocker = fact.get("blocker_id")
            if fact.kind == "item.blocked" and blocker not in still_open:
                still_open[blocker] = Block(fact.time, blocker, fact.get("provider"))
                self.blocks.append(still_open[blocker])
            elif fact.kind == "item.unblocked":
                end(still_open if blocker is None else [blocker] if blocker in still_open else [], fact.time)
        if self.stale_at is not None:
            end(still_open, self.stale_at)
        self.is_blocked = bool(still_open)

    def split_cycle(self):
        """active + wait + blocked = cycle, exactly."""
        begin, finish = self.started_at, self.finished_at
        self.cycle = finish - begin
        blocked = union((max(b.start, begin), min(finish if b.end is None else b.end, finish)) for b in self.blocks)
        active = []
        for move, after in zip(self.moves, self.moves[1:] + [None]):
            if move.after == "active":
                active.append((max(move.time, begin), min(after.time if after else finish, finish)))
        active = union(active)
        self.blocked_time = length(blocked)
        self.active_time = length(active) - overlap(active, blocked)
        self.wait_time = self.cycle - self.active_time - self.blocked_time

    def visits(self):
        """(state, duration) of each visit of a finished item, but the final `done`."""
        for move, after in zip(self.moves, self.moves[1:]):
            if move is self.close:
                break
            yield move.state, after.time - move.time

    def first_entries(self):
        """class -> when it was first entered; `new` also with the creation."""
        entries = {}
        if self.created_at is not None:
            entries["new"] = self.created_at
        for move in self.moves:
            if move.after not in entries or move.time < entries[move.after]:
                entries[move.after] = move.time
        return entries


def union(intervals):
    """Disjoint intervals in order."""
    merged = []
    for start, end in sorted((s, e) for s, e in intervals if e > s):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([start, end])
    return merged


def length(intervals):
    return sum(end - start for start, end in intervals)


def overlap(a, b):
    return sum(max(0, min(e, f) - max(s, t)) for s, e in a for t, f in b)


def chained(facts):
    """Facts of one instant that are up to six moves: the one order that chains by `from` and `to`, or None."""
    count = len(facts)
    ends = [(lower(f.fields["from"]) if f.get("from") else None, lower(f.fields["to"])) for f in facts]
    found = []

    def extend(order):
        if len(order) == count:
            found.append(order)
        for i in range(count):
            if len(found) < 2 and i not in order and (not order or ends[i][0] == ends[order[-1]][1]):
                extend(order + [i])
    extend([])
    return [facts[i] for i in found[0]] if len(found) == 1 else None


def in_order(facts):
    """Facts of one item in their order, with the moves of one instant chained where exactly one order does."""
    facts = sorted(facts, key=lambda fact: fact.order())
    result, i = [], 0
    while i < len(facts):
        j = i + 1
        if facts[i].kind == "item.state":
            while j < len(facts) and facts[j].time == facts[i].time and facts[j].kind == "item.state":
                j += 1
        group = facts[i:j]
        if 2 <= len(group) <= 6:
            group = chained(group) or group
        result += group
        i = j
    return result


def items_of(config, tree, facts, now):
    """All lives of the item that these facts, none of them after now, are about."""
    facts = in_order(facts)
    lives = [Item(config, tree, part, attributes, i == 0, now)
             for i, (part, attributes) in enumerate(lives_of(config, tree, facts))]
    for life in lives:
        life.find_created(facts)
    return lives
