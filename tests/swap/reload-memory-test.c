/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Memory runs out in the middle of a reload: at its 1st, 2nd, ... allocation. Each time the reload
 * is done all the same or refused as a whole, the cache goes on, and nothing is left allocated.
 */
#include "../fixtures/fixture-files.h"
#include "failing-allocator.h"

#include "reload-harness.h"
#include <zcache/admin.h>

#define MOST 5000

static void assert_serves(void)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
    assert_status(ZCACHE_OK, zcache_get(cache, "a", &value, NULL));
    assert_text("1", &value);
    zcache_value_free(&value);
}

/* Reloads from `before` to `after` until no allocation of it fails any more. */
static void try_reload(const char *before, const char *after)
{
    bool failed = true;
    size_t nth = 0;
    while (failed && nth < MOST) {
        harness_edit(before);
        harness_reload();
        int64_t generation = stat_of("cache_generation");
        int64_t failures = stat_of("cache_config_reload_failures");
        harness_edit(after);
        failing_allocator_fail(++nth);
        zcache_status status = zcache_reload(cache, NULL);
        failed = failing_allocator_failed();
        failing_allocator_fail(0);
        if (status != ZCACHE_OK) {
            assert_true(failed);
            assert_int_equal(status, ZCACHE_E_NOMEM);
            assert_non_null(strstr(zcache_error_message(), "memory"));
            assert_int_equal(stat_of("cache_generation"), generation);
            assert_int_equal(stat_of("cache_config_reload_failures"), failures + 1);
        }
        assert_serves();
    }
    print_message("# %zu allocations\n", nth - 1);
    assert_in_range(nth, 2, MOST - 1);
}

static void test_settings(void **state)
{
    (void)state;
    size_t live = failing_allocator_live();
    harness_open("");
    try_reload("timeout = 1s\n", "timeout = 2s\n[table.users]\nttl = 1m\n");
    harness_teardown(NULL);
    assert_int_equal(failing_allocator_live(), live);
}

static void test_a_cold_swap(void **state)
{
    (void)state;
    fixture_copy("counter", directory, "counter");
    size_t live = failing_allocator_live();
    harness_open("");
    try_reload("filters = counter\n", "filters = counter, counter\n");
    harness_teardown(NULL);
    assert_int_equal(failing_allocator_live(), live);
}

/* Two plugins take new options: what memory denies to the second is taken back from the first. */
static void test_options_of_open_plugins(void **state)
{
    (void)state;
    fixture_copy("adjustable", directory, "adjustable");
    fixture_copy("adjusting", directory, "adjusting");
    size_t live = failing_allocator_live();
    harness_open("provider = adjustable\nfilters = adjusting\n");
    try_reload("provider = adjustable\nfilters = adjusting\n",
               "provider = adjustable\nfilters = adjusting\n[adjusting]\nword = b\nlist = x y z\n"
               "[adjustable]\nword = b\nsecret = password\n");
    harness_teardown(NULL);
    assert_int_equal(failing_allocator_live(), live);
}

static void test_options_that_are_set(void **state)
{
    (void)state;
    fixture_copy("adjustable", directory, "adjustable");
    fixture_copy("adjusting", directory, "adjusting");
    size_t live = failing_allocator_live(), nth = 0;
    bool failed = true;
    harness_open("provider = adjustable\nfilters = adjusting, adjusting\n");
    while (failed && nth < MOST) {
        char word[32];
        snprintf(word, sizeof(word), "adjusting.word=%zu", nth);
        const char *const settings[] = {word, "adjusting.list=x y", "adjusting.secret=hush", NULL};
        int64_t generation = stat_of("cache_generation");
        failing_allocator_fail(++nth);
        zcache_status status = zcache_plugin_set(cache, settings);
        failed = failing_allocator_failed();
        failing_allocator_fail(0);
        assert_int_equal(status, failed ? ZCACHE_E_NOMEM : ZCACHE_OK);
        assert_int_equal(stat_of("cache_generation"), generation + !failed);
        assert_serves();
    }
    print_message("# %zu allocations\n", nth - 1);
    assert_in_range(nth, 2, MOST - 1);
    harness_teardown(NULL);
    assert_int_equal(failing_allocator_live(), live);
}

static void test_the_start_of_the_watch(void **state)
{
    (void)state;
    size_t live = failing_allocator_live();
    harness_open("");
    try_reload("", "watch = yes\n");
    harness_teardown(NULL);
    assert_int_equal(failing_allocator_live(), live);
}

/* Threads' records stay for other threads to come: this thread's, and that of a watch. */
static int make_records(void **state)
{
    harness_setup(state);
    harness_open("watch = yes\n");
    harness_edit("watch = yes\nprovider = nowhere\n");
    wait_for_stat("cache_config_reload_failures", 1);
    return harness_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_settings, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(test_a_cold_swap, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(test_options_of_open_plugins, harness_setup,
                                        harness_teardown),
        cmocka_unit_test_setup_teardown(test_options_that_are_set, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(test_the_start_of_the_watch, harness_setup,
                                        harness_teardown),
    };
    failing_allocator_install();
    harness_start_servers();
    int failures = cmocka_run_group_tests_name("reload: memory", tests, make_records, NULL);
    harness_stop_servers();
    return failures;
}
