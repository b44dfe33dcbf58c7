/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What zcache_reload promises: settings change live above an open provider, another provider or
 * another build of it is swapped to, and what is wrong changes nothing.
 */
#include <limits.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../fixtures/fixture-files.h"
#include "threads.h"
#include <zcache/native/memory.h>

/* last: its variables have the names of parameters of the headers above */
#include "reload-harness.h"

static void set(zcache *where, const char *key, const char *text)
{
    assert_status(ZCACHE_OK, zcache_set(where, key, text, strlen(text), NULL));
}

static void assert_value(zcache *where, const char *key, const char *expected)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, zcache_get(where, key, &value, NULL));
    assert_text(expected, &value);
    zcache_value_free(&value);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void test_nothing_changed_is_told(void **state)
{
    (void)state;
    harness_open("timeout = 1s\n[memory]\nmax_memory = 64m\n");
    set(cache, "a", "1");
    const zcache_reload_report *report = harness_reload();
    assert_int_equal(report->change, ZCACHE_RELOAD_NOTHING);
    assert_int_equal(report->count, 0);
    assert_string_equal(report->names, "");
    assert_int_equal(stat_of("cache_generation"), 1);
    /* written otherwise, it is the same */
    harness_edit("# a comment\ntimeout = 1000ms\n[memory]\nmax_memory = 65536k\n");
    assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_NOTHING);
    assert_value(cache, "a", "1");
    assert_status(ZCACHE_OK, zcache_reload(cache, NULL));
}

static void test_settings_change_live_and_entries_stay(void **state)
{
    (void)state;
    harness_open("max_value_size = 10\n");
    zcache_value value = ZCACHE_VALUE_INIT;
    set(cache, "a", "1");
    assert_status(ZCACHE_E_TOO_LARGE, zcache_set(cache, "b", "01234567890", 11, NULL));
    assert_status(ZCACHE_OK, zcache_get(cache, "a", &value, ZCACHE_READ(.with_cas = true)));
    harness_edit("max_value_size = 20\ntimeout = 2s\ndefault_ttl = 1h\n");
    const zcache_reload_report *report = harness_reload();
    assert_int_equal(report->change, ZCACHE_RELOAD_SETTINGS);
    assert_int_equal(report->count, 3);
    assert_string_equal(report->names,
                        "[cache] default_ttl, [cache] timeout, [cache] max_value_size");
    assert_value(cache, "a", "1");
    assert_status(ZCACHE_OK, zcache_set(cache, "b", "01234567890", 11, NULL));
    int64_t ttl_ms;
    assert_status(ZCACHE_OK, zcache_ttl(cache, "b", &ttl_ms, NULL));
    assert_between(1, ZCACHE_HOURS(1), ttl_ms);
    assert_status(ZCACHE_OK, zcache_ttl(cache, "a", &ttl_ms, NULL));
    assert_int_equal(ttl_ms, ZCACHE_TTL_NEVER);
    /* the provider's tokens are what they were */
    assert_status(ZCACHE_OK, zcache_cas(cache, "a", "2", 1, value.cas, NULL));
    zcache_value_free(&value);
    /* and a swap away from it closes it all the same */
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "redis")));
    if (getenv("ZCACHE_KEEP_MODULES") == NULL)
        assert_false(is_mapped("/memory.so"));
}

static void test_a_new_timeout_holds(void **state)
{
    (void)state;
    harness_open("provider = redis\ntimeout = 1h\n");
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_MISS, zcache_get(cache, "a", &value, NULL));
    server_freeze(redis);
    harness_edit("provider = redis\ntimeout = 50ms\n");
    assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_SETTINGS); /* asks no server */
    int64_t begin_ms = clock_ms();
    assert_status(ZCACHE_E_TIMEOUT, zcache_get(cache, "a", &value, NULL));
    assert_between(50, 50 + CLOCK_SLACK_MS, clock_ms() - begin_ms);
    server_thaw(redis);
    zcache_value_free(&value);
}

static void test_log_level_changes_live(void **state)
{
    (void)state;
    harness_open("log_level = error\n");
    harness_reload();
    assert_int_equal(0, harness_logged(ZCACHE_LOG_INFO, "configuration reloaded"));
    harness_edit("log_level = info\n");
    assert_string_equal(harness_reload()->names, "[cache] log_level");
    assert_int_equal(1, harness_logged(ZCACHE_LOG_INFO, "reloaded: [cache] log_level"));
}

static void test_ttls_of_open_tables_change_live(void **state)
{
    (void)state;
    harness_open("[table.users]\nttl = 1h\n");
    zcache *users, *others;
    int64_t ttl_ms;
    assert_status(ZCACHE_OK, zcache_table(cache, "users", &users));
    assert_status(ZCACHE_OK, zcache_table(cache, "others", &others));
    set(users, "old", "1");
    harness_edit("[table.users]\nttl = 1m\n[table.others]\nttl = 2m\n");
    const zcache_reload_report *report = harness_reload();
    assert_string_equal(report->names, "[table.users] ttl, [table.others] ttl");
    set(users, "new", "1");
    set(others, "new", "1");
    assert_status(ZCACHE_OK, zcache_ttl(users, "new", &ttl_ms, NULL));
    assert_between(1, ZCACHE_MINUTES(1), ttl_ms);
    assert_status(ZCACHE_OK, zcache_ttl(others, "new", &ttl_ms, NULL));
    assert_between(ZCACHE_MINUTES(1), ZCACHE_MINUTES(2), ttl_ms);
    assert_status(ZCACHE_OK, zcache_ttl(users, "old", &ttl_ms, NULL));
    assert_between(ZCACHE_MINUTES(2), ZCACHE_HOURS(1), ttl_ms);
    harness_edit("");
    assert_int_equal(harness_reload()->count, 2);
    set(users, "never", "1");
    assert_status(ZCACHE_OK, zcache_ttl(users, "never", &ttl_ms, NULL));
    assert_int_equal(ttl_ms, ZCACHE_TTL_NEVER);
}

static void test_a_lease_stays_good_when_settings_change(void **state)
{
    (void)state;
    harness_open("");
    zcache_status status;
    zcache_memory_engine *lease = zcache_memory_acquire(cache, &status);
    assert_non_null(lease);
    harness_edit("timeout = 3s\n");
    assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_SETTINGS);
    harness_edit("timeout = 4s\n");
    assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_SETTINGS);
    assert_error(ZCACHE_E_BUSY, "memory is still out", zcache_close(cache));
    zcache_swap_report report;
    assert_status(ZCACHE_OK,
                  zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .drain_timeout_ms = 10,
                                                 .report = &report)));
    assert_true(report.retired);
    assert_int_equal(report.leases, 1);
    zcache_memory_release(cache, lease);
}

/* ---- swaps ----------------------------------------------------------------------------------- */

static void test_another_provider_is_swapped_to(void **state)
{
    (void)state;
    harness_open("");
    set(cache, "a", "1");
    harness_edit("provider = redis\n");
    const zcache_reload_report *report = harness_reload();
    assert_int_equal(report->change, ZCACHE_RELOAD_SWAP);
    assert_string_equal(report->names, "[cache] provider");
    assert_string_equal(report->swap.from, "memory");
    assert_string_equal(report->swap.to, "redis");
    assert_provider("redis");
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_MISS, zcache_get(cache, "a", &value, NULL)); /* cold */
    zcache_value_free(&value);
}

static void test_an_option_of_the_provider_is_swapped_to(void **state)
{
    (void)state;
    harness_open("provider = redis\n");
    set(cache, "a", "1");
    harness_edit("provider = redis\n[redis]\npool_size = 3\n[swap]\nmode = copy\n");
    const zcache_reload_report *report = harness_reload();
    assert_int_equal(report->change, ZCACHE_RELOAD_SWAP);
    assert_string_equal(report->names, "[swap] mode, [redis] pool_size");
    assert_value(cache, "a", "1");
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
}

static void test_the_limit_of_memory_changes_live(void **state)
{
    (void)state;
    static char large[600000];
    harness_open("[memory]\nmax_memory = 1m\n");
    set(cache, "a", "1");
    harness_edit("[memory]\nmax_memory = 16m\n");
    const zcache_reload_report *report = harness_reload();
    assert_int_equal(report->change, ZCACHE_RELOAD_SETTINGS);
    assert_string_equal(report->names, "[memory] max_memory");
    assert_value(cache, "a", "1");
    assert_int_equal(stat_of("memory_memory_limit_bytes"), 16 << 20);
    assert_status(ZCACHE_OK, zcache_set(cache, "b", large, sizeof(large), NULL));
    assert_status(ZCACHE_OK, zcache_set(cache, "c", large, sizeof(large), NULL));
    assert_int_equal(stat_of("memory_items"), 3);
    harness_edit("[memory]\nmax_memory = 1m\n");
    assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_SETTINGS);
    assert_between(1, 2, stat_of("memory_items"));
    assert_true(stat_of("memory_memory_bytes") <= 1 << 20);
}

static void test_the_swap_section_says_how(void **state)
{
    (void)state;
    harness_open("timeout = 20s\n");
    for (int i = 0; i < 100; i++) {
        char key[16];
        snprintf(key, sizeof(key), "%d", i);
        set(cache, key, key);
    }
    harness_edit("provider = memcached\ntimeout = 20s\n[swap]\nmode = copy\nverify = yes\n");
    const zcache_reload_report *report = harness_reload();
    assert_provider("memcached");
    assert_int_equal(report->swap.copied, 100);
    assert_int_equal(report->swap.verified, 100);
    assert_value(cache, "42", "42");
    harness_edit("provider = memory\ntimeout = 20s\n[swap]\nmode = copy\ncopy_timeout = 30ms\n"
                 "rate = 100\n");
    assert_error(ZCACHE_E_TIMEOUT, "the last good one goes on", zcache_reload(cache, NULL));
    assert_provider("memcached");
    assert_value(cache, "42", "42");
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
}

static void test_filters_change_too(void **state)
{
    (void)state;
    fixture_copy("counter", directory, "counter");
    harness_open("");
    set(cache, "a", "1");
    harness_edit("filters = counter\n[swap]\nmode = copy\n");
    const zcache_reload_report *report = harness_reload();
    assert_int_equal(report->change, ZCACHE_RELOAD_SWAP);
    assert_value(cache, "a", "1");
    assert_true(stat_of("memory_counted_gets") > 0);
    harness_edit("");
    assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_SWAP);
}

static void test_the_source_wins_over_an_earlier_swap(void **state)
{
    (void)state;
    harness_open("");
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "redis")));
    assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_SWAP);
    assert_provider("memory");
}

static void test_a_changed_directory_is_no_other_file(void **state)
{
    (void)state;
    harness_edit("");
    assert_int_equal(0, chdir(directory));
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    const char *settings[] = {path, NULL};
    assert_status(ZCACHE_OK,
                  zcache_open_file(&cache, "zcache.ini", ZCACHE_OPTIONS(.settings = settings)));
    assert_int_equal(0, chdir("/"));
    assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_NOTHING);
}

static void test_a_cache_from_code_has_nothing_to_reload(void **state)
{
    (void)state;
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    const char *settings[] = {path, NULL, NULL};
    assert_status(ZCACHE_OK, zcache_open(&cache, ZCACHE_OPTIONS(.settings = settings)));
    assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_NOTHING);
    zcache *watched;
    settings[1] = "cache.watch=yes";
    assert_error(ZCACHE_E_CONFIG, "no file to watch",
                 zcache_open(&watched, ZCACHE_OPTIONS(.settings = settings)));
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void test_what_is_wrong_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        zcache_status status;
        const char *message;
    } wrong[] = {
        {"timeout = 5\n", ZCACHE_E_CONFIG, "zcache.ini:3: [cache] timeout"},
        {"provder = redis\n", ZCACHE_E_CONFIG, "did you mean \"provider\"?"},
        {"provider = nowhere\n", ZCACHE_E_PLUGIN, "nowhere"},
        {"provider = redis\n[redis]\npool = 3\n", ZCACHE_E_CONFIG, "[redis] pool"},
        {"[memory]\nmax_memory = 12 elephants\n", ZCACHE_E_CONFIG, "[memory] max_memory"},
        {"timeout = 3s\n[swap]\nmode = warm\n", ZCACHE_E_CONFIG, "must be one of: cold, copy"},
        {"timeout = 3s\n[cache]\n", ZCACHE_E_CONFIG, "zcache.ini:4"},
        {"filters = nowhere\n", ZCACHE_E_PLUGIN, "nowhere"},
        {"not a line\n", ZCACHE_E_CONFIG, "zcache.ini:3"},
        {"provider = redis\n[redis]\nurl = redis://127.0.0.1:1\n", ZCACHE_E_UNAVAILABLE, "ping"},
        {"provider = memcached\nmax_key_length = 300\n", ZCACHE_E_CONFIG, "max_key_length"},
    };
    harness_edit("");
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    const char *settings[] = {path, NULL}; /* not of redis: the file names it */
    assert_status(ZCACHE_OK, zcache_open_file(&cache, ini, ZCACHE_OPTIONS(.settings = settings)));
    set(cache, "a", "1");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        harness_edit(wrong[i].text);
        assert_error(wrong[i].status, wrong[i].message, zcache_reload(cache, NULL));
        assert_non_null(strstr(zcache_error_message(), "the last good one goes on"));
        assert_value(cache, "a", "1");
        assert_provider("memory");
        assert_int_equal(stat_of("cache_config_reload_failures"), i + 1);
        assert_int_equal(stat_of("cache_generation"), 1);
    }
    assert_int_equal(0, unlink(ini));
    assert_error(ZCACHE_E_CONFIG, "cannot be opened", zcache_reload(cache, NULL));
    assert_int_equal(0, mkfifo(ini, 0600));
    assert_error(ZCACHE_E_CONFIG, "not a regular file", zcache_reload(cache, NULL));
    harness_edit("timeout = 3s\n");
    assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_SETTINGS);
    assert_value(cache, "a", "1");
}

static void test_the_key_prefix_cannot_change(void **state)
{
    (void)state;
    harness_open("");
    set(cache, "a", "1");
    harness_put(ini, "[cache]\ntimeout = 3s\nkey_prefix = other:\n");
    assert_error(ZCACHE_E_CONFIG, "zcache.ini:3: [cache] key_prefix = \"other:\": it cannot change",
                 zcache_reload(cache, NULL));
    assert_value(cache, "a", "1");
}

static zcache_status reload_inside;

static bool reload_in_callback(void *user, zcache_slice key, int64_t ttl_ms)
{
    (void)user;
    (void)key;
    (void)ttl_ms;
    reload_inside = zcache_reload(cache, NULL);
    return true;
}

static void test_a_reload_inside_a_callback_is_refused(void **state)
{
    (void)state;
    harness_open("");
    set(cache, "a", "1");
    assert_status(ZCACHE_OK, zcache_scan(cache, NULL, reload_in_callback, NULL, NULL));
    assert_int_equal(reload_inside, ZCACHE_E_BUSY);
    assert_int_equal(stat_of("cache_config_reload_failures"), 0);
}

/* ---- builds ---------------------------------------------------------------------------------- */

static void assert_build(const char *expected)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_error(ZCACHE_E_SERVER, expected, zcache_get(cache, "a", &value, NULL));
    zcache_value_free(&value);
}

static void test_a_new_build_is_swapped_to_and_the_old_unmapped(void **state)
{
    (void)state;
    bool keeps = getenv("ZCACHE_KEEP_MODULES") != NULL;
    fixture_copy("build_one", directory, "build");
    harness_open("provider = build\n");
    assert_build("this is build one");
    assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_NOTHING);
    static const char *const order[] = {"two", "one", "two", "two"}; /* a downgrade, and again */
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        char fixture[32], expected[32];
        snprintf(fixture, sizeof(fixture), "build_%s", order[i]);
        snprintf(expected, sizeof(expected), "this is build %s", order[i]);
        fixture_copy(fixture, directory, "build");
        const zcache_reload_report *report = harness_reload();
        assert_int_equal(report->change, ZCACHE_RELOAD_SWAP);
        assert_string_equal(report->names, "new build of build");
        assert_build(expected);
        if (!keeps) {
            assert_true(report->swap.unmapped);
            assert_true(is_mapped("/build.so"));
            assert_false(is_mapped("/build.so (deleted)"));
        }
        assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_NOTHING);
    }
}

static void test_a_swap_takes_a_new_build_too(void **state)
{
    (void)state;
    fixture_copy("build_one", directory, "build");
    harness_open("provider = build\n");
    fixture_copy("build_two", directory, "build");
    assert_build("this is build one");
    assert_status(ZCACHE_OK, zcache_swap(cache, NULL));
    assert_build("this is build two");
}

static void test_a_broken_build_changes_nothing(void **state)
{
    (void)state;
    fixture_copy("build_one", directory, "build");
    harness_open("provider = build\n");
    size_t size;
    char *bytes = fixture_read("build_two", &size);
    fixture_install(directory, "build", bytes, size / 2);
    free(bytes);
    assert_error(ZCACHE_E_PLUGIN, "build.so", zcache_reload(cache, NULL));
    assert_build("this is build one");
}

/* ---- under load ------------------------------------------------------------------------------ */

#define THREADS 4
#define RELOADS 60

static _Atomic bool done;
static _Atomic unsigned long operations;

static void work(size_t index)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    char key[32];
    for (unsigned i = 0; !atomic_load(&done); i++) {
        snprintf(key, sizeof(key), "%zu:%u", index, i % 64);
        check_that(zcache_set(cache, key, key, strlen(key), NULL) == ZCACHE_OK);
        zcache_status status = zcache_get(cache, key, &value, NULL);
        check_that(status == ZCACHE_OK || status == ZCACHE_MISS); /* swapped in between */
        if (status == ZCACHE_OK)
            check_that(strcmp(key, value.data) == 0);
        atomic_fetch_add(&operations, 2);
    }
    zcache_value_free(&value);
}

static void reload_often(void)
{
    static const char *const edits[] = {
        "timeout = 20s\n",
        "timeout = 30s\nprovider = redis\n",
        "timeout = 30s\n provider = nothing\n", /* refused */
        "timeout = 25s\nprovider = redis\n[swap]\nmode = copy\n",
        "timeout = 25s\nprovider = memory\n[swap]\nmode = copy\n",
    };
    unsigned refused = 0;
    for (unsigned i = 0; i < RELOADS; i++) {
        size_t edit = i % (sizeof(edits) / sizeof(edits[0]));
        harness_edit(edits[edit]);
        zcache_status status = zcache_reload(cache, NULL);
        refused += status != ZCACHE_OK;
        check_that((status == ZCACHE_OK) == (edit != 2));
    }
    check_that(refused == RELOADS / 5);
    atomic_store(&done, true);
}

static void run(void *user, size_t index)
{
    (void)user;
    if (index == THREADS)
        reload_often();
    else
        work(index);
}

static void test_reloads_under_load_fail_no_operation(void **state)
{
    (void)state;
    harness_open("timeout = 30s\n");
    threads_run(THREADS + 1, run, NULL);
    print_message("# %d reloads, %lu operations\n", RELOADS, operations);
    assert_true(operations > 0);
    assert_int_equal(checks_failed(), 0);
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
}

#define RELOAD_TEST(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RELOAD_TEST(test_nothing_changed_is_told),
        RELOAD_TEST(test_settings_change_live_and_entries_stay),
        RELOAD_TEST(test_a_new_timeout_holds),
        RELOAD_TEST(test_log_level_changes_live),
        RELOAD_TEST(test_ttls_of_open_tables_change_live),
        RELOAD_TEST(test_a_lease_stays_good_when_settings_change),
        RELOAD_TEST(test_another_provider_is_swapped_to),
        RELOAD_TEST(test_an_option_of_the_provider_is_swapped_to),
        RELOAD_TEST(test_the_limit_of_memory_changes_live),
        RELOAD_TEST(test_the_swap_section_says_how),
        RELOAD_TEST(test_filters_change_too),
        RELOAD_TEST(test_the_source_wins_over_an_earlier_swap),
        RELOAD_TEST(test_a_changed_directory_is_no_other_file),
        RELOAD_TEST(test_a_cache_from_code_has_nothing_to_reload),
        RELOAD_TEST(test_what_is_wrong_changes_nothing),
        RELOAD_TEST(test_the_key_prefix_cannot_change),
        RELOAD_TEST(test_a_reload_inside_a_callback_is_refused),
        RELOAD_TEST(test_a_new_build_is_swapped_to_and_the_old_unmapped),
        RELOAD_TEST(test_a_swap_takes_a_new_build_too),
        RELOAD_TEST(test_a_broken_build_changes_nothing),
        RELOAD_TEST(test_reloads_under_load_fail_no_operation),
    };
    harness_start_servers();
    int failures = cmocka_run_group_tests_name("reload", tests, NULL, NULL);
    harness_stop_servers();
    return failures;
}
