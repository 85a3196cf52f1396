#include "codec/lookup.h"

#include <assert.h>
#include <string.h>

/* Names differ in length and at their ends; reading all of a name would cost more than it saves. */
static unsigned name_hash(struct text name)
{
	const unsigned char *at = (const unsigned char *)name.at;

	unsigned ends = at[0] * 29u + at[name.len - 1] * 5u;

	return (unsigned)name.len * 37u + at[name.len / 2] * 13u + ends;
}

static const struct text *row_name(const struct lookup *lookup, unsigned row)
{
	return (const struct text *)(const void *)(lookup->rows + row * lookup->row_size);
}

void lookup_init(struct lookup *lookup, const void *rows, size_t row_size, size_t n)
{
	assert(n < LOOKUP_NONE && n <= LOOKUP_SLOTS / 2);
	lookup->rows = rows;
	lookup->row_size = row_size;
	memset(lookup->slots, LOOKUP_NONE, sizeof lookup->slots);
	for (unsigned row = 0; row < n; row++) {
		unsigned slot = name_hash(*row_name(lookup, row)) % LOOKUP_SLOTS;

		while (lookup->slots[slot] != LOOKUP_NONE)
			slot = (slot + 1) % LOOKUP_SLOTS;
		lookup->slots[slot] = (uint8_t)row;
	}
}

unsigned lookup_find(const struct lookup *lookup, struct text name)
{
	if (name.len == 0)
		return LOOKUP_NONE;
	for (unsigned slot = name_hash(name) % LOOKUP_SLOTS;; slot = (slot + 1) % LOOKUP_SLOTS) {
		unsigned row = lookup->slots[slot];

		if (row == LOOKUP_NONE)
			return LOOKUP_NONE;
		const struct text *known = row_name(lookup, row);
		if (known->len == name.len && memcmp(known->at, name.at, name.len) == 0)
			return row;
	}
}
