/*
 * The bytes may have been damaged, or written by anyone who can write to Redis: nothing that they
 * say is believed before it was looked at.
 */
#include "codec/block.h"

#include "core/varint.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define DAMAGED 65        /* EX_DATAERR */
#define NO_MEMORY 75      /* EX_TEMPFAIL */
#define UNKNOWN_FORMAT 78 /* EX_CONFIG */

/* A generation's strings, one behind the other: string n ends at ends[n]. */
struct unpacker {
	char *bytes;
	size_t room;
	size_t *ends;
	uint32_t n, n_room; /* with the absent one */
	struct fact fact;
	char id[UUID_TEXT_LEN];
};

/* What is left of a block. */
struct rest {
	const unsigned char *at, *end;
};

struct unpacker *unpacker_new(void)
{
	struct unpacker *unpacker = malloc(sizeof *unpacker);

	if (!unpacker)
		return NULL;
	memset(unpacker, 0, offsetof(struct unpacker, fact));
	unpacker->n = 1;
	unpacker->n_room = 256;
	unpacker->ends = calloc(unpacker->n_room, sizeof *unpacker->ends);
	if (!unpacker->ends) {
		free(unpacker);
		return NULL;
	}
	return unpacker;
}

void unpacker_free(struct unpacker *unpacker)
{
	if (!unpacker)
		return;
	free(unpacker->bytes);
	free(unpacker->ends);
	free(unpacker);
}

uint32_t unpacker_strings(const struct unpacker *unpacker)
{
	return unpacker->n;
}

struct text unpacker_string(const struct unpacker *unpacker, uint32_t number)
{
	size_t from = number ? unpacker->ends[number - 1] : 0;

	if (number == 0)
		return (struct text){NULL, 0};
	return (struct text){unpacker->bytes + from, unpacker->ends[number] - from};
}

/* ---- Taking things off the rest ---- */

static bool take_number(struct rest *rest, uint64_t most, uint64_t *number)
{
	return varint_take(&rest->at, rest->end, number) && *number <= most;
}

static bool take_bytes(struct rest *rest, size_t len, struct text *text)
{
	if ((size_t)(rest->end - rest->at) < len)
		return false;
	*text = (struct text){(const char *)rest->at, len};
	rest->at += len;
	return true;
}

static bool take_text(struct rest *rest, struct text *text)
{
	uint64_t len;

	return take_number(rest, FACT_TEXT_MOST, &len) && len > 0 && take_bytes(rest, len, text);
}

static bool take_signed(struct rest *rest, int64_t *number)
{
	uint64_t folded;

	if (!take_number(rest, UINT64_MAX, &folded))
		return false;
	*number = unzigzag(folded);
	return true;
}

/* A text by its number; the absent one only where it may be. */
static bool take_string(const struct unpacker *unpacker, struct rest *rest, bool may_be_absent,
			struct text *text)
{
	uint64_t number;

	if (!take_number(rest, unpacker->n - 1, &number) || (number == 0 && !may_be_absent))
		return false;
	*text = unpacker_string(unpacker, (uint32_t)number);
	return true;
}

/* ---- Strings ---- */

static bool ends_reserve(struct unpacker *unpacker, uint64_t more)
{
	uint64_t n_room = unpacker->n_room;

	if (unpacker->n + more <= n_room)
		return true;
	while (n_room < unpacker->n + more)
		n_room *= 2;

	size_t *ends = realloc(unpacker->ends, n_room * sizeof *ends);

	if (!ends)
		return false;
	unpacker->ends = ends;
	unpacker->n_room = (uint32_t)n_room;
	return true;
}

static bool bytes_reserve(struct unpacker *unpacker, size_t more)
{
	size_t len = unpacker->ends[unpacker->n - 1];
	size_t room = unpacker->room ? unpacker->room : 1024;

	while (room < len + more)
		room *= 2;
	if (room == unpacker->room)
		return true;

	char *bytes = realloc(unpacker->bytes, room);

	if (!bytes)
		return false;
	unpacker->bytes = bytes;
	unpacker->room = room;
	return true;
}

static bool damaged(struct err *err, const char *what)
{
	return err_set(err, DAMAGED, "a block of the log is damaged: %s", what);
}

static bool no_memory(struct err *err)
{
	return err_set(err, NO_MEMORY, "memory is short");
}

/* On failure the strings read so far stay; the caller takes them back. */
static bool take_strings(struct unpacker *unpacker, struct rest *rest, struct err *err)
{
	uint64_t first, n;
	struct text text;
	size_t left;

	if (!take_number(rest, UINT32_MAX, &first) || first != unpacker->n)
		return damaged(err, "its strings don't follow those of the blocks before");

	/* A string takes two bytes or more, so there is no room for more than half the rest. */
	left = (size_t)(rest->end - rest->at);
	if (!take_number(rest, left / 2, &n) || unpacker->n + n >= UINT32_MAX / 2)
		return damaged(err, "the number of its strings");
	if (!ends_reserve(unpacker, n) || !bytes_reserve(unpacker, left))
		return no_memory(err);
	for (; n > 0; n--) {
		size_t at = unpacker->ends[unpacker->n - 1];

		if (!take_text(rest, &text))
			return damaged(err, "a string");
		memcpy(unpacker->bytes + at, text.at, text.len);
		unpacker->ends[unpacker->n++] = at + text.len;
	}
	return true;
}

/* ---- Facts ---- */

static char hex(int digit)
{
	return "0123456789abcdef"[digit];
}

static bool take_id(struct unpacker *unpacker, struct rest *rest, struct text *id)
{
	struct text uuid;
	uint64_t number;
	size_t digits = 0;

	if (!take_number(rest, 2 * FACT_TEXT_MOST, &number) || number == 0)
		return false;
	if (number % 2 == 0)
		return take_bytes(rest, number / 2, id);
	if (number != ID_IS_UUID || !take_bytes(rest, UUID_LEN, &uuid))
		return false;
	for (size_t i = 0; i < UUID_TEXT_LEN; i++) {
		if (uuid_hyphen(i)) {
			unpacker->id[i] = '-';
			continue;
		}

		unsigned char byte = (unsigned char)uuid.at[digits / 2];

		unpacker->id[i] = hex(digits % 2 ? byte & 15 : byte >> 4);
		digits++;
	}
	*id = (struct text){unpacker->id, UUID_TEXT_LEN};
	return true;
}

static bool number_valid(enum field field, int64_t number)
{
	switch (field_type(field)) {
	case FIELD_IS_MOMENT:
		return number >= 0 && number <= TIME_MOST;
	case FIELD_IS_FLAG:
		return number == 0 || number == 1;
	default:
		return number >= -NUMBER_MOST && number <= NUMBER_MOST;
	}
}

/* Fields ascend; only lists have several values, and not more than the decoders let through. */
static bool take_field(const struct unpacker *unpacker, struct rest *rest,
		       const struct fact_field *before, size_t *in_list, struct fact_field *field)
{
	if (rest->at == rest->end || *rest->at >= FIELD_COUNT)
		return false;
	*field = (struct fact_field){.field = *rest->at++};

	bool list = field_type(field->field) == FIELD_IS_LIST;
	bool same = before && before->field == field->field;

	if ((before && before->field > field->field) || (same && !list))
		return false;
	*in_list = same ? *in_list + 1 : 1;
	if (*in_list > FACT_LIST_MOST)
		return false;
	if (list || field_type(field->field) == FIELD_IS_TEXT)
		return take_string(unpacker, rest, true, &field->text);
	return take_signed(rest, &field->number) && number_valid(field->field, field->number);
}

static bool take_fields(const struct unpacker *unpacker, struct rest *rest, struct fact *fact)
{
	uint64_t n;
	size_t in_list = 0;

	if (!take_number(rest, FACT_FIELDS_MOST, &n))
		return false;
	for (fact->n = 0; fact->n < n; fact->n++) {
		struct fact_field *field = &fact->fields[fact->n];

		if (!take_field(unpacker, rest, fact->n ? field - 1 : NULL, &in_list, field))
			return false;
	}
	return true;
}

static bool take_head(struct rest *rest, int64_t before, struct fact *fact, unsigned char *head)
{
	int64_t delta;

	if (rest->at == rest->end)
		return false;
	*head = *rest->at++;
	fact->kind = *head & FACT_KIND_BITS;
	if (fact->kind >= FACT_KINDS)
		return false;
	fact->about = fact_kind_about(fact->kind);
	if (*head & FACT_IS_RELEASE) {
		if (fact->kind != FACT_RELEASE_PUBLISHED)
			return false;
		fact->about = ABOUT_RELEASE;
	}
	if (!take_signed(rest, &delta) || delta < -TIME_MOST || delta > TIME_MOST)
		return false;
	fact->time = before + delta;
	return fact->time >= 0 && fact->time <= TIME_MOST;
}

static bool take_fact(struct unpacker *unpacker, struct rest *rest, int64_t before)
{
	struct fact *fact = &unpacker->fact;
	unsigned char head;

	if (!take_head(rest, before, fact, &head) ||
	    !take_string(unpacker, rest, false, &fact->source))
		return false;
	fact->subject_source = fact->source;
	fact->subject = fact->sequence = (struct text){NULL, 0};
	if (head & FACT_HAS_SUBJECT_SOURCE &&
	    !take_string(unpacker, rest, false, &fact->subject_source))
		return false;
	if (fact->about != ABOUT_MONEY && !take_string(unpacker, rest, false, &fact->subject))
		return false;
	if (!take_id(unpacker, rest, &fact->id))
		return false;
	if (head & FACT_HAS_SEQUENCE && !take_text(rest, &fact->sequence))
		return false;
	return take_fields(unpacker, rest, fact);
}

static bool stopped(struct err *err)
{
	return err_set(err, NO_MEMORY, "reading a block of the log was stopped");
}

static bool take_facts(struct unpacker *unpacker, struct rest *rest, unpack_fact_fn *each,
		       void *arg, struct err *err)
{
	int64_t before = 0;
	uint64_t n;

	if (!take_number(rest, (uint64_t)(rest->end - rest->at), &n))
		return damaged(err, "the number of its facts");
	for (; n > 0; n--) {
		if (!take_fact(unpacker, rest, before))
			return damaged(err, "a fact");
		before = unpacker->fact.time;
		if (!each(arg, &unpacker->fact))
			return stopped(err);
	}
	return true;
}

/* ---- Positions ---- */

static bool take_fingerprint(struct rest *rest, struct fingerprint *last)
{
	uint64_t above, key_size, value_size;
	struct text hash;

	*last = (struct fingerprint){.offset = -1};
	if (!take_number(rest, INT64_MAX, &above))
		return false;
	if (above == 0)
		return true;
	if (!take_signed(rest, &last->timestamp) || !take_number(rest, UINT32_MAX, &key_size) ||
	    !take_number(rest, UINT32_MAX, &value_size) || !take_bytes(rest, 8, &hash))
		return false;
	last->offset = (int64_t)above - 1;
	last->key_size = (uint32_t)key_size;
	last->value_size = (uint32_t)value_size;
	last->hash = get_le64((const unsigned char *)hash.at);
	return true;
}

static bool take_positions(struct rest *rest, unpack_position_fn *each, void *arg,
			   struct err *err)
{
	uint64_t n, partition, next;

	if (!take_number(rest, (uint64_t)(rest->end - rest->at), &n))
		return damaged(err, "the number of its positions");
	for (; n > 0; n--) {
		struct position position;

		if (!take_text(rest, &position.topic) ||
		    !take_number(rest, INT32_MAX, &partition) ||
		    !take_number(rest, INT64_MAX, &next) ||
		    !take_fingerprint(rest, &position.last))
			return damaged(err, "a position");
		position.partition = (int32_t)partition;
		position.next = (int64_t)next;
		if (!each(arg, &position))
			return stopped(err);
	}
	return true;
}

/* ---- The whole ---- */

/* What is between the format's number and the checksum, if the block is one and is whole. */
static bool open_block(struct text block, struct rest *rest, struct err *err)
{
	uint64_t format;

	*rest = (struct rest){(const unsigned char *)block.at,
			      (const unsigned char *)block.at + block.len};
	if (block.len < BLOCK_MAGIC_LEN || memcmp(block.at, BLOCK_MAGIC, BLOCK_MAGIC_LEN) != 0)
		return damaged(err, "it doesn't begin like one");
	rest->at += BLOCK_MAGIC_LEN;
	if (!take_number(rest, UINT64_MAX, &format))
		return damaged(err, "it ends too early");
	if (format != PACK_FORMAT)
		return err_set(err, UNKNOWN_FORMAT,
			       "a block of the log has format %llu; this version knows format %d",
			       (unsigned long long)format, PACK_FORMAT);
	if (rest->end - rest->at < BLOCK_CHECKSUM_LEN)
		return damaged(err, "it ends too early");
	rest->end -= BLOCK_CHECKSUM_LEN;
	if (XXH64(block.at, block.len - BLOCK_CHECKSUM_LEN, 0) != get_le64(rest->end))
		return damaged(err, "its checksum is another");
	return true;
}

bool unpack_block(struct unpacker *unpacker, struct text block, uint64_t *sequence,
		  unpack_fact_fn *each_fact, unpack_position_fn *each_position, void *arg,
		  struct err *err)
{
	struct rest rest;
	uint32_t n = unpacker->n;

	if (!open_block(block, &rest, err))
		return false;
	if (!take_number(&rest, UINT64_MAX, sequence)) {
		damaged(err, "its sequence");
		goto fail;
	}
	if (!take_strings(unpacker, &rest, err) ||
	    !take_facts(unpacker, &rest, each_fact, arg, err) ||
	    !take_positions(&rest, each_position, arg, err))
		goto fail;
	if (rest.at != rest.end) {
		damaged(err, "it goes on after its end");
		goto fail;
	}
	return true;
fail:
	unpacker->n = n;
	return false;
}
