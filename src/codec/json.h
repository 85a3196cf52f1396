/*
 * json: one JSON document of a record, read strictly (RFC 8259, UTF-8), without allocation: all of
 * it lies in memory taken once. Numbers stay text, so that no digit is lost. No object has a key
 * twice, and nothing nests deeper than JSON_DEPTH_MOST.
 */
#ifndef VENTURI_CODEC_JSON_H
#define VENTURI_CODEC_JSON_H

#include "venturi/err.h"
#include "venturi/text.h"

#include <yyjson.h>

#define JSON_DEPTH_MOST 128

struct json {
	char *pool; /* the document: a bump allocator, emptied at each read */
	size_t pool_size, pool_used;
	size_t last;       /* where the last allocation begins: only that one may grow in place */
	yyjson_val **keys; /* of an object with many keys, to sort them */
	size_t keys_room;
};

/* Room for documents of up to `longest` bytes. False if memory is short. */
MUST_CHECK bool json_init(struct json *json, size_t longest);
void json_clear(struct json *json);

/*
 * The root value; lives until the next read. NULL if it is no good, with *why static and *position
 * the byte where reading stopped (SIZE_MAX where there is no single one).
 */
yyjson_val *json_read(struct json *json, struct text bytes, const char **why, size_t *position);

/* The text of a string or of a number. Precondition: it is one. */
static inline struct text json_text(yyjson_val *value)
{
	return (struct text){unsafe_yyjson_get_str(value), unsafe_yyjson_get_len(value)};
}

/* Not there, null or "". */
static inline bool json_absent(yyjson_val *value)
{
	return !value || unsafe_yyjson_is_null(value) ||
	       (unsafe_yyjson_is_str(value) && unsafe_yyjson_get_len(value) == 0);
}

#endif
