#include "io/kafka_inner.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

const char *kafka_topic_name(const struct kafka *kafka, const struct slot *slot)
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

		rd_kafka_topic_partition_list_add(list, kafka_topic_name(kafka, slot),
						  slot->partition)
			->offset = first_offset(slot);
	}
	if (first_take_away)
		error = rd_kafka_incremental_unassign(kafka->rk, list);
	if (!error)
		error = rd_kafka_incremental_assign(kafka->rk, list);
	if (error) {
		kafka_say(kafka, LOG_ERR, "event=kafka_assign_failed why=\"%s\"",
			  rd_kafka_error_string(error));
		rd_kafka_error_destroy(error);
	}
	rd_kafka_topic_partition_list_destroy(list);
}

void kafka_slot_caught_up(struct kafka *kafka, struct slot *slot)
{
	kafka->behind -= slot->behind;
	slot->behind = false;
}

void kafka_stop_slot(struct kafka *kafka, struct slot *slot, const char *format, ...)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_error_t *error;
	char line[512];
	va_list args;
	int n = snprintf(line, sizeof line, "%.200s:%" PRId32 ": ", kafka_topic_name(kafka, slot),
			 slot->partition);

	va_start(args, format);
	vsnprintf(line + n, sizeof line - (size_t)n, format, args);
	va_end(args);
	rd_kafka_topic_partition_list_add(list, kafka_topic_name(kafka, slot), slot->partition);
	error = rd_kafka_incremental_unassign(kafka->rk, list);
	if (error)
		rd_kafka_error_destroy(error);
	rd_kafka_topic_partition_list_destroy(list);
	slot->state = SLOT_STOPPED;
	kafka_slot_caught_up(kafka, slot);
	slot->why = strdup(line);
	kafka_say(kafka, LOG_ERR, "event=partition_stopped why=\"%s\"", line);
	if (kafka->hooks.stopped)
		kafka->hooks.stopped(kafka->hooks.arg, (uint32_t)(slot - kafka->slots.list), line);
}

static void begin_slot(struct kafka *kafka, uint32_t number)
{
	struct slot *slot = &kafka->slots.list[number];
	struct position from = {.last.offset = -1};
	struct text name = text_of(kafka_topic_name(kafka, slot));

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
	kafka_say(kafka, LOG_INFO,
		  "event=kafka_assigned topic=%s partitions=%" PRId32 " new=%" PRIu32, topic->name,
		  topic->partitions, kafka->slots.n - from);
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
			kafka_say(kafka, LOG_WARNING, "event=topic_missing topic=%s why=\"%s\"",
				  pattern->name,
				  seen && seen->err ? rd_kafka_err2str(seen->err) : "not there");
		pattern->missed = missed;
	}
}

/* A partition of each broker, of topics that are ours: what the scout nudges. */
static void tell_leaders(struct kafka *kafka, const struct rd_kafka_metadata *metadata)
{
	struct scout_leader leaders[SCOUT_LEADERS_MOST];
	size_t n = 0, i;

	for (int t = 0; t < metadata->topic_cnt; t++) {
		const rd_kafka_metadata_topic_t *topic = &metadata->topics[t];

		if (topic->err || !patterns_match(&kafka->patterns, topic->topic))
			continue;
		for (int p = 0; p < topic->partition_cnt && n < SCOUT_LEADERS_MOST; p++) {
			for (i = 0; i < n && leaders[i].broker != topic->partitions[p].leader; i++)
				;
			if (i < n || topic->partitions[p].leader < 0)
				continue;
			leaders[n].broker = topic->partitions[p].leader;
			leaders[n].partition = topic->partitions[p].id;
			snprintf(leaders[n++].topic, sizeof leaders->topic, "%s", topic->topic);
		}
	}
	scout_leaders(kafka->scout, leaders, n);
}

void kafka_take_metadata(struct kafka *kafka)
{
	const struct rd_kafka_metadata *metadata;

	if (!kafka->closing)
		kafka_set_up(kafka, scout_up(kafka->scout));
	if (!kafka->started || !(metadata = scout_take(kafka->scout)))
		return;
	look_for_missing(kafka, metadata);
	tell_leaders(kafka, metadata);
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
			kafka_stop_slot(kafka, slot,
					"the log ends at %" PRId64 ", but was read to %" PRId64
					" before: truncated or created anew",
					end, slot->next);
			return;
		}
		slot->state = SLOT_READING;
	}
	kafka_slot_caught_up(kafka, slot);
}

static void out_of_range(struct kafka *kafka, struct slot *slot)
{
	if (slot->state == SLOT_PROVING) {
		slot->state = SLOT_SEEKING;
		assign(kafka, (uint32_t)(slot - kafka->slots.list), 1, true);
		return;
	}
	kafka_stop_slot(kafka, slot,
			"offset %" PRId64
			" is not there any more: deleted by retention before it was read, "
			"truncated, or the topic was created anew",
			slot->next);
}

void kafka_take_error(struct kafka *kafka, const rd_kafka_message_t *message)
{
	struct slot *slot =
		message->rkt ? slots_find(&kafka->slots, message->rkt, message->partition) : NULL;
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
			kafka_slot_caught_up(kafka,
					     slot); /* deleted: there is nothing to wait for */
		break;
	default:
		break;
	}
	kafka_say(kafka, LOG_WARNING, "event=kafka_error topic=%s partition=%" PRId32 " why=\"%s\"",
		  slot ? kafka_topic_name(kafka, slot) : "", message->partition,
		  rd_kafka_message_errstr(message));
}
