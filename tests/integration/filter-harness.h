/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A cache with filters, for the tests of filters.
 */
#ifndef TESTS_INTEGRATION_FILTER_HARNESS_H
#define TESTS_INTEGRATION_FILTER_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../fixtures/fixture-files.h"
#include "clock.h"
#include "expect.h"
#include "failing-allocator.h"
#include "servers.h"
#include "threads.h"
#include <zcache/admin.h>

extern zcache *cache;
extern const char *directory; /* for plugins of a test's own */
extern server *redis;

/* Round each test: a directory; whatever cache is open is closed. */
int filter_setup(void **state);
int filter_teardown(void **state);

/* Opens the cache with these settings, "section.key=value". */
#define filter_open(...) filter_open_with((const char *const[]){__VA_ARGS__, NULL})
void filter_open_with(const char *const settings[]);

/* Sets options of a filter that is open. */
#define filter_set(...) zcache_plugin_set(cache, (const char *const[]){__VA_ARGS__, NULL})

/* A statistic; -1: there is none of that name. */
int64_t filter_stat(const char *name);

/* Writes and reads texts. */
zcache_status put(zcache *where, const char *key, const char *text);
void assert_value_is(const char *key, const char *expected);
zcache_status read_key(zcache *where, const char *key);

/* Runs the tests, with a Redis server. */
#define filter_run(name, tests) filter_run_(name, tests, sizeof(tests) / sizeof((tests)[0]))
int filter_run_(const char *name, const struct CMUnitTest tests[], size_t count);
#define FILTER_TEST(test) cmocka_unit_test_setup_teardown(test, filter_setup, filter_teardown)

#endif
