/*
 *   slots (open addressing) ──> number ──> chunks of subjects ──> records, in order
 *                                                             └─> index by identity, if many
 *
 * Chunks never move, so a subject stays where it is.
 */
#include "venturi/store.h"

#include "core/record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define NONE          UINT32_MAX
#define CHUNK         256 /* subjects */
#define FIRST_SLOTS   256
#define FIRST_RECORDS 2
/* Fewer records than these are looked through one by one. */
#define INDEX_FROM  24
#define INDEX_SLOTS 64

/* Records of one subject by identity; at most half of the slots are taken. */
struct index {
	uint32_t n_slots; /* a power of two */
	struct record *slots[];
};

struct store {
	uint64_t seed;
	struct strings *strings;
	struct subject **chunks;
	uint32_t n_chunks;
	uint32_t n;      /* subjects */
	uint32_t *slots; /* a subject's number + 1; 0 is free */
	uint32_t n_slots;
	uint32_t subjects_most, strings_most;
	uint64_t facts;
	size_t bytes;
	unsigned char scratch[RECORD_FIELDS_MOST];
};

/* What finds a subject. Money is about nothing: its source, id and kind stand for a subject. */
struct key {
	enum fact_about about;
	struct text source_text, name_text;
	uint32_t source, name;
	int kind; /* of money; else, or if it may be any, -1 */
};

/* What malloc() takes for so many bytes: a word more, in multiples of 16. */
static size_t cost(size_t bytes)
{
	return (bytes + 8 + 15) & ~(size_t)15;
}

struct store *store_new(uint64_t seed)
{
	struct store *store = malloc(sizeof *store);

	if (!store)
		return NULL;
	memset(store, 0, offsetof(struct store, scratch));
	store->seed = seed;
	store->n_slots = FIRST_SLOTS;
	store->strings = strings_new(seed);
	store->slots = calloc(store->n_slots, sizeof *store->slots);
	if (!store->strings || !store->slots) {
		store_free(store);
		return NULL;
	}
	store->bytes = cost(sizeof *store) + cost(store->n_slots * sizeof *store->slots);
	return store;
}

static struct subject *subject_at(const struct store *store, uint32_t number)
{
	return &store->chunks[number / CHUNK][number % CHUNK];
}

void store_free(struct store *store)
{
	if (!store)
		return;
	for (uint32_t i = 0; i < store->n; i++) {
		struct subject *subject = subject_at(store, i);

		for (uint32_t k = 0; k < subject->n; k++)
			free(subject->records[k]);
		free(subject->records);
		free(subject->index);
	}
	for (uint32_t i = 0; i < store->n_chunks; i++)
		free(store->chunks[i]);
	free(store->chunks);
	free(store->slots);
	strings_free(store->strings);
	free(store);
}

void store_limit(struct store *store, uint32_t subjects, uint32_t strings)
{
	store->subjects_most = subjects;
	store->strings_most = strings;
}

/* ---- Finding a subject ---- */

static uint32_t key_hash(uint64_t seed, enum fact_about about, uint32_t source, uint32_t name)
{
	uint32_t words[] = {(uint32_t)about, source, name};

	return (uint32_t)XXH3_64bits_withSeed(words, sizeof words, seed);
}

static bool subject_is(const struct subject *subject, const struct key *key)
{
	return subject->name == key->name && subject->source == key->source &&
	       subject->about == key->about &&
	       (key->kind < 0 || subject->records[0]->kind == key->kind);
}

/* The slot that leads to the subject, or the free one where it would go. */
static uint32_t slot_of(const struct store *store, const struct key *key)
{
	uint32_t mask = store->n_slots - 1;
	uint32_t slot = key_hash(store->seed, key->about, key->source, key->name) & mask;

	while (store->slots[slot] && !subject_is(subject_at(store, store->slots[slot] - 1), key))
		slot = (slot + 1) & mask;
	return slot;
}

static struct key key_of(const struct fact *fact)
{
	struct key key = {.about = fact->about, .name_text = fact->subject, .kind = -1};

	if (fact->about == ABOUT_MONEY) {
		key.source_text = fact->source;
		key.name_text = fact->id;
		key.kind = (int)fact->kind;
	} else if (fact->about != ABOUT_SERVICE && fact->about != ABOUT_RELEASE) {
		key.source_text = fact->subject_source;
	}
	return key;
}

/* The number of the fact's subject, or NONE. Adds nothing. */
static uint32_t key_find(const struct store *store, struct key *key)
{
	key->source = strings_find(store->strings, key->source_text);
	key->name = strings_find(store->strings, key->name_text);
	if ((!key->source && key->source_text.len) || (!key->name && key->name_text.len))
		return NONE;

	return store->slots[slot_of(store, key)] - 1;
}

uint32_t store_find(const struct store *store, enum fact_about about, uint32_t source,
		    uint32_t name)
{
	struct key key = {.about = about, .source = source, .name = name, .kind = -1};

	return store->slots[slot_of(store, &key)] - 1;
}

/* ---- Finding an identity ---- */

static uint32_t identity_hash(uint32_t id_hash, uint32_t source, unsigned kind)
{
	uint32_t hash = id_hash ^ source * 0x9e3779b1u ^ kind * 0x85ebca6bu;

	/* the last steps of MurmurHash3 (Austin Appleby) */
	hash = (hash ^ hash >> 16) * 0x85ebca6bu;
	hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
	return hash ^ hash >> 16;
}

static uint64_t id_bit(uint32_t id_hash)
{
	return UINT64_C(1) << (id_hash & 63);
}

static struct record *identity_find(const struct subject *subject, const struct fact *fact,
				    uint32_t source, uint32_t id_hash)
{
	const struct index *index = subject->index;

	/* Most facts are new: what the bits rule out is not looked for in the records' memory. */
	if (!(subject->ids & id_bit(id_hash)))
		return NULL;
	if (!index) {
		for (uint32_t i = 0; i < subject->n; i++)
			if (record_is(subject->records[i], fact, source, id_hash))
				return subject->records[i];
		return NULL;
	}

	uint32_t mask = index->n_slots - 1;
	uint32_t slot = identity_hash(id_hash, source, fact->kind) & mask;

	while (index->slots[slot] && !record_is(index->slots[slot], fact, source, id_hash))
		slot = (slot + 1) & mask;
	return index->slots[slot];
}

static void index_put(struct index *index, struct record *record)
{
	uint32_t mask = index->n_slots - 1;
	uint32_t slot = identity_hash(record->id_hash, record->source, record->kind) & mask;

	while (index->slots[slot])
		slot = (slot + 1) & mask;
	index->slots[slot] = record;
}

static void index_replace(struct index *index, const struct record *old, struct record *record)
{
	uint32_t mask = index->n_slots - 1;
	uint32_t slot = identity_hash(old->id_hash, old->source, old->kind) & mask;

	while (index->slots[slot] != old)
		slot = (slot + 1) & mask;
	index->slots[slot] = record;
}

static size_t index_cost(const struct index *index)
{
	return index ? cost(sizeof *index + index->n_slots * sizeof index->slots[0]) : 0;
}

/* Sees to it that one more record finds room in the index, where the subject needs one. */
static bool index_reserve(struct store *store, struct subject *subject)
{
	uint32_t n = subject->n + 1;

	if (n <= INDEX_FROM || (subject->index && n <= subject->index->n_slots / 2))
		return true;

	uint32_t n_slots = INDEX_SLOTS;

	while (n_slots / 2 < n)
		n_slots *= 2;

	struct index *index = calloc(1, sizeof *index + n_slots * sizeof index->slots[0]);

	if (!index)
		return false;
	index->n_slots = n_slots;
	for (uint32_t i = 0; i < subject->n; i++)
		index_put(index, subject->records[i]);
	store->bytes += index_cost(index) - index_cost(subject->index);
	free(subject->index);
	subject->index = index;
	return true;
}

/* ---- Adding ---- */

static bool records_reserve(struct store *store, struct subject *subject)
{
	if (subject->n < subject->room)
		return true;

	uint32_t room = subject->room ? subject->room * 2 : FIRST_RECORDS;
	struct record **records = realloc(subject->records, room * sizeof *records);

	if (!records)
		return false;
	store->bytes += cost(room * sizeof *records);
	if (subject->room)
		store->bytes -= cost(subject->room * sizeof *records);
	subject->records = records;
	subject->room = room;
	return true;
}

/* Where the record goes: the first place whose record is not less. New ones mostly come last. */
static uint32_t place_of(const struct store *store, const struct subject *subject,
			 const struct record *record)
{
	uint32_t low = 0, high = subject->n;

	if (high && record_compare(store->strings, subject->records[high - 1], record) < 0)
		return high;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (record_compare(store->strings, subject->records[middle], record) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void records_put(const struct store *store, struct subject *subject, struct record *record)
{
	bool last = subject->n == 0 || record->time > subject->last;
	uint32_t place = last ? subject->n : place_of(store, subject, record);

	if (last)
		subject->last = record->time;
	subject->ids |= id_bit(record->id_hash);
	memmove(&subject->records[place + 1], &subject->records[place],
		(subject->n - place) * sizeof *subject->records);
	subject->records[place] = record;
	subject->n++;
}

static void records_take(const struct store *store, struct subject *subject,
			 const struct record *record)
{
	uint32_t place = place_of(store, subject, record);

	assert(subject->records[place] == record);
	subject->n--;
	memmove(&subject->records[place], &subject->records[place + 1],
		(subject->n - place) * sizeof *subject->records);
	if (subject->n)
		subject->last = subject->records[subject->n - 1]->time;
}

/* Another content of an identity that stands, and the lesser one: it takes the other's place. */
static void replace(struct store *store, struct subject *subject, struct record *standing,
		    struct record *record)
{
	records_take(store, subject, standing);
	records_put(store, subject, record);
	if (subject->index)
		index_replace(subject->index, standing, record);
	store->bytes += cost(record_size(record)) - cost(record_size(standing));
	free(standing);
}

static bool slots_reserve(struct store *store)
{
	if (store->n < store->n_slots / 2)
		return true;

	uint32_t n_slots = store->n_slots * 2, mask = n_slots - 1;
	uint32_t *slots = n_slots ? calloc(n_slots, sizeof *slots) : NULL;

	if (!slots)
		return false;
	for (uint32_t i = 0; i < store->n; i++) {
		const struct subject *subject = subject_at(store, i);
		uint32_t slot =
			key_hash(store->seed, subject->about, subject->source, subject->name) &
			mask;

		while (slots[slot])
			slot = (slot + 1) & mask;
		slots[slot] = i + 1;
	}
	store->bytes += cost(n_slots * sizeof *slots) - cost(store->n_slots * sizeof *slots);
	free(store->slots);
	store->slots = slots;
	store->n_slots = n_slots;
	return true;
}

static bool chunks_reserve(struct store *store)
{
	if (store->n < store->n_chunks * CHUNK)
		return true;

	struct subject **chunks = realloc(store->chunks, (store->n_chunks + 1) * sizeof *chunks);

	if (!chunks)
		return false;
	store->chunks = chunks;
	chunks[store->n_chunks] = malloc(CHUNK * sizeof **chunks);
	if (!chunks[store->n_chunks])
		return false;
	store->n_chunks++;
	store->bytes += cost(CHUNK * sizeof **chunks) + sizeof *chunks;
	return true;
}

/* A new subject with its first record. NONE if memory is short. */
static uint32_t subject_open(struct store *store, struct key *key, struct record *record)
{
	struct subject subject = {.about = key->about};

	key->source = subject.source = strings_add(store->strings, key->source_text);
	key->name = subject.name = strings_add(store->strings, key->name_text);
	if (subject.source == UINT32_MAX || subject.name == UINT32_MAX || !slots_reserve(store) ||
	    !chunks_reserve(store) || !records_reserve(store, &subject))
		return NONE;
	records_put(store, &subject, record);
	store->slots[slot_of(store, key)] = store->n + 1;
	*subject_at(store, store->n) = subject;
	return store->n++;
}

/* Whether the fact's texts would make more strings than there may be. */
static bool too_many_strings(const struct store *store, const struct fact *fact,
			     const struct key *key)
{
	const struct text texts[] = {key->source_text, key->name_text, fact->source,
				     fact->subject_source};
	uint64_t n = strings_count(store->strings);
	const size_t n_texts = sizeof texts / sizeof *texts;

	if (!store->strings_most || n + n_texts + fact->n <= store->strings_most)
		return false;
	for (size_t i = 0; i < n_texts; i++)
		n += texts[i].len && !strings_find(store->strings, texts[i]);
	for (size_t i = 0; i < fact->n; i++)
		n += fact->fields[i].text.len &&
		     !strings_find(store->strings, fact->fields[i].text);
	/* The absent text is no string. */
	return n - 1 > store->strings_most && n > strings_count(store->strings);
}

/* A fact of a subject that is known; false if memory is short. */
static bool subject_add(struct store *store, struct subject *subject, struct record *record)
{
	if (!records_reserve(store, subject) || !index_reserve(store, subject))
		return false;
	records_put(store, subject, record);
	if (subject->index)
		index_put(subject->index, record);
	return true;
}

static bool over_limit(const struct store *store, const struct fact *fact, const struct key *key,
		       uint32_t number)
{
	if (number == NONE && store->subjects_most && store->n >= store->subjects_most)
		return true;
	return too_many_strings(store, fact, key);
}

enum outcome store_add(struct store *store, const struct fact *fact, uint32_t *subject,
		       const struct record **record)
{
	struct key key = key_of(fact);
	uint32_t number = key_find(store, &key);
	uint32_t source = strings_find(store->strings, fact->source);
	uint32_t id_hash = (uint32_t)XXH3_64bits_withSeed(fact->id.at, fact->id.len, store->seed);
	struct record *standing = NULL;

	if (number != NONE)
		standing = identity_find(subject_at(store, number), fact, source, id_hash);
	if (standing) {
		int order = record_content_compare(store->strings, fact, standing);

		if (order >= 0)
			return order ? STORE_CONFLICT_STANDS : STORE_DUPLICATE;
	}
	if (over_limit(store, fact, &key, number))
		return STORE_OVER_LIMIT;

	struct record *made = record_make(store->strings, fact, id_hash, store->scratch);

	if (!made)
		return STORE_NO_MEMORY;
	if (standing) {
		replace(store, subject_at(store, number), standing, made);
		subject_at(store, number)->replaced++;
	} else {
		bool added;

		if (number == NONE)
			added = (number = subject_open(store, &key, made)) != NONE;
		else
			added = subject_add(store, subject_at(store, number), made);
		if (!added) {
			free(made);
			return STORE_NO_MEMORY;
		}
		store->facts++;
		store->bytes += cost(record_size(made));
	}
	if (subject)
		*subject = number;
	if (record)
		*record = made;
	return standing ? STORE_CONFLICT_TAKEN : STORE_ADDED;
}

struct strings *store_strings(const struct store *store)
{
	return store->strings;
}

uint32_t store_subjects(const struct store *store)
{
	return store->n;
}

const struct subject *store_subject(const struct store *store, uint32_t number)
{
	assert(number < store->n);
	return subject_at(store, number);
}

uint64_t store_facts(const struct store *store)
{
	return store->facts;
}

size_t store_bytes(const struct store *store)
{
	return store->bytes + strings_bytes(store->strings);
}
