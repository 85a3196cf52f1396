/*
 * log: one line a message on standard error, as key=value text: `event=redis_down retry_ms=250`.
 * Under the journal (JOURNAL_STREAM is standard error) each line bears its sd-daemon priority,
 * "<4>". A call site that speaks more than LOG_BURST times in LOG_SPAN_MS is silent for the rest of
 * that span; its next line tells how many were left out. errno is kept. Bytes below 0x20 come out
 * as '?'.
 */
#ifndef VENTURI_DAEMON_LOG_H
#define VENTURI_DAEMON_LOG_H

#include "venturi/text.h"

#define LOG_BURST 5
#define LOG_SPAN_MS 10000

/* The numbers are syslog's. */
enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6 };

/* What a call site remembers of itself; the one mutable static that the house has. */
struct log_site {
	int64_t span_began; /* ms, monotonic */
	unsigned said, left_out;
};

#define log_error(...) LOG_AT(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) LOG_AT(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) LOG_AT(LOG_LEVEL_INFO, __VA_ARGS__)

#define LOG_AT(level, ...)                                    \
	do {                                                  \
		static struct log_site log_site_;             \
		log_write(&log_site_, (level), __VA_ARGS__); \
	} while (0)

/* `site` NULL: no limit. */
void log_write(struct log_site *site, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
