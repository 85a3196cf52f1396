/*
 * replay: the same core as the daemon's over files of events: what `venturid` would publish,
 * without Kafka and Redis.
 */
#include "cli/commands.h"
#include "cli/lines.h"
#include "cli/report.h"
#include "daemon/config.h"
#include "venturi/decode.h"
#include "venturi/fold.h"

#include <ctype.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct replay {
	struct config *config;
	struct decoder *decoder;
	struct store *store;
	struct fold *fold;
	bool with_timestamps;
	uint64_t rejected[REJECT_COUNT];
	uint64_t accepted; /* records */
};

static void usage(FILE *out)
{
	fputs("Usage: venturi replay [-c FILE] [--at TIME] [--format json|table] [--records] "
	      "[FILE…]\n"
	      "\n"
	      "Folds the events of the files (one a line; - or no FILE is the standard input) and\n"
	      "prints every value that venturid would publish of them.\n"
	      "\n"
	      "  -c, --config FILE        the configuration (default: /etc/venturi/venturid.conf)\n"
	      "      --at TIME            now: RFC 3339 or ms since the Unix epoch (default: the\n"
	      "                           greatest event time that counts)\n"
	      "      --format json|table  default: table\n"
	      "      --records            lines are: record timestamp in ms, TAB, event; with it\n"
	      "                           events can be future or too late\n"
	      "  -h, --help               this help\n",
	      out);
}

/* The timestamp that stands before the event on a line of --records. False if there is none. */
static bool split_timestamp(struct text *line, int64_t *timestamp)
{
	const char *tab = line->len ? memchr(line->at, '\t', line->len) : NULL;
	char digits[24], *end;
	size_t n = tab ? (size_t)(tab - line->at) : 0;

	if (!n || n >= sizeof digits)
		return false;
	memcpy(digits, line->at, n);
	digits[n] = 0;
	*timestamp = strtoll(digits, &end, 10);
	line->at += n + 1;
	line->len -= n + 1;
	return *end == 0;
}

/*
 * Adds the facts of one record. What a record is counted as: a conflict if any of its facts differs
 * from the one that stands, a duplicate if all are known.
 */
static bool add_facts(struct replay *r, const struct decoded *decoded)
{
	bool conflict = false, limited = false;
	size_t known = 0;

	for (size_t i = 0; i < decoded->n; i++) {
		uint32_t subject;

		switch (store_add(r->store, &decoded->facts[i], &subject, NULL)) {
		case STORE_CONFLICT_TAKEN:
			conflict = true;
			/* fall through */
		case STORE_ADDED:
			if (!fold_touch(r->fold, subject))
				return false;
			break;
		case STORE_CONFLICT_STANDS:
			conflict = true;
			break;
		case STORE_DUPLICATE:
			known++;
			break;
		case STORE_OVER_LIMIT:
			limited = true;
			break;
		default:
			return false;
		}
	}
	if (conflict)
		r->rejected[REJECT_CONFLICT]++;
	else if (limited)
		r->rejected[REJECT_OVER_LIMIT]++;
	else if (known == decoded->n)
		r->rejected[REJECT_DUPLICATE]++;
	else
		r->accepted++;
	return true;
}

static bool add_line(struct replay *r, struct text line)
{
	const struct decoded *decoded;
	struct record_in record = {0};
	enum reject reason;
	int64_t timestamp = -1;

	if (r->with_timestamps && !split_timestamp(&line, &timestamp)) {
		r->rejected[REJECT_MALFORMED]++;
		return true;
	}
	record.value = line;
	decoded = decode(r->decoder, &record);
	reason = decoded->reason;
	/* All facts of one event bear its time. */
	if (reason == REJECT_NONE)
		reason = accept_time(decoded->facts[0].time, timestamp, r->config->max_future_skew,
				     r->config->max_lateness);
	if (reason == REJECT_NONE)
		return add_facts(r, decoded);
	r->rejected[reason]++;
	return true;
}

static bool add_file(struct replay *r, const char *path, struct err *err)
{
	struct lines lines;
	struct text line;
	int more;

	/* A timestamp and its tab come on top of the longest event. */
	if (!lines_open(&lines, path, r->config->max_event_size + 24, err))
		return false;
	while ((more = lines_next(&lines, &line, err)) > 0) {
		if (line_is_blank(line))
			continue;
		if (!add_line(r, line)) {
			more = -1;
			err_set(err, EX_TEMPFAIL, "%s:%" PRIu64 ": memory is short", path,
				lines.number);
			break;
		}
	}
	lines_close(&lines);
	return more == 0;
}

static bool parse_at(const char *text, int64_t *at)
{
	char *end;

	if (moment_parse(text_of(text), at))
		return true;
	*at = strtoll(text, &end, 10);
	return isdigit((unsigned char)*text) && *end == 0 && *at <= TIME_MOST;
}

struct options {
	const char *config;
	bool json;
	bool has_at;
	int64_t at;
	bool with_timestamps;
};

/* -1 to go on, else the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'}, {"at", required_argument, NULL, 'a'},
		{"format", required_argument, NULL, 'f'}, {"records", no_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:h", known, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return EX_OK;
		}
		if (c == 'c') {
			o->config = optarg;
		} else if (c == 'r') {
			o->with_timestamps = true;
		} else if (c == 'a' && parse_at(optarg, &o->at)) {
			o->has_at = true;
		} else if (c == 'f' && (!strcmp(optarg, "json") || !strcmp(optarg, "table"))) {
			o->json = !strcmp(optarg, "json");
		} else {
			if (c == 'a' || c == 'f')
				fprintf(stderr, "venturi replay: --%s: not understood: %s\n",
					c == 'a' ? "at" : "format", optarg);
			usage(stderr);
			return EX_USAGE;
		}
	}
	return -1;
}

static int fail(const struct err *err)
{
	fprintf(stderr, "venturi replay: %s\n", err->message);
	return err->code;
}

static bool replay_new(struct replay *r, const struct options *o, struct err *err)
{
	r->config = config_load(o->config, err);
	if (!r->config)
		return false;
	r->with_timestamps = o->with_timestamps;
	r->decoder = decoder_new(r->config->max_event_size);
	r->store = store_new(0);
	if (r->store)
		store_limit(r->store, r->config->max_subjects, r->config->max_names);
	r->fold = r->store ? fold_new(r->config->model, r->config->zone, r->store) : NULL;
	if (!r->decoder || !r->fold)
		return err_set(err, EX_TEMPFAIL, "memory is short");
	return true;
}

static void replay_free(struct replay *r)
{
	fold_free(r->fold);
	store_free(r->store);
	decoder_free(r->decoder);
	config_free(r->config);
}

int replay_main(int argc, char **argv)
{
	struct options o = {0};
	struct replay r = {0};
	struct err err = {0};
	int status = parse_options(argc, argv, &o);
	int64_t now;
	bool ok;

	if (status >= 0)
		return status;
	ok = replay_new(&r, &o, &err);
	if (ok && optind == argc)
		ok = add_file(&r, "-", &err);
	for (; ok && optind < argc; optind++)
		ok = add_file(&r, argv[optind], &err);
	if (ok) {
		now = o.has_at ? o.at : fold_latest(r.fold, INT64_MAX);
		if (now == INT64_MIN)
			now = 0; /* no fact counts */
		if (fold_run(r.fold, now, UINT32_MAX) != 1 ||
		    !(o.json ? report_json : report_table)(r.fold, r.config->model, r.rejected))
			ok = err_set(&err, EX_TEMPFAIL, "memory is short");
	}
	/* What is wrong with a configuration has been told. */
	status = ok ? EX_OK : r.config ? fail(&err) : err.code;
	replay_free(&r);
	return status;
}
