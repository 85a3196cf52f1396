/*
 * conf: the text of a configuration file as a tree, with the line of everything, so that every
 * mistake can be told with its place, and all of them at once.
 *
 *   name = value     name = {value, value}     name "title" { … }     # comment, // comment, a
 *   comment over lines
 *
 * A value is a word, or a text in " (with \ before any character) or '. `+=` is taken as `=`.
 */
#ifndef VENTURI_DAEMON_CONF_H
#define VENTURI_DAEMON_CONF_H

#include "venturi/err.h"
#include <stddef.h>

enum conf_kind { CONF_VALUE, CONF_LIST, CONF_SECTION };

struct conf_entry {
	enum conf_kind kind;
	char *name;
	char *title; /* of a section, or NULL */
	int line;
	char **values; /* of a value: one; of a list */
	size_t n_values;
	struct conf_entry *entries; /* of a section */
	size_t n_entries;
};

/* The mistakes of a file, gathered: they are told at once, in the order of their lines. */
struct conf_errors {
	const char *file;
	struct conf_mistake *all;
	size_t n;
	bool no_memory; /* one could not be added */
};

/* Adds a mistake (line 0: of no line of the file). */
void conf_error(struct conf_errors *errors, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/*
 * Each is a line on the standard error; the first goes to `err` (code 78), where it is not NULL.
 * Forgets them.
 */
void conf_tell(struct conf_errors *errors, struct err *err);

/*
 * The whole text as one section without a name. NULL if memory is short; else errors tell what was
 * wrong.
 */
struct conf_entry *conf_parse(const char *text, size_t len, struct conf_errors *errors);
void conf_free(struct conf_entry *root);

#endif
