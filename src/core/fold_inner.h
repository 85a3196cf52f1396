/* fold_inner: what the files of fold share. */
#ifndef VENTURI_CORE_FOLD_INNER_H
#define VENTURI_CORE_FOLD_INNER_H

#include "core/contribution.h"
#include "core/delivery.h"
#include "core/life.h"
#include "core/window.h"
#include "venturi/fold.h"

/* What a subject contributed when it was last evaluated. */
struct contributed {
	uint32_t len;
	uint8_t bytes[];
};

/*
 * What is kept of a subject: its delivery if it is about a service or releases, else what it
 * contributed.
 */
struct slot {
	union {
		struct contributed *contributed; /* NULL: nothing */
		struct delivery *delivery;       /* NULL: nothing yet */
	};
	int64_t wake; /* its entry in fold.wakes; INT64_MAX: none */
	bool touched; /* it waits in fold.touched */
};

/* A scope's numbers, and what of them was not published yet. */
struct scope_state {
	struct cells cells;
	unsigned changed_tables;
	bool queued;
	int32_t changed_day; /* the first day before today that changed; INT32_MAX: none */
};

/*
 * The greatest time of a fact that counts and is at most `limit`, and the least beyond it: kept up
 * fact by fact, and looked for anew only when it cannot be told from what is known.
 */
struct latest {
	int64_t limit, below, above; /* INT64_MIN, INT64_MAX: none */
	uint32_t holder;             /* the subject of the fact at `below` */
	bool lost;
};

struct fold {
	const struct model *model;
	const struct zone *zone;
	struct store *store;
	struct placer *placer;
	int64_t now;
	int32_t today;
	struct latest latest;

	struct slot *slots; /* by subject */
	uint32_t n_slots, room_slots;
	uint32_t *touched;
	uint32_t n_touched, room_touched;
	struct ordered wakes; /* when contributions change by themselves; life is 0 */
	bool anew;            /* memory was short half way, or now went back: fold all anew */

	struct scope_state *scopes;
	uint32_t n_scopes;
	uint32_t *queue; /* of changed scopes: a ring of n_scopes */
	uint32_t queue_first, queue_n;

	struct contribution plus, minus;
	struct lives lives;
	struct sums sums;
};

#define ALL_TABLES ((1u << TABLE_COUNT) - 1)

struct context fold_context(const struct fold *fold);

/*
 * Takes back what one reader tells and adds what the other does, in all scopes of their leaves.
 * False if memory is short, half way: then all is to be folded anew.
 */
MUST_CHECK bool fold_exchange(struct fold *fold, uint32_t subject, struct contribution_reader out,
			      struct contribution_reader in);

#endif
