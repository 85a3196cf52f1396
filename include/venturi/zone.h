/*
 * zone: one IANA time zone: from instants (ms since the Unix epoch, UTC) to local days and back.
 * A local day begins at the first instant that bears its date; days of 23 and 25 hours are days.
 * The rules come in as the bytes of a TZif file (RFC 8536), versions 1 to 4; instants after its
 * last transition follow its footer, a POSIX TZ string.
 */
#ifndef VENTURI_ZONE_H
#define VENTURI_ZONE_H

#include "venturi/err.h"
#include "venturi/text.h"

struct zone;

/* NULL with `err` filled if the bytes are no TZif file or memory is short. Copies what it needs. */
struct zone *zone_new(struct text tzif, struct err *err);
struct zone *zone_new_utc(void);
void zone_free(struct zone *zone);

/*
 * The local day (a day number as in civil.h) that holds the instant: days partition time, each from
 * its start to that of the next. So an hour that a clock set back over midnight tells again with
 * the date of the day before belongs to the later day, which has begun.
 */
int32_t zone_day(const struct zone *zone, int64_t ms);

/* The first instant of the local day; of a date that the zone skipped, that of the next one. */
int64_t zone_day_start(const struct zone *zone, int32_t day);

#endif
