#include "venturi/decode.h"
#include "venturi/fact.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* INT64_MIN where the text is no moment. Its copy ends where the memory ends. */
static int64_t moment(const char *string)
{
	size_t len = strlen(string);
	char *copy = malloc(len + (len == 0));
	int64_t ms;

	assert_non_null(copy);
	memcpy(copy, string, len);
	if (!moment_parse((struct text){copy, len}, &ms))
		ms = INT64_MIN;
	free(copy);
	return ms;
}

static void assert_none(const char *string)
{
	if (moment(string) != INT64_MIN)
		fail_msg("%s is no moment", string);
}

static void a_moment_is_ms_since_the_epoch(void **state)
{
	(void)state;
	assert_int_equal(moment("1970-01-01T00:00:00Z"), 0);
	assert_int_equal(moment("2026-03-02T09:30:00Z"), INT64_C(1772443800000));
	assert_int_equal(moment("2024-02-29T23:59:59.999Z"), INT64_C(1709251199999));
	assert_int_equal(moment("2000-02-29T00:00:00Z"), INT64_C(951782400000));
	assert_int_equal(moment("9999-12-31T23:59:59.999Z"), TIME_MOST);
	assert_int_equal(moment("1970-01-01t00:00:01z"), 1000);
}

static void finer_fractions_are_cut_off(void **state)
{
	(void)state;
	assert_int_equal(moment("1970-01-01T00:00:00.1Z"), 100);
	assert_int_equal(moment("1970-01-01T00:00:00.0019Z"), 1);
	assert_int_equal(moment("1970-01-01T00:00:00.9999999999999999999999999Z"), 999);
	assert_int_equal(moment("1970-01-01T00:00:00.123456+00:00"), 123);
}

static void a_zone_shifts_it(void **state)
{
	(void)state;
	assert_int_equal(moment("1970-01-01T05:30:00+05:30"), 0);
	assert_int_equal(moment("1969-12-31T16:00:00-08:00"), 0);
	assert_int_equal(moment("1970-01-01T00:00:00-00:00"), 0);
	assert_int_equal(moment("1970-01-02T00:00:00+23:59"), 60000);
	assert_int_equal(moment("9999-12-31T23:59:59.999+00:01"), TIME_MOST - 60000);
}

static void a_leap_second_is_the_first_instant_of_the_next_minute(void **state)
{
	(void)state;
	assert_int_equal(moment("2016-12-31T23:59:60Z"), moment("2017-01-01T00:00:00Z"));
	assert_int_equal(moment("2016-12-31T23:59:60.75Z"), moment("2017-01-01T00:00:00Z"));
	assert_int_equal(moment("2016-12-31T15:59:60-08:00"), moment("2017-01-01T00:00:00Z"));
	assert_none("9999-12-31T23:59:60Z");
	assert_none("2016-12-31T23:59:61Z");
}

static void only_1970_to_9999_is_known(void **state)
{
	(void)state;
	assert_none("1969-12-31T23:59:59.999Z");
	assert_none("1970-01-01T00:00:00+00:01");
	assert_none("0000-01-01T00:00:00Z");
	assert_none("9999-12-31T23:59:59-00:01");
	assert_none("10000-01-01T00:00:00Z");
}

static void what_is_no_date_or_time_of_day_is_none(void **state)
{
	(void)state;
	assert_none("2025-02-29T00:00:00Z");
	assert_none("2100-02-29T00:00:00Z");
	assert_none("2025-02-30T00:00:00Z");
	assert_none("2025-13-01T00:00:00Z");
	assert_none("2025-00-01T00:00:00Z");
	assert_none("2025-01-00T00:00:00Z");
	assert_none("2025-04-31T00:00:00Z");
	assert_none("2025-01-01T24:00:00Z");
	assert_none("2025-01-01T00:60:00Z");
	assert_none("2025-01-01T00:00:00+24:00");
	assert_none("2025-01-01T00:00:00+00:60");
}

static void what_is_written_otherwise_is_none(void **state)
{
	static const char *const none[] = {
		"",
		"yesterday",
		"2025-01-01",
		"2025-01-01T00:00:00",
		"2025-01-01 00:00:00Z",
		"2025-01-01T00:00Z",
		"2025-01-01T00:00:00.Z",
		"2025-01-01T00:00:00,5Z",
		"2025-01-01T00:00:00Z ",
		" 2025-01-01T00:00:00Z",
		"2025-01-01T00:00:00+0100",
		"2025-01-01T00:00:00+01",
		"2025-01-01T00:00:00+1:00",
		"2025-1-01T00:00:00Z",
		"2025-01-01T00:00:00ZZ",
		"2025-01-01T00:00:00.5",
		"2025-01-01T00:00:00.5z5",
		"+025-01-01T00:00:00Z",
		"2025-01-01T-1:00:00Z",
		"20250101T000000Z00000",
		"2025-01-01T00:00:00 01:00",
		"2025/01/01T00:00:00Z",
		"2025-01-01T00.00.00Z",
	};

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_none(none[i]);
}

static void every_prefix_of_a_moment_is_read_within_its_bounds(void **state)
{
	static const char whole[] = "2025-01-01T00:00:00.123456+01:00";

	(void)state;
	for (size_t len = 0; len < sizeof whole - 1; len++) {
		char part[sizeof whole];

		memcpy(part, whole, len);
		part[len] = '\0';
		assert_none(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_moment_is_ms_since_the_epoch),
		cmocka_unit_test(finer_fractions_are_cut_off),
		cmocka_unit_test(a_zone_shifts_it),
		cmocka_unit_test(a_leap_second_is_the_first_instant_of_the_next_minute),
		cmocka_unit_test(only_1970_to_9999_is_known),
		cmocka_unit_test(what_is_no_date_or_time_of_day_is_none),
		cmocka_unit_test(what_is_written_otherwise_is_none),
		cmocka_unit_test(every_prefix_of_a_moment_is_read_within_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
