/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What differs between two configurations, by the values that count, not by how they are written.
 */
#ifndef ZC_CONFIG_DIFFERENCE_H
#define ZC_CONFIG_DIFFERENCE_H

#include "config/config.h"

/* Names of settings that differ, as "[cache] timeout, [redis] url", cut where there is no room. */
typedef struct zc_difference {
    size_t count;
    size_t used;
    char names[256];
} zc_difference;

/* Adds a name: a section and key, or, with key NULL, anything. */
void zc_difference_add(zc_difference *difference, const char *section, const char *key);

/* Compares [cache], [swap] and the tables. */
void zc_difference_settings(const zc_config *old, const zc_config *next, zc_difference *difference);

/* Compares a plugin's options, as `old` has been opened with, to those that `next` gives it.
 * Errors: as zc_config_plugin_options. */
zcache_status zc_difference_plugin(const zcache_descriptor *descriptor, const void *old,
                                   const zc_config *next, zc_difference *difference);

#endif
