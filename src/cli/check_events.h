/* check_events: `venturi check-events`: what each line became, or why not. */
#ifndef VENTURI_CLI_CHECK_EVENTS_H
#define VENTURI_CLI_CHECK_EVENTS_H

/* Runs the command; argv[0] is its name. Returns the exit status. */
int check_events_main(int argc, char **argv);

#endif
