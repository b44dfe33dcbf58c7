/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Which TTL an entry gets, and what TTLs are legal. When entries really go is in expiry-test.c.
 */
#include "conform.h"

static void test_entry_without_ttl_never_expires(void **state)
{
    conform *t = *state;
    put(t->cache, "k", "v");
    assert_ttl_never(t->cache, "k");
    assert_status(ZCACHE_OK, zcache_get(t->cache, "k", &t->value, ZCACHE_READ(.with_ttl = true)));
    assert_int_equal(t->value.ttl_ms, ZCACHE_TTL_NEVER);
}

static void test_remaining_ttl_is_told(void **state)
{
    conform *t = *state;
    put_for(t->cache, "k", "v", ZCACHE_MINUTES(90));
    assert_ttl(t->cache, "k", ZCACHE_MINUTES(90));
    assert_status(ZCACHE_OK, zcache_get(t->cache, "k", &t->value, ZCACHE_READ(.with_ttl = true)));
    assert_between(ZCACHE_MINUTES(89), ZCACHE_MINUTES(90) + 2 * conform_provider_now->granule_ms,
                   t->value.ttl_ms);
}

static void test_default_ttl_comes_from_the_cache(void **state)
{
    (void)state;
    char prefix[24];
    zcache *cache = OPEN(conform_new_prefix(prefix), "cache.default_ttl=1h");
    put(cache, "k", "v");
    assert_ttl(cache, "k", ZCACHE_HOURS(1));
    put_for(cache, "never", "v", ZCACHE_TTL_NEVER);
    assert_ttl_never(cache, "never");
    put_for(cache, "own", "v", ZCACHE_HOURS(3));
    assert_ttl(cache, "own", ZCACHE_HOURS(3));
    assert_status(ZCACHE_OK, zcache_incr(cache, "n", 1, NULL, NULL));
    assert_ttl(cache, "n", ZCACHE_HOURS(1));
    assert_status(ZCACHE_OK, zcache_touch(cache, "never", NULL));
    assert_ttl(cache, "never", ZCACHE_HOURS(1));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_default_ttl_comes_from_the_table_first(void **state)
{
    (void)state;
    char prefix[24];
    zcache *cache = OPEN(conform_new_prefix(prefix), "cache.default_ttl=1h", "table.day.ttl=1d",
                         "table.ever.ttl=never");
    zcache *day, *ever, *other;
    assert_status(ZCACHE_OK, zcache_table(cache, "day", &day));
    assert_status(ZCACHE_OK, zcache_table(cache, "ever", &ever));
    assert_status(ZCACHE_OK, zcache_table(cache, "other", &other));
    put(day, "k", "v");
    put(ever, "k", "v");
    put(other, "k", "v");
    assert_ttl(day, "k", ZCACHE_DAYS(1));
    assert_ttl_never(ever, "k");
    assert_ttl(other, "k", ZCACHE_HOURS(1));
    put_for(day, "k", "v", ZCACHE_MINUTES(2));
    assert_ttl(day, "k", ZCACHE_MINUTES(2));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_illegal_ttl_is_refused_and_nothing_written(void **state)
{
    conform *t = *state;
    static const int64_t bad[] = {ZCACHE_TTL_UNKNOWN, -3,       -1000, INT64_MIN,
                                  ZCACHE_TTL_MAX + 1, INT64_MAX};
    put_for(t->cache, "old", "kept", ZCACHE_HOURS(1));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const zcache_write_options *options = ZCACHE_WRITE(.ttl_ms = bad[i]);
        zcache_item item = {.key = zcache_str("new"), .value = zcache_str("v"), .ttl_ms = bad[i]};
        assert_status(ZCACHE_E_INVALID, zcache_set(t->cache, "new", "v", 1, options));
        assert_status(ZCACHE_E_INVALID, zcache_add(t->cache, "new", "v", 1, options));
        assert_status(ZCACHE_E_INVALID, zcache_incr(t->cache, "new", 1, NULL, options));
        assert_status(ZCACHE_E_INVALID, zcache_set_multi(t->cache, 1, &item, NULL));
        assert_int_equal(item.status, ZCACHE_E_INVALID);
        assert_status(ZCACHE_E_INVALID, zcache_replace(t->cache, "old", "v", 1, options));
        assert_status(ZCACHE_E_INVALID, zcache_cas(t->cache, "old", "v", 1, 1, options));
        assert_status(ZCACHE_E_INVALID, zcache_touch(t->cache, "old", options));
    }
    assert_miss(t->cache, "new");
    assert_holds(t->cache, "old", "kept");
    assert_ttl(t->cache, "old", ZCACHE_HOURS(1));
}

static void test_longest_ttl_is_legal(void **state)
{
    conform *t = *state;
    put_for(t->cache, "k", "v", ZCACHE_TTL_MAX);
    assert_holds(t->cache, "k", "v");
    assert_ttl(t->cache, "k", ZCACHE_TTL_MAX);
}

/* memcached takes a number above 30 days for a date, by a clock of its own that tells whole
 * seconds: a granule more. */
static void test_ttl_round_thirty_days_is_a_duration(void **state)
{
    conform *t = *state;
    static const int64_t ttls[] = {
        ZCACHE_DAYS(30) - 2000, ZCACHE_DAYS(30) - 1000, ZCACHE_DAYS(30) - 1, ZCACHE_DAYS(30),
        ZCACHE_DAYS(30) + 1,    ZCACHE_DAYS(30) + 1000, ZCACHE_DAYS(31),     ZCACHE_DAYS(365),
    };
    int64_t more_ms = conform_provider_now->granule_ms;
    for (size_t i = 0; i < sizeof(ttls) / sizeof(ttls[0]); i++) {
        put_for(t->cache, "k", "v", ttls[i]);
        assert_holds(t->cache, "k", "v");
        assert_ttl(t->cache, "k", ttls[i] + more_ms);
        put(t->cache, "touched", "v");
        assert_status(ZCACHE_OK,
                      zcache_touch(t->cache, "touched", ZCACHE_WRITE(.ttl_ms = ttls[i])));
        assert_holds(t->cache, "touched", "v");
        assert_ttl(t->cache, "touched", ttls[i] + more_ms);
        assert_status(ZCACHE_OK,
                      zcache_incr(t->cache, "n", 1, NULL, ZCACHE_WRITE(.ttl_ms = ttls[i])));
        assert_holds(t->cache, "n", "1");
        assert_ttl(t->cache, "n", ttls[i] + more_ms);
        assert_status(ZCACHE_OK, zcache_del(t->cache, "n", NULL));
    }
}

static void test_overwrite_replaces_the_ttl(void **state)
{
    conform *t = *state;
    put_for(t->cache, "k", "v", ZCACHE_HOURS(1));
    put_for(t->cache, "k", "v", ZCACHE_HOURS(5));
    assert_ttl(t->cache, "k", ZCACHE_HOURS(5));
    put(t->cache, "k", "v");
    assert_ttl_never(t->cache, "k");
    put_for(t->cache, "k", "v", ZCACHE_HOURS(1));
    assert_ttl(t->cache, "k", ZCACHE_HOURS(1));
}

static void test_replace_and_cas_replace_the_ttl(void **state)
{
    conform *t = *state;
    put_for(t->cache, "k", "v", ZCACHE_HOURS(1));
    assert_status(ZCACHE_OK,
                  zcache_replace(t->cache, "k", "w", 1, ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(2))));
    assert_ttl(t->cache, "k", ZCACHE_HOURS(2));
    assert_status(ZCACHE_OK, zcache_get(t->cache, "k", &t->value, ZCACHE_READ(.with_cas = true)));
    assert_status(ZCACHE_OK, zcache_cas(t->cache, "k", "x", 1, t->value.cas,
                                        ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(3))));
    assert_ttl(t->cache, "k", ZCACHE_HOURS(3));
    assert_status(ZCACHE_OK, zcache_replace(t->cache, "k", "y", 1, NULL));
    assert_ttl_never(t->cache, "k");
}

static void test_refused_write_keeps_the_ttl(void **state)
{
    conform *t = *state;
    put_for(t->cache, "k", "v", ZCACHE_HOURS(1));
    assert_status(ZCACHE_EXISTS, zcache_add(t->cache, "k", "w", 1, NULL));
    assert_status(ZCACHE_OK, zcache_get(t->cache, "k", &t->value, ZCACHE_READ(.with_cas = true)));
    assert_status(ZCACHE_CONFLICT, zcache_cas(t->cache, "k", "w", 1, t->value.cas + 1, NULL));
    assert_ttl(t->cache, "k", ZCACHE_HOURS(1));
    assert_holds(t->cache, "k", "v");
}

static void test_touch_changes_the_ttl_and_not_the_value(void **state)
{
    conform *t = *state;
    put(t->cache, "k", "v");
    assert_status(ZCACHE_OK, zcache_touch(t->cache, "k", ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(2))));
    assert_ttl(t->cache, "k", ZCACHE_HOURS(2));
    assert_holds(t->cache, "k", "v");
    assert_status(ZCACHE_OK, zcache_touch(t->cache, "k", ZCACHE_WRITE(.ttl_ms = ZCACHE_TTL_NEVER)));
    assert_ttl_never(t->cache, "k");
    assert_holds(t->cache, "k", "v");
    put(t->cache, "empty", "");
    assert_status(ZCACHE_OK,
                  zcache_touch(t->cache, "empty", ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(2))));
    assert_ttl(t->cache, "empty", ZCACHE_HOURS(2));
}

static void test_incr_keeps_the_ttl_of_what_is_there(void **state)
{
    conform *t = *state;
    put_for(t->cache, "k", "10", ZCACHE_HOURS(1));
    put(t->cache, "never", "10");
    const zcache_write_options *day = ZCACHE_WRITE(.ttl_ms = ZCACHE_DAYS(1));
    for (int i = 0; i < 3; i++) {
        assert_status(ZCACHE_OK, zcache_incr(t->cache, "k", i * -7, NULL, day));
        assert_status(ZCACHE_OK, zcache_incr(t->cache, "never", i * -7, NULL, day));
        assert_ttl(t->cache, "k", ZCACHE_HOURS(1));
        assert_ttl_never(t->cache, "never");
    }
}

static void test_incr_sets_the_ttl_of_what_it_creates(void **state)
{
    conform *t = *state;
    assert_status(ZCACHE_OK,
                  zcache_incr(t->cache, "k", 1, NULL, ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1))));
    assert_ttl(t->cache, "k", ZCACHE_HOURS(1));
    assert_status(ZCACHE_OK, zcache_incr(t->cache, "negative", -1, NULL,
                                         ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1))));
    assert_ttl(t->cache, "negative", ZCACHE_HOURS(1));
    assert_status(ZCACHE_OK, zcache_incr(t->cache, "never", 1, NULL, NULL));
    assert_ttl_never(t->cache, "never");
}

static const struct CMUnitTest ttl_tests[] = {
    TEST(test_entry_without_ttl_never_expires),
    TEST(test_remaining_ttl_is_told),
    TEST(test_default_ttl_comes_from_the_cache),
    TEST(test_default_ttl_comes_from_the_table_first),
    TEST(test_illegal_ttl_is_refused_and_nothing_written),
    TEST(test_longest_ttl_is_legal),
    TEST(test_ttl_round_thirty_days_is_a_duration),
    TEST(test_overwrite_replaces_the_ttl),
    TEST(test_replace_and_cas_replace_the_ttl),
    TEST(test_refused_write_keeps_the_ttl),
    TEST(test_touch_changes_the_ttl_and_not_the_value),
    TEST(test_incr_keeps_the_ttl_of_what_is_there),
    TEST(test_incr_sets_the_ttl_of_what_it_creates),
};
CONFORM_PART(ttl, .only = NULL);
