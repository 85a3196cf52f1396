#include "venturi/civil.h"
#include "venturi/decode.h"

static bool digits(const char *at, size_t n, int *value)
{
	*value = 0;
	for (size_t i = 0; i < n; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		*value = *value * 10 + (at[i] - '0');
	}
	return true;
}

/* "Z" or "+05:30", the whole of the text: minutes east of UTC. */
static bool offset_parse(struct text text, int *minutes)
{
	int hour, minute;

	*minutes = 0;
	if (text.len == 1)
		return text.at[0] == 'Z' || text.at[0] == 'z';
	if (text.len != 6 || (text.at[0] != '+' && text.at[0] != '-') || text.at[3] != ':' ||
	    !digits(text.at + 1, 2, &hour) || !digits(text.at + 4, 2, &minute) || hour > 23 ||
	    minute > 59)
		return false;
	*minutes = (text.at[0] == '-' ? -1 : 1) * (hour * 60 + minute);
	return true;
}

/* ".25…" at the begin of the text, in ms. Returns its length; 0 if none is there. */
static size_t fraction_parse(struct text text, int *ms)
{
	size_t len = 1;
	int unit = 100;

	*ms = 0;
	if (text.len < 2 || text.at[0] != '.')
		return 0;
	for (; len < text.len && text.at[len] >= '0' && text.at[len] <= '9'; len++) {
		*ms += unit * (text.at[len] - '0');
		unit /= 10;
	}
	return len > 1 ? len : 0;
}

bool moment_parse(struct text text, int64_t *ms)
{
	const char *at = text.at;
	int year, month, day, hour, minute, second, fraction, east;

	if (text.len < 20 || at[4] != '-' || at[7] != '-' || (at[10] != 'T' && at[10] != 't') ||
	    at[13] != ':' || at[16] != ':')
		return false;
	if (!digits(at, 4, &year) || !digits(at + 5, 2, &month) || !digits(at + 8, 2, &day) ||
	    !digits(at + 11, 2, &hour) || !digits(at + 14, 2, &minute) ||
	    !digits(at + 17, 2, &second))
		return false;
	if (!civil_valid(year, month, day) || hour > 23 || minute > 59 || second > 60)
		return false;
	size_t len = 19 + fraction_parse((struct text){at + 19, text.len - 19}, &fraction);
	if (!offset_parse((struct text){at + len, text.len - len}, &east))
		return false;
	if (second == 60) /* a leap second is the first instant of the next minute */
		fraction = 0;
	int64_t minutes = (int64_t)civil_day(year, month, day) * 1440 + hour * 60 + minute - east;
	*ms = (minutes * 60 + second) * 1000 + fraction;
	return *ms >= 0 && *ms <= TIME_MOST;
}
