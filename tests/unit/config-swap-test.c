/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The configuration of a swap: the old one with another provider, file and settings laid over it,
 * and the old one left as it was.
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

typedef struct store_options {
    const char *url;
    const char *name;
} store_options;

static const zcache_option store_table[] = {
    ZCACHE_STRING_OPTION(store_options, url, "url", "nowhere", 0, "where it is"),
    ZCACHE_STRING_OPTION(store_options, name, "name", NULL, 0, "its name"),
};

static const zcache_descriptor redis = {.name = "redis",
                                        .options = store_table,
                                        .option_count = 2,
                                        .option_stride = sizeof(zcache_option),
                                        .options_size = sizeof(store_options)};

static const char first[] = "[cache]\n"
                            "provider = memory\n"
                            "key_prefix = app:\n"
                            "[redis]\n"
                            "url = old\n"
                            "name = old\n"
                            "[table.users]\n"
                            "ttl = 1m\n";

static zc_config *swapped(const zc_config *config, const zcache_swap_options *swap)
{
    zc_config *next;
    assert_status(ZCACHE_OK, zc_config_for_swap(config, swap, &next));
    return next;
}

static void write_file(const char *text)
{
    config_write("swap.ini", text, strlen(text));
}

static void test_swap_to_a_provider(void **state)
{
    (void)state;
    zc_config *config = config_load(first, NULL);
    zc_config *next = swapped(config, ZCACHE_SWAP(.provider = "redis"));
    assert_string_equal("memory", zc_config_cache(config)->provider);
    assert_string_equal("redis (option)", config_shown(next, NULL, "cache", "provider"));
    assert_string_equal("redis", zc_config_cache(next)->provider);
    assert_string_equal("app:", zc_config_cache(next)->key_prefix);
    assert_int_equal(60000, zc_config_table(next, "users").ttl_ms);
    assert_string_equal("old (zcache.ini:5)", config_shown(next, &redis, "redis", "url"));
    zc_config_free(config); /* the new one stands on its own */
    config = swapped(next, ZCACHE_SWAP(.provider = "memory"));
    zc_config_free(next);
    next = swapped(config, ZCACHE_SWAP(.provider = NULL)); /* the active one, anew */
    assert_string_equal("memory", zc_config_cache(next)->provider);
    zc_config_free(next);
    zc_config_free(config);
}

static void test_settings_win_over_all(void **state)
{
    (void)state;
    setenv("ZCACHE_REDIS_URL", "environment", 1);
    write_file("[cache]\nprovider = redis\n[redis]\nurl = file\n");
    zc_config *config = config_load(first, SETTINGS("redis.url=opened"));
    zc_config *next = swapped(config, ZCACHE_SWAP(.file = "swap.ini", .provider = "other",
                                                  .settings = SETTINGS("redis.url=swap")));
    assert_string_equal("other", zc_config_cache(next)->provider);
    assert_string_equal("swap (option)", config_shown(next, &redis, "redis", "url"));
    assert_string_equal("opened (option)", config_shown(config, &redis, "redis", "url"));
    zc_config_free(next);
    zc_config_free(config);
}

/* The file takes the place of the old file and of the options given at opening. */
static void test_file_replaces_provider_and_section(void **state)
{
    (void)state;
    write_file("[cache]\nprovider = redis\nkey_prefix = ignored:\n[redis]\nurl = new\n"
               "[table.users]\nttl = 9m\n");
    zc_config *config = config_load(
        first, SETTINGS("cache.provider=memory", "redis.url=opened", "memory.max_memory=1g"));
    zc_config *next = swapped(config, ZCACHE_SWAP(.file = "swap.ini"));
    assert_string_equal("redis (swap.ini:2)", config_shown(next, NULL, "cache", "provider"));
    assert_string_equal("new (swap.ini:5)", config_shown(next, &redis, "redis", "url"));
    assert_string_equal(" (default)", config_shown(next, &redis, "redis", "name"));
    assert_string_equal("app:", zc_config_cache(next)->key_prefix);
    assert_int_equal(60000, zc_config_table(next, "users").ttl_ms);
    zc_config_free(config);

    write_file("[cache]\nprovider = memory\n");
    config = swapped(next, ZCACHE_SWAP(.file = "swap.ini"));
    assert_string_equal("memory (swap.ini:2)", config_shown(config, NULL, "cache", "provider"));
    assert_string_equal("new (swap.ini:5)", config_shown(config, &redis, "redis", "url"));
    zc_config_free(config);
    zc_config_free(next);
}

/* The environment goes on to win over a file's settings; but a provider that a swap asks for is
 * the one it gets. */
static void test_file_and_environment(void **state)
{
    (void)state;
    setenv("ZCACHE_PROVIDER", "memory", 1);
    setenv("REDIS_URL", "environment", 1);
    write_file("[cache]\nprovider = redis\n[redis]\nurl = new\nname = new\n");
    zc_config *config = config_load(first, NULL);
    unsetenv("REDIS_URL"); /* what counts is the environment at loading */
    zc_config *next = swapped(config, ZCACHE_SWAP(.file = "swap.ini"));
    assert_string_equal("redis (swap.ini:2)", config_shown(next, NULL, "cache", "provider"));
    assert_string_equal("environment (environment REDIS_URL)",
                        config_shown(next, &redis, "redis", "url"));
    assert_string_equal("new (swap.ini:5)", config_shown(next, &redis, "redis", "name"));
    zc_config_free(next);
    zc_config_free(config);
}

static void refused(const char *message, const zcache_swap_options *swap)
{
    zc_config *config = config_load(first, NULL), *next = config;
    assert_status(ZCACHE_E_CONFIG, zc_config_for_swap(config, swap, &next));
    assert_null(next);
    assert_message(message);
    assert_string_equal("memory", zc_config_cache(config)->provider);
    zc_config_free(config);
}

static void test_wrong_swaps(void **state)
{
    (void)state;
#define TAKES                                                                              \
    "a swap takes settings of plugins' sections only, as redis.url; name the provider by " \
    "itself"
    refused("option: [cache] provider = \"../evil\": a plugin is given by its name, as redis, and "
            "never by a path or file; it is looked up in plugin_path",
            ZCACHE_SWAP(.provider = "../evil"));
    refused("option cache.timeout: " TAKES, ZCACHE_SWAP(.settings = SETTINGS("cache.timeout=5s")));
    refused("option cache.provider: " TAKES,
            ZCACHE_SWAP(.settings = SETTINGS("redis.url=x", "cache.provider=redis")));
    refused("option table.users.ttl: " TAKES,
            ZCACHE_SWAP(.settings = SETTINGS("table.users.ttl=5s")));
    refused("option \"redis\": expected \"section.key=value\"",
            ZCACHE_SWAP(.settings = SETTINGS("redis")));
    refused("none.ini: cannot be opened: No such file or directory",
            ZCACHE_SWAP(.file = "none.ini"));

    write_file("[cache]\nprovider = redis\ntimeout = 5\n[redis]\nurl = new\n");
    refused("swap.ini:3: [cache] timeout = \"5\": a duration needs a unit, as 5s or 500ms",
            ZCACHE_SWAP(.file = "swap.ini")); /* all of it must be right, though a part is taken */
    write_file("[cache]\nprovider = memory\n[memroy]\n");
    refused("swap.ini:3: [memroy]: no such section; did you mean [memory]?",
            ZCACHE_SWAP(.file = "swap.ini"));
    refused("option: [memroy]: no such section; did you mean [memory]?",
            ZCACHE_SWAP(.settings = SETTINGS("memroy.max_memory=1g")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(test_swap_to_a_provider),
        CONFIG_TEST(test_settings_win_over_all),
        CONFIG_TEST(test_file_replaces_provider_and_section),
        CONFIG_TEST(test_file_and_environment),
        CONFIG_TEST(test_wrong_swaps),
    };
    return cmocka_run_group_tests_name("config: swap", tests, config_setup, NULL);
}
