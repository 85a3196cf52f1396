/* config_inner: what the files of config share. */
#ifndef VENTURI_DAEMON_CONFIG_INNER_H
#define VENTURI_DAEMON_CONFIG_INNER_H

#include "daemon/conf.h"
#include "daemon/config.h"

enum option_type {
	OPTION_TEXT,
	OPTION_LIST,
	OPTION_DURATION,
	OPTION_SIZE,
	OPTION_COUNT,
	OPTION_CHOICE,
	OPTION_SLE,
	OPTION_DATE
};

struct sle {
	int64_t ms; /* 0: none */
	int ppm;
};

/* One option of the table; `offset` is that of its field in the struct of its section. */
struct option_row {
	const char *section, *key;
	enum option_type type;
	size_t offset;
	const char *fallback, *help;
};

/* The sections that are objects of their own, each with a struct for its options. */
struct workflow_options {
	struct name_list states[CLASS_COUNT];
};

struct product_options {
	char *stream, *workflow;
	int mode, release, change_start;
	struct name_list rules[RULE_COUNT];
	struct sle sle;
};

struct team_options {
	char *product;
	struct name_list rules[RULE_COUNT];
};

struct environments_options {
	struct name_list production;
};

struct types_options {
	struct name_list types[TYPE_COUNT];
};

struct baseline_options {
	int32_t first, last;
};

extern const struct option_row option_rows[];
extern const size_t option_count;

/* One configuration being read. */
struct reading {
	struct config *config;
	struct conf_errors *errors;
	bool no_memory;
};

/* A copy that lives as long as the configuration. */
char *config_string(struct reading *r, const char *text);
void *config_room(struct reading *r, size_t size);

/*
 * Fills the fields of a section's options, of `base`, from its entry (NULL: nothing was said)
 * and, if `fall_back`, the defaults. Unknown keys are told.
 */
void config_apply(struct reading *r, const char *section, const struct conf_entry *entry,
		  void *base, bool fall_back);

/* What the environment says of the options with one value of struct config. */
void config_apply_environment(struct reading *r);
/* What it says of one of them; NULL where it says nothing, or there is no such option. */
const char *option_environment(const char *section, const char *key);

/* The line of an option of struct config; 0 where the file does not decide it. */
int config_line(const struct conf_entry *root, const char *section, const char *key);

/* "250ms", "8d": false if it is no duration, or too long to add to any time. */
bool duration_parse(const char *text, int64_t *ms);

/* Builds the model from the parsed file. */
void config_build_model(struct reading *r, const struct conf_entry *root);

#endif
