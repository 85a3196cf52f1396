#include "io/kafka_scout.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The first question's patience; doubled with each failure, so that slow clusters are heard too. */
#define PATIENCE_MS      1000
#define PATIENCE_MOST_MS 5000
#define RETRY_MS         200
#define NUDGE_MS         10

struct scout {
	rd_kafka_t *rk;
	bool all_topics;
	int interval_ms, wake;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t changed;
	const struct rd_kafka_metadata *answer;
	bool up, stop, done, nudge, doubt;
	struct scout_leader leaders[SCOUT_LEADERS_MOST];
	size_t n_leaders;
};

static void wake(struct scout *scout)
{
	uint64_t one = 1;
	ssize_t n = write(scout->wake, &one, sizeof one);

	(void)n; /* full means that it is awake already */
}

static void keep_answer(struct scout *scout, const struct rd_kafka_metadata *answer, bool up)
{
	pthread_mutex_lock(&scout->mutex);
	const struct rd_kafka_metadata *before = answer ? scout->answer : NULL;
	if (answer)
		scout->answer = answer;
	scout->up = up;
	pthread_mutex_unlock(&scout->mutex);
	if (before)
		rd_kafka_metadata_destroy(before);
	wake(scout);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* With the mutex held: waits until the instant, or until something changes. */
static void wait_until(struct scout *scout, int64_t ms)
{
	struct timespec until = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	pthread_cond_timedwait(&scout->changed, &scout->mutex, &until);
}

/* With the mutex held, but for the questions themselves: what they answer is of no interest. */
static void nudge_all(struct scout *scout)
{
	for (size_t i = 0; i < scout->n_leaders && !scout->stop; i++) {
		struct scout_leader leader = scout->leaders[i];
		int64_t low, high;

		pthread_mutex_unlock(&scout->mutex);
		rd_kafka_query_watermark_offsets(scout->rk, leader.topic, leader.partition, &low,
						 &high, PATIENCE_MOST_MS);
		pthread_mutex_lock(&scout->mutex);
	}
}

/* False when it is to stop. */
static bool rest(struct scout *scout, int ms)
{
	int64_t until = now_ms() + ms;

	pthread_mutex_lock(&scout->mutex);
	while (!scout->stop && !scout->doubt && now_ms() < until) {
		if (!scout->nudge || !scout->n_leaders) {
			wait_until(scout, until);
			continue;
		}
		nudge_all(scout);
		if (!scout->stop)
			wait_until(scout, now_ms() + NUDGE_MS);
	}
	bool go_on = !scout->stop;
	scout->doubt = false;
	pthread_mutex_unlock(&scout->mutex);
	return go_on;
}

static void *scout_run(void *arg)
{
	struct scout *scout = arg;
	int patience = PATIENCE_MS;
	bool up;

	do {
		const struct rd_kafka_metadata *answer = NULL;

		up = rd_kafka_metadata(scout->rk, scout->all_topics, NULL, &answer, patience) ==
		     RD_KAFKA_RESP_ERR_NO_ERROR;
		if (up)
			patience = PATIENCE_MS;
		else if (patience < PATIENCE_MOST_MS)
			patience += PATIENCE_MS;
		keep_answer(scout, up ? answer : NULL, up);
	} while (rest(scout, up ? scout->interval_ms : RETRY_MS));

	pthread_mutex_lock(&scout->mutex);
	scout->done = true;
	pthread_mutex_unlock(&scout->mutex);
	wake(scout);
	return NULL;
}

/* Signals are the loop's: the thread takes none. */
static bool start_thread(struct scout *scout)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&scout->thread, NULL, scout_run, scout);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !failed;
}

struct scout *scout_new(rd_kafka_t *rk, bool all_topics, int interval_ms, int wake_fd)
{
	struct scout *scout = calloc(1, sizeof *scout);
	pthread_condattr_t attr;

	if (!scout)
		return NULL;
	*scout = (struct scout){
		.rk = rk, .all_topics = all_topics, .interval_ms = interval_ms, .wake = wake_fd};
	pthread_mutex_init(&scout->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&scout->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (start_thread(scout))
		return scout;
	pthread_cond_destroy(&scout->changed);
	pthread_mutex_destroy(&scout->mutex);
	free(scout);
	return NULL;
}

const struct rd_kafka_metadata *scout_take(struct scout *scout)
{
	pthread_mutex_lock(&scout->mutex);
	const struct rd_kafka_metadata *answer = scout->answer;
	scout->answer = NULL;
	pthread_mutex_unlock(&scout->mutex);
	return answer;
}

void scout_leaders(struct scout *scout, const struct scout_leader *leaders, size_t n)
{
	pthread_mutex_lock(&scout->mutex);
	scout->n_leaders = n < SCOUT_LEADERS_MOST ? n : SCOUT_LEADERS_MOST;
	memcpy(scout->leaders, leaders, scout->n_leaders * sizeof *leaders);
	pthread_mutex_unlock(&scout->mutex);
}

void scout_nudge(struct scout *scout, bool nudge)
{
	pthread_mutex_lock(&scout->mutex);
	if (scout->nudge != nudge) {
		scout->nudge = nudge;
		pthread_cond_signal(&scout->changed);
	}
	pthread_mutex_unlock(&scout->mutex);
}

bool scout_up(struct scout *scout)
{
	pthread_mutex_lock(&scout->mutex);
	bool up = scout->up;
	pthread_mutex_unlock(&scout->mutex);
	return up;
}

void scout_doubt(struct scout *scout)
{
	pthread_mutex_lock(&scout->mutex);
	scout->up = false;
	scout->doubt = true;
	pthread_cond_signal(&scout->changed);
	pthread_mutex_unlock(&scout->mutex);
}

void scout_stop(struct scout *scout)
{
	pthread_mutex_lock(&scout->mutex);
	scout->stop = true;
	pthread_cond_signal(&scout->changed);
	pthread_mutex_unlock(&scout->mutex);
}

bool scout_done(struct scout *scout)
{
	pthread_mutex_lock(&scout->mutex);
	bool done = scout->done;
	pthread_mutex_unlock(&scout->mutex);
	return done;
}

void scout_free(struct scout *scout)
{
	if (!scout)
		return;
	scout_stop(scout);
	pthread_join(scout->thread, NULL);
	if (scout->answer)
		rd_kafka_metadata_destroy(scout->answer);
	pthread_cond_destroy(&scout->changed);
	pthread_mutex_destroy(&scout->mutex);
	free(scout);
}
