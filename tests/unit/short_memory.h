/*
 * short_memory: lets a chosen allocation fail. To be included by one source file of a program: it
 * defines malloc(), calloc() and realloc() over those of glibc.
 */
#ifndef TESTS_SHORT_MEMORY_H
#define TESTS_SHORT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* Which allocation from now on fails; 0: none. Compilers think that malloc() reads no variables. */
static volatile unsigned long fail_at;
static volatile unsigned long failures;

/* The sanitizers have a malloc() of their own. */
#if defined __SANITIZE_ADDRESS__
#define OWN_MALLOC 0
#elif defined __has_feature
#define OWN_MALLOC !__has_feature(address_sanitizer)
#else
#define OWN_MALLOC 1
#endif

#if OWN_MALLOC
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool fails(void)
{
	if (fail_at == 0 || --fail_at > 0)
		return false;
	failures++;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}
#endif

/* Under a sanitizer or valgrind it is their malloc() that is called: skip the test then. */
static bool memory_can_be_short(void)
{
	void *(*volatile called)(size_t) = malloc; /* not the one that could be inlined here */

	fail_at = 1;

	void *bytes = called(1);

	free(bytes);
	fail_at = 0;
	return !bytes;
}

#endif
