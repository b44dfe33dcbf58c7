/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * When entries go: never early, and late by less than two granules and what a loaded machine needs.
 * Each observation is bounded by clock readings on the safe side of it.
 */
#include "conform.h"

/* Watches `count` entries, made by `write` with these TTLs, until all are gone. */
static void watch(zcache *cache, const int64_t *ttls, size_t count,
                  zcache_status (*write)(zcache *cache, const char *key, int64_t ttl_ms))
{
    struct {
        char key[16];
        int64_t before_ms, after_ms;
        bool gone;
    } entry[16];
    assert_true(count <= 16);
    size_t left = count;
    for (size_t i = 0; i < count; i++) {
        snprintf(entry[i].key, sizeof(entry[i].key), "k%zu", i);
        entry[i].before_ms = clock_ms();
        assert_status(ZCACHE_OK, write(cache, entry[i].key, ttls[i]));
        entry[i].after_ms = clock_ms();
        entry[i].gone = false;
    }
    while (left > 0) {
        for (size_t i = 0; i < count; i++) {
            if (entry[i].gone)
                continue;
            int64_t asked_ms = clock_ms();
            zcache_status status = zcache_exists(cache, entry[i].key, NULL);
            int64_t lived_at_most_ms = clock_ms() + 1 - entry[i].before_ms;
            int64_t lived_at_least_ms = asked_ms - entry[i].after_ms;
            if (status == ZCACHE_MISS) {
                assert_between(ttls[i], INT64_MAX, lived_at_most_ms);
                entry[i].gone = true;
                left--;
                continue;
            }
            assert_status(ZCACHE_OK, status);
            assert_between(INT64_MIN, ttls[i] + conform_late_ms(), lived_at_least_ms);
        }
        clock_sleep_ms(3);
    }
}

static const int64_t some_ttls[] = {1, 30, 250, 700, 999, 1000, 1001, 1400, 1900, 2600};
#define SOME (sizeof(some_ttls) / sizeof(some_ttls[0]))

static zcache_status write_with_set(zcache *cache, const char *key, int64_t ttl_ms)
{
    return zcache_set(cache, key, "v", 1, ZCACHE_WRITE(.ttl_ms = ttl_ms));
}

static void test_set_entries_expire_in_time(void **state)
{
    conform *t = *state;
    watch(t->cache, some_ttls, SOME, write_with_set);
}

static zcache_status write_with_touch(zcache *cache, const char *key, int64_t ttl_ms)
{
    zcache_status status = zcache_set(cache, key, "v", 1, NULL);
    return status != ZCACHE_OK ? status : zcache_touch(cache, key, ZCACHE_WRITE(.ttl_ms = ttl_ms));
}

static void test_touched_entries_expire_in_time(void **state)
{
    conform *t = *state;
    watch(t->cache, some_ttls, SOME, write_with_touch);
}

static zcache_status write_with_incr(zcache *cache, const char *key, int64_t ttl_ms)
{
    return zcache_incr(cache, key, -3, NULL, ZCACHE_WRITE(.ttl_ms = ttl_ms));
}

static void test_created_counters_expire_in_time(void **state)
{
    conform *t = *state;
    watch(t->cache, some_ttls, SOME, write_with_incr);
}

static zcache_status write_over_longer(zcache *cache, const char *key, int64_t ttl_ms)
{
    zcache_status status = zcache_set(cache, key, "v", 1, ZCACHE_WRITE(.ttl_ms = 3600000));
    return status != ZCACHE_OK ? status : write_with_set(cache, key, ttl_ms);
}

static void test_shortened_entries_expire_in_time(void **state)
{
    conform *t = *state;
    watch(t->cache, some_ttls, SOME, write_over_longer);
}

static zcache_status write_in_batch(zcache *cache, const char *key, int64_t ttl_ms)
{
    zcache_item items[2] = {
        {.key = zcache_str(key), .value = zcache_str("v"), .ttl_ms = ttl_ms},
        {.key = zcache_str("other"), .value = zcache_str("v"), .ttl_ms = ZCACHE_TTL_NEVER}};
    return zcache_set_multi(cache, 2, items, NULL);
}

static void test_batched_entries_expire_in_time(void **state)
{
    conform *t = *state;
    watch(t->cache, some_ttls, SOME, write_in_batch);
    assert_holds(t->cache, "other", "v");
}

static void test_lengthened_entry_outlives_its_first_ttl(void **state)
{
    conform *t = *state;
    put_for(t->cache, "set", "v", 1500);
    put_for(t->cache, "set", "w", ZCACHE_TTL_NEVER);
    put_for(t->cache, "touched", "v", 1500);
    assert_status(ZCACHE_OK, zcache_touch(t->cache, "touched", ZCACHE_WRITE(.ttl_ms = 60000)));
    put_for(t->cache, "witness", "v", 1500);
    conform_wait_gone(t->cache, "witness", 1500);
    assert_holds(t->cache, "set", "w");
    assert_holds(t->cache, "touched", "v");
}

static void test_incremented_entry_expires_when_it_would_have(void **state)
{
    conform *t = *state;
    int64_t before_ms = clock_ms();
    put_for(t->cache, "n", "1", 1500);
    zcache_status status;
    do {
        assert_status(ZCACHE_OK, zcache_incr(t->cache, "other", 1, NULL, NULL));
        status = zcache_exists(t->cache, "n", NULL);
        assert_between(0, 1500 + conform_late_ms(), clock_ms() - before_ms);
        if (status == ZCACHE_OK && clock_ms() - before_ms < 1400)
            assert_status(ZCACHE_OK, zcache_incr(t->cache, "n", -5, NULL,
                                                 ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1))));
        clock_sleep_ms(20);
    } while (status == ZCACHE_OK);
    assert_status(ZCACHE_MISS, status);
    assert_between(1500, INT64_MAX, clock_ms() - before_ms);
}

static void test_expired_entry_is_as_if_it_had_never_been(void **state)
{
    conform *t = *state;
    int64_t ttl_ms, number;
    static const char *const names[] = {"get", "ttl", "touch", "replace",
                                        "cas", "del", "add",   "incr"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        put_for(t->cache, names[i], "50", 1500);
    assert_status(ZCACHE_OK, zcache_get(t->cache, "cas", &t->value, ZCACHE_READ(.with_cas = true)));
    uint64_t cas = t->value.cas;
    put_for(t->cache, "witness", "v", 1500);
    conform_wait_gone(t->cache, "witness", 1500);

    assert_status(ZCACHE_MISS, zcache_get(t->cache, "get", &t->value, NULL));
    assert_status(ZCACHE_MISS, zcache_ttl(t->cache, "ttl", &ttl_ms, NULL));
    assert_status(ZCACHE_MISS, zcache_touch(t->cache, "touch", ZCACHE_WRITE(.ttl_ms = 60000)));
    assert_status(ZCACHE_MISS, zcache_replace(t->cache, "replace", "v", 1, NULL));
    assert_status(ZCACHE_MISS, zcache_cas(t->cache, "cas", "v", 1, cas, NULL));
    assert_status(ZCACHE_MISS, zcache_del(t->cache, "del", NULL));
    assert_status(ZCACHE_OK, zcache_add(t->cache, "add", "v", 1, NULL));
    assert_status(ZCACHE_OK, zcache_incr(t->cache, "incr", 1, &number, NULL));
    assert_int_equal(number, 1);
    assert_ttl_never(t->cache, "incr");

    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    assert_status(ZCACHE_OK, zcache_keys(t->cache, NULL, &list, NULL));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.keys[0].data, "add");
    assert_string_equal(list.keys[1].data, "incr");
    zcache_key_list_free(&list);
}

static const struct CMUnitTest expiry_tests[] = {
    TEST(test_set_entries_expire_in_time),
    TEST(test_touched_entries_expire_in_time),
    TEST(test_created_counters_expire_in_time),
    TEST(test_shortened_entries_expire_in_time),
    TEST(test_batched_entries_expire_in_time),
    TEST(test_lengthened_entry_outlives_its_first_ttl),
    TEST(test_incremented_entry_expires_when_it_would_have),
    TEST(test_expired_entry_is_as_if_it_had_never_been),
};
CONFORM_PART(expiry, .only = NULL);
