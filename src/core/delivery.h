/*
 * delivery: the deployments and releases of one service in all its environments, or the releases of
 * a product that name no service (docs/metrics.md, "Releases and deployments").
 *
 * A service may have tens of thousands of facts, so it is not told anew at each. Its facts are a
 * stack of steps, in order; each step knows what it changed, and can be undone:
 *
 *   records of the subject    r0  r1  r2  r3  r4 …
 *   steps                     s0  s1  s2  s3        new record at 2: undo s3, s2; do r2, r3, r4 …
 *
 * so the state is always the one that telling all from the start would give.
 */
#ifndef VENTURI_CORE_DELIVERY_H
#define VENTURI_CORE_DELIVERY_H

#include "core/contribution.h"
#include "core/timeline.h"

struct delivery;

/* NULL if memory is short. */
struct delivery *delivery_new(void);
void delivery_free(struct delivery *delivery);

/*
 * Brings the steps in line with the subject's records up to now. Writes what is no longer
 * contributed to `minus` and what newly is to `plus`, and to plus->wake when it changes by itself.
 * False if memory is short: the delivery is then to be thrown away, with all that it contributed.
 */
MUST_CHECK bool delivery_update(struct delivery *delivery, const struct context *context,
				const struct subject *subject, struct contribution *minus,
				struct contribution *plus);

size_t delivery_bytes(const struct delivery *delivery);

#endif
