#include "core/delivery.h"

#include <stdlib.h>
#include <string.h>

/* An identity: of a deployment (environment, deployment id or version, instant), or of a released version. */
struct seen {
	uint32_t what; /* SEEN_*; 0 is a free slot */
	uint32_t environment, name;
	int64_t time;
};

enum { SEEN_DEPLOYMENT = 1, SEEN_AT, SEEN_RELEASE };

static struct seen *seen_slot(struct seen *slots, uint32_t n, const struct seen *key)
{
	uint64_t hash = ((uint64_t)key->name << 32 | key->environment) ^
			((uint64_t)key->time * 4 + key->what) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t i = (uint32_t)(hash * UINT64_C(0xd6e8feb86659fd93) >> 32) & (n - 1);

	while (slots[i].what &&
	       (slots[i].what != key->what || slots[i].environment != key->environment ||
		slots[i].name != key->name || slots[i].time != key->time))
		i = (i + 1) & (n - 1);
	return &slots[i];
}

static bool seen_begin(struct delivery *d, uint32_t facts)
{
	uint32_t slots = 64;

	while (slots < facts * 4)
		slots *= 2;
	if (slots > d->slots) {
		struct seen *seen = realloc(d->seen, slots * sizeof *seen);

		if (!seen)
			return false;
		d->seen = seen;
		d->slots = slots;
	}
	d->n_seen = slots;
	memset(d->seen, 0, slots * sizeof *d->seen);
	return true;
}

/* Whether the identity was seen before; it is now. */
static bool seen(struct delivery *d, struct seen key)
{
	struct seen *slot = seen_slot(d->seen, d->n_seen, &key);

	if (slot->what)
		return true;
	*slot = key;
	return false;
}

/* What tells versions apart: version, else revision, else artifact. */
static uint32_t version_of(const struct record *fact)
{
	uint32_t version = record_string(fact, FIELD_VERSION);

	if (!version)
		version = record_string(fact, FIELD_REVISION);
	return version ? version : record_string(fact, FIELD_ARTIFACT);
}

static bool known_deployment(struct delivery *d, const struct record *fact)
{
	uint32_t environment = record_string(fact, FIELD_ENVIRONMENT);
	uint32_t id = record_string(fact, FIELD_DEPLOYMENT_ID);
	uint32_t version = record_string(fact, FIELD_VERSION);

	if (id)
		return seen(d, (struct seen){SEEN_DEPLOYMENT, environment, id, 0});
	if (!version)
		version = record_string(fact, FIELD_REVISION);
	return seen(d, (struct seen){SEEN_AT, environment, version, fact->time});
}

static struct environment *environment(struct delivery *d, uint32_t name)
{
	struct environment *grown;

	for (uint32_t i = 0; i < d->n_environments; i++)
		if (d->environments[i].name == name)
			return &d->environments[i];
	if (d->n_environments == d->room_environments) {
		uint32_t more = d->room_environments ? d->room_environments * 2 : 8;

		grown = realloc(d->environments, more * sizeof *grown);
		if (!grown)
			return NULL;
		d->environments = grown;
		d->room_environments = more;
	}
	d->environments[d->n_environments] = (struct environment){.name = name};
	return &d->environments[d->n_environments++];
}

/* One subject being told. */
struct telling {
	const struct context *context;
	struct delivery *delivery;
	struct contribution *out;
	uint32_t fact;
	struct place place;  /* where the service is at that fact */
	int64_t last_release; /* INT64_MIN: none yet */
};

static void count(const struct telling *t, enum measure m)
{
	int64_t at = t->delivery->timeline.facts[t->fact]->time;

	contribution_day(t->out, zone_day(t->context->zone, at), m, 0, 1);
}

static void release(struct telling *t)
{
	int64_t at = t->delivery->timeline.facts[t->fact]->time;

	count(t, M_RELEASES);
	if (t->last_release != INT64_MIN)
		contribution_sample(t->out, zone_day(t->context->zone, at), M_RELEASE_INTERVAL, 0,
				    at - t->last_release);
	t->last_release = at;
}

static enum release_by release_by(const struct telling *t)
{
	return model_product(t->context->model, (uint32_t)t->place.product)->release;
}

static bool deployed(struct telling *t, const struct record *fact)
{
	struct delivery *d = t->delivery;
	uint32_t version = version_of(fact);
	struct environment *e;

	if (known_deployment(d, fact))
		return true;
	e = environment(d, record_string(fact, FIELD_ENVIRONMENT));
	if (!e)
		return false;
	if (version && e->known && e->running == version) {
		count(t, M_REDEPLOYS);
		return true;
	}
	count(t, M_DEPLOYMENTS);
	e->before = e->known ? e->running : 0;
	e->running = version;
	e->known = true;
	if (version && seen(d, (struct seen){SEEN_RELEASE, 0, version, 0}))
		return true;
	if (release_by(t) == RELEASE_BY_DEPLOYMENT)
		release(t);
	return true;
}

static bool rolled_back(struct telling *t, const struct record *fact)
{
	struct environment *e = environment(t->delivery, record_string(fact, FIELD_ENVIRONMENT));
	uint32_t version = version_of(fact);

	if (!e)
		return false;
	e->running = version ? version : e->before;
	e->known = true;
	return true;
}

/* Published versions and deployed ones are told apart: a version may be both. */
static void published(struct telling *t, const struct record *fact)
{
	uint32_t version = record_string(fact, FIELD_VERSION);

	if (seen(t->delivery, (struct seen){SEEN_RELEASE, 1, version, 0}))
		return;
	if (release_by(t) == RELEASE_BY_PUBLICATION)
		release(t);
}

static bool tell(struct telling *t)
{
	const struct record *fact = t->delivery->timeline.facts[t->fact];

	contribution_leaf(t->out, t->place.leaf);
	if (fact->kind == FACT_RELEASE_PUBLISHED) {
		published(t, fact);
		return true;
	}
	if (!placer_production(t->context->placer, record_string(fact, FIELD_ENVIRONMENT))) {
		count(t, M_NOT_PRODUCTION);
		return true;
	}
	switch (fact->kind) {
	case FACT_DEPLOY_DONE:
		return deployed(t, fact);
	case FACT_DEPLOY_FAILED:
		count(t, M_ATTEMPTS_FAILED);
		return true;
	default:
		return rolled_back(t, fact);
	}
}

/* Where nothing places a service it stays where it was; before anything did it is where it was first placed. */
static struct place first_place(const struct timeline *t, const struct context *context)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (t->places[i].product != NOWHERE)
			return t->places[i];
	return placer_unmapped(context->placer);
}

bool delivery_contribute(struct delivery *d, const struct context *context,
			 const struct subject *subject, struct contribution *out)
{
	struct telling t = {context, d, out, 0, {NOWHERE, 0}, INT64_MIN};

	if (!timeline_read(&d->timeline, context, subject) || !seen_begin(d, d->timeline.n))
		return false;
	d->n_environments = 0;
	contribution_until(out, d->timeline.next);
	t.place = first_place(&d->timeline, context);
	for (; t.fact < d->timeline.n; t.fact++) {
		if (d->timeline.places[t.fact].product != NOWHERE)
			t.place = d->timeline.places[t.fact];
		if (!tell(&t))
			return false;
	}
	return true;
}

void delivery_free(struct delivery *d)
{
	timeline_free(&d->timeline);
	free(d->environments);
	free(d->seen);
	*d = (struct delivery){0};
}
