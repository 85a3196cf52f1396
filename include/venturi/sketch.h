/*
 * sketch: the buckets of durations: log-linear, 64 an octave, so that a bucket's representative is
 * within 0.8 % of every value in it (exact below 128). Fixed edges and integer counts: adding,
 * taking back and merging are exact and need no order. After HdrHistogram (Gil Tene).
 */
#ifndef VENTURI_SKETCH_H
#define VENTURI_SKETCH_H

#include <stddef.h>
#include <stdint.h>

/* Values are ms, from 0 to INT64_MAX. */
#define SKETCH_BUCKETS 3712

/* Preconditions: value >= 0. */
uint32_t sketch_bucket(int64_t value);

/* The value that stands for a bucket: the middle of its edges. */
int64_t sketch_value(uint32_t bucket);

/* The least value of a bucket, and the least that is beyond it. */
int64_t sketch_lower(uint32_t bucket);
int64_t sketch_upper(uint32_t bucket);

/* The rank (from 0) of the quantile q, in 1/100, of n samples: floor(q * (n - 1) / 100). n > 0. */
int64_t sketch_rank(int64_t n, int percent);

#endif
