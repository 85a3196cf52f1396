/* daemon/intake with the real decoder and store; what it tells is noted. */
#include "daemon/intake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1772700000000)

struct world {
	struct intake *intake;
	struct store *store;
	unsigned touched, facts, positions, letters;
	struct position last[2]; /* told, by partition; topics do not live */
	void *tickets[8];
	bool no_touch, no_letter;
	int64_t next[2];
};

static bool touch(void *arg, uint32_t subject)
{
	struct world *w = arg;

	(void)subject;
	w->touched += !w->no_touch;
	return !w->no_touch;
}

static void fact(void *arg, const struct subject *subject, const struct record *record)
{
	assert_non_null(subject);
	assert_non_null(record);
	((struct world *)arg)->facts++;
}

static void position(void *arg, const struct position *told)
{
	struct world *w = arg;

	assert_true(text_same(told->topic, TEXT("t")));
	w->positions++;
	w->last[told->partition] = *told;
}

static bool letter(void *arg, const struct kafka_record *record, struct text code, struct text why,
		   void *ticket)
{
	struct world *w = arg;

	(void)record;
	assert_true(code.len > 0 && why.len > 0);
	if (w->no_letter)
		return false;
	w->tickets[w->letters++] = ticket;
	return true;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct intake_options options = {.max_future_skew = 600000,
					 .max_lateness = INT64_C(120) * 86400000,
					 .max_event_size = 1000,
					 .dead_letters = true};
	struct intake_hooks hooks = {w, touch, fact, position, letter};
	struct position from;

	w->store = store_new(1);
	w->intake = intake_new(&options, &hooks);
	assert_true(intake_begin(w->intake, w->store, NULL, 0));
	assert_false(intake_partition(w->intake, 0, TEXT("t"), 0, &from));
	assert_false(intake_partition(w->intake, 1, TEXT("t"), 1, &from));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	intake_free(w->intake);
	store_free(w->store);
	free(w);
	return 0;
}

static bool give_at(struct world *w, int32_t partition, int64_t timestamp, const char *value)
{
	struct kafka_record record = {.topic = TEXT("t"),
				      .slot = (uint32_t)partition,
				      .partition = partition,
				      .offset = w->next[partition],
				      .timestamp = timestamp,
				      .value = text_of(value)};

	if (!intake_record(w->intake, &record))
		return false;
	w->next[partition]++;
	return true;
}

static bool give(struct world *w, const char *value)
{
	return give_at(w, 0, NOW, value);
}

#define GOOD(id, to)                                                                               \
	"{\"venturi\":1,\"id\":\"" id "\",\"source\":\"s\",\"kind\":\"item.state\","               \
	"\"time\":1772700000000,\"item\":\"A-1\",\"to\":\"" to "\"}"
#define BROKEN "{\"venturi\":1, broken"

static uint64_t rejected(struct world *w, enum reject reason)
{
	return intake_counts(w->intake).rejected[reason];
}

static void good_records_become_facts_and_a_position_is_told_once_a_batch(void **state)
{
	struct world *w = *state;

	assert_true(give(w, GOOD("1", "Doing")) && give(w, GOOD("2", "Done")));
	assert_int_equal(w->positions, 0);
	intake_drained(w->intake);
	assert_int_equal(w->positions, 1);
	assert_int_equal(w->last[0].next, 2);
	assert_int_equal(w->last[0].last.offset, 1);
	assert_int_equal(w->last[0].last.hash,
			 kafka_fingerprint(1, NOW, TEXT(""), TEXT(GOOD("2", "Done"))).hash);
	assert_int_equal(w->facts, 2);
	assert_int_equal(w->touched, 2);
	assert_int_equal(intake_counts(w->intake).accepted, 2);
	intake_drained(w->intake);
	assert_int_equal(w->positions, 1);
}

static void what_is_known_is_a_duplicate_and_what_differs_a_conflict(void **state)
{
	struct world *w = *state;

	give(w, GOOD("1", "Doing"));
	give(w, GOOD("1", "Doing"));
	give(w, GOOD("1", "Done"));
	assert_int_equal(rejected(w, REJECT_DUPLICATE), 1);
	assert_int_equal(rejected(w, REJECT_CONFLICT), 1);
	assert_int_equal(intake_counts(w->intake).accepted, 1);
	assert_int_equal(w->letters, 0);
}

static void the_records_own_time_decides_about_future_and_too_late(void **state)
{
	struct world *w = *state;

	give_at(w, 0, NOW - 600001, GOOD("1", "Doing"));
	give_at(w, 0, NOW + INT64_C(121) * 86400000, GOOD("2", "Doing"));
	give_at(w, 0, -1, GOOD("3", "Doing"));
	assert_int_equal(rejected(w, REJECT_FUTURE), 1);
	assert_int_equal(rejected(w, REJECT_TOO_LATE), 1);
	assert_int_equal(intake_counts(w->intake).accepted, 1);
	assert_int_equal(w->letters, 2);
}

static void a_position_waits_before_a_letter_under_way(void **state)
{
	struct world *w = *state;

	give(w, GOOD("1", "Doing"));
	give(w, BROKEN);
	give(w, GOOD("2", "Done"));
	give(w, BROKEN);
	give_at(w, 1, NOW, GOOD("3", "Done"));
	intake_drained(w->intake);
	assert_int_equal(w->last[0].next, 1);
	assert_int_equal(w->last[0].last.offset, 0);
	assert_int_equal(w->last[0].last.hash,
			 kafka_fingerprint(0, NOW, TEXT(""), TEXT(GOOD("1", "Doing"))).hash);
	assert_int_equal(w->last[1].next, 1);

	/* The second is settled first: nothing moves. */
	intake_settled(w->intake, w->tickets[1], true);
	assert_int_equal(w->last[0].next, 1);
	intake_settled(w->intake, w->tickets[0], true);
	assert_int_equal(w->last[0].next, 4);
	assert_int_equal(w->last[0].last.offset, 3);
	assert_int_equal(intake_counts(w->intake).letters, 2);
	assert_int_equal(intake_counts(w->intake).letters_under_way, 0);
}

static void a_letter_that_cannot_be_sent_is_offered_again_and_counted_once(void **state)
{
	struct world *w = *state;

	w->no_letter = true;
	assert_false(give(w, BROKEN));
	assert_false(give(w, BROKEN));
	w->no_letter = false;
	assert_true(give(w, BROKEN));
	assert_int_equal(rejected(w, REJECT_MALFORMED), 1);
	assert_int_equal(w->letters, 1);
}

static void a_subject_that_memory_was_short_for_is_touched_before_the_next_record(void **state)
{
	struct world *w = *state;

	w->no_touch = true;
	assert_true(give(w, GOOD("1", "Doing")));
	assert_false(give(w, GOOD("2", "Done")));
	w->no_touch = false;
	assert_true(give(w, GOOD("2", "Done")));
	assert_int_equal(w->touched, 2);
	assert_int_equal(w->facts, 2);
}

static void letters_of_a_time_before_are_nobodys(void **state)
{
	struct world *w = *state;
	struct position stored = {TEXT("t"), 1, 9, {.offset = 8}}, from;

	give(w, BROKEN);
	intake_drained(w->intake);
	assert_true(intake_begin(w->intake, w->store, &stored, 1));
	assert_true(intake_partition(w->intake, 0, TEXT("t"), 1, &from));
	assert_int_equal(from.next, 9);
	assert_int_equal(from.last.offset, 8);
	unsigned before = w->positions;
	intake_settled(w->intake, w->tickets[0], true);
	assert_int_equal(w->positions, before);
	give(w, BROKEN); /* stays under way: freed at the end */
}

static void only_what_is_stored_is_committed_and_once(void **state)
{
	struct world *w = *state;
	struct position positions[4];

	give(w, GOOD("1", "Doing"));
	intake_drained(w->intake);
	assert_int_equal(intake_commits(w->intake, positions, 4), 0);
	intake_cut(w->intake);
	give(w, GOOD("2", "Doing"));
	intake_drained(w->intake);
	intake_stored(w->intake);
	assert_int_equal(intake_commits(w->intake, positions, 4), 1);
	assert_int_equal(positions[0].next, 1);
	assert_int_equal(intake_commits(w->intake, positions, 4), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(good_records_become_facts_and_a_position_is_told_once_a_batch),
		TEST(what_is_known_is_a_duplicate_and_what_differs_a_conflict),
		TEST(the_records_own_time_decides_about_future_and_too_late),
		TEST(a_position_waits_before_a_letter_under_way),
		TEST(a_letter_that_cannot_be_sent_is_offered_again_and_counted_once),
		TEST(a_subject_that_memory_was_short_for_is_touched_before_the_next_record),
		TEST(letters_of_a_time_before_are_nobodys),
		TEST(only_what_is_stored_is_committed_and_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
