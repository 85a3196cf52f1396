/* Work items: a hand-worked case for each definition of docs/metrics.md, with the arithmetic. */
#include "world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define INTAKE  "acme/claims/intake"
#define FRAUD   "acme/claims/fraud"
#define BILLING "acme/policy/billing"
#define NOW     "2026-03-18T12:00:00Z" /* a Wednesday */

/* Tells the lines to a new world, at NOW. */
#define TOLD(options, ...) told(options, (const char *const[]){__VA_ARGS__, NULL})

static struct world *told(const struct world_options *options, const char *const *lines)
{
	struct world *w = world_new(options);

	world_tell_all(w, lines);
	world_at(w, NOW);
	return w;
}

static void a_reopened_item_runs_from_first_start_to_final_finish(void **state)
{
	/*
	 * 03-02 to 03-10: 8 days, of them Doing 03-02..03-04 and 03-08..03-10: 4 / 8. Lead 9 days.
	 */
	struct world *w =
		TOLD(NULL, "2026-03-01 item.created CLM-1", "2026-03-02 item.state CLM-1 to=Doing",
		     "2026-03-04 item.state CLM-1 to=Done", "2026-03-08 item.state CLM-1 to=Doing",
		     "2026-03-10 item.state CLM-1 to=Done");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "throughput_items", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "cycle_time_mean_seconds", 8 * 86400);
	assert_metric(w, INTAKE, WINDOW_30D, "lead_time_mean_seconds", 9 * 86400);
	assert_metric(w, INTAKE, WINDOW_30D, "flow_efficiency_ratio", 0.5);
	assert_metric(w, INTAKE, WINDOW_30D, "wait_ratio", 0.5);
	assert_metric(w, INTAKE, WINDOW_30D, "reopens_count", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "first_pass_ratio", 0);
	world_free(w);
}

static void a_reopened_item_that_is_open_is_wip_from_its_first_start(void **state)
{
	/* Started 03-02, done 03-03, Doing again: 16.5 days old at 03-18 12:00, not finished. */
	struct world *w =
		TOLD(NULL, "2026-03-02 item.state CLM-1 to=Doing",
		     "2026-03-03 item.state CLM-1 to=Done", "2026-03-05 item.state CLM-1 to=Doing");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "throughput_items", 0);
	assert_metric(w, INTAKE, PANE_NOW, "wip_items", 1);
	assert_metric(w, INTAKE, PANE_NOW, "age_max_seconds", 16.5 * 86400);
	world_free(w);
}

static void a_start_before_the_log_is_never_guessed(void **state)
{
	struct world *w = TOLD(NULL, "2026-03-02 item.state CLM-1 from=Doing to=Waiting",
			       "2026-03-05 item.state CLM-1 to=Done",
			       "2026-03-02 item.state CLM-2 from=Doing to=Waiting");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "throughput_items", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "excluded_start_unknown_count", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "excluded_no_created_count", 1);
	assert_none(w, INTAKE, WINDOW_30D, "cycle_time_p50_seconds");
	assert_metric(w, INTAKE, WINDOW_30D, "arrivals_items", 0);
	assert_metric(w, INTAKE, PANE_NOW, "wip_items", 1);
	assert_metric(w, INTAKE, PANE_NOW, "age_n", 0);
	assert_none(w, INTAKE, PANE_NOW, "age_p50_seconds");
	world_free(w);
}

static void an_item_that_never_started_has_a_lead_time_only(void **state)
{
	/* 03-01 to 03-06: 5 days. */
	struct world *w = TOLD(NULL, "2026-03-01 item.created CLM-1",
			       "2026-03-02 item.state CLM-1 to=Backlog",
			       "2026-03-06 item.state CLM-1 to=Done");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "excluded_no_start_count", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "cycle_time_n", 0);
	assert_metric(w, INTAKE, WINDOW_30D, "lead_time_mean_seconds", 5 * 86400);
	world_free(w);
}

static void a_creation_after_the_finish_is_negative_and_counted(void **state)
{
	struct world *w = TOLD(NULL, "2026-03-02 item.state CLM-1 to=Doing created_at=2026-03-09",
			       "2026-03-06 item.state CLM-1 to=Done");

	(void)state;
	/* Lead time and upstream time alike. */
	assert_metric(w, INTAKE, WINDOW_30D, "excluded_negative_count", 2);
	assert_metric(w, INTAKE, WINDOW_30D, "lead_time_n", 0);
	assert_metric(w, INTAKE, WINDOW_30D, "upstream_time_n", 0);
	world_free(w);
}

static void nested_blocks_overlap_and_do_not_add(void **state)
{
	/* 8 days in Doing; blocked by a 03-03..03-05 and b 03-04..03-06: 3 days; active 5. */
	struct world *w = TOLD(NULL, "2026-03-02 item.state CLM-1 to=Doing",
			       "2026-03-03 item.blocked CLM-1 blocker_id=a",
			       "2026-03-04 item.blocked CLM-1 blocker_id=b",
			       "2026-03-04T12:00:00Z item.blocked CLM-1 blocker_id=a",
			       "2026-03-05 item.unblocked CLM-1 blocker_id=a",
			       "2026-03-06 item.unblocked CLM-1 blocker_id=b",
			       "2026-03-10 item.state CLM-1 to=Done");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "blocked_ratio", 3.0 / 8);
	assert_metric(w, INTAKE, WINDOW_30D, "flow_efficiency_ratio", 5.0 / 8);
	assert_metric(w, INTAKE, WINDOW_30D, "wait_ratio", 0);
	world_free(w);
}

static void an_unblock_without_a_name_ends_all_blocks(void **state)
{
	struct world *w =
		TOLD(NULL, "2026-03-02 item.state CLM-1 to=Doing",
		     "2026-03-03 item.blocked CLM-1 blocker_id=a", "2026-03-03 item.blocked CLM-1",
		     "2026-03-05 item.unblocked CLM-1", "2026-03-02 item.state CLM-2 to=Doing",
		     "2026-03-03 item.blocked CLM-2");

	(void)state;
	assert_metric(w, INTAKE, PANE_NOW, "wip_blocked_items", 1);
	assert_metric(w, INTAKE, PANE_NOW, "wip_active_items", 1);
	world_free(w);
}

static void an_unknown_state_keeps_the_class_and_is_counted(void **state)
{
	struct world *w =
		TOLD(NULL, "2026-03-02 item.state CLM-1 to=Doing",
		     "2026-03-04 item.state CLM-1 to=Limbo", "2026-03-06 item.state CLM-1 to=Done",
		     "2026-03-06 item.state CLM-2 to=Limbo");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "unknown_states_count", 2);
	assert_metric(w, INTAKE, WINDOW_30D, "flow_efficiency_ratio", 1);
	assert_metric(w, INTAKE, PANE_NOW, "backlog_items", 1);
	world_free(w);
}

static void a_started_item_put_back_to_new_waits(void **state)
{
	struct world *w = TOLD(NULL, "2026-03-02 item.state CLM-1 to=Doing",
			       "2026-03-04 item.state CLM-1 to=Backlog");

	(void)state;
	assert_metric(w, INTAKE, PANE_NOW, "wip_wait_items", 1);
	assert_metric(w, INTAKE, PANE_NOW, "backlog_items", 0);
	world_free(w);
}

static void the_type_is_frozen_at_the_finish(void **state)
{
	struct world *w =
		TOLD(NULL, "2026-03-01 item.created CLM-1 type=feature",
		     "2026-03-02 item.typed CLM-1 type=BUG", "2026-03-04 item.state CLM-1 to=Done",
		     "2026-03-05 item.typed CLM-1 type=debt",
		     "2026-03-05 item.state CLM-2 to=Doing type=Story");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "velocity_defect_items", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "distribution_defect_ratio", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "velocity_debt_items", 0);
	assert_metric(w, INTAKE, PANE_NOW, "wip_feature_items", 1);
	world_free(w);
}

static void a_move_between_products_rewrites_history_until_the_close(void **state)
{
	struct world *w = TOLD(
		NULL, "2026-03-02 item.state CLM-1 to=Doing", "2026-03-04 item.state CLM-1 to=Done",
		"2026-03-05 item.moved CLM-1 product=fraud", "2026-03-02 item.state CLM-2 to=Doing",
		"2026-03-05 item.moved CLM-2 product=fraud", "2026-03-03 item.state X-3 to=Doing",
		"2026-03-05 item.state X-3 to=Done",
		"2026-03-06 item.typed X-3 type=bug product=billing",
		"2026-03-03 item.state X-4 to=Doing product=ghost");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "arrivals_items", 1);
	assert_metric(w, FRAUD, WINDOW_30D, "arrivals_items", 1);
	/* What is placed only after its finish belongs to the earliest later place. */
	assert_metric(w, BILLING, WINDOW_30D, "throughput_items", 1);
	/* A product that the configuration lacks is unmapped. */
	assert_metric(w, "acme/unmapped", PANE_NOW, "wip_items", 1);
	assert_metric(w, "acme", WINDOW_30D, "arrivals_items", 4);
	assert_metric(w, "acme/_product", WINDOW_30D, "arrivals_items", 2);
	assert_metric(w, "acme/claims/_project", WINDOW_30D, "arrivals_items", 1);
	world_free(w);
}

static void a_team_is_one_of_the_items_product(void **state)
{
	struct world *w = TOLD(NULL, "2026-03-02 item.state CLM-1 to=Doing labels=x,team:falcon",
			       "2026-03-02 item.state BIL-1 to=Doing labels=team:falcon");

	(void)state;
	assert_metric(w, INTAKE "/falcon", PANE_NOW, "wip_items", 1);
	assert_metric(w, INTAKE, PANE_NOW, "wip_items", 1);
	assert_metric(w, BILLING, PANE_NOW, "wip_items", 1);
	world_free(w);
}

static void a_closed_item_that_moves_after_settle_begins_a_new_life(void **state)
{
	/* settle 10 days: CLM-1 is back after 10 days exactly, CLM-2 a millisecond later. */
	const struct world_options ten = {.settle_ms = 10 * DAY};
	struct world *w =
		TOLD(&ten, "2026-03-01 item.state CLM-1 to=Doing",
		     "2026-03-02 item.state CLM-1 to=Done", "2026-03-12 item.state CLM-1 to=Doing",
		     "2026-03-01 item.state CLM-2 to=Doing", "2026-03-02 item.state CLM-2 to=Done",
		     "2026-03-12T00:00:00.001Z item.state CLM-2 to=Doing");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "throughput_items", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "arrivals_items", 3);
	assert_metric(w, INTAKE, WINDOW_30D, "created_items", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "reopens_count", 1);
	assert_metric(w, INTAKE, PANE_NOW, "wip_items", 2);
	world_free(w);
}

static void a_label_on_a_closed_item_makes_no_new_work(void **state)
{
	const struct world_options ten = {.settle_ms = 10 * DAY};
	struct world *w =
		TOLD(&ten, "2026-02-20 item.created CLM-1 type=feature",
		     "2026-02-21 item.state CLM-1 to=Doing", "2026-02-22 item.state CLM-1 to=Done",
		     "2026-03-10 item.typed CLM-1 type=bug", "2026-03-12 item.state CLM-1 to=DONE",
		     "2026-03-13 item.closed CLM-1", "2026-03-14 item.blocked CLM-1");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "throughput_items", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "velocity_feature_items", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "created_items", 1);
	assert_metric(w, INTAKE, PANE_NOW, "wip_items", 0);
	world_free(w);
}

static void an_open_item_that_nobody_speaks_of_is_stale(void **state)
{
	/*
	 * 10 days: 03-08 12:00 is exactly that long ago and still in WIP; a millisecond more is
	 * stale.
	 */
	const struct world_options ten = {.stale_after_ms = 10 * DAY};
	struct world *w = TOLD(&ten, "2026-03-08T12:00:00Z item.state CLM-1 to=Doing",
			       "2026-03-08T11:59:59.999Z item.state CLM-2 to=Doing");

	(void)state;
	assert_metric(w, INTAKE, PANE_NOW, "wip_items", 1);
	assert_metric(w, INTAKE, WINDOW_WEEK, "excluded_stale_count", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "arrivals_items", 2);
	/* A later fact brings it back, as if it had never gone. */
	world_tell(w, "2026-03-18T11:00:00Z item.typed CLM-2 type=bug");
	world_at(w, NOW);
	assert_metric(w, INTAKE, PANE_NOW, "wip_items", 2);
	assert_metric(w, INTAKE, WINDOW_30D, "excluded_stale_count", 0);
	/* And time alone makes the other stale. */
	world_at(w, "2026-03-18T12:00:00.001Z");
	assert_metric(w, INTAKE, PANE_NOW, "wip_items", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "excluded_stale_count", 1);
	world_free(w);
}

static void facts_after_now_are_left_out_until_it_reaches_them(void **state)
{
	struct world *w = TOLD(NULL, "2026-03-02 item.state CLM-1 to=Doing",
			       "2026-03-20 item.state CLM-1 to=Done",
			       "2026-03-03 item.created CLM-2 created_at=2026-03-19");

	(void)state;
	assert_metric(w, INTAKE, PANE_NOW, "wip_items", 1);
	assert_metric(w, INTAKE, PANE_NOW, "backlog_items", 1);
	assert_metric(w, INTAKE, WINDOW_30D, "created_items", 0);
	world_at(w, "2026-03-19");
	assert_metric(w, INTAKE, WINDOW_30D, "created_items", 1);
	world_at(w, "2026-03-20");
	assert_metric(w, INTAKE, WINDOW_30D, "throughput_items", 1);
	world_at(w, NOW); /* and back */
	assert_metric(w, INTAKE, WINDOW_30D, "throughput_items", 0);
	assert_metric(w, INTAKE, WINDOW_30D, "created_items", 0);
	world_free(w);
}

static void moves_of_one_instant_go_in_the_order_that_chains(void **state)
{
	struct world *w = TOLD(NULL, "2026-03-02 item.state CLM-1 from=In+Review to=Done id=a",
			       "2026-03-02 item.state CLM-1 from=doing to=In+Review id=b",
			       "2026-03-02 item.state CLM-1 from=Backlog to=Doing id=c",
			       "2026-03-03 item.state CLM-2 to=Done sequence=10 id=a",
			       "2026-03-03 item.state CLM-2 to=Doing sequence=9 id=b",
			       "2026-03-03 item.state CLM-3 to=Doing id=b",
			       "2026-03-03 item.state CLM-3 to=Done id=a");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "throughput_items", 2);
	assert_metric(w, INTAKE, WINDOW_30D, "cycle_time_p95_seconds", 0);
	assert_metric(w, INTAKE, PANE_NOW, "wip_items", 1);
	world_free(w);
}

static void done_at_the_instant_of_a_canceling_close_revives_nothing(void **state)
{
	struct world *w =
		TOLD(NULL, "2026-03-02 item.state CLM-1 to=Doing",
		     "2026-03-05 item.closed CLM-1 resolution=WontFix",
		     "2026-03-05 item.state CLM-1 to=Done", "2026-03-05 item.closed CLM-1 id=zz",
		     "2026-03-04 item.state CLM-2 to=Canceled",
		     "2026-03-05 item.closed CLM-2 resolution=WontFix",
		     "2026-03-05 item.closed CLM-2 id=zz");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "canceled_items", 2);
	assert_metric(w, INTAKE, WINDOW_30D, "throughput_items", 0);
	assert_metric(w, INTAKE, WINDOW_30D, "discarded_after_start_ratio", 0.5);
	world_free(w);
}

static void of_two_contents_of_one_identity_the_earlier_stands(void **state)
{
	struct world *w = TOLD(NULL, "2026-03-01 item.state CLM-1 to=Doing",
			       "2026-03-05 item.state CLM-1 to=Done id=x",
			       "2026-03-04 item.state CLM-1 to=Done id=x");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "cycle_time_mean_seconds", 3 * 86400);
	world_free(w);
}

static void facts_of_an_ignored_source_count_in_nothing(void **state)
{
	const struct world_options mad = {.ignore_source = "MAD-*"};
	struct world *w =
		TOLD(&mad, "2026-03-01 item.state CLM-1 to=Doing",
		     "2026-03-05 item.state CLM-1 to=Done source=mad-bot subject_source=tracker");

	(void)state;
	assert_metric(w, INTAKE, PANE_NOW, "wip_items", 1);
	assert_true(fold_latest(w->fold, INT64_MAX) == instant("2026-03-01"));
	world_free(w);
}

static void quantiles_are_samples_by_rank_and_means_are_sums(void **state)
{
	/*
	 * Cycles of 1..9 and 100 hours: ranks floor(0.5*9)=4: 5 h, floor(0.85*9)=7: 8 h,
	 * floor(0.95*9)=8: 9 h.
	 */
	struct world *w = world_new(NULL);
	char line[80];

	(void)state;
	for (int i = 1; i <= 10; i++) {
		int hours = i == 10 ? 100 : i;

		snprintf(line, sizeof line, "2026-03-10 item.state CLM-%d to=Doing", i);
		world_tell(w, line);
		snprintf(line, sizeof line, "2026-03-%02dT%02d:00:00Z item.state CLM-%d to=Done",
			 10 + hours / 24, hours % 24, i);
		world_tell(w, line);
	}
	world_at(w, NOW);
	assert_true(fabs(world_value(w, INTAKE, WINDOW_30D, METRIC_CYCLE_TIME_P50) / 3600 - 5) <
		    0.05);
	assert_true(fabs(world_value(w, INTAKE, WINDOW_30D, METRIC_CYCLE_TIME_P85) / 3600 - 8) <
		    0.08);
	assert_true(fabs(world_value(w, INTAKE, WINDOW_30D, METRIC_CYCLE_TIME_P95) / 3600 - 9) <
		    0.09);
	assert_true(fabs(world_value(w, INTAKE, WINDOW_30D, METRIC_CYCLE_TIME_MAX) / 3600 - 100) <
		    1);
	assert_metric(w, INTAKE, WINDOW_30D, "cycle_time_mean_seconds", 14.5 * 3600);
	world_free(w);
}

static void the_expectation_is_met_up_to_its_last_millisecond(void **state)
{
	/*
	 * 2 days: cycles of 1 and 2 days meet it, 3 do not; WIP of 1.5 and 16.5 days: one is over.
	 */
	struct world *w = TOLD(
		NULL, "2026-03-02 item.state CLM-1 to=Doing", "2026-03-03 item.state CLM-1 to=Done",
		"2026-03-02 item.state CLM-2 to=Doing", "2026-03-04 item.state CLM-2 to=Done",
		"2026-03-02 item.state CLM-3 to=Doing", "2026-03-05 item.state CLM-3 to=Done",
		"2026-03-17 item.state CLM-4 to=Doing", "2026-03-02 item.state CLM-5 to=Doing");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_30D, "sle_met_ratio", 2.0 / 3);
	assert_metric(w, INTAKE, WINDOW_30D, "sle_met_n", 3);
	assert_metric(w, INTAKE, PANE_NOW, "wip_over_sle_items", 1);
	assert_none(w, FRAUD, PANE_NOW, "wip_over_sle_items");
	assert_none(w, FRAUD, WINDOW_30D, "sle_met_ratio");
	assert_metric(w, "acme/claims", PANE_NOW, "wip_over_sle_items", 1);
	world_free(w);
}

static void upstream_and_discarded_are_of_what_started_and_left(void **state)
{
	struct world *w = TOLD(
		NULL, "2026-03-01 item.created CLM-1", "2026-03-02 item.state CLM-1 to=Doing",
		"2026-03-05 item.state CLM-1 to=Done", "2026-03-01 item.created CLM-2",
		"2026-03-05 item.state CLM-2 to=Doing", "2026-03-06 item.state CLM-2 to=Canceled",
		"2026-03-01 item.created CLM-3", "2026-03-06 item.state CLM-3 to=Canceled",
		"2026-03-06 item.state CLM-4 from=Doing to=Canceled");

	(void)state;
	/* 1 and 4 days: rank floor(0.5) = 0. Of four that left one before a start, two after. */
	assert_true(fabs(world_value(w, INTAKE, WINDOW_30D, METRIC_UPSTREAM_TIME_P50) - 86400) <
		    864);
	assert_metric(w, INTAKE, WINDOW_30D, "upstream_time_n", 2);
	assert_metric(w, INTAKE, WINDOW_30D, "discarded_before_start_ratio", 0.25);
	assert_metric(w, INTAKE, WINDOW_30D, "discarded_after_start_ratio", 0.5);
	/* 2 arrived; 2 with a known start left. */
	assert_metric(w, INTAKE, WINDOW_30D, "net_flow_items", 0);
	world_free(w);
}

static void littles_law_compares_wip_with_throughput_times_time(void **state)
{
	/*
	 * 7d begins 03-12. CLM-1 in WIP 03-10..03-13: 1 day inside; departs after 3 days. CLM-2
	 * since 03-17: 1.5. (2.5 / 1) / 3 = 5/6. Mean age 2 days then, 1.5 now: not stable.
	 */
	struct world *w =
		TOLD(NULL, "2026-03-10 item.state CLM-1 to=Doing",
		     "2026-03-13 item.state CLM-1 to=Done", "2026-03-17 item.state CLM-2 to=Doing",
		     "2026-03-13 item.state CLM-3 from=Doing to=Waiting",
		     "2026-03-13 item.state FRD-1 to=Doing", "2026-03-14 item.state FRD-1 to=Done");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_7D, "littles_law_ratio", 5.0 / 6);
	assert_metric(w, INTAKE, WINDOW_7D, "flow_stable", 0);
	assert_metric(w, FRAUD, WINDOW_7D, "littles_law_ratio", 1);
	assert_metric(w, FRAUD, WINDOW_7D, "flow_stable", 1);
	assert_none(w, INTAKE, WINDOW_WEEK, "littles_law_ratio");
	assert_none(w, BILLING, WINDOW_7D, "flow_stable");
	world_free(w);
}

static void a_sum_of_starts_beyond_64_bits_spoils_no_age(void **state)
{
	/* 40,000 instants of the year 9998. Their mean age was 210 days, and is 300: not stable. */
	struct world *w = TOLD(NULL, "9998-12-01 item.state CLM-1 to=Doing",
			       "9998-12-02 item.state CLM-1 to=Done");

	(void)state;
	for (int i = 2; i < 40002; i++) {
		char line[80];

		snprintf(line, sizeof line, "9998-03-01 item.state CLM-%d to=Doing", i);
		world_tell(w, line);
	}
	world_at(w, "9998-12-26");
	assert_metric(w, INTAKE, PANE_NOW, "age_n", 40000);
	assert_metric(w, INTAKE, WINDOW_90D, "flow_stable", 0);
	world_free(w);
}

static void windows_are_whole_local_days(void **state)
{
	/* The last millisecond of Sunday 03-15 is last week's, the next one this week's. */
	struct world *w =
		TOLD(NULL, "2026-03-14 item.state CLM-1 to=Doing",
		     "2026-03-15T23:59:59.999Z item.state CLM-1 to=Done",
		     "2026-03-14 item.state CLM-2 to=Doing", "2026-03-16 item.state CLM-2 to=Done",
		     "2026-02-14 item.state CLM-3 to=Doing",
		     "2026-02-28T23:59:59.999Z item.state CLM-3 to=Done");

	(void)state;
	assert_metric(w, INTAKE, WINDOW_WEEK, "throughput_items", 1);
	assert_metric(w, INTAKE, WINDOW_LAST_WEEK, "throughput_items", 1);
	assert_metric(w, INTAKE, WINDOW_MONTH, "throughput_items", 2);
	assert_metric(w, INTAKE, WINDOW_LAST_MONTH, "throughput_items", 1);
	assert_metric(w, INTAKE, WINDOW_QUARTER, "throughput_items", 3);
	assert_metric(w, INTAKE, WINDOW_LAST_QUARTER, "throughput_items", 0);
	assert_metric(w, INTAKE, WINDOW_7D, "throughput_items", 2);
	world_free(w);
}

struct stages {
	double visits, total, wip;
};

static bool note_doing(void *arg, const struct row *row)
{
	struct stages *s = arg;

	if (text_same(row->cells[0].text, TEXT("doing")))
		*s = (struct stages){row->cells[1].number, row->cells[4].number,
				     row->cells[5].number};
	return true;
}

static void the_value_stream_map_has_the_visits_of_finished_items(void **state)
{
	/*
	 * Doing 1 day, Waiting 2, Doing 3 (told twice), Done: two visits, 4 days; one more is in it
	 * now.
	 */
	struct world *w =
		TOLD(NULL, "2026-03-02 item.state CLM-1 to=Doing",
		     "2026-03-03 item.state CLM-1 to=Waiting",
		     "2026-03-05 item.state CLM-1 to=Doing", "2026-03-06 item.state CLM-1 to=DOING",
		     "2026-03-08 item.state CLM-1 to=Done", "2026-03-08 item.state CLM-2 to=Doing");
	struct stages doing = {0};

	(void)state;
	assert_true(fold_table(w->fold, model_scope_named(w->model, TEXT(INTAKE)), TABLE_STAGES,
			       WINDOW_30D, note_doing, &doing));
	assert_true(doing.visits == 2 && doing.total == 4 * 86400 && doing.wip == 1);
	world_free(w);
}

struct cfd {
	int32_t day;
	double lines[CLASS_COUNT];
};

static bool note_day(void *arg, const struct row *row)
{
	struct cfd *cfd = arg;

	for (size_t i = 0; row->day == cfd->day && i < CLASS_COUNT; i++)
		cfd->lines[i] = row->cells[i].number;
	return true;
}

static void cumulative_flow_begins_with_what_was_open(void **state)
{
	/* The 90 days begin with 2025-12-19: CLM-3 was closed for good before, CLM-4 was not. */
	struct world *w =
		TOLD(NULL, "2026-03-01 item.created CLM-1", "2026-03-02 item.state CLM-1 to=Doing",
		     "2026-03-08 item.state CLM-1 to=Done", "2025-12-01 item.created CLM-3",
		     "2025-12-18T23:59:59.999Z item.state CLM-3 to=Done",
		     "2025-12-01 item.created CLM-4", "2025-12-10 item.state CLM-4 to=Doing",
		     "2025-12-18 item.state CLM-4 to=Done", "2026-03-04 item.state CLM-4 to=Doing");
	struct cfd first = {.day = 20441}, last = {.day = 20530}; /* 2025-12-19, 2026-03-18 */
	uint32_t scope = model_scope_named(w->model, TEXT(INTAKE));

	(void)state;
	assert_true(fold_table(w->fold, scope, TABLE_CFD, 0, note_day, &first));
	assert_true(fold_table(w->fold, scope, TABLE_CFD, 0, note_day, &last));
	assert_true(first.lines[CLASS_NEW] == 1 && first.lines[CLASS_ACTIVE] == 1 &&
		    first.lines[CLASS_DONE] == 1);
	assert_true(last.lines[CLASS_NEW] == 2 && last.lines[CLASS_ACTIVE] == 2 &&
		    last.lines[CLASS_DONE] == 2 && last.lines[CLASS_CANCELED] == 0);
	world_free(w);
}

static void a_creation_after_the_close_enters_no_line_that_begins_later(void **state)
{
	/* Closed 2025-12-10, before the first day 12-19; created, so it says, on 12-25. */
	struct world *w = TOLD(NULL, "2025-12-09 item.state CLM-1 to=Doing created_at=2025-12-25",
			       "2025-12-10 item.state CLM-1 to=Done");
	struct cfd first = {.day = 20441}, last = {.day = 20530};
	uint32_t scope = model_scope_named(w->model, TEXT(INTAKE));

	(void)state;
	assert_true(fold_table(w->fold, scope, TABLE_CFD, 0, note_day, &first));
	assert_true(fold_table(w->fold, scope, TABLE_CFD, 0, note_day, &last));
	assert_true(first.lines[CLASS_NEW] == 0 && last.lines[CLASS_NEW] == 0);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reopened_item_runs_from_first_start_to_final_finish),
		cmocka_unit_test(a_reopened_item_that_is_open_is_wip_from_its_first_start),
		cmocka_unit_test(a_start_before_the_log_is_never_guessed),
		cmocka_unit_test(an_item_that_never_started_has_a_lead_time_only),
		cmocka_unit_test(a_creation_after_the_finish_is_negative_and_counted),
		cmocka_unit_test(nested_blocks_overlap_and_do_not_add),
		cmocka_unit_test(an_unblock_without_a_name_ends_all_blocks),
		cmocka_unit_test(an_unknown_state_keeps_the_class_and_is_counted),
		cmocka_unit_test(a_started_item_put_back_to_new_waits),
		cmocka_unit_test(the_type_is_frozen_at_the_finish),
		cmocka_unit_test(a_move_between_products_rewrites_history_until_the_close),
		cmocka_unit_test(a_team_is_one_of_the_items_product),
		cmocka_unit_test(a_closed_item_that_moves_after_settle_begins_a_new_life),
		cmocka_unit_test(a_label_on_a_closed_item_makes_no_new_work),
		cmocka_unit_test(an_open_item_that_nobody_speaks_of_is_stale),
		cmocka_unit_test(facts_after_now_are_left_out_until_it_reaches_them),
		cmocka_unit_test(moves_of_one_instant_go_in_the_order_that_chains),
		cmocka_unit_test(done_at_the_instant_of_a_canceling_close_revives_nothing),
		cmocka_unit_test(of_two_contents_of_one_identity_the_earlier_stands),
		cmocka_unit_test(facts_of_an_ignored_source_count_in_nothing),
		cmocka_unit_test(quantiles_are_samples_by_rank_and_means_are_sums),
		cmocka_unit_test(the_expectation_is_met_up_to_its_last_millisecond),
		cmocka_unit_test(upstream_and_discarded_are_of_what_started_and_left),
		cmocka_unit_test(littles_law_compares_wip_with_throughput_times_time),
		cmocka_unit_test(a_sum_of_starts_beyond_64_bits_spoils_no_age),
		cmocka_unit_test(windows_are_whole_local_days),
		cmocka_unit_test(the_value_stream_map_has_the_visits_of_finished_items),
		cmocka_unit_test(cumulative_flow_begins_with_what_was_open),
		cmocka_unit_test(a_creation_after_the_close_enters_no_line_that_begins_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
