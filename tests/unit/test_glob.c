#include "venturi/glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static bool match(const char *pattern, const char *subject)
{
	return glob_match(text_of(pattern), text_of(subject));
}

static void a_pattern_without_wildcards_matches_itself_in_any_case(void **state)
{
	(void)state;
	assert_true(match("acme/Claims", "ACME/claims"));
	assert_false(match("acme", "acme/claims"));
	assert_false(match("acme/claims", "acme"));
	assert_true(match("", ""));
	assert_false(match("", "a"));
	assert_false(match("\xc3\x84", "\xc3\xa4")); /* only A to Z have two cases */
	assert_false(match("[", "{"));
}

static void a_star_is_any_run_of_characters_even_none_or_a_slash(void **state)
{
	(void)state;
	assert_true(match("*", ""));
	assert_true(match("*", "a/b/c"));
	assert_true(match("acme/*", "acme/"));
	assert_true(match("acme/*-api", "acme/x/y-api"));
	assert_false(match("acme/*-api", "acme/x-apis"));
	assert_true(match("*a*b*", "xxaYYbzz"));
	assert_true(match("*ab", "aab"));
	assert_true(match("**a", "a"));
	assert_false(match("*a", "b"));
	assert_true(match("a*b*c", "abbbbc"));
}

static void a_question_mark_is_one_character_of_utf_8(void **state)
{
	(void)state;
	assert_true(match("a?c", "abc"));
	assert_false(match("a?c", "ac"));
	assert_true(match("?", "\xc3\xa4"));
	assert_true(match("?", "\xe2\x82\xac"));
	assert_true(match("?", "\xf0\x9f\x98\x80"));
	assert_false(match("??", "\xc3\xa4"));
	assert_false(match("*??", "\xe2\x82\xac"));
	assert_true(match("*?", "\xe2\x82\xac"));
}

static void bytes_that_are_no_utf_8_count_as_a_character_each(void **state)
{
	(void)state;
	assert_true(match("??", "\xc3\x28"));
	assert_true(match("?", "\xff"));
	assert_true(match("??", "\xe2\x82")); /* cut off */
}

/* What `*` and `?` mean, in the plainest words. */
static bool plain(const char *pattern, const char *subject)
{
	if (!*pattern)
		return !*subject;
	if (*pattern == '*')
		return plain(pattern + 1, subject) || (*subject && plain(pattern, subject + 1));
	return *subject && (*pattern == '?' || *pattern == *subject) &&
	       plain(pattern + 1, subject + 1);
}

static void random_patterns_match_as_the_plain_definition_says(void **state)
{
	uint32_t random = 1;
	int matched = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		char pattern[8] = "", subject[10] = "";

		random = random * 1664525 + 1013904223;
		for (uint32_t k = 0, n = random >> 8 & 7; k < n; k++)
			pattern[k] = "ab*?"[random >> (12 + 2 * k) & 3];
		random = random * 1664525 + 1013904223;
		for (uint32_t k = 0, n = (random >> 8) % 10; k < n; k++)
			subject[k] = "ab"[random >> (12 + k) & 1];
		if (match(pattern, subject) != plain(pattern, subject))
			fail_msg("%s %s", pattern, subject);
		matched += plain(pattern, subject);
	}
	assert_true(matched > 1000);
}

static void many_stars_take_no_exponential_time(void **state)
{
	char subject[4001];

	(void)state;
	memset(subject, 'a', sizeof subject - 1);
	subject[sizeof subject - 1] = '\0';
	assert_false(match("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", subject));
}

static void literals_are_the_characters_that_are_no_wildcards(void **state)
{
	(void)state;
	assert_int_equal(glob_literals(TEXT("a*\xc3\xa4?b")), 3);
	assert_int_equal(glob_literals(TEXT("*?")), 0);
	assert_true(glob_has_wildcard(TEXT("a*")));
	assert_true(glob_has_wildcard(TEXT("a?")));
	assert_false(glob_has_wildcard(TEXT("a.b")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_without_wildcards_matches_itself_in_any_case),
		cmocka_unit_test(a_star_is_any_run_of_characters_even_none_or_a_slash),
		cmocka_unit_test(a_question_mark_is_one_character_of_utf_8),
		cmocka_unit_test(bytes_that_are_no_utf_8_count_as_a_character_each),
		cmocka_unit_test(random_patterns_match_as_the_plain_definition_says),
		cmocka_unit_test(many_stars_take_no_exponential_time),
		cmocka_unit_test(literals_are_the_characters_that_are_no_wildcards),
	};

	return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}
