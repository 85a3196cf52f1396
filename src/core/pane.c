#include "core/pane.h"

#include <math.h>

/* Releases a month: of the mean Gregorian month. */
#define DAYS_A_MONTH 30.4375

static double seconds(double ms)
{
	return ms / 1000;
}

static double share(int64_t part, int64_t whole)
{
	return whole ? (double)part / (double)whole : NAN;
}

static void durations(const struct histogram *h, int64_t sum, double *p50, double *p85, double *p95,
		      double *mean, double *n)
{
	*p50 = seconds(histogram_quantile(h, 50));
	*p85 = seconds(histogram_quantile(h, 85));
	if (p95)
		*p95 = seconds(histogram_quantile(h, 95));
	if (mean)
		*mean = h->n ? seconds((double)sum / (double)h->n) : NAN;
	*n = (double)h->n;
}

static void counts(const struct sums *s, double *v)
{
	static const struct {
		enum metric metric;
		enum measure measure;
	} same[] = {
		{METRIC_THROUGHPUT, M_FINISHED},
		{METRIC_ARRIVALS, M_STARTED},
		{METRIC_CREATED, M_CREATED},
		{METRIC_CANCELED, M_CANCELED},
		{METRIC_REOPENS, M_REOPENS},
		{METRIC_UNKNOWN_STATES, M_UNKNOWN_STATES},
		{METRIC_EXCLUDED_NO_START, M_NO_START},
		{METRIC_EXCLUDED_START_UNKNOWN, M_START_UNKNOWN},
		{METRIC_EXCLUDED_NO_CREATED, M_NO_CREATED},
		{METRIC_EXCLUDED_STALE, M_STALE},
		{METRIC_EXCLUDED_NEGATIVE, M_NEGATIVE},
		{METRIC_DEPLOYMENTS, M_DEPLOYMENTS},
		{METRIC_REDEPLOYS, M_REDEPLOYS},
		{METRIC_DEPLOY_ATTEMPTS_FAILED, M_ATTEMPTS_FAILED},
		{METRIC_EXCLUDED_NOT_PRODUCTION, M_NOT_PRODUCTION},
		{METRIC_RELEASES, M_RELEASES},
	};

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		v[same[i].metric] = (double)s->counts[same[i].measure];
	v[METRIC_NET_FLOW] = (double)(s->counts[M_STARTED] - s->counts[M_DEPARTED]);
}

static void flow(const struct sums *s, double *v)
{
	const int64_t *c = s->counts;
	const struct histogram *cycle = &s->histograms[H_CYCLE];
	int64_t left = c[M_FINISHED] + c[M_CANCELED];
	int64_t known = cycle->n;

	durations(cycle, c[M_CYCLE_SUM], &v[METRIC_CYCLE_TIME_P50], &v[METRIC_CYCLE_TIME_P85],
		  &v[METRIC_CYCLE_TIME_P95], &v[METRIC_CYCLE_TIME_MEAN], &v[METRIC_CYCLE_TIME_N]);
	v[METRIC_CYCLE_TIME_MAX] = seconds(histogram_quantile(cycle, 100));
	durations(&s->histograms[H_LEAD], c[M_LEAD_SUM], &v[METRIC_LEAD_TIME_P50],
		  &v[METRIC_LEAD_TIME_P85], &v[METRIC_LEAD_TIME_P95], &v[METRIC_LEAD_TIME_MEAN],
		  &v[METRIC_LEAD_TIME_N]);
	durations(&s->histograms[H_UPSTREAM], 0, &v[METRIC_UPSTREAM_TIME_P50],
		  &v[METRIC_UPSTREAM_TIME_P85], NULL, NULL, &v[METRIC_UPSTREAM_TIME_N]);
	v[METRIC_FLOW_EFFICIENCY] = share(c[M_ACTIVE_SUM], c[M_CYCLE_SUM]);
	v[METRIC_WAIT] = share(c[M_WAIT_SUM], c[M_CYCLE_SUM]);
	v[METRIC_BLOCKED] = share(c[M_BLOCKED_SUM], c[M_CYCLE_SUM]);
	v[METRIC_FLOW_EFFICIENCY_N] = v[METRIC_WAIT_N] = v[METRIC_BLOCKED_N] = (double)known;
	v[METRIC_FIRST_PASS] = share(c[M_FIRST_PASS], c[M_FINISHED]);
	v[METRIC_FIRST_PASS_N] = (double)c[M_FINISHED];
	v[METRIC_SLE_MET] = share(c[M_SLE_MET], c[M_SLE_SAMPLES]);
	v[METRIC_SLE_MET_N] = (double)c[M_SLE_SAMPLES];
	v[METRIC_DISCARDED_BEFORE_START] = share(c[M_DISCARDED_BEFORE], left);
	v[METRIC_DISCARDED_AFTER_START] = share(c[M_DISCARDED_AFTER], left);
	v[METRIC_DISCARDED_BEFORE_START_N] = v[METRIC_DISCARDED_AFTER_START_N] = (double)left;
}

static void types(const struct sums *s, double *v)
{
	static const struct {
		enum metric velocity, distribution, n;
	} of[TYPE_COUNT] = {
		[TYPE_FEATURE] = {METRIC_VELOCITY_FEATURE, METRIC_DISTRIBUTION_FEATURE,
				  METRIC_DISTRIBUTION_FEATURE_N},
		[TYPE_DEFECT] = {METRIC_VELOCITY_DEFECT, METRIC_DISTRIBUTION_DEFECT,
				 METRIC_DISTRIBUTION_DEFECT_N},
		[TYPE_RISK] = {METRIC_VELOCITY_RISK, METRIC_DISTRIBUTION_RISK,
			       METRIC_DISTRIBUTION_RISK_N},
		[TYPE_DEBT] = {METRIC_VELOCITY_DEBT, METRIC_DISTRIBUTION_DEBT,
			       METRIC_DISTRIBUTION_DEBT_N},
		[TYPE_OTHER] = {METRIC_VELOCITY_OTHER, METRIC_DISTRIBUTION_OTHER,
				METRIC_DISTRIBUTION_OTHER_N},
	};

	for (int type = 0; type < TYPE_COUNT; type++) {
		v[of[type].velocity] = (double)s->types[type];
		v[of[type].distribution] = share(s->types[type], s->counts[M_FINISHED]);
		v[of[type].n] = (double)s->counts[M_FINISHED];
	}
}

static void releases(const struct sums *s, struct days days, double *v)
{
	const struct histogram *interval = &s->histograms[H_RELEASE_INTERVAL];

	v[METRIC_RELEASES_PER_MONTH] =
		(double)s->counts[M_RELEASES] * DAYS_A_MONTH / (days.last - days.first + 1);
	v[METRIC_DAYS_WITH_RELEASE] = (double)s->days_with_release;
	v[METRIC_RELEASE_INTERVAL_P50] = seconds(histogram_quantile(interval, 50));
	v[METRIC_RELEASE_INTERVAL_N] = (double)interval->n;
}

/* WIP with a known start at one instant: how many, and the sum of their ages in ms. */
struct ages {
	__int128 n, sum;
};

/* Of n items that began at instants of this sum; both wrap, the ages' sum need not. */
static struct ages ages_at(int64_t at, int64_t n, uint64_t starts)
{
	return (struct ages){n, (int64_t)((uint64_t)n * (uint64_t)at - starts)};
}

/* Whether two figures a1/b1 and a2/b2 (0 where b is 0) differ by at most 10 % of the greater. */
static bool within_tenth(struct ages x, struct ages y)
{
	__int128 a = x.n ? x.sum : 0, b = y.n ? y.sum : 0, greater, less;

	a *= y.n ? y.n : 1;
	b *= x.n ? x.n : 1;
	greater = a > b ? a : b;
	less = a > b ? b : a;
	return 10 * (greater - less) <= greater;
}

/*
 * Little's law from the window's first instant t0 to now, on items with a known start, from sums
 * alone: with W items in WIP at t0, the integral of WIP is W * (now - t0) + the sum of (now -
 * start) over what started since, less the sum of (now - exit) over what left since.
 */
static void littles_law(const struct pane_input *in, const struct sums *s, struct days days,
			double *v)
{
	const int64_t *c = s->counts;
	int64_t t0 = zone_day_start(in->zone, days.first), departed = c[M_DEPARTED];
	int64_t known = cell_get(&in->cells->now, measure_key(M_WIP_KNOWN, 0, 0));
	int64_t starts = cell_get(&in->cells->now, measure_key(M_WIP_START_SUM, 0, 0));
	int64_t wip0 = known - c[M_STARTED] + c[M_EXITED];
	__int128 integral = (__int128)wip0 * (in->now - t0);
	__int128 started_sum = 0; /* of the instants of those that started since t0 */
	struct ages then, at_now = ages_at(in->now, known, (uint64_t)starts);
	uint32_t i = cells_from(in->cells, days.first);

	for (; i < in->cells->n_days && in->cells->days[i].day <= days.last; i++) {
		const struct day_cell *day = &in->cells->days[i];
		int64_t start = zone_day_start(in->zone, day->day);
		int64_t in_n = cell_get(&day->cell, measure_key(M_STARTED, 0, 0));
		int64_t out_n = cell_get(&day->cell, measure_key(M_EXITED, 0, 0));
		__int128 in_sum = (__int128)in_n * start +
				  cell_get(&day->cell, measure_key(M_START_OFFSET_SUM, 0, 0));
		__int128 out_sum = (__int128)out_n * start +
				   cell_get(&day->cell, measure_key(M_EXIT_OFFSET_SUM, 0, 0));

		started_sum += in_sum;
		integral += (__int128)(in_n - out_n) * in->now - in_sum + out_sum;
		if (day->day != days.first)
			continue;
		/* At t0 itself: who started just then is in WIP, who left just then is not. */
		wip0 += cell_get(&day->cell, measure_key(M_STARTED_AT_MIDNIGHT, 0, 0)) -
			cell_get(&day->cell, measure_key(M_EXITED_AT_MIDNIGHT, 0, 0));
		started_sum -= (__int128)t0 *
			       cell_get(&day->cell, measure_key(M_STARTED_AT_MIDNIGHT, 0, 0));
		started_sum +=
			cell_get(&day->cell, measure_key(M_EXITED_AT_MIDNIGHT_START_SUM, 0, 0));
	}
	then = ages_at(t0, wip0,
		       (uint64_t)starts + (uint64_t)c[M_EXIT_START_SUM] - (uint64_t)started_sum);
	v[METRIC_LITTLES_LAW_N] = (double)departed;
	if (departed && c[M_DEPARTED_TIME_SUM])
		v[METRIC_LITTLES_LAW] = (double)integral / (double)c[M_DEPARTED_TIME_SUM];
	if (c[M_STARTED] || departed)
		v[METRIC_FLOW_STABLE] =
			within_tenth((struct ages){1, c[M_STARTED]}, (struct ages){1, departed}) &&
			within_tenth(then, at_now);
}

void pane_window(const struct pane_input *in, const struct sums *sums, struct days days,
		 bool rolling, double v[METRIC_COUNT])
{
	counts(sums, v);
	flow(sums, v);
	types(sums, v);
	releases(sums, days, v);
	v[METRIC_LITTLES_LAW] = v[METRIC_FLOW_STABLE] = NAN;
	v[METRIC_LITTLES_LAW_N] = 0;
	if (rolling)
		littles_law(in, sums, days, v);
}

static int64_t now_count(const struct cells *cells, enum measure m, uint32_t sub)
{
	return cell_get(&cells->now, measure_key(m, sub, 0));
}

int64_t wip_items(const struct cells *cells)
{
	return now_count(cells, M_WIP_ACTIVE, 0) + now_count(cells, M_WIP_WAIT, 0) +
	       now_count(cells, M_WIP_BLOCKED, 0);
}

int64_t wip_at_end(const struct cells *cells, int32_t day)
{
	struct days after = {day + 1, INT32_MAX};

	return wip_items(cells) - days_sum(cells, after, measure_key(M_WIP_IN, 0, 0)) +
	       days_sum(cells, after, measure_key(M_WIP_OUT, 0, 0));
}

/* A quantile of ages is one of starts, from the other end. */
static double age(const struct pane_input *in, int percent)
{
	const struct ordered *starts = &in->cells->sets[M_SET_STARTS - M_SET_STARTS];

	if (!starts->n)
		return NAN;
	return seconds(
		(double)(in->now -
			 ordered_at(starts, starts->n - 1 - sketch_rank(starts->n, percent))->at));
}

void pane_now(const struct pane_input *in, double v[METRIC_COUNT])
{
	const struct cells *cells = in->cells;

	v[METRIC_WIP] = (double)wip_items(cells);
	v[METRIC_WIP_ACTIVE] = (double)now_count(cells, M_WIP_ACTIVE, 0);
	v[METRIC_WIP_WAIT] = (double)now_count(cells, M_WIP_WAIT, 0);
	v[METRIC_WIP_BLOCKED] = (double)now_count(cells, M_WIP_BLOCKED, 0);
	v[METRIC_WIP_FEATURE] = (double)now_count(cells, M_WIP_TYPE, TYPE_FEATURE);
	v[METRIC_WIP_DEFECT] = (double)now_count(cells, M_WIP_TYPE, TYPE_DEFECT);
	v[METRIC_WIP_RISK] = (double)now_count(cells, M_WIP_TYPE, TYPE_RISK);
	v[METRIC_WIP_DEBT] = (double)now_count(cells, M_WIP_TYPE, TYPE_DEBT);
	v[METRIC_WIP_OTHER] = (double)now_count(cells, M_WIP_TYPE, TYPE_OTHER);
	v[METRIC_AGE_P50] = age(in, 50);
	v[METRIC_AGE_P85] = age(in, 85);
	v[METRIC_AGE_MAX] = age(in, 100);
	v[METRIC_AGE_N] = (double)cells->sets[M_SET_STARTS - M_SET_STARTS].n;
	v[METRIC_WIP_OVER_SLE] =
		in->scope->has_sle
			? (double)ordered_below(&cells->sets[M_SET_SLE - M_SET_STARTS], in->now)
			: NAN;
	v[METRIC_BACKLOG] = (double)now_count(cells, M_BACKLOG, 0);
}
