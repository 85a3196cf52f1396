#include "core/delivery.h"

#include "core/seen.h"
#include <stdlib.h>
#include <string.h>

/* What runs in one environment. String numbers. */
struct environment {
	uint32_t name;
	bool known;       /* something is known to run there */
	bool deployed;    /* something was deployed there */
	uint32_t running; /* what tells its version apart; 0 where nothing does */
	uint32_t before;  /* what ran before the last deployment */
};

/* What a fact turned out to be. */
enum verdict {
	NOTHING, /* a repetition, a rollback, a publication that is no release, an ignored source */
	DEPLOYMENT,
	REDEPLOY,
	ATTEMPT_FAILED,
	NOT_PRODUCTION
};

struct step {
	const struct record *record; /* may be gone when the step is undone */
	int64_t time;
	struct attributes attributes; /* in force at its instant */
	struct place place;           /* where the service is then */
	enum verdict verdict;
	bool released;
	int64_t interval; /* since the release before, if it is one; -1: it is the first */
	/* To undo it: */
	struct environment *environment; /* that it changed, or NULL */
	struct environment was;
	int64_t last_release;
	struct seen_key seen[2];
	int n_seen;
};

struct delivery {
	struct step *steps;
	uint32_t n, room;
	struct environment **environments;
	uint32_t n_environments;
	struct seen seen;
	/* Where the service is before anything placed it; NOWHERE: nothing has. */
	struct place first_place;
	uint32_t first_placed; /* the step that placed it first */
	int64_t last_release;  /* INT64_MIN: none yet */
	uint32_t replaced;     /* the subject's, when the steps were last in line */
};

struct delivery *delivery_new(void)
{
	struct delivery *d = calloc(1, sizeof *d);

	if (d) {
		d->first_place.product = NOWHERE;
		d->last_release = INT64_MIN;
	}
	return d;
}

void delivery_free(struct delivery *d)
{
	if (!d)
		return;
	for (uint32_t i = 0; i < d->n_environments; i++)
		free(d->environments[i]);
	free(d->environments);
	free(d->steps);
	seen_clear(&d->seen);
	free(d);
}

size_t delivery_bytes(const struct delivery *d)
{
	return sizeof *d + d->room * sizeof *d->steps + d->seen.room * sizeof *d->seen.slots +
	       d->n_environments * (sizeof(void *) + sizeof(struct environment));
}

/* ---- What a step contributes ---- */

static void tell(const struct step *s, const struct context *context, struct contribution *out)
{
	static const enum measure measures[] = {[DEPLOYMENT] = M_DEPLOYMENTS,
						[REDEPLOY] = M_REDEPLOYS,
						[ATTEMPT_FAILED] = M_ATTEMPTS_FAILED,
						[NOT_PRODUCTION] = M_NOT_PRODUCTION};
	int32_t day;

	if (s->verdict == NOTHING && !s->released)
		return;
	day = zone_day(context->zone, s->time);
	contribution_leaf(out, s->place.leaf);
	if (s->verdict != NOTHING)
		contribution_day(out, day, measures[s->verdict], 0, 1);
	if (!s->released)
		return;
	contribution_day(out, day, M_RELEASES, 0, 1);
	if (s->interval >= 0)
		contribution_sample(out, day, M_RELEASE_INTERVAL, 0, s->interval);
}

/* ---- Doing a step ---- */

/* One update under way. */
struct update {
	struct delivery *delivery;
	const struct context *context;
	const struct subject *subject;
	struct contribution *minus, *plus;
};

/* What tells versions apart: version, else revision, else artifact. */
static uint32_t version_of(const struct record *fact)
{
	uint32_t version = record_string(fact, FIELD_VERSION);

	if (!version)
		version = record_string(fact, FIELD_REVISION);
	return version ? version : record_string(fact, FIELD_ARTIFACT);
}

static struct seen_key identity_of(const struct record *fact)
{
	uint32_t environment = record_string(fact, FIELD_ENVIRONMENT);
	uint32_t id = record_string(fact, FIELD_DEPLOYMENT_ID);
	uint32_t version = record_string(fact, FIELD_VERSION);

	if (id)
		return (struct seen_key){SEEN_DEPLOYMENT, environment, id, 0};
	if (!version)
		version = record_string(fact, FIELD_REVISION);
	return (struct seen_key){SEEN_DEPLOYMENT_AT, environment, version, fact->time};
}

/* Adds what was not seen yet; tells whether it was new. False if memory is short. */
static bool note(struct delivery *d, struct step *s, struct seen_key key, bool *new)
{
	*new = !seen_has(&d->seen, key);
	if (!*new)
		return true;
	if (!seen_add(&d->seen, key))
		return false;
	s->seen[s->n_seen++] = key;
	return true;
}

static struct environment *environment_of(struct delivery *d, uint32_t name)
{
	struct environment **grown, *e;

	for (uint32_t i = 0; i < d->n_environments; i++)
		if (d->environments[i]->name == name)
			return d->environments[i];
	grown = realloc(d->environments, (d->n_environments + 1) * sizeof(struct environment *));
	if (grown)
		d->environments = grown;
	e = grown ? calloc(1, sizeof *e) : NULL;
	if (!e)
		return NULL;
	e->name = name;
	d->environments[d->n_environments++] = e;
	return e;
}

static void release(struct delivery *d, struct step *s)
{
	s->released = true;
	s->interval = d->last_release == INT64_MIN ? -1 : s->time - d->last_release;
	d->last_release = s->time;
}

static bool releases_by(const struct update *u, const struct step *s, enum release_by by)
{
	return model_product(u->context->model, (uint32_t)s->place.product)->release == by;
}

static bool do_deployment(struct update *u, struct step *s, struct environment *e)
{
	struct delivery *d = u->delivery;
	uint32_t version = version_of(s->record);
	bool new;

	if (!note(d, s, identity_of(s->record), &new))
		return false;
	if (!new)
		return true; /* announced again: changes nothing */
	if (version && e->known && e->running == version) {
		s->verdict = REDEPLOY;
		return true;
	}
	s->verdict = DEPLOYMENT;
	e->before = e->known ? e->running : 0;
	e->running = version;
	e->known = e->deployed = true;
	if (version && !note(d, s, (struct seen_key){SEEN_DEPLOYED, 0, version, 0}, &new))
		return false;
	if (new &&releases_by(u, s, RELEASE_BY_DEPLOYMENT))
		release(d, s);
	return true;
}

static void do_rollback(struct step *s, struct environment *e)
{
	uint32_t version = version_of(s->record);

	if (version || e->deployed)
		e->running = version ? version : e->before;
	e->known = true;
}

static bool do_publication(struct update *u, struct step *s)
{
	uint32_t version = record_string(s->record, FIELD_VERSION);
	bool new;

	if (!note(u->delivery, s, (struct seen_key){SEEN_PUBLISHED, 0, version, 0}, &new))
		return false;
	if (new &&releases_by(u, s, RELEASE_BY_PUBLICATION))
		release(u->delivery, s);
	return true;
}

static bool do_fact(struct update *u, struct step *s)
{
	uint32_t name = record_string(s->record, FIELD_ENVIRONMENT);
	struct environment *e;

	if (s->record->kind == FACT_RELEASE_PUBLISHED)
		return do_publication(u, s);
	if (!placer_production(u->context->placer, name)) {
		s->verdict = NOT_PRODUCTION;
		return true;
	}
	if (s->record->kind == FACT_DEPLOY_FAILED) {
		s->verdict = ATTEMPT_FAILED;
		return true;
	}
	e = environment_of(u->delivery, name);
	if (!e)
		return false;
	s->environment = e;
	s->was = *e;
	if (s->record->kind == FACT_DEPLOY_DONE)
		return do_deployment(u, s, e);
	do_rollback(s, e);
	return true;
}

static void undo(struct update *u)
{
	struct delivery *d = u->delivery;
	struct step *s = &d->steps[--d->n];

	tell(s, u->context, u->minus);
	while (s->n_seen)
		seen_remove(&d->seen, s->seen[--s->n_seen]);
	if (s->environment)
		*s->environment = s->was;
	d->last_release = s->last_release;
}

/* ---- Keeping the steps in line with the records ---- */

static bool ignored(const struct update *u, const struct record *record)
{
	return placer_ignores(u->context->placer, record->source);
}

static bool reserve(struct delivery *d, uint32_t n)
{
	struct step *steps;

	if (n <= d->room)
		return true;
	n += n / 2 + 8;
	steps = realloc(d->steps, n * sizeof *steps);
	if (!steps)
		return false;
	d->steps = steps;
	d->room = n;
	return true;
}

/*
 * How many steps still stand for the same records. Where facts were only added, all before the
 * first new one do, and none after it; after one was replaced none is trusted.
 */
static uint32_t steps_in_line(const struct delivery *d, const struct subject *subject)
{
	uint32_t low = 0, high = d->replaced == subject->replaced ? d->n : 0;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (d->steps[middle].record == subject->records[middle])
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct attributes at_first(const struct subject *subject)
{
	struct attributes attributes = {0};

	if (subject->about == ABOUT_SERVICE)
		attributes.service = subject->name;
	else
		attributes.product = subject->name;
	return attributes;
}

/*
 * Where the service is at the instant of records [n, end): where it is placed then; where nothing
 * does, where it was; before anything did, where it is first placed.
 */
static struct place place_instant(struct update *u, uint32_t end, struct attributes *attributes)
{
	struct delivery *d = u->delivery;
	struct place place;

	*attributes = d->n ? d->steps[d->n - 1].attributes : at_first(u->subject);
	for (uint32_t i = d->n; i < end; i++)
		if (!ignored(u, u->subject->records[i]))
			attributes_take(attributes, u->subject->records[i]);
	place = placer_place(u->context->placer, attributes);
	if (place.product != NOWHERE)
		return place;
	if (d->n)
		return d->steps[d->n - 1].place;
	return d->first_place.product != NOWHERE ? d->first_place
						 : placer_unmapped(u->context->placer);
}

static bool do_instant(struct update *u, uint32_t end)
{
	struct delivery *d = u->delivery;
	struct attributes attributes;
	struct place place = place_instant(u, end, &attributes);

	while (d->n < end) {
		struct step *s = &d->steps[d->n];

		*s = (struct step){.record = u->subject->records[d->n],
				   .time = u->subject->records[d->n]->time,
				   .attributes = attributes,
				   .place = place,
				   .last_release = d->last_release};
		if (!ignored(u, s->record) && !do_fact(u, s))
			return false;
		tell(s, u->context, u->plus);
		d->n++;
	}
	return true;
}

/* Looks for the first place in records [from, n); nothing before them places the service. */
static void find_first_place(struct update *u, uint32_t from, uint32_t n)
{
	struct delivery *d = u->delivery;
	const struct subject *subject = u->subject;
	struct attributes attributes = from ? d->steps[from - 1].attributes : at_first(subject);

	d->first_place = (struct place){NOWHERE, 0};
	for (uint32_t i = from; i < n && d->first_place.product == NOWHERE; i++) {
		if (!ignored(u, subject->records[i]))
			attributes_take(&attributes, subject->records[i]);
		if (i + 1 < n && subject->records[i + 1]->time == subject->records[i]->time)
			continue;
		d->first_place = placer_place(u->context->placer, &attributes);
		d->first_placed = i;
	}
}

/* How many steps may stay, of the first n records. */
static uint32_t steps_to_keep(struct update *u, uint32_t n)
{
	struct delivery *d = u->delivery;
	const struct subject *subject = u->subject;
	uint32_t keep = steps_in_line(d, subject);
	struct place first = d->first_place;

	d->replaced = subject->replaced;
	if (keep > n)
		keep = n;
	/* An instant is told as a whole. */
	while (keep && keep < n && subject->records[keep]->time == subject->records[keep - 1]->time)
		keep--;
	if (first.product != NOWHERE && d->first_placed < keep)
		return keep;
	find_first_place(u, keep, n);
	return first.product == d->first_place.product && first.leaf == d->first_place.leaf ? keep
											    : 0;
}

/* Records up to now; when the first after it comes is told to the contribution. */
static uint32_t records_until_now(struct update *u)
{
	uint32_t n = u->subject->n;

	while (n && u->subject->records[n - 1]->time > u->context->now)
		n--;
	if (n < u->subject->n)
		contribution_until(u->plus, u->subject->records[n]->time);
	return n;
}

bool delivery_update(struct delivery *d, const struct context *context,
		     const struct subject *subject, struct contribution *minus,
		     struct contribution *plus)
{
	struct update u = {d, context, subject, minus, plus};
	uint32_t n = records_until_now(&u), keep;

	if (!reserve(d, n))
		return false;
	keep = steps_to_keep(&u, n);
	while (d->n > keep)
		undo(&u);
	while (d->n < n) {
		uint32_t end = d->n + 1;

		while (end < n && subject->records[end]->time == subject->records[d->n]->time)
			end++;
		if (!do_instant(&u, end))
			return false;
	}
	return !minus->failed && !plus->failed;
}
