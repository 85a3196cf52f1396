/*
 * kafka_scout: a thread that asks the brokers which topics and partitions there are, again and
 * again, since librdkafka 2.0 has no way to ask without waiting. Included by io/kafka only.
 */
#ifndef VENTURI_IO_KAFKA_SCOUT_H
#define VENTURI_IO_KAFKA_SCOUT_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scout;

/*
 * Asks for all topics, or for those that the handle knows. Writes to the eventfd `wake` after each
 * answer, or failure. NULL if there is no memory or thread.
 */
struct scout *scout_new(rd_kafka_t *rk, bool all_topics, int interval_ms, int wake);
/*
 * One partition of each broker that leads any, to be asked for its offsets while scout_nudge() says
 * so. Copies them; more than SCOUT_LEADERS_MOST are not nudged.
 */
#define SCOUT_LEADERS_MOST 64
struct scout_leader {
	int32_t broker, partition;
	char topic[256];
};
void scout_leaders(struct scout *scout, const struct scout_leader *leaders, size_t n);
void scout_nudge(struct scout *scout, bool nudge);

/* The latest answer, once; the caller destroys it. NULL: none came since. */
const struct rd_kafka_metadata *scout_take(struct scout *scout);
/* Whether the last question was answered. */
bool scout_up(struct scout *scout);
/* No broker is reached, it seems: not up until a question, that is asked at once, was answered. */
void scout_doubt(struct scout *scout);
/* Asks no more; scout_done() when the thread has ended (it writes to `wake` before). */
void scout_stop(struct scout *scout);
bool scout_done(struct scout *scout);
/* Waits for the thread. */
void scout_free(struct scout *scout);

#endif
