/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The lmdb provider in one process: what outlives a close, expiry, room, several caches on one
 * directory, swaps, and what a change of settings does.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "lmdb-harness.h"
#include <zcache/admin.h>

/* ---- what stays ------------------------------------------------------------------------------ */

static void test_entries_and_ttls_outlive_the_cache(void **state)
{
    (void)state;
    static const char *const syncs[] = {"lmdb.sync=commit", "lmdb.sync=second", "lmdb.sync=never"};
    for (size_t i = 0; i < sizeof(syncs) / sizeof(syncs[0]); i++) {
        const char *path = lmdb_new_path();
        zcache *cache = LMDB_OPEN(path, syncs[i], LMDB_PREFIX);
        int64_t ttl_ms, number;
        put(cache, "k", "stays");
        assert_status(ZCACHE_OK, zcache_set(cache, "empty", "", 0, NULL));
        assert_status(ZCACHE_OK, zcache_incr(cache, "n", 41, &number, NULL));
        assert_status(ZCACHE_OK,
                      zcache_set(cache, "hour", "v", 1, ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1))));
        assert_status(ZCACHE_OK, zcache_close(cache));
        cache = LMDB_OPEN(path, syncs[i], LMDB_PREFIX);
        assert_holds(cache, "k", "stays");
        assert_holds(cache, "empty", "");
        assert_status(ZCACHE_OK, zcache_incr(cache, "n", 1, &number, NULL));
        assert_int_equal(number, 42);
        assert_status(ZCACHE_OK, zcache_ttl(cache, "hour", &ttl_ms, NULL));
        assert_between(ZCACHE_MINUTES(50), ZCACHE_HOURS(1), ttl_ms);
        assert_status(ZCACHE_OK, zcache_ttl(cache, "k", &ttl_ms, NULL));
        assert_int_equal(ttl_ms, ZCACHE_TTL_NEVER);
        assert_status(ZCACHE_OK, zcache_close(cache));
    }
}

static void test_time_goes_on_while_it_is_closed(void **state)
{
    (void)state;
    const char *path = lmdb_new_path();
    zcache *cache = LMDB_OPEN(path, LMDB_PREFIX);
    assert_status(ZCACHE_OK, zcache_set(cache, "short", "v", 1, ZCACHE_WRITE(.ttl_ms = 300)));
    put(cache, "long", "v");
    assert_status(ZCACHE_OK, zcache_close(cache));
    clock_sleep_ms(310);
    cache = LMDB_OPEN(path, LMDB_PREFIX);
    assert_miss(cache, "short");
    assert_holds(cache, "long", "v");
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_token_of_an_earlier_life_conflicts(void **state)
{
    (void)state;
    const char *path = lmdb_new_path();
    zcache_value value = ZCACHE_VALUE_INIT;
    zcache *cache = LMDB_OPEN(path, LMDB_PREFIX);
    put(cache, "k", "one");
    assert_status(ZCACHE_OK, zcache_get(cache, "k", &value, ZCACHE_READ(.with_cas = true)));
    uint64_t first = value.cas;
    assert_status(ZCACHE_OK, zcache_del(cache, "k", NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
    cache = LMDB_OPEN(path, LMDB_PREFIX);
    put(cache, "k", "two");
    assert_status(ZCACHE_OK, zcache_get(cache, "k", &value, ZCACHE_READ(.with_cas = true)));
    assert_int_not_equal(first, value.cas);
    assert_status(ZCACHE_CONFLICT, zcache_cas(cache, "k", "x", 1, first, NULL));
    assert_status(ZCACHE_OK, zcache_cas(cache, "k", "three", 5, value.cas, NULL));
    assert_holds(cache, "k", "three");
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- expiry ---------------------------------------------------------------------------------- */

static void test_what_has_expired_leaves_the_file(void **state)
{
    (void)state;
    enum { ENTRIES = 2000 };
    zcache *cache = LMDB_OPEN(lmdb_new_path(), "lmdb.expire_interval=100ms", LMDB_PREFIX);
    zcache_item items[ENTRIES];
    static char keys[ENTRIES][32];
    for (size_t i = 0; i < ENTRIES; i++) {
        snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
        items[i] = (zcache_item){.key = zcache_str(keys[i]),
                                 .value = zcache_str("value"),
                                 .ttl_ms = i % 2 == 0 ? 50 : ZCACHE_TTL_NEVER};
    }
    assert_status(ZCACHE_OK, zcache_set_multi(cache, ENTRIES, items, NULL));
    lmdb_wait_for(cache, "expirations", ENTRIES / 2);
    assert_int_equal(lmdb_stat(cache, "items"), ENTRIES / 2);
    assert_int_equal(lmdb_stat(cache, "expirations"), ENTRIES / 2);
    assert_int_equal(lmdb_stat(cache, "evictions"), 0);
    assert_holds(cache, "k1", "value");
    assert_miss(cache, "k0");
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_touched_entry_outlives_its_first_ttl(void **state)
{
    (void)state;
    zcache *cache = LMDB_OPEN(lmdb_new_path(), "lmdb.expire_interval=100ms", LMDB_PREFIX);
    char *large = calloc(1, 100001);
    assert_non_null(large);
    memset(large, 'x', 100000);
    assert_status(ZCACHE_OK, zcache_set(cache, "a", large, 100000, ZCACHE_WRITE(.ttl_ms = 400)));
    assert_status(ZCACHE_OK, zcache_set(cache, "b", "v", 1, ZCACHE_WRITE(.ttl_ms = 400)));
    assert_status(ZCACHE_OK, zcache_touch(cache, "a", ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1))));
    lmdb_wait_for(cache, "expirations", 1);
    assert_miss(cache, "b");
    assert_holds(cache, "a", large);
    assert_int_equal(lmdb_stat(cache, "items"), 1);
    free(large);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- room ------------------------------------------------------------------------------------ */

static zcache_status put_sized(zcache *cache, size_t number, size_t size)
{
    static char value[2000000];
    char key[32];
    snprintf(key, sizeof(key), "k%zu", number);
    memset(value, 'a' + (int)(number % 26), size);
    return zcache_set(cache, key, value, size, NULL);
}

static bool is_whole(zcache *cache, size_t number)
{
    char key[32];
    zcache_value value = ZCACHE_VALUE_INIT;
    snprintf(key, sizeof(key), "k%zu", number);
    zcache_status status = zcache_get(cache, key, &value, NULL);
    if (status == ZCACHE_OK)
        for (size_t i = 0; i < value.size; i++)
            assert_int_equal(((const char *)value.data)[i], 'a' + (int)(number % 26));
    else
        assert_status(ZCACHE_MISS, status);
    zcache_value_free(&value);
    return status == ZCACHE_OK;
}

static int64_t size_on_disk(const char *path)
{
    struct stat data;
    assert_int_equal(stat(lmdb_file(path, "data.mdb"), &data), 0);
    return (int64_t)data.st_blocks * 512;
}

/* Each value of up to `most` bytes: far more than fits. All are accepted, the newest are there. */
static void write_more_than_fits(size_t count, size_t most)
{
    const char *path = lmdb_new_path();
    zcache *cache = LMDB_OPEN(path, "lmdb.size=8m", "lmdb.sync=never", LMDB_PREFIX);
    unsigned seed = 1;
    size_t there = 0;
    for (size_t i = 0; i < count; i++)
        assert_status(ZCACHE_OK, put_sized(cache, i, (size_t)rand_r(&seed) % most));
    assert_true(lmdb_stat(cache, "evictions") > 0);
    assert_true(is_whole(cache, count - 1));
    for (size_t i = 0; i < count; i++)
        there += is_whole(cache, i);
    assert_int_equal(lmdb_stat(cache, "items"), there);
    assert_between(2, (int64_t)count - 1, (int64_t)there);
    assert_between(0, 8 << 20, size_on_disk(path));
    print_message("# of %zu values of up to %zu bytes, %zu are there\n", count, most, there);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_small_values_make_room_for_each_other(void **state)
{
    (void)state;
    write_more_than_fits(40000, 600);
}

static void test_large_values_make_room_for_each_other(void **state)
{
    (void)state;
    write_more_than_fits(300, 1000000);
}

static void test_values_of_all_sizes_make_room_for_each_other(void **state)
{
    (void)state;
    enum { ROUNDS = 1500, KEYS = 200 };
    zcache *cache = LMDB_OPEN(lmdb_new_path(), "lmdb.size=4m", "lmdb.sync=never", LMDB_PREFIX);
    unsigned seed = 7;
    for (size_t i = 0; i < ROUNDS; i++) {
        size_t most = i % 10 == 0 ? 300000 : i % 3 == 0 ? 20000 : 300;
        size_t number = (size_t)rand_r(&seed) % KEYS;
        assert_status(ZCACHE_OK, put_sized(cache, number, (size_t)rand_r(&seed) % most));
        assert_true(is_whole(cache, number));
    }
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_the_oldest_writes_go_first(void **state)
{
    (void)state;
    enum { ENTRIES = 3000 };
    zcache *cache = LMDB_OPEN(lmdb_new_path(), "lmdb.size=2m", "lmdb.sync=never", LMDB_PREFIX);
    for (size_t i = 0; i < ENTRIES; i++)
        assert_status(ZCACHE_OK, put_sized(cache, i, 1000));
    size_t first = 0;
    while (first < ENTRIES && !is_whole(cache, first))
        first++;
    assert_between(1, ENTRIES - 100, (int64_t)first);
    for (size_t i = first; i < ENTRIES; i++)
        assert_true(is_whole(cache, i)); /* none but the oldest are gone */
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_what_has_expired_goes_before_what_was_written_first(void **state)
{
    (void)state;
    zcache *cache = LMDB_OPEN(lmdb_new_path(), "lmdb.size=4m", "lmdb.sync=never",
                              "lmdb.expire_interval=1d", LMDB_PREFIX);
    put(cache, "first", "v");
    for (size_t i = 0; i < 1500; i++) {
        char key[32];
        snprintf(key, sizeof(key), "e%zu", i);
        assert_status(ZCACHE_OK,
                      zcache_set(cache, key, (char[1000]){'x'}, 1000, ZCACHE_WRITE(.ttl_ms = 1)));
    }
    clock_sleep_ms(5);
    for (size_t i = 0; i < 1500; i++)
        assert_status(ZCACHE_OK, put_sized(cache, i, 1000));
    assert_holds(cache, "first", "v");
    assert_int_equal(lmdb_stat(cache, "evictions"), 0);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_full_store_refuses_and_says_what_to_do(void **state)
{
    (void)state;
    zcache *cache = LMDB_OPEN(lmdb_new_path(), "lmdb.size=2m", "lmdb.eviction=refuse", LMDB_PREFIX);
    zcache_status status;
    size_t count = 0;
    while ((status = put_sized(cache, count, 3000)) == ZCACHE_OK)
        assert_between(0, 2000, (int64_t)++count);
    assert_error(ZCACHE_E_SERVER, "size = 2097152", status);
    assert_error(ZCACHE_E_SERVER, "eviction = evict", put_sized(cache, count, 3000));
    for (size_t i = 0; i < count; i++)
        assert_true(is_whole(cache, i)); /* nothing is lost */
    assert_false(is_whole(cache, count));
    assert_status(ZCACHE_OK, put_sized(cache, 0, 3000)); /* no longer than what it replaces */
    assert_int_equal(lmdb_stat(cache, "evictions"), 0);
    for (size_t i = 0; i < count; i += 2) {
        char key[32];
        snprintf(key, sizeof(key), "k%zu", i);
        assert_status(ZCACHE_OK, zcache_del(cache, key, NULL));
    }
    assert_status(ZCACHE_OK, put_sized(cache, count, 3000));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_int_equal(lmdb_stat(cache, "items"), 0);
    assert_status(ZCACHE_OK, put_sized(cache, 1, 3000));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_value_that_can_never_fit_is_too_large(void **state)
{
    (void)state;
    zcache *cache = LMDB_OPEN(lmdb_new_path(), "lmdb.size=1m", LMDB_PREFIX);
    put(cache, "k1", "kept");
    assert_error(ZCACHE_E_TOO_LARGE, "choose a larger size", put_sized(cache, 1, 900000));
    assert_holds(cache, "k1", "kept");
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_batch_larger_than_the_budget_of_a_transaction_is_stored(void **state)
{
    (void)state;
    enum { ITEMS = 2000 };
    static char keys[ITEMS][32];
    static zcache_item items[ITEMS];
    zcache *cache = LMDB_OPEN(lmdb_new_path(), "lmdb.size=8m", LMDB_PREFIX);
    for (size_t i = 0; i < ITEMS; i++) {
        snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
        items[i] = (zcache_item){.key = zcache_str(keys[i]), .value = zcache_str(keys[i])};
    }
    assert_status(ZCACHE_OK, zcache_set_multi(cache, ITEMS, items, NULL));
    for (size_t i = 0; i < ITEMS; i++) {
        assert_status(ZCACHE_OK, items[i].status);
        assert_holds(cache, keys[i], keys[i]);
    }
    assert_true(lmdb_stat(cache, "commits") > 1);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- one store, several caches --------------------------------------------------------------- */

static void test_caches_of_one_directory_share_the_store(void **state)
{
    (void)state;
    const char *path = lmdb_new_path();
    zcache *one = LMDB_OPEN(path, LMDB_PREFIX), *two = LMDB_OPEN(path, LMDB_PREFIX);
    put(one, "k", "of one");
    assert_holds(two, "k", "of one");
    assert_status(ZCACHE_OK, zcache_close(one));
    put(two, "k", "of two");
    assert_holds(two, "k", "of two");
    one = LMDB_OPEN(path, "cache.key_prefix=other:");
    assert_miss(one, "k");
    assert_status(ZCACHE_OK, zcache_close(two));
    assert_status(ZCACHE_OK, zcache_close(one));
}

static void open_write_close(void *user, size_t index)
{
    zcache *cache;
    char key[32];
    snprintf(key, sizeof(key), "of-%zu", index);
    for (int i = 0; i < 8; i++) {
        if (!check_status(ZCACHE_OK, LMDB_TRY(&cache, user, LMDB_PREFIX)))
            return;
        check_status(ZCACHE_OK, zcache_set(cache, key, "v", 1, NULL));
        check_holds(cache, key, "v");
        check_status(ZCACHE_OK, zcache_close(cache));
    }
}

static void test_threads_open_and_close_one_directory(void **state)
{
    (void)state;
    const char *path = lmdb_new_path();
    threads_run(6, open_write_close, (void *)(uintptr_t)path);
    assert_int_equal(checks_failed(), 0);
    zcache *cache = LMDB_OPEN(path, LMDB_PREFIX);
    assert_int_equal(lmdb_stat(cache, "items"), 6);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void increment(void *user, size_t index)
{
    int64_t number;
    (void)index;
    for (int i = 0; i < 200; i++)
        check_status(ZCACHE_OK, zcache_incr(user, "n", 1, &number, NULL));
}

static void test_writes_of_threads_are_committed_together(void **state)
{
    (void)state;
    zcache *cache = LMDB_OPEN(lmdb_new_path(), "lmdb.sync=commit", LMDB_PREFIX);
    threads_run(8, increment, cache);
    assert_int_equal(checks_failed(), 0);
    assert_holds(cache, "n", "1600");
    assert_true(lmdb_stat(cache, "commits") < 1600);
    print_message("# 1600 writes of 8 threads in %lld commits\n",
                  (long long)lmdb_stat(cache, "commits"));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void read_until_done(void *user, size_t index)
{
    zcache *cache = user;
    char key[32];
    snprintf(key, sizeof(key), "k%zu", index % 4);
    for (int i = 0; i < 2000; i++)
        check_holds(cache, key, key);
}

static void test_more_threads_than_readers_read(void **state)
{
    (void)state;
    zcache *cache = LMDB_OPEN(lmdb_new_path(), "lmdb.max_readers=8", LMDB_PREFIX);
    for (int i = 0; i < 4; i++) {
        char key[32];
        snprintf(key, sizeof(key), "k%d", i);
        put(cache, key, key);
    }
    threads_run(THREADS_MAX, read_until_done, cache);
    assert_int_equal(checks_failed(), 0);
    assert_between(1, 8, lmdb_stat(cache, "reader_places"));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- settings and swaps ---------------------------------------------------------------------- */

static void test_store_grows_with_its_size(void **state)
{
    (void)state;
    const char *path = lmdb_new_path();
    zcache *small = LMDB_OPEN(path, "lmdb.size=1m", "lmdb.eviction=refuse", LMDB_PREFIX);
    size_t count = 0;
    while (put_sized(small, count, 3000) == ZCACHE_OK)
        count++;
    /* the newest settings hold for both, while the first is open */
    zcache *large = LMDB_OPEN(path, "lmdb.size=8m", "lmdb.eviction=refuse", LMDB_PREFIX);
    for (size_t i = count; i < count * 4; i++)
        assert_status(ZCACHE_OK, put_sized(small, i, 3000));
    for (size_t i = 0; i < count * 4; i++)
        assert_true(is_whole(large, i));
    assert_status(ZCACHE_OK, zcache_close(large));
    assert_error(ZCACHE_E_SERVER, "full", put_sized(small, count * 4, 3000));
    assert_status(ZCACHE_OK, zcache_close(small));
}

static void test_settings_change_in_an_open_store(void **state)
{
    (void)state;
    zcache *cache = LMDB_OPEN(lmdb_new_path(), "lmdb.size=1m", "lmdb.eviction=refuse", LMDB_PREFIX);
    size_t count = 0;
    while (put_sized(cache, count, 3000) == ZCACHE_OK)
        count++;
    assert_status(ZCACHE_OK, zcache_plugin_set(cache, (const char *const[]){"lmdb.size=2m", NULL}));
    assert_status(ZCACHE_OK, put_sized(cache, count, 3000));
    assert_int_equal(lmdb_stat(cache, "size_limit_bytes"), 2 << 20);
    while (put_sized(cache, count, 3000) == ZCACHE_OK)
        count++;
    assert_status(ZCACHE_OK,
                  zcache_plugin_set(cache, (const char *const[]){"lmdb.eviction=evict", NULL}));
    assert_status(ZCACHE_OK, put_sized(cache, count, 3000));
    assert_true(lmdb_stat(cache, "evictions") > 0);
    assert_status(ZCACHE_E_NOTSUP,
                  zcache_plugin_set(cache, (const char *const[]){"lmdb.mode=0660", NULL}));
    assert_true(is_whole(cache, count));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_swap_from_lmdb_to_lmdb(void **state)
{
    (void)state;
    static const zcache_swap_mode modes[] = {ZCACHE_SWAP_COLD, ZCACHE_SWAP_COPY};
    zcache *cache = LMDB_OPEN(lmdb_new_path(), LMDB_PREFIX);
    put(cache, "k", "v");
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_status(ZCACHE_OK,
                      zcache_swap(cache, ZCACHE_SWAP(.provider = "lmdb", .mode = modes[i])));
        assert_holds(cache, "k", "v");
        put(cache, "after", "the swap");
        assert_holds(cache, "after", "the swap");
    }
    assert_status(ZCACHE_OK, zcache_close(cache));
}

enum { COPIED = 2000 };

static void assert_all_copied(zcache *cache)
{
    for (size_t i = 0; i < COPIED; i++) {
        char key[32];
        int64_t ttl_ms;
        snprintf(key, sizeof(key), "k%zu", i);
        assert_holds(cache, key, key);
        assert_status(ZCACHE_OK, zcache_ttl(cache, key, &ttl_ms, NULL));
        if (i % 3 == 0)
            assert_between(ZCACHE_MINUTES(50), ZCACHE_HOURS(1), ttl_ms);
        else
            assert_int_equal(ttl_ms, ZCACHE_TTL_NEVER);
    }
}

static void test_copy_from_memory_to_lmdb_and_back(void **state)
{
    (void)state;
    static const char *const ways[] = {"memory", "lmdb", "memory", "lmdb"};
    zcache *cache = LMDB_OPEN(lmdb_new_path(), LMDB_PREFIX);
    zcache_swap_report report;
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "memory")));
    for (size_t i = 0; i < COPIED; i++) {
        char key[32];
        snprintf(key, sizeof(key), "k%zu", i);
        assert_status(ZCACHE_OK, zcache_set(cache, key, key, strlen(key),
                                            ZCACHE_WRITE(.ttl_ms = i % 3 == 0 ? ZCACHE_HOURS(1)
                                                                              : ZCACHE_TTL_NEVER)));
    }
    for (size_t i = 1; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(ways[i], "lmdb") == 0 && i > 1)
            assert_status(ZCACHE_OK, zcache_set(cache, "k1", "k1", 2, NULL));
        assert_status(ZCACHE_OK,
                      zcache_swap(cache, ZCACHE_SWAP(.provider = ways[i], .mode = ZCACHE_SWAP_COPY,
                                                     .verify = true, .report = &report)));
        assert_int_equal(report.differences, 0);
        assert_int_equal(report.verified, COPIED);
        assert_true(report.unmapped || getenv("ZCACHE_KEEP_MODULES") != NULL);
        assert_all_copied(cache);
    }
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* LMDB allows one environment of a directory in a process, and two builds know nothing of each
 * other: as when a reload finds a new build while the old one is open. */
static void test_another_build_in_the_same_process_is_refused(void **state)
{
    (void)state;
    const char *path = lmdb_new_path(), *plugins = temp_dir();
    char command[8192], setting[4096];
    zcache *cache = LMDB_OPEN(path, LMDB_PREFIX), *other = NULL;
    put(cache, "k", "v");
    snprintf(command, sizeof(command), "cp '%s/lmdb.so' '%s'", getenv("ZCACHE_TEST_PLUGINS"),
             plugins);
    assert_int_equal(system(command), 0);
    snprintf(setting, sizeof(setting), "cache.plugin_path=%s", plugins);
    assert_error(ZCACHE_E_BUSY, "another build", LMDB_TRY(&other, path, setting, LMDB_PREFIX));
    assert_holds(cache, "k", "v");
    put(cache, "k", "as before");
    assert_status(ZCACHE_OK, zcache_close(cache));
    other = LMDB_OPEN(path, setting, LMDB_PREFIX);
    assert_holds(other, "k", "as before");
    assert_status(ZCACHE_OK, zcache_close(other));
}

static void test_keys_beyond_lmdbs_limit_are_refused_at_open(void **state)
{
    (void)state;
    zcache *cache = NULL;
    assert_error(ZCACHE_E_CONFIG, "511",
                 LMDB_TRY(&cache, lmdb_new_path(), "cache.max_key_length=512"));
    cache = LMDB_OPEN(lmdb_new_path(), "cache.max_key_length=511", "cache.key_prefix=");
    char key[512];
    memset(key, 'k', 511);
    key[511] = '\0';
    put(cache, key, "v");
    assert_holds(cache, key, "v");
    assert_status(ZCACHE_OK, zcache_close(cache));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_and_ttls_outlive_the_cache),
        cmocka_unit_test(test_time_goes_on_while_it_is_closed),
        cmocka_unit_test(test_token_of_an_earlier_life_conflicts),
        cmocka_unit_test(test_what_has_expired_leaves_the_file),
        cmocka_unit_test(test_touched_entry_outlives_its_first_ttl),
        cmocka_unit_test(test_small_values_make_room_for_each_other),
        cmocka_unit_test(test_large_values_make_room_for_each_other),
        cmocka_unit_test(test_values_of_all_sizes_make_room_for_each_other),
        cmocka_unit_test(test_the_oldest_writes_go_first),
        cmocka_unit_test(test_what_has_expired_goes_before_what_was_written_first),
        cmocka_unit_test(test_full_store_refuses_and_says_what_to_do),
        cmocka_unit_test(test_value_that_can_never_fit_is_too_large),
        cmocka_unit_test(test_batch_larger_than_the_budget_of_a_transaction_is_stored),
        cmocka_unit_test(test_caches_of_one_directory_share_the_store),
        cmocka_unit_test(test_threads_open_and_close_one_directory),
        cmocka_unit_test(test_writes_of_threads_are_committed_together),
        cmocka_unit_test(test_more_threads_than_readers_read),
        cmocka_unit_test(test_store_grows_with_its_size),
        cmocka_unit_test(test_settings_change_in_an_open_store),
        cmocka_unit_test(test_swap_from_lmdb_to_lmdb),
        cmocka_unit_test(test_copy_from_memory_to_lmdb_and_back),
        cmocka_unit_test(test_another_build_in_the_same_process_is_refused),
        cmocka_unit_test(test_keys_beyond_lmdbs_limit_are_refused_at_open),
    };
    expect_of("lmdb");
    return cmocka_run_group_tests_name("lmdb", tests, NULL, NULL);
}
