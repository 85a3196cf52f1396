/*
 * publisher_fixture: a board: an organisation, a fold, a publisher and a Redis for tests: facts in,
 * and transactions executed as the keeper does it.
 */
#ifndef VENTURI_TESTS_PUBLISHER_FIXTURE_H
#define VENTURI_TESTS_PUBLISHER_FIXTURE_H

#include "daemon/publisher.h"
#include "redis_fixture.h"

#define DAY   INT64_C(86400000)
#define BEGIN (INT64_C(20000) * DAY) /* a day in 2024 */

/*
 * acme / claims / {intake / falcon, payout}; intake has an SLE of a day. And, with `more`, the
 * product acme/legacy.
 */
struct board {
	struct redis_server *server;
	redisContext *redis;
	struct model *model;
	struct zone *zone;
	struct store *store;
	struct fold *fold;
	struct publisher *publisher;
	struct moment moment;
	int64_t now;
	uint64_t cut;
	uint32_t budget;
	unsigned ids;          /* of facts */
	uint32_t fields;       /* of the last transaction */
	char *words;           /* its commands, or those of all that publish_all() made; or NULL */
	bool lose;             /* the next one is not executed */
	void (*shorten)(bool); /* memory, while it publishes; or NULL */
};

int board_start(void **state);
int board_stop(void **state);
/* Another configuration: with or without the product acme/legacy. Everything is folded anew. */
void board_configure(struct board *board, bool more);

/* Facts of an item; times in ms after BEGIN. */
void item_created(struct board *board, const char *item, const char *product, int64_t at);
void item_moved(struct board *board, const char *item, const char *to, int64_t at);
/* Created, started and finished. */
void item_done(struct board *board, const char *item, const char *product, int64_t created,
	       int64_t started, int64_t finished);

/* now = BEGIN + at; both clocks go on with it. */
void board_at(struct board *board, int64_t at);
/* One transaction. True if more is to be written at once. */
bool publish_once(struct board *board);
/* All that is due; says in how many transactions. */
unsigned publish_all(struct board *board);

/*
 * Lets six seconds pass, publishes what is due then, and fails the test unless Redis shows in every
 * key of every scope what the fold says.
 */
void assert_all_shown(struct board *board);
/* The answer of a command, as text ("" for none or an error); lives until the next call. */
const char *ask(struct board *board, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
