/*
 *   record ──> facts      ─┐
 *   texts  ──> strings    ─┼─> block = head, strings, facts, positions, checksum
 *   offsets ─> positions  ─┘
 *
 * Each part grows in a buffer of its own; packer_block() puts them together.
 */
#include "codec/block.h"

#include "core/varint.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* All of a block but its three parts. */
#define HEAD_MOST (BLOCK_MAGIC_LEN + 6 * VARINT_MOST + BLOCK_CHECKSUM_LEN)

struct buffer {
	unsigned char *bytes;
	size_t len, room;
};

struct packer {
	const struct strings *strings;
	uint32_t *numbers; /* of the store's strings in this generation; 0: has none yet */
	uint32_t n_numbers;
	uint32_t next; /* the number that the next new string gets */
	uint32_t first; /* the same, as the block began */
	struct buffer texts, facts, positions, block;
	uint32_t n_facts, n_positions;
	int64_t time; /* of the fact before */
};

static bool buffer_reserve(struct buffer *buffer, size_t more)
{
	if (buffer->room - buffer->len >= more)
		return true;

	size_t room = buffer->room ? buffer->room : 1024;

	while (room - buffer->len < more)
		room *= 2;

	unsigned char *bytes = realloc(buffer->bytes, room);

	if (!bytes)
		return false;
	buffer->bytes = bytes;
	buffer->room = room;
	return true;
}

/* These need room that was reserved. */
static void put_number(struct buffer *buffer, uint64_t number)
{
	buffer->len += varint_put(buffer->bytes + buffer->len, number);
}

static void put_bytes(struct buffer *buffer, const void *bytes, size_t len)
{
	if (len)
		memcpy(buffer->bytes + buffer->len, bytes, len);
	buffer->len += len;
}

static void put_text(struct buffer *buffer, struct text text)
{
	put_number(buffer, text.len);
	put_bytes(buffer, text.at, text.len);
}

struct packer *packer_new(const struct strings *strings)
{
	struct packer *packer = calloc(1, sizeof *packer);

	if (!packer)
		return NULL;
	packer->strings = strings;
	packer->first = packer->next = 1;
	return packer;
}

void packer_free(struct packer *packer)
{
	if (!packer)
		return;
	free(packer->numbers);
	free(packer->texts.bytes);
	free(packer->facts.bytes);
	free(packer->positions.bytes);
	free(packer->block.bytes);
	free(packer);
}

/* Room for the numbers of all strings that there are. */
static bool numbers_reserve(struct packer *packer)
{
	uint32_t n = strings_count(packer->strings);

	if (n <= packer->n_numbers)
		return true;
	n += n / 4;

	uint32_t *numbers = realloc(packer->numbers, n * sizeof *numbers);

	if (!numbers)
		return false;
	memset(numbers + packer->n_numbers, 0, (n - packer->n_numbers) * sizeof *numbers);
	packer->numbers = numbers;
	packer->n_numbers = n;
	return true;
}

struct packer *packer_continue(const struct unpacker *unpacker, struct strings *strings)
{
	struct packer *packer = packer_new(strings);
	uint32_t n = unpacker_strings(unpacker);

	if (!packer)
		return NULL;
	/* Those of facts that don't stand may not be there. */
	for (uint32_t i = 1; i < n; i++)
		if (strings_add(strings, unpacker_string(unpacker, i)) == UINT32_MAX)
			goto fail;
	if (!numbers_reserve(packer))
		goto fail;
	for (uint32_t i = 1; i < n; i++)
		packer->numbers[strings_find(strings, unpacker_string(unpacker, i))] = i;
	packer->first = packer->next = n;
	return packer;
fail:
	packer_free(packer);
	return NULL;
}

/* ---- Facts ---- */

/* The number of a string in this generation; a new one is told in the block. */
static uint32_t number_of(struct packer *packer, uint32_t string)
{
	if (string == 0)
		return 0;
	if (!packer->numbers[string]) {
		packer->numbers[string] = packer->next++;
		put_text(&packer->texts, strings_text(packer->strings, string));
	}
	return packer->numbers[string];
}

static bool is_text(enum field field)
{
	return field_type(field) == FIELD_IS_TEXT || field_type(field) == FIELD_IS_LIST;
}

static size_t text_room(const struct packer *packer, uint32_t string)
{
	if (packer->numbers[string])
		return 0;
	return VARINT_MOST + strings_text(packer->strings, string).len;
}

/* Room for all that the fact may add, so that from there on nothing can fail. */
static bool reserve(struct packer *packer, const struct subject *subject,
		    const struct record *record, size_t *n_values)
{
	struct value value;

	if (!numbers_reserve(packer))
		return false;

	size_t texts = text_room(packer, record->source) +
		       text_room(packer, record->subject_source) +
		       text_room(packer, subject->name);

	*n_values = 0;
	for (size_t at = 0; record_next(record, &at, &value); ++*n_values)
		if (is_text(value.field))
			texts += text_room(packer, value.string);

	size_t fact = 1 + 7 * VARINT_MOST + record->id_len + record->sequence_len +
		      *n_values * (1 + VARINT_MOST);

	return buffer_reserve(&packer->texts, texts) && buffer_reserve(&packer->facts, fact);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Whether the text is a UUID as most write it, in lower case, that the 16 bytes give back. */
static bool uuid_parse(struct text text, unsigned char uuid[UUID_LEN])
{
	size_t digits = 0;

	if (text.len != UUID_TEXT_LEN)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = hex_digit(text.at[i]);

		if (uuid_hyphen(i)) {
			if (text.at[i] != '-')
				return false;
			continue;
		}
		if (digit < 0)
			return false;
		uuid[digits / 2] = (unsigned char)(digits % 2 ? uuid[digits / 2] | digit :
								digit << 4);
		digits++;
	}
	return true;
}

static void put_id(struct buffer *buffer, struct text id)
{
	unsigned char uuid[UUID_LEN];

	if (uuid_parse(id, uuid)) {
		put_number(buffer, ID_IS_UUID);
		put_bytes(buffer, uuid, sizeof uuid);
	} else {
		put_number(buffer, (uint64_t)id.len << 1);
		put_bytes(buffer, id.at, id.len);
	}
}

bool packer_fact(struct packer *packer, const struct subject *subject, const struct record *record)
{
	struct buffer *facts = &packer->facts;
	unsigned char head = record->kind;
	struct value value;
	size_t n_values;

	if (!reserve(packer, subject, record, &n_values))
		return false;
	if (record->sequence_len)
		head |= FACT_HAS_SEQUENCE;
	if (record->subject_source != record->source)
		head |= FACT_HAS_SUBJECT_SOURCE;
	if (subject->about == ABOUT_RELEASE)
		head |= FACT_IS_RELEASE;

	put_bytes(facts, &head, 1);
	put_number(facts, zigzag(record->time - packer->time));
	put_number(facts, number_of(packer, record->source));
	if (head & FACT_HAS_SUBJECT_SOURCE)
		put_number(facts, number_of(packer, record->subject_source));
	if (subject->about != ABOUT_MONEY)
		put_number(facts, number_of(packer, subject->name));
	put_id(facts, record_id(record));
	if (head & FACT_HAS_SEQUENCE)
		put_text(facts, record_sequence(record));
	put_number(facts, n_values);
	for (size_t at = 0; record_next(record, &at, &value);) {
		facts->bytes[facts->len++] = (unsigned char)value.field;
		put_number(facts, is_text(value.field) ? number_of(packer, value.string) :
							 zigzag(value.number));
	}
	packer->time = record->time;
	packer->n_facts++;
	return true;
}

/* ---- Positions and the whole ---- */

bool packer_position(struct packer *packer, const struct position *position)
{
	struct buffer *positions = &packer->positions;
	const struct fingerprint *last = &position->last;
	unsigned char hash[8];

	if (!buffer_reserve(positions, position->topic.len + 7 * VARINT_MOST + sizeof hash))
		return false;
	put_text(positions, position->topic);
	put_number(positions, (uint32_t)position->partition);
	put_number(positions, (uint64_t)position->next);
	put_number(positions, (uint64_t)(last->offset + 1));
	if (last->offset >= 0) {
		put_le64(hash, last->hash);
		put_number(positions, zigzag(last->timestamp));
		put_number(positions, last->key_size);
		put_number(positions, last->value_size);
		put_bytes(positions, hash, sizeof hash);
	}
	packer->n_positions++;
	return true;
}

size_t packer_size(const struct packer *packer)
{
	if (packer->n_facts == 0 && packer->n_positions == 0)
		return 0;
	return HEAD_MOST + packer->texts.len + packer->facts.len + packer->positions.len;
}

uint32_t packer_facts(const struct packer *packer)
{
	return packer->n_facts;
}

struct text packer_block(struct packer *packer, uint64_t sequence)
{
	struct buffer *block = &packer->block;
	unsigned char checksum[BLOCK_CHECKSUM_LEN];

	block->len = 0;
	if (!buffer_reserve(block, HEAD_MOST + packer->texts.len + packer->facts.len +
					   packer->positions.len))
		return (struct text){NULL, 0};
	put_bytes(block, BLOCK_MAGIC, BLOCK_MAGIC_LEN);
	put_number(block, PACK_FORMAT);
	put_number(block, sequence);
	put_number(block, packer->first);
	put_number(block, packer->next - packer->first);
	put_bytes(block, packer->texts.bytes, packer->texts.len);
	put_number(block, packer->n_facts);
	put_bytes(block, packer->facts.bytes, packer->facts.len);
	put_number(block, packer->n_positions);
	put_bytes(block, packer->positions.bytes, packer->positions.len);
	put_le64(checksum, XXH64(block->bytes, block->len, 0));
	put_bytes(block, checksum, sizeof checksum);

	packer->first = packer->next;
	packer->texts.len = packer->facts.len = packer->positions.len = 0;
	packer->n_facts = packer->n_positions = 0;
	packer->time = 0;
	return (struct text){(const char *)block->bytes, block->len};
}
