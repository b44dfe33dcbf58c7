/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A plugin's section: the struct that is filled from its option table, and every way in which its
 * keys and values are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/allocator.h"
#include "config-harness.h"
#include "expect.h"

typedef struct store_options {
    const char *url;
    const char *password;
    const char *name;
    int64_t connections;
    int64_t limit;
    int64_t timeout_ms;
    int64_t idle_ms;
    bool tls;
    int mode;
    zcache_list servers;
    double part;
} store_options;

static const char *const mode_choices[] = {"fast", "safe", NULL};

static const zcache_option store_table[] = {
    ZCACHE_STRING_OPTION(store_options, url, "url", "store://localhost", 0, "where it is"),
    ZCACHE_STRING_OPTION(store_options, password, "password", NULL, ZCACHE_OPTION_SECRET, "secret"),
    ZCACHE_STRING_OPTION(store_options, name, "name", NULL, 0, "any name"),
    ZCACHE_INT_OPTION(store_options, connections, "connections", "8", 1, 1000, "how many"),
    ZCACHE_SIZE_OPTION(store_options, limit, "limit", "64MiB", 65536, INT64_MAX, "memory"),
    ZCACHE_DURATION_OPTION(store_options, timeout_ms, "timeout", "1s", 1, 60000, "patience"),
    ZCACHE_DURATION_OPTION(store_options, idle_ms, "idle", "never", -1, 3600000, "until closed"),
    ZCACHE_BOOL_OPTION(store_options, tls, "tls", NULL, "encrypt"),
    ZCACHE_ENUM_OPTION(store_options, mode, "mode", "safe", mode_choices, "how"),
    ZCACHE_LIST_OPTION(store_options, servers, "servers", "a:1, b:2", "which"),
    ZCACHE_FRACTION_OPTION(store_options, part, "part", "10%", "how much of all"),
};

static const zcache_descriptor store = {
    ZCACHE_DESCRIPTOR_HEADER,
    .kind = ZCACHE_KIND_PROVIDER,
    .name = "store",
    .options = store_table,
    .option_count = sizeof(store_table) / sizeof(store_table[0]),
    .option_stride = sizeof(zcache_option),
    .options_size = sizeof(store_options),
};

static store_options *fill(const char *ini, const char *const *settings)
{
    zc_config *config = config_load(ini, settings);
    void *options;
    assert_status(ZCACHE_OK, zc_config_plugin_options(config, &store, &options));
    zc_config_free(config);
    return options;
}

/* The section is refused, with this message, when the plugin's table is known. */
static void refused(const zcache_descriptor *plugin, zcache_status status, const char *message,
                    const char *ini, const char *const *settings)
{
    zc_config *config = config_load(ini, settings);
    void *options = &options;
    zcache_status given = zc_config_plugin_options(config, plugin, &options);
    if (given == ZCACHE_OK)
        fail_msg("was not refused; expected: %s", message);
    assert_string_equal(message, zcache_error_message());
    assert_status(status, given);
    assert_null(options);
    zc_config_free(config);
}

#define REFUSED(message, lines) \
    refused(&store, ZCACHE_E_CONFIG, message, "[cache]\nprovider = store\n[store]\n" lines, NULL)

static void test_defaults_fill_the_struct(void **state)
{
    (void)state;
    store_options *options = fill("", NULL);
    assert_string_equal("store://localhost", options->url);
    assert_null(options->password);
    assert_null(options->name);
    assert_int_equal(8, options->connections);
    assert_int_equal(64 * 1024 * 1024, options->limit);
    assert_int_equal(1000, options->timeout_ms);
    assert_true(options->idle_ms == ZCACHE_TTL_NEVER);
    assert_false(options->tls);
    assert_int_equal(1, options->mode);
    assert_int_equal(2, options->servers.count);
    assert_string_equal("b:2", options->servers.items[1]);
    assert_true(options->part == 0.1);
    zc_config_plugin_options_free(&store, options);
    zc_config_plugin_options_free(&store, NULL);
}

static void test_section_fills_the_struct(void **state)
{
    (void)state;
    store_options *options = fill("[store]\n"
                                  "url = store://a=b;c\n"
                                  "password = p;# \"x\"\n"
                                  "name =\n"
                                  "connections = 1000\n"
                                  "limit = 1.5g\n"
                                  "timeout = 1m\n"
                                  "idle = 30m\n"
                                  "tls = on\n"
                                  "mode = fast\n"
                                  "servers = [::1]:1\n"
                                  "  c:3\n"
                                  "part = 1e-3\n",
                                  NULL);
    assert_string_equal("store://a=b;c", options->url);
    assert_string_equal("p;# \"x\"", options->password);
    assert_string_equal("", options->name);
    assert_int_equal(1000, options->connections);
    assert_true(options->limit == INT64_C(1610612736));
    assert_int_equal(60000, options->timeout_ms);
    assert_int_equal(1800000, options->idle_ms);
    assert_true(options->tls);
    assert_int_equal(0, options->mode);
    assert_int_equal(2, options->servers.count);
    assert_string_equal("[::1]:1", options->servers.items[0]);
    assert_string_equal("c:3", options->servers.items[1]);
    assert_null(options->servers.items[2]);
    assert_true(options->part == 0.001);
    zc_config_plugin_options_free(&store, options);
}

static void test_wrong_values(void **state)
{
    (void)state;
    REFUSED("zcache.ini:4: [store] timeout = \"5\": a duration needs a unit, as 5s or 500ms",
            "timeout = 5\n");
    REFUSED("zcache.ini:4: [store] timeout = \"5 s\": expected a duration, as 500ms, 30s, 15m, 1h, "
            "7d or 1h30m",
            "timeout = 5 s\n");
    REFUSED("zcache.ini:4: [store] timeout = \"\": expected a duration, as 500ms, 30s, 15m, 1h, 7d "
            "or 1h30m",
            "timeout =\n");
    REFUSED("zcache.ini:4: [store] timeout = \"0s\": must be 1ms to 1m", "timeout = 0s\n");
    REFUSED("zcache.ini:4: [store] timeout = \"2m\": must be 1ms to 1m", "timeout = 2m\n");
    REFUSED("zcache.ini:4: [store] timeout = \"never\": must be 1ms to 1m", "timeout = never\n");
    REFUSED("zcache.ini:4: [store] idle = \"2h\": must be never, or at most 1h", "idle = 2h\n");
    REFUSED("zcache.ini:4: [store] connections = \"0\": must be 1 to 1000", "connections = 0\n");
    REFUSED("zcache.ini:4: [store] connections = \"1001\": must be 1 to 1000",
            "connections = 1001\n");
    REFUSED("zcache.ini:4: [store] connections = \"ten\": expected a whole number",
            "connections = ten\n");
    REFUSED("zcache.ini:4: [store] connections = \"99999999999999999999\": the number is too large",
            "connections = 99999999999999999999\n");
    REFUSED("zcache.ini:4: [store] limit = \"4k\": must be 64KiB or more", "limit = 4k\n");
    REFUSED("zcache.ini:4: [store] limit = \"lots\": expected a size, as 4096, 64k, 16MiB or 1.5g",
            "limit = lots\n");
    REFUSED("zcache.ini:4: [store] tls = \"maybe\": must be yes or no (or true, false, on, off, 1, "
            "0)",
            "tls = maybe\n");
    REFUSED("zcache.ini:4: [store] part = \"150%\": must be 0 to 1, or 0% to 100%",
            "part = 150%\n");
    REFUSED("zcache.ini:4: [store] part = \"half\": expected a part of 1, as 0.1, 10% or 1e-3",
            "part = half\n");
    REFUSED("zcache.ini:4: [store] mode = \"quick\": must be one of: fast, safe", "mode = quick\n");
    REFUSED("zcache.ini:4: [store] timeout = \"\"5s\"\": expected a duration, as 500ms, 30s, 15m, "
            "1h, 7d or 1h30m; quotes are part of a value: write it without",
            "timeout = \"5s\"\n");
}

static void test_unknown_keys(void **state)
{
    (void)state;
    REFUSED("zcache.ini:4: [store] ur1: no such key; did you mean \"url\"?", "ur1 = x\n");
    REFUSED("zcache.ini:5: [store] Timeout: no such key; did you mean \"timeout\"?",
            "url = x\nTimeout = 1s\n");
    REFUSED("zcache.ini:4: [store] zzz: no such key; there are url, password, name, connections, "
            "limit, timeout, idle, tls, mode, servers, part",
            "zzz = x\n");
    refused(&store, ZCACHE_E_CONFIG,
            "option: [store] server: no such key; did you mean \"servers\"?", NULL,
            SETTINGS("store.server=x"));
}

static void test_environment_names_its_variable(void **state)
{
    (void)state;
    setenv("ZCACHE_STORE_TIMEOUT", "5", 1);
    REFUSED("environment ZCACHE_STORE_TIMEOUT: [store] timeout = \"5\": a duration needs a unit, "
            "as 5s or 500ms",
            "");
    unsetenv("ZCACHE_STORE_TIMEOUT");
    setenv("ZCACHE_STORE_TIMOUT", "5s", 1);
    REFUSED("environment ZCACHE_STORE_TIMOUT: [store] TIMOUT: no such key; did you mean "
            "\"timeout\"?",
            "");
}

/* A secret is shown nowhere: neither its value nor, in a message, what is wrong with it. */
static void test_secrets_are_not_shown(void **state)
{
    (void)state;
    static const zcache_option table[] = {
        {.key = "pin",
         .type = ZCACHE_OPTION_INT,
         .flags = ZCACHE_OPTION_SECRET,
         .offset = offsetof(store_options, connections)},
    };
    zcache_descriptor plugin = store;
    plugin.options = table;
    plugin.option_count = 1;
    refused(&plugin, ZCACHE_E_CONFIG, "zcache.ini:2: [store] pin: expected a whole number",
            "[store]\npin = hunter2\n", NULL);
    refused(&plugin, ZCACHE_E_CONFIG, "option: [store] pin: expected a whole number", NULL,
            SETTINGS("store.pin=hunter2"));

    zc_config *config = config_load("[store]\npassword = hunter2\n", NULL);
    assert_string_equal("*** (zcache.ini:2)", config_shown(config, &store, "store", "password"));
    zc_config_free(config);
    config = config_load("", NULL);
    assert_string_equal(" (default)", config_shown(config, &store, "store", "password"));
    assert_string_equal("8 (default)", config_shown(config, &store, "store", "connections"));
    zc_config_free(config);
}

/* A password with a blank and a semicolon in it would be cut there. */
static void test_comment_behind_a_secret_is_refused(void **state)
{
    (void)state;
    REFUSED("zcache.ini:4: [store] password: a semicolon after a blank begins a comment, and this "
            "value is secret: put the comment on a line of its own, or, if it belongs to the "
            "value, give the value by the environment",
            "password = correct ;horse\n");
    store_options *options =
        fill("[store]\nname = a ;b\npassword = c;d\n", SETTINGS("store.url=e ;f"));
    assert_string_equal("a", options->name);
    assert_string_equal("c;d", options->password);
    assert_string_equal("e ;f", options->url);
    zc_config_plugin_options_free(&store, options);

    setenv("ZCACHE_STORE_PASSWORD", "correct ;horse", 1);
    options = fill("", NULL);
    assert_string_equal("correct ;horse", options->password);
    zc_config_plugin_options_free(&store, options);
}

static void test_continued_value_must_be_a_list(void **state)
{
    (void)state;
    REFUSED(
        "zcache.ini:6: this line is indented, so that it continues [store] url of line 4, which "
        "is not a list: remove the blanks at its start",
        "url = a\n# and\n  b\n");
}

static void test_required_option(void **state)
{
    (void)state;
    static const zcache_option table[] = {
        ZCACHE_STRING_OPTION(store_options, url, "url", NULL, ZCACHE_OPTION_REQUIRED,
                             "where the store is"),
    };
    zcache_descriptor plugin = store;
    plugin.options = table;
    plugin.option_count = 1;
    refused(&plugin, ZCACHE_E_CONFIG, "[store] url: must be set: where the store is", "", NULL);

    zc_config *config = config_load("[store]\nurl = x\n", NULL);
    void *options;
    assert_status(ZCACHE_OK, zc_config_plugin_options(config, &plugin, &options));
    zc_config_plugin_options_free(&plugin, options);
    zc_config_free(config);
}

static void test_plugin_without_options(void **state)
{
    (void)state;
    zcache_descriptor plugin = store;
    plugin.options = NULL;
    plugin.option_count = plugin.option_stride = plugin.options_size = 0;
    refused(&plugin, ZCACHE_E_CONFIG,
            "zcache.ini:2: [store] url: no such key: store takes no options", "[store]\nurl = x\n",
            NULL);

    zc_config *config = config_load("[store]\n", NULL);
    void *options = &options;
    assert_status(ZCACHE_OK, zc_config_plugin_options(config, &plugin, &options));
    assert_null(options);
    zc_config_free(config);
}

static void test_bad_tables_are_the_plugins_fault(void **state)
{
    (void)state;
    zcache_option option = store_table[3];
    zcache_descriptor plugin = store;
    plugin.options = &option;
    plugin.option_count = 1;
    option.default_value = "many";
    refused(&plugin, ZCACHE_E_PLUGIN,
            "plugin store: the default of option connections: expected a whole number", "", NULL);
    option = store_table[3];
    option.offset = sizeof(store_options) - 4;
    refused(&plugin, ZCACHE_E_PLUGIN,
            "plugin store: option connections lies outside of the plugin's struct", "", NULL);
    option.offset = SIZE_MAX - 4;
    refused(&plugin, ZCACHE_E_PLUGIN,
            "plugin store: option connections lies outside of the plugin's struct", "", NULL);
    option = store_table[3];
    option.type = (zcache_option_type)99;
    refused(&plugin, ZCACHE_E_PLUGIN,
            "plugin store: option connections has a type that is not known here", "", NULL);
}

/* A plugin of a later version has larger entries in its table, of an earlier one smaller ones. */
static void test_other_strides(void **state)
{
    (void)state;
    struct {
        zcache_option option;
        const char *more;
    } larger[2] = {{.option = store_table[3]}, {.option = store_table[4]}};
    zcache_descriptor plugin = store;
    plugin.options = &larger[0].option;
    plugin.option_count = 2;
    plugin.option_stride = sizeof(larger[0]);
    zc_config *config = config_load("[store]\nlimit = 1m\n", NULL);
    store_options *options;
    void *made;
    assert_status(ZCACHE_OK, zc_config_plugin_options(config, &plugin, &made));
    options = made;
    assert_int_equal(8, options->connections);
    assert_int_equal(1048576, options->limit);
    zc_config_plugin_options_free(&plugin, made);

    enum { SMALLER = offsetof(zcache_option, choices) };
    _Alignas(zcache_option) char smaller[2 * SMALLER];
    memcpy(smaller, &store_table[3], SMALLER);
    memcpy(smaller + SMALLER, &store_table[4], SMALLER);
    plugin.options = (const zcache_option *)(const void *)smaller;
    plugin.option_stride = SMALLER;
    assert_status(ZCACHE_OK, zc_config_plugin_options(config, &plugin, &made));
    options = made;
    assert_int_equal(8, options->connections);
    assert_int_equal(1048576, options->limit);
    zc_config_plugin_options_free(&plugin, made);
    zc_config_free(config);
}

static void test_long_values_are_cut_in_messages(void **state)
{
    (void)state;
    char setting[2048] = "store.connections=", message[512];
    memset(setting + strlen(setting), 'x', 1000);
    snprintf(message, sizeof(message),
             "option: [store] connections = \"%.100s\": expected a whole number",
             strchr(setting, '=') + 1);
    refused(&store, ZCACHE_E_CONFIG, message, NULL, SETTINGS(setting));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(test_defaults_fill_the_struct),
        CONFIG_TEST(test_section_fills_the_struct),
        CONFIG_TEST(test_wrong_values),
        CONFIG_TEST(test_unknown_keys),
        CONFIG_TEST(test_environment_names_its_variable),
        CONFIG_TEST(test_secrets_are_not_shown),
        CONFIG_TEST(test_comment_behind_a_secret_is_refused),
        CONFIG_TEST(test_continued_value_must_be_a_list),
        CONFIG_TEST(test_required_option),
        CONFIG_TEST(test_plugin_without_options),
        CONFIG_TEST(test_bad_tables_are_the_plugins_fault),
        CONFIG_TEST(test_other_strides),
        CONFIG_TEST(test_long_values_are_cut_in_messages),
    };
    return cmocka_run_group_tests_name("config: options", tests, config_setup, NULL);
}
