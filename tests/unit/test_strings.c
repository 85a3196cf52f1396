#include "venturi/strings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "short_memory.h"

static int set_up(void **state)
{
	*state = strings_new(42);
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	strings_free(*state);
	return 0;
}

static void the_absent_text_is_number_zero(void **state)
{
	struct strings *strings = *state;

	assert_int_equal(strings_add(strings, (struct text){NULL, 0}), 0);
	assert_int_equal(strings_find(strings, TEXT("")), 0);
	assert_int_equal(strings_text(strings, 0).len, 0);
	assert_int_equal(strings_count(strings), 1);
}

static void numbers_are_dense_and_in_order_of_arrival(void **state)
{
	struct strings *strings = *state;

	assert_int_equal(strings_add(strings, TEXT("b")), 1);
	assert_int_equal(strings_add(strings, TEXT("a")), 2);
	assert_int_equal(strings_add(strings, TEXT("b")), 1);
	assert_int_equal(strings_add(strings, TEXT("b\0c")), 3);
	assert_int_equal(strings_count(strings), 4);
	assert_true(text_same(strings_text(strings, 3), TEXT("b\0c")));
}

static void a_text_that_is_not_there_is_not_found_nor_added(void **state)
{
	struct strings *strings = *state;

	assert_int_equal(strings_add(strings, TEXT("a")), 1);
	assert_int_equal(strings_find(strings, TEXT("A")), 0);
	assert_int_equal(strings_find(strings, TEXT("a")), 1);
	assert_int_equal(strings_count(strings), 2);
}

static void texts_stay_where_they_are_while_many_more_arrive(void **state)
{
	struct strings *strings = *state;
	char name[32];
	const char *first = NULL;

	for (unsigned i = 1; i <= 50000; i++) {
		struct text text = {name, (size_t)snprintf(name, sizeof name, "text %u", i)};

		assert_int_equal(strings_add(strings, text), i);
		if (i == 1)
			first = strings_text(strings, 1).at;
	}
	assert_ptr_equal(strings_text(strings, 1).at, first);
	for (unsigned i = 1; i <= 50000; i++) {
		struct text text = {name, (size_t)snprintf(name, sizeof name, "text %u", i)};

		assert_int_equal(strings_find(strings, text), i);
		assert_true(text_same(strings_text(strings, i), text));
	}
	assert_true(strings_bytes(strings) > 50000 * sizeof "text 1");
}

static void long_texts_are_held_whole(void **state)
{
	struct strings *strings = *state;
	size_t len = 300000;
	char *bytes = malloc(len);

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i * 31);
	assert_int_equal(strings_add(strings, (struct text){bytes, len}), 1);
	assert_int_equal(strings_add(strings, (struct text){bytes, len - 1}), 2);
	assert_true(text_same(strings_text(strings, 1), (struct text){bytes, len}));
	assert_true(text_same(strings_text(strings, 2), (struct text){bytes, len - 1}));
	free(bytes);
}

static void lowering_touches_only_a_to_z(void **state)
{
	struct strings *strings = *state;
	uint32_t mixed = strings_add(strings, TEXT("In \xc3\x84 PROGRESS [Z]@"));
	uint32_t low = strings_lower(strings, mixed);

	assert_true(text_same(strings_text(strings, low), TEXT("in \xc3\x84 progress [z]@")));
	assert_int_equal(strings_lower(strings, low), low);
	assert_int_equal(strings_lower(strings, 0), 0);
	assert_int_equal(strings_count(strings), 3);
}

static void an_allocation_that_fails_adds_nothing(void **state)
{
	if (!memory_can_be_short())
		skip();

	struct strings *strings = *state;
	char name[32];

	failures = 0;
	for (unsigned i = 1; i <= 20000; i++) {
		struct text text = {name, (size_t)snprintf(name, sizeof name, "text %u", i)};
		uint32_t number;

		for (unsigned long n = 1;; n++) {
			fail_at = n;
			number = strings_add(strings, text);
			fail_at = 0;
			if (number != UINT32_MAX)
				break;
			assert_int_equal(strings_count(strings), i);
			assert_int_equal(strings_find(strings, text), 0);
		}
		assert_int_equal(number, i);
	}
	assert_true(failures > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_absent_text_is_number_zero, set_up, tear_down),
		cmocka_unit_test_setup_teardown(numbers_are_dense_and_in_order_of_arrival, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_text_that_is_not_there_is_not_found_nor_added,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(texts_stay_where_they_are_while_many_more_arrive,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_texts_are_held_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_allocation_that_fails_adds_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(lowering_touches_only_a_to_z, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("strings", tests, NULL, NULL);
}
