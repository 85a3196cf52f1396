/*
 * store: the set of accepted facts, the only state there is. Facts lie with their subject, in
 * order; one identity (subject, source, id, kind) stands once.
 *
 *   store ─> strings
 *         └> subjects, found by (about, source, name) ─> records in order:
 *                                                                  time, kind, sequence, source, id
 *
 * It knows nothing of the configuration or of now.
 */
#ifndef VENTURI_STORE_H
#define VENTURI_STORE_H

#include "venturi/fact.h"
#include "venturi/strings.h"

struct store;

/* A fact at rest. Its texts are numbers of the store's strings, but for the id and the sequence. */
struct record {
	int64_t time;
	uint32_t source;
	uint32_t subject_source;
	uint32_t id_hash;
	uint16_t id_len, sequence_len, fields_len;
	uint8_t kind;
	char bytes[]; /* id, sequence, fields */
};

struct text record_id(const struct record *record);
struct text record_sequence(const struct record *record);

/*
 * One value of a record. A list is told as one value an element; an empty list as one with string
 * 0.
 */
struct value {
	enum field field;
	uint32_t string; /* TEXT, LIST */
	int64_t number;  /* NUMBER, MOMENT, FLAG */
};

/* Walks the values, ascending by field: *at is 0 at first. False after the last. */
bool record_next(const struct record *record, size_t *at, struct value *value);
/* The string of a text field; 0 where the record carries none. */
uint32_t record_string(const struct record *record, enum field field);
bool record_number(const struct record *record, enum field field, int64_t *number);

/*
 * A subject: what facts are about. Money has a subject for each fact, known by the fact's source,
 * id and kind: those are the subject's source and name, and the kind of its one record. Subjects
 * stay where they are; their records don't.
 */
struct subject {
	enum fact_about about;
	uint32_t source; /* 0 where the subject is known by its name alone (services, releases) */
	uint32_t name;
	uint32_t n, room;
	uint32_t replaced; /* how often one of its facts was replaced by an earlier one */
	int64_t last;      /* the time of its last record */
	uint64_t ids;      /* bit (id_hash % 64) is set for each record, now or before */
	struct record **records; /* in order; owned by the store */
	struct index *index;     /* by identity, where there are many */
};

/* `seed` keys the hash tables. NULL if memory is short. */
struct store *store_new(uint64_t seed);
void store_free(struct store *store);

/*
 * Limits against floods: facts of new subjects, or with new strings, beyond them are OVER_LIMIT. 0
 * = none.
 */
void store_limit(struct store *store, uint32_t subjects, uint32_t strings);

enum outcome {
	STORE_ADDED,
	STORE_DUPLICATE,       /* the same identity and content stands */
	STORE_CONFLICT_STANDS, /* another content stands: nothing changed */
	STORE_CONFLICT_TAKEN,  /* this one is earlier and stands now */
	STORE_OVER_LIMIT,
	STORE_NO_MEMORY /* nothing changed */
};

/*
 * Adds a fact. With ADDED and CONFLICT_TAKEN the set has changed: *subject is the number of its
 * subject, *record the fact at rest (to be packed; it lives until it is replaced). Either may be
 * NULL.
 */
MUST_CHECK enum outcome store_add(struct store *store, const struct fact *fact, uint32_t *subject,
				  const struct record **record);

struct strings *store_strings(const struct store *store);
uint32_t store_subjects(const struct store *store);
const struct subject *store_subject(const struct store *store, uint32_t number);
/* UINT32_MAX where there is none. Of money with one source and id, but several kinds: any. */
uint32_t store_find(const struct store *store, enum fact_about about, uint32_t source,
		    uint32_t name);
uint64_t store_facts(const struct store *store);
size_t store_bytes(const struct store *store);

/*
 * The order of facts of one subject: time, kind rank, sequence, source, id. Of two contents of one
 * identity the lesser stands: by time, subject source and sequence as bytes, then value by value:
 * the lesser field, then text as bytes or number; what ends first is less.
 */
int record_compare(const struct strings *strings, const struct record *a, const struct record *b);

#endif
