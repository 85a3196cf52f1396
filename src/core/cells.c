#include "core/cells.h"

#include <stdlib.h>
#include <string.h>

static uint32_t find(const struct cell *cell, uint64_t key)
{
	uint32_t low = 0, high = cell->n;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (cell->counts[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool cell_add(struct cell *cell, uint64_t key, int64_t n)
{
	uint32_t i = find(cell, key);
	struct count *at;

	if (n == 0)
		return true;
	if (i < cell->n && cell->counts[i].key == key) {
		at = &cell->counts[i];
		at->n = sum_wrapped(at->n, n);
		if (at->n == 0) {
			memmove(at, at + 1, (cell->n - i - 1) * sizeof *at);
			cell->n--;
		}
		return true;
	}
	if (cell->n == cell->room) {
		uint32_t room = cell->room ? cell->room + cell->room / 2 : 8;

		at = realloc(cell->counts, room * sizeof *at);
		if (!at)
			return false;
		cell->counts = at;
		cell->room = room;
	}
	at = &cell->counts[i];
	memmove(at + 1, at, (cell->n - i) * sizeof *at);
	*at = (struct count){key, n};
	cell->n++;
	return true;
}

uint32_t cells_from(const struct cells *cells, int32_t day)
{
	uint32_t low = 0, high = cells->n_days;

	/* Most of what comes is about the latest days. */
	if (high && cells->days[high - 1].day < day)
		return high;
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (cells->days[middle].day < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct cell *cells_day(struct cells *cells, int32_t day)
{
	uint32_t i = cells_from(cells, day);
	struct day_cell *at;

	if (i < cells->n_days && cells->days[i].day == day)
		return &cells->days[i].cell;
	if (cells->n_days == cells->room_days) {
		uint32_t room = cells->room_days ? cells->room_days + cells->room_days / 2 : 8;

		at = realloc(cells->days, room * sizeof *at);
		if (!at)
			return NULL;
		cells->days = at;
		cells->room_days = room;
	}
	at = &cells->days[i];
	memmove(at + 1, at, (cells->n_days - i) * sizeof *at);
	*at = (struct day_cell){.day = day};
	cells->n_days++;
	return &at->cell;
}

void cells_drop_day(struct cells *cells, int32_t day)
{
	uint32_t i = cells_from(cells, day);

	free(cells->days[i].cell.counts);
	memmove(&cells->days[i], &cells->days[i + 1],
		(cells->n_days - i - 1) * sizeof *cells->days);
	cells->n_days--;
}

int64_t cell_get(const struct cell *cell, uint64_t key)
{
	uint32_t i = find(cell, key);

	return i < cell->n && cell->counts[i].key == key ? cell->counts[i].n : 0;
}

const struct count *cell_measure(const struct cell *cell, enum measure measure, size_t *n)
{
	uint32_t first = find(cell, measure_key(measure, 0, 0));

	*n = find(cell, measure_key(measure + 1, 0, 0)) - first;
	return cell->counts + first;
}

void cells_clear(struct cells *cells)
{
	for (uint32_t i = 0; i < cells->n_days; i++)
		free(cells->days[i].cell.counts);
	free(cells->days);
	free(cells->now.counts);
	for (int i = 0; i < SETS; i++)
		ordered_clear(&cells->sets[i]);
	memset(cells, 0, sizeof *cells);
}

size_t cells_bytes(const struct cells *cells)
{
	size_t bytes = cells->room_days * sizeof *cells->days;

	for (uint32_t i = 0; i < cells->n_days; i++)
		bytes += cells->days[i].cell.room * sizeof(struct count);
	for (int i = 0; i < SETS; i++)
		bytes += (size_t)cells->sets[i].n * sizeof(struct ordered_entry);
	return bytes + cells->now.room * sizeof(struct count);
}
