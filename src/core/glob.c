#include "venturi/glob.h"

/*
 * The length of the character of UTF-8 at i. A byte that begins none counts as one, so that any
 * bytes have characters.
 */
static size_t character(struct text text, size_t i)
{
	unsigned char first = (unsigned char)text.at[i];
	size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;

	if (first >= 0xf8 || i + len > text.len)
		return 1;
	for (size_t k = 1; k < len; k++)
		if (((unsigned char)text.at[i + k] & 0xc0) != 0x80)
			return 1;
	return len;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Only the last `*` needs to be tried longer: what is before it is matched as early as can be. */
bool glob_match(struct text pattern, struct text subject)
{
	size_t p = 0, s = 0;
	bool starred = false;
	size_t star_p = 0, star_s = 0;

	while (s < subject.len || p < pattern.len) {
		if (p < pattern.len && pattern.at[p] == '*') {
			starred = true;
			star_p = ++p;
			star_s = s;
		} else if (p < pattern.len && s < subject.len && pattern.at[p] == '?') {
			p++;
			s += character(subject, s);
		} else if (p < pattern.len && s < subject.len &&
			   lower(pattern.at[p]) == lower(subject.at[s])) {
			p++;
			s++;
		} else if (starred && star_s < subject.len) {
			star_s += character(subject, star_s);
			p = star_p;
			s = star_s;
		} else {
			return false;
		}
	}
	return true;
}

static bool wildcard(char c)
{
	return c == '*' || c == '?';
}

bool glob_has_wildcard(struct text pattern)
{
	for (size_t i = 0; i < pattern.len; i++)
		if (wildcard(pattern.at[i]))
			return true;
	return false;
}

size_t glob_literals(struct text pattern)
{
	size_t n = 0;

	for (size_t i = 0; i < pattern.len; i += character(pattern, i))
		n += !wildcard(pattern.at[i]);
	return n;
}
