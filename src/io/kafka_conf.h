/*
 * kafka_conf: the user's librdkafka properties, and those that correctness rests on, as a
 * configuration of a handle. Included by the files of io/kafka only.
 */
#ifndef VENTURI_IO_KAFKA_CONF_H
#define VENTURI_IO_KAFKA_CONF_H

#include "io/kafka.h"

#include <librdkafka/rdkafka.h>

/*
 * NULL with `err` filled (78) if a property is unknown, wrong or ours. The caller's to free or to
 * use up.
 */
rd_kafka_conf_t *kafka_conf_consumer(const struct kafka_options *options, struct err *err);
rd_kafka_conf_t *kafka_conf_producer(const struct kafka_options *options, struct err *err);

/*
 * Whether a full fetch queue makes this librdkafka sleep for up to a second, with no setting
 * against it.
 */
bool kafka_conf_needs_nudges(const rd_kafka_conf_t *conf);

/* What the log callbacks of both handles do with a line. */
void kafka_conf_write(const struct kafka_log *log, int level, const char *facility,
		      const char *line);

#endif
