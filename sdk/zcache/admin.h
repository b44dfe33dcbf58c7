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
    const char *origin; /* "default", "zcache.ini:12", "environment REDIS_URL", "option", "control
                         * socket" */
    const char *help;   /* one sentence */
    bool secret;
    const zcache_option *option; /* what it is a value of: type, default, range; `offset` means
                                  * nothing here */
} zcache_setting;
typedef void zcache_setting_fn(void *user, const zcache_setting *setting);

/* Reports every setting of an open cache, defaults too: [cache] first, then [swap], [control], the
 * active provider's section, filters', and tables' in the order they were set. */
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

/* Sets options of a plugin that is open, while operations run: "section.key=value", then NULL, all
 * of one section, that of the provider or of a filter. They are checked as in a file, and take
 * effect together or not at all, for every operation that begins after the return. They win over
 * file, environment and options, stay through swaps, and give way to the file at the next reload.
 *
 *     zcache_plugin_set(cache, (const char *const[]){"fault.error_rate=10%", "fault.seed=7", NULL});
 *
 * Errors: ZCACHE_E_NOTSUP, the plugin cannot change them while it is open: change its section and
 * reload; ZCACHE_E_CONFIG, no such plugin is open, key or value is wrong; ZCACHE_E_BUSY, a swap or
 * reload is running, or this is called from inside a callback of this cache; what the plugin refuses
 * them with. */
ZCACHE_PUBLIC zcache_status zcache_plugin_set(zcache *cache, const char *const settings[]);

/* ---- generations ----------------------------------------------------------------------------- */

/* A generation is one opening of a provider: each swap makes another. Most caches have one; there
 * are more while a swap is under way, and as long as something still uses an old one. */
typedef enum zcache_generation_state {
    ZCACHE_GENERATION_LIVE = 0,     /* what new operations use */
    ZCACHE_GENERATION_COPYING = 1,  /* entries are being brought to it: it is live next */
    ZCACHE_GENERATION_DRAINING = 2, /* left; a swap waits for what still uses it */
    ZCACHE_GENERATION_RETIRED = 3 /* left, and no longer waited for: closed as soon as it is free */
} zcache_generation_state;

/* "live", "copying", "draining", "retired". */
ZCACHE_PUBLIC const char *zcache_generation_state_name(zcache_generation_state state);

/* A native handle that is out. */
typedef struct zcache_lease {
    int64_t thread; /* that acquired it: its id, as gettid() and /proc/PID/task tell it */
    int64_t age_ms;
} zcache_lease;

/* Everything is borrowed for the callback. */
typedef struct zcache_generation {
    uint64_t number;      /* 1 was the first of the cache; 0: it has none before it is live */
    const char *provider; /* its name */
    zcache_generation_state state;
    int64_t age_ms; /* since it became live; copying: was opened; draining, retired: was left */
    size_t pins;    /* operations under way on it */
    size_t lease_count;
    const zcache_lease *leases;
} zcache_generation;
typedef void zcache_generation_fn(void *user, const zcache_generation *generation);

/* Reports the generations of an open cache that are not closed, oldest first. */
ZCACHE_PUBLIC zcache_status zcache_generation_each(zcache *cache, zcache_generation_fn *each,
                                                   void *user);

/* ---- the control socket ---------------------------------------------------------------------- */

/* With `[control] socket = PATH` (absolute; %p is the process's id, %% a percent sign) a cache
 * listens on a Unix socket, mode 0600, from when it is opened until it is closed, for processes of
 * the same user and root. `zcache ctl` is a client; any program can be one:
 *
 * A client connects, sends one request, words separated by blanks and ended by a newline, at most
 * ZCACHE_CONTROL_LINE_MAX bytes of printable ASCII, and reads lines to the end of the stream.
 * It has 5 s to send the request, and 10 s to take each part of the reply.
 *
 *     status                            process, and the swap or reload last asked for here
 *     stats                             as zcache_stats
 *     config                            as zcache_config_each
 *     generations                       as zcache_generation_each
 *     log error|warning|info|debug      the least important messages logged from now on
 *     set SECTION.KEY=VALUE...          as zcache_plugin_set; bytes of a value that are no printable
 *                                       ASCII, blanks and % are written %XX: "%20" is a blank
 *     swap PROVIDER [mode=cold|mode=copy] [rate=N] [verify] [wait]
 *     reload [wait]                     as zcache_reload
 *     abort                             as zcache_swap_abort
 *
 * A swap or reload runs in a thread of its own. Without `wait` the reply ends when it has begun;
 * with it, progress comes until it has ended. It goes on if the client goes away.
 *
 * Each line of the reply is a JSON object without others in it. "type" is its first member:
 * "process", "swap", "progress", "reload", "report", "stat", "setting", "generation", "lease" (of
 * the generation before it), "abort", and, last, "end" with "status" ("OK", "E_BUSY"), "code" (a
 * zcache_status) and, for errors, "message". A reply without "end" is incomplete. Later versions
 * may add commands, types and members: ignore those that you don't know. */
#define ZCACHE_CONTROL_LINE_MAX 4096

ZCACHE_END_DECLS

#endif /* ZCACHE_ADMIN_H */
