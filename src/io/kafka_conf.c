#include "io/kafka_conf.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>

/* What correctness rests on: property, our value (NULL: decided elsewhere), and why it is ours. */
static const struct {
	const char *name, *value, *why;
} ours[] = {
	{"enable.auto.commit", "false", "offsets are committed only after Redis has the facts"},
	{"enable.auto.offset.store", "false",
	 "offsets are committed only after Redis has the facts"},
	{"auto.offset.reset", "error", "a partition whose offset is gone stops, it does not jump"},
	{"check.crcs", "true", "a damaged record must not become a fact"},
	{"enable.partition.eof", "true", "it tells when a partition has been read to its end"},
	{"log.queue", "true", "librdkafka's log lines come through the event loop"},
	{"group.id", NULL, "set group in the section kafka"},
};
/* Where nothing is said about brokers. */
#define BROKERS "localhost:9092"

#define N_OURS (sizeof ours / sizeof ours[0])

/*
 * How long a broker's thread sleeps when it finds the fetch queue full; from librdkafka 2.2 on,
 * there by default a second.
 */
#define BACKOFF    "fetch.queue.backoff.ms"
#define BACKOFF_MS "10"

const char *kafka_reserved(const char *property)
{
	for (size_t i = 0; i < N_OURS; i++)
		if (ours[i].why && strcmp(ours[i].name, property) == 0)
			return ours[i].why;
	return NULL;
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *err)
{
	char why[400];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
		return true;
	return err_set(err, EX_CONFIG, "librdkafka: %s", why);
}

bool kafka_check_setting(const struct kafka_setting *setting, struct err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	bool good = set(conf, setting->name, setting->value, err);

	rd_kafka_conf_destroy(conf);
	return good;
}

static bool set_users(rd_kafka_conf_t *conf, const struct kafka_options *options, struct err *err)
{
	if (!set(conf, "client.id", "venturi", err) ||
	    !set(conf, "bootstrap.servers", BROKERS, err))
		return false;
	for (size_t i = 0; i < options->n_settings; i++) {
		const struct kafka_setting *setting = &options->settings[i];
		const char *why = kafka_reserved(setting->name);

		if (why)
			return err_set(err, EX_CONFIG, "librdkafka: %s is not yours to set: %s",
				       setting->name, why);
		if (!set(conf, setting->name, setting->value, err))
			return false;
	}
	return true;
}

void kafka_conf_write(const struct kafka_log *log, int level, const char *facility,
		      const char *line)
{
	char all[1024];

	/* One section of properties serves consumer and producer: each warns of the other's. */
	if (strcmp(facility, "CONFWARN") == 0 && strstr(line, " property and will be ignored by"))
		return;
	snprintf(all, sizeof all, "event=librdkafka facility=%s line=\"%s\"", facility, line);
	log->write(log->arg, level > LOG_INFO ? LOG_INFO : level, all);
}

static rd_kafka_conf_t *fail(rd_kafka_conf_t *conf)
{
	rd_kafka_conf_destroy(conf);
	return NULL;
}

rd_kafka_conf_t *kafka_conf_consumer(const struct kafka_options *options, struct err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	if (!set_users(conf, options, err))
		return fail(conf);
	for (size_t i = 0; i < N_OURS; i++)
		if (ours[i].value && !set(conf, ours[i].name, ours[i].value, err))
			return fail(conf);
	/* assign() wants a group's handle, even where nothing is committed. */
	if (!set(conf, "group.id", options->group && *options->group ? options->group : "venturi",
		 err))
		return fail(conf);
	return conf;
}

rd_kafka_conf_t *kafka_conf_producer(const struct kafka_options *options, struct err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	if (!set_users(conf, options, err) || !set(conf, "log.queue", "true", err))
		return fail(conf);
	return conf;
}

bool kafka_conf_needs_nudges(const rd_kafka_conf_t *conf)
{
	char value[32];
	size_t size = sizeof value;

	return rd_kafka_conf_get(conf, BACKOFF, value, &size) == RD_KAFKA_CONF_UNKNOWN;
}
