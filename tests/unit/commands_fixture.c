#include "commands_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The number after a mark, up to the end of its line. */
static size_t head(const char **at, char mark)
{
	char *end;
	size_t number;

	assert_int_equal(**at, mark);
	number = strtoul(*at + 1, &end, 10);
	assert_memory_equal(end, "\r\n", 2);
	*at = end + 2;
	return number;
}

char *commands_words(const struct commands *commands)
{
	const char *at = commands->bytes, *end = at + commands->len;
	char *words = malloc(commands->len + 1), *to = words;
	uint32_t n = 0;

	assert_false(commands->failed);
	assert_non_null(words);
	for (; at < end; n++) {
		for (size_t argc = head(&at, '*'); argc > 0; argc--) {
			size_t len = head(&at, '$');

			memcpy(to, at, len);
			to += len;
			*to++ = argc > 1 ? ' ' : '\n';
			at += len;
			assert_memory_equal(at, "\r\n", 2);
			at += 2;
		}
	}
	*to = '\0';
	assert_int_equal(n, commands->n);
	return words;
}

void assert_words(struct commands *commands, const char *words)
{
	char *is = commands_words(commands);

	assert_string_equal(is, words);
	free(is);
	commands_clear(commands);
}
