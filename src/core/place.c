#include "core/place.h"

#include <stdlib.h>
#include <string.h>

/*
 * What was asked before: an open-addressing table from (question, string number) to the answer.
 * If memory is short an answer is not remembered, and found again the next time.
 */
struct answer {
	uint64_t key; /* question << 32 | string; 0 is a free slot: string 0 is never asked about */
	int32_t value;
};

struct placer {
	const struct model *model;
	struct strings *strings;
	struct answer *answers;
	uint32_t n, slots; /* slots: a power of 2 */
};

/*
 * Questions: the rules of all products and of each product's teams; then the classes of each
 * workflow.
 */
enum { ASK_IGNORES = 1, ASK_PRODUCTION, ASK_RULES };

struct placer *placer_new(const struct model *model, struct strings *strings)
{
	struct placer *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->model = model;
	p->strings = strings;
	p->slots = 1024;
	p->answers = calloc(p->slots, sizeof *p->answers);
	if (!p->answers) {
		free(p);
		return NULL;
	}
	return p;
}

void placer_free(struct placer *p)
{
	if (p)
		free(p->answers);
	free(p);
}

static struct answer *slot_of(struct answer *answers, uint32_t slots, uint64_t key)
{
	uint32_t i = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (slots - 1);

	while (answers[i].key && answers[i].key != key)
		i = (i + 1) & (slots - 1);
	return &answers[i];
}

static void grow(struct placer *p)
{
	uint32_t slots = p->slots * 2;
	struct answer *answers = calloc(slots, sizeof *answers);

	if (!answers)
		return;
	for (uint32_t i = 0; i < p->slots; i++)
		if (p->answers[i].key)
			*slot_of(answers, slots, p->answers[i].key) = p->answers[i];
	free(p->answers);
	p->answers = answers;
	p->slots = slots;
}

/* The slot of a question: its key is 0 where it was not asked before. */
static struct answer *asked(struct placer *p, uint32_t question, uint32_t string)
{
	return slot_of(p->answers, p->slots, (uint64_t)question << 32 | string);
}

static int32_t remember(struct placer *p, uint32_t question, uint32_t string, int32_t value)
{
	struct answer *slot = asked(p, question, string);

	if (p->n >= p->slots / 2)
		return value; /* grow() found no memory */
	*slot = (struct answer){(uint64_t)question << 32 | string, value};
	if (++p->n >= p->slots / 2)
		grow(p);
	return value;
}

static int rank(struct placer *p, int product, enum rule rule, uint32_t string)
{
	uint32_t question = ASK_RULES + (uint32_t)(product + 1) * RULE_COUNT + rule;
	struct answer *answer;

	if (!string)
		return -1;
	answer = asked(p, question, string);
	if (answer->key)
		return answer->value;
	return remember(p, question, string,
			model_rule(p->model, product, rule, strings_text(p->strings, string)));
}

/* The project that stands in the key of a ticket: what is before the first '-'. */
static uint32_t key_prefix(struct placer *p, uint32_t item)
{
	struct text key = strings_text(p->strings, item);
	const char *dash = key.len ? memchr(key.at, '-', key.len) : NULL;
	uint32_t prefix;

	if (!dash || dash == key.at)
		return 0;
	prefix = strings_add(p->strings, (struct text){key.at, (size_t)(dash - key.at)});
	return prefix == UINT32_MAX ? 0 : prefix;
}

static int label_rank(struct placer *p, int product, const struct record *record)
{
	struct value value;
	int best = -1;

	for (size_t at = 0; record && record_next(record, &at, &value);) {
		int r;

		if (value.field != FIELD_LABELS)
			continue;
		r = rank(p, product, RULE_LABEL, value.string);
		if (r >= 0 && (best < 0 || r < best))
			best = r;
	}
	return best;
}

/*
 * What the rules of all products (product < 0) or of a product's teams say; -1 where none matches.
 */
static int64_t by_rules(struct placer *p, int product, const struct attributes *a)
{
	for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
		int r = -1;

		switch (rule) {
		case RULE_REPOSITORY:
			r = rank(p, product, rule, a->repository);
			break;
		case RULE_SERVICE:
			r = rank(p, product, rule, a->service);
			break;
		case RULE_PROJECT:
			r = rank(p, product, rule,
				 a->project ? a->project : key_prefix(p, a->item));
			break;
		case RULE_SOURCE:
			r = rank(p, product, rule, a->source);
			break;
		default:
			r = label_rank(p, product, a->labels);
			break;
		}
		if (r >= 0)
			return model_rule_target(p->model, product, rule, r);
	}
	return -1;
}

struct place placer_place(struct placer *p, const struct attributes *a)
{
	struct place place = {NOWHERE, 0};
	int64_t team = -1;

	if (a->product)
		place.product = (int32_t)model_product_named(p->model,
							     strings_text(p->strings, a->product));
	else
		place.product = (int32_t)by_rules(p, -1, a);
	if (place.product == NOWHERE)
		return place;
	if (model_product(p->model, (uint32_t)place.product)->n_teams)
		team = by_rules(p, place.product, a);
	place.leaf = team >= 0 ? (uint32_t)team
			       : model_product(p->model, (uint32_t)place.product)->scope;
	return place;
}

struct place placer_unmapped(const struct placer *p)
{
	uint32_t unmapped = model_unmapped(p->model);

	return (struct place){(int32_t)unmapped, model_product(p->model, unmapped)->scope};
}

enum flow_class placer_class(struct placer *p, size_t workflow, uint32_t state)
{
	uint32_t question =
		ASK_RULES + (model_products(p->model) + 1) * RULE_COUNT + (uint32_t)workflow;
	struct answer *answer;

	if (!state)
		return CLASS_COUNT;
	answer = asked(p, question, state);
	if (answer->key)
		return (enum flow_class)answer->value;
	return (enum flow_class)remember(
		p, question, state,
		(int32_t)model_class(p->model, workflow, strings_text(p->strings, state)));
}

static bool yes_or_no(struct placer *p, uint32_t question, uint32_t string,
		      bool (*of)(const struct model *, struct text))
{
	struct answer *answer;

	if (!string)
		return false;
	answer = asked(p, question, string);
	if (answer->key)
		return answer->value;
	return remember(p, question, string, of(p->model, strings_text(p->strings, string)));
}

bool placer_ignores(struct placer *p, uint32_t source)
{
	return yes_or_no(p, ASK_IGNORES, source, model_ignores);
}

bool placer_production(struct placer *p, uint32_t environment)
{
	return yes_or_no(p, ASK_PRODUCTION, environment, model_production);
}

static bool take(uint32_t *attribute, uint32_t value)
{
	if (*attribute == value)
		return false;
	*attribute = value;
	return true;
}

bool attributes_take(struct attributes *a, const struct record *record)
{
	bool changed = take(&a->source, record->subject_source);
	bool labels = false;
	struct value value;

	for (size_t at = 0; record_next(record, &at, &value);) {
		switch (value.field) {
		case FIELD_PRODUCT:
			changed |= take(&a->product, value.string);
			break;
		case FIELD_REPOSITORY:
			changed |= take(&a->repository, value.string);
			break;
		case FIELD_SERVICE:
			changed |= take(&a->service, value.string);
			break;
		case FIELD_PROJECT:
			changed |= take(&a->project, value.string);
			break;
		case FIELD_ITEM:
			changed |= take(&a->item, value.string);
			break;
		case FIELD_LABELS:
			labels = true;
			break;
		default:
			break;
		}
	}
	if (labels)
		a->labels = record;
	return changed || labels;
}
