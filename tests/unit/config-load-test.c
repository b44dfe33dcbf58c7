/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A whole configuration: its sources and which of them wins, the sections and the library's own
 * settings, the tables, and what is reported of it all.
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

typedef struct url_options {
    const char *url;
    zcache_list servers;
} url_options;

static const zcache_option url_table[] = {
    ZCACHE_STRING_OPTION(url_options, url, "url", NULL, 0, "where it is"),
    ZCACHE_LIST_OPTION(url_options, servers, "servers", NULL, "where they are"),
};

/* A stand-in for a plugin of this name. */
static zcache_descriptor plugin_named(const char *name)
{
    return (zcache_descriptor){.name = name,
                               .options = url_table,
                               .option_count = 2,
                               .option_stride = sizeof(zcache_option),
                               .options_size = sizeof(url_options)};
}

/* ---- sources --------------------------------------------------------------------------------- */

static void test_nothing_configured(void **state)
{
    (void)state;
    zc_config *config = config_load(NULL, NULL);
    const zc_cache_settings *cache = zc_config_cache(config);
    assert_string_equal("memory", cache->provider);
    assert_int_equal(0, cache->filters.count);
    assert_string_equal("", cache->key_prefix);
    assert_true(cache->default_ttl_ms == ZCACHE_TTL_NEVER);
    assert_string_equal("json", cache->serialization);
    assert_int_equal(1000, cache->timeout_ms);
    assert_int_equal(60000, cache->scan_timeout_ms);
    assert_int_equal(1, cache->plugin_path.count);
    assert_string_equal(ZC_PLUGINDIR, cache->plugin_path.items[0]);
    assert_int_equal(ZC_ERRORS_REPORT, cache->errors);
    assert_false(cache->allow_flush);
    assert_int_equal(250, cache->max_key_length);
    assert_int_equal(ZC_LONG_KEYS_REFUSE, cache->long_keys);
    assert_int_equal(1000000, cache->max_value_size);
    assert_int_equal(ZCACHE_LOG_WARNING, cache->log_level);
    zc_table_settings table = zc_config_table(config, "users");
    assert_int_equal(ZCACHE_TTL_DEFAULT, table.ttl_ms);
    assert_null(table.serialization);
    zc_config_free(config);
    zc_config_free(NULL);
}

static void test_every_cache_setting(void **state)
{
    (void)state;
    zc_config *config = config_load("[cache]\n"
                                    "provider = redis-cluster_2\n"
                                    "filters = fault, zstd\n"
                                    "key_prefix = My-app.1:\n"
                                    "default_ttl = 3650d\n"
                                    "serialization = msgpack\n"
                                    "timeout = 1h\n"
                                    "scan_timeout = 1d\n"
                                    "plugin_path = /a /b\n"
                                    "errors = miss\n"
                                    "allow_flush = yes\n"
                                    "max_key_length = 1024\n"
                                    "long_keys = hash\n"
                                    "max_value_size = 512m\n"
                                    "log_level = debug\n",
                                    NULL);
    const zc_cache_settings *cache = zc_config_cache(config);
    assert_string_equal("redis-cluster_2", cache->provider);
    assert_int_equal(2, cache->filters.count);
    assert_string_equal("My-app.1:", cache->key_prefix);
    assert_true(cache->default_ttl_ms == ZCACHE_TTL_MAX);
    assert_string_equal("msgpack", cache->serialization);
    assert_int_equal(3600000, cache->timeout_ms);
    assert_int_equal(86400000, cache->scan_timeout_ms);
    assert_int_equal(2, cache->plugin_path.count);
    assert_int_equal(ZC_ERRORS_MISS, cache->errors);
    assert_true(cache->allow_flush);
    assert_int_equal(1024, cache->max_key_length);
    assert_int_equal(ZC_LONG_KEYS_HASH, cache->long_keys);
    assert_int_equal(512 * 1024 * 1024, cache->max_value_size);
    assert_int_equal(ZCACHE_LOG_DEBUG, cache->log_level);
    zc_config_free(config);
}

/* Each source in turn, from the weakest: every later one wins over those before it. */
static void test_precedence(void **state)
{
    (void)state;
    static const char file[] = "[cache]\nprovider = file\ntimeout = 1s\n[redis]\nurl = file\n";
    zcache_descriptor redis = plugin_named("redis");
    zc_config *config = config_load("", NULL);
    assert_string_equal("memory (default)", config_shown(config, NULL, "cache", "provider"));
    assert_string_equal(" (default)", config_shown(config, &redis, "redis", "url"));
    zc_config_free(config);

    config = config_load(file, NULL);
    assert_string_equal("file (zcache.ini:2)", config_shown(config, NULL, "cache", "provider"));
    assert_string_equal("file (zcache.ini:5)", config_shown(config, &redis, "redis", "url"));
    zc_config_free(config);

    static const struct {
        const char *variable, *section, *key, *shown;
    } steps[] = {
        {"CACHE_PROVIDER", "cache", "provider", "other (environment CACHE_PROVIDER)"},
        {"ZCACHE_CACHE_PROVIDER", "cache", "provider", "other (environment ZCACHE_CACHE_PROVIDER)"},
        {"ZCACHE_PROVIDER", "cache", "provider", "other (environment ZCACHE_PROVIDER)"},
        {"REDIS_URL", "redis", "url", "other (environment REDIS_URL)"},
        {"ZCACHE_REDIS_URL", "redis", "url", "other (environment ZCACHE_REDIS_URL)"},
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        setenv(steps[i].variable, "other", 1);
        config = config_load(file, NULL);
        assert_string_equal(steps[i].shown,
                            config_shown(config, &redis, steps[i].section, steps[i].key));
        zc_config_free(config);
    }

    config = config_load(file, SETTINGS("cache.provider=set", "redis.url=set"));
    assert_string_equal("set (option)", config_shown(config, NULL, "cache", "provider"));
    assert_string_equal("set (option)", config_shown(config, &redis, "redis", "url"));
    assert_string_equal("set", zc_config_cache(config)->provider);
    zc_config_free(config);

    assert_status(ZCACHE_OK,
                  zc_config_load(ZCACHE_SOURCE_FILE, "zcache.ini",
                                 ZCACHE_OPTIONS(.provider = "field",
                                                .settings = SETTINGS("cache.provider=set")),
                                 &config));
    assert_string_equal("field (option)", config_shown(config, NULL, "cache", "provider"));
    zc_config_free(config);

    config = config_load(NULL, NULL); /* from code: no environment */
    assert_string_equal("memory (default)", config_shown(config, NULL, "cache", "provider"));
    zc_config_free(config);
}

static void test_other_variables(void **state)
{
    (void)state;
    setenv("ZCACHE_PLUGIN_PATH", "/a b:/c,d", 1);
    setenv("MEMCACHED_SERVERS", "h1:1,h2:2", 1);
    setenv("ZCACHE_CACHE_KEY_PREFIX", "", 1);
    setenv("REDIS_URL", "", 1);
    setenv("ZCACHE_KEEP_MODULES", "1", 1);
    setenv("ZCACHE_TEST_ANYTHING", "1", 1);
    setenv("ZCACHE_UNUSED_KEY", "1", 1);
    zcache_descriptor memcached = plugin_named("memcached"), redis = plugin_named("redis");
    zc_config *config = config_load("[cache]\nkey_prefix = x\n[redis]\nurl = y\n", NULL);
    const zc_cache_settings *cache = zc_config_cache(config);
    assert_int_equal(2, cache->plugin_path.count);
    assert_string_equal("/a b", cache->plugin_path.items[0]);
    assert_string_equal("/c,d", cache->plugin_path.items[1]);
    assert_string_equal("", cache->key_prefix);
    assert_string_equal("y (zcache.ini:4)", config_shown(config, &redis, "redis", "url"));
    assert_string_equal("h1:1,h2:2 (environment MEMCACHED_SERVERS)",
                        config_shown(config, &memcached, "memcached", "servers"));
    void *options;
    assert_status(ZCACHE_OK, zc_config_plugin_options(config, &memcached, &options));
    assert_int_equal(2, ((url_options *)options)->servers.count);
    zc_config_plugin_options_free(&memcached, options);
    zc_config_free(config);

    setenv("ZCACHE_PLUGIN_PATH", "/a:/b", 1);
    config = config_load("", NULL);
    assert_string_equal("/a,/b (environment ZCACHE_PLUGIN_PATH)",
                        config_shown(config, NULL, "cache", "plugin_path"));
    zc_config_free(config);
}

static void test_mistyped_variables(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *value, *message;
    } cases[] = {
        {"ZCACHE_PROVDIER", "x",
         "environment ZCACHE_PROVDIER: no such variable; did you mean ZCACHE_PROVIDER?"},
        {"ZCACHE_CONFIG", "x",
         "environment ZCACHE_CONFIG: no such variable; did you mean ZCACHE_CONF?"},
        {"ZCACHE_PLUGINPATH", "x",
         "environment ZCACHE_PLUGINPATH: no such variable; did you mean ZCACHE_PLUGIN_PATH?"},
        {"ZCACHE_CACHE_TIMEOT", "1s",
         "environment ZCACHE_CACHE_TIMEOT: [cache] TIMEOT: no such key; did you mean \"timeout\"?"},
        {"ZCACHE_CACHE_TIMEOUT", "1",
         "environment ZCACHE_CACHE_TIMEOUT: [cache] timeout = \"1\": a duration needs a unit, as "
         "5s "
         "or 500ms"},
        {"ZCACHE_TABLE_USERS_TLT", "1s",
         "environment ZCACHE_TABLE_USERS_TLT: no such variable; a table has "
         "ZCACHE_TABLE_<NAME>_TTL and ZCACHE_TABLE_<NAME>_SERIALIZATION"},
        {"ZCACHE_TABLE_TTL", "1s",
         "environment ZCACHE_TABLE_TTL: no such variable; a table has ZCACHE_TABLE_<NAME>_TTL and "
         "ZCACHE_TABLE_<NAME>_SERIALIZATION"},
        {"ZCACHE_TABLE_USERS_TTL", "1",
         "environment ZCACHE_TABLE_USERS_TTL: [table.users] ttl = \"1\": a duration needs a unit, "
         "as 5s or 500ms"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        setenv(cases[i].variable, cases[i].value, 1);
        config_refused(cases[i].message, "", NULL);
        zc_config_free(config_load(NULL, NULL));
        unsetenv(cases[i].variable);
    }
}

/* A variable's name tells only in part where its section ends. */
static void test_variables_of_sections_that_begin_alike(void **state)
{
    (void)state;
    zcache_descriptor redis = plugin_named("redis"), cluster = plugin_named("redis-cluster");
    setenv("ZCACHE_REDIS_CLUSTER_URL", "x", 1);
    zc_config *config = config_load("[redis]\n[redis-cluster]\n", NULL);
    void *options;
    assert_status(ZCACHE_OK, zc_config_plugin_options(config, &redis, &options));
    assert_null(((url_options *)options)->url);
    zc_config_plugin_options_free(&redis, options);
    assert_status(ZCACHE_OK, zc_config_plugin_options(config, &cluster, &options));
    assert_string_equal("x", ((url_options *)options)->url);
    zc_config_plugin_options_free(&cluster, options);
    zc_config_free(config);

    config = config_load("[redis]\n", NULL);
    assert_status(ZCACHE_E_CONFIG, zc_config_plugin_options(config, &redis, &options));
    assert_message("environment ZCACHE_REDIS_CLUSTER_URL: [redis] CLUSTER_URL: no such key; there "
                   "are url, servers");
    zc_config_free(config);
}

static void test_environment_source(void **state)
{
    (void)state;
    zc_config *config;
    config_write("named.ini", "[cache]\nprovider = redis\n", 25);
    setenv("ZCACHE_CONF", "named.ini", 1);
    assert_status(ZCACHE_OK, zc_config_load(ZCACHE_SOURCE_ENVIRONMENT, NULL, NULL, &config));
    assert_string_equal("redis (named.ini:2)", config_shown(config, NULL, "cache", "provider"));
    zc_config_free(config);

    config = config_load("[cache]\nkey_prefix = a\n", NULL); /* a file that is named wins */
    assert_string_equal("memory (default)", config_shown(config, NULL, "cache", "provider"));
    zc_config_free(config);

    setenv("ZCACHE_CONF", "none.ini", 1);
    assert_status(ZCACHE_E_CONFIG, zc_config_load(ZCACHE_SOURCE_ENVIRONMENT, NULL, NULL, &config));
    assert_message("none.ini: cannot be opened: No such file or directory");
}

static void test_options_that_are_no_settings(void **state)
{
    (void)state;
    config_refused("option \"cache.timeout\": expected \"section.key=value\"", NULL,
                   SETTINGS("cache.timeout"));
    config_refused("option \"redis.password\": expected \"section.key=value\"", NULL,
                   SETTINGS("redis.password hunter2"));
    config_refused("option \"timeout=...\": expected \"section.key=value\"", NULL,
                   SETTINGS("timeout=5s"));
    config_refused("option \".timeout=...\": expected \"section.key=value\"", NULL,
                   SETTINGS(".timeout=5s"));
    config_refused("option \"cache.=...\": expected \"section.key=value\"", NULL,
                   SETTINGS("cache.=5s"));
    config_refused("option \"=...\": expected \"section.key=value\"", NULL, SETTINGS("="));
    config_refused("option: [cache] timeout = \"5\": a duration needs a unit, as 5s or 500ms", NULL,
                   SETTINGS("cache.timeout=5"));
    config_refused("option: [cache] timeuot: no such key; did you mean \"timeout\"?", NULL,
                   SETTINGS("cache.timeuot=5s"));
}

static void test_later_option_wins(void **state)
{
    (void)state;
    zc_config *config =
        config_load(NULL, SETTINGS("cache.timeout=5s", "cache.errors=miss", "cache.timeout=7s"));
    assert_int_equal(7000, zc_config_cache(config)->timeout_ms);
    assert_int_equal(ZC_ERRORS_MISS, zc_config_cache(config)->errors);
    zc_config_free(config);
}

/* ---- the library's own settings ---------------------------------------------------------------
 */

static void test_wrong_cache_settings(void **state)
{
    (void)state;
#define NAME                                                                                     \
    "a plugin's name is 1 to 32 lower case letters, digits, \"_\" and \"-\", and begins with a " \
    "letter"
#define PATH                                                                                    \
    "a plugin is given by its name, as redis, and never by a path or file; it is looked up in " \
    "plugin_path"
#define PREFIX "a prefix is up to 64 letters, digits, \"_\", \".\", \":\" and \"-\""
    static const struct {
        const char *key, *value, *reason;
    } cases[] = {
        {"provider", "../evil", PATH},
        {"provider", "/tmp/evil.so", PATH},
        {"provider", "redis.so", PATH},
        {"provider", "Redis", NAME},
        {"provider", "", NAME},
        {"provider", "2redis", NAME},
        {"provider", "re dis", NAME},
        {"provider", "abcdefghijklmnopqrstuvwxyz0123456", NAME},
        {"provider", "cache", "this name is taken by a section of zcache's own"},
        {"provider", "table", "this name is taken by a section of zcache's own"},
        {"filters", "zstd, ../evil", PATH},
        {"filters", "Zstd", NAME},
        {"key_prefix", "my app", PREFIX},
        {"key_prefix", "a*", PREFIX},
        {"key_prefix", "caf\xc3\xa9", PREFIX},
        {"key_prefix", "12345678901234567890123456789012345678901234567890123456789012345", PREFIX},
        {"default_ttl", "0s", "a time to live is 1ms to 3650d, or never"},
        {"default_ttl", "3651d", "must be never, or at most 3650d"},
        {"serialization", "../x",
         "a codec's name is 1 to 32 lower case letters, digits, \"_\" and \"-\", and begins with a "
         "letter, as json"},
        {"timeout", "0ms", "must be 1ms to 1h"},
        {"timeout", "61m", "must be 1ms to 1h"},
        {"timeout", "never", "must be 1ms to 1h"},
        {"scan_timeout", "25h", "must be 1ms to 1d"},
        {"plugin_path", "/a lib", "every directory must be absolute: begin with \"/\""},
        {"plugin_path", "", "at least one directory must be given"},
        {"errors", "hide", "must be one of: report, miss"},
        {"allow_flush", "sure", "must be yes or no (or true, false, on, off, 1, 0)"},
        {"max_key_length", "15", "must be 16 to 1024"},
        {"max_key_length", "1025", "must be 16 to 1024"},
        {"long_keys", "cut", "must be one of: refuse, hash"},
        {"max_value_size", "0", "must be 1 to 512MiB"},
        {"max_value_size", "513m", "must be 1 to 512MiB"},
        {"log_level", "loud", "must be one of: error, warning, info, debug"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char ini[256], message[512];
        snprintf(ini, sizeof(ini), "[cache]\n%s = %s\n", cases[i].key, cases[i].value);
        snprintf(message, sizeof(message), "zcache.ini:2: [cache] %s = \"%s\": %s", cases[i].key,
                 cases[i].value, cases[i].reason);
        config_refused(message, ini, NULL);
    }
    config_refused("zcache.ini:2: [cache] timout: no such key; did you mean \"timeout\"?",
                   "[cache]\ntimout = 5s\n", NULL);
    config_refused(
        "zcache.ini:2: [cache] colour: no such key; there are provider, filters, "
        "key_prefix, default_ttl, serialization, timeout, scan_timeout, plugin_path, "
        "errors, undecodable, allow_flush, max_key_length, long_keys, max_value_size, log_level, "
        "watch",
        "[cache]\ncolour = red\n", NULL);
    config_refused("zcache.ini:2: [cache] provider = \"\"redis\"\": " NAME
                   "; quotes are part of a value: write it without",
                   "[cache]\nprovider = \"redis\"\n", NULL);
}

static void test_provider_in_code_is_a_name_too(void **state)
{
    (void)state;
    zc_config *config;
    assert_status(ZCACHE_E_CONFIG, zc_config_load(ZCACHE_SOURCE_CODE, NULL,
                                                  ZCACHE_OPTIONS(.provider = "../evil"), &config));
    assert_message("option: [cache] provider = \"../evil\": " PATH);
}

/* ---- sections -------------------------------------------------------------------------------- */

static void test_sections(void **state)
{
    (void)state;
    static const struct {
        const char *provider, *sections, *message; /* NULL: accepted */
    } cases[] = {
        {"memory", "[redis]\nurl = x\n[memcached]\n[third-party_9]\nany = thing\n", NULL},
        {"memory", "[memroy]\n", "zcache.ini:3: [memroy]: no such section; did you mean [memory]?"},
        {"memory", "[memory]\n[memory2]\n", NULL},
        {"redis", "[redsi]\n", "zcache.ini:3: [redsi]: no such section; did you mean [redis]?"},
        {"redis", "[Redis]\n", "zcache.ini:3: [Redis]: no such section; did you mean [redis]?"},
        {"redis", "[redis]\n[Redis]\n",
         "zcache.ini:4: [Redis]: no such section; there are [cache], [swap], [control], "
         "[table.NAME] and one "
         "named "
         "like each plugin, in lower case"},
        {"memory", "[cahce]\n", "zcache.ini:3: [cahce]: no such section; did you mean [cache]?"},
        {"memory", "[zcache]\n", "zcache.ini:3: [zcache]: no such section; did you mean [cache]?"},
        {"zcache", "[zcache]\nx = y\n", NULL},
        {"memory", "[table]\n", "zcache.ini:3: [table]: the section of a table is [table.NAME]"},
        {"memory", "[tabel.users]\n",
         "zcache.ini:3: [tabel.users]: no such section; did you mean [table.users]?"},
        {"memory", "[Table.users]\n",
         "zcache.ini:3: [Table.users]: no such section; did you mean [table.users]?"},
        {"memory", "[other.users]\n",
         "zcache.ini:3: [other.users]: no such section; there are [cache], [swap], [control], "
         "[table.NAME] "
         "and one "
         "named like each plugin"},
        {"memory", "[table.]\n",
         "zcache.ini:3: [table.]: a table's name is 1 to 64 letters, digits, \"_\", \".\" and "
         "\"-\""},
        {"memory", "[table.a b]\n",
         "zcache.ini:3: [table.a b]: a table's name is 1 to 64 letters, digits, \"_\", \".\" and "
         "\"-\""},
        {"memory", "[two words]\n",
         "zcache.ini:3: [two words]: no such section; there are [cache], [swap], [control], "
         "[table.NAME] and "
         "one "
         "named "
         "like each plugin, in lower case"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char ini[256];
        snprintf(ini, sizeof(ini), "[cache]\nprovider = %s\n%s", cases[i].provider,
                 cases[i].sections);
        if (cases[i].message != NULL)
            config_refused(cases[i].message, ini, NULL);
        else
            zc_config_free(config_load(ini, NULL));
    }
    config_refused("zcache.ini:3: [zsdt]: no such section; did you mean [zstd]?",
                   "[cache]\nfilters = zstd\n[zsdt]\n", NULL);
    config_refused("option: [memroy]: no such section; did you mean [memory]?", NULL,
                   SETTINGS("memroy.max_memory=1g"));
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void test_tables(void **state)
{
    (void)state;
    setenv("ZCACHE_TABLE_USERS_TTL", "5m", 1);
    setenv("ZCACHE_TABLE_USERS_OLD_TTL", "6m", 1);
    setenv("ZCACHE_TABLE_A_B_SERIALIZATION", "msgpack", 1);
    zc_config *config = config_load("[table.users]\nttl = 1m\nserialization = json\n"
                                    "[table.Orders.2024]\nttl = never\n"
                                    "[table.empty]\n",
                                    SETTINGS("table.Orders.2024.serialization=cbor"));
    zc_table_settings table = zc_config_table(config, "users");
    assert_int_equal(300000, table.ttl_ms);
    assert_string_equal("json", table.serialization);
    table = zc_config_table(config, "users_old");
    assert_int_equal(360000, table.ttl_ms);
    table = zc_config_table(config, "Orders.2024");
    assert_true(table.ttl_ms == ZCACHE_TTL_NEVER);
    assert_string_equal("cbor", table.serialization);
    table = zc_config_table(config, "orders.2024"); /* names differ by case */
    assert_int_equal(ZCACHE_TTL_DEFAULT, table.ttl_ms);
    assert_null(table.serialization);
    table = zc_config_table(config, "empty");
    assert_int_equal(ZCACHE_TTL_DEFAULT, table.ttl_ms);
    static const char *const spellings[] = {"a_b", "A-B", "a.b"};
    for (size_t i = 0; i < 3; i++)
        assert_string_equal("msgpack", zc_config_table(config, spellings[i]).serialization);
    assert_null(zc_config_table(config, "ab").serialization);

    assert_string_equal("5m (environment ZCACHE_TABLE_USERS_TTL)",
                        config_shown(config, NULL, "table.users", "ttl"));
    assert_string_equal("never (zcache.ini:5)",
                        config_shown(config, NULL, "table.Orders.2024", "ttl"));
    assert_string_equal("cbor (option)",
                        config_shown(config, NULL, "table.Orders.2024", "serialization"));
    assert_string_equal(" (default)", config_shown(config, NULL, "table.empty", "ttl"));
    assert_string_equal("6m (environment ZCACHE_TABLE_USERS_OLD_TTL)",
                        config_shown(config, NULL, "table.users_old", "ttl"));
    zc_config_free(config);
}

static void test_wrong_table_settings(void **state)
{
    (void)state;
    config_refused("zcache.ini:2: [table.users] tll: no such key; did you mean \"ttl\"?",
                   "[table.users]\ntll = 1s\n", NULL);
    config_refused("zcache.ini:2: [table.users] colour: no such key; there are ttl, serialization",
                   "[table.users]\ncolour = 1s\n", NULL);
    config_refused("zcache.ini:2: [table.users] ttl = \"5\": a duration needs a unit, as 5s or "
                   "500ms",
                   "[table.users]\nttl = 5\n", NULL);
    config_refused("zcache.ini:2: [table.users] ttl = \"0s\": a time to live is 1ms to 3650d, or "
                   "never",
                   "[table.users]\nttl = 0s\n", NULL);
    config_refused("zcache.ini:2: [table.users] serialization = \"J\": a codec's name is 1 to 32 "
                   "lower case letters, digits, \"_\" and \"-\", and begins with a letter, as json",
                   "[table.users]\nserialization = J\n", NULL);
    config_refused("option: [table.a.b] c: no such key; there are ttl, serialization", NULL,
                   SETTINGS("table.a.b.c=1"));
}

/* ---- the report ------------------------------------------------------------------------------ */

static void take_name(void *user, const zcache_setting *setting)
{
    char *names = user;
    assert_non_null(setting->help);
    size_t size = strlen(names);
    snprintf(names + size, 1024 - size, "%s.%s ", setting->section, setting->key);
}

static void test_report_is_in_order(void **state)
{
    (void)state;
    zcache_descriptor redis = plugin_named("redis"), zstd = plugin_named("zstd");
    const zcache_descriptor *plugins[] = {&redis, &zstd};
    zc_config *config = config_load("[table.b]\n[cache]\nprovider = redis\n[table.a]\n", NULL);
    char names[1024] = "";
    zc_config_each(config, plugins, 2, take_name, names);
    assert_string_equal(
        "cache.provider cache.filters cache.key_prefix cache.default_ttl cache.serialization "
        "cache.timeout cache.scan_timeout cache.plugin_path cache.errors cache.undecodable "
        "cache.allow_flush "
        "cache.max_key_length cache.long_keys cache.max_value_size cache.log_level cache.watch "
        "swap.mode swap.timeout swap.drain swap.copy_timeout swap.rate swap.verify control.socket "
        "redis.url "
        "redis.servers zstd.url zstd.servers table.b.ttl table.b.serialization table.a.ttl "
        "table.a.serialization ",
        names);
    zc_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(test_nothing_configured),
        CONFIG_TEST(test_every_cache_setting),
        CONFIG_TEST(test_precedence),
        CONFIG_TEST(test_other_variables),
        CONFIG_TEST(test_mistyped_variables),
        CONFIG_TEST(test_variables_of_sections_that_begin_alike),
        CONFIG_TEST(test_environment_source),
        CONFIG_TEST(test_options_that_are_no_settings),
        CONFIG_TEST(test_later_option_wins),
        CONFIG_TEST(test_wrong_cache_settings),
        CONFIG_TEST(test_provider_in_code_is_a_name_too),
        CONFIG_TEST(test_sections),
        CONFIG_TEST(test_tables),
        CONFIG_TEST(test_wrong_table_settings),
        CONFIG_TEST(test_report_is_in_order),
    };
    return cmocka_run_group_tests_name("config: load", tests, config_setup, NULL);
}
