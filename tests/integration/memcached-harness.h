/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the tests of the memcached provider share: three servers (one on a Unix socket), a cache on
 * them, a hand-made conversation with one.
 */
#ifndef TESTS_MEMCACHED_HARNESS_H
#define TESTS_MEMCACHED_HARNESS_H

#include <zcache/zcache.h>

#include "servers.h"

#define SERVERS 3

extern server *servers[SERVERS];
extern char three[512]; /* the setting that names them */

/* Of a group, and of a test. */
int start_servers(void **state);
int free_servers(void **state);
int empty_servers(void **state);

/* A cache with a timeout of 5 s and the settings given. */
#define open_cache(...) open_cache_((const char *const[]){__VA_ARGS__, NULL})
zcache *open_cache_(const char *const settings[]);

/* On one server, which may be emptied. */
zcache *open_one(const server *one);

zcache_status set_text(zcache *cache, const char *key, const char *text, int64_t ttl_ms);
void assert_reads(zcache *cache, const char *key, const char *text);

/* Sends a command to a server, gives the reply up to `end`; valid until the next. */
const char *ask(int connection, const char *command, const char *end);

#endif
