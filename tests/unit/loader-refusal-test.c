/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the loader refuses, and in which words: each fixture is bad in one way, and each file or
 * directory is one that a stranger could have changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../fixtures/fixture-files.h"
#include "expect.h"
#include "loader/module.h"
#include "loader/search.h"

#define PATH_OF(...)                                                              \
    (&(zcache_list){sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *), \
                    (const char *const[]){__VA_ARGS__, NULL}})

/* Opening `name` from `path` fails with a message that has `part` in it. */
static void refused(const zcache_list *path, const char *name, const char *part)
{
    zc_module *module = NULL;
    assert_error(ZCACHE_E_PLUGIN, part, zc_module_open(name, path, 0, &module));
    assert_null(module);
}

static void accepted(const zcache_list *path, const char *name)
{
    zc_module *module = NULL;
    assert_status(ZCACHE_OK, zc_module_open(name, path, 0, &module));
    assert_true(zc_module_close(module));
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static void test_each_bad_fixture_is_refused_for_its_reason(void **state)
{
    (void)state;
    static const struct {
        const char *fixture, *reason;
    } bad[] = {
        {"bad_magic", "magic: expected 0x7a634831, found 0xdeadbeef"},
        {"other_major", "abi_major: expected 1, found 2"},
        {"newer_minor", "abi_minor: expected at most 0, found 1"},
        {"short_descriptor", "ops: expected a table of operations, found none"},
        {"long_descriptor", "size: expected "},
        {"without_del", "ops.del: expected a function, found none"},
        {"misnamed", "name: expected \"misnamed\", as its file is named, found \"somebody_else\""},
        {"unresolved", "undefined symbol: a_function_that_nobody_has"},
        {"static_tls", "uses static thread-local storage"},
        {"load_fails", "load failed: the library below is of no use"},
        {"old_filter", "host_version: expected \"" ZCACHE_VERSION "\", found \"0.9.9\""},
        {"no_descriptor", "exports no zcache_plugin"},
        {"without_next", "codec: next: expected a function, found none"},
    };
    const zcache_list *path = PATH_OF(getenv("ZCACHE_TEST_FIXTURES"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        expect_of(bad[i].fixture);
        refused(path, bad[i].fixture, bad[i].reason);
        refused(path, bad[i].fixture, bad[i].fixture); /* again, and it names the plugin */
    }
    expect_of("loader");
}

static void test_good_fixtures_are_accepted(void **state)
{
    (void)state;
    static const char *const good[] = {"store",      "counter", "old_plugin",   "open_fails",
                                       "serialized", "slow",    "tells_secret", "tagged"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        expect_of(good[i]);
        accepted(PATH_OF(getenv("ZCACHE_TEST_FIXTURES")), good[i]);
    }
    expect_of("loader");
}

static void test_plugin_of_another_kind_is_refused(void **state)
{
    (void)state;
    const zcache_list *path = PATH_OF(getenv("ZCACHE_TEST_FIXTURES"));
    zc_module *module, *user;
    assert_error(ZCACHE_E_PLUGIN, "is a filter, not a provider",
                 zc_module_open("counter", path, ZCACHE_KIND_PROVIDER, &module));
    assert_error(ZCACHE_E_PLUGIN, "is a provider, not a filter",
                 zc_module_open("store", path, ZCACHE_KIND_FILTER, &module));
    assert_error(ZCACHE_E_PLUGIN, "is a codec, not a provider",
                 zc_module_open("tagged", path, ZCACHE_KIND_PROVIDER, &module));
    assert_error(ZCACHE_E_PLUGIN, "is a provider, not a codec",
                 zc_module_open("store", path, ZCACHE_KIND_CODEC, &module));
    /* nor when somebody uses it already, who goes on undisturbed */
    assert_status(ZCACHE_OK, zc_module_open("store", path, ZCACHE_KIND_PROVIDER, &user));
    assert_error(ZCACHE_E_PLUGIN, "is a provider, not a filter",
                 zc_module_open("store", path, ZCACHE_KIND_FILTER, &module));
    assert_string_equal(zc_module_descriptor(user)->name, "store");
    assert_true(zc_module_close(user));
}

/* ---- names ----------------------------------------------------------------------------------- */

static void test_name_is_never_a_path(void **state)
{
    (void)state;
    const zcache_list *path = PATH_OF(getenv("ZCACHE_TEST_FIXTURES"));
    static const char *const names[] = {
        "../evil", "",       "/store",  "./store", "store.so",
        "Store",   "st ore", "1store",  "-store",  "st\nore",
        "..",      "a/b",    "store\"", "é",       "a23456789012345678901234567890123"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        refused(path, names[i], "is not a plugin's name");
    refused(path, "a2345678901234567890123456789012", "there is no a234567890123456789012345678");
    refused(path, "a-b_9", "no plugin a-b_9: it is not linked in, and there is no a-b_9.so in");
    refused(&(zcache_list){0}, "store", "plugin_path is empty");
}

static void test_linked_copy_under_another_name_is_refused(void **state)
{
    (void)state;
    const char *dir = temp_dir();
    char from[PATH_MAX], to[PATH_MAX];
    fixture_copy("store", dir, "store");
    fixture_path(from, dir, "store", ".so");
    fixture_path(to, dir, "other", ".so");
    assert_int_equal(link(from, to), 0);
    refused(PATH_OF(dir), "other", "name: expected \"other\"");
    zc_module *module;
    assert_status(ZCACHE_OK, zc_module_open("store", PATH_OF(dir), 0, &module));
    refused(PATH_OF(dir), "other", "is the plugin store, linked to another name");
    assert_true(zc_module_close(module));
}

/* ---- directories ----------------------------------------------------------------------------- */

static void test_first_directory_that_has_it_wins(void **state)
{
    (void)state;
    const char *first = temp_dir(), *second = temp_dir();
    fixture_copy("store", second, "store");
    zc_module *module;
    char expected[PATH_MAX];
    fixture_path(expected, second, "store", ".so");
    assert_status(ZCACHE_OK,
                  zc_module_open("store", PATH_OF("/nonexistent", first, second), 0, &module));
    assert_string_equal(zc_module_file(module), expected);
    assert_true(zc_module_close(module));
    fixture_copy("bad_magic", first, "store");
    refused(PATH_OF(first, second), "store", "magic: expected");
}

static void test_directory_must_be_absolute_and_no_link(void **state)
{
    (void)state;
    const char *dir = temp_dir();
    char link_path[PATH_MAX], plain[PATH_MAX];
    fixture_path(link_path, dir, "link", "");
    fixture_path(plain, dir, "file", "");
    refused(PATH_OF("plugins"), "store", "plugin_path plugins is not an absolute directory");
    refused(PATH_OF(""), "store", "is not an absolute directory");
    assert_int_equal(symlink(getenv("ZCACHE_TEST_FIXTURES"), link_path), 0);
    refused(PATH_OF(link_path), "store", "is a symbolic link: name the directory");
    temp_file(dir, "file", "", 0644);
    refused(PATH_OF(plain), "store", "Not a directory");
}

static void test_directory_that_others_can_write_is_refused(void **state)
{
    (void)state;
    const char *dir = temp_dir();
    char command[PATH_MAX];
    fixture_copy("store", dir, "store");
    static const mode_t modes[] = {0757, 0777, 01777};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(dir, modes[i]), 0);
        snprintf(command, sizeof(command), "(chmod o-w %s)", dir);
        refused(PATH_OF(dir), "store", "is writable by others: it is not trusted");
        refused(PATH_OF(dir), "store", command);
    }
    assert_int_equal(chmod(dir, 0755), 0);
    accepted(PATH_OF(dir), "store");
}

static void test_parent_that_others_can_write_is_refused(void **state)
{
    (void)state;
    const char *parent = temp_dir();
    char dir[PATH_MAX];
    fixture_path(dir, parent, "plugins", "");
    assert_int_equal(mkdir(dir, 0755), 0);
    fixture_copy("store", dir, "store");
    assert_int_equal(chmod(parent, 0777), 0);
    refused(PATH_OF(dir), "store", "is writable by others");
    assert_int_equal(chmod(parent, 01777), 0); /* as /tmp: nobody can rename our directory */
    accepted(PATH_OF(dir), "store");
    assert_int_equal(chmod(parent, 0755), 0);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void test_file_that_others_can_write_is_refused(void **state)
{
    (void)state;
    const char *dir = temp_dir();
    char path[PATH_MAX], command[PATH_MAX + 16];
    fixture_path(path, dir, "store", ".so");
    fixture_copy("store", dir, "store");
    assert_int_equal(chmod(path, 0757), 0);
    snprintf(command, sizeof(command), "(chmod o-w %s)", path);
    refused(PATH_OF(dir), "store", "is writable by others");
    refused(PATH_OF(dir), "store", command);
    assert_int_equal(chmod(path, 0755), 0);
    accepted(PATH_OF(dir), "store");
    if (geteuid() == 0) { /* who else may give files away? The rule itself is tested below */
        assert_int_equal(chown(path, 65534, 0), 0);
        refused(PATH_OF(dir), "store", "belongs to neither root nor the user of this process");
    }
}

static void test_file_that_is_no_regular_file_is_refused(void **state)
{
    (void)state;
    const char *dir = temp_dir();
    char path[PATH_MAX];
    fixture_path(path, dir, "store", ".so");
    fixture_copy("store", dir, "real");
    assert_int_equal(symlink("real.so", path), 0);
    refused(PATH_OF(dir), "store", "is a symbolic link: install the file itself");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused(PATH_OF(dir), "store", "is not a regular file"); /* and does not wait for a writer */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    refused(PATH_OF(dir), "store", "is not a regular file");
}

static void test_file_that_is_no_elf_is_refused(void **state)
{
    (void)state;
    const char *dir = temp_dir();
    temp_file(dir, "store.so", "#!/bin/sh\necho evil\n", 0755);
    refused(PATH_OF(dir), "store", "is not an ELF file");
    temp_file(dir, "empty.so", "", 0755);
    refused(PATH_OF(dir), "empty", "is not an ELF file");
}

static void test_libltdl_search_path_and_la_files_play_no_part(void **state)
{
    (void)state;
    const char *dir = temp_dir(), *elsewhere = temp_dir();
    fixture_copy("store", elsewhere, "store");
    char text[PATH_MAX + 100];
    snprintf(text, sizeof(text),
             "dlname='store.so'\nlibrary_names='store.so'\ninstalled=yes\nlibdir='%s'\n",
             elsewhere);
    temp_file(dir, "store.la", text, 0644);
    setenv("LTDL_LIBRARY_PATH", elsewhere, 1);
    setenv("LD_LIBRARY_PATH", elsewhere, 1);
    refused(PATH_OF(dir), "store", "there is no store.so in plugin_path");
    unsetenv("LTDL_LIBRARY_PATH");
    unsetenv("LD_LIBRARY_PATH");
}

/* ---- trust, for every user ------------------------------------------------------------------- */

static void test_only_root_and_the_own_user_are_trusted(void **state)
{
    (void)state;
    static const struct {
        uid_t owner;
        gid_t group;
        mode_t mode;
        const char *why, *fix; /* for user 1000 with group 1000 */
    } cases[] = {
        {0, 0, 0755, NULL, NULL},
        {1000, 1000, 0700, NULL, NULL},
        {1001, 1000, 0755, "belongs to neither root nor the user of this process", "chown root"},
        {0, 0, 0757, "is writable by others", "chmod o-w"},
        {1000, 1000, 0757, "is writable by others", "chmod o-w"},
        {0, 0, 0775, NULL, NULL},       /* root's group is root */
        {1000, 1000, 0775, NULL, NULL}, /* the user's private group is the user */
        {1000, 50, 0775, "is writable by a group", "chmod g-w"},
        {0, 50, 0775, "is writable by a group", "chmod g-w"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct stat status = {
            .st_uid = cases[i].owner, .st_gid = cases[i].group, .st_mode = cases[i].mode};
        const char *fix;
        const char *why = zc_search_distrust(&status, 1000, 1000, &fix);
        assert_string_equal(why != NULL ? why : "", cases[i].why != NULL ? cases[i].why : "");
        assert_string_equal(fix != NULL ? fix : "", cases[i].fix != NULL ? cases[i].fix : "");
    }
    /* a group that is the process's, but not its user's private one, has other members */
    const struct stat shared = {.st_uid = 1000, .st_gid = 100, .st_mode = 0775};
    const char *fix;
    assert_string_equal(zc_search_distrust(&shared, 1000, 100, &fix), "is writable by a group");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_bad_fixture_is_refused_for_its_reason),
        cmocka_unit_test(test_good_fixtures_are_accepted),
        cmocka_unit_test(test_plugin_of_another_kind_is_refused),
        cmocka_unit_test(test_name_is_never_a_path),
        cmocka_unit_test(test_linked_copy_under_another_name_is_refused),
        cmocka_unit_test(test_first_directory_that_has_it_wins),
        cmocka_unit_test(test_directory_must_be_absolute_and_no_link),
        cmocka_unit_test(test_directory_that_others_can_write_is_refused),
        cmocka_unit_test(test_parent_that_others_can_write_is_refused),
        cmocka_unit_test(test_file_that_others_can_write_is_refused),
        cmocka_unit_test(test_file_that_is_no_regular_file_is_refused),
        cmocka_unit_test(test_file_that_is_no_elf_is_refused),
        cmocka_unit_test(test_libltdl_search_path_and_la_files_play_no_part),
        cmocka_unit_test(test_only_root_and_the_own_user_are_trusted),
    };
    expect_of("loader");
    return cmocka_run_group_tests_name("loader refusals", tests, NULL, NULL);
}
