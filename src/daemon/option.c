/* option: the option table, and how a value of each type is read. */
#include "daemon/config_inner.h"
#include "venturi/civil.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The struct that a section's fields are of, and its name in the file. */
#define OF_top            struct config
#define OF_kafka          struct config
#define OF_redis          struct config
#define OF_http           struct config
#define OF_environments   struct environments_options
#define OF_workflow       struct workflow_options
#define OF_types          struct types_options
#define OF_product        struct product_options
#define OF_team           struct team_options
#define OF_baseline       struct baseline_options
#define NAME_top          ""
#define NAME_kafka        "kafka"
#define NAME_redis        "redis"
#define NAME_http         "http"
#define NAME_environments "environments"
#define NAME_workflow     "workflow"
#define NAME_types        "types"
#define NAME_product      "product"
#define NAME_team         "team"
#define NAME_baseline     "baseline"

const struct option_row option_rows[] = {
#define OPTION(section, key, type, field, fallback, help)                                          \
	{NAME_##section, key, OPTION_##type, offsetof(OF_##section, field), fallback, help},
#include "daemon/options.def"
#undef OPTION
};
const size_t option_count = sizeof option_rows / sizeof *option_rows;

/* Longer than any period that is asked about, and safe to add to any time: a thousand years. */
#define DURATION_MOST (INT64_C(366000) * 86400000)

bool duration_parse(const char *text, int64_t *ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
		     {"h", 3600000}, {"d", 86400000}, {"w", 604800000}};
	char *unit;
	long long n = strtoll(text, &unit, 10);

	if (!isdigit((unsigned char)*text) || n < 0)
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(unit, units[i].unit) != 0)
			continue;
		if (n > DURATION_MOST / units[i].ms)
			return false;
		*ms = n * units[i].ms;
		return true;
	}
	*ms = 0;
	return n == 0 && !*unit;
}

static bool size_parse(const char *text, size_t *bytes)
{
	static const char *const units[] = {"B", "KB", "MB", "GB"};
	char *unit;
	unsigned long long n = strtoull(text, &unit, 10);

	if (!isdigit((unsigned char)*text) || n > 1ull << 40)
		return false;
	for (int i = 0; i < 4; i++)
		if (!strcmp(unit, units[i]) || (i == 0 && !*unit)) {
			*bytes = (size_t)n << (10 * i);
			return *bytes >> (10 * i) == n && *bytes <= (size_t)1 << 40;
		}
	return false;
}

static bool count_parse(const char *text, uint32_t *count)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	*count = (uint32_t)n;
	return isdigit((unsigned char)*text) && !*end && n > 0 && n < UINT32_MAX;
}

/* "85% within 8d": hundredths with at most four decimals. */
static bool sle_parse(const char *text, struct sle *sle)
{
	char *rest;
	double percent;

	*sle = (struct sle){0, 0};
	if (!*text)
		return true;
	percent = strtod(text, &rest);
	if (strspn(text, "0123456789.") != (size_t)(rest - text))
		return false; /* 0x1p3, 1e1 */
	rest += strspn(rest, " ");
	if (!isdigit((unsigned char)*text) || *rest++ != '%' || percent <= 0 || percent > 100)
		return false;
	sle->ppm = (int)(percent * 10000 + 0.5);
	rest += strspn(rest, " ");
	if (strncmp(rest, "within", 6) != 0)
		return false;
	rest += 6;
	rest += strspn(rest, " ");
	return duration_parse(rest, &sle->ms) && sle->ms > 0 && sle->ppm > 0;
}

/* The number of the text among the choices "a|b|c"; -1 if it is none. */
static int choice_parse(const char *choices, const char *text)
{
	size_t len = strlen(text);

	for (int i = 0; *choices; i++) {
		size_t n = strcspn(choices, "|");

		if (n == len && !memcmp(choices, text, n))
			return i;
		choices += n + (choices[n] == '|');
	}
	return -1;
}

static const char *expected(enum option_type type)
{
	switch (type) {
	case OPTION_DURATION:
		return "a duration as 250ms, 10s, 5m, 8h, 8d or 2w";
	case OPTION_SIZE:
		return "a size as 512KB or 16MB";
	case OPTION_COUNT:
		return "a number greater than 0";
	case OPTION_SLE:
		return "an expectation as \"85% within 8d\"";
	case OPTION_DATE:
		return "a date as 2025-01-31";
	default:
		return "a text";
	}
}

static bool scalar_parse(struct reading *r, const struct option_row *row, const char *text,
			 void *field)
{
	switch (row->type) {
	case OPTION_TEXT:
		*(char **)field = config_string(r, text);
		return true;
	case OPTION_DURATION:
		return duration_parse(text, field);
	case OPTION_SIZE:
		return size_parse(text, field);
	case OPTION_COUNT:
		return count_parse(text, field);
	case OPTION_SLE:
		return sle_parse(text, field);
	case OPTION_DATE:
		return !*text || civil_parse_day(text_of(text), field);
	default:
		*(int *)field = choice_parse(row->fallback, text);
		return *(int *)field >= 0;
	}
}

static void read_scalar(struct reading *r, const struct option_row *row, const char *text,
			const char *where, int line, void *base)
{
	if (scalar_parse(r, row, text, (char *)base + row->offset))
		return;
	if (row->type == OPTION_CHOICE)
		conf_error(r->errors, line, "%s: one of %s was expected, not %s", where,
			   row->fallback, text);
	else
		conf_error(r->errors, line, "%s: %s was expected, not \"%s\"", where,
			   expected(row->type), text);
}

static void read_list(struct reading *r, char *const *values, size_t n, struct name_list *list)
{
	const char **names = config_room(r, (n + 1) * sizeof *names);

	for (size_t i = 0; names && i < n; i++)
		names[i] = config_string(r, values[i]);
	*list = (struct name_list){names, names ? n : 0};
}

/* The default of a list stands in the table as in the file. */
static void default_list(struct reading *r, const struct option_row *row, struct name_list *list)
{
	char text[300];
	struct conf_errors none = {.file = "options.def"};
	struct conf_entry *root;

	snprintf(text, sizeof text, "x = %s", row->fallback);
	root = conf_parse(text, strlen(text), &none);
	if (root && root->n_entries == 1)
		read_list(r, root->entries[0].values, root->entries[0].n_values, list);
	else
		r->no_memory = true;
	conf_free(root);
}

static void fall_back_to(struct reading *r, const struct option_row *row, void *base)
{
	if (row->type == OPTION_LIST) {
		default_list(r, row, (struct name_list *)((char *)base + row->offset));
	} else if (row->type == OPTION_CHOICE) {
		*(int *)((char *)base + row->offset) = 0;
	} else {
		read_scalar(r, row, row->fallback, row->key, 0, base);
	}
}

/* VENTURI_REDIS_URL; NULL if it is not set, or the section is none of struct config. */
static const char *from_environment(const struct option_row *row, char name[64])
{
	bool plain = !strcmp(row->section, "") || !strcmp(row->section, "kafka") ||
		     !strcmp(row->section, "redis") || !strcmp(row->section, "http");

	if (!plain || row->type == OPTION_LIST)
		return NULL;
	snprintf(name, 64, "VENTURI_%s%s%s", row->section, *row->section ? "_" : "", row->key);
	for (char *c = name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return getenv(name);
}

const char *option_environment(const char *section, const char *key)
{
	char name[64];

	for (size_t i = 0; i < option_count; i++)
		if (!strcmp(option_rows[i].section, section) && !strcmp(option_rows[i].key, key))
			return from_environment(&option_rows[i], name);
	return NULL;
}

void config_apply_environment(struct reading *r)
{
	char name[64];

	for (size_t i = 0; i < option_count; i++) {
		const char *said = from_environment(&option_rows[i], name);

		if (said)
			read_scalar(r, &option_rows[i], said, name, 0, r->config);
	}
}

static void read_entry(struct reading *r, const struct option_row *row,
		       const struct conf_entry *entry, void *base)
{
	struct name_list *list = (struct name_list *)((char *)base + row->offset);

	if (entry->kind == CONF_VALUE && !entry->n_values)
		return; /* told by the parser */
	if (entry->kind != (row->type == OPTION_LIST ? CONF_LIST : CONF_VALUE))
		conf_error(r->errors, entry->line, "%s: %s was expected", row->key,
			   row->type == OPTION_LIST ? "a list as {\"a\", \"b\"}"
						    : expected(row->type));
	else if (row->type == OPTION_LIST)
		read_list(r, entry->values, entry->n_values, list);
	else
		read_scalar(r, row, entry->values[0], row->key, entry->line, base);
}

static const struct conf_entry *find(const struct conf_entry *section, const char *key)
{
	const struct conf_entry *found = NULL;

	for (size_t i = 0; section && i < section->n_entries; i++)
		if (!strcmp(section->entries[i].name, key) && !section->entries[i].title)
			found = &section->entries[i];
	return found;
}

static bool told_before(const struct conf_entry *section, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (!strcmp(section->entries[j].name, section->entries[i].name) &&
		    section->entries[j].kind != CONF_SECTION)
			return true;
	return false;
}

/* Keys that no row has; those told twice. At the top level sections are not keys. */
static void check_keys(struct reading *r, const char *section, const struct conf_entry *entry)
{
	for (size_t i = 0; entry && i < entry->n_entries; i++) {
		const struct conf_entry *child = &entry->entries[i];
		bool known = false;

		if (!*section && child->kind == CONF_SECTION)
			continue;
		for (size_t j = 0; j < option_count; j++)
			known |= !strcmp(option_rows[j].section, section) &&
				 !strcmp(option_rows[j].key, child->name);
		if (!known)
			conf_error(r->errors, child->line, "%s%s%s: there is no such option",
				   section, *section ? "." : "", child->name);
		else if (told_before(entry, i))
			conf_error(r->errors, child->line, "%s: told twice", child->name);
	}
}

void config_apply(struct reading *r, const char *section, const struct conf_entry *entry,
		  void *base, bool fall_back)
{
	check_keys(r, section, entry);
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_rows[i];
		const struct conf_entry *said;

		if (strcmp(row->section, section) != 0)
			continue;
		said = find(entry, row->key);
		if (said || fall_back)
			fall_back_to(r, row, base);
		if (said)
			read_entry(r, row, said, base);
	}
}
