#include "venturi/sketch.h"

#include <assert.h>

/* Values below 2^7 have a bucket each; above, the six bits after the leading one choose it. */
#define EXACT        128
#define SUB          64
#define SUB_BITS     6
#define FIRST_OCTAVE 7

uint32_t sketch_bucket(int64_t value)
{
	assert(value >= 0);
	if (value < EXACT)
		return (uint32_t)value;

	uint32_t top = 63 - (uint32_t)__builtin_clzll((unsigned long long)value);
	uint32_t sub = (uint32_t)(value >> (top - SUB_BITS)) - SUB;

	return EXACT + (top - FIRST_OCTAVE) * SUB + sub;
}

/* The bucket's width is 2 to this power. */
static uint32_t width_bits(uint32_t bucket)
{
	return bucket < EXACT ? 0 : (bucket - EXACT) / SUB + 1;
}

int64_t sketch_lower(uint32_t bucket)
{
	assert(bucket < SKETCH_BUCKETS);
	if (bucket < EXACT)
		return bucket;
	return (int64_t)(SUB + (bucket - EXACT) % SUB) << width_bits(bucket);
}

int64_t sketch_upper(uint32_t bucket)
{
	/* Beyond the last bucket there is no int64_t; its greatest value is the edge then. */
	return bucket + 1 < SKETCH_BUCKETS ? sketch_lower(bucket + 1) : INT64_MAX;
}

int64_t sketch_value(uint32_t bucket)
{
	return sketch_lower(bucket) + ((INT64_C(1) << width_bits(bucket)) >> 1);
}

int64_t sketch_rank(int64_t n, int percent)
{
	assert(n > 0);
	/* percent * (n - 1) / 100 without overflow */
	int64_t most = n - 1;

	return most / 100 * percent + most % 100 * percent / 100;
}
