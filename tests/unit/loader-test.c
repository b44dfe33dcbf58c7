/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The life of a module: shared, counted, loaded and unloaded once, really gone in the end, and
 * never old code where a new file was installed.
 */
#include <dirent.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../fixtures/fixture-files.h"
#include "base/error.h"
#include "clock.h"
#include "expect.h"
#include "loader/module.h"
#include "threads.h"
#include "watched.h"

static zcache_list in(const char *const *directory)
{
    return (zcache_list){1, directory};
}

/* Opens a plugin of one directory, which succeeds. */
static zc_module *opened(const char *directory, const char *name)
{
    const char *const items[] = {directory, NULL};
    const zcache_list path = in(items);
    zc_module *module = NULL;
    assert_status(ZCACHE_OK, zc_module_open(name, &path, 0, &module));
    return module;
}

static const char *fixtures(void)
{
    return getenv("ZCACHE_TEST_FIXTURES");
}

static int count_name(struct dl_phdr_info *info, size_t size, void *user)
{
    (void)size;
    int *found = user;
    *found += strstr(info->dlpi_name, "/store.so") != NULL;
    return 0;
}

/* How many objects named store.so are in memory. */
static int stores_in_memory(void)
{
    int found = 0;
    dl_iterate_phdr(count_name, &found);
    return found;
}

/* ---- one module ------------------------------------------------------------------------------ */

static void test_plugin_is_opened_described_and_gone(void **state)
{
    (void)state;
    zc_module *module = opened(fixtures(), "slow");
    const zcache_descriptor *descriptor = zc_module_descriptor(module);
    assert_string_equal(descriptor->name, "slow");
    assert_string_equal(descriptor->summary, "a fixture of the tests");
    assert_int_equal(descriptor->kind, ZCACHE_KIND_PROVIDER);
    assert_int_equal(descriptor->option_count, 3);
    assert_string_equal(descriptor->options[1].key, "get_time");
    assert_string_equal(descriptor->options[1].default_value, "0ms");
    assert_string_equal(descriptor->options[1].help, "how long get takes");
    assert_non_null(descriptor->ops->get);
    assert_null(descriptor->ops->clear);
    char expected[PATH_MAX];
    fixture_path(expected, fixtures(), "slow", ".so");
    assert_string_equal(zc_module_file(module), expected);
    assert_true(zc_module_close(module));
    assert_false(zc_module_close(NULL));
}

static void test_users_share_a_module_and_the_last_unloads_it(void **state)
{
    (void)state;
    zc_module *first = opened(fixtures(), "store"), *second = opened(fixtures(), "store");
    assert_ptr_equal(first, second);
    assert_int_equal(stores_in_memory(), 1);
    assert_false(zc_module_close(first));
    assert_int_equal(stores_in_memory(), 1);
    assert_true(zc_module_close(second));
    assert_int_equal(stores_in_memory(), 0);
}

static int number_of(const char *variable)
{
    const char *text = getenv(variable);
    return text != NULL ? atoi(text) : 0;
}

static void test_load_and_unload_run_once_a_module(void **state)
{
    (void)state;
    for (int round = 1; round <= 3; round++) {
        zc_module *first = opened(fixtures(), "lifecycle");
        zc_module *second = opened(fixtures(), "lifecycle");
        assert_int_equal(number_of("LIFECYCLE_LOADS"), round);
        zc_module_close(first);
        assert_int_equal(number_of("LIFECYCLE_UNLOADS"), round - 1);
        assert_true(zc_module_close(second));
        assert_int_equal(number_of("LIFECYCLE_UNLOADS"), round);
    }
}

static void test_old_plugin_has_what_it_had_then(void **state)
{
    (void)state;
    zc_module *module = opened(fixtures(), "old_plugin");
    const zcache_ops *ops = zc_module_descriptor(module)->ops;
    assert_non_null(ops->del);
    assert_null(ops->ping); /* behind the end of its table, so not an operation */
    assert_int_equal(ops->size, sizeof(zcache_ops));
    assert_true(zc_module_close(module));
}

/* ---- modules that stay ----------------------------------------------------------------------- */

static void test_resident_plugin_stays_and_is_found_again(void **state)
{
    (void)state;
    zc_module *module = opened(fixtures(), "resident");
    assert_false(zc_module_close(module));
    zc_module *again = opened(fixtures(), "resident");
    assert_ptr_equal(again, module);
    assert_false(zc_module_close(again));
}

static void test_kept_modules_stay_for_reports_and_load_again(void **state)
{
    (void)state;
    int loads = number_of("LIFECYCLE_LOADS"), unloads = number_of("LIFECYCLE_UNLOADS");
    const char *dir = temp_dir();
    fixture_copy("lifecycle", dir, "lifecycle");
    setenv("ZCACHE_KEEP_MODULES", "1", 1);
    zc_module *module = opened(dir, "lifecycle");
    assert_false(zc_module_close(module));
    assert_int_equal(number_of("LIFECYCLE_UNLOADS"), unloads + 1);
    zc_module *again = opened(dir, "lifecycle");
    assert_ptr_equal(again, module);
    assert_int_equal(number_of("LIFECYCLE_LOADS"), loads + 2);
    unsetenv("ZCACHE_KEEP_MODULES");
    assert_true(zc_module_close(again));
}

static void test_object_that_the_linker_keeps_is_reported_as_kept(void **state)
{
    (void)state;
    zc_module *module = opened(fixtures(), "no_delete");
    assert_false(zc_module_close(module));
    module = opened(fixtures(), "no_delete");
    assert_string_equal(zc_module_descriptor(module)->name, "no_delete");
    assert_false(zc_module_close(module));
}

/* ---- new files ------------------------------------------------------------------------------- */

static void test_new_file_gives_new_code_while_the_old_is_in_use(void **state)
{
    (void)state;
    const char *dir = temp_dir();
    zc_module *modules[4];
    for (int i = 0; i < 4; i++) {
        fixture_copy("store", dir, "store");
        modules[i] = opened(dir, "store");
        assert_int_equal(stores_in_memory(), i + 1);
        for (int j = 0; j < i; j++) {
            assert_ptr_not_equal(modules[i], modules[j]);
            assert_ptr_not_equal((void *)zc_module_descriptor(modules[i])->ops->get,
                                 (void *)zc_module_descriptor(modules[j])->ops->get);
        }
        assert_string_equal(zc_module_file(modules[i]), zc_module_file(modules[0]));
    }
    zc_module *shared = opened(dir, "store"); /* the newest */
    assert_ptr_equal(shared, modules[3]);
    assert_false(zc_module_close(shared));
    static const int order[] = {1, 3, 0, 2};
    for (int i = 0; i < 4; i++) {
        assert_true(zc_module_close(modules[order[i]]));
        assert_int_equal(stores_in_memory(), 3 - i);
    }
}

static void test_new_file_gives_new_code_though_the_linker_keeps_the_old(void **state)
{
    (void)state;
    const char *dir = temp_dir();
    void *seen[3];
    for (int i = 0; i < 3; i++) {
        fixture_copy("no_delete", dir, "no_delete");
        for (int again = 0; again < 2; again++) {
            zc_module *module = opened(dir, "no_delete");
            void *get = (void *)zc_module_descriptor(module)->ops->get;
            assert_true(again == 0 || get == seen[i]);
            seen[i] = get;
            for (int j = 0; j < i; j++)
                assert_ptr_not_equal(seen[i], seen[j]);
            assert_false(zc_module_close(module));
        }
    }
}

static void test_file_written_to_while_loaded_is_refused(void **state)
{
    (void)state;
    const char *dir = temp_dir();
    char path[PATH_MAX];
    fixture_copy("store", dir, "store");
    fixture_path(path, dir, "store", ".so");
    zc_module *module = opened(dir, "store"), *second = NULL;
    const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    const char *const items[] = {dir, NULL};
    const zcache_list list = in(items);
    assert_error(ZCACHE_E_PLUGIN, "was written to while it is loaded",
                 zc_module_open("store", &list, 0, &second));
    assert_true(zc_module_close(module));
    assert_true(zc_module_close(opened(dir, "store")));
}

/* ---- lists ----------------------------------------------------------------------------------- */

typedef struct collected {
    char text[4096];
} collected;

static void collect(void *user, const zcache_plugin_info *info)
{
    collected *all = user;
    size_t used = strlen(all->text);
    bool refused = info->status != ZCACHE_OK;
    assert_int_equal(refused, info->descriptor == NULL);
    assert_int_equal(refused, info->message[0] != '\0');
    snprintf(all->text + used, sizeof(all->text) - used, "%s%s(%s)", refused ? "!" : "", info->name,
             info->capabilities);
}

static void test_list_is_sorted_and_shows_refused_plugins_too(void **state)
{
    (void)state;
    const char *first = temp_dir(), *second = temp_dir();
    fixture_copy("store", second, "store");
    fixture_copy("counter", second, "counter");
    fixture_copy("bad_magic", first, "bad_magic");
    fixture_copy("store", first, "store");
    temp_file(first, "Upper.so", "", 0755);
    temp_file(first, "README", "", 0644);
    const char *const items[] = {"/nonexistent", first, second, NULL};
    const zcache_list path = {3, items};
    collected all = {""};
    assert_status(ZCACHE_OK, zc_module_each(&path, collect, &all));
    assert_string_equal(all.text, "!bad_magic()counter(get set del stats)store(get set del ping)");
    assert_int_equal(stores_in_memory(), 0);

    collected one = {""};
    assert_status(ZCACHE_OK, zc_module_inspect("store", &path, collect, &one));
    assert_string_equal(one.text, "store(get set del ping)");
    assert_error(ZCACHE_E_PLUGIN, "magic", zc_module_inspect("bad_magic", &path, collect, &one));
    assert_error(ZCACHE_E_PLUGIN, "no plugin", zc_module_inspect("none", &path, collect, &one));
    assert_string_equal(one.text, "store(get set del ping)");
}

/* ---- many ------------------------------------------------------------------------------------ */

static void open_and_close(void *user, size_t index)
{
    static const char *const names[] = {"store", "counter", "slow", "bad_magic", "unresolved"};
    const char *const items[] = {user, NULL};
    const zcache_list path = in(items);
    for (size_t i = 0; i < 100; i++) {
        size_t which = (index + i) % 5;
        zc_module *module = NULL;
        zcache_status status = zc_module_open(names[which], &path, 0, &module);
        if (!check_status(which < 3 ? ZCACHE_OK : ZCACHE_E_PLUGIN, status) || module == NULL)
            continue;
        check_that(strcmp(zc_module_descriptor(module)->name, names[which]) == 0);
        zc_module_close(module);
    }
}

static void test_threads_may_open_and_close_at_once(void **state)
{
    (void)state;
    char directory[PATH_MAX];
    snprintf(directory, sizeof(directory), "%s", fixtures());
    threads_run(8, open_and_close, directory);
    assert_int_equal(checks_failed(), 0);
    assert_int_equal(stores_in_memory(), 0);
}

static long count_lines(const char *path)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    long lines = 0;
    for (int c; (c = getc(file)) != EOF;)
        lines += c == '\n';
    fclose(file);
    return lines;
}

static long open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    long count = 0;
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

static long resident_bytes(void)
{
    long size, resident;
    FILE *file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &size, &resident), 2);
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static void cycle(int count)
{
    for (int i = 0; i < count; i++)
        if (!zc_module_close(opened(fixtures(), "store")))
            fail_msg("cycle %d: the plugin is still in memory", i);
}

static void test_cycles_leave_nothing_behind(void **state)
{
    (void)state;
    enum { CYCLES = 10000, BATCH = 100 };
    cycle(BATCH);
    long descriptors = open_descriptors(), mappings = count_lines("/proc/self/maps");
    long bytes = resident_bytes();
    int64_t end_ms = clock_ms() + 60000; /* under valgrind it takes long */
    int done = 0;
    while (done < CYCLES && clock_ms() < end_ms) {
        cycle(BATCH);
        done += BATCH;
    }
    print_message("# %d cycles: %+ld descriptors, %+ld mappings, %+ld bytes\n", done,
                  open_descriptors() - descriptors, count_lines("/proc/self/maps") - mappings,
                  resident_bytes() - bytes);
    assert_int_equal(open_descriptors(), descriptors);
    if (!memory_is_watched()) {
        assert_int_equal(count_lines("/proc/self/maps"), mappings);
        assert_in_range(resident_bytes(), 0, bytes + 512 * 1024);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plugin_is_opened_described_and_gone),
        cmocka_unit_test(test_users_share_a_module_and_the_last_unloads_it),
        cmocka_unit_test(test_load_and_unload_run_once_a_module),
        cmocka_unit_test(test_old_plugin_has_what_it_had_then),
        cmocka_unit_test(test_resident_plugin_stays_and_is_found_again),
        cmocka_unit_test(test_kept_modules_stay_for_reports_and_load_again),
        cmocka_unit_test(test_object_that_the_linker_keeps_is_reported_as_kept),
        cmocka_unit_test(test_new_file_gives_new_code_while_the_old_is_in_use),
        cmocka_unit_test(test_new_file_gives_new_code_though_the_linker_keeps_the_old),
        cmocka_unit_test(test_file_written_to_while_loaded_is_refused),
        cmocka_unit_test(test_list_is_sorted_and_shows_refused_plugins_too),
        cmocka_unit_test(test_threads_may_open_and_close_at_once),
        cmocka_unit_test(test_cycles_leave_nothing_behind),
    };
    unsetenv("ZCACHE_KEEP_MODULES"); /* a leg that keeps modules still tests that they go */
    expect_of("loader");
    return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
