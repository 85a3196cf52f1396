/*
 * kafka_topics: which topics are meant (exact names, anchored expressions, never the dead letters),
 * and the slots of their partitions. Included by io/kafka only.
 */
#ifndef VENTURI_IO_KAFKA_TOPICS_H
#define VENTURI_IO_KAFKA_TOPICS_H

#include "io/kafka.h"

#include <librdkafka/rdkafka.h>
#include <regex.h>

struct pattern {
	char *name; /* as configured */
	bool is_regex;
	bool missed; /* exact: the last metadata lacked it */
	regex_t regex;
	rd_kafka_topic_t *known; /* exact: makes librdkafka ask for it */
};

struct patterns {
	struct pattern *list;
	size_t n, n_regex;
	char *dead_letters;
};

/* False with `err` filled (78: an expression that does not compile). */
MUST_CHECK bool patterns_make(struct patterns *patterns, const struct kafka_options *options,
			      struct err *err);
void patterns_free(struct patterns *patterns);
bool patterns_match(const struct patterns *patterns, const char *topic);

enum slot_state {
	SLOT_PROVING, /* the record at the fingerprint's offset is being read */
	SLOT_SEEKING, /* it is gone, which proves nothing: the position itself is being tried */
	SLOT_READING,
	SLOT_STOPPED
};

struct topic {
	char *name;
	rd_kafka_topic_t *handle; /* kept, so that messages can be told by its address */
	uint32_t *slots;          /* by partition */
	int32_t partitions;
};

struct slot {
	uint32_t topic; /* number of */
	int32_t partition;
	enum slot_state state;
	bool behind;  /* not yet read to its end */
	int64_t next; /* the least offset that may come; -1: whatever comes first */
	int64_t last_timestamp;
	struct fingerprint expected; /* PROVING */
	char *why;                   /* STOPPED */
};

struct slots {
	struct topic *topics;
	uint32_t n_topics;
	struct slot *list;
	uint32_t n, room;
	uint32_t last_topic; /* of the last slots_find(): most likely that of the next */
};

/* NULL if memory is short. `handle` is taken over. */
struct topic *slots_topic(struct slots *slots, rd_kafka_t *rk, const char *name);
/* UINT32_MAX if memory is short. Partitions are added in order, from 0. */
uint32_t slots_add(struct slots *slots, struct topic *topic);
/* NULL where it is none of ours. */
struct slot *slots_find(struct slots *slots, const rd_kafka_topic_t *handle, int32_t partition);
void slots_clear(struct slots *slots);

#endif
