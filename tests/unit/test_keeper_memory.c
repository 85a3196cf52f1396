#include "keeper_fixture.h"

#include "facts.h"
#include "short_memory.h"

static void memory(bool is_short)
{
	fail_at = is_short;
}

/* The fact is in the store and not in the block: no position behind it may be stored without it. */
static void a_fact_that_cannot_be_packed_is_stored_by_a_restoration(void **state)
{
	struct world *world = *state;
	struct person person;

	if (!memory_can_be_short()) {
		print_message("skipped, because malloc() belongs to a tool here\n");
		skip();
	}
	person_start(world, &person, false, true);
	run_until_active(&person);
	failures = 0;
	world->memory = memory;
	for (int i = 0; i < 100 && !failures; i++)
		person_learns(&person, 1);
	assert_true(failures > 0);
	world->memory = NULL;
	person_learns(&person, 1);
	RUN_UNTIL(world, keeper_status(person.keeper).restorations == 1);
	run_until_active(&person);
	run_until_stored(&person);
	assert_int_equal(person.deposed, 0);
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

static void memory_may_be_short_while_it_is_restored(void **state)
{
	struct world *world = *state;
	struct person person;

	if (!memory_can_be_short())
		skip();
	person_start(world, &person, false, true);
	run_until_active(&person);
	person_learns(&person, 20000);
	run_until_stored(&person);
	redis_int(world, "FLUSHALL");
	keeper_dirty(person.keeper);
	RUN_UNTIL(world, keeper_status(person.keeper).role == ROLE_RESTORING);
	failures = 0;
	world->memory = memory;
	while (keeper_status(person.keeper).role == ROLE_RESTORING && failures < 3) {
		person_learns(&person, 5);
		world_step(world);
	}
	world->memory = NULL;
	run_until_active(&person);
	run_until_stored(&person);
	expect_loads(world, person.store, world->facts);
	person_kill(&person);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_fact_that_cannot_be_packed_is_stored_by_a_restoration, world_setup,
			world_teardown),
		cmocka_unit_test_setup_teardown(memory_may_be_short_while_it_is_restored,
						world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
