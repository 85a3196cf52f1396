/* evaluate: what a subject contributes to the cells: a pure function of its facts, the model and now. */
#ifndef VENTURI_CORE_EVALUATE_H
#define VENTURI_CORE_EVALUATE_H

#include "core/contribution.h"
#include "core/delivery.h"
#include "core/life.h"

/* What evaluations work with, reused from subject to subject. All bytes 0 is a fresh one. */
struct scratch {
	struct lives lives;
	struct delivery delivery;
};

void scratch_free(struct scratch *scratch);

/* Writes the subject's contribution. False if memory is short: it is not complete then. */
MUST_CHECK bool evaluate(struct scratch *scratch, const struct context *context,
			 const struct subject *subject, struct contribution *out);

#endif
