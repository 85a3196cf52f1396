/*
 * pack: facts at rest to the bytes of a block of the log in Redis, and back.
 *
 *   block: magic, format, sequence | strings (texts in the order of their numbers in this
 *   generation)
 *          | facts | positions (topic, partition, next offset, fingerprint) | checksum
 *
 * Strings are numbered anew in each generation, in order of first use, across its blocks; a block
 * can be read when all before it in its generation have been. All numbers are varints, little end
 * first. The format is described byte by byte in docs/state-format.md.
 */
#ifndef VENTURI_PACK_H
#define VENTURI_PACK_H

#include "venturi/store.h"

#define PACK_FORMAT 1

/*
 * What tells whether a partition's log is still the one we read: its last record below the offset.
 */
struct fingerprint {
	int64_t offset; /* -1: none */
	int64_t timestamp;
	uint32_t key_size, value_size;
	uint64_t hash; /* of key and value */
};

struct position {
	struct text topic;
	int32_t partition;
	int64_t next; /* the offset up to which (excluded) the log of facts is complete */
	struct fingerprint last;
};

struct packer; /* writes one generation */

/* `strings` are those of the store whose records will be packed. NULL if memory is short. */
struct packer *packer_new(const struct strings *strings);
void packer_free(struct packer *packer);

/* Add to the block that is being made. False if memory is short: nothing was added. */
MUST_CHECK bool packer_fact(struct packer *packer, const struct subject *subject,
			    const struct record *record);
MUST_CHECK bool packer_position(struct packer *packer, const struct position *position);
/* Bytes of the block so far; 0 when nothing was added since the last packer_block(). */
size_t packer_size(const struct packer *packer);
uint32_t packer_facts(const struct packer *packer);
/*
 * Ends the block with its sequence; its bytes live until something is added again. An absent text
 * if memory is short (nothing changed; try again).
 */
struct text packer_block(struct packer *packer, uint64_t sequence);

/* While loading: reads the blocks of one generation in order. */
struct unpacker;
struct unpacker *unpacker_new(void);
void unpacker_free(struct unpacker *unpacker);

/*
 * Reads one block. Facts and positions are told in order; their texts live during the call. Where a
 * partition's position is told again, the last one holds. False with `err` filled: damaged (65), a
 * format that this version doesn't know (78), memory is short, or `each` said false (75). What was
 * told before a damage was found was told; the unpacker is as it was before the block.
 */
typedef bool unpack_fact_fn(void *arg, const struct fact *fact);
typedef bool unpack_position_fn(void *arg, const struct position *position);
MUST_CHECK bool unpack_block(struct unpacker *unpacker, struct text block, uint64_t *sequence,
			     unpack_fact_fn *each_fact, unpack_position_fn *each_position,
			     void *arg, struct err *err);

/*
 * A packer that goes on with the generation that the unpacker has read: both number its strings
 * alike. Texts that were read and that `strings` lacks are added. NULL if memory is short.
 */
struct packer *packer_continue(const struct unpacker *unpacker, struct strings *strings);

#endif
