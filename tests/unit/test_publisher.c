/* The publisher against a real fold and a real Redis: what is sent, when, and what stands there then. */
#include "commands_fixture.h"
#include "publisher_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR (DAY / 24)
#define SECOND INT64_C(1000)

static unsigned count(const char *words, const char *what)
{
	unsigned n = 0;

	for (const char *at = words; at && (at = strstr(at, what)); at++)
		n++;
	return n;
}

static void some_items(struct world *world, int n)
{
	char name[16];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof name, "IN-%d", i);
		item_done(world, name, i % 3 ? "intake" : "payout", i * HOUR, i * HOUR + HOUR,
			  i * HOUR + 20 * HOUR);
	}
	item_created(world, "open", "intake", HOUR);
	item_moved(world, "open", "Doing", 2 * HOUR);
	item_created(world, "12e45", "payout", HOUR);
	item_moved(world, "12e45", "12e45", 3 * HOUR);
	world_at(world, (n + 30) * HOUR);
}

static void all_that_was_folded_stands_in_redis(void **state)
{
	struct world *world = *state;

	some_items(world, 100);
	publish_all(world);
	assert_all_shown(world);
	assert_string_equal(ask(world, "XLEN venturi:finished:acme/claims/payout"), "34");
	assert_string_equal(ask(world, "HGET venturi:flow:acme:90d throughput_items"), "100");
	assert_string_equal(ask(world, "HGET venturi:flow:acme:now wip_items"), "2");
	assert_string_equal(ask(world, "HGET venturi:flow:acme:now wip_over_sle_items"), "1");
	assert_string_equal(ask(world, "SISMEMBER venturi:scopes:team acme/claims/intake/falcon"), "1");
	assert_string_equal(ask(world, "SCARD venturi:scopes:team"), "1");
	assert_string_equal(ask(world, "SISMEMBER venturi:scopes:product acme/unmapped"), "1");
}

static void an_empty_organisation_is_shown_too(void **state)
{
	struct world *world = *state;

	world_at(world, 5 * DAY);
	publish_all(world);
	assert_all_shown(world);
	assert_string_equal(ask(world, "HGET venturi:flow:acme:7d throughput_items"), "0");
	assert_string_equal(ask(world, "HGET venturi:flow:acme:7d cycle_time_p50_seconds"), "nan");
	assert_string_equal(ask(world, "HGET venturi:flow:acme:7d watermark_ms"), "nan");
	assert_string_equal(ask(world, "EXISTS venturi:finished:acme/claims/intake"), "0");
}

static void a_second_time_only_what_changed_is_sent(void **state)
{
	struct world *world = *state;
	char before[32];

	some_items(world, 30);
	publish_all(world);
	world_at(world, 60 * HOUR + SECOND);
	snprintf(before, sizeof before, "%s", ask(world, "HGET venturi:flow:acme/legacy:now cut"));
	item_moved(world, "open", "Waiting", 60 * HOUR);
	publish_once(world);
	assert_string_equal(ask(world, "HGET venturi:flow:acme/legacy:now cut"), before);
	assert_string_not_equal(ask(world, "HGET venturi:flow:acme:last_quarter cut"), before);
	assert_int_equal(count(world->words, "UNLINK"), 0);
	assert_int_equal(count(world->words, "HSET venturi:flow:acme/claims/intake:"), 10);
	assert_int_equal(count(world->words, "wip_wait_items"), 6); /* with two of mode product */
	assert_true(world->fields < 600);
	world_at(world, 61 * HOUR);
	publish_all(world);
	assert_all_shown(world);
}

static void hashes_of_a_scope_come_together_and_now_is_the_last(void **state)
{
	struct world *world = *state;
	const char *at;

	publish_once(world);
	at = strstr(world->words, "HSET venturi:flow:acme:7d ");
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
	struct world *world = *state;
	unsigned n = 0;
	bool more;

	some_items(world, 60);
	world->budget = 1000;
	do {
		more = publish_once(world);
		assert_true(world->fields <= world->budget + ROW_CELLS_MOST);
		assert_true(++n < 1000);
	} while (more);
	assert_true(n > 8);
	assert_all_shown(world);
}

static void a_long_table_is_built_aside_and_swapped_in(void **state)
{
	struct world *world = *state;
	bool more;
	unsigned partial = 0;

	some_items(world, 450);
	world->budget = 500;
	do {
		more = publish_once(world);
		const char *len = ask(world, "XLEN venturi:finished:acme/claims/intake");

		assert_true(strcmp(len, "0") == 0 || strcmp(len, "300") == 0);
		partial += strcmp(ask(world, "EXISTS venturi:state:build"), "1") == 0;
	} while (more);
	assert_true(partial > 2);
	assert_all_shown(world);
}

static void a_new_finish_is_one_entry_more(void **state)
{
	struct world *world = *state;

	some_items(world, 30);
	publish_all(world);
	item_moved(world, "open", "Done", 60 * HOUR + SECOND);
	world_at(world, 60 * HOUR + 6 * SECOND);
	publish_all(world);
	assert_int_equal(count(world->words, "XADD venturi:finished:acme/claims/intake "), 1);
	assert_int_equal(count(world->words, " venturi:finished:acme/claims/intake\n"), 0);
	publish_all(world);
	assert_all_shown(world);
}

static void a_correction_builds_the_table_anew(void **state)
{
	struct world *world = *state;

	some_items(world, 30);
	publish_all(world);
	item_moved(world, "IN-4", "Doing", 40 * HOUR); /* reopened, before now */
	world_at(world, 60 * HOUR + 6 * SECOND);
	publish_all(world);
	assert_int_equal(
		count(world->words,
		      "RENAME venturi:state:build venturi:finished:acme/claims/intake/falcon\n"),
		1);
	publish_all(world);
	assert_all_shown(world);
}

static void a_closed_day_is_one_entry_more_and_what_is_too_old_goes(void **state)
{
	struct world *world = *state;

	some_items(world, 30);
	world_at(world, 3 * DAY - HOUR);
	publish_all(world);
	world_at(world, 3 * DAY + HOUR);
	publish_all(world);
	assert_int_equal(count(world->words, "XADD venturi:hist:acme/claims/intake:day "), 1);
	publish_all(world);
	assert_all_shown(world);
	world_at(world, 80 * DAY);
	publish_all(world);
	world_at(world, 90 * DAY + 12 * HOUR);
	publish_all(world);
	assert_int_equal(count(world->words, "XTRIM venturi:finished:acme/claims/payout MINID = "), 1);
	publish_all(world);
	assert_all_shown(world);
	world_at(world, 200 * DAY);
	publish_all(world);
	assert_all_shown(world);
	assert_string_equal(ask(world, "EXISTS venturi:finished:acme/claims/intake"), "0");
}

static void a_table_is_written_every_five_seconds_at_most(void **state)
{
	struct world *world = *state;

	some_items(world, 3);
	publish_all(world);
	item_moved(world, "open", "Waiting", 33 * HOUR + SECOND);
	world_at(world, 33 * HOUR + 4 * SECOND);
	publish_once(world);
	assert_int_equal(count(world->words, "venturi:aging"), 0);
	assert_int_equal(count(world->words, "HSET venturi:flow:acme:now"), 1);
	assert_false(publisher_due(world->publisher, &world->moment));
	world_at(world, 33 * HOUR + 5 * SECOND);
	assert_true(publisher_due(world->publisher, &world->moment));
	publish_all(world);
	assert_int_equal(count(world->words, "RENAME venturi:state:build venturi:aging:acme\n"), 1);
}

static void a_table_that_did_not_change_is_not_written(void **state)
{
	struct world *world = *state;

	some_items(world, 10);
	publish_all(world);
	item_moved(world, "open", "Doing", 3 * HOUR); /* again: it changes nothing */
	fold_changed(world->fold, 0, (1u << TABLE_COUNT) - 1);
	world_at(world, 40 * HOUR + 10 * SECOND);
	publish_all(world);
	assert_int_equal(count(world->words, "XADD"), 0);
	assert_int_equal(count(world->words, "RENAME"), 0);
}

static void keys_of_another_type_are_unlinked_and_written_whole(void **state)
{
	struct world *world = *state;

	some_items(world, 30);
	publish_all(world);
	ask(world, "SET venturi:flow:acme:30d x");
	ask(world, "SET venturi:finished:acme/claims/intake x");
	item_moved(world, "open", "Done", 60 * HOUR);
	world_at(world, 60 * HOUR + 6 * SECOND);
	publish_all(world);
	assert_all_shown(world);
	ask(world, "SET venturi:tables x");
	item_moved(world, "IN-3", "Doing", 60 * HOUR);
	world_at(world, 60 * HOUR + 20 * SECOND);
	publish_all(world);
	assert_all_shown(world);
}

static void after_a_lost_transaction_all_is_published_whole(void **state)
{
	struct world *world = *state;

	some_items(world, 30);
	publish_all(world);
	ask(world, "FLUSHALL");
	item_moved(world, "open", "Done", 60 * HOUR);
	world_at(world, 60 * HOUR + 6 * SECOND);
	world->lose = true;
	publish_once(world);
	publish_all(world);
	assert_all_shown(world);
}

static void keys_of_scopes_that_are_no_more_are_unlinked(void **state)
{
	struct world *world = *state;

	some_items(world, 30);
	ask(world, "SET venturi:state:log:1:1 x");
	ask(world, "SET venturi:mine x");
	ask(world, "SET other:flow:acme/legacy:7d x");
	ask(world, "SET venturi:flow:acme:fortnight x");
	ask(world, "SET venturi:finished:acme x");
	publish_all(world);
	assert_string_equal(ask(world, "EXISTS venturi:flow:acme/legacy:7d"), "1");
	assert_string_equal(ask(world, "EXISTS venturi:flow:acme:fortnight"), "0");
	assert_string_equal(ask(world, "EXISTS venturi:finished:acme"), "0");
	world_configure(world, false);
	publish_all(world);
	assert_all_shown(world);
	assert_string_equal(ask(world, "EXISTS venturi:flow:acme/legacy:7d"), "0");
	assert_string_equal(ask(world, "EXISTS venturi:cfd:acme/legacy"), "0");
	assert_string_equal(ask(world, "HEXISTS venturi:tables venturi:cfd:acme/legacy"), "0");
	assert_string_equal(ask(world, "SISMEMBER venturi:scopes acme/legacy"), "0");
	assert_string_equal(ask(world, "EXISTS venturi:state:log:1:1"), "1");
	assert_string_equal(ask(world, "EXISTS venturi:mine"), "1");
	assert_string_equal(ask(world, "EXISTS other:flow:acme/legacy:7d"), "1");
}

static void while_catching_up_hashes_are_written_every_five_seconds(void **state)
{
	struct world *world = *state;
	unsigned rounds = 0;

	world->moment.catching_up = true;
	for (int i = 0; i < 200; i++) {
		char name[16];

		snprintf(name, sizeof name, "IN-%d", i);
		item_done(world, name, "intake", i, i + 1, i + 2);
		world_at(world, 1000 + i * 100);
		publish_once(world);
		rounds += count(world->words, "HSET venturi:flow:acme:7d ");
	}
	assert_int_equal(rounds, 4);
	world->moment.catching_up = false;
	world_at(world, 60 * SECOND);
	publish_all(world);
	assert_all_shown(world);
}

static void every_key_expires_and_is_renewed(void **state)
{
	struct world *world = *state;
	static const char *const keys[] = {
		"scopes", "scopes:product", "metrics", "tables", "flow:acme:now",
		"flow:acme/legacy:90d", "cfd:acme", "hist:acme:day", "finished:acme/claims/intake",
		"stages:acme/claims:90d", "aging:acme", "dist:acme:lead_time:30d"};

	some_items(world, 30);
	publish_all(world);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		assert_true(atoll(ask(world, "PTTL venturi:%s", keys[i])) > 29 * DAY);
		ask(world, "PEXPIRE venturi:%s 100000", keys[i]);
	}
	for (int i = 0; i < 30; i++) {
		world_at(world, 61 * HOUR + i * SECOND);
		publish_all(world);
	}
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (atoll(ask(world, "PTTL venturi:%s", keys[i])) < 29 * DAY)
			fail_msg("%s is not renewed", keys[i]);
}

static void scopes_without_news_are_refreshed_in_turn(void **state)
{
	struct world *world = *state;
	unsigned most = 0, all = 0;

	some_items(world, 10);
	publish_all(world);
	for (int i = 1; i <= 150; i++) {
		unsigned n;

		world_at(world, 40 * HOUR + i * 100);
		if (!publisher_due(world->publisher, &world->moment))
			continue;
		publish_once(world);
		n = count(world->words, ":now ");
		most = n > most ? n : most;
		all += n;
	}
	assert_true(all >= model_scopes(world->model));
	assert_true(most <= 2);
	for (uint32_t i = 0; i < model_scopes(world->model); i++)
		assert_true(atoll(ask(world, "HGET venturi:flow:%s:week published_ms",
				      model_scope(world->model, i)->id)) >
			    BEGIN + 40 * HOUR + 7);
}

static void nothing_is_written_where_nothing_is_due(void **state)
{
	struct world *world = *state;

	publish_all(world);
	assert_false(publisher_due(world->publisher, &world->moment));
	assert_false(publish_once(world));
	assert_null(world->words);
	assert_true(publisher_fold(world->publisher, NULL, NULL));
	assert_false(publisher_due(world->publisher, &world->moment));
	assert_false(publish_once(world));
	assert_null(world->words);
	world_configure(world, true);
}

/* Whatever the order, the budget, the pace and the losses: in the end Redis shows what the fold says. */
static void whatever_happens_redis_ends_up_right(void **state)
{
	static const char *const states[] = {"Open", "Doing", "12e45", "Waiting", "Done", "Canceled"};
	static const char *const names[] = {"intake", "payout", "legacy", "nobody"};
	struct world *world = *state;
	int64_t at = 0;

	srand(7);
	for (int i = 0; i < 400; i++) {
		char item[16];

		snprintf(item, sizeof item, "IN-%d", rand() % 60);
		item_created(world, item, names[rand() % 4], rand() % (at + 1));
		for (int n = rand() % 4; n > 0; n--)
			item_moved(world, item, states[rand() % 6],
				   at - (rand() % 4 == 0) * (rand() % (at + 1)));
		at += rand() % 5 ? rand() % 3000 : rand() % (3 * HOUR);
		at += rand() % 50 ? 0 : rand() % (20 * DAY);
		world_at(world, at);
		world->budget = rand() % 4 ? 3000 : 300;
		world->lose = rand() % 60 == 0;
		world->moment.catching_up = rand() % 3 == 0;
		if (rand() % 60 == 0)
			ask(world, "SET venturi:cfd:acme x");
		publish_once(world);
	}
	world->moment.catching_up = false;
	world_at(world, at + HOUR);
	publisher_republish_all(world->publisher);
	publish_all(world);
	assert_all_shown(world);
	for (int i = 0; i < 40; i++) {
		item_moved(world, "IN-7", states[rand() % 6], at + i * 7000);
		world_at(world, at + HOUR + (i + 1) * 7000);
		publish_all(world);
		for (uint32_t scope = 0; scope < model_scopes(world->model); scope++)
			fold_changed(world->fold, scope, (1u << TABLE_COUNT) - 1);
		world_at(world, at + HOUR + (i + 1) * 7000 + 6000);
		publish_all(world);
		assert_all_shown(world);
	}
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_start, world_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(all_that_was_folded_stands_in_redis),
		WORLD_TEST(an_empty_organisation_is_shown_too),
		WORLD_TEST(a_second_time_only_what_changed_is_sent),
		WORLD_TEST(hashes_of_a_scope_come_together_and_now_is_the_last),
		WORLD_TEST(no_transaction_is_larger_than_its_budget),
		WORLD_TEST(a_long_table_is_built_aside_and_swapped_in),
		WORLD_TEST(a_new_finish_is_one_entry_more),
		WORLD_TEST(a_correction_builds_the_table_anew),
		WORLD_TEST(a_closed_day_is_one_entry_more_and_what_is_too_old_goes),
		WORLD_TEST(a_table_is_written_every_five_seconds_at_most),
		WORLD_TEST(a_table_that_did_not_change_is_not_written),
		WORLD_TEST(keys_of_another_type_are_unlinked_and_written_whole),
		WORLD_TEST(after_a_lost_transaction_all_is_published_whole),
		WORLD_TEST(keys_of_scopes_that_are_no_more_are_unlinked),
		WORLD_TEST(while_catching_up_hashes_are_written_every_five_seconds),
		WORLD_TEST(every_key_expires_and_is_renewed),
		WORLD_TEST(scopes_without_news_are_refreshed_in_turn),
		WORLD_TEST(nothing_is_written_where_nothing_is_due),
		WORLD_TEST(whatever_happens_redis_ends_up_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
