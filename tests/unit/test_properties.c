/*
 * The promise of the core, on generated logs: whatever the order, the repetitions, the batches, the
 * restarts in between, and whatever else is told: the same values.
 */
#include "world.h"

#include "venturi/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A small generator: xorshift64*, Vigna 2014. */
struct random {
	uint64_t state;
};

static uint64_t draw(struct random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * UINT64_C(2685821657736338717);
}

static unsigned below(struct random *r, unsigned n)
{
	return (unsigned)(draw(r) >> 33) % n;
}

#define MOST 80
#define LINE 240

struct log {
	unsigned n;
	char lines[MOST * 2][LINE];
};

#define PICK(r, ...)                                                                               \
	((const char *[]){                                                                         \
		__VA_ARGS__}[below(r, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))])

/* Instants of few days and few milliseconds, so that ties are common. */
static void write_instant(struct random *r, char out[32])
{
	snprintf(out, 32, "2026-%02u-%02uT%02u:00:00.%03uZ", 1 + below(r, 3), 1 + below(r, 28),
		 below(r, 3) * 11, below(r, 2));
}

static int write_item(struct random *r, const char *when, char *out)
{
	const char *state = PICK(r, "Backlog", "Doing", "doing", "In+Review", "Done", "Limbo",
				 "Canceled", "Delivered", "Ready+for+Build");
	const char *item = PICK(r, "CLM-1", "CLM-2", "FRD-1", "BIL-1", "X-1", "X-2");
	const char *extra = PICK(r, "", "", "", " product=fraud", " product=ghost", " type=bug",
				 " labels=team:falcon", " created_at=2026-01-05", " from=Doing",
				 " from=Backlog", " from=Done", " sequence=9", " sequence=10",
				 " type=feature objective=o1 value_points=2.5", " project=BIL");

	switch (below(r, 9)) {
	case 0:
		return sprintf(out, "%s item.created %s%s", when, item, extra);
	case 1:
		return sprintf(out, "%s item.moved %s product=%s", when, item,
			       PICK(r, "intake", "billing"));
	case 2:
		return sprintf(out, "%s item.blocked %s blocker_id=%s%s", when, item,
			       PICK(r, "a", "b"), extra);
	case 3:
		return sprintf(out, "%s item.unblocked %s%s", when, item,
			       PICK(r, "", " blocker_id=a"));
	case 4:
		return sprintf(out, "%s item.closed %s%s", when, item,
			       PICK(r, "", " resolution=wontfix", " resolution=fixed"));
	default:
		return sprintf(out, "%s item.state %s to=%s%s", when, item, state, extra);
	}
}

static int write_service(struct random *r, const char *when, char *out)
{
	const char *service = PICK(r, "api", "scorer", "billing", "rover");
	const char *what =
		PICK(r, "version=1", "version=2", "version=3", "revision=r1",
		     "deployment_id=d1 version=1", "artifact=a", "product=billing version=2");
	const char *environment =
		PICK(r, " environment=prod", " environment=prod-us", " environment=test", "");

	switch (below(r, 6)) {
	case 0:
		return sprintf(out, "%s deploy.failed %s %s%s", when, service, what, environment);
	case 1:
		return sprintf(out, "%s deploy.rolledback %s %s%s", when, service,
			       PICK(r, "version=1", "reason=broken"), environment);
	case 2:
		return sprintf(out, "%s release.published %s version=%u product=%s", when,
			       PICK(r, "scorer", "-"), below(r, 4), PICK(r, "fraud", "intake"));
	default:
		return sprintf(out, "%s deploy.done %s %s%s", when, service, what, environment);
	}
}

static void generate(struct random *r, struct log *log)
{
	log->n = 20 + below(r, MOST - 20);
	for (unsigned i = 0; i < log->n; i++) {
		char when[32];
		int n;

		write_instant(r, when);
		n = below(r, 4) ? write_item(r, when, log->lines[i])
				: write_service(r, when, log->lines[i]);
		/* Some ids stand for two contents: conflicts. */
		sprintf(log->lines[i] + n, " id=%s%u source=%s", "x", below(r, 12) ? i : i / 2,
			PICK(r, "tracker", "git", "mad"));
	}
}

static void shuffle(struct random *r, struct log *log)
{
	for (unsigned i = log->n; i > 1; i--) {
		unsigned j = below(r, i);
		char line[LINE];

		memcpy(line, log->lines[i - 1], LINE);
		memcpy(log->lines[i - 1], log->lines[j], LINE);
		memcpy(log->lines[j], line, LINE);
	}
}

static const struct world_options options = {
	.settle_ms = 10 * DAY, .stale_after_ms = 40 * DAY, .ignore_source = "mad"};

static const char *const end = "2026-03-20T15:00:00Z";

static char *values_of(const struct log *log)
{
	struct world *w = world_new(&options);
	char *values;

	for (unsigned i = 0; i < log->n; i++)
		world_tell(w, log->lines[i]);
	world_at(w, end);
	values = world_dump(w, NULL);
	world_free(w);
	return values;
}

static void assert_same(const char *want, const char *got, uint64_t seed)
{
	if (!strcmp(want, got))
		return;
	while (*want && *want == *got)
		want++, got++;
	while (want[-1] != '\n')
		want--, got--;
	fail_msg("seed %llu: %.*s instead of %.*s", (unsigned long long)seed,
		 (int)strcspn(got, "\n"), got, (int)strcspn(want, "\n"), want);
}

/* How many logs; VENTURI_TEST_LOGS says otherwise, for slow builds (sanitizers, valgrind). */
static uint64_t logs(void)
{
	const char *said = getenv("VENTURI_TEST_LOGS");

	return said ? strtoull(said, NULL, 10) : 1000;
}

static void each_log(void (*check)(struct random *, struct log *, const char *want, uint64_t seed))
{
	static struct log log;
	uint64_t n = logs();

	assert_true(n > 0);
	for (uint64_t seed = 1; seed <= n; seed++) {
		struct random r = {seed * UINT64_C(0x9e3779b97f4a7c15)};
		char *want;

		generate(&r, &log);
		want = values_of(&log);
		check(&r, &log, want, seed);
		free(want);
	}
}

static void check_permuted(struct random *r, struct log *log, const char *want, uint64_t seed)
{
	char *got;

	shuffle(r, log);
	got = values_of(log);
	assert_same(want, got, seed);
	free(got);
}

static void any_permutation_gives_the_same_values(void **state)
{
	(void)state;
	each_log(check_permuted);
}

static void check_repeated(struct random *r, struct log *log, const char *want, uint64_t seed)
{
	unsigned n = log->n;
	char *got;

	for (unsigned i = 0; i < n; i++)
		memcpy(log->lines[log->n++], log->lines[below(r, n)], LINE);
	shuffle(r, log);
	got = values_of(log);
	assert_same(want, got, seed);
	free(got);
}

static void any_repetition_gives_the_same_values(void **state)
{
	(void)state;
	each_log(check_repeated);
}

/* Folds after every few facts, at instants that also go back. */
static void check_batches(struct random *r, struct log *log, const char *want, uint64_t seed)
{
	struct world *w = world_new(&options);
	char *got, when[32];

	shuffle(r, log);
	for (unsigned i = 0; i < log->n; i++) {
		world_tell(w, log->lines[i]);
		if (below(r, 4))
			continue;
		write_instant(r, when);
		world_at(w, when);
	}
	while (fold_run(w->fold, instant(end), 1) == 0)
		continue;
	got = world_dump(w, NULL);
	assert_same(want, got, seed);
	free(got);
	world_free(w);
}

static void any_split_into_batches_gives_the_same_values(void **state)
{
	(void)state;
	each_log(check_batches);
}

static bool reload_fact(void *arg, const struct fact *fact)
{
	world_add(arg, fact);
	return true;
}

static bool no_position(void *arg, const struct position *position)
{
	(void)arg;
	(void)position;
	return true;
}

/* All facts of a world through packed blocks into a fresh one. */
static struct world *reload(struct random *r, struct world *w)
{
	struct world *fresh = world_new(&options);
	struct packer *packer = packer_new(store_strings(w->store));
	struct unpacker *unpacker = unpacker_new();
	uint64_t sequence = 0, read;
	struct err err;

	for (uint32_t i = 0; i < store_subjects(w->store); i++) {
		const struct subject *subject = store_subject(w->store, i);

		for (uint32_t j = 0; j < subject->n; j++) {
			assert_true(packer_fact(packer, subject, subject->records[j]));
			if (below(r, 10))
				continue;
			assert_true(unpack_block(unpacker, packer_block(packer, ++sequence), &read,
						 reload_fact, no_position, fresh, &err));
			assert_int_equal(read, sequence);
		}
	}
	if (packer_size(packer))
		assert_true(unpack_block(unpacker, packer_block(packer, ++sequence), &read,
					 reload_fact, no_position, fresh, &err));
	packer_free(packer);
	unpacker_free(unpacker);
	return fresh;
}

static void check_reload(struct random *r, struct log *log, const char *want, uint64_t seed)
{
	struct world *w = world_new(&options);
	unsigned half = below(r, log->n);
	char *got;

	for (unsigned i = 0; i < log->n; i++) {
		struct world *fresh;

		world_tell(w, log->lines[i]);
		if (i != half)
			continue;
		fresh = reload(r, w);
		world_free(w);
		w = fresh;
	}
	world_at(w, end);
	got = world_dump(w, NULL);
	assert_same(want, got, seed);
	free(got);
	world_free(w);
}

static void packing_and_reloading_anywhere_gives_the_same_values(void **state)
{
	(void)state;
	each_log(check_reload);
}

/* A product more, with work of its own, changes nothing but itself and what is above it. */
static void check_unrelated(struct random *r, struct log *log, const char *want, uint64_t seed)
{
	struct world_options more = options;
	struct world *w = world_new(&options), *wider;
	char *without, *with;

	(void)want;
	more.extra_product = "rival";
	wider = world_new(&more);
	for (unsigned i = 0; i < log->n; i++) {
		char line[LINE], when[32];

		world_tell(w, log->lines[i]);
		world_tell(wider, log->lines[i]);
		write_instant(r, when);
		snprintf(line, sizeof line, "%s item.state RIVAL-%u to=%s id=rival%u", when,
			 below(r, 3), PICK(r, "Doing", "Done"), i);
		world_tell(wider, line);
	}
	world_at(w, end);
	world_at(wider, end);
	without = world_dump(w, "acme/claims/rival");
	with = world_dump(wider, "acme/claims/rival");
	assert_same(without, with, seed);
	free(without);
	free(with);
	world_free(w);
	world_free(wider);
}

static void an_unrelated_product_changes_no_other(void **state)
{
	(void)state;
	each_log(check_unrelated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_permutation_gives_the_same_values),
		cmocka_unit_test(any_repetition_gives_the_same_values),
		cmocka_unit_test(any_split_into_batches_gives_the_same_values),
		cmocka_unit_test(packing_and_reloading_anywhere_gives_the_same_values),
		cmocka_unit_test(an_unrelated_product_changes_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
