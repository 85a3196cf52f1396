/*
 * publisher: decides what of the fold's numbers goes to Redis, and when. It appends commands to the
 * keeper's one transaction and remembers what Redis shows, so that only what changed is sent.
 *
 *   changed scopes, oldest first ──> flow hashes, all of one scope together ──┐ to the budget
 *   tables that may have changed ──> rows ──> appended to, or built anew ─────┴ what it leaves
 *
 * The functions are the keeper's hooks of the same names, but for the moment, which whoever wires
 * them gives. Pure but for memory: it asks no clock.
 */
#ifndef VENTURI_DAEMON_PUBLISHER_H
#define VENTURI_DAEMON_PUBLISHER_H

#include "codec/commands.h"
#include "venturi/err.h"
#include "venturi/fold.h"

struct publisher;

struct publisher_options {
	const char *prefix; /* "venturi:" */
	int64_t redis_ttl;  /* ms; 0: keys never expire */
};

struct moment {
	int64_t wall, monotonic; /* ms */
	bool catching_up;        /* Kafka has more than it has told: publish seldom */
	double complete_ratio;   /* accepted facts / (accepted + lost to a limit) */
};

/* Copies the options. NULL if memory is short. */
struct publisher *publisher_new(const struct publisher_options *options);
void publisher_free(struct publisher *publisher);

/*
 * Publish from this fold from now on: everything whole, and keys of scopes that are no more are
 * looked for. After a start, a take-over, a changed configuration. NULL, NULL: from none. Both are
 * borrowed until the next call. False if memory is short: then it publishes from none.
 */
MUST_CHECK bool publisher_fold(struct publisher *publisher, const struct model *model,
			       struct fold *fold);

/* Redis shows something else than was published: everything whole. */
void publisher_republish_all(struct publisher *publisher);

/*
 * Whether there is something to write at that moment (then tell the keeper). To be asked every now
 * and then, four times a second say: scopes without news are refreshed and tables come due by time.
 */
bool publisher_due(struct publisher *publisher, const struct moment *moment);

/* Precondition of both: fold_run() is done. True if more could be written at once. */
bool publisher_publish(struct publisher *publisher, struct commands *out, uint64_t cut,
		       uint32_t budget, const struct moment *moment);
void publisher_published(struct publisher *publisher, bool stored, const uint32_t *failed,
			 size_t n_failed);

bool publisher_scan(struct publisher *publisher, uint64_t *cursor);
void publisher_scanned(struct publisher *publisher, uint64_t cursor, const struct text *keys,
		       size_t n);

#endif
