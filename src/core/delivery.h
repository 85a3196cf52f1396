/*
 * delivery: the deployments and releases of one service, in all its environments, or the releases of
 * a product that name no service (docs/metrics.md, "Releases").
 */
#ifndef VENTURI_CORE_DELIVERY_H
#define VENTURI_CORE_DELIVERY_H

#include "core/contribution.h"
#include "core/timeline.h"

/* What runs in one environment. String numbers. */
struct environment {
	uint32_t name;
	bool known;       /* something was deployed there */
	uint32_t running; /* what tells its version apart; 0 where nothing does */
	uint32_t before;  /* what ran before the last deployment */
};

/* Reused from service to service. All bytes 0 is an empty one. */
struct delivery {
	struct timeline timeline;
	struct environment *environments;
	uint32_t n_environments, room_environments;
	struct seen *seen; /* identities of deployments and versions that were released */
	uint32_t n_seen, slots;
};

/* False if memory is short. */
MUST_CHECK bool delivery_contribute(struct delivery *delivery, const struct context *context,
				    const struct subject *subject, struct contribution *out);
void delivery_free(struct delivery *delivery);

#endif
