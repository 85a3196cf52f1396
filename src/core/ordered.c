#include "venturi/ordered.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MOST  512
#define BLOCK_FIRST 4

/* None is ever empty. */
struct ordered_block {
	struct ordered_entry *entries;
	uint32_t n, room;
};

struct place {
	uint32_t block, at;
};

void ordered_clear(struct ordered *ordered)
{
	for (uint32_t i = 0; i < ordered->n_blocks; i++)
		free(ordered->blocks[i].entries);
	free(ordered->blocks);
	*ordered = (struct ordered){0};
}

static int compare(struct ordered_entry a, struct ordered_entry b)
{
	if (a.at != b.at)
		return a.at < b.at ? -1 : 1;
	if (a.subject != b.subject)
		return a.subject < b.subject ? -1 : 1;
	return (a.life > b.life) - (a.life < b.life);
}

/* The first entry that is not less than `key`; block == n_blocks where all are. */
static struct place lower_bound(const struct ordered *ordered, struct ordered_entry key)
{
	uint32_t low = 0, high = ordered->n_blocks;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct ordered_block *block = &ordered->blocks[middle];

		if (compare(block->entries[block->n - 1], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == ordered->n_blocks)
		return (struct place){low, 0};

	const struct ordered_block *block = &ordered->blocks[low];
	uint32_t at = 0, end = block->n;

	while (at < end) {
		uint32_t middle = at + (end - at) / 2;

		if (compare(block->entries[middle], key) < 0)
			at = middle + 1;
		else
			end = middle;
	}
	return (struct place){low, at};
}

static bool block_reserve(struct ordered_block *block, uint32_t n)
{
	if (n <= block->room)
		return true;

	uint32_t room = block->room ? block->room : BLOCK_FIRST;

	while (room < n)
		room *= 2;

	struct ordered_entry *entries = realloc(block->entries, room * sizeof *entries);

	if (!entries)
		return false;
	block->entries = entries;
	block->room = room;
	return true;
}

/* A new block before `where`, with room for `n` entries and none in it yet. */
static bool block_open(struct ordered *ordered, uint32_t where, uint32_t n)
{
	if (ordered->n_blocks == ordered->room) {
		uint32_t room = ordered->room ? ordered->room * 2 : 1;
		struct ordered_block *blocks = realloc(ordered->blocks, room * sizeof *blocks);

		if (!blocks)
			return false;
		ordered->blocks = blocks;
		ordered->room = room;
	}

	struct ordered_block block = {0};

	if (!block_reserve(&block, n))
		return false;
	memmove(&ordered->blocks[where + 1], &ordered->blocks[where],
		(ordered->n_blocks - where) * sizeof block);
	ordered->blocks[where] = block;
	ordered->n_blocks++;
	return true;
}

static void block_close(struct ordered *ordered, uint32_t where)
{
	free(ordered->blocks[where].entries);
	ordered->n_blocks--;
	memmove(&ordered->blocks[where], &ordered->blocks[where + 1],
		(ordered->n_blocks - where) * sizeof *ordered->blocks);
}

static bool block_split(struct ordered *ordered, uint32_t where)
{
	if (!block_open(ordered, where + 1, BLOCK_MOST))
		return false;

	struct ordered_block *left = &ordered->blocks[where], *right = left + 1;

	right->n = left->n / 2;
	left->n -= right->n;
	memcpy(right->entries, left->entries + left->n, right->n * sizeof *right->entries);
	return true;
}

/* Where the entry goes, with room for it there; what comes at the end fills blocks to the brim. */
static bool make_room(struct ordered *ordered, struct ordered_entry entry, struct place *place)
{
	*place = lower_bound(ordered, entry);
	if (place->block == ordered->n_blocks) {
		if (ordered->n_blocks == 0 || ordered->blocks[place->block - 1].n == BLOCK_MOST)
			return block_open(ordered, place->block, 1);
		place->block--;
		place->at = ordered->blocks[place->block].n;
	}

	struct ordered_block *block = &ordered->blocks[place->block];

	if (block->n < BLOCK_MOST)
		return block_reserve(block, block->n + 1);
	if (!block_split(ordered, place->block))
		return false;
	block = &ordered->blocks[place->block];
	if (place->at > block->n) {
		place->at -= block->n;
		place->block++;
	}
	return true;
}

bool ordered_add(struct ordered *ordered, struct ordered_entry entry)
{
	struct place place;

	if (!make_room(ordered, entry, &place))
		return false;

	struct ordered_block *block = &ordered->blocks[place.block];

	memmove(&block->entries[place.at + 1], &block->entries[place.at],
		(block->n - place.at) * sizeof entry);
	block->entries[place.at] = entry;
	block->n++;
	ordered->n++;
	return true;
}

/* Joins two small neighbours, so that what is taken out leaves no crumbs. No memory: they stay. */
static void join(struct ordered *ordered, uint32_t where)
{
	if (where + 1 >= ordered->n_blocks)
		return;

	struct ordered_block *left = &ordered->blocks[where], *right = left + 1;

	if (left->n + right->n > BLOCK_MOST / 2 || !block_reserve(left, left->n + right->n))
		return;
	memcpy(left->entries + left->n, right->entries, right->n * sizeof *right->entries);
	left->n += right->n;
	block_close(ordered, where + 1);
}

bool ordered_remove(struct ordered *ordered, struct ordered_entry entry)
{
	struct place place = lower_bound(ordered, entry);

	if (place.block == ordered->n_blocks)
		return false;

	struct ordered_block *block = &ordered->blocks[place.block];

	if (compare(block->entries[place.at], entry) != 0)
		return false;
	block->n--;
	ordered->n--;
	memmove(&block->entries[place.at], &block->entries[place.at + 1],
		(block->n - place.at) * sizeof entry);
	if (block->n == 0) {
		block_close(ordered, place.block);
	} else {
		join(ordered, place.block);
		if (place.block > 0)
			join(ordered, place.block - 1);
	}
	return true;
}

const struct ordered_entry *ordered_at(const struct ordered *ordered, int64_t rank)
{
	assert(rank >= 0 && rank < ordered->n);

	const struct ordered_block *block = ordered->blocks;

	while (rank >= block->n)
		rank -= block++->n;
	return &block->entries[rank];
}

int64_t ordered_below(const struct ordered *ordered, int64_t at)
{
	struct place place = lower_bound(ordered, (struct ordered_entry){.at = at});
	int64_t n = place.at;

	for (uint32_t i = 0; i < place.block; i++)
		n += ordered->blocks[i].n;
	return n;
}
