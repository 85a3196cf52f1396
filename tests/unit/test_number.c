#include "codec/number.h"
#include "venturi/fact.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BEYOND INT64_MIN

static int64_t millionths(const char *string)
{
	size_t len = strlen(string);
	char *copy = malloc(len);
	int64_t value;

	assert_non_null(copy);
	memcpy(copy, string, len);
	if (!number_millionths((struct text){copy, len}, &value))
		value = BEYOND;
	free(copy);
	return value;
}

static void a_number_is_an_integer_of_millionths(void **state)
{
	(void)state;
	assert_int_equal(millionths("0"), 0);
	assert_int_equal(millionths("-0"), 0);
	assert_int_equal(millionths("1"), 1000000);
	assert_int_equal(millionths("-12.5"), -12500000);
	assert_int_equal(millionths("10.000003"), 10000003);
	assert_int_equal(millionths("0.1"), 100000);
	assert_int_equal(millionths("100000"), INT64_C(100000000000));
	assert_int_equal(millionths("0.000001"), 1);
	assert_int_equal(millionths("1.50"), 1500000);
	assert_int_equal(millionths("1000000.000001"), INT64_C(1000000000001));
}

static void half_a_millionth_is_rounded_away_from_zero(void **state)
{
	(void)state;
	assert_int_equal(millionths("2.4999994999"), 2499999);
	assert_int_equal(millionths("2.4999995"), 2500000);
	assert_int_equal(millionths("0.0000005"), 1);
	assert_int_equal(millionths("-0.0000005"), -1);
	assert_int_equal(millionths("0.00000049999999999999999999"), 0);
	assert_int_equal(millionths("-0.0000004"), 0);
	assert_int_equal(millionths("0.1234565"), 123457);
	assert_int_equal(millionths("0.9999995"), 1000000);
	assert_int_equal(millionths("9.9999999"), 10000000);
}

static void exponents_shift_the_point(void **state)
{
	(void)state;
	assert_int_equal(millionths("5e-07"), 1);
	assert_int_equal(millionths("1e-7"), 0);
	assert_int_equal(millionths("4.9e-7"), 0);
	assert_int_equal(millionths("1e-06"), 1);
	assert_int_equal(millionths("1.5E3"), INT64_C(1500000000));
	assert_int_equal(millionths("1.5e+3"), INT64_C(1500000000));
	assert_int_equal(millionths("123456789e-9"), 123457);
	assert_int_equal(millionths("0.000000000001e12"), 1000000);
	assert_int_equal(millionths("12e-1"), 1200000);
	assert_int_equal(millionths("0e400"), 0);
	assert_int_equal(millionths("0.00e999999999999999999999"), 0);
	assert_int_equal(millionths("1e-999999999999999999999999"), 0);
	assert_int_equal(millionths("100e-2"), 1000000);
}

static void a_trillion_is_a_number_and_more_is_none(void **state)
{
	(void)state;
	assert_int_equal(millionths("1000000000000"), NUMBER_MOST);
	assert_int_equal(millionths("-1e12"), -NUMBER_MOST);
	assert_int_equal(millionths("1000000000000.0000004"), NUMBER_MOST);
	assert_int_equal(millionths("1000000000000.0000005"), BEYOND);
	assert_int_equal(millionths("1000000000001"), BEYOND);
	assert_int_equal(millionths("-1000000000000.000001"), BEYOND);
	assert_int_equal(millionths("9999999999999"), BEYOND);
	assert_int_equal(millionths("99999999999999"), BEYOND);
	assert_int_equal(millionths("1e400"), BEYOND);
	assert_int_equal(millionths("-1e999999999999999999999"), BEYOND);
	assert_int_equal(millionths("999999999999.9999994"), NUMBER_MOST - 1);
	assert_int_equal(millionths("999999999999.9999995"), NUMBER_MOST);
	assert_int_equal(millionths("18446744073709.551616"), BEYOND);
}

static void hundreds_of_digits_are_read_to_the_last(void **state)
{
	char digits[420];

	(void)state;
	memset(digits, '0', sizeof digits);
	memcpy(digits, "0.", 2);
	memcpy(digits + 400, "5e394", 6);
	assert_int_equal(millionths(digits), 50); /* the 399th decimal, shifted to the fifth */
	memset(digits, '9', 400);
	memcpy(digits, "0.", 2);
	digits[400] = '\0';
	assert_int_equal(millionths(digits), 1000000);
}

static void an_integer_has_neither_fraction_nor_exponent(void **state)
{
	int64_t value;

	(void)state;
	assert_true(number_integer(TEXT("1743971555904"), &value));
	assert_int_equal(value, INT64_C(1743971555904));
	assert_true(number_integer(TEXT("-5"), &value));
	assert_int_equal(value, -5);
	assert_false(number_integer(TEXT("1.0"), &value));
	assert_false(number_integer(TEXT("1e3"), &value));
	assert_false(number_integer(TEXT("-"), &value));
	assert_false(number_integer(TEXT("99999999999999999999"), &value));
	assert_true(number_is_integer(TEXT("99999999999999999999")));
	assert_true(number_is_integer(TEXT("-7")));
	assert_false(number_is_integer(TEXT("7.0")));
	assert_false(number_is_integer(TEXT("7E0")));
}

static void assert_written(int64_t value, const char *expected)
{
	char out[MILLIONTHS_TEXT];

	assert_int_equal(number_text(value, out), strlen(expected));
	assert_string_equal(out, expected);
}

static void millionths_are_written_without_loss(void **state)
{
	(void)state;
	assert_written(0, "0");
	assert_written(2500000, "2.5");
	assert_written(-1, "-0.000001");
	assert_written(12000000, "12");
	assert_written(100000000, "100");
	assert_written(NUMBER_MOST, "1000000000000");
	assert_written(-NUMBER_MOST + 1, "-999999999999.999999");
}

static void what_is_written_is_read_back(void **state)
{
	uint64_t random = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char out[MILLIONTHS_TEXT];

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		int64_t value = (int64_t)(random >> (random & 31)) % NUMBER_MOST;
		number_text(value, out);
		assert_int_equal(millionths(out), value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_an_integer_of_millionths),
		cmocka_unit_test(half_a_millionth_is_rounded_away_from_zero),
		cmocka_unit_test(exponents_shift_the_point),
		cmocka_unit_test(a_trillion_is_a_number_and_more_is_none),
		cmocka_unit_test(hundreds_of_digits_are_read_to_the_last),
		cmocka_unit_test(an_integer_has_neither_fraction_nor_exponent),
		cmocka_unit_test(millionths_are_written_without_loss),
		cmocka_unit_test(what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
