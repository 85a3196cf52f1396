#include "daemon/config.h"
#include "daemon/config_inner.h"
#include "daemon/keeper.h"
#include "io/http.h"
#include "io/kafka.h"
#include "io/redis_url.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* What a configuration's texts lie in: each freed with it. */
struct config_strings {
	struct config_strings *next;
	_Alignas(max_align_t) char bytes[];
};

void *config_room(struct reading *r, size_t size)
{
	struct config_strings *room = calloc(1, sizeof *room + size);

	if (!room) {
		r->no_memory = true;
		return NULL;
	}
	room->next = r->config->strings;
	r->config->strings = room;
	return room->bytes;
}

char *config_string(struct reading *r, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = config_room(r, size);

	return copy ? memcpy(copy, text, size) : NULL;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	model_free(config->model);
	zone_free(config->zone);
	for (struct config_strings *next; config->strings; config->strings = next) {
		next = config->strings->next;
		free(config->strings);
	}
	free(config);
}

/* ---- Files ---- */

#define FILE_MOST (16u << 20)
/* ms; the keeper counts it as an int. */
#define FLUSH_MOST 3600000

/* The whole file, ended with a NUL; the caller's to free. NULL: errno says why. */
static char *read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "re");
	size_t room = 4096, n;
	char *text = NULL, *grown;

	*len = 0;
	while (file && room <= FILE_MOST) {
		grown = realloc(text, room + 1);
		if (!grown)
			break;
		text = grown;
		n = fread(text + *len, 1, room - *len, file);
		*len += n;
		if (*len < room && ferror(file))
			break;
		if (*len < room) {
			fclose(file);
			text[*len] = 0;
			return text;
		}
		room *= 2;
	}
	if (file) {
		if (room > FILE_MOST)
			errno = EFBIG;
		fclose(file);
	}
	free(text);
	return NULL;
}

int config_line(const struct conf_entry *root, const char *section, const char *key)
{
	if (option_environment(section, key))
		return 0;
	for (size_t i = 0; i < root->n_entries; i++) {
		const struct conf_entry *entry = &root->entries[i];

		if (!*section && !strcmp(entry->name, key) && entry->kind != CONF_SECTION)
			return entry->line;
		if (strcmp(entry->name, section) != 0 || entry->kind != CONF_SECTION)
			continue;
		for (size_t j = 0; j < entry->n_entries; j++)
			if (!strcmp(entry->entries[j].name, key))
				return entry->entries[j].line;
	}
	return 0;
}

/* The zone's name is a path below the zone folder, and nothing else. */
static bool zone_name_valid(const char *name)
{
	return *name && *name != '/' && !strstr(name, "..") && strlen(name) < 200;
}

static void read_zone(struct reading *r, const struct conf_entry *root)
{
	const char *name = r->config->timezone, *folder = getenv("TZDIR");
	int line = config_line(root, "", "timezone");
	char path[512], *rules;
	struct err err;
	size_t len;

	if (!strcmp(name, "UTC")) {
		r->config->zone = zone_new_utc();
		r->no_memory |= !r->config->zone;
		return;
	}
	snprintf(path, sizeof path, "%s/%s", folder ? folder : "/usr/share/zoneinfo", name);
	rules = zone_name_valid(name) ? read_file(path, &len) : NULL;
	if (!rules) {
		conf_error(r->errors, line, "timezone: there is no zone \"%s\"", name);
		return;
	}
	r->config->zone = zone_new((struct text){rules, len}, &err);
	if (!r->config->zone)
		conf_error(r->errors, line, "timezone: %s: %s", name, err.message);
	free(rules);
}

static void read_password(struct reading *r, const struct conf_entry *root)
{
	struct config *c = r->config;
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	char path[512];
	char *password;
	size_t len;

	c->redis_password = config_string(r, "");
	snprintf(path, sizeof path, "%s", c->redis_password_file);
	if (!*path && credentials)
		snprintf(path, sizeof path, "%s/redis-password", credentials);
	if (!*path)
		return;
	password = read_file(path, &len);
	if (!password) {
		/* Without a password there is no such credential. */
		if (*c->redis_password_file || errno != ENOENT)
			conf_error(r->errors, config_line(root, "redis", "password_file"),
				   "redis.password_file: %s: %s", path, strerror(errno));
		return;
	}
	password[strcspn(password, "\r\n")] = 0;
	c->redis_password = config_string(r, password);
	free(password);
}

/* ---- Checks ---- */

/* Whether librdkafka takes the property, and may be told it. */
static void check_property(struct reading *r, const struct conf_entry *entry)
{
	const char *why = kafka_reserved(entry->name);
	struct kafka_setting setting = {entry->name, entry->values[0]};
	struct err err;

	if (why)
		conf_error(r->errors, entry->line, "librdkafka.%s is not yours to set: %s",
			   entry->name, why);
	else if (!kafka_check_setting(&setting, &err))
		conf_error(r->errors, entry->line, "%s", err.message);
}

static void read_librdkafka(struct reading *r, const struct conf_entry *section)
{
	struct config *c = r->config;
	struct config_pair *all =
		config_room(r, (c->n_librdkafka + section->n_entries + 1) * sizeof *all);

	if (!all)
		return;
	if (c->n_librdkafka)
		memcpy(all, c->librdkafka, c->n_librdkafka * sizeof *all);
	c->librdkafka = all;
	for (size_t i = 0; i < section->n_entries; i++) {
		const struct conf_entry *entry = &section->entries[i];

		if (entry->kind != CONF_VALUE || !entry->n_values) {
			conf_error(r->errors, entry->line, "librdkafka.%s: a text was expected",
				   entry->name);
			continue;
		}
		check_property(r, entry);
		all[c->n_librdkafka++] = (struct config_pair){config_string(r, entry->name),
							      config_string(r, entry->values[0])};
	}
}

static void check_topics(struct reading *r, const struct conf_entry *root)
{
	int line = config_line(root, "kafka", "topics");

	if (!r->config->topics.n)
		conf_error(r->errors, line, "kafka.topics: at least one topic was expected");
	for (size_t i = 0; i < r->config->topics.n; i++) {
		const char *topic = r->config->topics.names[i];
		regex_t regex;
		char why[100];
		int bad;

		if (!*topic || !strcmp(topic, r->config->dead_letter_topic))
			conf_error(r->errors, line, "kafka.topics: \"%s\" %s", topic,
				   *topic ? "is the dead_letter_topic, which is never consumed"
					  : "is no topic");
		if (*topic != '^')
			continue;
		bad = regcomp(&regex, topic, REG_EXTENDED | REG_NOSUB);
		if (bad) {
			regerror(bad, &regex, why, sizeof why);
			conf_error(r->errors, line, "kafka.topics: %s: %s", topic, why);
			continue;
		}
		regfree(&regex);
	}
}

static void name_instance(struct reading *r)
{
	char host[65] = "", name[80];

	if (!r->config->instance || *r->config->instance)
		return;
	gethostname(host, sizeof host - 1);
	snprintf(name, sizeof name, "%s-%ld", host, (long)getpid());
	r->config->instance = config_string(r, name);
}

/* Options that would do harm with some values that are of their type. */
static void check_values(struct reading *r, const struct conf_entry *root)
{
	const struct config *c = r->config;
	struct redis_url url;
	struct err err;

	if (!redis_url_parse(&url, c->redis_url, &err))
		conf_error(r->errors, config_line(root, "redis", "url"), "redis.url: %s",
			   err.message);
	redis_url_free(&url);
	if (!*c->redis_prefix || strlen(c->redis_prefix) > KEEPER_PREFIX_MOST)
		conf_error(r->errors, config_line(root, "redis", "prefix"),
			   "redis.prefix: 1 to %d bytes were expected", KEEPER_PREFIX_MOST);
	if (*c->http_listen && !http_check_listen(c->http_listen, &err))
		conf_error(r->errors, config_line(root, "http", "listen"), "http.listen: %s",
			   err.message);
	if (c->flush_interval > FLUSH_MOST)
		conf_error(r->errors, config_line(root, "redis", "flush_interval"),
			   "redis.flush_interval: more than an hour is too long");
	if (!c->max_event_size)
		conf_error(r->errors, config_line(root, "", "max_event_size"),
			   "max_event_size: no event would be short enough");
	if (!c->alert_interval)
		conf_error(r->errors, config_line(root, "", "alert_interval"),
			   "alert_interval: more than 0 was expected");
	if (!c->stale_after)
		conf_error(r->errors, config_line(root, "", "stale_after"),
			   "stale_after: more than 0 was expected");
}

/* ---- Sections ---- */

static bool is_plain(const char *section)
{
	return !strcmp(section, "kafka") || !strcmp(section, "redis") || !strcmp(section, "http");
}

/* What a section's name means: -1 nothing, 0 it has no title, 1 it has one. */
static int section_titles(const char *name)
{
	static const char *const titled[] = {"workflow", "product", "team", "baseline"};
	bool known = !strcmp(name, "librdkafka");

	for (size_t i = 0; i < sizeof titled / sizeof *titled; i++)
		if (!strcmp(titled[i], name))
			return 1;
	for (size_t i = 0; i < option_count; i++)
		known |= !strcmp(option_rows[i].section, name);
	return known ? 0 : -1;
}

static void read_section(struct reading *r, const struct conf_entry *entry)
{
	int titles = section_titles(entry->name);

	if (titles < 0)
		conf_error(r->errors, entry->line, "%s: there is no such section", entry->name);
	else if (titles == 0 && entry->title)
		conf_error(r->errors, entry->line, "%s: this section has no name of its own",
			   entry->name);
	if (!strcmp(entry->name, "librdkafka"))
		read_librdkafka(r, entry);
	else if (is_plain(entry->name))
		config_apply(r, entry->name, entry, r->config, false);
}

static void read_all(struct reading *r, const struct conf_entry *root)
{
	struct config *c = r->config;

	config_apply(r, "kafka", NULL, c, true);
	config_apply(r, "redis", NULL, c, true);
	config_apply(r, "http", NULL, c, true);
	config_apply(r, "", root, c, true);
	for (size_t i = 0; i < root->n_entries; i++)
		if (root->entries[i].kind == CONF_SECTION)
			read_section(r, &root->entries[i]);
	config_apply_environment(r);
	c->clock_is_event = c->clock == 1;
	name_instance(r);
	if (r->no_memory)
		return;
	check_topics(r, root);
	check_values(r, root);
	read_zone(r, root);
	read_password(r, root);
	config_build_model(r, root);
}

/* ---- Loading ---- */

static struct config *fail(struct err *err, int code, const char *file, const char *why)
{
	fprintf(stderr, "%s: %s\n", file, why);
	err_set(err, code, "%s: %s", file, why);
	return NULL;
}

static struct config *finish(struct reading *r, struct err *err)
{
	struct config *config = r->config;

	if (!r->errors->n && !r->errors->no_memory && !r->no_memory && config->model &&
	    config->zone)
		return config;
	config_free(config);
	if (r->errors->n) {
		conf_tell(r->errors, err);
		return NULL;
	}
	return fail(err, EX_TEMPFAIL, r->errors->file, "memory is short");
}

struct config *config_load(const char *path, struct err *err)
{
	struct conf_errors errors = {.file = path ? path : CONFIG_PATH};
	struct reading r = {calloc(1, sizeof *r.config), &errors, false};
	struct conf_entry *root;
	size_t len = 0;
	char *text = read_file(errors.file, &len);

	if (!text && (path || errno != ENOENT)) {
		free(r.config);
		return fail(err, EX_NOINPUT, errors.file, strerror(errno));
	}
	if (!r.config) {
		free(text);
		return fail(err, EX_TEMPFAIL, errors.file, "memory is short");
	}
	root = conf_parse(text ? text : "", len, &errors);
	free(text);
	if (root)
		read_all(&r, root);
	else
		r.no_memory = true;
	conf_free(root);
	return finish(&r, err);
}
