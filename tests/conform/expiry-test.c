/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * When entries go: never early, and late by less than two granules and what a loaded machine needs.
 * Each observation is bounded by clock readings on the safe side of it. A server that did not run for
 * a while goes by an old clock until it looks at it again (memcached does so once a second): what went
 * early is tried again, and must not go early each time.
 */
#include "conform.h"

/* ---- ways to give an entry its TTL ----------------------------------------------------------- */

static zcache_status write_with_set(zcache *cache, const char *key, int64_t ttl_ms)
{
    return zcache_set(cache, key, "v", 1, ZCACHE_WRITE(.ttl_ms = ttl_ms));
}

static zcache_status write_with_touch(zcache *cache, const char *key, int64_t ttl_ms)
{
    zcache_status status = zcache_set(cache, key, "v", 1, NULL);
    return status != ZCACHE_OK ? status : zcache_touch(cache, key, ZCACHE_WRITE(.ttl_ms = ttl_ms));
}

static zcache_status write_with_incr(zcache *cache, const char *key, int64_t ttl_ms)
{
    return zcache_incr(cache, key, -3, NULL, ZCACHE_WRITE(.ttl_ms = ttl_ms));
}

static zcache_status write_over_longer(zcache *cache, const char *key, int64_t ttl_ms)
{
    zcache_status status = zcache_set(cache, key, "v", 1, ZCACHE_WRITE(.ttl_ms = 3600000));
    return status != ZCACHE_OK ? status : write_with_set(cache, key, ttl_ms);
}

static zcache_status write_in_batch(zcache *cache, const char *key, int64_t ttl_ms)
{
    zcache_item items[2] = {
        {.key = zcache_str(key), .value = zcache_str("v"), .ttl_ms = ttl_ms},
        {.key = zcache_str("other"), .value = zcache_str("v"), .ttl_ms = ZCACHE_TTL_NEVER}};
    return zcache_set_multi(cache, 2, items, NULL);
}

static const struct {
    const char *name;
    zcache_status (*write)(zcache *cache, const char *key, int64_t ttl_ms);
} ways[] = {
    {"set", write_with_set},        {"touch", write_with_touch}, {"incr", write_with_incr},
    {"shorten", write_over_longer}, {"batch", write_in_batch},
};
static const int64_t ttls[] = {1, 30, 250, 700, 999, 1000, 1001, 1400, 1900, 2600};
enum { ATTEMPTS = 3, WAYS = sizeof(ways) / sizeof(ways[0]), TTLS = sizeof(ttls) / sizeof(ttls[0]) };

/* ---- watching -------------------------------------------------------------------------------- */

typedef struct watched {
    char key[32];
    int64_t ttl_ms, before_ms, after_ms; /* its writing */
    bool gone, early;
} watched;

static void start_watch(zcache *cache, watched *entry, size_t way, int64_t ttl_ms)
{
    *entry = (watched){.ttl_ms = ttl_ms};
    snprintf(entry->key, sizeof(entry->key), "%s-%d", ways[way].name, (int)ttl_ms);
    entry->before_ms = clock_ms();
    assert_status(ZCACHE_OK, ways[way].write(cache, entry->key, ttl_ms));
    entry->after_ms = clock_ms();
}

static void look_at(zcache *cache, watched *entry)
{
    int64_t asked_ms = clock_ms();
    zcache_status status = zcache_exists(cache, entry->key, NULL);
    int64_t lived_at_most_ms = clock_ms() + 1 - entry->before_ms;
    int64_t lived_at_least_ms = asked_ms - entry->after_ms;
    entry->gone = status == ZCACHE_MISS;
    if (!entry->gone)
        assert_status(ZCACHE_OK, status);
    entry->early = entry->gone && lived_at_most_ms < entry->ttl_ms;
    if (entry->early)
        print_message("# %s: %s went after %d ms\n", conform_provider_now->name, entry->key,
                      (int)lived_at_most_ms);
    if (!entry->gone && lived_at_least_ms > entry->ttl_ms + conform_late_ms())
        fail_msg("%s: %s is still there after %d ms", conform_provider_now->name, entry->key,
                 (int)lived_at_least_ms);
}

/* All at once: they take as long as the longest TTL. How many went early. */
static size_t watch_all(conform *t)
{
    static watched entries[WAYS * TTLS];
    size_t early = 0;
    for (size_t i = 0; i < WAYS * TTLS; i++)
        start_watch(t->cache, &entries[i], i % WAYS, ttls[i / WAYS]);
    for (size_t left = WAYS * TTLS; left > 0; clock_sleep_ms(3)) {
        for (size_t i = 0; i < WAYS * TTLS; i++) {
            if (entries[i].gone)
                continue;
            look_at(t->cache, &entries[i]);
            left -= entries[i].gone;
            early += entries[i].early;
        }
    }
    return early;
}

static void test_entries_expire_in_time_however_they_got_their_ttl(void **state)
{
    conform *t = *state;
    int attempts = 1;
    while (watch_all(t) > 0)
        assert_true(attempts++ < ATTEMPTS);
    assert_holds(t->cache, "other", "v");
}

/* What must be done before a TTL has passed may come too late, too, where the machine lets the test
 * wait: it is tried again, with twice the TTL. */
enum { FIRST_TTL_MS = 1500, LAST_TTL_MS = 24000 };

static bool came_too_late(zcache_status status, int64_t ttl_ms)
{
    return status == ZCACHE_MISS && ttl_ms < LAST_TTL_MS;
}

static void test_lengthened_entry_outlives_its_first_ttl(void **state)
{
    conform *t = *state;
    int64_t ttl_ms = FIRST_TTL_MS;
    for (;; ttl_ms *= 2) {
        put_for(t->cache, "touched", "v", ttl_ms);
        zcache_status status =
            zcache_touch(t->cache, "touched", ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1)));
        if (came_too_late(status, ttl_ms))
            continue;
        assert_status(ZCACHE_OK, status);
        break;
    }
    put_for(t->cache, "set", "v", ttl_ms);
    put_for(t->cache, "set", "w", ZCACHE_TTL_NEVER);
    put_for(t->cache, "witness", "v", ttl_ms);
    conform_wait_gone(t->cache, "witness", ttl_ms);
    assert_holds(t->cache, "set", "w");
    assert_holds(t->cache, "touched", "v");
}

/* Counts until it is gone. False: it was gone early, or once that came too late and made a new one. */
static bool expires_while_it_counts(conform *t, int64_t ttl_ms)
{
    zcache_status status;
    int64_t number = 1, asked_ms, before_ms = clock_ms();
    put_for(t->cache, "n", "1", ttl_ms);
    int64_t after_ms = clock_ms();
    do {
        assert_status(ZCACHE_OK, zcache_incr(t->cache, "other", 1, NULL, NULL));
        asked_ms = clock_ms();
        status = zcache_exists(t->cache, "n", NULL);
        if (status == ZCACHE_OK && clock_ms() - before_ms < ttl_ms - 100) {
            int64_t expected = number - 5;
            assert_status(ZCACHE_OK, zcache_incr(t->cache, "n", -5, &number,
                                                 ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1))));
            if (number != expected && ttl_ms < LAST_TTL_MS)
                return false;
            assert_int_equal(number, expected);
        }
        if (status == ZCACHE_OK)
            assert_between(0, ttl_ms + conform_late_ms(), asked_ms - after_ms);
        clock_sleep_ms(20);
    } while (status == ZCACHE_OK);
    assert_status(ZCACHE_MISS, status);
    return clock_ms() - before_ms >= ttl_ms;
}

static void test_incremented_entry_expires_when_it_would_have(void **state)
{
    conform *t = *state;
    int64_t ttl_ms = FIRST_TTL_MS;
    for (; !expires_while_it_counts(t, ttl_ms); ttl_ms *= 2)
        assert_true(ttl_ms < LAST_TTL_MS);
}

static void test_expired_entry_is_as_if_it_had_never_been(void **state)
{
    conform *t = *state;
    int64_t ttl_ms = FIRST_TTL_MS, number;
    static const char *const names[] = {"get", "ttl", "touch", "replace", "del", "add", "incr"};
    for (;; ttl_ms *= 2) {
        put_for(t->cache, "cas", "50", ttl_ms);
        zcache_status status =
            zcache_get(t->cache, "cas", &t->value, ZCACHE_READ(.with_cas = true));
        if (came_too_late(status, ttl_ms))
            continue;
        assert_status(ZCACHE_OK, status);
        break;
    }
    uint64_t cas = t->value.cas;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        put_for(t->cache, names[i], "50", ttl_ms);
    put_for(t->cache, "witness", "v", ttl_ms);
    conform_wait_gone(t->cache, "witness", ttl_ms);

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
    TEST(test_entries_expire_in_time_however_they_got_their_ttl),
    TEST(test_lengthened_entry_outlives_its_first_ttl),
    TEST(test_incremented_entry_expires_when_it_would_have),
    TEST(test_expired_entry_is_as_if_it_had_never_been),
};
CONFORM_PART(expiry, .only = NULL);
