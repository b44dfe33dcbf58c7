/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The conformance suite: one program that holds every provider to the rules that the public headers
 * give, through the public API. Tests know the provider only by the few facts below; what differs
 * between providers in the set-up is a string of settings.
 *
 * Every test gets a cache of its own: a key_prefix that nobody else has, cleared afterwards, on a
 * server (if the provider has one) that the program has started for itself.
 */
#ifndef TESTS_CONFORM_CONFORM_H
#define TESTS_CONFORM_CONFORM_H

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

#include "clock.h"
#include "expect.h"
#include "servers.h"
#include "temp.h"

/* ---- the provider under test ----------------------------------------------------------------- */

typedef struct conform_provider {
    const char *name;
    bool has_server;
    server_kind kind;
    int64_t granule_ms; /* TTLs are exact to this */
    size_t key_max;     /* the longest key it can be configured for */
    bool text_keys;     /* its server sees keys percent-encoded */
    bool has_native;    /* it lends handles */
    bool has_directory; /* it stores in a directory, which it is given as `path` */
} conform_provider;

extern const conform_provider *conform_provider_now;
extern server *conform_server; /* on a Unix socket; NULL without one */

/* How late an entry may expire, the machine's slack included. */
int64_t conform_late_ms(void);

/* ---- caches ---------------------------------------------------------------------------------- */

/* What a test's state points to. */
typedef struct conform {
    zcache *cache;
    char prefix[24];    /* its key_prefix */
    zcache_value value; /* released after the test */
} conform;

/* The setting that says where the entries are: the server's address, or the directory. NULL: the
 * provider needs none. */
const char *conform_place(const server *one);

/* Opens a cache on the provider and `one` (NULL without a server). The settings, up to NULL, take
 * the place of ours of the same name: plugin_path, timeout, the server's address. */
zcache_status conform_try_open(zcache **cache, server *one, const char *const settings[]);
/* As above, and fails the test if it cannot. */
zcache *conform_open(server *one, const char *const settings[]);

/* conform_open on the shared server with these settings. */
#define OPEN(...) conform_open(conform_server, (const char *const[]){__VA_ARGS__, NULL})

/* A key_prefix that no other test has: "cache.key_prefix=" and 23 characters at most. */
const char *conform_new_prefix(char prefix[24]);

/* ---- words that tests are written in --------------------------------------------------------- */

#define put(cache, key, text) \
    assert_status(ZCACHE_OK, zcache_set(cache, key, text, strlen(text), NULL))
#define put_for(cache, key, text, ttl) \
    assert_status(ZCACHE_OK,           \
                  zcache_set(cache, key, text, strlen(text), ZCACHE_WRITE(.ttl_ms = ttl)))
#define assert_holds(cache, key, text)                                   \
    do {                                                                 \
        zcache_value holds_ = ZCACHE_VALUE_INIT;                         \
        assert_status(ZCACHE_OK, zcache_get(cache, key, &holds_, NULL)); \
        assert_text(text, &holds_);                                      \
        zcache_value_free(&holds_);                                      \
    } while (0)
#define assert_miss(cache, key) assert_status(ZCACHE_MISS, zcache_exists(cache, key, NULL))

/* The remaining TTL is `ttl` give or take what the rules allow. */
#define assert_ttl(cache, key, ttl)                                                              \
    do {                                                                                         \
        int64_t remaining_ms = 0;                                                                \
        assert_status(ZCACHE_OK, zcache_ttl(cache, key, &remaining_ms, NULL));                   \
        assert_between((ttl)-30000, (ttl) + 2 * conform_provider_now->granule_ms, remaining_ms); \
    } while (0)
#define assert_ttl_never(cache, key)                                           \
    do {                                                                       \
        int64_t remaining_ms = 0;                                              \
        assert_status(ZCACHE_OK, zcache_ttl(cache, key, &remaining_ms, NULL)); \
        assert_int_equal(remaining_ms, ZCACHE_TTL_NEVER);                      \
    } while (0)

/* Waits until a key that has a TTL of `ttl_ms` or less is gone; fails if that takes too long. */
void conform_wait_gone(zcache *cache, const char *key, int64_t ttl_ms);

/* ---- another client of the same server ------------------------------------------------------- */

/* Reads a physical key past zcache: its size, -1 for none. Fails if it does not fit, or if the
 * server holds flags beside the value. */
long raw_get(const server *one, const void *key, size_t key_size, char *value, size_t capacity);
void raw_set(const server *one, const void *key, size_t key_size, const void *value, size_t size);
/* What a Redis server itself says to `KEYS pattern`: the keys, sorted, each with a newline after
 * it; to be freed. */
char *raw_redis_keys(const server *one, const char *pattern);

/* ---- the tests ------------------------------------------------------------------------------- */

typedef struct conform_part {
    const struct CMUnitTest *tests;
    size_t count;
    bool needs_server; /* about servers: nothing to say of a provider without one */
    bool needs_native; /* about handles that are lent */
    const char *only;  /* about what one provider alone has; NULL: for all */
} conform_part;

#define CONFORM_PARTS(X) \
    X(value)             \
    X(stored)            \
    X(ttl)               \
    X(expiry)            \
    X(key)               \
    X(table)             \
    X(typed)             \
    X(keys)              \
    X(glob)              \
    X(batch)             \
    X(mode)              \
    X(counter)           \
    X(argument)          \
    X(info)              \
    X(native)            \
    X(lease)             \
    X(thread)            \
    X(fork)              \
    X(backend)           \
    X(credentials)
#define CONFORM_DECLARE(name) extern const conform_part conform_##name;
CONFORM_PARTS(CONFORM_DECLARE)
#undef CONFORM_DECLARE

#define CONFORM_PART(name, ...)           \
    const conform_part conform_##name = { \
        name##_tests, sizeof(name##_tests) / sizeof(name##_tests[0]), __VA_ARGS__}
#define TEST(function) cmocka_unit_test_setup_teardown(function, conform_setup, conform_teardown)
int conform_setup(void **state);
int conform_teardown(void **state);

#endif
