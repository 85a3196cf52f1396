#include "core/item.h"

/* One life being told: to where, and how its instants become days. */
struct telling {
	const struct context *context;
	const struct lives *lives;
	const struct life *life;
	const struct product *product;
	uint32_t number; /* the life's */
	struct contribution *out;
};

static int32_t day_of(const struct telling *t, int64_t at)
{
	return zone_day(t->context->zone, at);
}

static void count(const struct telling *t, int64_t at, enum measure m)
{
	contribution_day(t->out, day_of(t, at), m, 0, 1);
}

static void tell_creation(const struct telling *t)
{
	if (t->life->created == UNKNOWN)
		return;
	count(t, t->life->created, M_CREATED);
}

static void tell_start(const struct telling *t)
{
	const struct life *life = t->life;
	int32_t day;
	int64_t offset;

	if (life->started == UNKNOWN)
		return;
	day = day_of(t, life->started);
	offset = life->started - zone_day_start(t->context->zone, day);
	contribution_day(t->out, day, M_STARTED, 0, 1);
	contribution_day(t->out, day, M_START_OFFSET_SUM, 0, offset);
	contribution_day(t->out, day, M_STARTED_AT_MIDNIGHT, 0, offset == 0);
	if (life->created == UNKNOWN)
		return;
	if (life->started < life->created)
		contribution_day(t->out, day, M_NEGATIVE, 0, 1);
	else
		contribution_sample(t->out, day, M_UPSTREAM, 0, life->started - life->created);
}

/* The visits of a finished item to its states; the final `done` is none. */
static void tell_visits(const struct telling *t, int32_t day)
{
	for (uint32_t i = t->life->first_move; i < t->life->finish; i++) {
		const struct move *move = &t->lives->moves[i];
		int64_t stay = move[1].time - move->time;

		contribution_sample(t->out, day, M_VISIT, move->state, stay);
		contribution_day(t->out, day, M_VISIT_SUM, move->state, stay);
	}
}

static void tell_cycle(const struct telling *t, int32_t day)
{
	const struct life *life = t->life;
	int64_t cycle, blocked, active;

	if (life->started == UNKNOWN) {
		contribution_day(t->out, day, life->start_unknown ? M_START_UNKNOWN : M_NO_START, 0,
				 1);
		return;
	}
	cycle = life->finished - life->started;
	blocked = life_blocked(t->lives, life, life->finished);
	active = life_active(t->lives, life, life->finished);
	contribution_sample(t->out, day, M_CYCLE, 0, cycle);
	contribution_day(t->out, day, M_CYCLE_SUM, 0, cycle);
	contribution_day(t->out, day, M_BLOCKED_SUM, 0, blocked);
	contribution_day(t->out, day, M_ACTIVE_SUM, 0, active);
	contribution_day(t->out, day, M_WAIT_SUM, 0, cycle - active - blocked);
	if (t->product->sle_ms) {
		contribution_day(t->out, day, M_SLE_SAMPLES, 0, 1);
		contribution_day(t->out, day, M_SLE_MET, 0, cycle <= t->product->sle_ms);
	}
}

static void tell_finish(const struct telling *t)
{
	const struct life *life = t->life;
	int32_t day = day_of(t, life->finished);

	contribution_day(t->out, day, M_FINISHED, 0, 1);
	contribution_day(t->out, day, M_FINISHED_TYPE, life->type, 1);
	contribution_day(t->out, day, M_FIRST_PASS, 0, life->reopens == 0);
	tell_cycle(t, day);
	if (life->created == UNKNOWN) {
		contribution_day(t->out, day, M_NO_CREATED, 0, 1);
	} else if (life->finished < life->created) {
		contribution_day(t->out, day, M_NEGATIVE, 0, 1);
	} else {
		int64_t lead = life->finished - life->created;

		contribution_sample(t->out, day, M_LEAD, 0, lead);
		contribution_day(t->out, day, M_LEAD_SUM, 0, lead);
	}
	tell_visits(t, day);
	contribution_set(t->out, M_SET_FINISHED, life->finished, t->number);
}

static void tell_cancel(const struct telling *t)
{
	const struct life *life = t->life;
	bool started = life->started != UNKNOWN || life->start_unknown;

	count(t, life->canceled, M_CANCELED);
	count(t, life->canceled, started ? M_DISCARDED_AFTER : M_DISCARDED_BEFORE);
}

/* What Little's law is made of: items with a known start that left WIP. */
static void tell_exit(const struct telling *t)
{
	const struct life *life = t->life;
	int64_t exit = life_exit(life), offset;
	int32_t day;

	if (exit == UNKNOWN || life->started == UNKNOWN)
		return;
	day = day_of(t, exit);
	offset = exit - zone_day_start(t->context->zone, day);
	contribution_day(t->out, day, M_EXITED, 0, 1);
	contribution_day(t->out, day, M_EXIT_OFFSET_SUM, 0, offset);
	contribution_day(t->out, day, M_EXIT_START_SUM, 0, life->started);
	if (offset == 0) {
		contribution_day(t->out, day, M_EXITED_AT_MIDNIGHT, 0, 1);
		contribution_day(t->out, day, M_EXITED_AT_MIDNIGHT_START_SUM, 0, life->started);
	}
	if (life->stale != UNKNOWN)
		return;
	contribution_day(t->out, day, M_DEPARTED, 0, 1);
	contribution_day(t->out, day, M_DEPARTED_TIME_SUM, 0, exit - life->started);
}

/* WIP at the ends of days: an unknown start counts from the first known move. */
static void tell_wip_days(const struct telling *t)
{
	const struct life *life = t->life;
	int64_t exit = life_exit(life);

	if (life->started == UNKNOWN && !life->start_unknown)
		return;
	count(t, life->started != UNKNOWN ? life->started : t->lives->moves[life->first_move].time,
	      M_WIP_IN);
	if (exit != UNKNOWN)
		count(t, exit, M_WIP_OUT);
}

static void tell_entry(const struct telling *t, enum flow_class class, int64_t at, int64_t closed)
{
	int32_t late = closed == UNKNOWN ? 0 : day_of(t, at) - day_of(t, closed);

	if (late > 0) { /* a creation after the close */
		contribution_day(t->out, day_of(t, at), M_ENTERED_LATE, (uint32_t)late, 1);
		return;
	}
	contribution_day(t->out, day_of(t, at), M_ENTERED, class, 1);
	contribution_now(t->out, M_ENTERED_EVER, class, 1);
	if (closed == UNKNOWN)
		return;
	contribution_day(t->out, day_of(t, closed), M_ENTERED_CLOSED, class, 1);
	contribution_now(t->out, M_ENTERED_CLOSED_EVER, class, 1);
}

/* Cumulative flow: the first entry into each class. An item enters `new` when it is created. */
static void tell_entries(const struct telling *t)
{
	const struct life *life = t->life;
	int64_t closed = life_exit(life);
	int64_t first[CLASS_COUNT];

	for (int class = 0; class < CLASS_COUNT; class ++)
		first[class] = UNKNOWN;
	first[CLASS_NEW] = life->created;
	for (uint32_t i = 0; i < life->moves; i++) {
		const struct move *move = &t->lives->moves[life->first_move + i];

		if (first[move->class] == UNKNOWN || move->time < first[move->class])
			first[move->class] = move->time;
	}
	for (int class = 0; class < CLASS_COUNT; class ++)
		if (first[class] != UNKNOWN)
			tell_entry(t, class, first[class], closed);
}

static void tell_moves(const struct telling *t)
{
	const struct life *life = t->life;

	for (uint32_t i = 0; i < life->moves; i++) {
		const struct move *move = &t->lives->moves[life->first_move + i];
		bool closed = move->before == CLASS_DONE || move->before == CLASS_CANCELED;

		if (closed && move->class != CLASS_DONE && move->class != CLASS_CANCELED &&
		    (i > 0 || life->first == 0))
			count(t, move->time, M_REOPENS);
	}
	for (uint32_t i = 0; i < t->lives->n_unknown; i++) {
		uint32_t fact = t->lives->unknown_states[i];

		if (fact >= life->first && fact < life->end)
			count(t, t->lives->timeline.facts[fact]->time, M_UNKNOWN_STATES);
	}
}

/* What holds now of an open item. */
static void tell_now(const struct telling *t)
{
	const struct life *life = t->life;
	const struct move *last;

	if (!life_in_wip(life)) {
		contribution_now(t->out, M_BACKLOG, 0, 1);
		return;
	}
	last = &t->lives->moves[life->first_move + life->moves - 1];
	contribution_now(t->out,
			 life->blocked                 ? M_WIP_BLOCKED
			 : life->class == CLASS_ACTIVE ? M_WIP_ACTIVE
						       : M_WIP_WAIT,
			 0, 1);
	contribution_now(t->out, M_WIP_TYPE, life->type, 1);
	contribution_now(t->out, M_WIP_STATE, last->state, 1);
	if (life->started == UNKNOWN)
		return;
	contribution_now(t->out, M_WIP_KNOWN, 0, 1);
	contribution_now(t->out, M_WIP_START_SUM, 0, life->started);
	contribution_set(t->out, M_SET_STARTS, life->started, t->number);
	if (t->product->sle_ms)
		contribution_set(t->out, M_SET_SLE, life->started + t->product->sle_ms, t->number);
}

static void tell_life(const struct telling *t)
{
	const struct life *life = t->life;

	contribution_leaf(t->out, life->place.leaf);
	tell_creation(t);
	tell_start(t);
	tell_moves(t);
	tell_entries(t);
	tell_wip_days(t);
	tell_exit(t);
	if (life->finished != UNKNOWN)
		tell_finish(t);
	else if (life->canceled != UNKNOWN)
		tell_cancel(t);
	else if (life->stale != UNKNOWN)
		count(t, life->stale, M_STALE);
	else if (life->closed == UNKNOWN)
		tell_now(t);
}

bool item_contribute(struct lives *lives, const struct context *context,
		     const struct subject *subject, struct contribution *out)
{
	if (!lives_read(lives, context, subject))
		return false;
	contribution_until(out, lives->wake);
	for (uint32_t i = 0; i < lives->n; i++) {
		const struct life *life = &lives->lives[i];
		struct telling telling = {
			context, lives,
			life,    model_product(context->model, (uint32_t)life->place.product),
			i,       out};

		tell_life(&telling);
	}
	return true;
}
