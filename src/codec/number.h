/* number: the text of a JSON number as an integer of 1e-6, from its digits, without a double. */
#ifndef VENTURI_CODEC_NUMBER_H
#define VENTURI_CODEC_NUMBER_H

#include "venturi/err.h"
#include "venturi/text.h"

/*
 * More digits are rounded, half away from zero. False if it is then beyond ±NUMBER_MOST.
 * Precondition: the text is a number by the grammar of JSON.
 */
MUST_CHECK bool number_millionths(struct text number, int64_t *millionths);

/* An integer without fraction and exponent. False if it is none, or does not fit. */
MUST_CHECK bool number_integer(struct text number, int64_t *integer);

/* Whether it is written without fraction and exponent. Precondition: as above. */
bool number_is_integer(struct text number);

/* Room for any integer of 1e-6 as decimal text, with its sign and NUL. */
#define MILLIONTHS_TEXT 24
/* Writes it without loss and without needless zeros: 2.5, -0.000001, 12. Returns the length. */
size_t number_text(int64_t millionths, char out[MILLIONTHS_TEXT]);

#endif
