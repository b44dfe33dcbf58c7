/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the functions of operators' tools share.
 */
#ifndef ZC_CORE_ADMIN_H
#define ZC_CORE_ADMIN_H

#include "config/config.h"

/* Loads the configuration that a tool asks for, without a cache: the arguments are those of
 * zcache_config_check. */
zcache_status zc_admin_config(zcache_source source, const char *path, const zcache_options *options,
                              zc_config **config);

#endif
