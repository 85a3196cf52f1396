/*
 * redis_tls: TLS towards Redis. The certificate is checked against the system's authorities (or
 * those of SSL_CERT_FILE and SSL_CERT_DIR), and that it bears the host's name or address.
 */
#ifndef VENTURI_IO_REDIS_TLS_H
#define VENTURI_IO_REDIS_TLS_H

#include "venturi/err.h"

#include <stddef.h>

struct bufferevent;
struct event_base;
struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

/* NULL with `err` filled. Free with SSL_CTX_free() by redis_tls_free(); NULL is fine there. */
struct ssl_ctx_st *redis_tls_new(struct err *err);
void redis_tls_free(struct ssl_ctx_st *context);

/* A bufferevent that has no socket yet. NULL if memory is short. */
struct bufferevent *redis_tls_socket(struct event_base *base, struct ssl_ctx_st *context,
				     const char *host);
/* Why the handshake failed, to `why`; false if TLS knows of no error. */
MUST_CHECK bool redis_tls_error(struct bufferevent *socket, char *why, size_t room);

#endif
