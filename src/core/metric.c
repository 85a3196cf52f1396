#include "venturi/metric.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Doubles beyond it are written with an exponent, as JavaScript does. */
#define PLAIN_MOST 1e21
/* Seconds beyond it have no milliseconds. */
#define SECONDS_MOST 1e15

static const struct metric_info infos[] = {
#define METRIC(suffix, name, where, unit, better, help)                                            \
	{name, IN_##where, UNIT_##unit, BETTER_##better, help},
#include "venturi/metrics.def"
#undef METRIC
};

const struct metric_info *metric_info(enum metric metric)
{
	assert(metric < METRIC_COUNT);
	return &infos[metric];
}

const char *metric_unit_name(enum metric_unit unit)
{
	static const char *const names[] = {
		[UNIT_ITEMS] = "items", [UNIT_COUNT] = "count",         [UNIT_SECONDS] = "seconds",
		[UNIT_RATIO] = "ratio", [UNIT_PER_MONTH] = "per_month", [UNIT_FLAG] = "flag",
		[UNIT_DAYS] = "days",   [UNIT_POINTS] = "points",       [UNIT_AMOUNT] = "amount",
		[UNIT_MS] = "ms",
	};

	return names[unit];
}

enum metric metric_named(struct text name)
{
	enum metric metric = 0;

	while (metric < METRIC_COUNT && !text_same(text_of(infos[metric].name), name))
		metric++;
	return metric;
}

const char *window_name(enum window window)
{
	static const char *const names[] = {
		[WINDOW_7D] = "7d",
		[WINDOW_30D] = "30d",
		[WINDOW_90D] = "90d",
		[WINDOW_WEEK] = "week",
		[WINDOW_MONTH] = "month",
		[WINDOW_QUARTER] = "quarter",
		[WINDOW_LAST_WEEK] = "last_week",
		[WINDOW_LAST_MONTH] = "last_month",
		[WINDOW_LAST_QUARTER] = "last_quarter",
		[PANE_NOW] = "now",
		[PANE_OUTLOOK] = "outlook",
	};

	assert(window < PANE_COUNT);
	return names[window];
}

bool metric_in(enum metric metric, enum window window)
{
	switch (metric_info(metric)->where) {
	case IN_NOW:
		return window == PANE_NOW;
	case IN_OUTLOOK:
		return window == PANE_OUTLOOK;
	default:
		return window < WINDOW_COUNT;
	}
}

/* Cuts the zeros that end a fraction, and a minus that would be left before nothing. */
static size_t trim(char *out, size_t len)
{
	while (out[len - 1] == '0')
		len--;
	if (out[len - 1] == '.')
		len--;
	out[len] = '\0';
	if (strcmp(out, "-0") == 0) {
		memcpy(out, "0", 2);
		len = 1;
	}
	return len;
}

size_t number_write(enum metric_unit unit, double value, char out[NUMBER_TEXT])
{
	if (!isfinite(value))
		return (size_t)snprintf(out, NUMBER_TEXT, "nan");
	if (value == 0)
		value = 0; /* not -0 */
	if (value == trunc(value) && fabs(value) < PLAIN_MOST)
		return (size_t)snprintf(out, NUMBER_TEXT, "%.0f", value);
	if (unit == UNIT_SECONDS && fabs(value) < SECONDS_MOST)
		return trim(out, (size_t)snprintf(out, NUMBER_TEXT, "%.3f", value));

	/* 17 digits always do. */
	int len = 0;

	for (int digits = 15; digits <= 17; digits++) {
		len = snprintf(out, NUMBER_TEXT, "%.*g", digits, value);
		if (strtod(out, NULL) == value)
			break;
	}
	return (size_t)len;
}
