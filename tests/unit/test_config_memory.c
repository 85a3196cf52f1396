/* venturid.conf while memory is short: an answer at each allocation that fails, never a crash. */
#include "daemon/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "short_memory.h"

static char path[] = "/tmp/venturi-conf-XXXXXX";
static int kept; /* the standard error, while tests keep it quiet */

/* No topic by expression: the regcomp() of glibc 2.36 frees twice where memory is short. */
static const char good[] =
	"timezone = UTC portfolio = acme min_severity = high\n"
	"kafka { topics = {a, b} } redis { url = 'unix:///run/redis.sock' }\n"
	"environments { production = {shop} } types { defect = {mould} }\n"
	"workflow \"default\" { active = {Baking} } workflow \"k\" { done = {Eaten} }\n"
	"product \"p\" { stream = s workflow = k projects = {P} sle = '85% within 8d' }\n"
	"product \"q\" { stream = s services = {'q-*', q} mode = project }\n"
	"team \"t\" { product = p labels = {t} } team \"u\" { product = p labels = {u} }\n"
	"baseline \"b\" { from = 2025-01-01 to = 2025-06-30 }\n";
static const char bad[] = "clok = 3 settle = soon timezone = nowhere min_severity = dire\n"
			  "portfolio = _a kafka { topics = {} } redis { url = x } kafak { }\n"
			  "product \"p\" { projects = {P} } product \"p\" { projects = {p} }\n"
			  "team \"t\" { product = q } workflow \"default\" { done = {Doing} }\n"
			  "baseline \"b\" { from = 2025-02-01 to = 2025-01-01 }\n";

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

/* Loads with each allocation failing in its turn, until none of them does; how many did. */
static unsigned long load_short_of_memory(const char *text, struct config **config, struct err *err)
{
	unsigned long n = 0;

	write_file(text);
	for (;;) {
		unsigned long before = failures;

		fail_at = n + 1;
		*err = (struct err){0};
		*config = config_load(path, err);
		fail_at = 0;
		if (failures == before)
			return n;
		n++;
		/* Where libc could do without, the configuration is there; else the reason is. */
		if (!*config)
			assert_int_not_equal(err->code, 0);
		config_free(*config);
	}
}

static void a_good_file_is_read_once_memory_suffices(void **state)
{
	struct config *config;
	struct err err;

	(void)state;
	if (!memory_can_be_short())
		skip();
	assert_true(load_short_of_memory(good, &config, &err) > 100);
	assert_non_null(config);
	assert_int_equal(model_products(config->model), 3);
	config_free(config);
}

static void a_bad_file_is_never_taken_for_a_good_one(void **state)
{
	struct config *config;
	struct err err;

	(void)state;
	if (!memory_can_be_short())
		skip();
	assert_true(load_short_of_memory(bad, &config, &err) > 100);
	assert_null(config);
	assert_int_equal(err.code, 78);
}

static int set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	kept = dup(STDERR_FILENO);
	return kept < 0 || !freopen("/dev/null", "w", stderr);
}

static int tear_down(void **state)
{
	(void)state;
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	close(kept);
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_is_read_once_memory_suffices),
		cmocka_unit_test(a_bad_file_is_never_taken_for_a_good_one),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
