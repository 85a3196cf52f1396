/*
 * report: every value and table of a fold, as JSON or as tables for a terminal, to standard output.
 */
#ifndef VENTURI_CLI_REPORT_H
#define VENTURI_CLI_REPORT_H

#include "venturi/fold.h"
#include "venturi/reject.h"

/* False if memory is short. */
MUST_CHECK bool report_json(struct fold *fold, const struct model *model,
			    const uint64_t rejected[REJECT_COUNT]);
MUST_CHECK bool report_table(struct fold *fold, const struct model *model,
			     const uint64_t rejected[REJECT_COUNT]);

#endif
