#include "io/redis.h"
#include "codec/commands.h"
#include "io/lookup.h"
#include "io/redis_tls.h"
#include "io/redis_url.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>

/* Replies come in large pieces while a log is read. */
#define READ_AT_ONCE ((size_t)256 << 10)

enum state { WAITING, RESOLVING, CONNECTING, GREETING, READY };

struct request {
	redis_reply_fn *answered;
	void *arg;
	uint32_t n, i; /* replies that come, that have come */
};

struct redis {
	struct event_base *base;
	struct redis_url url;
	struct redis_callbacks callbacks;
	struct ssl_ctx_st *tls;
	char address[280];

	enum state state;
	struct lookup *lookup;
	const struct addrinfo *candidate; /* the address that is tried, of the lookup's */
	struct bufferevent *socket;
	struct replies *replies;
	struct event *retry;    /* the next attempt */
	struct event *deadline; /* of connecting, of the next byte of a reply */
	struct event *doom;     /* redis_drop() */
	char why[300];          /* of the doom, or of the address tried last */
	int64_t attempt_began;  /* ms, monotonic */
	int backoff;            /* ms from the beginning of an attempt to that of the next */
	bool doomed;

	struct request *requests; /* a ring: `first` is the one whose reply comes next */
	size_t first, count, room;
};

static void attempt(evutil_socket_t fd, short what, void *arg);
static void try_candidate(struct redis *redis);

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void arm(struct event *event, int64_t ms)
{
	struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(event, &wait);
}

/* ---- Requests under way ---- */

static bool push_request(struct redis *redis, const struct request *request)
{
	if (redis->count == redis->room) {
		size_t room = redis->room ? redis->room * 2 : 16;
		struct request *requests = malloc(room * sizeof *requests);

		if (!requests)
			return false;
		for (size_t i = 0; i < redis->count; i++)
			requests[i] = redis->requests[(redis->first + i) % redis->room];
		free(redis->requests);
		redis->requests = requests;
		redis->first = 0;
		redis->room = room;
	}
	redis->requests[(redis->first + redis->count++) % redis->room] = *request;
	return true;
}

static void pop_request(struct redis *redis)
{
	redis->first = (redis->first + 1) % redis->room;
	redis->count--;
}

/* Callbacks cannot add to the ring meanwhile: the state is not READY any more. */
static void tell_requests_lost(struct redis *redis)
{
	while (redis->count) {
		struct request request = redis->requests[redis->first];

		pop_request(redis);
		request.answered(request.arg, request.i, NULL);
	}
}

/* ---- Losing a connection ---- */

static void close_socket(struct redis *redis)
{
	if (redis->socket)
		bufferevent_free(redis->socket);
	redis->socket = NULL;
	replies_free(redis->replies);
	redis->replies = NULL;
	event_del(redis->deadline);
}

/* Attempts grow apart as they fail, measured from one's beginning to the next one's. */
static int next_attempt(struct redis *redis)
{
	redis->backoff = redis->backoff ? redis->backoff * 2 : REDIS_RETRY_LEAST;
	if (redis->backoff > REDIS_RETRY_MOST)
		redis->backoff = REDIS_RETRY_MOST;
	int64_t wait = redis->attempt_began + redis->backoff - now_ms();

	return wait > REDIS_RETRY_LEAST ? (int)wait : REDIS_RETRY_LEAST;
}

static void lose(struct redis *redis, const char *why)
{
	char copy[sizeof redis->why];

	snprintf(copy, sizeof copy, "%s", why);
	redis->state = WAITING;
	redis->doomed = false;
	event_del(redis->doom);
	close_socket(redis);
	lookup_free(redis->lookup);
	redis->lookup = NULL;
	redis->candidate = NULL;
	int wait = next_attempt(redis);

	arm(redis->retry, wait);
	tell_requests_lost(redis);
	redis->callbacks.lost(redis->callbacks.arg, copy, wait);
}

/* This address is of no use; a host may have others. */
static void lose_candidate(struct redis *redis, const char *why)
{
	if (redis->state != CONNECTING || !redis->candidate || !redis->candidate->ai_next) {
		lose(redis, why);
		return;
	}
	close_socket(redis);
	redis->candidate = redis->candidate->ai_next;
	try_candidate(redis);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct redis *redis = arg;

	(void)fd;
	(void)what;
	if (redis->state == CONNECTING)
		lose_candidate(redis, "no answer to the connection attempt");
	else
		lose(redis, "no reply in time");
}

static void on_doom(evutil_socket_t fd, short what, void *arg)
{
	struct redis *redis = arg;

	(void)fd;
	(void)what;
	lose(redis, redis->why);
}

void redis_drop(struct redis *redis, const char *why)
{
	if (redis->state == WAITING || redis->doomed)
		return;
	redis->doomed = true;
	snprintf(redis->why, sizeof redis->why, "%s", why);
	event_active(redis->doom, EV_TIMEOUT, 1);
}

/* ---- Reading ---- */

static void answer(struct redis *redis, const struct reply *reply)
{
	struct request *request = &redis->requests[redis->first];
	struct request copy = *request; /* the ring may grow in the callback */
	uint32_t i = request->i++;

	/* The greeting proves little: a server that closes at once would be tried without pause. */
	if (redis->state == READY)
		redis->backoff = 0;
	if (request->i == request->n)
		pop_request(redis);
	copy.answered(copy.arg, i, reply);
}

static void answer_all(struct redis *redis)
{
	struct reply *reply;

	while (!redis->doomed) {
		if (!replies_next(redis->replies, &reply)) {
			redis_drop(redis, "an answer that is no RESP, or too large");
			return;
		}
		if (!reply)
			return;
		if (redis->count)
			answer(redis, reply);
		else
			redis_drop(redis, "an answer that nobody asked for");
		reply_free(reply);
	}
}

static void on_read(struct bufferevent *socket, void *arg)
{
	struct redis *redis = arg;
	struct evbuffer *input = bufferevent_get_input(socket);
	struct evbuffer_iovec piece;

	while (!redis->doomed && evbuffer_peek(input, -1, NULL, &piece, 1) > 0 && piece.iov_len) {
		if (!replies_feed(redis->replies, (struct text){piece.iov_base, piece.iov_len})) {
			redis_drop(redis, "an answer that is too large, or memory is short");
			return;
		}
		evbuffer_drain(input, piece.iov_len);
		answer_all(redis);
	}
	if (redis->count)
		arm(redis->deadline, REDIS_REPLY_MOST);
	else
		event_del(redis->deadline);
}

/* ---- Greeting ---- */

static void on_greeting(void *arg, uint32_t i, const struct reply *reply)
{
	struct redis *redis = arg;

	(void)i;
	if (!reply || redis->doomed)
		return;
	if (reply_kind(reply) == REPLY_ERROR) {
		struct text text = reply_text(reply);
		char why[sizeof redis->why];

		snprintf(why, sizeof why, "it refuses us: %.*s", (int)text.len, text.at);
		redis_drop(redis, why);
	} else if (redis->count == 0) {
		redis->state = READY;
		redis->callbacks.connected(redis->callbacks.arg);
	}
}

static bool request_send(struct redis *redis, struct text commands, const struct request *request)
{
	if (!push_request(redis, request))
		return false;
	if (evbuffer_add(bufferevent_get_output(redis->socket), commands.at, commands.len) < 0) {
		redis->count--;
		return false;
	}
	if (redis->count == 1)
		arm(redis->deadline, REDIS_REPLY_MOST);
	return true;
}

/* AUTH where there is a password, and always SELECT: its answer shows that somebody is there. */
static void greet(struct redis *redis)
{
	struct commands commands = {0};
	char db[16];

	redis->state = GREETING;
	if (redis->url.password && redis->url.user)
		commands_line(&commands, "AUTH", redis->url.user, redis->url.password, NULL);
	else if (redis->url.password)
		commands_line(&commands, "AUTH", redis->url.password, NULL);
	snprintf(db, sizeof db, "%d", redis->url.db);
	commands_line(&commands, "SELECT", db, NULL);
	struct request request = {on_greeting, redis, commands.n, 0};

	if (commands.failed ||
	    !request_send(redis, (struct text){commands.bytes, commands.len}, &request))
		redis_drop(redis, "memory is short");
	commands_free(&commands);
}

/* ---- Connecting ---- */

/* So that a peer that vanished is found out, also while nothing is asked. */
static void set_options(evutil_socket_t fd)
{
	int on = 1, idle = 10, between = 5, tries = 3;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof between);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof tries);
}

static void on_event(struct bufferevent *socket, short what, void *arg)
{
	struct redis *redis = arg;
	int error = EVUTIL_SOCKET_ERROR();
	char why[200];

	if (what & BEV_EVENT_CONNECTED) {
		if (!redis->url.path)
			set_options(bufferevent_getfd(socket));
		event_del(redis->deadline);
		greet(redis);
		return;
	}
	if (redis->tls && redis_tls_error(socket, why, sizeof why))
		lose_candidate(redis, why);
	else if (what & BEV_EVENT_EOF)
		lose_candidate(redis, "it closed the connection");
	else
		lose_candidate(redis, error ? evutil_socket_error_to_string(error) : "broken");
}

static void connect_to(struct redis *redis, const struct sockaddr *address, socklen_t len)
{
	redis->state = CONNECTING;
	redis->replies = replies_new();
	redis->socket = redis->tls
		? redis_tls_socket(redis->base, redis->tls, redis->url.host)
		: bufferevent_socket_new(redis->base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!redis->socket || !redis->replies) {
		redis_drop(redis, "memory is short");
		return;
	}
	bufferevent_setcb(redis->socket, on_read, NULL, on_event, redis);
	bufferevent_set_max_single_read(redis->socket, READ_AT_ONCE);
	bufferevent_enable(redis->socket, EV_READ | EV_WRITE);
	arm(redis->deadline, REDIS_CONNECT_MOST);
	struct bufferevent *socket = redis->socket;

	/* May have called on_event() already, which may have closed the socket. */
	if (bufferevent_socket_connect(socket, address, (int)len) < 0 && redis->socket == socket)
		redis_drop(redis, strerror(errno));
}

static void try_candidate(struct redis *redis)
{
	connect_to(redis, redis->candidate->ai_addr, redis->candidate->ai_addrlen);
}

static void on_lookup(void *arg, const struct addrinfo *found, const char *why)
{
	struct redis *redis = arg;
	char text[sizeof redis->why];

	if (found) {
		redis->candidate = found;
		try_candidate(redis);
		return;
	}
	snprintf(text, sizeof text, "its name is not found: %s", why);
	lose(redis, text);
}

static void attempt(evutil_socket_t fd, short what, void *arg)
{
	struct redis *redis = arg;
	struct sockaddr_un path = {.sun_family = AF_UNIX};

	(void)fd;
	(void)what;
	redis->attempt_began = now_ms();
	if (redis->url.path) {
		strcpy(path.sun_path, redis->url.path); /* its length was judged by redis_new() */
		connect_to(redis, (struct sockaddr *)&path, sizeof path);
		return;
	}
	redis->state = RESOLVING;
	redis->lookup = lookup_new(redis->base, redis->url.host, redis->url.port, on_lookup, redis);
	if (!redis->lookup)
		lose(redis, "its name cannot be looked up: threads or memory are short");
}

/* ---- The life of the whole ---- */

static bool replace(char **text, const char *by)
{
	if (!by || !*by)
		return true;
	free(*text);
	*text = strdup(by);
	return *text != NULL;
}

static bool take_options(struct redis *redis, const struct redis_options *options, struct err *err)
{
	struct redis_url *url = &redis->url;

	if (!redis_url_parse(url, options->url, err))
		return false;
	if (!replace(&url->user, options->username) || !replace(&url->password, options->password))
		return err_set(err, EX_OSERR, "memory is short");
	if (url->path && strlen(url->path) >= sizeof((struct sockaddr_un *)0)->sun_path)
		return err_set(err, EX_CONFIG, "the redis url has too long a path");
	if (url->path)
		snprintf(redis->address, sizeof redis->address, "%s", url->path);
	else
		snprintf(redis->address, sizeof redis->address, "%.255s:%s", url->host, url->port);
	if (url->tls)
		redis->tls = redis_tls_new(err);
	return !url->tls || redis->tls;
}

struct redis *redis_new(struct event_base *base, const struct redis_options *options,
			const struct redis_callbacks *callbacks, struct err *err)
{
	struct redis *redis = calloc(1, sizeof *redis);

	if (!redis) {
		err_set(err, EX_OSERR, "memory is short");
		return NULL;
	}
	redis->base = base;
	redis->callbacks = *callbacks;
	if (!take_options(redis, options, err))
		goto fail;
	redis->retry = evtimer_new(base, attempt, redis);
	redis->deadline = evtimer_new(base, on_deadline, redis);
	redis->doom = evtimer_new(base, on_doom, redis);
	if (!redis->retry || !redis->deadline || !redis->doom) {
		err_set(err, EX_OSERR, "memory is short");
		goto fail;
	}
	arm(redis->retry, 0);
	return redis;
fail:
	redis_free(redis);
	return NULL;
}

void redis_free(struct redis *redis)
{
	if (!redis)
		return;
	if (redis->deadline)
		close_socket(redis);
	lookup_free(redis->lookup);
	struct event *events[] = {redis->retry, redis->deadline, redis->doom};

	for (size_t i = 0; i < 3; i++)
		if (events[i])
			event_free(events[i]);
	redis_tls_free(redis->tls);
	redis_url_free(&redis->url);
	free(redis->requests);
	free(redis);
}

bool redis_send(struct redis *redis, struct text commands, uint32_t n, redis_reply_fn *answered,
		void *arg)
{
	struct request request = {answered, arg, n, 0};

	if (!redis_ready(redis) || n == 0 || redis_unsent(redis) > REDIS_UNSENT_MOST)
		return false;
	return request_send(redis, commands, &request);
}

bool redis_ready(const struct redis *redis)
{
	return redis->state == READY && !redis->doomed;
}

size_t redis_unsent(const struct redis *redis)
{
	return redis->socket ? evbuffer_get_length(bufferevent_get_output(redis->socket)) : 0;
}

const char *redis_address(const struct redis *redis)
{
	return redis->address;
}
