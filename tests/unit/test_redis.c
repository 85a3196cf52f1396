#include "io/redis.h"
#include "codec/commands.h"
#include "io/redis_url.h"
#include "redis_fixture.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- Where Redis is ---- */

static void urls_name_a_host_or_a_socket(void **state)
{
	struct redis_url url;
	struct err err;

	(void)state;
	assert_true(redis_url_parse(&url, "redis://localhost:6380/3", &err));
	assert_string_equal(url.host, "localhost");
	assert_string_equal(url.port, "6380");
	assert_int_equal(url.db, 3);
	assert_false(url.tls);
	redis_url_free(&url);

	assert_true(redis_url_parse(&url, "rediss://me:a%3Ab@[::1]", &err));
	assert_true(url.tls);
	assert_string_equal(url.host, "::1");
	assert_string_equal(url.port, "6379");
	assert_string_equal(url.user, "me");
	assert_string_equal(url.password, "a:b");
	redis_url_free(&url);

	assert_true(redis_url_parse(&url, "redis://:secret@redis.example/", &err));
	assert_null(url.user);
	assert_string_equal(url.password, "secret");
	assert_int_equal(url.db, 0);
	redis_url_free(&url);

	assert_true(redis_url_parse(&url, "unix:///run/redis.sock?db=2", &err));
	assert_string_equal(url.path, "/run/redis.sock");
	assert_int_equal(url.db, 2);
	redis_url_free(&url);
}

static void what_is_no_url_is_refused_and_not_told_back(void **state)
{
	static const char *const none[] = {
		"",		     "localhost",	   "localhost:6379",   "http://localhost",
		"redis://",	     "redis://:s3cret@",   "redis://h:0",      "redis://h:65536",
		"redis://h:6379/x",  "redis://h/-1",	   "redis://h/0?a=b",  "unix://relative",
		"unix:///a?db=x",    "unix:///a?base=1",   "redis://h/99999999999999999999",
	};
	struct redis_url url;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		if (redis_url_parse(&url, none[i], &err))
			fail_msg("accepted: %s", none[i]);
		assert_int_equal(err.code, 78);
		assert_null(strstr(err.message, "s3cret"));
		redis_url_free(&url);
	}
}

/* ---- Replies ---- */

static struct text bytes(const char *string)
{
	return (struct text){string, strlen(string)};
}

static void replies_are_read_from_any_pieces(void **state)
{
	static const char whole[] =
		"*4\r\n+OK\r\n:-7\r\n$5\r\na\r\nbc\r\n*1\r\n$-1\r\n-WRONGTYPE no\r\n";
	struct replies *replies = replies_new();
	struct reply *reply = NULL;

	(void)state;
	assert_non_null(replies);
	for (size_t i = 0; i + 15 < sizeof whole - 1; i++) {
		assert_true(replies_feed(replies, (struct text){whole + i, 1}));
		assert_true(replies_next(replies, &reply));
		if (i + 16 < sizeof whole - 1)
			assert_null(reply);
	}
	assert_non_null(reply);
	assert_int_equal(reply_count(reply), 4);
	assert_true(reply_is_status(reply_at(reply, 0), "OK"));
	assert_int_equal(reply_number(reply_at(reply, 1)), -7);
	assert_true(text_same(reply_text(reply_at(reply, 2)), TEXT("a\r\nbc")));
	assert_int_equal(reply_kind(reply_at(reply_at(reply, 3), 0)), REPLY_NIL);
	reply_free(reply);
	assert_true(replies_feed(replies, bytes(whole + sizeof whole - 1 - 15)));
	assert_true(replies_next(replies, &reply));
	assert_true(reply_is_error(reply, "WRONGTYPE"));
	assert_false(reply_is_error(reply, "WRONG"));
	reply_free(reply);
	replies_free(replies);
}

static bool survives(const char *string)
{
	struct replies *replies = replies_new();
	struct reply *reply = NULL;

	assert_non_null(replies);
	bool good = replies_feed(replies, bytes(string)) && replies_next(replies, &reply);

	if (reply)
		reply_free(reply);
	replies_free(replies);
	return good;
}

static void an_answer_that_asks_for_too_much_is_an_error(void **state)
{
	(void)state;
	assert_true(survives("*1048576\r\n"));
	assert_false(survives("*1048577\r\n"));
	assert_false(survives("*2147483647\r\n"));
	assert_true(survives("*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"));
	assert_false(survives("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"));
	assert_false(survives("HTTP/1.1 400 Bad Request\r\n"));
}

/* ---- The connection ---- */

struct peer {
	struct event_base *base;
	struct redis *redis;
	unsigned connected, lost, answers, nulls;
	char why[200];
	char last[200];
};

static void on_connected(void *arg)
{
	((struct peer *)arg)->connected++;
}

static void on_lost(void *arg, const char *why, int retry)
{
	struct peer *peer = arg;

	assert_true(retry >= REDIS_RETRY_LEAST && retry <= REDIS_RETRY_MOST);
	assert_false(redis_ready(peer->redis));
	peer->lost++;
	snprintf(peer->why, sizeof peer->why, "%s", why);
}

static void on_answer(void *arg, uint32_t i, const struct reply *reply)
{
	struct peer *peer = arg;

	(void)i;
	peer->answers += reply != NULL;
	peer->nulls += reply == NULL;
	if (reply)
		snprintf(peer->last, sizeof peer->last, "%.*s", (int)reply_text(reply).len,
			 reply_text(reply).at);
}

static void peer_start(struct peer *peer, struct event_base *base, const char *url,
		       const char *password)
{
	struct redis_options options = {url, "", password};
	struct redis_callbacks callbacks = {peer, on_connected, on_lost};
	struct err err;

	*peer = (struct peer){.base = base};
	peer->redis = redis_new(base, &options, &callbacks, &err);
	if (!peer->redis)
		fail_msg("%s", err.message);
}

static bool say(struct peer *peer, const char *a, const char *b, const char *c)
{
	struct commands commands = {0};

	commands_line(&commands, a, b, c, NULL);
	bool sent = redis_send(peer->redis, (struct text){commands.bytes, commands.len},
			       commands.n, on_answer, peer);

	commands_free(&commands);
	return sent;
}

#define RUN_UNTIL(base, condition)                                \
	for (int steps_ = 0; !(condition); steps_++) {            \
		if (steps_ > 100000)                              \
			fail_msg("never: %s", #condition);        \
		event_base_loop(base, EVLOOP_ONCE);               \
	}

static void requests_are_answered_in_their_order(void **state)
{
	struct event_base *base = event_base_new();
	struct redis_server *server = redis_server_start();
	struct peer peer;
	char url[160];

	(void)state;
	snprintf(url, sizeof url, "unix://%s?db=5", redis_server_socket(server));
	peer_start(&peer, base, url, NULL);
	assert_false(say(&peer, "ECHO", "too early", NULL));
	RUN_UNTIL(base, peer.connected);
	for (int i = 0; i < 1000; i++) {
		char number[16];

		snprintf(number, sizeof number, "%d", i);
		assert_true(say(&peer, "ECHO", number, NULL));
	}
	RUN_UNTIL(base, peer.answers == 1000);
	assert_string_equal(peer.last, "999");
	assert_true(say(&peer, "CLIENT", "INFO", NULL));
	RUN_UNTIL(base, peer.answers == 1001);
	assert_non_null(strstr(peer.last, "name="));
	redis_free(peer.redis);
	redis_server_stop(server);
	event_base_free(base);
}

static void a_lost_connection_is_told_to_each_request_and_made_again(void **state)
{
	struct event_base *base = event_base_new();
	struct redis_server *server = redis_server_start();
	struct peer peer;
	char url[160];

	(void)state;
	snprintf(url, sizeof url, "unix://%s", redis_server_socket(server));
	peer_start(&peer, base, url, NULL);
	RUN_UNTIL(base, peer.connected);
	assert_true(say(&peer, "BLPOP", "nothing", "0"));
	assert_true(say(&peer, "ECHO", "behind it", NULL));
	RUN_UNTIL(base, redis_unsent(peer.redis) == 0);
	/* Its own connection stays. */
	freeReplyObject(redisCommand(redis_server_connection(server),
				     "CLIENT KILL TYPE normal SKIPME yes"));
	RUN_UNTIL(base, peer.lost);
	assert_int_equal(peer.answers, 0);
	assert_int_equal(peer.nulls, 2);
	RUN_UNTIL(base, peer.connected == 2);
	assert_true(say(&peer, "ECHO", "again", NULL));
	RUN_UNTIL(base, peer.answers == 1);
	redis_free(peer.redis);
	redis_server_stop(server);
	event_base_free(base);
}

static void a_wrong_password_is_said_and_tried_again(void **state)
{
	struct event_base *base = event_base_new();
	struct redis_server *server = redis_server_start();
	redisContext *own = redis_server_connection(server);
	struct peer peer;
	char url[160];

	(void)state;
	freeReplyObject(redisCommand(own, "CONFIG SET requirepass right"));
	snprintf(url, sizeof url, "unix://%s", redis_server_socket(server));
	peer_start(&peer, base, url, "wrong");
	RUN_UNTIL(base, peer.lost == 2);
	assert_non_null(strstr(peer.why, "WRONGPASS"));
	assert_int_equal(peer.connected, 0);
	freeReplyObject(redisCommand(own, "AUTH right"));
	freeReplyObject(redisCommand(own, "CONFIG SET requirepass wrong"));
	RUN_UNTIL(base, peer.connected);
	redis_free(peer.redis);
	redis_server_stop(server);
	event_base_free(base);
}

/* A server that says what it is told to, to whoever comes. */
static void on_guest(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
		     int len, void *arg)
{
	const char *speech = arg;

	(void)listener;
	(void)address;
	(void)len;
	if (*speech)
		assert_true(send(fd, speech, strlen(speech), MSG_NOSIGNAL) > 0);
	/* Kept open: the other end finds out by itself. It is closed with the process. */
}

static struct evconnlistener *speaker(struct event_base *base, const char *speech, char url[64])
{
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof here;
	struct evconnlistener *listener = evconnlistener_new_bind(
		base, on_guest, (void *)(uintptr_t)speech, LEV_OPT_CLOSE_ON_FREE, 8,
		(struct sockaddr *)&here, sizeof here);

	assert_non_null(listener);
	assert_int_equal(getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&here,
				     &len), 0);
	snprintf(url, 64, "redis://localhost:%d", ntohs(here.sin_port));
	return listener;
}

/* Its name is looked up in a thread; localhost may be two addresses, of which one is silent. */
static void a_peer_that_is_no_redis_is_left(void **state)
{
	struct event_base *base = event_base_new();
	char url[64];
	struct evconnlistener *listener = speaker(base, "SSH-2.0-OpenSSH_9.2\r\n", url);
	struct peer peer;

	(void)state;
	peer_start(&peer, base, url, NULL);
	RUN_UNTIL(base, peer.lost);
	assert_non_null(strstr(peer.why, "no RESP"));
	redis_free(peer.redis);
	evconnlistener_free(listener);
	event_base_free(base);
}

static void a_host_that_does_not_exist_is_said(void **state)
{
	struct event_base *base = event_base_new();
	struct peer peer;

	(void)state;
	peer_start(&peer, base, "redis://does-not-exist.invalid", NULL);
	RUN_UNTIL(base, peer.lost);
	assert_non_null(strstr(peer.why, "its name is not found"));
	redis_free(peer.redis);
	event_base_free(base);
}

static void it_can_be_freed_while_a_name_is_looked_up(void **state)
{
	struct event_base *base = event_base_new();
	struct peer peer;

	(void)state;
	peer_start(&peer, base, "redis://localhost:1", NULL);
	event_base_loop(base, EVLOOP_NONBLOCK);
	redis_free(peer.redis);
	event_base_free(base);
}

/* ---- TLS ---- */

struct tls_server {
	pid_t pid;
	char folder[80], certificate[100], key[100];
	int port;
};

static void run_quietly(char *const argv[])
{
	if (freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr))
		execvp(argv[0], argv);
	_exit(127);
}

static pid_t spawn(char *const argv[])
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		run_quietly(argv);
	return pid;
}

static int free_port(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof here;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&here, len) == 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&here, &len), 0);
	close(fd);
	return ntohs(here.sin_port);
}

/* Its certificate is its own authority, and bears the address 127.0.0.1 but no name. */
static bool make_certificate(struct tls_server *server)
{
	int status = -1;
	pid_t pid = spawn((char *[]){
		"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
		"ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext",
		"subjectAltName=IP:127.0.0.1", "-keyout", server->key, "-out",
		server->certificate, NULL});

	return waitpid(pid, &status, 0) == pid && status == 0;
}

static bool tls_server_start(struct tls_server *server)
{
	char port[16];

	snprintf(server->folder, sizeof server->folder, "%s/venturi-test-XXXXXX", P_tmpdir);
	assert_non_null(mkdtemp(server->folder));
	snprintf(server->certificate, sizeof server->certificate, "%s/crt", server->folder);
	snprintf(server->key, sizeof server->key, "%s/key", server->folder);
	server->port = free_port();
	snprintf(port, sizeof port, "%d", server->port);
	if (!make_certificate(server)) {
		rmdir(server->folder);
		return false;
	}
	server->pid = spawn((char *[]){
		"redis-server", "--port", "0", "--tls-port", port, "--tls-cert-file",
		server->certificate, "--tls-key-file", server->key, "--tls-ca-cert-file",
		server->certificate, "--tls-auth-clients", "no", "--save", "", "--dir",
		server->folder, NULL});
	return true;
}

static void tls_server_stop(struct tls_server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	unlink(server->certificate);
	unlink(server->key);
	rmdir(server->folder);
}

static void tls_checks_the_certificate_and_the_name_on_it(void **state)
{
	struct event_base *base = event_base_new();
	struct tls_server server;
	struct peer good, other_name, no_authority;
	char url[64];

	(void)state;
	if (!tls_server_start(&server)) {
		print_message("skipped, because openssl(1) makes no certificate here\n");
		event_base_free(base);
		skip();
	}
	snprintf(url, sizeof url, "rediss://127.0.0.1:%d", server.port);
	peer_start(&no_authority, base, url, NULL);
	setenv("SSL_CERT_FILE", server.certificate, 1);
	peer_start(&good, base, url, NULL);
	snprintf(url, sizeof url, "rediss://localhost:%d", server.port);
	peer_start(&other_name, base, url, NULL);
	unsetenv("SSL_CERT_FILE");

	RUN_UNTIL(base, good.connected);
	assert_true(say(&good, "ECHO", "in secret", NULL));
	RUN_UNTIL(base, good.answers == 1);
	assert_string_equal(good.last, "in secret");
	RUN_UNTIL(base, strstr(other_name.why, "its certificate is refused"));
	RUN_UNTIL(base, strstr(no_authority.why, "its certificate is refused"));
	assert_int_equal(other_name.connected + no_authority.connected, 0);
	redis_free(good.redis);
	redis_free(other_name.redis);
	redis_free(no_authority.redis);
	tls_server_stop(&server);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_name_a_host_or_a_socket),
		cmocka_unit_test(what_is_no_url_is_refused_and_not_told_back),
		cmocka_unit_test(replies_are_read_from_any_pieces),
		cmocka_unit_test(an_answer_that_asks_for_too_much_is_an_error),
		cmocka_unit_test(requests_are_answered_in_their_order),
		cmocka_unit_test(a_lost_connection_is_told_to_each_request_and_made_again),
		cmocka_unit_test(a_wrong_password_is_said_and_tried_again),
		cmocka_unit_test(a_peer_that_is_no_redis_is_left),
		cmocka_unit_test(a_host_that_does_not_exist_is_said),
		cmocka_unit_test(tls_checks_the_certificate_and_the_name_on_it),
		cmocka_unit_test(it_can_be_freed_while_a_name_is_looked_up),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
