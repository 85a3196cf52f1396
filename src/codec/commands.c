#include "codec/commands.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void commands_clear(struct commands *commands)
{
	commands->len = 0;
	commands->n = 0;
	commands->fields = 0;
	commands->failed = false;
}

void commands_free(struct commands *commands)
{
	free(commands->bytes);
	*commands = (struct commands){0};
}

/*
 * Room for `len` bytes more, or NULL. Once it has failed it stays so: a half command is never sent.
 */
static char *room_for(struct commands *commands, size_t len)
{
	if (commands->failed)
		return NULL;
	if (commands->room - commands->len < len) {
		size_t room = commands->room ? commands->room : 256;

		while (room - commands->len < len)
			room *= 2;
		char *bytes = realloc(commands->bytes, room);

		if (!bytes) {
			commands->failed = true;
			return NULL;
		}
		commands->bytes = bytes;
		commands->room = room;
	}
	return commands->bytes + commands->len;
}

/* Writes the decimal digits to the end of a buffer of 24 bytes and says where they begin. */
static char *digits(uint64_t number, char buffer[24])
{
	char *at = buffer + 24;

	do
		*--at = (char)('0' + number % 10);
	while (number /= 10);
	return at;
}

/* "*3\r\n", "$5\r\n" */
static void put_head(struct commands *commands, char mark, size_t number)
{
	char buffer[24];
	const char *from = digits(number, buffer);
	size_t len = (size_t)(buffer + 24 - from);
	char *at = room_for(commands, len + 3);

	if (!at)
		return;
	*at++ = mark;
	memcpy(at, from, len);
	memcpy(at + len, "\r\n", 2);
	commands->len += len + 3;
}

void commands_begin(struct commands *commands, size_t argc)
{
	put_head(commands, '*', argc);
	commands->n++;
	commands->fields += (uint32_t)(argc - 1) / 2;
}

void commands_arg(struct commands *commands, struct text arg)
{
	put_head(commands, '$', arg.len);
	char *at = room_for(commands, arg.len + 2);

	if (!at)
		return;
	if (arg.len)
		memcpy(at, arg.at, arg.len);
	memcpy(at + arg.len, "\r\n", 2);
	commands->len += arg.len + 2;
}

void commands_arg_number(struct commands *commands, int64_t number)
{
	char buffer[24];
	uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	char *at = digits(magnitude, buffer);

	if (number < 0)
		*--at = '-';
	commands_arg(commands, (struct text){at, (size_t)(buffer + 24 - at)});
}

void commands_append(struct commands *commands, const struct commands *more)
{
	char *at = room_for(commands, more->len);

	commands->failed |= more->failed;
	if (!at)
		return;
	if (more->len)
		memcpy(at, more->bytes, more->len);
	commands->len += more->len;
	commands->n += more->n;
	commands->fields += more->fields;
}

void commands_line(struct commands *commands, const char *first, ...)
{
	va_list args;
	size_t argc = 0;

	va_start(args, first);
	for (const char *arg = first; arg; arg = va_arg(args, const char *))
		argc++;
	va_end(args);
	commands_begin(commands, argc);
	va_start(args, first);
	for (const char *arg = first; arg; arg = va_arg(args, const char *))
		commands_arg(commands, text_of(arg));
	va_end(args);
}
