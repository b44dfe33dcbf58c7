/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The callback of a held copy is asked again and again while it wants a pause.
 */
#include "copy-harness.h"

server *redis, *memcached;
zcache *cache;

int open_cache(void **state)
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

int close_cache(void **state)
{
    (void)state;
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
    return 0;
}

const char *key_of(size_t i)
{
    static __thread char key[64];
    snprintf(key, sizeof(key), "%s%zu", i % 5 == 0 ? "odd key %\xff:" : "key:", i);
    return key;
}

void fill(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char text[64];
        int size = snprintf(text, sizeof(text), "value %zu", i);
        assert_status(ZCACHE_OK, zcache_set(cache, key_of(i), text, (size_t)size,
                                            ZCACHE_WRITE(.ttl_ms = i % 3 == 0 ? ZCACHE_HOURS(1)
                                                                              : ZCACHE_TTL_NEVER)));
    }
}

void assert_all_there(size_t n)
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

void assert_provider(const char *expected)
{
    char name[ZCACHE_NAME_SIZE];
    assert_status(ZCACHE_OK, zcache_provider(cache, name, sizeof(name)));
    assert_string_equal(expected, name);
}

void copy_to(const char *provider, zcache_swap_report *report)
{
    assert_status(ZCACHE_OK,
                  zcache_swap(cache, ZCACHE_SWAP(.provider = provider, .mode = ZCACHE_SWAP_COPY,
                                                 .verify = true, .report = report)));
}

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

void begin_copy_by(held_copy *copy, const char *provider, int64_t timeout_ms)
{
    *copy = (held_copy){.provider = provider,
                        .decision = ZCACHE_SWAP_PAUSE,
                        .verify = true,
                        .timeout_ms = timeout_ms};
    assert_int_equal(pthread_create(&copy->thread, NULL, run_copy, copy), 0);
    while (atomic_load(&copy->asked) < 2)
        clock_sleep_ms(1);
}

void begin_copy(held_copy *copy, const char *provider)
{
    begin_copy_by(copy, provider, 20000);
}

void end_copy(held_copy *copy, zcache_swap_decision decision)
{
    atomic_store(&copy->decision, decision);
    pthread_join(copy->thread, NULL);
}

int start_servers(void **state)
{
    (void)state;
    redis = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    memcached = server_start(SERVER_MEMCACHED, SERVER_UNIX, NULL);
    return 0;
}

int stop_servers(void **state)
{
    (void)state;
    server_free(redis);
    server_free(memcached);
    return 0;
}
