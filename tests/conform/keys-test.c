/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Scan and keys: every key that stays is given, keys gives each once and sorted, and a scan's
 * callback may use the cache.
 */
#include "conform.h"

enum { MANY = 3000 };

static void put_many(zcache *cache, size_t count)
{
    static char names[MANY][16];
    static zcache_item items[MANY];
    for (size_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof(names[i]), "key%05zu", i);
        items[i] = (zcache_item){.key = zcache_str(names[i]), .value = zcache_str(names[i])};
    }
    assert_status(ZCACHE_OK, zcache_set_multi(cache, count, items, NULL));
}

typedef struct seen {
    zcache *cache;
    unsigned times[MANY];
    size_t calls, stop_after, strange;
    int64_t ttl_ms;
} seen;

static bool see(void *user, zcache_slice key, int64_t ttl_ms)
{
    seen *all = user;
    unsigned number;
    char text[32] = "";
    memcpy(text, key.data, key.size < 31 ? key.size : 31);
    all->calls++;
    all->ttl_ms = ttl_ms;
    if (sscanf(text, "key%5u", &number) == 1 && number < MANY)
        all->times[number]++;
    else
        all->strange++;
    return all->stop_after == 0 || all->calls < all->stop_after;
}

static void test_keys_of_an_empty_cache_are_none(void **state)
{
    conform *t = *state;
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    seen all = {.cache = t->cache};
    assert_status(ZCACHE_OK, zcache_keys(t->cache, NULL, &list, NULL));
    assert_int_equal(list.count, 0);
    zcache_key_list_free(&list);
    zcache_key_list_free(&list);
    assert_status(ZCACHE_OK, zcache_scan(t->cache, NULL, see, &all, NULL));
    assert_int_equal(all.calls, 0);
}

static void test_keys_are_given_once_and_sorted(void **state)
{
    conform *t = *state;
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    put_many(t->cache, MANY);
    assert_status(ZCACHE_OK, zcache_keys(t->cache, "*", &list, NULL));
    assert_int_equal(list.count, MANY);
    for (size_t i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof(name), "key%05zu", i);
        assert_int_equal(list.keys[i].size, strlen(name));
        assert_string_equal(list.keys[i].data, name);
    }
    zcache_key_list_free(&list);
    assert_int_equal(list.count, 0);
    assert_null(list.keys);
}

static void test_keys_are_sorted_by_bytes(void **state)
{
    conform *t = *state;
    static const char *const sorted[] = {"\x01", "A", "B",    "a",    "aa",
                                         "ab",   "b", "\x7f", "\x80", "\xff"};
    size_t count = sizeof(sorted) / sizeof(sorted[0]);
    for (size_t i = count; i-- > 0;)
        put(t->cache, sorted[i], "v");
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    assert_status(ZCACHE_OK, zcache_keys(t->cache, NULL, &list, NULL));
    assert_int_equal(list.count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(list.keys[i].data, sorted[i]);
    zcache_key_list_free(&list);
}

static void test_scan_gives_every_key(void **state)
{
    conform *t = *state;
    static seen all;
    all = (seen){.cache = t->cache};
    put_many(t->cache, MANY);
    assert_status(ZCACHE_OK, zcache_scan(t->cache, NULL, see, &all, NULL));
    for (size_t i = 0; i < MANY; i++)
        assert_true(all.times[i] >= 1);
    assert_int_equal(all.strange, 0);
}

static void test_scan_stops_when_told(void **state)
{
    conform *t = *state;
    put_many(t->cache, 500);
    for (size_t after = 1; after <= 300; after += 99) {
        seen all = {.cache = t->cache, .stop_after = after};
        assert_status(ZCACHE_OK, zcache_scan(t->cache, NULL, see, &all, NULL));
        assert_int_equal(all.calls, after);
        assert_holds(t->cache, "key00007", "key00007");
    }
}

static void test_scan_gives_ttls_where_asked(void **state)
{
    conform *t = *state;
    seen all = {.cache = t->cache};
    put_for(t->cache, "key00001", "v", ZCACHE_HOURS(1));
    assert_status(ZCACHE_OK, zcache_scan(t->cache, NULL, see, &all, NULL));
    assert_int_equal(all.ttl_ms, ZCACHE_TTL_UNKNOWN);
    assert_status(ZCACHE_OK, zcache_scan(t->cache, NULL, see, &all, ZCACHE_SCAN(.with_ttl = true)));
    assert_between(ZCACHE_MINUTES(59), ZCACHE_HOURS(1) + 2 * conform_provider_now->granule_ms,
                   all.ttl_ms);
    put(t->cache, "key00001", "v");
    assert_status(ZCACHE_OK, zcache_scan(t->cache, NULL, see, &all, ZCACHE_SCAN(.with_ttl = true)));
    assert_int_equal(all.ttl_ms, ZCACHE_TTL_NEVER);
}

static void test_expired_keys_are_not_given(void **state)
{
    conform *t = *state;
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    put(t->cache, "stays", "v");
    for (int i = 0; i < 50; i++) {
        char name[16];
        snprintf(name, sizeof(name), "goes%d", i);
        put_for(t->cache, name, "v", 50);
    }
    conform_wait_gone(t->cache, "goes49", 50);
    assert_status(ZCACHE_OK, zcache_keys(t->cache, NULL, &list, NULL));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.keys[0].data, "stays");
    zcache_key_list_free(&list);
}

/* ---- operations inside the callback: check_, because an assert_ would jump out of the library ---
 */

static bool read_inside(void *user, zcache_slice key, int64_t ttl_ms)
{
    zcache *cache = user;
    zcache_value value = ZCACHE_VALUE_INIT;
    (void)ttl_ms;
    check_status(ZCACHE_OK, zcache_get_n(cache, key.data, key.size, &value, NULL));
    check_that(value.size == key.size && memcmp(value.data, key.data, key.size) == 0);
    zcache_value_free(&value);
    return true;
}

static void test_callback_may_read(void **state)
{
    conform *t = *state;
    put_many(t->cache, 300);
    assert_status(ZCACHE_OK, zcache_scan(t->cache, NULL, read_inside, t->cache, NULL));
    assert_int_equal(checks_failed(), 0);
}

static bool delete_inside(void *user, zcache_slice key, int64_t ttl_ms)
{
    zcache *cache = user;
    (void)ttl_ms;
    zcache_status status = zcache_del_n(cache, key.data, key.size, NULL);
    check_that(status == ZCACHE_OK || status == ZCACHE_MISS); /* a cursor may repeat a key */
    return true;
}

static void test_callback_may_delete(void **state)
{
    conform *t = *state;
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    put_many(t->cache, 1500);
    assert_status(ZCACHE_OK, zcache_scan(t->cache, NULL, delete_inside, t->cache, NULL));
    assert_int_equal(checks_failed(), 0);
    assert_status(ZCACHE_OK, zcache_keys(t->cache, NULL, &list, NULL));
    assert_int_equal(list.count, 0);
    zcache_key_list_free(&list);
}

static bool write_inside(void *user, zcache_slice key, int64_t ttl_ms)
{
    zcache *cache = user;
    char copy[32] = "copy-";
    (void)ttl_ms;
    if (key.size < 3 || memcmp(key.data, "key", 3) != 0)
        return true;
    memcpy(copy + 5, key.data, key.size);
    check_status(ZCACHE_OK, zcache_set(cache, copy, "v", 1, NULL));
    check_status(ZCACHE_OK, zcache_set_n(cache, key.data, key.size, "rewritten", 9, NULL));
    return true;
}

static void test_callback_may_write(void **state)
{
    conform *t = *state;
    put_many(t->cache, 200);
    assert_status(ZCACHE_OK, zcache_scan(t->cache, NULL, write_inside, t->cache, NULL));
    assert_int_equal(checks_failed(), 0);
    assert_holds(t->cache, "key00000", "rewritten");
    assert_holds(t->cache, "key00199", "rewritten");
    assert_holds(t->cache, "copy-key00199", "v");
}

static bool scan_inside(void *user, zcache_slice key, int64_t ttl_ms)
{
    seen *inner = user;
    (void)key, (void)ttl_ms;
    check_status(ZCACHE_OK, zcache_scan(inner->cache, NULL, see, inner, NULL));
    return true;
}

static void test_callback_may_scan(void **state)
{
    conform *t = *state;
    static seen inner;
    inner = (seen){.cache = t->cache};
    put_many(t->cache, 40);
    assert_status(ZCACHE_OK, zcache_scan(t->cache, NULL, scan_inside, &inner, NULL));
    assert_int_equal(checks_failed(), 0);
    assert_true(inner.calls >= 1600);
    for (size_t i = 0; i < 40; i++)
        assert_true(inner.times[i] >= 40);
}

typedef struct nest {
    zcache *cache;
    size_t depth, deepest;
    zcache_status bottom;
} nest;

static bool scan_deeper(void *user, zcache_slice key, int64_t ttl_ms)
{
    nest *all = user;
    (void)key, (void)ttl_ms;
    if (++all->depth > all->deepest)
        all->deepest = all->depth;
    zcache_status status =
        all->depth < 40 ? zcache_scan(all->cache, NULL, scan_deeper, all, NULL) : ZCACHE_OK;
    if (status != ZCACHE_OK && all->bottom == ZCACHE_OK)
        all->bottom = status;
    all->depth--;
    return false;
}

static void test_nesting_too_deep_is_refused_and_harmless(void **state)
{
    conform *t = *state;
    nest all = {.cache = t->cache};
    put(t->cache, "k", "v");
    assert_status(ZCACHE_OK, zcache_scan(t->cache, NULL, scan_deeper, &all, NULL));
    assert_int_equal(all.bottom, ZCACHE_E_REFUSED);
    assert_int_equal(all.deepest, 16);
    assert_holds(t->cache, "k", "v");
    put_many(t->cache, 3);
    assert_status(ZCACHE_OK, zcache_del(t->cache, "k", NULL));
    assert_status(ZCACHE_OK, zcache_scan(t->cache, NULL, read_inside, t->cache, NULL));
    assert_int_equal(checks_failed(), 0);
}

static const struct CMUnitTest keys_tests[] = {
    TEST(test_keys_of_an_empty_cache_are_none),
    TEST(test_keys_are_given_once_and_sorted),
    TEST(test_keys_are_sorted_by_bytes),
    TEST(test_scan_gives_every_key),
    TEST(test_scan_stops_when_told),
    TEST(test_scan_gives_ttls_where_asked),
    TEST(test_expired_keys_are_not_given),
    TEST(test_callback_may_read),
    TEST(test_callback_may_delete),
    TEST(test_callback_may_write),
    TEST(test_callback_may_scan),
    TEST(test_nesting_too_deep_is_refused_and_harmless),
};
CONFORM_PART(keys, .only = NULL);
