#include "core/contribution.h"

#include "venturi/sketch.h"
#include <stdlib.h>

/* Op bytes: measures, and above them what the following ops are about. */
enum { OP_LEAF = 253, OP_DAY = 254, OP_NO_DAY = 255 };

_Static_assert((int)MEASURES < (int)OP_LEAF, "a measure is one byte");

#define NO_DAY INT32_MIN
/* The longest op: its byte and four varints. */
#define OP_MOST 41

void contribution_begin(struct contribution *c)
{
	c->len = 0;
	c->leaf = UINT32_MAX;
	c->day = NO_DAY;
	c->wake = INT64_MAX;
	c->failed = false;
}

void contribution_free(struct contribution *c)
{
	free(c->bytes);
	*c = (struct contribution){0};
}

static bool room(struct contribution *c)
{
	size_t more = c->room ? c->room * 2 : 512;
	uint8_t *bytes;

	if (c->len + 2 * OP_MOST <= c->room)
		return true;
	bytes = realloc(c->bytes, more);
	if (!bytes) {
		c->failed = true;
		return false;
	}
	c->bytes = bytes;
	c->room = more;
	return true;
}

static void put(struct contribution *c, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		c->bytes[c->len++] = (uint8_t)(value | 0x80);
	c->bytes[c->len++] = (uint8_t)value;
}

static void put_signed(struct contribution *c, int64_t value)
{
	put(c, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

static void on_day(struct contribution *c, int32_t day)
{
	if (c->day == day)
		return;
	if (day == NO_DAY) {
		c->bytes[c->len++] = OP_NO_DAY;
	} else {
		c->bytes[c->len++] = OP_DAY;
		put_signed(c, day);
	}
	c->day = day;
}

void contribution_leaf(struct contribution *c, uint32_t leaf)
{
	if (c->leaf == leaf || !room(c))
		return;
	c->bytes[c->len++] = OP_LEAF;
	put(c, leaf);
	c->leaf = leaf;
}

static void add(struct contribution *c, int32_t day, enum measure m, uint32_t sub, uint32_t bucket,
		int64_t n)
{
	if (n == 0 || !room(c))
		return;
	on_day(c, day);
	c->bytes[c->len++] = (uint8_t)m;
	if (measure_has_sub(m))
		put(c, sub);
	if (measure_is_bucketed(m))
		put(c, bucket);
	put_signed(c, n);
}

void contribution_day(struct contribution *c, int32_t day, enum measure m, uint32_t sub, int64_t n)
{
	add(c, day, m, sub, 0, n);
}

void contribution_sample(struct contribution *c, int32_t day, enum measure m, uint32_t sub,
			 int64_t duration)
{
	add(c, day, m, sub, sketch_bucket(duration), 1);
}

void contribution_now(struct contribution *c, enum measure m, uint32_t sub, int64_t n)
{
	add(c, NO_DAY, m, sub, 0, n);
}

void contribution_set(struct contribution *c, enum measure m, int64_t at, uint32_t life)
{
	if (!room(c))
		return;
	c->bytes[c->len++] = (uint8_t)m;
	put_signed(c, at);
	put(c, life);
}

void contribution_until(struct contribution *c, int64_t at)
{
	if (at < c->wake)
		c->wake = at;
}

static uint64_t get(struct contribution_reader *r)
{
	uint64_t value = 0;

	for (int shift = 0;; shift += 7) {
		uint8_t byte = *r->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
}

static int64_t get_signed(struct contribution_reader *r)
{
	uint64_t value = get(r);

	return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

bool contribution_next(struct contribution_reader *r)
{
	struct contribution_op *op = &r->op;

	while (r->at < r->end) {
		uint8_t code = *r->at++;

		if (code == OP_LEAF) {
			op->leaf = (uint32_t)get(r);
		} else if (code == OP_NO_DAY) {
			op->has_day = false;
		} else if (code == OP_DAY) {
			op->has_day = true;
			op->day = (int32_t)get_signed(r);
		} else if (measure_is_set(code)) {
			op->measure = code;
			op->at = get_signed(r);
			op->life = (uint32_t)get(r);
			return true;
		} else {
			uint32_t sub = measure_has_sub(code) ? (uint32_t)get(r) : 0;
			uint32_t bucket = measure_is_bucketed(code) ? (uint32_t)get(r) : 0;

			op->measure = code;
			op->key = measure_key(code, sub, bucket);
			op->n = get_signed(r);
			return true;
		}
	}
	return false;
}
