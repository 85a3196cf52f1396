#include "cli/show_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Ids, levels and fields are of our own making: they need no more. */
static void print_string(const char *string)
{
	putchar('"');
	for (; *string; string++) {
		if (*string == '"' || *string == '\\')
			putchar('\\');
		if ((unsigned char)*string < ' ')
			printf("\\u%04x", (unsigned)*string);
		else
			putchar(*string);
	}
	putchar('"');
}

/* ---- Scopes ---- */

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct scope_line *)a)->id, ((const struct scope_line *)b)->id);
}

void show_scopes(struct scope_line *lines, size_t n, bool as_json)
{
	size_t width = 5;

	if (n)
		qsort(lines, n, sizeof *lines, by_id);
	for (size_t i = 0; i < n; i++)
		width = strlen(lines[i].id) > width ? strlen(lines[i].id) : width;
	fputs(as_json ? "[" : "", stdout);
	for (size_t i = 0; i < n; i++) {
		if (as_json) {
			fputs(i ? ",\n {\"scope\":" : "{\"scope\":", stdout);
			print_string(lines[i].id);
			printf(",\"level\":\"%s\"}", lines[i].level);
		} else {
			printf("%-*s  %s\n", (int)width, lines[i].id, lines[i].level);
		}
	}
	fputs(as_json ? "]\n" : "", stdout);
}

/* ---- Panes ---- */

bool show_pane_add(struct show_pane *pane, struct text name, struct text value)
{
	struct show_field *grown = realloc(pane->fields, (pane->n + 1) * sizeof *grown);
	struct show_field field;

	if (!grown)
		return false;
	pane->fields = grown;
	field.name = strndup(name.at ? name.at : "", name.len);
	field.value = strndup(value.at ? value.at : "", value.len);
	if (!field.name || !field.value) {
		free(field.name);
		free(field.value);
		return false;
	}
	pane->fields[pane->n++] = field;
	return true;
}

void show_pane_free(struct show_pane *pane)
{
	for (size_t i = 0; i < pane->n; i++) {
		free(pane->fields[i].name);
		free(pane->fields[i].value);
	}
	free(pane->fields);
}

/* NULL where the hash lacks the field. */
static const char *value_of(const struct show_pane *pane, const char *name)
{
	for (size_t i = 0; i < pane->n; i++)
		if (strcmp(pane->fields[i].name, name) == 0)
			return pane->fields[i].value;
	return NULL;
}

static bool is_number(const char *value)
{
	char *end;

	return *value && isfinite(strtod(value, &end)) && !*end;
}

void show_json(const char *scope, const struct show_pane *panes, size_t n)
{
	bool first = true;

	fputs("{\"scope\":", stdout);
	print_string(scope);
	fputs(",\"windows\":{", stdout);
	for (size_t i = 0; i < n; i++) {
		if (!panes[i].n)
			continue;
		printf("%s\n\"%s\":{", first ? "" : ",", window_name(panes[i].window));
		first = false;
		for (size_t j = 0; j < panes[i].n; j++) {
			const struct show_field *field = &panes[i].fields[j];

			fputs(j ? "," : "", stdout);
			print_string(field->name);
			printf(":%s", is_number(field->value) ? field->value : "null");
		}
		putchar('}');
	}
	puts("}}");
}

/* ---- The table ---- */

#define NAME_WIDTH 40
#define COLUMN     14

static void print_seconds(double seconds)
{
	static const struct {
		double below, unit;
		char name;
	} units[] = {{120, 1, 's'}, {7200, 60, 'm'}, {172800, 3600, 'h'}, {INFINITY, 86400, 'd'}};
	size_t i = 0;

	while (fabs(seconds) >= units[i].below)
		i++;
	printf("%*.1f%c", COLUMN - 1, seconds / units[i].unit, units[i].name);
}

static void print_cell(enum metric_unit unit, const char *value)
{
	if (!value || !is_number(value))
		printf("%*s", COLUMN, value ? "-" : "");
	else if (unit == UNIT_SECONDS)
		print_seconds(strtod(value, NULL));
	else if (strchr(value, '.'))
		printf("%*.3f", COLUMN, strtod(value, NULL));
	else
		printf("%*s", COLUMN, value);
}

static void print_instant(const char *what, const char *ms)
{
	char text[40];
	time_t seconds;
	struct tm tm;

	if (!ms || !is_number(ms))
		return;
	seconds = (time_t)(strtod(ms, NULL) / 1000);
	if (gmtime_r(&seconds, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		printf("%s %s", what, text);
}

static void print_stamp(const struct show_pane *pane)
{
	const char *cut = value_of(pane, "cut");

	print_instant("as of", value_of(pane, "as_of_ms"));
	print_instant(", published", value_of(pane, "published_ms"));
	print_instant(", events to", value_of(pane, "watermark_ms"));
	printf(", cut %s\n\n", cut ? cut : "-");
}

void show_table(const char *scope, const struct show_pane *panes, size_t n)
{
	size_t first = 0;

	while (first + 1 < n && !panes[first].n)
		first++;
	printf("%s: ", scope);
	print_stamp(&panes[first]);
	printf("%-*s", NAME_WIDTH, "");
	for (size_t i = 0; i < n; i++)
		printf("%*s", COLUMN, window_name(panes[i].window));
	putchar('\n');
	for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
		const struct metric_info *info = metric_info(metric);
		bool any = false;

		for (size_t i = 0; i < n; i++)
			any |= value_of(&panes[i], info->name) != NULL;
		if (!any)
			continue;
		printf("%-*s", NAME_WIDTH, info->name);
		for (size_t i = 0; i < n; i++)
			print_cell(info->unit, value_of(&panes[i], info->name));
		putchar('\n');
	}
}
