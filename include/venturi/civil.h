/*
 * civil: dates of the proleptic Gregorian calendar as day numbers (0 = 1970-01-01), without any
 * time zone. Source of the algorithms: Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms".
 */
#ifndef VENTURI_CIVIL_H
#define VENTURI_CIVIL_H

#include "venturi/err.h"
#include "venturi/text.h"

int32_t civil_day(int year, int month, int day);
void civil_date(int32_t day, int *year, int *month, int *mday);
bool civil_valid(int year, int month, int day);

/* The Monday of the ISO 8601 week, the first of the month, of the quarter that holds the day. */
int32_t civil_week_start(int32_t day);
int32_t civil_month_start(int32_t day);
int32_t civil_quarter_start(int32_t day);
/*
 * The first day of the month or quarter `n` after (before, if negative) the one that holds the day.
 */
int32_t civil_month_add(int32_t day, int n);
int32_t civil_quarter_add(int32_t day, int n);

/* "2026-03-01". False if it is no date from 1970-01-01 to 9999-12-31. */
MUST_CHECK bool civil_parse_day(struct text text, int32_t *day);

/*
 * A period of money: a day "2026-03-01", "2026-03-01/2026-03-14" (both included), "2026-03" or
 * "2026-Q1". False if it is none, ends before it begins, or has more than 1830 days.
 */
MUST_CHECK bool civil_parse_period(struct text text, int32_t *first, int32_t *last);

/* "2026-Q1" */
MUST_CHECK bool civil_parse_quarter(struct text text, int32_t *first, int32_t *last);

#endif
