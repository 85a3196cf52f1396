/* commands_fixture: Redis commands as lines of words, for tests to read. */
#ifndef VENTURI_TESTS_COMMANDS_FIXTURE_H
#define VENTURI_TESTS_COMMANDS_FIXTURE_H

#include "codec/commands.h"

/* One line a command, its arguments with a space between; the caller frees. */
char *commands_words(const struct commands *commands);

/* Fails the test unless these are the words; the commands are cleared. */
void assert_words(struct commands *commands, const char *words);

#endif
