/*
 * keeper_inner: what the keeper's files share; nobody else includes it.
 *
 *   keeper.c        its life, the clock, what the rest of the daemon calls
 *   surroundings.c  after each connection: is this a Redis that one can keep state in?
 *   standby.c       watches the fence of whoever is active; lets go for a rival that has Kafka
 *   takeover.c      the fence set, the logs listed, loaded, written anew if need be
 *   loader.c        reads logs           rewrite.c  writes a new one from memory
 *   transaction.c   the one write, and what became of it
 *   heartbeat.c     the heartbeat, and operators' requests
 *
 * Every callback from the connection bears the keeper. Whoever changes to STANDBY, or gives up a
 * take-over, drops the connection, so that no late answer meets another state than it was asked
 * in: after that all callbacks come with NULL, and each takes NULL for "nothing happened".
 */
#ifndef VENTURI_DAEMON_KEEPER_INNER_H
#define VENTURI_DAEMON_KEEPER_INNER_H

#include "codec/fence.h"
#include "daemon/keeper.h"
#include "daemon/positions.h"
#include "io/redis.h"

struct event;

#define KEY_MOST 512
#define TICK_MS 1000
#define LIST_BLOCKS_MOST 4096              /* of one list of the log; then the next one begins */
#define LIST_BYTES_MOST ((size_t)16 << 20)
#define UNLINKS_MOST 64                    /* keys a transaction unlinks of old generations */

/* One list of a log, found by SCAN. */
struct log_list {
	uint64_t generation, n;
};

/* The transaction in flight, or kept while its outcome is unknown. */
struct transaction {
	enum {
		UNWATCHED, /* none; the fence is to be watched and judged before the next */
		IDLE,      /* none; the fence is watched */
		FLYING,    /* sent; its replies are awaited */
		UNKNOWN,   /* kept: sent, and its outcome is yet to be read */
		KEPT       /* kept: it was not executed; the fence is watched: to be sent again */
	} phase;
	struct commands bytes;
	struct fence before, sent;
	uint32_t n_commands;       /* between MULTI and EXEC */
	uint32_t first_public, n_public; /* of these: what publish() appended */
	uint32_t n_fenced;         /* the first: RPUSH and SET; an error here loses the block */
	bool asked;                /* publish() was asked for it */
	char block_key[KEY_MOST];  /* where its block goes */
	size_t block_at, block_len; /* the block within the bytes; 0 = none */
	bool is_switch;            /* to the generation that is being written */
	uint32_t requests;         /* requests that it removes */
	size_t unlinks;            /* old lists that it unlinks */
	/* What its replies were: */
	bool refused_early;        /* a command could not be queued: nothing was executed */
	bool executed;             /* EXEC answered with an array */
	bool state_failed;         /* the block, or the fence, was not stored */
	uint32_t *failed;          /* public commands that failed */
	size_t n_failed, room_failed;
};

/* What was said last about a state of things: said again when it changes, or after a while. */
struct said {
	char what[200];
	int64_t at; /* ms, monotonic */
};

/* Where a take-over stands. */
enum phase { TAKE_NOTHING, TAKE_FENCE, TAKE_LIST, TAKE_LOAD, TAKE_WRITE };

struct loader;
struct rewrite;

struct keeper {
	struct keeper_hooks hooks;
	struct redis *redis;
	char *prefix;
	char fence_key[KEY_MOST], requests_key[KEY_MOST], heartbeat_key[KEY_MOST];
	int flush_interval, takeover, takeover_without_kafka, let_go; /* ms */
	size_t unsent_most;

	enum role role;
	struct store *store;   /* the hooks' own; NULL as a standby */
	struct fence fence;    /* the last that we know to be stored */
	struct packer *packer; /* of the generation that is current; NULL until loaded */
	uint64_t list;         /* the list that blocks are appended to */
	uint32_t list_blocks;
	size_t list_bytes;
	struct positions positions;
	struct transaction transaction;
	struct log_list *old; /* lists of other generations, to be unlinked */
	size_t n_old;

	bool usable;          /* connected, and its surroundings are right */
	bool dirty;           /* something waits to be published */
	bool more;            /* publish() said so the last time */
	bool full;            /* room was denied */
	bool incomplete;      /* a fact could not be packed: memory is ahead of the log */
	bool failing;         /* hook failed() was called */
	bool stopping;        /* keeper_stop() was called, and stopped() not yet */
	bool over;            /* keeper_stop() was called: no take-over any more */
	struct event *flush, *tick, *poll, *patience, *retry;

	struct said down, unfit, volatile_redis;

	/* surroundings.c */
	bool probing, refused, aof;
	uint32_t probes; /* replies of the probe that runs */
	/* standby.c */
	char seen[FENCE_TEXT_MOST]; /* the fence as it was read last; "" = none */
	bool seen_once, polling;
	bool seeking, rival; /* a SCAN for rivals runs; one has been found */
	int64_t seen_since; /* ms, monotonic: when it was first read as it is */
	bool kafka_up;
	int64_t kafka_since;
	/* takeover.c */
	enum phase taking;
	struct fence claim; /* what we set the fence to */
	struct log_list *lists;
	size_t n_lists, room_lists;
	uint64_t highest; /* generation seen anywhere */
	struct loader *loader;
	struct rewrite *rewrite;
	/* heartbeat.c */
	struct commands scratch, pairs; /* for commands that are sent at once */
	uint32_t requests; /* carried out, to be removed by the next transaction */
	bool asking_requests, sweeping;

	int64_t last_began;  /* ms, monotonic: of a transaction */
	int64_t last_stored;
	uint64_t transactions, restorations, connections, loaded_facts, loaded_blocks;
};

/* ---- keeper.c ---- */
int64_t keeper_now(void); /* ms, monotonic */
void keeper_arm(struct event *event, int64_t ms);
/* Whether this is to be said (now, then): not the same as last time, or half a minute later. */
bool keeper_is_news(struct said *said, const char *what);
/* <prefix><rest> */
void keeper_key(const struct keeper *keeper, char key[KEY_MOST], const char *rest);
/* <prefix>state:log:<generation>:<n> */
void keeper_log_key(const struct keeper *keeper, char key[KEY_MOST], struct log_list list);
/* False (and the callback never comes) if it cannot be sent. */
MUST_CHECK bool keeper_send(struct keeper *keeper, const struct commands *commands,
			    redis_reply_fn *answered);
/* A SCAN pattern for <prefix><rest>*; glob characters of the prefix mean themselves. */
void keeper_pattern(const struct keeper *keeper, char pattern[2 * KEY_MOST], const char *rest);
/* Sends one SCAN with this pattern. */
MUST_CHECK bool keeper_scan(struct keeper *keeper, const char *cursor, const char *pattern,
			    redis_reply_fn *answered);
/* Drops the connection; nothing is sent any more. */
void keeper_drop(struct keeper *keeper, const char *why);
/* Back to STANDBY, from any role: drops the memory and the connection. */
void keeper_stand_by(struct keeper *keeper);
/* Everything is usable: goes on with what the role needs. */
void keeper_resume(struct keeper *keeper);
void keeper_fail(struct keeper *keeper, const struct err *why);
/* Redis lost writes, or memory is ahead of it: the memory is written anew. */
void keeper_restore(struct keeper *keeper, const char *why);
/* A transaction may begin: now, or when its time comes. */
void keeper_flush_soon(struct keeper *keeper);
/* After each transaction: room for Kafka again, the end of a stop. */
void keeper_settle(struct keeper *keeper);
MUST_CHECK bool log_lists_add(struct log_list **lists, size_t *n, size_t *room,
			      struct log_list list);

/* ---- surroundings.c ---- */
void surroundings_check(struct keeper *keeper);

/* ---- standby.c ---- */
void standby_forget(struct keeper *keeper);
void standby_poll(struct keeper *keeper);
/* How often it looks. */
int standby_interval(const struct keeper *keeper);
/* Active: looks for a standby that has Kafka while we have not. */
void standby_seek_rival(struct keeper *keeper);

/* ---- takeover.c ---- */
void takeover_begin(struct keeper *keeper);
/* For the claims to come: once a take-over, once a restoration. */
void takeover_draw_nonce(struct keeper *keeper);
/* Frees what it holds; the role is as it was. */
void takeover_give_up(struct keeper *keeper);
/* Called by the loader and the rewrite when they are done, or cannot be (`err`). */
void takeover_loaded(struct keeper *keeper, const struct err *err);
void takeover_written(struct keeper *keeper);

/* ---- loader.c ---- */
/* Reads the take-over's lists, of this generation (0: of all) into the store and the positions. */
MUST_CHECK bool loader_begin(struct keeper *keeper, uint64_t generation);
void loader_free(struct loader *loader);
/* After it is done: goes on with the generation that was read. NULL if memory is short. */
struct packer *loader_packer(const struct keeper *keeper);
uint64_t loader_last_list(const struct loader *loader);
const struct positions *loader_positions(const struct loader *loader);

/* ---- rewrite.c ---- */
/* The memory will be written as this generation, for which keeper->packer packs from now on. */
MUST_CHECK bool rewrite_begin(struct keeper *keeper, uint64_t generation);
void rewrite_free(struct rewrite *rewrite);
/* Packs the next slice, for the next transaction. */
void rewrite_slice(struct keeper *keeper);
/* Records moved within a subject: the one that is half packed is packed anew; no harm. */
void rewrite_disturbed(struct rewrite *rewrite);
/* Everything has been packed: this transaction may be the switch. */
bool rewrite_is_last(const struct keeper *keeper);
uint64_t rewrite_generation(const struct rewrite *rewrite);

/* ---- transaction.c ---- */
/* Begins one, or sends the kept one again, if that may be now. */
void transaction_begin(struct keeper *keeper);
/* A connection was lost: what was in flight is unknown. */
void transaction_lost(struct keeper *keeper);
/* After a connection: reads the fence, judges it, goes on. */
void transaction_resume(struct keeper *keeper);
/* Forgets it (its publication is told as not stored). */
void transaction_forget(struct keeper *keeper);
void transaction_free(struct transaction *transaction);

/* ---- heartbeat.c ---- */
void heartbeat_send(struct keeper *keeper);
void heartbeat_requests(struct keeper *keeper);
/* A portion of what the hook scan() wants, if it does. */
void heartbeat_sweep(struct keeper *keeper);

#endif
