/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Values: a miss is a status of its own, an empty value is a hit, every byte comes back, sizes are
 * limited alike everywhere, and a zcache_value is a buffer that is used again.
 */
#include "conform.h"

static void test_absent_key_is_a_miss_to_every_operation(void **state)
{
    conform *t = *state;
    int64_t ttl_ms;
    assert_status(ZCACHE_MISS, zcache_get(t->cache, "k", &t->value, NULL));
    assert_int_equal(t->value.size, 0);
    assert_status(ZCACHE_MISS, zcache_exists(t->cache, "k", NULL));
    assert_status(ZCACHE_MISS, zcache_ttl(t->cache, "k", &ttl_ms, NULL));
    assert_status(ZCACHE_MISS, zcache_touch(t->cache, "k", ZCACHE_WRITE(.ttl_ms = 60000)));
    assert_status(ZCACHE_MISS, zcache_replace(t->cache, "k", "v", 1, NULL));
    assert_status(ZCACHE_MISS, zcache_cas(t->cache, "k", "v", 1, 12345, NULL));
    assert_status(ZCACHE_MISS, zcache_del(t->cache, "k", NULL));
    assert_status(ZCACHE_MISS, zcache_get(t->cache, "k", &t->value, NULL));
}

static void test_miss_leaves_no_error_message(void **state)
{
    conform *t = *state;
    assert_status(ZCACHE_E_KEY, zcache_get(t->cache, "", &t->value, NULL));
    char before[512];
    snprintf(before, sizeof(before), "%s", zcache_error_message());
    assert_true(before[0] != '\0');
    assert_status(ZCACHE_MISS, zcache_get(t->cache, "k", &t->value, NULL));
    assert_string_equal(zcache_error_message(), before);
}

static void test_written_value_is_read(void **state)
{
    conform *t = *state;
    put(t->cache, "k", "hello");
    assert_holds(t->cache, "k", "hello");
    assert_status(ZCACHE_OK, zcache_exists(t->cache, "k", NULL));
}

static void test_overwritten_value_is_the_new_one(void **state)
{
    conform *t = *state;
    put(t->cache, "k", "a rather long first value");
    put(t->cache, "k", "short");
    assert_holds(t->cache, "k", "short");
    put(t->cache, "k", "and again a longer one");
    assert_holds(t->cache, "k", "and again a longer one");
}

static void test_deleted_key_is_a_miss(void **state)
{
    conform *t = *state;
    put(t->cache, "k", "v");
    assert_status(ZCACHE_OK, zcache_del(t->cache, "k", NULL));
    assert_miss(t->cache, "k");
    assert_status(ZCACHE_MISS, zcache_del(t->cache, "k", NULL));
}

static void test_empty_value_is_a_hit(void **state)
{
    conform *t = *state;
    put(t->cache, "k", "");
    assert_status(ZCACHE_OK, zcache_exists(t->cache, "k", NULL));
    assert_holds(t->cache, "k", "");
    assert_status(ZCACHE_OK, zcache_set(t->cache, "none", NULL, 0, NULL));
    assert_holds(t->cache, "none", "");
    put(t->cache, "k", "full");
    put(t->cache, "k", "");
    assert_holds(t->cache, "k", "");
}

static void test_every_byte_comes_back(void **state)
{
    conform *t = *state;
    unsigned char bytes[1024];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i + i / 256);
    assert_status(ZCACHE_OK, zcache_set(t->cache, "k", bytes, sizeof(bytes), NULL));
    assert_status(ZCACHE_OK, zcache_get(t->cache, "k", &t->value, NULL));
    assert_bytes(bytes, sizeof(bytes), &t->value);
}

static void test_value_that_looks_like_protocol_is_only_a_value(void **state)
{
    conform *t = *state;
    static const char *const texts[] = {
        "\r\n",     "END\r\n",          "\r\nEND\r\nVALUE k 0 1\r\nx\r\nEND\r\n",
        "$-1\r\n",  "*0\r\n",           "flush_all\r\n",
        "-ERR\r\n", "\r\nFLUSHALL\r\n",
    };
    put(t->cache, "other", "stays");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        put(t->cache, "k", texts[i]);
        assert_holds(t->cache, "k", texts[i]);
    }
    assert_holds(t->cache, "other", "stays");
}

static void test_values_of_all_sizes_come_back(void **state)
{
    conform *t = *state;
    static unsigned char bytes[300001];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 7 + i / 251);
    for (size_t power = 1; power <= 262144; power *= 2)
        for (size_t size = power - 1; size <= power + 1; size++) {
            assert_status(ZCACHE_OK, zcache_set(t->cache, "k", bytes, size, NULL));
            assert_status(ZCACHE_OK, zcache_get(t->cache, "k", &t->value, NULL));
            assert_bytes(bytes, size, &t->value);
        }
}

static void test_largest_value_fits_under_longest_key(void **state)
{
    conform *t = *state;
    size_t size = 1000000;
    char *data = malloc(size);
    assert_non_null(data);
    memset(data, 'v', size);
    data[size - 1] = '.';
    char key[251];
    memset(key, 'k', sizeof(key));
    key[250 - strlen(t->prefix)] = '\0';
    assert_status(ZCACHE_OK, zcache_set(t->cache, key, data, size, NULL));
    assert_status(ZCACHE_OK, zcache_get(t->cache, key, &t->value, NULL));
    assert_bytes(data, size, &t->value);
    free(data);
}

static void test_larger_value_is_refused_and_old_one_kept(void **state)
{
    conform *t = *state;
    size_t size = 1000001;
    char *data = calloc(1, size);
    assert_non_null(data);
    put_for(t->cache, "k", "old", ZCACHE_HOURS(1));
    assert_status(ZCACHE_OK, zcache_get(t->cache, "k", &t->value, ZCACHE_READ(.with_cas = true)));
    uint64_t cas = t->value.cas;
    assert_error(ZCACHE_E_TOO_LARGE, "1000001", zcache_set(t->cache, "k", data, size, NULL));
    assert_status(ZCACHE_E_TOO_LARGE, zcache_replace(t->cache, "k", data, size, NULL));
    assert_status(ZCACHE_E_TOO_LARGE, zcache_cas(t->cache, "k", data, size, cas, NULL));
    assert_status(ZCACHE_E_TOO_LARGE, zcache_add(t->cache, "new", data, size, NULL));
    assert_holds(t->cache, "k", "old");
    assert_ttl(t->cache, "k", ZCACHE_HOURS(1));
    assert_miss(t->cache, "new");
    free(data);
}

static void test_max_value_size_is_exact(void **state)
{
    (void)state;
    char prefix[24];
    zcache *cache = OPEN(conform_new_prefix(prefix), "cache.max_value_size=100");
    char data[101] = {0};
    assert_status(ZCACHE_OK, zcache_set(cache, "k", data, 100, NULL));
    assert_status(ZCACHE_E_TOO_LARGE, zcache_set(cache, "k", data, 101, NULL));
    assert_status(ZCACHE_OK, zcache_exists(cache, "k", NULL));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_value_buffer_is_used_again(void **state)
{
    conform *t = *state;
    char data[5000];
    memset(data, 'x', sizeof(data));
    assert_status(ZCACHE_OK, zcache_set(t->cache, "long", data, sizeof(data), NULL));
    put(t->cache, "short", "s");
    assert_status(ZCACHE_OK, zcache_get(t->cache, "long", &t->value, NULL));
    void *memory = t->value.data;
    size_t capacity = t->value.capacity;
    assert_true(capacity > sizeof(data));
    assert_status(ZCACHE_OK, zcache_get(t->cache, "short", &t->value, NULL));
    assert_text("s", &t->value);
    assert_ptr_equal(t->value.data, memory);
    assert_status(ZCACHE_MISS, zcache_get(t->cache, "none", &t->value, NULL));
    assert_int_equal(t->value.size, 0);
    assert_ptr_equal(t->value.data, memory);
    assert_int_equal(t->value.capacity, capacity);
}

static void test_value_grows_from_any_size(void **state)
{
    conform *t = *state;
    static char data[70000];
    memset(data, 'y', sizeof(data));
    for (size_t size = 1; size < sizeof(data); size = size * 3 + 1) {
        assert_status(ZCACHE_OK, zcache_set(t->cache, "k", data, size, NULL));
        assert_status(ZCACHE_OK, zcache_get(t->cache, "k", &t->value, NULL));
        assert_bytes(data, size, &t->value);
        assert_true(t->value.capacity > size);
    }
}

static void test_failed_read_empties_the_value(void **state)
{
    conform *t = *state;
    put(t->cache, "k", "v");
    assert_status(ZCACHE_OK, zcache_get(t->cache, "k", &t->value, NULL));
    assert_status(ZCACHE_E_KEY, zcache_get(t->cache, "", &t->value, NULL));
    assert_int_equal(t->value.size, 0);
    assert_int_equal(t->value.ttl_ms, ZCACHE_TTL_UNKNOWN);
}

static void test_value_tells_only_what_was_asked_for(void **state)
{
    conform *t = *state;
    put(t->cache, "k", "v");
    assert_status(ZCACHE_OK, zcache_get(t->cache, "k", &t->value,
                                        ZCACHE_READ(.with_ttl = true, .with_cas = true)));
    assert_int_equal(t->value.ttl_ms, ZCACHE_TTL_NEVER);
    assert_true(t->value.cas != 0);
    assert_status(ZCACHE_OK, zcache_get(t->cache, "k", &t->value, NULL));
    assert_int_equal(t->value.ttl_ms, ZCACHE_TTL_UNKNOWN);
    assert_int_equal(t->value.cas, 0);
}

static void test_freed_value_is_as_new(void **state)
{
    conform *t = *state;
    put(t->cache, "k", "v");
    assert_status(ZCACHE_OK, zcache_get(t->cache, "k", &t->value, NULL));
    zcache_value_free(&t->value);
    assert_null(t->value.data);
    assert_int_equal(t->value.size, 0);
    assert_int_equal(t->value.capacity, 0);
    assert_int_equal(t->value.ttl_ms, ZCACHE_TTL_UNKNOWN);
    zcache_value_free(&t->value);
    zcache_value_free(NULL);
    assert_status(ZCACHE_OK, zcache_get(t->cache, "k", &t->value, NULL));
    assert_text("v", &t->value);
}

static const struct CMUnitTest value_tests[] = {
    TEST(test_absent_key_is_a_miss_to_every_operation),
    TEST(test_miss_leaves_no_error_message),
    TEST(test_written_value_is_read),
    TEST(test_overwritten_value_is_the_new_one),
    TEST(test_deleted_key_is_a_miss),
    TEST(test_empty_value_is_a_hit),
    TEST(test_every_byte_comes_back),
    TEST(test_value_that_looks_like_protocol_is_only_a_value),
    TEST(test_values_of_all_sizes_come_back),
    TEST(test_largest_value_fits_under_longest_key),
    TEST(test_larger_value_is_refused_and_old_one_kept),
    TEST(test_max_value_size_is_exact),
    TEST(test_value_buffer_is_used_again),
    TEST(test_value_grows_from_any_size),
    TEST(test_failed_read_empties_the_value),
    TEST(test_value_tells_only_what_was_asked_for),
    TEST(test_freed_value_is_as_new),
};
CONFORM_PART(value, .only = NULL);
