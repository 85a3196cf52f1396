#include "daemon/intake.h"
#include "daemon/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Dead letters under way: more would only use memory, as no position passes the first of them. */
#define LETTERS_MOST 1000

struct part;

struct letter {
	struct letter *next;
	struct part *part; /* NULL: of a time before intake_end() */
	int64_t offset;
	struct fingerprint before; /* of the last record below it */
	bool done;
};

struct part {
	char *topic;
	int32_t partition;
	int64_t next;            /* the offset after the last record; -1: none yet */
	struct fingerprint last; /* of the last record of the batches before */
	struct {                 /* the last record of this batch */
		bool valid;
		int64_t offset, timestamp;
		struct text key, value;
	} seen;
	struct letter *letters, **letters_end; /* by offset */
	int64_t told, cut, stored, committed;
};

struct stored {
	char *topic;
	int32_t partition;
	int64_t next;
	struct fingerprint last;
};

struct intake {
	struct intake_options options;
	struct intake_hooks hooks;
	struct decoder *decoder;
	struct store *store;
	struct part **parts; /* by slot */
	uint32_t n_parts;
	uint32_t *seen, n_seen; /* slots that this batch has records of; room for n_parts */
	struct stored *stored;
	size_t n_stored;
	struct letter *orphans;
	uint32_t untouched[DECODE_FACTS_MOST]; /* subjects that touch() could not take yet */
	uint32_t n_untouched;
	struct intake_counts counts;
};

struct intake *intake_new(const struct intake_options *options, const struct intake_hooks *hooks)
{
	struct intake *intake = calloc(1, sizeof *intake);

	if (!intake)
		return NULL;
	*intake = (struct intake){.options = *options,
				  .hooks = *hooks,
				  .decoder = decoder_new(options->max_event_size)};
	if (intake->decoder)
		return intake;
	free(intake);
	return NULL;
}

bool intake_reconfigure(struct intake *intake, const struct intake_options *options)
{
	struct decoder *decoder = decoder_new(options->max_event_size);

	if (!decoder)
		return false;
	decoder_free(intake->decoder);
	intake->decoder = decoder;
	intake->options = *options;
	return true;
}

static void free_letters(struct letter *letter)
{
	for (struct letter *next; letter; letter = next) {
		next = letter->next;
		free(letter);
	}
}

void intake_free(struct intake *intake)
{
	if (!intake)
		return;
	intake_end(intake);
	free_letters(intake->orphans);
	decoder_free(intake->decoder);
	free(intake);
}

/* ---- Begin and end ---- */

static struct text copy_of(struct text text, char **copy)
{
	*copy = malloc(text.len + 1);
	if (*copy) {
		memcpy(*copy, text.at, text.len);
		(*copy)[text.len] = '\0';
	}
	return text_of(*copy);
}

bool intake_begin(struct intake *intake, struct store *store, const struct position *positions,
		  size_t n)
{
	intake_end(intake);
	intake->store = store;
	intake->stored = calloc(n + 1, sizeof *intake->stored);
	if (!intake->stored)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct stored *stored = &intake->stored[i];

		*stored = (struct stored){NULL, positions[i].partition, positions[i].next,
					  positions[i].last};
		if (!copy_of(positions[i].topic, &stored->topic).at)
			return false;
		intake->n_stored++;
	}
	return true;
}

static void end_part(struct intake *intake, struct part *part)
{
	for (struct letter *letter; (letter = part->letters);) {
		part->letters = letter->next;
		if (letter->done) {
			free(letter);
			continue;
		}
		letter->part = NULL;
		letter->next = intake->orphans;
		intake->orphans = letter;
	}
	free(part->topic);
	free(part);
}

void intake_end(struct intake *intake)
{
	for (uint32_t i = 0; i < intake->n_parts; i++)
		end_part(intake, intake->parts[i]);
	for (size_t i = 0; i < intake->n_stored; i++)
		free(intake->stored[i].topic);
	free(intake->parts);
	free(intake->seen);
	free(intake->stored);
	intake->parts = NULL;
	intake->seen = NULL;
	intake->stored = NULL;
	intake->store = NULL;
	intake->n_parts = intake->n_seen = intake->n_untouched = 0;
	intake->n_stored = 0;
}

static const struct stored *find_stored(const struct intake *intake, struct text topic,
					int32_t partition)
{
	for (size_t i = 0; i < intake->n_stored; i++)
		if (intake->stored[i].partition == partition &&
		    text_same(text_of(intake->stored[i].topic), topic))
			return &intake->stored[i];
	return NULL;
}

/* Slots come in order, from 0. Memory that is short here is short for good: nothing has begun. */
static struct part *add_part(struct intake *intake, struct text topic, int32_t partition)
{
	size_t n = (size_t)intake->n_parts + 1;
	struct part **parts = realloc(intake->parts, n * sizeof *parts);
	uint32_t *seen = realloc(intake->seen, n * sizeof *seen);
	struct part *part = calloc(1, sizeof *part);

	if (parts)
		intake->parts = parts;
	if (seen)
		intake->seen = seen;
	if (!parts || !seen || !part || !copy_of(topic, &part->topic).at) {
		free(part);
		return NULL;
	}
	part->partition = partition;
	part->next = part->told = part->cut = part->stored = part->committed = -1;
	part->last.offset = -1;
	part->letters_end = &part->letters;
	intake->parts[intake->n_parts++] = part;
	return part;
}

bool intake_partition(void *arg, uint32_t slot, struct text topic, int32_t partition,
		      struct position *from)
{
	struct intake *intake = arg;
	const struct stored *stored = find_stored(intake, topic, partition);
	struct part *part = slot == intake->n_parts ? add_part(intake, topic, partition) : NULL;

	if (part && stored) {
		part->next = part->told = stored->next;
		part->last = stored->last;
	}
	if (!stored)
		return false;
	from->next = stored->next;
	from->last = stored->last;
	return true;
}

/* ---- Positions ---- */

static void tell(struct intake *intake, struct part *part)
{
	const struct letter *first = part->letters;
	struct position position = {.topic = text_of(part->topic),
				    .partition = part->partition,
				    .next = first ? first->offset : part->next,
				    .last = first ? first->before : part->last};

	if (position.next < 0 || position.next == part->told)
		return;
	part->told = position.next;
	intake->hooks.position(intake->hooks.arg, &position);
}

static struct fingerprint last_print(const struct part *part)
{
	return part->seen.valid ? kafka_fingerprint(part->seen.offset, part->seen.timestamp,
						    part->seen.key, part->seen.value)
				: part->last;
}

static void note_seen(struct intake *intake, struct part *part, const struct kafka_record *record)
{
	if (!part->seen.valid)
		intake->seen[intake->n_seen++] = record->slot;
	part->seen.valid = true;
	part->seen.offset = record->offset;
	part->seen.timestamp = record->timestamp;
	part->seen.key = record->key;
	part->seen.value = record->value;
	part->next = record->offset + 1;
}

void intake_drained(void *arg)
{
	struct intake *intake = arg;

	for (uint32_t i = 0; i < intake->n_seen; i++) {
		struct part *part = intake->parts[intake->seen[i]];

		part->last = last_print(part);
		part->seen.valid = false;
		tell(intake, part);
	}
	intake->n_seen = 0;
}

void intake_cut(struct intake *intake)
{
	for (uint32_t i = 0; i < intake->n_parts; i++)
		intake->parts[i]->cut = intake->parts[i]->told;
}

void intake_stored(struct intake *intake)
{
	for (uint32_t i = 0; i < intake->n_parts; i++)
		intake->parts[i]->stored = intake->parts[i]->cut;
}

size_t intake_commits(struct intake *intake, struct position *positions, size_t most)
{
	size_t n = 0;

	for (uint32_t i = 0; i < intake->n_parts && n < most; i++) {
		struct part *part = intake->parts[i];

		if (part->stored == part->committed)
			continue;
		part->committed = part->stored;
		positions[n++] = (struct position){.topic = text_of(part->topic),
						   .partition = part->partition,
						   .next = part->stored};
	}
	return n;
}

/* ---- Dead letters ---- */

static bool send_letter(struct intake *intake, struct part *part, const struct kafka_record *record,
			struct text code, struct text why)
{
	struct letter *letter;

	if (intake->counts.letters_under_way >= LETTERS_MOST || !(letter = malloc(sizeof *letter)))
		return false;
	*letter =
		(struct letter){.part = part, .offset = record->offset, .before = last_print(part)};
	if (!intake->hooks.letter(intake->hooks.arg, record, code, why, letter)) {
		free(letter);
		return false;
	}
	*part->letters_end = letter;
	part->letters_end = &letter->next;
	intake->counts.letters_under_way++;
	return true;
}

static void free_orphan(struct intake *intake, const struct letter *letter)
{
	for (struct letter **at = &intake->orphans; *at; at = &(*at)->next) {
		struct letter *orphan = *at;

		if (orphan == letter) {
			*at = orphan->next;
			free(orphan);
			return;
		}
	}
}

void intake_settled(void *arg, void *ticket, bool kept)
{
	struct intake *intake = arg;
	struct letter *letter = ticket;
	struct part *part = letter->part;

	intake->counts.letters_under_way--;
	if (kept)
		intake->counts.letters++;
	else
		intake->counts.letters_lost++;
	if (!part) {
		free_orphan(intake, letter);
		return;
	}
	letter->done = true;
	while ((letter = part->letters) && letter->done) {
		part->letters = letter->next;
		if (!part->letters)
			part->letters_end = &part->letters;
		free(letter);
	}
	tell(intake, part);
}

/* ---- Records ---- */

/* Subjects that could not be touched before. False if they still cannot. */
static bool touch_rest(struct intake *intake)
{
	for (; intake->n_untouched; intake->n_untouched--)
		if (!intake->hooks.touch(intake->hooks.arg,
					 intake->untouched[intake->n_untouched - 1]))
			return false;
	return true;
}

static void added(struct intake *intake, uint32_t subject, const struct record *record)
{
	intake->counts.facts++;
	intake->hooks.fact(intake->hooks.arg, store_subject(intake->store, subject), record);
	if (!intake->hooks.touch(intake->hooks.arg, subject))
		intake->untouched[intake->n_untouched++] = subject;
}

/*
 * False if memory is short: what was added stays added. The record is a conflict if any of its
 * facts is one, a duplicate if all are known.
 */
static bool add_facts(struct intake *intake, const struct decoded *decoded, enum reject *verdict)
{
	bool conflict = false, over_limit = false, news = false;

	for (size_t i = 0; i < decoded->n; i++) {
		const struct record *record;
		uint32_t subject;

		switch (store_add(intake->store, &decoded->facts[i], &subject, &record)) {
		case STORE_CONFLICT_TAKEN:
			conflict = true;
			added(intake, subject, record);
			break;
		case STORE_ADDED:
			news = true;
			added(intake, subject, record);
			break;
		case STORE_CONFLICT_STANDS:
			conflict = true;
			break;
		case STORE_OVER_LIMIT:
			over_limit = true;
			break;
		case STORE_DUPLICATE:
			break;
		case STORE_NO_MEMORY:
			return false;
		}
	}
	*verdict = conflict     ? REJECT_CONFLICT
		   : over_limit ? REJECT_OVER_LIMIT
		   : news       ? REJECT_NONE
				: REJECT_DUPLICATE;
	return true;
}

/* The first reason by the record alone, or what the store says. False: offer it again. */
static bool judge(struct intake *intake, const struct kafka_record *record, enum reject *verdict,
		  struct text *why)
{
	struct record_in in = {record->value, record->headers, record->n_headers};
	const struct decoded *decoded = decode(intake->decoder, &in);

	*verdict = decoded->reason;
	*why = decoded->why;
	for (size_t i = 0; i < decoded->n && *verdict == REJECT_NONE; i++)
		*verdict =
			accept_time(decoded->facts[i].time, record->timestamp,
				    intake->options.max_future_skew, intake->options.max_lateness);
	if (*verdict == REJECT_FUTURE)
		*why = TEXT("the event's time is too far after the record's");
	if (*verdict == REJECT_TOO_LATE)
		*why = TEXT("the event's time is too long before the record's");
	return *verdict != REJECT_NONE || add_facts(intake, decoded, verdict);
}

static void log_rejected(const struct kafka_record *record, struct text code, struct text why)
{
	log_warn("event=rejected reason=%.*s record=%.*s:%" PRId32 ":%" PRId64 " why=\"%.*s\"",
		 (int)code.len, code.at, (int)record->topic.len, record->topic.at,
		 record->partition, record->offset, why.len < 300 ? (int)why.len : 300,
		 why.at ? why.at : "");
}

bool intake_record(void *arg, const struct kafka_record *record)
{
	struct intake *intake = arg;
	struct part *part;
	enum reject verdict;
	struct text why;

	/* A partition that we have no memory for is not taken from. */
	if (record->slot >= intake->n_parts || !touch_rest(intake))
		return false;
	part = intake->parts[record->slot];
	if (!judge(intake, record, &verdict, &why))
		return false;
	if (intake->options.dead_letters && reject_is_dead_letter(verdict) &&
	    !send_letter(intake, part, record, reject_name(verdict), why))
		return false;
	if (reject_is_dead_letter(verdict) || verdict == REJECT_OVER_LIMIT)
		log_rejected(record, reject_name(verdict), why);
	intake->counts.records++;
	intake->counts.accepted += verdict == REJECT_NONE;
	intake->counts.rejected[verdict]++;
	note_seen(intake, part, record);
	return true;
}

struct intake_counts intake_counts(const struct intake *intake)
{
	return intake->counts;
}
