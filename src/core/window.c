#include "core/window.h"

#include "venturi/civil.h"
#include <assert.h>
#include <math.h>
#include <string.h>

struct days window_days(enum window window, int32_t today)
{
	int32_t week = civil_week_start(today);
	int32_t month = civil_month_start(today);
	int32_t quarter = civil_quarter_start(today);

	switch (window) {
	case WINDOW_7D:
		return (struct days){today - 6, today};
	case WINDOW_30D:
		return (struct days){today - 29, today};
	case WINDOW_90D:
		return (struct days){today - 89, today};
	case WINDOW_WEEK:
		return (struct days){week, today};
	case WINDOW_MONTH:
		return (struct days){month, today};
	case WINDOW_QUARTER:
		return (struct days){quarter, today};
	case WINDOW_LAST_WEEK:
		return (struct days){week - 7, week - 1};
	case WINDOW_LAST_MONTH:
		return (struct days){civil_month_add(today, -1), month - 1};
	case WINDOW_LAST_QUARTER:
		return (struct days){civil_quarter_add(today, -1), quarter - 1};
	default:
		assert(!"a window of days");
		return (struct days){today, today};
	}
}

bool window_is_rolling(enum window window)
{
	return window == WINDOW_7D || window == WINDOW_30D || window == WINDOW_90D;
}

void histogram_clear(struct histogram *h)
{
	if (h->n)
		memset(h->buckets + h->low, 0, (h->high - h->low + 1) * sizeof *h->buckets);
	h->n = 0;
}

void histogram_add(struct histogram *h, uint32_t bucket, int64_t n)
{
	if (!h->n || bucket < h->low)
		h->low = bucket;
	if (!h->n || bucket > h->high)
		h->high = bucket;
	h->buckets[bucket] += n;
	h->n += n;
}

double histogram_quantile(const struct histogram *h, int percent)
{
	int64_t rank, below = 0;

	if (!h->n)
		return NAN;
	rank = sketch_rank(h->n, percent);
	for (uint32_t i = h->low; i <= h->high; i++) {
		below += h->buckets[i];
		if (below > rank)
			return (double)sketch_value(i);
	}
	assert(!"a rank below n");
	return NAN;
}

void sums_clear(struct sums *s)
{
	memset(s->counts, 0, sizeof s->counts);
	memset(s->types, 0, sizeof s->types);
	s->days_with_release = 0;
	for (int i = 0; i < HISTOGRAMS; i++)
		histogram_clear(&s->histograms[i]);
}

static void add_count(struct sums *s, const struct count *count)
{
	int64_t *sum;

	switch (key_measure(count->key)) {
	case M_CYCLE:
		histogram_add(&s->histograms[H_CYCLE], key_bucket(count->key), count->n);
		break;
	case M_LEAD:
		histogram_add(&s->histograms[H_LEAD], key_bucket(count->key), count->n);
		break;
	case M_UPSTREAM:
		histogram_add(&s->histograms[H_UPSTREAM], key_bucket(count->key), count->n);
		break;
	case M_RELEASE_INTERVAL:
		histogram_add(&s->histograms[H_RELEASE_INTERVAL], key_bucket(count->key), count->n);
		break;
	case M_FINISHED_TYPE:
		s->types[key_sub(count->key)] += count->n;
		break;
	case M_RELEASES:
		s->days_with_release++;
		s->counts[M_RELEASES] += count->n;
		break;
	default:
		sum = &s->counts[key_measure(count->key)];
		*sum = sum_wrapped(*sum, count->n);
		break;
	}
}

void sums_add(struct sums *s, const struct cells *cells, struct days days)
{
	uint32_t i = cells_from(cells, days.first);

	for (; i < cells->n_days && cells->days[i].day <= days.last; i++) {
		const struct cell *cell = &cells->days[i].cell;

		for (uint32_t j = 0; j < cell->n; j++)
			add_count(s, &cell->counts[j]);
	}
}

int64_t days_sum(const struct cells *cells, struct days days, uint64_t key)
{
	int64_t sum = 0;
	uint32_t i = cells_from(cells, days.first);

	for (; i < cells->n_days && cells->days[i].day <= days.last; i++)
		sum = sum_wrapped(sum, cell_get(&cells->days[i].cell, key));
	return sum;
}
