/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Option tables, the library's own and the plugins': one parser checks a section of the store
 * against a table and fills the struct that it describes.
 */
#ifndef ZC_CONFIG_OPTIONS_H
#define ZC_CONFIG_OPTIONS_H

#include <zcache/plugin.h>

#include "config/settings.h"

typedef struct zc_option_table {
    const zcache_option *options;
    size_t count;
    size_t stride;      /* between two options: a plugin's may be smaller or larger than ours */
    size_t struct_size; /* of the struct that they fill */
} zc_option_table;

/* The i-th option, as far as the plugin's table has it: 0 beyond. */
zcache_option zc_option_at(const zc_option_table *table, size_t i);

/* The size of the field that an option of this type fills; 0: of a type that a later version
 * brings. */
size_t zc_option_field_size(zcache_option_type type);

/* Refuses keys of `section` that are not in the table: in files and options. */
zcache_status zc_options_check_keys(const zc_settings *settings, const char *section,
                                    const zc_option_table *table);

/* As zc_options_check_keys, and in variables of the environment that begin like the section. */
zcache_status zc_options_check(const zc_settings *settings, const char *section,
                               const zc_option_table *table);

/* Fills the struct `target`, zeroed by the caller. Its strings and lists are copies of its own, to
 * be released with zc_options_release; on failure nothing is left in it. */
zcache_status zc_options_fill(const zc_settings *settings, const char *section,
                              const zc_option_table *table, void *target);
void zc_options_release(const zc_option_table *table, void *target);

/* Refuses the value of a key: "zcache.ini:7: [cache] timeout = "5": " and the reason. `setting` is
 * where it comes from; NULL: the default in the table, which is then the plugin's fault. */
zcache_status zc_option_refuse(const zc_setting *setting, const char *section,
                               const zcache_option *option, const char *format, ...)
    ZCACHE_PRINTF(4, 5);

/* A list that owns one block of memory. `separators` are single bytes; several at once are one. */
zcache_status zc_list_make(const char *text, const char *separators, zcache_list *list);
void zc_list_free(zcache_list *list);

/* The bytes that separate the items of a setting's list. */
const char *zc_list_separators(const zc_setting *setting);

#endif
