/* config_sample: the option table as a file to begin with, conf/venturid.conf. */
#include "daemon/config_inner.h"

#include <stdio.h>
#include <string.h>

static const char *const titles[][2] = {{"workflow", "\"default\""},
					{"product", "\"claims-intake\""},
					{"team", "\"falcon\""},
					{"baseline", "\"before\""}};

/* What the examples show in place of the default. */
static const char *const examples[][3] = {
	{"product", "stream", "\"claims\""},
	{"product", "repositories", "{\"acme/claims-*\"}"},
	{"product", "services", "{\"claims-api\"}"},
	{"product", "projects", "{\"CLM\"}"},
	{"product", "sle", "\"85% within 8d\""},
	{"team", "product", "\"claims-intake\""},
	{"team", "labels", "{\"team:falcon\"}"},
	{"baseline", "from", "\"2025-01-01\""},
	{"baseline", "to", "\"2025-06-30\""},
};

#define COLUMNS 78

/* The words of a help text, in lines that begin with the indent and #. */
static void print_help(const char *help, const char *indent)
{
	size_t begin = strlen(indent) + 1, column = begin;

	printf("%s#", indent);
	while (*help) {
		size_t n = strcspn(help, " ");

		if (column + 1 + n > COLUMNS) {
			printf("\n%s#", indent);
			column = begin;
		}
		printf(" %.*s", (int)n, help);
		column += n + 1;
		help += n;
		help += *help == ' ';
	}
	putchar('\n');
}

static void print_value(const struct option_row *row)
{
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
		if (!strcmp(examples[i][0], row->section) && !strcmp(examples[i][1], row->key)) {
			fputs(examples[i][2], stdout);
			return;
		}
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
		puts("\n# Any property of librdkafka, verbatim, but the few that correctness\n"
		     "# rests on.\n"
		     "librdkafka {\n    bootstrap.servers = \"localhost:9092\"\n}");
}

static void print_choices(const struct option_row *row, const char *indent)
{
	char help[400];
	size_t n = (size_t)snprintf(help, sizeof help, "%s; one of ", row->help);

	for (const char *c = row->fallback; *c && n + 3 < sizeof help; c++) {
		if (*c == '|') {
			help[n++] = ',';
			help[n++] = ' ';
		} else {
			help[n++] = *c;
		}
	}
	help[n] = 0;
	print_help(help, indent);
}

static const char head[] =
	"# venturid.conf: the configuration of venturid and venturi. All values are the\n"
	"# defaults, but those of the commented product, team and baseline: examples.\n"
	"#\n"
	"# Durations: 250ms 10s 5m 8h 8d 2w (a day is 24 hours).\n"
	"# Sizes: 16MB (B, KB, MB, GB). Lists: {\"one\", \"two\"}.\n"
	"# Globs: * any run of characters, ? one; letters of any case.\n"
	"# The environment wins over options with one value: VENTURI_TIMEZONE,\n"
	"# VENTURI_REDIS_URL, and so on.\n"
	"# `venturid -t` checks this file; SIGHUP makes a daemon read it again.\n";

void config_print_sample(void)
{
	const char *section = "";

	fputs(head, stdout);
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_rows[i];
		const char *indent = is_example(row->section) ? "#    "
				     : *row->section          ? "    "
							      : "";

		if (strcmp(section, row->section) != 0) {
			print_section_end(section);
			section = row->section;
			print_section_start(section);
		} else {
			puts(is_example(section) ? "#" : "");
		}
		if (row->type == OPTION_CHOICE)
			print_choices(row, indent);
		else
			print_help(row->help, indent);
		printf("%s%s = ", indent, row->key);
		print_value(row);
		putchar('\n');
	}
	print_section_end(section);
}
