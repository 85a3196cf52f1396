#include "daemon/config.h"
#include "daemon/config_inner.h"

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

static int line_of(const struct conf_entry *root, const char *section, const char *key)
{
	for (size_t i = 0; root && i < root->n_entries; i++) {
		const struct conf_entry *entry = &root->entries[i];

		if (section && !strcmp(entry->name, section) && entry->kind == CONF_SECTION)
			return line_of(entry, NULL, key);
		if (!section && !strcmp(entry->name, key) && entry->kind != CONF_SECTION)
			return entry->line;
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
	int line = line_of(root, NULL, "timezone");
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
		if (*c->redis_password_file)
			conf_error(r->errors, line_of(root, "redis", "password_file"),
				   "redis.password_file: %s: %s", path, strerror(errno));
		return;
	}
	password[strcspn(password, "\r\n")] = 0;
	c->redis_password = config_string(r, password);
	free(password);
}

/* ---- Sections that are lists of their own ---- */

/* Properties that correctness rests on: they are ours. */
static const struct {
	const char *name, *why;
} reserved[] = {
	{"enable.auto.commit", "what is complete is known in Redis alone"},
	{"enable.auto.offset.store", "what is complete is known in Redis alone"},
	{"auto.offset.reset", "an offset that is gone must be told, not jumped over"},
	{"check.crcs", "damaged records must be noticed"},
	{"enable.partition.eof", "it tells when a partition has been caught up with"},
	{"group.id", "set kafka.group instead"},
};

static void read_librdkafka(struct reading *r, const struct conf_entry *section)
{
	struct config *c = r->config;

	c->librdkafka = config_room(r, (section->n_entries + 1) * sizeof *c->librdkafka);
	for (size_t i = 0; c->librdkafka && i < section->n_entries; i++) {
		const struct conf_entry *entry = &section->entries[i];

		if (entry->kind != CONF_VALUE || !entry->n_values) {
			conf_error(r->errors, entry->line, "%s: a text was expected", entry->name);
			continue;
		}
		for (size_t j = 0; j < sizeof reserved / sizeof *reserved; j++)
			if (!strcmp(entry->name, reserved[j].name))
				conf_error(r->errors, entry->line,
					   "librdkafka.%s is venturid's own: %s", entry->name,
					   reserved[j].why);
		c->librdkafka[c->n_librdkafka++] = (struct config_pair){
			config_string(r, entry->name), config_string(r, entry->values[0])};
	}
}

static void check_topics(struct reading *r, const struct conf_entry *root)
{
	int line = line_of(root, "kafka", "topics");

	if (!r->config->topics.n)
		conf_error(r->errors, line, "kafka.topics: at least one topic was expected");
	for (size_t i = 0; i < r->config->topics.n; i++) {
		const char *topic = r->config->topics.names[i];
		regex_t regex;
		char why[100];
		int bad;

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

static bool is_section(const char *name)
{
	static const char *const others[] = {"librdkafka"};

	for (size_t i = 0; i < option_count; i++)
		if (*option_rows[i].section && !strcmp(option_rows[i].section, name))
			return true;
	return !strcmp(others[0], name);
}

static void read_all(struct reading *r, const struct conf_entry *root)
{
	static const char *const plain[] = {"kafka", "redis", "http"};
	struct config *c = r->config;

	config_apply(r, "", root, c, true);
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		config_apply(r, plain[i], NULL, c, true);
	for (size_t i = 0; i < root->n_entries; i++) {
		const struct conf_entry *entry = &root->entries[i];

		if (entry->kind != CONF_SECTION)
			continue;
		if (!is_section(entry->name))
			conf_error(r->errors, entry->line, "%s: there is no such section",
				   entry->name);
		else if (!strcmp(entry->name, "librdkafka"))
			read_librdkafka(r, entry);
		for (size_t j = 0; j < sizeof plain / sizeof *plain; j++)
			if (!strcmp(entry->name, plain[j]))
				config_apply(r, plain[j], entry, c, false);
	}
	c->clock_is_event = c->clock == 1;
	name_instance(r);
	if (r->no_memory)
		return;
	check_topics(r, root);
	read_zone(r, root);
	read_password(r, root);
	config_build_model(r, root);
}

/* ---- Loading ---- */

static struct config *finish(struct reading *r, struct err *err)
{
	struct config *config = r->config;

	if (!r->errors->n && !r->no_memory && config->model && config->zone)
		return config;
	config_free(config);
	if (r->errors->n && err)
		*err = r->errors->first;
	else
		err_set(err, EX_TEMPFAIL, "memory is short");
	return NULL;
}

struct config *config_load(const char *path, struct err *err)
{
	struct conf_errors errors = {.file = path ? path : CONFIG_PATH};
	struct reading r = {calloc(1, sizeof *r.config), &errors, false};
	struct conf_entry *root;
	size_t len = 0;
	char *text = read_file(errors.file, &len);

	if (!r.config) {
		free(text);
		err_set(err, EX_TEMPFAIL, "memory is short");
		return NULL;
	}
	if (!text && (path || errno != ENOENT)) {
		err_set(err, EX_NOINPUT, "%s: %s", errors.file, strerror(errno));
		free(r.config);
		return NULL;
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

/* ---- The sample ---- */

static const char *const titles[][2] = {{"workflow", "\"default\""},
					{"product", "\"claims-intake\""},
					{"team", "\"falcon\""},
					{"baseline", "\"before\""}};

static void print_help(const char *help, const char *indent)
{
	int room = 76;

	printf("%s#", indent);
	while (*help) {
		int n = (int)strcspn(help, " ");

		if (room < n) {
			printf("\n%s#", indent);
			room = 76;
		}
		printf(" %.*s", n, help);
		room -= n + 1;
		help += n;
		help += *help == ' ';
	}
	putchar('\n');
}

static void print_value(const struct option_row *row)
{
	if (row->type == OPTION_LIST)
		fputs(row->fallback, stdout);
	else if (row->type == OPTION_CHOICE)
		printf("\"%.*s\"", (int)strcspn(row->fallback, "|"), row->fallback);
	else
		printf("\"%s\"", row->fallback);
}

/* Objects of one's own are examples: commented out. */
static bool is_example(const char *section)
{
	return !strcmp(section, "product") || !strcmp(section, "team") ||
	       !strcmp(section, "baseline");
}

static void print_section_start(const char *section)
{
	const char *mark = is_example(section) ? "#" : "";

	if (!*section)
		return;
	printf("\n%s%s ", mark, section);
	for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
		if (!strcmp(titles[i][0], section))
			printf("%s ", titles[i][1]);
	puts("{");
}

static void print_section_end(const char *section)
{
	if (!*section)
		return;
	puts(is_example(section) ? "#}" : "}");
	if (!strcmp(section, "kafka"))
		puts("\n# Any property of librdkafka, verbatim; the few that correctness rests on "
		     "are refused.\n"
		     "librdkafka {\n    bootstrap.servers = \"localhost:9092\"\n}");
}

void config_print_sample(void)
{
	const char *section = "";

	puts("# venturid.conf: the configuration of venturid and venturi. All values are the "
	     "defaults.\n"
	     "# Durations: 250ms 10s 5m 8h 8d 2w (a day is 24 hours). Sizes: 16MB (B, KB, MB, "
	     "GB).\n"
	     "# Globs: * any run of characters, ? one; letters of any case.");
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (strcmp(section, row->section) != 0) {
			print_section_end(section);
			section = row->section;
			print_section_start(section);
		} else {
			puts(is_example(section) ? "#" : "");
		}
		print_help(row->help, is_example(section) ? "#    " : *section ? "    " : "");
		printf("%s%s = ", is_example(section) ? "#    " : *section ? "    " : "", row->key);
		print_value(row);
		putchar('\n');
	}
	print_section_end(section);
}
