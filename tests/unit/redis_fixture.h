/* redis_fixture: a redis-server of its own for a test, on a unix socket in a folder of its own. */
#ifndef VENTURI_TESTS_REDIS_FIXTURE_H
#define VENTURI_TESTS_REDIS_FIXTURE_H

#include <hiredis/hiredis.h>

struct redis_server;

/* Fails the test if there is none to be had. */
struct redis_server *redis_server_start(void);
void redis_server_stop(struct redis_server *server);
const char *redis_server_socket(const struct redis_server *server);
/* One connection, made at start, that the server owns. */
redisContext *redis_server_connection(struct redis_server *server);

#endif
