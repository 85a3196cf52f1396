#include "decode_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct decoder *decoder;
static char *last;
static const struct decoded *result;

struct decoder *fixture_decoder(void)
{
	if (!decoder)
		decoder = decoder_new(SIZE_MOST);
	assert_non_null(decoder);
	return decoder;
}

void fixture_end(void)
{
	decoder_free(decoder);
	decoder = NULL;
	free(last);
	last = NULL;
}

const struct decoded *decoded(struct text value, const struct header *headers, size_t n_headers)
{
	struct record_in record = {.headers = headers, .n_headers = n_headers};

	free(last);
	last = NULL;
	if (value.at) {
		last = malloc(value.len + (value.len == 0));
		assert_non_null(last);
		memcpy(last, value.at, value.len);
		record.value = (struct text){last, value.len};
	}
	result = decode(fixture_decoder(), &record);
	return result;
}

char *quoted(const char *line)
{
	char *copy = strdup(line);

	assert_non_null(copy);
	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return copy;
}

const struct decoded *decoded_line(const char *line)
{
	char *copy = quoted(line);

	decoded(text_of(copy), NULL, 0);
	free(copy);
	return result;
}

const struct fact *fact_of(const char *line)
{
	decoded_line(line);
	if (result->reason != REJECT_NONE)
		fail_msg("rejected: %.*s: %s", (int)result->why.len, result->why.at, line);
	assert_int_equal(result->n, 1);
	return result->facts;
}

void assert_rejected(enum reject reason, const char *line)
{
	decoded_line(line);
	if (result->reason != reason)
		fail_msg("%s instead of %s: %.300s", reject_name(result->reason).at,
			 reject_name(reason).at, line);
	assert_int_equal(result->n, 0);
	assert_true(result->why.len > 0);
}

void assert_why(const char *part)
{
	if (!memmem(result->why.at, result->why.len, part, strlen(part)))
		fail_msg("'%s' is not in: %.*s", part, (int)result->why.len, result->why.at);
}

const char *fields_of(const struct fact *fact)
{
	static char out[4096];
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < fact->n; i++) {
		const struct fact_field *value = &fact->fields[i];
		enum field_type type = field_type(value->field);
		const char *gap = len ? " " : "", *name = field_name(value->field).at;

		assert_true(i == 0 || fact->fields[i - 1].field <= value->field);
		if (type == FIELD_IS_TEXT || type == FIELD_IS_LIST)
			len += (size_t)snprintf(out + len, sizeof out - len, "%s%s=%.*s", gap, name,
						(int)value->text.len,
						value->text.at ? value->text.at : "");
		else
			len += (size_t)snprintf(out + len, sizeof out - len, "%s%s=%" PRId64, gap,
						name, value->number);
		assert_true(len < sizeof out);
	}
	return out;
}

void assert_text(struct text text, const char *expected)
{
	if (!text_same(text, text_of(expected)))
		fail_msg("'%.*s' instead of '%s'", (int)text.len, text.at ? text.at : "", expected);
}
