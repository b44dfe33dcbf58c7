/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Memory that runs out at every single allocation of loading, swapping and filling: each time the
 * answer is ZCACHE_E_NOMEM, with its message, and nothing is left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config-harness.h"
#include "expect.h"
#include "failing-allocator.h"

typedef struct store_options {
    const char *url;
    const char *password;
    zcache_list servers;
} store_options;

static const zcache_option store_table[] = {
    ZCACHE_STRING_OPTION(store_options, url, "url", "store://localhost", 0, "where it is"),
    ZCACHE_STRING_OPTION(store_options, password, "password", NULL, ZCACHE_OPTION_SECRET, "secret"),
    ZCACHE_LIST_OPTION(store_options, servers, "servers", "a:1, b:2", "which"),
};

static const zcache_descriptor store = {.name = "store",
                                        .options = store_table,
                                        .option_count = 3,
                                        .option_stride = sizeof(zcache_option),
                                        .options_size = sizeof(store_options)};

static const char ini[] = "[cache]\n"
                          "provider = memory\n"
                          "filters = a, b\n"
                          "  c\n"
                          "[store]\n"
                          "url = x\n"
                          "password = y\n"
                          "[table.users]\n"
                          "ttl = 1m\n"
                          "serialization = json\n"
                          "[table.orders]\n";

static const char swap_ini[] = "[cache]\nprovider = store\n[store]\nurl = z\nservers = c:3\n";

typedef zcache_status step_fn(const zc_config *given);

static void ignore_setting(void *user, const zcache_setting *setting)
{
    ++*(size_t *)user;
    assert_non_null(setting->value);
}

static zcache_status load(const zc_config *given)
{
    (void)given;
    zc_config *config;
    zcache_status status = zc_config_load(
        ZCACHE_SOURCE_FILE, "zcache.ini",
        ZCACHE_OPTIONS(.provider = "store", .settings = SETTINGS("cache.timeout=5s")), &config);
    assert_int_equal(status == ZCACHE_OK, config != NULL);
    zc_config_free(config);
    return status;
}

static zcache_status swap(const zc_config *given)
{
    zc_config *next;
    zcache_status status = zc_config_for_swap(
        given,
        ZCACHE_SWAP(.file = "swap.ini", .provider = "store", .settings = SETTINGS("store.url=w")),
        &next);
    assert_int_equal(status == ZCACHE_OK, next != NULL);
    zc_config_free(next);
    return status;
}

static zcache_status fill(const zc_config *given)
{
    void *options;
    zcache_status status = zc_config_plugin_options(given, &store, &options);
    assert_int_equal(status == ZCACHE_OK, options != NULL);
    zc_config_plugin_options_free(&store, options);
    return status;
}

/* Fails the 1st, 2nd, ... allocation of a step, until it asks for no more. */
static void fail_every_allocation(step_fn *step, size_t at_least)
{
    setenv("ZCACHE_TABLE_OTHERS_TTL", "1s", 1);
    setenv("ZCACHE_PLUGIN_PATH", "/a:/b", 1);
    config_write("swap.ini", swap_ini, strlen(swap_ini));
    zc_config *given = config_load(ini, NULL);
    size_t blocks = failing_allocator_live(), n = 1;
    for (;; n++) {
        failing_allocator_fail(n);
        zcache_status status = step(given);
        bool failed = failing_allocator_failed();
        failing_allocator_fail(0);
        assert_int_equal(blocks, failing_allocator_live());
        if (!failed) {
            assert_status(ZCACHE_OK, status);
            break;
        }
        assert_status(ZCACHE_E_NOMEM, status);
        assert_message("out of memory");
    }
    assert_true(n > at_least); /* else the step did not do what it is for */
    zc_config_free(given);
}

static void test_loading(void **state)
{
    (void)state;
    fail_every_allocation(load, 50);
}

static void test_swapping(void **state)
{
    (void)state;
    fail_every_allocation(swap, 100);
}

static void test_filling(void **state)
{
    (void)state;
    fail_every_allocation(fill, 3);
}

/* The report cannot fail: it needs memory for one value only, and shows that as it is without. */
static void test_reporting(void **state)
{
    (void)state;
    setenv("ZCACHE_PLUGIN_PATH", "/a:/b", 1);
    zc_config *config = config_load(ini, NULL);
    failing_allocator_fail(1);
    assert_string_equal("/a:/b (environment ZCACHE_PLUGIN_PATH)",
                        config_shown(config, NULL, "cache", "plugin_path"));
    assert_true(failing_allocator_failed());
    failing_allocator_fail(0);
    const zcache_descriptor *plugins[] = {&store};
    size_t count = 0;
    zc_config_each(config, plugins, 1, ignore_setting, &count);
    assert_int_equal(16 + 6 + 1 + 3 + 2 * 2, count);
    zc_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(test_loading),
        CONFIG_TEST(test_swapping),
        CONFIG_TEST(test_filling),
        CONFIG_TEST(test_reporting),
    };
    return cmocka_run_group_tests_name("config: memory", tests, config_setup, NULL);
}
