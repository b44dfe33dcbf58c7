/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The swap's side of pins: the barrier in every thread, the count, the wake-up.
 */
#include "core/pin.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/cache.h"
#include "core/futex.h"

bool zc_pin_needs_fence;

static long membarrier(int command)
{
    return syscall(__NR_membarrier, command, 0, 0);
}

__attribute__((constructor)) static void pin_start(void)
{
    zc_pin_needs_fence = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0;
}

void zc_pin_after_fork_in_child(void)
{
    if (!zc_pin_needs_fence)
        zc_pin_needs_fence = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0;
}

void zc_pin_grace(void)
{
    if (zc_pin_needs_fence || membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0)
        atomic_thread_fence(memory_order_seq_cst);
}

size_t zc_pin_count(const zc_generation *generation)
{
    size_t count = 0;
    for (zc_thread *thread = zc_thread_first(); thread != NULL; thread = thread->next)
        for (unsigned i = 0; i < ZC_PIN_DEPTH; i++)
            if (atomic_load_explicit(&thread->pins[i], memory_order_acquire) == generation)
                count++;
    return count;
}

bool zc_pin_inside(const zc_cache *cache)
{
    zc_thread *thread = zc_thread_current;
    if (thread == NULL)
        return false;
    for (unsigned i = 0; i < thread->depth; i++) {
        zc_generation *generation = atomic_load_explicit(&thread->pins[i], memory_order_relaxed);
        if (generation != NULL && generation->cache == cache)
            return true;
    }
    return false;
}

void zc_pin_wake_cache(zc_cache *cache)
{
    atomic_fetch_add(&cache->drain_events, 1);
    zc_futex_wake(&cache->drain_events);
}

void zc_pin_wake(zc_generation *generation)
{
    zc_pin_wake_cache(generation->cache);
}
