/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Keys: any bytes, one length limit for all providers, counted in the TEXT form of the physical
 * key.
 */
#include "conform.h"

/* Every operation on one key, none of which may succeed: all answer with `status`. */
static void assert_all_answer(zcache_status status, zcache *cache, const void *key, size_t size)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    int64_t number = 0;
    zcache_slice slice = zcache_bytes_of(key, size);
    zcache_item item = {.key = slice, .value = zcache_str("v")};
    zcache_status in_batch = ZCACHE_OK;
    const zcache_write_options *ttl = ZCACHE_WRITE(.ttl_ms = 60000);
    assert_status(status, zcache_get_n(cache, key, size, &value, NULL));
    assert_status(status, zcache_set_n(cache, key, size, "v", 1, NULL));
    assert_status(status, zcache_add_n(cache, key, size, "v", 1, NULL));
    assert_status(status, zcache_replace_n(cache, key, size, "v", 1, NULL));
    assert_status(status, zcache_cas_n(cache, key, size, "v", 1, 7, NULL));
    assert_status(status, zcache_del_n(cache, key, size, NULL));
    assert_status(status, zcache_exists_n(cache, key, size, NULL));
    assert_status(status, zcache_ttl_n(cache, key, size, &number, NULL));
    assert_status(status, zcache_touch_n(cache, key, size, ttl));
    assert_status(status, zcache_incr_n(cache, key, size, 1, &number, NULL));
    assert_status(status, zcache_get_multi_n(cache, 1, &slice, &value, &in_batch, NULL));
    assert_int_equal(in_batch, status);
    assert_status(status, zcache_set_multi(cache, 1, &item, NULL));
    assert_int_equal(item.status, status);
    assert_status(status, zcache_del_multi_n(cache, 1, &slice, &in_batch, NULL));
    assert_int_equal(in_batch, status);
    zcache_value_free(&value);
}

/* The key works: it is stored, found, listed and deleted. */
static void assert_key_works(zcache *cache, const void *key, size_t size)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    assert_status(ZCACHE_MISS, zcache_exists_n(cache, key, size, NULL));
    assert_status(ZCACHE_OK, zcache_set_n(cache, key, size, "works", 5, NULL));
    assert_status(ZCACHE_OK, zcache_get_n(cache, key, size, &value, NULL));
    assert_text("works", &value);
    assert_status(ZCACHE_OK, zcache_keys(cache, NULL, &list, NULL));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.keys[0].size, size);
    assert_memory_equal(list.keys[0].data, key, size);
    assert_status(ZCACHE_OK, zcache_del_n(cache, key, size, NULL));
    assert_status(ZCACHE_MISS, zcache_exists_n(cache, key, size, NULL));
    zcache_key_list_free(&list);
    zcache_value_free(&value);
}

static void test_every_byte_is_a_key_of_its_own(void **state)
{
    conform *t = *state;
    for (int i = 0; i < 256; i++) {
        unsigned char key = (unsigned char)i, value[2] = {(unsigned char)i, (unsigned char)~i};
        assert_status(ZCACHE_OK, zcache_add_n(t->cache, &key, 1, value, sizeof(value), NULL));
    }
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    assert_status(ZCACHE_OK, zcache_keys(t->cache, NULL, &list, NULL));
    assert_int_equal(list.count, 256);
    for (int i = 0; i < 256; i++) {
        unsigned char key = (unsigned char)i, value[2] = {(unsigned char)i, (unsigned char)~i};
        assert_status(ZCACHE_OK, zcache_get_n(t->cache, &key, 1, &t->value, NULL));
        assert_bytes(value, sizeof(value), &t->value);
        assert_int_equal(list.keys[i].size, 1);
        assert_int_equal(*(const unsigned char *)list.keys[i].data, i);
        assert_int_equal(((const char *)list.keys[i].data)[1], 0);
    }
    zcache_key_list_free(&list);
}

static void test_long_binary_keys_come_back_from_keys(void **state)
{
    conform *t = *state;
    unsigned char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (unsigned char)i;
    for (size_t from = 0; from < 256; from += 64)
        assert_key_works(t->cache, all + from, 64);
}

static void test_keys_that_look_alike_are_different(void **state)
{
    conform *t = *state;
    static const struct {
        const char *text;
        size_t size;
    } keys[] = {{"a", 1},   {"a\0", 2},      {"\0", 1},     {"\0\0", 2},   {"A", 1},
                {"%41", 3}, {"%2541", 5},    {"a b", 3},    {"a%20b", 5},  {"a+b", 3},
                {"a_b", 3}, {"\xc3\xa9", 2}, {"%C3%A9", 6}, {"%c3%a9", 6}, {" a", 2},
                {"a ", 2},  {"a\n", 2},      {"a\r\n", 3}};
    size_t count = sizeof(keys) / sizeof(keys[0]);
    for (size_t i = 0; i < count; i++)
        assert_status(ZCACHE_OK,
                      zcache_add_n(t->cache, keys[i].text, keys[i].size, &i, sizeof(i), NULL));
    for (size_t i = 0; i < count; i++) {
        assert_status(ZCACHE_OK,
                      zcache_get_n(t->cache, keys[i].text, keys[i].size, &t->value, NULL));
        assert_bytes(&i, sizeof(i), &t->value);
    }
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    assert_status(ZCACHE_OK, zcache_keys(t->cache, NULL, &list, NULL));
    assert_int_equal(list.count, count);
    zcache_key_list_free(&list);
}

static void test_key_that_looks_like_protocol_is_only_a_key(void **state)
{
    conform *t = *state;
    static const char *const keys[] = {
        "x y", "k 0 0 1\r\nz\r\nset j", "\r\nflush_all\r\n", "k\r\nFLUSHALL\r\n", "k noreply",
        "\n",  "$3\r\nfoo\r\n",
    };
    size_t count = sizeof(keys) / sizeof(keys[0]);
    put(t->cache, "x", "of x");
    put(t->cache, "k", "of k");
    for (size_t i = 0; i < count; i++)
        put(t->cache, keys[i], keys[i]);
    for (size_t i = 0; i < count; i++)
        assert_holds(t->cache, keys[i], keys[i]);
    assert_holds(t->cache, "x", "of x");
    assert_holds(t->cache, "k", "of k");
    for (size_t i = 0; i < count; i++)
        assert_status(ZCACHE_OK, zcache_del(t->cache, keys[i], NULL));
    assert_holds(t->cache, "x", "of x");
    assert_holds(t->cache, "k", "of k");
}

static void test_empty_key_is_refused(void **state)
{
    conform *t = *state;
    assert_all_answer(ZCACHE_E_KEY, t->cache, "", 0);
    assert_error(ZCACHE_E_KEY, "key", zcache_get(t->cache, "", &t->value, NULL));
}

static void test_longest_key_works_and_one_byte_more_is_refused(void **state)
{
    conform *t = *state;
    char key[252];
    size_t room = 250 - strlen(t->prefix);
    memset(key, 'k', sizeof(key));
    assert_key_works(t->cache, key, room);
    assert_all_answer(ZCACHE_E_KEY, t->cache, key, room + 1);
    assert_error(ZCACHE_E_KEY, "250", zcache_get_n(t->cache, key, room + 1, &t->value, NULL));
}

/* 83 bytes of three characters each and one of one: 250. */
static void test_length_counts_encoded_bytes_as_three(void **state)
{
    (void)state;
    static const unsigned char odd[] = {0x00, 0x20, 0x7f, 0x80, 0xff, '%', '\n'};
    zcache *cache = OPEN("cache.allow_flush=yes");
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    for (size_t i = 0; i < sizeof(odd); i++) {
        unsigned char key[85];
        memset(key, odd[i], sizeof(key));
        assert_key_works(cache, key, 83);
        assert_all_answer(ZCACHE_E_KEY, cache, key, 84);
        key[83] = 'x';
        key[84] = 'x';
        assert_key_works(cache, key, 84);
        assert_all_answer(ZCACHE_E_KEY, cache, key, 85);
    }
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_table_name_counts_for_the_length(void **state)
{
    conform *t = *state;
    zcache *table;
    char key[252];
    size_t room = 250 - strlen(t->prefix) - strlen("table:");
    memset(key, 'k', sizeof(key));
    assert_status(ZCACHE_OK, zcache_table(t->cache, "table", &table));
    assert_key_works(table, key, room);
    assert_all_answer(ZCACHE_E_KEY, table, key, room + 1);
}

static void test_max_key_length_can_be_less(void **state)
{
    (void)state;
    char prefix[24], key[42];
    zcache *cache = OPEN(conform_new_prefix(prefix), "cache.max_key_length=40");
    memset(key, 'k', sizeof(key));
    assert_key_works(cache, key, 40 - strlen(prefix));
    assert_all_answer(ZCACHE_E_KEY, cache, key, 41 - strlen(prefix));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_max_key_length_can_be_as_much_as_the_provider_takes(void **state)
{
    (void)state;
    char prefix[24], setting[64], key[1025];
    size_t max = conform_provider_now->key_max;
    memset(key, 'k', sizeof(key));
    snprintf(setting, sizeof(setting), "cache.max_key_length=%zu", max);
    zcache *cache = OPEN(conform_new_prefix(prefix), setting);
    assert_key_works(cache, key, max - strlen(prefix));
    assert_all_answer(ZCACHE_E_KEY, cache, key, max + 1 - strlen(prefix));
    assert_status(ZCACHE_OK, zcache_close(cache));

    snprintf(setting, sizeof(setting), "cache.max_key_length=%zu", max + 1);
    const char *const settings[] = {setting, NULL};
    assert_error(ZCACHE_E_CONFIG, "max_key_length",
                 conform_try_open(&cache, conform_server, settings));
    assert_null(cache);
}

/* ---- long_keys = hash ------------------------------------------------------------------------ */

static zcache *open_hashing(const char *prefix)
{
    char setting[64];
    snprintf(setting, sizeof(setting), "cache.key_prefix=%s", prefix);
    return OPEN(setting, "cache.long_keys=hash");
}

static void test_long_keys_work_when_hashed(void **state)
{
    (void)state;
    char prefix[24];
    conform_new_prefix(prefix);
    zcache *cache = open_hashing(prefix);
    static char key[5000];
    zcache_value value = ZCACHE_VALUE_INIT;
    int64_t number;
    memset(key, 'k', sizeof(key));
    for (size_t size = 240; size < sizeof(key); size = size * 5 / 4) {
        assert_status(ZCACHE_OK, zcache_add_n(cache, key, size, &size, sizeof(size), NULL));
        key[0] = 'j';
        assert_status(ZCACHE_MISS, zcache_exists_n(cache, key, size, NULL));
        key[0] = 'k';
        key[size - 1] = 'j';
        assert_status(ZCACHE_MISS, zcache_exists_n(cache, key, size, NULL));
        key[size - 1] = 'k';
    }
    for (size_t size = 240; size < sizeof(key); size = size * 5 / 4) {
        assert_status(ZCACHE_OK, zcache_get_n(cache, key, size, &value, NULL));
        assert_bytes(&size, sizeof(size), &value);
        assert_status(ZCACHE_OK, zcache_del_n(cache, key, size, NULL));
        assert_status(ZCACHE_OK, zcache_incr_n(cache, key, size, 3, &number, NULL));
        assert_status(ZCACHE_OK,
                      zcache_touch_n(cache, key, size, ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1))));
        zcache_slice slice = zcache_bytes_of(key, size);
        assert_status(ZCACHE_OK, zcache_get_multi_n(cache, 1, &slice, &value, NULL, NULL));
        assert_text("3", &value);
    }
    assert_status(ZCACHE_E_KEY, zcache_get(cache, "", &value, NULL));
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_hashed_key_is_listed_with_a_readable_head(void **state)
{
    (void)state;
    char prefix[24];
    conform_new_prefix(prefix);
    zcache *cache = open_hashing(prefix);
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    char key[400];
    memset(key, 'x', sizeof(key));
    memcpy(key, "users/by-name/", 14);
    assert_status(ZCACHE_OK, zcache_set_n(cache, key, sizeof(key), "v", 1, NULL));
    assert_status(ZCACHE_OK, zcache_keys(cache, "users/by-name/*", &list, NULL));
    assert_int_equal(list.count, 1);
    assert_true(list.keys[0].size <= 250 - strlen(prefix));
    assert_non_null(memchr(list.keys[0].data, '~', list.keys[0].size));
    zcache_key_list_free(&list);
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_MISS, zcache_exists_n(cache, key, sizeof(key), NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_key_that_fits_is_never_hashed(void **state)
{
    (void)state;
    char prefix[24];
    conform_new_prefix(prefix);
    zcache *cache = open_hashing(prefix);
    char key[250];
    memset(key, 'k', sizeof(key));
    assert_key_works(cache, key, 250 - strlen(prefix));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_long_binary_keys_work_when_hashed(void **state)
{
    (void)state;
    char prefix[24];
    conform_new_prefix(prefix);
    zcache *cache = open_hashing(prefix);
    unsigned char key[300];
    zcache_value value = ZCACHE_VALUE_INIT;
    memset(key, 0xff, sizeof(key));
    for (size_t size = 60; size <= sizeof(key); size += 5)
        assert_status(ZCACHE_OK, zcache_add_n(cache, key, size, &size, sizeof(size), NULL));
    for (size_t size = 60; size <= sizeof(key); size += 5) {
        assert_status(ZCACHE_OK, zcache_get_n(cache, key, size, &value, NULL));
        assert_bytes(&size, sizeof(size), &value);
    }
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static const struct CMUnitTest key_tests[] = {
    TEST(test_every_byte_is_a_key_of_its_own),
    TEST(test_long_binary_keys_come_back_from_keys),
    TEST(test_keys_that_look_alike_are_different),
    TEST(test_key_that_looks_like_protocol_is_only_a_key),
    TEST(test_empty_key_is_refused),
    TEST(test_longest_key_works_and_one_byte_more_is_refused),
    TEST(test_length_counts_encoded_bytes_as_three),
    TEST(test_table_name_counts_for_the_length),
    TEST(test_max_key_length_can_be_less),
    TEST(test_max_key_length_can_be_as_much_as_the_provider_takes),
    TEST(test_long_keys_work_when_hashed),
    TEST(test_hashed_key_is_listed_with_a_readable_head),
    TEST(test_key_that_fits_is_never_hashed),
    TEST(test_long_binary_keys_work_when_hashed),
};
CONFORM_PART(key, .only = NULL);
