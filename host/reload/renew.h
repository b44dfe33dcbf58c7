/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Another configuration above plugins that stay open: for a reload, and for options that are set in
 * a running cache (set.c).
 */
#ifndef ZC_RELOAD_RENEW_H
#define ZC_RELOAD_RENEW_H

#include "core/cache.h"
#include "core/configure.h"

/* Makes `*config`, which it takes if it succeeds, the configuration in force, on the stack of the
 * generation that runs, with `changes` of its plugins' options, which it takes in any case. On
 * failure nothing has changed; a plugin that cannot do its change live: ZCACHE_E_NOTSUP. With the
 * turn to swap. */
zcache_status zc_renew(zc_generation *running, zc_config **config, zc_change *changes,
                       int64_t timeout_ms);

#endif
