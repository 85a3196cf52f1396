/*
 *   slots (open addressing) ──> number ──> entries[number] ──> bytes in a chunk
 *
 * Chunks never move, so texts live as long as the strings do.
 */
#include "venturi/strings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define CHUNK_BYTES  ((size_t)1 << 16)
#define FIRST_SLOTS  256
#define NUMBERS_MOST (UINT32_MAX - 1)

struct entry {
	const char *at;
	uint32_t len;
	uint32_t hash; /* saves most comparisons, and hashing again as the table grows */
};

struct chunk {
	struct chunk *before;
	size_t used, room;
	char bytes[];
};

struct strings {
	uint64_t seed;
	uint32_t *slots;  /* numbers; 0 is free, since the absent text is never looked for */
	uint32_t n_slots; /* a power of two, at most half of them taken */
	struct entry *entries;
	uint32_t n, room;
	struct chunk *chunks;
	size_t bytes;
};

struct strings *strings_new(uint64_t seed)
{
	struct strings *strings = calloc(1, sizeof *strings);

	if (!strings)
		return NULL;
	strings->seed = seed;
	strings->n = 1;
	strings->room = FIRST_SLOTS / 2;
	strings->n_slots = FIRST_SLOTS;
	strings->entries = calloc(strings->room, sizeof *strings->entries);
	strings->slots = calloc(strings->n_slots, sizeof *strings->slots);
	if (!strings->entries || !strings->slots) {
		strings_free(strings);
		return NULL;
	}
	strings->bytes = sizeof *strings + strings->room * sizeof *strings->entries +
			 strings->n_slots * sizeof *strings->slots;
	return strings;
}

void strings_free(struct strings *strings)
{
	if (!strings)
		return;
	for (struct chunk *chunk = strings->chunks, *before; chunk; chunk = before) {
		before = chunk->before;
		free(chunk);
	}
	free(strings->entries);
	free(strings->slots);
	free(strings);
}

static uint32_t hash_of(const struct strings *strings, struct text text)
{
	return (uint32_t)XXH3_64bits_withSeed(text.at, text.len, strings->seed);
}

/* The slot that holds the text, or the free one where it would go. */
static uint32_t slot_of(const struct strings *strings, struct text text, uint32_t hash)
{
	uint32_t mask = strings->n_slots - 1;

	for (uint32_t slot = hash & mask;; slot = (slot + 1) & mask) {
		uint32_t number = strings->slots[slot];

		if (!number)
			return slot;

		const struct entry *entry = &strings->entries[number];

		if (entry->hash == hash && entry->len == text.len &&
		    memcmp(entry->at, text.at, text.len) == 0)
			return slot;
	}
}

static bool grow_slots(struct strings *strings)
{
	uint32_t n_slots = strings->n_slots * 2, mask = n_slots - 1;
	uint32_t *slots = n_slots ? calloc(n_slots, sizeof *slots) : NULL;

	if (!slots)
		return false;
	for (uint32_t number = 1; number < strings->n; number++) {
		uint32_t slot = strings->entries[number].hash & mask;

		while (slots[slot])
			slot = (slot + 1) & mask;
		slots[slot] = number;
	}
	free(strings->slots);
	strings->bytes += (n_slots - strings->n_slots) * sizeof *slots;
	strings->slots = slots;
	strings->n_slots = n_slots;
	return true;
}

static bool grow_entries(struct strings *strings)
{
	size_t room = (size_t)strings->room + strings->room / 2;

	if (room > UINT32_MAX)
		room = UINT32_MAX;

	struct entry *entries = realloc(strings->entries, room * sizeof *entries);

	if (!entries)
		return false;
	strings->bytes += (room - strings->room) * sizeof *entries;
	strings->entries = entries;
	strings->room = (uint32_t)room;
	return true;
}

/* Room for `len` bytes at the end of the last chunk. */
static bool reserve(struct strings *strings, size_t len)
{
	if (strings->chunks && strings->chunks->room - strings->chunks->used >= len)
		return true;

	/* A long text gets a chunk of its own, so that what is left of others stays small. */
	size_t room = len > CHUNK_BYTES / 4 ? len : CHUNK_BYTES - sizeof(struct chunk);
	struct chunk *chunk = malloc(sizeof *chunk + room);

	if (!chunk)
		return false;
	*chunk = (struct chunk){.before = strings->chunks, .room = room};
	strings->chunks = chunk;
	strings->bytes += sizeof *chunk + room;
	return true;
}

uint32_t strings_add(struct strings *strings, struct text text)
{
	if (text.len == 0)
		return 0;

	uint32_t hash = hash_of(strings, text);
	uint32_t slot = slot_of(strings, text, hash);

	if (strings->slots[slot])
		return strings->slots[slot];
	if (text.len > UINT32_MAX || strings->n >= NUMBERS_MOST)
		return UINT32_MAX;
	if (strings->n >= strings->n_slots / 2) {
		if (!grow_slots(strings))
			return UINT32_MAX;
		slot = slot_of(strings, text, hash);
	}
	if ((strings->n == strings->room && !grow_entries(strings)) || !reserve(strings, text.len))
		return UINT32_MAX;

	char *at = strings->chunks->bytes + strings->chunks->used;

	memcpy(at, text.at, text.len);
	strings->chunks->used += text.len;
	strings->entries[strings->n] = (struct entry){at, (uint32_t)text.len, hash};
	strings->slots[slot] = strings->n;
	return strings->n++;
}

uint32_t strings_find(const struct strings *strings, struct text text)
{
	if (text.len == 0)
		return 0;
	return strings->slots[slot_of(strings, text, hash_of(strings, text))];
}

struct text strings_text(const struct strings *strings, uint32_t number)
{
	assert(number < strings->n);
	return (struct text){strings->entries[number].at, strings->entries[number].len};
}

static bool upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

uint32_t strings_lower(struct strings *strings, uint32_t number)
{
	struct text text = strings_text(strings, number);
	size_t first = 0;

	while (first < text.len && !upper(text.at[first]))
		first++;
	if (first == text.len)
		return number;

	char small[256];
	char *low = text.len <= sizeof small ? small : malloc(text.len);

	if (!low)
		return UINT32_MAX;
	for (size_t i = 0; i < text.len; i++)
		low[i] = upper(text.at[i]) ? (char)(text.at[i] - 'A' + 'a') : text.at[i];

	uint32_t lower = strings_add(strings, (struct text){low, text.len});

	if (low != small)
		free(low);
	return lower;
}

uint32_t strings_count(const struct strings *strings)
{
	return strings->n;
}

size_t strings_bytes(const struct strings *strings)
{
	return strings->bytes;
}
