/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Options of a plugin that is open, set in a running cache.
 */
#ifndef ZC_RELOAD_SET_H
#define ZC_RELOAD_SET_H

#include "core/cache.h"

/* zcache_plugin_set; `origin` is what `config show` tells of them: "option", "control socket". */
zcache_status zc_set(zc_cache *cache, const char *const settings[], const char *origin);

#endif
