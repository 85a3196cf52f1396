#include "daemon/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Children inherit JOURNAL_STREAM, also if their stderr goes elsewhere: it must be ours. */
static bool under_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat here;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &here) == 0 && here.st_dev == device && here.st_ino == inode;
}

/* Whether the site may speak; *left_out is how often it could not since it last did. */
static bool may_speak(struct log_site *site, unsigned *left_out)
{
	int64_t now = now_ms();

	*left_out = 0;
	if (!site)
		return true;
	if (site->said == 0 || now - site->span_began >= LOG_SPAN_MS) {
		*left_out = site->left_out;
		*site = (struct log_site){.span_began = now};
	}
	if (site->said == LOG_BURST) {
		site->left_out++;
		return false;
	}
	site->said++;
	return true;
}

/* One write(2) a line, so that lines of several processes do not mix. */
static void write_line(char *line, size_t len, size_t room)
{
	if (len > room - 1)
		len = room - 1;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	for (size_t at = 0; at < len;) {
		ssize_t n = write(STDERR_FILENO, line + at, len - at);

		if (n <= 0 && errno != EINTR)
			return;
		at += n > 0 ? (size_t)n : 0;
	}
}

void log_write(struct log_site *site, enum log_level level, const char *format, ...)
{
	int errno_before = errno;
	unsigned left_out;
	char line[2048];
	size_t len = 0;
	va_list args;

	if (!may_speak(site, &left_out))
		return;
	if (under_journal())
		len += (size_t)snprintf(line, sizeof line, "<%d>", (int)level);
	va_start(args, format);
	int n = vsnprintf(line + len, sizeof line - len, format, args);
	va_end(args);
	len += n > 0 ? (size_t)n : 0;
	if (left_out && len < sizeof line)
		len += (size_t)snprintf(line + len, sizeof line - len, " left_out=%u", left_out);
	write_line(line, len, sizeof line);
	errno = errno_before;
}
