/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Bad arguments are answered with an error and a message that says which, and nothing happens.
 */
#include "conform.h"

static void test_null_key_is_refused(void **state)
{
    conform *t = *state;
    int64_t number;
    assert_status(ZCACHE_E_KEY, zcache_get(t->cache, NULL, &t->value, NULL));
    assert_status(ZCACHE_E_KEY, zcache_get_n(t->cache, NULL, 3, &t->value, NULL));
    assert_status(ZCACHE_E_KEY, zcache_set(t->cache, NULL, "v", 1, NULL));
    assert_status(ZCACHE_E_KEY, zcache_add(t->cache, NULL, "v", 1, NULL));
    assert_status(ZCACHE_E_KEY, zcache_replace(t->cache, NULL, "v", 1, NULL));
    assert_status(ZCACHE_E_KEY, zcache_cas(t->cache, NULL, "v", 1, 1, NULL));
    assert_status(ZCACHE_E_KEY, zcache_del(t->cache, NULL, NULL));
    assert_status(ZCACHE_E_KEY, zcache_exists(t->cache, NULL, NULL));
    assert_status(ZCACHE_E_KEY, zcache_ttl(t->cache, NULL, &number, NULL));
    assert_status(ZCACHE_E_KEY, zcache_touch(t->cache, NULL, NULL));
    assert_status(ZCACHE_E_KEY, zcache_incr(t->cache, NULL, 1, &number, NULL));
}

static void test_null_key_in_a_batch_fails_alone(void **state)
{
    conform *t = *state;
    const char *const keys[] = {"a", NULL};
    zcache_value values[2] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT};
    zcache_status statuses[2];
    put(t->cache, "a", "v");
    assert_status(ZCACHE_E_KEY, zcache_get_multi(t->cache, 2, keys, values, statuses, NULL));
    assert_int_equal(statuses[0], ZCACHE_OK);
    assert_int_equal(statuses[1], ZCACHE_E_KEY);
    zcache_value_free(&values[0]);
    zcache_item items[2] = {{.key = zcache_str("b"), .value = zcache_str("v")},
                            {.key = {NULL, 5}, .value = zcache_str("v")}};
    assert_status(ZCACHE_E_KEY, zcache_set_multi(t->cache, 2, items, NULL));
    assert_holds(t->cache, "b", "v");
    assert_status(ZCACHE_E_KEY, zcache_del_multi(t->cache, 2, keys, statuses, NULL));
    assert_int_equal(statuses[0], ZCACHE_OK);
}

static void test_missing_data_is_refused(void **state)
{
    conform *t = *state;
    zcache_item item = {.key = zcache_str("k"), .value = {NULL, 4}};
    assert_error(ZCACHE_E_INVALID, "data", zcache_set(t->cache, "k", NULL, 4, NULL));
    assert_error(ZCACHE_E_INVALID, "data", zcache_set_multi(t->cache, 1, &item, NULL));
    assert_int_equal(item.status, ZCACHE_E_INVALID);
    assert_miss(t->cache, "k");
}

static void test_missing_outputs_and_callbacks_are_refused(void **state)
{
    conform *t = *state;
    const char *const keys[] = {"k"};
    assert_error(ZCACHE_E_INVALID, "value", zcache_get(t->cache, "k", NULL, NULL));
    assert_error(ZCACHE_E_INVALID, "ttl_ms", zcache_ttl(t->cache, "k", NULL, NULL));
    assert_status(ZCACHE_E_INVALID, zcache_get_multi(t->cache, 1, keys, NULL, NULL, NULL));
    assert_status(ZCACHE_E_INVALID, zcache_get_multi(t->cache, 1, NULL, &t->value, NULL, NULL));
    assert_status(ZCACHE_E_INVALID, zcache_set_multi(t->cache, 1, NULL, NULL));
    assert_status(ZCACHE_E_INVALID, zcache_del_multi(t->cache, 1, NULL, NULL, NULL));
    assert_error(ZCACHE_E_INVALID, "each", zcache_scan(t->cache, NULL, NULL, NULL, NULL));
    assert_error(ZCACHE_E_INVALID, "list", zcache_keys(t->cache, NULL, NULL, NULL));
    assert_error(ZCACHE_E_INVALID, "each", zcache_stats(t->cache, NULL, NULL, NULL));
    assert_error(ZCACHE_E_INVALID, "name", zcache_provider(t->cache, NULL, 32));
    assert_error(ZCACHE_E_INVALID, "table", zcache_table(t->cache, "users", NULL));
    assert_error(ZCACHE_E_INVALID, "cache", zcache_open(NULL, NULL));
    zcache_key_list_free(NULL);
}

static void test_timeouts_are_checked(void **state)
{
    conform *t = *state;
    static const int64_t bad[] = {-1, INT64_MIN, 3600001, INT64_MAX};
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    put(t->cache, "k", "v");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const zcache_read_options *read = ZCACHE_READ(.timeout_ms = bad[i]);
        const zcache_write_options *write = ZCACHE_WRITE(.timeout_ms = bad[i]);
        assert_error(ZCACHE_E_INVALID, "timeout", zcache_get(t->cache, "k", &t->value, read));
        assert_status(ZCACHE_E_INVALID, zcache_exists(t->cache, "k", read));
        assert_status(ZCACHE_E_INVALID, zcache_set(t->cache, "k", "w", 1, write));
        assert_status(ZCACHE_E_INVALID, zcache_del(t->cache, "k", write));
        assert_status(ZCACHE_E_INVALID, zcache_incr(t->cache, "k", 1, NULL, write));
        assert_status(ZCACHE_E_INVALID, zcache_ping(t->cache, read));
    }
    assert_status(ZCACHE_E_INVALID,
                  zcache_keys(t->cache, NULL, &list, ZCACHE_SCAN(.timeout_ms = -1)));
    assert_status(ZCACHE_E_INVALID,
                  zcache_keys(t->cache, NULL, &list, ZCACHE_SCAN(.timeout_ms = 86400001)));
    assert_status(ZCACHE_E_INVALID, zcache_clear(t->cache, ZCACHE_SCAN(.timeout_ms = -1)));
    assert_status(ZCACHE_OK,
                  zcache_get(t->cache, "k", &t->value, ZCACHE_READ(.timeout_ms = 3600000)));
    assert_text("v", &t->value);
}

/* Who fills in an options struct by hand may forget its size. */
static void test_options_without_size_are_refused(void **state)
{
    conform *t = *state;
    zcache_read_options read = {.timeout_ms = 1000};
    zcache_write_options write = {.ttl_ms = 1000};
    zcache_scan_options scan = {.with_ttl = true};
    assert_error(ZCACHE_E_INVALID, "ZCACHE_READ", zcache_get(t->cache, "k", &t->value, &read));
    assert_error(ZCACHE_E_INVALID, "ZCACHE_WRITE", zcache_set(t->cache, "k", "v", 1, &write));
    assert_error(ZCACHE_E_INVALID, "ZCACHE_SCAN", zcache_clear(t->cache, &scan));
}

static void test_options_of_an_older_program_are_taken(void **state)
{
    conform *t = *state;
    zcache_write_options write = {.size = offsetof(zcache_write_options, timeout_ms),
                                  .ttl_ms = ZCACHE_HOURS(1),
                                  .timeout_ms = -5};
    assert_status(ZCACHE_OK, zcache_set(t->cache, "k", "v", 1, &write));
    assert_ttl(t->cache, "k", ZCACHE_HOURS(1));
}

static void test_wrong_settings_are_refused_with_their_name(void **state)
{
    (void)state;
    static const struct {
        const char *setting, *part;
    } cases[] = {
        {"cache.time_out=1s", "timeout"},
        {"cache.timeout=1000", "timeout"},
        {"cache.timeout=-1s", "timeout"},
        {"cache.errors=ignore", "errors"},
        {"cache.max_value_size=0", "max_value_size"},
        {"cache.max_key_length=5", "max_key_length"},
        {"cache.default_ttl=60", "default_ttl"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        zcache *cache = NULL;
        const char *const settings[] = {cases[i].setting, NULL};
        assert_error(ZCACHE_E_CONFIG, cases[i].part,
                     conform_try_open(&cache, conform_server, settings));
        assert_null(cache);
    }
}

static void test_unknown_option_of_the_provider_is_refused(void **state)
{
    (void)state;
    char setting[64];
    zcache *cache = NULL;
    snprintf(setting, sizeof(setting), "%s.no_such_option=1", conform_provider_now->name);
    const char *const settings[] = {setting, NULL};
    assert_error(ZCACHE_E_CONFIG, "no_such_option",
                 conform_try_open(&cache, conform_server, settings));
    assert_null(cache);
}

static void test_table_cannot_be_closed_or_have_tables(void **state)
{
    conform *t = *state;
    zcache *table, *inner;
    assert_status(ZCACHE_OK, zcache_table(t->cache, "users", &table));
    assert_error(ZCACHE_E_INVALID, "users", zcache_close(table));
    assert_error(ZCACHE_E_INVALID, "users", zcache_table(table, "x", &inner));
    assert_null(inner);
    put(table, "1", "v");
}

static void test_status_names_are_known_for_every_number(void **state)
{
    (void)state;
    assert_string_equal(zcache_status_name(ZCACHE_E_TIMEOUT), "ZCACHE_E_TIMEOUT");
    assert_string_equal(zcache_status_text(ZCACHE_E_TIMEOUT), "the deadline passed");
    for (int number = -100; number < 100; number++) {
        assert_non_null(zcache_status_name((zcache_status)number));
        assert_non_null(zcache_status_text((zcache_status)number));
    }
}

static const struct CMUnitTest argument_tests[] = {
    TEST(test_null_key_is_refused),
    TEST(test_null_key_in_a_batch_fails_alone),
    TEST(test_missing_data_is_refused),
    TEST(test_missing_outputs_and_callbacks_are_refused),
    TEST(test_timeouts_are_checked),
    TEST(test_options_without_size_are_refused),
    TEST(test_options_of_an_older_program_are_taken),
    TEST(test_wrong_settings_are_refused_with_their_name),
    TEST(test_unknown_option_of_the_provider_is_refused),
    TEST(test_table_cannot_be_closed_or_have_tables),
    TEST(test_status_names_are_known_for_every_number),
};
CONFORM_PART(argument, .only = NULL);
