#include "codec/keys.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Longer than ":dist:" with the longest of its metrics and windows, and all fixed names. */
#define NAMES_MOST 64

struct keys {
	size_t prefix;  /* its length; the buffer begins with it */
	size_t longest; /* of a scope id */
	char *buffer;
	char *fixed[KEY_FIXED_COUNT];
};

static const char *const fixed_names[KEY_LEVEL] = {
	[KEY_SCOPES] = "scopes",
	[KEY_METRICS] = "metrics",
	[KEY_TABLES] = "tables",
	[KEY_BUILD] = "state:build",
};

static const char *const level_names[] = {"portfolio", "stream", "product", "team", "mode"};

const char *level_name(enum level level)
{
	return level_names[level];
}

struct table_key table_key(unsigned number)
{
	static const enum table single[] = {TABLE_HIST_DAY,     TABLE_HIST_WEEK, TABLE_HIST_MONTH,
					    TABLE_HIST_QUARTER, TABLE_CFD,       TABLE_AGING,
					    TABLE_FINISHED};
	static const struct table_key dist[] = {{TABLE_DIST_CYCLE_TIME, WINDOW_30D},
						{TABLE_DIST_CYCLE_TIME, WINDOW_90D},
						{TABLE_DIST_LEAD_TIME, WINDOW_30D},
						{TABLE_DIST_LEAD_TIME, WINDOW_90D}};
	const unsigned singles = sizeof single / sizeof *single;

	static_assert(sizeof single / sizeof *single + WINDOW_COUNT + 4 == TABLE_KEYS, "all");
	assert(number < TABLE_KEYS);
	if (number < singles)
		return (struct table_key){single[number], WINDOW_7D};
	if (number < singles + WINDOW_COUNT)
		return (struct table_key){TABLE_STAGES, (enum window)(number - singles)};
	return dist[number - singles - WINDOW_COUNT];
}

/* Writes a name and what stands before it to `at`; returns where it ends. */
static char *put(char *at, const char *before, const char *name)
{
	size_t a = strlen(before), b = strlen(name);

	memcpy(at, before, a);
	memcpy(at + a, name, b);
	return at + a + b;
}

static bool make_fixed(struct keys *keys, const char *prefix, int which)
{
	char *end = keys->buffer + keys->prefix;

	if (which < KEY_LEVEL)
		end = put(end, "", fixed_names[which]);
	else
		end = put(end, "scopes:", level_names[which - KEY_LEVEL]);
	*end = '\0';
	memcpy(keys->buffer, prefix, keys->prefix);
	keys->fixed[which] = strdup(keys->buffer);
	return keys->fixed[which] != NULL;
}

struct keys *keys_new(const char *prefix, size_t longest)
{
	struct keys *keys = calloc(1, sizeof *keys);

	if (!keys)
		return NULL;
	keys->prefix = strlen(prefix);
	keys->longest = longest;
	keys->buffer = malloc(keys->prefix + longest + NAMES_MOST);
	if (!keys->buffer)
		goto fail;
	for (int i = 0; i < KEY_FIXED_COUNT; i++)
		if (!make_fixed(keys, prefix, i))
			goto fail;
	return keys;
fail:
	keys_free(keys);
	return NULL;
}

void keys_free(struct keys *keys)
{
	if (!keys)
		return;
	for (int i = 0; i < KEY_FIXED_COUNT; i++)
		free(keys->fixed[i]);
	free(keys->buffer);
	free(keys);
}

struct text keys_fixed(const struct keys *keys, enum fixed_key which)
{
	return text_of(keys->fixed[which]);
}

/* prefix kind ":" scope [ ":" a ] [ ":" b ] */
static struct text compose(struct keys *keys, const char *kind, const char *scope, const char *a,
			   const char *b)
{
	char *end = keys->buffer + keys->prefix;

	assert(strlen(scope) <= keys->longest);
	end = put(end, kind, ":");
	end = put(end, "", scope);
	if (a)
		end = put(end, ":", a);
	if (b)
		end = put(end, ":", b);
	return (struct text){keys->buffer, (size_t)(end - keys->buffer)};
}

struct text keys_pane(struct keys *keys, const char *scope, enum window window)
{
	return compose(keys, "flow", scope, window_name(window), NULL);
}

struct text keys_table(struct keys *keys, const char *scope, struct table_key key)
{
	switch (key.table) {
	case TABLE_HIST_DAY:
		return compose(keys, "hist", scope, "day", NULL);
	case TABLE_HIST_WEEK:
		return compose(keys, "hist", scope, "week", NULL);
	case TABLE_HIST_MONTH:
		return compose(keys, "hist", scope, "month", NULL);
	case TABLE_HIST_QUARTER:
		return compose(keys, "hist", scope, "quarter", NULL);
	case TABLE_CFD:
		return compose(keys, "cfd", scope, NULL, NULL);
	case TABLE_STAGES:
		return compose(keys, "stages", scope, window_name(key.window), NULL);
	case TABLE_AGING:
		return compose(keys, "aging", scope, NULL, NULL);
	case TABLE_FINISHED:
		return compose(keys, "finished", scope, NULL, NULL);
	case TABLE_DIST_CYCLE_TIME:
		return compose(keys, "dist", scope, "cycle_time", window_name(key.window));
	case TABLE_DIST_LEAD_TIME:
		return compose(keys, "dist", scope, "lead_time", window_name(key.window));
	case TABLE_COUNT:
		break;
	}
	assert(!"a table without a key");
	return (struct text){0};
}

/* Cuts off what stands before the first ':' (all, where there is none). */
static struct text cut_word(struct text *rest)
{
	const char *colon = rest->len ? memchr(rest->at, ':', rest->len) : NULL;
	struct text word = {rest->at, colon ? (size_t)(colon - rest->at) : rest->len};

	rest->at += word.len + (colon != NULL);
	rest->len -= word.len + (colon != NULL);
	return word;
}

bool keys_scope_of(const struct keys *keys, struct text key, struct text *scope)
{
	static const char *const kinds[] = {"flow",  "hist",     "cfd", "stages",
					    "aging", "finished", "dist"};
	struct text rest, kind;

	if (key.len < keys->prefix || memcmp(key.at, keys->fixed[0], keys->prefix) != 0)
		return false;
	rest = (struct text){key.at + keys->prefix, key.len - keys->prefix};
	kind = cut_word(&rest);
	*scope = cut_word(&rest);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (text_same(kind, text_of(kinds[i])))
			return true;
	return false;
}
