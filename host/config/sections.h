/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Which sections may stand in a configuration.
 *
 * [cache], [swap], [control], [table.NAME], and one named like each plugin. The section of a plugin
 * that is not in use is kept for the day it is, and not looked into: its options are known only
 * once it is loaded. So any plugin's name may stand there, unless it looks like "cache", "swap" or
 * "control", or like a plugin that is in use and has no section.
 */
#ifndef ZC_CONFIG_SECTIONS_H
#define ZC_CONFIG_SECTIONS_H

#include "config/config.h"
#include "config/settings.h"

#define ZC_SECTION_TABLE   "table."
#define ZC_SECTION_SWAP    "swap"
#define ZC_SECTION_CONTROL "control"

/* Whether a section without a dot is the library's own: no plugin has this name. */
bool zc_section_is_ours(const char *section);

/* The table's name in "table.NAME", or NULL. */
const char *zc_section_table(const char *section);

zcache_status zc_sections_check(const zc_settings *settings, const zc_cache_settings *cache);

#endif
