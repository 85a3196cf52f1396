/*
 * strings: every text that is told again and again, held once and known by a number.
 * Number 0 is the absent text. Numbers are dense, in order of arrival, and never change.
 */
#ifndef VENTURI_STRINGS_H
#define VENTURI_STRINGS_H

#include "venturi/err.h"
#include "venturi/text.h"

struct strings;

/* `seed` keys the hash (from outside: the core draws no randomness). NULL if memory is short. */
struct strings *strings_new(uint64_t seed);
void strings_free(struct strings *strings);

/* The number of the text, added if new. UINT32_MAX if memory is short. */
MUST_CHECK uint32_t strings_add(struct strings *strings, struct text text);
/* The number of the text; 0 if it is absent or not there. */
uint32_t strings_find(const struct strings *strings, struct text text);
/* Lives as long as the strings do. */
struct text strings_text(const struct strings *strings, uint32_t number);
/* The number of the text with A to Z in lower case, added if new; UINT32_MAX if memory is short. */
MUST_CHECK uint32_t strings_lower(struct strings *strings, uint32_t number);
/* How many there are: numbers are below it. */
uint32_t strings_count(const struct strings *strings);
size_t strings_bytes(const struct strings *strings);

#endif
