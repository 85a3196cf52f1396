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
	for (unsigned slot = 0; slot < LOOKUP_SLOTS; slot++)
		lookup->slots[slot].row = LOOKUP_NONE;
	for (unsigned row = 0; row < n; row++) {
		struct text name = *row_name(lookup, row);
		unsigned slot = name_hash(name) % LOOKUP_SLOTS;

		assert(name.len > 0 && name.len <= UINT8_MAX);
		while (lookup->slots[slot].row != LOOKUP_NONE)
			slot = (slot + 1) % LOOKUP_SLOTS;
		lookup->slots[slot].row = (uint8_t)row;
		lookup->slots[slot].len = (uint8_t)name.len;
	}
}

static uint64_t eight(const char *at)
{
	uint64_t bytes;

	memcpy(&bytes, at, sizeof bytes);
	return bytes;
}

static uint32_t four(const char *at)
{
	uint32_t bytes;

	memcpy(&bytes, at, sizeof bytes);
	return bytes;
}

/* memcmp() for short texts, without its call: words that overlap at the end. */
static bool bytes_same(const char *a, const char *b, size_t len)
{
	if (len < 4)
		return a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1];
	if (len < 8)
		return four(a) == four(b) && four(a + len - 4) == four(b + len - 4);
	for (size_t i = 0; i + 8 < len; i += 8)
		if (eight(a + i) != eight(b + i))
			return false;
	return eight(a + len - 8) == eight(b + len - 8);
}

unsigned lookup_find(const struct lookup *lookup, struct text name)
{
	if (name.len == 0)
		return LOOKUP_NONE;
	for (unsigned slot = name_hash(name) % LOOKUP_SLOTS;; slot = (slot + 1) % LOOKUP_SLOTS) {
		unsigned row = lookup->slots[slot].row;

		if (row == LOOKUP_NONE)
			return LOOKUP_NONE;
		if (lookup->slots[slot].len == name.len &&
		    bytes_same(row_name(lookup, row)->at, name.at, name.len))
			return row;
	}
}
