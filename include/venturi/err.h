/*
 * err: why something failed, for a person to read. A function that takes a `struct err *` fills it
 * exactly when it fails; the caller owns it (usually on the stack) and may pass NULL to not know.
 */
#ifndef VENTURI_ERR_H
#define VENTURI_ERR_H

#include <stdbool.h>

struct err {
	int code;          /* an exit status of sysexits.h, or 0 */
	char message[512]; /* one line, with file:line of *their* file where there is one */
};

/* Fills err (if not NULL) and returns false, so that `return err_set(err, …)` reads well. */
bool err_set(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define MUST_CHECK __attribute__((warn_unused_result))

#endif
