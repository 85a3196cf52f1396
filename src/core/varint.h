/*
 * varint: whole numbers in as few bytes as they need: seven bits a byte, little end first, the high
 * bit set in all but the last (as in LEB128). Signed ones are folded (zigzag: 0, -1, 1, -2, …).
 */
#ifndef VENTURI_CORE_VARINT_H
#define VENTURI_CORE_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VARINT_MOST 10 /* bytes */

/* Writes at most VARINT_MOST bytes; returns how many. */
static inline size_t varint_put(unsigned char *at, uint64_t number)
{
	size_t n = 0;

	for (; number >= 0x80; number >>= 7)
		at[n++] = (unsigned char)(number | 0x80);
	at[n++] = (unsigned char)number;
	return n;
}

/* Takes a number off the bytes from *at to `end`. False if they end in it, or it is too large. */
static inline bool varint_take(const unsigned char **at, const unsigned char *end, uint64_t *number)
{
	const unsigned char *p = *at;

	*number = 0;
	for (unsigned shift = 0; p < end && shift < 64; shift += 7) {
		unsigned char byte = *p++;

		if (shift == 63 && byte > 1)
			return false;
		*number |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*at = p;
			return true;
		}
	}
	return false;
}

static inline uint64_t zigzag(int64_t number)
{
	return (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);
}

static inline int64_t unzigzag(uint64_t number)
{
	return (int64_t)(number >> 1 ^ (number & 1 ? UINT64_MAX : 0));
}

#endif
