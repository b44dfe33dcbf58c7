/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A variable ZCACHE_TABLE_<NAME>_<KEY> has its table's name in upper case only. If no section fits,
 * the table is entered under the name in lower case and found by comparing as variables compare.
 */
#include "config/tables.h"

#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "config/environment.h"
#include "config/schema.h"
#include "config/sections.h"

void zc_tables_free(zc_tables *tables)
{
    for (size_t i = 0; i < tables->count; i++) {
        zc_options_release(&zc_schema_table, &tables->entries[i].settings);
        zc_free(tables->entries[i].section);
    }
    zc_free(tables->entries);
    *tables = (zc_tables){0};
}

static zcache_status add_table(const zc_settings *settings, zc_tables *tables, const char *section,
                               bool by_variable)
{
    zc_table_entry *grown =
        zc_realloc(tables->entries, (tables->count + 1) * sizeof(*tables->entries));
    if (grown == NULL)
        return zc_error_nomem();
    tables->entries = grown;
    zc_table_entry *entry = &grown[tables->count];
    *entry = (zc_table_entry){.section = zc_strdup(section), .by_variable = by_variable};
    if (entry->section == NULL)
        return zc_error_nomem();
    tables->count++;
    zcache_status status = zc_options_fill(settings, section, &zc_schema_table, &entry->settings);
    if (status == ZCACHE_OK)
        status = zc_schema_check_table(settings, section, &entry->settings);
    return status;
}

/* Which option a variable's name ends with: its length, and 0 if none. */
static size_t key_at_end(const char *rest)
{
    for (size_t i = 0; i < zc_schema_table.count; i++) {
        const char *key = zc_option_at(&zc_schema_table, i).key;
        size_t size = strlen(key), rest_size = strlen(rest);
        if (rest_size > size + 1 && rest[rest_size - size - 1] == '_' &&
            zc_environment_means(rest + rest_size - size, key))
            return size;
    }
    return 0;
}

static zcache_status add_variable(const zc_settings *settings, zc_tables *tables,
                                  const zc_setting *variable)
{
    const char *rest = zc_environment_rest(variable, "table");
    if (rest == NULL)
        return ZCACHE_OK;
    size_t key_size = key_at_end(rest);
    if (key_size == 0)
        return zc_error(ZCACHE_E_CONFIG,
                        "%s: no such variable; a table has ZCACHE_TABLE_<NAME>_TTL and "
                        "ZCACHE_TABLE_<NAME>_SERIALIZATION",
                        variable->origin);
    char section[ZC_VARIABLE_MAX + sizeof(ZC_SECTION_TABLE)] = ZC_SECTION_TABLE;
    size_t head = sizeof(ZC_SECTION_TABLE) - 1, size = strlen(rest) - key_size - 1;
    for (size_t i = 0; i < size; i++)
        section[head + i] =
            (char)(rest[i] >= 'A' && rest[i] <= 'Z' ? rest[i] - 'A' + 'a' : rest[i]);
    section[head + size] = '\0';
    for (size_t i = 0; i < tables->count; i++)
        if (zc_environment_same(zc_section_table(tables->entries[i].section), section + head))
            return ZCACHE_OK;
    if (!zc_schema_is_table_name(section + head))
        return zc_error(ZCACHE_E_CONFIG, "%s: this cannot be a table's name", variable->origin);
    return add_table(settings, tables, section, true);
}

zcache_status zc_tables_make(const zc_settings *settings, zc_tables *tables)
{
    zcache_status status = ZCACHE_OK;
    for (size_t i = 0; i < settings->section_count && status == ZCACHE_OK; i++) {
        const char *section = settings->sections[i].name;
        if (zc_section_table(section) == NULL)
            continue;
        status = zc_options_check_keys(settings, section, &zc_schema_table);
        if (status == ZCACHE_OK)
            status = add_table(settings, tables, section, false);
    }
    for (size_t i = 0; i < settings->variable_count && status == ZCACHE_OK; i++)
        status = add_variable(settings, tables, &settings->variables[i]);
    return status;
}

const zc_table_entry *zc_tables_find(const zc_tables *tables, const char *name)
{
    for (size_t i = 0; i < tables->count; i++) {
        const zc_table_entry *entry = &tables->entries[i];
        const char *entry_name = zc_section_table(entry->section);
        if (!entry->by_variable && strcmp(entry_name, name) == 0)
            return entry;
    }
    for (size_t i = 0; i < tables->count; i++) {
        const zc_table_entry *entry = &tables->entries[i];
        if (entry->by_variable && zc_environment_same(zc_section_table(entry->section), name))
            return entry;
    }
    return NULL;
}
