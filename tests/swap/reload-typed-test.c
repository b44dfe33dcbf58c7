/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What a reload does to typed tables that are open: their codec follows the configuration, while
 * threads use them.
 */
#include <stdatomic.h>

#include "threads.h"
#include <zcache/table.h>

/* last: its variables have the names of parameters of the headers above */
#include "reload-harness.h"

typedef struct user {
    int64_t id;
    const char *name;
} user;
ZCACHE_STRUCT(user, ZC_I64(id), ZC_STRING(name))
ZCACHE_TABLE(users, user)
ZCACHE_TABLE(pages, zcache_bytes)

static users_t users;

static void open_users(const char *text, const zcache_table_options *options)
{
    harness_open(text);
    assert_status(ZCACHE_OK, users_open(cache, "users", &users, options));
}

/* What is stored for a user now: the first byte tells the codec. */
static unsigned char first_byte(void)
{
    user one = {.id = 1, .name = "Ann"};
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, users_set(&users, "k", &one, NULL));
    assert_status(ZCACHE_OK, zcache_get(users_handle(&users), "k", &value, NULL));
    unsigned char byte = *(unsigned char *)value.data;
    zcache_value_free(&value);
    user found;
    assert_status(ZCACHE_OK, users_get(&users, "k", &found, NULL));
    assert_string_equal(found.name, "Ann");
    user_free(&found);
    return byte;
}

#define JSON    '{'
#define MSGPACK 0x82

static void test_the_codec_of_an_open_table_changes_live(void **state)
{
    (void)state;
    open_users("", NULL);
    assert_int_equal(first_byte(), JSON);
    harness_edit("serialization = msgpack\n");
    assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_SETTINGS);
    assert_int_equal(first_byte(), MSGPACK);
    harness_edit("serialization = msgpack\n[table.users]\nserialization = json\n");
    assert_string_equal(harness_reload()->names, "[table.users] serialization");
    assert_int_equal(first_byte(), JSON);
    harness_edit("");
    harness_reload();
    assert_int_equal(first_byte(), JSON);
}

static void test_a_codec_that_cannot_be_had_changes_nothing(void **state)
{
    (void)state;
    open_users("", NULL);
    static const char *const wrong[] = {"nosuch", "bytes", "memory"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[128];
        snprintf(text, sizeof(text), "timeout = 3s\n[table.users]\nserialization = %s\n", wrong[i]);
        harness_edit(text);
        zcache_status status = zcache_reload(cache, NULL);
        assert_true(status == ZCACHE_E_CONFIG || status == ZCACHE_E_PLUGIN);
        assert_non_null(strstr(zcache_error_message(), wrong[i]));
        assert_non_null(strstr(zcache_error_message(), "table users"));
        assert_int_equal(first_byte(), JSON);
        assert_int_equal(stat_of("cache_config_reload_failures"), i + 1);
    }
}

static void test_what_the_program_chose_stays(void **state)
{
    (void)state;
    open_users("", ZCACHE_TABLE_OPTIONS(.serialization = "msgpack", .ttl_ms = ZCACHE_HOURS(1)));
    harness_edit("[table.users]\nserialization = json\nttl = 1m\n");
    harness_reload();
    assert_int_equal(first_byte(), MSGPACK);
    int64_t ttl_ms;
    assert_status(ZCACHE_OK, users_ttl(&users, "k", &ttl_ms, NULL));
    assert_between(ZCACHE_MINUTES(2), ZCACHE_HOURS(1), ttl_ms);
}

static void test_bytes_do_not_follow_the_codec_of_structs(void **state)
{
    (void)state;
    pages_t pages;
    zcache_bytes page = {"\x01\x02", 2};
    zcache_value value = ZCACHE_VALUE_INIT;
    open_users("", NULL);
    assert_status(ZCACHE_OK, pages_open(cache, "pages", &pages, NULL));
    harness_edit("serialization = msgpack\n");
    harness_reload();
    assert_status(ZCACHE_OK, pages_set(&pages, "k", &page, NULL));
    assert_status(ZCACHE_OK, zcache_get(pages_handle(&pages), "k", &value, NULL));
    assert_int_equal(value.size, 2);
    zcache_value_free(&value);
}

/* ---- under load ------------------------------------------------------------------------------ */

#define RELOADS 40

static _Atomic bool done;

/* Values of the codec before are misses; none is ever wrong. */
static void use_or_reload(void *unused, size_t thread)
{
    (void)unused;
    if (thread == 0) {
        for (int i = 0; i < RELOADS; i++) {
            harness_edit(i % 2 == 0 ? "serialization = msgpack\n" : "serialization = json\n");
            check_status(ZCACHE_OK, zcache_reload(cache, NULL));
        }
        atomic_store(&done, true);
        return;
    }
    char key[32], name[64];
    snprintf(key, sizeof(key), "k%zu", thread);
    for (int64_t i = 0; !atomic_load(&done); i++) {
        snprintf(name, sizeof(name), "%zu/%lld", thread, (long long)i);
        user one = {.id = i, .name = name}, found;
        check_status(ZCACHE_OK, users_set(&users, key, &one, NULL));
        zcache_status status = users_get(&users, key, &found, NULL);
        if (check_that(status == ZCACHE_OK || status == ZCACHE_MISS) && status == ZCACHE_OK) {
            check_that(found.id == i && strcmp(found.name, name) == 0);
            user_free(&found);
        }
        users_t again;
        check_status(ZCACHE_OK, users_open(cache, "users", &again, NULL));
        check_that(again.typed == users.typed);
    }
}

static void test_codecs_change_under_load(void **state)
{
    (void)state;
    open_users("log_level = error\n", NULL);
    atomic_store(&done, false);
    threads_run(4, use_or_reload, NULL);
    assert_int_equal(checks_failed(), 0);
    assert_int_equal(first_byte(), JSON);
}

#define TYPED_TEST(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TYPED_TEST(test_the_codec_of_an_open_table_changes_live),
        TYPED_TEST(test_a_codec_that_cannot_be_had_changes_nothing),
        TYPED_TEST(test_what_the_program_chose_stays),
        TYPED_TEST(test_bytes_do_not_follow_the_codec_of_structs),
        TYPED_TEST(test_codecs_change_under_load),
    };
    harness_start_servers();
    int failures = cmocka_run_group_tests_name("reload-typed", tests, NULL, NULL);
    harness_stop_servers();
    return failures;
}
