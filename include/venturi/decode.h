/*
 * decode: the bytes of one record (a Kafka message, or a line of a file) become facts, or a reason
 * why not. Pure; all forms of docs/events.md: Venturi facts, bare CDEvents, CloudEvents structured
 * and binary, Confluent-framed JSON.
 */
#ifndef VENTURI_DECODE_H
#define VENTURI_DECODE_H

#include "venturi/err.h"
#include "venturi/fact.h"
#include "venturi/reject.h"

struct header {
	struct text name;
	struct text value;
};

/* `value.at == NULL` is a null value (a tombstone). Headers may be NULL if there are none. */
struct record_in {
	struct text value;
	const struct header *headers;
	size_t n_headers;
};

/* One event yields at most three facts (ticket.updated). */
#define DECODE_FACTS_MOST 3

struct decoded {
	enum reject reason;       /* REJECT_NONE: the facts are good */
	struct text why;          /* one line; only with a reason; lives as the facts do */
	size_t n;
	const struct fact *facts; /* texts live until the next decode() or decoder_free() */
};

struct decoder;

/* NULL if memory is short. `max_event_size` in bytes. */
struct decoder *decoder_new(size_t max_event_size);
void decoder_free(struct decoder *decoder);

/* The result lives until the next call. Never fails otherwise than by a reason. */
const struct decoded *decode(struct decoder *decoder, const struct record_in *record);

/*
 * Acceptance by the record's own timestamp (ms; negative: none, then nothing is refused):
 * REJECT_FUTURE, REJECT_TOO_LATE or REJECT_NONE. `max_lateness` 0: unlimited. All in ms.
 */
enum reject accept_time(int64_t event_time, int64_t record_timestamp, int64_t max_future_skew,
			int64_t max_lateness);

/* RFC 3339 with a zone, as events.md has it; finer fractions are cut off. False if it is none. */
MUST_CHECK bool moment_parse(struct text text, int64_t *ms);

#endif
