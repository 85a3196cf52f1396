#include "daemon/daemon_inner.h"
#include "daemon/log.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

/* A standby is up once it has watched somebody else be active for longer than a take-over takes. */
#define STANDBY_MS   5000
#define STATUS_TICKS 20

void daemon_notify(const char *state)
{
	sd_notify(0, state);
}

/* ---- Heartbeat ---- */

static void pair(struct commands *out, size_t *n, const char *name, struct text value)
{
	commands_arg(out, text_of(name));
	commands_arg(out, value);
	++*n;
}

static void pair_number(struct commands *out, size_t *n, const char *name, int64_t number)
{
	commands_arg(out, text_of(name));
	commands_arg_number(out, number);
	++*n;
}

static void pair_rejected(struct commands *out, size_t *n, const struct intake_counts *counts)
{
	char name[64];

	for (enum reject reason = REJECT_NONE + 1; reason < REJECT_COUNT; reason++) {
		struct text text = reject_name(reason);

		snprintf(name, sizeof name, "rejected_%.*s", (int)text.len, text.at);
		pair_number(out, n, name, (int64_t)counts->rejected[reason]);
	}
}

static double lag_seconds(const struct kafka_status *kafka)
{
	int64_t lag = kafka->oldest_behind < 0 ? 0 : clock_wall() - kafka->oldest_behind;

	return lag < 0 ? 0 : (double)lag / 1000;
}

size_t daemon_heartbeat(struct daemon *daemon, struct commands *out)
{
	struct kafka_status kafka = kafka_status(daemon->kafka);
	struct intake_counts counts = intake_counts(daemon->intake);
	struct keeper_status keeper = keeper_status(daemon->keeper);
	int64_t watermark = daemon->view.fold ? fold_watermark(daemon->view.fold) : INT64_MIN;
	char lag[NUMBER_TEXT];
	size_t n = 0, len = number_write(UNIT_SECONDS, lag_seconds(&kafka), lag);

	pair(out, &n, "kafka", kafka.up ? TEXT("up") : TEXT("down"));
	pair(out, &n, "version", TEXT(VENTURI_VERSION));
	pair_number(out, &n, "partitions", kafka.partitions);
	pair_number(out, &n, "partitions_stopped", kafka.stopped);
	pair_number(out, &n, "lag_messages", kafka.lag_messages);
	pair(out, &n, "lag_seconds", (struct text){lag, len});
	pair_number(out, &n, "catching_up", !kafka.caught_up);
	if (watermark == INT64_MIN)
		pair(out, &n, "watermark_ms", TEXT("nan"));
	else
		pair_number(out, &n, "watermark_ms", watermark);
	pair_number(out, &n, "facts", daemon->store ? (int64_t)store_facts(daemon->store) : 0);
	pair_number(out, &n, "accepted", (int64_t)counts.accepted);
	pair_rejected(out, &n, &counts);
	pair_number(out, &n, "dead_letters", (int64_t)counts.letters);
	pair_number(out, &n, "dead_letters_lost", (int64_t)counts.letters_lost);
	/* Each start and each take-over raises the epoch by one. */
	pair_number(out, &n, "restarts", keeper.epoch ? (int64_t)keeper.epoch - 1 : 0);
	return n;
}

/* ---- Probes ---- */

/* Why not, in one line; NULL when it is ready. */
static const char *not_ready(const struct daemon *daemon)
{
	struct keeper_status keeper = keeper_status(daemon->keeper);
	struct kafka_status kafka = kafka_status(daemon->kafka);

	if (daemon->stopping)
		return "stopping";
	if (!keeper.connected)
		return "redis: not connected";
	if (keeper.role == ROLE_STANDBY)
		return "standby: watching whether somebody else is active";
	if (keeper.role == ROLE_LOADING || daemon->filling)
		return "loading: the facts in Redis are being read";
	if (keeper.role == ROLE_RESTORING)
		return "restoring: Redis lost writes, they are written again";
	if (!kafka.up)
		return "kafka: no broker is reached";
	if (!kafka.assigned)
		return "kafka: the topics' partitions are not known yet";
	if (kafka.partitions == 0)
		return "kafka: none of the topics is there";
	return NULL;
}

static void on_healthz(void *arg, const char *query, struct http_answer *answer)
{
	(void)arg;
	(void)query;
	evbuffer_add_printf(answer->body, "ok: the loop turns\n");
}

static void on_readyz(void *arg, const char *query, struct http_answer *answer)
{
	const struct daemon *daemon = arg;
	const char *why = not_ready(daemon);
	struct kafka_status kafka = kafka_status(daemon->kafka);

	(void)query;
	if (why) {
		answer->status = 503;
		evbuffer_add_printf(answer->body, "%s\n", why);
		return;
	}
	evbuffer_add_printf(answer->body, "ready: %" PRIu32 " partitions, %s", kafka.partitions,
			    kafka.caught_up ? "caught up" : "catching up");
	if (kafka.stopped)
		evbuffer_add_printf(answer->body, ", %" PRIu32 " stopped", kafka.stopped);
	evbuffer_add_printf(answer->body, "\n");
	for (uint32_t i = 0; kafka.stopped && i < kafka.partitions; i++)
		if (kafka_stopped_why(daemon->kafka, i))
			evbuffer_add_printf(answer->body, "stopped: %s\n",
					    kafka_stopped_why(daemon->kafka, i));
}

bool daemon_serve(struct daemon *daemon, struct err *err)
{
	const char *listen = daemon->view.config->http_listen;

	if (!*listen)
		return true;
	daemon->http = http_new(daemon->base, listen, err);
	if (!daemon->http)
		return false;
	return (http_handle(daemon->http, "/healthz", on_healthz, daemon) &&
		http_handle(daemon->http, "/readyz", on_readyz, daemon)) ||
	       err_set(err, 71, "http: memory is short");
}

/* ---- The service manager ---- */

/* For the manager a standby is up too: standing by is its work. */
static bool is_up(struct daemon *daemon)
{
	struct keeper_status keeper = keeper_status(daemon->keeper);
	int64_t now = clock_monotonic();

	if (keeper.role != ROLE_STANDBY || !keeper.connected) {
		daemon->standby_since = 0;
		return not_ready(daemon) == NULL;
	}
	if (!daemon->standby_since)
		daemon->standby_since = now;
	return now - daemon->standby_since >= STANDBY_MS;
}

static void describe(const struct daemon *daemon, char *line, size_t room)
{
	struct keeper_status keeper = keeper_status(daemon->keeper);
	struct kafka_status kafka = kafka_status(daemon->kafka);
	const char *why = not_ready(daemon);

	if (why)
		snprintf(line, room, "STATUS=%s", why);
	else
		snprintf(line, room,
			 "STATUS=%s: %" PRIu64 " facts, %" PRIu32 " partitions (%" PRIu32
			 " stopped), %s",
			 role_name(keeper.role), store_facts(daemon->store), kafka.partitions,
			 kafka.stopped, kafka.caught_up ? "caught up" : "catching up");
}

void daemon_status_tick(struct daemon *daemon)
{
	char line[sizeof daemon->status];

	if (!daemon->said_ready && is_up(daemon)) {
		daemon->said_ready = true;
		daemon_notify("READY=1");
		log_info("event=ready");
	}
	if (daemon->ticks++ % STATUS_TICKS)
		return;
	describe(daemon, line, sizeof line);
	if (strcmp(line, daemon->status) != 0) {
		strcpy(daemon->status, line);
		daemon_notify(line);
	}
}
