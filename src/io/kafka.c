#include "io/kafka.h"
#include "io/kafka_conf.h"
#include "io/kafka_scout.h"
#include "io/kafka_topics.h"

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

#define XXH_INLINE_ALL
#include <xxhash.h>

#define BATCH 1000
/* How long one turn of the loop may be ours, in ms; then others get theirs. */
#define TURN_MS 10
#define CLOSE_LOOK_MS 10
/* How often we look for new topics and partitions; all topics of a cluster are a long answer. */
#define SCOUT_MS 2000
#define SCOUT_ALL_MS 5000
/* A record is as good as the end of its partition if it is that young. */
#define YOUNG_MS 10000

struct kafka {
	struct event_base *base;
	struct kafka_hooks hooks;
	struct patterns patterns;
	char *group; /* NULL: offsets are not committed */
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	struct scout *scout;
	int wake; /* eventfd: the queue's, the scout's and our own re-arming */
	struct event *woken, *close_look;
	struct slots slots;
	struct header *headers;
	size_t headers_room;
	rd_kafka_message_t *batch[BATCH];
	size_t batch_n, batch_at;
	int64_t wall; /* ms, at the start of the batch */
	uint32_t behind; /* slots not yet read to their ends */
	bool started, assigned, held, up, closing;
	uint64_t records, bytes, gone_back;
};

static int64_t clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void __attribute__((format(printf, 3, 4))) say(struct kafka *kafka, int level,
						       const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	kafka->hooks.log.write(kafka->hooks.log.arg, level, line);
}

/* The wake-up is latched: whoever leaves something in the queue rings himself. */
static void ring(struct kafka *kafka)
{
	uint64_t one = 1;
	ssize_t n = write(kafka->wake, &one, sizeof one);

	(void)n; /* full means that it is readable already */
}

static void set_up(struct kafka *kafka, bool up)
{
	if (up == kafka->up)
		return;
	kafka->up = up;
	say(kafka, up ? LOG_INFO : LOG_WARNING, "event=kafka_%s", up ? "up" : "down");
	if (kafka->hooks.up)
		kafka->hooks.up(kafka->hooks.arg, up);
}

static const char *topic_name(const struct kafka *kafka, const struct slot *slot)
{
	return kafka->slots.topics[slot->topic].name;
}

/* ---- Assigning ---- */

/* Where reading a slot begins: at the record that proves that the log is still the one we read. */
static int64_t first_offset(const struct slot *slot)
{
	if (slot->state == SLOT_PROVING)
		return slot->expected.offset;
	return slot->next >= 0 ? slot->next : RD_KAFKA_OFFSET_BEGINNING;
}

static void assign(struct kafka *kafka, uint32_t from, uint32_t n, bool first_take_away)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
	rd_kafka_error_t *error = NULL;

	for (uint32_t i = from; i < from + n; i++) {
		const struct slot *slot = &kafka->slots.list[i];

		rd_kafka_topic_partition_list_add(list, topic_name(kafka, slot), slot->partition)
			->offset = first_offset(slot);
	}
	if (first_take_away)
		error = rd_kafka_incremental_unassign(kafka->rk, list);
	if (!error)
		error = rd_kafka_incremental_assign(kafka->rk, list);
	if (error) {
		say(kafka, LOG_ERR, "event=kafka_assign_failed why=\"%s\"",
		    rd_kafka_error_string(error));
		rd_kafka_error_destroy(error);
	}
	rd_kafka_topic_partition_list_destroy(list);
}

static void caught_up(struct kafka *kafka, struct slot *slot)
{
	kafka->behind -= slot->behind;
	slot->behind = false;
}

/* The partition's log is not what we read, or not readable: the others go on without it. */
static void __attribute__((format(printf, 3, 4))) stop_slot(struct kafka *kafka, struct slot *slot,
							     const char *format, ...)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_error_t *error;
	char line[512];
	va_list args;
	int n = snprintf(line, sizeof line, "%.200s:%" PRId32 ": ", topic_name(kafka, slot),
			 slot->partition);

	va_start(args, format);
	vsnprintf(line + n, sizeof line - (size_t)n, format, args);
	va_end(args);
	rd_kafka_topic_partition_list_add(list, topic_name(kafka, slot), slot->partition);
	error = rd_kafka_incremental_unassign(kafka->rk, list);
	if (error)
		rd_kafka_error_destroy(error);
	rd_kafka_topic_partition_list_destroy(list);
	slot->state = SLOT_STOPPED;
	caught_up(kafka, slot);
	slot->why = strdup(line);
	say(kafka, LOG_ERR, "event=partition_stopped why=\"%s\"", line);
	if (kafka->hooks.stopped)
		kafka->hooks.stopped(kafka->hooks.arg, (uint32_t)(slot - kafka->slots.list), line);
}

static void begin_slot(struct kafka *kafka, uint32_t number)
{
	struct slot *slot = &kafka->slots.list[number];
	struct position from = {.last.offset = -1};
	struct text name = text_of(topic_name(kafka, slot));

	slot->state = SLOT_READING;
	slot->next = -1;
	if (!kafka->hooks.begin ||
	    !kafka->hooks.begin(kafka->hooks.arg, number, name, slot->partition, &from))
		return;
	slot->next = from.next;
	slot->expected = from.last;
	if (from.last.offset >= 0)
		slot->state = SLOT_PROVING;
}

/* Partitions that appeared since the last time. */
static void add_topic(struct kafka *kafka, const rd_kafka_metadata_topic_t *seen)
{
	struct topic *topic = slots_topic(&kafka->slots, kafka->rk, seen->topic);
	uint32_t from = kafka->slots.n;

	if (!topic || seen->partition_cnt <= topic->partitions)
		return;
	while (topic->partitions < seen->partition_cnt) {
		uint32_t number = slots_add(&kafka->slots, topic);

		if (number == UINT32_MAX)
			break; /* the next metadata brings it again */
		kafka->behind++;
		begin_slot(kafka, number);
	}
	if (kafka->slots.n == from)
		return;
	say(kafka, LOG_INFO, "event=kafka_assigned topic=%s partitions=%" PRId32 " new=%" PRIu32,
	    topic->name, topic->partitions, kafka->slots.n - from);
	assign(kafka, from, kafka->slots.n - from, false);
}

static const rd_kafka_metadata_topic_t *seen_topic(const struct rd_kafka_metadata *metadata,
						    const char *name)
{
	for (int i = 0; i < metadata->topic_cnt; i++)
		if (strcmp(metadata->topics[i].topic, name) == 0)
			return &metadata->topics[i];
	return NULL;
}

/* Tells of configured topics that are not there, once each time that they go. */
static void look_for_missing(struct kafka *kafka, const struct rd_kafka_metadata *metadata)
{
	for (size_t i = 0; i < kafka->patterns.n; i++) {
		struct pattern *pattern = &kafka->patterns.list[i];
		const rd_kafka_metadata_topic_t *seen =
			pattern->is_regex ? NULL : seen_topic(metadata, pattern->name);
		bool missed = !pattern->is_regex && (!seen || seen->err || !seen->partition_cnt);

		if (missed && !pattern->missed)
			say(kafka, LOG_WARNING, "event=topic_missing topic=%s why=\"%s\"",
			    pattern->name,
			    seen && seen->err ? rd_kafka_err2str(seen->err) : "not there");
		pattern->missed = missed;
	}
}

static void take_metadata(struct kafka *kafka)
{
	const struct rd_kafka_metadata *metadata;

	if (!kafka->closing)
		set_up(kafka, scout_up(kafka->scout));
	if (!kafka->started || !(metadata = scout_take(kafka->scout)))
		return;
	look_for_missing(kafka, metadata);
	for (int i = 0; i < metadata->topic_cnt; i++)
		if (!metadata->topics[i].err &&
		    patterns_match(&kafka->patterns, metadata->topics[i].topic))
			add_topic(kafka, &metadata->topics[i]);
	rd_kafka_metadata_destroy(metadata);
	if (!kafka->assigned) {
		kafka->assigned = true;
		if (kafka->hooks.assigned)
			kafka->hooks.assigned(kafka->hooks.arg);
	}
}

/* ---- Events of a partition ---- */

static void at_end(struct kafka *kafka, struct slot *slot, int64_t end)
{
	if (slot->state == SLOT_PROVING || slot->state == SLOT_SEEKING) {
		if (end < slot->next) {
			stop_slot(kafka, slot,
				  "the log ends at %" PRId64 ", but was read to %" PRId64
				  " before: truncated or created anew",
				  end, slot->next);
			return;
		}
		slot->state = SLOT_READING;
	}
	caught_up(kafka, slot);
}

static void out_of_range(struct kafka *kafka, struct slot *slot)
{
	if (slot->state == SLOT_PROVING) {
		slot->state = SLOT_SEEKING;
		assign(kafka, (uint32_t)(slot - kafka->slots.list), 1, true);
		return;
	}
	stop_slot(kafka, slot,
		  "offset %" PRId64 " is not there any more: deleted by retention before it was read, "
		  "truncated, or the topic was created anew",
		  slot->next);
}

static void take_error(struct kafka *kafka, const rd_kafka_message_t *message)
{
	struct slot *slot = message->rkt ? slots_find(&kafka->slots, message->rkt,
						      message->partition)
					 : NULL;
	if (slot && slot->state == SLOT_STOPPED)
		return;
	switch (message->err) {
	case RD_KAFKA_RESP_ERR__PARTITION_EOF:
		if (slot)
			at_end(kafka, slot, message->offset);
		return;
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
		if (slot)
			out_of_range(kafka, slot);
		return;
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
		if (slot)
			caught_up(kafka, slot); /* deleted: there is nothing to wait for */
		break;
	default:
		break;
	}
	say(kafka, LOG_WARNING, "event=kafka_error topic=%s partition=%" PRId32 " why=\"%s\"",
	    slot ? topic_name(kafka, slot) : "", message->partition,
	    rd_kafka_message_errstr(message));
}

/* ---- Records ---- */

struct fingerprint kafka_fingerprint(int64_t offset, int64_t timestamp, struct text key,
				     struct text value)
{
	return (struct fingerprint){
		.offset = offset,
		.timestamp = timestamp,
		.key_size = (uint32_t)key.len,
		.value_size = (uint32_t)value.len,
		.hash = XXH3_64bits_withSeed(value.at, value.len,
					     XXH3_64bits_withSeed(key.at, key.len, 0)),
	};
}

static int64_t message_time(const rd_kafka_message_t *message)
{
	rd_kafka_timestamp_type_t type;
	int64_t ms = rd_kafka_message_timestamp(message, &type);

	return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : ms;
}

/* False if memory is short. */
static bool take_headers(struct kafka *kafka, const rd_kafka_message_t *message,
			 struct kafka_record *record)
{
	rd_kafka_headers_t *headers;
	const char *name;
	const void *value;
	size_t size, n;

	if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return true;
	n = rd_kafka_header_cnt(headers);
	if (n > kafka->headers_room) {
		struct header *grown = realloc(kafka->headers, n * sizeof *grown);

		if (!grown)
			return false;
		kafka->headers = grown;
		kafka->headers_room = n;
	}
	for (size_t i = 0; i < n && !rd_kafka_header_get_all(headers, i, &name, &value, &size); i++)
		kafka->headers[record->n_headers++] =
			(struct header){text_of(name), {value, value ? size : 0}};
	record->headers = kafka->headers;
	return true;
}

static struct text bytes(const void *at, size_t len)
{
	return (struct text){at, at ? len : 0};
}

/* Whether the record is to be skipped: it proves something, was seen before, or its log is not ours. */
static bool prove(struct kafka *kafka, struct slot *slot, const rd_kafka_message_t *message)
{
	struct fingerprint is, *was = &slot->expected;

	if (slot->state == SLOT_PROVING && message->offset == was->offset) {
		is = kafka_fingerprint(message->offset, message_time(message),
				       bytes(message->key, message->key_len),
				       bytes(message->payload, message->len));
		if (is.hash == was->hash && is.timestamp == was->timestamp &&
		    is.key_size == was->key_size && is.value_size == was->value_size)
			slot->state = SLOT_READING;
		else
			stop_slot(kafka, slot,
				  "the record at offset %" PRId64 " is not the one that was read "
				  "before: the topic was created anew",
				  was->offset);
		return true;
	}
	/* Compacted away, or deleted: what comes first is later, and that proves nothing. */
	if (slot->state == SLOT_PROVING || slot->state == SLOT_SEEKING)
		slot->state = SLOT_READING;
	if (message->offset >= slot->next)
		return false;
	kafka->gone_back++;
	return true;
}

/* False: not taken, and nothing more is to be. */
static bool take_record(struct kafka *kafka, const rd_kafka_message_t *message)
{
	struct slot *slot = slots_find(&kafka->slots, message->rkt, message->partition);
	struct kafka_record record = {.slot = 0};

	if (!slot || slot->state == SLOT_STOPPED)
		return true;
	if ((slot->state != SLOT_READING || message->offset < slot->next) &&
	    prove(kafka, slot, message))
		return true;
	record = (struct kafka_record){
		.topic = text_of(topic_name(kafka, slot)),
		.slot = (uint32_t)(slot - kafka->slots.list),
		.partition = slot->partition,
		.offset = message->offset,
		.timestamp = message_time(message),
		.key = bytes(message->key, message->key_len),
		.value = bytes(message->payload, message->len),
	};
	if (!take_headers(kafka, message, &record) ||
	    !kafka->hooks.record(kafka->hooks.arg, &record))
		return false;
	slot->next = message->offset + 1;
	slot->last_timestamp = record.timestamp;
	kafka->records++;
	kafka->bytes += message->len;
	if (slot->behind && record.timestamp >= kafka->wall - YOUNG_MS)
		caught_up(kafka, slot);
	return true;
}

/* ---- Draining ---- */

/* Delivers what is left of the batch. False if it was held up. */
static bool deliver(struct kafka *kafka)
{
	size_t from = kafka->batch_at;
	bool taken = true;

	while (kafka->batch_at < kafka->batch_n && !kafka->held) {
		const rd_kafka_message_t *message = kafka->batch[kafka->batch_at];

		if (message->err)
			take_error(kafka, message);
		else if (!(taken = take_record(kafka, message)))
			break;
		kafka->batch_at++;
	}
	if (!taken)
		kafka->held = true;
	if (kafka->batch_at > from && kafka->hooks.drained)
		kafka->hooks.drained(kafka->hooks.arg);
	for (; from < kafka->batch_at; from++)
		rd_kafka_message_destroy(kafka->batch[from]);
	return kafka->batch_at == kafka->batch_n;
}

static void drop_batch(struct kafka *kafka)
{
	for (; kafka->batch_at < kafka->batch_n; kafka->batch_at++)
		rd_kafka_message_destroy(kafka->batch[kafka->batch_at]);
	kafka->batch_at = kafka->batch_n = 0;
}

/* False when the queue is empty. */
static bool next_batch(struct kafka *kafka)
{
	ssize_t n = rd_kafka_consume_batch_queue(kafka->queue, 0, kafka->batch, BATCH);

	kafka->batch_at = 0;
	kafka->batch_n = n > 0 ? (size_t)n : 0;
	kafka->wall = clock_ms(CLOCK_REALTIME);
	if (!kafka->started)
		drop_batch(kafka);
	return n > 0;
}

static void drain(struct kafka *kafka)
{
	int64_t until = clock_ms(CLOCK_MONOTONIC) + TURN_MS;

	while (!kafka->held) {
		if (!deliver(kafka) || !next_batch(kafka))
			return;
		if (clock_ms(CLOCK_MONOTONIC) >= until) {
			ring(kafka);
			return;
		}
	}
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct kafka *kafka = arg;
	uint64_t rings;
	ssize_t n = read(fd, &rings, sizeof rings);

	(void)n;
	(void)what;
	take_metadata(kafka);
	drain(kafka);
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *line)
{
	const struct kafka *kafka = rd_kafka_opaque(rk);

	kafka_conf_write(&kafka->hooks.log, level, facility, line);
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
	struct kafka *kafka = opaque;
	char why[256];

	if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		set_up(kafka, false);
	else if (code == RD_KAFKA_RESP_ERR__FATAL)
		say(kafka, LOG_ERR, "event=kafka_fatal why=\"%s\" reason=\"%s\"",
		    rd_kafka_err2str(rd_kafka_fatal_error(rk, why, sizeof why)), why);
	else
		say(kafka, LOG_WARNING, "event=kafka_error why=\"%s\"", reason);
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
	drain(kafka);
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
	ring(kafka);
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
	scout_free(kafka->scout);
	drop_batch(kafka);
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
	ring(kafka);
}

void kafka_stop(struct kafka *kafka)
{
	if (!kafka->started)
		return;
	kafka->started = kafka->assigned = kafka->held = false;
	rd_kafka_assign(kafka->rk, NULL);
	drop_batch(kafka);
	slots_clear(&kafka->slots);
	kafka->behind = 0;
	ring(kafka);
}

void kafka_hold(struct kafka *kafka)
{
	kafka->held = true;
}

void kafka_resume(struct kafka *kafka)
{
	kafka->held = false;
	ring(kafka);
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

	if (rd_kafka_get_watermark_offsets(kafka->rk, topic_name(kafka, slot), slot->partition, &low,
					   &high) ||
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
				      .oldest_behind = -1,
				      .records = kafka->records,
				      .bytes = kafka->bytes,
				      .gone_back = kafka->gone_back};

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
