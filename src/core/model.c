#include "model_parts.h"
#include "venturi/glob.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* All that a model holds hangs on one list, and goes with it. */
struct piece {
	struct piece *next;
	max_align_t bytes[];
};

void *model_memory(struct model *model, size_t n, size_t size)
{
	struct piece *piece;

	if (size && n > (SIZE_MAX - sizeof *piece) / size)
		return NULL;
	piece = calloc(1, sizeof *piece + n * size);
	if (!piece)
		return NULL;
	piece->next = model->pieces;
	model->pieces = piece;
	return piece->bytes;
}

char *model_string(struct model *model, struct text text)
{
	char *copy = model_memory(model, text.len + 1, 1);

	if (copy && text.len)
		memcpy(copy, text.at, text.len);
	return copy;
}

bool model_no_memory(struct err *err)
{
	return err_set(err, 71, "out of memory");
}

/* The one service of a product, by which changes find its deployments. */
static const char *only_service(const struct name_list *services)
{
	if (services->n != 1 || glob_has_wildcard(text_of(services->names[0])))
		return NULL;
	return services->names[0];
}

static bool copy_product(struct model *model, const struct product_spec *spec,
			 struct product *product, struct err *err)
{
	const char *service = only_service(&spec->rules[RULE_SERVICE]);

	product->name = model_string(model, text_of(spec->name));
	product->workflow = spec->workflow;
	product->mode = spec->mode;
	product->sle_ms = spec->sle_ms;
	product->sle_ppm = spec->sle_ppm;
	product->release = spec->release;
	product->change_start = spec->change_start;
	product->only_service = service ? model_string(model, text_of(service)) : NULL;
	if (!product->name || (service && !product->only_service))
		return model_no_memory(err);
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return text_compare(((const struct word *)a)->name, ((const struct word *)b)->name);
}

static bool sort_product_names(struct model *model, size_t n, struct err *err)
{
	struct words *names = &model->product_names;

	names->all = model_memory(model, n, sizeof *names->all);
	if (!names->all)
		return model_no_memory(err);
	for (size_t i = 0; i < n; i++)
		names->all[i] = (struct word){text_of(model->products[i].name), (uint32_t)i};
	names->n = n;
	if (n)
		qsort(names->all, n, sizeof *names->all, compare_names);
	for (size_t i = 1; i < n; i++)
		if (text_same(names->all[i - 1].name, names->all[i].name))
			return err_set(err, 78, "two products are named \"%s\"",
				       names->all[i].name.at);
	return true;
}

static bool make_products(struct model *model, const struct model_spec *spec, struct err *err)
{
	static const struct product_spec unmapped = {.name = "unmapped"};

	model->n_products = (uint32_t)spec->n_products + 1;
	model->products = model_memory(model, model->n_products, sizeof *model->products);
	if (!model->products)
		return model_no_memory(err);
	for (size_t i = 0; i < spec->n_products; i++) {
		assert(spec->products[i].workflow < spec->n_workflows);
		if (!copy_product(model, &spec->products[i], &model->products[i], err))
			return false;
	}
	if (!copy_product(model, &unmapped, &model->products[spec->n_products], err))
		return false;
	for (size_t i = 0; i < spec->n_teams; i++)
		model->products[spec->teams[i].product].n_teams++;
	return sort_product_names(model, spec->n_products, err);
}

static bool make_workflows(struct model *model, const struct model_spec *spec, struct err *err)
{
	model->n_workflows = spec->n_workflows;
	model->states = model_memory(model, spec->n_workflows, sizeof *model->states);
	if (!model->states)
		return model_no_memory(err);
	for (size_t i = 0; i < spec->n_workflows; i++)
		if (!words_make(model, &model->states[i], spec->workflows[i].states, CLASS_COUNT,
				err))
			return false;
	return true;
}

/* Severities mean their place in the list: 0 is the highest. */
static bool make_severities(struct model *model, const struct model_spec *spec, struct err *err)
{
	struct text least = text_of(spec->min_severity);

	if (!words_make(model, &model->severities, &spec->severities, 1, err))
		return false;
	for (size_t i = 0; i < model->severities.n; i++)
		for (size_t j = spec->severities.n; j-- > 0;)
			if (text_same_any_case(model->severities.all[i].name,
					       text_of(spec->severities.names[j])))
				model->severities.all[i].value = (uint32_t)j;
	model->min_severity = least.len ? words_find(&model->severities, least) : UINT32_MAX;
	if (least.len && model->min_severity == UINT32_MAX)
		return err_set(err, 78, "\"%s\" is none of the severities", spec->min_severity);
	return true;
}

static bool make_baselines(struct model *model, const struct model_spec *spec, struct err *err)
{
	model->baselines = model_memory(model, spec->n_baselines, sizeof *model->baselines);
	if (!model->baselines)
		return model_no_memory(err);
	for (size_t i = 0; i < spec->n_baselines; i++) {
		model->baselines[i] = spec->baselines[i];
		model->baselines[i].name = model_string(model, text_of(spec->baselines[i].name));
		if (!model->baselines[i].name)
			return model_no_memory(err);
	}
	model->n_baselines = spec->n_baselines;
	return true;
}

static bool make_words(struct model *model, const struct model_spec *spec, struct err *err)
{
	return make_workflows(model, spec, err) &&
	       words_make(model, &model->types, spec->types, TYPE_COUNT, err) &&
	       words_make(model, &model->canceled_resolutions, &spec->canceled_resolutions, 1,
			  err) &&
	       make_severities(model, spec, err) &&
	       globs_make(model, &model->production, &spec->production, err) &&
	       globs_make(model, &model->ignore_sources, &spec->ignore_sources, err) &&
	       globs_make(model, &model->unplanned_labels, &spec->unplanned_labels, err) &&
	       globs_make(model, &model->unplanned_branches, &spec->unplanned_branches, err);
}

struct model *model_new(const struct model_spec *spec, struct err *err)
{
	struct model *model = calloc(1, sizeof *model);

	assert(spec->n_workflows > 0);
	if (!model) {
		model_no_memory(err);
		return NULL;
	}
	model->settle_ms = spec->settle_ms;
	model->stale_after_ms = spec->stale_after_ms;
	model->attribution_max_gap_ms = spec->attribution_max_gap_ms;
	if (!make_products(model, spec, err) || !model_make_scopes(model, spec, err) ||
	    !model_make_rules(model, spec, err) || !make_words(model, spec, err) ||
	    !make_baselines(model, spec, err)) {
		model_free(model);
		return NULL;
	}
	return model;
}

void model_free(struct model *model)
{
	struct piece *piece = model ? model->pieces : NULL;

	while (piece) {
		struct piece *next = piece->next;

		free(piece);
		piece = next;
	}
	free(model);
}

uint32_t model_scopes(const struct model *model)
{
	return model->n_scopes;
}

const struct scope *model_scope(const struct model *model, uint32_t number)
{
	assert(number < model->n_scopes);
	return &model->scopes[number];
}

uint32_t model_scope_named(const struct model *model, struct text id)
{
	uint32_t low = 0, high = model->n_scopes;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = text_compare(text_of(model->scopes[middle].id), id);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return UINT32_MAX;
}

uint32_t model_products(const struct model *model)
{
	return model->n_products;
}

const struct product *model_product(const struct model *model, uint32_t number)
{
	assert(number < model->n_products);
	return &model->products[number];
}

uint32_t model_unmapped(const struct model *model)
{
	return model->n_products - 1;
}

uint32_t model_product_named(const struct model *model, struct text name)
{
	const struct words *names = &model->product_names;
	struct word wanted = {name, 0}, *found;

	if (!names->n)
		return model_unmapped(model);
	found = bsearch(&wanted, names->all, names->n, sizeof *names->all, compare_names);
	return found ? found->value : model_unmapped(model);
}

enum flow_class model_class(const struct model *model, size_t workflow, struct text state)
{
	uint32_t found = words_find(&model->states[workflow], state);

	return found == UINT32_MAX ? CLASS_COUNT : (enum flow_class)found;
}

enum flow_type model_type(const struct model *model, struct text type)
{
	uint32_t found = words_find(&model->types, type);

	return found == UINT32_MAX ? TYPE_OTHER : (enum flow_type)found;
}

bool model_production(const struct model *model, struct text environment)
{
	return globs_match(&model->production, environment);
}

bool model_cancels(const struct model *model, struct text resolution)
{
	return words_find(&model->canceled_resolutions, resolution) != UINT32_MAX;
}

bool model_ignores(const struct model *model, struct text source)
{
	return globs_match(&model->ignore_sources, source);
}

bool model_below_min_severity(const struct model *model, struct text severity)
{
	uint32_t place = words_find(&model->severities, severity);

	return place != UINT32_MAX && place > model->min_severity;
}

bool model_unplanned_label(const struct model *model, struct text label)
{
	return globs_match(&model->unplanned_labels, label);
}

bool model_unplanned_branch(const struct model *model, struct text branch)
{
	return globs_match(&model->unplanned_branches, branch);
}

int64_t model_settle(const struct model *model)
{
	return model->settle_ms;
}

int64_t model_stale_after(const struct model *model)
{
	return model->stale_after_ms;
}

int64_t model_attribution_max_gap(const struct model *model)
{
	return model->attribution_max_gap_ms;
}

size_t model_baselines(const struct model *model)
{
	return model->n_baselines;
}

const struct baseline_spec *model_baseline(const struct model *model, size_t number)
{
	assert(number < model->n_baselines);
	return &model->baselines[number];
}
