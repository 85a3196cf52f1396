/*
 * surroundings: whether state can be kept in this Redis. Asked after each connection, and again
 * every AGAIN_MS while it is not so: what is wrong is mostly put right over there, and then we go
 * on. Permissions, a full memory, a replica, a wrong cluster node: all show when commands are
 * queued in a MULTI that is then discarded.
 */
#include "daemon/keeper_inner.h"
#include "daemon/log.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define AGAIN_MS 1000

/* The value of a line "name:value" of INFO; absent if it isn't there. */
static struct text info_value(struct text info, const char *name)
{
	size_t len = strlen(name);

	for (size_t at = 0; at < info.len;) {
		const char *line = info.at + at;
		const char *end = memchr(line, '\n', info.len - at);
		size_t n = end ? (size_t)(end - line) : info.len - at;

		at += n + 1;
		if (n <= len || memcmp(line, name, len) != 0 || line[len] != ':')
			continue;
		if (line[n - 1] == '\r')
			n--;
		return (struct text){line + len + 1, n - len - 1};
	}
	return (struct text){NULL, 0};
}

static void refuse(struct keeper *keeper, const char *what, struct text why)
{
	keeper->refused = true;
	if (keeper_is_news(&keeper->unfit, what))
		log_error("event=redis_unfit redis=%s what=\"%s\" why=\"%.*s\"",
			  redis_address(keeper->redis), what, (int)why.len, why.at);
}

/* A hash tag: braces with something in between, so that all keys of the prefix are in one slot. */
static bool has_hash_tag(const char *prefix)
{
	const char *open = strchr(prefix, '{');
	const char *close = open ? strchr(open, '}') : NULL;

	return close && close > open + 1;
}

/* ---- INFO and CONFIG ---- */

static void judge_info(struct keeper *keeper, struct text info)
{
	struct text policy = info_value(info, "maxmemory_policy");
	struct err err;

	keeper->aof = text_same(info_value(info, "aof_enabled"), TEXT("1"));
	if (text_same(info_value(info, "cluster_enabled"), TEXT("1")) &&
	    !has_hash_tag(keeper->prefix)) {
		err_set(&err, EX_CONFIG, "%s is a Redis Cluster, where redis.prefix must have a "
			"hash tag, like \"{venturi}:\"; it is \"%.100s\"",
			redis_address(keeper->redis), keeper->prefix);
		keeper->refused = true;
		keeper_fail(keeper, &err);
		return;
	}
	if (text_same(info_value(info, "loading"), TEXT("1")))
		refuse(keeper, "it is still reading its data", TEXT("loading:1"));
	else if (text_same(info_value(info, "role"), TEXT("slave")))
		refuse(keeper, "it is a replica; name its primary", TEXT("role:slave"));
	/* Once we are active, keys may be gone already: stopping would not bring them back. */
	else if (policy.len && !text_same(policy, TEXT("noeviction")) &&
		 keeper->role != ROLE_STANDBY)
		log_error("event=redis_evicts maxmemory_policy=%.*s", (int)policy.len, policy.at);
	else if (policy.len && !text_same(policy, TEXT("noeviction")))
		refuse(keeper, "its maxmemory-policy must be noeviction, else it forgets facts",
		       policy);
}

/* ---- Commands that are queued and discarded ---- */

static void on_probe(void *arg, uint32_t i, const struct reply *reply);

/* What the keeper and the publisher send, as conf/redis-acl.conf allows it. */
static void probe(struct keeper *keeper)
{
	struct commands *commands = &keeper->scratch;
	char log[KEY_MOST], public[KEY_MOST];

	keeper_key(keeper, log, "state:log:0:0");
	keeper_key(keeper, public, "scopes");
	commands_clear(commands);
	commands_line(commands, "SET", keeper->fence_key, "", NULL);
	commands_line(commands, "RPUSH", log, "", NULL);
	commands_line(commands, "LTRIM", log, "0", "-1", NULL);
	commands_line(commands, "UNLINK", log, NULL);
	commands_line(commands, "HSET", public, "a", "1", NULL);
	commands_line(commands, "SADD", public, "a", NULL);
	commands_line(commands, "XADD", public, "*", "a", "1", NULL);
	commands_line(commands, "XTRIM", public, "MAXLEN", "1", NULL);
	commands_line(commands, "RENAME", public, public, NULL);
	commands_line(commands, "PEXPIRE", public, "1", NULL);
	commands_line(commands, "GET", keeper->fence_key, NULL);
	commands_line(commands, "LRANGE", log, "0", "0", NULL);
	commands_line(commands, "LINDEX", log, "0", NULL);
	commands_line(commands, "SCAN", "0", NULL);
	commands_line(commands, "DISCARD", NULL);
	keeper->probes = commands->n;
	if (!keeper_send(keeper, commands, on_probe))
		keeper_drop(keeper, "a request cannot be sent");
}

static void conclude(struct keeper *keeper)
{
	keeper->probing = false;
	if (keeper->refused) {
		keeper_arm(keeper->retry, AGAIN_MS);
		return;
	}
	keeper->usable = true;
	keeper_resume(keeper);
}

static void on_probe(void *arg, uint32_t i, const struct reply *reply)
{
	struct keeper *keeper = arg;

	if (!reply)
		return;
	if (reply_kind(reply) == REPLY_ERROR && !keeper->refused)
		refuse(keeper, "it does not let us write", reply_text(reply));
	if (i + 1 == keeper->probes)
		conclude(keeper);
}

/* Alone, and answered first: without a MULTI around them the probe's commands would be executed. */
static void on_multi(void *arg, uint32_t i, const struct reply *reply)
{
	struct keeper *keeper = arg;

	(void)i;
	if (!reply)
		return;
	if (reply_is_status(reply, "OK")) {
		probe(keeper);
		return;
	}
	refuse(keeper, "it does not let us begin a transaction", reply_text(reply));
	conclude(keeper);
}

/* Whoever may not look at the configuration is not warned. */
static void warn_if_forgetful(struct keeper *keeper, const struct reply *save)
{
	if (!keeper->aof && reply_count(save) == 2 && reply_text(reply_at(save, 1)).len == 0 &&
	    keeper_is_news(&keeper->volatile_redis, "neither"))
		log_warn("event=redis_not_durable what=\"Redis has neither AOF nor RDB: when it "
			 "restarts, facts that Kafka no longer holds are lost, unless a venturid "
			 "runs that has them\"");
}

static void on_info(void *arg, uint32_t i, const struct reply *reply)
{
	struct keeper *keeper = arg;

	if (!reply)
		return;
	if (i == 0 && reply_kind(reply) == REPLY_ERROR)
		refuse(keeper, "it does not say what it is", reply_text(reply));
	else if (i == 0)
		judge_info(keeper, reply_text(reply));
	if (i == 0)
		return;
	if (keeper->refused) {
		conclude(keeper);
		return;
	}
	warn_if_forgetful(keeper, reply);
	commands_clear(&keeper->scratch);
	commands_line(&keeper->scratch, "MULTI", NULL);
	if (!keeper_send(keeper, &keeper->scratch, on_multi))
		keeper_drop(keeper, "a request cannot be sent");
}

void surroundings_check(struct keeper *keeper)
{
	if (keeper->probing || !redis_ready(keeper->redis))
		return;
	keeper->probing = true;
	keeper->refused = false;
	commands_clear(&keeper->scratch);
	commands_line(&keeper->scratch, "INFO", NULL);
	commands_line(&keeper->scratch, "CONFIG", "GET", "save", NULL);
	if (!keeper_send(keeper, &keeper->scratch, on_info))
		keeper_drop(keeper, "a request cannot be sent");
}
