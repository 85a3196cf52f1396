/*
 * config: venturid.conf, checked and ready for use. What each option means stands in options.def.
 *
 * Scalars can be overridden from the environment: VENTURI_<SECTION>_<KEY>, as VENTURI_REDIS_URL;
 * those of the top level VENTURI_<KEY>, as VENTURI_TIMEZONE.
 */
#ifndef VENTURI_DAEMON_CONFIG_H
#define VENTURI_DAEMON_CONFIG_H

#include "venturi/model.h"
#include "venturi/zone.h"

/* Where venturid and venturi look if they are told no file. */
#define CONFIG_PATH "/etc/venturi/venturid.conf"

struct config_pair {
	char *name, *value;
};

/* Times in ms, sizes in bytes; texts are never NULL. Owns all it points to. */
struct config {
	struct model *model;
	struct zone *zone;

	char *timezone, *portfolio;
	int64_t max_future_skew, max_lateness, settle, stale_after;
	int clock; /* of the option's choices */
	bool clock_is_event;
	struct name_list canceled_resolutions, severities;
	char *min_severity;
	int64_t attribution_max_gap;
	struct name_list unplanned_labels, unplanned_branches;
	size_t max_event_size;
	uint32_t max_subjects, max_names;
	struct name_list ignore_sources;
	int64_t redis_ttl, alert_interval;
	char *instance; /* never "": host name and process id by default */

	struct name_list topics;
	char *group, *dead_letter_topic;
	struct config_pair *librdkafka; /* verbatim */
	size_t n_librdkafka;

	char *redis_url, *redis_username, *redis_password_file, *redis_prefix;
	char *redis_password; /* of the file or the credential; "" = none */
	int64_t flush_interval;
	char *http_listen;

	struct config_strings *strings; /* all texts, freed at once */
};

/*
 * Reads and checks a file (NULL: CONFIG_PATH if it is there, else the defaults). NULL with `err`
 * filled (78; 66 if the file cannot be read). All that is wrong has then been told on the standard
 * error, each mistake with its line; `err` has the first.
 */
struct config *config_load(const char *path, struct err *err);
void config_free(struct config *config);

/* The commented sample that is installed: all options with their defaults. */
void config_print_sample(void);

#endif
