#include "venturi/reject.h"

static const struct text names[REJECT_COUNT] = {
	[REJECT_NONE] = {"none", 4},
	[REJECT_TOMBSTONE] = {"tombstone", 9},
	[REJECT_TOO_LARGE] = {"too_large", 9},
	[REJECT_MALFORMED] = {"malformed", 9},
	[REJECT_UNKNOWN_TYPE] = {"unknown_type", 12},
	[REJECT_UNUSED] = {"unused", 6},
	[REJECT_NO_TIME] = {"no_time", 7},
	[REJECT_NO_SUBJECT] = {"no_subject", 10},
	[REJECT_FUTURE] = {"future", 6},
	[REJECT_TOO_LATE] = {"too_late", 8},
	[REJECT_CONFLICT] = {"conflict", 8},
	[REJECT_DUPLICATE] = {"duplicate", 9},
	[REJECT_OVER_LIMIT] = {"over_limit", 10},
};

struct text reject_name(enum reject reason)
{
	return names[reason];
}

bool reject_is_dead_letter(enum reject reason)
{
	switch (reason) {
	case REJECT_TOO_LARGE:
	case REJECT_MALFORMED:
	case REJECT_UNKNOWN_TYPE:
	case REJECT_NO_TIME:
	case REJECT_NO_SUBJECT:
	case REJECT_FUTURE:
	case REJECT_TOO_LATE:
		return true;
	default:
		return false;
	}
}
