/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Typed access to the memory provider's native handle: the engine's own statistics, a snapshot
 * taken when it was acquired.
 *
 *     zcache_memory_engine *engine = zcache_memory_acquire(cache, NULL);
 *     printf("%" PRIu64 " items in %" PRIu64 " bytes\n", engine->items, engine->memory_bytes);
 *     zcache_memory_release(cache, engine);
 *
 * Since 1.0.
 */
#ifndef ZCACHE_NATIVE_MEMORY_H
#define ZCACHE_NATIVE_MEMORY_H

#include <zcache/zcache.h>

ZCACHE_BEGIN_DECLS

#define ZCACHE_MEMORY_NATIVE_TYPE "zcache.memory_engine/1"

/* The engine, as it was at acquire. Counters are since the provider was opened. */
typedef struct zcache_memory_engine {
    size_t size;           /* of this struct, as the provider knows it */
    uint64_t items;        /* entries held, expired ones that were not yet met included */
    uint64_t memory_bytes; /* keys, values and the engine's own structures */
    uint64_t memory_limit; /* max_memory */
    uint64_t hits, misses; /* of get */
    uint64_t writes;       /* successful sets, of any mode, and incrs */
    uint64_t deletes;      /* that found their key */
    uint64_t evictions;    /* entries removed to make room */
    uint64_t expirations;  /* entries removed because their time had come */
} zcache_memory_engine;

/* Takes a snapshot. NULL on failure, with *status (may be NULL): ZCACHE_E_TYPE, another provider is
 * active; ZCACHE_E_NOMEM. */
static inline zcache_memory_engine *zcache_memory_acquire(zcache *cache, zcache_status *status)
{
    return (zcache_memory_engine *)zcache_native_acquire(cache, ZCACHE_MEMORY_NATIVE_TYPE, status);
}

/* Gives it back. */
static inline zcache_status zcache_memory_release(zcache *cache, zcache_memory_engine *engine)
{
    return zcache_native_release(cache, engine);
}

ZCACHE_END_DECLS

#endif /* ZCACHE_NATIVE_MEMORY_H */
