/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The store is two plain arrays, searched from one end to the other: a configuration has tens of
 * settings, and is read once.
 */
#include "config/settings.h"

#include <stdint.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "config/environment.h"

/* The strings are const to those who look at the store, which owns them. */
static void free_text(const char *text)
{
    zc_free((void *)(uintptr_t)text);
}

static void wipe_and_free(const char *text)
{
    if (text != NULL)
        explicit_bzero((void *)(uintptr_t)text, strlen(text));
    free_text(text);
}

static void release_setting(const zc_setting *setting)
{
    free_text(setting->section);
    free_text(setting->key);
    wipe_and_free(setting->text);
    free_text(setting->origin);
}

static void release_section(const zc_section *section)
{
    free_text(section->name);
    free_text(section->origin);
}

void zc_settings_free(zc_settings *settings)
{
    for (size_t i = 0; i < settings->count; i++)
        release_setting(&settings->items[i]);
    for (size_t i = 0; i < settings->section_count; i++)
        release_section(&settings->sections[i]);
    for (size_t i = 0; i < settings->variable_count; i++)
        release_setting(&settings->variables[i]);
    zc_free(settings->items);
    zc_free(settings->sections);
    zc_free(settings->variables);
    *settings = (zc_settings)ZC_SETTINGS_INIT;
}

/* Room for one more element. The capacity is the next power of two of the count, so it need not be
 * remembered. */
static zcache_status grow(void **items, size_t count, size_t element_size)
{
    if ((count & (count - 1)) != 0)
        return ZCACHE_OK;
    void *grown = zc_realloc(*items, (count == 0 ? 1 : 2 * count) * element_size);
    if (grown == NULL)
        return zc_error_nomem();
    *items = grown;
    return ZCACHE_OK;
}

zcache_status zc_settings_push(zc_setting **items, size_t *count, const zc_setting *setting)
{
    void *grown = *items;
    if (grow(&grown, *count, sizeof(**items)) != ZCACHE_OK)
        return ZCACHE_E_NOMEM;
    *items = grown;

    zc_setting copy = *setting;
    copy.section = setting->section != NULL ? zc_strdup(setting->section) : NULL;
    copy.key = zc_strdup(setting->key);
    copy.text = zc_strdup(setting->text);
    copy.origin = zc_strdup(setting->origin);
    if ((setting->section != NULL && copy.section == NULL) || copy.key == NULL ||
        copy.text == NULL || copy.origin == NULL) {
        release_setting(&copy);
        return zc_error_nomem();
    }
    (*items)[(*count)++] = copy;
    return ZCACHE_OK;
}

static void remove_at(zc_settings *settings, size_t i)
{
    release_setting(&settings->items[i]);
    settings->count--;
    memmove(&settings->items[i], &settings->items[i + 1],
            (settings->count - i) * sizeof(*settings->items));
}

zcache_status zc_settings_add(zc_settings *settings, const zc_setting *setting)
{
    zcache_status status =
        zc_settings_add_section(settings, setting->section, setting->origin, setting->line);
    if (status != ZCACHE_OK)
        return status;
    const zc_setting *old =
        zc_settings_find_rank(settings, setting->section, setting->key, setting->rank);
    size_t old_at = old != NULL ? (size_t)(old - settings->items) : 0;
    bool replaces = old != NULL;
    status = zc_settings_push(&settings->items, &settings->count, setting);
    if (status == ZCACHE_OK && replaces)
        remove_at(settings, old_at);
    return status;
}

zcache_status zc_settings_append(zc_settings *settings, const char *text, unsigned line)
{
    zc_setting *last = &settings->items[settings->count - 1];
    char *joined = zc_format("%s %s", last->text, text);
    if (joined == NULL)
        return zc_error_nomem();
    wipe_and_free(last->text);
    last->text = joined;
    if (last->continued == 0)
        last->continued = line;
    return ZCACHE_OK;
}

const zc_section *zc_settings_section(const zc_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->section_count; i++)
        if (strcmp(settings->sections[i].name, name) == 0)
            return &settings->sections[i];
    return NULL;
}

zcache_status zc_settings_add_section(zc_settings *settings, const char *name, const char *origin,
                                      unsigned line)
{
    if (zc_settings_section(settings, name) != NULL)
        return ZCACHE_OK;
    void *grown = settings->sections;
    if (grow(&grown, settings->section_count, sizeof(*settings->sections)) != ZCACHE_OK)
        return ZCACHE_E_NOMEM;
    settings->sections = grown;
    zc_section section = {zc_strdup(name), zc_strdup(origin), line};
    if (section.name == NULL || section.origin == NULL) {
        release_section(&section);
        return zc_error_nomem();
    }
    settings->sections[settings->section_count++] = section;
    return ZCACHE_OK;
}

zcache_status zc_settings_add_option(zc_settings *settings, const char *option, const char *origin)
{
    const char *equals = strchr(option, '=');
    if (equals == NULL) /* quoted up to a blank only: what follows may be a password */
        return zc_error(ZCACHE_E_CONFIG, "%s \"%.*s\": expected \"section.key=value\"", origin,
                        (int)strcspn(option, " \t"), option);
    const char *dot = memrchr(option, '.', (size_t)(equals - option));
    if (dot == NULL || dot == option || dot + 1 == equals)
        return zc_error(ZCACHE_E_CONFIG, "%s \"%.*s=...\": expected \"section.key=value\"", origin,
                        (int)(equals - option), option);

    char *section = zc_strndup(option, (size_t)(dot - option));
    char *key = zc_strndup(dot + 1, (size_t)(equals - dot - 1));
    zcache_status status;
    if (section != NULL && key != NULL)
        status = zc_settings_add(settings, &(zc_setting){.rank = ZC_RANK_OPTION,
                                                         .section = section,
                                                         .key = key,
                                                         .text = equals + 1,
                                                         .origin = origin});
    else
        status = zc_error_nomem();
    zc_free(section);
    zc_free(key);
    return status;
}

zcache_status zc_settings_add_options(zc_settings *settings, const char *const *options,
                                      const char *origin)
{
    zcache_status status = ZCACHE_OK;
    for (; options != NULL && *options != NULL && status == ZCACHE_OK; options++)
        status = zc_settings_add_option(settings, *options, origin);
    return status;
}

zcache_status zc_settings_add_provider(zc_settings *settings, const char *name, const char *origin)
{
    return zc_settings_add(settings, &(zc_setting){.rank = ZC_RANK_OPTION,
                                                   .section = "cache",
                                                   .key = "provider",
                                                   .text = name,
                                                   .origin = origin});
}

const zc_setting *zc_settings_find_rank(const zc_settings *settings, const char *section,
                                        const char *key, zc_rank rank)
{
    for (size_t i = 0; i < settings->count; i++) {
        const zc_setting *setting = &settings->items[i];
        if (setting->rank == rank && strcmp(setting->section, section) == 0 &&
            strcmp(setting->key, key) == 0)
            return setting;
    }
    return NULL;
}

const zc_setting *zc_settings_find(const zc_settings *settings, const char *section,
                                   const char *key)
{
    const zc_setting *setting = zc_settings_find_rank(settings, section, key, ZC_RANK_OPTION);
    if (setting == NULL)
        setting = zc_environment_find(settings, section, key);
    if (setting == NULL)
        setting = zc_settings_find_rank(settings, section, key, ZC_RANK_FILE);
    return setting;
}

void zc_settings_remove(zc_settings *settings, const char *section, const char *key)
{
    for (size_t i = settings->count; i-- > 0;)
        if (strcmp(settings->items[i].section, section) == 0 &&
            (key == NULL || strcmp(settings->items[i].key, key) == 0))
            remove_at(settings, i);
}

zcache_status zc_settings_copy(const zc_settings *from, zc_settings *to)
{
    zcache_status status = ZCACHE_OK;
    for (size_t i = 0; i < from->section_count && status == ZCACHE_OK; i++)
        status = zc_settings_add_section(to, from->sections[i].name, from->sections[i].origin,
                                         from->sections[i].line);
    for (size_t i = 0; i < from->count && status == ZCACHE_OK; i++)
        status = zc_settings_push(&to->items, &to->count, &from->items[i]);
    for (size_t i = 0; i < from->variable_count && status == ZCACHE_OK; i++)
        status = zc_settings_push(&to->variables, &to->variable_count, &from->variables[i]);
    if (status != ZCACHE_OK)
        zc_settings_free(to);
    return status;
}

zcache_status zc_settings_lay_over(zc_settings *settings, const zc_settings *over)
{
    zcache_status status = ZCACHE_OK;
    for (size_t i = 0; i < over->variable_count && status == ZCACHE_OK; i++)
        status =
            zc_settings_push(&settings->variables, &settings->variable_count, &over->variables[i]);
    for (size_t i = 0; i < over->count && status == ZCACHE_OK; i++)
        status = zc_settings_add(settings, &over->items[i]);
    return status;
}

static bool same_setting(const zc_setting *a, const zc_setting *b)
{
    bool same_section = a->section == NULL || b->section == NULL
                            ? a->section == b->section
                            : strcmp(a->section, b->section) == 0;
    return same_section && a->rank == b->rank && strcmp(a->key, b->key) == 0 &&
           strcmp(a->text, b->text) == 0 && strcmp(a->origin, b->origin) == 0;
}

bool zc_settings_same(const zc_settings *a, const zc_settings *b)
{
    if (a->count != b->count || a->section_count != b->section_count ||
        a->variable_count != b->variable_count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same_setting(&a->items[i], &b->items[i]))
            return false;
    for (size_t i = 0; i < a->section_count; i++)
        if (strcmp(a->sections[i].name, b->sections[i].name) != 0)
            return false;
    for (size_t i = 0; i < a->variable_count; i++)
        if (!same_setting(&a->variables[i], &b->variables[i]))
            return false;
    return true;
}
