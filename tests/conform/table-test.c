/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Prefixes and tables keep keys apart, and clear removes exactly its own.
 */
#include "conform.h"

static zcache *table(zcache *cache, const char *name)
{
    zcache *handle = NULL;
    assert_status(ZCACHE_OK, zcache_table(cache, name, &handle));
    assert_non_null(handle);
    return handle;
}

static size_t count_keys(zcache *cache)
{
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    assert_status(ZCACHE_OK, zcache_keys(cache, NULL, &list, NULL));
    size_t count = list.count;
    zcache_key_list_free(&list);
    return count;
}

static void test_tables_and_the_cache_do_not_share_keys(void **state)
{
    conform *t = *state;
    zcache *users = table(t->cache, "users"), *orders = table(t->cache, "orders");
    put(t->cache, "1", "of the cache");
    put(users, "1", "of users");
    put(orders, "1", "of orders");
    assert_holds(t->cache, "1", "of the cache");
    assert_holds(users, "1", "of users");
    assert_holds(orders, "1", "of orders");
    assert_status(ZCACHE_OK, zcache_del(users, "1", NULL));
    assert_miss(users, "1");
    assert_holds(orders, "1", "of orders");
    assert_holds(t->cache, "1", "of the cache");
}

/* One rule makes every physical key: the cache's own key "users:1" is the table's key "1". */
static void test_physical_key_is_prefix_table_colon_key(void **state)
{
    conform *t = *state;
    zcache *users = table(t->cache, "users");
    put(users, "1", "one");
    assert_holds(t->cache, "users:1", "one");
    put(t->cache, "users:2", "two");
    assert_holds(users, "2", "two");
    put(users, "a:b:c", "colons");
    assert_holds(users, "a:b:c", "colons");
}

static void test_same_name_gives_the_same_handle(void **state)
{
    conform *t = *state;
    assert_ptr_equal(table(t->cache, "users"), table(t->cache, "users"));
    assert_ptr_not_equal(table(t->cache, "users"), table(t->cache, "Users"));
}

static void test_table_names_are_checked(void **state)
{
    conform *t = *state;
    char longest[66];
    memset(longest, 'n', sizeof(longest));
    longest[64] = '\0';
    table(t->cache, longest);
    table(t->cache, "A-z_0.9");
    longest[64] = 'n';
    longest[65] = '\0';
    const char *const bad[] = {"", longest, "a:b", "a b", "a/b", "caf\xc3\xa9", "*", "a%", "a\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        zcache *handle = t->cache;
        assert_status(ZCACHE_E_INVALID, zcache_table(t->cache, bad[i], &handle));
        assert_null(handle);
    }
}

static void test_many_tables_work(void **state)
{
    conform *t = *state;
    zcache *tables[200];
    char name[16];
    for (size_t i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "table%zu", i);
        tables[i] = table(t->cache, name);
        put(tables[i], "k", name);
    }
    for (size_t i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "table%zu", i);
        assert_ptr_equal(table(t->cache, name), tables[i]);
        assert_holds(tables[i], "k", name);
    }
}

static void test_keys_of_a_table_are_its_own(void **state)
{
    conform *t = *state;
    zcache *foo = table(t->cache, "foo"), *foobar = table(t->cache, "foobar");
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    put(foo, "1", "v");
    put(foobar, "2", "v");
    put(t->cache, "foo", "v");
    assert_status(ZCACHE_OK, zcache_keys(foo, NULL, &list, NULL));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.keys[0].data, "1");
    zcache_key_list_free(&list);
    assert_int_equal(count_keys(foobar), 1);
    assert_int_equal(count_keys(t->cache), 3);
}

static void test_clear_of_a_table_leaves_its_likes(void **state)
{
    conform *t = *state;
    static const char *const names[] = {"foo",     "foobar", "fo",   "Foo",
                                        "foo.bar", "f.o",    "foo-", "bar.foo"};
    size_t count = sizeof(names) / sizeof(names[0]);
    for (size_t i = 0; i < count; i++) {
        put(table(t->cache, names[i]), "1", "v");
        put(table(t->cache, names[i]), "bar:1", "v");
    }
    put(t->cache, "foo", "a key, not a table");
    for (size_t cleared = 0; cleared < count; cleared++) {
        assert_status(ZCACHE_OK, zcache_clear(table(t->cache, names[cleared]), NULL));
        for (size_t i = 0; i < count; i++) {
            size_t left = count_keys(table(t->cache, names[i]));
            if (left != (i <= cleared ? 0 : 2))
                fail_msg("%s: %zu keys in %s after clearing %s", conform_provider_now->name, left,
                         names[i], names[cleared]);
        }
    }
    assert_holds(t->cache, "foo", "a key, not a table");
}

static void test_clear_of_a_cache_clears_its_tables(void **state)
{
    conform *t = *state;
    zcache *users = table(t->cache, "users");
    put(users, "1", "v");
    put(t->cache, "k", "v");
    assert_status(ZCACHE_OK, zcache_clear(t->cache, NULL));
    assert_miss(users, "1");
    assert_miss(t->cache, "k");
    put(users, "1", "again");
    assert_holds(users, "1", "again");
}

static void test_clear_of_nothing_is_done(void **state)
{
    conform *t = *state;
    assert_status(ZCACHE_OK, zcache_clear(t->cache, NULL));
    assert_status(ZCACHE_OK, zcache_clear(table(t->cache, "empty"), NULL));
}

static void test_clear_removes_thousands_of_keys(void **state)
{
    conform *t = *state;
    enum { COUNT = 3000 };
    static char names[COUNT][16];
    static zcache_item items[COUNT];
    zcache *many = table(t->cache, "many");
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "key%zu", i);
        items[i] = (zcache_item){.key = zcache_str(names[i]), .value = zcache_str("v")};
    }
    assert_status(ZCACHE_OK, zcache_set_multi(many, COUNT, items, NULL));
    put(table(t->cache, "few"), "1", "v");
    assert_int_equal(count_keys(many), COUNT);
    assert_status(ZCACHE_OK, zcache_clear(many, NULL));
    assert_int_equal(count_keys(many), 0);
    assert_int_equal(count_keys(t->cache), 1);
}

static void test_prefixes_of_one_server_do_not_share_keys(void **state)
{
    (void)state;
    zcache *foo = OPEN("cache.key_prefix=foo:"), *foobar = OPEN("cache.key_prefix=foobar:");
    zcache *dots = OPEN("cache.key_prefix=f.o:");
    put(foo, "k", "of foo");
    put(foobar, "k", "of foobar");
    put(dots, "k", "of f.o");
    assert_holds(foo, "k", "of foo");
    assert_holds(foobar, "k", "of foobar");
    assert_int_equal(count_keys(foo), 1);
    assert_status(ZCACHE_OK, zcache_clear(dots, NULL));
    assert_holds(foo, "k", "of foo");
    assert_status(ZCACHE_OK, zcache_clear(foo, NULL));
    assert_miss(foo, "k");
    assert_holds(foobar, "k", "of foobar");
    assert_status(ZCACHE_OK, zcache_clear(foobar, NULL));
    assert_status(ZCACHE_OK, zcache_close(foo));
    assert_status(ZCACHE_OK, zcache_close(foobar));
    assert_status(ZCACHE_OK, zcache_close(dots));
}

static void test_prefix_is_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "cache.key_prefix=a b", "cache.key_prefix=a*", "cache.key_prefix=[a]",
        "cache.key_prefix=a%20",
        "cache.key_prefix=x2345678901234567890123456789012345678901234567890123456789012345"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        zcache *cache = NULL;
        const char *const settings[] = {bad[i], NULL};
        assert_error(ZCACHE_E_CONFIG, "key_prefix",
                     conform_try_open(&cache, conform_server, settings));
        assert_null(cache);
    }
}

static void test_clear_without_prefix_is_refused(void **state)
{
    (void)state;
    zcache *cache = OPEN("cache.allow_flush=no");
    zcache *users = table(cache, "users");
    put(cache, "k", "stays");
    put(users, "1", "goes");
    assert_error(ZCACHE_E_REFUSED, "allow_flush", zcache_clear(cache, NULL));
    assert_holds(cache, "k", "stays");
    assert_status(ZCACHE_OK, zcache_clear(users, NULL));
    assert_miss(users, "1");
    assert_holds(cache, "k", "stays");
    assert_status(ZCACHE_OK, zcache_del(cache, "k", NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_clear_without_prefix_is_done_where_flush_is_allowed(void **state)
{
    (void)state;
    zcache *cache = OPEN("cache.allow_flush=yes");
    put(cache, "k", "goes");
    put(table(cache, "users"), "1", "goes");
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_int_equal(count_keys(cache), 0);
    assert_miss(cache, "k");
    put(cache, "k", "again");
    assert_holds(cache, "k", "again");
    assert_status(ZCACHE_OK, zcache_del(cache, "k", NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static const struct CMUnitTest table_tests[] = {
    TEST(test_tables_and_the_cache_do_not_share_keys),
    TEST(test_physical_key_is_prefix_table_colon_key),
    TEST(test_same_name_gives_the_same_handle),
    TEST(test_table_names_are_checked),
    TEST(test_many_tables_work),
    TEST(test_keys_of_a_table_are_its_own),
    TEST(test_clear_of_a_table_leaves_its_likes),
    TEST(test_clear_of_a_cache_clears_its_tables),
    TEST(test_clear_of_nothing_is_done),
    TEST(test_clear_removes_thousands_of_keys),
    TEST(test_prefixes_of_one_server_do_not_share_keys),
    TEST(test_prefix_is_checked),
    TEST(test_clear_without_prefix_is_refused),
    TEST(test_clear_without_prefix_is_done_where_flush_is_allowed),
};
CONFORM_PART(table, .only = NULL);
