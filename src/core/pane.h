/* pane: the metrics of one scope over some days, or now, from its cells. */
#ifndef VENTURI_CORE_PANE_H
#define VENTURI_CORE_PANE_H

#include "core/window.h"
#include "venturi/zone.h"

/* What a pane is computed from. */
struct pane_input {
	const struct cells *cells;
	const struct scope *scope;
	const struct zone *zone;
	int64_t now;
	int32_t today;
};

/*
 * Fills values[metric] of the metrics over a window: `days` of them, `sums` being the sums over
 * them.
 */
void pane_window(const struct pane_input *input, const struct sums *sums, struct days days,
		 bool rolling, double values[METRIC_COUNT]);
/* Fills values[metric] of the metrics that hold now. */
void pane_now(const struct pane_input *input, double values[METRIC_COUNT]);

/* WIP at the end of a local day before today, also of items with an unknown start. */
int64_t wip_at_end(const struct cells *cells, int32_t day);
int64_t wip_items(const struct cells *cells);

#endif
