/*
 * commands: the subcommands of `venturi`. Each gets its own arguments (argv[0] is its name) and
 * returns the exit status, of sysexits.h where it failed.
 */
#ifndef VENTURI_CLI_COMMANDS_H
#define VENTURI_CLI_COMMANDS_H

int replay_main(int argc, char **argv);

#endif
