/*
 * kafka_inner: what the files of io/kafka share; nobody else includes it.
 *
 *   kafka.c         its life, what others call
 *   kafka_assign.c  which partitions are read, and from where; those that are not any more
 *   kafka_drain.c   from the queue to the hooks
 *   kafka_topics.c  names and slots      kafka_scout.c  the thread that asks     kafka_conf.c
 *   properties
 */
#ifndef VENTURI_IO_KAFKA_INNER_H
#define VENTURI_IO_KAFKA_INNER_H

#include "io/kafka.h"
#include "io/kafka_scout.h"
#include "io/kafka_topics.h"

#include <librdkafka/rdkafka.h>

#include <time.h>

struct event;

#define KAFKA_BATCH 1000

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
	rd_kafka_message_t *batch[KAFKA_BATCH];
	size_t batch_n, batch_at;
	int64_t wall;    /* ms, at the start of the batch */
	uint32_t behind; /* slots not yet read to their ends */
	bool nudges;     /* a full queue stalls this librdkafka, see kafka_scout.h */
	bool started, assigned, held, up, closing;
};

/* ---- kafka.c ---- */

void kafka_say(struct kafka *kafka, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The wake-up is latched: whoever leaves something in the queue rings himself. */
void kafka_ring(struct kafka *kafka);
void kafka_set_up(struct kafka *kafka, bool up);

/* ---- kafka_assign.c ---- */

/* Looks at what the scout found. */
void kafka_take_metadata(struct kafka *kafka);
/* A partition's event that is no record: its end, an offset that is not there, trouble. */
void kafka_take_error(struct kafka *kafka, const rd_kafka_message_t *message);
/* The partition was read to its end, or near enough, or will never be. */
void kafka_slot_caught_up(struct kafka *kafka, struct slot *slot);
/* The partition's log is not what we read, or not readable: the others go on without it. */
void kafka_stop_slot(struct kafka *kafka, struct slot *slot, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
const char *kafka_topic_name(const struct kafka *kafka, const struct slot *slot);

/* ---- kafka_drain.c ---- */

int64_t kafka_clock_ms(clockid_t clock);
void kafka_drain(struct kafka *kafka);
void kafka_drop_batch(struct kafka *kafka);

#endif
