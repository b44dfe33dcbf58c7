/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The filter stats: each table's counts are its own and exact, percentiles fit what was timed, and
 * neither many tables nor many threads get in the way.
 */
#include "filter-harness.h"

static zcache *table(const char *name)
{
    zcache *found;
    assert_status(ZCACHE_OK, zcache_table(cache, name, &found));
    return found;
}

static int64_t stat_of(const char *of_table, const char *name)
{
    char full[160];
    snprintf(full, sizeof(full), "stats_%s_%s", of_table, name);
    return filter_stat(full);
}

static void assert_counts(const char *of_table, int64_t hits, int64_t misses, int64_t writes,
                          int64_t deletes, int64_t errors)
{
    assert_int_equal(hits, stat_of(of_table, "hits"));
    assert_int_equal(misses, stat_of(of_table, "misses"));
    assert_int_equal(writes, stat_of(of_table, "writes"));
    assert_int_equal(deletes, stat_of(of_table, "deletes"));
    assert_int_equal(errors, stat_of(of_table, "errors"));
}

/* ---- counts ---------------------------------------------------------------------------------- */

static void use_users(zcache *users)
{
    int64_t number;
    assert_status(ZCACHE_OK, put(users, "1", "a"));
    assert_status(ZCACHE_EXISTS, zcache_add(users, "1", "b", 1, NULL)); /* not a write */
    assert_status(ZCACHE_OK, zcache_incr(users, "n", 2, &number, NULL));
    assert_status(ZCACHE_OK, read_key(users, "1"));
    assert_status(ZCACHE_OK, zcache_exists(users, "n", NULL));
    assert_status(ZCACHE_MISS, read_key(users, "2"));
    assert_status(ZCACHE_MISS, zcache_exists(users, "2", NULL));
    assert_status(ZCACHE_OK, zcache_touch(users, "1", ZCACHE_WRITE(.ttl_ms = 100000)));
    assert_status(ZCACHE_E_TYPE, zcache_incr(users, "1", 1, &number, NULL));
    assert_status(ZCACHE_OK, zcache_del(users, "n", NULL));
    assert_status(ZCACHE_MISS, zcache_del(users, "n", NULL));
    assert_status(ZCACHE_OK, zcache_clear(users, NULL));
}

static void test_each_table_has_counts_of_its_own(void **state)
{
    (void)state;
    filter_open("cache.filters=stats");
    assert_int_equal(-1, stat_of("users", "hits"));
    use_users(table("users"));
    assert_counts("users", 2, 2, 2, 1, 1);
    assert_status(ZCACHE_OK,
                  put(cache, "users:x", "1")); /* no table, whatever the key looks like */
    assert_status(ZCACHE_OK, read_key(table("users"), "x"));
    assert_counts("(cache)", 0, 0, 1, 0, 0);
    assert_counts("users", 3, 2, 2, 1, 1);
    assert_int_equal(-1, filter_stat("memory_stats_users_hits"));
    assert_int_equal(1, filter_stat("memory_items")); /* the provider's are told, too */
    const char *const operations[] = {"get", "set", "del", "peek", "touch", "incr", "clear"};
    const int64_t counts[] = {3, 2, 2, 2, 1, 2, 1};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        char name[32];
        snprintf(name, sizeof(name), "%s_count", operations[i]);
        assert_int_equal(counts[i], stat_of("users", name));
    }
    assert_int_equal(-1, stat_of("users", "scan_count"));
}

static void test_batches_count_keys_and_are_timed_once(void **state)
{
    (void)state;
    filter_open("cache.filters=stats, fault", "fault.error_rate=100%", "fault.error_keys=*bad");
    const char *const keys[] = {"a", "bad", "b", "none"};
    zcache_item items[3];
    for (size_t i = 0; i < 3; i++)
        items[i] = (zcache_item){.key = zcache_str(keys[i]), .value = zcache_str("1")};
    zcache_value values[4] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT,
                              ZCACHE_VALUE_INIT};
    assert_status(ZCACHE_E_UNAVAILABLE, zcache_set_multi(cache, 3, items, NULL));
    assert_status(ZCACHE_E_UNAVAILABLE, zcache_get_multi(cache, 4, keys, values, NULL, NULL));
    assert_status(ZCACHE_E_UNAVAILABLE, zcache_del_multi(cache, 4, keys, NULL, NULL));
    assert_counts("(cache)", 2, 1, 2, 2, 3);
    assert_int_equal(1, stat_of("(cache)", "set_count"));
    assert_int_equal(1, stat_of("(cache)", "get_count"));
    for (size_t i = 0; i < 4; i++)
        zcache_value_free(&values[i]);
}

static void test_a_call_that_fails_counts_all_its_keys(void **state)
{
    (void)state;
    filter_open("cache.filters=stats, fault", "fault.hang_rate=100%", "fault.hang_keys=*a");
    const char *const keys[] = {"a", "b"};
    zcache_value values[2] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT};
    zcache_item items[] = {{.key = zcache_str("a"), .value = zcache_str("1")},
                           {.key = zcache_str("b"), .value = zcache_str("1")}};
    assert_status(ZCACHE_E_TIMEOUT,
                  zcache_get_multi(cache, 2, keys, values, NULL, ZCACHE_READ(.timeout_ms = 20)));
    assert_status(ZCACHE_E_TIMEOUT,
                  zcache_set_multi(cache, 2, items, ZCACHE_WRITE(.timeout_ms = 20)));
    assert_counts("(cache)", 0, 0, 0, 0, 4);
    assert_between(20000000, INT64_C(100000000000), stat_of("(cache)", "get_max_ns"));
}

/* ---- latencies ------------------------------------------------------------------------------- */

static void test_percentiles_fit_what_was_timed(void **state)
{
    (void)state;
    filter_open("cache.filters=stats, fault", "fault.delay=20ms", "fault.delay_keys=*slow",
                "cache.timeout=20s");
    assert_status(ZCACHE_OK, put(cache, "quick", "1"));
    for (int i = 0; i < 189; i++)
        assert_status(ZCACHE_OK, read_key(cache, "quick"));
    for (int i = 0; i < 11; i++)
        assert_status(ZCACHE_MISS, read_key(cache, "slow"));
    assert_int_equal(200, stat_of("(cache)", "get_count"));
    int64_t p50 = stat_of("(cache)", "get_p50_ns"), p90 = stat_of("(cache)", "get_p90_ns");
    int64_t p99 = stat_of("(cache)", "get_p99_ns"), p999 = stat_of("(cache)", "get_p999_ns");
    int64_t max = stat_of("(cache)", "get_max_ns");
    assert_true(0 < p50 && p50 <= p90 && p90 <= p99 && p99 <= p999 && p999 <= max);
    assert_true(p99 >= 20000000); /* 1 in 18 is slow */
    assert_true(p50 < max);       /* and 17 of 18 need not be */
}

static void test_latencies_can_be_switched_off_and_all_be_reset(void **state)
{
    (void)state;
    filter_open("cache.filters=stats", "stats.latency=no");
    assert_status(ZCACHE_OK, put(table("users"), "1", "a"));
    assert_int_equal(1, stat_of("users", "writes"));
    assert_int_equal(-1, stat_of("users", "set_count"));
    assert_status(ZCACHE_OK, filter_set("stats.latency=yes"));
    assert_status(ZCACHE_OK, put(table("users"), "1", "a"));
    assert_int_equal(2, stat_of("users", "writes"));
    assert_int_equal(1, stat_of("users", "set_count"));
    assert_status(ZCACHE_OK, filter_set("stats.latency=yes")); /* the same reset: none */
    assert_int_equal(2, stat_of("users", "writes"));
    assert_status(ZCACHE_OK, filter_set("stats.reset=1"));
    assert_counts("users", 0, 0, 0, 0, 0);
    assert_int_equal(-1, stat_of("users", "set_count"));
    assert_status(ZCACHE_OK, put(table("users"), "1", "a"));
    assert_int_equal(1, stat_of("users", "set_count"));
    assert_error(ZCACHE_E_NOTSUP, "tables = 5: it cannot change from 64",
                 filter_set("stats.tables=5"));
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void test_tables_beyond_the_limit_are_counted_together(void **state)
{
    (void)state;
    filter_open("cache.filters=stats", "stats.tables=3");
    char name[65];
    memset(name, 't', 64); /* as long as can be */
    name[64] = '\0';
    assert_int_equal(-1, stat_of("(other)", "hits"));
    assert_status(ZCACHE_OK, put(table("a"), "1", "a"));
    assert_status(ZCACHE_OK, put(table(name), "1", "a"));
    assert_status(ZCACHE_OK, put(cache, "1", "a"));
    assert_int_equal(-1, stat_of("(other)", "hits"));
    assert_status(ZCACHE_OK, put(table("b"), "1", "a"));
    assert_status(ZCACHE_OK, put(table("c"), "1", "a"));
    assert_status(ZCACHE_OK, put(table("a"), "2", "a"));
    assert_int_equal(2, stat_of("a", "writes"));
    assert_int_equal(1, stat_of(name, "writes"));
    assert_int_equal(1, stat_of(name, "set_count"));
    assert_int_equal(1, stat_of("(cache)", "writes"));
    assert_int_equal(2, stat_of("(other)", "writes"));
    assert_int_equal(-1, stat_of("b", "writes"));
}

static void test_what_the_library_does_itself_is_no_tables(void **state)
{
    (void)state;
    filter_open("cache.filters=stats");
    assert_status(ZCACHE_OK, put(table("users"), "1", "a"));
    assert_status(ZCACHE_OK,
                  zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .mode = ZCACHE_SWAP_COPY)));
    assert_int_equal(-1, stat_of("users", "writes")); /* a new instance: nothing yet */
    assert_int_equal(-1, stat_of("(cache)", "writes"));
    assert_true(stat_of("(library)", "writes") >= 1); /* the copy */
    assert_status(ZCACHE_OK, read_key(table("users"), "1"));
    assert_int_equal(1, stat_of("users", "hits"));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
}

/* ---- threads --------------------------------------------------------------------------------- */

#define THREADS 6
#define ROUNDS  2000
#define TABLES  5

static void work(void *user, size_t index)
{
    zcache *const *tables = user;
    char key[16];
    snprintf(key, sizeof(key), "%zu", index);
    for (int i = 0; i < ROUNDS; i++) {
        zcache *one = tables[(size_t)i % TABLES];
        check_status(ZCACHE_OK, put(one, key, key));
        check_status(ZCACHE_OK, read_key(one, key));
        if (index == 0 && i % 100 == 0) {
            check_that(stat_of("t0", "writes") > 0);
            check_status(ZCACHE_OK, filter_set("stats.latency=yes"));
        }
    }
}

static void test_no_count_is_lost_between_threads(void **state)
{
    (void)state;
    filter_open("cache.filters=stats");
    zcache *tables[TABLES];
    for (int i = 0; i < TABLES; i++) {
        char name[16];
        snprintf(name, sizeof(name), "t%d", i);
        tables[i] = table(name);
    }
    threads_run(THREADS, work, tables);
    assert_int_equal(0, checks_failed());
    for (int i = 0; i < TABLES; i++) {
        char name[16];
        snprintf(name, sizeof(name), "t%d", i);
        assert_counts(name, THREADS * ROUNDS / TABLES, 0, THREADS * ROUNDS / TABLES, 0, 0);
        assert_int_equal(THREADS * ROUNDS / TABLES, stat_of(name, "get_count"));
        assert_int_equal(THREADS * ROUNDS / TABLES, stat_of(name, "set_count"));
    }
    assert_int_equal(0, filter_stat("stats_lost"));
}

static void add_tables(void *user, size_t index)
{
    zcache *const *tables = user;
    for (size_t i = 0; i < 40; i++)
        check_status(ZCACHE_MISS, read_key(tables[(i + index) % 40], "a"));
}

static void test_threads_add_the_same_tables_at_once(void **state)
{
    (void)state;
    filter_open("cache.filters=stats", "stats.tables=25");
    zcache *tables[40];
    int64_t found = 0, told = 0;
    for (size_t i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof(name), "t%zu", i);
        tables[i] = table(name);
    }
    threads_run(THREADS, add_tables, tables);
    assert_int_equal(0, checks_failed());
    for (size_t i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof(name), "t%zu", i);
        int64_t misses = stat_of(name, "misses");
        told += misses >= 0;
        found += misses >= 0 ? misses : 0;
    }
    assert_int_equal(25, told);
    assert_int_equal(THREADS * 40, found + stat_of("(other)", "misses"));
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void test_memory_that_runs_out_loses_latencies_alone(void **state)
{
    (void)state;
    size_t live = failing_allocator_live();
    filter_open("cache.filters=stats");
    zcache *users = table("users");
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, put(cache, "a", "1"));
    assert_status(ZCACHE_OK, put(users, "a", "1"));
    assert_status(ZCACHE_OK, zcache_get(cache, "a", &value, NULL)); /* with room for the next */
    failing_allocator_fail(1);
    assert_status(ZCACHE_OK, zcache_get(users, "a", &value, NULL));
    assert_true(failing_allocator_failed());
    failing_allocator_fail(0);
    assert_int_equal(1, filter_stat("stats_lost"));
    assert_int_equal(1, stat_of("users", "hits"));
    assert_int_equal(-1, stat_of("users", "get_count"));
    assert_status(ZCACHE_OK, zcache_get(users, "a", &value, NULL));
    assert_int_equal(1, stat_of("users", "get_count"));
    zcache_value_free(&value);
    filter_teardown(NULL);
    assert_int_equal(live, failing_allocator_live());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILTER_TEST(test_each_table_has_counts_of_its_own),
        FILTER_TEST(test_batches_count_keys_and_are_timed_once),
        FILTER_TEST(test_a_call_that_fails_counts_all_its_keys),
        FILTER_TEST(test_percentiles_fit_what_was_timed),
        FILTER_TEST(test_latencies_can_be_switched_off_and_all_be_reset),
        FILTER_TEST(test_tables_beyond_the_limit_are_counted_together),
        FILTER_TEST(test_what_the_library_does_itself_is_no_tables),
        FILTER_TEST(test_no_count_is_lost_between_threads),
        FILTER_TEST(test_threads_add_the_same_tables_at_once),
        FILTER_TEST(test_memory_that_runs_out_loses_latencies_alone),
    };
    return filter_run("filter stats", tests);
}
