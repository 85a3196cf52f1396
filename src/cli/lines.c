#include "cli/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define CHUNK ((size_t)1 << 16)

bool lines_open(struct lines *lines, const char *path, size_t longest, struct err *err)
{
	*lines = (struct lines){.fd = STDIN_FILENO, .path = path, .longest = longest};
	lines->room = longest + 1 + CHUNK;
	if (strcmp(path, "-") != 0)
		lines->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (lines->fd < 0)
		return err_set(err, EX_NOINPUT, "%s: %s", path, strerror(errno));
	lines->buffer = malloc(lines->room);
	if (lines->buffer)
		return true;
	lines_close(lines);
	return err_set(err, EX_OSERR, "%s: memory is short", path);
}

void lines_close(struct lines *lines)
{
	free(lines->buffer);
	if (lines->fd > STDIN_FILENO)
		close(lines->fd);
	*lines = (struct lines){.fd = -1};
}

/* Reads more behind what is there. False if it cannot be read. */
static bool lines_fill(struct lines *lines, struct err *err)
{
	if (lines->begin > 0) {
		memmove(lines->buffer, lines->buffer + lines->begin, lines->end - lines->begin);
		lines->end -= lines->begin;
		lines->begin = 0;
	}
	for (;;) {
		ssize_t n = read(lines->fd, lines->buffer + lines->end, lines->room - lines->end);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, EX_IOERR, "%s:%" PRIu64 ": %s", lines->path,
				       lines->number + 1, strerror(errno));
		lines->end += (size_t)n;
		lines->at_end = n == 0;
		return true;
	}
}

/* Drops the rest of a line whose begin is kept at the begin of the buffer. */
static bool lines_skip(struct lines *lines, size_t kept, struct err *err)
{
	for (;;) {
		lines->begin = 0;
		lines->end = kept;
		if (!lines_fill(lines, err))
			return false;
		char *newline = memchr(lines->buffer + kept, '\n', lines->end - kept);
		if (newline || lines->at_end) {
			lines->begin = newline ? (size_t)(newline + 1 - lines->buffer) : lines->end;
			return true;
		}
	}
}

int lines_next(struct lines *lines, struct text *line, struct err *err)
{
	size_t searched = 0;

	for (;;) {
		char *at = lines->buffer + lines->begin;
		size_t len = lines->end - lines->begin;
		char *newline = len > searched ? memchr(at + searched, '\n', len - searched) : NULL;

		if (newline || (lines->at_end && len > 0)) {
			*line = (struct text){at, newline ? (size_t)(newline - at) : len};
			lines->begin += line->len + (newline != NULL);
			lines->number++;
			return 1;
		}
		if (lines->at_end)
			return 0;
		searched = len;
		if (len > lines->longest) {
			memmove(lines->buffer, at, len);
			if (!lines_skip(lines, lines->longest + 1, err))
				return -1;
			*line = (struct text){lines->buffer, lines->longest + 1};
			lines->number++;
			return 1;
		}
		if (!lines_fill(lines, err))
			return -1;
	}
}

bool line_is_blank(struct text line)
{
	for (size_t i = 0; i < line.len; i++)
		if (!memchr(" \t\r", line.at[i], 3))
			return false;
	return true;
}
