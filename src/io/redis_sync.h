/*
 * redis_sync: asks Redis and waits for the answers, on a loop of its own: for the command line,
 * never for the daemon.
 */
#ifndef VENTURI_IO_REDIS_SYNC_H
#define VENTURI_IO_REDIS_SYNC_H

#include "io/redis.h"

/*
 * Connects once, sends `n` commands and calls `answered` for each reply, in order, as redis_send()
 * does (but never with NULL). False with `err` filled where there is no answer (69) or the options
 * are wrong (78); what came before is told then.
 */
MUST_CHECK bool redis_ask(const struct redis_options *options, struct text commands, uint32_t n,
			  redis_reply_fn *answered, void *arg, struct err *err);

#endif
