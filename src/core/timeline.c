#include "core/timeline.h"

#include <stdlib.h>
#include <string.h>

static bool reserve(struct timeline *t, uint32_t n)
{
	const struct record **facts;
	struct place *places;

	if (n <= t->room)
		return true;
	n += n / 2 + 16;
	facts = realloc(t->facts, n * sizeof *facts);
	if (facts)
		t->facts = facts;
	places = realloc(t->places, n * sizeof *places);
	if (places)
		t->places = places;
	if (!facts || !places)
		return false;
	t->room = n;
	return true;
}

/* At most this many moves of one instant are put in order by `from` and `to`. */
#define CHAIN_MOST 6

struct chain {
	uint32_t n;
	uint32_t from[CHAIN_MOST], to[CHAIN_MOST]; /* lower-case strings */
	uint8_t order[CHAIN_MOST], found[CHAIN_MOST];
	int orders; /* found so far, of those that chain; 2 is "several" */
};

static void chain_search(struct chain *c, uint32_t depth, unsigned used)
{
	if (depth == c->n) {
		if (c->orders++ == 0)
			memcpy(c->found, c->order, sizeof c->found);
		return;
	}
	for (uint32_t i = 0; i < c->n && c->orders < 2; i++) {
		if (used & 1u << i)
			continue;
		if (depth && (!c->from[i] || c->from[i] != c->to[c->order[depth - 1]]))
			continue;
		c->order[depth] = (uint8_t)i;
		chain_search(c, depth + 1, used | 1u << i);
	}
}

/* Puts the n moves of one instant into the one order in which they chain, if there is just one. */
static bool chain(struct strings *strings, const struct record **facts, uint32_t n)
{
	struct chain c = {.n = n};
	const struct record *sorted[CHAIN_MOST];

	for (uint32_t i = 0; i < n; i++) {
		c.from[i] = strings_lower(strings, record_string(facts[i], FIELD_FROM));
		c.to[i] = strings_lower(strings, record_string(facts[i], FIELD_TO));
		if (c.from[i] == UINT32_MAX || c.to[i] == UINT32_MAX)
			return false;
	}
	chain_search(&c, 0, 0);
	if (c.orders != 1)
		return true;
	for (uint32_t i = 0; i < n; i++)
		sorted[i] = facts[c.found[i]];
	memcpy(facts, sorted, n * sizeof *facts);
	return true;
}

static bool chain_instants(struct timeline *t, struct strings *strings)
{
	for (uint32_t i = 0, end; i < t->n; i = end) {
		for (end = i + 1; end < t->n && t->facts[end]->time == t->facts[i]->time &&
				  t->facts[end]->kind == t->facts[i]->kind;
		     end++)
			continue;
		if (t->facts[i]->kind == FACT_ITEM_STATE && end - i > 1 && end - i <= CHAIN_MOST &&
		    !chain(strings, t->facts + i, end - i))
			return false;
	}
	return true;
}

uint32_t timeline_instant_end(const struct timeline *t, uint32_t i, uint32_t end)
{
	while (i + 1 < end && t->facts[i + 1]->time == t->facts[i]->time)
		i++;
	return i;
}

/* What a subject's name says of its place. */
static struct attributes at_first(const struct subject *subject)
{
	struct attributes attributes = {0};

	if (subject->about == ABOUT_ITEM)
		attributes.item = subject->name;
	if (subject->about == ABOUT_SERVICE)
		attributes.service = subject->name;
	if (subject->about == ABOUT_RELEASE)
		attributes.product = subject->name;
	return attributes;
}

static void place_instants(struct timeline *t, struct placer *placer, const struct subject *subject)
{
	struct attributes attributes = at_first(subject);
	struct place place = {NOWHERE, 0};

	t->all_placed = true;
	for (uint32_t i = 0; i < t->n;) {
		uint32_t last = timeline_instant_end(t, i, t->n);
		bool changed = i == 0;

		for (uint32_t j = i; j <= last; j++)
			changed |= attributes_take(&attributes, t->facts[j]);
		if (changed)
			place = placer_place(placer, &attributes);
		if (place.product == NOWHERE)
			t->all_placed = false;
		for (; i <= last; i++)
			t->places[i] = place;
	}
}

bool timeline_read(struct timeline *t, const struct context *context, const struct subject *subject)
{
	t->n = 0;
	t->next = INT64_MAX;
	if (!reserve(t, subject->n))
		return false;
	for (uint32_t i = 0; i < subject->n; i++) {
		const struct record *record = subject->records[i];

		if (placer_ignores(context->placer, record->source))
			continue;
		if (record->time > context->now) {
			t->next = record->time;
			break;
		}
		t->facts[t->n++] = record;
	}
	if (subject->about == ABOUT_ITEM && !chain_instants(t, context->strings))
		return false;
	place_instants(t, context->placer, subject);
	return true;
}

void timeline_free(struct timeline *t)
{
	free(t->facts);
	free(t->places);
	*t = (struct timeline){0};
}
