/*
 * model: what the configuration says about the organisation and its words: scopes, rules that place
 * subjects in them, workflows, types. Immutable once made; a changed configuration makes another
 * one.
 */
#ifndef VENTURI_MODEL_H
#define VENTURI_MODEL_H

#include "venturi/err.h"
#include "venturi/text.h"

/* Flow classes of states. */
enum flow_class { CLASS_NEW, CLASS_ACTIVE, CLASS_WAIT, CLASS_DONE, CLASS_CANCELED, CLASS_COUNT };
enum flow_type { TYPE_FEATURE, TYPE_DEFECT, TYPE_RISK, TYPE_DEBT, TYPE_OTHER, TYPE_COUNT };
enum mode { MODE_PRODUCT, MODE_PROJECT };
enum release_by { RELEASE_BY_DEPLOYMENT, RELEASE_BY_PUBLICATION };
enum change_start { START_COMMIT, START_OPEN, START_MERGE };
/* The kinds of placing rules, first match first. */
enum rule { RULE_REPOSITORY, RULE_SERVICE, RULE_PROJECT, RULE_SOURCE, RULE_LABEL, RULE_COUNT };
enum level { LEVEL_PORTFOLIO, LEVEL_STREAM, LEVEL_PRODUCT, LEVEL_TEAM, LEVEL_MODE };

/* ---- What a configuration says. The parser fills these; model_new() copies what it needs. ---- */

struct name_list {
	const char **names;
	size_t n;
};

struct workflow_spec {
	const char *name;
	struct name_list states[CLASS_COUNT];
};

struct product_spec {
	const char *name;
	const char *stream;   /* NULL or "": directly below the portfolio */
	size_t workflow;      /* index into model_spec.workflows */
	enum mode mode;
	struct name_list rules[RULE_COUNT];
	int64_t sle_ms;       /* 0: no service level expectation */
	int sle_ppm;          /* 85 % = 850000 */
	enum release_by release;
	enum change_start change_start;
};

struct team_spec {
	const char *name;
	size_t product; /* index into model_spec.products */
	struct name_list rules[RULE_COUNT];
};

struct baseline_spec {
	const char *name;
	int32_t first, last; /* days as in civil.h, both included */
};

struct model_spec {
	const char *portfolio;
	const struct workflow_spec *workflows; /* [0] is "default", also that of unmapped */
	size_t n_workflows;
	const struct product_spec *products;
	size_t n_products;
	const struct team_spec *teams;
	size_t n_teams;
	const struct baseline_spec *baselines;
	size_t n_baselines;
	struct name_list types[TYPE_COUNT];   /* [TYPE_OTHER] is empty */
	struct name_list production;          /* globs over environment names */
	struct name_list canceled_resolutions;
	struct name_list severities;          /* highest first */
	const char *min_severity;             /* "" = all fail */
	struct name_list unplanned_labels, unplanned_branches;
	struct name_list ignore_sources;
	int64_t settle_ms, stale_after_ms, attribution_max_gap_ms;
};

/* ---- What the core asks. ---- */

struct model;

/*
 * NULL with `err` (code 78) where two scopes have one id, a name gives no id, a pattern stands in
 * two products, … The configuration's parser finds these first, with file:line of each.
 */
struct model *model_new(const struct model_spec *spec, struct err *err);
void model_free(struct model *model);

/*
 * A scope's id is its path of slugs. Scopes are numbered in order of their ids as bytes.
 * A sample of a leaf (a product or a team) counts once in each scope of its chain.
 */
struct scope {
	const char *id;
	enum level level;
	int product;        /* its product's number, for products and teams; else -1 */
	bool has_sle;       /* a product with a service level expectation lies in it */
	uint32_t chain[6];  /* leaves: itself and all scopes that count its samples */
	uint32_t n_chain;
};

/*
 * Whether a name gives an id: not empty, no leading `_`, only A to Z, a to z, 0 to 9, `.`, `_`,
 * `-`.
 */
bool model_name_valid(struct text name);

uint32_t model_scopes(const struct model *model);
const struct scope *model_scope(const struct model *model, uint32_t number);
/* UINT32_MAX where there is none of that id. */
uint32_t model_scope_named(const struct model *model, struct text id);

/* Products are numbered as in the spec; the last one more is `unmapped`. */
struct product {
	const char *name;
	uint32_t scope;
	size_t workflow;
	enum mode mode;
	int64_t sle_ms;
	int sle_ppm;
	enum release_by release;
	enum change_start change_start;
	uint32_t n_teams;
	/* The one name of its service rules, where it is one without a wildcard; else NULL. */
	const char *only_service;
};

uint32_t model_products(const struct model *model); /* with `unmapped` */
const struct product *model_product(const struct model *model, uint32_t number);
uint32_t model_unmapped(const struct model *model); /* the product's number */
/*
 * The product that an explicit name means, by its exact name; `unmapped` where the configuration
 * lacks it.
 */
uint32_t model_product_named(const struct model *model, struct text name);

/*
 * The best pattern of one kind of rule for a text: its rank (0 is the most specific of its kind)
 * or -1 where none matches. Among several texts (labels) the least rank wins.
 * `product` < 0: the rules of products; else those of that product's teams.
 */
int model_rule(const struct model *model, int product, enum rule rule, struct text text);
/* Where the pattern of a rank places: a product's number, or a team's scope. */
uint32_t model_rule_target(const struct model *model, int product, enum rule rule, int rank);

/* CLASS_COUNT for a name that the workflow lacks. */
enum flow_class model_class(const struct model *model, size_t workflow, struct text state);
enum flow_type model_type(const struct model *model, struct text type);
bool model_production(const struct model *model, struct text environment);
bool model_cancels(const struct model *model, struct text resolution);
bool model_ignores(const struct model *model, struct text source);
bool model_below_min_severity(const struct model *model, struct text severity);
bool model_unplanned_label(const struct model *model, struct text label);
bool model_unplanned_branch(const struct model *model, struct text branch);
int64_t model_settle(const struct model *model);      /* ms */
int64_t model_stale_after(const struct model *model); /* ms */
int64_t model_attribution_max_gap(const struct model *model);
size_t model_baselines(const struct model *model);
const struct baseline_spec *model_baseline(const struct model *model, size_t number);

#endif
