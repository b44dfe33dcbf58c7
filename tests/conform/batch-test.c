/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Batches: a status for each key, one bad key fails alone, and no size is special.
 */
#include "conform.h"

static zcache_item item_of(const char *key, const char *value)
{
    return (zcache_item){.key = zcache_str(key), .value = zcache_str(value)};
}

static void free_values(zcache_value *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        zcache_value_free(&values[i]);
}

static void test_batch_of_none_is_done(void **state)
{
    conform *t = *state;
    assert_status(ZCACHE_OK, zcache_get_multi(t->cache, 0, NULL, NULL, NULL, NULL));
    assert_status(ZCACHE_OK, zcache_get_multi_n(t->cache, 0, NULL, NULL, NULL, NULL));
    assert_status(ZCACHE_OK, zcache_set_multi(t->cache, 0, NULL, NULL));
    assert_status(ZCACHE_OK, zcache_del_multi(t->cache, 0, NULL, NULL, NULL));
    assert_status(ZCACHE_OK, zcache_del_multi_n(t->cache, 0, NULL, NULL, NULL));
}

static void test_batched_read_answers_each_key(void **state)
{
    conform *t = *state;
    const char *const keys[] = {"one", "none", "empty", "two"};
    zcache_value values[4] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT,
                              ZCACHE_VALUE_INIT};
    zcache_status statuses[4];
    put_for(t->cache, "one", "1", ZCACHE_HOURS(1));
    put(t->cache, "two", "2");
    put(t->cache, "empty", "");
    assert_status(ZCACHE_OK, zcache_get_multi(t->cache, 4, keys, values, statuses,
                                              ZCACHE_READ(.with_ttl = true, .with_cas = true)));
    assert_int_equal(statuses[0], ZCACHE_OK);
    assert_int_equal(statuses[1], ZCACHE_MISS);
    assert_int_equal(statuses[2], ZCACHE_OK);
    assert_int_equal(statuses[3], ZCACHE_OK);
    assert_text("1", &values[0]);
    assert_int_equal(values[1].size, 0);
    assert_text("", &values[2]);
    assert_text("2", &values[3]);
    assert_between(ZCACHE_MINUTES(59), ZCACHE_HOURS(1) + 2 * conform_provider_now->granule_ms,
                   values[0].ttl_ms);
    assert_int_equal(values[3].ttl_ms, ZCACHE_TTL_NEVER);
    assert_status(ZCACHE_OK, zcache_cas(t->cache, "two", "3", 1, values[3].cas, NULL));
    assert_status(ZCACHE_OK, zcache_get_multi(t->cache, 4, keys, values, NULL, NULL));
    assert_text("3", &values[3]);
    assert_int_equal(values[1].size, 0);
    free_values(values, 4);
}

static void test_batched_reads_use_their_values_again(void **state)
{
    conform *t = *state;
    const char *const keys[] = {"a", "b"};
    zcache_value values[2] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT};
    put(t->cache, "a", "long value of a");
    put(t->cache, "b", "long value of b");
    assert_status(ZCACHE_OK, zcache_get_multi(t->cache, 2, keys, values, NULL, NULL));
    void *memory = values[0].data;
    put(t->cache, "a", "short");
    assert_status(ZCACHE_OK, zcache_del(t->cache, "b", NULL));
    assert_status(ZCACHE_OK, zcache_get_multi(t->cache, 2, keys, values, NULL, NULL));
    assert_text("short", &values[0]);
    assert_ptr_equal(values[0].data, memory);
    assert_int_equal(values[1].size, 0);
    free_values(values, 2);
}

static void test_bad_key_of_a_read_fails_alone(void **state)
{
    conform *t = *state;
    char too_long[300];
    memset(too_long, 'k', sizeof(too_long));
    too_long[299] = '\0';
    const char *const keys[] = {"one", "", "two", too_long, "none"};
    zcache_value values[5] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT,
                              ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT};
    zcache_status statuses[5];
    put(t->cache, "one", "1");
    put(t->cache, "two", "2");
    assert_error(ZCACHE_E_KEY, "key", zcache_get_multi(t->cache, 5, keys, values, statuses, NULL));
    assert_int_equal(statuses[0], ZCACHE_OK);
    assert_int_equal(statuses[1], ZCACHE_E_KEY);
    assert_int_equal(statuses[2], ZCACHE_OK);
    assert_int_equal(statuses[3], ZCACHE_E_KEY);
    assert_int_equal(statuses[4], ZCACHE_MISS);
    assert_text("1", &values[0]);
    assert_text("2", &values[2]);
    free_values(values, 5);
}

static void test_bad_item_of_a_write_fails_alone(void **state)
{
    conform *t = *state;
    char *large = calloc(1, 1000001);
    assert_non_null(large);
    zcache_item items[] = {item_of("a", "1"),     item_of("", "no key"),  item_of("large", ""),
                           item_of("ttl", "bad"), item_of("mode", "bad"), item_of("b", "2")};
    items[2].value = zcache_bytes_of(large, 1000001);
    items[3].ttl_ms = -7;
    items[4].mode = (zcache_set_mode)99;
    assert_status(ZCACHE_E_KEY, zcache_set_multi(t->cache, 6, items, NULL));
    assert_int_equal(items[0].status, ZCACHE_OK);
    assert_int_equal(items[1].status, ZCACHE_E_KEY);
    assert_int_equal(items[2].status, ZCACHE_E_TOO_LARGE);
    assert_int_equal(items[3].status, ZCACHE_E_INVALID);
    assert_int_equal(items[4].status, ZCACHE_E_INVALID);
    assert_int_equal(items[5].status, ZCACHE_OK);
    assert_holds(t->cache, "a", "1");
    assert_holds(t->cache, "b", "2");
    assert_miss(t->cache, "large");
    assert_miss(t->cache, "ttl");
    assert_miss(t->cache, "mode");
    free(large);
}

static void test_bad_key_of_a_delete_fails_alone(void **state)
{
    conform *t = *state;
    const char *const keys[] = {"a", "", "none", "b"};
    zcache_status statuses[4];
    put(t->cache, "a", "v");
    put(t->cache, "b", "v");
    put(t->cache, "c", "stays");
    assert_status(ZCACHE_E_KEY, zcache_del_multi(t->cache, 4, keys, statuses, NULL));
    assert_int_equal(statuses[0], ZCACHE_OK);
    assert_int_equal(statuses[1], ZCACHE_E_KEY);
    assert_int_equal(statuses[2], ZCACHE_MISS);
    assert_int_equal(statuses[3], ZCACHE_OK);
    assert_miss(t->cache, "a");
    assert_miss(t->cache, "b");
    assert_holds(t->cache, "c", "stays");
    assert_status(ZCACHE_OK, zcache_del_multi(t->cache, 1, keys, NULL, NULL));
}

static void test_batch_of_bad_keys_only_reaches_nobody(void **state)
{
    conform *t = *state;
    const char *const keys[] = {"", ""};
    zcache_value values[2] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT};
    zcache_status statuses[2] = {ZCACHE_OK, ZCACHE_OK};
    assert_status(ZCACHE_E_KEY, zcache_get_multi(t->cache, 2, keys, values, statuses, NULL));
    assert_int_equal(statuses[0], ZCACHE_E_KEY);
    assert_int_equal(statuses[1], ZCACHE_E_KEY);
    assert_status(ZCACHE_E_KEY, zcache_del_multi(t->cache, 2, keys, statuses, NULL));
}

static void test_of_duplicates_the_later_write_wins(void **state)
{
    conform *t = *state;
    zcache_item items[] = {item_of("k", "first"), item_of("other", "o"), item_of("k", "second"),
                           item_of("k", "third")};
    assert_status(ZCACHE_OK, zcache_set_multi(t->cache, 4, items, NULL));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(items[i].status, ZCACHE_OK);
    assert_holds(t->cache, "k", "third");
    items[3].key = zcache_str("");
    assert_status(ZCACHE_E_KEY, zcache_set_multi(t->cache, 4, items, NULL));
    assert_holds(t->cache, "k", "second");
}

static void test_duplicates_of_a_read_are_all_answered(void **state)
{
    conform *t = *state;
    const char *const keys[] = {"k", "none", "k", "k", "none"};
    zcache_value values[5] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT,
                              ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT};
    zcache_status statuses[5];
    put(t->cache, "k", "v");
    assert_status(ZCACHE_OK, zcache_get_multi(t->cache, 5, keys, values, statuses, NULL));
    for (size_t i = 0; i < 5; i++) {
        bool there = i == 0 || i == 2 || i == 3;
        assert_int_equal(statuses[i], there ? ZCACHE_OK : ZCACHE_MISS);
        if (there)
            assert_text("v", &values[i]);
    }
    free_values(values, 5);
}

static void test_duplicates_of_a_delete_are_deleted(void **state)
{
    conform *t = *state;
    const char *const keys[] = {"k", "k"};
    zcache_status statuses[2];
    put(t->cache, "k", "v");
    assert_status(ZCACHE_OK, zcache_del_multi(t->cache, 2, keys, statuses, NULL));
    assert_int_equal(statuses[0], ZCACHE_OK);
    assert_true(statuses[1] == ZCACHE_OK || statuses[1] == ZCACHE_MISS);
    assert_miss(t->cache, "k");
}

static void test_modes_can_be_mixed(void **state)
{
    conform *t = *state;
    put(t->cache, "there", "old");
    put(t->cache, "there2", "old");
    put(t->cache, "there3", "old");
    put(t->cache, "there4", "old");
    assert_status(ZCACHE_OK,
                  zcache_get(t->cache, "there3", &t->value, ZCACHE_READ(.with_cas = true)));
    uint64_t good = t->value.cas;
    assert_status(ZCACHE_OK,
                  zcache_get(t->cache, "there4", &t->value, ZCACHE_READ(.with_cas = true)));
    uint64_t stale = t->value.cas;
    put(t->cache, "there4", "newer");
    struct {
        const char *key;
        zcache_set_mode mode;
        uint64_t cas;
        zcache_status status;
        const char *then;
    } cases[] = {
        {"plain", ZCACHE_SET_ALWAYS, 0, ZCACHE_OK, "new"},
        {"there", ZCACHE_SET_ADD, 0, ZCACHE_EXISTS, "old"},
        {"added", ZCACHE_SET_ADD, 0, ZCACHE_OK, "new"},
        {"there2", ZCACHE_SET_REPLACE, 0, ZCACHE_OK, "new"},
        {"none", ZCACHE_SET_REPLACE, 0, ZCACHE_MISS, NULL},
        {"there3", ZCACHE_SET_CAS, good, ZCACHE_OK, "new"},
        {"there4", ZCACHE_SET_CAS, stale, ZCACHE_CONFLICT, "newer"},
        {"none2", ZCACHE_SET_CAS, good, ZCACHE_MISS, NULL},
    };
    enum { COUNT = sizeof(cases) / sizeof(cases[0]) };
    zcache_item items[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        items[i] = item_of(cases[i].key, "new");
        items[i].mode = cases[i].mode;
        items[i].cas = cases[i].cas;
    }
    assert_status(ZCACHE_OK, zcache_set_multi(t->cache, COUNT, items, NULL));
    for (size_t i = 0; i < COUNT; i++) {
        if (items[i].status != cases[i].status)
            fail_msg("%s: item %s: expected %s, got %s", conform_provider_now->name, cases[i].key,
                     zcache_status_name(cases[i].status), zcache_status_name(items[i].status));
        if (cases[i].then != NULL)
            assert_holds(t->cache, cases[i].key, cases[i].then);
        else
            assert_miss(t->cache, cases[i].key);
    }
}

static void test_items_without_ttl_take_that_of_the_options(void **state)
{
    conform *t = *state;
    zcache_item items[] = {item_of("default", "v"), item_of("own", "v"), item_of("never", "v")};
    items[1].ttl_ms = ZCACHE_HOURS(3);
    items[2].ttl_ms = ZCACHE_TTL_NEVER;
    assert_status(ZCACHE_OK,
                  zcache_set_multi(t->cache, 3, items, ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1))));
    assert_ttl(t->cache, "default", ZCACHE_HOURS(1));
    assert_ttl(t->cache, "own", ZCACHE_HOURS(3));
    assert_ttl_never(t->cache, "never");
}

static void test_batches_take_any_bytes_as_keys(void **state)
{
    conform *t = *state;
    zcache_slice keys[] = {zcache_bytes_of("\0a", 2), zcache_bytes_of("\0b", 2),
                           zcache_bytes_of("a b\r\n", 5), zcache_bytes_of("\xff%", 2)};
    zcache_item items[4];
    zcache_value values[4] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT,
                              ZCACHE_VALUE_INIT};
    zcache_status statuses[4];
    for (size_t i = 0; i < 4; i++)
        items[i] = (zcache_item){.key = keys[i], .value = keys[i]};
    assert_status(ZCACHE_OK, zcache_set_multi(t->cache, 4, items, NULL));
    assert_status(ZCACHE_OK, zcache_get_multi_n(t->cache, 4, keys, values, statuses, NULL));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(statuses[i], ZCACHE_OK);
        assert_bytes(keys[i].data, keys[i].size, &values[i]);
    }
    assert_status(ZCACHE_OK, zcache_del_multi_n(t->cache, 4, keys, statuses, NULL));
    assert_miss(t->cache, "a b\r\n");
    free_values(values, 4);
}

/* Writes, reads and deletes `n` keys with values of `size` bytes, each in one batch. */
static void big_batch(zcache *cache, size_t n, size_t size)
{
    char(*names)[16] = calloc(n, sizeof(*names));
    zcache_slice *keys = calloc(n, sizeof(*keys));
    zcache_item *items = calloc(n, sizeof(*items));
    zcache_value *values = calloc(n, sizeof(*values));
    zcache_status *statuses = calloc(n, sizeof(*statuses));
    char *data = calloc(n, size);
    assert_true(names && keys && items && values && statuses && data);
    for (size_t i = 0; i < n; i++) {
        keys[i] =
            zcache_bytes_of(names[i], (size_t)snprintf(names[i], sizeof(names[i]), "key%zu", i));
        memset(data + i * size, (int)('a' + i % 26), size);
        memcpy(data + i * size, names[i], keys[i].size);
        items[i] = (zcache_item){.key = keys[i], .value = zcache_bytes_of(data + i * size, size)};
        values[i] = (zcache_value)ZCACHE_VALUE_INIT;
    }
    assert_status(ZCACHE_OK, zcache_set_multi(cache, n, items, NULL));
    assert_status(ZCACHE_OK, zcache_get_multi_n(cache, n, keys, values, statuses, NULL));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(items[i].status, ZCACHE_OK);
        assert_int_equal(statuses[i], ZCACHE_OK);
        assert_bytes(data + i * size, size, &values[i]);
    }
    assert_status(ZCACHE_OK, zcache_del_multi_n(cache, n, keys, statuses, NULL));
    for (size_t i = 0; i < n; i++)
        assert_int_equal(statuses[i], ZCACHE_OK);
    assert_status(ZCACHE_OK, zcache_get_multi_n(cache, n, keys, values, statuses, NULL));
    for (size_t i = 0; i < n; i++)
        assert_int_equal(statuses[i], ZCACHE_MISS);
    free_values(values, n);
    free(names);
    free(keys);
    free(items);
    free(values);
    free(statuses);
    free(data);
}

static void test_ten_thousand_keys_fit_in_a_batch(void **state)
{
    conform *t = *state;
    big_batch(t->cache, 10000, 60);
}

/* More bytes each way than any socket buffers. */
static void test_batch_of_large_values_does_not_lock_up(void **state)
{
    conform *t = *state;
    big_batch(t->cache, 60, 500000);
    big_batch(t->cache, 2000, 10000);
}

static const struct CMUnitTest batch_tests[] = {
    TEST(test_batch_of_none_is_done),
    TEST(test_batched_read_answers_each_key),
    TEST(test_batched_reads_use_their_values_again),
    TEST(test_bad_key_of_a_read_fails_alone),
    TEST(test_bad_item_of_a_write_fails_alone),
    TEST(test_bad_key_of_a_delete_fails_alone),
    TEST(test_batch_of_bad_keys_only_reaches_nobody),
    TEST(test_of_duplicates_the_later_write_wins),
    TEST(test_duplicates_of_a_read_are_all_answered),
    TEST(test_duplicates_of_a_delete_are_deleted),
    TEST(test_modes_can_be_mixed),
    TEST(test_items_without_ttl_take_that_of_the_options),
    TEST(test_batches_take_any_bytes_as_keys),
    TEST(test_ten_thousand_keys_fit_in_a_batch),
    TEST(test_batch_of_large_values_does_not_lock_up),
};
CONFORM_PART(batch, .only = NULL);
