/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Loading a configuration: gather settings from every source, then check what the library itself
 * knows of them. After that a configuration never changes; a swap makes another.
 */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/allocator.h"
#include "base/error.h"
#include "config/environment.h"
#include "config/ini.h"
#include "config/options.h"
#include "config/schema.h"
#include "config/sections.h"
#include "config/source.h"
#include "config/tables.h"

struct zc_config {
    zc_settings settings;
    zc_cache_settings cache;
    zc_swap_settings swap;
    zc_control_settings control;
    zc_tables tables;
};

/* ---- loading --------------------------------------------------------------------------------- */

void zc_config_free(zc_config *config)
{
    if (config == NULL)
        return;
    zc_tables_free(&config->tables);
    zc_options_release(&zc_schema_control, &config->control);
    zc_options_release(&zc_schema_cache, &config->cache);
    zc_settings_free(&config->settings);
    zc_free(config);
}

/* Makes and checks everything that follows from the settings. */
static zcache_status complete(zc_config *config)
{
    const zc_settings *settings = &config->settings;
    zcache_status status = zc_options_check(settings, "cache", &zc_schema_cache);
    if (status == ZCACHE_OK)
        status = zc_options_fill(settings, "cache", &zc_schema_cache, &config->cache);
    if (status == ZCACHE_OK)
        status = zc_schema_check_cache(settings, &config->cache);
    if (status == ZCACHE_OK)
        status = zc_options_check(settings, ZC_SECTION_SWAP, &zc_schema_swap);
    if (status == ZCACHE_OK) /* it has no strings: there is nothing to release */
        status = zc_options_fill(settings, ZC_SECTION_SWAP, &zc_schema_swap, &config->swap);
    if (status == ZCACHE_OK)
        status = zc_options_check(settings, ZC_SECTION_CONTROL, &zc_schema_control);
    if (status == ZCACHE_OK)
        status =
            zc_options_fill(settings, ZC_SECTION_CONTROL, &zc_schema_control, &config->control);
    if (status == ZCACHE_OK)
        status = zc_schema_check_control(settings, &config->control);
    if (status == ZCACHE_OK)
        status = zc_sections_check(settings, &config->cache);
    if (status == ZCACHE_OK)
        status = zc_tables_make(settings, &config->tables);
    return status;
}

zcache_status zc_config_make(zc_settings *settings, zc_config **config)
{
    zc_config *made = zc_calloc(1, sizeof(*made));
    *config = NULL;
    if (made == NULL) {
        zc_settings_free(settings);
        return zc_error_nomem();
    }
    made->settings = *settings;
    *settings = (zc_settings)ZC_SETTINGS_INIT;
    zcache_status status = complete(made);
    if (status != ZCACHE_OK) {
        zc_config_free(made);
        return status;
    }
    *config = made;
    return ZCACHE_OK;
}

zcache_status zc_config_load(zcache_source source, const char *path, const zcache_options *options,
                             zc_config **config)
{
    zc_config_source *from;
    *config = NULL;
    zcache_status status = zc_config_source_new(source, path, options, &from);
    if (status != ZCACHE_OK)
        return status;
    status = zc_config_source_load(from, config);
    zc_config_source_free(from);
    return status;
}

/* ---- others of one --------------------------------------------------------------------------- */

/* Lays the provider and the plugins' sections of a file over the settings. They stand with the
 * file's rank, below the environment; the provider alone above it, for the swap asks for it. */
static zcache_status lay_over(zc_settings *settings, const zc_settings *file)
{
    zcache_status status = ZCACHE_OK;
    const zc_setting *provider = zc_settings_find_rank(file, "cache", "provider", ZC_RANK_FILE);
    if (provider != NULL) {
        zc_settings_remove(settings, "cache", "provider");
        status = zc_settings_add_provider(settings, provider->text, provider->origin);
    }
    for (size_t i = 0; i < file->section_count && status == ZCACHE_OK; i++) {
        const zc_section *section = &file->sections[i];
        if (!zc_schema_is_plugin_name(section->name) || zc_section_is_ours(section->name))
            continue;
        zc_settings_remove(settings, section->name, NULL);
        status = zc_settings_add_section(settings, section->name, section->origin, section->line);
        for (size_t j = 0; j < file->count && status == ZCACHE_OK; j++)
            if (strcmp(file->items[j].section, section->name) == 0)
                status = zc_settings_add(settings, &file->items[j]);
    }
    return status;
}

/* The whole file is checked, though a part of it is taken. */
static zcache_status lay_file_over(zc_settings *settings, const char *path)
{
    zc_settings read = ZC_SETTINGS_INIT;
    zc_config *file = NULL;
    zcache_status status = zc_ini_read(&read, path, path);
    if (status == ZCACHE_OK)
        status = zc_config_make(&read, &file);
    if (status == ZCACHE_OK)
        status = lay_over(settings, &file->settings);
    zc_config_free(file);
    zc_settings_free(&read);
    return status;
}

/* A swap opens a provider: what else the settings of a cache are stays. */
static zcache_status check_swap_settings(const char *const *settings)
{
    for (; settings != NULL && *settings != NULL; settings++)
        if (strncmp(*settings, "cache.", 6) == 0 || strncmp(*settings, "swap.", 5) == 0 ||
            strncmp(*settings, "control.", 8) == 0 || zc_section_table(*settings) != NULL)
            return zc_error(ZCACHE_E_CONFIG,
                            "option %.*s: a swap takes settings of plugins' sections only, as "
                            "redis.url; name the provider by itself",
                            (int)strcspn(*settings, "="), *settings);
    return ZCACHE_OK;
}

zcache_status zc_config_for_swap(const zc_config *config, const zcache_swap_options *swap,
                                 zc_config **next)
{
    zc_settings settings = ZC_SETTINGS_INIT;
    *next = NULL;
    zcache_status status = zc_settings_copy(&config->settings, &settings);
    if (status == ZCACHE_OK && swap->file != NULL)
        status = lay_file_over(&settings, swap->file);
    if (status == ZCACHE_OK && swap->provider != NULL)
        status = zc_settings_add_provider(&settings, swap->provider, "option");
    if (status == ZCACHE_OK)
        status = check_swap_settings(swap->settings);
    if (status == ZCACHE_OK)
        status = zc_settings_add_options(&settings, swap->settings, "option");
    if (status == ZCACHE_OK)
        status = zc_config_make(&settings, next);
    zc_settings_free(&settings);
    return status;
}

zcache_status zc_config_with(const zc_config *config, const zc_settings *over, zc_config **next)
{
    zc_settings settings = ZC_SETTINGS_INIT;
    *next = NULL;
    zcache_status status = zc_settings_copy(&config->settings, &settings);
    if (status == ZCACHE_OK)
        status = zc_settings_lay_over(&settings, over);
    if (status == ZCACHE_OK)
        status = zc_config_make(&settings, next);
    zc_settings_free(&settings);
    return status;
}

/* ---- asking ---------------------------------------------------------------------------------- */

const zc_settings *zc_config_settings(const zc_config *config)
{
    return &config->settings;
}

const zc_tables *zc_config_tables(const zc_config *config)
{
    return &config->tables;
}

const zc_cache_settings *zc_config_cache(const zc_config *config)
{
    return &config->cache;
}

const zc_swap_settings *zc_config_swap(const zc_config *config)
{
    return &config->swap;
}

const zc_control_settings *zc_config_control(const zc_config *config)
{
    return &config->control;
}

zc_table_settings zc_config_table(const zc_config *config, const char *name)
{
    const zc_table_entry *entry = zc_tables_find(&config->tables, name);
    return entry != NULL ? entry->settings : (zc_table_settings){.ttl_ms = ZCACHE_TTL_DEFAULT};
}

static zc_option_table table_of(const zcache_descriptor *descriptor)
{
    return (zc_option_table){descriptor->options,
                             descriptor->options != NULL ? descriptor->option_count : 0,
                             descriptor->option_stride, descriptor->options_size};
}

zcache_status zc_config_plugin_options(const zc_config *config, const zcache_descriptor *descriptor,
                                       void **options)
{
    zc_option_table table = table_of(descriptor);
    *options = NULL;
    zcache_status status = zc_options_check(&config->settings, descriptor->name, &table);
    if (status != ZCACHE_OK || table.count == 0)
        return status;
    void *made = zc_calloc(1, table.struct_size);
    if (made == NULL)
        return zc_error_nomem();
    status = zc_options_fill(&config->settings, descriptor->name, &table, made);
    if (status != ZCACHE_OK) {
        zc_free(made);
        return status;
    }
    *options = made;
    return ZCACHE_OK;
}

void zc_config_plugin_options_free(const zcache_descriptor *descriptor, void *options)
{
    if (options == NULL)
        return;
    zc_option_table table = table_of(descriptor);
    zc_options_release(&table, options);
    zc_free(options);
}

/* A list as it stands in a file; NULL when memory is short. */
static char *replace_colons(const char *path)
{
    char *list = zc_strdup(path);
    for (char *at = list; at != NULL && *at != '\0'; at++)
        if (*at == ':')
            *at = ',';
    return list;
}

static void report_section(const zc_settings *settings, const char *section,
                           const zc_option_table *table, zcache_setting_fn *each, void *user)
{
    for (size_t i = 0; i < table->count; i++) {
        zcache_option option = zc_option_at(table, i);
        const zc_setting *setting = zc_settings_find(settings, section, option.key);
        char *joined = setting != NULL && zc_environment_is_path(setting)
                           ? replace_colons(setting->text)
                           : NULL;
        const char *value = joined != NULL    ? joined
                            : setting != NULL ? setting->text
                                              : option.default_value;
        bool secret = (option.flags & ZCACHE_OPTION_SECRET) != 0;
        if (value == NULL)
            value = "";
        each(user, &(zcache_setting){
                       .section = section,
                       .key = option.key,
                       .value = secret && setting != NULL && *value != '\0' ? "***" : value,
                       .origin = setting != NULL ? setting->origin : "default",
                       .help = option.help != NULL ? option.help : "",
                       .secret = secret,
                       .option = &option,
                   });
        zc_free(joined);
    }
}

void zc_config_each(const zc_config *config, const zcache_descriptor *const plugins[], size_t count,
                    zcache_setting_fn *each, void *user)
{
    report_section(&config->settings, "cache", &zc_schema_cache, each, user);
    report_section(&config->settings, ZC_SECTION_SWAP, &zc_schema_swap, each, user);
    report_section(&config->settings, ZC_SECTION_CONTROL, &zc_schema_control, each, user);
    for (size_t i = 0; i < count; i++) {
        zc_option_table table = table_of(plugins[i]);
        report_section(&config->settings, plugins[i]->name, &table, each, user);
    }
    for (size_t i = 0; i < config->tables.count; i++)
        report_section(&config->settings, config->tables.entries[i].section, &zc_schema_table, each,
                       user);
}
