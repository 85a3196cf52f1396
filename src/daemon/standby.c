#include "daemon/keeper_inner.h"
#include "daemon/log.h"

#include <stdio.h>
#include <string.h>

#define POLL_MS 500

/* ---- A standby watches the fence ---- */

int standby_interval(const struct keeper *keeper)
{
	int interval = keeper->takeover / 6;

	return interval > POLL_MS ? POLL_MS : interval < 5 ? 5 : interval;
}

void standby_forget(struct keeper *keeper)
{
	keeper->seen_once = false;
}

/* The fence is as it was at the last reading, or has moved: then the time counts anew. */
static void note(struct keeper *keeper, struct text text)
{
	if (keeper->seen_once && text_same(text, text_of(keeper->seen)))
		return;
	keeper->seen_once = true;
	keeper->seen_since = keeper_now();
	snprintf(keeper->seen, sizeof keeper->seen, "%.*s", (int)text.len, text.at);
}

static bool stood_still(const struct keeper *keeper)
{
	int most = keeper->kafka_up ? keeper->takeover : keeper->takeover_without_kafka;

	return keeper->seen_once && keeper_now() - keeper->seen_since >= most;
}

static void on_get(void *arg, uint32_t i, const struct reply *reply)
{
	struct keeper *keeper = arg;
	struct fence fence;

	(void)i;
	keeper->polling = false;
	if (!reply || keeper->role != ROLE_STANDBY || keeper->taking != TAKE_NOTHING)
		return;
	struct text text = reply_text(reply);

	if (reply_kind(reply) == REPLY_NIL ||
	    (reply_kind(reply) == REPLY_STRING && fence_parse(text, &fence))) {
		note(keeper, text);
	} else {
		/* Never overwritten: it may be a newer version's. */
		log_error("event=fence_unreadable key=%s value=\"%.*s\" what=\"no take-over before "
			  "it is removed\"", keeper->fence_key, text.len < 80 ? (int)text.len : 80,
			  text.at);
		standby_forget(keeper);
	}
	if (stood_still(keeper) && !keeper->over && !keeper->failing)
		takeover_begin(keeper);
}

void standby_poll(struct keeper *keeper)
{
	if (!keeper->usable || keeper->polling || keeper->taking != TAKE_NOTHING)
		return;
	commands_clear(&keeper->scratch);
	commands_line(&keeper->scratch, "GET", keeper->fence_key, NULL);
	keeper->polling = keeper_send(keeper, &keeper->scratch, on_get);
}

/* ---- An active one without Kafka looks for a standby that has it ---- */

static void seek_from(struct keeper *keeper, const char *cursor);

static void on_rival(void *arg, uint32_t i, const struct reply *reply)
{
	struct keeper *keeper = arg;

	(void)i;
	if (!reply || keeper->role != ROLE_ACTIVE || keeper->kafka_up || reply_count(reply) != 2)
		return;
	if (!text_same(reply_text(reply_at(reply, 0)), TEXT("standby")) ||
	    !text_same(reply_text(reply_at(reply, 1)), TEXT("up")))
		return;
	log_warn("event=let_go what=\"no Kafka broker is reached here, and a standby has one\"");
	keeper_stand_by(keeper);
}

static void on_seek(void *arg, uint32_t i, const struct reply *reply)
{
	struct keeper *keeper = arg;
	struct commands *commands = &keeper->scratch;
	char cursor[32];

	(void)i;
	keeper->seeking = false;
	if (!reply || keeper->role != ROLE_ACTIVE || reply_count(reply) != 2)
		return;
	struct text next = reply_text(reply_at(reply, 0));
	const struct reply *keys = reply_at(reply, 1);

	for (size_t k = 0; k < reply_count(keys); k++) {
		commands_clear(commands);
		commands_begin(commands, 4);
		commands_arg(commands, TEXT("HMGET"));
		commands_arg(commands, reply_text(reply_at(keys, k)));
		commands_arg(commands, TEXT("role"));
		commands_arg(commands, TEXT("kafka"));
		if (!keeper_send(keeper, commands, on_rival))
			return;
	}
	if (next.len >= sizeof cursor || text_same(next, TEXT("0")))
		return;
	memcpy(cursor, next.at, next.len);
	cursor[next.len] = '\0';
	seek_from(keeper, cursor);
}

static void seek_from(struct keeper *keeper, const char *cursor)
{
	char pattern[2 * KEY_MOST];

	keeper_pattern(keeper, pattern, "daemon:");
	keeper->seeking = keeper_scan(keeper, cursor, pattern, on_seek);
}

void standby_seek_rival(struct keeper *keeper)
{
	if (keeper->kafka_up || keeper->seeking ||
	    keeper_now() - keeper->kafka_since < keeper->let_go)
		return;
	seek_from(keeper, "0");
}
