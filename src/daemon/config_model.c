/*
 * config_model: workflows, types, products, teams and baselines of a file: checked, and made a
 * model.
 */
#include "daemon/config_inner.h"

#include <stdlib.h>
#include <string.h>

static const char *const rule_names[RULE_COUNT] = {"repositories", "services", "projects",
						   "sources", "labels"};
static const char *const class_names[CLASS_COUNT] = {"new", "active", "wait", "done", "canceled"};

/* What is gathered; arrays have room for all sections of the file. */
struct gathered {
	struct reading *r;
	const struct conf_entry *root;
	struct workflow_spec *workflows;
	struct product_spec *products;
	struct team_spec *teams;
	struct baseline_spec *baselines;
	size_t n_workflows, n_products, n_teams, n_baselines;
	struct types_options types;
	struct environments_options environments;
};

#define NAME_RULE "a name has letters, digits, '.', '_' and '-', and no '_' in front"

static void mistake(struct gathered *g, const struct conf_entry *entry, const char *what)
{
	conf_error(g->r->errors, entry->line, "%s \"%s\": %s", entry->name, entry->title, what);
}

/* The line of a key in a section, else the section's own. */
static int line_in(const struct conf_entry *entry, const char *key)
{
	for (size_t i = 0; i < entry->n_entries; i++)
		if (!strcmp(entry->entries[i].name, key))
			return entry->entries[i].line;
	return entry->line;
}

static bool same(const char *a, const char *b)
{
	return text_same_any_case(text_of(a), text_of(b));
}

static bool check_title(struct gathered *g, const struct conf_entry *entry)
{
	if (entry->title && *entry->title)
		return true;
	conf_error(g->r->errors, entry->line, "%s: a name was expected: %s \"…\" {", entry->name,
		   entry->name);
	return false;
}

/* ---- Workflows and types ---- */

/* Of two classes that clash: where the section names the latter, else the former. */
static int line_of_class(const struct conf_entry *entry, int a, int b)
{
	for (size_t i = 0; i < entry->n_entries; i++)
		if (!strcmp(entry->entries[i].name, class_names[b]))
			return entry->entries[i].line;
	return line_in(entry, class_names[a]);
}

static void check_states(struct gathered *g, const struct conf_entry *entry,
			 const struct workflow_spec *workflow)
{
	for (int a = 0; a < CLASS_COUNT; a++)
		for (size_t i = 0; i < workflow->states[a].n; i++)
			for (int b = a + 1; b < CLASS_COUNT; b++)
				for (size_t j = 0; j < workflow->states[b].n; j++)
					if (same(workflow->states[a].names[i],
						 workflow->states[b].names[j]))
						conf_error(g->r->errors, line_of_class(entry, a, b),
							   "workflow \"%s\": the state \"%s\" is "
							   "of two classes, %s and %s",
							   workflow->name,
							   workflow->states[b].names[j],
							   class_names[a], class_names[b]);
}

static void add_workflow(struct gathered *g, const struct conf_entry *entry)
{
	struct workflow_spec *workflow = NULL;
	struct workflow_options options = {0};

	if (!check_title(g, entry))
		return;
	for (size_t i = 0; i < g->n_workflows; i++)
		if (!strcmp(g->workflows[i].name, entry->title))
			workflow = &g->workflows[i];
	if (!workflow) {
		workflow = &g->workflows[g->n_workflows++];
		workflow->name = config_string(g->r, entry->title);
		if (!workflow->name)
			return;
	}
	/* A class that the section does not name stays as it is. */
	memcpy(options.states, workflow->states, sizeof options.states);
	config_apply(g->r, "workflow", entry, &options, false);
	memcpy(workflow->states, options.states, sizeof options.states);
	check_states(g, entry, workflow);
}

static void check_types(struct gathered *g, const struct conf_entry *entry)
{
	for (int a = 0; a < TYPE_OTHER; a++)
		for (size_t i = 0; i < g->types.types[a].n; i++)
			for (int b = a + 1; b < TYPE_OTHER; b++)
				for (size_t j = 0; j < g->types.types[b].n; j++)
					if (same(g->types.types[a].names[i],
						 g->types.types[b].names[j]))
						conf_error(g->r->errors, entry->line,
							   "types: \"%s\" is in two lists",
							   g->types.types[b].names[j]);
}

/* ---- Products and teams ---- */

static void check_name(struct gathered *g, const struct conf_entry *entry)
{
	if (!model_name_valid(text_of(entry->title)))
		mistake(g, entry, NAME_RULE);
	if (!strcmp(entry->name, "product") && same(entry->title, "unmapped"))
		mistake(g, entry, "this name is taken: it is what nothing places");
}

static void check_patterns(struct gathered *g, const struct conf_entry *entry,
			   const struct name_list rules[RULE_COUNT],
			   const struct name_list others[RULE_COUNT], const char *other)
{
	for (int rule = 0; rule < RULE_COUNT; rule++)
		for (size_t i = 0; i < rules[rule].n; i++)
			for (size_t j = 0; j < others[rule].n; j++)
				if (same(rules[rule].names[i], others[rule].names[j]))
					conf_error(g->r->errors, line_in(entry, rule_names[rule]),
						   "%s \"%s\": the pattern \"%s\" of %s "
						   "is also that of \"%s\"",
						   entry->name, entry->title, rules[rule].names[i],
						   rule_names[rule], other);
}

/* Names are compared as their ids are: in any case. */
static void check_product(struct gathered *g, const struct conf_entry *entry,
			  const struct product_spec *product)
{
	check_name(g, entry);
	if (product->stream && *product->stream && !model_name_valid(text_of(product->stream)))
		conf_error(g->r->errors, line_in(entry, "stream"), "stream: \"%s\": " NAME_RULE,
			   product->stream);
	for (size_t i = 0; i < g->n_products; i++) {
		const struct product_spec *other = &g->products[i];
		bool siblings = same(product->stream, other->stream);
		bool shadow = (!*product->stream && same(product->name, other->stream)) ||
			      (!*other->stream && same(other->name, product->stream));

		if (!strcmp(product->name, other->name))
			mistake(g, entry, "there is a product of this name already");
		else if ((siblings && same(product->name, other->name)) || shadow)
			mistake(g, entry, "another scope has the same id");
		check_patterns(g, entry, product->rules, other->rules, other->name);
	}
	if (same(product->stream, "unmapped"))
		conf_error(g->r->errors, line_in(entry, "stream"),
			   "stream: this name is taken: it is what nothing places");
}

static void add_product(struct gathered *g, const struct conf_entry *entry)
{
	struct product_options options = {0};
	struct product_spec *product = &g->products[g->n_products];

	if (!check_title(g, entry))
		return;
	config_apply(g->r, "product", entry, &options, true);
	if (g->r->no_memory)
		return;
	*product = (struct product_spec){.name = config_string(g->r, entry->title),
					 .stream = options.stream,
					 .workflow = g->n_workflows,
					 .mode = (enum mode)options.mode,
					 .sle_ms = options.sle.ms,
					 .sle_ppm = options.sle.ppm,
					 .release = (enum release_by)options.release,
					 .change_start = (enum change_start)options.change_start};
	if (!product->name)
		return;
	memcpy(product->rules, options.rules, sizeof product->rules);
	for (size_t i = 0; i < g->n_workflows; i++)
		if (!strcmp(g->workflows[i].name, options.workflow))
			product->workflow = i;
	if (product->workflow == g->n_workflows) {
		conf_error(g->r->errors, line_in(entry, "workflow"),
			   "workflow: there is no workflow \"%s\"", options.workflow);
		product->workflow = 0;
	}
	check_product(g, entry, product);
	g->n_products++;
}

static void add_team(struct gathered *g, const struct conf_entry *entry)
{
	struct team_options options = {0};
	struct team_spec *team = &g->teams[g->n_teams];
	size_t product = 0;

	if (!check_title(g, entry))
		return;
	config_apply(g->r, "team", entry, &options, true);
	if (g->r->no_memory)
		return;
	while (product < g->n_products && strcmp(g->products[product].name, options.product) != 0)
		product++;
	if (product == g->n_products) {
		conf_error(g->r->errors, line_in(entry, "product"),
			   "team \"%s\": there is no product \"%s\"", entry->title,
			   options.product);
		return;
	}
	*team = (struct team_spec){.name = config_string(g->r, entry->title), .product = product};
	if (!team->name)
		return;
	memcpy(team->rules, options.rules, sizeof team->rules);
	check_name(g, entry);
	for (size_t i = 0; i < g->n_teams; i++)
		if (g->teams[i].product == product && same(g->teams[i].name, team->name))
			mistake(g, entry, "another scope has the same id");
	g->n_teams++;
}

static void add_baseline(struct gathered *g, const struct conf_entry *entry)
{
	struct baseline_options options = {INT32_MIN, INT32_MIN};

	if (!check_title(g, entry))
		return;
	config_apply(g->r, "baseline", entry, &options, false);
	if (options.first == INT32_MIN || options.last == INT32_MIN)
		mistake(g, entry, "from and to were expected");
	else if (options.last < options.first)
		mistake(g, entry, "it ends before it begins");
	if (!strcmp(entry->title, "previous"))
		mistake(g, entry, "this name is taken: it is the period before");
	for (size_t i = 0; i < g->n_baselines; i++)
		if (!strcmp(g->baselines[i].name, entry->title))
			mistake(g, entry, "there is a baseline of this name already");
	g->baselines[g->n_baselines++] = (struct baseline_spec){config_string(g->r, entry->title),
								options.first, options.last};
}

/* ---- All ---- */

static void each(struct gathered *g, const char *name,
		 void (*add)(struct gathered *, const struct conf_entry *))
{
	for (size_t i = 0; i < g->root->n_entries && !g->r->no_memory; i++)
		if (g->root->entries[i].kind == CONF_SECTION &&
		    !strcmp(g->root->entries[i].name, name))
			add(g, &g->root->entries[i]);
}

static void add_types(struct gathered *g, const struct conf_entry *entry)
{
	config_apply(g->r, "types", entry, &g->types, false);
	check_types(g, entry);
}

static void add_environments(struct gathered *g, const struct conf_entry *entry)
{
	config_apply(g->r, "environments", entry, &g->environments, false);
}

static bool room(struct gathered *g)
{
	struct reading *r = g->r;
	size_t n = g->root->n_entries + 1;
	struct workflow_options standard = {0};

	g->workflows = config_room(r, n * sizeof *g->workflows);
	g->products = config_room(r, n * sizeof *g->products);
	g->teams = config_room(r, n * sizeof *g->teams);
	g->baselines = config_room(r, n * sizeof *g->baselines);
	config_apply(r, "workflow", NULL, &standard, true);
	config_apply(r, "types", NULL, &g->types, true);
	config_apply(r, "environments", NULL, &g->environments, true);
	if (r->no_memory)
		return false;
	g->workflows[0] = (struct workflow_spec){.name = "default"};
	memcpy(g->workflows[0].states, standard.states, sizeof standard.states);
	g->n_workflows = 1;
	return true;
}

static void make_model(struct gathered *g)
{
	struct config *c = g->r->config;
	struct model_spec spec = {.portfolio = c->portfolio,
				  .workflows = g->workflows,
				  .n_workflows = g->n_workflows,
				  .products = g->products,
				  .n_products = g->n_products,
				  .teams = g->teams,
				  .n_teams = g->n_teams,
				  .baselines = g->baselines,
				  .n_baselines = g->n_baselines,
				  .production = g->environments.production,
				  .canceled_resolutions = c->canceled_resolutions,
				  .severities = c->severities,
				  .min_severity = c->min_severity,
				  .unplanned_labels = c->unplanned_labels,
				  .unplanned_branches = c->unplanned_branches,
				  .ignore_sources = c->ignore_sources,
				  .settle_ms = c->settle,
				  .stale_after_ms = c->stale_after,
				  .attribution_max_gap_ms = c->attribution_max_gap};
	struct err err;

	memcpy(spec.types, g->types.types, sizeof spec.types);
	c->model = model_new(&spec, &err);
	if (!c->model)
		conf_error(g->r->errors, 0, "%s", err.message);
}

static void check_severity(struct gathered *g)
{
	const struct config *c = g->r->config;

	for (size_t i = 0; i < c->severities.n; i++)
		if (same(c->severities.names[i], c->min_severity))
			return;
	if (*c->min_severity)
		conf_error(g->r->errors, config_line(g->root, "", "min_severity"),
			   "min_severity: \"%s\" is none of severities", c->min_severity);
}

void config_build_model(struct reading *r, const struct conf_entry *root)
{
	struct gathered g = {.r = r, .root = root};

	if (!room(&g))
		return;
	if (!model_name_valid(text_of(r->config->portfolio)))
		conf_error(r->errors, config_line(root, "", "portfolio"),
			   "portfolio: \"%s\": " NAME_RULE, r->config->portfolio);
	check_severity(&g);
	each(&g, "workflow", add_workflow);
	each(&g, "types", add_types);
	each(&g, "environments", add_environments);
	each(&g, "product", add_product);
	each(&g, "team", add_team);
	each(&g, "baseline", add_baseline);
	if (!r->no_memory && !r->errors->n)
		make_model(&g);
}
