/* The publisher where memory is short: each allocation fails in its turn; it ends right. */
#include "publisher_fixture.h"
#include "short_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Which allocation of all that the publisher makes fails; only its own are counted. */
static unsigned long left;

static void shorten(bool begin)
{
	if (begin) {
		fail_at = left;
	} else {
		left = fail_at;
		fail_at = 0;
	}
}

static void an_allocation_that_fails_is_made_up_for(void **state)
{
	struct board *board = *state;
	unsigned long before, nth = 0;
	char name[16];

	if (!memory_can_be_short())
		skip();
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "IN-%d", i);
		item_done(board, name, "intake", i, i + 1, i + 2);
	}
	do {
		nth += nth < 30 ? 1 : 1 + nth / 10;
		snprintf(name, sizeof name, "more-%lu", nth);
		item_created(board, name, "payout", (int64_t)nth);
		item_moved(board, name, "Doing", (int64_t)nth);
		board_at(board, (int64_t)nth * 60000);
		board_configure(board, true); /* all is to be published again */
		before = failures;
		left = nth;
		board->shorten = shorten;
		publish_all(board);
		board->shorten = NULL;
		assert_all_shown(board);
	} while (failures > before);
	assert_true(nth > 100);
}

static void a_publisher_that_gets_no_memory_says_so(void **state)
{
	struct board *board = *state;
	struct publisher_options options = {.prefix = "venturi:", .redis_ttl = 0};
	struct publisher *publisher = NULL;
	bool ok = false;

	if (!memory_can_be_short())
		skip();
	for (unsigned long i = 1; !publisher; i++) {
		assert_true(i < 10);
		fail_at = i;
		publisher = publisher_new(&options);
		fail_at = 0;
	}
	for (unsigned long i = 1; !ok; i++) {
		assert_true(i < 30);
		fail_at = i;
		ok = publisher_fold(publisher, board->model, board->fold);
		fail_at = 0;
		assert_int_equal(publisher_due(publisher, &board->moment), ok);
	}
	publisher_free(publisher);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_allocation_that_fails_is_made_up_for,
						board_start, board_stop),
		cmocka_unit_test_setup_teardown(a_publisher_that_gets_no_memory_says_so,
						board_start, board_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
