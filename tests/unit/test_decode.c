#include "decode_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NATIVE "{'venturi':1,'id':'n1','source':'s','time':1,'kind':'item.created','item':'A-1'}"
#define CDEVENT                                                                                    \
	"{'context':{'version':'0.5.1','id':'c1','source':'s','timestamp':'1970-01-01T00:00:01Z'," \
	"'type':'dev.cdevents.ticket.updated.0.2.0','links':[{'a':{'b':[1,2.5e3,true,null]}}]},"   \
	"'subject':{'id':'A-1','content':{'ticketType':'bug','labels':['\\u00e4','x']}},"          \
	"'customData':{'status':'Doing','product':'p','value_points':2.5}}"
#define ENVELOPE(data)                                                                             \
	"{'specversion':'1.0','id':'env','source':'bus','type':'t','sequence':'7','data':" data "}"

#define HEADER(name, value)                                                                        \
	{                                                                                          \
		{name, sizeof name - 1},                                                           \
		{                                                                                  \
			value, sizeof value - 1                                                    \
		}                                                                                  \
	}

static const struct header structured[] = {
	HEADER("other", "x"),
	HEADER("content-type", "Application/CloudEvents+json; charset=UTF-8")};
static const struct header binary[] = {HEADER("content-type", "application/json"),
				       HEADER("ce_specversion", "1.0"), HEADER("ce_id", "env"),
				       HEADER("ce_source", "bus"), HEADER("ce_sequence", "42")};
static const struct header text_plain[] = {HEADER("content-type", "text/plain"),
					   HEADER("ce_specversion", "1.0")};

static const struct decoded *decoded_with(const char *line, const struct header *headers, size_t n)
{
	char *copy = quoted(line);
	const struct decoded *result = decoded(text_of(copy), headers, n);

	free(copy);
	return result;
}

static void a_line_is_a_fact_a_cdevent_or_a_cloudevent(void **state)
{
	(void)state;
	assert_text(fact_of(NATIVE)->id, "n1");
	assert_int_equal(decoded_line(CDEVENT)->n, 3);
	const struct fact *fact = fact_of(ENVELOPE(NATIVE));
	assert_text(fact->id, "n1");
	assert_text(fact->source, "s");
	assert_text(fact->sequence, "7");
	const struct decoded *result = decoded_line(ENVELOPE(CDEVENT));
	assert_int_equal(result->n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_text(result->facts[i].sequence, "7");
	assert_int_equal(fact_of(NATIVE)->sequence.len, 0);
}

static void what_is_none_of_them_is_malformed(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		"{",
		"{}",
		"[]",
		"null",
		"17",
		"'text'",
		"true",
		"{'hello':'world'}",
		"not json",
		"{'venturi':1",
		"{'a':NaN}",
		"{'a':01}",
		"{'a':1.}",
		"{'a':+1}",
		"{'a':1,}",
		"{a:1}",
		"{'a':'\\ud800'}",
		"{'a':'\t'}",
		NATIVE NATIVE,
		NATIVE ",",
		"\xef\xbb\xbf" NATIVE,
		"{'context':{}}",
		"{'subject':{}}",
		"{'venturi':null}",
		"// x\n" NATIVE,
		"{'specversion':'2.0','data':" NATIVE "}",
		"{'specversion':1.0,'data':" NATIVE "}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		assert_rejected(REJECT_MALFORMED, lines[i]);
}

static void broken_utf_8_is_malformed(void **state)
{
	static const char *const bytes[] = {
		"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\x80"};
	char line[256];

	(void)state;
	for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
		snprintf(line, sizeof line,
			 "{'venturi':1,'id':'%s','source':'s','time':1,'kind':'item.created','item'"
			 ":'A'}",
			 bytes[i]);
		assert_rejected(REJECT_MALFORMED, line);
	}
}

static void a_cloudevents_data_decides(void **state)
{
	(void)state;
	assert_rejected(REJECT_UNKNOWN_TYPE, ENVELOPE("{'ref':'main'}"));
	assert_rejected(REJECT_UNKNOWN_TYPE, ENVELOPE("[1]"));
	assert_rejected(REJECT_UNKNOWN_TYPE, ENVELOPE("'text'"));
	assert_rejected(REJECT_UNKNOWN_TYPE, ENVELOPE("17"));
	assert_rejected(REJECT_UNKNOWN_TYPE, ENVELOPE(ENVELOPE(NATIVE)));
	assert_rejected(REJECT_UNKNOWN_TYPE, "{'specversion':'1.0','data_base64':'eA=='}");
	assert_rejected(REJECT_MALFORMED,
			"{'specversion':'1.0','id':'x','type':'dev.cdevents.build.x'}");
	assert_rejected(REJECT_MALFORMED, ENVELOPE("null"));
	assert_rejected(REJECT_MALFORMED, ENVELOPE("{'venturi':2}"));
}

static void a_sequence_is_a_text_or_an_integer(void **state)
{
	static const struct {
		const char *json, *sequence;
	} good[] = {{"'10'", "10"}, {"10", "10"},
		    {"'b'", "b"},   {"''", ""},
		    {"null", ""},   {"99999999999999999999999", "99999999999999999999999"}};
	static const char *const bad[] = {"1.5", "1e3", "true", "[]", "{}"};
	char line[512];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		snprintf(line, sizeof line, "{'specversion':'1.0','sequence':%s,'data':" NATIVE "}",
			 good[i].json);
		assert_text(fact_of(line)->sequence, good[i].sequence);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(line, sizeof line, "{'specversion':'1.0','sequence':%s,'data':" NATIVE "}",
			 bad[i]);
		assert_rejected(REJECT_MALFORMED, line);
	}
}

static void a_content_type_makes_a_structured_cloudevent(void **state)
{
	const struct decoded *result = decoded_with(ENVELOPE(NATIVE), structured, 2);

	(void)state;
	assert_int_equal(result->n, 1);
	assert_text(result->facts[0].sequence, "7");
	result = decoded_with("{'specversion':'1.1','data':" NATIVE "}", structured, 2);
	assert_int_equal(result->n, 1);
	result = decoded_with(NATIVE, structured, 2);
	assert_int_equal(result->reason, REJECT_MALFORMED);
	result = decoded_with("[" ENVELOPE(NATIVE) "]", structured, 2);
	assert_int_equal(result->reason, REJECT_MALFORMED);
}

static void a_specversion_header_makes_a_binary_one(void **state)
{
	static const struct header old[] = {HEADER("ce_specversion", "0.3")};
	static const struct header broken[] = {HEADER("ce_specversion", "1.0"),
					       HEADER("ce_sequence", "\xff")};
	const struct decoded *result = decoded_with(NATIVE, binary, 5);

	(void)state;
	assert_int_equal(result->n, 1);
	assert_text(result->facts[0].id, "n1");
	assert_text(result->facts[0].sequence, "42");
	assert_int_equal(decoded_with(CDEVENT, binary, 5)->n, 3);
	assert_int_equal(decoded_with("{'a':1}", binary, 5)->reason, REJECT_UNKNOWN_TYPE);
	assert_int_equal(decoded_with("[]", binary, 5)->reason, REJECT_UNKNOWN_TYPE);
	assert_int_equal(decoded_with(ENVELOPE(NATIVE), binary, 5)->reason, REJECT_UNKNOWN_TYPE);
	assert_int_equal(decoded_with("{", binary, 5)->reason, REJECT_MALFORMED);
	assert_int_equal(decoded_with("", binary, 5)->reason, REJECT_MALFORMED);
	assert_int_equal(decoded_with("hello", text_plain, 2)->reason, REJECT_UNKNOWN_TYPE);
	assert_int_equal(decoded_with(NATIVE, old, 1)->reason, REJECT_MALFORMED);
	assert_int_equal(decoded_with(NATIVE, broken, 2)->reason, REJECT_MALFORMED);
}

static void headers_of_others_change_nothing(void **state)
{
	static const struct header others[] = {HEADER("content-type", "application/json"),
					       HEADER("traceparent", "00-x"), HEADER("ce_id", "x"),
					       HEADER("empty", "")};

	(void)state;
	assert_int_equal(decoded_with(NATIVE, others, 4)->n, 1);
	assert_int_equal(decoded_with(ENVELOPE(NATIVE), others, 4)->n, 1);
}

static void a_record_without_a_value_is_a_tombstone(void **state)
{
	(void)state;
	assert_int_equal(decoded((struct text){NULL, 0}, binary, 5)->reason, REJECT_TOMBSTONE);
	assert_int_equal(decoded((struct text){NULL, 0}, NULL, 0)->reason, REJECT_TOMBSTONE);
	assert_int_equal(decoded((struct text){"", 0}, NULL, 0)->reason, REJECT_MALFORMED);
}

static void confluents_framing_is_skipped(void **state)
{
	char framed[512] = {0, 0, 0, 1, 7};
	char *native = quoted(NATIVE), *envelope = quoted(ENVELOPE(NATIVE));

	(void)state;
	memcpy(framed + 5, native, strlen(native));
	assert_int_equal(decoded((struct text){framed, 5 + strlen(native)}, NULL, 0)->n, 1);
	assert_int_equal(decoded((struct text){framed, 5 + strlen(native)}, binary, 5)->n, 1);
	memcpy(framed + 5, envelope, strlen(envelope));
	assert_int_equal(decoded((struct text){framed, 5 + strlen(envelope)}, structured, 2)->n, 1);
	free(native);
	free(envelope);
}

static void framed_avro_is_refused_with_its_schemas_id(void **state)
{
	static const char avro[] = {0, 0, 0, 1, 7, 2, 'A', '-', '1'};

	(void)state;
	assert_int_equal(decoded((struct text){avro, sizeof avro}, NULL, 0)->reason,
			 REJECT_MALFORMED);
	assert_why("schema id 263");
	for (size_t len = 1; len < sizeof avro; len++)
		assert_int_equal(decoded((struct text){avro, len}, NULL, 0)->reason,
				 REJECT_MALFORMED);
}

static void a_key_twice_in_any_object_is_malformed(void **state)
{
	static const char *const lines[] = {
		"{'venturi':1,'id':'n1','source':'s','time':1,'kind':'item.created','item':'A','id'"
		":'n1'}",
		"{'venturi':1,'id':'n1','source':'s','time':1,'kind':'item.created','item':'A','x':"
		"1,'x':1}",
		"{'venturi':1,'id':'n1','source':'s','time':1,'kind':'item.created','item':'A','x':"
		"{'y':[{'z':1,'z':2}]}}",
		"{'venturi':1,'id':'n1','source':'s','time':1,'kind':'item.created','item':'A','':"
		"1,'':2}",
		"{'venturi':1,'id':'n1','source':'s','time':1,'kind':'item.created','item':'A','"
		"\\u0069d':1}",
		ENVELOPE("{'a':1,'a':2}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_rejected(REJECT_MALFORMED, lines[i]);
		assert_why("twice");
	}
	fact_of("{'venturi':1,'id':'n1','source':'s','time':1,'kind':'item.created','item':'A',"
		"'a':{'x':1},'b':{'x':1},'c':[{'x':1},{'x':2}],'x':0,'A':1}");
}

/* A fact with `n` more keys, of which number `again` is the same as the last one. */
static char *with_keys(int n, int again)
{
	char *line = malloc((size_t)n * 16 + 256);
	size_t len = (size_t)sprintf(line, "%s",
				     "{'venturi':1,'id':'n1','source':'s','time':1,"
				     "'kind':'item.created','item':'A'");

	for (int i = 0; i < n; i++)
		len += (size_t)sprintf(line + len, ",'k%d':1",
				       i == n - 1 && again >= 0 ? again : i);
	strcpy(line + len, "}");
	return line;
}

static void many_keys_are_told_apart_too(void **state)
{
	static const int sizes[] = {20, 57, 58, 59, 60, 3000};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *line = with_keys(sizes[i], -1);

		fact_of(line);
		free(line);
		line = with_keys(sizes[i], sizes[i] / 2);
		assert_rejected(REJECT_MALFORMED, line);
		free(line);
	}
}

/* `head`, then `n` times `part`, then `tail`: to be freed. */
static char *repeated(const char *head, const char *part, size_t n, const char *tail)
{
	size_t len = strlen(head), part_len = strlen(part);
	char *line = malloc(len + n * part_len + strlen(tail) + 1);

	assert_non_null(line);
	memcpy(line, head, len);
	for (size_t i = 0; i < n; i++, len += part_len)
		memcpy(line + len, part, part_len);
	strcpy(line + len, tail);
	return line;
}

static void assert_cap(const char *head, const char *part, size_t most, const char *tail)
{
	char *line = repeated(head, part, most, tail);

	fact_of(line);
	free(line);
	line = repeated(head, part, most + 1, tail);
	assert_rejected(REJECT_MALFORMED, line);
	free(line);
}

#define LINE(rest) "{'venturi':1,'source':'s','time':1,'kind':'item.created'," rest

static void texts_and_lists_have_a_cap(void **state)
{
	(void)state;
	assert_cap(LINE("'id':'e','item':'"), "x", FACT_TEXT_MOST, "'}");
	assert_cap(LINE("'item':'e','id':'"), "x", FACT_TEXT_MOST, "'}");
	assert_cap(LINE("'item':'e','id':'e','type':'"), "x", FACT_TEXT_MOST, "'}");
	assert_cap(LINE("'item':'e','id':'e','labels':['"), "x", FACT_TEXT_MOST, "']}");
	assert_cap(LINE("'item':'e','id':'e','subject_source':'"), "x", FACT_TEXT_MOST, "'}");
	assert_cap(LINE("'item':'e','id':'e','labels':['x'"), ",'x'", FACT_LIST_MOST - 1, "]}");
	assert_cap("{'specversion':'1.0','sequence':'", "9", FACT_TEXT_MOST,
		   "','data':" NATIVE "}");
	char *line =
		repeated(LINE("'item':'e','id':'e','comment':'"), "x", 5 * FACT_TEXT_MOST, "'}");
	fact_of(line);
	free(line);
}

static void two_full_lists_fit(void **state)
{
	char *labels = repeated("{'venturi':1,'id':'e','source':'s','time':1,'kind':'deploy.done',"
				"'service':'a','labels':['x'",
				",'x'", FACT_LIST_MOST - 1, "],");
	char *line = repeated(labels, "'changes':['x'", 1, "");
	char *whole = repeated(line, ",'x'", FACT_LIST_MOST - 1, "]}");

	(void)state;
	assert_int_equal(fact_of(whole)->n, 2 * FACT_LIST_MOST);
	free(labels);
	free(line);
	free(whole);
}

static void nesting_has_a_cap(void **state)
{
	char *tail = repeated("", "]", 127, "}");
	char *line = repeated(LINE("'item':'e','id':'e','x':"), "[", 127, tail);

	(void)state;
	fact_of(line);
	free(line);
	free(tail);
	tail = repeated("", "]", 128, "}");
	line = repeated(LINE("'item':'e','id':'e','x':"), "[", 128, tail);
	assert_rejected(REJECT_MALFORMED, line);
	assert_why("deep");
	free(line);
	free(tail);
	line = repeated("", "[", SIZE_MOST, "");
	assert_rejected(REJECT_MALFORMED, line);
	free(line);
	tail = repeated("", "]", SIZE_MOST / 2, "");
	line = repeated("", "[", SIZE_MOST / 2, tail);
	assert_rejected(REJECT_MALFORMED, line);
	free(line);
	free(tail);
}

static void an_event_has_a_size(void **state)
{
	size_t rest = SIZE_MOST - strlen(LINE("'item':'e','id':'e','x':'")) - strlen("'}");
	char *line = repeated(LINE("'item':'e','id':'e','x':'"), "x", rest, "'}");

	(void)state;
	fact_of(line);
	free(line);
	line = repeated(LINE("'item':'e','id':'e','x':'"), "x", rest + 1, "'}");
	assert_rejected(REJECT_TOO_LARGE, line);
	free(line);
	line = repeated("", "x", SIZE_MOST + 1, "");
	assert_rejected(REJECT_TOO_LARGE, line);
	free(line);
}

static void the_densest_documents_fit_into_the_memory(void **state)
{
	static const char *const parts[] = {"1,", "[],", "{},", "'',", "0.1,"};

	(void)state;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const char *head = LINE("'item':'e','id':'e','x':[");
		size_t n = (SIZE_MOST - strlen(head) - 4) / strlen(parts[i]);
		char *line = repeated(head, parts[i], n, "1]}");

		fact_of(line);
		free(line);
	}
}

static void no_truncation_is_a_fact_or_a_crash(void **state)
{
	static const char *const lines[] = {NATIVE, CDEVENT, ENVELOPE(CDEVENT)};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		char *line = quoted(lines[i]);

		for (size_t len = 0; len < strlen(line); len++) {
			const struct decoded *result = decoded((struct text){line, len}, NULL, 0);

			assert_int_equal(result->reason, REJECT_MALFORMED);
			decoded((struct text){line, len}, binary, 5);
			decoded((struct text){line, len}, structured, 2);
		}
		free(line);
	}
}

/* Every result is within bounds: the sanitizer reads all of it. */
static size_t read_all(const struct decoded *result)
{
	size_t sum = 0;

	assert_true(result->n <= DECODE_FACTS_MOST);
	assert_true((result->reason == REJECT_NONE) == (result->n > 0));
	for (size_t i = 0; i < result->why.len; i++)
		assert_true((unsigned char)result->why.at[i] >= ' ');
	for (size_t i = 0; i < result->n; i++) {
		const struct fact *fact = &result->facts[i];

		assert_true(fact->time >= 0 && fact->time <= TIME_MOST);
		assert_true(fact->id.len > 0 && fact->source.len > 0 &&
			    fact->subject_source.len > 0);
		for (size_t j = 0; j < fact->n; j++)
			for (size_t k = 0; k < fact->fields[j].text.len; k++)
				sum += (unsigned char)fact->fields[j].text.at[k];
	}
	return sum;
}

static void no_damage_crashes_it(void **state)
{
	static const char *const lines[] = {NATIVE, CDEVENT, ENVELOPE(CDEVENT)};
	static const char bytes[] = "\"\\{}[],:0e-.\0\xff\x80ntu";
	uint64_t random = 88172645463325252u;
	size_t good = 0;

	(void)state;
	for (int round = 0; round < 6000; round++) {
		char *line = quoted(lines[round % 3]);
		size_t len = strlen(line);

		for (int flips = round % 4; flips >= 0; flips--) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			char *at = &line[random % len];
			*at = random & (1u << 20) ? bytes[(random >> 32) % (sizeof bytes - 1)]
						  : (char)(*at ^ (1 << (random >> 40) % 8));
		}
		const struct decoded *result = decoded((struct text){line, len}, NULL, 0);
		read_all(result);
		good += result->reason == REJECT_NONE;
		read_all(decoded((struct text){line, len}, binary, 5));
		free(line);
	}
	assert_true(good > 0 && good < 6000);
}

static void why_is_one_printable_line(void **state)
{
	(void)state;
	assert_rejected(REJECT_UNKNOWN_TYPE,
			"{'venturi':1,'id':'e','source':'s','kind':'a\\nb\\u0000c'}");
	assert_why("a?b?c");
	assert_rejected(REJECT_UNKNOWN_TYPE, "{'venturi':1,'id':'e','source':'s','kind':'"
					     "ääääääääääääääääääääääääääääääääääääää'}");
	assert_why("ääääääääääääääääääääääääääääää");
}

static void a_record_is_judged_by_its_own_timestamp(void **state)
{
	(void)state;
	assert_int_equal(accept_time(1600, 1000, 600, 0), REJECT_NONE);
	assert_int_equal(accept_time(1601, 1000, 600, 0), REJECT_FUTURE);
	assert_int_equal(accept_time(400, 1000, 600, 600), REJECT_NONE);
	assert_int_equal(accept_time(399, 1000, 600, 600), REJECT_TOO_LATE);
	assert_int_equal(accept_time(0, 1000, 600, 0), REJECT_NONE);
	assert_int_equal(accept_time(TIME_MOST, -1, 600, 600), REJECT_NONE);
	assert_int_equal(accept_time(0, INT64_MAX, 600, 600), REJECT_TOO_LATE);
	assert_int_equal(accept_time(TIME_MOST, 0, 600, 600), REJECT_FUTURE);
}

static void reasons_have_names_and_some_a_dead_letter(void **state)
{
	(void)state;
	for (enum reject reason = 0; reason < REJECT_COUNT; reason++)
		assert_true(reject_name(reason).len > 0);
	assert_text(reject_name(REJECT_NO_SUBJECT), "no_subject");
	assert_text(reject_name(REJECT_OVER_LIMIT), "over_limit");
	assert_true(reject_is_dead_letter(REJECT_MALFORMED));
	assert_true(reject_is_dead_letter(REJECT_TOO_LATE));
	assert_false(reject_is_dead_letter(REJECT_UNUSED));
	assert_false(reject_is_dead_letter(REJECT_DUPLICATE));
	assert_false(reject_is_dead_letter(REJECT_CONFLICT));
	assert_false(reject_is_dead_letter(REJECT_TOMBSTONE));
	assert_false(reject_is_dead_letter(REJECT_OVER_LIMIT));
	assert_false(reject_is_dead_letter(REJECT_NONE));
}

static int end(void **state)
{
	(void)state;
	fixture_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_fact_a_cdevent_or_a_cloudevent),
		cmocka_unit_test(what_is_none_of_them_is_malformed),
		cmocka_unit_test(broken_utf_8_is_malformed),
		cmocka_unit_test(a_cloudevents_data_decides),
		cmocka_unit_test(a_sequence_is_a_text_or_an_integer),
		cmocka_unit_test(a_content_type_makes_a_structured_cloudevent),
		cmocka_unit_test(a_specversion_header_makes_a_binary_one),
		cmocka_unit_test(headers_of_others_change_nothing),
		cmocka_unit_test(a_record_without_a_value_is_a_tombstone),
		cmocka_unit_test(confluents_framing_is_skipped),
		cmocka_unit_test(framed_avro_is_refused_with_its_schemas_id),
		cmocka_unit_test(a_key_twice_in_any_object_is_malformed),
		cmocka_unit_test(many_keys_are_told_apart_too),
		cmocka_unit_test(texts_and_lists_have_a_cap),
		cmocka_unit_test(two_full_lists_fit),
		cmocka_unit_test(nesting_has_a_cap),
		cmocka_unit_test(an_event_has_a_size),
		cmocka_unit_test(the_densest_documents_fit_into_the_memory),
		cmocka_unit_test(no_truncation_is_a_fact_or_a_crash),
		cmocka_unit_test(no_damage_crashes_it),
		cmocka_unit_test(why_is_one_printable_line),
		cmocka_unit_test(a_record_is_judged_by_its_own_timestamp),
		cmocka_unit_test(reasons_have_names_and_some_a_dead_letter),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
