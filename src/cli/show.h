/* show: `venturi scopes` and `venturi show`: what Redis shows, for a person or a script. */
#ifndef VENTURI_CLI_SHOW_H
#define VENTURI_CLI_SHOW_H

/* Run the command; argv[0] is its name. Return the exit status. */
int scopes_main(int argc, char **argv);
int show_main(int argc, char **argv);

#endif
