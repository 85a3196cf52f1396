#include "model_parts.h"
#include "venturi/glob.h"

#include <stdlib.h>

/* What adds a list of patterns to the rules of a kind: counted first, then copied. */
struct draft {
	struct model *model;
	struct rules *rules;
	bool one_owner; /* a pattern may stand with one target only */
};

static bool add(struct draft *draft, const struct name_list *list, uint32_t target, struct err *err)
{
	struct rules *rules = draft->rules;

	for (size_t i = 0; i < list->n; i++) {
		char *glob = model_string(draft->model, text_of(list->names[i]));
		struct pattern *pattern = &rules->patterns[rules->n];

		if (!glob)
			return model_no_memory(err);
		*pattern = (struct pattern){.glob = text_of(glob), .target = target};
		pattern->wild = glob_has_wildcard(pattern->glob);
		pattern->literals = glob_literals(pattern->glob);
		for (size_t j = 0; draft->one_owner && j < rules->n; j++)
			if (rules->patterns[j].target != target &&
			    text_same_any_case(rules->patterns[j].glob, pattern->glob))
				return err_set(err, 78, "the pattern \"%s\" stands in two products",
					       glob);
		rules->n++;
	}
	return true;
}

static bool before(const struct pattern *a, const struct pattern *b)
{
	if (a->wild != b->wild)
		return b->wild;
	return a->literals > b->literals;
}

/* Insertion keeps those of one specificity in the order of the configuration. */
static void sort_specific_first(struct rules *rules)
{
	for (size_t i = 1; i < rules->n; i++) {
		struct pattern moved = rules->patterns[i];
		size_t to = i;

		for (; to > 0 && before(&moved, &rules->patterns[to - 1]); to--)
			rules->patterns[to] = rules->patterns[to - 1];
		rules->patterns[to] = moved;
	}
}

static bool finish(struct model *model, struct rules *rules, struct err *err)
{
	sort_specific_first(rules);
	rules->exact.all = model_memory(model, rules->n, sizeof *rules->exact.all);
	if (!rules->exact.all)
		return model_no_memory(err);
	for (size_t rank = 0; rank < rules->n && !rules->patterns[rank].wild; rank++)
		rules->exact.all[rules->exact.n++] =
			(struct word){rules->patterns[rank].glob, (uint32_t)rank};
	words_sort(&rules->exact);
	return true;
}

static bool room_for(struct model *model, struct rules *rules, size_t n, struct err *err)
{
	rules->patterns = model_memory(model, n, sizeof *rules->patterns);
	return rules->patterns || model_no_memory(err);
}

static bool make_product_rules(struct model *model, const struct model_spec *spec, enum rule rule,
			       struct err *err)
{
	struct draft draft = {model, &model->product_rules[rule], true};
	size_t n = 0;

	for (size_t i = 0; i < spec->n_products; i++)
		n += spec->products[i].rules[rule].n;
	if (!room_for(model, draft.rules, n, err))
		return false;
	for (size_t i = 0; i < spec->n_products; i++)
		if (!add(&draft, &spec->products[i].rules[rule], (uint32_t)i, err))
			return false;
	return finish(model, draft.rules, err);
}

static bool make_team_rules(struct model *model, const struct model_spec *spec, size_t product,
			    enum rule rule, struct err *err)
{
	struct draft draft = {model, &model->team_rules[product][rule], false};
	size_t n = 0;

	for (size_t i = 0; i < spec->n_teams; i++)
		if (spec->teams[i].product == product)
			n += spec->teams[i].rules[rule].n;
	if (!room_for(model, draft.rules, n, err))
		return false;
	for (size_t i = 0; i < spec->n_teams; i++)
		if (spec->teams[i].product == product &&
		    !add(&draft, &spec->teams[i].rules[rule], model->team_scopes[i], err))
			return false;
	return finish(model, draft.rules, err);
}

bool model_make_rules(struct model *model, const struct model_spec *spec, struct err *err)
{
	model->team_rules = model_memory(model, spec->n_products + 1, sizeof *model->team_rules);
	if (!model->team_rules)
		return model_no_memory(err);
	for (int rule = 0; rule < RULE_COUNT; rule++) {
		if (!make_product_rules(model, spec, rule, err))
			return false;
		for (size_t product = 0; product < spec->n_products; product++)
			if (!make_team_rules(model, spec, product, rule, err))
				return false;
	}
	return true;
}

static const struct rules *rules_of(const struct model *model, int product, enum rule rule)
{
	return product < 0 ? &model->product_rules[rule] : &model->team_rules[product][rule];
}

int model_rule(const struct model *model, int product, enum rule rule, struct text text)
{
	const struct rules *rules = rules_of(model, product, rule);
	uint32_t exact;

	if (!text.len || !rules->n)
		return -1;
	exact = words_find(&rules->exact, text);
	if (exact != UINT32_MAX)
		return (int)exact;
	for (size_t rank = 0; rank < rules->n; rank++)
		if (rules->patterns[rank].wild && glob_match(rules->patterns[rank].glob, text))
			return (int)rank;
	return -1;
}

uint32_t model_rule_target(const struct model *model, int product, enum rule rule, int rank)
{
	return rules_of(model, product, rule)->patterns[rank].target;
}
