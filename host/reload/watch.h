/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * `[cache] watch = yes`: a thread of the cache that reloads when the configuration's file changes.
 */
#ifndef ZC_RELOAD_WATCH_H
#define ZC_RELOAD_WATCH_H

#include "core/cache.h"

/* Starts or ends the watch, as the configuration says; a failure is logged. With the turn to swap,
 * or while the cache is opened. The thread itself may call it. Does not wait for its end. */
void zc_watch_set(zc_cache *cache, bool on);

/* For a close: no reload begins after zc_watch_pause, though one may be under way. Then either
 * zc_watch_join, with the turn to swap, or, when the close fails, zc_watch_resume. */
void zc_watch_pause(zc_cache *cache);
void zc_watch_resume(zc_cache *cache);
void zc_watch_join(zc_cache *cache);

/* In a forked child the thread does not exist, and is not started again. */
void zc_watch_after_fork_in_child(zc_cache *cache);

void zc_watch_free(zc_cache *cache);

#endif
