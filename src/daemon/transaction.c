/*
 * transaction: the one write.
 *
 *   MULTI  RPUSH log  SET fence  LTRIM, UNLINK  what is published  EXEC   WATCH fence  GET fence
 *   i = 0  1          2          3 …                               n + 1  n + 2        n + 3
 *
 * It is judged when the GET's reply is in. Its bytes are kept, unchanged, until its outcome is
 * known: a sequence number is never used for two contents.
 */
#include "daemon/keeper_inner.h"
#include "daemon/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MS 1000 /* until a transaction that Redis would not take is sent again */

static void judge(struct keeper *keeper, const struct reply *got);

void transaction_free(struct transaction *transaction)
{
	commands_free(&transaction->bytes);
	free(transaction->failed);
	*transaction = (struct transaction){0};
}

static void reset(struct transaction *transaction)
{
	struct transaction blank = {
		.bytes = transaction->bytes,
		.failed = transaction->failed,
		.room_failed = transaction->room_failed,
	};

	commands_clear(&blank.bytes);
	*transaction = blank;
}

/* What publish() appended is not known to be there. */
static void tell_unpublished(struct keeper *keeper)
{
	struct transaction *transaction = &keeper->transaction;

	if (transaction->asked)
		keeper->hooks.published(keeper->hooks.arg, false, NULL, 0);
	transaction->asked = false;
}

void transaction_forget(struct keeper *keeper)
{
	tell_unpublished(keeper);
	reset(&keeper->transaction);
}

/* ---- Building ---- */

static void put_block(struct keeper *keeper, struct text block)
{
	struct transaction *transaction = &keeper->transaction;
	struct commands *bytes = &transaction->bytes;
	uint64_t generation =
		keeper->rewrite ? rewrite_generation(keeper->rewrite) : keeper->fence.generation;

	if (keeper->list_blocks >= LIST_BLOCKS_MOST || keeper->list_bytes >= LIST_BYTES_MOST) {
		keeper->list++;
		keeper->list_blocks = 0;
		keeper->list_bytes = 0;
	}
	keeper->list_blocks++;
	keeper->list_bytes += block.len;
	keeper_log_key(keeper, transaction->block_key, (struct log_list){generation, keeper->list});
	commands_begin(bytes, 3);
	commands_arg(bytes, TEXT("RPUSH"));
	commands_arg(bytes, text_of(transaction->block_key));
	commands_arg(bytes, block);
	transaction->block_at = bytes->len - block.len - 2;
	transaction->block_len = block.len;
}

static void put_removals(struct keeper *keeper)
{
	struct transaction *transaction = &keeper->transaction;
	struct commands *bytes = &transaction->bytes;
	char key[KEY_MOST];

	transaction->requests = keeper->requests;
	if (transaction->requests) {
		commands_begin(bytes, 4);
		commands_arg(bytes, TEXT("LTRIM"));
		commands_arg(bytes, text_of(keeper->requests_key));
		commands_arg_number(bytes, transaction->requests);
		commands_arg_number(bytes, -1);
	}
	/* Here, behind the fence, since a successor may use these numbers again. */
	transaction->unlinks = keeper->role != ROLE_ACTIVE       ? 0
			       : keeper->n_old > UNLINKS_MOST ? UNLINKS_MOST
							      : keeper->n_old;
	if (transaction->unlinks == 0)
		return;
	commands_begin(bytes, 1 + transaction->unlinks);
	commands_arg(bytes, TEXT("UNLINK"));
	for (size_t i = 0; i < transaction->unlinks; i++) {
		keeper_log_key(keeper, key, keeper->old[keeper->n_old - 1 - i]);
		commands_arg(bytes, text_of(key));
	}
}

static void put_publication(struct keeper *keeper)
{
	struct transaction *transaction = &keeper->transaction;
	struct commands *bytes = &transaction->bytes;
	uint32_t before = bytes->n;

	transaction->first_public = before - 1;
	keeper->more = false;
	if (keeper->role != ROLE_ACTIVE)
		return;
	keeper->dirty = false;
	bytes->fields = 0;
	transaction->asked = true;
	keeper->more = keeper->hooks.publish(keeper->hooks.arg, bytes, transaction->sent.sequence,
					     KEEPER_BUDGET);
	transaction->n_public = bytes->n - before;
}

/* All bytes but the block are made; false if memory was short. */
static bool build(struct keeper *keeper, struct text block)
{
	struct transaction *transaction = &keeper->transaction;
	struct commands *bytes = &transaction->bytes;
	char fence[FENCE_TEXT_MOST];

	commands_line(bytes, "MULTI", NULL);
	if (block.len)
		put_block(keeper, block);
	fence_text(&transaction->sent, fence);
	commands_line(bytes, "SET", keeper->fence_key, fence, NULL);
	transaction->n_fenced = bytes->n - 1;
	put_removals(keeper);
	put_publication(keeper);
	transaction->n_commands = bytes->n - 1;
	commands_line(bytes, "EXEC", NULL);
	commands_line(bytes, "WATCH", keeper->fence_key, NULL);
	commands_line(bytes, "GET", keeper->fence_key, NULL);
	return !bytes->failed;
}

/* The facts, and the positions once all facts before them are in; false if memory is short. */
static bool take_block(struct keeper *keeper, struct text *block)
{
	struct transaction *transaction = &keeper->transaction;

	*block = (struct text){NULL, 0};
	if (!keeper->packer)
		return true;
	if (keeper->rewrite)
		rewrite_slice(keeper);
	bool complete = !keeper->rewrite || rewrite_is_last(keeper);

	if (complete)
		positions_pack(&keeper->positions, keeper->packer);
	if (keeper->rewrite && complete && !positions_unsent(&keeper->positions)) {
		transaction->is_switch = true;
		transaction->sent.generation = rewrite_generation(keeper->rewrite);
	}
	if (packer_size(keeper->packer) == 0)
		return true;
	*block = packer_block(keeper->packer, transaction->sent.sequence);
	return block->len > 0;
}

/* ---- Sending ---- */

static bool note_failed(struct transaction *transaction, uint32_t command)
{
	if (transaction->n_failed == transaction->room_failed) {
		size_t room = transaction->room_failed ? transaction->room_failed * 2 : 16;
		uint32_t *failed = realloc(transaction->failed, room * sizeof *failed);

		if (!failed)
			return false;
		transaction->failed = failed;
		transaction->room_failed = room;
	}
	transaction->failed[transaction->n_failed++] = command;
	return true;
}

/* `command` is numbered from 0 behind MULTI. */
static void element_failed(struct keeper *keeper, uint32_t command, struct text why)
{
	struct transaction *transaction = &keeper->transaction;
	bool public = command >= transaction->first_public &&
		      command < transaction->first_public + transaction->n_public;

	if (command < transaction->n_fenced) {
		transaction->state_failed = true;
		log_error("event=state_not_stored key=%s why=\"%.*s\"",
			  transaction->block_len && command == 0 ? transaction->block_key
								 : keeper->fence_key,
			  (int)why.len, why.at);
	} else if (!public) {
		log_error("event=not_removed what=\"state:requests, or lists of an old "
			  "generation\" why=\"%.*s\"", (int)why.len, why.at);
	} else if (!note_failed(transaction, command - transaction->first_public)) {
		keeper->incomplete = true; /* cannot say which: everything is written anew */
	} else {
		log_warn("event=not_published command=%" PRIu32 " why=\"%.*s\"",
			 command - transaction->first_public, (int)why.len, why.at);
	}
}

static void on_exec(struct keeper *keeper, const struct reply *reply)
{
	struct transaction *transaction = &keeper->transaction;
	size_t n = reply_count(reply);

	if (reply_kind(reply) == REPLY_ERROR) {
		struct text why = reply_text(reply);

		/* EXECABORT repeats what was said when the commands were queued. */
		if (!reply_is_error(reply, "EXECABORT"))
			log_error("event=redis_refuses command=EXEC why=\"%.*s\"", (int)why.len,
				  why.at);
		transaction->refused_early = true;
	}
	if (reply_kind(reply) != REPLY_ARRAY)
		return;
	transaction->executed = true;
	transaction->state_failed = n != transaction->n_commands;
	for (size_t i = 0; i < n; i++) {
		const struct reply *element = reply_at(reply, i);

		if (reply_kind(element) == REPLY_ERROR)
			element_failed(keeper, (uint32_t)i, reply_text(element));
	}
}

static void on_reply(void *arg, uint32_t i, const struct reply *reply)
{
	struct keeper *keeper = arg;
	struct transaction *transaction = &keeper->transaction;
	uint32_t exec = transaction->n_commands + 1;

	if (transaction->phase != FLYING)
		return;
	if (!reply) {
		transaction->phase = UNKNOWN;
	} else if (i < exec) {
		if (reply_kind(reply) != REPLY_ERROR)
			return;
		struct text why = reply_text(reply);

		transaction->refused_early = true;
		log_error("event=redis_refuses command=%" PRIu32 " of=%" PRIu32 " why=\"%.*s\"", i,
			  transaction->n_commands, (int)why.len, why.at);
	} else if (i == exec) {
		on_exec(keeper, reply);
	} else if (i == exec + 1) {
		if (!reply_is_status(reply, "OK"))
			keeper_drop(keeper, "it does not watch the fence");
	} else {
		judge(keeper, reply);
	}
}

static void send_it(struct keeper *keeper)
{
	struct transaction *transaction = &keeper->transaction;

	transaction->refused_early = false;
	transaction->executed = false;
	transaction->state_failed = false;
	transaction->n_failed = 0;
	transaction->phase = FLYING;
	keeper->last_began = keeper_now();
	if (!keeper_send(keeper, &transaction->bytes, on_reply)) {
		transaction->phase = UNKNOWN;
		keeper_drop(keeper, "a transaction cannot be sent");
	}
}

void transaction_begin(struct keeper *keeper)
{
	struct transaction *transaction = &keeper->transaction;
	struct text block;

	if (!keeper->usable || (transaction->phase != IDLE && transaction->phase != KEPT))
		return;
	if (transaction->phase == KEPT) {
		send_it(keeper);
		return;
	}
	if (keeper->incomplete) {
		/* A position that was told since would be stored, and the fact below it not. */
		keeper_restore(keeper, "memory was short");
		return;
	}
	reset(transaction);
	transaction->phase = IDLE;
	transaction->before = keeper->fence;
	transaction->sent = keeper->fence;
	transaction->sent.sequence++;
	if (!take_block(keeper, &block))
		return; /* nothing was taken yet; the tick tries again */
	if (build(keeper, block)) {
		send_it(keeper);
	} else {
		/* The block is out of the packer, and nowhere: only memory has its facts. */
		keeper->incomplete = true;
		keeper_restore(keeper, "memory is short");
	}
}

/* ---- Judging ---- */

static void go_on(struct keeper *keeper)
{
	keeper_settle(keeper);
	if (keeper->incomplete || keeper->rewrite || keeper->more || keeper->stopping ||
	    (keeper->role == ROLE_ACTIVE && keeper->n_old))
		transaction_begin(keeper);
	else
		keeper_flush_soon(keeper);
}

/* It was executed. `seen`: its replies were, so that it is known which commands failed. */
static void applied(struct keeper *keeper, bool seen)
{
	struct transaction *transaction = &keeper->transaction;
	bool asked = transaction->asked;
	bool known = seen || transaction->n_public == 0;
	bool switched = transaction->is_switch;

	transaction->phase = IDLE;
	transaction->asked = false;
	keeper->fence = transaction->sent;
	keeper->transactions++;
	keeper->last_stored = keeper_now();
	keeper->requests -= transaction->requests;
	keeper->n_old -= transaction->unlinks;
	if (asked)
		keeper->hooks.published(keeper->hooks.arg, known, transaction->failed,
					known ? transaction->n_failed : 0);
	if (asked && !known)
		keeper->hooks.republish_all(keeper->hooks.arg);
	if (switched)
		takeover_written(keeper);
}

/* The fence is where our transaction left it, but nobody told us whether its block was stored. */
static void on_last_block(void *arg, uint32_t i, const struct reply *reply)
{
	struct keeper *keeper = arg;
	struct transaction *transaction = &keeper->transaction;
	struct text block = {transaction->bytes.bytes + transaction->block_at,
			     transaction->block_len};

	(void)i;
	if (!reply || transaction->phase != UNKNOWN)
		return;
	if (reply_kind(reply) == REPLY_STRING && text_same(reply_text(reply), block)) {
		applied(keeper, false);
		go_on(keeper);
	} else {
		log_error("event=state_not_stored key=%s", transaction->block_key);
		keeper_restore(keeper, "a block is not in the log");
	}
}

static void check_last_block(struct keeper *keeper)
{
	struct transaction *transaction = &keeper->transaction;

	transaction->phase = UNKNOWN;
	if (transaction->block_len == 0) {
		applied(keeper, false);
		go_on(keeper);
		return;
	}
	commands_clear(&keeper->scratch);
	commands_line(&keeper->scratch, "LINDEX", transaction->block_key, "-1", NULL);
	if (!keeper_send(keeper, &keeper->scratch, on_last_block))
		keeper_drop(keeper, "a request cannot be sent");
}

static void not_applied(struct keeper *keeper)
{
	struct transaction *transaction = &keeper->transaction;

	transaction->phase = KEPT;
	if (transaction->refused_early)
		keeper_arm(keeper->flush, AGAIN_MS);
	else
		keeper_flush_soon(keeper);
}

static void obey(struct keeper *keeper, enum verdict verdict, const struct fence *seen)
{
	if (verdict == VERDICT_DEPOSED) {
		log_warn("event=deposed epoch=%" PRIu64 " by_epoch=%" PRIu64, keeper->fence.epoch,
			 seen->epoch);
		keeper_stand_by(keeper);
	} else {
		keeper_restore(keeper, seen ? "its fence went back" : "its fence is gone");
	}
}

/* The fence as a reply has it, or NULL: none, or none that can be read. */
static const struct fence *read_fence(const struct reply *reply, struct fence *fence)
{
	return reply_kind(reply) == REPLY_STRING && fence_parse(reply_text(reply), fence) ? fence
											  : NULL;
}

static void judge(struct keeper *keeper, const struct reply *got)
{
	struct transaction *transaction = &keeper->transaction;
	struct fence fence;
	const struct fence *seen = read_fence(got, &fence);

	if (reply_kind(got) == REPLY_ERROR && !reply_is_error(got, "WRONGTYPE")) {
		keeper_drop(keeper, "it does not tell the fence");
		return;
	}
	if (transaction->executed && transaction->state_failed) {
		keeper->fence = transaction->sent;
		keeper_restore(keeper, "a part of the state could not be stored");
		return;
	}
	if (transaction->executed)
		applied(keeper, true);
	enum verdict verdict = fence_judge(&transaction->before, &transaction->sent, seen);

	if (transaction->executed && verdict == VERDICT_APPLIED)
		go_on(keeper);
	else if (transaction->executed)
		obey(keeper, verdict == VERDICT_DEPOSED ? verdict : VERDICT_LOST, seen);
	else if (verdict == VERDICT_APPLIED)
		check_last_block(keeper);
	else if (verdict == VERDICT_NOT_APPLIED)
		not_applied(keeper);
	else
		obey(keeper, verdict, seen);
}

/* ---- After a connection was lost ---- */

void transaction_lost(struct keeper *keeper)
{
	struct transaction *transaction = &keeper->transaction;

	if (transaction->phase == IDLE)
		transaction->phase = UNWATCHED;
	else if (transaction->phase == FLYING || transaction->phase == KEPT)
		transaction->phase = UNKNOWN;
}

static void on_watch(void *arg, uint32_t i, const struct reply *reply)
{
	struct keeper *keeper = arg;
	struct transaction *transaction = &keeper->transaction;

	if (!reply || i == 0)
		return;
	if (transaction->phase == UNKNOWN) {
		judge(keeper, reply);
		return;
	}
	struct fence fence;
	const struct fence *seen = read_fence(reply, &fence);
	enum verdict verdict = fence_judge(&keeper->fence, &keeper->fence, seen);

	if (reply_kind(reply) == REPLY_ERROR && !reply_is_error(reply, "WRONGTYPE")) {
		keeper_drop(keeper, "it does not tell the fence");
	} else if (verdict == VERDICT_APPLIED) {
		transaction->phase = IDLE;
		go_on(keeper);
	} else {
		obey(keeper, verdict, seen);
	}
}

void transaction_resume(struct keeper *keeper)
{
	keeper->transaction.executed = false;
	keeper->transaction.refused_early = false;
	commands_clear(&keeper->scratch);
	commands_line(&keeper->scratch, "WATCH", keeper->fence_key, NULL);
	commands_line(&keeper->scratch, "GET", keeper->fence_key, NULL);
	if (!keeper_send(keeper, &keeper->scratch, on_watch))
		keeper_drop(keeper, "a request cannot be sent");
}
