#include "venturi/store.h"

#include "facts.h"
#include "short_memory.h"

/* ---- Facts by hand ---- */

static struct fact *plain_fact(const char *id, int64_t time)
{
	static struct fact fact;

	fact.kind = FACT_ITEM_STATE;
	fact.about = ABOUT_ITEM;
	fact.time = time;
	fact.source = TEXT("jira");
	fact.subject_source = TEXT("jira");
	fact.subject = TEXT("A-1");
	fact.id = text_of(id);
	fact.sequence = TEXT("");
	fact.n = 1;
	fact.fields[0] = (struct fact_field){FIELD_TO, TEXT("Done"), 0};
	return &fact;
}

static int set_up(void **state)
{
	*state = store_new(1);
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	store_free(*state);
	return 0;
}

static void assert_order(const struct store *store, uint32_t subject, const char *ids)
{
	char got[256] = "";

	for (uint32_t i = 0; i < store_subject(store, subject)->n; i++)
		strncat(got, record_id(store_subject(store, subject)->records[i]).at,
			record_id(store_subject(store, subject)->records[i]).len);
	assert_string_equal(got, ids);
}

static void a_fact_that_is_told_again_changes_nothing(void **state)
{
	const struct record *record = NULL;
	uint32_t subject = 99;

	assert_int_equal(store_add(*state, plain_fact("a", 5), &subject, &record), STORE_ADDED);
	assert_int_equal(subject, 0);
	assert_int_equal(record->time, 5);
	assert_true(text_same(record_id(record), TEXT("a")));

	size_t bytes = store_bytes(*state);

	assert_int_equal(store_add(*state, plain_fact("a", 5), NULL, NULL), STORE_DUPLICATE);
	assert_int_equal(store_facts(*state), 1);
	assert_int_equal(store_bytes(*state), bytes);
}

static void of_two_contents_the_one_with_the_least_time_stands(void **state)
{
	const struct record *record;

	assert_int_equal(store_add(*state, plain_fact("a", 5), NULL, NULL), STORE_ADDED);
	assert_int_equal(store_add(*state, plain_fact("b", 6), NULL, NULL), STORE_ADDED);
	assert_int_equal(store_add(*state, plain_fact("a", 7), NULL, NULL), STORE_CONFLICT_STANDS);
	assert_int_equal(store_add(*state, plain_fact("b", 3), NULL, &record),
			 STORE_CONFLICT_TAKEN);
	assert_int_equal(record->time, 3);
	assert_int_equal(store_facts(*state), 2);
	assert_order(*state, 0, "ba");
}

static void at_one_time_the_lesser_content_stands(void **state)
{
	struct fact *fact = plain_fact("a", 5);

	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED);
	fact->fields[0].text = TEXT("Doing");
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_CONFLICT_TAKEN);
	fact->fields[1] = (struct fact_field){FIELD_FROM, TEXT("New"), 0};
	fact->n = 2;
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_CONFLICT_STANDS);
	fact->n = 0;
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_CONFLICT_TAKEN);
	fact->sequence = TEXT("1");
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_CONFLICT_STANDS);
	assert_int_equal(store_facts(*state), 1);
}

static void an_identity_is_subject_source_id_and_kind(void **state)
{
	struct fact *fact = plain_fact("a", 5);

	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED);
	fact->kind = FACT_ITEM_TYPED;
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED);
	fact->source = TEXT("other");
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED);
	fact->id = TEXT("b");
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED);
	assert_int_equal(store_subjects(*state), 1);
	fact->subject = TEXT("A-2");
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED);
	fact->subject_source = TEXT("github");
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED);
	assert_int_equal(store_subjects(*state), 3);
	assert_int_equal(store_facts(*state), 6);
}

static void services_and_releases_are_known_by_their_name_alone(void **state)
{
	struct fact *fact = plain_fact("a", 5);
	uint32_t subject;

	fact->kind = FACT_RELEASE_PUBLISHED;
	fact->about = ABOUT_SERVICE;
	assert_int_equal(store_add(*state, fact, &subject, NULL), STORE_ADDED);
	fact->id = TEXT("b");
	fact->subject_source = TEXT("elsewhere");
	assert_int_equal(store_add(*state, fact, &subject, NULL), STORE_ADDED);
	assert_int_equal(subject, 0);
	fact->about = ABOUT_RELEASE;
	assert_int_equal(store_add(*state, fact, &subject, NULL), STORE_ADDED);
	assert_int_equal(subject, 1);

	uint32_t name = strings_find(store_strings(*state), TEXT("A-1"));

	assert_int_equal(store_find(*state, ABOUT_SERVICE, 0, name), 0);
	assert_int_equal(store_find(*state, ABOUT_RELEASE, 0, name), 1);
	assert_int_equal(store_find(*state, ABOUT_ITEM, 0, name), UINT32_MAX);
	assert_int_equal(store_subject(*state, 0)->source, 0);
}

static void every_fact_of_money_is_a_subject_of_its_own(void **state)
{
	struct fact *fact = plain_fact("a", 5);

	fact->kind = FACT_COST_RECORDED;
	fact->about = ABOUT_MONEY;
	fact->subject = TEXT("");
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED);
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_DUPLICATE);
	fact->subject_source = TEXT("elsewhere");
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_CONFLICT_TAKEN);
	fact->kind = FACT_FUNDING_ALLOCATED;
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED);
	fact->source = TEXT("b");
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED);
	fact->id = TEXT("c");
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED);
	assert_int_equal(store_subjects(*state), 4);
	assert_int_equal(store_subject(*state, 3)->n, 1);
	assert_true(text_same(strings_text(store_strings(*state), store_subject(*state, 3)->name),
			      TEXT("c")));
}

static void facts_of_a_subject_lie_in_the_order_of_time_kind_sequence_source_and_id(void **state)
{
	static const struct {
		const char *id, *sequence, *source;
		enum fact_kind kind;
		int64_t time;
	} rows[] = {
		{"a", "5", "s", FACT_ITEM_CLOSED, 1},
		{"b", "x", "s", FACT_ITEM_CREATED, 2},
		{"c", "9", "s", FACT_ITEM_STATE, 2},
		{"d", "010", "s", FACT_ITEM_STATE, 2},
		{"e", "11", "s", FACT_ITEM_STATE, 2},
		{"f", "99999999999999999999", "s", FACT_ITEM_STATE, 2},
		{"g", "100000000000000000000", "s", FACT_ITEM_STATE, 2},
		{"h", "-1", "s", FACT_ITEM_STATE, 2},
		{"i", "1.0", "s", FACT_ITEM_STATE, 2},
		{"j", "A", "s", FACT_ITEM_STATE, 2},
		{"k", "a", "s", FACT_ITEM_STATE, 2},
		{"z", "", "r", FACT_ITEM_STATE, 2},
		{"l", "", "s", FACT_ITEM_STATE, 2},
		{"m", "", "s", FACT_ITEM_STATE, 2},
		{"ma", "", "s", FACT_ITEM_STATE, 2},
		{"n", "", "s", FACT_ITEM_CLOSED, 2},
		{"o", "", "s", FACT_ITEM_CREATED, 3},
	};
	const size_t n = sizeof rows / sizeof *rows;

	/* 7 has no divisor in common with 17. */
	for (size_t i = 0; i < n; i++) {
		struct fact *fact = plain_fact(rows[i * 7 % n].id, rows[i * 7 % n].time);

		fact->kind = rows[i * 7 % n].kind;
		fact->source = text_of(rows[i * 7 % n].source);
		fact->sequence = text_of(rows[i * 7 % n].sequence);
		assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED);
	}
	assert_order(*state, 0, "abcdefghijkzlmmano");
}

static void values_are_told_back_as_they_came(void **state)
{
	struct fact *fact = plain_fact("a", TIME_MOST);
	const struct record *record;
	struct value value;
	size_t at = 0;

	fact->n = 6;
	fact->fields[0] = (struct fact_field){FIELD_LABELS, TEXT("x"), 0};
	fact->fields[1] = (struct fact_field){FIELD_LABELS, TEXT("y"), 0};
	fact->fields[2] = (struct fact_field){.field = FIELD_VALUE_POINTS, .number = -NUMBER_MOST};
	fact->fields[3] = (struct fact_field){.field = FIELD_CREATED_AT, .number = TIME_MOST};
	fact->fields[4] = (struct fact_field){.field = FIELD_CHANGES};
	fact->fields[5] = (struct fact_field){.field = FIELD_UNPLANNED, .number = 1};
	assert_int_equal(store_add(*state, fact, NULL, &record), STORE_ADDED);
	for (size_t i = 0; i < fact->n; i++) {
		assert_true(record_next(record, &at, &value));
		assert_int_equal(value.field, fact->fields[i].field);
		assert_int_equal(value.number, fact->fields[i].number);
		assert_true(text_same(strings_text(store_strings(*state), value.string),
				      fact->fields[i].text));
	}
	assert_false(record_next(record, &at, &value));

	int64_t number;

	assert_true(record_number(record, FIELD_VALUE_POINTS, &number));
	assert_int_equal(number, -NUMBER_MOST);
	assert_false(record_number(record, FIELD_AMOUNT, &number));
	assert_int_equal(record_string(record, FIELD_TO), 0);
	assert_int_equal(record_string(record, FIELD_LABELS),
			 strings_find(store_strings(*state), TEXT("x")));
}

static void the_largest_fact_fits(void **state)
{
	struct fact *fact = plain_fact("a", 5);
	static char long_text[FACT_TEXT_MOST];
	static char names[FACT_LIST_MOST][8];

	memset(long_text, 'x', sizeof long_text);
	fact->id = fact->sequence = (struct text){long_text, sizeof long_text};
	fact->n = 0;
	for (enum field field = 0; field < FIELD_COUNT; field++) {
		bool list = field_type(field) == FIELD_IS_LIST;

		for (unsigned i = 0; i < (list ? FACT_LIST_MOST : 1); i++) {
			snprintf(names[i], sizeof names[i], "%u", i);
			fact->fields[fact->n++] =
				(struct fact_field){field, text_of(names[i]), INT64_MIN};
		}
	}

	const struct record *record;
	struct value value;
	size_t n = 0;

	assert_int_equal(store_add(*state, fact, NULL, &record), STORE_ADDED);
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_DUPLICATE);
	for (size_t at = 0; record_next(record, &at, &value);)
		n++;
	assert_int_equal(n, fact->n);
	assert_int_equal(record_sequence(record).len, FACT_TEXT_MOST);
}

static void what_is_beyond_a_limit_is_told_apart_and_not_added(void **state)
{
	struct fact *fact = plain_fact("a", 5);

	store_limit(*state, 2, 5);
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED); /* jira, A-1, Done */
	fact->subject = TEXT("A-2");
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED);
	fact->subject = TEXT("A-3");
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_OVER_LIMIT);
	fact->subject = TEXT("A-1");
	fact->id = TEXT("b");
	fact->fields[0].text = TEXT("Doing");
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED);
	fact->id = TEXT("c");
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_ADDED);
	fact->id = TEXT("d");
	fact->fields[0].text = TEXT("a sixth text");
	assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_OVER_LIMIT);
	assert_int_equal(store_add(*state, plain_fact("a", 5), NULL, NULL), STORE_DUPLICATE);
	assert_int_equal(store_facts(*state), 4);
	assert_int_equal(strings_count(store_strings(*state)), 6);
}

/* ---- Many random facts ---- */

#define FACTS 3000

static struct fact **draw_facts(uint64_t random)
{
	static struct fact fact;
	struct fact **facts = malloc(FACTS * sizeof *facts);

	assert_non_null(facts);
	for (size_t i = 0; i < FACTS; i++) {
		draw_fact(&random, &fact);
		facts[i] = fact_copy(&fact);
	}
	return facts;
}

static void free_facts(struct fact **facts)
{
	for (size_t i = 0; i < FACTS; i++)
		free(facts[i]);
	free(facts);
}

static void shuffle(struct fact **facts, uint64_t *random)
{
	for (size_t i = FACTS - 1; i > 0; i--) {
		size_t k = draw(random) % (i + 1);
		struct fact *other = facts[k];

		facts[k] = facts[i];
		facts[i] = other;
	}
}

static struct store *store_of(struct fact **facts, uint64_t seed, size_t outcomes[])
{
	struct store *store = store_new(seed);

	assert_non_null(store);
	for (size_t i = 0; i < FACTS; i++)
		outcomes[store_add(store, facts[i], NULL, NULL)]++;
	return store;
}

static void any_order_of_facts_gives_the_same_set_in_the_same_order(void **state)
{
	uint64_t random = 12345;
	struct fact **facts = draw_facts(4711);
	size_t outcomes[STORE_NO_MEMORY + 1] = {0};
	struct store *first = store_of(facts, 0, outcomes);
	char *expected = store_dump(first);

	(void)state;
	/* or the test would say little */
	assert_true(outcomes[STORE_ADDED] > 500);
	assert_true(outcomes[STORE_CONFLICT_STANDS] > 100);
	assert_true(outcomes[STORE_CONFLICT_TAKEN] > 100);
	assert_int_equal(outcomes[STORE_ADDED], store_facts(first));
	for (uint64_t seed = 1; seed <= 20; seed++) {
		shuffle(facts, &random);

		struct store *store = store_of(facts, seed, outcomes);
		char *dump = store_dump(store);

		assert_string_equal(dump, expected);
		free(dump);

		/* All of it once more is all known. */
		size_t again[STORE_NO_MEMORY + 1] = {0};

		for (size_t i = 0; i < FACTS; i++)
			again[store_add(store, facts[i], NULL, NULL)]++;
		assert_int_equal(again[STORE_DUPLICATE] + again[STORE_CONFLICT_STANDS], FACTS);
		store_free(store);
	}
	free(expected);
	store_free(first);
	free_facts(facts);
}

static bool same_identity(const struct fact *a, const struct fact *b)
{
	if (!text_same(a->source, b->source) || !text_same(a->id, b->id) || a->kind != b->kind ||
	    a->about != b->about)
		return false;
	if (a->about == ABOUT_MONEY)
		return true;
	if (!text_same(a->subject, b->subject))
		return false;
	return a->about == ABOUT_SERVICE || a->about == ABOUT_RELEASE ||
	       text_same(a->subject_source, b->subject_source);
}

static void as_many_facts_stand_as_there_are_identities_each_with_its_least_time(void **state)
{
	struct fact **facts = draw_facts(99);
	size_t outcomes[STORE_NO_MEMORY + 1] = {0}, identities = 0;
	struct store *store = store_of(facts, 7, outcomes);
	int64_t times = 0, got = 0;

	(void)state;
	for (size_t i = 0; i < FACTS; i++) {
		int64_t least = facts[i]->time;
		bool first = true;

		for (size_t k = 0; k < FACTS && first; k++)
			if (same_identity(facts[i], facts[k])) {
				first = k >= i;
				least = facts[k]->time < least ? facts[k]->time : least;
			}
		if (first) {
			identities++;
			times += least;
		}
	}
	assert_int_equal(store_facts(store), identities);
	for (uint32_t i = 0; i < store_subjects(store); i++)
		for (uint32_t k = 0; k < store_subject(store, i)->n; k++)
			got += store_subject(store, i)->records[k]->time;
	assert_int_equal(got, times);
	store_free(store);
	free_facts(facts);
}

/* Tries with the first, the second, … allocation failing until none does. */
static enum outcome add_at_last(struct store *store, const struct fact *fact)
{
	uint64_t facts = store_facts(store);
	uint32_t subjects = store_subjects(store);

	for (unsigned long n = 1;; n++) {
		fail_at = n;

		enum outcome outcome = store_add(store, fact, NULL, NULL);

		fail_at = 0;
		if (outcome != STORE_NO_MEMORY)
			return outcome;
		assert_int_equal(store_facts(store), facts);
		assert_int_equal(store_subjects(store), subjects);
	}
}

static void an_allocation_that_fails_leaves_the_set_as_it_was(void **state)
{
	if (!memory_can_be_short())
		skip();

	struct fact **facts = draw_facts(31);
	size_t outcomes[STORE_NO_MEMORY + 1] = {0};
	struct store *whole = store_of(facts, 1, outcomes);
	char *expected = store_dump(whole);

	failures = 0;
	for (size_t i = 0; i < FACTS; i++)
		add_at_last(*state, facts[i]);
	assert_true(failures > store_facts(whole));

	char *dump = store_dump(*state);

	assert_string_equal(dump, expected);
	free(dump);
	free(expected);
	store_free(whole);
	free_facts(facts);

	for (fail_at = 1;; fail_at++) {
		unsigned long n = fail_at;
		struct store *store = store_new(1);

		fail_at = n;
		store_free(store);
		if (store)
			break;
	}
	fail_at = 0;
}

/* ---- Size ---- */

static void add_items(struct store *store, unsigned items, unsigned facts_each)
{
	static const char *const states[] = {"New", "In Progress", "Review", "Done"};
	char name[32], id[64];

	for (unsigned i = 0; i < facts_each; i++)
		for (unsigned k = 0; k < items; k++) {
			struct fact *fact = plain_fact("", 1700000000000 + i * 86400000 + k);

			snprintf(name, sizeof name, "CLM-%u", k);
			snprintf(id, sizeof id, "%08x-%04x-4000-8000-%012x", k, i, k * i);
			fact->subject = text_of(name);
			fact->id = text_of(id);
			fact->fields[0].text = text_of(states[i % 4]);
			assert_int_equal(store_add(store, fact, NULL, NULL), STORE_ADDED);
		}
}

static void an_item_of_eight_facts_takes_less_than_a_kilobyte(void **state)
{
	size_t before = store_bytes(*state);

	add_items(*state, 12500, 8);
	assert_int_equal(store_facts(*state), 100000);

	size_t each = (store_bytes(*state) - before) / 12500;

	print_message("%zu bytes an item of 8 facts\n", each);
	assert_true(each < 1024);
}

static void a_subject_with_very_many_facts_finds_each(void **state)
{
	add_items(*state, 1, 20000);
	assert_int_equal(store_subject(*state, 0)->n, 20000);
	for (unsigned i = 0; i < 20000; i += 7) {
		char id[64];
		struct fact *fact = plain_fact("", 1);

		snprintf(id, sizeof id, "%08x-%04x-4000-8000-%012x", 0, i, 0);
		fact->subject = TEXT("CLM-0");
		fact->id = text_of(id);
		assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_CONFLICT_TAKEN);
		assert_int_equal(store_add(*state, fact, NULL, NULL), STORE_DUPLICATE);
	}
	assert_int_equal(store_facts(*state), 20000);
}

#define with_a_store(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_a_store(a_fact_that_is_told_again_changes_nothing),
		with_a_store(of_two_contents_the_one_with_the_least_time_stands),
		with_a_store(at_one_time_the_lesser_content_stands),
		with_a_store(an_identity_is_subject_source_id_and_kind),
		with_a_store(services_and_releases_are_known_by_their_name_alone),
		with_a_store(every_fact_of_money_is_a_subject_of_its_own),
		with_a_store(
			facts_of_a_subject_lie_in_the_order_of_time_kind_sequence_source_and_id),
		with_a_store(values_are_told_back_as_they_came),
		with_a_store(the_largest_fact_fits),
		with_a_store(what_is_beyond_a_limit_is_told_apart_and_not_added),
		cmocka_unit_test(any_order_of_facts_gives_the_same_set_in_the_same_order),
		cmocka_unit_test(
			as_many_facts_stand_as_there_are_identities_each_with_its_least_time),
		with_a_store(an_allocation_that_fails_leaves_the_set_as_it_was),
		with_a_store(an_item_of_eight_facts_takes_less_than_a_kilobyte),
		with_a_store(a_subject_with_very_many_facts_finds_each),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
