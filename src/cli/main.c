#include "cli/check_events.h"
#include "cli/commands.h"
#include "cli/show.h"

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

int main(int argc, char **argv)
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
			return commands[i].main(argc - 1, argv + 1);
	if (*name)
		fprintf(stderr, "venturi: there is no command %s\n", name);
	usage(stderr);
	return EX_USAGE;
}
