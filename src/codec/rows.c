#include "codec/rows.h"

#include "codec/publish.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct rows_entry {
	int64_t ms;
	uint32_t number; /* among those of one ms */
	uint32_t fields;
	size_t end; /* of its tail */
};

void rows_clear(struct rows *rows)
{
	commands_clear(&rows->tails);
	rows->n = 0;
}

void rows_free(struct rows *rows)
{
	commands_free(&rows->tails);
	free(rows->entries);
	free(rows->hashes);
	*rows = (struct rows){0};
}

static bool make_room(struct rows *rows)
{
	uint32_t room = rows->room ? rows->room * 2 : 64;
	struct rows_entry *entries;
	uint64_t *hashes;

	if (rows->n < rows->room)
		return true;
	entries = realloc(rows->entries, room * sizeof *entries);
	if (!entries)
		return false;
	rows->entries = entries;
	hashes = realloc(rows->hashes, room * sizeof *hashes);
	if (!hashes)
		return false;
	rows->hashes = hashes;
	rows->room = room;
	return true;
}

static struct text id_text(const struct rows_entry *entry, char buffer[48])
{
	int len = snprintf(buffer, 48, "%lld-%u", (long long)entry->ms, (unsigned)entry->number);

	return (struct text){buffer, (size_t)len};
}

#define ID_PREFIX "id:"

/* An identifier is at most as long as a decoder's longest text. */
static void arg_identifier(struct commands *out, struct text identifier)
{
	char prefixed[sizeof ID_PREFIX + FACT_TEXT_MOST];

	if (!identifier_looks_numeric(identifier)) {
		commands_arg(out, identifier);
		return;
	}
	assert(identifier.len <= FACT_TEXT_MOST);
	memcpy(prefixed, ID_PREFIX, sizeof ID_PREFIX - 1);
	if (identifier.len)
		memcpy(prefixed + sizeof ID_PREFIX - 1, identifier.at, identifier.len);
	commands_arg(out, (struct text){prefixed, sizeof ID_PREFIX - 1 + identifier.len});
}

static void arg_cell(struct commands *out, const struct row_cell *cell)
{
	char number[NUMBER_TEXT];

	commands_arg(out, text_of(cell->name));
	if (cell->is_text)
		arg_identifier(out, cell->text);
	else
		commands_arg(out,
			     (struct text){number, number_write(cell->unit, cell->number, number)});
}

/* Its number among those of one ms. From 1 at the epoch: Redis has no id 0-0. */
static uint32_t number_of(const struct rows *rows, int64_t ms)
{
	const struct rows_entry *last = rows->n ? &rows->entries[rows->n - 1] : NULL;

	assert(ms >= 0 && (!last || ms >= last->ms));
	if (last && last->ms == ms)
		return last->number + 1;
	return ms == 0;
}

bool rows_add(void *arg, const struct row *row)
{
	struct rows *rows = arg;
	size_t begin = rows->tails.len;
	struct rows_entry *entry;
	char id[48];

	/*
	 * Redis has no id for an instant before the epoch (a day 400 days before an event of 1970).
	 */
	if (row->ms < 0)
		return true;
	if (!make_room(rows))
		return false;
	entry = &rows->entries[rows->n];
	*entry = (struct rows_entry){row->ms, number_of(rows, row->ms), (uint32_t)row->n, 0};
	commands_arg(&rows->tails, id_text(entry, id));
	for (size_t i = 0; i < row->n; i++)
		arg_cell(&rows->tails, &row->cells[i]);
	if (rows->tails.failed)
		return false;
	entry->end = rows->tails.len;
	rows->hashes[rows->n++] = XXH3_64bits(rows->tails.bytes + begin, entry->end - begin);
	return true;
}

void rows_publish(const struct rows *rows, uint32_t number, struct commands *out, struct text key)
{
	const struct rows_entry *entry = &rows->entries[number];
	size_t begin = number ? entry[-1].end : 0;
	struct commands tail = {.bytes = rows->tails.bytes + begin, .len = entry->end - begin};

	commands_begin(out, 3 + 2 * (size_t)entry->fields);
	commands_arg(out, TEXT("XADD"));
	commands_arg(out, key);
	commands_append(out, &tail);
}

void rows_trim(const struct rows *rows, struct commands *out, struct text key)
{
	char id[48];

	assert(rows->n > 0);
	commands_begin(out, 5);
	commands_arg(out, TEXT("XTRIM"));
	commands_arg(out, key);
	commands_arg(out, TEXT("MINID"));
	commands_arg(out, TEXT("="));
	commands_arg(out, id_text(&rows->entries[0], id));
}

bool rows_continue(const struct rows *rows, const uint64_t *shown, uint32_t n_shown,
		   uint32_t *dropped, uint32_t *kept)
{
	uint32_t first = 0;

	if (rows->n == 0 || n_shown == 0)
		return false;
	while (first < n_shown && shown[first] != rows->hashes[0])
		first++;
	if (first == n_shown || n_shown - first > rows->n)
		return false;
	if (memcmp(shown + first, rows->hashes, (n_shown - first) * sizeof *shown) != 0)
		return false;
	*dropped = first;
	*kept = n_shown - first;
	return true;
}
