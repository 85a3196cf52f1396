#include "publisher_fixture.h"

#include "codec/keys.h"
#include "commands_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR (DAY / 24)
#define LIST(...)                                                                                  \
	{                                                                                          \
		(const char *[]){__VA_ARGS__},                                                     \
			sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)                     \
	}

static const struct workflow_spec workflow = {
	.name = "default",
	.states = {[CLASS_NEW] = LIST("Open"),
		   [CLASS_ACTIVE] = LIST("Doing", "12e45"),
		   [CLASS_WAIT] = LIST("Waiting"),
		   [CLASS_DONE] = LIST("Done"),
		   [CLASS_CANCELED] = LIST("Canceled")},
};

static const struct product_spec products[] = {
	{.name = "intake", .stream = "claims", .sle_ms = DAY, .sle_ppm = 850000},
	{.name = "payout", .stream = "claims", .mode = MODE_PROJECT},
	{.name = "legacy"},
};

static const struct team_spec teams[] = {
	{.name = "falcon", .product = 0, .rules = {[RULE_LABEL] = LIST("team:falcon")}},
};

static struct model *make_model(bool more)
{
	struct model_spec spec = {
		.portfolio = "acme",
		.workflows = &workflow,
		.n_workflows = 1,
		.products = products,
		.n_products = more ? 3 : 2,
		.teams = teams,
		.n_teams = 1,
		.types = {[TYPE_FEATURE] = LIST("feature"), [TYPE_DEFECT] = LIST("bug")},
		.production = LIST("prod"),
		.canceled_resolutions = LIST("canceled"),
		.severities = LIST("high", "low"),
		.min_severity = "",
		.settle_ms = 90 * DAY,
		.stale_after_ms = 400 * DAY,
		.attribution_max_gap_ms = DAY,
	};
	struct err err = {0};
	struct model *model = model_new(&spec, &err);

	if (!model)
		fail_msg("%s", err.message);
	return model;
}

void board_configure(struct board *board, bool more)
{
	assert_true(publisher_fold(board->publisher, NULL, NULL));
	fold_free(board->fold);
	model_free(board->model);
	board->model = make_model(more);
	board->fold = fold_new(board->model, board->zone, board->store);
	assert_non_null(board->fold);
	assert_true(publisher_fold(board->publisher, board->model, board->fold));
}

int board_start(void **state)
{
	struct publisher_options options = {.prefix = "venturi:", .redis_ttl = 30 * DAY};
	struct board *board = calloc(1, sizeof *board);

	assert_non_null(board);
	board->server = redis_server_start();
	board->redis = redis_server_connection(board->server);
	board->zone = zone_new_utc();
	board->store = store_new(1);
	board->publisher = publisher_new(&options);
	assert_true(board->zone && board->store && board->publisher);
	board->budget = 3000;
	board->moment.complete_ratio = 1;
	board_configure(board, true);
	board_at(board, 0);
	*state = board;
	return 0;
}

int board_stop(void **state)
{
	struct board *board = *state;

	publisher_free(board->publisher);
	fold_free(board->fold);
	store_free(board->store);
	zone_free(board->zone);
	model_free(board->model);
	redis_server_stop(board->server);
	free(board->words);
	free(board);
	return 0;
}

/* ---- Facts ---- */

static void tell(struct board *board, enum fact_kind kind, const char *item, int64_t at,
		 const struct fact_field *fields, size_t n)
{
	static struct fact fact;
	char id[16];
	uint32_t subject;

	snprintf(id, sizeof id, "%u", board->ids++);
	fact.kind = kind;
	fact.about = ABOUT_ITEM;
	fact.time = BEGIN + at;
	fact.source = fact.subject_source = TEXT("tracker");
	fact.id = text_of(id);
	fact.subject = text_of(item);
	fact.n = n;
	memcpy(fact.fields, fields, n * sizeof *fields);
	assert_int_equal(store_add(board->store, &fact, &subject, NULL), STORE_ADDED);
	assert_true(fold_touch(board->fold, subject));
}

void item_created(struct board *board, const char *item, const char *product, int64_t at)
{
	struct fact_field fields[] = {
		{.field = FIELD_PRODUCT, .text = text_of(product)},
		{.field = FIELD_LABELS, .text = TEXT("team:falcon")},
		{.field = FIELD_TYPE, .text = TEXT("bug")},
	};

	tell(board, FACT_ITEM_CREATED, item, at, fields, 3);
}

void item_moved(struct board *board, const char *item, const char *to, int64_t at)
{
	struct fact_field field = {.field = FIELD_TO, .text = text_of(to)};

	tell(board, FACT_ITEM_STATE, item, at, &field, 1);
}

void item_done(struct board *board, const char *item, const char *product, int64_t created,
	       int64_t started, int64_t finished)
{
	item_created(board, item, product, created);
	item_moved(board, item, "Doing", started);
	item_moved(board, item, "Done", finished);
}

/* ---- Transactions ---- */

void board_at(struct board *board, int64_t at)
{
	board->now = BEGIN + at;
	board->moment.wall = board->now + 7;
	board->moment.monotonic = 1000000 + at;
}

static void fold_up(struct board *board)
{
	int done;

	while ((done = fold_run(board->fold, board->now, 1000)) == 0)
		;
	assert_int_equal(done, 1);
}

static redisReply *reply_of(struct board *board)
{
	redisReply *reply = NULL;

	assert_int_equal(redisGetReply(board->redis, (void **)&reply), REDIS_OK);
	return reply;
}

/* Executes the commands as one transaction, and tells the publisher what failed. */
static void execute(struct board *board, const struct commands *out)
{
	uint32_t *failed = calloc(out->n + 1, sizeof *failed);
	size_t n_failed = 0;
	redisReply *reply;

	assert_non_null(failed);
	redisAppendCommand(board->redis, "MULTI");
	redisAppendFormattedCommand(board->redis, out->bytes, out->len);
	redisAppendCommand(board->redis, "EXEC");
	for (uint32_t i = 0; i < out->n + 1; i++) {
		reply = reply_of(board);
		assert_int_equal(reply->type, REDIS_REPLY_STATUS);
		freeReplyObject(reply);
	}
	reply = reply_of(board);
	assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
	assert_int_equal(reply->elements, out->n);
	for (uint32_t i = 0; i < out->n; i++)
		if (reply->element[i]->type == REDIS_REPLY_ERROR)
			failed[n_failed++] = i;
	freeReplyObject(reply);
	publisher_published(board->publisher, true, failed, n_failed);
	free(failed);
}

bool publish_once(struct board *board)
{
	struct commands out = {0};
	bool more;

	fold_up(board);
	if (board->shorten)
		board->shorten(true);
	more = publisher_publish(board->publisher, &out, ++board->cut, board->budget,
				 &board->moment);
	if (board->shorten)
		board->shorten(false);
	assert_true(!out.failed || board->shorten);
	if (out.failed) {
		board->lose = true;
		commands_clear(&out);
	}
	board->fields = out.fields;
	free(board->words);
	board->words = out.n ? commands_words(&out) : NULL;
	if (board->lose)
		publisher_published(board->publisher, false, NULL, 0);
	else if (out.n)
		execute(board, &out);
	board->lose = false;
	commands_free(&out);
	return more;
}

/* Looks once for keys that are to go, as the keeper does outside of transactions. */
static void scan_once(struct board *board)
{
	struct text keys[2000];
	uint64_t cursor;
	redisReply *reply, *found;

	if (!publisher_scan(board->publisher, &cursor))
		return;
	reply = redisCommand(board->redis, "SCAN %llu MATCH venturi:* COUNT 10",
			     (unsigned long long)cursor);
	found = reply->element[1];
	assert_true(found->elements < 2000);
	for (size_t i = 0; i < found->elements; i++)
		keys[i] = (struct text){found->element[i]->str, found->element[i]->len};
	publisher_scanned(board->publisher, strtoull(reply->element[0]->str, NULL, 10), keys,
			  found->elements);
	freeReplyObject(reply);
}

unsigned publish_all(struct board *board)
{
	unsigned n = 0;
	uint64_t cursor;
	char *words;
	size_t len;
	FILE *all = open_memstream(&words, &len);

	assert_non_null(all);
	do {
		publish_once(board);
		fputs(board->words ? board->words : "", all);
		scan_once(board);
		assert_true(++n < 10000);
	} while (publisher_due(board->publisher, &board->moment) ||
		 publisher_scan(board->publisher, &cursor));
	fclose(all);
	free(board->words);
	board->words = words;
	return n;
}

/* ---- What Redis shows ---- */

const char *ask(struct board *board, const char *format, ...)
{
	static char answer[4096];
	char command[1024];
	va_list args;
	redisReply *reply;

	va_start(args, format);
	vsnprintf(command, sizeof command, format, args);
	va_end(args);
	reply = redisCommand(board->redis, command);
	assert_non_null(reply);
	if (reply->type == REDIS_REPLY_INTEGER)
		snprintf(answer, sizeof answer, "%lld", reply->integer);
	else if (reply->type == REDIS_REPLY_ERROR)
		answer[0] = '\0';
	else
		snprintf(answer, sizeof answer, "%s", reply->str ? reply->str : "");
	freeReplyObject(reply);
	return answer;
}

static const char *field_of(const redisReply *hash, const char *name)
{
	for (size_t i = 0; i + 1 < hash->elements; i += 2)
		if (strcmp(hash->element[i]->str, name) == 0)
			return hash->element[i + 1]->str;
	return "(absent)";
}

static void assert_pane(struct board *board, const char *key, enum window window,
			const double *values, const char *cut)
{
	redisReply *hash = redisCommand(board->redis, "HGETALL %s", key);
	char text[NUMBER_TEXT + 1];
	size_t fields = 5;

	for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
		const struct metric_info *info = metric_info(metric);
		const char *shown = field_of(hash, info->name);

		if (!metric_in(metric, window))
			continue;
		fields++;
		text[number_write(info->unit, values[metric], text)] = '\0';
		if (strcmp(shown, text) != 0)
			fail_msg("%s %s: is %s, should be %s", key, info->name, shown, text);
	}
	assert_int_equal(hash->elements, 2 * fields);
	if (strcmp(field_of(hash, "cut"), cut) != 0)
		fail_msg("%s: another cut than the scope's first", key);
	freeReplyObject(hash);
}

static void assert_panes(struct board *board, uint32_t scope)
{
	static double values[PANE_COUNT][METRIC_COUNT];
	const char *id = model_scope(board->model, scope)->id;
	char key[200], cut[32];

	fold_panes(board->fold, scope, values);
	snprintf(cut, sizeof cut, "%s", ask(board, "HGET venturi:flow:%s:7d cut", id));
	for (enum window window = 0; window < PANE_OUTLOOK; window++) {
		snprintf(key, sizeof key, "venturi:flow:%s:%s", id, window_name(window));
		assert_pane(board, key, window, values[window], cut);
	}
}

/* The entries of a stream, walked beside the rows that it is to show. */
struct walk {
	const char *key;
	redisReply *entries;
	size_t next;
	int64_t ms;
	int number;
};

static bool assert_entry(void *arg, const struct row *row)
{
	struct walk *walk = arg;
	const redisReply *entry, *fields;
	char text[300];

	if (walk->next >= walk->entries->elements)
		fail_msg("%s: an entry is missing", walk->key);
	entry = walk->entries->element[walk->next++];
	fields = entry->element[1];
	walk->number = row->ms == walk->ms ? walk->number + 1 : 0;
	walk->ms = row->ms;
	snprintf(text, sizeof text, "%lld-%d", (long long)row->ms, walk->number);
	assert_string_equal(entry->element[0]->str, text);
	assert_int_equal(fields->elements, 2 * row->n);
	for (size_t i = 0; i < row->n; i++) {
		const struct row_cell *cell = &row->cells[i];

		assert_string_equal(fields->element[2 * i]->str, cell->name);
		if (cell->is_text && text_same(cell->text, TEXT("12e45")))
			snprintf(text, sizeof text, "id:12e45");
		else if (cell->is_text)
			snprintf(text, sizeof text, "%.*s", (int)cell->text.len, cell->text.at);
		else
			text[number_write(cell->unit, cell->number, text)] = '\0';
		if (strcmp(fields->element[2 * i + 1]->str, text) != 0)
			fail_msg("%s %s %s: is %s, should be %s", walk->key, entry->element[0]->str,
				 cell->name, fields->element[2 * i + 1]->str, text);
	}
	return true;
}

static void assert_table(struct board *board, uint32_t scope, struct table_key key)
{
	struct keys *keys = keys_new("venturi:", 100);
	struct text name = keys_table(keys, model_scope(board->model, scope)->id, key);
	struct walk walk = {.ms = -1};
	char copy[200];

	snprintf(copy, sizeof copy, "%.*s", (int)name.len, name.at);
	keys_free(keys);
	walk.key = copy;
	if (!fold_has_table(board->fold, scope, key.table, key.window)) {
		assert_string_equal(ask(board, "EXISTS %s", copy), "0");
		return;
	}
	walk.entries = redisCommand(board->redis, "XRANGE %s - +", copy);
	assert_int_equal(walk.entries->type, REDIS_REPLY_ARRAY);
	assert_true(fold_table(board->fold, scope, key.table, key.window, assert_entry, &walk));
	if (walk.next != walk.entries->elements)
		fail_msg("%s: %zu entries too many", copy, walk.entries->elements - walk.next);
	if (walk.next == 0)
		assert_string_equal(ask(board, "EXISTS %s", copy), "0");
	assert_string_not_equal(ask(board, "HGET venturi:tables %s", copy), "");
	freeReplyObject(walk.entries);
}

/* What changes as time goes by is shown later than what news changes: have that shown too. */
static void let_time_pass(struct board *board)
{
	board_at(board, board->now - BEGIN + 6000);
	for (uint32_t scope = 0; scope < model_scopes(board->model); scope++)
		fold_changed(board->fold, scope, 1u << TABLE_AGING);
	publish_all(board);
}

void assert_all_shown(struct board *board)
{
	let_time_pass(board);
	for (uint32_t scope = 0; scope < model_scopes(board->model); scope++) {
		assert_panes(board, scope);
		for (unsigned i = 0; i < TABLE_KEYS; i++)
			assert_table(board, scope, table_key(i));
	}
	assert_int_equal(atoi(ask(board, "SCARD venturi:scopes")), model_scopes(board->model));
	assert_int_equal(atoi(ask(board, "HLEN venturi:metrics")), METRIC_COUNT);
	assert_string_equal(ask(board, "EXISTS venturi:state:build"), "0");
}
