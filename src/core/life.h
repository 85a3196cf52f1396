/*
 * life: the lives of a work item, told from its timeline (docs/metrics.md, "Work items").
 *
 *   facts    created  state  typed  state  blocked  unblocked  closed │ state  state
 *   lives    ├─────────────────────── first ──────────────────────────┤├── second ──
 *   moves               •             •                          •        •      •
 *
 * All instants are ms since the Unix epoch, UNKNOWN where there is none.
 */
#ifndef VENTURI_CORE_LIFE_H
#define VENTURI_CORE_LIFE_H

#include "core/timeline.h"

#define UNKNOWN INT64_MIN

/* A change of state or class. */
struct move {
	int64_t time;
	uint32_t fact;
	uint32_t state;         /* lower-case string */
	enum flow_class before; /* CLASS_COUNT: from nothing that is known */
	enum flow_class class;
};

struct span {
	int64_t from, to;
};

struct life {
	uint32_t first, end;        /* its facts, [first, end) of the timeline */
	uint32_t first_move, moves; /* its moves, in lives.moves */
	/* When it was blocked, in lives.spans: in order, apart; an open one ends at INT64_MAX. */
	uint32_t first_span, spans;
	struct place place;

	int64_t created; /* UNKNOWN also while it lies after now */
	int64_t started;
	bool start_unknown;
	enum flow_class class; /* after its last move; CLASS_COUNT before any */
	int64_t finished, canceled;
	/* Finished, canceled or, where it was closed before the log began, its last move. */
	int64_t closed;
	int64_t stale;   /* it ended as stale then */
	uint32_t finish; /* the move that finished it, in lives.moves */

	uint32_t reopens;
	bool blocked;        /* now */
	enum flow_type type; /* at the finish, or now */
	bool aligned;        /* names an objective then */
	bool has_points;
	int64_t points; /* of 1e-6, then */
};

/* Reused from item to item. All bytes 0 is an empty one. */
struct lives {
	struct timeline timeline;
	struct life *lives;
	uint32_t n, room;
	struct move *moves;
	uint32_t n_moves, room_moves;
	struct span *spans;
	uint32_t n_spans, room_spans;
	uint32_t *unknown_states; /* facts that name a state which the workflow lacks, ascending */
	uint32_t n_unknown, room_unknown;
	uint32_t *blockers; /* open ones, by string; 0 is the one without a name */
	uint32_t n_blockers, room_blockers;
	int64_t wake; /* all this holds until then */
};

/* False if memory is short. No lives where no fact counts yet. */
MUST_CHECK bool lives_read(struct lives *lives, const struct context *context,
			   const struct subject *subject);
void lives_free(struct lives *lives);

/* Whether it is in WIP: started (known when or not), not closed, not stale. */
bool life_in_wip(const struct life *life);
/* When it left WIP: finished, canceled or stale; UNKNOWN while it has not. */
int64_t life_exit(const struct life *life);

/*
 * How long it was blocked, and how long it was in active states and not blocked, from its start to
 * `until`.
 */
int64_t life_blocked(const struct lives *lives, const struct life *life, int64_t until);
int64_t life_active(const struct lives *lives, const struct life *life, int64_t until);

#endif
