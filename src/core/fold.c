#include "core/fold_inner.h"
#include "core/item.h"
#include <stdlib.h>
#include <string.h>

struct fold *fold_new(const struct model *model, const struct zone *zone, struct store *store)
{
	struct fold *f = calloc(1, sizeof *f);

	if (!f)
		return NULL;
	f->model = model;
	f->zone = zone;
	f->store = store;
	f->now = INT64_MIN;
	f->latest = (struct latest){INT64_MAX, INT64_MIN, INT64_MAX, 0, false};
	f->today = INT32_MIN;
	f->n_scopes = model_scopes(model);
	f->scopes = calloc(f->n_scopes, sizeof *f->scopes);
	f->queue = calloc(f->n_scopes, sizeof *f->queue);
	f->placer = placer_new(model, store_strings(store));
	if (!f->scopes || !f->queue || !f->placer)
		goto fail;
	for (uint32_t i = 0; i < f->n_scopes; i++)
		f->scopes[i].changed_day = INT32_MAX;
	for (uint32_t i = 0; i < store_subjects(store); i++)
		if (!fold_touch(f, i))
			goto fail;
	return f;
fail:
	fold_free(f);
	return NULL;
}

static bool is_delivery(const struct fold *f, uint32_t subject)
{
	enum fact_about about = store_subject(f->store, subject)->about;

	return about == ABOUT_SERVICE || about == ABOUT_RELEASE;
}

static void clear_numbers(struct fold *f)
{
	for (uint32_t i = 0; f->scopes && i < f->n_scopes; i++)
		cells_clear(&f->scopes[i].cells);
	for (uint32_t i = 0; i < f->n_slots; i++) {
		if (is_delivery(f, i))
			delivery_free(f->slots[i].delivery);
		else
			free(f->slots[i].contributed);
		f->slots[i].contributed = NULL;
		f->slots[i].wake = INT64_MAX;
	}
	ordered_clear(&f->wakes);
}

void fold_free(struct fold *f)
{
	if (!f)
		return;
	clear_numbers(f);
	free(f->slots);
	free(f->touched);
	free(f->scopes);
	free(f->queue);
	placer_free(f->placer);
	contribution_free(&f->plus);
	contribution_free(&f->minus);
	lives_free(&f->lives);
	free(f);
}

/* ---- What is to be evaluated ---- */

static bool slots_for(struct fold *f, uint32_t subject)
{
	if (subject >= f->room_slots) {
		uint32_t room = f->room_slots ? f->room_slots : 1024;
		struct slot *slots;
		uint32_t *touched;

		while (room <= subject)
			room *= 2;
		slots = realloc(f->slots, room * sizeof *slots);
		if (slots)
			f->slots = slots;
		/* Each subject waits at most once: room for all of them. */
		touched = realloc(f->touched, room * sizeof *touched);
		if (touched)
			f->touched = touched;
		if (!slots || !touched)
			return false;
		f->room_slots = room;
	}
	for (; f->n_slots <= subject; f->n_slots++)
		f->slots[f->n_slots] = (struct slot){.wake = INT64_MAX};
	return true;
}

/* Takes the facts of one subject into account. */
static void note_latest(struct fold *f, uint32_t number)
{
	const struct subject *subject = store_subject(f->store, number);
	struct latest *l = &f->latest;
	int64_t below = INT64_MIN;

	for (uint32_t i = subject->n; i-- > 0;) {
		const struct record *record = subject->records[i];

		if (record->time <= l->below && l->holder != number)
			break;
		if (placer_ignores(f->placer, record->source))
			continue;
		if (record->time <= l->limit) {
			below = record->time;
			break;
		}
		if (record->time < l->above)
			l->above = record->time;
	}
	if (below > l->below) {
		l->below = below;
		l->holder = number;
	} else if (l->holder == number && below < l->below && l->below != INT64_MIN) {
		l->lost = true; /* it was replaced by an earlier one */
	}
}

int64_t fold_latest(struct fold *f, int64_t limit)
{
	struct latest *l = &f->latest;

	if (l->lost || limit < l->limit || limit >= l->above) {
		*l = (struct latest){limit, INT64_MIN, INT64_MAX, 0, false};
		for (uint32_t i = 0; i < store_subjects(f->store); i++)
			note_latest(f, i);
	}
	l->limit = limit;
	return l->below;
}

bool fold_touch(struct fold *f, uint32_t subject)
{
	if (!slots_for(f, subject))
		return false;
	note_latest(f, subject);
	if (f->slots[subject].touched)
		return true;
	f->slots[subject].touched = true;
	f->touched[f->n_touched++] = subject;
	return true;
}

/* Everything is evaluated again, from empty cells. */
static bool start_anew(struct fold *f)
{
	clear_numbers(f);
	for (uint32_t i = 0; i < store_subjects(f->store); i++)
		if (!fold_touch(f, i))
			return false;
	for (uint32_t i = 0; i < f->n_scopes; i++) {
		fold_changed(f, i, ALL_TABLES);
		f->scopes[i].changed_day = INT32_MIN;
	}
	f->anew = false;
	return true;
}

static struct contribution_reader reader_of(const uint8_t *bytes, size_t len)
{
	return (struct contribution_reader){.at = bytes, .end = bytes + len};
}

static bool set_wake(struct fold *f, uint32_t subject, int64_t wake)
{
	struct slot *slot = &f->slots[subject];

	if (slot->wake == wake)
		return true;
	if (wake != INT64_MAX && !ordered_add(&f->wakes, (struct ordered_entry){wake, subject, 0}))
		return false;
	if (slot->wake != INT64_MAX)
		ordered_remove(&f->wakes, (struct ordered_entry){slot->wake, subject, 0});
	slot->wake = wake;
	return true;
}

struct context fold_context(const struct fold *f)
{
	return (struct context){.model = f->model,
				.zone = f->zone,
				.store = f->store,
				.strings = store_strings(f->store),
				.placer = f->placer,
				.now = f->now};
}

static bool same_as_before(const struct slot *slot, const struct contribution *c)
{
	return slot->contributed ? slot->contributed->len == c->len &&
					   memcmp(slot->contributed->bytes, c->bytes, c->len) == 0
				 : c->len == 0;
}

/* Takes the subject's old contribution out and puts the one in f->plus in. */
static bool replace(struct fold *f, uint32_t subject)
{
	const struct contribution *c = &f->plus;
	struct slot *slot = &f->slots[subject];
	struct contributed *kept = NULL;

	if (same_as_before(slot, c))
		return true;
	if (c->len) {
		kept = malloc(sizeof *kept + c->len);
		if (!kept)
			return false;
		kept->len = (uint32_t)c->len;
		memcpy(kept->bytes, c->bytes, c->len);
	}
	if (!fold_exchange(f, subject,
			   slot->contributed
				   ? reader_of(slot->contributed->bytes, slot->contributed->len)
				   : reader_of(NULL, 0),
			   kept ? reader_of(kept->bytes, kept->len) : reader_of(NULL, 0)))
		f->anew = true;
	free(slot->contributed);
	slot->contributed = kept;
	return !f->anew;
}

static bool refresh_item(struct fold *f, uint32_t subject)
{
	const struct context context = fold_context(f);

	return item_contribute(&f->lives, &context, store_subject(f->store, subject), &f->plus) &&
	       !f->plus.failed && set_wake(f, subject, f->plus.wake) && replace(f, subject);
}

static bool refresh_delivery(struct fold *f, uint32_t subject)
{
	const struct context context = fold_context(f);
	struct slot *slot = &f->slots[subject];

	if (!slot->delivery && !(slot->delivery = delivery_new()))
		return false;
	contribution_begin(&f->minus);
	f->anew = !delivery_update(slot->delivery, &context, store_subject(f->store, subject),
				   &f->minus, &f->plus) ||
		  !set_wake(f, subject, f->plus.wake) ||
		  !fold_exchange(f, subject, reader_of(f->minus.bytes, f->minus.len),
				 reader_of(f->plus.bytes, f->plus.len));
	return !f->anew;
}

/* Brings what the subject contributes in line with its facts. False if memory is short. */
static bool refresh(struct fold *f, uint32_t subject)
{
	contribution_begin(&f->plus);
	if (is_delivery(f, subject))
		return refresh_delivery(f, subject);
	return store_subject(f->store, subject)->about != ABOUT_ITEM || refresh_item(f, subject);
}

/* ---- Bringing the numbers to now ---- */

static bool wake_up(struct fold *f)
{
	while (f->wakes.n && ordered_at(&f->wakes, 0)->at <= f->now) {
		struct ordered_entry entry = *ordered_at(&f->wakes, 0);

		if (!fold_touch(f, entry.subject))
			return false;
		ordered_remove(&f->wakes, entry);
		f->slots[entry.subject].wake = INT64_MAX;
	}
	return true;
}

static void begin_day(struct fold *f, int32_t today)
{
	if (f->today == today)
		return;
	f->today = today;
	for (uint32_t i = 0; i < f->n_scopes; i++)
		fold_changed(f, i, ALL_TABLES);
}

int fold_run(struct fold *f, int64_t now, unsigned budget)
{
	if (now < f->now)
		f->anew = true;
	f->now = now;
	begin_day(f, zone_day(f->zone, now));
	if (f->anew && !start_anew(f))
		return -1;
	if (!wake_up(f))
		return -1;
	for (; f->n_touched && budget; budget--) {
		uint32_t subject = f->touched[f->n_touched - 1];

		if (!refresh(f, subject))
			return -1;
		f->n_touched--;
		f->slots[subject].touched = false;
	}
	return f->n_touched == 0;
}

int64_t fold_now(const struct fold *f)
{
	return f->now;
}

int64_t fold_watermark(struct fold *f)
{
	return f->latest.lost || f->latest.below > f->now ? fold_latest(f, f->now)
							  : f->latest.below;
}

size_t fold_bytes(const struct fold *f)
{
	size_t bytes = f->room_slots * (sizeof *f->slots + sizeof *f->touched) +
		       (size_t)f->wakes.n * sizeof(struct ordered_entry);

	for (uint32_t i = 0; i < f->n_slots; i++)
		if (f->slots[i].contributed)
			bytes += is_delivery(f, i) ? delivery_bytes(f->slots[i].delivery)
						   : sizeof(struct contributed) +
							     f->slots[i].contributed->len;
	for (uint32_t i = 0; i < f->n_scopes; i++)
		bytes += sizeof *f->scopes + cells_bytes(&f->scopes[i].cells);
	return bytes;
}
