#include "codec/decoder.h"

#include "codec/number.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct text names[NAME_COUNT] = {
#define FIELD(suffix, name, type) [FIELD_##suffix] = {name, sizeof name - 1},
#include "venturi/fields.def"
#undef FIELD
#define NAME(suffix, name) [NAME_##suffix] = {name, sizeof name - 1}
	NAME(VENTURI, "venturi"),
	NAME(ID, "id"),
	NAME(SOURCE, "source"),
	NAME(KIND, "kind"),
	NAME(TIME, "time"),
	NAME(SUBJECT_SOURCE, "subject_source"),
	NAME(SPECVERSION, "specversion"),
	NAME(SEQUENCE, "sequence"),
	NAME(DATA, "data"),
	NAME(DATA_BASE64, "data_base64"),
	NAME(CONTEXT, "context"),
	NAME(SUBJECT, "subject"),
	NAME(CUSTOM_DATA, "customData"),
	NAME(TIMESTAMP, "timestamp"),
	NAME(CONTENT, "content"),
	NAME(STATUS, "status"),
	NAME(TICKET_TYPE, "ticketType"),
	NAME(GROUP, "group"),
	NAME(ARTIFACT_ID, "artifactId"),
	NAME(TICKET_URI, "ticketURI"),
#undef NAME
};

static const struct text kinds[FACT_KINDS] = {
#define KIND(suffix, name, about) {name, sizeof name - 1},
#include "venturi/kinds.def"
#undef KIND
};

struct decoder *decoder_new(size_t max_event_size)
{
	struct decoder *decoder = calloc(1, sizeof *decoder);

	if (!decoder)
		return NULL;
	decoder->max_event_size = max_event_size;
	if (!json_init(&decoder->json, max_event_size)) {
		free(decoder);
		return NULL;
	}
	decoder->result.facts = decoder->facts;
	lookup_init(&decoder->names, names, sizeof *names, NAME_COUNT);
	lookup_init(&decoder->kinds, kinds, sizeof *kinds, FACT_KINDS);
	cdevents_init(decoder);
	return decoder;
}

void decoder_free(struct decoder *decoder)
{
	if (!decoder)
		return;
	json_clear(&decoder->json);
	free(decoder);
}

const char *text_shown(struct text text, char out[SHOWN])
{
	size_t len = text.len < SHOWN - 1 ? text.len : SHOWN - 1;

	if (len < text.len) /* not within a character of UTF-8 */
		while (len > 0 && ((unsigned char)text.at[len] & 0xc0) == 0x80)
			len--;
	for (size_t i = 0; i < len; i++)
		out[i] = (unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f ? '?' : text.at[i];
	out[len] = '\0';
	return out;
}

bool decoder_refuse(struct decoder *decoder, enum reject reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(decoder->why, sizeof decoder->why, format, args);
	va_end(args);
	decoder->result.reason = reason;
	decoder->result.n = 0;
	decoder->result.why = (struct text){decoder->why, len > 0 ? (size_t)len : 0};
	if (decoder->result.why.len >= sizeof decoder->why)
		decoder->result.why.len = sizeof decoder->why - 1;
	return false;
}

static bool event_decode(struct decoder *decoder, const struct picked *top, bool enveloped)
{
	if (picked_at(top, NAME_CONTEXT) && picked_at(top, NAME_SUBJECT))
		return cdevents_decode(decoder, top);
	if (picked_at(top, NAME_VENTURI))
		return native_decode(decoder, top);
	if (enveloped)
		return decoder_refuse(decoder, REJECT_UNKNOWN_TYPE,
				      "a CloudEvent about neither CDEvent nor Venturi fact");
	return decoder_refuse(decoder, REJECT_MALFORMED,
			      "neither CDEvent, CloudEvent nor Venturi fact");
}

static bool begins_with(struct text text, const char *prefix)
{
	size_t len = strlen(prefix);

	return text.len >= len &&
	       text_same_any_case((struct text){text.at, len}, (struct text){prefix, len});
}

/* In lower case, as the types of media that we look for are written. */
static bool text_has(struct text text, const char *word)
{
	return memmem(text.at, text.len, word, strlen(word)) != NULL;
}

static bool data_decode(struct decoder *decoder, yyjson_val *data)
{
	struct picked picked;

	object_pick(&decoder->names, data, &picked);
	return event_decode(decoder, &picked, true);
}

static bool is_cloudevent(const struct picked *top)
{
	yyjson_val *version = picked_at(top, NAME_SPECVERSION);

	return yyjson_is_str(version) && begins_with(json_text(version), "1.");
}

static bool structured_decode(struct decoder *decoder, const struct picked *envelope)
{
	yyjson_val *sequence = picked_at(envelope, NAME_SEQUENCE);

	if (!is_cloudevent(envelope))
		return decoder_refuse(decoder, REJECT_MALFORMED, "specversion: not CloudEvents 1");
	if (sequence && unsafe_yyjson_is_raw(sequence) && number_is_integer(json_text(sequence)))
		decoder->sequence = json_text(sequence);
	else if (sequence && !text_take(decoder, sequence, "sequence", &decoder->sequence))
		return false;
	if (picked_at(envelope, NAME_DATA))
		return data_decode(decoder, picked_at(envelope, NAME_DATA));
	if (picked_at(envelope, NAME_DATA_BASE64))
		return decoder_refuse(decoder, REJECT_UNKNOWN_TYPE, "a CloudEvent of binary data");
	return decoder_refuse(decoder, REJECT_MALFORMED, "a CloudEvent without data");
}

static struct text header_value(const struct record_in *record, const char *name)
{
	for (size_t i = 0; i < record->n_headers; i++)
		if (text_same_any_case(record->headers[i].name, text_of(name)))
			return record->headers[i].value;
	return (struct text){NULL, 0};
}

/* How many bytes a character of UTF-8 takes, by the ranges of RFC 3629; 0 where there is none. */
static size_t character_len(struct text text)
{
	const unsigned char *at = (const unsigned char *)text.at;
	size_t len = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

	if (len == 0 || len > text.len || at[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
	    (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return len;
}

static bool is_utf8(struct text text)
{
	while (text.len > 0) {
		size_t len = character_len(text);

		if (len == 0)
			return false;
		text = (struct text){text.at + len, text.len - len};
	}
	return true;
}

enum form { FORM_BARE, FORM_STRUCTURED, FORM_BINARY };

static enum form form_of(const struct record_in *record)
{
	if (record->n_headers == 0)
		return FORM_BARE;
	if (begins_with(header_value(record, "content-type"), "application/cloudevents"))
		return FORM_STRUCTURED;
	return header_value(record, "ce_specversion").len > 0 ? FORM_BINARY : FORM_BARE;
}

/* Skips what Confluent's serializers put before a value: 0, and its schema's id in four bytes. */
static bool framing_skip(struct text *value, uint32_t *schema)
{
	const unsigned char *at = (const unsigned char *)value->at;

	if (value->len < 5 || at[0] != 0)
		return false;
	*schema = (uint32_t)at[1] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 8 | at[4];
	*value = (struct text){value->at + 5, value->len - 5};
	return true;
}

static yyjson_val *value_read(struct decoder *decoder, struct text value)
{
	uint32_t schema = 0;
	bool framed = framing_skip(&value, &schema);
	const char *why;
	size_t position;
	yyjson_val *root = json_read(&decoder->json, value, &why, &position);

	if (root)
		return root;
	if (framed)
		decoder_refuse(decoder, REJECT_MALFORMED, "framed, schema id %u, and not JSON: %s",
			       (unsigned)schema, why);
	else if (position != SIZE_MAX)
		decoder_refuse(decoder, REJECT_MALFORMED, "not JSON: %s at byte %zu", why,
			       position);
	else
		decoder_refuse(decoder, REJECT_MALFORMED, "%s", why);
	return NULL;
}

static bool sequence_keep(struct decoder *decoder, struct text sequence)
{
	if (sequence.len > sizeof decoder->sequence_kept || !is_utf8(sequence))
		return false;
	if (sequence.len > 0)
		memcpy(decoder->sequence_kept, sequence.at, sequence.len);
	decoder->sequence = (struct text){decoder->sequence_kept, sequence.len};
	return true;
}

static bool binary_decode(struct decoder *decoder, const struct record_in *record)
{
	struct text version = header_value(record, "ce_specversion");

	if (!begins_with(version, "1."))
		return decoder_refuse(decoder, REJECT_MALFORMED,
				      "ce_specversion: not CloudEvents 1");
	if (!sequence_keep(decoder, header_value(record, "ce_sequence")))
		return decoder_refuse(decoder, REJECT_MALFORMED, "ce_sequence: long or not UTF-8");
	if (record->value.len == 0)
		return decoder_refuse(decoder, REJECT_MALFORMED, "a CloudEvent without data");
	yyjson_val *root = value_read(decoder, record->value);
	if (root)
		return data_decode(decoder, root);
	struct text type = header_value(record, "content-type");
	if (type.len > 0 && !text_has(type, "json"))
		decoder->result.reason = REJECT_UNKNOWN_TYPE;
	return false;
}

static bool record_decode(struct decoder *decoder, const struct record_in *record)
{
	enum form form = form_of(record);
	struct picked top;

	if (!record->value.at)
		return decoder_refuse(decoder, REJECT_TOMBSTONE, "no value");
	if (record->value.len > decoder->max_event_size)
		return decoder_refuse(decoder, REJECT_TOO_LARGE, "more than %zu bytes",
				      decoder->max_event_size);
	if (form == FORM_BINARY)
		return binary_decode(decoder, record);
	yyjson_val *root = value_read(decoder, record->value);
	if (!root)
		return false;
	if (!unsafe_yyjson_is_obj(root))
		return decoder_refuse(decoder, REJECT_MALFORMED, "no JSON object");
	object_pick(&decoder->names, root, &top);
	if (form == FORM_STRUCTURED || is_cloudevent(&top))
		return structured_decode(decoder, &top);
	return event_decode(decoder, &top, false);
}

const struct decoded *decode(struct decoder *decoder, const struct record_in *record)
{
	decoder->result.reason = REJECT_NONE;
	decoder->result.why = (struct text){NULL, 0};
	decoder->result.n = 0;
	decoder->sequence = (struct text){NULL, 0};
	if (!record_decode(decoder, record))
		decoder->result.n = 0;
	return &decoder->result;
}

enum reject accept_time(int64_t event_time, int64_t record_timestamp, int64_t max_future_skew,
			int64_t max_lateness)
{
	if (record_timestamp < 0)
		return REJECT_NONE;
	if (event_time - record_timestamp > max_future_skew)
		return REJECT_FUTURE;
	if (max_lateness > 0 && record_timestamp - event_time > max_lateness)
		return REJECT_TOO_LATE;
	return REJECT_NONE;
}
