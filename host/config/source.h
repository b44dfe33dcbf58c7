/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Where a cache's configuration comes from, kept so that it can be loaded anew: the file's path,
 * made absolute, and copies of the options and of the environment as they were. The environment of
 * a running process is never read again: another thread may be changing it.
 */
#ifndef ZC_CONFIG_SOURCE_H
#define ZC_CONFIG_SOURCE_H

#include "config/config.h"

typedef struct zc_config_source zc_config_source;

/* Errors: ZCACHE_E_CONFIG, an option or variable is none; ZCACHE_E_INVALID, ZCACHE_E_NOMEM. */
zcache_status zc_config_source_new(zcache_source source, const char *path,
                                   const zcache_options *options, zc_config_source **made);
void zc_config_source_free(zc_config_source *source);

/* Loads the configuration as zc_config_load does. Once a file was loaded it must be there, and be a
 * regular file. Not two at once. */
zcache_status zc_config_source_load(zc_config_source *source, zc_config **config);

/* The absolute path of the file, there or not; NULL: the source has none. */
const char *zc_config_source_file(const zc_config_source *source);

/* Whether the file is another one, or was written to, since the last load began. */
bool zc_config_source_is_stale(const zc_config_source *source);

#endif
