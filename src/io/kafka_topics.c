#include "io/kafka_topics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* "^a|b$" means that the whole name is a or b: the expression goes into parentheses. */
static bool compile(struct pattern *pattern, struct err *err)
{
	const char *inner = pattern->name + 1;
	size_t len = strlen(inner);
	char why[256], *whole;

	if (len && inner[len - 1] == '$' && (len < 2 || inner[len - 2] != '\\'))
		len--;
	if (asprintf(&whole, "^(%.*s)$", (int)len, inner) < 0)
		return err_set(err, EX_TEMPFAIL, "memory is short");

	int failed = regcomp(&pattern->regex, whole, REG_EXTENDED | REG_NOSUB);

	free(whole);
	if (!failed) {
		pattern->is_regex = true;
		return true;
	}
	regerror(failed, &pattern->regex, why, sizeof why);
	return err_set(err, EX_CONFIG, "kafka: topics: %s: %s", pattern->name, why);
}

bool patterns_make(struct patterns *patterns, const struct kafka_options *options, struct err *err)
{
	*patterns =
		(struct patterns){.list = calloc(options->n_topics + 1, sizeof *patterns->list)};
	if (!patterns->list)
		return err_set(err, EX_TEMPFAIL, "memory is short");
	if (options->dead_letter_topic && *options->dead_letter_topic) {
		patterns->dead_letters = strdup(options->dead_letter_topic);
		if (!patterns->dead_letters)
			return err_set(err, EX_TEMPFAIL, "memory is short");
	}
	for (; patterns->n < options->n_topics; patterns->n++) {
		struct pattern *pattern = &patterns->list[patterns->n];

		pattern->name = strdup(options->topics[patterns->n]);
		if (!pattern->name)
			return err_set(err, EX_TEMPFAIL, "memory is short");
		if (pattern->name[0] == '^' && !compile(pattern, err)) {
			free(pattern->name);
			return false;
		}
		patterns->n_regex += pattern->is_regex;
	}
	return true;
}

void patterns_free(struct patterns *patterns)
{
	for (size_t i = 0; i < patterns->n; i++) {
		free(patterns->list[i].name);
		if (patterns->list[i].is_regex)
			regfree(&patterns->list[i].regex);
		if (patterns->list[i].known)
			rd_kafka_topic_destroy(patterns->list[i].known);
	}
	free(patterns->list);
	free(patterns->dead_letters);
	*patterns = (struct patterns){0};
}

bool patterns_match(const struct patterns *patterns, const char *topic)
{
	if (patterns->dead_letters && strcmp(patterns->dead_letters, topic) == 0)
		return false;
	for (size_t i = 0; i < patterns->n; i++) {
		const struct pattern *pattern = &patterns->list[i];

		if (!pattern->is_regex && strcmp(pattern->name, topic) == 0)
			return true;
		/* Kafka's own topics are nobody's events. */
		if (pattern->is_regex && strncmp(topic, "__", 2) != 0 &&
		    regexec(&pattern->regex, topic, 0, NULL, 0) == 0)
			return true;
	}
	return false;
}

struct topic *slots_topic(struct slots *slots, rd_kafka_t *rk, const char *name)
{
	for (uint32_t i = 0; i < slots->n_topics; i++)
		if (strcmp(slots->topics[i].name, name) == 0)
			return &slots->topics[i];

	struct topic *grown = realloc(slots->topics, (slots->n_topics + 1) * sizeof *grown);

	if (!grown)
		return NULL;
	slots->topics = grown;
	struct topic topic = {.name = strdup(name), .handle = rd_kafka_topic_new(rk, name, NULL)};
	if (!topic.name || !topic.handle) {
		free(topic.name);
		if (topic.handle)
			rd_kafka_topic_destroy(topic.handle);
		return NULL;
	}
	grown[slots->n_topics] = topic;
	return &grown[slots->n_topics++];
}

uint32_t slots_add(struct slots *slots, struct topic *topic)
{
	if (slots->n == slots->room) {
		uint32_t room = slots->room ? slots->room * 2 : 64;
		struct slot *list = realloc(slots->list, room * sizeof *list);

		if (!list)
			return UINT32_MAX;
		slots->list = list;
		slots->room = room;
	}
	uint32_t *numbers =
		realloc(topic->slots, ((size_t)topic->partitions + 1) * sizeof *numbers);
	if (!numbers)
		return UINT32_MAX;
	topic->slots = numbers;
	numbers[topic->partitions] = slots->n;
	slots->list[slots->n] = (struct slot){.topic = (uint32_t)(topic - slots->topics),
					      .partition = topic->partitions++,
					      .behind = true,
					      .last_timestamp = -1};
	return slots->n++;
}

struct slot *slots_find(struct slots *slots, const rd_kafka_topic_t *handle, int32_t partition)
{
	uint32_t at = slots->last_topic;

	if (at >= slots->n_topics || slots->topics[at].handle != handle)
		for (at = 0; at < slots->n_topics && slots->topics[at].handle != handle; at++)
			;
	if (at == slots->n_topics || partition < 0 || partition >= slots->topics[at].partitions)
		return NULL;
	slots->last_topic = at;
	return &slots->list[slots->topics[at].slots[partition]];
}

void slots_clear(struct slots *slots)
{
	for (uint32_t i = 0; i < slots->n; i++)
		free(slots->list[i].why);
	for (uint32_t i = 0; i < slots->n_topics; i++) {
		free(slots->topics[i].name);
		rd_kafka_topic_destroy(slots->topics[i].handle);
		free(slots->topics[i].slots);
	}
	free(slots->list);
	free(slots->topics);
	*slots = (struct slots){0};
}
