#include "daemon/conf.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct conf_mistake {
	int line;
	size_t number;
	char message[400];
};

void conf_error(struct conf_errors *errors, int line, const char *format, ...)
{
	struct conf_mistake *all = realloc(errors->all, (errors->n + 1) * sizeof *errors->all);
	va_list args;

	if (!all) {
		errors->no_memory = true;
		return;
	}
	errors->all = all;
	all[errors->n].line = line;
	all[errors->n].number = errors->n;
	va_start(args, format);
	vsnprintf(all[errors->n++].message, sizeof all->message, format, args);
	va_end(args);
}

static int by_line(const void *left, const void *right)
{
	const struct conf_mistake *a = left, *b = right;

	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

void conf_tell(struct conf_errors *errors, struct err *err)
{
	struct err told;

	if (errors->n)
		qsort(errors->all, errors->n, sizeof *errors->all, by_line);
	for (size_t i = 0; i < errors->n; i++) {
		const struct conf_mistake *mistake = &errors->all[i];

		if (mistake->line)
			err_set(&told, EX_CONFIG, "%s:%d: %s", errors->file, mistake->line,
				mistake->message);
		else
			err_set(&told, EX_CONFIG, "%s: %s", errors->file, mistake->message);
		fprintf(stderr, "%s\n", told.message);
		if (i == 0 && err)
			*err = told;
	}
	free(errors->all);
	errors->all = NULL;
	errors->n = 0;
}

/* What is read next. */
struct token {
	enum { TOKEN_TEXT, TOKEN_MARK, TOKEN_END } kind;
	char mark;  /* one of = { } , */
	char *text; /* TEXT: the reader's, until the next token */
	int line;
};

struct reader {
	const char *at, *end;
	int line;
	struct conf_errors *errors;
	char *buffer; /* as long as the whole text */
	struct token token;
	bool no_memory;
};

static void skip_line(struct reader *r)
{
	while (r->at < r->end && *r->at != '\n')
		r->at++;
}

static void skip_comment(struct reader *r)
{
	int line = r->line;

	for (r->at += 2; r->at + 1 < r->end && !(r->at[0] == '*' && r->at[1] == '/'); r->at++)
		r->line += *r->at == '\n';
	if (r->at + 1 >= r->end) {
		conf_error(r->errors, line, "this comment has no end");
		r->at = r->end;
		return;
	}
	r->at += 2;
}

static void skip_space(struct reader *r)
{
	while (r->at < r->end) {
		bool slash = *r->at == '/' && r->at + 1 < r->end;

		if (*r->at == '\n')
			r->line++;
		if (isspace((unsigned char)*r->at))
			r->at++;
		else if (*r->at == '#' || (slash && r->at[1] == '/'))
			skip_line(r);
		else if (slash && r->at[1] == '*')
			skip_comment(r);
		else
			return;
	}
}

static void read_quoted(struct reader *r, char quote)
{
	size_t n = 0;

	for (r->at++; r->at < r->end && *r->at != quote; r->at++) {
		if (*r->at == '\\' && quote == '"' && r->at + 1 < r->end)
			r->at++;
		r->line += *r->at == '\n';
		r->buffer[n++] = *r->at;
	}
	if (r->at == r->end)
		conf_error(r->errors, r->token.line, "this text has no closing %c", quote);
	else
		r->at++;
	r->buffer[n] = 0;
}

static void read_word(struct reader *r)
{
	size_t n = 0;

	while (r->at < r->end && !isspace((unsigned char)*r->at) && !strchr("={},\"'#", *r->at))
		r->buffer[n++] = *r->at++;
	if (n && r->buffer[n - 1] == '+' && r->at < r->end && *r->at == '=')
		n--;
	r->buffer[n] = 0;
}

static void next(struct reader *r)
{
	struct token *t = &r->token;

	skip_space(r);
	*t = (struct token){.kind = TOKEN_END, .line = r->line, .text = r->buffer};
	if (r->at == r->end)
		return;
	if (strchr("={},", *r->at)) {
		t->kind = TOKEN_MARK;
		t->mark = *r->at++;
		return;
	}
	t->kind = TOKEN_TEXT;
	if (*r->at == '"' || *r->at == '\'')
		read_quoted(r, *r->at);
	else
		read_word(r);
	/* name+= value: the + stands alone. */
	if (!*t->text && r->at < r->end && *r->at == '=') {
		t->kind = TOKEN_MARK;
		t->mark = *r->at++;
	}
}

static bool is_mark(const struct reader *r, char mark)
{
	return r->token.kind == TOKEN_MARK && r->token.mark == mark;
}

static char *keep(struct reader *r)
{
	char *copy = strdup(r->token.text);

	r->no_memory |= !copy;
	return copy;
}

static void add_value(struct reader *r, struct conf_entry *entry)
{
	char **values = realloc(entry->values, (entry->n_values + 1) * sizeof *values);

	if (!values) {
		r->no_memory = true;
		return;
	}
	entry->values = values;
	entry->values[entry->n_values++] = keep(r);
}

static void read_list(struct reader *r, struct conf_entry *entry)
{
	entry->kind = CONF_LIST;
	for (next(r); !is_mark(r, '}'); next(r)) {
		if (r->token.kind == TOKEN_TEXT) {
			add_value(r, entry);
		} else if (!is_mark(r, ',')) {
			conf_error(r->errors, entry->line, "%s: this list has no closing }",
				   entry->name);
			return;
		}
	}
	next(r);
}

static void read_value(struct reader *r, struct conf_entry *entry)
{
	next(r);
	if (is_mark(r, '{')) {
		read_list(r, entry);
		return;
	}
	entry->kind = CONF_VALUE;
	if (r->token.kind != TOKEN_TEXT) {
		conf_error(r->errors, entry->line, "%s: a value was expected after =", entry->name);
		return;
	}
	add_value(r, entry);
	next(r);
}

/* Nesting that no option has. */
#define DEPTH_MOST 8

static void read_entries(struct reader *r, struct conf_entry *section, int depth);

static bool read_entry(struct reader *r, struct conf_entry *entry, int depth)
{
	*entry = (struct conf_entry){.line = r->token.line, .name = keep(r)};
	next(r);
	if (r->token.kind == TOKEN_TEXT) {
		entry->title = keep(r);
		next(r);
	}
	if (is_mark(r, '=') && !entry->title) {
		read_value(r, entry);
		return true;
	}
	if (!is_mark(r, '{') || depth == DEPTH_MOST) {
		conf_error(r->errors, entry->line, "%s: %s was expected", entry->name,
			   entry->title ? "{" : "= or {");
		return false;
	}
	entry->kind = CONF_SECTION;
	next(r);
	read_entries(r, entry, depth + 1);
	if (is_mark(r, '}'))
		next(r);
	else
		conf_error(r->errors, entry->line, "%s: this section is not closed", entry->name);
	return true;
}

/* After a mistake: on to where the next line begins. */
static void recover(struct reader *r)
{
	int line = r->token.line;

	while (r->token.kind != TOKEN_END && r->token.line == line && !is_mark(r, '}'))
		next(r);
}

static void read_entries(struct reader *r, struct conf_entry *section, int depth)
{
	while (!r->no_memory && r->token.kind != TOKEN_END && !is_mark(r, '}')) {
		struct conf_entry *entries;

		if (r->token.kind != TOKEN_TEXT) {
			conf_error(r->errors, r->token.line, "a name was expected, not %c",
				   r->token.mark);
			next(r);
			recover(r);
			continue;
		}
		entries = realloc(section->entries, (section->n_entries + 1) * sizeof *entries);
		if (!entries) {
			r->no_memory = true;
			return;
		}
		section->entries = entries;
		if (!read_entry(r, &entries[section->n_entries++], depth))
			recover(r);
	}
}

struct conf_entry *conf_parse(const char *text, size_t len, struct conf_errors *errors)
{
	struct conf_entry *root = calloc(1, sizeof *root);
	struct reader r = {.at = text, .end = text + len, .line = 1, .errors = errors};

	r.buffer = malloc(len + 1);
	if (!root || !r.buffer) {
		free(root);
		free(r.buffer);
		return NULL;
	}
	root->kind = CONF_SECTION;
	/* Texts end with a NUL here: one within would cut them short. */
	if (len && memchr(text, 0, len)) {
		for (; *r.at; r.at++)
			r.line += *r.at == '\n';
		conf_error(errors, r.line, "a NUL byte: this is no text file");
		r.at = r.end;
	}
	next(&r);
	while (read_entries(&r, root, 0), !r.no_memory && is_mark(&r, '}')) {
		conf_error(errors, r.token.line, "this } closes nothing");
		next(&r);
	}
	free(r.buffer);
	if (!r.no_memory)
		return root;
	conf_free(root);
	return NULL;
}

static void free_entry(struct conf_entry *entry)
{
	for (size_t i = 0; i < entry->n_values; i++)
		free(entry->values[i]);
	for (size_t i = 0; i < entry->n_entries; i++)
		free_entry(&entry->entries[i]);
	free(entry->values);
	free(entry->entries);
	free(entry->name);
	free(entry->title);
}

void conf_free(struct conf_entry *root)
{
	if (root)
		free_entry(root);
	free(root);
}
