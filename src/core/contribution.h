/*
 * contribution: what one subject adds to the cells, as it was added, so that it can be taken back
 * exactly, whatever has changed since.
 *
 *   op*    op: LEAF leaf | DAY day | measure [sub] [bucket] n | set at life
 *
 * One byte an op, then varints: some 60 to 100 bytes for a finished work item.
 */
#ifndef VENTURI_CORE_CONTRIBUTION_H
#define VENTURI_CORE_CONTRIBUTION_H

#include "core/measure.h"
#include "venturi/err.h"
#include <stddef.h>

/*
 * A contribution being written; the memory is used again for the next. All bytes 0 is an empty one.
 */
struct contribution {
	uint8_t *bytes;
	size_t len, room;
	uint32_t leaf; /* that the next ops are about */
	int32_t day;
	int64_t wake; /* it holds until then: the least instant given to contribution_until() */
	bool failed;  /* memory was short: it is not complete */
};

void contribution_begin(struct contribution *c);
void contribution_free(struct contribution *c);

/* All that follows counts in this leaf. */
void contribution_leaf(struct contribution *c, uint32_t leaf);
/* Adds n on a local day; nothing if n is 0. */
void contribution_day(struct contribution *c, int32_t day, enum measure m, uint32_t sub, int64_t n);
/* One sample of a duration (ms, >= 0) on a local day. */
void contribution_sample(struct contribution *c, int32_t day, enum measure m, uint32_t sub,
			 int64_t duration);
/* Adds n to what holds now; nothing if n is 0. */
void contribution_now(struct contribution *c, enum measure m, uint32_t sub, int64_t n);
/* One entry of a set. */
void contribution_set(struct contribution *c, enum measure m, int64_t at, uint32_t life);
/* The contribution changes by itself at this instant, which lies after now. */
void contribution_until(struct contribution *c, int64_t at);

/* Reading: told op by op, with the leaf in force. */
struct contribution_op {
	uint32_t leaf;
	bool has_day;
	int32_t day;
	enum measure measure;
	uint64_t key;  /* of counts */
	int64_t n;     /* of counts */
	int64_t at;    /* of sets */
	uint32_t life; /* of sets */
};

struct contribution_reader {
	const uint8_t *at, *end;
	struct contribution_op op;
};

/* False after the last op. */
bool contribution_next(struct contribution_reader *reader);

#endif
