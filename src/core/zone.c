/*
 *   spans:  [ -inf, first transition ) [ … ) … [ last, +inf )     an offset each
 *
 * What the file tells is followed by four hundred years of its footer's rule, after which the
 * calendar repeats itself, weekdays too: later instants are looked up a cycle or more before.
 */
#include "venturi/zone.h"

#include "core/zone_rule.h"
#include "venturi/civil.h"

#include <stdlib.h>
#include <string.h>

#define BAD_ZONE  65 /* EX_DATAERR */
#define NO_MEMORY 71 /* EX_OSERR */

#define DAY         INT64_C(86400)
#define CYCLE_YEARS 400
#define CYCLE_DAYS  146097
/* Instants are cut to these seconds, some 34,000 years; a file may tell of the Big Bang. */
#define SECONDS_MOST (INT64_C(1) << 40)
/* Where a zone without transitions begins to follow its footer. */
#define FIRST_YEAR 1900

#define HEADER_BYTES 44
#define OFFSET_LEAST (-89999)
#define OFFSET_MOST  93599

struct span {
	int64_t from; /* seconds since the Unix epoch */
	int32_t offset;
	int32_t reached; /* the greatest local date of all instants before */
};

struct zone {
	int32_t repeats; /* days from this one on are as those a cycle before */
	size_t n;
	struct span spans[];
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* ---- Looking up ---- */

int32_t zone_day(const struct zone *zone, int64_t ms)
{
	int64_t second = floor_div(ms, 1000);
	int32_t later = 0;

	if (second < -SECONDS_MOST)
		second = -SECONDS_MOST;
	if (second > SECONDS_MOST)
		second = SECONDS_MOST;
	if (second >= zone->repeats * DAY) {
		later = (int32_t)((second - zone->repeats * DAY) / (CYCLE_DAYS * DAY)) + 1;
		second -= later * (CYCLE_DAYS * DAY);
	}

	size_t low = 0, high = zone->n;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (zone->spans[middle].from <= second)
			low = middle;
		else
			high = middle;
	}

	const struct span *span = &zone->spans[low];
	int32_t day = (int32_t)floor_div(second + span->offset, DAY);

	/* A clock set back over midnight doesn't bring the day before back. */
	return (day > span->reached ? day : span->reached) + later * CYCLE_DAYS;
}

int64_t zone_day_start(const struct zone *zone, int32_t day)
{
	int64_t later = 0;

	if (day >= zone->repeats) {
		later = ((int64_t)day - zone->repeats) / CYCLE_DAYS + 1;
		day = (int32_t)(day - later * CYCLE_DAYS);
	}

	/* The span that first bears the date, or a later one. */
	size_t low = 0, high = zone->n;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (zone->spans[middle].reached < day)
			low = middle;
		else
			high = middle;
	}

	int64_t second = day * DAY - zone->spans[low].offset;

	if (second < zone->spans[low].from)
		second = zone->spans[low].from;
	return (second + later * CYCLE_DAYS * DAY) * 1000;
}

/* ---- Making one ---- */

static struct zone *zone_with_room(size_t spans, int32_t offset)
{
	struct zone *zone = malloc(sizeof *zone + spans * sizeof *zone->spans);

	if (zone) {
		zone->repeats = INT32_MAX;
		zone->n = 1;
		zone->spans[0] = (struct span){-SECONDS_MOST, offset, INT32_MIN};
	}
	return zone;
}

struct zone *zone_new_utc(void)
{
	return zone_with_room(1, 0);
}

void zone_free(struct zone *zone)
{
	free(zone);
}

/* Transitions come in order; one that doesn't (a rule at odds with itself) is left out. */
static void zone_change(struct zone *zone, int64_t second, int32_t offset)
{
	struct span *last = &zone->spans[zone->n - 1];

	if (second < last->from)
		return;
	if (second == last->from) {
		last->offset = offset;
		return;
	}

	int32_t reached = (int32_t)floor_div(second - 1 + last->offset, DAY);

	zone->spans[zone->n++] =
		(struct span){second, offset, reached > last->reached ? reached : last->reached};
}

static void zone_follow(struct zone *zone, const struct zone_rule *rule)
{
	int year = FIRST_YEAR, month, mday;

	if (zone->n == 1)
		zone->spans[0].offset = rule->standard;
	if (!rule->has_summer)
		return;
	if (zone->n > 1)
		civil_date((int32_t)floor_div(zone->spans[zone->n - 1].from, DAY), &year, &month,
			   &mday);

	/* From the middle of one year to that of another, so that no cycle cuts a change in two. */
	zone->repeats = civil_day(year + 1 + CYCLE_YEARS, 7, 1);

	int last = year + 2 + CYCLE_YEARS;

	for (; year <= last; year++) {
		int64_t begin = zone_rule_begin(rule, year), end = zone_rule_end(rule, year);

		if (begin <= end)
			zone_change(zone, begin, rule->summer);
		zone_change(zone, end, rule->standard);
		if (begin > end)
			zone_change(zone, begin, rule->summer);
	}
}

/* One data block of the file: its header's counts, and where its parts begin. */
struct block {
	char version; /* '\0', '2', '3', … */
	size_t times, types, chars, leaps, standards, uts;
	size_t time_bytes;
	const unsigned char *time, *index, *type;
};

static uint32_t be32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t be_time(const unsigned char *at, size_t bytes)
{
	if (bytes == 4)
		return (int32_t)be32(at);
	return (int64_t)((uint64_t)be32(at) << 32 | be32(at + 4));
}

/* Takes a block off the rest. False if the bytes don't hold what its header says. */
static bool take_block(struct text *rest, size_t time_bytes, struct block *block)
{
	const unsigned char *at = (const unsigned char *)rest->at;

	if (rest->len < HEADER_BYTES || memcmp(at, "TZif", 4) != 0)
		return false;
	*block = (struct block){.version = (char)at[4],
				.uts = be32(at + 20),
				.standards = be32(at + 24),
				.leaps = be32(at + 28),
				.times = be32(at + 32),
				.types = be32(at + 36),
				.chars = be32(at + 40),
				.time_bytes = time_bytes};

	/* Six counts of 32 bits, times 13 at most, cannot overflow 64. */
	uint64_t len = HEADER_BYTES + (uint64_t)block->times * (time_bytes + 1) +
		       (uint64_t)block->types * 6 + block->chars +
		       (uint64_t)block->leaps * (time_bytes + 4) + block->standards + block->uts;

	if (len > rest->len)
		return false;
	block->time = at + HEADER_BYTES;
	block->index = block->time + block->times * time_bytes;
	block->type = block->index + block->times;
	rest->at += len;
	rest->len -= (size_t)len;
	return true;
}

/* The offset of a local time type, of those that block_check() found good. */
static int32_t block_offset(const struct block *block, size_t type)
{
	return (int32_t)be32(block->type + type * 6);
}

static const char *block_fault(const struct block *block)
{
	if (block->leaps)
		return "it counts leap seconds (a \"right\" zone), which Unix time does not";
	if (block->types == 0 || block->types > 256)
		return "it has no local time types";
	for (size_t i = 0; i < block->types; i++)
		if (block_offset(block, i) < OFFSET_LEAST || block_offset(block, i) > OFFSET_MOST)
			return "an offset is more than a day";
	for (size_t i = 0; i < block->times; i++) {
		const unsigned char *time = block->time + i * block->time_bytes;

		if (block->index[i] >= block->types)
			return "a transition leads to a local time type that it lacks";
		if (i && be_time(time, block->time_bytes) <=
				 be_time(time - block->time_bytes, block->time_bytes))
			return "its transitions are not in order";
	}
	return NULL;
}

/* The footer stands between two newlines; it may be empty: then nothing changes any more. */
static bool parse_footer(struct text rest, struct zone_rule *rule, bool *has_rule)
{
	if (rest.len < 2 || rest.at[0] != '\n')
		return false;

	const char *end = memchr(rest.at + 1, '\n', rest.len - 1);

	if (!end)
		return false;

	struct text footer = {rest.at + 1, (size_t)(end - rest.at) - 1};

	*has_rule = footer.len > 0;
	return !*has_rule || zone_rule_parse(footer, rule);
}

/* `rule` is NULL where the file has none. */
static struct zone *zone_make(const struct block *block, const struct zone_rule *rule)
{
	size_t room = 1 + block->times + (rule ? 2 * (CYCLE_YEARS + 3) : 0);
	struct zone *zone = zone_with_room(room, block_offset(block, 0));

	if (!zone)
		return NULL;
	for (size_t i = 0; i < block->times; i++) {
		int64_t second = be_time(block->time + i * block->time_bytes, block->time_bytes);

		if (second > SECONDS_MOST)
			break;
		zone_change(zone, second < -SECONDS_MOST ? -SECONDS_MOST : second,
			    block_offset(block, block->index[i]));
	}
	if (rule)
		zone_follow(zone, rule);
	return zone;
}

static struct zone *refuse(struct err *err, const char *why)
{
	err_set(err, BAD_ZONE, "not a time zone file (TZif): %s", why);
	return NULL;
}

struct zone *zone_new(struct text tzif, struct err *err)
{
	struct block block;
	struct zone_rule rule;
	bool has_rule = false;

	if (!take_block(&tzif, 4, &block))
		return refuse(err, "it ends too early, or is something else");

	/* From version 2 on, the times of 64 bits and the footer follow those of 32. */
	if (block.version >= '2') {
		if (!take_block(&tzif, 8, &block))
			return refuse(err, "it ends too early");
		if (!parse_footer(tzif, &rule, &has_rule))
			return refuse(err, "its footer cannot be read");
	}

	const char *fault = block_fault(&block);

	if (fault)
		return refuse(err, fault);

	struct zone *zone = zone_make(&block, has_rule ? &rule : NULL);

	if (!zone)
		err_set(err, NO_MEMORY, "out of memory");
	return zone;
}
