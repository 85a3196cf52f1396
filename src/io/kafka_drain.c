#include "io/kafka_inner.h"

#include <inttypes.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* How long one turn of the loop may be ours, in ms; then others get theirs. */
#define TURN_MS 10
/* A record is as good as the end of its partition if it is that young. */
#define YOUNG_MS 10000

int64_t kafka_clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
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

/*
 * Whether the record is to be skipped: it proves something, was seen before, or its log is not
 * ours.
 */
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
			kafka_stop_slot(kafka, slot,
					"the record at offset %" PRId64
					" is not the one that was read "
					"before: the topic was created anew",
					was->offset);
		return true;
	}
	/* Compacted away, or deleted: what comes first is later, and that proves nothing. */
	if (slot->state == SLOT_PROVING || slot->state == SLOT_SEEKING)
		slot->state = SLOT_READING;
	return message->offset < slot->next;
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
		.topic = text_of(kafka_topic_name(kafka, slot)),
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
	if (slot->behind && record.timestamp >= kafka->wall - YOUNG_MS)
		kafka_slot_caught_up(kafka, slot);
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
			kafka_take_error(kafka, message);
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

void kafka_drop_batch(struct kafka *kafka)
{
	for (; kafka->batch_at < kafka->batch_n; kafka->batch_at++)
		rd_kafka_message_destroy(kafka->batch[kafka->batch_at]);
	kafka->batch_at = kafka->batch_n = 0;
}

/* False when the queue is empty. */
static bool next_batch(struct kafka *kafka)
{
	ssize_t n = rd_kafka_consume_batch_queue(kafka->queue, 0, kafka->batch, KAFKA_BATCH);

	kafka->batch_at = 0;
	kafka->batch_n = n > 0 ? (size_t)n : 0;
	kafka->wall = kafka_clock_ms(CLOCK_REALTIME);
	if (!kafka->started)
		kafka_drop_batch(kafka);
	return n > 0;
}

/* Whoever leaves something in the queue lets it fill up, and then the brokers' threads stall. */
static void nudge(struct kafka *kafka, bool left_something)
{
	if (kafka->nudges)
		scout_nudge(kafka->scout, left_something);
}

void kafka_drain(struct kafka *kafka)
{
	int64_t until = kafka_clock_ms(CLOCK_MONOTONIC) + TURN_MS;

	while (!kafka->held) {
		if (!deliver(kafka))
			break;
		if (!next_batch(kafka)) {
			nudge(kafka, false);
			return;
		}
		if (kafka_clock_ms(CLOCK_MONOTONIC) >= until) {
			kafka_ring(kafka);
			break;
		}
	}
	nudge(kafka, kafka->started && !kafka->held);
}
