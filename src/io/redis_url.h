/*
 * redis_url: where Redis is, from one line of configuration:
 *   redis://[[user]:password@]host[:port][/db]     rediss:// the same with TLS
 *   unix:///path/of/the.sock[?db=N]
 */
#ifndef VENTURI_IO_REDIS_URL_H
#define VENTURI_IO_REDIS_URL_H

#include "venturi/err.h"

struct redis_url {
	bool tls;
	char *path;       /* of a unix socket, or NULL */
	char *host, *port; /* else these; an IPv6 address without its brackets */
	int db;
	char *user, *password; /* or NULL; percent-decoded */
};

/* False with `err` (78) filled. Free with redis_url_free() in either case. */
MUST_CHECK bool redis_url_parse(struct redis_url *url, const char *text, struct err *err);
void redis_url_free(struct redis_url *url);

#endif
