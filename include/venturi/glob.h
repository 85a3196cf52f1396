/*
 * glob: `*` any run of characters, `/` too; `?` one character (of UTF-8); letters A to Z in any
 * case.
 */
#ifndef VENTURI_GLOB_H
#define VENTURI_GLOB_H

#include "venturi/text.h"

bool glob_match(struct text pattern, struct text subject);
bool glob_has_wildcard(struct text pattern);
/* Literal characters (of UTF-8), for "the more specific": those that are neither * nor ?. */
size_t glob_literals(struct text pattern);

#endif
