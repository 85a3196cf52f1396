#include "venturi/ordered.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "short_memory.h"

static uint32_t draw(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static int compare(const void *left, const void *right)
{
	const struct ordered_entry *a = left, *b = right;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->subject != b->subject)
		return a->subject < b->subject ? -1 : 1;
	return (a->life > b->life) - (a->life < b->life);
}

/* A plain sorted array, to be equal to. */
struct plain {
	struct ordered_entry entries[8192];
	int64_t n;
};

static void plain_add(struct plain *plain, struct ordered_entry entry)
{
	int64_t i = 0;

	assert_true(plain->n < 8192);
	while (i < plain->n && compare(&plain->entries[i], &entry) < 0)
		i++;
	memmove(&plain->entries[i + 1], &plain->entries[i],
		(size_t)(plain->n - i) * sizeof entry);
	plain->entries[i] = entry;
	plain->n++;
}

static bool plain_remove(struct plain *plain, struct ordered_entry entry)
{
	for (int64_t i = 0; i < plain->n; i++)
		if (compare(&plain->entries[i], &entry) == 0) {
			plain->n--;
			memmove(&plain->entries[i], &plain->entries[i + 1],
				(size_t)(plain->n - i) * sizeof entry);
			return true;
		}
	return false;
}

static void assert_same(const struct ordered *ordered, const struct plain *plain)
{
	assert_int_equal(ordered->n, plain->n);
	for (int64_t i = 0; i < plain->n; i++)
		assert_int_equal(compare(ordered_at(ordered, i), &plain->entries[i]), 0);
}

static void assert_below(const struct ordered *ordered, const struct plain *plain, int64_t at)
{
	int64_t n = 0;

	while (n < plain->n && plain->entries[n].at < at)
		n++;
	assert_int_equal(ordered_below(ordered, at), n);
}

/* `growth` in 10: how many of the operations add; few values of `range` make equal entries. */
static void work(struct ordered *ordered, struct plain *plain, uint64_t *random, int operations,
		 uint32_t growth, uint32_t range)
{
	for (int i = 0; i < operations; i++) {
		struct ordered_entry entry = {(int64_t)(draw(random) % range) - range / 2,
					      draw(random) % 3, draw(random) % 2};

		if (draw(random) % 10 < growth) {
			assert_true(ordered_add(ordered, entry));
			plain_add(plain, entry);
		} else {
			if (plain->n && draw(random) % 4)
				entry = plain->entries[draw(random) % plain->n];
			assert_int_equal(ordered_remove(ordered, entry),
					 plain_remove(plain, entry));
		}
		if (i % 500 == 0)
			assert_same(ordered, plain);
		assert_below(ordered, plain, (int64_t)(draw(random) % range) - range / 2);
	}
	assert_same(ordered, plain);
}

static void random_operations_agree_with_a_plain_sorted_array(void **state)
{
	static const uint32_t ranges[] = {2, 50, 1000000};

	(void)state;
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		struct ordered ordered = {0};
		struct plain *plain = calloc(1, sizeof *plain);
		uint64_t random = 7 + i;

		assert_non_null(plain);
		work(&ordered, plain, &random, 4000, 8, ranges[i]);
		work(&ordered, plain, &random, 4000, 2, ranges[i]);
		work(&ordered, plain, &random, 2000, 6, ranges[i]);
		work(&ordered, plain, &random, 6000, 0, ranges[i]);
		ordered_clear(&ordered);
		free(plain);
	}
}

static void entries_that_come_in_order_or_against_it_are_in_order(void **state)
{
	struct ordered ordered = {0};

	(void)state;
	for (int64_t i = 0; i < 5000; i++) {
		assert_true(ordered_add(&ordered, (struct ordered_entry){i, 0, 0}));
		assert_true(ordered_add(&ordered, (struct ordered_entry){-1 - i, 0, 0}));
	}
	for (int64_t i = 0; i < 10000; i++)
		assert_int_equal(ordered_at(&ordered, i)->at, i - 5000);
	assert_int_equal(ordered_below(&ordered, 0), 5000);
	assert_int_equal(ordered_below(&ordered, INT64_MIN), 0);
	assert_int_equal(ordered_below(&ordered, INT64_MAX), 10000);
	ordered_clear(&ordered);
	assert_int_equal(ordered.n, 0);
}

static void the_same_entry_can_be_in_it_twice_and_leaves_once_at_a_time(void **state)
{
	struct ordered ordered = {0};
	struct ordered_entry entry = {5, 6, 7};

	(void)state;
	assert_false(ordered_remove(&ordered, entry));
	assert_true(ordered_add(&ordered, entry));
	assert_true(ordered_add(&ordered, entry));
	assert_true(ordered_remove(&ordered, entry));
	assert_int_equal(ordered.n, 1);
	assert_false(ordered_remove(&ordered, (struct ordered_entry){5, 6, 8}));
	assert_true(ordered_remove(&ordered, entry));
	assert_false(ordered_remove(&ordered, entry));
	assert_int_equal(ordered.n, 0);
	ordered_clear(&ordered);
}

static void what_is_taken_out_leaves_no_crumbs(void **state)
{
	struct ordered ordered = {0};

	(void)state;
	for (int64_t i = 0; i < 10000; i++)
		assert_true(ordered_add(&ordered, (struct ordered_entry){i, 0, 0}));
	for (int64_t i = 0; i < 10000; i++)
		if (i % 100)
			assert_true(ordered_remove(&ordered, (struct ordered_entry){i, 0, 0}));
	assert_int_equal(ordered.n, 100);
	assert_int_equal(ordered.n_blocks, 1);
	assert_int_equal(ordered_at(&ordered, 57)->at, 5700);
	ordered_clear(&ordered);
}

static void an_allocation_that_fails_changes_nothing(void **state)
{
	if (!memory_can_be_short())
		skip();

	struct ordered ordered = {0};
	uint64_t random = 3;

	(void)state;
	failures = 0;
	for (int64_t i = 0; i < 5000; i++) {
		struct ordered_entry entry = {draw(&random), 0, 0};
		bool added;

		for (unsigned long n = 1;; n++) {
			fail_at = n;
			added = ordered_add(&ordered, entry);
			fail_at = 0;
			if (added)
				break;
			assert_int_equal(ordered.n, i);
		}
	}
	assert_true(failures > 20);
	for (int64_t i = 1; i < 5000; i++)
		assert_true(ordered_at(&ordered, i - 1)->at <= ordered_at(&ordered, i)->at);

	/* Joining blocks may fail; taking out may not. */
	while (ordered.n) {
		fail_at = 1;
		assert_true(ordered_remove(&ordered, *ordered_at(&ordered, ordered.n / 3)));
		fail_at = 0;
	}
	ordered_clear(&ordered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations_agree_with_a_plain_sorted_array),
		cmocka_unit_test(entries_that_come_in_order_or_against_it_are_in_order),
		cmocka_unit_test(what_is_taken_out_leaves_no_crumbs),
		cmocka_unit_test(an_allocation_that_fails_changes_nothing),
		cmocka_unit_test(the_same_entry_can_be_in_it_twice_and_leaves_once_at_a_time),
	};

	return cmocka_run_group_tests_name("ordered", tests, NULL, NULL);
}
