#include "daemon/daemon_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct config *daemon_load(const char *path, struct err *err)
{
	struct config *config = config_load(path, err);
	struct kafka_options options;
	bool good;

	if (!config)
		return NULL;
	options.settings = NULL;
	good = daemon_kafka_options(config, &options) ? kafka_check(&options, err)
						      : err_set(err, EX_OSERR, "memory is short");
	free((void *)options.settings);
	if (good)
		return config;
	fprintf(stderr, "%s\n", err->message);
	config_free(config);
	return NULL;
}

struct intake_options daemon_intake_options(const struct config *config)
{
	return (struct intake_options){
		.max_future_skew = config->max_future_skew,
		.max_lateness = config->max_lateness,
		.max_event_size = config->max_event_size,
		.dead_letters = *config->dead_letter_topic != '\0',
	};
}

bool daemon_kafka_options(const struct config *config, struct kafka_options *options)
{
	struct kafka_setting *settings = calloc(config->n_librdkafka + 1, sizeof *settings);

	if (!settings)
		return false;
	for (size_t i = 0; i < config->n_librdkafka; i++)
		settings[i] = (struct kafka_setting){config->librdkafka[i].name,
						     config->librdkafka[i].value};
	*options = (struct kafka_options){
		.settings = settings,
		.n_settings = config->n_librdkafka,
		.topics = config->topics.names,
		.n_topics = config->topics.n,
		.group = config->group,
		.dead_letter_topic = config->dead_letter_topic,
	};
	return true;
}

struct keeper_options daemon_keeper_options(const struct config *config)
{
	return (struct keeper_options){
		.url = config->redis_url,
		.username = config->redis_username,
		.password = config->redis_password,
		.prefix = config->redis_prefix,
		.instance = config->instance,
		.flush_interval = (int)config->flush_interval,
	};
}

static bool same_list(const struct name_list *a, const struct name_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->names[i], b->names[i]) != 0)
			return false;
	return true;
}

static bool same_settings(const struct config *a, const struct config *b)
{
	if (a->n_librdkafka != b->n_librdkafka)
		return false;
	for (size_t i = 0; i < a->n_librdkafka; i++)
		if (strcmp(a->librdkafka[i].name, b->librdkafka[i].name) != 0 ||
		    strcmp(a->librdkafka[i].value, b->librdkafka[i].value) != 0)
			return false;
	return true;
}

const char *daemon_restart_needed(const struct config *old, const struct config *new)
{
	const struct {
		const char *name, *old, *new;
	} texts[] = {{"kafka.group", old->group, new->group},
		     {"kafka.dead_letter_topic", old->dead_letter_topic, new->dead_letter_topic},
		     {"redis.url", old->redis_url, new->redis_url},
		     {"redis.username", old->redis_username, new->redis_username},
		     {"redis.password_file", old->redis_password, new->redis_password},
		     {"redis.prefix", old->redis_prefix, new->redis_prefix},
		     {"http.listen", old->http_listen, new->http_listen},
		     {"instance", old->instance, new->instance}};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (strcmp(texts[i].old, texts[i].new) != 0)
			return texts[i].name;
	if (!same_list(&old->topics, &new->topics))
		return "kafka.topics";
	if (!same_settings(old, new))
		return "librdkafka";
	if (old->flush_interval != new->flush_interval)
		return "redis.flush_interval";
	return old->redis_ttl != new->redis_ttl ? "redis_ttl" : NULL;
}
