/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The defaults here and those in conf/zcache.ini are the same: a test compares them.
 */
#include "config/schema.h"

#include <string.h>

#include "config/sections.h"
#include "config/settings.h"

#define MAX_TIMEOUT_MS      ZCACHE_HOURS(1)
#define MAX_SCAN_TIMEOUT_MS ZCACHE_DAYS(1)
#define MAX_PREFIX          64

static const char *const errors_choices[] = {"report", "miss", NULL};
static const char *const undecodable_choices[] = {"miss", "error", NULL};
static const char *const long_keys_choices[] = {"refuse", "hash", NULL};
static const char *const mode_choices[] = {"cold", "copy", NULL};
static const char *const log_level_choices[] = {"error", "warning", "info", "debug", NULL};

static const zcache_option cache_options[] = {
    ZCACHE_STRING_OPTION(zc_cache_settings, provider, "provider", "memory", 0,
                         "the plugin that stores the entries"),
    ZCACHE_LIST_OPTION(zc_cache_settings, filters, "filters", NULL,
                       "plugins between the application and the provider, outermost first"),
    ZCACHE_STRING_OPTION(zc_cache_settings, key_prefix, "key_prefix", "", 0,
                         "what every key begins with in the store"),
    ZCACHE_DURATION_OPTION(zc_cache_settings, default_ttl_ms, "default_ttl", "never",
                           ZCACHE_TTL_NEVER, ZCACHE_TTL_MAX,
                           "how long an entry lives when its write does not say"),
    ZCACHE_STRING_OPTION(zc_cache_settings, serialization, "serialization", "json", 0,
                         "the codec of typed tables"),
    ZCACHE_DURATION_OPTION(zc_cache_settings, timeout_ms, "timeout", "1s", 1, MAX_TIMEOUT_MS,
                           "how long an operation may take"),
    ZCACHE_DURATION_OPTION(zc_cache_settings, scan_timeout_ms, "scan_timeout", "1m", 1,
                           MAX_SCAN_TIMEOUT_MS, "how long keys, scan and clear may take"),
    ZCACHE_LIST_OPTION(zc_cache_settings, plugin_path, "plugin_path", ZC_PLUGINDIR,
                       "absolute directories in which plugins are looked up"),
    ZCACHE_ENUM_OPTION(zc_cache_settings, errors, "errors", "report", errors_choices,
                       "what a read makes of a backend's error: report it, or a miss"),
    ZCACHE_ENUM_OPTION(zc_cache_settings, undecodable, "undecodable", "miss", undecodable_choices,
                       "what a value is that is none of its table's type: a miss, or an error"),
    ZCACHE_BOOL_OPTION(zc_cache_settings, allow_flush, "allow_flush", "no",
                       "whether clear may empty a whole store when there is no key_prefix"),
    ZCACHE_INT_OPTION(zc_cache_settings, max_key_length, "max_key_length", "250", 16, 1024,
                      "the longest key in bytes, prefix and table included"),
    ZCACHE_ENUM_OPTION(zc_cache_settings, long_keys, "long_keys", "refuse", long_keys_choices,
                       "what becomes of longer keys: refuse them, or hash them"),
    ZCACHE_SIZE_OPTION(zc_cache_settings, max_value_size, "max_value_size", "1000000", 1,
                       INT64_C(512) * 1024 * 1024, "the largest value in bytes"),
    ZCACHE_ENUM_OPTION(zc_cache_settings, log_level, "log_level", "warning", log_level_choices,
                       "the least important messages that are logged"),
    ZCACHE_BOOL_OPTION(zc_cache_settings, watch, "watch", "no",
                       "whether edits of the configuration's file are followed while it runs"),
};

static const zcache_option swap_options[] = {
    ZCACHE_ENUM_OPTION(zc_swap_settings, mode, "mode", "cold", mode_choices,
                       "how a reload swaps: to a cold cache, or after a copy of every entry"),
    ZCACHE_DURATION_OPTION(zc_swap_settings, timeout_ms, "timeout", "10s", 1,
                           ZC_SWAP_TIMEOUT_MAX_MS, "how long opening the new provider may take"),
    ZCACHE_DURATION_OPTION(zc_swap_settings, drain_ms, "drain", "10s", 1, ZC_SWAP_TIMEOUT_MAX_MS,
                           "how long to wait for what still uses the old provider"),
    ZCACHE_DURATION_OPTION(zc_swap_settings, copy_timeout_ms, "copy_timeout", "1d", 1,
                           ZC_SWAP_TIMEOUT_MAX_MS, "how long the copy may take"),
    ZCACHE_INT_OPTION(zc_swap_settings, rate, "rate", "0", 0, INT64_MAX,
                      "the most entries copied in a second; 0: no limit"),
    ZCACHE_BOOL_OPTION(zc_swap_settings, verify, "verify", "no",
                       "whether all entries are compared after the copy"),
};

static const zcache_option control_options[] = {
    ZCACHE_STRING_OPTION(zc_control_settings, socket, "socket", NULL, 0,
                         "the Unix socket by which `zcache ctl` controls the process; unset: none"),
};

static const zcache_option table_options[] = {
    ZCACHE_DURATION_OPTION(zc_table_settings, ttl_ms, "ttl", NULL, ZCACHE_TTL_NEVER, ZCACHE_TTL_MAX,
                           "how long an entry of the table lives; unset: as [cache] default_ttl"),
    ZCACHE_STRING_OPTION(zc_table_settings, serialization, "serialization", NULL, 0,
                         "the codec of the table; unset: as [cache] serialization"),
};

#define TABLE_OF(options, struct_type)                                          \
    {                                                                           \
        options, sizeof(options) / sizeof((options)[0]), sizeof(zcache_option), \
            sizeof(struct_type)                                                 \
    }

const zc_option_table zc_schema_cache = TABLE_OF(cache_options, zc_cache_settings);
const zc_option_table zc_schema_swap = TABLE_OF(swap_options, zc_swap_settings);
const zc_option_table zc_schema_control = TABLE_OF(control_options, zc_control_settings);
const zc_option_table zc_schema_table = TABLE_OF(table_options, zc_table_settings);

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool consists_of(const char *text, const char *bytes, size_t max)
{
    size_t size = strlen(text);
    return size <= max && strspn(text, bytes) == size;
}

bool zc_schema_is_plugin_name(const char *name)
{
    return *name >= 'a' && *name <= 'z' && consists_of(name, LOWER DIGITS "_-", 32);
}

bool zc_schema_is_table_name(const char *name)
{
    return *name != '\0' && consists_of(name, LOWER UPPER DIGITS "_.-", 64);
}

/* Refuses a value that is in the store, or else is the default. */
static zcache_status refuse(const zc_settings *settings, const char *section,
                            const zc_option_table *table, const char *key, const char *reason)
{
    for (size_t i = 0; i < table->count; i++) {
        zcache_option option = zc_option_at(table, i);
        if (strcmp(option.key, key) == 0)
            return zc_option_refuse(zc_settings_find(settings, section, key), section, &option,
                                    "%s", reason);
    }
    return ZCACHE_E_INTERNAL;
}

static zcache_status refuse_cache(const zc_settings *settings, const char *key, const char *reason)
{
    return refuse(settings, "cache", &zc_schema_cache, key, reason);
}

/* Why a name cannot be a provider's or filter's, or NULL. */
static const char *wrong_plugin(const char *name)
{
    if (strchr(name, '/') != NULL || strchr(name, '.') != NULL)
        return "a plugin is given by its name, as redis, and never by a path or file; it is looked "
               "up in plugin_path";
    if (!zc_schema_is_plugin_name(name))
        return "a plugin's name is 1 to 32 lower case letters, digits, \"_\" and \"-\", and begins "
               "with a letter";
    if (zc_section_is_ours(name) || strcmp(name, "table") == 0)
        return "this name is taken by a section of zcache's own";
    return NULL;
}

static zcache_status check_plugins(const zc_settings *settings, const zc_cache_settings *cache)
{
    const char *wrong = wrong_plugin(cache->provider);
    if (wrong != NULL)
        return refuse_cache(settings, "provider", wrong);
    for (size_t i = 0; i < cache->filters.count && wrong == NULL; i++)
        wrong = wrong_plugin(cache->filters.items[i]);
    if (wrong != NULL)
        return refuse_cache(settings, "filters", wrong);
    for (size_t i = 0; i < cache->plugin_path.count; i++)
        if (cache->plugin_path.items[i][0] != '/')
            return refuse_cache(settings, "plugin_path",
                                "every directory must be absolute: begin with \"/\"");
    if (cache->plugin_path.count == 0)
        return refuse_cache(settings, "plugin_path", "at least one directory must be given");
    return ZCACHE_OK;
}

static const char *const wrong_codec =
    "a codec's name is 1 to 32 lower case letters, digits, \"_\" and \"-\", and begins with a "
    "letter, as json";
static const char *const wrong_ttl = "a time to live is 1ms to 3650d, or never";

zcache_status zc_schema_check_cache(const zc_settings *settings, const zc_cache_settings *cache)
{
    zcache_status status = check_plugins(settings, cache);
    if (status != ZCACHE_OK)
        return status;
    if (!consists_of(cache->key_prefix, LOWER UPPER DIGITS "_.:-", MAX_PREFIX))
        return refuse_cache(settings, "key_prefix",
                            "a prefix is up to 64 letters, digits, \"_\", \".\", \":\" and \"-\"");
    if (!zc_schema_is_plugin_name(cache->serialization))
        return refuse_cache(settings, "serialization", wrong_codec);
    if (cache->default_ttl_ms == 0)
        return refuse_cache(settings, "default_ttl", wrong_ttl);
    return ZCACHE_OK;
}

/* The longest path that the kernel takes (unix(7)), and the digits of the largest process id. */
#define SOCKET_PATH_MAX 107
#define PID_DIGITS      7

zcache_status zc_schema_check_control(const zc_settings *settings,
                                      const zc_control_settings *control)
{
    const char *path = control->socket;
    if (path == NULL || *path == '\0')
        return ZCACHE_OK;
    const char *wrong = *path != '/' ? "the path must be absolute: begin with \"/\"" : NULL;
    size_t size = 0;
    for (const char *at = path; *at != '\0' && wrong == NULL; at++, size++) {
        if (*at != '%')
            continue;
        at++;
        if (*at == 'p')
            size += PID_DIGITS - 1;
        else if (*at != '%')
            wrong = "after \"%\" there may be \"p\", the process's id, or a second \"%\"";
        if (*at == '\0')
            break;
    }
    if (wrong == NULL && size > SOCKET_PATH_MAX)
        wrong = "the path of a socket has at most 107 bytes, with 7 for %p";
    return wrong != NULL ? refuse(settings, ZC_SECTION_CONTROL, &zc_schema_control, "socket", wrong)
                         : ZCACHE_OK;
}

zcache_status zc_schema_check_table(const zc_settings *settings, const char *section,
                                    const zc_table_settings *table)
{
    if (table->ttl_ms == 0 && zc_settings_find(settings, section, "ttl") != NULL)
        return refuse(settings, section, &zc_schema_table, "ttl", wrong_ttl);
    if (table->serialization != NULL && !zc_schema_is_plugin_name(table->serialization))
        return refuse(settings, section, &zc_schema_table, "serialization", wrong_codec);
    return ZCACHE_OK;
}
