/* decode_fixture: one decoder for the tests of decode(), and short words for what comes out. */
#ifndef VENTURI_TESTS_DECODE_FIXTURE_H
#define VENTURI_TESTS_DECODE_FIXTURE_H

#include "venturi/decode.h"

#define SIZE_MOST ((size_t)64 * 1024)

struct decoder *fixture_decoder(void);
void fixture_end(void);

/*
 * Decodes a copy that ends where the memory ends, so that the sanitizer sees a read beyond it. The
 * result lives until the next one.
 */
const struct decoded *decoded(struct text value, const struct header *headers, size_t n_headers);
/* The same without headers; the events are written with ' for ", which they therefore don't hold.
 */
const struct decoded *decoded_line(const char *line);
/* With ' made ". To be freed. */
char *quoted(const char *line);

/* The one fact that a line becomes; the test fails if it becomes anything else. */
const struct fact *fact_of(const char *line);

/* Fails unless the line is rejected for that reason, with a word of why. */
void assert_rejected(enum reject reason, const char *line);
void assert_why(const char *part);

/* All but the subject and the times: "to=Doing labels=a labels=b value_points=2500000". */
const char *fields_of(const struct fact *fact);
void assert_text(struct text text, const char *expected);

#endif
