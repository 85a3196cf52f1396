#include "keeper_fixture.h"

#include "facts.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <signal.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* ---- The wire ---- */

struct wire {
	struct world *world;
	char path[120];
	struct evconnlistener *listener;
	struct bufferevent *near, *far; /* towards the keeper, towards Redis */
	enum cut cut;
	const char *word;
	bool was_cut, doomed;
};

static void unplug(struct wire *wire)
{
	if (wire->near)
		bufferevent_free(wire->near);
	if (wire->far)
		bufferevent_free(wire->far);
	wire->near = NULL;
	wire->far = NULL;
	wire->doomed = false;
}

static bool holds(struct evbuffer *buffer, const char *word)
{
	return evbuffer_search(buffer, word, strlen(word), NULL).pos >= 0;
}

static void on_near(struct bufferevent *near, void *arg)
{
	struct wire *wire = arg;
	struct evbuffer *input = bufferevent_get_input(near);
	bool hit = wire->cut != WIRE_WHOLE && !wire->doomed && holds(input, wire->word);

	if (hit && wire->cut == WIRE_CUT_REQUEST) {
		wire->was_cut = true;
		wire->cut = WIRE_WHOLE;
		unplug(wire);
		return;
	}
	if (hit)
		wire->doomed = true;
	bufferevent_write_buffer(wire->far, input);
}

/* The replies of a transaction say QUEUED, and come when all of it has been executed. */
static void on_far(struct bufferevent *far, void *arg)
{
	struct wire *wire = arg;
	struct evbuffer *input = bufferevent_get_input(far);

	if (!wire->doomed || !holds(input, "QUEUED")) {
		bufferevent_write_buffer(wire->near, input);
		return;
	}
	wire->was_cut = true;
	wire->cut = WIRE_WHOLE;
	unplug(wire);
}

static void on_end(struct bufferevent *socket, short what, void *arg)
{
	(void)socket;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		unplug(arg);
}

static void on_plug(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
		    int len, void *arg)
{
	struct wire *wire = arg;
	struct sockaddr_un redis = {.sun_family = AF_UNIX};

	(void)listener;
	(void)address;
	(void)len;
	unplug(wire);
	snprintf(redis.sun_path, sizeof redis.sun_path, "%s",
		 redis_server_socket(wire->world->server));
	wire->near = bufferevent_socket_new(wire->world->base, fd, BEV_OPT_CLOSE_ON_FREE);
	wire->far = bufferevent_socket_new(wire->world->base, -1, BEV_OPT_CLOSE_ON_FREE);
	assert_true(wire->near && wire->far);
	bufferevent_setcb(wire->near, on_near, NULL, on_end, wire);
	bufferevent_setcb(wire->far, on_far, NULL, on_end, wire);
	bufferevent_enable(wire->near, EV_READ | EV_WRITE);
	bufferevent_enable(wire->far, EV_READ | EV_WRITE);
	assert_int_equal(bufferevent_socket_connect(wire->far, (struct sockaddr *)&redis,
						    sizeof redis), 0);
}

static struct wire *wire_new(struct world *world)
{
	struct wire *wire = calloc(1, sizeof *wire);
	struct sockaddr_un here = {.sun_family = AF_UNIX};

	assert_non_null(wire);
	wire->world = world;
	snprintf(wire->path, sizeof wire->path, "%s.wire", redis_server_socket(world->server));
	assert_true(strlen(wire->path) < sizeof here.sun_path);
	strcpy(here.sun_path, wire->path);
	wire->listener = evconnlistener_new_bind(world->base, on_plug, wire, LEV_OPT_CLOSE_ON_FREE,
						 8, (struct sockaddr *)&here, sizeof here);
	assert_non_null(wire->listener);
	return wire;
}

static void wire_free(struct wire *wire)
{
	unplug(wire);
	evconnlistener_free(wire->listener);
	unlink(wire->path);
	free(wire);
}

void wire_cut(struct world *world, enum cut cut, const char *word)
{
	world->wire->cut = cut;
	world->wire->word = word;
	world->wire->was_cut = false;
}

void wire_pull(struct world *world)
{
	unplug(world->wire);
}

bool wire_was_cut(const struct world *world)
{
	return world->wire->was_cut;
}

/* ---- The world ---- */

int world_setup(void **state)
{
	struct world *world = calloc(1, sizeof *world);

	assert_non_null(world);
	signal(SIGPIPE, SIG_IGN);
	world->base = event_base_new();
	assert_non_null(world->base);
	world->server = redis_server_start();
	world->redis = redis_server_connection(world->server);
	world->wire = wire_new(world);
	world->random = 88172645463325252u;
	*state = world;
	return 0;
}

int world_teardown(void **state)
{
	struct world *world = *state;

	wire_free(world->wire);
	redis_server_stop(world->server);
	event_base_free(world->base);
	free(world);
	return 0;
}

int64_t world_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void world_step(struct world *world)
{
	event_base_loop(world->base, EVLOOP_ONCE);
}

static redisReply *command(struct world *world, const char *format, va_list args)
{
	redisReply *reply = redisvCommand(world->redis, format, args);

	assert_non_null(reply);
	if (reply->type == REDIS_REPLY_ERROR)
		fail_msg("%s: %s", format, reply->str);
	return reply;
}

long long redis_int(struct world *world, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	redisReply *reply = command(world, format, args);
	va_end(args);
	long long number = reply->integer;

	freeReplyObject(reply);
	return number;
}

bool redis_text(struct world *world, char *text, size_t room, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	redisReply *reply = command(world, format, args);
	va_end(args);
	bool there = reply->type == REDIS_REPLY_STRING;

	snprintf(text, room, "%s", there ? reply->str : "");
	freeReplyObject(reply);
	return there;
}

/* ---- The hooks ---- */

static struct store *on_empty_store(void *arg)
{
	struct person *person = arg;

	store_free(person->store);
	person->store = store_new(42);
	return person->store;
}

static void on_activated(void *arg, const struct position *positions, size_t n)
{
	struct person *person = arg;

	person->activated++;
	person->n_positions = n;
	for (size_t i = 0; i < n && i < 8; i++) {
		person->positions[i] = positions[i];
		snprintf(person->topics[i], sizeof person->topics[i], "%.*s",
			 (int)positions[i].topic.len, positions[i].topic.at);
	}
}

static void on_deposed(void *arg)
{
	struct person *person = arg;

	person->deposed++;
	store_free(person->store);
	person->store = NULL;
}

static void on_found(void *arg, uint32_t subject)
{
	struct person *person = arg;

	assert_true(subject < store_subjects(person->store));
	person->found++;
}

static bool on_publish(void *arg, struct commands *out, uint64_t cut, uint32_t budget)
{
	struct person *person = arg;

	assert_int_equal(budget, KEEPER_BUDGET);
	person->cut = cut;
	commands_append(out, &person->to_publish);
	commands_clear(&person->to_publish);
	return false;
}

static void on_published(void *arg, bool stored, const uint32_t *failed, size_t n_failed)
{
	struct person *person = arg;

	person->published += stored;
	person->unpublished += !stored;
	person->n_failed += n_failed;
	for (size_t i = 0; i < n_failed && i < 8; i++)
		person->failed_commands[i] = failed[i];
}

static void on_republish(void *arg)
{
	((struct person *)arg)->republish++;
}

static void on_room(void *arg)
{
	((struct person *)arg)->room++;
}

static size_t on_heartbeat(void *arg, struct commands *out)
{
	(void)arg;
	commands_arg(out, TEXT("kafka"));
	commands_arg(out, TEXT("up"));
	return 1;
}

static void on_request(void *arg, struct text request)
{
	struct person *person = arg;

	person->requests++;
	snprintf(person->request, sizeof person->request, "%.*s", (int)request.len, request.at);
}

static void on_failed(void *arg, const struct err *why)
{
	((struct person *)arg)->failed = why->code;
}

static void on_stopped(void *arg, bool all_stored)
{
	struct person *person = arg;

	person->stopped++;
	person->all_stored = all_stored;
}

/* ---- A keeper and what it is told ---- */

void person_start(struct world *world, struct person *person, bool wired, bool kafka)
{
	struct keeper_hooks hooks = {
		.arg = person, .empty_store = on_empty_store, .activated = on_activated,
		.deposed = on_deposed, .found = on_found, .publish = on_publish,
		.published = on_published, .republish_all = on_republish, .room_again = on_room,
		.heartbeat = on_heartbeat, .request = on_request, .failed = on_failed,
		.stopped = on_stopped,
	};
	char url[160];
	struct keeper_options options = {
		.url = url, .username = "", .password = "", .prefix = "v:", .instance = "me",
		.flush_interval = 5, .unsent_most = 1 << 20, .takeover = 60,
		.takeover_without_kafka = 600, .let_go = 50,
	};
	struct err err = {0};

	*person = (struct person){.world = world};
	snprintf(url, sizeof url, "unix://%s", wired ? world->wire->path
						     : redis_server_socket(world->server));
	person->keeper = keeper_new(world->base, &options, &hooks, &err);
	if (!person->keeper)
		fail_msg("%s", err.message);
	keeper_kafka(person->keeper, kafka);
}

void person_kill(struct person *person)
{
	keeper_free(person->keeper);
	store_free(person->store);
	commands_free(&person->to_publish);
	*person = (struct person){0};
}

static void learn_one(struct person *person)
{
	struct world *world = person->world;
	struct fact *fact = malloc(sizeof *fact);
	const struct record *record;
	uint32_t subject;
	char id[24];

	assert_non_null(fact);
	draw_fact(&world->random, fact);
	/* Mostly new; now and then one that meets another of its identity. */
	snprintf(id, sizeof id, "id-%u", draw(&world->random) % 8 ? world->facts++ : 0);
	fact->id = text_of(id);
	enum outcome outcome = store_add(person->store, fact, &subject, &record);

	if (world->memory)
		world->memory(true);
	if (outcome == STORE_ADDED || outcome == STORE_CONFLICT_TAKEN)
		keeper_fact(person->keeper, store_subject(person->store, subject), record);
	if (world->memory)
		world->memory(false);
	free(fact);
}

void person_learns(struct person *person, unsigned facts)
{
	struct position position = {.topic = TEXT("t"), .last = {.offset = -1}};

	for (unsigned i = 0; i < facts; i++)
		learn_one(person);
	position.next = person->world->facts;
	keeper_position(person->keeper, &position);
}

void run_until_active(struct person *person)
{
	RUN_UNTIL(person->world, keeper_status(person->keeper).role == ROLE_ACTIVE);
}

/* A transaction that began after all was told has been stored. */
void run_until_stored(struct person *person)
{
	uint64_t before = keeper_status(person->keeper).transactions;

	keeper_dirty(person->keeper);
	RUN_UNTIL(person->world, keeper_status(person->keeper).transactions >= before + 1 &&
					 keeper_status(person->keeper).unsent == 0);
	before = keeper_status(person->keeper).transactions;
	keeper_dirty(person->keeper);
	RUN_UNTIL(person->world, keeper_status(person->keeper).transactions > before);
}

void expect_loads(struct world *world, const struct store *store, int64_t next)
{
	struct person other;

	person_start(world, &other, false, true);
	run_until_active(&other);
	char *ours = store_dump(store), *theirs = store_dump(other.store);

	assert_string_equal(theirs, ours);
	assert_true(strlen(ours) > 0);
	assert_int_equal(other.n_positions, 1);
	assert_string_equal(other.topics[0], "t");
	assert_int_equal(other.positions[0].next, next);
	free(ours);
	free(theirs);
	person_kill(&other);
}
