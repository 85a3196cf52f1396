/*
 * letters: dead letters: records that became no fact go to a topic of their own, as they came, with
 * headers that say where from and why (those of Kafka Connect, and venturi.error.code).
 * All in the loop's thread; nothing blocks it.
 */
#ifndef VENTURI_IO_LETTERS_H
#define VENTURI_IO_LETTERS_H

#include "io/kafka.h"

struct letters;

struct letters_hooks {
	void *arg;
	/*
	 * The letter with that ticket is on the topic; or (`kept` false) never will be, since no
	 * broker would take it in any form: it was logged.
	 */
	void (*settled)(void *arg, void *ticket, bool kept);
	struct kafka_log log;
};

/* Of the options: the properties and dead_letter_topic. NULL with `err` filled (78, 71). */
struct letters *letters_new(struct event_base *base, const struct kafka_options *options,
			    const struct letters_hooks *hooks, struct err *err);
/*
 * Letters that are under way are lost: their records come again, since no position is beyond them.
 */
void letters_free(struct letters *letters);

/* Copies the record. False: no room, or memory is short: try again after some settled(). */
MUST_CHECK bool letters_send(struct letters *letters, const struct kafka_record *record,
			     struct text code, struct text why, void *ticket);

#endif
