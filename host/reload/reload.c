/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * First a plan, which opens the plugins that the new configuration names and compares all there is
 * with what runs: two users of one file share one module, so a plugin is the one that runs if its
 * module is. Nothing is touched until the plan stands. Then either a swap, or a generation with the
 * new settings on the stack that is open already, whose plugins are given their new options.
 */
#include "reload/reload.h"

#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "config/difference.h"
#include "config/settings.h"
#include "config/source.h"
#include "core/operation.h"
#include "reload/renew.h"
#include "reload/watch.h"
#include "swap/swap.h"
#include "table/typed.h"

typedef struct plan {
    zc_generation *running;
    zc_config *config;
    zc_module **modules; /* as a stack's instances; NULL: not opened */
    size_t count;
    bool swap;
    bool same; /* not even a line number differs */
    zc_difference difference;
    zc_change *changes;   /* of plugins that stay open, unless there is a swap */
    zc_codec_use *codecs; /* that the new configuration chooses */
} plan;

/* ---- the plan -------------------------------------------------------------------------------- */

static zcache_status check_prefix(const plan *planned)
{
    const char *old = zc_config_cache(planned->running->config)->key_prefix;
    const char *new = zc_config_cache(planned->config)->key_prefix;
    if (strcmp(old, new) == 0)
        return ZCACHE_OK;
    const zc_setting *setting =
        zc_settings_find(zc_config_settings(planned->config), "cache", "key_prefix");
    return zc_error(ZCACHE_E_CONFIG,
                    "%s: [cache] key_prefix = \"%s\": it cannot change from \"%s\" while the cache "
                    "is open, for every key would become another: restart the process",
                    setting != NULL ? setting->origin : "default", new, old);
}

/* The control socket is opened with the cache. */
static zcache_status check_socket(const plan *planned)
{
    const char *old = zc_config_control(planned->running->config)->socket;
    const char *new = zc_config_control(planned->config)->socket;
    if (strcmp(old != NULL ? old : "", new != NULL ? new : "") == 0)
        return ZCACHE_OK;
    const zc_setting *setting =
        zc_settings_find(zc_config_settings(planned->config), "control", "socket");
    return zc_error(ZCACHE_E_CONFIG,
                    "%s: [control] socket = \"%s\": it cannot change from \"%s\" while the cache "
                    "is open: restart the process",
                    setting != NULL ? setting->origin : "default", new != NULL ? new : "",
                    old != NULL ? old : "");
}

/* Opens the i-th plugin and compares it with the i-th that runs. */
static zcache_status plan_plugin(plan *planned, size_t i)
{
    const zc_cache_settings *settings = zc_config_cache(planned->config);
    bool is_provider = i == planned->count - 1;
    const char *name = is_provider ? settings->provider : settings->filters.items[i];
    zcache_status status = zc_module_open(name, &settings->plugin_path,
                                          is_provider ? ZCACHE_KIND_PROVIDER : ZCACHE_KIND_FILTER,
                                          &planned->modules[i]);
    if (status != ZCACHE_OK)
        return status;
    const zcache_descriptor *descriptor = zc_module_descriptor(planned->modules[i]);
    zc_instance *instance = NULL;
    if (planned->count == planned->running->instance_count)
        instance = &planned->running->instances[i];
    if (instance != NULL && instance->module == planned->modules[i]) {
        size_t before = planned->difference.count;
        status = zc_difference_plugin(descriptor, instance->options, planned->config,
                                      &planned->difference);
        if (status != ZCACHE_OK || planned->difference.count == before)
            return status;
        if (descriptor->ops->configure != NULL)
            return zc_change_add(&planned->changes, instance, planned->config);
        planned->swap = true;
        return ZCACHE_OK;
    }
    planned->swap = true;
    if (instance != NULL && strcmp(instance->descriptor->name, name) == 0) {
        char build[64] = "new build of ";
        strncat(build, name, sizeof(build) - strlen(build) - 1);
        zc_difference_add(&planned->difference, build, NULL);
    }
    void *options;
    status = zc_config_plugin_options(planned->config, descriptor, &options);
    if (status == ZCACHE_OK)
        zc_config_plugin_options_free(descriptor, options);
    return status;
}

static zcache_status make_plan(zc_cache *cache, plan *planned)
{
    *planned = (plan){.running = atomic_load(&cache->current)}; /* our turn: it stays */
    zcache_status status = zc_config_source_load(cache->source, &planned->config);
    if (status == ZCACHE_OK)
        status = check_prefix(planned);
    if (status == ZCACHE_OK)
        status = check_socket(planned);
    if (status != ZCACHE_OK)
        return status;
    planned->same = zc_settings_same(zc_config_settings(planned->running->config),
                                     zc_config_settings(planned->config));
    zc_difference_settings(planned->running->config, planned->config, &planned->difference);
    planned->count = zc_config_cache(planned->config)->filters.count + 1;
    planned->modules = zc_calloc(planned->count, sizeof(zc_module *));
    if (planned->modules == NULL)
        return zc_error_nomem();
    planned->swap = planned->count != planned->running->instance_count;
    for (size_t i = planned->count; i-- > 0 && status == ZCACHE_OK;)
        status = plan_plugin(planned, i);
    if (status == ZCACHE_OK)
        status = zc_typed_prepare(cache, planned->config, &planned->codecs);
    return status;
}

static void drop_changes(plan *planned)
{
    zc_changes_free(planned->changes);
    planned->changes = NULL;
}

static void drop_plan(plan *planned)
{
    drop_changes(planned);
    for (size_t i = 0; planned->modules != NULL && i < planned->count; i++)
        zc_module_close(planned->modules[i]);
    zc_free(planned->modules);
    zc_typed_drop(planned->codecs);
    zc_config_free(planned->config);
}

/* ---- carrying it out ------------------------------------------------------------------------- */

static zcache_status swap(zc_cache *cache, plan *planned, const zcache_reload_options *asked,
                          zcache_reload_report *report)
{
    const zc_swap_settings *settings = zc_config_swap(planned->config);
    const zcache_swap_options how = {.size = sizeof(how),
                                     .mode = (zcache_swap_mode)settings->mode,
                                     .timeout_ms = settings->timeout_ms,
                                     .copy_timeout_ms = settings->copy_timeout_ms,
                                     .drain_timeout_ms = settings->drain_ms,
                                     .rate = settings->rate,
                                     .verify = settings->verify,
                                     .progress = asked->progress,
                                     .progress_user = asked->progress_user};
    zc_config *config = planned->config;
    drop_changes(planned);  /* of instances that are about to be closed */
    planned->config = NULL; /* the swap takes it */
    return zc_swap_to(cache, config, &how, &report->swap);
}

/* The new settings take over, and plugins their new options, or a part that one cannot change while
 * it is open is swapped to. */
static zcache_status renew(zc_cache *cache, plan *planned, const zcache_reload_options *asked,
                           zcache_reload_report *report)
{
    zc_change *changes = planned->changes;
    bool asks = changes != NULL;
    planned->changes = NULL;
    zcache_status status = zc_renew(planned->running, &planned->config, changes,
                                    zc_config_swap(planned->config)->timeout_ms);
    if (status != ZCACHE_E_NOTSUP || !asks)
        return status;
    report->change = ZCACHE_RELOAD_SWAP;
    return swap(cache, planned, asked, report);
}

/* What of the settings is kept outside of generations. */
static void adopt(zc_cache *cache, plan *planned)
{
    const zc_config *config = atomic_load(&cache->current)->config;
    atomic_store(&cache->log.level, zc_config_cache(config)->log_level);
    pthread_mutex_lock(&cache->lock);
    for (zcache *table = cache->tables; table != NULL; table = table->next)
        if (!table->ttl_of_program)
            atomic_store_explicit(&table->ttl_ms, zc_config_table(config, table->name).ttl_ms,
                                  memory_order_relaxed);
    pthread_mutex_unlock(&cache->lock);
    zc_typed_adopt(cache, planned->codecs);
    planned->codecs = NULL;
    zc_watch_set(cache, zc_config_cache(config)->watch);
}

static zcache_status carry_out(zc_cache *cache, plan *planned, const zcache_reload_options *asked,
                               zcache_reload_report *report)
{
    report->count = planned->difference.count;
    memcpy(report->names, planned->difference.names, sizeof(report->names));
    report->change = planned->swap                   ? ZCACHE_RELOAD_SWAP
                     : planned->difference.count > 0 ? ZCACHE_RELOAD_SETTINGS
                                                     : ZCACHE_RELOAD_NOTHING;
    zcache_status status = ZCACHE_OK;
    if (planned->swap)
        status = swap(cache, planned, asked, report);
    else if (!planned->same || planned->changes != NULL) /* a new line number is told, too */
        status = renew(cache, planned, asked, report);
    if (status != ZCACHE_OK)
        return status;
    adopt(cache, planned);
    if (report->change == ZCACHE_RELOAD_NOTHING)
        zc_log_write(&cache->log, ZCACHE_LOG_INFO, "configuration reloaded: nothing has changed");
    else
        zc_log_write(&cache->log, ZCACHE_LOG_INFO, "configuration reloaded: %s%s", report->names,
                     report->change == ZCACHE_RELOAD_SWAP ? " (swapped)" : "");
    return ZCACHE_OK;
}

zcache_status zc_reload(zc_cache *cache, const zcache_reload_options *asked,
                        zcache_reload_report *report)
{
    *report = (zcache_reload_report){0};
    plan planned;
    zcache_status status = make_plan(cache, &planned);
    if (status == ZCACHE_OK)
        status = carry_out(cache, &planned, asked, report);
    drop_plan(&planned);
    if (status != ZCACHE_OK) {
        zc_error_prefix("the configuration was not reloaded, the last good one goes on: ");
        atomic_fetch_add_explicit(&cache->reload_failures, 1, memory_order_relaxed);
    }
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_reload(zcache *cache, const zcache_reload_options *options)
{
    zcache_reload_options asked;
    zcache_status status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_RELOAD");
    if (status == ZCACHE_OK)
        status = zc_handle_resolve(&cache);
    if (status != ZCACHE_OK)
        return status;
    zc_cache *core = cache->cache;
    status = zc_swap_begin(core, "zcache_reload");
    if (status != ZCACHE_OK)
        return status;
    zcache_reload_report report;
    status = zc_reload(core, &asked, &report);
    zc_swap_end(core);
    if (status == ZCACHE_OK && asked.report != NULL) /* an older program's is shorter */
        memcpy(asked.report, &report,
               asked.report_size < sizeof(report) ? asked.report_size : sizeof(report));
    return status;
}
