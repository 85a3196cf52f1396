#include "codec/publish.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Panes ---- */

static bool same_value(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static bool to_send(enum metric metric, enum window window, const double *values,
		    const double *shown)
{
	return metric_in(metric, window) && (!shown || !same_value(values[metric], shown[metric]));
}

static void arg_value(struct commands *out, enum metric_unit unit, double value)
{
	char buffer[NUMBER_TEXT];

	commands_arg(out, (struct text){buffer, number_write(unit, value, buffer)});
}

#define STAMP_FIELDS 5

static void arg_stamp(struct commands *out, const struct stamp *stamp)
{
	commands_arg(out, TEXT("as_of_ms"));
	commands_arg_number(out, stamp->as_of);
	commands_arg(out, TEXT("watermark_ms"));
	if (stamp->watermark == INT64_MIN)
		commands_arg(out, TEXT("nan"));
	else
		commands_arg_number(out, stamp->watermark);
	commands_arg(out, TEXT("published_ms"));
	commands_arg_number(out, stamp->published);
	commands_arg(out, TEXT("cut"));
	commands_arg_number(out, (int64_t)stamp->cut);
	commands_arg(out, TEXT("complete_ratio"));
	arg_value(out, UNIT_RATIO, stamp->complete_ratio);
}

void publish_pane(struct commands *out, struct text key, enum window window,
		  const double values[METRIC_COUNT], const double *shown, const struct stamp *stamp)
{
	size_t n = STAMP_FIELDS;

	for (enum metric metric = 0; metric < METRIC_COUNT; metric++)
		n += to_send(metric, window, values, shown);
	commands_begin(out, 2 + 2 * n);
	commands_arg(out, TEXT("HSET"));
	commands_arg(out, key);
	for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
		const struct metric_info *info = metric_info(metric);

		if (!to_send(metric, window, values, shown))
			continue;
		commands_arg(out, text_of(info->name));
		arg_value(out, info->unit, values[metric]);
	}
	arg_stamp(out, stamp);
}

/* ---- The catalogue ---- */

#define CATALOGUE_TEXT 512

/* A JSON string; our own texts are short and hold no control characters. */
static size_t json_string(char *out, size_t room, const char *string)
{
	size_t n = 0;

	out[n++] = '"';
	for (; *string && n + 3 < room; string++) {
		if (*string == '"' || *string == '\\')
			out[n++] = '\\';
		out[n++] = *string;
	}
	out[n++] = '"';
	out[n] = '\0';
	return n;
}

static size_t catalogue_entry(char out[CATALOGUE_TEXT], const struct metric_info *info)
{
	static const char *const better[] = {
		[BETTER_UP] = "\"up\"", [BETTER_DOWN] = "\"down\"", [BETTER_NONE] = "null"};
	char help[CATALOGUE_TEXT - 100];

	json_string(help, sizeof help, info->help);
	return (size_t)snprintf(out, CATALOGUE_TEXT, "{\"unit\":\"%s\",\"better\":%s,\"help\":%s}",
				metric_unit_name(info->unit), better[info->better], help);
}

void publish_catalogue(struct commands *out, struct text key)
{
	char entry[CATALOGUE_TEXT];

	commands_begin(out, 2 + 2 * METRIC_COUNT);
	commands_arg(out, TEXT("HSET"));
	commands_arg(out, key);
	for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
		const struct metric_info *info = metric_info(metric);

		commands_arg(out, text_of(info->name));
		commands_arg(out, (struct text){entry, catalogue_entry(entry, info)});
	}
}

/* ---- Scopes, tables, keys ---- */

#define ANY_LEVEL (-1)

static void add_scopes(struct commands *out, struct text key, const struct model *model, int level)
{
	size_t n = 0;

	for (uint32_t i = 0; i < model_scopes(model); i++)
		n += level == ANY_LEVEL || (int)model_scope(model, i)->level == level;
	if (n == 0)
		return;
	commands_begin(out, 2 + n);
	commands_arg(out, TEXT("SADD"));
	commands_arg(out, key);
	for (uint32_t i = 0; i < model_scopes(model); i++) {
		const struct scope *scope = model_scope(model, i);

		if (level == ANY_LEVEL || (int)scope->level == level)
			commands_arg(out, text_of(scope->id));
	}
}

void publish_scopes(struct commands *out, struct text key, const struct model *model)
{
	add_scopes(out, key, model, ANY_LEVEL);
}

void publish_level(struct commands *out, struct text key, const struct model *model,
		   enum level level)
{
	add_scopes(out, key, model, (int)level);
}

void publish_table_cut(struct commands *out, struct text tables, struct text key, uint64_t cut,
		       int64_t as_of)
{
	char value[48];
	int len = snprintf(value, sizeof value, "%llu:%lld", (unsigned long long)cut,
			   (long long)as_of);

	commands_begin(out, 4);
	commands_arg(out, TEXT("HSET"));
	commands_arg(out, tables);
	commands_arg(out, key);
	commands_arg(out, (struct text){value, (size_t)len});
}

void publish_unlink(struct commands *out, struct text key)
{
	commands_begin(out, 2);
	commands_arg(out, TEXT("UNLINK"));
	commands_arg(out, key);
}

void publish_expiry(struct commands *out, struct text key, int64_t ttl)
{
	commands_begin(out, 3);
	commands_arg(out, TEXT("PEXPIRE"));
	commands_arg(out, key);
	commands_arg_number(out, ttl);
}

/* ---- Identifiers ---- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* White space of any kind, and whatever is no ASCII. */
static bool might_be_skipped(char c)
{
	return (unsigned char)c <= ' ' || (unsigned char)c >= 0x7f;
}

static struct text trimmed(struct text text)
{
	while (text.len && might_be_skipped(text.at[0])) {
		text.at++;
		text.len--;
	}
	while (text.len && might_be_skipped(text.at[text.len - 1]))
		text.len--;
	return text;
}

static bool is_word_for_no_number(struct text text)
{
	return text_same_any_case(text, TEXT("inf")) ||
	       text_same_any_case(text, TEXT("infinity")) || text_same_any_case(text, TEXT("nan"));
}

/* 0x1f, 0b101, 0o17, 0x1p-2: only such characters after the prefix. */
static bool is_prefixed_number(struct text text)
{
	if (text.len < 3 || text.at[0] != '0' || !memchr("xbo", lower(text.at[1]), 3))
		return false;
	for (size_t i = 2; i < text.len; i++)
		if (!memchr("0123456789abcdef._p+-", lower(text.at[i]), 21))
			return false;
	return true;
}

/* Digits (with '_' between them, as in Go's literals), a point, an exponent. */
static bool is_decimal(struct text text)
{
	size_t i = 0, digits = 0, points = 0;

	for (; i < text.len && (is_digit(text.at[i]) || text.at[i] == '_' || text.at[i] == '.');
	     i++) {
		digits += is_digit(text.at[i]);
		points += text.at[i] == '.';
	}
	if (digits == 0 || points > 1)
		return false;
	if (i == text.len)
		return true;
	if (lower(text.at[i++]) != 'e')
		return false;
	if (i < text.len && (text.at[i] == '+' || text.at[i] == '-'))
		i++;
	if (i == text.len)
		return false;
	for (; i < text.len; i++)
		if (!is_digit(text.at[i]) && text.at[i] != '_')
			return false;
	return true;
}

bool identifier_looks_numeric(struct text identifier)
{
	struct text text = trimmed(identifier);

	if (text.len && (text.at[0] == '+' || text.at[0] == '-')) {
		text.at++;
		text.len--;
	} else if (text.len == 0) {
		return true;
	}
	return is_word_for_no_number(text) || is_prefixed_number(text) || is_decimal(text);
}
