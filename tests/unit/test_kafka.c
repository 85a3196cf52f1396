/* io/kafka and io/letters against librdkafka's mock cluster, which speaks the real protocol. */
#include "io/kafka.h"
#include "io/letters.h"

#include <event2/event.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#define SEEN_MOST  4000
#define PATIENCE_S 20

struct seen {
	char topic[32];
	uint32_t slot;
	int32_t partition;
	int64_t offset, timestamp;
	char value[64];
	size_t n_headers;
};

struct world {
	struct event_base *base;
	rd_kafka_t *producer;
	rd_kafka_mock_cluster_t *cluster;
	struct kafka *kafka;
	struct letters *letters;
	struct position from[4]; /* what begin() answers, by partition; topic absent: nothing */
	struct seen seen[SEEN_MOST];
	size_t n, refuse_at; /* refuse_at: the record with that number is not taken, once */
	unsigned stopped, closed, assigned, batches, settled;
	char why[512];
	bool late;
};

static bool begin(void *arg, uint32_t slot, struct text topic, int32_t partition,
		  struct position *from)
{
	struct world *w = arg;

	(void)slot;
	(void)topic;
	if (partition >= 4 || !w->from[partition].topic.at)
		return false;
	*from = w->from[partition];
	return true;
}

static bool take(void *arg, const struct kafka_record *record)
{
	struct world *w = arg;
	struct seen *seen = &w->seen[w->n];

	if (w->refuse_at && w->n + 1 == w->refuse_at) {
		w->refuse_at = 0;
		return false;
	}
	assert_true(w->n < SEEN_MOST);
	*seen = (struct seen){.slot = record->slot,
			      .partition = record->partition,
			      .offset = record->offset,
			      .timestamp = record->timestamp,
			      .n_headers = record->n_headers};
	snprintf(seen->topic, sizeof seen->topic, "%.*s", (int)record->topic.len, record->topic.at);
	snprintf(seen->value, sizeof seen->value, "%.*s", (int)record->value.len,
		 record->value.at ? record->value.at : "(null)");
	w->n++;
	return true;
}

static void drained(void *arg)
{
	((struct world *)arg)->batches++;
}

static void assigned(void *arg)
{
	((struct world *)arg)->assigned++;
}

static void stopped(void *arg, uint32_t slot, const char *why)
{
	struct world *w = arg;

	assert_string_equal(kafka_stopped_why(w->kafka, slot), why);
	w->stopped++;
	snprintf(w->why, sizeof w->why, "%s", why);
}

static void closed(void *arg)
{
	((struct world *)arg)->closed++;
}

static void settled(void *arg, void *ticket, bool kept)
{
	struct world *w = arg;

	assert_true(kept);
	assert_ptr_equal(ticket, w);
	w->settled++;
}

static void write_log(void *arg, int level, const char *line)
{
	(void)arg;
	if (getenv("TEST_LOG"))
		fprintf(stderr, "<%d> %s\n", level, line);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	((struct world *)arg)->late = true;
}

/* Turns the loop until the condition holds; fails after PATIENCE_S. */
#define UNTIL(w, condition)                                                                        \
	do {                                                                                       \
		struct timeval patience_ = {PATIENCE_S, 0};                                        \
		struct event *late_ = evtimer_new((w)->base, on_late, (w));                        \
		evtimer_add(late_, &patience_);                                                    \
		while (!(condition) && !(w)->late)                                                 \
			event_base_loop((w)->base, EVLOOP_ONCE);                                   \
		event_free(late_);                                                                 \
		assert_true(condition);                                                            \
	} while (0)

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	char why[200];

	w->base = event_base_new();
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", why, sizeof why);
	rd_kafka_conf_set(conf, "log_level", "0", why, sizeof why);
	w->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
	w->cluster = rd_kafka_handle_mock_cluster(w->producer);
	assert_non_null(w->cluster);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	kafka_free(w->kafka);
	letters_free(w->letters);
	rd_kafka_destroy(w->producer);
	event_base_free(w->base);
	free(w);
	return 0;
}

static void produce(struct world *w, const char *topic, int32_t partition, int64_t timestamp,
		    const char *value)
{
	rd_kafka_resp_err_t err = rd_kafka_producev(
		w->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY("k", 1),
		RD_KAFKA_V_VALUE((void *)value, strlen(value)), RD_KAFKA_V_TIMESTAMP(timestamp),
		RD_KAFKA_V_HEADER("colour", "red", -1), RD_KAFKA_V_END);

	assert_int_equal(err, 0);
}

static void flush(struct world *w)
{
	assert_int_equal(rd_kafka_flush(w->producer, PATIENCE_S * 1000), 0);
}

static void fill(struct world *w, const char *topic, int32_t partition, int n)
{
	char value[32];

	for (int i = 0; i < n; i++) {
		snprintf(value, sizeof value, "%d", i);
		produce(w, topic, partition, 1000000 + i, value);
	}
	flush(w);
}

static struct kafka_options options_for(struct world *w, const char *const *topics, size_t n)
{
	static struct kafka_setting setting;

	setting = (struct kafka_setting){"bootstrap.servers",
					 rd_kafka_mock_cluster_bootstraps(w->cluster)};
	return (struct kafka_options){.settings = &setting,
				      .n_settings = 1,
				      .topics = topics,
				      .n_topics = n,
				      .group = "g",
				      .dead_letter_topic = "events.dlq"};
}

static void start(struct world *w, const char *topic)
{
	const char *topics[] = {topic};
	struct kafka_options options = options_for(w, topics, 1);
	struct kafka_hooks hooks = {.arg = w,
				    .begin = begin,
				    .assigned = assigned,
				    .record = take,
				    .drained = drained,
				    .stopped = stopped,
				    .closed = closed,
				    .log = {write_log, NULL}};
	struct err err = {0};

	w->kafka = kafka_new(w->base, &options, &hooks, &err);
	if (!w->kafka)
		fail_msg("%s", err.message);
	kafka_start(w->kafka);
}

static struct position position(int64_t next, struct fingerprint last)
{
	return (struct position){.topic = TEXT("t"), .next = next, .last = last};
}

/* That of the record that fill() writes at the offset. */
static struct fingerprint print_of(int64_t offset)
{
	char value[32];

	snprintf(value, sizeof value, "%d", (int)offset);
	return kafka_fingerprint(offset, 1000000 + offset, TEXT("k"), text_of(value));
}

static void all_partitions_are_read_in_order_to_their_ends(void **state)
{
	struct world *w = *state;
	int64_t next[2] = {0, 0};

	rd_kafka_mock_topic_create(w->cluster, "t", 2, 1);
	fill(w, "t", 0, 1500);
	fill(w, "t", 1, 700);
	start(w, "t");
	UNTIL(w, w->n == 2200 && kafka_caught_up(w->kafka));
	for (size_t i = 0; i < w->n; i++) {
		assert_int_equal(w->seen[i].offset, next[w->seen[i].partition]++);
		assert_int_equal(w->seen[i].n_headers, 1);
		assert_int_equal(w->seen[i].timestamp, 1000000 + w->seen[i].offset);
	}
	assert_int_equal(w->assigned, 1);
	assert_true(w->batches >= 2 && w->batches < 400);
	assert_int_equal(kafka_status(w->kafka).lag_messages, 0);
}

static void an_expression_means_whole_names_and_never_the_dead_letters(void **state)
{
	struct world *w = *state;

	rd_kafka_mock_topic_create(w->cluster, "events", 1, 1);
	rd_kafka_mock_topic_create(w->cluster, "events.b", 1, 1);
	rd_kafka_mock_topic_create(w->cluster, "events.dlq", 1, 1);
	rd_kafka_mock_topic_create(w->cluster, "my-events", 1, 1);
	rd_kafka_mock_topic_create(w->cluster, "events!", 1, 1);
	fill(w, "events", 0, 1);
	fill(w, "events.b", 0, 1);
	fill(w, "events.dlq", 0, 1);
	fill(w, "my-events", 0, 1);
	start(w, "^events|events[.].*");
	UNTIL(w, w->n >= 2 && kafka_caught_up(w->kafka));
	assert_int_equal(w->n, 2);
	assert_int_equal(kafka_status(w->kafka).partitions, 2);
}

static void a_topic_that_appears_later_is_read_from_its_beginning(void **state)
{
	struct world *w = *state;

	start(w, "^later-.*");
	UNTIL(w, w->assigned);
	assert_int_equal(kafka_status(w->kafka).partitions, 0);
	rd_kafka_mock_topic_create(w->cluster, "later-1", 1, 1);
	fill(w, "later-1", 0, 3);
	UNTIL(w, w->n == 3);
	assert_string_equal(w->seen[0].topic, "later-1");
}

static void reading_goes_on_from_a_position_whose_record_is_still_there(void **state)
{
	struct world *w = *state;

	rd_kafka_mock_topic_create(w->cluster, "t", 1, 1);
	fill(w, "t", 0, 10);
	w->from[0] = position(7, print_of(6));
	start(w, "t");
	UNTIL(w, w->n == 3);
	assert_int_equal(w->seen[0].offset, 7);
	assert_int_equal(w->stopped, 0);
}

static void a_position_at_the_end_waits_for_what_comes(void **state)
{
	struct world *w = *state;

	rd_kafka_mock_topic_create(w->cluster, "t", 1, 1);
	fill(w, "t", 0, 10);
	w->from[0] = position(10, print_of(9));
	start(w, "t");
	UNTIL(w, kafka_caught_up(w->kafka));
	assert_int_equal(w->n, 0);
	produce(w, "t", 0, 5, "new");
	UNTIL(w, w->n == 1);
	assert_int_equal(w->seen[0].offset, 10);
}

static void another_record_in_its_place_stops_that_partition_alone(void **state)
{
	struct world *w = *state;

	rd_kafka_mock_topic_create(w->cluster, "t", 2, 1);
	fill(w, "t", 0, 10);
	fill(w, "t", 1, 10);
	w->from[0] = position(7, kafka_fingerprint(6, 1000006, TEXT("k"), TEXT("other")));
	start(w, "t");
	UNTIL(w, w->n == 10 && w->stopped && kafka_caught_up(w->kafka));
	for (size_t i = 0; i < w->n; i++)
		assert_int_equal(w->seen[i].partition, 1);
	assert_int_equal(w->stopped, 1);
	assert_non_null(strstr(w->why, "t:0: "));
	assert_int_equal(kafka_status(w->kafka).stopped, 1);
}

static void a_position_beyond_the_end_stops_the_partition(void **state)
{
	struct world *w = *state;

	rd_kafka_mock_topic_create(w->cluster, "t", 2, 1);
	fill(w, "t", 0, 10);
	fill(w, "t", 1, 10);
	w->from[0] = position(21, print_of(20)); /* out of range */
	w->from[1] = position(11, print_of(10)); /* the end, just short of it */
	start(w, "t");
	UNTIL(w, w->stopped == 2);
	assert_int_equal(w->n, 0);
	assert_true(kafka_caught_up(w->kafka));
}

static void a_record_that_is_not_taken_comes_again_first(void **state)
{
	struct world *w = *state;

	rd_kafka_mock_topic_create(w->cluster, "t", 1, 1);
	fill(w, "t", 0, 50);
	w->refuse_at = 20;
	start(w, "t");
	UNTIL(w, w->n == 19 && !w->refuse_at);
	for (int i = 0; i < 20; i++)
		event_base_loop(w->base, EVLOOP_NONBLOCK);
	assert_int_equal(w->n, 19);
	kafka_resume(w->kafka);
	UNTIL(w, w->n == 50);
	for (size_t i = 0; i < w->n; i++)
		assert_int_equal(w->seen[i].offset, i);
}

static void after_a_stop_a_start_begins_anew(void **state)
{
	struct world *w = *state;

	rd_kafka_mock_topic_create(w->cluster, "t", 1, 1);
	fill(w, "t", 0, 5);
	start(w, "t");
	UNTIL(w, w->n == 5);
	kafka_stop(w->kafka);
	assert_int_equal(kafka_status(w->kafka).partitions, 0);
	w->from[0] = position(3, print_of(2));
	kafka_start(w->kafka);
	UNTIL(w, w->n == 7);
	assert_int_equal(w->seen[5].offset, 3);
}

static void a_record_of_now_counts_as_the_end(void **state)
{
	struct world *w = *state;

	rd_kafka_mock_topic_create(w->cluster, "t", 1, 1);
	produce(w, "t", 0, 0, "now"); /* 0: the clock's */
	flush(w);
	start(w, "t");
	UNTIL(w, w->n == 1);
	assert_true(kafka_caught_up(w->kafka));
}

static void closing_ends_without_blocking_the_loop(void **state)
{
	struct world *w = *state;

	rd_kafka_mock_topic_create(w->cluster, "t", 1, 1);
	fill(w, "t", 0, 5);
	start(w, "t");
	UNTIL(w, w->n == 5);
	struct position done = {.topic = TEXT("t"), .next = 5};
	kafka_commit(w->kafka, &done, 1);
	kafka_close(w->kafka);
	UNTIL(w, w->closed == 1);
}

static void wrong_and_reserved_properties_are_refused(void **state)
{
	struct world *w = *state;
	const char *topics[] = {"t"};
	struct kafka_options options = options_for(w, topics, 1);
	struct kafka_setting settings[] = {{"bootstrap.servers", "localhost:1"}, {NULL, NULL}};
	struct err err;
	static const char *const bad[][3] = {{"enable.auto.commit", "true", "not yours"},
					     {"no.such.property", "1", "no.such.property"},
					     {"fetch.wait.max.ms", "soon", "fetch.wait.max.ms"},
					     {"group.id", "g", "section kafka"}};

	options.settings = settings;
	options.n_settings = 2;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		settings[1] = (struct kafka_setting){bad[i][0], bad[i][1]};
		assert_false(kafka_check(&options, &err));
		assert_int_equal(err.code, EX_CONFIG);
		assert_non_null(strstr(err.message, bad[i][2]));
	}
	settings[1] = (struct kafka_setting){"fetch.wait.max.ms", "50"};
	assert_true(kafka_check(&options, &err));
	topics[0] = "^(";
	assert_false(kafka_check(&options, &err));
	assert_non_null(strstr(err.message, "^("));
	options.n_settings = 0;
	topics[0] = "t";
	assert_true(kafka_check(&options, &err));
}

static void a_dead_letter_bears_the_record_and_the_reason(void **state)
{
	struct world *w = *state;
	const char *topics[] = {"events.dlq"};
	struct kafka_options options = options_for(w, topics, 1);
	struct letters_hooks hooks = {w, settled, {write_log, NULL}};
	struct header header = {TEXT("colour"), TEXT("red")};
	struct kafka_record record = {.topic = TEXT("t"),
				      .partition = 3,
				      .offset = 77,
				      .timestamp = 123456,
				      .value = TEXT("broken"),
				      .headers = &header,
				      .n_headers = 1};
	struct err err = {0};

	rd_kafka_mock_topic_create(w->cluster, "events.dlq", 1, 1);
	w->letters = letters_new(w->base, &options, &hooks, &err);
	assert_non_null(w->letters);
	assert_true(letters_send(w->letters, &record, TEXT("malformed"), TEXT("no JSON"), w));
	UNTIL(w, w->settled == 1);

	options.dead_letter_topic = "";
	struct kafka_hooks reader = {.arg = w, .record = take, .log = {write_log, NULL}};
	w->kafka = kafka_new(w->base, &options, &reader, &err);
	kafka_start(w->kafka);
	UNTIL(w, w->n == 1);
	assert_string_equal(w->seen[0].value, "broken");
	assert_int_equal(w->seen[0].timestamp, 123456);
	assert_int_equal(w->seen[0].n_headers, 12);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(all_partitions_are_read_in_order_to_their_ends),
		TEST(an_expression_means_whole_names_and_never_the_dead_letters),
		TEST(a_topic_that_appears_later_is_read_from_its_beginning),
		TEST(reading_goes_on_from_a_position_whose_record_is_still_there),
		TEST(a_position_at_the_end_waits_for_what_comes),
		TEST(another_record_in_its_place_stops_that_partition_alone),
		TEST(a_position_beyond_the_end_stops_the_partition),
		TEST(a_record_that_is_not_taken_comes_again_first),
		TEST(after_a_stop_a_start_begins_anew),
		TEST(a_record_of_now_counts_as_the_end),
		TEST(closing_ends_without_blocking_the_loop),
		TEST(wrong_and_reserved_properties_are_refused),
		TEST(a_dead_letter_bears_the_record_and_the_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
