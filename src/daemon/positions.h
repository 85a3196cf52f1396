/*
 * positions: of each partition, up to where the log of facts is complete, and whether the log in
 * Redis knows that already.
 */
#ifndef VENTURI_DAEMON_POSITIONS_H
#define VENTURI_DAEMON_POSITIONS_H

#include "venturi/pack.h"

/* All bytes 0: none. The topics' texts are its own. */
struct positions {
	struct position *all;
	bool *unsent;
	size_t n, room;
};

void positions_free(struct positions *positions);
/* Takes the position as it is; it is unsent then. False if memory is short. */
MUST_CHECK bool positions_set(struct positions *positions, const struct position *position);
/* Takes it only if it is the greater one, or new. False if memory is short. */
MUST_CHECK bool positions_raise(struct positions *positions, const struct position *position);
bool positions_unsent(const struct positions *positions);
void positions_all_unsent(struct positions *positions);
/* Packs those that are unsent. What cannot be packed, for want of memory, stays unsent. */
void positions_pack(struct positions *positions, struct packer *packer);

#endif
