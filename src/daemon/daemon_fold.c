#include "daemon/daemon_inner.h"
#include "daemon/log.h"

#include <event2/event.h>
#include <inttypes.h>
#include <string.h>

/* Subjects between two looks at the clock, and how long one turn of the loop may take, in ms. */
#define SUBJECTS 256
#define TURN_MS  10
/*
 * While catching up, numbers are wanted seldom; facts of one subject that came meanwhile cost one
 * evaluation.
 */
#define ROUND_MS 5000

static int64_t latest(struct fold *fold, int64_t limit)
{
	int64_t ms = fold_latest(fold, limit);

	return ms < 0 ? 0 : ms;
}

/* The instant that the numbers are for. */
static int64_t now_of(const struct view *view)
{
	int64_t wall, event;

	if (view->config->clock_is_event)
		return latest(view->fold, INT64_MAX);
	wall = clock_wall();
	event = latest(view->fold, wall + view->config->max_future_skew);
	return event > wall ? event : wall;
}

/* One turn's worth of folding: 1 when done, 0 when there is more, -1 if memory is short. */
static int turn(struct fold *fold, int64_t now)
{
	int64_t until = clock_monotonic() + TURN_MS;
	int done;

	do
		done = fold_run(fold, now, SUBJECTS);
	while (done == 0 && clock_monotonic() < until);
	return done;
}

/* Begins a pass, or goes on with the one that has begun. True when all that was told is folded. */
static bool fold_on(struct daemon *daemon)
{
	int done;

	if (!daemon->passing)
		daemon->pass_now = now_of(&daemon->view);
	done = turn(daemon->view.fold, daemon->pass_now);
	daemon->passing = done != 1;
	if (done < 0)
		log_error("event=memory_short while=folding");
	return done == 1;
}

static void fold_later(struct daemon *daemon)
{
	struct timeval now = {0, 0};

	if (!evtimer_pending(daemon->fold_more, NULL))
		evtimer_add(daemon->fold_more, &now);
}

bool daemon_fold_begin(struct daemon *daemon)
{
	struct config *config = daemon->view.config;

	daemon->view.fold = fold_new(config->model, config->zone, daemon->store);
	if (!daemon->view.fold ||
	    !publisher_fold(daemon->publisher, config->model, daemon->view.fold))
		return false;
	daemon->filling = true;
	fold_later(daemon);
	return true;
}

static void drop_next(struct daemon *daemon)
{
	fold_free(daemon->next.fold);
	config_free(daemon->next.config);
	daemon->next = (struct view){NULL, NULL};
}

void daemon_fold_end(struct daemon *daemon)
{
	bool dropped = publisher_fold(daemon->publisher, NULL, NULL);

	(void)dropped; /* publishing from none needs no memory */
	if (daemon->next.config) {
		/* Nothing is folded any more: the new configuration can take over at once. */
		config_free(daemon->view.config);
		daemon->view.config = daemon->next.config;
		daemon->next.config = NULL;
		drop_next(daemon);
	}
	fold_free(daemon->view.fold);
	daemon->view.fold = NULL;
	daemon->passing = daemon->filling = daemon->incomplete = daemon->round_open = false;
	daemon->round_at = 0;
	evtimer_del(daemon->fold_more);
}

bool daemon_touch(struct daemon *daemon, uint32_t subject)
{
	return fold_touch(daemon->view.fold, subject) &&
	       (!daemon->next.fold || fold_touch(daemon->next.fold, subject));
}

bool daemon_fold_holds(const struct daemon *daemon)
{
	return daemon->passing || daemon->filling || daemon->next.fold;
}

/* ---- Publishing ---- */

static struct moment moment_of(const struct daemon *daemon)
{
	struct intake_counts counts = intake_counts(daemon->intake);
	uint64_t lost = counts.rejected[REJECT_OVER_LIMIT], facts = store_facts(daemon->store);

	return (struct moment){
		.wall = clock_wall(),
		.monotonic = clock_monotonic(),
		.catching_up = !kafka_caught_up(daemon->kafka),
		.complete_ratio = lost ? (double)facts / (double)(facts + lost) : 1,
	};
}

/* Whether the numbers are wanted now. */
static bool round_is_due(const struct daemon *daemon, const struct moment *moment)
{
	return !moment->catching_up || daemon->stopping || daemon->round_open ||
	       daemon->round_at == 0 || moment->monotonic - daemon->round_at >= ROUND_MS;
}

bool daemon_publish(struct daemon *daemon, struct commands *out, uint64_t cut, uint32_t budget)
{
	struct moment moment;
	uint32_t before = out->n;
	bool more;

	if (!daemon->view.fold || daemon->filling)
		return false;
	moment = moment_of(daemon);
	if (!round_is_due(daemon, &moment))
		return false;
	if (!fold_on(daemon)) {
		/* What one turn cannot do is done in the next ones, and published then. */
		daemon_flow(daemon);
		fold_later(daemon);
		return false;
	}
	more = publisher_publish(daemon->publisher, out, cut, budget, &moment);
	if (out->n > before && !daemon->round_open)
		daemon->round_at = moment.monotonic;
	daemon->round_open = more;
	daemon_flow(daemon);
	return more;
}

void daemon_fold_tick(struct daemon *daemon)
{
	struct moment moment;

	if (!daemon->view.fold || daemon->filling || daemon->next.fold)
		return;
	if (daemon->incomplete)
		daemon_reload(daemon);
	moment = moment_of(daemon);
	if (!round_is_due(daemon, &moment))
		return;
	if (!fold_on(daemon)) {
		daemon_flow(daemon);
		fold_later(daemon);
	} else if (publisher_due(daemon->publisher, &moment)) {
		keeper_dirty(daemon->keeper);
	}
}

/* ---- Slices ---- */

/* The new configuration's numbers are ready: from now on they are the ones that are published. */
static void swap(struct daemon *daemon)
{
	struct view old = daemon->view;

	if (!publisher_fold(daemon->publisher, daemon->next.config->model, daemon->next.fold)) {
		log_error("event=memory_short while=reloading");
		return; /* the tick tries again */
	}
	daemon->view = daemon->next;
	daemon->next = (struct view){NULL, NULL};
	fold_free(old.fold);
	config_free(old.config);
	log_info("event=reloaded facts=%" PRIu64, store_facts(daemon->store));
	keeper_dirty(daemon->keeper);
}

static bool fold_next(struct daemon *daemon)
{
	int done = turn(daemon->next.fold, now_of(&daemon->next));

	if (done < 0)
		log_error("event=memory_short while=reloading");
	if (done == 1)
		swap(daemon);
	return done == 1;
}

void daemon_on_fold_more(int fd, short what, void *arg)
{
	struct daemon *daemon = arg;
	bool done = true;

	(void)fd;
	(void)what;
	if (!daemon->view.fold)
		return;
	if (daemon->passing || daemon->filling)
		done = fold_on(daemon);
	if (done && daemon->filling) {
		daemon->filling = false;
		log_info("event=folded facts=%" PRIu64, store_facts(daemon->store));
	}
	if (done && daemon->next.fold)
		done = fold_next(daemon);
	daemon_flow(daemon);
	if (done)
		keeper_dirty(daemon->keeper);
	else
		fold_later(daemon);
}

/* ---- A changed configuration ---- */

/* The options that only a start can change. */
static void warn_of_fixed(const struct config *old, const struct config *new)
{
	const char *part = daemon_restart_needed(old, new);

	if (part)
		log_warn("event=restart_needed option=%s why=\"changed, and read at start only\"",
			 part);
}

void daemon_reload(struct daemon *daemon)
{
	struct err err;
	struct config *config = daemon_load(daemon->config_path, &err);
	struct intake_options options;

	if (!config) {
		log_error("event=reload_failed why=\"%s\"", err.message);
		return;
	}
	warn_of_fixed(daemon->view.config, config);
	options = daemon_intake_options(config);
	if (!intake_reconfigure(daemon->intake, &options)) {
		log_error("event=reload_failed why=\"memory is short\"");
		config_free(config);
		return;
	}
	drop_next(daemon);
	daemon->incomplete = false;
	if (!daemon->view.fold) {
		config_free(daemon->view.config);
		daemon->view.config = config;
		log_info("event=reloaded facts=0");
		return;
	}
	store_limit(daemon->store, config->max_subjects, config->max_names);
	daemon->next.config = config;
	daemon->next.fold = fold_new(config->model, config->zone, daemon->store);
	if (!daemon->next.fold) {
		log_error("event=reload_failed why=\"memory is short\"");
		drop_next(daemon);
		return;
	}
	daemon_flow(daemon);
	fold_later(daemon);
}
