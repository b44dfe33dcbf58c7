/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The configuration of a running cache, loaded anew and applied as far as it differs.
 */
#ifndef ZC_RELOAD_RELOAD_H
#define ZC_RELOAD_RELOAD_H

#include "core/cache.h"

/* zcache_reload: `asked` is a copy of the caller's options; *report is filled in on success. With
 * the turn to swap. */
zcache_status zc_reload(zc_cache *cache, const zcache_reload_options *asked,
                        zcache_reload_report *report);

#endif
