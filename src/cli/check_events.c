#include "cli/check_events.h"

#include "cli/lines.h"
#include "codec/number.h"
#include "daemon/config.h"
#include "venturi/decode.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#define MAX_EVENT_SIZE_DEFAULT ((size_t)1 << 20)

struct check {
	struct decoder *decoder;
	size_t max_event_size;
	const char *config; /* path, or NULL */
	bool as_json;
	uint64_t rejected;
};

static void usage(FILE *out)
{
	fputs("Usage: venturi check-events [-c FILE] [--format text|json] [FILE…]\n"
	      "\n"
	      "Says of each line of the files what facts it becomes, or why it is rejected.\n"
	      "A line is one event as docs/events.md has it; - or no FILE is standard input.\n"
	      "\n"
	      "  -c, --config FILE        take max_event_size from it (default: 1MB)\n"
	      "      --format text|json   how to say it (default: text); json: one object a line\n"
	      "  -h, --help               this help\n"
	      "\n"
	      "Exit status: 0 if all lines are good, 1 if any was rejected, 64 to 78 on errors.\n",
	      out);
}

static void json_string(struct text text)
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

static void json_member(const char *name, struct text text)
{
	printf(",\"%s\":", name);
	json_string(text);
}

static struct text field_number_text(const struct fact_field *value, char out[MILLIONTHS_TEXT])
{
	switch (field_type(value->field)) {
	case FIELD_IS_NUMBER:
		return (struct text){out, number_text(value->number, out)};
	case FIELD_IS_MOMENT:
		snprintf(out, MILLIONTHS_TEXT, "%" PRId64, value->number);
		return text_of(out);
	default:
		return value->number ? TEXT("true") : TEXT("false");
	}
}

/* The entries of a list, from number `i` on. Returns how many there are. */
static size_t json_list(const struct fact *fact, size_t i)
{
	enum field field = fact->fields[i].field;
	size_t n = 0;

	putchar('[');
	for (; i + n < fact->n && fact->fields[i + n].field == field; n++) {
		if (n > 0)
			putchar(',');
		if (fact->fields[i + n].text.len > 0)
			json_string(fact->fields[i + n].text);
	}
	putchar(']');
	return n;
}

/* The product that is the subject has been told as such. */
static bool is_told(const struct fact *fact, size_t i)
{
	return fact->about == ABOUT_RELEASE && fact->fields[i].field == FIELD_PRODUCT;
}

/* One field, from entry `i` on. Returns how many entries it took. */
static size_t json_field(const struct fact *fact, size_t i)
{
	const struct fact_field *value = &fact->fields[i];
	char number[MILLIONTHS_TEXT];

	printf(",\"%s\":", field_name(value->field).at);
	if (field_type(value->field) == FIELD_IS_LIST)
		return json_list(fact, i);
	if (field_type(value->field) == FIELD_IS_TEXT)
		json_string(value->text);
	else
		fputs(field_number_text(value, number).at, stdout);
	return 1;
}

static void json_fact(const struct fact *fact)
{
	printf("{\"kind\":\"%s\",\"time\":%" PRId64, fact_kind_name(fact->kind).at, fact->time);
	json_member("source", fact->source);
	json_member("id", fact->id);
	json_member("subject_source", fact->subject_source);
	if (fact->sequence.len > 0)
		json_member("sequence", fact->sequence);
	if (fact->subject.len > 0)
		json_member(field_name(fact_subject_field(fact->about)).at, fact->subject);
	for (size_t i = 0; i < fact->n;)
		i += is_told(fact, i) ? 1 : json_field(fact, i);
	putchar('}');
}

static void json_line(uint64_t line, const struct decoded *decoded)
{
	printf("{\"line\":%" PRIu64, line);
	if (decoded->reason != REJECT_NONE) {
		json_member("rejected", reject_name(decoded->reason));
		json_member("why", decoded->why);
	} else {
		fputs(",\"facts\":[", stdout);
		for (size_t i = 0; i < decoded->n; i++) {
			if (i > 0)
				putchar(',');
			json_fact(&decoded->facts[i]);
		}
		putchar(']');
	}
	puts("}");
}

/* As much of a text as a person needs, on one line. */
static void text_word(struct text text)
{
	bool plain = text.len > 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		plain = plain && c > ' ' && c != '"' && c != '\\';
	}
	if (plain)
		fwrite(text.at, 1, text.len, stdout);
	else
		json_string(text);
}

static void text_time(int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char date[32];

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	printf("%s.%03dZ", date, (int)(ms % 1000));
}

/* One field, from entry `i` on. Returns how many entries it took. */
static size_t text_field(const struct fact *fact, size_t i)
{
	const struct fact_field *value = &fact->fields[i];
	char number[MILLIONTHS_TEXT];

	printf(" %s=", field_name(value->field).at);
	switch (field_type(value->field)) {
	case FIELD_IS_TEXT:
		text_word(value->text);
		break;
	case FIELD_IS_LIST:
		return json_list(fact, i);
	case FIELD_IS_MOMENT:
		text_time(value->number);
		break;
	default:
		fputs(field_number_text(value, number).at, stdout);
	}
	return 1;
}

static void text_fact(const struct fact *fact)
{
	fputs(fact_kind_name(fact->kind).at, stdout);
	if (fact->subject.len > 0) {
		printf(" %s=", field_name(fact_subject_field(fact->about)).at);
		text_word(fact->subject);
	}
	fputs(" time=", stdout);
	text_time(fact->time);
	fputs(" source=", stdout);
	text_word(fact->source);
	fputs(" id=", stdout);
	text_word(fact->id);
	if (!text_same(fact->source, fact->subject_source)) {
		fputs(" subject_source=", stdout);
		text_word(fact->subject_source);
	}
	if (fact->sequence.len > 0) {
		fputs(" sequence=", stdout);
		text_word(fact->sequence);
	}
	for (size_t i = 0; i < fact->n;)
		i += is_told(fact, i) ? 1 : text_field(fact, i);
	putchar('\n');
}

static void text_line(const char *path, uint64_t line, const struct decoded *decoded)
{
	if (decoded->reason != REJECT_NONE) {
		printf("%s:%" PRIu64 ": rejected %s: %.*s\n", path, line,
		       reject_name(decoded->reason).at, (int)decoded->why.len, decoded->why.at);
		return;
	}
	for (size_t i = 0; i < decoded->n; i++) {
		printf("%s:%" PRIu64 ": ", path, line);
		text_fact(&decoded->facts[i]);
	}
}

/* An exit status; 0 also where lines were rejected: those are counted. */
static int check_file(struct check *check, const char *path)
{
	struct lines lines;
	struct text line;
	struct err err;
	int more = -1;

	if (lines_open(&lines, path, check->max_event_size, &err)) {
		while ((more = lines_next(&lines, &line, &err)) > 0) {
			if (line_is_blank(line))
				continue;
			const struct decoded *decoded =
				decode(check->decoder, &(struct record_in){.value = line});

			check->rejected += decoded->reason != REJECT_NONE;
			if (check->as_json)
				json_line(lines.number, decoded);
			else
				text_line(path, lines.number, decoded);
		}
		lines_close(&lines);
	}
	if (more == 0)
		return 0;
	fprintf(stderr, "venturi check-events: %s\n", err.message);
	return err.code;
}

/* The index of the first FILE in argv; -1 if the arguments are wrong, 0 if only help was wanted. */
static int check_options(struct check *check, int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
						{"format", required_argument, NULL, 'f'},
						{"help", no_argument, NULL, 'h'},
						{0}};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'h') {
			usage(stdout);
			return 0;
		}
		if (option == 'c') {
			check->config = optarg;
			continue;
		}
		if (option != 'f')
			return -1;
		check->as_json = strcmp(optarg, "json") == 0;
		if (!check->as_json && strcmp(optarg, "text") != 0) {
			fprintf(stderr, "venturi check-events: --format is text or json, not %s\n",
				optarg);
			return -1;
		}
	}
	return optind;
}

/* What the configuration says about events; that it is wrong has then been told. */
static int check_config(struct check *check)
{
	struct config *config;
	struct err err;

	if (!check->config)
		return 0;
	config = config_load(check->config, &err);
	if (!config)
		return err.code;
	check->max_event_size = config->max_event_size;
	config_free(config);
	return 0;
}

int check_events_main(int argc, char **argv)
{
	struct check check = {.max_event_size = MAX_EVENT_SIZE_DEFAULT};
	int first = check_options(&check, argc, argv), status = 0;

	if (first < 0) {
		usage(stderr);
		return EX_USAGE;
	}
	if (first == 0)
		return 0;
	status = check_config(&check);
	if (status)
		return status;
	check.decoder = decoder_new(check.max_event_size);
	if (!check.decoder) {
		fputs("venturi check-events: memory is short\n", stderr);
		return EX_OSERR;
	}
	if (first == argc)
		status = check_file(&check, "-");
	for (int i = first; i < argc && status == 0; i++)
		status = check_file(&check, argv[i]);
	decoder_free(check.decoder);
	return status ? status : check.rejected > 0;
}
