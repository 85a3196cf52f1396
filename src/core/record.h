/* record: what the store does with a single fact at rest, beside what venturi/store.h tells. */
#ifndef VENTURI_CORE_RECORD_H
#define VENTURI_CORE_RECORD_H

#include "venturi/store.h"

/* Room that the values of any fact fit in. */
#define RECORD_FIELDS_MOST UINT16_MAX

/*
 * A record of the fact, its texts added to the strings; the caller frees it. `scratch` has
 * RECORD_FIELDS_MOST bytes. NULL if memory is short.
 */
struct record *record_make(struct strings *strings, const struct fact *fact, uint32_t id_hash,
			   unsigned char *scratch);

/* Whether the record has the fact's identity, but for the subject. `source` is the fact's. */
bool record_is(const struct record *record, const struct fact *fact, uint32_t source,
	       uint32_t id_hash);

/*
 * Orders a fact and a record of one identity by their contents: time, subject source, sequence,
 * values (by field, then as bytes or as numbers; what ends first is less). 0: the same content.
 */
int record_content_compare(const struct strings *strings, const struct fact *fact,
			   const struct record *record);

size_t record_size(const struct record *record);

#endif
