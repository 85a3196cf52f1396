#include "daemon/keeper_inner.h"
#include "daemon/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>

#define SLICE_BYTES ((size_t)1 << 20) /* about what one LRANGE brings, and is read at one go */
#define SLICE_BLOCKS_MOST 1024

/* Where it stands: list `at` of the take-over's lists, from block `from` on. */
struct loader {
	size_t at;
	int64_t from;
	int64_t asked;         /* blocks of the LRANGE that runs */
	int64_t count;         /* of the next one */
	uint64_t only;         /* the generation that is read; 0 = all */
	uint64_t generation;   /* of `unpacker`; 0 = none yet */
	uint64_t last_list;
	struct unpacker *unpacker;
	struct positions positions;
};

static void ask(struct keeper *keeper);

bool loader_begin(struct keeper *keeper, uint64_t generation)
{
	struct loader *loader = calloc(1, sizeof *loader);

	if (!loader)
		return false;
	loader->only = generation;
	loader->count = 8;
	keeper->loader = loader;
	keeper->loaded_facts = 0;
	keeper->loaded_blocks = 0;
	ask(keeper);
	return true;
}

void loader_free(struct loader *loader)
{
	if (!loader)
		return;
	unpacker_free(loader->unpacker);
	positions_free(&loader->positions);
	free(loader);
}

struct packer *loader_packer(const struct keeper *keeper)
{
	if (!keeper->loader->unpacker)
		return packer_new(store_strings(keeper->store));
	return packer_continue(keeper->loader->unpacker, store_strings(keeper->store));
}

uint64_t loader_last_list(const struct loader *loader)
{
	return loader->last_list;
}

const struct positions *loader_positions(const struct loader *loader)
{
	return &loader->positions;
}

/* ---- What a block tells ---- */

static bool on_fact(void *arg, const struct fact *fact)
{
	struct keeper *keeper = arg;
	uint32_t subject;

	switch (store_add(keeper->store, fact, &subject, NULL)) {
	case STORE_ADDED:
	case STORE_CONFLICT_TAKEN:
		keeper->loaded_facts++;
		if (keeper->role == ROLE_RESTORING && keeper->hooks.found)
			keeper->hooks.found(keeper->hooks.arg, subject);
		return true;
	case STORE_NO_MEMORY:
		return false;
	case STORE_OVER_LIMIT:
		log_error("event=fact_over_limit what=\"the log has more subjects or texts than "
			  "the configuration allows\"");
		return true;
	default:
		return true;
	}
}

static bool on_position(void *arg, const struct position *position)
{
	struct keeper *keeper = arg;

	/* Within a log the last block counts, also if it goes back: an operator had it skipped. */
	return positions_set(&keeper->loader->positions, position);
}

static bool read_block(struct keeper *keeper, const struct reply *reply, struct err *err)
{
	struct loader *loader = keeper->loader;
	uint64_t sequence;

	if (reply_kind(reply) != REPLY_STRING)
		return err_set(err, EX_DATAERR, "a block that is no string");
	keeper->loaded_blocks++;
	*err = (struct err){0};
	if (unpack_block(loader->unpacker, reply_text(reply), &sequence, on_fact, on_position,
			 keeper, err))
		return true;
	if (err->code == 0)
		err_set(err, EX_TEMPFAIL, "memory is short");
	return false;
}

/* ---- From list to list ---- */

/* Steps over lists of generations that are not read, to the next one that is. */
static bool skip_others(const struct keeper *keeper)
{
	struct loader *loader = keeper->loader;

	while (loader->at < keeper->n_lists && loader->only &&
	       keeper->lists[loader->at].generation != loader->only)
		loader->at++;
	return loader->at < keeper->n_lists;
}

static void skip_generation(struct keeper *keeper)
{
	struct loader *loader = keeper->loader;

	while (loader->at < keeper->n_lists &&
	       keeper->lists[loader->at].generation == loader->generation)
		loader->at++;
	loader->from = 0;
}

static bool enter_generation(struct loader *loader, uint64_t generation)
{
	if (loader->generation == generation)
		return true;
	unpacker_free(loader->unpacker);
	loader->unpacker = unpacker_new();
	loader->generation = generation;
	loader->last_list = 0;
	return loader->unpacker != NULL;
}

/*
 * This generation cannot be read further. Where memory or other generations may make up for it, it
 * is left, loudly; else going on would be to forget facts in silence.
 */
static void trouble(struct keeper *keeper, struct err *err)
{
	struct loader *loader = keeper->loader;
	bool forgiven = err->code == EX_DATAERR &&
			(keeper->role == ROLE_RESTORING || loader->only == 0);
	struct err full;

	err_set(&full, err->code, "%.64sstate:log:%" PRIu64 ":%" PRIu64 ": %.300s", keeper->prefix,
		loader->generation, loader->at < keeper->n_lists ? keeper->lists[loader->at].n : 0,
		err->message);
	if (!forgiven) {
		takeover_loaded(keeper, &full);
		return;
	}
	log_error("event=log_left_unread why=\"%s\"", full.message);
	skip_generation(keeper);
	ask(keeper);
}

/* Block by block; false when it is over with this generation (trouble() was called). */
static bool read_blocks(struct keeper *keeper, const struct reply *reply)
{
	struct err err;
	size_t bytes = 0;

	for (size_t i = 0; i < reply_count(reply); i++) {
		if (!read_block(keeper, reply_at(reply, i), &err)) {
			trouble(keeper, &err);
			return false;
		}
		bytes += reply_text(reply_at(reply, i)).len;
	}
	if (reply_count(reply)) {
		size_t each = bytes / reply_count(reply) + 1;
		size_t count = SLICE_BYTES / each + 1;

		keeper->loader->count = count < SLICE_BLOCKS_MOST ? (int64_t)count
								  : SLICE_BLOCKS_MOST;
	}
	return true;
}

static void on_range(void *arg, uint32_t i, const struct reply *reply)
{
	struct keeper *keeper = arg;
	struct loader *loader = keeper->loader;

	(void)i;
	if (!reply || !loader)
		return;
	if (reply_kind(reply) != REPLY_ARRAY) {
		struct text why = reply_text(reply);
		struct err err;

		err_set(&err, reply_is_error(reply, "WRONGTYPE") ? EX_DATAERR : EX_TEMPFAIL,
			"%.*s", (int)why.len, why.at);
		trouble(keeper, &err);
		return;
	}
	if (!read_blocks(keeper, reply))
		return;
	loader->from += (int64_t)reply_count(reply);
	if ((int64_t)reply_count(reply) < loader->asked) {
		loader->at++;
		loader->from = 0;
	}
	ask(keeper);
}

static void ask(struct keeper *keeper)
{
	struct loader *loader = keeper->loader;
	struct commands *commands = &keeper->scratch;
	char key[KEY_MOST];
	struct err err;

	if (!skip_others(keeper)) {
		takeover_loaded(keeper, NULL);
		return;
	}
	struct log_list list = keeper->lists[loader->at];

	if (!enter_generation(loader, list.generation)) {
		err_set(&err, EX_TEMPFAIL, "memory is short");
		takeover_loaded(keeper, &err);
		return;
	}
	if (loader->from == 0 && list.n != loader->last_list + 1) {
		err_set(&err, EX_DATAERR, "the list before it is missing");
		trouble(keeper, &err);
		return;
	}
	loader->last_list = list.n;
	loader->asked = loader->count;
	keeper_log_key(keeper, key, list);
	commands_clear(commands);
	commands_begin(commands, 4);
	commands_arg(commands, TEXT("LRANGE"));
	commands_arg(commands, text_of(key));
	commands_arg_number(commands, loader->from);
	commands_arg_number(commands, loader->from + loader->asked - 1);
	if (!keeper_send(keeper, commands, on_range))
		keeper_drop(keeper, "a request cannot be sent");
}
