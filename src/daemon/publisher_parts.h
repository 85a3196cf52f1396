/* What the files of the publisher share. */
#ifndef VENTURI_DAEMON_PUBLISHER_PARTS_H
#define VENTURI_DAEMON_PUBLISHER_PARTS_H

#include "codec/publish.h"
#include "codec/rows.h"
#include "daemon/publisher.h"
#include "daemon/sweep.h"

/* An instant long before any; differences with it don't overflow. */
#define NEVER (INT64_MIN / 4)

/* ms */
#define TABLE_SPACING             5000
#define TABLE_SPACING_CATCHING_UP 30000

/* What Redis shows of one table. */
struct table_shown {
	bool known; /* else it is built anew, whatever it may show */
	bool anew;  /* it was last written so */
	uint32_t n;
	uint64_t *hashes; /* of its n rows */
	int64_t looked;   /* monotonic: when its rows were last computed */
	int64_t renewed;  /* monotonic: when its expiry was last set */
};

/* What Redis shows of one scope. */
struct scope_shown {
	bool known;        /* else all fields are sent, to keys that were unlinked */
	bool whole;        /* they were last sent so */
	int64_t published; /* monotonic */
	int64_t renewed;
	uint32_t pending; /* a bit for each table key that may have changed */
	double values[PANE_OUTLOOK][METRIC_COUNT];
	struct table_shown tables[TABLE_KEYS];
};

/* What a command of the last transaction was about: a number of a table key, or one of these. */
enum { PART_GLOBALS = TABLE_KEYS, PART_PANES };

struct mark {
	uint32_t command; /* the first; up to that of the next mark */
	uint32_t scope;
	unsigned part;
};

/* The table that is being built under a temporary key. */
struct build {
	bool running;
	uint32_t scope;
	unsigned number;
	uint32_t next; /* row */
	uint64_t cut;  /* that the rows were computed at */
	int64_t as_of;
	struct rows rows;
};

struct publisher {
	char *prefix;
	int64_t ttl, renew_after; /* ms; 0: never */
	const struct model *model;
	struct fold *fold;
	struct keys *keys;
	struct scope_shown *scopes;
	uint32_t n;
	uint32_t scope_fields; /* what a whole scope takes */

	bool globals_due;
	int64_t globals_renewed, tables_renewed;
	int64_t refresh_at; /* monotonic: when the next scope's turn is */
	uint32_t refresh_next;
	int64_t round_began; /* while catching up */
	uint32_t round_left;
	uint32_t table_cursor; /* the scope whose tables are next */
	struct build build;
	struct sweep sweep;

	struct mark *marks;
	size_t n_marks, marks_room;
};

/* The transaction that is being filled. */
struct filling {
	struct commands *out;
	uint32_t first_command, first_field;
	uint64_t cut;
	uint32_t budget;
	struct moment moment;
};

/* The commands that follow are about that. */
void publisher_mark(struct publisher *p, const struct filling *to, uint32_t scope, unsigned part);
uint32_t filling_used(const struct filling *to);
/* Sets a key's expiry where that was not done lately. */
bool publisher_renewal_due(const struct publisher *p, const struct filling *to, int64_t renewed);
void publisher_renew(struct publisher *p, const struct filling *to, struct text key,
		     int64_t *renewed);

/* A bit for each of a scope's table keys whose table's bit (1u << enum table) is set. */
uint32_t tables_pending(const struct publisher *p, uint32_t scope, unsigned tables);
bool tables_due(const struct publisher *p, const struct moment *moment);
/* True if more could be written at once. */
bool tables_publish(struct publisher *p, const struct filling *to);
void tables_renew(struct publisher *p, const struct filling *to, uint32_t scope);
/* Forgets what Redis shows: the table is to be built anew. */
void table_forget(struct publisher *p, uint32_t scope, unsigned number);
void table_failed(struct publisher *p, uint32_t scope, unsigned number);

#endif
