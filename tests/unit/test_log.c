#include "daemon/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Standard error goes into a file of no name for a while, which is then read back. */
struct capture {
	int file, before;
	char text[16384];
};

static void capture_begin(struct capture *capture)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	capture->file = dup(fileno(file));
	capture->before = dup(STDERR_FILENO);
	fclose(file);
	assert_true(dup2(capture->file, STDERR_FILENO) >= 0);
}

static void capture_end(struct capture *capture)
{
	assert_true(dup2(capture->before, STDERR_FILENO) >= 0);
	ssize_t len = pread(capture->file, capture->text, sizeof capture->text - 1, 0);

	assert_true(len >= 0);
	capture->text[len] = '\0';
	close(capture->file);
	close(capture->before);
}

static void a_line_is_what_was_said(void **state)
{
	struct capture capture;

	(void)state;
	unsetenv("JOURNAL_STREAM");
	capture_begin(&capture);
	log_info("event=%s retry_ms=%d", "redis_down", 250);
	capture_end(&capture);
	assert_string_equal(capture.text, "event=redis_down retry_ms=250\n");
}

static void under_the_journal_a_line_bears_its_priority(void **state)
{
	struct capture capture;
	struct stat here;
	char stream[64];

	(void)state;
	capture_begin(&capture);
	assert_int_equal(fstat(STDERR_FILENO, &here), 0);
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)here.st_dev,
		 (unsigned long long)here.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_warn("event=a");
	log_error("event=b");
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_error("event=c");
	unsetenv("JOURNAL_STREAM");
	capture_end(&capture);
	assert_string_equal(capture.text, "<4>event=a\n<3>event=b\nevent=c\n");
}

static void what_others_wrote_cannot_forge_a_line(void **state)
{
	struct capture capture;

	(void)state;
	capture_begin(&capture);
	log_info("event=request what=\"%s\"", "skip\n<3>event=forged\x1b[2J");
	capture_end(&capture);
	assert_string_equal(capture.text, "event=request what=\"skip?<3>event=forged?[2J\"\n");
}

static void a_long_line_is_cut(void **state)
{
	static char most[5000];
	struct capture capture;

	(void)state;
	memset(most, 'x', sizeof most - 1);
	capture_begin(&capture);
	log_info("event=%s", most);
	log_info("event=next");
	capture_end(&capture);
	assert_true(strlen(capture.text) < 2100);
	assert_non_null(strstr(capture.text, "x\nevent=next\n"));
}

static void a_call_site_that_repeats_itself_is_silenced_alone(void **state)
{
	struct capture capture;
	unsigned lines = 0;

	(void)state;
	capture_begin(&capture);
	for (int i = 0; i < 100; i++)
		log_info("event=again i=%d", i);
	log_info("event=other");
	capture_end(&capture);
	for (const char *c = capture.text; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, LOG_BURST + 1);
	assert_non_null(strstr(capture.text, "event=other\n"));
}

static void errno_is_kept(void **state)
{
	struct capture capture;

	(void)state;
	capture_begin(&capture);
	close(STDERR_FILENO);
	errno = ENOENT;
	log_info("event=unheard");
	assert_int_equal(errno, ENOENT);
	capture_end(&capture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_what_was_said),
		cmocka_unit_test(under_the_journal_a_line_bears_its_priority),
		cmocka_unit_test(what_others_wrote_cannot_forge_a_line),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(a_call_site_that_repeats_itself_is_silenced_alone),
		cmocka_unit_test(errno_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
