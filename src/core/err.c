#include "venturi/err.h"

#include <stdarg.h>
#include <stdio.h>

bool err_set(struct err *err, int code, const char *format, ...)
{
	if (err) {
		va_list args;

		err->code = code;
		va_start(args, format);
		vsnprintf(err->message, sizeof err->message, format, args);
		va_end(args);
	}
	return false;
}
