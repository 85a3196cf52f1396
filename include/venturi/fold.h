/*
 * fold: from facts to numbers. Every value it gives is a pure function of (model, zone, facts in
 * the store, now); in which order and in what portions it was told of the facts never shows.
 *
 *   store: subject ──(evaluate)──> contribution: (leaf, day, measure) += n
 *                                        └──> cells of each scope ──> panes, tables
 *
 * A subject whose facts changed is touched; fold_run() takes its old contribution out of the cells
 * and puts the new one in. A contribution that changes as time goes by itself (a fact after now, an
 * item that goes stale) says until when it holds, and is taken up again then.
 */
#ifndef VENTURI_FOLD_H
#define VENTURI_FOLD_H

#include "venturi/metric.h"
#include "venturi/model.h"
#include "venturi/store.h"
#include "venturi/zone.h"

struct fold;

/*
 * Borrows all three, which outlive it. All subjects that the store has are touched. NULL if memory
 * is short.
 */
struct fold *fold_new(const struct model *model, const struct zone *zone, struct store *store);
void fold_free(struct fold *fold);

/*
 * A fact of the subject was added or replaced. False if memory is short (try again; nothing is lost
 * yet).
 */
MUST_CHECK bool fold_touch(struct fold *fold, uint32_t subject);

/*
 * Brings the numbers to `now` (ms), at most `budget` subjects at a time: 1 when all is done, 0 when
 * more is to do (call again with the same now; values are not to be read before it is done),
 * -1 if memory is short (call again later). `now` may go back; then everything is folded anew.
 */
MUST_CHECK int fold_run(struct fold *fold, int64_t now, unsigned budget);
int64_t fold_now(const struct fold *fold);

/*
 * The greatest event time of a fact that stands and counts (its source is not ignored) and is at
 * most `limit`; INT64_MIN where there is none. For `clock = event` and replays: limit INT64_MAX.
 * For the wall clock: wall + max_future_skew; now is the greater of that and wall.
 */
int64_t fold_latest(struct fold *fold, int64_t limit);

/* ---- What is published ---- */

/*
 * The values of one hash: values[metric] for each metric with metric_in(metric, window); NaN = no
 * sample.
 */
void fold_pane(struct fold *fold, uint32_t scope, enum window window, double values[METRIC_COUNT]);
/* All hashes of a scope but `outlook` at one go. */
void fold_panes(struct fold *fold, uint32_t scope, double values[PANE_COUNT][METRIC_COUNT]);

enum table {
	TABLE_HIST_DAY,
	TABLE_HIST_WEEK,
	TABLE_HIST_MONTH,
	TABLE_HIST_QUARTER,
	TABLE_CFD,
	TABLE_STAGES,   /* one a window */
	TABLE_AGING,
	TABLE_FINISHED, /* products and teams only */
	TABLE_DIST_CYCLE_TIME, /* windows 30d and 90d */
	TABLE_DIST_LEAD_TIME,
	TABLE_COUNT
};

#define ROW_CELLS_MOST 32

struct row_cell {
	const char *name;  /* the field's, static */
	struct text text;  /* where `is_text` */
	double number;
	enum metric_unit unit;
	bool is_text;
};

/*
 * One row: `ms` is the id's instant (end of the period, finish, …), or the row's number from 1
 * where rows are no instants.
 */
struct row {
	int64_t ms;
	int32_t day; /* cfd: the local day; else 0 */
	size_t n;
	struct row_cell cells[ROW_CELLS_MOST];
};

/* Called once a row, in order; the row lives during the call. False stops. */
typedef bool row_fn(void *arg, const struct row *row);

/* False if memory is short, or as soon as `each` says false. `window` where the table has one. */
bool fold_table(struct fold *fold, uint32_t scope, enum table table, enum window window,
		row_fn *each, void *arg);
/* Whether the scope has the table with that window (any window where it has none). */
bool fold_has_table(const struct fold *fold, uint32_t scope, enum table table, enum window window);

/* ---- What has changed since it was last published ---- */

/*
 * Scopes whose numbers changed wait in a queue, oldest first. Takes the next one out; false when
 * empty. `*tables` is a bit (1u << enum table) for each table that may have changed.
 */
bool fold_next_changed(struct fold *fold, uint32_t *scope, unsigned *tables);
/* Puts a scope into the queue (a tick, a restart), with those tables; no effect twice. */
void fold_changed(struct fold *fold, uint32_t scope, unsigned tables);
uint32_t fold_changed_count(const struct fold *fold);
/*
 * The first local day of a scope that changed since the last call, of those before today;
 * INT32_MAX where none: what of `hist` must be written anew.
 */
int32_t fold_history_changed(struct fold *fold, uint32_t scope);

/* The greatest event time that counts, up to now; INT64_MIN where there is none. */
int64_t fold_watermark(struct fold *fold);
size_t fold_bytes(const struct fold *fold);

#endif
