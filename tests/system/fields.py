"""Results as fields, and what of them is compared: by the oracle's comparer, or to the last digit."""

import re
import sys

from process import ROOT

sys.path.append(str(ROOT / "tests" / "oracle"))
import compare  # noqa: E402

SHOWN = 15


def our_metrics():
    """The metrics that this version computes."""
    table = (ROOT / "include/venturi/metrics.def").read_text()
    return set(re.findall(r'^METRIC\(\w+,\s*"(\w+)"', table, flags=re.M))


def judged(field, metrics):
    _scope, place, metric = field
    if not place:
        return metric == "now_ms"
    if place.startswith(("stages ", "cfd ", "rejected")):
        return True
    return metric in metrics and not place.startswith(("compare ", "dependencies "))


def fields_of(result, rejected=True):
    """{(scope, place, metric): value} of a result of replay: what this version is judged by."""
    metrics = our_metrics()
    return {field: value for field, value in compare.flatten(result).items()
            if judged(field, metrics) and (rejected or field[1] != "rejected")}


def as_promised(metric, got, want):
    """Within what the definitions promise. Negative samples of metrics that are not computed yet are not counted yet."""
    if metric == "excluded_negative_count" and got is not None and want is not None:
        return got <= want
    return compare.agree(metric, got, want)


def differences(got, want, *, subset=False, same=as_promised):
    """(fields compared, lines that say what differs). `subset`: GOT may have more than WANT."""
    compared, told = 0, []
    for field in sorted({*got, *want}):
        if subset and field not in want:
            continue
        nothing = 0 if field[1] == "rejected" else compare.ABSENT
        a, b = got.get(field, nothing), want.get(field, nothing)
        compared += 1
        if a is compare.ABSENT or b is compare.ABSENT or not same(field[2], a, b):
            scope, place, metric = field
            told.append(f"{scope or '-'} {place or '-'} {metric}: got {show(a)}, want {show(b)}")
    return compared, told


def show(value):
    return "(absent)" if value is compare.ABSENT else value


def exactly(_metric, got, want):
    return got == want


def must_agree(got, want, what, **options):
    """Returns how many fields were compared; none at all is a failure."""
    compared, told = differences(got, want, **options)
    assert compared, f"{what}: nothing to compare"
    more = f"\n… and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    assert not told, f"{what}: {len(told)} of {compared} fields differ\n" + "\n".join(told[:SHOWN]) + more
    return compared
