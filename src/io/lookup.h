/*
 * lookup: a host name to addresses, by the system's own resolver, in a thread of its own, since
 * getaddrinfo() blocks. At most one thread a lookup, and it is never waited for.
 */
#ifndef VENTURI_IO_LOOKUP_H
#define VENTURI_IO_LOOKUP_H

#include "venturi/err.h"

struct addrinfo;
struct event_base;
struct lookup;

/*
 * Called once, in the loop: the addresses, owned by the lookup (until lookup_free()), or NULL and
 * why not. It may free the lookup.
 */
typedef void lookup_fn(void *arg, const struct addrinfo *found, const char *why);

/* NULL if memory or threads are short. `port` in digits. */
struct lookup *lookup_new(struct event_base *base, const char *host, const char *port,
			  lookup_fn *done, void *arg);
/* Also before it is done; NULL is fine. */
void lookup_free(struct lookup *lookup);

#endif
