/*
 * intake: from a record to facts in the store: decoding, acceptance, counting, dead letters; and
 * how far each partition has been taken in.
 *
 *   record ──> decode ──> accept ──> store ──> hooks touch(), fact()  counted: accepted or why not
 *                 └── no ──> hook letter() … intake_settled()       position waits for the letter
 *
 * A partition's position is told contiguously: it stays before a record whose dead letter is under
 * way.
 */
#ifndef VENTURI_DAEMON_INTAKE_H
#define VENTURI_DAEMON_INTAKE_H

#include "io/kafka.h"
#include "venturi/reject.h"
#include "venturi/store.h"

struct intake;

struct intake_options {
	int64_t max_future_skew, max_lateness; /* ms; as accept_time() has them */
	size_t max_event_size;                 /* bytes */
	bool dead_letters;
};

struct intake_hooks {
	void *arg;
	/* The set changed for the subject. False if memory is short: it is told again. */
	bool (*touch)(void *arg, uint32_t subject);
	void (*fact)(void *arg, const struct subject *subject, const struct record *record);
	void (*position)(void *arg, const struct position *position);
	/* False: not now; the record is offered again. Else intake_settled(ticket) follows. */
	bool (*letter)(void *arg, const struct kafka_record *record, struct text code,
		       struct text why, void *ticket);
};

/* Copies options and hooks. NULL if memory is short. */
struct intake *intake_new(const struct intake_options *options, const struct intake_hooks *hooks);
/* After the letters are gone: no intake_settled() may follow. */
void intake_free(struct intake *intake);

/* A changed configuration. False if memory is short: the old one stays. */
MUST_CHECK bool intake_reconfigure(struct intake *intake, const struct intake_options *options);

/*
 * Begins with a store and what it is complete up to; copies the positions. False if memory is
 * short. intake_end() forgets store, partitions and positions; letters that are under way are ours
 * no more.
 */
MUST_CHECK bool intake_begin(struct intake *intake, struct store *store,
			     const struct position *positions, size_t n);
void intake_end(struct intake *intake);

/* These five have the signatures of kafka's hooks, with the intake as `arg`. */
bool intake_partition(void *arg, uint32_t slot, struct text topic, int32_t partition,
		      struct position *from);
/* False: not taken, for want of memory or of room for letters. */
bool intake_record(void *arg, const struct kafka_record *record);
void intake_drained(void *arg);
void intake_settled(void *arg, void *ticket, bool kept);

/*
 * For the courtesy commits: intake_cut() notes what has been told; once that is stored,
 * intake_stored(). intake_commits() gives at most `most` positions that are stored and were not
 * given before.
 */
void intake_cut(struct intake *intake);
void intake_stored(struct intake *intake);
size_t intake_commits(struct intake *intake, struct position *positions, size_t most);

struct intake_counts {
	uint64_t records, accepted, facts;
	uint64_t rejected[REJECT_COUNT];
	uint64_t letters, letters_lost; /* settled */
	uint32_t letters_under_way;
};
struct intake_counts intake_counts(const struct intake *intake);

#endif
