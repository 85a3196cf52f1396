/* Deployments and releases: a hand-worked case for each definition of docs/metrics.md. */
#include "world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define INTAKE  "acme/claims/intake"
#define FRAUD   "acme/claims/fraud"
#define BILLING "acme/policy/billing"
#define NOW     "2026-03-18T12:00:00Z"

#define TOLD(...) told((const char *const[]){__VA_ARGS__, NULL})

static struct world *told(const char *const *lines)
{
	struct world *w = world_new(NULL);

	world_tell_all(w, lines);
	world_at(w, NOW);
	return w;
}

static void the_version_already_running_is_no_deployment(void **state)
{
	/*
	 * 1, 1 again (redeploy), 2, 1 again (no redeploy: 2 ran): 3 deployments, 2 versions
	 * released.
	 */
	struct world *w = TOLD("2026-03-02 deploy.done api environment=prod version=1",
			       "2026-03-03 deploy.done api environment=prod version=1",
			       "2026-03-04 deploy.done api environment=prod version=2",
			       "2026-03-05 deploy.done api environment=prod version=1");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "deployments_count", 3);
	assert_metric(w, INTAKE, WINDOW_30D, "redeploys_count", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "releases_count", 2);
	world_free(w);
}

static void an_identity_announced_again_changes_nothing(void **state)
{
	struct world *w =
		TOLD("2026-03-02 deploy.done api environment=prod version=1 deployment_id=d1",
		     "2026-03-03 deploy.done api environment=prod version=2 deployment_id=d2",
		     "2026-03-04 deploy.done api environment=prod version=1 deployment_id=d1",
		     "2026-03-05 deploy.done api environment=prod version=2 deployment_id=d3");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "deployments_count", 2);
	assert_metric(w, INTAKE, WINDOW_30D, "redeploys_count", 1);
	world_free(w);
}

static void only_production_counts(void **state)
{
	struct world *w = TOLD("2026-03-02 deploy.done api environment=staging version=1",
			       "2026-03-02 deploy.failed api environment=staging version=1",
			       "2026-03-03 deploy.done api environment=PROD-eu version=1",
			       "2026-03-03 deploy.failed api environment=prod version=2");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "deployments_count", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "excluded_not_production_count", 2);
	assert_metric(w, INTAKE, WINDOW_30D, "deploy_attempts_failed_count", 1);
	world_free(w);
}

static void after_a_rollback_without_a_target_the_version_before_runs(void **state)
{
	struct world *w = TOLD("2026-03-02 deploy.done api environment=prod version=1",
			       "2026-03-03 deploy.done api environment=prod version=2",
			       "2026-03-04 deploy.rolledback api environment=prod",
			       "2026-03-05 deploy.done api environment=prod version=1");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "deployments_count", 2);
	assert_metric(w, INTAKE, WINDOW_30D, "redeploys_count", 1);
	world_free(w);
}

static void a_rollback_without_a_target_or_a_deployment_changes_nothing(void **state)
{
	struct world *w = TOLD("2026-03-02 deploy.rolledback api environment=prod version=3",
			       "2026-03-03 deploy.rolledback api environment=prod",
			       "2026-03-04 deploy.done api environment=prod version=3");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "deployments_count", 0);
	assert_metric(w, INTAKE, WINDOW_30D, "redeploys_count", 1);
	world_free(w);
}

static void a_version_is_released_once_whatever_the_environments(void **state)
{
	/*
	 * 1 to two regions is one release, but two deployments; intervals: 10 days less 0, in ms.
	 */
	struct world *w = TOLD("2026-03-02 deploy.done api environment=prod-eu version=1",
			       "2026-03-02T00:30:00Z deploy.done api environment=prod-us version=1",
			       "2026-03-12 deploy.done api environment=prod-eu version=2",
			       "2026-03-12 deploy.done api environment=prod-us version=2");
	double interval = world_value(w, INTAKE, WINDOW_30D, METRIC_RELEASE_INTERVAL_P50);

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "releases_count", 2);
	assert_metric(w, INTAKE, WINDOW_30D, "deployments_count", 4);
	assert_metric(w, INTAKE, WINDOW_30D, "days_with_release_count", 2);
	assert_metric(w, INTAKE, WINDOW_30D, "releases_per_month", 2 * 30.4375 / 30);
	assert_metric(w, INTAKE, WINDOW_30D, "release_interval_n", 1);
	assert_true(fabs(interval / 86400 - 10) < 0.1);
	world_free(w);
}

static void a_product_may_count_published_releases(void **state)
{
	/*
	 * scorer: 7 twice is one, 8 another; its deployment is none. The product's own version 7 is
	 * one more.
	 */
	struct world *w = TOLD("2026-03-02 release.published scorer version=7",
			       "2026-03-03 release.published scorer version=7",
			       "2026-03-04 release.published scorer version=8",
			       "2026-03-05 deploy.done scorer environment=prod version=9",
			       "2026-03-06 release.published - product=fraud version=7",
			       "2026-03-06 release.published api version=7");

	(void)state;
	assert_metric(w, FRAUD, WINDOW_30D, "releases_count", 3);
	assert_metric(w, FRAUD, WINDOW_30D, "deployments_count", 1);
	/* intake counts deployments. */
	assert_metric(w, INTAKE, WINDOW_30D, "releases_count", 0);
	world_free(w);
}

static void a_deployment_counts_where_its_service_was_then(void **state)
{
	struct world *w =
		TOLD("2026-03-01 deploy.done rover environment=prod version=0",
		     "2026-03-02 deploy.done rover environment=prod version=1 product=intake",
		     "2026-03-03 deploy.done rover environment=prod version=2",
		     "2026-03-04 deploy.done rover environment=prod version=3 product=billing");

	(void)state;
	/* Before anything placed it, it is where it was first placed. */
	assert_metric(w, INTAKE, WINDOW_30D, "deployments_count", 3);
	assert_metric(w, BILLING, WINDOW_30D, "deployments_count", 1);
	assert_metric(w, "acme", WINDOW_30D, "deployments_count", 4);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_version_already_running_is_no_deployment),
		cmocka_unit_test(an_identity_announced_again_changes_nothing),
		cmocka_unit_test(only_production_counts),
		cmocka_unit_test(after_a_rollback_without_a_target_the_version_before_runs),
		cmocka_unit_test(
			a_rollback_without_a_target_or_a_deployment_changes_nothing),
		cmocka_unit_test(a_version_is_released_once_whatever_the_environments),
		cmocka_unit_test(a_product_may_count_published_releases),
		cmocka_unit_test(a_deployment_counts_where_its_service_was_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
