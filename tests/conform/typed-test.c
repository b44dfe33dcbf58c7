/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Typed tables: a struct that is written is the struct that is read, whatever the codec, and what
 * is no such struct is a miss.
 */
#include "conform.h"

#include <math.h>

#include <zcache/table.h>

typedef enum color { RED = 1, GREEN = 2 } color;
typedef struct address {
    const char *street;
    char city[16];
} address;
typedef struct user {
    int64_t id;
    const char *name;
    char email[64];
    double score;
    bool active;
    color favourite;
    address home;
    address *work;
    const char **tags;
    size_t ntags;
    const void *photo;
    size_t photo_size;
    int32_t grid[3];
} user;

ZCACHE_ENUM(color, ZC_VALUE(RED, "red"), ZC_VALUE(GREEN, "green"))
ZCACHE_STRUCT(address, ZC_STRING(street), ZC_CHARS(city))
ZCACHE_STRUCT(user, ZC_I64(id), ZC_STRING(name), ZC_CHARS(email, ZC_AS("e-mail")), ZC_DOUBLE(score),
              ZC_BOOL(active), ZC_ENUM(favourite, color, ZC_DEFAULT(GREEN)),
              ZC_NESTED(home, address), ZC_POINTER(work, address), ZC_ARRAY(tags, ntags, ZC_STRING),
              ZC_BYTES(photo, photo_size), ZC_FIXED(grid, ZC_I32))
ZCACHE_TABLE(users, user)
ZCACHE_TABLE(pages, zcache_bytes)
ZCACHE_TABLE(names, zcache_string)

static const char *some_tags[] = {"admin", "caf\xc3\xa9", ""};
static address office = {"2 Side Street", "Graz"};

static user ann(void)
{
    return (user){.id = INT64_C(9007199254740993),
                  .name = "Ann \"Q\" O'Neil",
                  .email = "ann@example.com",
                  .score = 0.1,
                  .active = true,
                  .favourite = RED,
                  .home = {"1 Main Street", "Linz"},
                  .work = &office,
                  .tags = some_tags,
                  .ntags = 3,
                  .photo = "\x00\xff\x10",
                  .photo_size = 3,
                  .grid = {-1, 0, INT32_MAX}};
}

static void assert_is_ann(const user *found)
{
    user expected = ann();
    assert_int_equal(found->id, expected.id);
    assert_string_equal(found->name, expected.name);
    assert_string_equal(found->email, expected.email);
    assert_true(fabs(found->score - expected.score) < 1e-300);
    assert_true(found->active);
    assert_int_equal(found->favourite, RED);
    assert_string_equal(found->home.street, "1 Main Street");
    assert_string_equal(found->home.city, "Linz");
    assert_non_null(found->work);
    assert_string_equal(found->work->street, office.street);
    assert_string_equal(found->work->city, office.city);
    assert_int_equal(found->ntags, 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(found->tags[i], some_tags[i]);
    assert_int_equal(found->photo_size, 3);
    assert_memory_equal(found->photo, expected.photo, 3);
    assert_memory_equal(found->grid, expected.grid, sizeof(expected.grid));
}

static users_t open_users(zcache *cache, const char *serialization)
{
    users_t users = {0};
    assert_status(ZCACHE_OK, users_open(cache, "users", &users,
                                        ZCACHE_TABLE_OPTIONS(.serialization = serialization)));
    return users;
}

static int64_t stat_number;
static const char *stat_name;
static void find_stat(void *context, const zcache_stat *stat)
{
    (void)context;
    if (strcmp(stat->name, stat_name) == 0)
        stat_number = stat->number;
}

static int64_t stat_of(zcache *cache, const char *name)
{
    stat_name = name;
    stat_number = -1;
    assert_status(ZCACHE_OK, zcache_stats(cache, find_stat, NULL, NULL));
    return stat_number;
}

static void test_struct_comes_back_as_it_was(void **state)
{
    conform *t = *state;
    static const char *const codecs[] = {NULL, "json", "msgpack"};
    for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
        users_t users = open_users(t->cache, codecs[i]);
        user written = ann(), found;
        assert_status(ZCACHE_OK, users_set(&users, "ann", &written, NULL));
        assert_status(ZCACHE_OK, users_get(&users, "ann", &found, NULL));
        assert_is_ann(&found);
        user_free(&found);
        assert_null(found.name);
        user_free(&found); /* nothing is left to free */
        assert_status(ZCACHE_OK, users_del(&users, "ann", NULL));
    }
}

static void test_empty_struct_comes_back_empty(void **state)
{
    conform *t = *state;
    static const char *const codecs[] = {"json", "msgpack"};
    for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
        users_t users = open_users(t->cache, codecs[i]);
        user nobody = {.favourite = GREEN}, found;
        memset(&found, 0xff, sizeof(found));
        assert_status(ZCACHE_OK, users_set(&users, "nobody", &nobody, NULL));
        assert_status(ZCACHE_OK, users_get(&users, "nobody", &found, NULL));
        assert_memory_equal(&found, &nobody, sizeof(nobody));
        user_free(&found);
    }
}

static void test_miss_leaves_the_struct_zero(void **state)
{
    conform *t = *state;
    users_t users = open_users(t->cache, NULL);
    user found, nothing = {0};
    memset(&found, 0xff, sizeof(found));
    assert_status(ZCACHE_MISS, users_get(&users, "nobody", &found, NULL));
    assert_memory_equal(&found, &nothing, sizeof(nothing));
    user_free(&found);
}

static void test_stored_form_is_plain_json(void **state)
{
    conform *t = *state;
    users_t users = open_users(t->cache, "json");
    user written = ann();
    assert_status(ZCACHE_OK, users_set(&users, "ann", &written, NULL));
    assert_holds(users_handle(&users), "ann",
                 "{\"id\":9007199254740993,\"name\":\"Ann \\\"Q\\\" O'Neil\","
                 "\"e-mail\":\"ann@example.com\",\"score\":0.1,\"active\":true,"
                 "\"favourite\":\"red\","
                 "\"home\":{\"street\":\"1 Main Street\",\"city\":\"Linz\"},"
                 "\"work\":{\"street\":\"2 Side Street\",\"city\":\"Graz\"},"
                 "\"tags\":[\"admin\",\"caf\xc3\xa9\",\"\"],\"photo\":\"AP8Q\","
                 "\"grid\":[-1,0,2147483647]}");
    put(users_handle(&users), "by hand", " {\"name\" : null, \"new\" : [1, {}], \"id\" : 5 } ");
    user found;
    assert_status(ZCACHE_OK, users_get(&users, "by hand", &found, NULL));
    assert_int_equal(found.id, 5);
    assert_null(found.name);
    assert_int_equal(found.favourite, GREEN);
    user_free(&found);
}

static void test_what_is_no_such_struct_is_a_counted_miss(void **state)
{
    conform *t = *state;
    users_t users = open_users(t->cache, "json");
    user found, nothing = {0};
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "{\"id\":\"five\"}",
                                      "{\"id\":1e30}",
                                      "{\"favourite\":\"mauve\"}",
                                      "{\"id\":5} x"};
    int64_t count = (int64_t)(sizeof(bad) / sizeof(bad[0]));
    for (int64_t i = 0; i < count; i++) {
        put(users_handle(&users), "bad", bad[i]);
        memset(&found, 0xff, sizeof(found));
        assert_status(ZCACHE_MISS, users_get(&users, "bad", &found, NULL));
        assert_memory_equal(&found, &nothing, sizeof(nothing));
    }
    assert_int_equal(stat_of(t->cache, "cache_undecodable"), count);
    assert_int_equal(stat_of(t->cache, "cache_misses"), count);
    assert_int_equal(stat_of(t->cache, "cache_hits"), 0);
}

static void test_what_is_no_such_struct_is_an_error_if_configured(void **state)
{
    (void)state;
    char prefix[24];
    zcache *cache = OPEN(conform_new_prefix(prefix), "cache.undecodable=error");
    users_t users = open_users(cache, "json");
    user found;
    put(users_handle(&users), "bad", "{\"id\":1,\"name\":7}");
    assert_status(ZCACHE_E_TYPE, users_get(&users, "bad", &found, NULL));
    const char *message = zcache_error_message();
    assert_non_null(strstr(message, "users"));
    assert_non_null(strstr(message, "\"bad\""));
    assert_non_null(strstr(message, "user.name"));
    assert_int_equal(stat_of(cache, "cache_undecodable"), 1);
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_value_that_cannot_be_stored_is_refused(void **state)
{
    conform *t = *state;
    users_t users = open_users(t->cache, "json");
    user bad = ann(), found;
    bad.name = "\xff";
    assert_status(ZCACHE_E_INVALID, users_set(&users, "bad", &bad, NULL));
    assert_non_null(strstr(zcache_error_message(), "user.name"));
    bad = ann();
    bad.favourite = (color)77;
    assert_status(ZCACHE_E_INVALID, users_set(&users, "bad", &bad, NULL));
    assert_non_null(strstr(zcache_error_message(), "user.favourite"));
    bad = ann();
    bad.score = (double)NAN;
    assert_status(ZCACHE_E_INVALID, users_set(&users, "bad", &bad, NULL));
    assert_status(ZCACHE_MISS, users_get(&users, "bad", &found, NULL));
}

static void test_modes_of_a_typed_write(void **state)
{
    conform *t = *state;
    users_t users = open_users(t->cache, NULL);
    user written = {.id = 1, .favourite = RED}, found;
    zcache_read_info info;
    assert_status(ZCACHE_MISS, users_replace(&users, "k", &written, NULL));
    assert_status(ZCACHE_OK, users_add(&users, "k", &written, NULL));
    assert_status(ZCACHE_EXISTS, users_add(&users, "k", &written, NULL));
    assert_status(ZCACHE_OK,
                  users_get(&users, "k", &found, ZCACHE_READ(.with_cas = true, .info = &info)));
    assert_true(info.cas != 0);
    written.id = 2;
    assert_status(ZCACHE_OK, users_replace(&users, "k", &written, NULL));
    written.id = 3;
    assert_status(ZCACHE_CONFLICT, users_cas(&users, "k", &written, info.cas, NULL));
    assert_status(ZCACHE_OK,
                  users_get(&users, "k", &found, ZCACHE_READ(.with_cas = true, .info = &info)));
    assert_int_equal(found.id, 2);
    assert_status(ZCACHE_OK, users_cas(&users, "k", &written, info.cas, NULL));
    assert_status(ZCACHE_OK, users_get(&users, "k", &found, NULL));
    assert_int_equal(found.id, 3);
    assert_status(ZCACHE_E_INVALID, users_cas(&users, "k", &written, 0, NULL));
}

static void test_ttl_of_a_typed_table(void **state)
{
    conform *t = *state;
    users_t users = {0};
    user written = {.id = 1, .favourite = RED}, found;
    zcache_read_info info;
    assert_status(ZCACHE_OK, users_open(t->cache, "users", &users,
                                        ZCACHE_TABLE_OPTIONS(.ttl_ms = ZCACHE_HOURS(1))));
    assert_status(ZCACHE_OK, users_set(&users, "default", &written, NULL));
    assert_status(ZCACHE_OK,
                  users_set(&users, "own", &written, ZCACHE_WRITE(.ttl_ms = ZCACHE_DAYS(1))));
    assert_ttl(users_handle(&users), "default", ZCACHE_HOURS(1));
    int64_t ttl_ms;
    assert_status(ZCACHE_OK, users_ttl(&users, "own", &ttl_ms, NULL));
    assert_true(ttl_ms > ZCACHE_HOURS(23));
    assert_status(ZCACHE_OK, users_touch(&users, "own", NULL));
    assert_status(ZCACHE_OK,
                  users_get(&users, "own", &found, ZCACHE_READ(.with_ttl = true, .info = &info)));
    assert_between(ZCACHE_MINUTES(59), ZCACHE_MINUTES(61), info.ttl_ms);
}

static void test_batches_of_structs(void **state)
{
    conform *t = *state;
    users_t users = open_users(t->cache, NULL);
    const char *keys[] = {"a", "bad", "c", "d"};
    user written[4], found[4];
    zcache_status statuses[4];
    for (int i = 0; i < 4; i++) {
        written[i] = ann();
        written[i].id = i;
    }
    written[1].name = "\xc0\x80";
    assert_status(ZCACHE_E_INVALID, users_set_multi(&users, 4, keys, written, statuses, NULL));
    assert_non_null(strstr(zcache_error_message(), "user.name"));
    assert_int_equal(statuses[0], ZCACHE_OK);
    assert_int_equal(statuses[1], ZCACHE_E_INVALID);
    assert_int_equal(statuses[3], ZCACHE_OK);
    put(users_handle(&users), "c", "{]");
    zcache_read_info infos[4];
    assert_status(ZCACHE_OK, users_get_multi(&users, 4, keys, found, statuses,
                                             ZCACHE_READ(.with_cas = true, .info = infos)));
    assert_int_equal(statuses[0], ZCACHE_OK);
    assert_int_equal(statuses[1], ZCACHE_MISS);
    assert_int_equal(statuses[2], ZCACHE_MISS);
    assert_int_equal(statuses[3], ZCACHE_OK);
    assert_int_equal(found[0].id, 0);
    assert_int_equal(found[3].id, 3);
    assert_string_equal(found[3].tags[0], "admin");
    assert_null(found[1].name);
    assert_null(found[2].name);
    assert_true(infos[0].cas != 0);
    assert_true(infos[1].cas == 0);
    for (int i = 0; i < 4; i++)
        user_free(&found[i]);
    assert_status(ZCACHE_OK, users_del_multi(&users, 4, keys, statuses, NULL));
    assert_int_equal(statuses[0], ZCACHE_OK);
    assert_int_equal(statuses[1], ZCACHE_MISS);
    assert_status(ZCACHE_OK, users_get_multi(&users, 0, NULL, NULL, NULL, NULL));
}

static void test_keys_and_clear_of_a_typed_table(void **state)
{
    conform *t = *state;
    users_t users = open_users(t->cache, NULL);
    user written = {.id = 1, .favourite = RED};
    put(t->cache, "other", "stays");
    assert_status(ZCACHE_OK, users_set(&users, "u1", &written, NULL));
    assert_status(ZCACHE_OK, users_set(&users, "u2", &written, NULL));
    assert_status(ZCACHE_OK, users_set(&users, "v1", &written, NULL));
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    assert_status(ZCACHE_OK, users_keys(&users, "u*", &list, NULL));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.keys[0].data, "u1");
    zcache_key_list_free(&list);
    assert_status(ZCACHE_OK, users_exists(&users, "v1", NULL));
    assert_status(ZCACHE_OK, users_clear(&users, NULL));
    assert_status(ZCACHE_MISS, users_exists(&users, "v1", NULL));
    assert_holds(t->cache, "other", "stays");
}

static void test_bytes_and_strings_are_stored_as_they_are(void **state)
{
    conform *t = *state;
    pages_t pages = {0};
    names_t names = {0};
    assert_status(ZCACHE_OK, pages_open(t->cache, "pages", &pages, NULL));
    assert_status(ZCACHE_OK, names_open(t->cache, "names", &names, NULL));
    zcache_bytes page = {"a\0b", 3}, empty = {"", 0}, found;
    zcache_string name = {"caf\xc3\xa9"}, bad = {"\xff"}, heard;
    assert_status(ZCACHE_OK, pages_set(&pages, "p", &page, NULL));
    assert_status(ZCACHE_OK, pages_set(&pages, "empty", &empty, NULL));
    assert_status(ZCACHE_OK, names_set(&names, "n", &name, NULL));
    assert_status(ZCACHE_E_INVALID, names_set(&names, "bad", &bad, NULL));
    assert_holds(names_handle(&names), "n", "caf\xc3\xa9");
    assert_status(ZCACHE_OK, pages_get(&pages, "p", &found, NULL));
    assert_int_equal(found.size, 3);
    assert_memory_equal(found.data, "a\0b", 3);
    zcache_bytes_free(&found);
    assert_status(ZCACHE_OK, pages_get(&pages, "empty", &found, NULL));
    assert_int_equal(found.size, 0);
    zcache_bytes_free(&found);
    assert_status(ZCACHE_OK, names_get(&names, "n", &heard, NULL));
    assert_string_equal(heard.text, "caf\xc3\xa9");
    zcache_string_free(&heard);
    put(names_handle(&names), "n", "\xff");
    assert_status(ZCACHE_MISS, names_get(&names, "n", &heard, NULL));
}

static void test_codec_of_a_table_is_configured(void **state)
{
    (void)state;
    char prefix[24];
    zcache *cache = OPEN(conform_new_prefix(prefix), "table.users.serialization=msgpack",
                         "table.pages.serialization=string");
    users_t users = {0};
    pages_t pages = {0};
    user written = {.id = 1, .favourite = RED}, found;
    assert_status(ZCACHE_OK, users_open(cache, "users", &users, NULL));
    assert_status(ZCACHE_OK, users_set(&users, "k", &written, NULL));
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, zcache_get(users_handle(&users), "k", &value, NULL));
    assert_int_equal(((unsigned char *)value.data)[0], 0x8b); /* a map of 11 */
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, users_get(&users, "k", &found, NULL));
    assert_int_equal(found.favourite, RED);
    user_free(&found);
    users_t same = {0};
    assert_status(ZCACHE_OK, users_open(cache, "users", &same, NULL));
    assert_ptr_equal(users.typed, same.typed);
    assert_status(ZCACHE_E_CONFIG, pages_open(cache, "pages", &pages, NULL));
    assert_null(pages.typed);
    assert_status(ZCACHE_E_CONFIG, users_open(cache, "users", &same,
                                              ZCACHE_TABLE_OPTIONS(.serialization = "nosuch")));
    assert_non_null(strstr(zcache_error_message(), "nosuch"));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_table_that_was_not_opened_is_refused(void **state)
{
    (void)state;
    users_t users = {0};
    user one = {0};
    const char *keys[] = {"k"};
    zcache_status statuses[1] = {ZCACHE_OK};
    assert_status(ZCACHE_E_INVALID, users_get(&users, "k", &one, NULL));
    assert_status(ZCACHE_E_INVALID, users_set(&users, "k", &one, NULL));
    assert_status(ZCACHE_E_INVALID, users_del(&users, "k", NULL));
    assert_status(ZCACHE_E_INVALID, users_clear(&users, NULL));
    assert_status(ZCACHE_E_INVALID, users_get_multi(&users, 1, keys, &one, statuses, NULL));
    assert_int_equal(statuses[0], ZCACHE_E_INVALID);
    assert_null(users_handle(&users));
}

static const struct CMUnitTest typed_tests[] = {
    TEST(test_struct_comes_back_as_it_was),
    TEST(test_empty_struct_comes_back_empty),
    TEST(test_miss_leaves_the_struct_zero),
    TEST(test_stored_form_is_plain_json),
    TEST(test_what_is_no_such_struct_is_a_counted_miss),
    TEST(test_what_is_no_such_struct_is_an_error_if_configured),
    TEST(test_value_that_cannot_be_stored_is_refused),
    TEST(test_modes_of_a_typed_write),
    TEST(test_ttl_of_a_typed_table),
    TEST(test_batches_of_structs),
    TEST(test_keys_and_clear_of_a_typed_table),
    TEST(test_bytes_and_strings_are_stored_as_they_are),
    TEST(test_codec_of_a_table_is_configured),
    TEST(test_table_that_was_not_opened_is_refused),
};
CONFORM_PART(typed, .only = NULL);
