#include "core/life.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more element of *array. */
static bool room_for(void **array, uint32_t n, uint32_t *room, size_t size)
{
	uint32_t more = *room ? *room * 2 : 16;
	void *grown;

	if (n < *room)
		return true;
	grown = realloc(*array, more * size);
	if (!grown)
		return false;
	*array = grown;
	*room = more;
	return true;
}

#define ROOM(array, n, room) room_for((void **)&(array), n, &(room), sizeof *(array))

/*
 * Where the leaf rule puts the item at the instant of fact i, when the facts below `end` are known:
 * what places it then, else the earliest later placement, else `unmapped`.
 */
static struct place place_at(const struct timeline *t, const struct context *context, uint32_t i,
			     uint32_t end)
{
	for (; i < end; i++)
		if (t->places[i].product != NOWHERE)
			return t->places[i];
	return placer_unmapped(context->placer);
}

/* ---- Moves ---- */

/* A walk over the facts of one life, move by move. */
struct walk {
	const struct context *context;
	struct lives *lives;
	uint32_t known; /* facts below it may place the item */
	uint32_t first_move;
	enum flow_class class; /* CLASS_COUNT before the first move */
	uint32_t state;
	int64_t last_move;
	int64_t canceled_by_close; /* the instant of the last canceling close */
	int64_t settle;
	bool keep_unknown; /* note facts that name an unknown state */
};

static size_t workflow_at(const struct walk *w, uint32_t i)
{
	struct place place = place_at(&w->lives->timeline, w->context, i, w->known);

	return model_product(w->context->model, (uint32_t)place.product)->workflow;
}

static bool is_closed(enum flow_class class)
{
	return class == CLASS_DONE || class == CLASS_CANCELED;
}

/* The class that the first move of a life comes out of, as far as it says so. */
static enum flow_class came_from(struct walk *w, uint32_t i)
{
	uint32_t from = record_string(w->lives->timeline.facts[i], FIELD_FROM);
	enum flow_class class;

	if (!from)
		return CLASS_COUNT;
	class = placer_class(w->context->placer, workflow_at(w, i),
			     strings_lower(w->context->strings, from));
	return class == CLASS_COUNT ? CLASS_NEW : class;
}

/* The state and class that fact i tells, after `before`. False if it tells none. */
static bool told(struct walk *w, uint32_t i, enum flow_class before, uint32_t *state,
		 enum flow_class *class, bool *unknown)
{
	const struct record *fact = w->lives->timeline.facts[i];
	struct strings *strings = w->context->strings;

	*unknown = false;
	if (fact->kind == FACT_ITEM_CLOSED) {
		struct text how = strings_text(strings, record_string(fact, FIELD_RESOLUTION));
		bool cancels = model_cancels(w->context->model, how);

		*class = cancels ? CLASS_CANCELED : CLASS_DONE;
		*state = strings_add(strings, cancels ? TEXT("canceled") : TEXT("done"));
		return true;
	}
	if (fact->kind != FACT_ITEM_STATE)
		return false;
	*state = strings_lower(strings, record_string(fact, FIELD_TO));
	*class = placer_class(w->context->placer, workflow_at(w, i), *state);
	if (*class == CLASS_COUNT) {
		*unknown = true;
		*class = before == CLASS_COUNT ? CLASS_NEW : before;
	}
	return true;
}

enum step { STEP_ON, STEP_NEW_LIFE, STEP_NO_MEMORY };

static enum step step(struct walk *w, uint32_t i)
{
	struct lives *l = w->lives;
	const struct record *fact = l->timeline.facts[i];
	bool first = l->n_moves == w->first_move;
	enum flow_class class, before = first ? came_from(w, i) : w->class;
	uint32_t state;
	bool unknown;

	if (!told(w, i, before, &state, &class, &unknown))
		return STEP_ON;
	if (state == UINT32_MAX)
		return STEP_NO_MEMORY;
	if (unknown && w->keep_unknown) {
		if (!ROOM(l->unknown_states, l->n_unknown, l->room_unknown))
			return STEP_NO_MEMORY;
		l->unknown_states[l->n_unknown++] = i;
	}
	/* After a canceling close, `done` at the same instant does not revive the item. */
	if (class == CLASS_DONE && w->canceled_by_close == fact->time)
		return STEP_ON;
	if (fact->kind == FACT_ITEM_CLOSED && class == CLASS_CANCELED)
		w->canceled_by_close = fact->time;
	if (!first && class == w->class && (fact->kind == FACT_ITEM_CLOSED || state == w->state))
		return STEP_ON;
	if (!first && is_closed(w->class) && !is_closed(class) &&
	    fact->time - w->last_move > w->settle)
		return STEP_NEW_LIFE;
	if (!ROOM(l->moves, l->n_moves, l->room_moves))
		return STEP_NO_MEMORY;
	l->moves[l->n_moves++] = (struct move){fact->time, i, state, before, class};
	w->class = class;
	w->state = state;
	w->last_move = fact->time;
	return STEP_ON;
}

/* `known`: facts below it may place the item. `settle`: INT64_MAX where no new life is to begin. */
static void walk_begin(struct walk *w, uint32_t known, int64_t settle)
{
	w->known = known;
	w->settle = settle;
	w->first_move = w->lives->n_moves;
	w->class = CLASS_COUNT;
	w->state = 0;
	w->last_move = UNKNOWN;
	w->canceled_by_close = UNKNOWN;
}

/* Walks [from, to): on to the end, or to the fact that begins a new life (told in *stop). */
static bool walk(struct walk *w, uint32_t from, uint32_t to, uint32_t *stop)
{
	for (*stop = from; *stop < to; ++*stop) {
		enum step s = step(w, *stop);

		if (s != STEP_ON)
			return s == STEP_NEW_LIFE;
	}
	return true;
}

/*
 * Where the life that begins with fact `from` ends. Whether the item is closed at a fact is judged
 * by the facts up to then alone; that makes a difference only where some instants place it nowhere.
 */
static bool life_end(struct walk *w, uint32_t from, uint32_t *end)
{
	const struct timeline *t = &w->lives->timeline;
	uint32_t moves = w->lives->n_moves;

	w->keep_unknown = false;
	for (*end = from; *end < t->n; ++*end) {
		enum step s;
		uint32_t stop;

		if (t->facts[*end]->kind != FACT_ITEM_STATE)
			continue;
		walk_begin(w, timeline_instant_end(t, *end, t->n) + 1, INT64_MAX);
		if (!walk(w, from, *end, &stop))
			return false;
		w->settle = model_settle(w->context->model);
		s = step(w, *end);
		w->lives->n_moves = moves;
		if (s != STEP_ON)
			return s == STEP_NEW_LIFE;
	}
	return true;
}

/* The moves of the life that begins with fact `from`, and where it ends. */
static bool life_moves(struct walk *w, uint32_t from, uint32_t *end)
{
	const struct timeline *t = &w->lives->timeline;

	if (t->all_placed) {
		w->keep_unknown = true;
		walk_begin(w, t->n, model_settle(w->context->model));
		return walk(w, from, t->n, end);
	}
	if (!life_end(w, from, end))
		return false;
	w->keep_unknown = true;
	walk_begin(w, *end, INT64_MAX);
	return walk(w, from, *end, end);
}

/* ---- What is blocked ---- */

static bool open_blocker(struct lives *l, uint32_t blocker, int64_t time)
{
	for (uint32_t i = 0; i < l->n_blockers; i++)
		if (l->blockers[i] == blocker)
			return true;
	if (!ROOM(l->blockers, l->n_blockers, l->room_blockers))
		return false;
	l->blockers[l->n_blockers++] = blocker;
	if (l->n_blockers > 1)
		return true;
	if (!ROOM(l->spans, l->n_spans, l->room_spans))
		return false;
	l->spans[l->n_spans++] = (struct span){time, INT64_MAX};
	return true;
}

static void end_blockers(struct lives *l, uint32_t blocker, int64_t time)
{
	uint32_t kept = 0;

	if (!l->n_blockers)
		return;
	for (uint32_t i = 0; blocker && i < l->n_blockers; i++)
		if (l->blockers[i] != blocker)
			l->blockers[kept++] = l->blockers[i];
	l->n_blockers = kept;
	if (!kept)
		l->spans[l->n_spans - 1].to = time;
}

/*
 * A block ends when its blocker does, or at the close: a `Done` that is reopened later ends none.
 */
static bool read_spans(struct lives *l, struct life *life)
{
	life->first_span = l->n_spans;
	l->n_blockers = 0;
	for (uint32_t i = life->first; i < life->end; i++) {
		const struct record *fact = l->timeline.facts[i];
		uint32_t blocker = record_string(fact, FIELD_BLOCKER_ID);

		if (fact->kind == FACT_ITEM_BLOCKED && !open_blocker(l, blocker, fact->time))
			return false;
		if (fact->kind == FACT_ITEM_UNBLOCKED)
			end_blockers(l, blocker, fact->time);
	}
	life->spans = l->n_spans - life->first_span;
	life->blocked = l->n_blockers > 0;
	return true;
}

static int64_t overlap(int64_t from, int64_t to, struct span span)
{
	if (span.from > from)
		from = span.from;
	if (span.to < to)
		to = span.to;
	return to > from ? to - from : 0;
}

static int64_t blocked_in(const struct lives *l, const struct life *life, int64_t from, int64_t to)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < life->spans; i++)
		sum += overlap(from, to, l->spans[life->first_span + i]);
	return sum;
}

int64_t life_blocked(const struct lives *l, const struct life *life, int64_t until)
{
	return blocked_in(l, life, life->started, until);
}

int64_t life_active(const struct lives *l, const struct life *life, int64_t until)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < life->moves; i++) {
		const struct move *move = &l->moves[life->first_move + i];
		int64_t to = i + 1 < life->moves && move[1].time < until ? move[1].time : until;

		if (move->class == CLASS_ACTIVE && move->time < to)
			sum += to - move->time - blocked_in(l, life, move->time, to);
	}
	return sum;
}

/* ---- The rest of a life ---- */

static void read_instants(struct lives *l, struct life *life)
{
	const struct move *moves = l->moves + life->first_move;

	life->started = life->finished = life->canceled = life->closed = UNKNOWN;
	life->class = CLASS_COUNT;
	life->start_unknown =
		life->moves && (moves[0].before == CLASS_ACTIVE || moves[0].before == CLASS_WAIT);
	for (uint32_t i = 0; i < life->moves; i++) {
		const struct move *move = &moves[i];
		bool enters = move->class != move->before;

		if ((move->class == CLASS_ACTIVE || move->class == CLASS_WAIT) &&
		    life->started == UNKNOWN && !life->start_unknown)
			life->started = move->time;
		if (move->before != CLASS_COUNT && is_closed(move->before) &&
		    !is_closed(move->class) && (i > 0 || life->first == 0))
			life->reopens++;
		life->class = move->class;
		life->closed = is_closed(move->class) ? move->time : UNKNOWN;
		if (!is_closed(move->class)) {
			life->finished = life->canceled = UNKNOWN;
		} else if (move->class == CLASS_DONE) {
			life->canceled = UNKNOWN;
			if (enters) {
				life->finished = move->time;
				life->finish = life->first_move + i;
			}
		} else {
			life->finished = UNKNOWN;
			if (enters)
				life->canceled = move->time;
		}
	}
	if (life->finished != UNKNOWN)
		life->closed = life->finished;
	if (life->canceled != UNKNOWN)
		life->closed = life->canceled;
}

/* The creation of the first life: the earliest that any fact carries, else that of item.created. */
static int64_t first_creation(const struct timeline *t)
{
	int64_t carried = INT64_MAX, created = INT64_MAX, at;

	for (uint32_t i = 0; i < t->n; i++) {
		if (record_number(t->facts[i], FIELD_CREATED_AT, &at) && at < carried)
			carried = at;
		if (t->facts[i]->kind == FACT_ITEM_CREATED && t->facts[i]->time < created)
			created = t->facts[i]->time;
	}
	return carried != INT64_MAX ? carried : created != INT64_MAX ? created : UNKNOWN;
}

static void read_creation(struct lives *l, struct life *life, int64_t now)
{
	life->created =
		life->first ? l->moves[life->first_move].time : first_creation(&l->timeline);
	if (life->created > now) {
		if (life->created < l->wake)
			l->wake = life->created;
		life->created = UNKNOWN;
	}
}

/* Type, objective, points and place: as they are in force at its close, or now. */
static void read_attributes(struct lives *l, struct life *life, const struct context *context)
{
	const struct timeline *t = &l->timeline;
	uint32_t type = 0, last = life->end - 1;

	if (life->closed != UNKNOWN)
		while (last > life->first && t->facts[last]->time > life->closed)
			last--;
	for (uint32_t i = 0; i <= last; i++) {
		struct value value;

		for (size_t at = 0; record_next(t->facts[i], &at, &value);) {
			if (value.field == FIELD_TYPE)
				type = value.string;
			if (value.field == FIELD_OBJECTIVE)
				life->aligned = true;
			if (value.field == FIELD_VALUE_POINTS) {
				life->has_points = true;
				life->points = value.number;
			}
		}
	}
	life->type = model_type(context->model, strings_text(context->strings, type));
	life->place = place_at(t, context, last, life->end);
}

static void read_staleness(struct lives *l, struct life *life, const struct context *context)
{
	int64_t ends =
		l->timeline.facts[l->timeline.n - 1]->time + model_stale_after(context->model);

	life->stale = UNKNOWN;
	if (life->class != CLASS_COUNT && is_closed(life->class))
		return;
	if (context->now > ends)
		life->stale = ends;
	else if (ends + 1 < l->wake)
		l->wake = ends + 1;
}

bool lives_read(struct lives *l, const struct context *context, const struct subject *subject)
{
	struct walk w = {.context = context, .lives = l};

	l->n = l->n_moves = l->n_spans = l->n_unknown = 0;
	if (!timeline_read(&l->timeline, context, subject))
		return false;
	l->wake = l->timeline.next;
	for (uint32_t from = 0, end; from < l->timeline.n; from = end) {
		struct life *life;

		if (!ROOM(l->lives, l->n, l->room))
			return false;
		life = &l->lives[l->n++];
		*life = (struct life){.first = from, .first_move = l->n_moves};
		if (!life_moves(&w, from, &end))
			return false;
		life->end = end;
		life->moves = l->n_moves - life->first_move;
		read_instants(l, life);
		read_creation(l, life, context->now);
		read_attributes(l, life, context);
		read_staleness(l, life, context);
		if (!read_spans(l, life))
			return false;
	}
	return true;
}

void lives_free(struct lives *l)
{
	timeline_free(&l->timeline);
	free(l->lives);
	free(l->moves);
	free(l->spans);
	free(l->unknown_states);
	free(l->blockers);
	*l = (struct lives){0};
}

bool life_in_wip(const struct life *life)
{
	return (life->started != UNKNOWN || life->start_unknown) && !is_closed(life->class) &&
	       life->stale == UNKNOWN;
}

int64_t life_exit(const struct life *life)
{
	return life->finished != UNKNOWN   ? life->finished
	       : life->canceled != UNKNOWN ? life->canceled
	       : life->closed != UNKNOWN   ? life->closed
					   : life->stale;
}
