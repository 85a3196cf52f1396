#include "codec/number.h"

#include "venturi/fact.h"

#include <inttypes.h>
#include <stdio.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The exponent after `e`; beyond any that matters it stays where it is. */
static long exponent_of(const char *at, const char *end)
{
	bool negative = at < end && *at == '-';
	long exponent = 0;

	if (at < end && (*at == '-' || *at == '+'))
		at++;
	for (; at < end; at++)
		if (exponent < 100000000)
			exponent = exponent * 10 + (*at - '0');
	return negative ? -exponent : exponent;
}

/*
 * The number is 0.d1d2d3… * 10^point once leading zeros are skipped; of it the first point + 6
 * digits are kept, and the one after them rounds.
 */
bool number_millionths(struct text number, int64_t *millionths)
{
	const char *at = number.at, *end = number.at + number.len;
	bool negative = *at == '-', fraction = false;
	long point = 0;

	at += negative;
	const char *mark = at;
	while (mark < end && *mark != 'e' && *mark != 'E')
		mark++;
	for (; at < mark && !(*at >= '1' && *at <= '9'); at++) {
		point -= fraction && *at == '0';
		fraction |= *at == '.';
	}
	*millionths = 0;
	if (at == mark)
		return true;
	for (const char *digit = at; digit < mark && !fraction && is_digit(*digit); digit++)
		point++;
	long keep = point + 6 + (mark < end ? exponent_of(mark + 1, end) : 0);
	if (keep < 0)
		return true;
	if (keep > 19)
		return false;
	uint64_t value = 0;
	for (; keep >= 0; at += at < mark) {
		if (at < mark && *at == '.')
			continue;
		unsigned digit = at < mark ? (unsigned)(*at - '0') : 0;
		if (keep-- > 0)
			value = value * 10 + digit;
		else
			value += digit >= 5;
	}
	if (value > (uint64_t)NUMBER_MOST)
		return false;
	*millionths = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

bool number_integer(struct text number, int64_t *integer)
{
	size_t at = number.len > 0 && number.at[0] == '-';
	uint64_t value = 0;

	if (at == number.len || number.len - at > 18)
		return false;
	bool negative = at > 0;
	for (; at < number.len; at++) {
		if (!is_digit(number.at[at]))
			return false;
		value = value * 10 + (unsigned)(number.at[at] - '0');
	}
	*integer = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

bool number_is_integer(struct text number)
{
	for (size_t i = number.at[0] == '-'; i < number.len; i++)
		if (!is_digit(number.at[i]))
			return false;
	return true;
}

size_t number_text(int64_t millionths, char out[MILLIONTHS_TEXT])
{
	uint64_t size = millionths < 0 ? -(uint64_t)millionths : (uint64_t)millionths;
	int len = snprintf(out, MILLIONTHS_TEXT, "%s%" PRIu64 ".%06" PRIu64,
			   millionths < 0 ? "-" : "", size / NUMBER_ONE, size % NUMBER_ONE);

	while (out[len - 1] == '0')
		len--;
	len -= out[len - 1] == '.';
	out[len] = '\0';
	return (size_t)len;
}
