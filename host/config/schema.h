/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The library's own sections, [cache], [swap] and [table.NAME]: their option tables, and the rules
 * that a table cannot express.
 */
#ifndef ZC_CONFIG_SCHEMA_H
#define ZC_CONFIG_SCHEMA_H

#include "config/config.h"
#include "config/options.h"

extern const zc_option_table zc_schema_cache;   /* fills a zc_cache_settings */
extern const zc_option_table zc_schema_swap;    /* fills a zc_swap_settings */
extern const zc_option_table zc_schema_control; /* fills a zc_control_settings */
extern const zc_option_table zc_schema_table;   /* fills a zc_table_settings */

/* Whether a text is a plugin's name, [a-z][a-z0-9_-]{0,31}; a table's, [A-Za-z0-9_.-]{1,64}. */
bool zc_schema_is_plugin_name(const char *name);
bool zc_schema_is_table_name(const char *name);

/* Check what was filled in from the store. */
zcache_status zc_schema_check_cache(const zc_settings *settings, const zc_cache_settings *cache);
zcache_status zc_schema_check_control(const zc_settings *settings,
                                      const zc_control_settings *control);
zcache_status zc_schema_check_table(const zc_settings *settings, const char *section,
                                    const zc_table_settings *table);

#endif
