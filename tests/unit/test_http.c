/* io/http over a unix socket and a free port, with a client that is a socket. */
#include "io/http.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
	struct event_base *base;
	struct http *http;
	char dir[32], listen[64];
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	w->base = event_base_new();
	strcpy(w->dir, "http-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->listen, sizeof w->listen, "unix:%s/s", w->dir);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	http_free(w->http);
	event_base_free(w->base);
	assert_int_equal(rmdir(w->dir), 0);
	free(w);
	return 0;
}

static void hello(void *arg, const char *query, struct http_answer *answer)
{
	answer->status = *(int *)arg;
	evbuffer_add_printf(answer->body, "hello %s", query ? query : "nobody");
}

static void serve(struct world *w, int *status)
{
	struct err err;

	w->http = http_new(w->base, w->listen, &err);
	if (!w->http)
		fail_msg("%s", err.message);
	assert_true(http_handle(w->http, "/hello", hello, status));
}

static int dial_unix(const struct world *w)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(to.sun_path, w->listen + 5);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

/* Sends the request and turns the loop until the server has closed or the answer has its body. */
static void ask(struct world *w, int fd, const char *request, char *answer, size_t room)
{
	size_t n = 0;

	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	for (;;) {
		event_base_loop(w->base, EVLOOP_NONBLOCK);
		ssize_t got = recv(fd, answer + n, room - 1 - n, MSG_DONTWAIT);
		if (got == 0)
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	answer[n] = '\0';
	close(fd);
}

#define END "Host: x\r\nConnection: close\r\n\r\n"

static void a_handler_gives_status_and_body(void **state)
{
	struct world *w = *state;
	int status = 503;
	char answer[1000];

	serve(w, &status);
	ask(w, dial_unix(w), "GET /hello?a=b HTTP/1.1\r\n" END, answer, sizeof answer);
	assert_non_null(strstr(answer, "HTTP/1.1 503 "));
	assert_non_null(strstr(answer, "text/plain"));
	assert_non_null(strstr(answer, "\r\n\r\nhello a=b"));
}

static void the_later_handler_of_a_path_answers(void **state)
{
	struct world *w = *state;
	int status = 200, other = 201;
	char answer[1000];

	serve(w, &status);
	assert_true(http_handle(w->http, "/hello", hello, &other));
	ask(w, dial_unix(w), "GET /hello HTTP/1.1\r\n" END, answer, sizeof answer);
	assert_non_null(strstr(answer, " 201 "));
}

static void other_paths_and_methods_are_refused(void **state)
{
	struct world *w = *state;
	int status = 200;
	char answer[1000];

	serve(w, &status);
	ask(w, dial_unix(w), "GET /other HTTP/1.1\r\n" END, answer, sizeof answer);
	assert_non_null(strstr(answer, " 404 "));
	ask(w, dial_unix(w), "POST /hello HTTP/1.1\r\nContent-Length: 0\r\n" END, answer,
	    sizeof answer);
	assert_null(strstr(answer, "hello"));
}

static void long_headers_are_refused(void **state)
{
	struct world *w = *state;
	int status = 200;
	char answer[1000], request[40000];

	serve(w, &status);
	memset(request, 'a', sizeof request);
	memcpy(request, "GET /hello HTTP/1.1\r\nX: ", 24);
	strcpy(request + sizeof request - 40, "\r\n" END);
	ask(w, dial_unix(w), request, answer, sizeof answer);
	assert_null(strstr(answer, "hello nobody"));
}

static void more_connections_than_that_wait_until_one_ends(void **state)
{
	struct world *w = *state;
	const char *request = "GET /hello HTTP/1.1\r\n" END;
	int status = 200, idle[64], last;
	char answer[1000];
	ssize_t got;

	serve(w, &status);
	for (int i = 0; i < 64; i++) {
		idle[i] = dial_unix(w);
		event_base_loop(w->base, EVLOOP_NONBLOCK);
	}
	last = dial_unix(w);
	assert_int_equal(write(last, request, strlen(request)), strlen(request));
	for (int i = 0; i < 20; i++)
		event_base_loop(w->base, EVLOOP_NONBLOCK);
	assert_true(recv(last, answer, sizeof answer, MSG_DONTWAIT) < 0);
	close(idle[7]);
	do {
		event_base_loop(w->base, EVLOOP_ONCE);
		got = recv(last, answer, sizeof answer, MSG_DONTWAIT);
	} while (got < 0);
	assert_true(got > 0);
	for (int i = 0; i < 64; i++)
		if (i != 7)
			close(idle[i]);
	close(last);
}

static void a_port_can_be_had_too(void **state)
{
	struct world *w = *state;
	struct sockaddr_in to = {.sin_family = AF_INET};
	int status = 200, fd = socket(AF_INET, SOCK_STREAM, 0);
	char answer[1000];

	strcpy(w->listen, "127.0.0.1:0");
	serve(w, &status);
	to.sin_port = htons((uint16_t)http_port(w->http));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	ask(w, fd, "GET /hello HTTP/1.1\r\n" END, answer, sizeof answer);
	assert_non_null(strstr(answer, "hello nobody"));
}

static void an_abandoned_socket_file_is_replaced_and_a_live_one_is_not(void **state)
{
	struct world *w = *state;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int status = 200, fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct err err;

	strcpy(at.sun_path, w->listen + 5);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	close(fd);
	serve(w, &status);
	assert_null(http_new(w->base, w->listen, &err));
	assert_int_equal(err.code, EX_UNAVAILABLE);
	assert_int_equal(access(w->listen + 5, F_OK), 0);
}

static void nonsense_is_a_configuration_error(void **state)
{
	struct world *w = *state;
	struct err err;
	static const char *const bad[] = {"9464", "localhost", "localhost:http", "unix:", ":99999"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		err.code = 0;
		assert_null(http_new(w->base, bad[i], &err));
		assert_int_equal(err.code, EX_CONFIG);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_handler_gives_status_and_body),
		TEST(the_later_handler_of_a_path_answers),
		TEST(other_paths_and_methods_are_refused),
		TEST(long_headers_are_refused),
		TEST(more_connections_than_that_wait_until_one_ends),
		TEST(a_port_can_be_had_too),
		TEST(an_abandoned_socket_file_is_replaced_and_a_live_one_is_not),
		TEST(nonsense_is_a_configuration_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
