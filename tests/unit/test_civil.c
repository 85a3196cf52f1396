#include "venturi/civil.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void known_dates_have_their_numbers(void **state)
{
	(void)state;
	assert_int_equal(civil_day(1970, 1, 1), 0);
	assert_int_equal(civil_day(1969, 12, 31), -1);
	assert_int_equal(civil_day(2000, 2, 29), 11016);
	assert_int_equal(civil_day(2026, 3, 1), 20513);
	assert_int_equal(civil_day(9999, 12, 31), 2932896);
	assert_int_equal(civil_day(1, 1, 1), -719162);
}

static void every_day_of_ten_thousand_years_follows_the_one_before(void **state)
{
	int32_t day = civil_day(0, 1, 1);

	(void)state;
	for (int year = 0; year <= 9999; year++)
		for (int month = 1; month <= 12; month++)
			for (int mday = 1; civil_valid(year, month, mday); mday++, day++) {
				int y, m, d;

				civil_date(day, &y, &m, &d);
				if (y != year || m != month || d != mday ||
				    civil_day(year, month, mday) != day)
					fail_msg("%d-%d-%d", year, month, mday);
			}
	assert_int_equal(day, civil_day(10000, 1, 1));
}

static void only_days_of_the_calendar_are_valid(void **state)
{
	(void)state;
	assert_true(civil_valid(2024, 2, 29));
	assert_true(civil_valid(2000, 2, 29));
	assert_false(civil_valid(1900, 2, 29));
	assert_false(civil_valid(2025, 2, 29));
	assert_false(civil_valid(2025, 4, 31));
	assert_false(civil_valid(2025, 0, 1));
	assert_false(civil_valid(2025, 13, 1));
	assert_false(civil_valid(2025, 1, 0));
}

static void weeks_begin_on_monday(void **state)
{
	int32_t monday = civil_day(2025, 12, 29);

	(void)state;
	for (int i = 0; i < 7; i++)
		assert_int_equal(civil_week_start(monday + i), monday);
	assert_int_equal(civil_week_start(monday + 7), monday + 7);
	assert_int_equal(civil_week_start(0), civil_day(1969, 12, 29));
	assert_int_equal(civil_week_start(-4), civil_day(1969, 12, 22));
}

static void months_and_quarters_begin_on_the_first_and_step_over_years(void **state)
{
	int32_t day = civil_day(2026, 2, 17);

	(void)state;
	assert_int_equal(civil_month_start(day), civil_day(2026, 2, 1));
	assert_int_equal(civil_month_add(day, 1), civil_day(2026, 3, 1));
	assert_int_equal(civil_month_add(day, -2), civil_day(2025, 12, 1));
	assert_int_equal(civil_month_add(day, 23), civil_day(2028, 1, 1));
	assert_int_equal(civil_quarter_start(day), civil_day(2026, 1, 1));
	assert_int_equal(civil_quarter_start(civil_day(2026, 12, 31)), civil_day(2026, 10, 1));
	assert_int_equal(civil_quarter_add(day, 1), civil_day(2026, 4, 1));
	assert_int_equal(civil_quarter_add(day, -1), civil_day(2025, 10, 1));
	assert_int_equal(civil_quarter_add(day, -4), civil_day(2025, 1, 1));
}

static void days_are_read_in_one_form_only(void **state)
{
	int32_t day;

	(void)state;
	assert_true(civil_parse_day(TEXT("2026-03-01"), &day));
	assert_int_equal(day, civil_day(2026, 3, 1));
	assert_true(civil_parse_day(TEXT("1970-01-01"), &day));
	assert_true(civil_parse_day(TEXT("9999-12-31"), &day));
	assert_false(civil_parse_day(TEXT("1969-12-31"), &day));
	assert_false(civil_parse_day(TEXT("2026-02-29"), &day));
	assert_false(civil_parse_day(TEXT("2026-3-01"), &day));
	assert_false(civil_parse_day(TEXT("2026-03-1"), &day));
	assert_false(civil_parse_day(TEXT("2026/03/01"), &day));
	assert_false(civil_parse_day(TEXT("2026-03-+1"), &day));
	assert_false(civil_parse_day(TEXT("2026-03-01 "), &day));
	assert_false(civil_parse_day(TEXT(""), &day));
}

static void assert_period(struct text text, int32_t first, int32_t last)
{
	int32_t a, b;

	assert_true(civil_parse_period(text, &a, &b));
	assert_int_equal(a, first);
	assert_int_equal(b, last);
}

static void periods_of_money_have_four_forms(void **state)
{
	(void)state;
	assert_period(TEXT("2026-03-01"), civil_day(2026, 3, 1), civil_day(2026, 3, 1));
	assert_period(TEXT("2026-03-01/2026-03-14"), civil_day(2026, 3, 1),
		      civil_day(2026, 3, 14));
	assert_period(TEXT("2024-02"), civil_day(2024, 2, 1), civil_day(2024, 2, 29));
	assert_period(TEXT("2026-12"), civil_day(2026, 12, 1), civil_day(2026, 12, 31));
	assert_period(TEXT("2026-Q4"), civil_day(2026, 10, 1), civil_day(2026, 12, 31));
}

static void what_is_no_period_is_refused(void **state)
{
	static const char *const bad[] = {
		"2026-Q0", "2026-Q5", "2026-q1", "2026-13", "2026-00", "1969-12", "1969-Q4",
		"2026", "2026-1", "2026-03-14/2026-03-01", "2026-03-01/2026-02-30",
		"2026-03-01-2026-03-14", "2026-03/2026-04", "2026-Q1/2026-Q2", "20a6-01", "",
	};
	int32_t first, last;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (civil_parse_period(text_of(bad[i]), &first, &last))
			fail_msg("%s", bad[i]);
}

static void a_period_has_at_most_1830_days(void **state)
{
	int32_t first, last;

	(void)state;
	assert_true(civil_parse_period(TEXT("2021-01-01/2026-01-04"), &first, &last));
	assert_int_equal(last - first + 1, 1830);
	assert_false(civil_parse_period(TEXT("2021-01-01/2026-01-05"), &first, &last));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_dates_have_their_numbers),
		cmocka_unit_test(every_day_of_ten_thousand_years_follows_the_one_before),
		cmocka_unit_test(only_days_of_the_calendar_are_valid),
		cmocka_unit_test(weeks_begin_on_monday),
		cmocka_unit_test(months_and_quarters_begin_on_the_first_and_step_over_years),
		cmocka_unit_test(days_are_read_in_one_form_only),
		cmocka_unit_test(periods_of_money_have_four_forms),
		cmocka_unit_test(what_is_no_period_is_refused),
		cmocka_unit_test(a_period_has_at_most_1830_days),
	};

	return cmocka_run_group_tests_name("civil", tests, NULL, NULL);
}
