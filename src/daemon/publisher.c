#include "daemon/publisher_parts.h"

#include <stdlib.h>
#include <string.h>

/* Scopes without news are refreshed in turn: each one's turn comes every so often. All in ms. */
#define REFRESH_LEAST   10000
#define REFRESH_A_SCOPE 100

/* While catching up, scopes are published so often. */
#define ROUND_SPACING 5000

#define RENEW_AFTER_MOST INT64_C(3600000)
#define UNLINKS_AT_ONCE  200
#define SCOPES_AT_ONCE   40
#define STAMP_FIELDS     5
#define ALL_TABLES       ((1u << TABLE_COUNT) - 1)

struct publisher *publisher_new(const struct publisher_options *options)
{
	struct publisher *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->prefix = strdup(options->prefix);
	if (!p->prefix) {
		free(p);
		return NULL;
	}
	p->ttl = options->redis_ttl;
	p->renew_after = p->ttl / 4 < RENEW_AFTER_MOST ? p->ttl / 4 : RENEW_AFTER_MOST;
	for (enum window window = 0; window < PANE_OUTLOOK; window++) {
		p->scope_fields += STAMP_FIELDS;
		for (enum metric metric = 0; metric < METRIC_COUNT; metric++)
			p->scope_fields += metric_in(metric, window);
	}
	return p;
}

static void drop_fold(struct publisher *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		for (unsigned t = 0; t < TABLE_KEYS; t++)
			free(p->scopes[i].tables[t].hashes);
	free(p->scopes);
	keys_free(p->keys);
	p->scopes = NULL;
	p->keys = NULL;
	p->model = NULL;
	p->fold = NULL;
	p->n = 0;
	p->n_marks = 0;
	p->build.running = false;
	sweep_stop(&p->sweep);
}

void publisher_free(struct publisher *p)
{
	if (!p)
		return;
	drop_fold(p);
	sweep_free(&p->sweep);
	rows_free(&p->build.rows);
	free(p->marks);
	free(p->prefix);
	free(p);
}

bool publisher_fold(struct publisher *p, const struct model *model, struct fold *fold)
{
	size_t longest = 0;

	drop_fold(p);
	if (!fold)
		return true;
	for (uint32_t i = 0; i < model_scopes(model); i++) {
		size_t len = strlen(model_scope(model, i)->id);

		longest = len > longest ? len : longest;
	}
	p->keys = keys_new(p->prefix, longest);
	p->scopes = calloc(model_scopes(model) + 1, sizeof *p->scopes);
	if (!p->keys || !p->scopes) {
		drop_fold(p);
		return false;
	}
	p->model = model;
	p->fold = fold;
	p->n = model_scopes(model);
	p->table_cursor = p->refresh_next = 0;
	publisher_republish_all(p);
	return true;
}

void publisher_republish_all(struct publisher *p)
{
	if (!p->fold)
		return;
	for (uint32_t i = 0; i < p->n; i++) {
		struct scope_shown *scope = &p->scopes[i];

		scope->known = scope->whole = false;
		scope->published = scope->renewed = NEVER;
		for (unsigned t = 0; t < TABLE_KEYS; t++) {
			scope->tables[t].looked = scope->tables[t].renewed = NEVER;
			scope->tables[t].anew = false;
			table_forget(p, i, t);
		}
		fold_changed(p->fold, i, ALL_TABLES);
	}
	p->globals_due = true;
	p->globals_renewed = p->tables_renewed = NEVER;
	p->refresh_at = p->round_began = NEVER;
	p->round_left = 0;
	p->n_marks = 0;
	sweep_start(&p->sweep);
}

/* ---- What the parts share ---- */

void publisher_mark(struct publisher *p, const struct filling *to, uint32_t scope, unsigned part)
{
	if (p->n_marks == p->marks_room) {
		size_t room = p->marks_room ? p->marks_room * 2 : 64;
		struct mark *marks = realloc(p->marks, room * sizeof *marks);

		if (!marks) {
			to->out->failed = true; /* what cannot be told apart is not sent */
			return;
		}
		p->marks = marks;
		p->marks_room = room;
	}
	p->marks[p->n_marks++] = (struct mark){to->out->n - to->first_command, scope, part};
}

uint32_t filling_used(const struct filling *to)
{
	return to->out->fields - to->first_field;
}

bool publisher_renewal_due(const struct publisher *p, const struct filling *to, int64_t renewed)
{
	return p->ttl > 0 && to->moment.monotonic - renewed >= p->renew_after;
}

void publisher_renew(struct publisher *p, const struct filling *to, struct text key,
		     int64_t *renewed)
{
	if (!publisher_renewal_due(p, to, *renewed))
		return;
	publish_expiry(to->out, key, p->ttl);
	*renewed = to->moment.monotonic;
}

/* ---- Keys that are there once ---- */

static void write_globals(struct publisher *p, const struct filling *to)
{
	struct commands *out = to->out;

	for (enum fixed_key key = 0; key < KEY_FIXED_COUNT; key++)
		publish_unlink(out, keys_fixed(p->keys, key));
	publish_scopes(out, keys_fixed(p->keys, KEY_SCOPES), p->model);
	for (enum level level = LEVEL_PORTFOLIO; level <= LEVEL_MODE; level++)
		publish_level(out, keys_fixed(p->keys, KEY_LEVEL + level), p->model, level);
	publish_catalogue(out, keys_fixed(p->keys, KEY_METRICS));
	p->globals_due = false;
	p->globals_renewed = p->tables_renewed = NEVER;
}

static void globals_publish(struct publisher *p, const struct filling *to)
{
	publisher_mark(p, to, 0, PART_GLOBALS);
	if (p->globals_due)
		write_globals(p, to);
	if (!publisher_renewal_due(p, to, p->globals_renewed))
		return;
	for (enum fixed_key key = 0; key < KEY_FIXED_COUNT; key++)
		if (key != KEY_BUILD)
			publish_expiry(to->out, keys_fixed(p->keys, key), p->ttl);
	p->globals_renewed = to->moment.monotonic;
}

/* ---- Flow hashes ---- */

static void write_panes(struct publisher *p, const struct filling *to, uint32_t number,
			double values[PANE_COUNT][METRIC_COUNT])
{
	struct scope_shown *scope = &p->scopes[number];
	const char *id = model_scope(p->model, number)->id;
	bool renew = publisher_renewal_due(p, to, scope->renewed);
	struct stamp stamp = {.as_of = fold_now(p->fold),
			      .watermark = fold_watermark(p->fold),
			      .published = to->moment.wall,
			      .cut = to->cut,
			      .complete_ratio = to->moment.complete_ratio};

	for (enum window window = 0; window < PANE_OUTLOOK; window++) {
		struct text key = keys_pane(p->keys, id, window);

		if (!scope->known)
			publish_unlink(to->out, key);
		publish_pane(to->out, key, window, values[window],
			     scope->known ? scope->values[window] : NULL, &stamp);
		if (renew || (!scope->known && p->ttl > 0))
			publish_expiry(to->out, key, p->ttl);
	}
	if (renew || !scope->known)
		scope->renewed = to->moment.monotonic;
}

static void write_scope(struct publisher *p, const struct filling *to, uint32_t number,
			unsigned tables)
{
	struct scope_shown *scope = &p->scopes[number];
	double values[PANE_COUNT][METRIC_COUNT];

	fold_panes(p->fold, number, values);
	publisher_mark(p, to, number, PART_PANES);
	write_panes(p, to, number, values);
	memcpy(scope->values, values, sizeof scope->values);
	scope->whole = !scope->known;
	scope->known = true;
	scope->published = to->moment.monotonic;
	scope->pending |= tables_pending(p, number, tables);
	tables_renew(p, to, number);
}

static int64_t refresh_period(const struct publisher *p)
{
	int64_t period = (int64_t)p->n * REFRESH_A_SCOPE;

	return period < REFRESH_LEAST ? REFRESH_LEAST : period;
}

/* Puts scopes whose turn it is, and that were not published lately, into the fold's queue. */
static void refresh(struct publisher *p, int64_t now)
{
	int64_t period = refresh_period(p);

	if (p->refresh_at < now - period)
		p->refresh_at = now - period;
	for (uint32_t i = 0; i < p->n && p->refresh_at <= now; i++) {
		uint32_t scope = p->refresh_next++ % p->n;

		p->refresh_at += period / p->n;
		if (now - p->scopes[scope].published >= period / 2)
			fold_changed(p->fold, scope, 1u << TABLE_AGING);
	}
}

/* Whether scopes may be published now: while catching up there is a round of all every so often. */
static bool round_is_open(const struct publisher *p, const struct moment *moment)
{
	return !moment->catching_up || p->round_left > 0 ||
	       moment->monotonic - p->round_began >= ROUND_SPACING;
}

static void begin_round(struct publisher *p, const struct moment *moment)
{
	if (p->round_left > 0 && moment->catching_up)
		return;
	p->round_began = moment->monotonic;
	p->round_left = fold_changed_count(p->fold);
}

static bool scopes_publish(struct publisher *p, const struct filling *to)
{
	uint32_t scope;
	unsigned tables;

	if (!round_is_open(p, &to->moment))
		return false;
	begin_round(p, &to->moment);
	for (unsigned n = 0; p->round_left > 0; n++) {
		uint32_t used = filling_used(to);

		if (n == SCOPES_AT_ONCE || (used > 0 && used + p->scope_fields > to->budget))
			return true;
		if (!fold_next_changed(p->fold, &scope, &tables)) {
			p->round_left = 0;
			break;
		}
		p->round_left--;
		write_scope(p, to, scope, tables);
	}
	return false;
}

/* ---- The hooks ---- */

bool publisher_due(struct publisher *p, const struct moment *moment)
{
	if (!p->fold)
		return false;
	if (!moment->catching_up)
		refresh(p, moment->monotonic);
	if (p->globals_due || sweep_waits(&p->sweep))
		return true;
	if (fold_changed_count(p->fold) > 0 && round_is_open(p, moment))
		return true;
	return tables_due(p, moment);
}

bool publisher_publish(struct publisher *p, struct commands *out, uint64_t cut, uint32_t budget,
		       const struct moment *moment)
{
	struct filling to = {out, out->n, out->fields, cut, budget, *moment};
	bool more;

	p->n_marks = 0;
	if (!p->fold)
		return false;
	if (!moment->catching_up)
		refresh(p, moment->monotonic);
	globals_publish(p, &to);
	more = sweep_unlink(&p->sweep, out, UNLINKS_AT_ONCE);
	more |= scopes_publish(p, &to);
	more |= tables_publish(p, &to);
	if (out->failed)
		publisher_republish_all(p);
	return more;
}

static const struct mark *mark_of(const struct publisher *p, uint32_t command)
{
	size_t low = 0, high = p->n_marks;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (p->marks[middle].command <= command)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &p->marks[low - 1] : NULL;
}

static void panes_failed(struct publisher *p, uint32_t number)
{
	struct scope_shown *scope = &p->scopes[number];

	scope->known = false;
	/* At once; but what fails although it was sent whole waits for its turn. */
	if (!scope->whole)
		fold_changed(p->fold, number, 0);
}

void publisher_published(struct publisher *p, bool stored, const uint32_t *failed, size_t n_failed)
{
	bool globals = false;

	if (!p->fold)
		return;
	for (size_t i = 0; stored && i < n_failed; i++) {
		const struct mark *mark = mark_of(p, failed[i]);

		if (!mark || mark->part == PART_GLOBALS)
			globals = true;
		else if (mark->part == PART_PANES)
			panes_failed(p, mark->scope);
		else
			table_failed(p, mark->scope, mark->part);
	}
	/* `tables` tells of all tables: where it is lost, all are written anew. */
	if (!stored || globals)
		publisher_republish_all(p);
}

bool publisher_scan(struct publisher *p, uint64_t *cursor)
{
	return p->fold && sweep_wants(&p->sweep, cursor);
}

void publisher_scanned(struct publisher *p, uint64_t cursor, const struct text *keys, size_t n)
{
	if (p->fold)
		sweep_found(&p->sweep, cursor, keys, n, p->keys, p->model, p->fold);
}
