/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Eight threads work while the cache is swapped a thousand times between all three providers: no
 * operation fails, and no thread ever reads what it did not write.
 *
 * Each thread has keys of its own. A cold swap may show it a miss, or an older value of its own
 * (the provider was active before), never a newer one or another thread's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "expect.h"
#include "servers.h"
#include "threads.h"
#include <zcache/zcache.h>

#define THREADS 8
#define KEYS    50
#define SWAPS   1000

static zcache *cache;
static server *redis;
static server *memcached;
static _Atomic bool done;
static _Atomic unsigned long operations, hits, failed, wrong;

static void check_operation(zcache_status status)
{
    atomic_fetch_add_explicit(&operations, 1, memory_order_relaxed);
    if (status < ZCACHE_OK && atomic_fetch_add(&failed, 1) < 10)
        print_message("# failed: %s: %s\n", zcache_status_name(status), zcache_error_message());
}

/* The value says whose it is and how often its owner has written: "thread 3 key 17 write 123". */
static void check_value(const zcache_value *value, size_t thread, size_t key, unsigned long newest)
{
    size_t of_thread, of_key;
    unsigned long write;
    atomic_fetch_add_explicit(&hits, 1, memory_order_relaxed);
    if (sscanf(value->data, "thread %zu key %zu write %lu", &of_thread, &of_key, &write) != 3 ||
        of_thread != thread || of_key != key || write > newest) {
        if (atomic_fetch_add(&wrong, 1) < 10)
            print_message("# wrong: thread %zu, key %zu, newest write %lu, read \"%s\"\n", thread,
                          key, newest, (char *)value->data);
    }
}

static void one_round(size_t thread, size_t key, unsigned long *writes, zcache_value *value)
{
    char name[64], text[64];
    snprintf(name, sizeof(name), "%zu:%zu", thread, key);
    zcache_status status = zcache_get(cache, name, value, NULL);
    check_operation(status);
    if (status == ZCACHE_OK)
        check_value(value, thread, key, writes[key]);
    int size =
        snprintf(text, sizeof(text), "thread %zu key %zu write %lu", thread, key, ++writes[key]);
    check_operation(zcache_set(cache, name, text, (size_t)size, NULL));
    if (key % 7 == 0)
        check_operation(zcache_del(cache, name, NULL));
    if (key % 11 == 0)
        check_operation(zcache_incr(cache, "counter", 1, NULL, NULL));
    if (key == 0) {
        const char *names[] = {name, "counter", "nothing"};
        zcache_value values[3] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT};
        check_operation(zcache_get_multi(cache, 3, names, values, NULL, NULL));
        for (size_t i = 0; i < 3; i++)
            zcache_value_free(&values[i]);
    }
}

static void swap_often(void)
{
    static const char *const order[] = {"redis", "memcached", "memory"};
    for (int i = 0; i < SWAPS; i++) {
        zcache_status status = zcache_swap(cache, ZCACHE_SWAP(.provider = order[i % 3]));
        if (status != ZCACHE_OK && atomic_fetch_add(&failed, 1) < 10)
            print_message("# swap %d: %s: %s\n", i, zcache_status_name(status),
                          zcache_error_message());
    }
    atomic_store(&done, true);
}

static void work(void *user, size_t index)
{
    (void)user;
    if (index == THREADS) {
        swap_often();
        return;
    }
    unsigned long writes[KEYS] = {0};
    zcache_value value = ZCACHE_VALUE_INIT;
    for (size_t key = 0; !atomic_load_explicit(&done, memory_order_relaxed); key = (key + 1) % KEYS)
        one_round(index, key, writes, &value);
    zcache_value_free(&value);
}

static void test_a_thousand_swaps_fail_no_operation(void **state)
{
    (void)state;
    char path[4096];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    const char *settings[] = {path,
                              "cache.key_prefix=threads:",
                              "cache.timeout=30s",
                              "redis.connect_timeout=30s",
                              "memcached.connect_timeout=30s",
                              server_setting(redis),
                              server_setting(memcached),
                              NULL};
    assert_status(ZCACHE_OK, zcache_open(&cache, ZCACHE_OPTIONS(.settings = settings)));
    threads_run(THREADS + 1, work, NULL);
    print_message("# %d swaps, %lu operations, %lu hits, %lu failed, %lu wrong\n", SWAPS,
                  operations, hits, failed, wrong);
    assert_int_equal(failed, 0);
    assert_int_equal(wrong, 0);
    assert_true(hits > 0);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thousand_swaps_fail_no_operation),
    };
    redis = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    memcached = server_start(SERVER_MEMCACHED, SERVER_UNIX, NULL);
    int failures = cmocka_run_group_tests_name("swap-threads", tests, NULL, NULL);
    server_free(redis);
    server_free(memcached);
    return failures;
}
