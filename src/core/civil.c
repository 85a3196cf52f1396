#include "venturi/civil.h"

#define PERIOD_DAYS_MOST 1830

/* Years begin in March here, so that the leap day is the last of one; eras are of 400 years. */
int32_t civil_day(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year;
	int era = (y >= 0 ? y : y - 399) / 400;
	int year_of_era = y - era * 400;
	int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

void civil_date(int32_t day, int *year, int *month, int *mday)
{
	int z = day + 719468;
	int era = (z >= 0 ? z : z - 146096) / 146097;
	int doe = z - era * 146097;
	int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int mp = (5 * doy + 2) / 153;

	*mday = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = yoe + era * 400 + (*month <= 2);
}

static bool leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool civil_valid(int year, int month, int day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month < 1 || month > 12 || day < 1)
		return false;
	return day <= days[month - 1] + (month == 2 && leap(year));
}

int32_t civil_week_start(int32_t day)
{
	/* Day 0 was a Thursday, three days after a Monday. */
	int32_t past = (day + 3) % 7;

	return day - (past < 0 ? past + 7 : past);
}

/* The first of the month `n` after the one that holds the day, or before, if n is negative. */
int32_t civil_month_add(int32_t day, int n)
{
	int year, month, mday;

	civil_date(day, &year, &month, &mday);

	int months = year * 12 + month - 1 + n;
	int in_year = months % 12 < 0 ? months % 12 + 12 : months % 12;

	return civil_day((months - in_year) / 12, in_year + 1, 1);
}

int32_t civil_month_start(int32_t day)
{
	return civil_month_add(day, 0);
}

int32_t civil_quarter_add(int32_t day, int n)
{
	int year, month, mday;

	civil_date(day, &year, &month, &mday);
	return civil_month_add(day, n * 3 - (month - 1) % 3);
}

int32_t civil_quarter_start(int32_t day)
{
	return civil_quarter_add(day, 0);
}

/* A number of exactly `len` digits; -1 if it is none. */
static int digits(const char *at, size_t len)
{
	int number = 0;

	for (size_t i = 0; i < len; i++) {
		if (at[i] < '0' || at[i] > '9')
			return -1;
		number = number * 10 + (at[i] - '0');
	}
	return number;
}

bool civil_parse_day(struct text text, int32_t *day)
{
	if (text.len != 10 || text.at[4] != '-' || text.at[7] != '-')
		return false;

	int year = digits(text.at, 4), month = digits(text.at + 5, 2);
	int mday = digits(text.at + 8, 2);

	if (year < 1970 || !civil_valid(year, month, mday))
		return false;
	*day = civil_day(year, month, mday);
	return true;
}

bool civil_parse_quarter(struct text text, int32_t *first, int32_t *last)
{
	if (text.len != 7 || text.at[4] != '-' || text.at[5] != 'Q')
		return false;

	int year = digits(text.at, 4), quarter = digits(text.at + 6, 1);

	if (year < 1970 || quarter < 1 || quarter > 4)
		return false;
	*first = civil_day(year, quarter * 3 - 2, 1);
	*last = civil_quarter_add(*first, 1) - 1;
	return true;
}

static bool parse_month(struct text text, int32_t *first, int32_t *last)
{
	if (text.len != 7 || text.at[4] != '-')
		return false;

	int year = digits(text.at, 4), month = digits(text.at + 5, 2);

	if (year < 1970 || !civil_valid(year, month, 1))
		return false;
	*first = civil_day(year, month, 1);
	*last = civil_month_add(*first, 1) - 1;
	return true;
}

bool civil_parse_period(struct text text, int32_t *first, int32_t *last)
{
	if (text.len == 7)
		return civil_parse_quarter(text, first, last) || parse_month(text, first, last);
	if (text.len == 10 && civil_parse_day(text, first)) {
		*last = *first;
		return true;
	}
	if (text.len != 21 || text.at[10] != '/')
		return false;

	struct text from = {text.at, 10}, to = {text.at + 11, 10};

	return civil_parse_day(from, first) && civil_parse_day(to, last) && *first <= *last &&
	       *last - *first < PERIOD_DAYS_MOST;
}
