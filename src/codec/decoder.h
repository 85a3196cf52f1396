/*
 * decoder: what the parts of decode() share. Private to the codec.
 *
 *   decode.c: form, envelope ─> native.c  ─┐
 *                            └> cdevents.c ┴> fields.c: JSON values -> typed fields of a fact
 */
#ifndef VENTURI_CODEC_DECODER_H
#define VENTURI_CODEC_DECODER_H

#include "codec/json.h"
#include "codec/lookup.h"
#include "venturi/decode.h"

/* The names that mean something in any object of any form: first the fields, as enum field. */
enum name {
	NAME_VENTURI = FIELD_COUNT,
	NAME_ID,
	NAME_SOURCE,
	NAME_KIND,
	NAME_TIME,
	NAME_SUBJECT_SOURCE,
	NAME_SPECVERSION,
	NAME_SEQUENCE,
	NAME_DATA,
	NAME_DATA_BASE64,
	NAME_CONTEXT,
	NAME_SUBJECT,
	NAME_CUSTOM_DATA,
	NAME_TIMESTAMP,
	NAME_CONTENT,
	NAME_STATUS,
	NAME_TICKET_TYPE,
	NAME_GROUP,
	NAME_ARTIFACT_ID,
	NAME_TICKET_URI,
	NAME_COUNT
};

#define FIELD_BIT(field) (UINT64_C(1) << (field))

/* What an object says under the names above; null and "" are as if not there. */
struct picked {
	uint64_t fields; /* a bit for each field: only those of `at` are set */
	uint64_t others; /* a bit for each name from NAME_VENTURI on */
	yyjson_val *at[NAME_COUNT];
};

struct decoder {
	size_t max_event_size;
	struct json json;
	struct lookup names, kinds, types, own_types;
	struct text sequence;               /* of the envelope of the record at hand */
	char sequence_kept[FACT_TEXT_MOST]; /* one that came in a header, which is not ours */
	struct decoded result;
	char why[256];
	struct fact facts[DECODE_FACTS_MOST];
};

/* Makes the reason the result; returns false, so that `return decoder_refuse(…)` reads well. */
bool decoder_refuse(struct decoder *decoder, enum reject reason, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Room for the begin of a text in a message: printable, ends at a character's end. */
#define SHOWN 64
const char *text_shown(struct text text, char out[SHOWN]);

/* ---- fields.c ---- */

/* Fills `picked` from an object; from anything else it comes out empty. */
void object_pick(const struct lookup *names, yyjson_val *object, struct picked *picked);

static inline yyjson_val *picked_at(const struct picked *picked, enum name name)
{
	bool there = name < NAME_VENTURI ? picked->fields >> name & 1
					 : picked->others >> (name - NAME_VENTURI) & 1;

	return there ? picked->at[name] : NULL;
}

/* The value of a field becomes this one, unless it is absent. */
void picked_put(struct picked *picked, enum field field, yyjson_val *value);

/* A bit for each field that facts of a kind carry beside their subject. */
uint64_t kind_fields(enum fact_kind kind);

/* Both false with the result filled. A text that must be there: `name` is for the message. */
bool text_take(struct decoder *decoder, yyjson_val *value, const char *name, struct text *text);
/* RFC 3339 or integer ms. */
bool time_take(struct decoder *decoder, yyjson_val *value, int64_t *ms);

/*
 * Appends to the fact what `picked` has of the fields of its kind. Of a wrong type, a value is
 * absent; but if `strict` it is malformed, and so is one of a field of other kinds. False with the
 * result filled.
 */
bool fields_take(struct decoder *decoder, struct fact *fact, const struct picked *picked,
		 bool strict);
/* What the kind requires, and that periods are some. False with the result filled. */
bool fields_check(struct decoder *decoder, const struct fact *fact);

/*
 * Begins facts[0]: kind, id, source (both checked) and the subject, `name` or for a release without
 * a service the product. The time is checked in between. False with the result filled.
 */
bool fact_begin(struct decoder *decoder, enum fact_kind kind, const struct picked *head,
		yyjson_val *time, yyjson_val *name, yyjson_val *product);

/* ---- the forms: false with the result filled ---- */

bool native_decode(struct decoder *decoder, const struct picked *top);
void cdevents_init(struct decoder *decoder);
bool cdevents_decode(struct decoder *decoder, const struct picked *top);

#endif
