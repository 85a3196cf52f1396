#include "daemon/config.h"
#include "daemon/daemon.h"

#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <sysexits.h>

static void usage(FILE *out)
{
	fputs("usage: venturid [-c FILE]\n"
	      "       venturid -t [-c FILE]\n"
	      "Folds delivery events from Kafka into flow metrics in Redis; in the foreground.\n"
	      "  -c, --config FILE  the configuration, " CONFIG_PATH " if not given\n"
	      "  -t, --test         check the configuration, and exit with 0 or 78\n"
	      "      --help, --version\n"
	      "SIGTERM stores what was taken and exits, a second one exits at once; SIGHUP reads\n"
	      "the configuration again. Exit statuses are those of sysexits.h.\n",
	      out);
}

/*
 * librdkafka frees a fetch's buffers in other threads than allocate them, and glibc gives each back
 * to the system at once: a third of a broker thread's time went to page faults. One arena, a high
 * threshold.
 */
static void tune_malloc(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
						{"test", no_argument, NULL, 't'},
						{"help", no_argument, NULL, 'h'},
						{"version", no_argument, NULL, 'v'},
						{NULL, 0, NULL, 0}};
	const char *path = NULL;
	bool test = false;

	for (int c; (c = getopt_long(argc, argv, "c:t", options, NULL)) != -1;) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 't':
			test = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		case 'v':
			puts("venturid " VENTURI_VERSION);
			return 0;
		default:
			usage(stderr);
			return EX_USAGE;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return EX_USAGE;
	}
	tune_malloc();
	return test ? daemon_test(path) : daemon_run(path);
}
