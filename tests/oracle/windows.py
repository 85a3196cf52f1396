"""Local days of a zone, and the windows that are sets of them."""

import bisect
import datetime

DAY = 86400000
EPOCH = datetime.date(1970, 1, 1).toordinal()
WINDOWS = ("7d", "30d", "90d", "week", "month", "quarter", "last_week", "last_month", "last_quarter")
ROLLING = {"7d": 7, "30d": 30, "90d": 90}


class Calendar:
    """Days are proleptic ordinals (datetime.date.toordinal)."""

    def __init__(self, zone):
        self.zone = zone
        self.begins = {}

    def offset(self, ms):
        seconds = ms // 1000
        when = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        return int(when.astimezone(self.zone).utcoffset().total_seconds()) * 1000

    def date_at(self, ms):
        """The date that the clock on the wall shows."""
        return EPOCH + (ms + self.offset(ms)) // DAY

    def begin(self, day):
        """The first instant that bears the date (or, where none does, a later one)."""
        if day not in self.begins:
            self.begins[day] = self.find_begin(day)
        return self.begins[day]

    def find_begin(self, day):
        midnight = (day - EPOCH) * DAY
        low, high = midnight - 16 * 3600000, midnight + 16 * 3600000
        if self.offset(low) == self.offset(high):
            return midnight - self.offset(low)
        step = 900000
        while self.date_at(low + step) < day:
            low += step
        high = low + step                               # low does not bear it, high does
        while high - low > 1:
            middle = (low + high) // 2
            if self.date_at(middle) < day:
                low = middle
            else:
                high = middle
        return high

    def day_of(self, ms):
        """The local day that an instant lies in."""
        day = self.date_at(ms) + 1
        while self.begin(day) > ms:
            day -= 1
        return day

    def end(self, day):
        return self.begin(day + 1)

    def count_days(self, times):
        return len({self.day_of(time) for time in times})


def monday(day):
    return day - (day - 1) % 7


def month_start(day, back=0):
    date = datetime.date.fromordinal(day)
    months = date.year * 12 + date.month - 1 - back
    return datetime.date(months // 12, months % 12 + 1, 1).toordinal()


def quarter_start(day, back=0):
    return month_start(day, (datetime.date.fromordinal(day).month - 1) % 3 + 3 * back)


def span_of(window, today):
    """(first day, last day) of a window."""
    if window in ROLLING:
        return today - ROLLING[window] + 1, today
    if window == "week":
        return monday(today), today
    if window == "month":
        return month_start(today), today
    if window == "quarter":
        return quarter_start(today), today
    if window == "last_week":
        return monday(today) - 7, monday(today) - 1
    if window == "last_month":
        return month_start(today, 1), month_start(today) - 1
    return quarter_start(today, 1), quarter_start(today) - 1


def previous_of(window, today):
    """What `previous` compares a window with: the N days before it, or the whole week, month, quarter before."""
    first, _ = span_of(window, today)
    if window in ROLLING:
        return first - ROLLING[window], first - 1
    start = {"week": lambda day: day - 6, "month": month_start, "quarter": quarter_start}[window.removeprefix("last_")]
    return start(first - 1), first - 1


class Span:
    """A set of whole local days, cut at now: [begin, end)."""

    def __init__(self, calendar, first, last, now, today):
        self.first, self.last, self.today = first, last, today
        self.begin, self.end = calendar.begin(first), min(calendar.end(last), now + 1)
        self.days = max(1, min(last, today) - first + 1)

    def of(self, samples, key):
        """The slice of samples, sorted by key, that falls into the span."""
        return samples[bisect.bisect_left(samples, self.begin, key=key):bisect.bisect_left(samples, self.end, key=key)]

    def holds(self, time):
        return self.begin <= time < self.end


def quantile(values, percent):
    """The sample of rank floor(q * (n - 1)), ascending; None of nothing."""
    if not values:
        return None
    return sorted(values)[percent * (len(values) - 1) // 100]
