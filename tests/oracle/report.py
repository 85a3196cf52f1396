"""From samples to the numbers that are published: scopes, stages, cfd, compare, dependencies."""

import datetime
import math
from collections import defaultdict
from fractions import Fraction

import forecast
import value
from config import TYPES
from windows import ROLLING, monday, quantile

MONTH = Fraction(304375, 10000)         # days


class Bag:
    """The samples of one scope: lists of (time, …) or of objects, sorted when they are first read."""

    def __init__(self):
        self.lists = defaultdict(list)
        self.sorted = set()

    def add(self, name, time, value=None):
        self.lists[name].append((time, value))

    def all(self, name):
        if name not in self.sorted:
            self.lists[name].sort(key=lambda sample: sample[0])
            self.sorted.add(name)
        return self.lists[name]

    def within(self, name, span):
        """The values of the samples that close in a span."""
        return [value for _, value in span.of(self.all(name), lambda sample: sample[0])]


def seconds(ms):
    return None if ms is None else float(Fraction(ms) / 1000)


def ratio(part, whole):
    return None if not whole else float(Fraction(part) / Fraction(whole))


def put_quantiles(out, name, values, percents):
    for percent in percents:
        out[f"{name}_p{percent}_seconds"] = seconds(quantile(values, percent))
    out[f"{name}_n"] = len(values)


def mean_seconds(values):
    return seconds(Fraction(sum(values), len(values))) if values else None


# ---- what items contribute

def add_item(bag_of, item):
    for scope in item.scopes:
        bag = bag_of[scope]
        bag.lists["items"].append(item)
        for name, time in (("created", item.created_at), ("started", item.started_at),
                           ("finished", item.finished_at), ("canceled", item.canceled_at),
                           ("stale", item.stale_at)):
            if time is not None:
                bag.add(name, time, item)
        for time in item.reopens:
            bag.add("reopens", time)
        for time in item.unknown_states:
            bag.add("unknown", time)


def items_over(bag, span, out):
    finished = bag.within("finished", span)
    started = bag.within("started", span)
    canceled = bag.within("canceled", span)
    out["throughput_items"] = len(finished)
    out["arrivals_items"] = len(started)
    out["created_items"] = len(bag.within("created", span))
    out["canceled_items"] = len(canceled)
    out["reopens_count"] = len(bag.within("reopens", span))
    left = sum(item.started_at is not None for item in finished + canceled)
    out["net_flow_items"] = len(started) - left
    out["unknown_states_count"] = len(bag.within("unknown", span))
    out["excluded_no_start_count"] = sum(not item.has_started for item in finished)
    out["excluded_start_unknown_count"] = sum(item.start_unknown for item in finished)
    out["excluded_no_created_count"] = sum(item.created_at is None for item in finished)
    out["excluded_stale_count"] = len(bag.within("stale", span))
    valued = [item.points for item in finished if item.points is not None]
    out["value_velocity_points"] = float(Fraction(sum(valued), 10 ** 6)) if valued else None

    known = [item for item in finished if item.started_at is not None]
    cycles = [item.cycle for item in known]
    put_quantiles(out, "cycle_time", cycles, (50, 85, 95))
    out["cycle_time_max_seconds"] = seconds(max(cycles, default=None))
    out["cycle_time_mean_seconds"] = mean_seconds(cycles)
    leads = [item.finished_at - item.created_at for item in finished if item.created_at is not None]
    negative = sum(lead < 0 for lead in leads)
    leads = [lead for lead in leads if lead >= 0]
    put_quantiles(out, "lead_time", leads, (50, 85, 95))
    out["lead_time_mean_seconds"] = mean_seconds(leads)
    for name, part in (("flow_efficiency", "active_time"), ("wait", "wait_time"), ("blocked", "blocked_time")):
        out[f"{name}_ratio"] = ratio(sum(getattr(item, part) for item in known), sum(cycles))
        out[f"{name}_n"] = len(known)
    out["first_pass_ratio"] = ratio(sum(not item.reopens for item in finished), len(finished))
    out["first_pass_n"] = len(finished)
    promised = [item for item in known if item.product and item.product.sle is not None]
    out["sle_met_ratio"] = ratio(sum(item.cycle <= item.product.sle for item in promised), len(promised))
    out["sle_met_n"] = len(promised)
    beyond = sum(item.cycle > item.product.sle for item in promised)
    allowed = sum(1 - item.product.sle_share for item in promised)
    out["sle_burn_ratio"] = ratio(beyond, allowed)
    out["sle_confidence_ratio"] = None
    if promised:
        out["sle_confidence_ratio"] = forecast.binomial_below(beyond, len(promised), float(allowed / len(promised)))
    out["aligned_ratio"] = ratio(sum(item.aligned for item in finished), len(finished))
    out["aligned_n"] = len(finished)
    for name in TYPES:
        count = sum(item.type == name for item in finished)
        out[f"velocity_{name}_items"] = count
        out[f"distribution_{name}_ratio"] = ratio(count, len(finished))
        out[f"distribution_{name}_n"] = len(finished)
    upstream = [item.started_at - item.created_at for item in started if item.created_at is not None]
    negative += sum(time < 0 for time in upstream)
    put_quantiles(out, "upstream_time", [time for time in upstream if time >= 0], (50, 85))
    out["excluded_negative_count"] = out.get("excluded_negative_count", 0) + negative
    gone = len(finished) + len(canceled)
    for name, count in (("before", sum(not item.has_started for item in canceled)),
                        ("after", sum(item.has_started for item in canceled))):
        out[f"discarded_{name}_start_ratio"] = ratio(count, gone)
        out[f"discarded_{name}_start_n"] = gone


def flow_over(bag, window, span, now, out):
    """Little's law and stability, over a rolling window; elsewhere nan."""
    out["littles_law_ratio"], out["littles_law_n"], out["flow_stable"] = None, 0, None
    if window not in ROLLING:
        return
    known = [item for item in bag.lists["items"] if item.started_at is not None]
    departed = [item for item in known
                if item.end is not None and item.stale_at is None and span.holds(item.end)
                and item.end >= item.started_at]
    arrived = sum(span.holds(item.started_at) for item in known)
    integral = 0
    for item in known:
        end = now if item.end is None else min(item.end, now)
        integral += max(0, end - max(item.started_at, span.begin))
    times = sum(item.end - item.started_at for item in departed)
    out["littles_law_n"] = len(departed)
    if departed and times:
        out["littles_law_ratio"] = float(Fraction(integral, times))
    if arrived or departed:
        ages = [mean_age(known, at) for at in (span.begin, now)]
        out["flow_stable"] = int(near(arrived, len(departed)) and near(*ages))


def mean_age(items, at):
    ages = [at - item.started_at for item in items
            if item.started_at <= at and (item.end is None or item.end > at)]
    return Fraction(sum(ages), len(ages)) if ages else Fraction(0)


def near(a, b):
    """Differ by at most 10 % of the greater."""
    return 10 * abs(a - b) <= max(a, b)


def items_now(bag, now, out):
    wip = [item for item in bag.lists["items"] if item.in_wip]
    blocked = [item for item in wip if item.is_blocked]
    active = [item for item in wip if not item.is_blocked and item.cls == "active"]
    out["wip_items"] = len(wip)
    out["wip_active_items"] = len(active)
    out["wip_wait_items"] = len(wip) - len(active) - len(blocked)
    out["wip_blocked_items"] = len(blocked)
    for name in TYPES:
        out[f"wip_{name}_items"] = sum(item.type == name for item in wip)
    aged = [item for item in wip if item.started_at is not None]
    # A quantile of ages is one of ages, not of starts: rank floor(q * (n - 1)) ascending by age.
    ages = [now - item.started_at for item in aged]
    put_quantiles(out, "age", ages, (50, 85))
    out["age_max_seconds"] = seconds(max(ages, default=None))
    out["wip_over_sle_items"] = None
    if bag.has_sle:
        out["wip_over_sle_items"] = sum(now - item.started_at > item.product.sle for item in aged
                                        if item.product and item.product.sle is not None)
    out["backlog_items"] = sum(item.in_backlog for item in bag.lists["items"])
    out["wip_aligned_ratio"] = ratio(sum(item.aligned for item in wip), len(wip))
    out["wip_aligned_n"] = len(wip)
    valued = [item.points * (now - item.started_at) for item in aged if item.points is not None]
    out["cost_of_delay_points_day"] = float(Fraction(sum(valued), 86400000 * 10 ** 6)) if valued else None


# ---- what services contribute

def add_service(bag_of, tree, service, intervals):
    for deployment in service.deployments:
        for scope in tree.scopes_of(deployment.leaf):
            bag_of[scope].add("deployments", deployment.time, deployment)
    for name, samples in (("redeploys", service.redeploys), ("failed_attempts", service.failed),
                          ("not_production", service.elsewhere)):
        for time, leaf in samples:
            for scope in tree.scopes_of(leaf):
                bag_of[scope].add(name, time)
    add_releases(bag_of, tree, service.releases, intervals)


def add_releases(bag_of, tree, releases, intervals):
    for release in releases:
        for scope in tree.scopes_of(release.leaf):
            bag_of[scope].add("releases", release.time, release)
    for time, leaf, interval in intervals:
        for scope in tree.scopes_of(leaf):
            bag_of[scope].add("release_intervals", time, interval)


def releases_over(bag, span, calendar, out):
    out["deployments_count"] = len(bag.within("deployments", span))
    out["redeploys_count"] = len(bag.within("redeploys", span))
    out["deploy_attempts_failed_count"] = len(bag.within("failed_attempts", span))
    out["excluded_not_production_count"] = len(bag.within("not_production", span))
    releases = bag.within("releases", span)
    out["releases_count"] = len(releases)
    out["releases_per_month"] = float(len(releases) * MONTH / span.days)
    out["days_with_release_count"] = calendar.count_days(release.time for release in releases)
    put_quantiles(out, "release_interval", bag.within("release_intervals", span), (50,))


# ---- changes, failures, recovery

def add_change(bag_of, tree, change):
    for scope in tree.scopes_of(change.leaf):
        bag = bag_of[scope]
        if change.deployment is not None:
            which, start = change.start()
            time = change.deployment.time - start
            if time < 0:
                bag.add("negative", change.deployment.time)
            else:
                bag.add("change_times", change.deployment.time, (which, time))
        elif change.excluded is not None:
            bag.add(change.excluded, change.merged)
        else:
            bag.lists["undeployed"].append(change.merged)


def add_recoveries(bag_of, tree, deployments):
    for deployment in deployments:
        for scope in tree.scopes_of(deployment.leaf):
            if deployment.failed and deployment.recovered is None:
                bag_of[scope].lists["unrecovered"].append(deployment)
            elif deployment.failed:
                time = deployment.recovered - deployment.time
                bag_of[scope].add("recoveries" if time >= 0 else "negative", deployment.recovered, time)


def changes_over(bag, span, out):
    samples = bag.within("change_times", span)
    for start in ("commit", "open", "merge"):
        out[f"change_start_{start}_count"] = sum(which == start for which, _ in samples)
    put_quantiles(out, "lead_time_for_changes", [time for _, time in samples], (50, 85))
    deployments = bag.within("deployments", span)
    failed = sum(deployment.failed for deployment in deployments)
    out["failed_deployments_count"] = failed
    out["change_fail_ratio"] = ratio(failed, len(deployments))
    out["change_fail_n"] = len(deployments)
    put_quantiles(out, "failed_deployment_recovery", bag.within("recoveries", span), (50, 85))
    out["rework_ratio"] = ratio(sum(deployment.rework for deployment in deployments), len(deployments))
    out["rework_n"] = len(deployments)
    for name in ("before_first_deployment", "no_link", "below_severity"):
        out[f"excluded_{name}_count"] = len(bag.within(name, span))
    out["unattributed_incidents_count"] = len(bag.within("unattributed", span))
    out["excluded_negative_count"] += len(bag.within("negative", span))


def changes_now(bag, now, out):
    ages = [now - merged for merged in bag.lists["undeployed"]]
    out["changes_undeployed_items"] = len(ages)
    put_quantiles(out, "undeployed_age", ages, (85,))
    out["unrecovered_count"] = len(bag.lists["unrecovered"])


# ---- money, dependencies, outcomes, risks

def money(bag, first, last):
    """-> {currency: millionths} of the costs that fall on days of a span."""
    sums = {}
    for cost in bag.lists["costs"]:
        part = cost.within(first, last)
        if part is not None:
            sums[cost.currency] = sums.get(cost.currency, 0) + part
    return sums


def amount(millionths):
    return None if millionths is None else float(Fraction(millionths, value.MILLION))


def cost_of(bag, span):
    """In the one currency of the span, else None."""
    sums = money(bag, span.first, min(span.last, span.today))
    return next(iter(sums.values())) if len(sums) == 1 else None


def costs_over(bag, span, out):
    sums = money(bag, span.first, min(span.last, span.today))
    cost = cost_of(bag, span)
    out["cost_amount"] = amount(cost)
    for currency in {cost.currency for cost in bag.lists["costs"]}:
        out[f"cost_{currency}_amount"] = amount(sums.get(currency))
    for name, count in (("item", out["throughput_items"]), ("release", out["releases_count"])):
        out[f"cost_per_{name}_amount"] = None if cost is None or not count else amount(Fraction(cost, count))
    put_quantiles(out, "dependency_wait", bag.within("waits", span), (85,))


def funding_now(bag, quarter, today, out):
    first, last = quarter
    funded = [funding for funding in bag.lists["fundings"] if funding.quarter == quarter]
    sums = money(bag, first, today)
    currencies = {*sums, *(funding.currency for funding in funded)}
    used = predicted = None
    if funded and sums and len(currencies) == 1:
        allocated, spent = sum(funding.amount for funding in funded), sum(sums.values())
        used = ratio(spent, allocated)
        predicted = ratio(Fraction(spent * (last - first + 1), today - first + 1), allocated)
    for name, number in (("used", used), ("forecast", predicted)):
        out[f"funding_{name}_ratio"] = number
        out[f"funding_{name}_n"] = len(funded)


def value_now(bag, now, out):
    results = [result.progress for result in bag.lists["key_results"] if result.progress is not None]
    out["outcome_progress_ratio"] = float(sum(results) / len(results)) if results else None
    out["outcome_progress_n"] = len(results)
    raised = [dependency.raised for dependency in bag.lists["open_dependencies"]]
    out["dependencies_open_items"] = len(raised)
    out["dependency_age_max_seconds"] = seconds(now - min(raised)) if raised else None
    out["blocking_others_items"] = len(bag.lists["blocking"])
    risks = [risk for risk in bag.lists["risks"] if risk.open]
    out["risks_open_items"] = len(risks)
    out["risk_exposure_amount"] = (float(Fraction(sum(risk.exposure for risk in risks), value.MILLION ** 2))
                                   if risks else None)
    put_quantiles(out, "risk_age", [now - risk.since for risk in risks], (85,))
    for name, times in (("finish", [time for time, _ in bag.all("finished")]),
                        ("release", [time for time, _ in bag.all("releases")]), ("fact", bag.lists["facts"])):
        out[f"last_{name}_age_seconds"] = seconds(now - max(times)) if times else None


# ---- outlook

def first_of(bag, *names):
    return min((bag.all(name)[0][0] for name in names if bag.all(name)), default=None)


def outlook(bag, calendar, today, wip, out):
    began = first_of(bag, "started", "finished")
    per_day = defaultdict(int)
    for time, _ in bag.all("finished"):
        per_day[calendar.day_of(time)] += 1
    throughput = forecast.Throughput(per_day, None if began is None else calendar.day_of(began))
    forecast.forecast(throughput, today - 1, wip, out)
    signals(bag, calendar, today, out)


def signals(bag, calendar, today, out):
    began = first_of(bag, "started", "finished", "releases")
    items, released, cycles, wip = [], [], [], []
    for monday_of in range(monday(today) - 26 * 7, monday(today), 7):
        begin, end = calendar.begin(monday_of), calendar.begin(monday_of + 7)
        if began is None or begin < began:
            continue
        finished = [item for time, item in bag.all("finished") if begin <= time < end]
        items.append(len(finished))
        released.append(sum(begin <= time < end for time, _ in bag.all("releases")))
        times = [item.cycle for item in finished if item.started_at is not None]
        cycles.append(math.log(sum(times) / len(times)) if sum(times) else None)
        wip.append(sum(item.wip_from is not None and item.wip_from < end and (item.end is None or item.end >= end)
                       for item in bag.lists["items"]))
    for name, points in (("throughput", items), ("releases", released), ("cycle_time", cycles), ("wip", wip)):
        out[f"{name}_signal"] = forecast.signal(points)


# ---- tables

def stages_of(bag, span, wip):
    """state -> its row; `wip` are the items in progress, which every window shows alike."""
    visits = defaultdict(list)
    for item in bag.within("finished", span):
        for state, time in item.visits():
            visits[state].append(time)
    now = defaultdict(int)
    for item in wip:
        if item.state is not None:
            now[item.state] += 1
    return {state: {
        "visits_count": len(visits[state]),
        "time_p50_seconds": seconds(quantile(visits[state], 50)),
        "time_p85_seconds": seconds(quantile(visits[state], 85)),
        "time_total_seconds": seconds(sum(visits[state])) if visits[state] else None,
        "wip_items": now[state],
    } for state in sorted({*visits, *now})}


def cfd_of(bag, calendar, today, now):
    first = calendar.begin(today - 89)
    entries = defaultdict(list)
    for item in bag.lists["items"]:
        if item.end is None or item.end >= first:
            for cls, time in item.first_entries().items():
                if time <= now:
                    entries[cls].append(time)
    rows = {}
    for day in range(today - 89, today + 1):
        end = calendar.end(day)
        rows[iso(day)] = {cls: sum(time < end for time in entries[cls])
                          for cls in ("new", "active", "wait", "done", "canceled")}
    return rows


def iso(day):
    return datetime.date.fromordinal(day).isoformat()


def compared(now, then):
    """(now - then) / then of the four figures."""
    return {f"{name}_change_ratio": None if a is None or not b else float((a - b) / b)
            for name, a, b in ((name, now[name], then[name]) for name in now)}


def figures(bag, span):
    """The four figures that a comparison is made of, as fractions."""
    finished = bag.within("finished", span)
    cycle = quantile([item.cycle for item in finished if item.started_at is not None], 50)
    cost = cost_of(bag, span)
    return {
        "releases_per_month": len(bag.within("releases", span)) * MONTH / span.days,
        "velocity_per_month": len(finished) * MONTH / span.days,
        "cycle_time_p50": None if cycle is None else Fraction(cycle),
        "cost_per_item": Fraction(cost, len(finished)) if cost is not None and finished else None,
    }


def dependency_table(tree, dependencies, span):
    """Consumer's product x provider."""
    rows = {}
    for dependency in dependencies:
        row = rows.setdefault((tree.product_id(dependency.leaf[0]), dependency.provider), [0, []])
        if dependency.resolved is None:
            row[0] += 1
        elif span.holds(dependency.resolved):
            row[1].append(dependency.resolved - dependency.raised)
    return [{"consumer": consumer, "provider": provider, "open_items": count,
             "wait_p85_seconds": seconds(quantile(waits, 85))} for (consumer, provider), (count, waits)
            in sorted(rows.items())]
