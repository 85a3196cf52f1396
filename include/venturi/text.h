/*
 * text: a run of bytes that somebody else owns. Not terminated by NUL; may hold any byte.
 * A text of length 0 is an absent text: `at` may then be NULL.
 */
#ifndef VENTURI_TEXT_H
#define VENTURI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	const char *at;
	size_t len;
};

/* The text of a string literal. */
#define TEXT(literal) ((struct text){"" literal, sizeof(literal) - 1})

/* The text of a NUL-terminated string; NULL gives an absent text. */
struct text text_of(const char *string);

bool text_same(struct text a, struct text b);

/*
 * Equal but for the letters A to Z, as the contract's "any case" has it; other bytes as they are.
 */
bool text_same_any_case(struct text a, struct text b);

/* As bytes, shorter first where one begins the other: negative, 0 or positive. */
int text_compare(struct text a, struct text b);

#endif
