/* The publisher against a real fold and a real Redis: what is sent, when, and what stands then. */
#include "commands_fixture.h"
#include "publisher_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR   (DAY / 24)
#define SECOND INT64_C(1000)

static unsigned count(const char *words, const char *what)
{
	unsigned n = 0;

	for (const char *at = words; at && (at = strstr(at, what)); at++)
		n++;
	return n;
}

static void some_items(struct board *board, int n)
{
	char name[16];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof name, "IN-%d", i);
		item_done(board, name, i % 3 ? "intake" : "payout", i * HOUR, i * HOUR + HOUR,
			  i * HOUR + 20 * HOUR);
	}
	item_created(board, "open", "intake", HOUR);
	item_moved(board, "open", "Doing", 2 * HOUR);
	item_created(board, "12e45", "payout", HOUR);
	item_moved(board, "12e45", "12e45", 3 * HOUR);
	board_at(board, (n + 30) * HOUR);
}

static void all_that_was_folded_stands_in_redis(void **state)
{
	struct board *board = *state;

	some_items(board, 100);
	publish_all(board);
	assert_all_shown(board);
	assert_string_equal(ask(board, "XLEN venturi:finished:acme/claims/payout"), "34");
	assert_string_equal(ask(board, "HGET venturi:flow:acme:90d throughput_items"), "100");
	assert_string_equal(ask(board, "HGET venturi:flow:acme:now wip_items"), "2");
	assert_string_equal(ask(board, "HGET venturi:flow:acme:now wip_over_sle_items"), "1");
	assert_string_equal(ask(board, "SISMEMBER venturi:scopes:team acme/claims/intake/falcon"),
			    "1");
	assert_string_equal(ask(board, "SCARD venturi:scopes:team"), "1");
	assert_string_equal(ask(board, "SISMEMBER venturi:scopes:product acme/unmapped"), "1");
}

static void an_empty_organisation_is_shown_too(void **state)
{
	struct board *board = *state;

	board_at(board, 5 * DAY);
	publish_all(board);
	assert_all_shown(board);
	assert_string_equal(ask(board, "HGET venturi:flow:acme:7d throughput_items"), "0");
	assert_string_equal(ask(board, "HGET venturi:flow:acme:7d cycle_time_p50_seconds"), "nan");
	assert_string_equal(ask(board, "HGET venturi:flow:acme:7d watermark_ms"), "nan");
	assert_string_equal(ask(board, "EXISTS venturi:finished:acme/claims/intake"), "0");
}

static void a_second_time_only_what_changed_is_sent(void **state)
{
	struct board *board = *state;
	char before[32];

	some_items(board, 30);
	publish_all(board);
	board_at(board, 60 * HOUR + SECOND);
	snprintf(before, sizeof before, "%s", ask(board, "HGET venturi:flow:acme/legacy:now cut"));
	item_moved(board, "open", "Waiting", 60 * HOUR);
	publish_once(board);
	assert_string_equal(ask(board, "HGET venturi:flow:acme/legacy:now cut"), before);
	assert_string_not_equal(ask(board, "HGET venturi:flow:acme:last_quarter cut"), before);
	assert_int_equal(count(board->words, "UNLINK"), 0);
	assert_int_equal(count(board->words, "HSET venturi:flow:acme/claims/intake:"), 10);
	assert_int_equal(count(board->words, "wip_wait_items"), 6); /* with two of mode product */
	assert_true(board->fields < 600);
	board_at(board, 61 * HOUR);
	publish_all(board);
	assert_all_shown(board);
}

static void hashes_of_a_scope_come_together_and_now_is_the_last(void **state)
{
	struct board *board = *state;
	const char *at;

	publish_once(board);
	at = strstr(board->words, "HSET venturi:flow:acme:7d ");
	assert_non_null(at);
	for (enum window window = WINDOW_7D; window <= PANE_NOW; window++) {
		char key[100];

		snprintf(key, sizeof key, "HSET venturi:flow:acme:%s ", window_name(window));
		at = strstr(at, key);
		assert_non_null(at);
	}
}

static void no_transaction_is_larger_than_its_budget(void **state)
{
	struct board *board = *state;
	unsigned n = 0;
	bool more;

	some_items(board, 60);
	board->budget = 1000;
	do {
		more = publish_once(board);
		assert_true(board->fields <= board->budget + ROW_CELLS_MOST);
		assert_true(++n < 1000);
	} while (more);
	assert_true(n > 8);
	assert_all_shown(board);
}

static void a_long_table_is_built_aside_and_swapped_in(void **state)
{
	struct board *board = *state;
	bool more;
	unsigned partial = 0;

	some_items(board, 450);
	board->budget = 500;
	do {
		more = publish_once(board);
		const char *len = ask(board, "XLEN venturi:finished:acme/claims/intake");

		assert_true(strcmp(len, "0") == 0 || strcmp(len, "300") == 0);
		partial += strcmp(ask(board, "EXISTS venturi:state:build"), "1") == 0;
	} while (more);
	assert_true(partial > 2);
	assert_all_shown(board);
}

static void a_new_finish_is_one_entry_more(void **state)
{
	struct board *board = *state;

	some_items(board, 30);
	publish_all(board);
	item_moved(board, "open", "Done", 60 * HOUR + SECOND);
	board_at(board, 60 * HOUR + 6 * SECOND);
	publish_all(board);
	assert_int_equal(count(board->words, "XADD venturi:finished:acme/claims/intake "), 1);
	assert_int_equal(count(board->words, " venturi:finished:acme/claims/intake\n"), 0);
	publish_all(board);
	assert_all_shown(board);
}

static void a_correction_builds_the_table_anew(void **state)
{
	struct board *board = *state;

	some_items(board, 30);
	publish_all(board);
	item_moved(board, "IN-4", "Doing", 40 * HOUR); /* reopened, before now */
	ask(board, "XADD venturi:state:build 9-9 left over");
	board_at(board, 60 * HOUR + 6 * SECOND);
	publish_all(board);
	assert_int_equal(
		count(board->words,
		      "RENAME venturi:state:build venturi:finished:acme/claims/intake/falcon\n"),
		1);
	publish_all(board);
	assert_all_shown(board);
}

static void a_closed_day_is_one_entry_more_and_what_is_too_old_goes(void **state)
{
	struct board *board = *state;

	some_items(board, 30);
	board_at(board, 3 * DAY - HOUR);
	publish_all(board);
	board_at(board, 3 * DAY + HOUR);
	publish_all(board);
	assert_int_equal(count(board->words, "XADD venturi:hist:acme/claims/intake:day "), 1);
	publish_all(board);
	assert_all_shown(board);
	board_at(board, 80 * DAY);
	publish_all(board);
	board_at(board, 90 * DAY + 12 * HOUR);
	publish_all(board);
	assert_int_equal(count(board->words, "XTRIM venturi:finished:acme/claims/payout MINID = "),
			 1);
	publish_all(board);
	assert_all_shown(board);
	board_at(board, 200 * DAY);
	publish_all(board);
	assert_all_shown(board);
	assert_string_equal(ask(board, "EXISTS venturi:finished:acme/claims/intake"), "0");
}

static void a_table_is_written_every_five_seconds_at_most(void **state)
{
	struct board *board = *state;

	some_items(board, 3);
	publish_all(board);
	item_moved(board, "open", "Waiting", 33 * HOUR + SECOND);
	board_at(board, 33 * HOUR + 4 * SECOND);
	publish_once(board);
	assert_int_equal(count(board->words, "venturi:aging"), 0);
	assert_int_equal(count(board->words, "HSET venturi:flow:acme:now"), 1);
	assert_false(publisher_due(board->publisher, &board->moment));
	board_at(board, 33 * HOUR + 5 * SECOND);
	assert_true(publisher_due(board->publisher, &board->moment));
	publish_all(board);
	assert_int_equal(count(board->words, "RENAME venturi:state:build venturi:aging:acme\n"), 1);
}

static void a_table_that_did_not_change_is_not_written(void **state)
{
	struct board *board = *state;

	some_items(board, 10);
	publish_all(board);
	item_moved(board, "open", "Doing", 3 * HOUR); /* again: it changes nothing */
	fold_changed(board->fold, 0, (1u << TABLE_COUNT) - 1);
	board_at(board, 40 * HOUR + 10 * SECOND);
	publish_all(board);
	assert_int_equal(count(board->words, "XADD"), 0);
	assert_int_equal(count(board->words, "RENAME"), 0);
}

static void keys_of_another_type_are_unlinked_and_written_whole(void **state)
{
	struct board *board = *state;

	some_items(board, 30);
	publish_all(board);
	ask(board, "SET venturi:flow:acme:30d x");
	ask(board, "SET venturi:finished:acme/claims/intake x");
	item_moved(board, "open", "Done", 60 * HOUR);
	board_at(board, 60 * HOUR + 6 * SECOND);
	publish_all(board);
	assert_all_shown(board);
	ask(board, "SET venturi:tables x");
	item_moved(board, "IN-3", "Doing", 60 * HOUR);
	board_at(board, 60 * HOUR + 20 * SECOND);
	publish_all(board);
	assert_all_shown(board);
}

static void after_a_lost_transaction_all_is_published_whole(void **state)
{
	struct board *board = *state;

	some_items(board, 30);
	publish_all(board);
	ask(board, "FLUSHALL");
	item_moved(board, "open", "Done", 60 * HOUR);
	board_at(board, 60 * HOUR + 6 * SECOND);
	board->lose = true;
	publish_once(board);
	publish_all(board);
	assert_all_shown(board);
}

static void keys_of_scopes_that_are_no_more_are_unlinked(void **state)
{
	struct board *board = *state;

	some_items(board, 30);
	ask(board, "SET venturi:state:log:1:1 x");
	ask(board, "SET venturi:mine x");
	ask(board, "SET other:flow:acme/legacy:7d x");
	ask(board, "SET venturi:flow:acme:fortnight x");
	ask(board, "SET venturi:finished:acme x");
	publish_all(board);
	assert_string_equal(ask(board, "EXISTS venturi:flow:acme/legacy:7d"), "1");
	assert_string_equal(ask(board, "EXISTS venturi:flow:acme:fortnight"), "0");
	assert_string_equal(ask(board, "EXISTS venturi:finished:acme"), "0");
	board_configure(board, false);
	publish_all(board);
	assert_all_shown(board);
	assert_string_equal(ask(board, "EXISTS venturi:flow:acme/legacy:7d"), "0");
	assert_string_equal(ask(board, "EXISTS venturi:cfd:acme/legacy"), "0");
	assert_string_equal(ask(board, "HEXISTS venturi:tables venturi:cfd:acme/legacy"), "0");
	assert_string_equal(ask(board, "SISMEMBER venturi:scopes acme/legacy"), "0");
	assert_string_equal(ask(board, "EXISTS venturi:state:log:1:1"), "1");
	assert_string_equal(ask(board, "EXISTS venturi:mine"), "1");
	assert_string_equal(ask(board, "EXISTS other:flow:acme/legacy:7d"), "1");
}

static void while_catching_up_hashes_are_written_every_five_seconds(void **state)
{
	struct board *board = *state;
	unsigned rounds = 0;

	board->moment.catching_up = true;
	for (int i = 0; i < 200; i++) {
		char name[16];

		snprintf(name, sizeof name, "IN-%d", i);
		item_done(board, name, "intake", i, i + 1, i + 2);
		board_at(board, 1000 + i * 100);
		publish_once(board);
		rounds += count(board->words, "HSET venturi:flow:acme:7d ");
	}
	assert_int_equal(rounds, 4);
	board->moment.catching_up = false;
	board_at(board, 60 * SECOND);
	publish_all(board);
	assert_all_shown(board);
}

static void every_key_expires_and_is_renewed(void **state)
{
	struct board *board = *state;
	static const char *const keys[] = {"scopes",
					   "scopes:product",
					   "metrics",
					   "tables",
					   "flow:acme:now",
					   "flow:acme/legacy:90d",
					   "cfd:acme",
					   "hist:acme:day",
					   "finished:acme/claims/intake",
					   "stages:acme/claims:90d",
					   "aging:acme",
					   "dist:acme:lead_time:30d"};

	some_items(board, 30);
	publish_all(board);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		assert_true(atoll(ask(board, "PTTL venturi:%s", keys[i])) > 29 * DAY);
		ask(board, "PEXPIRE venturi:%s 100000", keys[i]);
	}
	fold_changed(board->fold, 0, 0);
	board_at(board, 60 * HOUR + 20 * SECOND);
	publish_all(board);
	assert_int_equal(count(board->words, "PEXPIRE"), 0);
	for (int i = 0; i < 30; i++) {
		board_at(board, 61 * HOUR + i * SECOND);
		publish_all(board);
	}
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (atoll(ask(board, "PTTL venturi:%s", keys[i])) < 29 * DAY)
			fail_msg("%s is not renewed", keys[i]);
}

static void scopes_without_news_are_refreshed_in_turn(void **state)
{
	struct board *board = *state;
	unsigned most = 0, all = 0;

	some_items(board, 10);
	publish_all(board);
	for (int i = 1; i <= 150; i++) {
		unsigned n;

		board_at(board, 40 * HOUR + i * 100);
		if (!publisher_due(board->publisher, &board->moment))
			continue;
		publish_once(board);
		n = count(board->words, ":now ");
		most = n > most ? n : most;
		all += n;
	}
	assert_true(all >= model_scopes(board->model));
	assert_true(most <= 2);
	for (uint32_t i = 0; i < model_scopes(board->model); i++)
		assert_true(atoll(ask(board, "HGET venturi:flow:%s:week published_ms",
				      model_scope(board->model, i)->id)) > BEGIN + 40 * HOUR + 7);
}

static void nothing_is_written_where_nothing_is_due(void **state)
{
	struct board *board = *state;

	publish_all(board);
	assert_false(publisher_due(board->publisher, &board->moment));
	assert_false(publish_once(board));
	assert_null(board->words);
	assert_true(publisher_fold(board->publisher, NULL, NULL));
	assert_false(publisher_due(board->publisher, &board->moment));
	assert_false(publish_once(board));
	assert_null(board->words);
	board_configure(board, true);
}

/* Whatever the order, the budget, the pace and the losses: it ends with what the fold says. */
static void whatever_happens_redis_ends_up_right(void **state)
{
	static const char *const states[] = {"Open",    "Doing", "12e45",
					     "Waiting", "Done",  "Canceled"};
	static const char *const names[] = {"intake", "payout", "legacy", "nobody"};
	struct board *board = *state;
	int64_t at = 0;

	srand(7);
	for (int i = 0; i < 400; i++) {
		char item[16];

		snprintf(item, sizeof item, "IN-%d", rand() % 60);
		item_created(board, item, names[rand() % 4], rand() % (at + 1));
		for (int n = rand() % 4; n > 0; n--)
			item_moved(board, item, states[rand() % 6],
				   at - (rand() % 4 == 0) * (rand() % (at + 1)));
		at += rand() % 5 ? rand() % 3000 : rand() % (3 * HOUR);
		at += rand() % 50 ? 0 : rand() % (20 * DAY);
		board_at(board, at);
		board->budget = rand() % 4 ? 3000 : 300;
		board->lose = rand() % 60 == 0;
		board->moment.catching_up = rand() % 3 == 0;
		if (rand() % 60 == 0)
			ask(board, "SET venturi:cfd:acme x");
		publish_once(board);
	}
	board->moment.catching_up = false;
	board_at(board, at + HOUR);
	publisher_republish_all(board->publisher);
	publish_all(board);
	assert_all_shown(board);
	for (int i = 0; i < 40; i++) {
		item_moved(board, "IN-7", states[rand() % 6], at + i * 7000);
		board_at(board, at + HOUR + (i + 1) * 7000);
		publish_all(board);
		for (uint32_t scope = 0; scope < model_scopes(board->model); scope++)
			fold_changed(board->fold, scope, (1u << TABLE_COUNT) - 1);
		board_at(board, at + HOUR + (i + 1) * 7000 + 6000);
		publish_all(board);
		assert_all_shown(board);
	}
}

#define BOARD_TEST(name) cmocka_unit_test_setup_teardown(name, board_start, board_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOARD_TEST(all_that_was_folded_stands_in_redis),
		BOARD_TEST(an_empty_organisation_is_shown_too),
		BOARD_TEST(a_second_time_only_what_changed_is_sent),
		BOARD_TEST(hashes_of_a_scope_come_together_and_now_is_the_last),
		BOARD_TEST(no_transaction_is_larger_than_its_budget),
		BOARD_TEST(a_long_table_is_built_aside_and_swapped_in),
		BOARD_TEST(a_new_finish_is_one_entry_more),
		BOARD_TEST(a_correction_builds_the_table_anew),
		BOARD_TEST(a_closed_day_is_one_entry_more_and_what_is_too_old_goes),
		BOARD_TEST(a_table_is_written_every_five_seconds_at_most),
		BOARD_TEST(a_table_that_did_not_change_is_not_written),
		BOARD_TEST(keys_of_another_type_are_unlinked_and_written_whole),
		BOARD_TEST(after_a_lost_transaction_all_is_published_whole),
		BOARD_TEST(keys_of_scopes_that_are_no_more_are_unlinked),
		BOARD_TEST(while_catching_up_hashes_are_written_every_five_seconds),
		BOARD_TEST(every_key_expires_and_is_renewed),
		BOARD_TEST(scopes_without_news_are_refreshed_in_turn),
		BOARD_TEST(nothing_is_written_where_nothing_is_due),
		BOARD_TEST(whatever_happens_redis_ends_up_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
