#include "codec/fence.h"

#include <inttypes.h>
#include <stdio.h>

struct text fence_text(const struct fence *fence, char buffer[FENCE_TEXT_MOST])
{
	int len = snprintf(buffer, FENCE_TEXT_MOST,
			   "%" PRIu64 ":%" PRIu64 ":%" PRIu64 ":%016" PRIx64, fence->epoch,
			   fence->sequence, fence->generation, fence->nonce);

	return (struct text){buffer, (size_t)len};
}

/* Digits up to `end` (a colon), or to the end of the text; steps over them and over the colon. */
static bool take_number(struct text *text, unsigned radix, bool last, uint64_t *number)
{
	size_t i = 0;

	for (*number = 0; i < text->len && text->at[i] != ':'; i++) {
		char c = text->at[i];
		unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0')
			       : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
						      : 16;

		if (digit >= radix || *number > (UINT64_MAX - digit) / radix)
			return false;
		*number = *number * radix + digit;
	}
	if (i == 0 || (i == text->len) != last)
		return false;
	text->at += last ? i : i + 1;
	text->len -= last ? i : i + 1;
	return true;
}

bool fence_parse(struct text text, struct fence *fence)
{
	return take_number(&text, 10, false, &fence->epoch) &&
	       take_number(&text, 10, false, &fence->sequence) &&
	       take_number(&text, 10, false, &fence->generation) &&
	       take_number(&text, 16, true, &fence->nonce);
}

bool fence_same(const struct fence *a, const struct fence *b)
{
	return a->epoch == b->epoch && a->sequence == b->sequence &&
	       a->generation == b->generation && a->nonce == b->nonce;
}

enum verdict fence_judge(const struct fence *before, const struct fence *sent,
			 const struct fence *seen)
{
	if (!seen)
		return VERDICT_LOST;
	if (fence_same(seen, sent))
		return VERDICT_APPLIED;
	if (fence_same(seen, before))
		return VERDICT_NOT_APPLIED;
	/* Epochs only grow: one above ours was made from ours, or from one that was. */
	if (seen->epoch > sent->epoch)
		return VERDICT_DEPOSED;
	return VERDICT_LOST;
}
