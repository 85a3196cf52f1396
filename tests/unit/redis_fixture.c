#include "redis_fixture.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE 10000 /* ms */
#define STEP     5

struct redis_server {
	pid_t pid;
	char folder[80]; /* short, since a socket's name has to be */
	char socket[100];
	redisContext *connection;
};

/* It goes with the test, also where the test is killed. */
static void run(const struct redis_server *server)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!freopen("/dev/null", "w", stdout))
		_exit(127);
	execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server->socket,
	       "--save", "", "--appendonly", "no", "--dir", server->folder, (char *)NULL);
	_exit(127);
}

/* Waits until it answers. */
static redisContext *greet(const struct redis_server *server)
{
	for (int waited = 0; waited < PATIENCE; waited += STEP) {
		redisContext *connection = redisConnectUnix(server->socket);

		if (connection && !connection->err)
			return connection;
		redisFree(connection);
		poll(NULL, 0, STEP);
	}
	return NULL;
}

struct redis_server *redis_server_start(void)
{
	struct redis_server *server = calloc(1, sizeof *server);

	assert_non_null(server);
	snprintf(server->folder, sizeof server->folder, "%s/venturi-test-XXXXXX", P_tmpdir);
	assert_non_null(mkdtemp(server->folder));
	snprintf(server->socket, sizeof server->socket, "%s/redis", server->folder);
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (server->pid == 0)
		run(server);
	server->connection = greet(server);
	assert_non_null(server->connection);
	return server;
}

void redis_server_stop(struct redis_server *server)
{
	redisFree(server->connection);
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	unlink(server->socket);
	rmdir(server->folder);
	free(server);
}

const char *redis_server_socket(const struct redis_server *server)
{
	return server->socket;
}

redisContext *redis_server_connection(struct redis_server *server)
{
	return server->connection;
}
