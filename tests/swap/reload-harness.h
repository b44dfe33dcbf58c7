/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A cache on an INI file of a test's own, beside a private directory of plugins, and what its log
 * said.
 */
#ifndef TESTS_SWAP_RELOAD_HARNESS_H
#define TESTS_SWAP_RELOAD_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "expect.h"
#include "servers.h"
#include <zcache/zcache.h>

extern zcache *cache;
extern const char *directory; /* of the file; plugins of a test's own may be put into it, too */
extern char ini[];            /* its path */

extern server *redis, *memcached;

/* Servers for the whole program, told to every cache by its options. */
void harness_start_servers(void);
void harness_stop_servers(void);

/* A new directory for each test; an open cache is closed after it. */
int harness_setup(void **state);
int harness_teardown(void **state);

/* Writes `text` to DIRECTORY/NAME and renames it to `path`. */
void harness_put(const char *path, const char *text);
/* Writes it in place. */
void harness_write(const char *path, const char *text);

/* Puts the file with `text` under [cache], key_prefix first, and opens the cache. */
void harness_open(const char *text);
/* Opens it on the file as it is. */
void harness_open_file(void);
/* Puts another. */
void harness_edit(const char *text);

/* Reloads; the report is valid until the next one. */
const zcache_reload_report *harness_reload(void);

void assert_provider(const char *expected);
int64_t stat_of(const char *name);
/* Waits until the provider or a statistic is so; fails after some seconds. */
void wait_for_provider(const char *expected);
void wait_for_stat(const char *name, int64_t expected);

/* Log lines with a part in them, at this level. */
int harness_logged(zcache_log_level level, const char *part);

/* The last line of this level, valid until the next test; "": there is none. */
const char *harness_log_line(zcache_log_level level);

/* Waits for as many. */
void wait_for_logged(zcache_log_level level, const char *part, int expected);

/* Whether a part stands in /proc/self/maps; how many threads this process has. */
bool is_mapped(const char *part);
int count_threads(const char *name);

#endif
