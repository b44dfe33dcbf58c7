/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Reads an INI file into a store of settings, of ZC_RANK_FILE. What would be read otherwise than it
 * looks is refused, with file and line.
 */
#ifndef ZC_CONFIG_INI_H
#define ZC_CONFIG_INI_H

#include "config/settings.h"

/* The largest file that is read. */
#define ZC_INI_FILE_MAX ((size_t)1024 * 1024)

/* `name` stands for the file in messages and origins.
 * Errors: ZCACHE_E_CONFIG, ZCACHE_E_NOMEM; the store then holds a part of the file. */
zcache_status zc_ini_read(zc_settings *settings, const char *path, const char *name);

/* As zc_ini_read, of `size` bytes at `data`. */
zcache_status zc_ini_parse(zc_settings *settings, const char *name, const char *data, size_t size);

#endif
