#include "venturi/sketch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void values_below_128_are_exact(void **state)
{
	(void)state;
	for (int64_t value = 0; value < 128; value++)
		assert_int_equal(sketch_value(sketch_bucket(value)), value);
}

static void a_bucket_holds_what_lies_between_its_edges(void **state)
{
	(void)state;
	for (uint32_t bucket = 0; bucket < SKETCH_BUCKETS; bucket++) {
		assert_true(sketch_lower(bucket) < sketch_upper(bucket));
		assert_int_equal(sketch_bucket(sketch_lower(bucket)), bucket);
		assert_int_equal(sketch_bucket(sketch_upper(bucket) - 1), bucket);
		assert_int_equal(sketch_bucket(sketch_value(bucket)), bucket);
		if (bucket)
			assert_int_equal(sketch_lower(bucket), sketch_upper(bucket - 1));
	}
}

static void the_least_and_the_greatest_value_have_the_outermost_buckets(void **state)
{
	(void)state;
	assert_int_equal(sketch_bucket(0), 0);
	assert_int_equal(sketch_bucket(INT64_MAX), SKETCH_BUCKETS - 1);
}

static void every_value_is_within_eight_per_mille_of_its_representative(void **state)
{
	uint64_t random = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		int64_t value = (int64_t)(draw(&random) >> (1 + draw(&random) % 63));
		int64_t error = sketch_value(sketch_bucket(value)) - value;

		if (error < 0)
			error = -error;
		assert_true((double)error <= 0.008 * (double)value);
	}
}

static void buckets_ascend_with_values(void **state)
{
	uint64_t random = 4711;

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		int64_t a = (int64_t)(draw(&random) >> (1 + draw(&random) % 63));
		int64_t b = (int64_t)(draw(&random) >> (1 + draw(&random) % 63));

		if (a <= b)
			assert_true(sketch_bucket(a) <= sketch_bucket(b));
		else
			assert_true(sketch_bucket(a) >= sketch_bucket(b));
	}
}

static void the_rank_is_rounded_down(void **state)
{
	(void)state;
	assert_int_equal(sketch_rank(1, 50), 0);
	assert_int_equal(sketch_rank(2, 50), 0);
	assert_int_equal(sketch_rank(3, 50), 1);
	assert_int_equal(sketch_rank(20, 85), 16);
	assert_int_equal(sketch_rank(21, 85), 17);
	assert_int_equal(sketch_rank(7, 100), 6);
	for (int64_t n = 1; n < 3000; n++)
		assert_int_equal(sketch_rank(n, 85), 85 * (n - 1) / 100);
	assert_int_equal(sketch_rank(INT64_MAX, 100), INT64_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_below_128_are_exact),
		cmocka_unit_test(a_bucket_holds_what_lies_between_its_edges),
		cmocka_unit_test(the_least_and_the_greatest_value_have_the_outermost_buckets),
		cmocka_unit_test(every_value_is_within_eight_per_mille_of_its_representative),
		cmocka_unit_test(buckets_ascend_with_values),
		cmocka_unit_test(the_rank_is_rounded_down),
	};

	return cmocka_run_group_tests_name("sketch", tests, NULL, NULL);
}
