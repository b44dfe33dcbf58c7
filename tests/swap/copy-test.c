/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What a copying swap promises: every entry with its TTL, no write lost, nothing deleted that comes
 * back, atomic counters, and on failure the old provider complete and in charge.
 */
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

static server *redis;
static server *memcached;
static zcache *cache;

static int open_cache(void **state)
{
    (void)state;
    static char path[4096];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    const char *settings[] = {path,
                              "cache.key_prefix=copy:",
                              "cache.timeout=20s",
                              server_setting(redis),
                              server_setting(memcached),
                              NULL};
    assert_status(ZCACHE_OK, zcache_open(&cache, ZCACHE_OPTIONS(.settings = settings)));
    return 0;
}

static int close_cache(void **state)
{
    (void)state;
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
    return 0;
}

static const char *key_of(size_t i)
{
    static __thread char key[64];
    snprintf(key, sizeof(key), "%s%zu", i % 5 == 0 ? "odd key %\xff:" : "key:", i);
    return key;
}

static void fill(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char text[64];
        int size = snprintf(text, sizeof(text), "value %zu", i);
        assert_status(ZCACHE_OK, zcache_set(cache, key_of(i), text, (size_t)size,
                                            ZCACHE_WRITE(.ttl_ms = i % 3 == 0 ? ZCACHE_HOURS(1)
                                                                              : ZCACHE_TTL_NEVER)));
    }
}

static void assert_all_there(size_t n)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    for (size_t i = 0; i < n; i++) {
        char text[64];
        snprintf(text, sizeof(text), "value %zu", i);
        assert_status(ZCACHE_OK,
                      zcache_get(cache, key_of(i), &value, ZCACHE_READ(.with_ttl = true)));
        assert_text(text, &value);
        if (i % 3 == 0)
            assert_between(ZCACHE_HOURS(1) - ZCACHE_MINUTES(10),
                           ZCACHE_HOURS(1) + ZCACHE_SECONDS(60), /* 2 s a stay in memcached */
                           value.ttl_ms);
        else
            assert_int_equal(value.ttl_ms, ZCACHE_TTL_NEVER);
    }
    zcache_value_free(&value);
}

static void assert_provider(const char *expected)
{
    char name[ZCACHE_NAME_SIZE];
    assert_status(ZCACHE_OK, zcache_provider(cache, name, sizeof(name)));
    assert_string_equal(expected, name);
}

static void copy_to(const char *provider, zcache_swap_report *report)
{
    assert_status(ZCACHE_OK,
                  zcache_swap(cache, ZCACHE_SWAP(.provider = provider, .mode = ZCACHE_SWAP_COPY,
                                                 .verify = true, .report = report)));
}

static void test_every_entry_moves_with_its_ttl_through_all_providers(void **state)
{
    (void)state;
    static const char *const way[] = {"redis",  "memcached", "redis",
                                      "memory", "memcached", "memory"};
    fill(KEYS);
    for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
        zcache_swap_report report;
        copy_to(way[i], &report);
        assert_int_equal(report.copied, KEYS);
        assert_int_equal(report.verified, KEYS);
        assert_int_equal(report.differences, 0);
        assert_provider(way[i]);
        assert_all_there(KEYS);
        zcache_key_list list;
        assert_status(ZCACHE_OK, zcache_keys(cache, "*", &list, NULL));
        assert_int_equal(list.count, KEYS);
        zcache_key_list_free(&list);
    }
}

static void test_what_the_new_provider_had_does_not_come_back(void **state)
{
    (void)state;
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "redis")));
    assert_status(ZCACHE_OK, zcache_set(cache, "stale", "old", 3, NULL));
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "memory")));
    assert_status(ZCACHE_OK, zcache_set(cache, "fresh", "new", 3, NULL));
    zcache_swap_report report;
    copy_to("redis", &report);
    assert_status(ZCACHE_MISS, zcache_exists(cache, "stale", NULL));
    assert_status(ZCACHE_OK, zcache_exists(cache, "fresh", NULL));
}

static void test_without_prefix_a_store_that_is_not_empty_is_refused(void **state)
{
    (void)state;
    char path[4096];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    const char *settings[] = {path, server_setting(redis), NULL};
    const char *redis_settings[] = {path, "cache.provider=redis",
                                    "cache.key_prefix=other:", server_setting(redis), NULL};
    zcache *bare, *other;
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, zcache_open(&bare, ZCACHE_OPTIONS(.settings = settings)));
    assert_status(ZCACHE_OK, zcache_open(&other, ZCACHE_OPTIONS(.settings = redis_settings)));
    assert_status(ZCACHE_OK, zcache_set(other, "theirs", "1", 1, NULL));
    assert_status(ZCACHE_OK, zcache_set(bare, "other:theirs", "2", 1, NULL));
    assert_error(ZCACHE_E_REFUSED, "redis is not empty",
                 zcache_swap(bare, ZCACHE_SWAP(.provider = "redis", .mode = ZCACHE_SWAP_COPY)));
    assert_status(ZCACHE_OK, zcache_get(other, "theirs", &value, NULL)); /* and left alone */
    assert_text("1", &value);
    assert_status(ZCACHE_OK, zcache_clear(other, NULL));
    assert_status(ZCACHE_OK,
                  zcache_swap(bare, ZCACHE_SWAP(.provider = "redis", .mode = ZCACHE_SWAP_COPY)));
    assert_status(ZCACHE_OK, zcache_get(bare, "other:theirs", &value, NULL));
    assert_text("2", &value);
    assert_status(ZCACHE_OK, zcache_del(bare, "other:theirs", NULL));
    assert_status(ZCACHE_OK, zcache_close(bare));
    assert_status(ZCACHE_OK, zcache_close(other));
    zcache_value_free(&value);
}

static void test_another_way_to_the_same_store_loses_nothing(void **state)
{
    (void)state;
    zcache_swap_report report;
    fill(200);
    copy_to("redis", &report);
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .report = &report,
                                                            .mode = ZCACHE_SWAP_COPY)));
    assert_int_equal(report.copied, 0);
    assert_all_there(200);
    zcache_key_list list;
    assert_status(ZCACHE_OK, zcache_keys(cache, "*", &list, NULL));
    assert_int_equal(list.count, 200); /* the probes are gone */
    zcache_key_list_free(&list);
}

static void test_a_store_that_both_providers_share_in_part_is_refused(void **state)
{
    (void)state;
    server *second = server_start(SERVER_MEMCACHED, SERVER_UNIX, NULL);
    char both[1024];
    snprintf(both, sizeof(both), "memcached.servers=unix:%s unix:%s", server_socket(memcached),
             server_socket(second));
    const char *settings[] = {both, NULL};
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "memcached")));
    fill(200);
    assert_error(ZCACHE_E_REFUSED, "the same store",
                 zcache_swap(cache, ZCACHE_SWAP(.provider = "memcached", .settings = settings,
                                                .mode = ZCACHE_SWAP_COPY)));
    assert_all_there(200);
    server_free(second);
}

/* ---- while it is under way ------------------------------------------------------------------- */

/* A callback that holds the copy in its middle until the test lets it go. */
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

static zcache_swap_decision decide(void *user, const zcache_swap_progress *progress)
{
    held_copy *copy = user;
    if (progress->scanned > 0)
        atomic_fetch_add(&copy->asked, 1);
    return (zcache_swap_decision)atomic_load(&copy->decision);
}

static void *run_copy(void *user)
{
    held_copy *copy = user;
    copy->status = zcache_swap(
        cache, ZCACHE_SWAP(.provider = copy->provider, .mode = ZCACHE_SWAP_COPY,
                           .verify = copy->verify, .progress = decide, .progress_user = copy,
                           .report = &copy->report, .timeout_ms = copy->timeout_ms));
    snprintf(copy->message, sizeof(copy->message), "%s", zcache_error_message());
    return NULL;
}

static void begin_copy_by(held_copy *copy, const char *provider, int64_t timeout_ms)
{
    *copy = (held_copy){.provider = provider,
                        .decision = ZCACHE_SWAP_PAUSE,
                        .verify = true,
                        .timeout_ms = timeout_ms};
    assert_int_equal(pthread_create(&copy->thread, NULL, run_copy, copy), 0);
    while (atomic_load(&copy->asked) < 2)
        clock_sleep_ms(1);
}

static void begin_copy(held_copy *copy, const char *provider)
{
    begin_copy_by(copy, provider, 20000);
}

static void end_copy(held_copy *copy, zcache_swap_decision decision)
{
    atomic_store(&copy->decision, decision);
    pthread_join(copy->thread, NULL);
}

static void test_writes_during_the_copy_are_not_lost_nor_undone(void **state)
{
    (void)state;
    held_copy copy;
    int64_t number;
    zcache_value value = ZCACHE_VALUE_INIT;
    fill(KEYS);
    assert_status(ZCACHE_OK,
                  zcache_set(cache, "counter", "41", 2, ZCACHE_WRITE(.ttl_ms = 3600000)));
    assert_status(ZCACHE_OK, zcache_set(cache, "touched", "t", 1, NULL));
    begin_copy(&copy, "redis");
    assert_provider("memory"); /* in charge until the end */
    for (size_t i = 0; i < KEYS; i += 2)
        assert_status(ZCACHE_OK, zcache_del(cache, key_of(i), NULL));
    for (size_t i = 1; i < KEYS; i += 10)
        assert_status(ZCACHE_OK, zcache_set(cache, key_of(i), "rewritten", 9, NULL));
    assert_status(ZCACHE_OK, zcache_incr(cache, "counter", 1, &number, NULL));
    assert_int_equal(number, 42);
    assert_status(ZCACHE_OK, zcache_touch(cache, "touched", ZCACHE_WRITE(.ttl_ms = 7200000)));
    assert_status(ZCACHE_OK, zcache_add(cache, "added", "a", 1, NULL));
    assert_status(ZCACHE_EXISTS, zcache_add(cache, key_of(1), "no", 2, NULL));
    assert_status(ZCACHE_MISS, zcache_replace(cache, key_of(0), "no", 2, NULL));
    end_copy(&copy, ZCACHE_SWAP_CONTINUE);
    assert_string_equal("", copy.status == ZCACHE_OK ? "" : copy.message);
    assert_provider("redis");
    for (size_t i = 0; i < KEYS; i++) {
        zcache_status expected = i % 2 == 0 ? ZCACHE_MISS : ZCACHE_OK;
        assert_status(expected, zcache_get(cache, key_of(i), &value, NULL));
        if (i % 10 == 1)
            assert_text("rewritten", &value);
    }
    assert_status(ZCACHE_OK, zcache_get(cache, "counter", &value, ZCACHE_READ(.with_ttl = true)));
    assert_text("42", &value);
    assert_between(3000000, 3600000, value.ttl_ms);
    assert_status(ZCACHE_OK, zcache_get(cache, "touched", &value, ZCACHE_READ(.with_ttl = true)));
    assert_between(6600000, 7200000, value.ttl_ms);
    assert_status(ZCACHE_OK, zcache_exists(cache, "added", NULL));
    zcache_value_free(&value);
}

static void test_a_cas_token_outlives_the_copy_only_as_a_conflict(void **state)
{
    (void)state;
    held_copy copy;
    zcache_value value = ZCACHE_VALUE_INIT;
    fill(100);
    assert_status(ZCACHE_OK, zcache_get(cache, key_of(1), &value, ZCACHE_READ(.with_cas = true)));
    begin_copy(&copy, "memcached");
    assert_status(ZCACHE_OK, zcache_cas(cache, key_of(1), "swapped", 7, value.cas, NULL));
    assert_status(ZCACHE_CONFLICT, zcache_cas(cache, key_of(1), "again", 5, value.cas, NULL));
    assert_status(ZCACHE_OK, zcache_get(cache, key_of(1), &value, ZCACHE_READ(.with_cas = true)));
    end_copy(&copy, ZCACHE_SWAP_CONTINUE);
    assert_status(ZCACHE_OK, copy.status);
    assert_status(ZCACHE_CONFLICT, zcache_cas(cache, key_of(1), "late", 4, value.cas, NULL));
    assert_status(ZCACHE_OK, zcache_get(cache, key_of(1), &value, ZCACHE_READ(.with_cas = true)));
    assert_text("swapped", &value);
    assert_status(ZCACHE_OK, zcache_cas(cache, key_of(1), "now", 3, value.cas, NULL));
    zcache_value_free(&value);
}

static void test_a_table_that_is_cleared_meanwhile_stays_empty(void **state)
{
    (void)state;
    held_copy copy;
    zcache *users;
    zcache_key_list list;
    fill(KEYS);
    assert_status(ZCACHE_OK, zcache_table(cache, "users", &users));
    for (size_t i = 0; i < 500; i++)
        assert_status(ZCACHE_OK, zcache_set(users, key_of(i), "u", 1, NULL));
    begin_copy(&copy, "redis");
    assert_status(ZCACHE_OK, zcache_clear(users, NULL));
    end_copy(&copy, ZCACHE_SWAP_CONTINUE);
    assert_status(ZCACHE_OK, copy.status);
    assert_status(ZCACHE_OK, zcache_keys(users, "*", &list, NULL));
    assert_int_equal(list.count, 0);
    zcache_key_list_free(&list);
    assert_all_there(KEYS);
}

/* ---- giving up ------------------------------------------------------------------------------- */

static void assert_gave_up(held_copy *copy, zcache_status status, const char *part)
{
    assert_status(status, copy->status);
    if (strstr(copy->message, part) == NULL ||
        strstr(copy->message, "the swap failed and memory goes on") == NULL)
        fail_msg("expected \"%s\" in \"%s\"", part, copy->message);
    assert_provider("memory");
}

/* What redis has of ours, seen by a cache of its own. */
static size_t keys_in_redis(void)
{
    char path[4096];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    const char *settings[] = {path, "cache.provider=redis",
                              "cache.key_prefix=copy:", server_setting(redis), NULL};
    zcache *own;
    zcache_key_list list;
    assert_status(ZCACHE_OK, zcache_open(&own, ZCACHE_OPTIONS(.settings = settings)));
    assert_status(ZCACHE_OK, zcache_keys(own, "*", &list, NULL));
    size_t count = list.count;
    zcache_key_list_free(&list);
    assert_status(ZCACHE_OK, zcache_close(own));
    return count;
}

static void test_an_aborted_copy_leaves_the_old_complete_and_the_new_empty(void **state)
{
    (void)state;
    held_copy copy;
    fill(KEYS);
    begin_copy(&copy, "redis");
    assert_true(keys_in_redis() > 0);
    assert_status(ZCACHE_OK, zcache_set(cache, "meanwhile", "1", 1, NULL));
    end_copy(&copy, ZCACHE_SWAP_ABORT);
    assert_gave_up(&copy, ZCACHE_E_REFUSED, "given up by the application");
    assert_int_equal(keys_in_redis(), 0);
    assert_status(ZCACHE_OK, zcache_exists(cache, "meanwhile", NULL));
    assert_all_there(KEYS);

    begin_copy(&copy, "redis");
    assert_status(ZCACHE_OK, zcache_swap_abort(cache));
    pthread_join(copy.thread, NULL);
    assert_gave_up(&copy, ZCACHE_E_REFUSED, "the swap was aborted");
    assert_int_equal(keys_in_redis(), 0);
    assert_all_there(KEYS);
    zcache_swap_report report;
    copy_to("redis", &report); /* and it can be done again */
    assert_status(ZCACHE_OK, zcache_exists(cache, "meanwhile", NULL));
    assert_all_there(KEYS);
}

static void test_a_new_server_that_dies_costs_the_application_nothing(void **state)
{
    (void)state;
    held_copy copy;
    fill(KEYS);
    begin_copy(&copy, "redis");
    server_kill(redis);
    assert_status(ZCACHE_OK, zcache_set(cache, "meanwhile", "1", 1, NULL));
    assert_status(ZCACHE_OK, zcache_del(cache, key_of(7), NULL));
    end_copy(&copy, ZCACHE_SWAP_CONTINUE);
    assert_gave_up(&copy, ZCACHE_E_UNAVAILABLE, "copy: ");
    assert_status(ZCACHE_OK, zcache_exists(cache, "meanwhile", NULL));
    assert_status(ZCACHE_MISS, zcache_exists(cache, key_of(7), NULL));
    assert_status(ZCACHE_OK, zcache_set(cache, key_of(7), "value 7", 7, NULL));
    assert_all_there(KEYS);
    server_restart(redis);
}

#define WRITERS 4

typedef struct writers {
    _Atomic bool stop;
    _Atomic unsigned long written;
} writers;

/* Writes with a deadline that is shorter than the copier's. */
static void write_on(void *user, size_t thread)
{
    writers *all = user;
    for (size_t i = thread; !atomic_load(&all->stop); i = (i + WRITERS) % KEYS) {
        char text[64];
        int size = snprintf(text, sizeof(text), "value %zu", i);
        check_status(ZCACHE_OK, zcache_set(cache, key_of(i), text, (size_t)size,
                                           ZCACHE_WRITE(.timeout_ms = 2000,
                                                        .ttl_ms = i % 3 == 0 ? ZCACHE_HOURS(1)
                                                                             : ZCACHE_TTL_NEVER)));
        atomic_fetch_add(&all->written, 1);
    }
}

static void *run_writers(void *user)
{
    threads_run(WRITERS, write_on, user);
    return NULL;
}

/* It keeps its connections and answers nothing: the copier waits for it with a lock of some keys. */
static void test_a_new_server_that_hangs_fails_no_write(void **state)
{
    (void)state;
    held_copy copy;
    writers all = {0};
    pthread_t runner;
    fill(KEYS);
    begin_copy_by(&copy, "redis", 6000);
    assert_int_equal(pthread_create(&runner, NULL, run_writers, &all), 0);
    while (atomic_load(&all.written) < 100)
        clock_sleep_ms(1);
    server_freeze(redis);
    end_copy(&copy, ZCACHE_SWAP_CONTINUE);
    unsigned long written = atomic_load(&all.written);
    while (atomic_load(&all.written) < written + 100) /* as if nothing had happened */
        clock_sleep_ms(1);
    atomic_store(&all.stop, true);
    pthread_join(runner, NULL);
    server_thaw(redis);
    assert_int_equal(checks_failed(), 0);
    assert_true(copy.status == ZCACHE_E_TIMEOUT || copy.status == ZCACHE_E_UNAVAILABLE);
    assert_gave_up(&copy, copy.status, "copy: ");
    assert_all_there(KEYS);
}

static void test_an_old_server_that_dies_fails_the_copy(void **state)
{
    (void)state;
    held_copy copy;
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "redis")));
    fill(KEYS);
    begin_copy(&copy, "memory");
    server_kill(redis);
    assert_status(ZCACHE_E_UNAVAILABLE,
                  zcache_set(cache, "meanwhile", "1", 1, ZCACHE_WRITE(.timeout_ms = 300)));
    end_copy(&copy, ZCACHE_SWAP_CONTINUE);
    assert_true(copy.status < ZCACHE_OK);
    assert_provider("redis"); /* and it recovers by itself, when its server does */
    server_restart(redis);
    for (int64_t end = clock_ms() + 20000;
         zcache_ping(cache, NULL) != ZCACHE_OK && clock_ms() < end;)
        clock_sleep_ms(10);
    assert_status(ZCACHE_OK, zcache_ping(cache, NULL));
}

static void test_a_new_provider_that_is_too_small_is_found_by_verify(void **state)
{
    (void)state;
    const char *settings[] = {"memory.max_memory=1m", NULL};
    char *large = malloc(20000);
    memset(large, 'x', 20000);
    for (size_t i = 0; i < 200; i++)
        assert_status(ZCACHE_OK, zcache_set(cache, key_of(i), large, 20000, NULL));
    free(large);
    assert_error(ZCACHE_E_SERVER, "entries differ in the new provider",
                 zcache_swap(cache, ZCACHE_SWAP(.provider = "memory", .settings = settings,
                                                .mode = ZCACHE_SWAP_COPY, .verify = true)));
    for (size_t i = 0; i < 200; i++)
        assert_status(ZCACHE_OK, zcache_exists(cache, key_of(i), NULL));
}

static void test_a_rate_limit_is_kept(void **state)
{
    (void)state;
    zcache_swap_report report;
    fill(300);
    assert_status(ZCACHE_OK,
                  zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .mode = ZCACHE_SWAP_COPY,
                                                 .rate = 1000, .report = &report)));
    assert_int_equal(report.copied, 300);
    assert_true(report.copy_ns > INT64_C(200) * 1000000); /* 0.3 s but for the last group */
}

static void *close_it(void *status)
{
    *(zcache_status *)status = zcache_close(cache);
    return NULL;
}

static void test_a_close_in_the_middle_gives_the_copy_up(void **state)
{
    held_copy copy;
    pthread_t closer;
    zcache_status closed = ZCACHE_E_INTERNAL;
    fill(KEYS);
    begin_copy(&copy, "redis");
    assert_int_equal(pthread_create(&closer, NULL, close_it, &closed), 0);
    pthread_join(copy.thread, NULL);
    pthread_join(closer, NULL);
    assert_status(ZCACHE_OK, closed);
    assert_status(ZCACHE_E_REFUSED, copy.status);
    open_cache(state);
}

/* ---- under load ------------------------------------------------------------------------------ */

#define THREADS  6
#define OWN_KEYS 60

static _Atomic bool done;
static _Atomic unsigned long operations;
static _Atomic int64_t counted;

/* What a thread knows of its own keys: it is their only writer. */
static void work(void *user, size_t thread)
{
    (void)user;
    if (thread == THREADS) {
        static const char *const way[] = {"redis",  "memory", "memcached",
                                          "memory", "redis",  "memcached"};
        for (size_t i = 0; i < 24; i++)
            check_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = way[i % 6],
                                                                   .mode = ZCACHE_SWAP_COPY,
                                                                   .verify = i % 4 == 0)));
        atomic_store(&done, true);
        return;
    }
    unsigned long written[OWN_KEYS] = {0}; /* 0: it is not there */
    unsigned seed = (unsigned)thread;
    zcache_value value = ZCACHE_VALUE_INIT;
    for (unsigned long n = 1; !atomic_load(&done); n++) {
        size_t i = (size_t)rand_r(&seed) % OWN_KEYS;
        char key[32], text[32];
        snprintf(key, sizeof(key), "%zu:%zu", thread, i);
        snprintf(text, sizeof(text), "%lu", written[i]);
        zcache_status status = zcache_get(cache, key, &value, NULL);
        check_status(written[i] != 0 ? ZCACHE_OK : ZCACHE_MISS, status);
        if (status == ZCACHE_OK)
            check_that(strcmp(value.data, text) == 0);
        if (rand_r(&seed) % 4 == 0) {
            check_status(written[i] != 0 ? ZCACHE_OK : ZCACHE_MISS, zcache_del(cache, key, NULL));
            written[i] = 0;
        } else {
            int size = snprintf(text, sizeof(text), "%lu", n);
            check_status(ZCACHE_OK, zcache_set(cache, key, text, (size_t)size, NULL));
            written[i] = n;
        }
        if (n % 5 == 0) {
            check_status(ZCACHE_OK, zcache_incr(cache, "shared", 1, NULL, NULL));
            atomic_fetch_add(&counted, 1);
        }
        atomic_fetch_add_explicit(&operations, 3, memory_order_relaxed);
    }
    zcache_value_free(&value);
}

static void test_threads_see_their_own_writes_through_copying_swaps(void **state)
{
    (void)state;
    zcache_value value = ZCACHE_VALUE_INIT;
    fill(500);
    threads_run(THREADS + 1, work, NULL);
    print_message("# 24 copying swaps, %lu operations, %ld counted\n", operations, (long)counted);
    assert_int_equal(checks_failed(), 0);
    assert_status(ZCACHE_OK, zcache_get(cache, "shared", &value, NULL));
    assert_int_equal(strtoll(value.data, NULL, 10), counted);
    assert_all_there(500);
    zcache_value_free(&value);
}

static int start_servers(void **state)
{
    (void)state;
    redis = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    memcached = server_start(SERVER_MEMCACHED, SERVER_UNIX, NULL);
    return 0;
}

static int stop_servers(void **state)
{
    (void)state;
    server_free(redis);
    server_free(memcached);
    return 0;
}

#define COPY_TEST(test) cmocka_unit_test_setup_teardown(test, open_cache, close_cache)

int main(void)
{
    const struct CMUnitTest tests[] = {
        COPY_TEST(test_every_entry_moves_with_its_ttl_through_all_providers),
        COPY_TEST(test_what_the_new_provider_had_does_not_come_back),
        COPY_TEST(test_without_prefix_a_store_that_is_not_empty_is_refused),
        COPY_TEST(test_another_way_to_the_same_store_loses_nothing),
        COPY_TEST(test_a_store_that_both_providers_share_in_part_is_refused),
        COPY_TEST(test_writes_during_the_copy_are_not_lost_nor_undone),
        COPY_TEST(test_a_cas_token_outlives_the_copy_only_as_a_conflict),
        COPY_TEST(test_a_table_that_is_cleared_meanwhile_stays_empty),
        COPY_TEST(test_an_aborted_copy_leaves_the_old_complete_and_the_new_empty),
        COPY_TEST(test_a_new_server_that_dies_costs_the_application_nothing),
        COPY_TEST(test_a_new_server_that_hangs_fails_no_write),
        COPY_TEST(test_an_old_server_that_dies_fails_the_copy),
        COPY_TEST(test_a_new_provider_that_is_too_small_is_found_by_verify),
        COPY_TEST(test_a_rate_limit_is_kept),
        COPY_TEST(test_a_close_in_the_middle_gives_the_copy_up),
        COPY_TEST(test_threads_see_their_own_writes_through_copying_swaps),
    };
    return cmocka_run_group_tests_name("copy", tests, start_servers, stop_servers);
}
