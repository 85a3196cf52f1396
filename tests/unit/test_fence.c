#include "codec/fence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define OURS UINT64_C(0x5be1000000000001)
#define THEIRS UINT64_C(0x77aa000000000002)

static void a_fence_is_read_as_it_was_written(void **state)
{
	struct fence fence = {9, 4711, 7, UINT64_C(0x00ab000000000001)}, read;
	struct fence most = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
	char buffer[FENCE_TEXT_MOST];
	struct text text = fence_text(&fence, buffer);

	(void)state;
	assert_string_equal(buffer, "9:4711:7:00ab000000000001");
	assert_true(fence_parse(text, &read));
	assert_true(fence_same(&fence, &read));
	assert_true(fence_parse(fence_text(&most, buffer), &read));
	assert_true(fence_same(&most, &read));
}

static void what_is_no_fence_is_refused(void **state)
{
	static const char *const none[] = {
		"",	  "1",		"1:2:3",      "1:2:3:",	   ":2:3:4",
		"1:2:3:4:5", "1:2:x:4", "1:2:3:4g",   "1:2:3: 4",  "-1:2:3:4",
		"1::3:4", "a:2:3:4",	"18446744073709551616:2:3:4", "1:2:3:4\n",
	};
	struct fence fence;

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_false(fence_parse(text_of(none[i]), &fence));
}

static void a_fence_seen_after_a_transaction_is_judged(void **state)
{
	/* We are 9:…:7 and sent sequence 4711; a switch sends generation 8. */
	static const struct {
		const char *what;
		struct fence seen;
		uint64_t sent_generation;
		enum verdict verdict;
	} cases[] = {
		{"our nonce with the sequence just sent", {9, 4711, 7, OURS}, 7, VERDICT_APPLIED},
		{"our nonce with the one before", {9, 4710, 7, OURS}, 7, VERDICT_NOT_APPLIED},
		{"a switch was executed", {9, 4711, 8, OURS}, 8, VERDICT_APPLIED},
		{"a switch was not", {9, 4710, 7, OURS}, 8, VERDICT_NOT_APPLIED},
		{"our sequence, another generation", {9, 4711, 6, OURS}, 7, VERDICT_LOST},
		{"someone took over after it", {10, 4712, 7, THEIRS}, 7, VERDICT_DEPOSED},
		{"someone took over before it", {10, 4710, 7, THEIRS}, 7, VERDICT_DEPOSED},
		{"someone took over long ago", {12, 9000, 9, THEIRS}, 7, VERDICT_DEPOSED},
		{"Redis is two writes back", {9, 4709, 7, OURS}, 7, VERDICT_LOST},
		{"Redis is an epoch back", {8, 4000, 7, THEIRS}, 7, VERDICT_LOST},
		{"Redis went back, and someone repeated our epoch", {9, 4711, 7, THEIRS}, 7,
		 VERDICT_LOST},
		{"the same, with the sequence before", {9, 4710, 7, THEIRS}, 7, VERDICT_LOST},
		{"Redis was wiped, and someone began", {1, 1, 0, THEIRS}, 7, VERDICT_LOST},
		{"ahead of what we sent, with our nonce", {9, 4712, 7, OURS}, 7, VERDICT_LOST},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fence before = {9, 4710, 7, OURS};
		struct fence sent = {9, 4711, cases[i].sent_generation, OURS};

		if (fence_judge(&before, &sent, &cases[i].seen) != cases[i].verdict)
			fail_msg("misjudged: %s", cases[i].what);
	}
}

static void no_fence_means_that_redis_lost_writes(void **state)
{
	struct fence before = {9, 4710, 7, OURS}, sent = {9, 4711, 7, OURS};

	(void)state;
	assert_int_equal(fence_judge(&before, &sent, NULL), VERDICT_LOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fence_is_read_as_it_was_written),
		cmocka_unit_test(what_is_no_fence_is_refused),
		cmocka_unit_test(a_fence_seen_after_a_transaction_is_judged),
		cmocka_unit_test(no_fence_means_that_redis_lost_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
