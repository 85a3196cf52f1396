/* show_table: hashes as they came from Redis, for a terminal or as JSON, to standard output. */
#ifndef VENTURI_CLI_SHOW_TABLE_H
#define VENTURI_CLI_SHOW_TABLE_H

#include "venturi/err.h"
#include "venturi/metric.h"

struct scope_line {
	char *id;
	const char *level;
};

/* Sorts them by id. */
void show_scopes(struct scope_line *lines, size_t n, bool as_json);

struct show_field {
	char *name, *value;
};

/* One hash: all bytes 0 but `window` is an empty one. */
struct show_pane {
	enum window window;
	struct show_field *fields;
	size_t n;
	char error[200]; /* "": none */
};

MUST_CHECK bool show_pane_add(struct show_pane *pane, struct text name, struct text value);
void show_pane_free(struct show_pane *pane);

void show_json(const char *scope, const struct show_pane *panes, size_t n);
/* `now` beside windows, a row a metric; durations in the unit that suits them. */
void show_table(const char *scope, const struct show_pane *panes, size_t n);

#endif
