/*
 * block: what the writer and the reader of packed blocks have in common. docs/state-format.md
 * describes the format byte by byte.
 */
#ifndef VENTURI_CODEC_BLOCK_H
#define VENTURI_CODEC_BLOCK_H

#include "venturi/pack.h"

#define BLOCK_MAGIC "VNTR"
#define BLOCK_MAGIC_LEN 4
#define BLOCK_CHECKSUM_LEN 8 /* XXH64, seed 0, little end first */

/* The first byte of a fact: the kind, and flags. */
#define FACT_KIND_BITS 0x1f
#define FACT_HAS_SEQUENCE 0x20
#define FACT_HAS_SUBJECT_SOURCE 0x40 /* one that is not its source */
#define FACT_IS_RELEASE 0x80         /* of a product, not of a service */

/* In the number before an id: its length twice, or this one for a UUID in 16 bytes. */
#define ID_IS_UUID 1
#define UUID_LEN 16
#define UUID_TEXT_LEN 36

_Static_assert(FACT_KINDS <= FACT_KIND_BITS + 1, "a kind fits into its bits");

static inline void put_le64(unsigned char at[8], uint64_t number)
{
	for (int i = 0; i < 8; i++)
		at[i] = (unsigned char)(number >> 8 * i);
}

static inline uint64_t get_le64(const unsigned char at[8])
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number |= (uint64_t)at[i] << 8 * i;
	return number;
}

/* Where the hyphens of a UUID stand in its text. */
static inline bool uuid_hyphen(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

/* The generation's strings that were read: their numbers go from 1 to below the count. */
uint32_t unpacker_strings(const struct unpacker *unpacker);
struct text unpacker_string(const struct unpacker *unpacker, uint32_t number);

#endif
