/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * For tests of the lmdb provider: caches on directories, and the words that they are written in.
 */
#ifndef TESTS_INTEGRATION_LMDB_HARNESS_H
#define TESTS_INTEGRATION_LMDB_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <zcache/zcache.h>

#include "child.h"
#include "clock.h"
#include "expect.h"
#include "temp.h"
#include "threads.h"

/* A directory that does not exist yet, in a temporary one. The path is valid until exit. */
const char *lmdb_new_path(void);
/* The path of a file in it, in a static buffer. */
const char *lmdb_file(const char *path, const char *name);

/* Opens a cache on it, with these settings besides. */
#define LMDB_OPEN(path, ...) lmdb_open_cache(path, (const char *const[]){__VA_ARGS__, NULL})
zcache *lmdb_open_cache(const char *path, const char *const settings[]);
#define LMDB_TRY(cache, path, ...) \
    lmdb_try_open(cache, path, (const char *const[]){__VA_ARGS__, NULL})
zcache_status lmdb_try_open(zcache **cache, const char *path, const char *const settings[]);
/* Where no others are wanted. */
#define LMDB_PREFIX "cache.key_prefix=t:"

#define put(cache, key, text) \
    assert_status(ZCACHE_OK, zcache_set(cache, key, text, strlen(text), NULL))
void assert_holds(zcache *cache, const char *key, const char *text);
void assert_miss(zcache *cache, const char *key);
bool check_holds(zcache *cache, const char *key, const char *text);

/* A statistic of the provider, by its name without "lmdb_". */
int64_t lmdb_stat(zcache *cache, const char *name);
/* Waits until a statistic is at least that, and fails if it does not get there. */
void lmdb_wait_for(zcache *cache, const char *name, int64_t least);

#endif
