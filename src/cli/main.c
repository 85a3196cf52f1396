#include "cli/check_events.h"
#include "cli/commands.h"
#include "cli/show.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const struct command {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"replay", replay_main, "fold files of events, and print every value"},
	{"check-events", check_events_main, "say of each event what it becomes, or why not"},
	{"scopes", scopes_main, "list the scopes that a daemon publishes"},
	{"show", show_main, "show a scope's values, as Redis has them"},
};

#define COMMANDS (sizeof commands / sizeof *commands)

static void usage(FILE *out)
{
	fputs("Usage: venturi COMMAND [ARGUMENTS]\n\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-14s %s\n", commands[i].name, commands[i].help);
	fputs("\n`venturi COMMAND --help` says more. `venturi --version` prints the version.\n",
	      out);
}

/* getopt names the program as its first argument has it. */
static int command_run(const struct command *command, int argc, char **argv)
{
	char name[32];

	snprintf(name, sizeof name, "venturi %s", command->name);
	argv[0] = name;
	return command->main(argc, argv);
}

static int run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		usage(stdout);
		return EX_OK;
	}
	if (!strcmp(name, "--version")) {
		puts("venturi " VENTURI_VERSION);
		return EX_OK;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return command_run(&commands[i], argc - 1, argv + 1);
	if (*name)
		fprintf(stderr, "venturi: there is no command %s\n", name);
	usage(stderr);
	return EX_USAGE;
}

/* An answer that could not be written whole is none: a full disk must not look like success. */
int main(int argc, char **argv)
{
	int status = run(argc, argv);
	bool cut = fflush(stdout) != 0 || ferror(stdout);

	if (!cut)
		return status;
	fputs("venturi: standard output could not be written whole\n", stderr);
	return status == EX_OK || status == 1 ? EX_IOERR : status;
}
