/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A configuration: settings (section, key, text, origin) gathered from options, environment and INI
 * file, of which the one of highest precedence counts, and typed structs made of them on demand by
 * one parser for all option tables, the host's and the plugins'. Immutable once loaded.
 */
#ifndef ZC_CONFIG_CONFIG_H
#define ZC_CONFIG_CONFIG_H

#include <zcache/admin.h>
#include <zcache/plugin.h>
#include <zcache/zcache.h>

typedef struct zc_config zc_config;
struct zc_settings;
struct zc_tables;

typedef enum zc_errors { ZC_ERRORS_REPORT, ZC_ERRORS_MISS } zc_errors;
typedef enum zc_undecodable { ZC_UNDECODABLE_MISS, ZC_UNDECODABLE_ERROR } zc_undecodable;
typedef enum zc_long_keys { ZC_LONG_KEYS_REFUSE, ZC_LONG_KEYS_HASH } zc_long_keys;

/* The [cache] section, checked. Filled from an option table like a plugin's. */
typedef struct zc_cache_settings {
    const char *provider;      /* "memory" */
    zcache_list filters;       /* outermost first */
    const char *key_prefix;    /* "" */
    int64_t default_ttl_ms;    /* > 0 or ZCACHE_TTL_NEVER (the default) */
    const char *serialization; /* "json" */
    int64_t timeout_ms;        /* 1 s */
    int64_t scan_timeout_ms;   /* 60 s */
    zcache_list plugin_path;   /* absolute directories */
    int errors;                /* zc_errors */
    int undecodable;           /* zc_undecodable */
    bool allow_flush;
    int64_t max_key_length; /* 250; 16 to 1024 */
    int long_keys;          /* zc_long_keys */
    int64_t max_value_size; /* 1,000,000; 1 to 512 MiB */
    int log_level;          /* zcache_log_level: warning */
    bool watch;
} zc_cache_settings;

/* The longest timeout of a swap: a week. */
#define ZC_SWAP_TIMEOUT_MAX_MS INT64_C(604800000)

/* The [swap] section, checked: how a reload swaps. */
typedef struct zc_swap_settings {
    int mode;                /* zcache_swap_mode */
    int64_t timeout_ms;      /* 10 s */
    int64_t drain_ms;        /* 10 s */
    int64_t copy_timeout_ms; /* a day */
    int64_t rate;            /* 0: unlimited */
    bool verify;
} zc_swap_settings;

/* The [control] section, checked. */
typedef struct zc_control_settings {
    const char *socket; /* absolute, with %p and %%; NULL or "": none */
} zc_control_settings;

/* A [table.NAME] section, checked. */
typedef struct zc_table_settings {
    int64_t ttl_ms;            /* > 0, ZCACHE_TTL_NEVER, or ZCACHE_TTL_DEFAULT: the cache's */
    const char *serialization; /* NULL: the cache's */
} zc_table_settings;

/* Loads a configuration: reads it all, and checks [cache], [swap], every [table.NAME] and the names
 * of the sections. A provider's section is checked by zc_config_plugin_options.
 * Errors: ZCACHE_E_CONFIG, ZCACHE_E_NOMEM. */
zcache_status zc_config_load(zcache_source source, const char *path, const zcache_options *options,
                             zc_config **config);

/* Makes a configuration of a store of settings, which it takes: they are empty then, also when it
 * fails. */
zcache_status zc_config_make(struct zc_settings *settings, zc_config **config);

/* What it was made of, and all its tables. Valid until it is freed. */
const struct zc_settings *zc_config_settings(const zc_config *config);
const struct zc_tables *zc_config_tables(const zc_config *config);

/* A new configuration: `config` with the provider, file and settings of a swap laid over it.
 * Provider and provider sections of swap->file replace those of the old configuration's file and
 * options; swap->provider and swap->settings win over all. The environment goes on to win over the
 * file's sections, but not over the provider that it names, for the swap asks for it. Settings of
 * [cache], [swap] and [table.NAME], which a swap does not change, are refused in swap->settings; in
 * the file they are checked and not used. */
zcache_status zc_config_for_swap(const zc_config *config, const zcache_swap_options *swap,
                                 zc_config **next);

/* A new configuration: `config` with the settings of `over` laid over it. */
zcache_status zc_config_with(const zc_config *config, const struct zc_settings *over,
                             zc_config **next);

void zc_config_free(zc_config *config);

/* All valid until the configuration is freed. */
const zc_cache_settings *zc_config_cache(const zc_config *config);
const zc_swap_settings *zc_config_swap(const zc_config *config);
const zc_control_settings *zc_config_control(const zc_config *config);
/* The settings of a table; the defaults if it has no section. */
zc_table_settings zc_config_table(const zc_config *config, const char *name);

/* Fills a new struct of descriptor->options_size bytes from the section named like the plugin,
 * after checking every key of the section against its table (unknown: error with the nearest).
 * *options is NULL for a plugin without a table, whose section must then be empty. Strings and
 * lists in it belong to it. The struct does not depend on the configuration afterwards. */
zcache_status zc_config_plugin_options(const zc_config *config, const zcache_descriptor *descriptor,
                                       void **options);
void zc_config_plugin_options_free(const zcache_descriptor *descriptor, void *options);

/* Reports every setting in force, as zcache_config_each says; `plugins` are the descriptors of the
 * provider and the filters, `count` of them. */
void zc_config_each(const zc_config *config, const zcache_descriptor *const plugins[], size_t count,
                    zcache_setting_fn *each, void *user);

#endif
