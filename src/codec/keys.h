/*
 * keys: the names of the public keys in Redis, all under one prefix.
 *
 *   venturi:scopes  venturi:flow:acme/claims:30d  venturi:stages:acme:week
 *   venturi:dist:acme:cycle_time:90d
 */
#ifndef VENTURI_CODEC_KEYS_H
#define VENTURI_CODEC_KEYS_H

#include "venturi/fold.h"

/* Keys that are there once. KEY_LEVEL + enum level: the set of the scopes of that level. */
enum fixed_key {
	KEY_SCOPES,
	KEY_METRICS,
	KEY_TABLES,
	KEY_BUILD, /* where a table is built before it is swapped in: internal */
	KEY_LEVEL,
	KEY_FIXED_COUNT = KEY_LEVEL + LEVEL_MODE + 1
};

/* The tables of a scope, each with the windows it has: one key each. */
#define TABLE_KEYS 20

struct table_key {
	enum table table;
	enum window window; /* where the table has windows */
};

/* number < TABLE_KEYS */
struct table_key table_key(unsigned number);

struct keys;

/* `longest` is the length of the longest scope id. NULL if memory is short. */
struct keys *keys_new(const char *prefix, size_t longest);
void keys_free(struct keys *keys);

/* Lives as long as the keys do. */
struct text keys_fixed(const struct keys *keys, enum fixed_key which);
/* The name of a pane's or a table's key; lives until either is called again. */
struct text keys_pane(struct keys *keys, const char *scope, enum window window);
struct text keys_table(struct keys *keys, const char *scope, struct table_key table);

/* Whether it is the key of a pane or table of some scope; *scope is a part of the key then. */
bool keys_scope_of(const struct keys *keys, struct text key, struct text *scope);

const char *level_name(enum level level);

#endif
