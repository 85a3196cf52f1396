/* fold_read: panes and tables of a scope. */
#include "core/fold_inner.h"

#include "core/table.h"
#include <math.h>

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

bool fold_table(struct fold *f, uint32_t scope, enum table table, enum window window, row_fn *each,
		void *arg)
{
	const struct context context = fold_context(f);
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
