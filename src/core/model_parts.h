/*
 * model_parts: what the files of model share.
 *
 *   model.c         the model as a whole: made, freed, asked
 *   model_scopes.c  the scope tree
 *   model_rules.c   what places a subject: patterns by how specific they are
 *   model_words.c   words and their meaning in any case, lists of globs
 */
#ifndef VENTURI_MODEL_PARTS_H
#define VENTURI_MODEL_PARTS_H

#include "venturi/model.h"

struct piece;

/* Words in any case and what each means, sorted for a binary search. */
struct words {
	struct word {
		struct text name;
		uint32_t value;
	} * all;
	size_t n;
};

struct globs {
	struct text *patterns;
	size_t n;
};

/* One kind of rules, most specific first; a pattern's rank is its place in `patterns`. */
struct rules {
	struct pattern {
		struct text glob;
		uint32_t target;
		size_t literals;
		bool wild;
	} * patterns;
	size_t n;
	struct words exact; /* those without a wildcard, by name: their ranks */
};

struct model {
	struct piece *pieces; /* all memory of the model */
	struct scope *scopes; /* sorted by id */
	uint32_t n_scopes;
	struct product *products; /* as in the spec, and `unmapped` */
	uint32_t n_products;
	struct words product_names; /* exact names: sorted as bytes */
	uint32_t *team_scopes;      /* by the team's number in the spec */
	struct rules product_rules[RULE_COUNT];
	struct rules (*team_rules)[RULE_COUNT]; /* by product */
	struct words *states;                   /* by workflow */
	size_t n_workflows;
	struct words types, severities, canceled_resolutions;
	uint32_t min_severity; /* its place in the list, highest first; UINT32_MAX: all fail */
	struct globs production, ignore_sources, unplanned_labels, unplanned_branches;
	struct baseline_spec *baselines;
	size_t n_baselines;
	int64_t settle_ms, stale_after_ms, attribution_max_gap_ms;
};

/* Zeroed memory that lives as long as the model; NULL if memory is short. */
void *model_memory(struct model *model, size_t n, size_t size);
char *model_string(struct model *model, struct text text);

/* Each fills `err` (72 on short memory, 78 on a bad specification) where it says false. */
bool model_no_memory(struct err *err);
MUST_CHECK bool words_make(struct model *model, struct words *words, const struct name_list *lists,
			   size_t n_lists, struct err *err);
/* The value of a word, UINT32_MAX where it is none. */
uint32_t words_find(const struct words *words, struct text name);
/* Of words told twice the one with the least value is found. */
void words_sort(struct words *words);

MUST_CHECK bool globs_make(struct model *model, struct globs *globs, const struct name_list *list,
			   struct err *err);
bool globs_match(const struct globs *globs, struct text text);

MUST_CHECK bool model_make_scopes(struct model *model, const struct model_spec *spec,
				  struct err *err);
MUST_CHECK bool model_make_rules(struct model *model, const struct model_spec *spec,
				 struct err *err);

#endif
