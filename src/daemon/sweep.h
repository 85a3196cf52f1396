/*
 * sweep: finds keys of scopes that are no more, by SCAN in portions, to be unlinked. At most one
 * portion's keys wait at a time.
 */
#ifndef VENTURI_DAEMON_SWEEP_H
#define VENTURI_DAEMON_SWEEP_H

#include "codec/commands.h"
#include "codec/keys.h"

/* All bytes 0 is one that looks for nothing. */
struct sweep {
	bool running;
	uint64_t cursor;
	char *waiting; /* names, each with its length before it */
	size_t len, room;
	size_t taken; /* of `waiting`, already unlinked */
};

void sweep_start(struct sweep *sweep);
void sweep_stop(struct sweep *sweep);
void sweep_free(struct sweep *sweep);

/* Whether a portion is wanted, and from where. */
bool sweep_wants(const struct sweep *sweep, uint64_t *cursor);
/* What a portion held; keys that are `model`'s own, and those of other kinds, stay. */
void sweep_found(struct sweep *sweep, uint64_t cursor, const struct text *found, size_t n,
		 struct keys *keys, const struct model *model, const struct fold *fold);

bool sweep_waits(const struct sweep *sweep);
/* Appends UNLINKs of those that wait, `most` of them. True if more wait. */
bool sweep_unlink(struct sweep *sweep, struct commands *out, unsigned most);

#endif
