#include "cli/show.h"

#include "cli/show_table.h"
#include "codec/commands.h"
#include "codec/keys.h"
#include "daemon/config.h"
#include "io/redis_sync.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct show {
	const char *command;
	const char *config_path, *url, *prefix; /* NULL: not told */
	bool as_json;
	struct config *config; /* NULL where --redis makes it needless */
	bool told;             /* config_load() has said what is wrong */
};

static const char scopes_usage[] =
	"Usage: venturi scopes [OPTION]…\n"
	"\n"
	"Lists the scopes that are published in Redis, with their levels.\n";

static const char show_usage[] =
	"Usage: venturi show [OPTION]… SCOPE [WINDOW]\n"
	"\n"
	"Shows the metrics of a scope as they stand in Redis: now, or over a WINDOW (7d,\n"
	"30d, 90d, week, month, quarter, last_week, last_month, last_quarter). Without a\n"
	"WINDOW: now and the three rolling windows, as json all.\n";

static const char options_usage[] =
	"\n"
	"      --format table|json  how to show it (default: table)\n"
	"  -c, --config FILE        whose Redis it is (default: " CONFIG_PATH ")\n"
	"      --redis URL          this Redis, whatever the configuration says; rediss://…\n"
	"                           for TLS, unix:///run/redis.sock\n"
	"      --prefix PREFIX      these keys\n"
	"  -h, --help               this help\n"
	"\n"
	"Exit status: 0; 64 to 78 on errors: 66 if there is no such scope, 69 if Redis is\n"
	"not to be reached.\n";

/* The index of the first argument that is no option; 0 if only help was wanted; -1: wrong. */
static int read_options(struct show *show, int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"format", required_argument, NULL, 'f'},
		{"redis", required_argument, NULL, 'r'},  {"prefix", required_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'},         {0}};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			return 0;
		case 'c':
			show->config_path = optarg;
			break;
		case 'r':
			show->url = optarg;
			break;
		case 'p':
			show->prefix = optarg;
			break;
		case 'f':
			show->as_json = strcmp(optarg, "json") == 0;
			if (show->as_json || strcmp(optarg, "table") == 0)
				break;
			fprintf(stderr, "venturi %s: --format is table or json, not %s\n",
				show->command, optarg);
			return -1;
		default:
			return -1;
		}
	}
	return optind;
}

static int complain(const struct show *show, const struct err *err)
{
	if (!show->told)
		fprintf(stderr, "venturi %s: %s\n", show->command, err->message);
	return err->code;
}

/* The configuration says where Redis is, but for what the options say. */
static bool find_redis(struct show *show, struct err *err)
{
	const char *prefix = getenv("VENTURI_REDIS_PREFIX");

	if (!show->url || show->config_path) {
		show->config = config_load(show->config_path, err);
		show->told = !show->config;
		if (show->told)
			return false;
		prefix = show->config->redis_prefix;
	}
	if (!show->prefix)
		show->prefix = prefix && *prefix ? prefix : "venturi:";
	return true;
}

static bool ask(const struct show *show, const struct commands *commands, redis_reply_fn *answered,
		void *arg, struct err *err)
{
	struct redis_options options = {.url = show->url};

	if (!options.url) {
		options.url = show->config->redis_url;
		options.username = show->config->redis_username;
		options.password = show->config->redis_password;
	}
	if (commands->failed)
		return err_set(err, EX_OSERR, "memory is short");
	return redis_ask(&options, (struct text){commands->bytes, commands->len}, commands->n,
			 answered, arg, err);
}

/* ---- venturi scopes ---- */

struct listing {
	struct scope_line *lines;
	size_t n;
	struct err err; /* its code is 0 while all is well */
};

static void level_answered(void *arg, uint32_t i, const struct reply *reply)
{
	struct listing *listing = arg;
	size_t more = reply_count(reply);
	struct scope_line *grown = realloc(listing->lines, (listing->n + more + 1) * sizeof *grown);

	if (grown)
		listing->lines = grown;
	if (!grown || reply_kind(reply) == REPLY_ERROR) {
		struct text why = grown ? reply_text(reply) : TEXT("memory is short");

		err_set(&listing->err, EX_UNAVAILABLE, "Redis says: %.*s", (int)why.len, why.at);
		return;
	}
	for (size_t j = 0; j < more; j++) {
		struct text id = reply_text(reply_at(reply, j));
		char *copy = strndup(id.at ? id.at : "", id.len);

		if (copy)
			listing->lines[listing->n++] = (struct scope_line){copy, level_name(i)};
	}
}

static bool list_scopes(const struct show *show, struct listing *listing, struct err *err)
{
	struct keys *keys = keys_new(show->prefix, 0);
	struct commands commands = {0};
	bool ok;

	if (!keys)
		return err_set(err, EX_OSERR, "memory is short");
	for (enum level level = LEVEL_PORTFOLIO; level <= LEVEL_MODE; level++) {
		commands_begin(&commands, 2);
		commands_arg(&commands, TEXT("SMEMBERS"));
		commands_arg(&commands, keys_fixed(keys, KEY_LEVEL + level));
	}
	ok = ask(show, &commands, level_answered, listing, err);
	if (ok && listing->err.code)
		ok = err_set(err, listing->err.code, "%s", listing->err.message);
	commands_free(&commands);
	keys_free(keys);
	return ok;
}

int scopes_main(int argc, char **argv)
{
	struct show show = {.command = "scopes"};
	struct listing listing = {0};
	struct err err;
	int first = read_options(&show, argc, argv), status;

	if (first == 0) {
		printf("%s%s", scopes_usage, options_usage);
		return 0;
	}
	if (first != argc) {
		fprintf(stderr, "%s%s", scopes_usage, options_usage);
		return EX_USAGE;
	}
	if (find_redis(&show, &err) && list_scopes(&show, &listing, &err)) {
		show_scopes(listing.lines, listing.n, show.as_json);
		status = 0;
	} else {
		status = complain(&show, &err);
	}
	for (size_t i = 0; i < listing.n; i++)
		free(listing.lines[i].id);
	free(listing.lines);
	config_free(show.config);
	return status;
}

/* ---- venturi show ---- */

static void pane_answered(void *arg, uint32_t i, const struct reply *reply)
{
	struct show_pane *pane = (struct show_pane *)arg + i;

	if (reply_kind(reply) == REPLY_ERROR) {
		struct text why = reply_text(reply);

		snprintf(pane->error, sizeof pane->error, "%.*s", (int)why.len, why.at);
		return;
	}
	for (size_t j = 0; j + 1 < reply_count(reply); j += 2)
		if (!show_pane_add(pane, reply_text(reply_at(reply, j)),
				   reply_text(reply_at(reply, j + 1))))
			snprintf(pane->error, sizeof pane->error, "memory is short");
}

static bool window_named(const char *name, enum window *window)
{
	for (*window = 0; *window < PANE_COUNT; ++*window)
		if (strcmp(name, window_name(*window)) == 0)
			return true;
	return false;
}

/* Which hashes are shown; how many. */
static size_t choose(struct show_pane panes[PANE_COUNT], const struct show *show, int window)
{
	static const enum window rolling[] = {PANE_NOW, WINDOW_7D, WINDOW_30D, WINDOW_90D};
	size_t n = 0;

	if (window >= 0) {
		panes[n++].window = (enum window)window;
	} else if (show->as_json) {
		for (enum window each = 0; each < PANE_COUNT; each++)
			panes[n++].window = each;
	} else {
		for (; n < sizeof rolling / sizeof *rolling; n++)
			panes[n].window = rolling[n];
	}
	return n;
}

static bool read_panes(const struct show *show, const char *scope, struct show_pane *panes,
		       size_t n, struct err *err)
{
	struct keys *keys = keys_new(show->prefix, strlen(scope));
	struct commands commands = {0};
	bool any = false, ok;

	if (!keys)
		return err_set(err, EX_OSERR, "memory is short");
	for (size_t i = 0; i < n; i++) {
		commands_begin(&commands, 2);
		commands_arg(&commands, TEXT("HGETALL"));
		commands_arg(&commands, keys_pane(keys, scope, panes[i].window));
	}
	ok = ask(show, &commands, pane_answered, panes, err);
	for (size_t i = 0; ok && i < n; i++) {
		any |= panes[i].n > 0;
		if (panes[i].error[0])
			ok = err_set(err, EX_UNAVAILABLE, "Redis says: %s", panes[i].error);
	}
	if (ok && !any)
		ok = err_set(err, EX_NOINPUT,
			     "nothing is published of %s (`venturi scopes` lists what is)", scope);
	commands_free(&commands);
	keys_free(keys);
	return ok;
}

static int show_scope(struct show *show, const char *scope, int window)
{
	struct show_pane panes[PANE_COUNT] = {0};
	size_t n = choose(panes, show, window);
	struct err err;
	int status;

	if (find_redis(show, &err) && read_panes(show, scope, panes, n, &err)) {
		if (show->as_json)
			show_json(scope, panes, n);
		else
			show_table(scope, panes, n);
		status = 0;
	} else {
		status = complain(show, &err);
	}
	for (size_t i = 0; i < n; i++)
		show_pane_free(&panes[i]);
	config_free(show->config);
	return status;
}

int show_main(int argc, char **argv)
{
	struct show show = {.command = "show"};
	int first = read_options(&show, argc, argv);
	enum window window;

	if (first == 0) {
		printf("%s%s", show_usage, options_usage);
		return 0;
	}
	if (first < 0 || argc - first < 1 || argc - first > 2) {
		fprintf(stderr, "%s%s", show_usage, options_usage);
		return EX_USAGE;
	}
	if (argc - first == 1)
		return show_scope(&show, argv[first], -1);
	if (!window_named(argv[first + 1], &window)) {
		fprintf(stderr, "venturi show: there is no window %s\n", argv[first + 1]);
		return EX_USAGE;
	}
	return show_scope(&show, argv[first], (int)window);
}
