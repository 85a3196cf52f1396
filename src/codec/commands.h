/*
 * commands: Redis commands as bytes (RESP arrays of bulk strings), by lengths, never by printf.
 * Owned by the caller; all bytes 0 is an empty one.
 */
#ifndef VENTURI_CODEC_COMMANDS_H
#define VENTURI_CODEC_COMMANDS_H

#include "venturi/text.h"

struct commands {
	char *bytes;
	size_t len, room;
	uint32_t n;      /* commands begun: as many replies come */
	uint32_t fields; /* about: pairs of arguments behind the names: what the budget counts */
	bool failed;     /* memory was short: the bytes are not to be sent */
};

void commands_clear(struct commands *commands); /* keeps the memory */
void commands_free(struct commands *commands);

/* Begins a command of `argc` arguments (with its name); exactly as many commands_arg() follow. */
void commands_begin(struct commands *commands, size_t argc);
void commands_arg(struct commands *commands, struct text arg);
void commands_arg_number(struct commands *commands, int64_t number);
/* All that `more` holds, behind what is there: commands, or arguments of the one begun. */
void commands_append(struct commands *commands, const struct commands *more);
/* A command whose arguments are all given as NUL-terminated strings, NULL at the end. */
void commands_line(struct commands *commands, const char *first, ...) __attribute__((sentinel));

#endif
