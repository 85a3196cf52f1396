#include "io/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

/* Scrapers are few: more connections wait until one of these ends. */
#define CONNECTIONS_MOST 64
#define SWEEP_MS         200
/* Whoever is silent on a connection longer than that is no scraper. */
#define TIMEOUT_S    10
#define HEADERS_MOST (16 * 1024)
#define BODY_MOST    1024
#define BACKLOG      64

struct handler {
	struct handler *next;
	char *path;
	http_fn *handle;
	void *arg;
};

struct http {
	struct evhttp *server;
	struct handler *handlers;
	struct evconnlistener *listener;            /* the server's */
	struct bufferevent *open[CONNECTIONS_MOST]; /* a reference to each connection's */
	unsigned n_open;
	struct event *sweep;
	char *unix_path; /* to be removed at the end; NULL: none */
	int port;
};

/* ---- Answering ---- */

static const struct handler *find(const struct http *http, const char *path)
{
	for (const struct handler *h = http->handlers; h; h = h->next)
		if (strcmp(h->path, path) == 0)
			return h;
	return NULL;
}

static void on_request(struct evhttp_request *request, void *arg)
{
	struct http *http = arg;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const struct handler *handler = path ? find(http, path) : NULL;
	struct http_answer answer = {200, "text/plain; charset=utf-8", evbuffer_new()};

	if (!answer.body) {
		evhttp_send_error(request, 503, NULL);
		return;
	}
	if (handler) {
		handler->handle(handler->arg, evhttp_uri_get_query(uri), &answer);
	} else {
		answer.status = 404;
		evbuffer_add_printf(answer.body, "not found\n");
	}
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", answer.type);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Cache-Control", "no-store");
	evhttp_send_reply(request, answer.status, NULL, answer.body);
	evbuffer_free(answer.body);
}

/* ---- Connections ---- */

/*
 * evhttp has no bound, and does not tell when a connection ends. So we hold a reference to each
 * one's bufferevent: evhttp frees it by taking its callbacks away, and then it is only ours.
 */
static bool has_ended(struct bufferevent *connection)
{
	bufferevent_data_cb on_read, on_write;
	bufferevent_event_cb on_event;
	void *arg;

	bufferevent_getcb(connection, &on_read, &on_write, &on_event, &arg);
	return !on_read && !on_write && !on_event;
}

static void sweep(struct http *http)
{
	struct timeval soon = {0, SWEEP_MS * 1000};

	for (unsigned i = http->n_open; i-- > 0;) {
		if (!has_ended(http->open[i]))
			continue;
		bufferevent_decref(http->open[i]);
		http->open[i] = http->open[--http->n_open];
	}
	if (http->n_open < CONNECTIONS_MOST)
		evconnlistener_enable(http->listener);
	if (http->n_open > 0)
		evtimer_add(http->sweep, &soon);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	sweep(arg);
}

/* Called by evhttp for each connection that it accepted. */
static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
	struct timeval soon = {0, SWEEP_MS * 1000};
	struct http *http = arg;
	struct bufferevent *connection = bufferevent_socket_new(base, -1, 0);

	if (!connection || http->n_open == CONNECTIONS_MOST)
		return connection;
	bufferevent_incref(connection);
	http->open[http->n_open++] = connection;
	if (http->n_open == CONNECTIONS_MOST)
		evconnlistener_disable(http->listener);
	if (!evtimer_pending(http->sweep, NULL))
		evtimer_add(http->sweep, &soon);
	return connection;
}

/* ---- Listening ---- */

static int refuse(struct err *err, int code, const char *listen, const char *why)
{
	err_set(err, code, "http: cannot listen on %s: %s", listen, why);
	return -1;
}

/*
 * A file that a dead daemon left is in the way; one that somebody listens on is not ours to take.
 */
static bool in_the_way(const struct sockaddr_un *address)
{
	struct stat file;
	int fd;
	bool answered;

	if (lstat(address->sun_path, &file) || !S_ISSOCK(file.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	answered =
		fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
			    errno != ECONNREFUSED);
	if (fd >= 0)
		close(fd);
	return !answered;
}

static int bind_unix(const char *path, const char *listen_on, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	strcpy(address.sun_path, path);
	if (in_the_way(&address))
		unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof address) &&
	    !listen(fd, BACKLOG))
		return fd;
	refuse(err, EX_UNAVAILABLE, listen_on, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int bind_found(const struct addrinfo *found)
{
	int on = 1, fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (!bind(fd, found->ai_addr, found->ai_addrlen) && !listen(fd, BACKLOG))
		return fd;

	int why = errno;

	close(fd);
	errno = why;
	return -1;
}

/* Splits "host:port" and "[v6]:port". */
static bool split(const char *listen_on, char host[256], const char **port)
{
	const char *colon = strrchr(listen_on, ':');
	size_t len = colon ? (size_t)(colon - listen_on) : 0;

	if (!colon || !colon[1] || len >= 256)
		return false;
	if (len >= 2 && listen_on[0] == '[' && listen_on[len - 1] == ']') {
		listen_on++;
		len -= 2;
	}
	memcpy(host, listen_on, len);
	host[len] = '\0';
	*port = colon + 1;
	return strspn(*port, "0123456789") == strlen(*port) && atol(*port) <= 65535;
}

/* At start only: names may be looked up here. */
static int bind_tcp(const char *listen_on, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
	char host[256];
	const char *port;
	int fd = -1, failed;

	if (!split(listen_on, host, &port))
		return -1; /* checked before */
	failed = getaddrinfo(*host && strcmp(host, "*") != 0 ? host : NULL, port, &hints, &found);
	if (failed)
		return refuse(err, EX_UNAVAILABLE, listen_on, gai_strerror(failed));
	for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
		fd = bind_found(at);
	if (fd < 0)
		refuse(err, EX_UNAVAILABLE, listen_on, strerror(errno));
	freeaddrinfo(found);
	return fd;
}

static int port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof address;

	if (getsockname(fd, (struct sockaddr *)&address, &len))
		return 0;
	if (address.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&address)->sin_port);
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
	return 0;
}

/* ---- Life ---- */

static bool serve(struct http *http, struct event_base *base, int fd)
{
	struct evhttp_bound_socket *bound;

	http->server = evhttp_new(base);
	http->sweep = evtimer_new(base, on_sweep, http);
	if (!http->server || !http->sweep)
		return false;
	evhttp_set_bevcb(http->server, on_accept, http);
	evhttp_set_allowed_methods(http->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(http->server, HEADERS_MOST);
	evhttp_set_max_body_size(http->server, BODY_MOST);
	evhttp_set_timeout(http->server, TIMEOUT_S);
	evhttp_set_gencb(http->server, on_request, http);
	bound = evhttp_accept_socket_with_handle(http->server, fd);
	if (bound)
		http->listener = evhttp_bound_socket_get_listener(bound);
	return bound != NULL;
}

bool http_check_listen(const char *listen_on, struct err *err)
{
	struct sockaddr_un address;
	char host[256];
	const char *port;

	if (strncmp(listen_on, "unix:", 5) != 0)
		return split(listen_on, host, &port) ||
		       err_set(err, EX_CONFIG, "%s: host:port or unix:/path is wanted", listen_on);
	return (listen_on[5] && strlen(listen_on + 5) < sizeof address.sun_path) ||
	       err_set(err, EX_CONFIG, "%s: the path is empty or too long", listen_on);
}

struct http *http_new(struct event_base *base, const char *listen_on, struct err *err)
{
	bool is_unix = strncmp(listen_on, "unix:", 5) == 0;
	int fd;

	if (!http_check_listen(listen_on, err))
		return NULL;
	fd = is_unix ? bind_unix(listen_on + 5, listen_on, err) : bind_tcp(listen_on, err);
	struct http *http;

	if (fd < 0)
		return NULL;
	http = calloc(1, sizeof *http);
	if (!http || (is_unix && !(http->unix_path = strdup(listen_on + 5))) ||
	    !serve(http, base, fd)) {
		close(fd);
		http_free(http);
		refuse(err, EX_OSERR, listen_on, "memory is short");
		return NULL;
	}
	http->port = port_of(fd);
	return http;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	if (http->server)
		evhttp_free(http->server);
	while (http->n_open > 0)
		bufferevent_decref(http->open[--http->n_open]);
	if (http->sweep)
		event_free(http->sweep);
	for (struct handler *h; (h = http->handlers);) {
		http->handlers = h->next;
		free(h->path);
		free(h);
	}
	if (http->unix_path)
		unlink(http->unix_path);
	free(http->unix_path);
	free(http);
}

bool http_handle(struct http *http, const char *path, http_fn *handle, void *arg)
{
	struct handler *handler = malloc(sizeof *handler);

	if (!handler)
		return false;
	*handler = (struct handler){http->handlers, strdup(path), handle, arg};
	if (!handler->path) {
		free(handler);
		return false;
	}
	http->handlers = handler;
	return true;
}

int http_port(const struct http *http)
{
	return http->port;
}
