#include "codec/decoder.h"

/* JSON's 1, and not true, 1.0 or "1". */
static bool is_version_one(yyjson_val *value)
{
	return unsafe_yyjson_is_raw(value) && text_same(json_text(value), TEXT("1"));
}

bool native_decode(struct decoder *decoder, const struct picked *top)
{
	struct fact *fact = &decoder->facts[0];
	struct text kind_name, ignored;
	char shown[SHOWN];

	if (!is_version_one(picked_at(top, NAME_VENTURI)))
		return decoder_refuse(decoder, REJECT_MALFORMED, "venturi: only 1 is known");
	if (!text_take(decoder, picked_at(top, NAME_ID), "id", &ignored) ||
	    !text_take(decoder, picked_at(top, NAME_SOURCE), "source", &ignored) ||
	    !text_take(decoder, picked_at(top, NAME_KIND), "kind", &kind_name))
		return false;
	unsigned kind = lookup_find(&decoder->kinds, kind_name);
	if (kind == LOOKUP_NONE)
		return decoder_refuse(decoder, REJECT_UNKNOWN_TYPE, "no such kind: %s",
				      text_shown(kind_name, shown));
	enum field name = fact_subject_field(fact_kind_about((enum fact_kind)kind));
	if (!fact_begin(decoder, (enum fact_kind)kind, top, picked_at(top, NAME_TIME),
			name == FIELD_COUNT ? NULL : picked_at(top, (enum name)name),
			picked_at(top, (enum name)FIELD_PRODUCT)))
		return false;
	fact->subject_source = fact->source;
	if (picked_at(top, NAME_SUBJECT_SOURCE) &&
	    !text_take(decoder, picked_at(top, NAME_SUBJECT_SOURCE), "subject_source",
		       &fact->subject_source))
		return false;
	decoder->result.n = 1;
	return fields_take(decoder, fact, top, true) && fields_check(decoder, fact);
}
