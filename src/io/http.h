/*
 * http: a small server for probes and scrapers, on evhttp: GET and HEAD only, everything bounded.
 * All in the loop's thread.
 */
#ifndef VENTURI_IO_HTTP_H
#define VENTURI_IO_HTTP_H

#include "venturi/err.h"

#include <stddef.h>

struct event_base;
struct evbuffer;
struct http;

/* An answer that a handler fills. At first: 200, text/plain, an empty body. */
struct http_answer {
	int status;
	const char *type; /* static */
	struct evbuffer *body;
};

/* `query` is what follows '?', undecoded; NULL where there is none. */
typedef void http_fn(void *arg, const char *query, struct http_answer *answer);

/* Whether http_new() can make sense of it; if not, `err` says why (78). */
MUST_CHECK bool http_check_listen(const char *listen, struct err *err);

/*
 * Listens on "host:port", "[v6]:port" or "unix:/path" (a socket file that nobody listens on is
 * replaced). NULL with `err` filled: 78 where `listen` is none of these, 69 where it cannot be had.
 */
struct http *http_new(struct event_base *base, const char *listen, struct err *err);
void http_free(struct http *http);

/* Answers `path` from now on, in place of what did before. False if memory is short. */
MUST_CHECK bool http_handle(struct http *http, const char *path, http_fn *handler, void *arg);

/* The port that is listened on (for "host:0"); 0 for a unix socket. */
int http_port(const struct http *http);

#endif
