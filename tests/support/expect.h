/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Assertions that say what was expected of whom: the call, the provider under test, the status by
 * name and the library's message. The assert_ forms end a cmocka test, and belong to its thread;
 * the check_ forms print, count and go on, and are for threads and forked children.
 */
#ifndef TESTS_SUPPORT_EXPECT_H
#define TESTS_SUPPORT_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

#include <zcache/zcache.h>

/* Who is under test, for the messages: "redis". A static string. */
void expect_of(const char *who);

/* The call returns the status. */
#define assert_status(expected, call) assert_status_(expected, call, #call, __FILE__, __LINE__)
void assert_status_(zcache_status expected, zcache_status actual, const char *call,
                    const char *file, int line);

/* The call fails with the status and leaves a message that has `part` in it. */
#define assert_error(expected, part, call) \
    assert_error_(expected, part, call, #call, __FILE__, __LINE__)
void assert_error_(zcache_status expected, const char *part, zcache_status actual, const char *call,
                   const char *file, int line);

/* The value is these bytes, with a 0 after them. */
#define assert_bytes(expected, expected_size, value) \
    assert_bytes_(expected, expected_size, value, #value, __FILE__, __LINE__)
#define assert_text(expected, value) \
    assert_bytes_(expected, strlen(expected), value, #value, __FILE__, __LINE__)
void assert_bytes_(const void *expected, size_t expected_size, const zcache_value *value,
                   const char *what, const char *file, int line);

/* A number is within bounds, both inclusive. */
#define assert_between(low, high, number) \
    assert_between_(low, high, number, #number, __FILE__, __LINE__)
void assert_between_(int64_t low, int64_t high, int64_t number, const char *what, const char *file,
                     int line);

/* In any thread: returns whether it holds; else prints and counts. */
#define check_status(expected, call) check_status_(expected, call, #call, __FILE__, __LINE__)
bool check_status_(zcache_status expected, zcache_status actual, const char *call, const char *file,
                   int line);
#define check_that(condition) check_that_(condition, #condition, __FILE__, __LINE__)
bool check_that_(bool condition, const char *text, const char *file, int line);

/* How many checks have failed since the last call. */
unsigned long checks_failed(void);

#endif
