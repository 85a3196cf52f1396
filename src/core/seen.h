/*
 * seen: a set of identities: what was deployed, and which versions were released, of one service.
 */
#ifndef VENTURI_CORE_SEEN_H
#define VENTURI_CORE_SEEN_H

#include "venturi/err.h"
#include <stddef.h>
#include <stdint.h>

enum seen_what {
	SEEN_NOTHING,
	SEEN_DEPLOYMENT,    /* environment and deployment id */
	SEEN_DEPLOYMENT_AT, /* environment, version or revision, and instant */
	SEEN_DEPLOYED,      /* a version that was deployed */
	SEEN_PUBLISHED      /* a version that was published */
};

struct seen_key {
	enum seen_what what;
	uint32_t environment, name; /* string numbers */
	int64_t time;
};

/* All bytes 0 is an empty set. */
struct seen {
	struct seen_key *slots; /* open addressing, at most half full */
	uint32_t n, room;
};

void seen_clear(struct seen *seen);
bool seen_has(const struct seen *seen, struct seen_key key);
/* False if memory is short. */
MUST_CHECK bool seen_add(struct seen *seen, struct seen_key key);
void seen_remove(struct seen *seen, struct seen_key key);

#endif
