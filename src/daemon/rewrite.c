#include "daemon/keeper_inner.h"
#include "daemon/log.h"

#include <inttypes.h>
#include <stdlib.h>

#define SLICE_BYTES ((size_t)256 << 10)

/* How far the memory has been packed: facts that come meanwhile are packed as they come. */
struct rewrite {
	uint64_t generation;
	uint32_t subject; /* the first that is not wholly packed */
	uint32_t record;  /* its first that is not packed */
};

bool rewrite_begin(struct keeper *keeper, uint64_t generation)
{
	struct rewrite *rewrite = calloc(1, sizeof *rewrite);
	struct packer *packer = packer_new(store_strings(keeper->store));

	if (!rewrite || !packer) {
		free(rewrite);
		packer_free(packer);
		return false;
	}
	rewrite->generation = generation;
	packer_free(keeper->packer);
	keeper->packer = packer;
	keeper->list = 1;
	keeper->list_blocks = 0;
	keeper->list_bytes = 0;
	keeper->rewrite = rewrite;
	positions_all_unsent(&keeper->positions);
	log_info("event=writing_generation generation=%" PRIu64 " facts=%" PRIu64, generation,
		 store_facts(keeper->store));
	return true;
}

void rewrite_free(struct rewrite *rewrite)
{
	free(rewrite);
}

/* False when the slice is full, or memory is short: the next one goes on here. */
static bool pack_subject(struct keeper *keeper, const struct subject *subject)
{
	struct rewrite *rewrite = keeper->rewrite;

	for (; rewrite->record < subject->n; rewrite->record++)
		if (packer_size(keeper->packer) >= SLICE_BYTES ||
		    !packer_fact(keeper->packer, subject, subject->records[rewrite->record]))
			return false;
	rewrite->record = 0;
	rewrite->subject++;
	return true;
}

void rewrite_slice(struct keeper *keeper)
{
	struct rewrite *rewrite = keeper->rewrite;

	while (rewrite->subject < store_subjects(keeper->store))
		if (!pack_subject(keeper, store_subject(keeper->store, rewrite->subject)))
			return;
}

void rewrite_disturbed(struct rewrite *rewrite)
{
	rewrite->record = 0;
}

bool rewrite_is_last(const struct keeper *keeper)
{
	return keeper->rewrite->subject >= store_subjects(keeper->store);
}

uint64_t rewrite_generation(const struct rewrite *rewrite)
{
	return rewrite->generation;
}
