/*
 * zone_rule: what a zone does in the years after its last known transition: a POSIX TZ string such
 * as "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX.1-2017, 8.3, with the hours of RFC 8536, 3.3.1).
 */
#ifndef VENTURI_CORE_ZONE_RULE_H
#define VENTURI_CORE_ZONE_RULE_H

#include "venturi/err.h"
#include "venturi/text.h"

enum rule_day { DAY_OF_365, DAY_OF_366, DAY_OF_WEEK };

/* A day of each year, and a time on it. */
struct rule_date {
	enum rule_day form;
	int day;         /* 1 to 365 without leap days, or 0 to 365 */
	int month, week; /* week 5 is the last one */
	int weekday;     /* 0 is Sunday */
	int32_t time;    /* seconds of that day, -167 to 167 hours */
};

struct zone_rule {
	bool has_summer;
	int32_t standard, summer; /* seconds to add to UTC */
	struct rule_date begin, end;
};

MUST_CHECK bool zone_rule_parse(struct text footer, struct zone_rule *rule);

/* The instants, in seconds since the Unix epoch, at which summer time begins and ends in a year. */
int64_t zone_rule_begin(const struct zone_rule *rule, int year);
int64_t zone_rule_end(const struct zone_rule *rule, int year);

#endif
