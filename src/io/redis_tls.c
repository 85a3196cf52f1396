#include "io/redis_tls.h"

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sysexits.h>

SSL_CTX *redis_tls_new(struct err *err)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (context && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) &&
	    SSL_CTX_set_default_verify_paths(context)) {
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
		return context;
	}
	SSL_CTX_free(context);
	err_set(err, EX_OSERR, "TLS cannot be set up: %s", ERR_error_string(ERR_get_error(), NULL));
	return NULL;
}

void redis_tls_free(SSL_CTX *context)
{
	SSL_CTX_free(context);
}

/* The name (or address) that the certificate must bear; a name is told to the server as well. */
static bool expect_host(SSL *ssl, const char *host)
{
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host))
		return true;
	return SSL_set1_host(ssl, host) && SSL_set_tlsext_host_name(ssl, host);
}

struct bufferevent *redis_tls_socket(struct event_base *base, SSL_CTX *context, const char *host)
{
	SSL *ssl = SSL_new(context);

	if (!ssl || !expect_host(ssl, host)) {
		SSL_free(ssl);
		return NULL;
	}
	struct bufferevent *socket = bufferevent_openssl_socket_new(
		base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);

	if (!socket) {
		SSL_free(ssl);
		return NULL;
	}
	/* Redis closes without a close_notify; RESP has lengths, so nothing is cut off unseen. */
	bufferevent_openssl_set_allow_dirty_shutdown(socket, 1);
	return socket;
}

bool redis_tls_error(struct bufferevent *socket, char *why, size_t room)
{
	SSL *ssl = bufferevent_openssl_get_ssl(socket);
	unsigned long error = bufferevent_get_openssl_error(socket);
	long verified = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;

	if (verified != X509_V_OK)
		snprintf(why, room, "its certificate is refused: %s",
			 X509_verify_cert_error_string(verified));
	else if (error)
		snprintf(why, room, "TLS: %s", ERR_reason_error_string(error));
	return verified != X509_V_OK || error;
}
