#include "codec/json.h"

#include <stdlib.h>
#include <string.h>

#define FEW_KEYS 64

bool json_init(struct json *json, size_t longest)
{
	*json = (struct json){
		.pool_size = yyjson_read_max_memory_usage(longest, YYJSON_READ_NUMBER_AS_RAW),
		.keys_room = longest / 4 + 1, /* a key and its value take at least "":1, */
	};
	json->pool = malloc(json->pool_size);
	json->keys = malloc(json->keys_room * sizeof *json->keys);
	if (json->pool && json->keys)
		return true;
	json_clear(json);
	return false;
}

void json_clear(struct json *json)
{
	free(json->pool);
	free(json->keys);
	*json = (struct json){0};
}

static void *pool_malloc(void *context, size_t size)
{
	struct json *json = context;
	size_t at = (json->pool_used + 15) & ~(size_t)15;

	if (at > json->pool_size || size > json->pool_size - at)
		return NULL;
	json->last = at;
	json->pool_used = at + size;
	return json->pool + at;
}

static void *pool_realloc(void *context, void *old, size_t old_size, size_t size)
{
	struct json *json = context;

	if (old != json->pool + json->last) {
		void *moved = pool_malloc(context, size);

		if (moved)
			memcpy(moved, old, old_size < size ? old_size : size);
		return moved;
	}
	if (size > json->pool_size - json->last)
		return NULL;
	json->pool_used = json->last + size;
	return old;
}

static void pool_free(void *context, void *memory)
{
	(void)context;
	(void)memory;
}

/* By length and bytes: the tags tell besides which of them was written with escapes. */
static bool key_same(yyjson_val *a, yyjson_val *b)
{
	size_t len = unsafe_yyjson_get_len(a);

	return len == unsafe_yyjson_get_len(b) && memcmp(a->uni.str, b->uni.str, len) == 0;
}

/* A set of few keys: one bit each, and a closer look only where a bit is taken. */
static uint64_t key_bit(yyjson_val *key)
{
	size_t len = unsafe_yyjson_get_len(key);
	const unsigned char *at = (const unsigned char *)key->uni.str;
	unsigned hash = len ? (unsigned)len * 3u + at[0] * 7u + at[len / 2] * 11u + at[len - 1] : 0;

	return UINT64_C(1) << (hash & 63);
}

static bool key_is_before(yyjson_val *object, yyjson_val *key)
{
	yyjson_val *other = unsafe_yyjson_get_first(object);

	while (other != key) {
		if (key_same(other, key))
			return true;
		other = unsafe_yyjson_get_next(other + 1);
	}
	return false;
}

static int key_order(const void *a, const void *b)
{
	yyjson_val *x = *(yyjson_val *const *)a, *y = *(yyjson_val *const *)b;
	size_t x_len = unsafe_yyjson_get_len(x), y_len = unsafe_yyjson_get_len(y);

	if (x_len != y_len)
		return x_len < y_len ? -1 : 1;
	return memcmp(x->uni.str, y->uni.str, x_len);
}

/* An object with many keys: sorted, so that no choice of keys makes it slow. */
static bool keys_differ(struct json *json, yyjson_val *object)
{
	size_t n = unsafe_yyjson_get_len(object);
	yyjson_val *key = unsafe_yyjson_get_first(object);

	for (size_t i = 0; i < n; i++) {
		json->keys[i] = key;
		key = unsafe_yyjson_get_next(key + 1);
	}
	qsort(json->keys, n, sizeof *json->keys, key_order);
	for (size_t i = 1; i < n; i++)
		if (key_same(json->keys[i - 1], json->keys[i]))
			return false;
	return true;
}

static const char *check_value(struct json *json, yyjson_val *value, unsigned depth);

static const char *check_object(struct json *json, yyjson_val *object, unsigned depth)
{
	size_t n = unsafe_yyjson_get_len(object);
	yyjson_val *key = unsafe_yyjson_get_first(object);
	uint64_t seen = 0;

	if (n > FEW_KEYS && !keys_differ(json, object))
		return "a key twice in one object";
	for (size_t i = 0; i < n; i++) {
		uint64_t bit = n > FEW_KEYS ? 0 : key_bit(key);

		if ((seen & bit) && key_is_before(object, key))
			return "a key twice in one object";
		seen |= bit;
		if (unsafe_yyjson_is_ctn(key + 1)) {
			const char *why = check_value(json, key + 1, depth + 1);

			if (why)
				return why;
		}
		key = unsafe_yyjson_get_next(key + 1);
	}
	return NULL;
}

/* NULL if all is well. Recursion ends at JSON_DEPTH_MOST. */
static const char *check_value(struct json *json, yyjson_val *value, unsigned depth)
{
	if (depth > JSON_DEPTH_MOST)
		return "nested too deep";
	if (unsafe_yyjson_is_obj(value))
		return check_object(json, value, depth);
	yyjson_val *element = unsafe_yyjson_get_first(value);
	for (size_t n = unsafe_yyjson_get_len(value); n > 0; n--) {
		if (unsafe_yyjson_is_ctn(element)) {
			const char *why = check_value(json, element, depth + 1);

			if (why)
				return why;
		}
		element = unsafe_yyjson_get_next(element);
	}
	return NULL;
}

yyjson_val *json_read(struct json *json, struct text bytes, const char **why, size_t *position)
{
	yyjson_alc pool = {pool_malloc, pool_realloc, pool_free, json};
	yyjson_read_err err;

	json->pool_used = json->last = 0;
	/* Without YYJSON_READ_INSITU the bytes are only read. */
	yyjson_doc *doc = yyjson_read_opts((char *)bytes.at, bytes.len, YYJSON_READ_NUMBER_AS_RAW,
					   &pool, &err);
	if (!doc) {
		*why = err.msg;
		*position = err.pos;
		return NULL;
	}
	yyjson_val *root = yyjson_doc_get_root(doc);
	*position = SIZE_MAX;
	*why = unsafe_yyjson_is_ctn(root) ? check_value(json, root, 1) : NULL;
	return *why ? NULL : root;
}
