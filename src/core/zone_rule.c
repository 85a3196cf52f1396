#include "core/zone_rule.h"

#include "venturi/civil.h"

#define HOUR 3600
#define DAY  86400

/* What is left to read. */
static bool take(struct text *rest, char c)
{
	if (rest->len == 0 || *rest->at != c)
		return false;
	rest->at++;
	rest->len--;
	return true;
}

static bool take_number(struct text *rest, int most, int *number)
{
	size_t digits = 0;

	*number = 0;
	for (; rest->len && *rest->at >= '0' && *rest->at <= '9'; digits++) {
		*number = *number * 10 + (*rest->at - '0');
		if (*number > most)
			return false;
		rest->at++;
		rest->len--;
	}
	return digits > 0;
}

static bool alphabetic(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A designation: three letters or more, or anything within <>. */
static bool take_name(struct text *rest)
{
	size_t len = 0;

	if (take(rest, '<')) {
		while (rest->len && *rest->at != '>') {
			rest->at++;
			rest->len--;
		}
		return take(rest, '>');
	}
	for (; rest->len && alphabetic(*rest->at); len++) {
		rest->at++;
		rest->len--;
	}
	return len >= 3;
}

/* [+-]hh[:mm[:ss]], in seconds. */
static bool take_time(struct text *rest, int hours_most, int32_t *time)
{
	bool minus = take(rest, '-');
	int hours, minutes = 0, seconds = 0;

	if (!minus)
		take(rest, '+');
	if (!take_number(rest, hours_most, &hours))
		return false;
	if (take(rest, ':')) {
		if (!take_number(rest, 59, &minutes))
			return false;
		if (take(rest, ':') && !take_number(rest, 59, &seconds))
			return false;
	}
	*time = hours * HOUR + minutes * 60 + seconds;
	if (minus)
		*time = -*time;
	return true;
}

static bool take_date(struct text *rest, struct rule_date *date)
{
	*date = (struct rule_date){.form = DAY_OF_366, .time = 2 * HOUR};
	if (take(rest, 'M')) {
		date->form = DAY_OF_WEEK;
		if (!take_number(rest, 12, &date->month) || date->month < 1 || !take(rest, '.') ||
		    !take_number(rest, 5, &date->week) || date->week < 1 || !take(rest, '.') ||
		    !take_number(rest, 6, &date->weekday))
			return false;
	} else {
		if (take(rest, 'J'))
			date->form = DAY_OF_365;
		if (!take_number(rest, 365, &date->day) ||
		    (date->form == DAY_OF_365 && date->day < 1))
			return false;
	}
	return !take(rest, '/') || take_time(rest, 167, &date->time);
}

bool zone_rule_parse(struct text footer, struct zone_rule *rule)
{
	int32_t west;

	*rule = (struct zone_rule){0};
	if (!take_name(&footer) || !take_time(&footer, 24, &west))
		return false;
	rule->standard = -west;
	if (footer.len == 0)
		return true;

	rule->has_summer = true;
	rule->summer = rule->standard + HOUR;
	if (!take_name(&footer))
		return false;
	if (footer.len && *footer.at != ',') {
		if (!take_time(&footer, 24, &west))
			return false;
		rule->summer = -west;
	}
	/* POSIX leaves open when a summer time without dates is; no zone has one. */
	return take(&footer, ',') && take_date(&footer, &rule->begin) && take(&footer, ',') &&
	       take_date(&footer, &rule->end) && footer.len == 0;
}

static int32_t date_in(const struct rule_date *date, int year)
{
	int32_t first = civil_day(year, 1, 1);

	if (date->form == DAY_OF_366)
		return first + date->day;
	if (date->form == DAY_OF_365)
		return first + date->day - 1 + (date->day >= 60 && civil_valid(year, 2, 29));

	first = civil_day(year, date->month, 1);

	int32_t next = civil_month_add(first, 1);
	/* Day 0 was a Thursday. */
	int weekday = ((first + 4) % 7 + 7) % 7;
	int32_t day = first + (date->weekday - weekday + 7) % 7 + (date->week - 1) * 7;

	return day < next ? day : day - 7;
}

int64_t zone_rule_begin(const struct zone_rule *rule, int year)
{
	return (int64_t)date_in(&rule->begin, year) * DAY + rule->begin.time - rule->standard;
}

int64_t zone_rule_end(const struct zone_rule *rule, int year)
{
	return (int64_t)date_in(&rule->end, year) * DAY + rule->end.time - rule->summer;
}
