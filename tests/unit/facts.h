/* facts: random facts for tests, and the whole of a store as text, to compare stores by. */
#ifndef TESTS_FACTS_H
#define TESTS_FACTS_H

#include "venturi/store.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline uint32_t draw(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (uint32_t)(*random >> 32);
}

/* Facts are large, for their many fields; a drawn one is kept with just those it has. */
static inline struct fact *fact_copy(const struct fact *fact)
{
	struct fact *copy = malloc(sizeof *copy);

	assert_non_null(copy);
	memcpy(copy, fact, offsetof(struct fact, fields) + fact->n * sizeof fact->fields[0]);
	return copy;
}

static inline struct text draw_text(uint64_t *random)
{
	static const char *const texts[] = {
		"a", "ab", "In Progress", "Done", "\xc3\xa4", "1",
		"x/y", "feature", "FEATURE", "acme", "b", "zz",
	};

	return text_of(texts[draw(random) % (sizeof texts / sizeof *texts)]);
}

static inline void draw_fields(uint64_t *random, struct fact *fact)
{
	for (enum field field = 0; field < FIELD_COUNT; field++) {
		if (draw(random) % 8)
			continue;
		switch (field_type(field)) {
		case FIELD_IS_TEXT:
			fact->fields[fact->n++] = (struct fact_field){field, draw_text(random), 0};
			break;
		case FIELD_IS_LIST:
			if (draw(random) % 4 == 0)
				fact->fields[fact->n++] = (struct fact_field){.field = field};
			else
				for (unsigned i = draw(random) % 4; i < 4; i++)
					fact->fields[fact->n++] =
						(struct fact_field){field, draw_text(random), 0};
			break;
		case FIELD_IS_FLAG:
			fact->fields[fact->n++] =
				(struct fact_field){.field = field, .number = draw(random) % 2};
			break;
		default:
			fact->fields[fact->n++] = (struct fact_field){
				.field = field,
				.number = (int64_t)(draw(random) % 1000) * NUMBER_ONE -
					  (field_type(field) == FIELD_IS_NUMBER ? 400000000 : 0)};
		}
	}
}

/* Few of everything, so that identities meet, with the same content and with others. */
static inline void draw_fact(uint64_t *random, struct fact *fact)
{
	static const char *const names[] = {"A-1", "A-2", "B-1", "shop"};
	static const char *const sources[] = {"jira", "ci", "/github"};
	static const char *const ids[] = {
		"1", "2", "0b7e", "a-long-id-that-is-longer",
		"7d3f0a52-9c1e-4b7a-8f60-0123456789ab", /* canonical, and not */
		"7D3F0A52-9c1e-4b7a-8f60-0123456789ab",
	};
	static const char *const sequences[] = {"7", "07", "10", "9", "x", "100000000000000000000"};

	memset(fact, 0, offsetof(struct fact, fields));
	fact->kind = draw(random) % 4 ? draw(random) % 3 : draw(random) % FACT_KINDS;
	fact->about = fact_kind_about(fact->kind);
	fact->time = 1700000000000 + draw(random) % 5 * 1000;
	fact->source = text_of(sources[draw(random) % 3]);
	fact->id = text_of(ids[draw(random) % 6]);
	fact->subject_source = draw(random) % 3 ? fact->source : TEXT("other");
	if (fact->about != ABOUT_MONEY)
		fact->subject = text_of(names[draw(random) % 4]);
	if (fact->kind == FACT_RELEASE_PUBLISHED && draw(random) % 2)
		fact->about = ABOUT_RELEASE;
	if (draw(random) % 3 == 0)
		fact->sequence = text_of(sequences[draw(random) % 6]);
	draw_fields(random, fact);
}

static inline void put_text(FILE *out, struct text text)
{
	fprintf(out, "%zu:", text.len);
	if (text.len)
		fwrite(text.at, 1, text.len, out);
	fputc(' ', out);
}

static inline void put_record(FILE *out, const struct strings *strings,
			      const struct record *record)
{
	struct value value;

	fprintf(out, "  %d %" PRId64 " ", record->kind, record->time);
	put_text(out, strings_text(strings, record->source));
	put_text(out, strings_text(strings, record->subject_source));
	put_text(out, record_id(record));
	put_text(out, record_sequence(record));
	for (size_t at = 0; record_next(record, &at, &value);) {
		fprintf(out, "%d=%" PRId64 ",", value.field, value.number);
		put_text(out, strings_text(strings, value.string));
	}
	fputc('\n', out);
}

static inline char *subject_dump(const struct store *store, const struct subject *subject)
{
	const struct strings *strings = store_strings(store);
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	fprintf(out, "%d ", subject->about);
	put_text(out, strings_text(strings, subject->source));
	put_text(out, strings_text(strings, subject->name));
	fputc('\n', out);
	for (uint32_t i = 0; i < subject->n; i++)
		put_record(out, strings, subject->records[i]);
	fclose(out);
	return text;
}

static inline int dump_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All facts of the store, in an order that no numbering shows in. The caller frees it. */
static inline char *store_dump(const struct store *store)
{
	uint32_t n = store_subjects(store);
	char **subjects = malloc((n + 1) * sizeof *subjects);
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(subjects);
	assert_non_null(out);
	for (uint32_t i = 0; i < n; i++)
		subjects[i] = subject_dump(store, store_subject(store, i));
	qsort(subjects, n, sizeof *subjects, dump_compare);
	for (uint32_t i = 0; i < n; i++) {
		fputs(subjects[i], out);
		free(subjects[i]);
	}
	fclose(out);
	free(subjects);
	return text;
}

#endif
