#include "daemon/daemon.h"
#include "daemon/daemon_inner.h"
#include "daemon/log.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS         250
#define COMMIT_TICKS    20
#define COMMITS_AT_ONCE 128
/* How long the last transaction, and then Kafka's leaving, may take at the end. */
#define STORE_PATIENCE_MS 5000
#define CLOSE_PATIENCE_S  6

static int64_t clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall(void)
{
	return clock_ms(CLOCK_REALTIME);
}

int64_t clock_monotonic(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

void daemon_flow(struct daemon *daemon)
{
	if (daemon->stopping || !keeper_room(daemon->keeper) || daemon_fold_holds(daemon))
		kafka_hold(daemon->kafka);
	else
		kafka_resume(daemon->kafka);
}

static void end_with(struct daemon *daemon, int status)
{
	daemon->exit_status = status;
	event_base_loopbreak(daemon->base);
}

/* ---- Kafka's hooks ---- */

static bool on_begin(void *arg, uint32_t slot, struct text topic, int32_t partition,
		     struct position *from)
{
	return intake_partition(((struct daemon *)arg)->intake, slot, topic, partition, from);
}

static bool on_record(void *arg, const struct kafka_record *record)
{
	return intake_record(((struct daemon *)arg)->intake, record);
}

static void on_drained(void *arg)
{
	struct daemon *daemon = arg;

	intake_drained(daemon->intake);
	if (!keeper_room(daemon->keeper))
		kafka_hold(daemon->kafka);
	keeper_dirty(daemon->keeper);
}

static void on_up(void *arg, bool up)
{
	keeper_kafka(((struct daemon *)arg)->keeper, up);
}

static void on_closed(void *arg)
{
	event_base_loopexit(((struct daemon *)arg)->base, NULL);
}

static void on_line(void *arg, int level, const char *line)
{
	(void)arg;
	if (level <= LOG_LEVEL_ERROR)
		log_error("%s", line);
	else if (level <= LOG_LEVEL_WARN)
		log_warn("%s", line);
	else
		log_info("%s", line);
}

static void on_settled(void *arg, void *ticket, bool kept)
{
	struct daemon *daemon = arg;

	intake_settled(daemon->intake, ticket, kept);
	daemon_flow(daemon);
}

/* ---- Intake's hooks ---- */

static bool on_touch(void *arg, uint32_t subject)
{
	return daemon_touch(arg, subject);
}

static void on_fact(void *arg, const struct subject *subject, const struct record *record)
{
	keeper_fact(((struct daemon *)arg)->keeper, subject, record);
}

static void on_position(void *arg, const struct position *position)
{
	struct daemon *daemon = arg;

	if (!daemon->stopping)
		keeper_position(daemon->keeper, position);
}

static bool on_letter(void *arg, const struct kafka_record *record, struct text code,
		      struct text why, void *ticket)
{
	return letters_send(((struct daemon *)arg)->letters, record, code, why, ticket);
}

/* ---- The keeper's hooks ---- */

static uint64_t random_seed(void)
{
	uint64_t seed = (uint64_t)clock_monotonic();

	if (getrandom(&seed, sizeof seed, 0) < 0)
		log_warn("event=no_random why=\"%s\"", strerror(errno));
	return seed;
}

static void drop_memory(struct daemon *daemon)
{
	kafka_stop(daemon->kafka);
	intake_end(daemon->intake);
	daemon_fold_end(daemon);
	store_free(daemon->store);
	daemon->store = NULL;
}

static struct store *on_empty_store(void *arg)
{
	struct daemon *daemon = arg;

	drop_memory(daemon);
	daemon->store = store_new(random_seed());
	return daemon->store;
}

static void on_activated(void *arg, const struct position *positions, size_t n)
{
	struct daemon *daemon = arg;
	const struct config *config = daemon->view.config;

	/* Not before: what was accepted once stands, also if the limits are lower now. */
	store_limit(daemon->store, config->max_subjects, config->max_names);
	if (!daemon_fold_begin(daemon) ||
	    !intake_begin(daemon->intake, daemon->store, positions, n)) {
		log_error("event=memory_short while=loading");
		end_with(daemon, EX_TEMPFAIL);
		return;
	}
	kafka_start(daemon->kafka);
	daemon_flow(daemon);
}

static void on_deposed(void *arg)
{
	drop_memory(arg);
}

static void on_found(void *arg, uint32_t subject)
{
	struct daemon *daemon = arg;

	if (!daemon_touch(daemon, subject))
		daemon->incomplete = true;
}

static bool on_publish(void *arg, struct commands *out, uint64_t cut, uint32_t budget)
{
	struct daemon *daemon = arg;

	intake_cut(daemon->intake);
	return daemon_publish(daemon, out, cut, budget);
}

static void on_published(void *arg, bool stored, const uint32_t *failed, size_t n_failed)
{
	struct daemon *daemon = arg;

	if (stored)
		intake_stored(daemon->intake);
	publisher_published(daemon->publisher, stored, failed, n_failed);
}

static void on_republish_all(void *arg)
{
	publisher_republish_all(((struct daemon *)arg)->publisher);
}

static bool on_scan(void *arg, uint64_t *cursor)
{
	return publisher_scan(((struct daemon *)arg)->publisher, cursor);
}

static void on_scanned(void *arg, uint64_t cursor, const struct text *keys, size_t n)
{
	publisher_scanned(((struct daemon *)arg)->publisher, cursor, keys, n);
}

static void on_room_again(void *arg)
{
	daemon_flow(arg);
}

static size_t on_heartbeat(void *arg, struct commands *out)
{
	return daemon_heartbeat(arg, out);
}

static void on_failed(void *arg, const struct err *why)
{
	log_error("event=cannot_go_on why=\"%s\"", why->message);
	end_with(arg, why->code ? why->code : EX_SOFTWARE);
}

/* All is stored that can be: leave Kafka, and then the loop. */
static void on_stopped(void *arg, bool all_stored)
{
	struct daemon *daemon = arg;
	struct timeval patience = {CLOSE_PATIENCE_S, 0};

	if (!all_stored)
		log_warn("event=not_stored why=\"what was taken last comes again from Kafka\"");
	evtimer_add(daemon->patience, &patience);
	kafka_close(daemon->kafka);
}

/* ---- Events ---- */

static void on_terminate(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)fd;
	(void)what;
	if (daemon->stopping)
		_exit(EX_TEMPFAIL);
	log_info("event=stopping");
	daemon_notify("STOPPING=1");
	daemon->stopping = true;
	daemon_flow(daemon);
	keeper_stop(daemon->keeper, STORE_PATIENCE_MS);
}

static void on_hangup(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)fd;
	(void)what;
	if (daemon->said_ready)
		daemon_notify("RELOADING=1");
	daemon_reload(daemon);
	if (daemon->said_ready)
		daemon_notify("READY=1");
}

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	log_warn("event=kafka_not_left why=\"it took too long\"");
	event_base_loopexit(((struct daemon *)arg)->base, NULL);
}

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	daemon_notify("WATCHDOG=1");
}

static void commit(struct daemon *daemon)
{
	struct position positions[COMMITS_AT_ONCE];
	size_t n;

	while ((n = intake_commits(daemon->intake, positions, COMMITS_AT_ONCE)) > 0)
		kafka_commit(daemon->kafka, positions, n);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)fd;
	(void)what;
	daemon_fold_tick(daemon);
	daemon_flow(daemon);
	if (daemon->ticks % COMMIT_TICKS == 0)
		commit(daemon);
	daemon_status_tick(daemon);
}

/* ---- Start ---- */

static struct event *add_event(struct daemon *daemon, evutil_socket_t fd, short what,
			       event_callback_fn call, int64_t every_ms)
{
	struct timeval every = {every_ms / 1000, every_ms % 1000 * 1000};
	struct event *event = event_new(daemon->base, fd, what, call, daemon);

	if (event && (what & (EV_SIGNAL | EV_PERSIST)) &&
	    event_add(event, every_ms ? &every : NULL)) {
		event_free(event);
		return NULL;
	}
	return event;
}

static bool add_events(struct daemon *daemon, struct err *err)
{
	uint64_t watchdog_us = 0;

	signal(SIGPIPE, SIG_IGN);
	daemon->terminate[0] = add_event(daemon, SIGTERM, EV_SIGNAL | EV_PERSIST, on_terminate, 0);
	daemon->terminate[1] = add_event(daemon, SIGINT, EV_SIGNAL | EV_PERSIST, on_terminate, 0);
	daemon->hangup = add_event(daemon, SIGHUP, EV_SIGNAL | EV_PERSIST, on_hangup, 0);
	daemon->tick = add_event(daemon, -1, EV_PERSIST, on_tick, TICK_MS);
	daemon->fold_more = add_event(daemon, -1, 0, daemon_on_fold_more, 0);
	daemon->patience = add_event(daemon, -1, 0, on_patience, 0);
	if (!daemon->terminate[0] || !daemon->terminate[1] || !daemon->hangup || !daemon->tick ||
	    !daemon->fold_more || !daemon->patience)
		return err_set(err, EX_OSERR, "no memory for events");
	if (sd_watchdog_enabled(0, &watchdog_us) <= 0)
		return true;
	daemon->watchdog =
		add_event(daemon, -1, EV_PERSIST, on_watchdog, (int64_t)(watchdog_us / 3000) + 1);
	return daemon->watchdog || err_set(err, EX_OSERR, "no memory for events");
}

static bool start_kafka(struct daemon *daemon, struct err *err)
{
	struct kafka_options options;
	const struct kafka_hooks hooks = {.arg = daemon,
					  .begin = on_begin,
					  .record = on_record,
					  .drained = on_drained,
					  .up = on_up,
					  .closed = on_closed,
					  .log = {on_line, daemon}};
	const struct letters_hooks letters = {daemon, on_settled, {on_line, daemon}};

	bool with_letters = *daemon->view.config->dead_letter_topic != '\0';

	if (!daemon_kafka_options(daemon->view.config, &options))
		return err_set(err, EX_OSERR, "memory is short");
	daemon->kafka = kafka_new(daemon->base, &options, &hooks, err);
	if (daemon->kafka && with_letters)
		daemon->letters = letters_new(daemon->base, &options, &letters, err);
	free((void *)options.settings);
	return daemon->kafka && (daemon->letters || !with_letters);
}

static bool start_keeper(struct daemon *daemon, struct err *err)
{
	const struct config *config = daemon->view.config;
	const struct keeper_options options = daemon_keeper_options(config);
	const struct keeper_hooks hooks = {.arg = daemon,
					   .empty_store = on_empty_store,
					   .activated = on_activated,
					   .deposed = on_deposed,
					   .found = on_found,
					   .publish = on_publish,
					   .published = on_published,
					   .republish_all = on_republish_all,
					   .scan = on_scan,
					   .scanned = on_scanned,
					   .room_again = on_room_again,
					   .heartbeat = on_heartbeat,
					   .failed = on_failed,
					   .stopped = on_stopped};

	daemon->keeper = keeper_new(daemon->base, &options, &hooks, err);
	return daemon->keeper != NULL;
}

static bool start_inner(struct daemon *daemon, struct err *err)
{
	const struct config *config = daemon->view.config;
	const struct intake_options options = daemon_intake_options(config);
	const struct intake_hooks hooks = {daemon, on_touch, on_fact, on_position, on_letter};
	const struct publisher_options publishing = {config->redis_prefix, config->redis_ttl};

	daemon->intake = intake_new(&options, &hooks);
	daemon->publisher = publisher_new(&publishing);
	return (daemon->intake && daemon->publisher) || err_set(err, EX_OSERR, "memory is short");
}

static bool start(struct daemon *daemon, struct err *err)
{
	daemon->base = event_base_new();
	if (!daemon->base)
		return err_set(err, EX_OSERR, "no event loop");
	return add_events(daemon, err) && daemon_serve(daemon, err) && start_inner(daemon, err) &&
	       start_keeper(daemon, err) && start_kafka(daemon, err);
}

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

static void finish(struct daemon *daemon)
{
	http_free(daemon->http);
	kafka_free(daemon->kafka);
	letters_free(daemon->letters);
	keeper_free(daemon->keeper);
	if (daemon->publisher)
		daemon_fold_end(daemon);
	intake_free(daemon->intake);
	publisher_free(daemon->publisher);
	store_free(daemon->store);
	config_free(daemon->view.config);
	free_event(daemon->terminate[0]);
	free_event(daemon->terminate[1]);
	free_event(daemon->hangup);
	free_event(daemon->tick);
	free_event(daemon->watchdog);
	free_event(daemon->fold_more);
	free_event(daemon->patience);
	if (daemon->base)
		event_base_free(daemon->base);
}

int daemon_test(const char *config_path)
{
	struct err err = {0};
	struct config *config = daemon_load(config_path, &err);

	if (!config)
		return EX_CONFIG;
	printf("%s: configuration OK\n", config_path ? config_path : CONFIG_PATH);
	config_free(config);
	return 0;
}

int daemon_run(const char *config_path)
{
	struct daemon daemon = {.config_path = config_path};
	struct err err = {0};

	daemon.view.config = daemon_load(config_path, &err);
	if (!daemon.view.config) {
		log_error("event=bad_configuration why=\"%s\"", err.message);
		return err.code;
	}
	log_info("event=start version=" VENTURI_VERSION " config=%s",
		 config_path ? config_path : CONFIG_PATH);
	if (start(&daemon, &err)) {
		event_base_dispatch(daemon.base);
	} else {
		log_error("event=cannot_start why=\"%s\"", err.message);
		daemon.exit_status = err.code;
	}
	finish(&daemon);
	log_info("event=end status=%d", daemon.exit_status);
	return daemon.exit_status;
}
