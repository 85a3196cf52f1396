/*
 * fold_exchange: contributions in and out of the cells, and which scopes and tables that changes.
 */
#include "core/fold_inner.h"

void fold_changed(struct fold *f, uint32_t scope, unsigned tables)
{
	struct scope_state *s = &f->scopes[scope];

	s->changed_tables |= tables;
	if (s->queued)
		return;
	s->queued = true;
	f->queue[(f->queue_first + f->queue_n++) % f->n_scopes] = scope;
}

bool fold_next_changed(struct fold *f, uint32_t *scope, unsigned *tables)
{
	struct scope_state *s;

	if (!f->queue_n)
		return false;
	*scope = f->queue[f->queue_first];
	f->queue_first = (f->queue_first + 1) % f->n_scopes;
	f->queue_n--;
	s = &f->scopes[*scope];
	*tables = s->changed_tables;
	s->changed_tables = 0;
	s->queued = false;
	return true;
}

uint32_t fold_changed_count(const struct fold *f)
{
	return f->queue_n;
}

int32_t fold_history_changed(struct fold *f, uint32_t scope)
{
	int32_t day = f->scopes[scope].changed_day;

	f->scopes[scope].changed_day = INT32_MAX;
	return day;
}

/* The tables that a measure shows in. */
static unsigned tables_of(enum measure m)
{
	switch (m) {
	case M_VISIT:
	case M_VISIT_SUM:
	case M_WIP_STATE:
		return 1u << TABLE_STAGES;
	case M_ENTERED:
	case M_ENTERED_CLOSED:
	case M_ENTERED_LATE:
		return 1u << TABLE_CFD;
	case M_CYCLE:
		return 1u << TABLE_DIST_CYCLE_TIME;
	case M_LEAD:
		return 1u << TABLE_DIST_LEAD_TIME;
	case M_SET_FINISHED:
		return 1u << TABLE_FINISHED;
	case M_SET_STARTS:
	case M_WIP_ACTIVE:
	case M_WIP_WAIT:
	case M_WIP_BLOCKED:
	case M_WIP_TYPE:
		return 1u << TABLE_AGING;
	default:
		return 0;
	}
}

#define HISTORY                                                                                    \
	(1u << TABLE_HIST_DAY | 1u << TABLE_HIST_WEEK | 1u << TABLE_HIST_MONTH |                   \
	 1u << TABLE_HIST_QUARTER)

static void note_change(struct fold *f, uint32_t scope, unsigned tables, int32_t first_day)
{
	struct scope_state *s = &f->scopes[scope];

	if (first_day < f->today) {
		tables |= HISTORY;
		if (first_day < s->changed_day)
			s->changed_day = first_day;
	}
	fold_changed(f, scope, tables);
}

static bool apply_set(struct fold *f, uint32_t scope, uint32_t subject,
		      const struct contribution_op *op, int sign)
{
	struct ordered *set = &f->scopes[scope].cells.sets[op->measure - M_SET_STARTS];
	struct ordered_entry entry = {op->at, subject, op->life};
	enum level level = model_scope(f->model, scope)->level;

	if (op->measure == M_SET_FINISHED && level != LEVEL_PRODUCT && level != LEVEL_TEAM)
		return true;
	if (sign > 0)
		return ordered_add(set, entry);
	ordered_remove(set, entry);
	return true;
}

/* Ops of one leaf that are applied together, in each of its scopes. */
#define OPS_MOST 64

struct ops {
	uint32_t subject, leaf;
	int sign; /* 1 adds, -1 takes back */
	unsigned tables;
	int32_t first_day;
	size_t n;
	struct contribution_op ops[OPS_MOST];
};

static bool apply_to_scope(struct fold *f, uint32_t scope, const struct ops *o)
{
	struct cells *cells = &f->scopes[scope].cells;
	const struct contribution_op *before = NULL; /* whose day the cell is of */
	struct cell *cell = NULL;

	for (const struct contribution_op *op = o->ops; op < o->ops + o->n; op++) {
		if (measure_is_set(op->measure)) {
			if (!apply_set(f, scope, o->subject, op, o->sign))
				return false;
			continue;
		}
		if (op->has_day && (!before || before->day != op->day)) {
			if (before && !cell->n)
				cells_drop_day(cells, before->day);
			cell = cells_day(cells, op->day);
			if (!cell)
				return false;
			before = op;
		}
		if (!cell_add(op->has_day ? cell : &cells->now, op->key, o->sign * op->n))
			return false;
	}
	if (before && !cell->n)
		cells_drop_day(cells, before->day);
	return true;
}

/* False if memory is short, half way: then all is to be folded anew. */
static bool apply_ops(struct fold *f, struct ops *o)
{
	const struct scope *leaf;

	if (!o->n)
		return true;
	leaf = model_scope(f->model, o->leaf);
	for (uint32_t i = 0; i < leaf->n_chain; i++) {
		if (!apply_to_scope(f, leaf->chain[i], o))
			return false;
		note_change(f, leaf->chain[i], o->tables, o->first_day);
	}
	o->n = 0;
	o->tables = 0;
	o->first_day = INT32_MAX;
	return true;
}

/* Adds the op to those that wait, and applies them when it is of another leaf or they are many. */
static bool apply_op(struct fold *f, struct ops *o, const struct contribution_op *op)
{
	if ((o->n == OPS_MOST || o->leaf != op->leaf) && !apply_ops(f, o))
		return false;
	o->leaf = op->leaf;
	o->tables |= tables_of(op->measure);
	if (!measure_is_set(op->measure) && op->has_day && op->day < o->first_day)
		o->first_day = op->day;
	o->ops[o->n++] = *op;
	return true;
}

static bool same_op(const struct contribution_op *a, const struct contribution_op *b)
{
	if (a->measure != b->measure || a->leaf != b->leaf || a->has_day != b->has_day ||
	    (a->has_day && a->day != b->day))
		return false;
	return measure_is_set(a->measure) ? a->at == b->at && a->life == b->life
					  : a->key == b->key && a->n == b->n;
}

/*
 * Takes one contribution back and adds another. Both are told in one order, so what they begin with
 * alike stays as it is: of an item that moves on, most of it.
 */
bool fold_exchange(struct fold *f, uint32_t subject, struct contribution_reader out,
		   struct contribution_reader in)
{
	struct ops o = {.subject = subject, .leaf = UINT32_MAX, .sign = -1, .first_day = INT32_MAX};
	bool more_out, more_in;

	do {
		more_out = contribution_next(&out);
		more_in = contribution_next(&in);
	} while (more_out && more_in && same_op(&out.op, &in.op));
	for (; more_out; more_out = contribution_next(&out))
		if (!apply_op(f, &o, &out.op))
			return false;
	if (!apply_ops(f, &o))
		return false;
	o.sign = 1;
	for (; more_in; more_in = contribution_next(&in))
		if (!apply_op(f, &o, &in.op))
			return false;
	return apply_ops(f, &o);
}
