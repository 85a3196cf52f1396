/*
 * lookup: finds a row of a fixed table (of at most 255) by its name, in a few nanoseconds whether
 * it is there or not.
 *
 *   slots:  . . 7 . 0 3 . . . 12 …      the row whose name hashed there or before
 */
#ifndef VENTURI_CODEC_LOOKUP_H
#define VENTURI_CODEC_LOOKUP_H

#include "venturi/text.h"

#define LOOKUP_SLOTS 512 /* a power of two, at least twice as many as names */
#define LOOKUP_NONE  255

struct lookup {
	const char *rows; /* borrowed */
	size_t row_size;
	struct {
		uint8_t row; /* LOOKUP_NONE: free */
		uint8_t len; /* of its name: most that differ are told apart by it */
	} slots[LOOKUP_SLOTS];
};

/*
 * A table of n rows of `row_size` bytes, each of which begins with a `struct text`, its name. The
 * names are distinct, not empty and shorter than 256 bytes; the table outlives the lookup.
 */
void lookup_init(struct lookup *lookup, const void *rows, size_t row_size, size_t n);

/* The number of the row; LOOKUP_NONE if it is not there. */
unsigned lookup_find(const struct lookup *lookup, struct text name);

#endif
