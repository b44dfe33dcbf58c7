/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the tests of the redis provider share: opening a cache on it, short forms of operations, one
 * statistic, a command of the test's own to a server.
 */
#ifndef TESTS_INTEGRATION_REDIS_CACHE_H
#define TESTS_INTEGRATION_REDIS_CACHE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <zcache/zcache.h>

#include "clock.h"
#include "expect.h"
#include "servers.h"

/* Opens a cache on the redis provider with these "section.key=value" settings, nine at most. */
#define open_cache(...) open_cache_((const char *const[]){__VA_ARGS__, NULL})
zcache *open_cache_(const char *const settings[]);

/* It is refused, with `part` in the message. */
void assert_not_opened(const char *setting, const char *part);

/* Formats a setting, valid until the eighth call after. */
const char *setting(const char *format, ...) ZCACHE_PRINTF(1, 2);

zcache_status set_text(zcache *cache, const char *key, const char *text);
void assert_reads(zcache *cache, const char *key, const char *text);

/* One statistic, -1 if it was not told: also of a server that cannot be reached, for what this side
 * counts is told all the same. */
int64_t stat_of(zcache *cache, const char *name);

/* Sends a command, inline, after AUTH with `password` unless it is NULL; it must succeed. */
void server_command(const server *one, const char *password, const char *text);

#endif
