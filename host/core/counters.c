/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Blocks of counter lines are made on demand and live as long as the cache.
 */
#include "core/counters.h"

#include <string.h>

#include "base/allocator.h"

/* A block is allocated with room to align its lines; the address to free stands before them. */
static zc_counter_line *block_new(void)
{
    size_t align = _Alignof(zc_counter_line);
    size_t bytes = ZC_COUNTER_BLOCK * sizeof(zc_counter_line);
    void *memory = zc_calloc(1, bytes + align + sizeof(void *));
    if (memory == NULL)
        return NULL;
    uintptr_t lines = ((uintptr_t)memory + sizeof(void *) + align - 1) & ~(uintptr_t)(align - 1);
    memcpy((char *)lines - sizeof(void *), &memory, sizeof(void *));
    return (zc_counter_line *)lines;
}

static void block_free(zc_counter_line *lines)
{
    if (lines == NULL)
        return;
    void *memory;
    memcpy(&memory, (char *)lines - sizeof(void *), sizeof(void *));
    zc_free(memory);
}

zc_counter_line *zc_counters_grow(zc_counters *counters, unsigned block)
{
    zc_counter_line *lines = block_new();
    if (lines == NULL)
        return NULL;
    zc_counter_line *there = NULL;
    if (!atomic_compare_exchange_strong(&counters->blocks[block], &there, lines)) {
        block_free(lines); /* another thread of the block was first */
        lines = there;
    }
    return lines;
}

void zc_counters_free(zc_counters *counters)
{
    for (size_t i = 0; i < ZC_COUNTER_BLOCKS; i++)
        block_free(atomic_load(&counters->blocks[i]));
}

uint64_t zc_counters_sum(zc_counters *counters, zc_counter counter)
{
    uint64_t sum = atomic_load_explicit(&counters->shared[counter], memory_order_relaxed);
    for (size_t i = 0; i < ZC_COUNTER_BLOCKS; i++) {
        zc_counter_line *lines = atomic_load_explicit(&counters->blocks[i], memory_order_acquire);
        for (size_t j = 0; lines != NULL && j < ZC_COUNTER_BLOCK; j++)
            sum += atomic_load_explicit(&lines[j].count[counter], memory_order_relaxed);
    }
    return sum;
}
