"""Forecasts by exact convolution, and signals by process behaviour charts."""

import math
from collections import Counter
from fractions import Fraction

TOLERANCE = Fraction(1, 10 ** 9)
SAMPLE, LEAST, HORIZON = 90, 14, 365
SHARES = (("p50", Fraction(1, 2)), ("p85", Fraction(85, 100)))


def power(counts, days):
    """Coefficients of (sum of counts[k] x^k)^days: in how many ways that many days make each sum. A polynomial is
    packed into one integer, wide enough that no coefficient runs into the next."""
    width = (sum(counts.values()) ** days).bit_length() + 8
    width += -width % 8
    packed = sum(count << width * k for k, count in counts.items()) ** days
    size = width // 8
    raw = packed.to_bytes(size * (max(counts) * days + 1), "little")
    return [int.from_bytes(raw[i:i + size], "little") for i in range(0, len(raw), size)]


def items_in(sample, days=30):
    """share name -> the greatest N with P(at least N items in so many days) >= share."""
    ways = power(Counter(sample), days)
    whole = len(sample) ** days
    result, at_least, n = {}, 0, len(ways) - 1
    for name, share in sorted(SHARES, key=lambda pair: pair[1]):
        while at_least < (share - TOLERANCE) * whole:
            at_least += ways[n]
            n -= 1
        result[name] = n + 1
    return result


def days_until(sample, wip):
    """share name -> the least d with P(at least wip items in d days) >= share; None beyond the horizon."""
    result = {name: 0 if wip == 0 else None for name, _ in SHARES}
    if wip == 0 or not any(sample):
        return result
    chances = [(k, count / len(sample)) for k, count in Counter(sample).items()]
    below = [1.0] + [0.0] * (wip - 1)                   # P(sum = s), of sums that do not reach wip yet
    for day in range(1, HORIZON + 1):
        after = [0.0] * wip
        for s, chance in enumerate(below):
            if chance:
                for k, p in chances:
                    if s + k < wip:
                        after[s + k] += chance * p
        below = after
        reached = 1 - math.fsum(below)
        for name, share in SHARES:
            if result[name] is None and reached >= float(share) - 1e-9:
                result[name] = day
        if None not in result.values():
            break
    return result


class Throughput:
    """Finished items of each local day of a scope; days before its first start or finish are in no sample."""

    def __init__(self, per_day, first_day):
        self.per_day, self.first = per_day, first_day

    def sample(self, last):
        """Of the 90 days up to and including `last`."""
        if self.first is None:
            return []
        return [self.per_day.get(day, 0) for day in range(max(self.first, last - SAMPLE + 1), last + 1)]

    def hits(self, yesterday):
        """-> (forecasts that held, forecasts)"""
        held = made = 0
        cache = {}
        for day in range(yesterday - SAMPLE + 1, yesterday + 1):
            sample = self.sample(day - 30)
            if len(sample) >= LEAST:
                key = tuple(sorted(sample))
                if key not in cache:
                    cache[key] = items_in(sample)["p85"]
                made += 1
                held += sum(self.per_day.get(d, 0) for d in range(day - 29, day + 1)) >= cache[key]
        return held, made


def forecast(throughput, yesterday, wip, out):
    sample = throughput.sample(yesterday)
    enough = len(sample) >= LEAST
    items = items_in(sample) if enough else {}
    days = days_until(sample, wip) if enough else {}
    for name, _ in SHARES:
        out[f"forecast_items_30d_{name}_items"] = items.get(name)
        out[f"forecast_wip_done_{name}_days"] = days.get(name)
    out["forecast_items_30d_n"] = out["forecast_wip_done_n"] = len(sample)
    held, made = throughput.hits(yesterday)
    out["forecast_hit_ratio"] = held / made if made else None
    out["forecast_hit_n"] = made


def signal(points):
    """Of a chart's points in order of time, None for a week without one."""
    points = [point for point in points if point is not None]
    if len(points) < 18:
        return None
    before, judged = points[:-8], points[-8:]
    centre = math.fsum(before) / len(before)
    ranges = [abs(a - b) for a, b in zip(before, before[1:])]
    limit = 2.66 * math.fsum(ranges) / len(ranges)
    off = [point - centre for point in judged]
    for sign in (1, -1):
        if sign * off[-1] > limit + 1e-9:
            return 2 * sign
    for sign in (1, -1):
        if all(sign * x > 1e-9 for x in off):
            return sign
    return 0


def binomial_below(beyond, n, p):
    """P(X < beyond), X binomial."""
    if p <= 0 or p >= 1:
        return float(beyond > (0 if p <= 0 else n))
    log_p, log_q = math.log(p), math.log1p(-p)
    terms = (math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * log_p + (n - k) * log_q
             for k in range(beyond))
    return min(1.0, math.fsum(map(math.exp, terms)))
