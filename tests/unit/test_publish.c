/* Panes and tables to commands: names of keys, fields, identifiers. */
#include "codec/publish.h"
#include "codec/rows.h"
#include "commands_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_text(struct text is, const char *expected)
{
	assert_int_equal(is.len, strlen(expected));
	assert_memory_equal(is.at, expected, is.len);
}

static void keys_are_named_as_the_contract_has_them(void **state)
{
	struct keys *keys = keys_new("venturi:", 30);
	(void)state;

	assert_text(keys_fixed(keys, KEY_SCOPES), "venturi:scopes");
	assert_text(keys_fixed(keys, KEY_METRICS), "venturi:metrics");
	assert_text(keys_fixed(keys, KEY_TABLES), "venturi:tables");
	assert_text(keys_fixed(keys, KEY_LEVEL + LEVEL_STREAM), "venturi:scopes:stream");
	assert_text(keys_fixed(keys, KEY_LEVEL + LEVEL_MODE), "venturi:scopes:mode");
	assert_text(keys_pane(keys, "acme/claims", WINDOW_LAST_QUARTER),
		    "venturi:flow:acme/claims:last_quarter");
	assert_text(keys_pane(keys, "acme", PANE_NOW), "venturi:flow:acme:now");
	keys_free(keys);
}

static void every_table_key_is_named_once(void **state)
{
	static const char *const expected[] = {"p:hist:acme:day",
					       "p:hist:acme:week",
					       "p:hist:acme:month",
					       "p:hist:acme:quarter",
					       "p:cfd:acme",
					       "p:aging:acme",
					       "p:finished:acme",
					       "p:stages:acme:7d",
					       "p:stages:acme:30d",
					       "p:stages:acme:90d",
					       "p:stages:acme:week",
					       "p:stages:acme:month",
					       "p:stages:acme:quarter",
					       "p:stages:acme:last_week",
					       "p:stages:acme:last_month",
					       "p:stages:acme:last_quarter",
					       "p:dist:acme:cycle_time:30d",
					       "p:dist:acme:cycle_time:90d",
					       "p:dist:acme:lead_time:30d",
					       "p:dist:acme:lead_time:90d"};
	struct keys *keys = keys_new("p:", 4);
	(void)state;

	for (unsigned i = 0; i < TABLE_KEYS; i++)
		assert_text(keys_table(keys, "acme", table_key(i)), expected[i]);
	keys_free(keys);
}

static void the_scope_of_a_key_is_found_and_other_keys_are_left_alone(void **state)
{
	struct keys *keys = keys_new("venturi:", 8);
	struct text scope;
	(void)state;

	assert_true(keys_scope_of(keys, TEXT("venturi:flow:acme/x:30d"), &scope));
	assert_text(scope, "acme/x");
	assert_true(keys_scope_of(keys, TEXT("venturi:cfd:acme"), &scope));
	assert_text(scope, "acme");
	assert_false(keys_scope_of(keys, TEXT("venturi:scopes:team"), &scope));
	assert_false(keys_scope_of(keys, TEXT("venturi:state:log:1:0"), &scope));
	assert_false(keys_scope_of(keys, TEXT("venturi:flow2:acme:7d"), &scope));
	assert_false(keys_scope_of(keys, TEXT("other:flow:acme:7d"), &scope));
	assert_false(keys_scope_of(keys, TEXT("vent"), &scope));
	keys_free(keys);
}

static const struct stamp stamp = {.as_of = 1700000000123,
				   .watermark = 1700000000000,
				   .published = 1700000000456,
				   .cut = 4711,
				   .complete_ratio = 1};

#define STAMP_WORDS                                                                                \
	"as_of_ms 1700000000123 watermark_ms 1700000000000 published_ms 1700000000456 "            \
	"cut 4711 complete_ratio 1\n"

static void a_pane_that_nobody_saw_is_sent_whole(void **state)
{
	struct commands out = {0};
	double values[METRIC_COUNT];
	uint32_t fields = 5;
	char *words;
	(void)state;

	for (enum metric i = 0; i < METRIC_COUNT; i++) {
		values[i] = NAN;
		fields += metric_in(i, PANE_NOW);
	}
	values[METRIC_WIP] = 12;
	values[METRIC_AGE_P50] = 86400.25;
	publish_pane(&out, TEXT("k"), PANE_NOW, values, NULL, &stamp);
	assert_int_equal(out.fields, fields);
	words = commands_words(&out);
	assert_non_null(strstr(words, "HSET k wip_items 12 "));
	assert_non_null(strstr(words, " age_p50_seconds 86400.25 "));
	assert_non_null(strstr(words, " wip_over_sle_items nan "));
	assert_null(strstr(words, "throughput_items"));
	assert_non_null(strstr(words, STAMP_WORDS));
	free(words);
	commands_free(&out);
}

static void of_a_pane_that_was_seen_only_changes_are_sent(void **state)
{
	struct commands out = {0};
	double values[METRIC_COUNT], shown[METRIC_COUNT];
	(void)state;

	for (enum metric i = 0; i < METRIC_COUNT; i++)
		values[i] = shown[i] = i % 2 ? NAN : 7;
	publish_pane(&out, TEXT("k"), WINDOW_30D, values, shown, &stamp);
	assert_words(&out, "HSET k " STAMP_WORDS);
	values[METRIC_THROUGHPUT] = 8;
	values[METRIC_CYCLE_TIME_P50] = isnan(shown[METRIC_CYCLE_TIME_P50]) ? 1.5 : NAN;
	values[METRIC_WIP] = 99; /* no field of a window */
	publish_pane(&out, TEXT("k"), WINDOW_30D, values, shown, &stamp);
	assert_words(&out,
		     isnan(shown[METRIC_CYCLE_TIME_P50])
			     ? "HSET k throughput_items 8 cycle_time_p50_seconds 1.5 " STAMP_WORDS
			     : "HSET k throughput_items 8 cycle_time_p50_seconds nan " STAMP_WORDS);
	commands_free(&out);
}

static void a_watermark_that_is_not_there_is_nan(void **state)
{
	struct commands out = {0};
	double values[METRIC_COUNT] = {0};
	struct stamp young = stamp;
	(void)state;

	young.watermark = INT64_MIN;
	young.complete_ratio = 0.5;
	publish_pane(&out, TEXT("k"), PANE_NOW, values, values, &young);
	assert_words(&out, "HSET k as_of_ms 1700000000123 watermark_ms nan published_ms "
			   "1700000000456 cut 4711 complete_ratio 0.5\n");
	commands_free(&out);
}

static void the_catalogue_tells_unit_direction_and_help(void **state)
{
	struct commands out = {0};
	char *words;
	(void)state;

	publish_catalogue(&out, TEXT("venturi:metrics"));
	assert_int_equal(out.fields, METRIC_COUNT);
	words = commands_words(&out);
	assert_non_null(strstr(words, "HSET venturi:metrics throughput_items {\"unit\":\"items\","
				      "\"better\":\"up\",\"help\":\"work items finished\"} "));
	assert_non_null(strstr(words, " arrivals_items {\"unit\":\"items\",\"better\":null,"));
	assert_non_null(strstr(words, " wip_items {\"unit\":\"items\",\"better\":\"down\","));
	free(words);
	commands_free(&out);
}

static void identifiers_that_look_like_numbers_are_told(void **state)
{
	static const char *const numeric[] = {
		"12e45", "inf",          "12",   "-7",   "+.5",   "5.",   "1_000",  "Infinity",
		"-INF",  "NaN",          "+nan", "0x1F", "0b101", "0o17", "0x1p-2", " 12 ",
		"12\n",  "\xc2\xa0\x33", "",     " ",    "1e+5",  "0",    "00017"};
	static const char *const names[] = {"CLM-17",
					    "info",
					    "infinite",
					    "12a",
					    "1.2.3",
					    "2026-03",
					    "e5",
					    "1e",
					    "1e+",
					    ".",
					    "-",
					    "x12",
					    "nano",
					    "0x",
					    "0xyz",
					    "#12",
					    "acme/claims#12",
					    "id:12",
					    "1 2",
					    "_",
					    "."};
	(void)state;

	for (size_t i = 0; i < sizeof numeric / sizeof *numeric; i++)
		if (!identifier_looks_numeric(text_of(numeric[i])))
			fail_msg("'%s' can be read as a number", numeric[i]);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (identifier_looks_numeric(text_of(names[i])))
			fail_msg("'%s' is no number", names[i]);
}

/* ---- Rows ---- */

static bool add(struct rows *rows, int64_t ms, const char *item, double seconds)
{
	struct row row = {.ms = ms, .n = 2};

	row.cells[0] = (struct row_cell){.name = "item", .text = text_of(item), .is_text = true};
	row.cells[1] = (struct row_cell){
		.name = "cycle_time_seconds", .number = seconds, .unit = UNIT_SECONDS};
	return rows_add(rows, &row);
}

static void rows_become_entries_whose_ids_count_within_a_millisecond(void **state)
{
	struct rows rows = {0};
	struct commands out = {0};
	(void)state;

	assert_true(add(&rows, 1000, "CLM-1", 1.5));
	assert_true(add(&rows, 1000, "12e45", NAN));
	assert_true(add(&rows, 1001, "inf", 2));
	for (uint32_t i = 0; i < rows.n; i++)
		rows_publish(&rows, i, &out, TEXT("k"));
	assert_int_equal(out.fields, 6 + 3);
	assert_words(&out, "XADD k 1000-0 item CLM-1 cycle_time_seconds 1.5\n"
			   "XADD k 1000-1 item id:12e45 cycle_time_seconds nan\n"
			   "XADD k 1001-0 item id:inf cycle_time_seconds 2\n");
	rows_trim(&rows, &out, TEXT("k"));
	assert_words(&out, "XTRIM k MINID = 1000-0\n");
	rows_free(&rows);
	commands_free(&out);
}

static void no_entry_has_the_id_that_redis_refuses(void **state)
{
	struct rows rows = {0};
	struct commands out = {0};
	(void)state;

	assert_true(add(&rows, 0, "a", 1));
	rows_publish(&rows, 0, &out, TEXT("k"));
	assert_words(&out, "XADD k 0-1 item a cycle_time_seconds 1\n");
	rows_free(&rows);
	commands_free(&out);
}

static void rows_before_the_epoch_are_left_out(void **state)
{
	struct rows rows = {0};
	struct commands out = {0};
	(void)state;

	assert_true(add(&rows, -1000, "a", 1));
	assert_true(add(&rows, 5, "b", 1));
	assert_int_equal(rows.n, 1);
	rows_publish(&rows, 0, &out, TEXT("k"));
	assert_words(&out, "XADD k 5-0 item b cycle_time_seconds 1\n");
	rows_free(&rows);
	commands_free(&out);
}

static void what_was_shown_goes_on_where_only_its_ends_changed(void **state)
{
	struct rows before = {0}, after = {0};
	uint32_t dropped, kept;
	(void)state;

	for (int i = 0; i < 5; i++)
		assert_true(add(&before, 1000 + i, "a", i));
	for (int i = 2; i < 8; i++)
		assert_true(add(&after, 1000 + i, "a", i));
	assert_true(rows_continue(&after, before.hashes, before.n, &dropped, &kept));
	assert_int_equal(dropped, 2);
	assert_int_equal(kept, 3);
	rows_free(&before);
	rows_free(&after);
}

static void a_change_in_the_middle_wants_it_built_anew(void **state)
{
	struct rows before = {0}, after = {0}, shorter = {0}, none = {0};
	uint32_t dropped, kept;
	(void)state;

	for (int i = 0; i < 5; i++) {
		assert_true(add(&before, 1000 + i, "a", i));
		assert_true(add(&after, 1000 + i, i == 3 ? "b" : "a", i));
		if (i < 4)
			assert_true(add(&shorter, 1000 + i, "a", i));
	}
	assert_true(add(&after, 1005, "a", 5));
	assert_false(rows_continue(&after, before.hashes, before.n, &dropped, &kept));
	assert_false(rows_continue(&shorter, before.hashes, before.n, &dropped, &kept));
	assert_false(rows_continue(&none, before.hashes, before.n, &dropped, &kept));
	assert_false(rows_continue(&after, NULL, 0, &dropped, &kept));
	rows_free(&before);
	rows_free(&after);
	rows_free(&shorter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_named_as_the_contract_has_them),
		cmocka_unit_test(every_table_key_is_named_once),
		cmocka_unit_test(the_scope_of_a_key_is_found_and_other_keys_are_left_alone),
		cmocka_unit_test(a_pane_that_nobody_saw_is_sent_whole),
		cmocka_unit_test(of_a_pane_that_was_seen_only_changes_are_sent),
		cmocka_unit_test(a_watermark_that_is_not_there_is_nan),
		cmocka_unit_test(the_catalogue_tells_unit_direction_and_help),
		cmocka_unit_test(identifiers_that_look_like_numbers_are_told),
		cmocka_unit_test(rows_become_entries_whose_ids_count_within_a_millisecond),
		cmocka_unit_test(no_entry_has_the_id_that_redis_refuses),
		cmocka_unit_test(rows_before_the_epoch_are_left_out),
		cmocka_unit_test(what_was_shown_goes_on_where_only_its_ends_changed),
		cmocka_unit_test(a_change_in_the_middle_wants_it_built_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
