/* metric: the catalogue of what is published, and how its numbers are written. */
#ifndef VENTURI_METRIC_H
#define VENTURI_METRIC_H

#include "venturi/text.h"

enum metric {
#define METRIC(suffix, name, where, unit, better, help) METRIC_##suffix,
#include "venturi/metrics.def"
#undef METRIC
	METRIC_COUNT
};

enum metric_where { IN_WINDOW, IN_NOW, IN_OUTLOOK };
enum metric_unit {
	UNIT_ITEMS,
	UNIT_COUNT,
	UNIT_SECONDS, /* three decimals */
	UNIT_RATIO,
	UNIT_PER_MONTH,
	UNIT_FLAG, /* 0 or 1 */
	UNIT_DAYS,
	UNIT_POINTS,
	UNIT_AMOUNT,
	UNIT_MS
};
enum metric_better { BETTER_UP, BETTER_DOWN, BETTER_NONE };

struct metric_info {
	const char *name;
	enum metric_where where;
	enum metric_unit unit;
	enum metric_better better;
	const char *help;
};

const struct metric_info *metric_info(enum metric metric);
const char *metric_unit_name(enum metric_unit unit);
/* METRIC_COUNT where no metric has that name. */
enum metric metric_named(struct text name);

/* The nine windows, and the two pseudo-windows that have a hash of their own. */
enum window {
	WINDOW_7D,
	WINDOW_30D,
	WINDOW_90D,
	WINDOW_WEEK,
	WINDOW_MONTH,
	WINDOW_QUARTER,
	WINDOW_LAST_WEEK,
	WINDOW_LAST_MONTH,
	WINDOW_LAST_QUARTER,
	WINDOW_COUNT,
	PANE_NOW = WINDOW_COUNT,
	PANE_OUTLOOK,
	PANE_COUNT
};

const char *window_name(enum window window);
/* Whether the metric is a field of that window's hash. */
bool metric_in(enum metric metric, enum window window);

/* Room for any number as text. */
#define NUMBER_TEXT 32
/*
 * Writes a value as Redis and JSON show it: integers as such, seconds with at most three decimals,
 * all else the shortest text that reads back as the same double; NaN is "nan". Returns its length.
 */
size_t number_write(enum metric_unit unit, double value, char out[NUMBER_TEXT]);

#endif
