#include "daemon/positions.h"

#include <stdlib.h>
#include <string.h>

void positions_free(struct positions *positions)
{
	for (size_t i = 0; i < positions->n; i++)
		free((char *)(uintptr_t)positions->all[i].topic.at);
	free(positions->all);
	free(positions->unsent);
	*positions = (struct positions){0};
}

/* Partitions are few (hundreds), and told once a batch. */
static size_t find(const struct positions *positions, const struct position *position)
{
	size_t i = 0;

	while (i < positions->n && (positions->all[i].partition != position->partition ||
				    !text_same(positions->all[i].topic, position->topic)))
		i++;
	return i;
}

static bool grow(struct positions *positions)
{
	size_t room = positions->room ? positions->room * 2 : 16;
	struct position *all = realloc(positions->all, room * sizeof *all);

	if (!all)
		return false;
	positions->all = all;
	bool *unsent = realloc(positions->unsent, room * sizeof *unsent);

	if (!unsent)
		return false;
	positions->unsent = unsent;
	positions->room = room;
	return true;
}

static bool add(struct positions *positions, const struct position *position)
{
	if (positions->n == positions->room && !grow(positions))
		return false;
	char *topic = malloc(position->topic.len + 1);

	if (!topic)
		return false;
	memcpy(topic, position->topic.at, position->topic.len);
	positions->all[positions->n] = *position;
	positions->all[positions->n].topic.at = topic;
	positions->unsent[positions->n++] = true;
	return true;
}

bool positions_set(struct positions *positions, const struct position *position)
{
	size_t i = find(positions, position);

	if (i == positions->n)
		return add(positions, position);
	positions->all[i].next = position->next;
	positions->all[i].last = position->last;
	positions->unsent[i] = true;
	return true;
}

bool positions_raise(struct positions *positions, const struct position *position)
{
	size_t i = find(positions, position);

	return (i < positions->n && positions->all[i].next >= position->next) ||
	       positions_set(positions, position);
}

bool positions_unsent(const struct positions *positions)
{
	for (size_t i = 0; i < positions->n; i++)
		if (positions->unsent[i])
			return true;
	return false;
}

void positions_all_unsent(struct positions *positions)
{
	for (size_t i = 0; i < positions->n; i++)
		positions->unsent[i] = true;
}

void positions_pack(struct positions *positions, struct packer *packer)
{
	for (size_t i = 0; i < positions->n; i++)
		if (positions->unsent[i])
			positions->unsent[i] = !packer_position(packer, &positions->all[i]);
}
