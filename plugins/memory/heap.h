/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The engine's memory and its limit: one counter of bytes for all shards, in which room is reserved
 * before anything is added. So the limit holds at every moment, but for one in which it is lowered,
 * and one large value may use room that any shard gives up.
 */
#ifndef MEMORY_HEAP_H
#define MEMORY_HEAP_H

#include <stdatomic.h>

#include "memory/engine.h"

#define MEMORY_CACHE_LINE 64

typedef struct memory_heap {
    memory_services services;
    _Atomic uint64_t limit; /* relaxed, as `used`; may change while the engine is at work */
    uint64_t floor;         /* bytes used by an empty engine */
    /* Bytes in use or reserved. Every access is relaxed: it orders nothing, locks and the
     * allocator do. On a line of its own, for readers of the limit do not change it. */
    _Alignas(MEMORY_CACHE_LINE) _Atomic uint64_t used;
} memory_heap;

/* What an allocation takes from the system, estimated after glibc: 8 bytes before a block, sizes in
 * steps of 16 and at least 32; whole pages from 128 KiB. */
static inline uint64_t memory_cost(size_t size)
{
    const uint64_t page = 4096, large = UINT64_C(128) * 1024, step = 16, smallest = 32;
    if (size >= large)
        return ((uint64_t)size + 16 + page - 1) / page * page;
    uint64_t cost = ((uint64_t)size + 8 + step - 1) / step * step;
    return cost < smallest ? smallest : cost;
}

static inline uint64_t memory_heap_limit(const memory_heap *heap)
{
    return atomic_load_explicit(&heap->limit, memory_order_relaxed);
}

/* Reserves `bytes`, of which `freed` are about to be given back by the same change: true, or false
 * where that would pass the limit. */
static inline bool memory_heap_reserve(memory_heap *heap, uint64_t bytes, uint64_t freed)
{
    uint64_t used = atomic_load_explicit(&heap->used, memory_order_relaxed), next;
    do {
        next = used - freed + bytes;
        if (bytes > freed && next > memory_heap_limit(heap))
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&heap->used, &used, next, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

static inline void memory_heap_return(memory_heap *heap, uint64_t bytes)
{
    atomic_fetch_sub_explicit(&heap->used, bytes, memory_order_relaxed);
}

/* Whether `bytes` could be reserved now. */
static inline bool memory_heap_has_room(memory_heap *heap, uint64_t bytes)
{
    return atomic_load_explicit(&heap->used, memory_order_relaxed) + bytes <=
           memory_heap_limit(heap);
}

#endif
