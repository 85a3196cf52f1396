/*
 * rows: a table as the entries of a stream, written once and told apart by a hash each, so that
 * only what changed need be sent, in as many portions as it takes.
 */
#ifndef VENTURI_CODEC_ROWS_H
#define VENTURI_CODEC_ROWS_H

#include "codec/commands.h"
#include "venturi/err.h"
#include "venturi/fold.h"

struct rows_entry;

/* All bytes 0 is an empty one. */
struct rows {
	struct commands tails; /* of each entry what follows the key: id, names and values */
	struct rows_entry *entries;
	uint64_t *hashes; /* one an entry, over id, names and values */
	uint32_t n, room;
};

void rows_clear(struct rows *rows); /* keeps the memory */
void rows_free(struct rows *rows);

/*
 * Adds a row; its id is <row->ms>-<n>, n counting those of one ms. A text that looks like a number
 * gets the prefix `id:`. A row_fn, with a struct rows as its argument: false if memory is short.
 * Rows before the epoch are left out. Precondition: rows come in order of ms.
 */
bool rows_add(void *rows, const struct row *row);

/* Appends the XADD of one entry to a stream. */
void rows_publish(const struct rows *rows, uint32_t number, struct commands *out, struct text key);
/* Appends the XTRIM that leaves a stream the first entry of these and what is after it. */
void rows_trim(const struct rows *rows, struct commands *out, struct text key);

/*
 * Whether a stream that shows entries with these hashes becomes what the rows are by dropping the
 * first *dropped of them and adding the rows from number *kept on; else it has to be built anew.
 */
MUST_CHECK bool rows_continue(const struct rows *rows, const uint64_t *shown, uint32_t n_shown,
			      uint32_t *dropped, uint32_t *kept);

#endif
