#include "venturi/metric.h"

#include <setjmp.h>
#include <stdarg.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_number(enum metric_unit unit, double value, const char *text)
{
	char out[NUMBER_TEXT];
	size_t len = number_write(unit, value, out);

	assert_string_equal(out, text);
	assert_int_equal(len, strlen(text));
}

static void integers_are_written_without_point_and_exponent(void **state)
{
	(void)state;
	assert_number(UNIT_ITEMS, 0, "0");
	assert_number(UNIT_ITEMS, -3, "-3");
	assert_number(UNIT_COUNT, 1e6, "1000000");
	assert_number(UNIT_RATIO, 1, "1");
	assert_number(UNIT_MS, 253402300799999, "253402300799999");
	assert_number(UNIT_AMOUNT, 1e20, "100000000000000000000");
	assert_number(UNIT_AMOUNT, -9007199254740992.0, "-9007199254740992");
}

static void seconds_have_at_most_three_decimals(void **state)
{
	(void)state;
	assert_number(UNIT_SECONDS, 86400, "86400");
	assert_number(UNIT_SECONDS, 1.5, "1.5");
	assert_number(UNIT_SECONDS, 0.001, "0.001");
	assert_number(UNIT_SECONDS, 123456.789, "123456.789");
	assert_number(UNIT_SECONDS, 1.0 / 3, "0.333");
	assert_number(UNIT_SECONDS, 9.9999, "10");
	assert_number(UNIT_SECONDS, 100.0001, "100");
	assert_number(UNIT_SECONDS, 1e300, "1e+300");
}

static void all_else_is_the_shortest_text_that_reads_back_the_same(void **state)
{
	(void)state;
	assert_number(UNIT_RATIO, 0.1, "0.1");
	assert_number(UNIT_RATIO, 0.85, "0.85");
	assert_number(UNIT_RATIO, 1.0 / 3, "0.3333333333333333");
	assert_number(UNIT_RATIO, 0.1 + 0.2, "0.30000000000000004");
	assert_number(UNIT_PER_MONTH, 30.4375, "30.4375");
	assert_number(UNIT_RATIO, 1e-7, "1e-07");
}

static void no_sample_is_nan_in_every_unit(void **state)
{
	(void)state;
	assert_number(UNIT_SECONDS, NAN, "nan");
	assert_number(UNIT_ITEMS, -NAN, "nan");
	assert_number(UNIT_FLAG, NAN, "nan");
	assert_number(UNIT_RATIO, INFINITY, "nan");
}

static void zero_has_no_sign(void **state)
{
	(void)state;
	assert_number(UNIT_ITEMS, -0.0, "0");
	assert_number(UNIT_RATIO, -0.0, "0");
	assert_number(UNIT_SECONDS, -0.0, "0");
	assert_number(UNIT_SECONDS, -0.0001, "0");
}

static void any_double_fits_and_reads_back(void **state)
{
	uint64_t random = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char out[NUMBER_TEXT];
		double value;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		memcpy(&value, &random, sizeof value);
		if (!isfinite(value))
			continue;
		assert_in_range(number_write(UNIT_RATIO, value, out), 1, NUMBER_TEXT - 1);
		assert_true(strtod(out, NULL) == value);
		assert_in_range(number_write(UNIT_SECONDS, value, out), 1, NUMBER_TEXT - 1);
		assert_true(fabs(strtod(out, NULL) - value) <= 0.0005 + fabs(value) * DBL_EPSILON);
	}
}

static void every_metric_is_found_by_its_name(void **state)
{
	(void)state;
	for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
		const struct metric_info *info = metric_info(metric);

		assert_int_equal(metric_named(text_of(info->name)), metric);
		assert_true(info->help[0] != '\0');
	}
	assert_int_equal(metric_named(TEXT("no_such_metric")), METRIC_COUNT);
	assert_int_equal(metric_named(TEXT("")), METRIC_COUNT);
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

static void names_end_with_their_unit(void **state)
{
	static const struct {
		const char *end;
		enum metric_unit unit;
	} ends[] = {
		{"_items", UNIT_ITEMS}, {"_count", UNIT_COUNT},   {"_seconds", UNIT_SECONDS},
		{"_ratio", UNIT_RATIO}, {"_n", UNIT_COUNT},       {"_per_month", UNIT_PER_MONTH},
		{"_days", UNIT_DAYS},   {"_amount", UNIT_AMOUNT},
	};

	(void)state;
	for (enum metric metric = 0; metric < METRIC_COUNT; metric++)
		for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
			if (ends_with(metric_info(metric)->name, ends[i].end) &&
			    metric_info(metric)->unit != ends[i].unit)
				fail_msg("%s", metric_info(metric)->name);
}

static void a_metric_is_in_the_windows_or_in_one_pane_of_its_own(void **state)
{
	(void)state;
	for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
		int windows = 0;

		for (enum window window = 0; window < WINDOW_COUNT; window++)
			windows += metric_in(metric, window);

		int panes = metric_in(metric, PANE_NOW) + metric_in(metric, PANE_OUTLOOK);

		assert_true((windows == WINDOW_COUNT && panes == 0) ||
			    (windows == 0 && panes == 1));
	}
	assert_true(metric_in(METRIC_THROUGHPUT, WINDOW_LAST_WEEK));
	assert_true(metric_in(METRIC_WIP, PANE_NOW));
}

static void windows_have_the_names_of_their_hashes(void **state)
{
	(void)state;
	assert_string_equal(window_name(WINDOW_7D), "7d");
	assert_string_equal(window_name(WINDOW_LAST_QUARTER), "last_quarter");
	assert_string_equal(window_name(PANE_NOW), "now");
	assert_string_equal(window_name(PANE_OUTLOOK), "outlook");
	assert_string_equal(metric_unit_name(UNIT_SECONDS), "seconds");
	assert_string_equal(metric_unit_name(UNIT_MS), "ms");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_written_without_point_and_exponent),
		cmocka_unit_test(seconds_have_at_most_three_decimals),
		cmocka_unit_test(all_else_is_the_shortest_text_that_reads_back_the_same),
		cmocka_unit_test(no_sample_is_nan_in_every_unit),
		cmocka_unit_test(zero_has_no_sign),
		cmocka_unit_test(any_double_fits_and_reads_back),
		cmocka_unit_test(every_metric_is_found_by_its_name),
		cmocka_unit_test(names_end_with_their_unit),
		cmocka_unit_test(a_metric_is_in_the_windows_or_in_one_pane_of_its_own),
		cmocka_unit_test(windows_have_the_names_of_their_hashes),
	};

	return cmocka_run_group_tests_name("metric", tests, NULL, NULL);
}
