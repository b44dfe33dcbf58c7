/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The end of a generation: waiting until nobody uses it, then closing it, which is its plugins'
 * work and may take as long as they like. So a thread for each does it, and whoever ends a
 * generation waits for that thread as long as it wants to.
 */
#ifndef ZC_CORE_RETIRE_H
#define ZC_CORE_RETIRE_H

#include "core/cache.h"

/* How long a provider is given to quiesce, and zcache_close waits for operations, and then for the
 * provider's close. */
#define ZC_CLOSE_TIMEOUT_NS INT64_C(10000000000)

/* Waits until no pin and no lease is on a draining generation; false: some are at the deadline. */
bool zc_drain(zc_generation *generation, int64_t deadline_ns);

/* As above, for pins alone. */
bool zc_drain_operations(zc_generation *generation, int64_t deadline_ns);

/* Waits until no swap of the cache is under way. */
bool zc_wait_for_swap(zc_cache *cache, int64_t deadline_ns);

/* Sleeps until something happens in the cache after `seen`, a value of drain_events, or for a
 * second, or until the deadline. */
void zc_wait_for_event(zc_cache *cache, uint32_t seen, int64_t deadline_ns);

/* How a generation ended. */
typedef struct zc_ending {
    bool left;        /* by all that used it, in time */
    bool closed;      /* in time */
    bool unmapped;    /* its provider's code is gone from memory */
    int64_t drain_ns; /* until it was left */
    int64_t close_ns; /* and until it was closed */
} zc_ending;

/* Ends a draining generation: waits at most timeout_ns until nobody uses it, and again at most
 * timeout_ns until it is closed. If that does not suffice it is retired: a thread of its own does
 * the rest. */
void zc_end(zc_generation *generation, int64_t timeout_ns, zc_ending *ending);

/* As zc_end, without waiting. */
void zc_retire(zc_generation *generation);

/* Closes a generation that nobody uses, in this thread, for as long as it takes. Tells whether the
 * provider's code is gone from memory. */
bool zc_close_here(zc_generation *generation);

/* For the close of the cache: waits for every retired generation and every task until the deadline.
 * False: some are not done; `plugin` names one whose call has not returned, or is "". */
bool zc_reap_all(zc_cache *cache, int64_t deadline_ns, char plugin[ZCACHE_NAME_SIZE]);

/* The last step of that close: ends the last generation, then calls cache_free(cache). False: its
 * provider has not returned from its close in time; cache_free is called when it does. */
bool zc_end_last(zc_generation *generation, void (*cache_free)(zc_cache *cache));

/* In a forked child, with cache->lock: the threads are the parent's. */
void zc_retire_after_fork_in_child(zc_cache *cache);

#endif
