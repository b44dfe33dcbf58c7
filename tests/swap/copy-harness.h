/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * For tests of copying swaps: a cache between memory, redis and memcached with entries that the
 * test knows, and a copy that is held in its middle until the test lets it go.
 */
#ifndef TESTS_SWAP_COPY_HARNESS_H
#define TESTS_SWAP_COPY_HARNESS_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "expect.h"
#include "servers.h"
#include "threads.h"
#include <zcache/zcache.h>

#define KEYS 3000

extern server *redis, *memcached;
extern zcache *cache;

/* Fixtures of the group and of each test. */
int start_servers(void **state);
int stop_servers(void **state);
int open_cache(void **state);
int close_cache(void **state);

/* The i-th key, in a buffer of the thread's; some have bytes that memcached's protocol does not
 * take. */
const char *key_of(size_t i);

/* Writes n entries, a third of them with a TTL; and asserts that they are all there. */
void fill(size_t n);
void assert_all_there(size_t n);

void assert_provider(const char *expected);

/* A copy with verify that succeeds. */
void copy_to(const char *provider, zcache_swap_report *report);

/* A copy whose progress callback asks for a pause until the test lets it go. */
typedef struct held_copy {
    pthread_t thread;
    const char *provider;
    bool verify;
    int64_t timeout_ms;
    _Atomic int decision; /* zcache_swap_decision */
    _Atomic unsigned asked;
    zcache_status status;
    char message[512];
    zcache_swap_report report;
} held_copy;

/* Begins one in a thread of its own, and returns when it is in its middle. */
void begin_copy(held_copy *copy, const char *provider);
void begin_copy_by(held_copy *copy, const char *provider, int64_t timeout_ms);

/* Lets it go on, or ends it; returns when the swap has. */
void end_copy(held_copy *copy, zcache_swap_decision decision);

#endif
