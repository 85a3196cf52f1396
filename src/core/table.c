#include "core/table.h"

#include "venturi/civil.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#define AGING_MOST    200
#define FINISHED_MOST 2000
#define FINISHED_DAYS 90
#define CFD_DAYS      90

static void cell_number(struct row *row, const char *name, enum metric_unit unit, double number)
{
	row->cells[row->n++] = (struct row_cell){.name = name, .number = number, .unit = unit};
}

static void cell_text(struct row *row, const char *name, struct text text)
{
	row->cells[row->n++] = (struct row_cell){.name = name, .text = text, .is_text = true};
}

/* ---- History: closed periods ---- */

static const enum metric hist_metrics[] = {
	METRIC_THROUGHPUT,    METRIC_ARRIVALS,         METRIC_CREATED,         METRIC_CANCELED,
	METRIC_NET_FLOW,      METRIC_CYCLE_TIME_P50,   METRIC_CYCLE_TIME_P85,  METRIC_LEAD_TIME_P50,
	METRIC_LEAD_TIME_P85, METRIC_FLOW_EFFICIENCY,  METRIC_BLOCKED,         METRIC_FIRST_PASS,
	METRIC_SLE_MET,       METRIC_VELOCITY_FEATURE, METRIC_VELOCITY_DEFECT, METRIC_VELOCITY_RISK,
	METRIC_VELOCITY_DEBT, METRIC_RELEASES,         METRIC_DEPLOYMENTS,
};

/*
 * Fields of later metrics: every entry has every field, since readers fix a column's type by the
 * first.
 */
static const struct {
	const char *name;
	enum metric_unit unit;
} hist_later[] = {
	{"lead_time_for_changes_p50_seconds", UNIT_SECONDS},
	{"change_fail_ratio", UNIT_RATIO},
	{"failed_deployment_recovery_p50_seconds", UNIT_SECONDS},
	{"rework_ratio", UNIT_RATIO},
	{"cost_amount", UNIT_AMOUNT},
};

/* The period of a table that holds the day, and how many of them are kept. */
static struct days period_of(enum table table, int32_t day)
{
	int32_t first;

	switch (table) {
	case TABLE_HIST_WEEK:
		first = civil_week_start(day);
		return (struct days){first, first + 6};
	case TABLE_HIST_MONTH:
		return (struct days){civil_month_start(day), civil_month_add(day, 1) - 1};
	case TABLE_HIST_QUARTER:
		return (struct days){civil_quarter_start(day), civil_quarter_add(day, 1) - 1};
	default:
		return (struct days){day, day};
	}
}

/* The first period that is kept, where `today` lies in the one that is not closed. */
static int32_t oldest(enum table table, int32_t today)
{
	switch (table) {
	case TABLE_HIST_WEEK:
		return civil_week_start(today) - 7 * 120;
	case TABLE_HIST_MONTH:
		return civil_month_add(today, -60);
	case TABLE_HIST_QUARTER:
		return civil_quarter_add(today, -20);
	default:
		return today - 400;
	}
}

static void hist_row(const struct table_input *in, struct days period, struct row *row)
{
	double values[METRIC_COUNT];

	sums_clear(in->sums);
	sums_add(in->sums, in->pane.cells, period);
	pane_window(&in->pane, in->sums, period, false, values);
	row->n = 0;
	row->ms = zone_day_start(in->pane.zone, period.last + 1);
	row->day = period.first;
	for (size_t i = 0; i < sizeof hist_metrics / sizeof *hist_metrics; i++) {
		const struct metric_info *info = metric_info(hist_metrics[i]);

		cell_number(row, info->name, info->unit, values[hist_metrics[i]]);
	}
	for (size_t i = 0; i < sizeof hist_later / sizeof *hist_later; i++)
		cell_number(row, hist_later[i].name, hist_later[i].unit, NAN);
	cell_number(row, "wip_items", UNIT_ITEMS, (double)wip_at_end(in->pane.cells, period.last));
}

bool table_hist(const struct table_input *in, enum table table, row_fn *each, void *arg)
{
	const struct cells *cells = in->pane.cells;
	int32_t day = oldest(table, in->pane.today);
	struct row row = {0};

	if (!cells->n_days)
		return true;
	if (cells->days[0].day > day)
		day = cells->days[0].day;
	for (;;) {
		struct days period = period_of(table, day);

		if (period.last >= in->pane.today)
			return true;
		hist_row(in, period, &row);
		if (!each(arg, &row))
			return false;
		day = period.last + 1;
	}
}

/* ---- Cumulative flow ---- */

/*
 * What entered on one of the days that begin with `first`, and is not of an item closed before
 * them.
 */
static void add_entries(const struct day_cell *day, int32_t first, int64_t lines[CLASS_COUNT])
{
	size_t n;
	const struct count *late = cell_measure(&day->cell, M_ENTERED_LATE, &n);

	for (int class = 0; class < CLASS_COUNT; class ++)
		lines[class] += cell_get(&day->cell, measure_key(M_ENTERED, class, 0));
	for (size_t i = 0; i < n; i++)
		if (day->day - (int32_t)key_sub(late[i].key) >= first)
			lines[CLASS_NEW] += late[i].n;
}

bool table_cfd(const struct table_input *in, row_fn *each, void *arg)
{
	static const char *const names[CLASS_COUNT] = {"new", "active", "wait", "done", "canceled"};
	const struct cells *cells = in->pane.cells;
	int32_t first = in->pane.today - (CFD_DAYS - 1);
	struct days window = {first, INT32_MAX};
	int64_t lines[CLASS_COUNT];
	uint32_t i = cells_from(cells, first);

	/* What entered before the first day, less what was closed for good before it. */
	for (int class = 0; class < CLASS_COUNT; class ++)
		lines[class] = cell_get(&cells->now, measure_key(M_ENTERED_EVER, class, 0)) -
			       days_sum(cells, window, measure_key(M_ENTERED, class, 0)) -
			       cell_get(&cells->now, measure_key(M_ENTERED_CLOSED_EVER, class, 0)) +
			       days_sum(cells, window, measure_key(M_ENTERED_CLOSED, class, 0));
	for (int32_t day = first; day <= in->pane.today; day++) {
		struct row row = {.ms = zone_day_start(in->pane.zone, day), .day = day};

		if (i < cells->n_days && cells->days[i].day == day)
			add_entries(&cells->days[i++], first, lines);
		for (int class = 0; class < CLASS_COUNT; class ++)
			cell_number(&row, names[class], UNIT_ITEMS, (double)lines[class]);
		if (!each(arg, &row))
			return false;
	}
	return true;
}

/* ---- The value-stream map ---- */

/* The (state, bucket) counts of all days, sorted, so that each state's buckets lie together. */
static int by_key(const void *a, const void *b)
{
	uint64_t x = ((const struct count *)a)->key, y = ((const struct count *)b)->key;

	return (x > y) - (x < y);
}

static struct count *gather_visits(const struct cells *cells, struct days days, size_t *n)
{
	struct count *all = NULL;
	size_t room = 0;

	*n = 0;
	for (uint32_t i = cells_from(cells, days.first);
	     i < cells->n_days && cells->days[i].day <= days.last; i++) {
		for (enum measure m = M_VISIT; m <= M_VISIT_SUM; m++) {
			size_t more;
			const struct count *counts = cell_measure(&cells->days[i].cell, m, &more);

			if (*n + more + 1 > room) {
				struct count *grown;

				room = (*n + more + 1) * 2;
				grown = realloc(all, room * sizeof *all);
				if (!grown) {
					free(all);
					return NULL;
				}
				all = grown;
			}
			for (size_t j = 0; j < more; j++)
				all[(*n)++] = counts[j];
		}
	}
	if (!all)
		return calloc(1, sizeof *all);
	qsort(all, *n, sizeof *all, by_key);
	return all;
}

/* The counts of one state among those of the measure; *at moves past them. */
static void visits_of(const struct count *all, size_t n, size_t *at, uint32_t state,
		      struct histogram *h)
{
	for (; *at < n && key_measure(all[*at].key) == M_VISIT && key_sub(all[*at].key) == state;
	     ++*at)
		histogram_add(h, key_bucket(all[*at].key), all[*at].n);
}

static int64_t total_of(const struct count *all, size_t n, uint32_t state)
{
	int64_t total = 0;
	size_t low = 0, high = n;
	uint64_t key = measure_key(M_VISIT_SUM, state, 0);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (all[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n && all[low].key == key; low++)
		total = sum_wrapped(total, all[low].n);
	return total;
}

static int by_name(const void *a, const void *b)
{
	return text_compare(((const struct row *)a)->cells[0].text,
			    ((const struct row *)b)->cells[0].text);
}

static void stage_row(const struct table_input *in, struct row *row, uint32_t state,
		      const struct histogram *h, int64_t total, int64_t wip)
{
	*row = (struct row){0};
	cell_text(row, "state", strings_text(in->context->strings, state));
	cell_number(row, "visits_count", UNIT_COUNT, (double)h->n);
	cell_number(row, "time_p50_seconds", UNIT_SECONDS, histogram_quantile(h, 50) / 1000);
	cell_number(row, "time_p85_seconds", UNIT_SECONDS, histogram_quantile(h, 85) / 1000);
	cell_number(row, "time_total_seconds", UNIT_SECONDS, h->n ? (double)total / 1000 : NAN);
	cell_number(row, "wip_items", UNIT_ITEMS, (double)wip);
}

/*
 * A row for each state that was visited in the window or holds WIP now; ascending by state number.
 */
static struct row *stage_rows(const struct table_input *in, const struct count *all, size_t n,
			      size_t *n_rows)
{
	size_t n_wip, at = 0, w = 0, most = 0;
	const struct count *wip = cell_measure(&in->pane.cells->now, M_WIP_STATE, &n_wip);
	struct histogram *h = &in->sums->histograms[0];
	struct row *rows;

	for (size_t i = 0; i < n; i++)
		most += key_measure(all[i].key) == M_VISIT &&
			(i == 0 || key_sub(all[i].key) != key_sub(all[i - 1].key));
	rows = calloc(most + n_wip + 1, sizeof *rows);
	*n_rows = 0;
	while (rows && (w < n_wip || (at < n && key_measure(all[at].key) == M_VISIT))) {
		bool visited = at < n && key_measure(all[at].key) == M_VISIT;
		uint32_t state = visited ? key_sub(all[at].key) : UINT32_MAX;
		int64_t items = 0;

		if (w < n_wip && key_sub(wip[w].key) <= state) {
			state = key_sub(wip[w].key);
			items = wip[w++].n;
		}
		histogram_clear(h);
		visits_of(all, n, &at, state, h);
		stage_row(in, &rows[(*n_rows)++], state, h, total_of(all, n, state), items);
	}
	histogram_clear(h);
	return rows;
}

bool table_stages(const struct table_input *in, enum window window, row_fn *each, void *arg)
{
	size_t n, n_rows = 0;
	struct count *all = gather_visits(in->pane.cells, window_days(window, in->pane.today), &n);
	struct row *rows = NULL;
	bool ok = false;

	if (!all)
		return false;
	sums_clear(in->sums);
	rows = stage_rows(in, all, n, &n_rows);
	ok = rows != NULL;
	if (ok)
		qsort(rows, n_rows, sizeof *rows, by_name);
	for (size_t i = 0; ok && i < n_rows; i++) {
		rows[i].ms = (int64_t)i + 1;
		ok = each(arg, &rows[i]);
	}
	free(rows);
	free(all);
	return ok;
}

/* ---- Items: the oldest in progress, the latest finished ---- */

/*
 * The entries of ranks [from, to) of a set, and all that bear the same instant as the one at an
 * edge: which of them are shown, and in which order, is told by their names, never by their
 * arrival.
 */
struct listed {
	const struct table_input *in;
	struct listed_entry *entries;
	int64_t n;
};

struct listed_entry {
	struct ordered_entry at;
	struct text source, name;
};

static int by_instant_and_name(const void *a, const void *b)
{
	const struct listed_entry *x = a, *y = b;
	int order = (x->at.at > y->at.at) - (x->at.at < y->at.at);

	if (!order)
		order = text_compare(x->name, y->name);
	if (!order)
		order = text_compare(x->source, y->source);
	return order ? order : (x->at.life > y->at.life) - (x->at.life < y->at.life);
}

static bool list(struct listed *l, const struct ordered *set, int64_t from, int64_t to)
{
	if (to > from) {
		from = ordered_below(set, ordered_at(set, from)->at);
		to = ordered_below(set, ordered_at(set, to - 1)->at + 1);
	}
	l->n = to - from;
	l->entries = calloc((size_t)l->n + 1, sizeof *l->entries);
	if (!l->entries)
		return false;
	for (int64_t i = 0; i < l->n; i++) {
		struct listed_entry *entry = &l->entries[i];
		const struct subject *subject;

		entry->at = *ordered_at(set, from + i);
		subject = store_subject(l->in->context->store, entry->at.subject);
		entry->name = strings_text(l->in->context->strings, subject->name);
		entry->source = strings_text(l->in->context->strings, subject->source);
	}
	qsort(l->entries, (size_t)l->n, sizeof *l->entries, by_instant_and_name);
	return true;
}

/* Tells the item of an entry again: its life, valid until the next is told. */
static const struct life *tell_again(const struct listed *l, int64_t i)
{
	struct lives *lives = l->in->lives;
	struct ordered_entry entry = l->entries[i].at;

	if (!lives_read(lives, l->in->context, store_subject(l->in->context->store, entry.subject)))
		return NULL;
	assert(entry.life < lives->n);
	return &lives->lives[entry.life];
}

static const char *const class_names[] = {"new", "active", "wait", "done", "canceled"};
static const char *const type_names[] = {"feature", "defect", "risk", "debt", "other"};

static bool aging_row(const struct listed *l, int64_t i, row_fn *each, void *arg)
{
	const struct table_input *in = l->in;
	const struct life *life = tell_again(l, i);
	struct row row = {.ms = i + 1};
	const struct move *last;
	int64_t sle;

	if (!life)
		return false;
	last = &in->lives->moves[life->first_move + life->moves - 1];
	sle = model_product(in->context->model, (uint32_t)life->place.product)->sle_ms;
	cell_text(&row, "item", l->entries[i].name);
	cell_text(&row, "state", strings_text(in->context->strings, last->state));
	cell_text(&row, "class", text_of(class_names[life->class]));
	cell_text(&row, "type", text_of(type_names[life->type]));
	cell_number(&row, "started_ms", UNIT_MS, (double)life->started);
	cell_number(&row, "blocked", UNIT_FLAG, life->blocked);
	cell_number(&row, "over_sle", UNIT_FLAG, sle ? in->pane.now - life->started > sle : NAN);
	return each(arg, &row);
}

bool table_aging(const struct table_input *in, row_fn *each, void *arg)
{
	const struct ordered *starts = &in->pane.cells->sets[M_SET_STARTS - M_SET_STARTS];
	int64_t most = starts->n < AGING_MOST ? starts->n : AGING_MOST;
	struct listed listed = {.in = in};
	bool ok = list(&listed, starts, 0, most);

	for (int64_t i = 0; ok && i < most; i++)
		ok = aging_row(&listed, i, each, arg);
	free(listed.entries);
	return ok;
}

static bool finished_row(const struct listed *l, int64_t i, row_fn *each, void *arg)
{
	const struct life *life = tell_again(l, i);
	struct row row = {0};

	if (!life)
		return false;
	row.ms = life->finished;
	cell_text(&row, "item", l->entries[i].name);
	cell_text(&row, "type", text_of(type_names[life->type]));
	cell_number(&row, "cycle_time_seconds", UNIT_SECONDS,
		    life->started == UNKNOWN ? NAN
					     : (double)(life->finished - life->started) / 1000);
	return each(arg, &row);
}

bool table_finished(const struct table_input *in, row_fn *each, void *arg)
{
	const struct ordered *finished = &in->pane.cells->sets[M_SET_FINISHED - M_SET_STARTS];
	int64_t from = ordered_below(
		finished, zone_day_start(in->pane.zone, in->pane.today - (FINISHED_DAYS - 1)));
	struct listed listed = {.in = in};
	bool ok;

	if (finished->n - from > FINISHED_MOST)
		from = finished->n - FINISHED_MOST;
	ok = list(&listed, finished, from, finished->n);
	for (int64_t i = listed.n - (finished->n - from); ok && i < listed.n; i++)
		ok = finished_row(&listed, i, each, arg);
	free(listed.entries);
	return ok;
}

/* ---- Distributions: eight rows an octave ---- */

#define BUCKETS_A_ROW 8

bool table_dist(const struct table_input *in, enum table table, enum window window, row_fn *each,
		void *arg)
{
	const struct histogram *h =
		&in->sums->histograms[table == TABLE_DIST_CYCLE_TIME ? H_CYCLE : H_LEAD];
	int64_t number = 0;

	sums_clear(in->sums);
	sums_add(in->sums, in->pane.cells, window_days(window, in->pane.today));
	if (!h->n)
		return true;
	for (uint32_t i = h->low / BUCKETS_A_ROW * BUCKETS_A_ROW; i <= h->high;
	     i += BUCKETS_A_ROW) {
		uint32_t last = i + BUCKETS_A_ROW - 1;
		struct row row = {.ms = ++number};
		int64_t items = 0;

		for (uint32_t j = i; j <= last && j < SKETCH_BUCKETS; j++)
			items += h->buckets[j];
		cell_number(&row, "lower_seconds", UNIT_SECONDS, (double)sketch_lower(i) / 1000);
		cell_number(&row, "upper_seconds", UNIT_SECONDS, (double)sketch_upper(last) / 1000);
		cell_number(&row, "items", UNIT_ITEMS, (double)items);
		if (!each(arg, &row))
			return false;
	}
	return true;
}
