/*
 * ordered: a multiset of entries in order, for ranks: ages (a quantile of ages is one of starts),
 * the oldest open items, the latest finished ones.
 *
 *   blocks ─> [ n | e e e e ] [ n | e e e … ] [ n | e … ]   at most 512 entries each, all in order
 *
 * O(sqrt n) or better for each verb; 16 bytes an entry.
 */
#ifndef VENTURI_ORDERED_H
#define VENTURI_ORDERED_H

#include "venturi/err.h"
#include <stdint.h>

/* In order of `at`, then `subject`, then `life`. */
struct ordered_entry {
	int64_t at;
	uint32_t subject;
	uint32_t life;
};

/* All bytes 0 is an empty one. */
struct ordered {
	struct ordered_block *blocks;
	uint32_t n_blocks, room;
	int64_t n;
};

void ordered_clear(struct ordered *ordered);

/* False if memory is short: nothing has changed then. */
MUST_CHECK bool ordered_add(struct ordered *ordered, struct ordered_entry entry);
/* False if it is not there. */
bool ordered_remove(struct ordered *ordered, struct ordered_entry entry);

/* The entry of a rank from 0 to n - 1, ascending. */
const struct ordered_entry *ordered_at(const struct ordered *ordered, int64_t rank);
/* How many entries have `at` below the given one. */
int64_t ordered_below(const struct ordered *ordered, int64_t at);

#endif
