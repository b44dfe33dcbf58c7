/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Structs that one option table describes are compared option by option, since they may have gaps.
 */
#include "config/difference.h"

#include <stdio.h>
#include <string.h>

#include "config/options.h"
#include "config/schema.h"
#include "config/sections.h"
#include "config/tables.h"

void zc_difference_add(zc_difference *difference, const char *section, const char *key)
{
    difference->count++;
    size_t room = sizeof(difference->names) - difference->used;
    char name[160];
    const char *comma = difference->count > 1 ? ", " : "";
    int size = key != NULL ? snprintf(name, sizeof(name), "%s[%s] %s", comma, section, key)
                           : snprintf(name, sizeof(name), "%s%s", comma, section);
    static const char more[] = ", ...";
    if (size < 0 || room <= sizeof(more))
        return; /* it ends with `more` already */
    if ((size_t)size >= sizeof(name) || (size_t)size + sizeof(more) > room) {
        memcpy(difference->names + difference->used, more, sizeof(more));
        difference->used = sizeof(difference->names);
        return;
    }
    memcpy(difference->names + difference->used, name, (size_t)size + 1);
    difference->used += (size_t)size;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_list(const zcache_list *a, const zcache_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

static bool same_field(zcache_option_type type, const char *a, const char *b)
{
    switch (type) {
    case ZCACHE_OPTION_STRING: {
        const char *a_text, *b_text;
        memcpy(&a_text, a, sizeof(a_text));
        memcpy(&b_text, b, sizeof(b_text));
        return same_text(a_text, b_text);
    }
    case ZCACHE_OPTION_LIST: {
        zcache_list a_list, b_list;
        memcpy(&a_list, a, sizeof(a_list));
        memcpy(&b_list, b, sizeof(b_list));
        return same_list(&a_list, &b_list);
    }
    case ZCACHE_OPTION_BOOL:
        return memcmp(a, b, sizeof(bool)) == 0;
    case ZCACHE_OPTION_ENUM:
        return memcmp(a, b, sizeof(int)) == 0;
    case ZCACHE_OPTION_INT:
    case ZCACHE_OPTION_SIZE:
    case ZCACHE_OPTION_DURATION:
        return memcmp(a, b, sizeof(int64_t)) == 0;
    case ZCACHE_OPTION_FRACTION:
        return memcmp(a, b, sizeof(double)) == 0; /* neither is -0 or NaN */
    }
    return false;
}

static void compare(const char *section, const zc_option_table *table, const void *old,
                    const void *next, zc_difference *difference)
{
    for (size_t i = 0; i < table->count; i++) {
        zcache_option option = zc_option_at(table, i);
        if (!same_field(option.type, (const char *)old + option.offset,
                        (const char *)next + option.offset))
            zc_difference_add(difference, section, option.key);
    }
}

static const zc_table_entry *find_entry(const zc_tables *tables, const zc_table_entry *like)
{
    for (size_t i = 0; i < tables->count; i++)
        if (tables->entries[i].by_variable == like->by_variable &&
            strcmp(tables->entries[i].section, like->section) == 0)
            return &tables->entries[i];
    return NULL;
}

static void compare_tables(const zc_tables *old, const zc_tables *next, zc_difference *difference)
{
    static const zc_table_settings none = {0};
    for (size_t i = 0; i < next->count; i++) {
        const zc_table_entry *entry = &next->entries[i], *before = find_entry(old, entry);
        compare(entry->section, &zc_schema_table, before != NULL ? &before->settings : &none,
                &entry->settings, difference);
    }
    for (size_t i = 0; i < old->count; i++) {
        const zc_table_entry *entry = &old->entries[i];
        if (find_entry(next, entry) == NULL)
            compare(entry->section, &zc_schema_table, &entry->settings, &none, difference);
    }
}

void zc_difference_settings(const zc_config *old, const zc_config *next, zc_difference *difference)
{
    compare("cache", &zc_schema_cache, zc_config_cache(old), zc_config_cache(next), difference);
    compare(ZC_SECTION_SWAP, &zc_schema_swap, zc_config_swap(old), zc_config_swap(next),
            difference);
    compare_tables(zc_config_tables(old), zc_config_tables(next), difference);
}

zcache_status zc_difference_plugin(const zcache_descriptor *descriptor, const void *old,
                                   const zc_config *next, zc_difference *difference)
{
    void *options;
    zcache_status status = zc_config_plugin_options(next, descriptor, &options);
    if (status != ZCACHE_OK || options == NULL)
        return status;
    const zc_option_table table = {descriptor->options, descriptor->option_count,
                                   descriptor->option_stride, descriptor->options_size};
    compare(descriptor->name, &table, old, options, difference);
    zc_config_plugin_options_free(descriptor, options);
    return ZCACHE_OK;
}
