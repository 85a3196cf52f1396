#include "core/seen.h"

#include <stdlib.h>
#include <string.h>

static uint32_t home(const struct seen *s, const struct seen_key *key)
{
	uint64_t hash = ((uint64_t)key->name << 32 | key->environment) ^
			((uint64_t)key->time * 8 + key->what) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(hash * UINT64_C(0xd6e8feb86659fd93) >> 32) & (s->room - 1);
}

static bool same(const struct seen_key *a, const struct seen_key *b)
{
	return a->what == b->what && a->environment == b->environment && a->name == b->name &&
	       a->time == b->time;
}

/* Where the key is, or the free slot where it would be. */
static uint32_t find(const struct seen *s, const struct seen_key *key)
{
	uint32_t i = home(s, key);

	while (s->slots[i].what && !same(&s->slots[i], key))
		i = (i + 1) & (s->room - 1);
	return i;
}

static bool grow(struct seen *s)
{
	struct seen larger = {.n = s->n, .room = s->room ? s->room * 2 : 16};

	larger.slots = calloc(larger.room, sizeof *larger.slots);
	if (!larger.slots)
		return false;
	for (uint32_t i = 0; i < s->room; i++)
		if (s->slots[i].what)
			larger.slots[find(&larger, &s->slots[i])] = s->slots[i];
	free(s->slots);
	*s = larger;
	return true;
}

void seen_clear(struct seen *s)
{
	free(s->slots);
	*s = (struct seen){0};
}

bool seen_has(const struct seen *s, struct seen_key key)
{
	return s->room && s->slots[find(s, &key)].what;
}

bool seen_add(struct seen *s, struct seen_key key)
{
	if (s->n >= s->room / 2 && !grow(s))
		return false;
	s->slots[find(s, &key)] = key;
	s->n++;
	return true;
}

/* Knuth's algorithm R: what follows without a gap moves up where it may. */
void seen_remove(struct seen *s, struct seen_key key)
{
	uint32_t gap = find(s, &key);

	if (!s->slots[gap].what)
		return;
	for (uint32_t i = (gap + 1) & (s->room - 1); s->slots[i].what;
	     i = (i + 1) & (s->room - 1)) {
		uint32_t from = home(s, &s->slots[i]);

		if (((i - from) & (s->room - 1)) < ((i - gap) & (s->room - 1)))
			continue;
		s->slots[gap] = s->slots[i];
		gap = i;
	}
	s->slots[gap].what = SEEN_NOTHING;
	s->n--;
}
