/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What is the memcached provider's own, on three real servers: the ring, expiry times beyond 30
 * days, native handles, and servers that were started without this or that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <zcache/native/memcached.h>
#include <zcache/zcache.h>

#include "clock.h"
#include "expect.h"
#include "memcached-harness.h"
#include "servers.h"

/* ---- helpers --------------------------------------------------------------------------------- */

static long items_of(const server *one)
{
    int connection = server_connect(one);
    const char *items = strstr(ask(connection, "stats\r\n", "END\r\n"), "STAT curr_items ");
    assert_non_null(items);
    close(connection);
    return strtol(items + strlen("STAT curr_items "), NULL, 10);
}

/* ---- the ring -------------------------------------------------------------------------------- */

static void test_keys_are_spread_where_libmemcached_looks_for_them(void **state)
{
    (void)state;
    zcache *cache = open_cache(three);
    char key[32];
    for (int i = 0; i < 600; i++) {
        snprintf(key, sizeof(key), "spread%d", i);
        assert_status(ZCACHE_OK, set_text(cache, key, key, ZCACHE_TTL_NEVER));
    }
    long sum = 0;
    for (size_t i = 0; i < SERVERS; i++) {
        assert_between(60, 480, items_of(servers[i]));
        sum += items_of(servers[i]);
    }
    assert_int_equal(600, sum);

    zcache_status status;
    memcached_st *native = zcache_memcached_acquire(cache, &status);
    assert_status(ZCACHE_OK, status);
    for (int i = 0; i < 600; i++) {
        size_t size;
        uint32_t flags;
        memcached_return_t result;
        snprintf(key, sizeof(key), "spread%d", i);
        char *value = memcached_get(native, key, strlen(key), &size, &flags, &result);
        assert_int_equal(MEMCACHED_SUCCESS, result);
        assert_int_equal(strlen(key), size);
        assert_memory_equal(key, value, size);
        assert_int_equal(0, flags);
        free(value);
    }
    assert_status(ZCACHE_OK, zcache_memcached_release(cache, native));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_a_server_more_moves_only_its_share(void **state)
{
    (void)state;
    char two[256];
    char key[32];
    int kept = 0;
    zcache_value value = ZCACHE_VALUE_INIT;
    snprintf(two, sizeof(two), "memcached.servers=%s %s", server_address(servers[0]),
             server_address(servers[1]));
    zcache *before = open_cache(two);
    zcache *after = open_cache(three);
    for (int i = 0; i < 600; i++) {
        snprintf(key, sizeof(key), "moved%d", i);
        assert_status(ZCACHE_OK, set_text(before, key, "x", ZCACHE_TTL_NEVER));
        kept += zcache_get(after, key, &value, NULL) == ZCACHE_OK;
    }
    /* Consistent: a third moves. By modulo it would be two thirds. */
    assert_between(300, 500, kept);
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_close(before));
    assert_status(ZCACHE_OK, zcache_close(after));
}

static void test_native_handles_are_the_callers_own(void **state)
{
    (void)state;
    zcache *cache = open_cache(three);
    memcached_st *one = zcache_memcached_acquire(cache, NULL);
    memcached_st *other = zcache_memcached_acquire(cache, NULL);
    assert_non_null(one);
    assert_non_null(other);
    assert_ptr_not_equal(one, other);
    assert_int_equal(MEMCACHED_SUCCESS, memcached_set(one, "native", 6, "v", 1, 0, 0));
    assert_status(ZCACHE_OK, zcache_memcached_release(cache, one));
    assert_reads(cache, "native", "v");
    /* In whatever state it comes back. */
    server_freeze(servers[0]);
    server_freeze(servers[1]);
    server_freeze(servers[2]);
    memcached_behavior_set(other, MEMCACHED_BEHAVIOR_POLL_TIMEOUT, 100);
    assert_int_not_equal(MEMCACHED_SUCCESS, memcached_set(other, "native", 6, "w", 1, 0, 0));
    int64_t began = clock_ms();
    assert_status(ZCACHE_OK, zcache_memcached_release(cache, other));
    assert_between(0, CLOCK_SLACK_MS, clock_ms() - began);
    for (size_t i = 0; i < SERVERS; i++)
        server_thaw(servers[i]);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- TTLs ------------------------------------------------------------------------------------ */

static void test_ttls_on_both_sides_of_30_days(void **state)
{
    (void)state;
    const int64_t days30 = INT64_C(2592000000);
    const int64_t ttls[] = {
        1000,   1001,       60000,         days30 - 2000,     days30 - 1000,           days30 - 1,
        days30, days30 + 1, days30 + 1000, days30 + 86400000, ZCACHE_SECONDS(40000000)};
    zcache *cache = open_cache(three);
    for (size_t i = 0; i < sizeof(ttls) / sizeof(ttls[0]); i++) {
        assert_status(ZCACHE_OK, set_text(cache, "ttl", "v", ttls[i]));
        int64_t left = ttl_of(cache, "ttl");
        /* Never early; late by less than two granules, told in whole seconds. */
        assert_between(ttls[i] > 5000 ? ttls[i] - CLOCK_SLACK_MS : 1, ttls[i] + 3000, left);
        assert_reads(cache, "ttl", "v");
        assert_status(ZCACHE_OK, set_text(cache, "ttl", "v", ZCACHE_TTL_NEVER));
        assert_true(ttl_of(cache, "ttl") == ZCACHE_TTL_NEVER);
        assert_status(ZCACHE_OK, zcache_touch(cache, "ttl", ZCACHE_WRITE(.ttl_ms = ttls[i])));
        left = ttl_of(cache, "ttl");
        assert_between(ttls[i] > 5000 ? ttls[i] - CLOCK_SLACK_MS : 1, ttls[i] + 3000, left);
    }
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_an_entry_lives_for_its_ttl_and_not_two_seconds_more(void **state)
{
    (void)state;
    zcache *cache = open_cache(three);
    zcache_value value = ZCACHE_VALUE_INIT;
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    int64_t before = clock_ms();
    assert_status(ZCACHE_OK, set_text(cache, "short", "v", 1000));
    int64_t after = clock_ms();
    zcache_status status;
    while ((status = zcache_get(cache, "short", &value, NULL)) == ZCACHE_OK)
        if (clock_ms() > after + 3000 + CLOCK_SLACK_MS)
            fail_msg("an entry with a TTL of 1 s is there after %" PRId64 " ms",
                     clock_ms() - after);
    assert_status(ZCACHE_MISS, status);
    if (clock_ms() < before + 1000)
        fail_msg("an entry with a TTL of 1 s has gone after %" PRId64 " ms", clock_ms() - before);
    clock_sleep_ms(1000);
    assert_status(ZCACHE_OK, zcache_keys(cache, "short", &list, NULL));
    assert_int_equal(0, list.count);
    zcache_key_list_free(&list);
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- servers with fewer abilities ------------------------------------------------------------ */

static void test_smaller_items_are_known_before_a_set(void **state)
{
    (void)state;
    server *one = server_start(SERVER_MEMCACHED, SERVER_UNIX, SERVER_ARGUMENTS("-I", "512k"));
    zcache *cache = open_one(one);
    char *big = calloc(1, 600000);
    assert_non_null(big);
    assert_status(ZCACHE_OK, set_text(cache, "kept", "old", ZCACHE_TTL_NEVER));
    assert_error(ZCACHE_E_TOO_LARGE, "memcached -I", zcache_set(cache, "kept", big, 600000, NULL));
    assert_reads(cache, "kept", "old");
    assert_status(ZCACHE_OK, zcache_set(cache, "kept", big, 500000, NULL));
    free(big);
    assert_status(ZCACHE_OK, zcache_close(cache));
    server_free(one);
}

/* ---- the options ----------------------------------------------------------------------------- */

static void test_a_bad_server_list_is_refused_with_the_reason(void **state)
{
    (void)state;
    const struct {
        const char *servers;
        const char *part;
    } bad[] = {{"127.0.0.1:0", "a port is a number from 1 to 65535"},
               {"a:1,b:x", "\"b:x\""},
               {"::1", "an IPv6 address stands in brackets"},
               {"unix:relative", "unix:/path"},
               {"a:1 a:1", "there twice"}};
    char path[512];
    char setting[128];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        zcache *cache = NULL;
        snprintf(setting, sizeof(setting), "memcached.servers=%s", bad[i].servers);
        const char *const settings[] = {path, setting, NULL};
        assert_error(
            ZCACHE_E_CONFIG, bad[i].part,
            zcache_open(&cache, ZCACHE_OPTIONS(.provider = "memcached", .settings = settings)));
        assert_null(cache);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_keys_are_spread_where_libmemcached_looks_for_them,
                               empty_servers),
        cmocka_unit_test(test_a_server_more_moves_only_its_share),
        cmocka_unit_test(test_native_handles_are_the_callers_own),
        cmocka_unit_test(test_ttls_on_both_sides_of_30_days),
        cmocka_unit_test(test_an_entry_lives_for_its_ttl_and_not_two_seconds_more),
        cmocka_unit_test(test_smaller_items_are_known_before_a_set),
        cmocka_unit_test(test_a_bad_server_list_is_refused_with_the_reason),
    };
    return cmocka_run_group_tests_name("memcached", tests, start_servers, free_servers);
}
