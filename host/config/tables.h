/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The settings of all tables that a configuration names, made and checked when it is loaded, so
 * that asking for a table's cannot fail.
 */
#ifndef ZC_CONFIG_TABLES_H
#define ZC_CONFIG_TABLES_H

#include "config/config.h"
#include "config/settings.h"

typedef struct zc_table_entry {
    char *section;    /* "table.users" */
    bool by_variable; /* named by variables of the environment only: any table whose name
                       * upper-cases like this one's is meant */
    zc_table_settings settings;
} zc_table_entry;

typedef struct zc_tables {
    zc_table_entry *entries; /* in the order the tables were named */
    size_t count;
} zc_tables;

/* On failure `tables` holds what zc_tables_free releases. */
zcache_status zc_tables_make(const zc_settings *settings, zc_tables *tables);
void zc_tables_free(zc_tables *tables);
const zc_table_entry *zc_tables_find(const zc_tables *tables, const char *name);

#endif
