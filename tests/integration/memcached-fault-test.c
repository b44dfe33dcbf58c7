/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The memcached provider when a server dies, freezes, restarts, drips or lies: its keys fail by
 * their timeout with the right status, the keys of the others do not notice, no reply is taken for
 * another's, and all recovers by itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zcache/native/memcached.h>
#include <zcache/zcache.h>

#include "child.h"
#include "clock.h"
#include "expect.h"
#include "memcached-harness.h"
#include "proxy.h"
#include "threads.h"

#define KEYS       300
#define TIMEOUT_MS 400
#define TIMEOUT    "cache.timeout=400ms"

/* ---- one of three ---------------------------------------------------------------------------- */

static char names[KEYS][16];
static const char *keys[KEYS];

static void set_all(zcache *cache)
{
    for (int i = 0; i < KEYS; i++) {
        snprintf(names[i], sizeof(names[i]), "key%d", i);
        keys[i] = names[i];
        assert_status(ZCACHE_OK, set_text(cache, names[i], names[i], ZCACHE_TTL_NEVER));
    }
}

typedef struct outcome {
    int hits, misses, timeouts, unavailable;
    int64_t took_ms;
} outcome;

/* Reads all keys in one batch; values must be their own. */
static outcome get_all(zcache *cache)
{
    static zcache_value values[KEYS];
    static zcache_status statuses[KEYS];
    outcome result = {0};
    int64_t began = clock_ms();
    zcache_get_multi(cache, KEYS, keys, values, statuses, NULL);
    result.took_ms = clock_ms() - began;
    for (int i = 0; i < KEYS; i++) {
        result.hits += statuses[i] == ZCACHE_OK;
        result.misses += statuses[i] == ZCACHE_MISS;
        result.timeouts += statuses[i] == ZCACHE_E_TIMEOUT;
        result.unavailable += statuses[i] == ZCACHE_E_UNAVAILABLE;
        if (statuses[i] == ZCACHE_OK)
            assert_text(names[i], &values[i]);
        zcache_value_free(&values[i]);
    }
    assert_int_equal(KEYS, result.hits + result.misses + result.timeouts + result.unavailable);
    return result;
}

/* How many keys server number 1 has. */
static int share_of(zcache *cache)
{
    server_kill(servers[1]);
    int share = get_all(cache).unavailable;
    server_restart(servers[1]);
    return share;
}

static void assert_recovers(zcache *cache)
{
    int64_t until = clock_ms() + 2000 + 4 * CLOCK_SLACK_MS;
    while (zcache_ping(cache, NULL) != ZCACHE_OK) {
        if (clock_ms() > until)
            fail_msg("memcached: has not recovered: %s", zcache_error_message());
        clock_sleep_ms(20);
    }
}

static void test_a_killed_server_fails_its_own_keys_only(void **state)
{
    (void)state;
    zcache *cache = open_cache(three, TIMEOUT);
    set_all(cache);
    server_kill(servers[1]);
    for (int round = 0; round < 3; round++) {
        outcome result = get_all(cache);
        assert_between(KEYS / 10, KEYS * 8 / 10, result.unavailable);
        assert_int_equal(KEYS, result.hits + result.unavailable);
        assert_between(0, TIMEOUT_MS + CLOCK_SLACK_MS, result.took_ms);
        assert_non_null(strstr(zcache_error_message(), server_address(servers[1])));
    }
    /* Fails fast while it is down, and tells since when. */
    clock_sleep_ms(300);
    get_all(cache);
    clock_sleep_ms(300);
    get_all(cache);
    assert_non_null(strstr(zcache_error_message(), "connection refused ("));
    assert_non_null(strstr(zcache_error_message(), " attempts in "));

    int lost = get_all(cache).unavailable;
    server_restart(servers[1]);
    assert_recovers(cache);
    outcome result = get_all(cache);
    assert_int_equal(lost, result.misses); /* never looked for on another server */
    assert_int_equal(KEYS - lost, result.hits);
    set_all(cache);
    assert_int_equal(KEYS, get_all(cache).hits);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_a_restart_between_operations_is_not_noticed(void **state)
{
    (void)state;
    zcache *cache = open_cache(three, "cache.timeout=5s");
    set_all(cache);
    for (size_t i = 0; i < SERVERS; i++)
        server_restart(servers[i]);
    outcome result = get_all(cache);
    assert_int_equal(KEYS, result.misses);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* Reads all keys in one batch. Again, if other servers were late, as on a loaded machine. */
static outcome get_all_but(zcache *cache, int share)
{
    outcome result;
    int attempts = 0;
    do
        result = get_all(cache);
    while (result.hits < KEYS - share && ++attempts < 5);
    return result;
}

static void test_a_frozen_server_costs_the_others_nothing(void **state)
{
    (void)state;
    zcache *cache = open_cache(three, TIMEOUT);
    int share = share_of(cache);
    assert_recovers(cache);
    set_all(cache);
    server_freeze(servers[1]);
    for (int round = 0; round < 4; round++) {
        outcome result = get_all_but(cache, share);
        assert_int_equal(share, result.timeouts + result.unavailable);
        assert_int_equal(KEYS - share, result.hits);
        assert_between(0, TIMEOUT_MS + CLOCK_SLACK_MS, result.took_ms);
    }
    /* Its writes, too; and a ping of all. */
    int failed = 0;
    for (int i = 0; i < 20; i++)
        failed += set_text(cache, names[i], names[i], ZCACHE_TTL_NEVER) < 0;
    assert_between(1, 19, failed);
    assert_true(zcache_ping(cache, NULL) < 0);
    server_thaw(servers[1]);
    assert_recovers(cache);
    assert_int_equal(KEYS, get_all(cache).hits);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- a harmed connection --------------------------------------------------------------------- */

static void test_replies_that_drip_end_with_the_deadline(void **state)
{
    (void)state;
    proxy *between = proxy_start(servers[2]);
    zcache *cache = open_cache(proxy_setting(between), "memcached.connect_timeout=5s");
    zcache_value value = ZCACHE_VALUE_INIT;
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    static char big[20000];
    memset(big, 'x', sizeof(big) - 1);
    assert_status(ZCACHE_OK, set_text(cache, "dripped", big, ZCACHE_TTL_NEVER));
    proxy_set(between, PROXY_DRIP, 2, 20);
    int64_t began = clock_ms();
    assert_error(ZCACHE_E_TIMEOUT, "memcached at",
                 zcache_get(cache, "dripped", &value, ZCACHE_READ(.timeout_ms = TIMEOUT_MS)));
    assert_between(TIMEOUT_MS, TIMEOUT_MS + CLOCK_SLACK_MS, clock_ms() - began);
    began = clock_ms();
    assert_error(ZCACHE_E_TIMEOUT, "memcached at",
                 zcache_keys(cache, NULL, &list, ZCACHE_SCAN(.timeout_ms = TIMEOUT_MS)));
    assert_between(TIMEOUT_MS, TIMEOUT_MS + CLOCK_SLACK_MS, clock_ms() - began);
    proxy_set(between, PROXY_PASS, 0, 0);
    assert_recovers(cache);
    assert_reads(cache, "dripped", big);
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_close(cache));
    proxy_free(between);
}

static void test_no_reply_is_taken_for_anothers(void **state)
{
    (void)state;
    proxy *between = proxy_start(servers[2]);
    zcache *cache = open_cache(proxy_setting(between), "memcached.pool_size=1");
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, set_text(cache, "one", "1", ZCACHE_TTL_NEVER));
    assert_status(ZCACHE_OK, set_text(cache, "two", "2", ZCACHE_TTL_NEVER));
    for (int round = 0; round < 3; round++) {
        proxy_set(between, PROXY_DELAY, 0, 300);
        assert_status(ZCACHE_E_TIMEOUT,
                      zcache_get(cache, "one", &value, ZCACHE_READ(.timeout_ms = 100)));
        proxy_set(between, PROXY_PASS, 0, 0);
        assert_recovers(cache);
        assert_reads(cache, "two", "2");
        /* In the middle of a reply. */
        proxy_set(between, PROXY_CUT, 9, 0);
        assert_status(ZCACHE_E_UNAVAILABLE, zcache_get(cache, "one", &value, NULL));
        proxy_set(between, PROXY_PASS, 0, 0);
        assert_recovers(cache);
        assert_reads(cache, "two", "2");
    }
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_close(cache));
    proxy_free(between);
}

/* ---- a server that lies ---------------------------------------------------------------------- */

static void test_lies_are_errors_and_never_values(void **state)
{
    (void)state;
    const struct {
        const char *greeting;
        const char *reply;
        bool endless;
        zcache_status status;
    } lies[] = {
        {GREETING, "VALUE other 0 1\r\nx\r\nEND\r\n", false, ZCACHE_E_PROTOCOL},
        {GREETING, "VALUE k 0 1\r\nxyz\r\nEND\r\n", false, ZCACHE_E_PROTOCOL},
        {GREETING, "VALUE k 0 18446744073709551615\r\nx", false, ZCACHE_E_PROTOCOL},
        {GREETING, "VALUE k 0 99999999999999999999\r\nx", false, ZCACHE_E_PROTOCOL},
        {GREETING, "VALUE k 0 1000000000\r\nx", false, ZCACHE_E_TIMEOUT},
        {GREETING, "END\r\nEND\r\n", false, ZCACHE_MISS},
        {GREETING, "STORED\r\n", false, ZCACHE_E_PROTOCOL},
        {GREETING, "ERROR\r\n", false, ZCACHE_E_PROTOCOL},
        {GREETING, "CLIENT_ERROR bad\r\n", false, ZCACHE_E_PROTOCOL},
        {GREETING, "SERVER_ERROR out of memory\r\n", false, ZCACHE_E_SERVER},
        {GREETING, "HD t1\r\n", false, ZCACHE_E_PROTOCOL},
        {GREETING, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", true, ZCACHE_E_PROTOCOL},
        {GREETING, "\r\n", true, ZCACHE_E_PROTOCOL},
        {"HTTP/1.0 400 Bad Request\r\n\r\n", "", false, ZCACHE_E_PROTOCOL},
        {"ERROR\r\nCLIENT_ERROR unauthenticated\r\n", "", false, ZCACHE_E_AUTH},
        {"ERROR Too many open connections\r\n", "", false, ZCACHE_E_SERVER},
        {"MN\r\nSTAT time", "", false, ZCACHE_E_TIMEOUT},
        {GREETING "surplus\r\n", "", false, ZCACHE_E_PROTOCOL},
    };
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        liar it = {.greeting = lies[i].greeting,
                   .replies = (const char *const[]){lies[i].reply, NULL},
                   .endless = lies[i].endless};
        zcache_value value = ZCACHE_VALUE_INIT;
        char setting[64];
        liar_start(&it);
        snprintf(setting, sizeof(setting), "memcached.servers=127.0.0.1:%d", it.port);
        zcache *cache = open_cache(setting, TIMEOUT, "memcached.connect_timeout=10s");
        int64_t began = clock_ms();
        zcache_status status = zcache_get(cache, "k", &value, NULL);
        if (status != lies[i].status)
            fail_msg("to \"%s\" \"%.60s\": expected %s, got %s: %s", lies[i].greeting,
                     lies[i].reply, zcache_status_name(lies[i].status), zcache_status_name(status),
                     zcache_error_message());
        assert_int_equal(0, value.size);
        assert_between(0, TIMEOUT_MS + CLOCK_SLACK_MS, clock_ms() - began);
        zcache_value_free(&value);
        assert_status(ZCACHE_OK, zcache_close(cache));
        liar_stop(&it);
    }
}

/* ---- names, pool, fork ----------------------------------------------------------------------- */

static void test_a_name_is_resolved_and_a_wrong_one_is_unavailable(void **state)
{
    (void)state;
    char setting[64];
    snprintf(setting, sizeof(setting), "memcached.servers=%s:%d", server_host_name(),
             server_port(servers[1]));
    zcache *cache = open_cache(setting);
    assert_status(ZCACHE_OK, set_text(cache, "named", "v", ZCACHE_TTL_NEVER));
    assert_reads(cache, "named", "v");
    assert_status(ZCACHE_OK, zcache_close(cache));
    cache = open_cache("memcached.servers=no-such-host.invalid", "memcached.connect_timeout=30s",
                       "cache.timeout=20s");
    assert_error(ZCACHE_E_UNAVAILABLE, "no-such-host.invalid:11211",
                 set_text(cache, "named", "v", ZCACHE_TTL_NEVER));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void wait_in_vain(void *user, size_t index)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    int64_t began = clock_ms();
    (void)index;
    check_that(zcache_get(user, "k", &value, ZCACHE_READ(.timeout_ms = 300)) < 0);
    check_that(clock_ms() - began <= 300 + CLOCK_SLACK_MS);
    zcache_value_free(&value);
}

static void test_waiting_for_the_pool_ends_with_the_deadline(void **state)
{
    (void)state;
    server *one = server_start(SERVER_MEMCACHED, SERVER_TCP, NULL);
    zcache *cache = open_cache(server_setting(one), "memcached.pool_size=1");
    assert_status(ZCACHE_OK, set_text(cache, "k", "v", ZCACHE_TTL_NEVER));
    server_freeze(one);
    threads_run(6, wait_in_vain, cache);
    assert_int_equal(0, checks_failed());
    server_thaw(one);
    assert_recovers(cache);
    assert_reads(cache, "k", "v");
    assert_status(ZCACHE_OK, zcache_close(cache));
    server_free(one);
}

static bool reads_as(zcache *cache, const char *key, const char *text)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    bool good = zcache_get(cache, key, &value, NULL) == ZCACHE_OK && value.size == strlen(text) &&
                memcmp(value.data, text, value.size) == 0;
    zcache_value_free(&value);
    return good;
}

/* Parent and child read different keys at the same time: on one connection the replies would mix.
 */
static void test_a_child_never_uses_its_parents_connections(void **state)
{
    (void)state;
    zcache *cache = open_cache(three);
    assert_status(ZCACHE_OK, set_text(cache, "mine", "parent", ZCACHE_TTL_NEVER));
    assert_status(ZCACHE_OK, set_text(cache, "yours", "child", ZCACHE_TTL_NEVER));
    memcached_st *lease = zcache_memcached_acquire(cache, NULL);
    assert_non_null(lease);
    assert_int_equal(MEMCACHED_SUCCESS, memcached_set(lease, "leased", 6, "x", 1, 0, 0));
    pid_t child = child_fork();
    if (child == 0) {
        zcache_memcached_release(cache, lease); /* says nothing on the parent's socket */
        for (int i = 0; i < 500; i++)
            check_that(reads_as(cache, "yours", "child"));
        check_status(ZCACHE_OK, zcache_close(cache));
        child_end();
    }
    int bad = 0;
    for (int i = 0; i < 500; i++)
        bad += !reads_as(cache, "mine", "parent");
    assert_int_equal(0, bad);
    assert_child_ends_well(child);
    assert_int_equal(MEMCACHED_SUCCESS, memcached_set(lease, "leased", 6, "y", 1, 0, 0));
    assert_status(ZCACHE_OK, zcache_memcached_release(cache, lease));
    assert_reads(cache, "leased", "y");
    assert_status(ZCACHE_OK, zcache_close(cache));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_killed_server_fails_its_own_keys_only),
        cmocka_unit_test(test_a_restart_between_operations_is_not_noticed),
        cmocka_unit_test(test_a_frozen_server_costs_the_others_nothing),
        cmocka_unit_test(test_replies_that_drip_end_with_the_deadline),
        cmocka_unit_test(test_no_reply_is_taken_for_anothers),
        cmocka_unit_test(test_lies_are_errors_and_never_values),
        cmocka_unit_test(test_a_name_is_resolved_and_a_wrong_one_is_unavailable),
        cmocka_unit_test(test_waiting_for_the_pool_ends_with_the_deadline),
        cmocka_unit_test(test_a_child_never_uses_its_parents_connections),
    };
    return cmocka_run_group_tests_name("memcached-fault", tests, start_servers, free_servers);
}
