#include "keeper_fixture.h"

#include "facts.h"

static void the_first_start_finds_nothing_and_begins_a_generation(void **state)
{
	struct world *world = *state;
	struct person person;
	char fence[96];

	person_start(world, &person, false, true);
	run_until_active(&person);
	assert_int_equal(person.activated, 1);
	assert_int_equal(person.n_positions, 0);
	assert_int_equal(person.republish, 1);
	assert_int_equal(keeper_status(person.keeper).generation, 1);
	assert_true(keeper_room(person.keeper));
	assert_true(redis_text(world, fence, sizeof fence, "GET v:state:fence"));
	assert_memory_equal(fence, "1:", 2);
	person_kill(&person);
}

static void a_restart_loads_what_was_written(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, false, true);
	run_until_active(&person);
	for (int i = 0; i < 20; i++) {
		person_learns(&person, 50);
		run_until_stored(&person);
	}
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

static void a_restart_goes_on_with_the_log(void **state)
{
	struct world *world = *state;
	struct person person;

	for (int i = 0; i < 4; i++) {
		person_start(world, &person, false, true);
		run_until_active(&person);
		person_learns(&person, 100);
		run_until_stored(&person);
		assert_int_equal(keeper_status(person.keeper).generation, 1);
		if (i == 3)
			expect_loads(world, person.store, world->facts);
		person_kill(&person);
	}
}

static void what_is_published_comes_with_the_facts_it_follows_from(void **state)
{
	struct world *world = *state;
	struct person person;
	char cut[32];

	person_start(world, &person, false, true);
	run_until_active(&person);
	run_until_stored(&person);
	person_learns(&person, 3);
	commands_line(&person.to_publish, "HSET", "v:flow:acme:now", "wip_items", "7", NULL);
	commands_line(&person.to_publish, "SADD", "v:scopes", "acme", NULL);
	run_until_stored(&person);
	assert_true(redis_text(world, cut, sizeof cut, "HGET v:flow:acme:now wip_items"));
	assert_string_equal(cut, "7");
	assert_int_equal(redis_int(world, "SISMEMBER v:scopes acme"), 1);
	assert_int_equal(person.n_failed, 0);
	person_kill(&person);
}

static void a_zombie_is_refused_and_stands_by(void **state)
{
	struct world *world = *state;
	struct person zombie, heir;

	person_start(world, &zombie, false, true);
	run_until_active(&zombie);
	person_learns(&zombie, 30);
	run_until_stored(&zombie);
	unsigned told = world->facts;

	person_start(world, &heir, false, true);
	run_until_active(&heir);
	char *before = store_dump(heir.store);

	assert_int_equal(zombie.deposed, 0);
	person_learns(&zombie, 30);
	RUN_UNTIL(world, zombie.deposed == 1);
	assert_int_equal(keeper_status(zombie.keeper).role, ROLE_STANDBY);
	assert_false(keeper_room(zombie.keeper));
	assert_null(zombie.store);
	person_kill(&zombie);
	char *after = store_dump(heir.store);

	assert_string_equal(before, after);
	expect_loads(world, heir.store, told);
	free(before);
	free(after);
	person_kill(&heir);
}

static void a_wiped_redis_is_restored_from_memory(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, false, true);
	run_until_active(&person);
	person_learns(&person, 3000);
	run_until_stored(&person);
	uint64_t sequence = keeper_status(person.keeper).sequence;

	redis_int(world, "FLUSHALL");
	person_learns(&person, 10);
	assert_int_equal(person.republish, 1);
	RUN_UNTIL(world, keeper_status(person.keeper).restorations == 1);
	assert_false(keeper_room(person.keeper));
	run_until_active(&person);
	assert_true(keeper_room(person.keeper));
	assert_int_equal(person.republish, 2);
	assert_int_equal(person.deposed, 0);
	/* Facts, panes and tables that bear a sequence are never older than those before. */
	assert_true(keeper_status(person.keeper).sequence > sequence);
	assert_int_equal(keeper_status(person.keeper).epoch, 2);
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

/* The first attempt sets the fence, but its reply is lost; the second does not arrive at all. */
static void a_restoration_does_not_take_its_own_attempt_for_a_rival(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, true, true);
	run_until_active(&person);
	person_learns(&person, 100);
	run_until_stored(&person);
	redis_int(world, "FLUSHALL");
	person_learns(&person, 10);
	RUN_UNTIL(world, keeper_status(person.keeper).role == ROLE_RESTORING);
	wire_cut(world, WIRE_CUT_REPLY, "EXEC");
	RUN_UNTIL(world, wire_was_cut(world));
	assert_int_equal(redis_int(world, "EXISTS v:state:fence"), 1);
	wire_cut(world, WIRE_CUT_REQUEST, "EXEC");
	RUN_UNTIL(world, wire_was_cut(world));
	run_until_active(&person);
	assert_int_equal(person.deposed, 0);
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

static void facts_that_come_while_it_is_restored_are_kept(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, false, true);
	run_until_active(&person);
	person_learns(&person, 20000);
	run_until_stored(&person);
	redis_int(world, "FLUSHALL");
	keeper_dirty(person.keeper);
	RUN_UNTIL(world, keeper_status(person.keeper).role == ROLE_RESTORING);
	while (keeper_status(person.keeper).role == ROLE_RESTORING) {
		person_learns(&person, 5);
		world_step(world);
	}
	run_until_stored(&person);
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

/* A replica that lags takes over: some blocks, and the fence with them, go back. */
static void a_redis_that_went_back_in_time_is_restored(void **state)
{
	struct world *world = *state;
	struct person person;
	char fence[96];

	person_start(world, &person, false, true);
	run_until_active(&person);
	person_learns(&person, 100);
	run_until_stored(&person);
	redis_text(world, fence, sizeof fence, "GET v:state:fence");
	long long blocks = redis_int(world, "LLEN v:state:log:1:1");

	person_learns(&person, 100);
	run_until_stored(&person);
	redis_int(world, "LTRIM v:state:log:1:1 0 %lld", blocks - 1);
	redis_int(world, "SET v:state:fence %s", fence);
	person_learns(&person, 1);
	RUN_UNTIL(world, keeper_status(person.keeper).restorations == 1);
	run_until_active(&person);
	assert_int_equal(person.found, 0);
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

static void what_redis_has_more_than_memory_is_kept_in_a_restoration(void **state)
{
	struct world *world = *state;
	struct person person, other;

	/* Somebody else's state, as a back-up holds it, comes in while we are active. */
	person_start(world, &other, false, true);
	run_until_active(&other);
	person_learns(&other, 200);
	run_until_stored(&other);
	person_kill(&other);
	redis_int(world, "RENAME v:state:log:1:1 saved");
	redis_int(world, "DEL v:state:fence");

	person_start(world, &person, false, true);
	run_until_active(&person);
	person_learns(&person, 100);
	run_until_stored(&person);
	redis_int(world, "RENAME saved v:state:log:1:1");
	redis_int(world, "SET v:state:fence 1:3:1:00000000000000aa");
	person_learns(&person, 1);
	RUN_UNTIL(world, keeper_status(person.keeper).restorations == 1);
	run_until_active(&person);
	assert_true(person.found > 50);
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

static void a_transaction_whose_reply_was_lost_is_not_written_twice(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, true, true);
	run_until_active(&person);
	run_until_stored(&person);
	long long blocks = redis_int(world, "LLEN v:state:log:1:1");

	wire_cut(world, WIRE_CUT_REPLY, "RPUSH");
	person_learns(&person, 10);
	commands_line(&person.to_publish, "SADD", "v:scopes", "acme", NULL);
	RUN_UNTIL(world, wire_was_cut(world));
	assert_int_equal(redis_int(world, "LLEN v:state:log:1:1"), blocks + 1);
	person_learns(&person, 10);
	run_until_stored(&person);
	assert_int_equal(redis_int(world, "LLEN v:state:log:1:1"), blocks + 2);
	/* Which of its commands failed was not seen: everything is published again. */
	assert_int_equal(person.unpublished, 1);
	assert_int_equal(person.republish, 2);
	assert_int_equal(keeper_status(person.keeper).restorations, 0);
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

static void a_transaction_that_did_not_arrive_is_sent_again(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, true, true);
	run_until_active(&person);
	run_until_stored(&person);
	long long blocks = redis_int(world, "LLEN v:state:log:1:1");

	wire_cut(world, WIRE_CUT_REQUEST, "RPUSH");
	person_learns(&person, 10);
	commands_line(&person.to_publish, "SADD", "v:scopes", "acme", NULL);
	RUN_UNTIL(world, wire_was_cut(world));
	assert_int_equal(redis_int(world, "LLEN v:state:log:1:1"), blocks);
	run_until_stored(&person);
	assert_int_equal(redis_int(world, "LLEN v:state:log:1:1"), blocks + 1);
	assert_int_equal(redis_int(world, "SISMEMBER v:scopes acme"), 1);
	assert_int_equal(person.unpublished, 0);
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

static void a_block_that_was_not_stored_is_found_out_though_its_reply_was_lost(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, true, true);
	run_until_active(&person);
	person_learns(&person, 10);
	run_until_stored(&person);
	redis_int(world, "DEL v:state:log:1:1");
	redis_int(world, "SET v:state:log:1:1 foreign");
	wire_cut(world, WIRE_CUT_REPLY, "RPUSH");
	person_learns(&person, 10);
	RUN_UNTIL(world, wire_was_cut(world));
	RUN_UNTIL(world, keeper_status(person.keeper).restorations == 1);
	run_until_active(&person);
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

/* Whatever is lost, and whenever: what Redis holds in the end is what memory holds. */
static void no_cut_and_no_wipe_loses_or_doubles_a_fact(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, true, true);
	run_until_active(&person);
	for (int i = 0; i < 60 || keeper_status(person.keeper).restorations < 4; i++) {
		assert_true(i < 2000);
		/* A restoration keeps the memory: it is no one else's take-over. */
		assert_int_equal(person.deposed, 0);
		person_learns(&person, draw(&world->random) % 40);
		for (unsigned steps = draw(&world->random) % 20; steps; steps--)
			world_step(world);
		if (draw(&world->random) % 8 == 0)
			run_until_active(&person);
		if (draw(&world->random) % 4 == 0)
			wire_pull(world);
		if (draw(&world->random) % 16 == 0)
			redis_int(world, "FLUSHALL");
		if (draw(&world->random) % 8 == 0)
			wire_cut(world, draw(&world->random) % 2 ? WIRE_CUT_REPLY
								 : WIRE_CUT_REQUEST,
				 "RPUSH");
		if (draw(&world->random) % 16 == 0)
			redis_int(world, "SET v:state:fence 1:1:1:00000000000000aa");
	}
	wire_cut(world, WIRE_WHOLE, "");
	run_until_active(&person);
	run_until_stored(&person);
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

static void a_public_key_of_another_type_is_told_to_the_publisher(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, false, true);
	run_until_active(&person);
	redis_int(world, "SET v:flow:acme:now foreign");
	commands_line(&person.to_publish, "SADD", "v:scopes", "acme", NULL);
	commands_line(&person.to_publish, "HSET", "v:flow:acme:now", "wip_items", "7", NULL);
	commands_line(&person.to_publish, "SADD", "v:scopes", "acme/claims", NULL);
	person_learns(&person, 5);
	run_until_stored(&person);
	assert_int_equal(person.n_failed, 1);
	assert_int_equal(person.failed_commands[0], 1);
	assert_int_equal(redis_int(world, "SCARD v:scopes"), 2);
	assert_int_equal(keeper_status(person.keeper).restorations, 0);
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

static void a_log_of_another_type_is_given_up_for_a_new_generation(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, false, true);
	run_until_active(&person);
	person_learns(&person, 50);
	run_until_stored(&person);
	redis_int(world, "DEL v:state:log:1:1");
	redis_int(world, "SET v:state:log:1:1 foreign");
	person_learns(&person, 50);
	RUN_UNTIL(world, keeper_status(person.keeper).restorations == 1);
	run_until_active(&person);
	run_until_stored(&person);
	assert_int_equal(keeper_status(person.keeper).generation, 2);
	assert_int_equal(redis_int(world, "EXISTS v:state:log:1:1"), 0);
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

static void a_redis_that_is_full_is_waited_for(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, false, true);
	run_until_active(&person);
	run_until_stored(&person);
	uint64_t before = keeper_status(person.keeper).transactions;

	redis_int(world, "CONFIG SET maxmemory 1");
	person_learns(&person, 20);
	int64_t until = world_now() + 50;

	while (world_now() < until)
		world_step(world);
	assert_int_equal(keeper_status(person.keeper).transactions, before);
	assert_int_equal(keeper_status(person.keeper).role, ROLE_ACTIVE);
	redis_int(world, "CONFIG SET maxmemory 0");
	run_until_stored(&person);
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

static void facts_wait_only_up_to_a_bound(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, false, true);
	run_until_active(&person);
	for (int i = 0; keeper_room(person.keeper); i++) {
		assert_true(i < 1000);
		person_learns(&person, 1000);
	}
	assert_int_equal(person.room, 0);
	RUN_UNTIL(world, person.room == 1);
	assert_true(keeper_room(person.keeper));
	run_until_stored(&person);
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

static void a_format_that_is_unknown_is_refused_and_not_overwritten(void **state)
{
	struct world *world = *state;
	struct person person;
	char block[64];

	person_start(world, &person, false, true);
	run_until_active(&person);
	person_learns(&person, 5);
	run_until_stored(&person);
	person_kill(&person);
	/* The format is the number behind the magic of four bytes: docs/state-format.md. */
	redis_int(world, "EVAL %s 0",
		  "local k, b = 'v:state:log:1:1', redis.call('LINDEX', 'v:state:log:1:1', 0) "
		  "redis.call('LSET', k, 0, b:sub(1, 4) .. '\\127' .. b:sub(6)) return 1");
	person_start(world, &person, false, true);
	RUN_UNTIL(world, person.failed);
	assert_int_equal(person.failed, 78);
	assert_int_equal(person.activated, 0);
	person_kill(&person);
	assert_true(redis_text(world, block, sizeof block, "LINDEX v:state:log:1:1 0"));
	assert_int_equal(block[4], 127);
}

static void a_missing_list_stops_the_load(void **state)
{
	struct world *world = *state;
	struct person person;

	for (int i = 0; i < 3; i++) {
		person_start(world, &person, false, true);
		run_until_active(&person);
		person_learns(&person, 5);
		run_until_stored(&person);
		person_kill(&person);
	}
	assert_int_equal(redis_int(world, "DEL v:state:log:1:2"), 1);
	person_start(world, &person, false, true);
	RUN_UNTIL(world, person.deposed == 2);
	assert_int_equal(person.activated, 0);
	assert_int_equal(redis_int(world, "EXISTS v:state:log:1:1 v:state:log:1:3"), 2);
	person_kill(&person);
}

static void a_log_without_a_fence_is_loaded(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, false, true);
	run_until_active(&person);
	person_learns(&person, 50);
	run_until_stored(&person);
	unsigned told = world->facts;
	char *before = store_dump(person.store);

	person_kill(&person);
	redis_int(world, "DEL v:state:fence");
	person_start(world, &person, false, true);
	run_until_active(&person);
	char *after = store_dump(person.store);

	assert_string_equal(before, after);
	assert_int_equal(person.positions[0].next, told);
	assert_int_equal(keeper_status(person.keeper).generation, 2);
	run_until_stored(&person);
	assert_int_equal(redis_int(world, "EXISTS v:state:log:1:1"), 0);
	free(before);
	free(after);
	person_kill(&person);
}

static void a_fence_that_cannot_be_read_is_left_alone(void **state)
{
	struct world *world = *state;
	struct person person;
	char fence[96];

	redis_int(world, "SET v:state:fence 2:of:a:newer-kind");
	person_start(world, &person, false, true);
	int64_t until = world_now() + 300;

	while (world_now() < until)
		world_step(world);
	assert_int_equal(keeper_status(person.keeper).role, ROLE_STANDBY);
	redis_text(world, fence, sizeof fence, "GET v:state:fence");
	assert_string_equal(fence, "2:of:a:newer-kind");
	redis_int(world, "DEL v:state:fence");
	run_until_active(&person);
	person_kill(&person);
}

static void a_redis_that_evicts_is_refused_until_it_does_not(void **state)
{
	struct world *world = *state;
	struct person person;

	redis_int(world, "CONFIG SET maxmemory-policy allkeys-lru");
	person_start(world, &person, false, true);
	int64_t until = world_now() + 300;

	while (world_now() < until)
		world_step(world);
	assert_int_equal(keeper_status(person.keeper).role, ROLE_STANDBY);
	assert_int_equal(redis_int(world, "EXISTS v:state:fence"), 0);
	redis_int(world, "CONFIG SET maxmemory-policy noeviction");
	run_until_active(&person);
	person_kill(&person);
}

static void a_user_who_may_not_write_is_refused_and_writes_nothing(void **state)
{
	struct world *world = *state;
	struct person person;

	redis_int(world, "ACL SETUSER default -rpush");
	person_start(world, &person, false, true);
	int64_t until = world_now() + 300;

	while (world_now() < until)
		world_step(world);
	assert_int_equal(keeper_status(person.keeper).role, ROLE_STANDBY);
	assert_int_equal(redis_int(world, "DBSIZE"), 0);
	redis_int(world, "ACL SETUSER default +rpush");
	run_until_active(&person);
	person_kill(&person);
}

static void a_request_is_carried_out_once_and_removed(void **state)
{
	struct world *world = *state;
	struct person person;

	redis_int(world, "RPUSH v:state:requests %s", "skip t:0");
	person_start(world, &person, false, true);
	RUN_UNTIL(world, person.requests == 1);
	assert_string_equal(person.request, "skip t:0");
	run_until_stored(&person);
	assert_int_equal(redis_int(world, "EXISTS v:state:requests"), 0);
	assert_int_equal(person.requests, 1);
	person_kill(&person);
}

static void a_heartbeat_tells_the_role_and_expires(void **state)
{
	struct world *world = *state;
	struct person person;
	char role[32];

	person_start(world, &person, false, true);
	RUN_UNTIL(world, redis_text(world, role, sizeof role, "HGET v:daemon:me role") &&
				 strcmp(role, "active") == 0);
	long long ttl = redis_int(world, "PTTL v:daemon:me");

	assert_true(ttl > 3000 && ttl <= 5000);
	person_kill(&person);
}

static void without_kafka_it_lets_go_for_a_standby_that_has_it(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, false, true);
	run_until_active(&person);
	keeper_kafka(person.keeper, false);
	redis_int(world, "HSET v:daemon:other role standby kafka up");
	RUN_UNTIL(world, person.deposed == 1);
	assert_int_equal(keeper_status(person.keeper).role, ROLE_STANDBY);
	person_kill(&person);
}

static void a_stop_stores_and_publishes_what_is_there(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, false, true);
	run_until_active(&person);
	person_learns(&person, 500);
	commands_line(&person.to_publish, "SADD", "v:scopes", "acme", NULL);
	keeper_stop(person.keeper, 5000);
	RUN_UNTIL(world, person.stopped);
	assert_true(person.all_stored);
	assert_int_equal(redis_int(world, "SISMEMBER v:scopes acme"), 1);
	expect_loads(world, person.store, world->facts);
	assert_int_equal(person.stopped, 1);
	person_kill(&person);
}

static void a_standby_that_was_stopped_does_not_take_over(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, false, true);
	RUN_UNTIL(world, keeper_status(person.keeper).connected);
	keeper_stop(person.keeper, 5000);
	RUN_UNTIL(world, person.stopped);
	int64_t until = world_now() + 150;

	while (world_now() < until)
		world_step(world);
	assert_int_equal(keeper_status(person.keeper).role, ROLE_STANDBY);
	assert_int_equal(redis_int(world, "EXISTS v:state:fence"), 0);
	person_kill(&person);
}

static void a_stop_is_not_kept_waiting_by_a_redis_that_is_away(void **state)
{
	struct world *world = *state;
	struct person person;

	person_start(world, &person, true, true);
	run_until_active(&person);
	wire_cut(world, WIRE_CUT_REQUEST, "RPUSH");
	person_learns(&person, 5);
	RUN_UNTIL(world, wire_was_cut(world));
	wire_cut(world, WIRE_CUT_REQUEST, "INFO");
	keeper_stop(person.keeper, 20);
	RUN_UNTIL(world, person.stopped);
	assert_false(person.all_stored);
	person_kill(&person);
}

#define KEEPER_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		KEEPER_TEST(the_first_start_finds_nothing_and_begins_a_generation),
		KEEPER_TEST(a_restart_loads_what_was_written),
		KEEPER_TEST(a_restart_goes_on_with_the_log),
		KEEPER_TEST(what_is_published_comes_with_the_facts_it_follows_from),
		KEEPER_TEST(a_zombie_is_refused_and_stands_by),
		KEEPER_TEST(a_wiped_redis_is_restored_from_memory),
		KEEPER_TEST(a_restoration_does_not_take_its_own_attempt_for_a_rival),
		KEEPER_TEST(facts_that_come_while_it_is_restored_are_kept),
		KEEPER_TEST(a_redis_that_went_back_in_time_is_restored),
		KEEPER_TEST(what_redis_has_more_than_memory_is_kept_in_a_restoration),
		KEEPER_TEST(a_transaction_whose_reply_was_lost_is_not_written_twice),
		KEEPER_TEST(a_transaction_that_did_not_arrive_is_sent_again),
		KEEPER_TEST(a_block_that_was_not_stored_is_found_out_though_its_reply_was_lost),
		KEEPER_TEST(no_cut_and_no_wipe_loses_or_doubles_a_fact),
		KEEPER_TEST(a_public_key_of_another_type_is_told_to_the_publisher),
		KEEPER_TEST(a_log_of_another_type_is_given_up_for_a_new_generation),
		KEEPER_TEST(a_redis_that_is_full_is_waited_for),
		KEEPER_TEST(facts_wait_only_up_to_a_bound),
		KEEPER_TEST(a_format_that_is_unknown_is_refused_and_not_overwritten),
		KEEPER_TEST(a_missing_list_stops_the_load),
		KEEPER_TEST(a_log_without_a_fence_is_loaded),
		KEEPER_TEST(a_fence_that_cannot_be_read_is_left_alone),
		KEEPER_TEST(a_redis_that_evicts_is_refused_until_it_does_not),
		KEEPER_TEST(a_user_who_may_not_write_is_refused_and_writes_nothing),
		KEEPER_TEST(a_request_is_carried_out_once_and_removed),
		KEEPER_TEST(a_heartbeat_tells_the_role_and_expires),
		KEEPER_TEST(without_kafka_it_lets_go_for_a_standby_that_has_it),
		KEEPER_TEST(a_stop_stores_and_publishes_what_is_there),
		KEEPER_TEST(a_standby_that_was_stopped_does_not_take_over),
		KEEPER_TEST(a_stop_is_not_kept_waiting_by_a_redis_that_is_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
