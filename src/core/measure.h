/*
 * measure: what a sample adds to a cell. A cell is a bag of integers: key -> n. A key is a measure,
 * for some with a number of its own (a state, a type, a class), for durations with a bucket of the
 * sketch.
 *
 * A measure holds on a local day (the day of the sample's closing instant), or now, without a day.
 */
#ifndef VENTURI_CORE_MEASURE_H
#define VENTURI_CORE_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * On a day. Sums are of ms; an offset is an instant's distance from the first instant of its day.
 */
enum measure {
	M_FINISHED,
	M_FINISHED_TYPE, /* by flow_type */
	M_CANCELED,
	M_STARTED,
	M_CREATED,
	M_REOPENS,
	M_UNKNOWN_STATES,
	M_NO_START,
	M_START_UNKNOWN,
	M_NO_CREATED,
	M_NEGATIVE,
	M_STALE,
	M_CYCLE, /* durations, by bucket: as all that M_BUCKETED names */
	M_CYCLE_SUM,
	M_LEAD,
	M_LEAD_SUM,
	M_ACTIVE_SUM,
	M_WAIT_SUM,
	M_BLOCKED_SUM,
	M_FIRST_PASS,
	M_SLE_MET,
	M_SLE_SAMPLES,
	M_UPSTREAM,
	M_DISCARDED_BEFORE,
	M_DISCARDED_AFTER,
	/*
	 * Little's law, all on items with a known start; to exit is to finish, be canceled or go
	 * stale.
	 */
	M_DEPARTED,
	M_DEPARTED_TIME_SUM,
	M_START_OFFSET_SUM,
	M_STARTED_AT_MIDNIGHT,
	M_EXITED,
	M_EXIT_OFFSET_SUM,
	M_EXIT_START_SUM, /* of their start instants */
	M_EXITED_AT_MIDNIGHT,
	M_EXITED_AT_MIDNIGHT_START_SUM,
	/*
	 * WIP at a day's end, also of items whose start is unknown (from their first known move).
	 */
	M_WIP_IN,
	M_WIP_OUT,
	/*
	 * Cumulative flow, by flow_class: first entries, and those of items closed for good (on the
	 * closing day).
	 */
	M_ENTERED,
	M_ENTERED_CLOSED,
	M_ENTERED_LATE, /* into `new`, on a day after the closing one; by how many days */
	M_VISIT,        /* by state */
	M_VISIT_SUM,
	M_DEPLOYMENTS,
	M_REDEPLOYS,
	M_ATTEMPTS_FAILED,
	M_NOT_PRODUCTION,
	M_RELEASES,
	M_RELEASE_INTERVAL,
	/* Now. */
	M_WIP_ACTIVE,
	M_WIP_WAIT,
	M_WIP_BLOCKED,
	M_WIP_TYPE,  /* by flow_type */
	M_WIP_STATE, /* by state */
	M_WIP_KNOWN,
	M_WIP_START_SUM,
	M_BACKLOG,
	M_ENTERED_EVER, /* by flow_class: M_ENTERED of all days */
	M_ENTERED_CLOSED_EVER,
	/* Now, in order: the three sets of a scope. */
	M_SET_STARTS,   /* WIP by its start */
	M_SET_SLE,      /* WIP by the instant at which its expectation will be used up */
	M_SET_FINISHED, /* finished items by their finish; products and teams only */
	MEASURES
};

#define SETS 3

static inline bool measure_is_set(enum measure m)
{
	return m >= M_SET_STARTS;
}

static inline bool measure_has_sub(enum measure m)
{
	return m == M_FINISHED_TYPE || m == M_ENTERED || m == M_ENTERED_CLOSED ||
	       m == M_ENTERED_LATE || m == M_VISIT || m == M_VISIT_SUM || m == M_WIP_TYPE ||
	       m == M_WIP_STATE || m == M_ENTERED_EVER || m == M_ENTERED_CLOSED_EVER;
}

static inline bool measure_is_bucketed(enum measure m)
{
	return m == M_CYCLE || m == M_LEAD || m == M_UPSTREAM || m == M_VISIT ||
	       m == M_RELEASE_INTERVAL;
}

static inline uint64_t measure_key(enum measure m, uint32_t sub, uint32_t bucket)
{
	return (uint64_t)m << 48 | (uint64_t)sub << 16 | bucket;
}

static inline enum measure key_measure(uint64_t key)
{
	return (enum measure)(key >> 48);
}

static inline uint32_t key_sub(uint64_t key)
{
	return (uint32_t)(key >> 16);
}

static inline uint32_t key_bucket(uint64_t key)
{
	return (uint32_t)(key & 0xffff);
}

#endif
