#include "core/record.h"

#include "core/varint.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A value takes a byte for its field and at most VARINT_MOST more; a string's number takes 5. */
_Static_assert(2 * FACT_LIST_MOST * 6 + FIELD_COUNT * (1 + VARINT_MOST) <= RECORD_FIELDS_MOST,
	       "the values of a fact fit into a record");
_Static_assert(FACT_TEXT_MOST <= UINT16_MAX, "an id fits into a record");
_Static_assert(FIELD_COUNT < 0x80, "a field takes a byte");

struct text record_id(const struct record *record)
{
	return (struct text){record->bytes, record->id_len};
}

struct text record_sequence(const struct record *record)
{
	return (struct text){record->bytes + record->id_len, record->sequence_len};
}

size_t record_size(const struct record *record)
{
	return offsetof(struct record, bytes) + record->id_len + record->sequence_len +
	       record->fields_len;
}

static bool is_text(enum field field)
{
	return field_type(field) == FIELD_IS_TEXT || field_type(field) == FIELD_IS_LIST;
}

/* ---- Values ---- */

bool record_next(const struct record *record, size_t *at, struct value *value)
{
	if (*at >= record->fields_len)
		return false;

	const char *fields = record->bytes + record->id_len + record->sequence_len;
	const unsigned char *p = (const unsigned char *)fields + *at;
	const unsigned char *end = (const unsigned char *)fields + record->fields_len;
	uint64_t number;

	value->field = *p++;
	if (!varint_take(&p, end, &number))
		assert(!"record_make() wrote it");
	value->string = is_text(value->field) ? (uint32_t)number : 0;
	value->number = is_text(value->field) ? 0 : unzigzag(number);
	*at = (size_t)(p - (const unsigned char *)fields);
	return true;
}

static bool find_value(const struct record *record, enum field field, struct value *value)
{
	for (size_t at = 0; record_next(record, &at, value) && value->field <= field;)
		if (value->field == field)
			return true;
	return false;
}

uint32_t record_string(const struct record *record, enum field field)
{
	struct value value;

	return find_value(record, field, &value) ? value.string : 0;
}

bool record_number(const struct record *record, enum field field, int64_t *number)
{
	struct value value;

	if (!find_value(record, field, &value))
		return false;
	*number = value.number;
	return true;
}

/* ---- Making one ---- */

static bool put_fields(struct strings *strings, const struct fact *fact, unsigned char *scratch,
		       size_t *len)
{
	assert(fact->n <= FACT_FIELDS_MOST);
	*len = 0;
	for (size_t i = 0; i < fact->n; i++) {
		const struct fact_field *field = &fact->fields[i];
		uint64_t number = zigzag(field->number);

		if (is_text(field->field)) {
			number = strings_add(strings, field->text);
			if (number == UINT32_MAX)
				return false;
		}
		scratch[(*len)++] = (unsigned char)field->field;
		*len += varint_put(scratch + *len, number);
	}
	return true;
}

static char *put_text(char *at, struct text text)
{
	if (text.len)
		memcpy(at, text.at, text.len);
	return at + text.len;
}

struct record *record_make(struct strings *strings, const struct fact *fact, uint32_t id_hash,
			   unsigned char *scratch)
{
	uint32_t source = strings_add(strings, fact->source);
	uint32_t subject_source = strings_add(strings, fact->subject_source);
	size_t len;

	assert(fact->id.len <= FACT_TEXT_MOST && fact->sequence.len <= FACT_TEXT_MOST);
	if (source == UINT32_MAX || subject_source == UINT32_MAX ||
	    !put_fields(strings, fact, scratch, &len))
		return NULL;

	struct record *record =
		malloc(offsetof(struct record, bytes) + fact->id.len + fact->sequence.len + len);

	if (!record)
		return NULL;
	record->time = fact->time;
	record->source = source;
	record->subject_source = subject_source;
	record->id_hash = id_hash;
	record->id_len = (uint16_t)fact->id.len;
	record->sequence_len = (uint16_t)fact->sequence.len;
	record->fields_len = (uint16_t)len;
	record->kind = (uint8_t)fact->kind;
	memcpy(put_text(put_text(record->bytes, fact->id), fact->sequence), scratch, len);
	return record;
}

/* ---- Comparing ---- */

bool record_is(const struct record *record, const struct fact *fact, uint32_t source,
	       uint32_t id_hash)
{
	return record->id_hash == id_hash && record->source == source &&
	       record->kind == fact->kind && text_same(record_id(record), fact->id);
}

static int number_compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int string_compare(const struct strings *strings, uint32_t a, uint32_t b)
{
	return a == b ? 0 : text_compare(strings_text(strings, a), strings_text(strings, b));
}

static int values_compare(const struct strings *strings, const struct fact *fact,
			  const struct record *record)
{
	struct value value;
	size_t at = 0;

	for (size_t i = 0; i < fact->n; i++) {
		const struct fact_field *field = &fact->fields[i];

		if (!record_next(record, &at, &value))
			return 1;
		if (field->field != value.field)
			return field->field < value.field ? -1 : 1;

		int order = is_text(value.field)
				    ? text_compare(field->text, strings_text(strings, value.string))
				    : number_compare(field->number, value.number);

		if (order)
			return order;
	}
	return record_next(record, &at, &value) ? -1 : 0;
}

int record_content_compare(const struct strings *strings, const struct fact *fact,
			   const struct record *record)
{
	int order = number_compare(fact->time, record->time);

	if (!order)
		order = text_compare(fact->subject_source,
				     strings_text(strings, record->subject_source));
	if (!order)
		order = text_compare(fact->sequence, record_sequence(record));
	return order ? order : values_compare(strings, fact, record);
}

static bool decimal(struct text text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	return text.len > 0;
}

static struct text without_zeros(struct text digits)
{
	while (digits.len && *digits.at == '0') {
		digits.at++;
		digits.len--;
	}
	return digits;
}

/* With one before without; decimal ones first, by value; then the others as bytes. */
static int sequence_compare(struct text a, struct text b)
{
	if (a.len == 0 || b.len == 0)
		return (a.len == 0) - (b.len == 0);

	bool a_decimal = decimal(a), b_decimal = decimal(b);

	if (a_decimal != b_decimal)
		return a_decimal ? -1 : 1;
	if (!a_decimal)
		return text_compare(a, b);
	a = without_zeros(a);
	b = without_zeros(b);
	return a.len != b.len ? (a.len < b.len ? -1 : 1) : text_compare(a, b);
}

int record_compare(const struct strings *strings, const struct record *a, const struct record *b)
{
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;

	int order = sequence_compare(record_sequence(a), record_sequence(b));

	if (!order)
		order = string_compare(strings, a->source, b->source);
	return order ? order : text_compare(record_id(a), record_id(b));
}
