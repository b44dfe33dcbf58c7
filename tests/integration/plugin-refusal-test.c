/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Bad plugins met by an application: zcache_open refuses each with its exact reason, and a swap to
 * one leaves the provider that serves as it was. Good but odd ones work: serialized, slow, filters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../fixtures/fixture-files.h"
#include "clock.h"
#include "expect.h"
#include "threads.h"
#include <zcache/admin.h>
#include <zcache/zcache.h>

#define SETTINGS(...) ((const char *const[]){plugin_path(), __VA_ARGS__, NULL})

static const char *fixtures(void)
{
    return getenv("ZCACHE_TEST_FIXTURES");
}

/* `cache.plugin_path=…`: the built plugins, then the fixtures, then `more`. */
static const char *path_with(const char *more)
{
    static char setting[3 * PATH_MAX];
    snprintf(setting, sizeof(setting), "cache.plugin_path=%s, %s, %s",
             getenv("ZCACHE_TEST_PLUGINS"), fixtures(), more);
    return setting;
}

static const char *plugin_path(void)
{
    return path_with("");
}

static void assert_serves(zcache *cache, const char *provider)
{
    char name[64];
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, zcache_provider(cache, name, sizeof(name)));
    assert_string_equal(name, provider);
    assert_status(ZCACHE_OK, zcache_get(cache, "before", &value, NULL));
    assert_text("kept", &value);
    zcache_value_free(&value);
}

/* Opening a cache on `provider` fails with exactly this message, and a cache that serves memory
 * goes on when it is told to swap there, which fails with a message that ends with it. */
static void refused(const char *provider, const char *const *settings, zcache_status status,
                    const char *message)
{
    zcache *cache = NULL;
    expect_of(provider);
    zcache_status got =
        zcache_open(&cache, ZCACHE_OPTIONS(.provider = provider, .settings = settings));
    assert_null(cache);
    assert_status(status, got);
    assert_string_equal(zcache_error_message(), message);

    assert_status(ZCACHE_OK,
                  zcache_open(&cache, ZCACHE_OPTIONS(.provider = "memory", .settings = settings)));
    assert_status(ZCACHE_OK, zcache_set(cache, "before", "kept", 4, NULL));
    zcache_swap_options swap = {.size = sizeof(swap), .provider = provider};
    assert_error(status, message, zcache_swap(cache, &swap));
    assert_serves(cache, "memory");
    assert_status(ZCACHE_OK, zcache_close(cache));
    expect_of("plugins");
}

/* ---- descriptors and files ------------------------------------------------------------------- */

static void test_each_bad_plugin_is_refused_and_the_old_provider_serves(void **state)
{
    (void)state;
    static const struct {
        const char *fixture;
        zcache_status status;
        const char *reason;
    } bad[] = {
        {"bad_magic", ZCACHE_E_PLUGIN,
         "plugin bad_magic (%s): magic: expected 0x7a634831, found 0xdeadbeef (it is not a zcache "
         "plugin)"},
        {"other_major", ZCACHE_E_PLUGIN,
         "plugin other_major (%s): abi_major: expected 1, found 2 (compile it for this version of "
         "zcache)"},
        {"newer_minor", ZCACHE_E_PLUGIN,
         "plugin newer_minor (%s): abi_minor: expected at most 0, found 1 (it needs a newer "
         "zcache)"},
        {"short_descriptor", ZCACHE_E_PLUGIN,
         "plugin short_descriptor (%s): ops: expected a table of operations, found none"},
        {"without_del", ZCACHE_E_PLUGIN,
         "plugin without_del (%s): ops.del: expected a function, found none (it is required of a "
         "provider)"},
        {"misnamed", ZCACHE_E_PLUGIN,
         "plugin misnamed (%s): name: expected \"misnamed\", as its file is named, found "
         "\"somebody_else\""},
        {"unresolved", ZCACHE_E_PLUGIN,
         "plugin file cannot be loaded: %s: undefined symbol: a_function_that_nobody_has"},
        {"static_tls", ZCACHE_E_PLUGIN,
         "plugin file %s uses static thread-local storage, which every load uses up for good "
         "(compile without -ftls-model=initial-exec)"},
        {"load_fails", ZCACHE_E_PLUGIN,
         "plugin load_fails (%s): load failed: the library below is of no use"},
        {"counter", ZCACHE_E_PLUGIN, "plugin counter (%s) is a filter, not a provider"},
        {"open_fails", ZCACHE_E_CONFIG, "this store never opens"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char path[PATH_MAX], message[2 * PATH_MAX];
        fixture_path(path, fixtures(), bad[i].fixture, ".so");
        const char *gap = strstr(bad[i].reason, "%s");
        size_t before = gap != NULL ? (size_t)(gap - bad[i].reason) : strlen(bad[i].reason);
        snprintf(message, sizeof(message), "%.*s%s%s", (int)before, bad[i].reason,
                 gap != NULL ? path : "", gap != NULL ? gap + 2 : "");
        refused(bad[i].fixture, (const char *const[]){plugin_path(), NULL}, bad[i].status, message);
    }
}

static void test_untrusted_files_are_refused_and_the_old_provider_serves(void **state)
{
    (void)state;
    const char *dir = temp_dir();
    char path[PATH_MAX], message[3 * PATH_MAX];
    const char *settings[] = {path_with(dir), NULL};

    temp_file(dir, "not_elf.so", "this is a text\n", 0755);
    snprintf(message, sizeof(message), "plugin file %s is not an ELF file",
             fixture_path(path, dir, "not_elf", ".so"));
    refused("not_elf", settings, ZCACHE_E_PLUGIN, message);

    size_t size;
    char *bytes = fixture_read("store", &size);
    fixture_install(dir, "truncated", bytes, size - 1);
    free(bytes);
    snprintf(message, sizeof(message),
             "plugin file %s is truncated: its section table ends outside the file",
             fixture_path(path, dir, "truncated", ".so"));
    refused("truncated", settings, ZCACHE_E_PLUGIN, message);

    fixture_copy("store", dir, "writable");
    assert_int_equal(chmod(fixture_path(path, dir, "writable", ".so"), 0757), 0);
    snprintf(message, sizeof(message),
             "plugin file %s is writable by others: it is not trusted (chmod o-w %s)", path, path);
    refused("writable", settings, ZCACHE_E_PLUGIN, message);

    assert_int_equal(symlink("store.so", fixture_path(path, dir, "symlinked", ".so")), 0);
    snprintf(message, sizeof(message), "plugin file %s is a symbolic link: install the file itself",
             path);
    refused("symlinked", settings, ZCACHE_E_PLUGIN, message);

    assert_int_equal(chmod(dir, 0757), 0);
    snprintf(message, sizeof(message),
             "directory %s is writable by others: it is not trusted (chmod o-w %s)", dir, dir);
    refused("anything", settings, ZCACHE_E_PLUGIN, message);
}

static void test_provider_is_a_name_and_never_a_path(void **state)
{
    (void)state;
    static const char *const names[] = {"../evil", "/tmp/evil", "evil.so", "./evil"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        zcache *cache = NULL;
        const char *settings[] = {plugin_path(), NULL};
        zcache_status status =
            zcache_open(&cache, ZCACHE_OPTIONS(.provider = names[i], .settings = settings));
        assert_status(ZCACHE_E_CONFIG, status);
        assert_null(cache);
        assert_non_null(strstr(zcache_error_message(), names[i]));
        assert_non_null(strstr(zcache_error_message(), "never by a path"));
    }
}

/* ---- secrets --------------------------------------------------------------------------------- */

typedef struct lines {
    char text[8192];
} lines;

static void keep_line(void *user, zcache_log_level level, const char *message)
{
    (void)level;
    lines *log = user;
    size_t used = strlen(log->text);
    snprintf(log->text + used, sizeof(log->text) - used, "%s\n", message);
}

static void test_secret_of_a_plugin_shows_nowhere(void **state)
{
    (void)state;
    lines log = {""};
    zcache *cache = NULL;
    zcache_value value = ZCACHE_VALUE_INIT;
    const char *settings[] = {plugin_path(), "tells_secret.password=hunter2hunter2", NULL, NULL};
    assert_status(
        ZCACHE_OK,
        zcache_open(&cache, ZCACHE_OPTIONS(.provider = "tells_secret", .settings = settings,
                                           .log = keep_line, .log_user = &log)));
    assert_error(ZCACHE_E_AUTH, "nobody accepts ***", zcache_get(cache, "a", &value, NULL));
    assert_null(strstr(zcache_error_message(), "hunter2"));
    assert_status(ZCACHE_OK, zcache_close(cache));
    settings[2] = "tells_secret.fail=yes";
    assert_error(
        ZCACHE_E_AUTH, "the password *** is wrong",
        zcache_open(&cache, ZCACHE_OPTIONS(.provider = "tells_secret", .settings = settings,
                                           .log = keep_line, .log_user = &log)));
    assert_non_null(strstr(log.text, "the password is ***, I repeat: ***\n"));
    assert_null(strstr(log.text, "hunter2"));
    zcache_value_free(&value);
}

/* ---- filters and threads --------------------------------------------------------------------- */

typedef struct wanted {
    const char *name;
    int64_t number;
} wanted;

static void take_wanted(void *user, const zcache_stat *stat)
{
    wanted *one = user;
    if (strcmp(stat->name, one->name) == 0)
        one->number = stat->number;
}

/* Sets two keys and gets one through a filter: it has seen that, and tells it by this name. */
static void passes_through(const char *setting, const char *name)
{
    zcache *cache;
    zcache_value value = ZCACHE_VALUE_INIT;
    wanted sets = {name, -1};
    assert_status(ZCACHE_OK, zcache_open(&cache, ZCACHE_OPTIONS(.provider = "store",
                                                                .settings = SETTINGS(setting))));
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
    assert_status(ZCACHE_OK, zcache_set(cache, "b", "2", 1, NULL));
    assert_status(ZCACHE_OK, zcache_get(cache, "b", &value, NULL));
    assert_text("2", &value);
    assert_status(ZCACHE_OK, zcache_stats(cache, take_wanted, &sets, NULL));
    assert_int_equal(sets.number, 2);
    assert_status(ZCACHE_OK, zcache_close(cache));
    zcache_value_free(&value);
}

static void test_filter_sees_what_passes_through_it(void **state)
{
    (void)state;
    passes_through("cache.filters=counter", "store_counted_sets");
    passes_through("cache.filters=two-words", "two_words_sets");
}

static void test_filter_of_another_version_is_refused(void **state)
{
    (void)state;
    zcache *cache = NULL;
    assert_error(
        ZCACHE_E_PLUGIN,
        "host_version: expected \"" ZCACHE_VERSION "\", found \"0.9.9\" (a filter runs "
        "only on the version that it was compiled for)",
        zcache_open(&cache, ZCACHE_OPTIONS(.provider = "store",
                                           .settings = SETTINGS("cache.filters=old_filter"))));
    assert_null(cache);
}

static void get_often(void *user, size_t index)
{
    (void)index;
    zcache_value value = ZCACHE_VALUE_INIT;
    for (int i = 0; i < 50; i++)
        check_status(ZCACHE_MISS, zcache_get(user, "a", &value, NULL));
    zcache_value_free(&value);
}

static void test_operations_of_a_serialized_plugin_never_overlap(void **state)
{
    (void)state;
    zcache *cache;
    const char *settings[] = {plugin_path(), "cache.timeout=60s", NULL};
    assert_status(ZCACHE_OK, zcache_open(&cache, ZCACHE_OPTIONS(.provider = "serialized",
                                                                .settings = settings)));
    threads_run(4, get_often, cache);
    assert_int_equal(checks_failed(), 0);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void sleep_in_get(void *user, size_t index)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    if (index == 0)
        check_status(ZCACHE_MISS, zcache_get(user, "a", &value, NULL));
    zcache_value_free(&value);
    if (index == 1) {
        clock_sleep_ms(100); /* the other is in the old provider by then */
        zcache_swap_report report;
        check_status(ZCACHE_OK,
                     zcache_swap(user, ZCACHE_SWAP(.provider = "memory", .timeout_ms = 20000,
                                                   .report = &report)));
        check_that(!report.retired);
        check_that(report.unmapped);
    }
}

static void test_swap_waits_for_a_slow_operation_of_the_old_provider(void **state)
{
    (void)state;
    zcache *cache;
    const char *settings[] = {plugin_path(), "slow.get_time=500ms", "slow.close_time=50ms",
                              "cache.timeout=60s", NULL};
    assert_status(ZCACHE_OK,
                  zcache_open(&cache, ZCACHE_OPTIONS(.provider = "slow", .settings = settings)));
    threads_run(2, sleep_in_get, cache);
    assert_int_equal(checks_failed(), 0);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_bad_plugin_is_refused_and_the_old_provider_serves),
        cmocka_unit_test(test_untrusted_files_are_refused_and_the_old_provider_serves),
        cmocka_unit_test(test_provider_is_a_name_and_never_a_path),
        cmocka_unit_test(test_secret_of_a_plugin_shows_nowhere),
        cmocka_unit_test(test_filter_sees_what_passes_through_it),
        cmocka_unit_test(test_filter_of_another_version_is_refused),
        cmocka_unit_test(test_operations_of_a_serialized_plugin_never_overlap),
        cmocka_unit_test(test_swap_waits_for_a_slow_operation_of_the_old_provider),
    };
    unsetenv("ZCACHE_KEEP_MODULES");
    expect_of("plugins");
    return cmocka_run_group_tests_name("plugins refused and odd", tests, NULL, NULL);
}
