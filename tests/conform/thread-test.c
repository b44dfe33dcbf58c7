/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * One handle serves any number of threads: nobody gets another's value, and none is torn.
 */
#include "conform.h"

#include "threads.h"

enum { THREADS = 8, ROUNDS = 120, KEYS = 12 };

/* A value that tells whose it is, of a length that depends on it. */
static size_t make_value(char *out, size_t thread, int key, int round)
{
    size_t size = (size_t)sprintf(out, "thread %zu key %d round %d ", thread, key, round);
    size_t padding = (thread * 131 + (size_t)key * 17 + (size_t)round * 7) % 900;
    memset(out + size, (int)('a' + thread), padding);
    out[size + padding] = '\0';
    return size + padding;
}

typedef struct worker {
    zcache *cache;
    size_t index;
    int rounds[KEYS]; /* the round that wrote the key last; -1: it is not there */
    zcache_value value;
} worker;

static void key_name(char name[32], const worker *one, int key)
{
    snprintf(name, 32, "own-%zu-%d", one->index, key);
}

static void check_key(worker *one, int key)
{
    char name[32], expected[1024];
    key_name(name, one, key);
    zcache_status status = zcache_get(one->cache, name, &one->value, NULL);
    if (!check_status(one->rounds[key] < 0 ? ZCACHE_MISS : ZCACHE_OK, status) ||
        status != ZCACHE_OK)
        return;
    size_t size = make_value(expected, one->index, key, one->rounds[key]);
    check_that(one->value.size == size && memcmp(one->value.data, expected, size) == 0);
}

static void write_batch(worker *one, int round)
{
    static _Thread_local char names[KEYS][32], values[KEYS][1024];
    zcache_item items[KEYS];
    for (int key = 0; key < KEYS; key++) {
        key_name(names[key], one, key);
        items[key] = (zcache_item){
            .key = zcache_str(names[key]),
            .value = zcache_bytes_of(values[key], make_value(values[key], one->index, key, round))};
        one->rounds[key] = round;
    }
    check_status(ZCACHE_OK, zcache_set_multi(one->cache, KEYS, items, NULL));
}

static void read_batch(worker *one)
{
    char names[KEYS][32], expected[1024];
    const char *keys[KEYS];
    zcache_value values[KEYS];
    zcache_status statuses[KEYS];
    for (int key = 0; key < KEYS; key++) {
        key_name(names[key], one, key);
        keys[key] = names[key];
        values[key] = (zcache_value)ZCACHE_VALUE_INIT;
    }
    check_status(ZCACHE_OK, zcache_get_multi(one->cache, KEYS, keys, values, statuses, NULL));
    for (int key = 0; key < KEYS; key++) {
        if (!check_status(one->rounds[key] < 0 ? ZCACHE_MISS : ZCACHE_OK, statuses[key]) ||
            statuses[key] != ZCACHE_OK)
            continue;
        size_t size = make_value(expected, one->index, key, one->rounds[key]);
        check_that(values[key].size == size && memcmp(values[key].data, expected, size) == 0);
    }
    for (int key = 0; key < KEYS; key++)
        zcache_value_free(&values[key]);
}

static void one_round(worker *one, int round)
{
    int key = (int)((one->index * 7 + (size_t)round * 5) % KEYS);
    char name[32], value[1024];
    key_name(name, one, key);
    switch (round % 6) {
    case 0:
        write_batch(one, round);
        break;
    case 1:
        check_status(one->rounds[key] < 0 ? ZCACHE_MISS : ZCACHE_OK,
                     zcache_del(one->cache, name, NULL));
        one->rounds[key] = -1;
        break;
    case 2:
        read_batch(one);
        break;
    case 3:
        check_status(
            one->rounds[key] < 0 ? ZCACHE_OK : ZCACHE_EXISTS,
            zcache_add(one->cache, name, value, make_value(value, one->index, key, round), NULL));
        if (one->rounds[key] < 0)
            one->rounds[key] = round;
        break;
    case 4:
        check_status(one->rounds[key] < 0 ? ZCACHE_MISS : ZCACHE_OK,
                     zcache_touch(one->cache, name, ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1))));
        break;
    default:
        check_status(ZCACHE_OK, zcache_incr(one->cache, "shared-counter", 1, NULL, NULL));
    }
    check_key(one, key);
}

static void work(void *user, size_t index)
{
    worker one = {.cache = user, .index = index, .value = ZCACHE_VALUE_INIT};
    for (int key = 0; key < KEYS; key++)
        one.rounds[key] = -1;
    for (int round = 0; round < ROUNDS; round++)
        one_round(&one, round);
    zcache_value_free(&one.value);
}

static void test_threads_never_see_each_others_values(void **state)
{
    conform *t = *state;
    char text[16];
    threads_run(THREADS, work, t->cache);
    assert_int_equal(checks_failed(), 0);
    snprintf(text, sizeof(text), "%d", THREADS * ROUNDS / 6);
    assert_holds(t->cache, "shared-counter", text);
}

static void overwrite(void *user, size_t index)
{
    zcache *cache = user;
    zcache_value value = ZCACHE_VALUE_INIT;
    static _Thread_local char data[20000];
    for (int i = 0; i < 60; i++) {
        size_t size = 1 + (index * 997 + (size_t)i * 313) % sizeof(data);
        memset(data, (int)('A' + index), size);
        check_status(ZCACHE_OK, zcache_set(cache, "shared", data, size, NULL));
        if (!check_status(ZCACHE_OK, zcache_get(cache, "shared", &value, NULL)))
            continue;
        const char *bytes = value.data;
        bool torn = false;
        for (size_t j = 1; j < value.size; j++)
            torn = torn || bytes[j] != bytes[0];
        check_that(!torn && bytes[0] >= 'A' && bytes[0] < 'A' + THREADS);
    }
    zcache_value_free(&value);
}

static void test_shared_value_is_never_torn(void **state)
{
    conform *t = *state;
    threads_run(THREADS, overwrite, t->cache);
    assert_int_equal(checks_failed(), 0);
}

static void scan_and_write(void *user, size_t index)
{
    zcache *cache = user;
    char name[32];
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof(name), "scan-%zu-%d", index, i);
        check_status(ZCACHE_OK, zcache_set(cache, name, "v", 1, NULL));
        zcache_key_list list = ZCACHE_KEY_LIST_INIT;
        if (check_status(ZCACHE_OK, zcache_keys(cache, "stays-*", &list, NULL)))
            check_that(list.count == 100);
        zcache_key_list_free(&list);
        check_status(ZCACHE_OK, zcache_del(cache, name, NULL));
    }
}

static void test_keys_that_stay_are_listed_while_others_come_and_go(void **state)
{
    conform *t = *state;
    char name[32];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "stays-%d", i);
        put(t->cache, name, "v");
    }
    threads_run(THREADS, scan_and_write, t->cache);
    assert_int_equal(checks_failed(), 0);
}

static void make_tables(void *user, size_t index)
{
    zcache *cache = user;
    for (int i = 0; i < 50; i++) {
        char name[16];
        zcache *table;
        snprintf(name, sizeof(name), "table%d", i);
        if (!check_status(ZCACHE_OK, zcache_table(cache, name, &table)))
            continue;
        snprintf(name, sizeof(name), "k%zu", index);
        check_status(ZCACHE_OK, zcache_set(table, name, "v", 1, NULL));
        check_status(ZCACHE_OK, zcache_exists(table, name, NULL));
    }
}

static void test_tables_can_be_made_by_all_threads_at_once(void **state)
{
    conform *t = *state;
    threads_run(THREADS, make_tables, t->cache);
    assert_int_equal(checks_failed(), 0);
}

/* Opens caches of its own: what conform_open does, without assertions. */
static void open_and_close(void *user, size_t index)
{
    (void)index;
    for (int i = 0; i < 5; i++) {
        zcache *cache = NULL;
        zcache_value value = ZCACHE_VALUE_INIT;
        if (!check_status(ZCACHE_OK, zcache_open(&cache, user)))
            continue;
        check_status(ZCACHE_OK, zcache_set(cache, "opened", "same", 4, NULL));
        check_status(ZCACHE_OK, zcache_get(cache, "opened", &value, NULL));
        check_that(value.size == 4);
        zcache_value_free(&value);
        check_status(ZCACHE_OK, zcache_close(cache));
    }
}

static void test_caches_can_be_opened_and_closed_by_all_threads_at_once(void **state)
{
    conform *t = *state;
    char plugin_path[4096], prefix[64];
    const char *settings[] = {plugin_path, prefix, "cache.timeout=20s", NULL, NULL};
    snprintf(plugin_path, sizeof(plugin_path), "cache.plugin_path=%s",
             getenv("ZCACHE_TEST_PLUGINS"));
    snprintf(prefix, sizeof(prefix), "cache.key_prefix=%s", t->prefix);
    settings[3] = conform_place(conform_server);
    zcache_options options = {
        .size = sizeof(options), .provider = conform_provider_now->name, .settings = settings};
    threads_run(THREADS, open_and_close, &options);
    assert_int_equal(checks_failed(), 0);
}

static void one_operation(void *user, size_t index)
{
    char name[32];
    snprintf(name, sizeof(name), "k%zu", index);
    check_status(ZCACHE_OK, zcache_set(user, name, "v", 1, NULL));
}

static void test_many_short_lived_threads_work(void **state)
{
    conform *t = *state;
    for (int i = 0; i < 15; i++)
        threads_run(16, one_operation, t->cache);
    assert_int_equal(checks_failed(), 0);
}

static void test_more_threads_than_connections_wait_their_turn(void **state)
{
    conform *t = *state;
    threads_run(THREADS_MAX, one_operation, t->cache);
    assert_int_equal(checks_failed(), 0);
}

static const struct CMUnitTest thread_tests[] = {
    TEST(test_threads_never_see_each_others_values),
    TEST(test_shared_value_is_never_torn),
    TEST(test_keys_that_stay_are_listed_while_others_come_and_go),
    TEST(test_tables_can_be_made_by_all_threads_at_once),
    TEST(test_caches_can_be_opened_and_closed_by_all_threads_at_once),
    TEST(test_many_short_lived_threads_work),
    TEST(test_more_threads_than_connections_wait_their_turn),
};
CONFORM_PART(thread, .only = NULL);
