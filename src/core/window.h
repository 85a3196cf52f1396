/*
 * window: which local days a window has, and the sums of a scope's cells over them.
 */
#ifndef VENTURI_CORE_WINDOW_H
#define VENTURI_CORE_WINDOW_H

#include "core/cells.h"
#include "venturi/metric.h"
#include "venturi/model.h"
#include "venturi/sketch.h"

/* Local days, both included. */
struct days {
	int32_t first, last;
};

/* The days of a window of which `today` is the current one. Windows to date end today. */
struct days window_days(enum window window, int32_t today);
bool window_is_rolling(enum window window);

/* Durations by bucket; between low and high (both included) lies all that is not 0. */
struct histogram {
	int64_t n;
	uint32_t low, high;
	int64_t buckets[SKETCH_BUCKETS];
};

enum { H_CYCLE, H_LEAD, H_UPSTREAM, H_RELEASE_INTERVAL, HISTOGRAMS };

/* Sums over days. All bytes 0 is ready for use. */
struct sums {
	int64_t counts[MEASURES]; /* of the measures that have neither sub nor bucket */
	int64_t types[TYPE_COUNT];
	int64_t days_with_release;
	struct histogram histograms[HISTOGRAMS];
};

void sums_clear(struct sums *sums);
void sums_add(struct sums *sums, const struct cells *cells, struct days days);

void histogram_clear(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint32_t bucket, int64_t n);
/* The quantile in ms; NaN where there is no sample. 100 % is the greatest. */
double histogram_quantile(const struct histogram *histogram, int percent);

/* Sum of one key over the scope's days that are in the range. */
int64_t days_sum(const struct cells *cells, struct days days, uint64_t key);

#endif
