#include "daemon/keeper_inner.h"
#include "daemon/log.h"

#include <stdio.h>

#define TTL_MS "5000"
#define REQUESTS_AT_ONCE "15" /* the last index */

/* ---- The heartbeat ---- */

static void on_heartbeat(void *arg, uint32_t i, const struct reply *reply)
{
	const struct keeper *keeper = arg;

	(void)i;
	if (reply && reply_kind(reply) == REPLY_ERROR)
		log_error("event=no_heartbeat key=%s why=\"%.*s\"", keeper->heartbeat_key,
			  (int)reply_text(reply).len, reply_text(reply).at);
}

void heartbeat_send(struct keeper *keeper)
{
	struct commands *pairs = &keeper->pairs, *commands = &keeper->scratch;

	if (!keeper->usable)
		return;
	commands_clear(pairs);
	size_t n = keeper->hooks.heartbeat ? keeper->hooks.heartbeat(keeper->hooks.arg, pairs) : 0;

	commands_clear(commands);
	commands_begin(commands, 2 + 2 * (n + 1));
	commands_arg(commands, TEXT("HSET"));
	commands_arg(commands, text_of(keeper->heartbeat_key));
	commands_arg(commands, TEXT("role"));
	commands_arg(commands, text_of(role_name(keeper->role)));
	commands_append(commands, pairs);
	commands_line(commands, "PEXPIRE", keeper->heartbeat_key, TTL_MS, NULL);
	if (!keeper_send(keeper, commands, on_heartbeat))
		return; /* the connection is going; the next one comes in a second */
}

/* ---- What operators ask ---- */

static void on_requests(void *arg, uint32_t i, const struct reply *reply)
{
	struct keeper *keeper = arg;

	(void)i;
	keeper->asking_requests = false;
	if (!reply || keeper->role != ROLE_ACTIVE || keeper->requests)
		return;
	if (reply_kind(reply) == REPLY_ERROR)
		log_error("event=requests_unreadable key=%s why=\"%.*s\"", keeper->requests_key,
			  (int)reply_text(reply).len, reply_text(reply).at);
	for (size_t k = 0; k < reply_count(reply); k++) {
		struct text request = reply_text(reply_at(reply, k));

		log_info("event=request what=\"%.*s\"", (int)request.len, request.at);
		if (keeper->hooks.request)
			keeper->hooks.request(keeper->hooks.arg, request);
		keeper->requests++;
	}
	if (keeper->requests)
		keeper_flush_soon(keeper);
}

void heartbeat_requests(struct keeper *keeper)
{
	if (!keeper->usable || keeper->asking_requests || keeper->requests ||
	    keeper->role != ROLE_ACTIVE)
		return;
	commands_clear(&keeper->scratch);
	commands_line(&keeper->scratch, "LRANGE", keeper->requests_key, "0", REQUESTS_AT_ONCE,
		      NULL);
	keeper->asking_requests = keeper_send(keeper, &keeper->scratch, on_requests);
}
