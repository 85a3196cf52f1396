/*
 * keeper: keeps the set of accepted facts in Redis, and decides who folds. It owns the
 * connection, the fence, the log and the one transaction; what is published comes in through a
 * hook, so it names neither Kafka nor metrics.
 *
 *            fence stood still              log read                Redis lost writes
 *   STANDBY ─────────────────> LOADING ──────────────────> ACTIVE ───────────────────> RESTORING
 *      ^   (its epoch + 1 set)    │  hook activated()        │  <─────────────────────────  │
 *      └──────────────────────────┴────── hook deposed() ────┴─────── an epoch above ours ──┘
 *
 * All calls and hooks run in the loop's thread. No hook is called from within keeper_new(),
 * keeper_fact(), keeper_position() or keeper_dirty(); hooks may call those, but not
 * keeper_free().
 */
#ifndef VENTURI_DAEMON_KEEPER_H
#define VENTURI_DAEMON_KEEPER_H

#include "codec/commands.h"
#include "venturi/err.h"
#include "venturi/pack.h"
#include "venturi/store.h"

struct event_base;
struct keeper;

enum role { ROLE_STANDBY, ROLE_LOADING, ROLE_ACTIVE, ROLE_RESTORING };
/* "standby", "loading", "active", "restoring": as the heartbeat has it. */
const char *role_name(enum role role);

/* Fields that one transaction publishes, about: what other clients of that Redis wait for. */
#define KEEPER_BUDGET 3000

/* Bytes of a prefix; at least 1. */
#define KEEPER_PREFIX_MOST 128

struct keeper_options {
	const char *url;      /* redis:// rediss:// unix:// */
	const char *username; /* "" = none */
	const char *password; /* "" = none */
	const char *prefix;   /* "venturi:" */
	const char *instance; /* names the heartbeat's key */
	int flush_interval;   /* ms; least time between the beginnings of two transactions */
	size_t unsent_most;   /* bytes of facts that may wait to be stored; 0 = 8 MB */
	int takeover;         /* ms that the fence stands still before we take over; 0 = 3000 */
	int takeover_without_kafka; /* the same while its own Kafka is down; 0 = 15000 */
	int let_go;           /* ms without a broker, until it does; 0 = 10000 */
};

struct keeper_hooks {
	void *arg;

	/*
	 * A load begins: drop fold and store, and give an empty store, which the keeper fills. It
	 * stays the hooks' own; the keeper uses it until deposed(), or until the next
	 * empty_store(). NULL if memory is short: asked again later.
	 */
	struct store *(*empty_store)(void *arg);

	/*
	 * Everything in Redis is in the store now: fold it, then take from Kafka from these
	 * offsets on (a partition that is not among them: from its beginning). The positions live
	 * during the call.
	 */
	void (*activated)(void *arg, const struct position *positions, size_t n);

	/*
	 * Somebody else is active, or we let go: stop taking from Kafka and drop the memory; the
	 * keeper no longer uses the store. Called too when a load is given up, without
	 * activated() before it.
	 */
	void (*deposed)(void *arg);

	/*
	 * In a restoration: a fact was found in Redis that the memory lacked; it is in the store
	 * now, and the subject is to be touched. Not called while loading. May be NULL.
	 */
	void (*found)(void *arg, uint32_t subject);

	/*
	 * A transaction is about to begin, with facts up to now: append what is to be published,
	 * to about `budget` fields. `cut` names the transaction. True if more is dirty: then the
	 * next one follows as soon as this one's reply is in. Not called before activated(), nor
	 * while restoring.
	 */
	bool (*publish)(void *arg, struct commands *out, uint64_t cut, uint32_t budget);

	/*
	 * How the last publish() fared, when known; nothing new is asked before it is. `stored`:
	 * it was executed, but for the commands (numbered from 0 in the order of publish()) in
	 * `failed`: the keys of these are of another type, or the like: UNLINK and publish them
	 * whole. Not `stored`: it was not executed, or not all is known; republish_all() or
	 * deposed() follows.
	 */
	void (*published)(void *arg, bool stored, const uint32_t *failed, size_t n_failed);

	/*
	 * What Redis shows is not what we last published: all is dirty and to be published whole.
	 * After activated(), too.
	 */
	void (*republish_all)(void *arg);

	/*
	 * Keys under the prefix that are ours no more have to be looked for. scan() is asked now
	 * and then while active (at most once a transaction): true = send SCAN *cursor MATCH
	 * <prefix>* (its glob characters escaped) outside the transaction. scanned() tells what
	 * came, with the next cursor (0: that was all); the keys live during the call. It does
	 * not come if the connection breaks: then scan() gives the same cursor again. Both may be
	 * NULL.
	 */
	bool (*scan)(void *arg, uint64_t *cursor);
	void (*scanned)(void *arg, uint64_t cursor, const struct text *keys, size_t n);

	/* keeper_room() was false, and is true again. */
	void (*room_again)(void *arg);

	/*
	 * Fields of the heartbeat but `role`: appends name and value in turn by commands_arg()
	 * (no commands_begin()), and says how many pairs.
	 */
	size_t (*heartbeat)(void *arg, struct commands *out);

	/*
	 * An operator's request from state:requests ("skip TOPIC:PARTITION"); it is removed in
	 * the next transaction, together with what keeper_position() is told in this call. May be
	 * NULL.
	 */
	void (*request)(void *arg, struct text request);

	/*
	 * Cannot go on, and waiting does not help (an unknown format, a prefix that a cluster
	 * cannot have): exit with why->code.
	 */
	void (*failed)(void *arg, const struct err *why);

	/* After keeper_stop(): all is stored, or could not be within its time. */
	void (*stopped)(void *arg, bool all_stored);
};

/*
 * Copies the options (not the hooks' arg). NULL with `err` filled (78: an option is wrong; 71:
 * the system). Connects once the loop runs.
 */
struct keeper *keeper_new(struct event_base *base, const struct keeper_options *options,
			  const struct keeper_hooks *hooks, struct err *err);
void keeper_free(struct keeper *keeper);

/*
 * Active only (restoring included): a fact that store_add() has just added. The next transaction
 * stores it.
 */
void keeper_fact(struct keeper *keeper, const struct subject *subject, const struct record *record);

/*
 * Active only: the log is complete up to position->next, as soon as all facts told so far are
 * stored. Told once a partition and drained batch, not a record. Copied. A lower offset than
 * before is taken as it is.
 */
void keeper_position(struct keeper *keeper, const struct position *position);

/* Something is to be published: publish() is called soon. */
void keeper_dirty(struct keeper *keeper);

/*
 * Whether facts may be told: active, and fewer than unsent_most bytes wait. Else stop taking from
 * Kafka.
 */
bool keeper_room(const struct keeper *keeper);

/*
 * Whether a Kafka broker is reached. Decides how soon a standby takes over, and whether an active
 * one lets go. At first down.
 */
void keeper_kafka(struct keeper *keeper, bool up);

/*
 * Stores and publishes what is there, within `patience` ms; then hook stopped(), once. No facts
 * after it.
 */
void keeper_stop(struct keeper *keeper, int patience);

struct keeper_status {
	enum role role;
	bool connected;
	uint64_t epoch, sequence, generation; /* of our own last fence; 0 as a standby */
	size_t unsent;                        /* bytes of facts that wait */
	uint64_t transactions, restorations, connections;
	uint64_t loaded_facts, loaded_blocks; /* of the load that runs, or ran last */
	int64_t last_stored;                  /* ms, monotonic; 0: never */
};
struct keeper_status keeper_status(const struct keeper *keeper);

#endif
