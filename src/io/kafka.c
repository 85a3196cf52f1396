#include "io/kafka.h"
#include "io/kafka_conf.h"
#include "io/kafka_inner.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define CLOSE_LOOK_MS 10
/* How often we look for new topics and partitions; all topics of a cluster are a long answer. */
#define SCOUT_MS     2000
#define SCOUT_ALL_MS 5000

void kafka_say(struct kafka *kafka, int level, const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	kafka->hooks.log.write(kafka->hooks.log.arg, level, line);
}

void kafka_ring(struct kafka *kafka)
{
	uint64_t one = 1;
	ssize_t n = write(kafka->wake, &one, sizeof one);

	(void)n; /* full means that it is readable already */
}

void kafka_set_up(struct kafka *kafka, bool up)
{
	if (up == kafka->up)
		return;
	kafka->up = up;
	kafka_say(kafka, up ? LOG_INFO : LOG_WARNING, "event=kafka_%s", up ? "up" : "down");
	if (kafka->hooks.up)
		kafka->hooks.up(kafka->hooks.arg, up);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct kafka *kafka = arg;
	uint64_t rings;
	ssize_t n = read(fd, &rings, sizeof rings);

	(void)n;
	(void)what;
	kafka_take_metadata(kafka);
	kafka_drain(kafka);
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *line)
{
	const struct kafka *kafka = rd_kafka_opaque(rk);

	/* What on_error() tells too. */
	if (strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0)
		return;
	kafka_conf_write(&kafka->hooks.log, level, facility, line);
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
	struct kafka *kafka = opaque;
	char why[256];

	if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		scout_doubt(kafka->scout);
		kafka_set_up(kafka, false);
	} else if (code == RD_KAFKA_RESP_ERR__FATAL)
		kafka_say(kafka, LOG_ERR, "event=kafka_fatal why=\"%s\" reason=\"%s\"",
			  rd_kafka_err2str(rd_kafka_fatal_error(rk, why, sizeof why)), why);
	else
		kafka_say(kafka, LOG_WARNING, "event=kafka_error why=\"%s\"", reason);
}

/* ---- Life ---- */

bool kafka_check(const struct kafka_options *options, struct err *err)
{
	struct patterns patterns;
	bool good = patterns_make(&patterns, options, err);
	rd_kafka_conf_t *conf = good ? kafka_conf_consumer(options, err) : NULL;

	patterns_free(&patterns);
	if (conf)
		rd_kafka_conf_destroy(conf);
	return conf != NULL;
}

static void on_close_look(evutil_socket_t fd, short what, void *arg)
{
	struct kafka *kafka = arg;
	struct timeval again = {0, CLOSE_LOOK_MS * 1000};

	(void)fd;
	(void)what;
	kafka_drain(kafka);
	if (!rd_kafka_consumer_closed(kafka->rk) || !scout_done(kafka->scout)) {
		event_add(kafka->close_look, &again);
		return;
	}
	kafka->hooks.closed(kafka->hooks.arg); /* may have freed us */
}

/* Connects librdkafka's queue to the loop. */
static bool hook_up(struct kafka *kafka)
{
	static const uint64_t one = 1;

	rd_kafka_poll_set_consumer(kafka->rk);
	rd_kafka_set_log_queue(kafka->rk, NULL);
	kafka->queue = rd_kafka_queue_get_consumer(kafka->rk);
	kafka->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!kafka->queue || kafka->wake < 0)
		return false;
	kafka->woken = event_new(kafka->base, kafka->wake, EV_READ | EV_PERSIST, on_wake, kafka);
	kafka->close_look = evtimer_new(kafka->base, on_close_look, kafka);
	if (!kafka->woken || !kafka->close_look || event_add(kafka->woken, NULL))
		return false;
	rd_kafka_queue_io_event_enable(kafka->queue, kafka->wake, &one, sizeof one);
	kafka_ring(kafka);
	return true;
}

/* The scout asks for the topics that the handle knows. */
static bool know_topics(struct kafka *kafka)
{
	for (size_t i = 0; i < kafka->patterns.n; i++) {
		struct pattern *pattern = &kafka->patterns.list[i];

		if (pattern->is_regex)
			continue;
		pattern->known = rd_kafka_topic_new(kafka->rk, pattern->name, NULL);
		if (!pattern->known)
			return false;
	}
	return true;
}

struct kafka *kafka_new(struct event_base *base, const struct kafka_options *options,
			const struct kafka_hooks *hooks, struct err *err)
{
	char why[400] = "memory is short";
	struct kafka *kafka = calloc(1, sizeof *kafka);
	rd_kafka_conf_t *conf = NULL;

	if (!kafka) {
		err_set(err, EX_OSERR, "kafka: %s", why);
		return NULL;
	}
	*kafka = (struct kafka){.base = base, .hooks = *hooks, .wake = -1};
	if (!patterns_make(&kafka->patterns, options, err) ||
	    !(conf = kafka_conf_consumer(options, err)))
		goto fail;
	kafka->nudges = kafka_conf_needs_nudges(conf);
	rd_kafka_conf_set_opaque(conf, kafka);
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_error_cb(conf, on_error);
	kafka->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
	if (!kafka->rk) {
		rd_kafka_conf_destroy(conf);
		err_set(err, EX_CONFIG, "librdkafka: %s", why);
		goto fail;
	}
	err_set(err, EX_OSERR, "kafka: %s", why);
	if (options->group && *options->group && !(kafka->group = strdup(options->group)))
		goto fail;
	if (!hook_up(kafka) || !know_topics(kafka))
		goto fail;
	kafka->scout = scout_new(kafka->rk, kafka->patterns.n_regex > 0,
				 kafka->patterns.n_regex ? SCOUT_ALL_MS : SCOUT_MS, kafka->wake);
	if (!kafka->scout)
		goto fail;
	return kafka;
fail:
	kafka_free(kafka);
	return NULL;
}

void kafka_free(struct kafka *kafka)
{
	if (!kafka)
		return;
	/* A broker that hangs can hold the thread up for a minute: the process ends before. */
	if (kafka->closing && !scout_done(kafka->scout))
		return;
	scout_free(kafka->scout);
	kafka_drop_batch(kafka);
	if (kafka->woken)
		event_free(kafka->woken);
	if (kafka->close_look)
		event_free(kafka->close_look);
	slots_clear(&kafka->slots);
	patterns_free(&kafka->patterns);
	if (kafka->queue)
		rd_kafka_queue_destroy(kafka->queue);
	if (kafka->rk)
		rd_kafka_destroy_flags(kafka->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	if (kafka->wake >= 0)
		close(kafka->wake);
	free(kafka->headers);
	free(kafka->group);
	free(kafka);
}

void kafka_start(struct kafka *kafka)
{
	kafka->started = true;
	kafka->assigned = kafka->held = false;
	kafka_ring(kafka);
}

void kafka_stop(struct kafka *kafka)
{
	if (!kafka->started)
		return;
	kafka->started = kafka->assigned = kafka->held = false;
	scout_nudge(kafka->scout, false);
	rd_kafka_assign(kafka->rk, NULL);
	kafka_drop_batch(kafka);
	slots_clear(&kafka->slots);
	kafka->behind = 0;
	kafka_ring(kafka);
}

void kafka_hold(struct kafka *kafka)
{
	kafka->held = true;
}

void kafka_resume(struct kafka *kafka)
{
	kafka->held = false;
	kafka_ring(kafka);
}

void kafka_close(struct kafka *kafka)
{
	struct timeval soon = {0, CLOSE_LOOK_MS * 1000};
	rd_kafka_error_t *error;

	kafka_stop(kafka);
	kafka->closing = true;
	scout_stop(kafka->scout);
	error = rd_kafka_consumer_close_queue(kafka->rk, kafka->queue);
	if (error)
		rd_kafka_error_destroy(error);
	event_add(kafka->close_look, &soon);
}

void kafka_commit(struct kafka *kafka, const struct position *positions, size_t n)
{
	rd_kafka_topic_partition_list_t *list;

	if (!kafka->group || n == 0)
		return;
	list = rd_kafka_topic_partition_list_new((int)n);
	for (size_t i = 0; i < n; i++) {
		char name[256]; /* Kafka's names have at most 249 characters */

		snprintf(name, sizeof name, "%.*s", (int)positions[i].topic.len,
			 positions[i].topic.at);
		rd_kafka_topic_partition_list_add(list, name, positions[i].partition)->offset =
			positions[i].next;
	}
	rd_kafka_commit(kafka->rk, list, 1);
	rd_kafka_topic_partition_list_destroy(list);
}

bool kafka_caught_up(const struct kafka *kafka)
{
	return kafka->assigned && kafka->behind == 0;
}

static void add_lag(const struct kafka *kafka, const struct slot *slot, struct kafka_status *status)
{
	int64_t low, high;

	if (rd_kafka_get_watermark_offsets(kafka->rk, kafka_topic_name(kafka, slot),
					   slot->partition, &low, &high) ||
	    high <= slot->next || slot->next < 0)
		return;
	status->lag_messages += high - slot->next;
	if (slot->last_timestamp >= 0 &&
	    (status->oldest_behind < 0 || slot->last_timestamp < status->oldest_behind))
		status->oldest_behind = slot->last_timestamp;
}

struct kafka_status kafka_status(const struct kafka *kafka)
{
	struct kafka_status status = {.caught_up = kafka_caught_up(kafka),
				      .behind = kafka->behind,
				      .up = kafka->up,
				      .assigned = kafka->assigned,
				      .partitions = kafka->slots.n,
				      .oldest_behind = -1};

	for (uint32_t i = 0; i < kafka->slots.n; i++) {
		const struct slot *slot = &kafka->slots.list[i];

		status.stopped += slot->state == SLOT_STOPPED;
		if (slot->state != SLOT_STOPPED)
			add_lag(kafka, slot, &status);
	}
	return status;
}

const char *kafka_stopped_why(const struct kafka *kafka, uint32_t slot)
{
	return kafka->slots.list[slot].why;
}
