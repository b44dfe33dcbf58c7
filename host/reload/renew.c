/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The new generation is made before a plugin is asked, and published after the last has agreed: what
 * can fail comes first.
 */
#include "reload/renew.h"

#include "base/clock.h"
#include "core/retire.h"

/* How long to wait for operations to leave the old settings, before a thread is left to do that. */
#define LEAVE_NS (100 * ZC_NS_PER_MS)

static void leave(zc_generation *old, zc_generation *new)
{
    int64_t deadline_ns = zc_now_ns() + LEAVE_NS;
    if (zc_drain_operations(old, deadline_ns))
        zc_generation_move_leases(old, new);
    if (zc_drain(old, deadline_ns))
        zc_close_here(old); /* the plugins stay open */
    else
        zc_retire(old);
}

zcache_status zc_renew(zc_generation *running, zc_config **config, zc_change *changes,
                       int64_t timeout_ms)
{
    zc_cache *cache = running->cache;
    zc_generation *new;
    zcache_status status = zc_generation_renew(running, *config, &new);
    if (status != ZCACHE_OK) {
        zc_changes_free(changes);
        return status;
    }
    uint64_t standing = new->standing;
    status = zc_changes_make(cache, changes, zc_now_ns() + timeout_ms * ZC_NS_PER_MS);
    if (status != ZCACHE_OK) {
        new->config = NULL; /* it stays the caller's */
        zc_changes_leave(running->stack, cache, changes, standing + 1);
        zc_close_here(new);
        return status;
    }
    *config = NULL;
    zc_generation_publish(new);
    zc_changes_leave(new->stack, cache, changes, standing);
    leave(running, new);
    return ZCACHE_OK;
}
