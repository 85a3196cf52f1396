/*
 * feed: the tests' hands on Kafka: a mock cluster, a producer, a consumer, topics.
 *
 *   feed mock [--brokers N] --topic NAME:PARTITIONS…
 *       runs a mock cluster, prints its address on the first line, ends with SIGTERM or when
 *       standard input closes
 *   feed produce -b ADDR -t TOPIC [--partitions N | --partition P] [--rate R] [--records]
 *                [--key KEY] [--header NAME=VALUE]… [FILE|-]
 *       one record a line; --records: lines of "timestamp in ms<TAB>event"; waits for all
 *       acknowledgements, prints how many
 *   feed topic -b ADDR create|delete|grow NAME [PARTITIONS]
 *   feed offsets -b ADDR [--group GROUP] TOPIC
 *       of each partition: number, first offset, end offset, what the group has committed (or -1)
 *   feed consume -b ADDR -t TOPIC [--count N] [--timeout S]
 *       prints records as JSON, a line each; without --count up to the end of all partitions
 *   feed discard -b ADDR -t TOPIC
 *       reads all partitions to their ends and throws away: the bare consumer of the benchmark
 *   -X NAME=VALUE sets a property of librdkafka, with all verbs but mock.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define LIST_MOST 64
#define BATCH     1000
#define WAIT_MS   10000

struct options {
	const char *broker, *topic, *key, *group;
	const char *headers[LIST_MOST], *topics[LIST_MOST], *settings[LIST_MOST];
	size_t n_headers, n_topics, n_settings;
	int brokers, partitions, partition;
	double rate;
	long count;
	double timeout;
	bool records;
};

static void __attribute__((noreturn, format(printf, 2, 3))) die(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("feed: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(code);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- mock ---- */

static int mock(const struct options *o)
{
	char error[512];
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);

	int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error);

	if (signal_fd < 0 || !rk)
		die(EX_UNAVAILABLE, "%s", rk ? strerror(errno) : error);

	rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, o->brokers);

	if (!cluster)
		die(EX_UNAVAILABLE, "no mock cluster");
	for (size_t i = 0; i < o->n_topics; i++) {
		char *name = strdup(o->topics[i]);
		char *colon = name ? strrchr(name, ':') : NULL;

		if (!colon)
			die(EX_USAGE, "--topic NAME:PARTITIONS, not %s", o->topics[i]);
		*colon = '\0';
		if (rd_kafka_mock_topic_create(cluster, name, atoi(colon + 1), 1))
			die(EX_UNAVAILABLE, "cannot make topic %s", name);
		free(name);
	}
	puts(rd_kafka_mock_cluster_bootstraps(cluster));
	fflush(stdout);

	for (struct pollfd fds[] = {{0, POLLIN, 0}, {signal_fd, POLLIN, 0}};;) {
		char bytes[512];

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			break;
		if (fds[0].revents && read(0, bytes, sizeof bytes) <= 0)
			break;
	}
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(rk);
	return 0;
}

/* ---- handles ---- */

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char error[512];

	if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK)
		die(EX_USAGE, "%s", error);
}

static rd_kafka_conf_t *make_conf(const struct options *o)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	if (!o->broker)
		die(EX_USAGE, "-b ADDR is missing");
	set(conf, "bootstrap.servers", o->broker);
	for (size_t i = 0; i < o->n_settings; i++) {
		char *name = strdup(o->settings[i]);
		char *equals = name ? strchr(name, '=') : NULL;

		if (!equals)
			die(EX_USAGE, "-X NAME=VALUE, not %s", o->settings[i]);
		*equals = '\0';
		set(conf, name, equals + 1);
		free(name);
	}
	return conf;
}

static rd_kafka_t *make_handle(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
	char error[512];
	rd_kafka_t *rk = rd_kafka_new(type, conf, error, sizeof error);

	if (!rk)
		die(EX_UNAVAILABLE, "%s", error);
	return rk;
}

static int count_partitions(rd_kafka_t *rk, const char *name)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
	rd_kafka_resp_err_t err = rd_kafka_metadata(rk, 0, topic, &metadata, WAIT_MS);

	if (err)
		die(EX_UNAVAILABLE, "%s", rd_kafka_err2str(err));

	int n = metadata->topic_cnt ? metadata->topics[0].partition_cnt : 0;

	rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(topic);
	if (n == 0)
		die(EX_UNAVAILABLE, "no topic %s", name);
	return n;
}

/* ---- produce ---- */

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	long *good = opaque;

	(void)rk;
	if (message->err)
		fprintf(stderr, "feed: %s\n", rd_kafka_err2str(message->err));
	else
		++*good;
}

static rd_kafka_headers_t *make_headers(const struct options *o)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(o->n_headers);

	for (size_t i = 0; i < o->n_headers; i++) {
		const char *equals = strchr(o->headers[i], '=');

		if (!equals)
			die(EX_USAGE, "--header NAME=VALUE, not %s", o->headers[i]);
		rd_kafka_header_add(headers, o->headers[i], equals - o->headers[i], equals + 1, -1);
	}
	return headers;
}

static void produce_one(rd_kafka_t *rk, const struct options *o, int32_t partition, char *line)
{
	int64_t timestamp = 0; /* 0: librdkafka takes the clock's */

	if (o->records) {
		char *end;

		timestamp = strtoll(line, &end, 10);
		if (end == line || *end != '\t')
			die(EX_DATAERR, "no timestamp: %.80s", line);
		line = end + 1;
	}
	for (;;) {
		rd_kafka_headers_t *headers = make_headers(o);
		rd_kafka_resp_err_t err = rd_kafka_producev(
			rk, RD_KAFKA_V_TOPIC(o->topic), RD_KAFKA_V_PARTITION(partition),
			RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
			RD_KAFKA_V_KEY(o->key, o->key ? strlen(o->key) : 0),
			RD_KAFKA_V_VALUE(line, strlen(line)), RD_KAFKA_V_TIMESTAMP(timestamp),
			RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);

		if (!err)
			return;
		rd_kafka_headers_destroy(headers);
		if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			die(EX_UNAVAILABLE, "%s", rd_kafka_err2str(err));
		rd_kafka_poll(rk, 100);
	}
}

static int produce(const struct options *o, const char *path)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	rd_kafka_conf_t *conf = make_conf(o);
	long good = 0, sent = 0;

	if (!in)
		die(EX_NOINPUT, "%s: %s", path, strerror(errno));
	if (!o->topic)
		die(EX_USAGE, "-t TOPIC is missing");
	set(conf, "linger.ms", "5");
	rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	rd_kafka_conf_set_opaque(conf, &good);

	rd_kafka_t *rk = make_handle(RD_KAFKA_PRODUCER, conf);
	int partitions = o->partitions ? o->partitions : count_partitions(rk, o->topic);
	double start = seconds();
	char *line = NULL;
	size_t room = 0;

	for (ssize_t len; (len = getline(&line, &room, in)) >= 0; sent++) {
		if (len > 0 && line[len - 1] == '\n')
			line[len - 1] = '\0';
		while (o->rate > 0 && (double)sent > (seconds() - start) * o->rate)
			rd_kafka_poll(rk, 1);
		produce_one(rk, o, o->partition >= 0 ? o->partition : (int32_t)(sent % partitions),
			    line);
		rd_kafka_poll(rk, 0);
	}
	free(line);
	rd_kafka_flush(rk, 60000);
	rd_kafka_destroy(rk);
	printf("%ld\n", good);
	return good == sent ? 0 : EX_UNAVAILABLE;
}

/* ---- topic, offsets ---- */

static rd_kafka_resp_err_t admin_result(rd_kafka_queue_t *queue, char *why, size_t room)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS * 2);
	size_t n = 0;
	const rd_kafka_topic_result_t **results = NULL;

	if (!event)
		return RD_KAFKA_RESP_ERR__TIMED_OUT;

	rd_kafka_resp_err_t err = rd_kafka_event_error(event);

	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
		results = rd_kafka_CreateTopics_result_topics(
			rd_kafka_event_CreateTopics_result(event), &n);
		break;
	case RD_KAFKA_EVENT_DELETETOPICS_RESULT:
		results = rd_kafka_DeleteTopics_result_topics(
			rd_kafka_event_DeleteTopics_result(event), &n);
		break;
	case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT:
		results = rd_kafka_CreatePartitions_result_topics(
			rd_kafka_event_CreatePartitions_result(event), &n);
		break;
	default:
		break;
	}
	if (!err && n)
		err = rd_kafka_topic_result_error(results[0]);
	snprintf(why, room, "%s", rd_kafka_err2str(err));
	rd_kafka_event_destroy(event);
	return err;
}

static int topic(const struct options *o, const char *verb, char *name, int partitions)
{
	char why[512] = "timed out";
	rd_kafka_t *rk = make_handle(RD_KAFKA_PRODUCER, make_conf(o));
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);

	if (strcmp(verb, "create") == 0) {
		rd_kafka_NewTopic_t *t =
			rd_kafka_NewTopic_new(name, partitions, 1, why, sizeof why);

		if (!t)
			die(EX_USAGE, "%s", why);
		rd_kafka_CreateTopics(rk, &t, 1, NULL, queue);
		rd_kafka_NewTopic_destroy(t);
	} else if (strcmp(verb, "delete") == 0) {
		rd_kafka_DeleteTopic_t *t = rd_kafka_DeleteTopic_new(name);

		rd_kafka_DeleteTopics(rk, &t, 1, NULL, queue);
		rd_kafka_DeleteTopic_destroy(t);
	} else if (strcmp(verb, "grow") == 0) {
		rd_kafka_NewPartitions_t *t =
			rd_kafka_NewPartitions_new(name, (size_t)partitions, why, sizeof why);

		if (!t)
			die(EX_USAGE, "%s", why);
		rd_kafka_CreatePartitions(rk, &t, 1, NULL, queue);
		rd_kafka_NewPartitions_destroy(t);
	} else {
		die(EX_USAGE, "create, delete or grow, not %s", verb);
	}
	if (admin_result(queue, why, sizeof why))
		die(EX_UNAVAILABLE, "%s %s: %s", verb, name, why);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(rk);
	return 0;
}

static int64_t committed(rd_kafka_t *rk, const char *name, int partition)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	int64_t offset;

	rd_kafka_topic_partition_list_add(list, name, partition);
	rd_kafka_resp_err_t err = rd_kafka_committed(rk, list, WAIT_MS);
	if (err)
		die(EX_UNAVAILABLE, "%s:%d: %s", name, partition, rd_kafka_err2str(err));
	offset = list->elems[0].offset;
	rd_kafka_topic_partition_list_destroy(list);
	return offset < 0 ? -1 : offset;
}

static int offsets(const struct options *o, const char *name)
{
	rd_kafka_conf_t *conf = make_conf(o);

	if (o->group)
		set(conf, "group.id", o->group);

	rd_kafka_t *rk = make_handle(RD_KAFKA_CONSUMER, conf);
	int n = count_partitions(rk, name);

	for (int i = 0; i < n; i++) {
		int64_t low = 0, high = 0;
		rd_kafka_resp_err_t err =
			rd_kafka_query_watermark_offsets(rk, name, i, &low, &high, WAIT_MS);

		if (err)
			die(EX_UNAVAILABLE, "%s:%d: %s", name, i, rd_kafka_err2str(err));
		printf("%d %" PRId64 " %" PRId64, i, low, high);
		if (o->group)
			printf(" %" PRId64, committed(rk, name, i));
		putchar('\n');
	}
	rd_kafka_destroy(rk);
	return 0;
}

/* ---- consume, discard ---- */

static void print_text(const char *bytes, size_t len)
{
	if (!bytes) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_message(const rd_kafka_message_t *m)
{
	rd_kafka_timestamp_type_t type;
	rd_kafka_headers_t *headers = NULL;
	const char *name;
	const void *value;
	size_t size;

	printf("{\"partition\":%d,\"offset\":%" PRId64 ",\"timestamp\":%" PRId64 ",\"key\":",
	       m->partition, m->offset, rd_kafka_message_timestamp(m, &type));
	print_text(m->key, m->key_len);
	fputs(",\"value\":", stdout);
	print_text(m->payload, m->len);
	fputs(",\"headers\":{", stdout);
	rd_kafka_message_headers(m, &headers);
	for (size_t i = 0; headers && !rd_kafka_header_get_all(headers, i, &name, &value, &size);
	     i++) {
		if (i)
			putchar(',');
		print_text(name, strlen(name));
		putchar(':');
		print_text(value, size);
	}
	puts("}}");
	fflush(stdout);
}

static int consume(const struct options *o, bool discard)
{
	rd_kafka_conf_t *conf = make_conf(o);
	rd_kafka_message_t *messages[BATCH];
	long n = 0, bytes = 0;
	struct rusage usage;

	if (!o->topic)
		die(EX_USAGE, "-t TOPIC is missing");
	set(conf, "group.id", "feed");
	set(conf, "enable.auto.commit", "false");
	set(conf, "enable.auto.offset.store", "false");
	set(conf, "enable.partition.eof", "true");
	set(conf, "check.crcs", "true");

	rd_kafka_t *rk = make_handle(RD_KAFKA_CONSUMER, conf);
	int partitions = count_partitions(rk, o->topic), open = partitions;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
	double start = seconds();

	rd_kafka_poll_set_consumer(rk);
	for (int i = 0; i < partitions; i++)
		rd_kafka_topic_partition_list_add(list, o->topic, i)->offset =
			RD_KAFKA_OFFSET_BEGINNING;
	rd_kafka_assign(rk, list);
	rd_kafka_topic_partition_list_destroy(list);

	rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(rk);

	while ((o->count ? n < o->count : open > 0) &&
	       (o->timeout <= 0 || seconds() - start < o->timeout)) {
		size_t most = !discard && o->count && o->count - n < BATCH ? (size_t)(o->count - n)
									   : BATCH;
		ssize_t got = rd_kafka_consume_batch_queue(queue, 100, messages, most);

		for (ssize_t i = 0; i < got; i++) {
			if (messages[i]->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
				open--;
			} else if (messages[i]->err) {
				fprintf(stderr, "feed: %s\n", rd_kafka_message_errstr(messages[i]));
			} else {
				n++;
				bytes += (long)messages[i]->len;
				if (!discard)
					print_message(messages[i]);
			}
			rd_kafka_message_destroy(messages[i]);
		}
	}

	double wall = seconds() - start;

	getrusage(RUSAGE_SELF, &usage);
	if (discard)
		printf("messages=%ld bytes=%ld cpu_seconds=%.3f wall_seconds=%.3f\n", n, bytes,
		       (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
		       wall);
	fflush(stdout);
	rd_kafka_queue_destroy(queue);
	rd_kafka_consumer_close(rk);
	rd_kafka_destroy(rk);
	return o->count && n < o->count ? EX_TEMPFAIL : 0;
}

/* ---- arguments ---- */

static void keep(const char *list[LIST_MOST], size_t *n, const char *value)
{
	if (*n == LIST_MOST)
		die(EX_USAGE, "too many options");
	list[(*n)++] = value;
}

static void read_options(struct options *o, int argc, char **argv)
{
	enum {
		BROKERS = 256,
		TOPIC,
		PARTITIONS,
		PARTITION,
		RATE,
		RECORDS,
		KEY,
		HEADER,
		COUNT,
		TIMEOUT,
		GROUP
	};
	static const struct option names[] = {{"brokers", 1, NULL, BROKERS},
					      {"topic", 1, NULL, TOPIC},
					      {"partitions", 1, NULL, PARTITIONS},
					      {"partition", 1, NULL, PARTITION},
					      {"rate", 1, NULL, RATE},
					      {"records", 0, NULL, RECORDS},
					      {"key", 1, NULL, KEY},
					      {"header", 1, NULL, HEADER},
					      {"count", 1, NULL, COUNT},
					      {"timeout", 1, NULL, TIMEOUT},
					      {"group", 1, NULL, GROUP},
					      {NULL, 0, NULL, 0}};

	for (int c; (c = getopt_long(argc, argv, "b:t:X:", names, NULL)) != -1;) {
		switch (c) {
		case 'b':
			o->broker = optarg;
			break;
		case 't':
			o->topic = optarg;
			break;
		case 'X':
			keep(o->settings, &o->n_settings, optarg);
			break;
		case BROKERS:
			o->brokers = atoi(optarg);
			break;
		case TOPIC:
			keep(o->topics, &o->n_topics, optarg);
			break;
		case PARTITIONS:
			o->partitions = atoi(optarg);
			break;
		case PARTITION:
			o->partition = atoi(optarg);
			break;
		case RATE:
			o->rate = atof(optarg);
			break;
		case RECORDS:
			o->records = true;
			break;
		case KEY:
			o->key = optarg;
			break;
		case HEADER:
			keep(o->headers, &o->n_headers, optarg);
			break;
		case COUNT:
			o->count = atol(optarg);
			break;
		case GROUP:
			o->group = optarg;
			break;
		case TIMEOUT:
			o->timeout = atof(optarg);
			break;
		default:
			exit(EX_USAGE);
		}
	}
}

int main(int argc, char **argv)
{
	struct options o = {.brokers = 1, .partition = -1};
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc > 1)
		read_options(&o, argc - 1, argv + 1);

	char **rest = argv + 1 + optind;
	int n = argc > 1 ? argc - 1 - optind : 0;

	if (strcmp(verb, "mock") == 0)
		return mock(&o);
	if (strcmp(verb, "produce") == 0)
		return produce(&o, n ? rest[0] : "-");
	if (strcmp(verb, "topic") == 0 && n >= 2)
		return topic(&o, rest[0], rest[1], n > 2 ? atoi(rest[2]) : 1);
	if (strcmp(verb, "offsets") == 0 && n == 1)
		return offsets(&o, rest[0]);
	if (strcmp(verb, "consume") == 0 || strcmp(verb, "discard") == 0)
		return consume(&o, strcmp(verb, "discard") == 0);
	die(EX_USAGE, "mock, produce, topic, offsets, consume or discard; see the head of feed.c");
}
