/* daemon: wires Kafka, intake, fold, publisher, keeper and HTTP to one event loop, and runs it. */
#ifndef VENTURI_DAEMON_DAEMON_H
#define VENTURI_DAEMON_DAEMON_H

/*
 * Reads the configuration, and runs until SIGTERM or SIGINT. Returns an exit status of sysexits.h;
 * what went wrong was logged.
 */
int daemon_run(const char *config_path);

/* Checks the configuration, librdkafka's properties too, and says what is wrong. 0 or 78. */
int daemon_test(const char *config_path);

#endif
