/*
 * kafka: takes records from all partitions of the configured topics, from the event loop.
 *
 *   scout (a thread) ── which topics and partitions are there ──┐
 *                                                               v
 *   librdkafka ──> one queue ── eventfd ──> drain: batches ──> check ──> hook record()
 *                                             ^                  │
 *                                             └── held ──────────┘  hook stopped(): one whose
 *                                                                   log is not the one that was
 *                                                                   read
 *
 * Nobody subscribes: partitions are assigned, each from the position that the hook begin() gives.
 * All calls and hooks run in the loop's thread; nothing here blocks it.
 */
#ifndef VENTURI_IO_KAFKA_H
#define VENTURI_IO_KAFKA_H

#include "venturi/decode.h"
#include "venturi/err.h"
#include "venturi/pack.h"

struct event_base;
struct kafka;

struct kafka_setting {
	const char *name, *value;
};

struct kafka_options {
	const struct kafka_setting
		*settings; /* any librdkafka property but the reserved ones; brokers
					       are at localhost:9092 if none says otherwise */
	size_t n_settings;
	const char *const *topics; /* exact names; with ^ in front an extended regular expression */
	size_t n_topics;
	const char *group;             /* "" = offsets are not committed */
	const char *dead_letter_topic; /* never consumed; "" = none */
};

struct kafka_record {
	struct text topic;
	uint32_t slot; /* the partition's number here, from 0, dense, until kafka_stop() */
	int32_t partition;
	int64_t offset;
	int64_t timestamp; /* ms; -1: none */
	struct text key;   /* at == NULL: a null key; so has the value */
	struct text value;
	const struct header *headers; /* live during the call; a null value has at == NULL */
	size_t n_headers;
};

/* Where a line of librdkafka's, or one of ours, is to go; the level is syslog's. */
struct kafka_log {
	void (*write)(void *arg, int level, const char *line);
	void *arg;
};

struct kafka_hooks {
	void *arg;

	/*
	 * A partition is new: from where? False: from its beginning. The position's texts are not
	 * used.
	 */
	bool (*begin)(void *arg, uint32_t slot, struct text topic, int32_t partition,
		      struct position *from);

	/*
	 * The first metadata came: all partitions that there are have been assigned. Once a
	 * kafka_start().
	 */
	void (*assigned)(void *arg);

	/*
	 * The next record of a partition. Its key and value live until drained() has returned.
	 * False: not taken; nothing more comes before kafka_resume(), then this one first.
	 */
	bool (*record)(void *arg, const struct kafka_record *record);

	/* After a batch of record() calls: tell positions now. */
	void (*drained)(void *arg);

	/* The partition is not read any more. `why` is one line that names it. */
	void (*stopped)(void *arg, uint32_t slot, const char *why);

	/* A broker is reached, or none is. */
	void (*up)(void *arg, bool up);

	/* After kafka_close(); kafka_free() may be called from here. */
	void (*closed)(void *arg);

	struct kafka_log log;
};

/* The reason why the user may not set the property, or NULL where he may. */
const char *kafka_reserved(const char *property);

/* Whether librdkafka takes one property, alone; `err` (78) says what is wrong. */
MUST_CHECK bool kafka_check_setting(const struct kafka_setting *setting, struct err *err);

/*
 * Whether librdkafka takes the options, the expressions compile, …; `err` (78) says what is wrong.
 */
MUST_CHECK bool kafka_check(const struct kafka_options *options, struct err *err);

/*
 * Copies the options and hooks. Looks for brokers at once, takes records after kafka_start().
 * NULL with `err` filled: 78 where an option is wrong, else 71.
 */
struct kafka *kafka_new(struct event_base *base, const struct kafka_options *options,
			const struct kafka_hooks *hooks, struct err *err);
void kafka_free(struct kafka *kafka);

void kafka_start(struct kafka *kafka);
/* Forgets all partitions; no record comes any more. kafka_start() begins anew. */
void kafka_stop(struct kafka *kafka); /* not from within record() or drained() */

/* Takes nothing more from the queue until kafka_resume(). Librdkafka's own queue is bounded. */
void kafka_hold(struct kafka *kafka);
void kafka_resume(struct kafka *kafka);

/* Stops and leaves; hook closed() follows. */
void kafka_close(struct kafka *kafka);

/*
 * Commits next offsets under `group`, a courtesy to lag tools, whose failure is nobody's trouble.
 */
void kafka_commit(struct kafka *kafka, const struct position *positions, size_t n);

/* What is to be remembered of a partition's last record. */
struct fingerprint kafka_fingerprint(int64_t offset, int64_t timestamp, struct text key,
				     struct text value);

/* Each partition that is not stopped was read to its end once, or near the present. */
bool kafka_caught_up(const struct kafka *kafka);

struct kafka_status {
	bool up;
	bool assigned;
	bool caught_up;
	uint32_t partitions, stopped, behind;
	int64_t lag_messages;  /* to the last known ends, of partitions that are read */
	int64_t oldest_behind; /* ms: the least last timestamp of partitions with a lag; -1: none */
};
struct kafka_status kafka_status(const struct kafka *kafka);

/* NULL: the partition is read; else why it is not. */
const char *kafka_stopped_why(const struct kafka *kafka, uint32_t slot);

#endif
