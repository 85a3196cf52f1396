#include "daemon/publisher_parts.h"

#include <stdlib.h>
#include <string.h>

/* Rows of so many tables are computed in one go, so that the loop lives. */
#define TABLES_AT_ONCE 40

static struct text key_of(const struct publisher *p, uint32_t scope, unsigned number)
{
	return keys_table(p->keys, model_scope(p->model, scope)->id, table_key(number));
}

uint32_t tables_pending(const struct publisher *p, uint32_t scope, unsigned tables)
{
	uint32_t pending = 0;

	for (unsigned i = 0; i < TABLE_KEYS; i++) {
		struct table_key key = table_key(i);

		if (tables & 1u << key.table &&
		    fold_has_table(p->fold, scope, key.table, key.window))
			pending |= UINT32_C(1) << i;
	}
	return pending;
}

/* The scope's next table whose turn it is; TABLE_KEYS: none. */
static unsigned next_due(const struct scope_shown *shown, const struct moment *moment)
{
	int64_t spacing = moment->catching_up ? TABLE_SPACING_CATCHING_UP : TABLE_SPACING;

	if (!shown->pending)
		return TABLE_KEYS;
	for (unsigned i = 0; i < TABLE_KEYS; i++)
		if (shown->pending >> i & 1 &&
		    moment->monotonic - shown->tables[i].looked >= spacing)
			return i;
	return TABLE_KEYS;
}

bool tables_due(const struct publisher *p, const struct moment *moment)
{
	if (p->build.running)
		return true;
	for (uint32_t i = 0; i < p->n; i++)
		if (next_due(&p->scopes[i], moment) < TABLE_KEYS)
			return true;
	return false;
}

/* Redis will show these rows. Where memory is short that is not remembered. */
static void remember(struct table_shown *shown, const struct rows *rows)
{
	uint64_t *hashes = realloc(shown->hashes, (rows->n + 1) * sizeof *hashes);

	shown->known = hashes != NULL;
	if (!hashes)
		return;
	if (rows->n)
		memcpy(hashes, rows->hashes, rows->n * sizeof *hashes);
	shown->hashes = hashes;
	shown->n = rows->n;
}

/* Says which transaction the table was computed at. The last command about a table. */
static void put_cut(struct publisher *p, const struct filling *to, uint32_t scope, unsigned number,
		    uint64_t cut, int64_t as_of)
{
	struct text tables = keys_fixed(p->keys, KEY_TABLES);

	publisher_mark(p, to, 0, PART_GLOBALS);
	publish_table_cut(to->out, tables, key_of(p, scope, number), cut, as_of);
	publisher_renew(p, to, tables, &p->tables_renewed);
}

static void swap_in(struct publisher *p, const struct filling *to)
{
	struct build *build = &p->build;
	struct table_shown *shown = &p->scopes[build->scope].tables[build->number];
	struct text key = key_of(p, build->scope, build->number);

	if (build->rows.n == 0) {
		publish_unlink(to->out, key);
	} else {
		commands_begin(to->out, 3);
		commands_arg(to->out, TEXT("RENAME"));
		commands_arg(to->out, keys_fixed(p->keys, KEY_BUILD));
		commands_arg(to->out, key);
		shown->renewed = NEVER;
		publisher_renew(p, to, key, &shown->renewed);
	}
	put_cut(p, to, build->scope, build->number, build->cut, build->as_of);
	remember(shown, &build->rows);
	shown->anew = true;
	build->running = false;
}

/* Adds rows to the table that is being built, as many as fit. True if it is done. */
static bool build_on(struct publisher *p, const struct filling *to)
{
	struct build *build = &p->build;
	struct text temporary = keys_fixed(p->keys, KEY_BUILD);

	publisher_mark(p, to, build->scope, build->number);
	if (build->next == 0 && build->rows.n)
		publish_unlink(to->out, temporary);
	while (build->next < build->rows.n && filling_used(to) < to->budget)
		rows_publish(&build->rows, build->next++, to->out, temporary);
	if (build->next < build->rows.n)
		return false;
	swap_in(p, to);
	return true;
}

/* Appends to what the table shows, where that makes it what it is to be, and fits. */
static bool append(struct publisher *p, const struct filling *to, uint32_t scope, unsigned number,
		   const struct rows *rows)
{
	struct table_shown *shown = &p->scopes[scope].tables[number];
	struct text key = key_of(p, scope, number);
	uint32_t dropped, kept;

	if (!shown->known || !rows_continue(rows, shown->hashes, shown->n, &dropped, &kept) ||
	    filling_used(to) + (rows->n - kept) * ROW_CELLS_MOST > to->budget)
		return false;
	publisher_mark(p, to, scope, number);
	for (uint32_t i = kept; i < rows->n; i++)
		rows_publish(rows, i, to->out, key);
	if (dropped)
		rows_trim(rows, to->out, key);
	put_cut(p, to, scope, number, to->cut, fold_now(p->fold));
	remember(shown, rows);
	shown->anew = false;
	return true;
}

static bool shows(const struct table_shown *shown, const struct rows *rows)
{
	return shown->known && shown->n == rows->n &&
	       (rows->n == 0 ||
		memcmp(shown->hashes, rows->hashes, rows->n * sizeof *rows->hashes) == 0);
}

/* True if it is done with that table for now; else the build goes on in the next transaction. */
static bool publish_table(struct publisher *p, const struct filling *to, uint32_t scope,
			  unsigned number)
{
	struct scope_shown *shown = &p->scopes[scope];
	struct table_key key = table_key(number);
	struct build *build = &p->build;

	shown->tables[number].looked = to->moment.monotonic;
	rows_clear(&build->rows);
	if (!fold_table(p->fold, scope, key.table, key.window, rows_add, &build->rows))
		return true; /* memory is short: it stays pending */
	shown->pending &= ~(UINT32_C(1) << number);
	if (shows(&shown->tables[number], &build->rows) ||
	    append(p, to, scope, number, &build->rows))
		return true;
	build->running = true;
	build->scope = scope;
	build->number = number;
	build->next = 0;
	build->cut = to->cut;
	build->as_of = fold_now(p->fold);
	return build_on(p, to);
}

bool tables_publish(struct publisher *p, const struct filling *to)
{
	unsigned looked = 0;

	if (p->build.running && (filling_used(to) >= to->budget || !build_on(p, to)))
		return true;
	for (uint32_t i = 0; i < p->n; i++) {
		uint32_t scope = (p->table_cursor + i) % p->n;
		unsigned number;

		while ((number = next_due(&p->scopes[scope], &to->moment)) < TABLE_KEYS) {
			if (filling_used(to) < to->budget && looked++ < TABLES_AT_ONCE &&
			    publish_table(p, to, scope, number))
				continue;
			p->table_cursor = scope;
			return true;
		}
	}
	return false;
}

void tables_renew(struct publisher *p, const struct filling *to, uint32_t scope)
{
	for (unsigned i = 0; i < TABLE_KEYS; i++) {
		struct table_shown *shown = &p->scopes[scope].tables[i];

		if (!shown->known || shown->n == 0 || !publisher_renewal_due(p, to, shown->renewed))
			continue;
		publisher_mark(p, to, scope, i);
		publisher_renew(p, to, key_of(p, scope, i), &shown->renewed);
	}
}

void table_forget(struct publisher *p, uint32_t scope, unsigned number)
{
	struct scope_shown *shown = &p->scopes[scope];
	struct build *build = &p->build;

	shown->tables[number].known = false;
	shown->pending |=
		tables_pending(p, scope, 1u << table_key(number).table) & UINT32_C(1) << number;
	if (build->running && build->scope == scope && build->number == number)
		build->running = false;
}

void table_failed(struct publisher *p, uint32_t scope, unsigned number)
{
	struct table_shown *shown = &p->scopes[scope].tables[number];

	/* At once; but what fails although it was built anew is tried only as often as any. */
	if (!shown->anew)
		shown->looked = NEVER;
	table_forget(p, scope, number);
}
