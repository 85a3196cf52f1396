#include "world.h"

#include "venturi/decode.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES(...)                                                                                 \
	{                                                                                          \
		(const char *[]){__VA_ARGS__},                                                     \
			sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)                     \
	}

struct world *world_new(const struct world_options *options)
{
	static const struct world_options none;
	const struct world_options *o = options ? options : &none;
	const struct workflow_spec workflows[] = {
		{"default",
		 {NAMES("Open", "To Do", "Backlog"), NAMES("In Progress", "Doing"),
		  NAMES("Ready", "In Review", "Waiting"), NAMES("Done", "Closed"),
		  NAMES("Canceled")}},
		{"kanban",
		 {NAMES("Options"), NAMES("Build", "Doing"), NAMES("Ready for Build"),
		  NAMES("Done", "Delivered"), NAMES("Rejected")}},
	};
	const struct product_spec products[] = {
		{.name = "intake",
		 .stream = "claims",
		 .rules = {[RULE_PROJECT] = NAMES("CLM"), [RULE_SERVICE] = NAMES("api")},
		 .sle_ms = 2 * DAY,
		 .sle_ppm = 850000},
		{.name = "fraud",
		 .stream = "claims",
		 .workflow = 1,
		 .mode = MODE_PROJECT,
		 .release = RELEASE_BY_PUBLICATION,
		 .rules = {[RULE_PROJECT] = NAMES("FRD"), [RULE_SERVICE] = NAMES("scorer")}},
		{.name = "billing",
		 .stream = "policy",
		 .rules = {[RULE_PROJECT] = NAMES("BIL"), [RULE_SERVICE] = NAMES("billing")}},
		{.name = o->extra_product,
		 .stream = "claims",
		 .rules = {[RULE_PROJECT] = NAMES(o->extra_product)}},
	};
	const struct team_spec teams[] = {
		{.name = "falcon", .product = 0, .rules = {[RULE_LABEL] = NAMES("team:falcon")}}};
	const struct model_spec spec = {
		.portfolio = "acme",
		.workflows = workflows,
		.n_workflows = 2,
		.products = products,
		.n_products = o->extra_product ? 4 : 3,
		.teams = teams,
		.n_teams = 1,
		.types = {NAMES("feature", "story"), NAMES("defect", "bug"), NAMES("risk"),
			  NAMES("debt")},
		.production = NAMES("prod", "prod-*"),
		.canceled_resolutions = NAMES("canceled", "wontfix"),
		.severities = NAMES("high", "low"),
		.min_severity = "",
		.ignore_sources = {(const char *[]){o->ignore_source}, o->ignore_source ? 1 : 0},
		.settle_ms = o->settle_ms ? o->settle_ms : 90 * DAY,
		.stale_after_ms = o->stale_after_ms ? o->stale_after_ms : 400 * DAY,
		.attribution_max_gap_ms = DAY,
	};
	struct world *w = calloc(1, sizeof *w);
	struct err err = {0};

	assert(w);
	w->model = model_new(&spec, &err);
	if (!w->model)
		fprintf(stderr, "%s\n", err.message);
	w->zone = zone_new_utc();
	w->store = store_new(7);
	assert(w->model && w->zone && w->store);
	w->fold = fold_new(w->model, w->zone, w->store);
	assert(w->fold);
	return w;
}

void world_free(struct world *w)
{
	fold_free(w->fold);
	store_free(w->store);
	zone_free(w->zone);
	model_free(w->model);
	free(w);
}

int64_t instant(const char *text)
{
	char whole[40];
	int64_t ms;
	bool ok;

	snprintf(whole, sizeof whole, "%s%s", text, strchr(text, 'T') ? "" : "T00:00:00Z");
	ok = moment_parse(text_of(whole), &ms);
	assert(ok);
	return ok ? ms : 0;
}

static void add_field(struct fact *fact, const char *name, char *value)
{
	enum field field = field_named(text_of(name));
	struct fact_field *at = &fact->fields[fact->n];

	assert(field < FIELD_COUNT);
	at->field = field;
	switch (field_type(field)) {
	case FIELD_IS_LIST:
		for (char *part = strtok(value, ","); part; part = strtok(NULL, ","))
			fact->fields[fact->n++] =
				(struct fact_field){.field = field, .text = text_of(part)};
		return;
	case FIELD_IS_NUMBER:
		at->number = (int64_t)(strtod(value, NULL) * NUMBER_ONE);
		break;
	case FIELD_IS_MOMENT:
		at->number = instant(value);
		break;
	case FIELD_IS_FLAG:
		at->number = !strcmp(value, "true");
		break;
	default:
		at->text = text_of(value);
		break;
	}
	fact->n++;
}

static int by_field(const void *a, const void *b)
{
	const struct fact_field *x = a, *y = b;

	/* Elements of a list keep their order: they lie one behind another. */
	return x->field != y->field ? (x->field > y->field) - (x->field < y->field)
				    : (x > y) - (x < y);
}

enum outcome world_add(struct world *w, const struct fact *fact)
{
	uint32_t subject;
	enum outcome outcome = store_add(w->store, fact, &subject, NULL);

	assert(outcome != STORE_NO_MEMORY);
	if ((outcome == STORE_ADDED || outcome == STORE_CONFLICT_TAKEN) &&
	    !fold_touch(w->fold, subject))
		assert(!"memory");
	return outcome;
}

void world_tell(struct world *w, const char *line)
{
	static struct fact fact;
	char *copy = strdup(line), *words[40], *save = NULL, id[16];
	size_t n = 0;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		words[n++] = word;
	assert(n >= 3);
	for (size_t i = 0; i < n; i++)
		for (char *c = words[i]; *c; c++)
			*c = *c == '+' ? ' ' : *c;
	snprintf(id, sizeof id, "e%u", ++w->told);
	fact = (struct fact){.kind = fact_kind_named(text_of(words[1])),
			     .time = instant(words[0]),
			     .source = TEXT("tracker"),
			     .id = text_of(id)};
	assert(fact.kind < FACT_KINDS);
	fact.about = fact_kind_about(fact.kind);
	if (strcmp(words[2], "-"))
		fact.subject = text_of(words[2]);
	for (size_t i = 3; i < n; i++) {
		char *equals = strchr(words[i], '='), *value = equals + 1;

		assert(equals);
		*equals = 0;
		if (!strcmp(words[i], "id"))
			fact.id = text_of(value);
		else if (!strcmp(words[i], "source"))
			fact.source = text_of(value);
		else if (!strcmp(words[i], "subject_source"))
			fact.subject_source = text_of(value);
		else if (!strcmp(words[i], "sequence"))
			fact.sequence = text_of(value);
		else
			add_field(&fact, words[i], value);
	}
	if (!fact.subject_source.len)
		fact.subject_source = fact.source;
	/* A release that names no service is about the product's releases. */
	if (fact.kind == FACT_RELEASE_PUBLISHED && !fact.subject.len)
		fact.about = ABOUT_RELEASE;
	for (size_t i = 0; fact.about == ABOUT_RELEASE && i < fact.n; i++)
		if (fact.fields[i].field == FIELD_PRODUCT)
			fact.subject = fact.fields[i].text;
	qsort(fact.fields, fact.n, sizeof *fact.fields, by_field);
	world_add(w, &fact);
	free(copy);
}

void world_tell_all(struct world *w, const char *const *lines)
{
	for (; *lines; lines++)
		world_tell(w, *lines);
}

void world_at(struct world *w, const char *now)
{
	int done = fold_run(w->fold, instant(now), UINT32_MAX);

	assert(done == 1);
	(void)done;
}

double world_value(struct world *w, const char *scope, enum window window, enum metric metric)
{
	double values[METRIC_COUNT];
	uint32_t number = model_scope_named(w->model, text_of(scope));

	assert(number != UINT32_MAX && metric < METRIC_COUNT && metric_in(metric, window));
	fold_pane(w->fold, number, window, values);
	return values[metric];
}

/* ---- Everything as text ---- */

struct dump {
	char *text;
	size_t len, room;
};

static void dump(struct dump *d, const char *format, ...)
{
	va_list args;

	if (d->len + 512 > d->room) {
		d->room = d->room ? d->room * 2 : 1 << 16;
		d->text = realloc(d->text, d->room);
		assert(d->text);
	}
	va_start(args, format);
	d->len += (size_t)vsnprintf(d->text + d->len, 512, format, args);
	va_end(args);
}

static bool dump_row(void *arg, const struct row *row)
{
	struct dump *d = arg;

	dump(d, "  %" PRId64 "/%d", row->ms, row->day);
	for (size_t i = 0; i < row->n; i++) {
		char number[NUMBER_TEXT];
		size_t len = number_write(row->cells[i].unit, row->cells[i].number, number);

		if (row->cells[i].is_text)
			dump(d, " %s=%.*s", row->cells[i].name, (int)row->cells[i].text.len,
			     row->cells[i].text.at);
		else
			dump(d, " %s=%.*s", row->cells[i].name, (int)len, number);
	}
	dump(d, "\n");
	return true;
}

static void dump_scope(struct world *w, struct dump *d, uint32_t scope)
{
	double values[PANE_COUNT][METRIC_COUNT];

	fold_panes(w->fold, scope, values);
	for (enum window window = 0; window < PANE_COUNT; window++)
		for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
			char number[NUMBER_TEXT];
			size_t len = number_write(metric_info(metric)->unit, values[window][metric],
						  number);

			if (metric_in(metric, window))
				dump(d, "%s %s %s %.*s\n", model_scope(w->model, scope)->id,
				     window_name(window), metric_info(metric)->name, (int)len,
				     number);
		}
	for (enum table table = 0; table < TABLE_COUNT; table++)
		for (enum window window = 0; window < WINDOW_COUNT; window++) {
			bool one = table != TABLE_STAGES && table != TABLE_DIST_CYCLE_TIME &&
				   table != TABLE_DIST_LEAD_TIME;

			if ((one && window) || !fold_has_table(w->fold, scope, table, window))
				continue;
			dump(d, "%s table %d %s\n", model_scope(w->model, scope)->id, (int)table,
			     window_name(window));
			if (!fold_table(w->fold, scope, table, window, dump_row, d))
				assert(!"memory");
		}
}

static bool above_or_same(const char *scope, const char *below)
{
	size_t n = strlen(scope);
	const char *mode = strstr(scope, "/_");

	if (mode)
		n = (size_t)(mode - scope);
	return !strncmp(scope, below, n) && (below[n] == 0 || below[n] == '/');
}

char *world_dump(struct world *w, const char *but)
{
	struct dump d = {0};

	for (uint32_t scope = 0; scope < model_scopes(w->model); scope++)
		if (!but || !above_or_same(model_scope(w->model, scope)->id, but))
			dump_scope(w, &d, scope);
	return d.text;
}
