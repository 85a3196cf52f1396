/* venturid.conf: what is read, and how each mistake is told. */
#include "daemon/config.h"
#include "daemon/config_inner.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/venturi-conf-XXXXXX";
static char told[16384];

static void write_file(const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
}

/* Loads the text; what was said on the standard error is in `told`. */
static struct config *load_bytes(const char *text, size_t len, struct err *err)
{
	FILE *said = tmpfile();
	int kept = dup(STDERR_FILENO);
	struct config *config;
	size_t n;

	write_file(text, len);
	fflush(stderr);
	dup2(fileno(said), STDERR_FILENO);
	config = config_load(path, err);
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(said);
	n = fread(told, 1, sizeof told - 1, said);
	told[n] = 0;
	fclose(said);
	return config;
}

static struct config *load(const char *text, struct err *err)
{
	return load_bytes(text, strlen(text), err);
}

/* The text must be refused, with `line` and `why` among what is said. */
static void refuse(const char *text, int line, const char *why)
{
	struct err err = {0};
	char place[80], *at;

	assert_null(load(text, &err));
	assert_int_equal(err.code, 78);
	snprintf(place, sizeof place, "%s:%d: ", path, line);
	at = strstr(told, place);
	while (at && !strstr(at, why))
		at = strstr(at + 1, place);
	if (!at)
		fail_msg("expected \"%s…%s\" in:\n%s", place, why, told);
}

static void an_empty_file_gives_the_defaults(void **state)
{
	struct err err;
	struct config *c = load("", &err);

	(void)state;
	assert_non_null(c);
	assert_string_equal(c->timezone, "UTC");
	assert_string_equal(c->redis_url, "redis://localhost:6379/0");
	assert_string_equal(c->redis_prefix, "venturi:");
	assert_int_equal(c->topics.n, 1);
	assert_string_equal(c->topics.names[0], "delivery-events");
	assert_true(c->max_future_skew == 600000);
	assert_true(c->max_lateness == INT64_C(120) * 86400000);
	assert_true(c->settle == INT64_C(90) * 86400000);
	assert_true(c->max_event_size == 1 << 20);
	assert_true(c->flush_interval == 20);
	assert_false(c->clock_is_event);
	assert_true(*c->instance);
	assert_int_equal(model_class(c->model, 0, TEXT("in PROGRESS")), CLASS_ACTIVE);
	assert_int_equal(model_type(c->model, TEXT("User Story")), TYPE_FEATURE);
	assert_true(model_production(c->model, TEXT("Prod-eu")));
	config_free(c);
}

static void values_are_words_or_texts_and_comments_are_skipped(void **state)
{
	struct err err;
	struct config *c =
		load("# one\nportfolio=acme // two\n/* three\n four */ timezone = 'UTC'\n"
		     "kafka { topics = {a, \"b \\\"c\\\"\",\n'd'} group += \"\" }\n"
		     "librdkafka { bootstrap.servers = \"x:1,y:2\" }\n",
		     &err);

	(void)state;
	assert_non_null(c);
	assert_string_equal(c->portfolio, "acme");
	assert_int_equal(c->topics.n, 3);
	assert_string_equal(c->topics.names[1], "b \"c\"");
	assert_string_equal(c->group, "");
	assert_int_equal(c->n_librdkafka, 1);
	assert_string_equal(c->librdkafka[0].name, "bootstrap.servers");
	assert_string_equal(c->librdkafka[0].value, "x:1,y:2");
	config_free(c);
}

static void naming_a_class_replaces_that_class_alone(void **state)
{
	struct err err;
	struct config *c = load("workflow \"default\" { active = {\"Baking\"} }\n"
				"workflow \"k\" { done = {\"Eaten\"} }\n"
				"types { defect = {\"mould\"} }\n"
				"environments { production = {\"shop\"} }\n"
				"product \"p\" { workflow = \"k\" sle = \"99.5% within 36h\" }\n",
				&err);

	(void)state;
	assert_non_null(c);
	assert_int_equal(model_class(c->model, 0, TEXT("baking")), CLASS_ACTIVE);
	assert_int_equal(model_class(c->model, 0, TEXT("Doing")), CLASS_COUNT);
	assert_int_equal(model_class(c->model, 0, TEXT("Open")), CLASS_NEW);
	assert_int_equal(model_class(c->model, 1, TEXT("Eaten")), CLASS_DONE);
	assert_int_equal(model_class(c->model, 1, TEXT("Open")), CLASS_COUNT);
	assert_int_equal(model_type(c->model, TEXT("bug")), TYPE_OTHER);
	assert_int_equal(model_type(c->model, TEXT("story")), TYPE_FEATURE);
	assert_false(model_production(c->model, TEXT("prod")));
	assert_int_equal(model_product(c->model, 0)->sle_ppm, 995000);
	assert_true(model_product(c->model, 0)->sle_ms == INT64_C(36) * 3600000);
	config_free(c);
}

static void the_environment_overrides_scalars(void **state)
{
	struct err err;
	struct config *c;

	(void)state;
	setenv("VENTURI_REDIS_URL", "unix:///run/redis.sock", 1);
	setenv("VENTURI_KAFKA_GROUP", "other", 1);
	setenv("VENTURI_SETTLE", "2w", 1);
	setenv("VENTURI_CLOCK", "event", 1);
	setenv("VENTURI_HTTP_LISTEN", "", 1);
	c = load("settle = \"3d\"\nredis { url = \"redis://x:1\" }\n", &err);
	assert_non_null(c);
	assert_string_equal(c->redis_url, "unix:///run/redis.sock");
	assert_string_equal(c->group, "other");
	assert_true(c->settle == INT64_C(14) * 86400000);
	assert_true(c->clock_is_event);
	assert_string_equal(c->http_listen, "");
	config_free(c);
	setenv("VENTURI_SETTLE", "soon", 1);
	/* Once, though the file has sections too; and not with a line of the file. */
	assert_null(load("settle = 1d\nredis { }\n", &err));
	assert_non_null(strstr(told, ": VENTURI_SETTLE: a duration"));
	assert_string_equal(strchr(told, '\n'), "\n");
	/* The line of the file is not to blame for what the environment says. */
	unsetenv("VENTURI_SETTLE");
	setenv("VENTURI_TIMEZONE", "Nowhere", 1);
	assert_null(load("timezone = UTC\n", &err));
	assert_non_null(strstr(told, ": timezone: there is no zone"));
	assert_null(strstr(told, ":1:"));
	unsetenv("VENTURI_TIMEZONE");
	unsetenv("VENTURI_REDIS_URL");
	unsetenv("VENTURI_KAFKA_GROUP");
	unsetenv("VENTURI_CLOCK");
	unsetenv("VENTURI_HTTP_LISTEN");
}

/* A text has no wrong value: it is shown by the test above. */
static void each_scalar_has_its_variable(void **state)
{
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_rows[i];
		bool single = !strcmp(row->section, "") || !strcmp(row->section, "kafka") ||
			      !strcmp(row->section, "redis") || !strcmp(row->section, "http");
		char name[64];
		struct err err;

		if (!single || row->type == OPTION_LIST || row->type == OPTION_TEXT)
			continue;
		snprintf(name, sizeof name, "VENTURI_%s%s%s", row->section,
			 *row->section ? "_" : "", row->key);
		for (char *c = name; *c; c++)
			*c = (char)toupper((unsigned char)*c);
		setenv(name, "?", 1);
		assert_null(load("", &err));
		assert_non_null(strstr(told, name));
		unsetenv(name);
		n++;
	}
	assert_true(n > 10);
}

static void each_mistake_is_told_with_its_line(void **state)
{
	(void)state;
	refuse("\nclok = 3\n", 2, "clok: there is no such option");
	refuse("kafka { topic = {\"a\"} }\n", 1, "kafka.topic: there is no such option");
	refuse("\n\nkafak { }\n", 3, "there is no such section");
	refuse("settle = \"1d\"\nsettle = \"2d\"\n", 2, "told twice");
	refuse("settle = \"3 days\"\n", 1, "a duration");
	refuse("settle = \"-3d\"\n", 1, "a duration");
	refuse("settle = \"99999999999999999999d\"\n", 1, "a duration");
	refuse("settle = {\"3d\"}\n", 1, "a duration");
	refuse("max_event_size = \"1TB\"\n", 1, "a size");
	refuse("max_subjects = 0\n", 1, "a number");
	refuse("clock = \"moon\"\n", 1, "one of wall|event");
	refuse("canceled_resolutions { }\n", 1, "there is no such section");
	refuse("timezone = \"Europe/Atlantis\"\n", 1, "there is no zone");
	refuse("timezone = \"../../etc/passwd\"\n", 1, "there is no zone");
	refuse("portfolio = \"a b\"\n", 1, "a name has");
	refuse("portfolio = \"_a\"\n", 1, "a name has");
	refuse("product \"a/b\" { }\n", 1, "a name has");
	refuse("product \"_p\" { }\n", 1, "a name has");
	refuse("product \"Unmapped\" { }\n", 1, "this name is taken");
	refuse("product { }\n", 1, "a name was expected");
	refuse("product \"p\" { }\nproduct \"p\" { }\n", 2, "of this name already");
	refuse("product \"p\" { stream = \"s\" }\nproduct \"P\" { stream = \"S\" }\n", 2,
	       "same id");
	refuse("product \"s\" { }\nproduct \"p\" { stream = \"S\" }\n", 2, "same id");
	refuse("product \"p\" { }\nteam \"t\" { product = \"p\" }\n"
	       "team \"T\" { product = \"p\" }\n",
	       3, "same id");
	refuse("team \"t\" { product = \"x\" }\n", 1, "there is no product \"x\"");
	refuse("product \"p\" { workflow = \"w\" }\n", 1, "there is no workflow \"w\"");
	refuse("product \"p\" { sle = \"85 within 8d\" }\n", 1, "an expectation");
	refuse("product \"p\" { sle = \"0% within 8d\" }\n", 1, "an expectation");
	refuse("product \"p\" { sle = \"0.00001% within 8d\" }\n", 1, "an expectation");
	refuse("product \"p\" { sle = \"85% within 0d\" }\n", 1, "an expectation");
	refuse("product \"p\" { projects = {\"A\"} }\nproduct \"q\" {\n"
	       "projects = {\"B\", \"a\"} }\n",
	       3, "is also that of \"p\"");
	refuse("workflow \"default\" {\nnew = {\"Doing\"} }\n", 2, "of two classes");
	refuse("types { risk = {\"bug\"} }\n", 1, "in two lists");
	refuse("min_severity = \"dire\"\n", 1, "none of severities");
	refuse("kafka { topics = {} }\n", 1, "at least one topic");
	refuse("kafka { topics = {\"^a(\"} }\n", 1, "kafka.topics");
	refuse("librdkafka {\ngroup.id = \"x\" }\n", 2, "not yours to set");
	refuse("librdkafka {\nenable.auto.commit = true }\n", 2, "not yours to set");
	refuse("librdkafka {\nauto.offset.reset = latest }\n", 2, "not yours to set: a partition");
	refuse("librdkafka {\nno.such.thing = 1 }\n", 2, "No such configuration property");
	refuse("librdkafka {\nfetch.min.bytes = many }\n", 2, "fetch.min.bytes");
	refuse("librdkafka {\nfetch.min.bytes = {\"1\"} }\n", 2, "a text was expected");
	refuse("kafka { topics = \"a\" }\n", 1, "a list");
	refuse("kafka { topics { } }\n", 1, "a list");
	refuse("kafka \"k\" { }\n", 1, "no name of its own");
	refuse("redis {\nurl = \"http://localhost\" }\n", 2, "redis.url");
	refuse("redis {\nprefix = \"\" }\n", 2, "1 to 128 bytes");
	refuse("http {\nlisten = everywhere }\n", 2, "host:port");
	refuse("http { listen = \"localhost:65536\" }\n", 1, "host:port");
	refuse("http { listen = \"unix:\" }\n", 1, "the path is empty");
	refuse("kafka { topics = {\"\"} }\n", 1, "is no topic");
	refuse("kafka { topics = {a, b}\ndead_letter_topic = b }\n", 1, "never consumed");
	refuse("product \"p\" { stream = \"unmapped\" }\n", 1, "this name is taken");
	refuse("product \"p\" { sle = \"0x55% within 8d\" }\n", 1, "an expectation");
	refuse("product \"p\" { sle = \"85% within 8d long\" }\n", 1, "an expectation");
	refuse("redis {\nflush_interval = 2h }\n", 2, "too long");
	refuse("max_event_size = 0B\n", 1, "no event");
	refuse("stale_after = 0s\n", 1, "more than 0");
	refuse("redis { password_file = \"/nowhere/at/all\" }\n", 1, "redis.password_file");
	refuse("baseline \"b\" { from = \"2025-02-30\" to = \"2025-03-01\" }\n", 1, "a date");
	refuse("baseline \"b\" { from = \"2025-03-02\" to = \"2025-03-01\" }\n", 1,
	       "before it begins");
	refuse("baseline \"b\" { from = \"2025-03-02\" }\n", 1, "from and to");
}

static void what_is_left_open_is_told(void **state)
{
	(void)state;
	refuse("portfolio = \"acme\nkafka { }\n", 1, "no closing \"");
	refuse("\nkafka {\ngroup = \"g\"\n", 2, "not closed");
	refuse("kafka { topics = {\"a\", \"b\"\n", 1, "no closing }");
	refuse("/* for ever\n", 1, "no end");
	refuse("portfolio = \"a\"\n}\n", 2, "closes nothing");
	refuse("portfolio\n", 1, "= or { was expected");
	refuse("portfolio =\n", 1, "a value was expected");
	refuse("= 3\n", 1, "a name was expected");
}

static void all_mistakes_are_told_at_once(void **state)
{
	struct err err;

	(void)state;
	assert_null(load("clok = 3\nsettle = \"x\"\nproduct \"p\" { bad = 1 }\nteam \"t\" { }\n",
			 &err));
	assert_non_null(strstr(told, ":1: clok"));
	assert_non_null(strstr(told, ":2: settle"));
	assert_non_null(strstr(told, ":3: product.bad"));
	assert_non_null(strstr(told, ":4: team"));
}

/* Products are looked at after the top level, and the zone after both. */
static void mistakes_are_told_in_the_order_of_their_lines(void **state)
{
	struct err err;
	char *at;

	(void)state;
	assert_null(
		load("timezone = nowhere\nproduct \"_p\" { }\nclok = 3\nsettle = \"x\"\n", &err));
	assert_non_null(strstr(err.message, ":1: timezone"));
	at = told;
	for (const char *const *next = (const char *const[]){":1: ", ":2: ", ":3: ", ":4: ", NULL};
	     *next; next++) {
		at = strstr(at, *next);
		assert_non_null(at);
	}
	assert_string_equal(strchr(at, '\n'), "\n");
}

static void durations_and_sizes_have_their_units(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} durations[] = {{"250ms", 250},
			 {"10s", 10000},
			 {"5m", 300000},
			 {"8h", 28800000},
			 {"8d", 691200000},
			 {"2w", 1209600000},
			 {"366000d", INT64_C(366000) * 86400000},
			 {"0", 0}};
	char text[120];
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
		struct config *c;

		snprintf(text, sizeof text, "settle = \"%s\" max_event_size = %zuKB",
			 durations[i].text, i + 1);
		c = load(text, &err);
		assert_non_null(c);
		assert_true(c->settle == durations[i].ms);
		assert_int_equal(c->max_event_size, (i + 1) << 10);
		config_free(c);
	}
	refuse("settle = 366001d", 1, "a duration");
	refuse("settle = 9223372036854775807w", 1, "a duration");
	refuse("settle = \"1 d\"", 1, "a duration");
	refuse("settle = \"5\"", 1, "a duration");
	refuse("max_event_size = 1025GB", 1, "a size");
}

/* The rules of a zone that is one hour ahead, in a folder of our own. */
static void zones_are_read_from_the_folder_that_the_environment_names(void **state)
{
	char folder[] = "/tmp/venturi-zones-XXXXXX", file[60], text[80];
	/* Twice a header of 44 bytes with one type, with 7 and 10 bytes of data. */
	char tzif[44 + 7 + 44 + 10] = "TZif2";
	struct config *c;
	struct err err;
	FILE *out;

	(void)state;
	tzif[39] = tzif[43] = 1;
	memcpy(tzif + 51, "TZif2", 5);
	tzif[51 + 39] = 1;
	tzif[51 + 43] = 4;
	memcpy(tzif + 95, "\0\0\x0e\x10\0\0ONE", 10);
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof file, "%s/One", folder);
	out = fopen(file, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(tzif, 1, sizeof tzif, out), sizeof tzif);
	fputs("\nONE-1\n", out);
	fclose(out);
	setenv("TZDIR", folder, 1);
	c = load("timezone = One", &err);
	if (!c)
		fail_msg("%s", told);
	assert_true(zone_day_start(c->zone, 1) == 82800000);
	config_free(c);
	refuse("timezone = Two", 1, "there is no zone");
	/* The file is there, but names lead nowhere else. */
	snprintf(text, sizeof text, "timezone = '../%s/One'", strrchr(folder, '/') + 1);
	refuse(text, 1, "there is no zone");
	unsetenv("TZDIR");
	unlink(file);
	rmdir(folder);
}

static void a_password_is_the_first_line_of_its_file(void **state)
{
	char secret[] = "/tmp/venturi-secret-XXXXXX", text[120];
	int fd = mkstemp(secret);
	struct config *c;
	struct err err;

	(void)state;
	assert_int_equal(write(fd, "s3cret\nmore\n", 12), 12);
	close(fd);
	snprintf(text, sizeof text, "redis { password_file = \"%s\" }\n", secret);
	c = load(text, &err);
	assert_non_null(c);
	assert_string_equal(c->redis_password, "s3cret");
	config_free(c);
	unlink(secret);
}

static void a_credential_of_the_service_manager_is_the_password(void **state)
{
	char folder[] = "/tmp/venturi-secret-XXXXXX", file[60];
	struct config *c;
	struct err err;
	FILE *out;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof file, "%s/redis-password", folder);
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	c = load("", &err);
	assert_non_null(c);
	assert_string_equal(c->redis_password, "");
	config_free(c);
	out = fopen(file, "w");
	assert_non_null(out);
	fputs("from-systemd", out);
	fclose(out);
	c = load("", &err);
	assert_non_null(c);
	assert_string_equal(c->redis_password, "from-systemd");
	config_free(c);
	unsetenv("CREDENTIALS_DIRECTORY");
	unlink(file);
	rmdir(folder);
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
	struct err err = {0};

	(void)state;
	assert_null(config_load("/nowhere/venturid.conf", &err));
	assert_int_equal(err.code, 66);
}

/* Any beginning of a good file, and any byte of it changed: an answer, never a crash. */
static void damaged_files_are_refused_or_read(void **state)
{
	static const char good[] = "portfolio = \"acme\" # c\nkafka { topics = {\"a\", 'b'} }\n"
				   "/* x */ product \"p\" { stream = s sle = \"85% within 8d\" }\n"
				   "workflow \"default\" { new = {\"N\"} }\n";
	size_t len = sizeof good - 1;
	char text[sizeof good];
	struct err err;

	(void)state;
	for (size_t i = 0; i < len; i++)
		config_free(load_bytes(good, i, &err));
	for (size_t i = 0; i < len; i++) {
		static const char bytes[] = {'"', '{', '}', '=', '\\', 0, '\n', '/', '\xff'};

		memcpy(text, good, len);
		text[i] = bytes[i % sizeof bytes];
		config_free(load_bytes(text, len, &err));
	}
}

/* The sample as the option table gives it; the caller's to free. */
static char *sample(size_t *len)
{
	FILE *said = tmpfile();
	int kept = dup(STDOUT_FILENO);
	char *text;

	fflush(stdout);
	dup2(fileno(said), STDOUT_FILENO);
	config_print_sample();
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	*len = (size_t)ftell(said);
	text = malloc(*len + 1);
	assert_non_null(text);
	rewind(said);
	assert_int_equal(fread(text, 1, *len, said), *len);
	text[*len] = 0;
	fclose(said);
	return text;
}

static bool same_value(const struct option_row *row, const void *a, const void *b)
{
	const struct name_list *x = a, *y = b;

	switch (row->type) {
	case OPTION_TEXT:
		return !strcmp(*(char *const *)a, *(char *const *)b);
	case OPTION_LIST:
		for (size_t i = 0; i < x->n && x->n == y->n; i++)
			if (strcmp(x->names[i], y->names[i]) != 0)
				return false;
		return x->n == y->n;
	case OPTION_DURATION:
		return *(const int64_t *)a == *(const int64_t *)b;
	case OPTION_SIZE:
		return *(const size_t *)a == *(const size_t *)b;
	default:
		return *(const int *)a == *(const int *)b;
	}
}

static void the_sample_holds_the_defaults(void **state)
{
	size_t len, n = 0;
	char *text = sample(&len);
	struct err err;
	struct config *given = load_bytes(text, len, &err), *bare;

	(void)state;
	assert_non_null(given);
	bare = load("", &err);
	assert_non_null(bare);
	assert_null(strstr(text, " \n"));
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_rows[i];
		const void *a = (char *)given + row->offset, *b = (char *)bare + row->offset;
		bool single = !strcmp(row->section, "") || !strcmp(row->section, "kafka") ||
			      !strcmp(row->section, "redis") || !strcmp(row->section, "http");

		if (single && !same_value(row, a, b))
			fail_msg("%s.%s is not its default", row->section, row->key);
		n += single;
	}
	assert_true(n > 20);
	assert_int_equal(model_scopes(given->model), model_scopes(bare->model));
	config_free(given);
	config_free(bare);
	free(text);
}

/* Any beginning of the sample, and a few bytes of it changed by dice: an answer, never a crash. */
static void a_damaged_sample_is_refused_or_read(void **state)
{
	size_t len;
	char *text = sample(&len), *bad = malloc(len);
	uint32_t dice = 20260302;
	struct err err;

	(void)state;
	assert_non_null(bad);
	for (size_t i = 0; i < len; i += 17)
		config_free(load_bytes(text, i, &err));
	for (int round = 0; round < 400; round++) {
		memcpy(bad, text, len);
		for (int i = 0; i < 1 + round % 4; i++) {
			dice = dice * 1664525 + 1013904223;
			bad[(dice >> 8) % len] = (char)(dice >> 24);
		}
		config_free(load_bytes(bad, len, &err));
	}
	free(bad);
	free(text);
}

static void a_text_with_a_nul_is_refused(void **state)
{
	static const char text[] = "portfolio = acme\nredis { prefix = \"a\0b\" }\n";
	struct err err;

	(void)state;
	assert_null(load_bytes(text, sizeof text - 1, &err));
	assert_non_null(strstr(told, ":2: a NUL byte"));
}

static int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_gives_the_defaults),
		cmocka_unit_test(values_are_words_or_texts_and_comments_are_skipped),
		cmocka_unit_test(naming_a_class_replaces_that_class_alone),
		cmocka_unit_test(the_environment_overrides_scalars),
		cmocka_unit_test(each_scalar_has_its_variable),
		cmocka_unit_test(each_mistake_is_told_with_its_line),
		cmocka_unit_test(what_is_left_open_is_told),
		cmocka_unit_test(all_mistakes_are_told_at_once),
		cmocka_unit_test(mistakes_are_told_in_the_order_of_their_lines),
		cmocka_unit_test(durations_and_sizes_have_their_units),
		cmocka_unit_test(zones_are_read_from_the_folder_that_the_environment_names),
		cmocka_unit_test(a_password_is_the_first_line_of_its_file),
		cmocka_unit_test(a_credential_of_the_service_manager_is_the_password),
		cmocka_unit_test(a_file_that_is_not_there_is_an_error),
		cmocka_unit_test(damaged_files_are_refused_or_read),
		cmocka_unit_test(the_sample_holds_the_defaults),
		cmocka_unit_test(a_damaged_sample_is_refused_or_read),
		cmocka_unit_test(a_text_with_a_nul_is_refused),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
