/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A mistyped section would be ignored in silence, which is worse than to refuse one too many.
 */
#include "config/sections.h"

#include <string.h>

#include "base/error.h"
#include "config/schema.h"
#include "config/suggest.h"

const char *zc_section_table(const char *section)
{
    size_t size = sizeof(ZC_SECTION_TABLE) - 1;
    return strncmp(section, ZC_SECTION_TABLE, size) == 0 ? section + size : NULL;
}

bool zc_section_is_ours(const char *section)
{
    return strcmp(section, "cache") == 0 || strcmp(section, ZC_SECTION_SWAP) == 0 ||
           strcmp(section, ZC_SECTION_CONTROL) == 0;
}

static zcache_status suggest(const zc_section *section, const char *known)
{
    return zc_error(ZCACHE_E_CONFIG, "%s: [%s]: no such section; did you mean [%s]?",
                    section->origin, section->name, known);
}

static bool is_missing_and_near(const zc_settings *settings, const zc_section *section,
                                const char *plugin)
{
    return zc_settings_section(settings, plugin) == NULL && zc_suggest_near(section->name, plugin);
}

static bool is_in_use(const zc_cache_settings *cache, const char *plugin)
{
    if (strcmp(cache->provider, plugin) == 0)
        return true;
    for (size_t i = 0; i < cache->filters.count; i++)
        if (strcmp(cache->filters.items[i], plugin) == 0)
            return true;
    return false;
}

static zcache_status check_dotted(const zc_section *section, const char *dot)
{
    const char *table = zc_section_table(section->name);
    if (table != NULL && zc_schema_is_table_name(table))
        return ZCACHE_OK;
    if (table != NULL)
        return zc_error(ZCACHE_E_CONFIG,
                        "%s: [%s]: a table's name is 1 to 64 letters, digits, \"_\", \".\" and "
                        "\"-\"",
                        section->origin, section->name);
    char head[16] = "";
    if ((size_t)(dot - section->name) < sizeof(head))
        memcpy(head, section->name, (size_t)(dot - section->name));
    if (zc_suggest_near(head, "table"))
        return zc_error(ZCACHE_E_CONFIG, "%s: [%s]: no such section; did you mean [table%s]?",
                        section->origin, section->name, dot);
    return zc_error(
        ZCACHE_E_CONFIG,
        "%s: [%s]: no such section; there are [cache], [swap], [control], [table.NAME] and one "
        "named like each plugin",
        section->origin, section->name);
}

static zcache_status check_section(const zc_settings *settings, const zc_cache_settings *cache,
                                   const zc_section *section)
{
    const char *name = section->name, *dot = strchr(name, '.');
    if (zc_section_is_ours(name) || is_in_use(cache, name))
        return ZCACHE_OK;
    if (dot != NULL)
        return check_dotted(section, dot);
    if (zc_suggest_near(name, "table"))
        return zc_error(ZCACHE_E_CONFIG, "%s: [%s]: the section of a table is [table.NAME]",
                        section->origin, name);
    if (zc_suggest_near(name, "cache"))
        return suggest(section, "cache");
    if (zc_suggest_near(name, ZC_SECTION_SWAP))
        return suggest(section, ZC_SECTION_SWAP);
    if (zc_suggest_near(name, ZC_SECTION_CONTROL))
        return suggest(section, ZC_SECTION_CONTROL);
    if (is_missing_and_near(settings, section, cache->provider))
        return suggest(section, cache->provider);
    for (size_t i = 0; i < cache->filters.count; i++)
        if (is_missing_and_near(settings, section, cache->filters.items[i]))
            return suggest(section, cache->filters.items[i]);
    if (!zc_schema_is_plugin_name(name))
        return zc_error(
            ZCACHE_E_CONFIG,
            "%s: [%s]: no such section; there are [cache], [swap], [control], [table.NAME] and "
            "one named like each plugin, in lower case",
            section->origin, name);
    return ZCACHE_OK;
}

zcache_status zc_sections_check(const zc_settings *settings, const zc_cache_settings *cache)
{
    zcache_status status = ZCACHE_OK;
    for (size_t i = 0; i < settings->section_count && status == ZCACHE_OK; i++)
        status = check_section(settings, cache, &settings->sections[i]);
    return status;
}
