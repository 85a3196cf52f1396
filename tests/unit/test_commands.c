#include "codec/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void expect(struct commands *commands, const char *bytes)
{
	assert_false(commands->failed);
	assert_int_equal(commands->len, strlen(bytes));
	assert_memory_equal(commands->bytes, bytes, commands->len);
}

static void a_line_is_an_array_of_bulk_strings(void **state)
{
	struct commands commands = {0};

	(void)state;
	commands_line(&commands, "HSET", "key", "a field", "", NULL);
	expect(&commands, "*4\r\n$4\r\nHSET\r\n$3\r\nkey\r\n$7\r\na field\r\n$0\r\n\r\n");
	assert_int_equal(commands.n, 1);
	commands_free(&commands);
}

static void arguments_may_hold_any_byte(void **state)
{
	struct commands commands = {0};

	(void)state;
	commands_begin(&commands, 2);
	commands_arg(&commands, TEXT("GET"));
	commands_arg(&commands, TEXT("a\0b\r\n"));
	assert_int_equal(commands.len, 24);
	assert_memory_equal(commands.bytes, "*2\r\n$3\r\nGET\r\n$5\r\na\0b\r\n\r\n", 24);
	commands_free(&commands);
}

static void numbers_are_written_to_the_last_digit(void **state)
{
	struct commands commands = {0};

	(void)state;
	commands_begin(&commands, 4);
	commands_arg_number(&commands, 0);
	commands_arg_number(&commands, -7);
	commands_arg_number(&commands, INT64_MAX);
	commands_arg_number(&commands, INT64_MIN);
	expect(&commands, "*4\r\n$1\r\n0\r\n$2\r\n-7\r\n$19\r\n9223372036854775807\r\n"
			  "$20\r\n-9223372036854775808\r\n");
	commands_free(&commands);
}

static void fields_are_pairs_of_arguments(void **state)
{
	struct commands commands = {0}, more = {0};

	(void)state;
	commands_line(&commands, "HSET", "key", "a", "1", "b", "2", NULL);
	assert_int_equal(commands.fields, 2);
	commands_line(&more, "DEL", "key", NULL);
	commands_append(&commands, &more);
	assert_int_equal(commands.fields, 2);
	assert_int_equal(commands.n, 2);
	commands_clear(&commands);
	assert_int_equal(commands.fields + commands.n + commands.len, 0);
	commands_free(&commands);
	commands_free(&more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_an_array_of_bulk_strings),
		cmocka_unit_test(arguments_may_hold_any_byte),
		cmocka_unit_test(numbers_are_written_to_the_last_digit),
		cmocka_unit_test(fields_are_pairs_of_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
