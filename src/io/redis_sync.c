#include "io/redis_sync.h"

#include <event2/event.h>
#include <sysexits.h>

struct question {
	struct event_base *base;
	struct redis *redis;
	struct text commands;
	uint32_t n, answers;
	redis_reply_fn *answered;
	void *arg;
	struct err *err;
	bool failed;
};

static void give_up(struct question *question, const char *why)
{
	if (!question->failed)
		err_set(question->err, EX_UNAVAILABLE, "Redis at %s: %s",
			redis_address(question->redis), why);
	question->failed = true;
	event_base_loopbreak(question->base);
}

static void answered(void *arg, uint32_t i, const struct reply *reply)
{
	struct question *question = arg;

	if (!reply)
		return; /* lost() tells why */
	question->answered(question->arg, i, reply);
	if (++question->answers == question->n)
		event_base_loopbreak(question->base);
}

static void connected(void *arg)
{
	struct question *question = arg;

	if (!redis_send(question->redis, question->commands, question->n, answered, question))
		give_up(question, "the question could not be sent");
}

static void lost(void *arg, const char *why, int retry)
{
	(void)retry;
	give_up(arg, why);
}

bool redis_ask(const struct redis_options *options, struct text commands, uint32_t n,
	       redis_reply_fn *each, void *arg, struct err *err)
{
	struct question question = {
		.commands = commands, .n = n, .answered = each, .arg = arg, .err = err};
	struct redis_callbacks callbacks = {.arg = &question, .connected = connected, .lost = lost};

	question.base = event_base_new();
	if (!question.base)
		return err_set(err, EX_OSERR, "no event loop could be made");
	question.redis = redis_new(question.base, options, &callbacks, err);
	if (question.redis) {
		event_base_dispatch(question.base);
		if (question.answers < n)
			give_up(&question, "no answer");
	}
	redis_free(question.redis);
	event_base_free(question.base);
	return question.redis && !question.failed;
}
