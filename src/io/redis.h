/*
 * redis: one connection to one Redis, that is made again whenever it is lost.
 *
 *   WAITING ──> RESOLVING ──> CONNECTING ──> GREETING (AUTH, SELECT) ──> READY
 *      ^             │             │                │                     │
 *      └─────────────┴─────────────┴────────────────┴───── lost() ────────┘
 *
 * Attempts begin at most REDIS_RETRY_MOST apart. Requests are pipelined and answered in their
 * order. Nothing blocks; all callbacks come from the loop. SIGPIPE must be ignored.
 */
#ifndef VENTURI_IO_REDIS_H
#define VENTURI_IO_REDIS_H

#include "io/reply.h"

#define REDIS_RETRY_LEAST 50   /* ms */
#define REDIS_RETRY_MOST 2000  /* ms */
#define REDIS_CONNECT_MOST 2000 /* ms that one address may take */
#define REDIS_REPLY_MOST 10000 /* ms that a reply may let wait, while not a byte comes */
#define REDIS_UNSENT_MOST ((size_t)64 << 20) /* bytes that may wait to be sent */

struct event_base;
struct redis;

struct redis_options {
	const char *url;
	const char *username; /* NULL or "": the url's, or none */
	const char *password; /* the same */
};

struct redis_callbacks {
	void *arg;
	/* Ready for requests. */
	void (*connected)(void *arg);
	/*
	 * A connection is gone, or could not be made. `why` is one line for a person and lives
	 * during the call; the next attempt is in `retry` ms. Requests without their reply were
	 * told before.
	 */
	void (*lost)(void *arg, const char *why, int retry);
};

/*
 * Called for each reply of a request, `i` from 0; or once with NULL, when the connection is lost
 * before all of them came: which commands were executed is not known then. The reply lives during
 * the call.
 */
typedef void redis_reply_fn(void *arg, uint32_t i, const struct reply *reply);

/* Copies the options. NULL with `err` filled. The first attempt begins with the loop. */
struct redis *redis_new(struct event_base *base, const struct redis_options *options,
			const struct redis_callbacks *callbacks, struct err *err);
/* Requests under way are forgotten without a call. Not from within a callback. */
void redis_free(struct redis *redis);

/*
 * Sends commands (copied) that bring `n` replies. False, and nothing is sent, if there is no
 * connection, too much waits to be sent already, or memory is short.
 */
MUST_CHECK bool redis_send(struct redis *redis, struct text commands, uint32_t n,
			   redis_reply_fn *answered, void *arg);

/* As if the connection had been lost, from the loop: what came made no sense, or is overdue. */
void redis_drop(struct redis *redis, const char *why);

bool redis_ready(const struct redis *redis);
/* Bytes that wait to be sent. */
size_t redis_unsent(const struct redis *redis);
/* "localhost:6379", "/run/redis.sock": for messages. */
const char *redis_address(const struct redis *redis);

#endif
