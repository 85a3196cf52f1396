/* table: the rows of the tables of one scope, from its cells. */
#ifndef VENTURI_CORE_TABLE_H
#define VENTURI_CORE_TABLE_H

#include "core/life.h"
#include "core/pane.h"
#include "venturi/fold.h"

/* What tables are made from, beside the cells. */
struct table_input {
	struct pane_input pane;
	const struct context *context;
	struct lives *lives; /* to tell items anew: aging and finished list them */
	struct sums *sums;
};

MUST_CHECK bool table_hist(const struct table_input *in, enum table table, row_fn *each, void *arg);
MUST_CHECK bool table_cfd(const struct table_input *in, row_fn *each, void *arg);
MUST_CHECK bool table_stages(const struct table_input *in, enum window window, row_fn *each,
			     void *arg);
MUST_CHECK bool table_aging(const struct table_input *in, row_fn *each, void *arg);
MUST_CHECK bool table_finished(const struct table_input *in, row_fn *each, void *arg);
MUST_CHECK bool table_dist(const struct table_input *in, enum table table, enum window window,
			   row_fn *each, void *arg);

#endif
