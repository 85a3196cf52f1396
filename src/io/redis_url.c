#include "io/redis_url.h"

#include <event2/http.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* A database number in digits; an empty one is 0. */
static bool parse_db(const char *text, int *db)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (*end || number < 0 || number > 1000000 || (*text && (*text < '0' || *text > '9')))
		return false;
	*db = (int)number;
	return true;
}

/* "user:password", ":password" or "user"; both percent-encoded. */
static bool parse_user(struct redis_url *url, const char *info)
{
	const char *colon = strchr(info, ':');
	char *user = colon ? strndup(info, (size_t)(colon - info)) : strdup(info);

	if (!user)
		return false;
	if (*user)
		url->user = evhttp_uridecode(user, 0, NULL);
	if (colon)
		url->password = evhttp_uridecode(colon + 1, 0, NULL);
	bool good = (url->user || !*user) && (url->password || !colon);

	free(user);
	return good;
}

static bool parse_unix(struct redis_url *url, const char *rest)
{
	const char *query = strchr(rest, '?');

	if (*rest != '/')
		return false;
	url->path = query ? strndup(rest, (size_t)(query - rest)) : strdup(rest);
	if (query && (strncmp(query, "?db=", 4) != 0 || !parse_db(query + 4, &url->db)))
		return false;
	return url->path != NULL;
}

static bool parse_tcp(struct redis_url *url, const struct evhttp_uri *uri)
{
	const char *host = evhttp_uri_get_host(uri);
	const char *info = evhttp_uri_get_userinfo(uri);
	const char *path = evhttp_uri_get_path(uri);
	int port = evhttp_uri_get_port(uri);
	char digits[8];

	if (!host || !*host || port > 65535 || port == 0 || evhttp_uri_get_query(uri) ||
	    evhttp_uri_get_fragment(uri))
		return false;
	if (path && *path && !parse_db(path + 1, &url->db))
		return false;
	evutil_snprintf(digits, sizeof digits, "%d", port < 0 ? 6379 : port);
	size_t len = strlen(host);

	url->host = *host == '[' ? strndup(host + 1, len - 2) : strdup(host);
	url->port = strdup(digits);
	return url->host && url->port && (!info || parse_user(url, info));
}

bool redis_url_parse(struct redis_url *url, const char *text, struct err *err)
{
	bool good = false;

	*url = (struct redis_url){0};
	if (strncmp(text, "unix://", 7) == 0) {
		good = parse_unix(url, text + 7);
	} else if (strncmp(text, "redis://", 8) == 0 || strncmp(text, "rediss://", 9) == 0) {
		struct evhttp_uri *uri = evhttp_uri_parse(text);

		url->tls = text[5] == 's';
		good = uri && parse_tcp(url, uri);
		if (uri)
			evhttp_uri_free(uri);
	}
	if (good)
		return true;
	/* The url is not told back: it may hold a password. */
	return err_set(err, EX_CONFIG,
		       "the redis url is none of redis://[user:password@]host[:port][/db], "
		       "rediss://… and unix:///path[?db=N]");
}

void redis_url_free(struct redis_url *url)
{
	free(url->path);
	free(url->host);
	free(url->port);
	free(url->user);
	free(url->password);
	*url = (struct redis_url){0};
}
