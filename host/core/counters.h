/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Counters of a cache: each thread adds to a cache line of its own, a reader sums them.
 */
#ifndef ZC_CORE_COUNTERS_H
#define ZC_CORE_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/thread.h"

typedef enum zc_counter {
    ZC_HITS,
    ZC_MISSES,
    ZC_WRITES,
    ZC_DELETES,
    ZC_ERRORS,
    ZC_UNDECODABLE, /* values that were read and are none of their table's type */
    ZC_COUNTERS
} zc_counter;

#define ZC_COUNTER_BLOCK  16   /* threads a block */
#define ZC_COUNTER_BLOCKS 1024 /* beyond 16,384 living threads all share the last line */

/* One thread's, at an own line. Written by the thread whose index it has. */
typedef struct zc_counter_line {
    _Alignas(64) _Atomic uint64_t count[ZC_COUNTERS];
} zc_counter_line;

typedef struct zc_counters {
    /* Made at a thread's first operation; pairs: compare-and-swap in zc_counters_grow, load here.
     */
    _Atomic(zc_counter_line *) blocks[ZC_COUNTER_BLOCKS];
    _Atomic uint64_t shared[ZC_COUNTERS]; /* where memory is short */
} zc_counters;

zc_counter_line *zc_counters_grow(zc_counters *counters, unsigned index);
void zc_counters_free(zc_counters *counters);
uint64_t zc_counters_sum(zc_counters *counters, zc_counter counter);

static inline void zc_count(zc_counters *counters, const zc_thread *thread, zc_counter counter,
                            uint64_t n)
{
    unsigned block = thread->index / ZC_COUNTER_BLOCK;
    zc_counter_line *line = NULL;
    if (__builtin_expect(block < ZC_COUNTER_BLOCKS, 1)) {
        line = atomic_load_explicit(&counters->blocks[block], memory_order_acquire);
        if (__builtin_expect(line == NULL, 0))
            line = zc_counters_grow(counters, block);
    }
    if (__builtin_expect(line == NULL, 0)) {
        atomic_fetch_add_explicit(&counters->shared[counter], n, memory_order_relaxed);
        return;
    }
    _Atomic uint64_t *count = &line[thread->index % ZC_COUNTER_BLOCK].count[counter];
    /* The only writer: no locked instruction is needed. */
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

#endif
