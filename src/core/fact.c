#include "venturi/fact.h"

static const struct text kind_names[] = {
#define KIND(suffix, name, about) {name, sizeof name - 1},
#include "venturi/kinds.def"
#undef KIND
};

static const enum fact_about kind_abouts[] = {
#define KIND(suffix, name, about) ABOUT_##about,
#include "venturi/kinds.def"
#undef KIND
};

static const struct text field_names[] = {
#define FIELD(suffix, name, type) {name, sizeof name - 1},
#include "venturi/fields.def"
#undef FIELD
};

static const enum field_type field_types[] = {
#define FIELD(suffix, name, type) FIELD_IS_##type,
#include "venturi/fields.def"
#undef FIELD
};

struct text fact_kind_name(enum fact_kind kind)
{
	return kind_names[kind];
}

enum fact_about fact_kind_about(enum fact_kind kind)
{
	return kind_abouts[kind];
}

enum fact_kind fact_kind_named(struct text name)
{
	for (enum fact_kind kind = 0; kind < FACT_KINDS; kind++)
		if (text_same(kind_names[kind], name))
			return kind;
	return FACT_KINDS;
}

enum field fact_subject_field(enum fact_about about)
{
	static const enum field fields[ABOUT_COUNT] = {
		[ABOUT_ITEM] = FIELD_ITEM,         [ABOUT_CHANGE] = FIELD_CHANGE,
		[ABOUT_ARTIFACT] = FIELD_ARTIFACT, [ABOUT_SERVICE] = FIELD_SERVICE,
		[ABOUT_INCIDENT] = FIELD_INCIDENT, [ABOUT_KEY_RESULT] = FIELD_KEY_RESULT,
		[ABOUT_MONEY] = FIELD_COUNT,       [ABOUT_DEPENDENCY] = FIELD_DEPENDENCY,
		[ABOUT_RISK] = FIELD_RISK,         [ABOUT_RELEASE] = FIELD_PRODUCT,
	};

	return fields[about];
}

struct text field_name(enum field field)
{
	return field_names[field];
}

enum field_type field_type(enum field field)
{
	return field_types[field];
}

enum field field_named(struct text name)
{
	for (enum field field = 0; field < FIELD_COUNT; field++)
		if (text_same(field_names[field], name))
			return field;
	return FIELD_COUNT;
}
