#include "venturi/pack.h"

#include "core/varint.h"
#include "facts.h"
#include "short_memory.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define FACTS 2000
#define BLOCKS_MOST 64

/* What a generation is made of: copies of its blocks. */
struct log {
	char *blocks[BLOCKS_MOST];
	size_t lens[BLOCKS_MOST];
	size_t n;
};

static void log_append(struct log *log, struct packer *packer, uint64_t sequence)
{
	struct text block = packer_block(packer, sequence);

	assert_true(log->n < BLOCKS_MOST && block.len > 0);
	log->blocks[log->n] = malloc(block.len);
	assert_non_null(log->blocks[log->n]);
	memcpy(log->blocks[log->n], block.at, block.len);
	log->lens[log->n++] = block.len;
}

static void log_free(struct log *log)
{
	for (size_t i = 0; i < log->n; i++)
		free(log->blocks[i]);
}

/* Where what was read goes. */
struct target {
	struct store *store;
	struct position positions[8];
	char topics[8][16];
	size_t n_positions;
};

static bool add_fact(void *arg, const struct fact *fact)
{
	struct target *target = arg;

	return !target->store || store_add(target->store, fact, NULL, NULL) != STORE_NO_MEMORY;
}

static bool add_position(void *arg, const struct position *position)
{
	struct target *target = arg;

	if (target->n_positions < 8) {
		size_t i = target->n_positions++;

		target->positions[i] = *position;
		snprintf(target->topics[i], sizeof target->topics[i], "%.*s",
			 (int)position->topic.len, position->topic.at);
	}
	return true;
}

static void read_log(const struct log *log, struct unpacker *unpacker, struct target *target)
{
	for (size_t i = 0; i < log->n; i++) {
		struct err err = {0};
		uint64_t sequence;

		if (!unpack_block(unpacker, (struct text){log->blocks[i], log->lens[i]},
				  &sequence, add_fact, add_position, target, &err))
			fail_msg("%s", err.message);
		assert_int_equal(sequence, 1000 + i);
	}
}

/* Adds random facts to the store, and packs those that are new; a block every so often. */
static void fill(struct store *store, struct packer *packer, struct log *log, uint64_t *random,
		 size_t n)
{
	static struct fact fact;

	for (size_t i = 0; i < n; i++) {
		const struct record *record;
		uint32_t subject;

		draw_fact(random, &fact);

		enum outcome outcome = store_add(store, &fact, &subject, &record);

		if (outcome == STORE_ADDED || outcome == STORE_CONFLICT_TAKEN)
			assert_true(packer_fact(packer, store_subject(store, subject), record));
		if (i % 100 == 99)
			log_append(log, packer, 1000 + log->n);
	}
}

static void what_was_packed_is_read_into_an_equal_store(void **state)
{
	struct store *store = store_new(1), *copy = store_new(2);
	struct packer *packer = packer_new(store_strings(store));
	struct unpacker *unpacker = unpacker_new();
	struct log log = {.n = 0};
	struct target target = {.store = copy};
	uint64_t random = 5;

	(void)state;
	fill(store, packer, &log, &random, FACTS);
	read_log(&log, unpacker, &target);

	char *expected = store_dump(store), *got = store_dump(copy);

	assert_true(store_facts(store) > 500);
	assert_string_equal(got, expected);
	free(expected);
	free(got);
	log_free(&log);
	unpacker_free(unpacker);
	packer_free(packer);
	store_free(store);
	store_free(copy);
}

static void a_generation_can_be_read_and_then_continued(void **state)
{
	struct store *store = store_new(1), *copy = store_new(2), *last = store_new(3);
	struct packer *packer = packer_new(store_strings(store));
	struct unpacker *unpacker = unpacker_new(), *again = unpacker_new();
	struct log log = {.n = 0};
	struct target target = {.store = copy};
	uint64_t random = 5;

	(void)state;
	fill(store, packer, &log, &random, 100);
	read_log(&log, unpacker, &target);

	struct packer *other = packer_continue(unpacker, store_strings(copy));

	assert_non_null(other);
	fill(copy, other, &log, &random, FACTS);
	target.store = last;
	read_log(&log, again, &target);

	char *expected = store_dump(copy), *got = store_dump(last);

	assert_string_equal(got, expected);
	free(expected);
	free(got);
	log_free(&log);
	unpacker_free(unpacker);
	unpacker_free(again);
	packer_free(packer);
	packer_free(other);
	store_free(store);
	store_free(copy);
	store_free(last);
}

static void positions_are_told_in_order_with_their_fingerprints(void **state)
{
	static const struct position positions[] = {
		{{"orders", 6}, 0, 0, {.offset = -1}},
		{{"orders", 6}, 2147483647, INT64_MAX,
		 {INT64_MAX - 1, -1, UINT32_MAX, 0, UINT64_MAX}},
		{{"x", 1}, 3, 17, {15, 1700000000000, 8, 512, 0x0123456789abcdef}},
		{{"x", 1}, 3, 18, {17, 1700000000001, 0, 1, 1}},
	};
	struct strings *strings = strings_new(1);
	struct packer *packer = packer_new(strings);
	struct unpacker *unpacker = unpacker_new();
	struct log log = {.n = 0};
	struct target target = {0};

	(void)state;
	assert_int_equal(packer_size(packer), 0);
	for (size_t i = 0; i < 4; i++)
		assert_true(packer_position(packer, &positions[i]));
	assert_true(packer_size(packer) > 0);
	assert_int_equal(packer_facts(packer), 0);
	log_append(&log, packer, 1000);
	assert_true(log.lens[0] <= 200);
	assert_int_equal(packer_size(packer), 0);
	read_log(&log, unpacker, &target);
	assert_int_equal(target.n_positions, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct position *got = &target.positions[i];

		assert_true(text_same(text_of(target.topics[i]), positions[i].topic));
		assert_int_equal(got->partition, positions[i].partition);
		assert_int_equal(got->next, positions[i].next);
		assert_int_equal(got->last.offset, positions[i].last.offset);
		assert_int_equal(got->last.timestamp, positions[i].last.timestamp);
		assert_int_equal(got->last.key_size, positions[i].last.key_size);
		assert_int_equal(got->last.value_size, positions[i].last.value_size);
		assert_true(got->last.hash == positions[i].last.hash);
	}
	log_free(&log);
	unpacker_free(unpacker);
	packer_free(packer);
	strings_free(strings);
}

static void a_block_may_be_empty(void **state)
{
	struct strings *strings = strings_new(1);
	struct packer *packer = packer_new(strings);
	struct unpacker *unpacker = unpacker_new();
	struct log log = {.n = 0};
	struct target target = {0};

	(void)state;
	log_append(&log, packer, 1000);
	log_append(&log, packer, 1001);
	read_log(&log, unpacker, &target);
	log_free(&log);
	unpacker_free(unpacker);
	packer_free(packer);
	strings_free(strings);
}

static void a_block_has_exactly_the_bytes_of_the_description(void **state)
{
	static struct fact fact;
	static const unsigned char expected[] = {
		'V', 'N', 'T', 'R', 1, 0xac, 0x02, 1,
		4, 4, 'j', 'i', 'r', 'a', 3, 'A', '-', '1', 4, 'D', 'o', 'n', 'e', 1, 'x',
		2, 0x21, 0xd0, 0x0f, 1, 2, 4, 'i', '7', 1, '9', 1, 6, 3,
		0, 0x01, 1, 2, 1, 0x7d, 0x3f, 0x0a, 0x52, 0x9c, 0x1e, 0x4b, 0x7a,
		0x8f, 0x60, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 2, 4, 4, 12, 1,
		1, 1, 't', 5, 10, 9, 0, 1, 2, 0xef, 0xbe, 0xad, 0xde, 0, 0, 0, 0,
	};
	struct position position = {{"t", 1}, 5, 10, {8, 0, 1, 2, 0xdeadbeef}};
	struct store *store = store_new(1);
	struct packer *packer = packer_new(store_strings(store));
	const struct record *record;

	(void)state;
	fact.kind = FACT_ITEM_STATE;
	fact.time = 1000;
	fact.source = fact.subject_source = TEXT("jira");
	fact.subject = TEXT("A-1");
	fact.id = TEXT("i7");
	fact.sequence = TEXT("9");
	fact.n = 1;
	fact.fields[0] = (struct fact_field){FIELD_TO, TEXT("Done"), 0};
	assert_int_equal(store_add(store, &fact, NULL, &record), STORE_ADDED);
	assert_true(packer_fact(packer, store_subject(store, 0), record));
	fact.kind = FACT_ITEM_CREATED;
	fact.time = 999;
	fact.id = TEXT("7d3f0a52-9c1e-4b7a-8f60-0123456789ab");
	fact.sequence = TEXT("");
	fact.n = 2;
	fact.fields[0] = (struct fact_field){FIELD_LABELS, TEXT("x"), 0};
	fact.fields[1] = (struct fact_field){.field = FIELD_VALUE_POINTS, .number = -1};
	assert_int_equal(store_add(store, &fact, NULL, &record), STORE_ADDED);
	assert_true(packer_fact(packer, store_subject(store, 0), record));
	assert_true(packer_position(packer, &position));

	struct text block = packer_block(packer, 300);

	assert_int_equal(block.len, sizeof expected + 8);
	assert_memory_equal(block.at, expected, sizeof expected);
	packer_free(packer);
	store_free(store);
}

/* ---- Damage ---- */

static struct text small_block(struct store *store, struct packer **packer)
{
	struct position position = {{"topic", 5}, 1, 100, {99, 1700000000000, 3, 4, 5}};
	struct log log = {.n = 0};
	uint64_t random = 77;

	*packer = packer_new(store_strings(store));
	fill(store, *packer, &log, &random, 60);
	assert_true(packer_position(*packer, &position));
	return packer_block(*packer, 1000);
}

static bool reads(const char *bytes, size_t len, struct err *err)
{
	struct unpacker *unpacker = unpacker_new();
	struct target target = {.store = store_new(1)};
	uint64_t sequence;
	/* A copy of that size, so that a sanitizer sees what is read beyond it. */
	char *copy = malloc(len + !len);

	assert_non_null(copy);
	memcpy(copy, bytes, len);

	bool good = unpack_block(unpacker, (struct text){copy, len}, &sequence, add_fact,
				 add_position, &target, err);

	free(copy);
	store_free(target.store);
	unpacker_free(unpacker);
	return good;
}

static void a_block_cut_off_anywhere_is_refused(void **state)
{
	struct store *store = store_new(1);
	struct packer *packer;
	struct text block = small_block(store, &packer);
	struct err err;

	(void)state;
	assert_true(reads(block.at, block.len, &err));
	for (size_t len = 0; len < block.len; len++)
		assert_false(reads(block.at, len, &err));
	packer_free(packer);
	store_free(store);
}

static void a_block_with_any_byte_changed_is_refused(void **state)
{
	struct store *store = store_new(1);
	struct packer *packer;
	struct text block = small_block(store, &packer);
	char *bytes = (char *)block.at;
	struct err err;

	(void)state;
	for (size_t i = 0; i < block.len; i++) {
		bytes[i] ^= 1 << i % 8;
		assert_false(reads(bytes, block.len, &err));
		assert_true(err.code == 65 || err.code == 78);
		bytes[i] ^= 1 << i % 8;
	}
	assert_true(reads(bytes, block.len, &err));
	packer_free(packer);
	store_free(store);
}

static void seal(char *bytes, size_t len)
{
	uint64_t checksum = XXH64(bytes, len - 8, 0);

	for (int i = 0; i < 8; i++)
		bytes[len - 8 + (size_t)i] = (char)(checksum >> 8 * i);
}

/* What somebody would write who knows how to make a checksum. */
static void a_hostile_block_with_a_good_checksum_does_no_harm(void **state)
{
	static const unsigned char marks[] = {0x01, 0x02, 0x40, 0x7f, 0x80, 0xff};
	struct store *store = store_new(1);
	struct packer *packer;
	struct text block = small_block(store, &packer);
	char *bytes = malloc(block.len + 8);
	size_t refused = 0;
	struct err err;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < block.len - 8; i++)
		for (size_t k = 0; k < sizeof marks; k++) {
			memcpy(bytes, block.at, block.len);
			bytes[i] ^= (char)marks[k];
			seal(bytes, block.len);
			refused += !reads(bytes, block.len, &err);
		}
	assert_true(refused > block.len);
	for (size_t len = 13; len < block.len; len++) {
		memcpy(bytes, block.at, len);
		seal(bytes, len);
		assert_false(reads(bytes, len, &err));
		assert_int_equal(err.code, 65);
	}
	memcpy(bytes, block.at, block.len);
	seal(bytes, block.len + 8);
	assert_false(reads(bytes, block.len + 8, &err)); /* goes on after its end */
	free(bytes);
	packer_free(packer);
	store_free(store);
}

static void an_unknown_format_is_told_from_damage(void **state)
{
	struct store *store = store_new(1);
	struct packer *packer;
	struct text block = small_block(store, &packer);
	char *bytes = (char *)block.at;
	struct err err;

	(void)state;
	bytes[4] = 2;
	seal(bytes, block.len);
	assert_false(reads(bytes, block.len, &err));
	assert_int_equal(err.code, 78);
	packer_free(packer);
	store_free(store);
}

static void a_block_out_of_its_turn_is_refused_and_changes_nothing(void **state)
{
	struct store *store = store_new(1), *copy = store_new(2);
	struct packer *packer = packer_new(store_strings(store));
	struct unpacker *unpacker = unpacker_new();
	struct log log = {.n = 0};
	struct target target = {.store = copy};
	uint64_t random = 5, sequence;
	struct err err;

	(void)state;
	fill(store, packer, &log, &random, 400);
	assert_false(unpack_block(unpacker, (struct text){log.blocks[1], log.lens[1]}, &sequence,
				  add_fact, add_position, &target, &err));
	assert_int_equal(err.code, 65);
	assert_int_equal(store_facts(copy), 0);
	read_log(&log, unpacker, &target);
	assert_int_equal(store_facts(copy), store_facts(store));
	/* Told twice, its new strings would get other numbers. */
	assert_false(unpack_block(unpacker, (struct text){log.blocks[0], log.lens[0]}, &sequence,
				  add_fact, add_position, &target, &err));
	assert_int_equal(err.code, 65);
	log_free(&log);
	unpacker_free(unpacker);
	packer_free(packer);
	store_free(store);
	store_free(copy);
}

/* No decoder lets such a fact through, but the store and the packer don't look. */
static void a_list_has_at_most_as_many_elements_as_decoders_let_through(void **state)
{
	static struct fact fact;
	struct err err;

	(void)state;
	for (size_t n = FACT_LIST_MOST; n <= FACT_LIST_MOST + 1; n++) {
		struct store *store = store_new(1);
		struct packer *packer = packer_new(store_strings(store));
		const struct record *record;

		fact.source = fact.subject_source = TEXT("jira");
		fact.subject = fact.id = TEXT("A-1");
		for (fact.n = 0; fact.n < n; fact.n++)
			fact.fields[fact.n] = (struct fact_field){FIELD_LABELS, TEXT("x"), 0};
		assert_int_equal(store_add(store, &fact, NULL, &record), STORE_ADDED);
		assert_true(packer_fact(packer, store_subject(store, 0), record));

		struct text block = packer_block(packer, 1);

		assert_int_equal(reads(block.at, block.len, &err), n == FACT_LIST_MOST);
		packer_free(packer);
		store_free(store);
	}
}

static bool refuse(void *arg, const struct fact *fact)
{
	(void)arg;
	(void)fact;
	return false;
}

static void a_reader_that_says_no_stops_the_reading(void **state)
{
	struct store *store = store_new(1);
	struct packer *packer;
	struct text block = small_block(store, &packer);
	struct unpacker *unpacker = unpacker_new();
	struct target target = {.store = NULL};
	uint64_t sequence;
	struct err err;

	(void)state;
	assert_false(unpack_block(unpacker, block, &sequence, refuse, add_position, &target,
				  &err));
	assert_int_equal(err.code, 75);
	assert_int_equal(target.n_positions, 0);
	/* It can be tried again. */
	assert_true(unpack_block(unpacker, block, &sequence, add_fact, add_position, &target,
				 &err));
	unpacker_free(unpacker);
	packer_free(packer);
	store_free(store);
}

/* Tries with the first, the second, … allocation failing until none does. */
static void pack_at_last(struct packer *packer, const struct subject *subject,
			 const struct record *record)
{
	for (unsigned long n = 1;; n++) {
		size_t size = packer_size(packer);

		fail_at = n;

		bool added = packer_fact(packer, subject, record);

		fail_at = 0;
		if (added)
			return;
		assert_int_equal(packer_size(packer), size);
	}
}

static struct text block_at_last(struct packer *packer, uint64_t sequence)
{
	for (unsigned long n = 1;; n++) {
		fail_at = n;

		struct text block = packer_block(packer, sequence);

		fail_at = 0;
		if (block.at)
			return block;
	}
}

static bool unpack_at_last(struct unpacker *unpacker, struct text block, struct target *target)
{
	for (unsigned long n = 1;; n++) {
		uint64_t sequence;
		struct err err;

		fail_at = n;

		bool good = unpack_block(unpacker, block, &sequence, add_fact, add_position,
					 target, &err);

		fail_at = 0;
		if (good)
			return true;
		if (err.code != 75)
			return false;
	}
}

static struct packer *continue_at_last(const struct unpacker *unpacker, struct strings *strings)
{
	for (unsigned long n = 1;; n++) {
		fail_at = n;

		struct packer *packer = packer_continue(unpacker, strings);

		fail_at = 0;
		if (packer)
			return packer;
	}
}

static void an_allocation_that_fails_changes_nothing_and_can_be_tried_again(void **state)
{
	if (!memory_can_be_short())
		skip();

	static struct fact fact;
	struct store *store = store_new(1), *copy = store_new(2);
	struct packer *packer = packer_new(store_strings(store));
	struct unpacker *unpacker = unpacker_new();
	struct target target = {.store = copy};
	uint64_t random = 8;

	(void)state;
	failures = 0;
	for (unsigned i = 0; i < 1000; i++) {
		const struct record *record;
		uint32_t subject;

		draw_fact(&random, &fact);

		enum outcome outcome = store_add(store, &fact, &subject, &record);

		if (outcome != STORE_ADDED && outcome != STORE_CONFLICT_TAKEN)
			continue;
		pack_at_last(packer, store_subject(store, subject), record);
		if (i % 200 == 100)
			assert_true(unpack_at_last(unpacker, block_at_last(packer, i), &target));
	}
	assert_true(unpack_at_last(unpacker, block_at_last(packer, 1), &target));
	assert_true(failures > 10);

	char *expected = store_dump(store), *got = store_dump(copy);

	assert_string_equal(got, expected);
	free(expected);
	free(got);
	packer_free(continue_at_last(unpacker, store_strings(copy)));
	packer_free(packer);
	unpacker_free(unpacker);
	store_free(store);
	store_free(copy);
}

static void a_fact_takes_some_thirty_bytes(void **state)
{
	static const char *const states[] = {"New", "In Progress", "Review", "Done"};
	static struct fact fact;
	struct store *store = store_new(1);
	struct packer *packer = packer_new(store_strings(store));
	uint64_t random = 3;
	char name[32], id[40];

	(void)state;
	fact.kind = FACT_ITEM_STATE;
	fact.source = fact.subject_source = TEXT("https://jira.example/acme");
	for (unsigned i = 0; i < 20000; i++) {
		const struct record *record;
		uint32_t subject;

		snprintf(name, sizeof name, "CLM-%u", draw(&random) % 2500);
		snprintf(id, sizeof id, "%08x-%04x-4000-8000-%012x", draw(&random), i % 65536,
			 draw(&random));
		fact.time = 1700000000000 + (int64_t)i * 27000;
		fact.subject = text_of(name);
		fact.id = text_of(id);
		fact.n = 2;
		fact.fields[0] = (struct fact_field){FIELD_TO, text_of(states[i % 4]), 0};
		fact.fields[1] = (struct fact_field){FIELD_FROM, text_of(states[(i + 3) % 4]), 0};
		assert_int_equal(store_add(store, &fact, &subject, &record), STORE_ADDED);
		assert_true(packer_fact(packer, store_subject(store, subject), record));
	}

	double each = (double)packer_block(packer, 1).len / 20000;

	print_message("%.1f bytes a packed fact\n", each);
	assert_true(each < 32);
	packer_free(packer);
	store_free(store);
}

static void numbers_of_every_length_are_read_back(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits <= 64; bits++)
		for (int off = -1; off <= 1; off++) {
			uint64_t power = bits < 64 ? UINT64_C(1) << bits : 0;
			uint64_t number = power + (uint64_t)off, got;
			unsigned char bytes[VARINT_MOST];
			size_t len = varint_put(bytes, number);
			const unsigned char *at = bytes;

			assert_in_range(len, 1, VARINT_MOST);
			assert_false(varint_take(&at, bytes + len - 1, &got));
			assert_true(varint_take(&at, bytes + len, &got));
			assert_true(got == number && at == bytes + len);
			assert_true(zigzag(unzigzag(number)) == number);
		}

	static const unsigned char long_one[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
						 0xff, 0xff, 0xff, 0x02};
	const unsigned char *at = long_one;
	uint64_t got;

	assert_false(varint_take(&at, long_one + sizeof long_one, &got));
	assert_int_equal(zigzag(-1), 1);
	assert_int_equal(zigzag(1), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_packed_is_read_into_an_equal_store),
		cmocka_unit_test(a_generation_can_be_read_and_then_continued),
		cmocka_unit_test(positions_are_told_in_order_with_their_fingerprints),
		cmocka_unit_test(a_block_may_be_empty),
		cmocka_unit_test(a_block_has_exactly_the_bytes_of_the_description),
		cmocka_unit_test(a_block_cut_off_anywhere_is_refused),
		cmocka_unit_test(a_block_with_any_byte_changed_is_refused),
		cmocka_unit_test(a_hostile_block_with_a_good_checksum_does_no_harm),
		cmocka_unit_test(an_unknown_format_is_told_from_damage),
		cmocka_unit_test(a_block_out_of_its_turn_is_refused_and_changes_nothing),
		cmocka_unit_test(a_list_has_at_most_as_many_elements_as_decoders_let_through),
		cmocka_unit_test(a_reader_that_says_no_stops_the_reading),
		cmocka_unit_test(
			an_allocation_that_fails_changes_nothing_and_can_be_tried_again),
		cmocka_unit_test(a_fact_takes_some_thirty_bytes),
		cmocka_unit_test(numbers_of_every_length_are_read_back),
	};

	return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
