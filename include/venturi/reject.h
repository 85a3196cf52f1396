/*
 * reject: why a record, or a part of what it says, counts in nothing. In the order of the checks:
 * the first that fails names the reason.
 */
#ifndef VENTURI_REJECT_H
#define VENTURI_REJECT_H

#include "venturi/text.h"

enum reject {
	REJECT_NONE,
	REJECT_TOMBSTONE, /* a binary CloudEvent, or any record, with a null value */
	REJECT_TOO_LARGE,
	REJECT_MALFORMED,
	REJECT_UNKNOWN_TYPE,
	REJECT_UNUSED, /* a valid event that no metric uses */
	REJECT_NO_TIME,
	REJECT_NO_SUBJECT,
	REJECT_FUTURE,
	REJECT_TOO_LATE,
	REJECT_CONFLICT,
	REJECT_DUPLICATE,
	REJECT_OVER_LIMIT,
	REJECT_COUNT
};

/* As in the contract: "too_large", "malformed", … */
struct text reject_name(enum reject reason);

/* Whether a dead letter is written for it. */
bool reject_is_dead_letter(enum reject reason);

#endif
