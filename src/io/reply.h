/*
 * reply: what Redis answers, read from its bytes by hiredis' parser, which is capped: a peer that
 * has gone mad costs no more than REPLY_BYTES_MOST. Knows no socket.
 */
#ifndef VENTURI_IO_REPLY_H
#define VENTURI_IO_REPLY_H

#include "venturi/err.h"
#include "venturi/text.h"

#define REPLY_BYTES_MOST ((size_t)256 << 20)
#define REPLY_ELEMENTS_MOST ((size_t)1 << 20)
#define REPLY_DEPTH_MOST 4 /* arrays in arrays; EXEC's reply has two levels */

enum reply_kind {
	REPLY_NIL,
	REPLY_STATUS, /* "OK", "QUEUED" */
	REPLY_ERROR,
	REPLY_NUMBER,
	REPLY_STRING,
	REPLY_ARRAY
};

struct reply;

enum reply_kind reply_kind(const struct reply *reply);
/* Of a status, an error or a string; absent of any other. */
struct text reply_text(const struct reply *reply);
/* Of a number; 0 of any other. */
int64_t reply_number(const struct reply *reply);
/* How many elements; 0 of all but arrays. */
size_t reply_count(const struct reply *reply);
/* Precondition: i < reply_count(). */
const struct reply *reply_at(const struct reply *reply, size_t i);

bool reply_is_status(const struct reply *reply, const char *status);
/* An error that begins with that word: "WRONGTYPE", "LOADING". */
bool reply_is_error(const struct reply *reply, const char *word);

struct replies;

struct replies *replies_new(void);
void replies_free(struct replies *replies);
/* False if memory is short or the bytes are no RESP: the connection is of no more use. */
MUST_CHECK bool replies_feed(struct replies *replies, struct text bytes);
/*
 * The next complete reply into *reply (free it with reply_free()), or NULL if more bytes are
 * needed. False as above.
 */
MUST_CHECK bool replies_next(struct replies *replies, struct reply **reply);
void reply_free(struct reply *reply);

#endif
