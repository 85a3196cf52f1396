#include "venturi/fold.h"

#include "core/delivery.h"
#include "core/item.h"
#include "core/table.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a subject contributed when it was last evaluated. */
struct contributed {
	uint32_t len;
	uint8_t bytes[];
};

/* What is kept of a subject: its delivery if it is about a service or releases, else what it contributed. */
struct slot {
	union {
		struct contributed *contributed; /* NULL: nothing */
		struct delivery *delivery;       /* NULL: nothing yet */
	};
	int64_t wake;                    /* its entry in fold.wakes; INT64_MAX: none */
	bool touched;                    /* it waits in fold.touched */
};

/* A scope's numbers, and what of them was not published yet. */
struct scope_state {
	struct cells cells;
	unsigned changed_tables;
	bool queued;
	int32_t changed_day; /* the first day before today that changed; INT32_MAX: none */
};

/*
 * The greatest time of a fact that counts and is at most `limit`, and the least beyond it: kept up
 * fact by fact, and looked for anew only when it cannot be told from what is known.
 */
struct latest {
	int64_t limit, below, above; /* INT64_MIN, INT64_MAX: none */
	uint32_t holder;             /* the subject of the fact at `below` */
	bool lost;
};

struct fold {
	const struct model *model;
	const struct zone *zone;
	struct store *store;
	struct placer *placer;
	int64_t now;
	int32_t today;
	struct latest latest;

	struct slot *slots; /* by subject */
	uint32_t n_slots, room_slots;
	uint32_t *touched;
	uint32_t n_touched, room_touched;
	struct ordered wakes; /* when contributions change by themselves; life is 0 */
	bool anew;            /* memory was short half way, or now went back: fold all anew */

	struct scope_state *scopes;
	uint32_t n_scopes;
	uint32_t *queue; /* of changed scopes: a ring of n_scopes */
	uint32_t queue_first, queue_n;

	struct contribution plus, minus;
	struct lives lives;
	struct sums sums;
};

#define ALL_TABLES ((1u << TABLE_COUNT) - 1)

struct fold *fold_new(const struct model *model, const struct zone *zone, struct store *store)
{
	struct fold *f = calloc(1, sizeof *f);

	if (!f)
		return NULL;
	f->model = model;
	f->zone = zone;
	f->store = store;
	f->now = INT64_MIN;
	f->latest = (struct latest){INT64_MAX, INT64_MIN, INT64_MAX, 0, false};
	f->today = INT32_MIN;
	f->n_scopes = model_scopes(model);
	f->scopes = calloc(f->n_scopes, sizeof *f->scopes);
	f->queue = calloc(f->n_scopes, sizeof *f->queue);
	f->placer = placer_new(model, store_strings(store));
	if (!f->scopes || !f->queue || !f->placer)
		goto fail;
	for (uint32_t i = 0; i < f->n_scopes; i++)
		f->scopes[i].changed_day = INT32_MAX;
	for (uint32_t i = 0; i < store_subjects(store); i++)
		if (!fold_touch(f, i))
			goto fail;
	return f;
fail:
	fold_free(f);
	return NULL;
}

static bool is_delivery(const struct fold *f, uint32_t subject)
{
	enum fact_about about = store_subject(f->store, subject)->about;

	return about == ABOUT_SERVICE || about == ABOUT_RELEASE;
}

static void clear_numbers(struct fold *f)
{
	for (uint32_t i = 0; f->scopes && i < f->n_scopes; i++)
		cells_clear(&f->scopes[i].cells);
	for (uint32_t i = 0; i < f->n_slots; i++) {
		if (is_delivery(f, i))
			delivery_free(f->slots[i].delivery);
		else
			free(f->slots[i].contributed);
		f->slots[i].contributed = NULL;
		f->slots[i].wake = INT64_MAX;
	}
	ordered_clear(&f->wakes);
}

void fold_free(struct fold *f)
{
	if (!f)
		return;
	clear_numbers(f);
	free(f->slots);
	free(f->touched);
	free(f->scopes);
	free(f->queue);
	placer_free(f->placer);
	contribution_free(&f->plus);
	contribution_free(&f->minus);
	lives_free(&f->lives);
	free(f);
}

/* ---- What is to be evaluated ---- */

static bool slots_for(struct fold *f, uint32_t subject)
{
	if (subject >= f->room_slots) {
		uint32_t room = f->room_slots ? f->room_slots : 1024;
		struct slot *slots;
		uint32_t *touched;

		while (room <= subject)
			room *= 2;
		slots = realloc(f->slots, room * sizeof *slots);
		if (slots)
			f->slots = slots;
		/* Each subject waits at most once: room for all of them. */
		touched = realloc(f->touched, room * sizeof *touched);
		if (touched)
			f->touched = touched;
		if (!slots || !touched)
			return false;
		f->room_slots = room;
	}
	for (; f->n_slots <= subject; f->n_slots++)
		f->slots[f->n_slots] = (struct slot){.wake = INT64_MAX};
	return true;
}

/* Takes the facts of one subject into account. */
static void note_latest(struct fold *f, uint32_t number)
{
	const struct subject *subject = store_subject(f->store, number);
	struct latest *l = &f->latest;
	int64_t below = INT64_MIN;

	for (uint32_t i = subject->n; i-- > 0;) {
		const struct record *record = subject->records[i];

		if (record->time <= l->below && l->holder != number)
			break;
		if (placer_ignores(f->placer, record->source))
			continue;
		if (record->time <= l->limit) {
			below = record->time;
			break;
		}
		if (record->time < l->above)
			l->above = record->time;
	}
	if (below > l->below) {
		l->below = below;
		l->holder = number;
	} else if (l->holder == number && below < l->below && l->below != INT64_MIN) {
		l->lost = true; /* it was replaced by an earlier one */
	}
}

int64_t fold_latest(struct fold *f, int64_t limit)
{
	struct latest *l = &f->latest;

	if (l->lost || limit < l->limit || limit >= l->above) {
		*l = (struct latest){limit, INT64_MIN, INT64_MAX, 0, false};
		for (uint32_t i = 0; i < store_subjects(f->store); i++)
			note_latest(f, i);
	}
	l->limit = limit;
	return l->below;
}

bool fold_touch(struct fold *f, uint32_t subject)
{
	if (!slots_for(f, subject))
		return false;
	note_latest(f, subject);
	if (f->slots[subject].touched)
		return true;
	f->slots[subject].touched = true;
	f->touched[f->n_touched++] = subject;
	return true;
}

/* Everything is evaluated again, from empty cells. */
static bool start_anew(struct fold *f)
{
	clear_numbers(f);
	for (uint32_t i = 0; i < store_subjects(f->store); i++)
		if (!fold_touch(f, i))
			return false;
	for (uint32_t i = 0; i < f->n_scopes; i++) {
		fold_changed(f, i, ALL_TABLES);
		f->scopes[i].changed_day = INT32_MIN;
	}
	f->anew = false;
	return true;
}

/* ---- Scopes that changed ---- */

void fold_changed(struct fold *f, uint32_t scope, unsigned tables)
{
	struct scope_state *s = &f->scopes[scope];

	s->changed_tables |= tables;
	if (s->queued)
		return;
	s->queued = true;
	f->queue[(f->queue_first + f->queue_n++) % f->n_scopes] = scope;
}

bool fold_next_changed(struct fold *f, uint32_t *scope, unsigned *tables)
{
	struct scope_state *s;

	if (!f->queue_n)
		return false;
	*scope = f->queue[f->queue_first];
	f->queue_first = (f->queue_first + 1) % f->n_scopes;
	f->queue_n--;
	s = &f->scopes[*scope];
	*tables = s->changed_tables;
	s->changed_tables = 0;
	s->queued = false;
	return true;
}

uint32_t fold_changed_count(const struct fold *f)
{
	return f->queue_n;
}

int32_t fold_history_changed(struct fold *f, uint32_t scope)
{
	int32_t day = f->scopes[scope].changed_day;

	f->scopes[scope].changed_day = INT32_MAX;
	return day;
}

/* The tables that a measure shows in. */
static unsigned tables_of(enum measure m)
{
	switch (m) {
	case M_VISIT:
	case M_VISIT_SUM:
	case M_WIP_STATE:
		return 1u << TABLE_STAGES;
	case M_ENTERED:
	case M_ENTERED_CLOSED:
	case M_ENTERED_LATE:
		return 1u << TABLE_CFD;
	case M_CYCLE:
		return 1u << TABLE_DIST_CYCLE_TIME;
	case M_LEAD:
		return 1u << TABLE_DIST_LEAD_TIME;
	case M_SET_FINISHED:
		return 1u << TABLE_FINISHED;
	case M_SET_STARTS:
	case M_WIP_ACTIVE:
	case M_WIP_WAIT:
	case M_WIP_BLOCKED:
	case M_WIP_TYPE:
		return 1u << TABLE_AGING;
	default:
		return 0;
	}
}

#define HISTORY                                                                                    \
	(1u << TABLE_HIST_DAY | 1u << TABLE_HIST_WEEK | 1u << TABLE_HIST_MONTH |                   \
	 1u << TABLE_HIST_QUARTER)

static void note_change(struct fold *f, uint32_t scope, const struct contribution_op *op)
{
	struct scope_state *s = &f->scopes[scope];
	unsigned tables = tables_of(op->measure);

	if (!measure_is_set(op->measure) && op->has_day && op->day < f->today) {
		tables |= HISTORY;
		if (op->day < s->changed_day)
			s->changed_day = op->day;
	}
	fold_changed(f, scope, tables);
}

/* ---- Contributions in and out of the cells ---- */

static bool apply_set(struct fold *f, uint32_t scope, uint32_t subject,
		      const struct contribution_op *op, int sign)
{
	struct ordered *set = &f->scopes[scope].cells.sets[op->measure - M_SET_STARTS];
	struct ordered_entry entry = {op->at, subject, op->life};
	enum level level = model_scope(f->model, scope)->level;

	if (op->measure == M_SET_FINISHED && level != LEVEL_PRODUCT && level != LEVEL_TEAM)
		return true;
	if (sign > 0)
		return ordered_add(set, entry);
	ordered_remove(set, entry);
	return true;
}

/* Adds (sign 1) or takes back (-1). False if memory is short, half way: then all is to be folded anew. */
static bool apply(struct fold *f, uint32_t subject, const uint8_t *bytes, size_t len, int sign)
{
	struct contribution_reader reader = {.at = bytes, .end = bytes + len};

	while (contribution_next(&reader)) {
		const struct contribution_op *op = &reader.op;
		const struct scope *leaf = model_scope(f->model, op->leaf);

		for (uint32_t i = 0; i < leaf->n_chain; i++) {
			struct cells *cells = &f->scopes[leaf->chain[i]].cells;
			bool ok;

			if (measure_is_set(op->measure))
				ok = apply_set(f, leaf->chain[i], subject, op, sign);
			else if (op->has_day)
				ok = cells_add_day(cells, op->day, op->key, sign * op->n);
			else
				ok = cells_add_now(cells, op->key, sign * op->n);
			if (!ok)
				return false;
			note_change(f, leaf->chain[i], op);
		}
	}
	return true;
}

static bool set_wake(struct fold *f, uint32_t subject, int64_t wake)
{
	struct slot *slot = &f->slots[subject];

	if (slot->wake == wake)
		return true;
	if (wake != INT64_MAX && !ordered_add(&f->wakes, (struct ordered_entry){wake, subject, 0}))
		return false;
	if (slot->wake != INT64_MAX)
		ordered_remove(&f->wakes, (struct ordered_entry){slot->wake, subject, 0});
	slot->wake = wake;
	return true;
}

static struct context context_of(const struct fold *f)
{
	return (struct context){.model = f->model,
				.zone = f->zone,
				.store = f->store,
				.strings = store_strings(f->store),
				.placer = f->placer,
				.now = f->now};
}

static bool same_as_before(const struct slot *slot, const struct contribution *c)
{
	return slot->contributed ? slot->contributed->len == c->len &&
					   memcmp(slot->contributed->bytes, c->bytes, c->len) == 0
				 : c->len == 0;
}

/* Takes the subject's old contribution out and puts the one in f->plus in. */
static bool replace(struct fold *f, uint32_t subject)
{
	const struct contribution *c = &f->plus;
	struct slot *slot = &f->slots[subject];
	struct contributed *kept = NULL;

	if (same_as_before(slot, c))
		return true;
	if (c->len) {
		kept = malloc(sizeof *kept + c->len);
		if (!kept)
			return false;
		kept->len = (uint32_t)c->len;
		memcpy(kept->bytes, c->bytes, c->len);
	}
	if (slot->contributed &&
	    !apply(f, subject, slot->contributed->bytes, slot->contributed->len, -1))
		f->anew = true;
	free(slot->contributed);
	slot->contributed = kept;
	if (kept && !apply(f, subject, kept->bytes, kept->len, 1))
		f->anew = true;
	return !f->anew;
}

static bool refresh_item(struct fold *f, uint32_t subject)
{
	const struct context context = context_of(f);

	return item_contribute(&f->lives, &context, store_subject(f->store, subject), &f->plus) &&
	       !f->plus.failed && set_wake(f, subject, f->plus.wake) && replace(f, subject);
}

static bool refresh_delivery(struct fold *f, uint32_t subject)
{
	const struct context context = context_of(f);
	struct slot *slot = &f->slots[subject];

	if (!slot->delivery && !(slot->delivery = delivery_new()))
		return false;
	contribution_begin(&f->minus);
	f->anew = !delivery_update(slot->delivery, &context, store_subject(f->store, subject),
				   &f->minus, &f->plus) ||
		  !set_wake(f, subject, f->plus.wake) ||
		  !apply(f, subject, f->minus.bytes, f->minus.len, -1) ||
		  !apply(f, subject, f->plus.bytes, f->plus.len, 1);
	return !f->anew;
}

/* Brings what the subject contributes in line with its facts. False if memory is short. */
static bool refresh(struct fold *f, uint32_t subject)
{
	contribution_begin(&f->plus);
	if (is_delivery(f, subject))
		return refresh_delivery(f, subject);
	return store_subject(f->store, subject)->about != ABOUT_ITEM || refresh_item(f, subject);
}

/* ---- Bringing the numbers to now ---- */

static bool wake_up(struct fold *f)
{
	while (f->wakes.n && ordered_at(&f->wakes, 0)->at <= f->now) {
		struct ordered_entry entry = *ordered_at(&f->wakes, 0);

		if (!fold_touch(f, entry.subject))
			return false;
		ordered_remove(&f->wakes, entry);
		f->slots[entry.subject].wake = INT64_MAX;
	}
	return true;
}

static void begin_day(struct fold *f, int32_t today)
{
	if (f->today == today)
		return;
	f->today = today;
	for (uint32_t i = 0; i < f->n_scopes; i++)
		fold_changed(f, i, ALL_TABLES);
}

int fold_run(struct fold *f, int64_t now, unsigned budget)
{
	if (now < f->now)
		f->anew = true;
	f->now = now;
	begin_day(f, zone_day(f->zone, now));
	if (f->anew && !start_anew(f))
		return -1;
	if (!wake_up(f))
		return -1;
	for (; f->n_touched && budget; budget--) {
		uint32_t subject = f->touched[f->n_touched - 1];

		if (!refresh(f, subject))
			return -1;
		f->n_touched--;
		f->slots[subject].touched = false;
	}
	return f->n_touched == 0;
}

int64_t fold_now(const struct fold *f)
{
	return f->now;
}

int64_t fold_watermark(struct fold *f)
{
	return f->latest.lost || f->latest.below > f->now ? fold_latest(f, f->now) : f->latest.below;
}

size_t fold_bytes(const struct fold *f)
{
	size_t bytes = f->room_slots * (sizeof *f->slots + sizeof *f->touched) +
		       (size_t)f->wakes.n * sizeof(struct ordered_entry);

	for (uint32_t i = 0; i < f->n_slots; i++)
		if (f->slots[i].contributed)
			bytes += is_delivery(f, i) ? delivery_bytes(f->slots[i].delivery)
						   : sizeof(struct contributed) +
							     f->slots[i].contributed->len;
	for (uint32_t i = 0; i < f->n_scopes; i++)
		bytes += sizeof *f->scopes + cells_bytes(&f->scopes[i].cells);
	return bytes;
}

/* ---- What is published ---- */

static struct pane_input input_of(const struct fold *f, uint32_t scope)
{
	return (struct pane_input){&f->scopes[scope].cells, model_scope(f->model, scope), f->zone,
				   f->now, f->today};
}

void fold_pane(struct fold *f, uint32_t scope, enum window window, double values[METRIC_COUNT])
{
	struct pane_input in = input_of(f, scope);
	struct days days;

	for (int i = 0; i < METRIC_COUNT; i++)
		values[i] = NAN;
	if (window == PANE_NOW)
		pane_now(&in, values);
	if (window >= WINDOW_COUNT)
		return;
	days = window_days(window, f->today);
	sums_clear(&f->sums);
	sums_add(&f->sums, in.cells, days);
	pane_window(&in, &f->sums, days, window_is_rolling(window), values);
}

void fold_panes(struct fold *f, uint32_t scope, double values[PANE_COUNT][METRIC_COUNT])
{
	for (enum window window = 0; window < PANE_COUNT; window++)
		fold_pane(f, scope, window, values[window]);
}

bool fold_has_table(const struct fold *f, uint32_t scope, enum table table, enum window window)
{
	enum level level = model_scope(f->model, scope)->level;

	switch (table) {
	case TABLE_FINISHED:
		return level == LEVEL_PRODUCT || level == LEVEL_TEAM;
	case TABLE_STAGES:
		return window < WINDOW_COUNT;
	case TABLE_DIST_CYCLE_TIME:
	case TABLE_DIST_LEAD_TIME:
		return window == WINDOW_30D || window == WINDOW_90D;
	default:
		return table < TABLE_COUNT;
	}
}

bool fold_table(struct fold *f, uint32_t scope, enum table table, enum window window,
		row_fn *each, void *arg)
{
	const struct context context = context_of(f);
	const struct table_input in = {input_of(f, scope), &context, &f->lives, &f->sums};

	switch (table) {
	case TABLE_CFD:
		return table_cfd(&in, each, arg);
	case TABLE_STAGES:
		return table_stages(&in, window, each, arg);
	case TABLE_AGING:
		return table_aging(&in, each, arg);
	case TABLE_FINISHED:
		return table_finished(&in, each, arg);
	case TABLE_DIST_CYCLE_TIME:
	case TABLE_DIST_LEAD_TIME:
		return table_dist(&in, table, window, each, arg);
	default:
		return table_hist(&in, table, each, arg);
	}
}
