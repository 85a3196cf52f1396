#include "io/lookup.h"

#include <event2/event.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What the thread and the loop share: the last of the two to let go frees it. */
struct question {
	atomic_int holders;
	int fd; /* an eventfd: becomes readable when the answer is there */
	char *host, *port;
	int error;
	struct addrinfo *found;
};

struct lookup {
	struct question *question;
	struct event *answered;
	lookup_fn *done;
	void *arg;
};

static void question_release(struct question *question)
{
	if (atomic_fetch_sub(&question->holders, 1) > 1)
		return;
	if (question->fd >= 0)
		close(question->fd);
	if (question->found)
		freeaddrinfo(question->found);
	free(question->host);
	free(question->port);
	free(question);
}

static struct question *question_new(const char *host, const char *port)
{
	struct question *question = calloc(1, sizeof *question);

	if (!question)
		return NULL;
	atomic_init(&question->holders, 1);
	question->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	question->host = strdup(host);
	question->port = strdup(port);
	if (question->fd >= 0 && question->host && question->port)
		return question;
	question_release(question);
	return NULL;
}

static void *ask(void *arg)
{
	struct question *question = arg;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	uint64_t one = 1;

	/* AI_ADDRCONFIG hides 127.0.0.1 and ::1 on a machine that has nothing but loopback. */
	question->error = getaddrinfo(question->host, question->port, &hints, &question->found);
	if (question->error) {
		hints.ai_flags = 0;
		question->error =
			getaddrinfo(question->host, question->port, &hints, &question->found);
	}
	if (write(question->fd, &one, sizeof one) < 0)
		question->error = EAI_SYSTEM; /* nobody else adds to it: cannot happen */
	question_release(question);
	return NULL;
}

/* Signals are the loop's: the thread is born with all of them blocked. */
static bool start_thread(struct question *question)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	atomic_fetch_add(&question->holders, 1);
	bool started = pthread_create(&thread, &attributes, ask, question) == 0;

	if (!started)
		atomic_fetch_sub(&question->holders, 1);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return started;
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct lookup *lookup = arg;
	struct question *question = lookup->question;

	(void)fd;
	(void)what;
	if (question->error)
		lookup->done(lookup->arg, NULL, gai_strerror(question->error));
	else
		lookup->done(lookup->arg, question->found, NULL);
}

struct lookup *lookup_new(struct event_base *base, const char *host, const char *port,
			  lookup_fn *done, void *arg)
{
	struct lookup *lookup = calloc(1, sizeof *lookup);

	if (!lookup)
		return NULL;
	lookup->done = done;
	lookup->arg = arg;
	lookup->question = question_new(host, port);
	if (!lookup->question)
		goto fail;
	lookup->answered = event_new(base, lookup->question->fd, EV_READ, on_answer, lookup);
	if (!lookup->answered || event_add(lookup->answered, NULL) < 0 ||
	    !start_thread(lookup->question))
		goto fail;
	return lookup;
fail:
	lookup_free(lookup);
	return NULL;
}

void lookup_free(struct lookup *lookup)
{
	if (!lookup)
		return;
	if (lookup->answered)
		event_free(lookup->answered);
	if (lookup->question)
		question_release(lookup->question);
	free(lookup);
}
