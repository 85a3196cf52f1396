/*
 * cells: the numbers of one scope: a bag of integers a local day, one for now, and the sets in
 * order. Adding and taking back are exact, so nothing here remembers in which order it was told.
 */
#ifndef VENTURI_CORE_CELLS_H
#define VENTURI_CORE_CELLS_H

#include "core/measure.h"
#include "venturi/err.h"
#include "venturi/ordered.h"
#include <stddef.h>

struct count {
	uint64_t key;
	int64_t n; /* never 0 */
};

/*
 * Sums of ms wrap around: that too is taken back exactly, and a difference of two of them that fits
 * is right though they did not (the starts of six million items are beyond 63 bits).
 */
static inline int64_t sum_wrapped(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* Counts ascend by key. All bytes 0 is an empty cell. */
struct cell {
	uint32_t n, room;
	struct count *counts;
};

struct day_cell {
	int32_t day;
	struct cell cell;
};

/* Days ascend. All bytes 0 is a scope without a number. */
struct cells {
	struct cell now;
	struct day_cell *days;
	uint32_t n_days, room_days;
	struct ordered sets[SETS];
};

void cells_clear(struct cells *cells);

/*
 * The cell of a day, made if it is not there: valid until the next call for these cells. NULL if
 * memory is short. When the last count of a day was taken back, cells_drop_day() leaves no trace of
 * it.
 */
struct cell *cells_day(struct cells *cells, int32_t day);
void cells_drop_day(struct cells *cells, int32_t day);

/* Adds n (may be negative) to a key. False if memory is short: nothing changed. */
MUST_CHECK bool cell_add(struct cell *cell, uint64_t key, int64_t n);

/* The index of the first day that is not before the given one. */
uint32_t cells_from(const struct cells *cells, int32_t day);

/* 0 where the key is not there. */
int64_t cell_get(const struct cell *cell, uint64_t key);
/* The counts of one measure: the first of them, and how many. */
const struct count *cell_measure(const struct cell *cell, enum measure measure, size_t *n);

size_t cells_bytes(const struct cells *cells);

#endif
