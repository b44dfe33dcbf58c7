/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What an operator's tool needs: the configuration with the origin of each value, and the plugins
 * that can be loaded. The `zcache` command is written on this header and <zcache/zcache.h> alone.
 *
 * Every function may be called from any thread. Everything here is since 1.0.
 */
#ifndef ZCACHE_ADMIN_H
#define ZCACHE_ADMIN_H

#include <zcache/plugin.h>
#include <zcache/zcache.h>

ZCACHE_BEGIN_DECLS

/* ---- configuration --------------------------------------------------------------------------- */

/* Where a configuration comes from. */
typedef enum zcache_source {
    ZCACHE_SOURCE_CODE = 0,       /* options and defaults only, as zcache_open */
    ZCACHE_SOURCE_FILE = 1,       /* an INI file and the environment, as zcache_open_file */
    ZCACHE_SOURCE_ENVIRONMENT = 2 /* as zcache_open_env */
} zcache_source;

/* One setting in force. The strings are borrowed for the callback. */
typedef struct zcache_setting {
    const char *section; /* "cache", "redis", "table.users" */
    const char *key;
    const char *value; /* as it would be written in the INI file; "***" for a secret that is set; ""
                        * for one that has neither a value nor a default */
    const char *origin; /* "default", "zcache.ini:12", "environment REDIS_URL", "option" */
    const char *help;   /* one sentence */
    bool secret;
} zcache_setting;
typedef void zcache_setting_fn(void *user, const zcache_setting *setting);

/* Reports every setting of an open cache, defaults too: [cache] first, then [swap], the active
 * provider's section, filters', and tables' in the order they were set. */
ZCACHE_PUBLIC zcache_status zcache_config_each(zcache *cache, zcache_setting_fn *each, void *user);

/* As zcache_config_each, of a configuration that is loaded for this call and not applied: the
 * provider's plugin is loaded, to check its section, but not opened.
 *     path   the INI file of ZCACHE_SOURCE_FILE; else NULL
 *     each   may be NULL: check only
 * Errors: ZCACHE_E_CONFIG, with file, line, key, value and what is allowed; ZCACHE_E_PLUGIN. */
ZCACHE_PUBLIC zcache_status zcache_config_check(zcache_source source, const char *path,
                                                const zcache_options *options,
                                                zcache_setting_fn *each, void *user);

/* ---- plugins --------------------------------------------------------------------------------- */

/* What a plugin says of itself, or why it was refused. Everything is borrowed for the callback. */
typedef struct zcache_plugin_info {
    const char *name;
    const char *file;     /* the path that was verified; "(linked in)" for a preloaded plugin; ""
                           * for one that was refused: the message names it */
    zcache_status status; /* ZCACHE_OK, or why it was refused: the rest is then 0 */
    const char *message;  /* the reason in words; "" if it was not refused */
    const zcache_descriptor *descriptor; /* the host's copy of it: absent fields are 0 */
    const char *capabilities; /* names of the operations that are there: "get set del peek" */
} zcache_plugin_info;
typedef void zcache_plugin_fn(void *user, const zcache_plugin_info *info);

/* Reports every plugin that is linked in or found in the configured plugin_path, sorted by name.
 * Each is loaded, verified and unloaded again. One that is refused is reported too. `source`,
 * `path`, `options`: the configuration that names plugin_path, as above. */
ZCACHE_PUBLIC zcache_status zcache_plugin_each(zcache_source source, const char *path,
                                               const zcache_options *options,
                                               zcache_plugin_fn *each, void *user);

/* Reports one plugin. Errors: ZCACHE_E_PLUGIN, it is not there or was refused: `each` is not
 * called. */
ZCACHE_PUBLIC zcache_status zcache_plugin_inspect(zcache_source source, const char *path,
                                                  const zcache_options *options, const char *name,
                                                  zcache_plugin_fn *each, void *user);

ZCACHE_END_DECLS

#endif /* ZCACHE_ADMIN_H */
