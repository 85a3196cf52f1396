/*
 * CDEvents 0.3 to 0.5 (https://cdevents.dev): types to kinds by a table, fields by name.
 *
 *   { context: { version, id, source, type, timestamp },
 *     subject: { id, source, content: {…} }, customData: {…} }
 */
#include "codec/decoder.h"

#include <string.h>

/* A kind beyond the kinds: known, but no metric uses it. */
#define UNUSED FACT_KINDS

struct type_row {
	struct text name; /* subject.predicate, or a subject for all of its predicates */
	enum fact_kind kind;
};

#define ROW(name, kind)                                                                            \
	{                                                                                          \
		{name, sizeof name - 1}, kind                                                      \
	}

/* What follows "dev.cdevents." */
static const struct type_row standard[] = {
	ROW("ticket.created", FACT_ITEM_CREATED),
	ROW("ticket.updated", FACT_ITEM_TYPED), /* and item.state, item.moved */
	ROW("ticket.closed", FACT_ITEM_CLOSED),
	ROW("change.created", FACT_CHANGE_OPENED),
	ROW("change.reviewed", FACT_CHANGE_REVIEWED),
	ROW("change.merged", FACT_CHANGE_MERGED),
	ROW("change.abandoned", FACT_CHANGE_ABANDONED),
	ROW("artifact.packaged", FACT_ARTIFACT_PUBLISHED),
	ROW("artifact.published", FACT_ARTIFACT_PUBLISHED),
	ROW("service.deployed", FACT_DEPLOY_DONE),
	ROW("service.upgraded", FACT_DEPLOY_DONE),
	ROW("service.rolledback", FACT_DEPLOY_ROLLEDBACK),
	ROW("incident.detected", FACT_INCIDENT_DETECTED),
	ROW("incident.reported", FACT_INCIDENT_REPORTED),
	ROW("incident.resolved", FACT_INCIDENT_RESOLVED),
	ROW("change.updated", UNUSED),
	ROW("artifact.signed", UNUSED),
	ROW("artifact.downloaded", UNUSED),
	ROW("artifact.deleted", UNUSED),
	ROW("service.removed", UNUSED),
	ROW("service.published", UNUSED),
	ROW("pipelinerun", UNUSED),
	ROW("taskrun", UNUSED),
	ROW("build", UNUSED),
	ROW("test", UNUSED), /* and whatever begins so: testcaserun, testsuiterun, testoutput */
	ROW("repository", UNUSED),
	ROW("branch", UNUSED),
	ROW("environment", UNUSED),
};

/* What follows "dev.cdeventsx.venturi-": their fields are ours, and so are judged strictly. */
static const struct type_row own[] = {
	ROW("item.transitioned", FACT_ITEM_STATE),
	ROW("item.blocked", FACT_ITEM_BLOCKED),
	ROW("item.unblocked", FACT_ITEM_UNBLOCKED),
	ROW("deploy.failed", FACT_DEPLOY_FAILED),
	ROW("release.published", FACT_RELEASE_PUBLISHED),
	ROW("outcome.measured", FACT_OUTCOME_MEASURED),
	ROW("cost.recorded", FACT_COST_RECORDED),
	ROW("funding.allocated", FACT_FUNDING_ALLOCATED),
	ROW("dependency.raised", FACT_DEPENDENCY_RAISED),
	ROW("dependency.resolved", FACT_DEPENDENCY_RESOLVED),
	ROW("risk.assessed", FACT_RISK_ASSESSED),
	ROW("risk.closed", FACT_RISK_CLOSED),
};

#define ROWS(table) (sizeof table / sizeof *table)

void cdevents_init(struct decoder *decoder)
{
	lookup_init(&decoder->types, standard, sizeof *standard, ROWS(standard));
	lookup_init(&decoder->own_types, own, sizeof *own, ROWS(own));
}

/* What follows the prefix, if the text begins with it. */
static bool text_after(struct text text, struct text prefix, struct text *rest)
{
	if (text.len < prefix.len || memcmp(text.at, prefix.at, prefix.len) != 0)
		return false;
	*rest = (struct text){text.at + prefix.len, text.len - prefix.len};
	return true;
}

/* Cuts "subject.predicate.version" after the predicate; without one it is the subject alone. */
static struct text type_name(struct text rest, struct text *subject)
{
	size_t len = 0, dots = 0;

	*subject = rest;
	for (; len < rest.len; len++) {
		if (rest.at[len] != '.')
			continue;
		if (++dots == 2)
			break;
		subject->len = len;
	}
	return (struct text){rest.at, len};
}

/* "<tool>-<subject>": a custom event's, as the CDEvents specification has it. */
static bool is_custom(struct text subject)
{
	const char *dash = subject.len ? memchr(subject.at, '-', subject.len) : NULL;

	return dash && dash > subject.at && dash + 1 < subject.at + subject.len;
}

/* The kind of a type, UNUSED, or -1 where nobody knows it. */
static int type_kind(const struct decoder *decoder, struct text type, bool *ours)
{
	struct text rest, subject;
	unsigned row;

	*ours = text_after(type, TEXT("dev.cdeventsx.venturi-"), &rest);
	bool custom = *ours || text_after(type, TEXT("dev.cdeventsx."), &rest);
	if (!custom && !text_after(type, TEXT("dev.cdevents."), &rest))
		return -1;
	struct text name = type_name(rest, &subject);
	if (name.len <= subject.len + 1) /* no predicate */
		return -1;
	if (*ours) {
		row = lookup_find(&decoder->own_types, name);
		return row == LOOKUP_NONE ? -1 : (int)own[row].kind;
	}
	if (custom)
		return is_custom(subject) ? (int)UNUSED : -1;
	row = lookup_find(&decoder->types, name);
	if (row == LOOKUP_NONE) {
		bool test = text_after(subject, TEXT("test"), &rest);

		row = lookup_find(&decoder->types, test ? TEXT("test") : subject);
	}
	return row == LOOKUP_NONE ? -1 : (int)standard[row].kind;
}

/* 0.3 to 0.5, and the draft of 0.6. */
static bool version_known(struct text version)
{
	if (version.len < 3 || memcmp(version.at, "0.", 2) != 0)
		return false;
	return version.at[2] >= '3' && version.at[2] <= '6' &&
	       (version.len == 3 || version.at[3] == '.' || version.at[3] == '-');
}

static bool context_check(struct decoder *decoder, const struct picked *context, struct text *type)
{
	yyjson_val *version = picked_at(context, (enum name)FIELD_VERSION);
	struct text text, ignored;
	char shown[SHOWN];

	if (!text_take(decoder, version ? version : picked_at(context, NAME_SPECVERSION),
		       "context.version", &text))
		return false;
	if (!version_known(text))
		return decoder_refuse(decoder, REJECT_MALFORMED, "CDEvents of version %s",
				      text_shown(text, shown));
	return text_take(decoder, picked_at(context, NAME_ID), "context.id", &ignored) &&
	       text_take(decoder, picked_at(context, NAME_SOURCE), "context.source", &ignored) &&
	       text_take(decoder, picked_at(context, (enum name)FIELD_TYPE), "context.type", type);
}

static bool is_list_of_texts(yyjson_val *value)
{
	size_t left = yyjson_arr_size(value);

	for (yyjson_val *element = yyjson_arr_get_first(value); left > 0; left--) {
		if (!unsafe_yyjson_is_str(element) && !unsafe_yyjson_is_null(element))
			return false;
		element = unsafe_yyjson_get_next(element);
	}
	return yyjson_is_arr(value);
}

/* What the content says of a field. Of a wrong type it is absent, and customData may say it. */
static void content_put(struct picked *fields, enum field field, yyjson_val *value)
{
	bool is_list = field_type(field) == FIELD_IS_LIST;

	if (is_list ? is_list_of_texts(value) : yyjson_is_str(value))
		picked_put(fields, field, value);
}

static yyjson_val *id_in(const struct picked *content, enum field name)
{
	return yyjson_obj_get(picked_at(content, (enum name)name), "id");
}

static void ticket_fields(struct picked *fields, const struct picked *content)
{
	static const enum field same[] = {FIELD_LABELS, FIELD_PRIORITY, FIELD_CREATOR,
					  FIELD_RESOLUTION};

	content_put(fields, FIELD_TYPE, picked_at(content, NAME_TICKET_TYPE));
	content_put(fields, FIELD_PROJECT, picked_at(content, NAME_GROUP));
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		content_put(fields, same[i], picked_at(content, (enum name)same[i]));
}

static void incident_fields(struct picked *fields, const struct picked *content,
			    enum fact_kind kind)
{
	yyjson_val *artifact = picked_at(content, NAME_ARTIFACT_ID);
	yyjson_val *cause = picked_at(fields, (enum name)FIELD_CAUSE);

	content_put(fields, FIELD_ENVIRONMENT, id_in(content, FIELD_ENVIRONMENT));
	content_put(fields, FIELD_ARTIFACT, artifact);
	content_put(fields, FIELD_SERVICE, id_in(content, FIELD_SERVICE));
	content_put(fields, FIELD_TICKET, picked_at(content, NAME_TICKET_URI));
	if (kind != FACT_INCIDENT_RESOLVED && !yyjson_is_str(cause))
		content_put(fields, FIELD_CAUSE, artifact);
}

/* The content of a standard event goes before what customData says of the same field. */
static void content_fields(struct picked *fields, const struct picked *content, enum fact_kind kind)
{
	switch (fact_kind_about(kind)) {
	case ABOUT_ITEM:
		ticket_fields(fields, content);
		break;
	case ABOUT_CHANGE:
		content_put(fields, FIELD_REPOSITORY, id_in(content, FIELD_REPOSITORY));
		break;
	case ABOUT_ARTIFACT:
		content_put(fields, FIELD_CHANGE, id_in(content, FIELD_CHANGE));
		break;
	case ABOUT_SERVICE:
		content_put(fields, FIELD_ENVIRONMENT, id_in(content, FIELD_ENVIRONMENT));
		content_put(fields, FIELD_ARTIFACT, picked_at(content, NAME_ARTIFACT_ID));
		break;
	case ABOUT_INCIDENT:
		incident_fields(fields, content, kind);
		break;
	default:
		break;
	}
}

/* Another fact of the same event: facts[0] under another kind, without fields yet. */
static struct fact *fact_beside(struct decoder *decoder, size_t number, enum fact_kind kind)
{
	struct fact *fact = &decoder->facts[number];

	if (number > 0)
		memcpy(fact, &decoder->facts[0], offsetof(struct fact, fields));
	fact->kind = kind;
	fact->n = 0;
	return fact;
}

/* ticket.updated: item.state if it says a status, item.typed, item.moved if it says a product. */
static bool updated_take(struct decoder *decoder, struct picked *fields, yyjson_val *status)
{
	bool state = yyjson_is_str(status);
	bool moved = yyjson_is_str(picked_at(fields, (enum name)FIELD_PRODUCT));
	size_t n = 0;

	if (state) {
		struct fact *fact = fact_beside(decoder, n++, FACT_ITEM_STATE);

		picked_put(fields, FIELD_TO, status);
		if (!fields_take(decoder, fact, fields, false))
			return false;
	}
	fields->fields &= ~FIELD_BIT(FIELD_TO);
	struct fact *typed = fact_beside(decoder, n++, FACT_ITEM_TYPED);
	if (!fields_take(decoder, typed, fields, false))
		return false;
	if (moved) {
		struct fact *fact = fact_beside(decoder, n++, FACT_ITEM_MOVED);

		if (!fields_take(decoder, fact, fields, false))
			return false;
	}
	decoder->result.n = n;
	return true;
}

/* A venturi-… type: its fields are those of the native form. */
static bool own_take(struct decoder *decoder, struct picked *fields)
{
	decoder->result.n = 1;
	return fields_take(decoder, &decoder->facts[0], fields, true) &&
	       fields_check(decoder, &decoder->facts[0]);
}

static bool foreign_take(struct decoder *decoder, struct picked *fields,
			 const struct picked *subject, yyjson_val *status, bool updated)
{
	struct fact *fact = &decoder->facts[0];
	struct picked content;

	object_pick(&decoder->names, picked_at(subject, NAME_CONTENT), &content);
	content_fields(fields, &content, fact->kind);
	if (updated)
		return updated_take(decoder, fields, status);
	decoder->result.n = 1;
	return fields_take(decoder, fact, fields, false);
}

/* Version, identity and type: the kind comes out. False with the result filled. */
static bool context_take(struct decoder *decoder, const struct picked *context, int *kind,
			 bool *ours)
{
	struct text type;
	char shown[SHOWN];

	if (!context_check(decoder, context, &type))
		return false;
	*kind = type_kind(decoder, type, ours);
	if (*kind < 0)
		return decoder_refuse(decoder, REJECT_UNKNOWN_TYPE, "no such type: %s",
				      text_shown(type, shown));
	if (*kind == UNUSED)
		return decoder_refuse(decoder, REJECT_UNUSED, "no metric uses this type: %s",
				      text_shown(type, shown));
	return true;
}

/* subject.source, else what customData says (of a wrong type: see above), else context.source. */
static bool subject_source_take(struct decoder *decoder, yyjson_val *source, yyjson_val *custom,
				bool ours)
{
	struct fact *fact = &decoder->facts[0];

	fact->subject_source = fact->source;
	if (source && !text_take(decoder, source, "subject.source", &fact->subject_source))
		return false;
	if (!custom || (source && !ours) || (!ours && !yyjson_is_str(custom)))
		return true;
	struct text text;
	if (!text_take(decoder, custom, "subject_source", &text))
		return false;
	if (!source)
		fact->subject_source = text;
	return true;
}

bool cdevents_decode(struct decoder *decoder, const struct picked *top)
{
	yyjson_val *custom = picked_at(top, NAME_CUSTOM_DATA);
	struct picked context, subject, fields;
	bool ours;
	int kind;

	if (!yyjson_is_obj(picked_at(top, NAME_CONTEXT)) ||
	    !yyjson_is_obj(picked_at(top, NAME_SUBJECT)))
		return decoder_refuse(decoder, REJECT_MALFORMED, "context or subject is no object");
	object_pick(&decoder->names, picked_at(top, NAME_CONTEXT), &context);
	if (!context_take(decoder, &context, &kind, &ours))
		return false;
	object_pick(&decoder->names, picked_at(top, NAME_SUBJECT), &subject);
	object_pick(&decoder->names, custom, &fields);
	if (!fact_begin(decoder, (enum fact_kind)kind, &context,
			picked_at(&context, NAME_TIMESTAMP), picked_at(&subject, NAME_ID),
			picked_at(&fields, (enum name)FIELD_PRODUCT)))
		return false;
	if (!subject_source_take(decoder, picked_at(&subject, NAME_SOURCE),
				 picked_at(&fields, NAME_SUBJECT_SOURCE), ours))
		return false;
	if (!ours)
		return foreign_take(decoder, &fields, &subject, picked_at(&fields, NAME_STATUS),
				    kind == FACT_ITEM_TYPED);
	if (custom && !yyjson_is_obj(custom))
		return decoder_refuse(decoder, REJECT_MALFORMED, "customData is no object");
	return own_take(decoder, &fields);
}
