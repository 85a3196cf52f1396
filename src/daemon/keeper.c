#include "daemon/keeper.h"
#include "daemon/keeper_inner.h"
#include "daemon/log.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#define UNSENT_MOST ((size_t)8 << 20)
#define AGAIN_MS 30000
#define STILL_MS 900 /* after which the tick moves the fence */

/* ---- Small things that all parts use ---- */

const char *role_name(enum role role)
{
	static const char *const names[] = {"standby", "loading", "active", "restoring"};

	return names[role];
}

int64_t keeper_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void keeper_arm(struct event *event, int64_t ms)
{
	struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(event, &wait);
}

bool keeper_is_news(struct said *said, const char *what)
{
	int64_t now = keeper_now();

	if (strncmp(said->what, what, sizeof said->what - 1) == 0 && now - said->at < AGAIN_MS)
		return false;
	snprintf(said->what, sizeof said->what, "%s", what);
	said->at = now;
	return true;
}

void keeper_key(const struct keeper *keeper, char key[KEY_MOST], const char *rest)
{
	snprintf(key, KEY_MOST, "%s%s", keeper->prefix, rest);
}

void keeper_log_key(const struct keeper *keeper, char key[KEY_MOST], struct log_list list)
{
	snprintf(key, KEY_MOST, "%sstate:log:%" PRIu64 ":%" PRIu64, keeper->prefix, list.generation,
		 list.n);
}

bool keeper_send(struct keeper *keeper, const struct commands *commands, redis_reply_fn *answered)
{
	return !commands->failed &&
	       redis_send(keeper->redis, (struct text){commands->bytes, commands->len},
			  commands->n, answered, keeper);
}

void keeper_pattern(const struct keeper *keeper, char pattern[2 * KEY_MOST], const char *rest)
{
	size_t at = 0;

	for (const char *c = keeper->prefix; *c; c++) {
		if (strchr("*?[]\\^-", *c))
			pattern[at++] = '\\';
		pattern[at++] = *c;
	}
	snprintf(pattern + at, 2 * KEY_MOST - at, "%s*", rest);
}

bool keeper_scan(struct keeper *keeper, const char *cursor, const char *pattern,
		 redis_reply_fn *answered)
{
	commands_clear(&keeper->scratch);
	commands_line(&keeper->scratch, "SCAN", cursor, "MATCH", pattern, "COUNT", "1000", NULL);
	return keeper_send(keeper, &keeper->scratch, answered);
}

bool log_lists_add(struct log_list **lists, size_t *n, size_t *room, struct log_list list)
{
	if (*n == *room) {
		size_t more = *room ? *room * 2 : 64;
		struct log_list *grown = realloc(*lists, more * sizeof *grown);

		if (!grown)
			return false;
		*lists = grown;
		*room = more;
	}
	(*lists)[(*n)++] = list;
	return true;
}

/* ---- Changes of role ---- */

void keeper_drop(struct keeper *keeper, const char *why)
{
	keeper->usable = false;
	redis_drop(keeper->redis, why);
}

static void forget_memory(struct keeper *keeper)
{
	transaction_forget(keeper);
	takeover_give_up(keeper);
	packer_free(keeper->packer);
	keeper->packer = NULL;
	positions_free(&keeper->positions);
	keeper->store = NULL;
	keeper->fence = (struct fence){0};
	free(keeper->old);
	keeper->old = NULL;
	keeper->n_old = 0;
	keeper->requests = 0;
	keeper->incomplete = false;
	keeper->full = false;
	keeper->dirty = false;
	keeper->more = false;
}

static void tell_stopped(struct keeper *keeper, bool all_stored)
{
	event_del(keeper->patience);
	keeper->stopping = false;
	keeper->hooks.stopped(keeper->hooks.arg, all_stored);
}

void keeper_stand_by(struct keeper *keeper)
{
	bool was_standby = keeper->role == ROLE_STANDBY;

	keeper->role = ROLE_STANDBY;
	forget_memory(keeper);
	standby_forget(keeper);
	keeper_drop(keeper, "the role has changed");
	if (!was_standby)
		keeper->hooks.deposed(keeper->hooks.arg);
	if (keeper->stopping)
		tell_stopped(keeper, false);
}

/* What was in flight is not stored, but all of it is in memory, which is written anew. */
void keeper_restore(struct keeper *keeper, const char *why)
{
	if (keeper->role == ROLE_STANDBY || keeper->role == ROLE_LOADING) {
		log_error("event=redis_lost_writes why=\"%s\" what=\"the take-over begins anew\"",
			  why);
		keeper_stand_by(keeper);
		return;
	}
	log_error("event=%s why=\"%s\" what=\"all facts are written anew from memory\" "
		  "facts=%" PRIu64 " epoch=%" PRIu64 " sequence=%" PRIu64,
		  keeper->incomplete ? "fact_not_packed" : "redis_lost_writes", why,
		  store_facts(keeper->store), keeper->fence.epoch, keeper->fence.sequence);
	if (keeper->role == ROLE_ACTIVE)
		takeover_draw_nonce(keeper);
	keeper->role = ROLE_RESTORING;
	keeper->restorations++;
	keeper->full = true;
	keeper->incomplete = false; /* all of memory will be packed */
	keeper->requests = 0;
	transaction_forget(keeper);
	takeover_give_up(keeper);
	packer_free(keeper->packer);
	keeper->packer = NULL;
	keeper_drop(keeper, "a restoration begins");
}

void keeper_fail(struct keeper *keeper, const struct err *why)
{
	if (keeper->failing)
		return;
	keeper->failing = true;
	keeper->hooks.failed(keeper->hooks.arg, why);
}

void keeper_resume(struct keeper *keeper)
{
	heartbeat_send(keeper);
	switch (keeper->role) {
	case ROLE_STANDBY:
		standby_forget(keeper);
		standby_poll(keeper);
		break;
	case ROLE_ACTIVE:
		transaction_resume(keeper);
		break;
	case ROLE_RESTORING:
		takeover_begin(keeper);
		break;
	case ROLE_LOADING:
		break; /* a lost connection ended it */
	}
}

/* ---- The connection ---- */

static void on_connected(void *arg)
{
	struct keeper *keeper = arg;

	keeper->connections++;
	log_info("event=redis_up redis=%s", redis_address(keeper->redis));
	keeper->down = (struct said){0};
	surroundings_check(keeper);
}

static void on_lost(void *arg, const char *why, int retry)
{
	struct keeper *keeper = arg;

	if (keeper_is_news(&keeper->down, why))
		log_warn("event=redis_down redis=%s why=\"%s\" retry_ms=%d",
			 redis_address(keeper->redis), why, retry);
	keeper->usable = false;
	keeper->probing = false;
	keeper->polling = false;
	keeper->seeking = false;
	keeper->asking_requests = false;
	keeper->sweeping = false;
	event_del(keeper->retry);
	takeover_give_up(keeper);
	if (keeper->role == ROLE_LOADING)
		keeper_stand_by(keeper);
	transaction_lost(keeper);
}

/* ---- The clock ---- */

/* Nothing waits, neither to be stored nor to be published. */
static bool is_done(const struct keeper *keeper)
{
	return keeper->transaction.phase == IDLE && !keeper->more && !keeper->dirty &&
	       packer_size(keeper->packer) == 0 && !positions_unsent(&keeper->positions);
}

/* A transaction's end, or any moment: room for Kafka again, the end of a stop. */
void keeper_settle(struct keeper *keeper)
{
	if (keeper->role == ROLE_ACTIVE && keeper->full &&
	    packer_size(keeper->packer) < keeper->unsent_most / 2) {
		keeper->full = false;
		keeper->hooks.room_again(keeper->hooks.arg);
	}
	heartbeat_sweep(keeper);
	if (keeper->stopping && keeper->role == ROLE_ACTIVE && is_done(keeper))
		tell_stopped(keeper, true);
}

void keeper_flush_soon(struct keeper *keeper)
{
	if (keeper->transaction.phase != IDLE && keeper->transaction.phase != KEPT)
		return;
	if (keeper->transaction.phase == IDLE && !keeper->rewrite &&
	    (keeper->role != ROLE_ACTIVE ||
	     (is_done(keeper) && keeper->requests == 0)))
		return;
	if (event_pending(keeper->flush, EV_TIMEOUT, NULL))
		return;
	int64_t wait = keeper->last_began + keeper->flush_interval - keeper_now();

	keeper_arm(keeper->flush, wait > 0 ? wait : 0);
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	transaction_begin(arg);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *keeper = arg;

	(void)fd;
	(void)what;
	heartbeat_send(keeper);
	heartbeat_requests(keeper);
	if (keeper->role == ROLE_ACTIVE && keeper->usable)
		standby_seek_rival(keeper);
	if (keeper->role != ROLE_STANDBY && keeper->transaction.phase == IDLE &&
	    keeper_now() - keeper->last_began >= STILL_MS)
		transaction_begin(keeper);
}

static void on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *keeper = arg;

	(void)fd;
	(void)what;
	if (keeper->role == ROLE_STANDBY)
		standby_poll(keeper);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	surroundings_check(arg);
}

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *keeper = arg;

	(void)fd;
	(void)what;
	if (keeper->stopping)
		tell_stopped(keeper, keeper->role == ROLE_STANDBY);
}

/* ---- What the rest of the daemon calls ---- */

/* A batch of records may still be under way when the role has just changed. */
static bool holds_memory(const struct keeper *keeper)
{
	return keeper->role == ROLE_ACTIVE || keeper->role == ROLE_RESTORING;
}

void keeper_fact(struct keeper *keeper, const struct subject *subject, const struct record *record)
{
	if (!holds_memory(keeper))
		return;
	if (keeper->rewrite)
		rewrite_disturbed(keeper->rewrite);
	if (!keeper->packer)
		return; /* a restoration will find it in memory */
	if (!packer_fact(keeper->packer, subject, record))
		keeper->incomplete = true;
	if (packer_size(keeper->packer) >= keeper->unsent_most)
		keeper->full = true;
	keeper_flush_soon(keeper);
}

void keeper_position(struct keeper *keeper, const struct position *position)
{
	/* Not taken for want of memory: what is above the old offset will be read twice. */
	if (holds_memory(keeper) && positions_set(&keeper->positions, position))
		keeper_flush_soon(keeper);
}

void keeper_dirty(struct keeper *keeper)
{
	keeper->dirty = true;
	keeper_flush_soon(keeper);
}

bool keeper_room(const struct keeper *keeper)
{
	return keeper->role == ROLE_ACTIVE && !keeper->full && !keeper->over;
}

void keeper_kafka(struct keeper *keeper, bool up)
{
	if (keeper->kafka_up == up)
		return;
	keeper->kafka_up = up;
	keeper->kafka_since = keeper_now();
}

void keeper_stop(struct keeper *keeper, int patience)
{
	keeper->stopping = true;
	keeper->over = true;
	if (keeper->role != ROLE_ACTIVE) {
		/* From the loop: no hook is called from within. */
		keeper_arm(keeper->patience, keeper->role == ROLE_RESTORING ? patience : 0);
		return;
	}
	keeper->dirty = true;
	keeper_arm(keeper->patience, patience);
	keeper_flush_soon(keeper);
}

struct keeper_status keeper_status(const struct keeper *keeper)
{
	return (struct keeper_status){
		.role = keeper->role,
		.connected = keeper->usable,
		.epoch = keeper->fence.epoch,
		.sequence = keeper->fence.sequence,
		.generation = keeper->fence.generation,
		.unsent = keeper->packer ? packer_size(keeper->packer) : 0,
		.transactions = keeper->transactions,
		.restorations = keeper->restorations,
		.connections = keeper->connections,
		.loaded_facts = keeper->loaded_facts,
		.loaded_blocks = keeper->loaded_blocks,
		.last_stored = keeper->last_stored,
	};
}

/* ---- The life of the whole ---- */

static bool take_options(struct keeper *keeper, const struct keeper_options *options,
			 struct err *err)
{
	size_t len = strlen(options->prefix);

	if (len == 0 || len > KEEPER_PREFIX_MOST)
		return err_set(err, EX_CONFIG, "redis.prefix must have 1 to %d bytes",
			       KEEPER_PREFIX_MOST);
	keeper->prefix = strdup(options->prefix);
	if (!keeper->prefix)
		return err_set(err, EX_OSERR, "memory is short");
	keeper_key(keeper, keeper->fence_key, "state:fence");
	keeper_key(keeper, keeper->requests_key, "state:requests");
	snprintf(keeper->heartbeat_key, KEY_MOST, "%sdaemon:%.300s", options->prefix,
		 options->instance);
	keeper->flush_interval = options->flush_interval;
	keeper->unsent_most = options->unsent_most ? options->unsent_most : UNSENT_MOST;
	keeper->takeover = options->takeover ? options->takeover : 3000;
	keeper->takeover_without_kafka =
		options->takeover_without_kafka ? options->takeover_without_kafka : 15000;
	keeper->let_go = options->let_go ? options->let_go : 10000;
	return true;
}

static bool make_events(struct keeper *keeper, struct event_base *base, struct err *err)
{
	struct timeval tick = {.tv_sec = TICK_MS / 1000};
	int interval = standby_interval(keeper);
	struct timeval poll = {.tv_usec = interval * 1000};

	keeper->flush = evtimer_new(base, on_flush, keeper);
	keeper->retry = evtimer_new(base, on_retry, keeper);
	keeper->patience = evtimer_new(base, on_patience, keeper);
	keeper->tick = event_new(base, -1, EV_PERSIST, on_tick, keeper);
	keeper->poll = event_new(base, -1, EV_PERSIST, on_poll, keeper);
	if (keeper->flush && keeper->retry && keeper->patience && keeper->tick && keeper->poll &&
	    event_add(keeper->tick, &tick) == 0 && event_add(keeper->poll, &poll) == 0)
		return true;
	return err_set(err, EX_OSERR, "memory is short");
}

struct keeper *keeper_new(struct event_base *base, const struct keeper_options *options,
			  const struct keeper_hooks *hooks, struct err *err)
{
	struct redis_options where = {options->url, options->username, options->password};
	struct keeper *keeper = calloc(1, sizeof *keeper);

	if (!keeper) {
		err_set(err, EX_OSERR, "memory is short");
		return NULL;
	}
	struct redis_callbacks callbacks = {keeper, on_connected, on_lost};

	keeper->hooks = *hooks;
	keeper->kafka_since = keeper_now();
	if (!take_options(keeper, options, err) || !make_events(keeper, base, err))
		goto fail;
	keeper->redis = redis_new(base, &where, &callbacks, err);
	if (!keeper->redis)
		goto fail;
	return keeper;
fail:
	keeper_free(keeper);
	return NULL;
}

void keeper_free(struct keeper *keeper)
{
	if (!keeper)
		return;
	struct event *events[] = {keeper->flush, keeper->tick, keeper->poll, keeper->retry,
				  keeper->patience};

	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if (events[i])
			event_free(events[i]);
	redis_free(keeper->redis);
	takeover_give_up(keeper);
	transaction_free(&keeper->transaction);
	packer_free(keeper->packer);
	positions_free(&keeper->positions);
	commands_free(&keeper->scratch);
	commands_free(&keeper->pairs);
	free(keeper->old);
	free(keeper->prefix);
	free(keeper);
}
