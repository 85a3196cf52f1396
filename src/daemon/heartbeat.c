/* heartbeat: what goes beside the transaction: that, operators' requests, the publisher's SCAN. */
#include "daemon/keeper_inner.h"
#include "daemon/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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

/* ---- Keys that are ours no more ---- */

static void on_sweep(void *arg, uint32_t i, const struct reply *reply)
{
	struct keeper *keeper = arg;

	(void)i;
	keeper->sweeping = false;
	if (!reply || keeper->role != ROLE_ACTIVE || reply_count(reply) != 2)
		return;
	const struct reply *found = reply_at(reply, 1);
	struct text next = reply_text(reply_at(reply, 0));
	size_t n = reply_count(found);
	struct text *keys = malloc((n + 1) * sizeof *keys);
	uint64_t cursor = 0;

	if (!keys)
		return; /* asked again, from where it was */
	for (size_t k = 0; k < next.len; k++)
		cursor = cursor * 10 + (uint64_t)(next.at[k] - '0');
	for (size_t k = 0; k < n; k++)
		keys[k] = reply_text(reply_at(found, k));
	keeper->hooks.scanned(keeper->hooks.arg, cursor, keys, n);
	free(keys);
	keeper_flush_soon(keeper);
}

void heartbeat_sweep(struct keeper *keeper)
{
	char pattern[2 * KEY_MOST], text[24];
	uint64_t cursor = 0;

	if (!keeper->hooks.scan || keeper->sweeping || keeper->role != ROLE_ACTIVE ||
	    !keeper->hooks.scan(keeper->hooks.arg, &cursor))
		return;
	snprintf(text, sizeof text, "%" PRIu64, cursor);
	keeper_pattern(keeper, pattern, "");
	keeper->sweeping = keeper_scan(keeper, text, pattern, on_sweep);
}
