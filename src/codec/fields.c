#include "codec/decoder.h"

#include "codec/number.h"
#include "venturi/civil.h"

#include <assert.h>

static_assert(FIELD_COUNT <= 64 && NAME_COUNT - NAME_VENTURI <= 64, "a bit for each name");

#define BIT(suffix) FIELD_BIT(FIELD_##suffix)

/* They place a fact: every kind may carry them. */
#define PLACING                                                                                    \
	(BIT(PRODUCT) | BIT(REPOSITORY) | BIT(SERVICE) | BIT(PROJECT) | BIT(LABELS) | BIT(ITEM))

static const uint64_t carried[ABOUT_COUNT] = {
	[ABOUT_ITEM] = BIT(TO) | BIT(FROM) | BIT(TYPE) | BIT(PRIORITY) | BIT(CREATOR) |
		       BIT(OBJECTIVE) | BIT(VALUE_POINTS) | BIT(CREATED_AT) | BIT(BLOCKER_ID) |
		       BIT(REASON) | BIT(PROVIDER) | BIT(RESOLUTION),
	[ABOUT_CHANGE] = BIT(REVISION) | BIT(FIRST_COMMIT_TIME),
	[ABOUT_ARTIFACT] = BIT(CHANGE) | BIT(REVISION),
	[ABOUT_SERVICE] = BIT(ENVIRONMENT) | BIT(VERSION) | BIT(REVISION) | BIT(ARTIFACT) |
			  BIT(DEPLOYMENT_ID) | BIT(CHANGES) | BIT(BRANCH) | BIT(UNPLANNED),
	[ABOUT_INCIDENT] =
		BIT(ENVIRONMENT) | BIT(SEVERITY) | BIT(CAUSE) | BIT(TICKET) | BIT(ARTIFACT),
	[ABOUT_KEY_RESULT] = BIT(VALUE) | BIT(BASELINE) | BIT(TARGET),
	[ABOUT_MONEY] = BIT(AMOUNT) | BIT(CURRENCY),
	[ABOUT_DEPENDENCY] = BIT(PROVIDER),
	[ABOUT_RISK] = BIT(PROBABILITY) | BIT(IMPACT),
	[ABOUT_RELEASE] = BIT(VERSION) | BIT(REVISION),
};

uint64_t kind_fields(enum fact_kind kind)
{
	enum fact_about about = fact_kind_about(kind);
	uint64_t fields = PLACING | carried[kind == FACT_RELEASE_PUBLISHED ? ABOUT_RELEASE : about];

	if (kind == FACT_COST_RECORDED)
		fields |= BIT(PERIOD);
	if (kind == FACT_FUNDING_ALLOCATED)
		fields |= BIT(QUARTER);
	return about == ABOUT_MONEY ? fields : fields & ~FIELD_BIT(fact_subject_field(about));
}

/* Beside id, source, time and the subject. */
static uint64_t kind_requires(enum fact_kind kind)
{
	switch (kind) {
	case FACT_ITEM_STATE:
		return BIT(TO);
	case FACT_ITEM_TYPED:
		return BIT(TYPE);
	case FACT_ITEM_MOVED:
		return BIT(PRODUCT);
	case FACT_RELEASE_PUBLISHED:
		return BIT(VERSION);
	case FACT_OUTCOME_MEASURED:
		return BIT(VALUE);
	case FACT_COST_RECORDED:
		return BIT(AMOUNT) | BIT(CURRENCY) | BIT(PERIOD);
	case FACT_FUNDING_ALLOCATED:
		return BIT(AMOUNT) | BIT(CURRENCY) | BIT(QUARTER);
	case FACT_DEPENDENCY_RAISED:
		return BIT(ITEM) | BIT(PROVIDER);
	case FACT_RISK_ASSESSED:
		return BIT(PROBABILITY) | BIT(IMPACT);
	default:
		return 0;
	}
}

void object_pick(const struct lookup *names, yyjson_val *object, struct picked *picked)
{
	picked->fields = picked->others = 0;
	if (!yyjson_is_obj(object))
		return;
	yyjson_val *key = unsafe_yyjson_get_first(object);
	for (size_t n = unsafe_yyjson_get_len(object); n > 0; n--) {
		yyjson_val *value = key + 1;
		unsigned name = lookup_find(names, json_text(key));

		if (name != LOOKUP_NONE && !json_absent(value)) {
			picked->at[name] = value;
			if (name < NAME_VENTURI)
				picked->fields |= UINT64_C(1) << name;
			else
				picked->others |= UINT64_C(1) << (name - NAME_VENTURI);
		}
		key = unsafe_yyjson_get_next(value);
	}
}

void picked_put(struct picked *picked, enum field field, yyjson_val *value)
{
	if (json_absent(value))
		return;
	picked->at[field] = value;
	picked->fields |= FIELD_BIT(field);
}

enum taken { TAKEN, WRONG, TOO_LONG };

static enum taken text_of_value(yyjson_val *value, struct text *text)
{
	if (!unsafe_yyjson_is_str(value))
		return WRONG;
	*text = json_text(value);
	return text->len > FACT_TEXT_MOST ? TOO_LONG : TAKEN;
}

bool text_take(struct decoder *decoder, yyjson_val *value, const char *name, struct text *text)
{
	enum taken taken = value ? text_of_value(value, text) : WRONG;

	if (taken == TAKEN)
		return true;
	return decoder_refuse(decoder, REJECT_MALFORMED, "%s: %s", name,
			      !value           ? "is required"
			      : taken == WRONG ? "not a text"
					       : "too long");
}

static bool moment_of_value(yyjson_val *value, int64_t *ms)
{
	if (unsafe_yyjson_is_str(value))
		return moment_parse(json_text(value), ms);
	return unsafe_yyjson_is_raw(value) && number_integer(json_text(value), ms) && *ms >= 0 &&
	       *ms <= TIME_MOST;
}

bool time_take(struct decoder *decoder, yyjson_val *value, int64_t *ms)
{
	char shown[SHOWN];

	if (!value)
		return decoder_refuse(decoder, REJECT_NO_TIME, "no time");
	if (moment_of_value(value, ms))
		return true;
	if (!unsafe_yyjson_is_str(value) && !unsafe_yyjson_is_raw(value))
		return decoder_refuse(decoder, REJECT_NO_TIME, "time: not a text or number");
	return decoder_refuse(decoder, REJECT_NO_TIME, "no time with a zone from 1970 to 9999: %s",
			      text_shown(json_text(value), shown));
}

static enum taken list_take(struct fact *fact, enum field field, yyjson_val *list)
{
	size_t n = fact->n, left = yyjson_is_arr(list) ? unsafe_yyjson_get_len(list) : 0;

	if (!yyjson_is_arr(list))
		return WRONG;
	if (left > FACT_LIST_MOST)
		return TOO_LONG;
	for (yyjson_val *element = unsafe_yyjson_get_first(list); left > 0;
	     left--, element = unsafe_yyjson_get_next(element)) {
		struct text text;

		if (json_absent(element))
			continue;
		enum taken taken = text_of_value(element, &text);
		if (taken != TAKEN)
			return taken;
		fact->fields[n++] = (struct fact_field){.field = field, .text = text};
	}
	if (n == fact->n)
		fact->fields[n++] = (struct fact_field){.field = field};
	fact->n = n;
	return TAKEN;
}

static enum taken field_take(struct fact *fact, enum field field, yyjson_val *value)
{
	struct fact_field *into = &fact->fields[fact->n];
	enum field_type type = field_type(field);

	if (type == FIELD_IS_LIST)
		return list_take(fact, field, value);
	*into = (struct fact_field){.field = field};
	if (type == FIELD_IS_TEXT) {
		enum taken taken = text_of_value(value, &into->text);

		if (taken != TAKEN)
			return taken;
	} else if (type == FIELD_IS_NUMBER) {
		if (!unsafe_yyjson_is_raw(value) ||
		    !number_millionths(json_text(value), &into->number))
			return WRONG;
		if (field == FIELD_PROBABILITY && (into->number < 0 || into->number > NUMBER_ONE))
			return WRONG;
	} else if (type == FIELD_IS_MOMENT) {
		if (!moment_of_value(value, &into->number))
			return WRONG;
	} else {
		if (!unsafe_yyjson_is_bool(value))
			return WRONG;
		into->number = unsafe_yyjson_get_bool(value);
	}
	fact->n++;
	return TAKEN;
}

static const char *wanted(enum field field)
{
	switch (field_type(field)) {
	case FIELD_IS_TEXT:
		return "not a text";
	case FIELD_IS_LIST:
		return "not a list of texts";
	case FIELD_IS_NUMBER:
		return field == FIELD_PROBABILITY ? "not a number from 0 to 1"
						  : "not a number within ±1e12";
	case FIELD_IS_MOMENT:
		return "no time with a zone from 1970 to 9999";
	case FIELD_IS_FLAG:
		break;
	}
	return "neither true nor false";
}

bool fields_take(struct decoder *decoder, struct fact *fact, const struct picked *picked,
		 bool strict)
{
	uint64_t carries = kind_fields(fact->kind);
	uint64_t left = strict ? picked->fields : picked->fields & carries;

	for (; left; left &= left - 1) {
		enum field field = (enum field)__builtin_ctzll(left);
		size_t n = fact->n;
		enum taken taken = field_take(fact, field, picked->at[field]);

		if (!(carries & FIELD_BIT(field))) /* judged, but not carried */
			fact->n = n;

		if (taken == TOO_LONG || (taken == WRONG && strict))
			return decoder_refuse(decoder, REJECT_MALFORMED, "%s: %s",
					      field_name(field).at,
					      taken == WRONG ? wanted(field) : "too long");
	}
	return true;
}

static bool value_fits(const struct fact_field *value)
{
	int32_t first, last;

	if (value->field == FIELD_PERIOD)
		return civil_parse_period(value->text, &first, &last);
	if (value->field == FIELD_QUARTER)
		return civil_parse_quarter(value->text, &first, &last);
	return true;
}

bool fields_check(struct decoder *decoder, const struct fact *fact)
{
	uint64_t missing = kind_requires(fact->kind);

	if (!missing)
		return true;
	for (size_t i = 0; i < fact->n; i++) {
		const struct fact_field *value = &fact->fields[i];
		char shown[SHOWN];

		missing &= ~FIELD_BIT(value->field);
		if (!value_fits(value))
			return decoder_refuse(decoder, REJECT_MALFORMED, "%s: not understood: %s",
					      field_name(value->field).at,
					      text_shown(value->text, shown));
	}
	if (!missing)
		return true;
	return decoder_refuse(decoder, REJECT_MALFORMED, "%s: is required",
			      field_name((enum field)__builtin_ctzll(missing)).at);
}

bool fact_begin(struct decoder *decoder, enum fact_kind kind, const struct picked *head,
		yyjson_val *time, yyjson_val *name, yyjson_val *product)
{
	struct fact *fact = &decoder->facts[0];

	fact->kind = kind;
	fact->about = fact_kind_about(kind);
	fact->sequence = decoder->sequence;
	fact->subject = (struct text){NULL, 0};
	fact->n = 0;
	fact->id = json_text(picked_at(head, NAME_ID));
	fact->source = json_text(picked_at(head, NAME_SOURCE));
	if (!time_take(decoder, time, &fact->time))
		return false;
	if (fact->about == ABOUT_MONEY)
		return true;
	if (!name && kind == FACT_RELEASE_PUBLISHED) {
		fact->about = ABOUT_RELEASE;
		name = product;
	}
	if (!name)
		return decoder_refuse(decoder, REJECT_NO_SUBJECT, "no %s",
				      field_name(fact_subject_field(fact_kind_about(kind))).at);
	return text_take(decoder, name, field_name(fact_subject_field(fact->about)).at,
			 &fact->subject);
}
