/*
 * world: a small organisation for tests of the core, and facts told to it in one line each.
 *
 * Portfolio acme in UTC; stream claims with the products intake (projects CLM, service api, 85 %
 * within 2 days, team falcon by label team:falcon) and fraud (mode project, projects FRD, service
 * scorer, releases by publication, workflow kanban); stream policy with billing (projects BIL,
 * service billing).
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "venturi/fold.h"

struct world {
	struct model *model;
	struct zone *zone;
	struct store *store;
	struct fold *fold;
	unsigned told; /* makes ids */
};

struct world_options {
	int64_t settle_ms, stale_after_ms; /* 0: 90 and 400 days */
	const char
		*extra_product; /* one more product, of stream claims, with projects of its name */
	const char *ignore_source;
};

#define DAY  INT64_C(86400000)
#define HOUR INT64_C(3600000)

struct world *world_new(const struct world_options *options);
void world_free(struct world *world);

/* "2026-03-02T10:00:00.001Z" or "2026-03-02", as ms. */
int64_t instant(const char *text);

/*
 * "2026-03-02 item.state CLM-1 to=Doing from=Backlog labels=a,b": instant, kind, subject (- for
 * none), then fields by their native names; `id=`, `source=`, `subject_source=` and `sequence=`
 * too. A + stands for a space.
 */
void world_tell(struct world *world, const char *line);
/* Lines up to NULL. */
void world_tell_all(struct world *world, const char *const *lines);
/* Adds a fact, and touches its subject if the set changed. */
enum outcome world_add(struct world *world, const struct fact *fact);

/* Brings the fold to now. */
void world_at(struct world *world, const char *now);
double world_value(struct world *world, const char *scope, enum window window, enum metric metric);

/*
 * All values and tables of the scopes (all, or those that are not `but` and not above it), as text,
 * to compare. Caller frees.
 */
char *world_dump(struct world *world, const char *but);

#define assert_metric(world, scope, window, name, expected)                                        \
	assert_float_equal((float)world_value(world, scope, window, metric_named(TEXT(name))),     \
			   (float)(expected), 1e-6)
#define assert_none(world, scope, window, name)                                                    \
	assert_true(isnan(world_value(world, scope, window, metric_named(TEXT(name)))))

#endif
