/*
 * fact: one normalised delivery event, as it travels from a decoder (JSON, packed block) to the
 * store. It owns nothing: its texts point into the decoder's memory and live until the decoder is
 * asked for the next record.
 */
#ifndef VENTURI_FACT_H
#define VENTURI_FACT_H

#include "venturi/text.h"

enum fact_kind {
#define KIND(suffix, name, about) FACT_##suffix,
#include "venturi/kinds.def"
#undef KIND
	FACT_KINDS
};

/* What a fact is about. A service is known by its name alone, money is about nothing. */
enum fact_about {
	ABOUT_ITEM,
	ABOUT_CHANGE,
	ABOUT_ARTIFACT,
	ABOUT_SERVICE, /* a release that names no service: ABOUT_RELEASE, below */
	ABOUT_INCIDENT,
	ABOUT_KEY_RESULT,
	ABOUT_MONEY,
	ABOUT_DEPENDENCY,
	ABOUT_RISK,
	/* Releases that name no service: the subject is the product, which is a field as well. */
	ABOUT_RELEASE,
	ABOUT_COUNT
};

enum field {
#define FIELD(suffix, name, type) FIELD_##suffix,
#include "venturi/fields.def"
#undef FIELD
	FIELD_COUNT
};

enum field_type { FIELD_IS_TEXT, FIELD_IS_LIST, FIELD_IS_NUMBER, FIELD_IS_MOMENT, FIELD_IS_FLAG };

/* Numbers are integers of 1e-6, at most 1e12 units either way. */
#define NUMBER_ONE INT64_C(1000000)
#define NUMBER_MOST (INT64_C(1000000000000) * NUMBER_ONE)

/* Times are from 1970-01-01T00:00:00.000Z to 9999-12-31T23:59:59.999Z. */
#define TIME_MOST INT64_C(253402300799999)

/* Caps of the decoders: a longer text, list or name makes the event `malformed`. */
#define FACT_TEXT_MOST 8192
#define FACT_LIST_MOST 1024
#define FACT_FIELDS_MOST (FIELD_COUNT + 2 * FACT_LIST_MOST)

/*
 * One value. A list is told as one entry an element, in the order of the record; a list that is
 * there and empty as one entry with an absent text. Entries ascend by field.
 */
struct fact_field {
	enum field field;
	struct text text; /* TEXT, LIST */
	int64_t number;   /* NUMBER, MOMENT, FLAG */
};

struct fact {
	enum fact_kind kind;
	enum fact_about about;
	int64_t time; /* event time, ms since the Unix epoch */
	struct text source, id;
	struct text subject_source; /* never absent: `source` where the event names none */
	struct text subject;        /* the subject's name; absent for money */
	struct text sequence;       /* the CloudEvents attribute, or absent */
	size_t n;
	struct fact_field fields[FACT_FIELDS_MOST];
};

struct text fact_kind_name(enum fact_kind kind);
enum fact_about fact_kind_about(enum fact_kind kind);
/* FACT_KINDS where no kind has that name. */
enum fact_kind fact_kind_named(struct text name);

/* The field that names such a subject, and is not among its facts' fields; FIELD_COUNT: money. */
enum field fact_subject_field(enum fact_about about);

struct text field_name(enum field field);
enum field_type field_type(enum field field);
/* FIELD_COUNT where no field has that name. */
enum field field_named(struct text name);

#endif
