/*
 * timeline: the facts of one subject that count now, in order, and where each of their instants
 * places the subject. Work items and services alike are told from it.
 */
#ifndef VENTURI_CORE_TIMELINE_H
#define VENTURI_CORE_TIMELINE_H

#include "core/place.h"
#include "venturi/zone.h"

/* What every evaluation is a function of, beside the facts. */
struct context {
	const struct model *model;
	const struct zone *zone;
	const struct store *store;
	struct strings *strings;
	struct placer *placer;
	int64_t now;
};

/* Reused from subject to subject. All bytes 0 is an empty one. */
struct timeline {
	uint32_t n, room;
	const struct record **facts;
	struct place
		*places; /* of the instant of each fact: all facts of one instant have the same */
	bool all_placed;
	int64_t next; /* the time of the first fact after now; INT64_MAX if none */
};

/*
 * Reads the subject's facts up to now that are not of an ignored source. False if memory is short.
 */
MUST_CHECK bool timeline_read(struct timeline *timeline, const struct context *context,
			      const struct subject *subject);
void timeline_free(struct timeline *timeline);

/* The last fact of the instant of fact i, of those before `end`. */
uint32_t timeline_instant_end(const struct timeline *timeline, uint32_t i, uint32_t end);

#endif
