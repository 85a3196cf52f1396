#include "io/reply.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#if HIREDIS_MAJOR >= 1
typedef size_t element_count; /* hiredis changed the type of this parameter */
#else
typedef int element_count;
#endif

/* hiredis' own functions, but the one that could be made to allocate at will is capped. */
struct replies {
	redisReader *reader;
	redisReplyObjectFunctions functions;
	void *(*create_array)(const redisReadTask *task, element_count elements);
};

static void *capped_array(const redisReadTask *task, element_count elements)
{
	const struct replies *replies = task->privdata;
	int depth = 1;

	for (const redisReadTask *outer = task->parent; outer; outer = outer->parent)
		depth++;
	if ((size_t)elements > REPLY_ELEMENTS_MOST || depth > REPLY_DEPTH_MOST)
		return NULL;
	return replies->create_array(task, elements);
}

struct replies *replies_new(void)
{
	struct replies *replies = calloc(1, sizeof *replies);

	if (!replies)
		return NULL;
	replies->reader = redisReaderCreate();
	if (!replies->reader) {
		free(replies);
		return NULL;
	}
	replies->functions = *replies->reader->fn;
	replies->create_array = replies->functions.createArray;
	replies->functions.createArray = capped_array;
	replies->reader->fn = &replies->functions;
	replies->reader->privdata = replies;
	return replies;
}

void replies_free(struct replies *replies)
{
	if (!replies)
		return;
	redisReaderFree(replies->reader);
	free(replies);
}

bool replies_feed(struct replies *replies, struct text bytes)
{
	const redisReader *reader = replies->reader;

	if (reader->len - reader->pos + bytes.len > REPLY_BYTES_MOST)
		return false;
	return redisReaderFeed(replies->reader, bytes.at, bytes.len) == REDIS_OK;
}

bool replies_next(struct replies *replies, struct reply **reply)
{
	void *found = NULL;

	*reply = NULL;
	if (redisReaderGetReply(replies->reader, &found) != REDIS_OK)
		return false;
	*reply = found;
	return true;
}

void reply_free(struct reply *reply)
{
	freeReplyObject(reply);
}

static const redisReply *inner(const struct reply *reply)
{
	return (const redisReply *)(const void *)reply;
}

enum reply_kind reply_kind(const struct reply *reply)
{
	switch (inner(reply)->type) {
	case REDIS_REPLY_STATUS:
		return REPLY_STATUS;
	case REDIS_REPLY_ERROR:
		return REPLY_ERROR;
	case REDIS_REPLY_INTEGER:
		return REPLY_NUMBER;
	case REDIS_REPLY_STRING:
		return REPLY_STRING;
	case REDIS_REPLY_ARRAY:
		return REPLY_ARRAY;
	default:
		return REPLY_NIL;
	}
}

struct text reply_text(const struct reply *reply)
{
	enum reply_kind kind = reply_kind(reply);

	if (kind != REPLY_STATUS && kind != REPLY_ERROR && kind != REPLY_STRING)
		return (struct text){NULL, 0};
	return (struct text){inner(reply)->str, (size_t)inner(reply)->len};
}

int64_t reply_number(const struct reply *reply)
{
	return reply_kind(reply) == REPLY_NUMBER ? inner(reply)->integer : 0;
}

size_t reply_count(const struct reply *reply)
{
	return reply_kind(reply) == REPLY_ARRAY ? inner(reply)->elements : 0;
}

const struct reply *reply_at(const struct reply *reply, size_t i)
{
	return (const struct reply *)(const void *)inner(reply)->element[i];
}

bool reply_is_status(const struct reply *reply, const char *status)
{
	return reply_kind(reply) == REPLY_STATUS && text_same(reply_text(reply), text_of(status));
}

bool reply_is_error(const struct reply *reply, const char *word)
{
	struct text text = reply_text(reply);
	size_t len = strlen(word);

	return reply_kind(reply) == REPLY_ERROR && text.len >= len &&
	       memcmp(text.at, word, len) == 0 && (text.len == len || text.at[len] == ' ');
}
