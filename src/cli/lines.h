/*
 * lines: the lines of a file, one after another, in bounded memory: of a line that is longer than
 * `longest` bytes, one byte more than that is kept and the rest is dropped.
 */
#ifndef VENTURI_CLI_LINES_H
#define VENTURI_CLI_LINES_H

#include "venturi/err.h"
#include "venturi/text.h"

struct lines {
	int fd;
	const char *path; /* the caller's */
	char *buffer;
	size_t room, begin, end; /* what is read and not yet told: buffer[begin … end) */
	size_t longest;
	uint64_t number; /* of the line told last, from 1 */
	bool at_end;
};

/* "-" is the standard input. False with `err` filled (66, 71). */
MUST_CHECK bool lines_open(struct lines *lines, const char *path, size_t longest, struct err *err);
void lines_close(struct lines *lines);

/*
 * The next line, without its newline; it lives until the next call. 1, 0 at the end, -1 with `err`
 * filled (74) if it cannot be read.
 */
MUST_CHECK int lines_next(struct lines *lines, struct text *line, struct err *err);

/* No event: spaces, or nothing. */
bool line_is_blank(struct text line);

#endif
