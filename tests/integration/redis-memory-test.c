/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The redis provider when memory is short: each allocation of each operation fails once. The
 * operation then says so, or does without; nothing leaks, nothing crashes, and the next one works.
 */
#include "redis-cache.h"

#include <stdlib.h>

#include <zcache/native/redis.h>

#include "failing-allocator.h"

#define COUNT 300

static server *redis_server;
static char names[COUNT][16];
static const char *keys[COUNT];
static char large[40000];

typedef zcache_status operation_fn(zcache *cache);

static zcache_status write_many(zcache *cache)
{
    zcache_item items[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        items[i] = (zcache_item){.key = zcache_str(names[i]),
                                 .value = zcache_bytes_of(large, i % 30 == 0 ? sizeof(large) : 50),
                                 .cas = 1,
                                 .mode = i % 7 == 0 ? ZCACHE_SET_CAS : ZCACHE_SET_ALWAYS};
    return zcache_set_multi(cache, COUNT, items, NULL);
}

static zcache_status read_many(zcache *cache, const zcache_read_options *options)
{
    zcache_value values[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        values[i] = (zcache_value)ZCACHE_VALUE_INIT;
    zcache_status status = zcache_get_multi(cache, COUNT, keys, values, NULL, options);
    for (size_t i = 0; i < COUNT; i++)
        zcache_value_free(&values[i]);
    return status;
}

static zcache_status read_values(zcache *cache)
{
    return read_many(cache, NULL);
}

static zcache_status read_values_and_tokens(zcache *cache)
{
    return read_many(cache, ZCACHE_READ(.with_cas = true));
}

static zcache_status delete_many(zcache *cache)
{
    return zcache_del_multi(cache, COUNT, keys, NULL, NULL);
}

static bool look(void *user, zcache_slice key, int64_t ttl_ms)
{
    (void)user;
    (void)key;
    (void)ttl_ms;
    return true;
}

static zcache_status scan(zcache *cache)
{
    return zcache_scan(cache, "*", look, NULL, ZCACHE_SCAN(.with_ttl = true));
}

static zcache_status clear(zcache *cache)
{
    return zcache_clear(cache, NULL);
}

static zcache_status ping(zcache *cache)
{
    return zcache_ping(cache, NULL);
}

static zcache_status lease(zcache *cache)
{
    zcache_status status = ZCACHE_OK;
    redisContext *redis = zcache_redis_acquire(cache, &status);
    return redis != NULL ? zcache_redis_release(cache, redis) : status;
}

static void note_nothing(void *user, const zcache_stat *stat)
{
    (void)user;
    (void)stat;
}

static zcache_status stats(zcache *cache)
{
    return zcache_stats(cache, note_nothing, NULL, NULL);
}

static zcache *open_again(void)
{
    return open_cache(server_setting(redis_server),
                      "cache.key_prefix=memory:", "cache.timeout=20s");
}

/* Each allocation of the operation fails, on a cache that has no connection yet. */
static void assert_survives(operation_fn *operation, const char *name)
{
    for (size_t nth = 1;; nth++) {
        size_t mark = failing_allocator_mark(), live = failing_allocator_live();
        zcache *cache = open_again();
        failing_allocator_fail(nth);
        zcache_status status = operation(cache);
        bool failed = failing_allocator_failed();
        failing_allocator_fail(0);
        if (status != ZCACHE_OK && (status != ZCACHE_E_NOMEM || !failed))
            fail_msg("%s, allocation %zu fails: got %s (%s)", name, nth, zcache_status_name(status),
                     zcache_error_message());
        assert_status(ZCACHE_OK, operation(cache));
        assert_status(ZCACHE_OK, zcache_close(cache));
        if (failing_allocator_live() != live) {
            failing_allocator_show(mark);
            fail_msg("%s, allocation %zu fails: %zu blocks leak", name, nth,
                     failing_allocator_live() - live);
        }
        if (!failed)
            return;
    }
}

#define SURVIVES(operation)                                            \
    static void test_##operation##_survives_short_memory(void **state) \
    {                                                                  \
        (void)state;                                                   \
        assert_status(ZCACHE_OK, warm_up());                           \
        assert_survives(operation, #operation);                        \
    }

/* What is allocated once for good is allocated, and there is something to read. */
static zcache_status warm_up(void)
{
    zcache *cache = open_again();
    zcache_status status = write_many(cache);
    assert_status(ZCACHE_OK, zcache_close(cache));
    return status;
}

SURVIVES(write_many)
SURVIVES(read_values)
SURVIVES(read_values_and_tokens)
SURVIVES(delete_many)
SURVIVES(scan)
SURVIVES(clear)
SURVIVES(ping)
SURVIVES(stats)
SURVIVES(lease)

/* Opening: each allocation of it, the plugin's and the library's. */
static void test_open_survives_short_memory(void **state)
{
    (void)state;
    char path[512];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    const char *settings[] = {path, "redis.url=redis://user:password@[::1]:1/2", NULL};
    for (size_t nth = 1;; nth++) {
        size_t mark = failing_allocator_mark(), live = failing_allocator_live();
        zcache *cache = NULL;
        failing_allocator_fail(nth);
        zcache_status status =
            zcache_open(&cache, ZCACHE_OPTIONS(.provider = "redis", .settings = settings));
        bool failed = failing_allocator_failed();
        failing_allocator_fail(0);
        if (status == ZCACHE_OK)
            assert_status(ZCACHE_OK, zcache_close(cache));
        else
            assert_true(failed);
        if (failing_allocator_live() != live) {
            failing_allocator_show(mark);
            fail_msg("open, allocation %zu fails: %zu blocks leak", nth,
                     failing_allocator_live() - live);
        }
        if (!failed)
            return;
    }
}

static int start(void **state)
{
    (void)state;
    expect_of("redis");
    redis_server = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "key-%zu", i);
        keys[i] = names[i];
    }
    zcache_close(open_again());
    return 0;
}

static int stop(void **state)
{
    (void)state;
    server_free(redis_server);
    return 0;
}

int main(void)
{
    failing_allocator_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_survives_short_memory),
        cmocka_unit_test(test_write_many_survives_short_memory),
        cmocka_unit_test(test_read_values_survives_short_memory),
        cmocka_unit_test(test_read_values_and_tokens_survives_short_memory),
        cmocka_unit_test(test_delete_many_survives_short_memory),
        cmocka_unit_test(test_scan_survives_short_memory),
        cmocka_unit_test(test_clear_survives_short_memory),
        cmocka_unit_test(test_ping_survives_short_memory),
        cmocka_unit_test(test_stats_survives_short_memory),
        cmocka_unit_test(test_lease_survives_short_memory),
    };
    return cmocka_run_group_tests_name("redis short of memory", tests, start, stop);
}
