/*
 * daemon_inner: what the daemon's files share; nobody else includes it.
 *
 *   daemon.c          start-up, signals, the hooks of Kafka and the keeper, the end
 *   daemon_fold.c     when and how far to fold; changed configurations
 *   daemon_options.c  what of the configuration is whose
 *   daemon_status.c   heartbeat, probes, the service manager
 *
 *   Kafka ──records──> intake ──touch──> fold ──(slices)──> publisher ──commands─> keeper ─> Redis
 *      ^                  └──fact, position──────────────────────────────────────────^  │
 *      └── held: no room at the keeper, or a fold that does not fit one turn ───────────┘
 */
#ifndef VENTURI_DAEMON_INNER_H
#define VENTURI_DAEMON_INNER_H

#include "daemon/config.h"
#include "daemon/intake.h"
#include "daemon/keeper.h"
#include "daemon/publisher.h"
#include "io/http.h"
#include "io/kafka.h"
#include "io/letters.h"

struct event;
struct event_base;

/* What the numbers are made with; changes as a whole. */
struct view {
	struct config *config;
	struct fold *fold; /* NULL while nothing is loaded */
};

struct daemon {
	const char *config_path; /* NULL: the usual one */
	struct event_base *base;
	struct view view;
	struct view next; /* config != NULL: a changed configuration; its fold is being made */
	struct store *store;
	struct intake *intake;
	struct keeper *keeper;
	struct kafka *kafka;
	struct letters *letters; /* NULL: none configured */
	struct publisher *publisher;
	struct http *http; /* NULL: off */
	struct event *terminate[2], *hangup, *tick, *watchdog, *fold_more, *patience;

	/* daemon_fold.c */
	bool passing;     /* a fold has begun and is not done */
	int64_t pass_now; /* with this now */
	bool filling;     /* the first fold of a load: nothing is published before it is done */
	bool incomplete;  /* a touch was lost for want of memory: fold anew */
	bool round_open;  /* catching up: the publisher is in the midst of a round */
	int64_t round_at; /* monotonic: when it began */

	/* daemon_status.c */
	bool said_ready;
	char status[200];      /* as last told to the service manager */
	int64_t standby_since; /* monotonic; 0: not standing by with a connection */
	uint64_t ticks;

	bool stopping;
	int exit_status;
};

/* ms */
int64_t clock_wall(void);
int64_t clock_monotonic(void);

/* ---- daemon.c ---- */

/* Lets records come, or holds them up, as the keeper's room and the fold demand. */
void daemon_flow(struct daemon *daemon);

/* ---- daemon_fold.c ---- */

/* The store is loaded. False if memory is short. */
MUST_CHECK bool daemon_fold_begin(struct daemon *daemon);
void daemon_fold_end(struct daemon *daemon);
/* False if memory is short: the touch is to be told again, or `incomplete` set. */
MUST_CHECK bool daemon_touch(struct daemon *daemon, uint32_t subject);
/* Whether records are to wait until a fold is done. */
bool daemon_fold_holds(const struct daemon *daemon);
/* Time has passed: what changes by itself changes. */
void daemon_fold_tick(struct daemon *daemon);
bool daemon_publish(struct daemon *daemon, struct commands *out, uint64_t cut, uint32_t budget);
void daemon_on_fold_more(int fd, short what, void *daemon);
/* SIGHUP: reads the configuration again; a good one is folded aside, then swapped in. */
void daemon_reload(struct daemon *daemon);

/* ---- daemon_options.c: what of the configuration is whose ---- */

/* Loads and checks it, librdkafka's properties too. NULL with `err` filled (78). */
struct config *daemon_load(const char *path, struct err *err);
struct intake_options daemon_intake_options(const struct config *config);
/* False if memory is short; options->settings is the caller's to free. */
MUST_CHECK bool daemon_kafka_options(const struct config *config, struct kafka_options *options);
struct keeper_options daemon_keeper_options(const struct config *config);
/* The name of an option that differs and is read at start only; NULL: none. */
const char *daemon_restart_needed(const struct config *old, const struct config *new);

/* ---- daemon_status.c ---- */

size_t daemon_heartbeat(struct daemon *daemon, struct commands *out);
MUST_CHECK bool daemon_serve(struct daemon *daemon, struct err *err);
void daemon_status_tick(struct daemon *daemon);
/* "READY=1" and the like. */
void daemon_notify(const char *state);

#endif
