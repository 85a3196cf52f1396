/*
 * takeover: the one path of start, restart, take-over by a standby and restoration.
 *
 *   WATCH, GET fence ─> SET it, epoch + 1 ─> SCAN ─> load ─> [write a new generation] ─> active
 *
 * The fence is set before the logs are looked at: a zombie's write is either in what is loaded,
 * or refused.
 */
#include "daemon/keeper_inner.h"
#include "daemon/log.h"

#include <event2/util.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define AGAIN_MS 1000

static void scan_from(struct keeper *keeper, const char *cursor);

void takeover_give_up(struct keeper *keeper)
{
	keeper->taking = TAKE_NOTHING;
	loader_free(keeper->loader);
	keeper->loader = NULL;
	rewrite_free(keeper->rewrite);
	keeper->rewrite = NULL;
	free(keeper->lists);
	keeper->lists = NULL;
	keeper->n_lists = 0;
	keeper->room_lists = 0;
}

/* Not now. A standby counts anew; a restoration, which has a memory to save, insists. */
static void not_now(struct keeper *keeper, int after)
{
	takeover_give_up(keeper);
	if (keeper->role == ROLE_RESTORING)
		keeper_arm(keeper->retry, after);
	else
		standby_forget(keeper);
}

/* ---- The lists that there are ---- */

/* "<generation>:<n>" behind the prefix "state:log:"; both from 1. */
static bool parse_list(struct text text, struct log_list *list)
{
	uint64_t numbers[2] = {0, 0};
	int at = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == ':' && at == 0 && i > 0) {
			at = 1;
			continue;
		}
		if (c < '0' || c > '9' || numbers[at] > UINT64_MAX / 16)
			return false;
		numbers[at] = numbers[at] * 10 + (uint64_t)(c - '0');
	}
	*list = (struct log_list){numbers[0], numbers[1]};
	return list->generation && list->n;
}

static int compare_lists(const void *a, const void *b)
{
	const struct log_list *x = a, *y = b;

	if (x->generation != y->generation)
		return x->generation < y->generation ? -1 : 1;
	return (x->n > y->n) - (x->n < y->n);
}

/* SCAN may tell a key twice. */
static void sort_lists(struct keeper *keeper)
{
	size_t kept = 0;

	if (keeper->n_lists)
		qsort(keeper->lists, keeper->n_lists, sizeof *keeper->lists, compare_lists);
	for (size_t i = 0; i < keeper->n_lists; i++)
		if (kept == 0 || compare_lists(&keeper->lists[kept - 1], &keeper->lists[i]) != 0)
			keeper->lists[kept++] = keeper->lists[i];
	keeper->n_lists = kept;
}

static bool take_keys(struct keeper *keeper, const struct reply *keys)
{
	char prefix[KEY_MOST];
	struct log_list list;

	keeper_key(keeper, prefix, "state:log:");
	size_t skip = strlen(prefix);

	for (size_t i = 0; i < reply_count(keys); i++) {
		struct text key = reply_text(reply_at(keys, i));

		if (key.len <= skip || memcmp(key.at, prefix, skip) != 0 ||
		    !parse_list((struct text){key.at + skip, key.len - skip}, &list))
			continue;
		if (list.generation > keeper->highest)
			keeper->highest = list.generation;
		if (!log_lists_add(&keeper->lists, &keeper->n_lists, &keeper->room_lists, list))
			return false;
	}
	return true;
}

static void on_scan(void *arg, uint32_t i, const struct reply *reply)
{
	struct keeper *keeper = arg;
	struct err err;
	char cursor[32];

	(void)i;
	if (!reply || keeper->taking != TAKE_LIST)
		return;
	if (reply_count(reply) != 2 || reply_text(reply_at(reply, 0)).len >= sizeof cursor ||
	    !take_keys(keeper, reply_at(reply, 1))) {
		err_set(&err, EX_TEMPFAIL, "the logs cannot be listed: %.*s",
			(int)reply_text(reply).len, reply_text(reply).at);
		takeover_loaded(keeper, &err);
		return;
	}
	struct text next = reply_text(reply_at(reply, 0));

	memcpy(cursor, next.at, next.len);
	cursor[next.len] = '\0';
	if (strcmp(cursor, "0") != 0) {
		scan_from(keeper, cursor);
		return;
	}
	sort_lists(keeper);
	keeper->taking = TAKE_LOAD;
	if (!loader_begin(keeper, keeper->fence.generation)) {
		err_set(&err, EX_TEMPFAIL, "memory is short");
		takeover_loaded(keeper, &err);
	}
}

static void scan_from(struct keeper *keeper, const char *cursor)
{
	char pattern[2 * KEY_MOST];

	keeper_pattern(keeper, pattern, "state:log:");
	if (!keeper_scan(keeper, cursor, pattern, on_scan))
		keeper_drop(keeper, "a request cannot be sent");
}

/* ---- The claim ---- */

/* Ours is the fence now: whoever was active before is refused from here on. */
static void claimed(struct keeper *keeper)
{
	keeper->fence = keeper->claim;
	keeper->transaction.phase = IDLE;
	keeper->last_began = keeper_now();
	log_info("event=took_over epoch=%" PRIu64 " sequence=%" PRIu64 " generation=%" PRIu64,
		 keeper->fence.epoch, keeper->fence.sequence, keeper->fence.generation);
	if (keeper->role != ROLE_RESTORING) {
		keeper->role = ROLE_LOADING;
		keeper->store = keeper->hooks.empty_store(keeper->hooks.arg);
		if (!keeper->store) {
			log_error("event=not_loaded why=\"memory is short\"");
			keeper_stand_by(keeper);
			return;
		}
	}
	keeper->taking = TAKE_LIST;
	keeper->n_lists = 0;
	keeper->highest = keeper->fence.generation;
	scan_from(keeper, "0");
}

static void on_claim(void *arg, uint32_t i, const struct reply *reply)
{
	struct keeper *keeper = arg;
	char ours[FENCE_TEXT_MOST];

	if (!reply || keeper->taking != TAKE_FENCE)
		return;
	if (reply_kind(reply) == REPLY_ERROR && i < 2)
		log_error("event=redis_refuses command=SET key=%s why=\"%.*s\"", keeper->fence_key,
			  (int)reply_text(reply).len, reply_text(reply).at);
	if (i < 4)
		return;
	if (reply_kind(reply) == REPLY_STRING &&
	    text_same(reply_text(reply), fence_text(&keeper->claim, ours)))
		claimed(keeper);
	else
		not_now(keeper, AGAIN_MS); /* someone was faster, or Redis refuses */
}

static void send_claim(struct keeper *keeper)
{
	struct commands *commands = &keeper->scratch;
	char text[FENCE_TEXT_MOST];

	fence_text(&keeper->claim, text);
	commands_clear(commands);
	commands_line(commands, "MULTI", NULL);
	commands_line(commands, "SET", keeper->fence_key, text, NULL);
	commands_line(commands, "EXEC", NULL);
	commands_line(commands, "WATCH", keeper->fence_key, NULL);
	commands_line(commands, "GET", keeper->fence_key, NULL);
	if (!keeper_send(keeper, commands, on_claim))
		keeper_drop(keeper, "a request cannot be sent");
}

static uint64_t above(uint64_t a, uint64_t b)
{
	return (a > b ? a : b) + 1;
}

/* Above what is there and above what we had; the generation is the one that is there. */
static void make_claim(struct keeper *keeper, const struct fence *seen)
{
	struct fence none = {0};

	if (!seen)
		seen = &none;
	keeper->claim.epoch = above(seen->epoch, keeper->fence.epoch);
	keeper->claim.sequence = above(seen->sequence, keeper->fence.sequence);
	keeper->claim.generation = seen->generation;
	if (keeper->role != ROLE_RESTORING)
		takeover_draw_nonce(keeper);
}

void takeover_draw_nonce(struct keeper *keeper)
{
	evutil_secure_rng_get_bytes(&keeper->claim.nonce, sizeof keeper->claim.nonce);
}

/*
 * In a restoration: an epoch above ours that is not from an earlier attempt of this restoration,
 * whose reply was lost. All its attempts bear one nonce.
 */
static bool is_rival(const struct keeper *keeper, const struct fence *seen)
{
	return keeper->role == ROLE_RESTORING && seen->epoch > keeper->fence.epoch &&
	       seen->nonce != keeper->claim.nonce;
}

static void on_fence(void *arg, uint32_t i, const struct reply *reply)
{
	struct keeper *keeper = arg;
	struct fence fence;

	if (!reply || keeper->taking != TAKE_FENCE || i == 0)
		return;
	bool there = reply_kind(reply) != REPLY_NIL;
	bool readable = there && reply_kind(reply) == REPLY_STRING &&
			fence_parse(reply_text(reply), &fence);

	if (readable && is_rival(keeper, &fence)) {
		log_warn("event=deposed epoch=%" PRIu64 " by_epoch=%" PRIu64, keeper->fence.epoch,
			 fence.epoch);
		keeper_stand_by(keeper);
	} else if (reply_kind(reply) == REPLY_ERROR && !reply_is_error(reply, "WRONGTYPE")) {
		not_now(keeper, AGAIN_MS);
	} else if (keeper->role != ROLE_RESTORING &&
		   ((there && !readable) ||
		    !text_same(reply_text(reply), text_of(keeper->seen)))) {
		not_now(keeper, AGAIN_MS); /* it moved after all */
	} else {
		make_claim(keeper, readable ? &fence : NULL);
		send_claim(keeper);
	}
}

void takeover_begin(struct keeper *keeper)
{
	takeover_give_up(keeper);
	keeper->taking = TAKE_FENCE;
	commands_clear(&keeper->scratch);
	commands_line(&keeper->scratch, "WATCH", keeper->fence_key, NULL);
	commands_line(&keeper->scratch, "GET", keeper->fence_key, NULL);
	if (!keeper_send(keeper, &keeper->scratch, on_fence))
		keeper_drop(keeper, "a request cannot be sent");
}

/* ---- After the load ---- */

/* Lists that are not of the current generation, to be unlinked in the next transactions. */
static void remember_old(struct keeper *keeper)
{
	size_t kept = 0;

	for (size_t i = 0; i < keeper->n_lists; i++)
		if (keeper->lists[i].generation != keeper->fence.generation)
			keeper->lists[kept++] = keeper->lists[i];
	free(keeper->old);
	keeper->old = keeper->lists;
	keeper->n_old = kept;
	keeper->lists = NULL;
	keeper->n_lists = 0;
	keeper->room_lists = 0;
}

static void activate(struct keeper *keeper)
{
	bool restored = keeper->role == ROLE_RESTORING;

	remember_old(keeper);
	takeover_give_up(keeper);
	keeper->role = ROLE_ACTIVE;
	keeper->dirty = true;
	log_info("event=active epoch=%" PRIu64 " generation=%" PRIu64 " facts=%" PRIu64
		 " partitions=%zu%s", keeper->fence.epoch, keeper->fence.generation,
		 store_facts(keeper->store), keeper->positions.n, restored ? " restored=1" : "");
	if (!restored)
		keeper->hooks.activated(keeper->hooks.arg, keeper->positions.all,
					keeper->positions.n);
	keeper->hooks.republish_all(keeper->hooks.arg);
	heartbeat_send(keeper);
	heartbeat_requests(keeper);
	if (restored && keeper->full) {
		keeper->full = false;
		keeper->hooks.room_again(keeper->hooks.arg);
	}
	keeper_flush_soon(keeper);
}

static bool merge_positions(struct keeper *keeper)
{
	const struct positions *found = loader_positions(keeper->loader);

	for (size_t i = 0; i < found->n; i++)
		if (!positions_raise(&keeper->positions, &found->all[i]))
			return false;
	return true;
}

static void could_not_load(struct keeper *keeper, const struct err *err)
{
	log_error("event=not_loaded why=\"%s\"", err->message);
	if (err->code == EX_CONFIG) {
		keeper_fail(keeper, err);
		keeper_stand_by(keeper);
	} else if (keeper->role == ROLE_RESTORING) {
		not_now(keeper, AGAIN_MS);
	} else {
		keeper_stand_by(keeper);
	}
}

/* Of one generation, whole, and not ours to save: it is gone on with. Else it is written anew. */
static bool go_on_with_log(struct keeper *keeper)
{
	if (keeper->role == ROLE_RESTORING || keeper->fence.generation == 0)
		return false;
	keeper->packer = loader_packer(keeper);
	keeper->list = loader_last_list(keeper->loader) + 1;
	keeper->list_blocks = 0;
	keeper->list_bytes = 0;
	for (size_t i = 0; i < keeper->positions.n; i++)
		keeper->positions.unsent[i] = false;
	return keeper->packer != NULL;
}

void takeover_loaded(struct keeper *keeper, const struct err *err)
{
	struct err short_of = {EX_TEMPFAIL, "memory is short"};

	if (!err && !merge_positions(keeper))
		err = &short_of;
	if (err) {
		could_not_load(keeper, err);
		return;
	}
	if (keeper->role == ROLE_LOADING && keeper->loaded_blocks == 0)
		log_warn("event=first_start what=\"nothing is stored under this prefix: facts "
			 "are read from the beginning of the topics; of what they no longer hold "
			 "nothing is known\"");
	if (go_on_with_log(keeper)) {
		activate(keeper);
		return;
	}
	keeper->taking = TAKE_WRITE;
	loader_free(keeper->loader);
	keeper->loader = NULL;
	if (!rewrite_begin(keeper, keeper->highest + 1))
		could_not_load(keeper, &short_of);
	else
		transaction_begin(keeper);
}

void takeover_written(struct keeper *keeper)
{
	activate(keeper);
}
