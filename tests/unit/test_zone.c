#include "venturi/civil.h"
#include "venturi/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "zone_files.h"

static struct zone *open_zone(enum zone_name name)
{
	struct err err;
	struct zone *zone = zone_new(zone_files[name], &err);

	if (!zone)
		fail_msg("%s", err.message);
	return zone;
}

static void days_begin_when_python_says_so(void **state)
{
	struct zone *zones[ZONES];

	(void)state;
	for (enum zone_name name = 0; name < ZONES; name++)
		zones[name] = open_zone(name);
	for (size_t i = 0; i < sizeof day_starts / sizeof *day_starts; i++) {
		const struct day_start *d = &day_starts[i];
		int32_t day = civil_day(d->year, d->month, d->day);

		if (zone_day_start(zones[d->zone], day) != d->second * 1000)
			fail_msg("zone %d %d-%d-%d begins at %lld, not %lld", d->zone, d->year,
				 d->month, d->day,
				 (long long)zone_day_start(zones[d->zone], day) / 1000,
				 (long long)d->second);
	}
	for (enum zone_name name = 0; name < ZONES; name++)
		zone_free(zones[name]);
}

static int64_t length(const struct zone *zone, int32_t day)
{
	return zone_day_start(zone, day + 1) - zone_day_start(zone, day);
}

static void days_of_23_and_25_hours_are_days(void **state)
{
	struct zone *berlin = open_zone(ZONE_BERLIN);

	(void)state;
	assert_int_equal(length(berlin, civil_day(2025, 3, 30)), 23 * 3600000);
	assert_int_equal(length(berlin, civil_day(2025, 10, 26)), 25 * 3600000);
	assert_int_equal(length(berlin, civil_day(2025, 10, 27)), 24 * 3600000);
	zone_free(berlin);
}

static void a_date_that_was_skipped_has_no_length_and_no_instant(void **state)
{
	struct zone *apia = open_zone(ZONE_APIA);
	int32_t skipped = civil_day(2011, 12, 30);
	int64_t at = zone_day_start(apia, skipped);

	(void)state;
	assert_int_equal(length(apia, skipped), 0);
	assert_int_equal(zone_day(apia, at), skipped + 1);
	assert_int_equal(zone_day(apia, at - 1), skipped - 1);
	zone_free(apia);
}

static void a_clock_set_back_over_midnight_does_not_bring_the_day_before_back(void **state)
{
	/* On 2006-10-29 at 00:01 local time clocks went back to 23:01. */
	struct zone *newfoundland = open_zone(ZONE_ST_JOHNS);
	int32_t day = civil_day(2006, 10, 29);
	int64_t start = zone_day_start(newfoundland, day);

	(void)state;
	assert_int_equal(zone_day(newfoundland, start - 1), day - 1);
	assert_int_equal(zone_day(newfoundland, start + 90000), day);
	assert_int_equal(length(newfoundland, day), 25 * 3600000);
	assert_int_equal(length(newfoundland, day - 1), 24 * 3600000);
	zone_free(newfoundland);
}

static void days_partition_time_in_every_zone(void **state)
{
	(void)state;
	for (enum zone_name name = 0; name < ZONES; name++) {
		struct zone *zone = open_zone(name);
		int64_t start = zone_day_start(zone, civil_day(1960, 1, 1));

		for (int32_t day = civil_day(1960, 1, 1); day < civil_day(2600, 1, 1); day++) {
			int64_t next = zone_day_start(zone, day + 1);

			if (next < start || (next > start && (zone_day(zone, start) != day ||
							      zone_day(zone, next - 1) != day)))
				fail_msg("zone %d day %d", name, day);
			start = next;
		}
		zone_free(zone);
	}
}

static void the_calendar_of_the_rules_repeats_after_four_hundred_years(void **state)
{
	struct zone *berlin = open_zone(ZONE_BERLIN);
	int64_t cycle = INT64_C(146097) * 86400000;

	(void)state;
	for (int32_t day = civil_day(2040, 1, 1); day < civil_day(2060, 1, 1); day++)
		for (int k = 1; k < 20; k++)
			assert_int_equal(zone_day_start(berlin, day + k * 146097),
					 zone_day_start(berlin, day) + k * cycle);
	zone_free(berlin);
}

static void utc_days_are_whole_multiples(void **state)
{
	struct zone *utc = zone_new_utc();

	(void)state;
	assert_non_null(utc);
	assert_int_equal(zone_day(utc, 0), 0);
	assert_int_equal(zone_day(utc, -1), -1);
	assert_int_equal(zone_day(utc, 86399999), 0);
	assert_int_equal(zone_day(utc, 86400000), 1);
	assert_int_equal(zone_day_start(utc, 20513), INT64_C(20513) * 86400000);
	assert_int_equal(zone_day_start(utc, -1), -86400000);
	zone_free(utc);
}

static void no_instant_and_no_day_is_too_far_away(void **state)
{
	static const int64_t far[] = {INT64_MIN, INT64_MIN / 2, INT64_MAX / 2, INT64_MAX};

	(void)state;
	for (enum zone_name name = 0; name < ZONES; name++) {
		struct zone *zone = open_zone(name);

		for (size_t i = 0; i < sizeof far / sizeof *far; i++)
			assert_true((zone_day(zone, far[i]) > 0) == (far[i] > 0));
		assert_true(zone_day_start(zone, INT32_MIN) < 0);
		assert_true(zone_day_start(zone, INT32_MAX) > 0);
		zone_free(zone);
	}
}

/* ---- Files made by hand ---- */

struct file {
	unsigned char bytes[512];
	size_t len;
};

static void put(struct file *file, uint64_t number, int bytes)
{
	while (bytes--)
		file->bytes[file->len++] = (unsigned char)(number >> (8 * bytes));
}

static void put_header(struct file *file, char version, uint32_t leaps, uint32_t times,
		       uint32_t types)
{
	memcpy(file->bytes + file->len, "TZif", 4);
	file->bytes[file->len + 4] = (unsigned char)version;
	memset(file->bytes + file->len + 5, 0, 15);
	file->len += 20;
	put(file, 0, 4);
	put(file, 0, 4);
	put(file, leaps, 4);
	put(file, times, 4);
	put(file, types, 4);
	put(file, types ? 4 : 0, 4);
}

static void put_type(struct file *file, int32_t offset)
{
	put(file, (uint32_t)offset, 4);
	put(file, 0, 2);
}

static void put_text(struct file *file, const char *text)
{
	memcpy(file->bytes + file->len, text, strlen(text));
	file->len += strlen(text);
}

/* A file of version 3 without transitions: UTC and a footer. */
static struct zone *with_footer(const char *footer)
{
	struct file file = {0};

	put_header(&file, '3', 0, 0, 0);
	put_header(&file, '3', 0, 0, 1);
	put_type(&file, 0);
	put(&file, 0, 4);
	put_text(&file, "\n");
	put_text(&file, footer);
	put_text(&file, "\n");
	return zone_new((struct text){(const char *)file.bytes, file.len}, NULL);
}

static void a_file_of_version_1_has_times_of_32_bits_and_no_footer(void **state)
{
	struct file file = {0};

	(void)state;
	put_header(&file, '\0', 0, 2, 2);
	put(&file, (uint32_t)-1000, 4);
	put(&file, 1000000000, 4);
	put(&file, 1, 1);
	put(&file, 0, 1);
	put_type(&file, 0);
	put_type(&file, 7200);
	put(&file, 0, 4);

	struct zone *zone = zone_new((struct text){(const char *)file.bytes, file.len}, NULL);

	assert_non_null(zone);
	assert_int_equal(zone_day_start(zone, 100), (100 * 86400 - 7200) * INT64_C(1000));
	assert_int_equal(zone_day_start(zone, 20000), 20000 * INT64_C(86400000));
	assert_int_equal(zone_day_start(zone, -2), -2 * INT64_C(86400000));
	zone_free(zone);
}

static void all_forms_of_footers_are_understood(void **state)
{
	static const struct {
		const char *footer;
		int year, month, day;
		int minutes; /* of UTC at which that day begins */
	} cases[] = {
		{"EST5", 2030, 7, 1, 300},
		{"<+0330>-3:30", 2030, 7, 2, -210},
		{"EST5EDT,M3.2.0,M11.1.0", 2030, 7, 1, 240},
		{"EST5EDT,M3.2.0,M11.1.0", 2030, 3, 10, 300},
		{"EST5EDT,M3.2.0,M11.1.0", 2030, 3, 11, 240},
		{"EST5EDT,M3.2.0,M11.1.0", 2030, 11, 3, 240},
		{"EST5EDT,M3.2.0,M11.1.0", 2030, 11, 4, 300},
		{"EST5EDT4,J60/0,J365", 2030, 3, 1, 300},
		{"EST5EDT4,J60/0,J365", 2030, 3, 2, 240},
		{"EST5EDT4,J60/0,J365", 2032, 3, 1, 300},
		{"EST5EDT4,J60/0,J365", 2032, 3, 2, 240},
		{"EST5EDT4,J59/0,J365", 2032, 3, 1, 240},
		{"EST5EDT4,59/0,364", 2032, 2, 29, 300},
		{"EST5EDT4,59/0,364", 2032, 3, 1, 240},
		{"EST5EDT4,59/0,364", 2030, 3, 1, 300},
		{"EST5EDT4,59/0,364", 2030, 3, 2, 240},
		/* summer time all the year */
		{"EST5EDT,0/0,J365/25", 2030, 1, 1, 240},
		{"EST5EDT,0/0,J365/25", 2030, 12, 31, 240},
		{"XXX-2<+01>-1,0/0,J365/23", 2030, 7, 1, -60},
		/* "summer" time in winter, as in Dublin */
		{"IST-1GMT0,M10.5.0,M3.5.0/1", 2030, 12, 1, 0},
		{"IST-1GMT0,M10.5.0,M3.5.0/1", 2030, 7, 1, -60},
		/* at 22:00 of the day before, as in Nuuk: then it is 23:00 */
		{"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", 2030, 7, 1, 120},
		{"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", 2030, 3, 30, 180},
		{"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", 2030, 3, 31, 120},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct zone *zone = with_footer(cases[i].footer);
		int32_t day = civil_day(cases[i].year, cases[i].month, cases[i].day);
		int64_t begin = day * INT64_C(86400000) + cases[i].minutes * INT64_C(60000);

		if (!zone)
			fail_msg("%s is refused", cases[i].footer);
		if (zone_day_start(zone, day) != begin)
			fail_msg("%s %d-%d", cases[i].footer, cases[i].month, cases[i].day);
		zone_free(zone);
	}
}

static void footers_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {
		"E5", "EST", "EST25", "EST5EDT", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0",
		"EST5EDT,M3.6.0,M11.1.0", "EST5EDT,M3.2.7,M11.1.0", "EST5EDT,J0,J5",
		"EST5EDT,J366,J5", "EST5EDT,M3.2.0/168,M11.1.0", "EST5EDT,M3.2.0,M11.1.0x",
		"<EST5", "EST5:60", "EST99999999999999999999", "EST5EDT,,",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (with_footer(bad[i]))
			fail_msg("%s", bad[i]);
}

static void leap_seconds_are_refused_with_a_reason(void **state)
{
	struct file file = {0};
	struct err err;

	(void)state;
	put_header(&file, '\0', 1, 0, 1);
	put_type(&file, 0);
	put(&file, 0, 4);
	put(&file, 78796800, 4);
	put(&file, 1, 4);
	assert_null(zone_new((struct text){(const char *)file.bytes, file.len}, &err));
	assert_non_null(strstr(err.message, "leap seconds"));
	assert_int_equal(err.code, 65);
}

static void a_file_cut_off_anywhere_is_refused(void **state)
{
	struct text whole = zone_files[ZONE_BERLIN];

	(void)state;
	for (size_t len = 0; len < whole.len; len++) {
		/* A copy of that size, so that a sanitizer sees what is read beyond it. */
		char *copy = malloc(len + !len);

		assert_non_null(copy);
		memcpy(copy, whole.at, len);
		assert_null(zone_new((struct text){copy, len}, NULL));
		free(copy);
	}
}

static void damaged_files_do_no_harm(void **state)
{
	static const unsigned char marks[] = {0x01, 0x80, 0xff, 0x7f};
	unsigned char copy[4096];

	(void)state;
	for (enum zone_name name = 0; name < ZONES; name++) {
		struct text whole = zone_files[name];

		assert_true(whole.len <= sizeof copy);
		for (size_t i = 0; i < whole.len; i++)
			for (size_t k = 0; k < sizeof marks; k++) {
				memcpy(copy, whole.at, whole.len);
				copy[i] ^= marks[k];

				struct text damaged = {(const char *)copy, whole.len};
				struct zone *zone = zone_new(damaged, NULL);

				if (!zone)
					continue;

				int32_t day = zone_day(zone, INT64_C(1770000000000));

				assert_true(zone_day_start(zone, day) <= INT64_C(1770000000000));
				assert_true(zone_day_start(zone, day + 1) > INT64_C(1770000000000));
				zone_day(zone, INT64_MAX);
				zone_day_start(zone, INT32_MIN);
				zone_day_start(zone, INT32_MAX);
				zone_free(zone);
			}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_begin_when_python_says_so),
		cmocka_unit_test(days_of_23_and_25_hours_are_days),
		cmocka_unit_test(a_date_that_was_skipped_has_no_length_and_no_instant),
		cmocka_unit_test(a_clock_set_back_over_midnight_does_not_bring_the_day_before_back),
		cmocka_unit_test(days_partition_time_in_every_zone),
		cmocka_unit_test(the_calendar_of_the_rules_repeats_after_four_hundred_years),
		cmocka_unit_test(utc_days_are_whole_multiples),
		cmocka_unit_test(no_instant_and_no_day_is_too_far_away),
		cmocka_unit_test(a_file_of_version_1_has_times_of_32_bits_and_no_footer),
		cmocka_unit_test(all_forms_of_footers_are_understood),
		cmocka_unit_test(footers_that_are_none_are_refused),
		cmocka_unit_test(leap_seconds_are_refused_with_a_reason),
		cmocka_unit_test(a_file_cut_off_anywhere_is_refused),
		cmocka_unit_test(damaged_files_do_no_harm),
	};

	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
