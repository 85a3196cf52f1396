/* item: what a work item contributes to the cells. */
#ifndef VENTURI_CORE_ITEM_H
#define VENTURI_CORE_ITEM_H

#include "core/contribution.h"
#include "core/life.h"

/* False if memory is short. */
MUST_CHECK bool item_contribute(struct lives *lives, const struct context *context,
				const struct subject *subject, struct contribution *out);

#endif
