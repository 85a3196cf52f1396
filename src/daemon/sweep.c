#include "daemon/sweep.h"

#include "codec/publish.h"
#include <stdlib.h>
#include <string.h>

void sweep_start(struct sweep *sweep)
{
	sweep->running = true;
	sweep->cursor = 0;
	sweep->len = sweep->taken = 0;
}

void sweep_stop(struct sweep *sweep)
{
	sweep->running = false;
	sweep->len = sweep->taken = 0;
}

void sweep_free(struct sweep *sweep)
{
	free(sweep->waiting);
	*sweep = (struct sweep){0};
}

bool sweep_wants(const struct sweep *sweep, uint64_t *cursor)
{
	if (!sweep->running || sweep_waits(sweep))
		return false;
	*cursor = sweep->cursor;
	return true;
}

/* Whether the scope, which is there, has that key. */
static bool is_key_of(struct text key, uint32_t number, struct keys *keys,
		      const struct model *model, const struct fold *fold)
{
	const char *id = model_scope(model, number)->id;

	for (enum window window = 0; window < PANE_COUNT; window++)
		if (text_same(key, keys_pane(keys, id, window)))
			return true;
	for (unsigned i = 0; i < TABLE_KEYS; i++) {
		struct table_key table = table_key(i);

		if (fold_has_table(fold, number, table.table, table.window) &&
		    text_same(key, keys_table(keys, id, table)))
			return true;
	}
	return false;
}

/* False if memory is short. */
static bool keep(struct sweep *sweep, struct text key)
{
	size_t need = sweep->len + sizeof key.len + key.len;

	if (need > sweep->room) {
		char *grown = realloc(sweep->waiting, need * 2);

		if (!grown)
			return false;
		sweep->waiting = grown;
		sweep->room = need * 2;
	}
	memcpy(sweep->waiting + sweep->len, &key.len, sizeof key.len);
	memcpy(sweep->waiting + sweep->len + sizeof key.len, key.at, key.len);
	sweep->len = need;
	return true;
}

void sweep_found(struct sweep *sweep, uint64_t cursor, const struct text *found, size_t n,
		 struct keys *keys, const struct model *model, const struct fold *fold)
{
	struct text id;

	if (!sweep->running)
		return;
	for (size_t i = 0; i < n; i++) {
		uint32_t scope;

		if (!keys_scope_of(keys, found[i], &id))
			continue;
		scope = model_scope_named(model, id);
		if (scope != UINT32_MAX && is_key_of(found[i], scope, keys, model, fold))
			continue;
		if (!keep(sweep, found[i]))
			return; /* the same portion again, later */
	}
	sweep->cursor = cursor;
	sweep->running = cursor != 0;
}

bool sweep_waits(const struct sweep *sweep)
{
	return sweep->taken < sweep->len;
}

bool sweep_unlink(struct sweep *sweep, struct commands *out, unsigned most)
{
	for (; most > 0 && sweep_waits(sweep); most--) {
		struct text key;

		memcpy(&key.len, sweep->waiting + sweep->taken, sizeof key.len);
		key.at = sweep->waiting + sweep->taken + sizeof key.len;
		sweep->taken += sizeof key.len + key.len;
		publish_unlink(out, key);
	}
	if (sweep_waits(sweep))
		return true;
	sweep->len = sweep->taken = 0;
	return false;
}
