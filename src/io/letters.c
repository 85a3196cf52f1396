#include "io/letters.h"
#include "io/kafka_conf.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

/* How many reports one turn of the loop takes. */
#define TURN 1000
/* The pause before letters that no broker took are tried again. */
#define RETRY_S 1

/* A letter that waits for its next try. */
struct waiting {
	struct waiting *next;
	rd_kafka_headers_t *headers;
	void *ticket;
	int64_t timestamp;
	bool has_key, has_value;
	size_t key_len, value_len;
	char bytes[]; /* key, value */
};

struct letters {
	struct letters_hooks hooks;
	char *topic;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	int wake;
	struct event *woken, *retry;
	struct waiting *waiting;
};

static void __attribute__((format(printf, 3, 4)))
say(const struct letters *letters, int level, const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	letters->hooks.log.write(letters->hooks.log.arg, level, line);
}

/* ---- Headers ---- */

static bool add(rd_kafka_headers_t *headers, const char *name, struct text value)
{
	return !rd_kafka_header_add(headers, name, -1, value.at ? value.at : "",
				    (ssize_t)value.len);
}

static bool add_number(rd_kafka_headers_t *headers, const char *name, int64_t number)
{
	char digits[24];

	snprintf(digits, sizeof digits, "%" PRId64, number);
	return add(headers, name, text_of(digits));
}

static bool add_own(rd_kafka_headers_t *headers, const struct kafka_record *record,
		    struct text code, struct text why)
{
	char class[80];

	snprintf(class, sizeof class, "venturi.%.*s", (int)code.len, code.at);
	return add(headers, "__connect.errors.topic", record->topic) &&
	       add_number(headers, "__connect.errors.partition", record->partition) &&
	       add_number(headers, "__connect.errors.offset", record->offset) &&
	       add(headers, "__connect.errors.connector.name", TEXT("venturi")) &&
	       add(headers, "__connect.errors.task.id", TEXT("0")) &&
	       add(headers, "__connect.errors.stage", TEXT("VALUE_CONVERTER")) &&
	       add(headers, "__connect.errors.class.name", TEXT("venturi.decode")) &&
	       add(headers, "__connect.errors.exception.class.name", text_of(class)) &&
	       add(headers, "__connect.errors.exception.message", why) &&
	       add(headers, "__connect.errors.exception.stacktrace", TEXT("")) &&
	       add(headers, "venturi.error.code", code);
}

/* The original ones first. NULL if memory is short. */
static rd_kafka_headers_t *make_headers(const struct kafka_record *record, struct text code,
					struct text why)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(record->n_headers + 11);
	bool good = headers != NULL;

	for (size_t i = 0; good && i < record->n_headers; i++) {
		const struct header *header = &record->headers[i];

		good = !rd_kafka_header_add(headers, header->name.at, (ssize_t)header->name.len,
					    header->value.at, (ssize_t)header->value.len);
	}
	if (good && add_own(headers, record, code, why))
		return headers;
	if (headers)
		rd_kafka_headers_destroy(headers);
	return NULL;
}

/* ---- Sending ---- */

/* Takes the headers over, if it succeeds. */
static rd_kafka_resp_err_t produce(struct letters *letters, struct text key, struct text value,
				   int64_t timestamp, rd_kafka_headers_t *headers, void *ticket)
{
	return rd_kafka_producev(
		letters->rk, RD_KAFKA_V_TOPIC(letters->topic),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY((void *)key.at, key.len),
		RD_KAFKA_V_VALUE((void *)value.at, value.len),
		RD_KAFKA_V_TIMESTAMP(timestamp > 0 ? timestamp : 0), RD_KAFKA_V_HEADERS(headers),
		RD_KAFKA_V_OPAQUE(ticket), RD_KAFKA_V_END);
}

static bool is_too_large(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
	       err == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

/*
 * A letter that is too large for the topic goes without its value: the offset tells where that is.
 */
static rd_kafka_resp_err_t produce_somehow(struct letters *letters, struct text key,
					   struct text value, int64_t timestamp,
					   rd_kafka_headers_t *headers, void *ticket)
{
	rd_kafka_resp_err_t err = produce(letters, key, value, timestamp, headers, ticket);

	if (!is_too_large(err) || !value.at)
		return err;
	if (!add(headers, "venturi.error.value", TEXT("left out: too large")))
		return RD_KAFKA_RESP_ERR__QUEUE_FULL;
	return produce(letters, key, (struct text){NULL, 0}, timestamp, headers, ticket);
}

bool letters_send(struct letters *letters, const struct kafka_record *record, struct text code,
		  struct text why, void *ticket)
{
	rd_kafka_headers_t *headers = make_headers(record, code, why);
	rd_kafka_resp_err_t err;

	if (!headers)
		return false;
	err = produce_somehow(letters, record->key, record->value, record->timestamp, headers,
			      ticket);
	if (!err)
		return true;
	rd_kafka_headers_destroy(headers);
	if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL)
		say(letters, LOG_WARNING, "event=letter_failed topic=%s why=\"%s\"", letters->topic,
		    rd_kafka_err2str(err));
	return false;
}

/* ---- Reports ---- */

static struct waiting *make_waiting(const rd_kafka_message_t *message)
{
	struct waiting *letter = malloc(sizeof *letter + message->key_len + message->len);
	rd_kafka_timestamp_type_t type;

	if (!letter)
		return NULL;
	*letter = (struct waiting){.ticket = message->_private,
				   .timestamp = rd_kafka_message_timestamp(message, &type),
				   .has_key = message->key != NULL,
				   .has_value = message->payload != NULL,
				   .key_len = message->key_len,
				   .value_len = message->len};
	if (letter->has_key)
		memcpy(letter->bytes, message->key, letter->key_len);
	if (letter->has_value)
		memcpy(letter->bytes + letter->key_len, message->payload, letter->value_len);
	if (!rd_kafka_message_detach_headers((rd_kafka_message_t *)message, &letter->headers))
		return letter;
	free(letter);
	return NULL;
}

static void free_waiting(struct waiting *letter)
{
	if (letter->headers)
		rd_kafka_headers_destroy(letter->headers);
	free(letter);
}

/* No broker took it: once more later, or in a lesser form; false if that cannot be. */
static bool again(struct letters *letters, const rd_kafka_message_t *message)
{
	struct timeval later = {RETRY_S, 0};
	struct waiting *letter = make_waiting(message);

	if (!letter)
		return false;
	if (is_too_large(message->err)) {
		if (!letter->has_value ||
		    !add(letter->headers, "venturi.error.value", TEXT("left out: too large"))) {
			free_waiting(letter);
			return false;
		}
		letter->has_value = false;
	}
	letter->next = letters->waiting;
	letters->waiting = letter;
	if (!evtimer_pending(letters->retry, NULL))
		evtimer_add(letters->retry, &later);
	return true;
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct timeval later = {RETRY_S, 0};
	struct letters *letters = arg;
	struct waiting *letter;

	(void)fd;
	(void)what;
	while ((letter = letters->waiting)) {
		struct text key = {letter->has_key ? letter->bytes : NULL, letter->key_len};
		struct text value = {NULL, 0};

		if (letter->has_value)
			value = (struct text){letter->bytes + letter->key_len, letter->value_len};
		if (produce(letters, key, value, letter->timestamp, letter->headers,
			    letter->ticket)) {
			evtimer_add(letters->retry, &later);
			return;
		}
		letters->waiting = letter->next;
		letter->headers = NULL;
		free_waiting(letter);
	}
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct letters *letters = opaque;
	bool purged = message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
		      message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT ||
		      message->err == RD_KAFKA_RESP_ERR__DESTROY;

	(void)rk;
	if (purged)
		return;
	if (!message->err) {
		letters->hooks.settled(letters->hooks.arg, message->_private, true);
		return;
	}
	say(letters, LOG_WARNING, "event=letter_failed topic=%s why=\"%s\"", letters->topic,
	    rd_kafka_err2str(message->err));
	if (!again(letters, message)) {
		say(letters, LOG_ERR, "event=letter_lost topic=%s why=\"%s\"", letters->topic,
		    rd_kafka_err2str(message->err));
		letters->hooks.settled(letters->hooks.arg, message->_private, false);
	}
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *line)
{
	const struct letters *letters = rd_kafka_opaque(rk);

	kafka_conf_write(&letters->hooks.log, level, facility, line);
}

static void ring(struct letters *letters)
{
	uint64_t one = 1;
	ssize_t n = write(letters->wake, &one, sizeof one);

	(void)n;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct letters *letters = arg;
	uint64_t rings;
	ssize_t n = read(fd, &rings, sizeof rings);

	(void)n;
	(void)what;
	for (int i = 0; i < TURN; i++)
		if (rd_kafka_poll(letters->rk, 0) == 0)
			return;
	ring(letters);
}

/* ---- Life ---- */

static bool hook_up(struct letters *letters, struct event_base *base)
{
	static const uint64_t one = 1;

	rd_kafka_set_log_queue(letters->rk, NULL);
	letters->queue = rd_kafka_queue_get_main(letters->rk);
	letters->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!letters->queue || letters->wake < 0)
		return false;
	letters->woken = event_new(base, letters->wake, EV_READ | EV_PERSIST, on_wake, letters);
	letters->retry = evtimer_new(base, on_retry, letters);
	if (!letters->woken || !letters->retry || event_add(letters->woken, NULL))
		return false;
	rd_kafka_queue_io_event_enable(letters->queue, letters->wake, &one, sizeof one);
	ring(letters);
	return true;
}

struct letters *letters_new(struct event_base *base, const struct kafka_options *options,
			    const struct letters_hooks *hooks, struct err *err)
{
	struct letters *letters = calloc(1, sizeof *letters);
	rd_kafka_conf_t *conf;
	char why[400];

	if (!letters) {
		err_set(err, EX_OSERR, "memory is short");
		return NULL;
	}
	*letters = (struct letters){.hooks = *hooks, .wake = -1};
	conf = kafka_conf_producer(options, err);
	if (!conf)
		goto fail;
	rd_kafka_conf_set_opaque(conf, letters);
	rd_kafka_conf_set_dr_msg_cb(conf, on_report);
	rd_kafka_conf_set_log_cb(conf, on_log);
	letters->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
	if (!letters->rk) {
		rd_kafka_conf_destroy(conf);
		err_set(err, EX_CONFIG, "librdkafka: %s", why);
		goto fail;
	}
	letters->topic = strdup(options->dead_letter_topic);
	if (letters->topic && hook_up(letters, base))
		return letters;
	err_set(err, EX_OSERR, "dead letters: no memory or descriptor");
fail:
	letters_free(letters);
	return NULL;
}

void letters_free(struct letters *letters)
{
	if (!letters)
		return;
	if (letters->woken)
		event_free(letters->woken);
	if (letters->retry)
		event_free(letters->retry);
	for (struct waiting *letter; (letter = letters->waiting);) {
		letters->waiting = letter->next;
		free_waiting(letter);
	}
	if (letters->queue)
		rd_kafka_queue_destroy(letters->queue);
	if (letters->rk) {
		rd_kafka_purge(letters->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		rd_kafka_destroy(letters->rk);
	}
	if (letters->wake >= 0)
		close(letters->wake);
	free(letters->topic);
	free(letters);
}
