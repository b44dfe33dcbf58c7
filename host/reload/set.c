/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What is set becomes a configuration like any other, the one in force with these settings laid over
 * it; so it is checked, told and swapped as if it had been written, and a reload, which starts from
 * the source, knows nothing of it.
 */
#include "reload/set.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "config/sections.h"
#include "config/settings.h"
#include "config/suggest.h"
#include "core/operation.h"
#include "reload/renew.h"
#include "swap/swap.h"
#include <zcache/admin.h>

static zcache_status refuse_section(const zc_generation *running, const char *section)
{
    if (zc_section_is_ours(section) || zc_section_table(section) != NULL)
        return zc_error(ZCACHE_E_CONFIG,
                        "[%s]: only options of open plugins can be set: change it in the "
                        "configuration and reload",
                        section);
    char open[ZC_ERROR_MAX / 2] = "";
    size_t size = 0;
    for (size_t i = 0; i < running->instance_count && size < sizeof(open); i++) {
        const char *name = running->instances[i].descriptor->name;
        if (zc_suggest_near(section, name))
            return zc_error(ZCACHE_E_CONFIG,
                            "[%s]: no plugin of this name is open; did you mean [%s]?", section,
                            name);
        size += (size_t)snprintf(open + size, sizeof(open) - size, "%s%s", i > 0 ? ", " : "", name);
    }
    return zc_error(ZCACHE_E_CONFIG, "[%s]: no plugin of this name is open; there are %s", section,
                    open);
}

/* All must be of one plugin, and it open: what all other settings do is not for a plugin to change. */
static zcache_status check_sections(const zc_generation *running, const zc_settings *asked)
{
    if (asked->section_count == 0)
        return zc_error(ZCACHE_E_INVALID, "there is nothing to set: give \"section.key=value\"");
    const char *section = asked->sections[0].name;
    if (asked->section_count > 1)
        return zc_error(ZCACHE_E_CONFIG,
                        "[%s] and [%s]: only options of one plugin are set at once", section,
                        asked->sections[1].name);
    for (size_t i = 0; i < running->instance_count; i++)
        if (strcmp(running->instances[i].descriptor->name, section) == 0)
            return ZCACHE_OK;
    return refuse_section(running, section);
}

/* A filter may stand in the stack more than once; all of it share one section. */
static zcache_status change_all(zc_generation *running, const char *section,
                                const zc_config *config, zc_change **changes)
{
    zcache_status status = ZCACHE_OK;
    for (size_t i = 0; i < running->instance_count && status == ZCACHE_OK; i++)
        if (strcmp(running->instances[i].descriptor->name, section) == 0)
            status = zc_change_add(changes, &running->instances[i], config);
    return status;
}

static zcache_status set(zc_cache *cache, const zc_settings *asked, const char *origin)
{
    zc_config *config = NULL;
    zc_change *changes = NULL;
    zc_generation *running = atomic_load(&cache->current); /* our turn: it stays */
    zcache_status status = check_sections(running, asked);
    if (status != ZCACHE_OK)
        return status;
    const char *section = asked->sections[0].name;
    status = zc_config_with(running->config, asked, &config);
    if (status == ZCACHE_OK)
        status = change_all(running, section, config, &changes);
    if (status != ZCACHE_OK) {
        zc_changes_free(changes);
        zc_config_free(config);
        return status;
    }
    status = zc_renew(running, &config, changes, zc_config_cache(config)->timeout_ms);
    if (status == ZCACHE_OK)
        zc_log_write(&cache->log, ZCACHE_LOG_INFO, "options of %s were set (%s)", section, origin);
    zc_config_free(config);
    return status;
}

zcache_status zc_set(zc_cache *cache, const char *const settings[], const char *origin)
{
    zc_settings asked = ZC_SETTINGS_INIT;
    zcache_status status = zc_settings_add_options(&asked, settings, origin);
    if (status == ZCACHE_OK)
        status = set(cache, &asked, origin);
    zc_settings_free(&asked);
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_plugin_set(zcache *cache, const char *const settings[])
{
    zcache_status status = zc_handle_resolve(&cache);
    if (status == ZCACHE_OK)
        status = zc_swap_begin(cache->cache, "zcache_plugin_set");
    if (status != ZCACHE_OK)
        return status;
    status = zc_set(cache->cache, settings, "option");
    zc_swap_end(cache->cache);
    return status;
}
