#include "cli/report.h"

#include "venturi/civil.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void print_string(struct text text)
{
	putchar('"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ')
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_number(enum metric_unit unit, double value)
{
	char text[NUMBER_TEXT];
	size_t n = number_write(unit, value, text);

	if (isnan(value))
		fputs("null", stdout);
	else
		fwrite(text, 1, n, stdout);
}

/* A member's separator: nothing before the first. */
static void separate(bool *first, const char *separator)
{
	if (!*first)
		fputs(separator, stdout);
	*first = false;
}

static void json_rejected(const uint64_t rejected[REJECT_COUNT])
{
	bool first = true;

	fputs("\"rejected\":{", stdout);
	for (enum reject reason = REJECT_NONE + 1; reason < REJECT_COUNT; reason++) {
		struct text name = reject_name(reason);

		if (!rejected[reason])
			continue;
		separate(&first, ",");
		printf("\"%.*s\":%" PRIu64, (int)name.len, name.at, rejected[reason]);
	}
	putchar('}');
}

static void json_pane(struct fold *fold, uint32_t scope, enum window window)
{
	double values[METRIC_COUNT];
	bool first = true;

	fold_pane(fold, scope, window, values);
	printf("\"%s\":{", window_name(window));
	for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
		const struct metric_info *info = metric_info(metric);

		if (!metric_in(metric, window))
			continue;
		separate(&first, ",");
		printf("\"%s\":", info->name);
		print_number(info->unit, values[metric]);
	}
	putchar('}');
}

static void json_scopes(struct fold *fold, const struct model *model)
{
	bool first_scope = true;

	fputs("\"scopes\":{", stdout);
	for (uint32_t scope = 0; scope < model_scopes(model); scope++) {
		separate(&first_scope, ",\n");
		printf("\"%s\":{", model_scope(model, scope)->id);
		for (enum window window = 0; window < PANE_COUNT; window++) {
			if (window)
				putchar(',');
			json_pane(fold, scope, window);
		}
		putchar('}');
	}
	putchar('}');
}

static bool json_stage(void *arg, const struct row *row)
{
	separate(arg, ",");
	print_string(row->cells[0].text);
	fputs(":{", stdout);
	for (size_t i = 1; i < row->n; i++) {
		printf("%s\"%s\":", i > 1 ? "," : "", row->cells[i].name);
		print_number(row->cells[i].unit, row->cells[i].number);
	}
	putchar('}');
	return true;
}

static bool json_stages(struct fold *fold, const struct model *model)
{
	bool first_scope = true;

	fputs("\"stages\":{", stdout);
	for (uint32_t scope = 0; scope < model_scopes(model); scope++) {
		separate(&first_scope, ",\n");
		printf("\"%s\":{", model_scope(model, scope)->id);
		for (enum window window = 0; window < WINDOW_COUNT; window++) {
			bool first = true;

			printf("%s\"%s\":{", window ? "," : "", window_name(window));
			if (!fold_table(fold, scope, TABLE_STAGES, window, json_stage, &first))
				return false;
			putchar('}');
		}
		putchar('}');
	}
	putchar('}');
	return true;
}

static bool json_day(void *arg, const struct row *row)
{
	int year, month, day;

	civil_date(row->day, &year, &month, &day);
	separate(arg, ",");
	printf("\"%04d-%02d-%02d\":{", year, month, day);
	for (size_t i = 0; i < row->n; i++) {
		printf("%s\"%s\":", i ? "," : "", row->cells[i].name);
		print_number(row->cells[i].unit, row->cells[i].number);
	}
	putchar('}');
	return true;
}

static bool json_cfd(struct fold *fold, const struct model *model)
{
	bool first_scope = true;

	fputs("\"cfd\":{", stdout);
	for (uint32_t scope = 0; scope < model_scopes(model); scope++) {
		bool first = true;

		separate(&first_scope, ",\n");
		printf("\"%s\":{", model_scope(model, scope)->id);
		if (!fold_table(fold, scope, TABLE_CFD, 0, json_day, &first))
			return false;
		putchar('}');
	}
	putchar('}');
	return true;
}

bool report_json(struct fold *fold, const struct model *model,
		 const uint64_t rejected[REJECT_COUNT])
{
	printf("{\"now_ms\":%" PRId64 ",\n", fold_now(fold));
	json_rejected(rejected);
	fputs(",\n", stdout);
	json_scopes(fold, model);
	fputs(",\n", stdout);
	if (!json_stages(fold, model))
		return false;
	fputs(",\n", stdout);
	if (!json_cfd(fold, model))
		return false;
	fputs("}\n", stdout);
	return true;
}

/* ---- For a terminal: a row a scope ---- */

static const struct {
	const char *title;
	enum window window;
	enum metric metric;
	double scale; /* what the column counts in, of the metric's unit */
} columns[] = {
	{"done 30d", WINDOW_30D, METRIC_THROUGHPUT, 1},
	{"wip", PANE_NOW, METRIC_WIP, 1},
	{"blocked", PANE_NOW, METRIC_WIP_BLOCKED, 1},
	{"cycle p50 d", WINDOW_30D, METRIC_CYCLE_TIME_P50, 86400},
	{"cycle p85 d", WINDOW_30D, METRIC_CYCLE_TIME_P85, 86400},
	{"lead p50 d", WINDOW_30D, METRIC_LEAD_TIME_P50, 86400},
	{"flow eff", WINDOW_30D, METRIC_FLOW_EFFICIENCY, 1},
	{"deploys", WINDOW_30D, METRIC_DEPLOYMENTS, 1},
	{"releases/mo", WINDOW_30D, METRIC_RELEASES_PER_MONTH, 1},
};

#define COLUMNS (sizeof columns / sizeof *columns)

static void table_cell(double value, bool whole, int width)
{
	if (isnan(value))
		printf("  %*s", width, "-");
	else
		printf("  %*.*f", width, whole ? 0 : 2, value);
}

static void table_stage_row(const struct row *row)
{
	printf("    %-24.*s", (int)row->cells[0].text.len, row->cells[0].text.at);
	for (size_t i = 1; i < row->n; i++) {
		bool time = row->cells[i].unit == UNIT_SECONDS;

		table_cell(time ? row->cells[i].number / 86400 : row->cells[i].number, !time, 9);
	}
	putchar('\n');
}

struct stage_table {
	const char *scope; /* NULL once its title is printed */
};

static bool table_stage(void *arg, const struct row *row)
{
	struct stage_table *table = arg;

	if (table->scope)
		printf("\n  %s\n", table->scope);
	table->scope = NULL;
	table_stage_row(row);
	return true;
}

static void table_rejected(const uint64_t rejected[REJECT_COUNT])
{
	bool any = false;

	for (enum reject reason = REJECT_NONE + 1; reason < REJECT_COUNT; reason++) {
		struct text name = reject_name(reason);

		if (!rejected[reason])
			continue;
		printf("%s %" PRIu64 " %.*s", any ? "," : "Records not counted:", rejected[reason],
		       (int)name.len, name.at);
		any = true;
	}
	if (any)
		putchar('\n');
}

bool report_table(struct fold *fold, const struct model *model,
		  const uint64_t rejected[REJECT_COUNT])
{
	printf("%-40s", "scope");
	for (size_t i = 0; i < COLUMNS; i++)
		printf("  %*s", (int)strlen(columns[i].title), columns[i].title);
	putchar('\n');
	for (uint32_t scope = 0; scope < model_scopes(model); scope++) {
		double values[PANE_COUNT][METRIC_COUNT];

		fold_panes(fold, scope, values);
		printf("%-40s", model_scope(model, scope)->id);
		for (size_t i = 0; i < COLUMNS; i++) {
			enum metric_unit unit = metric_info(columns[i].metric)->unit;

			table_cell(values[columns[i].window][columns[i].metric] / columns[i].scale,
				   unit == UNIT_ITEMS || unit == UNIT_COUNT,
				   (int)strlen(columns[i].title));
		}
		putchar('\n');
	}
	printf("\nValue-stream map, 30d (days):\n    %-24s  %9s  %9s  %9s  %9s  %9s\n", "state",
	       "visits", "p50", "p85", "total", "wip now");
	for (uint32_t scope = 0; scope < model_scopes(model); scope++) {
		struct stage_table table = {model_scope(model, scope)->id};

		if (!fold_table(fold, scope, TABLE_STAGES, WINDOW_30D, table_stage, &table))
			return false;
	}
	putchar('\n');
	table_rejected(rejected);
	return true;
}
