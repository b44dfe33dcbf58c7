/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What a swap promises its caller: new first, the old one untouched by a failure, closed and
 * unloaded when the last operation and lease have left it, and a report of it all.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "expect.h"
#include "servers.h"
#include "temp.h"
#include <zcache/native/memory.h>
#include <zcache/zcache.h>

static server *redis;
static server *memcached;
static zcache *cache;

static const char *plugin_path(void)
{
    static char setting[4096];
    snprintf(setting, sizeof(setting), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    return setting;
}

static int open_cache(void **state)
{
    (void)state;
    const char *settings[] = {plugin_path(), "cache.key_prefix=swap:", server_setting(redis),
                              server_setting(memcached), NULL};
    assert_status(ZCACHE_OK, zcache_open(&cache, ZCACHE_OPTIONS(.settings = settings)));
    return 0;
}

static int close_cache(void **state)
{
    (void)state;
    assert_status(ZCACHE_OK, zcache_close(cache));
    return 0;
}

/* Whether the plugin's file is mapped in this process. */
static bool is_mapped(const char *plugin)
{
    char file[64], line[4096];
    snprintf(file, sizeof(file), "/%s.so", plugin);
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    bool found = false;
    while (fgets(line, sizeof(line), maps) != NULL)
        found |= strstr(line, file) != NULL;
    fclose(maps);
    return found;
}

static void assert_provider(const char *expected)
{
    char name[ZCACHE_NAME_SIZE];
    assert_status(ZCACHE_OK, zcache_provider(cache, name, sizeof(name)));
    assert_string_equal(expected, name);
}

static void test_a_cold_swap_starts_empty_and_keeps_the_handles(void **state)
{
    (void)state;
    zcache *users;
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, zcache_table(cache, "users", &users));
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
    assert_status(ZCACHE_OK, zcache_set(users, "a", "u", 1, NULL));
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "redis")));
    assert_provider("redis");
    assert_status(ZCACHE_MISS, zcache_get(cache, "a", &value, NULL));
    assert_status(ZCACHE_OK, zcache_set(users, "a", "v", 1, NULL));
    assert_status(ZCACHE_OK, zcache_get(users, "a", &value, NULL));
    assert_text("v", &value);
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "memcached")));
    assert_provider("memcached");
    assert_status(ZCACHE_MISS, zcache_get(users, "a", &value, NULL));
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "redis")));
    assert_status(ZCACHE_OK, zcache_get(users, "a", &value, NULL)); /* redis kept it */
    assert_text("v", &value);
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    zcache_value_free(&value);
}

static void test_the_report_tells_every_step(void **state)
{
    (void)state;
    zcache_swap_report report;
    assert_status(ZCACHE_OK,
                  zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .report = &report)));
    assert_string_equal(report.from, "memory");
    assert_string_equal(report.to, "redis");
    assert_int_equal(report.generation, 2);
    assert_true(report.load_ns > 0);
    assert_true(report.open_ns > 0);
    assert_true(report.ping_ns > 0);
    assert_true(report.publish_ns > 0);
    assert_true(report.close_ns > 0);
    assert_int_equal(report.in_flight, 0);
    assert_int_equal(report.leases, 0);
    assert_false(report.retired);
}

static void test_the_old_plugin_is_really_unloaded(void **state)
{
    (void)state;
    if (getenv("ZCACHE_KEEP_MODULES") != NULL) {
        print_message("modules are kept by the environment: unloading is not looked at\n");
        return;
    }
    zcache_swap_report report;
    assert_true(is_mapped("memory"));
    assert_false(is_mapped("redis"));
    assert_status(ZCACHE_OK,
                  zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .report = &report)));
    assert_true(report.unmapped);
    assert_false(is_mapped("memory"));
    assert_true(is_mapped("redis"));
    assert_status(ZCACHE_OK,
                  zcache_swap(cache, ZCACHE_SWAP(.provider = "memcached", .report = &report)));
    assert_true(report.unmapped);
    assert_false(is_mapped("redis"));
    assert_status(ZCACHE_OK,
                  zcache_swap(cache, ZCACHE_SWAP(.provider = "memory", .report = &report)));
    assert_true(report.unmapped);
    assert_false(is_mapped("memcached"));
}

static void test_a_swap_to_the_same_provider_opens_it_anew(void **state)
{
    (void)state;
    zcache_swap_report report;
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.report = &report)));
    assert_string_equal(report.to, "memory");
    assert_false(report.unmapped); /* the new one uses the same module */
    assert_status(ZCACHE_MISS, zcache_exists(cache, "a", NULL));
}

/* Whatever fails, the old provider goes on with its data, and the message names the step. */
static void test_a_failed_swap_changes_nothing(void **state)
{
    (void)state;
    char nobody[64];
    snprintf(nobody, sizeof(nobody), "redis.url=redis://127.0.0.1:%d", server_free_port());
    const char *down[] = {nobody, NULL};
    const char *unknown_key[] = {"redis.ur1=x", NULL};
    const char *bad_value[] = {"memcached.pool_size=many", NULL};
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));

    assert_error(ZCACHE_E_PLUGIN, "the swap failed and memory goes on: open nosuch",
                 zcache_swap(cache, ZCACHE_SWAP(.provider = "nosuch")));
    assert_error(ZCACHE_E_CONFIG, "../evil",
                 zcache_swap(cache, ZCACHE_SWAP(.provider = "../evil")));
    assert_error(ZCACHE_E_UNAVAILABLE, "the swap failed and memory goes on: ping redis: ",
                 zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .settings = down)));
    assert_error(ZCACHE_E_CONFIG, "did you mean \"url\"",
                 zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .settings = unknown_key)));
    assert_error(ZCACHE_E_CONFIG, "pool_size",
                 zcache_swap(cache, ZCACHE_SWAP(.provider = "memcached", .settings = bad_value)));
    assert_error(ZCACHE_E_CONFIG, "/nowhere/zcache.ini",
                 zcache_swap(cache, ZCACHE_SWAP(.file = "/nowhere/zcache.ini")));
    assert_error(ZCACHE_E_INVALID, "mode",
                 zcache_swap(cache, ZCACHE_SWAP(.mode = (zcache_swap_mode)99)));
    assert_error(ZCACHE_E_INVALID, "timeout_ms", zcache_swap(cache, ZCACHE_SWAP(.timeout_ms = -5)));

    zcache_value value = ZCACHE_VALUE_INIT;
    assert_provider("memory");
    assert_status(ZCACHE_OK, zcache_get(cache, "a", &value, NULL));
    assert_text("1", &value);
    zcache_value_free(&value);
    assert_false(is_mapped("redis") && getenv("ZCACHE_KEEP_MODULES") == NULL);
}

static void test_a_wrong_password_of_the_new_server_fails_the_swap(void **state)
{
    (void)state;
    server *locked =
        server_start(SERVER_REDIS, SERVER_TCP, SERVER_ARGUMENTS("--requirepass", "right-secret"));
    char none[64], wrong[96], right[96];
    snprintf(none, sizeof(none), "redis.url=redis://%s", server_address(locked));
    snprintf(wrong, sizeof(wrong), "redis.url=redis://:wrong-secret@%s", server_address(locked));
    snprintf(right, sizeof(right), "redis.url=redis://:right-secret@%s", server_address(locked));
    static const zcache_swap_mode modes[] = {ZCACHE_SWAP_COLD, ZCACHE_SWAP_COPY};
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
    for (size_t i = 0; i < 4; i++) {
        const char *settings[] = {i % 2 == 0 ? none : wrong, NULL};
        assert_error(ZCACHE_E_AUTH, "the swap failed and memory goes on: ping redis: ",
                     zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .mode = modes[i / 2],
                                                    .settings = settings)));
        assert_null(strstr(zcache_error_message(), "secret"));
        assert_provider("memory");
        assert_status(ZCACHE_OK, zcache_exists(cache, "a", NULL));
    }
    const char *settings[] = {right, NULL};
    assert_status(ZCACHE_OK,
                  zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .mode = ZCACHE_SWAP_COPY,
                                                 .settings = settings)));
    assert_provider("redis");
    assert_status(ZCACHE_OK, zcache_exists(cache, "a", NULL));
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "memory")));
    server_free(locked);
}

static void test_a_new_server_that_hangs_fails_the_swap_in_time(void **state)
{
    (void)state;
    static const char *const providers[] = {"redis", "memcached"};
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
    server_freeze(redis);
    server_freeze(memcached);
    for (size_t i = 0; i < 2; i++) {
        int64_t begin_ms = clock_ms();
        assert_error(ZCACHE_E_TIMEOUT, "the swap failed and memory goes on: ping ",
                     zcache_swap(cache, ZCACHE_SWAP(.provider = providers[i], .timeout_ms = 300)));
        if (clock_ms() - begin_ms > 300 + 500 + CLOCK_SLACK_MS)
            fail_msg("it took %lld ms", (long long)(clock_ms() - begin_ms));
        assert_null(strstr(zcache_error_message(), "has not returned")); /* its own words */
        assert_provider("memory");
        assert_status(ZCACHE_OK, zcache_exists(cache, "a", NULL));
    }
    server_thaw(redis);
    server_thaw(memcached);
}

static void test_limits_that_the_new_provider_cannot_keep_are_refused(void **state)
{
    (void)state;
    const char *settings[] = {plugin_path(), "cache.max_key_length=500", server_setting(memcached),
                              NULL};
    zcache *own;
    assert_status(ZCACHE_OK, zcache_open(&own, ZCACHE_OPTIONS(.settings = settings)));
    assert_error(ZCACHE_E_CONFIG,
                 "max_key_length = 500: the provider memcached has keys of at most",
                 zcache_swap(own, ZCACHE_SWAP(.provider = "memcached")));
    assert_status(ZCACHE_OK, zcache_close(own));
}

static void test_an_ini_file_names_provider_and_options(void **state)
{
    (void)state;
    const char *other_key = server_setting(redis) + strlen("redis.");
    char text[1024];
    snprintf(text, sizeof(text), "[cache]\nprovider = redis\n[redis]\n%.*s = %s\npool_size = 3\n",
             (int)strcspn(other_key, "="), other_key, strchr(other_key, '=') + 1);
    const char *file = temp_file(temp_dir(), "redis.ini", text, 0600);
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.file = file)));
    assert_provider("redis");
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL)); /* the prefix is still the cache's */
}

/* ---- operations in flight -------------------------------------------------------------------- */

static bool swap_inside(void *user, zcache_slice key, int64_t ttl_ms)
{
    (void)key;
    (void)ttl_ms;
    *(zcache_status *)user = zcache_swap(cache, NULL);
    return false;
}

static void test_a_swap_or_close_inside_a_callback_is_refused(void **state)
{
    (void)state;
    zcache_status status = ZCACHE_OK;
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
    assert_status(ZCACHE_OK, zcache_scan(cache, "*", swap_inside, &status, NULL));
    assert_status(ZCACHE_E_BUSY, status);
    assert_non_null(strstr(zcache_error_message(), "inside a callback"));
}

/* A scan that is held open until it is told to end. */
typedef struct held_scan {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool inside, leave;
    zcache_status status;
} held_scan;

static bool hold(void *user, zcache_slice key, int64_t ttl_ms)
{
    (void)key;
    (void)ttl_ms;
    held_scan *scan = user;
    pthread_mutex_lock(&scan->lock);
    scan->inside = true;
    pthread_cond_broadcast(&scan->changed);
    while (!scan->leave)
        pthread_cond_wait(&scan->changed, &scan->lock);
    pthread_mutex_unlock(&scan->lock);
    return false;
}

static void *run_held_scan(void *user)
{
    held_scan *scan = user;
    scan->status = zcache_scan(cache, "*", hold, scan, NULL);
    return NULL;
}

static void hold_scan(held_scan *scan)
{
    *scan = (held_scan){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    assert_int_equal(pthread_create(&scan->thread, NULL, run_held_scan, scan), 0);
    pthread_mutex_lock(&scan->lock);
    while (!scan->inside)
        pthread_cond_wait(&scan->changed, &scan->lock);
    pthread_mutex_unlock(&scan->lock);
}

static void let_scan_go(held_scan *scan)
{
    pthread_mutex_lock(&scan->lock);
    scan->leave = true;
    pthread_cond_broadcast(&scan->changed);
    pthread_mutex_unlock(&scan->lock);
    pthread_join(scan->thread, NULL);
}

static void assert_unmapped_soon(const char *plugin)
{
    if (getenv("ZCACHE_KEEP_MODULES") != NULL)
        return;
    for (int64_t end = clock_ms() + 10000; is_mapped(plugin) && clock_ms() < end;)
        clock_sleep_ms(5);
    assert_false(is_mapped(plugin));
}

static void test_an_operation_that_outlasts_the_swap_retires_the_old_provider(void **state)
{
    (void)state;
    held_scan scan;
    zcache_swap_report report;
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
    hold_scan(&scan);
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .timeout_ms = 200,
                                                            .report = &report)));
    assert_true(report.retired);
    assert_false(report.unmapped);
    assert_int_equal(report.in_flight, 1);
    assert_true(is_mapped("memory"));
    assert_provider("redis");
    assert_status(ZCACHE_MISS, zcache_exists(cache, "a", NULL));
    let_scan_go(&scan);
    assert_status(ZCACHE_OK, scan.status);
    assert_unmapped_soon("memory");
}

static void *let_go_later(void *user)
{
    clock_sleep_ms(100);
    let_scan_go(user);
    return NULL;
}

static void test_a_swap_waits_for_the_operations_in_flight(void **state)
{
    (void)state;
    held_scan scan;
    pthread_t later;
    zcache_swap_report report;
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
    hold_scan(&scan);
    assert_int_equal(pthread_create(&later, NULL, let_go_later, &scan), 0);
    assert_status(ZCACHE_OK,
                  zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .timeout_ms = 60000,
                                                 .report = &report)));
    pthread_join(later, NULL);
    assert_false(report.retired);
    assert_int_equal(report.in_flight, 1);
    assert_true(report.drain_ns >= 1);
    assert_status(ZCACHE_OK, scan.status);
}

static void test_a_lease_keeps_its_provider_while_the_others_go_on(void **state)
{
    (void)state;
    zcache_swap_report report;
    zcache_status status;
    zcache_memory_engine *engine = zcache_memory_acquire(cache, &status);
    assert_non_null(engine);
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .timeout_ms = 100,
                                                            .report = &report)));
    assert_true(report.retired);
    assert_int_equal(report.leases, 1);
    assert_provider("redis");
    assert_true(engine->memory_limit > 0); /* still ours to read */
    assert_null(zcache_memory_acquire(cache, &status));
    assert_status(ZCACHE_E_TYPE, status);
    assert_non_null(strstr(zcache_error_message(), "the active provider is redis"));
    assert_error(ZCACHE_E_BUSY, "a native handle of the provider memory is still out",
                 zcache_close(cache));
    assert_status(ZCACHE_OK, zcache_memory_release(cache, engine));
    assert_unmapped_soon("memory");
    assert_error(ZCACHE_E_INVALID, "not out", zcache_native_release(cache, &status));
}

static void *swap_for_long(void *user)
{
    *(zcache_status *)user =
        zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .timeout_ms = 60000));
    return NULL;
}

static void test_a_second_swap_at_once_is_busy(void **state)
{
    (void)state;
    held_scan scan;
    pthread_t swapper;
    zcache_status first = ZCACHE_E_INTERNAL;
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
    hold_scan(&scan);
    assert_int_equal(pthread_create(&swapper, NULL, swap_for_long, &first), 0);
    char name[ZCACHE_NAME_SIZE] = "";
    while (strcmp(name, "redis") != 0) /* published: it is draining now */
        assert_status(ZCACHE_OK, zcache_provider(cache, name, sizeof(name)));
    assert_error(ZCACHE_E_BUSY, "another swap", zcache_swap(cache, NULL));
    assert_error(ZCACHE_E_BUSY, "a swap of this cache is running", zcache_close(cache));
    let_scan_go(&scan);
    pthread_join(swapper, NULL);
    assert_status(ZCACHE_OK, first);
}

static void test_the_default_cache_swaps_too(void **state)
{
    (void)state;
    const char *settings[] = {plugin_path(), server_setting(redis), NULL};
    assert_status(ZCACHE_OK, zcache_configure(ZCACHE_OPTIONS(.settings = settings)));
    assert_status(ZCACHE_E_BUSY, zcache_configure(ZCACHE_OPTIONS(.settings = settings)));
    assert_status(ZCACHE_OK, zcache_swap(NULL, ZCACHE_SWAP(.provider = "redis")));
    assert_status(ZCACHE_OK, zcache_set(NULL, "default", "1", 1, NULL));
    assert_status(ZCACHE_OK, zcache_del(zcache_default(), "default", NULL));
    assert_status(ZCACHE_OK, zcache_close(NULL));
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

#define SWAP_TEST(test) cmocka_unit_test_setup_teardown(test, open_cache, close_cache)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SWAP_TEST(test_a_cold_swap_starts_empty_and_keeps_the_handles),
        SWAP_TEST(test_the_report_tells_every_step),
        SWAP_TEST(test_the_old_plugin_is_really_unloaded),
        SWAP_TEST(test_a_swap_to_the_same_provider_opens_it_anew),
        SWAP_TEST(test_a_failed_swap_changes_nothing),
        SWAP_TEST(test_a_wrong_password_of_the_new_server_fails_the_swap),
        SWAP_TEST(test_a_new_server_that_hangs_fails_the_swap_in_time),
        SWAP_TEST(test_limits_that_the_new_provider_cannot_keep_are_refused),
        SWAP_TEST(test_an_ini_file_names_provider_and_options),
        SWAP_TEST(test_a_swap_or_close_inside_a_callback_is_refused),
        SWAP_TEST(test_an_operation_that_outlasts_the_swap_retires_the_old_provider),
        SWAP_TEST(test_a_swap_waits_for_the_operations_in_flight),
        SWAP_TEST(test_a_lease_keeps_its_provider_while_the_others_go_on),
        SWAP_TEST(test_a_second_swap_at_once_is_busy),
        SWAP_TEST(test_the_default_cache_swaps_too),
    };
    return cmocka_run_group_tests_name("swap", tests, start_servers, stop_servers);
}
