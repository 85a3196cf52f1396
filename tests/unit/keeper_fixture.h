/*
 * keeper_fixture: keepers against a real redis-server, in one loop, with what their hooks were
 * told; and a wire between them and it that can be cut before or behind Redis.
 */
#ifndef VENTURI_TESTS_KEEPER_FIXTURE_H
#define VENTURI_TESTS_KEEPER_FIXTURE_H

#include "daemon/keeper.h"
#include "redis_fixture.h"

struct event_base;
struct wire;

enum cut {
	WIRE_WHOLE,
	WIRE_CUT_REQUEST, /* the next request that holds `word` does not arrive: it is cut */
	WIRE_CUT_REPLY    /* it arrives; the wire is cut before its reply */
};

struct world {
	struct event_base *base;
	struct redis_server *server;
	redisContext *redis; /* the test's own connection */
	struct wire *wire;
	uint64_t random;
	unsigned facts; /* numbers their ids */
	void (*memory)(bool is_short); /* called around keeper_fact(); NULL: not */
};

/* One daemon, as far as the keeper can see. */
struct person {
	struct world *world;
	struct keeper *keeper;
	struct store *store;
	/* What the hooks were told: */
	unsigned activated, deposed, found, published, unpublished, republish, room, requests;
	unsigned stopped;
	bool all_stored;
	int failed; /* the code */
	size_t n_positions;
	struct position positions[8];
	char topics[8][16];
	size_t n_failed;
	uint32_t failed_commands[8];
	char request[64];
	/* What the next publish() appends: */
	struct commands to_publish;
	uint64_t cut;
};

int world_setup(void **state);
int world_teardown(void **state);

/* A keeper that takes over after 60 ms; through the wire or not. `kafka`: it is up. */
void person_start(struct world *world, struct person *person, bool wired, bool kafka);
/* As kill -9 would. */
void person_kill(struct person *person);
/* New facts, told to the keeper, with a position of partition 0 of topic "t" behind them. */
void person_learns(struct person *person, unsigned facts);

/* Runs the loop until it holds; fails the test after some seconds. */
#define RUN_UNTIL(world, condition)                                    \
	do {                                                           \
		int64_t until_ = world_now() + 8000;                   \
		while (!(condition)) {                                 \
			if (world_now() > until_)                      \
				fail_msg("never: %s", #condition);     \
			world_step(world);                             \
		}                                                      \
	} while (0)
int64_t world_now(void);
void world_step(struct world *world);

/* Runs until everything told is stored. */
void run_until_stored(struct person *person);
void run_until_active(struct person *person);

void wire_cut(struct world *world, enum cut cut, const char *word);
/* Now, whatever is on its way. */
void wire_pull(struct world *world);
bool wire_was_cut(const struct world *world);

/* One command on the test's connection, of strings; its integer, or its string in `text`. */
long long redis_int(struct world *world, const char *format, ...);
bool redis_text(struct world *world, char *text, size_t room, const char *format, ...);

/* A new keeper that loads from Redis has the same facts as the store. */
void expect_loads(struct world *world, const struct store *store, int64_t next);

#endif
