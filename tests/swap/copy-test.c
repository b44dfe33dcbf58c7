/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What a copying swap promises: every entry with its TTL, no write lost, nothing deleted that comes
 * back, atomic counters. What it does when something fails is in copy-failure-test.c.
 */
#include "copy-harness.h"

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
        COPY_TEST(test_a_rate_limit_is_kept),
        COPY_TEST(test_threads_see_their_own_writes_through_copying_swaps),
    };
    return cmocka_run_group_tests_name("copy", tests, start_servers, stop_servers);
}
