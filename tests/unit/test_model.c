/* The scope tree, and the rules that place things in it. */
#include "venturi/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NAMES(...)                                                                                 \
	{                                                                                          \
		(const char *[]){__VA_ARGS__},                                                     \
			sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)                     \
	}

static struct model *make(struct err *err)
{
	const struct workflow_spec workflow = {.name = "default"};
	const struct product_spec products[] = {
		{.name = "Claims",
		 .stream = "Ins",
		 .sle_ms = 1,
		 .rules = {[RULE_REPOSITORY] = NAMES("acme/*", "acme/claims-?"),
			   [RULE_SERVICE] = NAMES("api"),
			   [RULE_LABEL] = NAMES("a*")}},
		{.name = "billing",
		 .stream = "ins",
		 .mode = MODE_PROJECT,
		 .rules = {[RULE_REPOSITORY] = NAMES("acme/claims-api", "acme/bill*"),
			   [RULE_SERVICE] = NAMES("bill*"),
			   [RULE_LABEL] = NAMES("*z", "abc")}},
		{.name = "tools", .rules = {[RULE_REPOSITORY] = NAMES("*/claims-*")}},
	};
	const struct team_spec teams[] = {
		{.name = "x", .product = 0, .rules = {[RULE_LABEL] = NAMES("team:x")}},
		{.name = "y", .product = 1, .rules = {[RULE_LABEL] = NAMES("team:x")}}};
	const struct model_spec spec = {.portfolio = "Acme",
					.workflows = &workflow,
					.n_workflows = 1,
					.products = products,
					.n_products = 3,
					.teams = teams,
					.n_teams = 2,
					.min_severity = ""};

	return model_new(&spec, err);
}

static void scopes_are_sorted_by_id_and_have_their_roll_ups(void **state)
{
	static const char *const ids[] = {"acme",
					  "acme/_product",
					  "acme/_project",
					  "acme/ins",
					  "acme/ins/_product",
					  "acme/ins/_project",
					  "acme/ins/billing",
					  "acme/ins/billing/y",
					  "acme/ins/claims",
					  "acme/ins/claims/x",
					  "acme/tools",
					  "acme/unmapped"};
	struct err err;
	struct model *m = make(&err);

	(void)state;
	assert_non_null(m);
	assert_int_equal(model_scopes(m), sizeof ids / sizeof *ids);
	for (uint32_t i = 0; i < model_scopes(m); i++)
		assert_string_equal(model_scope(m, i)->id, ids[i]);
	model_free(m);
}

static bool counts_in(const struct model *m, const char *leaf, const char *scope)
{
	const struct scope *from = model_scope(m, model_scope_named(m, text_of(leaf)));

	for (uint32_t i = 0; i < from->n_chain; i++)
		if (from->chain[i] == model_scope_named(m, text_of(scope)))
			return true;
	return false;
}

static void a_leaf_counts_in_all_above_it_and_in_its_mode(void **state)
{
	struct err err;
	struct model *m = make(&err);

	(void)state;
	assert_true(counts_in(m, "acme/ins/billing/y", "acme/ins/billing"));
	assert_true(counts_in(m, "acme/ins/billing/y", "acme/ins/_project"));
	assert_true(counts_in(m, "acme/ins/billing/y", "acme/_project"));
	assert_false(counts_in(m, "acme/ins/billing/y", "acme/_product"));
	assert_true(counts_in(m, "acme/tools", "acme/_product"));
	assert_true(counts_in(m, "acme/unmapped", "acme"));
	assert_false(counts_in(m, "acme/unmapped", "acme/_product"));
	assert_true(model_scope(m, model_scope_named(m, TEXT("acme/ins")))->has_sle);
	assert_false(model_scope(m, model_scope_named(m, TEXT("acme/ins/billing")))->has_sle);
	model_free(m);
}

static int placed(const struct model *m, int product, enum rule rule, const char *text)
{
	int rank = model_rule(m, product, rule, text_of(text));

	return rank < 0 ? -1 : (int)model_rule_target(m, product, rule, rank);
}

static void the_more_specific_pattern_wins(void **state)
{
	struct err err;
	struct model *m = make(&err);

	(void)state;
	assert_int_equal(placed(m, -1, RULE_REPOSITORY, "ACME/claims-api"), 1); /* no wildcard */
	assert_int_equal(placed(m, -1, RULE_REPOSITORY, "acme/claims-x"), 0);   /* 12 characters */
	assert_int_equal(placed(m, -1, RULE_REPOSITORY, "acme/claims-xy"), 2);  /* 8 before 5 */
	assert_int_equal(placed(m, -1, RULE_REPOSITORY, "acme/billing"), 1);
	assert_int_equal(placed(m, -1, RULE_REPOSITORY, "acme/x"), 0);
	assert_int_equal(placed(m, -1, RULE_REPOSITORY, "other"), -1);
	assert_int_equal(placed(m, -1, RULE_SERVICE, "API"), 0);
	/* Of equal ones the first in the configuration. */
	assert_int_equal(placed(m, -1, RULE_LABEL, "az"), 0);
	assert_int_equal(placed(m, -1, RULE_LABEL, "ABC"), 1);
	assert_int_equal(placed(m, -1, RULE_PROJECT, "az"), -1);
	model_free(m);
}

static void teams_are_those_of_their_product(void **state)
{
	struct err err;
	struct model *m = make(&err);

	(void)state;
	assert_int_equal(placed(m, 0, RULE_LABEL, "team:x"),
			 model_scope_named(m, TEXT("acme/ins/claims/x")));
	assert_int_equal(placed(m, 1, RULE_LABEL, "TEAM:X"),
			 model_scope_named(m, TEXT("acme/ins/billing/y")));
	assert_int_equal(placed(m, 2, RULE_LABEL, "team:x"), -1);
	assert_int_equal(model_product_named(m, TEXT("Claims")), 0);
	assert_int_equal(model_product_named(m, TEXT("claims")), model_unmapped(m));
	model_free(m);
}

static void two_scopes_of_one_id_are_refused(void **state)
{
	const struct workflow_spec workflow = {.name = "default"};
	const struct product_spec products[] = {{.name = "a", .stream = "s"},
						{.name = "A", .stream = "S"}};
	const struct model_spec spec = {.portfolio = "acme",
					.workflows = &workflow,
					.n_workflows = 1,
					.products = products,
					.n_products = 2,
					.min_severity = ""};
	struct err err = {0};

	(void)state;
	assert_null(model_new(&spec, &err));
	assert_int_equal(err.code, 78);
}

static void words_are_looked_up_in_any_case(void **state)
{
	const struct workflow_spec workflows[] = {
		{.name = "default",
		 .states = {[CLASS_NEW] = NAMES("To Do"), [CLASS_CANCELED] = NAMES("Won't Do")}},
		{.name = "w", .states = {[CLASS_DONE] = NAMES("to do")}}};
	const struct model_spec spec = {.portfolio = "acme",
					.workflows = workflows,
					.n_workflows = 2,
					.types = {[TYPE_DEFECT] = NAMES("Bug", "bug fix")},
					.production = NAMES("prod-*", "live"),
					.canceled_resolutions = NAMES("WontFix"),
					.ignore_sources = NAMES("bot-?", "*/test/*"),
					.min_severity = ""};
	struct err err;
	struct model *m = model_new(&spec, &err);

	(void)state;
	assert_non_null(m);
	assert_int_equal(model_class(m, 0, TEXT("TO DO")), CLASS_NEW);
	assert_int_equal(model_class(m, 0, TEXT("won't do")), CLASS_CANCELED);
	assert_int_equal(model_class(m, 1, TEXT("To Do")), CLASS_DONE);
	assert_int_equal(model_class(m, 1, TEXT("Won't Do")), CLASS_COUNT);
	assert_int_equal(model_class(m, 0, TEXT("to do ")), CLASS_COUNT);
	assert_int_equal(model_class(m, 0, TEXT("")), CLASS_COUNT);
	assert_int_equal(model_type(m, TEXT("BUG")), TYPE_DEFECT);
	assert_int_equal(model_type(m, TEXT("bugs")), TYPE_OTHER);
	assert_true(model_production(m, TEXT("Prod-")));
	assert_true(model_production(m, TEXT("LIVE")));
	assert_false(model_production(m, TEXT("prod")));
	assert_false(model_production(m, TEXT("alive")));
	assert_true(model_cancels(m, TEXT("wontfix")));
	assert_false(model_cancels(m, TEXT("fixed")));
	assert_false(model_cancels(m, TEXT("")));
	assert_true(model_ignores(m, TEXT("Bot-1")));
	assert_true(model_ignores(m, TEXT("a/b/TEST/c")));
	assert_false(model_ignores(m, TEXT("bot-12")));
	model_free(m);
}

static void a_word_of_two_classes_or_types_is_refused(void **state)
{
	const struct workflow_spec good = {.name = "default",
					   .states = {[CLASS_NEW] = NAMES("a", "A")}};
	const struct workflow_spec bad = {
		.name = "default",
		.states = {[CLASS_NEW] = NAMES("a", "b"), [CLASS_DONE] = NAMES("B")}};
	struct model_spec spec = {
		.portfolio = "acme", .workflows = &bad, .n_workflows = 1, .min_severity = ""};
	struct err err = {0};
	struct model *m;

	(void)state;
	assert_null(model_new(&spec, &err));
	assert_int_equal(err.code, 78);
	spec.workflows = &good;
	m = model_new(&spec, &err);
	assert_non_null(m);
	assert_int_equal(model_class(m, 0, TEXT("a")), CLASS_NEW);
	model_free(m);
	spec.types[TYPE_RISK] = spec.types[TYPE_DEBT] = good.states[CLASS_NEW];
	assert_null(model_new(&spec, &err));
}

static void without_products_all_is_unmapped(void **state)
{
	const struct workflow_spec workflow = {.name = "default"};
	const struct model_spec spec = {
		.portfolio = "acme", .workflows = &workflow, .n_workflows = 1, .min_severity = ""};
	struct err err;
	struct model *m = model_new(&spec, &err);

	(void)state;
	assert_non_null(m);
	assert_int_not_equal(model_scope_named(m, TEXT("acme")), UINT32_MAX);
	assert_int_equal(placed(m, -1, RULE_LABEL, "x"), -1);
	assert_int_equal(model_product_named(m, TEXT("x")), model_unmapped(m));
	assert_true(counts_in(m, "acme/unmapped", "acme"));
	assert_false(counts_in(m, "acme", "acme/unmapped"));
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scopes_are_sorted_by_id_and_have_their_roll_ups),
		cmocka_unit_test(a_leaf_counts_in_all_above_it_and_in_its_mode),
		cmocka_unit_test(the_more_specific_pattern_wins),
		cmocka_unit_test(teams_are_those_of_their_product),
		cmocka_unit_test(two_scopes_of_one_id_are_refused),
		cmocka_unit_test(words_are_looked_up_in_any_case),
		cmocka_unit_test(a_word_of_two_classes_or_types_is_refused),
		cmocka_unit_test(without_products_all_is_unmapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
