/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What other programs see on the server: the value's bytes and nothing else, under the key that the
 * rules give, as it is or percent-encoded.
 */
#include "conform.h"

/* The physical key as the server under test holds it. */
static size_t physical(char *out, const conform *t, const char *plain, const char *text)
{
    return (size_t)sprintf(out, "%s%s", t->prefix, conform_provider_now->text_keys ? text : plain);
}

static void test_server_holds_the_bytes_and_nothing_else(void **state)
{
    conform *t = *state;
    unsigned char bytes[256];
    char key[64], seen[300];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)i;
    assert_status(ZCACHE_OK, zcache_set(t->cache, "k", bytes, sizeof(bytes), NULL));
    size_t size = physical(key, t, "k", "k");
    assert_int_equal(raw_get(conform_server, key, size, seen, sizeof(seen)), sizeof(bytes));
    assert_memory_equal(seen, bytes, sizeof(bytes));
}

static void test_server_holds_an_empty_value_as_empty(void **state)
{
    conform *t = *state;
    char key[64], seen[16];
    put(t->cache, "k", "");
    size_t size = physical(key, t, "k", "k");
    assert_int_equal(raw_get(conform_server, key, size, seen, sizeof(seen)), 0);
}

static void test_other_clients_write_what_we_read(void **state)
{
    conform *t = *state;
    char key[64];
    size_t size = physical(key, t, "theirs", "theirs");
    raw_set(conform_server, key, size, "made elsewhere", 14);
    assert_holds(t->cache, "theirs", "made elsewhere");
    raw_set(conform_server, key, size, "41", 2);
    int64_t number;
    assert_status(ZCACHE_OK, zcache_incr(t->cache, "theirs", 1, &number, NULL));
    assert_int_equal(number, 42);
}

static void test_counter_is_plain_decimal_text(void **state)
{
    conform *t = *state;
    char key[64], seen[32];
    size_t size = physical(key, t, "n", "n");
    assert_status(ZCACHE_OK, zcache_incr(t->cache, "n", 10, NULL, NULL));
    assert_status(ZCACHE_OK, zcache_incr(t->cache, "n", -1, NULL, NULL));
    assert_int_equal(raw_get(conform_server, key, size, seen, sizeof(seen)), 1);
    assert_memory_equal(seen, "9", 1);
    assert_status(ZCACHE_OK, zcache_incr(t->cache, "n", -21, NULL, NULL));
    assert_int_equal(raw_get(conform_server, key, size, seen, sizeof(seen)), 3);
    assert_memory_equal(seen, "-12", 3);
}

static void test_key_bytes_reach_other_clients_as_declared(void **state)
{
    conform *t = *state;
    static const struct {
        const char *plain, *text;
    } keys[] = {
        {"plain-key.1", "plain-key.1"},
        {"a b", "a%20b"},
        {"100%", "100%25"},
        {"%41", "%2541"},
        {"caf\xc3\xa9", "caf%C3%A9"},
        {"tab\tnewline\n", "tab%09newline%0A"},
        {"\x7f\x80\xff", "%7F%80%FF"},
        {"!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~", "!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~"},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char key[300], seen[16];
        put(t->cache, keys[i].plain, "seen");
        size_t size = physical(key, t, keys[i].plain, keys[i].text);
        if (raw_get(conform_server, key, size, seen, sizeof(seen)) != 4)
            fail_msg("%s does not hold \"%s\"", conform_provider_now->name, key);
    }
}

static void test_table_key_is_prefix_table_colon_key(void **state)
{
    conform *t = *state;
    zcache *table;
    char key[64], seen[16];
    assert_status(ZCACHE_OK, zcache_table(t->cache, "users", &table));
    put(table, "123", "seen");
    size_t size = physical(key, t, "users:123", "users:123");
    assert_int_equal(raw_get(conform_server, key, size, seen, sizeof(seen)), 4);
}

static void test_two_handles_share_the_server(void **state)
{
    conform *t = *state;
    char setting[64];
    snprintf(setting, sizeof(setting), "cache.key_prefix=%s", t->prefix);
    zcache *other = OPEN(setting);
    put(t->cache, "k", "shared");
    assert_holds(other, "k", "shared");
    assert_status(ZCACHE_OK, zcache_del(other, "k", NULL));
    assert_miss(t->cache, "k");
    assert_status(ZCACHE_OK, zcache_close(other));
}

static const struct CMUnitTest stored_tests[] = {
    TEST(test_server_holds_the_bytes_and_nothing_else),
    TEST(test_server_holds_an_empty_value_as_empty),
    TEST(test_other_clients_write_what_we_read),
    TEST(test_counter_is_plain_decimal_text),
    TEST(test_key_bytes_reach_other_clients_as_declared),
    TEST(test_table_key_is_prefix_table_colon_key),
    TEST(test_two_handles_share_the_server),
};
CONFORM_PART(stored, .needs_server = true);
