/*
 * fence: the one small value in Redis that says who may write: `epoch:sequence:generation:nonce`.
 * Each transaction watches it, and moves it: its sequence goes up by one, or it is not executed.
 */
#ifndef VENTURI_CODEC_FENCE_H
#define VENTURI_CODEC_FENCE_H

#include "venturi/err.h"
#include "venturi/text.h"

/* Generation 0: none has been chosen; whatever logs there are make up the state. */
struct fence {
	uint64_t epoch;      /* one more at each take-over */
	uint64_t sequence;   /* one more at each transaction; names it */
	uint64_t generation; /* of the log that is the state */
	uint64_t nonce;      /* random, drawn at each take-over */
};

#define FENCE_TEXT_MOST 80

/* The nonce in 16 hexadecimal digits, the rest in decimal. `buffer` holds the text. */
struct text fence_text(const struct fence *fence, char buffer[FENCE_TEXT_MOST]);
MUST_CHECK bool fence_parse(struct text text, struct fence *fence);
bool fence_same(const struct fence *a, const struct fence *b);

/* What became of a transaction of ours, as the fence that is seen afterwards tells. */
enum verdict {
	VERDICT_APPLIED,     /* it was executed, whole */
	VERDICT_NOT_APPLIED, /* not (yet): send the same bytes again */
	VERDICT_DEPOSED,     /* someone else is active */
	VERDICT_LOST         /* Redis lost writes: restore */
};

/*
 * `before` is what we watched, `sent` what the transaction sets (the same but for its sequence,
 * and for the generation in a switch), `seen` what is there now; NULL: no fence, or none that can
 * be read.
 */
enum verdict fence_judge(const struct fence *before, const struct fence *sent,
			 const struct fence *seen);

#endif
