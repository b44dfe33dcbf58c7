/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Plugins that were compiled when ABI 1.0 came out (v1.0/, against the headers there) run on
 * today's library, through the public API: each operation of a provider, each type of option,
 * codecs of both kinds, a filter.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <zcache/admin.h>
#include <zcache/table.h>
#include <zcache/zcache.h>

#include "child.h"
#include "expect.h"

/* What the frozen headers say, of which only this is needed here. */
#define FROZEN_VERSION "1.0.0"

typedef struct note {
    int64_t id;
    const char *text;
} note;

ZCACHE_STRUCT(note, ZC_I64(id), ZC_STRING(text))
ZCACHE_TABLE(notes, note)

typedef struct record {
    int64_t id;
    uint64_t natural;
    double real;
    float single;
    bool flag;
    const char *name;
    const char **tags;
    size_t ntags;
} record;

ZCACHE_STRUCT(record, ZC_I64(id), ZC_U64(natural), ZC_DOUBLE(real), ZC_FLOAT(single), ZC_BOOL(flag),
              ZC_STRING(name), ZC_ARRAY(tags, ntags, ZC_STRING))
ZCACHE_TABLE(records, record)

/* ---- a cache on them ------------------------------------------------------------------------- */

static char logged[4096]; /* by the thread of the test, and by a close of the library's */
static pthread_mutex_t logged_lock = PTHREAD_MUTEX_INITIALIZER;

static void take_line(void *user, zcache_log_level level, const char *message)
{
    (void)user, (void)level;
    pthread_mutex_lock(&logged_lock);
    size_t used = strlen(logged);
    snprintf(logged + used, sizeof(logged) - used, "%s\n", message);
    pthread_mutex_unlock(&logged_lock);
}

static zcache_status try_open(zcache **cache, const char *setting)
{
    char path[4096];
    snprintf(path, sizeof(path), "cache.plugin_path=%s/tests/abi/.libs",
             getenv("ZCACHE_TEST_BUILD"));
    const char *const settings[] = {path, "cache.allow_flush=yes", "cache.timeout=20s", setting,
                                    NULL};
    logged[0] = '\0';
    return zcache_open(
        cache, ZCACHE_OPTIONS(.provider = "frozen", .settings = settings, .log = take_line));
}

static zcache *open_frozen(const char *setting)
{
    zcache *cache = NULL;
    assert_status(ZCACHE_OK, try_open(&cache, setting));
    return cache;
}

typedef struct wanted {
    const char *name;
    int64_t number;
    char text[256];
    bool found;
} wanted;

static void take_stat(void *user, const zcache_stat *stat)
{
    wanted *one = user;
    if (strcmp(stat->name, one->name) != 0)
        return;
    one->found = true;
    one->number = stat->number;
    if (stat->kind == ZCACHE_STAT_TEXT)
        snprintf(one->text, sizeof(one->text), "%s", stat->text);
}

static int64_t stat_number(zcache *cache, const char *name)
{
    wanted one = {.name = name};
    assert_status(ZCACHE_OK, zcache_stats(cache, take_stat, &one, NULL));
    assert_true(one.found);
    return one.number;
}

static void assert_told(zcache *cache, const char *name, const char *expected)
{
    wanted one = {.name = name};
    assert_status(ZCACHE_OK, zcache_stats(cache, take_stat, &one, NULL));
    assert_string_equal(one.text, expected);
}

static void assert_holds(zcache *cache, const char *key, const char *text)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, zcache_get(cache, key, &value, NULL));
    assert_text(text, &value);
    zcache_value_free(&value);
}

/* ---- the provider ---------------------------------------------------------------------------- */

static void test_life_is_as_it_was(void **state)
{
    (void)state;
    zcache *cache = open_frozen(NULL);
    char expected[64];
    snprintf(expected, sizeof(expected), "opened on %s\n", zcache_version());
    assert_non_null(strstr(logged, expected));
    assert_status(ZCACHE_OK, zcache_ping(cache, NULL));
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
    const char *quiesced = strstr(logged, "quiesced\n"), *closed = strstr(logged, "closed\n");
    assert_non_null(quiesced);
    assert_non_null(closed);
    assert_true(quiesced < closed);
}

static void exercise_writes(zcache *cache)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_MISS, zcache_get(cache, "a", &value, NULL));
    assert_status(ZCACHE_MISS, zcache_replace(cache, "a", "0", 1, NULL));
    assert_status(ZCACHE_OK, zcache_add(cache, "a", "1", 1, NULL));
    assert_status(ZCACHE_EXISTS, zcache_add(cache, "a", "2", 1, NULL));
    assert_status(ZCACHE_OK, zcache_replace(cache, "a", "", 0, NULL));
    assert_holds(cache, "a", "");
    assert_status(ZCACHE_OK, zcache_get(cache, "a", &value, ZCACHE_READ(.with_cas = true)));
    assert_status(ZCACHE_OK, zcache_cas(cache, "a", "3", 1, value.cas, NULL));
    assert_status(ZCACHE_CONFLICT, zcache_cas(cache, "a", "4", 1, value.cas, NULL));
    assert_status(ZCACHE_MISS, zcache_cas(cache, "b", "4", 1, value.cas, NULL));
    assert_holds(cache, "a", "3");
    assert_status(ZCACHE_E_SERVER, zcache_get(cache, "fail", &value, NULL));
    assert_status(ZCACHE_OK, zcache_del(cache, "a", NULL));
    assert_status(ZCACHE_MISS, zcache_del(cache, "a", NULL));
    zcache_value_free(&value);
}

static void exercise_times(zcache *cache)
{
    int64_t ttl_ms;
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK,
                  zcache_set(cache, "t", "v", 1, ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1))));
    assert_status(ZCACHE_OK, zcache_get(cache, "t", &value, ZCACHE_READ(.with_ttl = true)));
    assert_between(ZCACHE_MINUTES(50), ZCACHE_HOURS(1), value.ttl_ms);
    assert_status(ZCACHE_OK, zcache_ttl(cache, "t", &ttl_ms, NULL));
    assert_between(ZCACHE_MINUTES(50), ZCACHE_HOURS(1), ttl_ms);
    assert_status(ZCACHE_OK, zcache_touch(cache, "t", ZCACHE_WRITE(.ttl_ms = ZCACHE_TTL_NEVER)));
    assert_status(ZCACHE_OK, zcache_ttl(cache, "t", &ttl_ms, NULL));
    assert_int_equal(ttl_ms, ZCACHE_TTL_NEVER);
    assert_status(ZCACHE_OK, zcache_touch(cache, "t", ZCACHE_WRITE(.ttl_ms = 1)));
    while (zcache_exists(cache, "t", NULL) == ZCACHE_OK)
        ; /* a millisecond */
    assert_status(ZCACHE_MISS, zcache_exists(cache, "t", NULL));
    assert_status(ZCACHE_MISS, zcache_ttl(cache, "t", &ttl_ms, NULL));
    zcache_value_free(&value);
}

static void exercise_counters(zcache *cache)
{
    int64_t number;
    assert_status(ZCACHE_OK, zcache_incr(cache, "n", 5, &number, NULL));
    assert_int_equal(number, 5);
    assert_status(ZCACHE_OK, zcache_incr(cache, "n", -7, &number, NULL));
    assert_int_equal(number, -2);
    assert_holds(cache, "n", "-2");
    assert_status(ZCACHE_OK, zcache_set(cache, "n", "x", 1, NULL));
    assert_error(ZCACHE_E_TYPE, "\"x\" is no number", zcache_incr(cache, "n", 1, &number, NULL));
}

static void exercise_batches_and_keys(zcache *cache)
{
    zcache *table;
    assert_status(ZCACHE_OK, zcache_table(cache, "table", &table));
    zcache_item items[] = {
        {.key = zcache_str("k1"), .value = zcache_str("one")},
        {.key = zcache_str("k2"), .value = zcache_str("two"), .mode = ZCACHE_SET_REPLACE},
        {.key = zcache_str("k3"), .value = zcache_str("three"), .mode = ZCACHE_SET_ADD},
    };
    assert_status(ZCACHE_OK, zcache_set_multi(table, 3, items, NULL));
    assert_int_equal(items[0].status, ZCACHE_OK);
    assert_int_equal(items[1].status, ZCACHE_MISS);
    assert_int_equal(items[2].status, ZCACHE_OK);
    assert_told(table, "frozen_table", "table");
    const char *const keys[] = {"k1", "k2", "k3"};
    zcache_value values[3] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT};
    zcache_status statuses[3];
    assert_status(ZCACHE_OK, zcache_get_multi(table, 3, keys, values, statuses, NULL));
    assert_int_equal(statuses[1], ZCACHE_MISS);
    assert_text("three", &values[2]);
    for (size_t i = 0; i < 3; i++)
        zcache_value_free(&values[i]);

    assert_status(ZCACHE_OK, zcache_set(cache, "beside", "v", 1, NULL));
    assert_told(cache, "frozen_table", "");
    zcache_key_list list;
    assert_status(ZCACHE_OK, zcache_keys(table, "k*", &list, NULL));
    assert_int_equal(list.count, 2);
    zcache_key_list_free(&list);
    assert_status(ZCACHE_OK, zcache_clear(table, NULL));
    assert_status(ZCACHE_MISS, zcache_exists(table, "k1", NULL));
    assert_status(ZCACHE_OK, zcache_exists(cache, "beside", NULL));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_MISS, zcache_exists(cache, "beside", NULL));
}

static void exercise_all(zcache *cache)
{
    exercise_writes(cache);
    exercise_times(cache);
    exercise_counters(cache);
    exercise_batches_and_keys(cache);
    assert_int_equal(stat_number(cache, "frozen_items"), 0);
}

static void test_operations_are_as_they_were(void **state)
{
    (void)state;
    zcache *cache = open_frozen(NULL);
    exercise_all(cache);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_options_are_as_they_were(void **state)
{
    (void)state;
    zcache *cache = open_frozen(NULL);
    assert_told(cache, "frozen_options", "none 7 4096 5000 1 1 3:c 0.250");
    assert_status(ZCACHE_OK,
                  zcache_plugin_set(
                      cache, (const char *const[]){"frozen.word=other", "frozen.part=0.5", NULL}));
    assert_told(cache, "frozen_options", "other 7 4096 5000 1 1 3:c 0.500");
    assert_int_equal(stat_number(cache, "frozen_configures"), 1);
    while (stat_number(cache, "frozen_released") == 0)
        ; /* as soon as nothing runs that began before the change */
    assert_int_equal(stat_number(cache, "frozen_released"), 1);
    assert_error(ZCACHE_E_CONFIG, "number",
                 zcache_plugin_set(cache, (const char *const[]){"frozen.number=11", NULL}));
    assert_status(ZCACHE_OK, zcache_close(cache));

    cache = open_frozen("frozen.choice=one");
    assert_told(cache, "frozen_options", "none 7 4096 5000 1 0 3:c 0.250");
    assert_status(ZCACHE_OK, zcache_close(cache));
    assert_error(ZCACHE_E_CONFIG, "did you mean", try_open(&cache, "frozen.choise=one"));
}

static void test_native_handles_are_as_they_were(void **state)
{
    (void)state;
    zcache *cache = open_frozen(NULL);
    zcache_status status;
    int64_t *leases = zcache_native_acquire(cache, "frozen.counter/1.0", &status);
    assert_non_null(leases);
    assert_int_equal(*leases, 1);
    assert_status(ZCACHE_OK, zcache_native_release(cache, leases));
    assert_int_equal(stat_number(cache, "frozen_leases"), 0);
    assert_null(zcache_native_acquire(cache, "frozen.counter/2.0", &status));
    assert_int_equal(status, ZCACHE_E_TYPE);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void *use_in_thread(void *cache)
{
    check_status(ZCACHE_OK, zcache_set(cache, "thread", "v", 1, NULL));
    return NULL;
}

static void test_threads_and_forks_are_as_they_were(void **state)
{
    (void)state;
    zcache *cache = open_frozen(NULL);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, use_in_thread, cache), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(checks_failed(), 0);
    assert_int_equal(stat_number(cache, "frozen_thread_exits"), 1);
    pid_t child = child_fork();
    if (child == 0) {
        wanted forks = {.name = "frozen_forks"};
        check_status(ZCACHE_OK, zcache_exists(cache, "thread", NULL));
        check_status(ZCACHE_OK, zcache_stats(cache, take_stat, &forks, NULL));
        check_that(forks.number == 2);
        child_end();
    }
    assert_child_ends_well(child);
    assert_int_equal(stat_number(cache, "frozen_forks"), 2);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- filter and codecs ----------------------------------------------------------------------- */

static void test_filter_runs_on_its_version_alone(void **state)
{
    (void)state;
    zcache *cache = NULL;
    zcache_status status = try_open(&cache, "cache.filters=frozen-filter");
    if (strcmp(zcache_version(), FROZEN_VERSION) != 0) {
        assert_int_equal(status, ZCACHE_E_PLUGIN);
        assert_non_null(strstr(zcache_error_message(), FROZEN_VERSION));
        return;
    }
    assert_int_equal(status, ZCACHE_OK);
    exercise_all(cache);
    assert_status(ZCACHE_OK, zcache_ping(cache, NULL));
    assert_true(stat_number(cache, "frozen_filter_passed") > 40);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_codec_by_tokens_is_as_it_was(void **state)
{
    (void)state;
    zcache *cache = open_frozen("cache.serialization=frozen-tokens");
    records_t table;
    const char *tags[] = {"red", ""};
    const record written = {.id = INT64_MIN,
                            .natural = UINT64_MAX,
                            .real = 0.1,
                            .single = 0.5F,
                            .flag = true,
                            .name = "na\"me",
                            .tags = tags,
                            .ntags = 2};
    record found;
    assert_status(ZCACHE_OK, records_open(cache, "records", &table, NULL));
    assert_status(ZCACHE_OK, records_set(&table, "1", &written, NULL));
    assert_status(ZCACHE_OK, records_get(&table, "1", &found, NULL));
    assert_true(found.id == INT64_MIN && found.natural == UINT64_MAX && found.real == 0.1 &&
                found.single == 0.5F && found.flag && found.ntags == 2);
    assert_string_equal(found.name, "na\"me");
    assert_string_equal(found.tags[0], "red");
    assert_string_equal(found.tags[1], "");
    record_free(&found);
    assert_status(ZCACHE_OK, zcache_set(cache, "records:1", "m", 1, NULL)); /* cut off */
    assert_status(ZCACHE_MISS, records_get(&table, "1", &found, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_codec_by_values_is_as_it_was(void **state)
{
    (void)state;
    zcache *cache = open_frozen("cache.serialization=frozen-values");
    notes_t table;
    const note written = {.id = 7, .text = "seven"}, wrong = {.id = 8};
    note found;
    assert_status(ZCACHE_OK, notes_open(cache, "notes", &table, NULL));
    assert_status(ZCACHE_OK, notes_set(&table, "7", &written, NULL));
    assert_status(ZCACHE_OK, notes_get(&table, "7", &found, NULL));
    assert_int_equal(found.id, 7);
    assert_string_equal(found.text, "seven");
    note_free(&found);
    assert_error(ZCACHE_E_INVALID, "a note has a text", notes_set(&table, "8", &wrong, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

int main(void)
{
    expect_of("frozen");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life_is_as_it_was),
        cmocka_unit_test(test_operations_are_as_they_were),
        cmocka_unit_test(test_options_are_as_they_were),
        cmocka_unit_test(test_native_handles_are_as_they_were),
        cmocka_unit_test(test_threads_and_forks_are_as_they_were),
        cmocka_unit_test(test_filter_runs_on_its_version_alone),
        cmocka_unit_test(test_codec_by_tokens_is_as_it_was),
        cmocka_unit_test(test_codec_by_values_is_as_it_was),
    };
    return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
