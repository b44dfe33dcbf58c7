/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The first steps of a swap: load, open and ping the new provider, by the deadline even if a plugin
 * does not come back.
 */
#ifndef ZC_SWAP_OPENING_H
#define ZC_SWAP_OPENING_H

#include "core/cache.h"

/* Opens and pings the generation of `config`, which is its own, or freed. Fills in the times of
 * `report`. On failure nothing is left, and the message names the step. Errors: ZCACHE_E_TIMEOUT, a
 * plugin has not returned from its open or ping soon after the deadline: a thread of its own waits
 * for it, closes what it opened and unloads it. */
zcache_status zc_open_by(zc_cache *cache, zc_config *config, int64_t timeout_ns,
                         zcache_swap_report *report, zc_generation **opened);

#endif
