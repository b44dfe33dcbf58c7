/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The end of a generation: waiting until nobody uses it, and where that takes too long, a list of
 * retired generations that a thread closes one by one as they become free.
 */
#ifndef ZC_CORE_RETIRE_H
#define ZC_CORE_RETIRE_H

#include "core/cache.h"

/* How long closing a provider may take to quiesce, and zcache_close to wait for operations. */
#define ZC_CLOSE_TIMEOUT_NS INT64_C(10000000000)

/* Waits until no pin and no lease is on a draining generation; false: some are at the deadline. */
bool zc_drain(zc_generation *generation, int64_t deadline_ns);

/* As above, for pins alone. */
bool zc_drain_operations(zc_generation *generation, int64_t deadline_ns);

/* Waits until no swap of the cache is under way. */
bool zc_wait_for_swap(zc_cache *cache, int64_t deadline_ns);

/* Puts a draining generation on the retired list; the reaper thread, started if need be, closes it
 * when it is free. */
void zc_retire(zc_generation *generation);

/* Closes all retired generations, waiting until the deadline for those in use, and ends the reaper.
 * False: some are still in use. */
bool zc_reap_all(zc_cache *cache, int64_t deadline_ns);

#endif
